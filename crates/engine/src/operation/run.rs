//! Running operations: whose turn it is, what a part's end means, and the operation's end.
//!
//! A part's turn comes when nothing that depends on it still runs (down) or when everything it needs is online (up).
//! So order follows from the graph, and independent resources go side by side.

use std::collections::BTreeSet;

use mainstay_types::operation::{Part as ShownPart, Verb};
use mainstay_types::order::Cause;
use mainstay_types::{ObjectId, OfflineFlags, OperationId, ResourceId, ResourceState, Status};

use super::fallback::Fallback;
use super::{PartGoal, PartState, Phase, told};
use crate::Engine;
use crate::graph;
use crate::limits::PARTS_SHOWN_MAX;
use crate::live::Goal;
use crate::seeded::{self, Bug};
use crate::task::TaskEnd;

impl Engine {
    /// The operation is accepted and committed: its resources take their states, the caller is answered, and those
    /// whose turn it is begin.
    pub(crate) fn run(&mut self, id: OperationId) {
        self.unreserve(id);
        if let Some(operation) = self.operations.get_mut(&id) {
            operation.phase = Phase::Running;
        }
        let Some(operation) = self.operations.get(&id) else { return };
        let parts: Vec<(ResourceId, PartGoal)> =
            operation.parts.iter().map(|(id, part)| (*id, part.goal.clone())).collect();
        let mut losers = Vec::new();
        for (resource, goal) in &parts {
            losers.extend(self.enter_part(id, *resource, goal));
        }
        // What came online after the decision, on top of what goes now.
        for (resource, _) in parts.iter().filter(|(_, goal)| goal.is_down()) {
            if self.live.get(resource).is_some_and(|live| live.state != ResourceState::Online) {
                self.take_dependents_down(*resource);
            }
        }
        self.answer_accepted(id);
        self.journal_begin(id);
        self.serve_waiters(id);
        for (resource, _) in &parts {
            self.try_begin(*resource);
        }
        losers.sort_unstable();
        losers.dedup();
        for loser in losers {
            self.end_if_done(loser);
        }
        self.end_if_done(id);
    }

    /// An operation that was taken over from an earlier service goes on.
    pub(crate) fn go_on(&mut self, id: OperationId) {
        let Some(operation) = self.operations.get_mut(&id) else { return };
        operation.phase = Phase::Running;
        let parts: Vec<ResourceId> = operation.parts.keys().copied().collect();
        for resource in parts {
            self.try_begin(resource);
        }
        self.end_if_done(id);
    }

    /// A resource takes its place in an operation that begins to run. Answers which operation lost it.
    fn enter_part(&mut self, id: OperationId, resource: ResourceId, goal: &PartGoal) -> Option<OperationId> {
        let Some(live) = self.live.get(&resource) else {
            self.close_part(id, resource);
            return None;
        };
        let (state, other, unproven) = (live.state, live.claim.filter(|claim| *claim != id), live.unproven);
        let has_task = live.task.is_some();
        // One that waits for the commit of a veto goes on as well, and must know that the resource is no longer its own.
        let other = other.filter(|other| self.is_running(*other) || self.is_vetoing(*other));
        let settles = PartGoal::Settle;
        let is_asked = self.is_asked_of(id, resource);
        // What has failed since the decision is taken offline all the same.
        let goal = if is_asked && (goal, state) == (&PartGoal::Down, ResourceState::Failed) {
            &settles
        } else {
            goal
        };
        let takes_over = matches!(goal, PartGoal::DownAtOnce | PartGoal::Settle | PartGoal::Clean(_));
        let is_free = other.is_none() || (takes_over || state == ResourceState::Online);
        // What became of it since the decision is another operation's doing, or a failure's.
        let next = match (goal, state) {
            _ if !is_free => None,
            (PartGoal::Down, ResourceState::Online) => Some(goal.clone()),
            (PartGoal::Cycle, ResourceState::Online) => Some(goal.clone()),
            (PartGoal::Cycle, ResourceState::Offline) => Some(PartGoal::Up),
            (PartGoal::DownAtOnce, ResourceState::Failed) if !unproven => Some(PartGoal::Settle),
            // Offline with a task: a host is opening it.
            (PartGoal::DownAtOnce, state) if state != ResourceState::Offline || has_task => {
                Some(goal.clone())
            }
            (PartGoal::Settle, ResourceState::Failed) => Some(goal.clone()),
            (PartGoal::Clean(_), state) if state != ResourceState::Offline => Some(goal.clone()),
            (PartGoal::Up | PartGoal::Restore, ResourceState::Online) => None,
            (PartGoal::Up | PartGoal::Restore, state) if !state.is_pending() && !unproven => {
                Some(goal.clone())
            }
            (PartGoal::Up, ResourceState::Initializing) => Some(goal.clone()),
            (PartGoal::Open, _) if other.is_none() => Some(goal.clone()),
            (PartGoal::Reopen, ResourceState::Online) => Some(goal.clone()),
            _ => None,
        };
        let Some(next) = next else {
            let failure = self.live.get(&resource).and_then(|live| live.failure.clone());
            let failure = failure.or_else(|| {
                // There is nothing any more that could be treated as failed.
                matches!(goal, PartGoal::Clean(_))
                    .then(|| Cause::new(Status::INVALID_STATE, format!("it is {state}")))
            });
            if let (true, Some(cause), Some(operation)) = (is_asked, failure, self.operations.get_mut(&id)) {
                operation.trouble.get_or_insert(cause);
            }
            self.close_part(id, resource);
            return None;
        };
        let goal = next;
        if !matches!(goal, PartGoal::Clean(_) | PartGoal::Open | PartGoal::Reopen) {
            self.cancel_plan(resource);
        }
        let loser = other.filter(|other| self.take_part(*other, resource, id));
        if let Some(part) = self.operations.get_mut(&id).and_then(|found| found.parts.get_mut(&resource)) {
            (part.goal, part.cycles) = (goal.clone(), goal == PartGoal::Cycle);
        }
        if let Some(live) = self.live.get_mut(&resource) {
            live.claim = Some(id);
        }
        match &goal {
            PartGoal::Down | PartGoal::DownAtOnce | PartGoal::Cycle | PartGoal::Settle => {
                self.set_state(resource, ResourceState::OfflinePending);
            }
            PartGoal::Clean(cause) => self.set_failed(resource, cause.clone(), false),
            PartGoal::Up | PartGoal::Restore => self.set_state(resource, ResourceState::OnlinePending),
            PartGoal::Open | PartGoal::Reopen => {}
        }
        loser
    }

    /// Whether a caller has asked for this very resource, or for its whole group.
    fn is_asked_of(&self, id: OperationId, resource: ResourceId) -> bool {
        self.operations.get(&id).is_some_and(|operation| {
            operation.is_stored
                && !matches!(operation.record.object, ObjectId::Resource(object) if object != resource)
        })
    }

    pub(super) fn is_vetoing(&self, id: OperationId) -> bool {
        self.operations.get(&id).is_some_and(|operation| matches!(operation.phase, Phase::Vetoing { .. }))
    }

    pub(super) fn is_running(&self, id: OperationId) -> bool {
        self.operations.get(&id).is_some_and(|operation| matches!(operation.phase, Phase::Running))
    }

    /// Takes a resource out of another operation. Answers whether that one has to be looked at.
    fn take_part(&mut self, from: OperationId, resource: ResourceId, by: OperationId) -> bool {
        let Some(operation) = self.operations.get_mut(&from) else { return false };
        let Some(part) = operation.parts.get_mut(&resource).filter(|part| part.state != PartState::Ended)
        else {
            return false;
        };
        part.state = PartState::Ended;
        // A veto of the other does not bring it back.
        part.has_stopped = false;
        operation.open_parts -= 1;
        let shown = part.shown;
        let is_object = !matches!(operation.record.object, ObjectId::Resource(object) if object != resource);
        if is_object {
            operation.superseded_by = Some(by);
        }
        self.show_part_ended(from, shown, told::taken_over(by));
        true
    }

    /// A part that has nothing to do.
    pub(crate) fn close_part(&mut self, id: OperationId, resource: ResourceId) {
        let Some(operation) = self.operations.get_mut(&id) else { return };
        if let Some(part) = operation.parts.get_mut(&resource).filter(|part| part.state != PartState::Ended) {
            part.state = PartState::Ended;
            operation.open_parts -= 1;
        }
        if let Some(live) = self.live.get_mut(&resource).filter(|live| live.claim == Some(id)) {
            live.claim = None;
        }
        self.stir_policies();
    }

    /// Begins a resource's part if its turn has come.
    pub(crate) fn try_begin(&mut self, resource: ResourceId) {
        if self.startup.is_placing() {
            return;
        }
        let Some(live) = self.live.get(&resource) else { return };
        let Some(id) = live.claim else { return };
        let Some(operation) = self.operations.get(&id).filter(|found| matches!(found.phase, Phase::Running))
        else {
            return;
        };
        let Some(part) = operation.parts.get(&resource).filter(|part| part.state == PartState::Waiting)
        else {
            return;
        };
        let goal = part.goal.next();
        if part.goal.is_down() && !graph::may_stop(&self.model, &self.live, resource) {
            return;
        }
        let may_start = graph::may_start(&self.model, &self.live, resource);
        if part.goal.is_up() && !may_start && !seeded::has(Bug::ProviderNotAwaited) {
            return self.wait_for_providers(id, resource);
        }
        if part.goal.is_up() && graph::stopping_dependent(&self.model, &self.live, resource).is_some() {
            return;
        }
        if let Some(cause) = self.lock_against(id, resource) {
            return self.veto(id, cause);
        }
        if goal == Goal::Start && self.holds_start(id, resource) {
            return;
        }
        self.begin_part(id, resource, goal);
    }

    /// The lock that a resource was given since the operation was accepted, where that heeds locks.
    pub(crate) fn lock_against(&self, id: OperationId, resource: ResourceId) -> Option<Cause> {
        let operation = self.operations.get(&id)?;
        let goal = &operation.parts.get(&resource)?.goal;
        let reason = self.live.get(&resource)?.locked?;
        let heeds_locks = !seeded::has(Bug::LockNotCheckedAgain)
            && operation.may_be_refused()
            && !operation.offline_flags.contains(OfflineFlags::IGNORE_RESOURCE_STATUS)
            && matches!(goal, PartGoal::Down | PartGoal::Cycle);
        let name = self.name_of(resource);
        let text = format!("'{name}' was locked by its type meanwhile (reason {reason})");
        heeds_locks.then(|| Cause::new(Status::CLUSTER_RESOURCE_LOCKED_STATUS, text))
    }

    fn begin_part(&mut self, id: OperationId, resource: ResourceId, goal: Goal) {
        let shown = ShownPart {
            resource: self.shared_name_of(resource),
            action: goal.word().to_owned(),
            began_at_ms: self.now.unix_ms,
            ended_at_ms: None,
            outcome: String::new(),
            is_rebuilt: false,
        };
        let Some(operation) = self.operations.get_mut(&id) else { return };
        let Some(part) = operation.parts.get_mut(&resource) else { return };
        part.state = PartState::Running;
        part.shown = None;
        if operation.record.parts.len() < PARTS_SHOWN_MAX {
            part.shown = Some(operation.record.parts.len());
            operation.record.parts.push(shown);
        }
        self.note_begun(resource, goal);
        self.retarget_task(resource, id, goal);
    }

    /// A start whose providers are not online: it waits as long as they, or others in their place, may come. Else it has
    /// failed.
    fn wait_for_providers(&mut self, id: OperationId, resource: ResourceId) {
        if graph::may_yet_start(&self.model, &self.live, resource, |provider| self.comes_up(provider)) {
            return;
        }
        let is_cut_off = self.live.get(&resource).is_some_and(|live| live.cut_off);
        match self.try_alternatives(id, resource) {
            Fallback::Tried => {}
            // What an earlier host may have left of it holds up the provider in turn, and goes first.
            Fallback::HeldUp if !is_cut_off => {}
            Fallback::HeldUp | Fallback::None => {
                let cause = self.provider_failed(resource);
                self.show_part_unbegun(id, resource, &cause);
                self.part_failed(id, resource, cause, !is_cut_off);
                self.clean_up_doubt(resource);
            }
        }
    }

    pub(super) fn provider_failed(&self, resource: ResourceId) -> Cause {
        let text = match self.missing(resource).as_slice() {
            [only] => format!("its provider '{only}' is not online"),
            several => format!("none of its providers '{}' is online", several.join("', '")),
        };
        Cause::new(Status::CLUSTER_RESOURCE_PROVIDER_FAILED, text)
    }

    /// The first provider that a resource misses, or the alternatives of which it misses one, by name.
    pub(super) fn missing(&self, resource: ResourceId) -> Vec<String> {
        let online = |id| self.live.get(&id).is_some_and(|live| live.state == ResourceState::Online);
        let mut unmet =
            self.model.resource(resource).into_iter().flat_map(|found| found.depends_on.unmet(online));
        unmet.next().map(|providers| self.names_of(providers)).unwrap_or_default()
    }

    /// A task has ended.
    pub(crate) fn task_ended(&mut self, resource: ResourceId, id: OperationId, end: TaskEnd) {
        if self.live.get(&resource).and_then(|live| live.claim).is_some_and(|claim| claim != id) {
            // A later operation has taken the resource over; it goes on from what this came to.
            if let TaskEnd::Failed { cause, .. } = end {
                self.handle_failed(resource, cause);
            }
            return self.poke(resource);
        }
        let part = self.operations.get_mut(&id).and_then(|found| found.parts.get_mut(&resource));
        let Some(part) = part else { return self.orphan_ended(resource, end) };
        let (goal, shown) = (part.goal.clone(), part.shown);
        match end {
            TaskEnd::Online => {
                self.show_part_ended(id, shown, told::ONLINE.into());
                self.set_state(resource, ResourceState::Online);
                self.part_done(id, resource);
                self.check_needs(resource);
            }
            TaskEnd::Borne(cause) => {
                self.show_part_ended(id, shown, format!("in maintenance: {cause}"));
                self.bears_with(resource, &cause);
                self.part_done(id, resource);
                self.check_needs(resource);
            }
            TaskEnd::Offline => {
                self.show_part_ended(id, shown, told::OFFLINE.into());
                self.part_is_offline(id, resource, &goal);
            }
            TaskEnd::Failed { cause, proven } => {
                self.show_part_ended(id, shown, cause.to_string());
                self.part_failed(id, resource, cause, proven);
            }
            TaskEnd::Vetoed(cause) => {
                self.show_part_ended(id, shown, told::vetoed(&cause));
                if let Some(part) =
                    self.operations.get_mut(&id).and_then(|found| found.parts.get_mut(&resource))
                {
                    part.state = PartState::Waiting;
                }
                let cause = self.cause_of(id, resource, cause);
                self.veto(id, cause);
            }
        }
    }

    /// A task whose operation is gone; that would be a mistake of ours. The resource keeps a true state.
    fn orphan_ended(&mut self, resource: ResourceId, end: TaskEnd) {
        match end {
            TaskEnd::Online | TaskEnd::Vetoed(_) | TaskEnd::Borne(_) => {
                self.set_state(resource, ResourceState::Online);
            }
            TaskEnd::Offline => self.set_state(resource, ResourceState::Offline),
            TaskEnd::Failed { cause, proven } => self.set_failed(resource, cause, proven),
        }
    }

    fn part_is_offline(&mut self, id: OperationId, resource: ResourceId, goal: &PartGoal) {
        let Some(operation) = self.operations.get_mut(&id) else { return };
        let restores = operation.step.restores();
        let next = match goal {
            PartGoal::Cycle if !restores => Some(PartGoal::Up),
            PartGoal::Cycle | PartGoal::Down if restores => Some(PartGoal::Restore),
            _ => None,
        };
        if let Some(part) = operation.parts.get_mut(&resource) {
            part.has_stopped = matches!(goal, PartGoal::Cycle | PartGoal::Down);
        }
        // That it is known to a host again says nothing about why it failed.
        let has_failed = self.live.get(&resource).is_some_and(|live| live.state == ResourceState::Failed);
        if *goal == PartGoal::Open && has_failed {
            return self.part_done(id, resource);
        }
        self.set_state(resource, ResourceState::Offline);
        let Some(next) = next else { return self.part_done(id, resource) };
        if let Some(part) = self.operations.get_mut(&id).and_then(|found| found.parts.get_mut(&resource)) {
            (part.goal, part.state) = (next, PartState::Waiting);
        }
        self.set_state(resource, ResourceState::OnlinePending);
        self.poke(resource);
    }

    /// A part ends with the resource failed.
    fn part_failed(&mut self, id: OperationId, resource: ResourceId, cause: Cause, proven: bool) {
        let told = self.cause_of(id, resource, cause.clone());
        let is_left = self.is_left_to_start(resource);
        if let Some(operation) = self.operations.get_mut(&id) {
            let is_asked = matches!(operation.record.verb, Verb::Recover | Verb::Fail)
                && operation.parts.get(&resource).is_some_and(|part| matches!(part.goal, PartGoal::Clean(_)));
            let counts = match &operation.record.object {
                ObjectId::Resource(object) => *object == resource || operation.record.verb == Verb::Restart,
                _ => true,
            };
            if counts && !(is_asked && proven) {
                operation.trouble.get_or_insert(told);
            }
            let was_reopened = operation.parts.get(&resource).is_some_and(|p| p.goal == PartGoal::Reopen);
            if let Some(live) = self.live.get_mut(&resource) {
                live.lost = (was_reopened || live.lost) && is_left;
            }
        }
        let was_opened = self.operations.get(&id).and_then(|found| found.parts.get(&resource));
        let was_opened = was_opened.is_some_and(|part| part.goal == PartGoal::Open);
        let rests = self.live.get(&resource).is_some_and(|live| {
            matches!(live.state, ResourceState::Offline | ResourceState::Failed) && !live.unproven
        });
        if was_opened && rests && proven {
            // Nobody wanted more of it than to be known; its next online will say the same.
            return self.part_done(id, resource);
        }
        let status = cause.status;
        self.set_failed(resource, cause, proven);
        let goal = self.operations.get(&id).and_then(|found| found.parts.get(&resource));
        let goal = goal.map(|part| part.goal.clone());
        self.heed_failed_part(resource, goal.as_ref(), status, proven);
        self.part_done(id, resource);
        self.take_dependents_down(resource);
    }

    /// A part has ended: the resource is free.
    fn part_done(&mut self, id: OperationId, resource: ResourceId) {
        self.close_part(id, resource);
        self.poke(resource);
        self.end_if_done(id);
    }

    /// Something about a resource has changed: its neighbours may have their turn, and so may what serves the same
    /// dependents, and is perhaps relied on no longer.
    pub(crate) fn poke(&mut self, resource: ResourceId) {
        let dependents: Vec<ResourceId> = self.model.dependents(resource).collect();
        let mut neighbours: BTreeSet<ResourceId> = dependents.iter().copied().collect();
        for id in dependents.into_iter().chain([resource]) {
            neighbours
                .extend(self.model.resource(id).into_iter().flat_map(|found| found.depends_on.providers()));
        }
        neighbours.remove(&resource);
        self.try_begin(resource);
        for neighbour in neighbours {
            self.try_begin(neighbour);
        }
    }
}
