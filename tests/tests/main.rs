//! One program for all end-to-end tests, since linking takes longer than most of them.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "in a test, a failure is a failed test")]

mod access;
mod access_calls;
mod alternatives;
mod backup;
mod c_clients;
mod cancel;
mod configuration;
mod crashes;
mod deadlocks;
mod demo_type;
mod dependencies;
mod escapes;
mod events;
mod explain;
mod full_disk;
mod group_order;
mod hangs;
mod hostile;
mod instructions;
mod journal;
mod last_word;
mod main_job;
mod maintenance;
mod pause;
mod plan;
mod properties;
mod refused_starts;
mod restarts;
mod second_service;
mod service_life;
mod shutdown;
mod since;
mod strict;
mod validate;
mod without_root;
