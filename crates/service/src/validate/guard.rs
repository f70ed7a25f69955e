//! The guard: whether it answers, speaks as this service does, and is who holds the control groups.

use std::time::Duration;

use mainstay_ipc::VERSION;
use mainstay_process::claim;
use mainstay_process::layout;
use mainstay_types::validation::{Check, Verdict};

use super::{ANSWER_WITHIN, Ground, state_of, way_to_answer};
use crate::core::Core;

const AREA: &str = "guard";

/// What a guard says of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Welcome {
    pid: u32,
    version: u32,
}

/// What was found of the guard.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Seen {
    /// What it has answered, or why it refuses; nothing where it did not answer in time.
    answer: Option<Result<Welcome, String>>,
    /// The process that holds the control groups, with how it stands.
    holder: Option<(u32, String)>,
    /// How long it was waited for.
    within: Duration,
}

pub(super) fn check(core: &Core, ground: &Ground) -> Vec<Check> {
    judge(&look(core, ground, ANSWER_WITHIN))
}

/// What is wrong with the guard, where it does not serve this service's requests.
pub(crate) fn silence(core: &Core, ground: &Ground, within: Duration) -> Option<Check> {
    let seen = look(core, ground, within);
    let is_served = matches!(seen.answer, Some(Ok(_)));
    (!is_served).then(|| answering(&seen))
}

fn look(core: &Core, ground: &Ground, within: Duration) -> Seen {
    let guard = &core.hands().guard;
    let answer = guard.greeted_within(within);
    let answer = answer.map(|said| said.map(|(version, pid)| Welcome { pid, version }));
    let holder = claim::holder_of(&layout::owner(&ground.cgroup_root, guard.cluster()));
    let holder = holder.and_then(|holder| u32::try_from(holder.pid?).ok());
    let holder = holder.map(|pid| (pid, state_of(pid)));
    Seen { answer, holder, within }
}

fn judge(seen: &Seen) -> Vec<Check> {
    let mut checks = vec![answering(seen)];
    if let Some(Ok(welcome)) = &seen.answer {
        checks.push(version(*welcome));
        checks.push(holding(*welcome, seen));
    }
    checks
}

fn answering(seen: &Seen) -> Check {
    const WHAT: &str = "guard";
    let failure = |found: String, way_out: String| Check::bad(Verdict::Failure, AREA, WHAT, found, way_out);
    match (&seen.answer, &seen.holder) {
        (Some(Ok(welcome)), _) => Check::ok(AREA, WHAT, format!("process {} answers", welcome.pid)),
        (Some(Err(reason)), _) => failure(
            format!("it refuses this service: {reason}"),
            "nothing can be stopped hard until that is mended; see the log of mainstayd".into(),
        ),
        (None, Some((pid, state))) => failure(
            format!("process {pid} ({state}) does not answer within {} ms", seen.within.as_millis()),
            format!("nothing can be started or stopped hard until it does; {}", way_to_answer(*pid, state)),
        ),
        (None, None) => failure(
            format!(
                "none answers within {} ms, and nobody holds the control groups",
                seen.within.as_millis()
            ),
            "it is started again by itself, or by its unit; the log of mainstayd says why it is not".into(),
        ),
    }
}

/// Both are of one installation, but for the time of an upgrade.
fn version(welcome: Welcome) -> Check {
    const WHAT: &str = "guard's protocol";
    match welcome.version {
        VERSION => Check::ok(AREA, WHAT, format!("version {VERSION}, as this service's")),
        other => Check::bad(
            Verdict::Warning,
            AREA,
            WHAT,
            format!("version {other}, and this service's is {VERSION}"),
            "start the guard of this service's installation; what runs is found again",
        ),
    }
}

fn holding(welcome: Welcome, seen: &Seen) -> Check {
    const WHAT: &str = "holder of the control groups";
    let (verdict, seen, way_out) = match &seen.holder {
        Some((pid, _)) if *pid == welcome.pid => return Check::ok(AREA, WHAT, "it is the guard"),
        Some((pid, _)) => (
            Verdict::Failure,
            format!("process {pid}, and the guard that answers is process {}", welcome.pid),
            "two guards would stop each other's resources; end the one that is not this run directory's",
        ),
        // Where processes have numbers of their own it cannot be seen.
        None => (
            Verdict::Warning,
            "nobody is seen who does".to_owned(),
            "their directory may have been swept away, or /proc/locks does not show it here; a new guard takes them again",
        ),
    };
    Check::bad(verdict, AREA, WHAT, seen, way_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guard_has_to_answer_and_to_hold_the_tree() {
        use Verdict::{Failure, Ok as Fine, Warning};
        let welcome = |version| Some(Ok(Welcome { pid: 7, version }));
        let held = |pid: u32, state: &str| Some((pid, state.to_owned()));
        for (answer, holder, verdicts, says) in [
            (welcome(VERSION), held(7, "sleeping"), vec![Fine, Fine, Fine], "process 7 answers"),
            (welcome(VERSION + 1), held(7, "sleeping"), vec![Fine, Warning, Fine], "version 2"),
            (welcome(VERSION), held(8, "sleeping"), vec![Fine, Fine, Failure], "process 8, and the guard"),
            (welcome(VERSION), None, vec![Fine, Fine, Warning], "nobody is seen"),
            (None, held(7, "stopped"), vec![Failure], "kill -CONT 7"),
            (None, held(7, "disk sleep"), vec![Failure], "/proc/7/wchan"),
            (None, None, vec![Failure], "nobody holds"),
            (Some(Err("another tree".into())), None, vec![Failure], "refuses this service: another tree"),
        ] {
            let checks = judge(&Seen { answer, holder, within: ANSWER_WITHIN });
            let found: Vec<Verdict> = checks.iter().map(|check| check.verdict).collect();
            assert_eq!(found, verdicts, "{checks:?}");
            let text = format!("{checks:?}");
            assert!(text.contains(says), "{says}: {text}");
        }
    }
}
