//! The server's driver: carries bytes between associations and Unix sockets, and calls to an [`Interface`].
//!
//! This module owns the connections: who may have how many, how long each may take to bind, how much may wait to be
//! sent. It never knows what a call means.
//!
//! # Latency
//!
//! A call that is answered inside [`Interface::call`] costs one wake-up, one read and one write: the task that read
//! the call writes the answer, with no queue and no other task between. A call that is answered later, from any
//! thread, is written by the thread that answers it, as far as the socket takes it at once; only what the socket
//! does not take is left to the connection's task.

mod accept;
mod connection;
mod link;

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};

use crate::association::server::{Call, ServerConfig};
use crate::pdu::RejectReason;
use crate::{Limits, PeerCredentials, SyntaxId};

pub use link::Reply;

/// What a server does with the calls that it gets.
///
/// All functions are called from the connection's task, and what they do holds up that connection, so they must not
/// block. A call that has to wait hands its [`Reply`] on and returns.
pub trait Interface: Send + Sync + 'static {
    /// What the interface remembers of one connection: who the peer is, its context handles.
    type Connection: Send + Sync + 'static;

    /// The name and version of the interface.
    fn syntax(&self) -> SyntaxId;

    /// A peer has connected. Called once for each connection, before anything else.
    ///
    /// # Errors
    ///
    /// With a [`Refusal`] the peer's bind is refused and the connection closed; no other function is called for it.
    fn connected(&self, peer: &PeerCredentials) -> Result<Self::Connection, Refusal>;

    /// A call has come in. It is answered through `reply`: here and now, or by anyone at any later time; meanwhile
    /// others of the same connection are delivered. The client's stub may end in a verification trailer.
    fn call(&self, connection: &Arc<Self::Connection>, call: Call, reply: Reply);

    /// The client would like a running call to end early. It must still be answered.
    fn cancelled(&self, connection: &Arc<Self::Connection>, call_id: u32) {
        let _ = (connection, call_id);
    }

    /// The connection is over; its context handles with it. Called exactly once for each that was let in, also when
    /// the server is stopped. Replies that are still given go nowhere.
    fn disconnected(&self, connection: &Arc<Self::Connection>);
}

/// Why a peer is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not now: the client is told that the server is too busy.
    Busy,
    /// Not this peer: the client is told no reason.
    Denied,
}

impl Refusal {
    fn reason(self) -> RejectReason {
        match self {
            Self::Busy => RejectReason::TEMPORARY_CONGESTION,
            Self::Denied => RejectReason::NOT_SPECIFIED,
        }
    }
}

/// Connections at the same time. Each costs a descriptor and a few hundred bytes while idle.
const CONNECTIONS_MAX: usize = 1024;

/// Connections of one user other than root, so that no user locks out the others.
const CONNECTIONS_PER_USER_MAX: usize = 256;

/// Connections that only root may have, of those that there are: the administrator must get in to end what fills the
/// server.
const CONNECTIONS_FOR_ROOT: usize = 16;

/// How long a connection may exist without a bind; every client binds at once.
const BIND_WITHIN: Duration = Duration::from_secs(10);

/// How long a client may take nothing of what waits for it.
const WRITE_STALL_MAX: Duration = Duration::from_secs(30);

/// Bytes that may wait for one client: two of the largest answers, in fragments.
const OUTPUT_MAX_BYTES: usize = 20 * 1024 * 1024;

/// With more than this waiting for a client, no more calls are taken from it until it has read.
const OUTPUT_PAUSE_BYTES: usize = 256 * 1024;

/// How long connections may take to send what they have once the server is stopped.
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// The bounds of a server. The defaults are meant for everyone; tests take smaller ones.
#[derive(Clone, Copy, Debug)]
pub struct ServerLimits {
    /// The bounds of each association.
    pub association: Limits,
    /// Connections at the same time; one more is closed at once.
    pub connections_max: usize,
    /// Connections of one user, root excepted; one more is closed at once.
    pub connections_per_user_max: usize,
    /// Of `connections_max`, those that only root may have.
    pub connections_for_root: usize,
    /// A connection that has not bound by then is closed.
    pub bind_within: Duration,
    /// A client that takes nothing of what waits for it for so long loses its connection.
    pub write_stall_max: Duration,
    /// A client for which more than this waits loses its connection.
    pub output_max_bytes: usize,
    /// With more than this waiting for a client, no calls are taken from it.
    pub output_pause_bytes: usize,
    /// When the server is stopped, connections that have not sent everything by then are cut off.
    pub stop_within: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            association: Limits::default(),
            connections_max: CONNECTIONS_MAX,
            connections_per_user_max: CONNECTIONS_PER_USER_MAX,
            connections_for_root: CONNECTIONS_FOR_ROOT,
            bind_within: BIND_WITHIN,
            write_stall_max: WRITE_STALL_MAX,
            output_max_bytes: OUTPUT_MAX_BYTES,
            output_pause_bytes: OUTPUT_PAUSE_BYTES,
            stop_within: STOP_WITHIN,
        }
    }
}

/// A server of one interface.
#[derive(Debug)]
pub struct Server<I: Interface> {
    interface: Arc<I>,
    config: Arc<ServerConfig>,
    limits: ServerLimits,
}

impl<I: Interface> Server<I> {
    /// A server that hands its calls to `interface`.
    #[must_use]
    pub fn new(interface: Arc<I>, limits: ServerLimits) -> Self {
        let config = Arc::new(ServerConfig {
            interfaces: vec![interface.syntax()],
            secondary_address: String::new(),
            limits: limits.association,
        });
        Self { interface, config, limits }
    }

    /// Serves everyone who connects to `listener`, until `stop` is done.
    ///
    /// Then nobody else is let in, no more calls are taken, and each connection sends what it has and closes. When
    /// this function returns, [`Interface::disconnected`] was called for every connection. Dropping the future cuts
    /// all connections off.
    ///
    /// # Errors
    ///
    /// The listener fails for good. Failures that pass, such as a lack of descriptors, are logged and waited out.
    pub async fn serve(&self, listener: UnixListener, stop: impl Future<Output = ()>) -> io::Result<()> {
        accept::serve(self, listener, stop).await
    }

    /// Serves one stream that is connected already, to its end.
    ///
    /// # Errors
    ///
    /// The kernel does not say who the peer is.
    pub async fn serve_stream(&self, stream: UnixStream) -> io::Result<()> {
        let peer = PeerCredentials::of(&stream)?;
        let (connection, _link) = self.connect(stream, &peer, 1);
        connection.run().await;
        Ok(())
    }

    /// Asks the interface about a new peer and makes the connection's task ready.
    fn connect(
        &self,
        stream: UnixStream,
        peer: &PeerCredentials,
        group_id: u32,
    ) -> (connection::Connection<I>, Arc<link::Link>) {
        connection::Connection::new(
            Arc::clone(&self.interface),
            stream,
            peer,
            Arc::clone(&self.config),
            group_id,
            self.limits,
        )
    }
}
