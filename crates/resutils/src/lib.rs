//! The helper functions that a resource type library calls, and what every C face of Mainstay shares.
//!
//! This crate owns the registry functions and the ResUtil find functions as a resource host serves them, from the
//! copy of the resource's key that came with Open; and the pieces that `libclusapi.so` needs just as much: wide
//! strings of both widths ([`wide`]), checked handles ([`handle`]), the thread's last error and Sleep ([`win32`]),
//! LocalAlloc and LocalFree ([`memory`]). It never calls back into the service.
//!
//! The functions are plain Rust functions, generic over the width of a wide character. The C symbols come into
//! being where a crate writes [`export_win32!`] or [`export_resutils!`], so that two of them can be linked together
//! without a clash.
//!
//! Null pointers, short buffers and stale handles are answered with the documented error. A pointer that is neither
//! null nor valid cannot be told from a good one; that is the caller's promise in each `# Safety` section.

pub mod exports;
pub mod find;
pub mod handle;
pub mod keys;
pub mod memory;
pub mod registry;
pub mod wide;
pub mod win32;

pub use mainstay_types::Status;
