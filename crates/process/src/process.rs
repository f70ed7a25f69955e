//! A running process, held by a pidfd so that its number can never be mistaken for another's.

use std::fmt;
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, WaitId, WaitIdOptions, pidfd_open, pidfd_send_signal, waitid};

use crate::signal::{self, Signal};

/// What tells a process apart from every other one since the machine was started.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Identity {
    /// Its number, which may be given to another process when this one has gone.
    pub pid: i32,
    /// When it was started, in clock ticks since the machine was started (field 22 of `/proc/PID/stat`).
    pub started_at_ticks: u64,
}

/// How a process ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// By itself, with this status.
    Exited(i32),
    /// By this signal.
    Killed(i32),
    /// It has gone, and only the process that started it could have learned how.
    Unknown,
}

impl Exit {
    /// By itself with status 0.
    pub fn is_success(self) -> bool {
        self == Exit::Exited(0)
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exit::Exited(status) => write!(f, "exited with status {status}"),
            Exit::Killed(number) => match signal::name(*number) {
                Some(name) => write!(f, "killed by signal {number} ({name})"),
                None => write!(f, "killed by signal {number}"),
            },
            Exit::Unknown => {
                f.write_str("ended; its exit status is not known, since another process had started it")
            }
        }
    }
}

/// A process, perhaps a child, perhaps ended. The pidfd becomes readable when it ends.
#[derive(Debug)]
pub struct Process {
    pid: i32,
    pidfd: OwnedFd,
}

impl Process {
    /// The process that has this number now.
    pub fn open(pid: i32) -> io::Result<Self> {
        let raw = Pid::from_raw(pid).ok_or(io::ErrorKind::InvalidInput)?;
        Ok(Process { pid, pidfd: pidfd_open(raw, PidfdFlags::empty())? })
    }

    /// The process with this identity, if it still runs. `None`: it has gone, whoever has its number now.
    pub fn find(identity: Identity) -> io::Result<Option<Self>> {
        // First the handle, then the look: whatever has the number when we look is what the handle holds, or it
        // was started later.
        let process = match Process::open(identity.pid) {
            Ok(process) => process,
            Err(error) if Errno::from_io_error(&error) == Some(Errno::SRCH) => return Ok(None),
            Err(error) => return Err(error),
        };
        let same = process.identity()?.is_some_and(|found| found == identity);
        Ok((same && !process.has_ended()?).then_some(process))
    }

    pub(crate) fn from_parts(pid: i32, pidfd: OwnedFd) -> Self {
        Process { pid, pidfd }
    }

    /// Its number.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// What tells it apart. `None`: it has gone and was reaped.
    pub fn identity(&self) -> io::Result<Option<Identity>> {
        let stat = match fs::read(format!("/proc/{}/stat", self.pid)) {
            Ok(stat) => stat,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            // ESRCH: it went while we read.
            Err(error) if Errno::from_io_error(&error) == Some(Errno::SRCH) => return Ok(None),
            Err(error) => return Err(error),
        };
        match parse_started_at(&stat) {
            Some(started_at_ticks) => Ok(Some(Identity { pid: self.pid, started_at_ticks })),
            None => Err(io::Error::new(io::ErrorKind::InvalidData, "no start time in /proc/PID/stat")),
        }
    }

    /// Whether it has ended, reaped or not.
    pub fn has_ended(&self) -> io::Result<bool> {
        self.poll_until(Some(Instant::now()))
    }

    /// Waits until it has ended. `false`: not by the deadline.
    pub fn wait_ended(&self, deadline: Instant) -> io::Result<bool> {
        self.poll_until(Some(deadline))
    }

    /// How it ended; reaps a child. `None`: it still runs. For a process that is no child, or was reaped before,
    /// [`Exit::Unknown`].
    pub fn try_wait(&self) -> io::Result<Option<Exit>> {
        match waitid(WaitId::PidFd(self.pidfd.as_fd()), WaitIdOptions::EXITED | WaitIdOptions::NOHANG) {
            Ok(None) => Ok(None),
            Ok(Some(status)) => Ok(Some(match (status.exit_status(), status.terminating_signal()) {
                (Some(code), _) => Exit::Exited(code),
                (None, Some(number)) => Exit::Killed(number),
                (None, None) => Exit::Unknown,
            })),
            Err(Errno::CHILD) => Ok(self.has_ended()?.then_some(Exit::Unknown)),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until it has ended, and says how. `None`: not by the deadline.
    pub fn wait(&self, deadline: Instant) -> io::Result<Option<Exit>> {
        if self.wait_ended(deadline)? { self.try_wait() } else { Ok(None) }
    }

    /// Sends a signal. It may have ended already: that is an error, ESRCH.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        Ok(pidfd_send_signal(&self.pidfd, signal.raw())?)
    }

    fn poll_until(&self, deadline: Option<Instant>) -> io::Result<bool> {
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let left = left.and_then(|left| rustix::time::Timespec::try_from(left).ok());
            let mut polled = [PollFd::new(&self.pidfd, PollFlags::IN)];
            match poll(&mut polled, left.as_ref()) {
                Ok(0) => return Ok(false),
                Ok(_) => return Ok(true),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl AsFd for Process {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

/// Field 22 of `/proc/PID/stat`. The name in field 2 may hold anything, so fields are counted from its last bracket.
fn parse_started_at(stat: &[u8]) -> Option<u64> {
    let bracket = stat.iter().rposition(|&byte| byte == b')')?;
    let rest = std::str::from_utf8(stat.get(bracket + 1..)?).ok()?;
    rest.split_ascii_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_time_is_found_behind_any_name() {
        let fields = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20";
        for name in ["sh", "a) b (c", ") 1 2 3", "\u{e4}"] {
            let stat = format!("77 ({name}) {fields}");
            assert_eq!(parse_started_at(stat.as_bytes()), Some(4711), "{name}");
        }
        assert_eq!(parse_started_at(b"77 (sh) S 1"), None);
        assert_eq!(parse_started_at(b""), None);
    }

    #[test]
    fn a_process_is_found_by_its_identity_and_not_by_its_number() {
        let own = Process::open(std::process::id() as i32).unwrap().identity().unwrap().unwrap();
        assert!(Process::find(own).unwrap().is_some());
        let other = Identity { started_at_ticks: own.started_at_ticks + 1, ..own };
        assert!(Process::find(other).unwrap().is_none());
    }

    #[test]
    fn ends_are_said_in_words() {
        assert_eq!(Exit::Exited(3).to_string(), "exited with status 3");
        assert_eq!(Exit::Killed(9).to_string(), "killed by signal 9 (KILL)");
        assert_eq!(Exit::Killed(40).to_string(), "killed by signal 40");
    }
}
