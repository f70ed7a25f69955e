/* resapi.h: what a resource type library is made of.
 *
 * A library exports StartupEx (or Startup) and answers with a table of its functions. The host loads the library
 * into a process of its own inside the group's slice, so a crash or a hang is the library's alone.
 *
 *     StartupEx ─► Open ─► Online ─► LooksAlive, IsAlive ... ─► Offline ─► Close
 *                             └────────────── Terminate ──────────┘   any time, also beside Online and Offline
 *
 * Online and Offline answer ERROR_SUCCESS when it is done, ERROR_IO_PENDING when the library goes on by itself and
 * reports with SetResourceStatus(Ex), and from Offline ERROR_CLUSTER_RESOURCE_VETOED_CALL when a graceful stop would
 * do harm; the resource is then online as before. Any other code is a failure, after which Terminate is called.
 * While pending, report at least once within the resource's PendingTimeout, each time with a greater CheckPoint.
 * Offline means that nothing of the resource is left running. A library must never call a function that changes the
 * cluster, and should return from every entry point within 300 ms.
 *
 * Calls for different resources run side by side. For one resource Online, Offline, LooksAlive and IsAlive never
 * overlap; Terminate, Cancel and the control functions may come at any time.
 *
 * Strings have the width of the library's wchar_t. The header gives the definitions of Startup and StartupEx the
 * symbol of their width, by which the host knows what the library speaks.
 */
#ifndef MAINSTAY_RESAPI_H
#define MAINSTAY_RESAPI_H

#include <string.h>

#include "clusapi.h"

/* The library's own name for an open resource; never NULL. */
typedef PVOID RESID;
/* The host's name for it, to be given to the callbacks. It is a number, not an address. */
typedef HANDLE RESOURCE_HANDLE;

#define CLRES_VERSION_V1_00 0x0100
#define CLRES_VERSION_V2_00 0x0200
#define CLRES_VERSION_V3_00 0x0300
#define CLRES_VERSION_V4_00 0x0400

/* ---- Flags ------------------------------------------------------------------------------------------------- */

/* OpenFlags. RECOVER_MONITOR_STATE: an earlier host died while it held the resource online. A type that answers
 * CLUSCTL_RESOURCE_GET_CHARACTERISTICS with CLUS_CHAR_MONITOR_REATTACH looks in Open whether the resource still runs
 * and takes it over; when IsAlive then says TRUE, the resource is online without a call of Online. A type without
 * this characteristic, or of version 1, begins offline. */
#define CLUS_RESDLL_OPEN_RECOVER_MONITOR_STATE 0x00000001
#define CLUS_RESDLL_OPEN_DONT_DELETE_TEMP_DISK 0x00000002

/* OnlineFlags. */
#define CLUS_RESDLL_ONLINE_RECOVER_MONITOR_STATE 0x00000001
#define CLUS_RESDLL_ONLINE_IGNORE_RESOURCE_STATUS 0x00000002
#define CLUS_RESDLL_ONLINE_RETURN_TO_SOURCE_NODE_ON_ERROR 0x00000004
#define CLUS_RESDLL_ONLINE_RESTORE_ONLINE_STATE 0x00000008
#define CLUS_RESDLL_ONLINE_IGNORE_NETWORK_CONNECTIVITY 0x00000010

/* OfflineFlags. */
#define CLUS_RESDLL_OFFLINE_IGNORE_RESOURCE_STATUS 0x00000001
#define CLUS_RESDLL_OFFLINE_RETURN_TO_SOURCE_NODE_ON_ERROR 0x00000002
#define CLUS_RESDLL_OFFLINE_QUEUE_ENABLED 0x00000004
#define CLUS_RESDLL_OFFLINE_RETURNING_TO_SOURCE_NODE_BECAUSE_OF_ERROR 0x00000008
#define CLUS_RESDLL_OFFLINE_DUE_TO_EMBEDDED_FAILURE 0x00000010
#define CLUS_RESDLL_OFFLINE_IGNORE_NETWORK_CONNECTIVITY 0x00000020
#define CLUS_RESDLL_OFFLINE_DO_NOT_UPDATE_PERSISTENT_STATE 0x00000040

/* Flags of RESOURCE_STATUS_EX. */
#define CLUSRESDLL_STATUS_OFFLINE_BUSY 0x00000001
#define CLUSRESDLL_STATUS_OFFLINE_SOURCE_THROTTLED 0x00000002
#define CLUSRESDLL_STATUS_OFFLINE_DESTINATION_THROTTLED 0x00000004
#define CLUSRESDLL_STATUS_OFFLINE_DESTINATION_REJECTED 0x00000008
#define CLUSRESDLL_STATUS_INSUFFICIENT_MEMORY 0x00000010
#define CLUSRESDLL_STATUS_INSUFFICIENT_PROCESSOR 0x00000020
#define CLUSRESDLL_STATUS_INSUFFICIENT_OTHER_RESOURCES 0x00000040
#define CLUSRESDLL_STATUS_INVALID_PARAMETERS 0x00000080
#define CLUSRESDLL_STATUS_NETWORK_NOT_AVAILABLE 0x00000100
#define CLUSRESDLL_STATUS_DO_NOT_COLLECT_WER_REPORT 0x40000000
#define CLUSRESDLL_STATUS_DUMP_NOW 0x80000000u

#define LOCKED_MODE_FLAGS_DONT_REMOVE_FROM_MOVE_QUEUE 0x00000001

#define CLUSRES_DISABLE_WPR_WATCHDOG_FOR_ONLINE_CALLS 0x00000001
#define CLUSRES_DISABLE_WPR_WATCHDOG_FOR_OFFLINE_CALLS 0x00000002

/* ---- Status ------------------------------------------------------------------------------------------------ */

typedef enum RESOURCE_EXIT_STATE {
    ResourceExitStateContinue = 0,
    /* The resource is being terminated: stop what runs and report no more. */
    ResourceExitStateTerminate = 1,
    ResourceExitStateMax = 2
} RESOURCE_EXIT_STATE;

typedef enum LOG_LEVEL { LOG_INFORMATION = 0, LOG_WARNING = 1, LOG_ERROR = 2, LOG_SEVERE = 3 } LOG_LEVEL;

typedef enum FAILURE_TYPE {
    FAILURE_TYPE_GENERAL = 0,
    FAILURE_TYPE_EMBEDDED = 1,
    FAILURE_TYPE_NETWORK_LOSS = 2
} FAILURE_TYPE;

typedef enum CLUSTER_RESOURCE_APPLICATION_STATE {
    ClusterResourceApplicationStateUnknown = 1,
    ClusterResourceApplicationOSHeartBeat = 2,
    ClusterResourceApplicationReady = 3
} CLUSTER_RESOURCE_APPLICATION_STATE;

typedef struct RESOURCE_STATUS {
    CLUSTER_RESOURCE_STATE ResourceState;
    DWORD CheckPoint;
    DWORD WaitHint; /* not used */
    HANDLE EventHandle;
} RESOURCE_STATUS, *PRESOURCE_STATUS;

typedef struct RESOURCE_STATUS_EX {
    CLUSTER_RESOURCE_STATE ResourceState;
    DWORD CheckPoint;
    HANDLE EventHandle;
    DWORD ApplicationSpecificErrorCode;
    DWORD Flags;
    DWORD WaitHint; /* not used */
} RESOURCE_STATUS_EX, *PRESOURCE_STATUS_EX;

#define ResUtilInitializeResourceStatus(status) ((void)memset((status), 0, sizeof(RESOURCE_STATUS)))
#define ResUtilInitializeResourceStatusEx(status) ((void)memset((status), 0, sizeof(RESOURCE_STATUS_EX)))

/* ---- Callbacks: the host's functions that a library calls -------------------------------------------------- */

/* LogEvent's format is that of printf, or that of FormatMessage with the number of the argument: "%u", "%1!u!".
 * %s and %ws take the library's wchar_t, %hs and %S take char. %lu and %ld take 32 bits, as on Windows (a DWORD, a
 * LONG); %llu, %I64u and %zu take 64. */
typedef void(CALLBACK *PLOG_EVENT_ROUTINE)(RESOURCE_HANDLE ResourceHandle, LOG_LEVEL LogLevel,
                                           LPCWSTR FormatString, ...);
typedef DWORD(CALLBACK *PSET_RESOURCE_STATUS_ROUTINE)(RESOURCE_HANDLE ResourceHandle,
                                                      PRESOURCE_STATUS ResourceStatus);
typedef DWORD(CALLBACK *PSET_RESOURCE_STATUS_ROUTINE_EX)(RESOURCE_HANDLE ResourceHandle,
                                                         PRESOURCE_STATUS_EX ResourceStatus);
typedef DWORD(CALLBACK *PSET_RESOURCE_LOCKED_MODE_ROUTINE)(RESOURCE_HANDLE ResourceHandle,
                                                           BOOL LockedModeEnabled, DWORD LockedModeReason);
typedef DWORD(CALLBACK *PSET_RESOURCE_LOCKED_MODE_EX_ROUTINE)(RESOURCE_HANDLE ResourceHandle,
                                                              BOOL LockedModeEnabled, DWORD LockedModeReason,
                                                              DWORD LockedModeFlags);
typedef DWORD(CALLBACK *PSIGNAL_FAILURE_ROUTINE)(RESOURCE_HANDLE ResourceHandle, FAILURE_TYPE FailureType,
                                                 DWORD ApplicationSpecificErrorCode);
typedef DWORD(CALLBACK *PSET_RESOURCE_INMEMORY_NODELOCAL_PROPERTIES_ROUTINE)(RESOURCE_HANDLE ResourceHandle,
                                                                             LPBYTE propertyListBuffer,
                                                                             DWORD propertyListBufferSize);
typedef DWORD(CALLBACK *PEND_CONTROL_CALL)(LONGLONG context, DWORD status);
typedef DWORD(CALLBACK *PEND_TYPE_CONTROL_CALL)(LONGLONG context, DWORD status);
typedef DWORD(CALLBACK *PEXTEND_RES_CONTROL_CALL)(LONGLONG context, DWORD newTimeoutInMs);
typedef DWORD(CALLBACK *PEXTEND_RES_TYPE_CONTROL_CALL)(LONGLONG context, DWORD newTimeoutInMs);
typedef DWORD(CALLBACK *PRAISE_RES_TYPE_NOTIFICATION)(LPCWSTR resourceType, LPCBYTE pPayload,
                                                      DWORD payloadSize);
typedef DWORD(CALLBACK *PCHANGE_RESOURCE_PROCESS_FOR_DUMPS)(RESOURCE_HANDLE resource, LPCWSTR processName,
                                                            DWORD processId, BOOL isAdd);
typedef DWORD(CALLBACK *PCHANGE_RES_TYPE_PROCESS_FOR_DUMPS)(LPCWSTR resourceTypeName, LPCWSTR processName,
                                                            DWORD processId, BOOL isAdd);
typedef DWORD(CALLBACK *PSET_INTERNAL_STATE)(RESOURCE_HANDLE resource,
                                             CLUSTER_RESOURCE_APPLICATION_STATE stateType, BOOL active);
typedef DWORD(CALLBACK *PREQUEST_DUMP_ROUTINE)(RESOURCE_HANDLE ResourceHandle, BOOL DumpDueToCallInProgress,
                                               DWORD DumpDelayInMs);
typedef DWORD(CALLBACK *PSET_RESOURCE_WPR_POLICY_ROUTINE)(RESOURCE_HANDLE ResourceHandle,
                                                          DWORD WprPolicyFlags);
typedef DWORD(CALLBACK *PARM_WPR_WATCHDOG_FOR_CURRENT_RESOURCE_CALL_ROUTINE)(RESOURCE_HANDLE ResourceHandle,
                                                                             ULONGLONG TimeoutInMs);

typedef struct CLRES_CALLBACK_FUNCTION_TABLE {
    PLOG_EVENT_ROUTINE LogEvent;
    PSET_RESOURCE_STATUS_ROUTINE_EX SetResourceStatusEx;
    PSET_RESOURCE_LOCKED_MODE_ROUTINE SetResourceLockedMode;
    PSIGNAL_FAILURE_ROUTINE SignalFailure;
    PSET_RESOURCE_INMEMORY_NODELOCAL_PROPERTIES_ROUTINE SetResourceInMemoryNodeLocalProperties;
    PEND_CONTROL_CALL EndControlCall;
    PEND_TYPE_CONTROL_CALL EndTypeControlCall;
    PEXTEND_RES_CONTROL_CALL ExtendControlCall;
    PEXTEND_RES_TYPE_CONTROL_CALL ExtendTypeControlCall;
    PRAISE_RES_TYPE_NOTIFICATION RaiseResTypeNotification;
    PCHANGE_RESOURCE_PROCESS_FOR_DUMPS ChangeResourceProcessForDumps;
    PCHANGE_RES_TYPE_PROCESS_FOR_DUMPS ChangeResTypeProcessForDumps;
    PSET_INTERNAL_STATE SetInternalState;
    PSET_RESOURCE_LOCKED_MODE_EX_ROUTINE SetResourceLockedModeEx;
    PREQUEST_DUMP_ROUTINE RequestDump;
    PSET_RESOURCE_WPR_POLICY_ROUTINE SetResourceWprPolicy;
    PARM_WPR_WATCHDOG_FOR_CURRENT_RESOURCE_CALL_ROUTINE ArmWprWatchdogForCurrentResourceCall;
} CLRES_CALLBACK_FUNCTION_TABLE, *PCLRES_CALLBACK_FUNCTION_TABLE;

/* ---- Entry points: the library's functions that the host calls --------------------------------------------- */

typedef DWORD(WINAPI *PQUORUM_RESOURCE_LOST)(RESOURCE_HANDLE Resource);

/* ResourceKey is the copy of the resource's registry key; its private properties lie under L"Parameters". The host
 * closes it after Close. NULL with the last error set says that the resource cannot be used here. */
typedef RESID(WINAPI *POPEN_ROUTINE)(LPCWSTR ResourceName, HKEY ResourceKey, RESOURCE_HANDLE ResourceHandle);
typedef RESID(WINAPI *POPEN_V2_ROUTINE)(LPCWSTR ResourceName, HKEY ResourceKey, RESOURCE_HANDLE ResourceHandle,
                                        DWORD OpenFlags);
typedef void(WINAPI *PCLOSE_ROUTINE)(RESID Resource);
/* EventHandle is not supported here: what a library writes there is ignored, and LooksAlive is called. */
typedef DWORD(WINAPI *PONLINE_ROUTINE)(RESID Resource, LPHANDLE EventHandle);
typedef DWORD(WINAPI *PONLINE_V2_ROUTINE)(RESID Resource, LPHANDLE EventHandle, DWORD OnlineFlags,
                                          PBYTE InBuffer, DWORD InBufferSize, DWORD Reserved);
typedef DWORD(WINAPI *POFFLINE_ROUTINE)(RESID Resource);
/* DestinationNodeName is NULL unless the resource moves. Reserved carries the reason, one of
 * CLUSAPI_RESOURCE_OFFLINE_REASON_*. */
typedef DWORD(WINAPI *POFFLINE_V2_ROUTINE)(RESID Resource, LPCWSTR DestinationNodeName, DWORD OfflineFlags,
                                           PBYTE InBuffer, DWORD InBufferSize, DWORD Reserved);
typedef void(WINAPI *PTERMINATE_ROUTINE)(RESID Resource);
typedef BOOL(WINAPI *PLOOKS_ALIVE_ROUTINE)(RESID Resource);
typedef BOOL(WINAPI *PIS_ALIVE_ROUTINE)(RESID Resource);
typedef DWORD(WINAPI *PARBITRATE_ROUTINE)(RESID Resource, PQUORUM_RESOURCE_LOST LostQuorumResource);
typedef DWORD(WINAPI *PRELEASE_ROUTINE)(RESID Resource);
/* ERROR_INVALID_FUNCTION asks the service for its own answer to the code. */
typedef DWORD(WINAPI *PRESOURCE_CONTROL_ROUTINE)(RESID Resource, DWORD ControlCode, PVOID InBuffer,
                                                 DWORD InBufferSize, PVOID OutBuffer, DWORD OutBufferSize,
                                                 LPDWORD BytesReturned);
typedef DWORD(WINAPI *PRESOURCE_TYPE_CONTROL_ROUTINE)(LPCWSTR ResourceTypeName, DWORD ControlCode,
                                                      PVOID InBuffer, DWORD InBufferSize, PVOID OutBuffer,
                                                      DWORD OutBufferSize, LPDWORD BytesReturned);
typedef DWORD(WINAPI *PCANCEL_ROUTINE)(RESID Resource, DWORD CancelFlags_RESERVED);
typedef DWORD(WINAPI *PBEGIN_RESCALL_ROUTINE)(RESID Resource, DWORD ControlCode, PVOID InBuffer,
                                              DWORD InBufferSize, PVOID OutBuffer, DWORD OutBufferSize,
                                              LPDWORD BytesReturned, LONGLONG context,
                                              BOOL *ReturnedAsynchronously);
typedef DWORD(WINAPI *PBEGIN_RESTYPECALL_ROUTINE)(LPCWSTR ResourceTypeName, DWORD ControlCode, PVOID InBuffer,
                                                  DWORD InBufferSize, PVOID OutBuffer, DWORD OutBufferSize,
                                                  LPDWORD BytesReturned, LONGLONG context,
                                                  BOOL *ReturnedAsynchronously);
typedef DWORD(WINAPI *PBEGIN_RESCALL_AS_USER_ROUTINE)(RESID Resource, HANDLE TokenHandle, DWORD ControlCode,
                                                      PVOID InBuffer, DWORD InBufferSize, PVOID OutBuffer,
                                                      DWORD OutBufferSize, LPDWORD BytesReturned,
                                                      LONGLONG context, BOOL *ReturnedAsynchronously);
typedef DWORD(WINAPI *PBEGIN_RESTYPECALL_AS_USER_ROUTINE)(LPCWSTR ResourceTypeName, HANDLE TokenHandle,
                                                          DWORD ControlCode, PVOID InBuffer,
                                                          DWORD InBufferSize, PVOID OutBuffer,
                                                          DWORD OutBufferSize, LPDWORD BytesReturned,
                                                          LONGLONG context, BOOL *ReturnedAsynchronously);

typedef struct CLRES_V1_FUNCTIONS {
    POPEN_ROUTINE Open;
    PCLOSE_ROUTINE Close;
    PONLINE_ROUTINE Online;
    POFFLINE_ROUTINE Offline;
    PTERMINATE_ROUTINE Terminate;
    PLOOKS_ALIVE_ROUTINE LooksAlive;
    PIS_ALIVE_ROUTINE IsAlive;
    PARBITRATE_ROUTINE Arbitrate; /* may be NULL */
    PRELEASE_ROUTINE Release;     /* may be NULL */
    PRESOURCE_CONTROL_ROUTINE ResourceControl;
    PRESOURCE_TYPE_CONTROL_ROUTINE ResourceTypeControl;
} CLRES_V1_FUNCTIONS, *PCLRES_V1_FUNCTIONS;

typedef struct CLRES_V2_FUNCTIONS {
    POPEN_V2_ROUTINE Open;
    PCLOSE_ROUTINE Close;
    PONLINE_V2_ROUTINE Online;
    POFFLINE_V2_ROUTINE Offline;
    PTERMINATE_ROUTINE Terminate;
    PLOOKS_ALIVE_ROUTINE LooksAlive;
    PIS_ALIVE_ROUTINE IsAlive;
    PARBITRATE_ROUTINE Arbitrate; /* may be NULL */
    PRELEASE_ROUTINE Release;     /* may be NULL */
    PRESOURCE_CONTROL_ROUTINE ResourceControl;
    PRESOURCE_TYPE_CONTROL_ROUTINE ResourceTypeControl;
    PCANCEL_ROUTINE Cancel; /* may be NULL */
} CLRES_V2_FUNCTIONS, *PCLRES_V2_FUNCTIONS;

typedef struct CLRES_V3_FUNCTIONS {
    POPEN_V2_ROUTINE Open;
    PCLOSE_ROUTINE Close;
    PONLINE_V2_ROUTINE Online;
    POFFLINE_V2_ROUTINE Offline;
    PTERMINATE_ROUTINE Terminate;
    PLOOKS_ALIVE_ROUTINE LooksAlive;
    PIS_ALIVE_ROUTINE IsAlive;
    PARBITRATE_ROUTINE Arbitrate; /* may be NULL */
    PRELEASE_ROUTINE Release;     /* may be NULL */
    PBEGIN_RESCALL_ROUTINE BeginResourceControl;
    PBEGIN_RESTYPECALL_ROUTINE BeginResourceTypeControl;
    PCANCEL_ROUTINE Cancel; /* may be NULL */
} CLRES_V3_FUNCTIONS, *PCLRES_V3_FUNCTIONS;

typedef struct CLRES_V4_FUNCTIONS {
    POPEN_V2_ROUTINE Open;
    PCLOSE_ROUTINE Close;
    PONLINE_V2_ROUTINE Online;
    POFFLINE_V2_ROUTINE Offline;
    PTERMINATE_ROUTINE Terminate;
    PLOOKS_ALIVE_ROUTINE LooksAlive;
    PIS_ALIVE_ROUTINE IsAlive;
    PARBITRATE_ROUTINE Arbitrate; /* may be NULL */
    PRELEASE_ROUTINE Release;     /* may be NULL */
    PBEGIN_RESCALL_ROUTINE BeginResourceControl;
    PBEGIN_RESTYPECALL_ROUTINE BeginResourceTypeControl;
    PCANCEL_ROUTINE Cancel; /* may be NULL */
    PBEGIN_RESCALL_AS_USER_ROUTINE BeginResourceControlAsUser;
    PBEGIN_RESTYPECALL_AS_USER_ROUTINE BeginResourceTypeControlAsUser;
} CLRES_V4_FUNCTIONS, *PCLRES_V4_FUNCTIONS;

/* TableSize is the size of the whole structure as the library was compiled, or at least up to the last member of its
 * version. */
typedef struct CLRES_FUNCTION_TABLE {
    DWORD TableSize;
    DWORD Version;
    __extension__ union {
        CLRES_V1_FUNCTIONS V1Functions;
        CLRES_V2_FUNCTIONS V2Functions;
        CLRES_V3_FUNCTIONS V3Functions;
        CLRES_V4_FUNCTIONS V4Functions;
    };
} CLRES_FUNCTION_TABLE, *PCLRES_FUNCTION_TABLE;

MAINSTAY_EXTERN_C_BEGIN

/* A library defines one of the two, or both; the host tries StartupEx first. Answer ERROR_REVISION_MISMATCH when no
 * version between the two is yours, ERROR_CLUSTER_RESNAME_NOT_FOUND when the type is not. */
CLUSAPI_WIDE(DWORD, StartupEx,
             (LPCWSTR ResourceType, DWORD MinVersionSupported, DWORD MaxVersionSupported,
              PCLRES_CALLBACK_FUNCTION_TABLE MonitorCallbackFunctions,
              PCLRES_FUNCTION_TABLE *ResourceDllInterfaceFunctions));
CLUSAPI_WIDE(DWORD, Startup,
             (LPCWSTR ResourceType, DWORD MinVersionSupported, DWORD MaxVersionSupported,
              PSET_RESOURCE_STATUS_ROUTINE SetResourceStatus, PLOG_EVENT_ROUTINE LogEvent,
              PCLRES_FUNCTION_TABLE *FunctionTable));

typedef DWORD(WINAPI *PSTARTUP_EX_ROUTINE)(LPCWSTR ResourceType, DWORD MinVersionSupported,
                                           DWORD MaxVersionSupported,
                                           PCLRES_CALLBACK_FUNCTION_TABLE MonitorCallbackFunctions,
                                           PCLRES_FUNCTION_TABLE *ResourceDllInterfaceFunctions);
typedef DWORD(WINAPI *PSTARTUP_ROUTINE)(LPCWSTR ResourceType, DWORD MinVersionSupported,
                                        DWORD MaxVersionSupported,
                                        PSET_RESOURCE_STATUS_ROUTINE SetResourceStatus,
                                        PLOG_EVENT_ROUTINE LogEvent, PCLRES_FUNCTION_TABLE *FunctionTable);

/* ---- Finding properties in a list -------------------------------------------------------------------------- */

/* ERROR_FILE_NOT_FOUND: the list has no such property. ERROR_INVALID_DATA: it has one of another format, or the bytes
 * are no property list. What is given out by pointer is the caller's, to be freed with LocalFree. */
CLUSAPI_WIDE(DWORD, ResUtilFindDwordProperty,
             (PVOID pPropertyList, DWORD cbPropertyListSize, LPCWSTR pszPropertyName,
              LPDWORD pdwPropertyValue));
CLUSAPI_WIDE(DWORD, ResUtilFindLongProperty,
             (PVOID pPropertyList, DWORD cbPropertyListSize, LPCWSTR pszPropertyName, LPLONG plPropertyValue));
CLUSAPI_WIDE(DWORD, ResUtilFindULargeIntegerProperty,
             (PVOID pPropertyList, DWORD cbPropertyListSize, LPCWSTR pszPropertyName,
              ULONGLONG *plPropertyValue));
CLUSAPI_WIDE(DWORD, ResUtilFindSzProperty,
             (PVOID pPropertyList, DWORD cbPropertyListSize, LPCWSTR pszPropertyName,
              LPWSTR *pszPropertyValue));
CLUSAPI_WIDE(DWORD, ResUtilFindExpandSzProperty,
             (PVOID pPropertyList, DWORD cbPropertyListSize, LPCWSTR pszPropertyName,
              LPWSTR *pszPropertyValue));
/* The size is in bytes of the library's wchar_t, with both closing NULs. */
CLUSAPI_WIDE(DWORD, ResUtilFindMultiSzProperty,
             (PVOID pPropertyList, DWORD cbPropertyListSize, LPCWSTR pszPropertyName, LPWSTR *pszPropertyValue,
              LPDWORD pcbPropertyValueSize));
CLUSAPI_WIDE(DWORD, ResUtilFindBinaryProperty,
             (PVOID pPropertyList, DWORD cbPropertyListSize, LPCWSTR pszPropertyName, PBYTE *pbPropertyValue,
              LPDWORD pcbPropertyValueSize));

MAINSTAY_EXTERN_C_END

#endif
