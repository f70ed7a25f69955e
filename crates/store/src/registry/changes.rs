//! Changes to the registry, gathered into the compares and operations of one transaction.
//!
//! Owns the rules of keys and values (what must exist, what may be deleted, which times move) and reads
//! through to the tree it was made from, so that a batch sees its own changes. It commits nothing.

use std::collections::BTreeMap;

use crate::contract::{Compare, Condition, Op, Order};

use super::error::RegistryError;
use super::path::KeyPath;
use super::record::{KeyRecord, ValueRecord, encode};
use super::tree::Tree;
use super::value::{DATA_BYTES_MAX, Value};

/// Whether a key was made or was there (RegCreateKeyEx's disposition, 1 and 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// REG_CREATED_NEW_KEY (1).
    Created,
    /// REG_OPENED_EXISTING_KEY (2).
    Opened,
}

/// A batch of registry changes against one state of the tree.
#[derive(Debug)]
pub struct Changes<'t> {
    tree: &'t Tree,
    now_unix_ms: u64,
    /// What the entries of the store shall be, by store key. A key is written once, whatever the batch does.
    writes: BTreeMap<Vec<u8>, Write>,
    /// Subtrees that go as a whole, before the writes.
    cleared: Vec<KeyPath>,
    /// What the batch relies on, by store key.
    guards: BTreeMap<Vec<u8>, Condition>,
}

#[derive(Debug)]
enum Write {
    Key { name: String },
    Value { name: String, value: Value },
    Deleted,
}

impl<'t> Changes<'t> {
    /// An empty batch. `now_unix_ms` becomes the time of everything it writes.
    pub fn new(tree: &'t Tree, now_unix_ms: u64) -> Self {
        Self { tree, now_unix_ms, writes: BTreeMap::new(), cleared: Vec::new(), guards: BTreeMap::new() }
    }

    /// Whether the key is there, as the batch stands.
    pub fn key_exists(&self, path: &KeyPath) -> bool {
        match self.writes.get(&path.record_key()) {
            Some(Write::Key { .. }) => true,
            Some(_) => false,
            None => path.is_root() || (!self.is_cleared(path) && self.tree.key(path).is_some()),
        }
    }

    /// A value's data, as the batch stands.
    pub fn value(&self, path: &KeyPath, name: &str) -> Option<&Value> {
        match self.writes.get(&path.value_key(name).ok()?) {
            Some(Write::Value { value, .. }) => Some(value),
            Some(_) => None,
            None if self.is_cleared(path) => None,
            None => self.tree.value(path, name),
        }
    }

    /// Makes a key, and every key that is missing on the way to it; a key that is there is no error.
    pub fn create_key(&mut self, path: &KeyPath) -> Result<Disposition, RegistryError> {
        if self.key_exists(path) {
            self.rely_on(path);
            return Ok(Disposition::Opened);
        }
        if let Some(parent) = path.parent() {
            self.create_key(&parent)?;
            self.touch(&parent);
        }
        // One that was there and goes in this batch is guarded with its subtree, see `guard_rewritten`.
        if self.tree.key(path).is_none() {
            self.guards.entry(path.record_key()).or_insert(Condition::Absent);
        }
        self.writes.insert(path.record_key(), Write::Key { name: path.name().to_owned() });
        Ok(Disposition::Created)
    }

    /// Sets a value of a key that is there. A value that is there keeps the spelling of its name.
    pub fn set_value(&mut self, path: &KeyPath, name: &str, value: Value) -> Result<(), RegistryError> {
        self.require(path)?;
        let bytes = value.wire_len();
        if bytes > DATA_BYTES_MAX {
            return Err(RegistryError::ValueTooLarge { name: name.to_owned(), bytes, max: DATA_BYTES_MAX });
        }
        let key = path.value_key(name)?;
        let name = match self.writes.get(&key) {
            Some(Write::Value { name, .. }) => name.clone(),
            Some(_) => name.to_owned(),
            None => self.known_value_name(path, name).unwrap_or(name).to_owned(),
        };
        self.writes.insert(key, Write::Value { name, value });
        Ok(())
    }

    /// Deletes a value of a key that is there. Answers whether there was one.
    pub fn delete_value(&mut self, path: &KeyPath, name: &str) -> Result<bool, RegistryError> {
        self.require(path)?;
        let key = path.value_key(name)?;
        if self.value(path, name).is_none() {
            return Ok(false);
        }
        self.writes.insert(key, Write::Deleted);
        self.touch(path);
        Ok(true)
    }

    /// Deletes a key with its values; it must have no subkeys.
    pub fn delete_key(&mut self, path: &KeyPath) -> Result<(), RegistryError> {
        self.require(path)?;
        if self.has_subkeys(path) {
            return Err(RegistryError::HasSubkeys { path: path.to_string() });
        }
        // Whoever makes a subkey meanwhile writes this record too, and then this batch must not go through.
        if let Some(known) = self.tree.key(path).filter(|_| !self.is_cleared(path))
            && self.guards.get(&path.record_key()) != Some(&Condition::Absent)
        {
            let unchanged = Condition::ModRevision(Order::Equal, known.mod_revision());
            self.guards.insert(path.record_key(), unchanged);
        }
        self.clear(path)
    }

    /// Deletes a key with everything below it.
    pub fn delete_tree(&mut self, path: &KeyPath) -> Result<(), RegistryError> {
        self.require(path)?;
        self.clear(path)
    }

    /// Relies on every value that the batch writes over being still the one that the tree has, or none where it has none: a
    /// batch that was made for another value does not go through.
    pub fn rely_on_values(&mut self) {
        for (key, write) in &self.writes {
            let known = match (write, self.tree.value_revision(key)) {
                (Write::Key { .. }, _) => continue,
                (_, Some(revision)) => Condition::ModRevision(Order::Equal, revision),
                (Write::Value { .. }, None) => Condition::Absent,
                (Write::Deleted, None) => continue,
            };
            self.guards.entry(key.clone()).or_insert(known);
        }
    }

    /// Whether the batch changes nothing.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.cleared.is_empty()
    }

    /// The batch as parts of a transaction: what it relies on, and what it does. The store's limits are
    /// checked when it is committed.
    pub fn into_parts(mut self) -> (Vec<Compare>, Vec<Op>) {
        self.guard_rewritten();
        let ops = self.ops();
        let guards = self.guards.into_iter();
        (guards.map(|(key, condition)| Compare { key, condition }).collect(), ops)
    }

    /// A subtree that goes and comes again in one batch goes key by key, not as a range: so nobody may have made
    /// a key in it that this batch does not know of. Whoever does writes the record of the key above.
    fn guard_rewritten(&mut self) {
        let rewritten: Vec<KeyPath> =
            self.cleared.iter().filter(|path| self.is_rewritten(path)).cloned().collect();
        for path in rewritten {
            for (key, mod_revision) in self.tree.records(&path.subtree_range()) {
                self.guards.insert(key, Condition::ModRevision(Order::Equal, mod_revision));
            }
        }
    }

    fn is_rewritten(&self, path: &KeyPath) -> bool {
        let range = path.subtree_range();
        let below = self.writes.range(range.start.clone()..).take_while(|(key, _)| range.contains(key));
        below.into_iter().any(|(_, write)| !matches!(write, Write::Deleted))
    }

    fn ops(&self) -> Vec<Op> {
        let mut ops = Vec::new();
        let written = |key: &[u8]| self.writes.get(key).is_some_and(|write| !matches!(write, Write::Deleted));
        for path in &self.cleared {
            let range = path.subtree_range();
            if self.is_rewritten(path) {
                // A key written again in the same transaction must not lie in a range that it deletes.
                let gone = self.tree.store_keys(&range).into_iter().filter(|key| !written(key));
                ops.extend(gone.map(Op::delete));
            } else {
                ops.push(Op::delete_range(range));
            }
        }
        let written = self.now_unix_ms;
        for (key, write) in &self.writes {
            match write {
                Write::Key { name } => {
                    ops.push(Op::put(key.clone(), encode(&KeyRecord { name: name.clone(), written })));
                }
                Write::Value { name, value } => {
                    let record = ValueRecord { name: name.clone(), value: value.clone(), written };
                    ops.push(Op::put(key.clone(), encode(&record)));
                }
                Write::Deleted if self.cleared.iter().any(|path| path.subtree_range().contains(key)) => {}
                Write::Deleted if !self.tree.has_store_key(key) => {}
                Write::Deleted => ops.push(Op::delete(key.clone())),
            }
        }
        ops
    }

    fn require(&mut self, path: &KeyPath) -> Result<(), RegistryError> {
        if !self.key_exists(path) {
            return Err(RegistryError::KeyNotFound { path: path.to_string() });
        }
        self.rely_on(path);
        Ok(())
    }

    /// The batch holds only while the key is the one it saw.
    fn rely_on(&mut self, path: &KeyPath) {
        let known = self.tree.key(path).filter(|_| !path.is_root() && !self.is_cleared(path));
        if let Some(known) = known {
            let same = Condition::CreateRevision(Order::Equal, known.create_revision());
            self.guards.entry(path.record_key()).or_insert(same);
        }
    }

    /// Moves a key's time: its record is written again.
    fn touch(&mut self, path: &KeyPath) {
        let known = self.tree.key(path).filter(|_| !self.is_cleared(path)).map(|key| key.name().to_owned());
        let name = known.unwrap_or_else(|| path.name().to_owned());
        self.writes.entry(path.record_key()).or_insert(Write::Key { name });
    }

    fn clear(&mut self, path: &KeyPath) -> Result<(), RegistryError> {
        let Some(parent) = path.parent() else { return Err(RegistryError::RootKey) };
        self.writes.retain(|key, _| !path.subtree_range().contains(key));
        self.cleared.retain(|below| !path.contains(below));
        if !self.is_cleared(path) {
            self.cleared.push(path.clone());
        }
        self.touch(&parent);
        Ok(())
    }

    fn is_cleared(&self, path: &KeyPath) -> bool {
        self.cleared.iter().any(|cleared| cleared.contains(path))
    }

    fn has_subkeys(&self, path: &KeyPath) -> bool {
        let own = path.record_key();
        let made =
            self.writes.range(path.subtree_range().start..).take_while(|(key, _)| key.starts_with(&own));
        if made.into_iter().any(|(key, write)| *key != own && matches!(write, Write::Key { .. })) {
            return true;
        }
        let there = self.tree.key(path).filter(|_| !self.is_cleared(path));
        there.is_some_and(|key| {
            key.subkeys().any(|below| path.join(below.name()).is_ok_and(|below| self.key_exists(&below)))
        })
    }

    fn known_value_name(&self, path: &KeyPath, name: &str) -> Option<&str> {
        let key = self.tree.key(path).filter(|_| !self.is_cleared(path))?;
        key.value(name).map(|entry| entry.name.as_str())
    }
}
