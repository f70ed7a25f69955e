//! Looks at a resource through its agent: how often, how thoroughly, and what a look says.

use std::time::{Duration, Instant};

use mainstay_types::order::Cause;
use parking_lot::Mutex;

use super::{AgentResource, Outcome, busy};

/// How often the cheapest monitor is run where the agent advises nothing.
const INTERVAL_DEFAULT: Duration = Duration::from_secs(10);

/// So many looks in a row may not be taken, since the agent is just being replaced, say, or the machine lacks something.
pub(super) const UNSEEN_MAX: u32 = 5;

/// What earlier looks have shown.
#[derive(Default)]
pub(super) struct Looks {
    /// When the cheapest monitor was last run.
    looked: Mutex<Option<Instant>>,
    /// Looks in a row that could not be taken.
    unseen: Mutex<u32>,
    /// The most thorough level at which the agent has been able to look since it was started or changed.
    level: Mutex<Option<u32>>,
}

impl Looks {
    /// Another start, or other parameters, may allow a more thorough look.
    pub(super) fn forget_level(&self) {
        *self.level.lock() = None;
    }
}

impl AgentResource {
    /// The cheapest look, not more often than the agent advises.
    pub(super) fn look_quickly(&self) -> bool {
        let now = Instant::now();
        let mut looked = self.looks.looked.lock();
        if looked.is_some_and(|looked| now < looked + self.interval()) {
            return true;
        }
        *looked = Some(now);
        drop(looked);
        self.judge_look(&self.monitor(0)).is_ok()
    }

    pub(super) fn monitor(&self, level: u32) -> Outcome {
        let until = Instant::now().checked_add(self.call_limit());
        let turn = until.map_or_else(|| Some(self.turn.lock()), |until| self.turn.try_lock_until(until));
        let settings = match turn.as_ref().map(|_| self.settings_in_force()) {
            Some(Ok(settings)) => settings,
            Some(Err(cause)) => return Outcome::refused("monitor", &self.agent, cause),
            None => return Outcome::refused("monitor", &self.agent, busy()),
        };
        let left = until.map_or(Duration::MAX, |until| until.saturating_duration_since(Instant::now()));
        let call = self.call("monitor", &settings).check(level, self.interval()).within(left);
        call.run(self.aside(), |_| true)
    }

    /// The most thorough look that the agent can take with what it is told: for a level it may need a parameter that is
    /// not set, or a program that is not there, and that says nothing of what it looks at.
    pub(super) fn look_thoroughly(&self) -> Result<(), Cause> {
        let known = *self.looks.level.lock();
        let levels = self.agent.metadata.depths().into_iter();
        for level in levels.filter(|level| known.is_none_or(|known| *level <= known)) {
            let outcome = self.monitor(level);
            if level == 0 || !outcome.cannot_tell() {
                *self.looks.level.lock() = Some(level);
                return self.judge_look(&outcome);
            }
            let text = format!("not looked at on level {level}: {}", outcome.cause().text);
            self.context.reporter.log(0, text);
        }
        Ok(())
    }

    /// Whether it serves, by a look at it. That nobody could look says nothing of it, unless that goes on.
    fn judge_look(&self, outcome: &Outcome) -> Result<(), Cause> {
        let mut unseen = self.looks.unseen.lock();
        if !outcome.was_not_run() {
            *unseen = 0;
            return outcome.serves();
        }
        *unseen += 1;
        let cause = outcome.cause();
        self.context.reporter.log(1, format!("it was not looked at: {}", cause.text));
        if *unseen < UNSEEN_MAX { Ok(()) } else { Err(cause) }
    }

    fn interval(&self) -> Duration {
        self.agent.metadata.interval().unwrap_or(INTERVAL_DEFAULT)
    }
}
