/* enter_type.c: the resource type "enter", which does nothing but say when its Offline is entered.
 *
 * The first thing that Offline does is to read the monotonic clock, which is the same for every process of the machine.
 * It writes the nanoseconds, 8 bytes, into the FIFO that the private property Fifo names, and is done.
 */
#include <resapi.h>

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define PATH_ROOM 1024

typedef struct enter_resource {
    HKEY key;
    int fifo;
} enter_resource;

/* Reads the property Fifo as a path. The bench makes it of ASCII characters only. */
static int read_path(HKEY key, char *path)
{
    WCHAR wide[PATH_ROOM] = {0};
    HKEY parameters;
    DWORD type = 0, size = sizeof(wide) - sizeof(WCHAR), status;
    size_t i;
    if (ClusterRegOpenKey(key, L"Parameters", KEY_READ, &parameters) != ERROR_SUCCESS)
        return 0;
    status = (DWORD)ClusterRegQueryValue(parameters, L"Fifo", &type, (LPBYTE)wide, &size);
    ClusterRegCloseKey(parameters);
    if (status != ERROR_SUCCESS || type != REG_SZ)
        return 0;
    for (i = 0; wide[i] != 0; i++)
        path[i] = (char)wide[i];
    path[i] = '\0';
    return i > 0;
}

static RESID WINAPI enter_open(LPCWSTR name, HKEY key, RESOURCE_HANDLE handle, DWORD flags)
{
    enter_resource *resource = malloc(sizeof(*resource));
    (void)name, (void)handle, (void)flags;
    if (resource == NULL) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    resource->key = key;
    resource->fifo = -1;
    return resource;
}

static void WINAPI enter_close(RESID id)
{
    enter_resource *resource = id;
    if (resource->fifo >= 0)
        close(resource->fifo);
    free(resource);
}

static DWORD WINAPI enter_online(RESID id, LPHANDLE event, DWORD flags, PBYTE buffer, DWORD size, DWORD reserved)
{
    char path[PATH_ROOM];
    enter_resource *resource = id;
    (void)event, (void)flags, (void)buffer, (void)size, (void)reserved;
    /* Opened for reading too, so that it waits for nobody. */
    if (resource->fifo < 0 && read_path(resource->key, path))
        resource->fifo = open(path, O_RDWR | O_CLOEXEC);
    return resource->fifo >= 0 ? ERROR_SUCCESS : ERROR_FILE_NOT_FOUND;
}

static DWORD WINAPI enter_offline(RESID id, LPCWSTR destination, DWORD flags, PBYTE buffer, DWORD size, DWORD reason)
{
    enter_resource *resource = id;
    struct timespec now;
    uint64_t nanoseconds;
    clock_gettime(CLOCK_MONOTONIC, &now);
    (void)destination, (void)flags, (void)buffer, (void)size, (void)reason;
    nanoseconds = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    return write(resource->fifo, &nanoseconds, sizeof(nanoseconds)) == (ssize_t)sizeof(nanoseconds)
               ? ERROR_SUCCESS
               : ERROR_WRITE_FAULT;
}

static void WINAPI enter_terminate(RESID id)
{
    (void)id;
}

static BOOL WINAPI enter_is_alive(RESID id)
{
    (void)id;
    return TRUE;
}

static DWORD WINAPI enter_control(RESID id, DWORD code, PVOID in, DWORD in_size, PVOID out, DWORD out_size,
                                  LPDWORD returned)
{
    (void)id, (void)code, (void)in, (void)in_size, (void)out, (void)out_size;
    *returned = 0;
    /* As a vendor's library that was not written for this cluster: it does not know our code VALIDATE_OFFLINE. */
    return ERROR_INVALID_FUNCTION;
}

static DWORD WINAPI enter_type_control(LPCWSTR type, DWORD code, PVOID in, DWORD in_size, PVOID out, DWORD out_size,
                                       LPDWORD returned)
{
    (void)type, (void)code, (void)in, (void)in_size, (void)out, (void)out_size;
    *returned = 0;
    return ERROR_INVALID_FUNCTION;
}

static DWORD WINAPI enter_cancel(RESID id, DWORD flags)
{
    (void)id, (void)flags;
    return ERROR_INVALID_FUNCTION;
}

static CLRES_FUNCTION_TABLE functions = {
    .TableSize = sizeof(CLRES_FUNCTION_TABLE),
    .Version = CLRES_VERSION_V2_00,
    .V2Functions = {
        .Open = enter_open,
        .Close = enter_close,
        .Online = enter_online,
        .Offline = enter_offline,
        .Terminate = enter_terminate,
        .LooksAlive = enter_is_alive,
        .IsAlive = enter_is_alive,
        .ResourceControl = enter_control,
        .ResourceTypeControl = enter_type_control,
        .Cancel = enter_cancel,
    },
};

DWORD WINAPI StartupEx(LPCWSTR type, DWORD lowest, DWORD highest, PCLRES_CALLBACK_FUNCTION_TABLE callbacks,
                       PCLRES_FUNCTION_TABLE *table)
{
    (void)type, (void)callbacks;
    if (lowest > CLRES_VERSION_V2_00 || highest < CLRES_VERSION_V2_00)
        return ERROR_REVISION_MISMATCH;
    *table = &functions;
    return ERROR_SUCCESS;
}
