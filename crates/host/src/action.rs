//! A program that is run to its end, within a limit: what agents, scripts and tools do for a resource.
//!
//! Where it must be possible to end it without ending what else runs for the resource, it runs in a control group of its
//! own below the resource's leaf: what has taken too long is killed there with everything that it started. What it leaves
//! behind in there stays: it may be what the action was for.
//!
//! Its output goes to memory, of which the last part is kept: what was written before that is given back meanwhile, and the
//! program sees nothing of it. (Not to a pipe: whoever it leaves behind would be killed by writing to it. Nor to memory that
//! has a length or a bound from the start: a program whose writing fails may fail by that. Everybody writes at the end, since
//! some programs, awk among them, would have it so for themselves and for all who share it, and some open it anew.)

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mainstay_process::{CgroupError, Command, Exit, Leaf, Output, Process, SpawnError};
use rustix::fs::{FallocateFlags, MemfdFlags, OFlags, SealFlags, fallocate};

/// As much of the end of each output as is kept, in bytes.
pub const OUTPUT_LENGTH_MAX: u64 = 1024 * 1024;

/// How long what was killed may take to go.
const KILL_TIMEOUT: Duration = Duration::from_secs(5);

/// What the groups of actions are called, before the host's process id and a number.
const GROUP_PREFIX: &str = "action-";

/// How often a caller's wish to end it is asked for.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// Where it runs.
pub enum Place {
    /// In this leaf itself, where what it starts is to stay.
    Leaf(Leaf),
    /// In a group of its own below this one.
    Below(Leaf),
}

/// A program to run.
pub struct Action {
    /// Program, arguments, environment. Leaf and outputs are set here.
    pub command: Command,
    /// Where.
    pub place: Place,
    /// How long it may take.
    pub limit: Duration,
}

/// How it came to an end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// By itself.
    By(Exit),
    /// It took longer than its limit and was killed.
    TimedOut,
    /// The caller wanted no more of it, and it was killed.
    Cancelled,
}

/// What came of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Done {
    /// How it came to an end.
    pub ended: Ended,
    /// The end of its standard output.
    pub output: Vec<u8>,
    /// The end of its standard error.
    pub error_output: Vec<u8>,
}

/// Why nothing came of it.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// It was not started.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    /// Its group.
    #[error(transparent)]
    Cgroup(#[from] CgroupError),
    /// The system's.
    #[error("cannot {action}: {source}")]
    System {
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// It was killed and does not go.
    #[error("process {pid} was killed and has not gone after {} s", KILL_TIMEOUT.as_secs())]
    Stays {
        /// Which.
        pid: i32,
    },
}

impl Action {
    /// Runs it. `look` is called all the time meanwhile with how long it runs already, and answers whether it may go on.
    pub fn run(mut self, mut look: impl FnMut(Duration) -> bool) -> Result<Done, ActionError> {
        let group = Group::make(self.place)?;
        let (output, error_output) = (memory()?, memory()?);
        self.command.leaf = Some(group.leaf().clone());
        self.command.output = Output::Descriptor(duplicate(&output)?);
        self.command.error_output = Output::Descriptor(duplicate(&error_output)?);
        let began = Instant::now();
        let process = self.command.spawn()?;
        let ended = loop {
            let runs = began.elapsed();
            let next = (began + self.limit).min(Instant::now() + LOOK_INTERVAL);
            if let Some(exit) = process.wait(next).map_err(|error| system("wait for a program", error))? {
                break Ended::By(exit);
            }
            let why = if runs >= self.limit { Ended::TimedOut } else { Ended::Cancelled };
            give_back(&output)?;
            give_back(&error_output)?;
            if why == Ended::TimedOut || !look(runs) {
                group.end(&process)?;
                break why;
            }
        };
        Ok(Done { ended, output: read(output)?, error_output: read(error_output)? })
    }
}

/// Ends the actions below this leaf that a host has left running which is gone, with all that is in their groups. Which
/// program is an action, its arguments say: a group may have what an action was for.
pub fn end_earlier(leaf: &Leaf, is_action: impl Fn(&[OsString]) -> bool) -> Result<(), ActionError> {
    let entries = match std::fs::read_dir(leaf.path()) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(system("look for earlier actions", error)),
    };
    let is_group = |name: &OsString| name.to_string_lossy().starts_with(GROUP_PREFIX);
    for entry in entries.filter_map(Result::ok).filter(|entry| is_group(&entry.file_name())) {
        let group = Leaf::new(entry.path());
        let pids = group.pids().unwrap_or_default();
        if let Some(pid) = pids.iter().copied().find(|pid| is_action(&arguments(*pid))) {
            group.kill()?;
            if !group.wait_empty(Instant::now() + KILL_TIMEOUT)? {
                return Err(ActionError::Stays { pid });
            }
        }
        // One that is not empty stays.
        let _ = std::fs::remove_dir(group.path());
    }
    Ok(())
}

/// What a process was started with; nothing where it is gone.
fn arguments(pid: i32) -> Vec<OsString> {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words = line.strip_suffix(&[0]).unwrap_or(&line).split(|byte| *byte == 0);
    words.map(|word| OsString::from_vec(word.to_vec())).collect()
}

/// The group that an action runs in, gone with it where it is empty.
enum Group {
    Given(Leaf),
    Own(Leaf),
}

impl Group {
    fn make(place: Place) -> Result<Self, CgroupError> {
        static LAST: AtomicU64 = AtomicU64::new(0);
        match place {
            Place::Leaf(leaf) => Ok(Group::Given(leaf)),
            Place::Below(leaf) => {
                let number = LAST.fetch_add(1, Ordering::Relaxed);
                let name = format!("{GROUP_PREFIX}{}-{number}", std::process::id());
                let own = Leaf::new(leaf.path().join(PathBuf::from(name)));
                own.create()?;
                Ok(Group::Own(own))
            }
        }
    }

    fn leaf(&self) -> &Leaf {
        match self {
            Group::Given(leaf) | Group::Own(leaf) => leaf,
        }
    }

    /// Kills the program and what it has started, as far as that is known apart from what is not its doing.
    fn end(&self, process: &Process) -> Result<(), ActionError> {
        self.leaf().kill()?;
        match process.wait(Instant::now() + KILL_TIMEOUT) {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(ActionError::Stays { pid: process.pid() }),
            Err(error) => Err(system("wait for a program", error)),
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Group::Own(leaf) = self {
            // One that is not empty stays, with what the action has left there.
            let _ = std::fs::remove_dir(leaf.path());
        }
    }
}

/// A file in memory, at the end of which is written.
fn memory() -> Result<File, ActionError> {
    let made = rustix::fs::memfd_create("output", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING);
    let set = made.and_then(|memory| rustix::fs::fcntl_setfl(&memory, OFlags::APPEND).map(|()| memory));
    let memory = set.map_err(|error| system("make a file in memory", error.into()))?;
    Ok(File::from(memory))
}

/// Where the part begins that is kept of a file.
fn kept_from(memory: &File) -> io::Result<u64> {
    Ok(memory.metadata()?.len().saturating_sub(OUTPUT_LENGTH_MAX))
}

/// Gives back the memory of what is not kept. The file stays as long as it is, and whoever writes to it does not see it.
fn give_back(memory: &File) -> Result<(), ActionError> {
    let given = kept_from(memory).and_then(|end| match end {
        0 => Ok(()),
        _ => Ok(fallocate(memory, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, 0, end)?),
    });
    given.map_err(|error| system("give memory back", error))
}

fn duplicate(file: &impl AsFd) -> Result<OwnedFd, ActionError> {
    rustix::io::fcntl_dupfd_cloexec(file, 3).map_err(|error| system("duplicate a descriptor", error.into()))
}

/// The end of what was written. Who was left behind writes no more to it: nobody would give that back.
fn read(mut file: File) -> Result<Vec<u8>, ActionError> {
    let mut bytes = Vec::new();
    let read = rustix::fs::fcntl_add_seals(&file, SealFlags::GROW)
        .map_err(io::Error::from)
        .and_then(|()| file.seek(SeekFrom::Start(kept_from(&file)?)))
        .and_then(|_| file.take(OUTPUT_LENGTH_MAX).read_to_end(&mut bytes));
    read.map_err(|error| system("read a program's output", error))?;
    Ok(bytes)
}

fn system(action: &'static str, source: io::Error) -> ActionError {
    ActionError::System { action, source }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use mainstay_process::scratch::Scratch;

    use super::*;

    fn script(text: &str, place: Place, limit: Duration) -> Action {
        Action { command: Command::new(["/bin/sh", "-c", text]), place, limit }
    }

    fn below(path: &Path) -> usize {
        std::fs::read_dir(path).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_dir()).count()
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn what_it_says_and_how_it_ends_is_known_and_its_group_goes() {
        let Some(scratch) = Scratch::or_skip() else { return };
        let leaf = scratch.leaf("leaf");
        let action = script("echo out; echo error >&2; exit 7", Place::Below(leaf.clone()), LONG);
        let done = action.run(|_| true).unwrap();
        assert_eq!(done.ended, Ended::By(Exit::Exited(7)));
        assert_eq!((done.output.as_slice(), done.error_output.as_slice()), (&b"out\n"[..], &b"error\n"[..]));
        assert_eq!(below(leaf.path()), 0);
    }

    #[test]
    fn what_takes_too_long_is_killed_with_what_it_has_started_and_nothing_else() {
        let Some(scratch) = Scratch::or_skip() else { return };
        let leaf = scratch.leaf("leaf");
        let mut serving = Command::new(["/bin/sleep", "1000"]);
        serving.leaf = Some(leaf.clone());
        let serving = serving.spawn().unwrap();
        let text = "setsid sleep 1000 & sleep 1000";
        let limit = Duration::from_millis(50);
        let done = script(text, Place::Below(leaf.clone()), limit).run(|_| true).unwrap();
        assert_eq!(done.ended, Ended::TimedOut);
        let cancelled = script(text, Place::Below(leaf.clone()), LONG).run(|_| false).unwrap();
        assert_eq!(cancelled.ended, Ended::Cancelled);
        let of_action = |pid: &i32| *pid != serving.pid();
        let deadline = Instant::now() + KILL_TIMEOUT;
        while leaf.pids().unwrap().iter().any(of_action) && Instant::now() < deadline {
            std::thread::yield_now();
        }
        assert_eq!(leaf.pids().unwrap(), [serving.pid()]);
    }

    #[test]
    fn what_it_leaves_behind_stays_and_may_go_on_writing() {
        let Some(scratch) = Scratch::or_skip() else { return };
        let leaf = scratch.leaf("leaf");
        let text = "(read -r line </proc/self/fd/0; sleep 1000) & echo begun";
        let done = script(text, Place::Leaf(leaf.clone()), LONG).run(|_| true).unwrap();
        assert_eq!((done.ended, done.output.as_slice()), (Ended::By(Exit::Exited(0)), &b"begun\n"[..]));
        assert!(leaf.is_populated().unwrap());
    }

    #[test]
    fn who_sets_an_output_to_append_loses_nothing() {
        let Some(scratch) = Scratch::or_skip() else { return };
        let text = "echo first >&2; echo second >>/proc/self/fd/2";
        let done = script(text, Place::Below(scratch.leaf("leaf")), LONG).run(|_| true).unwrap();
        assert_eq!(done.error_output, b"first\nsecond\n");
    }

    #[test]
    fn who_opens_an_output_anew_fails_by_nothing() {
        let Some(scratch) = Scratch::or_skip() else { return };
        let text = "set -e; echo lost >&2; echo first >/dev/stderr; echo second >&2; echo third >>/dev/stderr; exit 3";
        let done = script(text, Place::Below(scratch.leaf("leaf")), LONG).run(|_| true).unwrap();
        assert_eq!(done.ended, Ended::By(Exit::Exited(3)));
        assert_eq!(done.error_output, b"first\nsecond\nthird\n");
    }

    #[test]
    fn more_output_than_is_kept_fails_nobody_and_the_end_of_it_is_kept() {
        let Some(scratch) = Scratch::or_skip() else { return };
        let directory = tempfile::tempdir().unwrap();
        let seen = directory.path().join("seen");
        let much = "head -c 3000000 /dev/zero | tr '\\0' x >&2";
        // What comes after the first part was seen to be too long.
        let text = format!(
            "set -e; {much}; until [ -e '{}' ]; do sleep 0.01; done; {much}; echo last >&2; exit 3",
            seen.display()
        );
        let action = script(&text, Place::Below(scratch.leaf("leaf")), LONG);
        let mut looks = 0;
        let done = action.run(|_| {
            looks += 1;
            looks < 2 || std::fs::write(&seen, "").is_ok()
        });
        let done = done.unwrap();
        assert_eq!(done.ended, Ended::By(Exit::Exited(3)));
        assert_eq!(done.error_output.len() as u64, OUTPUT_LENGTH_MAX);
        assert!(done.error_output.ends_with(b"xlast\n"));
    }
}
