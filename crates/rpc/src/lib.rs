//! DCE/RPC version 5, connection-oriented: PDUs, associations, and the drivers for servers and clients.
//!
//! Three layers, each usable without the one above it:
//!
//! - [`pdu`]: the fixed layouts of the wire, decoded with bounds and encoded by hand;
//! - [`association`]: what the two ends of one connection do with them, as state machines that touch no socket;
//! - `server` and [`client`]: the drivers that carry bytes between an association and a Unix socket.
//!
//! The server's driver needs an asynchronous runtime; it is the feature `server`, so that clients stay small.
//!
//! This crate never looks inside a stub and knows nothing of clusters: operations and their NDR arguments belong to
//! the interface on top of it. Sources: The Open Group's C706 (DCE 1.1: Remote Procedure Call), chapters 9 and 12,
//! and MS-RPCE.

#![forbid(unsafe_code)]

pub mod association;
pub mod client;
mod fault;
mod limits;
pub mod oracle;
pub mod pdu;
#[cfg(feature = "server")]
pub mod server;
mod stream;
mod syntax;

pub use association::server::Call;
pub use client::{BlockingClient, CallError, ConnectError, ConnectOptions};
pub use fault::FaultStatus;
pub use limits::Limits;
pub use mainstay_peer::PeerCredentials;
#[cfg(feature = "server")]
pub use server::{Interface, Refusal, Reply, Server, ServerLimits};
pub use syntax::SyntaxId;
