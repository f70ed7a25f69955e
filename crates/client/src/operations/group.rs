//! Groups: their life, and where they are to be.

use mainstay_cmrp::group;
use mainstay_types::access::GENERIC_ALL;

use super::{Entry, entries};
use crate::CallError;
use crate::cluster::{Accepted, Cluster};
use crate::object::{Group, Node};
use crate::transport::Transport;

/// Where a group is and what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupPlace {
    /// CLUSTER_GROUP_STATE; see [`GroupState::from_number`](mainstay_types::GroupState::from_number).
    pub state: u32,
    /// Name of the node that owns it.
    pub node: String,
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
