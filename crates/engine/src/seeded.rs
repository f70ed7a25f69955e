//! Bugs on purpose, by which the simulator shows that it would see them (`cargo xtask simulate --seeded-bugs`).
//!
//! Each stands where it would hurt. Without the feature `seeded-bugs`, which nothing that is installed is built with,
//! `has` is false when the program is compiled, and no bug is in it. With the feature there is at most one at a time.

macro_rules! bugs {
    ($($(#[doc = $what:literal])+ $bug:ident = $name:literal,)+) => {
        /// A bug on purpose.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Bug {
            $($(#[doc = $what])+ $bug,)+
        }

        #[cfg(feature = "seeded-bugs")]
        impl Bug {
            /// Every one.
            pub const ALL: &[Bug] = &[$(Bug::$bug,)+];

            /// Its name, for people.
            pub fn name(self) -> &'static str {
                match self {
                    $(Bug::$bug => $name,)+
                }
            }
        }
    };
}

bugs! {
    /// A provider is stopped while dependents are still stopping.
    DependentNotAwaited = "dependent-not-awaited",
    /// A dependent is started before its providers are online.
    ProviderNotAwaited = "provider-not-awaited",
    /// A group is started before the groups that come first.
    GroupNotAwaited = "group-not-awaited",
    /// A StartupDelay that runs is over when the service starts again.
    DelayForgotten = "delay-forgotten",
    /// A group is started beside another one from which it is to be kept apart.
    PlaceNotAsked = "place-not-asked",
    /// The last alternative that serves is stopped under its dependent.
    LastAlternativeStopped = "last-alternative-stopped",
    /// A closed leaf is opened without a higher epoch.
    EpochNotRaised = "epoch-not-raised",
    /// The end of an order is believed although another order is under way.
    StaleReportBelieved = "stale-report-believed",
    /// A lock is not looked at when a call is decided.
    LockNotChecked = "lock-not-checked",
    /// A lock is not looked at again when the resource's turn has come.
    LockNotCheckedAgain = "lock-not-checked-again",
    /// A commit of unknown outcome is taken for done.
    UnknownCommitBelieved = "unknown-commit-believed",
    /// A hard stop that did not empty the leaf is taken for one that did.
    HardStopNotProven = "hard-stop-not-proven",
    /// One restart more than RestartThreshold.
    OneRestartTooMany = "one-restart-too-many",
    /// A restart does not wait for RestartDelay.
    DelayNotAwaited = "delay-not-awaited",
    /// A restart of what has failed inside does not count against RestartThreshold.
    EmbeddedNotCounted = "embedded-not-counted",
    /// DO_NOT_UPDATE_PERSISTENT_STATE writes it all the same.
    KeptStateWritten = "kept-state-written",
    /// A veto does not put the persistent state back.
    VetoKeepsWord = "veto-keeps-word",
    /// Whoever may look may act.
    AccessNotChecked = "access-not-checked",
    /// Watchers are not told that a resource has failed.
    FailureNotTold = "failure-not-told",
    /// A stop has no limit.
    StopWithoutLimit = "stop-without-limit",
    /// The end of the pool host is taken for the end of every host.
    PoolTakesAll = "pool-takes-all",
    /// After a crash an operation does again what a later one has undone.
    OvertakenResumed = "overtaken-resumed",
    /// After a crash an operation that the journal has as ended is begun again.
    EndedResumed = "ended-resumed",
    /// What a type holds outside of processes is forgotten when its host is lost.
    LeftoverForgotten = "leftover-forgotten",
    /// What an earlier word overrode is not withdrawn.
    WordNotWithdrawn = "word-not-withdrawn",
    /// What a host tells while the service starts is lost.
    ReportBeforeReadyLost = "report-before-ready-lost",
    /// An ended operation's record stays in the database.
    RecordNotSwept = "record-not-swept",
    /// What a host wants kept that has lost the resource is kept.
    StaleNoteKept = "stale-note-kept",
    /// A note is acknowledged before it is committed.
    NoteNotAwaited = "note-not-awaited",
}

#[cfg(feature = "seeded-bugs")]
mod seed {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::Bug;

    const NONE: usize = usize::MAX;
    /// The one bug that the program has. It is set before the first engine is made.
    static SEEDED: AtomicUsize = AtomicUsize::new(NONE);

    /// From now on every engine of this process has this bug, and no other.
    pub fn seed(bug: Option<Bug>) {
        SEEDED.store(bug.map_or(NONE, |bug| bug as usize), Ordering::SeqCst);
    }

    pub(crate) fn has(bug: Bug) -> bool {
        SEEDED.load(Ordering::Relaxed) == bug as usize
    }
}

#[cfg(feature = "seeded-bugs")]
pub(crate) use seed::has;
#[cfg(feature = "seeded-bugs")]
pub use seed::seed;

/// There is none.
#[cfg(not(feature = "seeded-bugs"))]
#[inline(always)]
pub(crate) const fn has(_: Bug) -> bool {
    false
}
