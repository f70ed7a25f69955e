//! The order in which groups start: dependencies of groups on groups, and group sets with their start settings.
//!
//! ```text
//!   group ──► groups that it names        ┐
//!   group ──► group sets that it names    │ all of these first, then the group starts
//!   group ──► the sets that its set names │
//!   group ──► every global set            ┘ (unless it is in one, or one needs it)
//! ```
//!
//! A dependency says when a group starts and nothing else: a provider that goes offline takes nobody with it, and a
//! start of the dependent starts no provider. Owns what may be written about it (`place`, `sets`), what a group
//! waits for (`order`, `started`) and may not be beside (`apart`), and the waits themselves (`wait`). It orders nothing to hosts.

mod apart;
mod error;
pub(crate) mod order;
pub(crate) mod place;
pub(crate) mod sets;
mod show;
pub(crate) mod started;
pub(crate) mod wait;

pub use error::OrderError;
use mainstay_types::operation::Verb;
use mainstay_types::{GroupId, GroupSetId, ObjectId};

use crate::Engine;
use crate::configuration::Change;
use crate::error::Refusal;

/// What is to be changed in the order of groups.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OrderChange {
    /// CreateClusterGroupSet (opnum 163).
    CreateSet {
        /// The new set's id.
        id: GroupSetId,
        /// Its name as it came.
        name: String,
    },
    /// DeleteClusterGroupSet (opnum 166).
    DeleteSet {
        /// Which.
        set: GroupSetId,
    },
    /// ClusterAddGroupToGroupSet (opnums 167 and 183), and with `moves` MoveGroupToGroupSet (opnum 169).
    Join {
        /// The group.
        group: GroupId,
        /// Its new set.
        set: GroupSetId,
        /// Whether it may leave another set for it.
        moves: bool,
    },
    /// ClusterRemoveGroupFromGroupSet (opnum 168).
    Leave {
        /// The group.
        group: GroupId,
    },
    /// AddClusterGroupDependency.
    AddGroup {
        /// The dependent.
        group: GroupId,
        /// The provider.
        provider: GroupId,
    },
    /// RemoveClusterGroupDependency (opnum 176).
    RemoveGroup {
        /// The dependent.
        group: GroupId,
        /// The provider.
        provider: GroupId,
    },
    /// SetGroupDependencyExpression (opnum 175).
    SetGroups {
        /// The dependent.
        group: GroupId,
        /// The expression of groups as it came; empty clears.
        expression: String,
    },
    /// AddClusterGroupToGroupSetDependency (opnum 172).
    AddSetToGroup {
        /// The dependent.
        group: GroupId,
        /// The provider.
        provider: GroupSetId,
    },
    /// RemoveClusterGroupToGroupSetDependency (opnum 179).
    RemoveSetFromGroup {
        /// The dependent.
        group: GroupId,
        /// The provider.
        provider: GroupSetId,
    },
    /// AddClusterGroupSetDependency (opnum 171).
    AddSet {
        /// The dependent.
        set: GroupSetId,
        /// The provider.
        provider: GroupSetId,
    },
    /// RemoveClusterGroupSetDependency (opnum 178).
    RemoveSet {
        /// The dependent.
        set: GroupSetId,
        /// The provider.
        provider: GroupSetId,
    },
    /// SetClusterGroupSetDependencyExpression (opnum 177).
    SetSets {
        /// The dependent.
        set: GroupSetId,
        /// The expression of group sets as it came; empty clears.
        expression: String,
    },
}

impl OrderChange {
    /// What it is and whose key it changes, for its record.
    pub(crate) fn subject(&self) -> (Verb, ObjectId) {
        match self {
            Self::CreateSet { id, .. } => (Verb::Create, ObjectId::GroupSet(*id)),
            Self::DeleteSet { set } => (Verb::Delete, ObjectId::GroupSet(*set)),
            Self::Join { group, .. } => (Verb::Join, ObjectId::Group(*group)),
            Self::Leave { group } => (Verb::Leave, ObjectId::Group(*group)),
            Self::AddGroup { group, .. }
            | Self::SetGroups { group, .. }
            | Self::AddSetToGroup { group, .. } => (Verb::Depend, ObjectId::Group(*group)),
            Self::RemoveGroup { group, .. } | Self::RemoveSetFromGroup { group, .. } => {
                (Verb::Undepend, ObjectId::Group(*group))
            }
            Self::AddSet { set, .. } | Self::SetSets { set, .. } => (Verb::Depend, ObjectId::GroupSet(*set)),
            Self::RemoveSet { set, .. } => (Verb::Undepend, ObjectId::GroupSet(*set)),
        }
    }

    /// The name of the object that it makes.
    pub(crate) fn new_name(&self) -> Option<&str> {
        match self {
            Self::CreateSet { name, .. } => Some(name),
            _ => None,
        }
    }
}

impl Engine {
    /// What a change of the order writes.
    pub(crate) fn prepare_order(&self, change: &OrderChange) -> Result<Change, Refusal> {
        match change {
            OrderChange::CreateSet { id, name } => self.create_group_set(*id, name),
            OrderChange::DeleteSet { set } => self.delete_group_set(*set),
            OrderChange::Join { group, set, moves } => self.join_group_set(*group, *set, *moves),
            OrderChange::Leave { group } => self.leave_group_set(*group),
            OrderChange::AddGroup { group, provider } => self.add_provider_group(*group, *provider),
            OrderChange::RemoveGroup { group, provider } => self.remove_provider_group(*group, *provider),
            OrderChange::SetGroups { group, expression } => self.set_provider_groups(*group, expression),
            OrderChange::AddSetToGroup { group, provider } => self.add_provider_set(*group, *provider),
            OrderChange::RemoveSetFromGroup { group, provider } => {
                self.remove_provider_set(*group, *provider)
            }
            OrderChange::AddSet { set, provider } => self.add_set_provider(*set, *provider),
            OrderChange::RemoveSet { set, provider } => self.remove_set_provider(*set, *provider),
            OrderChange::SetSets { set, expression } => self.set_set_providers(*set, expression),
        }
    }
}
