//! What is asked of a machine, whoever runs it.

use std::fmt;
use std::fs::File;

use mainstay_types::order::Cause;

/// How a machine is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Condition {
    /// Its processors run.
    Running,
    /// It was started and none of its processors has run yet.
    New,
    /// It takes in a saved state.
    Loading,
    /// Its processors stand still, and it could go on.
    Paused,
    /// It cannot go on; why, in words.
    Broken(String),
    /// Nothing of it is there.
    Gone,
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Condition::Running => "it runs",
            Condition::New => "none of its processors has run yet",
            Condition::Loading => "it still takes a saved state in",
            Condition::Paused => "its processors stand still",
            Condition::Broken(why) => why,
            Condition::Gone => "it has ended",
        })
    }
}

/// How far a save or a load has come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Transfer {
    /// It goes on.
    Running {
        /// Bytes that have gone over.
        done: u64,
        /// As many as there may be.
        total: u64,
    },
    /// All of it is over.
    Done,
    /// It has ended before; why.
    Failed(String),
}

/// A machine that was started, as its backend has it. Each call returns soon, unless the machine hangs; then an error says
/// so.
pub(super) trait Guest: Send + Sync {
    /// How it is.
    fn condition(&self) -> Result<Condition, Cause>;

    /// What somebody else does with it, for which it has to stay: a migration, a backup.
    fn foreign_job(&self) -> Result<Option<String>, Cause>;

    /// Stops its processors.
    fn pause(&self) -> Result<(), Cause>;

    /// Lets its processors run.
    fn resume(&self) -> Result<(), Cause>;

    /// Begins to write its state into this file, at most so many bytes a second; 0 is without limit.
    fn begin_save(&self, file: &File, bytes_per_second: u64) -> Result<(), Cause>;

    /// Begins to take a state in.
    fn begin_load(&self, file: &File) -> Result<(), Cause>;

    /// How far that has come.
    fn transfer(&self) -> Result<Transfer, Cause>;

    /// Gives a save up.
    fn cancel_save(&self) -> Result<(), Cause>;

    /// Presses its power button.
    fn press_power_button(&self) -> Result<(), Cause>;

    /// Ends it at once, and waits until it has ended.
    fn end(&self) -> Result<(), Cause>;

    /// Waits so long at most until it has ended; whether it has.
    fn wait(&self, limit: std::time::Duration) -> bool;

    /// How it has ended, for people.
    fn last_words(&self) -> String;
}
