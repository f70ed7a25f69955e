//! What operations write about who is to be online: a word about the named object, and the words that it overrides.
//!
//! The last word wins. Whoever asks for a resource or a group wants what it relies on too, so an earlier word that a
//! provider stay offline is withdrawn in the same commit: after a reboot the same set runs. When something is written
//! and when it is put back is the acceptance's and the veto's.

use std::collections::BTreeSet;

use mainstay_store::registry::{Changes, KeyPath, Value};
use mainstay_types::ResourceId;

use super::stored::{PersistentTarget, Said};
use crate::error::{ClusterError, Refusal};
use crate::limits::WORDS_WITHDRAWN_MAX;
use crate::model::layout;
use crate::seeded::{self, Bug};

/// What an accepted call writes; by default nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct PersistentWrites {
    /// Whether the object of the call is to be online from now on.
    pub(crate) named: Option<(PersistentTarget, bool)>,
    /// Providers whose own word, that they stay offline, goes. Then they follow their group or whoever needs them.
    pub(crate) withdrawn: BTreeSet<ResourceId>,
    /// Whom it says something about: the named resource, or the group's, and what they rely on. A word about one of these
    /// that was withdrawn earlier does not come back any more.
    pub(crate) concerns: BTreeSet<ResourceId>,
}

impl PersistentWrites {
    /// A word about the object of the call only.
    pub(crate) fn of(target: PersistentTarget, value: bool) -> Self {
        let concerns = match target {
            PersistentTarget::Resource(id) => [id].into(),
            // What each of them was last asked to be stays written.
            PersistentTarget::Group(_) => BTreeSet::new(),
        };
        PersistentWrites { named: Some((target, value)), withdrawn: BTreeSet::new(), concerns }
    }

    /// What is said about whom. A word about the object of the call says more than that it is needed.
    pub(super) fn said(&self) -> impl Iterator<Item = (PersistentTarget, Said)> {
        let named = self
            .named
            .map(|(target, is_online)| (target, if is_online { Said::Online } else { Said::Offline }));
        let needed = self.concerns.iter().map(|id| (PersistentTarget::Resource(*id), Said::Needed));
        let is_other =
            move |(target, _): &(PersistentTarget, Said)| named.is_none_or(|(own, _)| own != *target);
        named.into_iter().chain(needed.filter(is_other))
    }

    pub(super) fn put(&self, changes: &mut Changes<'_>) -> Result<(), Refusal> {
        if self.withdrawn.len() > WORDS_WITHDRAWN_MAX {
            let (count, max) = (self.withdrawn.len(), WORDS_WITHDRAWN_MAX);
            return Err(ClusterError::TooManyStayOffline { count, max }.into());
        }
        if let Some((target, value)) = self.named {
            write(changes, target, Some(value))?;
        }
        for id in self.withdrawn.iter().filter(|_| !seeded::has(Bug::WordNotWithdrawn)) {
            write(changes, PersistentTarget::Resource(*id), None)?;
        }
        Ok(())
    }
}

/// Writes one state, or that there is none.
pub(super) fn write(
    changes: &mut Changes<'_>,
    target: PersistentTarget,
    value: Option<bool>,
) -> Result<(), Refusal> {
    let path: KeyPath = match target {
        PersistentTarget::Resource(id) => layout::resource_path(id)?,
        PersistentTarget::Group(id) => layout::group_path(id)?,
    };
    match value {
        Some(value) => changes.set_value(&path, layout::PERSISTENT_STATE, Value::Dword(value.into()))?,
        None => drop(changes.delete_value(&path, layout::PERSISTENT_STATE)?),
    }
    Ok(())
}
