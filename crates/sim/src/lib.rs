//! The simulator: the production engine in a simulated world.
//!
//! The world (clock, store, hosts, guard, journal) and the random walks through it are the engine's own testing room
//! ([`mainstay_engine::testing`]), which the engine's tests use too. Here are what runs many walks ([`campaign`]), what
//! makes a failing one small ([`shrink`]), and scenario files ([`scenario`]). No rule about clusters is in this crate.
#![forbid(unsafe_code)]

pub mod campaign;
pub mod coverage;
pub mod run;
pub mod scenario;
#[cfg(feature = "seeded-bugs")]
pub mod seeded;
pub mod shrink;

pub use run::{Violation, run_plan, run_seed};
