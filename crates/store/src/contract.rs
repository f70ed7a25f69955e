//! The words of the contract: revisions, keys, transactions, events.
//!
//! Plain data, in the shape of etcd's API. Nothing here does anything.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point in the life of the database.
///
/// `revision` grows by one with every transaction that changes something. `generation` grows when the data
/// moves to another backend, whose own counter may start anew. Ordered by generation, then revision, so
/// that a public revision never runs backwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Revision {
    /// Which life of the database; the first is 1.
    pub generation: u64,
    /// The count of changing transactions in this generation; 0 in an empty database.
    pub revision: u64,
}

impl Revision {
    /// Smaller than every revision of a real transaction; what an absent key has for create and mod revision.
    pub const ZERO: Revision = Revision { generation: 0, revision: 0 };

    /// A revision from its two parts.
    pub const fn new(generation: u64, revision: u64) -> Self {
        Self { generation, revision }
    }

    /// The revision after this one in the same generation; where a watch goes on after a read at this one.
    pub const fn next(self) -> Self {
        Self { generation: self.generation, revision: self.revision.saturating_add(1) }
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.generation, self.revision)
    }
}

/// A lease, as the store names it. Never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LeaseId(pub u64);

impl fmt::Display for LeaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A key with its value and history, as a read or an event shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyValue {
    /// The key.
    pub key: Vec<u8>,
    /// The value.
    pub value: Vec<u8>,
    /// When the key came into being (last, if it was deleted in between).
    pub create_revision: Revision,
    /// When the value was last put.
    pub mod_revision: Revision,
    /// The lease whose end deletes the key.
    pub lease: Option<LeaseId>,
}

/// Everything that a store holds at one revision: what it would take to make another one that is the same. Of the
/// history there is nothing in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// The revision at which this is everything.
    pub revision: Revision,
    /// All entries, in the order of their keys.
    pub entries: Vec<KeyValue>,
    /// The leases that entries may have, each with its whole time, oldest first.
    pub leases: Vec<(LeaseId, Duration)>,
    /// The id of the next lease: one that was granted once is never granted again.
    pub next_lease: LeaseId,
}

/// A half-open range of keys, `start <= key < end`, in byte order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// The first key of the range.
    pub start: Vec<u8>,
    /// The first key after it; `None` reaches to the end of the key space.
    pub end: Option<Vec<u8>>,
}

impl KeyRange {
    /// Exactly one key.
    pub fn single(key: impl Into<Vec<u8>>) -> Self {
        let start = key.into();
        let mut end = start.clone();
        end.push(0);
        Self { start, end: Some(end) }
    }

    /// Every key that begins with `prefix`, the prefix itself included.
    pub fn prefix(prefix: impl Into<Vec<u8>>) -> Self {
        let start = prefix.into();
        let mut end = start.clone();
        // A trailing 0xff has no successor of its own length: the byte before it moves on.
        while end.last() == Some(&0xff) {
            end.pop();
        }
        match end.last_mut() {
            Some(last) => {
                *last += 1;
                Self { start, end: Some(end) }
            }
            None => Self { start, end: None },
        }
    }

    /// The whole key space.
    pub fn all() -> Self {
        Self { start: Vec::new(), end: None }
    }

    /// Whether `key` is in the range.
    pub fn contains(&self, key: &[u8]) -> bool {
        key >= self.start.as_slice() && self.end.as_deref().is_none_or(|end| key < end)
    }

    /// Whether no key can be in the range.
    pub fn is_empty(&self) -> bool {
        self.end.as_deref().is_some_and(|end| end <= self.start.as_slice())
    }
}

/// How a compare relates what is there to what is given: "there `Less` given".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The same.
    Equal,
    /// Anything else.
    NotEqual,
    /// What is there is smaller.
    Less,
    /// What is there is greater.
    Greater,
}

impl Order {
    /// Whether `there` stands in this order to `given`.
    pub fn holds<T: Ord + ?Sized>(self, there: &T, given: &T) -> bool {
        match self {
            Order::Equal => there == given,
            Order::NotEqual => there != given,
            Order::Less => there < given,
            Order::Greater => there > given,
        }
    }
}

/// What a compare asks of its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The key is not there.
    Absent,
    /// The key is there.
    Present,
    /// Its create revision; an absent key has [`Revision::ZERO`].
    CreateRevision(Order, Revision),
    /// Its mod revision; an absent key has [`Revision::ZERO`].
    ModRevision(Order, Revision),
    /// Its value, in byte order; on an absent key this never holds, whatever the order.
    Value(Order, Vec<u8>),
}

/// One condition on one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compare {
    /// The key looked at.
    pub key: Vec<u8>,
    /// What must hold.
    pub condition: Condition,
}

impl Compare {
    /// The key must not be there.
    pub fn absent(key: impl Into<Vec<u8>>) -> Self {
        Self { key: key.into(), condition: Condition::Absent }
    }

    /// The key must be there.
    pub fn present(key: impl Into<Vec<u8>>) -> Self {
        Self { key: key.into(), condition: Condition::Present }
    }

    /// The key must be the one that came into being at `revision`.
    pub fn create_revision(key: impl Into<Vec<u8>>, revision: Revision) -> Self {
        Self { key: key.into(), condition: Condition::CreateRevision(Order::Equal, revision) }
    }

    /// The key must be unchanged since `revision`.
    pub fn mod_revision(key: impl Into<Vec<u8>>, revision: Revision) -> Self {
        Self { key: key.into(), condition: Condition::ModRevision(Order::Equal, revision) }
    }

    /// The key must be there with exactly this value.
    pub fn value(key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        Self { key: key.into(), condition: Condition::Value(Order::Equal, value.into()) }
    }

    /// Whether the compare holds, given what is there under its key now: the meaning of every condition, for
    /// the backends that evaluate transactions themselves.
    pub fn holds(&self, there: Option<Existing<'_>>) -> bool {
        match &self.condition {
            Condition::Absent => there.is_none(),
            Condition::Present => there.is_some(),
            Condition::CreateRevision(order, given) => {
                order.holds(&there.map_or(Revision::ZERO, |it| it.create_revision), given)
            }
            Condition::ModRevision(order, given) => {
                order.holds(&there.map_or(Revision::ZERO, |it| it.mod_revision), given)
            }
            Condition::Value(order, given) => there.is_some_and(|it| order.holds(it.value, given.as_slice())),
        }
    }
}

/// What a compare needs to know of a key that is there.
#[derive(Clone, Copy, Debug)]
pub struct Existing<'a> {
    /// When it came into being.
    pub create_revision: Revision,
    /// When it was last put.
    pub mod_revision: Revision,
    /// Its value.
    pub value: &'a [u8],
}

/// One operation of a transaction. Operations run in order; a read sees the writes before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Writes a key. The lease given here replaces the one the key had; `None` detaches it.
    Put {
        /// The key.
        key: Vec<u8>,
        /// The value.
        value: Vec<u8>,
        /// The lease whose end deletes the key.
        lease: Option<LeaseId>,
    },
    /// Deletes one key. Deleting what is not there is no error and no change.
    Delete {
        /// The key.
        key: Vec<u8>,
    },
    /// Deletes every key of a range.
    DeleteRange {
        /// The range.
        range: KeyRange,
    },
    /// Reads a range, at most `limit` keys and at most one page (see [`crate::READ_ENTRIES_MAX`]).
    Read {
        /// The range.
        range: KeyRange,
        /// The most entries wanted; at least 1.
        limit: usize,
    },
}

impl Op {
    /// Writes a key, without a lease.
    pub fn put(key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        Op::Put { key: key.into(), value: value.into(), lease: None }
    }

    /// Deletes one key.
    pub fn delete(key: impl Into<Vec<u8>>) -> Self {
        Op::Delete { key: key.into() }
    }

    /// Deletes every key of a range.
    pub fn delete_range(range: KeyRange) -> Self {
        Op::DeleteRange { range }
    }

    /// Reads a range.
    pub fn read(range: KeyRange, limit: usize) -> Self {
        Op::Read { range, limit }
    }
}

/// Compares, and what to do if all of them hold or not. It happens as a whole, at one revision, or not at all.
///
/// In one branch a key may be put only once, and a key that is put may not be deleted in the same branch
/// (etcd's rule; every backend refuses it).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transaction {
    /// All must hold for `then`; none means `then`.
    pub compares: Vec<Compare>,
    /// Done if every compare holds.
    pub then: Vec<Op>,
    /// Done if one does not.
    pub otherwise: Vec<Op>,
}

impl Transaction {
    /// A transaction without conditions.
    pub fn unconditional(then: Vec<Op>) -> Self {
        Self { compares: Vec::new(), then, otherwise: Vec::new() }
    }
}

/// What one operation answered, in the order of the branch that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// The key was written.
    Put,
    /// So many keys were deleted.
    Deleted {
        /// How many there were.
        count: u64,
    },
    /// What the range held.
    Read {
        /// The entries, in key order.
        entries: Vec<KeyValue>,
        /// Whether the range holds more than was answered.
        more: bool,
    },
}

/// A transaction that is done, durably.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The revision after it: its own if it changed something, else the current one.
    pub revision: Revision,
    /// Whether the compares held, so `then` was done.
    pub succeeded: bool,
    /// One answer for each operation of the branch that was taken.
    pub responses: Vec<Response>,
}

/// A part of a range, read at one revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The revision the page was read at.
    pub revision: Revision,
    /// The entries, in key order.
    pub entries: Vec<KeyValue>,
    /// Whether the range holds more after the last entry.
    pub more: bool,
}

/// What happened to one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The transaction that did it.
    pub revision: Revision,
    /// What it did.
    pub kind: EventKind,
}

impl Event {
    /// The key it happened to.
    pub fn key(&self) -> &[u8] {
        match &self.kind {
            EventKind::Put(entry) => &entry.key,
            EventKind::Delete { key } => key,
        }
    }
}

/// The two things that can happen to a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// It was written; this is it now.
    Put(KeyValue),
    /// It was deleted.
    Delete {
        /// The key that is gone.
        key: Vec<u8>,
    },
}
