//! The order in which groups start, as a walk makes it, and what must hold of it: a group is not started before what
//! comes first is. Looked at from outside: by states and properties, not by the engine's own account of needs.

use std::collections::{BTreeMap, BTreeSet};

use mainstay_proplist::{PropertyList, Value};
use mainstay_types::operation::Verb;
use mainstay_types::{GroupId, GroupSetId, ObjectId, OnlineFlags, OperationId, ResourceId, ResourceState};

use super::World;
use super::walk::GroupOrder;
use crate::group_set::OrderChange;
use crate::live::{Goal, Live, Task};
use crate::model::Model;
use crate::model::group_sets::Trigger;
use crate::operation::{Operation, Phase};

/// The anti-affinity classes of each group, where they are enforced.
pub(super) type Classes = BTreeMap<GroupId, BTreeSet<String>>;

impl World {
    /// Has groups start one after the other.
    pub(super) fn order_groups(&mut self, groups: &[GroupId], order: GroupOrder) {
        for pair in groups.windows(2) {
            let [provider, group] = [pair[0], pair[1]];
            match order {
                GroupOrder::None => {}
                GroupOrder::Groups => self.order(OrderChange::AddGroup { group, provider }),
                GroupOrder::Sets(setting, delay_s) => {
                    let set = self.set_of_group(provider, setting, delay_s);
                    self.order(OrderChange::AddSetToGroup { group, provider: set });
                }
                GroupOrder::Global(..) => {}
            }
        }
        if let (GroupOrder::Global(setting, delay_s), Some(first)) = (order, groups.first()) {
            let set = self.set_of_group(*first, setting, delay_s);
            self.set_of(ObjectId::GroupSet(set), "IsGlobal", 1);
        }
    }

    /// Has no two of the groups on one node.
    pub(super) fn keep_apart(&mut self, groups: &[GroupId]) {
        self.set_of(ObjectId::Cluster, "ClusterEnforcedAntiAffinity", 1);
        for group in groups {
            let classes = Value::MultiSz(vec!["walk".into()]);
            let list = PropertyList::new().with("AntiAffinityClassNames", classes);
            self.set_list(ObjectId::Group(*group), &list);
        }
    }

    fn set_of_group(&mut self, group: GroupId, setting: u32, delay_s: u32) -> GroupSetId {
        let set = self.group_set(&format!("set of {group}"));
        self.set_of(ObjectId::GroupSet(set), "StartupSetting", setting);
        self.set_of(ObjectId::GroupSet(set), "StartupDelay", delay_s);
        self.order(OrderChange::Join { group, set, moves: false });
        set
    }

    /// Whoever was neither up nor on its way before the last input and is now, by a call or by the service's start, had
    /// what comes first.
    pub(super) fn check_group_order(&mut self) {
        self.note_classes();
        let model = self.engine.view().model();
        let now_ms = self.now.steady_ms;
        let is_first_look = std::mem::take(&mut self.is_first_look);
        let known = std::mem::take(&mut self.begun);
        let mut begun = BTreeMap::new();
        for group in model.groups().filter(|group| group.members.iter().any(|id| self.has_begun(*id))) {
            // When a service looks at what it has found, only what its own start brings up has begun now. What comes back
            // after a veto has not.
            let begins = match is_first_look {
                true => self.is_brought_up_by_the_start(group.id),
                false => {
                    !known.contains_key(&group.id)
                        && group.members.iter().any(|id| self.is_being_started(*id))
                }
            };
            let since_ms = match begins {
                true => now_ms,
                false => known.get(&group.id).copied().unwrap_or(0),
            };
            begun.insert(group.id, (since_ms, begins));
        }
        let since: BTreeMap<GroupId, u64> =
            begun.iter().map(|(id, (since_ms, _))| (*id, *since_ms)).collect();
        for (group, (_, begins)) in &begun {
            if !begins || !self.is_group_start(*group) {
                continue;
            }
            let name = self.engine.plain_name(&ObjectId::Group(*group));
            if let Some(missing) = self.comes_before(model, *group, &since) {
                panic!("order: group '{name}' is started before {} is", self.engine.describe(&missing));
            }
            let mut others = self.kept_apart_from(*group).filter(|other| since.contains_key(other));
            let beside = others.next();
            let is_kept_apart =
                beside.is_none() || self.placed.contains(group) || self.ignores_affinity(*group);
            let other = beside.map(|other| self.engine.describe(&ObjectId::Group(other))).unwrap_or_default();
            assert!(is_kept_apart, "policy: group '{name}' is started beside {other}");
        }
        let keeps_place = |id: &GroupId| {
            let members = model.group(*id).into_iter().flat_map(|group| &group.members);
            let mut states = members.filter_map(|id| Some(self.engine.live.get(id)?.state));
            self.placed.contains(id) && states.any(|state| state != ResourceState::Offline)
        };
        let placed =
            model.groups().map(|group| group.id).filter(|id| since.contains_key(id) || keeps_place(id));
        self.placed = placed.collect();
        self.begun = since;
    }

    /// Nothing of it is up, and the service's start is about to change that.
    fn is_brought_up_by_the_start(&self, group: GroupId) -> bool {
        let members = self.engine.model.group(group).map(|group| &group.members);
        let members = members.into_iter().flatten().filter_map(|id| self.engine.live.get(id));
        let is_by_the_start = |live: &Live| {
            let operation = live.task.as_ref().and_then(|task| self.engine.operations.get(&task.operation));
            operation.is_some_and(|operation| operation.record.verb == Verb::StartUp)
        };
        let stands = |live: &Live| match live.task {
            Some(_) => !is_by_the_start(live),
            None => matches!(live.state, ResourceState::Online | ResourceState::OfflinePending),
        };
        members.clone().any(is_by_the_start) && !members.into_iter().any(stands)
    }

    fn has_begun(&self, id: ResourceId) -> bool {
        let Some(live) = self.engine.live.get(&id) else { return false };
        let comes_up = live
            .task
            .as_ref()
            .is_some_and(|task| matches!(task.goal, Goal::Start | Goal::Restore | Goal::Reopen));
        // Until it has stopped, it may come back after a veto, and its group has never been down.
        matches!(live.state, ResourceState::Online | ResourceState::OfflinePending) || comes_up
    }

    fn is_being_started(&self, id: ResourceId) -> bool {
        let task = self.engine.live.get(&id).and_then(|live| live.task.as_ref());
        task.is_some_and(|task| task.goal == Goal::Start)
    }

    /// What is being started of it is so by a call for it, or by the service's start.
    fn is_group_start(&self, group: GroupId) -> bool {
        let members = self.engine.model.group(group).map(|group| &group.members);
        let tasks: Vec<_> =
            members.into_iter().flatten().filter_map(|id| self.engine.live.get(id)?.task.as_ref()).collect();
        // What is restarted, or comes back after a veto, is up again with its group.
        let is_start = |task: &&Task| {
            let operation = self.engine.operations.get(&task.operation);
            let verb = operation.map(|operation| operation.record.verb);
            task.goal == Goal::Start && matches!(verb, Some(Verb::Online | Verb::StartUp))
        };
        let comes_back =
            |task: &&Task| matches!(task.goal, Goal::Start | Goal::Restore | Goal::Reopen) && !is_start(task);
        tasks.iter().copied().any(|task| is_start(&task))
            && !tasks.iter().copied().any(|task| comes_back(&task))
    }

    /// Who asked for its start did not want affinity heeded.
    fn ignores_affinity(&self, group: GroupId) -> bool {
        let flags = self.claims(group).filter_map(|id| Some(self.engine.operations.get(&id)?.online_flags));
        flags.into_iter().any(|flags| flags.contains(OnlineFlags::IGNORE_AFFINITY_RULE))
    }

    fn claims(&self, group: GroupId) -> impl Iterator<Item = OperationId> {
        let members = self.engine.model.group(group).map(|group| &group.members);
        members.into_iter().flatten().filter_map(|id| self.engine.live.get(id)?.claim)
    }

    /// Remembers by which classes each operation was accepted: what is written while it is being accepted comes later.
    fn note_classes(&mut self) {
        let operations = &self.engine.operations;
        let is_open = |id: &OperationId, found: &Operation| {
            !self.classes.contains_key(id) || matches!(found.phase, Phase::Checking(_))
        };
        let open: Vec<OperationId> =
            operations.iter().filter(|(id, found)| is_open(id, found)).map(|(id, _)| *id).collect();
        if !open.is_empty() {
            let classes = self.enforced_classes();
            self.classes.extend(open.into_iter().map(|id| (id, classes.clone())));
        }
    }

    /// The classes of which no two groups may be on one node.
    fn enforced_classes(&self) -> Classes {
        if !self.engine.view().enforces_anti_affinity() {
            return BTreeMap::new();
        }
        let groups = self.engine.view().model().groups();
        groups.map(|group| (group.id, group.placement.anti_affinity.iter().cloned().collect())).collect()
    }

    /// Groups that may not be where this one is, and might not when its start was accepted.
    fn kept_apart_from(&self, id: GroupId) -> impl Iterator<Item = GroupId> {
        let now = self.enforced_classes();
        let accepted = self.claims(id).find_map(|claim| self.classes.get(&claim)).cloned();
        let others: Vec<GroupId> = now.keys().copied().filter(|other| *other != id).collect();
        let share = move |classes: &Classes, other: GroupId| {
            let of = |group| classes.get(&group);
            of(id).zip(of(other)).is_some_and(|(own, other)| !own.is_disjoint(other))
        };
        others.into_iter().filter(move |other| {
            share(&now, *other) && accepted.as_ref().is_none_or(|accepted| share(accepted, *other))
        })
    }

    /// Something that has to be started before the group and is not.
    fn comes_before(&self, model: &Model, id: GroupId, begun: &BTreeMap<GroupId, u64>) -> Option<ObjectId> {
        let group = model.group(id)?;
        if let Some(missing) = group.depends_on.unmet(|id| self.is_up(model, id)).next() {
            return missing.first().copied().map(ObjectId::Group);
        }
        let is_started = |set: GroupSetId| self.is_set_started(model, set, begun);
        let own_set = group.set.and_then(|set| model.group_set(set));
        let expressions = [Some(&group.depends_on_sets), own_set.map(|set| &set.depends_on)];
        if let Some(missing) = expressions.into_iter().flatten().flat_map(|it| it.unmet(is_started)).next() {
            return missing.first().copied().map(ObjectId::GroupSet);
        }
        // Who is needed by others may be needed by a global set, which then does not come first.
        let is_named = model.groups().any(|other| other.depends_on.contains(id));
        let mut globals = model.group_sets().filter(|set| set.is_global);
        let is_in_global = own_set.is_some_and(|set| set.is_global);
        match is_named || is_in_global {
            true => None,
            false => globals.find(|set| !is_started(set.id)).map(|set| ObjectId::GroupSet(set.id)),
        }
    }

    fn is_set_started(&self, model: &Model, id: GroupSetId, begun: &BTreeMap<GroupId, u64>) -> bool {
        let Some(set) = model.group_set(id) else { return true };
        let delay_ms = u64::from(set.startup.delay_s) * 1_000;
        let counts = |group: &&GroupId| match set.startup.trigger {
            Trigger::Online => self.is_up(model, **group),
            Trigger::Delay => {
                let is_empty = model.group(**group).is_none_or(|group| group.members.is_empty());
                is_empty || begun.get(*group).is_some_and(|since| since + delay_ms <= self.now.steady_ms)
            }
        };
        set.members.iter().filter(counts).count() >= set.startup.needed(set.members.len())
    }

    fn is_up(&self, model: &Model, id: GroupId) -> bool {
        let members: Vec<ResourceId> =
            model.group(id).into_iter().flat_map(|group| group.members.iter().copied()).collect();
        let is_up = |id: &ResourceId| self.state(*id) == ResourceState::Online;
        let is_wanted =
            |id: &&ResourceId| model.resource(**id).is_some_and(|resource| model.is_wanted(resource));
        members.is_empty() || members.iter().any(is_up) && members.iter().filter(is_wanted).all(is_up)
    }
}
