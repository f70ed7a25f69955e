//! What the service, its resource hosts and its guard say to each other.
//!
//! This crate owns the frames (a length, then one message in MessagePack with named fields, so that a field can be
//! added without breaking the other side), the messages, and the protocol's version. It never opens a socket.
//!
//! Both sides are the same installation, one version apart at most: a service speaks [`VERSION`] and the one before,
//! so that after an upgrade it finds its hosts and its guard and adopts them.
#![forbid(unsafe_code)]

pub mod frame;
pub mod guard;
pub mod host;

pub use frame::{FrameError, FrameReader, write_frame};

/// The version of the protocol that this build speaks.
pub const VERSION: u32 = 1;

/// The oldest version that this build still understands.
pub const VERSION_OLDEST: u32 = 1;
