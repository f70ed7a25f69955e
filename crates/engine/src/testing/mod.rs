//! A scripted world around the engine: a clock, a store, hosts, a guard and a journal that do what the test says.
//!
//! Everything happens in [`World::settle`], one input after the other, and after each the invariants of the design
//! (I2 and those that can be seen in one step) are checked. Nothing here sleeps or runs beside.
#![allow(clippy::panic, reason = "a broken invariant is a failed test, and says which")]

pub mod adapters;
mod faults;
mod found;
mod group_order;
mod host;
mod invariants;
mod log;
mod notes;
mod restarts;
mod service;
pub mod walk;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use mainstay_proplist::PropertyList;
use mainstay_store::{KeyRange, Model as StoreModel, Store, read_all};
use mainstay_types::control::function;
use mainstay_types::event::Event;
use mainstay_types::glance::ResourceGlance;
use mainstay_types::offer::Offer;
use mainstay_types::operation::{Asker, End, OperationRecord};
use mainstay_types::order::{Order, Step};
use mainstay_types::{
    Access, ClusterId, ControlCode, Epoch, GroupId, GroupSetId, HostId, Name, NodeId, ObjectId, OperationId,
    ResourceId, ResourceState, Status,
};
use uuid::Uuid;

use crate::command::{Call, Caller, Command, Remark};
use crate::effect::Answer;
use crate::group_set::OrderChange;
use crate::input::{CallId, Input, Now, Start};
use crate::{Config, Engine, Genesis, genesis};
use host::FakeHost;
pub use host::{Behaviour, CheckReaction, Reaction};

/// What the store does with a commit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum CommitMode {
    /// It is done, and told.
    #[default]
    Done,
    /// It is not done, and told.
    Fail,
    /// It is done, and nobody knows until [`World::resolve_commits`].
    UnknownDone,
    /// It is not done, and nobody knows until [`World::resolve_commits`].
    UnknownFailed,
    /// It waits for [`World::resolve_commits`].
    Hold,
}

/// Inputs in one settling, so that a loop is found.
const STEPS_MAX: usize = 200_000;
/// When the world begins, in steady milliseconds.
const BEGIN_MS: u64 = 1_000;

#[derive(Clone, Copy, Debug, Default)]
struct Leaf {
    populated: bool,
    floor: Epoch,
}

/// The world.
pub struct World {
    /// The engine under test.
    pub engine: Engine,
    /// The time.
    pub now: Now,
    /// Answers by call.
    pub answers: BTreeMap<CallId, Answer>,
    /// What watchers were told, in order.
    pub events: Vec<Event>,
    /// The journal.
    pub journal: BTreeMap<OperationId, OperationRecord>,
    /// Orders that were sent, in order.
    pub orders: Vec<Order>,
    /// How many of them earlier services have given.
    earlier_orders: usize,
    /// Resources whose types were asked whether they can go offline, in order.
    pub asked: Vec<ResourceId>,
    /// How the next commits go.
    pub commit_mode: CommitMode,
    /// How the types behave.
    pub behaviours: BTreeMap<ResourceId, Behaviour>,
    /// What types answer to control codes; `None` is silence.
    pub type_answers: BTreeMap<(Name, u32), Option<Vec<u8>>>,
    /// What types say to the private properties of a resource that is to be made.
    pub type_judgements: BTreeMap<Name, CheckReaction>,
    /// The guard answers.
    pub guard_answers: bool,
    /// Hosts that are started come up.
    pub hosts_start: bool,
    /// Own hosts that are started have a process, and nobody hears of them before the service ends.
    pub hosts_linger: bool,
    /// Refuse what MS-CMRP refuses.
    pub strict_cmrp: bool,
    /// Why calls are made.
    pub reason: String,
    /// Check the invariants after every input; they look at every resource.
    pub checks: bool,
    /// One line for each input and effect; `None` keeps none.
    pub log: Option<Vec<String>>,
    /// The guard does what it is asked for and answers only by [`World::hurry`].
    pub guard_is_slow: bool,
    /// The guard does nothing.
    pub guard_is_dead: bool,
    /// Hosts whose words arrive only by [`World::hurry`].
    pub slow_hosts: BTreeSet<HostId>,
    /// The service crashes before it carries out the effect after so many.
    pub crash_after: Option<usize>,
    /// What happens while the service starts the next time.
    meanwhile: Option<(ResourceId, Reaction)>,
    /// How often the service was started.
    pub starts: u64,
    /// Where crashes between effects struck: before which kind of effect, in which moments.
    pub crashes: Vec<(&'static str, BTreeSet<&'static str>)>,
    /// The time that the engine took for all inputs.
    pub engine_time: std::time::Duration,
    store: StoreModel,
    hosts: BTreeMap<HostId, FakeHost>,
    /// Own hosts that are not so far as to be heard.
    lingering: BTreeSet<ResourceId>,
    leaves: BTreeMap<ResourceId, (GroupId, Leaf)>,
    /// What the guard remembers of leaves that it has removed: the epoch that a hard stop has closed.
    floors: BTreeMap<ResourceId, Epoch>,
    /// What types that act in process hold outside of any process.
    mounts: BTreeSet<ResourceId>,
    /// What has been online, runs still, and was not told to stop since.
    serving: BTreeSet<ResourceId>,
    /// The same as far as the engine can know: what has died unseen serves until that is seen.
    trusted: BTreeSet<ResourceId>,
    held_commits: VecDeque<(crate::input::CommitId, mainstay_store::Transaction, CommitMode)>,
    inbox: VecDeque<Input>,
    boot: String,
    next_call: u64,
    next_id: u128,
    next_pid: u32,
    journaled: u64,
    /// Words of slow hosts and of a slow guard.
    late: VecDeque<Input>,
    /// There is no service.
    is_down: bool,
    /// The service crashes now.
    crashes_now: bool,
    /// Resources of which a host has said that they are down, and something of them runs.
    deceived: BTreeSet<ResourceId>,
    log_begin_ms: u64,
    /// Each resource's state as watchers know it.
    watched: BTreeMap<ResourceId, u32>,
    /// The highest epoch that was seen in an order, by group.
    epochs: BTreeMap<GroupId, Epoch>,
    /// What was seen of restarts.
    restarts: BTreeMap<ResourceId, restarts::Seen>,
    /// What has failed inside, as watchers know it.
    failed_inside: BTreeSet<ResourceId>,
    restarts_seen: BTreeSet<OperationId>,
    /// When groups were first seen up or on their way, in steady milliseconds. A restart of the service is no break.
    begun: BTreeMap<GroupId, u64>,
    /// Those, and what has failed since: it has kept its place.
    placed: BTreeSet<GroupId>,
    /// The classes of groups when each operation was accepted.
    classes: BTreeMap<OperationId, group_order::Classes>,
    /// Nobody has looked at that since the service is ready.
    is_first_look: bool,
    /// What the service's last start found of operations.
    found: found::Found,
    /// What types have the cluster keep.
    notes: notes::Notes,
}

fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

impl Default for World {
    fn default() -> Self {
        Self::new(false)
    }
}

impl World {
    /// A new cluster of one node, its service started and settled.
    pub fn new(strict_cmrp: bool) -> Self {
        let mut store = StoreModel::new(1);
        let first = Genesis {
            cluster_name: name("test"),
            cluster_id: ClusterId(Uuid::from_u128(1)),
            security_descriptor: mainstay_security::default_descriptor().to_bytes().expect("a descriptor"),
            node: NodeId(1),
            node_name: name("alpha"),
            unix_ms: 1,
        };
        for transaction in genesis(&first).expect("a genesis") {
            assert!(store.commit(transaction).expect("a commit").succeeded);
        }
        let config = Config { node: NodeId(1), node_name: name("alpha"), strict_cmrp };
        let mut world = World {
            engine: Engine::new(config),
            now: Now { steady_ms: BEGIN_MS, unix_ms: 1_763_800_000_000 },
            answers: BTreeMap::new(),
            events: Vec::new(),
            journal: BTreeMap::new(),
            orders: Vec::new(),
            earlier_orders: 0,
            asked: Vec::new(),
            commit_mode: CommitMode::Done,
            behaviours: BTreeMap::new(),
            type_answers: BTreeMap::new(),
            type_judgements: BTreeMap::new(),
            guard_answers: true,
            hosts_start: true,
            hosts_linger: false,
            strict_cmrp,
            checks: true,
            log: None,
            guard_is_slow: false,
            guard_is_dead: false,
            slow_hosts: BTreeSet::new(),
            crash_after: None,
            meanwhile: None,
            starts: 0,
            crashes: Vec::new(),
            engine_time: std::time::Duration::ZERO,
            store,
            hosts: BTreeMap::new(),
            lingering: BTreeSet::new(),
            leaves: BTreeMap::new(),
            floors: BTreeMap::new(),
            mounts: BTreeSet::new(),
            serving: BTreeSet::new(),
            trusted: BTreeSet::new(),
            held_commits: VecDeque::new(),
            inbox: VecDeque::new(),
            boot: "boot-1".into(),
            next_call: 0,
            next_id: 1000,
            next_pid: 100,
            journaled: 0,
            late: VecDeque::new(),
            is_down: false,
            crashes_now: false,
            deceived: BTreeSet::new(),
            log_begin_ms: BEGIN_MS,
            watched: BTreeMap::new(),
            epochs: BTreeMap::new(),
            restarts: BTreeMap::new(),
            failed_inside: BTreeSet::new(),
            reason: String::new(),
            restarts_seen: BTreeSet::new(),
            begun: BTreeMap::new(),
            placed: BTreeSet::new(),
            classes: BTreeMap::new(),
            is_first_look: true,
            found: found::Found::default(),
            notes: notes::Notes::default(),
        };
        world.start_service();
        world
    }

    fn start_service(&mut self) {
        self.starts += 1;
        self.is_down = false;
        // What a slow host has said to the service before is lost with it; what counts, the host has kept.
        (self.slow_hosts, self.late) = Default::default();
        self.watched.clear();
        self.earlier_orders = self.orders.len();
        // What is counted and planned is in memory.
        (self.restarts, self.restarts_seen) = Default::default();
        self.is_first_look = true;
        self.failed_inside.clear();
        let (snapshot, revision) = read_all(&mut self.store, &KeyRange::all()).expect("a snapshot");
        crate::check_database(&snapshot).expect("a sound database");
        let stored = crate::stored_operations(&snapshot);
        let start = Start {
            snapshot,
            revision,
            boot: self.boot.clone(),
            leaves: self
                .leaves
                .iter()
                .map(|(id, (group, leaf))| (*group, *id, self.seen_in(*id, *leaf)))
                .collect(),
            hosts: self.hosts.keys().copied().collect(),
            last_operation_number: self.journaled,
            ended: self.journaled_ends(&stored),
            deleted: BTreeSet::new(),
            marked: BTreeSet::new(),
        };
        self.found = self.find(&start);
        self.inbox.push_back(Input::Started(Box::new(start)));
        for (host, fake) in &self.hosts {
            self.inbox.push_back(fake.connects(*host));
            for report in &fake.kept {
                self.inbox.push_back(Input::HostReport { host: *host, report: report.clone() });
            }
        }
        // The order of a real service: connections first, then reports as they come.
        let (reports, rest): (VecDeque<Input>, VecDeque<Input>) =
            self.inbox.drain(..).partition(|input| matches!(input, Input::HostReport { .. }));
        self.inbox = rest;
        match self.happens_meanwhile() {
            // What a host has kept it says before anything new.
            Some(told) => self.inbox.extend(reports.into_iter().chain([told, Input::Settled])),
            None => self.inbox.extend([Input::Settled].into_iter().chain(reports)),
        }
        self.settle();
    }

    /// Those of these operations whose end the journal has.
    fn journaled_ends(&self, stored: &[OperationId]) -> BTreeSet<OperationId> {
        let has_end = |id: &OperationId| {
            let end = self.journal.get(id).and_then(|record| record.end.as_ref());
            end.is_some_and(|end| !matches!(end, End::Refused(_)))
        };
        stored.iter().copied().filter(has_end).collect()
    }

    /// The records of operations that are left in the database once the ended ones had time to go.
    pub fn records_left(&mut self) -> Vec<String> {
        self.pass_ms(crate::limits::SWEEP_DELAY_MS);
        self.keys("op/")
    }

    /// Gives the engine every input there is, and carries out what it decides, until nothing is left.
    pub fn settle(&mut self) {
        if self.is_down {
            // Nobody listens. Hosts keep what counts.
            return self.inbox.clear();
        }
        for _ in 0..STEPS_MAX {
            let Some(input) = self.inbox.pop_front() else { return };
            if self.is_late(&input) {
                self.late.push_back(input);
                continue;
            }
            self.step(input);
            if std::mem::take(&mut self.crashes_now) {
                return self.restart_service();
            }
        }
        panic!("the world does not settle");
    }

    /// Whether somebody slow says it. The end of a slow host's process is seen at once, and what it said is lost.
    fn is_late(&mut self, input: &Input) -> bool {
        match input {
            Input::HardStopped { .. } | Input::Looked { .. } => self.guard_is_slow,
            Input::HostReport { host, .. }
            | Input::HostAnswer { host, .. }
            | Input::HostPong { host, .. } => self.slow_hosts.contains(host),
            Input::HostEnded { host, .. } => {
                if self.slow_hosts.remove(host) {
                    self.late.retain(|late| !is_word_of(late, *host));
                }
                false
            }
            _ => false,
        }
    }

    /// Whoever was slow is so no longer, and what they said arrives.
    pub fn hurry(&mut self) {
        self.slow_hosts.clear();
        self.guard_is_slow = false;
        self.inbox.extend(std::mem::take(&mut self.late));
        self.settle();
    }

    fn step(&mut self, input: Input) {
        if !log::is_dull(&input) {
            self.note(|engine| format!("> {}", log::input(engine, &input)));
        }
        let began = std::time::Instant::now();
        let effects = self.engine.handle(input, self.now);
        self.engine_time += began.elapsed();
        for effect in effects {
            if self.is_crash_due() {
                self.crashes.push((log::kind(&effect), self.moments()));
                self.note(|_| format!("! the service crashes before: {}", log::kind(&effect)));
                self.crashes_now = true;
                return;
            }
            if self.log.is_some() {
                let line = log::effect(&self.engine, &effect);
                if let Some(line) = line {
                    self.note(|_| format!("    {line}"));
                }
            }
            self.carry_out(effect);
        }
        if self.checks {
            self.check_invariants();
        }
    }

    fn is_crash_due(&mut self) -> bool {
        match &mut self.crash_after {
            Some(0) => {
                self.crash_after = None;
                true
            }
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        }
    }

    /// Time passes: every deadline on the way is met.
    pub fn pass_ms(&mut self, ms: u64) {
        let end = self.now.steady_ms + ms;
        if self.is_down {
            return self.advance_to(end);
        }
        while let Some(deadline) = self.engine.next_deadline().filter(|deadline| *deadline <= end) {
            self.advance_to(deadline);
            self.inbox.push_back(Input::Tick);
            self.settle();
        }
        self.advance_to(end);
    }

    /// Time passes, and the timers are late: every deadline on the way is met at its end only.
    pub fn pass_late_ms(&mut self, ms: u64) {
        let end = self.now.steady_ms + ms;
        self.advance_to(end);
        while !self.is_down && self.engine.next_deadline().is_some_and(|deadline| deadline <= end) {
            self.inbox.push_back(Input::Tick);
            self.settle();
        }
    }

    fn advance_to(&mut self, steady_ms: u64) {
        let ms = steady_ms.saturating_sub(self.now.steady_ms);
        self.now.steady_ms += ms;
        for fake in self.hosts.values_mut() {
            fake.now_ms = self.now.steady_ms;
        }
        self.now.unix_ms += ms;
    }

    /// A call of root's; the answer comes with [`World::answer`].
    pub fn call(&mut self, command: Command) -> CallId {
        self.call_as(Access::Full, command)
    }

    /// A call with this access.
    pub fn call_as(&mut self, access: Access, command: Command) -> CallId {
        self.next_call += 1;
        let id = CallId(self.next_call);
        let asker = Asker { account: "root".into(), sid: "S-1-22-1-0".into(), origin: "test".into() };
        let caller = Caller { asker, access, reason: self.reason.clone() };
        self.inbox.push_back(Input::Call(Box::new(Call { id, caller, command })));
        self.settle();
        id
    }

    /// The last call that was made.
    pub fn last_call(&self) -> CallId {
        CallId(self.next_call)
    }

    /// The answer of a call that has been answered.
    pub fn answer(&self, call: CallId) -> &Answer {
        self.answers.get(&call).unwrap_or_else(|| panic!("call {call:?} was not answered"))
    }

    /// Calls, and answers the status.
    pub fn status(&mut self, command: Command) -> Status {
        let call = self.call(command);
        self.answer(call).status
    }

    /// A new id.
    pub fn fresh(&mut self) -> Uuid {
        self.next_id += 1;
        Uuid::from_u128(self.next_id)
    }

    /// A new group.
    pub fn group(&mut self, name: &str) -> GroupId {
        let id = GroupId(self.fresh());
        let command = Command::CreateGroup { id, name: name.into(), group_type: 0 };
        assert_eq!(self.status(command), Status::SUCCESS, "group {name}");
        id
    }

    /// A new group set.
    pub fn group_set(&mut self, name: &str) -> GroupSetId {
        let id = GroupSetId(self.fresh());
        self.order(OrderChange::CreateSet { id, name: name.into() });
        id
    }

    /// A change of the order in which groups start, which has to be taken.
    pub fn order(&mut self, change: OrderChange) {
        let shown = format!("{change:?}");
        assert_eq!(self.status(Command::Order(change)), Status::SUCCESS, "{shown}");
    }

    /// A new resource of the built-in type.
    pub fn resource(&mut self, group: GroupId, name: &str) -> ResourceId {
        self.resource_of_type(group, name, "Generic Application", 0)
    }

    /// A new resource.
    pub fn resource_of_type(
        &mut self,
        group: GroupId,
        name: &str,
        type_name: &str,
        flags: u32,
    ) -> ResourceId {
        let id = ResourceId(self.fresh());
        let (name, type_name) = (name.to_owned(), type_name.to_owned());
        let command = Command::CreateResource { id, group, name, type_name, flags };
        assert_eq!(self.status(command), Status::SUCCESS);
        id
    }

    /// One resource comes to depend on another.
    pub fn depend(&mut self, resource: ResourceId, provider: ResourceId) {
        let status = self.status(Command::AddDependency { resource, provider });
        assert_eq!(status, Status::SUCCESS);
    }

    /// What a resource depends on from now on, by the names of others.
    pub fn depend_on(&mut self, resource: ResourceId, expression: &str) {
        let expression = expression.to_owned();
        let status = self.status(Command::SetDependencyExpression { resource, expression });
        assert_eq!(status, Status::SUCCESS);
    }

    /// Sets one common property of a resource.
    pub fn set(&mut self, resource: ResourceId, property: &str, value: u32) {
        self.set_of(ObjectId::Resource(resource), property, value);
    }

    /// Sets one common property of any object.
    pub fn set_of(&mut self, object: ObjectId, property: &str, value: u32) {
        self.set_list(object, &PropertyList::new().with(property, value));
    }

    /// Sets common properties of anything.
    pub fn set_list(&mut self, object: ObjectId, list: &PropertyList) {
        let input = list.to_bytes().expect("a list");
        let code = ControlCode(0x40_0000 | function::SET_COMMON_PROPERTIES);
        let command = Command::Control { object, code, input, output_length_max: 0 };
        assert_eq!(self.status(command), Status::SUCCESS, "{list:?}");
    }

    /// Online of a resource, and its answer.
    pub fn online(&mut self, resource: ResourceId) -> Status {
        self.status(Command::OnlineResource {
            resource,
            flags: 0,
            buffer: Vec::new(),
            remark: Remark::default(),
        })
    }

    /// Offline of a resource, and its answer.
    pub fn offline(&mut self, resource: ResourceId, flags: u32) -> Status {
        self.status(offline(resource, flags, Vec::new()))
    }

    /// A resource's state.
    pub fn state(&self, id: ResourceId) -> ResourceState {
        self.engine.view().resource_state(id).expect("a resource")
    }

    /// Everything that readers see of a resource.
    pub fn glance(&self, id: ResourceId) -> ResourceGlance {
        let all = self.engine.view().glance().resources;
        all.into_iter().find(|resource| resource.id == id).expect("a resource")
    }

    /// A resource's persistent state as written.
    pub fn persistent(&self, id: ResourceId) -> Option<bool> {
        self.engine.view().model().resource(id).expect("a resource").persistent
    }

    /// Whether anything of the resource is there, in processes or, for a type that acts in its host's, elsewhere.
    pub fn runs(&self, id: ResourceId) -> bool {
        self.leaves.get(&id).is_some_and(|(_, leaf)| leaf.populated) || self.mounts.contains(&id)
    }

    /// A resource type that the node has by itself, and whose resources hold what is in no process.
    pub fn offer_type(&mut self, name: &str) {
        let name = Name::parse(name).expect("a name");
        self.feed(Input::TypesOffered(vec![Offer { name, is_contained: false }]));
        self.settle();
    }

    /// A resource type in a library, which acts in its host's process.
    pub fn library_type(&mut self, name: &str) {
        let create = Command::CreateResourceType {
            name: name.into(),
            display_name: String::new(),
            library: "libdemo.so".into(),
            looks_alive_ms: 0,
            is_alive_ms: 0,
        };
        assert_eq!(self.status(create), Status::SUCCESS);
    }

    /// Whether a host has it open, or is opening it.
    pub fn is_held(&self, id: ResourceId) -> bool {
        self.holder(id).is_some()
    }

    /// Whether the guard has a leaf of it.
    pub fn has_leaf(&self, id: ResourceId) -> bool {
        self.leaves.contains_key(&id)
    }

    /// Whether the host is there.
    pub fn has_host(&self, host: HostId) -> bool {
        self.hosts.contains_key(&host)
    }

    /// The behaviour of a resource's type, to be changed.
    pub fn behave(&mut self, id: ResourceId) -> &mut Behaviour {
        self.behaviours.entry(id).or_default()
    }

    /// The host of a resource's own or the pool host, whichever has it open.
    fn holder(&self, id: ResourceId) -> Option<HostId> {
        self.hosts.iter().find(|(_, host)| host.known.contains_key(&id)).map(|(host, _)| *host)
    }

    /// Gives the engine any input.
    pub fn feed(&mut self, input: Input) {
        self.inbox.push_back(input);
        self.settle();
    }

    /// Whether no commit is held back.
    pub fn has_committed(&self) -> bool {
        self.held_commits.is_empty()
    }

    /// Keys of the store with this prefix.
    pub fn keys(&mut self, prefix: &str) -> Vec<String> {
        let (entries, _) = read_all(&mut self.store, &KeyRange::prefix(prefix)).expect("a read");
        entries.into_iter().map(|entry| String::from_utf8_lossy(&entry.key).into_owned()).collect()
    }

    /// The whole database, to compare.
    pub fn database(&mut self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let (entries, _) = read_all(&mut self.store, &KeyRange::all()).expect("a read");
        entries.into_iter().map(|entry| (entry.key, entry.value)).collect()
    }

    /// What these searches want of the journal, newest first.
    pub fn searched(&self, searches: Vec<crate::Search>) -> Vec<OperationRecord> {
        let mut found = BTreeMap::new();
        for mut search in searches {
            for record in self.journal.values().rev() {
                let has_part = |name: &str| record.parts.iter().any(|part| part.resource.folded() == name);
                let is_about = record.object == *search.object() || search.names().any(has_part);
                let is_looked_at = !search.is_done() && search.verbs().contains(&record.verb);
                if is_about && is_looked_at && search.takes(record) {
                    found.insert(record.id, record.clone());
                }
            }
        }
        found.into_values().rev().collect()
    }

    /// The journal's last record.
    pub fn last_record(&self) -> &OperationRecord {
        self.journal.values().last().expect("a record")
    }

    /// Steps of the orders for one resource, in order.
    pub fn steps(&self, id: ResourceId) -> Vec<Step> {
        self.orders.iter().filter(|order| order.resource == id).map(|order| order.id.step).collect()
    }
}

fn is_word_of(input: &Input, which: HostId) -> bool {
    match input {
        Input::HostReport { host, .. } | Input::HostAnswer { host, .. } | Input::HostPong { host, .. } => {
            *host == which
        }
        _ => false,
    }
}

/// An offline call.
pub fn offline(resource: ResourceId, flags: u32, buffer: Vec<u8>) -> Command {
    Command::OfflineResource { resource, flags, buffer, remark: Remark::default() }
}
