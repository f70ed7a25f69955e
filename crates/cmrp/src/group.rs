//! Groups: their life, their state, and moving them.

use mainstay_ndr::{Ndr, NdrParams};

use crate::response::plain_responses;
use crate::{GroupHandle, NodeHandle, RpcStatus};

/// `ApiOpenGroup` (opnum 41): opens a group by name or id, with full access.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct OpenGroup {
    /// Name or id.
    pub name: String,
}

/// `ApiCreateGroup` (opnum 42): makes a group.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct CreateGroup {
    /// Name.
    pub name: String,
}

/// `ApiDeleteGroup` (opnum 43): removes a group.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct DeleteGroup {
    /// The group.
    pub group: GroupHandle,
    /// Whether its resources are removed with it.
    pub force: bool,
}

/// `ApiCloseGroup` (opnum 44): gives a group's handle back.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct CloseGroup {
    /// The group.
    pub group: GroupHandle,
}

/// `ApiGetGroupState` (opnum 45): the state of a group, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct GetGroupState {
    /// The group.
    pub group: GroupHandle,
}

/// The answer to [`GetGroupState`].
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct GetGroupStateResponse {
    /// `CLUSTER_GROUP_STATE`.
    pub state: u32,
    /// Name of the node that owns it.
    pub node_name: Option<String>,
    /// 0.
    pub rpc_status: RpcStatus,
    /// Win32 code.
    pub status: u32,
}

/// `ApiSetGroupName` (opnum 46): renames a group.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct SetGroupName {
    /// The group.
    pub group: GroupHandle,
    /// New name.
    pub name: String,
}

/// `ApiGetGroupId` (opnum 47): the id of a group.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct GetGroupId {
    /// The group.
    pub group: GroupHandle,
}

/// `ApiOnlineGroup` (opnum 49): brings a group online.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct OnlineGroup {
    /// The group.
    pub group: GroupHandle,
}

/// `ApiOfflineGroup` (opnum 50): takes a group offline.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct OfflineGroup {
    /// The group.
    pub group: GroupHandle,
}

/// `ApiMoveGroup` (opnum 51): moves a group to the best other node.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct MoveGroup {
    /// The group.
    pub group: GroupHandle,
}

/// `ApiMoveGroupToNode` (opnum 52): moves a group to a node.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct MoveGroupToNode {
    /// The group.
    pub group: GroupHandle,
    /// The node.
    pub node: NodeHandle,
}

/// `ApiCreateGroupResourceEnum` (opnum 53): what belongs to a group: resources, preferred owners.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct CreateGroupResourceEnum {
    /// The group.
    pub group: GroupHandle,
    /// Types asked for, as bits.
    pub type_mask: u32,
}

/// `ApiSetGroupNodeList` (opnum 54): replaces the preferred owners.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct SetGroupNodeList {
    /// The group.
    pub group: GroupHandle,
    /// Names or ids of nodes in UTF-16, each with its NUL, and one more NUL; null is none.
    #[ndr(count_after)]
    pub nodes: Option<Vec<u16>>,
}

/// `ApiOpenGroupEx` (opnum 119): opens a group by name or id, with a stated access.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct OpenGroupEx {
    /// Name or id.
    pub name: String,
    /// Access mask asked for.
    pub desired_access: u32,
}

/// `ApiCreateGroupEx` (opnum 129): makes a group of a stated type.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct CreateGroupEx {
    /// Name.
    pub name: String,
    /// The type; null is the default.
    pub info: Option<CreateGroupInfo>,
}

/// `CLUSTER_CREATE_GROUP_INFO_RPC`: what kind of group to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Ndr)]
pub struct CreateGroupInfo {
    /// Version of this structure; 1.
    pub version: u32,
    /// `CLUSGROUP_TYPE`.
    pub group_type: u32,
}

/// `ApiOnlineGroupEx` (opnum 130): brings a group online, with flags.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct OnlineGroupEx {
    /// The group.
    pub group: GroupHandle,
    /// Flags.
    pub flags: u32,
    /// Property list; empty is none.
    #[ndr(count_after)]
    pub input: Vec<u8>,
}

/// `ApiOfflineGroupEx` (opnum 131): takes a group offline, with flags.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct OfflineGroupEx {
    /// The group.
    pub group: GroupHandle,
    /// Flags.
    pub flags: u32,
    /// Property list; empty is none.
    #[ndr(count_after)]
    pub input: Vec<u8>,
}

/// `ApiMoveGroupEx` (opnum 132): moves a group to the best other node, with flags.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct MoveGroupEx {
    /// The group.
    pub group: GroupHandle,
    /// Flags.
    pub flags: u32,
    /// Property list; empty is none.
    #[ndr(count_after)]
    pub input: Vec<u8>,
}

/// `ApiMoveGroupToNodeEx` (opnum 133): moves a group to a node, with flags.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct MoveGroupToNodeEx {
    /// The group.
    pub group: GroupHandle,
    /// The node.
    pub node: NodeHandle,
    /// Flags.
    pub flags: u32,
    /// Property list; empty is none.
    #[ndr(count_after)]
    pub input: Vec<u8>,
}

/// `ApiCancelClusterGroupOperation` (opnum 134): cancels what is pending on a group.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct CancelClusterGroupOperation {
    /// The group.
    pub group: GroupHandle,
    /// Reserved; 0.
    pub flags: u32,
}

/// `ApiSetGroupDependencyExpression` (opnum 175): replaces the groups that a group depends on by an expression.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct SetGroupDependencyExpression {
    /// The group.
    pub group: GroupHandle,
    /// The expression; empty removes all dependencies.
    pub expression: String,
}

/// `ApiRemoveClusterGroupDependency` (opnum 176): ends a group's dependency on another group.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct RemoveClusterGroupDependency {
    /// The dependent.
    pub group: GroupHandle,
    /// The group that it depends on.
    pub provider: GroupHandle,
}

plain_responses!(GetGroupStateResponse);
