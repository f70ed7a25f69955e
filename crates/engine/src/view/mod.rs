//! What readers see: everything that the wire's read operations answer from.
//!
//! Shows only what is committed, and the states of what runs. It changes nothing and copies little.

mod enumerate;
mod hosts;
mod listing;

use std::collections::BTreeSet;

use crate::policy::settings::GroupPolicy;
use mainstay_store::registry::Tree;
use mainstay_types::glance::{Glance, GroupGlance, NodeGlance, ResourceGlance};
use mainstay_types::operation::OperationRecord;
use mainstay_types::order::Cause;
use mainstay_types::{
    ClusterId, GroupId, GroupSetId, GroupState, HostId, Name, NetworkId, NetworkInterfaceId,
    NetworkInterfaceState, NetworkState, NodeId, NodeState, ObjectId, OperationId, ResourceId, ResourceState,
    Status,
};

use crate::Engine;
use crate::alternatives;
use crate::error::Refusal;
use crate::live::Live;
use crate::model::Model;
use crate::model::objects::{Group, Node, Resource, ResourceType};
pub use enumerate::{Listed, kind};
pub use hosts::HostInfo;
pub use listing::{ListedGroup, ListedProperties, ListedResource};

/// A resource, as single reads want it; everything of it is in [`View::glance`].
#[derive(Clone, Copy, Debug)]
pub struct ResourceInfo<'a> {
    /// Its name.
    pub name: &'a Name,
    /// Its type.
    pub type_name: &'a Name,
    /// Its state.
    pub state: ResourceState,
    /// Its group's name.
    pub group_name: &'a str,
    /// The name of the node that owns the group.
    pub owner_name: &'a str,
}

/// A group, as single reads want it.
#[derive(Clone, Copy, Debug)]
pub struct GroupInfo<'a> {
    /// Its name.
    pub name: &'a Name,
    /// Its state, derived from its resources.
    pub state: GroupState,
    /// The owner node's name.
    pub owner_name: &'a str,
}

/// A node, as single reads want it.
#[derive(Clone, Copy, Debug)]
pub struct NodeInfo<'a> {
    /// Its name.
    pub name: &'a Name,
    /// Its state.
    pub state: NodeState,
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

    /// For queries that have a room of their own.
    pub(crate) fn engine(self) -> &'a Engine {
        self.engine
    }

    /// What runs, and is not in the database: asked before [`Input::Settled`](crate::input::Input::Settled), by which it would
    /// be taken for the rest of what was deleted. A service that finds any must not go on: its database is older than
    /// what runs.
    pub fn unknown_running(self) -> BTreeSet<ResourceId> {
        self.engine.unknown_running()
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

    /// A group set by name (in any case) or id.
    pub fn find_group_set(self, text: &str) -> Option<GroupSetId> {
        self.engine.model.find_group_set(text)
    }

    /// A network by name (in any case) or id.
    pub fn find_network(self, text: &str) -> Option<NetworkId> {
        self.engine.model.find_network(text)
    }

    /// A network interface by name (in any case) or id.
    pub fn find_interface(self, text: &str) -> Option<NetworkInterfaceId> {
        self.engine.model.find_interface(text)
    }

    /// A network's state; `None` when it is gone.
    pub fn network_state(self, id: NetworkId) -> Option<NetworkState> {
        self.engine.model.network(id)?;
        Some(self.engine.network_state(id))
    }

    /// A network interface's state; `None` when it is gone.
    pub fn interface_state(self, id: NetworkInterfaceId) -> Option<NetworkInterfaceState> {
        self.engine.interface_state(id)
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
        let resource = self.engine.model.resource(id)?;
        Some(ResourceInfo {
            name: &resource.name,
            type_name: &resource.type_name,
            state: self.resource_state(id)?,
            group_name: self.group_name(resource.group),
            owner_name: self.owner_of(resource.group).1,
        })
    }

    /// A group.
    pub fn group(self, id: GroupId) -> Option<GroupInfo<'a>> {
        let name = &self.engine.model.group(id)?.name;
        Some(GroupInfo { name, state: self.engine.group_state(id), owner_name: self.owner_of(id).1 })
    }

    /// A node.
    pub fn node(self, id: NodeId) -> Option<NodeInfo<'a>> {
        let node = self.engine.model.node(id)?;
        Some(NodeInfo { name: &node.name, state: self.node_state(id) })
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
    pub fn glance(self) -> Glance {
        let model = &self.engine.model;
        let node = |node: &Node| NodeGlance {
            id: node.id,
            name: node.name.clone(),
            state: self.node_state(node.id),
        };
        let mut groups: Vec<_> = model.groups().map(|group| self.group_glance(group)).collect();
        groups.sort_by(|a, b| a.name.cmp(&b.name));
        let mut resources: Vec<_> = model.resources().map(|found| self.resource_glance(found)).collect();
        resources.sort_by(|a, b| a.name.cmp(&b.name));
        Glance {
            cluster: self.cluster_name().to_owned(),
            cluster_id: self.cluster_id(),
            nodes: model.nodes().map(node).collect(),
            groups,
            group_sets: self.engine.group_set_glances(),
            networks: self.engine.network_glances(),
            interfaces: self.engine.interface_glances(),
            resources,
            operations: self.operations(),
        }
    }

    fn group_glance(self, group: &Group) -> GroupGlance {
        let (owner, owner_name) = self.owner_of(group.id);
        GroupGlance {
            id: group.id,
            name: group.name.clone(),
            state: self.engine.group_state(group.id),
            owner,
            owner_name: owner_name.to_owned(),
            persistent: group.persistent,
            group_type: group.group_type,
            epoch: self.engine.model.epoch(group.id),
            preferred_owners: group
                .placement
                .preferred
                .iter()
                .filter_map(|node| Some(self.engine.model.node(*node)?.name.clone()))
                .collect(),
            group_set: group.set.and_then(|set| Some(self.engine.model.group_set(set)?.name.clone())),
            depends_on: group.depends_on.with_names(|id| self.group_name(id).to_owned()),
            depends_on_sets: group
                .depends_on_sets
                .with_names(|id| self.engine.plain_name(&ObjectId::GroupSet(id))),
            waits_for: self.engine.group_waits_for(group.id),
            waits_until_ms: self.engine.group_wait_ends_unix_ms(group.id),
            status_information: self.engine.group_status(group.id).bits(),
        }
    }

    fn resource_glance(self, resource: &Resource) -> ResourceGlance {
        let live = self.engine.live.get(&resource.id);
        let (owner, owner_name) = self.owner_of(resource.group);
        ResourceGlance {
            id: resource.id,
            name: resource.name.clone(),
            type_name: resource.type_name.clone(),
            group: resource.group,
            group_name: self.group_name(resource.group).to_owned(),
            owner,
            owner_name: owner_name.to_owned(),
            state: live.map_or(ResourceState::Initializing, |live| live.state),
            since_ms: live.map_or(0, |live| live.since_unix_ms),
            cause: live
                .and_then(|live| {
                    let failed = live.failure.as_ref().or(live.borne.as_ref());
                    failed.or(live.embedded_failure.as_ref()).cloned()
                })
                .or_else(|| self.held_back(resource)),
            unproven: live.is_some_and(|live| live.unproven),
            confirmable: live.is_some_and(|live| live.unproven && live.cut_off),
            locked: live.and_then(|live| live.locked),
            wanted: self.engine.model.is_wanted(resource),
            operation: live.and_then(|live| live.claim),
            recovery: self.engine.shown_recovery(resource),
            in_maintenance: resource.in_maintenance,
            kept: self.engine.kept_note(resource.id).map(|kept| kept.note.words).unwrap_or_default(),
            status_information: self.engine.resource_status(resource.id).bits(),
        }
    }

    /// Why a resource that is to be online is left offline: something that it needs is to stay offline.
    fn held_back(self, resource: &Resource) -> Option<Cause> {
        let Engine { model, live, .. } = self.engine;
        let is_left = |live: &Live| live.state == ResourceState::Offline && live.claim.is_none();
        if !live.get(&resource.id).is_some_and(is_left) || !model.is_wanted(resource) {
            return None;
        }
        let readiness = |id| alternatives::readiness(model, live, self.engine.config.node, id);
        let missing = alternatives::start_closure(model, [resource.id], &readiness);
        let stays = missing.into_iter().filter_map(|id| model.resource(id)).find(|provider| {
            let is_down = live.get(&provider.id).is_some_and(|live| live.state != ResourceState::Online);
            is_down && provider.persistent == Some(false)
        })?;
        let text = format!("it needs '{}', which is to stay offline", stays.name);
        Some(Cause::new(Status::RESOURCE_NOT_ONLINE, text))
    }

    fn group_name(self, id: GroupId) -> &'a str {
        self.engine.model.group(id).map_or("", |group| group.name.as_str())
    }

    fn owner_of(self, group: GroupId) -> (NodeId, &'a str) {
        let node = self.engine.owner_node(group);
        (node, self.engine.model.node(node).map_or("", |node| node.name.as_str()))
    }

    /// Whether the node can carry out a control code of the object (`hHostNode` of the control functions).
    pub fn check_host_node(self, object: &ObjectId, node: NodeId) -> Result<(), Refusal> {
        self.engine.check_host_node(object, node)
    }

    /// When a group is started by itself, and how often it is failed over.
    pub fn group_policy(self, id: GroupId) -> Option<GroupPolicy> {
        self.model().group(id).map(|group| group.policy)
    }

    /// Whoever answers is there; others are not members yet.
    pub(crate) fn node_state(self, id: NodeId) -> NodeState {
        match self.engine.model.node(id) {
            _ if id != self.engine.config.node => NodeState::Down,
            Some(node) if node.is_paused => NodeState::Paused,
            _ => NodeState::Up,
        }
    }
}
