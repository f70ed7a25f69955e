//! Processes of a resource that have left its leaf: how they are known, and how they are brought back.
//!
//! An empty leaf is no proof that nothing of a resource runs: a program may move itself to another control group, or be
//! moved. What belongs to a resource all the same is known by three things:
//!
//! - the [`Mark`] in its environment, with which the resource's program was started and which children inherit;
//! - being the process that the resource's [state file](crate::state_file) names;
//! - descending from one of these.
//!
//! A process that has cleared its environment and whose parent has ended is known by nothing.
//!
//! Anybody can write anything into the environment of a process of his own. That it is taken for a resource's then harms
//! only himself: what runs with more rights than the one who has started it, by a set-user-id bit, does not count.

mod mark;

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use mainstay_types::{ClusterId, ResourceId};

use crate::cgroup::{CgroupError, Leaf};
use crate::layout;
use crate::process::Process;
use crate::signal::Signal;
use crate::state_file;

pub use mark::Mark;

/// As much of an environment as is looked through, in bytes. The kernel lets arguments and environment have a quarter of
/// the stack's limit together, which is 2 MiB by default.
const ENVIRONMENT_LENGTH_MAX: u64 = 2 * 1024 * 1024;

/// As many descendants of one process as are brought back in one turn: more are found in the next.
const DESCENDANTS_MAX: usize = 1024;

/// Our own programs. One that was started by a resource's program has the mark, and yet acts for a cluster of its own.
const OWN_PROGRAMS: [&str; 5] =
    ["mainstayd", "mainstay", "mainstay-guard", "mainstay-host", "mainstay-host-foreign"];

/// A process with a mark, wherever it runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Marked {
    /// Its number when it was seen.
    pub pid: i32,
    /// What it is marked with.
    pub mark: Mark,
}

/// Every process that is marked with this cluster: one pass over all processes of the machine. What this process may not
/// look at is left out.
///
/// # Errors
///
/// The processes cannot be listed.
pub fn of_cluster(cluster: ClusterId) -> io::Result<Vec<Marked>> {
    let mut environment = Vec::new();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")?.filter_map(Result::ok) {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        if let Some(mark) = mark_of(pid, &mut environment).filter(|mark| mark.cluster == cluster) {
            found.push(Marked { pid, mark });
        }
    }
    Ok(found)
}

/// The processes marked with this cluster whose leaf was in another tree than this one and that are not in this one
/// now: a pass over all processes. Each with the tree in which it was started.
///
/// # Errors
///
/// The processes, or those of this tree, cannot be listed.
pub fn of_other_trees(root: &Path, cluster: ClusterId) -> Result<Vec<(i32, PathBuf)>, CgroupError> {
    let listed = of_cluster(cluster);
    let listed = listed.map_err(|source| CgroupError::io("list", Path::new("/proc"), source))?;
    let here = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
    let mut others: Vec<(i32, PathBuf)> = listed
        .into_iter()
        .filter_map(|marked| Some((marked.pid, layout::root_of(&marked.mark.leaf)?.to_owned())))
        .filter(|(_, other)| *other != root && *other != here)
        .collect();
    if !others.is_empty() {
        let inside: HashSet<i32> = Leaf::new(root).pids()?.into_iter().collect();
        others.retain(|(pid, _)| !inside.contains(pid));
    }
    Ok(others)
}

/// What of a resource runs outside of its leaf, each process held.
///
/// `marked` are processes as [`of_cluster`] has found them, the resource's own and others; each is looked at again.
///
/// # Errors
///
/// The leaf cannot be read.
pub fn of_resource(
    cluster: ClusterId,
    resource: ResourceId,
    leaf: &Leaf,
    run_dir: Option<&Path>,
    marked: &[Marked],
) -> Result<Vec<Process>, CgroupError> {
    let mut seeds: Vec<Process> = marked
        .iter()
        .filter(|marked| marked.mark.resource == resource)
        .filter_map(|marked| hold(marked.pid, cluster, resource))
        .collect();
    let named = run_dir.map(|run_dir| state_file::path(run_dir, resource));
    // A file that cannot be read names nobody, and a process that cannot be looked at is not ours.
    let named = named.and_then(|path| state_file::read(&path).ok()?);
    seeds.extend(named.and_then(|identity| Process::find(identity).ok()?));
    if seeds.is_empty() {
        return Ok(Vec::new());
    }
    let inside: HashSet<i32> = leaf.pids()?.into_iter().collect();
    let mut known = inside.clone();
    let mut strays = Vec::new();
    for seed in seeds {
        // One that descends from what is inside is found by its mark.
        if !known.insert(seed.pid()) || is_in_other_leaf(seed.pid(), resource, leaf) {
            continue;
        }
        let descendants = hold_descendants(seed.pid(), &known);
        known.extend(descendants.iter().map(Process::pid));
        strays.push(seed);
        strays.extend(descendants);
    }
    Ok(strays)
}

/// Moves strays into the leaf, or kills what cannot be moved. Answers how many are in the leaf now.
pub fn bring_back(strays: &[Process], leaf: &Leaf) -> usize {
    strays
        .iter()
        .filter(|stray| {
            let is_back = !stray.has_ended().unwrap_or(true) && leaf.adopt(stray.pid()).is_ok();
            if !is_back {
                // It may have ended in this moment.
                let _ = stray.signal(Signal::KILL);
            }
            is_back
        })
        .count()
}

/// What descends from a process, each with its parent, parents first.
pub fn descendants(pid: i32) -> Vec<(i32, i32)> {
    let mut found: Vec<(i32, i32)> = Vec::new();
    let mut known = HashSet::from([pid]);
    let (mut parent, mut next) = (pid, 0);
    loop {
        for child in children(parent) {
            if found.len() < DESCENDANTS_MAX && known.insert(child) {
                found.push((parent, child));
            }
        }
        let Some(&(_, following)) = found.get(next) else { return found };
        (parent, next) = (following, next + 1);
    }
}

/// The handle of a process, if it still is this parent's child: its number has not become a stranger's.
pub fn hold_child(parent: i32, pid: i32) -> Option<Process> {
    let held = Process::open(pid).ok()?;
    children(parent).contains(&pid).then_some(held)
}

/// Where a process is, as the kernel names it. `None`: it has gone.
pub fn place_of(pid: i32) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
    text.lines().find_map(|line| line.strip_prefix("0::")).map(str::to_owned)
}

/// Groups what a pass has found by its resource.
pub fn by_resource(marked: Vec<Marked>) -> BTreeMap<ResourceId, Vec<Marked>> {
    let mut found: BTreeMap<ResourceId, Vec<Marked>> = BTreeMap::new();
    for one in marked {
        found.entry(one.mark.resource).or_default().push(one);
    }
    found
}

/// The handle of a process that is marked with this resource now.
fn hold(pid: i32, cluster: ClusterId, resource: ResourceId) -> Option<Process> {
    // First the handle, then the look: the number may have become another's since it was seen.
    let held = Process::open(pid).ok()?;
    let mark = mark_of(pid, &mut Vec::new())?;
    let is_its = mark.cluster == cluster && mark.resource == resource;
    (is_its && !held.has_ended().ok()?).then_some(held)
}

/// The mark of a process, if it is safe to believe.
fn mark_of(pid: i32, environment: &mut Vec<u8>) -> Option<Mark> {
    environment.clear();
    let file = File::open(format!("/proc/{pid}/environ")).ok()?;
    file.take(ENVIRONMENT_LENGTH_MAX).read_to_end(environment).ok()?;
    let mark = Mark::parse(environment)?;
    (has_rights_of_its_starter(pid) && !is_own_program(pid)).then_some(mark)
}

/// Whether no set-user-id bit has given it other rights than it was started with.
fn has_rights_of_its_starter(pid: i32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/status")).is_ok_and(|status| has_one_user(&status))
}

/// Whether real, effective and saved user are one, by the lines of `/proc/PID/status`.
fn has_one_user(status: &str) -> bool {
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    let users: Vec<&str> = line.unwrap_or_default().split_ascii_whitespace().take(3).collect();
    matches!(users[..], [real, effective, saved] if real == effective && effective == saved)
}

fn is_own_program(pid: i32) -> bool {
    let program = fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
    let name = program.file_name().and_then(OsStr::to_str).unwrap_or_default();
    // The file may have been replaced since it was started.
    OWN_PROGRAMS.contains(&name.trim_end_matches(" (deleted)"))
}

/// Whether it is in a leaf that the resource has in another group's slice of the same tree, since it was moved.
fn is_in_other_leaf(pid: i32, resource: ResourceId, leaf: &Leaf) -> bool {
    let Some(root) = layout::root_of(leaf.path()) else { return false };
    let Some(place) = place_of(pid) else { return false };
    let mut names = Path::new(&place).components().filter_map(|name| name.as_os_str().to_str());
    let group = names.find_map(layout::parse_group);
    let is_its = names.next().and_then(layout::parse_resource) == Some(resource);
    let other = group.filter(|_| is_its).map(|group| Leaf::new(layout::resource(root, group, resource)));
    other.is_some_and(|other| other.pids().is_ok_and(|pids| pids.contains(&pid)))
}

fn hold_descendants(pid: i32, known: &HashSet<i32>) -> Vec<Process> {
    descendants(pid)
        .into_iter()
        .filter(|(_, child)| !known.contains(child))
        .filter_map(|(parent, child)| hold_child(parent, child))
        .collect()
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

#[cfg(test)]
mod tests;
