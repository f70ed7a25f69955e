//! The two traits a backend implements.

use std::time::Duration;

use crate::contract::{Backup, Committed, Event, KeyRange, KeyValue, LeaseId, Page, Revision, Transaction};
use crate::error::{StoreError, WatchError};
use crate::limits::READ_ENTRIES_MAX;

/// The cluster database.
///
/// Every method blocks until it is done; the service gives the store a thread of its own. Time is passed in
/// as the duration since an origin of the caller's that never runs backwards (a monotonic clock); the store
/// reads no clock.
///
/// What every backend promises:
///
/// - A transaction answered with `Ok` is durable, and happened as a whole at one revision.
/// - The revision grows by one for each transaction that changed something, and stays for others.
/// - Limits are those of [`crate::validate`], checked before anything else.
/// - After [`StoreError::Unknown`] every call but [`Store::recover`] may answer [`StoreError::Unavailable`]
///   until `recover` succeeds.
pub trait Store: Send {
    /// The current revision.
    fn revision(&mut self) -> Result<Revision, StoreError>;

    /// Carries out a transaction.
    ///
    /// `Ok` with `succeeded: false` means that a compare did not hold; that is no error.
    fn commit(&mut self, transaction: Transaction) -> Result<Committed, StoreError>;

    /// Reads a range at the current revision, one page: at most `limit` entries, and at most what
    /// [`READ_ENTRIES_MAX`] and [`crate::READ_BYTES_MAX`] allow (but at least one, if there is one).
    fn read(&mut self, range: &KeyRange, limit: usize) -> Result<Page, StoreError>;

    /// Watches a range from revision `from` on, that one included. A read at revision r goes on with a watch
    /// from `r.next()`. That the events are compacted is told by the watch's first poll.
    fn watch(&mut self, range: &KeyRange, from: Revision) -> Result<Box<dyn Watch>, StoreError>;

    /// Forgets the history up to `revision`, that one included. What the keys are now stays. A revision
    /// already compacted is no error.
    fn compact(&mut self, revision: Revision) -> Result<(), StoreError>;

    /// Grants a lease that ends `ttl` after its last renewal, seen by [`Store::tick`].
    ///
    /// A lease is a convenience: `ttl` is a lower bound, and a restarted store gives every lease its whole
    /// time again.
    fn grant(&mut self, ttl: Duration, now: Duration) -> Result<LeaseId, StoreError>;

    /// Renews a lease; answers its whole time.
    fn keep_alive(&mut self, lease: LeaseId, now: Duration) -> Result<Duration, StoreError>;

    /// Ends a lease now and deletes its keys, in one transaction.
    fn revoke(&mut self, lease: LeaseId) -> Result<(), StoreError>;

    /// Lets time pass: ends the leases that are due, each like [`Store::revoke`], and does the upkeep that is
    /// due (history beyond its bound is compacted). To be called about once a second.
    fn tick(&mut self, now: Duration) -> Result<(), StoreError>;

    /// Copies everything that is there at one revision, which is durable. Commits before it are in the copy as a whole,
    /// later ones not at all. The copy is in memory and as large as what the store holds: at most
    /// [`crate::LIVE_BYTES_MAX`].
    fn backup(&mut self) -> Result<Backup, StoreError>;

    /// Makes the store usable again after [`StoreError::Unknown`] and answers the revision it is at.
    ///
    /// What it answers, and every read after it, is durable. Whether the unknown transaction was done is then
    /// seen by reading what it would have written, or by [`StoreError::Unknown`]'s `attempted`. Watches live
    /// on and see its events if it was.
    fn recover(&mut self) -> Result<Revision, StoreError>;
}

/// A watch: events of one range, pulled.
pub trait Watch: Send {
    /// The events since the last poll, oldest first; empty if there are none. All events of one transaction
    /// come in one answer. At most [`crate::POLL_EVENTS_MAX`], unless one transaction alone has more.
    fn poll(&mut self) -> Result<Vec<Event>, WatchError>;

    /// The first revision that no poll has looked at yet: where a new watch would go on.
    fn position(&self) -> Revision;
}

/// Reads a whole range page by page.
///
/// Answers the entries and the revision of the *first* page. Pages may be of different revisions when others
/// write meanwhile: whoever applies the events from `revision.next()` on, and skips those older than what it
/// has, ends up right ([`crate::registry::Tree`] does).
pub fn read_all(store: &mut dyn Store, range: &KeyRange) -> Result<(Vec<KeyValue>, Revision), StoreError> {
    let mut page = store.read(range, READ_ENTRIES_MAX)?;
    let revision = page.revision;
    let mut entries = std::mem::take(&mut page.entries);
    while page.more {
        let Some(last) = entries.last() else { break };
        let mut start = last.key.clone();
        start.push(0);
        page = store.read(&KeyRange { start, end: range.end.clone() }, READ_ENTRIES_MAX)?;
        entries.append(&mut page.entries);
    }
    Ok((entries, revision))
}
