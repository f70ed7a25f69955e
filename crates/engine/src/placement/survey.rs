//! What speaks against a node for a group, and how the nodes that can take it stand against each other.
//!
//! Groups that an affinity rule keeps on one node are asked about together: their *leader*, the first in order, with its
//! partners.

use mainstay_types::NodeState;

use super::board::Board;
use super::decision::{Cause, Objection, Row, Standing};
use super::situation::{Demand, RuleKind};

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask<'b> {
    /// The groups that go together; the leader first.
    pub(super) members: &'b [usize],
    /// Why.
    pub(super) cause: Cause,
    /// Whether they are to run there. What is only owned takes no room and disturbs nobody.
    pub(super) runs: bool,
    /// The one node that was asked for.
    pub(super) only: Option<usize>,
}

impl Ask<'_> {
    pub(super) fn leader(&self) -> usize {
        self.members[0]
    }

    fn others<'s>(&self, seated: Option<&'s Vec<usize>>) -> impl Iterator<Item = usize> + use<'_, 's> {
        let members = self.members;
        seated.into_iter().flatten().copied().filter(move |index| !members.contains(index))
    }
}

/// What is found of every node, by number.
pub(super) fn survey(board: &Board, ask: &Ask) -> Vec<Row> {
    let here = board.home(ask.leader());
    (0..board.nodes.len())
        .map(|node| {
            let objections = objections(board, ask, node);
            let standing = objections.is_empty().then(|| standing(board, ask, node));
            Row { node: board.node_ref(node), here: here == Some(node), chosen: false, objections, standing }
        })
        .collect()
}

/// The leader's rows as a partner sees them: what forbids the leader is the leader's, and what forbids the partner its
/// own. Standings stay the leader's, by which the node was chosen.
pub(super) fn as_seen_by(board: &Board, rows: &[Row], leader: usize, partner: usize) -> Vec<Row> {
    let here = board.home(partner);
    let (leader, partner) = (board.group_ref(leader), board.groups[partner].group.id);
    let seen = |objection: &Objection| match objection {
        Objection::Partner { group, objection } if group.id == partner => (**objection).clone(),
        Objection::NotPossibleOwner
        | Objection::LockedFromMoving
        | Objection::ToLeave
        | Objection::NotAsked
        | Objection::AntiAffinity { .. }
        | Objection::Rule { .. } => {
            Objection::Partner { group: leader.clone(), objection: Box::new(objection.clone()) }
        }
        of_the_node => of_the_node.clone(),
    };
    rows.iter()
        .enumerate()
        .map(|(node, row)| Row {
            here: here == Some(node),
            objections: row.objections.iter().map(seen).collect(),
            ..row.clone()
        })
        .collect()
}

fn objections(board: &Board, ask: &Ask, node: usize) -> Vec<Objection> {
    let mut found = Vec::new();
    of_the_node(board, ask, node, &mut found);
    for &member in ask.members {
        let before = found.len();
        of_the_group(board, ask, member, node, &mut found);
        if member != ask.leader() {
            for objection in &mut found[before..] {
                let inner = std::mem::replace(objection, Objection::Down);
                *objection =
                    Objection::Partner { group: board.group_ref(member), objection: Box::new(inner) };
            }
        }
    }
    if ask.runs {
        of_capacity(board, ask, node, &mut found);
    }
    found
}

fn of_the_node(board: &Board, ask: &Ask, index: usize, found: &mut Vec<Objection>) {
    let node = board.nodes[index].node;
    let is_home = ask.members.iter().all(|member| board.home(*member) == Some(index));
    match node.membership {
        NodeState::Up => {}
        NodeState::Down => found.push(Objection::Down),
        NodeState::Joining => found.push(Objection::Joining),
        // A paused node keeps what it has, and brings it online.
        NodeState::Paused if is_home => {}
        NodeState::Paused => found.push(Objection::Paused),
    }
    if node.draining {
        found.push(Objection::Draining);
    }
    if node.quarantined {
        found.push(Objection::Quarantined);
    }
    match ask.only {
        Some(only) if only != index => found.push(Objection::NotAsked),
        Some(_) => {}
        None if is_home && matches!(ask.cause, Cause::Failed | Cause::Asked) => {
            found.push(Objection::ToLeave);
        }
        None => {}
    }
}

fn of_the_group(board: &Board, ask: &Ask, member: usize, node: usize, found: &mut Vec<Objection>) {
    let slot = &board.groups[member];
    let id = board.nodes[node].node.id;
    if slot.group.possible.as_ref().is_some_and(|possible| !possible.contains(&id)) {
        found.push(Objection::NotPossibleOwner);
    }
    if slot.group.terms.locked && board.home(member).is_some_and(|home| home != node) {
        found.push(Objection::LockedFromMoving);
    }
    if !ask.runs {
        return;
    }
    if board.situation.enforced_anti_affinity {
        for (class, name) in &slot.classes {
            let has_class = |other: &usize| board.groups[*other].classes.iter().any(|(c, _)| c == class);
            let partner = ask.members.iter().copied().filter(|other| *other != member).find(has_class);
            let there = ask.others(board.nodes[node].classes.get(class)).next();
            if let Some(other) = there.or(partner) {
                let (class, group) = ((*name).to_owned(), board.group_ref(other));
                found.push(Objection::AntiAffinity { class, group });
            }
        }
    }
    for &number in &slot.rules {
        if let Some(other) = against_rule(board, ask, member, node, number) {
            let rule = board.rules[number].rule.name.clone();
            found.push(Objection::Rule { rule, group: board.group_ref(other) });
        }
    }
}

/// The group with which the rule could not be kept on this node.
fn against_rule(board: &Board, ask: &Ask, member: usize, node: usize, number: usize) -> Option<usize> {
    let rule = &board.rules[number];
    let slot = &board.nodes[node];
    let there = ask.others(slot.rules.get(&number)).next();
    let nearby = ask.others(board.domains[slot.domain].get(&number)).next();
    let anywhere = || ask.others(Some(&rule.seated)).next();
    let partner =
        || ask.members.iter().copied().find(|m| *m != member && rule.groups.binary_search(m).is_ok());
    match rule.rule.kind {
        RuleKind::SameNode if there.is_none() => anywhere(),
        RuleKind::SameFaultDomain if nearby.is_none() => anywhere(),
        RuleKind::DifferentNode => there.or_else(partner),
        RuleKind::DifferentFaultDomain => nearby.or_else(partner),
        RuleKind::SameNode | RuleKind::SameFaultDomain => None,
    }
}

/// What the groups would need on the node beyond what they have there.
fn demand(board: &Board, ask: &Ask, node: usize) -> Demand {
    let coming = ask.members.iter().filter(|member| !board.groups[**member].seats.contains(&node));
    coming.fold(Demand::default(), |sum, member| sum.plus(board.groups[*member].group.terms.demand))
}

fn of_capacity(board: &Board, ask: &Ask, node: usize, found: &mut Vec<Objection>) {
    let slot = &board.nodes[node];
    let needed = demand(board, ask, node);
    let short = |capacity: Option<u64>, used: u64, needed: u64| {
        let free = capacity?.saturating_sub(used);
        (needed > free).then_some(free)
    };
    let capacity = slot.node.capacity;
    if let Some(free_mib) = short(capacity.memory_mib, slot.used.memory_mib, needed.memory_mib) {
        found.push(Objection::Memory { needed_mib: needed.memory_mib, free_mib });
    }
    if let Some(free_percent) = short(capacity.cpu_percent, slot.used.cpu_percent, needed.cpu_percent) {
        found.push(Objection::Cpu { needed_percent: needed.cpu_percent, free_percent });
    }
}

/// How a node stands. Preferences are the leader's.
pub(super) fn standing(board: &Board, ask: &Ask, node: usize) -> Standing {
    let leader = &board.groups[ask.leader()];
    let (group, slot) = (leader.group, &board.nodes[node]);
    let is_own = |member: &&usize, class: usize| {
        let member = &board.groups[**member];
        member.seats.contains(&node) && member.classes.iter().any(|(own, _)| *own == class)
    };
    let in_class = |class: usize| {
        let all = slot.classes.get(&class).map_or(0, Vec::len);
        all.saturating_sub(ask.members.iter().filter(|member| is_own(member, class)).count())
    };
    let classes = ask.members.iter().flat_map(|member| &board.groups[*member].classes);
    let conflicts: usize = if ask.runs { classes.map(|(class, _)| in_class(*class)).sum() } else { 0 };
    let is_bound_home =
        ask.cause == Cause::ToStart && !group.terms.failback.is_open(board.situation.local_hour);
    let site = group.terms.preferred_site.as_ref().or(board.situation.preferred_site.as_ref());
    let is_in = |site: &String| slot.node.site.as_ref().is_some_and(|here| here.eq_ignore_ascii_case(site));
    let default = group.terms.default_owner;
    let is_start_at_home = |member: usize| ask.cause == Cause::ToStart && board.home(member) == Some(node);
    let has_failed = |member: &usize| {
        !is_start_at_home(*member) && board.groups[*member].group.failed_on.contains(&slot.node.id)
    };
    Standing {
        failed_there: ask.members.iter().any(has_failed),
        avoided: slot.node.avoid_placement,
        conflicts: count(conflicts),
        away: is_bound_home && leader.owner != Some(node),
        preference: leader.preferred.iter().position(|preferred| *preferred == node).map(count),
        off_site: site.is_some_and(|site| !is_in(site)),
        off_default: default.is_some() && default != Some(slot.node.id),
        load: load(board, ask, node),
    }
}

/// A group whose size nobody declared counts as a hundredth of a node.
const UNMEASURED_LOAD: u32 = 10;

fn load(board: &Board, ask: &Ask, node: usize) -> u32 {
    let slot = &board.nodes[node];
    let (demand, capacity) = (demand(board, ask, node), slot.node.capacity);
    let thousandths = |capacity: Option<u64>, used: u64, coming: u64| {
        let capacity = capacity.filter(|capacity| *capacity > 0)?;
        Some(used.saturating_add(coming).saturating_mul(1_000) / capacity)
    };
    let memory = thousandths(capacity.memory_mib, slot.used.memory_mib, demand.memory_mib);
    let cpu = thousandths(capacity.cpu_percent, slot.used.cpu_percent, demand.cpu_percent);
    let full = u32::try_from(memory.max(cpu).unwrap_or(0)).unwrap_or(u32::MAX);
    full.saturating_add(slot.unmeasured.saturating_mul(UNMEASURED_LOAD))
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
