//! What readers see: everything that the wire's read operations answer from.
//!
//! Shows only what is committed, and the states of what runs. It changes nothing and copies little.

use mainstay_store::registry::Tree;
use mainstay_types::operation::OperationRecord;
use mainstay_types::order::Cause;
use mainstay_types::{
    ClusterId, Epoch, GroupId, GroupState, HostId, Name, NodeId, NodeState, OperationId, ResourceId,
    ResourceState,
};
use serde::Serialize;

use crate::Engine;
use crate::error::{ClusterError, Refusal, RequestError};
use crate::model::Model;
use crate::model::objects::{Group, Resource, ResourceType};

/// The types of what enumerations list, one bit each (clusapi.h).
pub mod kind {
    /// CLUSTER_ENUM_NODE.
    pub const CLUSTER_NODE: u32 = 1;
    /// CLUSTER_ENUM_RESTYPE.
    pub const CLUSTER_RESOURCE_TYPE: u32 = 2;
    /// CLUSTER_ENUM_RESOURCE.
    pub const CLUSTER_RESOURCE: u32 = 4;
    /// CLUSTER_ENUM_GROUP.
    pub const CLUSTER_GROUP: u32 = 8;
    /// CLUSTER_ENUM_ALL with the shared-volume and internal bits, which find nothing here.
    pub const CLUSTER_KNOWN: u32 = 0x3F | 0xE000_0000;
    /// CLUSTER_GROUP_ENUM_CONTAINS.
    pub const GROUP_CONTAINS: u32 = 1;
    /// CLUSTER_GROUP_ENUM_NODES: preferred owners.
    pub const GROUP_NODES: u32 = 2;
    /// CLUSTER_RESOURCE_ENUM_DEPENDS.
    pub const RESOURCE_DEPENDS: u32 = 1;
    /// CLUSTER_RESOURCE_ENUM_PROVIDES.
    pub const RESOURCE_PROVIDES: u32 = 2;
    /// CLUSTER_RESOURCE_ENUM_NODES: possible owners.
    pub const RESOURCE_NODES: u32 = 4;
    /// CLUSTER_RESOURCE_TYPE_ENUM_NODES.
    pub const TYPE_NODES: u32 = 1;
    /// CLUSTER_RESOURCE_TYPE_ENUM_RESOURCES.
    pub const TYPE_RESOURCES: u32 = 2;
    /// CLUSTER_NODE_ENUM_NETINTERFACES.
    pub const NODE_INTERFACES: u32 = 1;
    /// CLUSTER_NODE_ENUM_GROUPS.
    pub const NODE_GROUPS: u32 = 2;
    /// CLUSTER_NODE_ENUM_PREFERRED_GROUPS.
    pub const NODE_PREFERRED_GROUPS: u32 = 4;
}

/// One object in an enumeration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// The one bit of the enumeration's types that it was found by.
    pub kind: u32,
    /// Its id: a GUID, a node's number, or a type's name.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// A resource at a glance.
#[derive(Clone, Debug, Serialize)]
pub struct ResourceInfo<'a> {
    /// Its id.
    pub id: ResourceId,
    /// Its name.
    pub name: &'a Name,
    /// Its type.
    pub type_name: &'a Name,
    /// Its group.
    pub group: GroupId,
    /// Its group's name.
    pub group_name: &'a str,
    /// The node that owns the group.
    pub owner: NodeId,
    /// That node's name.
    pub owner_name: &'a str,
    /// Its state.
    pub state: ResourceState,
    /// Since when, in milliseconds of Unix time.
    pub since_ms: u64,
    /// Why it failed.
    pub cause: Option<&'a Cause>,
    /// Failed, and not proven that nothing of it runs.
    pub unproven: bool,
    /// The type's reason, while it is locked.
    pub locked: Option<u64>,
    /// Whether it is to be online.
    pub wanted: bool,
    /// The operation whose move is next.
    pub operation: Option<OperationId>,
}

/// A group at a glance.
#[derive(Clone, Debug, Serialize)]
pub struct GroupInfo<'a> {
    /// Its id.
    pub id: GroupId,
    /// Its name.
    pub name: &'a Name,
    /// Its state, derived from its resources.
    pub state: GroupState,
    /// The owner node.
    pub owner: NodeId,
    /// That node's name.
    pub owner_name: &'a str,
    /// What was last asked of the group.
    pub persistent: Option<bool>,
    /// GroupType.
    pub group_type: u32,
    /// How often it was given to a node.
    pub epoch: Epoch,
}

/// A node at a glance.
#[derive(Clone, Debug, Serialize)]
pub struct NodeInfo<'a> {
    /// Its number.
    pub id: NodeId,
    /// Its name.
    pub name: &'a Name,
    /// Its state.
    pub state: NodeState,
}

/// Everything at a glance.
#[derive(Clone, Debug, Serialize)]
pub struct Glance<'a> {
    /// The cluster's name.
    pub cluster: &'a str,
    /// Its id.
    pub cluster_id: ClusterId,
    /// All nodes, by number.
    pub nodes: Vec<NodeInfo<'a>>,
    /// All groups, by name.
    pub groups: Vec<GroupInfo<'a>>,
    /// All resources, by name.
    pub resources: Vec<ResourceInfo<'a>>,
    /// Operations that run, with what is pending in them.
    pub operations: Vec<OperationRecord>,
}

/// The readers' view.
#[derive(Clone, Copy)]
pub struct View<'a> {
    engine: &'a Engine,
}

impl<'a> View<'a> {
    pub(crate) fn new(engine: &'a Engine) -> Self {
        View { engine }
    }

    /// Everything that is committed: objects, dependencies, owners.
    pub fn model(self) -> &'a Model {
        &self.engine.model
    }

    /// The committed registry.
    pub fn tree(self) -> &'a Tree {
        self.engine.model.tree()
    }

    /// Whether the service has read its database and heard its hosts. Before, operations wait.
    pub fn is_ready(self) -> bool {
        self.engine.is_ready()
    }

    /// The cluster's name.
    pub fn cluster_name(self) -> &'a str {
        &self.engine.model.cluster().name
    }

    /// The cluster's id.
    pub fn cluster_id(self) -> ClusterId {
        self.engine.model.cluster().id
    }

    /// Who may open what, self-relative.
    pub fn security_descriptor(self) -> &'a [u8] {
        &self.engine.model.cluster().security_descriptor
    }

    /// This node.
    pub fn local_node(self) -> NodeId {
        self.engine.config.node
    }

    /// A resource by name (in any case) or id.
    pub fn find_resource(self, text: &str) -> Option<ResourceId> {
        self.engine.model.find_resource(text)
    }

    /// A group by name (in any case) or id.
    pub fn find_group(self, text: &str) -> Option<GroupId> {
        self.engine.model.find_group(text)
    }

    /// A node by name (in any case) or number.
    pub fn find_node(self, text: &str) -> Option<NodeId> {
        self.engine.model.find_node(text)
    }

    /// A resource type by name (in any case).
    pub fn find_type(self, text: &str) -> Option<&'a ResourceType> {
        self.engine.model.find_type(text)
    }

    /// A resource's state, without anything else; the quickest read.
    pub fn resource_state(self, id: ResourceId) -> Option<ResourceState> {
        self.engine.model.resource(id)?;
        Some(self.engine.live.get(&id).map_or(ResourceState::Initializing, |live| live.state))
    }

    /// A resource.
    pub fn resource(self, id: ResourceId) -> Option<ResourceInfo<'a>> {
        Some(self.resource_info(self.engine.model.resource(id)?))
    }

    /// A group.
    pub fn group(self, id: GroupId) -> Option<GroupInfo<'a>> {
        Some(self.group_info(self.engine.model.group(id)?))
    }

    /// A node.
    pub fn node(self, id: NodeId) -> Option<NodeInfo<'a>> {
        let node = self.engine.model.node(id)?;
        Some(NodeInfo { id, name: &node.name, state: self.node_state(id) })
    }

    /// A group's state.
    pub fn group_state(self, id: GroupId) -> Option<GroupState> {
        self.engine.model.group(id)?;
        Some(self.engine.group_state(id))
    }

    /// The host process of a resource, while it is open in one: which, and its process id.
    pub fn host_of(self, id: ResourceId) -> Option<(HostId, u32)> {
        let host = self.engine.live.get(&id)?.open?;
        Some((host, self.engine.hosts.pid(host)?))
    }

    /// Objects of the cluster by type (ClusterOpenEnum): `mask` of `kind::CLUSTER_*`.
    pub fn enumerate_cluster(self, mask: u32) -> Result<Vec<Listed>, Refusal> {
        check_mask(mask, kind::CLUSTER_KNOWN)?;
        let model = &self.engine.model;
        let mut listed = Vec::new();
        if mask & kind::CLUSTER_NODE != 0 {
            listed.extend(model.nodes().map(|node| self.listed_node(kind::CLUSTER_NODE, node.id)));
        }
        if mask & kind::CLUSTER_RESOURCE_TYPE != 0 {
            listed.extend(model.resource_types().map(|found| Listed {
                kind: kind::CLUSTER_RESOURCE_TYPE,
                id: found.name.to_string(),
                name: found.name.to_string(),
            }));
        }
        if mask & kind::CLUSTER_RESOURCE != 0 {
            listed.extend(model.resources().map(|found| listed_resource(kind::CLUSTER_RESOURCE, found)));
        }
        if mask & kind::CLUSTER_GROUP != 0 {
            listed.extend(model.groups().map(|found| listed_group(kind::CLUSTER_GROUP, found)));
        }
        Ok(listed)
    }

    /// Objects of a group (ClusterGroupOpenEnum).
    pub fn enumerate_group(self, id: GroupId, mask: u32) -> Result<Vec<Listed>, Refusal> {
        let group = self.engine.model.group(id).ok_or_else(|| gone_group(id))?;
        check_mask(mask, kind::GROUP_CONTAINS | kind::GROUP_NODES)?;
        let mut listed = Vec::new();
        if mask & kind::GROUP_CONTAINS != 0 {
            let members = group.members.iter().filter_map(|member| self.engine.model.resource(*member));
            listed.extend(members.map(|member| listed_resource(kind::GROUP_CONTAINS, member)));
        }
        Ok(listed)
    }

    /// Objects of a resource (ClusterResourceOpenEnum).
    pub fn enumerate_resource(self, id: ResourceId, mask: u32) -> Result<Vec<Listed>, Refusal> {
        let model = &self.engine.model;
        let resource = model.resource(id).ok_or_else(|| gone_resource(id))?;
        check_mask(mask, kind::RESOURCE_DEPENDS | kind::RESOURCE_PROVIDES | kind::RESOURCE_NODES)?;
        let mut listed = Vec::new();
        if mask & kind::RESOURCE_DEPENDS != 0 {
            let providers = resource.depends_on.providers().filter_map(|found| model.resource(found));
            listed.extend(providers.map(|found| listed_resource(kind::RESOURCE_DEPENDS, found)));
        }
        if mask & kind::RESOURCE_PROVIDES != 0 {
            let dependents = model.dependents(id).filter_map(|found| model.resource(found));
            listed.extend(dependents.map(|found| listed_resource(kind::RESOURCE_PROVIDES, found)));
        }
        if mask & kind::RESOURCE_NODES != 0 {
            let nodes = model.nodes().filter(|node| resource.may_run_on(node.id));
            listed.extend(nodes.map(|node| self.listed_node(kind::RESOURCE_NODES, node.id)));
        }
        Ok(listed)
    }

    /// Objects of a resource type (ClusterResourceTypeOpenEnum).
    pub fn enumerate_type(self, name: &str, mask: u32) -> Result<Vec<Listed>, Refusal> {
        let model = &self.engine.model;
        let found = model.find_type(name);
        let found = found.ok_or_else(|| ClusterError::TypeNotFound { name: crate::error::shown(name) })?;
        check_mask(mask, kind::TYPE_NODES | kind::TYPE_RESOURCES)?;
        let mut listed = Vec::new();
        if mask & kind::TYPE_NODES != 0 {
            listed.extend(model.nodes().map(|node| self.listed_node(kind::TYPE_NODES, node.id)));
        }
        if mask & kind::TYPE_RESOURCES != 0 {
            let instances = model.instances(&found.name);
            listed.extend(instances.map(|found| listed_resource(kind::TYPE_RESOURCES, found)));
        }
        Ok(listed)
    }

    /// Objects of a node (ClusterNodeOpenEnum).
    pub fn enumerate_node(self, id: NodeId, mask: u32) -> Result<Vec<Listed>, Refusal> {
        let model = &self.engine.model;
        model.node(id).ok_or_else(|| ClusterError::NodeGone { id: id.to_string() })?;
        check_mask(mask, kind::NODE_INTERFACES | kind::NODE_GROUPS | kind::NODE_PREFERRED_GROUPS)?;
        let mut listed = Vec::new();
        if mask & kind::NODE_GROUPS != 0 {
            let owned = model.groups().filter(|group| model.owner(group.id).is_some_and(|o| o.node == id));
            listed.extend(owned.map(|group| listed_group(kind::NODE_GROUPS, group)));
        }
        Ok(listed)
    }

    /// CanResourceBeDependent: the same group, no circle, not itself.
    pub fn can_resource_be_dependent(self, resource: ResourceId, provider: ResourceId) -> bool {
        crate::graph::check_new_dependency(&self.engine.model, resource, provider).is_ok()
    }

    /// The canonical dependency expression, `([id]) and ([id])`; empty without dependencies.
    pub fn dependency_expression(self, id: ResourceId) -> Option<String> {
        Some(self.engine.model.resource(id)?.depends_on.to_string())
    }

    /// Operations that run, oldest first, each with what is pending in it.
    pub fn operations(self) -> Vec<OperationRecord> {
        self.engine.shown_operations()
    }

    /// One operation that runs.
    pub fn operation(self, id: OperationId) -> Option<OperationRecord> {
        self.engine.shown_operation(id)
    }

    /// Everything at a glance.
    pub fn glance(self) -> Glance<'a> {
        let model = &self.engine.model;
        let mut groups: Vec<_> = model.groups().map(|group| self.group_info(group)).collect();
        groups.sort_by(|a, b| a.name.cmp(b.name));
        let mut resources: Vec<_> = model.resources().map(|found| self.resource_info(found)).collect();
        resources.sort_by(|a, b| a.name.cmp(b.name));
        Glance {
            cluster: self.cluster_name(),
            cluster_id: self.cluster_id(),
            nodes: model.nodes().filter_map(|node| self.node(node.id)).collect(),
            groups,
            resources,
            operations: self.operations(),
        }
    }

    fn resource_info(self, resource: &'a Resource) -> ResourceInfo<'a> {
        let model = &self.engine.model;
        let live = self.engine.live.get(&resource.id);
        let (owner, owner_name) = self.owner_of(resource.group);
        ResourceInfo {
            id: resource.id,
            name: &resource.name,
            type_name: &resource.type_name,
            group: resource.group,
            group_name: model.group(resource.group).map_or("", |group| group.name.as_str()),
            owner,
            owner_name,
            state: live.map_or(ResourceState::Initializing, |live| live.state),
            since_ms: live.map_or(0, |live| live.since_unix_ms),
            cause: live.and_then(|live| live.failure.as_ref()),
            unproven: live.is_some_and(|live| live.unproven),
            locked: live.and_then(|live| live.locked),
            wanted: model.is_wanted(resource),
            operation: live.and_then(|live| live.claim),
        }
    }

    fn group_info(self, group: &'a Group) -> GroupInfo<'a> {
        let (owner, owner_name) = self.owner_of(group.id);
        GroupInfo {
            id: group.id,
            name: &group.name,
            state: self.engine.group_state(group.id),
            owner,
            owner_name,
            persistent: group.persistent,
            group_type: group.group_type,
            epoch: self.engine.model.epoch(group.id),
        }
    }

    fn owner_of(self, group: GroupId) -> (NodeId, &'a str) {
        let model = &self.engine.model;
        let node = model.owner(group).map_or(self.engine.config.node, |owner| owner.node);
        (node, model.node(node).map_or("", |node| node.name.as_str()))
    }

    /// With one node, whoever answers is up.
    fn node_state(self, id: NodeId) -> NodeState {
        if id == self.engine.config.node { NodeState::Up } else { NodeState::Down }
    }

    fn listed_node(self, kind: u32, id: NodeId) -> Listed {
        let name = self.engine.model.node(id).map(|node| node.name.to_string()).unwrap_or_default();
        Listed { kind, id: id.to_string(), name }
    }
}

fn listed_resource(kind: u32, resource: &Resource) -> Listed {
    Listed { kind, id: resource.id.to_string(), name: resource.name.to_string() }
}

fn listed_group(kind: u32, group: &Group) -> Listed {
    Listed { kind, id: group.id.to_string(), name: group.name.to_string() }
}

fn check_mask(mask: u32, known: u32) -> Result<(), Refusal> {
    if mask == 0 || mask & !known != 0 {
        return Err(RequestError::Value {
            what: "enumeration type",
            value: format!("{mask:#x}"),
            allowed: format!("it is one or more bits of {known:#x}"),
        }
        .into());
    }
    Ok(())
}

fn gone_resource(id: ResourceId) -> Refusal {
    ClusterError::ResourceGone { id: id.to_string() }.into()
}

fn gone_group(id: GroupId) -> Refusal {
    ClusterError::GroupGone { id: id.to_string() }.into()
}
