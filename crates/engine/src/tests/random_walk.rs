//! Anything, in any order: random commands, failures, hangs, deaths of hosts and of the service, commits that fail or
//! whose outcome is unknown. The world checks I2 and I7 after every input; what a call (I7, I8) and a host's death (I9)
//! must leave alone is compared around them; at the end, with the faults gone and time enough, everything must have
//! ended (I4) and the persistent state must be the last one acknowledged (I5).
//!
//! A failing walk prints its steps (proptest's shrunk ones), which replay it.

use std::collections::{BTreeMap, BTreeSet};

use mainstay_proplist::PropertyList;
use mainstay_types::control::function;
use mainstay_types::operation::{End, OperationRecord, Verb};
use mainstay_types::{ControlCode, HostId, ObjectId, ResourceId, ResourceState, Status};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngSeed, TestRunner};

use crate::command::{Command, Remark};
use crate::input::CallId;
use crate::testing::{CheckReaction, CommitMode, Reaction, World, offline};

const RESOURCES: usize = 7;
/// From here on each has a host of its own.
const OWN_HOSTS: usize = 5;

#[derive(Clone, Debug)]
enum Step {
    Online(usize),
    Offline(usize, u32),
    GroupOnline,
    GroupOffline,
    Restart(usize),
    FailCall(usize),
    /// Whatever has the resource in hand, or any operation.
    Cancel(usize),
    Behave(usize, Entry, Reaction),
    Check(usize, CheckReaction),
    EndOrder(usize, Reaction),
    Progress(usize),
    Fail(usize),
    Lock(usize, bool),
    Deadlock(usize),
    KillProcesses(usize),
    KillPool,
    KillOwn(usize),
    LoseOwn(usize),
    Reconnect,
    KillService,
    KillServiceAndPool,
    Reboot,
    Commits(CommitMode),
    Resolve,
    /// RestartAction, RestartThreshold and RestartDelay.
    Policy(usize, u32, u32, u32),
    Pass(u64),
}

#[derive(Clone, Copy, Debug)]
enum Entry {
    Open,
    Online,
    Offline,
    Terminate,
}

fn reaction() -> impl Strategy<Value = Reaction> {
    prop_oneof![
        4 => Just(Reaction::Done),
        1 => Just(Reaction::Fail),
        1 => Just(Reaction::Veto),
        2 => Just(Reaction::Hang),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let which = 0..RESOURCES;
    let entry = prop_oneof![
        1 => Just(Entry::Open),
        3 => Just(Entry::Online),
        4 => Just(Entry::Offline),
        2 => Just(Entry::Terminate)
    ];
    let check = prop_oneof![
        Just(CheckReaction::Unknown),
        Just(CheckReaction::Yes),
        Just(CheckReaction::Consents),
        Just(CheckReaction::Silent),
        Just(CheckReaction::No(Status::CLUSTER_RESOURCE_VETOED_CALL)),
    ];
    let mode = prop_oneof![
        4 => Just(CommitMode::Done),
        1 => Just(CommitMode::Fail),
        1 => Just(CommitMode::UnknownDone),
        1 => Just(CommitMode::UnknownFailed),
        1 => Just(CommitMode::Hold),
    ];
    prop_oneof![
        8 => which.clone().prop_map(Step::Online),
        8 => (which.clone(), 0..8u32).prop_map(|(id, flags)| Step::Offline(id, flags)),
        2 => Just(Step::GroupOnline),
        2 => Just(Step::GroupOffline),
        2 => which.clone().prop_map(Step::Restart),
        2 => which.clone().prop_map(Step::FailCall),
        3 => which.clone().prop_map(Step::Cancel),
        8 => (which.clone(), entry, reaction()).prop_map(|(id, entry, how)| Step::Behave(id, entry, how)),
        2 => (which.clone(), check).prop_map(|(id, how)| Step::Check(id, how)),
        8 => (which.clone(), reaction()).prop_map(|(id, how)| Step::EndOrder(id, how)),
        1 => which.clone().prop_map(Step::Progress),
        6 => which.clone().prop_map(Step::Fail),
        2 => (which.clone(), any::<bool>()).prop_map(|(id, locked)| Step::Lock(id, locked)),
        1 => which.clone().prop_map(Step::Deadlock),
        1 => which.clone().prop_map(Step::KillProcesses),
        2 => Just(Step::KillPool),
        2 => (OWN_HOSTS..RESOURCES).prop_map(Step::KillOwn),
        1 => (OWN_HOSTS..RESOURCES).prop_map(Step::LoseOwn),
        1 => Just(Step::Reconnect),
        3 => Just(Step::KillService),
        1 => Just(Step::KillServiceAndPool),
        1 => Just(Step::Reboot),
        3 => mode.prop_map(Step::Commits),
        3 => Just(Step::Resolve),
        2 => (which.clone(), 0..3u32, 0..4u32, 0..2_000u32)
            .prop_map(|(id, action, threshold, delay_ms)| Step::Policy(id, action, threshold, delay_ms)),
        8 => (0..1_500u64).prop_map(Step::Pass),
        4 => (0..200_000u64).prop_map(Step::Pass),
    ]
}

/// What is known of the persistent state: what was acknowledged, and what was asked and not answered.
#[derive(Default)]
struct Ledger {
    /// Calls that write.
    asked: BTreeMap<CallId, Word>,
}

/// What a call says about who is to be online.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Word {
    Online(ResourceId),
    Offline(ResourceId),
    /// Of the whole group.
    GroupOnline,
}

struct Walk {
    world: World,
    ids: Vec<ResourceId>,
    group: mainstay_types::GroupId,
    ledger: Ledger,
    /// Every call since the service was last started.
    calls: Vec<CallId>,
    /// A call that was cut off may or may not have been committed: its resource's word is not known.
    uncertain: BTreeSet<ResourceId>,
}

impl Walk {
    /// Seven resources: a chain of three, one more beside it on the same provider, one with a host of its own, one of a
    /// type that acts in its host's process, and one that any of three others suffices for.
    fn new() -> Self {
        let mut world = World::default();
        let group = world.group("g");
        let mut ids: Vec<ResourceId> =
            ["disk", "db", "web", "mail", "any"].map(|name| world.resource(group, name)).to_vec();
        ids.push(world.resource_of_type(group, "own", "Generic Application", 1));
        world.library_type("Demo");
        ids.push(world.resource_of_type(group, "mount", "Demo", 0));
        world.depend(ids[1], ids[0]);
        world.depend(ids[2], ids[1]);
        world.depend(ids[3], ids[0]);
        world.depend(ids[5], ids[3]);
        world.depend(ids[6], ids[0]);
        world.depend_on(ids[4], "[db] or [own] or [mount]");
        Walk {
            world,
            ids,
            group,
            ledger: Ledger::default(),
            calls: Vec::new(),
            uncertain: Default::default(),
        }
    }

    fn take(&mut self, step: &Step) {
        let world = &mut self.world;
        let id = |index: &usize| self.ids[*index];
        let remark = Remark::default;
        match step {
            Step::Online(which) => {
                let resource = id(which);
                let command =
                    Command::OnlineResource { resource, flags: 0, buffer: Vec::new(), remark: remark() };
                let call = world.call(command);
                self.calls.push(call);
                self.ledger.asked.insert(call, Word::Online(resource));
            }
            Step::Offline(which, flags) => self.take_offline(id(which), *flags),
            Step::GroupOnline => {
                let (group, buffer) = (self.group, Vec::new());
                let call = world.call(Command::OnlineGroup { group, flags: 0, buffer, remark: remark() });
                self.calls.push(call);
                self.ledger.asked.insert(call, Word::GroupOnline);
            }
            Step::GroupOffline => {
                let (group, buffer) = (self.group, Vec::new());
                let call = world.call(Command::OfflineGroup { group, flags: 0, buffer, remark: remark() });
                self.calls.push(call);
            }
            Step::Restart(which) => {
                let call =
                    world.call(Command::RestartResource { resource: id(which), flags: 0, remark: remark() });
                self.calls.push(call);
            }
            Step::FailCall(which) => {
                let call = world.call(Command::FailResource { resource: id(which), remark: remark() });
                self.calls.push(call);
            }
            Step::Cancel(which) => {
                let claim = world.glance(id(which)).operation;
                let running = || world.engine.view().operations().first().map(|record| record.id);
                let Some(operation) = claim.or_else(running) else { return };
                let call = world.call(Command::CancelOperation { operation, remark: remark() });
                self.calls.push(call);
            }
            Step::Behave(which, entry, how) => {
                let behaviour = world.behave(id(which));
                match entry {
                    Entry::Open => behaviour.open = *how,
                    Entry::Online => behaviour.online = *how,
                    Entry::Offline => behaviour.offline = *how,
                    Entry::Terminate => behaviour.terminate = *how,
                }
            }
            Step::Check(which, how) => world.behave(id(which)).check = *how,
            Step::EndOrder(which, how) => world.end_order(id(which), *how),
            Step::Progress(which) => world.progress(id(which), "still there"),
            Step::Fail(which) => world.fail(id(which)),
            Step::Lock(which, locked) => world.lock(id(which), *locked),
            Step::Deadlock(which) => world.deadlock(id(which)),
            Step::KillProcesses(which) => world.kill_processes(id(which)),
            Step::KillPool => self.kill_host(HostId::Pool),
            Step::KillOwn(which) => self.kill_host(HostId::Own(id(which))),
            Step::LoseOwn(which) => {
                world.lose_host_unseen(HostId::Own(id(which)));
                self.kill_service();
            }
            Step::Reconnect => world.reconnect_host(HostId::Pool),
            Step::KillService => self.kill_service(),
            Step::KillServiceAndPool => {
                world.lose_host_unseen(HostId::Pool);
                self.kill_service();
            }
            Step::Reboot => {
                self.cut_off();
                self.world.reboot();
            }
            Step::Commits(mode) => world.commit_mode = *mode,
            Step::Resolve => world.resolve_commits(),
            Step::Policy(which, action, threshold, delay_ms) => {
                let list = PropertyList::new()
                    .with("RestartAction", *action)
                    .with("RestartThreshold", *threshold)
                    .with("RestartDelay", *delay_ms);
                let (object, input) = (ObjectId::Resource(id(which)), list.to_bytes().expect("a list"));
                let code = ControlCode(0x40_0000 | function::SET_COMMON_PROPERTIES);
                let call = world.call(Command::Control { object, code, input, output_length_max: 0 });
                self.calls.push(call);
            }
            Step::Pass(ms) => world.pass_ms(*ms),
        }
    }

    /// Nothing waits for its answer or its commit: what changes now, the next step has changed.
    fn is_quiet(&self) -> bool {
        self.world.has_committed()
            && !self.world.engine.policies.start.is_open()
            && self.world.commit_mode == CommitMode::Done
            && self.calls.iter().all(|call| self.world.answers.contains_key(call))
    }

    fn take_offline(&mut self, resource: ResourceId, flags: u32) {
        let (ignores, keeps) = (flags & 1 != 0, flags & 4 != 0);
        let was_quiet = self.is_quiet();
        let before = self.world.glance(resource);
        let was_written = self.written(resource);
        let call = self.world.call(offline(resource, flags, Vec::new()));
        self.calls.push(call);
        if !keeps {
            self.ledger.asked.insert(call, Word::Offline(resource));
        }
        let Some(answer) = self.world.answers.get(&call).filter(|_| was_quiet) else { return };
        if before.locked.is_some() && before.state == ResourceState::Online && !ignores {
            let is_accepted = matches!(answer.status, Status::SUCCESS | Status::IO_PENDING);
            assert!(!is_accepted, "I7: '{}' is locked, and {answer:?}", before.name);
            assert_eq!(self.world.state(resource), ResourceState::Online, "I7: '{}'", before.name);
        }
        if keeps {
            assert_eq!(self.written(resource), was_written, "I8: '{}'", before.name);
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

    fn kill_host(&mut self, host: HostId) {
        let was_quiet = self.is_quiet();
        let all = |walk: &Walk| walk.world.engine.view().glance().resources;
        let before = all(self);
        let runs: Vec<bool> = before.iter().map(|resource| self.world.runs(resource.id)).collect();
        let is_its = |resource: ResourceId| match host {
            HostId::Pool => !self.ids[OWN_HOSTS..].contains(&resource),
            HostId::Own(own) => resource == own,
        };
        let orders = self.world.orders.len();
        // A part that has ended counts: a veto brings it back.
        let has_part = |id: &ResourceId| {
            self.world.engine.operations.values().any(|operation| operation.parts.contains_key(id))
        };
        let has_part: Vec<bool> = before.iter().map(|resource| has_part(&resource.id)).collect();
        let is_its: Vec<bool> = before.iter().map(|resource| is_its(resource.id)).collect();
        self.world.kill_host(host);
        if !was_quiet {
            return;
        }
        let after = all(self);
        let spared = is_its.into_iter().zip(has_part);
        for (((before, after), ran), (is_its, has_part)) in before.iter().zip(&after).zip(runs).zip(spared) {
            let needs = self.world.engine.view().model().resource(after.id).expect("a resource");
            let online = |id: ResourceId| self.world.state(id) == ResourceState::Online;
            // What an operation has in hand may go on; what needs a resource that has failed goes down for that.
            if is_its || has_part || !needs.depends_on.is_met(online) {
                continue;
            }
            // What was down takes no harm; it may come up as the group's start-up goes on, or after a veto.
            if before.state == ResourceState::Offline && !ran {
                continue;
            }
            let is_ordered = self.world.orders[orders..].iter().any(|order| order.resource == after.id);
            assert!(!is_ordered, "I9: '{}' is told something because {host} ended", after.name);
            let now = (after.state, self.world.runs(after.id), after.since_ms);
            assert_eq!(now, (before.state, ran, before.since_ms), "I9: '{}' and {host}", after.name);
        }
    }

    fn kill_service(&mut self) {
        self.cut_off();
        self.world.restart_service();
    }

    /// Calls without an answer will get none.
    fn cut_off(&mut self) {
        for (call, word) in &self.ledger.asked {
            if self.world.answers.contains_key(call) {
                continue;
            }
            let named = match word {
                Word::Online(id) | Word::Offline(id) => vec![*id],
                Word::GroupOnline => Vec::new(),
            };
            let overridden = match word {
                Word::Online(id) => needs(&self.world, *id),
                Word::Offline(_) => Default::default(),
                Word::GroupOnline => self.ids.iter().flat_map(|id| needs(&self.world, *id)).collect(),
            };
            self.uncertain.extend(named.into_iter().chain(overridden));
        }
        self.calls.clear();
        self.ledger.asked.retain(|call, _| self.world.answers.contains_key(call));
    }

    /// Faults cease, and there is time enough.
    fn come_to_rest(&mut self) {
        self.world.commit_mode = CommitMode::Done;
        for id in &self.ids {
            *self.world.behave(*id) = Default::default();
        }
        for _ in 0..8 {
            // What ended unseen is found by the next health check.
            for id in &self.ids {
                if self.world.state(*id) == ResourceState::Online && !self.world.runs(*id) {
                    self.world.fail(*id);
                }
            }
            self.world.resolve_commits();
            self.world.pass_ms(400_000);
        }
    }

    fn check_rest(&mut self) {
        let world = &mut self.world;
        let running = world.engine.view().operations();
        assert!(running.is_empty(), "I4: still running: {running:#?}");
        let planned = world.engine.planned_restarts();
        assert!(planned.is_empty(), "I4: a restart is planned and does not take place: {planned:?}");
        for id in &self.ids {
            let state = world.state(*id);
            assert!(!state.is_pending(), "I4: {} is {state}", world.engine.name_of(*id));
            assert_eq!(state == ResourceState::Online, world.runs(*id), "{}", world.engine.name_of(*id));
        }
        assert!(world.records_left().is_empty(), "records are left");
        for record in world.journal.values() {
            assert!(record.end.is_some(), "the journal has no end of {record:?}");
        }
        for call in self.ledger.asked.keys() {
            assert!(world.answers.contains_key(call), "{call:?} was never answered");
        }
    }

    /// I5: the last acknowledged word holds, unless it was vetoed or cancelled, and then the one before. A word that something be
    /// online overrides one that a provider of it stay offline.
    fn check_persistent(&self) {
        let mut words = Vec::new();
        let mut uncertain = self.uncertain.clone();
        for (call, word) in &self.ledger.asked {
            let answer = self.world.answer(*call);
            if !matches!(answer.status, Status::SUCCESS | Status::IO_PENDING) {
                continue;
            }
            let operation = answer.operation.expect("an operation");
            let record = &self.world.journal[&operation];
            match (&record.end, word) {
                (Some(End::Vetoed(_)), _) | (Some(End::Cancelled(_)), Word::Offline(_)) => {}
                // Words that it had overridden come back where nothing came of it.
                (Some(End::Cancelled(_)), Word::Online(id)) => uncertain.extend(needs(&self.world, *id)),
                (Some(End::Cancelled(_)), Word::GroupOnline) => uncertain.extend(&self.ids),
                _ => words.push((operation.number, *word)),
            }
        }
        words.sort_unstable();
        let mut said: BTreeMap<ResourceId, bool> = BTreeMap::new();
        // Which of alternatives a call has relied on, and so whose word it has overridden, is not known here.
        let mut open: BTreeSet<ResourceId> = BTreeSet::new();
        for (_, word) in words {
            let roots: Vec<ResourceId> = match word {
                Word::Online(id) => vec![id],
                Word::Offline(_) => Vec::new(),
                Word::GroupOnline => {
                    self.ids.iter().copied().filter(|id| said.get(id) != Some(&false)).collect()
                }
            };
            let may_be_root = open.iter().filter(|_| word == Word::GroupOnline);
            let may_override: BTreeSet<ResourceId> = may_be_root
                .flat_map(|id| needs(&self.world, *id))
                .chain(roots.iter().flat_map(|id| chosen(&self.world, *id)))
                .collect();
            open.extend(may_override.into_iter().filter(|id| said.get(id) == Some(&false)));
            for provider in roots.iter().flat_map(|id| needs_surely(&self.world, *id)) {
                if said.get(&provider) == Some(&false) {
                    said.remove(&provider);
                    open.remove(&provider);
                }
            }
            match word {
                Word::Online(id) | Word::Offline(id) => {
                    said.insert(id, word == Word::Online(id));
                    open.remove(&id);
                }
                // Whether what is not known was to be online says whether the word reached what that needs.
                Word::GroupOnline => {
                    uncertain.extend(self.uncertain.iter().flat_map(|id| needs(&self.world, *id)));
                }
            }
        }
        for id in self.ids.iter().filter(|id| !uncertain.contains(id)) {
            let expected = said.get(id).copied();
            let written = self.world.persistent(*id);
            let is_overridden = written.is_none() && open.contains(id);
            assert!(
                written == expected || is_overridden,
                "I5: {} has {written:?}, not {expected:?}",
                self.world.engine.name_of(*id)
            );
        }
    }
}

/// What the resource needs or may need, without itself.
fn needs(world: &World, id: ResourceId) -> BTreeSet<ResourceId> {
    let mut needed = crate::graph::with_providers(world.engine.view().model(), [id]);
    needed.remove(&id);
    needed
}

/// What nothing else can stand in for.
fn needs_surely(world: &World, id: ResourceId) -> BTreeSet<ResourceId> {
    let model = world.engine.view().model();
    let mut needed = BTreeSet::new();
    let mut open = vec![id];
    while let Some(resource) = open.pop().and_then(|id| model.resource(id)) {
        for clause in resource.depends_on.clauses() {
            if let [only] = clause
                && needed.insert(*only)
            {
                open.push(*only);
            }
        }
    }
    needed
}

/// What the resource may rely on or not.
fn chosen(world: &World, id: ResourceId) -> BTreeSet<ResourceId> {
    &needs(world, id) - &needs_surely(world, id)
}

/// The same walks every time, so that a change is judged by itself. New ones are walked by a campaign, which says how
/// many: `PROPTEST_CASES=100000 cargo test --package mainstay-engine everything_ends`.
fn config() -> ProptestConfig {
    const SEED: u64 = 0x4D53_5457;
    let config = ProptestConfig { max_shrink_iters: 4_000, ..ProptestConfig::default() };
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => config,
        None => ProptestConfig { cases: 256, rng_seed: RngSeed::Fixed(SEED), ..config },
    }
}

/// A restart that never takes place in a walk is not tested by it.
#[test]
fn walks_have_restarts_in_them() {
    const WALKS: usize = 48;
    let mut runner = TestRunner::deterministic();
    let mut restarts = 0;
    for _ in 0..WALKS {
        let steps = proptest::collection::vec(step(), 40..60).new_tree(&mut runner).expect("steps").current();
        let mut walk = Walk::new();
        steps.iter().for_each(|step| walk.take(step));
        walk.come_to_rest();
        let is_restart = |record: &&OperationRecord| record.reason_text.starts_with("restart ");
        restarts += walk.world.journal.values().filter(is_restart).count();
    }
    println!("{restarts} restarts in {WALKS} walks");
    assert!(restarts >= WALKS, "{restarts} restarts in {WALKS} walks");
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn everything_ends_and_nothing_is_lost(steps in proptest::collection::vec(step(), 1..60)) {
        let mut walk = Walk::new();
        for step in &steps {
            walk.take(step);
        }
        walk.come_to_rest();
        walk.check_rest();
        walk.check_persistent();
        let verbs = walk.world.journal.values().filter(|record| record.verb == Verb::Create);
        prop_assert!(verbs.count() >= 6);
        let is_known = |object: &ObjectId| !matches!(object, ObjectId::Resource(id) if !walk.ids.contains(id));
        prop_assert!(walk.world.journal.values().all(|record| is_known(&record.object)));
    }
}
