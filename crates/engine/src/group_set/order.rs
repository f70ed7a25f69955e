//! What a group starts after: pure, from the model alone.
//!
//! It knows no states; whether a provider counts as started is [`super::started`]'s.

use std::collections::BTreeSet;

use mainstay_types::{GroupId, GroupSetId};

use super::place::Place;
use crate::model::Model;
use crate::model::expression::Expression;
use crate::model::group_sets::GroupSet;

/// GroupType of the cluster's own group, for which nothing comes first.
const CORE_CLUSTER: u32 = 1;

/// What comes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Provider {
    Group(GroupId),
    Set(GroupSetId),
}

/// By what something comes first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum By {
    /// The group's own dependency.
    Itself,
    /// That of the set which the group is in.
    Set(GroupSetId),
    /// The provider is a global set.
    Global,
}

/// One of these has to be started before the group starts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Need {
    /// The group.
    pub(crate) of: GroupId,
    pub(crate) any_of: Vec<Provider>,
    pub(crate) by: By,
}

/// A group behind all that it starts after, directly or not. With a stack of our own: chains may be long.
pub(crate) fn groups_before(model: &Model, group: GroupId) -> Vec<GroupId> {
    let (mut ordered, mut taken) = (Vec::new(), BTreeSet::new());
    let mut stack = vec![(group, false)];
    while let Some((next, is_ready)) = stack.pop() {
        if is_ready {
            ordered.push(next);
        } else if taken.insert(next) {
            stack.push((next, true));
            for provider in needs(model, next).into_iter().flat_map(|need| need.any_of) {
                match provider {
                    Provider::Group(id) => stack.push((id, false)),
                    Provider::Set(id) => {
                        let members = model.group_set(id).into_iter().flat_map(|set| &set.members);
                        stack.extend(members.map(|id| (*id, false)));
                    }
                }
            }
        }
    }
    ordered
}

/// Everything that has to be started before the group starts.
pub(crate) fn needs(model: &Model, id: GroupId) -> Vec<Need> {
    let Some(group) = model.group(id) else { return Vec::new() };
    let mut needs: Vec<Need> = Vec::new();
    let mut add = |any_of: Vec<Provider>, by: By| needs.push(Need { of: id, any_of, by });
    for clause in group.depends_on.clauses() {
        add(clause.iter().copied().map(Provider::Group).collect(), By::Itself);
    }
    for clause in group.depends_on_sets.clauses() {
        add(clause.iter().copied().map(Provider::Set).collect(), By::Itself);
    }
    if let Some(set) = group.set.and_then(|set| model.group_set(set)) {
        for clause in set.depends_on.clauses() {
            add(clause.iter().copied().map(Provider::Set).collect(), By::Set(set.id));
        }
    }
    let mut globals = model.group_sets().filter(|set| set.is_global).peekable();
    if globals.peek().is_some() && group.group_type != CORE_CLUSTER && !base(model).contains(&id) {
        globals.for_each(|set| add(vec![Provider::Set(set.id)], By::Global));
    }
    needs
}

/// The groups of global sets, and all that those start after: none of them waits for a global set.
fn base(model: &Model) -> BTreeSet<GroupId> {
    let globals = model.group_sets().filter(|set| set.is_global);
    let points = reachable(model, None, globals.map(|set| Provider::Set(set.id)));
    let group = |point| match point {
        Provider::Group(id) => Some(id),
        Provider::Set(_) => None,
    };
    points.into_iter().filter_map(group).collect()
}

/// What is asked about as if it were written already.
pub(crate) enum Proposed<'a> {
    Group(GroupId, &'a Place),
    Set(GroupSetId, &'a Expression<GroupSetId>),
}

/// How something would have to wait for itself.
pub(crate) struct Circle {
    /// The provider through which it would; `None` where that is itself.
    pub(crate) through: Option<Provider>,
    /// What closes it as things are: without all of these there is no circle. Empty where it is itself that is in the way.
    pub(crate) closed_by: BTreeSet<Tie>,
}

/// That something comes after another one, as it is written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Tie {
    /// Of which it is written: a set has that of its groups.
    pub(crate) of: Provider,
    /// What comes first.
    pub(crate) first: Provider,
}

/// How something would have to wait for itself, if this were written.
pub(crate) fn circle(model: &Model, proposed: &Proposed<'_>) -> Option<Circle> {
    let (starts, own): (Vec<Provider>, BTreeSet<Provider>) = match proposed {
        Proposed::Group(id, _) => {
            let own = Provider::Group(*id);
            (firsts(model, Some(proposed), own).collect(), [own].into())
        }
        Proposed::Set(id, expression) => {
            let members = model.group_set(*id).map(|set| set.members.clone()).unwrap_or_default();
            let own = members.into_iter().map(Provider::Group).chain([Provider::Set(*id)]).collect();
            (expression.providers().map(Provider::Set).collect(), own)
        }
    };
    let start = starts
        .iter()
        .copied()
        .find(|start| own.contains(start) || !reachable(model, Some(proposed), [*start]).is_disjoint(&own))?;
    let through = Some(start).filter(|start| !own.contains(start));
    if through.is_none() {
        return Some(Circle { through, closed_by: BTreeSet::new() });
    }
    // Who waits for its set waits for the group; that it is in there is not what closes the circle.
    let own_set = match proposed {
        Proposed::Group(_, place) => place.set,
        Proposed::Set(..) => None,
    };
    let ends: BTreeSet<Provider> = own.iter().copied().chain(own_set.map(Provider::Set)).collect();
    let others = reachable(model, Some(proposed), starts).into_iter().filter(|later| !ends.contains(later));
    let closing = others.flat_map(|later| ties(model, Some(proposed), later));
    let closed_by = closing.filter(|tie| ends.contains(&tie.first)).collect();
    Some(Circle { through, closed_by })
}

/// These and everything that they start after, directly or not. Global sets reach nobody here: they are made not to.
fn reachable(
    model: &Model,
    proposed: Option<&Proposed<'_>>,
    from: impl IntoIterator<Item = Provider>,
) -> BTreeSet<Provider> {
    let mut open: Vec<Provider> = from.into_iter().collect();
    let mut seen: BTreeSet<Provider> = open.iter().copied().collect();
    while let Some(next) = open.pop() {
        open.extend(firsts(model, proposed, next).filter(|found| seen.insert(*found)));
    }
    seen
}

/// What one comes after directly.
fn firsts(
    model: &Model,
    proposed: Option<&Proposed<'_>>,
    point: Provider,
) -> impl Iterator<Item = Provider> + use<> {
    ties(model, proposed, point).into_iter().map(|tie| tie.first)
}

/// By what one comes after others directly. A set comes after its groups, and after the sets that it names even while it is
/// empty.
fn ties(model: &Model, proposed: Option<&Proposed<'_>>, point: Provider) -> Vec<Tie> {
    let sets_of = |set: &GroupSet| -> Vec<Tie> {
        let expression = match proposed {
            Some(Proposed::Set(id, expression)) if *id == set.id => expression,
            _ => &set.depends_on,
        };
        let of = Provider::Set(set.id);
        expression.providers().map(|first| Tie { of, first: Provider::Set(first) }).collect()
    };
    match point {
        Provider::Group(id) => {
            let place = match proposed {
                Some(Proposed::Group(proposed, place)) if *proposed == id => (*place).clone(),
                _ => model.group(id).map(Place::of).unwrap_or_default(),
            };
            let own_set = place.set.and_then(|set| model.group_set(set));
            let groups = place.depends_on.providers().map(Provider::Group);
            let sets = place.depends_on_sets.providers().map(Provider::Set);
            let own = groups.chain(sets).map(|first| Tie { of: point, first });
            own.chain(own_set.into_iter().flat_map(sets_of)).collect()
        }
        Provider::Set(id) => {
            let Some(set) = model.group_set(id) else { return Vec::new() };
            let mut found = sets_of(set);
            let mut members = set.members.clone();
            if let Some(Proposed::Group(group, place)) = proposed {
                match place.set == Some(id) {
                    true => members.insert(*group),
                    false => members.remove(group),
                };
            }
            found.extend(members.into_iter().map(|group| Tie { of: point, first: Provider::Group(group) }));
            found
        }
    }
}
