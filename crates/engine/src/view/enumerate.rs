//! Enumerations: which objects stand in which relation, as the wire lists them.
//!
//! Bits that nothing is listed for are no error where the API knows them; others are refused.

use mainstay_types::{GroupId, NetworkId, NodeId, ResourceId};

use super::View;
use crate::error::{ClusterError, Refusal, RequestError};
use crate::model::networks::Interface;
use crate::model::objects::{Group, Resource};

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
    /// CLUSTER_ENUM_NETWORK.
    pub const CLUSTER_NETWORK: u32 = 0x10;
    /// CLUSTER_ENUM_NETINTERFACE.
    pub const CLUSTER_INTERFACE: u32 = 0x20;
    /// CLUSTER_NETWORK_ENUM_NETINTERFACES.
    pub const NETWORK_INTERFACES: u32 = 1;
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

impl View<'_> {
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
        if mask & kind::CLUSTER_NETWORK != 0 {
            listed.extend(model.networks().map(|found| Listed {
                kind: kind::CLUSTER_NETWORK,
                id: found.id.to_string(),
                name: found.name.to_string(),
            }));
        }
        if mask & kind::CLUSTER_INTERFACE != 0 {
            listed.extend(model.interfaces().map(|found| listed_interface(kind::CLUSTER_INTERFACE, found)));
        }
        Ok(listed)
    }

    /// Objects of a network (ClusterNetworkOpenEnum).
    pub fn enumerate_network(self, id: NetworkId, mask: u32) -> Result<Vec<Listed>, Refusal> {
        let model = &self.engine.model;
        model.network(id).ok_or_else(|| ClusterError::NetworkGone { id: id.to_string() })?;
        check_mask(mask, kind::NETWORK_INTERFACES)?;
        let interfaces = model.interfaces_of(id);
        Ok(interfaces.map(|found| listed_interface(kind::NETWORK_INTERFACES, found)).collect())
    }

    /// Interfaces of a node on a network (ClusterNetInterfaceOpenEnum); an empty name stands for all.
    pub fn enumerate_interfaces(self, node: &str, network: &str) -> Result<Vec<Listed>, Refusal> {
        let model = &self.engine.model;
        let shown = crate::error::shown;
        let node = match node {
            "" => None,
            node => Some(model.find_node(node).ok_or_else(|| ClusterError::NodeGone { id: shown(node) })?),
        };
        let network = match network {
            "" => None,
            network => {
                let found = model.find_network(network);
                Some(found.ok_or_else(|| ClusterError::NetworkGone { id: shown(network) })?)
            }
        };
        let interfaces = model.interfaces().filter(|found| {
            node.is_none_or(|node| found.node == node)
                && network.is_none_or(|network| found.network == network)
        });
        Ok(interfaces.map(|found| listed_interface(kind::CLUSTER_INTERFACE, found)).collect())
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
        if mask & kind::GROUP_NODES != 0 {
            let preferred = group.placement.preferred.iter();
            let known = preferred.filter(|node| self.engine.model.node(**node).is_some());
            listed.extend(known.map(|node| self.listed_node(kind::GROUP_NODES, *node)));
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
        if mask & kind::NODE_INTERFACES != 0 {
            let own = model.interfaces().filter(|found| found.node == id);
            listed.extend(own.map(|found| listed_interface(kind::NODE_INTERFACES, found)));
        }
        if mask & kind::NODE_GROUPS != 0 {
            let owned = model.groups().filter(|group| model.owner(group.id).is_some_and(|o| o.node == id));
            listed.extend(owned.map(|group| listed_group(kind::NODE_GROUPS, group)));
        }
        if mask & kind::NODE_PREFERRED_GROUPS != 0 {
            let preferring = model.groups().filter(|group| group.placement.preferred.contains(&id));
            listed.extend(preferring.map(|group| listed_group(kind::NODE_PREFERRED_GROUPS, group)));
        }
        Ok(listed)
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

fn listed_interface(kind: u32, interface: &Interface) -> Listed {
    Listed { kind, id: interface.id.to_string(), name: interface.name.to_string() }
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
