//! The engine with its hands: one lock, one way in, effects out in their order.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mainstay_engine::command::{Call, Caller, Command};
use mainstay_engine::effect::{Answer, Effect};
use mainstay_engine::input::{CallId, Input, Now};
use mainstay_engine::{Engine, View};
use mainstay_process::or_abort;
use parking_lot::{Condvar, Mutex};

use crate::database::Database;
use crate::guard::Guard;
use crate::hosts::Hosts;
use crate::journal::Journal;
use crate::watchers::Watchers;

/// Takes the answer to one call. Called once, from whichever thread the answer comes on; must not wait.
pub type Responder = Box<dyn FnOnce(Answer) + Send>;

/// Everything that effects are handed to. None of these calls back into the core from within.
pub struct Hands {
    /// Commits.
    pub database: Database,
    /// Records.
    pub journal: Journal,
    /// Host processes and connections.
    pub hosts: Hosts,
    /// The guard's process and connection.
    pub guard: Guard,
    /// Notification ports.
    pub watchers: Watchers,
}

/// The engine, its lock, and its hands.
pub struct Core {
    engine: Mutex<Engine>,
    hands: Hands,
    callers: Mutex<HashMap<CallId, Responder>>,
    calls: AtomicU64,
    alarm: Mutex<Alarm>,
    alarm_moved: Condvar,
}

/// How long the timer's thread sleeps at most while there is a deadline. Deadlines that are further away, and most are
/// taken back before, need no switch to it.
const LOOK_INTERVAL_MS: u64 = 1_000;

/// The engine's deadline, and when the timer's thread will look at it by itself. Both in steady milliseconds.
#[derive(Default)]
struct Alarm {
    deadline_ms: Option<u64>,
    looks_at_ms: Option<u64>,
}

impl Alarm {
    /// Sets the deadline; answers whether the thread has to be woken for it.
    fn set(&mut self, deadline_ms: Option<u64>) -> bool {
        self.deadline_ms = deadline_ms;
        deadline_ms.is_some_and(|at_ms| self.looks_at_ms.is_none_or(|looks_at_ms| at_ms < looks_at_ms))
    }

    /// How long the thread may sleep; `None` for ever.
    fn sleep_ms(&mut self, now_ms: u64) -> Option<u64> {
        let sleep_ms = self.deadline_ms.map(|at_ms| at_ms.saturating_sub(now_ms).min(LOOK_INTERVAL_MS));
        self.looks_at_ms = sleep_ms.map(|sleep_ms| now_ms + sleep_ms);
        sleep_ms
    }
}

impl Core {
    /// A core that nothing has been fed to yet.
    pub fn new(engine: Engine, hands: Hands) -> Arc<Self> {
        Arc::new(Core {
            engine: Mutex::new(engine),
            hands,
            callers: Mutex::default(),
            calls: AtomicU64::new(1),
            alarm: Mutex::default(),
            alarm_moved: Condvar::new(),
        })
    }

    /// Tells the engine one thing, and carries out what it decides.
    pub fn feed(&self, input: Input) {
        self.feed_all(|| vec![input]);
    }

    /// Tells the engine several things, one after the other and nothing between them. They are looked up under its lock.
    ///
    /// Records go to the journal last: what callers and hosts wait for does not wait for its thread to wake.
    pub fn feed_all(&self, look_up: impl FnOnce() -> Vec<Input>) {
        let mut engine = self.engine.lock();
        // A panic in the engine is a fault of ours. What it leaves half done nobody may decide from.
        or_abort(|| {
            let mut records = Vec::new();
            for input in look_up() {
                for effect in engine.handle(input, now()) {
                    match effect {
                        Effect::Journal(_) => records.push(effect),
                        effect => self.carry_out(effect),
                    }
                }
            }
            records.into_iter().for_each(|record| self.carry_out(record));
        });
        // Still under the engine's lock, so that an older deadline never replaces a newer one.
        self.set_deadline(engine.next_deadline());
    }

    /// Hands a command to the engine. The responder may be called before this returns.
    pub fn call(&self, caller: Caller, command: Command, responder: Responder) {
        let id = CallId(self.calls.fetch_add(1, Ordering::Relaxed));
        self.callers.lock().insert(id, responder);
        self.feed(Input::Call(Box::new(Call { id, caller, command })));
    }

    /// Looks at what is committed.
    pub fn read<T>(&self, look: impl FnOnce(View<'_>) -> T) -> T {
        look(self.engine.lock().view())
    }

    /// The hands, for what no decision is needed for: journal queries, notification ports.
    pub fn hands(&self) -> &Hands {
        &self.hands
    }

    /// The journal with everything in it that anybody has heard of.
    pub fn settled_journal(&self) -> &Journal {
        // Who answered a call may not have come to its record yet; he has the lock until then.
        drop(self.engine.lock());
        self.hands.journal.flush();
        &self.hands.journal
    }

    /// Feeds ticks at the engine's deadlines. Runs for ever; give it a thread.
    pub fn run_timer(&self) {
        loop {
            let mut alarm = self.alarm.lock();
            loop {
                match alarm.sleep_ms(now().steady_ms) {
                    None => self.alarm_moved.wait(&mut alarm),
                    Some(0) => break,
                    Some(left_ms) => {
                        self.alarm_moved.wait_for(&mut alarm, Duration::from_millis(left_ms));
                    }
                }
            }
            alarm.deadline_ms = None;
            drop(alarm);
            self.feed(Input::Tick);
        }
    }

    fn set_deadline(&self, new: Option<u64>) {
        if self.alarm.lock().set(new) {
            self.alarm_moved.notify_one();
        }
    }

    fn carry_out(&self, effect: Effect) {
        match effect {
            Effect::Answer { call, answer } => {
                // A caller that is gone has no entry any more.
                if let Some(responder) = self.callers.lock().remove(&call) {
                    responder(answer);
                }
            }
            Effect::Commit { commit, transaction } => self.hands.database.commit(commit, transaction),
            Effect::BackUp { operation, path, manifest } => {
                self.hands.database.back_up(operation, path, manifest);
            }
            Effect::StartHost { host, group, epoch, foreign } => {
                self.hands.hosts.start(host, group, epoch, foreign);
            }
            Effect::StopHost(host) => self.hands.hosts.stop(host),
            Effect::KillHost(host) => self.hands.hosts.kill(host),
            Effect::Order { host, group, order } => self.hands.hosts.order(host, group, order),
            Effect::Query { host, query } => self.hands.hosts.query(host, query),
            Effect::Configure { host, resource, opening } => {
                self.hands.hosts.configure(host, resource, opening);
            }
            Effect::Acknowledge { host, sequence } => self.hands.hosts.acknowledge(host, sequence),
            Effect::NotKept { host, sequence, cause } => self.hands.hosts.not_kept(host, sequence, cause),
            Effect::Ping { host, nonce } => self.hands.hosts.ping(host, nonce),
            Effect::HardStop { group, resource, epoch } => {
                self.hands.hosts.leaf_closes(resource);
                self.hands.guard.hard_stop(group, resource, epoch);
            }
            Effect::Look { group, resource } => self.hands.guard.look(group, resource),
            Effect::RemoveLeaf { group, resource } => {
                self.hands.hosts.leaf_goes(resource);
                self.hands.guard.remove(group, resource);
            }
            Effect::Publish(event) => self.hands.watchers.publish(*event, now().unix_ms),
            Effect::Journal(record) => self.hands.journal.write(*record),
        }
    }
}

/// The time, by the clocks of this machine: the steady one counts suspended time.
pub fn now() -> Now {
    let steady = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Now {
        steady_ms: steady.tv_sec.unsigned_abs() * 1000 + steady.tv_nsec.unsigned_abs() / 1_000_000,
        unix_ms: u64::try_from(unix.as_millis()).unwrap_or(u64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_timer_is_woken_only_for_what_it_would_miss() {
        let mut alarm = Alarm::default();
        assert_eq!(alarm.sleep_ms(1_000), None);
        assert!(alarm.set(Some(31_000)), "it sleeps for ever");
        assert_eq!(alarm.sleep_ms(1_000), Some(1_000));
        assert!(!alarm.set(Some(2_000)) && !alarm.set(None) && !alarm.set(Some(2_500)));
        assert!(alarm.set(Some(1_999)));
        assert_eq!(alarm.sleep_ms(1_990), Some(9));
        assert_eq!(alarm.sleep_ms(2_000), Some(0));
        assert!(!alarm.set(Some(2_300)), "it is awake and looks before it sleeps");
        assert_eq!(alarm.sleep_ms(2_100), Some(200));
    }
}
