//! A host that does what the test says.

use std::collections::BTreeMap;

use mainstay_types::order::{
    Action, Cause, Condition, Held, News, Opening, Order, OrderId, Outcome, Report, Step,
};
use mainstay_types::{Epoch, GroupId, HostId, NodeId, OperationId, ResourceId, Status};

use crate::input::Input;

/// Why every type here locks its resources.
pub(super) const LOCK_REASON: u64 = 7;

/// How a resource type behaves in one entry point.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Reaction {
    /// Done at once.
    #[default]
    Done,
    /// Fails at once.
    Fail,
    /// Refuses, as for a stop that would do harm.
    Veto,
    /// Says nothing until the test ends it.
    Hang,
    /// Says that it is done, and has done nothing.
    Pretend,
}

/// How a resource type answers the question whether it could go offline.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum CheckReaction {
    /// It cannot tell.
    #[default]
    Unknown,
    /// Yes.
    Yes,
    /// Yes, and it said so at its Open already for everything without instructions.
    Consents,
    /// No, with this status.
    No(Status),
    /// Nothing.
    Silent,
}

/// The behaviour of one resource's type.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Behaviour {
    /// Open.
    pub open: Reaction,
    /// Online.
    pub online: Reaction,
    /// Offline.
    pub offline: Reaction,
    /// Terminate.
    pub terminate: Reaction,
    /// CheckOffline.
    pub check: CheckReaction,
    /// ResourceControl, whatever the code.
    pub control: CheckReaction,
    /// A hard stop does not empty the leaf.
    pub unkillable: bool,
}

/// What a host knows of one resource.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) group: GroupId,
    pub(super) epoch: Epoch,
    pub(super) condition: Condition,
    /// Since when, by the world's steady clock.
    pub(super) since_ms: u64,
    pub(super) locked: bool,
    pub(super) running: Option<OrderId>,
    pub(super) consents: bool,
    /// What the type says of it, and what has failed in it.
    pub(super) status: u64,
    pub(super) embedded_failure: Option<Cause>,
    /// Orders that have ended here, all remembered.
    pub(super) ended: Vec<(OrderId, Outcome)>,
}

impl Known {
    fn new(
        group: GroupId,
        epoch: Epoch,
        condition: Condition,
        since_ms: u64,
        running: Option<OrderId>,
    ) -> Self {
        Known {
            group,
            epoch,
            condition,
            since_ms,
            locked: false,
            running,
            consents: false,
            status: 0,
            embedded_failure: None,
            ended: Vec::new(),
        }
    }

    pub(super) fn stand(&mut self, condition: Condition, now_ms: u64) {
        let serves = matches!(condition, Condition::Online | Condition::Busy);
        self.embedded_failure = self.embedded_failure.take().filter(|_| serves);
        (self.condition, self.since_ms) = (condition, now_ms);
    }
}

/// A host process. It outlives the service.
#[derive(Debug, Default)]
pub(super) struct FakeHost {
    /// The world's steady clock.
    pub(super) now_ms: u64,
    /// Of the version before, which does not say since when.
    pub(super) is_older: bool,
    pub(super) pid: u32,
    pub(super) known: BTreeMap<ResourceId, Known>,
    /// The newest of each group that an order came with.
    pub(super) epochs: BTreeMap<GroupId, Epoch>,
    /// The number of each node's newest operation whose order came here.
    pub(super) newest: BTreeMap<NodeId, u64>,
    /// How orders ended of resources that it does not hold any more.
    pub(super) gone: Vec<(ResourceId, OrderId, Outcome)>,
    pub(super) sequence: u64,
    pub(super) kept: Vec<Report>,
    /// Every order that was carried out, for the tests.
    pub(super) carried_out: Vec<(ResourceId, OrderId)>,
}

/// What an order did to the processes of its resource.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Effected {
    Nothing,
    Runs,
    /// It is said to be down, and is as it was.
    Left,
    /// Everything is taken down.
    Stopped,
    /// Its processes are killed.
    Killed,
}

impl FakeHost {
    /// What it says to a service that connects.
    pub(super) fn connects(&self, host: HostId) -> Input {
        let newest = self.newest.iter().map(|(node, number)| OperationId { node: *node, number: *number });
        Input::HostConnected { host, pid: self.pid, held: self.held(), newest: newest.collect() }
    }

    pub(super) fn held(&self) -> Vec<Held> {
        let held = |(id, known): (&ResourceId, &Known)| Held {
            resource: *id,
            epoch: known.epoch,
            condition: known.condition.clone(),
            locked: known.locked,
            lock_reason: (known.locked && !self.is_older).then_some(LOCK_REASON),
            consents: known.consents,
            status: if self.is_older { 0 } else { known.status },
            embedded_failure: known.embedded_failure.clone().filter(|_| !self.is_older),
            standing_for_ms: (!self.is_older).then(|| self.now_ms - known.since_ms),
            running: known.running,
            last: known
                .ended
                .iter()
                .rfind(|(order, _)| !matches!(order.step, Step::Open | Step::Close))
                .cloned(),
        };
        self.known.iter().map(held).collect()
    }

    /// Whether it has had this order, and would answer it from memory.
    pub(super) fn remembers(&self, id: ResourceId, order: OrderId) -> bool {
        let held = self.known.get(&id);
        let is_held = held.is_some_and(|known| {
            known.running == Some(order) || known.ended.iter().any(|(ended, _)| *ended == order)
        });
        is_held || self.gone.iter().any(|(of, was, _)| (*of, *was) == (id, order))
    }

    /// Takes an order; answers what it did and what it reports.
    pub(super) fn take(
        &mut self,
        order: &Order,
        behaviour: Behaviour,
        found: bool,
    ) -> (Effected, Vec<Report>) {
        let id = order.resource;
        let newest = self.newest.entry(order.id.operation.node).or_default();
        *newest = order.id.operation.number.max(*newest);
        if let Some(known) = self.known.get(&id) {
            if known.running == Some(order.id) {
                return (Effected::Nothing, Vec::new());
            }
            if let Some((_, outcome)) = known.ended.iter().find(|(ended, _)| *ended == order.id) {
                let outcome = outcome.clone();
                return (Effected::Nothing, vec![self.report(id, News::Ended { order: order.id, outcome })]);
            }
        }
        if let Some((_, _, outcome)) =
            self.gone.iter().rev().find(|(of, was, _)| (*of, *was) == (id, order.id))
        {
            let outcome = outcome.clone();
            return (Effected::Nothing, vec![self.report(id, News::Ended { order: order.id, outcome })]);
        }
        let group = match (&order.action, self.known.get(&id)) {
            (_, Some(known)) => Some(known.group),
            (Action::Open(opening), None) => Some(opening.group),
            (_, None) => None,
        };
        if let Some(newest) = group.map(|group| self.epochs.entry(group).or_insert(order.epoch)) {
            if order.epoch < *newest {
                let outcome = Outcome::StaleEpoch(*newest);
                return (Effected::Nothing, vec![self.report(id, News::Ended { order: order.id, outcome })]);
            }
            *newest = order.epoch;
        }
        self.carried_out.push((id, order.id));
        match &order.action {
            Action::Open(opening) => {
                let found_ms = opening.online_for_ms.unwrap_or(0);
                let found = (opening.recover && found).then_some(found_ms);
                self.open(order, opening, behaviour, found)
            }
            Action::Close => {
                let ended = self.known.remove(&id).map(|known| known.ended).unwrap_or_default();
                self.gone.extend(ended.into_iter().map(|(order, outcome)| (id, order, outcome)));
                (Effected::Nothing, vec![self.ended(order, Outcome::Done)])
            }
            Action::Online { .. } => self.act(order, behaviour.online),
            Action::Offline { .. } => self.act(order, behaviour.offline),
            Action::Terminate => self.act(order, behaviour.terminate),
        }
    }

    /// Opens; what is found has been online for this long.
    fn open(
        &mut self,
        order: &Order,
        opening: &Opening,
        behaviour: Behaviour,
        found: Option<u64>,
    ) -> (Effected, Vec<Report>) {
        let is_note_of_it =
            |report: &Report| report.resource == order.resource && matches!(report.news, News::Note(_));
        self.kept.retain(|report| !is_note_of_it(report));
        let (since_ms, found) = (self.now_ms - found.unwrap_or(0), found.is_some());
        let outcome = match behaviour.open {
            Reaction::Done | Reaction::Veto | Reaction::Pretend if found => Outcome::FoundOnline,
            Reaction::Done | Reaction::Veto | Reaction::Pretend => Outcome::Done,
            Reaction::Fail => Outcome::Failed(Cause::new(Status::MOD_NOT_FOUND, "no such library")),
            Reaction::Hang => {
                let running = Some(order.id);
                let (epoch, condition) = (order.epoch, Condition::Busy);
                let known = Known::new(opening.group, epoch, condition, self.now_ms, running);
                self.known.insert(order.resource, known);
                return (Effected::Nothing, Vec::new());
            }
        };
        if outcome == Outcome::Done || outcome == Outcome::FoundOnline {
            let condition = match (found, &opening.borne) {
                (true, _) => Condition::Online,
                (false, Some(cause)) if opening.recover => Condition::Failed(cause.clone()),
                (false, _) => Condition::Offline,
            };
            let known = Known::new(opening.group, order.epoch, condition, since_ms, None);
            self.known.insert(order.resource, known);
        }
        // What does not serve, the host kills.
        let effected = if outcome == Outcome::Done { Effected::Killed } else { Effected::Nothing };
        let mut reports = Vec::new();
        if let Some(known) =
            self.known.get_mut(&order.resource).filter(|_| behaviour.check == CheckReaction::Consents)
        {
            known.consents = true;
            reports.push(self.report(order.resource, News::Consents));
        }
        reports.push(self.ended(order, outcome));
        (effected, reports)
    }

    fn act(&mut self, order: &Order, reaction: Reaction) -> (Effected, Vec<Report>) {
        let mut reports = Vec::new();
        let Some(known) = self.known.get_mut(&order.resource) else {
            return (Effected::Nothing, vec![self.ended(order, Outcome::NotOpen)]);
        };
        known.epoch = known.epoch.max(order.epoch);
        if matches!(order.action, Action::Online { .. }) {
            known.status = 0;
        }
        if let Some(running) = known.running.take() {
            let outcome = Outcome::Cancelled;
            known.ended.push((running, outcome.clone()));
            reports.push(self.report(order.resource, News::Ended { order: running, outcome }));
        }
        let starts = matches!(order.action, Action::Online { .. });
        if reaction == Reaction::Hang {
            if let Some(known) = self.known.get_mut(&order.resource) {
                known.running = Some(order.id);
                known.stand(Condition::Busy, self.now_ms);
            }
            return (if starts { Effected::Runs } else { Effected::Nothing }, reports);
        }
        let (effected, report) = self.end(order.resource, order.id, starts, reaction);
        reports.push(report);
        (effected, reports)
    }

    /// Ends an order as the reaction says.
    pub(super) fn end(
        &mut self,
        id: ResourceId,
        order: OrderId,
        starts: bool,
        reaction: Reaction,
    ) -> (Effected, Report) {
        if order.step == Step::Open {
            return self.end_open(id, order, reaction);
        }
        let (outcome, condition, effected) = match (reaction, starts) {
            (Reaction::Done, true) => (Outcome::Done, Condition::Online, Effected::Runs),
            (Reaction::Done, false) => (Outcome::Done, Condition::Offline, Effected::Stopped),
            (Reaction::Pretend, true) => (Outcome::Done, Condition::Online, Effected::Nothing),
            (Reaction::Pretend, false) => (Outcome::Done, Condition::Offline, Effected::Left),
            (Reaction::Veto, false) => {
                let cause = Cause::new(Status::CLUSTER_RESOURCE_VETOED_CALL, "the state file does not fit");
                (Outcome::Vetoed(cause), Condition::Online, Effected::Nothing)
            }
            _ => {
                let cause = Cause::new(Status::RESOURCE_FAILED, "exited with status 3");
                let effected = if starts { Effected::Runs } else { Effected::Nothing };
                (Outcome::Failed(cause.clone()), Condition::Failed(cause), effected)
            }
        };
        if let Some(known) = self.known.get_mut(&id) {
            known.running = None;
            known.stand(condition, self.now_ms);
            known.ended.push((order, outcome.clone()));
        }
        let report = self.report(id, News::Ended { order, outcome });
        (effected, report)
    }

    /// The process that an order waited for is gone.
    pub(super) fn lose_process(&mut self, id: ResourceId) -> Option<Report> {
        let known = self.known.get_mut(&id)?;
        let order = known.running.take()?;
        let cause = Cause::new(Status::RESOURCE_FAILED, "killed by signal 9");
        known.stand(Condition::Failed(cause.clone()), self.now_ms);
        let outcome = Outcome::Failed(cause);
        known.ended.push((order, outcome.clone()));
        Some(self.report(id, News::Ended { order, outcome }))
    }

    /// Ends an Open that hung. It has found nothing; what does not serve, the host kills.
    fn end_open(&mut self, id: ResourceId, order: OrderId, reaction: Reaction) -> (Effected, Report) {
        if matches!(reaction, Reaction::Fail | Reaction::Hang) {
            self.known.remove(&id);
            let outcome = Outcome::Failed(Cause::new(Status::MOD_NOT_FOUND, "no such library"));
            self.gone.push((id, order, outcome.clone()));
            return (Effected::Nothing, self.report(id, News::Ended { order, outcome }));
        }
        self.gone.push((id, order, Outcome::Done));
        if let Some(known) = self.known.get_mut(&id) {
            known.running = None;
            known.stand(Condition::Offline, self.now_ms);
        }
        (Effected::Killed, self.report(id, News::Ended { order, outcome: Outcome::Done }))
    }

    fn ended(&mut self, order: &Order, outcome: Outcome) -> Report {
        // An Open is never the last order that is told of.
        match self.known.get_mut(&order.resource).filter(|_| order.id.step != Step::Open) {
            Some(known) => known.ended.push((order.id, outcome.clone())),
            None => self.gone.push((order.resource, order.id, outcome.clone())),
        }
        self.report(order.resource, News::Ended { order: order.id, outcome })
    }

    /// A kept report.
    pub(super) fn report(&mut self, resource: ResourceId, news: News) -> Report {
        self.sequence += 1;
        let epoch = self.known.get(&resource).map(|known| known.epoch).unwrap_or_default();
        let report = Report { sequence: self.sequence, resource, epoch, news };
        self.kept.push(report.clone());
        report
    }
}
