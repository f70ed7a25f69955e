//! Nodes.

use mainstay_ndr::NdrParams;

use crate::NodeHandle;

/// `ApiGetNodeId` (opnum 48): the id of a node, a decimal number as text.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct GetNodeId {
    /// The node.
    pub node: NodeHandle,
}

/// `ApiOpenNode` (opnum 66): opens a node by name or id, with full access.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct OpenNode {
    /// Name or id.
    pub name: String,
}

/// `ApiCloseNode` (opnum 67): gives a node's handle back.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct CloseNode {
    /// The node.
    pub node: NodeHandle,
}

/// `ApiGetNodeState` (opnum 68): the state of a node, `CLUSTER_NODE_STATE`.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct GetNodeState {
    /// The node.
    pub node: NodeHandle,
}

/// `ApiPauseNode` (opnum 69): keeps groups from moving to a node.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct PauseNode {
    /// The node.
    pub node: NodeHandle,
}

/// `ApiResumeNode` (opnum 70): ends a pause.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct ResumeNode {
    /// The node.
    pub node: NodeHandle,
}

/// `ApiEvictNode` (opnum 71): removes a node from the cluster.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct EvictNode {
    /// The node.
    pub node: NodeHandle,
}

/// `ApiCreateNodeEnum` (opnum 101): what belongs to a node: network interfaces, groups; by name.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct CreateNodeEnum {
    /// The node.
    pub node: NodeHandle,
    /// Types asked for, as bits.
    pub type_mask: u32,
}

/// `ApiOpenNodeEx` (opnum 118): opens a node by name or id, with a stated access.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct OpenNodeEx {
    /// Name or id.
    pub name: String,
    /// Access mask asked for.
    pub desired_access: u32,
}

/// `ApiCreateNodeEnumEx` (opnum 124): what belongs to a node: network interfaces, groups; by id and by name.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct CreateNodeEnumEx {
    /// The node.
    pub node: NodeHandle,
    /// Types asked for, as bits.
    pub type_mask: u32,
    /// Reserved; 0.
    pub options: u32,
}

/// `ApiPauseNodeEx` (opnum 126): pauses a node, and moves its groups away if asked.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct PauseNodeEx {
    /// The node.
    pub node: NodeHandle,
    /// Whether its groups move away.
    pub drain: bool,
    /// 1 leaves groups that cannot move.
    pub flags: u32,
}

/// `ApiPauseNodeWithDrainTarget` (opnum 127): pauses a node and moves its groups to a stated node.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct PauseNodeWithDrainTarget {
    /// The node.
    pub node: NodeHandle,
    /// 1 leaves groups that cannot move.
    pub flags: u32,
    /// Where its groups move.
    pub drain_target: NodeHandle,
}

/// `ApiResumeNodeEx` (opnum 128): ends a pause, and says what becomes of the groups that moved away.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct ResumeNodeEx {
    /// The node.
    pub node: NodeHandle,
    /// `CLUSTER_NODE_RESUME_FAILBACK_TYPE`.
    pub failback: u32,
    /// Reserved; 0.
    pub flags: u32,
}
