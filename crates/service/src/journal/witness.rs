//! What the journal knows of the cluster database beside it: whose it is, and the newest revision of it that was on the
//! disk. Also, from which number on operations are new.
//!
//! It is a witness outside of the database. SQLite takes a write-ahead log that was cut off, zeroed or exchanged for an
//! older one for what it shows, without a word; a database that is older than the journal knows has lost what was
//! acknowledged.
//!
//! ```text
//!   commit on the disk ──► Durable raised ──► call answered ──► record written, with the note of what Durable says
//! ```
//!
//! So the journal never notes what the disk does not have, whatever of it a power cut takes.
//!
//! The database is a witness of the journal, too: it forgets an operation when its end is on the disk here, and its history
//! knows for a while what it has forgotten ([`missing_ends`]).

use std::fs;
use std::path::Path;

use mainstay_store::Revision;
use mainstay_types::OperationId;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::{JournalError, Whose, beside, schema, sqlite_error};

/// New in version 3. One row.
pub(super) const DATABASE: &str = "
    CREATE TABLE database (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        cluster_id TEXT NOT NULL,
        generation INTEGER NOT NULL,  -- the newest revision that was on the disk
        revision INTEGER NOT NULL,
        floor INTEGER NOT NULL,       -- operations up to this number may have been, whatever is here
        checksum INTEGER NOT NULL     -- CRC-32 of all that
    );";

/// What is noted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Note {
    /// The cluster whose database it is.
    pub(crate) cluster: String,
    /// The newest revision that was on the disk.
    pub(crate) revision: Revision,
    /// The highest number that an operation may have had of which nothing is here.
    pub(crate) floor: u64,
}

impl Note {
    fn checksum(&self) -> u32 {
        let mut sum = crc32fast::Hasher::new();
        for number in [self.revision.generation, self.revision.revision, self.floor] {
            sum.update(&number.to_le_bytes());
        }
        sum.update(self.cluster.as_bytes());
        sum.finalize()
    }

    /// Writes it in the place of what is noted.
    pub(super) fn write(&self, connection: &Connection) -> Result<(), rusqlite::Error> {
        let mut replace = connection.prepare_cached(
            "INSERT OR REPLACE INTO database (id, cluster_id, generation, revision, floor, checksum)
             VALUES (1, ?1, ?2, ?3, ?4, ?5)",
        )?;
        let Revision { generation, revision } = self.revision;
        let numbers = [generation, revision, self.floor].map(u64::cast_signed);
        replace.execute(params![self.cluster, numbers[0], numbers[1], numbers[2], self.checksum()]).map(drop)
    }

    /// What is noted in a journal of the present layout.
    pub(super) fn read(connection: &Connection, path: &str) -> Result<Self, JournalError> {
        let sqlite = |source| sqlite_error(path, source);
        let mut select = connection
            .prepare("SELECT cluster_id, generation, revision, floor, checksum FROM database")
            .map_err(sqlite)?;
        let found = select
            .query_row([], |row| {
                let number = |index| row.get::<_, i64>(index).map(i64::cast_unsigned);
                let revision = Revision { generation: number(1)?, revision: number(2)? };
                Ok((Note { cluster: row.get(0)?, revision, floor: number(3)? }, row.get::<_, u32>(4)?))
            })
            .optional()
            .map_err(sqlite)?;
        match found {
            Some((note, checksum)) if note.checksum() == checksum => Ok(note),
            found => Err(JournalError::Damaged {
                path: path.to_owned(),
                what: "its note of the cluster database".into(),
                message: found.map_or("it is missing", |_| "it does not match its checksum").into(),
            }),
        }
    }
}

/// What a journal that nobody has open says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Known {
    /// What it knows of the cluster database; `None` in one of an older layout.
    pub(crate) note: Option<Note>,
    /// The number of the last operation that may have been.
    pub(crate) last_number: u64,
}

/// Looks into a journal, and leaves it and what is beside it as it is; `None` when there is none.
///
/// # Errors
///
/// It is damaged, newer, or no journal.
pub(crate) fn look(path: &Path) -> Result<Option<Known>, JournalError> {
    let name = path.display().to_string();
    if !path.try_exists().map_err(|source| JournalError::Io { path: name.clone(), source })? {
        return Ok(None);
    }
    let log = beside(path, "-wal");
    let had_log = log.exists();
    let known = look_inside(path, &name);
    if !had_log && fs::metadata(&log).is_ok_and(|found| found.len() == 0) {
        // SQLite has made it when it looked.
        let _ = fs::remove_file(&log);
    }
    known
}

fn look_inside(path: &Path, name: &str) -> Result<Option<Known>, JournalError> {
    let sqlite = |source| sqlite_error(name, source);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(sqlite)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(sqlite)?;
    let note = match schema::identify(&connection, name)? {
        None => return Ok(None),
        Some(schema::WITH_NOTE..) => Some(Note::read(&connection, name)?),
        Some(_) => None,
    };
    let last_number = last_number(&connection, note.as_ref()).map_err(sqlite)?;
    Ok(Some(Known { note, last_number }))
}

/// The other way round: which ends, that were on the disk here, the database has forgotten and the journal has not. In words;
/// `None` when nothing is missing.
///
/// Its log may have been cut off, removed or exchanged: SQLite takes what is left for all that there was.
pub(super) fn missing_ends(connection: &Connection, note: &Note, whose: &Whose<'_>) -> Option<String> {
    let select = "SELECT 1 FROM operation WHERE number = ?1 AND node = ?2 AND ended IS NOT NULL";
    let is_missing = |id: &&OperationId| {
        let found = connection.prepare_cached(select);
        let found = found.and_then(|mut one| one.exists(params![id.number.cast_signed(), id.node.0]));
        // What cannot be read is told in its place.
        found.is_ok_and(|found| !found)
    };
    let own = whose.forgotten.iter().filter(|id| id.node == whose.node && id.number > note.floor);
    let missing: Vec<&OperationId> = own.filter(is_missing).collect();
    let (first, last) = (missing.first()?, missing.last()?);
    Some(format!(
        "{} operations that had ended, from {first} to {last}, are not in it, and whatever else was written then: its -wal \
         file was cut off, is missing, or is an older one",
        missing.len()
    ))
}

pub(super) fn last_number(connection: &Connection, note: Option<&Note>) -> Result<u64, rusqlite::Error> {
    let number: Option<i64> =
        connection.query_row("SELECT max(number) FROM operation", [], |row| row.get(0))?;
    Ok(number.unwrap_or(0).cast_unsigned().max(note.map_or(0, |note| note.floor)))
}
