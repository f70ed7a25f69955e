//! Placement: situations as text, decisions as they are said.

mod cases;
pub(crate) mod engine;
mod properties;

use std::collections::BTreeSet;
use std::sync::Arc;

use mainstay_types::{GroupId, GroupState, Name, NodeId, NodeState};
use uuid::Uuid;

use super::{
    Activity, AffinityRule, Capacity, Failback, Group, GroupTerms, Node, RuleKind, Situation, Stay, Step,
    Wish, decide,
};

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn node(id: u32, text: &str) -> Node {
    Node {
        id: NodeId(id),
        name: name(text),
        membership: NodeState::Up,
        quarantined: false,
        draining: false,
        avoid_placement: false,
        capacity: Capacity::default(),
        site: None,
        fault_domain: None,
    }
}

fn group(id: u128, text: &str) -> Group {
    Group {
        id: GroupId(Uuid::from_u128(id)),
        name: name(text),
        owner: None,
        wanted: true,
        starts_itself: true,
        state: GroupState::Offline,
        activity: Activity::None,
        failed_on: BTreeSet::new(),
        terms: Arc::default(),
        possible: None,
        depends_on: Vec::new(),
        wish: Wish::None,
    }
}

/// A situation from lines: `node NAME WORD...`, `group NAME WORD...`, `rule NAME KIND GROUP...`, and the cluster's own.
fn situation(text: &str) -> Situation {
    let mut made = Situation::default();
    let lines = || {
        text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).filter(|line| !line.is_empty())
    };
    let names = |kind: &str| -> Vec<String> {
        lines().filter(|line| line[0] == kind).map(|line| line[1].to_owned()).collect()
    };
    let (nodes, groups) = (names("node"), names("group"));
    let position = |names: &[String], text: &str| {
        names.iter().position(|name| name == text).unwrap_or_else(|| panic!("there is no '{text}'"))
    };
    let node_id = |text: &str| NodeId(position(&nodes, text) as u32 + 1);
    let node_ids = |text: &str| text.split(',').map(node_id).collect::<Vec<_>>();
    let group_id = |text: &str| GroupId(Uuid::from_u128(position(&groups, text) as u128 + 1));
    for line in lines() {
        match line[0] {
            "node" => made.nodes.push(read_node(node(node_id(line[1]).0, line[1]), &line[2..])),
            "group" => {
                let mut group = group(group_id(line[1]).0.as_u128(), line[1]);
                let mut terms = GroupTerms::default();
                for word in &line[2..] {
                    let (word, value) = word.split_once('=').unwrap_or((word, ""));
                    match word {
                        "on" => group.owner = Some(node_id(value)),
                        "online" => group.state = GroupState::Online,
                        "failed" => group.state = GroupState::Failed,
                        "pending" => group.state = GroupState::Pending,
                        "starting" => {
                            (group.state, group.activity) = (GroupState::Pending, Activity::Starting);
                        }
                        "moving-from" => {
                            group.state = GroupState::Pending;
                            group.activity = Activity::MovingFrom(node_id(value));
                        }
                        "unwanted" => group.wanted = false,
                        "left" => group.starts_itself = false,
                        "default" => terms.default_owner = Some(node_id(value)),
                        "priority" => terms.priority = value.parse().unwrap(),
                        "prefers" => terms.preferred = node_ids(value),
                        "possible" => group.possible = Some(node_ids(value).into_iter().collect()),
                        "class" => terms.anti_affinity.extend(value.split(',').map(str::to_owned)),
                        "locked" => terms.locked = true,
                        "failback" => terms.failback = read_failback(value),
                        "mem" => terms.demand.memory_mib = value.parse().unwrap(),
                        "cpu" => terms.demand.cpu_percent = value.parse().unwrap(),
                        "site" => terms.preferred_site = Some(value.to_owned()),
                        "needs" => group.depends_on = value.split(',').map(group_id).collect(),
                        "storage" => terms.storages = value.split(',').map(str::to_owned).collect(),
                        "fails-over" => group.wish = Wish::FailOver,
                        "leaves" => group.wish = Wish::MoveAway,
                        "to" => group.wish = Wish::MoveTo(node_id(value)),
                        _ => panic!("a group is not '{word}'"),
                    }
                }
                group.terms = Arc::new(terms);
                made.groups.push(group);
            }
            "rule" => made.rules.push(AffinityRule {
                name: line[1].to_owned(),
                kind: match line[2] {
                    "same-node" => RuleKind::SameNode,
                    "same-domain" => RuleKind::SameFaultDomain,
                    "different-node" => RuleKind::DifferentNode,
                    "different-domain" => RuleKind::DifferentFaultDomain,
                    word => panic!("there is no rule '{word}'"),
                },
                groups: line[3..].iter().copied().filter(|word| *word != "off").map(group_id).collect(),
                enabled: !line.contains(&"off"),
            }),
            "enforced" => made.enforced_anti_affinity = true,
            "site" => made.preferred_site = Some(line[1].to_owned()),
            "hour" => made.local_hour = Some(line[1].parse().unwrap()),
            "starts-per-node" => made.limits.starts_per_node = Some(line[1].parse().unwrap()),
            "moves-per-node" => made.limits.moves_per_node = Some(line[1].parse().unwrap()),
            "starts-per-storage" => made.limits.starts_per_storage = Some(line[1].parse().unwrap()),
            "moves-per-storage" => made.limits.moves_per_storage = Some(line[1].parse().unwrap()),
            word => panic!("there is no '{word}'"),
        }
    }
    made
}

fn read_node(mut node: Node, words: &[&str]) -> Node {
    for word in words {
        let (word, value) = word.split_once('=').unwrap_or((word, ""));
        match word {
            "down" => node.membership = NodeState::Down,
            "joining" => node.membership = NodeState::Joining,
            "paused" => node.membership = NodeState::Paused,
            "quarantined" => node.quarantined = true,
            "draining" => (node.membership, node.draining) = (NodeState::Paused, true),
            "avoided" => node.avoid_placement = true,
            "mem" => node.capacity.memory_mib = Some(value.parse().unwrap()),
            "cpu" => node.capacity.cpu_percent = Some(value.parse().unwrap()),
            "site" => node.site = Some(value.to_owned()),
            "domain" => node.fault_domain = Some(value.to_owned()),
            _ => panic!("a node is not '{word}'"),
        }
    }
    node
}

fn read_failback(value: &str) -> Failback {
    match value.split_once('-') {
        Some((start, end)) => Failback::Between { start: start.parse().unwrap(), end: end.parse().unwrap() },
        None => Failback::Immediately,
    }
}

/// What is decided, in words and in order; what merely runs is left out.
fn decided(situation: &Situation) -> Vec<String> {
    let plan = decide(situation);
    assert_eq!(plan.decisions.len(), situation.groups.len());
    let is_quiet = |step: &Step| matches!(step, Step::Stay { reason: Stay::Runs, .. });
    plan.decisions.iter().filter(|one| !is_quiet(&one.step)).map(ToString::to_string).collect()
}

/// The one door of the cases.
fn check(text: &str, expected: &[&str]) {
    assert_eq!(decided(&situation(text)), expected, "{text}");
}
