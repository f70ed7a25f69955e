//! Reading records back, as far as the file can be read: what is damaged is told in its place, and the rest shown.

use mainstay_types::operation::{Asker, End, OperationRecord, Verb};
use mainstay_types::order::Cause;
use mainstay_types::{NodeId, ObjectId, OperationId, Status};
use rusqlite::{Connection, params};

use super::{Journal, JournalError, JournalQuery};

/// How often one reading goes on behind what cannot be read. A page holds some ten records, and the way to the other
/// side of it is doubled with each try.
const TRIES_MAX: u32 = 64;

const ALL: &str = "SELECT number, node, at_ms, record FROM operation
     WHERE ?1 = '[]' AND number < ?2 ORDER BY number DESC LIMIT ?3";

const SOME: &str = "SELECT number, node, at_ms, record FROM operation
     WHERE (number, node) IN (
         SELECT DISTINCT number, node FROM concerned
         WHERE subject IN (SELECT value FROM json_each(?1)) AND number < ?2
         ORDER BY number DESC LIMIT ?3)
     ORDER BY number DESC";

/// One reading, from the newest record to the oldest.
struct Reading<'j> {
    journal: &'j Journal,
    subjects: String,
    limit: usize,
    /// All from this number on is read.
    below: i64,
    found: Vec<OperationRecord>,
}

impl Journal {
    /// Records, newest first. In the place of those that cannot be read stands one that says so.
    pub fn read(&self, query: &JournalQuery) -> Result<Vec<OperationRecord>, JournalError> {
        let reader = self.reader.lock();
        let mut reading = Reading {
            journal: self,
            subjects: serde_json::to_string(&query.subjects).unwrap_or_default(),
            limit: query.limit as usize,
            below: query.before.map_or(i64::MAX, |id| id.number.cast_signed()),
            found: Vec::new(),
        };
        let statement = if query.subjects.is_empty() { ALL } else { SOME };
        let mut step = 1;
        for _ in 0..TRIES_MAX {
            let from = reading.below;
            let Err(error) = reading.go_on(&reader, statement) else { break };
            if !error.is_damage() {
                return Err(error);
            }
            let is_new_gap = reading.below != from || step == 1;
            step = if is_new_gap { 1 } else { step * 2 };
            if !reading.leap(&reader, step, is_new_gap.then_some(&error)) {
                break;
            }
            step = step.max(2);
        }
        Ok(reading.found)
    }

    /// A record as it stands in the file.
    pub(super) fn parse(&self, stored: &Stored) -> Result<OperationRecord, JournalError> {
        serde_json::from_slice(&stored.text).map_err(|error| JournalError::Damaged {
            path: self.path.clone(),
            what: format!("the record of operation {}", stored.id),
            message: error.to_string(),
        })
    }
}

impl Reading<'_> {
    /// Reads until the end, the limit, or what cannot be read.
    fn go_on(&mut self, reader: &Connection, statement: &str) -> Result<(), JournalError> {
        let sqlite = |source| self.journal.sqlite(source);
        let mut statement = reader.prepare_cached(statement).map_err(sqlite)?;
        let left = self.limit.saturating_sub(self.found.len());
        let left = i64::try_from(left).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![self.subjects, self.below, left]).map_err(sqlite)?;
        while let Some(row) = rows.next().map_err(|source| self.journal.sqlite(source))? {
            let stored = Stored::of(row).map_err(|source| self.journal.sqlite(source))?;
            let record = self.journal.parse(&stored);
            self.below = stored.id.number.cast_signed();
            self.found.push(record.unwrap_or_else(|error| {
                tracing::warn!(%error, "a record of the journal cannot be read");
                unreadable(stored.id, stored.at_ms, &error)
            }));
        }
        Ok(())
    }

    /// Goes on so many numbers below what cannot be read, and notes a gap there; `false` when there is nothing below.
    fn leap(&mut self, reader: &Connection, step: i64, gap: Option<&JournalError>) -> bool {
        if self.below == i64::MAX {
            // By the other table, which has every operation as well.
            let newest =
                reader.query_row("SELECT max(number) FROM concerned", [], |row| row.get::<_, i64>(0));
            self.below = newest.map_or(0, |newest| newest.saturating_add(1));
        }
        if let Some(error) = gap {
            tracing::error!(%error, "some records of the journal cannot be read");
            let number = self.below.saturating_sub(1).max(0).cast_unsigned();
            // By which node, and when, is not known; what is newer is near.
            let near = self.found.last().map_or((self.journal.node, 0), |found| (found.id.node, found.at_ms));
            self.found.push(unreadable(OperationId { node: near.0, number }, near.1, error));
        }
        self.below = self.below.saturating_sub(step);
        self.below > 0 && self.found.len() < self.limit
    }
}

/// A row with a record, the columns `number`, `node`, `at_ms` and `record`.
pub(super) struct Stored {
    pub(super) id: OperationId,
    at_ms: u64,
    /// As bytes: it may be damaged.
    text: Vec<u8>,
}

impl Stored {
    pub(super) fn of(row: &rusqlite::Row<'_>) -> Result<Self, rusqlite::Error> {
        let id = OperationId { node: NodeId(row.get(1)?), number: row.get::<_, i64>(0)?.cast_unsigned() };
        let text = row.get_ref(3)?.as_bytes_or_null().ok().flatten().unwrap_or_default();
        Ok(Stored { id, at_ms: row.get::<_, i64>(2)?.max(0).cast_unsigned(), text: text.to_vec() })
    }
}

/// What stands in the place of a record that cannot be read, or of some from that one on downwards.
pub(crate) fn unreadable(id: OperationId, at_ms: u64, error: &JournalError) -> OperationRecord {
    said_by_the_service(id, at_ms, error.to_string())
}

/// A record of the service's own about the journal itself: something is wrong with it.
pub(super) fn said_by_the_service(id: OperationId, at_ms: u64, text: String) -> OperationRecord {
    OperationRecord {
        id,
        verb: Verb::Recover,
        object: ObjectId::Cluster,
        name: String::new(),
        asker: Asker {
            account: "cluster service".into(),
            sid: "S-1-5-18".into(),
            origin: "its journal".into(),
        },
        flags: 0,
        reason: None,
        reason_text: String::new(),
        instructions: String::new(),
        at_ms,
        answer: Status::SUCCESS,
        parts: Vec::new(),
        ended_at_ms: Some(at_ms),
        end: Some(End::Failed(Cause::new(Status::INVALID_DATA, text))),
        outcome: String::new(),
        changes: Vec::new(),
        pending: Vec::new(),
    }
}
