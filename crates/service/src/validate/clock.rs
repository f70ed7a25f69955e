//! The clock of the machine: journals, timers that people set and certificates go by it; no decision does.

use std::path::Path;

use mainstay_types::validation::{Check, Verdict};

use crate::core::{Core, now};
use crate::journal::JournalQuery;

const AREA: &str = "clock";

/// How far a clock may be set back without anybody minding.
const BACK_MAX_MS: u64 = 60_000;

/// The first moment of 2024 in milliseconds of Unix time: a machine that says less has no clock.
const EARLIEST_MS: u64 = 1_704_067_200_000;

/// What says that somebody keeps the clock: of systemd-timesyncd, chrony and ntpd.
const KEEPERS: [&str; 4] =
    ["/run/systemd/timesync/synchronized", "/run/chrony/chronyd.pid", "/run/chronyd.pid", "/run/ntpd.pid"];

pub(super) fn check(core: &Core) -> Vec<Check> {
    let newest = core.hands().journal.read(&JournalQuery { limit: 1, ..JournalQuery::default() });
    let newest_ms = newest.ok().and_then(|records| Some(records.first()?.at_ms));
    let keeper = KEEPERS.into_iter().find(|path| Path::new(path).exists());
    vec![judge(now().unix_ms, newest_ms), judge_keeper(keeper)]
}

fn judge(now_ms: u64, newest_ms: Option<u64>) -> Check {
    if now_ms < EARLIEST_MS {
        return Check::bad(
            Verdict::Failure,
            AREA,
            "time of day",
            "it is before the year 2024",
            "set the clock, and have it kept",
        );
    }
    match newest_ms.map(|at_ms| at_ms.saturating_sub(now_ms)) {
        Some(back_ms) if back_ms > BACK_MAX_MS => Check::bad(
            Verdict::Warning,
            AREA,
            "time of day",
            format!("it is {} s before the journal's newest record", back_ms / 1000),
            "find out who has set the clock back; records of both times stand side by side",
        ),
        _ => Check::ok(AREA, "time of day", "it is not before the journal's newest record"),
    }
}

fn judge_keeper(keeper: Option<&str>) -> Check {
    match keeper {
        Some(path) => Check::ok(AREA, "kept by", path),
        None => Check::bad(
            Verdict::Warning,
            AREA,
            "kept by",
            "nobody is seen who does",
            "run chrony or systemd-timesyncd; in a container the machine below may do it",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_went_back_is_seen() {
        let now_ms = EARLIEST_MS + 1_000_000;
        for (now_ms, newest_ms, expected) in [
            (now_ms, None, Verdict::Ok),
            (now_ms, Some(now_ms - 5), Verdict::Ok),
            (now_ms, Some(now_ms + BACK_MAX_MS), Verdict::Ok),
            (now_ms, Some(now_ms + BACK_MAX_MS + 1), Verdict::Warning),
            (1_000, None, Verdict::Failure),
        ] {
            assert_eq!(judge(now_ms, newest_ms).verdict, expected, "{now_ms} {newest_ms:?}");
        }
        assert_eq!(judge_keeper(None).verdict, Verdict::Warning);
        assert_eq!(judge_keeper(Some("x")).verdict, Verdict::Ok);
    }
}
