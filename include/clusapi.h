/* clusapi.h: the Failover Cluster API, as Mainstay serves it.
 *
 * Conventions. A function that answers with a DWORD says 0 for done, 997 (ERROR_IO_PENDING) for accepted and on its
 * way, anything else for refused, and a refusal has changed nothing. A function that answers with a handle says NULL
 * and sets the thread's last error. A Get...State function says -1 and sets the last error. Sizes of strings are in
 * characters: on the way in with the closing NUL, on the way out without it; ERROR_MORE_DATA comes with the size
 * that is needed. Names are compared without regard to case.
 *
 * Widths. Functions declared with CLUSAPI_WIDE take or give wide strings and exist once for each width of wchar_t
 * (windows.h). Instruction buffers, control buffers and the buffer of GetClusterNotifyV2 are bytes in the format of
 * Windows (clusprop.h), with UTF-16LE strings, in both.
 */
#ifndef MAINSTAY_CLUSAPI_H
#define MAINSTAY_CLUSAPI_H

#include "windows.h"

#include "clusctl.h"
#include "clusnotify.h"
#include "clusprop.h"

#define CLUSAPI_VERSION_SERVER2008 0x00000600
#define CLUSAPI_VERSION_SERVER2008R2 0x00000700
#define CLUSAPI_VERSION_WINDOWS8 0x00000701
#define CLUSAPI_VERSION_WINDOWSBLUE 0x00000702
#define CLUSAPI_VERSION_WINTHRESHOLD 0x00000703
#define CLUSAPI_VERSION_RS3 0x00000A00
#define CLUSAPI_VERSION_NI 0x00000A0C
#ifndef CLUSAPI_VERSION
#define CLUSAPI_VERSION CLUSAPI_VERSION_NI
#endif

/* CLUSAPI declares a function, CLUSAPI_WIDE one that takes or gives wide strings. */
#define CLUSAPI(answer, name, parameters) answer WINAPI name parameters
#define CLUSAPI_WIDE(answer, name, parameters) answer WINAPI name parameters MAINSTAY_WIDE(name)

/* ---- Handles ----------------------------------------------------------------------------------------------- */

/* A closed handle is known as closed: a call with one answers ERROR_INVALID_HANDLE. */
typedef struct _HCLUSTER *HCLUSTER;
typedef struct _HNODE *HNODE;
typedef struct _HRESOURCE *HRESOURCE;
typedef struct _HGROUP *HGROUP;
typedef struct _HGROUPSET *HGROUPSET;
typedef struct _HNETWORK *HNETWORK;
typedef struct _HNETINTERFACE *HNETINTERFACE;
typedef struct _HCHANGE *HCHANGE;
typedef struct _HCLUSENUM *HCLUSENUM;
typedef struct _HNODEENUM *HNODEENUM;
typedef struct _HNETWORKENUM *HNETWORKENUM;
typedef struct _HNETINTERFACEENUM *HNETINTERFACEENUM;
typedef struct _HGROUPENUM *HGROUPENUM;
typedef struct _HGROUPSETENUM *HGROUPSETENUM;
typedef struct _HRESENUM *HRESENUM;
typedef struct _HRESTYPEENUM *HRESTYPEENUM;
typedef struct _HCLUSENUMEX *HCLUSENUMEX;
typedef struct _HGROUPENUMEX *HGROUPENUMEX;
typedef struct _HRESENUMEX *HRESENUMEX;

/* ---- States ------------------------------------------------------------------------------------------------ */

typedef enum CLUSTER_RESOURCE_STATE {
    ClusterResourceStateUnknown = -1,
    ClusterResourceInherited = 0,
    ClusterResourceInitializing = 1,
    ClusterResourceOnline = 2,
    ClusterResourceOffline = 3,
    ClusterResourceFailed = 4,
    /* The first pending state; as an answer it never comes by itself. */
    ClusterResourcePending = 128,
    ClusterResourceOnlinePending = 129,
    ClusterResourceOfflinePending = 130
} CLUSTER_RESOURCE_STATE;

typedef enum CLUSTER_GROUP_STATE {
    ClusterGroupStateUnknown = -1,
    ClusterGroupOnline = 0,
    ClusterGroupOffline = 1,
    ClusterGroupFailed = 2,
    ClusterGroupPartialOnline = 3,
    ClusterGroupPending = 4
} CLUSTER_GROUP_STATE;

typedef enum CLUSTER_NODE_STATE {
    ClusterNodeStateUnknown = -1,
    ClusterNodeUp = 0,
    ClusterNodeDown = 1,
    ClusterNodePaused = 2,
    ClusterNodeJoining = 3
} CLUSTER_NODE_STATE;

typedef enum CLUSTER_NETWORK_STATE {
    ClusterNetworkStateUnknown = -1,
    ClusterNetworkUnavailable = 0,
    ClusterNetworkDown = 1,
    ClusterNetworkPartitioned = 2,
    ClusterNetworkUp = 3
} CLUSTER_NETWORK_STATE;

typedef enum CLUSTER_NETINTERFACE_STATE {
    ClusterNetInterfaceStateUnknown = -1,
    ClusterNetInterfaceUnavailable = 0,
    ClusterNetInterfaceFailed = 1,
    ClusterNetInterfaceUnreachable = 2,
    ClusterNetInterfaceUp = 3
} CLUSTER_NETINTERFACE_STATE;

/* The property Role of a network. */
typedef enum CLUSTER_NETWORK_ROLE {
    ClusterNetworkRoleNone = 0,
    ClusterNetworkRoleInternalUse = 1,
    ClusterNetworkRoleClientAccess = 2,
    ClusterNetworkRoleInternalAndClient = 3
} CLUSTER_NETWORK_ROLE;

typedef enum CLUSTER_NODE_RESUME_FAILBACK_TYPE {
    DoNotFailbackGroups = 0,
    FailbackGroupsImmediately = 1,
    FailbackGroupsPerPolicy = 2,
    ClusterNodeResumeFailbackTypeCount = 3
} CLUSTER_NODE_RESUME_FAILBACK_TYPE;

typedef enum CLUSTER_RESOURCE_RESTART_ACTION {
    ClusterResourceDontRestart = 0,
    ClusterResourceRestartNoNotify = 1,
    ClusterResourceRestartNotify = 2
} CLUSTER_RESOURCE_RESTART_ACTION;

typedef enum CLUSTER_RESOURCE_CREATE_FLAGS {
    CLUSTER_RESOURCE_DEFAULT_MONITOR = 0,
    CLUSTER_RESOURCE_SEPARATE_MONITOR = 1
} CLUSTER_RESOURCE_CREATE_FLAGS;

typedef enum CLUSTER_RESOURCE_CLASS {
    CLUS_RESCLASS_UNKNOWN = 0,
    CLUS_RESCLASS_STORAGE = 1,
    CLUS_RESCLASS_NETWORK = 2,
    CLUS_RESCLASS_USER = 0x8000
} CLUSTER_RESOURCE_CLASS;

#define CLUS_RESSUBCLASS_SHARED 0x80000000u

/* ---- Flags of calls ---------------------------------------------------------------------------------------- */

/* The same word has different numbers in different calls. */

/* dwOfflineFlags of OfflineClusterResourceEx. */
#define CLUSAPI_RESOURCE_OFFLINE_IGNORE_RESOURCE_STATUS 0x00000001
#define CLUSAPI_RESOURCE_OFFLINE_FORCE_WITH_TERMINATION 0x00000002
#define CLUSAPI_RESOURCE_OFFLINE_DO_NOT_UPDATE_PERSISTENT_STATE 0x00000004
/* A second name of the first flag. */
#define CLUSAPI_RESOURCE_OFFLINE_IGNORE_RESOURCE_LOCKED_STATUS CLUSAPI_RESOURCE_OFFLINE_IGNORE_RESOURCE_STATUS

/* Why a resource goes offline. It is told to the resource type. In dwOfflineFlags the numbers 1, 2 and 4 are always
 * the flags above; one of the numbers from 8 on is taken as the reason that the caller states. */
#define CLUSAPI_RESOURCE_OFFLINE_REASON_NONE 0x00000000
#define CLUSAPI_RESOURCE_OFFLINE_REASON_UNKNOWN 0x00000001
#define CLUSAPI_RESOURCE_OFFLINE_REASON_MOVING 0x00000002
#define CLUSAPI_RESOURCE_OFFLINE_REASON_USER_REQUESTED 0x00000004
#define CLUSAPI_RESOURCE_OFFLINE_REASON_BEING_DELETED 0x00000008
#define CLUSAPI_RESOURCE_OFFLINE_REASON_BEING_RESTARTED 0x00000010
#define CLUSAPI_RESOURCE_OFFLINE_REASON_PREEMPTED 0x00000020
#define CLUSAPI_RESOURCE_OFFLINE_REASON_SHUTTING_DOWN 0x00000040

/* dwOnlineFlags of OnlineClusterResourceEx. */
#define CLUSAPI_RESOURCE_ONLINE_IGNORE_RESOURCE_STATUS 0x00000001
#define CLUSAPI_RESOURCE_ONLINE_DO_NOT_UPDATE_PERSISTENT_STATE 0x00000002
#define CLUSAPI_RESOURCE_ONLINE_NECESSARY_FOR_QUORUM 0x00000004
#define CLUSAPI_RESOURCE_ONLINE_BEST_POSSIBLE_NODE 0x00000008
#define CLUSAPI_RESOURCE_ONLINE_IGNORE_AFFINITY_RULE 0x00000020

/* dwPauseFlags of PauseClusterNodeEx. */
#define CLUSAPI_NODE_PAUSE_REMAIN_ON_PAUSED_NODE_ON_MOVE_ERROR 0x00000001
#define CLUSAPI_NODE_AVOID_PLACEMENT 0x00000002
#define CLUSAPI_NODE_PAUSE_RETRY_DRAIN_ON_FAILURE 0x00000004

/* dwOfflineFlags of OfflineClusterGroupEx. */
#define CLUSAPI_GROUP_OFFLINE_IGNORE_RESOURCE_STATUS 0x00000001
#define CLUSAPI_GROUP_OFFLINE_IGNORE_RESOURCE_LOCKED_STATUS CLUSAPI_GROUP_OFFLINE_IGNORE_RESOURCE_STATUS

#define CLUSAPI_GROUP_MOVE_IGNORE_RESOURCE_STATUS 0x00000001
#define CLUSAPI_GROUP_MOVE_RETURN_TO_SOURCE_NODE_ON_ERROR 0x00000002
#define CLUSAPI_GROUP_MOVE_QUEUE_ENABLED 0x00000004
#define CLUSAPI_GROUP_MOVE_HIGH_PRIORITY_START 0x00000008
#define CLUSAPI_GROUP_MOVE_FAILBACK 0x00000010
#define CLUSAPI_GROUP_MOVE_IGNORE_AFFINITY_RULE 0x00000020

/* dwOnlineFlags of OnlineClusterGroupEx. */
#define CLUSAPI_GROUP_ONLINE_IGNORE_RESOURCE_STATUS 0x00000001
#define CLUSAPI_GROUP_ONLINE_SYNCHRONOUS 0x00000002
#define CLUSAPI_GROUP_ONLINE_BEST_POSSIBLE_NODE 0x00000004
#define CLUSAPI_GROUP_ONLINE_IGNORE_AFFINITY_RULE 0x00000008

/* Access rights of the ...Ex open functions, beside the GENERIC_ ones. */
#define CLUSAPI_READ_ACCESS 0x00000001
#define CLUSAPI_CHANGE_ACCESS 0x00000002
#define CLUSAPI_NO_ACCESS 0x00000004
#define CLUSAPI_ALL_ACCESS (CLUSAPI_READ_ACCESS | CLUSAPI_CHANGE_ACCESS)

/* ---- Bits that properties and codes answer with ------------------------------------------------------------ */

#define CLUS_FLAG_CORE 0x00000001

/* StatusInformation of a resource. */
#define CLUSRES_STATUS_LOCKED_MODE 0x00000001
#define CLUSRES_STATUS_EMBEDDED_FAILURE 0x00000002
#define CLUSRES_STATUS_FAILED_DUE_TO_INSUFFICIENT_CPU 0x00000004
#define CLUSRES_STATUS_FAILED_DUE_TO_INSUFFICIENT_MEMORY 0x00000008
#define CLUSRES_STATUS_FAILED_DUE_TO_INSUFFICIENT_GENERIC_RESOURCES 0x00000010
#define CLUSRES_STATUS_NETWORK_FAILURE 0x00000020
#define CLUSRES_STATUS_UNMONITORED 0x00000040
#define CLUSRES_STATUS_OS_HEARTBEAT 0x00000080
#define CLUSRES_STATUS_APPLICATION_READY 0x00000100

/* StatusInformation of a group. */
#define CLUSGRP_STATUS_LOCKED_MODE 0x00000001
#define CLUSGRP_STATUS_PREEMPTED 0x00000002
#define CLUSGRP_STATUS_WAITING_IN_QUEUE_FOR_MOVE 0x00000004
#define CLUSGRP_STATUS_PHYSICAL_RESOURCES_LACKING 0x00000008
#define CLUSGRP_STATUS_WAITING_TO_START 0x00000010
#define CLUSGRP_STATUS_EMBEDDED_FAILURE 0x00000020
#define CLUSGRP_STATUS_OFFLINE_DUE_TO_ANTIAFFINITY_CONFLICT 0x00000040
#define CLUSGRP_STATUS_NETWORK_FAILURE 0x00000080
#define CLUSGRP_STATUS_UNMONITORED 0x00000100
#define CLUSGRP_STATUS_OS_HEARTBEAT 0x00000200
#define CLUSGRP_STATUS_APPLICATION_READY 0x00000400
#define CLUSGRP_STATUS_WAITING_FOR_DEPENDENCIES 0x00001000

/* Characteristics of a resource type. */
#define CLUS_CHAR_UNKNOWN 0x00000000
#define CLUS_CHAR_QUORUM 0x00000001
#define CLUS_CHAR_DELETE_REQUIRES_ALL_NODES 0x00000002
#define CLUS_CHAR_LOCAL_QUORUM 0x00000004
#define CLUS_CHAR_LOCAL_QUORUM_DEBUG 0x00000008
#define CLUS_CHAR_REQUIRES_STATE_CHANGE_REASON 0x00000010
#define CLUS_CHAR_BROADCAST_DELETE 0x00000020
#define CLUS_CHAR_SINGLE_CLUSTER_INSTANCE 0x00000040
#define CLUS_CHAR_SINGLE_GROUP_INSTANCE 0x00000080
#define CLUS_CHAR_COEXIST_IN_SHARED_VOLUME_GROUP 0x00000100
#define CLUS_CHAR_PLACEMENT_DATA 0x00000200
#define CLUS_CHAR_MONITOR_DETACH 0x00000400
#define CLUS_CHAR_MONITOR_REATTACH 0x00000800
#define CLUS_CHAR_OPERATION_CONTEXT 0x00001000
#define CLUS_CHAR_CLONES 0x00002000
#define CLUS_CHAR_NOT_PREEMPTABLE 0x00004000
#define CLUS_CHAR_NOTIFY_NEW_OWNER 0x00008000
#define CLUS_CHAR_SUPPORTS_UNMONITORED_STATE 0x00010000
#define CLUS_CHAR_INFRASTRUCTURE 0x00020000
#define CLUS_CHAR_VETO_DRAIN 0x00040000
#define CLUS_CHAR_DRAIN_LOCAL_OFFLINE 0x00080000

/* What an instruction for "Virtual Machine" says: the value of the property of that name in an offline call. */
typedef enum VM_RESDLL_CONTEXT {
    VmResdllContextTurnOff = 0,
    VmResdllContextSave = 1,
    VmResdllContextShutdown = 2,
    VmResdllContextShutdownForce = 3,
    VmResdllContextLiveMigration = 4
} VM_RESDLL_CONTEXT;

/* ---- Masks of the enumerations ----------------------------------------------------------------------------- */

#define CLUSTER_ENUM_NODE 0x00000001
#define CLUSTER_ENUM_RESTYPE 0x00000002
#define CLUSTER_ENUM_RESOURCE 0x00000004
#define CLUSTER_ENUM_GROUP 0x00000008
#define CLUSTER_ENUM_NETWORK 0x00000010
#define CLUSTER_ENUM_NETINTERFACE 0x00000020
#define CLUSTER_ENUM_ALL 0x0000003F
#define CLUSTER_ENUM_SHARED_VOLUME_GROUP 0x20000000
#define CLUSTER_ENUM_SHARED_VOLUME_RESOURCE 0x40000000
#define CLUSTER_ENUM_INTERNAL_NETWORK 0x80000000u

#define CLUSTER_GROUP_ENUM_CONTAINS 0x00000001
#define CLUSTER_GROUP_ENUM_NODES 0x00000002
#define CLUSTER_GROUP_ENUM_ALL 0x00000003

#define CLUSTER_RESOURCE_ENUM_DEPENDS 0x00000001
#define CLUSTER_RESOURCE_ENUM_PROVIDES 0x00000002
#define CLUSTER_RESOURCE_ENUM_NODES 0x00000004
#define CLUSTER_RESOURCE_ENUM_ALL 0x00000007

#define CLUSTER_NODE_ENUM_NETINTERFACES 0x00000001
#define CLUSTER_NODE_ENUM_GROUPS 0x00000002
#define CLUSTER_NODE_ENUM_PREFERRED_GROUPS 0x00000004
/* Without the preferred groups. */
#define CLUSTER_NODE_ENUM_ALL 0x00000003

#define CLUSTER_NETWORK_ENUM_NETINTERFACES 0x00000001
#define CLUSTER_NETWORK_ENUM_ALL CLUSTER_NETWORK_ENUM_NETINTERFACES

#define CLUSTER_RESOURCE_TYPE_ENUM_NODES 0x00000001
#define CLUSTER_RESOURCE_TYPE_ENUM_RESOURCES 0x00000002
#define CLUSTER_RESOURCE_TYPE_ENUM_ALL 0x00000003

/* ---- Structures -------------------------------------------------------------------------------------------- */

/* Sizes named cb are in bytes, those of strings with the closing NUL. The strings of an item lie behind it in the
 * caller's buffer. */

typedef struct CLUSTERVERSIONINFO {
    DWORD dwVersionInfoSize; /* set to sizeof(CLUSTERVERSIONINFO) before the call */
    WORD MajorVersion;
    WORD MinorVersion;
    WORD BuildNumber;
    WCHAR szVendorId[64];
    WCHAR szCSDVersion[64];
    DWORD dwClusterHighestVersion;
    DWORD dwClusterLowestVersion;
    DWORD dwFlags;
    DWORD dwReserved;
} CLUSTERVERSIONINFO, *LPCLUSTERVERSIONINFO, *PCLUSTERVERSIONINFO;

#define CLUSTER_ENUM_ITEM_VERSION_1 0x00000001
#define CLUSTER_ENUM_ITEM_VERSION CLUSTER_ENUM_ITEM_VERSION_1
typedef struct CLUSTER_ENUM_ITEM {
    DWORD dwVersion;
    DWORD dwType;
    DWORD cbId;
    LPWSTR lpszId;
    DWORD cbName;
    LPWSTR lpszName;
} CLUSTER_ENUM_ITEM, *PCLUSTER_ENUM_ITEM;

#define CLUSTER_GROUP_ENUM_ITEM_VERSION_1 0x00000001
#define CLUSTER_GROUP_ENUM_ITEM_VERSION CLUSTER_GROUP_ENUM_ITEM_VERSION_1
typedef struct CLUSTER_GROUP_ENUM_ITEM {
    DWORD dwVersion;
    DWORD cbId;
    LPWSTR lpszId;
    DWORD cbName;
    LPWSTR lpszName;
    CLUSTER_GROUP_STATE state;
    DWORD cbOwnerNode;
    LPWSTR lpszOwnerNode;
    DWORD dwFlags;
    DWORD cbProperties;
    PVOID pProperties;
    DWORD cbRoProperties;
    PVOID pRoProperties;
} CLUSTER_GROUP_ENUM_ITEM, *PCLUSTER_GROUP_ENUM_ITEM;

#define CLUSTER_RESOURCE_ENUM_ITEM_VERSION_1 0x00000001
#define CLUSTER_RESOURCE_ENUM_ITEM_VERSION CLUSTER_RESOURCE_ENUM_ITEM_VERSION_1
typedef struct CLUSTER_RESOURCE_ENUM_ITEM {
    DWORD dwVersion;
    DWORD cbId;
    LPWSTR lpszId;
    DWORD cbName;
    LPWSTR lpszName;
    DWORD cbOwnerGroupName;
    LPWSTR lpszOwnerGroupName;
    DWORD cbOwnerGroupId;
    LPWSTR lpszOwnerGroupId;
    DWORD cbProperties;
    PVOID pProperties;
    DWORD cbRoProperties;
    PVOID pRoProperties;
} CLUSTER_RESOURCE_ENUM_ITEM, *PCLUSTER_RESOURCE_ENUM_ITEM;

__extension__ typedef struct CLUS_RESOURCE_CLASS_INFO {
    __extension__ union {
        __extension__ struct {
            DWORD rc; /* CLUSTER_RESOURCE_CLASS */
            DWORD SubClass;
        };
        ULARGE_INTEGER li;
    };
} CLUS_RESOURCE_CLASS_INFO, *PCLUS_RESOURCE_CLASS_INFO;

MAINSTAY_EXTERN_C_BEGIN

/* ---- The cluster ------------------------------------------------------------------------------------------- */

/* NULL opens the cluster of this machine, at the socket that MAINSTAY_SOCKET names or at the usual place. */
CLUSAPI_WIDE(HCLUSTER, OpenCluster, (LPCWSTR lpszClusterName));
CLUSAPI_WIDE(HCLUSTER, OpenClusterEx, (LPCWSTR lpszClusterName, DWORD DesiredAccess, DWORD *GrantedAccess));
CLUSAPI(BOOL, CloseCluster, (HCLUSTER hCluster));
/* Takes effect at once. */
CLUSAPI_WIDE(DWORD, SetClusterName, (HCLUSTER hCluster, LPCWSTR lpszNewClusterName));
/* The path is one of the service's machine, and absolute: a directory that is there, or a new file in one. */
CLUSAPI_WIDE(DWORD, BackupClusterDatabase, (HCLUSTER hCluster, LPCWSTR lpszPathName));
CLUSAPI_WIDE(DWORD, GetClusterInformation,
             (HCLUSTER hCluster, LPWSTR lpszClusterName, LPDWORD lpcchClusterName,
              LPCLUSTERVERSIONINFO lpClusterInfo));
CLUSAPI(DWORD, ClusterControl,
        (HCLUSTER hCluster, HNODE hHostNode, DWORD dwControlCode, LPVOID lpInBuffer, DWORD nInBufferSize,
         LPVOID lpOutBuffer, DWORD nOutBufferSize, LPDWORD lpBytesReturned));

CLUSAPI(HCLUSENUM, ClusterOpenEnum, (HCLUSTER hCluster, DWORD dwType));
CLUSAPI(DWORD, ClusterGetEnumCount, (HCLUSENUM hEnum));
CLUSAPI_WIDE(DWORD, ClusterEnum,
             (HCLUSENUM hEnum, DWORD dwIndex, LPDWORD lpdwType, LPWSTR lpszName, LPDWORD lpcchName));
CLUSAPI(DWORD, ClusterCloseEnum, (HCLUSENUM hEnum));

CLUSAPI(HCLUSENUMEX, ClusterOpenEnumEx, (HCLUSTER hCluster, DWORD dwType, PVOID pOptions));
CLUSAPI(DWORD, ClusterGetEnumCountEx, (HCLUSENUMEX hClusterEnum));
CLUSAPI_WIDE(DWORD, ClusterEnumEx,
             (HCLUSENUMEX hClusterEnum, DWORD dwIndex, PCLUSTER_ENUM_ITEM pItem, LPDWORD cbItem));
CLUSAPI(DWORD, ClusterCloseEnumEx, (HCLUSENUMEX hClusterEnum));

/* ---- Nodes ------------------------------------------------------------------------------------------------- */

CLUSAPI_WIDE(HNODE, OpenClusterNode, (HCLUSTER hCluster, LPCWSTR lpszNodeName));
CLUSAPI_WIDE(HNODE, OpenClusterNodeEx,
             (HCLUSTER hCluster, LPCWSTR lpszNodeName, DWORD dwDesiredAccess, DWORD *lpdwGrantedAccess));
CLUSAPI(BOOL, CloseClusterNode, (HNODE hNode));
CLUSAPI(CLUSTER_NODE_STATE, GetClusterNodeState, (HNODE hNode));
CLUSAPI(HCLUSTER, GetClusterFromNode, (HNODE hNode));
CLUSAPI(DWORD, PauseClusterNode, (HNODE hNode));
CLUSAPI(DWORD, PauseClusterNodeEx, (HNODE hNode, BOOL bDrainNode, DWORD dwPauseFlags, HNODE hNodeDrainTarget));
CLUSAPI_WIDE(DWORD, PauseClusterNodeEx2,
             (HNODE hNode, BOOL bDrainNode, DWORD dwPauseFlags, HNODE hNodeDrainTarget, LPCWSTR lpszReason));
CLUSAPI(DWORD, ResumeClusterNode, (HNODE hNode));
CLUSAPI(DWORD, ResumeClusterNodeEx,
        (HNODE hNode, CLUSTER_NODE_RESUME_FAILBACK_TYPE eResumeFailbackType, DWORD dwResumeFlagsReserved));
CLUSAPI_WIDE(DWORD, ResumeClusterNodeEx2,
             (HNODE hNode, CLUSTER_NODE_RESUME_FAILBACK_TYPE eResumeFailbackType, DWORD dwResumeFlagsReserved,
              LPCWSTR lpszReason));
CLUSAPI(DWORD, ClusterNodeControl,
        (HNODE hNode, HNODE hHostNode, DWORD dwControlCode, LPVOID lpInBuffer, DWORD nInBufferSize,
         LPVOID lpOutBuffer, DWORD nOutBufferSize, LPDWORD lpBytesReturned));

CLUSAPI(HNODEENUM, ClusterNodeOpenEnum, (HNODE hNode, DWORD dwType));
CLUSAPI(DWORD, ClusterNodeGetEnumCount, (HNODEENUM hNodeEnum));
CLUSAPI_WIDE(DWORD, ClusterNodeEnum,
             (HNODEENUM hNodeEnum, DWORD dwIndex, LPDWORD lpdwType, LPWSTR lpszName, LPDWORD lpcchName));
CLUSAPI(DWORD, ClusterNodeCloseEnum, (HNODEENUM hNodeEnum));

/* ---- Networks ---------------------------------------------------------------------------------------------- */

CLUSAPI_WIDE(HNETWORK, OpenClusterNetwork, (HCLUSTER hCluster, LPCWSTR lpszNetworkName));
CLUSAPI_WIDE(HNETWORK, OpenClusterNetworkEx,
             (HCLUSTER hCluster, LPCWSTR lpszNetworkName, DWORD dwDesiredAccess, DWORD *lpdwGrantedAccess));
CLUSAPI(BOOL, CloseClusterNetwork, (HNETWORK hNetwork));
CLUSAPI(HCLUSTER, GetClusterFromNetwork, (HNETWORK hNetwork));
CLUSAPI(CLUSTER_NETWORK_STATE, GetClusterNetworkState, (HNETWORK hNetwork));
CLUSAPI_WIDE(DWORD, SetClusterNetworkName, (HNETWORK hNetwork, LPCWSTR lpszName));
CLUSAPI_WIDE(DWORD, GetClusterNetworkId, (HNETWORK hNetwork, LPWSTR lpszNetworkId, LPDWORD lpcchName));
CLUSAPI(DWORD, ClusterNetworkControl,
        (HNETWORK hNetwork, HNODE hHostNode, DWORD dwControlCode, LPVOID lpInBuffer, DWORD nInBufferSize,
         LPVOID lpOutBuffer, DWORD nOutBufferSize, LPDWORD lpBytesReturned));

CLUSAPI(HNETWORKENUM, ClusterNetworkOpenEnum, (HNETWORK hNetwork, DWORD dwType));
CLUSAPI(DWORD, ClusterNetworkGetEnumCount, (HNETWORKENUM hNetworkEnum));
CLUSAPI_WIDE(DWORD, ClusterNetworkEnum,
             (HNETWORKENUM hNetworkEnum, DWORD dwIndex, LPDWORD lpdwType, LPWSTR lpszName, LPDWORD lpcchName));
CLUSAPI(DWORD, ClusterNetworkCloseEnum, (HNETWORKENUM hNetworkEnum));

/* ---- Network interfaces ------------------------------------------------------------------------------------ */

CLUSAPI_WIDE(HNETINTERFACE, OpenClusterNetInterface, (HCLUSTER hCluster, LPCWSTR lpszInterfaceName));
CLUSAPI_WIDE(HNETINTERFACE, OpenClusterNetInterfaceEx,
             (HCLUSTER hCluster, LPCWSTR lpszInterfaceName, DWORD dwDesiredAccess, DWORD *lpdwGrantedAccess));
CLUSAPI(BOOL, CloseClusterNetInterface, (HNETINTERFACE hNetInterface));
CLUSAPI(HCLUSTER, GetClusterFromNetInterface, (HNETINTERFACE hNetInterface));
CLUSAPI_WIDE(DWORD, GetClusterNetInterface,
             (HCLUSTER hCluster, LPCWSTR lpszNodeName, LPCWSTR lpszNetworkName, LPWSTR lpszInterfaceName,
              LPDWORD lpcchInterfaceName));
CLUSAPI(CLUSTER_NETINTERFACE_STATE, GetClusterNetInterfaceState, (HNETINTERFACE hNetInterface));
CLUSAPI(DWORD, ClusterNetInterfaceControl,
        (HNETINTERFACE hNetInterface, HNODE hHostNode, DWORD dwControlCode, LPVOID lpInBuffer,
         DWORD nInBufferSize, LPVOID lpOutBuffer, DWORD nOutBufferSize, LPDWORD lpBytesReturned));

/* The interfaces of a node on a network; NULL stands for all. */
CLUSAPI_WIDE(HNETINTERFACEENUM, ClusterNetInterfaceOpenEnum,
             (HCLUSTER hCluster, LPCWSTR lpszNodeName, LPCWSTR lpszNetworkName));
CLUSAPI_WIDE(DWORD, ClusterNetInterfaceEnum,
             (HNETINTERFACEENUM hNetInterfaceEnum, DWORD dwIndex, LPWSTR lpszName, LPDWORD lpcchName));
CLUSAPI(DWORD, ClusterNetInterfaceCloseEnum, (HNETINTERFACEENUM hNetInterfaceEnum));

/* What CreateClusterGroupEx makes. */
#define CLUSTER_CREATE_GROUP_INFO_VERSION_1 0x00000001
typedef struct CLUSTER_CREATE_GROUP_INFO {
    DWORD dwVersion;
    DWORD groupType; /* a GroupType, 9999 for none in particular */
} CLUSTER_CREATE_GROUP_INFO, *PCLUSTER_CREATE_GROUP_INFO;

/* ---- Groups ------------------------------------------------------------------------------------------------ */

CLUSAPI_WIDE(HGROUP, CreateClusterGroup, (HCLUSTER hCluster, LPCWSTR lpszGroupName));
/* NULL makes a group of no stated type. */
CLUSAPI_WIDE(HGROUP, CreateClusterGroupEx,
             (HCLUSTER hCluster, LPCWSTR lpszGroupName, PCLUSTER_CREATE_GROUP_INFO pGroupInfo));
CLUSAPI(DWORD, DeleteClusterGroup, (HGROUP hGroup));
/* The group goes offline, which is waited for, and is deleted with its resources. */
CLUSAPI(DWORD, DestroyClusterGroup, (HGROUP hGroup));
CLUSAPI_WIDE(HGROUP, OpenClusterGroup, (HCLUSTER hCluster, LPCWSTR lpszGroupName));
CLUSAPI_WIDE(HGROUP, OpenClusterGroupEx,
             (HCLUSTER hCluster, LPCWSTR lpszGroupName, DWORD dwDesiredAccess, DWORD *lpdwGrantedAccess));
CLUSAPI(BOOL, CloseClusterGroup, (HGROUP hGroup));
CLUSAPI(HCLUSTER, GetClusterFromGroup, (HGROUP hGroup));
CLUSAPI_WIDE(DWORD, SetClusterGroupName, (HGROUP hGroup, LPCWSTR lpszGroupName));
CLUSAPI_WIDE(CLUSTER_GROUP_STATE, GetClusterGroupState,
             (HGROUP hGroup, LPWSTR lpszNodeName, LPDWORD lpcchNodeName));
CLUSAPI(DWORD, OnlineClusterGroup, (HGROUP hGroup, HNODE hDestinationNode));
CLUSAPI(DWORD, OnlineClusterGroupEx,
        (HGROUP hGroup, HNODE hDestinationNode, DWORD dwOnlineFlags, PBYTE lpInBuffer, DWORD cbInBufferSize));
CLUSAPI(DWORD, OfflineClusterGroup, (HGROUP hGroup));
CLUSAPI(DWORD, OfflineClusterGroupEx,
        (HGROUP hGroup, DWORD dwOfflineFlags, PBYTE lpInBuffer, DWORD cbInBufferSize));
/* NULL is the best other node. So far a cluster has one node: what is not on the node already is refused. */
CLUSAPI(DWORD, MoveClusterGroup, (HGROUP hGroup, HNODE hDestinationNode));
CLUSAPI(DWORD, MoveClusterGroupEx,
        (HGROUP hGroup, HNODE hDestinationNode, DWORD dwMoveFlags, PBYTE lpInBuffer, DWORD cbInBufferSize));
CLUSAPI(DWORD, SetClusterGroupNodeList, (HGROUP hGroup, DWORD NodeCount, HNODE *NodeList));
CLUSAPI(DWORD, CancelClusterGroupOperation, (HGROUP hGroup, DWORD dwCancelFlags_RESERVED));
CLUSAPI(DWORD, ClusterGroupControl,
        (HGROUP hGroup, HNODE hHostNode, DWORD dwControlCode, LPVOID lpInBuffer, DWORD nInBufferSize,
         LPVOID lpOutBuffer, DWORD nOutBufferSize, LPDWORD lpBytesReturned));

CLUSAPI(HGROUPENUM, ClusterGroupOpenEnum, (HGROUP hGroup, DWORD dwType));
CLUSAPI(DWORD, ClusterGroupGetEnumCount, (HGROUPENUM hGroupEnum));
CLUSAPI_WIDE(DWORD, ClusterGroupEnum,
             (HGROUPENUM hGroupEnum, DWORD dwIndex, LPDWORD lpdwType, LPWSTR lpszResourceName,
              LPDWORD lpcchName));
CLUSAPI(DWORD, ClusterGroupCloseEnum, (HGROUPENUM hGroupEnum));

CLUSAPI_WIDE(HGROUPENUMEX, ClusterGroupOpenEnumEx,
             (HCLUSTER hCluster, LPCWSTR lpszProperties, DWORD cbProperties, LPCWSTR lpszRoProperties,
              DWORD cbRoProperties, DWORD dwFlags));
CLUSAPI(DWORD, ClusterGroupGetEnumCountEx, (HGROUPENUMEX hGroupEnumEx));
CLUSAPI_WIDE(DWORD, ClusterGroupEnumEx,
             (HGROUPENUMEX hGroupEnumEx, DWORD dwIndex, PCLUSTER_GROUP_ENUM_ITEM pItem, LPDWORD cbItem));
CLUSAPI(DWORD, ClusterGroupCloseEnumEx, (HGROUPENUMEX hGroupEnumEx));

/* ---- Group sets, and the order in which groups start ------------------------------------------------------- */

CLUSAPI_WIDE(HGROUPSET, CreateClusterGroupSet, (HCLUSTER hCluster, LPCWSTR groupSetName));
CLUSAPI_WIDE(HGROUPSET, OpenClusterGroupSet, (HCLUSTER hCluster, LPCWSTR lpszGroupSetName));
CLUSAPI(BOOL, CloseClusterGroupSet, (HGROUPSET hGroupSet));
CLUSAPI(DWORD, DeleteClusterGroupSet, (HGROUPSET hGroupSet));
CLUSAPI(DWORD, ClusterAddGroupToGroupSet, (HGROUPSET hGroupSet, HGROUP hGroup));
CLUSAPI(DWORD, ClusterRemoveGroupFromGroupSet, (HGROUP hGroup));
CLUSAPI(DWORD, ClusterGroupSetControl,
        (HGROUPSET hGroupSet, HNODE hHostNode, DWORD dwControlCode, LPVOID lpInBuffer, DWORD cbInBufferSize,
         LPVOID lpOutBuffer, DWORD cbOutBufferSize, LPDWORD lpBytesReturned));
CLUSAPI(DWORD, AddClusterGroupDependency, (HGROUP hDependentGroup, HGROUP hProviderGroup));
CLUSAPI_WIDE(DWORD, SetGroupDependencyExpression, (HGROUP hGroup, LPCWSTR lpszDependencyExpression));
CLUSAPI(DWORD, RemoveClusterGroupDependency, (HGROUP hGroup, HGROUP hDependsOn));
CLUSAPI(DWORD, AddClusterGroupSetDependency, (HGROUPSET hDependentGroupSet, HGROUPSET hProviderGroupSet));
CLUSAPI_WIDE(DWORD, SetClusterGroupSetDependencyExpression, (HGROUPSET hGroupSet, LPCWSTR lpszDependencyExpression));
CLUSAPI(DWORD, RemoveClusterGroupSetDependency, (HGROUPSET hGroupSet, HGROUPSET hDependsOn));
CLUSAPI(DWORD, AddClusterGroupToGroupSetDependency, (HGROUP hDependentGroup, HGROUPSET hProviderGroupSet));
CLUSAPI(DWORD, RemoveClusterGroupToGroupSetDependency, (HGROUP hGroup, HGROUPSET hDependsOn));

CLUSAPI(HGROUPSETENUM, ClusterGroupSetOpenEnum, (HCLUSTER hCluster));
CLUSAPI(DWORD, ClusterGroupSetGetEnumCount, (HGROUPSETENUM hGroupSetEnum));
CLUSAPI_WIDE(DWORD, ClusterGroupSetEnum,
             (HGROUPSETENUM hGroupSetEnum, DWORD dwIndex, LPWSTR lpszName, LPDWORD lpcchName));
CLUSAPI(DWORD, ClusterGroupSetCloseEnum, (HGROUPSETENUM hGroupSetEnum));

/* ---- Resources --------------------------------------------------------------------------------------------- */

CLUSAPI_WIDE(HRESOURCE, CreateClusterResource,
             (HGROUP hGroup, LPCWSTR lpszResourceName, LPCWSTR lpszResourceType, DWORD dwFlags));
CLUSAPI(DWORD, DeleteClusterResource, (HRESOURCE hResource));
CLUSAPI_WIDE(HRESOURCE, OpenClusterResource, (HCLUSTER hCluster, LPCWSTR lpszResourceName));
CLUSAPI_WIDE(HRESOURCE, OpenClusterResourceEx,
             (HCLUSTER hCluster, LPCWSTR lpszResourceName, DWORD dwDesiredAccess, DWORD *lpdwGrantedAccess));
CLUSAPI(BOOL, CloseClusterResource, (HRESOURCE hResource));
CLUSAPI(HCLUSTER, GetClusterFromResource, (HRESOURCE hResource));
/* Also while an operation on it runs. */
CLUSAPI_WIDE(DWORD, SetClusterResourceName, (HRESOURCE hResource, LPCWSTR lpszResourceName));
CLUSAPI_WIDE(CLUSTER_RESOURCE_STATE, GetClusterResourceState,
             (HRESOURCE hResource, LPWSTR lpszNodeName, LPDWORD lpcchNodeName, LPWSTR lpszGroupName,
              LPDWORD lpcchGroupName));

CLUSAPI(DWORD, OnlineClusterResource, (HRESOURCE hResource));
CLUSAPI(DWORD, OnlineClusterResourceEx,
        (HRESOURCE hResource, DWORD dwOnlineFlags, PBYTE lpInBuffer, DWORD cbInBufferSize));
CLUSAPI(DWORD, OfflineClusterResource, (HRESOURCE hResource));
/* lpInBuffer is a property list. The property that has the name of the resource's type is the instruction for it. */
CLUSAPI(DWORD, OfflineClusterResourceEx,
        (HRESOURCE hResource, DWORD dwOfflineFlags, PBYTE lpInBuffer, DWORD cbInBufferSize));
/* lpszReason is for people; it is kept in the journal. NULL says nothing. */
CLUSAPI_WIDE(DWORD, OfflineClusterResourceEx2,
             (HRESOURCE hResource, DWORD dwOfflineFlags, PBYTE lpInBuffer, DWORD cbInBufferSize,
              LPCWSTR lpszReason));
CLUSAPI(DWORD, FailClusterResource, (HRESOURCE hResource));
CLUSAPI(DWORD, RestartClusterResource, (HRESOURCE hResource, DWORD dwFlags));

CLUSAPI(DWORD, AddClusterResourceDependency, (HRESOURCE hResource, HRESOURCE hDependsOn));
CLUSAPI(DWORD, RemoveClusterResourceDependency, (HRESOURCE hResource, HRESOURCE hDependsOn));
/* "([a] or [b]) and ([c])": names or ids in brackets, every one of the same group. NULL or "" ends all dependencies. */
CLUSAPI_WIDE(DWORD, SetClusterResourceDependencyExpression,
             (HRESOURCE hResource, LPCWSTR lpszDependencyExpression));
/* The same with ids. The length counts characters; on return it is without the closing zero. */
CLUSAPI_WIDE(DWORD, GetClusterResourceDependencyExpression,
             (HRESOURCE hResource, LPWSTR lpszDependencyExpression, LPDWORD lpcchDependencyExpression));
CLUSAPI(BOOL, CanResourceBeDependent, (HRESOURCE hResource, HRESOURCE hResourceDependent));

/* The nodes on which the resource may be. Without a call all nodes are. */
CLUSAPI(DWORD, AddClusterResourceNode, (HRESOURCE hResource, HNODE hNode));
CLUSAPI(DWORD, RemoveClusterResourceNode, (HRESOURCE hResource, HNODE hNode));

CLUSAPI(DWORD, ClusterResourceControl,
        (HRESOURCE hResource, HNODE hHostNode, DWORD dwControlCode, LPVOID lpInBuffer, DWORD cbInBufferSize,
         LPVOID lpOutBuffer, DWORD cbOutBufferSize, LPDWORD lpBytesReturned));

CLUSAPI(HRESENUM, ClusterResourceOpenEnum, (HRESOURCE hResource, DWORD dwType));
CLUSAPI(DWORD, ClusterResourceGetEnumCount, (HRESENUM hResEnum));
CLUSAPI_WIDE(DWORD, ClusterResourceEnum,
             (HRESENUM hResEnum, DWORD dwIndex, LPDWORD lpdwType, LPWSTR lpszName, LPDWORD lpcchName));
CLUSAPI(DWORD, ClusterResourceCloseEnum, (HRESENUM hResEnum));

CLUSAPI_WIDE(HRESENUMEX, ClusterResourceOpenEnumEx,
             (HCLUSTER hCluster, LPCWSTR lpszProperties, DWORD cbProperties, LPCWSTR lpszRoProperties,
              DWORD cbRoProperties, DWORD dwFlags));
CLUSAPI(DWORD, ClusterResourceGetEnumCountEx, (HRESENUMEX hResourceEnumEx));
CLUSAPI_WIDE(DWORD, ClusterResourceEnumEx,
             (HRESENUMEX hResourceEnumEx, DWORD dwIndex, PCLUSTER_RESOURCE_ENUM_ITEM pItem, LPDWORD cbItem));
CLUSAPI(DWORD, ClusterResourceCloseEnumEx, (HRESENUMEX hResourceEnumEx));

/* ---- Resource types ---------------------------------------------------------------------------------------- */

/* The intervals are in milliseconds. */
CLUSAPI_WIDE(DWORD, CreateClusterResourceType,
             (HCLUSTER hCluster, LPCWSTR lpszResourceTypeName, LPCWSTR lpszDisplayName,
              LPCWSTR lpszResourceTypeDll, DWORD dwLooksAlivePollInterval, DWORD dwIsAlivePollInterval));
CLUSAPI_WIDE(DWORD, DeleteClusterResourceType, (HCLUSTER hCluster, LPCWSTR lpszResourceTypeName));
CLUSAPI_WIDE(DWORD, ClusterResourceTypeControl,
             (HCLUSTER hCluster, LPCWSTR lpszResourceTypeName, HNODE hHostNode, DWORD dwControlCode,
              LPVOID lpInBuffer, DWORD nInBufferSize, LPVOID lpOutBuffer, DWORD nOutBufferSize,
              LPDWORD lpBytesReturned));

/* ---- The same, with a reason ------------------------------------------------------------------------------- */

/* lpszReason is for people; it is kept in the journal, with the record of the call. NULL or "" says nothing. */
CLUSAPI_WIDE(DWORD, SetClusterNameEx, (HCLUSTER hCluster, LPCWSTR lpszNewClusterName, LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, ClusterControlEx,
             (HCLUSTER hCluster, HNODE hHostNode, DWORD dwControlCode, LPVOID lpInBuffer, DWORD nInBufferSize,
              LPVOID lpOutBuffer, DWORD nOutBufferSize, LPDWORD lpBytesReturned, LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, ClusterNodeControlEx,
             (HNODE hNode, HNODE hHostNode, DWORD dwControlCode, LPVOID lpInBuffer, DWORD nInBufferSize,
              LPVOID lpOutBuffer, DWORD nOutBufferSize, LPDWORD lpBytesReturned, LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, SetClusterNetworkNameEx, (HNETWORK hNetwork, LPCWSTR lpszName, LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, ClusterNetworkControlEx,
             (HNETWORK hNetwork, HNODE hHostNode, DWORD dwControlCode, LPVOID lpInBuffer, DWORD nInBufferSize,
              LPVOID lpOutBuffer, DWORD nOutBufferSize, LPDWORD lpBytesReturned, LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, ClusterNetInterfaceControlEx,
             (HNETINTERFACE hNetInterface, HNODE hHostNode, DWORD dwControlCode, LPVOID lpInBuffer,
              DWORD nInBufferSize, LPVOID lpOutBuffer, DWORD nOutBufferSize, LPDWORD lpBytesReturned,
              LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, DeleteClusterGroupEx, (HGROUP hGroup, LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, DestroyClusterGroupEx, (HGROUP hGroup, LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, SetClusterGroupNameEx, (HGROUP hGroup, LPCWSTR lpszGroupName, LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, OnlineClusterGroupEx2,
             (HGROUP hGroup, HNODE hDestinationNode, DWORD dwOnlineFlags, PBYTE lpInBuffer,
              DWORD cbInBufferSize, LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, OfflineClusterGroupEx2,
             (HGROUP hGroup, DWORD dwOfflineFlags, PBYTE lpInBuffer, DWORD cbInBufferSize, LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, MoveClusterGroupEx2,
             (HGROUP hGroup, HNODE hDestinationNode, DWORD dwMoveFlags, PBYTE lpInBuffer,
              DWORD cbInBufferSize, LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, SetClusterGroupNodeListEx,
             (HGROUP hGroup, DWORD NodeCount, HNODE *NodeList, LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, ClusterGroupControlEx,
             (HGROUP hGroup, HNODE hHostNode, DWORD dwControlCode, LPVOID lpInBuffer, DWORD nInBufferSize,
              LPVOID lpOutBuffer, DWORD nOutBufferSize, LPDWORD lpBytesReturned, LPCWSTR lpszReason));
CLUSAPI_WIDE(HRESOURCE, CreateClusterResourceEx,
             (HGROUP hGroup, LPCWSTR lpszResourceName, LPCWSTR lpszResourceType, DWORD dwFlags,
              LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, DeleteClusterResourceEx, (HRESOURCE hResource, LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, SetClusterResourceNameEx, (HRESOURCE hResource, LPCWSTR lpszResourceName, LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, OnlineClusterResourceEx2,
             (HRESOURCE hResource, DWORD dwOnlineFlags, PBYTE lpInBuffer, DWORD cbInBufferSize,
              LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, FailClusterResourceEx, (HRESOURCE hResource, LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, RestartClusterResourceEx, (HRESOURCE hResource, DWORD dwFlags, LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, AddClusterResourceDependencyEx,
             (HRESOURCE hResource, HRESOURCE hDependsOn, LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, RemoveClusterResourceDependencyEx,
             (HRESOURCE hResource, HRESOURCE hDependsOn, LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, AddClusterResourceNodeEx, (HRESOURCE hResource, HNODE hNode, LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, RemoveClusterResourceNodeEx, (HRESOURCE hResource, HNODE hNode, LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, ClusterResourceControlEx,
             (HRESOURCE hResource, HNODE hHostNode, DWORD dwControlCode, LPVOID lpInBuffer,
              DWORD cbInBufferSize, LPVOID lpOutBuffer, DWORD cbOutBufferSize, LPDWORD lpBytesReturned,
              LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, CreateClusterResourceTypeEx,
             (HCLUSTER hCluster, LPCWSTR lpszResourceTypeName, LPCWSTR lpszDisplayName,
              LPCWSTR lpszResourceTypeDll, DWORD dwLooksAlivePollInterval, DWORD dwIsAlivePollInterval,
              LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, DeleteClusterResourceTypeEx,
             (HCLUSTER hCluster, LPCWSTR lpszResourceTypeName, LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, ClusterResourceTypeControlEx,
             (HCLUSTER hCluster, LPCWSTR lpszResourceTypeName, HNODE hHostNode, DWORD dwControlCode,
              LPVOID lpInBuffer, DWORD nInBufferSize, LPVOID lpOutBuffer, DWORD nOutBufferSize,
              LPDWORD lpBytesReturned, LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, DeleteClusterGroupSetEx, (HGROUPSET hGroupSet, LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, ClusterRemoveGroupFromGroupSetEx, (HGROUP hGroup, LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, ClusterGroupSetControlEx,
             (HGROUPSET hGroupSet, HNODE hHostNode, DWORD dwControlCode, LPVOID lpInBuffer,
              DWORD cbInBufferSize, LPVOID lpOutBuffer, DWORD cbOutBufferSize, LPDWORD lpBytesReturned,
              LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, AddClusterGroupDependencyEx,
             (HGROUP hDependentGroup, HGROUP hProviderGroup, LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, SetGroupDependencyExpressionEx,
             (HGROUP hGroup, LPCWSTR lpszDependencyExpression, LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, RemoveClusterGroupDependencyEx, (HGROUP hGroup, HGROUP hDependsOn, LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, AddClusterGroupSetDependencyEx,
             (HGROUPSET hDependentGroupSet, HGROUPSET hProviderGroupSet, LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, SetClusterGroupSetDependencyExpressionEx,
             (HGROUPSET hGroupSet, LPCWSTR lpszDependencyExpression, LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, RemoveClusterGroupSetDependencyEx,
             (HGROUPSET hGroupSet, HGROUPSET hDependsOn, LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, AddClusterGroupToGroupSetDependencyEx,
             (HGROUP hDependentGroup, HGROUPSET hProviderGroupSet, LPCWSTR lpszReason));
CLUSAPI_WIDE(DWORD, RemoveClusterGroupToGroupSetDependencyEx,
             (HGROUP hGroup, HGROUPSET hDependsOn, LPCWSTR lpszReason));

/* ---- Notification ports, version 2 ------------------------------------------------------------------------- */

/* (HCHANGE)INVALID_HANDLE_VALUE makes a new port; an existing port gains the filters. */
CLUSAPI(HCHANGE, CreateClusterNotifyPortV2,
        (HCHANGE hChange, HCLUSTER hCluster, NOTIFY_FILTER_AND_TYPE *Filters, DWORD dwFilterCount,
         DWORD_PTR dwNotifyKey));
CLUSAPI(DWORD, RegisterClusterNotifyV2,
        (HCHANGE hChange, NOTIFY_FILTER_AND_TYPE Filter, HANDLE hObject, DWORD_PTR dwNotifyKey));
/* One event. A buffer that is too small answers ERROR_MORE_DATA with the sizes, and the event stays. */
CLUSAPI_WIDE(DWORD, GetClusterNotifyV2,
             (HCHANGE hChange, DWORD_PTR *lpdwNotifyKey, PNOTIFY_FILTER_AND_TYPE pFilterAndType, BYTE *buffer,
              LPDWORD lpbBufferSize, LPWSTR lpszObjectId, LPDWORD lpcchObjectId, LPWSTR lpszParentId,
              LPDWORD lpcchParentId, LPWSTR lpszName, LPDWORD lpcchName, LPWSTR lpszType, LPDWORD lpcchType,
              DWORD dwMilliseconds));
CLUSAPI(BOOL, CloseClusterNotifyPort, (HCHANGE hChange));

/* ---- The cluster registry, as resource types see it -------------------------------------------------------- */

/* Inside a resource host these read the copy of the resource's own key that came with Open. String values come in
 * units of the program's wchar_t, and their sizes in bytes of it. */
CLUSAPI_WIDE(LONG, ClusterRegOpenKey, (HKEY hKey, LPCWSTR lpszSubKey, REGSAM samDesired, HKEY *phkResult));
CLUSAPI(LONG, ClusterRegCloseKey, (HKEY hKey));
CLUSAPI_WIDE(LONG, ClusterRegQueryValue,
             (HKEY hKey, LPCWSTR lpszValueName, LPDWORD lpdwValueType, LPBYTE lpData, LPDWORD lpcbData));
CLUSAPI_WIDE(DWORD, ClusterRegEnumValue,
             (HKEY hKey, DWORD dwIndex, LPWSTR lpszValueName, LPDWORD lpcchValueName, LPDWORD lpdwType,
              LPBYTE lpData, LPDWORD lpcbData));
CLUSAPI_WIDE(LONG, ClusterRegEnumKey,
             (HKEY hKey, DWORD dwIndex, LPWSTR lpszName, LPDWORD lpcchName, PFILETIME lpftLastWriteTime));

MAINSTAY_EXTERN_C_END

#endif
