//! `libclusapi.so`: the Failover Cluster API as C functions.
//!
//! This crate owns what C sees: handles, wide strings of both widths, buffers with their sizes, and the error that each
//! mistake deserves. It holds no protocol: every call goes through [`mainstay_client`].
//!
//! The library is a guest in somebody's process:
//!
//! - It starts no thread before a notification port is made, no runtime ever, installs no signal handler, raises no
//!   SIGPIPE, and all its descriptors are closed by exec.
//! - A handle is a number that is checked, never an address that is followed. What is closed, of another kind or made
//!   up answers ERROR_INVALID_HANDLE.
//! - After fork, the handles of the parent answer ERROR_INVALID_HANDLE in the child, which may open handles of its own.
//! - No panic leaves it: one becomes ERROR_INTERNAL_ERROR.
//! - Functions may be called from many threads at once. Threads that call through the same cluster at the same time get
//!   connections of their own, up to eight; more wait for one to come free.
//!
//! A handle table or a connection pool is locked to find something and unlocked before a call is made or another lock
//! is taken. Only a notification port stays locked while it makes its connection, and takes the list of the cluster's
//! ports afterwards.

mod cluster;
mod connection;
mod control;
mod enumeration;
mod enumeration_ex;
mod exports;
mod group;
mod group_set;
mod guard;
mod memory;
mod net_interface;
mod network;
mod node;
mod notify;
mod object;
mod registry;
mod resource;
mod resource_type;
mod tables;
