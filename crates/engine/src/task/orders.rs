//! The orders of a task: what they say, and sending them again.
//!
//! An order's identity is its operation, its step, its number and its resource; sending it again is always safe.

use mainstay_types::order::{Action, Opening, Order, OrderId, Step};
use mainstay_types::{ResourceId, ResourceState};

use crate::Engine;
use crate::effect::Effect;
use crate::limits::{
    DEADLOCK_TIMEOUT_DEFAULT_MS, IS_ALIVE_DEFAULT_MS, LOOKS_ALIVE_DEFAULT_MS, PENDING_TIMEOUT_DEFAULT_MS,
};
use crate::live::Goal;
use crate::model::copy::registry_copy;
use crate::model::objects::Resource;

impl Engine {
    pub(super) fn give_order(&mut self, id: ResourceId, step: Step) {
        if let Some(live) = self.live.get_mut(&id)
            && let Some(task) = live.task.as_mut()
        {
            // Its host would answer an identity that it knows from memory, also one from before the service's start.
            task.order = Some(OrderId { operation: task.operation, number: live.orders, step });
            live.orders = live.orders.saturating_add(1);
        }
        self.send_order_again(id);
    }

    /// Sends the order that a task waits for, if its host is there. The same identity is the same order.
    pub(crate) fn send_order_again(&mut self, id: ResourceId) {
        let host = self.task_host(id);
        let Some(resource) = self.model.resource(id) else { return };
        let group = resource.group;
        let Some(order_id) =
            self.live.get(&id).and_then(|live| live.task.as_ref()).and_then(|task| task.order)
        else {
            return;
        };
        if !self.hosts.is_connected(host) {
            return;
        }
        let action = self.action(resource, order_id);
        let order = Order { id: order_id, resource: id, epoch: self.model.epoch(group), action };
        self.effects.push(Effect::Order { host, group, order });
    }

    fn action(&self, resource: &Resource, order: OrderId) -> Action {
        let id = resource.id;
        let operation = self.operations.get(&order.operation);
        match order.step {
            Step::Open => {
                let task = self.live.get(&id).and_then(|live| live.task.as_ref());
                let recover = task.is_some_and(|task| {
                    let runs = matches!(task.goal, Goal::Reopen | Goal::Stop) || task.is_taken_up;
                    runs && task.cause.is_none()
                });
                Action::Open(Box::new(self.opening(resource, recover)))
            }
            Step::Start => Action::Online {
                flags: operation.map(|found| found.online_flags).unwrap_or_default(),
                buffer: operation.map(|found| found.buffer.clone()).unwrap_or_default(),
            },
            Step::Restore => Action::Online { flags: Default::default(), buffer: Vec::new() },
            Step::Stop => Action::Offline {
                flags: operation.map(|found| found.offline_flags).unwrap_or_default(),
                reason: operation.map(|found| found.reason).unwrap_or_default(),
                buffer: operation.map(|found| found.buffer.clone()).unwrap_or_default(),
                destination: None,
                due_to_embedded_failure: operation.is_some_and(|found| found.ailing == Some(id)),
            },
            Step::Terminate | Step::CleanUp => Action::Terminate,
            Step::Close => Action::Close,
        }
    }

    /// Everything that a host has to know of a resource.
    pub(crate) fn opening(&self, resource: &Resource, recover: bool) -> Opening {
        let id = resource.id;
        let found = self.model.resource_type(&resource.type_name);
        let (times, live) = (self.model.times(resource), self.live.get(&id));
        let clamp = |ms: u64| u32::try_from(ms).unwrap_or(u32::MAX);
        Opening {
            name: resource.name.clone(),
            type_name: resource.type_name.clone(),
            group: resource.group,
            library: found.and_then(|found| found.library.clone()),
            registry: registry_copy(self.model.tree(), id),
            pending_timeout_ms: clamp(self.pending_timeout_ms(id)),
            deadlock_timeout_ms: clamp(self.deadlock_timeout_ms(id)),
            looks_alive_interval_ms: times.looks_alive_ms.unwrap_or(LOOKS_ALIVE_DEFAULT_MS),
            is_alive_interval_ms: times.is_alive_ms.unwrap_or(IS_ALIVE_DEFAULT_MS),
            recover,
            borne: (recover && resource.in_maintenance).then(|| self.borne_with(id)),
            online_for_ms: live
                .filter(|live| recover && live.state == ResourceState::Online)
                .map(|live| self.now.unix_ms.saturating_sub(live.since_unix_ms)),
            note: self.kept_note(id),
        }
    }

    pub(crate) fn pending_timeout_ms(&self, id: ResourceId) -> u64 {
        let times = self.model.resource(id).map(|resource| self.model.times(resource)).unwrap_or_default();
        u64::from(times.pending_timeout_ms.unwrap_or(PENDING_TIMEOUT_DEFAULT_MS))
    }

    pub(super) fn pending_limit_ms(&self, id: ResourceId) -> u64 {
        let times = self.model.resource(id).map(|resource| self.model.times(resource)).unwrap_or_default();
        u64::from(times.pending_limit_ms.unwrap_or(0))
    }

    pub(crate) fn deadlock_timeout_ms(&self, id: ResourceId) -> u64 {
        let times = self.model.resource(id).map(|resource| self.model.times(resource)).unwrap_or_default();
        u64::from(times.deadlock_timeout_ms.unwrap_or(DEADLOCK_TIMEOUT_DEFAULT_MS))
    }
}
