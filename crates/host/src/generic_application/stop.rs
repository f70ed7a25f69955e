//! The stop of a program: a signal, a wait, a kill.
//!
//! ```text
//!   signal to the program ─► it ends ─► signal to what it left ─► it has ended, the leaf is empty ─► done
//!              └──────────────┴─── StopTimeout ──────┴─► kill ─────────────────┘
//! ```
//!
//! The program may be outside the leaf: it is signalled, killed and waited for by itself, the rest by the leaf.
//! At the beginning and before the kill, what has left the leaf is brought back, as far as it is found. Where something
//! had left, it is looked for more of it, by its mark, and before the stop is done.
//!
//! Each stop has a thread, since it may take minutes; Terminate ends it by killing the program and emptying the leaf.

use std::collections::HashSet;
use std::fmt::Display;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use mainstay_process::cgroup::EventsWatch;
use mainstay_process::{CgroupError, Leaf, Signal};
use mainstay_types::Status;
use mainstay_types::order::Cause;
use rustix::event::{PollFd, PollFlags, poll};

use super::Run;
use super::home::Whom;
use crate::outside::{KILL_TIMEOUT, Outside};
use crate::resource_type::{Directive, Failure, Operation};

/// How often a stop that waits says so. Less where the PendingTimeout is short: silence would end the stop.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(5);

/// The shortest interval of progress reports.
const PROGRESS_INTERVAL_MIN: Duration = Duration::from_millis(50);

/// How often a stop looks for processes that were started after the others were signalled.
const LIST_INTERVAL: Duration = Duration::from_millis(500);

/// The stack of a stop's thread, in bytes: it waits and formats a line.
const STACK_LENGTH: usize = 128 * 1024;

pub(super) struct Stopping {
    pub(super) leaf: Leaf,
    pub(super) outside: Arc<Outside>,
    /// The program, which may have gone already and may be outside the leaf. `None`: there was none.
    pub(super) run: Option<Arc<Run>>,
    pub(super) signal: Signal,
    /// How long until the kill; zero kills at once.
    pub(super) timeout: Duration,
    pub(super) pending_timeout: Duration,
    pub(super) operation: Operation,
}

/// How far it has come.
struct Course {
    kill_at: Instant,
    killed: bool,
    /// When to look for processes that were not signalled, or killed, yet: they may have been started meanwhile.
    list_at: Instant,
    signalled: HashSet<i32>,
    speak_at: Instant,
    checkpoint: u32,
}

impl Stopping {
    pub(super) fn begin(self) -> io::Result<()> {
        thread::Builder::new().name("stop".into()).stack_size(STACK_LENGTH).spawn(move || {
            self.operation.finished(self.carry_out().map_err(Failure::Failed));
        })?;
        Ok(())
    }

    fn carry_out(&self) -> Result<(), Cause> {
        self.bring_back();
        let mut events = match self.leaf.watch() {
            Ok(events) => Some(events),
            Err(CgroupError::Missing(_)) => None,
            Err(error) => return Err(lacking(error)),
        };
        let now = Instant::now();
        let mut course = Course {
            kill_at: now + self.timeout,
            killed: false,
            list_at: now,
            signalled: HashSet::new(),
            speak_at: now + self.progress_interval(),
            checkpoint: 0,
        };
        if !self.timeout.is_zero() {
            self.signal_program();
        }
        loop {
            let populated = match events.as_mut().map(EventsWatch::read) {
                Some(Ok(now)) => now.populated,
                None => false,
                Some(Err(CgroupError::Missing(_))) => {
                    events = None;
                    false
                }
                Some(Err(error)) => return Err(lacking(error)),
            };
            if !populated && self.program_ended() && !self.bring_back_marked()? {
                return Ok(());
            }
            if self.operation.is_cancelled() {
                return Err(Cause::new(Status::CANCELLED, "terminated"));
            }
            self.advance(&mut course)?;
            self.wait(events.as_ref(), &course)?;
        }
    }

    fn bring_back(&self) {
        if let Some(run) = &self.run {
            // What cannot be brought back: the program is stopped all the same.
            let _ = run.bring_back(&self.leaf, Whom::All);
            let _ = self.bring_back_marked();
        }
    }

    /// Brings back what has left the leaf and does not descend from the program any more. Whether there is anything left;
    /// it is looked for only where something is known to leave.
    fn bring_back_marked(&self) -> Result<bool, Cause> {
        match &self.run {
            Some(run) if run.has_left() => Ok(!self.outside.bring_back()?),
            _ => Ok(false),
        }
    }

    fn signal_program(&self) {
        // It may have ended by itself in this moment; the leaf tells.
        if let Some(run) = &self.run {
            let _ = run.process.signal(self.signal);
            // One that was stopped gets the signal only when it goes on.
            let _ = run.process.signal(Signal::CONT);
        }
    }

    /// Does what is due.
    fn advance(&self, course: &mut Course) -> Result<(), Cause> {
        let now = Instant::now();
        let program_ended = self.program_ended();
        if now >= course.kill_at {
            if course.killed {
                let text = format!("what was killed has not gone after {} s", KILL_TIMEOUT.as_secs());
                return Err(Cause::new(Status::TIMEOUT, text));
            }
            self.kill()?;
            course.killed = true;
            course.kill_at = now + KILL_TIMEOUT;
            if !self.timeout.is_zero() {
                self.speak(course, format!("killed after {} ms", self.timeout.as_millis()));
            }
        } else if program_ended && now >= course.list_at {
            course.list_at = now + LIST_INTERVAL;
            // What comes late, or from elsewhere, is killed like the rest.
            if course.killed { self.kill()? } else { self.signal_rest(course)? }
        }
        if now >= course.speak_at {
            let left = course.kill_at.saturating_duration_since(now).as_secs();
            let whom = if program_ended { "what the program left" } else { "the program" };
            self.speak(course, format!("waiting for {whom} to end; killed in {left} s"));
        }
        Ok(())
    }

    /// Kills the program, wherever it is, and everything in the leaf.
    fn kill(&self) -> Result<(), Cause> {
        self.bring_back();
        if let Some(run) = self.run.as_ref().filter(|_| !self.program_ended()) {
            // It may have ended by itself in this moment; the loop tells.
            let _ = run.process.signal(Signal::KILL);
        }
        match self.leaf.kill() {
            Ok(()) | Err(CgroupError::Missing(_)) => Ok(()),
            Err(error) => Err(lacking(error)),
        }
    }

    /// Signals what the program has left, each process once: a second signal means "at once" to some.
    fn signal_rest(&self, course: &mut Course) -> Result<(), Cause> {
        let new = self.leaf.signal(self.signal, |pid| course.signalled.contains(&pid)).map_err(lacking)?;
        self.leaf.signal(Signal::CONT, |pid| !new.contains(&pid)).map_err(lacking)?;
        if !new.is_empty() {
            let text = format!("the program has ended; signalled {} processes that it left", new.len());
            self.speak(course, text);
        }
        course.signalled.extend(new);
        Ok(())
    }

    fn speak(&self, course: &mut Course, text: String) {
        course.checkpoint += 1;
        course.speak_at = Instant::now() + self.progress_interval();
        // Cancelled or not, the loop looks by itself.
        let _: Directive = self.operation.progress(course.checkpoint, text);
    }

    fn wait(&self, events: Option<&EventsWatch>, course: &Course) -> Result<(), Cause> {
        let program = self.run.as_ref().filter(|_| !self.program_ended());
        let mut until = course.kill_at.min(course.speak_at);
        if program.is_none() {
            until = until.min(course.list_at);
        }
        let left = until.saturating_duration_since(Instant::now());
        let left = rustix::time::Timespec::try_from(left).map_err(lacking)?;
        let mut polled: Vec<PollFd<'_>> =
            events.map(|events| PollFd::new(events, PollFlags::PRI)).into_iter().collect();
        polled.extend(program.map(|run| PollFd::new(&run.process, PollFlags::IN)));
        match poll(&mut polled, Some(&left)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(lacking(error)),
        }
    }

    fn program_ended(&self) -> bool {
        self.run.as_ref().is_none_or(|run| run.exit().is_some())
    }

    fn progress_interval(&self) -> Duration {
        let limit = if self.pending_timeout.is_zero() { PROGRESS_INTERVAL } else { self.pending_timeout / 3 };
        PROGRESS_INTERVAL.min(limit).max(PROGRESS_INTERVAL_MIN)
    }
}

fn lacking(error: impl Display) -> Cause {
    Cause::new(Status::RESMON_SYSTEM_RESOURCES_LACKING, error.to_string())
}
