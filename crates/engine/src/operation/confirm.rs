//! The administrator's word that nothing of a failed resource is left.
//!
//! A type that holds what is in no process and whose Terminate never succeeds leaves its resource unproven for ever: it
//! could not be started or deleted any more. Whoever has looked himself may say so. Only that is believed here: while a
//! process is left in the resource's leaf, nobody's word counts.

use mainstay_types::{ResourceId, ResourceState};

use super::offline::World;
use crate::Engine;
use crate::effect::Effect;
use crate::error::{ClusterError, Refusal};

/// Whether there is something to be confirmed, and nothing is known that says otherwise.
pub(super) fn check(world: &World<'_>, id: ResourceId) -> Result<(), Refusal> {
    let gone = || ClusterError::ResourceGone { id: id.to_string() };
    let resource = world.model.resource(id).ok_or_else(gone)?;
    let live = world.states.get(&id).ok_or_else(gone)?;
    let name = resource.name.to_string();
    if live.state != ResourceState::Failed || !live.unproven {
        return Err(ClusterError::NothingToConfirm { name, state: live.state }.into());
    }
    if live.task.is_some() || live.claim.or(live.reserved).is_some() {
        let way_out = "it is being cleaned up just now; wait until that has ended";
        return Err(ClusterError::State { name, state: live.state, way_out: way_out.into() }.into());
    }
    if !live.cut_off {
        return Err(ClusterError::ProcessesLeft { name }.into());
    }
    Ok(())
}

impl Engine {
    /// It is believed from now on, and at the next start of the service too: see [`crate::live::Live::cut_off`].
    pub(super) fn take_word_that_stopped(&mut self, id: ResourceId) {
        let Some(live) = self.live.get_mut(&id).filter(|live| live.task.is_none() && live.cut_off) else {
            return;
        };
        (live.cut_off, live.unproven) = (false, false);
        if let Some(group) = self.group_of(id) {
            self.effects.push(Effect::RemoveLeaf { group, resource: id });
        }
    }
}
