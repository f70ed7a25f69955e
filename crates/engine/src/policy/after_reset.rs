//! What the next start of the machine, or of the service, would bring up when nobody asks for anything before: for those
//! who explain.
//!
//! It decides nothing: the words are the model's, the rules those of [`super::start_order`] and of the order of groups,
//! with everything down and nothing failing. That something comes too late for GroupDependencyTimeout is not foreseen.

use std::collections::BTreeSet;

use mainstay_types::{GroupId, ResourceId};

use super::settings::{ColdStart, GroupPolicy};
use crate::Engine;
use crate::alternatives::{self, Readiness};
use crate::group_set::order;
use crate::group_set::started::Seen;
use crate::model::objects::Resource;
use crate::placement::NoPlace;

impl Engine {
    /// Whether a resource comes up after a reset of the machine: because it is to be online, or because something is
    /// that needs it; there is a place for its group beside others, and what that starts after comes up too.
    pub(crate) fn comes_up_after_reset(&self, id: ResourceId) -> bool {
        NextStart { engine: self, is_cold: true, assumed: None }.brings_up(id)
    }

    /// What leaves no place for a group after a reset of the machine.
    pub(crate) fn lacks_place_after_reset(&self, group: GroupId) -> Option<NoPlace> {
        NextStart { engine: self, is_cold: true, assumed: None }.no_place(group)
    }

    /// Whether it comes up, if its group has not to wait in vain and has a place.
    pub(crate) fn comes_up_in_its_turn(&self, id: ResourceId) -> bool {
        NextStart { engine: self, is_cold: true, assumed: None }.brings_up_in_its_turn(id)
    }

    /// Whether it would come up with this policy of its group: after a reset of the machine, or when the service is started
    /// on a machine that runs on and nothing of it does.
    pub(crate) fn would_come_up(&self, id: ResourceId, policy: GroupPolicy, is_cold: bool) -> bool {
        let assumed = self.group_of(id).map(|group| (group, policy));
        NextStart { engine: self, is_cold, assumed }.brings_up(id)
    }
}

/// A start of the service with everything down.
struct NextStart<'a> {
    engine: &'a Engine,
    /// The machine has been started.
    is_cold: bool,
    /// A group with the policy that it may have then.
    assumed: Option<(GroupId, GroupPolicy)>,
}

impl NextStart<'_> {
    fn brings_up(&self, id: ResourceId) -> bool {
        let Some(group) = self.engine.group_of(id) else { return false };
        let has_turn = || !self.engine.model.orders_groups() || self.begins(group);
        self.brings_up_in_its_turn(id) && self.no_place(group).is_none() && has_turn()
    }

    /// What is placed before a group leaves no place for it.
    fn no_place(&self, group: GroupId) -> Option<NoPlace> {
        let comes_up = |other: GroupId| {
            let members = self.engine.model.group(other).into_iter().flat_map(|found| &found.members);
            members.copied().any(|id| self.brings_up_in_its_turn(id))
        };
        self.engine.no_place_after_reset(group, comes_up)
    }

    /// The same, if its group has not to wait in vain. What a resource needs is in its own group.
    fn brings_up_in_its_turn(&self, id: ResourceId) -> bool {
        let model = &self.engine.model;
        let group = self.engine.group_of(id).and_then(|group| model.group(group));
        let members = group.into_iter().flat_map(|group| &group.members).copied();
        let may_need_it = |root: &ResourceId| *root == id || self.may_need(*root, id);
        let is_root = |root: &ResourceId| model.resource(*root).is_some_and(|found| self.is_root(found));
        members.filter(is_root).filter(may_need_it).any(|root| {
            let closure = self.closure(root);
            closure.contains(&id) && closure.iter().all(|member| self.may_start(*member))
        })
    }

    /// Whether what a group starts after comes up, so that it has its turn.
    fn begins(&self, group: GroupId) -> bool {
        let (mut begun, mut online) = (BTreeSet::new(), BTreeSet::new());
        for next in order::groups_before(&self.engine.model, group) {
            let is_online = |id| online.contains(&id);
            let begun_ms = |id| begun.contains(&id).then_some(0);
            // Every delay is over at some time.
            let seen = Seen {
                model: &self.engine.model,
                is_online: &is_online,
                begun_ms: &begun_ms,
                now_ms: u64::MAX,
            };
            let has_turn = seen.unmet(order::needs(&self.engine.model, next)).is_empty();
            if next == group {
                return has_turn;
            }
            let Some(found) = self.engine.model.group(next) else { continue };
            let comes_up = |id: &&ResourceId| has_turn && self.brings_up_in_its_turn(**id);
            let up: BTreeSet<ResourceId> = found.members.iter().filter(comes_up).copied().collect();
            let is_wanted = |id: &&ResourceId| {
                self.engine.model.resource(**id).is_some_and(|resource| self.engine.model.is_wanted(resource))
            };
            if found.members.is_empty() || !up.is_empty() {
                begun.insert(next);
                if found.members.iter().filter(is_wanted).all(|id| up.contains(id)) {
                    online.insert(next);
                }
            }
        }
        // The group itself comes last.
        false
    }

    /// Whether it is among those that a resource needs, directly or not.
    fn may_need(&self, root: ResourceId, id: ResourceId) -> bool {
        let mut reached = BTreeSet::from([root]);
        let mut open = vec![root];
        while let Some(resource) = open.pop().and_then(|next| self.engine.model.resource(next)) {
            for provider in resource.depends_on.providers() {
                if provider == id {
                    return true;
                }
                if reached.insert(provider) {
                    open.push(provider);
                }
            }
        }
        false
    }

    fn is_root(&self, resource: &Resource) -> bool {
        let Some(group) = self.engine.model.group(resource.group) else { return false };
        let assumed = self.assumed.filter(|(assumed, _)| *assumed == group.id).map(|(_, policy)| policy);
        let policy = assumed.unwrap_or(group.policy);
        let cold_start = if self.is_cold { policy.cold_start } else { ColdStart::Always };
        if policy.priority == 0 || cold_start == ColdStart::Never {
            return false;
        }
        if self.ignores_persistent_state() {
            return true;
        }
        let was_online = group.persistent == Some(true) || cold_start != ColdStart::IfGroupWasOnline;
        was_online && self.engine.model.is_wanted(resource)
    }

    fn closure(&self, root: ResourceId) -> BTreeSet<ResourceId> {
        let readiness = |id| match self.engine.model.resource(id) {
            Some(_) if !self.may_start(id) => Readiness::Never,
            Some(found) if self.is_root(found) => Readiness::Comes,
            Some(_) => Readiness::Ready,
            None => Readiness::Never,
        };
        alternatives::start_closure(&self.engine.model, [root], &readiness)
    }

    fn may_start(&self, id: ResourceId) -> bool {
        let Some(resource) = self.engine.model.resource(id) else { return false };
        let stays_offline = resource.persistent == Some(false) && !self.ignores_persistent_state();
        !stays_offline && resource.may_run_on(self.engine.config.node)
    }

    fn ignores_persistent_state(&self) -> bool {
        self.is_cold && self.engine.model.cluster().ignores_persistent_state
    }
}
