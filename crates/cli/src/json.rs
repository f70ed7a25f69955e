//! The documents of `--json`. Fields are only ever added; a field that says nothing is `null`, never left out.
//!
//! Moments are RFC 3339 in UTC with milliseconds. States are the words that the text shows as well. Win32 codes come as
//! number and name.

pub mod explanation;
pub mod group_set;
pub mod network;
pub mod operation;
pub mod plan;
pub mod properties;
pub mod validation;

use mainstay_types::Status;
use mainstay_types::description::TypeDescription;
use mainstay_types::glance::{Glance, GroupGlance, NodeGlance, Recovery, ResourceGlance};
use mainstay_types::order::Cause;
use mainstay_types::status_information::{GroupStatusInformation, ResourceStatusInformation};
use serde::Serialize;

use crate::failure::Failure;
use crate::render::rfc3339;
use group_set::GroupSetDocument;
use network::{InterfaceDocument, NetworkDocument};
use operation::OperationDocument;
use properties::PropertiesDocument;

/// A Win32 code.
#[derive(Clone, Debug, Serialize)]
pub struct StatusDocument {
    /// Its number.
    pub number: u32,
    /// Its name; `null` when it has none here.
    pub name: Option<&'static str>,
}

impl From<Status> for StatusDocument {
    fn from(status: Status) -> Self {
        Self { number: status.0, name: status.name() }
    }
}

/// Why something failed.
#[derive(Clone, Debug, Serialize)]
pub struct CauseDocument {
    /// The code.
    pub status: StatusDocument,
    /// What happened, in words.
    pub text: String,
}

impl From<&Cause> for CauseDocument {
    fn from(cause: &Cause) -> Self {
        Self { status: cause.status.into(), text: cause.text.clone() }
    }
}

/// A backup that was made.
#[derive(Clone, Debug, Serialize)]
pub struct BackupDocument {
    /// Always true.
    pub done: bool,
    /// Where it is, on the service's machine.
    pub file: String,
}

/// A backup that was restored.
#[derive(Clone, Debug, Serialize)]
pub struct RestoreDocument {
    /// Always true.
    pub done: bool,
    /// The cluster's name in the backup.
    pub cluster: String,
    /// The cluster's id.
    pub id: String,
    /// When the backup was made.
    pub taken_at: String,
    /// The revision that it shows.
    pub revision: String,
    /// The operation that made it.
    pub operation: String,
    /// Where the database is that was there; `null` where there was none.
    pub kept: Option<String>,
    /// What should be known beside.
    pub notes: Vec<String>,
}

/// A failed command, on standard error.
#[derive(Clone, Debug, Serialize)]
pub struct FailureDocument {
    /// What went wrong.
    pub error: ErrorDocument,
}

/// What went wrong in a command.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorDocument {
    /// What happened, to which object.
    pub message: String,
    /// The Win32 code; `null` for wrong usage.
    pub status: Option<StatusDocument>,
    /// What would help.
    pub way_out: Option<String>,
    /// The operation's id, if it got that far.
    pub operation: Option<String>,
    /// The exit code.
    pub exit: u8,
}

impl From<&Failure> for FailureDocument {
    fn from(failure: &Failure) -> Self {
        Self {
            error: ErrorDocument {
                message: failure.message.clone(),
                status: failure.status.map(StatusDocument::from),
                way_out: failure.way_out.clone(),
                operation: failure.operation.map(|id| id.to_string()),
                exit: failure.exit as u8,
            },
        }
    }
}

/// A command that was done and has nothing else to show: `resource create`, `group delete`.
#[derive(Clone, Debug, Serialize)]
pub struct DoneDocument {
    /// Always true; a failure is told on standard error.
    pub done: bool,
    /// The kind of the object: `cluster`, `group`, `group-set`, `resource`, `type`.
    pub kind: &'static str,
    /// Its name, as it was given.
    pub name: String,
    /// Its id; `null` where it has none or it is not known.
    pub id: Option<String>,
    /// Notes, such as that a property takes effect at the next online.
    pub notes: Vec<String>,
}

/// A node.
#[derive(Clone, Debug, Serialize)]
pub struct NodeDocument {
    /// Its number.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// `Up`, `Down`, `Paused`, `Joining`.
    pub state: String,
}

impl From<&NodeGlance> for NodeDocument {
    fn from(node: &NodeGlance) -> Self {
        Self { id: node.id.0, name: node.name.to_string(), state: node.state.to_string() }
    }
}

/// A group.
#[derive(Clone, Debug, Serialize)]
pub struct GroupDocument {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `Online`, `Offline`, `Failed`, `Partially Online`, `Pending`.
    pub state: String,
    /// Name of the owner node.
    pub owner: String,
    /// Whether it is to be online; `null` when nobody asked yet.
    pub wanted_online: Option<bool>,
    /// Names of its resources.
    pub resources: Vec<String>,
    /// Names of the nodes on which it would rather be, the best first.
    pub preferred_owners: Vec<String>,
    /// The group set that it is in.
    pub group_set: Option<String>,
    /// The groups that it starts after, as an expression of names; `null` for none.
    pub depends_on: Option<String>,
    /// The group sets that it starts after, beside those of its own set; `null` for none.
    pub depends_on_sets: Option<String>,
    /// What its start waits for; `null` while it waits for nothing.
    pub waits_for: Option<String>,
    /// When that wait ends at the latest.
    pub waits_until: Option<String>,
    /// What else it says of itself (StatusInformation), in words.
    pub says: Vec<&'static str>,
}

impl GroupDocument {
    /// A group with its resources.
    pub fn new(group: &GroupGlance, glance: &Glance) -> Self {
        let resources = glance.resources.iter().filter(|resource| resource.group == group.id);
        Self {
            id: group.id.to_string(),
            name: group.name.to_string(),
            state: group.state.to_string(),
            owner: group.owner_name.clone(),
            wanted_online: group.persistent,
            resources: resources.map(|resource| resource.name.to_string()).collect(),
            preferred_owners: group.preferred_owners.iter().map(ToString::to_string).collect(),
            group_set: group.group_set.as_ref().map(ToString::to_string),
            depends_on: said(&group.depends_on),
            depends_on_sets: said(&group.depends_on_sets),
            waits_for: said(&group.waits_for),
            waits_until: group.waits_until_ms.map(rfc3339),
            says: GroupStatusInformation::from_bits_truncate(group.status_information).words(),
        }
    }
}

fn said(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// A resource.
#[derive(Clone, Debug, Serialize)]
pub struct ResourceDocument {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Its group.
    pub group: String,
    /// Name of the node that owns the group.
    pub owner: String,
    /// `Online`, `Offline`, `Failed`, `Online Pending`, `Offline Pending`, `Initializing`.
    pub state: String,
    /// Since when.
    pub since: String,
    /// Whether it is to be online.
    pub wanted_online: bool,
    /// The type's reason number while it is locked; `null` while it is not.
    pub locked: Option<u64>,
    /// Why it failed; `null` while it has not.
    pub cause: Option<CauseDocument>,
    /// Failed, and it is not proven that nothing of it runs.
    pub unproven: bool,
    /// The operation that works on it.
    pub operation: Option<String>,
    /// What its policy has planned after a failure; `null` when nothing is.
    pub recovery: Option<RecoveryDocument>,
    /// Whether failing checks are not acted on.
    pub in_maintenance: bool,
    /// What its type has the cluster keep for it, in words; `null`: nothing.
    pub kept: Option<String>,
    /// What else it says of itself (StatusInformation), in words.
    pub says: Vec<&'static str>,
}

/// What a resource's policy has planned after a failure.
#[derive(Clone, Debug, Serialize)]
pub struct RecoveryDocument {
    /// When it is restarted, or restarts begin anew; `null` when they are used up for good, and while it is in maintenance.
    pub restart_at: Option<String>,
    /// Whether restarts are used up until then.
    pub given_up: bool,
    /// The so-many-th restart within the period; `null` when restarts are used up.
    pub number: Option<u32>,
    /// Restarts that are tolerated within the period; `null` when they are used up.
    pub threshold: Option<u32>,
    /// The period in milliseconds; `null` when restarts are used up.
    pub period_ms: Option<u32>,
}

impl From<Recovery> for RecoveryDocument {
    fn from(recovery: Recovery) -> Self {
        match recovery {
            Recovery::Restart { at_ms, number, max, period_ms } => Self {
                restart_at: at_ms.map(rfc3339),
                given_up: false,
                number: Some(number),
                threshold: Some(max),
                period_ms: Some(period_ms),
            },
            Recovery::GivenUp { until_ms } => Self {
                restart_at: until_ms.map(rfc3339),
                given_up: true,
                number: None,
                threshold: None,
                period_ms: None,
            },
        }
    }
}

impl From<&ResourceGlance> for ResourceDocument {
    fn from(resource: &ResourceGlance) -> Self {
        Self {
            id: resource.id.to_string(),
            name: resource.name.to_string(),
            type_name: resource.type_name.to_string(),
            group: resource.group_name.clone(),
            owner: resource.owner_name.clone(),
            state: resource.state.to_string(),
            since: rfc3339(resource.since_ms),
            wanted_online: resource.wanted,
            locked: resource.locked,
            cause: resource.cause.as_ref().map(CauseDocument::from),
            unproven: resource.unproven,
            operation: resource.operation.map(|id| id.to_string()),
            recovery: resource.recovery.map(RecoveryDocument::from),
            in_maintenance: resource.in_maintenance,
            kept: Some(resource.kept.clone()).filter(|words| !words.is_empty()),
            says: ResourceStatusInformation::from_bits_truncate(resource.status_information).words(),
        }
    }
}

/// `mainstay status`.
#[derive(Clone, Debug, Serialize)]
pub struct GlanceDocument {
    /// Name of the cluster.
    pub cluster: String,
    /// Its id.
    pub cluster_id: String,
    /// Its nodes.
    pub nodes: Vec<NodeDocument>,
    /// Its groups.
    pub groups: Vec<GroupDocument>,
    /// Its group sets.
    pub group_sets: Vec<GroupSetDocument>,
    /// Its networks.
    pub networks: Vec<NetworkDocument>,
    /// The interfaces of its nodes.
    pub interfaces: Vec<InterfaceDocument>,
    /// Its resources.
    pub resources: Vec<ResourceDocument>,
    /// Operations that run.
    pub operations: Vec<OperationDocument>,
}

impl From<&Glance> for GlanceDocument {
    fn from(glance: &Glance) -> Self {
        Self {
            cluster: glance.cluster.clone(),
            cluster_id: glance.cluster_id.to_string(),
            nodes: glance.nodes.iter().map(NodeDocument::from).collect(),
            groups: glance.groups.iter().map(|group| GroupDocument::new(group, glance)).collect(),
            group_sets: glance.group_sets.iter().map(GroupSetDocument::from).collect(),
            networks: glance.networks.iter().map(NetworkDocument::from).collect(),
            interfaces: glance.interfaces.iter().map(InterfaceDocument::from).collect(),
            resources: glance.resources.iter().map(ResourceDocument::from).collect(),
            operations: glance.operations.iter().map(OperationDocument::from).collect(),
        }
    }
}

/// `mainstay cluster show`.
#[derive(Clone, Debug, Serialize)]
pub struct ClusterDocument {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// The node that answered.
    pub node: String,
    /// Version of the service that answered.
    pub version: String,
    /// Its properties.
    pub properties: PropertiesDocument,
}

/// `mainstay node show`.
#[derive(Clone, Debug, Serialize)]
pub struct NodeDetails {
    /// The node.
    #[serde(flatten)]
    pub node: NodeDocument,
    /// Names of the groups that it owns.
    pub groups: Vec<String>,
    /// Its properties.
    pub properties: PropertiesDocument,
}

/// `mainstay group show`.
#[derive(Clone, Debug, Serialize)]
pub struct GroupDetails {
    /// The group.
    #[serde(flatten)]
    pub group: GroupDocument,
    /// Its properties.
    pub properties: PropertiesDocument,
}

/// `mainstay resource show`.
#[derive(Clone, Debug, Serialize)]
pub struct ResourceDetails {
    /// The resource.
    #[serde(flatten)]
    pub resource: ResourceDocument,
    /// Names of the resources that it depends on.
    pub depends_on: Vec<String>,
    /// How it depends on them: `([a] or [b]) and ([c])`, by names; empty where it depends on nothing.
    pub dependency_expression: String,
    /// Names of the resources that depend on it.
    pub dependents: Vec<String>,
    /// Names of the nodes that may own it.
    pub possible_owners: Vec<String>,
    /// Process id of its resource host; `null` without one.
    pub host_process: Option<u32>,
    /// The last operation on it that failed, as far as the journal's newest records tell.
    pub last_failure: Option<OperationDocument>,
    /// What is to be said of its properties: that its type did not answer. `null` when nothing.
    pub note: Option<String>,
    /// Its properties.
    pub properties: PropertiesDocument,
}

/// `mainstay type show`, and with less in `type list`.
#[derive(Clone, Debug, Serialize)]
pub struct TypeDocument {
    /// Its name.
    pub name: String,
    /// Names of the resources of this type.
    pub resources: Vec<String>,
}

/// `mainstay type show`.
#[derive(Clone, Debug, Serialize)]
pub struct TypeDetails {
    /// The type.
    #[serde(flatten)]
    pub resource_type: TypeDocument,
    /// What it says of itself, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<TypeDescription>,
    /// Its properties.
    pub properties: PropertiesDocument,
}
