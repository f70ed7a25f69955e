//! `cargo xtask simulate`: a campaign of the simulator. The suite has the short form of it.

use xshell::cmd;

use crate::Result;
use crate::arguments::Arguments;
use crate::workspace::{Workspace, cargo};

/// The size that a release is judged by.
const RUNS_DEFAULT: &str = "100000";

/// And each of them has so many inputs.
const INPUTS_DEFAULT: &str = "200";
/// So many walks must find each bug.
const SEEDED_RUNS_DEFAULT: &str = "10000";

const HELP: &str = "\
Takes random walks through the simulated cluster, in a release build, and prints which fault struck when. Ends at the
first violation, with its seed.

Usage: cargo xtask simulate [OPTION]... [-- SIMULATE-ARGUMENT...]

With --seeded-bugs the engine gets one bug on purpose after the other, and a table says how many walks have found it.

Options:
  --seeded-bugs   Look for bugs on purpose instead
  --runs N        How many [default: 100000; 10000 for each bug]
  --inputs N      How much happens in each [default: 200]
  --jobs N        How many side by side [default: as many as there are processors]

What follows `--` goes to `mainstay simulate` in place of a campaign: cargo xtask simulate -- --seed 7 --shrink
";

pub(crate) fn run(workspace: &Workspace, mut arguments: Arguments) -> Result {
    if arguments.help(HELP) {
        return Ok(());
    }
    let has_bugs = arguments.flag("--seeded-bugs");
    let mut words = arguments.rest();
    let default = if has_bugs { SEEDED_RUNS_DEFAULT } else { RUNS_DEFAULT };
    let runs = arguments.value("--runs")?.unwrap_or_else(|| default.to_owned());
    let inputs = arguments.value("--inputs")?.unwrap_or_else(|| INPUTS_DEFAULT.to_owned());
    let jobs = match arguments.value("--jobs")? {
        Some(jobs) => jobs,
        None => std::thread::available_parallelism()?.to_string(),
    };
    arguments.end()?;
    if words.is_empty() {
        words = ["--runs".to_owned(), runs, "--inputs".to_owned(), inputs, "--jobs".to_owned(), jobs].into();
    }
    let shell = workspace.shell()?;
    let cargo = cargo();
    if has_bugs {
        // Apart from everything that is installed.
        let directory = workspace.target_dir.join("seeded-bugs");
        let features = ["--features", "seeded-bugs"];
        cmd!(shell, "{cargo} build --release --package mainstay-sim {features...} --target-dir {directory}")
            .quiet()
            .run()?;
        words.push("--seeded-bugs".to_owned());
        let program = directory.join("release/mainstay-sim");
        cmd!(shell, "{program} {words...}").quiet().run()?;
        return Ok(());
    }
    cmd!(shell, "{cargo} build --release --package mainstay-sim").quiet().run()?;
    let program = workspace.target_dir.join("release/mainstay-sim");
    cmd!(shell, "{program} {words...}").quiet().run()?;
    Ok(())
}
