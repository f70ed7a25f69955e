//! The table of which fault struck in which moment.

use std::collections::BTreeSet;
use std::fmt::Write;

use mainstay_engine::testing::walk::Coverage;

/// The moments that a fault should have struck in, from left to right.
const MOMENTS: &[(&str, &str)] = &[
    ("at rest", "rest"),
    ("recovering", "recov"),
    ("checking", "check"),
    ("committing", "commit"),
    ("vetoing", "veto"),
    ("awaiting host", "host"),
    ("leaving", "leave"),
    ("asking", "ask"),
    ("opening", "open"),
    ("starting", "start"),
    ("stopping", "stop"),
    ("terminating", "term"),
    ("looking", "look"),
    ("hard stop", "hard"),
    ("down", "down"),
];
/// Crashes between effects have a table of their own: by the effect that was not carried out.
const BEFORE: &str = "service crashes before";

/// The table, one row for each fault.
pub fn table(coverage: &Coverage) -> String {
    let faults: BTreeSet<&str> = coverage.keys().map(|(fault, _)| *fault).filter(|f| *f != BEFORE).collect();
    let mut text = format!("{:<26}", "fault, by what went on");
    for (_, short) in MOMENTS {
        let _ = write!(text, "{short:>8}");
    }
    text.push('\n');
    for fault in faults {
        let _ = write!(text, "{fault:<26}");
        for (moment, _) in MOMENTS {
            let _ = write!(text, "{:>8}", shown(coverage.get(&(fault, *moment)).copied().unwrap_or(0)));
        }
        text.push('\n');
    }
    let before: Vec<String> = coverage
        .iter()
        .filter(|((fault, _), _)| *fault == BEFORE)
        .map(|((_, effect), count)| format!("{effect} {}", shown(*count)))
        .collect();
    if !before.is_empty() {
        let _ = writeln!(text, "{BEFORE}: {}", before.join(", "));
    }
    text
}

fn shown(count: u64) -> String {
    match count {
        0 => "-".to_owned(),
        1..=99_999 => count.to_string(),
        _ => format!("{}k", count / 1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_struck_is_seen() {
        let coverage = Coverage::from([(("pool host dies", "starting"), 7), ((BEFORE, "commit"), 200_000)]);
        let table = table(&coverage);
        let row = table.lines().find(|line| line.starts_with("pool host dies")).unwrap();
        let cells: Vec<&str> = row["pool host dies".len()..].split_whitespace().collect();
        let expected: Vec<&str> =
            MOMENTS.iter().map(|(moment, _)| if *moment == "starting" { "7" } else { "-" }).collect();
        assert_eq!(cells, expected);
        assert!(table.ends_with("service crashes before: commit 200k\n"), "{table}");
    }
}
