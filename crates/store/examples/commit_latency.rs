//! How much a commit through the store costs beside a bare durable SQLite commit of the same size.
//!
//! ```text
//! cargo run --release -p mainstay-store --features sqlite --example commit_latency [DIRECTORY]
//! ```
//!
//! The directory should lie on the disk that counts; it is the current one by default. Both kinds of commit take
//! turns, so that both meet the same disk.

use std::error::Error;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use mainstay_store::sqlite::{Options, SqliteStore};
use mainstay_store::{Compare, Op, Store, Transaction};
use rusqlite::{Connection, params};

const COMMITS: usize = 1000;
/// Not counted: files grow and caches fill.
const WARM_UP: usize = 100;
const VALUE: &str = r#"{"name":"PersistentState","type":"dword","data":1,"written":1763800000000}"#;
/// Keys that take turns, like the resources of a cluster.
const KEYS: usize = 100;

fn main() -> Result<(), Box<dyn Error>> {
    let parent = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("."), PathBuf::from);
    let directory = tempfile::tempdir_in(parent)?;
    let bare = bare_database(&directory.path().join("bare.db"))?;
    let mut store = SqliteStore::create(&directory.path().join("store.db"), "latency", Options::default())?;
    let mut floor = Vec::with_capacity(COMMITS);
    let mut ours = Vec::with_capacity(COMMITS);
    for number in 0..WARM_UP + COMMITS {
        let key = format!(r"registry\resources\{:032x}\\persistentstate", number % KEYS);
        let begun = Instant::now();
        bare_commit(&bare, &key)?;
        let bare_took = begun.elapsed();

        let begun = Instant::now();
        let revision = store.revision()?;
        let compares = vec![Compare::absent(format!("op/{revision}"))];
        let done =
            store.commit(Transaction { compares, then: vec![Op::put(key, VALUE)], otherwise: vec![] })?;
        let store_took = begun.elapsed();
        if !done.succeeded || done.revision != revision.next() {
            return Err(format!("commit {number} went wrong: {done:?}").into());
        }
        if number >= WARM_UP {
            floor.push(bare_took);
            ours.push(store_took);
        }
    }
    println!("{COMMITS} commits of one key of 58 and one value of {} bytes", VALUE.len());
    println!("{:>12} {:>12} {:>12} {:>8}", "", "bare SQLite", "store", "ratio");
    for (name, percent) in [("p50", 50), ("p99", 99)] {
        let (floor, ours) = (percentile(&mut floor, percent), percentile(&mut ours, percent));
        println!("{name:>12} {floor:>12.1?} {ours:>12.1?} {:>8.2}", ours.as_secs_f64() / floor.as_secs_f64());
    }
    Ok(())
}

/// The floor: one table, one row a commit, the same durability.
fn bare_database(path: &std::path::Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.query_row("PRAGMA journal_mode = WAL", (), |_| Ok(()))?;
    connection.execute_batch(
        "PRAGMA synchronous = FULL; CREATE TABLE log (id INTEGER PRIMARY KEY, key TEXT, value TEXT)",
    )?;
    Ok(connection)
}

fn bare_commit(connection: &Connection, key: &str) -> rusqlite::Result<usize> {
    connection.prepare_cached("INSERT INTO log (key, value) VALUES (?1, ?2)")?.execute(params![key, VALUE])
}

fn percentile(samples: &mut [Duration], percent: usize) -> Duration {
    samples.sort();
    samples[(samples.len() - 1) * percent / 100]
}
