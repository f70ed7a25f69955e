/* version_one.c: the smallest library, of version 1: it exports Startup only, and two types share it.
 *
 * "one" does what it is told at once. "one-broken" refuses to open, without saying why. What a library should never
 * do is done here too: reports after the end, handles that are made up.
 */
#include <resapi.h>

#include <stdlib.h>

static PSET_RESOURCE_STATUS_ROUTINE set_status;
static PLOG_EVENT_ROUTINE log_event;

struct resource {
    RESOURCE_HANDLE handle;
    int online;
};

static void report(RESOURCE_HANDLE handle, CLUSTER_RESOURCE_STATE state, DWORD check_point)
{
    RESOURCE_STATUS status;
    ResUtilInitializeResourceStatus(&status);
    status.ResourceState = state;
    status.CheckPoint = check_point;
    set_status(handle, &status);
}

static RESID WINAPI open_one(LPCWSTR name, HKEY key, RESOURCE_HANDLE handle)
{
    HKEY strange;
    struct resource *resource = calloc(1, sizeof(*resource));
    resource->handle = handle;
    /* Made-up handles, null pointers and unknown states are answered, not followed. */
    if (ClusterRegOpenKey((HKEY)(LONG_PTR)4711, L"x", KEY_READ, &strange) != ERROR_INVALID_HANDLE ||
        ClusterRegOpenKey(key, L"x", KEY_READ, NULL) != ERROR_INVALID_PARAMETER ||
        ClusterRegQueryValue(key, L"none", NULL, NULL, NULL) != ERROR_FILE_NOT_FOUND ||
        set_status((RESOURCE_HANDLE)(LONG_PTR)4711, NULL) != ResourceExitStateTerminate ||
        set_status(handle, NULL) != ResourceExitStateContinue)
        abort();
    report(handle, (CLUSTER_RESOURCE_STATE)99, 1);
    log_event(NULL, LOG_INFORMATION, NULL);
    log_event(handle, LOG_INFORMATION, L"opened '%1!ws!' with %2!u!\n", name, 2u);
    return resource;
}

static RESID WINAPI open_broken(LPCWSTR name, HKEY key, RESOURCE_HANDLE handle)
{
    (void)name, (void)key;
    log_event(handle, LOG_ERROR, L"no licence");
    return NULL;
}

static void WINAPI close_one(RESID id)
{
    free(id);
}

static DWORD WINAPI online_one(RESID id, LPHANDLE event)
{
    struct resource *resource = id;
    *event = (HANDLE)(LONG_PTR)99;
    /* Reported before the call has returned: it counts. */
    report(resource->handle, ClusterResourceOnlinePending, 1);
    resource->online = 1;
    report(resource->handle, ClusterResourceOnline, 2);
    return ERROR_IO_PENDING;
}

static DWORD WINAPI offline_one(RESID id)
{
    struct resource *resource = id;
    resource->online = 0;
    return ERROR_SUCCESS;
}

static void WINAPI terminate_one(RESID id)
{
    ((struct resource *)id)->online = 0;
}

static BOOL WINAPI is_alive_one(RESID id)
{
    return ((struct resource *)id)->online;
}

static CLRES_FUNCTION_TABLE one = {
    .TableSize = sizeof(CLRES_FUNCTION_TABLE),
    .Version = CLRES_VERSION_V1_00,
    .V1Functions = {open_one, close_one, online_one, offline_one, terminate_one, is_alive_one, is_alive_one, NULL, NULL,
                    NULL, NULL},
};

static CLRES_FUNCTION_TABLE broken = {
    .TableSize = sizeof(CLRES_FUNCTION_TABLE),
    .Version = CLRES_VERSION_V1_00,
    .V1Functions = {open_broken, close_one, online_one, offline_one, terminate_one, is_alive_one, is_alive_one, NULL,
                    NULL, NULL, NULL},
};

DWORD WINAPI Startup(LPCWSTR type, DWORD lowest, DWORD highest, PSET_RESOURCE_STATUS_ROUTINE set_resource_status,
                     PLOG_EVENT_ROUTINE log, PCLRES_FUNCTION_TABLE *table)
{
    (void)lowest, (void)highest;
    set_status = set_resource_status;
    log_event = log;
    *table = type[3] == L'-' ? &broken : &one;
    return ERROR_SUCCESS;
}
