//! Whether a database was ended cleanly, or needs the write-ahead log that was beside it.
//!
//! SQLite takes a database whose log is gone for a whole one, and shows what it was some time ago. So the file says itself
//! that it needs its log, by a mark in its header: a bit of `PRAGMA user_version`.
//!
//! ```text
//!   unmarked, a log made durably ──► first commit: before it the mark, which is moved into the file ──► served
//!      ▲                                                                                                  │
//!      └────────── log moved into the file, then removed ◄─── mark taken away: committed ◄────────────────┘
//! ```
//!
//! The file is marked only while there is a log, whatever a crash or a power cut leaves undone: both ways the mark is a
//! commit in the log before it is one in the file. The journal mode in the header, which SQLite writes itself, will not do:
//! it is changed before there is a log, and when there is none any more.
//!
//! A program that knows nothing of the mark takes a marked database for one of a newer version.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Deref;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::log;
use super::schema::SCHEMA_VERSION;

/// The mark in `user_version`. The schema version is in the bits below.
const NEEDS_LOG: i64 = 1 << 16;

/// What a `user_version` says: the schema version, and whether the database needs its log.
pub(super) fn read_mark(user_version: i64) -> (i64, bool) {
    (user_version & !NEEDS_LOG, user_version & NEEDS_LOG != 0)
}

/// Says in the file that it needs its log, which must be there.
pub(super) fn mark(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "user_version", SCHEMA_VERSION | NEEDS_LOG)?;
    // Passive: nobody is waited for. Where it comes to nothing, the next one has it.
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", (), |_| Ok(()))
}

/// Takes the mark away, as far as a commit does it; it is in the file when the log is moved there.
pub(super) fn take_mark_away(connection: &Connection) -> rusqlite::Result<()> {
    if is_marked(connection)? {
        connection.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    }
    Ok(())
}

/// Whether the database is marked, for SQLite, which may know better than its file.
pub(super) fn is_marked(connection: &Connection) -> rusqlite::Result<bool> {
    let version = connection.query_row("PRAGMA user_version", (), |row| row.get(0))?;
    Ok(read_mark(version).1)
}

/// What is wrong with a log that is needed, in words; `None` when one is there.
///
/// # Errors
///
/// When it cannot be read.
pub fn missing_log(path: &Path) -> io::Result<Option<&'static str>> {
    let mut start = Vec::new();
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Some("its -wal file is missing")),
        file => file?.take(log::HEADER_BYTES as u64).read_to_end(&mut start)?,
    };
    Ok(match start.is_empty() {
        true => Some("its -wal file is empty"),
        // A mark was committed in it, and from then on it has a header, in one sector of the disk.
        false => (!log::is_header(&start)).then_some("its -wal file does not begin as one"),
    })
}

/// The connection to a database that is served. Let go of, it ends the database cleanly, where that can be done; what
/// cannot be moved into the file stays in the log, and the file says so.
#[derive(Debug)]
pub(super) struct Served {
    connection: Connection,
    is_sound: bool,
}

impl Served {
    /// That of a database that was settled. SQLite must not remove the log by itself when the connection is closed.
    pub(super) fn new(connection: Connection) -> Self {
        Served { connection, is_sound: true }
    }

    /// Closes the connection and leaves everything as it is.
    pub(super) fn give_up(mut self) {
        self.is_sound = false;
    }
}

impl Deref for Served {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if self.is_sound && take_mark_away(&self.connection).is_ok() {
            // Closing moves the log into the file and removes it, or leaves both if somebody reads still.
            let _ = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false);
        }
    }
}
