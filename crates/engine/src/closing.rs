//! Deleted resources whose rest is being removed: the Close in their host, then their leaf.
//!
//! ```text
//!   deleted ──► (the end of Open ──►) the end of Close ──► leaf removed
//!                    └── limit, or the host ends ──┴──► hard stop ──► leaf removed
//! ```
//!
//! Nothing of them is in the model any more. A leaf is removed only when nothing is left in it. Who brings one back under
//! the same id waits for that.

use mainstay_types::order::{Action, Order, OrderId, Outcome, Step};
use mainstay_types::{Epoch, GroupId, HostId, ObjectId, OperationId, ResourceId};

use crate::Engine;
use crate::command::Call;
use crate::effect::Effect;
use crate::error::{ClusterError, ServiceError};
use crate::limits::{
    CLOSE_LIMIT_MS, DEADLOCK_GRACE_MS, DEADLOCK_TIMEOUT_DEFAULT_MS, GUARD_ANSWER_MS, HARD_STOP_PAUSE_MAX_MS,
    WAITING_CALLS_MAX,
};
use crate::timers::Timer;

/// A deleted resource whose rest is being removed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Closing {
    group: GroupId,
    epoch: Epoch,
    /// The order whose end is waited for: Close, or an Open that was under way.
    order: Option<(HostId, OrderId)>,
    /// It did not end in its time, or by force.
    is_stuck: bool,
}

impl Closing {
    fn new(group: GroupId, epoch: Epoch, order: Option<(HostId, OrderId)>) -> Self {
        Closing { group, epoch, order, is_stuck: false }
    }
}

/// Calls that bring back what is being closed, each with what it waits for.
pub(crate) type BehindClosing = Vec<(ResourceId, Call)>;

impl Engine {
    /// Which of these is gone, and not yet all of it.
    pub(crate) fn is_left_of(&self, ids: &[ResourceId]) -> Option<ResourceId> {
        ids.iter().copied().find(|id| self.closing.contains_key(id) && !self.live.contains_key(id))
    }

    /// The call is looked at again when nothing is left of the resource.
    pub(crate) fn wait_behind_closing(&mut self, id: ResourceId, call: Call) {
        if self.behind_closing.len() >= WAITING_CALLS_MAX {
            let busy = ServiceError::Busy { what: "calls", max: WAITING_CALLS_MAX };
            return self.refuse(&call, None, &busy.into());
        }
        self.behind_closing.push((id, call));
        if self.closing.get(&id).is_some_and(|closing| closing.is_stuck) {
            self.give_up_waiting(id);
        }
    }

    fn take_behind(&mut self, id: ResourceId) -> Vec<Call> {
        self.behind_closing.extract_if(.., |(left, _)| *left == id).map(|(_, call)| call).collect()
    }

    fn give_up_waiting(&mut self, id: ResourceId) {
        for call in self.take_behind(id) {
            let name = self.object_name(&ObjectId::Resource(id), &call.command);
            self.refuse(&call, None, &ClusterError::StillLeft { name }.into());
        }
    }

    /// It may take long until nothing is left of it, and nobody waits for that.
    fn gets_stuck(&mut self, id: ResourceId) {
        if let Some(closing) = self.closing.get_mut(&id) {
            closing.is_stuck = true;
            self.give_up_waiting(id);
        }
    }

    /// Nothing of it has to be waited for any more.
    fn forget_closing(&mut self, id: ResourceId) {
        self.closing.remove(&id);
        self.timers.clear(Timer::Close(id));
        let behind = self.take_behind(id);
        self.recalled.extend(behind);
    }

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
        self.closing.insert(id, Closing::new(group, epoch, Some((host, open))));
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
        self.closing.insert(id, Closing::new(group, epoch, Some((host, order_id))));
        self.timers.set(Timer::Close(id), self.now.steady_ms + CLOSE_LIMIT_MS);
        if self.hosts.is_connected(host) {
            let order = Order { id: order_id, resource: id, epoch, action: Action::Close };
            self.effects.push(Effect::Order { host, group, order });
        }
    }

    /// Removes the leaf of a resource that no host has, after stopping what may be left there.
    pub(crate) fn remove_rest(&mut self, id: ResourceId, group: GroupId, epoch: Epoch, populated: bool) {
        if populated {
            self.closing.insert(id, Closing::new(group, epoch, None));
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
        if is_gone {
            self.effects.push(Effect::RemoveLeaf { group, resource: id });
        }
        self.forget_closing(id);
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
            self.stop_rest(id);
        }
    }

    /// Timer: Close did not end, or the guard did not answer.
    pub(crate) fn handle_close_timer(&mut self, id: ResourceId) {
        self.gets_stuck(id);
        self.stop_rest(id);
    }

    fn stop_rest(&mut self, id: ResourceId) {
        if self.live.contains_key(&id) {
            // It only left one host for another; the leaf is in use.
            return self.forget_closing(id);
        }
        let Some(closing) = self.closing.get_mut(&id) else { return };
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
        match self.closing.get(&id) {
            Some(closing) if empty => {
                self.effects.push(Effect::RemoveLeaf { group: closing.group, resource: id });
                self.forget_closing(id);
            }
            Some(_) => self.gets_stuck(id),
            None => {}
        }
        true
    }
}
