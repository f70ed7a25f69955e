//! Deleted resources whose rest is being removed: the Close in their host, then their leaf.
//!
//! ```text
//!   deleted ──► (the end of Open ──►) the end of Close ──► leaf removed
//!                    └── limit, or the host ends ──┴──► hard stop ──► leaf removed
//! ```
//!
//! Nothing of them is in the model any more. A leaf is removed only when nothing is left in it.

use mainstay_types::order::{Action, Order, OrderId, Outcome, Step};
use mainstay_types::{Epoch, GroupId, HostId, OperationId, ResourceId};

use crate::Engine;
use crate::effect::Effect;
use crate::limits::{
    CLOSE_LIMIT_MS, DEADLOCK_GRACE_MS, DEADLOCK_TIMEOUT_DEFAULT_MS, GUARD_ANSWER_MS, HARD_STOP_PAUSE_MAX_MS,
};
use crate::timers::Timer;

/// A deleted resource whose rest is being removed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Closing {
    group: GroupId,
    epoch: Epoch,
    /// The order whose end is waited for: Close, or an Open that was under way.
    order: Option<(HostId, OrderId)>,
}

impl Engine {
    /// Makes a host forget what it need not hold: a resource that is none any more, whose leaf is removed then, or one
    /// that was stopped hard or has left for another host.
    pub(crate) fn forget_in_host(&mut self, id: ResourceId, host: HostId, held: Epoch) {
        // Not under the epoch that it was opened under: a host refuses what is older than the newest order for the group.
        let (group, epoch) = match (self.group_of(id), self.closing.get(&id)) {
            (Some(group), _) => (group, self.model.epoch(group).max(held)),
            (None, Some(closing)) => (closing.group, closing.epoch.max(held)),
            // Which group a deleted one was in is known to its host alone; see `handle_close_ended`.
            (None, None) => (GroupId(uuid::Uuid::nil()), held),
        };
        let operation = self.new_operation_id();
        self.close_in_host(id, group, host, epoch, operation);
    }

    /// A resource was deleted while a host opens it: it is closed when its Open has ended.
    pub(crate) fn close_when_opened(
        &mut self,
        id: ResourceId,
        group: GroupId,
        host: HostId,
        epoch: Epoch,
        open: OrderId,
    ) {
        self.closing.insert(id, Closing { group, epoch, order: Some((host, open)) });
        let limit_ms = u64::from(DEADLOCK_TIMEOUT_DEFAULT_MS) + DEADLOCK_GRACE_MS;
        self.timers.set(Timer::Close(id), self.now.steady_ms + limit_ms);
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
        let order_id = OrderId { operation, number: 0, step: Step::Close };
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

    /// The end of a Close, or of the Open before it; `false` when the order is none.
    pub(crate) fn handle_close_ended(
        &mut self,
        id: ResourceId,
        host: HostId,
        order: OrderId,
        outcome: &Outcome,
    ) -> bool {
        let Some(closing) = self.closing.get(&id).filter(|closing| closing.order == Some((host, order)))
        else {
            return false;
        };
        let (group, epoch) = (closing.group, closing.epoch);
        let is_gone = !self.live.contains_key(&id);
        let again = match outcome {
            Outcome::Done | Outcome::FoundOnline if order.step == Step::Open => Some(epoch),
            // Nobody owns any more what is deleted, so that the epoch of its group protects nothing.
            Outcome::StaleEpoch(newest) if is_gone && *newest > epoch => Some(*newest),
            _ => None,
        };
        if let Some(epoch) = again {
            let operation = self.new_operation_id();
            self.close_in_host(id, group, host, epoch, operation);
            return true;
        }
        self.release_host(host);
        if is_gone && host == HostId::Own(id) && self.hosts.is_there(host) {
            // It lives in the leaf and ends now; see `finish_closing_of`. The timer is for one that does not.
            return true;
        }
        self.closing.remove(&id);
        self.timers.clear(Timer::Close(id));
        if is_gone {
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
