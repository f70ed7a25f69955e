//! What can be wrong with a registry operation.

use thiserror::Error;

/// Why a registry operation cannot be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RegistryError {
    /// The caller's: a path has an empty segment (or begins or ends with a backslash).
    #[error("registry path {path:?} has an empty segment; write it without leading, trailing or double \\")]
    EmptySegment {
        /// The path as given.
        path: String,
    },
    /// The caller's: a key's name has a character that none may have.
    #[error("registry name {name:?} has the character {character:?}, which a name cannot have")]
    BadCharacter {
        /// The name as given.
        name: String,
        /// The character.
        character: char,
    },
    /// The caller's: a name is too long.
    #[error("registry {what} of {chars} characters, at most {max} are allowed")]
    NameTooLong {
        /// "key name" or "value name".
        what: &'static str,
        /// Its length in UTF-16 units.
        chars: usize,
        /// The bound.
        max: usize,
    },
    /// The caller's: a path has too many segments.
    #[error("registry path of {depth} segments, at most {max} are allowed")]
    PathTooDeep {
        /// How many it has.
        depth: usize,
        /// The bound.
        max: usize,
    },
    /// The caller's: a path is too long as a whole.
    #[error("registry path of {bytes} bytes, at most {max} are allowed")]
    PathTooLong {
        /// Its length in UTF-8 bytes.
        bytes: usize,
        /// The bound.
        max: usize,
    },
    /// The caller's: a value is too large.
    #[error("registry value {name:?} of {bytes} bytes, at most {max} are allowed")]
    ValueTooLarge {
        /// Its name.
        name: String,
        /// Its size in bytes, as a program would write it.
        bytes: usize,
        /// The bound.
        max: usize,
    },
    /// The caller's: the key is not there (ERROR_FILE_NOT_FOUND, 2).
    #[error("registry key {path:?} does not exist")]
    KeyNotFound {
        /// The key.
        path: String,
    },
    /// The caller's: the key has subkeys (ERROR_DIR_NOT_EMPTY, 145).
    #[error("registry key {path:?} has subkeys; delete them first")]
    HasSubkeys {
        /// The key.
        path: String,
    },
    /// The caller's: the root key cannot be deleted.
    #[error("the root of the cluster registry cannot be deleted")]
    RootKey,
    /// The database's: an entry under the registry's prefix is none that this program writes.
    #[error(
        "damaged registry entry {key:?}: {reason}; restore the database from a backup or delete the entry"
    )]
    Damaged {
        /// The entry's key in the store.
        key: String,
        /// What is wrong.
        reason: String,
    },
}
