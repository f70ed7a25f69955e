//! Events: what watchers are told, in the shapes of notification version 2 (MS-CMRP 2.2.3.x, clusapi.h).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ObjectId;
use crate::id::InvalidId;

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
    /// CLUSTER_OBJECT_TYPE_NETWORK_INTERFACE.
    pub const NETWORK_INTERFACE: u32 = 5;
    /// CLUSTER_OBJECT_TYPE_NETWORK.
    pub const NETWORK: u32 = 6;
    /// CLUSTER_OBJECT_TYPE_NODE.
    pub const NODE: u32 = 7;
    /// CLUSTER_OBJECT_TYPE_REGISTRY.
    pub const REGISTRY: u32 = 8;
    /// CLUSTER_OBJECT_TYPE_GROUPSET.
    pub const GROUP_SET: u32 = 13;
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
    /// A group would rather be elsewhere.
    GroupPreferredOwners,
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
    /// A network was found.
    ClusterNetworkAdded,
    /// An interface of the node was found.
    NodeInterfaceAdded,
    /// A network is no longer there.
    NetworkDeleted,
    /// A common property of a network changed.
    NetworkCommonProperty,
    /// A private property of a network changed.
    NetworkPrivateProperty,
    /// A network's state changed.
    NetworkState,
    /// A network interface is no longer there.
    NetworkInterfaceDeleted,
    /// A common property of a network interface changed.
    NetworkInterfaceCommonProperty,
    /// A private property of a network interface changed.
    NetworkInterfacePrivateProperty,
    /// A network interface's state changed.
    NetworkInterfaceState,
    /// A group set was deleted.
    GroupSetDeleted,
    /// A common property of a group set changed; its name, when it was made.
    GroupSetCommonProperty,
    /// A private property of a group set changed.
    GroupSetPrivateProperty,
    /// What a group set says of itself changed: whether its groups are pending, whether they are online.
    GroupSetState,
    /// A group was put into a group set.
    GroupSetGroupAdded,
    /// A group was taken out of a group set.
    GroupSetGroupRemoved,
    /// A group set's dependencies changed.
    GroupSetDependencies,
    /// Others depend on the group set, or do so no longer.
    GroupSetDependents,
    /// A key of the cluster registry was created or deleted.
    RegistryName,
    /// A value of a key of the cluster registry was written or deleted.
    RegistryValue,
}

impl EventKind {
    /// Object type and filter bit in NOTIFY_FILTER_AND_TYPE.
    pub fn filter(self) -> (u32, u64) {
        use object_type::{
            CLUSTER, GROUP, GROUP_SET, NETWORK, NETWORK_INTERFACE, NODE, REGISTRY, RESOURCE, RESOURCE_TYPE,
        };
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
            Self::GroupPreferredOwners => (GROUP, 0x20),
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
            Self::ClusterNetworkAdded => (CLUSTER, 0x10),
            Self::NodeInterfaceAdded => (NODE, 0x1),
            Self::NetworkDeleted => (NETWORK, 0x1),
            Self::NetworkCommonProperty => (NETWORK, 0x2),
            Self::NetworkPrivateProperty => (NETWORK, 0x4),
            Self::NetworkState => (NETWORK, 0x8),
            Self::NetworkInterfaceDeleted => (NETWORK_INTERFACE, 0x1),
            Self::NetworkInterfaceCommonProperty => (NETWORK_INTERFACE, 0x2),
            Self::NetworkInterfacePrivateProperty => (NETWORK_INTERFACE, 0x4),
            Self::NetworkInterfaceState => (NETWORK_INTERFACE, 0x8),
            Self::GroupSetDeleted => (GROUP_SET, 0x1),
            Self::GroupSetCommonProperty => (GROUP_SET, 0x2),
            Self::GroupSetPrivateProperty => (GROUP_SET, 0x4),
            Self::GroupSetState => (GROUP_SET, 0x8),
            Self::GroupSetGroupAdded => (GROUP_SET, 0x10),
            Self::GroupSetGroupRemoved => (GROUP_SET, 0x20),
            Self::GroupSetDependencies => (GROUP_SET, 0x40),
            Self::GroupSetDependents => (GROUP_SET, 0x80),
            Self::RegistryName => (REGISTRY, 0x2),
            Self::RegistryValue => (REGISTRY, 0x8),
        }
    }

    /// The word by which it is shown and asked for: `resource-state`.
    pub fn as_str(self) -> &'static str {
        let found = Self::WORDS.iter().find(|(kind, _)| *kind == self);
        found.map_or("", |(_, word)| word)
    }

    /// Whether it tells of the registry, where every change of the configuration shows a second time.
    pub fn is_of_registry(self) -> bool {
        self.filter().0 == object_type::REGISTRY
    }

    /// Every kind with its word.
    pub const WORDS: &[(Self, &str)] = &[
        (Self::ClusterGroupAdded, "cluster-group-added"),
        (Self::ClusterResourceTypeAdded, "cluster-resource-type-added"),
        (Self::ClusterCommonProperty, "cluster-common-property"),
        (Self::ClusterPrivateProperty, "cluster-private-property"),
        (Self::ClusterRenamed, "cluster-renamed"),
        (Self::LostNotifications, "lost-notifications"),
        (Self::GroupDeleted, "group-deleted"),
        (Self::GroupCommonProperty, "group-common-property"),
        (Self::GroupPrivateProperty, "group-private-property"),
        (Self::GroupState, "group-state"),
        (Self::GroupOwnerNode, "group-owner-node"),
        (Self::GroupPreferredOwners, "group-preferred-owners"),
        (Self::GroupResourceAdded, "group-resource-added"),
        (Self::GroupResourceGained, "group-resource-gained"),
        (Self::GroupResourceLost, "group-resource-lost"),
        (Self::ResourceCommonProperty, "resource-common-property"),
        (Self::ResourcePrivateProperty, "resource-private-property"),
        (Self::ResourceState, "resource-state"),
        (Self::ResourceDependencies, "resource-dependencies"),
        (Self::ResourceDependents, "resource-dependents"),
        (Self::ResourcePossibleOwners, "resource-possible-owners"),
        (Self::ResourceDeleted, "resource-deleted"),
        (Self::ResourceTerminalState, "resource-terminal-state"),
        (Self::ResourceTypeDeleted, "resource-type-deleted"),
        (Self::ResourceTypeCommonProperty, "resource-type-common-property"),
        (Self::ResourceTypePrivateProperty, "resource-type-private-property"),
        (Self::NodeCommonProperty, "node-common-property"),
        (Self::NodeState, "node-state"),
        (Self::ClusterNetworkAdded, "cluster-network-added"),
        (Self::NodeInterfaceAdded, "node-interface-added"),
        (Self::NetworkDeleted, "network-deleted"),
        (Self::NetworkCommonProperty, "network-common-property"),
        (Self::NetworkPrivateProperty, "network-private-property"),
        (Self::NetworkState, "network-state"),
        (Self::NetworkInterfaceDeleted, "network-interface-deleted"),
        (Self::NetworkInterfaceCommonProperty, "network-interface-common-property"),
        (Self::NetworkInterfacePrivateProperty, "network-interface-private-property"),
        (Self::NetworkInterfaceState, "network-interface-state"),
        (Self::GroupSetDeleted, "group-set-deleted"),
        (Self::GroupSetCommonProperty, "group-set-common-property"),
        (Self::GroupSetPrivateProperty, "group-set-private-property"),
        (Self::GroupSetState, "group-set-state"),
        (Self::GroupSetGroupAdded, "group-set-group-added"),
        (Self::GroupSetGroupRemoved, "group-set-group-removed"),
        (Self::GroupSetDependencies, "group-set-dependencies"),
        (Self::GroupSetDependents, "group-set-dependents"),
        (Self::RegistryName, "registry-name"),
        (Self::RegistryValue, "registry-value"),
    ];
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for EventKind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        let found = Self::WORDS.iter().find(|(_, word)| *word == text);
        found.map(|(kind, _)| *kind).ok_or_else(|| UnknownKind(text.chars().take(80).collect()))
    }
}

/// A word that names no kind of event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no kind of event; 'resource-state' is one")]
pub struct UnknownKind(String);

/// The place of an event among all that one run of the service has published. Written `1795383006123.42`.
///
/// Places of different runs are not compared: events are kept in memory, so another run has none of this one's.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct EventRevision {
    /// Which run of the service: when it began, in milliseconds of Unix time.
    pub run: u64,
    /// Counts the events of the run, from 1.
    pub number: u64,
}

impl fmt::Display for EventRevision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{}", self.run, self.number))
    }
}

impl From<EventRevision> for String {
    fn from(revision: EventRevision) -> Self {
        revision.to_string()
    }
}

impl TryFrom<String> for EventRevision {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl FromStr for EventRevision {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let parsed = text.split_once('.').and_then(|(run, number)| {
            Some(EventRevision { run: run.parse().ok()?, number: number.parse().ok()? })
        });
        parsed.ok_or_else(|| InvalidId::new("event", text, "1795383006123.42"))
    }
}

/// One event as READ_EVENTS tells it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ToldEvent {
    /// Its place.
    pub revision: EventRevision,
    /// When it was published, in milliseconds of Unix time.
    pub at_ms: u64,
    /// The word of its [`EventKind`].
    pub kind: String,
    /// The object type's number, see [`object_type`].
    pub object_type: u32,
    /// See [`Event::object_id`].
    pub object_id: String,
    /// See [`Event::parent_id`].
    pub parent_id: String,
    /// See [`Event::name`].
    pub name: String,
    /// See [`Event::type_name`].
    pub type_name: String,
    /// [`Event::buffer`] in hexadecimal.
    pub buffer: String,
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_has_a_word_and_a_bit_of_its_own() {
        let bits: BTreeSet<_> = EventKind::WORDS.iter().map(|(kind, _)| kind.filter()).collect();
        assert_eq!(bits.len(), EventKind::WORDS.len());
        for (kind, word) in EventKind::WORDS {
            assert_eq!((kind.as_str(), word.parse()), (*word, Ok(*kind)));
            let shown = format!("{kind:?}");
            let kebab: String = shown
                .chars()
                .enumerate()
                .flat_map(|(at, c)| {
                    (c.is_uppercase() && at > 0).then_some('-').into_iter().chain(c.to_lowercase())
                })
                .collect();
            assert_eq!(kebab, *word);
        }
        assert!("resource".parse::<EventKind>().is_err());
    }

    #[test]
    fn revisions_are_read_as_they_are_written() {
        let revision: EventRevision = "1795383006123.42".parse().unwrap();
        assert_eq!(revision, EventRevision { run: 1_795_383_006_123, number: 42 });
        assert_eq!(revision.to_string(), "1795383006123.42");
        for text in ["", "42", "a.1", "1.", "1.2.3", "-1.2"] {
            assert!(text.parse::<EventRevision>().is_err(), "{text}");
        }
    }
}
