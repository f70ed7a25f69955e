//! What must hold after every input (design §4).

use std::collections::BTreeSet;

use mainstay_store::{KeyRange, read_all};
use mainstay_types::event::{Event, EventKind};
use mainstay_types::operation::{End, OperationRecord, Verb};
use mainstay_types::order::{Action, Order};
use mainstay_types::{GroupId, HostId, ObjectId, OfflineFlags, OperationId, ResourceId, ResourceState};

use super::World;
use crate::live::Stage;
use crate::operation::Phase;

impl World {
    /// I2, second half: a provider is never told to stop while anything of a dependent still runs that has no other one
    /// in its place. I7: what is locked is not asked to stop for a caller who did not say that he ignores that.
    ///
    /// Orders of one group never go back to an older epoch. What is deleted is closed under the one that its host has.
    pub(super) fn check_order(&mut self, group: GroupId, order: &Order) {
        if self.engine.view().model().resource(order.resource).is_none() {
            assert!(order.action == Action::Close, "I1: {} is for what is deleted", order.id);
            return;
        }
        self.check_lock(order);
        let newest = self.epochs.entry(group).or_default();
        assert!(order.epoch >= *newest, "I1: {} has epoch {}, after {newest}", order.id, order.epoch);
        *newest = order.epoch;
        self.check_stored(order.id.operation);
        self.found.check_order(order);
        match order.action {
            Action::Offline { .. } | Action::Terminate => {
                self.check_stop(order);
                self.serving.remove(&order.resource);
                self.trusted.remove(&order.resource);
            }
            Action::Online { .. } if self.is_first(order) => {
                self.serving.remove(&order.resource);
                self.trusted.remove(&order.resource);
                if self.checks {
                    self.check_start(order);
                }
            }
            _ => {}
        }
    }

    /// I4: what an operation of this service orders is not what its host has done for an earlier service: it would answer
    /// from memory, and do nothing.
    pub(super) fn check_identity(&self, host: HostId, order: &Order) {
        let is_resumed = self.engine.operations.get(&order.id.operation).is_none_or(|found| found.is_resumed);
        let is_it = |sent: &Order| sent.resource == order.resource && sent.id == order.id;
        if is_resumed || self.orders[self.earlier_orders..].iter().any(is_it) {
            return;
        }
        let knows = self.hosts.get(&host).is_some_and(|fake| fake.remembers(order.resource, order.id));
        assert!(!knows, "I4: {} is new, and its host has had it before", order.id);
    }

    /// It was not given before: an order may have to be sent again.
    fn is_first(&self, order: &Order) -> bool {
        !self.orders.iter().any(|sent| sent.resource == order.resource && sent.id == order.id)
    }

    /// I2: nothing is started without what it needs. I1: nor while something of it runs.
    fn check_start(&self, order: &Order) {
        let (id, model) = (order.resource, self.engine.view().model());
        let Some(resource) = model.resource(id) else { return };
        let online = |other: ResourceId| self.state(other) == ResourceState::Online;
        let name = &resource.name;
        assert!(resource.depends_on.is_met(online), "I2: '{name}' is started without what it needs");
        let runs = self.runs(id) && !self.deceived.contains(&id);
        assert!(!runs, "I1: '{name}' is started, and something of it runs");
    }

    /// I4: what somebody was told is accepted, and what is ordered for that, outlives a crash.
    pub(super) fn check_stored(&mut self, id: OperationId) {
        let is_stored = self.engine.operations.get(&id).is_some_and(|operation| operation.is_stored);
        let has_ended = self.journal.get(&id).is_some_and(|record| record.end.is_some());
        if is_stored && !has_ended {
            let key = crate::model::layout::operation_key(id);
            let (found, _) = read_all(&mut self.store, &KeyRange::prefix(key.clone())).expect("a read");
            let is_there = found.iter().any(|entry| entry.key == key);
            assert!(is_there, "I4: operation {id} acts, or was answered, and is not in the database");
        }
    }

    fn check_stop(&self, order: &Order) {
        let model = self.engine.view().model();
        let (id, provider) = (order.id, order.resource);
        for dependent in model.dependents(provider).filter(|it| self.runs(*it) && !self.deceived.contains(it))
        {
            let needs = &model.resource(dependent).expect("a resource").depends_on;
            // One that waits for its turn to stop serves until then.
            let serves = |other: ResourceId| {
                let state = self.state(other);
                let waits = state == ResourceState::OfflinePending && self.trusted.contains(&other);
                state == ResourceState::Online || waits
            };
            let is_served = !needs.relies_on(provider, serves);
            // It has not come online since this dependent did, or is only told again, harder.
            let is_unused = !self.serving.contains(&provider);
            let name = self.engine.name_of(dependent);
            assert!(is_served || is_unused, "I2: {id} stops what '{name}' needs, and it runs");
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
        let is_first = self.is_first(order);
        let is_locked = self.glance(order.resource).locked.is_some();
        assert!(
            !(is_first && is_locked),
            "I7: {:?} is locked and told to stop by {}",
            order.resource,
            order.id
        );
    }

    /// I6: what watchers were told of a resource's state.
    pub(super) fn watch(&mut self, event: &Event) {
        let ObjectId::Resource(id) = event.object else { return };
        match event.kind {
            EventKind::ResourceState => {
                let Some(bytes) = event.buffer.first_chunk() else { return };
                let state = u32::from_le_bytes(*bytes);
                self.watched.insert(id, state);
                if state == ResourceState::Failed.number() {
                    self.watch_failure(id);
                }
            }
            EventKind::ResourceCommonProperty => self.watch_inside(id),
            EventKind::ResourceDeleted => drop(self.watched.remove(&id)),
            _ => {}
        }
    }

    /// Truth: what has ended as done is what was asked for, by what watchers were told before. What an earlier service has
    /// seen the end of is only written down.
    pub(super) fn check_done(&self, record: &OperationRecord) {
        if record.end != Some(End::Done) || !self.engine.view().is_ready() {
            return;
        }
        let (verb, model) = (record.verb, self.engine.view().model());
        let ids: Vec<ResourceId> = match &record.object {
            ObjectId::Resource(id) => vec![*id],
            ObjectId::Group(id) => model.group(*id).into_iter().flat_map(|it| it.members.clone()).collect(),
            _ => return,
        };
        for id in ids {
            let Some(told) = self.watched.get(&id).copied() else { continue };
            let is_named = matches!(record.object, ObjectId::Resource(_));
            let is_true = match verb {
                Verb::Online if is_named => told == ResourceState::Online.number(),
                // Who was taken offline by name, or was made meanwhile, is not meant.
                Verb::Online => told != ResourceState::Failed.number(),
                Verb::Offline => told == ResourceState::Offline.number(),
                _ => true,
            };
            let name = &record.name;
            assert!(
                is_true,
                "truth: {} {verb} of '{name}' is said to be done, and {id} is {told}",
                record.id
            );
        }
    }

    pub(super) fn check_invariants(&mut self) {
        let resources = self.engine.view().model().resources().map(|resource| resource.id);
        let online: Vec<ResourceId> =
            resources.filter(|id| self.state(*id) == ResourceState::Online).collect();
        let mut serving = std::mem::take(&mut self.serving);
        let mut trusted = std::mem::take(&mut self.trusted);
        serving.extend(&online);
        serving.retain(|id| self.runs(*id));
        trusted.extend(online);
        // A service that starts knows nothing yet.
        let is_ready = self.engine.view().is_ready();
        // One of them may have been deleted since.
        let is_up = |id: &ResourceId| {
            let state = self.engine.view().resource_state(*id);
            matches!(state, Some(ResourceState::Online | ResourceState::OfflinePending))
        };
        trusted.retain(|id| !is_ready || is_up(id));
        (self.serving, self.trusted) = (serving, trusted);
        self.watch_restarts();
        let view = self.engine.view();
        if !view.is_ready() {
            return;
        }
        for resource in view.model().resources() {
            let id = resource.id;
            let Some(live) = self.engine.live.get(&id) else { continue };
            let (name, state) = (&resource.name, live.state);
            let told = self.watched.get(&id).copied().unwrap_or(state.number());
            assert!(told == state.number(), "I6: '{name}' is {state}, and watchers were told {told}");
            let (status, told) = (self.engine.resource_status(id), live.told_status);
            assert!(told == Some(status), "I6: '{name}' says {status:?}, and watchers were told {told:?}");
            if state == ResourceState::Online {
                let online = |id: ResourceId| self.state(id) == ResourceState::Online;
                assert!(resource.depends_on.is_met(online), "I2: '{name}' is online without what it needs");
                continue;
            }
            // Success is only said when it is true (design §3.16).
            let is_said = state == ResourceState::Offline || state == ResourceState::Failed && !live.unproven;
            let is_false = is_said && self.runs(id) && !self.deceived.contains(&id);
            let host_died = is_false && self.holder(id).is_none();
            assert!(!is_false, "truth: '{name}' is said to be {state} and runs (host lost: {host_died})");
        }
        for group in view.model().groups() {
            let (name, status) = (&group.name, self.engine.group_status(group.id));
            let told = self.engine.counts.get(&group.id).map(|counts| counts.told).unwrap_or_default();
            assert!(told == status, "I6: '{name}' says {status:?}, and watchers were told {told:?}");
        }
        self.check_notes();
        self.engine.check_policies("the last input");
        self.check_group_order();
    }

    /// What the engine is at, for the table of which fault struck when.
    pub fn moments(&self) -> BTreeSet<&'static str> {
        let mut moments = BTreeSet::new();
        if self.is_down {
            return ["down"].into();
        }
        if !self.engine.is_ready() {
            moments.insert("recovering");
        }
        for operation in self.engine.operations.values() {
            match &operation.phase {
                Phase::Checking(_) => drop(moments.insert("checking")),
                Phase::Committing => drop(moments.insert("committing")),
                Phase::Vetoing { .. } => drop(moments.insert("vetoing")),
                Phase::Running | Phase::Ended => {}
            }
        }
        for task in self.engine.live.values().filter_map(|live| live.task.as_ref()) {
            moments.insert(match task.stage {
                Stage::Host => "awaiting host",
                Stage::Leaving => "leaving",
                Stage::Asking => "asking",
                Stage::Opening => "opening",
                Stage::Starting => "starting",
                Stage::Stopping => "stopping",
                Stage::Terminating => "terminating",
                Stage::Looking => "looking",
                Stage::HardStopping => "hard stop",
            });
        }
        if moments.is_empty() {
            moments.insert("at rest");
        }
        moments
    }
}
