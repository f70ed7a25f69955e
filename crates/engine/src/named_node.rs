//! Calls that name a node: a control code that a stated node is to carry out, and a group that is to be on one.
//!
//! Decides whether the node can. It moves nothing: a group is on its node already, or the call is refused.

use mainstay_types::{Access, GroupId, NodeId, NodeState, ObjectId, Status};

use crate::Engine;
use crate::command::{Call, Command};
use crate::error::{ClusterError, Refusal, RequestError};

impl Engine {
    /// A control code for a stated node, as one for the node that owns the object, or its refusal.
    pub(crate) fn serve_control_on_node(&mut self, mut call: Call) {
        let Command::ControlOnNode { node, object, code, input, output_length_max } = call.command else {
            return;
        };
        let checked = self.check_host_node(&object, node);
        call.command = Command::Control { object, code, input, output_length_max };
        match checked {
            Ok(()) => self.serve(call),
            Err(refusal) if code.modifies() => self.refuse(&call, None, &refusal),
            Err(refusal) => self.answer_call(call.id, refusal.status(), None, refusal.to_string()),
        }
    }

    /// A group that is to be on a node (opnum 52). Where it is already, there is nothing to do and nothing to record.
    pub(crate) fn serve_move(&mut self, call: &Call) {
        let Command::MoveGroup { group, node } = call.command else { return };
        let checked = match call.caller.access {
            Access::Full => self.check_move(group, node),
            Access::Read => Err(RequestError::AccessDenied { verb: "move" }.into()),
        };
        match checked {
            Ok(()) => self.answer_call(call.id, Status::SUCCESS, None, String::new()),
            Err(refusal) => self.refuse(call, None, &refusal),
        }
    }

    fn check_move(&self, group: GroupId, node: NodeId) -> Result<(), Refusal> {
        self.check_object(&ObjectId::Group(group))?;
        self.check_available(node)?;
        self.check_owns(group, node)
    }

    /// What a node says of a resource is said by its hosts, so the resource has to be able to be there.
    pub(crate) fn check_host_node(&self, object: &ObjectId, node: NodeId) -> Result<(), Refusal> {
        self.check_object(object)?;
        self.check_available(node)?;
        match object {
            ObjectId::Group(id) => self.check_owns(*id, node),
            ObjectId::Resource(id) => match self.model.resource(*id) {
                Some(resource) if !resource.may_run_on(node) => {
                    let (name, node) = (resource.name.to_string(), self.plain_name(&ObjectId::Node(node)));
                    Err(ClusterError::HostNotPossibleOwner { name, node }.into())
                }
                _ => Ok(()),
            },
            ObjectId::Cluster
            | ObjectId::Node(_)
            | ObjectId::ResourceType(_)
            | ObjectId::GroupSet(_)
            | ObjectId::Network(_)
            | ObjectId::NetworkInterface(_) => Ok(()),
        }
    }

    fn check_available(&self, node: NodeId) -> Result<(), Refusal> {
        self.check_object(&ObjectId::Node(node))?;
        match self.view().node_state(node) {
            NodeState::Up | NodeState::Paused => Ok(()),
            state => {
                let node = self.plain_name(&ObjectId::Node(node));
                Err(ClusterError::NodeNotAvailable { node, state }.into())
            }
        }
    }

    /// The node that owns a group, by its owner record.
    pub(crate) fn owner_node(&self, group: GroupId) -> NodeId {
        self.model.owner(group).map_or(self.config.node, |owner| owner.node)
    }

    fn check_owns(&self, group: GroupId, node: NodeId) -> Result<(), Refusal> {
        let owner = self.owner_node(group);
        if owner == node {
            return Ok(());
        }
        let named = |node| self.plain_name(&ObjectId::Node(node));
        let name = self.plain_name(&ObjectId::Group(group));
        Err(ClusterError::NotGroupOwner { name, node: named(node), owner: named(owner) }.into())
    }
}
