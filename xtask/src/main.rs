//! Everything one runs on this repository: `cargo xtask TASK`.
//!
//! Owns the order in which things are built, run and checked. It never holds a rule about clusters, and it starts
//! nothing that it does not end.

mod arguments;
mod bench;
mod child;
mod demo;
mod fuzz;
mod install;
mod packages;
mod service;
mod simulate;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use arguments::Arguments;
use workspace::Workspace;

/// What a task gives back: nothing, or the sentence that says why it did not do its work.
type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

const HELP: &str = "\
Everything one runs on Mainstay's sources.

Usage: cargo xtask TASK [OPTION]...

Tasks:
  demo      Build, start a throwaway cluster, take a real resource offline, and show what happened
  test      Run the whole test suite
  bench     Measure, each thing against its floor; a table, and JSON in target/bench.json
  simulate  Take random walks through a simulated cluster; faults, invariants, a table of what was struck
  tidy      Check the repository's own rules (the tests do it too)
  fuzz      Feed a decoder with mutated bytes for a while
  ci        What the continuous integration runs
  install   Copy programs, library, headers and units to where they belong

`cargo xtask TASK --help` says more.
";

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let Some(task) = words.next() else {
        eprint!("{HELP}");
        return ExitCode::from(2);
    };
    match run(&task, Arguments::new(words)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cargo xtask {task}: {error}");
            // Wrong usage is told apart, as the command `mainstay` does.
            ExitCode::from(if error.is::<arguments::UsageError>() { 2 } else { 1 })
        }
    }
}

fn run(task: &str, arguments: Arguments) -> Result {
    let workspace = Workspace::find()?;
    match task {
        "demo" => demo::run(&workspace, arguments),
        "test" => test::run(&workspace, arguments),
        "bench" => bench::run(&workspace, arguments),
        "simulate" => simulate::run(&workspace, arguments),
        "tidy" => tidy::run(&workspace, arguments),
        "fuzz" => fuzz::run(&workspace, arguments),
        "ci" => ci(&workspace, arguments),
        "install" => install::run(&workspace, arguments),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        other => {
            Err(arguments::UsageError(format!("there is no task {other}; see cargo xtask --help")).into())
        }
    }
}

const CI_HELP: &str = "\
Runs .ci/run: format, lints, licences and sources of what is depended on, documentation, then `cargo xtask test`.

Usage: cargo xtask ci
";

fn ci(workspace: &Workspace, arguments: Arguments) -> Result {
    if arguments.help(CI_HELP) {
        return Ok(());
    }
    arguments.end()?;
    let shell = workspace.shell()?;
    xshell::cmd!(shell, ".ci/run").quiet().run()?;
    Ok(())
}
