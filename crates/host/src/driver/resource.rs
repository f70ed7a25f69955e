//! What is known of one resource.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use mainstay_types::order::{Cause, Condition, Held, Opening, Order, OrderId, Outcome};
use mainstay_types::status_information::ResourceStatusInformation;
use mainstay_types::{Epoch, GroupId, ResourceId};

use super::{CallNumber, DEADLOCK_TIMEOUT_DEFAULT, Instance, ORDERS_REMEMBERED};
use crate::resource_type::{Failure, OperationNumber};

/// How the resource stands when no order is being carried out.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Standing {
    Opening,
    Offline,
    Online,
    Failed(Cause),
}

/// How far an order has come.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Phase {
    /// For the call before it to return.
    Waiting,
    /// For its own call to return.
    Calling,
    /// For the type's final report.
    Pending,
    /// To look at the leaf, once the call before it has returned.
    ToLook,
    /// For the look to return.
    Looking,
    /// For Terminate to return (with what it has returned), then for the cancelled call.
    Terminating(Option<Result<(), Cause>>),
    /// For the leaf to be cleared; with what Terminate has returned.
    Clearing(Result<(), Cause>),
}

/// The order that is being carried out.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Running {
    pub(super) order: Order,
    pub(super) operation: Option<OperationNumber>,
    pub(super) phase: Phase,
    /// The type has said the end before its call has returned.
    pub(super) finished_early: Option<Result<(), Failure>>,
    /// The type has said that the resource failed; heard when it turns out to be online.
    pub(super) failed_meanwhile: Option<Cause>,
    pub(super) began: Instant,
}

impl Running {
    pub(super) fn new(order: Order, operation: Option<OperationNumber>, phase: Phase, now: Instant) -> Self {
        Running { order, operation, phase, finished_early: None, failed_meanwhile: None, began: now }
    }
}

#[derive(Debug)]
pub(super) struct HeldResource {
    pub(super) instance: Instance,
    pub(super) group: GroupId,
    pub(super) epoch: Epoch,
    pub(super) opening: Opening,
    pub(super) standing: Standing,
    standing_since: Instant,
    /// The lock with the type's reason, if it is locked.
    pub(super) lock: Option<u64>,
    /// The type has consented to every offline call without instructions.
    pub(super) consents: bool,
    /// What the type has said of it since it last began to come online.
    pub(super) said: ResourceStatusInformation,
    /// What has failed in it since it is online.
    pub(super) embedded_failure: Option<Cause>,
    pub(super) running: Option<Running>,
    pub(super) queue: VecDeque<Order>,
    /// The ordinary call that has not returned.
    pub(super) lane: Option<CallNumber>,
    /// Terminate or Clear, not returned.
    pub(super) urgent: Option<CallNumber>,
    /// An ordinary call whose operation Terminate has cancelled, not returned.
    pub(super) cancelled: Option<CallNumber>,
    /// New properties that the type has not been told yet.
    pub(super) reconfigure: bool,
    pub(super) looks_alive_at: Option<Instant>,
    pub(super) is_alive_at: Option<Instant>,
    pub(super) last: Option<(OrderId, Outcome)>,
    memory: VecDeque<(OrderId, Outcome)>,
}

impl HeldResource {
    pub(super) fn new(instance: Instance, epoch: Epoch, opening: Opening, now: Instant) -> Self {
        HeldResource {
            instance,
            group: opening.group,
            epoch,
            opening,
            standing: Standing::Opening,
            standing_since: now,
            lock: None,
            consents: false,
            said: ResourceStatusInformation::empty(),
            embedded_failure: None,
            running: None,
            queue: VecDeque::new(),
            lane: None,
            urgent: None,
            cancelled: None,
            reconfigure: false,
            looks_alive_at: None,
            is_alive_at: None,
            last: None,
            memory: VecDeque::new(),
        }
    }

    /// It stands otherwise from now on, or again.
    pub(super) fn stand(&mut self, standing: Standing, now: Instant) {
        self.embedded_failure = self.embedded_failure.take().filter(|_| standing == Standing::Online);
        (self.standing, self.standing_since) = (standing, now);
    }

    /// It was found online, as it was before in another host, if that is known.
    pub(super) fn stand_as_found(&mut self, now: Instant) {
        let asked_at = self.running.as_ref().map_or(now, |running| running.began);
        let online_for = self.opening.online_for_ms.map(Duration::from_millis);
        // What the clock cannot say is as if nobody had said it.
        let since = online_for.and_then(|online_for| asked_at.checked_sub(online_for));
        self.stand(Standing::Online, since.unwrap_or(now));
    }

    /// The whole of it, for a service that connects.
    pub(super) fn describe(&self, resource: ResourceId, now: Instant) -> Held {
        let condition = match (&self.running, &self.standing) {
            (Some(_), _) | (None, Standing::Opening) => Condition::Busy,
            (None, Standing::Offline) => Condition::Offline,
            (None, Standing::Online) => Condition::Online,
            (None, Standing::Failed(cause)) => Condition::Failed(cause.clone()),
        };
        let since = self.running.as_ref().map_or(self.standing_since, |running| running.began);
        let standing_for_ms = now.saturating_duration_since(since).as_millis();
        Held {
            resource,
            epoch: self.epoch,
            condition,
            locked: self.lock.is_some(),
            lock_reason: self.lock,
            consents: self.consents,
            status: self.said.bits(),
            embedded_failure: self.embedded_failure.clone(),
            standing_for_ms: u64::try_from(standing_for_ms).ok(),
            running: self.running.as_ref().map(|running| running.order.id),
            last: self.last.clone(),
        }
    }

    pub(super) fn remember(&mut self, order: OrderId, outcome: &Outcome) {
        if self.memory.len() >= ORDERS_REMEMBERED {
            self.memory.pop_front();
        }
        self.memory.push_back((order, outcome.clone()));
    }

    pub(super) fn recall(&self, order: OrderId) -> Option<&Outcome> {
        self.memory.iter().rev().find(|(known, _)| *known == order).map(|(_, outcome)| outcome)
    }

    pub(super) fn take_memory(&mut self) -> VecDeque<(OrderId, Outcome)> {
        std::mem::take(&mut self.memory)
    }

    pub(super) fn deadlock_timeout(&self) -> Duration {
        match self.opening.deadlock_timeout_ms {
            0 => DEADLOCK_TIMEOUT_DEFAULT,
            timeout_ms => Duration::from_millis(timeout_ms.into()),
        }
    }

    /// When a health check is due. None while an order runs, another call is made, or it is not online.
    pub(super) fn next_check(&self) -> Option<Instant> {
        if self.standing != Standing::Online || self.running.is_some() || self.lane.is_some() {
            return None;
        }
        [self.looks_alive_at, self.is_alive_at].into_iter().flatten().min()
    }
}
