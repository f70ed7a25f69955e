//! Where everything is stored: the keys of the database and the names of the registry's values.
//!
//! ```text
//!   registry\...                  the cluster registry (see mainstay_store::registry)
//!     ClusterName, ClusterInstanceID, Security Descriptor     values of the root
//!     Nodes\<n>                   NodeName
//!     Groups\<id>                 Name, GroupType, PersistentState, GroupSet, ProviderGroups, ProviderGroupSets,
//!                                 other common properties when set; Parameters
//!     Resources\<id>              Name, Type, Group, DependsOn, PossibleOwners, PersistentState, ...; Parameters
//!     ResourceTypes\<name>        DllName, DisplayName, ...; Parameters
//!     GroupSets\<id>              Name, ProviderGroupSets, common properties when set; Parameters
//!     Networks                    NetworksMade
//!     Networks\<id>               Name, IPv4Addresses, IPv4PrefixLengths, IPv6Addresses, IPv6PrefixLengths, common
//!                                 properties when set; Parameters
//!     NetworkInterfaces\<id>      Name, Node, Network, Adapter, Condition, what its node says of the adapter; Parameters
//!   schema                        {"version":1}
//!   own/generation                {"generation":1}
//!   own/group/<id>/owner          {"generation":1,"epoch":1,"node":1,"boot":"..."}
//!   own/gone                      {"generation":1,"epoch":7}, once a group was deleted
//!   backup                        in a backup only: its manifest, see backup::Manifest
//!   note/<resource id>            what the resource's type has the cluster keep, see model::notes
//!   op/<operation id>             an operation that has not ended yet, see operation::stored
//! ```

use mainstay_store::registry::{KeyPath, RegistryError};
use mainstay_types::{
    Epoch, GroupId, GroupSetId, Name, NetworkId, NetworkInterfaceId, NodeId, OperationId, ResourceId,
};
use serde::{Deserialize, Serialize};

/// The version of everything in this page. A database with another one is not touched.
pub const SCHEMA_VERSION: u32 = 1;
/// The key of the schema's version.
pub const SCHEMA_KEY: &[u8] = b"schema";
/// The key of the generation of all ownership records.
pub const GENERATION_KEY: &[u8] = b"own/generation";
/// The key of the highest epoch that any group had which is deleted.
pub const GONE_EPOCH_KEY: &[u8] = b"own/gone";

/// Value names at the root.
pub const CLUSTER_NAME: &str = "ClusterName";
/// The cluster's id.
pub const CLUSTER_INSTANCE_ID: &str = "ClusterInstanceID";
/// The self-relative security descriptor that decides who may open what.
pub const SECURITY_DESCRIPTOR: &str = "Security Descriptor";

/// DWORD of the root: 1 to start everything when the machine was started, whatever was last asked.
pub const IGNORE_PERSISTENT_STATE: &str = "IgnorePersistentStateOnStartup";

/// A node's name.
pub const NODE_NAME: &str = "NodeName";
/// The name of a group, a resource or (for its spelling) a type.
pub const NAME: &str = "Name";
/// A resource's type.
pub const TYPE: &str = "Type";
/// A resource's group.
pub const GROUP: &str = "Group";
/// A group's GroupType.
pub const GROUP_TYPE: &str = "GroupType";
/// A resource's dependency expression.
pub const DEPENDS_ON: &str = "DependsOn";
/// The group set that a group is in.
pub const GROUP_SET: &str = "GroupSet";
/// The expression of the groups that a group starts after.
pub const PROVIDER_GROUPS: &str = "ProviderGroups";
/// The expression of the group sets that a group, or a group set, starts after.
pub const PROVIDER_GROUP_SETS: &str = "ProviderGroupSets";
/// DWORD of the root, in seconds: how long a start waits for the groups that it comes after.
pub const GROUP_DEPENDENCY_TIMEOUT: &str = "GroupDependencyTimeout";
/// A resource's possible owners; absent means every node.
pub const POSSIBLE_OWNERS: &str = "PossibleOwners";
/// A group's preferred owners, the best first; node numbers in decimal.
pub const PREFERRED_OWNERS: &str = "PreferredOwners";
/// DWORD: 1 to be online, 0 to be offline, absent when nobody has said.
pub const PERSISTENT_STATE: &str = "PersistentState";
/// DWORD: 1 for a host of its own.
pub const SEPARATE_MONITOR: &str = "SeparateMonitor";
/// DWORD: 1 while failing checks are not acted on, [`MAINTAINED_ONLINE`] if it was online when that began.
pub const MAINTENANCE_MODE: &str = "MaintenanceMode";
/// See [`MAINTENANCE_MODE`].
pub const MAINTAINED_ONLINE: u32 = 2;
/// A type's shared library.
pub const DLL_NAME: &str = "DllName";
/// DWORD of a type that has no library: 1 when everything that it starts stays inside its control group.
pub const CONTAINED: &str = "Contained";
/// How a type is shown.
pub const DISPLAY_NAME: &str = "DisplayName";
/// Bits that the service states; never stored.
pub const STATUS_INFORMATION: &str = "StatusInformation";
/// Milliseconds.
pub const PENDING_TIMEOUT: &str = "PendingTimeout";
/// Milliseconds.
pub const PENDING_LIMIT: &str = "PendingLimit";
/// Milliseconds.
pub const DEADLOCK_TIMEOUT: &str = "DeadlockTimeout";
/// Milliseconds.
pub const LOOKS_ALIVE_INTERVAL: &str = "LooksAlivePollInterval";
/// Milliseconds.
pub const IS_ALIVE_INTERVAL: &str = "IsAlivePollInterval";
/// The subkey of private properties.
pub const PARAMETERS: &str = "Parameters";

/// The type that every cluster has from the beginning.
pub use mainstay_types::offer::GENERIC_APPLICATION;

/// The key under which all resources are.
pub const RESOURCES: &str = "Resources";
/// The key under which all groups are.
pub const GROUPS: &str = "Groups";
/// DWORD of a node: 1 while it is paused.
pub const PAUSED: &str = "Paused";
/// DWORD of a node.
pub const DRAIN_STATUS: &str = "NodeDrainStatus";
/// DWORD of a node: the number of the one that takes its groups.
pub const DRAIN_TARGET: &str = "NodeDrainTarget";
/// The key under which all types are.
pub const RESOURCE_TYPES: &str = "ResourceTypes";
/// The key under which all group sets are.
pub const GROUP_SETS: &str = "GroupSets";
/// The key under which all nodes are.
pub const NODES: &str = "Nodes";
/// The key under which all networks are.
pub const NETWORKS: &str = "Networks";
/// DWORD of that key: how many networks were ever made. Whoever makes one raises it, so that no two nodes make one for
/// the same subnet at once.
pub const NETWORKS_MADE: &str = "NetworksMade";
/// The key under which all network interfaces are.
pub const NETWORK_INTERFACES: &str = "NetworkInterfaces";
/// The number of an interface's node.
pub const INTERFACE_NODE: &str = "Node";
/// The id of an interface's network.
pub const INTERFACE_NETWORK: &str = "Network";
/// The device that an interface is.
pub const ADAPTER: &str = "Adapter";
/// The hardware address of an interface's device.
pub const ADAPTER_ID: &str = "AdapterId";
/// DWORD of an interface: what its node says of it, see `model::networks::Condition`.
pub const CONDITION: &str = "Condition";
/// Subnets of a network, addresses of an interface.
pub const IPV4_ADDRESSES: &str = "IPv4Addresses";
/// As many as addresses.
pub const IPV4_PREFIX_LENGTHS: &str = "IPv4PrefixLengths";
/// Subnets of a network, addresses of an interface.
pub const IPV6_ADDRESSES: &str = "IPv6Addresses";
/// As many as addresses.
pub const IPV6_PREFIX_LENGTHS: &str = "IPv6PrefixLengths";
/// DWORD of an interface: 1 when an address of it is leased.
pub const DHCP_ENABLED: &str = "DhcpEnabled";
/// QWORD of an interface: bits per second.
pub const LINK_SPEED: &str = "LinkSpeed";
/// DWORD of an interface.
pub const RSS_CAPABLE: &str = "RssCapable";
/// DWORD of an interface.
pub const RDMA_CAPABLE: &str = "RdmaCapable";
/// DWORD of a network: what it is for.
pub const ROLE: &str = "Role";
/// DWORD of a network: what it costs.
pub const METRIC: &str = "Metric";
/// Whether the metric of a network is found; never stored, since it is while there is no [`METRIC`].
pub const AUTO_METRIC: &str = "AutoMetric";
/// DWORD of the root: the role of networks that are found.
pub const DEFAULT_NETWORK_ROLE: &str = "DefaultNetworkRole";

/// A resource's key.
pub fn resource_path(id: ResourceId) -> Result<KeyPath, RegistryError> {
    KeyPath::parse(&format!("{RESOURCES}\\{id}"))
}

/// A group's key.
pub fn group_path(id: GroupId) -> Result<KeyPath, RegistryError> {
    KeyPath::parse(&format!("{GROUPS}\\{id}"))
}

/// A group set's key.
pub fn group_set_path(id: GroupSetId) -> Result<KeyPath, RegistryError> {
    KeyPath::parse(&format!("{GROUP_SETS}\\{id}"))
}

/// A network's key.
pub fn network_path(id: NetworkId) -> Result<KeyPath, RegistryError> {
    KeyPath::parse(&format!("{NETWORKS}\\{id}"))
}

/// A network interface's key.
pub fn interface_path(id: NetworkInterfaceId) -> Result<KeyPath, RegistryError> {
    KeyPath::parse(&format!("{NETWORK_INTERFACES}\\{id}"))
}

/// A type's key.
pub fn type_path(name: &Name) -> Result<KeyPath, RegistryError> {
    KeyPath::parse(&format!("{RESOURCE_TYPES}\\{name}"))
}

/// A node's key.
pub fn node_path(id: NodeId) -> Result<KeyPath, RegistryError> {
    KeyPath::parse(&format!("{NODES}\\{id}"))
}

/// The store key of a group's owner record.
pub fn owner_key(group: GroupId) -> Vec<u8> {
    format!("own/group/{group}/owner").into_bytes()
}

/// The store key of an open operation.
pub fn operation_key(id: OperationId) -> Vec<u8> {
    format!("op/{id}").into_bytes()
}

/// The store key of what a resource's type has the cluster keep.
pub fn note_key(id: ResourceId) -> Vec<u8> {
    format!("{NOTE_PREFIX}{id}").into_bytes()
}

/// The prefix of all notes.
pub const NOTE_PREFIX: &str = "note/";

/// The prefix of all open operations.
pub const OPERATION_PREFIX: &str = "op/";

/// Who owns a group, and for the how many-th time it was given.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OwnerRecord {
    /// The generation of the ownership records.
    pub generation: u64,
    /// Counts the claims.
    pub epoch: u64,
    /// The owner.
    pub node: NodeId,
    /// The kernel's boot id on the owner when it claimed; "restored" in a database that nobody has served yet.
    pub boot: String,
}

impl OwnerRecord {
    /// Generation and epoch, as orders carry them.
    pub fn epoch(&self) -> Epoch {
        Epoch { generation: self.generation, epoch: self.epoch }
    }

    /// The record of the next claim.
    pub fn raised(&self, boot: &str) -> Self {
        OwnerRecord { epoch: self.epoch.saturating_add(1), boot: boot.to_owned(), ..self.clone() }
    }

    /// The record of the next claim, newer than an epoch that somebody has seen.
    pub fn raised_above(&self, seen: Epoch, boot: &str) -> Self {
        let Epoch { generation, epoch } = self.epoch().max(seen);
        OwnerRecord { generation, epoch, ..self.clone() }.raised(boot)
    }

    /// As it is stored.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }
}

/// The value of [`SCHEMA_KEY`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Schema {
    /// See [`SCHEMA_VERSION`].
    pub version: u32,
}

/// The value of [`GENERATION_KEY`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Generation {
    /// Raised by force-quorum and by restore.
    pub generation: u64,
}

/// A record as JSON.
pub(crate) fn encode<T: Serialize>(record: &T) -> Vec<u8> {
    // Numbers, strings and lists of them: nothing here is outside of what JSON can say.
    serde_json::to_vec(record).unwrap_or_default()
}

/// An object whose keys a transaction touched.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Touched {
    Cluster,
    Node(NodeId),
    Group(GroupId),
    Resource(ResourceId),
    GroupSet(GroupSetId),
    Network(NetworkId),
    Interface(NetworkInterfaceId),
    /// By the folded name.
    ResourceType(String),
    Owner(GroupId),
}

/// Which object a store key belongs to.
pub(crate) fn touched_by(key: &[u8]) -> Option<Touched> {
    let key = std::str::from_utf8(key).ok()?;
    if let Some(rest) = key.strip_prefix("own/group/") {
        return rest.strip_suffix("/owner")?.parse().ok().map(Touched::Owner);
    }
    let rest = key.strip_prefix("registry\\")?;
    let mut segments = rest.split('\\');
    match (segments.next()?, segments.next()) {
        ("", _) => Some(Touched::Cluster),
        (_, None | Some("")) => None,
        ("resources", Some(id)) => id.parse().ok().map(Touched::Resource),
        ("groups", Some(id)) => id.parse().ok().map(Touched::Group),
        ("groupsets", Some(id)) => id.parse().ok().map(Touched::GroupSet),
        ("networks", Some(id)) => id.parse().ok().map(Touched::Network),
        ("networkinterfaces", Some(id)) => id.parse().ok().map(Touched::Interface),
        ("resourcetypes", Some(name)) => Some(Touched::ResourceType(name.to_owned())),
        ("nodes", Some(id)) => id.parse().ok().map(Touched::Node),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_key_tells_its_object() {
        let resource = ResourceId(uuid::Uuid::from_u128(7));
        let group = GroupId(uuid::Uuid::from_u128(8));
        let set = GroupSetId(uuid::Uuid::from_u128(9));
        let network = NetworkId(uuid::Uuid::from_u128(10));
        let interface = NetworkInterfaceId(uuid::Uuid::from_u128(11));
        let path = resource_path(resource).unwrap();
        for (key, expected) in [
            (path.record_key(), Some(Touched::Resource(resource))),
            (path.value_key("Name").unwrap(), Some(Touched::Resource(resource))),
            (path.join("Parameters").unwrap().value_key("x").unwrap(), Some(Touched::Resource(resource))),
            (group_path(group).unwrap().record_key(), Some(Touched::Group(group))),
            (KeyPath::root().value_key("ClusterName").unwrap(), Some(Touched::Cluster)),
            (KeyPath::parse("Resources").unwrap().record_key(), None),
            (owner_key(group), Some(Touched::Owner(group))),
            (group_set_path(set).unwrap().value_key("Name").unwrap(), Some(Touched::GroupSet(set))),
            (network_path(network).unwrap().value_key("Name").unwrap(), Some(Touched::Network(network))),
            (interface_path(interface).unwrap().record_key(), Some(Touched::Interface(interface))),
            (KeyPath::parse(NETWORKS).unwrap().value_key(NETWORKS_MADE).unwrap(), None),
            (SCHEMA_KEY.to_vec(), None),
            (b"op/1-1".to_vec(), None),
        ] {
            assert_eq!(touched_by(&key), expected, "{}", String::from_utf8_lossy(&key));
        }
    }
}
