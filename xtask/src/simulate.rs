//! `cargo xtask simulate`: a campaign of the simulator. The suite has the short form of it.

use xshell::cmd;

use crate::Result;
use crate::arguments::Arguments;
use crate::workspace::{Workspace, cargo};

/// The size that a release is judged by.
const RUNS_DEFAULT: &str = "100000";

const HELP: &str = "\
Takes random walks through the simulated cluster, in a release build, and prints which fault struck when. Ends at the
first violation, with its seed.

Usage: cargo xtask simulate [OPTION]... [-- SIMULATE-ARGUMENT...]

Options:
  --runs N   How many [default: 100000]
  --jobs N   How many side by side [default: as many as there are processors]

What follows `--` goes to `mainstay-sim` in place of a campaign: cargo xtask simulate -- --seed 7 --shrink
";

pub(crate) fn run(workspace: &Workspace, mut arguments: Arguments) -> Result {
    if arguments.help(HELP) {
        return Ok(());
    }
    let mut words = arguments.rest();
    let runs = arguments.value("--runs")?.unwrap_or_else(|| RUNS_DEFAULT.to_owned());
    let jobs = match arguments.value("--jobs")? {
        Some(jobs) => jobs,
        None => std::thread::available_parallelism()?.to_string(),
    };
    arguments.end()?;
    if words.is_empty() {
        words = ["--runs".to_owned(), runs, "--jobs".to_owned(), jobs].into();
    }
    let shell = workspace.shell()?;
    let cargo = cargo();
    cmd!(shell, "{cargo} build --release --package mainstay-sim").quiet().run()?;
    let program = workspace.target_dir.join("release/mainstay-sim");
    cmd!(shell, "{program} {words...}").quiet().run()?;
    Ok(())
}
