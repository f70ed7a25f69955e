//! Networks.

use mainstay_ndr::NdrParams;

use crate::NetworkHandle;

/// `ApiOpenNetwork` (opnum 81): opens a network by name or id, with full access.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct OpenNetwork {
    /// Name or id.
    pub name: String,
}

/// `ApiCloseNetwork` (opnum 82): gives a network's handle back.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct CloseNetwork {
    /// The network.
    pub network: NetworkHandle,
}

/// `ApiGetNetworkState` (opnum 83): the state of a network, `CLUSTER_NETWORK_STATE`.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct GetNetworkState {
    /// The network.
    pub network: NetworkHandle,
}

/// `ApiSetNetworkName` (opnum 84): renames a network.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct SetNetworkName {
    /// The network.
    pub network: NetworkHandle,
    /// New name.
    pub name: String,
}

/// `ApiCreateNetworkEnum` (opnum 85): what belongs to a network: network interfaces.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct CreateNetworkEnum {
    /// The network.
    pub network: NetworkHandle,
    /// Types asked for, as bits.
    pub type_mask: u32,
}

/// `ApiGetNetworkId` (opnum 86): the id of a network.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct GetNetworkId {
    /// The network.
    pub network: NetworkHandle,
}

/// `ApiSetNetworkPriorityOrder` (opnum 87): orders the networks that the nodes talk over.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct SetNetworkPriorityOrder {
    /// Ids of networks, the preferred one first.
    #[ndr(count_before)]
    pub ids: Vec<Option<String>>,
}

/// `ApiOpenNetworkEx` (opnum 121): opens a network by name or id, with a stated access.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct OpenNetworkEx {
    /// Name or id.
    pub name: String,
    /// Access mask asked for.
    pub desired_access: u32,
}
