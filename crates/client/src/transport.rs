//! How a client gets at a server: the seam between what is said and how the bytes travel.
//!
//! [`Cluster`](crate::Cluster) is written against these two traits and knows no socket. [`Local`] is the one
//! implementation for now: a blocking connection over the service's Unix socket.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mainstay_rpc::{BlockingClient, CallError as RpcError, ConnectError, ConnectOptions, SyntaxId};
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

    /// Connects, and binds the interface: before `by`, and never later than the transport allows by itself.
    ///
    /// # Errors
    ///
    /// See [`ConnectError`].
    fn connect(&self, by: Option<Instant>) -> Result<Self::Link, ConnectError>;

    /// Where the server is, for messages.
    fn address(&self) -> String;
}

/// A bound connection, for one caller at a time.
pub trait Link {
    /// Makes a call and waits for its answer: until `by`, and never longer than the transport allows by itself.
    ///
    /// # Errors
    ///
    /// See [`CallError`](mainstay_rpc::CallError). After one of which [`Link::is_usable`] says no, the connection
    /// is of no more use.
    fn call(&mut self, opnum: u16, stub: &[u8], by: Option<Instant>) -> Result<Vec<u8>, RpcError>;

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

    /// The same, with another bound for the answer to a call.
    #[must_use]
    pub fn answering_within(self, within: Duration) -> Self {
        let options = ConnectOptions { answer_within: Some(within), ..self.options };
        self.with_options(options)
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

    fn connect(&self, by: Option<Instant>) -> Result<BlockingClient, ConnectError> {
        let connect_within =
            left_until(by).map_or(self.options.connect_within, |left| left.min(self.options.connect_within));
        let options = ConnectOptions { connect_within, ..self.options };
        let client = BlockingClient::open(&self.path, INTERFACE, &options)?;
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

/// How long until a moment, in whole milliseconds, as messages tell it; nothing when it has passed.
fn left_until(by: Option<Instant>) -> Option<Duration> {
    let left = by?.saturating_duration_since(Instant::now());
    let whole = u64::try_from(left.as_micros().div_ceil(1000)).unwrap_or(u64::MAX);
    Some(Duration::from_millis(whole))
}

/// Calls up to this size fit the socket's buffer, which is empty when a call begins, so that sending never waits.
const STUB_SMALL_BYTES: usize = 32 * 1024;

impl Link for BlockingClient {
    /// The socket's own timeout bounds the wait for an answer: it saves a poll for each call. Silence for so long
    /// counts as a lost connection.
    fn call(&mut self, opnum: u16, stub: &[u8], by: Option<Instant>) -> Result<Vec<u8>, RpcError> {
        match left_until(by) {
            Some(left) => {
                let within = self.answer_within().map_or(left, |within| within.min(left));
                self.call_within(opnum, stub, Some(within))
            }
            None if stub.len() <= STUB_SMALL_BYTES => {
                let within = self.answer_within();
                self.call_within(opnum, stub, None).map_err(|error| match (error, within) {
                    // What recv(2) says when SO_RCVTIMEO is over.
                    (RpcError::Lost(error), Some(within)) if error.kind() == io::ErrorKind::WouldBlock => {
                        RpcError::TimedOut(within)
                    }
                    (error, _) => error,
                })
            }
            None => BlockingClient::call(self, opnum, stub),
        }
    }

    fn is_usable(&self) -> bool {
        BlockingClient::is_usable(self)
    }
}
