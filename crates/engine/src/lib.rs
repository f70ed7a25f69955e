//! The cluster as a state machine. The engine decides, and touches nothing.
//!
//! [`Engine::handle`] takes one [`Input`](input::Input) (a call, a host's report, a committed transaction, the time) and
//! returns the [`Effect`](effect::Effect)s that the service has to carry out: commit this, order that, answer this caller,
//! tell watchers. Reads go through [`Engine::view`]. There is no clock, no thread, no random number and no I/O in here:
//! time and new ids come in with the input, and the same inputs give the same effects, so that the simulator runs what the
//! service runs.
//!
//! ```text
//!          Input                                      Effect
//!   call ────────────►┌──────────────────────┐──► Commit ──► store ──► Committed ─┐
//!   report, answer ──►│ model (view of tree) │──► Order, Query ──► host           │
//!   committed ───────►│ operations           │──► Answer ──► caller               │
//!   tick ────────────►│ hosts and leaves     │──► Publish, Journal                │
//!        ▲            └──────────────────────┘                                    │
//!        └────────────────────────────────────────────────────────────────────────┘
//! ```
#![forbid(unsafe_code)]

mod alternatives;
pub mod backup;
mod closing;
pub mod command;
mod configuration;
mod control;
pub mod effect;
mod engine;
pub mod error;
mod events;
mod explain;
mod graph;
pub mod group_set;
mod hosts;
pub mod input;
pub mod limits;
mod live;
pub mod model;
mod moving;
mod named_node;
pub mod network;
mod notes;
mod offered;
pub mod operation;
pub mod placement;
pub mod policy;
mod queries;
mod recovery;
pub mod rehearsal;
mod requirements;
pub mod seeded;
mod status_information;
mod sweep;
mod task;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod timers;
mod tokens;
mod told_properties;
pub mod view;

pub use engine::{Config, Engine};
pub use error::DatabaseError;
pub use explain::Search;
pub use model::genesis::{Genesis, genesis};
pub use model::{Contents, Forgotten, check_database, stored_operations};
pub use view::View;
