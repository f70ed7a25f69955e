//! The dependency graph: who has to stop when something goes, whose turn it is, and which new dependencies are possible.
//! What has to come up before something can is in [`crate::alternatives`].
//!
//! Pure functions over the model and the states. Order is not kept as a list: whoever acts asks whether a resource's
//! turn has come, so independent ones go side by side.

use std::collections::{BTreeMap, BTreeSet};

use mainstay_types::{GroupId, ResourceId, ResourceState};

use crate::error::{ClusterError, Refusal};
use crate::limits::DEPENDENCY_DEPTH_MAX;
use crate::live::Live;
use crate::model::Model;
use crate::model::expression::Expression;
use crate::seeded::{self, Bug};

/// The states, by resource.
pub(crate) type States = BTreeMap<ResourceId, Live>;

/// The resource and every dependent that would have to stop if it did, transitively.
///
/// A dependent has to stop when its need is no longer met by what stays online. One that is down already stays as it
/// is, and so does everything above it.
pub(crate) fn stop_closure(
    model: &Model,
    states: &States,
    roots: impl IntoIterator<Item = ResourceId>,
) -> BTreeSet<ResourceId> {
    let mut closure: BTreeSet<ResourceId> = roots.into_iter().collect();
    let mut open: Vec<ResourceId> = closure.iter().copied().collect();
    while let Some(provider) = open.pop() {
        for dependent in model.dependents(provider) {
            if closure.contains(&dependent) || !states.get(&dependent).is_some_and(Live::has_to_stop) {
                continue;
            }
            let Some(resource) = model.resource(dependent) else { continue };
            let stays = |found: ResourceId| {
                !closure.contains(&found)
                    && states.get(&found).is_some_and(|live| {
                        live.state == ResourceState::Online || seeded::has(Bug::LastAlternativeStopped)
                    })
            };
            if !resource.depends_on.is_met(stays) {
                closure.insert(dependent);
                open.push(dependent);
            }
        }
    }
    closure
}

/// These and everything that depends on them, whatever its state: what an offline call must not meet half-way.
pub(crate) fn with_dependents(
    model: &Model,
    roots: impl IntoIterator<Item = ResourceId>,
) -> BTreeSet<ResourceId> {
    reach(roots, |id| model.dependents(id).collect())
}

/// These and everything that they need, whatever its state: what an online call relies on.
pub(crate) fn with_providers(
    model: &Model,
    roots: impl IntoIterator<Item = ResourceId>,
) -> BTreeSet<ResourceId> {
    reach(roots, |id| providers_of(model, id))
}

fn reach(
    roots: impl IntoIterator<Item = ResourceId>,
    next: impl Fn(ResourceId) -> Vec<ResourceId>,
) -> BTreeSet<ResourceId> {
    let mut reached: BTreeSet<ResourceId> = roots.into_iter().collect();
    let mut open: Vec<ResourceId> = reached.iter().copied().collect();
    while let Some(id) = open.pop() {
        open.extend(next(id).into_iter().filter(|found| reached.insert(*found)));
    }
    reached
}

/// Whether everything that needs this resource is down, so that it may stop.
pub(crate) fn may_stop(model: &Model, states: &States, id: ResourceId) -> bool {
    blocking_dependent(model, states, id).is_none() || seeded::has(Bug::DependentNotAwaited)
}

/// A dependent that is not down yet. One that what else is online suffices for blocks nothing.
pub(crate) fn blocking_dependent(model: &Model, states: &States, id: ResourceId) -> Option<ResourceId> {
    let serves = |found: ResourceId| states.get(&found).is_some_and(Live::serves);
    model.dependents(id).find(|dependent| {
        let needs = model.resource(*dependent).is_some_and(|found| found.depends_on.relies_on(id, serves));
        needs && states.get(dependent).is_some_and(|live| !live.is_down())
    })
}

/// A dependent that is still on its way down: until it is there, what it needs is not started anew under it.
pub(crate) fn stopping_dependent(model: &Model, states: &States, id: ResourceId) -> Option<ResourceId> {
    model.dependents(id).find(|dependent| {
        states.get(dependent).is_some_and(|live| match live.state {
            ResourceState::OfflinePending => true,
            ResourceState::Failed => live.task.is_some(),
            // It is about to be told, since what it needs is gone.
            ResourceState::Online => !may_start(model, states, *dependent),
            _ => false,
        })
    })
}

/// Whether everything that the resource needs is online.
pub(crate) fn may_start(model: &Model, states: &States, id: ResourceId) -> bool {
    let online =
        |found: ResourceId| states.get(&found).is_some_and(|live| live.state == ResourceState::Online);
    model.resource(id).is_some_and(|resource| resource.depends_on.is_met(online))
}

/// Whether the need can still be met by what is online or on its way up.
pub(crate) fn may_yet_start(
    model: &Model,
    states: &States,
    id: ResourceId,
    comes: impl Fn(ResourceId) -> bool,
) -> bool {
    let hopeful = |found: ResourceId| {
        states.get(&found).is_some_and(|live| match live.state {
            ResourceState::Online | ResourceState::OnlinePending => true,
            _ => comes(found),
        })
    };
    model.resource(id).is_some_and(|resource| resource.depends_on.is_met(hopeful))
}

/// Whether the resource may come to depend on the provider: both there, one group, no circle, not too deep.
pub(crate) fn check_new_dependency(
    model: &Model,
    id: ResourceId,
    provider: ResourceId,
) -> Result<(), Refusal> {
    let gone = |id: ResourceId| ClusterError::ResourceGone { id: id.to_string() };
    let resource = model.resource(id).ok_or_else(|| gone(id))?;
    let other = model.resource(provider).ok_or_else(|| gone(provider))?;
    let (name, provider_name) = (resource.name.to_string(), other.name.to_string());
    if resource.group != other.group {
        return Err(ClusterError::OtherGroup { name, provider: provider_name }.into());
    }
    if id == provider {
        return Err(ClusterError::NeedsItself { name }.into());
    }
    if let Some(before) = last_before(model, provider, id) {
        let through = model.resource(before).map_or(provider_name.clone(), |found| found.name.to_string());
        return Err(ClusterError::Circle { name, provider: provider_name, through }.into());
    }
    let below = depth(model, provider, &|model, id| providers_of(model, id));
    let above = depth(model, id, &|model, id| model.dependents(id).collect());
    if below + above + 1 > DEPENDENCY_DEPTH_MAX {
        return Err(ClusterError::TooDeep { name, max: DEPENDENCY_DEPTH_MAX }.into());
    }
    Ok(())
}

/// What a resource that is just being made may depend on: nothing depends on it yet, so there is no circle.
pub(crate) fn check_dependencies_of_new(
    model: &Model,
    name: &str,
    group: GroupId,
    expression: &Expression,
) -> Result<(), Refusal> {
    let name = crate::error::shown(name);
    for provider in expression.providers() {
        let gone = || ClusterError::ResourceGone { id: provider.to_string() };
        let other = model.resource(provider).ok_or_else(gone)?;
        if other.group != group {
            return Err(ClusterError::OtherGroup { name, provider: other.name.to_string() }.into());
        }
        if depth(model, provider, &|model, id| providers_of(model, id)) + 1 > DEPENDENCY_DEPTH_MAX {
            return Err(ClusterError::TooDeep { name, max: DEPENDENCY_DEPTH_MAX }.into());
        }
    }
    Ok(())
}

/// Where `from` depends on `to`, directly or not: the one on the way that depends on it directly.
fn last_before(model: &Model, from: ResourceId, to: ResourceId) -> Option<ResourceId> {
    let needed = reach([from], |id| providers_of(model, id));
    needed.into_iter().find(|id| model.resource(*id).is_some_and(|found| found.depends_on.contains(to)))
}

fn providers_of(model: &Model, id: ResourceId) -> Vec<ResourceId> {
    model.resource(id).map(|resource| resource.depends_on.providers().collect()).unwrap_or_default()
}

/// The longest chain from a resource in one direction, in edges. Layer by layer: the graph has no circles, and its
/// depth is bounded wherever an edge is added.
fn depth(model: &Model, id: ResourceId, next: &dyn Fn(&Model, ResourceId) -> Vec<ResourceId>) -> usize {
    let mut layer = BTreeSet::from([id]);
    let mut length = 0;
    loop {
        layer = layer.iter().flat_map(|id| next(model, *id)).collect();
        if layer.is_empty() || length > DEPENDENCY_DEPTH_MAX {
            return length;
        }
        length += 1;
    }
}
