//! Resource types in shared libraries, by the C tables of `resapi.h`.
//!
//! This crate owns the adapter: it loads a library, agrees with it on a version, and turns its tables of functions
//! into the traits of [`mainstay_host::resource_type`]; it serves the callbacks and the helper functions that the
//! library calls. It decides nothing: when a function is called is the host's affair, what the answer means for the
//! cluster the service's.
//!
//! ```text
//!     host ──► LibraryResource ──► table of functions ──► the library
//!     host ◄── Operation, Reporter ◄── callbacks ◄──────── (any of its threads)
//! ```
//!
//! What C holds of ours is a checked number ([`mainstay_resutils::handle`]); what we hold of C is what its Open gave
//! us. No panic crosses into C.

mod abi;
mod callbacks;
pub mod exports;
mod library;
mod log_format;
mod monitored;
mod resource;
mod wide_string;

pub use library::Libraries;
