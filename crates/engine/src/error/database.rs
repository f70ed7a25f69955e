//! A database that is not served.

use mainstay_store::registry::RegistryError;
use thiserror::Error;

/// A database that this program cannot work on. Nothing in it was changed.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum DatabaseError {
    /// It is empty, or belongs to something else.
    #[error("the database holds no cluster; create one with 'mainstay cluster create NAME --data-dir DIR'")]
    NoCluster,
    /// It was written by another version.
    #[error(
        "the database has schema version {found}, this program knows version {known}; use the program that wrote it"
    )]
    Schema {
        /// What it has.
        found: u32,
        /// What this program knows.
        known: u32,
    },
    /// It is a backup, put in its place by hand: what it says of owners would be believed.
    #[error(
        "the database is a backup, which is not served as it is; put it in its place with: mainstay cluster restore \
         FILE --data-dir DIR"
    )]
    IsBackup,
    /// It has no manifest.
    #[error("it is no backup that 'mainstay cluster backup' has made: it has no manifest")]
    NoBackup,
    /// Something in it cannot be read.
    #[error("the database is damaged: {object}: {reason}; restore it from a backup")]
    Damaged {
        /// Which object.
        object: String,
        /// What is wrong.
        reason: String,
    },
    /// A registry entry cannot be read or written.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}
