//! The cluster registry: a tree of keys with typed values, laid out in the store.
//!
//! Owns the names (case-preserving, case-insensitive), the values' types and their readable form in the
//! database, a [`Tree`] that shows what is committed, and [`Changes`] that turn registry operations into
//! operations of one transaction. It holds no store and does no I/O: the caller commits and reads.
//!
//! In the store, the key `Resources\X` with a value `PersistentState` is two entries:
//!
//! ```text
//!   registry\resources\x\                    {"name":"X","written":1763800000000}
//!   registry\resources\x\\persistentstate    {"name":"PersistentState","type":"dword","data":1,"written":...}
//! ```
//!
//! A key name has no backslash and is never empty, so two backslashes always mean "here a value's name
//! begins", and everything of a key (itself, its values, its subkeys) is one range.

mod changes;
mod difference;
mod error;
mod fold;
mod path;
mod record;
#[cfg(test)]
mod tests;
mod tree;
mod value;

pub use changes::{Changes, Disposition};
pub use difference::{Difference, DifferentPart};
pub use error::RegistryError;
pub use fold::fold;
pub use path::{
    KeyPath, PATH_BYTES_MAX, PATH_DEPTH_MAX, SEGMENT_CHARS_MAX, VALUE_NAME_CHARS_MAX, registry_range,
};
pub use tree::{Key, Tree, ValueEntry};
pub use value::{DATA_BYTES_MAX, Value};
