//! The resource host: it loads resource types and drives resources by the service's orders.
//!
//! This crate owns the contract for resource types ([`resource_type`]), what a host decides ([`driver`]: pure, a
//! state machine without clocks, threads or sockets), the shell that carries it out ([`run`]), and the type
//! [`generic_application`]. It never decides anything about the cluster: it carries out orders, looks after what is
//! online, and reports.
//!
//! A program that hosts other types calls [`main`] with a [`resource_type::Types`] of its own.
#![forbid(unsafe_code)]

pub mod action;
pub mod config;
pub mod driver;
pub mod generic_application;
pub mod ocf;
mod outside;
pub mod private;
pub mod resource_type;
mod shell;
pub mod virtual_machine;

use std::fmt::Display;
use std::process::ExitCode;
use std::sync::Arc;

use tracing_subscriber::EnvFilter;

pub use config::Config;
pub use shell::{HostError, run};

/// Everything that a host's `main` does: reads the command line, logs to standard error (filter in `MAINSTAY_LOG`),
/// makes the types, runs. Exit code 2 is a wrong command line.
pub fn main<E: Display>(types: impl FnOnce(&Config) -> Result<Arc<dyn resource_type::Types>, E>) -> ExitCode {
    let config = match Config::parse(std::env::args_os().skip(1)) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("mainstay-host: {error}");
            return ExitCode::from(2);
        }
    };
    let filter = EnvFilter::try_from_env("MAINSTAY_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        // The reader of our standard error may be gone; that must not end us.
        .log_internal_errors(false);
    match std::env::var_os("MAINSTAY_LOG_FORMAT") {
        Some(format) if format == "json" => log.json().init(),
        _ => log.init(),
    }
    let ran = types(&config)
        .map_err(|error| error.to_string())
        .and_then(|types| run(&config, types).map_err(|error| error.to_string()));
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mainstay-host: {error}");
            ExitCode::FAILURE
        }
    }
}
