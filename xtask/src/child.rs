//! A process that this task started and will have ended when it goes, also when it goes by a panic.

use std::io::{self, BufRead, BufReader};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

use crate::Result;

/// How long a service may take to end everything that it runs.
const END_WITHIN: Duration = Duration::from_secs(60);

/// A child of this task.
pub(crate) struct Guarded {
    name: String,
    child: Child,
    ended: bool,
}

impl Guarded {
    /// Starts it, with its standard output as the stream of lines to wait for.
    pub(crate) fn start(name: &str, command: &mut Command) -> Result<(Self, Lines)> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{name} cannot be started: {error}"))?;
        let lines = child.stdout.take().map(Lines::of).ok_or("no pipe for its output")?;
        Ok((Self { name: name.to_owned(), child, ended: false }, lines))
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end and waits until it has.
    pub(crate) fn end(&mut self) -> Result<ExitStatus> {
        self.ended = true;
        if let Some(status) = self.child.try_wait()? {
            return Ok(status);
        }
        let pid = Pid::from_child(&self.child);
        let pidfd = pidfd_open(pid, PidfdFlags::empty())?;
        kill_process(pid, Signal::TERM)?;
        if wait_for_end(&pidfd, END_WITHIN)? {
            return Ok(self.child.wait()?);
        }
        self.child.kill()?;
        self.child.wait()?;
        Err(format!("{} did not end within {END_WITHIN:?} of SIGTERM and was killed", self.name).into())
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if !self.ended
            && let Err(error) = self.end()
        {
            eprintln!("{}: {error}", self.name);
        }
    }
}

/// The lines that somebody writes, each waited for with a bound.
pub(crate) struct Lines(mpsc::Receiver<io::Result<String>>);

impl Lines {
    /// Reads them on a thread, which ends with the writer.
    pub(crate) fn of(reader: impl io::Read + Send + 'static) -> Self {
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(reader).lines() {
                // Nobody listening any more is no reason to stop: the writer must not be blocked.
                let _ = sender.send(line);
            }
        });
        Self(receiver)
    }

    /// The next line.
    pub(crate) fn next_within(&self, bound: Duration, what: &str) -> Result<String> {
        match self.0.recv_timeout(bound) {
            Ok(line) => Ok(line?),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                Err(format!("{what} did not come within {bound:?}").into())
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                Err(format!("{what} never came: the writer ended").into())
            }
        }
    }
}

/// Waits until the process behind `pidfd` has ended; says whether it has.
pub(crate) fn wait_for_end(pidfd: &OwnedFd, bound: Duration) -> Result<bool> {
    let until = Instant::now() + bound;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let mut fds = [PollFd::new(pidfd, PollFlags::IN)];
        match poll(&mut fds, Some(&Timespec::try_from(left)?)) {
            Ok(0) => return Ok(false),
            Ok(_) => return Ok(true),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_waited_for_and_the_child_ends_when_asked() {
        let mut command = Command::new("sh");
        command.args(["-c", "trap 'kill $!; exit 3' TERM; sleep 1000 & echo ready; wait"]);
        let (mut child, lines) = Guarded::start("sh", &mut command).unwrap();
        assert_eq!(lines.next_within(Duration::from_secs(10), "its line").unwrap(), "ready");
        assert_eq!(child.end().unwrap().code(), Some(3));
        assert!(lines.next_within(Duration::from_secs(10), "another").is_err());
    }

    #[test]
    fn a_child_does_not_outlive_its_guard() {
        let mut command = Command::new("sleep");
        let (child, lines) = Guarded::start("sleep", command.arg("1000")).unwrap();
        let pidfd = pidfd_open(Pid::from_child(&child.child), PidfdFlags::empty()).unwrap();
        drop(child);
        assert!(wait_for_end(&pidfd, Duration::ZERO).unwrap());
        drop(lines);
    }
}
