//! The image of the database in memory: what is there, what happened lately, which row of the file holds it.
//!
//! It answers every read, turns a transaction into a [`Draft`] of rows, and takes the draft in once the rows
//! are durable. It does no I/O and changes only in [`Memory::apply`], in [`Memory::replace`] and in leases'
//! deadlines.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use crate::contract::{
    Backup, Event, EventKind, Existing, KeyRange, KeyValue, LeaseId, Op, Page, Response, Revision,
    Transaction,
};
use crate::error::{Refusal, WatchError};
use crate::limits::{Bounds, POLL_EVENTS_MAX, cut_page};

use super::row::{Meta, Put, Row, Wrong};

#[derive(Debug)]
pub(super) struct Memory {
    bounds: Bounds,
    meta: Meta,
    revision: u64,
    next_row: i64,
    entries: BTreeMap<Vec<u8>, Entry>,
    live_bytes: u64,
    /// One for each revision after `meta.compacted`, without a gap.
    history: VecDeque<Past>,
    history_bytes: usize,
    leases: BTreeMap<LeaseId, Lease>,
}

#[derive(Clone, Debug)]
struct Entry {
    row: i64,
    modified: u64,
    put: Put,
}

/// One transaction that happened.
#[derive(Debug)]
struct Past {
    revision: u64,
    changes: Vec<Change>,
    bytes: usize,
    /// Rows that nobody needs once this revision is compacted.
    superseded: Vec<i64>,
}

#[derive(Clone, Debug)]
struct Change {
    row: i64,
    key: Vec<u8>,
    put: Option<Put>,
}

#[derive(Clone, Debug)]
struct Lease {
    ttl: Duration,
    /// `None` after a restart: the whole time counts from the next tick on.
    deadline: Option<Duration>,
}

/// What one SQLite transaction shall write.
#[derive(Debug)]
pub(super) struct Draft {
    meta: Meta,
    meta_changed: bool,
    /// The revision of `past`, should it have changes.
    past: Past,
    granted: Vec<(LeaseId, Duration)>,
    revoked: Vec<LeaseId>,
    compaction: Option<Compaction>,
}

/// A stretch of history that goes.
#[derive(Clone, Debug)]
pub(super) struct Compaction {
    /// Up to here.
    pub(super) revision: u64,
    /// The rows to delete.
    pub(super) superseded: Vec<i64>,
}

impl Memory {
    /// The image of what was read from a file, or what is wrong with it.
    pub(super) fn load(
        bounds: Bounds,
        meta: Meta,
        leases: Vec<(LeaseId, Duration)>,
        rows: Vec<Row>,
    ) -> Result<Self, Wrong> {
        let leases = leases.into_iter().map(|(id, ttl)| (id, Lease { ttl, deadline: None })).collect();
        let mut memory = Self {
            bounds,
            revision: meta.compacted,
            meta,
            next_row: 1,
            entries: BTreeMap::new(),
            live_bytes: 0,
            history: VecDeque::new(),
            history_bytes: 0,
            leases,
        };
        for row in rows {
            memory.load_row(row)?;
        }
        if memory.leases.last_key_value().is_some_and(|(id, _)| id.0 >= memory.meta.next_lease) {
            return Err("a lease is newer than the count of leases".to_owned());
        }
        for entry in memory.entries.values() {
            if let Some(lease) = entry.put.lease.filter(|lease| !memory.leases.contains_key(lease)) {
                return Err(format!("row {} of its log has lease {lease}, which is not there", entry.row));
            }
        }
        Ok(memory)
    }

    fn load_row(&mut self, row: Row) -> Result<(), Wrong> {
        let Row { id, revision, key, put } = row;
        let compacted = revision <= self.meta.compacted;
        let old = self.entries.get(&key);
        let created = put.as_ref().map(|put| put.created);
        let fits = match (compacted, old, created) {
            // Compaction leaves of a key only its newest row, and that only if it is a put.
            (true, None, Some(created)) => created <= revision,
            (true, _, _) => false,
            (false, Some(old), Some(created)) => created == old.put.created,
            (false, None, Some(created)) => created == revision,
            (false, old, None) => old.is_some(),
        };
        if !fits {
            return Err(format!("row {id} of its log does not fit the rows before it"));
        }
        if compacted {
            self.next_row = id + 1;
        } else {
            let new = revision == self.revision + 1;
            let goes_on = revision == self.revision && !self.history.is_empty();
            let follows = self.history.is_empty() || id == self.next_row;
            if !follows || !(new || goes_on) {
                return Err(format!("rows before row {id} of its log are missing"));
            }
            self.revision = revision;
            self.next_row = id + 1;
        }
        let change = Change { row: id, key, put };
        if !compacted {
            let superseded = self.superseded_by(&change);
            let bytes = change.bytes();
            if self.history.back().is_none_or(|past| past.revision != revision) {
                self.history.push_back(Past::empty(revision));
            }
            if let Some(past) = self.history.back_mut() {
                past.superseded.extend(superseded);
                past.bytes += bytes;
                past.changes.push(change.clone());
            }
            self.history_bytes += bytes;
        }
        self.show(revision, change);
        Ok(())
    }

    pub(super) fn now_at(&self) -> Revision {
        self.at(self.revision)
    }

    /// Everything that is there now.
    pub(super) fn backup(&self) -> Backup {
        let entries = self.entries.iter();
        Backup {
            revision: self.now_at(),
            entries: entries.map(|(key, entry)| self.key_value(key, entry.modified, &entry.put)).collect(),
            leases: self.leases.iter().map(|(id, lease)| (*id, lease.ttl)).collect(),
            next_lease: LeaseId(self.meta.next_lease),
        }
    }

    pub(super) fn compacted(&self) -> u64 {
        self.meta.compacted
    }

    pub(super) fn read(&self, range: &KeyRange, limit: usize) -> Page {
        let (entries, more) = self.page(range, limit, &[]);
        Page { revision: self.now_at(), entries, more }
    }

    /// What a transaction would write, whether its compares hold, and what it answers once it is written.
    pub(super) fn draft(&self, transaction: Transaction) -> Result<(Draft, bool, Vec<Response>), Refusal> {
        let succeeded = transaction.compares.iter().all(|compare| {
            let there = self.entries.get(&compare.key);
            compare.holds(there.map(|entry| Existing {
                create_revision: self.at(entry.put.created),
                mod_revision: self.at(entry.modified),
                value: &entry.put.value,
            }))
        });
        let branch = if succeeded { transaction.then } else { transaction.otherwise };
        self.check(&branch)?;
        let mut draft = self.empty_draft();
        let responses = branch.into_iter().map(|op| self.draft_op(&mut draft, op)).collect();
        Ok((draft, succeeded, responses))
    }

    pub(super) fn empty_draft(&self) -> Draft {
        Draft {
            meta: self.meta.clone(),
            meta_changed: false,
            past: Past::empty(self.revision + 1),
            granted: Vec::new(),
            revoked: Vec::new(),
            compaction: None,
        }
    }

    pub(super) fn draft_grant(&self, ttl: Duration) -> (LeaseId, Draft) {
        let mut draft = self.empty_draft();
        let lease = LeaseId(draft.meta.next_lease);
        draft.meta.next_lease += 1;
        draft.meta_changed = true;
        draft.granted.push((lease, ttl));
        (lease, draft)
    }

    pub(super) fn draft_revoke(&self, lease: LeaseId) -> Draft {
        let mut draft = self.empty_draft();
        draft.revoked.push(lease);
        for (key, _) in self.entries.iter().filter(|(_, entry)| entry.put.lease == Some(lease)) {
            self.add_change(&mut draft, key.clone(), None);
        }
        draft
    }

    pub(super) fn has_lease(&self, lease: LeaseId) -> bool {
        self.leases.contains_key(&lease)
    }

    pub(super) fn lease_count(&self) -> usize {
        self.leases.len()
    }

    /// Renews a lease; answers its whole time, or `None` if it is not there.
    pub(super) fn renew(&mut self, lease: LeaseId, now: Duration) -> Option<Duration> {
        let lease = self.leases.get_mut(&lease)?;
        lease.deadline = Some(now.saturating_add(lease.ttl));
        Some(lease.ttl)
    }

    /// The leases that are due, the longest overdue first.
    pub(super) fn due_leases(&mut self, now: Duration) -> Vec<LeaseId> {
        let mut due: Vec<(Duration, LeaseId)> = Vec::new();
        for (id, lease) in &mut self.leases {
            let deadline = *lease.deadline.get_or_insert(now.saturating_add(lease.ttl));
            if deadline <= now {
                due.push((deadline, *id));
            }
        }
        due.sort();
        due.into_iter().map(|(_, id)| id).collect()
    }

    /// The compaction up to a revision that is there.
    pub(super) fn compaction(&self, revision: u64) -> Compaction {
        let gone = self.history.iter().take_while(|past| past.revision <= revision);
        Compaction { revision, superseded: gone.flat_map(|past| past.superseded.iter().copied()).collect() }
    }

    /// What must go for the history, `draft` included, to be within bounds again, once it is beyond `slack`
    /// times as much.
    pub(super) fn due_compaction(&self, draft: &Draft, slack: usize) -> Option<Compaction> {
        let Bounds { history_revisions, history_bytes, .. } = self.bounds;
        let new = (!draft.past.changes.is_empty()).then_some(&draft.past);
        let mut count = self.history.len() + usize::from(new.is_some());
        let mut bytes = self.history_bytes + draft.past.bytes;
        if count <= slack * history_revisions && bytes <= slack * history_bytes {
            return None;
        }
        let mut due: Option<Compaction> = None;
        for past in self.history.iter().chain(new) {
            if count <= history_revisions && bytes <= history_bytes {
                break;
            }
            count -= 1;
            bytes -= past.bytes;
            let due = due.get_or_insert(Compaction { revision: 0, superseded: Vec::new() });
            due.revision = past.revision;
            due.superseded.extend(&past.superseded);
        }
        due
    }

    /// Takes in what is durable now.
    pub(super) fn apply(&mut self, draft: Draft) {
        let Draft { meta, past, granted, revoked, compaction, .. } = draft;
        self.meta = meta;
        for (lease, ttl) in granted {
            self.leases.insert(lease, Lease { ttl, deadline: None });
        }
        for lease in revoked {
            self.leases.remove(&lease);
        }
        if !past.changes.is_empty() {
            self.revision = past.revision;
            self.history_bytes += past.bytes;
            for change in &past.changes {
                self.next_row = change.row + 1;
                self.show(past.revision, change.clone());
            }
            self.history.push_back(past);
        }
        if let Some(compaction) = compaction {
            while self.history.front().is_some_and(|past| past.revision <= compaction.revision) {
                let gone = self.history.pop_front();
                self.history_bytes -= gone.map_or(0, |past| past.bytes);
            }
        }
    }

    /// Takes over what was read from the file anew. Leases keep the time they had.
    pub(super) fn replace(&mut self, mut new: Memory) {
        for (id, lease) in &mut new.leases {
            lease.deadline = self.leases.get(id).and_then(|old| old.deadline);
        }
        *self = new;
    }

    fn at(&self, revision: u64) -> Revision {
        Revision::new(self.meta.generation, revision)
    }

    /// What only the database can know: leases that are not there, and its size.
    fn check(&self, branch: &[Op]) -> Result<(), Refusal> {
        let mut added = 0;
        for op in branch {
            let Op::Put { key, value, lease } = op else { continue };
            if let Some(lease) = lease.filter(|lease| !self.leases.contains_key(lease)) {
                return Err(Refusal::LeaseNotFound { lease });
            }
            added += (key.len() + value.len()) as u64;
        }
        let size = self.live_bytes + added;
        if added > 0 && size > self.bounds.live_bytes {
            return Err(Refusal::Full { size, max: self.bounds.live_bytes });
        }
        Ok(())
    }

    fn draft_op(&self, draft: &mut Draft, op: Op) -> Response {
        match op {
            Op::Put { key, value, lease } => {
                let created = self.entries.get(&key).map_or(draft.past.revision, |old| old.put.created);
                self.add_change(draft, key, Some(Put { value: value.into(), created, lease }));
                Response::Put
            }
            Op::Delete { key } => self.draft_delete(draft, &KeyRange::single(key)),
            Op::DeleteRange { range } => self.draft_delete(draft, &range),
            Op::Read { range, limit } => {
                let (entries, more) = self.page(&range, limit, &draft.past.changes);
                Response::Read { entries, more }
            }
        }
    }

    fn draft_delete(&self, draft: &mut Draft, range: &KeyRange) -> Response {
        // Nothing that is put lies in a range that is deleted, so a change in it is a deletion already.
        let gone: BTreeSet<&[u8]> = draft.past.changes.iter().map(|change| change.key.as_slice()).collect();
        let keys = self.range(range).map(|(key, _)| key).filter(|key| !gone.contains(key.as_slice()));
        let keys: Vec<Vec<u8>> = keys.cloned().collect();
        let count = keys.len() as u64;
        for key in keys {
            self.add_change(draft, key, None);
        }
        Response::Deleted { count }
    }

    fn add_change(&self, draft: &mut Draft, key: Vec<u8>, put: Option<Put>) {
        let row = self.next_row + draft.past.changes.len() as i64;
        let change = Change { row, key, put };
        draft.past.superseded.extend(self.superseded_by(&change));
        draft.past.bytes += change.bytes();
        draft.past.changes.push(change);
    }

    /// The rows of no more use once the change itself is history: the one before it, and a deletion's own.
    fn superseded_by(&self, change: &Change) -> impl Iterator<Item = i64> + use<> {
        let old = self.entries.get(&change.key).map(|old| old.row);
        let own = change.put.is_none().then_some(change.row);
        old.into_iter().chain(own)
    }

    fn show(&mut self, revision: u64, change: Change) {
        let size = |key: &[u8], put: &Put| (key.len() + put.value.len()) as u64;
        let old = match change.put {
            Some(put) => {
                self.live_bytes += size(&change.key, &put);
                self.entries.insert(change.key.clone(), Entry { row: change.row, modified: revision, put })
            }
            None => self.entries.remove(&change.key),
        };
        self.live_bytes -= old.map_or(0, |old| size(&change.key, &old.put));
    }

    fn range<'a>(&'a self, range: &'a KeyRange) -> impl Iterator<Item = (&'a Vec<u8>, &'a Entry)> {
        let from_start = self.entries.range::<[u8], _>((
            std::ops::Bound::Included(range.start.as_slice()),
            std::ops::Bound::Unbounded,
        ));
        from_start.take_while(|(key, _)| range.contains(key))
    }

    /// One page of a range, as it is after `changes`.
    fn page(&self, range: &KeyRange, limit: usize, changes: &[Change]) -> (Vec<KeyValue>, bool) {
        let here = |(key, entry): (&Vec<u8>, &Entry)| self.key_value(key, entry.modified, &entry.put);
        if changes.is_empty() {
            return cut_page(self.range(range).map(here), limit);
        }
        let mut merged: BTreeMap<&[u8], (u64, &Put)> =
            self.range(range).map(|(key, entry)| (key.as_slice(), (entry.modified, &entry.put))).collect();
        for change in changes.iter().filter(|change| range.contains(&change.key)) {
            match &change.put {
                Some(put) => merged.insert(&change.key, (self.revision + 1, put)),
                None => merged.remove(change.key.as_slice()),
            };
        }
        cut_page(merged.into_iter().map(|(key, (modified, put))| self.key_value(key, modified, put)), limit)
    }

    fn key_value(&self, key: &[u8], modified: u64, put: &Put) -> KeyValue {
        KeyValue {
            key: key.to_vec(),
            value: put.value.to_vec(),
            create_revision: self.at(put.created),
            mod_revision: self.at(modified),
            lease: put.lease,
        }
    }

    fn event(&self, revision: u64, change: &Change) -> Event {
        let kind = match &change.put {
            Some(put) => EventKind::Put(self.key_value(&change.key, revision, put)),
            None => EventKind::Delete { key: change.key.clone() },
        };
        Event { revision: self.at(revision), kind }
    }
}

impl Past {
    fn empty(revision: u64) -> Self {
        Self { revision, changes: Vec::new(), bytes: 0, superseded: Vec::new() }
    }
}

impl Change {
    fn bytes(&self) -> usize {
        self.key.len() + self.put.as_ref().map_or(0, |put| put.value.len())
    }
}

impl Draft {
    pub(super) fn is_empty(&self) -> bool {
        self.past.changes.is_empty()
            && self.granted.is_empty()
            && self.revoked.is_empty()
            && self.compaction.is_none()
    }

    /// The revision that this is, if it is one.
    pub(super) fn revision(&self) -> Option<Revision> {
        let revision = Revision::new(self.meta.generation, self.past.revision);
        (!self.past.changes.is_empty()).then_some(revision)
    }

    pub(super) fn compact(&mut self, compaction: Option<Compaction>) {
        if let Some(compaction) = compaction {
            self.meta.compacted = compaction.revision;
            self.meta_changed = true;
            self.compaction = Some(compaction);
        }
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = Row> {
        let revision = self.past.revision;
        let row = move |Change { row, key, put }: &Change| Row {
            id: *row,
            revision,
            key: key.clone(),
            put: put.clone(),
        };
        self.past.changes.iter().map(row)
    }

    pub(super) fn compaction(&self) -> Option<&Compaction> {
        self.compaction.as_ref()
    }

    pub(super) fn granted(&self) -> impl Iterator<Item = (LeaseId, Duration)> {
        self.granted.iter().copied()
    }

    pub(super) fn revoked(&self) -> impl Iterator<Item = LeaseId> {
        self.revoked.iter().copied()
    }

    /// The meta row, if it has to be written.
    pub(super) fn meta(&self) -> Option<&Meta> {
        self.meta_changed.then_some(&self.meta)
    }
}

/// A watch on the image.
#[derive(Debug)]
pub(super) struct MemoryWatch {
    memory: Weak<Mutex<Memory>>,
    range: KeyRange,
    position: Revision,
}

impl MemoryWatch {
    pub(super) fn new(memory: &Arc<Mutex<Memory>>, range: KeyRange, from: Revision) -> Self {
        // Nothing happened at revision 0, so nothing of it can be compacted.
        let first = from.revision == 0 && from.generation == memory.lock().meta.generation;
        Self { memory: Arc::downgrade(memory), range, position: if first { from.next() } else { from } }
    }

    pub(super) fn position(&self) -> Revision {
        self.position
    }

    pub(super) fn poll(&mut self) -> Result<Vec<Event>, WatchError> {
        let memory = self.memory.upgrade().ok_or(WatchError::Closed)?;
        let memory = memory.lock();
        let compacted = memory.at(memory.meta.compacted);
        if self.position <= compacted {
            return Err(WatchError::Compacted { compacted });
        }
        let mut events = Vec::new();
        // The history has no gap, so the place of a revision in it is known.
        let seen = self.position.revision - compacted.revision - 1;
        for past in memory.history.iter().skip(usize::try_from(seen).unwrap_or(usize::MAX)) {
            let wanted: Vec<&Change> =
                past.changes.iter().filter(|change| self.range.contains(&change.key)).collect();
            if !events.is_empty() && events.len() + wanted.len() > POLL_EVENTS_MAX {
                break;
            }
            events.extend(wanted.into_iter().map(|change| memory.event(past.revision, change)));
            self.position = memory.at(past.revision).next();
        }
        Ok(events)
    }
}
