//! One notification port of version 2: its filters, and how far it has read.
//!
//! ```text
//!   caught up ──── an event that a filter lets pass, nobody waits ────► behind
//!     ▲  │ place = the log's end                                          │ place = the first event of its own
//!     │  └─ somebody waits: he is answered                                │ that it has not told
//!     └──────────────── the last of its own is fetched ◄──────────────────┘
//! ```
//!
//! A port that is behind, and whose place the log has given up, has surely lost an event of its own, and says so.

use std::collections::HashMap;

use mainstay_cmrp::notify::{GetNotifyV2Response, Notification, NotificationData, NotifyFilter};
use mainstay_types::event::{Event, EventKind, object_type};
use mainstay_types::{ObjectId, Status};

use super::log::{Kept, Log};
use super::{Scope, Waiter, ended};

/// How many events one answer carries.
pub(super) const EVENTS_PER_ANSWER_MAX: usize = 256;

/// How many filters one port may have.
const FILTERS_MAX: usize = 4096;

struct Filter {
    object_type: u32,
    events: u64,
    key: u32,
    /// The first event that it is for: the next one when it was added.
    since: u64,
}

/// A port.
pub(super) struct Port {
    filters: Vec<Filter>,
    /// Filters for every object of a type, by place in `filters`; and for one object.
    of_all: HashMap<u32, Vec<usize>>,
    of_one: HashMap<ObjectId, Vec<usize>>,
    /// The number of the first event that was not looked at, or of the first that is to be told.
    place: u64,
    /// How many filters of the event at `place` have been told of it: one event may be more than one answer holds.
    told_filters: usize,
    /// The key of the first event that is to be told.
    key: u32,
    pub(super) waiter: Option<Waiter>,
}

impl Port {
    /// A port that is caught up.
    pub(super) fn new(log: &Log) -> Self {
        Port {
            filters: Vec::new(),
            of_all: HashMap::new(),
            of_one: HashMap::new(),
            place: log.next(),
            told_filters: 0,
            key: 0,
            waiter: None,
        }
    }

    /// Has the port report on what a filter lets pass from now on.
    pub(super) fn add(&mut self, filter: NotifyFilter, scope: Scope, key: u32, log: &Log) -> Status {
        if self.filters.len() >= FILTERS_MAX {
            return Status::NOT_ENOUGH_MEMORY;
        }
        let at = self.filters.len();
        match scope {
            Scope::All => self.of_all.entry(filter.object_type).or_default().push(at),
            Scope::Object(object) => self.of_one.entry(object).or_default().push(at),
        }
        let (object_type, events) = (filter.object_type, filter.events.cast_unsigned());
        self.filters.push(Filter { object_type, events, key, since: log.next() });
        Status::SUCCESS
    }

    /// Whether nothing is to be told.
    pub(super) fn is_caught_up(&self, log: &Log) -> bool {
        self.place == log.next()
    }

    /// An event has been published.
    pub(super) fn published(&mut self, kept: &Kept, log: &Log) {
        if self.place != kept.number {
            return;
        }
        match self.keys(kept).first() {
            None => self.place += 1,
            Some(key) => {
                self.key = *key;
                if let Some(waiter) = self.waiter.take() {
                    waiter(self.take(log));
                }
            }
        }
    }

    /// What is to be told, as much as one answer holds.
    pub(super) fn take(&mut self, log: &Log) -> GetNotifyV2Response {
        let mut notifications = Vec::new();
        if self.place < log.first() {
            notifications.push(lost_notifications(self.key));
            (self.place, self.told_filters) = (log.first(), 0);
        }
        for kept in log.from(self.place) {
            let keys = self.keys(kept);
            let room = EVENTS_PER_ANSWER_MAX - notifications.len();
            let left = keys.get(self.told_filters..).unwrap_or_default();
            if left.len() > room {
                notifications.extend(left[..room].iter().map(|key| notification(*key, &kept.event)));
                (self.key, self.told_filters) = (left[room], self.told_filters + room);
                break;
            }
            notifications.extend(left.iter().map(|key| notification(*key, &kept.event)));
            (self.place, self.told_filters) = (kept.number + 1, 0);
        }
        GetNotifyV2Response { notifications: Some(notifications), status: 0 }
    }

    /// The keys of the filters that let an event pass, in the order in which they were added.
    fn keys(&self, kept: &Kept) -> Vec<u32> {
        let (object_type, bit) = kept.event.kind.filter();
        let passes = |at: &&usize| {
            self.filters.get(**at).is_some_and(|filter| {
                filter.object_type == object_type && filter.events & bit != 0 && filter.since <= kept.number
            })
        };
        let of_all = self.of_all.get(&object_type).into_iter().flatten();
        let of_one = self.of_one.get(&kept.event.object).into_iter().flatten();
        let mut passing: Vec<usize> = of_all.chain(of_one).filter(passes).copied().collect();
        passing.sort_unstable();
        passing.iter().filter_map(|at| self.filters.get(*at)).map(|filter| filter.key).collect()
    }
}

fn notification(key: u32, event: &Event) -> Notification {
    let (object_type, bit) = event.kind.filter();
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

impl Drop for Port {
    fn drop(&mut self) {
        // Whoever still waits is told that the port is gone.
        if let Some(waiter) = self.waiter.take() {
            waiter(ended(Status::NO_MORE_ITEMS));
        }
    }
}
