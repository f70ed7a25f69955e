//! The structures of `resapi.h` as they lie in memory, and its numbers. A pointer to a wide string is untyped here:
//! its width is the library's.

use std::ffi::c_void;

/// A pointer to a wide string of the library's width.
pub(crate) type WidePointer = *const c_void;

/// A library's own name for an open resource.
pub(crate) type Resid = *mut c_void;

/// Startup and StartupEx offer this much and no less.
pub(crate) const VERSION_MIN: u32 = 0x0100;
/// Version 1 of the table.
pub(crate) const VERSION_1: u32 = 0x0100;
/// Version 2 of the table.
pub(crate) const VERSION_2: u32 = 0x0200;
/// Versions 3 and 4 answer control codes later; this host does not offer them.
pub(crate) const VERSION_MAX: u32 = VERSION_2;

/// CLUS_RESDLL_OPEN_RECOVER_MONITOR_STATE.
pub(crate) const OPEN_RECOVER_MONITOR_STATE: u32 = 0x1;
/// CLUS_RESDLL_ONLINE_IGNORE_RESOURCE_STATUS.
pub(crate) const ONLINE_IGNORE_RESOURCE_STATUS: u32 = 0x2;
/// CLUS_RESDLL_OFFLINE_IGNORE_RESOURCE_STATUS.
pub(crate) const OFFLINE_IGNORE_RESOURCE_STATUS: u32 = 0x1;
/// CLUS_RESDLL_OFFLINE_DUE_TO_EMBEDDED_FAILURE.
pub(crate) const OFFLINE_DUE_TO_EMBEDDED_FAILURE: u32 = 0x10;
/// CLUS_RESDLL_OFFLINE_DO_NOT_UPDATE_PERSISTENT_STATE.
pub(crate) const OFFLINE_DO_NOT_UPDATE_PERSISTENT_STATE: u32 = 0x40;

/// CLUSCTL_RESOURCE_GET_CHARACTERISTICS.
pub(crate) const RESOURCE_GET_CHARACTERISTICS: u32 = 0x0100_0005;
/// CLUS_CHAR_MONITOR_REATTACH.
pub(crate) const CHAR_MONITOR_REATTACH: u32 = 0x800;

/// LOCKED_MODE_FLAGS_DONT_REMOVE_FROM_MOVE_QUEUE, the only flag of locked mode.
pub(crate) const LOCKED_MODE_FLAGS: u32 = 0x1;

/// ResourceExitStateContinue.
pub(crate) const EXIT_CONTINUE: u32 = 0;
/// ResourceExitStateTerminate.
pub(crate) const EXIT_TERMINATE: u32 = 1;

/// CLUSTER_RESOURCE_STATE as libraries report it.
pub(crate) mod state {
    pub(crate) const ONLINE: i32 = 2;
    pub(crate) const OFFLINE: i32 = 3;
    pub(crate) const FAILED: i32 = 4;
    pub(crate) const CANNOT_COME_ONLINE_ON_ANY_NODE: i32 = 126;
    pub(crate) const CANNOT_COME_ONLINE_ON_THIS_NODE: i32 = 127;
    pub(crate) const PENDING: i32 = 128;
    pub(crate) const ONLINE_PENDING: i32 = 129;
    pub(crate) const OFFLINE_PENDING: i32 = 130;
}

/// FAILURE_TYPE_GENERAL.
pub(crate) const FAILURE_GENERAL: i32 = 0;
/// FAILURE_TYPE_EMBEDDED.
pub(crate) const FAILURE_EMBEDDED: i32 = 1;
/// FAILURE_TYPE_NETWORK_LOSS.
pub(crate) const FAILURE_NETWORK_LOSS: i32 = 2;

/// ClusterResourceApplicationStateUnknown.
pub(crate) const APPLICATION_STATE_UNKNOWN: i32 = 1;
/// ClusterResourceApplicationOSHeartBeat.
pub(crate) const APPLICATION_OS_HEARTBEAT: i32 = 2;
/// ClusterResourceApplicationReady.
pub(crate) const APPLICATION_READY: i32 = 3;

/// CLUSRESDLL_STATUS_INSUFFICIENT_MEMORY.
pub(crate) const STATUS_INSUFFICIENT_MEMORY: u32 = 0x10;
/// CLUSRESDLL_STATUS_INSUFFICIENT_PROCESSOR.
pub(crate) const STATUS_INSUFFICIENT_PROCESSOR: u32 = 0x20;
/// CLUSRESDLL_STATUS_INSUFFICIENT_OTHER_RESOURCES.
pub(crate) const STATUS_INSUFFICIENT_OTHER: u32 = 0x40;
/// CLUSRESDLL_STATUS_NETWORK_NOT_AVAILABLE.
pub(crate) const STATUS_NETWORK_NOT_AVAILABLE: u32 = 0x100;

/// RESOURCE_STATUS.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct ResourceStatus {
    pub(crate) state: i32,
    pub(crate) check_point: u32,
    pub(crate) wait_hint: u32,
    pub(crate) event_handle: usize,
}

/// RESOURCE_STATUS_EX.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct ResourceStatusEx {
    pub(crate) state: i32,
    pub(crate) check_point: u32,
    pub(crate) event_handle: usize,
    pub(crate) application_error: u32,
    pub(crate) flags: u32,
    pub(crate) wait_hint: u32,
}

pub(crate) type OpenV1 = unsafe extern "C" fn(WidePointer, usize, usize) -> Resid;
pub(crate) type OpenV2 = unsafe extern "C" fn(WidePointer, usize, usize, u32) -> Resid;
pub(crate) type Close = unsafe extern "C" fn(Resid);
pub(crate) type OnlineV1 = unsafe extern "C" fn(Resid, *mut usize) -> u32;
pub(crate) type OnlineV2 = unsafe extern "C" fn(Resid, *mut usize, u32, *mut u8, u32, u32) -> u32;
pub(crate) type OfflineV1 = unsafe extern "C" fn(Resid) -> u32;
pub(crate) type OfflineV2 = unsafe extern "C" fn(Resid, WidePointer, u32, *mut u8, u32, u32) -> u32;
pub(crate) type Terminate = unsafe extern "C" fn(Resid);
pub(crate) type Alive = unsafe extern "C" fn(Resid) -> i32;
pub(crate) type Unused = Option<unsafe extern "C" fn()>;
pub(crate) type ResourceControl =
    unsafe extern "C" fn(Resid, u32, *mut c_void, u32, *mut c_void, u32, *mut u32) -> u32;
pub(crate) type TypeControl =
    unsafe extern "C" fn(WidePointer, u32, *mut c_void, u32, *mut c_void, u32, *mut u32) -> u32;

/// CLRES_V1_FUNCTIONS. A null pointer in C is `None` here.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct FunctionsV1 {
    pub(crate) open: Option<OpenV1>,
    pub(crate) close: Option<Close>,
    pub(crate) online: Option<OnlineV1>,
    pub(crate) offline: Option<OfflineV1>,
    pub(crate) terminate: Option<Terminate>,
    pub(crate) looks_alive: Option<Alive>,
    pub(crate) is_alive: Option<Alive>,
    pub(crate) arbitrate: Unused,
    pub(crate) release: Unused,
    pub(crate) resource_control: Option<ResourceControl>,
    pub(crate) type_control: Option<TypeControl>,
}

/// CLRES_V2_FUNCTIONS.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct FunctionsV2 {
    pub(crate) open: Option<OpenV2>,
    pub(crate) close: Option<Close>,
    pub(crate) online: Option<OnlineV2>,
    pub(crate) offline: Option<OfflineV2>,
    pub(crate) terminate: Option<Terminate>,
    pub(crate) looks_alive: Option<Alive>,
    pub(crate) is_alive: Option<Alive>,
    pub(crate) arbitrate: Unused,
    pub(crate) release: Unused,
    pub(crate) resource_control: Option<ResourceControl>,
    pub(crate) type_control: Option<TypeControl>,
    pub(crate) cancel: Option<unsafe extern "C" fn(Resid, u32) -> u32>,
}

/// The head of CLRES_FUNCTION_TABLE; the functions follow it.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct TableHead {
    pub(crate) table_size: u32,
    pub(crate) version: u32,
}

/// CLRES_CALLBACK_FUNCTION_TABLE.
#[repr(C)]
pub(crate) struct Callbacks {
    pub(crate) log_event: *const c_void,
    pub(crate) set_resource_status_ex: unsafe extern "C" fn(usize, *const ResourceStatusEx) -> u32,
    pub(crate) set_resource_locked_mode: extern "C" fn(usize, i32, u32) -> u32,
    pub(crate) signal_failure: extern "C" fn(usize, i32, u32) -> u32,
    pub(crate) set_in_memory_properties: unsafe extern "C" fn(usize, *const u8, u32) -> u32,
    pub(crate) end_control_call: extern "C" fn(i64, u32) -> u32,
    pub(crate) end_type_control_call: extern "C" fn(i64, u32) -> u32,
    pub(crate) extend_control_call: extern "C" fn(i64, u32) -> u32,
    pub(crate) extend_type_control_call: extern "C" fn(i64, u32) -> u32,
    pub(crate) raise_type_notification: extern "C" fn(WidePointer, *const u8, u32) -> u32,
    pub(crate) change_resource_process_for_dumps: extern "C" fn(usize, WidePointer, u32, i32) -> u32,
    pub(crate) change_type_process_for_dumps: extern "C" fn(WidePointer, WidePointer, u32, i32) -> u32,
    pub(crate) set_internal_state: extern "C" fn(usize, i32, i32) -> u32,
    pub(crate) set_resource_locked_mode_ex: extern "C" fn(usize, i32, u32, u32) -> u32,
    pub(crate) request_dump: extern "C" fn(usize, i32, u32) -> u32,
    pub(crate) set_wpr_policy: extern "C" fn(usize, u32) -> u32,
    pub(crate) arm_wpr_watchdog: extern "C" fn(usize, u64) -> u32,
}

// SAFETY: the table holds addresses of functions that may be called on any thread.
unsafe impl Sync for Callbacks {}

/// StartupEx.
pub(crate) type StartupEx =
    unsafe extern "C" fn(WidePointer, u32, u32, *const Callbacks, *mut *const TableHead) -> u32;

/// Startup: the callbacks are SetResourceStatus and LogEvent.
pub(crate) type Startup = unsafe extern "C" fn(
    WidePointer,
    u32,
    u32,
    unsafe extern "C" fn(usize, *const ResourceStatus) -> u32,
    *const c_void,
    *mut *const TableHead,
) -> u32;

// The sizes are those of a program compiled against resapi.h.
const _: () = assert!(size_of::<ResourceStatus>() == 24);
const _: () = assert!(size_of::<ResourceStatusEx>() == 32);
const _: () = assert!(size_of::<FunctionsV1>() == 88);
const _: () = assert!(size_of::<FunctionsV2>() == 96);
const _: () = assert!(size_of::<Callbacks>() == 136);
