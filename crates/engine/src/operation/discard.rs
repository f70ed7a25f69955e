//! The administrator's word that what a type has the cluster keep for a resource is to be given up.
//!
//! A saved state that cannot be reached any more keeps a virtual machine from starting, and rightly so: without it the
//! machine starts anew. Only somebody who knows what is lost by that may say that it is to.

use mainstay_types::{ResourceId, ResourceState};

use super::offline::World;
use crate::Engine;
use crate::error::{ClusterError, Refusal};

impl Engine {
    /// Whether there is something to give up, and nobody works with it.
    pub(super) fn check_discard(&self, world: &World<'_>, id: ResourceId) -> Result<(), Refusal> {
        let gone = || ClusterError::ResourceGone { id: id.to_string() };
        let resource = world.model.resource(id).ok_or_else(gone)?;
        let live = world.states.get(&id).ok_or_else(gone)?;
        let name = resource.name.to_string();
        let rests = matches!(live.state, ResourceState::Offline | ResourceState::Failed);
        let is_busy =
            live.task.is_some() || live.claim.or(live.reserved).is_some() || self.notes.is_writing(id);
        if !rests || is_busy {
            let way_out = match live.state {
                ResourceState::Online => "take it offline first",
                _ => "wait until it is at rest",
            };
            return Err(ClusterError::State { name, state: live.state, way_out: way_out.into() }.into());
        }
        match self.kept_note(id) {
            Some(_) => Ok(()),
            None => Err(ClusterError::NothingKept { name }.into()),
        }
    }

    /// What is given up, for the record.
    pub(super) fn outcome_of_discard(&self, id: ResourceId) -> String {
        let words = self.kept_note(id).map(|kept| kept.note.words).unwrap_or_default();
        format!("has given up what was kept of it: {words}")
    }
}
