//! Makes the calls into types, each on a worker.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};

use mainstay_process::state_file;
use mainstay_types::order::{Cause, Opening, QueryAnswer};
use mainstay_types::{ControlCode, Epoch, Name, ResourceId, Status};
use parking_lot::Mutex;

use super::place::Place;
use super::{Input, Shell};
use crate::config::Config;
use crate::driver::{Call, Instance, Issue, Returned};
use crate::resource_type::{
    Check, Context, ControlAnswer, ControlCall, Ear, Failure, Found, NoteNumber, OfflineCall, OnlineCall,
    Opened, Operation, OperationNumber, Reporter, Resource, Types,
};

/// An open resource.
pub(super) struct Held {
    resource: ResourceId,
    instance: Instance,
    type_name: Name,
    place: Place,
    implementation: Arc<dyn Resource>,
}

impl Held {
    pub(super) fn resource(&self) -> ResourceId {
        self.resource
    }

    pub(super) fn instance(&self) -> Instance {
        self.instance
    }
}

/// What a resource says through, and what it was last told to do.
#[derive(Clone)]
struct Voice {
    ear: Ear,
    reporter: Reporter,
    operation: Option<Operation>,
}

/// Makes calls and tells what they returned; shared by all workers.
pub(super) struct Caller {
    config: Config,
    types: Arc<dyn Types>,
    shell: Weak<Shell>,
    voices: Mutex<HashMap<ResourceId, Voice>>,
}

impl Caller {
    pub(super) fn new(config: Config, types: Arc<dyn Types>, shell: Weak<Shell>) -> Self {
        Caller { config, types, shell, voices: Mutex::new(HashMap::new()) }
    }

    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// Terminate has overtaken the operation, entered or not.
    pub(super) fn cancel(&self, resource: ResourceId, number: OperationNumber) {
        let mut voices = self.voices.lock();
        let Some(voice) = voices.get_mut(&resource) else { return };
        match &voice.operation {
            Some(operation) if operation.number() == number => operation.cancel(),
            // Not entered yet: whoever enters it finds it cancelled.
            _ => {
                let operation = Operation::new(number, voice.ear.clone());
                operation.cancel();
                voice.operation = Some(operation);
            }
        }
    }

    /// What became of what the resource wanted kept.
    pub(super) fn note_ended(&self, resource: ResourceId, number: NoteNumber, result: Result<(), Cause>) {
        if let Some(voice) = self.voices.lock().get(&resource) {
            voice.reporter.note_ended(number, result);
        }
    }

    /// The resource is no longer held.
    pub(super) fn forget(&self, resource: ResourceId) {
        if let Some(voice) = self.voices.lock().remove(&resource) {
            voice.reporter.close();
        }
    }

    /// Makes the call and tells what it returned.
    pub(super) fn make(&self, issue: Issue, held: Option<Arc<Held>>) {
        let number = issue.number;
        let (returned, opened) = self.enter(issue, held);
        tell(&self.shell, Input::Returned(number, returned, opened));
    }

    /// A resource that was opened comes back beside what was returned.
    fn enter(&self, issue: Issue, held: Option<Arc<Held>>) -> (Returned, Option<Arc<Held>>) {
        let entry_point = issue.call.entry_point();
        match (issue.call, issue.resource, held) {
            (Call::Open(opening), Some((resource, instance)), _) => {
                match self.open(resource, instance, issue.epoch, *opening) {
                    Ok((held, found)) => (Returned::Opened(Ok(found)), Some(held)),
                    Err(cause) => (Returned::Opened(Err(cause)), None),
                }
            }
            (Call::TypeControl { query, type_name, library, code, input, output_length_max }, ..) => {
                let call = ControlCall {
                    code: ControlCode(code),
                    input: &input,
                    output_length_max,
                    type_name: &type_name,
                };
                let answer = match guarded(entry_point, || self.types.find(&type_name, library.as_deref())) {
                    Ok(Ok(found)) => {
                        guarded(entry_point, || found.control(call)).unwrap_or_else(ControlAnswer::refused)
                    }
                    Ok(Err(cause)) | Err(cause) => ControlAnswer::refused(cause),
                };
                (answered(query, answer), None)
            }
            (call, _, Some(held)) => (self.call_resource(call, &held, entry_point), None),
            // The core calls only what it has seen opened.
            (call, ..) => (missing(&call), None),
        }
    }

    fn open(
        &self,
        resource: ResourceId,
        instance: Instance,
        epoch: Epoch,
        opening: Opening,
    ) -> Result<(Arc<Held>, Found), Cause> {
        let place = Place::new(&self.config, opening.group, resource);
        place.prepare()?;
        if !opening.recover {
            place.clear()?;
        }
        let voice = self.voice(resource, instance);
        self.voices.lock().insert(resource, voice.clone());
        let type_name = opening.type_name.clone();
        let opened = self.open_by_type(Context {
            cluster: self.config.cluster,
            resource,
            epoch,
            leaf: place.work().path().to_owned(),
            state_file: state_file::path(&self.config.run_dir, resource),
            opening,
            reporter: voice.reporter,
        });
        let Opened { resource: implementation, found } = opened.inspect_err(|_| self.forget(resource))?;
        let held = Arc::new(Held { resource, instance, type_name, place, implementation });
        if found == Found::Offline {
            // What an earlier host left and what nobody took over.
            if let Err(cause) = held.place.clear() {
                let _ = guarded("Close", || held.implementation.close());
                self.forget(resource);
                return Err(cause);
            }
        }
        Ok((held, found))
    }

    fn open_by_type(&self, context: Context) -> Result<Opened, Cause> {
        let found = guarded("Open", || {
            self.types.find(&context.opening.type_name, context.opening.library.as_deref())
        })??;
        guarded("Open", || found.open(context))?
    }

    fn voice(&self, resource: ResourceId, instance: Instance) -> Voice {
        let shell = Weak::clone(&self.shell);
        let ear: Ear = Arc::new(move |said| tell(&shell, Input::Said(resource, instance, said)));
        Voice { reporter: Reporter::new(Arc::clone(&ear)), ear, operation: None }
    }

    /// The handle of an operation that is entered now.
    fn operation(&self, resource: ResourceId, number: OperationNumber) -> Option<Operation> {
        let mut voices = self.voices.lock();
        let voice = voices.get_mut(&resource)?;
        if voice.operation.as_ref().is_none_or(|operation| operation.number() != number) {
            voice.operation = Some(Operation::new(number, voice.ear.clone()));
        }
        voice.operation.clone()
    }

    fn call_resource(&self, call: Call, held: &Held, entry_point: &str) -> Returned {
        let resource = &held.implementation;
        match call {
            Call::Online { operation, flags, buffer, note } => self.operate(held, operation, |operation| {
                let call = OnlineCall { flags, buffer: &buffer, note: note.as_ref(), operation };
                guarded(entry_point, || resource.online(call))
            }),
            Call::Offline { operation, flags, reason, buffer, destination, due_to_embedded_failure } => self
                .operate(held, operation, |operation| {
                    let (destination, buffer) = (destination.as_ref(), buffer.as_slice());
                    let call = OfflineCall {
                        flags,
                        reason,
                        destination,
                        due_to_embedded_failure,
                        buffer,
                        operation,
                    };
                    guarded(entry_point, || resource.offline(call))
                }),
            Call::Look => {
                let left = || guarded(entry_point, || resource.look()).flatten();
                Returned::Looked(held.place.look().and_then(|()| left()))
            }
            Call::Clear => Returned::Looked(held.place.clear()),
            Call::Terminate => Returned::Terminated(guarded(entry_point, || resource.terminate()).flatten()),
            Call::LooksAlive => {
                // A crash is not a sign of life; IsAlive is asked next.
                Returned::LooksAlive(guarded(entry_point, || resource.looks_alive()).unwrap_or(false))
            }
            Call::IsAlive => Returned::IsAlive(guarded(entry_point, || resource.is_alive()).flatten()),
            Call::Configure(opening) => {
                let _ = guarded(entry_point, || resource.configure(&opening));
                Returned::Nothing
            }
            Call::Close => {
                let _ = guarded(entry_point, || resource.close());
                Returned::Nothing
            }
            Call::CheckOffline { query, flags, buffer } => {
                let answer = match guarded(entry_point, || resource.check_offline(flags, &buffer)) {
                    Ok(Check::Yes) => ControlAnswer::output(Vec::new(), 0),
                    Ok(Check::CannotTell) => ControlAnswer::unknown(),
                    Ok(Check::No(cause)) | Err(cause) => ControlAnswer::refused(cause),
                };
                answered(query, answer)
            }
            Call::ResourceControl { query, code, input, output_length_max } => {
                let type_name = &held.type_name;
                let call =
                    ControlCall { code: ControlCode(code), input: &input, output_length_max, type_name };
                let answer = guarded(entry_point, || resource.control(call));
                answered(query, answer.unwrap_or_else(ControlAnswer::refused))
            }
            Call::Open(_) | Call::TypeControl { .. } => missing(&call),
        }
    }

    fn operate(
        &self,
        held: &Held,
        number: OperationNumber,
        enter: impl FnOnce(Operation) -> Result<Result<crate::resource_type::Completion, Failure>, Cause>,
    ) -> Returned {
        let Some(operation) = self.operation(held.resource, number) else {
            return Returned::Operation(Err(Failure::Failed(not_open())));
        };
        if operation.is_cancelled() {
            // Terminate came before the call was entered: then it is not entered at all.
            let cause = Cause::new(Status::CANCELLED, "terminated before it began");
            return Returned::Operation(Err(Failure::Failed(cause)));
        }
        Returned::Operation(enter(operation).unwrap_or_else(|cause| Err(Failure::Failed(cause))))
    }
}

/// Nobody hears it when the host has ended.
fn tell(shell: &Weak<Shell>, input: Input) {
    if let Some(shell) = shell.upgrade() {
        shell.feed(input);
    }
}

/// Makes a call that may panic.
fn guarded<T>(entry_point: &str, call: impl FnOnce() -> T) -> Result<T, Cause> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| {
        let said = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        Cause::new(Status::EXCEPTION_IN_RESOURCE_CALL, format!("{entry_point} panicked: {said}"))
    })
}

fn answered(query: u64, answer: ControlAnswer) -> Returned {
    let ControlAnswer { status, output, output_length_needed, text } = answer;
    Returned::Answered(QueryAnswer { id: query, status, output, output_length_needed, text })
}

fn not_open() -> Cause {
    Cause::new(Status::RESOURCE_NOT_AVAILABLE, "the resource is not open in this host")
}

/// What a call to a resource that is not there returns.
fn missing(call: &Call) -> Returned {
    match call {
        Call::Open(_) => Returned::Opened(Err(not_open())),
        Call::Online { .. } | Call::Offline { .. } => Returned::Operation(Err(Failure::Failed(not_open()))),
        Call::Look | Call::Clear => Returned::Looked(Err(not_open())),
        Call::Terminate => Returned::Terminated(Err(not_open())),
        Call::LooksAlive => Returned::LooksAlive(false),
        Call::IsAlive => Returned::IsAlive(Err(not_open())),
        Call::Configure(_) | Call::Close => Returned::Nothing,
        Call::CheckOffline { query, .. }
        | Call::ResourceControl { query, .. }
        | Call::TypeControl { query, .. } => answered(*query, ControlAnswer::refused(not_open())),
    }
}
