//! `mainstayd`: the service. It carries out what the engine decides, and feeds it what happens.
//!
//! This crate owns threads, sockets, files, processes and clocks. It never decides anything about the cluster: there
//! is no `if` here that weighs states, owners or policies. What it adds to the engine are hands:
//!
//! ```text
//!   api ───────── calls ──────►┌────────┐──► database   (thread: commits, reads back)
//!   hosts ─────── reports ────►│  core  │──► journal    (thread: records, queries)
//!   guard ─────── replies ────►│ engine │──► hosts, guard (sockets, processes)
//!   database ──── outcomes ───►│ inside │──► watchers   (notification ports)
//!   timer ─────── ticks ──────►└────────┘──► callers    (answers)
//! ```
//!
//! [`core::Core::feed`] is the only way in. It holds the engine's lock for one decision and hands the effects out in
//! their order; nothing that it calls waits.
#![forbid(unsafe_code)]

pub mod adapters;
pub mod api;
mod backup;
pub mod cluster_dir;
pub mod config;
pub mod core;
pub mod database;
pub mod guard;
mod history;
pub mod hosts;
pub mod ids;
pub mod journal;
mod link;
mod offers;
pub mod outlet;
pub mod paths;
mod patience;
pub mod programs;
pub mod restore;
mod start_host;
pub mod startup;
pub mod tenure;
pub mod validate;
pub mod watchers;
