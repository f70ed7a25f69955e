//! One resource of a library.
//!
//! It owns what the library's Open gave, the registry key and the RESOURCE_HANDLE; all three end with Close. It
//! decides nothing but how an answer of C reads in the host's words.

use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::Arc;

use mainstay_host::resource_type::{
    Check, Completion, Context, ControlAnswer, ControlCall, Failure, Found, OfflineCall, OnlineCall, Opened,
    Resource,
};
use mainstay_ipc::frame::FRAME_LENGTH_MAX;
use mainstay_resutils::keys::RootKey;
use mainstay_resutils::win32;
use mainstay_types::control::{RESOURCE_VALIDATE_OFFLINE, function};
use mainstay_types::order::{Cause, Opening};
use mainstay_types::{ControlCode, Name, OfflineFlags, OnlineFlags, Status};
use parking_lot::Mutex;

use crate::abi::{
    self, Alive, Close, FunctionsV1, FunctionsV2, OfflineV1, OfflineV2, OnlineV1, OnlineV2, OpenV1, OpenV2,
    Resid, ResourceControl, Terminate, TypeControl,
};
use crate::library::is_veto;
use crate::monitored::{Direction, Registration};
use crate::wide_string::{WideString, Width};

/// The most room that a control code's output is given, in bytes: what a frame to the service can carry with ease.
const OUTPUT_LENGTH_MAX: usize = FRAME_LENGTH_MAX / 2;

/// A library's functions, checked to be there.
#[derive(Clone, Copy)]
pub(crate) struct Functions {
    open: Open,
    online: Online,
    offline: Offline,
    close: Close,
    terminate: Terminate,
    looks_alive: Alive,
    is_alive: Alive,
    resource_control: Option<ResourceControl>,
    type_control: Option<TypeControl>,
}

#[derive(Clone, Copy)]
enum Open {
    V1(OpenV1),
    V2(OpenV2),
}

#[derive(Clone, Copy)]
enum Online {
    V1(OnlineV1),
    V2(OnlineV2),
}

#[derive(Clone, Copy)]
enum Offline {
    V1(OfflineV1),
    V2(OfflineV2),
}

impl Functions {
    pub(crate) fn version_1(table: FunctionsV1) -> Result<Self, String> {
        Ok(Functions {
            open: Open::V1(needed(table.open, "Open")?),
            online: Online::V1(needed(table.online, "Online")?),
            offline: Offline::V1(needed(table.offline, "Offline")?),
            close: needed(table.close, "Close")?,
            terminate: needed(table.terminate, "Terminate")?,
            looks_alive: needed(table.looks_alive, "LooksAlive")?,
            is_alive: needed(table.is_alive, "IsAlive")?,
            resource_control: table.resource_control,
            type_control: table.type_control,
        })
    }

    pub(crate) fn version_2(table: FunctionsV2) -> Result<Self, String> {
        Ok(Functions {
            open: Open::V2(needed(table.open, "Open")?),
            online: Online::V2(needed(table.online, "Online")?),
            offline: Offline::V2(needed(table.offline, "Offline")?),
            close: needed(table.close, "Close")?,
            terminate: needed(table.terminate, "Terminate")?,
            looks_alive: needed(table.looks_alive, "LooksAlive")?,
            is_alive: needed(table.is_alive, "IsAlive")?,
            resource_control: table.resource_control,
            type_control: table.type_control,
        })
    }

    pub(crate) fn version(&self) -> u32 {
        match self.open {
            Open::V1(_) => 1,
            Open::V2(_) => 2,
        }
    }

    pub(crate) fn type_control(&self) -> Option<TypeControl> {
        self.type_control
    }
}

fn needed<T>(function: Option<T>, name: &str) -> Result<T, String> {
    function.ok_or_else(|| format!("{name} is null"))
}

/// A resource that a library holds open.
pub(crate) struct LibraryResource {
    functions: Functions,
    width: Width,
    type_name: Name,
    resid: ResidBox,
    key: RootKey,
    registration: Registration,
    state_file: std::path::PathBuf,
    /// Held while Terminate runs, which the contract never calls beside itself.
    terminating: Mutex<()>,
}

/// What Open gave.
#[derive(Clone, Copy)]
struct ResidBox(Resid);

// SAFETY: resapi.h says that entry points are called on any thread, and which of them overlap; the host keeps to
// that.
unsafe impl Send for ResidBox {}
// SAFETY: as above.
unsafe impl Sync for ResidBox {}

impl LibraryResource {
    pub(crate) fn open(functions: Functions, width: Width, context: Context) -> Result<Opened, Cause> {
        let failed =
            |status: Status| Cause::new(status, format!("'{}' cannot be opened", context.opening.name));
        let registration = Registration::new(context.reporter.clone()).map_err(failed)?;
        let key = RootKey::open(context.opening.registry.clone()).map_err(failed)?;
        let name = WideString::new(width, context.opening.name.as_str());
        let recover = context.opening.recover;

        win32::set_last_error(Status::SUCCESS);
        // SAFETY: the table's function gets a string that lives as long as the call, and two numbers.
        let resid = unsafe {
            match functions.open {
                Open::V1(open) => open(name.as_ptr(), key.handle(), registration.handle),
                Open::V2(open) => {
                    let flags = if recover { abi::OPEN_RECOVER_MONITOR_STATE } else { 0 };
                    open(name.as_ptr(), key.handle(), registration.handle, flags)
                }
            }
        };
        if resid.is_null() {
            let status = match win32::last_error() {
                Status::SUCCESS => Status::RESMON_CREATE_FAILED,
                status => status,
            };
            let text = format!("the library's Open refused '{}'", context.opening.name);
            return Err(registration.monitored.cause(status, text));
        }
        let resource = Arc::new(LibraryResource {
            functions,
            width,
            type_name: context.opening.type_name.clone(),
            resid: ResidBox(resid),
            key,
            registration,
            state_file: context.state_file,
            terminating: Mutex::new(()),
        });
        let found = if recover && resource.was_taken_over() { Found::Online } else { Found::Offline };
        Ok(Opened { resource, found })
    }

    /// Whether Open with RECOVER_MONITOR_STATE found the resource serving. Only a type that says that it can
    /// reattach is asked.
    fn was_taken_over(&self) -> bool {
        let Open::V2(_) = self.functions.open else { return false };
        let answer = self.control(ControlCall {
            code: ControlCode(abi::RESOURCE_GET_CHARACTERISTICS),
            input: &[],
            output_length_max: 4,
            type_name: &self.type_name,
        });
        let characteristics = answer.output.try_into().map_or(0, u32::from_le_bytes);
        characteristics & abi::CHAR_MONITOR_REATTACH != 0 && self.is_alive().is_ok()
    }

    /// Turns what Online or Offline answered into the host's words.
    fn completion(&self, call: &str, answer: u32) -> Result<Completion, Failure> {
        let status = Status(answer);
        if status == Status::IO_PENDING {
            return Ok(Completion::Pending);
        }
        self.registration.monitored.end();
        match status {
            Status::SUCCESS => Ok(Completion::Done),
            status => Err(Failure::Failed(
                self.registration.monitored.cause(status, format!("the library's {call} failed")),
            )),
        }
    }

    /// Terminate came while Online or Offline had not returned: what the call did since is undone.
    fn terminate_what_was_overtaken(&self, is_cancelled: bool) {
        if is_cancelled {
            self.call_terminate();
        }
    }

    fn call_terminate(&self) {
        let _alone = self.terminating.lock();
        self.registration.monitored.terminate();
        // SAFETY: the library's own function with what its Open gave; it is not closed yet.
        unsafe { (self.functions.terminate)(self.resid.0) };
    }
}

impl Resource for LibraryResource {
    fn online(&self, call: OnlineCall<'_>) -> Result<Completion, Failure> {
        let operation = call.operation.clone();
        self.registration.monitored.begin(Direction::Online, call.operation);
        let mut event = 0;
        let mut buffer = call.buffer.to_vec();
        let (buffer, length) = pointer_and_length(&mut buffer);
        // SAFETY: the library's own function with what its Open gave; event and buffer live as long as the call.
        let answer = unsafe {
            match self.functions.online {
                Online::V1(online) => online(self.resid.0, &mut event),
                Online::V2(online) => {
                    online(self.resid.0, &mut event, online_flags(call.flags), buffer.cast(), length, 0)
                }
            }
        };
        if event != 0 {
            let line = "the library gave an event handle; it is not waited for, LooksAlive is called instead";
            self.registration.monitored.handle_log(1, line.into());
        }
        let completion = self.completion("Online", answer);
        self.terminate_what_was_overtaken(operation.is_cancelled());
        completion
    }

    fn offline(&self, call: OfflineCall<'_>) -> Result<Completion, Failure> {
        let operation = call.operation.clone();
        self.registration.monitored.begin(Direction::Offline, call.operation);
        let destination = call.destination.map(|name| WideString::new(self.width, name.as_str()));
        let destination = destination.as_ref().map_or(std::ptr::null(), WideString::as_ptr);
        let mut buffer = call.buffer.to_vec();
        let (buffer, length) = pointer_and_length(&mut buffer);
        // SAFETY: the library's own function with what its Open gave; string and buffer live as long as the call.
        let answer = unsafe {
            match self.functions.offline {
                Offline::V1(offline) => offline(self.resid.0),
                Offline::V2(offline) => offline(
                    self.resid.0,
                    destination,
                    offline_flags(call.flags, call.due_to_embedded_failure),
                    buffer.cast(),
                    length,
                    call.reason.number(),
                ),
            }
        };
        let completion = self.completion("Offline", answer);
        self.terminate_what_was_overtaken(operation.is_cancelled());
        match completion {
            Err(Failure::Failed(cause)) if is_veto(cause.status) => {
                Err(Failure::Vetoed(Cause::new(cause.status, "the library refused to stop")))
            }
            completion => completion,
        }
    }

    fn terminate(&self) -> Result<(), Cause> {
        self.call_terminate();
        Ok(())
    }

    fn looks_alive(&self) -> bool {
        // SAFETY: the library's own function with what its Open gave.
        unsafe { (self.functions.looks_alive)(self.resid.0) != 0 }
    }

    fn is_alive(&self) -> Result<(), Cause> {
        // SAFETY: the library's own function with what its Open gave.
        if unsafe { (self.functions.is_alive)(self.resid.0) } != 0 {
            return Ok(());
        }
        Err(self
            .registration
            .monitored
            .cause(Status::RESOURCE_FAILED, "the library's IsAlive says no".into()))
    }

    fn check_offline(&self, _flags: OfflineFlags, buffer: &[u8]) -> Check {
        let answer = self.control(ControlCall {
            code: RESOURCE_VALIDATE_OFFLINE,
            input: buffer,
            output_length_max: 0,
            type_name: &self.type_name,
        });
        match answer.status {
            Status::SUCCESS => Check::Yes,
            Status::INVALID_FUNCTION => {
                // It does not know the code, and so will not know it next time.
                self.registration.monitored.consents();
                Check::CannotTell
            }
            status => Check::No(Cause::new(status, "the library cannot carry out this offline call")),
        }
    }

    fn control(&self, call: ControlCall<'_>) -> ControlAnswer {
        let answer = match self.functions.resource_control {
            None => ControlAnswer::unknown(),
            Some(control) => self::control(&call, |input, input_length, output, output_length, returned| {
                // SAFETY: the library's own function with what its Open gave, and buffers of the lengths it is told.
                unsafe {
                    control(self.resid.0, call.code.0, input, input_length, output, output_length, returned)
                }
            }),
        };
        let asks_for_status = call.code.function() == function::GET_RO_PRIVATE_PROPERTIES;
        if answer.status == Status::INVALID_FUNCTION && asks_for_status {
            let in_memory = self.registration.monitored.in_memory_properties();
            if !in_memory.is_empty() {
                return ControlAnswer::output(in_memory, call.output_length_max);
            }
        }
        answer
    }

    fn configure(&self, opening: &Opening) {
        self.key.replace(opening.registry.clone());
    }

    fn close(&self) {
        // SAFETY: the library's own function with what its Open gave; the host calls nothing after this.
        unsafe { (self.functions.close)(self.resid.0) };
        match std::fs::remove_file(&self.state_file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!(file = %self.state_file.display(), %error, "the state file stays behind");
            }
            _ => {}
        }
    }
}

/// Calls a control function with room for its output, and reads its answer.
pub(crate) fn control(
    call: &ControlCall<'_>,
    function: impl FnOnce(*mut c_void, u32, *mut c_void, u32, *mut u32) -> u32,
) -> ControlAnswer {
    let mut input = call.input.to_vec();
    let mut output = vec![0_u8; (call.output_length_max as usize).min(OUTPUT_LENGTH_MAX)];
    let mut returned = 0_u32;
    let (input, input_length) = pointer_and_length(&mut input);
    let (output_start, output_length) = pointer_and_length(&mut output);
    let status = Status(function(input, input_length, output_start, output_length, &mut returned));
    match status {
        Status::SUCCESS if returned > output_length => ControlAnswer::refused(Cause::new(
            Status::INVALID_DATA,
            format!(
                "the library says that it wrote {returned} bytes where there was room for {output_length}"
            ),
        )),
        Status::SUCCESS => {
            output.truncate(returned as usize);
            ControlAnswer::output(output, call.output_length_max)
        }
        Status::MORE_DATA => {
            ControlAnswer { status, output: Vec::new(), output_length_needed: returned, text: String::new() }
        }
        status => ControlAnswer::refused(Cause::new(status, "")),
    }
}

/// A buffer as C wants it: null when it is empty. Libraries may write to their input, so it is a copy of our own.
fn pointer_and_length(buffer: &mut [u8]) -> (*mut c_void, u32) {
    // Buffers come out of frames, which are far shorter than 4 GiB.
    let length = u32::try_from(buffer.len()).unwrap_or(0);
    if length == 0 { (null_mut(), 0) } else { (buffer.as_mut_ptr().cast(), length) }
}

/// The caller's flags in the numbers of CLUS_RESDLL_ONLINE_.
fn online_flags(flags: OnlineFlags) -> u32 {
    if flags.contains(OnlineFlags::IGNORE_RESOURCE_STATUS) { abi::ONLINE_IGNORE_RESOURCE_STATUS } else { 0 }
}

/// The caller's flags in the numbers of CLUS_RESDLL_OFFLINE_. Force has none: Terminate is called instead.
fn offline_flags(flags: OfflineFlags, due_to_embedded_failure: bool) -> u32 {
    let mut bits = 0;
    if due_to_embedded_failure {
        bits |= abi::OFFLINE_DUE_TO_EMBEDDED_FAILURE;
    }
    if flags.contains(OfflineFlags::IGNORE_RESOURCE_STATUS) {
        bits |= abi::OFFLINE_IGNORE_RESOURCE_STATUS;
    }
    if flags.contains(OfflineFlags::DO_NOT_UPDATE_PERSISTENT_STATE) {
        bits |= abi::OFFLINE_DO_NOT_UPDATE_PERSISTENT_STATE;
    }
    bits
}
