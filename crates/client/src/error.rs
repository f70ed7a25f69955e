//! Why a call has no result, by who is to blame, and the Win32 code of each.

use std::io;

use mainstay_ndr::{DecodeError, EncodeError};
use mainstay_proplist::{BuildError, ParseError};
use mainstay_rpc::client::NotSent;
use mainstay_rpc::{CallError as RpcError, ConnectError, FaultStatus};
use mainstay_types::Status;

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The service was not reached; nothing was asked of it.
    #[error("the cluster service at {address} cannot be reached")]
    NotReached {
        /// Where it was looked for.
        address: String,
        /// The number for it.
        status: Status,
        /// What failed.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The service said no, and changed nothing.
    #[error("{operation} was refused: {status}")]
    Refused {
        /// The operation, as MS-CMRP names it.
        operation: &'static str,
        /// Why.
        status: Status,
    },
    /// The call ended below its operation, and the service had not begun it.
    #[error("{operation} was not begun: fault {fault}")]
    NotBegun {
        /// The operation.
        operation: &'static str,
        /// Why.
        fault: FaultStatus,
    },
    /// The call was sent and its answer never came: nobody can say whether it was carried out. It is never sent twice.
    #[error("the outcome of {operation} is not known: the connection was lost before the answer")]
    OutcomeUnknown {
        /// The operation.
        operation: &'static str,
        /// What failed.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The service answered with what is no answer to the call.
    #[error("the service answered {operation} with what cannot be understood: {detail}")]
    BrokenProtocol {
        /// The operation.
        operation: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// The arguments cannot be sent; nothing was asked of the service.
    #[error("the arguments of {operation} cannot be sent: {detail}")]
    BadArguments {
        /// The operation.
        operation: &'static str,
        /// What is wrong.
        detail: String,
    },
}

impl CallError {
    /// The number that a program is told.
    pub fn status(&self) -> Status {
        match self {
            Self::NotReached { status, .. } | Self::Refused { status, .. } => *status,
            Self::NotBegun { fault, .. } => status_of_fault(*fault),
            Self::OutcomeUnknown { .. } => Status::RPC_S_CALL_FAILED,
            Self::BrokenProtocol { .. } => Status::RPC_S_PROTOCOL_ERROR,
            Self::BadArguments { .. } => Status::INVALID_PARAMETER,
        }
    }

    /// Whether it is certain that the service did nothing of what was asked.
    pub fn changed_nothing(&self) -> bool {
        !matches!(self, Self::OutcomeUnknown { .. } | Self::BrokenProtocol { .. })
    }

    /// Whether it failed because the service was silent for too long, as one is that is stopped or overrun.
    pub fn is_timeout(&self) -> bool {
        let (Self::NotReached { source, .. } | Self::OutcomeUnknown { source, .. }) = self else {
            return false;
        };
        let of_socket = |error: &io::Error| error.kind() == io::ErrorKind::TimedOut;
        matches!(source.downcast_ref(), Some(ConnectError::TimedOut(_)))
            || matches!(
                source.downcast_ref(),
                Some(RpcError::TimedOut(_) | RpcError::NotSent(NotSent::TimedOut(_)))
            )
            || source.downcast_ref().is_some_and(of_socket)
    }

    pub(crate) fn not_connected(address: String, source: ConnectError) -> Self {
        Self::NotReached { address, status: status_of_connect_error(&source), source: Box::new(source) }
    }

    /// The connection was lost on the way to the call, before anything was asked that could change something.
    pub(crate) fn lost_before_call(address: String, cause: CallError) -> Self {
        match cause {
            Self::OutcomeUnknown { source, .. } => {
                Self::NotReached { address, status: Status::RPC_S_SERVER_UNAVAILABLE, source }
            }
            other => other,
        }
    }

    pub(crate) fn refused(operation: &'static str, status: Status) -> Self {
        Self::Refused { operation, status }
    }

    pub(crate) fn unencodable(operation: &'static str, error: &EncodeError) -> Self {
        Self::BadArguments { operation, detail: error.to_string() }
    }

    pub(crate) fn unbuildable(operation: &'static str, error: &BuildError) -> Self {
        Self::BadArguments { operation, detail: error.to_string() }
    }

    pub(crate) fn undecodable(operation: &'static str, error: &DecodeError) -> Self {
        Self::BrokenProtocol { operation, detail: error.to_string() }
    }

    pub(crate) fn unparsable(operation: &'static str, error: &ParseError) -> Self {
        Self::BrokenProtocol { operation, detail: error.to_string() }
    }
}

fn status_of_connect_error(error: &ConnectError) -> Status {
    match error {
        ConnectError::Socket(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Status::ACCESS_DENIED
        }
        ConnectError::Refused(_) => Status::RPC_S_SERVER_TOO_BUSY,
        ConnectError::Rejected { .. } => Status::RPC_S_UNKNOWN_IF,
        ConnectError::Protocol(_) => Status::RPC_S_PROTOCOL_ERROR,
        ConnectError::Socket(_) | ConnectError::TimedOut(_) | ConnectError::Closed(_) => {
            Status::RPC_S_SERVER_UNAVAILABLE
        }
    }
}

/// What a fault means to a program. A fault that says nothing special counts as a call of unknown outcome.
pub(crate) fn status_of_fault(fault: FaultStatus) -> Status {
    match fault {
        FaultStatus::ACCESS_DENIED => Status::ACCESS_DENIED,
        // The fault's number is the Win32 code already.
        FaultStatus::BAD_STUB_DATA => Status(fault.0),
        FaultStatus::CONTEXT_MISMATCH => Status::INVALID_HANDLE,
        FaultStatus::OPERATION_RANGE => Status::RPC_S_PROCNUM_OUT_OF_RANGE,
        FaultStatus::SERVER_TOO_BUSY => Status::RPC_S_SERVER_TOO_BUSY,
        FaultStatus::REMOTE_NO_MEMORY => Status::NOT_ENOUGH_MEMORY,
        FaultStatus::UNKNOWN_INTERFACE => Status::RPC_S_UNKNOWN_IF,
        _ => Status::RPC_S_CALL_FAILED_DNE,
    }
}

/// Whether a fault by its meaning comes before the operation has begun, whatever its flags say.
pub(crate) fn fault_comes_first(fault: FaultStatus) -> bool {
    matches!(
        fault,
        FaultStatus::ACCESS_DENIED
            | FaultStatus::BAD_STUB_DATA
            | FaultStatus::CONTEXT_MISMATCH
            | FaultStatus::OPERATION_RANGE
            | FaultStatus::SERVER_TOO_BUSY
            | FaultStatus::UNKNOWN_INTERFACE
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn numbers_of_what_was_not_reached() {
        let socket = |kind: io::ErrorKind| ConnectError::Socket(kind.into());
        for (error, expected) in [
            (socket(io::ErrorKind::NotFound), Status::RPC_S_SERVER_UNAVAILABLE),
            (socket(io::ErrorKind::ConnectionRefused), Status::RPC_S_SERVER_UNAVAILABLE),
            (socket(io::ErrorKind::PermissionDenied), Status::ACCESS_DENIED),
            (ConnectError::TimedOut(Duration::from_secs(1)), Status::RPC_S_SERVER_UNAVAILABLE),
            (ConnectError::Rejected { result: 2, reason: 1 }, Status::RPC_S_UNKNOWN_IF),
        ] {
            let shown = error.to_string();
            let error = CallError::not_connected("here".to_owned(), error);
            assert_eq!(error.status(), expected, "{shown}");
            assert!(error.changed_nothing());
        }
    }

    #[test]
    fn numbers_of_faults() {
        for (fault, expected) in [
            (FaultStatus::ACCESS_DENIED, 5),
            (FaultStatus::BAD_STUB_DATA, 1783),
            (FaultStatus::CONTEXT_MISMATCH, 6),
            (FaultStatus::OPERATION_RANGE, 1745),
            (FaultStatus::SERVER_TOO_BUSY, 1723),
            (FaultStatus::REMOTE_NO_MEMORY, 8),
            (FaultStatus::CANCELLED, 1727),
        ] {
            let error = CallError::NotBegun { operation: "X", fault };
            assert_eq!(error.status(), Status(expected), "{fault}");
        }
        // A fault after the call has begun says nothing about what was done.
        assert!(
            !fault_comes_first(FaultStatus::CALL_FAILED) && !fault_comes_first(FaultStatus::REMOTE_NO_MEMORY)
        );
    }
}
