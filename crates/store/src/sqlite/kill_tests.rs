//! A process that commits is killed with SIGKILL, again and again; what it had acknowledged is there.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::{OpenError, Options, SqliteStore};
use crate::{KeyRange, Op, Store, Transaction, read_all};

/// Tells the test binary, started again, that it is the one to be killed, and where its database is.
const DATABASE: &str = "MAINSTAY_STORE_KILL_DATABASE";
/// Should nobody kill it, it ends by itself.
const COMMITS_MAX: u64 = 100_000;

/// Acknowledgements awaited before each kill. The kill itself lands anywhere in the commits after them.
const ROUNDS: [usize; 12] = [1, 2, 3, 7, 1, 19, 5, 40, 1, 11, 300, 2];

/// The process to be killed: not a test of its own.
#[test]
#[ignore = "run by the test below in a process of its own"]
fn commit_until_killed() {
    let path = std::env::var_os(DATABASE).unwrap();
    let mut store = SqliteStore::open(Path::new(&path), Options::default()).unwrap();
    let mut out = std::io::stdout();
    for _ in 0..COMMITS_MAX {
        let next = (store.revision().unwrap().revision + 1).to_string();
        let mut ops = vec![Op::put("left", next.clone()), Op::put("right", next.clone())];
        if next.ends_with('0') {
            // Larger than a page, so that a transaction is many of them.
            ops.push(Op::put("big", vec![b'x'; 30_000]));
        }
        let done = store.commit(Transaction::unconditional(ops)).unwrap();
        writeln!(out, "acknowledged {}", done.revision.revision).unwrap();
        out.flush().unwrap();
    }
}

fn start(path: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "--ignored", "--nocapture", "sqlite::kill_tests::commit_until_killed"]);
    command.env(DATABASE, path).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

fn number(line: &str) -> Option<u64> {
    // The test runner may have put its own words before the first one.
    line.rsplit_once("acknowledged ")?.1.parse().ok()
}

#[test]
fn what_a_killed_process_acknowledged_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cluster.db");
    drop(SqliteStore::create(&path, "kill", Options::default()).unwrap());
    let mut before = 0;
    for acknowledgements in ROUNDS {
        let mut child = start(&path);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut last = lines.by_ref().filter_map(|line| number(&line)).nth(acknowledgements - 1).unwrap();
        // While it lives, nobody else gets in, and the message names it.
        let refused = SqliteStore::open(&path, Options::default()).unwrap_err();
        assert!(matches!(&refused, OpenError::InUse { .. }), "{refused}");
        assert!(refused.to_string().contains(&format!("process {}", child.id())), "{refused}");
        child.kill().unwrap();
        child.wait().unwrap();
        // What it said between the count and its death counts too.
        last = lines.filter_map(|line| number(&line)).last().unwrap_or(last);

        let mut store = SqliteStore::open(&path, Options::default()).unwrap();
        let revision = store.revision().unwrap().revision;
        assert!(
            last > before && (last..=last + 1).contains(&revision),
            "acknowledged {last}, found {revision}"
        );
        let (entries, _) = read_all(&mut store, &KeyRange::all()).unwrap();
        for entry in entries.iter().filter(|entry| entry.key != b"big") {
            assert_eq!(entry.value, revision.to_string().into_bytes());
        }
        before = revision;
    }
}
