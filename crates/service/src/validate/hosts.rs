//! Resource hosts: whether each that is needed is connected, and answers.

use std::collections::BTreeMap;

use mainstay_engine::view::HostInfo;
use mainstay_types::HostId;
use mainstay_types::command_line::CommandLine;
use mainstay_types::validation::{Check, Verdict};

use super::{ANSWER_WITHIN, state_of, way_to_answer};
use crate::core::Core;

const AREA: &str = "hosts";

/// How a host was found.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Seen {
    /// Nobody is at the other end.
    NotConnected {
        /// How it stands, in the engine's words.
        standing: String,
        /// Nobody tries to start it any more.
        is_given_up: bool,
    },
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
    let seen = |host: &HostInfo| match connected.get(&host.id) {
        None => Seen::NotConnected { standing: host.standing.clone(), is_given_up: host.is_given_up },
        Some(&pid) if answering.contains(&host.id) => Seen::Answers { pid },
        Some(&pid) => Seen::Silent { pid, state: state_of(pid) },
    };
    hosts
        .into_iter()
        .map(|host| {
            let seen = seen(&host);
            let what = match host.id {
                HostId::Pool => "pool host".to_owned(),
                HostId::Own(_) => format!("host of '{}'", host.resource.unwrap_or_default()),
            };
            judge(what, &seen, &host.needed_by)
        })
        .collect()
}

fn judge(what: String, seen: &Seen, needed_by: &[String]) -> Check {
    match seen {
        Seen::Answers { pid } => Check::ok(AREA, what, format!("connected, process {pid} answers")),
        Seen::NotConnected { standing, is_given_up } => {
            let first = needed_by.first().map_or("", String::as_str);
            let needed = match needed_by.len() {
                1 => format!("'{first}' needs it"),
                count => format!("{count} resources need it, '{first}' among them"),
            };
            let way_out = match is_given_up {
                true => format!(
                    "the service's log says why it ends; when that is mended: {}",
                    CommandLine::new("resource online").name(first)
                ),
                false => {
                    "nobody looks at what it has until it is there; it is started by itself, and the service's log says \
                     why it ended"
                        .into()
                }
            };
            Check::bad(
                Verdict::Failure,
                AREA,
                what,
                format!("it is not connected, and {needed}: {standing}"),
                way_out,
            )
        }
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
        let lost = |is_given_up: bool| Seen::NotConnected { standing: "it is not there".into(), is_given_up };
        let needs = "it is not connected, and 2 resources need it, 'a' among them: it is not there";
        for (seen, verdict, says) in [
            (Seen::Answers { pid: 7 }, Verdict::Ok, "process 7 answers"),
            (lost(false), Verdict::Failure, needs),
            (lost(true), Verdict::Failure, needs),
            (silent("stopped"), Verdict::Failure, "process 7 (stopped) does not answer"),
            (silent("disk sleep"), Verdict::Failure, "process 7 (disk sleep) does not answer"),
        ] {
            let check = judge("pool host".into(), &seen, &["a".into(), "b".into()]);
            assert_eq!(check.verdict, verdict, "{check:?}");
            assert!(check.seen.contains(says), "{check:?}");
            let is_named = check.way_out.contains("kill -CONT 7");
            assert_eq!(is_named, seen == silent("stopped"), "{check:?}");
            assert_eq!(
                check.way_out.ends_with("mainstay resource online a"),
                seen == lost(true),
                "{check:?}"
            );
        }
    }
}
