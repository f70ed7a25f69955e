//! Reads what test programs print, line by line, and counts.
//!
//! ```text
//!            "running N tests"                 "successes:"
//!   Between ───────────────────▶ Running ──────────────────────▶ Successes ◀─┐ "---- NAME stdout ----":
//!      ▲                           │  ▲                            │  │      │  what NAME wrote
//!      │                           │  └────── "failures:" ─────────┘  └──────┘
//!      └─── "test result: ..." ────┴──────────────────────────────────┘
//! ```
//!
//! What a passed test wrote is worth nobody's time, except its reason to skip.

use std::collections::BTreeMap;
use std::fmt;

const SKIPPED: &str = "skipped: ";

/// What has been counted.
#[derive(Default, Debug)]
pub(crate) struct Summary {
    passed: usize,
    failed: usize,
    ignored: usize,
    /// Why each test was skipped, by test program and test.
    reasons: BTreeMap<(usize, String), String>,
    programs: usize,
    place: Place,
}

#[derive(Default, Debug)]
enum Place {
    /// No test program speaks.
    #[default]
    Between,
    /// Its tests run, or its failures are shown.
    Running,
    /// What tests that passed have written, this one's at the moment.
    Successes(Option<String>),
}

impl Summary {
    /// Takes the next line; says whether it is worth showing.
    pub(crate) fn read(&mut self, line: &str) -> bool {
        if let Some(counts) = line.strip_prefix("test result: ") {
            self.read_result(counts);
            self.place = Place::Between;
            return true;
        }
        match &mut self.place {
            Place::Between => {
                if is_start(line) {
                    self.programs += 1;
                    self.place = Place::Running;
                }
                self.read_reason_with_name(line);
                true
            }
            // A second start means that the first program never came to its result.
            Place::Running if is_start(line) => {
                self.failed += 1;
                self.programs += 1;
                true
            }
            Place::Running => {
                if line == "successes:" {
                    self.place = Place::Successes(None);
                    return false;
                }
                self.read_reason_with_name(line);
                true
            }
            Place::Successes(test) => {
                if line == "failures:" {
                    self.place = Place::Running;
                    return true;
                }
                if let Some(name) =
                    line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----"))
                {
                    *test = Some(name.to_owned());
                } else if let (Some(test), Some(reason)) = (test, line.strip_prefix(SKIPPED)) {
                    // Some tests say their name themselves.
                    let reason = reason.strip_prefix(&format!("{test}: ")).unwrap_or(reason);
                    self.reasons.insert((self.programs, test.clone()), reason.to_owned());
                }
                false
            }
        }
    }

    /// There are no more lines.
    pub(crate) fn end(&mut self) {
        if !matches!(self.place, Place::Between) {
            self.failed += 1;
            self.place = Place::Between;
        }
    }

    /// How many failed; a test program that crashed counts as one.
    pub(crate) fn failed(&self) -> usize {
        self.failed
    }

    /// The tests that were skipped, each with its reason.
    pub(crate) fn skipped(&self) -> impl Iterator<Item = String> + '_ {
        self.reasons.iter().map(|((_, test), reason)| format!("{SKIPPED}{test}: {reason}"))
    }

    /// `skipped: TEST: WHY`, written past the test program's capture.
    fn read_reason_with_name(&mut self, line: &str) {
        if let Some((test, reason)) = line.strip_prefix(SKIPPED).and_then(|rest| rest.split_once(": ")) {
            self.reasons.insert((self.programs, test.to_owned()), reason.to_owned());
        }
    }

    fn read_result(&mut self, counts: &str) {
        for part in counts.split(['.', ';']) {
            let mut words = part.split_whitespace();
            let (Some(number), Some(what)) = (words.next(), words.next()) else { continue };
            let Ok(number) = number.parse::<usize>() else { continue };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

impl fmt::Display for Summary {
    /// To the test program a skipped test has passed; to people it has not.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reasons = self.reasons.len();
        let (passed, skipped) = (self.passed.saturating_sub(reasons), self.ignored + reasons);
        write!(f, "{passed} passed, {} failed, {skipped} skipped", self.failed)
    }
}

/// `running 3 tests`, `running 1 test`.
fn is_start(line: &str) -> bool {
    let number = line
        .strip_prefix("running ")
        .and_then(|rest| rest.strip_suffix(" tests").or_else(|| rest.strip_suffix(" test")));
    number.is_some_and(|number| number.parse::<usize>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `output` and compares the last line, the reasons, and the lines shown that hold a `!`.
    #[track_caller]
    fn check(output: &str, line: &str, reasons: &[&str]) {
        let mut summary = Summary::default();
        for line in output.lines() {
            let shown = summary.read(line);
            assert!(!line.contains("(shown)") || shown, "{line}");
            assert!(!line.contains("(hidden)") || !shown, "{line}");
        }
        summary.end();
        assert_eq!(summary.to_string(), line);
        assert_eq!(summary.skipped().collect::<Vec<_>>(), reasons);
    }

    #[test]
    fn two_programs_one_of_which_skips() {
        check(
            "\nrunning 2 tests\ntest a ... ok (shown)\ntest b ... ok\n\nsuccesses:\n\n\
             ---- b stdout ----\nchatter (hidden)\nskipped: no cgroup v2: none mounted\n\n\nsuccesses:\n    a\n    b\n\n\
             test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.05s\n\n\
             \nrunning 1 test\ntest c ... ok\n\nsuccesses:\n\nsuccesses:\n    c\n\n\
             test result: ok. 1 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n",
            "2 passed, 0 failed, 2 skipped",
            &["skipped: b: no cgroup v2: none mounted"],
        );
    }

    #[test]
    fn failures_are_shown_and_counted() {
        check(
            "running 2 tests\ntest a ... ok\ntest b ... FAILED\n\nsuccesses:\n\nsuccesses:\n    a\n\nfailures:\n\n\
             ---- b stdout ----\nthread 'b' panicked (shown)\n\n\nfailures:\n    b\n\n\
             test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n",
            "1 passed, 1 failed, 0 skipped",
            &[],
        );
    }

    #[test]
    fn a_program_that_crashes_is_a_failure() {
        check("running 2 tests\ntest a ... ok\n", "0 passed, 1 failed, 0 skipped", &[]);
        check(
            "running 2 tests\ntest a ... ok\nrunning 1 test\ntest result: ok. 1 passed; 0 failed; 0 ignored",
            "1 passed, 1 failed, 0 skipped",
            &[],
        );
    }

    #[test]
    fn a_test_may_say_its_name_and_write_past_the_capture() {
        let expected = &["skipped: world::late: only root may"];
        let result = "test result: ok. 1 passed; 0 failed; 0 ignored";
        check(
            &format!("running 1 test\nskipped: world::late: only root may\n{result}"),
            "0 passed, 0 failed, 1 skipped",
            expected,
        );
        check(
            &format!(
                "running 1 test\nsuccesses:\n---- world::late stdout ----\nskipped: world::late: only root may\n{result}"
            ),
            "0 passed, 0 failed, 1 skipped",
            expected,
        );
    }
}
