//! What the journal has about some objects, as the engine's searches want it: from the newest record about each to the oldest,
//! by the index of everything that records are about. However many operations on other objects lie between costs nothing.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use mainstay_engine::Search;
use mainstay_types::operation::OperationRecord;
use rusqlite::{Connection, OptionalExtension, params};

use super::read::Stored;
use super::{Journal, JournalError, text_of};

/// How often the index is asked for one question; about the object that it is about first. Each time takes some 10 µs. What
/// came to be before so many operations on the same objects is told without its story.
const LOOKED_UP_MAX: u32 = 20_000;

/// The newest operation before another one that is about a subject and has one of some verbs.
const NEXT: &str = "
    SELECT concerned.number FROM concerned CROSS JOIN operation
    WHERE concerned.subject = ?1 AND concerned.number < ?2
        AND operation.number = concerned.number AND operation.node = concerned.node
        AND operation.verb IN (SELECT value FROM json_each(?3))
        AND (operation.ended IS NULL OR operation.ended != 'refused')
    ORDER BY concerned.number DESC LIMIT 1";

const RECORD: &str = "SELECT number, node, at_ms, record FROM operation WHERE number = ?1";

/// One question.
struct Lookup<'j> {
    journal: &'j Journal,
    reader: &'j Connection,
    left: u32,
}

impl Journal {
    /// The records that these searches want, newest first, the first search before the others. What cannot be read is
    /// left out.
    pub fn involving(&self, searches: Vec<Search>) -> Result<Vec<OperationRecord>, JournalError> {
        let reader = self.reader.lock();
        let mut lookup = Lookup { journal: self, reader: &reader, left: LOOKED_UP_MAX };
        let mut searches = searches.into_iter();
        let first: Vec<Search> = searches.next().into_iter().collect();
        let mut found = lookup.go_through(first)?;
        found.extend(lookup.go_through(searches.collect())?);
        found.sort_by_key(|record| Reverse((record.id.number, record.id.node)));
        found.dedup_by_key(|record| record.id);
        Ok(found)
    }
}

impl Lookup<'_> {
    /// All side by side, from the newest record to the oldest: many may be about the same ones.
    fn go_through(&mut self, mut searches: Vec<Search>) -> Result<Vec<OperationRecord>, JournalError> {
        let mut next = BinaryHeap::new();
        for (index, search) in searches.iter().enumerate() {
            next.extend(self.before(i64::MAX, search)?.map(|number| (number, index)));
        }
        let mut found = Vec::new();
        while let Some((number, _)) = next.peek().copied() {
            let record = self.record(number)?;
            let mut is_wanted = false;
            while let Some((_, index)) = next.peek().copied().filter(|(other, _)| *other == number) {
                next.pop();
                let search = &mut searches[index];
                is_wanted |= record.as_ref().is_some_and(|record| search.takes(record));
                next.extend(self.before(number, search)?.map(|number| (number, index)));
            }
            found.extend(record.filter(|_| is_wanted));
        }
        Ok(found)
    }

    /// The newest operation before this one that a search has to look at.
    fn before(&mut self, number: i64, search: &Search) -> Result<Option<i64>, JournalError> {
        if search.is_done() {
            return Ok(None);
        }
        let verbs: Vec<&str> = search.verbs().into_iter().map(|verb| verb.as_str()).collect();
        let verbs = serde_json::to_string(&verbs).unwrap_or_default();
        let id = text_of(search.object());
        let mut newest = None;
        for subject in std::iter::once(id.as_str()).chain(search.names()) {
            let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
            self.left = left;
            let found = self.known(|reader| {
                let mut statement = reader.prepare_cached(NEXT)?;
                statement.query_row(params![subject, number, verbs], |row| row.get(0)).optional()
            })?;
            newest = newest.max(found);
        }
        Ok(newest)
    }

    fn record(&self, number: i64) -> Result<Option<OperationRecord>, JournalError> {
        let stored = self.known(|reader| {
            reader.prepare_cached(RECORD)?.query_row(params![number], Stored::of).optional()
        })?;
        readable(stored.map(|stored| self.journal.parse(&stored)).transpose())
    }

    /// What is asked of the file.
    fn known<T>(
        &self,
        ask: impl FnOnce(&Connection) -> Result<Option<T>, rusqlite::Error>,
    ) -> Result<Option<T>, JournalError> {
        readable(ask(self.reader).map_err(|source| self.journal.sqlite(source)))
    }
}

/// Nothing, where it is damaged: what is known is told without that.
fn readable<T>(read: Result<Option<T>, JournalError>) -> Result<Option<T>, JournalError> {
    match read {
        Err(error) if error.is_damage() => {
            tracing::error!(%error, "a story is told without what cannot be read");
            Ok(None)
        }
        read => read,
    }
}
