//! How many starts and stops of agents run at once.
//!
//! An agent is a shell script and what that calls: many milliseconds of processor time. A thousand of them that begin
//! together take no less time than one after the other, but each takes as long as all, and so longer than its timeout.
//! An agent that only waits, for a server or for the disk, takes no processor, and must keep nobody else waiting for
//! long. So as many run as keep the processors busy, and beyond that one more begins every now and then.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// How many run for each processor before one has to wait: scripts wait for the processes that they start, and for
/// the disk.
const PER_PROCESSOR: usize = 4;

/// After this time without a beginning one more begins.
const EXTRA_INTERVAL: Duration = Duration::from_millis(50);

/// How often who waits looks whether he may go on waiting.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Who runs and who waits.
pub(super) struct Turns {
    limit: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    running: usize,
    last_begun: Option<Instant>,
    /// First come, first served.
    waiting: VecDeque<Arc<Condvar>>,
}

/// One that runs.
pub(super) struct Turn<'a>(&'a Turns);

impl Turns {
    pub(super) fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self::of(PER_PROCESSOR * processors)
    }

    fn of(limit: usize) -> Self {
        Turns { limit, state: Mutex::default() }
    }

    /// Waits until one more may run. `look` is called meanwhile with how long it waits already, and answers whether it may
    /// go on; `None` if not.
    pub(super) fn begin(&self, mut look: impl FnMut(Duration) -> bool) -> Option<Turn<'_>> {
        let mut state = self.state.lock();
        if state.waiting.is_empty() && state.running < self.limit {
            return Some(self.run(&mut state));
        }
        let (own, began) = (Arc::new(Condvar::new()), Instant::now());
        state.waiting.push_back(own.clone());
        loop {
            let is_first = state.waiting.front().is_some_and(|first| Arc::ptr_eq(first, &own));
            let extra = state.last_begun.map_or(began, |last| last + EXTRA_INTERVAL);
            if is_first && (state.running < self.limit || Instant::now() >= extra) {
                state.waiting.pop_front();
                let turn = self.run(&mut state);
                Self::wake_first(&state);
                return Some(turn);
            }
            let next_look = Instant::now() + LOOK_INTERVAL;
            own.wait_until(&mut state, if is_first { extra.min(next_look) } else { next_look });
            let may_go_on = parking_lot::MutexGuard::unlocked(&mut state, || look(began.elapsed()));
            if !may_go_on {
                state.waiting.retain(|waiting| !Arc::ptr_eq(waiting, &own));
                Self::wake_first(&state);
                return None;
            }
        }
    }

    fn run(&self, state: &mut State) -> Turn<'_> {
        state.running += 1;
        state.last_begun = Some(Instant::now());
        Turn(self)
    }

    fn wake_first(state: &State) {
        if let Some(first) = state.waiting.front() {
            first.notify_one();
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.running -= 1;
        Turns::wake_first(&state);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn no_more_run_than_may_as_long_as_they_end() {
        let turns = Turns::of(2);
        let (running, most, done) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..50 {
                scope.spawn(|| {
                    let turn = turns.begin(|_| true).unwrap();
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    thread::yield_now();
                    running.fetch_sub(1, Ordering::SeqCst);
                    done.fetch_add(1, Ordering::SeqCst);
                    drop(turn);
                });
            }
        });
        // A machine that stands still for long lets one more begin.
        assert!(most.into_inner() < 50);
        assert_eq!(done.into_inner(), 50);
        let state = turns.state.lock();
        assert!(state.running == 0 && state.waiting.is_empty());
    }

    #[test]
    fn those_that_do_not_end_keep_nobody_waiting_for_ever() {
        let turns = Turns::of(1);
        let held: Vec<Turn<'_>> = (0..4).map(|_| turns.begin(|_| true).unwrap()).collect();
        assert_eq!(turns.state.lock().running, 4);
        drop(held);
        assert_eq!(turns.state.lock().running, 0);
    }

    #[test]
    fn who_is_told_so_waits_no_more() {
        let turns = Turns::of(0);
        assert!(turns.begin(|_| true).is_some());
        assert!(turns.begin(|_| false).is_none());
        assert!(turns.state.lock().waiting.is_empty());
    }
}
