//! A look at the cluster and its node: what could go wrong, before it does.
//!
//! Reads only. What has to be written to be measured is a file without a name, which is gone when it is closed. Each room
//! here looks at one thing and answers checks; it mends nothing.

mod clock;
mod disk;
mod files;
pub(crate) mod guard;
mod hosts;
mod libraries;
mod names;
mod networks;

use std::path::PathBuf;
use std::time::Duration;

use mainstay_types::validation::{Check, Validation, Verdict};

use crate::core::{Core, now};

/// How long hosts and the guard may take to give a sign of life. They answer from loops that wait for nobody.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// Where the service stands.
#[derive(Clone, Debug)]
pub struct Ground {
    /// The directory of database and journal.
    pub data_dir: PathBuf,
    /// The cluster database.
    pub database: PathBuf,
    /// The journal.
    pub journal: PathBuf,
    /// The directory of sockets and state of hosts and guard.
    pub run_dir: PathBuf,
    /// The control group that everything runs in.
    pub cgroup_root: PathBuf,
    /// The socket on which clients are served.
    pub socket: PathBuf,
    /// The programs that are started: guard and hosts.
    pub programs: Vec<PathBuf>,
    /// The one of them that loads libraries.
    pub host_foreign: PathBuf,
    /// Whether there is a group of administrators besides root.
    pub has_administrators: bool,
}

/// Looks at everything. Takes as long as the disk needs for some writes; off everybody's tasks.
pub fn validate(core: &Core, ground: &Ground) -> Validation {
    let mut checks = Vec::new();
    checks.extend(database(core, ground));
    checks.extend(hosts::check(core));
    checks.extend(guard::check(core, ground));
    checks.extend(libraries::check(core, &ground.host_foreign));
    checks.extend(files::check(ground));
    checks.extend(disk::check(&ground.data_dir));
    checks.extend(clock::check(core));
    checks.extend(core.read(names::check));
    checks.extend(core.read(networks::check));
    let (cluster, node) = core.read(|view| {
        let node = view.node(view.local_node()).map(|node| node.name.to_string());
        (view.cluster_name().to_owned(), node.unwrap_or_default())
    });
    Validation { cluster, node, at_ms: now().unix_ms, checks }
}

/// Whether both files can be read to their ends, by SQLite's own word.
fn database(core: &Core, ground: &Ground) -> Vec<Check> {
    const AREA: &str = "database";
    let mut checks = Vec::new();
    for (what, path) in [("cluster database", &ground.database), ("journal", &ground.journal)] {
        checks.push(match quick_check(path) {
            Ok(said) if said == "ok" => Check::ok(AREA, what, "every page of it is sound"),
            Ok(said) => Check::bad(
                Verdict::Failure,
                AREA,
                what,
                said,
                format!(
                    "make a backup of what is left, and restore '{}' from an earlier one",
                    path.display()
                ),
            ),
            Err(error) => Check::bad(
                Verdict::Warning,
                AREA,
                what,
                format!("it could not be looked through: {error}"),
                "look again later; the service itself reads it",
            ),
        });
    }
    let running = core.read(|view| view.operations());
    let oldest_ms = running.iter().map(|record| record.at_ms).min();
    checks.push(match oldest_ms.map(|at_ms| now().unix_ms.saturating_sub(at_ms)) {
        None => Check::ok(AREA, "open operations", "there are none"),
        Some(age_ms) if age_ms < OPERATION_OLD_MS => {
            Check::ok(AREA, "open operations", format!("{} run", running.len()))
        }
        Some(age_ms) => Check::bad(
            Verdict::Warning,
            AREA,
            "open operations",
            format!("{} run, the oldest for {} min", running.len(), age_ms / 60_000),
            "'mainstay status' shows what they wait for",
        ),
    });
    checks
}

/// An operation that has run for so long is worth a look.
const OPERATION_OLD_MS: u64 = 15 * 60_000;

fn quick_check(path: &std::path::Path) -> Result<String, rusqlite::Error> {
    use rusqlite::{Connection, OpenFlags};
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
}

/// How a process stands, in the kernel's word: `stopped`, `sleeping`. Empty where that cannot be read.
fn state_of(pid: u32) -> String {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("State:"));
    let word = line.and_then(|line| line.split_once('(')?.1.split_once(')'));
    word.map_or_else(String::new, |(word, _)| word.to_owned())
}

/// What lets a process answer again that does not, by how it stands.
fn way_to_answer(pid: u32, state: &str) -> String {
    match state {
        "stopped" | "tracing stop" => format!("somebody has stopped it: 'kill -CONT {pid}' lets it go on"),
        _ => format!(
            "look what keeps it: '/proc/{pid}/wchan' and '/proc/{pid}/stack', and how busy the machine is"
        ),
    }
}
