//! Calls that stand behind an operation, and what an operation keeps others from while it is being accepted.
//!
//! It never decides about a call: whoever has waited is looked at again from the start.

use std::collections::BTreeSet;

use mainstay_types::{ObjectId, OperationId, ResourceId};

use super::accept::Draft;
use super::{Part, PartGoal, PartState, Phase};
use crate::Engine;
use crate::command::Call;
use crate::error::ServiceError;
use crate::graph;
use crate::limits::WAITING_CALLS_MAX;

impl Engine {
    /// The call stands behind another operation on the same closure.
    pub(crate) fn wait_behind(&mut self, other: OperationId, call: Call) {
        if self.waiting_calls >= WAITING_CALLS_MAX {
            let busy = ServiceError::Busy { what: "calls", max: WAITING_CALLS_MAX };
            return self.refuse(&call, None, &busy.into());
        }
        match self.operations.get_mut(&other) {
            Some(operation) if !matches!(operation.phase, Phase::Ended) => {
                operation.waiters.push(call);
                self.waiting_calls += 1;
            }
            _ => self.recalled.push_back(call),
        }
    }

    /// Whoever stood behind this operation is looked at again, in order.
    pub(crate) fn serve_waiters(&mut self, id: OperationId) {
        if let Some(operation) = self.operations.get_mut(&id) {
            let waiters = std::mem::take(&mut operation.waiters);
            self.waiting_calls -= waiters.len();
            self.recalled.extend(waiters);
        }
    }

    /// Other calls on these resources wait until this operation is accepted or not.
    pub(crate) fn reserve(&mut self, id: OperationId, members: impl IntoIterator<Item = ResourceId>) {
        let mut reserved = Vec::new();
        for member in members {
            let other = self.live.get(&member).and_then(|live| live.reserved).filter(|other| *other != id);
            let is_taken = other.is_some_and(|other| self.operations.contains_key(&other));
            if let Some(live) = self.live.get_mut(&member).filter(|_| !is_taken) {
                live.reserved = Some(id);
                reserved.push(member);
            }
        }
        if let Some(operation) = self.operations.get_mut(&id) {
            operation.reserved.extend(reserved);
        }
    }

    /// What operations are going to bring up, those that are just being accepted among them. In between it may be down.
    pub(crate) fn coming_up(&self) -> BTreeSet<ResourceId> {
        let running = self.operations.values().filter(|found| !matches!(found.phase, Phase::Ended));
        let parts = running.flat_map(|operation| &operation.parts);
        let comes_up = |part: &Part| {
            matches!(part.goal, PartGoal::Up | PartGoal::Cycle | PartGoal::Restore | PartGoal::Reopen)
                && part.state != PartState::Ended
        };
        parts.filter(|(_, part)| comes_up(part)).map(|(id, _)| *id).collect()
    }

    /// What operations that have not ended have stopped, and would bring back after a veto or a cancellation.
    pub(crate) fn coming_back(&self) -> BTreeSet<ResourceId> {
        let running = self.operations.values().filter(|found| !matches!(found.phase, Phase::Ended));
        let parts = running.filter(|found| found.may_be_refused()).flat_map(|operation| &operation.parts);
        parts.filter(|(_, part)| part.has_stopped).map(|(id, _)| *id).collect()
    }

    pub(crate) fn unreserve(&mut self, id: OperationId) {
        let reserved = self.operations.get_mut(&id).map(|found| std::mem::take(&mut found.reserved));
        for member in reserved.unwrap_or_default() {
            if let Some(live) = self.live.get_mut(&member).filter(|live| live.reserved == Some(id)) {
                live.reserved = None;
            }
        }
        self.stir_policies();
    }

    /// Everything that must not change under a call while it is being accepted: what depends on what stops, what is
    /// needed by what starts, and whose word decides or goes.
    pub(super) fn concerned(&self, draft: &Draft, object: &ObjectId) -> BTreeSet<ResourceId> {
        let stops = draft.parts.iter().filter(|(_, goal)| goal.is_down()).map(|(id, _)| *id);
        let (object, members) = match object {
            ObjectId::Resource(object) => (Some(*object), None),
            ObjectId::Group(group) => (None, self.model.group(*group).map(|group| &group.members)),
            _ => (None, None),
        };
        let mut concerned = graph::with_dependents(&self.model, stops.chain(object));
        concerned.extend(members.into_iter().flatten());
        concerned.extend(&draft.persistent.concerns);
        let starts = draft.parts.iter().filter(|(_, goal)| !goal.is_down() || **goal == PartGoal::Cycle);
        concerned.extend(graph::with_providers(&self.model, starts.map(|(id, _)| *id)));
        concerned
    }
}
