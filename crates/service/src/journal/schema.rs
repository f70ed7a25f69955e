//! The layout of the journal's file: making it, and bringing an older one to what it is now.
//!
//! `operation` has the records. `concerned` leads to them from everything that they are about: the object that was
//! named, by name and id, and each resource that had a part, by the name that it had then. What is deleted of the one is
//! deleted of the other. `database` has the one [`Note`].

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use mainstay_types::name::fold;
use mainstay_types::operation::OperationRecord;
use rusqlite::{Connection, Transaction, params};

use super::witness::{DATABASE, Note};
use super::{APPLICATION_ID, JournalError, SCHEMA_VERSION, Whose, object_text, sqlite_error};

const OPERATION: &str = "
    CREATE TABLE operation (
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
    CREATE INDEX operation_by_end ON operation (ended, number);";

/// New in version 2.
const CONCERNED: &str = "
    CREATE TABLE concerned (
        subject TEXT NOT NULL,
        number INTEGER NOT NULL,
        node INTEGER NOT NULL,
        PRIMARY KEY (subject, number, node)
    ) WITHOUT ROWID;
    CREATE INDEX concerned_by_operation ON concerned (number, node);
    CREATE TRIGGER operation_deleted AFTER DELETE ON operation BEGIN
        DELETE FROM concerned WHERE number = old.number AND node = old.node;
    END;";

/// The first layout that has a [`Note`].
pub(super) const WITH_NOTE: i32 = 3;

/// Which layout a file has; `None` for one in which nothing is yet. Refuses one that is no journal.
pub(super) fn identify(connection: &Connection, path: &str) -> Result<Option<i32>, JournalError> {
    let sqlite = |source| sqlite_error(path, source);
    let number =
        |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0)).map_err(sqlite);
    let begins_as_database = begins_as_database(Path::new(path));
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(sqlite)?;
    if tables == 0 && begins_as_database {
        return Ok(None);
    }
    let (application_id, schema) = (number("application_id")?, number("user_version")?);
    if application_id != APPLICATION_ID || !(1..=SCHEMA_VERSION).contains(&schema) {
        return Err(JournalError::Foreign { path: path.to_owned(), application_id, schema });
    }
    Ok(Some(schema))
}

/// Makes the tables in a new file, refuses one that is no journal or another cluster's, and brings an older one up.
/// Answers what it knows of the cluster database.
pub(super) fn prepare(
    connection: &mut Connection,
    path: &str,
    whose: &Whose<'_>,
) -> Result<Note, JournalError> {
    let sqlite = |source| sqlite_error(path, source);
    let layout = identify(connection, path)?;
    let noted = if layout >= Some(WITH_NOTE) { Some(Note::read(connection, path)?) } else { None };
    if let Some(note) = noted.as_ref().filter(|note| note.cluster != whose.cluster) {
        let (found, expected) = (note.cluster.clone(), whose.cluster.to_owned());
        return Err(JournalError::OtherCluster { path: path.to_owned(), found, expected });
    }
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;").map_err(sqlite)?;
    if let Some(note) = noted {
        return Ok(note);
    }
    let floor = if layout.is_none() { whose.unknown_number } else { 0 };
    let note = Note { cluster: whose.cluster.to_owned(), revision: whose.durable.at(), floor };
    let transaction = connection.transaction().map_err(sqlite)?;
    let made = match layout {
        None => make(&transaction),
        Some(layout) => bring_up(&transaction, layout),
    };
    let noted =
        made.and_then(|()| transaction.execute_batch(DATABASE)).and_then(|()| note.write(&transaction));
    noted.and_then(|()| transaction.commit()).map_err(sqlite)?;
    Ok(note)
}

fn make(transaction: &Transaction<'_>) -> Result<(), rusqlite::Error> {
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    transaction.execute_batch(OPERATION)?;
    transaction.execute_batch(CONCERNED)
}

/// From an older version: all but the note.
fn bring_up(transaction: &Transaction<'_>, layout: i32) -> Result<(), rusqlite::Error> {
    if layout < 2 {
        find_concerned(transaction)?;
    }
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION)
}

/// Version 1 knew of an operation only by the object that was named. All records are read once.
fn find_concerned(transaction: &Transaction<'_>) -> Result<(), rusqlite::Error> {
    transaction.execute_batch("DROP INDEX operation_by_name;")?;
    transaction.execute_batch(CONCERNED)?;
    {
        let mut records = transaction.prepare("SELECT record, number, name, object, node FROM operation")?;
        let mut rows = records.query([])?;
        while let Some(row) = rows.next()? {
            let (text, number, node) =
                (row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, u32>(4)?);
            // A record that does not read as one is found as before, and told as damaged when it is.
            let subjects = match serde_json::from_str::<OperationRecord>(&text) {
                Ok(record) => subjects(&record),
                Err(_) => [row.get::<_, String>(2)?, row.get::<_, String>(3)?].into(),
            };
            concern(transaction, &subjects, number, node)?;
        }
    }
    Ok(())
}

/// Notes what a record is about. What is noted already stays.
pub(super) fn concern(
    connection: &Connection,
    subjects: &BTreeSet<String>,
    number: i64,
    node: u32,
) -> Result<(), rusqlite::Error> {
    let mut insert = connection
        .prepare_cached("INSERT OR IGNORE INTO concerned (subject, number, node) VALUES (?1, ?2, ?3)")?;
    subjects.iter().try_for_each(|subject| insert.execute(params![subject, number, node]).map(drop))
}

/// What a record is about, as it is looked up: the object's name and id, and the names of those that had a part.
pub(crate) fn subjects(record: &OperationRecord) -> BTreeSet<String> {
    let named = [fold(&record.name), object_text(record)];
    let parts = record.parts.iter().map(|part| part.resource.folded().to_owned());
    named.into_iter().chain(parts).filter(|subject| !subject.is_empty()).collect()
}

/// Whether a file is new, or begins as every SQLite database does. SQLite itself takes a few strange bytes for nothing.
fn begins_as_database(path: &Path) -> bool {
    const HEADER: &[u8] = b"SQLite format 3\0";
    let mut first = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEADER.len() as u64).read_to_end(&mut first));
    read.is_ok() && (first.is_empty() || first == HEADER)
}
