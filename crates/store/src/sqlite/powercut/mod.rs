//! The power cut: what is left on the disk when only what was synced is sure to be there.
//!
//! The store runs on real files through a SQLite VFS that notes everything done to them. Afterwards any moment
//! of that history can be chosen, and what a disk may hold then be laid out and opened.
//!
//! ```text
//!    SqliteStore ──► SQLite ──► vfs (notes) ──► the system's VFS ──► files (what a process sees)
//!         └────────► Files trait (notes) ───────────────────────────►
//!                       │
//!                       ▼
//!                   history: create, link, remove, write, truncate, sync, sync failed, sync directory, done
//!                       │ cut at i, choose
//!                       ▼
//!                   image: what the disk holds
//! ```
//!
//! Modelled as the worst that POSIX allows: an unsynced write may be there in any of its 512-byte sectors or not,
//! in any order with others; an unsynced truncation or size may be there or not; a name made, linked or removed
//! is sure only after a sync of the directory (a file's own sync does not help); what was unsynced when a sync
//! failed never reaches the disk, though the process goes on seeing it. The shared-memory file is no part of it:
//! SQLite makes it anew when the first process opens the database.

mod disk;
mod tests;
mod vfs;
