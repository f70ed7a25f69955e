//! What resource types have the cluster keep for their resources.
//!
//! Not a part of the configuration: a note is the type's own, and stands outside of the registry. What is not kept any more
//! leaves an empty record, so that a transaction that was built on an earlier one never finds what it compares with.

use std::collections::BTreeMap;

use mainstay_store::{Compare, Op, Revision};
use mainstay_types::order::{KeptNote, Note};
use mainstay_types::{Epoch, NodeId, ResourceId};
use serde::{Deserialize, Serialize};

use super::layout;

/// A note as it is stored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct StoredNote {
    /// The epoch under which it was written.
    pub(crate) epoch: Epoch,
    /// The node where that was.
    pub(crate) node: NodeId,
    /// Milliseconds of Unix time.
    pub(crate) at_ms: u64,
    /// What it says, for people.
    pub(crate) words: String,
    /// What it says, for the type; nothing: nothing is kept any more.
    pub(crate) bytes: Option<Vec<u8>>,
}

impl StoredNote {
    pub(crate) fn new(note: Option<&Note>, epoch: Epoch, node: NodeId, at_ms: u64) -> Self {
        let words = note.map(|note| note.words.clone()).unwrap_or_default();
        StoredNote { epoch, node, at_ms, words, bytes: note.map(|note| note.bytes.clone()) }
    }

    /// What is kept, as a host is told.
    pub(crate) fn kept(&self) -> Option<KeptNote> {
        let bytes = self.bytes.clone()?;
        let note = Note { words: self.words.clone(), bytes };
        Some(KeptNote { note, epoch: self.epoch })
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        layout::encode(self)
    }
}

/// All of them, each with when it was written last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes(BTreeMap<ResourceId, (StoredNote, Revision)>);

impl Notes {
    pub(crate) fn insert(&mut self, id: ResourceId, note: StoredNote, revision: Revision) {
        self.0.insert(id, (note, revision));
    }

    /// Takes in one write of a committed transaction.
    pub(crate) fn apply(&mut self, op: &Op, revision: Revision) {
        let (Op::Put { key, .. } | Op::Delete { key }) = op else { return };
        let Some(id) = resource_of(key) else { return };
        let Op::Put { value, .. } = op else { return drop(self.0.remove(&id)) };
        // What was committed is what was built here; it can be read back.
        if let Ok(note) = serde_json::from_slice(value) {
            self.insert(id, note, revision);
        }
    }

    pub(crate) fn get(&self, id: ResourceId) -> Option<&StoredNote> {
        self.0.get(&id).map(|(note, _)| note)
    }

    /// That it is as it is known here.
    pub(crate) fn unchanged(&self, id: ResourceId) -> Compare {
        let key = layout::note_key(id);
        match self.0.get(&id) {
            Some((_, revision)) => Compare::mod_revision(key, *revision),
            None => Compare::absent(key),
        }
    }
}

/// The resource that a store key keeps a note of.
pub(crate) fn resource_of(key: &[u8]) -> Option<ResourceId> {
    std::str::from_utf8(key).ok()?.strip_prefix(layout::NOTE_PREFIX)?.parse().ok()
}
