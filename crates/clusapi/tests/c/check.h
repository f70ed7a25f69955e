/* What the test programs share: a check that says where it failed, and wide strings without the C library's help, which
 * knows one width of wchar_t only. */
#ifndef CHECK_H
#define CHECK_H

#include <clusapi.h>
#include <stdio.h>
#include <stdlib.h>

static int failures;

#define CHECK(condition)                                                      \
    do {                                                                      \
        if (!(condition)) {                                                   \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
            failures++;                                                       \
        }                                                                     \
    } while (0)

/* A number that is not what it should be is shown. */
#define CHECK_IS(expression, expected)                                        \
    do {                                                                      \
        long long is_ = (long long)(expression);                              \
        long long want_ = (long long)(expected);                              \
        if (is_ != want_) {                                                   \
            printf("%s:%d: %s is %lld, not %lld\n", __FILE__, __LINE__, #expression, is_, want_); \
            failures++;                                                       \
        }                                                                     \
    } while (0)

/* The expression fails in its own way, and the last error says why. */
#define CHECK_FAILS(expression, failure, error)                               \
    do {                                                                      \
        SetLastError(0);                                                      \
        CHECK_IS((LONG_PTR)(expression), (LONG_PTR)(failure));                \
        CHECK_IS(GetLastError(), (error));                                    \
    } while (0)

static inline int same(const WCHAR *one, const WCHAR *other)
{
    while (*one != 0 && *one == *other) {
        one++;
        other++;
    }
    return *one == *other;
}

#endif
