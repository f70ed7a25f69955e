//! Whether a group may start on its node beside what is there.
//!
//! ```text
//!   a call ───────────────► what runs, or is on its way      ──► refused
//!   the service's start ──► the same                         ──► left offline
//!                       └─► what is to be placed before it   ──► waits
//! ```
//!
//! The rules are those by which nodes are chosen. Only a group of which nothing runs is asked about: what is up stays up,
//! and what fails in it is restarted, whatever is set meanwhile.

use std::fmt;

use mainstay_types::command_line::CommandLine;
use mainstay_types::{GroupId, GroupState, OnlineFlags, OperationId, ResourceId, ResourceState, Status};

use super::decision::{GroupRef, NodeRef, Objection, Step};
use super::situation::{Activity, Situation};
use super::{Cause, against_start, decide};
use crate::Engine;
use crate::group_set::order;
use crate::live::Live;
use crate::seeded::{self, Bug};

/// What else is on a group's node, or is to be, and leaves no place for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct NoPlace {
    group: GroupRef,
    node: NodeRef,
    objections: Vec<Objection>,
}

impl NoPlace {
    /// Nothing of it is left where nothing objects.
    fn new(group: GroupRef, node: NodeRef, objections: Vec<Objection>) -> Option<Self> {
        (!objections.is_empty()).then_some(NoPlace { group, node, objections })
    }

    /// The same without regard to affinity (IGNORE_AFFINITY_RULE).
    pub(crate) fn without_affinity(self) -> Option<Self> {
        let is_of_room = |objection: &Objection| objection.conflict().is_none();
        let objections = self.objections.into_iter().filter(is_of_room).collect();
        NoPlace::new(self.group, self.node, objections)
    }

    /// The first group with which it may not be on one node.
    pub(crate) fn conflict(&self) -> Option<&GroupRef> {
        self.objections.iter().find_map(Objection::conflict)
    }

    /// The number of the first objection.
    pub(crate) fn status(&self) -> Status {
        match self.conflict() {
            Some(_) => Status::CLUSTER_AFFINITY_CONFLICT,
            None => Status::RESMON_SYSTEM_RESOURCES_LACKING,
        }
    }

    /// Whether a start ends with this number when there is no place for it.
    pub(crate) fn is_status(status: Status) -> bool {
        [Status::CLUSTER_AFFINITY_CONFLICT, Status::RESMON_SYSTEM_RESOURCES_LACKING].contains(&status)
    }

    /// What would make room, for a group that does not have to wait for what is in its way.
    pub(crate) fn way_out(&self) -> String {
        let make_room = self
            .conflict()
            .map(|other| format!("make room with: {}", CommandLine::new("group offline").name(&*other.name)));
        let declared: Vec<_> = self.objections.iter().filter_map(Objection::declared).collect();
        let line = |verb, name: &str, properties: &mut dyn Iterator<Item = &str>| {
            let line = CommandLine::new(verb).name(name);
            properties.fold(line, |line, property| line.name(format!("{property}=...")))
        };
        let declare = (!declared.is_empty()).then(|| {
            let group = line("group set", &self.group.name, &mut declared.iter().map(|names| names.0));
            let node = line("node set", &self.node.name, &mut declared.iter().map(|names| names.1));
            format!("take another group offline, or declare what is true, with: {group} or: {node}")
        });
        make_room.into_iter().chain(declare).collect::<Vec<_>>().join("; ")
    }
}

impl fmt::Display for NoPlace {
    /// `node 'alpha' has 'db' of the anti-affinity class 'heavy' (ClusterEnforcedAntiAffinity is 1)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node '{}'", self.node.name)?;
        for (number, objection) in self.objections.iter().enumerate() {
            write!(f, "{} {objection}", if number == 0 { "" } else { " and" })?;
        }
        match self.conflict() {
            Some(_) => f.write_str(" (ClusterEnforcedAntiAffinity is 1)"),
            None => Ok(()),
        }
    }
}

impl Engine {
    /// What runs on its node, or is on its way there, keeps a group of which nothing does from being started.
    pub(crate) fn no_place(&self, group: GroupId) -> Option<NoPlace> {
        no_place_now(&self.situation_for_start(group)?, group)
    }

    /// The same for one whose start was accepted and is held until now. What it waited for may be what is in its way.
    pub(crate) fn no_place_for_held(&self, operation: OperationId, group: GroupId) -> Option<NoPlace> {
        if !self.may_lack_place(group) || self.has_begun(group) {
            return None;
        }
        let found = no_place_now(&self.situation_beside(group), group)?;
        let flags = self.operations.get(&operation)?.online_flags;
        match flags.contains(OnlineFlags::IGNORE_AFFINITY_RULE) {
            true => found.without_affinity(),
            false => Some(found),
        }
    }

    /// What would stand against a group if nothing but one other were there.
    pub(crate) fn no_place_beside_group(&self, group: GroupId, other: GroupId) -> Option<NoPlace> {
        let is_empty = |id: GroupId| self.members(id).next().is_none();
        // What has no resources takes no place, and counts as started.
        if group == other || !self.may_lack_place(group) || is_empty(group) || is_empty(other) {
            return None;
        }
        no_place_now(&self.situation_beside_group(group, other), group)
    }

    /// The situation as if the other group were up, and nothing else there.
    pub(super) fn situation_beside_group(&self, group: GroupId, other: GroupId) -> Situation {
        let both = [group, other].into_iter().filter_map(|id| self.model.group(id));
        let mut situation = self.view().situation_among(None, both);
        for found in &mut situation.groups {
            let is_other = found.id == other;
            found.state = if is_other { GroupState::Online } else { GroupState::Offline };
            found.activity = Activity::None;
            (found.wanted, found.starts_itself) = (true, !is_other);
        }
        situation
    }

    /// At the service's start: what comes first takes the place.
    pub(crate) fn no_place_left(&self, group: GroupId) -> Option<NoPlace> {
        let mut situation = self.situation_for_start(group)?;
        for other in &mut situation.groups {
            // What has to wait for this group itself takes its place later.
            let waits_for_it = other.starts_itself
                && other.id != group
                && order::groups_before(&self.model, other.id).contains(&group);
            other.starts_itself &= !waits_for_it;
        }
        no_place_in_turn(&situation, group)
    }

    /// The same at the next start of the machine, where these come up in their turn.
    pub(crate) fn no_place_after_reset(
        &self,
        group: GroupId,
        comes_up: impl Fn(GroupId) -> bool,
    ) -> Option<NoPlace> {
        if !self.may_lack_place(group) {
            return None;
        }
        let mut situation = self.view().situation(None);
        for other in &mut situation.groups {
            let comes_up = comes_up(other.id);
            (other.state, other.activity) = (GroupState::Offline, Activity::None);
            (other.wanted, other.starts_itself) = (comes_up, comes_up);
        }
        no_place_in_turn(&situation, group)
    }

    /// The situation in which a group of which nothing is up is to be started; `None` for one that is up or being brought up,
    /// and where nothing could stand against it. What was accepted and has not begun has no place for good: those that it
    /// waits for come first.
    pub(super) fn situation_for_start(&self, group: GroupId) -> Option<Situation> {
        if !self.may_lack_place(group) || self.has_begun(group) {
            return None;
        }
        Some(self.situation_beside(group))
    }

    /// The situation as if nothing of the group were there yet.
    ///
    /// Who may have something on the node keeps its place there, one that has failed, say, and who may come back to it.
    /// What is merely being made known to a host has none, nor has what waits for this group itself: that asks again when
    /// its turn comes.
    fn situation_beside(&self, group: GroupId) -> Situation {
        let (coming, coming_back) = (self.coming_up(), self.coming_back());
        let is_coming_back = |id: ResourceId| coming_back.contains(&id);
        let has_place = |id: ResourceId| {
            let is_down =
                |live: &Live| matches!(live.state, ResourceState::Offline | ResourceState::Initializing);
            coming.contains(&id) || self.live.get(&id).is_some_and(|live| !is_down(live))
        };
        let mut situation = self.view().situation(None);
        for other in &mut situation.groups {
            if other.id == group || self.waits_to_begin_after(other.id, group) {
                (other.state, other.activity) = (GroupState::Offline, Activity::None);
            } else if self.members(other.id).any(is_coming_back) {
                other.activity = Activity::Starting;
            } else if !self.members(other.id).any(has_place) {
                (other.state, other.activity) = (GroupState::Offline, Activity::None);
            }
            if other.id == group {
                (other.wanted, other.starts_itself) = (true, true);
            }
        }
        situation
    }

    /// Nothing of the later group is there, and its start is held until the other one is started.
    fn waits_to_begin_after(&self, later: GroupId, first: GroupId) -> bool {
        let is_absent = |live: &Live| match live.state {
            ResourceState::Offline | ResourceState::Initializing => true,
            // It waits for its turn.
            ResourceState::OnlinePending => live.task.is_none(),
            _ => false,
        };
        self.is_start_held(later)
            && self.members(later).filter_map(|id| self.live.get(&id)).all(is_absent)
            && order::groups_before(&self.model, later).contains(&first)
    }

    /// Saves the look at everything else, where nothing is declared that could stand against a start.
    fn may_lack_place(&self, group: GroupId) -> bool {
        let Some(found) = self.model.group(group) else { return false };
        let terms = &found.placement;
        let node = self.model.node(self.owner_node(group));
        let capacity = node.map(|node| node.placement.capacity).unwrap_or_default();
        let is_bounded = capacity.memory_mib.is_some() && terms.demand.memory_mib > 0
            || capacity.cpu_percent.is_some() && terms.demand.cpu_percent > 0;
        let is_asked = !seeded::has(Bug::PlaceNotAsked);
        is_asked && (is_bounded || !terms.anti_affinity.is_empty() && self.view().enforces_anti_affinity())
    }
}

pub(super) fn no_place_now(situation: &Situation, group: GroupId) -> Option<NoPlace> {
    let row = against_start(situation, group)?;
    NoPlace::new(group_ref(situation, group)?, row.node, row.objections)
}

/// What is placed before it in their order takes its place.
fn no_place_in_turn(situation: &Situation, group: GroupId) -> Option<NoPlace> {
    let decision = decide(situation).decisions.into_iter().find(|decision| decision.group.id == group)?;
    if !matches!(decision.step, Step::Nowhere { cause: Cause::ToStart }) {
        return None;
    }
    let row = decision.table.into_iter().find(|row| row.here)?;
    let objections = row.objections.into_iter().filter(Objection::is_of_others).collect();
    NoPlace::new(decision.group, row.node, objections)
}

fn group_ref(situation: &Situation, group: GroupId) -> Option<GroupRef> {
    let found = situation.groups.iter().find(|known| known.id == group)?;
    Some(GroupRef { id: group, name: found.name.as_str().into() })
}
