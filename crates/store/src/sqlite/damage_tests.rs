//! Files that are not what they should be: refused by name, with the way out, and left as they are.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use rusqlite::Connection;

use super::{OpenError, Options, SqliteStore};
use crate::{KeyRange, KeyValue, Op, Revision, Store, StoreError, Transaction, read_all};

fn commit(store: &mut SqliteStore, ops: Vec<Op>) -> Result<Revision, StoreError> {
    store.commit(Transaction::unconditional(ops)).map(|done| done.revision)
}

/// A closed database with some history in it.
fn make(directory: &Path) -> PathBuf {
    let path = directory.join("cluster.db");
    let mut store = SqliteStore::create(&path, "3f0c-cluster", Options::default()).unwrap();
    for number in 0..20 {
        let key = format!("registry\\resources\\{}\\", number % 7);
        commit(&mut store, vec![Op::put(key, format!("{{\"name\":\"{number}\"}}")), Op::put("own/g", "x")])
            .unwrap();
    }
    commit(&mut store, vec![Op::delete("own/g")]).unwrap();
    store.grant(std::time::Duration::from_secs(5), std::time::Duration::ZERO).unwrap();
    path
}

fn content(store: &mut SqliteStore) -> (Vec<KeyValue>, Revision, String) {
    let (entries, revision) = read_all(store, &KeyRange::all()).unwrap();
    (entries, revision, store.cluster_id().to_owned())
}

fn sql(path: &Path, statements: &str) {
    Connection::open(path).unwrap().execute_batch(statements).unwrap();
}

fn truncate(path: &Path, size: u64) {
    fs::File::options().write(true).open(path).unwrap().set_len(size).unwrap();
}

#[test]
fn damaged_and_foreign_files_are_refused_and_left_alone() {
    type Damage = fn(&Path);
    let cases: &[(&str, Damage, &[&str])] = &[
        ("missing", |path| fs::remove_file(path).unwrap(), &["no database at", "create the cluster"]),
        ("empty", |path| truncate(path, 0), &["it is empty", "data directory"]),
        ("text", |path| fs::write(path, "[cluster]\nname = x\n").unwrap(), &["no SQLite file"]),
        ("short text", |path| fs::write(path, "SQL").unwrap(), &["header is cut off"]),
        ("header only in part", |path| truncate(path, 60), &["header is cut off"]),
        ("header only", |path| truncate(path, 100), &["damaged"]),
        ("first page only", |path| truncate(path, 4096), &["damaged", "restore a backup"]),
        ("last page lost", |path| truncate(path, fs::metadata(path).unwrap().len() - 4096), &["damaged"]),
        ("half a page lost", |path| truncate(path, fs::metadata(path).unwrap().len() - 2048), &["damaged"]),
        (
            "a directory",
            |path| {
                fs::remove_file(path).unwrap();
                fs::create_dir(path).unwrap();
            },
            &["it is a directory"],
        ),
        (
            "another program's",
            |path| sql(path, "PRAGMA application_id = 7"),
            &["application id is 0x00000007"],
        ),
        (
            "newer",
            |path| sql(path, "PRAGMA user_version = 2"),
            &["schema version 2", "knows 1", "newer Mainstay"],
        ),
        ("version 0", |path| sql(path, "PRAGMA user_version = 0"), &["never was"]),
        ("other journal", |path| sql(path, "PRAGMA journal_mode = DELETE"), &["journal mode is delete"]),
        ("a table too many", |path| sql(path, "CREATE TABLE x (y)"), &["tables are not those"]),
        ("a view lost", |path| sql(path, "DROP VIEW registry"), &["tables are not those"]),
        (
            "value changed by hand",
            |path| sql(path, "UPDATE log SET value = 'y' WHERE id = 9"),
            &["row 9", "checksum"],
        ),
        ("row lost", |path| sql(path, "DELETE FROM log WHERE id = 9"), &["before row 10", "missing"]),
        ("newest rows lost", |path| sql(path, "DELETE FROM log WHERE id BETWEEN 5 AND 40"), &["missing"]),
        ("order changed", |path| sql(path, "UPDATE log SET id = 90 WHERE id = 1"), &["damaged"]),
        ("lease changed", |path| sql(path, "UPDATE lease SET ttl_ms = 1"), &["lease", "checksum"]),
        (
            "cluster changed",
            |path| sql(path, "UPDATE meta SET cluster_id = 'other'"),
            &["meta row", "checksum"],
        ),
        ("meta lost", |path| sql(path, "DELETE FROM meta"), &["meta table is empty"]),
    ];
    for (name, damage, words) in cases {
        let directory = tempfile::tempdir().unwrap();
        let path = make(directory.path());
        damage(&path);
        let before = fs::read(&path).ok();
        let error = SqliteStore::open(&path, Options::default()).expect_err(name).to_string();
        for word in words.iter().chain(&["cluster.db"]) {
            assert!(error.contains(word), "{name}: {error:?} lacks {word:?}");
        }
        assert_eq!(fs::read(&path).ok(), before, "{name}");
        assert_eq!(path.is_dir(), *name == "a directory");
    }
}

#[test]
fn nothing_is_created_over_anything() {
    let directory = tempfile::tempdir().unwrap();
    let path = make(directory.path());
    let before = fs::read(&path).unwrap();
    let refused = SqliteStore::create(&path, "new", Options::default()).unwrap_err();
    assert!(matches!(refused, OpenError::AlreadyExists { .. }), "{refused}");
    assert_eq!(fs::read(&path).unwrap(), before);
    // A write-ahead log without its database would be replayed into the new one.
    let other = directory.path().join("other.db");
    fs::write(directory.path().join("other.db-wal"), "left over").unwrap();
    let refused = SqliteStore::create(&other, "new", Options::default()).unwrap_err();
    assert!(refused.to_string().contains("other.db-wal exists"), "{refused}");
    // What a creation left behind that did not come to its end is in nobody's way.
    let third = directory.path().join("third.db");
    fs::write(directory.path().join("third.db.new"), "half").unwrap();
    let store = SqliteStore::create(&third, "third", Options::default()).unwrap();
    assert_eq!((store.cluster_id(), store.path()), ("third", third.as_path()));
    assert!(!directory.path().join("third.db.new").exists());
    // Nor is anything made where there is no directory.
    let nowhere = directory.path().join("nowhere/cluster.db");
    assert!(matches!(SqliteStore::create(&nowhere, "x", Options::default()), Err(OpenError::Io { .. })));
    assert!(matches!(SqliteStore::open(&nowhere, Options::default()), Err(OpenError::Missing { .. })));
}

/// As a copy of `*.db` alone is one, made after a crash.
#[test]
fn a_database_without_the_log_that_it_needs_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = make(directory.path());
    // What was ended cleanly needs none.
    let ended = content(&mut SqliteStore::open(&path, Options::default()).unwrap());
    let copy = directory.path().join("copy.db");
    fs::copy(&path, &copy).unwrap();
    let mut store = SqliteStore::open(&copy, Options::default()).unwrap();
    assert_eq!(content(&mut store), ended);
    drop(store);

    let mut store = SqliteStore::open(&path, Options::default()).unwrap();
    assert_eq!(content(&mut store), ended);
    let opened = fs::read(&path).unwrap();
    commit(&mut store, vec![Op::put("a", "newest")]).unwrap();
    let newest = content(&mut store);
    let log = fs::read(directory.path().join("cluster.db-wal")).unwrap();
    let file = fs::read(&path).unwrap();
    drop(store);
    let beside = directory.path().join("copy.db-wal");
    let put = |file: &[u8], log: Option<&[u8]>| {
        fs::write(&copy, file).unwrap();
        let _ = fs::remove_file(&beside);
        if let Some(log) = log {
            fs::write(&beside, log).unwrap();
        }
    };
    let zeros = vec![0; log.len()];
    for (name, file, log, words) in [
        ("no log", &file, None, "its -wal file is missing"),
        ("an empty log", &file, Some(&[][..]), "its -wal file is empty"),
        ("a zeroed log", &file, Some(&zeros), "does not begin as one"),
        ("the start of a log", &file, Some(&log[..31]), "does not begin as one"),
    ] {
        put(file, log);
        let error = SqliteStore::open(&copy, Options::default()).expect_err(name);
        assert!(matches!(error, OpenError::LogMissing { .. }), "{name}: {error}");
        let error = error.to_string();
        for word in ["copy.db was not ended cleanly", words, "restore a backup", "--without-log"] {
            assert!(error.contains(word), "{name}: {error:?} lacks {word:?}");
        }
        assert_eq!((&fs::read(&copy).unwrap(), fs::read(&beside).ok().as_deref()), (file, log), "{name}");
    }
    // Who says so goes on with what is left, and ends it cleanly.
    put(&file, None);
    let left = content(&mut SqliteStore::open(&copy, Options::default().without_log()).unwrap());
    assert_eq!(left, ended);
    assert!(!beside.exists());
    assert_eq!(content(&mut SqliteStore::open(&copy, Options::default()).unwrap()), ended);
    // Before anything is committed nothing is in the log.
    put(&opened, None);
    assert_eq!(content(&mut SqliteStore::open(&copy, Options::default()).unwrap()), ended);
    put(&file, Some(&log));
    assert_eq!(content(&mut SqliteStore::open(&copy, Options::default()).unwrap()), newest);
}

/// A program that reads, as `sqlite3 -readonly` does, takes nothing away when it was the last one.
#[test]
fn a_reader_leaves_the_log_that_is_needed() {
    let directory = tempfile::tempdir().unwrap();
    let path = make(directory.path());
    let mut store = SqliteStore::open(&path, Options::default()).unwrap();
    commit(&mut store, vec![Op::put("a", "newest")]).unwrap();
    let newest = content(&mut store);
    let copy = directory.path().join("copy.db");
    for (from, to) in [("cluster.db", "copy.db"), ("cluster.db-wal", "copy.db-wal")] {
        fs::copy(directory.path().join(from), directory.path().join(to)).unwrap();
    }
    let reader = Connection::open_with_flags(&copy, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let rows: i64 = reader.query_row("SELECT count(*) FROM current", (), |row| row.get(0)).unwrap();
    assert_eq!(rows, newest.0.len() as i64);
    drop(reader);
    assert_eq!(content(&mut SqliteStore::open(&copy, Options::default()).unwrap()), newest);
    // Nor does the end of a database take the log from one who reads.
    let reader = Connection::open_with_flags(&path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut statement = reader.prepare("SELECT key FROM log").unwrap();
    let mut rows = statement.query(()).unwrap();
    rows.next().unwrap().unwrap();
    drop(store);
    let still = fs::read(&path).unwrap();
    drop(rows);
    drop(statement);
    drop(reader);
    assert_eq!(fs::read(&path).unwrap(), still);
    assert_eq!(content(&mut SqliteStore::open(&path, Options::default()).unwrap()), newest);
}

/// A log of another database, or of an earlier life of this one, is one that SQLite takes over page by page.
#[test]
fn another_databases_log_is_not_served() {
    let directory = tempfile::tempdir().unwrap();
    // With its log still beside it, as a crash leaves it.
    let make = |name: &str, cluster: &str, generation: u64| {
        let path = directory.path().join(name);
        super::open::create_file(&path, cluster, generation, &Options::default()).unwrap();
        let settled = fs::read(&path).unwrap();
        let mut store = SqliteStore::open(&path, Options::default()).unwrap();
        // The page that says whose it is is not among those in the log.
        commit(&mut store, vec![Op::put("whose", name)]).unwrap();
        let log = fs::read(directory.path().join(format!("{name}-wal"))).unwrap();
        (settled, log)
    };
    let (own, own_log) = make("own", "one", 1);
    let (_, foreign_log) = make("foreign", "another", 1);
    let (_, earlier_log) = make("earlier", "one", 2);
    for (name, log, words) in [
        ("whole", &own_log, ""),
        ("a foreign log", &foreign_log, "does not match its checksum"),
        ("another generation's", &earlier_log, "does not match its checksum"),
    ] {
        let path = directory.path().join("cluster.db");
        let beside = directory.path().join("cluster.db-wal");
        fs::write(&path, &own).unwrap();
        fs::write(&beside, log).unwrap();
        match SqliteStore::open(&path, Options::default()) {
            Ok(mut store) => {
                assert_eq!(words, "", "{name} is served");
                assert_eq!(content(&mut store).0[0].value, b"own");
            }
            Err(error) => {
                let error = error.to_string();
                assert!(!words.is_empty() && error.contains(words), "{name}: {error}");
                assert_eq!(
                    (fs::read(&path).unwrap(), &fs::read(&beside).unwrap()),
                    (own.clone(), log),
                    "{name}"
                );
            }
        }
        let _ = fs::remove_file(directory.path().join("cluster.db-shm"));
    }
}

#[test]
fn what_is_not_accepted_stays_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = make(directory.path());
    let mut store = SqliteStore::open(&path, Options::default()).unwrap();
    commit(&mut store, vec![Op::put("a", "newest")]).unwrap();
    let seen = content(&mut store);
    let copies = ["copy.db", "copy.db-wal"].map(|name| directory.path().join(name));
    fs::copy(&path, &copies[0]).unwrap();
    fs::copy(directory.path().join("cluster.db-wal"), &copies[1]).unwrap();
    let before = copies.each_ref().map(|file| fs::read(file).unwrap());
    let mut shown = None;
    let refused: Result<SqliteStore, OpenError> =
        SqliteStore::open_if(&copies[0], Options::default(), |cluster, held| {
            shown = Some((held.entries.clone(), held.revision, cluster.to_owned()));
            Err(OpenError::Missing { path: copies[0].clone() })
        });
    assert!(matches!(refused, Err(OpenError::Missing { .. })), "{refused:?}");
    assert_eq!(shown, Some(seen.clone()), "the log is looked at as well");
    assert_eq!(copies.each_ref().map(|file| fs::read(file).unwrap()), before);
    assert_eq!(content(&mut SqliteStore::open(&copies[0], Options::default()).unwrap()), seen);
    // Nor is a log made where there was none.
    assert!(!copies[1].exists());
    let refused: Result<SqliteStore, OpenError> =
        SqliteStore::open_if(&copies[0], Options::default(), |_, _| {
            Err(OpenError::Missing { path: copies[0].clone() })
        });
    assert!(refused.is_err() && !copies[1].exists());
}

/// As every database was written before there were seals.
#[test]
fn rows_without_a_seal_are_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = make(directory.path());
    let whole = content(&mut SqliteStore::open(&path, Options::default()).unwrap());
    // Of the row (1, 1, "k" = "v"): each number and each length as eight bytes, little end first.
    let mut sum = crc32fast::Hasher::new();
    let newest = whole.1.revision + 1;
    let number = |sum: &mut crc32fast::Hasher, number: u64| sum.update(&number.to_le_bytes());
    let next = Connection::open(&path)
        .unwrap()
        .query_row("SELECT max(id) + 1 FROM log", (), |row| row.get::<_, i64>(0))
        .unwrap();
    number(&mut sum, next.cast_unsigned());
    number(&mut sum, newest);
    for bytes in [b"k", b"v"] {
        number(&mut sum, 1);
        sum.update(bytes);
    }
    number(&mut sum, newest);
    number(&mut sum, 0);
    let checksum = sum.finalize();
    sql(&path, &format!("INSERT INTO log VALUES ({next}, {newest}, 'k', 'v', {newest}, NULL, {checksum})"));
    let mut store = SqliteStore::open(&path, Options::default()).unwrap();
    assert_eq!(store.revision().unwrap().revision, newest);
}

#[test]
fn one_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let path = make(directory.path());
    let first = SqliteStore::open(&path, Options::default()).unwrap();
    for second in
        [SqliteStore::open(&path, Options::default()), SqliteStore::create(&path, "x", Options::default())]
    {
        let refused = second.unwrap_err().to_string();
        assert!(refused.contains(&format!("in use by process {}", std::process::id())), "{refused}");
    }
    drop(first);
    SqliteStore::open(&path, Options::default()).unwrap();
}

#[test]
fn the_file_is_nobody_elses_to_read() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = make(directory.path());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn people_can_read_it_while_it_is_open() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cluster.db");
    let mut store = SqliteStore::create(&path, "c", Options::default()).unwrap();
    let record = r#"{"name":"PersistentState","type":"dword","data":1,"written":1763800000000}"#;
    for value in ["{}", record] {
        commit(
            &mut store,
            vec![Op::put(r"registry\resources\x\\persistentstate", value), Op::put("op/1", "z")],
        )
        .unwrap();
    }
    commit(&mut store, vec![Op::put("own/1", vec![0xff, 0]), Op::delete("op/1")]).unwrap();
    let reader = Connection::open(&path).unwrap();
    let shown = |sql: &str| -> String {
        let all: String = reader.query_row(sql, (), |row| row.get(0)).unwrap();
        all
    };
    assert_eq!(
        shown("SELECT group_concat(concat_ws(' ', place, name, type, data, written)) FROM registry"),
        r"resources\x\\persistentstate PersistentState dword 1 2025-11-22 08:26:40"
    );
    assert_eq!(
        shown("SELECT group_concat(key || ' ' || typeof(value)) FROM current"),
        r"own/1 blob,registry\resources\x\\persistentstate text"
    );
    // A reader in the middle of its reading stops neither commits nor upkeep.
    let mut statement = reader.prepare("SELECT key FROM log").unwrap();
    let mut rows = statement.query(()).unwrap();
    rows.next().unwrap().unwrap();
    commit(&mut store, vec![Op::put("a", "b")]).unwrap();
    store.tick(std::time::Duration::ZERO).unwrap();
}

#[test]
fn another_writer_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let path = make(directory.path());
    let mut store = SqliteStore::open(&path, Options::default()).unwrap();
    let before = content(&mut store);
    // Harmless in itself, but a commit all the same.
    sql(&path, "UPDATE meta SET id = 1");
    let refused = commit(&mut store, vec![Op::put("a", "b")]).unwrap_err();
    assert!(
        matches!(&refused, StoreError::Unavailable(reason) if reason.contains("another program")),
        "{refused}"
    );
    store.recover().unwrap();
    assert_eq!(content(&mut store), before);
    commit(&mut store, vec![Op::put("a", "b")]).unwrap();
    // Harmful: then it stays out of use.
    sql(&path, "UPDATE log SET value = 'x' WHERE id = 3");
    commit(&mut store, vec![Op::put("a", "c")]).unwrap_err();
    let damaged = store.recover().unwrap_err();
    assert!(matches!(&damaged, StoreError::Unavailable(reason) if reason.contains("row 3")), "{damaged}");
}

#[test]
fn another_writers_lock_is_waited_for_and_then_a_failure() {
    let directory = tempfile::tempdir().unwrap();
    let path = make(directory.path());
    let mut store = SqliteStore::open(&path, Options::default()).unwrap();
    store.connection.as_ref().unwrap().busy_timeout(std::time::Duration::ZERO).unwrap();
    let before = content(&mut store);
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let failed = commit(&mut store, vec![Op::put("a", "b")]).unwrap_err();
    assert!(matches!(failed, StoreError::Failed(_)), "{failed}");
    assert_eq!(content(&mut store), before);
    other.execute_batch("ROLLBACK").unwrap();
    commit(&mut store, vec![Op::put("a", "b")]).unwrap();
}

#[test]
fn history_stays_bounded_in_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cluster.db");
    let bounds = crate::Bounds { history_revisions: 8, ..crate::Bounds::default() };
    let mut store = SqliteStore::create(&path, "c", Options::with_bounds(bounds)).unwrap();
    for number in 0..200 {
        commit(
            &mut store,
            vec![Op::put("same", number.to_string()), Op::put("other", ""), Op::delete("gone")],
        )
        .unwrap();
    }
    let reader = Connection::open(&path).unwrap();
    let rows: i64 = reader.query_row("SELECT count(*) FROM log", (), |row| row.get(0)).unwrap();
    assert!(rows <= 2 * (2 * 8 + 1), "{rows} rows");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever byte is flipped: it is found, or it did not matter.
    #[test]
    fn a_flipped_byte_is_found_or_does_not_matter(at in any::<proptest::sample::Index>(), flip in 1..=255u8) {
        let directory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let path = make(directory.path());
        let whole = content(&mut SqliteStore::open(&path, Options::default()).unwrap());
        let mut bytes = fs::read(&path).unwrap();
        // Most of a page is empty; half of the flips go where there is something.
        let used: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
        let at = if flip % 2 == 0 { at.index(bytes.len()) } else { used[at.index(used.len())] };
        bytes[at] ^= flip;
        fs::write(&path, &bytes).unwrap();
        match SqliteStore::open(&path, Options::default()) {
            Ok(mut store) => prop_assert_eq!(content(&mut store), whole),
            Err(_) => prop_assert_eq!(fs::read(&path).unwrap(), bytes),
        }
    }

    /// In the last transaction of the write-ahead log a flipped byte looks like a torn write, and it alone is lost. Before
    /// that, the database is refused, and left as it is.
    #[test]
    fn a_flipped_byte_of_the_log_is_found_or_looks_torn(at in any::<proptest::sample::Index>(), flip in 1..=255u8) {
        let directory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let path = make(directory.path());
        let mut store = SqliteStore::open(&path, Options::default()).unwrap();
        let mut states = vec![content(&mut store)];
        for number in 0..6u8 {
            commit(&mut store, vec![Op::put("a", vec![number]), Op::put("b", vec![number; 6000])]).unwrap();
            states.push(content(&mut store));
        }
        // As a crash leaves it.
        let copy = directory.path().join("copy.db");
        let log = directory.path().join("copy.db-wal");
        fs::copy(&path, &copy).unwrap();
        let mut bytes = fs::read(directory.path().join("cluster.db-wal")).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        fs::write(&log, &bytes).unwrap();
        match SqliteStore::open(&copy, Options::default()) {
            Ok(mut store) => prop_assert!(states[states.len() - 2..].contains(&content(&mut store))),
            Err(error) => {
                let is_told = matches!(error, OpenError::Damaged { .. } | OpenError::LogMissing { .. });
                prop_assert!(is_told, "{error}");
                prop_assert_eq!(fs::read(&log).unwrap(), bytes);
            }
        }
    }
}
