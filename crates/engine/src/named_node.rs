//! Control codes that a stated node is to carry out. Decides whether the node can.

use mainstay_types::{GroupId, NodeId, NodeState, ObjectId};

use crate::Engine;
use crate::command::{Call, Command};
use crate::error::{ClusterError, Refusal};

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

    /// A node that is there and serves.
    pub(crate) fn check_available(&self, node: NodeId) -> Result<(), Refusal> {
        self.check_object(&ObjectId::Node(node))?;
        match self.view().node_state(node) {
            NodeState::Up | NodeState::Paused => Ok(()),
            state => {
                let node = self.plain_name(&ObjectId::Node(node));
                Err(ClusterError::NodeNotAvailable { node, state }.into())
            }
        }
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
