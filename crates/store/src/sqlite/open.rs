//! Making a database file, and opening one after looking at all of it.
//!
//! Nothing here writes to a file before it is known to be ours and whole.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::contract::Backup;

use super::clean_end::Served;
use super::error::OpenError;
use super::memory::Memory;
use super::row::{self, Meta, Row, Seal};
use super::schema::{APPLICATION_ID, OBJECTS, SCHEMA_VERSION};
use super::{BUSY_TIMEOUT, Options, clean_end, log};

/// Bytes of SQLite's file header.
const HEADER_BYTES: usize = 100;
/// How the header begins.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// Where the schema version and the application id stand in it, both big-endian (sqlite.org/fileformat.html).
const USER_VERSION_AT: usize = 60;
const APPLICATION_ID_AT: usize = 68;
/// Bytes of the write-ahead log's header, and of each page in it with its own header (sqlite.org/fileformat2.html).
const LOG_HEADER_BYTES: u64 = 32;
const LOG_FRAME_BYTES: u64 = 24 + PAGE_BYTES as u64;
/// Bytes of a page of the database.
pub(super) const PAGE_BYTES: usize = 4096;
/// Lines of SQLite's findings in a message.
const FINDINGS_MAX: u32 = 3;

/// A database that was looked at as a whole. Nothing was written; let go of, it is as it was.
pub(super) struct Checked {
    connection: Connection,
    pub(super) memory: Memory,
    pub(super) cluster_id: String,
    seal: Seal,
}

pub(super) struct Opened {
    pub(super) connection: Served,
    pub(super) memory: Memory,
    pub(super) data_version: i64,
    pub(super) cluster_id: String,
    pub(super) seal: Seal,
}

/// Looks whether a file is a database of ours that this program can read, without SQLite and without locks. Answers
/// whether it says that it needs its log.
pub(super) fn look(path: &Path) -> Result<bool, OpenError> {
    let io = |error: std::io::Error| OpenError::Io {
        path: path.to_owned(),
        doing: "reading",
        reason: error.to_string(),
    };
    let foreign = |found: &str| OpenError::Foreign { path: path.to_owned(), found: found.to_owned() };
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(OpenError::Missing { path: path.to_owned() });
        }
        metadata => metadata.map_err(io)?,
    };
    if !metadata.is_file() {
        return Err(foreign(if metadata.is_dir() { "it is a directory" } else { "it is no regular file" }));
    }
    let mut header = Vec::with_capacity(HEADER_BYTES);
    let file = fs::File::open(path).map_err(io)?;
    file.take(HEADER_BYTES as u64).read_to_end(&mut header).map_err(io)?;
    if header.is_empty() {
        return Err(foreign("it is empty"));
    }
    if !header.starts_with(&MAGIC[..header.len().min(MAGIC.len())]) {
        return Err(foreign("it is no SQLite file"));
    }
    let (Some(version), Some(id)) =
        (number_at(&header, USER_VERSION_AT), number_at(&header, APPLICATION_ID_AT))
    else {
        return Err(OpenError::Damaged { path: path.to_owned(), found: "its header is cut off".to_owned() });
    };
    let (version, needs_log) = clean_end::read_mark(version);
    if id != APPLICATION_ID {
        return Err(foreign(&format!("its application id is {id:#010x}, not {APPLICATION_ID:#010x}")));
    }
    if version > SCHEMA_VERSION {
        return Err(OpenError::Newer { path: path.to_owned(), found: version, known: SCHEMA_VERSION });
    }
    if version != SCHEMA_VERSION {
        let found = format!("its schema version is {version}, which never was");
        return Err(OpenError::Damaged { path: path.to_owned(), found });
    }
    Ok(needs_log)
}

/// Opens the file, checks it, loads it and settles it. The caller holds the lock.
pub(super) fn open_file(path: &Path, options: &Options) -> Result<Opened, OpenError> {
    check_file(path, options)?.settle(path, options)
}

/// Opens the file, checks it and loads it. The caller holds the lock. What it shows may not be durable yet.
pub(super) fn check_file(path: &Path, options: &Options) -> Result<Checked, OpenError> {
    let needs_log = look(path)?;
    let fail = |doing| move |error| classify(path, doing, error);
    let damaged = |found| OpenError::Damaged { path: path.to_owned(), found };
    let wal = beside(path, "-wal");
    let unreadable = |error: std::io::Error| OpenError::Io {
        path: wal.clone(),
        doing: "reading",
        reason: error.to_string(),
    };
    if let Some(found) = log::damage(&wal).map_err(unreadable)? {
        return Err(damaged(found));
    }
    if needs_log
        && !options.without_log
        && let Some(found) = clean_end::missing_log(&wal).map_err(unreadable)?
    {
        return Err(OpenError::LogMissing { path: path.to_owned(), found });
    }
    let connection = connect(path, options, OpenFlags::empty()).map_err(fail("opening"))?;
    // Should it turn out to be damaged, or not to be what is wanted, closing it must not touch it either; nor may SQLite
    // remove the log of one that is served, before the file says that it needs none.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(fail("opening"))?;
    check_structure(&connection, path)?;
    let loaded = (|| {
        let meta = match Meta::load(&connection)? {
            Ok(meta) => meta,
            Err(wrong) => return Ok(Err(wrong)),
        };
        let leases = row::load_leases(&connection, &meta.seal())?;
        let rows = Row::load_all(&connection, &meta.seal())?;
        Ok(leases.and_then(|leases| Ok((meta, leases, rows?))))
    })();
    let (meta, leases, rows) = loaded.map_err(fail("reading"))?.map_err(damaged)?;
    let (cluster_id, seal) = (meta.cluster_id.clone(), meta.seal());
    let memory = Memory::load(options.bounds, meta, leases, rows).map_err(damaged)?;
    Ok(Checked { connection, memory, cluster_id, seal })
}

impl Checked {
    /// Makes everything that the file shows durable, so that it can be served.
    pub(super) fn settle(self, path: &Path, options: &Options) -> Result<Opened, OpenError> {
        let fail = |doing| move |error| classify(path, doing, error);
        let Checked { connection, memory, cluster_id, seal } = self;
        settle(&connection, path, options)?;
        let connection = Served::new(connection);
        let data_version = data_version(&connection).map_err(fail("reading"))?;
        Ok(Opened { connection, memory, data_version, cluster_id, seal })
    }
}

/// Makes the file of a new database. The caller holds the lock.
///
/// It is made under another name and gets its own by one link, so that a crash leaves no half database there.
pub(super) fn create_file(
    path: &Path,
    cluster_id: &str,
    generation: u64,
    options: &Options,
) -> Result<(), OpenError> {
    // A log without its database would be replayed into the new one.
    for taken in [path.to_owned(), beside(path, "-wal"), beside(path, "-journal")] {
        if fs::symlink_metadata(&taken).is_ok() {
            return Err(OpenError::AlreadyExists { path: taken });
        }
    }
    let io = |doing| {
        move |error: std::io::Error| OpenError::Io { path: path.to_owned(), doing, reason: error.to_string() }
    };
    let draft = beside(path, ".new");
    for leftover in ["", "-wal", "-shm", "-journal"] {
        options.files.remove(&beside(&draft, leftover)).map_err(io("clearing the way for"))?;
    }
    make_draft(&draft, path, options, |connection| {
        Meta { cluster_id: cluster_id.to_owned(), generation, compacted: 0, next_lease: 1 }.insert(connection)
    })?;
    name_draft(&draft, path, options)
}

/// Makes a database file under another name than it is to have, with the schema and what `contents` writes, durably.
/// Errors name `path`.
pub(super) fn make_draft(
    draft: &Path,
    path: &Path,
    options: &Options,
    contents: impl FnOnce(&Connection) -> rusqlite::Result<()>,
) -> Result<(), OpenError> {
    let io = |doing| {
        move |error: std::io::Error| OpenError::Io { path: path.to_owned(), doing, reason: error.to_string() }
    };
    // The database is nobody's business but the service's.
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft).map_err(io("making"))?;
    let mode = fill(draft, options, contents).map_err(|error| classify(path, "making", error))?;
    if mode != "wal" {
        let reason = format!("its file system allows journal mode {mode} only, the database needs wal");
        return Err(OpenError::Io { path: path.to_owned(), doing: "making", reason });
    }
    options.files.sync(draft).map_err(io("syncing"))
}

/// Gives a file that was made as a draft its name, which must be free, and takes the draft's away.
pub(super) fn name_draft(draft: &Path, path: &Path, options: &Options) -> Result<(), OpenError> {
    let io = |doing| {
        move |error: std::io::Error| OpenError::Io { path: path.to_owned(), doing, reason: error.to_string() }
    };
    match options.files.link(draft, path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(OpenError::AlreadyExists { path: path.to_owned() });
        }
        linked => linked.map_err(io("naming"))?,
    }
    options.files.sync_directory(directory(path)).map_err(io("syncing the directory of"))?;
    options.files.remove(draft).map_err(io("tidying up after"))
}

/// Writes everything that a backup holds, without any history.
pub(super) fn write_all(
    connection: &Connection,
    cluster_id: &str,
    generation: u64,
    backup: &Backup,
) -> rusqlite::Result<()> {
    let meta = Meta {
        cluster_id: cluster_id.to_owned(),
        generation,
        compacted: backup.revision.revision,
        next_lease: backup.next_lease.0,
    };
    meta.insert(connection)?;
    let seal = meta.seal();
    for (lease, ttl) in &backup.leases {
        row::insert_lease(connection, &seal, *lease, *ttl)?;
    }
    for (id, entry) in (1..).zip(&backup.entries) {
        let put = row::Put {
            value: entry.value.as_slice().into(),
            created: entry.create_revision.revision,
            lease: entry.lease,
        };
        let revision = entry.mod_revision.revision;
        Row { id, revision, key: entry.key.clone(), put: Some(put) }.insert(connection, &seal)?;
    }
    Ok(())
}

/// SQLite's count of commits by other connections.
pub(super) fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("PRAGMA data_version")?.query_row((), |row| row.get(0))
}

/// Answers the journal mode that the file got.
fn fill(
    draft: &Path,
    options: &Options,
    contents: impl FnOnce(&Connection) -> rusqlite::Result<()>,
) -> rusqlite::Result<String> {
    let mut connection = connect(draft, options, OpenFlags::empty())?;
    connection.execute_batch(&format!("PRAGMA page_size = {PAGE_BYTES}; PRAGMA encoding = 'UTF-8';"))?;
    let transaction = connection.transaction()?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    // Tables before the views that show them.
    for tables in [true, false] {
        for (_, sql) in OBJECTS.iter().filter(|(_, sql)| sql.starts_with("CREATE TABLE") == tables) {
            transaction.execute_batch(sql)?;
        }
    }
    contents(&transaction)?;
    transaction.commit()?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", (), |row| row.get(0))?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(mode)
}

fn connect(path: &Path, options: &Options, extra: OpenFlags) -> rusqlite::Result<Connection> {
    // No SQLITE_OPEN_CREATE: what is not there stays so. No mutex: the store is one thread's at a time.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | extra;
    let connection = match &options.vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs.as_str())?,
        None => Connection::open_with_flags(path, flags)?,
    };
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.execute_batch(&format!(
        "PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = {};
         PRAGMA mmap_size = 0;
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;",
        options.checkpoint_pages
    ))?;
    Ok(connection)
}

/// Whether SQLite finds its structures whole, and in them the tables of ours.
fn check_structure(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let damaged = |found| OpenError::Damaged { path: path.to_owned(), found };
    let fail = |error| classify(path, "checking", error);
    let strings = |sql: &str| {
        let mut statement = connection.prepare(sql)?;
        statement.query_map((), |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()
    };
    let mode: String = connection.query_row("PRAGMA journal_mode", (), |row| row.get(0)).map_err(fail)?;
    if mode != "wal" {
        return Err(damaged(format!("its journal mode is {mode}, not wal")));
    }
    let findings = strings(&format!("PRAGMA integrity_check({FINDINGS_MAX})")).map_err(fail)?;
    if findings != ["ok"] {
        return Err(damaged(findings.join("; ")));
    }
    let objects = strings("SELECT sql FROM sqlite_schema ORDER BY name").map_err(fail)?;
    if !objects.iter().eq(OBJECTS.iter().map(|(_, sql)| sql)) {
        return Err(damaged("its tables are not those of its schema version".to_owned()));
    }
    Ok(())
}

/// Moves the write-ahead log into the database, durably. After a crash the log may show commits that the disk
/// does not have, and after a failed sync nothing written before it can be trusted: so all of it is written
/// and synced again, and the emptied log is synced too, lest its old content come back. Zeros make room in the log for
/// the commits to come; to SQLite a log that begins with them is empty.
///
/// Until the first commit the file needs no log.
fn settle(connection: &Connection, path: &Path, options: &Options) -> Result<(), OpenError> {
    let fail = |error| classify(path, "settling", error);
    if clean_end::is_marked(connection).map_err(fail)? {
        // Into the log from its start, where a full disk has room.
        move_log(connection, path, "RESTART")?;
        clean_end::take_mark_away(connection).map_err(fail)?;
    }
    move_log(connection, path, "TRUNCATE")?;
    let log_bytes = LOG_HEADER_BYTES + u64::from(options.checkpoint_pages) * LOG_FRAME_BYTES;
    // Where there is no room on the disk, the log grows with each commit, as far as it can.
    let _ = options.files.lengthen(&beside(path, "-wal"), log_bytes);
    for file in [path.to_owned(), beside(path, "-wal")] {
        match options.files.sync(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(OpenError::Io { path: file, doing: "syncing", reason: error.to_string() });
            }
            _ => {}
        }
    }
    let named = options.files.sync_directory(directory(path));
    named.map_err(|error| OpenError::Io {
        path: path.to_owned(),
        doing: "syncing the directory of",
        reason: error.to_string(),
    })
}

fn move_log(connection: &Connection, path: &Path, how: &str) -> Result<(), OpenError> {
    let moved =
        connection.query_row(&format!("PRAGMA wal_checkpoint({how})"), (), |row| row.get::<_, i64>(0));
    match moved.map_err(|error| classify(path, "settling", error))? {
        0 => Ok(()),
        _ => Err(OpenError::Locked { path: path.to_owned(), doing: "settling its write-ahead log" }),
    }
}

pub(super) fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn classify(path: &Path, doing: &'static str, error: rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            OpenError::Damaged { path, found: error.to_string() }
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => OpenError::Locked { path, doing },
        Some(ErrorCode::DiskFull) => OpenError::Full { path, doing },
        // A column that has another type than its table says, a table that SQLite cannot parse.
        Some(ErrorCode::Unknown) | None => OpenError::Damaged { path, found: error.to_string() },
        Some(_) => OpenError::Io { path, doing, reason: error.to_string() },
    }
}

fn number_at(header: &[u8], at: usize) -> Option<i64> {
    let bytes = header.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_be_bytes(bytes).into())
}

/// How long the write-ahead log is; `None` when there is none.
pub(super) fn log_bytes(path: &Path) -> Option<u64> {
    fs::metadata(beside(path, "-wal")).ok().map(|found| found.len())
}

/// A file whose name is the database's with something appended.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}
