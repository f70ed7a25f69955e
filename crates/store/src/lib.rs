//! The cluster database: one contract, several backends, and the registry tree on top.
//!
//! This room owns what a store promises ([`Store`], [`Transaction`], [`Revision`], the limits every
//! backend enforces) and how the cluster registry is laid out in it ([`registry`]). It knows no rule of
//! clusters: what the keys mean is the caller's. It reads no clock, starts no thread and has no state
//! outside the objects it hands out.
//!
//! ```text
//!   registry::Changes ──► Transaction ──► Store ──► Committed
//!         ▲                                 │
//!   registry::Tree  ◄── Event ◄── Watch ◄───┘
//! ```
//!
//! Backends: [`Model`] (in memory, the specification) and, with the feature `sqlite`,
//! `sqlite::SqliteStore` for a cluster of one node. `conformance` (feature of that name) is the suite
//! that each has to pass.

#![deny(unsafe_code)]

mod contract;
mod error;
mod limits;
mod model;
pub mod registry;
mod store;

#[cfg(test)]
#[cfg(feature = "sqlite")]
mod differential_tests;

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
#[cfg(feature = "sqlite")]
pub mod sqlite;

pub use contract::{
    Backup, Committed, Compare, Condition, Event, EventKind, Existing, KeyRange, KeyValue, LeaseId, Op,
    Order, Page, Response, Revision, Transaction,
};
pub use error::{Refusal, StoreError, WatchError};
pub use limits::{
    Bounds, HISTORY_BYTES, HISTORY_REVISIONS, KEY_BYTES_MAX, LEASE_TTL_MAX, LEASES_MAX, LIVE_BYTES_MAX,
    OPERATIONS_MAX, POLL_EVENTS_MAX, READ_BYTES_MAX, READ_ENTRIES_MAX, TRANSACTION_BYTES_MAX,
    VALUE_BYTES_MAX, validate, validate_range,
};
pub use model::Model;
pub use store::{Store, Watch, read_all};
