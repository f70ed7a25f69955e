//! Common properties of networks and of network interfaces.
//!
//! The machine states most of them. The documentation gives few formats; what it leaves open is chosen here: LinkSpeed
//! is of 64 bits, since it counts bits per second.

use super::{Table, dword, multi, sz, truth, ularge};

/// ClusterNetworkRoleInternalAndClient: for the cluster itself and for clients.
const ROLE_BOTH: u32 = 3;

/// The greatest Metric, as documented.
const METRIC_MAX: u32 = 0x0FFF_FFFF;

/// Common properties of networks.
pub const NETWORK: Table = Table::new(&[
    sz("Name", "").stated_by_service(),
    sz("Description", ""),
    sz("Address", "").read_only(),
    sz("AddressMask", "").read_only(),
    multi("IPv4Addresses").read_only(),
    multi("IPv4PrefixLengths").read_only(),
    multi("IPv6Addresses").read_only(),
    multi("IPv6PrefixLengths").read_only(),
    // 0 none, 1 the cluster itself, 2 clients, 3 both.
    dword("Role", ROLE_BOTH).within(0, 3),
    // The least that is allowed; while AutoMetric is on, which it is by default, one is found.
    dword("Metric", 1).within(1, METRIC_MAX),
    truth("AutoMetric", 1),
    truth("RssCapable", 0).read_only(),
    truth("RdmaCapable", 0).read_only(),
    ularge("LinkSpeed").read_only(),
]);

/// Common properties of network interfaces.
pub const NETWORK_INTERFACE: Table = Table::new(&[
    sz("Name", "").stated_by_service(),
    sz("Node", "").stated_by_service(),
    sz("Network", "").stated_by_service(),
    sz("Adapter", "").read_only(),
    sz("AdapterId", "").read_only(),
    sz("Address", "").read_only(),
    multi("IPv4Addresses").read_only(),
    multi("IPv6Addresses").read_only(),
    truth("DhcpEnabled", 0).read_only(),
    sz("Description", ""),
]);
