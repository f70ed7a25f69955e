//! What can go wrong, grouped by who is to blame and by what the caller may conclude.

use std::time::Duration;

use thiserror::Error;

use crate::contract::{LeaseId, Revision};

/// Why the store did not answer as asked.
///
/// Three of the four say that nothing was done. Only [`StoreError::Unknown`] does not, and it must never be
/// taken for a failure.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StoreError {
    /// The caller's: the request cannot be carried out as it is. Nothing was done.
    #[error("refused: {0}")]
    Refused(#[from] Refusal),
    /// The environment's: the store tried and it surely was not done. Trying again may help.
    #[error("not done: {0}")]
    Failed(String),
    /// The environment's: the store may or may not have done it. [`crate::Store::recover`], then read it back.
    #[error("outcome unknown: {reason}; recover the store and read back what was written")]
    Unknown {
        /// The revision that the transaction has if it was done, where the backend knows it (a single writer
        /// does): it was done if and only if the recovered store has reached it.
        attempted: Option<Revision>,
        /// What happened.
        reason: String,
    },
    /// The environment's: the store cannot be used now. Nothing was tried.
    #[error("store unavailable: {0}")]
    Unavailable(String),
}

/// What is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// A list of the transaction has too many members.
    #[error("{count} {what} in one transaction, at most {max} are allowed; split it")]
    TooManyOperations {
        /// Compares, operations if they hold, or operations if not.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many there may be.
        max: usize,
    },
    /// The keys and values of the transaction are too large together.
    #[error("transaction of {size} bytes, at most {max} are allowed; split it")]
    TransactionTooLarge {
        /// Its size in bytes.
        size: usize,
        /// The bound.
        max: usize,
    },
    /// A key is empty.
    #[error("empty key; a key has at least one byte")]
    EmptyKey,
    /// A key is too long.
    #[error("key of {size} bytes, at most {max} are allowed")]
    KeyTooLong {
        /// Its size in bytes.
        size: usize,
        /// The bound.
        max: usize,
    },
    /// A value is too large.
    #[error("value of {size} bytes for key {key}, at most {max} are allowed")]
    ValueTooLarge {
        /// Its key, made printable.
        key: String,
        /// Its size in bytes.
        size: usize,
        /// The bound.
        max: usize,
    },
    /// A key is put twice, or put and deleted, in one branch.
    #[error("key {key} is written more than once in one transaction; write it once")]
    DuplicateKey {
        /// The key, made printable.
        key: String,
    },
    /// A read asks for no entries.
    #[error("read limit 0; ask for at least one entry")]
    ZeroLimit,
    /// The revision is not there yet.
    #[error("revision {revision} is not reached yet, the store is at {current}")]
    FutureRevision {
        /// What was asked for.
        revision: Revision,
        /// Where the store is.
        current: Revision,
    },
    /// No such lease, or no more.
    #[error("lease {lease} does not exist; it may have expired")]
    LeaseNotFound {
        /// The lease.
        lease: LeaseId,
    },
    /// A lease's time is out of bounds.
    #[error("lease time of {ttl:?}; it must be longer than zero and at most {max:?}")]
    LeaseTime {
        /// What was asked for.
        ttl: Duration,
        /// The bound.
        max: Duration,
    },
    /// Too many leases at once.
    #[error("{max} leases exist already; revoke one first")]
    TooManyLeases {
        /// The bound.
        max: usize,
    },
    /// The database would grow beyond its bound.
    #[error("the database would hold {size} bytes, at most {max} are allowed; delete something first")]
    Full {
        /// The size it would have, keys and values.
        size: u64,
        /// The bound.
        max: u64,
    },
}

/// Why a watch cannot go on. It stays as it is: every later poll answers the same.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WatchError {
    /// Events the watch still had to see are gone. Read the range anew, then watch from there.
    #[error("events up to revision {compacted} are compacted; read the range again and watch from there")]
    Compacted {
        /// The last revision whose events are gone.
        compacted: Revision,
    },
    /// The store was closed.
    #[error("the store was closed; open it and watch again")]
    Closed,
    /// The store is out of reach for now.
    #[error("watch interrupted: {0}; watch again from the watch's position")]
    Interrupted(String),
}
