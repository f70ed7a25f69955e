//! The bounds that every backend enforces, and the one function that checks a transaction against them.
//!
//! They are etcd's, so that a cluster that grows from one node to three meets no new one.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::contract::{Compare, Condition, KeyRange, KeyValue, Op, Transaction};
use crate::error::Refusal;

/// Compares, and operations of each branch, in one transaction. etcd's default `--max-txn-ops`.
pub const OPERATIONS_MAX: usize = 128;
/// Bytes of all keys and values in one transaction, both branches. etcd takes 1.5 MiB with its own framing.
pub const TRANSACTION_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of one key. Room for the deepest registry path ([`crate::registry::PATH_BYTES_MAX`]) and its value name.
pub const KEY_BYTES_MAX: usize = 8 * 1024;
/// Bytes of one value. A largest value leaves a quarter of its transaction for what goes with it.
pub const VALUE_BYTES_MAX: usize = 768 * 1024;
/// Entries in one page.
pub const READ_ENTRIES_MAX: usize = 1024;
/// Bytes of keys and values in one page (a page has at least one entry). Below gRPC's usual 4 MiB a message.
pub const READ_BYTES_MAX: usize = 3 * 1024 * 1024;
/// Events in one poll, unless one transaction has more.
pub const POLL_EVENTS_MAX: usize = 1024;
/// Revisions of history kept. A watcher that falls further behind reads anew, which costs little.
pub const HISTORY_REVISIONS: usize = 1024;
/// Bytes of history kept. It lives in memory as well.
pub const HISTORY_BYTES: usize = 8 * 1024 * 1024;
/// Bytes of all keys and values in the database. A cluster of 8,000 resources needs a few MiB of it.
pub const LIVE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Leases at the same time. One or two for each of 64 nodes are in use.
pub const LEASES_MAX: usize = 1024;
/// The longest time of a lease.
pub const LEASE_TTL_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// The bounds that a backend's owner may lower (tests do).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Revisions of history kept; twice as many are there at most for a moment.
    pub history_revisions: usize,
    /// Bytes of history kept; likewise.
    pub history_bytes: usize,
    /// Bytes of all keys and values.
    pub live_bytes: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            history_revisions: HISTORY_REVISIONS,
            history_bytes: HISTORY_BYTES,
            live_bytes: LIVE_BYTES_MAX,
        }
    }
}

/// Checks everything about a transaction that can be known without the database.
pub fn validate(transaction: &Transaction) -> Result<(), Refusal> {
    let Transaction { compares, then, otherwise } = transaction;
    for (what, count) in [
        ("compares", compares.len()),
        ("operations if they hold", then.len()),
        ("operations if not", otherwise.len()),
    ] {
        if count > OPERATIONS_MAX {
            return Err(Refusal::TooManyOperations { what, count, max: OPERATIONS_MAX });
        }
    }
    let mut size = 0usize;
    for compare in compares {
        size = size.saturating_add(validate_compare(compare)?);
    }
    for branch in [then, otherwise] {
        for op in branch {
            size = size.saturating_add(validate_op(op)?);
        }
        validate_distinct(branch)?;
    }
    if size > TRANSACTION_BYTES_MAX {
        return Err(Refusal::TransactionTooLarge { size, max: TRANSACTION_BYTES_MAX });
    }
    Ok(())
}

/// Checks the bounds of a range's two ends, and that a read of it asks for something.
pub fn validate_range(range: &KeyRange, limit: usize) -> Result<usize, Refusal> {
    if limit == 0 {
        return Err(Refusal::ZeroLimit);
    }
    let end = range.end.as_ref().map_or(0, Vec::len);
    // One byte more than a key: the successor of the longest key is a fair end.
    match range.start.len().max(end) {
        size if size > KEY_BYTES_MAX + 1 => Err(Refusal::KeyTooLong { size, max: KEY_BYTES_MAX }),
        _ => Ok(range.start.len() + end),
    }
}

/// Checks a lease's time.
pub(crate) fn validate_ttl(ttl: Duration) -> Result<(), Refusal> {
    if ttl.is_zero() || ttl > LEASE_TTL_MAX {
        return Err(Refusal::LeaseTime { ttl, max: LEASE_TTL_MAX });
    }
    Ok(())
}

/// Cuts a run of entries to one page; answers the page and whether more would have followed.
pub(crate) fn cut_page(entries: impl Iterator<Item = KeyValue>, limit: usize) -> (Vec<KeyValue>, bool) {
    let limit = limit.min(READ_ENTRIES_MAX);
    let mut page = Vec::new();
    let mut bytes = 0;
    for entry in entries {
        bytes += entry.key.len() + entry.value.len();
        if page.len() == limit || (!page.is_empty() && bytes > READ_BYTES_MAX) {
            return (page, true);
        }
        page.push(entry);
    }
    (page, false)
}

fn validate_compare(compare: &Compare) -> Result<usize, Refusal> {
    let key = validate_key(&compare.key)?;
    match &compare.condition {
        Condition::Value(_, value) => Ok(key + validate_value(&compare.key, value)?),
        _ => Ok(key),
    }
}

fn validate_op(op: &Op) -> Result<usize, Refusal> {
    match op {
        Op::Put { key, value, .. } => Ok(validate_key(key)? + validate_value(key, value)?),
        Op::Delete { key } => validate_key(key),
        Op::DeleteRange { range } => validate_range(range, 1),
        Op::Read { range, limit } => validate_range(range, *limit),
    }
}

fn validate_key(key: &[u8]) -> Result<usize, Refusal> {
    match key.len() {
        0 => Err(Refusal::EmptyKey),
        size if size > KEY_BYTES_MAX => Err(Refusal::KeyTooLong { size, max: KEY_BYTES_MAX }),
        size => Ok(size),
    }
}

fn validate_value(key: &[u8], value: &[u8]) -> Result<usize, Refusal> {
    match value.len() {
        size if size > VALUE_BYTES_MAX => {
            Err(Refusal::ValueTooLarge { key: printable(key), size, max: VALUE_BYTES_MAX })
        }
        size => Ok(size),
    }
}

/// In one branch a key is put at most once, and none that is put is deleted too.
fn validate_distinct(branch: &[Op]) -> Result<(), Refusal> {
    let mut puts = BTreeSet::new();
    for op in branch {
        if let Op::Put { key, .. } = op
            && !puts.insert(key.as_slice())
        {
            return Err(Refusal::DuplicateKey { key: printable(key) });
        }
    }
    for op in branch {
        let hit = match op {
            Op::Delete { key } => puts.get(key.as_slice()).copied(),
            Op::DeleteRange { range } => {
                puts.range(range.start.as_slice()..).next().copied().filter(|key| range.contains(key))
            }
            Op::Put { .. } | Op::Read { .. } => None,
        };
        if let Some(key) = hit {
            return Err(Refusal::DuplicateKey { key: printable(key) });
        }
    }
    Ok(())
}

/// A key for a message: as text, and not longer than a line.
fn printable(key: &[u8]) -> String {
    const SHOWN_BYTES: usize = 120;
    let shown = &key[..key.len().min(SHOWN_BYTES)];
    format!("{:?}{}", String::from_utf8_lossy(shown), if shown.len() < key.len() { "…" } else { "" })
}
