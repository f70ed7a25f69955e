//! What holds for every situation, tried on random ones.

use std::collections::BTreeMap;
use std::sync::Arc;

use mainstay_types::{GroupId, GroupState, NodeId, NodeState};
use proptest::prelude::*;
use uuid::Uuid;

use super::{group, node};
use crate::placement::{
    Activity, AffinityRule, Cause, Decision, Demand, Failback, Group, GroupTerms, Limits, Node, Objection,
    Plan, RuleKind, Situation, Standing, Stay, Step, Wish, decide, explain,
};

const NODES_MAX: u32 = 6;
const GROUPS_MAX: usize = 14;

fn some_node() -> impl Strategy<Value = Node> {
    let membership = prop_oneof![
        6 => Just(NodeState::Up), 2 => Just(NodeState::Down), 1 => Just(NodeState::Paused), 1 => Just(NodeState::Joining)
    ];
    let rarely = || prop::bool::weighted(0.1);
    let capacity = || prop::option::of(0u64..30);
    let place = (prop::option::of("[ew]"), prop::option::of("r[12]"));
    (membership, rarely(), rarely(), rarely(), capacity(), capacity(), place).prop_map(
        |(
            membership,
            quarantined,
            draining,
            avoid_placement,
            memory_mib,
            cpu_percent,
            (site, fault_domain),
        )| {
            let capacity = crate::placement::Capacity { memory_mib, cpu_percent };
            let plain = node(1, "n");
            Node { membership, quarantined, draining, avoid_placement, capacity, site, fault_domain, ..plain }
        },
    )
}

fn some_group() -> impl Strategy<Value = Group> {
    let number = || (1..=NODES_MAX).prop_map(NodeId);
    let some = |chance| prop::bool::weighted(chance);
    let state = prop_oneof![
        4 => Just(GroupState::Online), 4 => Just(GroupState::Offline), 1 => Just(GroupState::Failed),
        1 => Just(GroupState::PartialOnline), 1 => Just(GroupState::Pending)
    ];
    let activity = prop_oneof![
        8 => Just(Activity::None), 1 => Just(Activity::Starting), 1 => number().prop_map(Activity::MovingFrom)
    ];
    let wish = prop_oneof![
        9 => Just(Wish::None), 1 => Just(Wish::FailOver), 1 => Just(Wish::MoveAway), 1 => number().prop_map(Wish::MoveTo)
    ];
    let failback = prop_oneof![
        Just(Failback::Prevented),
        Just(Failback::Immediately),
        (0u8..24, 0u8..24).prop_map(|(start, end)| Failback::Between { start, end })
    ];
    let owner = prop::option::weighted(0.9, number());
    let lists = (
        prop::collection::vec(number(), 0..4),
        prop::option::weighted(0.3, prop::collection::btree_set(number(), 0..5)),
        prop::collection::vec("[xy]", 0..3),
        prop::collection::vec(1..=GROUPS_MAX as u128, 0..2),
        prop::collection::vec("[st]", 0..2),
    );
    let flags = (some(0.8), some(0.2), prop::sample::select(vec![0, 1_000, 2_000, 3_000]), some(0.8));
    let sizes = (0u64..12, 0u64..12, prop::collection::btree_set(number(), 0..3));
    (owner, state, activity, wish, failback, lists, flags, sizes).prop_map(
        |(
            owner,
            state,
            activity,
            wish,
            failback,
            lists,
            (wanted, locked, priority, starts_itself),
            sizes,
        )| {
            let (mut preferred, possible, anti_affinity, depends_on, storages) = lists;
            preferred.dedup();
            let (memory_mib, cpu_percent, failed_on) = sizes;
            let demand = Demand { memory_mib, cpu_percent };
            let mut terms = GroupTerms { priority, preferred, anti_affinity, ..GroupTerms::default() };
            (terms.locked, terms.failback, terms.demand, terms.storages) =
                (locked, failback, demand, storages);
            let mut made = Group { owner, state, activity, wish, possible, failed_on, ..group(1, "g") };
            (made.wanted, made.starts_itself, made.terms) = (wanted, starts_itself, Arc::new(terms));
            made.depends_on = depends_on.into_iter().map(|id| GroupId(Uuid::from_u128(id))).collect();
            made
        },
    )
}

fn some_rule() -> impl Strategy<Value = AffinityRule> {
    let kind = prop::sample::select(vec![
        RuleKind::SameNode,
        RuleKind::SameFaultDomain,
        RuleKind::DifferentNode,
        RuleKind::DifferentFaultDomain,
    ]);
    (kind, prop::collection::vec(1..=GROUPS_MAX as u128, 2..4), prop::bool::weighted(0.8)).prop_map(
        |(kind, groups, enabled)| {
            let groups = groups.into_iter().map(|id| GroupId(Uuid::from_u128(id))).collect();
            AffinityRule { name: format!("{kind:?}"), kind, groups, enabled }
        },
    )
}

fn some_situation() -> impl Strategy<Value = Situation> {
    let limit = || prop::option::weighted(0.3, 1u32..3);
    (
        prop::collection::vec(some_node(), 0..=NODES_MAX as usize),
        prop::collection::vec(some_group(), 0..=GROUPS_MAX),
        prop::collection::vec(some_rule(), 0..3),
        any::<bool>(),
        prop::option::of("[ew]"),
        [limit(), limit(), limit(), limit()],
        prop::option::of(0u8..24),
    )
        .prop_map(
            |(nodes, groups, rules, enforced_anti_affinity, preferred_site, limits, local_hour)| {
                let [starts_per_node, moves_per_node, starts_per_storage, moves_per_storage] = limits;
                let mut made = Situation {
                    nodes,
                    groups,
                    rules,
                    enforced_anti_affinity,
                    preferred_site,
                    limits: Limits { starts_per_node, moves_per_node, starts_per_storage, moves_per_storage },
                    local_hour,
                };
                for (number, one) in (1..).zip(&mut made.nodes) {
                    (one.id, one.name) = (NodeId(number), super::name(&format!("n{number}")));
                }
                for (number, one) in (1u128..).zip(&mut made.groups) {
                    (one.id, one.name) =
                        (GroupId(Uuid::from_u128(number)), super::name(&format!("g{number}")));
                    // Not itself, and no circle: only those of a lower number.
                    one.depends_on.retain(|provider| provider.0.as_u128() < number);
                }
                made
            },
        )
}

/// The situation with quick ways to its parts.
struct Told<'a> {
    situation: &'a Situation,
    plan: Plan,
}

impl<'a> Told<'a> {
    fn new(situation: &'a Situation) -> Self {
        Told { situation, plan: decide(situation) }
    }

    fn group(&self, decision: &Decision) -> &'a Group {
        self.situation.groups.iter().find(|group| group.id == decision.group.id).unwrap()
    }

    fn node(&self, id: NodeId) -> Option<&'a Node> {
        self.situation.nodes.iter().find(|node| node.id == id)
    }

    fn is_there(&self, id: NodeId) -> bool {
        self.node(id).is_some_and(|node| matches!(node.membership, NodeState::Up | NodeState::Paused))
    }

    fn home(&self, group: &Group) -> Option<NodeId> {
        group.owner.filter(|owner| self.is_there(*owner))
    }

    /// The nodes on which a group takes room before anything is decided.
    fn sits_on(&self, group: &Group) -> Vec<NodeId> {
        let is_active = group.state != GroupState::Offline || group.activity != Activity::None;
        let comes_back = group
            .owner
            .filter(|owner| self.node(*owner).is_some_and(|node| node.membership == NodeState::Joining))
            .filter(|_| group.wanted);
        let home = self.home(group);
        let source = match group.activity {
            Activity::MovingFrom(source) if home.is_some() && self.node(source).is_some() => Some(source),
            _ => None,
        };
        let mut nodes: Vec<NodeId> =
            home.filter(|_| is_active).into_iter().chain(comes_back).chain(source).collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }

    /// Decisions that name a node, those that wait too: where to, and whether the group is to run there.
    fn placed(&self) -> impl Iterator<Item = (&Decision, &'a Group, NodeId, bool)> {
        fn starts(step: &Step) -> bool {
            match step {
                Step::Place { start, .. } | Step::Move { start, .. } => *start,
                Step::Wait { planned, .. } => starts(planned),
                Step::Stay { .. } | Step::Nowhere { .. } => false,
            }
        }
        self.plan.decisions.iter().filter_map(|decision| {
            let node = decision.step.target()?.id;
            Some((decision, self.group(decision), node, starts(&decision.step)))
        })
    }
}

fn cause_of(step: &Step) -> Option<Cause> {
    match step {
        Step::Place { cause, .. } | Step::Move { cause, .. } | Step::Nowhere { cause } => Some(*cause),
        Step::Stay { reason: Stay::NoTarget { cause }, .. } => Some(*cause),
        Step::Wait { planned, .. } => cause_of(planned),
        Step::Stay { .. } => None,
    }
}

/// The situation once everything that was decided has happened.
fn carried_out(situation: &Situation, plan: &Plan) -> Situation {
    let mut next = situation.clone();
    for group in &mut next.groups {
        let decision = plan.of(group.id).unwrap();
        if let Step::Place { on: to, start, .. } | Step::Move { to, start, .. } = &decision.step {
            group.owner = Some(to.id);
            group.wish = Wish::None;
            group.state = if *start { GroupState::Online } else { GroupState::Offline };
        } else if matches!(decision.step, Step::Stay { reason: Stay::AlreadyThere, .. }) {
            group.wish = Wish::None;
        }
    }
    next
}

/// The same situations every time, so that a change is judged by itself. A campaign draws new ones and says how many:
/// `PROPTEST_CASES=100000 cargo test --package mainstay-engine placement`.
fn config() -> ProptestConfig {
    const SEED: u64 = 0x4D53_504C;
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => ProptestConfig::default(),
        None => ProptestConfig {
            cases: 400,
            rng_seed: proptest::test_runner::RngSeed::Fixed(SEED),
            ..ProptestConfig::default()
        },
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn never_on_a_forbidden_node(situation in some_situation()) {
        let told = Told::new(&situation);
        for (decision, group, target, _) in told.placed() {
            let node = told.node(target).unwrap();
            let at_home = told.home(group) == Some(target);
            prop_assert!(node.membership == NodeState::Up || at_home, "{decision}");
            prop_assert!(!node.draining && !node.quarantined, "{decision}");
            prop_assert!(group.possible.as_ref().is_none_or(|possible| possible.contains(&target)), "{decision}");
        }
    }

    #[test]
    fn never_two_of_one_enforced_class(mut situation in some_situation()) {
        situation.enforced_anti_affinity = true;
        let told = Told::new(&situation);
        let mut sits: Vec<(&Group, NodeId, bool)> = Vec::new();
        for group in &situation.groups {
            sits.extend(told.sits_on(group).into_iter().map(|node| (group, node, false)));
        }
        sits.extend(told.placed().filter(|placed| placed.3).map(|(_, group, node, _)| (group, node, true)));
        for (new, node, _) in sits.iter().filter(|seat| seat.2) {
            for (other, _, _) in sits.iter().filter(|seat| seat.1 == *node && seat.0.id != new.id) {
                let shares = new.terms.anti_affinity.iter().any(|class| other.terms.anti_affinity.contains(class));
                prop_assert!(!shares, "{} beside {} on {node}", new.name, other.name);
            }
        }
    }

    #[test]
    fn capacity_is_never_exceeded_by_what_is_placed(situation in some_situation()) {
        let told = Told::new(&situation);
        let mut used: BTreeMap<NodeId, (u64, u64)> = BTreeMap::new();
        let mut new: BTreeMap<NodeId, (bool, bool)> = BTreeMap::new();
        let mut seats: Vec<(NodeId, GroupId)> = Vec::new();
        for group in &situation.groups {
            seats.extend(told.sits_on(group).into_iter().map(|node| (node, group.id)));
        }
        for (_, group, node, starts) in told.placed() {
            if starts && !seats.contains(&(node, group.id)) {
                seats.push((node, group.id));
                let marks = new.entry(node).or_default();
                marks.0 |= group.terms.demand.memory_mib > 0;
                marks.1 |= group.terms.demand.cpu_percent > 0;
            }
        }
        for (node, id) in seats {
            let group = situation.groups.iter().find(|group| group.id == id).unwrap();
            let sum = used.entry(node).or_default();
            sum.0 += group.terms.demand.memory_mib;
            sum.1 += group.terms.demand.cpu_percent;
        }
        for (node, (memory, cpu)) in new {
            let capacity = told.node(node).unwrap().capacity;
            let fits = |is_new: bool, capacity: Option<u64>, used: u64| !is_new || capacity.is_none_or(|most| used <= most);
            prop_assert!(fits(memory, capacity.memory_mib, used[&node].0), "memory of {node}: {:?}", told.plan);
            prop_assert!(fits(cpu, capacity.cpu_percent, used[&node].1), "processors of {node}: {:?}", told.plan);
        }
    }

    #[test]
    fn nothing_that_runs_moves_without_a_cause(situation in some_situation()) {
        let told = Told::new(&situation);
        for decision in &told.plan.decisions {
            let group = told.group(decision);
            let Some(home) = told.home(group) else { continue };
            let is_moved = decision.step.target().is_some_and(|node| node.id != home);
            if !is_moved {
                continue;
            }
            prop_assert!(!group.terms.locked, "{decision}");
            let node = told.node(home).unwrap();
            let cause = cause_of(&decision.step).unwrap();
            let is_true = match cause {
                Cause::Drain => node.draining,
                Cause::Quarantine => node.quarantined,
                Cause::Failed => group.wish == Wish::FailOver,
                Cause::Asked => matches!(group.wish, Wish::MoveAway | Wish::MoveTo(_)),
                Cause::Failback => group.terms.failback.is_open(situation.local_hour) && group.state != GroupState::Failed,
                Cause::ToStart => group.state == GroupState::Offline && group.wanted && group.starts_itself,
                Cause::NodeLost | Cause::NoOwner => false,
            };
            prop_assert!(is_true, "{decision}: {group:?}");
        }
    }

    #[test]
    fn what_was_carried_out_stays(situation in some_situation()) {
        // Each round carries out one plan. What was placed then is not moved by the next, unless it may go home: and
        // that ends, since each return is to a better node.
        let mut now = situation;
        let mut last: BTreeMap<GroupId, NodeId> = BTreeMap::new();
        for round in 0.. {
            let plan = decide(&now);
            let acted = plan.actions().count();
            if acted == 0 {
                break;
            }
            for decision in plan.actions() {
                let cause = cause_of(&decision.step).unwrap();
                let was_placed = last.contains_key(&decision.group.id);
                prop_assert!(!was_placed || cause == Cause::Failback, "round {round}: {decision}");
            }
            last.extend(plan.actions().map(|one| (one.group.id, one.step.target().unwrap().id)));
            now = carried_out(&now, &plan);
            prop_assert!(round < 100, "no rest after {round} rounds: {plan:?}");
        }
    }

    #[test]
    fn the_order_of_the_input_means_nothing(
        (situation, shuffled) in some_situation().prop_flat_map(|situation| {
            let (nodes, groups, rules) = (situation.nodes.clone(), situation.groups.clone(), situation.rules.clone());
            let shuffled = (Just(nodes).prop_shuffle(), Just(groups).prop_shuffle(), Just(rules).prop_shuffle());
            (Just(situation), shuffled)
        })
    ) {
        let (nodes, groups, rules) = shuffled;
        let other = Situation { nodes, groups, rules, ..situation.clone() };
        prop_assert_eq!(decide(&situation), decide(&other));
    }

    #[test]
    fn a_lost_node_s_groups_are_placed_or_say_why_not_of_each_node(situation in some_situation()) {
        let told = Told::new(&situation);
        for decision in &told.plan.decisions {
            let group = told.group(decision);
            let lost = |owner| told.node(owner).is_none_or(|node| node.membership == NodeState::Down);
            if !group.owner.is_none_or(lost) {
                continue;
            }
            match &decision.step {
                Step::Nowhere { .. } => {
                    prop_assert_eq!(decision.table.len(), situation.nodes.len());
                    for row in &decision.table {
                        prop_assert!(!row.objections.is_empty(), "{decision}");
                    }
                }
                step => prop_assert!(step.target().is_some(), "{decision}"),
            }
            // Locked or not: its node is gone.
            let is_locked = decision.table.iter().any(|row| row.objections.contains(&Objection::LockedFromMoving));
            prop_assert!(!is_locked, "{decision}");
        }
    }

    #[test]
    fn preferred_owners_come_first_where_they_are_allowed(situation in some_situation()) {
        let told = Told::new(&situation);
        for (decision, group, target, _) in told.placed() {
            let Some(chosen) = decision.table.iter().find(|row| row.chosen) else {
                prop_assert!(false, "no row is chosen: {decision}");
                continue;
            };
            prop_assert_eq!(chosen.node.id, target);
            let chosen = chosen.standing.unwrap();
            let partners = situation.rules.iter().any(|rule| rule.enabled && rule.kind == RuleKind::SameNode && rule.groups.contains(&group.id));
            let place = |id: NodeId| group.terms.preferred.iter().position(|node| *node == id).unwrap_or(usize::MAX);
            for row in decision.table.iter().filter(|_| !partners) {
                let Some(other) = row.standing else { continue };
                let costs = |of: &Standing| (of.failed_there, of.avoided, of.conflicts, of.away);
                let is_equal = costs(&other) == costs(&chosen);
                prop_assert!(!is_equal || place(target) <= place(row.node.id), "{decision}: {}", row.node);
            }
        }
    }

    #[test]
    fn a_group_goes_where_it_has_not_failed_while_such_a_node_is_left(situation in some_situation()) {
        let told = Told::new(&situation);
        for (decision, group, target, _) in told.placed() {
            let starts_at_home =
                cause_of(&decision.step) == Some(Cause::ToStart) && told.home(group) == Some(target);
            let has_partners =
                situation.rules.iter().any(|rule| rule.enabled && rule.kind == RuleKind::SameNode && rule.groups.contains(&group.id));
            if starts_at_home || has_partners || !group.failed_on.contains(&target) {
                continue;
            }
            for row in decision.table.iter().filter(|row| row.standing.is_some()) {
                prop_assert!(group.failed_on.contains(&row.node.id), "{decision}: {}", row.node);
            }
        }
    }

    #[test]
    fn limits_are_kept(situation in some_situation()) {
        let told = Told::new(&situation);
        let (mut starts, mut moves): (BTreeMap<NodeId, u32>, BTreeMap<NodeId, u32>) = Default::default();
        let mut storages: BTreeMap<(&str, bool), u32> = BTreeMap::new();
        let mut count = |group: &Group, is_move: bool, nodes: &[NodeId], new: bool| {
            let counts = if is_move { &mut moves } else { &mut starts };
            let limits = situation.limits;
            let (per_node, per_storage) = if is_move {
                (limits.moves_per_node, limits.moves_per_storage)
            } else {
                (limits.starts_per_node, limits.starts_per_storage)
            };
            let mut kept = true;
            for node in nodes {
                let counted = counts.entry(*node).or_default();
                *counted += 1;
                kept &= !new || per_node.is_none_or(|most| *counted <= most);
            }
            let mut names = group.terms.storages.clone();
            names.sort_unstable();
            names.dedup();
            for name in names {
                let name = if name == "s" { "s" } else { "t" };
                let counted = storages.entry((name, is_move)).or_default();
                *counted += 1;
                kept &= !new || per_storage.is_none_or(|most| *counted <= most);
            }
            kept
        };
        for group in &situation.groups {
            let Some(home) = told.home(group) else { continue };
            match group.activity {
                Activity::None => {}
                Activity::Starting => drop(count(group, false, &[home], false)),
                Activity::MovingFrom(source) if source != home && told.node(source).is_some() => {
                    count(group, true, &[source, home], false);
                }
                Activity::MovingFrom(_) => drop(count(group, true, &[home], false)),
            }
        }
        for decision in told.plan.actions() {
            let group = told.group(decision);
            let target = decision.step.target().unwrap().id;
            let source = told.home(group).filter(|home| *home != target && told.sits_on(group).contains(home));
            let starts = matches!(decision.step, Step::Place { start: true, .. } | Step::Move { start: true, .. });
            let kept = match source {
                Some(source) => count(group, true, &[source, target], true),
                None if starts => count(group, false, &[target], true),
                None => true,
            };
            prop_assert!(kept, "{decision}");
        }
    }

    #[test]
    fn everything_can_be_said_and_explained(situation in some_situation()) {
        let plan = decide(&situation);
        for decision in &plan.decisions {
            let explained = explain(&situation, decision.group.id).unwrap();
            prop_assert_eq!(&explained.decision.step, &decision.step);
            prop_assert_eq!(explained.decision.table.len(), situation.nodes.len());
            prop_assert!(!explained.to_string().is_empty());
        }
        prop_assert!(serde_json::to_string(&plan).is_ok());
    }
}
