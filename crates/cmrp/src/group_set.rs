//! Group sets: groups taken together, and dependencies between them.

use mainstay_ndr::NdrParams;

use crate::{ClusterHandle, GroupHandle, GroupSetHandle};

/// `ApiCreateGroupSet` (opnum 163): makes a group set.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct CreateGroupSet {
    /// Name.
    pub name: String,
}

/// `ApiOpenGroupSet` (opnum 164): opens a group set.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct OpenGroupSet {
    /// Name.
    pub name: String,
}

/// `ApiCloseGroupSet` (opnum 165): gives a group set's handle back.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct CloseGroupSet {
    /// The group set.
    pub group_set: GroupSetHandle,
}

/// `ApiDeleteGroupSet` (opnum 166): removes a group set.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct DeleteGroupSet {
    /// The group set.
    pub group_set: GroupSetHandle,
}

/// `ApiAddGroupToGroupSet` (opnum 167): puts a group into a group set.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct AddGroupToGroupSet {
    /// The group set.
    pub group_set: GroupSetHandle,
    /// The group.
    pub group: GroupHandle,
}

/// `ApiRemoveGroupFromGroupSet` (opnum 168): takes a group out of its group set.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct RemoveGroupFromGroupSet {
    /// The group.
    pub group: GroupHandle,
}

/// `ApiMoveGroupToGroupSet` (opnum 169): moves a group into another group set.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct MoveGroupToGroupSet {
    /// The new group set.
    pub group_set: GroupSetHandle,
    /// The group.
    pub group: GroupHandle,
}

/// `ApiAddGroupSetDependency` (opnum 171): makes a group set depend on another.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct AddGroupSetDependency {
    /// The dependent.
    pub group_set: GroupSetHandle,
    /// The group set that it will depend on.
    pub provider: GroupSetHandle,
}

/// `ApiAddGroupToGroupSetDependency` (opnum 172): makes a group depend on a group set.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct AddGroupToGroupSetDependency {
    /// The dependent.
    pub group: GroupHandle,
    /// The group set that it will depend on.
    pub provider: GroupSetHandle,
}

/// `ApiSetGroupSetDependencyExpression` (opnum 177): replaces the group sets that a group set depends on by an expression.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct SetGroupSetDependencyExpression {
    /// The group set.
    pub group_set: GroupSetHandle,
    /// The expression; empty removes all dependencies.
    pub expression: String,
}

/// `ApiRemoveGroupSetDependency` (opnum 178): ends a group set's dependency on another.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct RemoveGroupSetDependency {
    /// The dependent.
    pub group_set: GroupSetHandle,
    /// The group set that it depends on.
    pub provider: GroupSetHandle,
}

/// `ApiRemoveClusterGroupToGroupSetDependency` (opnum 179): ends a group's dependency on a group set.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct RemoveClusterGroupToGroupSetDependency {
    /// The dependent.
    pub group: GroupHandle,
    /// The group set that it depends on.
    pub provider: GroupSetHandle,
}

/// `ApiCreateGroupSetEnum` (opnum 180): all group sets.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct CreateGroupSetEnum {
    /// The cluster.
    pub cluster: ClusterHandle,
}

/// `ApiAddGroupToGroupSetEx` (opnum 183): puts a group into a group set, with domains.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct AddGroupToGroupSetEx {
    /// The group set.
    pub group_set: GroupSetHandle,
    /// The group.
    pub group: GroupHandle,
    /// Fault domain of the group.
    pub fault_domain: u32,
    /// Update domain of the group.
    pub update_domain: u32,
    /// Whether the domains count.
    pub use_domains: bool,
    /// 0.
    pub reserved: u32,
}
