//! Watchers: what was published, in order, for notification ports of version 2 and for readers of READ_EVENTS.
//!
//! There is one log of the newest events (`log`). A port (`port`) belongs to the connection that made it, a reader
//! (`reader`) to nobody: both are a place in that log with a filter. Whose place the log has given up is told so by
//! one event, and the service's memory stays bounded, whoever is slow.

mod log;
mod port;
mod reader;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mainstay_cmrp::notify::{GetNotifyV2Response, NotifyFilter};
use mainstay_types::event::Event;
use mainstay_types::{Name, ObjectId, Status};
use parking_lot::Mutex;

use self::log::Log;
use self::port::Port;
use self::reader::Reader;
pub use self::reader::{Batch, BatchWaiter, Beginning, Wanted, WantedObject};

/// How many ports there may be.
const PORTS_MAX: usize = 4096;

/// How many readers may wait. Each connection waits once at a time, and there are fewer connections.
const READERS_MAX: usize = 4096;

/// A port's number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PortId(u64);

/// The number of a reader who waits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ReaderId(u64);

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

/// What became of a reader's question.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asked {
    /// It was answered at once.
    Answered,
    /// He waits.
    Waits(ReaderId),
    /// The place that he asked for is still to come: ERROR_INVALID_PARAMETER.
    NoSuchPlace,
    /// Too many wait.
    TooMany,
}

/// The log, and all who watch.
pub struct Watchers {
    inner: Mutex<Inner>,
    made: AtomicU64,
}

struct Inner {
    log: Log,
    ports: HashMap<PortId, Port>,
    readers: HashMap<ReaderId, Reader>,
}

impl Watchers {
    /// Nobody watches yet. `run` tells this run of the service from every other one.
    pub fn new(run: u64) -> Self {
        let inner = Inner { log: Log::new(run), ports: HashMap::new(), readers: HashMap::new() };
        Watchers { inner: Mutex::new(inner), made: AtomicU64::new(0) }
    }

    fn number(&self) -> u64 {
        self.made.fetch_add(1, Ordering::Relaxed)
    }

    /// Makes a port. `None` when there are too many.
    pub fn open(&self) -> Option<PortId> {
        let mut inner = self.inner.lock();
        if inner.ports.len() >= PORTS_MAX {
            return None;
        }
        let id = PortId(self.number());
        let port = Port::new(&inner.log);
        inner.ports.insert(id, port);
        Some(id)
    }

    /// Has a port report on what a filter lets pass.
    pub fn add(&self, port: PortId, filter: NotifyFilter, scope: Scope, key: u32) -> Status {
        let Inner { log, ports, .. } = &mut *self.inner.lock();
        let Some(port) = ports.get_mut(&port) else { return Status::INVALID_HANDLE };
        port.add(filter, scope, key, log)
    }

    /// Fetches what waits, or waits for the next. One at a time waits on a port; a second is refused.
    pub fn fetch(&self, port: PortId, waiter: Waiter) {
        let mut inner = self.inner.lock();
        let Inner { log, ports, .. } = &mut *inner;
        let answer = match ports.get_mut(&port) {
            None => ended(Status::NO_MORE_ITEMS),
            Some(port) if port.waiter.is_some() => ended(Status::BUSY),
            Some(port) if port.is_caught_up(log) => {
                port.waiter = Some(waiter);
                return;
            }
            Some(port) => port.take(log),
        };
        drop(inner);
        waiter(answer);
    }

    /// Lets a call that waits on the port return with ERROR_INVALID_FUNCTION, as MS-CMRP 3.1.4.2.108 says.
    pub fn unblock(&self, port: PortId) -> Status {
        match self.inner.lock().ports.get_mut(&port) {
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
        let closed = self.inner.lock().ports.remove(&port);
        drop(closed);
    }

    /// What there is from a place on, at most so many; without any, the reader waits for the first. The waiter is
    /// called unless he waits, and then when something comes, if nobody gives up before.
    pub fn read(&self, beginning: Beginning, wanted: Wanted, limit: usize, waiter: BatchWaiter) -> Asked {
        let mut inner = self.inner.lock();
        let Some(batch) = reader::batch(&inner.log, beginning, &wanted, limit) else {
            return Asked::NoSuchPlace;
        };
        if !batch.events.is_empty() || batch.lost_from.is_some() {
            drop(inner);
            waiter(batch);
            return Asked::Answered;
        }
        if inner.readers.len() >= READERS_MAX {
            return Asked::TooMany;
        }
        let id = ReaderId(self.number());
        inner.readers.insert(id, Reader { wanted, waiter });
        Asked::Waits(id)
    }

    /// The reader waits no longer: he is told that there is nothing yet. Nothing happens if he was told something.
    pub fn give_up(&self, reader: ReaderId) {
        let mut inner = self.inner.lock();
        let Some(reader) = inner.readers.remove(&reader) else { return };
        let batch = reader::batch(&inner.log, Beginning::Now, &reader.wanted, 0);
        drop(inner);
        // Now is always a place.
        if let Some(batch) = batch {
            (reader.waiter)(batch);
        }
    }

    /// Keeps an event and tells it to whoever waits for it.
    pub fn publish(&self, event: Event, at_ms: u64) {
        let Inner { log, ports, readers } = &mut *self.inner.lock();
        let kept = log.push(Arc::new(event), at_ms);
        for port in ports.values_mut() {
            port.published(&kept, log);
        }
        for (_, reader) in readers.extract_if(|_, reader| reader.waits_for(&kept)) {
            let beginning = Beginning::At(log.revision(kept.number));
            if let Some(batch) = reader::batch(log, beginning, &reader.wanted, 1) {
                (reader.waiter)(batch);
            }
        }
    }
}

/// The scope of one resource type, which has no handle.
pub fn type_scope(name: Name) -> Scope {
    Scope::Object(ObjectId::ResourceType(name))
}

fn ended(status: Status) -> GetNotifyV2Response {
    GetNotifyV2Response { notifications: None, status: status.0 }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use mainstay_types::event::{EventKind, EventRevision, object_type};
    use mainstay_types::{GroupId, ResourceId};

    use super::*;

    const RUN: u64 = 7;

    pub(super) fn state_event(resource: u128, state: u32) -> Event {
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
        let watchers = Watchers::new(RUN);
        let (all, one) = (watchers.open().unwrap(), watchers.open().unwrap());
        let wanted = Scope::Object(ObjectId::Resource(ResourceId(uuid::Uuid::from_u128(2))));
        assert_eq!(watchers.add(all, resource_states(4), Scope::All, 7), Status::SUCCESS);
        assert_eq!(watchers.add(one, resource_states(4), wanted, 8), Status::SUCCESS);
        let waiting = fetch(&watchers, one);
        for (resource, state) in [(1, 129), (1, 2), (2, 129)] {
            watchers.publish(state_event(resource, state), 0);
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
        let watchers = Watchers::new(RUN);
        let port = watchers.open().unwrap();
        watchers.add(port, resource_states(4), Scope::All, 9);
        for _ in 0..=log::EVENTS_KEPT_MAX {
            watchers.publish(state_event(1, 2), 0);
        }
        let told = fetch(&watchers, port).recv().unwrap().notifications.unwrap();
        assert_eq!((told[0].data.filter.events, told[0].notify_key), (0x200, 9));
        assert_eq!(told.len(), port::EVENTS_PER_ANSWER_MAX);
        let mut fetched = told.len() - 1;
        while fetched < log::EVENTS_KEPT_MAX {
            let told = fetch(&watchers, port).recv().unwrap().notifications.unwrap();
            assert!(told.iter().all(|told| told.data.filter.events == 4), "lost is said once");
            fetched += told.len();
        }
        assert_eq!(fetched, log::EVENTS_KEPT_MAX, "what is kept comes after it, once each");
    }

    #[test]
    fn a_port_loses_nothing_while_others_are_busy() {
        let watchers = Watchers::new(RUN);
        let port = watchers.open().unwrap();
        let rare = Scope::Object(ObjectId::Resource(ResourceId(uuid::Uuid::from_u128(2))));
        watchers.add(port, resource_states(4), rare, 1);
        for _ in 0..=log::EVENTS_KEPT_MAX {
            watchers.publish(state_event(1, 2), 0);
        }
        watchers.publish(state_event(2, 2), 0);
        let told = fetch(&watchers, port).recv().unwrap().notifications.unwrap();
        assert_eq!(told.iter().map(|told| told.data.filter.events).collect::<Vec<_>>(), [4]);
    }

    #[test]
    fn an_event_that_more_filters_let_pass_than_an_answer_holds_comes_in_two() {
        let watchers = Watchers::new(RUN);
        let port = watchers.open().unwrap();
        for key in 0..300 {
            watchers.add(port, resource_states(4), Scope::All, key);
        }
        watchers.publish(state_event(1, 2), 0);
        let keys = || -> Vec<u32> {
            let told = fetch(&watchers, port).recv().unwrap().notifications.unwrap();
            told.iter().map(|told| told.notify_key).collect()
        };
        assert_eq!(keys(), (0..256).collect::<Vec<_>>());
        assert_eq!(keys(), (256..300).collect::<Vec<_>>());
        // A filter is for what comes after it.
        watchers.publish(state_event(1, 3), 0);
        watchers.add(port, resource_states(4), Scope::All, 300);
        assert_eq!((keys().len(), keys().len()), (256, 44));
    }

    fn read(watchers: &Watchers, beginning: Beginning, wanted: &Wanted) -> (Asked, mpsc::Receiver<Batch>) {
        let (sender, receiver) = mpsc::channel();
        let waiter = Box::new(move |batch| drop(sender.send(batch)));
        (watchers.read(beginning, wanted.clone(), 100, waiter), receiver)
    }

    fn at(number: u64) -> Beginning {
        Beginning::At(EventRevision { run: RUN, number })
    }

    fn numbers(batch: &Batch) -> Vec<u64> {
        batch.events.iter().map(|told| told.revision.number).collect()
    }

    #[test]
    fn a_reader_goes_on_where_he_was() {
        let watchers = Watchers::new(RUN);
        for number in 1..=250 {
            watchers.publish(state_event(number % 2, 2), 0);
        }
        let wanted = Wanted {
            object: Some(WantedObject { text: "1".into(), objects: Vec::new() }),
            ..Wanted::default()
        };
        let (asked, batch) = read(&watchers, Beginning::Oldest, &wanted);
        let batch = batch.recv().unwrap();
        assert_eq!((asked, batch.more, batch.lost_from), (Asked::Answered, true, None));
        assert_eq!(numbers(&batch), (1..200).step_by(2).collect::<Vec<_>>());
        let batch = read(&watchers, Beginning::At(batch.next), &wanted).1.recv().unwrap();
        assert_eq!(numbers(&batch), (201..250).step_by(2).collect::<Vec<_>>());
        assert_eq!((batch.next.number, batch.more), (251, false));
        let (asked, waiting) = read(&watchers, Beginning::At(batch.next), &wanted);
        assert!(matches!(asked, Asked::Waits(_)));
        watchers.publish(state_event(2, 2), 0);
        assert!(waiting.try_recv().is_err());
        watchers.publish(state_event(1, 2), 0);
        assert_eq!(numbers(&waiting.recv().unwrap()), [252]);
    }

    #[test]
    fn a_place_that_is_not_kept_is_told_with_the_one_to_go_on_from() {
        let watchers = Watchers::new(RUN);
        for _ in 0..log::EVENTS_KEPT_MAX + 3 {
            watchers.publish(state_event(1, 2), 0);
        }
        let other_run = Beginning::At(EventRevision { run: RUN + 1, number: 9 });
        for beginning in [at(1), at(3), other_run] {
            let batch = read(&watchers, beginning, &Wanted::default()).1.recv().unwrap();
            assert_eq!(batch.lost_from.map(|first| first.number), Some(4), "{beginning:?}");
            assert_eq!(numbers(&batch)[0], 4);
        }
        assert_eq!(read(&watchers, at(4), &Wanted::default()).1.recv().unwrap().lost_from, None);
        let end = log::EVENTS_KEPT_MAX as u64 + 4;
        assert!(matches!(read(&watchers, at(end), &Wanted::default()).0, Asked::Waits(_)));
        assert_eq!(read(&watchers, at(end + 1), &Wanted::default()).0, Asked::NoSuchPlace);
    }

    #[test]
    fn who_gives_up_is_told_where_to_go_on() {
        let watchers = Watchers::new(RUN);
        let wanted = Wanted { kinds: vec![EventKind::NodeState], ..Wanted::default() };
        let (asked, waiting) = read(&watchers, Beginning::Now, &wanted);
        let Asked::Waits(id) = asked else { panic!("{asked:?}") };
        watchers.publish(state_event(1, 2), 0);
        watchers.give_up(id);
        let batch = waiting.recv().unwrap();
        assert_eq!((batch.events.len(), batch.next.number), (0, 2));
        watchers.give_up(id);
    }

    #[test]
    fn a_reader_wants_by_object_kind_and_key() {
        let watchers = Watchers::new(RUN);
        let registry = |path: &str| Event {
            kind: EventKind::RegistryValue,
            object: ObjectId::Cluster,
            object_id: String::new(),
            parent_id: String::new(),
            name: path.into(),
            type_name: String::new(),
            buffer: Vec::new(),
        };
        watchers.publish(state_event(1, 2), 0);
        watchers.publish(registry(r"resources\1"), 0);
        watchers.publish(registry(r"resources\1\parameters"), 0);
        watchers.publish(registry(r"resources\12"), 0);
        let object = |text: &str, objects: Vec<ObjectId>| Some(WantedObject { text: text.into(), objects });
        let key = |path: &str| Some(mainstay_store::registry::KeyPath::parse(path).unwrap());
        let db = ObjectId::Resource(ResourceId(uuid::Uuid::from_u128(1)));
        for (wanted, expected) in [
            (Wanted::default(), vec![1]),
            (Wanted { kinds: vec![EventKind::RegistryValue], ..Wanted::default() }, vec![2, 3, 4]),
            (Wanted { key: key(r"Resources\1"), ..Wanted::default() }, vec![2, 3]),
            (Wanted { object: object("db", vec![]), ..Wanted::default() }, vec![1]),
            (Wanted { object: object("other", vec![db]), ..Wanted::default() }, vec![1]),
            (Wanted { object: object("d", vec![]), key: key(""), ..Wanted::default() }, vec![]),
        ] {
            let (asked, batch) = read(&watchers, Beginning::Oldest, &wanted);
            let told = match asked {
                Asked::Waits(_) => Vec::new(),
                _ => numbers(&batch.recv().unwrap()),
            };
            assert_eq!(told, expected, "{wanted:?}");
        }
    }

    #[test]
    fn a_waiting_call_returns_when_the_port_is_closed_or_unblocked() {
        let watchers = Watchers::new(RUN);
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
