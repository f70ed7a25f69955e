//! Events: what watchers are told, in the shapes of notification version 2 (MS-CMRP 2.2.3.x, clusapi.h).

use serde::{Deserialize, Serialize};

use crate::ObjectId;

/// The object types of NOTIFY_FILTER_AND_TYPE.
pub mod object_type {
    /// CLUSTER_OBJECT_TYPE_CLUSTER.
    pub const CLUSTER: u32 = 1;
    /// CLUSTER_OBJECT_TYPE_GROUP.
    pub const GROUP: u32 = 2;
    /// CLUSTER_OBJECT_TYPE_RESOURCE.
    pub const RESOURCE: u32 = 3;
    /// CLUSTER_OBJECT_TYPE_RESOURCE_TYPE.
    pub const RESOURCE_TYPE: u32 = 4;
    /// CLUSTER_OBJECT_TYPE_NODE.
    pub const NODE: u32 = 7;
}

/// What happened. Each kind is one bit of one object type's filter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum EventKind {
    /// A group was created.
    ClusterGroupAdded,
    /// A resource type was created.
    ClusterResourceTypeAdded,
    /// A common property of the cluster changed.
    ClusterCommonProperty,
    /// A private property of the cluster changed.
    ClusterPrivateProperty,
    /// The cluster was renamed.
    ClusterRenamed,
    /// The watcher was too slow: events between the last one and this are lost.
    LostNotifications,
    /// A group was deleted.
    GroupDeleted,
    /// A common property of a group changed.
    GroupCommonProperty,
    /// A private property of a group changed.
    GroupPrivateProperty,
    /// A group's state changed.
    GroupState,
    /// A group has another owner.
    GroupOwnerNode,
    /// A resource was created in the group.
    GroupResourceAdded,
    /// A resource came from another group.
    GroupResourceGained,
    /// A resource left the group, by deletion too.
    GroupResourceLost,
    /// A common property of a resource changed.
    ResourceCommonProperty,
    /// A private property of a resource changed.
    ResourcePrivateProperty,
    /// A resource's state changed.
    ResourceState,
    /// A resource's dependencies changed.
    ResourceDependencies,
    /// Others depend on the resource, or do so no longer.
    ResourceDependents,
    /// A resource's possible owners changed.
    ResourcePossibleOwners,
    /// A resource was deleted.
    ResourceDeleted,
    /// Recovery of a resource is exhausted.
    ResourceTerminalState,
    /// A resource type was deleted.
    ResourceTypeDeleted,
    /// A common property of a resource type changed.
    ResourceTypeCommonProperty,
    /// A private property of a resource type changed.
    ResourceTypePrivateProperty,
    /// A common property of a node changed.
    NodeCommonProperty,
    /// A node's state changed.
    NodeState,
}

impl EventKind {
    /// Object type and filter bit in NOTIFY_FILTER_AND_TYPE.
    pub fn filter(self) -> (u32, u64) {
        use object_type::{CLUSTER, GROUP, NODE, RESOURCE, RESOURCE_TYPE};
        match self {
            Self::ClusterGroupAdded => (CLUSTER, 0x4),
            Self::ClusterResourceTypeAdded => (CLUSTER, 0x40),
            Self::ClusterCommonProperty => (CLUSTER, 0x80),
            Self::ClusterPrivateProperty => (CLUSTER, 0x100),
            Self::LostNotifications => (CLUSTER, 0x200),
            Self::ClusterRenamed => (CLUSTER, 0x400),
            Self::GroupDeleted => (GROUP, 0x1),
            Self::GroupCommonProperty => (GROUP, 0x2),
            Self::GroupPrivateProperty => (GROUP, 0x4),
            Self::GroupState => (GROUP, 0x8),
            Self::GroupOwnerNode => (GROUP, 0x10),
            Self::GroupResourceAdded => (GROUP, 0x40),
            Self::GroupResourceGained => (GROUP, 0x80),
            Self::GroupResourceLost => (GROUP, 0x100),
            Self::ResourceCommonProperty => (RESOURCE, 0x1),
            Self::ResourcePrivateProperty => (RESOURCE, 0x2),
            Self::ResourceState => (RESOURCE, 0x4),
            Self::ResourceDependencies => (RESOURCE, 0x10),
            Self::ResourceDependents => (RESOURCE, 0x20),
            Self::ResourcePossibleOwners => (RESOURCE, 0x40),
            Self::ResourceDeleted => (RESOURCE, 0x80),
            Self::ResourceTerminalState => (RESOURCE, 0x400),
            Self::ResourceTypeDeleted => (RESOURCE_TYPE, 0x1),
            Self::ResourceTypeCommonProperty => (RESOURCE_TYPE, 0x2),
            Self::ResourceTypePrivateProperty => (RESOURCE_TYPE, 0x4),
            Self::NodeCommonProperty => (NODE, 0x4),
            Self::NodeState => (NODE, 0x10),
        }
    }
}

/// One event, with everything that a watcher is told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// The object that it happened to.
    pub object: ObjectId,
    /// ObjectId of the notification: a GUID, a node number, or empty.
    pub object_id: String,
    /// ParentId: for a resource its group's id, for a group its owner node's; else empty.
    pub parent_id: String,
    /// The object's name.
    pub name: String,
    /// The resource's type; else empty.
    pub type_name: String,
    /// The buffer of the notification: a state as a little-endian DWORD, an id or text as UTF-16LE with NUL, a
    /// multi-string, or a property list of what changed; which one is the kind's (MS-CMRP 3.1.4.2.139).
    #[serde(with = "serde_bytes")]
    pub buffer: Vec<u8>,
}
