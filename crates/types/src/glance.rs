//! Everything at a glance: the document that `own_codes::status` carries and `mainstay status` shows.

use serde::{Deserialize, Serialize};

use crate::operation::OperationRecord;
use crate::order::Cause;
use crate::{
    ClusterId, Epoch, GroupId, GroupSetId, GroupState, Name, NetworkId, NetworkInterfaceId,
    NetworkInterfaceState, NetworkState, NodeId, NodeState, OperationId, ResourceId, ResourceState,
};

/// The cluster with all its objects, as it is now.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Glance {
    /// The cluster's name.
    pub cluster: String,
    /// Its id.
    pub cluster_id: ClusterId,
    /// All nodes, by number.
    pub nodes: Vec<NodeGlance>,
    /// All groups, by name.
    pub groups: Vec<GroupGlance>,
    /// All group sets, by name.
    #[serde(default)]
    pub group_sets: Vec<GroupSetGlance>,
    /// All networks, by name.
    #[serde(default)]
    pub networks: Vec<NetworkGlance>,
    /// All network interfaces, by name.
    #[serde(default)]
    pub interfaces: Vec<NetworkInterfaceGlance>,
    /// All resources, by name.
    pub resources: Vec<ResourceGlance>,
    /// Operations that run, with what is pending in them.
    pub operations: Vec<OperationRecord>,
}

/// A node.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NodeGlance {
    /// Its number.
    pub id: NodeId,
    /// Its name.
    pub name: Name,
    /// Its state.
    pub state: NodeState,
}

/// A group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GroupGlance {
    /// Its id.
    pub id: GroupId,
    /// Its name.
    pub name: Name,
    /// Its state, derived from its resources.
    pub state: GroupState,
    /// The owner node.
    pub owner: NodeId,
    /// That node's name.
    pub owner_name: String,
    /// What was last asked of the group.
    pub persistent: Option<bool>,
    /// GroupType.
    pub group_type: u32,
    /// How often it was given to a node.
    pub epoch: Epoch,
    /// Names of the nodes on which it would rather be, the best first.
    #[serde(default)]
    pub preferred_owners: Vec<Name>,
    /// The group set that it is in.
    #[serde(default)]
    pub group_set: Option<Name>,
    /// The groups that it starts after, as an expression of names; empty for none.
    #[serde(default)]
    pub depends_on: String,
    /// The group sets that it starts after, beside those of its own set, as an expression of names.
    #[serde(default)]
    pub depends_on_sets: String,
    /// What its start waits for now, in words; empty while it waits for nothing.
    #[serde(default)]
    pub waits_for: String,
    /// When that wait ends at the latest, in milliseconds of Unix time.
    #[serde(default)]
    pub waits_until_ms: Option<u64>,
    /// StatusInformation: bits of `GroupStatusInformation`.
    #[serde(default)]
    pub status_information: u64,
}

/// A group set.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GroupSetGlance {
    /// Its id.
    pub id: GroupSetId,
    /// Its name.
    pub name: Name,
    /// Names of its groups.
    pub groups: Vec<Name>,
    /// The group sets that its groups start after, as an expression of names; empty for none.
    pub depends_on: String,
    /// Whether every group that is in no such set starts after it.
    pub is_global: bool,
    /// When it counts as started, in words.
    pub startup: String,
    /// Whether it counts as started.
    pub is_started: bool,
}

/// A network.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NetworkGlance {
    /// Its id.
    pub id: NetworkId,
    /// Its name.
    pub name: Name,
    /// Its state, derived from its interfaces.
    pub state: NetworkState,
    /// Why it is not Up, in words; empty while it is.
    pub reason: String,
    /// Its subnets, as address and prefix length: `192.0.2.0/24`.
    pub subnets: Vec<String>,
    /// Role: 0 none, 1 the cluster itself, 2 clients, 3 both.
    pub role: u32,
    /// Metric.
    pub metric: u32,
    /// Whether the metric is found from role and speed.
    pub has_auto_metric: bool,
}

/// A network interface.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NetworkInterfaceGlance {
    /// Its id.
    pub id: NetworkInterfaceId,
    /// Its name.
    pub name: Name,
    /// Its node.
    pub node: NodeId,
    /// That node's name.
    pub node_name: String,
    /// Its network.
    pub network: NetworkId,
    /// That network's name.
    pub network_name: String,
    /// The device.
    pub adapter: String,
    /// Its state.
    pub state: NetworkInterfaceState,
    /// Why it is not Up, in words; empty while it is.
    pub reason: String,
    /// Its addresses with their prefix lengths: `192.0.2.7/24`.
    pub addresses: Vec<String>,
}

/// A resource.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResourceGlance {
    /// Its id.
    pub id: ResourceId,
    /// Its name.
    pub name: Name,
    /// Its type.
    pub type_name: Name,
    /// Its group.
    pub group: GroupId,
    /// Its group's name.
    pub group_name: String,
    /// The node that owns the group.
    pub owner: NodeId,
    /// That node's name.
    pub owner_name: String,
    /// Its state.
    pub state: ResourceState,
    /// Since when, in milliseconds of Unix time.
    pub since_ms: u64,
    /// Why it failed, or what has failed in it while it runs on, or why it is left offline although it is to be online.
    pub cause: Option<Cause>,
    /// Failed, and not proven that nothing of it runs.
    pub unproven: bool,
    /// Only its type could prove that: the administrator's word counts instead.
    #[serde(default)]
    pub confirmable: bool,
    /// The type's reason number, while it is locked.
    pub locked: Option<u64>,
    /// Whether it is to be online.
    pub wanted: bool,
    /// The operation whose move is next.
    pub operation: Option<OperationId>,
    /// What its policy has planned after a failure.
    #[serde(default)]
    pub recovery: Option<Recovery>,
    /// Whether failing checks are not acted on; what they find is the cause.
    #[serde(default)]
    pub in_maintenance: bool,
    /// What its type has the cluster keep for it, in words; empty: nothing.
    #[serde(default)]
    pub kept: String,
    /// StatusInformation: bits of `ResourceStatusInformation`.
    #[serde(default)]
    pub status_information: u64,
}

/// What a resource's policy has planned after a failure (RestartAction and the properties around it).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recovery {
    /// It is restarted.
    Restart {
        /// When, in milliseconds of Unix time; what takes part has to come to rest first. `None`: when its maintenance is
        /// over.
        at_ms: Option<u64>,
        /// The so-many-th restart within the period.
        number: u32,
        /// RestartThreshold.
        max: u32,
        /// RestartPeriod, in milliseconds.
        period_ms: u32,
    },
    /// No more restarts.
    GivenUp {
        /// Until then, in milliseconds of Unix time; `None` is for good (RetryPeriodOnFailure).
        until_ms: Option<u64>,
    },
}
