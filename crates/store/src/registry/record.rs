//! The entries of the registry as JSON text, readable with `sqlite3`.

use serde::{Deserialize, Serialize};

use super::error::RegistryError;
use super::value::Value;

/// The entry of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeyRecord {
    pub(super) name: String,
    /// Milliseconds since 1970: when the key, its list of subkeys, or (by a deletion) its list of values changed.
    pub(super) written: u64,
}

/// The entry of a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ValueRecord {
    pub(super) name: String,
    #[serde(flatten)]
    pub(super) value: Value,
    /// Milliseconds since 1970.
    pub(super) written: u64,
}

pub(super) fn encode<T: Serialize>(record: &T) -> Vec<u8> {
    // Strings, numbers and lists of them: there is nothing in a record that JSON cannot say.
    serde_json::to_vec(record).unwrap_or_default()
}

pub(super) fn decode<'a, T: Deserialize<'a>>(key: &[u8], value: &'a [u8]) -> Result<T, RegistryError> {
    serde_json::from_slice(value).map_err(|error| RegistryError::Damaged {
        key: String::from_utf8_lossy(key).into_owned(),
        reason: error.to_string(),
    })
}
