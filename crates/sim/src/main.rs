//! `mainstay-sim`: what `mainstay simulate` runs.

mod files;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use mainstay_engine::testing::walk::Plan;
use mainstay_sim::campaign::{Campaign, Summary};
use mainstay_sim::{Violation, coverage, run_plan, shrink};
use serde::Serialize;

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
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
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
    /// Write one JSON document in place of text
    #[arg(long)]
    json: bool,
}

/// A document, as the command `mainstay` writes its own.
fn write_json(document: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    let text = serde_json::to_string_pretty(document).map_err(io::Error::from)?;
    writeln!(out, "{text}")
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut out = io::stdout().lock();
    let ran = match (arguments.seed, arguments.runs) {
        (Some(seed), _) => one(seed, &arguments, &mut out).map(Exit::of),
        (None, Some(runs)) => campaign(runs, &arguments, &mut out).map(Exit::of),
        (None, None) => files::run(&arguments.files, arguments.verbose, arguments.json, &mut out),
    };
    match ran {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(error) => {
            eprintln!("mainstay simulate: cannot write: {error}");
            ExitCode::from(UNWRITTEN)
        }
    }
}

/// One walk, in `--json`.
#[derive(Debug, Serialize)]
struct WalkDocument {
    seed: u64,
    /// Inputs of the walk.
    inputs: usize,
    /// Whether everything held.
    passed: bool,
    /// What did not hold; `null` when everything did.
    violation: Option<String>,
    /// With `--shrink`: the steps that are left; else `null`.
    steps: Option<Vec<String>>,
    /// The events, of a violation or with `--verbose`; else `null`.
    log: Option<Vec<String>>,
}

/// Many walks, in `--json`.
#[derive(Debug, Serialize)]
struct CampaignDocument {
    /// Walks that were taken.
    runs: u64,
    /// Inputs of each.
    inputs: usize,
    /// Walks in which something did not hold.
    violated: u64,
    /// How many of them broke what first, by its name.
    kinds: BTreeMap<String, u64>,
    /// The first of them.
    violations: Vec<ViolationDocument>,
    /// Which fault struck how often while what went on.
    coverage: Vec<StruckDocument>,
}

#[derive(Debug, Serialize)]
struct ViolationDocument {
    seed: u64,
    violation: String,
}

#[derive(Debug, Serialize)]
struct StruckDocument {
    fault: &'static str,
    moment: &'static str,
    count: u64,
}

/// One walk.
fn one(seed: u64, arguments: &Arguments, out: &mut impl Write) -> io::Result<bool> {
    let plan = Plan::of_seed(seed, arguments.inputs);
    let violation = match run_plan(&plan, true) {
        Ok((_, log)) => {
            if arguments.json {
                let log = arguments.verbose.then_some(log);
                let inputs = plan.steps.len();
                let walk = WalkDocument { seed, inputs, passed: true, violation: None, steps: None, log };
                return write_json(&walk, out).map(|()| true);
            }
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
    if arguments.json {
        let steps = plan.steps.iter().map(|step| format!("{step:?}")).collect();
        let walk = WalkDocument {
            seed,
            inputs: arguments.inputs,
            passed: false,
            violation: Some(violation.to_string()),
            steps: arguments.shrink.then_some(steps),
            log: Some(violation.log),
        };
        return write_json(&walk, out).map(|()| false);
    }
    show_log(&violation, arguments.verbose || arguments.shrink, out)?;
    if arguments.shrink {
        let left = plan.steps.len();
        writeln!(out, "{left} {} left:", if left == 1 { "step is" } else { "steps are" })?;
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
        let events = if skipped == 1 { "event before is" } else { "events before are" };
        writeln!(out, "({skipped} {events} shown by --verbose)")?;
    }
    violation.log[skipped..].iter().try_for_each(|line| writeln!(out, "{line}"))
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
    if arguments.json {
        return write_json(&campaign_document(&summary, arguments.inputs), out)
            .map(|()| summary.violated == 0);
    }
    writeln!(out, "{}", coverage::table(&summary.coverage))?;
    for (seed, violation) in &summary.violations {
        writeln!(out, "seed {seed}: {violation}")?;
    }
    if let Some(seed) = summary.violations.keys().next() {
        let inputs = arguments.inputs;
        writeln!(out, "replay: mainstay simulate --seed {seed} --inputs {inputs} --shrink")?;
    }
    for (kind, count) in &summary.kinds {
        writeln!(out, "{count} {} {kind}", if *count == 1 { "run breaks" } else { "runs break" })?;
    }
    let (runs, violated) = (summary.runs, summary.violated);
    writeln!(out, "{runs} runs of {} inputs, {violated} with a violation", arguments.inputs)?;
    Ok(violated == 0)
}

fn campaign_document(summary: &Summary, inputs: usize) -> CampaignDocument {
    let violations = summary.violations.iter();
    let struck = summary.coverage.iter();
    CampaignDocument {
        runs: summary.runs,
        inputs,
        violated: summary.violated,
        kinds: summary.kinds.clone(),
        violations: violations
            .map(|(seed, violation)| ViolationDocument { seed: *seed, violation: violation.to_string() })
            .collect(),
        coverage: struck.map(|(&(fault, moment), &count)| StruckDocument { fault, moment, count }).collect(),
    }
}
