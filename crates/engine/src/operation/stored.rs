//! The record of an open operation in the database: enough to go on after a crash.
//!
//! Written with the acceptance, written again at a veto or when a later operation takes over, deleted when the
//! journal has the end.

use std::collections::BTreeMap;

use mainstay_types::operation::OperationRecord;
use mainstay_types::order::Cause;
use mainstay_types::{GroupId, OperationId, ResourceId};
use serde::{Deserialize, Serialize};

use super::PartGoal;
use crate::model::layout;

/// One open operation.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct StoredOperation {
    /// As the journal shows it, with those of its parts that have ended, unless they are many.
    pub record: OperationRecord,
    /// The caller's token, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub token: String,
    /// The instruction buffer, in hexadecimal digits.
    #[serde(with = "hex", default, skip_serializing_if = "Vec::is_empty")]
    pub buffer: Vec<u8>,
    /// The resources that it acts on, and what is done to each.
    pub closure: BTreeMap<ResourceId, PartGoal>,
    /// What it has said about who is to be online, until that is taken back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<StoredWord>,
    /// How far it is.
    pub step: StoredStep,
    /// Who took over while it was being taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<OperationId>,
}

/// How far an open operation is, as far as the database has to know.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoredStep {
    /// Accepted, and being carried out.
    Running,
    /// A resource vetoed: what stopped comes back.
    Restoring(Cause),
    /// Somebody ended it before it was done: what stopped comes back, and what was being started is taken down.
    Cancelled(Cause),
    /// A later operation has taken over.
    Superseded(OperationId),
    /// Ended; only the journal has to hear of it.
    Ended,
}

impl StoredStep {
    /// Whether what the operation has stopped comes back.
    pub(crate) fn restores(&self) -> bool {
        matches!(self, StoredStep::Restoring(_) | StoredStep::Cancelled(_))
    }
}

/// What an operation has said about a persistent state, and what it takes to take that back.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StoredWord {
    /// Whose.
    pub target: PersistentTarget,
    /// What.
    pub said: Said,
    /// What was written before; `None` when it was not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<bool>,
    /// What other operations have said since, and what was not taken back of that; oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub since: Vec<LaterWord>,
}

/// What a later operation has said about the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LaterWord {
    /// Who.
    pub by: OperationId,
    /// What.
    pub said: Said,
}

/// A word about who is to be online.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Said {
    /// Online.
    Online,
    /// Offline.
    Offline,
    /// Needed: a word that it stay offline holds no longer, any other stays.
    Needed,
}

/// Whose persistent state.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PersistentTarget {
    /// A resource's.
    Resource(ResourceId),
    /// A group's.
    Group(GroupId),
}

impl StoredOperation {
    /// As it is stored.
    pub fn to_bytes(&self) -> Vec<u8> {
        layout::encode(self)
    }

    /// As it was stored.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(bytes).map_err(|error| error.to_string())
    }
}

/// Bytes as hexadecimal digits: twice their size, where a JSON list of numbers has up to four times.
mod hex {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
        let digits: String = bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
        serializer.serialize_str(&digits)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let digits = String::deserialize(deserializer)?;
        let nibble = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
        let bytes: Option<Vec<u8>> =
            pairs.iter().map(|[high, low]| Some(nibble(*high)? << 4 | nibble(*low)?)).collect();
        bytes.filter(|_| rest.is_empty()).ok_or_else(|| D::Error::custom("no hexadecimal digits"))
    }
}
