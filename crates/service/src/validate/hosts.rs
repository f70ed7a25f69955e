//! Resource hosts: whether each that has something open is connected, and answers.

use std::collections::BTreeMap;

use mainstay_types::HostId;
use mainstay_types::validation::{Check, Verdict};

use super::{ANSWER_WITHIN, state_of, way_to_answer};
use crate::core::Core;

const AREA: &str = "hosts";

/// How a host was found.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Seen {
    /// Nobody is at the other end.
    NotConnected,
    /// It gave a sign of life.
    Answers {
        /// Its process.
        pid: u32,
    },
    /// It gave none in time.
    Silent {
        /// Its process.
        pid: u32,
        /// How that stands, in the kernel's word.
        state: String,
    },
}

pub(super) fn check(core: &Core) -> Vec<Check> {
    let hosts = core.read(|view| view.hosts());
    if hosts.is_empty() {
        return vec![Check::ok(AREA, "resource hosts", "none is needed now")];
    }
    let connected: BTreeMap<HostId, u32> =
        hosts.iter().filter_map(|host| Some((host.id, host.pid?))).collect();
    let asked: Vec<HostId> = connected.keys().copied().collect();
    let answering = core.hands().hosts.answering(&asked, ANSWER_WITHIN);
    let seen = |id: HostId| match connected.get(&id) {
        None => Seen::NotConnected,
        Some(&pid) if answering.contains(&id) => Seen::Answers { pid },
        Some(&pid) => Seen::Silent { pid, state: state_of(pid) },
    };
    hosts
        .into_iter()
        .map(|host| {
            let what = match host.id {
                HostId::Pool => "pool host".to_owned(),
                HostId::Own(_) => format!("host of '{}'", host.resource.unwrap_or_default()),
            };
            judge(what, &seen(host.id))
        })
        .collect()
}

fn judge(what: String, seen: &Seen) -> Check {
    match seen {
        Seen::Answers { pid } => Check::ok(AREA, what, format!("connected, process {pid} answers")),
        Seen::NotConnected => Check::bad(
            Verdict::Warning,
            AREA,
            what,
            "it is not connected",
            "it is started again by itself; the service's log says why it ended",
        ),
        Seen::Silent { pid, state } => Check::bad(
            Verdict::Failure,
            AREA,
            what,
            format!("process {pid} ({state}) does not answer within {} ms", ANSWER_WITHIN.as_millis()),
            format!(
                "{}; else it is replaced by itself after the DeadlockTimeout of its resources",
                way_to_answer(*pid, state)
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_to_answer() {
        let silent = |state: &str| Seen::Silent { pid: 7, state: state.into() };
        for (seen, verdict, says) in [
            (Seen::Answers { pid: 7 }, Verdict::Ok, "process 7 answers"),
            (Seen::NotConnected, Verdict::Warning, "not connected"),
            (silent("stopped"), Verdict::Failure, "process 7 (stopped) does not answer"),
            (silent("disk sleep"), Verdict::Failure, "process 7 (disk sleep) does not answer"),
        ] {
            let check = judge("pool host".into(), &seen);
            assert_eq!(check.verdict, verdict, "{check:?}");
            assert!(check.seen.contains(says), "{check:?}");
            let is_named = check.way_out.contains("kill -CONT 7");
            assert_eq!(is_named, seen == silent("stopped"), "{check:?}");
        }
    }
}
