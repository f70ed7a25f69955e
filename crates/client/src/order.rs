//! The order in which groups start, as methods: group sets, and what groups and sets start after.

use mainstay_cmrp::control::{ControlRequest, GroupSetControl};
use mainstay_cmrp::{group, group_set};
use mainstay_types::access::GENERIC_ALL;
use mainstay_types::control::{function, object};
use mainstay_types::{ControlCode, Status};

use crate::CallError;
use crate::cluster::Cluster;
use crate::object::{Desired, Group, GroupSet, Kind, kind, sealed};
use crate::operations::{Entry, entries};
use crate::session::Session;
use crate::transport::{Link, Transport};

/// More than the longest id.
const ID_LENGTH_MAX: u32 = 256;

impl sealed::Sealed for kind::GroupSet {}

impl Kind for kind::GroupSet {
    type Handle = mainstay_cmrp::GroupSetHandle;

    /// There is no method with an access mask: the handle has what the caller may do.
    fn open<L: Link>(
        session: &mut Session<L>,
        name: &str,
        desired: Desired,
    ) -> Result<(Self::Handle, u32), CallError> {
        let answer = session.accepted(&group_set::OpenGroupSet { name: name.to_owned() })?;
        let granted = match desired {
            Desired::Full => GENERIC_ALL,
            Desired::Mask(mask) => mask,
        };
        Ok((answer.handle, granted))
    }

    fn id<L: Link>(session: &mut Session<L>, handle: Self::Handle) -> Result<Option<String>, CallError> {
        let code = ControlCode(object::GROUP_SET | function::GET_ID);
        let control = ControlRequest { code: code.0, input: None, output_len: ID_LENGTH_MAX };
        let answer = session.accepted(&GroupSetControl { group_set: handle, control })?;
        let units = answer.output().chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        let text: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
        Ok(String::from_utf16(&text).ok())
    }

    fn close<L: Link>(session: &mut Session<L>, handle: Self::Handle) -> Result<(), CallError> {
        session.accepted(&group_set::CloseGroupSet { group_set: handle }).map(drop)
    }

    fn when_gone(status: Status) -> Status {
        if status == Status::GROUPSET_NOT_FOUND { Status::GROUPSET_NOT_AVAILABLE } else { status }
    }
}

/// The order in which groups start.
impl<T: Transport> Cluster<T> {
    /// Makes a group set.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn create_group_set(&mut self, name: &str) -> Result<GroupSet, CallError> {
        let answer = self.done(|_| Ok(group_set::CreateGroupSet { name: name.to_owned() }))?;
        Ok(self.adopt(answer.handle, name, GENERIC_ALL))
    }

    /// Removes a group set in which no group is. Its handle stays open.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn delete_group_set(&mut self, object: &GroupSet) -> Result<(), CallError> {
        self.done(|s| Ok(group_set::DeleteGroupSet { group_set: s.handle(object)? })).map(drop)
    }

    /// All group sets by name.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn list_group_sets(&mut self) -> Result<Vec<Entry>, CallError> {
        let answer = self.done(|s| Ok(group_set::CreateGroupSetEnum { cluster: s.cluster() }))?;
        Ok(entries(answer.list))
    }

    /// Puts a group that is in none into a group set.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn add_to_group_set(&mut self, set: &GroupSet, group: &Group) -> Result<(), CallError> {
        self.done(|s| {
            Ok(group_set::AddGroupToGroupSet { group_set: s.handle(set)?, group: s.handle(group)? })
        })
        .map(drop)
    }

    /// Takes a group out of its group set.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn remove_from_group_set(&mut self, group: &Group) -> Result<(), CallError> {
        self.done(|s| Ok(group_set::RemoveGroupFromGroupSet { group: s.handle(group)? })).map(drop)
    }

    /// Has a group start after another one as well.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn add_group_dependency(&mut self, dependent: &Group, provider: &Group) -> Result<(), CallError> {
        let done = self.depend_group(dependent, provider)?;
        match done.status {
            Status::SUCCESS => Ok(()),
            status => Err(CallError::refused("AddClusterGroupDependency", status)),
        }
    }

    /// Has a group start after another one no longer.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn remove_group_dependency(&mut self, dependent: &Group, provider: &Group) -> Result<(), CallError> {
        self.done(|s| {
            let (group, provider) = (s.handle(dependent)?, s.handle(provider)?);
            Ok(group::RemoveClusterGroupDependency { group, provider })
        })
        .map(drop)
    }

    /// Replaces the groups that a group starts after, by name or id. The empty text ends all of that.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn set_group_dependency_expression(
        &mut self,
        dependent: &Group,
        expression: &str,
    ) -> Result<(), CallError> {
        self.done(|s| {
            let (group, expression) = (s.handle(dependent)?, expression.to_owned());
            Ok(group::SetGroupDependencyExpression { group, expression })
        })
        .map(drop)
    }

    /// Has a group start after a group set as well.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn add_group_to_set_dependency(
        &mut self,
        dependent: &Group,
        provider: &GroupSet,
    ) -> Result<(), CallError> {
        self.done(|s| {
            let (group, provider) = (s.handle(dependent)?, s.handle(provider)?);
            Ok(group_set::AddGroupToGroupSetDependency { group, provider })
        })
        .map(drop)
    }

    /// Has a group start after a group set no longer.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn remove_group_to_set_dependency(
        &mut self,
        dependent: &Group,
        provider: &GroupSet,
    ) -> Result<(), CallError> {
        self.done(|s| {
            let (group, provider) = (s.handle(dependent)?, s.handle(provider)?);
            Ok(group_set::RemoveClusterGroupToGroupSetDependency { group, provider })
        })
        .map(drop)
    }

    /// Has all groups of a set start after another set as well.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn add_set_dependency(&mut self, dependent: &GroupSet, provider: &GroupSet) -> Result<(), CallError> {
        self.done(|s| {
            let (group_set, provider) = (s.handle(dependent)?, s.handle(provider)?);
            Ok(group_set::AddGroupSetDependency { group_set, provider })
        })
        .map(drop)
    }

    /// Ends that.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn remove_set_dependency(
        &mut self,
        dependent: &GroupSet,
        provider: &GroupSet,
    ) -> Result<(), CallError> {
        self.done(|s| {
            let (group_set, provider) = (s.handle(dependent)?, s.handle(provider)?);
            Ok(group_set::RemoveGroupSetDependency { group_set, provider })
        })
        .map(drop)
    }

    /// Replaces the group sets that a set's groups start after, by name or id. The empty text ends all of that.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn set_set_dependency_expression(
        &mut self,
        dependent: &GroupSet,
        expression: &str,
    ) -> Result<(), CallError> {
        self.done(|s| {
            let (group_set, expression) = (s.handle(dependent)?, expression.to_owned());
            Ok(group_set::SetGroupSetDependencyExpression { group_set, expression })
        })
        .map(drop)
    }
}
