//! What would make room on its node for a group that finds none there.
//!
//! Sums say which other group would free enough, and the survey has the last word: each that is named was asked about as
//! if it were gone.

use mainstay_types::command_line::CommandLine;
use mainstay_types::{GroupId, GroupState, Name};

use super::board::Board;
use super::situation::{Activity, Demand, Group, Situation};
use super::start::no_place_now;
use super::terms::{CPU_CAPACITY, DECLARED_CPU, DECLARED_MEMORY, MEMORY_CAPACITY};
use crate::Engine;

/// How many groups are asked about as if they were gone; each costs a look at the whole node.
const LOOKED_AT_MAX: usize = 8;

/// What would make room for a group.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Room {
    /// Groups each of which leaves the place when it alone goes offline, the least important first.
    pub(crate) leaving: Vec<GroupId>,
    /// Properties of the node with what they would have to be, if it has that much.
    pub(crate) capacity: Vec<(&'static str, u32)>,
    /// Properties of the group with what is free.
    pub(crate) demand: Vec<(&'static str, u32)>,
}

impl Engine {
    /// What would make room for a group that cannot be started since there is no place for it.
    pub(crate) fn room_for(&self, group: GroupId) -> Option<Room> {
        room_in(&self.situation_for_start(group)?, group)
    }

    /// The same for one that would be beside another group, and nothing else.
    pub(crate) fn room_beside(&self, group: GroupId, other: GroupId) -> Option<Room> {
        room_in(&self.situation_beside_group(group, other), group)
    }

    /// What declares that there is room, and what that would be true of.
    pub(crate) fn declarations(&self, group: GroupId, room: &Room) -> Vec<(CommandLine, &'static str)> {
        let set = |verb, name: &Name, properties: &[(&str, u32)], effect| {
            let line = CommandLine::new(verb).name(name.as_str());
            let line =
                properties.iter().fold(line, |line, (name, value)| line.name(format!("{name}={value}")));
            (!properties.is_empty()).then_some((line, effect))
        };
        let (node, found) = (self.model.node(self.owner_node(group)), self.model.group(group));
        let of_node = node.and_then(|node| {
            set("node set", &node.name, &room.capacity, "makes room on the node, if it has that much")
        });
        let of_group = found.and_then(|found| {
            let effect = "has the group claim what is free, if it needs no more";
            set("group set", &found.name, &room.demand, effect)
        });
        of_node.into_iter().chain(of_group).collect()
    }
}

fn room_in(situation: &Situation, group: GroupId) -> Option<Room> {
    no_place_now(situation, group)?;
    let board = Board::new(situation);
    let own = board.find(group)?;
    let node = board.groups[own].owner?;
    let (used, needed) = (board.nodes[node].used, board.groups[own].group.terms.demand);
    let capacity = board.nodes[node].node.capacity;
    let whole = used.plus(needed);
    let short = Demand {
        memory_mib: whole.memory_mib.saturating_sub(capacity.memory_mib.unwrap_or(u64::MAX)),
        cpu_percent: whole.cpu_percent.saturating_sub(capacity.cpu_percent.unwrap_or(u64::MAX)),
    };
    let mut room = Room::default();
    let mut lacks =
        |is_short: bool, names: [&'static str; 2], capacity: Option<u64>, used: u64, whole: u64| {
            if !is_short {
                return;
            }
            let free = capacity.unwrap_or(u64::MAX).saturating_sub(used);
            room.demand.extend(u32::try_from(free).ok().map(|free| (names[0], free)));
            room.capacity.extend(u32::try_from(whole).ok().map(|whole| (names[1], whole)));
        };
    let memory = [DECLARED_MEMORY, MEMORY_CAPACITY];
    lacks(short.memory_mib > 0, memory, capacity.memory_mib, used.memory_mib, whole.memory_mib);
    let cpu = [DECLARED_CPU, CPU_CAPACITY];
    lacks(short.cpu_percent > 0, cpu, capacity.cpu_percent, used.cpu_percent, whole.cpu_percent);
    // A number of one alone makes no room where both are lacking.
    if room.capacity.len() < room.demand.len() {
        room.capacity.clear();
    }
    // A group that claims nothing fits anywhere, and that is not what is free.
    if room.demand.iter().any(|(_, free)| *free == 0) {
        room.demand.clear();
    }
    let is_enough = |other: &Group| {
        let frees = other.terms.demand;
        frees.memory_mib >= short.memory_mib && frees.cpu_percent >= short.cpu_percent
    };
    let there = board.groups.iter().filter(|slot| slot.seats.contains(&node)).map(|slot| slot.group);
    let mut there: Vec<&Group> = there.filter(|other| other.id != group && is_enough(other)).collect();
    there.sort_by_key(|other| {
        let terms = &other.terms;
        (terms.priority, terms.demand.memory_mib, terms.demand.cpu_percent, &other.name)
    });
    there.truncate(LOOKED_AT_MAX);
    let leaves_place = |other: &GroupId| no_place_now(&without(situation, *other), group).is_none();
    room.leaving = there.into_iter().map(|other| other.id).filter(leaves_place).collect();
    Some(room)
}

/// The situation as if a group had gone offline.
fn without(situation: &Situation, group: GroupId) -> Situation {
    let mut situation = situation.clone();
    if let Some(gone) = situation.groups.iter_mut().find(|known| known.id == group) {
        (gone.state, gone.activity) = (GroupState::Offline, Activity::None);
    }
    situation
}
