//! The store on SQLite: durable, for a cluster of one node.
//!
//! Owns one database file, the lock beside it, and an image of it in memory. Reads and watches are answered
//! from memory; a commit is one appended row for each key and one durable SQLite commit, nothing more.
//!
//! ```text
//!              create ──► (file)
//!                           │ open: lock, look, check, load, accept, settle
//!                           ▼
//!     commit, tick ──► [ Serving ] ──── COMMIT answered an error ───► [ Broken ]
//!                           ▲           or others wrote the file          │
//!                           └────── recover: check, load, settle ◄────────┘
//! ```
//!
//! *Settle* means that everything the file shows is made durable before anyone is told of it: after a crash or
//! a failed sync the operating system may show what the disk does not have yet.
//!
//! The file stays readable with `sqlite3` while the service runs: keys and JSON values are text, and the views
//! `current` and `registry` show what is there now. It never reads a clock and never writes over a file that it
//! does not take for its own.

mod backup;
mod clean_end;
mod error;
mod files;
mod lock;
mod log;
mod memory;
mod open;
mod row;
mod schema;

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod kill_tests;
#[cfg(test)]
mod powercut;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::{Connection, ErrorCode};

use crate::contract::{Backup, Committed, Event, KeyRange, LeaseId, Page, Revision, Transaction};
use crate::error::{Refusal, StoreError, WatchError};
use crate::limits::{Bounds, LEASES_MAX, validate, validate_range, validate_ttl};
use crate::store::{Store, Watch};

pub use backup::{Resting, read_backup, write_backup};
use clean_end::Served;
pub use clean_end::missing_log;
pub use error::OpenError;
use files::{Files, RealFiles};
use lock::Lock;
pub use log::damage as log_damage;
use memory::{Draft, Memory, MemoryWatch};
use open::Opened;
use row::Seal;

/// How long a call waits for a `sqlite3` that holds the file's write lock. Longer than any statement typed
/// by hand, shorter than anyone waits for an answer.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// Commits after which [`Store::tick`] moves the write-ahead log into the database, so that commits need not.
const CHECKPOINT_COMMITS: u32 = 128;
/// Pages in the write-ahead log at which a commit does it after all (2 MiB). The log has room for them from the start:
/// a commit that writes over old bytes is durable with one write to the disk, one that lets the file grow has to wait
/// for the file system's own log, and there for what others have written.
const CHECKPOINT_PAGES: u32 = 512;

/// How to open a database. [`Options::default`] is right for the service.
#[derive(Clone, Debug)]
pub struct Options {
    bounds: Bounds,
    checkpoint_commits: u32,
    checkpoint_pages: u32,
    vfs: Option<String>,
    files: Arc<dyn Files>,
    without_log: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            bounds: Bounds::default(),
            checkpoint_commits: CHECKPOINT_COMMITS,
            checkpoint_pages: CHECKPOINT_PAGES,
            vfs: None,
            files: Arc::new(RealFiles),
            without_log: false,
        }
    }
}

impl Options {
    /// How much the database may hold.
    pub fn with_bounds(bounds: Bounds) -> Self {
        Self { bounds, ..Self::default() }
    }

    /// Opens a database also where the log is missing that it needs: then it is what it was before some commits that were
    /// acknowledged.
    pub fn without_log(self) -> Self {
        Self { without_log: true, ..self }
    }
}

/// The open database.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    options: Options,
    /// `None` while broken.
    connection: Option<Served>,
    /// Why it is broken, for those who call meanwhile.
    broken: String,
    memory: Arc<Mutex<Memory>>,
    /// What SQLite's `data_version` was; it moves when another program writes the file.
    data_version: i64,
    /// Whether the file says that it needs its log.
    is_marked: bool,
    commits_since_checkpoint: u32,
    cluster_id: String,
    seal: Seal,
    /// Held as long as the store is open.
    lock: Lock,
}

impl SqliteStore {
    /// Makes the database file of a new cluster, in generation 1, and opens it. The directory must be there;
    /// the file must not, and is there whole or not at all, whatever happens meanwhile.
    pub fn create(path: &Path, cluster_id: &str, options: Options) -> Result<Self, OpenError> {
        let lock = Lock::take(path)?;
        open::create_file(path, cluster_id, 1, &options)?;
        Self::open_locked(path, options, lock)
    }

    /// Opens the database file that is there, after checking all of it.
    pub fn open(path: &Path, options: Options) -> Result<Self, OpenError> {
        Self::open_if(path, options, |_, _| Ok(()))
    }

    /// As [`SqliteStore::open`], if `accept` has nothing against it: it is shown the cluster's id and all that the file
    /// holds, before anything is written to the file or what is beside it.
    pub fn open_if<E: From<OpenError>>(
        path: &Path,
        options: Options,
        accept: impl FnOnce(&str, &Backup) -> Result<(), E>,
    ) -> Result<Self, E> {
        // The look comes first: no lock file shall appear beside what is no database of ours.
        open::look(path)?;
        let lock = Lock::take(path)?;
        let had_log = open::log_bytes(path).is_some();
        let accepted = open::check_file(path, &options).map_err(E::from).and_then(|checked| {
            accept(&checked.cluster_id, &checked.memory.backup())?;
            Ok(checked)
        });
        if accepted.is_err() && !had_log && open::log_bytes(path) == Some(0) {
            // SQLite has made it when it looked. Nothing is in it that could be lost.
            let _ = options.files.remove(&open::beside(path, "-wal"));
        }
        let opened = accepted?.settle(path, &options)?;
        Ok(Self::serving(path, options, lock, opened))
    }

    fn open_locked(path: &Path, options: Options, lock: Lock) -> Result<Self, OpenError> {
        Self::open_locked_or_give_back(path, options, lock).map_err(|(_, error)| error)
    }

    /// As [`SqliteStore::open_locked`]; what cannot be opened stays locked by the caller.
    fn open_locked_or_give_back(
        path: &Path,
        options: Options,
        lock: Lock,
    ) -> Result<Self, (Lock, OpenError)> {
        match open::open_file(path, &options) {
            Ok(opened) => Ok(Self::serving(path, options, lock, opened)),
            Err(error) => Err((lock, error)),
        }
    }

    fn serving(path: &Path, options: Options, lock: Lock, opened: Opened) -> Self {
        Self {
            path: path.to_owned(),
            options,
            connection: Some(opened.connection),
            broken: String::new(),
            memory: Arc::new(Mutex::new(opened.memory)),
            data_version: opened.data_version,
            is_marked: false,
            commits_since_checkpoint: 0,
            cluster_id: opened.cluster_id,
            seal: opened.seal,
            lock,
        }
    }

    /// The id of the cluster whose database this is.
    pub fn cluster_id(&self) -> &str {
        &self.cluster_id
    }

    /// Where the database file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Answers unless the store is broken.
    fn check_serving(&self) -> Result<(), StoreError> {
        match self.connection {
            Some(_) => Ok(()),
            None => Err(StoreError::Unavailable(format!("{}; recover the store first", self.broken))),
        }
    }

    /// Makes `draft` durable, then shows it. The one place where anything is written.
    fn write(&mut self, mut draft: Draft) -> Result<(), StoreError> {
        self.check_serving()?;
        let Some(connection) = self.connection.as_ref() else { return self.check_serving() };
        let compaction = self.memory.lock().due_compaction(&draft, 2);
        draft.compact(compaction);
        let result = mark(connection, &mut self.is_marked)
            .and_then(|()| write_rows(connection, &draft, &self.seal, self.data_version));
        match result {
            Ok(()) => {
                self.commits_since_checkpoint = self.commits_since_checkpoint.saturating_add(1);
                self.memory.lock().apply(draft);
                Ok(())
            }
            Err(WriteError::NotDone(error)) => {
                let rolled_back = connection.is_autocommit() || connection.execute_batch("ROLLBACK").is_ok();
                if !rolled_back {
                    self.break_off(format!(
                        "a failed transaction could not be rolled back in {}",
                        self.path.display()
                    ));
                }
                let way_out = match error.sqlite_error_code() {
                    Some(ErrorCode::DiskFull) => "; make room on its disk and try again",
                    _ => "",
                };
                Err(StoreError::Failed(format!("{}: {error}{way_out}", self.path.display())))
            }
            Err(WriteError::ForeignWriter) => {
                let reason = format!("another program wrote {} while it was open", self.path.display());
                self.break_off(reason.clone());
                Err(StoreError::Unavailable(format!("{reason}; recover the store first")))
            }
            Err(WriteError::Unknown(error)) => {
                let reason = format!("{}: {error}", self.path.display());
                self.break_off(format!("the outcome of a commit is unknown ({reason})"));
                Err(StoreError::Unknown { attempted: draft.revision(), reason })
            }
        }
    }

    fn break_off(&mut self, reason: String) {
        self.broken = reason;
        // What SQLite still holds in memory may differ from the file; the file decides, with its log.
        if let Some(connection) = self.connection.take() {
            connection.give_up();
        }
    }

    /// A draft that ends a lease and deletes its keys.
    fn revoke_now(&mut self, lease: LeaseId) -> Result<(), StoreError> {
        let draft = self.memory.lock().draft_revoke(lease);
        self.write(draft)
    }
}

impl Store for SqliteStore {
    fn revision(&mut self) -> Result<Revision, StoreError> {
        self.check_serving()?;
        Ok(self.memory.lock().now_at())
    }

    fn commit(&mut self, transaction: Transaction) -> Result<Committed, StoreError> {
        validate(&transaction)?;
        self.check_serving()?;
        let (draft, succeeded, responses) = self.memory.lock().draft(transaction)?;
        if !draft.is_empty() {
            self.write(draft)?;
        }
        Ok(Committed { revision: self.memory.lock().now_at(), succeeded, responses })
    }

    fn read(&mut self, range: &KeyRange, limit: usize) -> Result<Page, StoreError> {
        validate_range(range, limit)?;
        self.check_serving()?;
        Ok(self.memory.lock().read(range, limit))
    }

    fn watch(&mut self, range: &KeyRange, from: Revision) -> Result<Box<dyn Watch>, StoreError> {
        validate_range(range, 1)?;
        self.check_serving()?;
        let current = self.memory.lock().now_at();
        if from.generation > current.generation {
            return Err(Refusal::FutureRevision { revision: from, current }.into());
        }
        Ok(Box::new(SqliteWatch(MemoryWatch::new(&self.memory, range.clone(), from))))
    }

    fn compact(&mut self, revision: Revision) -> Result<(), StoreError> {
        self.check_serving()?;
        let draft = {
            let memory = self.memory.lock();
            let current = memory.now_at();
            if revision > current {
                return Err(Refusal::FutureRevision { revision, current }.into());
            }
            if revision.generation < current.generation || revision.revision <= memory.compacted() {
                return Ok(());
            }
            let mut draft = memory.empty_draft();
            draft.compact(Some(memory.compaction(revision.revision)));
            draft
        };
        self.write(draft)
    }

    fn grant(&mut self, ttl: Duration, now: Duration) -> Result<LeaseId, StoreError> {
        validate_ttl(ttl)?;
        self.check_serving()?;
        let (lease, draft) = {
            let memory = self.memory.lock();
            if memory.lease_count() >= LEASES_MAX {
                return Err(Refusal::TooManyLeases { max: LEASES_MAX }.into());
            }
            memory.draft_grant(ttl)
        };
        self.write(draft)?;
        self.memory.lock().renew(lease, now);
        Ok(lease)
    }

    fn keep_alive(&mut self, lease: LeaseId, now: Duration) -> Result<Duration, StoreError> {
        self.check_serving()?;
        let renewed = self.memory.lock().renew(lease, now);
        renewed.ok_or_else(|| Refusal::LeaseNotFound { lease }.into())
    }

    fn revoke(&mut self, lease: LeaseId) -> Result<(), StoreError> {
        self.check_serving()?;
        if !self.memory.lock().has_lease(lease) {
            return Err(Refusal::LeaseNotFound { lease }.into());
        }
        self.revoke_now(lease)
    }

    fn tick(&mut self, now: Duration) -> Result<(), StoreError> {
        self.check_serving()?;
        let due = self.memory.lock().due_leases(now);
        for lease in due {
            self.revoke_now(lease)?;
        }
        let upkeep = {
            let memory = self.memory.lock();
            let mut draft = memory.empty_draft();
            draft.compact(memory.due_compaction(&draft, 1));
            draft
        };
        if !upkeep.is_empty() {
            self.write(upkeep)?;
        }
        if self.commits_since_checkpoint >= self.options.checkpoint_commits
            && let Some(connection) = self.connection.as_ref()
        {
            self.commits_since_checkpoint = 0;
            // Passive: it never waits for a reader. Nothing is lost if it fails, the log just stays longer.
            let moved = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", (), |_| Ok(()));
            moved.map_err(|error| {
                StoreError::Failed(format!("checkpoint of {}: {error}", self.path.display()))
            })?;
        }
        Ok(())
    }

    fn backup(&mut self) -> Result<Backup, StoreError> {
        self.check_serving()?;
        Ok(self.memory.lock().backup())
    }

    fn recover(&mut self) -> Result<Revision, StoreError> {
        if self.connection.is_none() {
            let opened = open::open_file(&self.path, &self.options)
                .map_err(|error| StoreError::Unavailable(error.to_string()))?;
            if opened.cluster_id != self.cluster_id {
                let (path, found) = (self.path.display(), &opened.cluster_id);
                return Err(StoreError::Unavailable(format!("{path} now belongs to cluster {found}")));
            }
            self.memory.lock().replace(opened.memory);
            self.data_version = opened.data_version;
            self.is_marked = false;
            self.seal = opened.seal;
            self.connection = Some(opened.connection);
            self.commits_since_checkpoint = 0;
        }
        self.revision()
    }
}

struct SqliteWatch(MemoryWatch);

impl Watch for SqliteWatch {
    fn poll(&mut self) -> Result<Vec<Event>, WatchError> {
        self.0.poll()
    }

    fn position(&self) -> Revision {
        self.0.position()
    }
}

/// What a failed write lets one conclude.
enum WriteError {
    /// COMMIT was not reached, or did not begin.
    NotDone(rusqlite::Error),
    /// What is in memory is not what is in the file.
    ForeignWriter,
    /// COMMIT began and did not end well.
    Unknown(rusqlite::Error),
}

/// Before the first commit: from then on the log is needed.
fn mark(connection: &Connection, is_marked: &mut bool) -> Result<(), WriteError> {
    if *is_marked {
        return Ok(());
    }
    match clean_end::mark(connection) {
        Ok(()) => *is_marked = true,
        // Whether it is so full for the commit too, that will say; without the mark nobody would miss the log.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => {}
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
            return Err(WriteError::NotDone(error));
        }
        Err(error) => return Err(WriteError::Unknown(error)),
    }
    Ok(())
}

fn write_rows(
    connection: &Connection,
    draft: &Draft,
    seal: &Seal,
    data_version: i64,
) -> Result<(), WriteError> {
    let not_done = WriteError::NotDone;
    connection.prepare_cached("BEGIN IMMEDIATE").and_then(|mut begin| begin.execute(())).map_err(not_done)?;
    if open::data_version(connection).map_err(WriteError::NotDone)? != data_version {
        return Err(WriteError::ForeignWriter);
    }
    write_draft(connection, draft, seal).map_err(WriteError::NotDone)?;
    match connection.prepare_cached("COMMIT").and_then(|mut commit| commit.execute(())) {
        Ok(_) => Ok(()),
        // Busy leaves the transaction open and untouched. A full disk has not taken the whole log frame that makes it a
        // commit: that frame is the last one written, and a log frame that is not whole counts for nothing.
        Err(error)
            if matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DiskFull)) =>
        {
            Err(WriteError::NotDone(error))
        }
        Err(error) => Err(WriteError::Unknown(error)),
    }
}

fn write_draft(connection: &Connection, draft: &Draft, seal: &Seal) -> rusqlite::Result<()> {
    for row in draft.rows() {
        row.insert(connection, seal)?;
    }
    if let Some(compaction) = draft.compaction() {
        let mut delete = connection.prepare_cached("DELETE FROM log WHERE id = ?1")?;
        for id in &compaction.superseded {
            delete.execute([id])?;
        }
    }
    for (lease, ttl) in draft.granted() {
        row::insert_lease(connection, seal, lease, ttl)?;
    }
    for lease in draft.revoked() {
        connection.prepare_cached("DELETE FROM lease WHERE id = ?1")?.execute([lease.0.cast_signed()])?;
    }
    if let Some(meta) = draft.meta() {
        meta.update(connection)?;
    }
    Ok(())
}
