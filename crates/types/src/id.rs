//! Identities. Ids of objects are GUIDs made outside the engine; nodes have small numbers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A text that is not an id of the expected form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is no {kind} id; one looks like {example}")]
pub struct InvalidId {
    kind: &'static str,
    text: String,
    example: &'static str,
}

impl InvalidId {
    pub(crate) fn new(kind: &'static str, text: &str, example: &'static str) -> Self {
        Self { kind, text: text.chars().take(80).collect(), example }
    }
}

macro_rules! guid_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0.as_hyphenated())
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::try_parse(text).map(Self).map_err(|_| InvalidId {
                    kind: $kind,
                    text: text.chars().take(80).collect(),
                    example: "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
                })
            }
        }
    };
}

guid_id!(
    /// The identity of a cluster, made once at its creation (registry value `ClusterInstanceID`).
    ClusterId, "cluster");
guid_id!(
    /// The identity of a resource. It survives renaming.
    ResourceId, "resource");
guid_id!(
    /// The identity of a group. It survives renaming.
    GroupId, "group");
guid_id!(
    /// The identity of a group set.
    GroupSetId, "group set");
guid_id!(
    /// The identity of a network. It survives renaming, and every change of addresses within a subnet.
    NetworkId, "network");
guid_id!(
    /// The identity of a network interface: an adapter of a node. It survives a change of addresses.
    NetworkInterfaceId, "network interface");

/// The number of a node. Shown in decimal, as on the wire ("1").
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub u32);

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for NodeId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = || InvalidId { kind: "node", text: text.chars().take(80).collect(), example: "1" };
        text.parse().map(NodeId).map_err(|_| invalid())
    }
}

/// The identity of an operation: the node that accepted or refused it, and that node's running number.
///
/// It is the id of the operation's journal record and outlives command, service and node. Written `1-42`;
/// a bare `42` is read as node 1's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct OperationId {
    /// The node that took the call.
    pub node: NodeId,
    /// Counts up from 1 on each node.
    pub number: u64,
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.node, self.number)
    }
}

impl From<OperationId> for String {
    fn from(id: OperationId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for OperationId {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl FromStr for OperationId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid =
            || InvalidId { kind: "operation", text: text.chars().take(80).collect(), example: "1-42" };
        let (node, number) = match text.split_once('-') {
            Some((node, number)) => (node.parse().map_err(|_| invalid())?, number),
            None => (1, text),
        };
        Ok(OperationId { node: NodeId(node), number: number.parse().map_err(|_| invalid())? })
    }
}

/// How often a group has been given to a node. Orders carry it; hosts refuse older ones.
///
/// Ordered by generation first (raised by force-quorum and by restore), then by epoch (raised at every claim).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Epoch {
    /// The generation of the ownership records.
    pub generation: u64,
    /// Counts the claims of one group.
    pub epoch: u64,
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.generation, self.epoch)
    }
}

/// A resource host process: the node's pool host, or the own host of one resource.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum HostId {
    /// Shared by all types that only start processes.
    Pool,
    /// Runs one resource, in that resource's leaf.
    Own(ResourceId),
}

impl fmt::Display for HostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostId::Pool => f.write_str("pool"),
            HostId::Own(resource) => write!(f, "own-{resource}"),
        }
    }
}

/// Any object that has states, properties and watchers. Resource types have a name and no id.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum ObjectId {
    /// The cluster itself.
    Cluster,
    /// A node.
    Node(NodeId),
    /// A group.
    Group(GroupId),
    /// A resource.
    Resource(ResourceId),
    /// A resource type, by its name.
    ResourceType(crate::Name),
    /// A group set.
    GroupSet(GroupSetId),
    /// A network.
    Network(NetworkId),
    /// A network interface.
    NetworkInterface(NetworkInterfaceId),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operation_ids_are_read_as_they_are_written() {
        for (text, node, number) in [("1-42", 1, 42), ("3-7", 3, 7), ("9", 1, 9)] {
            let id: OperationId = text.parse().unwrap();
            assert_eq!(id, OperationId { node: NodeId(node), number });
        }
        assert_eq!("2-5".parse::<OperationId>().unwrap().to_string(), "2-5");
        for text in ["", "-", "1-", "-1", "a-1", "1-2-3", "18446744073709551616"] {
            assert!(text.parse::<OperationId>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_newer_generation_outranks_every_epoch() {
        let older = Epoch { generation: 1, epoch: 99 };
        let newer = Epoch { generation: 2, epoch: 1 };
        assert!(newer > older);
    }
}
