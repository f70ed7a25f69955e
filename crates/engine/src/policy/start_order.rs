//! The start of the service: what is to be online comes up, each resource when its turn comes.
//!
//! ```text
//!   group:     not yet ──► its priority's turn ──► GroupStartDelay ──► its resources, one by one:
//!                └───────► no place beside what is there: left offline
//!   resource:  left ──► at rest, with what it needs ──► begun (a start-up operation of its group)
//!                └────► not to be online, or cannot come: dropped
//! ```
//!
//! Groups of a higher priority come first. The next priority's turn comes when they have come to rest, or after
//! [`START_WAIT_MS`], so that one that hangs delays nothing for long; within one priority nothing waits for anything
//! that it does not need. It decides whose turn it is; what a start does is the operation's.

use std::collections::{BTreeMap, BTreeSet};

use mainstay_types::operation::{End, Verb};
use mainstay_types::order::Cause;
use mainstay_types::{GroupId, ObjectId, OperationId, ResourceId, ResourceState};

use super::AtOnce;
use super::settings::ColdStart;
use crate::Engine;
use crate::alternatives::{self, Readiness};
use crate::effect::Effect;
use crate::group_set::wait::Held;
use crate::input::Now;
use crate::limits::{START_WAIT_MS, STARTS_AT_ONCE_MAX};
use crate::model::objects::Group;
use crate::operation::{PartGoal, Phase};
use crate::placement::NoPlace;
use crate::timers::Timer;

/// What has not had its turn since the service started.
#[derive(Clone, Debug, Default)]
pub(crate) struct StartOrder {
    left: BTreeMap<GroupId, BTreeSet<ResourceId>>,
    /// When the turn of a priority came.
    turns: BTreeMap<u32, u64>,
    /// Start-up operations that have not ended: priority, and when they began.
    begun: BTreeMap<OperationId, (u32, u64)>,
    /// When the service was ready.
    ready_at: Now,
    /// The first start of the service since the machine was started.
    is_cold: bool,
    /// Groups that were left offline, since what was on their node left no place for them.
    without_place: BTreeMap<GroupId, NoPlace>,
}

impl StartOrder {
    /// Whether anything has not had its turn.
    pub(crate) fn is_open(&self) -> bool {
        !self.left.is_empty()
    }

    /// Whether this one has not had its turn.
    pub(crate) fn is_left(&self, group: GroupId, resource: ResourceId) -> bool {
        self.left.get(&group).is_some_and(|left| left.contains(&resource))
    }

    fn drop_one(&mut self, group: GroupId, resource: ResourceId) {
        if let Some(left) = self.left.get_mut(&group) {
            left.remove(&resource);
            if left.is_empty() {
                self.left.remove(&group);
            }
        }
    }
}

impl Engine {
    /// The database was read: everything may have to come up.
    pub(crate) fn plan_start(&mut self) {
        let groups = self.model.groups().filter(|group| !group.members.is_empty());
        self.policies.start.left = groups.map(|group| (group.id, group.members.clone())).collect();
    }

    /// The service is ready: groups that are not started by themselves stay as they are.
    pub(crate) fn begin_start(&mut self, is_cold: bool) {
        // Some wait from now on, and some do not.
        self.changed_groups.extend(self.policies.start.left.keys());
        let model = &self.model;
        let start = &mut self.policies.start;
        (start.is_cold, start.ready_at) = (is_cold, self.now);
        start.left.retain(|group, _| {
            let policy = model.group(*group).map(|group| group.policy).unwrap_or_default();
            policy.priority > 0 && !(is_cold && policy.cold_start == ColdStart::Never)
        });
        self.stir_policies();
    }

    /// Whether it has not had its turn since the service started.
    pub(crate) fn is_left_to_start(&self, id: ResourceId) -> bool {
        let start = &self.policies.start;
        start.is_open() && self.group_of(id).is_some_and(|group| start.is_left(group, id))
    }

    /// Somebody has said that it stay offline.
    pub(super) fn leave_start(&mut self, id: ResourceId) {
        if let Some(group) = self.group_of(id) {
            self.policies.start.drop_one(group, id);
            self.forget_place(group);
            self.touch_group_status(group);
        }
    }

    /// That there was no place for a group is of no account any more: it begins, is to stay offline, or is gone.
    pub(crate) fn forget_place(&mut self, group: GroupId) {
        self.policies.start.without_place.remove(&group);
    }

    /// Whether the service's start has left a group offline since another one is there.
    pub(crate) fn is_offline_for_affinity(&self, group: GroupId) -> bool {
        let found = self.policies.start.without_place.get(&group);
        found.is_some_and(|no_place| no_place.conflict().is_some())
    }

    /// Brings up what is to be online and whose turn has come.
    pub(super) fn go_on_with_start(&mut self) {
        if !self.policies.start.is_open() {
            return;
        }
        let now_ms = self.now.steady_ms;
        let Some(mut room) = self.start_room() else { return };
        let mut starting = self.starting();
        let mut wake_ms: Option<u64> = None;
        let mut wake_at = |at_ms: u64| wake_ms = Some(wake_ms.map_or(at_ms, |earlier| earlier.min(at_ms)));
        'priorities: for (priority, groups) in self.groups_to_start() {
            if let Some(at_ms) = self.waits_for_higher(priority) {
                wake_at(at_ms);
                break;
            }
            let turn_ms = *self.policies.start.turns.entry(priority).or_insert(now_ms);
            let mut is_left = false;
            for (group, begins_ms) in groups {
                if now_ms < begins_ms {
                    wake_at(begins_ms);
                    continue;
                }
                if self.has_turn(group) {
                    // Whoever comes later by its Priority may be what it waits for.
                    let held = match self.hold_group(group) {
                        Held::No => self.hold_for_place(group),
                        held => held,
                    };
                    match held {
                        Held::No => {}
                        Held::Until(at_ms) => {
                            wake_at(at_ms);
                            continue;
                        }
                        Held::GivenUp => {
                            self.policies.start.left.remove(&group);
                            self.touch_group_status(group);
                            continue;
                        }
                    }
                }
                if self.has_turn(group) && self.hold_or_count(group, starting.as_mut()).is_some() {
                    // When another has come up, or when there may be more.
                    wake_at(now_ms + START_WAIT_MS);
                    is_left = true;
                    continue;
                }
                self.start_group(group, priority, &mut room);
                if room == 0 {
                    break 'priorities;
                }
                is_left |= self.policies.start.left.contains_key(&group);
            }
            if is_left && now_ms < turn_ms + START_WAIT_MS {
                wake_at(turn_ms + START_WAIT_MS);
                break;
            }
        }
        if let Some(at_ms) = wake_ms {
            self.timers.set(Timer::StartUp, at_ms);
        }
    }

    /// Whether what is on the node, or takes its place there first, holds a group that would begin now. What is there
    /// stays, so that is for good.
    fn hold_for_place(&mut self, group: GroupId) -> Held {
        if let Some(no_place) = self.no_place(group) {
            let cause = Cause::new(no_place.status(), format!("{no_place}; nothing of it was started"));
            self.record_start_in_vain(group, cause);
            self.policies.start.without_place.insert(group, no_place);
            return Held::GivenUp;
        }
        match self.no_place_left(group) {
            Some(_) => Held::Until(self.now.steady_ms + START_WAIT_MS),
            None => Held::No,
        }
    }

    /// The journal has what the service's start was to bring up and did not.
    pub(crate) fn record_start_in_vain(&mut self, group: GroupId, cause: Cause) {
        let operation = self.new_operation_id();
        let why = "the service has started";
        let mut record = self.internal_record(operation, Verb::StartUp, ObjectId::Group(group), why);
        record.ended_at_ms = Some(self.now.unix_ms);
        record.end = Some(End::Failed(cause));
        self.effects.push(Effect::Journal(Box::new(record)));
    }

    /// Until when groups of this priority wait for starts of a higher one, unless those end before.
    fn waits_for_higher(&self, priority: u32) -> Option<u64> {
        let higher = self.policies.start.begun.values().filter(|(begun, _)| *begun > priority);
        let until_ms = higher.map(|(_, at_ms)| at_ms + START_WAIT_MS).max();
        until_ms.filter(|at_ms| *at_ms > self.now.steady_ms)
    }

    /// How many more resources may be begun. `None` while it is not worth while: not before half of what may be begun at
    /// once has ended, so that many are begun by few operations.
    fn start_room(&mut self) -> Option<usize> {
        let (now_ms, operations) = (self.now.steady_ms, &self.operations);
        let is_running =
            |id: &OperationId| operations.get(id).is_some_and(|found| !matches!(found.phase, Phase::Ended));
        self.policies.start.begun.retain(|id, _| is_running(id));
        // One that takes too long keeps no place.
        let young = self.policies.start.begun.iter().filter(|(_, (_, at_ms))| at_ms + START_WAIT_MS > now_ms);
        let oldest_ms = young.clone().map(|(_, (_, at_ms))| *at_ms).min();
        let open: usize = young.map(|(id, _)| operations.get(id).map_or(0, |found| found.open_parts)).sum();
        if open > STARTS_AT_ONCE_MAX / 2 {
            self.timers.set(Timer::StartUp, oldest_ms.unwrap_or(now_ms) + START_WAIT_MS);
            return None;
        }
        Some(STARTS_AT_ONCE_MAX - open)
    }

    /// Groups that are left with the time at which each may begin, the highest priority first, then in the order in which
    /// they get their places: by name.
    fn groups_to_start(&self) -> Vec<(u32, Vec<(GroupId, u64)>)> {
        let mut by_priority: BTreeMap<u32, Vec<(GroupId, u64)>> = BTreeMap::new();
        for id in self.policies.start.left.keys() {
            let policy = self.model.group(*id).map(|group| group.policy).unwrap_or_default();
            let begins_ms = self.policies.start.ready_at.steady_ms + u64::from(policy.start_delay_s) * 1_000;
            by_priority.entry(policy.priority).or_default().push((*id, begins_ms));
        }
        let name = |id: GroupId| self.model.group(id).map(|group| &group.name);
        by_priority.values_mut().for_each(|groups| groups.sort_by_key(|(id, _)| (name(*id), *id)));
        by_priority.into_iter().rev().collect()
    }

    /// Whether a resource of the group would be begun now.
    fn has_turn(&self, group: GroupId) -> bool {
        let left = self.policies.start.left.get(&group).into_iter().flatten();
        left.copied().any(|id| {
            !self.is_online(id) && self.is_to_start(id) && self.is_at_rest(id) && self.may_start_up(id)
        })
    }

    fn is_online(&self, id: ResourceId) -> bool {
        self.live.get(&id).is_some_and(|live| live.state == ResourceState::Online)
    }

    /// Whether the service's start has something of the group still to bring up.
    pub(crate) fn waits_to_start(&self, group: GroupId) -> bool {
        let left = self.policies.start.left.get(&group).into_iter().flatten();
        left.into_iter().any(|id| self.is_to_start(*id) && !self.is_online(*id))
    }

    /// Whether these wait to start may have changed.
    pub(crate) fn touch_groups_left_to_start(&mut self) {
        self.changed_groups.extend(self.policies.start.left.keys());
    }

    /// Begins what can be begun of a group.
    fn start_group(&mut self, group: GroupId, priority: u32, room: &mut usize) {
        let left: Vec<ResourceId> =
            self.policies.start.left.get(&group).into_iter().flatten().copied().collect();
        let mut parts = BTreeMap::new();
        for id in left {
            match self.turn_of(id) {
                Turn::Later => continue,
                Turn::Never => {}
                Turn::Now(members) => {
                    parts.extend(members.into_iter().map(|member| (member, PartGoal::Up)));
                }
            }
            self.policies.start.drop_one(group, id);
            self.touch_group_status(group);
            if parts.len() >= *room {
                break;
            }
        }
        *room = room.saturating_sub(parts.len());
        if !parts.is_empty() {
            let object = ObjectId::Group(group);
            let operation = self.start_internal(Verb::StartUp, object, parts, "the service has started");
            self.policies.start.begun.insert(operation, (priority, self.now.steady_ms));
        }
    }

    /// Whether a resource is begun now, and with what.
    fn turn_of(&mut self, id: ResourceId) -> Turn {
        if self.model.resource(id).is_none() {
            return Turn::Never;
        }
        if !self.is_at_rest(id) || self.waits_for_maintenance(id) {
            return Turn::Later;
        }
        if !self.is_to_start(id) {
            return Turn::Never;
        }
        let closure = self.start_up_closure(id);
        let is_down = |member: &ResourceId| {
            self.live.get(member).is_some_and(|live| live.state != ResourceState::Online)
        };
        let missing: BTreeSet<ResourceId> = closure.into_iter().filter(is_down).collect();
        // What it needs is left alone too while it is in maintenance, and comes up with it after that.
        let is_left_alone =
            |member: &ResourceId| self.is_in_maintenance(*member) && !self.policies.start.is_cold;
        if !missing.iter().all(|member| self.is_at_rest(*member)) || missing.iter().any(is_left_alone) {
            return Turn::Later;
        }
        if missing.iter().all(|member| self.may_start_up(*member)) {
            return Turn::Now(missing);
        }
        if self.live.get(&id).is_some_and(|live| live.lost && live.unproven) {
            // When it is proven to have stopped, it is its restart policy's.
            self.note_failure(id);
        }
        Turn::Never
    }

    /// What has to be brought up before it, and itself.
    fn start_up_closure(&self, id: ResourceId) -> BTreeSet<ResourceId> {
        let readiness = |id| match alternatives::readiness(&self.model, &self.live, self.config.node, id) {
            Readiness::Serves => Readiness::Serves,
            _ if self.is_at_rest(id) && !self.may_start_up(id) => Readiness::Never,
            // It comes up anyway.
            _ if self.is_to_start(id) => Readiness::Comes,
            other => other,
        };
        alternatives::start_closure(&self.model, [id], &readiness)
    }

    /// Whether a resource is to be online at the start, by what was said of it and of its group.
    fn is_to_start(&self, id: ResourceId) -> bool {
        let Some(resource) = self.model.resource(id) else { return false };
        let Some(group) = self.model.group(resource.group) else { return false };
        if self.ignores_persistent_state() {
            return true;
        }
        let was_online = group.persistent == Some(true)
            || group.policy.cold_start != ColdStart::IfGroupWasOnline
            || !self.policies.start.is_cold;
        was_online && self.model.is_wanted(resource)
    }

    fn may_start_up(&self, id: ResourceId) -> bool {
        let Some((resource, live)) = self.model.resource(id).zip(self.live.get(&id)) else { return false };
        let is_down = match live.state {
            ResourceState::Failed => live.lost && !live.unproven,
            state => matches!(state, ResourceState::Offline | ResourceState::Online),
        };
        let stays_offline = resource.persistent == Some(false) && !self.ignores_persistent_state();
        is_down && !stays_offline && resource.may_run_on(self.config.node)
    }

    /// Whatever ran before this service may have gone while somebody worked on it: that is not acted on. A start of the
    /// machine brings it up all the same.
    fn waits_for_maintenance(&self, id: ResourceId) -> bool {
        self.is_in_maintenance(id) && !self.policies.start.is_cold && self.is_to_start(id)
    }

    /// Whether the start of the machine brings everything up, whatever was said of it (IgnorePersistentStateOnStartup).
    pub(crate) fn ignores_persistent_state(&self) -> bool {
        self.policies.start.is_cold && self.model.cluster().ignores_persistent_state
    }
}

/// Why the service's start has not begun something that is to be online.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum NotBegun {
    /// Its group has Priority 0.
    PriorityZero,
    /// Its group has ColdStartSetting 1, and the machine was started.
    NeverCold,
    /// Its group has ColdStartSetting 2, was not online itself, and the machine was started.
    GroupWasNotOnline,
    /// GroupStartDelay.
    Delay {
        /// In milliseconds of Unix time.
        until_unix_ms: u64,
    },
    /// A group of a higher Priority comes first.
    Priority {
        /// One of them.
        higher: GroupId,
    },
    /// As many groups as may do so at once start already.
    AtOnce(AtOnce),
    /// Other groups come first.
    Groups {
        /// Which, and what they lack.
        lacks: String,
        /// The end of the wait, in milliseconds of Unix time.
        until_unix_ms: u64,
    },
    /// Other groups come first, and were waited for too long.
    GroupsInVain {
        /// Which, and what they lacked.
        lacked: String,
    },
    /// Another group is there, or takes the place first.
    Place {
        /// What speaks against it.
        no_place: NoPlace,
        /// What is there is up, so that nobody looks again.
        is_final: bool,
    },
    /// It is in maintenance.
    Maintenance,
    /// Its turn has not come.
    Turn,
}

impl Engine {
    /// When the start of the service began to bring things up, in milliseconds of Unix time.
    pub(crate) fn start_began_unix_ms(&self) -> u64 {
        self.policies.start.ready_at.unix_ms
    }

    /// Why the start of the service, or of the machine, leaves a group offline whatever is written of it.
    pub(crate) fn left_by_policy(&self, group: &Group, is_cold: bool) -> Option<NotBegun> {
        let ignores = self.model.cluster().ignores_persistent_state;
        match group.policy.cold_start {
            _ if group.policy.priority == 0 => Some(NotBegun::PriorityZero),
            ColdStart::Never if is_cold => Some(NotBegun::NeverCold),
            ColdStart::IfGroupWasOnline if is_cold && group.persistent != Some(true) && !ignores => {
                Some(NotBegun::GroupWasNotOnline)
            }
            _ => None,
        }
    }

    /// Why the service's start has not begun a resource; `None` when it has, or had no reason to.
    pub(crate) fn why_not_begun(&self, id: ResourceId) -> Option<NotBegun> {
        let group = self.model.group(self.group_of(id)?)?;
        let start = &self.policies.start;
        if !start.is_left(group.id, id) {
            if let Some(lacked) = self.given_up_start(group.id) {
                return Some(NotBegun::GroupsInVain { lacked: lacked.to_owned() });
            }
            if let Some(no_place) = start.without_place.get(&group.id) {
                return Some(NotBegun::Place { no_place: no_place.clone(), is_final: true });
            }
            return self.left_by_policy(group, start.is_cold);
        }
        if self.waits_for_maintenance(id) {
            return Some(NotBegun::Maintenance);
        }
        let begins_ms = start.ready_at.steady_ms + u64::from(group.policy.start_delay_s) * 1_000;
        if let Some(left_ms) = begins_ms.checked_sub(self.now.steady_ms).filter(|left_ms| *left_ms > 0) {
            return Some(NotBegun::Delay { until_unix_ms: self.now.unix_ms + left_ms });
        }
        if self.waits_for_groups(group.id) {
            let lacks = self.unmet_text(&self.unmet(group.id));
            let until_ms = self.group_waits_until_ms(group.id).unwrap_or(self.now.steady_ms);
            return Some(NotBegun::Groups { lacks, until_unix_ms: self.unix_ms_at(until_ms) });
        }
        if let Some(no_place) = self.no_place_left(group.id) {
            return Some(NotBegun::Place { no_place, is_final: false });
        }
        let running = start.begun.keys().filter_map(|operation| match self.operations.get(operation) {
            Some(found) if !matches!(found.phase, Phase::Ended) => match found.record.object {
                ObjectId::Group(group) => Some(group),
                _ => None,
            },
            _ => None,
        });
        let mut others = start.left.keys().copied().chain(running);
        let is_higher = |other: &GroupId| {
            self.model.group(*other).is_some_and(|other| other.policy.priority > group.policy.priority)
        };
        if let Some(higher) = others.find(is_higher) {
            return Some(NotBegun::Priority { higher });
        }
        Some(self.held_at_once(group.id).map_or(NotBegun::Turn, NotBegun::AtOnce))
    }
}

/// Whether a resource's turn has come.
enum Turn {
    /// It is begun with all of these.
    Now(BTreeSet<ResourceId>),
    /// Something is being done to it, or to what it needs.
    Later,
    /// It is not to be started, or cannot be.
    Never,
}
