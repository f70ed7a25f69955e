//! Notification ports, version 2: who watches what, and what each has not fetched yet.
//!
//! A port belongs to the connection that made it. Events are queued in the order in which the engine publishes them;
//! a port whose queue is full loses its place and is told so by one event, and the service's memory stays bounded.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};

use mainstay_cmrp::notify::{GetNotifyV2Response, Notification, NotificationData, NotifyFilter};
use mainstay_types::event::{Event, EventKind, object_type};
use mainstay_types::{Name, ObjectId, Status};
use parking_lot::Mutex;

/// How many events one port may have waiting. A thousand resources going down and up again fit twice.
const EVENTS_WAITING_MAX: usize = 8192;

/// How many events one answer carries.
const EVENTS_PER_ANSWER_MAX: usize = 256;

/// How many filters one port may have.
const FILTERS_MAX: usize = 4096;

/// How many ports there may be.
const PORTS_MAX: usize = 4096;

/// A port's number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PortId(u64);

/// Takes the answer to one GetNotifyV2. Must not wait.
pub type Waiter = Box<dyn FnOnce(GetNotifyV2Response) + Send>;

/// What a filter looks at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Every object of the filter's type.
    All,
    /// One object.
    Object(ObjectId),
}

struct Filter {
    object_type: u32,
    events: u64,
    scope: Scope,
    key: u32,
}

#[derive(Default)]
struct Port {
    filters: Vec<Filter>,
    events: VecDeque<Notification>,
    waiter: Option<Waiter>,
}

/// All ports.
#[derive(Default)]
pub struct Watchers {
    ports: Mutex<HashMap<PortId, Port>>,
    made: AtomicU64,
}

impl Watchers {
    /// Makes a port. `None` when there are too many.
    pub fn open(&self) -> Option<PortId> {
        let mut ports = self.ports.lock();
        if ports.len() >= PORTS_MAX {
            return None;
        }
        let id = PortId(self.made.fetch_add(1, Ordering::Relaxed));
        ports.insert(id, Port::default());
        Some(id)
    }

    /// Has a port report on what a filter lets pass.
    pub fn add(&self, port: PortId, filter: NotifyFilter, scope: Scope, key: u32) -> Status {
        let mut ports = self.ports.lock();
        let Some(port) = ports.get_mut(&port) else { return Status::INVALID_HANDLE };
        if port.filters.len() >= FILTERS_MAX {
            return Status::NOT_ENOUGH_MEMORY;
        }
        let (object_type, events) = (filter.object_type, filter.events.cast_unsigned());
        port.filters.push(Filter { object_type, events, scope, key });
        Status::SUCCESS
    }

    /// Fetches what waits, or waits for the next. One at a time waits on a port; a second is refused.
    pub fn fetch(&self, port: PortId, waiter: Waiter) {
        let mut ports = self.ports.lock();
        let answer = match ports.get_mut(&port) {
            None => ended(Status::NO_MORE_ITEMS),
            Some(port) if port.waiter.is_some() => ended(Status::BUSY),
            Some(port) if port.events.is_empty() => {
                port.waiter = Some(waiter);
                return;
            }
            Some(port) => port.take(),
        };
        drop(ports);
        waiter(answer);
    }

    /// Lets a call that waits on the port return with ERROR_INVALID_FUNCTION, as MS-CMRP 3.1.4.2.108 says.
    pub fn unblock(&self, port: PortId) -> Status {
        match self.ports.lock().get_mut(&port) {
            None => Status::INVALID_HANDLE,
            Some(port) => {
                if let Some(waiter) = port.waiter.take() {
                    waiter(ended(Status::INVALID_FUNCTION));
                }
                Status::SUCCESS
            }
        }
    }

    /// Gives a port back; a call that waits on it returns with ERROR_NO_MORE_ITEMS.
    pub fn close(&self, port: PortId) {
        if let Some(Port { waiter: Some(waiter), .. }) = self.ports.lock().remove(&port) {
            waiter(ended(Status::NO_MORE_ITEMS));
        }
    }

    /// Tells every port whose filters let the event pass.
    pub fn publish(&self, event: &Event) {
        for port in self.ports.lock().values_mut() {
            port.publish(event);
        }
    }
}

impl Port {
    fn publish(&mut self, event: &Event) {
        let (object_type, bit) = event.kind.filter();
        for filter in &self.filters {
            let asked = filter.object_type == object_type && filter.events & bit != 0;
            if !asked || !in_scope(&filter.scope, &event.object) {
                continue;
            }
            if self.events.len() >= EVENTS_WAITING_MAX {
                self.events.clear();
                self.events.push_back(lost_notifications(filter.key));
            }
            self.events.push_back(notification(filter.key, object_type, bit, event));
        }
        if !self.events.is_empty()
            && let Some(waiter) = self.waiter.take()
        {
            waiter(self.take());
        }
    }

    fn take(&mut self) -> GetNotifyV2Response {
        let count = self.events.len().min(EVENTS_PER_ANSWER_MAX);
        GetNotifyV2Response { notifications: Some(self.events.drain(..count).collect()), status: 0 }
    }
}

fn in_scope(scope: &Scope, object: &ObjectId) -> bool {
    match scope {
        Scope::All => true,
        Scope::Object(wanted) => wanted == object,
    }
}

/// The scope of one resource type, which has no handle.
pub fn type_scope(name: Name) -> Scope {
    Scope::Object(ObjectId::ResourceType(name))
}

fn ended(status: Status) -> GetNotifyV2Response {
    GetNotifyV2Response { notifications: None, status: status.0 }
}

fn notification(key: u32, object_type: u32, bit: u64, event: &Event) -> Notification {
    Notification {
        notify_key: key,
        data: NotificationData {
            filter: NotifyFilter { object_type, events: bit.cast_signed() },
            buffer: Some(event.buffer.clone()),
            object_id: Some(event.object_id.clone()),
            parent_id: Some(event.parent_id.clone()),
            name: Some(event.name.clone()),
            type_name: Some(event.type_name.clone()),
        },
    }
}

fn lost_notifications(key: u32) -> Notification {
    let (_, bit) = EventKind::LostNotifications.filter();
    Notification {
        notify_key: key,
        data: NotificationData {
            filter: NotifyFilter { object_type: object_type::CLUSTER, events: bit.cast_signed() },
            buffer: Some(Vec::new()),
            object_id: Some(String::new()),
            parent_id: Some(String::new()),
            name: Some(String::new()),
            type_name: Some(String::new()),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use mainstay_types::{GroupId, ResourceId};

    use super::*;

    fn state_event(resource: u128, state: u32) -> Event {
        Event {
            kind: EventKind::ResourceState,
            object: ObjectId::Resource(ResourceId(uuid::Uuid::from_u128(resource))),
            object_id: resource.to_string(),
            parent_id: GroupId(uuid::Uuid::nil()).to_string(),
            name: "db".into(),
            type_name: "Generic Application".into(),
            buffer: state.to_le_bytes().to_vec(),
        }
    }

    fn resource_states(events: u64) -> NotifyFilter {
        NotifyFilter { object_type: object_type::RESOURCE, events: events.cast_signed() }
    }

    fn fetch(watchers: &Watchers, port: PortId) -> mpsc::Receiver<GetNotifyV2Response> {
        let (sender, receiver) = mpsc::channel();
        watchers.fetch(port, Box::new(move |answer| drop(sender.send(answer))));
        receiver
    }

    #[test]
    fn events_come_in_order_to_those_who_asked_for_them() {
        let watchers = Watchers::default();
        let (all, one) = (watchers.open().unwrap(), watchers.open().unwrap());
        let wanted = Scope::Object(ObjectId::Resource(ResourceId(uuid::Uuid::from_u128(2))));
        assert_eq!(watchers.add(all, resource_states(4), Scope::All, 7), Status::SUCCESS);
        assert_eq!(watchers.add(one, resource_states(4), wanted, 8), Status::SUCCESS);
        let waiting = fetch(&watchers, one);
        for (resource, state) in [(1, 129), (1, 2), (2, 129)] {
            watchers.publish(&state_event(resource, state));
        }
        let states = |answer: GetNotifyV2Response| -> Vec<(u32, Vec<u8>)> {
            let told = answer.notifications.unwrap();
            told.into_iter().map(|told| (told.notify_key, told.data.buffer.unwrap())).collect()
        };
        assert_eq!(states(waiting.recv().unwrap()), [(8, vec![129, 0, 0, 0])]);
        let all = states(fetch(&watchers, all).recv().unwrap());
        assert_eq!(all, [(7, vec![129, 0, 0, 0]), (7, vec![2, 0, 0, 0]), (7, vec![129, 0, 0, 0])]);
    }

    #[test]
    fn a_port_that_nobody_reads_loses_its_place_and_says_so() {
        let watchers = Watchers::default();
        let port = watchers.open().unwrap();
        watchers.add(port, resource_states(4), Scope::All, 1);
        for _ in 0..=EVENTS_WAITING_MAX {
            watchers.publish(&state_event(1, 2));
        }
        let told = fetch(&watchers, port).recv().unwrap().notifications.unwrap();
        assert_eq!(told[0].data.filter.events, 0x200);
        assert_eq!(told.len(), 2);
    }

    #[test]
    fn a_waiting_call_returns_when_the_port_is_closed_or_unblocked() {
        let watchers = Watchers::default();
        let port = watchers.open().unwrap();
        let waiting = fetch(&watchers, port);
        assert_eq!(fetch(&watchers, port).recv().unwrap().status, Status::BUSY.0);
        assert_eq!(watchers.unblock(port), Status::SUCCESS);
        assert_eq!(waiting.recv().unwrap().status, 1);
        let waiting = fetch(&watchers, port);
        watchers.close(port);
        assert_eq!(waiting.recv().unwrap().status, 259);
        assert_eq!(fetch(&watchers, port).recv().unwrap().status, 259);
    }
}
