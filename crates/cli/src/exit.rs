//! What the exit codes mean.

use std::process::ExitCode;

/// How a command ended, told apart for scripts (design §3.14).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Exit {
    /// What was asked for is true.
    Done = 0,
    /// Refused; nothing was changed.
    Refused = 1,
    /// The command line is wrong; nothing was asked of the service.
    Usage = 2,
    /// Accepted, and not ended within the wait. It goes on.
    NotEnded = 3,
    /// Accepted, and ended otherwise: failed, vetoed, superseded, or done in part.
    EndedOtherwise = 4,
    /// The service was not reached, or nobody can say what became of it.
    Unknown = 5,
    /// What the command found or did could not be written to standard output.
    Unwritten = 6,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}
