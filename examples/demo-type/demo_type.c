/* demo_type.c: the resource types "dummy" and "needy dummy", a shared library built as a vendor would build one.
 *
 * What a resource of this type does: while it is online a file exists (property ActiveFile). That is little, but one
 * can see from outside whether it is active. Around it stands what every resource type needs: reading its
 * properties, slow work on a thread of its own with progress reports, cancelling that work, locking, an instruction
 * from the caller of OfflineClusterResourceEx, and taking a resource over from a host that died.
 *
 * Private properties, all optional:
 *
 *   ActiveFile      SZ     the file that exists while the resource is online
 *   SavedFile       SZ     what the instruction "save" writes
 *   OnlineDelayMs   DWORD  going online takes so long; 0 is done at once
 *   OfflineDelayMs  DWORD  going offline takes so long; 0 is done at once
 *   LockWhenOnline  DWORD  1: the resource locks itself while it is online
 *   VetoOffline     DWORD  1: a graceful stop is refused
 *   SayReady        DWORD  1: online, it says that the system in it is alive and the application in it ready
 *   FailInsideFile  SZ     when this file appears, what runs in it counts as failed; it is removed at the next start
 *
 * and to play a type that is broken, each with the name of an entry point ("Open", "Online", "Offline", "Terminate",
 * "LooksAlive", "IsAlive", "ResourceControl", "Close") or of slow work ("OnlineWork", "OfflineWork"):
 *
 *   FailIn          SZ     it fails there, with FailCode (DWORD, 5018 by default)
 *   HangIn          SZ     it never returns from there; slow work falls silent instead
 *   CrashIn         SZ     it ends its process there
 *   ReportForever   SZ     "Online" or "Offline": it reports progress for ever
 *
 * A "needy dummy" is the same, and requires that it depends on a "dummy": without one it does not go online.
 *
 * The instruction: a DWORD property "dummy" in the buffer of an offline call. 0 is a plain stop, 1 saves first.
 * Every other number is refused with ERROR_INVALID_PARAMETER, before anything stops where the service asks first.
 */
#include <resapi.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TYPE_NAME L"dummy"
#define NEEDY_TYPE_NAME L"needy dummy"

/* Texts and paths are cut at this length, in characters. */
#define TEXT_MAX 1024

/* Slow work reports this often. PendingTimeout is minutes, so this is for people who watch. */
#define REPORT_INTERVAL_MS 50

/* What LockedModeReason says; the number is the type's own affair. */
#define LOCKED_WHILE_ONLINE 1

/* A control code of this type's own: answers a DWORD, the last instruction that was carried out. */
#define DEMO_LAST_INSTRUCTION \
    CLUSCTL_RESOURCE_CODE(CLCTL_EXTERNAL_CODE(1, CLUS_ACCESS_READ, CLUS_NOT_MODIFY))

enum instruction { INSTRUCTION_PLAIN = 0, INSTRUCTION_SAVE = 1 };

enum direction { GOING_ONLINE, GOING_OFFLINE };

typedef struct demo_resource {
    RESOURCE_HANDLE handle; /* the host's name for the resource */
    HKEY parameters;        /* the private properties; NULL when there are none */

    pthread_mutex_t lock;   /* guards everything below */
    pthread_cond_t changed; /* tells the worker that it is cancelled */
    pthread_t worker;
    int has_worker; /* a thread was started and not yet joined */
    int cancelled;  /* the worker is to stop */
    int online;
    int failed_inside; /* said so since it is online */
    DWORD last_instruction;

    /* The worker's task. */
    enum direction direction;
    DWORD delay_ms;
    int silent;
    int forever;
    int veto;
    DWORD instruction;
} demo_resource;

/* The host's functions. Set once, before any resource is opened. */
static CLRES_CALLBACK_FUNCTION_TABLE host;

/* ---- Properties -------------------------------------------------------------------------------------------- */

static DWORD read_dword(const demo_resource *resource, LPCWSTR name, DWORD otherwise)
{
    DWORD type = 0, value = 0, size = sizeof(value);
    if (resource->parameters == NULL)
        return otherwise;
    LONG status = ClusterRegQueryValue(resource->parameters, name, &type, (LPBYTE)&value, &size);
    return status == ERROR_SUCCESS && type == REG_DWORD && size == sizeof(value) ? value : otherwise;
}

/* Reads a text as UTF-8, the way files are named on Linux. An absent one is empty.
 *
 * The conversion is written out because wcstombs depends on the process's locale, and because the C library's
 * functions know only one width of wchar_t while this file compiles with both. */
static void read_text(const demo_resource *resource, LPCWSTR name, char *text, size_t room)
{
    WCHAR wide[TEXT_MAX + 1] = {0};
    DWORD type = 0, size = sizeof(wide) - sizeof(WCHAR);
    size_t length = 0;
    text[0] = '\0';
    if (resource->parameters == NULL)
        return;
    if (ClusterRegQueryValue(resource->parameters, name, &type, (LPBYTE)wide, &size) != ERROR_SUCCESS)
        return;
    if (type != REG_SZ && type != REG_EXPAND_SZ)
        return;
    for (size_t i = 0; wide[i] != 0 && length + 5 < room; i++) {
        uint32_t c = (uint32_t)wide[i];
        if (sizeof(WCHAR) == 2 && c >= 0xD800 && c < 0xDC00 && wide[i + 1] != 0) {
            i++;
            c = 0x10000 + ((c - 0xD800) << 10) + ((uint32_t)wide[i] - 0xDC00);
        }
        if (c < 0x80) {
            text[length++] = (char)c;
        } else if (c < 0x800) {
            text[length++] = (char)(0xC0 | c >> 6);
            text[length++] = (char)(0x80 | (c & 0x3F));
        } else if (c < 0x10000) {
            text[length++] = (char)(0xE0 | c >> 12);
            text[length++] = (char)(0x80 | (c >> 6 & 0x3F));
            text[length++] = (char)(0x80 | (c & 0x3F));
        } else {
            text[length++] = (char)(0xF0 | c >> 18);
            text[length++] = (char)(0x80 | (c >> 12 & 0x3F));
            text[length++] = (char)(0x80 | (c >> 6 & 0x3F));
            text[length++] = (char)(0x80 | (c & 0x3F));
        }
    }
    text[length] = '\0';
}

static int names(const demo_resource *resource, LPCWSTR property, const char *place)
{
    char text[TEXT_MAX];
    read_text(resource, property, text, sizeof(text));
    return strcmp(text, place) == 0;
}

/* ---- Playing a broken type --------------------------------------------------------------------------------- */

/* Crashes or hangs where the properties say so. */
static void misbehave(const demo_resource *resource, const char *place)
{
    if (names(resource, L"CrashIn", place)) {
        host.LogEvent(resource->handle, LOG_SEVERE, L"crashing in %hs, as told\n", place);
        abort();
    }
    if (names(resource, L"HangIn", place)) {
        host.LogEvent(resource->handle, LOG_WARNING, L"hanging in %hs, as told\n", place);
        for (;;)
            pause();
    }
}

/* The code to fail with here, or ERROR_SUCCESS. */
static DWORD failure(const demo_resource *resource, const char *place)
{
    if (!names(resource, L"FailIn", place))
        return ERROR_SUCCESS;
    host.LogEvent(resource->handle, LOG_ERROR, L"failing in %hs, as told\n", place);
    return read_dword(resource, L"FailCode", ERROR_RESMON_ONLINE_FAILED);
}

/* ---- Being active ------------------------------------------------------------------------------------------ */

static DWORD write_file(const demo_resource *resource, LPCWSTR property, const char *text)
{
    char path[TEXT_MAX];
    read_text(resource, property, path, sizeof(path));
    if (path[0] == '\0')
        return ERROR_SUCCESS;
    FILE *file = fopen(path, "we");
    if (file != NULL) {
        int written = fputs(text, file) >= 0;
        if (fclose(file) == 0 && written)
            return ERROR_SUCCESS;
    }
    host.LogEvent(resource->handle, LOG_ERROR, L"cannot write '%hs': %hs\n", path, strerror(errno));
    return ERROR_WRITE_FAULT;
}

static DWORD become_active(demo_resource *resource)
{
    char path[TEXT_MAX];
    DWORD status = failure(resource, "OnlineWork");
    if (status == ERROR_SUCCESS)
        status = write_file(resource, L"ActiveFile", "active\n");
    if (status != ERROR_SUCCESS)
        return status;
    read_text(resource, L"FailInsideFile", path, sizeof(path));
    if (path[0] != '\0' && unlink(path) != 0 && errno != ENOENT) {
        host.LogEvent(resource->handle, LOG_ERROR, L"cannot remove '%hs': %hs\n", path, strerror(errno));
        return ERROR_WRITE_FAULT;
    }
    pthread_mutex_lock(&resource->lock);
    resource->online = 1;
    resource->failed_inside = 0;
    pthread_mutex_unlock(&resource->lock);
    if (read_dword(resource, L"LockWhenOnline", 0) != 0)
        host.SetResourceLockedMode(resource->handle, TRUE, LOCKED_WHILE_ONLINE);
    if (read_dword(resource, L"SayReady", 0) != 0) {
        host.SetInternalState(resource->handle, ClusterResourceApplicationOSHeartBeat, TRUE);
        host.SetInternalState(resource->handle, ClusterResourceApplicationReady, TRUE);
    }
    return ERROR_SUCCESS;
}

/* What runs in the resource may fail while the resource itself runs on. It is said once; the cluster decides. */
static void look_inside(demo_resource *resource)
{
    char path[TEXT_MAX];
    read_text(resource, L"FailInsideFile", path, sizeof(path));
    if (path[0] == '\0' || access(path, F_OK) != 0)
        return;
    pthread_mutex_lock(&resource->lock);
    int is_news = resource->online && !resource->failed_inside;
    resource->failed_inside = 1;
    pthread_mutex_unlock(&resource->lock);
    if (is_news)
        host.SignalFailure(resource->handle, FAILURE_TYPE_EMBEDDED, ERROR_RESOURCE_FAILED);
}

/* Ends the activity and looks that it has ended. */
static DWORD become_inactive(demo_resource *resource)
{
    char path[TEXT_MAX];
    read_text(resource, L"ActiveFile", path, sizeof(path));
    if (path[0] != '\0' && unlink(path) != 0 && errno != ENOENT) {
        host.LogEvent(resource->handle, LOG_ERROR, L"cannot remove '%hs': %hs\n", path, strerror(errno));
        return ERROR_WRITE_FAULT;
    }
    pthread_mutex_lock(&resource->lock);
    resource->online = 0;
    pthread_mutex_unlock(&resource->lock);
    if (read_dword(resource, L"LockWhenOnline", 0) != 0)
        host.SetResourceLockedMode(resource->handle, FALSE, LOCKED_WHILE_ONLINE);
    return ERROR_SUCCESS;
}

static DWORD stop_by_instruction(demo_resource *resource, DWORD instruction)
{
    DWORD status = failure(resource, "OfflineWork");
    /* Saved before anything ends: a state that cannot be saved must not be lost. */
    if (status == ERROR_SUCCESS && instruction == INSTRUCTION_SAVE)
        status = write_file(resource, L"SavedFile", "saved\n");
    if (status == ERROR_SUCCESS)
        status = become_inactive(resource);
    if (status == ERROR_SUCCESS) {
        pthread_mutex_lock(&resource->lock);
        resource->last_instruction = instruction;
        pthread_mutex_unlock(&resource->lock);
    }
    return status;
}

/* ---- Slow work --------------------------------------------------------------------------------------------- */

/* Waits, at most so long; says whether the work was cancelled meanwhile. */
static int cancelled_within(demo_resource *resource, DWORD milliseconds)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += milliseconds / 1000;
    until.tv_nsec += (long)(milliseconds % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&resource->lock);
    while (!resource->cancelled) {
        if (pthread_cond_timedwait(&resource->changed, &resource->lock, &until) == ETIMEDOUT)
            break;
    }
    int cancelled = resource->cancelled;
    pthread_mutex_unlock(&resource->lock);
    return cancelled;
}

static DWORD report(demo_resource *resource, CLUSTER_RESOURCE_STATE state, DWORD check_point, DWORD code)
{
    RESOURCE_STATUS_EX status;
    ResUtilInitializeResourceStatusEx(&status);
    status.ResourceState = state;
    status.CheckPoint = check_point;
    status.ApplicationSpecificErrorCode = code;
    return host.SetResourceStatusEx(resource->handle, &status);
}

static void *work(void *argument)
{
    demo_resource *resource = argument;
    int online = resource->direction == GOING_ONLINE;
    CLUSTER_RESOURCE_STATE pending = online ? ClusterResourceOnlinePending : ClusterResourceOfflinePending;
    DWORD passed_ms = 0, check_point = 0, status;

    while (resource->forever || resource->silent || passed_ms < resource->delay_ms) {
        DWORD step_ms = REPORT_INTERVAL_MS;
        if (!resource->forever && !resource->silent && resource->delay_ms - passed_ms < step_ms)
            step_ms = resource->delay_ms - passed_ms;
        if (cancelled_within(resource, step_ms))
            return NULL;
        passed_ms += step_ms;
        /* Each report with a greater check point is a sign of life. The answer may be: stop. */
        if (!resource->silent && report(resource, pending, ++check_point, 0) != ResourceExitStateContinue)
            return NULL;
    }

    misbehave(resource, online ? "OnlineWork" : "OfflineWork");
    if (!online && resource->veto) {
        /* Online again, as before: that is how a stop is refused that had begun to be prepared. */
        report(resource, ClusterResourceOnline, ++check_point, ERROR_CLUSTER_RESOURCE_VETOED_CALL);
        return NULL;
    }
    status = online ? become_active(resource) : stop_by_instruction(resource, resource->instruction);
    if (status != ERROR_SUCCESS)
        report(resource, ClusterResourceFailed, ++check_point, status);
    else
        report(resource, online ? ClusterResourceOnline : ClusterResourceOffline, ++check_point, 0);
    return NULL;
}

/* Waits until the worker has ended, if there is one. Only one caller may join it. */
static void join_worker(demo_resource *resource)
{
    pthread_t worker;
    pthread_mutex_lock(&resource->lock);
    int join = resource->has_worker;
    worker = resource->worker;
    resource->has_worker = 0;
    pthread_mutex_unlock(&resource->lock);
    if (join)
        pthread_join(worker, NULL);
}

static void cancel_worker(demo_resource *resource)
{
    pthread_mutex_lock(&resource->lock);
    resource->cancelled = 1;
    pthread_cond_broadcast(&resource->changed);
    pthread_mutex_unlock(&resource->lock);
    join_worker(resource);
}

/* Makes ready for a new Online or Offline; what an earlier one left running has ended. */
static void begin(demo_resource *resource, enum direction direction, const char *hang, const char *forever)
{
    join_worker(resource);
    pthread_mutex_lock(&resource->lock);
    resource->cancelled = 0;
    pthread_mutex_unlock(&resource->lock);
    resource->direction = direction;
    resource->delay_ms = read_dword(resource, direction == GOING_ONLINE ? L"OnlineDelayMs" : L"OfflineDelayMs", 0);
    resource->silent = names(resource, L"HangIn", hang);
    resource->forever = names(resource, L"ReportForever", forever);
}

static int is_slow(const demo_resource *resource)
{
    return resource->delay_ms != 0 || resource->silent || resource->forever;
}

/* Starts the worker and answers what Online or Offline has to answer. */
static DWORD start_worker(demo_resource *resource)
{
    DWORD status = ERROR_IO_PENDING;
    pthread_mutex_lock(&resource->lock);
    if (pthread_create(&resource->worker, NULL, work, resource) == 0)
        resource->has_worker = 1;
    else
        status = ERROR_NOT_ENOUGH_MEMORY;
    pthread_mutex_unlock(&resource->lock);
    return status;
}

/* ---- Instructions ------------------------------------------------------------------------------------------ */

/* Finds the instruction for this type in a caller's buffer. Properties with other names are for other types. */
static DWORD find_instruction(PVOID buffer, DWORD size, DWORD *instruction)
{
    *instruction = INSTRUCTION_PLAIN;
    if (buffer == NULL || size == 0)
        return ERROR_SUCCESS;
    DWORD status = ResUtilFindDwordProperty(buffer, size, TYPE_NAME, instruction);
    if (status == ERROR_FILE_NOT_FOUND)
        return ERROR_SUCCESS;
    if (status != ERROR_SUCCESS || *instruction > INSTRUCTION_SAVE)
        return ERROR_INVALID_PARAMETER;
    return ERROR_SUCCESS;
}

/* ---- Entry points ------------------------------------------------------------------------------------------ */

static RESID WINAPI demo_open(LPCWSTR name, HKEY key, RESOURCE_HANDLE handle, DWORD flags)
{
    (void)name;
    demo_resource *resource = calloc(1, sizeof(*resource));
    if (resource == NULL) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    resource->handle = handle;
    /* The key given to Open belongs to the host; what is opened below it is closed here. */
    if (ClusterRegOpenKey(key, L"Parameters", KEY_READ, &resource->parameters) != ERROR_SUCCESS)
        resource->parameters = NULL;

    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&resource->lock, NULL);
    pthread_cond_init(&resource->changed, &attributes);
    pthread_condattr_destroy(&attributes);

    misbehave(resource, "Open");
    DWORD status = failure(resource, "Open");
    if (status != ERROR_SUCCESS) {
        if (resource->parameters != NULL)
            ClusterRegCloseKey(resource->parameters);
        pthread_cond_destroy(&resource->changed);
        pthread_mutex_destroy(&resource->lock);
        free(resource);
        SetLastError(status);
        return NULL;
    }

    char path[TEXT_MAX];
    read_text(resource, L"ActiveFile", path, sizeof(path));
    if (path[0] != '\0' && access(path, F_OK) == 0) {
        if (flags & CLUS_RESDLL_OPEN_RECOVER_MONITOR_STATE)
            resource->online = 1; /* an earlier host died and this is what it held: take it over */
        else
            unlink(path); /* what an earlier crash left */
    }
    return resource;
}

static void WINAPI demo_close(RESID id)
{
    demo_resource *resource = id;
    misbehave(resource, "Close");
    cancel_worker(resource);
    if (resource->parameters != NULL)
        ClusterRegCloseKey(resource->parameters);
    pthread_cond_destroy(&resource->changed);
    pthread_mutex_destroy(&resource->lock);
    free(resource);
}

static DWORD WINAPI demo_online(RESID id, LPHANDLE event, DWORD flags, PBYTE buffer, DWORD size, DWORD reserved)
{
    demo_resource *resource = id;
    (void)event, (void)flags, (void)buffer, (void)size, (void)reserved;
    misbehave(resource, "Online");
    DWORD status = failure(resource, "Online");
    if (status != ERROR_SUCCESS)
        return status;

    begin(resource, GOING_ONLINE, "OnlineWork", "Online");
    return is_slow(resource) ? start_worker(resource) : become_active(resource);
}

static DWORD WINAPI demo_offline(RESID id, LPCWSTR destination, DWORD flags, PBYTE buffer, DWORD size, DWORD reason)
{
    demo_resource *resource = id;
    DWORD instruction;
    misbehave(resource, "Offline");
    DWORD status = failure(resource, "Offline");
    if (status == ERROR_SUCCESS)
        status = find_instruction(buffer, size, &instruction);
    if (status != ERROR_SUCCESS)
        return status;
    host.LogEvent(resource->handle, LOG_INFORMATION, L"going offline to %ws, flags 0x%x, reason %u, instruction %u\n",
                  destination != NULL ? destination : L"stay", flags, reason, instruction);

    begin(resource, GOING_OFFLINE, "OfflineWork", "Offline");
    resource->instruction = instruction;
    resource->veto = read_dword(resource, L"VetoOffline", 0) != 0;
    if (is_slow(resource))
        return start_worker(resource);
    if (resource->veto)
        return ERROR_CLUSTER_RESOURCE_VETOED_CALL;
    return stop_by_instruction(resource, instruction);
}

/* May come beside everything but Open and Close, so it first ends what is going on. */
static void WINAPI demo_terminate(RESID id)
{
    demo_resource *resource = id;
    misbehave(resource, "Terminate");
    cancel_worker(resource);
    become_inactive(resource);
}

static BOOL WINAPI demo_looks_alive(RESID id)
{
    demo_resource *resource = id;
    misbehave(resource, "LooksAlive");
    if (failure(resource, "LooksAlive") != ERROR_SUCCESS)
        return FALSE;
    look_inside(resource);
    pthread_mutex_lock(&resource->lock);
    BOOL online = resource->online;
    pthread_mutex_unlock(&resource->lock);
    return online;
}

static BOOL WINAPI demo_is_alive(RESID id)
{
    demo_resource *resource = id;
    char path[TEXT_MAX];
    misbehave(resource, "IsAlive");
    if (failure(resource, "IsAlive") != ERROR_SUCCESS)
        return FALSE;
    pthread_mutex_lock(&resource->lock);
    BOOL online = resource->online;
    pthread_mutex_unlock(&resource->lock);
    read_text(resource, L"ActiveFile", path, sizeof(path));
    if (online && path[0] != '\0' && access(path, F_OK) != 0) {
        host.LogEvent(resource->handle, LOG_ERROR, L"'%hs' is gone\n", path);
        return FALSE;
    }
    return online;
}

/* Writes a DWORD as the answer to a control code. */
static DWORD answer_dword(DWORD value, PVOID out, DWORD out_size, LPDWORD returned)
{
    *returned = sizeof(value);
    if (out_size < sizeof(value))
        return ERROR_MORE_DATA;
    memcpy(out, &value, sizeof(value));
    return ERROR_SUCCESS;
}

static DWORD WINAPI demo_resource_control(RESID id, DWORD code, PVOID in, DWORD in_size, PVOID out, DWORD out_size,
                                          LPDWORD returned)
{
    demo_resource *resource = id;
    DWORD instruction;
    *returned = 0;
    misbehave(resource, "ResourceControl");
    switch (code) {
    case CLUSCTL_RESOURCE_VALIDATE_OFFLINE:
        return find_instruction(in, in_size, &instruction);
    case CLUSCTL_RESOURCE_GET_CHARACTERISTICS:
        /* REATTACH: Open with RECOVER_MONITOR_STATE takes over what still runs. */
        return answer_dword(CLUS_CHAR_MONITOR_REATTACH, out, out_size, returned);
    case DEMO_LAST_INSTRUCTION:
        pthread_mutex_lock(&resource->lock);
        instruction = resource->last_instruction;
        pthread_mutex_unlock(&resource->lock);
        return answer_dword(instruction, out, out_size, returned);
    default:
        return ERROR_INVALID_FUNCTION; /* the service knows the usual answer */
    }
}

/* Names are compared without regard to case; these types' names have no letters beyond ASCII. */
static int is_named(LPCWSTR name, LPCWSTR wanted)
{
    for (size_t i = 0;; i++) {
        WCHAR c = name[i] >= L'A' && name[i] <= L'Z' ? name[i] + (L'a' - L'A') : name[i];
        if (c != wanted[i])
            return 0;
        if (c == 0)
            return 1;
    }
}

static DWORD WINAPI demo_type_control(LPCWSTR type, DWORD code, PVOID in, DWORD in_size, PVOID out, DWORD out_size,
                                      LPDWORD returned)
{
    /* A value list: the names of the types that are required, or their classes, and an end mark. */
    static const struct {
        DWORD syntax, length;
        CLUSPROP_WCHAR name[6];
        DWORD end;
    } required = {CLUSPROP_SYNTAX_NAME,
                  6 * sizeof(CLUSPROP_WCHAR),
                  {'d', 'u', 'm', 'm', 'y', 0},
                  CLUSPROP_SYNTAX_ENDMARK};
    (void)in, (void)in_size;
    *returned = 0;
    switch (code) {
    case CLUSCTL_RESOURCE_TYPE_GET_REQUIRED_DEPENDENCIES:
        if (!is_named(type, NEEDY_TYPE_NAME))
            return ERROR_INVALID_FUNCTION;
        *returned = sizeof(required);
        if (out_size < sizeof(required))
            return ERROR_MORE_DATA;
        memcpy(out, &required, sizeof(required));
        return ERROR_SUCCESS;
    case CLUSCTL_RESOURCE_TYPE_GET_CHARACTERISTICS:
        return answer_dword(CLUS_CHAR_MONITOR_REATTACH, out, out_size, returned);
    default:
        return ERROR_INVALID_FUNCTION;
    }
}

static DWORD WINAPI demo_cancel(RESID id, DWORD flags)
{
    (void)id, (void)flags;
    return ERROR_INVALID_FUNCTION; /* Terminate is how work of this type is cancelled */
}

/* ---- The way in -------------------------------------------------------------------------------------------- */

static CLRES_FUNCTION_TABLE functions = {
    .TableSize = sizeof(CLRES_FUNCTION_TABLE),
    .Version = CLRES_VERSION_V2_00,
    .V2Functions = {
        .Open = demo_open,
        .Close = demo_close,
        .Online = demo_online,
        .Offline = demo_offline,
        .Terminate = demo_terminate,
        .LooksAlive = demo_looks_alive,
        .IsAlive = demo_is_alive,
        .ResourceControl = demo_resource_control,
        .ResourceTypeControl = demo_type_control,
        .Cancel = demo_cancel,
    },
};

DWORD WINAPI StartupEx(LPCWSTR type, DWORD lowest, DWORD highest, PCLRES_CALLBACK_FUNCTION_TABLE callbacks,
                       PCLRES_FUNCTION_TABLE *table)
{
    if (!is_named(type, TYPE_NAME) && !is_named(type, NEEDY_TYPE_NAME))
        return ERROR_CLUSTER_RESNAME_NOT_FOUND;
    if (lowest > CLRES_VERSION_V2_00 || highest < CLRES_VERSION_V2_00)
        return ERROR_REVISION_MISMATCH;
    host = *callbacks;
    *table = &functions;
    return ERROR_SUCCESS;
}
