//! What must hold for any text whatsoever: the fuzz target and the property tests call it.

use super::{ITEMS_MAX, Scenario, TIME_MAX_MS, parse};

/// Reads the bytes as a scenario file.
///
/// # Panics
///
/// When a rule is broken: an error that does not say where or what, or a scenario beyond the bounds.
#[track_caller]
pub fn any_bytes(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match parse(&text) {
        Ok(scenario) => check(&scenario),
        Err(error) => {
            assert!(error.line <= text.lines().count(), "the line is one of the file's");
            assert!(!error.what.is_empty(), "what is wrong is said");
            assert_eq!(parse(&text), Err(error), "the same file has the same fault");
        }
    }
}

#[track_caller]
fn check(scenario: &Scenario) {
    let counts = [
        scenario.cluster.len(),
        scenario.nodes.len(),
        scenario.group_sets.len(),
        scenario.groups.len(),
        scenario.resources.len(),
        scenario.steps.len(),
        scenario.expected.len(),
    ];
    assert!(counts.into_iter().all(|count| count <= ITEMS_MAX), "{counts:?}");
    assert!(scenario.steps.is_sorted_by_key(|timed| timed.at_ms), "steps stand in order of time");
    let last_ms = scenario.steps.last().map_or(0, |timed| timed.at_ms);
    assert!((last_ms..=TIME_MAX_MS).contains(&scenario.end_ms), "the end is not before the last step");
}
