//! Brings back into the leaf what has left it.
//!
//! The guard's hard stop reaches the leaf only, and takes an empty one for a proof. So a program that has left its
//! cgroup is moved back when that is noticed. At a check, only what has gone to the same place with the program comes
//! along: a container in a cgroup of its own keeps that, with its limits. At a stop, everything that descends from
//! the program does, as far as the kernel still knows.

use std::collections::HashSet;
use std::fs;

use mainstay_process::{CgroupError, Leaf, Process};

/// As many processes as one turn looks at: more are not brought back in it.
const PROCESSES_MAX: usize = 1024;

/// How often it is looked for what was started elsewhere meanwhile.
const TURNS_MAX: usize = 3;

/// Who is brought back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Whom {
    /// The program, if it has left, and what is in the same cgroup with it.
    Companions,
    /// The program and everything that descends from it.
    All,
}

/// Brings the program and its descendants back, and answers which processes.
pub(super) fn bring_back(program: &Process, leaf: &Leaf, whom: Whom) -> Result<Vec<i32>, CgroupError> {
    let mut brought = Vec::new();
    let mut inside: HashSet<i32> = leaf.pids()?.into_iter().collect();
    let away = if inside.contains(&program.pid()) { None } else { place(program.pid()) };
    if whom == Whom::Companions && away.is_none() {
        return Ok(brought);
    }
    if !inside.contains(&program.pid()) && !program.has_ended().unwrap_or(true) {
        // First the program: what it starts from now on is inside.
        leaf.adopt(program.pid())?;
        inside.insert(program.pid());
        brought.push(program.pid());
    }
    for _ in 0..TURNS_MAX {
        let before = brought.len();
        for (parent, pid) in descendants(program.pid()) {
            let goes = !inside.contains(&pid) && (whom == Whom::All || place(pid) == away);
            // The handle, then the look at its parent: the number has not become a stranger's.
            let held = if goes { Process::open(pid).ok() } else { None };
            if held.is_some() && children(parent).contains(&pid) && leaf.adopt(pid).is_ok() {
                inside.insert(pid);
                brought.push(pid);
            }
        }
        if brought.len() == before {
            break;
        }
    }
    Ok(brought)
}

/// Where a process is, as the kernel names it. `None`: it has gone.
fn place(pid: i32) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
    text.lines().find_map(|line| line.strip_prefix("0::")).map(str::to_owned)
}

/// What descends from a process, each with its parent, parents first.
fn descendants(pid: i32) -> Vec<(i32, i32)> {
    let mut found: Vec<(i32, i32)> = Vec::new();
    let mut known = HashSet::from([pid]);
    let (mut parent, mut next) = (pid, 0);
    loop {
        for child in children(parent) {
            if found.len() < PROCESSES_MAX && known.insert(child) {
                found.push((parent, child));
            }
        }
        let Some(&(_, following)) = found.get(next) else { return found };
        (parent, next) = (following, next + 1);
    }
}

/// The children of a process, of all its threads. None where the kernel does not list them.
fn children(pid: i32) -> Vec<i32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    threads
        .filter_map(Result::ok)
        .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|text| {
            text.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect::<Vec<_>>()
        })
        .collect()
}
