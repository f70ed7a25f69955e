//! Nodes.

use mainstay_cmrp::node;

use crate::CallError;
use crate::cluster::{Accepted, Cluster};
use crate::object::Node;
use crate::transport::Transport;

/// Nodes.
impl<T: Transport> Cluster<T> {
    /// The state of a node, CLUSTER_NODE_STATE.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn node_state(&mut self, object: &Node) -> Result<u32, CallError> {
        Ok(self.done(|session| Ok(node::GetNodeState { node: session.handle(object)? }))?.state)
    }

    /// Keeps new groups from a node.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn pause_node(&mut self, object: &Node) -> Result<Accepted, CallError> {
        self.accepted(|session| Ok(node::PauseNode { node: session.handle(object)? }))
    }

    /// Keeps new groups from a node, and drains it where asked: to the node that is named, or wherever the service
    /// finds best. The flags are CLUSAPI_NODE_PAUSE_.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn pause_node_ex(
        &mut self,
        object: &Node,
        drain: bool,
        flags: u32,
        target: Option<&Node>,
    ) -> Result<Accepted, CallError> {
        let Some(target) = target.filter(|_| drain) else {
            return self
                .accepted(|session| Ok(node::PauseNodeEx { node: session.handle(object)?, drain, flags }));
        };
        self.accepted(|session| {
            let (node, drain_target) = (session.handle(object)?, session.handle(target)?);
            Ok(node::PauseNodeWithDrainTarget { node, flags, drain_target })
        })
    }

    /// Ends a pause.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn resume_node(&mut self, object: &Node) -> Result<Accepted, CallError> {
        self.accepted(|session| Ok(node::ResumeNode { node: session.handle(object)? }))
    }

    /// Ends a pause, and says what becomes of groups that had left: CLUSTER_NODE_RESUME_FAILBACK_TYPE.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn resume_node_ex(
        &mut self,
        object: &Node,
        failback: u32,
        flags: u32,
    ) -> Result<Accepted, CallError> {
        self.accepted(|session| Ok(node::ResumeNodeEx { node: session.handle(object)?, failback, flags }))
    }
}
