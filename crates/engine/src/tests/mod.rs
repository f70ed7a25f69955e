//! The engine in its scripted world.

mod offline_cases;
mod scenarios;
