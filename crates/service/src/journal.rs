//! The journal: every accepted or refused operation, in a SQLite file of this node's own.
//!
//! A thread writes records in the order in which the engine gives them, many in one transaction when many wait. The
//! record of an operation that has ended is made durable before the engine hears of it, since the database forgets
//! the operation then; others may be lost in a power cut, because the database still has them (accepted, running) or
//! because nothing came of them (refused).
//!
//! Bounds: ended operations and refusals each have a ring of their own, so that a flood of refused calls pushes out no
//! history; running operations are never evicted; refusals beyond a rate are counted, not kept.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use mainstay_engine::input::Input;
use mainstay_types::OperationId;
use mainstay_types::operation::{End, OperationRecord};
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension, params};

/// How many ended operations are kept.
const ENDED_MAX: u64 = 100_000;

/// How many refusals are kept.
const REFUSED_MAX: u64 = 10_000;

/// How many refusals a second are kept; what is beyond is counted in the log.
const REFUSALS_PER_SECOND_MAX: u32 = 200;

/// How many records may wait for the thread. The engine's own bounds keep it far below; at the bound the oldest way
/// out is to wait, since a record must not be lost.
const RECORDS_WAITING_MAX: usize = 16_384;

/// How many records one transaction takes at most, so that a durable one does not wait for a whole flood.
const BATCH_MAX: usize = 512;

/// Marks the file as a Mainstay journal: "MSTJ".
const APPLICATION_ID: i32 = 0x4D53_544A;

/// The layout of the file.
const SCHEMA_VERSION: i32 = 1;

/// Why the journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
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

/// The way to the journal: records in, queries answered.
pub struct Journal {
    jobs: mpsc::SyncSender<Job>,
    reader: Mutex<Connection>,
    path: String,
    waiters: EndWaiters,
    waits: AtomicU64,
}

/// The thread's half.
pub struct JournalThread {
    jobs: mpsc::Receiver<Job>,
    writer: Connection,
    waiters: EndWaiters,
}

/// Which records a reader wants; newest first.
#[derive(Clone, Debug, Default)]
pub struct JournalQuery {
    /// Only of the object with this name, whatever its case, or with this id.
    pub object: Option<String>,
    /// Only older than this operation.
    pub before: Option<OperationId>,
    /// At most so many.
    pub limit: u32,
}

/// Opens the journal in this file, or begins it.
pub fn journal(path: &Path) -> Result<(Journal, JournalThread), JournalError> {
    let name = path.display().to_string();
    let sqlite = |source| JournalError::Sqlite { path: name.clone(), source };
    let writer = Connection::open(path).map_err(sqlite)?;
    prepare(&writer, &name)?;
    let reader = Connection::open(path).map_err(sqlite)?;
    let (sender, receiver) = mpsc::sync_channel(RECORDS_WAITING_MAX);
    let waiters = EndWaiters::default();
    let thread = JournalThread { jobs: receiver, writer, waiters: Arc::clone(&waiters) };
    let journal = Journal {
        jobs: sender,
        reader: Mutex::new(reader),
        path: name,
        waiters,
        waits: AtomicU64::default(),
    };
    Ok((journal, thread))
}

fn prepare(connection: &Connection, path: &str) -> Result<(), JournalError> {
    let sqlite = |source| JournalError::Sqlite { path: path.to_owned(), source };
    let pragma =
        |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0)).map_err(sqlite);
    let begins_as_database = begins_as_database(Path::new(path));
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(sqlite)?;
    if tables > 0 || !begins_as_database {
        let (application_id, schema) = (pragma("application_id")?, pragma("user_version")?);
        if application_id != APPLICATION_ID || schema != SCHEMA_VERSION {
            return Err(JournalError::Foreign { path: path.to_owned(), application_id, schema });
        }
    }
    connection
        .execute_batch(&format!(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = NORMAL;
             PRAGMA application_id = {APPLICATION_ID};
             PRAGMA user_version = {SCHEMA_VERSION};
             CREATE TABLE IF NOT EXISTS operation (
                 node INTEGER NOT NULL,
                 number INTEGER NOT NULL,
                 at_ms INTEGER NOT NULL,
                 verb TEXT NOT NULL,
                 name TEXT NOT NULL,
                 object TEXT NOT NULL,
                 ended TEXT,
                 record TEXT NOT NULL,
                 PRIMARY KEY (number, node)
             ) WITHOUT ROWID;
             CREATE INDEX IF NOT EXISTS operation_by_name ON operation (name, number);
             CREATE INDEX IF NOT EXISTS operation_by_end ON operation (ended, number);"
        ))
        .map_err(sqlite)
}

/// Whether a file is new, or begins as every SQLite database does. SQLite itself takes a few strange bytes for nothing.
fn begins_as_database(path: &Path) -> bool {
    const HEADER: &[u8] = b"SQLite format 3\0";
    let mut first = Vec::new();
    let read =
        std::fs::File::open(path).and_then(|file| file.take(HEADER.len() as u64).read_to_end(&mut first));
    read.is_ok() && (first.is_empty() || first == HEADER)
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
    pub fn flush(&self) {
        let (sender, receiver) = mpsc::channel();
        let _ = self.jobs.send(Job::Flush(sender));
        // An error means that the thread has ended, with everything written.
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

    /// One operation.
    pub fn find(&self, id: OperationId) -> Result<Option<OperationRecord>, JournalError> {
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

    /// Has a waiter called when the operation has ended and the journal has kept that; answers the number to take the
    /// waiter back by. When it has ended already, the waiter is called at once.
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
        let reader = self.reader.lock();
        let mut statement = reader
            .prepare_cached(
                "SELECT record FROM operation
                 WHERE (?1 IS NULL OR name = ?1 OR object = ?1) AND number < ?2
                 ORDER BY number DESC LIMIT ?3",
            )
            .map_err(|source| self.sqlite(source))?;
        let object = query.object.as_deref().map(mainstay_types::name::fold);
        let before = query.before.map_or(i64::MAX, |id| id.number.cast_signed());
        let rows = statement
            .query_map(params![object, before, query.limit], |row| row.get::<_, String>(0))
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
        JournalError::Sqlite { path: self.path.clone(), source }
    }
}

impl JournalThread {
    /// Starts the thread. `feed` takes the news of what is durable.
    pub fn start(self, feed: impl Fn(Input) + Send + 'static) -> std::io::Result<JoinHandle<()>> {
        thread::Builder::new().name("journal".into()).spawn(move || self.run(&feed))
    }

    fn run(mut self, feed: &dyn Fn(Input)) {
        let mut rate = Rate::default();
        while let Ok(first) = self.jobs.recv() {
            let mut batch = Vec::new();
            let mut ended = Vec::new();
            let mut flushed = Vec::new();
            let mut ending = false;
            let mut next = Some(first);
            while let Some(job) = next {
                match job {
                    Job::Write(record) => {
                        ended.extend(record.end.is_some().then_some(record.id));
                        if rate.admits(&record) {
                            batch.push(record);
                        }
                    }
                    Job::Flush(sender) => flushed.push(sender),
                    Job::End => ending = true,
                }
                next =
                    if ended.len().max(batch.len()) < BATCH_MAX { self.jobs.try_recv().ok() } else { None };
            }
            self.write_until_done(&batch);
            for record in batch.iter().filter(|record| record.end.is_some()) {
                tell_end(&self.waiters, record);
            }
            for sender in flushed {
                // Whoever waits for it no longer is no loss.
                let _ = sender.send(());
            }
            for operation in ended {
                feed(Input::Journaled(operation));
            }
            if ending {
                // So that the file alone is the whole journal. What cannot be moved now stays in the file beside it.
                if let Err(error) = self.writer.pragma_update(None, "wal_checkpoint", "TRUNCATE") {
                    tracing::debug!(%error, "the journal's log stays beside it");
                }
                return;
            }
        }
    }

    /// Tries until it works: an operation's end is only forgotten by the database when the journal has it.
    fn write_until_done(&mut self, batch: &[Box<OperationRecord>]) {
        while let Err(error) = self.write(batch) {
            tracing::error!(%error, "the journal cannot be written; trying again");
            thread::sleep(std::time::Duration::from_secs(1));
        }
    }

    fn write(&mut self, batch: &[Box<OperationRecord>]) -> Result<(), rusqlite::Error> {
        let durable =
            batch.iter().any(|record| matches!(&record.end, Some(end) if !matches!(end, End::Refused(_))));
        self.writer.pragma_update(None, "synchronous", if durable { "FULL" } else { "NORMAL" })?;
        let transaction = self.writer.transaction()?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO operation (node, number, at_ms, verb, name, object, ended, record)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT (number, node) DO UPDATE SET ended = excluded.ended, record = excluded.record",
            )?;
            for record in batch {
                insert.execute(params![
                    record.id.node.0,
                    record.id.number.cast_signed(),
                    record.at_ms.cast_signed(),
                    record.verb.as_str(),
                    mainstay_types::name::fold(&record.name),
                    object_text(record),
                    record.end.as_ref().map(End::as_str),
                    serde_json::to_string(record).unwrap_or_default(),
                ])?;
            }
            let mut evict = transaction.prepare_cached(
                "DELETE FROM operation WHERE ended IS NOT NULL AND (ended = 'refused') = ?1 AND number <= (
                     SELECT number FROM operation WHERE ended IS NOT NULL AND (ended = 'refused') = ?1
                     ORDER BY number DESC LIMIT 1 OFFSET ?2)",
            )?;
            if batch.iter().any(|record| record.id.number % 256 == 0) {
                evict.execute(params![true, REFUSED_MAX.cast_signed()])?;
                evict.execute(params![false, ENDED_MAX.cast_signed()])?;
            }
        }
        transaction.commit()
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
    }
}

/// Lets so many refusals a second pass.
#[derive(Default)]
struct Rate {
    second: u64,
    seen: u32,
}

impl Rate {
    fn admits(&mut self, record: &OperationRecord) -> bool {
        if !matches!(record.end, Some(End::Refused(_))) {
            return true;
        }
        let second = record.at_ms / 1000;
        if second != self.second {
            if self.seen > REFUSALS_PER_SECOND_MAX {
                let dropped = self.seen - REFUSALS_PER_SECOND_MAX;
                tracing::warn!(dropped, "refusals came too fast to be journalled");
            }
            *self = Rate { second, seen: 0 };
        }
        self.seen += 1;
        self.seen <= REFUSALS_PER_SECOND_MAX
    }
}

#[cfg(test)]
mod tests {
    use mainstay_types::operation::{Asker, Verb};
    use mainstay_types::order::Cause;
    use mainstay_types::{NodeId, ObjectId, Status};

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
            let of_web =
                journal.read(&JournalQuery { object: Some("WEB".into()), before: None, limit: 10 }).unwrap();
            assert_eq!(of_web, [record(1, "Web", Some(End::Done))]);
            let all = journal.read(&JournalQuery { limit: 10, ..JournalQuery::default() }).unwrap();
            assert_eq!(all.iter().map(|record| record.id.number).collect::<Vec<_>>(), [2, 1]);
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
    fn another_database_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE other (x)").unwrap();
        let error = journal(&path).err().unwrap();
        assert!(matches!(error, JournalError::Foreign { .. }), "{error}");
        for bytes in [b"hello\n".as_slice(), &[7; 5000]] {
            std::fs::write(&path, bytes).unwrap();
            assert!(journal(&path).is_err());
            assert_eq!(std::fs::read(&path).unwrap(), bytes);
        }
    }
}
