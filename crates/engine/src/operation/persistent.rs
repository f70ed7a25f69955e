//! What operations write about who is to be online: a word about the named object, and the words that it overrides.
//!
//! The last word wins. Whoever asks for a resource or a group wants what it relies on too, so an earlier word that a
//! provider stay offline is withdrawn in the same commit: after a reboot the same set runs. When something is written
//! and when it is put back is the acceptance's and the veto's.

use std::collections::BTreeSet;

use mainstay_store::registry::{Changes, KeyPath, Value};
use mainstay_types::ResourceId;
use mainstay_types::operation::Verb;

use super::Operation;
use super::stored::{PersistentBefore, PersistentTarget};
use crate::Engine;
use crate::error::{ClusterError, Refusal};
use crate::limits::WORDS_WITHDRAWN_MAX;
use crate::model::{Model, layout};
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

impl PersistentBefore {
    /// Writes it again.
    pub(super) fn put_back(&self, changes: &mut Changes<'_>) -> Result<(), Refusal> {
        write(changes, self.target, self.value)
    }
}

impl Operation {
    /// Whether this operation's word is about something that the other has written about.
    pub(super) fn overrides_words_of(&self, other: &Operation) -> bool {
        let target = self.before.map(|before| before.target);
        target.is_some() && other.before.map(|before| before.target) == target
            || !self.concerns.is_disjoint(&other.withdrawn)
    }

    /// What the other still has to put back once this operation's word holds: a later word is never written over.
    pub(super) fn words_left_to(
        &self,
        other: &Operation,
    ) -> (Option<PersistentBefore>, BTreeSet<ResourceId>) {
        let target = self.before.map(|before| before.target);
        let before = other.before.filter(|before| Some(before.target) != target);
        (before, &other.withdrawn - &self.concerns)
    }
}

/// Puts back what an operation that is cancelled wrote, as far as nobody has written anything else since.
pub(super) fn take_back(
    model: &Model,
    operation: &Operation,
    is_online: impl Fn(ResourceId) -> bool,
    changes: &mut Changes<'_>,
) -> Result<(), Refusal> {
    let wrote = operation.record.verb == Verb::Online;
    if let Some(before) = &operation.before {
        let now = match before.target {
            PersistentTarget::Resource(id) => model.resource(id).map(|found| found.persistent),
            PersistentTarget::Group(id) => model.group(id).map(|found| found.persistent),
        };
        if now == Some(Some(wrote)) {
            before.put_back(changes)?;
        }
    }
    for id in operation.withdrawn.iter().filter(|id| !is_online(**id)) {
        if model.resource(*id).is_some_and(|resource| resource.persistent.is_none()) {
            write(changes, PersistentTarget::Resource(*id), Some(false))?;
        }
    }
    Ok(())
}

fn write(changes: &mut Changes<'_>, target: PersistentTarget, value: Option<bool>) -> Result<(), Refusal> {
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

impl Engine {
    /// What is written of it now, before anything is written over it.
    pub(super) fn persistent_before(&self, target: PersistentTarget) -> PersistentBefore {
        let value = match target {
            PersistentTarget::Resource(id) => self.model.resource(id).and_then(|found| found.persistent),
            PersistentTarget::Group(id) => self.model.group(id).and_then(|found| found.persistent),
        };
        PersistentBefore { target, value }
    }
}
