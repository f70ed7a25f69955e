//! Brings back into the leaf what has left it.
//!
//! The guard's hard stop reaches the leaf only, and takes an empty one for a proof. So a program that has left its
//! cgroup is moved back when that is noticed. At a check, only what has gone to the same place with the program comes
//! along: a container in a cgroup of its own keeps that, with its limits. At a stop, everything that descends from
//! the program does, as far as the kernel still knows.

use std::collections::HashSet;

use mainstay_process::strays::{descendants, hold_child, place_of};
use mainstay_process::{CgroupError, Leaf, Process};

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
    let away = if inside.contains(&program.pid()) { None } else { place_of(program.pid()) };
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
            let goes = !inside.contains(&pid) && (whom == Whom::All || place_of(pid) == away);
            // Held while it is moved, so that its number does not become a stranger's.
            let held = if goes { hold_child(parent, pid) } else { None };
            if held.is_some() && leaf.adopt(pid).is_ok() {
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
