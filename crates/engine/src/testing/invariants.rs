//! What must hold after every input (design §4).

use std::collections::BTreeSet;

use mainstay_types::order::{Action, Order};
use mainstay_types::{ResourceId, ResourceState};

use super::World;

impl World {
    /// I2, second half: a provider is never told to stop while anything of a dependent still runs.
    pub(super) fn check_order(&self, order: &Order) {
        let stops = matches!(order.action, Action::Offline { .. } | Action::Terminate);
        if stops {
            for dependent in self.engine.view().model().dependents(order.resource) {
                let id = order.id;
                assert!(!self.runs(dependent), "{id}: {dependent:?} still runs");
            }
        }
    }

    pub(super) fn check_invariants(&self, input: &str) {
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
        }
        let names: BTreeSet<&str> = view.model().resources().map(|found| found.name.folded()).collect();
        assert_eq!(names.len(), view.model().resource_count(), "two resources have one name");
    }
}
