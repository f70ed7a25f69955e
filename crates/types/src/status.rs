//! Win32 status codes: the numbers in which every answer of the API is given.
//!
//! One table holds number, name and a short text of our own. What an error means in a given case, with object and
//! way out, is said by the error types of the rooms; this table only names the number.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A Win32 status code. 0 is success; 997 is accepted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Status(pub u32);

macro_rules! statuses {
    ($($number:literal $name:ident $win32:literal $text:literal;)+) => {
        impl Status {
            $(
                #[doc = concat!($win32, " (", stringify!($number), "): ", $text, ".")]
                pub const $name: Status = Status($number);
            )+

            /// Every status that has a name here, in the order of its number.
            pub const ALL: &[Status] = &[$(Status($number),)+];

            /// The name of winerror.h, or `None` for a number that this table does not know.
            pub fn name(self) -> Option<&'static str> {
                match self.0 { $($number => Some($win32),)+ _ => None }
            }

            /// A short text of our own, or `None` for a number that this table does not know.
            pub fn text(self) -> Option<&'static str> {
                match self.0 { $($number => Some($text),)+ _ => None }
            }
        }
    };
}

statuses! {
    0 SUCCESS "ERROR_SUCCESS" "done";
    1 INVALID_FUNCTION "ERROR_INVALID_FUNCTION" "not a function of this object";
    2 FILE_NOT_FOUND "ERROR_FILE_NOT_FOUND" "not found";
    3 PATH_NOT_FOUND "ERROR_PATH_NOT_FOUND" "path not found";
    5 ACCESS_DENIED "ERROR_ACCESS_DENIED" "access denied";
    6 INVALID_HANDLE "ERROR_INVALID_HANDLE" "the handle is not valid";
    8 NOT_ENOUGH_MEMORY "ERROR_NOT_ENOUGH_MEMORY" "not enough memory";
    13 INVALID_DATA "ERROR_INVALID_DATA" "the data is not valid";
    14 OUTOFMEMORY "ERROR_OUTOFMEMORY" "outofmemory";
    29 WRITE_FAULT "ERROR_WRITE_FAULT" "write fault";
    50 NOT_SUPPORTED "ERROR_NOT_SUPPORTED" "not supported";
    70 SHARING_PAUSED "ERROR_SHARING_PAUSED" "the cluster cannot be changed now";
    87 INVALID_PARAMETER "ERROR_INVALID_PARAMETER" "a parameter is not valid";
    112 DISK_FULL "ERROR_DISK_FULL" "the disk is full";
    114 INVALID_TARGET_HANDLE "ERROR_INVALID_TARGET_HANDLE" "the target is not valid";
    120 CALL_NOT_IMPLEMENTED "ERROR_CALL_NOT_IMPLEMENTED" "not implemented on this system";
    121 SEM_TIMEOUT "ERROR_SEM_TIMEOUT" "sem timeout";
    122 INSUFFICIENT_BUFFER "ERROR_INSUFFICIENT_BUFFER" "the buffer is too small";
    123 INVALID_NAME "ERROR_INVALID_NAME" "the name is not valid";
    126 MOD_NOT_FOUND "ERROR_MOD_NOT_FOUND" "the library was not found";
    127 PROC_NOT_FOUND "ERROR_PROC_NOT_FOUND" "the library does not export the function";
    145 DIR_NOT_EMPTY "ERROR_DIR_NOT_EMPTY" "it is not empty";
    170 BUSY "ERROR_BUSY" "busy";
    183 ALREADY_EXISTS "ERROR_ALREADY_EXISTS" "it exists already";
    234 MORE_DATA "ERROR_MORE_DATA" "more data is available than fits the buffer";
    258 WAIT_TIMEOUT "WAIT_TIMEOUT" "the wait timed out";
    259 NO_MORE_ITEMS "ERROR_NO_MORE_ITEMS" "no more items";
    997 IO_PENDING "ERROR_IO_PENDING" "accepted, in progress";
    1018 KEY_DELETED "ERROR_KEY_DELETED" "the key has been deleted";
    1021 CHILD_MUST_BE_VOLATILE "ERROR_CHILD_MUST_BE_VOLATILE" "child must be volatile";
    1056 SERVICE_ALREADY_RUNNING "ERROR_SERVICE_ALREADY_RUNNING" "service already running";
    1059 CIRCULAR_DEPENDENCY "ERROR_CIRCULAR_DEPENDENCY" "the dependency would close a circle";
    1066 SERVICE_SPECIFIC_ERROR "ERROR_SERVICE_SPECIFIC_ERROR" "service specific error";
    1067 PROCESS_ABORTED "ERROR_PROCESS_ABORTED" "the process ended unexpectedly";
    1113 NO_UNICODE_TRANSLATION "ERROR_NO_UNICODE_TRANSLATION" "no unicode translation";
    1150 OLD_WIN_VERSION "ERROR_OLD_WIN_VERSION" "old win version";
    1223 CANCELLED "ERROR_CANCELLED" "cancelled";
    1306 REVISION_MISMATCH "ERROR_REVISION_MISMATCH" "the versions do not match";
    1359 INTERNAL_ERROR "ERROR_INTERNAL_ERROR" "an internal error";
    1372 SPECIAL_GROUP "ERROR_SPECIAL_GROUP" "not allowed for a special group";
    1460 TIMEOUT "ERROR_TIMEOUT" "no answer in time";
    1702 RPC_S_INVALID_BINDING "RPC_S_INVALID_BINDING" "rpc s invalid binding";
    1717 RPC_S_UNKNOWN_IF "RPC_S_UNKNOWN_IF" "the interface is not known there";
    1722 RPC_S_SERVER_UNAVAILABLE "RPC_S_SERVER_UNAVAILABLE" "the cluster service cannot be reached";
    1723 RPC_S_SERVER_TOO_BUSY "RPC_S_SERVER_TOO_BUSY" "the cluster service is too busy";
    1726 RPC_S_CALL_FAILED "RPC_S_CALL_FAILED" "the call failed; its outcome is not known";
    1727 RPC_S_CALL_FAILED_DNE "RPC_S_CALL_FAILED_DNE" "the call failed and was not carried out";
    1728 RPC_S_PROTOCOL_ERROR "RPC_S_PROTOCOL_ERROR" "the peer broke the protocol";
    1745 RPC_S_PROCNUM_OUT_OF_RANGE "RPC_S_PROCNUM_OUT_OF_RANGE" "the operation is not known there";
    1753 EPT_S_NOT_REGISTERED "EPT_S_NOT_REGISTERED" "no endpoint is registered";
    1783 RPC_X_NULL_REF_POINTER "RPC_X_NULL_REF_POINTER" "a required pointer is null";
    1784 INVALID_USER_BUFFER "ERROR_INVALID_USER_BUFFER" "invalid user buffer";
    5001 DEPENDENT_RESOURCE_EXISTS "ERROR_DEPENDENT_RESOURCE_EXISTS" "another resource depends on it";
    5002 DEPENDENCY_NOT_FOUND "ERROR_DEPENDENCY_NOT_FOUND" "the dependency was not found";
    5003 DEPENDENCY_ALREADY_EXISTS "ERROR_DEPENDENCY_ALREADY_EXISTS" "the dependency exists already";
    5004 RESOURCE_NOT_ONLINE "ERROR_RESOURCE_NOT_ONLINE" "the resource is not online";
    5005 HOST_NODE_NOT_AVAILABLE "ERROR_HOST_NODE_NOT_AVAILABLE" "the node is not available for this";
    5006 RESOURCE_NOT_AVAILABLE "ERROR_RESOURCE_NOT_AVAILABLE" "the resource is no longer there";
    5007 RESOURCE_NOT_FOUND "ERROR_RESOURCE_NOT_FOUND" "no such resource";
    5008 SHUTDOWN_CLUSTER "ERROR_SHUTDOWN_CLUSTER" "shutdown cluster";
    5009 CANT_EVICT_ACTIVE_NODE "ERROR_CANT_EVICT_ACTIVE_NODE" "cant evict active node";
    5010 OBJECT_ALREADY_EXISTS "ERROR_OBJECT_ALREADY_EXISTS" "an object of this name exists already";
    5011 OBJECT_IN_LIST "ERROR_OBJECT_IN_LIST" "object in list";
    5012 GROUP_NOT_AVAILABLE "ERROR_GROUP_NOT_AVAILABLE" "the group is no longer there";
    5013 GROUP_NOT_FOUND "ERROR_GROUP_NOT_FOUND" "no such group";
    5014 GROUP_NOT_ONLINE "ERROR_GROUP_NOT_ONLINE" "group not online";
    5015 HOST_NODE_NOT_RESOURCE_OWNER "ERROR_HOST_NODE_NOT_RESOURCE_OWNER" "the node does not own the resource";
    5016 HOST_NODE_NOT_GROUP_OWNER "ERROR_HOST_NODE_NOT_GROUP_OWNER" "the node does not own the group";
    5017 RESMON_CREATE_FAILED "ERROR_RESMON_CREATE_FAILED" "the resource host could not be started";
    5018 RESMON_ONLINE_FAILED "ERROR_RESMON_ONLINE_FAILED" "the resource could not be brought online";
    5019 RESOURCE_ONLINE "ERROR_RESOURCE_ONLINE" "the resource is online";
    5020 QUORUM_RESOURCE "ERROR_QUORUM_RESOURCE" "quorum resource";
    5021 NOT_QUORUM_CAPABLE "ERROR_NOT_QUORUM_CAPABLE" "not quorum capable";
    5022 CLUSTER_SHUTTING_DOWN "ERROR_CLUSTER_SHUTTING_DOWN" "the cluster service is shutting down";
    5023 INVALID_STATE "ERROR_INVALID_STATE" "the object is not in a state for this";
    5024 RESOURCE_PROPERTIES_STORED "ERROR_RESOURCE_PROPERTIES_STORED" "stored; it takes effect when the resource next goes online";
    5025 NOT_QUORUM_CLASS "ERROR_NOT_QUORUM_CLASS" "not quorum class";
    5026 CORE_RESOURCE "ERROR_CORE_RESOURCE" "a core resource cannot be deleted";
    5027 QUORUM_RESOURCE_ONLINE_FAILED "ERROR_QUORUM_RESOURCE_ONLINE_FAILED" "quorum resource online failed";
    5028 QUORUMLOG_OPEN_FAILED "ERROR_QUORUMLOG_OPEN_FAILED" "quorumlog open failed";
    5029 CLUSTERLOG_CORRUPT "ERROR_CLUSTERLOG_CORRUPT" "clusterlog corrupt";
    5030 CLUSTERLOG_RECORD_EXCEEDS_MAXSIZE "ERROR_CLUSTERLOG_RECORD_EXCEEDS_MAXSIZE" "clusterlog record exceeds maxsize";
    5031 CLUSTERLOG_EXCEEDS_MAXSIZE "ERROR_CLUSTERLOG_EXCEEDS_MAXSIZE" "clusterlog exceeds maxsize";
    5032 CLUSTERLOG_CHKPOINT_NOT_FOUND "ERROR_CLUSTERLOG_CHKPOINT_NOT_FOUND" "clusterlog chkpoint not found";
    5033 CLUSTERLOG_NOT_ENOUGH_SPACE "ERROR_CLUSTERLOG_NOT_ENOUGH_SPACE" "clusterlog not enough space";
    5034 QUORUM_OWNER_ALIVE "ERROR_QUORUM_OWNER_ALIVE" "quorum owner alive";
    5035 NETWORK_NOT_AVAILABLE "ERROR_NETWORK_NOT_AVAILABLE" "network not available";
    5036 NODE_NOT_AVAILABLE "ERROR_NODE_NOT_AVAILABLE" "node not available";
    5037 ALL_NODES_NOT_AVAILABLE "ERROR_ALL_NODES_NOT_AVAILABLE" "all nodes not available";
    5038 RESOURCE_FAILED "ERROR_RESOURCE_FAILED" "the resource has failed";
    5039 CLUSTER_INVALID_NODE "ERROR_CLUSTER_INVALID_NODE" "cluster invalid node";
    5040 CLUSTER_NODE_EXISTS "ERROR_CLUSTER_NODE_EXISTS" "cluster node exists";
    5041 CLUSTER_JOIN_IN_PROGRESS "ERROR_CLUSTER_JOIN_IN_PROGRESS" "cluster join in progress";
    5042 CLUSTER_NODE_NOT_FOUND "ERROR_CLUSTER_NODE_NOT_FOUND" "no such node";
    5043 CLUSTER_LOCAL_NODE_NOT_FOUND "ERROR_CLUSTER_LOCAL_NODE_NOT_FOUND" "cluster local node not found";
    5044 CLUSTER_NETWORK_EXISTS "ERROR_CLUSTER_NETWORK_EXISTS" "cluster network exists";
    5045 CLUSTER_NETWORK_NOT_FOUND "ERROR_CLUSTER_NETWORK_NOT_FOUND" "no such network";
    5046 CLUSTER_NETINTERFACE_EXISTS "ERROR_CLUSTER_NETINTERFACE_EXISTS" "cluster netinterface exists";
    5047 CLUSTER_NETINTERFACE_NOT_FOUND "ERROR_CLUSTER_NETINTERFACE_NOT_FOUND" "no such network interface";
    5048 CLUSTER_INVALID_REQUEST "ERROR_CLUSTER_INVALID_REQUEST" "cluster invalid request";
    5049 CLUSTER_INVALID_NETWORK_PROVIDER "ERROR_CLUSTER_INVALID_NETWORK_PROVIDER" "cluster invalid network provider";
    5050 CLUSTER_NODE_DOWN "ERROR_CLUSTER_NODE_DOWN" "the node is down";
    5051 CLUSTER_NODE_UNREACHABLE "ERROR_CLUSTER_NODE_UNREACHABLE" "cluster node unreachable";
    5052 CLUSTER_NODE_NOT_MEMBER "ERROR_CLUSTER_NODE_NOT_MEMBER" "cluster node not member";
    5053 CLUSTER_JOIN_NOT_IN_PROGRESS "ERROR_CLUSTER_JOIN_NOT_IN_PROGRESS" "cluster join not in progress";
    5054 CLUSTER_INVALID_NETWORK "ERROR_CLUSTER_INVALID_NETWORK" "cluster invalid network";
    5056 CLUSTER_NODE_UP "ERROR_CLUSTER_NODE_UP" "cluster node up";
    5057 CLUSTER_IPADDR_IN_USE "ERROR_CLUSTER_IPADDR_IN_USE" "cluster ipaddr in use";
    5058 CLUSTER_NODE_NOT_PAUSED "ERROR_CLUSTER_NODE_NOT_PAUSED" "the node is not paused";
    5059 CLUSTER_NO_SECURITY_CONTEXT "ERROR_CLUSTER_NO_SECURITY_CONTEXT" "cluster no security context";
    5060 CLUSTER_NETWORK_NOT_INTERNAL "ERROR_CLUSTER_NETWORK_NOT_INTERNAL" "cluster network not internal";
    5061 CLUSTER_NODE_ALREADY_UP "ERROR_CLUSTER_NODE_ALREADY_UP" "cluster node already up";
    5062 CLUSTER_NODE_ALREADY_DOWN "ERROR_CLUSTER_NODE_ALREADY_DOWN" "cluster node already down";
    5063 CLUSTER_NETWORK_ALREADY_ONLINE "ERROR_CLUSTER_NETWORK_ALREADY_ONLINE" "cluster network already online";
    5064 CLUSTER_NETWORK_ALREADY_OFFLINE "ERROR_CLUSTER_NETWORK_ALREADY_OFFLINE" "cluster network already offline";
    5065 CLUSTER_NODE_ALREADY_MEMBER "ERROR_CLUSTER_NODE_ALREADY_MEMBER" "cluster node already member";
    5066 CLUSTER_LAST_INTERNAL_NETWORK "ERROR_CLUSTER_LAST_INTERNAL_NETWORK" "cluster last internal network";
    5067 CLUSTER_NETWORK_HAS_DEPENDENTS "ERROR_CLUSTER_NETWORK_HAS_DEPENDENTS" "cluster network has dependents";
    5068 INVALID_OPERATION_ON_QUORUM "ERROR_INVALID_OPERATION_ON_QUORUM" "invalid operation on quorum";
    5069 DEPENDENCY_NOT_ALLOWED "ERROR_DEPENDENCY_NOT_ALLOWED" "this dependency is not allowed";
    5070 CLUSTER_NODE_PAUSED "ERROR_CLUSTER_NODE_PAUSED" "the node is paused";
    5071 NODE_CANT_HOST_RESOURCE "ERROR_NODE_CANT_HOST_RESOURCE" "the node cannot host the resource";
    5072 CLUSTER_NODE_NOT_READY "ERROR_CLUSTER_NODE_NOT_READY" "cluster node not ready";
    5073 CLUSTER_NODE_SHUTTING_DOWN "ERROR_CLUSTER_NODE_SHUTTING_DOWN" "cluster node shutting down";
    5074 CLUSTER_JOIN_ABORTED "ERROR_CLUSTER_JOIN_ABORTED" "cluster join aborted";
    5075 CLUSTER_INCOMPATIBLE_VERSIONS "ERROR_CLUSTER_INCOMPATIBLE_VERSIONS" "cluster incompatible versions";
    5076 CLUSTER_MAXNUM_OF_RESOURCES_EXCEEDED "ERROR_CLUSTER_MAXNUM_OF_RESOURCES_EXCEEDED" "cluster maxnum of resources exceeded";
    5077 CLUSTER_SYSTEM_CONFIG_CHANGED "ERROR_CLUSTER_SYSTEM_CONFIG_CHANGED" "cluster system config changed";
    5078 CLUSTER_RESOURCE_TYPE_NOT_FOUND "ERROR_CLUSTER_RESOURCE_TYPE_NOT_FOUND" "no such resource type";
    5079 CLUSTER_RESTYPE_NOT_SUPPORTED "ERROR_CLUSTER_RESTYPE_NOT_SUPPORTED" "the resource type is not supported here";
    5080 CLUSTER_RESNAME_NOT_FOUND "ERROR_CLUSTER_RESNAME_NOT_FOUND" "the library does not know the resource type";
    5081 CLUSTER_NO_RPC_PACKAGES_REGISTERED "ERROR_CLUSTER_NO_RPC_PACKAGES_REGISTERED" "cluster no rpc packages registered";
    5082 CLUSTER_OWNER_NOT_IN_PREFLIST "ERROR_CLUSTER_OWNER_NOT_IN_PREFLIST" "cluster owner not in preflist";
    5083 CLUSTER_DATABASE_SEQMISMATCH "ERROR_CLUSTER_DATABASE_SEQMISMATCH" "cluster database seqmismatch";
    5084 RESMON_INVALID_STATE "ERROR_RESMON_INVALID_STATE" "the resource is not in a state for this";
    5085 CLUSTER_GUM_NOT_LOCKER "ERROR_CLUSTER_GUM_NOT_LOCKER" "cluster gum not locker";
    5086 QUORUM_DISK_NOT_FOUND "ERROR_QUORUM_DISK_NOT_FOUND" "quorum disk not found";
    5087 DATABASE_BACKUP_CORRUPT "ERROR_DATABASE_BACKUP_CORRUPT" "database backup corrupt";
    5088 CLUSTER_NODE_ALREADY_HAS_DFS_ROOT "ERROR_CLUSTER_NODE_ALREADY_HAS_DFS_ROOT" "cluster node already has dfs root";
    5089 RESOURCE_PROPERTY_UNCHANGEABLE "ERROR_RESOURCE_PROPERTY_UNCHANGEABLE" "the property cannot be changed";
    5090 NO_ADMIN_ACCESS_POINT "ERROR_NO_ADMIN_ACCESS_POINT" "no admin access point";
    5890 CLUSTER_MEMBERSHIP_INVALID_STATE "ERROR_CLUSTER_MEMBERSHIP_INVALID_STATE" "cluster membership invalid state";
    5891 CLUSTER_QUORUMLOG_NOT_FOUND "ERROR_CLUSTER_QUORUMLOG_NOT_FOUND" "cluster quorumlog not found";
    5892 CLUSTER_MEMBERSHIP_HALT "ERROR_CLUSTER_MEMBERSHIP_HALT" "cluster membership halt";
    5893 CLUSTER_INSTANCE_ID_MISMATCH "ERROR_CLUSTER_INSTANCE_ID_MISMATCH" "cluster instance id mismatch";
    5894 CLUSTER_NETWORK_NOT_FOUND_FOR_IP "ERROR_CLUSTER_NETWORK_NOT_FOUND_FOR_IP" "cluster network not found for ip";
    5895 CLUSTER_PROPERTY_DATA_TYPE_MISMATCH "ERROR_CLUSTER_PROPERTY_DATA_TYPE_MISMATCH" "the property has another data type";
    5896 CLUSTER_EVICT_WITHOUT_CLEANUP "ERROR_CLUSTER_EVICT_WITHOUT_CLEANUP" "cluster evict without cleanup";
    5897 CLUSTER_PARAMETER_MISMATCH "ERROR_CLUSTER_PARAMETER_MISMATCH" "cluster parameter mismatch";
    5898 NODE_CANNOT_BE_CLUSTERED "ERROR_NODE_CANNOT_BE_CLUSTERED" "node cannot be clustered";
    5899 CLUSTER_WRONG_OS_VERSION "ERROR_CLUSTER_WRONG_OS_VERSION" "cluster wrong os version";
    5900 CLUSTER_CANT_CREATE_DUP_CLUSTER_NAME "ERROR_CLUSTER_CANT_CREATE_DUP_CLUSTER_NAME" "cluster cant create dup cluster name";
    5901 CLUSCFG_ALREADY_COMMITTED "ERROR_CLUSCFG_ALREADY_COMMITTED" "cluscfg already committed";
    5902 CLUSCFG_ROLLBACK_FAILED "ERROR_CLUSCFG_ROLLBACK_FAILED" "cluscfg rollback failed";
    5903 CLUSCFG_SYSTEM_DISK_DRIVE_LETTER_CONFLICT "ERROR_CLUSCFG_SYSTEM_DISK_DRIVE_LETTER_CONFLICT" "cluscfg system disk drive letter conflict";
    5904 CLUSTER_OLD_VERSION "ERROR_CLUSTER_OLD_VERSION" "cluster old version";
    5905 CLUSTER_MISMATCHED_COMPUTER_ACCT_NAME "ERROR_CLUSTER_MISMATCHED_COMPUTER_ACCT_NAME" "cluster mismatched computer acct name";
    5906 CLUSTER_NO_NET_ADAPTERS "ERROR_CLUSTER_NO_NET_ADAPTERS" "cluster no net adapters";
    5907 CLUSTER_POISONED "ERROR_CLUSTER_POISONED" "cluster poisoned";
    5908 CLUSTER_GROUP_MOVING "ERROR_CLUSTER_GROUP_MOVING" "the group is being moved";
    5909 CLUSTER_RESOURCE_TYPE_BUSY "ERROR_CLUSTER_RESOURCE_TYPE_BUSY" "cluster resource type busy";
    5910 RESOURCE_CALL_TIMED_OUT "ERROR_RESOURCE_CALL_TIMED_OUT" "the resource did not answer in time";
    5911 INVALID_CLUSTER_IPV6_ADDRESS "ERROR_INVALID_CLUSTER_IPV6_ADDRESS" "invalid cluster ipv6 address";
    5912 CLUSTER_INTERNAL_INVALID_FUNCTION "ERROR_CLUSTER_INTERNAL_INVALID_FUNCTION" "cluster internal invalid function";
    5913 CLUSTER_PARAMETER_OUT_OF_BOUNDS "ERROR_CLUSTER_PARAMETER_OUT_OF_BOUNDS" "the value is out of bounds";
    5914 CLUSTER_PARTIAL_SEND "ERROR_CLUSTER_PARTIAL_SEND" "cluster partial send";
    5915 CLUSTER_REGISTRY_INVALID_FUNCTION "ERROR_CLUSTER_REGISTRY_INVALID_FUNCTION" "cluster registry invalid function";
    5916 CLUSTER_INVALID_STRING_TERMINATION "ERROR_CLUSTER_INVALID_STRING_TERMINATION" "cluster invalid string termination";
    5917 CLUSTER_INVALID_STRING_FORMAT "ERROR_CLUSTER_INVALID_STRING_FORMAT" "cluster invalid string format";
    5918 CLUSTER_DATABASE_TRANSACTION_IN_PROGRESS "ERROR_CLUSTER_DATABASE_TRANSACTION_IN_PROGRESS" "cluster database transaction in progress";
    5919 CLUSTER_DATABASE_TRANSACTION_NOT_IN_PROGRESS "ERROR_CLUSTER_DATABASE_TRANSACTION_NOT_IN_PROGRESS" "cluster database transaction not in progress";
    5920 CLUSTER_NULL_DATA "ERROR_CLUSTER_NULL_DATA" "cluster null data";
    5921 CLUSTER_PARTIAL_READ "ERROR_CLUSTER_PARTIAL_READ" "cluster partial read";
    5922 CLUSTER_PARTIAL_WRITE "ERROR_CLUSTER_PARTIAL_WRITE" "cluster partial write";
    5923 CLUSTER_CANT_DESERIALIZE_DATA "ERROR_CLUSTER_CANT_DESERIALIZE_DATA" "cluster cant deserialize data";
    5924 DEPENDENT_RESOURCE_PROPERTY_CONFLICT "ERROR_DEPENDENT_RESOURCE_PROPERTY_CONFLICT" "dependent resource property conflict";
    5925 CLUSTER_NO_QUORUM "ERROR_CLUSTER_NO_QUORUM" "cluster no quorum";
    5926 CLUSTER_INVALID_IPV6_NETWORK "ERROR_CLUSTER_INVALID_IPV6_NETWORK" "cluster invalid ipv6 network";
    5927 CLUSTER_INVALID_IPV6_TUNNEL_NETWORK "ERROR_CLUSTER_INVALID_IPV6_TUNNEL_NETWORK" "cluster invalid ipv6 tunnel network";
    5928 QUORUM_NOT_ALLOWED_IN_THIS_GROUP "ERROR_QUORUM_NOT_ALLOWED_IN_THIS_GROUP" "quorum not allowed in this group";
    5929 DEPENDENCY_TREE_TOO_COMPLEX "ERROR_DEPENDENCY_TREE_TOO_COMPLEX" "dependency tree too complex";
    5930 EXCEPTION_IN_RESOURCE_CALL "ERROR_EXCEPTION_IN_RESOURCE_CALL" "the resource type crashed in the call";
    5931 CLUSTER_RHS_FAILED_INITIALIZATION "ERROR_CLUSTER_RHS_FAILED_INITIALIZATION" "the resource host failed to start";
    5932 CLUSTER_NOT_INSTALLED "ERROR_CLUSTER_NOT_INSTALLED" "cluster not installed";
    5933 CLUSTER_RESOURCES_MUST_BE_ONLINE_ON_THE_SAME_NODE "ERROR_CLUSTER_RESOURCES_MUST_BE_ONLINE_ON_THE_SAME_NODE" "cluster resources must be online on the same node";
    5934 CLUSTER_MAX_NODES_IN_CLUSTER "ERROR_CLUSTER_MAX_NODES_IN_CLUSTER" "cluster max nodes in cluster";
    5935 CLUSTER_TOO_MANY_NODES "ERROR_CLUSTER_TOO_MANY_NODES" "cluster too many nodes";
    5936 CLUSTER_OBJECT_ALREADY_USED "ERROR_CLUSTER_OBJECT_ALREADY_USED" "cluster object already used";
    5937 NONCORE_GROUPS_FOUND "ERROR_NONCORE_GROUPS_FOUND" "noncore groups found";
    5938 FILE_SHARE_RESOURCE_CONFLICT "ERROR_FILE_SHARE_RESOURCE_CONFLICT" "file share resource conflict";
    5939 CLUSTER_EVICT_INVALID_REQUEST "ERROR_CLUSTER_EVICT_INVALID_REQUEST" "cluster evict invalid request";
    5940 CLUSTER_SINGLETON_RESOURCE "ERROR_CLUSTER_SINGLETON_RESOURCE" "cluster singleton resource";
    5941 CLUSTER_GROUP_SINGLETON_RESOURCE "ERROR_CLUSTER_GROUP_SINGLETON_RESOURCE" "cluster group singleton resource";
    5942 CLUSTER_RESOURCE_PROVIDER_FAILED "ERROR_CLUSTER_RESOURCE_PROVIDER_FAILED" "a provider of the resource has failed";
    5943 CLUSTER_RESOURCE_CONFIGURATION_ERROR "ERROR_CLUSTER_RESOURCE_CONFIGURATION_ERROR" "the resource is not configured rightly";
    5944 CLUSTER_GROUP_BUSY "ERROR_CLUSTER_GROUP_BUSY" "the group is busy";
    5945 CLUSTER_NOT_SHARED_VOLUME "ERROR_CLUSTER_NOT_SHARED_VOLUME" "cluster not shared volume";
    5946 CLUSTER_INVALID_SECURITY_DESCRIPTOR "ERROR_CLUSTER_INVALID_SECURITY_DESCRIPTOR" "cluster invalid security descriptor";
    5947 CLUSTER_SHARED_VOLUMES_IN_USE "ERROR_CLUSTER_SHARED_VOLUMES_IN_USE" "cluster shared volumes in use";
    5948 CLUSTER_USE_SHARED_VOLUMES_API "ERROR_CLUSTER_USE_SHARED_VOLUMES_API" "cluster use shared volumes api";
    5949 CLUSTER_BACKUP_IN_PROGRESS "ERROR_CLUSTER_BACKUP_IN_PROGRESS" "cluster backup in progress";
    5950 NON_CSV_PATH "ERROR_NON_CSV_PATH" "non csv path";
    5951 CSV_VOLUME_NOT_LOCAL "ERROR_CSV_VOLUME_NOT_LOCAL" "csv volume not local";
    5952 CLUSTER_WATCHDOG_TERMINATING "ERROR_CLUSTER_WATCHDOG_TERMINATING" "cluster watchdog terminating";
    5953 CLUSTER_RESOURCE_VETOED_MOVE_INCOMPATIBLE_NODES "ERROR_CLUSTER_RESOURCE_VETOED_MOVE_INCOMPATIBLE_NODES" "cluster resource vetoed move incompatible nodes";
    5954 CLUSTER_INVALID_NODE_WEIGHT "ERROR_CLUSTER_INVALID_NODE_WEIGHT" "cluster invalid node weight";
    5955 CLUSTER_RESOURCE_VETOED_CALL "ERROR_CLUSTER_RESOURCE_VETOED_CALL" "the resource vetoed the call";
    5956 RESMON_SYSTEM_RESOURCES_LACKING "ERROR_RESMON_SYSTEM_RESOURCES_LACKING" "resmon system resources lacking";
    5957 CLUSTER_RESOURCE_VETOED_MOVE_NOT_ENOUGH_RESOURCES_ON_DESTINATION "ERROR_CLUSTER_RESOURCE_VETOED_MOVE_NOT_ENOUGH_RESOURCES_ON_DESTINATION" "cluster resource vetoed move not enough resources on destination";
    5958 CLUSTER_RESOURCE_VETOED_MOVE_NOT_ENOUGH_RESOURCES_ON_SOURCE "ERROR_CLUSTER_RESOURCE_VETOED_MOVE_NOT_ENOUGH_RESOURCES_ON_SOURCE" "cluster resource vetoed move not enough resources on source";
    5959 CLUSTER_GROUP_QUEUED "ERROR_CLUSTER_GROUP_QUEUED" "cluster group queued";
    5960 CLUSTER_RESOURCE_LOCKED_STATUS "ERROR_CLUSTER_RESOURCE_LOCKED_STATUS" "the resource is locked";
    5961 CLUSTER_SHARED_VOLUME_FAILOVER_NOT_ALLOWED "ERROR_CLUSTER_SHARED_VOLUME_FAILOVER_NOT_ALLOWED" "cluster shared volume failover not allowed";
    5962 CLUSTER_NODE_DRAIN_IN_PROGRESS "ERROR_CLUSTER_NODE_DRAIN_IN_PROGRESS" "cluster node drain in progress";
    5963 CLUSTER_DISK_NOT_CONNECTED "ERROR_CLUSTER_DISK_NOT_CONNECTED" "cluster disk not connected";
    5964 DISK_NOT_CSV_CAPABLE "ERROR_DISK_NOT_CSV_CAPABLE" "disk not csv capable";
    5965 RESOURCE_NOT_IN_AVAILABLE_STORAGE "ERROR_RESOURCE_NOT_IN_AVAILABLE_STORAGE" "resource not in available storage";
    5966 CLUSTER_SHARED_VOLUME_REDIRECTED "ERROR_CLUSTER_SHARED_VOLUME_REDIRECTED" "cluster shared volume redirected";
    5967 CLUSTER_SHARED_VOLUME_NOT_REDIRECTED "ERROR_CLUSTER_SHARED_VOLUME_NOT_REDIRECTED" "cluster shared volume not redirected";
    5968 CLUSTER_CANNOT_RETURN_PROPERTIES "ERROR_CLUSTER_CANNOT_RETURN_PROPERTIES" "cluster cannot return properties";
    5969 CLUSTER_RESOURCE_CONTAINS_UNSUPPORTED_DIFF_AREA_FOR_SHARED_VOLUMES "ERROR_CLUSTER_RESOURCE_CONTAINS_UNSUPPORTED_DIFF_AREA_FOR_SHARED_VOLUMES" "cluster resource contains unsupported diff area for shared volumes";
    5970 CLUSTER_RESOURCE_IS_IN_MAINTENANCE_MODE "ERROR_CLUSTER_RESOURCE_IS_IN_MAINTENANCE_MODE" "cluster resource is in maintenance mode";
    5971 CLUSTER_AFFINITY_CONFLICT "ERROR_CLUSTER_AFFINITY_CONFLICT" "cluster affinity conflict";
    5972 CLUSTER_RESOURCE_IS_REPLICA_VIRTUAL_MACHINE "ERROR_CLUSTER_RESOURCE_IS_REPLICA_VIRTUAL_MACHINE" "cluster resource is replica virtual machine";
    5973 CLUSTER_UPGRADE_INCOMPATIBLE_VERSIONS "ERROR_CLUSTER_UPGRADE_INCOMPATIBLE_VERSIONS" "cluster upgrade incompatible versions";
    5974 CLUSTER_UPGRADE_FIX_QUORUM_NOT_SUPPORTED "ERROR_CLUSTER_UPGRADE_FIX_QUORUM_NOT_SUPPORTED" "cluster upgrade fix quorum not supported";
    5975 CLUSTER_UPGRADE_RESTART_REQUIRED "ERROR_CLUSTER_UPGRADE_RESTART_REQUIRED" "cluster upgrade restart required";
    5976 CLUSTER_UPGRADE_IN_PROGRESS "ERROR_CLUSTER_UPGRADE_IN_PROGRESS" "cluster upgrade in progress";
    5977 CLUSTER_UPGRADE_INCOMPLETE "ERROR_CLUSTER_UPGRADE_INCOMPLETE" "cluster upgrade incomplete";
    5978 CLUSTER_NODE_IN_GRACE_PERIOD "ERROR_CLUSTER_NODE_IN_GRACE_PERIOD" "cluster node in grace period";
    5979 CLUSTER_CSV_IO_PAUSE_TIMEOUT "ERROR_CLUSTER_CSV_IO_PAUSE_TIMEOUT" "cluster csv io pause timeout";
    5980 NODE_NOT_ACTIVE_CLUSTER_MEMBER "ERROR_NODE_NOT_ACTIVE_CLUSTER_MEMBER" "node not active cluster member";
    5981 CLUSTER_RESOURCE_NOT_MONITORED "ERROR_CLUSTER_RESOURCE_NOT_MONITORED" "cluster resource not monitored";
    5982 CLUSTER_RESOURCE_DOES_NOT_SUPPORT_UNMONITORED "ERROR_CLUSTER_RESOURCE_DOES_NOT_SUPPORT_UNMONITORED" "cluster resource does not support unmonitored";
    5983 CLUSTER_RESOURCE_IS_REPLICATED "ERROR_CLUSTER_RESOURCE_IS_REPLICATED" "cluster resource is replicated";
    5984 CLUSTER_NODE_ISOLATED "ERROR_CLUSTER_NODE_ISOLATED" "cluster node isolated";
    5985 CLUSTER_NODE_QUARANTINED "ERROR_CLUSTER_NODE_QUARANTINED" "cluster node quarantined";
    5986 CLUSTER_DATABASE_UPDATE_CONDITION_FAILED "ERROR_CLUSTER_DATABASE_UPDATE_CONDITION_FAILED" "a condition of the change did not hold";
    5987 CLUSTER_SPACE_DEGRADED "ERROR_CLUSTER_SPACE_DEGRADED" "cluster space degraded";
    5988 CLUSTER_TOKEN_DELEGATION_NOT_SUPPORTED "ERROR_CLUSTER_TOKEN_DELEGATION_NOT_SUPPORTED" "cluster token delegation not supported";
    5989 CLUSTER_CSV_INVALID_HANDLE "ERROR_CLUSTER_CSV_INVALID_HANDLE" "cluster csv invalid handle";
    5990 CLUSTER_CSV_SUPPORTED_ONLY_ON_COORDINATOR "ERROR_CLUSTER_CSV_SUPPORTED_ONLY_ON_COORDINATOR" "cluster csv supported only on coordinator";
    5991 GROUPSET_NOT_AVAILABLE "ERROR_GROUPSET_NOT_AVAILABLE" "groupset not available";
    5992 GROUPSET_NOT_FOUND "ERROR_GROUPSET_NOT_FOUND" "groupset not found";
    5993 GROUPSET_CANT_PROVIDE "ERROR_GROUPSET_CANT_PROVIDE" "groupset cant provide";
    5994 CLUSTER_FAULT_DOMAIN_PARENT_NOT_FOUND "ERROR_CLUSTER_FAULT_DOMAIN_PARENT_NOT_FOUND" "cluster fault domain parent not found";
    5995 CLUSTER_FAULT_DOMAIN_INVALID_HIERARCHY "ERROR_CLUSTER_FAULT_DOMAIN_INVALID_HIERARCHY" "cluster fault domain invalid hierarchy";
    5996 CLUSTER_FAULT_DOMAIN_FAILED_S2D_VALIDATION "ERROR_CLUSTER_FAULT_DOMAIN_FAILED_S2D_VALIDATION" "cluster fault domain failed s2d validation";
    5997 CLUSTER_FAULT_DOMAIN_S2D_CONNECTIVITY_LOSS "ERROR_CLUSTER_FAULT_DOMAIN_S2D_CONNECTIVITY_LOSS" "cluster fault domain s2d connectivity loss";
    5998 CLUSTER_INVALID_INFRASTRUCTURE_FILESERVER_NAME "ERROR_CLUSTER_INVALID_INFRASTRUCTURE_FILESERVER_NAME" "cluster invalid infrastructure fileserver name";
    5999 CLUSTERSET_MANAGEMENT_CLUSTER_UNREACHABLE "ERROR_CLUSTERSET_MANAGEMENT_CLUSTER_UNREACHABLE" "clusterset management cluster unreachable";
}

impl Status {
    /// Whether this is ERROR_SUCCESS.
    pub fn is_success(self) -> bool {
        self == Self::SUCCESS
    }
}

impl fmt::Display for Status {
    /// Number and name: `5960 ERROR_CLUSTER_RESOURCE_LOCKED_STATUS`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{} {name}", self.0),
            None => write!(f, "{}", self.0),
        }
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_shows_number_and_name() {
        assert_eq!(Status(5960).to_string(), "5960 ERROR_CLUSTER_RESOURCE_LOCKED_STATUS");
        assert_eq!(Status(997), Status::IO_PENDING);
        assert_eq!(Status(99_999).to_string(), "99999");
    }

    #[test]
    fn numbers_are_unique_and_sorted() {
        assert!(Status::ALL.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
