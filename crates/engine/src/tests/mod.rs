//! The engine in its scripted world.

mod alternatives;
mod cancel;
mod checks;
mod configuration;
mod explain;
mod expressions;
mod last_word;
mod listing;
mod locks;
mod maintenance;
mod named_node;
mod nodes;
mod offline_cases;
mod properties;
mod questions;
mod races;
mod random_walk;
mod rehearsal;
mod requirements;
mod restarts;
mod scenarios;
mod since;
mod start_order;
mod statuses;
mod sweep;
mod while_pending;
