//! What the journal has about some objects: asked of them by id, or with a part of theirs.

use std::collections::HashMap;

use mainstay_types::ObjectId;
use mainstay_types::name::fold;
use mainstay_types::operation::{OperationRecord, Verb};
use rusqlite::params;

use super::read::Stored;
use super::{Journal, JournalError};

/// How many records are looked through for one question. They are read in some 100 ms; what came to be before so many
/// operations is told without its story.
const SEARCHED_MAX: u32 = 10_000;

/// How many records of one object are wanted: the ones that brought it up and down last, and the calls behind those.
const OF_ONE_WANTED: u32 = 6;

/// Counts what is known of each object, under the names that it had.
struct Wanted {
    names: HashMap<String, ObjectId>,
    counts: HashMap<ObjectId, u32>,
}

impl Wanted {
    /// Whether a record is about any of them, and adds to what is known.
    fn takes(&mut self, record: &OperationRecord) -> bool {
        let mut about: Vec<ObjectId> =
            record.parts.iter().filter_map(|part| self.names.get(part.resource.folded()).cloned()).collect();
        about.push(record.object.clone());
        if record.verb == Verb::Rename && self.counts.contains_key(&record.object) {
            // Older records have it under the name that it had before.
            self.names.insert(fold(&record.name), record.object.clone());
        }
        about.sort_unstable();
        about.dedup();
        let mut is_wanted = false;
        for object in about {
            if let Some(count) = self.counts.get_mut(&object).filter(|count| **count < OF_ONE_WANTED) {
                *count += 1;
                is_wanted = true;
            }
        }
        is_wanted
    }

    fn is_satisfied(&self) -> bool {
        self.counts.values().all(|count| *count >= OF_ONE_WANTED)
    }
}

impl Journal {
    /// Records about these objects, which are given with their names, newest first; refused operations excepted, and those
    /// that cannot be read.
    pub fn involving(&self, objects: &[(ObjectId, String)]) -> Result<Vec<OperationRecord>, JournalError> {
        let mut wanted = Wanted {
            names: objects.iter().map(|(object, name)| (fold(name), object.clone())).collect(),
            counts: objects.iter().map(|(object, _)| (object.clone(), 0)).collect(),
        };
        // A group may be called as one of its resources is, and only resources have parts.
        for (object, name) in objects.iter().filter(|(object, _)| matches!(object, ObjectId::Resource(_))) {
            wanted.names.insert(fold(name), object.clone());
        }
        let reader = self.reader.lock();
        let mut statement = reader
            .prepare_cached(
                "SELECT number, node, at_ms, record FROM operation WHERE ended IS NULL OR ended != 'refused'
                 ORDER BY number DESC LIMIT ?1",
            )
            .map_err(|source| self.sqlite(source))?;
        let rows =
            statement.query_map(params![SEARCHED_MAX], Stored::of).map_err(|source| self.sqlite(source))?;
        let mut found = Vec::new();
        for row in rows {
            let row = row.map_err(|source| self.sqlite(source));
            let record = match row.and_then(|stored| self.parse(&stored)) {
                Ok(record) => record,
                // What is known is told without it. Behind a page that cannot be read SQLite says no more.
                Err(error) if error.is_damage() => {
                    tracing::error!(%error, "a story is told without what cannot be read");
                    continue;
                }
                Err(error) => return Err(error),
            };
            if wanted.takes(&record) {
                found.push(record);
            }
            if wanted.is_satisfied() {
                break;
            }
        }
        Ok(found)
    }
}
