//! Online of a resource, online and offline of a group, restart and fail: what each call means for which resource.
//!
//! Pure, like [`super::offline`]: from the cluster and the call to a [`Plan`].

use std::collections::{BTreeMap, BTreeSet};

use mainstay_types::command_line::CommandLine;
use mainstay_types::flags::{GroupOfflineFlags, GroupOnlineFlags};
use mainstay_types::{GroupId, OfflineFlags, OnlineFlags, OperationId, ResourceId, ResourceState};

use super::PartGoal;
use super::instructions;
use super::offline::{World, check_locks, check_locks_of, is_being_cleaned, pending_in_the_way, settling};
use super::persistent::PersistentWrites;
use super::stored::PersistentTarget;
use crate::alternatives;
use crate::error::{ClusterError, Refusal, RequestError};
use crate::graph;
use crate::model::objects::{Group, Resource};

/// What is to be done with a call.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Plan {
    /// Look again when this operation is through.
    Wait(OperationId),
    /// Do this; without parts there is nothing to do but to write the persistent state.
    Go { parts: BTreeMap<ResourceId, PartGoal>, persistent: PersistentWrites, flags: Flags },
}

impl Plan {
    /// The same, with everything that is written about who is to be online left as it is.
    pub(crate) fn without_words(self) -> Self {
        match self {
            Plan::Go { parts, flags, .. } => {
                Plan::Go { parts, persistent: PersistentWrites::default(), flags }
            }
            wait => wait,
        }
    }
}

/// Flags as the host gets them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Flags {
    pub(crate) online: OnlineFlags,
    pub(crate) offline: OfflineFlags,
    pub(crate) synchronous: bool,
}

/// OnlineClusterResourceEx.
pub(crate) fn plan_online(
    world: &World<'_>,
    id: ResourceId,
    flags: u32,
    buffer: &[u8],
) -> Result<Plan, Refusal> {
    let resource = resource(world, id)?;
    let allowed = "1, 2, 4, 8 and 0x20 are flags";
    let online = OnlineFlags::from_bits(flags).ok_or(RequestError::Flags { flags, allowed })?;
    instructions::check(buffer)?;
    let closure = start_closure(world, [id]);
    if let Some(other) = settling(world, &graph::with_providers(world.model, [id])) {
        return Ok(Plan::Wait(other));
    }
    if state(world, id) != ResourceState::Online
        && let Some(other) = check_startable(world, &closure)?
    {
        return Ok(Plan::Wait(other));
    }
    if !online.contains(OnlineFlags::IGNORE_RESOURCE_STATUS) {
        check_locks(world, &closure)?;
    }
    let persistent = if online.contains(OnlineFlags::DO_NOT_UPDATE_PERSISTENT_STATE) {
        PersistentWrites::default()
    } else {
        words(world, PersistentTarget::Resource(resource.id), &closure, [id])
    };
    let parts = ups(world, closure.iter().copied());
    Ok(Plan::Go { parts, persistent, flags: Flags { online, ..Flags::default() } })
}

/// OnlineClusterGroupEx: everything whose own persistent state is not Offline, and what that needs.
pub(crate) fn plan_group_online(
    world: &World<'_>,
    id: GroupId,
    flags: u32,
    buffer: &[u8],
) -> Result<Plan, Refusal> {
    let group = group(world, id)?;
    let allowed = "1, 2, 4 and 8 are flags";
    let given = GroupOnlineFlags::from_bits(flags).ok_or(RequestError::Flags { flags, allowed })?;
    instructions::check(buffer)?;
    let members: BTreeSet<ResourceId> = group.members.clone();
    if let Some(other) = settling(world, &members) {
        return Ok(Plan::Wait(other));
    }
    let stays_down = |id: &ResourceId| {
        world.model.resource(*id).is_some_and(|resource| resource.persistent == Some(false))
    };
    let wanted: BTreeSet<ResourceId> = members.into_iter().filter(|id| !stays_down(id)).collect();
    let closure = start_closure(world, wanted.iter().copied());
    if let Some(other) = check_startable(world, &closure)? {
        return Ok(Plan::Wait(other));
    }
    if !given.contains(GroupOnlineFlags::IGNORE_RESOURCE_STATUS) {
        check_locks(world, &closure)?;
    }
    let mut online = OnlineFlags::empty();
    for (of_group, of_resource) in [
        (GroupOnlineFlags::IGNORE_RESOURCE_STATUS, OnlineFlags::IGNORE_RESOURCE_STATUS),
        (GroupOnlineFlags::IGNORE_AFFINITY_RULE, OnlineFlags::IGNORE_AFFINITY_RULE),
    ] {
        online.set(of_resource, given.contains(of_group));
    }
    let synchronous = given.contains(GroupOnlineFlags::SYNCHRONOUS);
    Ok(Plan::Go {
        parts: ups(world, closure.iter().copied()),
        persistent: words(world, PersistentTarget::Group(id), &closure, wanted),
        flags: Flags { online, synchronous, ..Flags::default() },
    })
}

/// OfflineClusterGroupEx: every resource; what each was last asked to be stays written.
pub(crate) fn plan_group_offline(
    world: &World<'_>,
    id: GroupId,
    flags: u32,
    buffer: &[u8],
) -> Result<Plan, Refusal> {
    let group = group(world, id)?;
    let given = GroupOfflineFlags::from_bits(flags)
        .ok_or(RequestError::Flags { flags, allowed: "1 is the only flag" })?;
    instructions::check(buffer)?;
    if let Some(other) = settling(world, &group.members) {
        return Ok(Plan::Wait(other));
    }
    for member in &group.members {
        check_not_pending(world, *member)?;
    }
    if !given.contains(GroupOfflineFlags::IGNORE_RESOURCE_STATUS) {
        check_locks(world, &group.members)?;
    }
    let parts = group.members.iter().filter_map(|member| match state(world, *member) {
        ResourceState::Online => Some((*member, PartGoal::Down)),
        ResourceState::Failed => Some((*member, PartGoal::Settle)),
        _ => None,
    });
    let mut offline = OfflineFlags::empty();
    offline
        .set(OfflineFlags::IGNORE_RESOURCE_STATUS, given.contains(GroupOfflineFlags::IGNORE_RESOURCE_STATUS));
    Ok(Plan::Go {
        parts: parts.collect(),
        persistent: PersistentWrites::of(PersistentTarget::Group(id), false),
        flags: Flags { offline, ..Flags::default() },
    })
}

/// RestartClusterResource: what was online comes back, with the dependents that stopped for it, whatever is written.
/// What was not online ends at its persistent state.
pub(crate) fn plan_restart(world: &World<'_>, id: ResourceId) -> Result<Plan, Refusal> {
    let resource = resource(world, id)?;
    let comes_back = state(world, id) == ResourceState::Online || world.model.is_wanted(resource);
    let mut closure = graph::stop_closure(world.model, world.states, [id]);
    if comes_back {
        closure.extend(start_closure(world, [id]));
    }
    let mut concerned = graph::with_dependents(world.model, [id]);
    concerned = graph::with_providers(world.model, concerned);
    if let Some(other) = settling(world, &concerned) {
        return Ok(Plan::Wait(other));
    }
    for member in &closure {
        check_not_pending(world, *member)?;
        check_proven(world, *member)?;
    }
    if comes_back {
        check_owners(world, &closure)?;
    }
    // A restart has no flag that ignores locks.
    check_locks_of(world, &closure, || {
        let past_lock =
            |command| CommandLine::new(command).name(resource.name.as_str()).option("--ignore-locked");
        let (down, up) = (past_lock("resource offline"), past_lock("resource online"));
        format!("wait, or: {down}, and then, also for what needs it: {up}")
    })?;
    let goal = |member: ResourceId| match state(world, member) {
        ResourceState::Online => Some(PartGoal::Cycle),
        _ if comes_back => Some(PartGoal::Up),
        ResourceState::Failed => Some(PartGoal::Settle),
        _ => None,
    };
    // Providers that are online already stay as they are: only what stops, and what is missing, takes part.
    let parts = closure.iter().filter_map(|member| Some((*member, goal(*member)?))).collect();
    Ok(Plan::Go { parts, persistent: PersistentWrites::default(), flags: Flags::default() })
}

/// What a failure is put down to that somebody asked for.
pub(crate) const FAILED_BY_CALL: &str = "it was failed by FailClusterResource";

/// FailClusterResource: as if its host had reported a failure.
pub(crate) fn plan_fail(world: &World<'_>, id: ResourceId) -> Result<Plan, Refusal> {
    let resource = resource(world, id)?;
    let closure = graph::stop_closure(world.model, world.states, [id]);
    if let Some(other) = settling(world, &graph::with_dependents(world.model, [id])) {
        return Ok(Plan::Wait(other));
    }
    let now = state(world, id);
    if !matches!(now, ResourceState::Online | ResourceState::OnlinePending | ResourceState::OfflinePending) {
        return Err(ClusterError::NotRunning { name: resource.name.to_string(), state: now }.into());
    }
    let cause = mainstay_types::order::Cause::new(mainstay_types::Status::RESOURCE_FAILED, FAILED_BY_CALL);
    let parts = closure.into_iter().filter_map(|member| match state(world, member) {
        _ if member == id => Some((member, PartGoal::Clean(cause.clone()))),
        ResourceState::Online => Some((member, PartGoal::Down)),
        _ => None,
    });
    Ok(Plan::Go { parts: parts.collect(), persistent: PersistentWrites::default(), flags: Flags::default() })
}

/// The last word wins: what these rely on is to be online too, so a word that it stay offline goes. Else they would
/// not come back at the next start.
fn words(
    world: &World<'_>,
    target: PersistentTarget,
    closure: &BTreeSet<ResourceId>,
    roots: impl IntoIterator<Item = ResourceId> + Clone,
) -> PersistentWrites {
    let concerns = alternatives::relied_on(world.model, world.states, closure, roots.clone());
    let mut withdrawn = concerns.clone();
    for root in roots {
        withdrawn.remove(&root);
    }
    let stays_offline =
        |id: &ResourceId| world.model.resource(*id).is_some_and(|found| found.persistent == Some(false));
    withdrawn.retain(stays_offline);
    PersistentWrites { named: Some((target, true)), withdrawn, concerns }
}

fn start_closure(world: &World<'_>, roots: impl IntoIterator<Item = ResourceId>) -> BTreeSet<ResourceId> {
    let readiness = |id| alternatives::readiness(world.model, world.states, world.node, id);
    alternatives::start_closure(world.model, roots, &readiness)
}

fn ups(world: &World<'_>, members: impl IntoIterator<Item = ResourceId>) -> BTreeMap<ResourceId, PartGoal> {
    let down = members.into_iter().filter(|id| state(world, *id) != ResourceState::Online);
    down.map(|id| (id, PartGoal::Up)).collect()
}

/// Whether everything that is not online may be started here and now; or which operation cleans it up just now.
fn check_startable(
    world: &World<'_>,
    closure: &BTreeSet<ResourceId>,
) -> Result<Option<OperationId>, Refusal> {
    let down = closure.iter().filter(|id| state(world, **id) != ResourceState::Online);
    let down: BTreeSet<ResourceId> = down.copied().collect();
    for id in &down {
        if let Some(live) = world.states.get(id)
            && live.state == ResourceState::Failed
            && is_being_cleaned(live)
            && let Some(claim) = live.claim
        {
            return Ok(Some(claim));
        }
        // A host is just opening it.
        let is_opening = |live: &crate::live::Live| {
            live.task.is_some() && matches!(live.state, ResourceState::Offline | ResourceState::Initializing)
        };
        if let Some(claim) = world.states.get(id).filter(|live| is_opening(live)).and_then(|live| live.claim)
        {
            return Ok(Some(claim));
        }
        check_not_pending(world, *id)?;
        check_proven(world, *id)?;
    }
    check_owners(world, &down)?;
    Ok(None)
}

fn check_owners(world: &World<'_>, closure: &BTreeSet<ResourceId>) -> Result<(), Refusal> {
    for resource in closure.iter().filter_map(|id| world.model.resource(*id)) {
        if !resource.may_run_on(world.node) {
            let node = world.model.node(world.node).map(|node| node.name.to_string()).unwrap_or_default();
            return Err(ClusterError::NotPossibleOwner { name: resource.name.to_string(), node }.into());
        }
    }
    Ok(())
}

fn check_not_pending(world: &World<'_>, id: ResourceId) -> Result<(), Refusal> {
    let now = state(world, id);
    // Initializing counts as offline for a start (reference §1.3).
    if matches!(now, ResourceState::OnlinePending | ResourceState::OfflinePending)
        && let Some(resource) = world.model.resource(id)
    {
        return Err(pending_in_the_way(world, resource, now));
    }
    Ok(())
}

fn check_proven(world: &World<'_>, id: ResourceId) -> Result<(), Refusal> {
    if world.states.get(&id).is_some_and(|live| live.state == ResourceState::Failed && live.unproven) {
        let name = world.model.resource(id).map(|found| found.name.to_string()).unwrap_or_default();
        return Err(ClusterError::Unproven { name }.into());
    }
    Ok(())
}

fn state(world: &World<'_>, id: ResourceId) -> ResourceState {
    world.states.get(&id).map_or(ResourceState::Initializing, |live| live.state)
}

fn resource<'a>(world: &World<'a>, id: ResourceId) -> Result<&'a Resource, Refusal> {
    let found = world.model.resource(id).filter(|_| world.states.contains_key(&id));
    found.ok_or_else(|| ClusterError::ResourceGone { id: id.to_string() }.into())
}

fn group<'a>(world: &World<'a>, id: GroupId) -> Result<&'a Group, Refusal> {
    world.model.group(id).ok_or_else(|| ClusterError::GroupGone { id: id.to_string() }.into())
}
