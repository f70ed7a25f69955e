//! The cluster that a walk begins with: random groups, resources, types and dependencies, from the seed.

use super::dice::Dice;

/// Most resources of a layout: enough for chains with branches, few enough that steps meet.
const RESOURCES_MAX: u64 = 8;
const RESOURCES_MIN: u64 = 3;
/// Alternatives of one need.
const ALTERNATIVES_MAX: usize = 3;

/// How a resource is hosted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// In the pool host.
    Pool,
    /// In a host of its own, by its SeparateMonitor.
    Own,
    /// Of a type in a library, which acts in its host's process.
    Library,
    /// In a host of its own, which finds again what the one before was starting or stopping.
    FoundAgain,
    /// In the pool host, and holding what is in no process.
    Agent,
}

/// One resource of a layout.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Planned {
    /// Its group's place.
    pub group: usize,
    /// How it is hosted.
    pub kind: Kind,
    /// What it needs: of each of these one, by places of its group and before it.
    pub needs: Vec<Vec<usize>>,
}

/// In which order groups start: each after the one before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum GroupOrder {
    /// In none.
    #[default]
    None,
    /// By dependencies on groups.
    Groups,
    /// By dependencies on sets of one group each, with this StartupSetting and StartupDelay in seconds.
    Sets(u32, u32),
    /// The first is a global set, with this StartupSetting and StartupDelay in seconds.
    Global(u32, u32),
}

impl GroupOrder {
    /// A random one, often none.
    pub fn random(dice: &mut Dice) -> Self {
        let (setting, delay_s) = (dice.below(2) as u32, dice.below(60) as u32);
        let sets = [GroupOrder::Sets(setting, delay_s), GroupOrder::Global(setting, delay_s)];
        dice.weighted(&[(4, GroupOrder::None), (2, GroupOrder::Groups), (1, sets[0]), (1, sets[1])])
    }
}

/// A cluster to begin with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Layout {
    /// How many groups.
    pub groups: usize,
    /// The resources.
    pub resources: Vec<Planned>,
    /// In which order the groups start.
    pub order: GroupOrder,
    /// Only one of the groups may be on the node at a time.
    pub is_exclusive: bool,
}

impl Layout {
    /// A random one.
    pub fn random(dice: &mut Dice) -> Self {
        let groups = dice.weighted(&[(3, 1), (1, 2)]);
        let count = RESOURCES_MIN + dice.below(RESOURCES_MAX - RESOURCES_MIN + 1);
        let mut resources: Vec<Planned> = Vec::new();
        for _ in 0..count {
            let group = dice.below(groups as u64) as usize;
            let kind = dice.weighted(&[
                (4, Kind::Pool),
                (1, Kind::Own),
                (1, Kind::Library),
                (1, Kind::FoundAgain),
                (1, Kind::Agent),
            ]);
            let earlier = resources.iter().enumerate().filter(|(_, other)| other.group == group);
            let near: Vec<usize> = earlier.map(|(place, _)| place).collect();
            let needs = random_needs(dice, near);
            resources.push(Planned { group, kind, needs });
        }
        Layout { groups, resources, order: GroupOrder::None, is_exclusive: false }
    }
}

/// Up to two that it cannot do without, and perhaps alternatives among the others.
fn random_needs(dice: &mut Dice, near: Vec<usize>) -> Vec<Vec<usize>> {
    let (all, mut others): (Vec<usize>, Vec<usize>) = near.into_iter().partition(|_| dice.once_in(4));
    let mut needs: Vec<Vec<usize>> = all.into_iter().take(2).map(|place| vec![place]).collect();
    if others.len() >= 2 && dice.once_in(2) {
        let mut alternatives = Vec::new();
        while alternatives.len() < ALTERNATIVES_MAX && !others.is_empty() {
            alternatives.push(others.remove(dice.below(others.len() as u64) as usize));
        }
        needs.push(alternatives);
    }
    needs
}
