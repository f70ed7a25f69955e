//! The journal's thread: it writes what waits, many records in one transaction, and tells whoever waits for that.
//!
//! ```text
//!   records ──► backlog ──► written ──► waiters called, engine told
//!                  ▲  └──── the disk says no ──► a pause, growing ──┐
//!                  └────────────────────────────────────────────────┘
//! ```
//!
//! While the disk says no, the backlog keeps what must not be lost: operations that were accepted. Refusals that come
//! meanwhile are counted, and readers are not kept waiting: of operations that have ended they are told so from the
//! backlog. What is told so may be lost in a crash; then the database still has the operation, as one that was accepted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use mainstay_engine::input::Input;
use mainstay_types::operation::{End, OperationRecord};
use mainstay_types::{NodeId, OperationId};
use rusqlite::{Connection, params};

use super::read::said_by_the_service;
use super::witness::{self, Note};
use super::{EndWaiters, EndsUnwritten, Job, object_text, schema, tell_end};
use crate::core::now;
use crate::database::Durable;
use crate::patience::Patience;

/// How many ended operations are kept.
const ENDED_MAX: u64 = 100_000;

/// How many refusals are kept.
const REFUSED_MAX: u64 = 10_000;

/// How many refusals a second are kept; what is beyond is counted in the log.
pub(super) const REFUSALS_PER_SECOND_MAX: u32 = 200;

/// How many records one transaction takes at most, so that a durable one does not wait for a whole flood.
const BATCH_MAX: usize = 512;

/// How many records wait here while the disk says no. What is accepted needs a commit of the database on the same
/// disk first, so that only what was under way before comes near to it; beyond, the engine waits.
const BACKLOG_MAX: usize = 16_384;

/// The pause after a write that failed; it doubles up to [`WRITE_PAUSE_MAX`].
const WRITE_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause between two tries: so long an operation's end may stay unknown after room was made.
const WRITE_PAUSE_MAX: Duration = Duration::from_secs(5);

/// The thread's half of the journal.
pub struct JournalThread {
    jobs: mpsc::Receiver<Job>,
    writer: Connection,
    waiters: EndWaiters,
    unwritten: EndsUnwritten,
    rate: Rate,
    /// What stands in the file of the cluster database.
    note: Note,
    durable: Durable,
}

/// What is to be written.
#[derive(Default)]
struct Backlog {
    /// A later state of a record takes the place of an earlier one.
    records: BTreeMap<OperationId, Arc<OperationRecord>>,
    flushes: Vec<mpsc::Sender<()>>,
    is_ending: bool,
}

/// A disk that says no.
struct Trouble {
    patience: Patience,
    try_at: Instant,
    refusals_lost: u64,
}

impl JournalThread {
    pub(super) fn new(
        jobs: mpsc::Receiver<Job>,
        writer: Connection,
        (waiters, unwritten): (EndWaiters, EndsUnwritten),
        note: Note,
        durable: Durable,
    ) -> Self {
        JournalThread { jobs, writer, waiters, unwritten, rate: Rate::default(), note, durable }
    }

    /// Writes down, before anything else, that something was lost. From here on numbers are given out that never were.
    pub(super) fn begin_behind(
        &mut self,
        node: NodeId,
        unknown_number: u64,
        lost: String,
    ) -> Result<(), rusqlite::Error> {
        let last = witness::last_number(&self.writer, Some(&self.note))?.max(unknown_number);
        let id = OperationId { node, number: last.saturating_add(1) };
        let record = said_by_the_service(id, now().unix_ms, lost);
        let note = Note { floor: last, ..self.note.clone() };
        self.write_with(&[(id, Arc::new(record))].into(), note)
    }

    /// Starts the thread. `feed` takes the news of what is durable.
    pub fn start(self, feed: impl Fn(Input) + Send + 'static) -> std::io::Result<JoinHandle<()>> {
        thread::Builder::new().name("journal".into()).spawn(move || self.run(&feed))
    }

    fn run(mut self, feed: &dyn Fn(Input)) {
        let mut backlog = Backlog::default();
        let mut trouble: Option<Trouble> = None;
        while !backlog.is_ending {
            self.take(&mut backlog, &mut trouble);
            let is_time = trouble.as_ref().is_none_or(|trouble| Instant::now() >= trouble.try_at);
            if !is_time && !backlog.is_ending {
                self.show_ends(&backlog.records);
                // What is written, and these ends, is all that a reader can have now.
                backlog.flushes.clear();
                continue;
            }
            match self.write(&backlog.records) {
                Ok(()) => {
                    if let Some(Trouble { refusals_lost, .. }) = trouble.take() {
                        tracing::info!(refusals_lost, "the journal is written again");
                    }
                    self.written(std::mem::take(&mut backlog.records), feed);
                }
                Err(error) => {
                    meet(&mut trouble, &error);
                    self.show_ends(&backlog.records);
                }
            }
            backlog.flushes.clear();
        }
        if !backlog.records.is_empty() {
            // The database still has those that were accepted.
            tracing::error!(
                records = backlog.records.len(),
                "the journal could not be written before the end"
            );
        }
        if let Err(error) = self.write_with(&BTreeMap::new(), self.note_now()) {
            tracing::debug!(%error, "the journal does not know of the newest commits");
        }
        // So that the file alone is the whole journal. What cannot be moved now stays in the file beside it.
        if let Err(error) = self.writer.pragma_update(None, "wal_checkpoint", "TRUNCATE") {
            tracing::debug!(%error, "the journal's log stays beside it");
        }
    }

    /// Takes what has come, after waiting for the first of it; in trouble no longer than until the next try.
    fn take(&mut self, backlog: &mut Backlog, trouble: &mut Option<Trouble>) {
        let first = match trouble {
            None => self.jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(trouble) if backlog.records.len() >= BACKLOG_MAX => {
                thread::sleep(trouble.try_at.saturating_duration_since(Instant::now()));
                return;
            }
            Some(trouble) => self.jobs.recv_timeout(trouble.try_at.saturating_duration_since(Instant::now())),
        };
        let mut next = match first {
            Ok(job) => Some(job),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Job::End),
        };
        let mut taken = 0;
        while let Some(job) = next {
            match job {
                Job::Write(record) if is_refusal(&record) => match trouble {
                    Some(trouble) => trouble.refusals_lost += 1,
                    None if self.rate.admits(&record) => {
                        drop(backlog.records.insert(record.id, record.into()));
                    }
                    None => {}
                },
                Job::Write(record) => drop(backlog.records.insert(record.id, record.into())),
                Job::Flush(sender) => backlog.flushes.push(sender),
                Job::End => backlog.is_ending = true,
            }
            taken += 1;
            next = if taken < BATCH_MAX { self.jobs.try_recv().ok() } else { None };
        }
    }

    /// Has those who ask and wait told the ends that cannot be written now.
    fn show_ends(&self, records: &BTreeMap<OperationId, Arc<OperationRecord>>) {
        let mut new = Vec::new();
        {
            let mut unwritten = self.unwritten.lock();
            for record in records.values().filter(|record| record.end.is_some()) {
                // The end of an operation is its last record.
                if unwritten.insert(record.id, Arc::clone(record)).is_none() {
                    new.push(record);
                }
            }
        }
        // Shown first, then told: who begins to wait in between finds it.
        for record in new {
            tell_end(&self.waiters, record);
        }
    }

    fn written(&self, records: BTreeMap<OperationId, Arc<OperationRecord>>, feed: &dyn Fn(Input)) {
        self.unwritten.lock().clear();
        let ended = || records.values().filter(|record| record.end.is_some());
        for record in ended() {
            tell_end(&self.waiters, record);
        }
        for record in ended() {
            feed(Input::Journaled(record.id));
        }
    }

    fn write(
        &mut self,
        records: &BTreeMap<OperationId, Arc<OperationRecord>>,
    ) -> Result<(), rusqlite::Error> {
        if records.is_empty() {
            return Ok(());
        }
        let note = self.note_now();
        self.write_with(records, note)
    }

    /// What is to be noted with what is written now.
    fn note_now(&self) -> Note {
        Note { revision: self.durable.at().max(self.note.revision), ..self.note.clone() }
    }

    fn write_with(
        &mut self,
        records: &BTreeMap<OperationId, Arc<OperationRecord>>,
        note: Note,
    ) -> Result<(), rusqlite::Error> {
        let durable = records.values().any(|record| record.end.is_some() && !is_refusal(record));
        self.writer.pragma_update(None, "synchronous", if durable { "FULL" } else { "NORMAL" })?;
        let transaction = self.writer.transaction()?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO operation (node, number, at_ms, verb, name, object, ended, record)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT (number, node) DO UPDATE SET ended = excluded.ended, record = excluded.record",
            )?;
            for record in records.values() {
                insert.execute(params![
                    record.id.node.0,
                    record.id.number.cast_signed(),
                    record.at_ms.cast_signed(),
                    record.verb.as_str(),
                    mainstay_types::name::fold(&record.name),
                    object_text(record),
                    record.end.as_ref().map(End::as_str),
                    serde_json::to_string(record.as_ref()).unwrap_or_default(),
                ])?;
                let (number, node) = (record.id.number.cast_signed(), record.id.node.0);
                schema::concern(&transaction, &schema::subjects(record), number, node)?;
            }
            let mut evict = transaction.prepare_cached(
                "DELETE FROM operation WHERE ended IS NOT NULL AND (ended = 'refused') = ?1 AND number <= (
                     SELECT number FROM operation WHERE ended IS NOT NULL AND (ended = 'refused') = ?1
                     ORDER BY number DESC LIMIT 1 OFFSET ?2)",
            )?;
            if records.keys().any(|id| id.number % 256 == 0) {
                evict.execute(params![true, REFUSED_MAX.cast_signed()])?;
                evict.execute(params![false, ENDED_MAX.cast_signed()])?;
            }
            if note != self.note {
                note.write(&transaction)?;
            }
        }
        transaction.commit()?;
        self.note = note;
        Ok(())
    }
}

/// A write has failed: when is the next try, and is it worth a line?
fn meet(trouble: &mut Option<Trouble>, error: &rusqlite::Error) {
    let now = Instant::now();
    let trouble = trouble.get_or_insert_with(|| {
        let patience = Patience::new(WRITE_PAUSE, WRITE_PAUSE_MAX);
        Trouble { patience, try_at: now, refusals_lost: 0 }
    });
    trouble.try_at = now + trouble.patience.next_pause();
    if trouble.patience.is_worth_a_line(now) {
        tracing::error!(%error, "the journal cannot be written; it is tried again and again");
    }
}

fn is_refusal(record: &OperationRecord) -> bool {
    matches!(record.end, Some(End::Refused(_)))
}

/// Lets so many refusals a second pass.
#[derive(Default)]
struct Rate {
    second: u64,
    seen: u32,
}

impl Rate {
    fn admits(&mut self, refusal: &OperationRecord) -> bool {
        let second = refusal.at_ms / 1000;
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
