//! Taking over what is there when the service starts: what hosts hold, what the guard sees, what was begun.
//!
//! Everything gets its place before anything moves, since whose turn it is depends on all of it. Nothing is started
//! here that did not run or was not being started.

use std::collections::{BTreeMap, BTreeSet};

use mainstay_types::operation::Verb;
use mainstay_types::order::{Cause, Condition, Held, OrderId, Outcome, Step};
use mainstay_types::status_information::ResourceStatusInformation;
use mainstay_types::{
    HostId, ObjectId, OfflineFlags, OnlineFlags, OperationId, ResourceId, ResourceState, Status,
};

use super::UNDER_WAY;
use crate::Engine;
use crate::graph;
use crate::live::{Goal, Live, Stage, Task};
use crate::operation::stored::{StoredOperation, StoredStep};
use crate::operation::{Operation, Part, PartGoal, PartState, Phase};
use crate::seeded::{self, Bug};
use crate::task::not_found_again;
use crate::timers::Timer;

impl Engine {
    /// Takes over what is there.
    pub(super) fn adopt(&mut self) {
        for (group, id, leaf) in std::mem::take(&mut self.startup.nobodys) {
            self.remove_rest(id, group, leaf.floor, leaf.populated);
        }
        let mut held = std::mem::take(&mut self.startup.held);
        let unknown: Vec<ResourceId> =
            held.keys().copied().filter(|id| self.model.resource(*id).is_none()).collect();
        for id in unknown {
            if let Some((host, held)) = held.remove(&id) {
                self.forget_in_host(id, host, held.epoch);
            }
        }
        for (id, (_, held)) in &mut held {
            let Some(live) = self.live.get(id).filter(|live| is_closed(live, held)) else { continue };
            let is_wanted = self.model.resource(*id).is_some_and(|resource| self.model.is_wanted(resource));
            // Its host has not seen the hard stop yet, or does not want to.
            held.condition = match &held.condition {
                // What was taken offline by force is not brought back by its policy.
                Condition::Online | Condition::Failed(_) if !is_wanted && !live.populated => {
                    Condition::Offline
                }
                Condition::Online => {
                    let text = "it was stopped hard while its host said that it was online";
                    Condition::Failed(Cause::new(Status::RESOURCE_FAILED, text))
                }
                other => other.clone(),
            };
        }
        let ids: Vec<ResourceId> = self.live.keys().copied().collect();
        let expected = self.expected_up(&held);
        for id in &ids {
            self.adopt_one(*id, held.get(id), expected.contains(id));
        }
        // Everything gets its place before anything moves: whose turn it is depends on all of them.
        let stored = std::mem::take(&mut self.startup.stored);
        for (id, (_, held)) in &held {
            // An alternative that was tried is not in its operation's record. One of the service's own has no record,
            // and neither has one from which a later operation took the resource: that one goes on with it.
            let is_taken = |order: &OrderId| {
                stored.iter().any(|(operation, stored)| {
                    let is_later =
                        operation.node == order.operation.node && operation.number >= order.operation.number;
                    is_later && stored.closure.contains_key(id)
                })
            };
            let is_left = |order: &OrderId| !is_taken(order);
            if let Some(order) = held.running.filter(is_left) {
                self.adopt_order(*id, order);
            }
        }
        let resumed: Vec<OperationId> = stored.keys().copied().collect();
        for (id, stored) in stored {
            self.resume(id, stored, &held);
        }
        self.take_down_what_lacks(&ids, &held);
        for id in resumed {
            self.go_on_resumed(id);
        }
        self.adopt_the_rest(&ids, &held);
        self.adopt_since(&ids, &held);
    }

    /// Since when everything stands as it does: hosts are older than the service, and so are operations.
    fn adopt_since(&mut self, ids: &[ResourceId], held: &BTreeMap<ResourceId, (HostId, Held)>) {
        let said = std::mem::take(&mut self.startup.since_unix_ms);
        for id in ids {
            let Some(live) = self.live.get_mut(id) else { continue };
            let said_ms = said.get(id).copied();
            let held = held.get(id).map(|(_, held)| held);
            let is_as_held = match held.map(|held| &held.condition) {
                Some(Condition::Online) => live.state == ResourceState::Online,
                Some(Condition::Offline) => live.state == ResourceState::Offline,
                Some(Condition::Failed(_)) => live.state == ResourceState::Failed,
                Some(Condition::Busy) => live.state.is_pending(),
                None => false,
            };
            let claim = live.claim.filter(|_| live.state.is_pending());
            live.since_unix_ms = match (said_ms, claim.and_then(|id| self.operations.get(&id))) {
                (Some(said_ms), _) if is_as_held => said_ms,
                // It waits for its turn: since the operation began, or since the step before has ended.
                (said_ms, Some(operation)) => {
                    let began_ms = operation.record.at_ms.max(said_ms.unwrap_or(0));
                    began_ms.min(live.since_unix_ms)
                }
                _ => live.since_unix_ms,
            };
        }
    }

    /// What was up or on its way when the service ended, as far as the words about it, open operations and what needs it
    /// tell.
    fn expected_up(&self, held: &BTreeMap<ResourceId, (HostId, Held)>) -> BTreeSet<ResourceId> {
        let in_hand = self.startup.stored.values().flat_map(|stored| stored.closure.keys().copied());
        let wanted = self.model.resources().filter(|resource| self.model.is_wanted(resource)).map(|it| it.id);
        let is_up = |held: &Held| matches!(held.condition, Condition::Online | Condition::Busy);
        let up = held.iter().filter(|(_, (_, held))| is_up(held)).map(|(id, _)| *id);
        let running = self.live.keys().copied().filter(|id| self.has_processes(*id));
        graph::with_providers(&self.model, in_hand.chain(wanted).chain(up).chain(running))
    }

    /// Whether what the guard saw in its leaf is its own. Where a resource has a host of its own, that is in there too, and
    /// may be all.
    fn has_processes(&self, id: ResourceId) -> bool {
        let is_populated = self.live.get(&id).is_some_and(|live| live.populated);
        is_populated && self.desired_host(id) == HostId::Pool
    }

    /// Whether it was online when its maintenance began, and nothing says that it was taken down since. What is being done
    /// to it is its operation's, and what a reset of the machine has ended is gone.
    fn is_held_in_maintenance(&self, id: ResourceId) -> bool {
        let was_online = self.model.resource(id).is_some_and(|resource| resource.maintained_online);
        let is_in_hand = self.startup.stored.values().any(|stored| stored.closure.contains_key(&id));
        was_online && !is_in_hand && !self.startup.is_first_of_boot
    }

    /// The plain state of one resource, before operations are looked at.
    fn adopt_one(&mut self, id: ResourceId, held: Option<&(HostId, Held)>, is_expected: bool) {
        let in_maintenance = self.is_in_maintenance(id);
        let is_held_in_maintenance = self.is_held_in_maintenance(id);
        let opens_clean = self.opens_clean(id);
        let Some(live) = self.live.get_mut(&id) else { return };
        // What of it is in no process, only its type can see.
        let may_run = live.populated || live.cut_off && opens_clean;
        match held {
            Some((host, held)) => {
                let is_opening = held.running.is_some_and(|order| order.step == Step::Open);
                // What a hard stop has closed is opened anew before anything starts there, as without a restart.
                live.open = (!is_opening && !is_closed(live, held)).then_some(*host);
                self.touched_statuses.insert(id);
                live.locked = held.lock();
                live.consents = held.consents;
                live.orders = held.orders().last().map_or(0, |order| order.number.saturating_add(1));
                // A host that has opened it and done nothing since proves nothing about the one before.
                let has_only_opened = held.condition == Condition::Offline && held.last.is_none();
                // Nor does one that had it open when it was stopped hard: it was not told of that.
                let knows_nothing = is_closed(live, held) && !has_taken_down(held);
                live.cut_off &= is_opening || has_only_opened && !opens_clean || knows_nothing;
                match &held.condition {
                    Condition::Online => self.set_state(id, ResourceState::Online),
                    Condition::Offline => self.set_state(id, ResourceState::Offline),
                    Condition::Failed(cause) if in_maintenance => {
                        self.set_state(id, ResourceState::Online);
                        self.bears_with(id, cause);
                    }
                    Condition::Failed(cause) => self.set_failed(id, cause.clone(), false),
                    // With what, is said by the order that is being carried out; see `resume_task`.
                    Condition::Busy => self.set_state(id, ResourceState::Initializing),
                }
                self.adopt_what_is_said(id, held);
            }
            None if is_expected && may_run => self.set_state(id, ResourceState::Online),
            None if is_expected && is_held_in_maintenance => {
                self.set_state(id, ResourceState::Online);
                self.bears_with(id, &not_found_again());
            }
            // A host of its own that nobody has asked for anything, or what such a one has left.
            None if live.populated => self.set_state(id, ResourceState::OfflinePending),
            None => self.set_state(id, ResourceState::Offline),
        }
        let Some(live) = self.live.get_mut(&id) else { return };
        if live.cut_off && live.state == ResourceState::Offline {
            // Nothing is left in its leaf, and yet it is not known to be offline.
            live.lost = true;
            let cause = unfinished("was in a host that is gone, or that has done nothing with it,");
            self.set_failed(id, cause, false);
        }
    }

    /// What its type says beside its state, which comes from before this service. Whether a failure inside is acted on is
    /// seen when everything is at rest.
    fn adopt_what_is_said(&mut self, id: ResourceId, held: &Held) {
        let Some(live) = self.live.get_mut(&id) else { return };
        live.said = ResourceStatusInformation::from_bits_truncate(held.status);
        live.embedded_failure = held.embedded_failure.clone();
        if held.embedded_failure.is_some() {
            self.note_embedded_failure(id);
        }
    }

    fn is_in_doubt(&self, id: ResourceId) -> bool {
        self.live.get(&id).is_some_and(|live| live.cut_off && live.state == ResourceState::Failed)
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
        operation.words = stored.words;
        (operation.is_stored, operation.is_resumed) = (true, true);
        operation.step = stored.step;
        operation.superseded_by = stored.superseded_by;
        let restores = operation.step.restores();
        self.operations.insert(id, operation);
        let (mut vetoed, mut rebuilt) = (None, Vec::new());
        for (resource, goal) in stored.closure {
            if !self.live.contains_key(&resource) {
                continue;
            }
            let held = held.get(&resource).map(|(_, held)| held);
            if let Some((last, Outcome::Vetoed(cause))) = held.and_then(|held| held.last.as_ref())
                && (last.operation, last.step) == (id, Step::Stop)
                && !restores
            {
                vetoed = Some(self.cause_of(id, resource, cause.clone()));
            }
            self.resume_part(id, resource, goal.clone(), restores, held);
            rebuilt.extend(self.rebuilt_parts(id, resource, &goal, held));
        }
        self.show_rebuilt(id, rebuilt);
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
        self.terminate_resumed(id);
        // A veto that is being committed goes on by itself.
        if self.operations.get(&id).is_some_and(|found| matches!(found.phase, Phase::Running)) {
            self.go_on(id);
        }
    }

    /// What is to be terminated, and is found with an earlier order of another kind under way.
    fn terminate_resumed(&mut self, id: OperationId) {
        let Some(operation) = self.operations.get(&id) else { return };
        let is_due = |id: &ResourceId| {
            let task = self.live.get(id).and_then(|live| live.task.as_ref());
            task.is_some_and(|task| {
                matches!(task.goal, Goal::Terminate | Goal::Clean)
                    && matches!(task.stage, Stage::Starting | Stage::Stopping)
            })
        };
        let due: Vec<ResourceId> = operation.parts.keys().copied().filter(is_due).collect();
        for resource in due {
            self.terminate(resource);
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
            return self.resume_lost(id, resource, goal);
        }
        let overtaken =
            |order: &OrderId| order.operation.node == id.node && order.operation.number > id.number;
        let newest = held.and_then(|held| held.orders().last());
        if newest.is_some_and(|order| overtaken(&order)) && !seeded::has(Bug::OvertakenResumed) {
            // A later operation has taken it since, one of the service's own that left no record, say.
            return self.resume_lost(id, resource, goal);
        }
        match held.and_then(|held| held.running) {
            Some(order) if order.operation != id && goal.is_down() => {
                return self.resume_behind(id, resource, goal, order);
            }
            Some(order) => return self.resume_task(id, resource, goal, order),
            None => {}
        }
        let Some(live) = self.live.get(&resource) else { return };
        let (state, failure) = (live.state, live.failure.clone());
        let is_orphan = held.is_none() && live.populated;
        let last = held.and_then(|held| held.last.as_ref()).filter(|(order, _)| order.operation == id);
        let restarted = last.is_some_and(|(order, _)| order.step == Step::Start);
        // What was tried and undone is not tried again.
        let was_tried = last
            .is_some_and(|(order, _)| matches!(order.step, Step::Start | Step::Restore | Step::Terminate));
        let clean = || PartGoal::Clean(failure.clone().unwrap_or_else(|| unfinished("was being started")));
        let mut has_stopped = false;
        let step = self.operations.get(&id).map(|operation| &operation.step);
        let is_cancelled = matches!(step, Some(StoredStep::Cancelled(_)));
        let cycles = goal == PartGoal::Cycle;
        let next = match (goal, state) {
            (goal @ (PartGoal::DownAtOnce | PartGoal::Settle | PartGoal::Clean(_)), _)
                if self.is_in_doubt(resource) =>
            {
                Some(goal)
            }
            (goal, _) if self.is_in_doubt(resource) => {
                let what = if goal.is_down() { "was being stopped" } else { "was being started" };
                Some(PartGoal::Clean(unfinished(what)))
            }
            (PartGoal::Down | PartGoal::Cycle, ResourceState::Online) if restores => None,
            // It came up before the call that cancelled it took hold.
            (PartGoal::DownAtOnce, ResourceState::Online) if is_cancelled && !is_orphan => None,
            (PartGoal::Down | PartGoal::Cycle, ResourceState::Offline) if restores => Some(PartGoal::Restore),
            (PartGoal::Up | PartGoal::Restore, ResourceState::Online)
                if is_orphan && self.is_found_again(resource) =>
            {
                Some(PartGoal::Reopen)
            }
            (PartGoal::Up | PartGoal::Restore, ResourceState::Online) if is_orphan => Some(clean()),
            (PartGoal::Up | PartGoal::Restore, ResourceState::Online) => None,
            (PartGoal::Up | PartGoal::Restore | PartGoal::Cycle, ResourceState::Offline) if was_tried => {
                self.set_failed(resource, unfinished("was being started"), true);
                None
            }
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
        self.note_resumed_failure(id, resource, next.as_ref());
        let ended = next.is_none();
        let Some(operation) = self.operations.get_mut(&id) else { return };
        let mut part = Part::new(next.clone().unwrap_or(PartGoal::Down));
        (part.has_stopped, part.cycles) = (has_stopped, cycles);
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

    /// It is to go down when its turn comes. Until then the order of an earlier operation is carried out.
    fn resume_behind(&mut self, id: OperationId, resource: ResourceId, goal: PartGoal, order: OrderId) {
        let is_there = self.live.get(&resource).is_some_and(|live| live.populated || live.cut_off);
        let (task_goal, stage) = match order.step {
            Step::Open if is_there => (Goal::Reopen, Stage::Opening),
            Step::Open | Step::Close => (Goal::Open, Stage::Opening),
            Step::Start => (Goal::Start, Stage::Starting),
            Step::Restore => (Goal::Restore, Stage::Starting),
            Step::Stop => (Goal::Stop, Stage::Stopping),
            Step::Terminate | Step::CleanUp => (Goal::Terminate, Stage::Terminating),
        };
        if let Some(operation) = self.operations.get_mut(&id) {
            operation.parts.insert(resource, Part::new(goal.clone()));
            operation.open_parts += 1;
        }
        match goal {
            PartGoal::Clean(cause) => self.set_failed(resource, cause, false),
            _ => self.set_state(resource, ResourceState::OfflinePending),
        }
        self.put_task(id, resource, Task::running(task_goal, stage, order));
    }

    /// A task that a host is at goes on.
    fn put_task(&mut self, claim: OperationId, resource: ResourceId, mut task: Task) {
        let limit_ms = self.pending_timeout_ms(resource);
        let now = self.now;
        let goal = task.goal;
        let Some(live) = self.live.get_mut(&resource) else { return };
        task.limit_unix_ms = Some(now.unix_ms + limit_ms);
        (live.claim, live.task) = (Some(claim), Some(task));
        self.timers.set(Timer::Stage(resource), now.steady_ms + limit_ms);
        // How long it has been busy is all that is known of the time before.
        let since_ms = self.startup.since_unix_ms.get(&resource).copied().unwrap_or(now.unix_ms);
        self.limit_task(resource, goal, now.unix_ms.saturating_sub(since_ms));
    }

    /// The operation has had its turn at it: its orders have been given, and are not given again.
    fn resume_lost(&mut self, id: OperationId, resource: ResourceId, goal: PartGoal) {
        let mut part = Part::new(goal);
        part.state = PartState::Ended;
        if let Some(operation) = self.operations.get_mut(&id) {
            operation.parts.insert(resource, part);
        }
    }

    /// What was to run has failed while the service was away, or is taken down since nobody knows how far it came.
    fn note_resumed_failure(&mut self, id: OperationId, resource: ResourceId, next: Option<&PartGoal>) {
        let was_to_stop =
            self.operations.get(&id).is_none_or(|operation| operation.record.verb == Verb::Offline);
        let Some(live) = self.live.get(&resource).filter(|_| !was_to_stop) else { return };
        match next {
            Some(PartGoal::Clean(_)) => self.note_failure(resource),
            None if live.state == ResourceState::Failed => {
                self.note_failure(resource);
                self.decide_recovery(resource);
            }
            _ => {}
        }
    }

    /// An order is being carried out in the host: the task goes on where it is.
    fn resume_task(&mut self, id: OperationId, resource: ResourceId, goal: PartGoal, order: OrderId) {
        // Opened anew in order to be stopped: what ran before is still there.
        let is_there = self.live.get(&resource).is_some_and(|live| live.populated || live.cut_off);
        let cycles = goal == PartGoal::Cycle;
        let (goal, task_goal, stage, state) = match (order.step, &goal) {
            (Step::Open, PartGoal::Cycle) if is_there => {
                (goal, Goal::Stop, Stage::Opening, ResourceState::OfflinePending)
            }
            (Step::Terminate | Step::CleanUp, PartGoal::DownAtOnce | PartGoal::Settle) => {
                (goal, Goal::Terminate, Stage::Terminating, ResourceState::OfflinePending)
            }
            (Step::Terminate | Step::CleanUp, PartGoal::Clean(_)) => {
                (goal, Goal::Clean, Stage::Terminating, ResourceState::Failed)
            }
            (Step::Terminate | Step::CleanUp, _) => {
                let cause = unfinished("was being terminated");
                (PartGoal::Clean(cause), Goal::Clean, Stage::Terminating, ResourceState::Failed)
            }
            // The order to terminate it was not sent yet; see `terminate_resumed`.
            (Step::Start | Step::Restore, PartGoal::DownAtOnce | PartGoal::Settle) => {
                (goal, Goal::Terminate, Stage::Starting, ResourceState::OfflinePending)
            }
            (Step::Stop, PartGoal::DownAtOnce | PartGoal::Settle) => {
                (goal, Goal::Terminate, Stage::Stopping, ResourceState::OfflinePending)
            }
            (Step::Start | Step::Restore, PartGoal::Clean(_)) => {
                (goal, Goal::Clean, Stage::Starting, ResourceState::Failed)
            }
            (Step::Stop, PartGoal::Clean(_)) => (goal, Goal::Clean, Stage::Stopping, ResourceState::Failed),
            (Step::Stop, _) => (goal, Goal::Stop, Stage::Stopping, ResourceState::OfflinePending),
            (Step::Start, PartGoal::Cycle) => {
                (PartGoal::Up, Goal::Start, Stage::Starting, ResourceState::OnlinePending)
            }
            (Step::Start, _) => (goal, Goal::Start, Stage::Starting, ResourceState::OnlinePending),
            (Step::Restore, _) => (goal, Goal::Restore, Stage::Starting, ResourceState::OnlinePending),
            (Step::Open, PartGoal::Up | PartGoal::Cycle) => {
                (PartGoal::Up, Goal::Start, Stage::Opening, ResourceState::OnlinePending)
            }
            (Step::Open, PartGoal::Restore) => {
                (goal, Goal::Restore, Stage::Opening, ResourceState::OnlinePending)
            }
            (Step::Open, PartGoal::DownAtOnce) => {
                (goal, Goal::Terminate, Stage::Opening, ResourceState::OfflinePending)
            }
            (Step::Open, PartGoal::Settle) => {
                (goal, Goal::Settle, Stage::Opening, ResourceState::OfflinePending)
            }
            (Step::Open, PartGoal::Clean(_)) => (goal, Goal::Clean, Stage::Opening, ResourceState::Failed),
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
            (part.state, part.cycles) = (PartState::Running, cycles);
            operation.parts.insert(resource, part);
            operation.open_parts += 1;
        }
        match &cause {
            Some(cause) => self.set_failed(resource, cause.clone(), false),
            None => self.set_state(resource, state),
        }
        self.put_task(id, resource, Task { operation: id, cause, ..Task::running(task_goal, stage, order) });
    }

    /// What needs something that is not online goes down. First of all: what has to go itself is no reason to start
    /// anything, nor, as an alternative, to stop another one under what needs them.
    fn take_down_what_lacks(&mut self, ids: &[ResourceId], held: &BTreeMap<ResourceId, (HostId, Held)>) {
        let is_gone =
            |id: &ResourceId| self.live.get(id).is_some_and(|live| live.state != ResourceState::Online);
        let gone: Vec<ResourceId> = ids.iter().copied().filter(is_gone).collect();
        for id in &gone {
            let is_claimed = self.live.get(id).is_some_and(|live| live.claim.is_some());
            let has_failed = matches!(held.get(id), Some((_, Held { condition: Condition::Failed(_), .. })));
            if has_failed && !is_claimed && !self.is_in_maintenance(*id) {
                // What goes down because of it comes back with it.
                self.note_failure(*id);
            }
        }
        self.take_dependents_down_together(&gone);
    }

    /// What no open operation claims: orders of the service's own, failures, what runs without a host, and what nobody has
    /// asked for and may run.
    fn adopt_the_rest(&mut self, ids: &[ResourceId], held: &BTreeMap<ResourceId, (HostId, Held)>) {
        let (mut orphans, mut strangers) = (BTreeMap::new(), BTreeMap::new());
        for id in ids {
            let has_failed = matches!(held.get(id), Some((_, Held { condition: Condition::Failed(_), .. })));
            let is_free = self.live.get(id).is_some_and(|live| live.claim.is_none());
            if self.is_in_doubt(*id) && is_free && !has_failed {
                let parts = BTreeMap::from([(*id, PartGoal::Settle)]);
                let why = "whether its type has left something is not known";
                self.start_internal(Verb::Recover, ObjectId::Resource(*id), parts, why);
                continue;
            }
            let Some(live) = self.live.get(id).filter(|live| live.claim.is_none()) else { continue };
            match held.get(id) {
                Some((_, Held { condition: Condition::Failed(cause), .. }))
                    if !self.is_in_maintenance(*id) =>
                {
                    let parts = BTreeMap::from([(*id, PartGoal::Clean(cause.clone()))]);
                    self.note_failure(*id);
                    let why = "it had failed while the service was away";
                    self.start_internal(Verb::Recover, ObjectId::Resource(*id), parts, why);
                }
                Some((_, Held { condition: Condition::Busy, .. })) => {
                    let parts = BTreeMap::from([(*id, PartGoal::Open)]);
                    let why = "its host was busy with it when the service started";
                    self.start_internal(Verb::Recover, ObjectId::Resource(*id), parts, why);
                }
                None if live.state == ResourceState::Online => drop(orphans.insert(*id, PartGoal::Reopen)),
                None if live.populated => drop(strangers.insert(*id, PartGoal::DownAtOnce)),
                _ => {}
            }
        }
        let object = ObjectId::Node(self.config.node);
        if !orphans.is_empty() {
            let why = "no resource host was found for what runs";
            self.start_internal(Verb::Recover, object.clone(), orphans, why);
        }
        if !strangers.is_empty() {
            let why = "a host that nobody had asked for anything may have left something";
            self.start_internal(Verb::Recover, object, strangers, why);
        }
    }

    /// An order of an operation that is not in the database, being carried out.
    fn adopt_order(&mut self, resource: ResourceId, order: OrderId) {
        let populated = self.live.get(&resource).is_some_and(|live| live.populated);
        let goal = match order.step {
            Step::Start | Step::Restore => PartGoal::Up,
            Step::Stop => PartGoal::Down,
            Step::Terminate | Step::CleanUp => PartGoal::Clean(unfinished("was being terminated")),
            Step::Open if populated => PartGoal::Reopen,
            Step::Open if self.live.get(&resource).is_some_and(|live| live.cut_off) => PartGoal::Settle,
            Step::Open | Step::Close => PartGoal::Open,
        };
        let id = self.new_operation_id();
        let object = ObjectId::Resource(resource);
        let record = self.internal_record(id, Verb::Recover, object, UNDER_WAY);
        self.operations.insert(id, Operation::internal(record));
        if order.step == Step::Terminate {
            self.note_failure(resource);
        }
        self.resume_task(id, resource, goal.clone(), order);
        let rebuilt = self.rebuilt_parts(id, resource, &goal, None);
        self.show_rebuilt(id, rebuilt);
    }
}

/// Whether a hard stop has closed the leaf under the epoch under which a host holds it, and the host does nothing with it.
fn is_closed(live: &Live, held: &Held) -> bool {
    live.floor >= held.epoch && held.running.is_none()
}

/// Whether the last thing that its host has done with it was to take it down, and it did.
fn has_taken_down(held: &Held) -> bool {
    let is_down = |order: &OrderId| matches!(order.step, Step::Stop | Step::Terminate | Step::CleanUp);
    held.last.as_ref().is_some_and(|(order, outcome)| is_down(order) && *outcome == Outcome::Done)
}

fn unfinished(what: &str) -> Cause {
    Cause::new(Status::RESOURCE_FAILED, format!("it {what} when the service or its host ended"))
}
