//! The thread on which a process is made.
//!
//! Who makes a process stands still until its program begins, and the kernel may take its time: a frozen leaf, a file
//! system that hangs. So that is done on a thread of its own, and who wants the program waits for it no longer than he
//! likes. A thread whose process was given up stays until the kernel lets go of it. The others wait a while for the next
//! process, so there are as many as processes were made at once.
//!
//! ```text
//!   UnderWay ──the program has begun, or the process has ended──► Ended ──taken──► (gone)
//!      └──────given up: killed, if there is a process──► GivenUp ──the kernel lets go: killed and reaped──► (gone)
//! ```

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::child::{self, Entry, Plan, THREAD_STACK_LENGTH, Told};
use crate::process::Process;

/// How long who gives a process up waits for it to go. Longer: it is stuck in the kernel.
const KILLED_TIMEOUT: Duration = Duration::from_millis(200);

/// How long a thread waits for a process that was given up once the kernel has let go, so as to leave no zombie.
const REAP_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a thread waits for the next process.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

/// The threads.
static CREW: Crew =
    Crew { queue: Mutex::new(Queue { jobs: VecDeque::new(), idle: 0 }), work: Condvar::new() };

struct Crew {
    queue: Mutex<Queue>,
    work: Condvar,
}

struct Queue {
    /// No more than there are threads that are just coming.
    jobs: VecDeque<Job>,
    idle: usize,
}

struct Job {
    plan: Arc<Plan>,
    entry: Entry,
    birth: Arc<Birth>,
}

/// A process that is being made.
pub(super) struct Birth {
    state: Mutex<State>,
    changed: Condvar,
    /// The process's number; 0: there is none yet. Nobody else gets the number before our thread has asked how the
    /// process has ended, and that it does not do while the state is UnderWay.
    pid: AtomicI32,
}

type Made = io::Result<(Process, Told)>;

enum State {
    UnderWay,
    Ended(Made),
    GivenUp,
    Gone,
}

impl Birth {
    /// Begins it.
    pub(super) fn begin(plan: Arc<Plan>, entry: Entry) -> io::Result<Arc<Self>> {
        let (state, changed, pid) = (Mutex::new(State::UnderWay), Condvar::new(), AtomicI32::new(0));
        let birth = Arc::new(Birth { state, changed, pid });
        CREW.take(Job { plan, entry, birth: birth.clone() })?;
        Ok(birth)
    }

    /// How it has gone. `None`: not by the deadline, and what there is of it is killed.
    pub(super) fn wait(&self, deadline: Instant) -> Option<Made> {
        let is_under_way = |state: &mut State| matches!(state, State::UnderWay);
        let mut state = self.wait_while(self.lock(), deadline, is_under_way);
        match std::mem::replace(&mut *state, State::GivenUp) {
            State::Ended(made) => {
                *state = State::Gone;
                return Some(made);
            }
            State::UnderWay => {}
            State::GivenUp | State::Gone => return None,
        }
        if let Some(pid) = Pid::from_raw(self.pid.load(Ordering::Acquire)) {
            // Killing works in a frozen leaf too. What cannot be killed stays there, where everybody sees it.
            let _ = kill_process(pid, Signal::KILL);
        }
        let is_there = |state: &mut State| matches!(state, State::GivenUp);
        drop(self.wait_while(state, Instant::now() + KILLED_TIMEOUT, is_there));
        None
    }

    fn end(&self, made: Made) {
        let mut state = self.lock();
        if matches!(*state, State::UnderWay) {
            *state = State::Ended(made);
        } else {
            drop(state);
            if let Ok((process, _)) = made {
                // It may have been made only after it was given up.
                let _ = process.signal(crate::signal::Signal::KILL);
                let _ = process.wait(Instant::now() + REAP_TIMEOUT);
            }
            *self.lock() = State::Gone;
        }
        self.changed.notify_all();
    }

    fn wait_while<'a>(
        &self,
        state: MutexGuard<'a, State>,
        deadline: Instant,
        condition: impl FnMut(&mut State) -> bool,
    ) -> MutexGuard<'a, State> {
        let left = deadline.saturating_duration_since(Instant::now());
        let waited = self.changed.wait_timeout_while(state, left, condition);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Crew {
    fn take(&'static self, job: Job) -> io::Result<()> {
        let mut queue = self.lock();
        if queue.jobs.len() < queue.idle {
            queue.jobs.push_back(job);
            self.work.notify_one();
            return Ok(());
        }
        let thread = thread::Builder::new().name("program start".into()).stack_size(THREAD_STACK_LENGTH);
        thread.spawn(move || self.work(job))?;
        Ok(())
    }

    fn work(&self, first: Job) {
        first.carry_out();
        let mut queue = self.lock();
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                drop(queue);
                job.carry_out();
                queue = self.lock();
                continue;
            }
            queue.idle += 1;
            let waited = self.work.wait_timeout(queue, IDLE_TIMEOUT);
            let (woken, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            queue = woken;
            queue.idle -= 1;
            if timeout.timed_out() && queue.jobs.is_empty() {
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Job {
    fn carry_out(self) {
        let made = child::make(&self.plan, self.entry, &self.birth.pid);
        // Who takes the end may wait for the descriptors to be closed.
        drop(self.plan);
        self.birth.end(made);
    }
}
