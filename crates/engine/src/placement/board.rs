//! The situation with its indexes, and who sits where while decisions are made.
//!
//! A group *sits* on every node where it takes room: where it runs, where it is about to run, and where it comes from
//! as long as it moves. Nobody is unseated while decisions are made, so what is decided holds in whatever order the
//! moves end.

use std::collections::BTreeMap;
use std::sync::Arc;

use mainstay_types::name::fold;
use mainstay_types::{GroupId, GroupState, NodeId, NodeState};

use super::decision::{GroupRef, NodeRef};
use super::order::order;
use super::situation::{Activity, AffinityRule, Demand, Group, Node, Situation};

/// The indexed situation. Nodes stand by number, groups in their order.
#[derive(Debug)]
pub(super) struct Board<'a> {
    pub(super) situation: &'a Situation,
    pub(super) nodes: Vec<NodeSlot<'a>>,
    pub(super) groups: Vec<GroupSlot<'a>>,
    pub(super) rules: Vec<RuleSlot<'a>>,
    /// By the number of the fault domain: who sits there, by rule.
    pub(super) domains: Vec<Seated>,
    pub(super) storages: Vec<StorageSlot>,
    group_index: BTreeMap<GroupId, usize>,
}

/// Groups that sit somewhere, by the number of a class or a rule.
pub(super) type Seated = BTreeMap<usize, Vec<usize>>;

#[derive(Debug)]
pub(super) struct NodeSlot<'a> {
    pub(super) node: &'a Node,
    pub(super) name: Arc<str>,
    pub(super) domain: usize,
    pub(super) used: Demand,
    /// Groups there whose size nobody declared.
    pub(super) unmeasured: u32,
    pub(super) classes: Seated,
    pub(super) rules: Seated,
    /// Groups that start there, and groups that move from or to it.
    pub(super) starts: u32,
    pub(super) moves: u32,
}

#[derive(Debug)]
pub(super) struct GroupSlot<'a> {
    pub(super) group: &'a Group,
    pub(super) name: Arc<str>,
    pub(super) owner: Option<usize>,
    pub(super) preferred: Vec<usize>,
    pub(super) classes: Vec<(usize, &'a str)>,
    pub(super) rules: Vec<usize>,
    pub(super) storages: Vec<usize>,
    pub(super) providers: Vec<usize>,
    /// Where it sits.
    pub(super) seats: Vec<usize>,
}

#[derive(Debug)]
pub(super) struct RuleSlot<'a> {
    pub(super) rule: &'a AffinityRule,
    pub(super) groups: Vec<usize>,
    /// Those of them that sit anywhere.
    pub(super) seated: Vec<usize>,
}

#[derive(Debug, Default)]
pub(super) struct StorageSlot {
    pub(super) name: String,
    pub(super) starts: u32,
    pub(super) moves: u32,
}

impl<'a> Board<'a> {
    pub(super) fn new(situation: &'a Situation) -> Self {
        let mut nodes: Vec<&Node> = situation.nodes.iter().collect();
        nodes.sort_by_key(|node| node.id);
        let node_index: BTreeMap<NodeId, usize> =
            nodes.iter().enumerate().map(|(index, node)| (node.id, index)).collect();
        let mut domains = Names::default();
        let nodes: Vec<NodeSlot> = nodes.into_iter().map(|node| NodeSlot::new(node, &mut domains)).collect();

        let order = order(&situation.groups);
        let group_index: BTreeMap<GroupId, usize> =
            order.iter().enumerate().map(|(index, at)| (situation.groups[*at].id, index)).collect();
        let (mut classes, mut storages) = (Names::default(), Names::default());
        let mut groups: Vec<GroupSlot> = order
            .into_iter()
            .map(|at| {
                let group = &situation.groups[at];
                GroupSlot {
                    group,
                    name: group.name.as_str().into(),
                    owner: group.owner.and_then(|id| node_index.get(&id).copied()),
                    preferred: group
                        .terms
                        .preferred
                        .iter()
                        .filter_map(|id| node_index.get(id).copied())
                        .collect(),
                    classes: group
                        .terms
                        .anti_affinity
                        .iter()
                        .map(|name| (classes.number(name), name.as_str()))
                        .collect(),
                    rules: Vec::new(),
                    storages: group.terms.storages.iter().map(|name| storages.number(name)).collect(),
                    providers: group
                        .depends_on
                        .iter()
                        .filter_map(|id| group_index.get(id).copied())
                        .collect(),
                    seats: Vec::new(),
                }
            })
            .collect();
        for slot in &mut groups {
            slot.classes.sort_unstable();
            slot.classes.dedup_by_key(|class| class.0);
            slot.storages.sort_unstable();
            slot.storages.dedup();
        }
        let mut rules: Vec<RuleSlot> = situation
            .rules
            .iter()
            .filter(|rule| rule.enabled)
            .map(|rule| {
                let mut members: Vec<usize> =
                    rule.groups.iter().filter_map(|id| group_index.get(id).copied()).collect();
                members.sort_unstable();
                members.dedup();
                RuleSlot { rule, groups: members, seated: Vec::new() }
            })
            .collect();
        // Names are the administrator's; two of one name are told apart by what they say.
        rules.sort_by(|a, b| {
            (&a.rule.name, a.rule.kind, &a.groups).cmp(&(&b.rule.name, b.rule.kind, &b.groups))
        });
        for (number, rule) in rules.iter().enumerate() {
            for &member in &rule.groups {
                groups[member].rules.push(number);
            }
        }
        let storages = storages.names.into_iter().map(|name| StorageSlot { name, ..StorageSlot::default() });
        let domains = vec![Seated::new(); domains.names.len()];
        let mut board =
            Board { situation, nodes, groups, rules, domains, storages: storages.collect(), group_index };
        board.seat_what_runs(&node_index);
        board
    }

    /// What runs sits where it is; what is under way counts against the limits.
    fn seat_what_runs(&mut self, node_index: &BTreeMap<NodeId, usize>) {
        for index in 0..self.groups.len() {
            let slot = &self.groups[index];
            let group = slot.group;
            let Some(owner) = slot.owner else { continue };
            let expected = self.nodes[owner].node.membership == NodeState::Joining && group.wanted;
            if self.runs(index) || expected {
                self.seat(index, owner);
            }
            if !self.is_there(owner) {
                continue;
            }
            match group.activity {
                Activity::None => {}
                Activity::Starting => self.count_start(index, owner),
                Activity::MovingFrom(source) => {
                    let source = node_index.get(&source).copied().filter(|source| *source != owner);
                    if let Some(source) = source {
                        self.seat(index, source);
                    }
                    self.count_move(index, source, owner);
                }
            }
        }
    }

    /// Whether what a node has goes on running there.
    pub(super) fn is_there(&self, node: usize) -> bool {
        matches!(self.nodes[node].node.membership, NodeState::Up | NodeState::Paused)
    }

    /// The owner, if it is there.
    pub(super) fn home(&self, group: usize) -> Option<usize> {
        self.groups[group].owner.filter(|owner| self.is_there(*owner))
    }

    /// Whether something of the group runs, or is about to.
    pub(super) fn runs(&self, index: usize) -> bool {
        let group = self.groups[index].group;
        let is_active = group.state != GroupState::Offline || group.activity != Activity::None;
        is_active && self.home(index).is_some()
    }

    /// The group takes room on the node.
    pub(super) fn seat(&mut self, index: usize, node: usize) {
        let slot = &mut self.groups[index];
        if slot.seats.contains(&node) {
            return;
        }
        slot.seats.push(node);
        let seat = &mut self.nodes[node];
        seat.used = seat.used.plus(slot.group.terms.demand);
        seat.unmeasured += u32::from(!seat.measures(slot.group.terms.demand));
        for (class, _) in &slot.classes {
            seat.classes.entry(*class).or_default().push(index);
        }
        for rule in &slot.rules {
            seat.rules.entry(*rule).or_default().push(index);
            self.domains[seat.domain].entry(*rule).or_default().push(index);
            self.rules[*rule].seated.push(index);
        }
    }

    pub(super) fn count_start(&mut self, index: usize, node: usize) {
        self.nodes[node].starts += 1;
        for storage in &self.groups[index].storages {
            self.storages[*storage].starts += 1;
        }
    }

    pub(super) fn count_move(&mut self, index: usize, from: Option<usize>, to: usize) {
        for node in from.into_iter().chain([to]) {
            self.nodes[node].moves += 1;
        }
        for storage in &self.groups[index].storages {
            self.storages[*storage].moves += 1;
        }
    }

    pub(super) fn find(&self, group: GroupId) -> Option<usize> {
        self.group_index.get(&group).copied()
    }

    pub(super) fn node_ref(&self, node: usize) -> NodeRef {
        let slot = &self.nodes[node];
        NodeRef { id: slot.node.id, name: Arc::clone(&slot.name) }
    }

    pub(super) fn group_ref(&self, index: usize) -> GroupRef {
        let slot = &self.groups[index];
        GroupRef { id: slot.group.id, name: Arc::clone(&slot.name) }
    }
}

impl<'a> NodeSlot<'a> {
    fn new(node: &'a Node, domains: &mut Names) -> Self {
        // A node without a domain is one by itself; no name of a domain begins with a tab.
        let domain = match &node.fault_domain {
            Some(name) => domains.number(name),
            None => domains.number(&format!("\t{}", node.id)),
        };
        NodeSlot {
            node,
            name: node.name.as_str().into(),
            domain,
            used: Demand::default(),
            unmeasured: 0,
            classes: Seated::new(),
            rules: Seated::new(),
            starts: 0,
            moves: 0,
        }
    }

    /// Whether the demand says anything about how full the node gets.
    pub(super) fn measures(&self, demand: Demand) -> bool {
        let capacity = self.node.capacity;
        (capacity.memory_mib.is_some() && demand.memory_mib > 0)
            || (capacity.cpu_percent.is_some() && demand.cpu_percent > 0)
    }
}

/// Numbers for names, which are compared without regard to case.
#[derive(Debug, Default)]
struct Names {
    numbers: BTreeMap<String, usize>,
    names: Vec<String>,
}

impl Names {
    fn number(&mut self, name: &str) -> usize {
        let folded = fold(name);
        if let Some(number) = self.numbers.get(&folded) {
            return *number;
        }
        let number = self.names.len();
        self.names.push(name.to_owned());
        self.numbers.insert(folded, number);
        number
    }
}
