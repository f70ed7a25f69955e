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
}

impl PersistentWrites {
    /// A word about the object of the call only.
    pub(crate) fn of(target: PersistentTarget, value: bool) -> Self {
        PersistentWrites { named: Some((target, value)), withdrawn: BTreeSet::new() }
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
