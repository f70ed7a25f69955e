//! The resource types that come with Mainstay or that a node has by itself.

use serde::{Deserialize, Serialize};

use crate::Name;
use crate::name::fold;

/// `Generic Application`: a program.
pub const GENERIC_APPLICATION: &str = "Generic Application";

/// `Virtual Machine`: a guest whose state can be saved.
pub const VIRTUAL_MACHINE: &str = "Virtual Machine";

/// `IP Address`: an address, done by an agent of our own (`mainstay-act`).
pub const IP_ADDRESS: &str = "IP Address";

/// `File System`: a file system that is mounted, done by an agent of our own.
pub const FILE_SYSTEM: &str = "File System";

/// `Generic Service`: a unit of systemd, done by an agent of our own.
pub const GENERIC_SERVICE: &str = "Generic Service";

/// Every agent of the Open Cluster Framework is a type: `ocf:PROVIDER:NAME`.
pub const OCF_PREFIX: &str = "ocf:";

/// A type that comes with Mainstay.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BuiltIn {
    /// Its name.
    pub name: &'static str,
    /// Whether it does its work inside its host, which each of its resources therefore has for itself. The others only
    /// start processes, and share the pool host.
    pub has_own_host: bool,
    /// Whether everything that it starts stays inside its control group.
    pub is_contained: bool,
    /// Whether what was being started or stopped when its host ended is found again by the next host as it is, and may go
    /// on from there. Else it is stopped hard.
    pub is_found_again: bool,
}

/// All of them.
pub const BUILT_IN: &[BuiltIn] = &[
    BuiltIn { name: GENERIC_APPLICATION, has_own_host: false, is_contained: true, is_found_again: false },
    BuiltIn { name: VIRTUAL_MACHINE, has_own_host: true, is_contained: true, is_found_again: true },
    BuiltIn { name: FILE_SYSTEM, has_own_host: false, is_contained: false, is_found_again: false },
    BuiltIn { name: GENERIC_SERVICE, has_own_host: false, is_contained: false, is_found_again: false },
    BuiltIn { name: IP_ADDRESS, has_own_host: false, is_contained: false, is_found_again: false },
];

/// Agents that start nothing which does not stay in their control group, by provider and name. The others may drive a
/// daemon that is not theirs, an address, or a mount, and killing the group does not end that.
const CONTAINED_AGENTS: &[(&str, &str)] = &[
    ("heartbeat", "Dummy"),
    ("heartbeat", "Delay"),
    ("heartbeat", "anything"),
    ("pacemaker", "Dummy"),
    ("pacemaker", "HealthCPU"),
];

/// Whether everything that an agent starts stays inside its control group.
pub fn is_contained_agent(provider: &str, name: &str) -> bool {
    CONTAINED_AGENTS.contains(&(provider, name))
}

/// An agent that can be promoted and does without where nobody promotes it: told nothing of roles it serves alone. Its
/// meta-data does not tell it from those that need roles.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WithoutRoles {
    provider: &'static str,
    name: &'static str,
    /// The parameter that asks for roles, if it has one, and its values that do not. Any other value the agent refuses by
    /// itself, but not before it has written to the configuration of what it runs.
    pub parameter: Option<(&'static str, &'static [&'static str])>,
}

const AGENTS_WITHOUT_ROLES: &[WithoutRoles] = &[
    WithoutRoles { provider: "heartbeat", name: "db2", parameter: None },
    WithoutRoles { provider: "heartbeat", name: "mysql", parameter: None },
    WithoutRoles { provider: "heartbeat", name: "pgsql", parameter: Some(("rep_mode", &["none", "slave"])) },
];

/// How a promotable agent serves where its resources have no roles; `None` where it does not.
pub fn without_roles(provider: &str, name: &str) -> Option<&'static WithoutRoles> {
    AGENTS_WITHOUT_ROLES.iter().find(|known| (known.provider, known.name) == (provider, name))
}

/// A type that a node can run without a library being named for it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Offer {
    /// Its name.
    pub name: Name,
    /// Whether everything that it starts stays inside its control group, so that killing that stops all of it.
    pub is_contained: bool,
}

/// The built-in type of this name.
pub fn built_in(name: &Name) -> Option<&'static BuiltIn> {
    BUILT_IN.iter().find(|known| fold(known.name) == name.folded())
}

/// Whether a type of this name needs no library: it is built in, or an agent.
pub fn needs_no_library(name: &Name) -> bool {
    built_in(name).is_some() || name.folded().starts_with(&fold(OCF_PREFIX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_no_library() {
        let name = |text: &str| Name::parse(text).unwrap();
        for known in BUILT_IN {
            assert_eq!(built_in(&name(&known.name.to_lowercase())), Some(known));
        }
        for (text, needs_none) in
            [("generic application", true), ("OCF:heartbeat:Dummy", true), ("ocf", false), ("Dummy", false)]
        {
            assert_eq!(needs_no_library(&name(text)), needs_none, "{text}");
        }
    }
}
