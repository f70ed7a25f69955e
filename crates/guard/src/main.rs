//! `mainstay-guard`: started by the service (or by systemd as a unit of its own), lives until it is told to end.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use mainstay_guard::Config;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let config = match Config::parse(std::env::args_os().skip(1)) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("mainstay-guard: {error}");
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
    match mainstay_guard::run(&config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mainstay-guard: {error}");
            ExitCode::FAILURE
        }
    }
}
