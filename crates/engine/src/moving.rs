//! Calls that move a group to another node (opnums 51, 52, 132 and 133).
//!
//! Decides whether the group can go, and says what is in the way: which nodes could take it is placement's to say. Where
//! a group is already there is nothing to do. Nothing moves from here: until nodes hand groups to each other, a node that
//! could take the group is a refusal too, and with one node there is none.

use mainstay_types::command_line::CommandLine;
use mainstay_types::flags::GroupMoveFlags;
use mainstay_types::{Access, GroupId, NodeId, ObjectId, Status};

use crate::Engine;
use crate::command::{Call, Command};
use crate::error::{ClusterError, Refusal, RequestError};
use crate::operation::instructions;
use crate::operation::offline::PAST_LOCK;
use crate::placement::{self, Objection, Row, Stay, Step, Wish};

impl Engine {
    /// A group that is to be on a node, or on another one. Where it is already, there is nothing to record.
    pub(crate) fn serve_move(&mut self, call: &Call) {
        let Command::MoveGroup { group, node, flags, buffer } = &call.command else { return };
        let checked = match call.caller.access {
            Access::Full => self.check_move(*group, *node, *flags, buffer),
            Access::Read => Err(RequestError::AccessDenied { verb: "move" }.into()),
        };
        match checked {
            Ok(()) => {
                let there = format!("{} is there already", self.describe(&ObjectId::Group(*group)));
                self.answer_call(call.id, Status::SUCCESS, None, there);
            }
            Err(refusal) => self.refuse(call, None, &refusal),
        }
    }

    fn check_move(
        &self,
        group: GroupId,
        node: Option<NodeId>,
        flags: u32,
        buffer: &[u8],
    ) -> Result<(), Refusal> {
        let flags = checked_flags(flags)?;
        instructions::check(buffer)?;
        self.check_object(&ObjectId::Group(group))?;
        if let Some(node) = node {
            self.check_available(node)?;
        }
        let owner = self.owner_node(group);
        if node == Some(owner) {
            return Ok(());
        }
        if !flags.contains(GroupMoveFlags::IGNORE_RESOURCE_STATUS) {
            self.check_unlocked(group)?;
        }
        let name = self.plain_name(&ObjectId::Group(group));
        let owner_name = self.plain_name(&ObjectId::Node(owner));
        let stays = |status, reason| -> Refusal {
            ClusterError::GroupStays { name: name.clone(), owner: owner_name.clone(), status, reason }.into()
        };
        let mut situation = self.view().situation(None);
        let wish = node.map_or(Wish::MoveAway, Wish::MoveTo);
        let asked = situation.groups.iter_mut().find(|known| known.id == group);
        if let Some(asked) = asked {
            asked.wish = wish;
            if asked.terms.locked {
                let line = CommandLine::new("group set").name(&name).name("LockedFromMoving=0");
                let reason = format!("it is locked to its node (LockedFromMoving); end that with: {line}");
                return Err(stays(Status::CLUSTER_RESOURCE_LOCKED_STATUS, reason));
            }
        }
        let Some(found) = placement::explain(&situation, group) else {
            return Err(ClusterError::GroupGone { id: group.to_string() }.into());
        };
        if let Some(target) = found.decision.step.target() {
            let node = target.name.to_string();
            return Err(ClusterError::NotGroupOwner { name, node, owner: owner_name }.into());
        }
        if matches!(found.decision.step, Step::Stay { reason: Stay::Underway, .. }) {
            return Err(stays(Status::CLUSTER_GROUP_BUSY, "something is being done to it".to_owned()));
        }
        let (status, reason) = in_the_way(&found.decision.table, owner, node);
        Err(stays(status, reason))
    }

    fn check_unlocked(&self, group: GroupId) -> Result<(), Refusal> {
        let mut members = self.model.group(group).into_iter().flat_map(|group| &group.members);
        let locked = |id| Some((id, self.live.get(id)?.locked?));
        match members.find_map(locked) {
            Some((id, reason)) => {
                let (name, way_out) = (self.name_of(*id), PAST_LOCK.into());
                Err(ClusterError::Locked { name, reason, way_out }.into())
            }
            None => Ok(()),
        }
    }
}

/// Bits that are none, and two that contradict each other, are refused (87).
fn checked_flags(bits: u32) -> Result<GroupMoveFlags, Refusal> {
    let contradiction = GroupMoveFlags::IGNORE_RESOURCE_STATUS | GroupMoveFlags::QUEUE_ENABLED;
    match GroupMoveFlags::from_bits(bits) {
        Some(flags) if !flags.contains(contradiction) => Ok(flags),
        _ => {
            let allowed = "1, 2, 4, 8, 0x10 and 0x20 are flags, and 1 does not go with 4";
            Err(RequestError::Flags { flags: bits, allowed }.into())
        }
    }
}

/// What keeps the group from the node that was named, or from all others: the number of the first, and all in words.
fn in_the_way(table: &[Row], owner: NodeId, named: Option<NodeId>) -> (Status, String) {
    let others: Vec<&Row> = table.iter().filter(|row| row.node.id != owner).collect();
    let asked = match named {
        Some(node) => others.into_iter().filter(|row| row.node.id == node).collect(),
        None => others,
    };
    let is_up =
        |row: &&Row| !row.objections.iter().any(|it| matches!(it, Objection::Down | Objection::Joining));
    let first = asked.iter().copied().find(is_up).and_then(|row| row.objections.iter().find_map(number));
    let status = match (first, named) {
        (Some(status), _) => status,
        (None, Some(_)) => Status::HOST_NODE_NOT_AVAILABLE,
        (None, None) => Status::CLUSTER_NODE_DOWN,
    };
    let mut words: Vec<String> = asked.iter().map(ToString::to_string).collect();
    if words.is_empty() {
        words.push("there is no other node".to_owned());
    }
    (status, words.join(", "))
}

/// The number of an objection; none for what only repeats the question.
fn number(objection: &Objection) -> Option<Status> {
    Some(match objection {
        Objection::ToLeave | Objection::NotAsked => return None,
        Objection::Down | Objection::Joining => Status::HOST_NODE_NOT_AVAILABLE,
        Objection::Paused => Status::CLUSTER_NODE_PAUSED,
        Objection::Draining => Status::CLUSTER_NODE_DRAIN_IN_PROGRESS,
        Objection::Quarantined => Status::CLUSTER_NODE_QUARANTINED,
        Objection::NotPossibleOwner => Status::NODE_CANT_HOST_RESOURCE,
        Objection::LockedFromMoving => Status::CLUSTER_RESOURCE_LOCKED_STATUS,
        Objection::AntiAffinity { .. } | Objection::Rule { .. } => Status::CLUSTER_AFFINITY_CONFLICT,
        Objection::Memory { .. } | Objection::Cpu { .. } => {
            Status::CLUSTER_RESOURCE_VETOED_MOVE_NOT_ENOUGH_RESOURCES_ON_DESTINATION
        }
        Objection::Partner { objection, .. } => return number(objection),
    })
}
