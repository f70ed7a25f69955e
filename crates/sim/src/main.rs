//! `mainstay-sim`: what `mainstay simulate` runs.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use mainstay_engine::testing::walk::Plan;
use mainstay_sim::campaign::Campaign;
use mainstay_sim::{Violation, coverage, run_plan, scenario, shrink};

/// Seeds that are taken between two lines of progress.
const PROGRESS_EVERY: u64 = 4_096;
/// Events before the end that are shown of a failed run without --verbose.
const LOG_TAIL: usize = 60;

const EXIT_CODES: &str = "\
Exit codes:
  0  everything held
  1  a scenario file cannot be read or understood
  2  wrong usage
  4  something did not hold; standard output says what
  6  standard output cannot be written";

/// See [`EXIT_CODES`].
const UNWRITTEN: u8 = 6;

/// How it ended, in the numbers of the command `mainstay`.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Exit {
    Held = 0,
    Broken = 4,
    Unread = 1,
}

impl Exit {
    fn of(held: bool) -> Self {
        if held { Exit::Held } else { Exit::Broken }
    }
}

/// Runs Mainstay's engine in a simulated cluster: clock, database, resource hosts, guard and journal are simulated, the
/// decisions are those of the service. Nothing real is touched.
#[derive(Debug, Parser)]
#[command(name = "mainstay simulate", bin_name = "mainstay simulate", version, after_help = EXIT_CODES)]
struct Arguments {
    /// Scenario files to run
    #[arg(
        value_name = "FILE",
        conflicts_with_all = ["seed", "runs"],
        required_unless_present_any = ["seed", "runs"]
    )]
    files: Vec<PathBuf>,
    /// Take the one random walk of this seed
    #[arg(long, value_name = "N", conflicts_with = "runs")]
    seed: Option<u64>,
    /// Take so many random walks
    #[arg(long, value_name = "N")]
    runs: Option<u64>,
    /// The seed of the first of them
    #[arg(long, value_name = "N", default_value_t = 0, requires = "runs")]
    first: u64,
    /// How many things happen in a walk
    #[arg(long, value_name = "N", default_value_t = 200)]
    inputs: usize,
    /// How many walks are taken side by side
    #[arg(long, value_name = "N", default_value_t = 1, requires = "runs")]
    jobs: usize,
    /// Go on after a violation
    #[arg(long, requires = "runs")]
    keep_going: bool,
    /// Take the walks with each of the engine's bugs on purpose, and say how many of them find it
    #[cfg(feature = "seeded-bugs")]
    #[arg(long, requires = "runs")]
    seeded_bugs: bool,
    /// Only with these of them; may be given several times
    #[cfg(feature = "seeded-bugs")]
    #[arg(long, value_name = "NAME", requires = "seeded_bugs")]
    bug: Vec<String>,
    /// Find a shorter list of steps that fails in the same way
    #[arg(long, requires = "seed")]
    shrink: bool,
    /// Write every event
    #[arg(long)]
    verbose: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut out = io::stdout().lock();
    let ran = match (arguments.seed, arguments.runs) {
        (Some(seed), _) => one(seed, &arguments, &mut out).map(Exit::of),
        (None, Some(runs)) => campaign(runs, &arguments, &mut out).map(Exit::of),
        (None, None) => files(&arguments, &mut out),
    };
    match ran {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(error) => {
            eprintln!("mainstay simulate: cannot write: {error}");
            ExitCode::from(UNWRITTEN)
        }
    }
}

/// One walk.
fn one(seed: u64, arguments: &Arguments, out: &mut impl Write) -> io::Result<bool> {
    let plan = Plan::of_seed(seed, arguments.inputs);
    let violation = match run_plan(&plan, true) {
        Ok((_, log)) => {
            if arguments.verbose {
                writeln!(out, "{}", log.join("\n"))?;
            }
            writeln!(out, "seed {seed}, {} inputs: everything held", plan.steps.len())?;
            return Ok(true);
        }
        Err(violation) => violation,
    };
    let shrunk = arguments.shrink.then(|| shrink::shrink(&plan)).flatten();
    let (plan, violation) = shrunk.unwrap_or((plan, violation));
    show_log(&violation, arguments.verbose || arguments.shrink, out)?;
    if arguments.shrink {
        writeln!(out, "{} steps are left:", plan.steps.len())?;
        for step in &plan.steps {
            writeln!(out, "  {step:?}")?;
        }
    }
    writeln!(out, "seed {seed}, {} inputs: {violation}", arguments.inputs)?;
    Ok(false)
}

fn show_log(violation: &Violation, is_whole: bool, out: &mut impl Write) -> io::Result<()> {
    let skipped = if is_whole { 0 } else { violation.log.len().saturating_sub(LOG_TAIL) };
    if skipped > 0 {
        writeln!(out, "({skipped} events before are shown by --verbose)")?;
    }
    violation.log[skipped..].iter().try_for_each(|line| writeln!(out, "{line}"))
}

/// Scenario files, each with one line that says what came of it.
fn files(arguments: &Arguments, out: &mut impl Write) -> io::Result<Exit> {
    let (mut failed, mut exit) = (0, Exit::Held);
    for file in &arguments.files {
        let name = file.display();
        let scenario = match read(file) {
            Ok(text) => scenario::parse(&text).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        let verdict = match scenario {
            Ok(scenario) => scenario::run(&scenario),
            Err(what) => {
                (failed, exit) = (failed + 1, Exit::Unread);
                writeln!(out, "FAIL {name}: {what}")?;
                continue;
            }
        };
        if arguments.verbose {
            verdict.log.iter().try_for_each(|line| writeln!(out, "{line}"))?;
        }
        if verdict.differences.is_empty() {
            writeln!(out, "pass {name}")?;
            continue;
        }
        failed += 1;
        if exit == Exit::Held {
            exit = Exit::Broken;
        }
        writeln!(out, "FAIL {name}")?;
        for (line, difference) in &verdict.differences {
            writeln!(out, "  line {line}: {difference}")?;
        }
    }
    writeln!(out, "{} passed, {failed} failed", arguments.files.len() - failed)?;
    Ok(exit)
}

/// Reads no more than a scenario file may have, and one byte by which that is seen.
fn read(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    let max = scenario::FILE_BYTES_MAX as u64 + 1;
    std::fs::File::open(file)?.take(max).read_to_string(&mut text)?;
    Ok(text)
}

fn campaign(runs: u64, arguments: &Arguments, out: &mut impl Write) -> io::Result<bool> {
    let campaign = Campaign {
        first: arguments.first,
        runs,
        steps: arguments.inputs,
        jobs: arguments.jobs,
        keeps_going: arguments.keep_going,
    };
    #[cfg(feature = "seeded-bugs")]
    if arguments.seeded_bugs {
        return mainstay_sim::seeded::run(campaign, &arguments.bug, out);
    }
    let summary = campaign.run(|taken| {
        if taken % PROGRESS_EVERY == 0 {
            eprintln!("{taken} of {runs}");
        }
    });
    writeln!(out, "{}", coverage::table(&summary.coverage))?;
    for (seed, violation) in &summary.violations {
        writeln!(out, "seed {seed}: {violation}")?;
    }
    if let Some(seed) = summary.violations.keys().next() {
        let inputs = arguments.inputs;
        writeln!(out, "replay: mainstay simulate --seed {seed} --inputs {inputs} --shrink")?;
    }
    for (kind, count) in &summary.kinds {
        writeln!(out, "{count} runs break {kind}")?;
    }
    let (runs, violated) = (summary.runs, summary.violated);
    writeln!(out, "{runs} runs of {} inputs, {violated} with a violation", arguments.inputs)?;
    Ok(violated == 0)
}
