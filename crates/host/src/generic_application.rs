//! `Generic Application`: a program, with everything that it starts.
//!
//! This module owns how the program is started in the resource's leaf, watched, stopped and found again. Its private
//! properties are in [`properties`].
//!
//! **Online** when the program has begun. It is a process in the leaf with a session of its own; its standard input is
//! `/dev/null`, its output goes to the file in `OutputFile` or nowhere. (Not to a pipe of the host's: whoever the
//! program leaves behind would hold it open.) Its environment is PATH, the account's HOME, USER, LOGNAME and SHELL
//! where `User` is set, what `Environment` says, and the [`Mark`]; nothing of the host's own.
//!
//! **Failed** at the moment when the program ends, with its exit status as the cause; what it started may still run
//! and is cleaned by Terminate. A program taken over from an earlier host is not our child: its end is noticed as
//! fast, its exit status is not known, and the cause says so.
//!
//! **Offline**: `StopSignal` to the program; when it has ended, the same signal to what it left behind; after
//! `StopTimeout`, or at once when the instructions say so, everything is killed. Done when the program has ended and
//! the leaf is empty.
//!
//! **The program counts wherever it is.** A program can leave its cgroup (PAM sessions, `systemd-run --scope`), and an
//! empty leaf is no proof then. So the program itself is held by its pidfd, and for a later host by its number, start
//! time and boot: it is signalled, killed and waited for beside the leaf, and never started while an earlier one runs.
//! It is moved back into the leaf at each check and before a stop (`home`). What else has left is found by its mark,
//! and ended before the next start (`outside`).
//!
//! **Instructions** for an offline call: a property list with the property `Generic Application`, a DWORD:
//! 0 stop gracefully (as without instructions), 1 kill at once. Anything else under this name is refused with
//! ERROR_INVALID_PARAMETER before anything stops; other names are for others and ignored.

mod home;
pub mod properties;
mod stop;
mod watcher;

use std::ffi::OsString;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mainstay_process::account::Account;
use mainstay_process::strays::Mark;
use mainstay_process::{
    CgroupError, Command, Exit, Leaf, Output, Process, Signal, SpawnError, state_file, words,
};
use mainstay_proplist::{PropertyList, Value};
use mainstay_types::control::function;
use mainstay_types::name::InvalidName;
use mainstay_types::order::{Cause, Opening};
use mainstay_types::{ControlCode, Name, OfflineFlags, Status};
use parking_lot::Mutex;

use crate::outside::{Child, KILL_TIMEOUT, Outside, Passes};
use crate::private::{self, Values};
use crate::resource_type::{
    BuiltIn, Check, Completion, Context, ControlAnswer, ControlCall, Failure, Found, OfflineCall, OnlineCall,
    Opened, Resource, ResourceType,
};
use home::Whom;
use properties::Settings;
use watcher::{WatchNumber, Watcher};

/// The type's name, and the name of the property that holds its instructions.
pub const NAME: &str = "Generic Application";

/// How long a program whose leaf is empty may take until its exit can be asked for. The kernel needs microseconds.
const REAP_TIMEOUT: Duration = Duration::from_secs(1);

/// How often one check brings a program back that is taken out of its leaf again in the same moment.
const BROUGHT_BACK_MAX: u32 = 3;

/// Where programs are looked for when neither `Environment` nor the command line says so.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What an offline call asks of this type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Instruction {
    Stop,
    Kill,
}

/// Why the type cannot be offered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// Its name is no name.
    #[error("'{NAME}' is no name of a type: {0}")]
    Name(#[from] InvalidName),
    /// Programs could not be watched.
    #[error("cannot watch programs: {0}")]
    Watch(#[from] std::io::Error),
}

/// The type.
pub struct GenericApplication {
    watcher: Arc<Watcher>,
    passes: Arc<Passes>,
}

impl GenericApplication {
    /// Adds the type to those that a host offers, and starts the thread that notices the ends of programs.
    pub fn register(types: BuiltIn) -> Result<BuiltIn, RegisterError> {
        let name = Name::parse(NAME)?;
        Ok(types
            .with(name, Arc::new(GenericApplication { watcher: Watcher::start()?, passes: Arc::default() })))
    }
}

impl ResourceType for GenericApplication {
    fn open(&self, context: Context) -> Result<Opened, Cause> {
        let leaf = Leaf::new(&context.leaf);
        let outside = Outside::new(self.passes.clone(), context.cluster, context.resource, leaf.clone());
        let found = match find_earlier(&context) {
            Some(process) if context.opening.recover => Some(process),
            // What is opened anew is offline: what an earlier host has left is ended, in the leaf or not.
            Some(process) => {
                let run = Run::new(process, None);
                // What cannot be brought back is ended all the same, but what it has started is not.
                let _ = run.bring_back(&leaf, Whom::All);
                run.end()?;
                None
            }
            None => None,
        };
        let application = Arc::new(Application {
            leaf,
            outside: Arc::new(outside),
            opening: Mutex::new(context.opening.clone()),
            context,
            watcher: self.watcher.clone(),
            run: Arc::default(),
            newest: Mutex::default(),
        });
        // Only instructions that it does not know are ever refused.
        application.context.reporter.consents();
        if found.is_none() {
            application.end_outside()?;
        }
        let state = match found {
            Some(process) => {
                // What it was started with, nobody knows any more; what is set now is the best guess.
                let settings = application.settings().ok();
                application.watch(Arc::new(Run::new(process, settings)))?;
                // If it cannot be brought back, IsAlive says so.
                let _ = application.bring_back();
                Found::Online
            }
            None => Found::Offline,
        };
        Ok(Opened { resource: application, found: state })
    }

    fn control(&self, call: ControlCall<'_>) -> ControlAnswer {
        properties_control(call)
    }
}

/// The program that an earlier host has started, if it still runs, wherever it is by now.
fn find_earlier(context: &Context) -> Option<Process> {
    let identity = match state_file::read(&context.state_file) {
        Ok(identity) => identity?,
        Err(error) => {
            context.reporter.log(1, format!("what an earlier host has left cannot be read: {error}"));
            return None;
        }
    };
    match Process::find(identity) {
        Ok(process) => process,
        Err(error) => {
            context.reporter.log(1, format!("process {} cannot be looked at: {error}", identity.pid));
            None
        }
    }
}

/// One start of the program.
struct Run {
    process: Process,
    /// What it was started with; `None`: not known.
    settings: Option<Settings>,
    /// That we have started it ourselves and that it has not been asked yet how it has ended.
    child: Mutex<Option<Child>>,
    /// A child can be asked once only, so the answer is kept.
    exit: Mutex<Option<Exit>>,
    /// It has left its leaf before, and that was said.
    brought_back: AtomicBool,
}

impl Run {
    fn new(process: Process, settings: Option<Settings>) -> Self {
        let (child, exit, brought_back) = (Mutex::default(), Mutex::default(), AtomicBool::new(false));
        Run { process, settings, child, exit, brought_back }
    }

    /// Of a program that we have just started.
    fn of_child(process: Process, settings: Settings, outside: &Outside) -> Self {
        let child = outside.note_child(process.pid());
        let mut run = Run::new(process, Some(settings));
        *run.child.get_mut() = Some(child);
        run
    }

    /// How the program ended; `None` while it runs.
    fn exit(&self) -> Option<Exit> {
        let mut exit = self.exit.lock();
        // What cannot be asked has gone.
        if exit.is_none() && self.process.has_ended().unwrap_or(true) {
            // Before its number may become another's.
            drop(self.child.lock().take());
            *exit = self.process.try_wait().unwrap_or(Some(Exit::Unknown));
        }
        *exit
    }

    /// Whether the program or what it has started was found outside of the leaf.
    fn has_left(&self) -> bool {
        self.brought_back.load(Ordering::Relaxed)
    }

    /// Brings the program back if it has left the leaf. Says what there is to say of it once.
    fn bring_back(&self, leaf: &Leaf, whom: Whom) -> Result<Option<String>, CgroupError> {
        if self.exit().is_some() {
            return Ok(None);
        }
        let brought = home::bring_back(&self.process, leaf, whom)?;
        if brought.is_empty() || self.brought_back.swap(true, Ordering::Relaxed) {
            return Ok(None);
        }
        Ok(Some(format!(
            "of process {} and what it has started, {} had left the cgroup and were brought back",
            self.process.pid(),
            brought.len()
        )))
    }

    /// Kills the program, wherever it is, and waits until it has ended.
    fn end(&self) -> Result<(), Cause> {
        if self.exit().is_some() {
            return Ok(());
        }
        let lacking = |error: std::io::Error| {
            let text = format!("process {} cannot be ended: {error}", self.process.pid());
            Cause::new(Status::RESMON_SYSTEM_RESOURCES_LACKING, text)
        };
        // One that ends in this moment cannot be signalled any more; the wait tells.
        let killed = self.process.signal(Signal::KILL);
        let timeout = if killed.is_ok() { KILL_TIMEOUT } else { REAP_TIMEOUT };
        if self.process.wait_ended(Instant::now() + timeout).map_err(lacking)? {
            self.exit();
            return Ok(());
        }
        killed.map_err(lacking)?;
        let (pid, seconds) = (self.process.pid(), KILL_TIMEOUT.as_secs());
        Err(Cause::new(
            Status::TIMEOUT,
            format!("process {pid} was killed and has not gone after {seconds} s"),
        ))
    }
}

impl Drop for Run {
    /// Leaves no zombie: an empty leaf may be seen in the moment before the program can be asked how it ended.
    fn drop(&mut self) {
        if self.exit.get_mut().is_none() {
            drop(self.child.get_mut().take());
            // What cannot be asked has gone, and what runs on after this was not killed: a frozen leaf holds it.
            let _ = self.process.wait(Instant::now() + REAP_TIMEOUT);
        }
    }
}

/// The program as it runs now, and the watch on it.
#[derive(Clone)]
struct Current {
    run: Arc<Run>,
    watch: WatchNumber,
}

struct Application {
    context: Context,
    opening: Mutex<Opening>,
    leaf: Leaf,
    outside: Arc<Outside>,
    watcher: Arc<Watcher>,
    /// What is online. Shared with the watch, so that an end that was noticed late is not taken for the next run's.
    run: Arc<Mutex<Option<Current>>>,
    /// The newest program, online or not, ended or not: nothing is offline and nothing is started while it runs.
    newest: Mutex<Option<Arc<Run>>>,
}

impl Application {
    fn settings(&self) -> Result<Settings, Cause> {
        Settings::read(&self.opening.lock().registry)
    }

    /// Begins to watch a program; its end is a failure until the watch is taken off.
    fn watch(&self, run: Arc<Run>) -> Result<(), Cause> {
        *self.newest.lock() = Some(run.clone());
        let mut current = self.run.lock();
        let (watched, reporter, slot) = (run.clone(), self.context.reporter.clone(), self.run.clone());
        let ended = move || {
            let current = slot.lock();
            if current.as_ref().is_some_and(|current| Arc::ptr_eq(&current.run, &watched))
                && let Some(exit) = watched.exit()
            {
                reporter.failed(ended_cause(exit));
            }
        };
        let watch = self.watcher.watch(run.clone(), ended).map_err(|error| {
            Cause::new(
                Status::RESMON_SYSTEM_RESOURCES_LACKING,
                format!("the program cannot be watched: {error}"),
            )
        })?;
        *current = Some(Current { run, watch });
        Ok(())
    }

    /// From now on the program's end is no failure.
    fn unwatch(&self) {
        if let Some(current) = self.run.lock().take() {
            self.watcher.unwatch(current.watch);
        }
    }

    fn newest(&self) -> Option<Arc<Run>> {
        self.newest.lock().clone()
    }

    /// Brings what is online back into the leaf, if it has left it.
    fn bring_back(&self) -> Result<(), CgroupError> {
        let Some(run) = self.newest() else { return Ok(()) };
        if let Some(text) = run.bring_back(&self.leaf, Whom::Companions)? {
            self.context.reporter.log(1, text);
        }
        Ok(())
    }

    /// Kills the newest program, in the leaf or not, and waits until it has ended.
    fn end_newest(&self) -> Result<(), Cause> {
        self.newest().map_or(Ok(()), |run| run.end())
    }

    /// Kills what earlier programs have left outside of the leaf, and waits until it has ended.
    fn end_outside(&self) -> Result<(), Cause> {
        self.outside.end(&self.context.reporter)
    }

    /// Whether the program that runs was started with other properties than the stored ones with these.
    fn runs_on_otherwise(&self, input: &[u8]) -> bool {
        let current = self.run.lock().clone();
        let Some(started_with) = current.as_ref().and_then(|current| current.run.settings.as_ref()) else {
            return false;
        };
        let Ok(list) = PropertyList::parse(input) else { return false };
        let opening = self.opening.lock();
        // What is stored may be wrong, and what is set now mend it.
        let stored = Values::read(&opening.registry, &properties::DESCRIPTION).unwrap_or_default();
        let changed = stored.with(&list, &opening.type_name, &properties::DESCRIPTION);
        let changed = changed.and_then(|values| Settings::of(&values));
        changed.is_ok_and(|settings| started_with.start_differs(&settings))
    }

    fn remove_state_file(&self) {
        if let Err(error) = state_file::remove(&self.context.state_file) {
            self.context.reporter.log(1, format!("the state file cannot be removed: {error}"));
        }
    }

    fn command(&self, settings: &Settings) -> Result<Command, Cause> {
        let account = settings.user.as_deref().map(Account::find).transpose().map_err(|error| {
            Cause::new(Status::CLUSTER_RESOURCE_CONFIGURATION_ERROR, format!("property User: {error}"))
        })?;
        let mut command = Command::new(settings.command_line.iter());
        let Context { cluster, resource, .. } = self.context;
        let mark = Mark { cluster, resource, leaf: self.leaf.path().to_owned() };
        command.environment = environment(settings, account.as_ref(), &mark);
        command.directory = settings.directory.clone();
        command.account = account;
        command.leaf = Some(self.leaf.clone());
        if let Some(path) = &settings.output_file {
            command.output = Output::Append(path.clone());
            command.error_output = Output::Append(path.clone());
        }
        Ok(command)
    }

    fn instruction(&self, buffer: &[u8]) -> Result<Instruction, Cause> {
        let invalid = |text: String| Cause::new(Status::INVALID_PARAMETER, text);
        if buffer.is_empty() {
            return Ok(Instruction::Stop);
        }
        let list =
            PropertyList::parse(buffer).map_err(|error| invalid(format!("the instructions: {error}")))?;
        match list.get(NAME) {
            None | Some(Value::Dword(0)) => Ok(Instruction::Stop),
            Some(Value::Dword(1)) => Ok(Instruction::Kill),
            Some(Value::Dword(other)) => Err(invalid(format!(
                "'{NAME}' is {other}; it may be 0 (stop gracefully) or 1 (kill at once)"
            ))),
            Some(_) => {
                Err(invalid(format!("'{NAME}' must be a DWORD: 0 (stop gracefully) or 1 (kill at once)")))
            }
        }
    }
}

impl Resource for Application {
    fn online(&self, call: OnlineCall<'_>) -> Result<Completion, Failure> {
        let settings = self.settings().map_err(Failure::Failed)?;
        let command = self.command(&settings).map_err(Failure::Failed)?;
        // An empty leaf is no proof that the one before has ended.
        self.end_newest().map_err(Failure::Failed)?;
        self.end_outside().map_err(Failure::Failed)?;
        self.outside.note_start();
        let process = command.spawn().map_err(|error| Failure::Failed(spawn_cause(&error)))?;
        let run = Arc::new(Run::of_child(process, settings, &self.outside));
        *self.newest.lock() = Some(run.clone());
        if call.operation.is_cancelled() {
            // Terminate may have killed everything before this one began.
            let _ = self.leaf.kill();
            self.end_newest().map_err(Failure::Failed)?;
            return Err(Failure::Failed(Cause::new(Status::CANCELLED, "terminated while it was started")));
        }
        // The file comes before the watch: when the end is reported, another host must not look for the program.
        match run.process.identity() {
            Ok(Some(identity)) => {
                if let Err(error) = state_file::write(&self.context.state_file, identity) {
                    let text = format!("if this host dies, the program will be restarted: {error}");
                    self.context.reporter.log(1, text);
                }
            }
            Ok(None) => {}
            Err(error) => self.context.reporter.log(1, format!("the program cannot be looked at: {error}")),
        }
        self.watch(run).map_err(Failure::Failed)?;
        Ok(Completion::Done)
    }

    fn offline(&self, call: OfflineCall<'_>) -> Result<Completion, Failure> {
        // Wrong instructions are a veto: nothing was touched.
        let instruction = self.instruction(call.buffer).map_err(Failure::Vetoed)?;
        // Properties that have become wrong since the start must not make it unstoppable.
        let settings = self.settings().unwrap_or_default();
        self.unwatch();
        let stopping = stop::Stopping {
            leaf: self.leaf.clone(),
            outside: self.outside.clone(),
            run: self.newest(),
            signal: settings.stop_signal,
            timeout: match instruction {
                Instruction::Stop => settings.stop_timeout,
                Instruction::Kill => Duration::ZERO,
            },
            pending_timeout: Duration::from_millis(self.opening.lock().pending_timeout_ms.into()),
            operation: call.operation,
        };
        stopping.begin().map_err(|error| {
            Failure::Failed(Cause::new(
                Status::RESMON_SYSTEM_RESOURCES_LACKING,
                format!("no thread for the stop: {error}"),
            ))
        })?;
        Ok(Completion::Pending)
    }

    fn terminate(&self) -> Result<(), Cause> {
        self.unwatch();
        if let Some(run) = self.newest() {
            // What cannot be brought back: the program is ended all the same.
            let _ = run.bring_back(&self.leaf, Whom::All);
        }
        // First the program: it starts nothing any more while the rest is killed.
        let ended = self.end_newest();
        let lacking =
            |error: CgroupError| Cause::new(Status::RESMON_SYSTEM_RESOURCES_LACKING, error.to_string());
        if self.leaf.is_populated().map_err(lacking)? {
            self.leaf.kill().map_err(lacking)?;
            if !self.leaf.wait_empty(Instant::now() + KILL_TIMEOUT).map_err(lacking)? {
                return Err(Cause::new(
                    Status::TIMEOUT,
                    format!("what was killed has not gone after {} s", KILL_TIMEOUT.as_secs()),
                ));
            }
        }
        ended?;
        self.end_outside()?;
        self.remove_state_file();
        Ok(())
    }

    fn look(&self) -> Result<(), Cause> {
        match self.newest().filter(|run| run.exit().is_none()) {
            None => Ok(()),
            Some(run) => Err(Cause::new(
                Status::RESMON_INVALID_STATE,
                format!("still running outside its cgroup: process {}", run.process.pid()),
            )),
        }
    }

    fn looks_alive(&self) -> bool {
        let current = self.run.lock().clone();
        // If it cannot be brought back, IsAlive says so.
        let _ = self.bring_back();
        current.is_some_and(|current| current.run.exit().is_none())
    }

    fn is_alive(&self) -> Result<(), Cause> {
        let current = self.run.lock().clone();
        let Some(current) = current else {
            return Err(Cause::new(Status::PROCESS_ABORTED, "no program was started"));
        };
        if let Some(exit) = current.run.exit() {
            return Err(ended_cause(exit));
        }
        let mut brought = Ok(());
        for _ in 0..BROUGHT_BACK_MAX {
            brought = self.bring_back();
            match self.leaf.is_populated() {
                Ok(true) => return Ok(()),
                Ok(false) if brought.is_err() => break,
                Ok(false) => {}
                Err(error) => {
                    return Err(Cause::new(Status::RESMON_SYSTEM_RESOURCES_LACKING, error.to_string()));
                }
            }
        }
        // It may have ended in this moment.
        let left = format!("process {} has left its cgroup", current.run.process.pid());
        Err(match (current.run.exit(), brought) {
            (Some(exit), _) => ended_cause(exit),
            (None, Ok(())) => Cause::new(Status::PROCESS_ABORTED, left),
            (None, Err(error)) => {
                Cause::new(Status::PROCESS_ABORTED, format!("{left} and cannot be brought back: {error}"))
            }
        })
    }

    fn check_offline(&self, _: OfflineFlags, buffer: &[u8]) -> Check {
        match self.instruction(buffer) {
            Ok(_) => Check::Yes,
            Err(cause) => Check::No(cause),
        }
    }

    fn control(&self, call: ControlCall<'_>) -> ControlAnswer {
        let answer = properties_control(call);
        let is_set = call.code.function() == ControlCode(function::SET_PRIVATE_PROPERTIES).function()
            && answer.status == Status::INVALID_FUNCTION;
        if is_set && self.runs_on_otherwise(call.input) {
            return ControlAnswer::refused(Cause::new(Status::RESOURCE_PROPERTIES_STORED, ""));
        }
        answer
    }

    fn configure(&self, opening: &Opening) {
        *self.opening.lock() = opening.clone();
    }

    fn close(&self) {
        self.unwatch();
        match self.end_newest().and_then(|()| self.end_outside()) {
            Ok(()) => self.remove_state_file(),
            // The next host has to find it.
            Err(cause) => self.context.reporter.log(1, cause.text),
        }
    }
}

fn properties_control(call: ControlCall<'_>) -> ControlAnswer {
    private::control(call, &properties::DESCRIPTION, |values| Settings::of(values).map(|_| String::new()))
}

fn environment(settings: &Settings, account: Option<&Account>, mark: &Mark) -> Vec<(OsString, OsString)> {
    let mut variables: Vec<(OsString, OsString)> = vec![("PATH".into(), PATH.into())];
    if let Some(account) = account {
        variables.push(("HOME".into(), account.home.clone().into()));
        variables.push(("USER".into(), account.name.clone().into()));
        variables.push(("LOGNAME".into(), account.name.clone().into()));
        variables.push(("SHELL".into(), account.shell.clone().into()));
    }
    for (name, value) in &settings.environment {
        variables.retain(|(known, _)| known.as_os_str() != name.as_str());
        variables.push((name.into(), value.into()));
    }
    // Nothing that is set may hide whose it is.
    variables.retain(|(name, _)| Mark::NAMES.iter().all(|known| name.as_os_str() != *known));
    variables.extend(mark.variables());
    variables
}

fn ended_cause(exit: Exit) -> Cause {
    Cause::new(Status::PROCESS_ABORTED, exit.to_string())
}

fn spawn_cause(error: &SpawnError) -> Cause {
    let status = match error {
        SpawnError::NotFound(_) | SpawnError::NotInPath { .. } => Status::FILE_NOT_FOUND,
        SpawnError::Directory { source, .. } | SpawnError::Output { source, .. } => match source.kind() {
            ErrorKind::PermissionDenied => Status::ACCESS_DENIED,
            _ => Status::PATH_NOT_FOUND,
        },
        SpawnError::Account { .. } => Status::ACCESS_DENIED,
        SpawnError::NoProgram | SpawnError::Unrepresentable(_) | SpawnError::NotExecutable { .. } => {
            Status::CLUSTER_RESOURCE_CONFIGURATION_ERROR
        }
        SpawnError::TimedOut { .. } => Status::TIMEOUT,
        SpawnError::Frozen(_) | SpawnError::Killed(_) => Status::RESMON_INVALID_STATE,
        SpawnError::Cgroup(_) | SpawnError::System { .. } => Status::RESMON_SYSTEM_RESOURCES_LACKING,
    };
    Cause::new(status, error.to_string())
}

/// A command line as words, with its error as a cause.
fn split(line: &str) -> Result<Vec<String>, Cause> {
    words::split(line).map_err(|error| {
        Cause::new(Status::CLUSTER_RESOURCE_CONFIGURATION_ERROR, format!("property CommandLine: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_set_hides_whose_a_program_is() {
        let id = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
        let mark =
            Mark { cluster: id.parse().unwrap(), resource: id.parse().unwrap(), leaf: "/c/leaf".into() };
        let settings = Settings {
            environment: [("MAINSTAY_RESOURCE", "x"), ("PATH", "/p"), ("A", "1")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            ..Settings::default()
        };
        let variables = environment(&settings, None, &mark);
        let shown: Vec<String> =
            variables.iter().map(|(name, value)| format!("{}={}", name.display(), value.display())).collect();
        let marks = ["CLUSTER", "RESOURCE"].map(|name| format!("MAINSTAY_{name}={id}"));
        let [cluster, resource] = &marks;
        assert_eq!(shown, ["PATH=/p", "A=1", cluster, resource, "MAINSTAY_CGROUP=/c/leaf"]);
    }
}
