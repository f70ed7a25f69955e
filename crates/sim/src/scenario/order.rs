//! The order in which groups start, in a scenario file: group sets, and what groups and sets start after.
//!
//! ```text
//! groupset base StartupSetting=1
//! groupset apps after=base
//! group db set=base
//! group web set=apps after=db after-set=base
//! ```

use mainstay_engine::command::Command;
use mainstay_engine::group_set::OrderChange;
use mainstay_types::{GroupId, GroupSetId, ObjectId};

use super::run::{Story, accepted, set};
use super::{Call, Expected, Fact, Group, GroupSet, Scenario, Step};

/// What a group or a group set starts after.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Order {
    /// The group set that a group is in.
    pub set: Option<String>,
    /// Groups that a group starts after.
    pub groups: Vec<String>,
    /// Group sets that it starts after.
    pub sets: Vec<String>,
}

impl Order {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What a file with several nodes does not tell: there only placement is simulated.
pub(super) fn beyond_placement(scenario: &Scenario) -> Vec<(usize, String)> {
    let lines = scenario.group_sets.iter().map(|set| set.line);
    let lines = lines.chain(scenario.groups.iter().filter(|group| !group.order.is_empty()).map(|it| it.line));
    let is_order = |step: &Step| {
        let calls = matches!(
            step,
            Step::Call(Call::DependGroup(..) | Call::UndependGroup(..) | Call::SetGroupSet(..), _)
        );
        calls || matches!(step, Step::Expect(Expected { what: Fact::Waits(..), .. }))
    };
    let steps = scenario.steps.iter().filter(|timed| is_order(&timed.step)).map(|timed| timed.line);
    let lines = lines.chain(steps);
    let why = "the order in which groups start is simulated with one node; describe no other";
    lines.map(|line| (line, why.to_owned())).collect()
}

impl Story {
    /// Makes the group sets; false when the engine refused something.
    pub(super) fn build_group_sets(&mut self, scenario: &Scenario) -> bool {
        for described in &scenario.group_sets {
            let id = GroupSetId(self.world.fresh());
            self.group_sets.insert(described.name.clone(), id);
            if !self.do_all(described.line, self.commands_of_set(id, described)) {
                return false;
            }
        }
        true
    }

    fn commands_of_set(&self, id: GroupSetId, described: &GroupSet) -> Vec<Command> {
        let name = described.name.clone();
        let mut commands = vec![Command::Order(OrderChange::CreateSet { id, name })];
        let object = ObjectId::GroupSet(id);
        let properties = described.properties.iter();
        commands.extend(properties.map(|(name, value)| set(object.clone(), name, value)));
        let providers = described.after.iter().map(|name| self.group_sets[name]);
        commands.extend(providers.map(|provider| Command::Order(OrderChange::AddSet { set: id, provider })));
        commands
    }

    /// Gives a group its place; false when the engine refused it.
    pub(super) fn build_order(&mut self, group: &Group, id: GroupId) -> bool {
        let order = &group.order;
        let joined = order.set.iter().map(|name| {
            let set = self.group_sets[name];
            OrderChange::Join { group: id, set, moves: false }
        });
        let groups = order.groups.iter().map(|name| self.groups[name]);
        let groups = groups.map(|provider| OrderChange::AddGroup { group: id, provider });
        let sets = order.sets.iter().map(|name| self.group_sets[name]);
        let sets = sets.map(|provider| OrderChange::AddSetToGroup { group: id, provider });
        let commands = joined.chain(groups).chain(sets).map(Command::Order).collect();
        self.do_all(group.line, commands)
    }

    fn do_all(&mut self, line: usize, commands: Vec<Command>) -> bool {
        commands.into_iter().all(|command| accepted(&mut self.world, command, line, &mut self.differences))
    }
}
