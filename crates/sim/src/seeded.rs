//! Whether the simulator sees: each bug that the engine can be given on purpose, and in how many walks it is found.

use std::io::{self, Write};

use mainstay_engine::seeded::{Bug, seed};

use crate::campaign::{Campaign, Summary};

/// Walks after which it is known how often a bug is found; only what is not found in them is looked for longer.
const SAMPLE: u64 = 1_000;

/// Takes walks with each of the bugs, or with each of these, and writes a table. Answers whether each was found.
///
/// # Errors
///
/// When the table cannot be written, or a name is no bug's.
pub fn run(campaign: Campaign, only: &[String], out: &mut impl Write) -> io::Result<bool> {
    if let Some(unknown) = only.iter().find(|name| Bug::ALL.iter().all(|bug| bug.name() != *name)) {
        let text = format!("'{unknown}' is no bug; without --bug all of them are listed");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    let mut is_complete = true;
    writeln!(out, "{:<28}{:>16}  {:<24}first walk", "bug", "found in", "by")?;
    for bug in Bug::ALL.iter().filter(|bug| only.is_empty() || only.iter().any(|name| name == bug.name())) {
        seed(Some(*bug));
        let summary = look_for(campaign);
        seed(None);
        let by: Vec<String> = summary.kinds.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        let first = summary.violations.keys().next().map_or_else(|| "-".to_owned(), u64::to_string);
        let found = format!("{} of {}", summary.violated, summary.runs);
        writeln!(out, "{:<28}{found:>16}  {:<24}{first}", bug.name(), short(&by.join(", ")))?;
        out.flush()?;
        is_complete &= summary.violated > 0;
    }
    Ok(is_complete)
}

fn look_for(campaign: Campaign) -> Summary {
    let sample = Campaign { runs: campaign.runs.min(SAMPLE), keeps_going: true, ..campaign };
    let summary = sample.run(|_| {});
    if summary.violated > 0 || campaign.runs <= SAMPLE {
        return summary;
    }
    Campaign { keeps_going: false, ..campaign }.run(|_| {})
}

/// Places of panics are long, and only the first few kinds tell something.
fn short(kinds: &str) -> String {
    const LENGTH_MAX: usize = 60;
    kinds.chars().take(LENGTH_MAX).collect()
}
