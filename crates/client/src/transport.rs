//! How a client gets at a server: the seam between what is said and how the bytes travel.
//!
//! [`Cluster`](crate::Cluster) is written against these two traits and knows no socket. [`Local`] is the one
//! implementation for now: a blocking connection over the service's Unix socket.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mainstay_rpc::{BlockingClient, ConnectError, ConnectOptions, SyntaxId};

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
        BlockingClient::open(&self.path, INTERFACE, &self.options)
    }

    fn address(&self) -> String {
        self.path.display().to_string()
    }
}

impl Link for BlockingClient {
    fn call(&mut self, opnum: u16, stub: &[u8]) -> Result<Vec<u8>, mainstay_rpc::CallError> {
        BlockingClient::call(self, opnum, stub)
    }

    fn is_usable(&self) -> bool {
        BlockingClient::is_usable(self)
    }
}
