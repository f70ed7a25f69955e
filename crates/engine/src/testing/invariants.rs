//! What must hold after every input (design §4).

use std::collections::BTreeSet;

use mainstay_types::operation::Verb;
use mainstay_types::order::{Action, Order};
use mainstay_types::{OfflineFlags, ResourceId, ResourceState};

use super::World;

impl World {
    /// I2, second half: a provider is never told to stop while anything of a dependent still runs that has no other one
    /// in its place. I7: what is locked is not asked to stop for a caller who did not say that he ignores that.
    pub(super) fn check_order(&mut self, order: &Order) {
        self.check_lock(order);
        if matches!(order.action, Action::Offline { .. } | Action::Terminate) {
            self.check_stop(order);
            self.serving.remove(&order.resource);
        }
    }

    fn check_stop(&self, order: &Order) {
        let model = self.engine.view().model();
        let (id, provider) = (order.id, order.resource);
        for dependent in model.dependents(provider).filter(|dependent| self.runs(*dependent)) {
            let needs = &model.resource(dependent).expect("a resource").depends_on;
            // One that waits for its turn to stop serves until then.
            let serves = |other: ResourceId| {
                let state = self.state(other);
                let waits = state == ResourceState::OfflinePending && self.serving.contains(&other);
                other != provider && (state == ResourceState::Online || waits)
            };
            let is_served = needs.is_met(serves);
            // Where others could do as well: it did not come online, or is only told again, harder.
            let is_unused = !self.serving.contains(&provider) && needs.is_met(|other| other != provider);
            assert!(is_served || is_unused, "{id}: {dependent:?} still runs");
        }
    }

    fn check_lock(&self, order: &Order) {
        let Action::Offline { flags, .. } = &order.action else { return };
        let operation = self.engine.view().operation(order.id.operation);
        let is_asked = operation.is_some_and(|record| matches!(record.verb, Verb::Offline | Verb::Restart));
        if !self.checks || !is_asked || flags.contains(OfflineFlags::IGNORE_RESOURCE_STATUS) {
            return;
        }
        // A lock may come once it was ordered; the order may have to be sent again.
        let is_first = !self.orders.iter().any(|sent| sent.resource == order.resource && sent.id == order.id);
        let is_locked = self.glance(order.resource).locked.is_some();
        assert!(
            !(is_first && is_locked),
            "I7: {:?} is locked and told to stop by {}",
            order.resource,
            order.id
        );
    }

    pub(super) fn check_invariants(&mut self, input: &str) {
        let resources = self.engine.view().model().resources().map(|resource| resource.id);
        let online: Vec<ResourceId> =
            resources.filter(|id| self.state(*id) == ResourceState::Online).collect();
        let mut serving = std::mem::take(&mut self.serving);
        serving.extend(online);
        serving.retain(|id| self.runs(*id));
        self.serving = serving;
        let view = self.engine.view();
        if !view.is_ready() {
            return;
        }
        for resource in view.model().resources() {
            let state = self.state(resource.id);
            let online = |id: ResourceId| self.state(id) == ResourceState::Online;
            // I2, first half.
            assert!(
                state != ResourceState::Online || resource.depends_on.is_met(online),
                "'{}' is online without what it needs, after {input}",
                resource.name
            );
            // Success is only said when it is true (design §3.16).
            let host_died = self.holder(resource.id).is_none();
            assert!(
                state != ResourceState::Offline || !self.runs(resource.id),
                "'{}' is said to be offline and runs (host lost: {host_died}), after {input}",
                resource.name
            );
            let unproven = self.engine.live.get(&resource.id).is_some_and(|live| live.unproven);
            let is_proven = state == ResourceState::Failed && !unproven;
            assert!(
                !is_proven || !self.runs(resource.id),
                "'{}' has failed, is said to have left nothing, and runs, after {input}",
                resource.name
            );
        }
        self.engine.check_policies(input);
        let names: BTreeSet<&str> = view.model().resources().map(|found| found.name.folded()).collect();
        assert_eq!(names.len(), view.model().resource_count(), "two resources have one name");
    }
}
