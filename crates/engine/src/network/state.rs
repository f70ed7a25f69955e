//! States of interfaces and networks, from what nodes say and who reaches whom (MS-CMRP 3.1.4.2.83 and 94). Pure.
//!
//! The protocol leaves mixtures open. Here an interface of a node that is not up says nothing about its network, and one
//! that has failed is only missing from it.

use mainstay_types::{NetworkInterfaceState, NetworkState};

/// What is known of one interface of a network.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Member {
    /// Whether its node is up or paused.
    pub(super) is_node_up: bool,
    /// Whether its node says that it works.
    pub(super) is_working: bool,
}

/// The state of each interface of one network. `reaches` says whether one reaches another, by their places.
pub(super) fn interface_states(
    members: &[Member],
    reaches: impl Fn(usize, usize) -> bool,
) -> Vec<NetworkInterfaceState> {
    let works = |at: &usize| members[*at].is_node_up && members[*at].is_working;
    let working: Vec<usize> = (0..members.len()).filter(works).collect();
    let reaches = |one: usize, other: usize| reaches(one, other) && reaches(other, one);
    let is_alone = |at: usize| {
        let mut others = working.iter().filter(|other| **other != at).peekable();
        others.peek().is_some() && !others.any(|other| reaches(at, *other))
    };
    let connected: Vec<usize> = working.iter().copied().filter(|at| !is_alone(*at)).collect();
    let state = |at: usize| match members[at] {
        Member { is_node_up: false, .. } => NetworkInterfaceState::Unavailable,
        _ if !connected.contains(&at) => NetworkInterfaceState::Failed,
        _ if connected.iter().all(|other| *other == at || reaches(at, *other)) => NetworkInterfaceState::Up,
        _ => NetworkInterfaceState::Unreachable,
    };
    (0..members.len()).map(state).collect()
}

/// The state of a network whose interfaces have these states.
pub(super) fn network_state(interfaces: &[NetworkInterfaceState]) -> NetworkState {
    let has = |state| interfaces.contains(&state);
    if interfaces.iter().all(|state| *state == NetworkInterfaceState::Unavailable) {
        NetworkState::Unavailable
    } else if has(NetworkInterfaceState::Unreachable) {
        // Whoever is Unreachable reaches somebody, so a part of the network works.
        NetworkState::Partitioned
    } else if has(NetworkInterfaceState::Up) {
        NetworkState::Up
    } else {
        NetworkState::Down
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One letter for each interface: `w` works, `f` does not, `d` has a node that is down. `cut` are pairs that do not
    /// reach each other.
    #[track_caller]
    fn check(members: &str, cut: &[(usize, usize)], states: &str, network: NetworkState) {
        let members: Vec<Member> = members
            .chars()
            .map(|letter| Member { is_node_up: letter != 'd', is_working: letter != 'f' })
            .collect();
        let found = interface_states(&members, |one, other| !cut.contains(&(one, other)));
        let shown: String = found
            .iter()
            .map(|state| match state {
                NetworkInterfaceState::Unavailable => '-',
                NetworkInterfaceState::Failed => 'f',
                NetworkInterfaceState::Unreachable => 'u',
                NetworkInterfaceState::Up => '+',
            })
            .collect();
        assert_eq!((shown.as_str(), network_state(&found)), (states, network), "{members:?} {cut:?}");
    }

    #[test]
    fn states_follow_from_who_reaches_whom() {
        use NetworkState::*;
        check("", &[], "", Unavailable);
        check("w", &[], "+", Up);
        check("f", &[], "f", Down);
        check("d", &[], "-", Unavailable);
        check("dd", &[], "--", Unavailable);
        check("ww", &[], "++", Up);
        check("wf", &[], "+f", Up);
        check("wd", &[], "+-", Up);
        check("fd", &[], "f-", Down);
        check("ff", &[], "ff", Down);
        // Two that do not reach each other reach nobody.
        check("ww", &[(0, 1)], "ff", Down);
        check("ww", &[(1, 0)], "ff", Down);
        check("wwd", &[(0, 1)], "ff-", Down);
        // One alone is missing from a network that works.
        check("www", &[(2, 0), (2, 1)], "++f", Up);
        // Some pairs are cut.
        check("www", &[(0, 1)], "uu+", Partitioned);
        check("wwww", &[(0, 2), (0, 3), (1, 2), (1, 3)], "uuuu", Partitioned);
        check("wwww", &[(0, 1)], "uu++", Partitioned);
        check("wwwf", &[(0, 1)], "uu+f", Partitioned);
    }
}
