//! What has to come up before something can, and which one where a dependency leaves the choice.
//!
//! Pure functions over the model. How readily a resource comes is the caller's to say: a call may override an earlier
//! word, the service's own start may not, and a start whose provider has failed does not try that one again.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use mainstay_types::{NodeId, ResourceId, ResourceState};

use crate::graph::States;
use crate::model::Model;

/// How readily a resource is taken where another one would do too. Less is sooner; among equals the order in which the
/// expression names them decides.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Readiness {
    /// It serves already, or is as good as there: nothing has to be done for it.
    Serves,
    /// It is on its way up, or comes up for another reason.
    Comes,
    /// It is offline and may be started.
    Ready,
    /// The same, and somebody has said that it stay offline.
    StaysOffline,
    /// It has failed. It may do better now.
    Failed,
    /// Something else is being done to it.
    Busy,
    /// It cannot be started here and now.
    Never,
}

/// How readily a resource comes for a caller who asks for what needs it.
pub(crate) fn readiness(model: &Model, states: &States, node: NodeId, id: ResourceId) -> Readiness {
    let Some((resource, live)) = model.resource(id).zip(states.get(&id)) else { return Readiness::Never };
    match live.state {
        ResourceState::Online => Readiness::Serves,
        _ if !resource.may_run_on(node) => Readiness::Never,
        ResourceState::OnlinePending => Readiness::Comes,
        ResourceState::OfflinePending => Readiness::Busy,
        ResourceState::Failed if live.unproven && live.claim.is_none() => Readiness::Never,
        ResourceState::Failed => Readiness::Failed,
        _ if resource.persistent == Some(false) => Readiness::StaysOffline,
        _ => Readiness::Ready,
    }
}

/// These, and of what they need what has to be brought online before them, transitively.
///
/// Of alternatives one suffices: one that serves, else one that comes up anyway, else the readiest. Where none can come
/// the first stands for all, so that whoever looks at the closure finds it and can say why.
pub(crate) fn start_closure(
    model: &Model,
    roots: impl IntoIterator<Item = ResourceId>,
    readiness: &dyn Fn(ResourceId) -> Readiness,
) -> BTreeSet<ResourceId> {
    let mut scale = Scale { model, readiness, weighed: BTreeMap::new() };
    let mut closure: BTreeSet<ResourceId> = roots.into_iter().collect();
    let mut open: Vec<ResourceId> = closure.iter().copied().collect();
    let mut choices: VecDeque<&[ResourceId]> = VecDeque::new();
    loop {
        while let Some(dependent) = open.pop() {
            let Some(resource) = model.resource(dependent) else { continue };
            for clause in resource.depends_on.unmet(|id| readiness(id) == Readiness::Serves) {
                match clause {
                    [only] if closure.insert(*only) => open.push(*only),
                    [_] => {}
                    // Only when it is known what comes anyway.
                    several => choices.push_back(several),
                }
            }
        }
        let Some(clause) = choices.pop_front() else { return closure };
        let comes = |id: &ResourceId, scale: &mut Scale<'_>| {
            closure.contains(id) && scale.weigh(*id) < Readiness::Never
        };
        if clause.iter().any(|id| comes(id, &mut scale)) {
            continue;
        }
        if let Some(best) = clause.iter().copied().min_by_key(|id| scale.weigh(*id))
            && closure.insert(best)
        {
            open.push(best);
        }
    }
}

/// These and every provider that they rely on, transitively: what serves already, and what `closure` brings up. Of
/// alternatives the first that nobody has said should stay offline, so that no word is overridden without need.
pub(crate) fn relied_on(
    model: &Model,
    states: &States,
    closure: &BTreeSet<ResourceId>,
    roots: impl IntoIterator<Item = ResourceId>,
) -> BTreeSet<ResourceId> {
    let serves = |id: &ResourceId| {
        closure.contains(id) || states.get(id).is_some_and(|live| live.state == ResourceState::Online)
    };
    let follows = |id: &ResourceId| model.resource(*id).is_some_and(|found| found.persistent != Some(false));
    let mut reached: BTreeSet<ResourceId> = roots.into_iter().collect();
    let mut open: Vec<ResourceId> = reached.iter().copied().collect();
    while let Some(resource) = open.pop().map(|id| model.resource(id)) {
        for clause in resource.into_iter().flat_map(|found| found.depends_on.clauses()) {
            let mut serving = clause.iter().filter(|id| serves(id));
            let first = serving.clone().next();
            if let Some(relied) = serving.find(|id| follows(id)).or(first)
                && reached.insert(*relied)
            {
                open.push(*relied);
            }
        }
    }
    reached
}

/// Weighs resources with all that they need.
struct Scale<'a> {
    model: &'a Model,
    readiness: &'a dyn Fn(ResourceId) -> Readiness,
    weighed: BTreeMap<ResourceId, Readiness>,
}

impl Scale<'_> {
    /// As ready as the least ready of what it takes. Goes as deep as dependencies may.
    fn weigh(&mut self, id: ResourceId) -> Readiness {
        if let Some(known) = self.weighed.get(&id) {
            return *known;
        }
        let own = (self.readiness)(id);
        // Stands while its providers are weighed, so that not even a circle in a damaged database leads round.
        self.weighed.insert(id, Readiness::Never);
        let needs = if own == Readiness::Serves { Readiness::Serves } else { self.weigh_needs(id) };
        let weight = own.max(needs);
        self.weighed.insert(id, weight);
        weight
    }

    fn weigh_needs(&mut self, id: ResourceId) -> Readiness {
        let model = self.model;
        let clauses = model.resource(id).into_iter().flat_map(|found| found.depends_on.clauses());
        let mut worst = Readiness::Serves;
        for clause in clauses {
            let best = clause.iter().map(|id| self.weigh(*id)).min();
            worst = worst.max(best.unwrap_or(Readiness::Never));
        }
        worst
    }
}
