//! Files of a cluster that have lost something or do not belong together: never served as if nothing were, and left as they
//! are when they are refused.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use mainstay_tests::{TestCluster, kill, output_of, program};
use mainstay_types::operation::{End, OperationRecord, Verb};

const PAGE_BYTES: usize = 4096;
const LOG_HEADER_BYTES: usize = 32;
const LOG_FRAME_BYTES: usize = 24 + PAGE_BYTES;

type Files = BTreeMap<String, Vec<u8>>;

/// Everything in the data directory. Left out: the index of who has a file open, and the lock, which says who looked last.
fn files(directory: &Path) -> Files {
    let mut all = Files::new();
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.ends_with("-shm") && !name.ends_with(".lock") {
            all.insert(name, fs::read(entry.path()).unwrap());
        }
    }
    all
}

/// Makes these the only files there.
fn put(directory: &Path, files: &Files) {
    for entry in fs::read_dir(directory).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    for (name, bytes) in files {
        fs::write(directory.join(name), bytes).unwrap();
    }
}

/// With one file changed, or taken away.
fn with(files: &Files, name: &str, change: impl FnOnce(&[u8]) -> Option<Vec<u8>>) -> Files {
    let mut changed = files.clone();
    match change(&files[name]) {
        Some(bytes) => changed.insert(name.to_owned(), bytes),
        None => changed.remove(name),
    };
    changed
}

/// A start with these files is refused with these words, and changes none of them.
#[track_caller]
fn refused(cluster: &TestCluster, what: &str, changed: &Files, words: &[&str]) {
    put(&cluster.data_dir(), changed);
    let config = cluster.write_config();
    let output = output_of(Command::new(program("mainstayd")).arg("--config").arg(config));
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{what}: {message}");
    for word in words {
        assert!(message.contains(word), "{what}: {message:?} lacks {word:?}");
    }
    let after = files(&cluster.data_dir());
    let differ: Vec<_> =
        changed.keys().chain(after.keys()).filter(|name| changed.get(*name) != after.get(*name)).collect();
    assert!(differ.is_empty(), "{what} has changed {differ:?}: {message}");
}

fn groups(cluster: &TestCluster) -> Vec<String> {
    let mut names: Vec<String> =
        cluster.glance_all().groups.iter().map(|group| group.name.to_string()).collect();
    names.sort_unstable();
    names
}

fn journal(cluster: &TestCluster) -> Vec<OperationRecord> {
    let records = cluster.client().journal(None, Some(1000), None).unwrap();
    records.iter().map(|record| serde_json::from_str(record).unwrap()).collect()
}

fn newest_number(cluster: &TestCluster) -> u64 {
    journal(cluster).iter().map(|record| record.id.number).max().unwrap()
}

/// How many bytes of a log hold something.
fn used(log: &[u8]) -> usize {
    log.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
}

/// The older state that was accepted is served, and no number is given out again.
#[track_caller]
fn check_left(cluster: &TestCluster, names: &[String], newest: u64) {
    let left = groups(cluster);
    assert!(left.len() < names.len() && names.starts_with(&left), "{left:?}");
    cluster.client().create_group("z-after").unwrap();
    assert!(newest_number(cluster) > newest);
}

#[test]
fn a_database_that_has_lost_acknowledged_changes_is_refused() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    cluster.client().create_group("group-0").unwrap();
    cluster.kill_service();
    let earlier = files(&cluster.data_dir());
    cluster.start_service();
    let names: Vec<String> = (0..8).map(|number| format!("group-{number}")).collect();
    for name in &names[1..] {
        cluster.client().create_group(name).unwrap();
    }
    // Reading the journal waits until all of it is written.
    let newest = newest_number(&cluster);
    cluster.kill_service();
    let whole = files(&cluster.data_dir());
    let log = "cluster.db-wal";
    let used = used(&whole[log]);
    let frames = (used - LOG_HEADER_BYTES).div_ceil(LOG_FRAME_BYTES);
    assert!(frames > 8, "{frames} frames");
    let frame = |number: usize| LOG_HEADER_BYTES + number * LOG_FRAME_BYTES;

    let lost = ["cluster.db", "has lost changes", "journal.db", "restore a backup", "move the journal"];
    for eighths in 1..8 {
        let cut = with(&whole, log, |bytes| Some(bytes[..used * eighths / 8].to_vec()));
        refused(&cluster, &format!("cut to {eighths}/8"), &cut, &lost);
    }
    // Without its log it is refused whatever the journal knows.
    let missing = ["cluster.db was not ended cleanly", "-wal file", "restore a backup", "--without-log"];
    refused(&cluster, "no log", &with(&whole, log, |_| None), &missing);
    refused(&cluster, "an empty log", &with(&whole, log, |_| Some(Vec::new())), &missing);
    let mut copied = whole.clone();
    copied.retain(|name, _| !name.ends_with("-wal"));
    refused(&cluster, "a copy of *.db", &copied, &missing);
    let zeroed = |from: usize| {
        with(&whole, log, |bytes| {
            let mut bytes = bytes.to_vec();
            bytes[from..].fill(0);
            Some(bytes)
        })
    };
    for last in [1, 3, frames] {
        refused(&cluster, &format!("last {last} frames zeroed"), &zeroed(frame(frames - last)), &lost);
    }
    refused(&cluster, "log zeroed", &zeroed(0), &missing);
    let flipped = with(&whole, log, |bytes| {
        let mut bytes = bytes.to_vec();
        bytes[frame(frames - 1) + 100] ^= 1;
        Some(bytes)
    });
    refused(&cluster, "a bit of the last frame", &flipped, &lost);
    // Put together by SQLite, it is no whole database or an older one.
    let older = with(&whole, log, |_| Some(earlier[log].clone()));
    refused(&cluster, "an older log", &older, &["cluster.db"]);
    let older = with(&older, "cluster.db", |_| Some(earlier["cluster.db"].clone()));
    refused(&cluster, "an older database with its log", &older, &lost);

    // Whoever wants to go on without them says so, and nothing is given out twice.
    let mut accepted = with(&whole, log, |bytes| Some(bytes[..used / 2].to_vec()));
    accepted.retain(|name, _| !name.starts_with("journal.db"));
    put(&cluster.data_dir(), &accepted);
    cluster.start_service();
    check_left(&cluster, &names, newest);
    cluster.kill_service();
    // The same where the log is missing.
    let (database, data_dir) = (cluster.data_dir().join("cluster.db"), cluster.data_dir());
    let (database, data_dir) = (database.to_str().unwrap(), data_dir.to_str().unwrap());
    let restore = ["cluster", "restore", database, "--data-dir", data_dir, "--without-log"];
    put(&cluster.data_dir(), &whole);
    let (code, _, said) = cluster.mainstay_code(&restore);
    assert!(code == 1 && said.contains("has its log beside it"), "{said}");
    put(&cluster.data_dir(), &copied);
    let (code, _, said) = cluster.mainstay_code(&restore[..5]);
    assert!(code == 1 && said.contains("--without-log"), "{said}");
    let (code, _, said) = cluster.mainstay_code(&restore);
    assert!(code == 0 && said.contains("it was in the lost log"), "{said}");
    cluster.start_service();
    check_left(&cluster, &names, newest);
    cluster.kill_service();
    put(&cluster.data_dir(), &whole);
    cluster.start_service();
    assert_eq!(groups(&cluster), names);
}

#[test]
fn what_has_lost_changes_can_be_restored_and_a_copy_of_everything_served() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    cluster.client().create_group("kept").unwrap();
    let backup = cluster.file("backup");
    cluster.mainstay(&["cluster", "backup", backup.to_str().unwrap()]);
    cluster.client().create_group("later").unwrap();
    let newest = newest_number(&cluster);
    let guard = cluster.guard();
    cluster.kill_service();
    let whole = files(&cluster.data_dir());
    put(&cluster.data_dir(), &whole);
    cluster.start_service();
    assert_eq!(groups(&cluster), ["kept", "later"]);
    cluster.kill_service();
    kill(&guard);
    put(&cluster.data_dir(), &with(&whole, "cluster.db-wal", |_| None));
    let (file, data_dir) = (backup.display().to_string(), cluster.data_dir().display().to_string());
    let (code, _, said) = cluster.mainstay_code(&["cluster", "restore", &file, "--data-dir", &data_dir]);
    assert!(code == 0 && said.contains("was not ended cleanly"), "{said}");
    cluster.start_service();
    assert_eq!(groups(&cluster), ["kept"]);
    assert!(newest_number(&cluster) > newest);
}

#[test]
fn files_of_another_cluster_are_refused() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    let Some(mut other) = TestCluster::start_or_skip() else { return };
    for (cluster, name) in [(&mut cluster, "own"), (&mut other, "foreign")] {
        cluster.client().create_group(name).unwrap();
        cluster.kill_service();
    }
    let (whole, foreign) = (files(&cluster.data_dir()), files(&other.data_dir()));
    for (names, words) in [
        (["cluster.db-wal"].as_slice(), ["cluster.db"].as_slice()),
        (&["cluster.db"], &["cluster.db"]),
        (&["cluster.db", "cluster.db-wal"], &["journal.db is that of cluster", "move the journal"]),
        (&["journal.db", "journal.db-wal"], &["journal.db is that of cluster", "move the journal"]),
    ] {
        let mut mixed = whole.clone();
        for name in names {
            mixed.insert((*name).to_owned(), foreign[*name].clone());
        }
        refused(&cluster, &format!("another's {names:?}"), &mixed, words);
    }
    put(&cluster.data_dir(), &whole);
    cluster.start_service();
    assert_eq!(groups(&cluster), ["own"]);
}

#[test]
fn a_start_that_the_node_file_refuses_leaves_the_log_as_it_is() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    cluster.client().create_group("g").unwrap();
    cluster.kill_service();
    let whole = files(&cluster.data_dir());
    for text in ["", "x", "2 node1\n", "1 other\n", "1 \u{fffd}\n", "-1 node1", "1 node1 node1\n"] {
        let changed = with(&whole, "node", |_| Some(text.as_bytes().to_vec()));
        refused(&cluster, text, &changed, &["node"]);
    }
    refused(&cluster, "no file", &with(&whole, "node", |_| None), &["node"]);
    put(&cluster.data_dir(), &whole);
    cluster.start_service();
    assert_eq!(groups(&cluster), ["g"]);
}

#[test]
fn ids_are_not_given_out_again_when_the_journal_is_gone() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("g", "app", "sleep 1000");
    let newest = newest_number(&cluster);
    assert!(newest < 1000, "a new cluster begins at 1");
    // A host would tell of the newest that it had orders of.
    kill(&cluster.pool_host());
    let mut given_out = newest;
    // Also within one second.
    for name in ["h", "i", "j"] {
        cluster.stop_service();
        fs::remove_file(cluster.data_dir().join("journal.db")).unwrap();
        cluster.start_service();
        cluster.client().create_group(name).unwrap();
        for _ in 0..8 {
            cluster.client().create_group(name).unwrap_err();
        }
        let after = journal(&cluster);
        assert!(!after.is_empty() && after.iter().all(|record| record.id.number > given_out), "{after:?}");
        given_out = newest_number(&cluster);
    }
}

/// SQLite takes what is left of a journal without its log for all that there was. The database knows better.
#[test]
fn a_journal_that_has_lost_its_log_says_so() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    cluster.client().create_group("group-0").unwrap();
    cluster.kill_service();
    let earlier = files(&cluster.data_dir());
    cluster.start_service();
    for number in 1..12 {
        cluster.client().create_group(&format!("group-{number}")).unwrap();
    }
    let newest = newest_number(&cluster);
    cluster.kill_service();
    let whole = files(&cluster.data_dir());
    let log = "journal.db-wal";
    let used = used(&whole[log]);
    let zeroed = |from: usize| {
        with(&whole, log, |bytes| {
            let mut bytes = bytes.to_vec();
            bytes[from..].fill(0);
            Some(bytes)
        })
    };
    for (name, damaged) in [
        ("no log", with(&whole, log, |_| None)),
        ("an empty log", with(&whole, log, |_| Some(Vec::new()))),
        ("half a log", with(&whole, log, |bytes| Some(bytes[..used / 2].to_vec()))),
        ("a zeroed log", zeroed(0)),
        ("a log that is zeroed from some place on", zeroed(used / 2)),
        ("an older log", with(&whole, log, |_| Some(earlier[log].clone()))),
    ] {
        put(&cluster.data_dir(), &damaged);
        let mut told_at = 0;
        // It is said once, and stays said.
        for _ in 0..2 {
            cluster.start_service();
            let told = journal(&cluster);
            let lost: Vec<_> = told.iter().filter(|record| record.verb == Verb::Recover).collect();
            let [lost] = lost[..] else { panic!("{name}: {told:?}") };
            let Some(End::Failed(cause)) = &lost.end else { panic!("{name}: {lost:?}") };
            assert!(cause.text.contains("are not in it"), "{name}: {cause}");
            assert!(lost.id.number > newest && (told_at == 0 || lost.id.number == told_at), "{name}");
            told_at = lost.id.number;
            assert_eq!(groups(&cluster).len(), 12, "{name}");
            cluster.client().create_group("one more").unwrap();
            assert!(newest_number(&cluster) > told_at, "{name}");
            cluster.mainstay(&["group", "delete", "one more"]);
            cluster.kill_service();
        }
    }
    // Nothing is said where nothing is lost.
    put(&cluster.data_dir(), &whole);
    cluster.start_service();
    assert!(journal(&cluster).iter().all(|record| record.verb != Verb::Recover));
}

#[test]
fn a_damaged_journal_says_so_and_hides_nothing_else() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("g", "app", "sleep 1000");
    for _ in 0..3 {
        cluster.carry_out(Verb::Online, "app");
        cluster.carry_out(Verb::Offline, "app");
    }
    let records = journal(&cluster);
    cluster.kill_service();
    let whole = files(&cluster.data_dir());

    // In its log, the records behind it are lost.
    let log = "journal.db-wal";
    let flipped = with(&whole, log, |bytes| {
        let mut bytes = bytes.to_vec();
        bytes[LOG_HEADER_BYTES + 3000] ^= 1;
        Some(bytes)
    });
    put(&cluster.data_dir(), &flipped);
    cluster.start_service();
    let told = journal(&cluster);
    let lost = told.iter().find(|record| record.verb == Verb::Recover && record.name.is_empty()).unwrap();
    let Some(End::Failed(cause)) = &lost.end else { panic!("{lost:?}") };
    assert!(cause.text.contains("journal.db: frame") && cause.text.contains("is lost"), "{cause}");
    assert!(records.iter().all(|record| record.id.number < lost.id.number));
    cluster.carry_out(Verb::Online, "app");
    assert!(newest_number(&cluster) > lost.id.number);
    assert!(cluster.mainstay(&["journal"]).contains("-wal file is not whole"));
    cluster.kill_service();

    // In a record, that one is lost.
    put(&cluster.data_dir(), &whole);
    let victim = &records[2];
    let disk = rusqlite::Connection::open(cluster.data_dir().join("journal.db")).unwrap();
    let changed = "UPDATE operation SET record = substr(record, 9) WHERE number = ?1";
    assert_eq!(disk.execute(changed, [victim.id.number.cast_signed()]).unwrap(), 1);
    drop(disk);
    cluster.start_service();
    let shown = cluster.mainstay(&["journal"]);
    assert!(shown.contains("journal.db is damaged") && shown.contains("move it"), "{shown}");
    let left = journal(&cluster);
    for record in records.iter().filter(|record| record.id != victim.id) {
        assert!(left.contains(record), "{record:?}");
    }
    cluster.mainstay(&["explain", "app"]);
    cluster.mainstay(&["resource", "show", "app"]);
    let shown = cluster.mainstay_code(&["operation", "show", &victim.id.to_string()]);
    assert!(format!("{shown:?}").contains("journal.db is damaged"), "{shown:?}");
}
