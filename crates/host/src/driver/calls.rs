//! Calls into types: issued, watched, returned; and what resources say through their handles.

use std::time::Instant;

use mainstay_ipc::host::FromHost;
use mainstay_types::ResourceId;
use mainstay_types::order::News;

use super::resource::{Phase, Standing};
use super::{Action, Call, CallNumber, HostCore, Instance, Issue, Outstanding, Returned};
use crate::resource_type::Said;

impl HostCore {
    /// Issues a call and answers its number.
    pub(super) fn issue(
        &mut self,
        resource: Option<ResourceId>,
        call: Call,
        now: Option<Instant>,
        asker: Option<u64>,
        actions: &mut Vec<Action>,
    ) -> CallNumber {
        let number = CallNumber(self.count());
        let held = resource.and_then(|resource| self.resources.get(&resource).map(|held| (resource, held)));
        let outstanding = Outstanding {
            resource: held.map(|(resource, held)| (resource, held.instance)),
            entry_point: call.entry_point(),
            deadline: held.zip(now).map(|((_, held), now)| now + held.deadlock_timeout()),
            asker,
        };
        let epoch = held.map(|(_, held)| held.epoch).unwrap_or_default();
        self.wake_at(outstanding.deadline);
        actions.push(Action::Call(Issue { number, resource: outstanding.resource, epoch, call }));
        self.calls.insert(number, outstanding);
        number
    }

    /// A call has returned.
    pub fn handle_returned(&mut self, number: CallNumber, returned: Returned, now: Instant) -> Vec<Action> {
        let mut actions = Vec::new();
        let Some(call) = self.calls.remove(&number) else { return actions };
        if let Returned::Answered(answer) = returned {
            self.queries = self.queries.saturating_sub(1);
            if self.connection.is_some() && self.connection == call.asker {
                self.send(FromHost::Answer(answer), &mut actions);
            }
            return actions;
        }
        let Some((resource, instance)) = call.resource else { return actions };
        let Some(held) = self.resources.get_mut(&resource).filter(|held| held.instance == instance) else {
            return actions;
        };
        if held.urgent == Some(number) {
            held.urgent = None;
            self.handle_urgent_returned(resource, returned, now, &mut actions);
        } else if held.lane == Some(number) {
            held.lane = None;
            if held.cancelled == Some(number) {
                held.cancelled = None;
                self.advance_terminate(resource, now, &mut actions);
            } else {
                self.handle_ordinary_returned(resource, returned, now, &mut actions);
            }
        }
        self.pump(resource, now, &mut actions);
        actions
    }

    fn handle_ordinary_returned(
        &mut self,
        resource: ResourceId,
        returned: Returned,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        match returned {
            Returned::Opened(result) => self.opened(resource, result, now, actions),
            Returned::Operation(result) => self.operation_returned(resource, result, now, actions),
            Returned::Looked(result) => self.looked(resource, result, now, actions),
            Returned::LooksAlive(looks) => self.looked_alive(resource, looks, now),
            Returned::IsAlive(result) => self.was_alive(resource, result, now, actions),
            Returned::Nothing => self.closed(resource, actions),
            Returned::Terminated(_) | Returned::Answered(_) => {}
        }
    }

    /// A resource said something through one of its handles.
    pub fn handle_said(
        &mut self,
        resource: ResourceId,
        instance: Instance,
        said: Said,
        now: Instant,
    ) -> Vec<Action> {
        let mut actions = Vec::new();
        let Some(held) = self.resources.get_mut(&resource).filter(|held| held.instance == instance) else {
            return actions;
        };
        match said {
            Said::Progress { operation, checkpoint, text } => {
                if let Some(running) =
                    held.running.as_ref().filter(|running| running.operation == Some(operation))
                {
                    let order = running.order.id;
                    self.mention(resource, News::Progress { order, checkpoint, text }, &mut actions);
                }
            }
            Said::Finished { operation, result } => {
                let running = held.running.as_mut().filter(|running| running.operation == Some(operation));
                match running {
                    Some(running) if running.phase == Phase::Pending => {
                        self.settle(resource, result, now, &mut actions);
                        self.pump(resource, now, &mut actions);
                    }
                    Some(running) if running.phase == Phase::Calling => {
                        running.finished_early.get_or_insert(result);
                    }
                    _ => {}
                }
            }
            Said::Failed(cause) => match &mut held.running {
                Some(running) => drop(running.failed_meanwhile.get_or_insert(cause)),
                None if held.standing == Standing::Online => self.fail(resource, cause, now, &mut actions),
                None => {}
            },
            Said::Consents => {
                if !std::mem::replace(&mut held.consents, true) {
                    let epoch = held.epoch;
                    self.report(resource, epoch, News::Consents, &mut actions);
                }
            }
            Said::Locked { locked, reason } => {
                let lock = locked.then_some(reason);
                if held.lock != lock {
                    held.lock = lock;
                    let epoch = held.epoch;
                    self.report(resource, epoch, News::Locked { locked, reason }, &mut actions);
                }
            }
            Said::Status { bits, on } => {
                let mut said = held.said;
                said.set(bits, on);
                if std::mem::replace(&mut held.said, said) != said {
                    let epoch = held.epoch;
                    self.report(resource, epoch, News::Status { bits: said.bits() }, &mut actions);
                }
            }
            Said::EmbeddedFailure(cause) => {
                if held.standing == Standing::Online && held.embedded_failure.is_none() {
                    held.embedded_failure = Some(cause.clone());
                    let epoch = held.epoch;
                    self.report(resource, epoch, News::EmbeddedFailure(cause), &mut actions);
                }
            }
            Said::Note { number, note } => {
                let epoch = held.epoch;
                self.report_note(resource, epoch, number, note, &mut actions);
            }
            Said::Logged { level, text } => {
                self.mention(resource, News::Logged { level, text }, &mut actions);
            }
        }
        actions
    }

    pub(super) fn report_deadlocks(&mut self, now: Instant, actions: &mut Vec<Action>) {
        let mut late = Vec::new();
        for call in self.calls.values_mut() {
            if call.deadline.is_some_and(|deadline| deadline <= now) {
                call.deadline = None;
                late.extend(call.resource.map(|(resource, instance)| (resource, instance, call.entry_point)));
            }
        }
        for (resource, instance, entry_point) in late {
            let held = self.resources.get(&resource).filter(|held| held.instance == instance);
            if let Some(epoch) = held.map(|held| held.epoch) {
                self.report(resource, epoch, News::Deadlocked { call: entry_point.to_owned() }, actions);
            }
        }
    }
}
