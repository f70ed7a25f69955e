/* log_event.c: LogEvent's variable arguments.
 *
 * Only C can take them. What they mean is decided in Rust (log_format.rs), which fetches them one by one through the
 * functions below. Nothing here looks at the format.
 */
#include <stdarg.h>
#include <stdint.h>

struct mainstay_arguments {
    va_list list;
};

/* In Rust. */
void mainstay_log_narrow(uintptr_t resource, int32_t level, const uint16_t *format, struct mainstay_arguments *arguments);
void mainstay_log_wide(uintptr_t resource, int32_t level, const uint32_t *format, struct mainstay_arguments *arguments);

int32_t mainstay_argument_int(struct mainstay_arguments *arguments)
{
    return va_arg(arguments->list, int);
}

int64_t mainstay_argument_long(struct mainstay_arguments *arguments)
{
    return va_arg(arguments->list, long long);
}

double mainstay_argument_double(struct mainstay_arguments *arguments)
{
    return va_arg(arguments->list, double);
}

const void *mainstay_argument_pointer(struct mainstay_arguments *arguments)
{
    return va_arg(arguments->list, const void *);
}

void mainstay_log_event_narrow(uintptr_t resource, int32_t level, const uint16_t *format, ...)
{
    struct mainstay_arguments arguments;
    va_start(arguments.list, format);
    mainstay_log_narrow(resource, level, format, &arguments);
    va_end(arguments.list);
}

void mainstay_log_event_wide(uintptr_t resource, int32_t level, const uint32_t *format, ...)
{
    struct mainstay_arguments arguments;
    va_start(arguments.list, format);
    mainstay_log_wide(resource, level, format, &arguments);
    va_end(arguments.list);
}
