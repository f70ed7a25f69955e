//! The journal: every accepted or refused operation, in a SQLite file of this node's own.
//!
//! A thread writes records in the order in which the engine gives them, many in one transaction when many wait. The
//! record of an operation that has ended is made durable before the engine hears of it, since the database forgets
//! the operation then; others may be lost in a power cut, because the database still has them (accepted, running) or
//! because nothing came of them (refused).
//!
//! What it knows of the cluster database beside it, against a loss there, is `witness`'s. Damage in the file itself hides
//! no more than what is damaged (`read`).
//!
//! Bounds: ended operations and refusals each have a ring of their own, so that a flood of refused calls pushes out no
//! history; running operations are never evicted; refusals beyond a rate are counted, not kept. What is written, and
//! when, is `writer`'s.

mod involving;
mod read;
mod schema;
#[cfg(test)]
mod tests;
mod witness;
mod writer;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};

use mainstay_store::sqlite::log_damage;
use mainstay_types::operation::OperationRecord;
use mainstay_types::{NodeId, ObjectId, OperationId};
use parking_lot::Mutex;
use rusqlite::ffi::SQLITE_IOERR_SHORT_READ;
use rusqlite::{Connection, ErrorCode, OptionalExtension, params};

pub(crate) use read::unreadable;
pub(crate) use schema::subjects;
use witness::Note;
pub(crate) use witness::{Known, look};
pub use writer::JournalThread;

use crate::database::Durable;

/// How many records may wait for the thread. The engine's own bounds keep it far below; at the bound the oldest way
/// out is to wait, since a record must not be lost.
const RECORDS_WAITING_MAX: usize = 16_384;

/// Marks the file as a Mainstay journal: "MSTJ".
const APPLICATION_ID: i32 = 0x4D53_544A;

/// The layout of the file.
const SCHEMA_VERSION: i32 = 3;

/// Why the journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file cannot be made or synced, or its mode not be set.
    #[error("journal {path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The file is none that SQLite can read.
    #[error(
        "journal {path} is damaged: {source}; move it and the files beside it whose names begin with its name away to \
         begin a new one (only history is lost), or put a copy back"
    )]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        source: rusqlite::Error,
    },
    /// SQLite says no.
    #[error("journal {path}: {source}")]
    Sqlite {
        /// The file.
        path: String,
        /// Why.
        source: rusqlite::Error,
    },
    /// The file is something else, or newer.
    #[error(
        "journal {path}: it is no journal of this version (application id {application_id:#x}, schema {schema}, \
         expected {APPLICATION_ID:#x} and {SCHEMA_VERSION}); move it away to begin a new one, or use the version \
         that wrote it"
    )]
    Foreign {
        /// The file.
        path: String,
        /// What it says it is.
        application_id: i32,
        /// Its layout.
        schema: i32,
    },
    /// It is the journal of another cluster.
    #[error(
        "journal {path} is that of cluster {found}, and the database beside it is cluster {expected}'s; put the files \
         there that belong together, or move the journal and the files beside it whose names begin with its name away \
         to begin a new one"
    )]
    OtherCluster {
        /// The file.
        path: String,
        /// Whose it is.
        found: String,
        /// Whose the database is.
        expected: String,
    },
    /// Something in it does not read as what it is.
    #[error(
        "journal {path} is damaged: {what} cannot be read ({message}); put a copy of it back, or move it and the files \
         beside it whose names begin with its name away to begin a new one (only history is lost)"
    )]
    Damaged {
        /// The file.
        path: String,
        /// What.
        what: String,
        /// How.
        message: String,
    },
}

impl JournalError {
    /// Whether something of the file is lost; what else it holds may be read all the same.
    pub fn is_damage(&self) -> bool {
        matches!(self, JournalError::Unreadable { .. } | JournalError::Damaged { .. })
    }
}

enum Job {
    Write(Box<OperationRecord>),
    /// Tell when everything before this is written.
    Flush(mpsc::Sender<()>),
    End,
}

/// Takes the record of an operation that has ended. Must not wait.
pub type EndWaiter = Box<dyn FnOnce(&OperationRecord) + Send>;

/// Who waits for the end of which operation. The number tells waiters apart, to take one back.
type EndWaiters = Arc<Mutex<HashMap<OperationId, Vec<(u64, EndWaiter)>>>>;

/// The ends that are known and cannot be written, while the disk says no; a part of the writer's backlog, and bounded
/// as that is.
type EndsUnwritten = Arc<Mutex<BTreeMap<OperationId, Arc<OperationRecord>>>>;

/// The way to the journal: records in, queries answered.
pub struct Journal {
    jobs: mpsc::SyncSender<Job>,
    reader: Mutex<Connection>,
    path: String,
    node: NodeId,
    waiters: EndWaiters,
    unwritten: EndsUnwritten,
    waits: AtomicU64,
}

/// Which records a reader wants; newest first.
#[derive(Clone, Debug, Default)]
pub struct JournalQuery {
    /// Only those that concern one of these: names, folded, and ids. Without any, all.
    pub subjects: Vec<String>,
    /// Only older than this operation.
    pub before: Option<OperationId>,
    /// At most so many.
    pub limit: u32,
}

/// Whose journal is opened.
pub struct Whose<'a> {
    /// The cluster's id, as the database has it.
    pub cluster: &'a str,
    /// This node.
    pub node: NodeId,
    /// What the database has on the disk.
    pub durable: Durable,
    /// Where operations count on from when nobody knows any more how far they had got: the journal is not there, or has
    /// lost something. No number that was given out is higher.
    pub unknown_number: u64,
    /// Operations that the database has forgotten lately, which it does when their ends are on the disk here.
    pub forgotten: &'a BTreeSet<OperationId>,
}

/// A number that no count of operations has come to, also one that began at such a number some seconds ago: the Unix time
/// in microseconds. Where nobody knows how far the count had got it takes its place, so that no id is given out twice.
pub(crate) fn unknown_number(unix_ms: u64) -> u64 {
    unix_ms.saturating_mul(1000)
}

/// Opens the journal in this file, or begins it. What it has lost to damage in its log, or with its log, is told in the
/// service's log, and by a record of its own.
pub fn journal(path: &Path, whose: Whose<'_>) -> Result<(Journal, JournalThread), JournalError> {
    let name = path.display().to_string();
    let sqlite = |source| sqlite_error(&name, source);
    let io = |source| JournalError::Io { path: name.clone(), source };
    make_private(path).map_err(io)?;
    make_durable(path).map_err(io)?;
    // Before SQLite looks at it: what it does not take it forgets.
    let damaged = log_damage(&beside(path, "-wal")).map_err(io)?;
    let mut writer = Connection::open(path).map_err(sqlite)?;
    let note = schema::prepare(&mut writer, &name, &whose)?;
    let damaged = damaged.map(|lost| {
        format!("{lost}; what followed there is lost, as a power cut may leave it, or damage of the disk")
    });
    let lost = damaged.or_else(|| witness::missing_ends(&writer, &note, &whose));
    let reader = Connection::open(path).map_err(sqlite)?;
    let (sender, receiver) = mpsc::sync_channel(RECORDS_WAITING_MAX);
    let waiters = EndWaiters::default();
    let unwritten = EndsUnwritten::default();
    let ends = (Arc::clone(&waiters), Arc::clone(&unwritten));
    let mut thread = JournalThread::new(receiver, writer, ends, note, whose.durable);
    if let Some(lost) = lost {
        let text = format!("journal {name}: {lost}");
        tracing::error!("{text}");
        thread.begin_behind(whose.node, whose.unknown_number, text).map_err(sqlite)?;
    }
    let journal = Journal {
        jobs: sender,
        reader: Mutex::new(reader),
        path: name,
        node: whose.node,
        waiters,
        unwritten,
        waits: AtomicU64::default(),
    };
    Ok((journal, thread))
}

/// Makes the file where there is none, as the owner's alone; the files that SQLite puts beside it take its mode.
fn make_private(path: &Path) -> io::Result<()> {
    File::options().create(true).append(true).mode(0o600).open(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
}

fn sqlite_error(path: &str, source: rusqlite::Error) -> JournalError {
    let path = path.to_owned();
    // A file that is cut off ends before a page that it says it has.
    let is_cut = source.sqlite_error().is_some_and(|error| error.extended_code == SQLITE_IOERR_SHORT_READ);
    match source.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            JournalError::Unreadable { path, source }
        }
        Some(_) if !is_cut => JournalError::Sqlite { path, source },
        // Or a value is none of its column's.
        _ => JournalError::Unreadable { path, source },
    }
}

/// Makes durable what an earlier service has written but may not have synced: what is read here as ended is forgotten by
/// the database. Before SQLite opens the files, since closing one here would let go of SQLite's locks.
fn make_durable(path: &Path) -> io::Result<()> {
    for file in [path.to_owned(), beside(path, "-wal")] {
        match File::open(file) {
            Ok(file) => file.sync_all()?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// A file whose name is the journal's with something appended.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

impl Journal {
    /// Writes a record, in place of an earlier state of it.
    pub fn write(&self, record: OperationRecord) {
        // The thread ends only when the service does.
        let _ = self.jobs.send(Job::Write(Box::new(record)));
    }

    /// Lets the thread end when everything queued is written.
    pub fn end(&self) {
        let _ = self.jobs.send(Job::End);
    }

    /// Waits until everything that was given before is written, so that a reader finds what a call has just told him.
    /// Waits no longer while the disk takes nothing: then what is written already is all that there is to read.
    pub fn flush(&self) {
        let (sender, receiver) = mpsc::channel();
        let _ = self.jobs.send(Job::Flush(sender));
        // Told by letting go of the sender.
        let _ = receiver.recv();
    }

    /// The number of the last operation that may have been, as far as is known here; 0 without one.
    pub fn last_number(&self) -> Result<u64, JournalError> {
        let reader = self.reader.lock();
        let note = Note::read(&reader, &self.path)?;
        witness::last_number(&reader, Some(&note)).map_err(|source| self.sqlite(source))
    }

    /// Those of these operations whose end is here, refusals excepted: of those the database never had anything.
    pub fn ended(&self, operations: &[OperationId]) -> Result<BTreeSet<OperationId>, JournalError> {
        let reader = self.reader.lock();
        let mut statement = reader
            .prepare(
                "SELECT 1 FROM operation
                 WHERE number = ?1 AND node = ?2 AND ended IS NOT NULL AND ended != 'refused'",
            )
            .map_err(|source| self.sqlite(source))?;
        let mut ended = BTreeSet::new();
        for id in operations {
            let here = statement.exists(params![id.number.cast_signed(), id.node.0]);
            if here.map_err(|source| self.sqlite(source))? {
                ended.insert(*id);
            }
        }
        Ok(ended)
    }

    /// One operation. While the disk takes nothing, its end is told as soon as it is known.
    pub fn find(&self, id: OperationId) -> Result<Option<OperationRecord>, JournalError> {
        // Before the file: an end leaves this place only when it is there.
        if let Some(record) = self.unwritten.lock().get(&id) {
            return Ok(Some((**record).clone()));
        }
        let found = self
            .reader
            .lock()
            .query_row(
                "SELECT number, node, at_ms, record FROM operation WHERE number = ?1 AND node = ?2",
                params![id.number.cast_signed(), id.node.0],
                read::Stored::of,
            )
            .optional()
            .map_err(|source| self.sqlite(source))?;
        found.map(|stored| self.parse(&stored)).transpose()
    }

    /// Has a waiter called when the operation has ended and the journal has kept that, or cannot: then at once. Answers
    /// the number to take the waiter back by. When it has ended already, the waiter is called at once.
    pub fn wait_for_end(&self, id: OperationId, waiter: EndWaiter) -> Result<u64, JournalError> {
        let number = self.waits.fetch_add(1, Ordering::Relaxed);
        // Registered before the look, so that no end falls between the two.
        self.waiters.lock().entry(id).or_default().push((number, waiter));
        match self.find(id) {
            Ok(Some(record)) if record.end.is_some() => tell_end(&self.waiters, &record),
            Ok(_) => {}
            Err(error) => {
                self.give_up_waiting(id, number);
                return Err(error);
            }
        }
        Ok(number)
    }

    /// Takes a waiter back; `None` when it has been called.
    pub fn give_up_waiting(&self, id: OperationId, number: u64) -> Option<EndWaiter> {
        let mut waiters = self.waiters.lock();
        let of_operation = waiters.get_mut(&id)?;
        let position = of_operation.iter().position(|(waiting, _)| *waiting == number)?;
        let (_, waiter) = of_operation.swap_remove(position);
        if of_operation.is_empty() {
            waiters.remove(&id);
        }
        Some(waiter)
    }

    fn sqlite(&self, source: rusqlite::Error) -> JournalError {
        sqlite_error(&self.path, source)
    }
}

fn tell_end(waiters: &EndWaiters, record: &OperationRecord) {
    let of_operation = waiters.lock().remove(&record.id).unwrap_or_default();
    for (_, waiter) in of_operation {
        waiter(record);
    }
}

/// The id by which the journal finds an object; for a resource type its folded name.
pub(crate) fn object_text(record: &OperationRecord) -> String {
    text_of(&record.object)
}

/// The same of an object.
fn text_of(object: &ObjectId) -> String {
    match object {
        ObjectId::Cluster => String::new(),
        ObjectId::Node(id) => id.to_string(),
        ObjectId::Group(id) => id.to_string(),
        ObjectId::Resource(id) => id.to_string(),
        ObjectId::ResourceType(name) => name.folded().to_owned(),
        ObjectId::GroupSet(id) => id.to_string(),
        ObjectId::Network(id) => id.to_string(),
        ObjectId::NetworkInterface(id) => id.to_string(),
    }
}
