//! How a client gets at a server: the seam between what is said and how the bytes travel.
//!
//! [`Cluster`](crate::Cluster) is written against these two traits and knows no socket. [`Local`] is the one
//! implementation for now: a blocking connection over the service's Unix socket.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mainstay_rpc::{BlockingClient, ConnectError, ConnectOptions, SyntaxId};
use rustix::net::sockopt::{Timeout, set_socket_timeout};

/// The ClusAPI interface as a client asks for it.
pub(crate) const INTERFACE: SyntaxId =
    SyntaxId::new(mainstay_cmrp::UUID, mainstay_cmrp::VERSION.0, mainstay_cmrp::VERSION.1);

/// How long a call may go without its answer. The longest that the service waits for anybody is a DeadlockTimeout
/// of 5 minutes; a service that is silent for twice as long is stuck, and the caller should hear of it.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(600);

/// Makes connections to one server.
pub trait Transport {
    /// A connection.
    type Link: Link;

    /// Connects, and binds the interface.
    ///
    /// # Errors
    ///
    /// See [`ConnectError`].
    fn connect(&self) -> Result<Self::Link, ConnectError>;

    /// Where the server is, for messages.
    fn address(&self) -> String;
}

/// A bound connection, for one caller at a time.
pub trait Link {
    /// Makes a call and waits for its answer.
    ///
    /// # Errors
    ///
    /// See [`CallError`](mainstay_rpc::CallError). After one of which [`Link::is_usable`] says no, the connection
    /// is of no more use.
    fn call(&mut self, opnum: u16, stub: &[u8]) -> Result<Vec<u8>, mainstay_rpc::CallError>;

    /// Whether calls can be made.
    fn is_usable(&self) -> bool;
}

/// The service's Unix socket.
#[derive(Clone, Debug)]
pub struct Local {
    path: PathBuf,
    options: ConnectOptions,
}

impl Local {
    /// The service that listens at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let options = ConnectOptions { answer_within: Some(ANSWER_WITHIN), ..ConnectOptions::default() };
        Self { path: path.into(), options }
    }

    /// The same with other bounds.
    #[must_use]
    pub fn with_options(self, options: ConnectOptions) -> Self {
        Self { options, ..self }
    }

    /// Where the service listens.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Transport for Local {
    type Link = BlockingClient;

    fn connect(&self) -> Result<BlockingClient, ConnectError> {
        let client = BlockingClient::open(&self.path, INTERFACE, &self.options)?;
        // A timeout of 0 would mean none.
        let within = self.options.answer_within.map(|within| within.max(Duration::from_millis(1)));
        set_socket_timeout(&client, Timeout::Recv, within)
            .map_err(|error| ConnectError::Socket(error.into()))?;
        Ok(client)
    }

    fn address(&self) -> String {
        self.path.display().to_string()
    }
}

/// Calls up to this size fit the socket's buffer, which is empty when a call begins, so that sending never waits.
const STUB_SMALL_BYTES: usize = 32 * 1024;

impl Link for BlockingClient {
    /// The socket's own timeout bounds the wait for an answer: it saves a poll for each call. Silence for so long
    /// counts as a lost connection.
    fn call(&mut self, opnum: u16, stub: &[u8]) -> Result<Vec<u8>, mainstay_rpc::CallError> {
        if stub.len() <= STUB_SMALL_BYTES {
            self.call_within(opnum, stub, None)
        } else {
            BlockingClient::call(self, opnum, stub)
        }
    }

    fn is_usable(&self) -> bool {
        BlockingClient::is_usable(self)
    }
}
