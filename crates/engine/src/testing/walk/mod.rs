//! Anything, in any order: random commands, failures, hangs, lies, slowness, deaths of hosts, guard and service, commits
//! that fail or whose outcome is unknown, timers that are late. All of it comes from one seed, and so does the cluster.
//!
//! The world checks after every input what must always hold (I1, I2, I6, I7 and truth). What a call (I3, I7, I8, I10)
//! and a host's death (I9) must leave alone is compared around them; at the end, with the faults gone and time enough,
//! everything must have ended (I4) and the persistent state must be the last one acknowledged (I5). In some walks each call
//! is planned before, and goes as planned; and what is explained is what is.
//!
//! A broken invariant is a panic that says which; whoever runs many walks catches it, and runs the seed again with the
//! log.

mod changes;
mod dice;
mod foresight;
mod layout;
mod ledger;
mod rest;
mod step;

use std::collections::BTreeMap;

use mainstay_proplist::PropertyList;
use mainstay_types::control::{RESOURCE_SET_MAINTENANCE_MODE, function};
use mainstay_types::order::Step as OrderStep;
use mainstay_types::status_information::ResourceStatusInformation;
use mainstay_types::{Access, ControlCode, GroupId, HostId, ObjectId, ResourceId, ResourceState, Status};

pub use dice::Dice;
pub use layout::{GroupOrder, Kind, Layout, Planned};
pub use step::{Applied, Entry, Restarts, Step};

use super::{Behaviour, CommitMode, World, offline};
use crate::command::{Command, Remark};
use crate::input::{CallId, Input};
use ledger::{Ledger, Word};
use step::ADAPTERS_END;

/// How often which fault struck in which moment.
pub type Coverage = BTreeMap<(&'static str, &'static str), u64>;

/// A type that a node offers.
const AGENT: &str = "ocf:walk:Thing";
/// CLUSCTL_*_SET_COMMON_PROPERTIES, with the access that it asks for.
const SET_COMMON_PROPERTIES: u32 = 0x40_0000 | function::SET_COMMON_PROPERTIES;
/// Resources that may be created on the way.
const CREATED_MAX: usize = 2;
/// In one of so many walks only one of its groups may be up at a time.
const EXCLUSIVE_ONCE_IN: u64 = 3;
/// In one of so many walks adapters come and go. All others are what they were before there were any.
const ADAPTERS_ONCE_IN: u64 = 8;
/// How often they do.
const ADAPTER_CHANGES: usize = 12;
/// In one of so many walks it changes who may run, and groups move or go. All others are what they were without.
const ARRANGED_ONCE_IN: u64 = 6;
/// How often they do.
const ARRANGEMENTS: usize = 10;
/// In one of so many walks what is configured is changed by documents and taken back.
const CHANGED_BACK_ONCE_IN: u64 = 5;
/// How often it is.
const CHANGES_BACK: usize = 10;
/// In one of so many walks calls are planned before: that takes three times as long.
const FORESEEN_ONCE_IN: u64 = 4;
/// In one of so many walks dependencies change on the way. In all others the persistent state can be judged.
const RECONFIGURED_ONCE_IN: u64 = 3;

/// A walk that was not taken yet.
#[derive(Clone, PartialEq, Debug)]
pub struct Plan {
    /// The cluster that it begins with.
    pub layout: Layout,
    /// Its steps.
    pub steps: Vec<Step>,
    /// Each call is planned before, and resources are explained on the way.
    pub foresees: bool,
}

impl Plan {
    /// The walk of a seed.
    pub fn of_seed(seed: u64, steps: usize) -> Self {
        let mut dice = Dice::new(seed);
        let mut layout = Layout::random(&mut dice);
        // Of its own dice, so that a seed's other steps stay what they were.
        layout.order = GroupOrder::random(&mut Dice::new(!seed));
        layout.is_exclusive = Dice::new(seed.rotate_left(50)).once_in(EXCLUSIVE_ONCE_IN);
        let (resources, groups) = (layout.resources.len() + CREATED_MAX, layout.groups);
        let may_reconfigure = dice.once_in(RECONFIGURED_ONCE_IN);
        let mut step = || loop {
            let step = Step::random(&mut dice, resources, groups);
            if may_reconfigure || !step.reconfigures() {
                return step;
            }
        };
        let mut steps: Vec<Step> = (0..steps).map(|_| step()).collect();
        let mut own = Dice::new(seed.rotate_left(17));
        if own.once_in(ADAPTERS_ONCE_IN) {
            for _ in 0..ADAPTER_CHANGES {
                let place = own.below(steps.len() as u64 + 1) as usize;
                steps.insert(place, Step::Adapters(own.below(ADAPTERS_END)));
            }
        }
        let mut own = Dice::new(seed.rotate_left(34));
        if own.once_in(ARRANGED_ONCE_IN) {
            for _ in 0..ARRANGEMENTS {
                let place = own.below(steps.len() as u64 + 1) as usize;
                steps.insert(place, Step::arrangement(&mut own, resources, groups));
            }
        }
        let mut own = Dice::new(seed.rotate_left(51));
        if own.once_in(CHANGED_BACK_ONCE_IN) {
            for _ in 0..CHANGES_BACK {
                let place = own.below(steps.len() as u64 + 1) as usize;
                let changes = Step::change_of_mind(&mut own, resources, groups);
                steps.splice(place..place, changes);
            }
        }
        Plan { layout, steps, foresees: seed.is_multiple_of(FORESEEN_ONCE_IN) }
    }

    /// Takes the walk and says where faults struck.
    ///
    /// # Panics
    ///
    /// When an invariant does not hold. `seen` has the log by then, if `walk` keeps one.
    pub fn run(&self, walk: &mut Walk) {
        walk.build(&self.layout);
        walk.foresees = self.foresees;
        for step in &self.steps {
            walk.take(step);
        }
        walk.come_to_rest();
        walk.check_rest();
        walk.check_persistent();
    }
}

/// A walk that is being taken.
pub struct Walk {
    /// The world.
    pub world: World,
    /// Where faults struck.
    pub coverage: Coverage,
    ids: Vec<ResourceId>,
    kinds: BTreeMap<ResourceId, Kind>,
    groups: Vec<GroupId>,
    /// The last operation that made the cluster which the walk began with.
    built: u64,
    ledger: Ledger,
    /// Every call since the service was last started.
    calls: Vec<CallId>,
    starts: u64,
    /// The adapters that there are, where any were ever seen.
    adapters: Option<u64>,
    foresees: bool,
    /// Calls that went as they were planned, to the end of what they began.
    pub plans_kept: u64,
}

impl Walk {
    /// A world in which nothing has happened. With `keeps_log`, everything that does is written down.
    pub fn new(keeps_log: bool) -> Self {
        let mut world = World::default();
        if keeps_log {
            world.begin_log();
        }
        let starts = world.starts;
        Walk {
            world,
            coverage: Coverage::new(),
            ids: Vec::new(),
            kinds: BTreeMap::new(),
            groups: Vec::new(),
            built: 0,
            ledger: Ledger::default(),
            calls: Vec::new(),
            starts,
            adapters: None,
            foresees: false,
            plans_kept: 0,
        }
    }

    fn build(&mut self, layout: &Layout) {
        let log = self.world.log.take();
        self.groups = (0..layout.groups).map(|number| self.world.group(&format!("g{number}"))).collect();
        self.world.order_groups(&self.groups, layout.order);
        if layout.is_exclusive {
            self.world.keep_apart(&self.groups);
        }
        if layout.resources.iter().any(|planned| planned.kind == Kind::Library) {
            self.world.library_type("Demo");
        }
        if layout.resources.iter().any(|planned| planned.kind == Kind::Agent) {
            self.world.offer_type(AGENT);
        }
        for (number, planned) in layout.resources.iter().enumerate() {
            let (group, name) = (self.groups[planned.group], format!("r{number}"));
            let id = match planned.kind {
                Kind::Pool => self.world.resource(group, &name),
                Kind::Own => self.world.resource_of_type(group, &name, "Generic Application", 1),
                Kind::Library => self.world.resource_of_type(group, &name, "Demo", 0),
                Kind::FoundAgain => self.world.resource_of_type(group, &name, "Virtual Machine", 0),
                Kind::Agent => self.world.resource_of_type(group, &name, AGENT, 0),
            };
            self.ids.push(id);
            self.kinds.insert(id, planned.kind);
            if !planned.needs.is_empty() {
                let clauses: Vec<String> = planned.needs.iter().map(|need| any_of(&self.ids, need)).collect();
                self.world.depend_on(id, &clauses.join(" and "));
            }
        }
        self.built = self.world.journal.keys().last().map_or(0, |id| id.number);
        self.world.log = log;
        self.world.note(|_| format!("{layout:?}"));
    }

    /// Whether the cluster has the resource.
    fn is_alive(&self, id: ResourceId) -> bool {
        self.world.engine.view().model().resource(id).is_some()
    }

    /// The resource at this place, if there is one.
    fn at(&self, place: usize) -> Option<ResourceId> {
        self.ids.get(place).copied().filter(|id| self.is_alive(*id))
    }

    fn take(&mut self, step: &Step) {
        self.world.note(|_| format!("- {step:?}"));
        if let Some(fault) = step.fault() {
            for moment in self.world.moments() {
                *self.coverage.entry((fault, moment)).or_default() += 1;
            }
        }
        match step {
            Step::GroupOnline(place) => self.group_online(self.groups[*place]),
            Step::GroupOffline(place) => {
                let (group, buffer, remark) = (self.groups[*place], Vec::new(), Remark::default());
                self.call(Command::OfflineGroup { group, flags: 0, buffer, remark });
            }
            Step::Create(place) => self.create(self.groups[*place]),
            Step::StartPolicy(place, priority, cold_start, delay_s) => {
                let list = PropertyList::new()
                    .with("Priority", *priority)
                    .with("ColdStartSetting", *cold_start)
                    .with("GroupStartDelay", *delay_s);
                self.set_properties(ObjectId::Group(self.groups[*place]), &list);
            }
            Step::Move(place, names_node) => {
                let (group, node) =
                    (self.groups[*place], names_node.then_some(self.world.engine.config.node));
                self.call(Command::MoveGroup { group, node, flags: 0, buffer: Vec::new() });
            }
            Step::DeleteGroup(place, with_resources) => {
                self.ledger.reconfigured = true;
                self.call(Command::DeleteGroup { group: self.groups[*place], force: *with_resources });
            }
            Step::Undo(back) => self.undo(*back),
            Step::Apply(place, applied) => self.apply(*place, *applied),
            Step::CallerGone => self.caller_goes(),
            Step::KillPool => self.kill_host(HostId::Pool),
            _ if self.take_of_world(step) => {}
            _ => self.take_of_resource(step),
        }
        if self.world.starts != self.starts {
            self.starts = self.world.starts;
            self.cut_off();
        }
        for (before, moments) in std::mem::take(&mut self.world.crashes) {
            for moment in moments {
                *self.coverage.entry(("service crashes", moment)).or_default() += 1;
            }
            *self.coverage.entry(("service crashes before", before)).or_default() += 1;
        }
    }

    /// What the service does when it starts, and when the kernel tells of a change.
    fn see_adapters(&mut self) {
        let Some(number) = self.adapters else { return };
        let adapters = step::adapters(number);
        self.world.see_adapters(&adapters.iter().map(String::as_str).collect::<Vec<_>>());
    }

    /// A step that names no resource; false for one that does.
    fn take_of_world(&mut self, step: &Step) -> bool {
        let world = &mut self.world;
        match step {
            Step::Reconnect => world.reconnect_host(HostId::Pool),
            Step::HostsStart(start) => world.hosts_start = *start,
            Step::SlowGuard => world.guard_is_slow = true,
            Step::DeadGuard(dead) => world.guard_is_dead = *dead,
            Step::Hurry => world.hurry(),
            Step::KillService => world.restart_service(),
            Step::CrashAfter(effects) => world.crash_after = Some(*effects),
            Step::StopService => world.stop_service(),
            Step::StartService if world.is_down() => world.restart_service(),
            Step::StartService => {}
            Step::KillServiceAndPool => {
                world.lose_host_unseen(HostId::Pool);
                world.restart_service();
            }
            Step::Reboot => world.reboot(),
            Step::Commits(mode) => world.commit_mode = *mode,
            Step::Resolve => world.resolve_commits(),
            Step::Adapters(number) => {
                self.adapters = Some(*number);
                self.see_adapters();
            }
            Step::Pass(ms) => world.pass_ms(*ms),
            Step::PassLate(ms) => world.pass_late_ms(*ms),
            _ => return false,
        }
        true
    }

    fn take_of_resource(&mut self, step: &Step) {
        let remark = Remark::default;
        let Some((resource, rest)) = self.resource_of(step) else { return };
        if self.foresees {
            self.check_explanation(resource);
        }
        let world = &mut self.world;
        match rest {
            Step::Online(_) => {
                if let Some(call) = self.call(online(resource)) {
                    self.ledger.ask(call, Word::Online(resource));
                }
            }
            Step::Offline(_, flags) => self.take_offline(resource, *flags),
            Step::Restart(_) => {
                self.call(Command::RestartResource { resource, flags: 0, remark: remark() });
            }
            Step::FailCall(_) => drop(self.call(Command::FailResource { resource, remark: remark() })),
            Step::Cancel(_) => {
                let claim = world.glance(resource).operation;
                let oldest = || world.engine.view().operations().first().map(|record| record.id);
                let Some(operation) = claim.or_else(oldest) else { return };
                self.call(Command::CancelOperation { operation, about: None, remark: remark() });
            }
            Step::Confirm(_) => {
                if world.state(resource) == ResourceState::Failed {
                    world.take_down_by_hand(resource);
                }
                self.call(Command::ConfirmStopped { resource, remark: remark() });
            }
            Step::Maintain(_, on) => self.maintain(resource, *on),
            Step::Policy(_, restarts) => {
                world.forget_restarts(resource);
                let list = PropertyList::new()
                    .with("RestartAction", restarts.action)
                    .with("RestartThreshold", restarts.threshold)
                    .with("RestartPeriod", restarts.period_ms)
                    .with("RestartDelay", restarts.delay_ms)
                    .with("RetryPeriodOnFailure", restarts.retry_ms)
                    .with("EmbeddedFailureAction", restarts.embedded);
                self.set_properties(ObjectId::Resource(resource), &list);
            }
            Step::Alternatives(_, others) => {
                self.ledger.reconfigured = true;
                let alive: Vec<ResourceId> = others.iter().filter_map(|place| self.at(*place)).collect();
                let places: Vec<usize> = (0..alive.len()).collect();
                let expression = any_of(&alive, &places);
                self.call(Command::SetDependencyExpression { resource, expression });
            }
            Step::WithoutAccess(_) => self.take_without_access(resource),
            Step::Depend(_, provider) | Step::Undepend(_, provider) => {
                let Some(provider) = self.at(*provider) else { return };
                self.ledger.reconfigured = true;
                self.call(match rest {
                    Step::Depend(..) => Command::AddDependency { resource, provider },
                    _ => Command::RemoveDependency { resource, provider },
                });
            }
            Step::Allow(_, may_run) => {
                // What is wanted and may not run stays down.
                self.ledger.reconfigured = true;
                let node = world.engine.config.node;
                self.call(match may_run {
                    true => Command::AddPossibleOwner { resource, node },
                    false => Command::RemovePossibleOwner { resource, node },
                });
            }
            Step::Delete(_) => {
                self.ledger.reconfigured = true;
                self.call(Command::DeleteResource { resource });
            }
            Step::Rename(place, number) => {
                self.call(Command::RenameResource { resource, name: format!("r{place}-{number}") });
            }
            Step::Behave(_, entry, how) => {
                let behaviour: &mut Behaviour = world.behave(resource);
                *match entry {
                    Entry::Open => &mut behaviour.open,
                    Entry::Online => &mut behaviour.online,
                    Entry::Offline => &mut behaviour.offline,
                    Entry::Terminate => &mut behaviour.terminate,
                } = *how;
            }
            Step::Check(_, how) => world.behave(resource).check = *how,
            Step::Unkillable(_, unkillable) => world.behave(resource).unkillable = *unkillable,
            Step::EndOrder(_, how) => world.end_order(resource, *how),
            Step::Progress(_) => world.progress(resource, "still there"),
            Step::Repeat(_) => world.repeat(resource),
            Step::Fail(_) => world.fail(resource),
            Step::KillServiceWhile(_, reaction) => world.restart_service_while(resource, *reaction),
            Step::FailInside(_) => world.fail_inside(resource),
            Step::Say(_, bits) => {
                world.say(resource, ResourceStatusInformation::from_bits_truncate(*bits));
            }
            Step::Lock(_, locked) => world.lock(resource, *locked),
            Step::Deadlock(_) => world.deadlock(resource),
            Step::Keep(_, is_something) => world.keep(resource, *is_something),
            Step::KeepLate(_) => world.keep_late(resource),
            Step::Discard(_) => self.discard(resource),
            // The only process of a type in a library is its host.
            Step::KillProcesses(_) if self.kinds.get(&resource) == Some(&Kind::Library) => {
                self.kill_host(HostId::Own(resource));
            }
            Step::KillProcesses(_) => world.kill_processes(resource),
            Step::KillOwn(_) => self.kill_host(HostId::Own(resource)),
            Step::LoseOwn(_) => {
                world.lose_host_unseen(HostId::Own(resource));
                world.restart_service();
            }
            Step::SlowHost(_) => {
                let host = self.host_of(resource);
                self.world.slow_hosts.insert(host);
            }
            _ => {}
        }
    }

    fn resource_of<'a>(&self, step: &'a Step) -> Option<(ResourceId, &'a Step)> {
        let place = match step {
            Step::Online(place)
            | Step::Offline(place, _)
            | Step::Restart(place)
            | Step::FailCall(place)
            | Step::Cancel(place)
            | Step::Confirm(place)
            | Step::Maintain(place, _)
            | Step::Policy(place, _)
            | Step::Alternatives(place, _)
            | Step::WithoutAccess(place)
            | Step::Depend(place, _)
            | Step::Undepend(place, _)
            | Step::Delete(place)
            | Step::Allow(place, _)
            | Step::Rename(place, _)
            | Step::Behave(place, ..)
            | Step::Check(place, _)
            | Step::Unkillable(place, _)
            | Step::EndOrder(place, _)
            | Step::Progress(place)
            | Step::Repeat(place)
            | Step::Fail(place)
            | Step::KillServiceWhile(place, _)
            | Step::FailInside(place)
            | Step::Say(place, _)
            | Step::Lock(place, _)
            | Step::Deadlock(place)
            | Step::Keep(place, _)
            | Step::KeepLate(place)
            | Step::Discard(place)
            | Step::KillProcesses(place)
            | Step::KillOwn(place)
            | Step::LoseOwn(place)
            | Step::SlowHost(place) => *place,
            _ => return None,
        };
        Some((self.at(place)?, step))
    }

    /// Calls; a refusal must have changed nothing (I3). `None` while there is nobody to call.
    fn call(&mut self, command: Command) -> Option<CallId> {
        if self.world.is_down() {
            return None;
        }
        let was_quiet = self.is_quiet();
        let (revision, orders) = (self.world.revision(), self.world.orders.len());
        let foreseen = (was_quiet && self.foresees).then(|| self.foresee(&command));
        let call = self.world.call(command);
        self.calls.push(call);
        if let Some(foreseen) = foreseen.filter(|_| self.world.starts == self.starts) {
            self.check_foreseen(&foreseen, call);
        }
        let answer = self.world.answers.get(&call).filter(|_| was_quiet && self.world.starts == self.starts);
        if let Some(answer) = answer.filter(|answer| !is_accepted(answer.status)) {
            let status = answer.status;
            let now = (self.world.revision(), self.world.orders.len());
            assert!(now == (revision, orders), "I3: {status}, and something has changed");
        }
        Some(call)
    }

    fn set_properties(&mut self, object: ObjectId, list: &PropertyList) {
        let input = list.to_bytes().expect("a list");
        let code = ControlCode(SET_COMMON_PROPERTIES);
        self.call(Command::Control { object, code, input, output_length_max: 0 });
    }

    fn discard(&mut self, resource: ResourceId) {
        if !self.world.is_down() {
            self.world.may_keep_nothing(resource);
        }
        self.call(Command::DiscardKept { resource, remark: Remark::default() });
    }

    fn maintain(&mut self, resource: ResourceId, on: bool) {
        let (object, input) = (ObjectId::Resource(resource), u32::from(on).to_le_bytes().to_vec());
        let code = RESOURCE_SET_MAINTENANCE_MODE;
        self.call(Command::Control { object, code, input, output_length_max: 0 });
    }

    /// Whoever has waited longest for an answer does so no longer. What came of the call is not known to him.
    fn caller_goes(&mut self) {
        let is_open = |call: &CallId| !self.world.answers.contains_key(call);
        let Some(call) = self.calls.iter().copied().find(is_open).filter(|_| !self.world.is_down()) else {
            return;
        };
        self.calls.retain(|waiting| *waiting != call);
        self.world.feed(Input::CallerGone(call));
    }

    fn group_online(&mut self, group: GroupId) {
        let (buffer, remark) = (Vec::new(), Remark::default());
        if let Some(call) = self.call(Command::OnlineGroup { group, flags: 0, buffer, remark }) {
            self.ledger.ask(call, Word::GroupOnline(group));
        }
    }

    fn create(&mut self, group: GroupId) {
        if self.world.is_down() || self.ids.len() >= self.kinds.len() + CREATED_MAX {
            return;
        }
        let id = ResourceId(self.world.fresh());
        let (name, type_name) = (format!("new{}", self.ids.len()), "Generic Application".to_owned());
        self.call(Command::CreateResource { id, group, name, type_name, flags: 0 });
        self.ids.push(id);
    }

    /// Nothing waits for its answer or its commit, nobody is slow: what changes now, the next step has changed.
    fn is_quiet(&self) -> bool {
        let world = &self.world;
        world.is_quiet() && self.calls.iter().all(|call| world.answers.contains_key(call))
    }

    fn take_without_access(&mut self, resource: ResourceId) {
        if self.world.is_down() {
            return;
        }
        let was_quiet = self.is_quiet();
        let revision = self.world.revision();
        let command = match self.world.state(resource) {
            ResourceState::Online => offline(resource, 0, Vec::new()),
            _ => online(resource),
        };
        let call = self.world.call_as(Access::Read, command);
        self.calls.push(call);
        let Some(answer) = self.world.answers.get(&call) else { return };
        assert!(!is_accepted(answer.status), "I10: a call without access is answered {}", answer.status);
        assert!(!was_quiet || revision == self.world.revision(), "I10: it has changed something");
    }

    fn take_offline(&mut self, resource: ResourceId, flags: u32) {
        let (ignores, keeps) = (flags & 1 != 0, flags & 4 != 0);
        if self.world.is_down() {
            return;
        }
        let was_quiet = self.is_quiet();
        let before = self.world.engine.live.get(&resource).map(|live| (live.locked.is_some(), live.state));
        let was_written = (was_quiet && keeps).then(|| self.written(resource));
        let Some(call) = self.call(offline(resource, flags, Vec::new())) else { return };
        if !keeps {
            self.ledger.ask(call, Word::Offline(resource));
        }
        let is_same_life = self.world.starts == self.starts;
        let Some(status) = self.world.answers.get(&call).map(|answer| answer.status) else { return };
        if !was_quiet || !is_same_life {
            return;
        }
        let name = self.world.engine.name_of(resource);
        if before == Some((true, ResourceState::Online)) && !ignores {
            assert!(!is_accepted(status), "I7: '{name}' is locked, and the call is answered {status}");
            let state = self.world.state(resource);
            assert!(state == ResourceState::Online, "I7: '{name}' is locked, and {state}");
        }
        if let Some(was_written) = was_written {
            let is_same = self.written(resource) == was_written;
            assert!(is_same, "I8: the persistent state of '{name}' was written");
        }
    }

    /// The resource's persistent state, byte by byte.
    fn written(&mut self, resource: ResourceId) -> Vec<(Vec<u8>, Vec<u8>)> {
        let id = resource.to_string();
        let is_its = |key: &[u8]| {
            let key = String::from_utf8_lossy(key).to_lowercase();
            key.contains(&id) && key.contains("persistentstate")
        };
        self.world.database().into_iter().filter(|(key, _)| is_its(key)).collect()
    }

    fn host_of(&self, resource: ResourceId) -> HostId {
        match self.kinds.get(&resource) {
            None | Some(Kind::Pool | Kind::Agent) => HostId::Pool,
            Some(Kind::Own | Kind::Library | Kind::FoundAgain) => HostId::Own(resource),
        }
    }

    /// I9: a host's death harms nobody whom it does not hold.
    fn kill_host(&mut self, host: HostId) {
        let was_quiet = self.is_quiet() && !self.world.is_down();
        let seen = |walk: &Walk, id: ResourceId| {
            let live = &walk.world.engine.live[&id];
            (live.state, walk.world.runs(id) && !walk.world.deceived.contains(&id), live.since_unix_ms)
        };
        let engine = &self.world.engine;
        // A part that has ended counts: a veto brings it back. So does a call that is being checked, whose caller may be
        // gone: the answer that the host owes it is not waited for any more.
        let has_part = |id: ResourceId| {
            let mut operations = engine.operations.values();
            operations.any(|found| found.parts.contains_key(&id) || found.reserved.contains(&id))
        };
        let spared: Vec<_> = self
            .ids
            .iter()
            .copied()
            .filter(|id| was_quiet && self.is_alive(*id) && self.host_of(*id) != host && !has_part(*id))
            .map(|id| (id, seen(self, id)))
            .collect();
        let orders = self.world.orders.len();
        self.world.kill_host(host);
        if self.world.starts != self.starts {
            return;
        }
        for (id, before) in spared {
            let Some(resource) = self.world.engine.view().model().resource(id) else { continue };
            let online = |id: ResourceId| self.world.state(id) == ResourceState::Online;
            // What needs a resource that has failed goes down for that. What was down takes no harm; it may come up as
            // the group's start-up goes on, after a veto, or in place of what the host had. What is said to be down is
            // down, also where its type has lied and something of it runs.
            let was_down = matches!(before.0, ResourceState::Offline | ResourceState::Failed) && !before.1;
            if !resource.depends_on.is_met(online) || was_down {
                continue;
            }
            // What it needs may have been found to be down, and may be up again by now.
            let is_touched = |provider: ResourceId| {
                let mut since = self.world.orders[orders..].iter();
                since.any(|order| order.resource == provider && order.id.step != OrderStep::Open)
            };
            if resource.depends_on.providers().any(is_touched) {
                continue;
            }
            let is_ordered = self.world.orders[orders..].iter().any(|order| order.resource == id);
            assert!(!is_ordered, "I9: '{}' is told something because {host} ended", resource.name);
            let (now, name) = (seen(self, id), &resource.name);
            assert!(now == before, "I9: '{name}' was {before:?} and is {now:?} since {host} ended");
        }
    }
}

fn online(resource: ResourceId) -> Command {
    Command::OnlineResource { resource, flags: 0, buffer: Vec::new(), remark: Remark::default() }
}

/// Any of these, as a clause of an expression.
fn any_of(ids: &[ResourceId], places: &[usize]) -> String {
    let members: Vec<String> = places.iter().map(|place| format!("[{}]", ids[*place])).collect();
    format!("({})", members.join(" or "))
}

/// Whether the call was accepted.
fn is_accepted(status: Status) -> bool {
    matches!(status, Status::SUCCESS | Status::IO_PENDING)
}

/// Faults that only the world knows of.
impl World {
    fn is_quiet(&self) -> bool {
        !self.is_down
            && self.has_committed()
            && self.crash_after.is_none()
            && self.late.is_empty()
            && self.slow_hosts.is_empty()
            && !self.guard_is_slow
            && self.engine.is_ready()
            && self.engine.planned_restarts().is_empty()
            && !self.engine.policies.start.is_open()
            && self.commit_mode == CommitMode::Done
    }
}
