//! A story of placement: several nodes, groups on them, and the engine's placement after each step.
//!
//! What is configured is written into a production engine and read from there; where groups are and which nodes are
//! there the story says. After each step every decision is carried out at once, until there is none. What runs in the
//! groups is not simulated.

use std::collections::BTreeMap;
use std::sync::Arc;

use mainstay_engine::command::Command;
use mainstay_engine::placement::{Capacity, Node, Situation, Step as Decided, Wish, decide};
use mainstay_engine::policy::failover::Failovers;
use mainstay_engine::policy::settings::GroupPolicy;
use mainstay_engine::testing::World;
use mainstay_types::{GroupId, GroupState, Name, NodeId, NodeState, ObjectId};

use super::run::{Verdict, accepted, set};
use super::{Call, Expected, Fact, NodeChange, Scenario, Step};

/// Rounds of decisions after one step. Placement is calm: what goes on for longer goes on for ever.
const ROUNDS_MAX: usize = 100;

struct Story {
    world: World,
    situation: Situation,
    groups: BTreeMap<String, GroupId>,
    nodes: BTreeMap<String, NodeId>,
    /// What was last decided of each group, in words.
    reasons: BTreeMap<GroupId, String>,
    /// How often and where a group has failed, and its policy of failovers.
    failovers: BTreeMap<GroupId, (Failovers, GroupPolicy)>,
    /// The time of the step, since the story began.
    now_ms: u64,
    differences: Vec<(usize, String)>,
    log: Vec<String>,
}

/// Runs it to its end.
pub(super) fn run(scenario: &Scenario) -> Verdict {
    let mut story = Story {
        world: World::default(),
        situation: Situation::default(),
        groups: BTreeMap::new(),
        nodes: BTreeMap::new(),
        reasons: BTreeMap::new(),
        failovers: BTreeMap::new(),
        now_ms: 0,
        differences: Vec::new(),
        log: Vec::new(),
    };
    if story.build(scenario) {
        for timed in &scenario.steps {
            story.log.push(format!("- line {}: at {}", timed.line, timed.text));
            story.now_ms = timed.at_ms;
            story.take(timed.line, &timed.step);
        }
        scenario.expected.iter().for_each(|expected| story.expect(expected));
    }
    Verdict { differences: story.differences, log: story.log }
}

impl Story {
    /// False when something of it cannot be.
    fn build(&mut self, scenario: &Scenario) -> bool {
        if let Some(resource) = scenario.resources.first() {
            let what =
                "what runs in groups is not simulated in a file with several nodes; leave resources out";
            self.differences.push((resource.line, what.to_owned()));
            return false;
        }
        for (line, property, value) in &scenario.cluster {
            if !self.accepts(*line, set(ObjectId::Cluster, property, value)) {
                return false;
            }
        }
        for (number, node) in (1..).map(NodeId).zip(&scenario.nodes) {
            let Ok(name) = Name::parse(&node.name) else {
                self.differences.push((node.line, format!("'{}' is no name", node.name)));
                return false;
            };
            self.nodes.insert(node.name.clone(), number);
            let (memory_mib, cpu_percent) = node.capacity;
            self.situation.nodes.push(Node {
                id: number,
                name,
                membership: NodeState::Up,
                quarantined: false,
                draining: false,
                avoid_placement: false,
                capacity: Capacity { memory_mib, cpu_percent },
                site: None,
                fault_domain: None,
            });
        }
        for group in &scenario.groups {
            let id = GroupId(self.world.fresh());
            let command = Command::CreateGroup { id, name: group.name.clone(), group_type: 0 };
            let properties =
                group.properties.iter().map(|(name, value)| set(ObjectId::Group(id), name, value));
            let commands: Vec<Command> = std::iter::once(command).chain(properties).collect();
            if !commands.into_iter().all(|command| self.accepts(group.line, command)) {
                return false;
            }
            self.groups.insert(group.name.clone(), id);
        }
        self.read_terms();
        for group in &scenario.groups {
            let ids = |names: &[String]| names.iter().map(|name| self.nodes[name]).collect::<Vec<NodeId>>();
            let (preferred, possible) = (ids(&group.preferred), ids(&group.possible));
            let owner = group.owner.as_ref().map(|name| self.nodes[name]);
            let Some(found) = self.group(&group.name) else { continue };
            Arc::make_mut(&mut found.terms).preferred = preferred;
            found.possible = (!possible.is_empty()).then(|| possible.into_iter().collect());
            found.owner = owner;
            // What is to be online is started there.
            (found.wanted, found.starts_itself) = (group.online, true);
            let runs = group.online && owner.is_some();
            found.state = if runs { GroupState::Online } else { GroupState::Offline };
        }
        self.come_to_rest(0);
        true
    }

    fn accepts(&mut self, line: usize, command: Command) -> bool {
        accepted(&mut self.world, command, line, &mut self.differences)
    }

    /// What is configured, as the engine reads it. What the story says of groups stays.
    fn read_terms(&mut self) {
        let hour = self.situation.local_hour;
        let mut fresh = self.world.engine.view().situation(hour);
        for group in &mut fresh.groups {
            if let Some(old) = self.situation.groups.iter().find(|old| old.id == group.id) {
                (group.owner, group.state, group.wish) = (old.owner, old.state, old.wish);
                (group.wanted, group.possible) = (old.wanted, old.possible.clone());
                group.starts_itself = old.starts_itself;
                Arc::make_mut(&mut group.terms).preferred.clone_from(&old.terms.preferred);
            }
        }
        fresh.groups.retain(|group| self.groups.values().any(|id| *id == group.id));
        fresh.nodes = std::mem::take(&mut self.situation.nodes);
        self.situation = fresh;
        for id in self.groups.values() {
            let policy = self.world.engine.view().group_policy(*id).unwrap_or_default();
            self.failovers.entry(*id).or_default().1 = policy;
        }
    }

    fn group(&mut self, name: &str) -> Option<&mut mainstay_engine::placement::Group> {
        let id = self.groups[name];
        self.situation.groups.iter_mut().find(|group| group.id == id)
    }

    fn take(&mut self, line: usize, step: &Step) {
        match step {
            Step::Expect(expected) => return self.expect(expected),
            Step::Node(name, change) => self.change_node(name, *change),
            Step::FailOver(name) => self.fail_over(name),
            Step::Hour(hour) => self.situation.local_hour = Some(*hour),
            Step::Call(Call::Move(name, to), _) => {
                let to = to.as_ref().map(|node| self.nodes[node]);
                self.wish(name, to.map_or(Wish::MoveAway, Wish::MoveTo));
            }
            Step::Call(Call::OnlineGroup(name), _) => {
                if let Some(group) = self.group(name) {
                    (group.wanted, group.wish) = (true, Wish::Start);
                    // Who asks for what has failed has it tried again.
                    if group.state == GroupState::Failed {
                        group.state = GroupState::Offline;
                    }
                }
            }
            Step::Call(Call::OfflineGroup(name), _) => {
                if let Some(group) = self.group(name) {
                    (group.wanted, group.state) = (false, GroupState::Offline);
                }
            }
            Step::Call(Call::SetGroup(name, property, value), _) => {
                let command = set(ObjectId::Group(self.groups[name]), property, value);
                self.accepts(line, command);
                self.read_terms();
            }
            _ => {
                let what = "this cannot happen in a file with several nodes: what runs in groups is not simulated there";
                return self.differences.push((line, what.to_owned()));
            }
        }
        self.come_to_rest(line);
    }

    fn wish(&mut self, name: &str, wish: Wish) {
        if let Some(group) = self.group(name) {
            group.wish = wish;
        }
    }

    /// It has failed for good: another node, if the engine's rule allows one more failover.
    fn fail_over(&mut self, name: &str) {
        let (id, nodes, now_ms) = (self.groups[name], self.situation.nodes.len(), self.now_ms);
        let (failovers, policy) = self.failovers.entry(id).or_default();
        let Some(group) = self.situation.groups.iter_mut().find(|group| group.id == id) else { return };
        match failovers.handle_failure(policy, nodes, group.owner, now_ms) {
            Ok(()) => group.wish = Wish::FailOver,
            Err(used_up) => {
                group.state = GroupState::Failed;
                self.log.push(format!("    '{name}' is not failed over: {used_up}"));
                self.reasons.insert(id, used_up.to_string());
            }
        }
    }

    fn change_node(&mut self, name: &str, change: NodeChange) {
        let id = self.nodes[name];
        let Some(node) = self.situation.nodes.iter_mut().find(|node| node.id == id) else { return };
        node.membership = match change {
            NodeChange::Lost => NodeState::Down,
            NodeChange::Paused | NodeChange::Drained => NodeState::Paused,
            NodeChange::Up | NodeChange::Quarantined => NodeState::Up,
        };
        node.draining = change == NodeChange::Drained;
        node.quarantined = change == NodeChange::Quarantined;
    }

    /// Carries out what is decided until nothing is.
    fn come_to_rest(&mut self, line: usize) {
        for group in &mut self.situation.groups {
            let known = self.failovers.get(&group.id);
            group.failed_on =
                known.map(|(found, policy)| found.failed_on(policy, self.now_ms)).unwrap_or_default();
        }
        for _ in 0..ROUNDS_MAX {
            let plan = decide(&self.situation);
            let mut has_acted = false;
            for decision in &plan.decisions {
                let (id, wish) = (decision.group.id, self.wish_of(decision.group.id));
                if !matches!(decision.step, Decided::Stay { .. }) || wish != Wish::None {
                    self.reasons.insert(id, decision.to_string());
                    self.log.push(format!("    {decision}"));
                }
                let Some(group) = self.situation.groups.iter_mut().find(|group| group.id == id) else {
                    continue;
                };
                if matches!(decision.step, Decided::Wait { .. }) {
                    continue;
                }
                group.wish = Wish::None;
                if wish == Wish::FailOver {
                    match decision.step.target() {
                        Some(_) => self.failovers.entry(id).or_default().0.record(self.now_ms),
                        None => group.state = GroupState::Failed,
                    }
                }
                let (owner, start) = match &decision.step {
                    Decided::Place { on, start, .. } => (on.id, *start),
                    Decided::Move { to, start, .. } => (to.id, *start),
                    _ => continue,
                };
                group.owner = Some(owner);
                group.state = if start { GroupState::Online } else { GroupState::Offline };
                has_acted = true;
            }
            if !has_acted {
                return;
            }
        }
        self.differences.push((line, format!("placement does not come to rest in {ROUNDS_MAX} rounds")));
    }

    fn wish_of(&self, id: GroupId) -> Wish {
        self.situation.groups.iter().find(|group| group.id == id).map(|group| group.wish).unwrap_or_default()
    }

    fn expect(&mut self, expected: &Expected) {
        if let Some(difference) = self.difference(&expected.what) {
            self.differences.push((expected.line, difference));
        }
    }

    fn difference(&self, fact: &Fact) -> Option<String> {
        let find = |name: &String| self.situation.groups.iter().find(|group| group.id == self.groups[name]);
        match fact {
            Fact::Owner(name, expected) => {
                let group = find(name)?;
                let is_there =
                    |node: &&Node| Some(node.id) == group.owner && node.membership != NodeState::Down;
                let seen = self.situation.nodes.iter().find(is_there).map(|node| node.name.to_string());
                let shown = |node: &Option<String>| node.clone().unwrap_or_else(|| "nobody".to_owned());
                let differs = seen != *expected;
                differs.then(|| {
                    format!("owner of '{name}': expected {}, and it is {}", shown(expected), shown(&seen))
                })
            }
            Fact::GroupState(name, expected) => {
                let seen = find(name)?.state.to_string().to_lowercase().replace(' ', "-");
                (seen != *expected).then(|| format!("group '{name}': expected {expected}, and it is {seen}"))
            }
            Fact::Reason(name, expected) => {
                let seen = self.reasons.get(&self.groups[name]).map_or("nothing", String::as_str);
                let differs = !seen.contains(expected.as_str());
                differs.then(|| format!("reason of '{name}': expected '{expected}', and it is: {seen}"))
            }
            _ => Some("owner, group and reason can be expected where a file has several nodes".to_owned()),
        }
    }
}
