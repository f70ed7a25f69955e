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
//! Anybody can write anything into the environment of a process of his own. That it is taken for a resource's then costs
//! that process its life: what runs with more rights than the one who has started it, by a set-user-id bit, does not count.
//! That is judged of who is taken for one, and not in the pass over all processes, which reads environments and nothing else.
//! Who makes such processes faster than they can be ended keeps the resource from being proven to be stopped.
//!
//! **What a pass proves.** A marked process that was there when the pass began, and that is there when it ends, was seen.
//! It is listed by its number all the time, and its environment is there all the time but while it becomes another
//! program; such a moment is waited out. One that is made during the pass may be missed; whoever has made it was there, and
//! is seen, or the one that it has made itself before it went: processes are listed until there is none that was not looked
//! at. So what has to be gone is looked for until a pass has seen nothing of it, nowhere: what it saw in the leaf may be
//! elsewhere by then, and what has gone since may have made another. Who asks for a proof gets it from a pass that begins
//! after he has asked.
//!
//! **Whom a pass need not look at.** Whose a process is, who has started it knows without a look, as long as he has not
//! asked how it has ended: until then the kernel keeps its number for it. So he is asked first, for each process in the
//! moment in which its turn comes, and has to forget a process before he asks how it has ended. What he knows is not told
//! as found: he has to count it himself, and hold it as he does everything else that is his.

mod mark;

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use mainstay_types::{ClusterId, ResourceId};
use rustix::io::Errno;

use crate::cgroup::{CgroupError, Leaf};
use crate::layout;
use crate::process::Process;
use crate::signal::Signal;
use crate::state_file;

pub use mark::Mark;

/// As much of an environment as is looked through, in bytes: twice the longest variable that there may be. Who makes many
/// processes with more keeps nobody busy with them.
const ENVIRONMENT_LENGTH_MAX: usize = 256 * 1024;

/// As many descendants of one process as are brought back in one turn: more are found in the next.
const DESCENDANTS_MAX: usize = 1024;

/// How often processes are listed in one pass: until there is none that was not looked at. More often only where new ones
/// are made all the time.
const LISTINGS_MAX: usize = 8;

/// How often a process is looked at that is just becoming another program: it has neither arguments nor environment until
/// the kernel has laid them out. That takes far less than [`LOOK_PAUSE`], unless it has to wait for a processor meanwhile.
const LOOKS_MAX: u32 = 50;

/// How often a process is looked at, and how often each time, that has arguments and no environment, lest it was becoming
/// another program.
const EMPTY_LOOKS_MAX: u32 = 3;

/// As many threads as are looked at of a process whose first one has ended: as many as a machine has as a rule. Others that
/// have ended go away by themselves, unless a debugger has not asked how.
const THREADS_LOOKED_AT_MAX: usize = 32 * 1024;

/// Between two looks.
const LOOK_PAUSE: Duration = Duration::from_millis(1);

/// Our own programs. One that was started by a resource's program has the mark, and yet acts for a cluster of its own.
const OWN_PROGRAMS: [&str; 5] =
    ["mainstayd", "mainstay", "mainstay-guard", "mainstay-host", "mainstay-host-foreign"];

/// A process with a mark, wherever it runs. Not judged yet.
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
    of_cluster_but(cluster, |_| false)
}

/// As [`of_cluster`], without those that the caller knows: children of his that he has not asked how they have ended.
/// See the module.
///
/// # Errors
///
/// The processes cannot be listed.
pub fn of_cluster_but(cluster: ClusterId, is_known: impl Fn(i32) -> bool) -> io::Result<Vec<Marked>> {
    let (mut found, mut looked_at) = (Vec::new(), HashSet::new());
    let mut environment = Vec::new();
    for _ in 0..LISTINGS_MAX {
        let entries = fs::read_dir("/proc")?.filter_map(Result::ok);
        let listed = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        let new: Vec<i32> = listed.filter(|pid| looked_at.insert(*pid)).collect();
        if new.is_empty() {
            break;
        }
        let marked = look_at_all(new, &is_known, &mut environment);
        found.extend(marked.into_iter().filter(|marked| marked.mark.cluster == cluster));
    }
    Ok(found)
}

/// Those of the processes that have a mark.
fn look_at_all(mut pids: Vec<i32>, is_known: impl Fn(i32) -> bool, environment: &mut Vec<u8>) -> Vec<Marked> {
    let mut found = Vec::new();
    for look in 0..LOOKS_MAX {
        if look > 0 {
            thread::sleep(LOOK_PAUSE);
        }
        pids.retain(|pid| {
            !is_known(*pid)
                && match look_at(*pid, environment) {
                    Look::Marked(mark) => {
                        found.push(Marked { pid: *pid, mark });
                        false
                    }
                    Look::Nobodys => false,
                    Look::Empty => look + 1 < EMPTY_LOOKS_MAX,
                    Look::NotYet => true,
                }
        });
        if pids.is_empty() {
            break;
        }
    }
    found
}

/// The processes marked with this cluster whose leaf was in another tree than this one and that are not in this one
/// now: a pass over all processes. Each with the tree in which it was started.
///
/// Only what our account or root runs counts: anybody can make such a process, and it would be in everybody's way.
///
/// # Errors
///
/// The processes, or those of this tree, cannot be listed.
pub fn of_other_trees(root: &Path, cluster: ClusterId) -> Result<Vec<(i32, PathBuf)>, CgroupError> {
    let listed = of_cluster(cluster);
    let listed = listed.map_err(|source| CgroupError::io("list", Path::new("/proc"), source))?;
    let us = rustix::process::geteuid().as_raw();
    let here = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
    let mut others: Vec<(i32, PathBuf)> = listed
        .into_iter()
        .filter_map(|marked| Some((marked.pid, layout::root_of(&marked.mark.leaf)?.to_owned())))
        .filter(|(_, other)| *other != root && *other != here)
        .filter(|(pid, _)| believed_of(*pid).is_some_and(|user| user == 0 || user == us))
        .collect();
    if !others.is_empty() {
        let inside: HashSet<i32> = Leaf::new(root).pids()?.into_iter().collect();
        others.retain(|(pid, _)| !inside.contains(pid));
    }
    Ok(others)
}

/// What was seen of a resource.
#[derive(Debug)]
pub struct Seen {
    /// What runs outside of its leaf, each process held.
    pub outside: Vec<Process>,
    /// Nothing of it was seen anywhere: neither outside nor in the leaf, and nothing that has gone since.
    pub is_clear: bool,
}

/// What there is of a resource, by what a pass has found.
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
) -> Result<Seen, CgroupError> {
    let its = marked.iter().filter(|it| it.mark.cluster == cluster && it.mark.resource == resource);
    let (mut seeds, mut is_clear) = (Vec::new(), true);
    for holding in its.map(hold) {
        match holding {
            Holding::Its(held) => seeds.push(held),
            Holding::Gone => is_clear = false,
            Holding::Strangers => {}
        }
    }
    let named = run_dir.map(|run_dir| state_file::path(run_dir, resource));
    // A file that cannot be read names nobody, and a process that cannot be looked at is not ours.
    let named = named.and_then(|path| state_file::read(&path).ok()?);
    seeds.extend(named.and_then(|identity| Process::find(identity).ok()?));
    if seeds.is_empty() {
        return Ok(Seen { outside: Vec::new(), is_clear });
    }
    let mut known: HashSet<i32> = leaf.pids()?.into_iter().collect();
    let mut outside = Vec::new();
    for seed in seeds {
        // One that descends from what is inside is found by its mark.
        if !known.insert(seed.pid()) {
            continue;
        }
        let descendants = hold_descendants(seed.pid(), &known);
        known.extend(descendants.iter().map(Process::pid));
        outside.push(seed);
        outside.extend(descendants);
    }
    Ok(Seen { outside, is_clear: false })
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
    // A thread that has ended stays where it was, wherever the others go.
    let thread = threads_of(pid).take(THREADS_LOOKED_AT_MAX).find(|thread| goes_on(thread))?;
    let text = fs::read_to_string(format!("{thread}/cgroup")).ok()?;
    text.lines().find_map(|line| line.strip_prefix("0::")).map(str::to_owned)
}

/// Whether a thread has not ended, by its place in `/proc`. The state comes after the name, which may contain anything.
fn goes_on(thread: &str) -> bool {
    let line = fs::read(format!("{thread}/stat")).unwrap_or_default();
    let name_end = line.iter().rposition(|byte| *byte == b')');
    let state = name_end.and_then(|end| line.get(end + 2));
    state.is_some_and(|state| !b"ZXx".contains(state))
}

/// Groups what a pass has found by its resource.
pub fn by_resource(marked: Vec<Marked>) -> BTreeMap<ResourceId, Vec<Marked>> {
    let mut found: BTreeMap<ResourceId, Vec<Marked>> = BTreeMap::new();
    for one in marked {
        found.entry(one.mark.resource).or_default().push(one);
    }
    found
}

/// What has become of a marked process since it was seen.
enum Holding {
    /// It runs, and has its mark.
    Its(Process),
    /// It has ended, or its mark has.
    Gone,
    /// It runs, and its mark is not to be believed.
    Strangers,
}

fn hold(marked: &Marked) -> Holding {
    // First the handle, then the look: the number may have become another's since it was seen.
    let Ok(held) = Process::open(marked.pid) else { return Holding::Gone };
    let is_its = match look_at(marked.pid, &mut Vec::new()) {
        Look::Marked(now) => now == marked.mark,
        Look::Nobodys => false,
        // It was marked a moment ago, and is becoming another program.
        Look::Empty | Look::NotYet => true,
    };
    let is_believed = believed_of(marked.pid).is_some();
    match held.has_ended() {
        Ok(false) if is_its && is_believed => Holding::Its(held),
        Ok(false) if is_its => Holding::Strangers,
        _ => Holding::Gone,
    }
}

/// What a look at a process has shown.
enum Look {
    Marked(Mark),
    Nobodys,
    /// It has no environment.
    Empty,
    /// It is just becoming another program.
    NotYet,
}

/// Looks whether a process has a mark. The buffer is only to be used again.
fn look_at(pid: i32, environment: &mut Vec<u8>) -> Look {
    let mut look = Look::Empty;
    // Its environment may have been opened before it became another program, and read after that.
    for _ in 0..EMPTY_LOOKS_MAX {
        // In one call: between two it may become another program, and the rest of its environment be gone.
        match read_environment(&format!("/proc/{pid}"), environment) {
            Ok(length @ 1..) => return judge(environment.get(..length).unwrap_or_default()),
            Ok(_) if has_memory(pid) => {
                let has_arguments =
                    fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty());
                look = if has_arguments { Look::Empty } else { Look::NotYet };
            }
            // Its first thread has no memory any more. Since Linux 6.13 that is an error.
            Err(error) if Errno::from_io_error(&error) != Some(Errno::SRCH) => return Look::Nobodys,
            _ => match look_at_threads(pid, environment) {
                seen @ (Look::Empty | Look::NotYet) => look = seen,
                seen => return seen,
            },
        }
    }
    look
}

/// A process whose first thread has ended shows its memory only by those that go on. One of them is as good as another.
fn look_at_threads(pid: i32, environment: &mut Vec<u8>) -> Look {
    let (mut is_alone, mut is_empty) = (true, false);
    for (index, thread) in threads_of(pid).take(THREADS_LOOKED_AT_MAX).enumerate() {
        is_alone = index == 0;
        match read_environment(&thread, environment) {
            Ok(length @ 1..) => return judge(environment.get(..length).unwrap_or_default()),
            Ok(_) => is_empty = !is_alone,
            Err(_) => {}
        }
    }
    if is_empty {
        Look::Empty
    } else if is_alone && !has_memory(pid) {
        // The kernel's own, or what has ended.
        Look::Nobodys
    } else {
        // One of them is becoming another program, and takes the number of the first.
        Look::NotYet
    }
}

/// The places of a process's threads in `/proc`, the first thread before the others. None: it has gone.
fn threads_of(pid: i32) -> impl Iterator<Item = String> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten();
    threads.filter_map(|thread| Some(thread.ok()?.path().to_str()?.to_owned()))
}

/// Reads the environment of a process or thread, by its place in `/proc`, and answers its length.
fn read_environment(place: &str, environment: &mut Vec<u8>) -> io::Result<usize> {
    environment.resize(ENVIRONMENT_LENGTH_MAX, 0);
    File::open(format!("{place}/environ"))?.read(environment)
}

fn judge(environment: &[u8]) -> Look {
    Mark::parse(environment).map_or(Look::Nobodys, Look::Marked)
}

/// As whom a process runs, if a mark in its environment is safe to believe.
pub(crate) fn believed_of(pid: i32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    only_user(&status).filter(|_| !is_own_program(pid))
}

/// Whether a process has memory of its own. What belongs to the kernel and what has ended has none.
fn has_memory(pid: i32) -> bool {
    fs::read(format!("/proc/{pid}/statm")).is_ok_and(|pages| !pages.starts_with(b"0 "))
}

/// The user, where real and saved one are the same, by the lines of `/proc/PID/status`. Otherwise a set-user-id bit has
/// given it other rights than those of who has started it. A server may have laid down its rights for a while: then only
/// the effective one is another.
fn only_user(status: &str) -> Option<u32> {
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    let users: Vec<&str> = line.split_ascii_whitespace().take(3).collect();
    match users[..] {
        [real, _, saved] if real == saved => real.parse().ok(),
        _ => None,
    }
}

fn is_own_program(pid: i32) -> bool {
    let program = fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
    let name = program.file_name().and_then(OsStr::to_str).unwrap_or_default();
    // The file may have been replaced since it was started.
    OWN_PROGRAMS.contains(&name.trim_end_matches(" (deleted)"))
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
    threads_of(pid)
        .filter_map(|thread| fs::read_to_string(format!("{thread}/children")).ok())
        .flat_map(|text| {
            text.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect::<Vec<_>>()
        })
        .collect()
}

#[cfg(test)]
mod tests;
