//! The operations by kind of object, as methods: the cluster, resources, groups, nodes, types, dependencies, lists.

use mainstay_cmrp::cluster as wire;
use mainstay_cmrp::enumeration::{GroupEnumEntry, ResourceEnumEntry};
use mainstay_cmrp::{EnumList, group, node, resource, resource_type};
use mainstay_types::Status;
use mainstay_types::access::GENERIC_ALL;

use crate::CallError;
use crate::cluster::{Accepted, Cluster};
use crate::object::{Group, Node, Resource};
use crate::transport::Transport;

/// The cluster's names and versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterInformation {
    /// Name of the cluster.
    pub name: String,
    /// Name of the node that answered.
    pub node: String,
    /// Versions, as on the wire.
    pub version: wire::GetClusterVersion2Response,
}

/// Where a resource is and what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourcePlace {
    /// CLUSTER_RESOURCE_STATE; see [`ResourceState::from_number`](mainstay_types::ResourceState::from_number).
    pub state: u32,
    /// Name of the node that owns its group.
    pub node: String,
    /// Name of its group.
    pub group: String,
}

/// Where a group is and what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupPlace {
    /// CLUSTER_GROUP_STATE; see [`GroupState::from_number`](mainstay_types::GroupState::from_number).
    pub state: u32,
    /// Name of the node that owns it.
    pub node: String,
}

/// One line of a list of objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The bit of the list's mask by which it was found.
    pub kind: u32,
    /// Its name, or its id in lists of ids.
    pub name: String,
}

/// The cluster.
impl<T: Transport> Cluster<T> {
    /// Names and versions.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn information(&mut self) -> Result<ClusterInformation, CallError> {
        let names = self.done(|_| Ok(wire::GetClusterName))?;
        let version = self.done(|_| Ok(wire::GetClusterVersion2))?;
        Ok(ClusterInformation {
            name: names.cluster_name.unwrap_or_default(),
            node: names.node_name.unwrap_or_default(),
            version,
        })
    }

    /// Renames the cluster.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn rename(&mut self, name: &str) -> Result<(), CallError> {
        self.done(|_| Ok(wire::SetClusterName { name: name.to_owned() })).map(drop)
    }

    /// Has the service copy the cluster database into a new file on its machine. The path is absolute: that of the file,
    /// or a directory's, in which the service chooses a name. [`Cluster::explain`] says afterwards which file it is.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn back_up(&mut self, path: &str) -> Result<(), CallError> {
        self.done(|_| Ok(wire::BackupClusterDatabase { path: path.to_owned() })).map(drop)
    }

    /// Objects of the cluster by name; the bits of the mask are CLUSTER_ENUM_.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn list(&mut self, type_mask: u32) -> Result<Vec<Entry>, CallError> {
        let answer = self.done(|_| Ok(wire::CreateEnum { type_mask }))?;
        Ok(entries(answer.list))
    }

    /// Objects of the cluster, as (id, name).
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn list_ids(&mut self, type_mask: u32, options: u32) -> Result<Vec<(Entry, Entry)>, CallError> {
        let answer =
            self.done(|session| Ok(wire::CreateEnumEx { cluster: session.cluster(), type_mask, options }))?;
        let (ids, names) = (entries(answer.ids), entries(answer.names));
        if ids.len() != names.len() {
            return Err(CallError::BrokenProtocol {
                operation: "CreateEnumEx",
                detail: format!("{} ids for {} names", ids.len(), names.len()),
            });
        }
        Ok(ids.into_iter().zip(names).collect())
    }

    /// All groups with the properties asked for: multi-strings of names, or `*`; `None` asks for none.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn list_groups(
        &mut self,
        properties: Option<&[u8]>,
        ro_properties: Option<&[u8]>,
    ) -> Result<Vec<GroupEnumEntry>, CallError> {
        let answer = self.done(|session| {
            Ok(wire::CreateGroupEnum {
                cluster: session.cluster(),
                properties: properties.map(<[u8]>::to_vec),
                ro_properties: ro_properties.map(<[u8]>::to_vec),
            })
        })?;
        Ok(answer.list.map(|list| list.entries).unwrap_or_default())
    }

    /// All resources with the properties asked for: multi-strings of names, or `*`; `None` asks for none.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn list_resources(
        &mut self,
        properties: Option<&[u8]>,
        ro_properties: Option<&[u8]>,
    ) -> Result<Vec<ResourceEnumEntry>, CallError> {
        let answer = self.done(|session| {
            Ok(wire::CreateResourceEnum {
                cluster: session.cluster(),
                properties: properties.map(<[u8]>::to_vec),
                ro_properties: ro_properties.map(<[u8]>::to_vec),
            })
        })?;
        Ok(answer.list.map(|list| list.entries).unwrap_or_default())
    }
}

/// Resources.
impl<T: Transport> Cluster<T> {
    /// Makes a resource in a group; flags 1 asks for a host of its own.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn create_resource(
        &mut self,
        group: &Group,
        name: &str,
        type_name: &str,
        flags: u32,
    ) -> Result<Resource, CallError> {
        let answer = self.done(|session| {
            Ok(resource::CreateResource {
                group: session.handle(group)?,
                name: name.to_owned(),
                type_name: type_name.to_owned(),
                flags,
            })
        })?;
        Ok(self.adopt(answer.handle, name, GENERIC_ALL))
    }

    /// Removes a resource. Its handle stays open.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn delete_resource(&mut self, object: &Resource) -> Result<(), CallError> {
        self.done(|session| Ok(resource::DeleteResource { resource: session.handle(object)? })).map(drop)
    }

    /// Renames a resource. Handles stay as they are.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn rename_resource(&mut self, object: &Resource, name: &str) -> Result<(), CallError> {
        self.done(|session| {
            Ok(resource::SetResourceName { resource: session.handle(object)?, name: name.to_owned() })
        })
        .map(drop)
    }

    /// The state of a resource, its node and its group.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn resource_place(&mut self, object: &Resource) -> Result<ResourcePlace, CallError> {
        let answer =
            self.done(|session| Ok(resource::GetResourceState { resource: session.handle(object)? }))?;
        Ok(ResourcePlace {
            state: answer.state,
            node: answer.node_name.unwrap_or_default(),
            group: answer.group_name.unwrap_or_default(),
        })
    }

    /// Brings a resource online.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn online_resource(&mut self, object: &Resource) -> Result<Accepted, CallError> {
        self.accepted(|session| Ok(resource::OnlineResource { resource: session.handle(object)? }))
    }

    /// Brings a resource online, with flags and a property list; empty is none.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn online_resource_ex(
        &mut self,
        object: &Resource,
        flags: u32,
        input: &[u8],
    ) -> Result<Accepted, CallError> {
        self.accepted(|session| {
            let resource = session.handle(object)?;
            Ok(resource::OnlineResourceEx { resource, flags, input: input.to_vec() })
        })
    }

    /// Takes a resource offline.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn offline_resource(&mut self, object: &Resource) -> Result<Accepted, CallError> {
        self.accepted(|session| Ok(resource::OfflineResource { resource: session.handle(object)? }))
    }

    /// Takes a resource offline, with flags and a property list; empty is none.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn offline_resource_ex(
        &mut self,
        object: &Resource,
        flags: u32,
        input: &[u8],
    ) -> Result<Accepted, CallError> {
        self.accepted(|session| {
            let resource = session.handle(object)?;
            Ok(resource::OfflineResourceEx { resource, flags, input: input.to_vec() })
        })
    }

    /// Lets a resource fail.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn fail_resource(&mut self, object: &Resource) -> Result<Accepted, CallError> {
        self.accepted(|session| Ok(resource::FailResource { resource: session.handle(object)? }))
    }

    /// Takes a resource offline and back to its persistent state.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn restart_resource(&mut self, object: &Resource, flags: u32) -> Result<Accepted, CallError> {
        self.accepted(|session| Ok(resource::RestartResource { resource: session.handle(object)?, flags }))
    }

    /// Makes `dependent` depend on `provider`.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn add_dependency(&mut self, dependent: &Resource, provider: &Resource) -> Result<(), CallError> {
        self.done(|session| {
            Ok(resource::AddResourceDependency {
                resource: session.handle(dependent)?,
                provider: session.handle(provider)?,
            })
        })
        .map(drop)
    }

    /// Ends that.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn remove_dependency(&mut self, dependent: &Resource, provider: &Resource) -> Result<(), CallError> {
        self.done(|session| {
            Ok(resource::RemoveResourceDependency {
                resource: session.handle(dependent)?,
                provider: session.handle(provider)?,
            })
        })
        .map(drop)
    }

    /// What `dependent` depends on, as an expression: ids in brackets, `([a] or [b]) and ([c])`. Empty without any.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn dependency_expression(&mut self, dependent: &Resource) -> Result<String, CallError> {
        let answer = self.done(|session| {
            Ok(resource::GetResourceDependencyExpression { resource: session.handle(dependent)? })
        })?;
        Ok(answer.value.unwrap_or_default())
    }

    /// Replaces what `dependent` depends on, resources by name or id. The empty text ends all dependencies.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn set_dependency_expression(
        &mut self,
        dependent: &Resource,
        expression: &str,
    ) -> Result<(), CallError> {
        self.done(|session| {
            Ok(resource::SetResourceDependencyExpression {
                resource: session.handle(dependent)?,
                expression: Some(expression.to_owned()),
            })
        })
        .map(drop)
    }

    /// Whether `dependent` could depend on `provider`: 0, or why not.
    ///
    /// # Errors
    ///
    /// See [`CallError`]; a no is no error.
    pub fn can_depend(&mut self, provider: &Resource, dependent: &Resource) -> Result<Status, CallError> {
        let answer = self.call(|session| {
            Ok(resource::CanResourceBeDependent {
                resource: session.handle(provider)?,
                dependent: session.handle(dependent)?,
            })
        })?;
        Ok(Status(answer.status))
    }

    /// What belongs to a resource; the bits of the mask are CLUSTER_RESOURCE_ENUM_.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn list_of_resource(&mut self, object: &Resource, type_mask: u32) -> Result<Vec<Entry>, CallError> {
        let answer = self
            .done(|session| Ok(resource::CreateResEnum { resource: session.handle(object)?, type_mask }))?;
        Ok(entries(answer.list))
    }
}

/// Groups.
impl<T: Transport> Cluster<T> {
    /// Makes a group.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn create_group(&mut self, name: &str) -> Result<Group, CallError> {
        let answer = self.done(|_| Ok(group::CreateGroup { name: name.to_owned() }))?;
        Ok(self.adopt(answer.handle, name, GENERIC_ALL))
    }

    /// Makes a group of a type (CLUSGROUP_TYPE).
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn create_group_of_type(&mut self, name: &str, group_type: u32) -> Result<Group, CallError> {
        let info = group::CreateGroupInfo { version: 1, group_type };
        let answer = self.done(|_| Ok(group::CreateGroupEx { name: name.to_owned(), info: Some(info) }))?;
        Ok(self.adopt(answer.handle, name, GENERIC_ALL))
    }

    /// Removes a group. Its handle stays open.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn delete_group(&mut self, object: &Group) -> Result<(), CallError> {
        self.done(|session| Ok(group::DeleteGroup { group: session.handle(object)?, force: false })).map(drop)
    }

    /// Removes a group with its resources, all of which have to be offline. Its handle stays open, and so do theirs.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn delete_group_with_resources(&mut self, object: &Group) -> Result<(), CallError> {
        self.done(|session| Ok(group::DeleteGroup { group: session.handle(object)?, force: true })).map(drop)
    }

    /// Renames a group. Handles stay as they are.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn rename_group(&mut self, object: &Group, name: &str) -> Result<(), CallError> {
        self.done(|session| Ok(group::SetGroupName { group: session.handle(object)?, name: name.to_owned() }))
            .map(drop)
    }

    /// The state of a group and its node.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn group_place(&mut self, object: &Group) -> Result<GroupPlace, CallError> {
        let answer = self.done(|session| Ok(group::GetGroupState { group: session.handle(object)? }))?;
        Ok(GroupPlace { state: answer.state, node: answer.node_name.unwrap_or_default() })
    }

    /// Brings a group online where it is.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn online_group(&mut self, object: &Group) -> Result<Accepted, CallError> {
        self.accepted(|session| Ok(group::OnlineGroup { group: session.handle(object)? }))
    }

    /// Brings a group online where it is, with flags and a property list; empty is none.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn online_group_ex(
        &mut self,
        object: &Group,
        flags: u32,
        input: &[u8],
    ) -> Result<Accepted, CallError> {
        self.accepted(|session| {
            Ok(group::OnlineGroupEx { group: session.handle(object)?, flags, input: input.to_vec() })
        })
    }

    /// Moves a group to a node, or to the best other one, and brings it to its persistent state there.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn move_group(&mut self, object: &Group, target: Option<&Node>) -> Result<Accepted, CallError> {
        match target {
            Some(target) => self.accepted(|session| {
                Ok(group::MoveGroupToNode { group: session.handle(object)?, node: session.handle(target)? })
            }),
            None => self.accepted(|session| Ok(group::MoveGroup { group: session.handle(object)? })),
        }
    }

    /// The same with flags and a property list; empty is none.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn move_group_ex(
        &mut self,
        object: &Group,
        target: Option<&Node>,
        flags: u32,
        input: &[u8],
    ) -> Result<Accepted, CallError> {
        match target {
            Some(target) => self.accepted(|session| {
                Ok(group::MoveGroupToNodeEx {
                    group: session.handle(object)?,
                    node: session.handle(target)?,
                    flags,
                    input: input.to_vec(),
                })
            }),
            None => self.accepted(|session| {
                Ok(group::MoveGroupEx { group: session.handle(object)?, flags, input: input.to_vec() })
            }),
        }
    }

    /// Takes a group offline.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn offline_group(&mut self, object: &Group) -> Result<Accepted, CallError> {
        self.accepted(|session| Ok(group::OfflineGroup { group: session.handle(object)? }))
    }

    /// Takes a group offline, with flags and a property list; empty is none.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn offline_group_ex(
        &mut self,
        object: &Group,
        flags: u32,
        input: &[u8],
    ) -> Result<Accepted, CallError> {
        self.accepted(|session| {
            Ok(group::OfflineGroupEx { group: session.handle(object)?, flags, input: input.to_vec() })
        })
    }

    /// Lets a resource run on a node.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn add_resource_node(&mut self, object: &Resource, node: &Node) -> Result<(), CallError> {
        self.done(|session| {
            Ok(resource::AddResourceNode { resource: session.handle(object)?, node: session.handle(node)? })
        })
        .map(drop)
    }

    /// Lets a resource run on a node no longer.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn remove_resource_node(&mut self, object: &Resource, node: &Node) -> Result<(), CallError> {
        self.done(|session| {
            Ok(resource::RemoveResourceNode {
                resource: session.handle(object)?,
                node: session.handle(node)?,
            })
        })
        .map(drop)
    }

    /// Says on which nodes a group would rather be, the best first, by name or number; none ends it.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn set_group_node_list(&mut self, object: &Group, nodes: &[String]) -> Result<(), CallError> {
        let texts = nodes.iter().flat_map(|node| node.encode_utf16().chain([0]));
        let list: Vec<u16> = texts.chain([0]).collect();
        self.done(|session| {
            Ok(group::SetGroupNodeList { group: session.handle(object)?, nodes: Some(list.clone()) })
        })
        .map(drop)
    }

    /// Ends what runs on a group as a whole, before it is done. `flags` is reserved, 0.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn cancel_group_operation(&mut self, object: &Group, flags: u32) -> Result<Accepted, CallError> {
        self.accepted(|session| {
            Ok(group::CancelClusterGroupOperation { group: session.handle(object)?, flags })
        })
    }

    /// What belongs to a group; the bits of the mask are CLUSTER_GROUP_ENUM_.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn list_of_group(&mut self, object: &Group, type_mask: u32) -> Result<Vec<Entry>, CallError> {
        let answer = self.done(|session| {
            Ok(group::CreateGroupResourceEnum { group: session.handle(object)?, type_mask })
        })?;
        Ok(entries(answer.list))
    }
}

/// Nodes and resource types.
impl<T: Transport> Cluster<T> {
    /// The state of a node, CLUSTER_NODE_STATE.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn node_state(&mut self, object: &Node) -> Result<u32, CallError> {
        Ok(self.done(|session| Ok(node::GetNodeState { node: session.handle(object)? }))?.state)
    }

    /// Keeps new groups from a node.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn pause_node(&mut self, object: &Node) -> Result<Accepted, CallError> {
        self.accepted(|session| Ok(node::PauseNode { node: session.handle(object)? }))
    }

    /// Keeps new groups from a node, and drains it where asked: to the node that is named, or wherever the service
    /// finds best. The flags are CLUSAPI_NODE_PAUSE_.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn pause_node_ex(
        &mut self,
        object: &Node,
        drain: bool,
        flags: u32,
        target: Option<&Node>,
    ) -> Result<Accepted, CallError> {
        let Some(target) = target.filter(|_| drain) else {
            return self
                .accepted(|session| Ok(node::PauseNodeEx { node: session.handle(object)?, drain, flags }));
        };
        self.accepted(|session| {
            let (node, drain_target) = (session.handle(object)?, session.handle(target)?);
            Ok(node::PauseNodeWithDrainTarget { node, flags, drain_target })
        })
    }

    /// Ends a pause.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn resume_node(&mut self, object: &Node) -> Result<Accepted, CallError> {
        self.accepted(|session| Ok(node::ResumeNode { node: session.handle(object)? }))
    }

    /// Ends a pause, and says what becomes of groups that had left: CLUSTER_NODE_RESUME_FAILBACK_TYPE.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn resume_node_ex(
        &mut self,
        object: &Node,
        failback: u32,
        flags: u32,
    ) -> Result<Accepted, CallError> {
        self.accepted(|session| Ok(node::ResumeNodeEx { node: session.handle(object)?, failback, flags }))
    }

    /// Registers a resource type. `library` is the file that implements it; the intervals are in milliseconds.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn create_resource_type(
        &mut self,
        name: &str,
        display_name: &str,
        library: &str,
        looks_alive_ms: u32,
        is_alive_ms: u32,
    ) -> Result<(), CallError> {
        self.done(|_| {
            Ok(resource_type::CreateResourceType {
                name: name.to_owned(),
                display_name: display_name.to_owned(),
                dll_name: library.to_owned(),
                looks_alive_ms,
                is_alive_ms,
            })
        })
        .map(drop)
    }

    /// Unregisters a resource type.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn delete_resource_type(&mut self, name: &str) -> Result<(), CallError> {
        self.done(|_| Ok(resource_type::DeleteResourceType { name: name.to_owned() })).map(drop)
    }

    /// What belongs to a resource type; the bits of the mask are CLUSTER_RESOURCE_TYPE_ENUM_.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn list_of_resource_type(&mut self, name: &str, type_mask: u32) -> Result<Vec<Entry>, CallError> {
        let answer =
            self.done(|_| Ok(resource_type::CreateResTypeEnum { name: name.to_owned(), type_mask }))?;
        Ok(entries(answer.list))
    }
}

/// What an answer lists; a list without names in it would be of no use, so those lines count as empty names.
pub(crate) fn entries(list: Option<EnumList>) -> Vec<Entry> {
    let entry =
        |entry: mainstay_cmrp::EnumEntry| Entry { kind: entry.kind, name: entry.name.unwrap_or_default() };
    list.map(|list| list.entries.into_iter().map(entry).collect()).unwrap_or_default()
}
