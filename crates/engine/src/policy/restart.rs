//! What one failure leads to, by the numbers (reference: restart and failover policy).
//!
//! ```text
//!   failure ──► RestartAction 0 ───────────────────────────────────────► stay
//!      │
//!      └──► fewer than RestartThreshold restarts in RestartPeriod? ──yes──► restart after RestartDelay
//!                                    │ no
//!                                    ├─ RestartAction 2 ──► fail over
//!                                    └─ RestartAction 1 ──► stay
//! ```
//!
//! Pure: numbers and times in, a verdict out. It waits for nothing and starts nothing.

use std::collections::VecDeque;

use super::settings::{EmbeddedFailureAction, RestartAction, RestartPolicy};
use crate::limits::{RESTART_SPACING_MIN_MS, RESTARTS_REMEMBERED_MAX};
use crate::seeded::{self, Bug};

/// When a resource was restarted, oldest first, in steady milliseconds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct History {
    times: VecDeque<u64>,
    /// The last one, however long ago.
    last_ms: Option<u64>,
}

/// What a failure leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// It is restarted at this time; this is the so-many-th restart within the period.
    Restart { at_ms: u64, number: u32 },
    /// Restarts are used up, and the group is to be told.
    FailOver,
    /// It stays Failed: no restart is wanted.
    Never,
    /// It stays Failed: restarts are used up.
    UsedUp,
}

impl History {
    /// A restart begins now.
    pub(crate) fn record(&mut self, now_ms: u64) {
        if self.times.len() == RESTARTS_REMEMBERED_MAX {
            self.times.pop_front();
        }
        self.times.push_back(now_ms);
        self.last_ms = Some(now_ms);
    }

    /// A new cycle: nothing counts any more.
    pub(crate) fn forget(&mut self) {
        self.times.clear();
    }

    /// Restarts that are not older than the period.
    pub(crate) fn count(&self, period_ms: u64, now_ms: u64) -> u32 {
        let counted = self.times.iter().filter(|at_ms| now_ms.saturating_sub(**at_ms) <= period_ms);
        u32::try_from(counted.count()).unwrap_or(u32::MAX)
    }

    /// How long the oldest restart that counts still does; 0 when none counts.
    pub(crate) fn remaining_ms(&self, period_ms: u64, now_ms: u64) -> u64 {
        let ages = self.times.iter().map(|at_ms| now_ms.saturating_sub(*at_ms));
        ages.filter(|age_ms| *age_ms <= period_ms).max().map_or(0, |age_ms| period_ms - age_ms)
    }
}

/// What a failure at this time leads to.
pub(crate) fn decide(policy: &RestartPolicy, history: &History, now_ms: u64) -> Verdict {
    if policy.action == RestartAction::Stay {
        return Verdict::Never;
    }
    let count = history.count(policy.period_ms.into(), now_ms);
    if count < policy.threshold || count == policy.threshold && seeded::has(Bug::OneRestartTooMany) {
        let spaced_ms = history.last_ms.map_or(0, |last_ms| last_ms + RESTART_SPACING_MIN_MS);
        let delay_ms = if seeded::has(Bug::DelayNotAwaited) { 0 } else { policy.delay_ms };
        let at_ms = (now_ms + u64::from(delay_ms)).max(spaced_ms);
        return Verdict::Restart { at_ms, number: count + 1 };
    }
    match policy.action {
        RestartAction::RestartThenFailOver => Verdict::FailOver,
        _ => Verdict::UsedUp,
    }
}

/// What a failure inside of something that runs on leads to; `None` where nothing is to follow.
pub(crate) fn decide_inside(policy: &RestartPolicy, history: &History, now_ms: u64) -> Option<Verdict> {
    match policy.embedded {
        EmbeddedFailureAction::Nothing | EmbeddedFailureAction::Tell => None,
        EmbeddedFailureAction::Recover => Some(decide(policy, history, now_ms)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_inside_leads_to_what_its_action_says() {
        use EmbeddedFailureAction::{Nothing, Recover, Tell};
        use RestartAction::{Restart, RestartThenFailOver, Stay};
        let cases: [(EmbeddedFailureAction, RestartAction, &[u64], Option<Verdict>); 7] = [
            (Nothing, RestartThenFailOver, &[], None),
            (Tell, RestartThenFailOver, &[], None),
            (Recover, Restart, &[], Some(Verdict::Restart { at_ms: 5_500, number: 1 })),
            (Recover, RestartThenFailOver, &[1_000], Some(Verdict::Restart { at_ms: 5_500, number: 2 })),
            (Recover, RestartThenFailOver, &[1_000, 2_000], Some(Verdict::FailOver)),
            (Recover, Restart, &[1_000, 2_000], Some(Verdict::UsedUp)),
            (Recover, Stay, &[], Some(Verdict::Never)),
        ];
        for (embedded, action, restarts, expected) in cases {
            let policy = RestartPolicy { embedded, action, threshold: 2, ..RestartPolicy::default() };
            let mut history = History::default();
            restarts.iter().for_each(|at_ms| history.record(*at_ms));
            assert_eq!(decide_inside(&policy, &history, 5_000), expected, "{policy:?} {restarts:?}");
        }
    }

    /// `(action, threshold, period, delay)`, restarts before, now, and what a failure then leads to.
    type Case = ((RestartAction, u32, u32, u32), &'static [u64], u64, Verdict);

    #[test]
    fn a_failure_leads_to_what_the_numbers_say() {
        use RestartAction::{Restart, RestartThenFailOver, Stay};
        let restart = |at_ms, number| Verdict::Restart { at_ms, number };
        let cases: [Case; 14] = [
            ((Stay, 3, 900_000, 500), &[], 1_000, Verdict::Never),
            ((Restart, 3, 900_000, 500), &[], 1_000, restart(1_500, 1)),
            ((RestartThenFailOver, 3, 900_000, 500), &[1_000], 2_000, restart(2_500, 2)),
            ((RestartThenFailOver, 3, 900_000, 500), &[1_000, 2_000], 3_000, restart(3_500, 3)),
            ((RestartThenFailOver, 3, 900_000, 500), &[1_000, 2_000, 3_000], 4_000, Verdict::FailOver),
            ((Restart, 3, 900_000, 500), &[1_000, 2_000, 3_000], 4_000, Verdict::UsedUp),
            // What is older than the period does not count; what is just as old does.
            ((Restart, 3, 900_000, 500), &[1_000, 2_000, 3_000], 901_000, Verdict::UsedUp),
            ((Restart, 3, 900_000, 500), &[1_000, 2_000, 3_000], 901_001, restart(901_501, 3)),
            ((Restart, 3, 900_000, 500), &[1_000, 2_000, 3_000], 903_001, restart(903_501, 1)),
            // A threshold of 0 acts at the first failure.
            ((Restart, 0, 900_000, 500), &[], 1_000, Verdict::UsedUp),
            ((RestartThenFailOver, 0, 900_000, 500), &[], 1_000, Verdict::FailOver),
            // Without a delay the first restart is at once, and the next ones are spaced.
            ((Restart, 9, 900_000, 0), &[], 1_000, restart(1_000, 1)),
            ((Restart, 9, 900_000, 0), &[1_000], 1_010, restart(1_000 + RESTART_SPACING_MIN_MS, 2)),
            ((Restart, 9, 0, 0), &[1_000, 1_200], 2_000, restart(2_000, 1)),
        ];
        for ((action, threshold, period_ms, delay_ms), restarts, now_ms, expected) in cases {
            let policy = RestartPolicy { action, threshold, period_ms, delay_ms, ..RestartPolicy::default() };
            let mut history = History::default();
            restarts.iter().for_each(|at_ms| history.record(*at_ms));
            assert_eq!(decide(&policy, &history, now_ms), expected, "{policy:?} {restarts:?} at {now_ms}");
        }
    }

    #[test]
    fn what_is_left_of_the_period_is_the_oldest_restarts() {
        let mut history = History::default();
        assert_eq!(history.remaining_ms(1_000, 5_000), 0);
        history.record(5_000);
        history.record(5_400);
        assert_eq!(history.remaining_ms(1_000, 5_500), 500);
        assert_eq!(history.remaining_ms(1_000, 6_100), 300);
        assert_eq!(history.remaining_ms(1_000, 7_000), 0);
    }

    #[test]
    fn a_history_is_bounded() {
        let mut history = History::default();
        (0..10_000).for_each(|at_ms| history.record(at_ms));
        assert_eq!(history.count(u64::from(u32::MAX), 10_000) as usize, RESTARTS_REMEMBERED_MAX);
    }
}
