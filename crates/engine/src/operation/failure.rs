//! What a failure means for others: what failed is cleaned, and what depends on it goes down in the same step (I2).
//!
//! Starts operations of the service's own; how one resource is cleaned is the [`crate::task`] room's.

use std::collections::BTreeMap;

use mainstay_types::operation::Verb;
use mainstay_types::order::Cause;
use mainstay_types::{ObjectId, OperationId, ResourceId, ResourceState, Status};

use super::{Operation, Part, PartGoal, PartState};
use crate::Engine;
use crate::graph;
use crate::live::Goal;

impl Engine {
    /// A host reports that a resource is online no longer.
    pub(crate) fn handle_failed(&mut self, resource: ResourceId, cause: Cause) {
        self.handle_failed_together(vec![(resource, cause)]);
    }

    /// A host reports it of several: none of them is relied on any more while another one is cleaned.
    pub(crate) fn handle_failed_together(&mut self, failed: Vec<(ResourceId, Cause)>) {
        let mut served = Vec::new();
        for (resource, cause) in failed {
            if self.note_reported_failure(resource, &cause) {
                self.set_failed(resource, cause.clone(), false);
                served.push((resource, cause));
            }
        }
        for (resource, cause) in served {
            self.recover_from(resource, cause);
        }
    }

    /// Answers whether it served until now, so that it has to be recovered.
    fn note_reported_failure(&mut self, resource: ResourceId, cause: &Cause) -> bool {
        let Some(live) = self.live.get_mut(&resource) else { return false };
        live.last_status = cause.status.0;
        self.touch_status(resource);
        if self.bears_with(resource, cause) {
            return false;
        }
        let Some(live) = self.live.get(&resource) else { return false };
        if live.task.as_ref().is_some_and(|task| task.goal != Goal::Reopen) {
            // The order that is under way ends with it.
            return false;
        }
        let (claim, state) = (live.claim, live.state);
        let waiting = claim.filter(|id| self.is_running(*id) || self.is_vetoing(*id));
        match (state, waiting) {
            (ResourceState::OfflinePending, Some(id)) => {
                let part = self.operations.get_mut(&id).and_then(|found| found.parts.get_mut(&resource));
                if let Some(part) = part.filter(|part| part.state == PartState::Waiting) {
                    let comes_back = part.goal == PartGoal::Cycle;
                    part.goal = PartGoal::Clean(cause.clone());
                    if comes_back {
                        self.note_failure(resource);
                    }
                    self.set_failed(resource, cause.clone(), false);
                    self.try_begin(resource);
                }
            }
            (ResourceState::Online, _) => return true,
            _ => {}
        }
        false
    }

    /// What counts as online is being taken down since nobody knows how it is.
    pub(super) fn fail_doomed(&mut self, resource: ResourceId) {
        let task = self.live.get(&resource).and_then(|live| live.task.as_ref());
        let cause = task.and_then(|task| task.cause.clone());
        let cause = cause.unwrap_or_else(|| Cause::new(Status::RESOURCE_FAILED, "it is being taken down"));
        self.recover_from(resource, cause);
    }

    /// Cleans up after a failure: what failed is terminated, and what depends on it goes down in the same step.
    fn recover_from(&mut self, resource: ResourceId, cause: Cause) {
        self.note_failure(resource);
        let mut parts = BTreeMap::new();
        for id in graph::stop_closure(&self.model, &self.live, [resource]) {
            if id == resource {
                parts.insert(id, PartGoal::Clean(cause.clone()));
            } else if self.live.get(&id).is_some_and(|live| live.state == ResourceState::Online) {
                parts.insert(id, PartGoal::Down);
            }
        }
        self.note_companions(resource, parts.keys().copied());
        self.start_internal(
            Verb::Recover,
            ObjectId::Resource(resource),
            parts,
            &format!("it failed: {cause}"),
        );
        self.stop_starting_dependents(resource);
    }

    /// What depends on a resource that is not online any more goes down now.
    pub(crate) fn take_dependents_down(&mut self, resource: ResourceId) {
        self.take_dependents_down_together(&[resource]);
    }

    /// The same for several of which none is online: what is the last that serves in place of one may go with another.
    pub(crate) fn take_dependents_down_together(&mut self, gone: &[ResourceId]) {
        let closure = graph::stop_closure(&self.model, &self.live, gone.iter().copied());
        let is_online = |id: &ResourceId| {
            !gone.contains(id) && self.live.get(id).is_some_and(|live| live.state == ResourceState::Online)
        };
        let parts: BTreeMap<ResourceId, PartGoal> =
            closure.into_iter().filter(is_online).map(|id| (id, PartGoal::Down)).collect();
        for id in gone {
            let above = graph::with_dependents(&self.model, [*id]);
            self.note_companions(*id, parts.keys().copied().filter(|part| above.contains(part)));
        }
        let lacking = self.lacking(gone, &parts);
        if let Some(first) = lacking.first() {
            let names: Vec<String> = lacking.iter().map(|id| format!("'{}'", self.name_of(*id))).collect();
            let text = match names.len() {
                1 => format!("what it needs, {}, is not online", names.join(", ")),
                _ => format!("what they need, {}, are not online", names.join(", ")),
            };
            self.start_internal(Verb::Recover, ObjectId::Resource(*first), parts, &text);
        }
        for id in gone {
            self.stop_starting_dependents(*id);
        }
    }

    /// Those of what is gone that any of these parts cannot do without.
    fn lacking(&self, gone: &[ResourceId], parts: &BTreeMap<ResourceId, PartGoal>) -> Vec<ResourceId> {
        let stays = |id: ResourceId| {
            !parts.contains_key(&id)
                && self.live.get(&id).is_some_and(|live| live.state == ResourceState::Online)
        };
        let is_missed = |id: &ResourceId| {
            let mut dependents = self.model.dependents(*id).filter(|dependent| parts.contains_key(dependent));
            dependents.any(|dependent| {
                let needs = self.model.resource(dependent).map(|found| &found.depends_on);
                needs.is_some_and(|needs| needs.relies_on(*id, stays))
            })
        };
        gone.iter().copied().filter(is_missed).collect()
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

    /// What came online has to go down again if what it needs went meanwhile.
    pub(crate) fn check_needs(&mut self, resource: ResourceId) {
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

    /// A failed resource is proven to have nothing left, without a task.
    pub(crate) fn became_proven(&mut self, resource: ResourceId) {
        if let Some(live) = self.live.get_mut(&resource) {
            live.unproven = false;
        }
        self.decide_recovery(resource);
        self.poke(resource);
        self.stir_policies();
    }

    /// Begins an operation of the service's own.
    pub(crate) fn start_internal(
        &mut self,
        verb: Verb,
        object: ObjectId,
        parts: BTreeMap<ResourceId, PartGoal>,
        why: &str,
    ) -> OperationId {
        self.start_own(verb, object, parts, why, |_| ())
    }

    /// The same, with what is particular about it.
    pub(crate) fn start_own(
        &mut self,
        verb: Verb,
        object: ObjectId,
        parts: BTreeMap<ResourceId, PartGoal>,
        why: &str,
        particulars: impl FnOnce(&mut Operation),
    ) -> OperationId {
        let id = self.new_operation_id();
        let mut operation = Operation::internal(self.internal_record(id, verb, object, why));
        particulars(&mut operation);
        operation.open_parts = parts.len();
        operation.parts = parts.into_iter().map(|(id, goal)| (id, Part::new(goal))).collect();
        self.operations.insert(id, operation);
        self.run(id);
        id
    }
}
