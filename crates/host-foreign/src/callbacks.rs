//! The functions that a library calls: the callback table, and SetResourceStatus for version 1.
//!
//! Each finds its resource by number; with a number that is not open it answers ERROR_INVALID_HANDLE, and a status
//! report is told to stop. What this host does not do is answered so: control codes that are answered later, dumps
//! and watchdogs belong to version 3 and to another system.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use mainstay_proplist::LIST_LENGTH_MAX;
use mainstay_resutils::wide::{self, Unit};
use mainstay_types::Status;

use crate::abi::{self, Callbacks, ResourceStatus, ResourceStatusEx, WidePointer};
use crate::log_format::{self, Arguments};
use crate::monitored::{self, Monitored, StatusReport};
use crate::wide_string::Width;

/// The table for a library of this width. It differs in LogEvent only.
pub(crate) fn table(width: Width) -> &'static Callbacks {
    match width {
        Width::Narrow => &NARROW,
        Width::Wide => &WIDE,
    }
}

/// LogEvent for a library of this width, as Startup wants it.
pub(crate) fn log_event(width: Width) -> *const c_void {
    table(width).log_event
}

static NARROW: Callbacks = with_log_event(mainstay_log_event_narrow as *const c_void);
static WIDE: Callbacks = with_log_event(mainstay_log_event_wide as *const c_void);

const fn with_log_event(log_event: *const c_void) -> Callbacks {
    Callbacks {
        log_event,
        set_resource_status_ex,
        set_resource_locked_mode,
        signal_failure,
        set_in_memory_properties,
        end_control_call,
        end_type_control_call: end_control_call,
        extend_control_call: end_control_call,
        extend_type_control_call: end_control_call,
        raise_type_notification,
        change_resource_process_for_dumps,
        change_type_process_for_dumps,
        set_internal_state,
        set_resource_locked_mode_ex,
        request_dump,
        set_wpr_policy,
        arm_wpr_watchdog,
    }
}

/// A panic of ours stays ours: the library gets `otherwise`.
fn caught(otherwise: u32, call: impl FnOnce() -> u32) -> u32 {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or(otherwise)
}

fn with(handle: usize, call: impl FnOnce(Arc<Monitored>) -> Status) -> u32 {
    caught(Status::EXCEPTION_IN_RESOURCE_CALL.0, || match monitored::find(handle) {
        Some(monitored) => call(monitored).0,
        None => Status::INVALID_HANDLE.0,
    })
}

fn handle_status(handle: usize, report: Option<StatusReport>) -> u32 {
    caught(abi::EXIT_TERMINATE, || match (monitored::find(handle), report) {
        (Some(monitored), Some(report)) => monitored.handle_status(report),
        // A report without a status is no report; the work goes on.
        (Some(_), None) => abi::EXIT_CONTINUE,
        (None, _) => abi::EXIT_TERMINATE,
    })
}

/// SetResourceStatus, for Startup.
///
/// # Safety
/// `status` is null or points at a RESOURCE_STATUS.
pub(crate) unsafe extern "C" fn set_resource_status(handle: usize, status: *const ResourceStatus) -> u32 {
    // SAFETY: not null, so it points at a status.
    let report = (!status.is_null()).then(|| unsafe { status.read_unaligned() }).map(|status| StatusReport {
        state: status.state,
        check_point: status.check_point,
        application_error: 0,
        flags: 0,
    });
    handle_status(handle, report)
}

/// # Safety
/// `status` is null or points at a RESOURCE_STATUS_EX.
unsafe extern "C" fn set_resource_status_ex(handle: usize, status: *const ResourceStatusEx) -> u32 {
    // SAFETY: not null, so it points at a status.
    let report = (!status.is_null()).then(|| unsafe { status.read_unaligned() }).map(|status| StatusReport {
        state: status.state,
        check_point: status.check_point,
        application_error: status.application_error,
        flags: status.flags,
    });
    handle_status(handle, report)
}

extern "C" fn set_resource_locked_mode(handle: usize, locked: i32, reason: u32) -> u32 {
    with(handle, |monitored| {
        monitored.handle_locked(locked != 0, reason);
        Status::SUCCESS
    })
}

extern "C" fn set_resource_locked_mode_ex(handle: usize, locked: i32, reason: u32, flags: u32) -> u32 {
    if flags & !abi::LOCKED_MODE_FLAGS != 0 {
        return Status::INVALID_PARAMETER.0;
    }
    set_resource_locked_mode(handle, locked, reason)
}

extern "C" fn signal_failure(handle: usize, kind: i32, application_error: u32) -> u32 {
    with(handle, |monitored| monitored.handle_signalled_failure(kind, application_error))
}

/// # Safety
/// `list` is null or has `length` readable bytes.
unsafe extern "C" fn set_in_memory_properties(handle: usize, list: *const u8, length: u32) -> u32 {
    with(handle, |monitored| {
        if list.is_null() || length as usize > LIST_LENGTH_MAX {
            return Status::INVALID_PARAMETER;
        }
        // SAFETY: not null, so it has that many readable bytes.
        let list = unsafe { std::slice::from_raw_parts(list, length as usize) };
        monitored.handle_in_memory_properties(list)
    })
}

extern "C" fn end_control_call(_context: i64, _number: u32) -> u32 {
    // There is no call to end or extend: version 3 is not offered.
    Status::INVALID_FUNCTION.0
}

extern "C" fn raise_type_notification(_type_name: WidePointer, _payload: *const u8, _length: u32) -> u32 {
    Status::NOT_SUPPORTED.0
}

extern "C" fn change_resource_process_for_dumps(_: usize, _: WidePointer, _: u32, _: i32) -> u32 {
    Status::NOT_SUPPORTED.0
}

extern "C" fn change_type_process_for_dumps(_: WidePointer, _: WidePointer, _: u32, _: i32) -> u32 {
    Status::NOT_SUPPORTED.0
}

extern "C" fn set_internal_state(handle: usize, kind: i32, active: i32) -> u32 {
    with(handle, |monitored| monitored.handle_internal_state(kind, active != 0))
}

extern "C" fn request_dump(_handle: usize, _in_progress: i32, _delay_ms: u32) -> u32 {
    Status::NOT_SUPPORTED.0
}

extern "C" fn set_wpr_policy(_handle: usize, _flags: u32) -> u32 {
    Status::NOT_SUPPORTED.0
}

extern "C" fn arm_wpr_watchdog(_handle: usize, _timeout_ms: u64) -> u32 {
    Status::NOT_SUPPORTED.0
}

/// The variable arguments of a LogEvent call, in the C part.
#[repr(C)]
struct RawArguments {
    _opaque: [u8; 0],
}

unsafe extern "C" {
    fn mainstay_log_event_narrow();
    fn mainstay_log_event_wide();
    fn mainstay_argument_int(arguments: *mut RawArguments) -> i32;
    fn mainstay_argument_long(arguments: *mut RawArguments) -> i64;
    fn mainstay_argument_double(arguments: *mut RawArguments) -> f64;
    fn mainstay_argument_pointer(arguments: *mut RawArguments) -> *const c_void;
}

impl Arguments for *mut RawArguments {
    fn int(&mut self) -> i32 {
        // SAFETY: the pointer is the C part's own and lives as long as the call.
        unsafe { mainstay_argument_int(*self) }
    }

    fn long(&mut self) -> i64 {
        // SAFETY: as above.
        unsafe { mainstay_argument_long(*self) }
    }

    fn double(&mut self) -> f64 {
        // SAFETY: as above.
        unsafe { mainstay_argument_double(*self) }
    }

    fn pointer(&mut self) -> *const c_void {
        // SAFETY: as above.
        unsafe { mainstay_argument_pointer(*self) }
    }
}

/// # Safety
/// `format` is null or ends with a NUL, and the arguments are those that it names.
unsafe fn log<U: Unit>(handle: usize, level: i32, format: *const U, mut arguments: *mut RawArguments) {
    let _ = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the caller's promise.
        let Ok(format) = (unsafe { wide::read(format) }) else { return };
        // SAFETY: the caller's promise.
        let line = unsafe { log_format::format::<U>(&format, &mut arguments) };
        let level = u32::try_from(level).unwrap_or(0).min(3);
        match monitored::find(handle) {
            Some(monitored) => monitored.handle_log(level, line),
            // During Startup there is no resource yet.
            None => tracing::info!(level, "library: {line}"),
        }
    }));
}

/// # Safety
/// Called by the C part only, with what a library gave to LogEvent.
#[unsafe(no_mangle)]
unsafe extern "C" fn mainstay_log_narrow(
    handle: usize,
    level: i32,
    format: *const u16,
    arguments: *mut RawArguments,
) {
    // SAFETY: the same promise.
    unsafe { log(handle, level, format, arguments) };
}

/// # Safety
/// Called by the C part only, with what a library gave to LogEvent.
#[unsafe(no_mangle)]
unsafe extern "C" fn mainstay_log_wide(
    handle: usize,
    level: i32,
    format: *const u32,
    arguments: *mut RawArguments,
) {
    // SAFETY: the same promise.
    unsafe { log(handle, level, format, arguments) };
}
