//! A start whose provider did not come up: where the dependency has alternatives, the next one is tried.
//!
//! Acts for an operation that runs; what it adds is a part like the others. After a crash the choice is made anew from
//! what is there then. A resource that somebody has said should stay offline is never brought up in this way: the call
//! that wanted what needs it has overridden only the words that it had to.

use std::collections::BTreeMap;

use mainstay_types::{OnlineFlags, OperationId, ResourceId, ResourceState};

use super::{Part, PartGoal, PartState};
use crate::Engine;
use crate::alternatives::{self, Readiness};

/// What there is for a start that misses a provider.
pub(super) enum Fallback {
    /// Others are brought up in its place.
    Tried,
    /// One is in the hands of another operation; when it is free, the start is looked at again.
    HeldUp,
    /// Nothing.
    None,
}

impl Engine {
    /// Brings up in the same operation what may serve in place of providers that do not come.
    pub(super) fn try_alternatives(&mut self, id: OperationId, resource: ResourceId) -> Fallback {
        let readiness = |other| self.readiness_for(id, other);
        let closure = alternatives::start_closure(&self.model, [resource], &readiness);
        let others: BTreeMap<ResourceId, Readiness> = closure
            .into_iter()
            .filter(|other| *other != resource)
            .map(|other| (other, readiness(other)))
            .collect();
        let worst = others.values().max().copied().unwrap_or(Readiness::Never);
        match worst {
            Readiness::Never => return Fallback::None,
            Readiness::Busy => {
                self.held_up.insert(resource);
                return Fallback::HeldUp;
            }
            _ => {}
        }
        for other in others.keys() {
            if let Some(operation) = self.operations.get_mut(&id) {
                operation.parts.insert(*other, Part::new(PartGoal::Up));
                operation.open_parts += 1;
            }
            self.live.entry(*other).and_modify(|live| live.claim = Some(id));
            self.cancel_plan(*other);
            self.set_state(*other, ResourceState::OnlinePending);
        }
        for other in others.keys() {
            self.try_begin(*other);
        }
        Fallback::Tried
    }

    /// How readily a resource comes in place of one that has failed to.
    fn readiness_for(&self, id: OperationId, other: ResourceId) -> Readiness {
        let Some((operation, live)) = self.operations.get(&id).zip(self.live.get(&other)) else {
            return Readiness::Never;
        };
        let own = alternatives::readiness(&self.model, &self.live, self.config.node, other);
        let was_tried = operation.parts.get(&other).is_some_and(|part| part.state == PartState::Ended);
        let ignores_locks = operation.online_flags.contains(OnlineFlags::IGNORE_RESOURCE_STATUS);
        let stays_offline = self.model.resource(other).is_some_and(|found| found.persistent == Some(false));
        match own {
            Readiness::Serves | Readiness::Comes => Readiness::Serves,
            _ if self.comes_up(other) => Readiness::Serves,
            _ if was_tried || stays_offline || (live.locked.is_some() && !ignores_locks) => Readiness::Never,
            Readiness::Never => Readiness::Never,
            _ if live.claim.or(live.reserved).is_some() => Readiness::Busy,
            own => own,
        }
    }

    /// Whether an operation that has it in hand leads it up.
    pub(super) fn comes_up(&self, resource: ResourceId) -> bool {
        let claim = self.live.get(&resource).and_then(|live| live.claim);
        let operation = claim.and_then(|claim| self.operations.get(&claim));
        operation.and_then(|found| found.parts.get(&resource)).is_some_and(|part| {
            part.state != PartState::Ended
                && matches!(part.goal, PartGoal::Up | PartGoal::Restore | PartGoal::Cycle)
        })
    }

    /// Starts that were held up are looked at again: what held them up may be free.
    pub(crate) fn go_on_with_held_up(&mut self) {
        for resource in std::mem::take(&mut self.held_up) {
            self.try_begin(resource);
        }
    }
}
