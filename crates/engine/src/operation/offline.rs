//! OfflineClusterResourceEx: the decision procedure (reference §0 with design §3.1, 3.2, 3.12, 3.13).
//!
//! One pure function from the cluster and the request to a [`Decision`]. The checks come in this order, and the first
//! that refuses decides: access, object, flags, buffer, (other operations,) state, locks. It is evaluated at the call,
//! and again after the resource types were asked, since the world may have moved.

use std::collections::BTreeSet;

use mainstay_types::command_line::CommandLine;
use mainstay_types::flags::split_offline_flags;
use mainstay_types::{Access, NodeId, OfflineFlags, OfflineReason, OperationId, ResourceId, ResourceState};

use super::instructions;
use crate::error::{ClusterError, Refusal, RequestError};
use crate::graph::{self, States};
use crate::live::{Goal, Live};
use crate::model::Model;
use crate::model::objects::Resource;
use crate::seeded::{self, Bug};

/// What the decision is made from.
#[derive(Clone, Copy)]
pub(crate) struct World<'a> {
    pub(crate) node: NodeId,
    pub(crate) strict_cmrp: bool,
    pub(crate) model: &'a Model,
    pub(crate) states: &'a States,
    /// The operation that other calls on its resources have to wait for, if this one is such.
    pub(crate) is_settling: &'a dyn Fn(OperationId) -> bool,
}

/// The call.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) access: Access,
    pub(crate) resource: ResourceId,
    /// As they came.
    pub(crate) flags: u32,
    /// As it came.
    pub(crate) buffer: &'a [u8],
}

/// What is to be done with an offline call.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Decision {
    /// Nothing changes.
    Refuse(Refusal),
    /// Another operation is just being accepted on the same closure; look again when it is.
    Wait(OperationId),
    /// It is offline: 0, and the persistent state is written unless told not to.
    Offline(Accepted),
    /// It has failed and nothing of it runs: Offline, and 0.
    Clear(Accepted),
    /// It has failed and something may run: 997, look, stop what is left, Offline.
    Settle(Accepted),
    /// It is online (or pending, with force): 997, the closure stops.
    Stop {
        /// Flags and reason.
        accepted: Accepted,
        /// The resource and every dependent that has to stop.
        closure: BTreeSet<ResourceId>,
        /// Terminate instead of a graceful stop.
        at_once: bool,
    },
}

/// What a call that is not refused asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Accepted {
    pub(crate) flags: OfflineFlags,
    pub(crate) reason: OfflineReason,
}

/// The decision procedure.
pub(crate) fn decide(world: &World<'_>, request: &Request<'_>) -> Decision {
    match decide_or_refuse(world, request) {
        Ok(decision) => decision,
        Err(refusal) => Decision::Refuse(refusal),
    }
}

fn decide_or_refuse(world: &World<'_>, request: &Request<'_>) -> Result<Decision, Refusal> {
    if request.access < Access::Full {
        return Err(RequestError::AccessDenied { verb: "offline" }.into());
    }
    let id = request.resource;
    let gone = || ClusterError::ResourceGone { id: id.to_string() };
    let resource = world.model.resource(id).ok_or_else(gone)?;
    let live = world.states.get(&id).ok_or_else(gone)?;
    let accepted = read_flags(request.flags, world.strict_cmrp)?;
    instructions::check(request.buffer)?;

    let force = accepted.flags.contains(OfflineFlags::FORCE_WITH_TERMINATION);
    let closure = graph::stop_closure(world.model, world.states, [id]);
    if let Some(other) = settling(world, &graph::with_dependents(world.model, [id])) {
        return Ok(Decision::Wait(other));
    }
    let is_opening = matches!(live.state, ResourceState::Offline | ResourceState::Initializing);
    let breaks_open = force && !world.strict_cmrp && is_opening && live.task.is_some();
    if let (ResourceState::Offline, Some(_), Some(claim)) = (live.state, &live.task, live.claim)
        && !breaks_open
    {
        // A host is just opening it.
        return Ok(Decision::Wait(claim));
    }
    if !breaks_open {
        check_state(world, resource, live, force)?;
    }
    if live.has_to_stop() && live.state != ResourceState::Failed {
        check_dependents(world, id, &closure, force)?;
    }
    if !accepted.flags.contains(OfflineFlags::IGNORE_RESOURCE_STATUS) {
        check_locks(world, &closure)?;
    }
    Ok(match live.state {
        // A type that hangs in Open is stuck like one that is pending (design §3.12).
        _ if breaks_open => Decision::Stop { accepted, closure, at_once: true },
        ResourceState::Offline => Decision::Offline(accepted),
        ResourceState::Failed if !live.unproven => Decision::Clear(accepted),
        ResourceState::Failed => Decision::Settle(accepted),
        _ => Decision::Stop { accepted, closure, at_once: force },
    })
}

fn read_flags(flags: u32, strict_cmrp: bool) -> Result<Accepted, Refusal> {
    let allowed = if strict_cmrp {
        "1, 2 and 4 are flags, and strict_cmrp refuses all else"
    } else {
        "1, 2 and 4 are flags, and one of 8, 0x10, 0x20 and 0x40 may state a reason"
    };
    let (flags, reason) =
        split_offline_flags(flags, strict_cmrp).ok_or(RequestError::Flags { flags, allowed })?;
    Ok(Accepted { flags, reason: reason.unwrap_or(OfflineReason::UserRequested) })
}

/// An operation that has to be waited for.
pub(crate) fn settling(world: &World<'_>, closure: &BTreeSet<ResourceId>) -> Option<OperationId> {
    let lives = closure.iter().filter_map(|id| world.states.get(id));
    let mut others = lives.flat_map(|live| live.reserved.into_iter().chain(live.claim));
    others.find(|id| (world.is_settling)(*id))
}

/// Online, Offline and Failed may be taken offline; what is pending only with force, and not by the strict rules.
fn check_state(world: &World<'_>, resource: &Resource, live: &Live, force: bool) -> Result<(), Refusal> {
    match live.state {
        ResourceState::Online | ResourceState::Offline => Ok(()),
        ResourceState::Failed if world.strict_cmrp => {
            Err(ClusterError::Failed { name: resource.name.to_string() }.into())
        }
        ResourceState::Failed => Ok(()),
        ResourceState::OnlinePending | ResourceState::OfflinePending if force && !world.strict_cmrp => Ok(()),
        ResourceState::OnlinePending | ResourceState::OfflinePending => {
            Err(pending_in_the_way(world, resource, live.state))
        }
        ResourceState::Initializing => {
            // While no host is at it there is nothing that force could break.
            let way_out = match live.task.is_some() && !world.strict_cmrp {
                true => format!("wait until its host has opened it, or {}", ended_by_force(world, resource)),
                false => "wait until its host has opened it".into(),
            };
            let name = resource.name.to_string();
            Err(ClusterError::State { name, state: live.state, way_out: way_out.into() }.into())
        }
    }
}

/// A pending resource stands in the way of a call, which may be about another one: wait for this one, or end it.
pub(super) fn pending_in_the_way(world: &World<'_>, resource: &Resource, state: ResourceState) -> Refusal {
    let way_out = match world.strict_cmrp {
        true => "wait until it is online, offline or failed".into(),
        false => format!("wait for it, or {}", ended_by_force(world, resource)),
    };
    ClusterError::State { name: resource.name.to_string(), state, way_out: way_out.into() }.into()
}

/// The call that ends what a resource is at, and gets past the locks that are there.
fn ended_by_force(world: &World<'_>, resource: &Resource) -> String {
    let closure = graph::stop_closure(world.model, world.states, [resource.id]);
    let line = CommandLine::new("resource offline").name(resource.name.as_str());
    let line = line.option_if(check_locks(world, &closure).is_err(), "--ignore-locked").option("--force");
    format!("end it now with the force flag: {line}")
}

/// A dependent that is on its way somewhere is broken by force only.
fn check_dependents(
    world: &World<'_>,
    id: ResourceId,
    closure: &BTreeSet<ResourceId>,
    force: bool,
) -> Result<(), Refusal> {
    if force && !world.strict_cmrp {
        return Ok(());
    }
    for dependent in closure.iter().filter(|dependent| **dependent != id) {
        let pending = world.states.get(dependent).filter(|live| live.state.is_pending());
        if let (Some(live), Some(resource)) = (pending, world.model.resource(*dependent)) {
            return Err(pending_in_the_way(world, resource, live.state));
        }
    }
    Ok(())
}

/// The way out of a lock, of a call that has a flag for it.
pub(crate) const PAST_LOCK: &str = "wait, or use the ignore-locked flag";

/// The locks of the resource and of every dependent that would have to stop; for force too. The call has a flag that
/// ignores them.
pub(crate) fn check_locks(world: &World<'_>, closure: &BTreeSet<ResourceId>) -> Result<(), Refusal> {
    check_locks_of(world, closure, || PAST_LOCK.into())
}

/// The same of a call whose way out is another one.
pub(super) fn check_locks_of(
    world: &World<'_>,
    closure: &BTreeSet<ResourceId>,
    way_out: impl FnOnce() -> String,
) -> Result<(), Refusal> {
    for id in closure {
        let locked = world.states.get(id).and_then(|live| live.locked);
        let locked = locked.filter(|_| !seeded::has(Bug::LockNotChecked));
        if let (Some(reason), Some(resource)) = (locked, world.model.resource(*id)) {
            let (name, way_out) = (resource.name.to_string(), way_out());
            return Err(ClusterError::Locked { name, reason, way_out }.into());
        }
    }
    Ok(())
}

/// Whether a resource is being cleaned after a failure.
pub(crate) fn is_being_cleaned(live: &Live) -> bool {
    live.task.as_ref().is_some_and(|task| matches!(task.goal, Goal::Clean | Goal::Settle))
}
