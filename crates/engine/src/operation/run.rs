//! Running operations: whose turn it is, what a part's end means, and the operation's end.
//!
//! A part's turn comes when nothing that depends on it still runs (down) or when everything it needs is online (up).
//! So order follows from the graph, and independent resources go side by side.

use std::collections::BTreeMap;

use mainstay_types::operation::{End, Part as ShownPart, Verb};
use mainstay_types::order::Cause;
use mainstay_types::{ObjectId, OfflineFlags, OperationId, ResourceId, ResourceState, Status};

use super::stored::StoredStep;
use super::{Operation, Part, PartGoal, PartState, Phase};
use crate::Engine;
use crate::effect::Effect;
use crate::graph;
use crate::limits::PARTS_SHOWN_MAX;
use crate::live::{Goal, Stage};
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
        let other = other.filter(|other| self.is_running(*other));
        let takes_over = matches!(goal, PartGoal::DownAtOnce | PartGoal::Settle | PartGoal::Clean(_));
        let is_free = other.is_none() || (takes_over || state == ResourceState::Online);
        // What became of it since the decision is another operation's doing, or a failure's.
        let goal = match (goal, state) {
            _ if !is_free => None,
            (PartGoal::Down, ResourceState::Online) => Some(goal.clone()),
            (PartGoal::Cycle, ResourceState::Online) => Some(goal.clone()),
            (PartGoal::Cycle, ResourceState::Offline) => Some(PartGoal::Up),
            (PartGoal::DownAtOnce, ResourceState::Failed) if !unproven => Some(PartGoal::Settle),
            (PartGoal::DownAtOnce, state) if state != ResourceState::Offline => Some(goal.clone()),
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
        let Some(goal) = goal else {
            self.close_part(id, resource);
            return None;
        };
        let loser = other.filter(|other| self.take_part(*other, resource, id));
        if let Some(part) = self.operations.get_mut(&id).and_then(|found| found.parts.get_mut(&resource)) {
            part.goal = goal.clone();
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

    fn is_vetoing(&self, id: OperationId) -> bool {
        self.operations.get(&id).is_some_and(|operation| matches!(operation.phase, Phase::Vetoing { .. }))
    }

    fn is_running(&self, id: OperationId) -> bool {
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
        operation.open_parts -= 1;
        let shown = part.shown;
        let is_object = !matches!(operation.record.object, ObjectId::Resource(object) if object != resource);
        if is_object {
            operation.superseded_by = Some(by);
        }
        self.show_part_ended(from, shown, format!("taken over by operation {by}"));
        true
    }

    /// A part that has nothing to do.
    fn close_part(&mut self, id: OperationId, resource: ResourceId) {
        let Some(operation) = self.operations.get_mut(&id) else { return };
        if let Some(part) = operation.parts.get_mut(&resource).filter(|part| part.state != PartState::Ended) {
            part.state = PartState::Ended;
            operation.open_parts -= 1;
        }
        if let Some(live) = self.live.get_mut(&resource).filter(|live| live.claim == Some(id)) {
            live.claim = None;
        }
    }

    /// Begins a resource's part if its turn has come.
    pub(crate) fn try_begin(&mut self, resource: ResourceId) {
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
        let heeds_locks = matches!(operation.record.verb, Verb::Offline | Verb::Restart)
            && !operation.offline_flags.contains(OfflineFlags::IGNORE_RESOURCE_STATUS)
            && matches!(part.goal, PartGoal::Down | PartGoal::Cycle);
        let goal = match part.goal {
            PartGoal::Down | PartGoal::Cycle => Goal::Stop,
            PartGoal::DownAtOnce => Goal::Terminate,
            PartGoal::Settle => Goal::Settle,
            PartGoal::Clean(_) => Goal::Clean,
            PartGoal::Up => Goal::Start,
            PartGoal::Restore => Goal::Restore,
            PartGoal::Open => Goal::Open,
            PartGoal::Reopen => Goal::Reopen,
        };
        if part.goal.is_down() && !graph::may_stop(&self.model, &self.live, resource) {
            return;
        }
        if part.goal.is_up() && !graph::may_start(&self.model, &self.live, resource) {
            return self.wait_for_providers(id, resource);
        }
        if let (true, Some(reason)) = (heeds_locks, live.locked) {
            let name = self.name_of(resource);
            let text = format!("'{name}' was locked by its type meanwhile (reason {reason})");
            return self.veto(id, Cause::new(Status::CLUSTER_RESOURCE_LOCKED_STATUS, text));
        }
        self.begin_part(id, resource, goal);
    }

    fn begin_part(&mut self, id: OperationId, resource: ResourceId, goal: Goal) {
        let shown = ShownPart {
            resource: self.shared_name_of(resource),
            action: goal.word().to_owned(),
            began_at_ms: self.now.unix_ms,
            ended_at_ms: None,
            outcome: String::new(),
        };
        let Some(operation) = self.operations.get_mut(&id) else { return };
        let Some(part) = operation.parts.get_mut(&resource) else { return };
        part.state = PartState::Running;
        part.shown = None;
        if operation.record.parts.len() < PARTS_SHOWN_MAX {
            part.shown = Some(operation.record.parts.len());
            operation.record.parts.push(shown);
        }
        self.retarget_task(resource, id, goal);
    }

    /// A start whose providers are not online: it waits as long as they may come, else it has failed.
    fn wait_for_providers(&mut self, id: OperationId, resource: ResourceId) {
        let comes = |provider: ResourceId| {
            let claim = self.live.get(&provider).and_then(|live| live.claim);
            let operation = claim.and_then(|claim| self.operations.get(&claim));
            operation.and_then(|found| found.parts.get(&provider)).is_some_and(|part| {
                part.state != PartState::Ended
                    && matches!(part.goal, PartGoal::Up | PartGoal::Restore | PartGoal::Cycle)
            })
        };
        if graph::may_yet_start(&self.model, &self.live, resource, comes) {
            return;
        }
        let cause = self.provider_failed(resource);
        self.part_failed(id, resource, cause, true);
    }

    /// What came online has to go down again if what it needs went meanwhile.
    fn check_needs(&mut self, resource: ResourceId) {
        if graph::may_start(&self.model, &self.live, resource) {
            return;
        }
        let providers: Vec<ResourceId> = self
            .model
            .resource(resource)
            .map(|found| found.depends_on.providers().collect())
            .unwrap_or_default();
        for provider in providers {
            if self.live.get(&provider).is_some_and(|live| live.state != ResourceState::Online) {
                self.take_dependents_down(provider);
            }
        }
    }

    fn provider_failed(&self, resource: ResourceId) -> Cause {
        let missing = self.model.resource(resource).and_then(|found| {
            let online =
                |id: &ResourceId| self.live.get(id).is_some_and(|live| live.state == ResourceState::Online);
            found.depends_on.providers().find(|provider| !online(provider))
        });
        let name = missing.map(|missing| self.name_of(missing)).unwrap_or_default();
        let text = format!("its provider '{name}' is not online");
        Cause::new(Status::CLUSTER_RESOURCE_PROVIDER_FAILED, text)
    }

    /// A task has ended.
    pub(crate) fn task_ended(&mut self, resource: ResourceId, id: OperationId, end: TaskEnd) {
        if self.live.get(&resource).and_then(|live| live.claim).is_some_and(|claim| claim != id) {
            // A later operation has taken the resource over; whatever this came to, it goes on from here.
            return self.poke(resource);
        }
        let part = self.operations.get_mut(&id).and_then(|found| found.parts.get_mut(&resource));
        let Some(part) = part else { return self.orphan_ended(resource, end) };
        let (goal, shown) = (part.goal.clone(), part.shown);
        match end {
            TaskEnd::Online => {
                self.show_part_ended(id, shown, "online".into());
                self.set_state(resource, ResourceState::Online);
                self.part_done(id, resource);
                self.check_needs(resource);
            }
            TaskEnd::Offline => {
                self.show_part_ended(id, shown, "offline".into());
                self.part_is_offline(id, resource, &goal);
            }
            TaskEnd::Failed { cause, proven } => {
                self.show_part_ended(id, shown, cause.to_string());
                self.part_failed(id, resource, cause, proven);
            }
            TaskEnd::Vetoed(cause) => {
                self.show_part_ended(id, shown, format!("vetoed: {cause}"));
                if let Some(part) =
                    self.operations.get_mut(&id).and_then(|found| found.parts.get_mut(&resource))
                {
                    part.state = PartState::Waiting;
                }
                self.veto(id, cause);
            }
        }
    }

    /// A task whose operation is gone; that would be a mistake of ours. The resource keeps a true state.
    fn orphan_ended(&mut self, resource: ResourceId, end: TaskEnd) {
        match end {
            TaskEnd::Online | TaskEnd::Vetoed(_) => self.set_state(resource, ResourceState::Online),
            TaskEnd::Offline => self.set_state(resource, ResourceState::Offline),
            TaskEnd::Failed { cause, proven } => self.set_failed(resource, cause, proven),
        }
    }

    fn part_is_offline(&mut self, id: OperationId, resource: ResourceId, goal: &PartGoal) {
        let Some(operation) = self.operations.get_mut(&id) else { return };
        let restores = matches!(operation.step, StoredStep::Restoring(_));
        let next = match goal {
            PartGoal::Cycle if !restores => Some(PartGoal::Up),
            PartGoal::Cycle | PartGoal::Down if restores => Some(PartGoal::Restore),
            _ => None,
        };
        if let Some(part) = operation.parts.get_mut(&resource) {
            part.has_stopped = matches!(goal, PartGoal::Cycle | PartGoal::Down);
        }
        if *goal == PartGoal::Open && self.live.get(&resource).is_some_and(|live| live.unproven) {
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
        if let Some(operation) = self.operations.get_mut(&id) {
            let is_asked = matches!(operation.record.verb, Verb::Recover | Verb::Fail)
                && operation.parts.get(&resource).is_some_and(|part| matches!(part.goal, PartGoal::Clean(_)));
            let counts = match &operation.record.object {
                ObjectId::Resource(object) => *object == resource || operation.record.verb == Verb::Restart,
                _ => true,
            };
            if counts && !(is_asked && proven) {
                operation.trouble.get_or_insert(cause.clone());
            }
            let was_reopened = operation.parts.get(&resource).is_some_and(|p| p.goal == PartGoal::Reopen);
            if let Some(live) = self.live.get_mut(&resource) {
                live.lost = was_reopened && self.startup.is_recovering();
            }
        }
        self.set_failed(resource, cause, proven);
        self.part_done(id, resource);
        self.take_dependents_down(resource);
    }

    /// A part has ended: the resource is free.
    fn part_done(&mut self, id: OperationId, resource: ResourceId) {
        self.close_part(id, resource);
        self.poke(resource);
        self.end_if_done(id);
    }

    /// Something about a resource has changed: its neighbours may have their turn.
    pub(crate) fn poke(&mut self, resource: ResourceId) {
        let providers: Vec<ResourceId> = self
            .model
            .resource(resource)
            .map(|found| found.depends_on.providers().collect())
            .unwrap_or_default();
        let dependents: Vec<ResourceId> = self.model.dependents(resource).collect();
        self.try_begin(resource);
        for neighbour in providers.into_iter().chain(dependents) {
            self.try_begin(neighbour);
        }
    }

    /// A failed resource is proven to have nothing left, without a task.
    pub(crate) fn became_proven(&mut self, resource: ResourceId) {
        if let Some(live) = self.live.get_mut(&resource) {
            live.unproven = false;
        }
        self.poke(resource);
    }

    /// A host reports that a resource is online no longer.
    pub(crate) fn handle_failed(&mut self, resource: ResourceId, cause: Cause) {
        let Some(live) = self.live.get_mut(&resource) else { return };
        live.last_status = cause.status.0;
        if live.task.as_ref().is_some_and(|task| task.goal != Goal::Reopen) {
            // The order that is under way ends with it.
            return;
        }
        let (claim, state) = (live.claim, live.state);
        let waiting = claim.filter(|id| self.is_running(*id) || self.is_vetoing(*id));
        match (state, waiting) {
            (ResourceState::OfflinePending, Some(id)) => {
                let part = self.operations.get_mut(&id).and_then(|found| found.parts.get_mut(&resource));
                if let Some(part) = part.filter(|part| part.state == PartState::Waiting) {
                    part.goal = PartGoal::Clean(cause.clone());
                    self.set_failed(resource, cause, false);
                    self.try_begin(resource);
                }
            }
            (ResourceState::Online, _) => self.recover_from(resource, cause, Verb::Recover),
            _ => {}
        }
    }

    /// Cleans up after a failure: what failed is terminated, and what depends on it goes down in the same step.
    fn recover_from(&mut self, resource: ResourceId, cause: Cause, verb: Verb) {
        let mut parts = BTreeMap::new();
        for id in graph::stop_closure(&self.model, &self.live, [resource]) {
            if id == resource {
                parts.insert(id, PartGoal::Clean(cause.clone()));
            } else if self.live.get(&id).is_some_and(|live| live.state == ResourceState::Online) {
                parts.insert(id, PartGoal::Down);
            }
        }
        self.start_internal(verb, ObjectId::Resource(resource), parts, &format!("it failed: {cause}"));
        self.stop_starting_dependents(resource);
    }

    /// What depends on a resource that is not online any more goes down now.
    pub(crate) fn take_dependents_down(&mut self, resource: ResourceId) {
        let closure = graph::stop_closure(&self.model, &self.live, [resource]);
        let is_online = |id: &ResourceId| {
            *id != resource && self.live.get(id).is_some_and(|live| live.state == ResourceState::Online)
        };
        let parts: BTreeMap<ResourceId, PartGoal> =
            closure.into_iter().filter(is_online).map(|id| (id, PartGoal::Down)).collect();
        if !parts.is_empty() {
            let text = format!("what it needs, '{}', is not online", self.name_of(resource));
            self.start_internal(Verb::Recover, ObjectId::Resource(resource), parts, &text);
        }
        self.stop_starting_dependents(resource);
    }

    /// Dependents in the middle of their start are terminated: their provider is gone.
    fn stop_starting_dependents(&mut self, resource: ResourceId) {
        let starting: Vec<ResourceId> = self
            .model
            .dependents(resource)
            .filter(|id| self.has_goal(*id, &[Goal::Start, Goal::Restore]))
            .filter(|id| !graph::may_start(&self.model, &self.live, *id))
            .collect();
        for id in starting {
            let cause = self.provider_failed(id);
            self.give_up_start(id, cause);
        }
    }

    /// Begins an operation of the service's own.
    pub(crate) fn start_internal(
        &mut self,
        verb: Verb,
        object: ObjectId,
        parts: BTreeMap<ResourceId, PartGoal>,
        why: &str,
    ) -> OperationId {
        let id = self.new_operation_id();
        let mut operation = Operation::internal(self.internal_record(id, verb, object, why));
        operation.open_parts = parts.len();
        operation.parts = parts.into_iter().map(|(id, goal)| (id, Part::new(goal))).collect();
        self.operations.insert(id, operation);
        self.raise_epochs_and_run(id);
        id
    }

    /// A resource refused to stop: everything comes back as it was.
    pub(crate) fn veto(&mut self, id: OperationId, cause: Cause) {
        let Some(operation) = self.operations.get_mut(&id) else { return };
        if matches!(operation.record.verb, Verb::Offline | Verb::Restart) {
            if matches!(operation.step, StoredStep::Restoring(_)) {
                if self.is_running(id) {
                    for resource in self.revert_waiting_parts(id) {
                        self.poke(resource);
                        self.check_needs(resource);
                    }
                    self.end_if_done(id);
                }
                return;
            }
            operation.step = StoredStep::Restoring(cause);
            return self.commit_veto(id);
        }
        // Nobody asked whether it may stop: what it needs has failed. What refuses is stopped at once.
        let refusing: Vec<ResourceId> = operation
            .parts
            .iter()
            .filter(|(_, part)| part.state == PartState::Waiting && part.goal == PartGoal::Down)
            .map(|(id, _)| *id)
            .filter(|id| graph::may_stop(&self.model, &self.live, *id))
            .collect();
        for resource in refusing {
            if let Some(part) = self.operations.get_mut(&id).and_then(|found| found.parts.get_mut(&resource))
            {
                part.goal = PartGoal::DownAtOnce;
            }
            self.try_begin(resource);
        }
    }

    /// The veto is committed: what had not begun is online as before, what had stopped comes back.
    pub(crate) fn restore(&mut self, id: OperationId) {
        let Some(operation) = self.operations.get_mut(&id) else { return };
        operation.phase = Phase::Running;
        let stopped: Vec<ResourceId> = operation
            .parts
            .iter()
            .filter(|(_, part)| part.state == PartState::Ended && part.has_stopped)
            .map(|(id, _)| *id)
            .collect();
        let reverted = self.revert_waiting_parts(id);
        let comes_back =
            |live: &crate::live::Live| live.claim.is_none() && live.state == ResourceState::Offline;
        for resource in &stopped {
            let Some(live) = self.live.get_mut(resource).filter(|live| comes_back(live)) else { continue };
            live.claim = Some(id);
            if let Some(operation) = self.operations.get_mut(&id) {
                operation.open_parts += 1;
                operation.parts.insert(*resource, Part::new(PartGoal::Restore));
            }
            self.set_state(*resource, ResourceState::OnlinePending);
        }
        // What they need may have failed meanwhile.
        for resource in reverted {
            self.check_needs(resource);
        }
        self.serve_waiters(id);
        let parts: Vec<ResourceId> =
            self.operations.get(&id).map(|found| found.parts.keys().copied().collect()).unwrap_or_default();
        for resource in parts {
            self.poke(resource);
        }
        self.end_if_done(id);
    }

    /// What had not begun to stop is online as before. Answers which resources that are.
    fn revert_waiting_parts(&mut self, id: OperationId) -> Vec<ResourceId> {
        let Some(operation) = self.operations.get(&id) else { return Vec::new() };
        let waiting: Vec<ResourceId> = operation
            .parts
            .iter()
            .filter(|(_, part)| {
                part.state == PartState::Waiting && matches!(part.goal, PartGoal::Down | PartGoal::Cycle)
            })
            .map(|(id, _)| *id)
            .collect();
        for resource in &waiting {
            self.set_state(*resource, ResourceState::Online);
            self.close_part(id, *resource);
        }
        waiting
    }

    /// Ends an operation that has no part left.
    pub(crate) fn end_if_done(&mut self, id: OperationId) {
        let Some(operation) = self.operations.get(&id) else { return };
        if operation.open_parts > 0 || !matches!(operation.phase, Phase::Running) {
            return;
        }
        let end = match (&operation.superseded_by, &operation.step, &operation.trouble) {
            (Some(by), ..) => End::Superseded(*by),
            (_, StoredStep::Restoring(cause), _) => End::Vetoed(cause.clone()),
            (_, _, Some(cause)) => End::Failed(cause.clone()),
            (_, _, None) => End::Done,
        };
        self.end_operation(id, end);
    }

    /// The operation has ended; the journal is told, and then the database.
    pub(crate) fn end_operation(&mut self, id: OperationId, end: End) {
        let now_ms = self.now.unix_ms;
        let Some(operation) = self.operations.get_mut(&id) else { return };
        operation.phase = Phase::Ended;
        operation.record.ended_at_ms = Some(now_ms);
        operation.buffer = Vec::new();
        operation.members = std::mem::take(&mut operation.parts).into_keys().collect();
        operation.call = None;
        let status = end.status();
        let (text, is_due) = (end_text(&end), operation.answer_at_end);
        operation.record.end = Some(end);
        if is_due {
            operation.record.answer = status;
            self.answer(id, status, text);
        }
        self.journal(id);
        self.serve_waiters(id);
        self.consider_start_up();
    }

    pub(crate) fn show_part_ended(&mut self, id: OperationId, shown: Option<usize>, outcome: String) {
        let now_ms = self.now.unix_ms;
        let Some(operation) = self.operations.get_mut(&id) else { return };
        if let Some(part) = shown.and_then(|index| operation.record.parts.get_mut(index))
            && part.ended_at_ms.is_none()
        {
            part.ended_at_ms = Some(now_ms);
            part.outcome = outcome;
        }
    }

    /// The journal hears of a beginning only where the database has it too, so that an end will follow for certain.
    /// What the service does by itself is begun anew after a crash, under another id.
    fn journal_begin(&mut self, id: OperationId) {
        if self.operations.get(&id).is_some_and(|operation| operation.is_stored) {
            self.journal(id);
        }
    }

    pub(crate) fn journal(&mut self, id: OperationId) {
        if let Some(operation) = self.operations.get(&id) {
            self.effects.push(Effect::Journal(Box::new(operation.record.clone())));
        }
    }

    /// What a pending resource waits for, in words.
    pub(crate) fn waits_for(&self, resource: ResourceId) -> String {
        let Some(live) = self.live.get(&resource) else { return String::new() };
        if let Some(task) = &live.task {
            return match task.stage {
                Stage::Host => format!("{} ({})", task.stage.waits_for(), self.task_host(resource)),
                stage => stage.waits_for().to_owned(),
            };
        }
        if live.state == ResourceState::OnlinePending {
            let missing = self.model.resource(resource).and_then(|found| {
                let online =
                    |id: &ResourceId| self.live.get(id).is_some_and(|l| l.state == ResourceState::Online);
                found.depends_on.providers().find(|provider| !online(provider))
            });
            return missing
                .map_or_else(|| "its turn".into(), |id| format!("provider '{}'", self.name_of(id)));
        }
        let blocking = graph::blocking_dependent(&self.model, &self.live, resource);
        blocking.map_or_else(|| "its turn".into(), |id| format!("dependent '{}'", self.name_of(id)))
    }
}

fn end_text(end: &End) -> String {
    match end {
        End::Done => String::new(),
        End::Refused(cause) | End::Vetoed(cause) | End::Failed(cause) => cause.text.clone(),
        End::Superseded(by) => format!("operation {by} asked for something else"),
    }
}
