//! What is kept, found again, told, and what becomes of damage.

use mainstay_engine::Search;
use mainstay_engine::input::Input;
use mainstay_store::Revision;
use mainstay_types::operation::{Asker, End, Part, Verb};
use mainstay_types::order::Cause;
use mainstay_types::{Name, NodeId, ObjectId, ResourceId, Status};

use super::writer::REFUSALS_PER_SECOND_MAX;
use super::*;

fn whose() -> Whose<'static> {
    static NONE: BTreeSet<OperationId> = BTreeSet::new();
    Whose {
        cluster: "one",
        node: NodeId(1),
        durable: Durable::new(Revision::new(1, 1)),
        unknown_number: 0,
        forgotten: &NONE,
    }
}

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
        outcome: String::new(),
        changes: Vec::new(),
        pending: Vec::new(),
    }
}

fn with_journal(test: impl FnOnce(&Journal, &mpsc::Receiver<Input>)) {
    let dir = tempfile::tempdir().unwrap();
    let (journal, thread) = journal(&dir.path().join("journal.db"), whose()).unwrap();
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
        journal.write(record(3, "db", None));
        journal.write(record(4, "db", Some(End::Refused(Cause::new(Status::ACCESS_DENIED, "no")))));
        journal.flush();
        let id = |number| OperationId { node: NodeId(1), number };
        let ended = journal.ended(&(0..6).map(id).collect::<Vec<_>>()).unwrap();
        assert_eq!(ended, [id(1), id(2)].into());
        let of_web =
            journal.read(&JournalQuery { subjects: vec!["web".into()], before: None, limit: 10 }).unwrap();
        assert_eq!(of_web, [record(1, "Web", Some(End::Done))]);
        let all = journal.read(&JournalQuery { limit: 10, ..JournalQuery::default() }).unwrap();
        assert_eq!(all.iter().map(|record| record.id.number).collect::<Vec<_>>(), [4, 3, 2, 1]);
    });
}

#[test]
fn an_end_that_cannot_be_written_is_told_at_once_and_written_later() {
    let id = OperationId { node: NodeId(1), number: 1 };
    with_journal(|journal, told| {
        journal.write(record(1, "Web", None));
        journal.flush();
        let disk = Connection::open(&journal.path).unwrap();
        disk.execute_batch(
            "CREATE TRIGGER full BEFORE INSERT ON operation BEGIN SELECT RAISE(ABORT, 'no room'); END",
        )
        .unwrap();
        let wait = || {
            let (sender, ended) = mpsc::channel();
            journal.wait_for_end(id, Box::new(move |record| drop(sender.send(record.clone())))).unwrap();
            ended
        };
        let early = wait();
        journal.write(record(1, "Web", Some(End::Done)));
        let ended = record(1, "Web", Some(End::Done));
        for waiting in [early, wait()] {
            assert_eq!(waiting.recv_timeout(std::time::Duration::from_secs(30)).unwrap(), ended);
        }
        assert_eq!(journal.find(id).unwrap().as_ref(), Some(&ended));
        // The database is not to forget it yet.
        assert!(told.try_recv().is_err());
        assert!(journal.ended(&[id]).unwrap().is_empty());
        disk.execute_batch("DROP TRIGGER full").unwrap();
        assert!(matches!(told.recv().unwrap(), Input::Journaled(kept) if kept == id));
        assert_eq!(journal.ended(&[id]).unwrap(), [id].into());
        assert_eq!(wait().recv().unwrap(), ended);
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
fn the_files_are_their_owners_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let (journal, _thread) = journal(&path, whose()).unwrap();
    journal.read(&JournalQuery::default()).unwrap();
    for entry in fs::read_dir(dir.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
    }
}

/// A record of another object in which these resources had a part.
fn with_parts(number: u64, name: &str, parts: &[&str]) -> OperationRecord {
    let part = |resource: &&str| Part {
        resource: Name::parse(resource).unwrap(),
        action: "stop".into(),
        began_at_ms: number,
        ended_at_ms: Some(number),
        outcome: "offline".into(),
        is_rebuilt: false,
    };
    let parts = parts.iter().map(part).collect();
    OperationRecord { parts, ..record(number, name, Some(End::Done)) }
}

fn numbers_of(journal: &Journal, subjects: &[&str], before: Option<u64>) -> Vec<u64> {
    let subjects = subjects.iter().map(|text| (*text).to_owned()).collect();
    let before = before.map(|number| OperationId { node: NodeId(1), number });
    let found = journal.read(&JournalQuery { subjects, before, limit: 3 }).unwrap();
    found.iter().map(|record| record.id.number).collect()
}

#[test]
fn who_had_a_part_is_found_whoever_was_named() {
    with_journal(|journal, _| {
        journal.write(record(1, "Web", Some(End::Done)));
        journal.write(with_parts(2, "db", &["WEB", "db"]));
        journal.write(with_parts(3, "shop", &["db"]));
        // At its beginning nobody has a part yet.
        journal.write(record(4, "shop", None));
        journal.flush();
        journal.write(with_parts(4, "shop", &["web", "db"]));
        journal.flush();
        assert_eq!(numbers_of(journal, &["web"], None), [4, 2, 1]);
        assert_eq!(numbers_of(journal, &["web"], Some(4)), [2, 1]);
        assert_eq!(numbers_of(journal, &["db"], None), [4, 3, 2]);
        assert_eq!(numbers_of(journal, &["shop", "web"], None), [4, 3, 2]);
        assert!(numbers_of(journal, &["nobody"], None).is_empty());
    });
}

/// The file as the version before wrote it.
#[test]
fn an_older_journal_is_read_with_everything_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    let old = Connection::open(&path).unwrap();
    old.execute_batch(&format!(
        "PRAGMA application_id = {APPLICATION_ID};
         PRAGMA user_version = 1;
         CREATE TABLE operation (
             node INTEGER NOT NULL, number INTEGER NOT NULL, at_ms INTEGER NOT NULL, verb TEXT NOT NULL,
             name TEXT NOT NULL, object TEXT NOT NULL, ended TEXT, record TEXT NOT NULL,
             PRIMARY KEY (number, node)
         ) WITHOUT ROWID;
         CREATE INDEX operation_by_name ON operation (name, number);
         CREATE INDEX operation_by_end ON operation (ended, number);"
    ))
    .unwrap();
    for record in [record(1, "Web", Some(End::Done)), with_parts(2, "db", &["web", "db"])] {
        old.execute(
            "INSERT INTO operation VALUES (1, ?1, 0, 'offline', ?2, '', 'done', ?3)",
            params![
                record.id.number.cast_signed(),
                mainstay_types::name::fold(&record.name),
                serde_json::to_string(&record).unwrap()
            ],
        )
        .unwrap();
    }
    drop(old);
    assert_eq!(look(&path).unwrap(), Some(Known { note: None, last_number: 2 }));
    for _ in 0..2 {
        let (journal, _thread) = journal(&path, whose()).unwrap();
        assert_eq!(noted(&path), Note { cluster: "one".into(), revision: Revision::new(1, 1), floor: 0 });
        assert_eq!(numbers_of(&journal, &["web"], None), [2, 1]);
        assert_eq!(numbers_of(&journal, &["db"], None), [2]);
        assert_eq!(numbers_of(&journal, &[], None), [2, 1]);
    }
    // What is deleted leaves nothing behind.
    let disk = Connection::open(&path).unwrap();
    disk.execute("DELETE FROM operation WHERE number = 2", []).unwrap();
    let left: i64 =
        disk.query_row("SELECT count(*) FROM concerned WHERE number = 2", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
    // One of a version to come is left alone.
    disk.pragma_update(None, "user_version", SCHEMA_VERSION + 1).unwrap();
    drop(disk);
    assert!(matches!(journal(&path, whose()).err().unwrap(), JournalError::Foreign { .. }));
}

#[test]
fn another_database_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE other (x)").unwrap();
    let error = journal(&path, whose()).err().unwrap();
    assert!(matches!(error, JournalError::Foreign { .. }), "{error}");
    for bytes in [b"hello\n".as_slice(), &[7; 5000]] {
        fs::write(&path, bytes).unwrap();
        let error = journal(&path, whose()).err().unwrap().to_string();
        assert!(error.contains("move it") && error.contains("journal.db"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

fn noted(path: &Path) -> Note {
    look(path).unwrap().unwrap().note.unwrap()
}

fn files(dir: &Path) -> BTreeMap<std::ffi::OsString, Vec<u8>> {
    let all = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    // What index there is belongs to who has the file open.
    let all = all.filter(|entry| !entry.path().to_string_lossy().ends_with("-shm"));
    all.map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap())).collect()
}

/// The files as a crash leaves them.
fn crashed(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    for (name, bytes) in files(from) {
        fs::write(to.path().join(name), bytes).unwrap();
    }
    to
}

#[test]
fn what_the_database_has_on_the_disk_is_noted_with_each_record() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    assert_eq!(look(&path).unwrap(), None);
    let durable = Durable::new(Revision::new(1, 7));
    let (journal, thread) = journal(&path, Whose { durable: durable.clone(), ..whose() }).unwrap();
    let handle = thread.start(|_| {}).unwrap();
    assert_eq!(noted(&path).revision, Revision::new(1, 7));
    for (number, revision) in [(1, Revision::new(1, 9)), (2, Revision::new(2, 3))] {
        durable.raise(revision);
        journal.write(record(number, "web", Some(End::Done)));
        journal.flush();
        let copy = crashed(dir.path());
        let path = copy.path().join("journal.db");
        let before = files(copy.path());
        let known =
            Known { note: Some(Note { cluster: "one".into(), revision, floor: 0 }), last_number: number };
        assert_eq!(look(&path).unwrap(), Some(known));
        assert_eq!(files(copy.path()), before, "a look changes nothing");
    }
    // What came without a record is known after an orderly end.
    durable.raise(Revision::new(2, 4));
    journal.end();
    handle.join().unwrap();
    assert_eq!(noted(&path).revision, Revision::new(2, 4));
}

#[test]
fn ends_that_only_the_database_knows_of_are_missed_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    let (first, thread) = journal(&path, whose()).unwrap();
    let handle = thread.start(|_| {}).unwrap();
    for (number, end) in [(1, Some(End::Done)), (2, None), (4, Some(End::Done))] {
        first.write(record(number, "web", end));
    }
    first.end();
    handle.join().unwrap();
    drop(first);
    let open = |numbers: &[u64], node: u32| {
        let ids = numbers.iter().map(|number| OperationId { node: NodeId(node), number: *number });
        let forgotten: BTreeSet<OperationId> = ids.collect();
        let whose = Whose { forgotten: &forgotten, unknown_number: 1_000, ..whose() };
        let (journal, _thread) = journal(&path, whose).unwrap();
        let all = journal.read(&JournalQuery { limit: 100, ..JournalQuery::default() }).unwrap();
        all.into_iter().filter(|record| record.verb == Verb::Recover).collect::<Vec<_>>()
    };
    // Another node's are in another journal.
    for (numbers, node) in [(&[][..], 1), (&[1, 4], 1), (&[2, 3], 2)] {
        assert_eq!(open(numbers, node), []);
    }
    let told = open(&[1, 2, 3, 4, 9], 1);
    let [lost] = &told[..] else { panic!("{told:?}") };
    let Some(End::Failed(cause)) = &lost.end else { panic!("{lost:?}") };
    assert!(cause.text.contains("3 operations that had ended, from 1-2 to 1-9, are not in it"), "{cause}");
    assert_eq!(lost.id.number, 1_001, "behind all that may have been");
    assert_eq!(open(&[1, 2, 3, 4, 9], 1), told, "said once");
}

#[test]
fn another_clusters_journal_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    drop(journal(&path, Whose { cluster: "another", ..whose() }).unwrap());
    let before = files(dir.path());
    let error = journal(&path, whose()).err().unwrap().to_string();
    for word in ["journal.db", "cluster another", "cluster one's", "move the journal"] {
        assert!(error.contains(word), "{error}");
    }
    assert_eq!(files(dir.path()), before);
    // Whose it is has to be believed; so a bit that has changed there is seen.
    for column in ["cluster_id = 'one'", "revision = revision + 1", "floor = 9"] {
        fs::remove_file(&path).unwrap();
        drop(journal(&path, Whose { cluster: "another", ..whose() }).unwrap());
        Connection::open(&path).unwrap().execute(&format!("UPDATE database SET {column}"), []).unwrap();
        let error = look(&path).unwrap_err();
        assert!(error.is_damage() && error.to_string().contains("checksum"), "{error}");
    }
}

#[test]
fn a_new_journal_of_an_old_cluster_gives_no_number_out_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    for unknown_number in [5_000, 9_000] {
        let (journal, _thread) = journal(&path, Whose { unknown_number, ..whose() }).unwrap();
        assert_eq!(journal.last_number().unwrap(), 5_000, "only the first makes it");
    }
}

#[test]
fn a_record_that_cannot_be_read_hides_no_other() {
    with_journal(|journal, _| {
        for number in 1..=3 {
            journal.write(record(number, "web", Some(End::Done)));
        }
        journal.flush();
        let disk = Connection::open(&journal.path).unwrap();
        for text in ["substr(record, 20)", "CAST(x'ff00' AS TEXT)", "NULL || 'x'"] {
            let _ = disk.execute(&format!("UPDATE operation SET record = {text} WHERE number = 2"), []);
            let found = journal.read(&JournalQuery { limit: 10, ..JournalQuery::default() }).unwrap();
            assert_eq!(
                (&found[0], &found[2]),
                (&record(3, "web", Some(End::Done)), &record(1, "web", Some(End::Done)))
            );
            let Some(End::Failed(cause)) = &found[1].end else { panic!("{found:?}") };
            for word in ["journal.db", "is damaged", "operation 1-2", "move it"] {
                assert!(cause.text.contains(word), "{cause}");
            }
            let error = journal.find(found[1].id).unwrap_err();
            assert!(error.is_damage(), "{error}");
        }
    });
}

/// However many operations came after it, on others and on itself; under whatever name.
#[test]
fn a_story_is_found_however_far_back() {
    const OTHERS: u64 = 12_000;
    let id = ResourceId(uuid::Uuid::from_u128(7));
    let own = |number: u64, verb: Verb, name: &str, end: End| OperationRecord {
        verb,
        object: ObjectId::Resource(id),
        ..record(number, name, Some(end))
    };
    with_journal(|journal, _| {
        let mut start = with_parts(1, "old", &["old"]);
        start.parts[0].outcome = "online".into();
        journal.write(OperationRecord { verb: Verb::Online, object: ObjectId::Resource(id), ..start });
        journal.write(own(2, Verb::Rename, "old", End::Done));
        for number in 3..OTHERS {
            // Another one has the name since.
            journal.write(with_parts(number, "old", &["old"]));
        }
        for number in OTHERS..OTHERS + 20 {
            journal.write(own(number, Verb::Set, "new", End::Done));
        }
        for number in OTHERS + 20..OTHERS + 40 {
            let refused = End::Refused(Cause::new(Status::ACCESS_DENIED, "no"));
            journal.write(own(number, Verb::Online, "new", refused));
        }
        journal.flush();
        let found = journal.involving(vec![Search::everything(ObjectId::Resource(id), "new")]).unwrap();
        let numbers: Vec<u64> = found.iter().map(|record| record.id.number).collect();
        assert_eq!(numbers, [2, 1]);
    });
}

#[test]
fn what_cannot_be_read_of_a_story_is_left_out() {
    let id = ObjectId::Resource(ResourceId(uuid::Uuid::from_u128(7)));
    with_journal(|journal, _| {
        for number in 1..=3 {
            journal.write(with_parts(number, "group", &["web"]));
        }
        journal.flush();
        let disk = Connection::open(&journal.path).unwrap();
        for text in ["substr(record, 20)", "CAST(x'ff00' AS TEXT)"] {
            let _ = disk.execute(&format!("UPDATE operation SET record = {text} WHERE number = 2"), []);
            let found = journal.involving(vec![Search::everything(id.clone(), "web")]).unwrap();
            let numbers: Vec<u64> = found.iter().map(|record| record.id.number).collect();
            assert_eq!(numbers, [3, 1]);
        }
    });
}

#[test]
fn a_damaged_page_hides_only_what_is_on_it() {
    const RECORDS: u64 = 400;
    const PAGE_BYTES: usize = 4096;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    let (whole, thread) = journal(&path, whose()).unwrap();
    let handle = thread.start(|_| {}).unwrap();
    for number in 1..=RECORDS {
        whole.write(record(number, &format!("name-{number}-"), Some(End::Done)));
    }
    whole.end();
    handle.join().unwrap();
    drop(whole);
    let bytes = fs::read(&path).unwrap();
    for victim in [1, RECORDS / 2, RECORDS] {
        let name = format!("\"name\":\"name-{victim}-\"");
        let at = bytes.windows(name.len()).position(|part| part == name.as_bytes()).unwrap();
        let page = at / PAGE_BYTES * PAGE_BYTES;
        let mut damaged = bytes.clone();
        damaged[page..page + PAGE_BYTES].fill(0xA5);
        fs::write(&path, damaged).unwrap();
        let Ok((journal, _thread)) = journal(&path, whose()) else { panic!("{victim}") };
        let found = journal.read(&JournalQuery { limit: 1000, ..JournalQuery::default() }).unwrap();
        let (told, read): (Vec<_>, Vec<_>) = found.iter().partition(|found| found.verb == Verb::Recover);
        assert!(read.len() as u64 > RECORDS - 40, "{victim}: {} are left", read.len());
        assert!(!told.is_empty() && told.len() < 4, "{victim}: {told:?}");
        assert!(format!("{told:?}").contains("journal.db is damaged"), "{told:?}");
        let near = journal.read(&JournalQuery {
            subjects: vec![format!("name-{}-", RECORDS / 4)],
            limit: 5,
            before: None,
        });
        assert_eq!(near.unwrap()[0].id.number, RECORDS / 4, "{victim}");
    }
    // Cut off, what is gone is told likewise.
    for part in 1..4 {
        fs::write(&path, &bytes[..bytes.len() * part / 4]).unwrap();
        let found = journal(&path, whose())
            .and_then(|(journal, _)| journal.read(&JournalQuery { limit: 1000, ..JournalQuery::default() }));
        let told = match found {
            Ok(found) => format!("{:?}", found.iter().find(|found| found.verb == Verb::Recover)),
            Err(error) => error.to_string(),
        };
        assert!(told.contains("journal.db is damaged") && told.contains("move it"), "{part}/4: {told}");
    }
}

#[test]
fn damage_in_the_log_is_told_by_a_record_and_no_number_is_given_out_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    let (whole, thread) = journal(&path, whose()).unwrap();
    let handle = thread.start(|_| {}).unwrap();
    for number in 1..=8 {
        whole.write(record(number, "web", Some(End::Done)));
        // Each in a transaction of its own.
        whole.flush();
    }
    let log = beside(&path, "-wal");
    let used = fs::read(&log).unwrap().len();
    for at in [50, used / 3, used / 2] {
        let copy = crashed(dir.path());
        let path = copy.path().join("journal.db");
        let mut bytes = fs::read(&log).unwrap();
        bytes[at] ^= 4;
        fs::write(beside(&path, "-wal"), bytes).unwrap();
        for _ in 0..2 {
            let (journal, _thread) = journal(&path, Whose { unknown_number: 1_000, ..whose() }).unwrap();
            assert_eq!(journal.last_number().unwrap(), 1_001, "at {at}");
            let found = journal.read(&JournalQuery { limit: 10, ..JournalQuery::default() }).unwrap();
            assert!(found.len() < 9, "at {at}");
            assert!(
                format!("{:?}", found[0].end).contains("-wal file is not whole"),
                "at {at}: {:?}",
                found[0]
            );
        }
    }
    whole.end();
    handle.join().unwrap();
}
