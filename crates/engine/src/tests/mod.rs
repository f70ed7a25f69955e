//! The engine in its scripted world.

mod configuration;
mod offline_cases;
mod races;
mod random_walk;
mod scenarios;
mod statuses;
