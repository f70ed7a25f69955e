//! Network interfaces.

use mainstay_ndr::NdrParams;

use crate::{ClusterHandle, NetInterfaceHandle};

/// `ApiOpenNetInterface` (opnum 92): opens a network interface by name or id, with full access.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct OpenNetInterface {
    /// Name or id.
    pub name: String,
}

/// `ApiCloseNetInterface` (opnum 93): gives a network interface's handle back.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct CloseNetInterface {
    /// The network interface.
    pub net_interface: NetInterfaceHandle,
}

/// `ApiGetNetInterfaceState` (opnum 94): the state of a network interface.
///
/// Its numbers differ from those of the Win32 header: 0 failed, 1 unreachable, 2 unavailable, 3 up.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct GetNetInterfaceState {
    /// The network interface.
    pub net_interface: NetInterfaceHandle,
}

/// `ApiGetNetInterface` (opnum 95): the name of the interface that connects a node to a network.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct GetNetInterface {
    /// Name of the node.
    pub node_name: String,
    /// Name of the network.
    pub network_name: String,
}

/// `ApiGetNetInterfaceId` (opnum 96): the id of a network interface.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct GetNetInterfaceId {
    /// The network interface.
    pub net_interface: NetInterfaceHandle,
}

/// `ApiOpenNetInterfaceEx` (opnum 122): opens a network interface by name or id, with a stated access.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct OpenNetInterfaceEx {
    /// Name or id.
    pub name: String,
    /// Access mask asked for.
    pub desired_access: u32,
}

/// `ApiCreateNetInterfaceEnum` (opnum 181): the interfaces that connect a node to a network.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct CreateNetInterfaceEnum {
    /// The cluster.
    pub cluster: ClusterHandle,
    /// Name of the node.
    pub node_name: String,
    /// Name of the network.
    pub network_name: String,
}
