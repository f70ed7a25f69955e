//! What the registry holds, in memory.
//!
//! A view of committed data: built from one range read and kept up by events (or by the operations of a
//! transaction that was committed). It never writes.

use std::collections::BTreeMap;

use crate::contract::{Event, EventKind, KeyRange, KeyValue, Op, Revision};

use super::error::RegistryError;
use super::fold::fold;
use super::path::{KeyPath, Place};
use super::record::{KeyRecord, ValueRecord, decode};
use super::value::Value;

/// The registry as of a revision.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    root: Key,
    revision: Revision,
}

/// A key: its own record, its values, its subkeys.
#[derive(Clone, Debug, Default)]
pub struct Key {
    /// `None` while only something below it is known (pages of a read may be of different revisions); the
    /// root is there without one.
    record: Option<Known<KeyRecord>>,
    /// By folded name.
    values: BTreeMap<String, ValueEntry>,
    /// By folded name.
    subkeys: BTreeMap<String, Key>,
}

#[derive(Clone, Debug)]
struct Known<T> {
    record: T,
    create_revision: Revision,
    mod_revision: Revision,
}

/// A value with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueEntry {
    /// The name as it was first given; empty for the key's default value.
    pub name: String,
    /// The data.
    pub value: Value,
    /// When it was written, in milliseconds since 1970.
    pub written_unix_ms: u64,
    /// The transaction that wrote it.
    pub mod_revision: Revision,
}

impl Tree {
    /// The registry of an empty database.
    pub fn new() -> Self {
        Self::default()
    }

    /// The registry that `entries` are, read at `revision` (see [`crate::read_all`] and
    /// [`super::registry_range`]). Entries that are not of the registry are passed over.
    pub fn load(entries: &[KeyValue], revision: Revision) -> Result<Self, RegistryError> {
        let mut tree = Self { root: Key::default(), revision };
        for entry in entries {
            tree.put(entry)?;
        }
        Ok(tree)
    }

    /// Up to where the tree has seen events.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The key at a path. The root is always there.
    pub fn key(&self, path: &KeyPath) -> Option<&Key> {
        let mut key = &self.root;
        for segment in path.folded_segments() {
            key = key.subkeys.get(segment)?;
        }
        (key.record.is_some() || path.is_root()).then_some(key)
    }

    /// The data of a value; `None` if the key or the value is not there.
    pub fn value(&self, path: &KeyPath, name: &str) -> Option<&Value> {
        Some(&self.key(path)?.value(name)?.value)
    }

    /// Takes in one event. Answers whether it changed the tree: events of other key spaces, and those older
    /// than what is known, do not.
    pub fn apply(&mut self, event: &Event) -> Result<bool, RegistryError> {
        self.revision = self.revision.max(event.revision);
        match &event.kind {
            EventKind::Put(entry) => self.put(entry),
            EventKind::Delete { key } => self.delete(key, event.revision),
        }
    }

    /// Takes in the operations of a transaction that was committed at `revision`: the branch that was taken,
    /// which must have changed something.
    pub fn apply_committed(&mut self, ops: &[Op], revision: Revision) -> Result<(), RegistryError> {
        self.revision = self.revision.max(revision);
        for op in ops {
            match op {
                Op::Put { key, value, lease } => {
                    let (key, value) = (key.clone(), value.clone());
                    let create_revision = self.create_revision(&key)?.unwrap_or(revision);
                    self.put(&KeyValue {
                        key,
                        value,
                        create_revision,
                        mod_revision: revision,
                        lease: *lease,
                    })?;
                }
                Op::Delete { key } => {
                    self.delete(key, revision)?;
                }
                Op::DeleteRange { range } => {
                    for key in self.store_keys(range) {
                        self.delete(&key, revision)?;
                    }
                }
                Op::Read { .. } => {}
            }
        }
        Ok(())
    }

    /// The store keys of everything in the tree that lies in a range.
    pub(super) fn store_keys(&self, range: &KeyRange) -> Vec<Vec<u8>> {
        let mut keys = Vec::new();
        // The usual range is one subtree: then only that is walked.
        let subtree = match Place::parse(&range.start) {
            Ok(Some(Place { path, value: None })) if *range == KeyRange::prefix(range.start.clone()) => path,
            _ => "",
        };
        if let Ok(path) = KeyPath::parse(subtree)
            && let Some(key) =
                path.folded_segments().try_fold(&self.root, |key, segment| key.subkeys.get(segment))
        {
            key.collect_store_keys(&mut path.record_key(), range, &mut keys);
        }
        keys
    }

    /// The records of the keys in a range, values left out, with the transactions that last wrote them.
    pub(super) fn records(&self, range: &KeyRange) -> Vec<(Vec<u8>, Revision)> {
        let record = |key: Vec<u8>| {
            let place = Place::parse(&key).ok()??;
            let found = place.segments().try_fold(&self.root, |key, segment| key.subkeys.get(segment))?;
            place.value.is_none().then(|| found.mod_revision()).map(|revision| (key, revision))
        };
        self.store_keys(range).into_iter().filter_map(record).collect()
    }

    /// The transaction that last wrote a value, by its store key; `None` where there is none.
    pub(super) fn value_revision(&self, store_key: &[u8]) -> Option<Revision> {
        let place = Place::parse(store_key).ok()??;
        let key = place.segments().try_fold(&self.root, |key, segment| key.subkeys.get(segment))?;
        key.values.get(place.value?).map(|entry| entry.mod_revision)
    }

    /// Whether the tree holds an entry of the store.
    pub(super) fn has_store_key(&self, store_key: &[u8]) -> bool {
        let Ok(Some(place)) = Place::parse(store_key) else { return false };
        let key = place.segments().try_fold(&self.root, |key, segment| key.subkeys.get(segment));
        key.is_some_and(|key| match place.value {
            None => key.record.is_some(),
            Some(name) => key.values.contains_key(name),
        })
    }

    /// The key at a place that was read from a store key.
    pub(super) fn key_at(&self, place: &Place<'_>) -> Option<&Key> {
        place.segments().try_fold(&self.root, |key, segment| key.subkeys.get(segment))
    }

    /// The value at such a place, by its folded name, with its name as given.
    pub(super) fn value_at(&self, place: &Place<'_>, folded: &str) -> Option<(&str, &Value)> {
        let entry = self.key_at(place)?.values.get(folded)?;
        Some((&entry.name, &entry.value))
    }

    fn create_revision(&self, store_key: &[u8]) -> Result<Option<Revision>, RegistryError> {
        let Some(place) = Place::parse(store_key)? else { return Ok(None) };
        let key = place.segments().try_fold(&self.root, |key, segment| key.subkeys.get(segment));
        // Of values only the mod revision is kept.
        Ok(match (key, place.value) {
            (Some(key), None) => key.record.as_ref().map(|known| known.create_revision),
            _ => None,
        })
    }

    fn put(&mut self, entry: &KeyValue) -> Result<bool, RegistryError> {
        let Some(place) = Place::parse(&entry.key)? else { return Ok(false) };
        let KeyValue { create_revision, mod_revision, .. } = *entry;
        let key = place
            .segments()
            .fold(&mut self.root, |key, segment| key.subkeys.entry(segment.to_owned()).or_default());
        match place.value {
            None => {
                let record = decode(&entry.key, &entry.value)?;
                if key.record.as_ref().is_some_and(|known| known.mod_revision >= mod_revision) {
                    return Ok(false);
                }
                key.record = Some(Known { record, create_revision, mod_revision });
            }
            Some(name) => {
                let ValueRecord { name: shown, value, written } = decode(&entry.key, &entry.value)?;
                if key.values.get(name).is_some_and(|known| known.mod_revision >= mod_revision) {
                    return Ok(false);
                }
                let new = ValueEntry { name: shown, value, written_unix_ms: written, mod_revision };
                key.values.insert(name.to_owned(), new);
            }
        }
        Ok(true)
    }

    fn delete(&mut self, store_key: &[u8], revision: Revision) -> Result<bool, RegistryError> {
        let Some(place) = Place::parse(store_key)? else { return Ok(false) };
        let segments: Vec<&str> = place.segments().collect();
        Ok(self.root.delete(&segments, place.value, revision))
    }
}

impl Key {
    /// The name as it was given; empty for the root.
    pub fn name(&self) -> &str {
        self.record.as_ref().map_or("", |known| &known.record.name)
    }

    /// The subkeys, ordered by name without regard to case.
    pub fn subkeys(&self) -> impl Iterator<Item = &Key> {
        self.subkeys.values().filter(|key| key.record.is_some())
    }

    /// The subkey at a place of that order.
    pub fn subkey_at(&self, index: usize) -> Option<&Key> {
        self.subkeys().nth(index)
    }

    /// One subkey by its name (one segment).
    pub fn subkey(&self, name: &str) -> Option<&Key> {
        self.subkeys.get(&fold(name)).filter(|key| key.record.is_some())
    }

    /// The values, ordered by name without regard to case.
    pub fn values(&self) -> impl Iterator<Item = &ValueEntry> {
        self.values.values()
    }

    /// The value at a place of that order.
    pub fn value_at(&self, index: usize) -> Option<&ValueEntry> {
        self.values().nth(index)
    }

    /// One value by its name; the empty name is the default value.
    pub fn value(&self, name: &str) -> Option<&ValueEntry> {
        self.values.get(&fold(name))
    }

    /// When the key, one of its values or its list of subkeys last changed, in milliseconds since 1970.
    pub fn last_write_unix_ms(&self) -> u64 {
        let own = self.record.as_ref().map_or(0, |known| known.record.written);
        self.values.values().map(|entry| entry.written_unix_ms).fold(own, u64::max)
    }

    /// The transaction that made the key; [`Revision::ZERO`] for a root without a record.
    pub fn create_revision(&self) -> Revision {
        self.record.as_ref().map_or(Revision::ZERO, |known| known.create_revision)
    }

    /// The transaction that last wrote the key's own record (not its values).
    pub fn mod_revision(&self) -> Revision {
        self.record.as_ref().map_or(Revision::ZERO, |known| known.mod_revision)
    }

    fn delete(&mut self, segments: &[&str], value: Option<&str>, revision: Revision) -> bool {
        if let Some((first, rest)) = segments.split_first() {
            let Some(key) = self.subkeys.get_mut(*first) else { return false };
            let changed = key.delete(rest, value, revision);
            if key.record.is_none() && key.values.is_empty() && key.subkeys.is_empty() {
                self.subkeys.remove(*first);
            }
            return changed;
        }
        match value {
            None if self.record.as_ref().is_some_and(|known| known.mod_revision <= revision) => {
                self.record = None;
                true
            }
            Some(name) if self.values.get(name).is_some_and(|known| known.mod_revision <= revision) => {
                self.values.remove(name);
                true
            }
            _ => false,
        }
    }

    fn collect_store_keys(&self, own: &mut Vec<u8>, range: &KeyRange, keys: &mut Vec<Vec<u8>>) {
        let mut collect = |key: &[u8]| {
            if range.contains(key) {
                keys.push(key.to_vec());
            }
        };
        if self.record.is_some() {
            collect(own);
        }
        let length = own.len();
        for name in self.values.keys() {
            own.push(b'\\');
            own.extend_from_slice(name.as_bytes());
            collect(own);
            own.truncate(length);
        }
        for (name, key) in &self.subkeys {
            own.extend_from_slice(name.as_bytes());
            own.push(b'\\');
            key.collect_store_keys(own, range, keys);
            own.truncate(length);
        }
    }
}
