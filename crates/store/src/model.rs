//! The store in memory: the specification of the contract.
//!
//! Owns the plainest data that can keep the promises: a map of what is there, a list of what happened, a map
//! of leases. It does no I/O, so it never answers `Failed` or `Unknown`. Engine tests and the simulator run on
//! it, and every other backend is compared with it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use crate::contract::{
    Backup, Committed, Event, EventKind, Existing, KeyRange, KeyValue, LeaseId, Op, Page, Response, Revision,
    Transaction,
};
use crate::error::{Refusal, StoreError, WatchError};
use crate::limits::{Bounds, LEASES_MAX, POLL_EVENTS_MAX, cut_page, validate, validate_range, validate_ttl};
use crate::store::{Store, Watch};

/// The in-memory store.
#[derive(Debug)]
pub struct Model {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    bounds: Bounds,
    generation: u64,
    revision: u64,
    compacted: u64,
    entries: BTreeMap<Vec<u8>, KeyValue>,
    live_bytes: u64,
    history: VecDeque<Happened>,
    history_bytes: usize,
    leases: BTreeMap<LeaseId, Lease>,
    next_lease: u64,
}

/// What one transaction changed.
#[derive(Debug)]
struct Happened {
    revision: u64,
    events: Vec<Event>,
    bytes: usize,
}

#[derive(Debug)]
struct Lease {
    ttl: Duration,
    /// `None` after a restart: the whole time counts from the next tick on.
    deadline: Option<Duration>,
}

impl Default for Model {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Model {
    /// An empty store in its `generation`-th life.
    pub fn new(generation: u64) -> Self {
        Self::with_bounds(generation, Bounds::default())
    }

    /// An empty store with bounds of its own.
    pub fn with_bounds(generation: u64, bounds: Bounds) -> Self {
        let state = State {
            bounds,
            generation,
            revision: 0,
            compacted: 0,
            entries: BTreeMap::new(),
            live_bytes: 0,
            history: VecDeque::new(),
            history_bytes: 0,
            leases: BTreeMap::new(),
            next_lease: 1,
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// A store that holds what a backup says, and nothing of what was before.
    pub fn from_backup(backup: &Backup) -> Self {
        let model = Self::new(backup.revision.generation);
        {
            let mut state = model.state.lock();
            state.revision = backup.revision.revision;
            state.compacted = backup.revision.revision;
            state.live_bytes = backup.entries.iter().map(|entry| size(&entry.key, &entry.value) as u64).sum();
            let at = |revision: Revision| Revision { generation: backup.revision.generation, ..revision };
            let entries = backup.entries.iter().map(|entry| {
                let (created, modified) = (at(entry.create_revision), at(entry.mod_revision));
                let entry = KeyValue { create_revision: created, mod_revision: modified, ..entry.clone() };
                (entry.key.clone(), entry)
            });
            state.entries = entries.collect();
            let leases = backup.leases.iter();
            state.leases = leases.map(|(id, ttl)| (*id, Lease { ttl: *ttl, deadline: None })).collect();
            state.next_lease = backup.next_lease.0;
        }
        model
    }

    /// The same data after the store was closed and opened again: watches are cut off, and every lease has
    /// its whole time again.
    pub fn restart(self) -> Self {
        let mut old = self.state.lock();
        let state = State {
            bounds: old.bounds,
            generation: old.generation,
            revision: old.revision,
            compacted: old.compacted,
            entries: std::mem::take(&mut old.entries),
            live_bytes: old.live_bytes,
            history: std::mem::take(&mut old.history),
            history_bytes: old.history_bytes,
            leases: std::mem::take(&mut old.leases)
                .into_iter()
                .map(|(id, lease)| (id, Lease { deadline: None, ..lease }))
                .collect(),
            next_lease: old.next_lease,
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }
}

impl Store for Model {
    fn revision(&mut self) -> Result<Revision, StoreError> {
        Ok(self.state.lock().now_at())
    }

    fn commit(&mut self, transaction: Transaction) -> Result<Committed, StoreError> {
        validate(&transaction)?;
        let mut state = self.state.lock();
        let succeeded =
            transaction.compares.iter().all(|compare| compare.holds(state.existing(&compare.key)));
        let branch = if succeeded { transaction.then } else { transaction.otherwise };
        state.check(&branch)?;
        let responses = state.run(branch);
        Ok(Committed { revision: state.now_at(), succeeded, responses })
    }

    fn read(&mut self, range: &KeyRange, limit: usize) -> Result<Page, StoreError> {
        validate_range(range, limit)?;
        let state = self.state.lock();
        let (entries, more) = state.page(range, limit);
        Ok(Page { revision: state.now_at(), entries, more })
    }

    fn watch(&mut self, range: &KeyRange, from: Revision) -> Result<Box<dyn Watch>, StoreError> {
        validate_range(range, 1)?;
        let current = self.state.lock().now_at();
        if from.generation > current.generation {
            return Err(Refusal::FutureRevision { revision: from, current }.into());
        }
        // Nothing happened at revision 0, so nothing of it can be compacted.
        let position =
            if from.revision == 0 && from.generation == current.generation { from.next() } else { from };
        Ok(Box::new(ModelWatch { state: Arc::downgrade(&self.state), range: range.clone(), position }))
    }

    fn compact(&mut self, revision: Revision) -> Result<(), StoreError> {
        let mut state = self.state.lock();
        let current = state.now_at();
        if revision > current {
            return Err(Refusal::FutureRevision { revision, current }.into());
        }
        if revision.generation == current.generation {
            state.compact(revision.revision);
        }
        Ok(())
    }

    fn grant(&mut self, ttl: Duration, now: Duration) -> Result<LeaseId, StoreError> {
        validate_ttl(ttl)?;
        let mut state = self.state.lock();
        if state.leases.len() >= LEASES_MAX {
            return Err(Refusal::TooManyLeases { max: LEASES_MAX }.into());
        }
        let id = LeaseId(state.next_lease);
        state.next_lease += 1;
        state.leases.insert(id, Lease { ttl, deadline: Some(now.saturating_add(ttl)) });
        Ok(id)
    }

    fn keep_alive(&mut self, lease: LeaseId, now: Duration) -> Result<Duration, StoreError> {
        let mut state = self.state.lock();
        let found = state.leases.get_mut(&lease).ok_or(Refusal::LeaseNotFound { lease })?;
        found.deadline = Some(now.saturating_add(found.ttl));
        Ok(found.ttl)
    }

    fn revoke(&mut self, lease: LeaseId) -> Result<(), StoreError> {
        let mut state = self.state.lock();
        if !state.leases.contains_key(&lease) {
            return Err(Refusal::LeaseNotFound { lease }.into());
        }
        state.revoke(lease);
        Ok(())
    }

    fn tick(&mut self, now: Duration) -> Result<(), StoreError> {
        let mut state = self.state.lock();
        let mut due = Vec::new();
        for (id, lease) in &mut state.leases {
            let deadline = *lease.deadline.get_or_insert(now.saturating_add(lease.ttl));
            if deadline <= now {
                due.push((deadline, *id));
            }
        }
        due.sort();
        for (_, id) in due {
            state.revoke(id);
        }
        state.bound_history(1);
        Ok(())
    }

    fn backup(&mut self) -> Result<Backup, StoreError> {
        let state = self.state.lock();
        Ok(Backup {
            revision: state.now_at(),
            entries: state.entries.values().cloned().collect(),
            leases: state.leases.iter().map(|(id, lease)| (*id, lease.ttl)).collect(),
            next_lease: LeaseId(state.next_lease),
        })
    }

    fn recover(&mut self) -> Result<Revision, StoreError> {
        self.revision()
    }
}

impl State {
    fn now_at(&self) -> Revision {
        Revision::new(self.generation, self.revision)
    }

    fn existing(&self, key: &[u8]) -> Option<Existing<'_>> {
        self.entries.get(key).map(|entry| Existing {
            create_revision: entry.create_revision,
            mod_revision: entry.mod_revision,
            value: &entry.value,
        })
    }

    /// What only the database can know: leases that are not there, and its size. Nothing fails after this.
    fn check(&self, branch: &[Op]) -> Result<(), Refusal> {
        let mut added = 0;
        for op in branch {
            let Op::Put { key, value, lease } = op else { continue };
            if let Some(lease) = *lease
                && !self.leases.contains_key(&lease)
            {
                return Err(Refusal::LeaseNotFound { lease });
            }
            added += size(key, value) as u64;
        }
        // Counted as if nothing were replaced or deleted: near the bound that may refuse a little early,
        // and a transaction that only deletes always passes.
        match self.live_bytes + added {
            size if added > 0 && size > self.bounds.live_bytes => {
                Err(Refusal::Full { size, max: self.bounds.live_bytes })
            }
            _ => Ok(()),
        }
    }

    fn run(&mut self, branch: Vec<Op>) -> Vec<Response> {
        let revision = Revision::new(self.generation, self.revision + 1);
        let mut events = Vec::new();
        let mut responses = Vec::new();
        for op in branch {
            responses.push(match op {
                Op::Put { key, value, lease } => {
                    let create_revision = self.entries.get(&key).map_or(revision, |old| old.create_revision);
                    let entry = KeyValue { key, value, create_revision, mod_revision: revision, lease };
                    events.push(Event { revision, kind: EventKind::Put(entry.clone()) });
                    self.live_bytes += size(&entry.key, &entry.value) as u64;
                    if let Some(old) = self.entries.insert(entry.key.clone(), entry) {
                        self.live_bytes -= size(&old.key, &old.value) as u64;
                    }
                    Response::Put
                }
                Op::Delete { key } => self.delete(&KeyRange::single(key), revision, &mut events),
                Op::DeleteRange { range } => self.delete(&range, revision, &mut events),
                Op::Read { range, limit } => {
                    let (entries, more) = self.page(&range, limit);
                    Response::Read { entries, more }
                }
            });
        }
        self.record(events);
        responses
    }

    fn delete(&mut self, range: &KeyRange, revision: Revision, events: &mut Vec<Event>) -> Response {
        let from_start = self.entries.range(range.start.clone()..).map(|(key, _)| key);
        let keys: Vec<Vec<u8>> = from_start.take_while(|key| range.contains(key)).cloned().collect();
        let count = keys.len() as u64;
        for key in keys {
            if let Some(old) = self.entries.remove(&key) {
                self.live_bytes -= size(&old.key, &old.value) as u64;
            }
            events.push(Event { revision, kind: EventKind::Delete { key } });
        }
        Response::Deleted { count }
    }

    fn page(&self, range: &KeyRange, limit: usize) -> (Vec<KeyValue>, bool) {
        let from_start = self.entries.range(range.start.clone()..).map(|(_, entry)| entry);
        cut_page(from_start.take_while(|entry| range.contains(&entry.key)).cloned(), limit)
    }

    /// The transaction took place if it changed something.
    fn record(&mut self, events: Vec<Event>) {
        if events.is_empty() {
            return;
        }
        self.revision += 1;
        let bytes = events.iter().map(event_bytes).sum();
        self.history_bytes += bytes;
        self.history.push_back(Happened { revision: self.revision, events, bytes });
        self.bound_history(2);
    }

    fn revoke(&mut self, lease: LeaseId) {
        self.leases.remove(&lease);
        let attached = self.entries.values().filter(|entry| entry.lease == Some(lease));
        let deletes = attached.map(|entry| Op::Delete { key: entry.key.clone() }).collect();
        self.run(deletes);
    }

    fn compact(&mut self, revision: u64) {
        self.compacted = self.compacted.max(revision);
        while self.history.front().is_some_and(|first| first.revision <= self.compacted) {
            let gone = self.history.pop_front();
            self.history_bytes -= gone.map_or(0, |gone| gone.bytes);
        }
    }

    /// Brings the history back within its bounds once it is beyond `slack` times as much.
    fn bound_history(&mut self, slack: usize) {
        let Bounds { history_revisions, history_bytes, .. } = self.bounds;
        if self.history.len() <= slack * history_revisions && self.history_bytes <= slack * history_bytes {
            return;
        }
        while self.history.len() > history_revisions || self.history_bytes > history_bytes {
            let Some(oldest) = self.history.front() else { break };
            self.compact(oldest.revision);
        }
    }
}

fn size(key: &[u8], value: &[u8]) -> usize {
    key.len() + value.len()
}

fn event_bytes(event: &Event) -> usize {
    match &event.kind {
        EventKind::Put(entry) => size(&entry.key, &entry.value),
        EventKind::Delete { key } => key.len(),
    }
}

#[derive(Debug)]
struct ModelWatch {
    state: Weak<Mutex<State>>,
    range: KeyRange,
    position: Revision,
}

impl Watch for ModelWatch {
    fn poll(&mut self) -> Result<Vec<Event>, WatchError> {
        let state = self.state.upgrade().ok_or(WatchError::Closed)?;
        let state = state.lock();
        let compacted = Revision::new(state.generation, state.compacted);
        if self.position <= compacted {
            return Err(WatchError::Compacted { compacted });
        }
        let mut events = Vec::new();
        for happened in &state.history {
            if Revision::new(state.generation, happened.revision) < self.position {
                continue;
            }
            let wanted = happened.events.iter().filter(|event| self.range.contains(event.key()));
            let before = events.len();
            events.extend(wanted.cloned());
            if before > 0 && events.len() > POLL_EVENTS_MAX {
                events.truncate(before);
                return Ok(events);
            }
            self.position = Revision::new(state.generation, happened.revision).next();
        }
        Ok(events)
    }

    fn position(&self) -> Revision {
        self.position
    }
}
