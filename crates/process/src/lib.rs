//! Processes inside cgroup leaves: starting, signalling, freezing, killing, looking.
//!
//! This crate owns everything that touches processes and cgroups of the machine: where a resource's leaf is
//! ([`layout`]), who may act there ([`claim`]), what can be done with it ([`cgroup`]), how a program is started inside
//! it ([`spawn`]), how it is watched afterwards ([`process`]), and what has left its leaf ([`strays`]). It never decides
//! when.
//!
//! cgroup v2 with `cgroup.kill` and `cgroup.freeze` (Linux 5.14) is required; it may be mounted anywhere.
//! Unsafe code is only in `spawn::child`, `account` and `privilege`.

pub mod account;
pub mod cgroup;
pub mod claim;
pub mod layout;
mod or_abort;
pub mod privilege;
pub mod process;
#[cfg(any(test, feature = "testing"))]
pub mod scratch;
pub mod signal;
pub mod spawn;
pub mod state_file;
pub mod strays;
pub mod words;

pub use cgroup::{CgroupError, Leaf};
pub use claim::{Claim, ClaimError};
pub use or_abort::or_abort;
pub use process::{Exit, Identity, Process};
pub use signal::Signal;
pub use spawn::{Command, Output, SpawnError};
