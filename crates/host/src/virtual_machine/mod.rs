//! `Virtual Machine`: a guest whose state is saved when it goes offline, and goes on from there.
//!
//! **The rule.** No processor of the guest runs unless the cluster database says that there is no valid saved state.
//! Memory that goes on over a disk which has changed since is the worst that this type could do.
//!
//! ```text
//!   save:    stop the processors ─► write a new file ─► sync it ─► note ─► end the machine ─► Offline
//!   online:  look at the file ─► load it ─► no note any more ─► let the processors run ─► Online ─► remove the file
//!   cold:    start with the processors standing ─► no note any more ─► let them run ─► Online
//! ```
//!
//! The note ([`Reporter::keep`](crate::resource_type::Reporter::keep)) names the one file that is valid; it is
//! taken away before each start, and both are waited for until they are committed. So whenever something dies, either the
//! machine is there as it was, or the file is complete and on record, and never both are used. A file that is on no record is
//! never loaded.
//!
//! **A save that cannot succeed is a veto**: the file is removed, the processors run on, nothing is lost.
//!
//! **When a host dies** the machine stays as it is, and the next host takes up from what it finds:
//! running is online; standing with a valid file on record, the machine is ended, since nothing has run since; standing
//! without one, it is the only copy, and goes on.
//!
//! Who runs a machine is behind the trait `backend::Guest`; `qemu` is a process of our own.

mod backend;
mod disks;
mod qemu;
mod qmp;
mod saved;
pub mod settings;
mod work;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use mainstay_process::strays::Mark;
use mainstay_process::{Command, Identity, Leaf, Process, state_file};
use mainstay_types::control::function;
use mainstay_types::name::InvalidName;
use mainstay_types::order::{Cause, KeptNote, Note, Opening};
use mainstay_types::{ControlCode, Name, OfflineFlags, Status};
use parking_lot::Mutex;

use crate::private;
use crate::resource_type::{
    BuiltIn, Check, Completion, Context, ControlAnswer, ControlCall, Failure, Found, OfflineCall, OnlineCall,
    Opened, Operation, OperationNumber, Resource, ResourceType,
};
use backend::{Condition, Guest};
use qemu::Qemu;
use qmp::ANSWER_TIMEOUT;
use saved::Saved;
use settings::{DESCRIPTION, OfflineAction, Settings};

pub use mainstay_types::offer::VIRTUAL_MACHINE as NAME;

/// The other name under which instructions may come: callers give them to a machine's configuration too.
pub const CONFIGURATION_NAME: &str = "Virtual Machine Configuration";

/// VM_SET_NEXT_OFFLINE_ACTION: what the next offline without instructions does, in place of OfflineAction.
const SET_NEXT_OFFLINE_ACTION: u32 = 0x0160_0014;

/// So many looks in a row may find nobody who answers for a machine that was taken over without a word from it.
const UNSEEN_MAX: u32 = 5;

/// Why a resource is locked while somebody else works on its machine.
const LOCKED_FOR_JOB: u64 = 1;

/// The type.
pub struct VirtualMachine;

impl VirtualMachine {
    /// Adds the type to those that a host offers.
    pub fn register(types: BuiltIn) -> Result<BuiltIn, InvalidName> {
        Ok(types.with(Name::parse(NAME)?, Arc::new(VirtualMachine)))
    }
}

impl ResourceType for VirtualMachine {
    fn open(&self, context: Context) -> Result<Opened, Cause> {
        let machine = Arc::new(Machine {
            opening: Mutex::new(context.opening.clone()),
            context,
            running: Mutex::default(),
            is_online: Mutex::new(false),
            next_action: Mutex::default(),
            turn: Mutex::default(),
            unsettled: Mutex::default(),
        });
        let is_online = machine.take_over()?;
        let found = if is_online { Found::Online } else { Found::Offline };
        Ok(Opened { resource: Arc::new(Handle(machine)), found })
    }

    fn control(&self, call: ControlCall<'_>) -> ControlAnswer {
        properties_control(call)
    }
}

fn properties_control(call: ControlCall<'_>) -> ControlAnswer {
    private::control(call, &DESCRIPTION, |values| Settings::of(values).map(|_| String::new()))
}

/// A machine that was started, with what it was started as.
#[derive(Clone)]
struct Run {
    guest: Arc<Qemu>,
    /// See [`saved::definition`].
    definition: String,
}

/// What a machine is to do, as far as it is known in the run directory, for the next host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Doing {
    /// It is not to run yet: its processors stand by our doing.
    Standing,
    /// It is not to run any more: they stand, and its state is being saved.
    Saving,
    /// It is to run. If it stands, somebody else wants it so.
    Running,
}

impl Doing {
    fn word(self) -> &'static str {
        match self {
            Doing::Standing => "doing standing",
            Doing::Saving => "doing saving",
            Doing::Running => "doing running",
        }
    }
}

/// What an earlier host has left, once it was looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Settled {
    /// It runs.
    Serves,
    /// It stands, and is what the valid saved state is.
    Saved,
    /// It cannot go on, or somebody does not want it to.
    Useless,
}

/// What an earlier host has left and nobody could look at yet.
#[derive(Clone, Copy, Debug)]
struct Unsettled {
    /// What it was doing.
    doing: Doing,
    /// Looks in a row that nobody answered.
    unseen: u32,
}

struct Machine {
    context: Context,
    opening: Mutex<Opening>,
    /// The newest machine, as long as it may be there. Whoever starts or ends one has this.
    running: Mutex<Option<Run>>,
    /// Whether its end is a failure.
    is_online: Mutex<bool>,
    next_action: Mutex<Option<OfflineAction>>,
    /// The operation that says what is kept. One that was overtaken says nothing any more.
    turn: Mutex<Option<OperationNumber>>,
    /// As long as nobody could look at what an earlier host has left.
    unsettled: Mutex<Option<Unsettled>>,
}

/// What the host has of it.
struct Handle(Arc<Machine>);

impl Machine {
    fn settings(&self) -> Result<Settings, Cause> {
        Settings::read(&self.opening.lock().registry)
    }

    fn name(&self) -> Name {
        self.opening.lock().name.clone()
    }

    /// How long QEMU may take for an answer. A call by the host has several to wait for, and takes no longer than
    /// DeadlockTimeout: by that the machine would lose its host.
    fn patience(&self) -> Duration {
        let deadlock = Duration::from_millis(self.opening.lock().deadlock_timeout_ms.into());
        if deadlock.is_zero() { ANSWER_TIMEOUT } else { ANSWER_TIMEOUT.min(deadlock / 4) }
    }

    fn run(&self) -> Option<Run> {
        self.running.lock().clone()
    }

    fn log(&self, level: u32, text: impl Into<String>) {
        self.context.reporter.log(level, text);
    }

    /// Has the cluster keep this, unless the operation was overtaken: what it knows then is old.
    fn keep(&self, note: Option<Note>, operation: &Operation) -> Result<(), Cause> {
        let turn = self.turn.lock();
        if *turn != Some(operation.number()) || operation.is_cancelled() {
            return Err(Cause::new(Status::CANCELLED, "terminated"));
        }
        self.context.reporter.keep(note, || operation.is_cancelled())
    }

    /// The next operation begins. One that was overtaken and still has the word loses it first.
    fn take_turn(&self, operation: &Operation) {
        *self.turn.lock() = Some(operation.number());
    }

    /// Starts the machine in the leaf, with its processors standing.
    fn start(
        self: &Arc<Self>,
        settings: &Settings,
        is_to_load: bool,
        operation: &Operation,
    ) -> Result<Run, Cause> {
        let Context { cluster, resource, state_file, leaf, .. } = &self.context;
        let mark = Mark { cluster: *cluster, resource: *resource, leaf: leaf.clone() };
        let mut command = Command::new([&settings.emulator]);
        command.environment = vec![("PATH".into(), qemu::PATH.into())];
        command.environment.extend(mark.variables());
        command.leaf = Some(Leaf::new(leaf));
        let mut running = self.running.lock();
        // An earlier one that does not go must not be beside it.
        if let Some(earlier) = running.take() {
            let ended = earlier.guest.end();
            ended.inspect_err(|_| *running = Some(earlier))?;
        }
        *self.unsettled.lock() = None;
        if operation.is_cancelled() {
            return Err(Cause::new(Status::CANCELLED, "terminated before it was started"));
        }
        let arguments = qemu::definition(settings);
        let socket = Qemu::socket(state_file);
        let (name, patience) = (self.name(), self.patience());
        let guest = Qemu::start(command, name.as_str(), &arguments, socket, patience, is_to_load)?;
        let run = Run { guest: Arc::new(guest), definition: saved::definition(settings) };
        *running = Some(run.clone());
        drop(running);
        if let Err(error) = self.write_doing(&run, Doing::Standing) {
            run.guest.end()?;
            let text = format!("what runs cannot be written down for a later host: {error}");
            return Err(Cause::new(Status::RESMON_SYSTEM_RESOURCES_LACKING, text));
        }
        self.watch(&run);
        Ok(run)
    }

    /// Lets the machine run, which nothing speaks against any more.
    fn resume(&self, run: &Run) -> Result<(), Cause> {
        run.guest.resume()?;
        self.note_doing(run, Doing::Running);
        *self.is_online.lock() = true;
        Ok(())
    }

    /// What the next host has to know to find the machine, and to take up from there.
    fn note_doing(&self, run: &Run, doing: Doing) {
        if let Err(error) = self.write_doing(run, doing) {
            self.log(1, format!("if this host dies, the machine will not be found again: {error}"));
        }
    }

    fn write_doing(&self, run: &Run, doing: Doing) -> std::io::Result<()> {
        match run.guest.process().identity() {
            Ok(Some(Identity { pid, started_at_ticks })) => {
                let (definition, doing) = (&run.definition, doing.word());
                let text =
                    format!("pid {pid}\nstarted {started_at_ticks}\ndefinition {definition}\n{doing}\n");
                state_file::write_text(&self.context.state_file, &text)
            }
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The machine that an earlier host has started, if it is there.
    fn find_earlier(&self) -> Option<(Run, Doing)> {
        let path = &self.context.state_file;
        let found = state_file::read(path).and_then(|identity| match identity {
            None => Ok(None),
            Some(identity) => Ok(Process::find(identity)?.zip(state_file::read_text(path)?)),
        });
        match found {
            Ok(found) => {
                let (process, text) = found?;
                let definition = text.lines().find_map(|line| line.strip_prefix("definition "));
                let guest = Arc::new(Qemu::found(process, Qemu::socket(path), self.patience()));
                let is = |doing: &Doing| text.lines().any(|line| line == doing.word());
                let doing = [Doing::Standing, Doing::Saving].into_iter().find(is).unwrap_or(Doing::Running);
                Some((Run { guest, definition: definition.unwrap_or_default().to_owned() }, doing))
            }
            Err(error) => {
                self.log(1, format!("what an earlier host has left cannot be read: {error}"));
                None
            }
        }
    }

    /// Takes up from what an earlier host has left; whether the machine serves.
    fn take_over(self: &Arc<Self>) -> Result<bool, Cause> {
        let Some((run, doing)) = self.find_earlier() else { return self.take_over_nothing() };
        if !self.context.opening.recover {
            // What is opened anew is offline.
            return run.guest.end().map(|()| false);
        }
        let serves = match self.look_at(&run, doing) {
            Ok(settled) => settled == Settled::Serves,
            Err(_) if run.guest.wait(Duration::ZERO) => false,
            Err(cause) => {
                // It is there, and may be in the best of health: whoever cannot be asked is not ended for that.
                let text = format!("the machine goes on, and nobody knows yet how it is: {cause}");
                self.log(2, text);
                *self.unsettled.lock() = Some(Unsettled { doing, unseen: 0 });
                true
            }
        };
        if !serves {
            run.guest.end()?;
            return self.take_over_nothing();
        }
        *self.running.lock() = Some(run.clone());
        self.watch(&run);
        *self.is_online.lock() = true;
        Ok(true)
    }

    /// Looks at what an earlier host has left, and has it go on where that is right.
    fn look_at(&self, run: &Run, doing: Doing) -> Result<Settled, Cause> {
        let kept = self.context.opening.note.clone();
        let settled = match run.guest.condition()? {
            Condition::Running => self.forget_kept(kept.as_ref()).map(|()| Settled::Serves),
            Condition::Paused if doing != Doing::Running => self.take_over_standing(run, kept.as_ref()),
            // What cannot go on serves nobody.
            _ => Ok(Settled::Useless),
        };
        settled.inspect(|settled| {
            if *settled == Settled::Serves {
                self.note_doing(run, Doing::Running);
            }
        })
    }

    /// Makes up for the look at what an earlier host has left, if that is still to be done.
    fn settle(&self) -> Result<Settled, Cause> {
        let (Some(Unsettled { doing, .. }), Some(run)) = (*self.unsettled.lock(), self.run()) else {
            return Ok(Settled::Serves);
        };
        let settled = self.look_at(&run, doing)?;
        *self.unsettled.lock() = None;
        self.log(0, "the machine that an earlier host has left answers");
        Ok(settled)
    }

    /// The same at a check: nobody who answers is no failure, unless that goes on.
    fn settle_at_check(&self) -> Result<Settled, Cause> {
        self.settle().or_else(|cause| {
            let mut unsettled = self.unsettled.lock();
            let unseen = unsettled.as_mut().map_or(UNSEEN_MAX, |left| {
                left.unseen += 1;
                left.unseen
            });
            self.log(1, format!("the machine was not looked at: {cause}"));
            if unseen < UNSEEN_MAX { Ok(Settled::Serves) } else { Err(cause) }
        })
    }

    /// Nothing of the machine is there any more. If that was to be saved and is not, it has not gone offline as asked.
    fn take_over_nothing(&self) -> Result<bool, Cause> {
        let path = &self.context.state_file;
        let text = state_file::read_text(path).ok().flatten().unwrap_or_default();
        let was_saving = text.lines().any(|line| line == Doing::Saving.word());
        if !was_saving || !self.context.opening.recover || self.context.opening.note.is_some() {
            return Ok(false);
        }
        // Said once; from then on it is a machine that is not there.
        if let Err(error) = state_file::remove(path) {
            self.log(1, format!("the state file cannot be removed: {error}"));
        }
        let text =
            "its state was not saved: the machine ended while its host was saving it, and the host, too";
        Err(Cause::new(Status::PROCESS_ABORTED, text))
    }

    /// A machine that stands still by our doing: with a valid file it is just the same as that, and it ends. Else it is all there is.
    fn take_over_standing(&self, run: &Run, kept: Option<&KeptNote>) -> Result<Settled, Cause> {
        if let Some(kept) = kept {
            let settings = self.settings_or_default()?;
            let usable = Saved::read(kept).and_then(|saved| saved.open(&settings));
            match usable {
                Ok(_) => return Ok(Settled::Saved),
                // What the machine has in memory fits no better than the file.
                Err(unusable @ saved::Unusable::OtherDisks(_)) => {
                    self.log(2, unusable.to_string());
                    return Ok(Settled::Useless);
                }
                Err(unusable) => {
                    self.log(1, format!("{unusable}; the machine itself is there still and goes on"));
                }
            }
        }
        if let Some(job) = run.guest.foreign_job()? {
            // A save that its host has begun and nobody ends.
            self.log(0, format!("{job} is given up: its host has ended"));
            run.guest.cancel_save()?;
            work::wait_transfer_over(run.guest.as_ref(), || false)?;
        }
        self.context.reporter.keep(None, || false)?;
        run.guest.resume()?;
        Ok(Settled::Serves)
    }

    /// Says that nothing is kept, if something is.
    fn forget_kept(&self, kept: Option<&KeptNote>) -> Result<(), Cause> {
        if kept.is_none() {
            return Ok(());
        }
        self.log(1, "the machine runs, and what was kept of an earlier state is given up");
        self.context.reporter.keep(None, || false)
    }

    /// Properties that have become wrong since the start must not make a machine unstoppable.
    fn settings_or_default(&self) -> Result<Settings, Cause> {
        self.settings().or_else(|_| Settings::of(&private::Values::default()))
    }

    /// Notices the machine's end, which is a failure while it is online.
    fn watch(self: &Arc<Self>, run: &Run) {
        let (machine, run) = (Arc::downgrade(self), run.clone());
        let watching = thread::Builder::new().name("machine".into()).spawn(move || {
            while !run.guest.wait(work::WATCH_INTERVAL) {
                if machine.strong_count() == 0 {
                    return;
                }
            }
            let Some(machine) = machine.upgrade() else { return };
            let is_its = machine.run().is_some_and(|current| Arc::ptr_eq(&current.guest, &run.guest));
            if is_its && *machine.is_online.lock() {
                let text = run.guest.last_words();
                machine.context.reporter.failed(Cause::new(Status::PROCESS_ABORTED, text));
            }
        });
        if let Err(error) = watching {
            self.log(1, format!("the machine's end is only noticed by checks: {error}"));
        }
    }

    /// What this offline is to do.
    fn action(&self, buffer: &[u8], settings: &Settings) -> Result<OfflineAction, Cause> {
        let set = *self.next_action.lock();
        Ok(settings::instruction(buffer)?.or(set).unwrap_or(settings.offline_action))
    }

    /// Tells whether somebody else works on the machine.
    fn look_for_jobs(&self, run: &Run) -> Result<(), Cause> {
        let job = run.guest.foreign_job()?;
        self.context.reporter.locked(job.is_some(), if job.is_some() { LOCKED_FOR_JOB } else { 0 });
        Ok(())
    }
}

impl Resource for Handle {
    fn online(&self, call: OnlineCall<'_>) -> Result<Completion, Failure> {
        let machine = &self.0;
        let settings = machine.settings().map_err(Failure::Failed)?;
        machine.take_turn(&call.operation);
        let (machine, kept, operation) = (machine.clone(), call.note.cloned(), call.operation);
        begin("online", move || {
            let done = work::bring_online(&machine, &settings, kept.as_ref(), &operation);
            operation.finished(done.map_err(Failure::Failed));
        })
    }

    fn offline(&self, call: OfflineCall<'_>) -> Result<Completion, Failure> {
        let machine = &self.0;
        let settings = machine.settings_or_default().map_err(Failure::Failed)?;
        // Wrong instructions are a veto: nothing was touched.
        let action = machine.action(call.buffer, &settings).map_err(Failure::Vetoed)?;
        machine.take_turn(&call.operation);
        let (machine, operation) = (machine.clone(), call.operation);
        let is_forced = call.flags.contains(OfflineFlags::IGNORE_RESOURCE_STATUS);
        begin("offline", move || {
            let done = work::take_offline(&machine, &settings, action, is_forced, &operation);
            operation.finished(done);
        })
    }

    fn terminate(&self) -> Result<(), Cause> {
        *self.0.is_online.lock() = false;
        let mut running = self.0.running.lock();
        if let Some(run) = running.take() {
            run.guest.end().inspect_err(|_| *running = Some(run))?;
        }
        *self.0.unsettled.lock() = None;
        let removed = state_file::remove(&self.0.context.state_file);
        removed.or_else(|error| {
            self.0.log(1, format!("the state file cannot be removed: {error}"));
            Ok(())
        })
    }

    fn look(&self) -> Result<(), Cause> {
        match self.0.run().filter(|run| !run.guest.wait(Duration::ZERO)) {
            None => Ok(()),
            Some(run) => {
                let text = format!("still running outside its cgroup: process {}", run.guest.process().pid());
                Err(Cause::new(Status::RESMON_INVALID_STATE, text))
            }
        }
    }

    fn looks_alive(&self) -> bool {
        // Who is not settled yet is asked at the thorough check alone.
        self.0.unsettled.lock().is_some()
            || self.0.run().is_some_and(|run| self.0.look_for_jobs(&run).is_ok())
    }

    fn is_alive(&self) -> Result<(), Cause> {
        let failed = |text: String| Err(Cause::new(Status::RESOURCE_FAILED, text));
        let Some(run) = self.0.run() else { return failed("no machine was started".into()) };
        if self.0.settle_at_check()? == Settled::Saved {
            return failed(
                "the machine stands still and its state is saved, since an offline was not completed".into(),
            );
        }
        if self.0.unsettled.lock().is_some() {
            return Ok(());
        }
        match run.guest.condition()? {
            Condition::Running => self.0.look_for_jobs(&run),
            // Somebody's migration stops it for a moment, and has it locked.
            Condition::Paused if run.guest.foreign_job()?.is_some() => self.0.look_for_jobs(&run),
            Condition::Paused | Condition::New | Condition::Loading => {
                failed("somebody has stopped the machine's processors".into())
            }
            Condition::Broken(text) => failed(text),
            Condition::Gone => Err(Cause::new(Status::PROCESS_ABORTED, run.guest.last_words())),
        }
    }

    fn check_offline(&self, _: OfflineFlags, buffer: &[u8]) -> Check {
        let settings = self.0.settings_or_default();
        let wanted = settings.and_then(|settings| Ok((self.0.action(buffer, &settings)?, settings)));
        let (action, settings) = match wanted {
            Ok(wanted) => wanted,
            Err(cause) => return Check::No(cause),
        };
        let lacks = || (action == OfflineAction::Save).then(|| saved::lacks(&settings)).flatten();
        match self.0.run().and_then(|_| lacks()) {
            Some(cause) => Check::No(cause),
            None => Check::Yes,
        }
    }

    fn control(&self, call: ControlCall<'_>) -> ControlAnswer {
        if call.code.0 == SET_NEXT_OFFLINE_ACTION {
            return self.0.set_next_action(call.input);
        }
        let answer = properties_control(call);
        let is_set = call.code.function() == ControlCode(function::SET_PRIVATE_PROPERTIES).function()
            && answer.status == Status::INVALID_FUNCTION;
        if is_set && self.0.runs_on_otherwise(call.input) {
            return ControlAnswer::refused(Cause::new(Status::RESOURCE_PROPERTIES_STORED, ""));
        }
        answer
    }

    fn configure(&self, opening: &Opening) {
        *self.0.opening.lock() = opening.clone();
    }

    fn close(&self) {
        if let Err(cause) = self.terminate() {
            self.0.log(1, cause.text);
        }
    }
}

impl Machine {
    fn set_next_action(&self, input: &[u8]) -> ControlAnswer {
        let number = input.try_into().ok().map(u32::from_le_bytes);
        match number.and_then(OfflineAction::of) {
            Some(action) => {
                *self.next_action.lock() = Some(action);
                ControlAnswer::output(Vec::new(), 0)
            }
            None => {
                let shown =
                    number.map_or_else(|| format!("{} bytes", input.len()), |number| number.to_string());
                let text = format!(
                    "the next offline's action is {shown}; it may be a DWORD: {}",
                    settings::allowed()
                );
                ControlAnswer::refused(Cause::new(Status::INVALID_PARAMETER, text))
            }
        }
    }

    /// Whether the machine that runs was started as another one than the stored properties with these make it.
    fn runs_on_otherwise(&self, input: &[u8]) -> bool {
        let Some(run) = self.run() else { return false };
        let Ok(list) = mainstay_proplist::PropertyList::parse(input) else { return false };
        let opening = self.opening.lock();
        // What is stored may be wrong, and what is set now mend it.
        let stored = private::Values::read(&opening.registry, &DESCRIPTION).unwrap_or_default();
        let changed = stored.with(&list, &opening.type_name, &DESCRIPTION);
        let changed = changed.and_then(|values| Settings::of(&values));
        changed.is_ok_and(|settings| saved::definition(&settings) != run.definition)
    }
}

/// Goes on with an operation on a thread of its own.
fn begin(name: &str, carry_out: impl FnOnce() + Send + 'static) -> Result<Completion, Failure> {
    let begun = thread::Builder::new().name(name.into()).spawn(carry_out);
    begun.map(|_| Completion::Pending).map_err(|error| {
        let text = format!("no thread to work with: {error}");
        Failure::Failed(Cause::new(Status::RESMON_SYSTEM_RESOURCES_LACKING, text))
    })
}
