//! The guard: it owns the cgroup slices and does the hard stop.
//!
//! A small process per node, older than the service and never restarted with it. [`core`] decides (which leaves are
//! open under which epoch, how far a hard stop has come), and touches nothing; [`tree`] carries it out on the
//! kernel's cgroup tree; [`state`] remembers it in a file; [`server`] is the event loop around them. No rule about
//! clusters is here: the guard does not know why it is asked.
#![forbid(unsafe_code)]

pub mod config;
pub mod core;
pub mod server;
pub mod state;
pub mod tree;

pub use config::Config;
pub use server::{GuardError, run};
