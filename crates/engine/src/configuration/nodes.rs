//! Pausing a node, draining it, and resuming it.
//!
//! A paused node keeps the groups that it has and brings them online, and gets no others: that is placement's to heed.
//! A drain is refused where there is nowhere to go. What moves, and when, is placement's; here is only what is written.

use mainstay_store::registry::{Changes, KeyPath, Value};
use mainstay_types::event::{Event, EventKind};
use mainstay_types::{NodeId, NodeState, ObjectId, Status};

use super::change::change;
use super::{After, Change};
use crate::Engine;
use crate::command::Drain;
use crate::error::{ClusterError, Refusal, RequestError};
use crate::model::layout;
use crate::placement::node_status;

/// CLUSAPI_NODE_PAUSE_REMAIN_ON_PAUSED_NODE_ON_MOVE_ERROR: what cannot move stays.
const REMAIN_ON_MOVE_ERROR: u32 = 1;
/// CLUSAPI_NODE_AVOID_PLACEMENT.
const AVOID_PLACEMENT: u32 = 2;
/// CLUSAPI_NODE_PAUSE_RETRY_DRAIN_ON_FAILURE.
const RETRY_DRAIN: u32 = 4;
/// FailbackGroupsPerPolicy, the last of CLUSTER_NODE_RESUME_FAILBACK_TYPE.
const FAILBACK_LAST: u32 = 2;
/// CLUSAPI_NODE_RESUME flags of newer headers; MS-CMRP calls the parameter reserved.
const RESUME_FLAGS: u32 = 0xF;

/// NodeDrainStatus.
mod drain_status {
    pub(super) const IN_PROGRESS: u32 = 1;
}

/// A node, as a drain looks at it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Seen {
    id: NodeId,
    state: NodeState,
    is_draining: bool,
}

/// Why a node is not drained.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum NoDrain {
    /// There is no such node.
    Gone(NodeId),
    /// It is not up itself.
    NotUp(NodeState),
    /// A drain is running.
    Runs,
    /// No other node is up.
    NowhereToGo,
    /// The target is the node itself.
    Itself,
    /// The target is not up.
    TargetNotUp(NodeId, NodeState),
}

/// Whether a node can be drained, among all nodes. In the order of MS-CMRP 3.1.4.2.127 and .128: a drain that runs,
/// somewhere to go, the target.
fn check_drain(nodes: &[Seen], node: NodeId, target: Option<NodeId>) -> Result<(), NoDrain> {
    let find = |id: NodeId| nodes.iter().find(|seen| seen.id == id).ok_or(NoDrain::Gone(id));
    let seen = find(node)?;
    let is_up = |seen: &Seen| seen.state == NodeState::Up && !seen.is_draining;
    if !matches!(seen.state, NodeState::Up | NodeState::Paused) {
        return Err(NoDrain::NotUp(seen.state));
    }
    if seen.is_draining {
        return Err(NoDrain::Runs);
    }
    if target == Some(node) {
        return Err(NoDrain::Itself);
    }
    if let Some(target) = target {
        let seen = find(target)?;
        if !is_up(seen) {
            return Err(NoDrain::TargetNotUp(target, seen.state));
        }
    }
    match nodes.iter().any(|other| other.id != node && is_up(other)) {
        true => Ok(()),
        false => Err(NoDrain::NowhereToGo),
    }
}

fn check_flags(flags: u32, strict: bool) -> Result<(), Refusal> {
    let (all, allowed) = match strict {
        true => (REMAIN_ON_MOVE_ERROR, "1 is the only flag, and strict_cmrp refuses all else"),
        false => (REMAIN_ON_MOVE_ERROR | AVOID_PLACEMENT | RETRY_DRAIN, "1, 2 and 4 are flags"),
    };
    match flags & !all {
        0 => Ok(()),
        _ => Err(RequestError::Flags { flags, allowed }.into()),
    }
}

impl Engine {
    /// PauseClusterNode and Ex.
    pub(super) fn pause_node(&self, id: NodeId, flags: u32, drain: Option<Drain>) -> Result<Change, Refusal> {
        let (path, name) = self.node(id)?;
        let state = self.view().node_state(id);
        if !matches!(state, NodeState::Up | NodeState::Paused) {
            return Err(ClusterError::NodeNotUp { name, state }.into());
        }
        // Without a drain they mean nothing, but what is no flag is refused all the same.
        check_flags(flags, self.config.strict_cmrp && drain.is_some())?;
        let mut changes = self.changes();
        let mut answer = Status::SUCCESS;
        changes.set_value(&path, layout::PAUSED, Value::Dword(1))?;
        if let Some(drain) = drain {
            self.check_drain(id, name, drain.target)?;
            self.begin_drain(&path, flags, drain, &mut changes)?;
            answer = Status::IO_PENDING;
        }
        let mut change = change(changes);
        change.answer = answer;
        if state != NodeState::Paused {
            change.after.push(self.node_state_event(id, NodeState::Paused));
        }
        Ok(change)
    }

    /// ResumeClusterNode and Ex.
    pub(super) fn resume_node(&self, id: NodeId, failback: u32, flags: u32) -> Result<Change, Refusal> {
        let (path, name) = self.node(id)?;
        if failback > FAILBACK_LAST {
            let allowed = "0 leaves groups where they are, 1 brings them back, 2 does so by their policy";
            let value = failback.to_string();
            return Err(RequestError::Value { what: "failback type", value, allowed: allowed.into() }.into());
        }
        if flags & !RESUME_FLAGS != 0 {
            return Err(RequestError::Flags { flags, allowed: "1, 2, 4 and 8 are flags" }.into());
        }
        if !self.model.node(id).is_some_and(|node| node.is_paused) {
            return Err(ClusterError::NodeNotPaused { name }.into());
        }
        let mut changes = self.changes();
        for value in [layout::PAUSED, layout::DRAIN_STATUS, layout::DRAIN_TARGET] {
            changes.delete_value(&path, value)?;
        }
        let status = self.stored_status(&path) & !(node_status::DRAIN | node_status::AVOID_PLACEMENT);
        self.set_status(&path, status, &mut changes)?;
        let mut change = change(changes);
        // One that is down stays so.
        let was_there = self.view().node_state(id) == NodeState::Paused;
        change.after.extend(was_there.then(|| self.node_state_event(id, NodeState::Up)));
        Ok(change)
    }

    fn node(&self, id: NodeId) -> Result<(KeyPath, String), Refusal> {
        let found = self.model.node(id).ok_or_else(|| ClusterError::NodeGone { id: id.to_string() })?;
        Ok((layout::node_path(id)?, found.name.to_string()))
    }

    fn check_drain(&self, id: NodeId, name: String, target: Option<NodeId>) -> Result<(), Refusal> {
        let view = self.view();
        let seen = |node: &crate::model::objects::Node| Seen {
            id: node.id,
            state: view.node_state(node.id),
            is_draining: node.placement.draining,
        };
        let nodes: Vec<Seen> = self.model.nodes().map(seen).collect();
        let name_of =
            |id: NodeId| self.model.node(id).map_or_else(|| id.to_string(), |node| node.name.to_string());
        check_drain(&nodes, id, target).map_err(|refused| {
            match refused {
                NoDrain::Gone(id) => ClusterError::NodeGone { id: id.to_string() },
                NoDrain::NotUp(state) => ClusterError::NodeNotUp { name, state },
                NoDrain::Runs => ClusterError::DrainRuns { name },
                NoDrain::NowhereToGo => ClusterError::NowhereToDrain { name },
                NoDrain::Itself => ClusterError::DrainToItself { name },
                NoDrain::TargetNotUp(id, state) => ClusterError::DrainTarget { name: name_of(id), state },
            }
            .into()
        })
    }

    fn begin_drain(
        &self,
        path: &KeyPath,
        flags: u32,
        drain: Drain,
        changes: &mut Changes<'_>,
    ) -> Result<(), Refusal> {
        changes.set_value(path, layout::DRAIN_STATUS, Value::Dword(drain_status::IN_PROGRESS))?;
        match drain.target {
            Some(target) => changes.set_value(path, layout::DRAIN_TARGET, Value::Dword(target.0))?,
            None => drop(changes.delete_value(path, layout::DRAIN_TARGET)?),
        }
        let mut status = self.stored_status(path) & !node_status::DRAIN | node_status::DRAIN_IN_PROGRESS;
        if flags & AVOID_PLACEMENT != 0 {
            status |= node_status::AVOID_PLACEMENT;
        }
        self.set_status(path, status, changes)
    }

    fn stored_status(&self, path: &KeyPath) -> u32 {
        let stored = self.model.tree().value(path, layout::STATUS_INFORMATION);
        stored.and_then(Value::as_dword).unwrap_or(0)
    }

    fn set_status(&self, path: &KeyPath, status: u32, changes: &mut Changes<'_>) -> Result<(), Refusal> {
        match status {
            0 => drop(changes.delete_value(path, layout::STATUS_INFORMATION)?),
            status => changes.set_value(path, layout::STATUS_INFORMATION, Value::Dword(status))?,
        }
        Ok(())
    }

    fn node_state_event(&self, id: NodeId, state: NodeState) -> After {
        After::Publish(Box::new(Event {
            kind: EventKind::NodeState,
            object: ObjectId::Node(id),
            object_id: id.to_string(),
            parent_id: String::new(),
            name: self.plain_name(&ObjectId::Node(id)),
            type_name: String::new(),
            buffer: state.number().to_le_bytes().to_vec(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `1 up`, `2 paused`, `3 down`, `4 joining`, `5 draining`.
    fn seen(node: &str) -> Seen {
        let (id, word) = node.split_once(' ').expect("number and state");
        let (state, is_draining) = match word {
            "up" => (NodeState::Up, false),
            "paused" => (NodeState::Paused, false),
            "down" => (NodeState::Down, false),
            "joining" => (NodeState::Joining, false),
            "draining" => (NodeState::Paused, true),
            other => panic!("{other}"),
        };
        Seen { id: NodeId(id.parse().expect("a number")), state, is_draining }
    }

    #[track_caller]
    fn check(nodes: &[&str], node: u32, target: Option<u32>, expected: Result<(), NoDrain>) {
        let nodes: Vec<Seen> = nodes.iter().map(|node| seen(node)).collect();
        assert_eq!(check_drain(&nodes, NodeId(node), target.map(NodeId)), expected);
    }

    #[test]
    fn a_drain_needs_somewhere_to_go() {
        use NoDrain::*;
        check(&["1 up"], 1, None, Err(NowhereToGo));
        check(&["1 up", "2 down", "3 paused", "4 joining", "5 draining"], 1, None, Err(NowhereToGo));
        check(&["1 up", "2 down", "3 up"], 1, None, Ok(()));
        check(&["1 paused", "2 up"], 1, None, Ok(()));
        check(&["1 draining", "2 up"], 1, None, Err(Runs));
        check(&["1 draining", "2 down"], 1, None, Err(Runs));
        check(&["1 down", "2 up"], 1, None, Err(NotUp(NodeState::Down)));
        check(&["1 joining", "2 up"], 1, None, Err(NotUp(NodeState::Joining)));
        check(&["1 up", "2 up"], 3, None, Err(Gone(NodeId(3))));
    }

    #[test]
    fn a_target_has_to_be_another_node_that_is_up() {
        use NoDrain::*;
        let nodes = ["1 up", "2 up", "3 down", "4 paused", "5 draining"];
        check(&nodes, 1, Some(2), Ok(()));
        check(&nodes, 1, Some(1), Err(Itself));
        check(&nodes, 1, Some(3), Err(TargetNotUp(NodeId(3), NodeState::Down)));
        check(&nodes, 1, Some(4), Err(TargetNotUp(NodeId(4), NodeState::Paused)));
        check(&nodes, 1, Some(5), Err(TargetNotUp(NodeId(5), NodeState::Paused)));
        check(&nodes, 1, Some(9), Err(Gone(NodeId(9))));
        check(&["1 up"], 1, Some(1), Err(Itself));
    }
}
