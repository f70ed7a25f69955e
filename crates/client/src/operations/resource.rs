//! Resources: their life, what they depend on, where they may run.

use mainstay_cmrp::resource;
use mainstay_types::Status;
use mainstay_types::access::GENERIC_ALL;

use super::{Entry, entries};
use crate::CallError;
use crate::cluster::{Accepted, Cluster};
use crate::object::{Group, Node, Resource};
use crate::transport::Transport;

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
