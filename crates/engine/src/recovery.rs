//! The start of the service: what is there is taken over, what was begun goes on, what is wanted comes up.
//!
//! ```text
//!   Started ──► database read, leaves known, epochs raised after a new boot
//!      │        (hosts are heard one by one; calls that change something wait)
//!   Settled ──► what hosts hold is adopted, open operations go on by their records, failures are cleaned
//!      │        what runs without a host is opened anew
//!      └──────► when a group has come to rest: one start-up operation for what is to be online in it
//! ```

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use mainstay_store::{Compare, Op, Transaction};
use mainstay_types::operation::{End, Verb};
use mainstay_types::order::{Action, Cause, Condition, Held, Order, OrderId, Outcome, Step};
use mainstay_types::{
    Epoch, GroupId, HostId, ObjectId, OfflineFlags, OnlineFlags, OperationId, ResourceId, ResourceState,
    Status,
};

use crate::Engine;
use crate::command::Call;
use crate::effect::Effect;
use crate::engine::CommitPurpose;
use crate::error::ServiceError;
use crate::graph;
use crate::input::{CommitOutcome, Start};
use crate::limits::{
    CLOSE_LIMIT_MS, COMMIT_PAUSE_MS, GUARD_ANSWER_MS, HARD_STOP_PAUSE_MAX_MS, TRANSACTION_WRITES_MAX,
    WAITING_CALLS_MAX,
};
use crate::live::{Goal, Live, Stage, Task};
use crate::model::{Model, layout};
use crate::operation::stored::{StoredOperation, StoredStep};
use crate::operation::{Operation, Part, PartGoal, PartState, Phase};
use crate::timers::Timer;

/// What is known until the service is ready.
#[derive(Debug, Default)]
pub(crate) struct StartUp {
    phase: StartPhase,
    /// By resource: who holds it, and how.
    held: BTreeMap<ResourceId, (HostId, Held)>,
    /// Open operations, by id.
    stored: BTreeMap<OperationId, StoredOperation>,
    /// Calls that wait until the service is ready.
    waiting: VecDeque<Call>,
    /// Groups that have not come to rest since the start.
    groups: BTreeSet<GroupId>,
    /// Commits of new epochs under way.
    raising: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum StartPhase {
    #[default]
    New,
    /// The database is read, hosts are being heard.
    Hearing,
    /// Every host is heard; epochs are being raised.
    Heard,
    Ready,
}

/// A deleted resource whose rest is being removed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Closing {
    group: GroupId,
    epoch: Epoch,
    /// The Close that is waited for.
    order: Option<(HostId, OrderId)>,
}

impl StartUp {
    pub(crate) fn has_database(&self) -> bool {
        self.phase != StartPhase::New
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.phase == StartPhase::Ready
    }

    /// Whether some group has not come to rest since the start.
    pub(crate) fn is_recovering(&self) -> bool {
        !self.groups.is_empty()
    }
}

impl Engine {
    /// Input: the service has started.
    pub(crate) fn handle_started(&mut self, start: Start) {
        self.boot = start.boot;
        self.last_operation = start.last_operation_number;
        // A database that cannot be read leaves the engine as it is: it refuses every call.
        let Ok((model, operations)) = Model::load(&start.snapshot, start.revision) else { return };
        self.model = model;
        self.startup.phase = StartPhase::Hearing;
        for (id, bytes) in operations {
            if id.node == self.config.node {
                self.last_operation = self.last_operation.max(id.number);
            }
            if let Ok(stored) = StoredOperation::from_bytes(&bytes) {
                self.take_in_stored(id, stored);
            }
        }
        self.make_states(&start.leaves);
        for host in start.hosts {
            self.hosts.expect(host);
        }
        self.startup.groups = self.model.groups().map(|group| group.id).collect();
        self.raise_all_epochs();
    }

    fn take_in_stored(&mut self, id: OperationId, stored: StoredOperation) {
        let is_ended = matches!(stored.step, StoredStep::Ended | StoredStep::Superseded(_));
        self.tokens.remember(&stored.record.asker.sid, &stored.token, id);
        self.tokens.answered(id, stored.record.answer);
        if !is_ended {
            self.startup.stored.insert(id, stored);
            return;
        }
        // Only the journal has not heard of its end.
        let mut operation = Operation::internal(stored.record);
        operation.is_stored = true;
        if let StoredStep::Superseded(by) = stored.step {
            operation.record.ended_at_ms = Some(self.now.unix_ms);
            operation.record.end = Some(End::Superseded(by));
        }
        operation.record.end.get_or_insert(End::Done);
        operation.phase = Phase::Ended;
        self.operations.insert(id, operation);
        self.journal(id);
    }

    /// States before the hosts are heard: what readers see meanwhile.
    fn make_states(&mut self, leaves: &[(GroupId, ResourceId, crate::input::LeafSeen)]) {
        let now_ms = self.now.unix_ms;
        let ids: Vec<(ResourceId, GroupId)> =
            self.model.resources().map(|resource| (resource.id, resource.group)).collect();
        for group in self.model.groups().map(|group| group.id).collect::<Vec<_>>() {
            self.counts.entry(group).or_default();
            self.changed_groups.insert(group);
        }
        for (id, group) in &ids {
            self.live.insert(*id, Live::new(ResourceState::Offline, now_ms));
            self.count_in(*group, ResourceState::Offline);
        }
        for (group, id, leaf) in leaves {
            let Some(live) = self.live.get_mut(id) else {
                self.remove_rest(*id, *group, leaf.floor, leaf.populated);
                continue;
            };
            (live.floor, live.populated) = (leaf.floor, leaf.populated);
            if leaf.populated {
                self.set_state(*id, ResourceState::OnlinePending);
            }
        }
        let goals: Vec<(ResourceId, bool)> = self
            .startup
            .stored
            .values()
            .flat_map(|stored| stored.closure.iter().map(|(id, goal)| (*id, goal.is_down())))
            .collect();
        for (id, is_down) in goals {
            let pending = if is_down { ResourceState::OfflinePending } else { ResourceState::OnlinePending };
            self.set_state(id, pending);
        }
        self.accept_group_states();
    }

    /// The first calls may come before the hosts are heard.
    pub(crate) fn wait_until_ready(&mut self, call: Call) {
        if self.startup.waiting.len() >= WAITING_CALLS_MAX {
            let busy = ServiceError::Busy { what: "calls", max: WAITING_CALLS_MAX };
            return self.answer_call(call.id, busy.status(), None, busy.to_string());
        }
        self.startup.waiting.push_back(call);
    }

    /// A host that was found says what it holds.
    pub(crate) fn hear_held(&mut self, host: HostId, held: Vec<Held>) {
        self.forget_held(host);
        for held in held {
            for order in held.running.iter().chain(held.last.as_ref().map(|(order, _)| order)) {
                // Its memory must not answer an order that is new.
                if order.operation.node == self.config.node {
                    self.last_operation = self.last_operation.max(order.operation.number);
                }
            }
            self.startup.held.insert(held.resource, (host, held));
        }
    }

    /// The host has ended before the service was ready.
    pub(crate) fn forget_held(&mut self, host: HostId) {
        self.startup.held.retain(|_, (holder, _)| *holder != host);
    }

    /// After a new boot nothing from before can run: every group gets a new epoch before anything is ordered.
    pub(crate) fn raise_all_epochs(&mut self) {
        let stale: Vec<GroupId> = self
            .model
            .groups()
            .map(|group| group.id)
            .filter(|group| self.model.owner(*group).is_some_and(|owner| owner.boot != self.boot))
            .collect();
        for groups in stale.chunks(TRANSACTION_WRITES_MAX) {
            let mut transaction = Transaction::default();
            for group in groups {
                let Some(owner) = self.model.owner(*group) else { continue };
                let key = layout::owner_key(*group);
                transaction.compares.push(Compare::value(key.clone(), owner.to_bytes()));
                transaction.then.push(Op::put(key, owner.raised(&self.boot).to_bytes()));
            }
            self.startup.raising += 1;
            self.commit(transaction, CommitPurpose::Boot(groups.to_vec()));
        }
    }

    pub(crate) fn handle_boot_committed(&mut self, _groups: Vec<GroupId>, outcome: &CommitOutcome) {
        if *outcome == CommitOutcome::Unknown {
            return;
        }
        self.startup.raising -= 1;
        if self.startup.raising > 0 {
            return;
        }
        if matches!(outcome, CommitOutcome::Done(_)) && self.is_of_this_boot() {
            self.get_ready();
        } else {
            self.timers.set(Timer::Epochs, self.now.steady_ms + COMMIT_PAUSE_MS);
        }
    }

    fn is_of_this_boot(&self) -> bool {
        let mut owners = self.model.groups().filter_map(|group| self.model.owner(group.id));
        owners.all(|owner| owner.boot == self.boot)
    }

    /// Input: every host was heard.
    pub(crate) fn handle_settled(&mut self) {
        if self.startup.phase == StartPhase::Hearing {
            self.startup.phase = StartPhase::Heard;
            self.get_ready();
        }
    }

    fn get_ready(&mut self) {
        if self.startup.phase != StartPhase::Heard || self.startup.raising > 0 || !self.is_of_this_boot() {
            return;
        }
        self.startup.phase = StartPhase::Ready;
        self.adopt();
        let waiting = std::mem::take(&mut self.startup.waiting);
        self.recalled.extend(waiting);
        self.consider_start_up();
    }

    /// Takes over what is there.
    fn adopt(&mut self) {
        let mut held = std::mem::take(&mut self.startup.held);
        let unknown: Vec<ResourceId> =
            held.keys().copied().filter(|id| self.model.resource(*id).is_none()).collect();
        for id in unknown {
            if let Some((host, held)) = held.remove(&id) {
                self.forget_in_host(id, host, held.epoch);
            }
        }
        let ids: Vec<ResourceId> = self.live.keys().copied().collect();
        for id in &ids {
            self.adopt_one(*id, held.get(id));
        }
        // Everything gets its place before anything moves: whose turn it is depends on all of them.
        let stored = std::mem::take(&mut self.startup.stored);
        for (id, (_, held)) in &held {
            if let Some(order) = held.running.filter(|order| !stored.contains_key(&order.operation)) {
                self.adopt_order(*id, order);
            }
        }
        let resumed: Vec<OperationId> = stored.keys().copied().collect();
        for (id, stored) in stored {
            self.resume(id, stored, &held);
        }
        for id in resumed {
            self.go_on_resumed(id);
        }
        self.adopt_the_rest(&ids, &held);
    }

    /// The plain state of one resource, before operations are looked at.
    fn adopt_one(&mut self, id: ResourceId, held: Option<&(HostId, Held)>) {
        let Some(live) = self.live.get_mut(&id) else { return };
        match held {
            Some((host, held)) => {
                live.open = Some(*host);
                live.locked = held.locked.then_some(0);
                match &held.condition {
                    Condition::Online => self.set_state(id, ResourceState::Online),
                    Condition::Offline => self.set_state(id, ResourceState::Offline),
                    Condition::Failed(cause) => self.set_failed(id, cause.clone(), false),
                    Condition::Busy => self.set_state(id, ResourceState::OnlinePending),
                }
            }
            None if live.populated => self.set_state(id, ResourceState::Online),
            None => self.set_state(id, ResourceState::Offline),
        }
    }

    /// An operation that was open when the service ended goes on.
    fn resume(
        &mut self,
        id: OperationId,
        stored: StoredOperation,
        held: &BTreeMap<ResourceId, (HostId, Held)>,
    ) {
        let mut operation = Operation::internal(stored.record);
        let flags = operation.record.flags;
        if let ObjectId::Resource(_) = operation.record.object {
            operation.offline_flags = OfflineFlags::from_bits_truncate(flags);
            operation.online_flags = OnlineFlags::from_bits_truncate(flags);
        } else {
            // Of a group's flags only the first means something to a resource, and it is the same bit.
            operation.offline_flags =
                OfflineFlags::from_bits_truncate(flags) & OfflineFlags::IGNORE_RESOURCE_STATUS;
            operation.online_flags =
                OnlineFlags::from_bits_truncate(flags) & OnlineFlags::IGNORE_RESOURCE_STATUS;
        }
        operation.reason = operation.record.reason.unwrap_or_default();
        operation.buffer = stored.buffer;
        operation.token = stored.token;
        operation.before = stored.before;
        operation.is_stored = true;
        operation.is_resumed = true;
        operation.step = stored.step;
        let restores = matches!(operation.step, StoredStep::Restoring(_));
        self.operations.insert(id, operation);
        let mut vetoed = None;
        for (resource, goal) in stored.closure {
            if !self.live.contains_key(&resource) {
                continue;
            }
            let held = held.get(&resource).map(|(_, held)| held);
            if let Some((last, Outcome::Vetoed(cause))) = held.and_then(|held| held.last.as_ref())
                && *last == (OrderId { operation: id, step: Step::Stop })
                && !restores
            {
                vetoed = Some(cause.clone());
            }
            self.resume_part(id, resource, goal, restores, held);
        }
        if let (Some(cause), Some(operation)) = (vetoed, self.operations.get_mut(&id)) {
            operation.trouble = Some(cause);
        }
    }

    /// What was vetoed while the service was away is put back; everything else goes on.
    fn go_on_resumed(&mut self, id: OperationId) {
        self.journal(id);
        let vetoed = self.operations.get_mut(&id).and_then(|operation| operation.trouble.take());
        if let Some(cause) = vetoed {
            self.veto(id, cause);
        }
        // A veto that is being committed goes on by itself.
        if self.operations.get(&id).is_some_and(|found| matches!(found.phase, Phase::Running)) {
            self.raise_epochs_and_run(id);
        }
    }

    fn resume_part(
        &mut self,
        id: OperationId,
        resource: ResourceId,
        goal: PartGoal,
        restores: bool,
        held: Option<&Held>,
    ) {
        if self.live.get(&resource).is_some_and(|live| live.claim.is_some()) {
            // A record that was written before another operation took the resource.
            return;
        }
        if let Some(order) = held.and_then(|held| held.running) {
            return self.resume_task(id, resource, goal, order);
        }
        let Some(live) = self.live.get(&resource) else { return };
        let (state, failure) = (live.state, live.failure.clone());
        let is_orphan = held.is_none() && live.populated;
        let restarted = held
            .and_then(|held| held.last.as_ref())
            .is_some_and(|(order, _)| order.operation == id && order.step == Step::Start);
        let clean = || PartGoal::Clean(failure.clone().unwrap_or_else(|| unfinished("was being started")));
        let mut has_stopped = false;
        let next = match (goal, state) {
            (PartGoal::Down | PartGoal::Cycle, ResourceState::Online) if restores => None,
            (PartGoal::Down | PartGoal::Cycle, ResourceState::Offline) if restores => Some(PartGoal::Restore),
            (PartGoal::Up | PartGoal::Restore, ResourceState::Online) if is_orphan => Some(clean()),
            (PartGoal::Up | PartGoal::Restore, ResourceState::Online) => None,
            (goal @ (PartGoal::Up | PartGoal::Restore), ResourceState::Offline) => Some(goal),
            (PartGoal::Cycle, ResourceState::Online) if restarted => None,
            (PartGoal::Cycle, ResourceState::Offline) => Some(PartGoal::Up),
            (PartGoal::Down, ResourceState::Offline) => {
                has_stopped = true;
                None
            }
            (PartGoal::DownAtOnce | PartGoal::Settle | PartGoal::Reopen, ResourceState::Offline) => None,
            (PartGoal::Clean(cause), ResourceState::Offline) => {
                self.set_failed(resource, cause, true);
                None
            }
            (PartGoal::Open, _) => None,
            (PartGoal::Reopen, _) if !is_orphan => None,
            (PartGoal::Down | PartGoal::Cycle | PartGoal::Up | PartGoal::Restore, ResourceState::Failed) => {
                Some(clean())
            }
            (goal, _) => Some(goal),
        };
        let ended = next.is_none();
        let Some(operation) = self.operations.get_mut(&id) else { return };
        let mut part = Part::new(next.clone().unwrap_or(PartGoal::Down));
        part.has_stopped = has_stopped;
        if ended {
            part.state = PartState::Ended;
        } else {
            operation.open_parts += 1;
        }
        operation.parts.insert(resource, part);
        let Some(next) = next else { return };
        if let Some(live) = self.live.get_mut(&resource) {
            live.claim = Some(id);
        }
        match next {
            PartGoal::Down | PartGoal::DownAtOnce | PartGoal::Cycle | PartGoal::Settle => {
                self.set_state(resource, ResourceState::OfflinePending);
            }
            PartGoal::Clean(cause) => self.set_failed(resource, cause, false),
            PartGoal::Up | PartGoal::Restore => self.set_state(resource, ResourceState::OnlinePending),
            PartGoal::Open | PartGoal::Reopen => {}
        }
    }

    /// An order is being carried out in the host: the task goes on where it is.
    fn resume_task(&mut self, id: OperationId, resource: ResourceId, goal: PartGoal, order: OrderId) {
        let (goal, task_goal, stage, state) = match (order.step, &goal) {
            (Step::Terminate, PartGoal::DownAtOnce | PartGoal::Settle) => {
                (goal, Goal::Terminate, Stage::Terminating, ResourceState::OfflinePending)
            }
            (Step::Terminate, PartGoal::Clean(_)) => {
                (goal, Goal::Clean, Stage::Terminating, ResourceState::Failed)
            }
            (Step::Terminate, _) => {
                let cause = unfinished("was being terminated");
                (PartGoal::Clean(cause), Goal::Clean, Stage::Terminating, ResourceState::Failed)
            }
            (Step::Stop, _) => (goal, Goal::Stop, Stage::Stopping, ResourceState::OfflinePending),
            (Step::Start, PartGoal::Cycle) => {
                (PartGoal::Up, Goal::Start, Stage::Starting, ResourceState::OnlinePending)
            }
            (Step::Start, _) => (goal, Goal::Start, Stage::Starting, ResourceState::OnlinePending),
            (Step::Restore, _) => (goal, Goal::Restore, Stage::Starting, ResourceState::OnlinePending),
            (Step::Open, PartGoal::Up | PartGoal::Cycle) => {
                (PartGoal::Up, Goal::Start, Stage::Opening, ResourceState::OnlinePending)
            }
            (Step::Open, PartGoal::Down) => (goal, Goal::Stop, Stage::Opening, ResourceState::OfflinePending),
            (Step::Open, PartGoal::Reopen) => (goal, Goal::Reopen, Stage::Opening, ResourceState::Online),
            (Step::Open | Step::Close, _) => {
                (PartGoal::Open, Goal::Open, Stage::Opening, ResourceState::Offline)
            }
        };
        let cause = match &goal {
            PartGoal::Clean(cause) => Some(cause.clone()),
            _ => None,
        };
        if let Some(operation) = self.operations.get_mut(&id) {
            let mut part = Part::new(goal);
            part.state = PartState::Running;
            operation.parts.insert(resource, part);
            operation.open_parts += 1;
        }
        match &cause {
            Some(cause) => self.set_failed(resource, cause.clone(), false),
            None => self.set_state(resource, state),
        }
        let limit_ms = self.pending_timeout_ms(resource);
        let now = self.now;
        let Some(live) = self.live.get_mut(&resource) else { return };
        live.claim = Some(id);
        live.task = Some(Task {
            operation: id,
            goal: task_goal,
            stage,
            order: Some(order),
            cause,
            last_word: None,
            limit_unix_ms: Some(now.unix_ms + limit_ms),
            attempts: 0,
        });
        self.timers.set(Timer::Stage(resource), now.steady_ms + limit_ms);
    }

    /// What no open operation claims: orders of the service's own, failures, and what runs without a host.
    fn adopt_the_rest(&mut self, ids: &[ResourceId], held: &BTreeMap<ResourceId, (HostId, Held)>) {
        let mut orphans = BTreeMap::new();
        for id in ids {
            let Some(live) = self.live.get(id).filter(|live| live.claim.is_none()) else { continue };
            match held.get(id) {
                Some((_, Held { condition: Condition::Failed(cause), .. })) => {
                    let parts = BTreeMap::from([(*id, PartGoal::Clean(cause.clone()))]);
                    let why = "it had failed while the service was away";
                    self.start_internal(Verb::Recover, ObjectId::Resource(*id), parts, why);
                }
                None if live.populated => drop(orphans.insert(*id, PartGoal::Reopen)),
                _ => {}
            }
        }
        if !orphans.is_empty() {
            let object = ObjectId::Node(self.config.node);
            self.start_internal(Verb::Recover, object, orphans, "no resource host was found for what runs");
        }
        for id in ids {
            if self.live.get(id).is_some_and(|live| live.state != ResourceState::Online) {
                self.take_dependents_down(*id);
            }
        }
    }

    /// An order of an operation that is not in the database, being carried out.
    fn adopt_order(&mut self, resource: ResourceId, order: OrderId) {
        let populated = self.live.get(&resource).is_some_and(|live| live.populated);
        let goal = match order.step {
            Step::Start | Step::Restore => PartGoal::Up,
            Step::Stop => PartGoal::Down,
            Step::Terminate => PartGoal::Clean(unfinished("was being terminated")),
            Step::Open if populated => PartGoal::Reopen,
            Step::Open | Step::Close => PartGoal::Open,
        };
        let id = self.new_operation_id();
        let object = ObjectId::Resource(resource);
        let why = "the service ended while this was under way";
        let record = self.internal_record(id, Verb::Recover, object, why);
        self.operations.insert(id, Operation::internal(record));
        self.resume_task(id, resource, goal, order);
        if let Some(live) = self.live.get_mut(&resource).filter(|_| order.step == Step::Open) {
            live.open = None;
        }
    }

    /// Brings up what is to be online in groups that have come to rest.
    pub(crate) fn consider_start_up(&mut self) {
        if self.startup.groups.is_empty() || !self.is_ready() {
            return;
        }
        for group in self.startup.groups.clone() {
            let Some(found) = self.model.group(group) else {
                self.startup.groups.remove(&group);
                continue;
            };
            let at_rest =
                |id: &ResourceId| self.live.get(id).is_none_or(|live| live.claim.or(live.reserved).is_none());
            if !found.members.iter().all(at_rest) {
                continue;
            }
            let parts = self.wanted_parts(group);
            self.startup.groups.remove(&group);
            if !parts.is_empty() {
                self.start_internal(Verb::StartUp, ObjectId::Group(group), parts, "the service has started");
            }
        }
    }

    fn wanted_parts(&self, group: GroupId) -> BTreeMap<ResourceId, PartGoal> {
        let mut parts = BTreeMap::new();
        let members = self.model.group(group).into_iter().flat_map(|found| found.members.iter());
        for resource in members.filter_map(|id| self.model.resource(*id)) {
            if !self.model.is_wanted(resource) {
                continue;
            }
            let closure = graph::start_closure(&self.model, &self.live, [resource.id]);
            let may_start = |id: &ResourceId| {
                let Some((found, live)) = self.model.resource(*id).zip(self.live.get(id)) else {
                    return false;
                };
                let is_down = match live.state {
                    ResourceState::Failed => live.lost && !live.unproven,
                    state => state == ResourceState::Offline || state == ResourceState::Online,
                };
                is_down && found.persistent != Some(false) && found.may_run_on(self.config.node)
            };
            if closure.iter().all(may_start) {
                let down = |id: &ResourceId| {
                    self.live.get(id).is_some_and(|live| live.state != ResourceState::Online)
                };
                parts.extend(closure.into_iter().filter(down).map(|id| (id, PartGoal::Up)));
            }
        }
        parts
    }

    /// Makes a host forget a resource that is none any more, and removes its leaf.
    pub(crate) fn forget_in_host(&mut self, id: ResourceId, host: HostId, epoch: Epoch) {
        let group = self.closing.get(&id).map_or(GroupId(uuid::Uuid::nil()), |closing| closing.group);
        let operation = self.new_operation_id();
        self.close_in_host(id, group, host, epoch, operation);
    }

    /// Orders Close for a deleted resource; its leaf is removed after it.
    pub(crate) fn close_in_host(
        &mut self,
        id: ResourceId,
        group: GroupId,
        host: HostId,
        epoch: Epoch,
        operation: OperationId,
    ) {
        let order_id = OrderId { operation, step: Step::Close };
        self.closing.insert(id, Closing { group, epoch, order: Some((host, order_id)) });
        self.timers.set(Timer::Close(id), self.now.steady_ms + CLOSE_LIMIT_MS);
        if self.hosts.is_connected(host) {
            let order = Order { id: order_id, resource: id, epoch, action: Action::Close };
            self.effects.push(Effect::Order { host, group, order });
        }
    }

    /// Removes the leaf of a resource that no host has, after stopping what may be left there.
    pub(crate) fn remove_rest(&mut self, id: ResourceId, group: GroupId, epoch: Epoch, populated: bool) {
        if populated {
            self.closing.insert(id, Closing { group, epoch, order: None });
            self.timers.set(Timer::Close(id), self.now.steady_ms + GUARD_ANSWER_MS);
            self.effects.push(Effect::HardStop { group, resource: id, epoch });
        } else {
            self.effects.push(Effect::RemoveLeaf { group, resource: id });
        }
    }

    /// The end of a Close; `false` when the order is none.
    pub(crate) fn handle_close_ended(&mut self, id: ResourceId, host: HostId, order: OrderId) -> bool {
        let Some(closing) = self.closing.get(&id).filter(|closing| closing.order == Some((host, order)))
        else {
            return false;
        };
        let group = closing.group;
        self.closing.remove(&id);
        self.timers.clear(Timer::Close(id));
        self.release_host(host);
        if !self.live.contains_key(&id) {
            self.effects.push(Effect::RemoveLeaf { group, resource: id });
        }
        true
    }

    /// The host ended that was to close them: whatever it left is stopped hard.
    pub(crate) fn finish_closing_of(&mut self, host: HostId) {
        let mut lost = Vec::new();
        for (id, closing) in &mut self.closing {
            if closing.order.take_if(|(holder, _)| *holder == host).is_some() {
                lost.push(*id);
            }
        }
        for id in lost {
            self.handle_close_timer(id);
        }
    }

    /// Timer: Close did not end, or the guard did not answer.
    pub(crate) fn handle_close_timer(&mut self, id: ResourceId) {
        let Some(closing) = self.closing.get_mut(&id) else { return };
        if self.live.contains_key(&id) {
            // It only left one host for another; the leaf is in use.
            self.closing.remove(&id);
            return;
        }
        closing.order = None;
        let (group, epoch) = (closing.group, closing.epoch);
        self.timers.set(Timer::Close(id), self.now.steady_ms + HARD_STOP_PAUSE_MAX_MS);
        self.effects.push(Effect::HardStop { group, resource: id, epoch });
    }

    /// The guard answers about the leaf of a deleted resource; `false` when it is none.
    pub(crate) fn handle_leaf_of_deleted(&mut self, id: ResourceId, empty: bool) -> bool {
        if self.live.contains_key(&id) {
            return false;
        }
        if empty && let Some(closing) = self.closing.remove(&id) {
            self.timers.clear(Timer::Close(id));
            self.effects.push(Effect::RemoveLeaf { group: closing.group, resource: id });
        }
        true
    }
}

fn unfinished(what: &str) -> Cause {
    Cause::new(Status::RESOURCE_FAILED, format!("it {what} when the service or its host ended"))
}
