//! The cluster that a walk begins with: random groups, resources, types and dependencies, from the seed.

use super::dice::Dice;

/// Most resources of a layout: enough for chains with branches, few enough that steps meet.
const RESOURCES_MAX: u64 = 8;
const RESOURCES_MIN: u64 = 3;

/// How a resource is hosted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// In the pool host.
    Pool,
    /// In a host of its own, by its SeparateMonitor.
    Own,
    /// Of a type in a library, which acts in its host's process.
    Library,
}

/// One resource of a layout.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Planned {
    /// Its group's place.
    pub group: usize,
    /// How it is hosted.
    pub kind: Kind,
    /// The places of what it needs, all of its group and before it.
    pub needs: Vec<usize>,
}

/// A cluster to begin with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Layout {
    /// How many groups.
    pub groups: usize,
    /// The resources.
    pub resources: Vec<Planned>,
}

impl Layout {
    /// A random one.
    pub fn random(dice: &mut Dice) -> Self {
        let groups = dice.weighted(&[(3, 1), (1, 2)]);
        let count = RESOURCES_MIN + dice.below(RESOURCES_MAX - RESOURCES_MIN + 1);
        let mut resources: Vec<Planned> = Vec::new();
        for _ in 0..count {
            let group = dice.below(groups as u64) as usize;
            let kind = dice.weighted(&[(4, Kind::Pool), (1, Kind::Own), (1, Kind::Library)]);
            let earlier = resources.iter().enumerate().filter(|(_, other)| other.group == group);
            let near: Vec<usize> = earlier.map(|(place, _)| place).collect();
            let needs = near.into_iter().filter(|_| dice.once_in(3)).take(2).collect();
            resources.push(Planned { group, kind, needs });
        }
        Layout { groups, resources }
    }
}
