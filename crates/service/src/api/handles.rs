//! Context handles of one connection. They die with it.

use std::collections::HashMap;

use mainstay_cmrp::{
    AnyHandle, ClusterHandle, GroupHandle, GroupSetHandle, NetInterfaceHandle, NetworkHandle, NodeHandle,
    NotifyHandle, ResourceHandle,
};
use mainstay_ndr::ContextHandle;
use mainstay_types::{Access, GroupId, GroupSetId, NetworkId, NetworkInterfaceId, NodeId, ResourceId};
use uuid::Uuid;

use crate::ids::random_uuid;
use crate::watchers::PortId;

/// How many handles one connection may hold. A console that opens everything in the largest cluster needs fewer.
const HANDLES_MAX: usize = 65_536;

/// What a handle stands for, and what may be done through it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Held {
    /// The cluster.
    Cluster(Access),
    /// A node.
    Node(NodeId, Access),
    /// A group.
    Group(GroupId, Access),
    /// A group set.
    GroupSet(GroupSetId, Access),
    /// A network.
    Network(NetworkId, Access),
    /// A network interface.
    Interface(NetworkInterfaceId, Access),
    /// A resource.
    Resource(ResourceId, Access),
    /// A notification port.
    Notify(PortId),
}

/// Why a handle is no good.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum BadHandle {
    /// It was never given on this connection, or has been given back: the call ends in a fault.
    Unknown,
    /// It stands for another kind of object: ERROR_INVALID_HANDLE.
    OtherKind,
}

/// The handles of one connection.
pub(super) struct Handles {
    held: HashMap<Uuid, Held>,
    /// Where this connection's numbers begin. Random, so that a handle of another connection, or of one that has ended,
    /// stands for nothing here, instead of for another object.
    first: u128,
    given: u128,
}

macro_rules! lookups {
    ($($(#[$doc:meta])* $name:ident($handle:ty) -> $target:ty, $pattern:pat => $value:expr;)*) => {
        impl Handles {
            $(
                $(#[$doc])*
                pub(super) fn $name(&self, handle: $handle) -> Result<$target, BadHandle> {
                    match self.find(handle.into())? {
                        $pattern => Ok($value),
                        _ => Err(BadHandle::OtherKind),
                    }
                }
            )*
        }
    };
}

lookups! {
    /// The access of a cluster handle.
    cluster(ClusterHandle) -> Access, Held::Cluster(access) => access;
    /// The node of a node handle.
    node(NodeHandle) -> (NodeId, Access), Held::Node(id, access) => (id, access);
    /// The group of a group handle.
    group(GroupHandle) -> (GroupId, Access), Held::Group(id, access) => (id, access);
    /// The group set of a group set handle.
    group_set(GroupSetHandle) -> (GroupSetId, Access), Held::GroupSet(id, access) => (id, access);
    /// The network of a network handle.
    network(NetworkHandle) -> (NetworkId, Access), Held::Network(id, access) => (id, access);
    /// The network interface of a network interface handle.
    interface(NetInterfaceHandle) -> (NetworkInterfaceId, Access), Held::Interface(id, access) => (id, access);
    /// The resource of a resource handle.
    resource(ResourceHandle) -> (ResourceId, Access), Held::Resource(id, access) => (id, access);
    /// The port of a notification handle.
    notify(NotifyHandle) -> PortId, Held::Notify(port) => port;
}

impl Handles {
    /// No handle yet.
    pub(super) fn new() -> Self {
        Handles { held: HashMap::new(), first: random_uuid().as_u128(), given: 0 }
    }

    /// Gives a handle out; `None` when the connection holds too many.
    pub(super) fn give<H: From<ContextHandle>>(&mut self, held: Held) -> Option<H> {
        if self.held.len() >= HANDLES_MAX {
            return None;
        }
        self.given += 1;
        let uuid = Uuid::from_u128(self.first.wrapping_add(self.given));
        self.held.insert(uuid, held);
        Some(ContextHandle { attributes: 0, uuid }.into())
    }

    /// Takes a handle back.
    pub(super) fn take_back(&mut self, handle: impl Into<ContextHandle>) {
        let handle: ContextHandle = handle.into();
        self.held.remove(&handle.uuid);
    }

    /// What a handle of any kind stands for.
    pub(super) fn any(&self, handle: AnyHandle) -> Result<Held, BadHandle> {
        self.find(handle.into())
    }

    /// The ports among the handles, to be closed when the connection ends.
    pub(super) fn ports(&self) -> impl Iterator<Item = PortId> + '_ {
        self.held.values().filter_map(|held| match held {
            Held::Notify(port) => Some(*port),
            _ => None,
        })
    }

    fn find(&self, handle: ContextHandle) -> Result<Held, BadHandle> {
        self.held.get(&handle.uuid).copied().ok_or(BadHandle::Unknown)
    }
}
