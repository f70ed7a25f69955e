//! A resource whose work an agent does.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use mainstay_process::strays::Mark;
use mainstay_process::{CgroupError, Leaf, state_file};
use mainstay_proplist::{PropertyList, Value};
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

/// How long Terminate lets an agent clean up. What runs in the leaf is killed before.
const CLEAN_UP_LIMIT: Duration = Duration::from_secs(30);

/// How often the cheapest monitor is run where the agent advises nothing.
const INTERVAL_DEFAULT: Duration = Duration::from_secs(10);

/// How often an action that takes long says so. Less where the PendingTimeout is short: silence would end it.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(5);

/// How long what an agent leaves in the leaf when it says that it has stopped may take to go by itself.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a change of properties waits for an action that is being run.
const TURN_TIMEOUT: Duration = Duration::from_secs(1);

/// How often an operation that waits for its turn says so, or sees that nobody wants it any more.
const TURN_LOOK: Duration = Duration::from_millis(100);

/// So many looks in a row may not be taken, since the agent is just being replaced, say, or the machine lacks something.
const UNSEEN_MAX: u32 = 5;

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
    /// When the cheapest monitor was last run.
    looked: Mutex<Option<Instant>>,
    /// Looks in a row that could not be taken.
    unseen: Mutex<u32>,
    /// The most thorough level at which the agent has been able to look since it was started or changed.
    level: Mutex<Option<u32>>,
}

impl AgentResource {
    pub(super) fn open(agent: Arc<Agent>, context: Context) -> Result<Opened, Cause> {
        let leaf = Leaf::new(&context.leaf);
        let outside = Outside::new(agent.passes.clone(), context.cluster, context.resource, leaf.clone());
        let resource = AgentHandle(Arc::new(AgentResource {
            opening: Mutex::new(context.opening.clone()),
            started_with: Mutex::new(read_record(&context)),
            agent,
            leaf,
            outside,
            turn: Mutex::default(),
            looked: Mutex::default(),
            unseen: Mutex::default(),
            level: Mutex::default(),
            context,
        }));
        resource.0.end_earlier_actions()?;
        let is_recovered = resource.0.context.opening.recover;
        let found = match is_recovered && resource.0.monitor(0).serves().is_ok() {
            true => Found::Online,
            false => {
                resource.0.clean_up_earlier()?;
                Found::Offline
            }
        };
        Ok(Opened { resource: Arc::new(resource), found })
    }

    /// An earlier host may have died while it ran an action, which knows nothing of that and goes on.
    fn end_earlier_actions(&self) -> Result<(), Cause> {
        let agent = self.agent.path.as_os_str();
        let is_action = |arguments: &[OsString]| match arguments {
            [.., program, action] if program == agent => LEAVES_NOTHING.iter().any(|known| action == known),
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

    /// What runs was started with this; else what is set. How long an action may take is always what is set.
    fn settings_in_force(&self) -> Result<Settings, Cause> {
        let started_with = self.started_with.lock().clone();
        match (started_with, self.settings()) {
            (Some(started_with), Ok(set)) => Ok(started_with.limited_as(set)),
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

    fn monitor(&self, level: u32) -> Outcome {
        let until = Instant::now().checked_add(self.call_limit());
        let turn = until.map_or_else(|| Some(self.turn.lock()), |until| self.turn.try_lock_until(until));
        let settings = match turn.as_ref().map(|_| self.settings_in_force()) {
            Some(Ok(settings)) => settings,
            Some(Err(cause)) => return Outcome::refused("monitor", &self.agent, cause),
            None => return Outcome::refused("monitor", &self.agent, busy()),
        };
        let left = until.map_or(Duration::MAX, |until| until.saturating_duration_since(Instant::now()));
        let call = self.call("monitor", &settings).check(level, self.interval()).within(left);
        call.run(self.aside(), |_| true)
    }

    /// The most thorough look that the agent can take with what it is told: for a level it may need a parameter that is
    /// not set, or a program that is not there, and that says nothing of what it looks at.
    fn look_thoroughly(&self) -> Result<(), Cause> {
        let known = *self.level.lock();
        let levels = self.agent.metadata.depths().into_iter();
        for level in levels.filter(|level| known.is_none_or(|known| *level <= known)) {
            let outcome = self.monitor(level);
            if level == 0 || !outcome.cannot_tell() {
                *self.level.lock() = Some(level);
                return self.judge_look(&outcome);
            }
            let text = format!("not looked at on level {level}: {}", outcome.cause().text);
            self.context.reporter.log(0, text);
        }
        Ok(())
    }

    /// Whether it serves, by a look at it. That nobody could look says nothing of it, unless that goes on.
    fn judge_look(&self, outcome: &Outcome) -> Result<(), Cause> {
        let mut unseen = self.unseen.lock();
        if !outcome.was_not_run() {
            *unseen = 0;
            return outcome.serves();
        }
        *unseen += 1;
        let cause = outcome.cause();
        self.context.reporter.log(1, format!("it was not looked at: {}", cause.text));
        if *unseen < UNSEEN_MAX { Ok(()) } else { Err(cause) }
    }

    fn interval(&self) -> Duration {
        self.agent.metadata.interval().unwrap_or(INTERVAL_DEFAULT)
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
        call.run(Place::Leaf(self.leaf.clone()), &mut progress).done()
    }

    fn stop(&self, operation: &Operation, instructions: Instructions) -> Result<(), Cause> {
        let _turn = self.turn_of(operation)?;
        let mut settings = self.settings_in_force()?;
        settings.parameters.extend(instructions.0);
        let run = self.run_of(operation, "stop")?;
        let mut progress = self.progress(operation, "stopping");
        self.call("stop", &settings).run(self.aside(), &mut progress).done()?;
        drop(run);
        self.empty_leaf(LEAVE_TIMEOUT)?;
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
        work: impl FnOnce(&Self, &Operation) -> Result<(), Cause> + Send + 'static,
    ) -> Result<Completion, Failure> {
        let begun = thread::Builder::new().name(name.into()).stack_size(STACK_LENGTH).spawn(move || {
            let result = work(&self, &operation);
            operation.finished(result.map_err(Failure::Failed));
        });
        begun.map_err(|error| Failure::Failed(lacking(format!("no thread for the {name}: {error}"))))?;
        Ok(Completion::Pending)
    }

    fn keep_record(&self, settings: &Settings) {
        *self.started_with.lock() = Some(settings.clone());
        *self.level.lock() = None;
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

    /// The values that are stored, with these changes.
    fn changed(&self, input: &[u8]) -> Result<Values, Cause> {
        let list = PropertyList::parse(input)
            .map_err(|error| Cause::new(Status::INVALID_PARAMETER, error.to_string()))?;
        let opening = self.opening.lock();
        // What is stored may be wrong, and what is set now mend it.
        let stored = Values::read(&opening.registry, &self.agent.description).unwrap_or_default();
        stored.with(&list, &opening.type_name, &self.agent.description)
    }

    /// The agent's judgement of what would be set, and whether what runs takes it up.
    fn judge(&self, input: &[u8]) -> Result<Status, Cause> {
        let values = self.changed(input)?;
        let settings = Settings::of(&values, &self.agent.metadata);
        self.agent.objection(&settings)?;
        if values.require(&self.agent.description).is_ok() {
            let _turn = self.turn_within(TURN_TIMEOUT)?;
            let call = self.call("validate-all", &settings);
            if self.agent.metadata.has("validate-all") {
                call.run(self.aside(), |_| true).judged()?;
            }
        }
        let started_with = self.started_with.lock().clone();
        let Some(started_with) = started_with else { return Ok(Status::SUCCESS) };
        let mut changed = started_with.differences(&settings, &self.agent.metadata).peekable();
        let takes_up = changed.peek().is_none()
            || self.agent.reload_action().is_some() && changed.all(|one| one.is_reloadable);
        Ok(if takes_up { Status::SUCCESS } else { Status::RESOURCE_PROPERTIES_STORED })
    }

    fn turn_within(&self, limit: Duration) -> Result<MutexGuard<'_, ()>, Cause> {
        self.turn.try_lock_for(limit).ok_or_else(busy)
    }

    /// Has the agent take up what has changed, if that is all reloadable.
    fn reload(&self) {
        let (Some(action), Ok(settings)) = (self.agent.reload_action(), self.settings()) else { return };
        let _turn = self.turn.lock();
        let Some(started_with) = self.started_with.lock().clone() else { return };
        let mut changed = started_with.differences(&settings, &self.agent.metadata).peekable();
        if changed.peek().is_none() || !changed.all(|one| one.is_reloadable) {
            return;
        }
        match self.call(action, &settings).run(self.aside(), |_| true).done() {
            Ok(()) => self.keep_record(&settings),
            Err(cause) => {
                self.context.reporter.log(1, format!("what has changed is not taken up: {}", cause.text));
            }
        }
    }

    fn instructions(&self, buffer: &[u8]) -> Result<Instructions, Cause> {
        let invalid = |text: String| Cause::new(Status::INVALID_PARAMETER, text);
        if buffer.is_empty() {
            return Ok(Instructions::default());
        }
        let list =
            PropertyList::parse(buffer).map_err(|error| invalid(format!("the instructions: {error}")))?;
        let name = self.agent.name();
        let given = match list.get(&name) {
            None => return Ok(Instructions::default()),
            Some(Value::MultiSz(given)) => given.clone(),
            Some(Value::Sz(given)) => vec![given.clone()],
            Some(_) => return Err(invalid(format!("'{name}' must be texts, PARAMETER=VALUE each"))),
        };
        let parameters = &self.agent.metadata.parameters;
        let known = |text: &String| {
            let (parameter, value) = text.split_once('=')?;
            let known = parameters.iter().find(|known| known.name == parameter)?;
            Some((known.name.clone(), value.to_owned()))
        };
        let read = |text: &String| {
            known(text).ok_or_else(|| {
                invalid(format!("'{name}' has '{text}', which is no PARAMETER=VALUE of the agent"))
            })
        };
        given.iter().map(read).collect::<Result<_, _>>().map(Instructions)
    }
}

/// Parameters that hold for one stop.
#[derive(Default)]
struct Instructions(Vec<(String, String)>);

/// The resource as the host has it; the threads of its actions have it too.
struct AgentHandle(Arc<AgentResource>);

impl Resource for AgentHandle {
    fn online(&self, call: OnlineCall<'_>) -> Result<Completion, Failure> {
        let settings = self.0.settings().map_err(Failure::Failed)?;
        let work =
            move |resource: &AgentResource, operation: &Operation| resource.start(operation, &settings);
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
        let now = Instant::now();
        let mut looked = self.0.looked.lock();
        if looked.is_some_and(|looked| now < looked + self.0.interval()) {
            return true;
        }
        *looked = Some(now);
        drop(looked);
        self.0.judge_look(&self.0.monitor(0)).is_ok()
    }

    fn is_alive(&self) -> Result<(), Cause> {
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
            return private::control(call, &self.0.agent.description, |_| Ok(()));
        }
        match self.0.judge(call.input) {
            Err(cause) => ControlAnswer::refused(cause),
            Ok(Status::RESOURCE_PROPERTIES_STORED) if is_set => {
                ControlAnswer::refused(Cause::new(Status::RESOURCE_PROPERTIES_STORED, ""))
            }
            Ok(_) if is_set => ControlAnswer::unknown(),
            Ok(_) => ControlAnswer::output(Vec::new(), 0),
        }
    }

    fn configure(&self, opening: &Opening) {
        *self.0.opening.lock() = opening.clone();
        *self.0.level.lock() = None;
        let resource = self.0.clone();
        let reloading = thread::Builder::new()
            .name("reload".into())
            .stack_size(STACK_LENGTH)
            .spawn(move || resource.reload());
        if let Err(error) = reloading {
            self.0.context.reporter.log(1, format!("what has changed is not taken up: {error}"));
        }
    }

    fn close(&self) {
        if self.0.started_with.lock().is_none() {
            self.0.end_record();
        }
    }
}

/// What an earlier host has started it with, since this boot.
fn read_record(context: &Context) -> Option<Settings> {
    let read = state_file::read_text(&context.state_file).map(|text| {
        text.map(|text| serde_json::from_str(&text).map_err(|error| error.to_string())).transpose()
    });
    match read {
        Ok(Ok(settings)) => settings,
        Ok(Err(error)) => {
            context.reporter.log(1, format!("what an earlier host has left cannot be read: {error}"));
            None
        }
        Err(error) => {
            context.reporter.log(1, format!("what an earlier host has left cannot be read: {error}"));
            None
        }
    }
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
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use mainstay_process::scratch::Scratch;
    use mainstay_types::order::RegistryCopy;
    use mainstay_types::{Epoch, Name, OnlineFlags};

    use super::*;
    use crate::ocf::call::Surroundings;
    use crate::ocf::metadata::Metadata;
    use crate::ocf::turns::Turns;
    use crate::resource_type::{OperationNumber, Reporter, Said};

    const METADATA: &[u8] = b"<resource-agent><actions><action name='start'/><action name='stop'/>\
        <action name='monitor'/></actions></resource-agent>";

    /// A resource of an agent that makes the file `PATH.ACTION` for each action that it is asked for.
    fn open(scratch: &Scratch, directory: &Path, ear: impl Fn(Said) + Send + Sync + 'static) -> Opened {
        let path = directory.join("agent");
        fs::write(&path, "#!/bin/sh\n: >\"$0.$1\"\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let pool = scratch.leaf("pool");
        let surroundings =
            Surroundings { root: directory.to_owned(), pool, node: "node1".into(), tools: None };
        let agent = Agent {
            surroundings: Arc::new(surroundings),
            passes: Arc::default(),
            turns: Arc::new(Turns::new()),
            path,
            provider: "test".into(),
            kind: "agent".into(),
            metadata: Metadata::parse(METADATA).unwrap(),
            description: Default::default(),
        };
        let id = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
        let opening = Opening {
            name: Name::parse("r").unwrap(),
            type_name: Name::parse("ocf:test:agent").unwrap(),
            group: id.parse().unwrap(),
            library: None,
            registry: RegistryCopy::default(),
            pending_timeout_ms: 10_000,
            deadlock_timeout_ms: 10_000,
            looks_alive_interval_ms: 10_000,
            is_alive_interval_ms: 10_000,
            recover: false,
            online_for_ms: None,
            borne: None,
            note: None,
        };
        let context = Context {
            cluster: uuid::Uuid::new_v4().to_string().parse().unwrap(),
            resource: id.parse().unwrap(),
            epoch: Epoch::default(),
            opening,
            leaf: scratch.leaf("leaf").path().to_owned(),
            state_file: directory.join("state"),
            reporter: Reporter::new(Arc::new(ear)),
        };
        AgentResource::open(Arc::new(agent), context).unwrap()
    }

    #[test]
    fn what_terminate_has_overtaken_starts_and_stops_nothing_however_late_it_comes() {
        let Some(scratch) = Scratch::or_skip() else { return };
        let directory = tempfile::tempdir().unwrap();
        let (sender, said) = std::sync::mpsc::channel();
        let opened = open(&scratch, directory.path(), |_| {});
        let call = |is_cancelled: bool| {
            let sender = sender.clone();
            let operation =
                Operation::new(OperationNumber(1), Arc::new(move |said| sender.send(said).unwrap_or(())));
            if is_cancelled {
                operation.cancel();
            }
            OnlineCall { flags: OnlineFlags::empty(), buffer: &[], note: None, operation }
        };
        let was_asked = |action: &str| directory.path().join(format!("agent.{action}")).exists();
        let result = || match said.recv().unwrap() {
            Said::Finished { result, .. } => result.is_ok(),
            other => panic!("{other:?}"),
        };
        opened.resource.online(call(true)).unwrap();
        assert!(!result() && !was_asked("start"));
        opened.resource.online(call(false)).unwrap();
        assert!(result() && was_asked("start"));
        let OnlineCall { operation, .. } = call(true);
        let reason = Default::default();
        let offline = OfflineCall {
            flags: OfflineFlags::empty(),
            reason,
            destination: None,
            due_to_embedded_failure: false,
            buffer: &[],
            operation,
        };
        opened.resource.offline(offline).unwrap();
        assert!(!result() && !was_asked("stop"));
        opened.resource.terminate().unwrap();
        assert!(was_asked("stop"));
    }

    #[test]
    fn an_agent_that_cannot_be_run_for_a_moment_says_nothing_of_what_runs() {
        let Some(scratch) = Scratch::or_skip() else { return };
        let directory = tempfile::tempdir().unwrap();
        let opened = open(&scratch, directory.path(), |_| {});
        let (agent, away) = (directory.path().join("agent"), directory.path().join("away"));
        let looks = |count| (0..count).map(|_| opened.resource.is_alive().is_ok()).collect::<Vec<_>>();
        fs::rename(&agent, &away).unwrap();
        assert_eq!(looks(UNSEEN_MAX - 1), vec![true; UNSEEN_MAX as usize - 1]);
        fs::rename(&away, &agent).unwrap();
        assert_eq!(looks(1), [true]);
        fs::rename(&agent, &away).unwrap();
        assert_eq!(looks(UNSEEN_MAX - 1), vec![true; UNSEEN_MAX as usize - 1]);
        assert_eq!(looks(1), [false], "it goes on");
    }

    #[test]
    fn an_action_that_a_dead_host_has_left_is_ended_and_what_serves_is_not() {
        let Some(scratch) = Scratch::or_skip() else { return };
        let directory = tempfile::tempdir().unwrap();
        let leaf = scratch.leaf("leaf");
        let run = |below: &str, words: &[&str]| {
            let group = Leaf::new(leaf.path().join(below));
            group.create().unwrap();
            let mut command = mainstay_process::Command::new(words);
            command.leaf = Some(group);
            command.spawn().unwrap()
        };
        // As a script is run that hangs: the interpreter, the agent, the action.
        let agent = directory.path().join("agent");
        let hangs = directory.path().join("hangs");
        fs::write(&hangs, "sleep 1000\n").unwrap();
        std::os::unix::fs::symlink(&hangs, &agent).unwrap();
        let agent = agent.to_str().unwrap();
        let monitor = run("action-1-1", &["/bin/sh", agent, "monitor"]);
        let reload = run("action-1-2", &["/bin/sh", agent, "reload-agent"]);
        let serving = run("action-1-3", &["/bin/sleep", "1000"]);
        fs::remove_file(agent).unwrap();
        drop(open(&scratch, directory.path(), |_| {}));
        let has_ended = |process: &mainstay_process::Process| process.wait(Instant::now()).unwrap().is_some();
        assert_eq!((has_ended(&monitor), has_ended(&reload), has_ended(&serving)), (true, false, false));
        leaf.kill().unwrap();
    }
}
