//! What the service found of operations when it was last started, and what it must leave alone for that (I4).

use std::collections::BTreeSet;

use mainstay_types::order::{Order, OrderId, Step};
use mainstay_types::{OperationId, ResourceId};

use super::World;
use crate::input::Start;
use crate::model::layout;
use crate::operation::stored::StoredOperation;

/// See the module.
#[derive(Default)]
pub(super) struct Found {
    /// Operations of which the journal had the end.
    ended: BTreeSet<OperationId>,
    /// What open ones had in hand, and a later operation has had an order for since.
    overtaken: BTreeSet<(OperationId, ResourceId)>,
    /// What hosts were at, whoever had asked for it: given again it is the same order.
    under_way: BTreeSet<OrderId>,
}

impl World {
    pub(super) fn find(&self, start: &Start) -> Found {
        let mut overtaken = BTreeSet::new();
        for entry in &start.snapshot {
            let key = std::str::from_utf8(&entry.key).unwrap_or_default();
            let id = key.strip_prefix(layout::OPERATION_PREFIX).and_then(|id| id.parse::<OperationId>().ok());
            let Some((id, stored)) = id.zip(StoredOperation::from_bytes(&entry.value).ok()) else { continue };
            let held = self.hosts.values().flat_map(|fake| fake.held());
            let is_overtaken =
                |order: &OrderId| order.operation.node == id.node && order.operation.number > id.number;
            let held = held.filter(|held| stored.closure.contains_key(&held.resource));
            let newer = held.filter(|held| held.orders().last().is_some_and(|order| is_overtaken(&order)));
            overtaken.extend(newer.map(|held| (id, held.resource)));
        }
        let held = self.hosts.values().flat_map(|fake| fake.held());
        let under_way = held.filter_map(|held| held.running).collect();
        Found { ended: start.ended.clone(), overtaken, under_way }
    }
}

impl Found {
    /// I4: what has ended does not act again, and nothing is done again that a later operation has gone beyond.
    pub(super) fn check_order(&self, order: &Order) {
        let id = order.id;
        // What one had begun is broken off under its name, so that its host knows what is meant.
        let breaks_off = matches!(id.step, Step::Terminate | Step::CleanUp);
        let is_new = !breaks_off && !self.under_way.contains(&id);
        let has_ended = self.ended.contains(&id.operation) && is_new;
        assert!(!has_ended, "I4: {id} is of an operation that had ended before the start");
        let is_overtaken = self.overtaken.contains(&(id.operation, order.resource));
        assert!(!is_overtaken, "I4: {id} is for what a later operation had had before the start");
    }
}
