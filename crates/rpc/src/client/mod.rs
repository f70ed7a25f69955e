//! The client's drivers. For now there is one: [`blocking`], for a library that is a guest in someone's process.
//!
//! ```no_run
//! use mainstay_rpc::{BlockingClient, ConnectOptions, SyntaxId};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let clusapi = SyntaxId::new("b97db8b2-4c63-11cf-bff6-08002be23f2f".parse()?, 3, 0);
//! let socket = "/run/mainstay/rpc".as_ref();
//! let mut client = BlockingClient::open(socket, clusapi, &ConnectOptions::default())?;
//! let results = client.call(3, &[])?;
//! # Ok(())
//! # }
//! ```

pub mod blocking;
mod socket;

pub use blocking::BlockingClient;

use std::io;
use std::time::Duration;

use crate::FaultStatus;
use crate::association::ProtocolError;
use crate::association::client::CannotCall;
use crate::limits::Limits;
use crate::pdu::RejectReason;

/// How to connect.
#[derive(Clone, Copy, Debug)]
pub struct ConnectOptions {
    /// How long connecting may take, and binding again as long.
    pub connect_within: Duration,
    /// How long a call may wait for its answer, and for the server to take its arguments; `None` for ever.
    pub answer_within: Option<Duration>,
    /// The bounds of the association.
    pub limits: Limits,
}

/// Connecting to a local server is a matter of microseconds, unless it is stopped or overrun.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

impl Default for ConnectOptions {
    fn default() -> Self {
        Self { connect_within: CONNECT_WITHIN, answer_within: None, limits: Limits::default() }
    }
}

/// Why there is no bound connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The socket cannot be connected: nobody listens, or we may not.
    #[error("cannot connect to the server's socket")]
    Socket(#[source] io::Error),
    /// The server did not take the connection, or did not answer the bind, in time.
    #[error("the server did not answer within {0:?}")]
    TimedOut(Duration),
    /// The server closed the connection before it answered the bind. It does that when it has too many.
    #[error("the server closed the connection before it was bound")]
    Closed(#[source] io::Error),
    /// The server refused the bind as a whole.
    #[error("the server refused the bind: {}", .0.describe())]
    Refused(RejectReason),
    /// The server does not serve the interface.
    #[error("the server does not serve this interface: result {result}, reason {reason}")]
    Rejected {
        /// `p_cont_def_result_t`.
        result: u16,
        /// `p_provider_reason_t`.
        reason: u16,
    },
    /// What came back is not the protocol.
    #[error("the server broke the protocol")]
    Protocol(#[source] ProtocolError),
}

/// Why a call has no results.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The call was not begun: the server cannot have run it. It may be made again, on another connection if
    /// [`BlockingClient::is_usable`] says no.
    #[error("the call was not sent")]
    NotSent(#[source] NotSent),
    /// The server answered with a fault.
    #[error("the server answered with fault {status}")]
    Fault {
        /// Why.
        status: FaultStatus,
        /// False if the server says that it never began the call.
        may_have_run: bool,
    },
    /// The connection was lost after the call was sent: nobody can say whether it ran.
    #[error("the connection was lost while the call was running")]
    Lost(#[source] io::Error),
    /// The server broke the protocol while the call was running; whether it ran is unknown. The connection is over.
    #[error("the server broke the protocol")]
    Protocol(#[source] ProtocolError),
    /// No answer in time. The call goes on, and its late answer will be skipped; other calls may be made.
    #[error("no answer within {0:?}; the call goes on")]
    TimedOut(Duration),
}

/// Why a call was not sent.
#[derive(Debug, thiserror::Error)]
pub enum NotSent {
    /// The association does not take it.
    #[error(transparent)]
    Association(#[from] CannotCall),
    /// The connection was over already, or ended before the last byte was sent.
    #[error("the connection is over")]
    Closed(#[source] io::Error),
    /// The server did not take the arguments in time; the connection is over.
    #[error("the server did not take the call within {0:?}")]
    TimedOut(Duration),
}
