//! Orders: accepted or answered at once, carried out one after the other, overtaken by Terminate, remembered.

use std::collections::BTreeSet;
use std::time::Instant;

use mainstay_types::order::{Action as Asked, Cause, KeptNote, News, Opening, Order, Outcome};
use mainstay_types::status_information::ResourceStatusInformation;
use mainstay_types::{Epoch, ResourceId, Status};

use super::resource::{HeldResource, Phase, Running, Standing};
use super::{
    Action, Call, HostCore, Instance, ORDERS_QUEUED_MAX, ORDERS_REMEMBERED_GONE, RESOURCES_MAX, Returned,
};
use crate::resource_type::{Completion, Failure, Found, OperationNumber};

impl HeldResource {
    /// Whether its Close is being carried out.
    pub(super) fn is_closing(&self) -> bool {
        self.running
            .as_ref()
            .is_some_and(|running| running.order.action == Asked::Close && running.phase == Phase::Calling)
    }
}

impl HostCore {
    /// Takes an order: it is a repetition, it is too old, it waits, or it begins.
    pub(super) fn handle_order(&mut self, order: Order, now: Instant, actions: &mut Vec<Action>) {
        let resource = order.resource;
        let newest = self.newest.entry(order.id.operation.node).or_default();
        *newest = order.id.operation.number.max(*newest);
        if let Some((epoch, outcome)) = self.recall(&order) {
            let news = News::Ended { order: order.id, outcome };
            return self.report_again(resource, epoch, news, actions);
        }
        let group = match (&order.action, self.resources.get(&resource)) {
            (_, Some(held)) => held.group,
            (Asked::Open(opening), None) => opening.group,
            (_, None) => return self.end_unheld(&order, Outcome::NotOpen, actions),
        };
        let newest = self.epochs.entry(group).or_insert(order.epoch);
        if order.epoch < *newest {
            let outcome = Outcome::StaleEpoch(*newest);
            return self.end_unheld(&order, outcome, actions);
        }
        *newest = order.epoch;
        let Some(held) = self.resources.get_mut(&resource) else {
            return self.begin_open(order, now, actions);
        };
        held.epoch = order.epoch;
        let running = held.running.as_ref().map(|running| running.order.id);
        if running == Some(order.id) || held.queue.iter().any(|queued| queued.id == order.id) {
            return;
        }
        // Open and Close cannot be overtaken: before and after them there is nothing to terminate.
        let overtakes = order.action == Asked::Terminate
            && held.running.as_ref().is_none_or(|running| {
                matches!(running.order.action, Asked::Online { .. } | Asked::Offline { .. })
            });
        if overtakes {
            self.begin_terminate(order, now, actions);
        } else if held.queue.len() >= ORDERS_QUEUED_MAX {
            let text = format!("{ORDERS_QUEUED_MAX} orders wait already");
            self.end_unheld(&order, Outcome::Failed(Cause::new(Status::BUSY, text)), actions);
        } else {
            held.queue.push_back(order);
        }
        self.pump(resource, now, actions);
    }

    /// Does the next thing for a resource, if nothing is being done for it.
    pub(super) fn pump(&mut self, resource: ResourceId, now: Instant, actions: &mut Vec<Action>) {
        while let Some(held) = self.resources.get_mut(&resource) {
            if held.running.is_none()
                && let Some(order) = held.queue.pop_front()
            {
                self.begin(order, now, actions);
                continue;
            }
            if held.lane.is_some() {
                return;
            }
            let call = match &mut held.running {
                _ if held.reconfigure => {
                    held.reconfigure = false;
                    Some(Call::Configure(Box::new(held.opening.clone())))
                }
                Some(running) => match running.phase {
                    Phase::Waiting => {
                        running.phase = Phase::Calling;
                        call_of(running, held.opening.note.as_ref())
                    }
                    Phase::ToLook => {
                        running.phase = Phase::Looking;
                        Some(Call::Look)
                    }
                    _ => None,
                },
                None => held.due_check(now),
            };
            let Some(call) = call else {
                let check = held.next_check();
                return self.wake_at(check);
            };
            let number = self.issue(Some(resource), call, Some(now), None, actions);
            if let Some(held) = self.resources.get_mut(&resource) {
                held.lane = Some(number);
            }
        }
    }

    /// Begins an order of a resource for which none is being carried out.
    fn begin(&mut self, order: Order, now: Instant, actions: &mut Vec<Action>) {
        let resource = order.resource;
        let Some(held) = self.resources.get_mut(&resource) else {
            return self.end_unheld(&order, Outcome::NotOpen, actions);
        };
        let at_once = match (&order.action, &held.standing) {
            (Asked::Terminate, _) => return self.begin_terminate(order, now, actions),
            // Held already, for instance by a service that has forgotten: what it says anew counts.
            (Asked::Open(opening), standing) => {
                held.opening = Opening { group: held.group, ..(**opening).clone() };
                held.reconfigure = true;
                match standing {
                    Standing::Online => Some(Outcome::FoundOnline),
                    Standing::Offline | Standing::Opening => Some(Outcome::Done),
                    Standing::Failed(_) => None,
                }
            }
            (Asked::Online { .. }, Standing::Online) | (Asked::Offline { .. }, Standing::Offline) => {
                Some(Outcome::Done)
            }
            (Asked::Close, Standing::Online) => Some(Outcome::Failed(Cause::new(
                Status::RESMON_INVALID_STATE,
                "the resource is online; take it offline before it is closed",
            ))),
            _ => None,
        };
        if let Some(outcome) = at_once {
            return self.end_order(resource, &order, outcome, actions);
        }
        // Nobody can take a failed resource offline gracefully, or knows whether what it failed of is over; but one can look
        // whether anything of it is left.
        let only_look = matches!(
            (&order.action, &held.standing),
            (Asked::Offline { .. } | Asked::Open(_), Standing::Failed(_))
        );
        let phase = if only_look { Phase::ToLook } else { Phase::Waiting };
        let counted = matches!(order.action, Asked::Online { .. } | Asked::Offline { .. });
        if matches!(order.action, Asked::Online { .. }) {
            // The service knows by itself that what was said before is over.
            held.said = ResourceStatusInformation::empty();
        }
        held.end_checks();
        self.counter += 1;
        held.running =
            Some(Running::new(order, counted.then_some(OperationNumber(self.counter)), phase, now));
    }

    fn begin_open(&mut self, order: Order, now: Instant, actions: &mut Vec<Action>) {
        let Asked::Open(opening) = &order.action else { return };
        if self.resources.len() >= RESOURCES_MAX {
            let cause =
                Cause::new(Status::BUSY, format!("this host holds {RESOURCES_MAX} resources already"));
            return self.end_unheld(&order, Outcome::Failed(cause), actions);
        }
        if self.epochs.len() > RESOURCES_MAX {
            // Only epochs of groups that have something here can be held against a late order.
            let held: BTreeSet<_> = self.resources.values().map(|held| held.group).collect();
            self.epochs.retain(|group, _| held.contains(group));
        }
        let resource = order.resource;
        self.reports.drop_notes_of(resource);
        let instance = Instance(self.count());
        let mut held = HeldResource::new(instance, order.epoch, (**opening).clone(), now);
        held.running = Some(Running::new(order, None, Phase::Waiting, now));
        self.resources.insert(resource, held);
        self.pump(resource, now, actions);
    }

    fn begin_terminate(&mut self, order: Order, now: Instant, actions: &mut Vec<Action>) {
        let resource = order.resource;
        let Some(held) = self.resources.get_mut(&resource) else { return };
        let overtaken = held.running.take();
        let queued: Vec<Order> = held.queue.drain(..).collect();
        held.end_checks();
        if let Some(running) = &overtaken {
            actions.extend(running.operation.map(|operation| Action::Cancel(resource, operation)));
            if matches!(running.phase, Phase::Calling | Phase::Looking) {
                held.cancelled = held.lane;
            }
        }
        held.running = Some(Running::new(order, None, Phase::Terminating(None), now));
        for order in overtaken.map(|running| running.order).iter().chain(&queued) {
            self.end_order(resource, order, Outcome::Cancelled, actions);
        }
        let number = self.issue(Some(resource), Call::Terminate, Some(now), None, actions);
        if let Some(held) = self.resources.get_mut(&resource) {
            held.urgent = Some(number);
        }
    }

    /// Terminate has returned, or the call that it cancelled: when both have, the leaf is cleared.
    pub(super) fn advance_terminate(
        &mut self,
        resource: ResourceId,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        let Some(held) = self.resources.get_mut(&resource) else { return };
        if held.cancelled.is_some() || held.urgent.is_some() {
            return;
        }
        let Some(running) = &mut held.running else { return };
        let Phase::Terminating(Some(result)) = running.phase.clone() else { return };
        running.phase = Phase::Clearing(result);
        let number = self.issue(Some(resource), Call::Clear, Some(now), None, actions);
        if let Some(held) = self.resources.get_mut(&resource) {
            held.urgent = Some(number);
        }
    }

    pub(super) fn handle_urgent_returned(
        &mut self,
        resource: ResourceId,
        returned: Returned,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        let Some(held) = self.resources.get_mut(&resource) else { return };
        let Some(running) = &mut held.running else { return };
        match (returned, running.phase.clone()) {
            (Returned::Terminated(result), Phase::Terminating(None)) => {
                running.phase = Phase::Terminating(Some(result));
                self.advance_terminate(resource, now, actions);
            }
            (Returned::Looked(cleared), Phase::Clearing(terminated)) => {
                let (standing, outcome) = match terminated.and(cleared) {
                    Ok(()) => (Standing::Offline, Outcome::Done),
                    Err(cause) => (Standing::Failed(cause.clone()), Outcome::Failed(cause)),
                };
                held.stand(standing, now);
                self.end_running(resource, outcome, actions);
            }
            _ => {}
        }
    }

    pub(super) fn opened(
        &mut self,
        resource: ResourceId,
        result: Result<Found, Cause>,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        let Some(held) = self.resources.get_mut(&resource) else { return };
        match result {
            Ok(Found::Offline) => {
                let borne = held.opening.borne.take().filter(|_| held.opening.recover);
                held.stand(borne.map_or(Standing::Offline, Standing::Failed), now);
                self.end_running(resource, Outcome::Done, actions);
            }
            Ok(Found::Online) => {
                held.stand_as_found(now);
                held.schedule_checks(now);
                let failed = held.running.as_ref().and_then(|running| running.failed_meanwhile.clone());
                self.end_running(resource, Outcome::FoundOnline, actions);
                if let Some(cause) = failed {
                    self.fail(resource, cause, now, actions);
                }
            }
            Err(cause) => self.forget(resource, Outcome::Failed(cause), actions),
        }
    }

    pub(super) fn operation_returned(
        &mut self,
        resource: ResourceId,
        result: Result<Completion, Failure>,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        let Some(running) = self.resources.get_mut(&resource).and_then(|held| held.running.as_mut()) else {
            return;
        };
        let result = match result {
            Ok(Completion::Done) => Ok(()),
            Err(failure) => Err(failure),
            Ok(Completion::Pending) => match running.finished_early.take() {
                Some(result) => result,
                None => {
                    running.phase = Phase::Pending;
                    return;
                }
            },
        };
        self.settle(resource, result, now, actions);
    }

    /// The type has said how its Online or Offline ended.
    pub(super) fn settle(
        &mut self,
        resource: ResourceId,
        result: Result<(), Failure>,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        let Some(held) = self.resources.get_mut(&resource) else { return };
        let Some(running) = &mut held.running else { return };
        let online = matches!(running.order.action, Asked::Online { .. });
        let outcome = match result {
            Ok(()) if !online => {
                running.phase = Phase::ToLook;
                return;
            }
            Ok(()) => Outcome::Done,
            Err(Failure::Vetoed(cause)) if !online => Outcome::Vetoed(cause),
            Err(Failure::Vetoed(cause) | Failure::Failed(cause)) => {
                held.stand(Standing::Failed(cause.clone()), now);
                return self.end_running(resource, Outcome::Failed(cause), actions);
            }
        };
        let failed = running.failed_meanwhile.take();
        // It serves now, or by its veto as before.
        held.stand(Standing::Online, now);
        held.schedule_checks(now);
        self.end_running(resource, outcome, actions);
        if let Some(cause) = failed {
            self.fail(resource, cause, now, actions);
        }
    }

    pub(super) fn looked(
        &mut self,
        resource: ResourceId,
        result: Result<(), Cause>,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        let Some(held) = self.resources.get_mut(&resource) else { return };
        let outcome = match result {
            Ok(()) => {
                held.stand(Standing::Offline, now);
                Outcome::Done
            }
            Err(cause) => {
                held.stand(Standing::Failed(cause.clone()), now);
                Outcome::Failed(cause)
            }
        };
        self.end_running(resource, outcome, actions);
    }

    /// Configure or Close has returned; only Close has an order.
    pub(super) fn closed(&mut self, resource: ResourceId, actions: &mut Vec<Action>) {
        if self.resources.get(&resource).is_some_and(HeldResource::is_closing) {
            self.forget(resource, Outcome::Done, actions);
        }
    }

    fn forget(&mut self, resource: ResourceId, outcome: Outcome, actions: &mut Vec<Action>) {
        let Some(mut held) = self.resources.remove(&resource) else { return };
        self.reports.forget_notes_of(resource);
        // What was done stays done when the resource is opened again.
        let remembered = held.take_memory().into_iter().map(|(order, outcome)| (resource, order, outcome));
        self.gone.extend(remembered);
        if let Some(running) = &held.running {
            self.gone.push_back((resource, running.order.id, outcome.clone()));
            self.end_unheld(&running.order, outcome, actions);
        }
        let surplus = self.gone.len().saturating_sub(ORDERS_REMEMBERED_GONE);
        self.gone.drain(..surplus);
        for order in &held.queue {
            self.end_unheld(order, Outcome::NotOpen, actions);
        }
        actions.push(Action::Forget(resource, held.instance));
    }

    fn end_running(&mut self, resource: ResourceId, outcome: Outcome, actions: &mut Vec<Action>) {
        let running = self.resources.get_mut(&resource).and_then(|held| held.running.take());
        if let Some(running) = running {
            self.end_order(resource, &running.order, outcome, actions);
        }
    }

    fn end_order(
        &mut self,
        resource: ResourceId,
        order: &Order,
        outcome: Outcome,
        actions: &mut Vec<Action>,
    ) {
        let Some(held) = self.resources.get_mut(&resource) else { return };
        held.remember(order.id, &outcome);
        if matches!(order.action, Asked::Online { .. } | Asked::Offline { .. } | Asked::Terminate) {
            held.last = Some((order.id, outcome.clone()));
        }
        let epoch = held.epoch;
        self.report(resource, epoch, News::Ended { order: order.id, outcome }, actions);
    }

    /// Ends an order that leaves no trace in a resource.
    fn end_unheld(&mut self, order: &Order, outcome: Outcome, actions: &mut Vec<Action>) {
        let news = News::Ended { order: order.id, outcome };
        self.report(order.resource, order.epoch, news, actions);
    }

    fn recall(&self, order: &Order) -> Option<(Epoch, Outcome)> {
        let held = self.resources.get(&order.resource);
        if let Some((held, outcome)) = held.and_then(|held| Some((held, held.recall(order.id)?))) {
            return Some((held.epoch, outcome.clone()));
        }
        let is_it = |(resource, id, _): &&(_, _, _)| *resource == order.resource && *id == order.id;
        self.gone.iter().rev().find(is_it).map(|(_, _, outcome)| (order.epoch, outcome.clone()))
    }
}

/// The call that carries an order out.
fn call_of(running: &Running, note: Option<&KeptNote>) -> Option<Call> {
    let operation = running.operation.unwrap_or(OperationNumber(0));
    match &running.order.action {
        Asked::Open(opening) => Some(Call::Open(opening.clone())),
        Asked::Online { flags, buffer } => {
            Some(Call::Online { operation, flags: *flags, buffer: buffer.clone(), note: note.cloned() })
        }
        Asked::Offline { flags, reason, buffer, destination, due_to_embedded_failure } => {
            Some(Call::Offline {
                operation,
                flags: *flags,
                reason: *reason,
                buffer: buffer.clone(),
                destination: destination.clone(),
                due_to_embedded_failure: *due_to_embedded_failure,
            })
        }
        Asked::Close => Some(Call::Close),
        // Terminate does not wait for its turn.
        Asked::Terminate => None,
    }
}
