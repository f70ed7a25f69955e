//! `mainstay-bench`: measures a running service, each thing in turns with its floor, and says whether the design's
//! numbers are reached.
//!
//! Owns what is measured and how it is counted. It starts no service: `cargo xtask bench` does, in release mode, with
//! its files on the disk that is measured.
//!
//! A *floor* is what the machine can do at best for the same end, without a cluster. Measured thing and floor take turns
//! (A B A B), so that both meet the same disk, the same caches and the same neighbours. Each round gives a p50 and a
//! p99; what is shown is the median of the rounds.
#![forbid(unsafe_code)]

mod agents;
mod applications;
mod cluster;
mod enter;
mod floor;
mod memory;
mod placement;
mod plan;
mod report;
mod sample;
mod state;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::cluster::Bench;
use crate::report::Report;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// What `cargo xtask bench` says.
#[derive(Parser)]
struct Arguments {
    /// The socket of the service.
    #[arg(long)]
    socket: PathBuf,
    /// The process id of the service.
    #[arg(long)]
    service_pid: u32,
    /// The resource type of `type/enter_type.c`, compiled.
    #[arg(long)]
    type_library: PathBuf,
    /// A directory on the disk of the service's database.
    #[arg(long)]
    directory: PathBuf,
    /// Where the JSON goes.
    #[arg(long)]
    output: PathBuf,
    /// How many rounds.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Only the rows of this name.
    #[arg(long, value_parser = ["offline", "state", "enter", "memory", "applications", "agents", "placement"])]
    only: Option<String>,
}

fn main() -> ExitCode {
    // The other end of an echo is this program too: see floor.rs.
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|word| word == floor::ECHO) {
        return floor::run_echo(words);
    }
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mainstay-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let mut bench = Bench::connect(&arguments.socket)?;
    let wanted = |name: &str| arguments.only.as_deref().is_none_or(|only| only == name);
    let mut report = Report::new(arguments.rounds);
    if wanted("offline") || wanted("enter") {
        let rows =
            enter::measure(&mut bench, &arguments.type_library, &arguments.directory, arguments.rounds)?;
        report.rows.extend(rows.into_iter().filter(|row| wanted(row.name)));
    }
    if wanted("state") {
        report.rows.extend(state::measure(
            &mut bench,
            &arguments.socket,
            arguments.service_pid,
            &arguments.directory,
            arguments.rounds,
        )?);
    }
    if wanted("memory") {
        report.rows.push(memory::measure(&mut bench, arguments.service_pid)?);
    }
    if wanted("applications") {
        report.rows.push(applications::measure(&mut bench, arguments.rounds)?);
    }
    if wanted("agents") {
        let directory = &arguments.directory;
        report.rows.extend(agents::measure(&mut bench, arguments.service_pid, directory, arguments.rounds)?);
    }
    if wanted("placement") {
        report.rows.push(plan::measure(arguments.rounds)?);
    }
    std::fs::write(&arguments.output, serde_json::to_string_pretty(&report)? + "\n")
        .map_err(|error| format!("{}: {error}", arguments.output.display()))?;
    println!("{report}");
    Ok(())
}
