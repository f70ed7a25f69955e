//! Resources: their life, their state, their dependencies and their possible owners.

use mainstay_ndr::NdrParams;

use crate::response::plain_responses;
use crate::{GroupHandle, NodeHandle, ResourceHandle, RpcStatus};

/// `ApiOpenResource` (opnum 8): opens a resource by name or id, with full access.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct OpenResource {
    /// Name or id.
    pub name: String,
}

/// `ApiCreateResource` (opnum 9): makes a resource.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct CreateResource {
    /// The group it will be in.
    pub group: GroupHandle,
    /// Name.
    pub name: String,
    /// Name of its resource type.
    pub type_name: String,
    /// 1 asks for a resource monitor of its own.
    pub flags: u32,
}

/// `ApiDeleteResource` (opnum 10): removes a resource.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct DeleteResource {
    /// The resource.
    pub resource: ResourceHandle,
}

/// `ApiCloseResource` (opnum 11): gives a resource's handle back.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct CloseResource {
    /// The resource.
    pub resource: ResourceHandle,
}

/// `ApiGetResourceState` (opnum 12): the state of a resource, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct GetResourceState {
    /// The resource.
    pub resource: ResourceHandle,
}

/// The answer to [`GetResourceState`].
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct GetResourceStateResponse {
    /// `CLUSTER_RESOURCE_STATE`.
    pub state: u32,
    /// Name of the node that owns its group.
    pub node_name: Option<String>,
    /// Name of its group.
    pub group_name: Option<String>,
    /// 0.
    pub rpc_status: RpcStatus,
    /// Win32 code.
    pub status: u32,
}

/// `ApiSetResourceName` (opnum 13): renames a resource.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct SetResourceName {
    /// The resource.
    pub resource: ResourceHandle,
    /// New name.
    pub name: String,
}

/// `ApiGetResourceId` (opnum 14): the id of a resource.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct GetResourceId {
    /// The resource.
    pub resource: ResourceHandle,
}

/// `ApiGetResourceType` (opnum 15): the name of a resource's type.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct GetResourceType {
    /// The resource.
    pub resource: ResourceHandle,
}

/// `ApiFailResource` (opnum 16): lets a resource fail.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct FailResource {
    /// The resource.
    pub resource: ResourceHandle,
}

/// `ApiOnlineResource` (opnum 17): brings a resource online.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct OnlineResource {
    /// The resource.
    pub resource: ResourceHandle,
}

/// `ApiOfflineResource` (opnum 18): takes a resource offline.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct OfflineResource {
    /// The resource.
    pub resource: ResourceHandle,
}

/// `ApiAddResourceDependency` (opnum 19): makes a resource depend on another.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct AddResourceDependency {
    /// The dependent.
    pub resource: ResourceHandle,
    /// The resource that it will depend on.
    pub provider: ResourceHandle,
}

/// `ApiRemoveResourceDependency` (opnum 20): ends a dependency.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct RemoveResourceDependency {
    /// The dependent.
    pub resource: ResourceHandle,
    /// The resource that it depends on.
    pub provider: ResourceHandle,
}

/// `ApiCanResourceBeDependent` (opnum 21): whether a dependency could be made.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct CanResourceBeDependent {
    /// The resource that would be depended on.
    pub resource: ResourceHandle,
    /// The dependent.
    pub dependent: ResourceHandle,
}

/// `ApiCreateResEnum` (opnum 22): what belongs to a resource: providers, dependents, nodes.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct CreateResEnum {
    /// The resource.
    pub resource: ResourceHandle,
    /// Types asked for, as bits.
    pub type_mask: u32,
}

/// `ApiAddResourceNode` (opnum 23): adds a possible owner.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct AddResourceNode {
    /// The resource.
    pub resource: ResourceHandle,
    /// The node.
    pub node: NodeHandle,
}

/// `ApiRemoveResourceNode` (opnum 24): removes a possible owner.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct RemoveResourceNode {
    /// The resource.
    pub resource: ResourceHandle,
    /// The node.
    pub node: NodeHandle,
}

/// `ApiChangeResourceGroup` (opnum 25): moves a resource into another group.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct ChangeResourceGroup {
    /// The resource.
    pub resource: ResourceHandle,
    /// The new group.
    pub group: GroupHandle,
}

/// `ApiSetResourceDependencyExpression` (opnum 109): replaces all dependencies by an expression.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct SetResourceDependencyExpression {
    /// The resource.
    pub resource: ResourceHandle,
    /// The expression; null or empty removes all dependencies.
    pub expression: Option<String>,
}

/// `ApiGetResourceDependencyExpression` (opnum 110): the dependencies as an expression.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct GetResourceDependencyExpression {
    /// The resource.
    pub resource: ResourceHandle,
}

/// `ApiGetResourceNetworkName` (opnum 112): the name of the Network Name resource that a resource depends on.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct GetResourceNetworkName {
    /// The resource.
    pub resource: ResourceHandle,
}

/// `ApiOpenResourceEx` (opnum 120): opens a resource by name or id, with a stated access.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct OpenResourceEx {
    /// Name or id.
    pub name: String,
    /// Access mask asked for.
    pub desired_access: u32,
}

/// `ApiChangeCsvState` (opnum 123): makes a disk a shared volume, or an ordinary one again.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct ChangeCsvState {
    /// The resource.
    pub resource: ResourceHandle,
    /// 1 for a shared volume, 0 for an ordinary one.
    pub state: u32,
}

/// `ApiOnlineResourceEx` (opnum 135): brings a resource online, with flags.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct OnlineResourceEx {
    /// The resource.
    pub resource: ResourceHandle,
    /// Flags.
    pub flags: u32,
    /// Property list for the resource; empty is none.
    #[ndr(count_after)]
    pub input: Vec<u8>,
}

/// `ApiOfflineResourceEx` (opnum 136): takes a resource offline, with flags.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct OfflineResourceEx {
    /// The resource.
    pub resource: ResourceHandle,
    /// Flags.
    pub flags: u32,
    /// Property list for the resource and its online dependents; empty is none.
    #[ndr(count_after)]
    pub input: Vec<u8>,
}

/// `ApiRestartResource` (opnum 146): takes a resource offline and back to its persistent state.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct RestartResource {
    /// The resource.
    pub resource: ResourceHandle,
    /// Ignored by servers.
    pub flags: u32,
}

/// `ApiChangeCsvStateEx` (opnum 182): makes a volume of a disk shared, or an ordinary one again.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct ChangeCsvStateEx {
    /// The resource.
    pub resource: ResourceHandle,
    /// 1 for a shared volume, 0 for an ordinary one.
    pub state: u32,
    /// Name of the volume.
    pub volume_name: String,
}

/// `ApiChangeResourceGroupEx` (opnum 184): moves a resource into another group, with flags.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct ChangeResourceGroupEx {
    /// The resource.
    pub resource: ResourceHandle,
    /// The new group.
    pub group: GroupHandle,
    /// Flags.
    pub flags: u64,
}

plain_responses!(GetResourceStateResponse);
