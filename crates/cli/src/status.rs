//! `mainstay status`: everything at a glance.

use mainstay_types::glance::{Glance, GroupGlance, Recovery, ResourceGlance};
use mainstay_types::status_information::ResourceStatusInformation;
use mainstay_types::{NetworkState, ResourceState};

use crate::context::{Context, glance};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::json::GlanceDocument;
use crate::pending;
use crate::render::{
    BAD, Cell, FAINT, MARKED, PLAIN, STRONG, Table, clean, moment, now_ms, of_group, of_network, of_node,
    of_resource, span, styled,
};

pub(crate) fn run(context: &mut Context) -> Result<Exit, Failure> {
    let glance = glance(&mut context.read()?)?;
    context.output.data(|| GlanceDocument::from(&glance), || text(&glance, now_ms()))?;
    Ok(Exit::Done)
}

fn text(glance: &Glance, now_ms: u64) -> String {
    let title = styled(STRONG, &format!("cluster {}", clean(&glance.cluster)));
    let mut text = format!("{title}  {}\n\n", styled(FAINT, &glance.cluster_id.to_string()));
    text.push_str(&nodes(glance).show(0));
    if glance.networks.iter().any(|network| network.state != NetworkState::Up) {
        text.push('\n');
        text.push_str(&networks_down(glance).show(0));
    }
    if !glance.groups.is_empty() {
        text.push('\n');
        text.push_str(&groups(glance, now_ms).show(0));
    }
    if !glance.operations.is_empty() {
        text.push_str(&format!("\n{}\n", styled(STRONG, "running")));
        for operation in &glance.operations {
            text.push_str(&pending::lines(operation, now_ms).join("\n"));
            text.push('\n');
        }
    }
    text
}

fn nodes(glance: &Glance) -> Table {
    let mut table = Table::with_heading(&["NODE", "STATE"]);
    for node in &glance.nodes {
        table.row(vec![node.name.as_str().into(), Cell::new(of_node(node.state), node.state.to_string())]);
    }
    table
}

/// Networks of which something does not work.
fn networks_down(glance: &Glance) -> Table {
    let mut table = Table::with_heading(&["NETWORK", "STATE", "NOTE"]);
    for network in glance.networks.iter().filter(|network| network.state != NetworkState::Up) {
        table.row(vec![
            network.name.as_str().into(),
            Cell::new(of_network(network.state), network.state.to_string()),
            Cell::new(BAD, clean(&network.reason)),
        ]);
    }
    table
}

fn groups(glance: &Glance, now_ms: u64) -> Table {
    let mut table = Table::with_heading(&["GROUP", "STATE", "FOR", "OWNER", "TYPE", "NOTE"]);
    for group in &glance.groups {
        table.row(vec![
            Cell::new(STRONG, group.name.as_str()),
            Cell::new(of_group(group.state), group.state.to_string()),
            "".into(),
            group.owner_name.as_str().into(),
            "".into(),
            waits(group, now_ms),
        ]);
        for resource in glance.resources.iter().filter(|resource| resource.group == group.id) {
            table.row(vec![
                format!("  {}", resource.name).into(),
                Cell::new(of_resource(resource.state), resource.state.to_string()),
                Cell::new(FAINT, span(now_ms.saturating_sub(resource.since_ms))),
                "".into(),
                resource.type_name.as_str().into(),
                note(resource, now_ms),
            ]);
        }
    }
    table
}

/// What a group's start waits for.
fn waits(group: &GroupGlance, now_ms: u64) -> Cell {
    if group.waits_for.is_empty() {
        return "".into();
    }
    let mut text = format!("waits for {}", clean(&group.waits_for));
    if let Some(at_ms) = group.waits_until_ms {
        text.push_str(&format!("; gives up in {}", span(at_ms.saturating_sub(now_ms))));
    }
    Cell::new(MARKED, text)
}

/// What is worth knowing about a resource besides its state.
pub(crate) fn note(resource: &ResourceGlance, now_ms: u64) -> Cell {
    let mut notes = Vec::new();
    if let Some(reason) = resource.locked {
        notes.push(format!("locked by its type (reason {reason})"));
    }
    notes.extend(said(resource));
    if resource.in_maintenance {
        notes.push("in maintenance, so failing checks are not acted on".into());
    }
    if let Some(cause) = &resource.cause {
        notes.push(match cause.text.is_empty() {
            true => cause.status.to_string(),
            false => format!("{}: {}", cause.text, cause.status),
        });
    }
    notes.extend(resource.recovery.map(|recovery| planned(recovery, now_ms)));
    if resource.unproven {
        notes.push("something of it may still be running".into());
    }
    if resource.state == ResourceState::Offline && resource.wanted {
        notes.push("is to be online".into());
    }
    if let Some(operation) = resource.operation {
        notes.push(format!("in operation {operation}"));
    }
    let has_failed = resource.cause.is_some() && resource.state != ResourceState::Offline;
    let style = match (has_failed || resource.unproven, resource.locked.is_some()) {
        (true, _) => BAD,
        (false, true) => MARKED,
        (false, false) => PLAIN,
    };
    Cell::new(style, notes.join("; "))
}

/// What it says of itself that no other note says.
fn said(resource: &ResourceGlance) -> Option<String> {
    let mut said = ResourceStatusInformation::from_bits_truncate(resource.status_information);
    said.remove(ResourceStatusInformation::LOCKED_MODE);
    said.set(
        ResourceStatusInformation::UNMONITORED,
        said.contains(ResourceStatusInformation::UNMONITORED) && !resource.in_maintenance,
    );
    (!said.is_empty()).then(|| said.words().join(", "))
}

/// What a resource's policy has planned.
pub(crate) fn planned(recovery: Recovery, now_ms: u64) -> String {
    match recovery {
        Recovery::Restart { at_ms, number, max, period_ms } => {
            let when = match at_ms.map(|at_ms| at_ms.saturating_sub(now_ms)) {
                None => "when its maintenance is over".to_owned(),
                Some(0) => "now".to_owned(),
                Some(wait_ms) => format!("in {}", span(wait_ms)),
            };
            format!("restarts {when} ({number} of {max} within {})", span(period_ms.into()))
        }
        Recovery::GivenUp { until_ms: Some(at_ms) } => {
            let wait = span(at_ms.saturating_sub(now_ms));
            format!("no more restarts until {} (in {wait})", moment(at_ms))
        }
        Recovery::GivenUp { until_ms: None } => "no more restarts".into(),
    }
}

#[cfg(test)]
mod tests {
    use mainstay_types::glance::NetworkGlance;
    use mainstay_types::order::Cause;
    use mainstay_types::{Epoch, GroupState, Name, NodeId, NodeState, Status};

    use super::*;
    use crate::pending::tests::{pending, record};

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    fn resource(text: &str, state: ResourceState) -> ResourceGlance {
        ResourceGlance {
            id: "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0".parse().unwrap(),
            name: name(text),
            type_name: name("Generic Application"),
            group: "00000000-0000-0000-0000-000000000001".parse().unwrap(),
            group_name: "shop".into(),
            owner: NodeId(1),
            owner_name: "n1".into(),
            state,
            since_ms: 1_000_000,
            cause: None,
            unproven: false,
            confirmable: false,
            locked: None,
            wanted: true,
            operation: None,
            recovery: None,
            in_maintenance: false,
            kept: String::new(),
            status_information: 0,
        }
    }

    fn network(text: &str, state: NetworkState) -> NetworkGlance {
        NetworkGlance {
            id: "00000000-0000-0000-0000-000000000002".parse().unwrap(),
            name: name(text),
            state,
            reason: match state {
                NetworkState::Up => String::new(),
                _ => "'n1 - eth1': device 'eth1' has no link".into(),
            },
            subnets: vec!["192.0.2.0/24".into()],
            role: 3,
            metric: 70_000,
            has_auto_metric: true,
        }
    }

    pub(crate) fn sample() -> Glance {
        let cause = Cause { status: Status::PROCESS_ABORTED, text: "exited with status 3\x1b[31m".into() };
        Glance {
            cluster: "demo".into(),
            cluster_id: "00000000-0000-0000-0000-0000000000aa".parse().unwrap(),
            nodes: vec![mainstay_types::glance::NodeGlance {
                id: NodeId(1),
                name: name("n1"),
                state: NodeState::Up,
            }],
            groups: vec![GroupGlance {
                id: "00000000-0000-0000-0000-000000000001".parse().unwrap(),
                name: name("shop"),
                state: GroupState::Failed,
                owner: NodeId(1),
                owner_name: "n1".into(),
                persistent: Some(true),
                group_type: 9999,
                epoch: Epoch::default(),
                preferred_owners: vec![],
                group_set: None,
                depends_on: String::new(),
                depends_on_sets: String::new(),
                waits_for: String::new(),
                waits_until_ms: None,
                status_information: 0x421,
            }],
            group_sets: vec![],
            networks: vec![
                network("Cluster Network 1", NetworkState::Up),
                network("Heartbeat", NetworkState::Down),
            ],
            interfaces: vec![],
            resources: vec![
                ResourceGlance {
                    operation: Some("1-42".parse().unwrap()),
                    ..resource("big db", ResourceState::OfflinePending)
                },
                ResourceGlance {
                    locked: Some(7),
                    status_information: 0x103,
                    ..resource("mail", ResourceState::Online)
                },
                resource("spare", ResourceState::Offline),
                ResourceGlance {
                    cause: Some(cause),
                    unproven: true,
                    ..resource("web", ResourceState::Failed)
                },
            ],
            operations: vec![record(vec![pending("big db")])],
        }
    }

    #[test]
    fn everything_at_a_glance_without_colour() {
        let shown = anstream::adapter::strip_str(&text(&sample(), 1_012_000)).to_string();
        insta::assert_snapshot!(shown);
    }

    #[test]
    fn a_planned_restart_has_its_numbers() {
        let restart = |at_ms| Recovery::Restart { at_ms, number: 2, max: 3, period_ms: 900_000 };
        for (recovery, expected) in [
            (restart(Some(1_400)), "restarts in 400 ms (2 of 3 within 15 min)"),
            (restart(Some(1_000)), "restarts now (2 of 3 within 15 min)"),
            (restart(None), "restarts when its maintenance is over (2 of 3 within 15 min)"),
            (Recovery::GivenUp { until_ms: None }, "no more restarts"),
        ] {
            assert_eq!(planned(recovery, 1_000), expected);
        }
        let until = planned(Recovery::GivenUp { until_ms: Some(3_601_000) }, 1_000);
        assert!(until.starts_with("no more restarts until ") && until.ends_with("(in 1 h)"), "{until}");
    }

    #[test]
    fn colour_says_nothing_that_no_word_says() {
        let colored = text(&sample(), 1_012_000);
        assert!(colored.contains("\x1b["), "there is colour");
        assert!(!colored.contains("\x1b[31mb"), "none of it from outside");
        for word in ["Offline Pending", "locked by its type", "Failed", "may still be running", "--force"] {
            assert!(colored.contains(word), "{word}");
        }
    }

    #[test]
    fn the_document_of_status_is_stable() {
        insta::assert_snapshot!(serde_json::to_string_pretty(&GlanceDocument::from(&sample())).unwrap());
    }
}
