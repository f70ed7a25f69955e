//! A resource whose work an agent does: started, stopped, taken over. How it is looked at is in `look`, what changes while
//! it runs in `change`.

mod change;
mod look;

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use mainstay_process::strays::Mark;
use mainstay_process::{CgroupError, Leaf, state_file};
use mainstay_types::control::function;
use mainstay_types::order::{Cause, Opening};
use mainstay_types::{ControlCode, OfflineFlags, Status};
use parking_lot::{Mutex, MutexGuard};

use super::Agent;
use super::call::{Call, Outcome, SCRATCH};
use super::settings::Settings;
use super::turns::Turn;
use crate::action::{self, Place};
use crate::outside::{KILL_TIMEOUT, Outside};
use crate::private::{self, Values};
use crate::resource_type::{
    Check, Completion, Context, ControlAnswer, ControlCall, Failure, Found, OfflineCall, OnlineCall, Opened,
    Operation, Resource,
};
use change::Instructions;
use look::Looks;

/// How long Terminate lets an agent clean up. What runs in the leaf is killed before.
const CLEAN_UP_LIMIT: Duration = Duration::from_secs(30);

/// How often an action that takes long says so. Less where the PendingTimeout is short: silence would end it.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(5);

/// How long what an agent leaves in the leaf when it says that it has stopped may take to go by itself.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(2);

/// How often an operation that waits for its turn says so, or sees that nobody wants it any more.
const TURN_LOOK: Duration = Duration::from_millis(100);

/// The actions that leave nothing running which is to serve.
const LEAVES_NOTHING: [&str; 4] = ["monitor", "stop", "validate-all", "meta-data"];

/// The stack of an action's thread, in bytes.
const STACK_LENGTH: usize = 256 * 1024;

/// See the module.
pub(super) struct AgentResource {
    agent: Arc<Agent>,
    context: Context,
    opening: Mutex<Opening>,
    leaf: Leaf,
    outside: Outside,
    /// Whoever runs an action holds it, Terminate included.
    turn: Mutex<()>,
    /// What it was started with, as long as it may run: it is asked and stopped with the same.
    started_with: Mutex<Option<Settings>>,
    looks: Looks,
}

impl AgentResource {
    pub(super) fn open(agent: Arc<Agent>, context: Context) -> Result<Opened, Cause> {
        let leaf = Leaf::new(&context.leaf);
        let started_with = read_record(&context)?;
        let outside = Outside::new(agent.passes.clone(), context.cluster, context.resource, leaf.clone());
        let resource = AgentHandle(Arc::new(AgentResource {
            opening: Mutex::new(context.opening.clone()),
            started_with: Mutex::new(started_with),
            agent,
            leaf,
            outside,
            turn: Mutex::default(),
            looks: Looks::default(),
            context,
        }));
        resource.0.end_earlier_actions()?;
        let is_recovered = resource.0.context.opening.recover;
        let found = match is_recovered && resource.0.monitor(0).serves().is_ok() {
            true => {
                // What changed meanwhile, or was not taken up, is given to the agent now.
                resource.begin_reload();
                Found::Online
            }
            false => {
                resource.0.clean_up_earlier()?;
                Found::Offline
            }
        };
        Ok(Opened { resource: Arc::new(resource), found })
    }

    /// An earlier host may have died while it ran an action, which knows nothing of that and goes on.
    fn end_earlier_actions(&self) -> Result<(), Cause> {
        let program = &self.agent.program;
        let is_action = |arguments: &[OsString]| match arguments {
            [before @ .., action] if before.ends_with(program) => {
                LEAVES_NOTHING.iter().any(|known| action == known)
            }
            _ => false,
        };
        action::end_earlier(&self.leaf, is_action).map_err(lacking)
    }

    /// What an earlier host has started and not seen stopped is stopped. What nobody here has started is left alone.
    fn clean_up_earlier(&self) -> Result<(), Cause> {
        if self.started_with.lock().is_none() && !self.context.opening.recover {
            return Ok(());
        }
        self.end_outside()?;
        self.clean_up()
    }

    /// What is set now.
    fn settings(&self) -> Result<Settings, Cause> {
        let values = Values::read(&self.opening.lock().registry, &self.agent.description)?;
        values.require(&self.agent.description)?;
        Ok(Settings::of(&values, &self.agent.metadata))
    }

    /// What runs was started with this; else what is set. How an action is done, and how long it may take, is always what
    /// is set.
    fn settings_in_force(&self) -> Result<Settings, Cause> {
        let started_with = self.started_with.lock().clone();
        match (started_with, self.settings()) {
            (Some(started_with), Ok(set)) => Ok(started_with.done_as(set, &self.agent.metadata)),
            (Some(started_with), Err(_)) => Ok(started_with),
            (None, set) => set,
        }
    }

    /// How long one call by the host may take, with what is left for telling its end: a call that takes longer than
    /// DeadlockTimeout costs all others their host.
    fn call_limit(&self) -> Duration {
        let deadlock = Duration::from_millis(self.opening.lock().deadlock_timeout_ms.into());
        if deadlock.is_zero() { Duration::MAX } else { deadlock * 3 / 4 }
    }

    fn call<'a>(&'a self, action: &'a str, settings: &'a Settings) -> Call<'a> {
        let Context { cluster, resource, .. } = self.context;
        let mark = Mark { cluster, resource, leaf: self.leaf.path().to_owned() };
        Call::new(&self.agent, action, settings, mark)
    }

    /// In a group of its own: killing it leaves what serves alone.
    fn aside(&self) -> Place {
        Place::Below(self.leaf.clone())
    }

    fn end_outside(&self) -> Result<(), Cause> {
        self.outside.end(&self.context.reporter)
    }

    /// The turn of an operation, whose thread may come late: nothing is done any more once Terminate has overtaken it,
    /// which may be over by then.
    fn turn_of(&self, operation: &Operation) -> Result<MutexGuard<'_, ()>, Cause> {
        let began = Instant::now();
        let mut progress = self.progress(operation, "waiting for another action");
        let turn = loop {
            if let Some(turn) = self.turn.try_lock_for(TURN_LOOK) {
                break turn;
            }
            if !progress(began.elapsed()) {
                return Err(overtaken());
            }
        };
        if operation.is_cancelled() { Err(overtaken()) } else { Ok(turn) }
    }

    /// Waits until one more agent may run; Terminate may overtake the operation meanwhile.
    fn run_of(&self, operation: &Operation, action: &str) -> Result<Turn<'_>, Cause> {
        let waiting = format!("the {action} waits for those of others");
        let run = self.agent.turns.begin(self.progress(operation, &waiting));
        run.filter(|_| !operation.is_cancelled()).ok_or_else(overtaken)
    }

    fn start(&self, operation: &Operation, settings: &Settings) -> Result<(), Cause> {
        let _turn = self.turn_of(operation)?;
        let _run = self.run_of(operation, "start")?;
        self.end_outside()?;
        make_scratch().map_err(|error| lacking(format!("{SCRATCH} cannot be made: {error}")))?;
        // Before it begins: whatever comes of it, somebody has to stop it with the same.
        self.keep_record(settings);
        self.outside.note_start();
        let mut progress = self.progress(operation, "starting");
        let call = self.call("start", settings);
        let outcome = call.run(Place::Leaf(self.leaf.clone()), &mut progress);
        outcome.done()?;
        if let Some(remark) = outcome.remark() {
            self.context.reporter.log(1, remark);
        }
        Ok(())
    }

    fn stop(&self, operation: &Operation, instructions: Instructions) -> Result<(), Failure> {
        let failed = Failure::Failed;
        let _turn = self.turn_of(operation).map_err(failed)?;
        let in_force = self.settings_in_force().map_err(failed)?;
        let mut settings = in_force.clone();
        let is_instructed = instructions.are_given();
        settings.parameters.extend(instructions.0);
        let run = self.run_of(operation, "stop").map_err(failed)?;
        let mut progress = self.progress(operation, "stopping");
        let stopped = self.call("stop", &settings).run(self.aside(), &mut progress).done();
        if let Err(cause) = stopped {
            // Whoever asked for a stop of his own kind has not asked for any other, which a failure would lead to.
            let mut serves = || {
                let look = self.call("monitor", &in_force).check(0, Duration::ZERO);
                look.run(self.aside(), &mut progress).serves().is_ok()
            };
            return match is_instructed && !operation.is_cancelled() && serves() {
                true => Err(Failure::Vetoed(cause)),
                false => Err(Failure::Failed(cause)),
            };
        }
        drop(run);
        self.empty_leaf(LEAVE_TIMEOUT).map_err(failed)?;
        self.end_record();
        Ok(())
    }

    /// Kills what is left in the leaf after this time, and waits until it has gone.
    fn empty_leaf(&self, within: Duration) -> Result<(), Cause> {
        let leaf = &self.leaf;
        let mut emptied = leaf.wait_empty(Instant::now() + within).map_err(lacking)?;
        if !emptied {
            match leaf.kill() {
                Ok(()) | Err(CgroupError::Missing(_)) => {}
                Err(error) => return Err(lacking(error)),
            }
            emptied = leaf.wait_empty(Instant::now() + KILL_TIMEOUT).map_err(lacking)?;
        }
        match emptied {
            true => Ok(()),
            false => {
                let seconds = KILL_TIMEOUT.as_secs();
                Err(Cause::new(Status::TIMEOUT, format!("what was killed has not gone after {seconds} s")))
            }
        }
    }

    /// Has the agent stop what is not in the leaf, which is empty already.
    fn clean_up(&self) -> Result<(), Cause> {
        let Ok(settings) = self.settings_in_force() else {
            // It cannot have been started.
            return Ok(());
        };
        make_scratch().map_err(|error| lacking(format!("{SCRATCH} cannot be made: {error}")))?;
        let limit = CLEAN_UP_LIMIT.min(self.call_limit());
        self.call("stop", &settings).within(limit).run(self.aside(), |_| true).done()?;
        self.empty_leaf(Duration::ZERO)?;
        self.end_record();
        Ok(())
    }

    /// Tells from time to time that an action goes on, and answers whether it may.
    fn progress<'a>(&self, operation: &'a Operation, doing: &'a str) -> impl FnMut(Duration) -> bool + 'a {
        let pending = Duration::from_millis(self.opening.lock().pending_timeout_ms.into());
        let interval = PROGRESS_INTERVAL.min(pending / 3);
        let (mut next, mut checkpoint) = (interval, 0);
        move |runs| {
            if runs >= next {
                (next, checkpoint) = (runs + interval, checkpoint + 1);
                operation.progress(checkpoint, format!("{doing} for {} s", runs.as_secs()));
            }
            !operation.is_cancelled()
        }
    }

    /// On a thread of its own, since it may take minutes.
    fn begin(
        self: Arc<Self>,
        name: &str,
        operation: Operation,
        work: impl FnOnce(&Self, &Operation) -> Result<(), Failure> + Send + 'static,
    ) -> Result<Completion, Failure> {
        let begun = thread::Builder::new().name(name.into()).stack_size(STACK_LENGTH).spawn(move || {
            let result = work(&self, &operation);
            operation.finished(result);
        });
        begun.map_err(|error| Failure::Failed(lacking(format!("no thread for the {name}: {error}"))))?;
        Ok(Completion::Pending)
    }

    fn keep_record(&self, settings: &Settings) {
        *self.started_with.lock() = Some(settings.clone());
        self.looks.forget_level();
        let text = serde_json::to_string(settings).map_err(std::io::Error::other);
        let written = text.and_then(|text| state_file::write_text(&self.context.state_file, &text));
        if let Err(error) = written {
            let text = format!("if this host dies, it is stopped with what is set then: {error}");
            self.context.reporter.log(1, text);
        }
    }

    fn end_record(&self) {
        *self.started_with.lock() = None;
        if let Err(error) = state_file::remove(&self.context.state_file) {
            self.context.reporter.log(1, format!("the state file cannot be removed: {error}"));
        }
    }
}

/// The resource as the host has it; the threads of its actions have it too.
struct AgentHandle(Arc<AgentResource>);

impl AgentHandle {
    /// Has the agent take up what has changed, on a thread of its own.
    fn begin_reload(&self) {
        if self.0.to_reload().is_none() {
            return;
        }
        let resource = self.0.clone();
        let reloading = thread::Builder::new()
            .name("reload".into())
            .stack_size(STACK_LENGTH)
            .spawn(move || resource.reload());
        if let Err(error) = reloading {
            self.0.context.reporter.log(1, format!("what has changed is not taken up: {error}"));
        }
    }
}

impl Resource for AgentHandle {
    fn online(&self, call: OnlineCall<'_>) -> Result<Completion, Failure> {
        let settings = self.0.settings().map_err(Failure::Failed)?;
        let work = move |resource: &AgentResource, operation: &Operation| {
            resource.start(operation, &settings).map_err(Failure::Failed)
        };
        self.0.clone().begin("start", call.operation, work)
    }

    fn offline(&self, call: OfflineCall<'_>) -> Result<Completion, Failure> {
        // Wrong instructions are a veto: nothing was touched.
        let instructions = self.0.instructions(call.buffer).map_err(Failure::Vetoed)?;
        let work =
            move |resource: &AgentResource, operation: &Operation| resource.stop(operation, instructions);
        self.0.clone().begin("stop", call.operation, work)
    }

    fn terminate(&self) -> Result<(), Cause> {
        // Whatever action runs ends by this, and with it its turn.
        self.0.empty_leaf(Duration::ZERO)?;
        let _turn = self.0.turn.lock();
        self.0.empty_leaf(Duration::ZERO)?;
        self.0.end_outside()?;
        if self.0.started_with.lock().is_none() {
            // Nothing of it was ever started here.
            return Ok(());
        }
        self.0.clean_up()
    }

    fn looks_alive(&self) -> bool {
        self.0.look_quickly()
    }

    fn is_alive(&self) -> Result<(), Cause> {
        self.begin_reload();
        self.0.look_thoroughly()
    }

    fn check_offline(&self, _: OfflineFlags, buffer: &[u8]) -> Check {
        match self.0.instructions(buffer) {
            Ok(_) => Check::Yes,
            Err(cause) => Check::No(cause),
        }
    }

    fn control(&self, call: ControlCall<'_>) -> ControlAnswer {
        let is = |code: u32| call.code.function() == ControlCode(code).function();
        let is_set = is(function::SET_PRIVATE_PROPERTIES);
        if !is_set && !is(function::VALIDATE_PRIVATE_PROPERTIES) {
            return private::control(call, &self.0.agent.description, |_| Ok(String::new()));
        }
        match self.0.judge(call.input) {
            Err(cause) => ControlAnswer::refused(cause),
            Ok((Status::RESOURCE_PROPERTIES_STORED, remark)) if is_set => {
                ControlAnswer::refused(Cause::new(Status::RESOURCE_PROPERTIES_STORED, remark))
            }
            Ok((_, text)) if is_set => ControlAnswer { text, ..ControlAnswer::unknown() },
            Ok((_, text)) => ControlAnswer::agreed(text),
        }
    }

    fn configure(&self, opening: &Opening) {
        *self.0.opening.lock() = opening.clone();
        self.0.looks.forget_level();
        self.begin_reload();
    }

    fn close(&self) {
        if self.0.started_with.lock().is_none() {
            self.0.end_record();
        }
    }
}

/// What an earlier host has started it with, since this boot. Where that cannot be read, nobody knows with what to stop it,
/// and what is set now may be another thing's.
fn read_record(context: &Context) -> Result<Option<Settings>, Cause> {
    let path = &context.state_file;
    let read = state_file::read_text(path).map_err(|error| error.to_string()).and_then(|text| {
        text.map(|text| serde_json::from_str(&text)).transpose().map_err(|error| error.to_string())
    });
    read.map_err(|error| {
        let shown = path.display();
        let text = format!(
            "with what an earlier host has started it cannot be read: '{shown}': {error}; see by hand that nothing of it \
             runs, and remove that file"
        );
        Cause::new(Status::INVALID_DATA, text)
    })
}

/// The directory that agents expect; as the agents' own packages make it at boot.
fn make_scratch() -> std::io::Result<()> {
    let path = Path::new(SCRATCH);
    if path.is_dir() {
        return Ok(());
    }
    fs::DirBuilder::new().recursive(true).mode(0o755).create(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o1755))
}

fn overtaken() -> Cause {
    Cause::new(Status::CANCELLED, "terminated before it began")
}

fn busy() -> Cause {
    Cause::new(Status::BUSY, "an action of its agent is being run; try again when that has ended")
}

fn lacking(error: impl std::fmt::Display) -> Cause {
    Cause::new(Status::RESMON_SYSTEM_RESOURCES_LACKING, error.to_string())
}

#[cfg(test)]
mod tests;
