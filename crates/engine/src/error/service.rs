//! What the service, the store or a host could not do.

use mainstay_types::Status;
use thiserror::Error;

/// The service, the store or a host could not.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ServiceError {
    /// The store did not take it. Nothing has changed.
    #[error("the database did not take the change, nothing was done: {reason}")]
    NotCommitted {
        /// Its words.
        reason: String,
    },
    /// Somebody else changed the same thing.
    #[error("somebody changed the same object meanwhile, nothing was done; try again")]
    Conflict,
    /// Too much at once.
    #[error("too many {what} wait already (at most {max}); try again")]
    Busy {
        /// "calls"
        what: &'static str,
        /// The bound.
        max: usize,
    },
    /// The resource's type did not answer.
    #[error(
        "the type of {object} did not answer within {limit_ms} ms, nothing was done; a host that hangs is replaced \
         when the resource's DeadlockTimeout is over, then try again"
    )]
    NoAnswer {
        /// "resource 'db'"
        object: String,
        /// The bound.
        limit_ms: u64,
    },
    /// No host to ask.
    #[error("{object} is in no resource host now: {reason}")]
    NoHost {
        /// The object.
        object: String,
        /// Why.
        reason: String,
    },
    /// The service has not read its database.
    #[error("the service is not ready: {reason}")]
    NotReady {
        /// Why.
        reason: String,
    },
    /// One backup at a time.
    #[error("a backup is being written just now; wait until it is there, then try again")]
    BackupRuns,
    /// The backup could not be written. Nothing is there.
    #[error("{reason}")]
    NotBackedUp {
        /// What kind of failure it was.
        status: Status,
        /// What is wrong with which path, and the way out.
        reason: String,
    },
    /// A bug of ours that must not become a crash.
    #[error("internal error: {0}")]
    Internal(String),
}

impl ServiceError {
    /// See [`Refusal::status`](super::Refusal::status).
    pub fn status(&self) -> Status {
        match self {
            Self::NotCommitted { .. } | Self::Conflict | Self::NotReady { .. } => Status::SHARING_PAUSED,
            Self::Busy { .. } => Status::BUSY,
            Self::NoAnswer { .. } => Status::RESOURCE_CALL_TIMED_OUT,
            Self::NoHost { .. } => Status::CLUSTER_RHS_FAILED_INITIALIZATION,
            Self::BackupRuns => Status::CLUSTER_BACKUP_IN_PROGRESS,
            Self::NotBackedUp { status, .. } => *status,
            Self::Internal(_) => Status::CLUSTER_INTERNAL_INVALID_FUNCTION,
        }
    }
}
