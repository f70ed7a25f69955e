//! The journal: every accepted or refused operation, in a SQLite file of this node's own.
//!
//! A thread writes records in the order in which the engine gives them, many in one transaction when many wait. The
//! record of an operation that has ended is made durable before the engine hears of it, since the database forgets
//! the operation then; others may be lost in a power cut, because the database still has them (accepted, running) or
//! because nothing came of them (refused).
//!
//! Bounds: ended operations and refusals each have a ring of their own, so that a flood of refused calls pushes out no
//! history; running operations are never evicted; refusals beyond a rate are counted, not kept. What is written, and
//! when, is [`writer`]'s.

mod involving;
mod schema;
mod writer;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};

use mainstay_types::OperationId;
use mainstay_types::operation::OperationRecord;
use parking_lot::Mutex;
use rusqlite::{Connection, ErrorCode, OptionalExtension, params};

pub(crate) use schema::subjects;
pub use writer::JournalThread;

/// How many records may wait for the thread. The engine's own bounds keep it far below; at the bound the oldest way
/// out is to wait, since a record must not be lost.
const RECORDS_WAITING_MAX: usize = 16_384;

/// Marks the file as a Mainstay journal: "MSTJ".
const APPLICATION_ID: i32 = 0x4D53_544A;

/// The layout of the file.
const SCHEMA_VERSION: i32 = 2;

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
    /// A record does not read as one.
    #[error("journal {path}: record {operation} is damaged: {message}")]
    Damaged {
        /// The file.
        path: String,
        /// Which.
        operation: String,
        /// How.
        message: String,
    },
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

/// Opens the journal in this file, or begins it.
pub fn journal(path: &Path) -> Result<(Journal, JournalThread), JournalError> {
    let name = path.display().to_string();
    let sqlite = |source| sqlite_error(&name, source);
    let io = |source| JournalError::Io { path: name.clone(), source };
    make_private(path).map_err(io)?;
    make_durable(path).map_err(io)?;
    let mut writer = Connection::open(path).map_err(sqlite)?;
    schema::prepare(&mut writer, &name)?;
    let reader = Connection::open(path).map_err(sqlite)?;
    let (sender, receiver) = mpsc::sync_channel(RECORDS_WAITING_MAX);
    let waiters = EndWaiters::default();
    let unwritten = EndsUnwritten::default();
    let thread = JournalThread::new(receiver, writer, Arc::clone(&waiters), Arc::clone(&unwritten));
    let journal = Journal {
        jobs: sender,
        reader: Mutex::new(reader),
        path: name,
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
    match source.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            JournalError::Unreadable { path, source }
        }
        _ => JournalError::Sqlite { path, source },
    }
}

/// Makes durable what an earlier service has written but may not have synced: what is read here as ended is forgotten by
/// the database. Before SQLite opens the files, since closing one here would let go of SQLite's locks.
fn make_durable(path: &Path) -> io::Result<()> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    for file in [path, Path::new(&log)] {
        match File::open(file) {
            Ok(file) => file.sync_all()?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
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

    /// The number of the last operation that is known here; 0 without one.
    pub fn last_number(&self) -> Result<u64, JournalError> {
        let number: Option<i64> = self
            .reader
            .lock()
            .query_row("SELECT max(number) FROM operation", [], |row| row.get(0))
            .map_err(|source| self.sqlite(source))?;
        Ok(number.unwrap_or(0).unsigned_abs())
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
        let text: Option<String> = self
            .reader
            .lock()
            .query_row(
                "SELECT record FROM operation WHERE number = ?1 AND node = ?2",
                params![id.number.cast_signed(), id.node.0],
                |row| row.get(0),
            )
            .optional()
            .map_err(|source| self.sqlite(source))?;
        text.map(|text| self.parse(&text)).transpose()
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

    /// Records, newest first.
    pub fn read(&self, query: &JournalQuery) -> Result<Vec<OperationRecord>, JournalError> {
        const ALL: &str =
            "SELECT record FROM operation WHERE ?1 = '[]' AND number < ?2 ORDER BY number DESC LIMIT ?3";
        const SOME: &str = "SELECT record FROM operation
             WHERE (number, node) IN (
                 SELECT DISTINCT number, node FROM concerned
                 WHERE subject IN (SELECT value FROM json_each(?1)) AND number < ?2
                 ORDER BY number DESC LIMIT ?3)
             ORDER BY number DESC";
        let reader = self.reader.lock();
        let statement = if query.subjects.is_empty() { ALL } else { SOME };
        let mut statement = reader.prepare_cached(statement).map_err(|source| self.sqlite(source))?;
        let subjects = serde_json::to_string(&query.subjects).unwrap_or_default();
        let before = query.before.map_or(i64::MAX, |id| id.number.cast_signed());
        let rows = statement
            .query_map(params![subjects, before, query.limit], |row| row.get::<_, String>(0))
            .map_err(|source| self.sqlite(source))?;
        rows.map(|text| self.parse(&text.map_err(|source| self.sqlite(source))?)).collect()
    }

    fn parse(&self, text: &str) -> Result<OperationRecord, JournalError> {
        serde_json::from_str(text).map_err(|error| JournalError::Damaged {
            path: self.path.clone(),
            operation: text.chars().take(60).collect(),
            message: error.to_string(),
        })
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
    use mainstay_types::ObjectId;
    match &record.object {
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

#[cfg(test)]
mod tests {
    use mainstay_engine::input::Input;
    use mainstay_types::operation::{Asker, End, Part, Verb};
    use mainstay_types::order::Cause;
    use mainstay_types::{Name, NodeId, ObjectId, Status};

    use super::writer::REFUSALS_PER_SECOND_MAX;
    use super::*;

    fn record(number: u64, name: &str, end: Option<End>) -> OperationRecord {
        OperationRecord {
            id: OperationId { node: NodeId(1), number },
            verb: Verb::Offline,
            object: ObjectId::Cluster,
            name: name.into(),
            asker: Asker { account: "root".into(), sid: "S-1-22-1-0".into(), origin: "test".into() },
            flags: 0,
            reason: None,
            reason_text: String::new(),
            instructions: String::new(),
            at_ms: number,
            answer: Status::IO_PENDING,
            parts: Vec::new(),
            ended_at_ms: None,
            end,
            changes: Vec::new(),
            pending: Vec::new(),
        }
    }

    fn with_journal(test: impl FnOnce(&Journal, &mpsc::Receiver<Input>)) {
        let dir = tempfile::tempdir().unwrap();
        let (journal, thread) = journal(&dir.path().join("journal.db")).unwrap();
        let (sender, receiver) = mpsc::channel();
        let handle = thread.start(move |input| drop(sender.send(input))).unwrap();
        test(&journal, &receiver);
        journal.end();
        handle.join().unwrap();
    }

    #[test]
    fn an_end_is_told_when_it_is_kept_and_replaces_the_running_record() {
        with_journal(|journal, told| {
            journal.write(record(1, "Web", None));
            journal.write(record(2, "db", Some(End::Done)));
            journal.write(record(1, "Web", Some(End::Done)));
            for _ in 0..2 {
                assert!(matches!(told.recv().unwrap(), Input::Journaled(_)));
            }
            assert_eq!(journal.last_number().unwrap(), 2);
            journal.write(record(3, "db", None));
            journal.write(record(4, "db", Some(End::Refused(Cause::new(Status::ACCESS_DENIED, "no")))));
            journal.flush();
            let id = |number| OperationId { node: NodeId(1), number };
            let ended = journal.ended(&(0..6).map(id).collect::<Vec<_>>()).unwrap();
            assert_eq!(ended, [id(1), id(2)].into());
            let of_web = journal
                .read(&JournalQuery { subjects: vec!["web".into()], before: None, limit: 10 })
                .unwrap();
            assert_eq!(of_web, [record(1, "Web", Some(End::Done))]);
            let all = journal.read(&JournalQuery { limit: 10, ..JournalQuery::default() }).unwrap();
            assert_eq!(all.iter().map(|record| record.id.number).collect::<Vec<_>>(), [4, 3, 2, 1]);
        });
    }

    #[test]
    fn an_end_that_cannot_be_written_is_told_at_once_and_written_later() {
        let id = OperationId { node: NodeId(1), number: 1 };
        with_journal(|journal, told| {
            journal.write(record(1, "Web", None));
            journal.flush();
            let disk = Connection::open(&journal.path).unwrap();
            disk.execute_batch(
                "CREATE TRIGGER full BEFORE INSERT ON operation BEGIN SELECT RAISE(ABORT, 'no room'); END",
            )
            .unwrap();
            let wait = || {
                let (sender, ended) = mpsc::channel();
                journal.wait_for_end(id, Box::new(move |record| drop(sender.send(record.clone())))).unwrap();
                ended
            };
            let early = wait();
            journal.write(record(1, "Web", Some(End::Done)));
            let ended = record(1, "Web", Some(End::Done));
            for waiting in [early, wait()] {
                assert_eq!(waiting.recv_timeout(std::time::Duration::from_secs(30)).unwrap(), ended);
            }
            assert_eq!(journal.find(id).unwrap().as_ref(), Some(&ended));
            // The database is not to forget it yet.
            assert!(told.try_recv().is_err());
            assert!(journal.ended(&[id]).unwrap().is_empty());
            disk.execute_batch("DROP TRIGGER full").unwrap();
            assert!(matches!(told.recv().unwrap(), Input::Journaled(kept) if kept == id));
            assert_eq!(journal.ended(&[id]).unwrap(), [id].into());
            assert_eq!(wait().recv().unwrap(), ended);
        });
    }

    #[test]
    fn a_flood_of_refusals_is_not_kept_whole() {
        let refused = || Some(End::Refused(Cause::new(Status::ACCESS_DENIED, "no")));
        with_journal(|journal, told| {
            for number in 1..=1000 {
                let mut flood = record(number, "x", refused());
                flood.at_ms = 5000;
                journal.write(flood);
            }
            journal.write(record(1001, "y", Some(End::Done)));
            loop {
                if matches!(told.recv().unwrap(), Input::Journaled(id) if id.number == 1001) {
                    break;
                }
            }
            let all = journal.read(&JournalQuery { limit: 5000, ..JournalQuery::default() }).unwrap();
            assert_eq!(all.len(), REFUSALS_PER_SECOND_MAX as usize + 1);
        });
    }

    #[test]
    fn the_files_are_their_owners_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.db");
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let (journal, _thread) = journal(&path).unwrap();
        journal.read(&JournalQuery::default()).unwrap();
        for entry in fs::read_dir(dir.path()).unwrap() {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{:?}", entry.file_name());
        }
    }

    /// A record of another object in which these resources had a part.
    fn with_parts(number: u64, name: &str, parts: &[&str]) -> OperationRecord {
        let part = |resource: &&str| Part {
            resource: Name::parse(resource).unwrap(),
            action: "stop".into(),
            began_at_ms: number,
            ended_at_ms: Some(number),
            outcome: "offline".into(),
        };
        let parts = parts.iter().map(part).collect();
        OperationRecord { parts, ..record(number, name, Some(End::Done)) }
    }

    fn numbers_of(journal: &Journal, subjects: &[&str], before: Option<u64>) -> Vec<u64> {
        let subjects = subjects.iter().map(|text| (*text).to_owned()).collect();
        let before = before.map(|number| OperationId { node: NodeId(1), number });
        let found = journal.read(&JournalQuery { subjects, before, limit: 3 }).unwrap();
        found.iter().map(|record| record.id.number).collect()
    }

    #[test]
    fn who_had_a_part_is_found_whoever_was_named() {
        with_journal(|journal, _| {
            journal.write(record(1, "Web", Some(End::Done)));
            journal.write(with_parts(2, "db", &["WEB", "db"]));
            journal.write(with_parts(3, "shop", &["db"]));
            // At its beginning nobody has a part yet.
            journal.write(record(4, "shop", None));
            journal.flush();
            journal.write(with_parts(4, "shop", &["web", "db"]));
            journal.flush();
            assert_eq!(numbers_of(journal, &["web"], None), [4, 2, 1]);
            assert_eq!(numbers_of(journal, &["web"], Some(4)), [2, 1]);
            assert_eq!(numbers_of(journal, &["db"], None), [4, 3, 2]);
            assert_eq!(numbers_of(journal, &["shop", "web"], None), [4, 3, 2]);
            assert!(numbers_of(journal, &["nobody"], None).is_empty());
        });
    }

    /// The file as the version before wrote it.
    #[test]
    fn an_older_journal_is_read_with_everything_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.db");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(&format!(
            "PRAGMA application_id = {APPLICATION_ID};
             PRAGMA user_version = 1;
             CREATE TABLE operation (
                 node INTEGER NOT NULL, number INTEGER NOT NULL, at_ms INTEGER NOT NULL, verb TEXT NOT NULL,
                 name TEXT NOT NULL, object TEXT NOT NULL, ended TEXT, record TEXT NOT NULL,
                 PRIMARY KEY (number, node)
             ) WITHOUT ROWID;
             CREATE INDEX operation_by_name ON operation (name, number);
             CREATE INDEX operation_by_end ON operation (ended, number);"
        ))
        .unwrap();
        for record in [record(1, "Web", Some(End::Done)), with_parts(2, "db", &["web", "db"])] {
            old.execute(
                "INSERT INTO operation VALUES (1, ?1, 0, 'offline', ?2, '', 'done', ?3)",
                params![
                    record.id.number.cast_signed(),
                    mainstay_types::name::fold(&record.name),
                    serde_json::to_string(&record).unwrap()
                ],
            )
            .unwrap();
        }
        drop(old);
        for _ in 0..2 {
            let (journal, _thread) = journal(&path).unwrap();
            assert_eq!(numbers_of(&journal, &["web"], None), [2, 1]);
            assert_eq!(numbers_of(&journal, &["db"], None), [2]);
            assert_eq!(numbers_of(&journal, &[], None), [2, 1]);
        }
        // What is deleted leaves nothing behind.
        let disk = Connection::open(&path).unwrap();
        disk.execute("DELETE FROM operation WHERE number = 2", []).unwrap();
        let left: i64 =
            disk.query_row("SELECT count(*) FROM concerned WHERE number = 2", [], |row| row.get(0)).unwrap();
        assert_eq!(left, 0);
        // One of a version to come is left alone.
        disk.pragma_update(None, "user_version", SCHEMA_VERSION + 1).unwrap();
        drop(disk);
        assert!(matches!(journal(&path).err().unwrap(), JournalError::Foreign { .. }));
    }

    #[test]
    fn another_database_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE other (x)").unwrap();
        let error = journal(&path).err().unwrap();
        assert!(matches!(error, JournalError::Foreign { .. }), "{error}");
        for bytes in [b"hello\n".as_slice(), &[7; 5000]] {
            fs::write(&path, bytes).unwrap();
            let error = journal(&path).err().unwrap().to_string();
            assert!(error.contains("move it") && error.contains("journal.db"), "{error}");
            assert_eq!(fs::read(&path).unwrap(), bytes);
        }
    }
}
