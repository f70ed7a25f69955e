//! Deadlines by name. One name has one deadline; the earliest is what the service wakes the engine for.

use std::collections::{BTreeMap, BTreeSet};

use mainstay_types::{GroupId, HostId, OperationId, ResourceId};

/// What a deadline is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Timer {
    /// The limit of a task's stage.
    Stage(ResourceId),
    /// PendingLimit: the whole of a task.
    Limit(ResourceId),
    /// The next try to empty the leaf of a failed resource.
    HardStop(ResourceId),
    /// The end of Close of a deleted resource.
    Close(ResourceId),
    /// Answers to CheckOffline.
    Check(OperationId),
    /// Another try to commit what has to be committed.
    Commit(OperationId),
    /// The records of ended operations go in a commit of their own.
    Sweep,
    /// Another try to raise the epochs after a new boot.
    Epochs,
    /// Another try to raise one group's epoch.
    Epoch(GroupId),
    /// A host's start, next start, or end.
    Host(HostId),
    /// A host's pong.
    Pong(HostId),
    /// The next round of pings.
    Ping,
    /// A query's answer.
    Query(u64),
    /// The end of RestartDelay, or of RetryPeriodOnFailure.
    Restart(ResourceId),
    /// Starts that wait for other groups: the end of a delay, or of the wait.
    GroupWaits,
    /// Another try to make types of what the node offers.
    Offers,
    /// An interface whose device is gone is forgotten, or another try to write the records of interfaces.
    Networks,
    /// GroupStartDelay, or the longest wait for groups of a higher priority.
    StartUp,
}

/// All deadlines, in steady milliseconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timers {
    by_name: BTreeMap<Timer, u64>,
    by_time: BTreeSet<(u64, Timer)>,
}

impl Timers {
    /// Sets a deadline, in place of an earlier one of the same name.
    pub(crate) fn set(&mut self, timer: Timer, at_ms: u64) {
        if let Some(old) = self.by_name.insert(timer, at_ms) {
            self.by_time.remove(&(old, timer));
        }
        self.by_time.insert((at_ms, timer));
    }

    /// Forgets a deadline.
    pub(crate) fn clear(&mut self, timer: Timer) {
        if let Some(at_ms) = self.by_name.remove(&timer) {
            self.by_time.remove(&(at_ms, timer));
        }
    }

    /// Whether there is a deadline of this name.
    pub(crate) fn is_set(&self, timer: Timer) -> bool {
        self.by_name.contains_key(&timer)
    }

    /// The deadline of this name.
    pub(crate) fn deadline(&self, timer: Timer) -> Option<u64> {
        self.by_name.get(&timer).copied()
    }

    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<u64> {
        self.by_time.first().map(|(at_ms, _)| *at_ms)
    }

    /// Takes one deadline that has passed.
    pub(crate) fn take_due(&mut self, now_ms: u64) -> Option<Timer> {
        let (at_ms, timer) = *self.by_time.first()?;
        if at_ms > now_ms {
            return None;
        }
        self.clear(timer);
        Some(timer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_comes_first_and_a_name_has_one_deadline() {
        let mut timers = Timers::default();
        timers.set(Timer::Sweep, 30);
        timers.set(Timer::Ping, 20);
        timers.set(Timer::Sweep, 10);
        assert_eq!(timers.next(), Some(10));
        assert_eq!(timers.take_due(9), None);
        assert_eq!(timers.take_due(25), Some(Timer::Sweep));
        assert_eq!(timers.take_due(25), Some(Timer::Ping));
        assert_eq!((timers.take_due(25), timers.next()), (None, None));
        timers.set(Timer::Query(1), 5);
        timers.clear(Timer::Query(1));
        assert_eq!(timers.take_due(100), None);
    }
}
