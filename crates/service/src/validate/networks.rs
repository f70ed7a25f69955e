//! Networks: those that do not work, and whether the cluster has one to itself.

use mainstay_engine::View;
use mainstay_types::NetworkState;
use mainstay_types::glance::NetworkGlance;
use mainstay_types::validation::{Check, Verdict};

const AREA: &str = "networks";

/// The bit of Role that says that the cluster itself may use a network.
const ROLE_CLUSTER: u32 = 1;

pub(super) fn check(view: View<'_>) -> Vec<Check> {
    let glance = view.glance();
    judge(&glance.networks, glance.nodes.len())
}

fn judge(networks: &[NetworkGlance], nodes: usize) -> Vec<Check> {
    if networks.is_empty() {
        let seen = "no adapter of the machine leads outside";
        let way_out = "give a network device an address; nobody but this machine reaches the node";
        return vec![Check::bad(Verdict::Warning, AREA, "networks", seen, way_out)];
    }
    let mut checks: Vec<Check> = networks.iter().map(of_network).collect();
    checks.push(of_roles(networks, nodes));
    checks
}

fn of_network(network: &NetworkGlance) -> Check {
    let what = format!("network '{}'", network.name);
    match network.state {
        NetworkState::Up => Check::ok(AREA, what, format!("Up, {}", network.subnets.join(", "))),
        state => Check::bad(
            Verdict::Warning,
            AREA,
            what,
            format!("{state}: {}", network.reason),
            "'mainstay explain network NAME' says more; an adapter that is gone for good may be left alone",
        ),
    }
}

/// Nodes need a network of their own, and two where one may fail. One node alone needs none.
fn of_roles(networks: &[NetworkGlance], nodes: usize) -> Check {
    const WHAT: &str = "networks of the cluster";
    let is_for_cluster = |network: &&NetworkGlance| network.role & ROLE_CLUSTER != 0;
    let working = |network: &&NetworkGlance| network.state == NetworkState::Up;
    let (named, up) = (
        networks.iter().filter(is_for_cluster).count(),
        networks.iter().filter(is_for_cluster).filter(working).count(),
    );
    let seen = format!("{named} of {} have a Role for it, {up} of these are Up", networks.len());
    match (nodes, up) {
        (..2, _) => Check::ok(AREA, WHAT, format!("{seen}; one node needs none")),
        (_, 0) => Check::bad(
            Verdict::Failure,
            AREA,
            WHAT,
            seen,
            "'mainstay network set NAME Role=3' gives one to the cluster",
        ),
        (_, 1) => Check::bad(
            Verdict::Warning,
            AREA,
            WHAT,
            seen,
            "a second one keeps nodes in touch when the first fails; 'mainstay network set NAME Role=1'",
        ),
        _ => Check::ok(AREA, WHAT, seen),
    }
}

#[cfg(test)]
mod tests {
    use mainstay_types::{Name, NetworkId};

    use super::*;

    fn network(number: u8, state: NetworkState, role: u32) -> NetworkGlance {
        let id = format!("00000000-0000-0000-0000-0000000000{number:02}");
        NetworkGlance {
            id: id.parse::<NetworkId>().unwrap(),
            name: Name::parse(&format!("net {number}")).unwrap(),
            state,
            reason: if state == NetworkState::Up { String::new() } else { "no link".into() },
            subnets: vec![format!("192.0.{number}.0/24")],
            role,
            metric: 1,
            has_auto_metric: true,
        }
    }

    #[test]
    fn what_is_down_and_what_the_cluster_lacks_is_seen() {
        use NetworkState::{Down, Up};
        use Verdict::{Failure, Ok, Warning};
        for (nodes, networks, expected) in [
            (1, &[][..], &[Warning][..]),
            (1, &[(Up, 3)], &[Ok, Ok]),
            (1, &[(Down, 3)], &[Warning, Ok]),
            (1, &[(Up, 0)], &[Ok, Ok]),
            (2, &[(Up, 2)], &[Ok, Failure]),
            (2, &[(Down, 3)], &[Warning, Failure]),
            (2, &[(Up, 3), (Up, 2)], &[Ok, Ok, Warning]),
            (2, &[(Up, 3), (Down, 1)], &[Ok, Warning, Warning]),
            (3, &[(Up, 3), (Up, 1)], &[Ok, Ok, Ok]),
        ] {
            let made: Vec<NetworkGlance> =
                (1..).zip(networks).map(|(number, (state, role))| network(number, *state, *role)).collect();
            let found: Vec<Verdict> = judge(&made, nodes).iter().map(|check| check.verdict).collect();
            assert_eq!(found, expected, "{nodes} nodes, {networks:?}");
        }
        let seen = judge(&[network(1, Down, 3)], 1);
        assert_eq!((seen[0].what.as_str(), seen[0].seen.as_str()), ("network 'net 1'", "Down: no link"));
    }
}
