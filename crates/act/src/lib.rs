//! Agents that come with Mainstay: resource types whose effect is in the kernel or in somebody else's daemon and not in
//! processes, each a module of this crate and a line in [`AGENTS`].
//!
//! They are run as agents of the Open Cluster Framework are, one action at a time, told in the environment what there is
//! to do, and answer with the same exit codes and reasons. So the host drives both in one way (`host::ocf`). What an agent
//! here says of itself, its properties and how long its actions may take, the host takes from its [`OwnAgent`].
#![deny(unsafe_code)]

mod call;
pub mod file_system;
pub mod generic_service;
pub mod ip_address;
mod note;
mod program;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use mainstay_types::description::TypeDescription;

use call::{Call, Code, Refusal};

/// All of them.
pub const AGENTS: &[OwnAgent] = &[file_system::AGENT, generic_service::AGENT, ip_address::AGENT];

/// An agent that comes with Mainstay.
pub struct OwnAgent {
    /// Its type's name.
    pub name: &'static str,
    /// Its type.
    pub describe: fn() -> TypeDescription,
    /// What it advises for each of its actions.
    pub actions: &'static [Advice],
    /// Its properties that say how an action is done, and nothing of what is started: each action goes by what is set then.
    /// The others are those that it was started with, as long as it runs.
    pub of_actions: &'static [&'static str],
    /// Does one of its actions.
    act: fn(&str, &Call) -> Result<(), Refusal>,
}

/// What an agent advises for one of its actions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Advice {
    /// Which.
    pub action: &'static str,
    /// How long it may take.
    pub timeout: Duration,
    /// How often it is to be done; zero where it is done when there is a reason.
    pub interval: Duration,
    /// Of a monitor: how thoroughly it looks. 0 is the cheapest look.
    pub level: u32,
}

impl Advice {
    const fn new(action: &'static str, timeout_s: u64) -> Self {
        Advice { action, timeout: Duration::from_secs(timeout_s), interval: Duration::ZERO, level: 0 }
    }

    const fn every(self, interval_s: u64) -> Self {
        Advice { interval: Duration::from_secs(interval_s), ..self }
    }

    const fn at(self, level: u32) -> Self {
        Advice { level, ..self }
    }
}

/// Does what the arguments and the environment say: a type's name and an action. The exit code is that of agents; why it
/// is not 0 is on standard error.
pub fn run(
    arguments: impl Iterator<Item = OsString>,
    environment: impl Iterator<Item = (OsString, OsString)>,
) -> ExitCode {
    match act(arguments, environment) {
        Ok(()) => ExitCode::SUCCESS,
        Err(refusal) => {
            // Who does not listen any more learns it from the exit code.
            call::remark(&refusal.reason);
            ExitCode::from(refusal.code as u8)
        }
    }
}

fn act(
    arguments: impl Iterator<Item = OsString>,
    environment: impl Iterator<Item = (OsString, OsString)>,
) -> Result<(), Refusal> {
    let words: Vec<String> = arguments.map(|word| word.to_string_lossy().into_owned()).collect();
    let [name, action] = words.as_slice() else {
        let text = "call it with the name of a resource type and an action; it is called by mainstay-host";
        return Err(Refusal::new(Code::Arguments, text));
    };
    let Some(agent) = AGENTS.iter().find(|agent| agent.name == name) else {
        let known: Vec<&str> = AGENTS.iter().map(|agent| agent.name).collect();
        let text = format!("there is no agent '{name}' here; there are {}", known.join(", "));
        return Err(Refusal::new(Code::Unimplemented, text));
    };
    (agent.act)(action, &Call::read(environment)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acted(words: &[&str]) -> Refusal {
        act(words.iter().map(OsString::from), std::iter::empty()).unwrap_err()
    }

    #[test]
    fn every_agent_has_the_actions_that_the_host_needs() {
        for agent in AGENTS {
            for action in ["start", "stop", "monitor", "validate-all"] {
                assert!(agent.actions.iter().any(|known| known.action == action), "{} {action}", agent.name);
            }
            let is_known = acted(&[agent.name, "dance"]);
            assert_eq!(is_known.code, Code::Unimplemented, "{}", is_known.reason);
        }
    }

    #[test]
    fn who_calls_it_wrongly_is_told_how() {
        assert_eq!(acted(&[]).code, Code::Arguments);
        let refusal = acted(&["ip address", "start"]);
        assert_eq!(refusal.code, Code::Unimplemented);
        assert_eq!(
            refusal.reason,
            "there is no agent 'ip address' here; there are File System, Generic Service, IP Address"
        );
    }
}
