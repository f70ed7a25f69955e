//! One directory of the hierarchy: a place of processes that can be frozen, killed and watched as a whole.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::CgroupError;
use crate::process::Process;
use crate::signal::Signal;

/// The deepest nesting of groups that a resource may make inside its leaf and that is still cleaned up.
const DEPTH_MAX: usize = 32;

/// How often a group is read that lists a process of which no thread is seen in it: where a thread that is not the first
/// becomes another program, its number changes meanwhile.
const LOOKS_MAX: usize = 3;

/// A control group's directory. It may be a resource's leaf or a group's slice; what is done to it is done to
/// everything below. Cheap to make; holds nothing open.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Leaf {
    path: PathBuf,
}

/// What `cgroup.events` says, of the directory and everything below.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Events {
    /// Any process, zombies aside.
    pub populated: bool,
    /// Freezing was asked for, and every process is frozen.
    pub frozen: bool,
}

impl Leaf {
    /// The place at this path, which need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Leaf { path: path.into() }
    }

    /// Its directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The directory without symbolic links: the same for everybody who means this one. It has to be there.
    pub fn real_path(&self) -> Result<String, CgroupError> {
        let real = fs::canonicalize(&self.path);
        let real = real.map_err(|source| CgroupError::io("find", &self.path, source))?;
        Ok(real.to_string_lossy().into_owned())
    }

    /// Whether the directory is there.
    pub fn exists(&self) -> bool {
        self.path.is_dir()
    }

    /// Makes the directory and those above it. It may be there already.
    pub fn create(&self) -> Result<(), CgroupError> {
        fs::create_dir_all(&self.path).map_err(|error| CgroupError::io("create", &self.path, error))
    }

    /// What is so now.
    pub fn events(&self) -> Result<Events, CgroupError> {
        self.watch()?.read()
    }

    /// Whether any process is in it. A place that does not exist has none.
    pub fn is_populated(&self) -> Result<bool, CgroupError> {
        match self.events() {
            Ok(events) => Ok(events.populated),
            Err(CgroupError::Missing(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether freezing was asked for here, confirmed or not.
    pub fn is_freeze_requested(&self) -> Result<bool, CgroupError> {
        Ok(self.read("cgroup.freeze")?.trim() == "1")
    }

    /// Asks for freezing or thawing, and does not wait.
    pub fn request_freeze(&self, frozen: bool) -> Result<(), CgroupError> {
        self.write("cgroup.freeze", if frozen { "1" } else { "0" })
    }

    /// Freezes or thaws, and waits until it is so. `false`: not by the deadline.
    pub fn set_frozen(&self, frozen: bool, deadline: Instant) -> Result<bool, CgroupError> {
        self.request_freeze(frozen)?;
        self.wait_until(deadline, |events| events.frozen == frozen)
    }

    /// Kills every process, frozen ones and those being forked too, and does not wait.
    pub fn kill(&self) -> Result<(), CgroupError> {
        self.kill_at_once()?;
        // The kernel signals the first thread of each process alone. Where that one has ended and others go on, that reaches
        // nobody; what such a process has forked meanwhile is killed after it.
        if self.signal(Signal::KILL, |_| false)?.is_empty() { Ok(()) } else { self.kill_at_once() }
    }

    fn kill_at_once(&self) -> Result<(), CgroupError> {
        match self.write("cgroup.kill", "1") {
            // Somebody has made it a place of threads, whose processes are signalled one by one.
            Err(CgroupError::Io { source, .. })
                if Errno::from_io_error(&source) == Some(Errno::OPNOTSUPP) =>
            {
                Ok(())
            }
            killed => killed,
        }
    }

    /// Waits until no process is in it. `false`: not by the deadline.
    pub fn wait_empty(&self, deadline: Instant) -> Result<bool, CgroupError> {
        match self.wait_until(deadline, |events| !events.populated) {
            Err(CgroupError::Missing(_)) => Ok(true),
            other => other,
        }
    }

    /// Waits until `wanted` holds. `false`: not by the deadline.
    pub fn wait_until(
        &self,
        deadline: Instant,
        wanted: impl Fn(Events) -> bool,
    ) -> Result<bool, CgroupError> {
        let mut watch = self.watch()?;
        loop {
            if wanted(watch.read()?) {
                return Ok(true);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            // A duration too long for the kernel's clock is as good as none.
            let left = rustix::time::Timespec::try_from(left).ok();
            let waited = {
                let mut polled = [PollFd::new(&watch, PollFlags::PRI)];
                poll(&mut polled, left.as_ref())
            };
            match waited {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(CgroupError::io("wait for", &self.path, error)),
            }
        }
    }

    /// Opens `cgroup.events` for a caller with a poll loop of its own.
    pub fn watch(&self) -> Result<EventsWatch, CgroupError> {
        let path = self.path.join("cgroup.events");
        match File::open(&path) {
            Ok(file) => Ok(EventsWatch { file, path }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(CgroupError::Missing(self.path.clone()))
            }
            Err(error) => Err(CgroupError::io("open", &path, error)),
        }
    }

    /// The processes in it and below, as they were at some moment. A place that does not exist has none.
    pub fn pids(&self) -> Result<Vec<i32>, CgroupError> {
        let mut pids = Vec::new();
        collect_pids(&self.path, DEPTH_MAX, &mut pids)?;
        Ok(pids)
    }

    /// Signals each process in it and below but those that are to be spared, and answers which. Processes that appear
    /// meanwhile are missed; to end everything use [`Leaf::kill`].
    pub fn signal(&self, signal: Signal, spare: impl Fn(i32) -> bool) -> Result<Vec<i32>, CgroupError> {
        let held: Vec<Process> = self
            .pids()?
            .into_iter()
            .filter(|pid| !spare(*pid))
            .filter_map(|pid| Process::open(pid).ok())
            .collect();
        // A pid that is still listed after its pidfd was opened belongs to a process of this place: a pid that was
        // reused by a stranger in between is not signalled.
        let still = self.pids()?;
        let signalled = held
            .iter()
            .filter(|process| still.contains(&process.pid()) && process.signal(signal).is_ok())
            .map(Process::pid)
            .collect();
        Ok(signalled)
    }

    /// Moves a process here: 0 is the caller.
    pub fn adopt(&self, pid: i32) -> Result<(), CgroupError> {
        self.write("cgroup.procs", &pid.to_string())
    }

    /// Removes the directory and those below it, deepest first. Nothing may be running there. A place that does not
    /// exist is removed already.
    pub fn remove(&self) -> Result<(), CgroupError> {
        remove_tree(&self.path, DEPTH_MAX)
    }

    /// The directory's handle, to start processes in it.
    pub fn open_directory(&self) -> Result<OwnedFd, CgroupError> {
        rustix::fs::open(&self.path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
            .map_err(|error| match error {
                Errno::NOENT => CgroupError::Missing(self.path.clone()),
                error => CgroupError::io("open", &self.path, error),
            })
    }

    fn read(&self, file: &str) -> Result<String, CgroupError> {
        let path = self.path.join(file);
        fs::read_to_string(&path).map_err(|error| self.explain("read", &path, error))
    }

    fn write(&self, file: &str, text: &str) -> Result<(), CgroupError> {
        let path = self.path.join(file);
        OpenOptions::new()
            .write(true)
            .open(&path)
            .and_then(|mut opened| opened.write_all(text.as_bytes()))
            .map_err(|error| self.explain("write", &path, error))
    }

    fn explain(&self, action: &'static str, path: &Path, error: io::Error) -> CgroupError {
        let gone = matches!(Errno::from_io_error(&error), Some(Errno::NOENT | Errno::NODEV));
        if gone && !self.exists() {
            CgroupError::Missing(self.path.clone())
        } else {
            CgroupError::io(action, path, error)
        }
    }
}

/// An open `cgroup.events`. Polled for PRI, it wakes when something has changed since the last read.
#[derive(Debug)]
pub struct EventsWatch {
    file: File,
    path: PathBuf,
}

impl EventsWatch {
    /// What is so now.
    pub fn read(&mut self) -> Result<Events, CgroupError> {
        let mut text = String::new();
        let read = self.file.seek(SeekFrom::Start(0)).and_then(|_| self.file.read_to_string(&mut text));
        match read {
            Ok(_) => Ok(parse_events(&text)),
            // The directory was removed while the file was open.
            Err(error) if Errno::from_io_error(&error) == Some(Errno::NODEV) => {
                Err(CgroupError::Missing(self.path.parent().unwrap_or(&self.path).to_owned()))
            }
            Err(error) => Err(CgroupError::io("read", &self.path, error)),
        }
    }
}

impl AsFd for EventsWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

fn parse_events(text: &str) -> Events {
    let is =
        |key: &str| text.lines().any(|line| line.strip_prefix(key).is_some_and(|value| value.trim() == "1"));
    Events { populated: is("populated "), frozen: is("frozen ") }
}

fn subdirectories(path: &Path) -> Result<Vec<PathBuf>, CgroupError> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(CgroupError::io("list", path, error)),
    };
    Ok(entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect())
}

fn collect_pids(path: &Path, depth: usize, into: &mut Vec<i32>) -> Result<(), CgroupError> {
    let mut inside = BTreeSet::new();
    for _ in 0..LOOKS_MAX {
        let Some(listed) = numbers_in(&path.join("cgroup.procs"))? else { return Ok(()) };
        let listed: BTreeSet<i32> = listed.into_iter().collect();
        match numbers_in(&path.join("cgroup.threads"))? {
            Some(threads) => inside.extend(processes_of(&threads, &listed)),
            None => inside.extend(&listed),
        }
        if listed.is_subset(&inside) {
            break;
        }
    }
    into.extend(inside);
    if depth > 0 {
        for below in subdirectories(path)? {
            collect_pids(&below, depth - 1, into)?;
        }
    }
    Ok(())
}

/// Whose threads these are. A process is listed where its first thread is, also when that one has ended, and is where its
/// others are, who may have gone elsewhere since.
fn processes_of<'a>(threads: &'a [i32], listed: &'a BTreeSet<i32>) -> impl Iterator<Item = i32> + 'a {
    threads.iter().filter_map(|thread| match listed.contains(thread) {
        true => Some(*thread),
        false => process_of_thread(*thread),
    })
}

/// The numbers that a file of a group lists. `None`: the group is not there.
fn numbers_in(file: &Path) -> Result<Option<Vec<i32>>, CgroupError> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text.lines().filter_map(|line| line.parse::<i32>().ok()).collect())),
        Err(error) => match Errno::from_io_error(&error) {
            Some(Errno::NOENT) => Ok(None),
            // Removed meanwhile; or a threaded group, whose processes its parent lists.
            Some(Errno::NODEV | Errno::OPNOTSUPP) => Ok(Some(Vec::new())),
            _ => Err(CgroupError::io("read", file, error)),
        },
    }
}

fn process_of_thread(thread: i32) -> Option<i32> {
    let status = fs::read_to_string(format!("/proc/{thread}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("Tgid:"))?.trim().parse().ok()
}

fn remove_tree(path: &Path, depth: usize) -> Result<(), CgroupError> {
    if depth > 0 {
        for below in subdirectories(path)? {
            remove_tree(&below, depth - 1)?;
        }
    }
    match fs::remove_dir(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(CgroupError::io("remove", path, error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read() {
        for (text, populated, frozen) in [
            ("populated 1\nfrozen 0\n", true, false),
            ("populated 0\nfrozen 1\n", false, true),
            ("", false, false),
        ] {
            assert_eq!(parse_events(text), Events { populated, frozen }, "{text:?}");
        }
    }
}
