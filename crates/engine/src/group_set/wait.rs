//! The waits: whose start is held until what comes first is started, and when that ends.
//!
//! ```text
//!   a group's first start ──► held ──► all needs met ──────────► begins
//!                               ├─ and no place is left ───────► ends: nothing of it was started
//!                               └─ GroupDependencyTimeout over ──► the same
//! ```
//!
//! Held are the starts of a call, whose resources are OnlinePending meanwhile, and those of the service's own start,
//! which have not begun. A group of which something is up or on its way has started: nothing more of it is held. What
//! fails in it is restarted without a look at other groups, until the group was offline as a whole.

use std::collections::{BTreeMap, BTreeSet};

use mainstay_types::operation::Verb;
use mainstay_types::order::Cause;
use mainstay_types::{GroupId, GroupSetId, OperationId, ResourceId, ResourceState, Status};

use super::order;
use super::started::{Seen, Unmet};
use crate::Engine;
use crate::live::{Goal, Live};
use crate::operation::{PartGoal, PartState, Phase};
use crate::seeded::{self, Bug};
use crate::timers::Timer;

/// Who waits, and since when; times in steady milliseconds. All of it is in memory: after a crash waits begin anew.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waits {
    /// When the groups that are up or on their way began to start. Of one that was found up nobody knows, so it is when the
    /// first of it that is up came up: that may be later, and never earlier.
    begun: BTreeMap<GroupId, u64>,
    /// Groups that were started and have not been offline as a whole since.
    started: BTreeSet<GroupId>,
    /// Operations whose starts are held.
    operations: BTreeMap<OperationId, u64>,
    /// Groups that the service's start holds.
    held: BTreeMap<GroupId, u64>,
    /// Groups that the service's start has given up, and what they lacked.
    given_up: BTreeMap<GroupId, String>,
    /// Groups whose starts are held, as watchers know them: what they wait for may come and go far from them.
    pub(crate) watched: BTreeSet<GroupId>,
    /// What watchers know of group sets.
    pub(super) told: BTreeMap<GroupSetId, u64>,
    /// Something was seen that may end a wait.
    stirred: bool,
}

/// Whether the service's start holds a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Held {
    /// It may begin.
    No,
    /// It is looked at again then at the latest.
    Until(u64),
    /// It has waited long enough, and is not begun.
    GivenUp,
}

impl Engine {
    /// What the group still waits for before it starts; nothing for one that has started.
    pub(crate) fn unmet(&self, group: GroupId) -> Vec<Unmet> {
        if !self.model.orders_groups() || self.has_begun(group) {
            return Vec::new();
        }
        let needs = order::needs(&self.model, group);
        self.seen(|seen| seen.unmet(needs))
    }

    /// What is seen of groups now.
    pub(super) fn seen<T>(&self, look: impl FnOnce(&Seen<'_>) -> T) -> T {
        let is_online = |id| self.is_group_online(id);
        let begun_ms = |id| self.begun_ms(id);
        look(&Seen {
            model: &self.model,
            is_online: &is_online,
            begun_ms: &begun_ms,
            now_ms: self.now.steady_ms,
        })
    }

    /// Whether something of the group is up or being brought up.
    pub(crate) fn has_begun(&self, group: GroupId) -> bool {
        let members = self.model.group(group).into_iter().flat_map(|group| &group.members);
        members.filter_map(|id| self.live.get(id)).any(is_begun)
    }

    fn begun_ms(&self, id: GroupId) -> Option<u64> {
        if self.model.group(id).is_none_or(|group| group.members.is_empty()) {
            return Some(0);
        }
        let up_since_ms = self.up_since_ms(id)?;
        Some(self.waits.begun.get(&id).copied().unwrap_or(up_since_ms))
    }

    /// Since when something of the group is up or on its way without a break, in steady milliseconds. Resources tell that
    /// across a restart of the service, if their hosts do.
    fn up_since_ms(&self, group: GroupId) -> Option<u64> {
        let members = self.model.group(group).into_iter().flat_map(|group| &group.members);
        let begun = members.filter_map(|id| self.live.get(id)).filter(|live| is_begun(live));
        begun.map(|live| self.steady_ms_at(live.since_unix_ms)).min()
    }

    /// Whether everything of the group that is to be online is, and something is at all.
    fn is_group_online(&self, id: GroupId) -> bool {
        let Some(group) = self.model.group(id) else { return true };
        let is_up =
            |id: &ResourceId| self.live.get(id).is_some_and(|live| live.state == ResourceState::Online);
        let is_wanted = |id: &&ResourceId| {
            self.model.resource(**id).is_some_and(|resource| self.model.is_wanted(resource))
        };
        group.members.is_empty()
            || group.members.iter().any(is_up) && group.members.iter().filter(is_wanted).all(is_up)
    }

    /// A resource is about to be started: its group begins with it, if nothing of it is up yet.
    pub(crate) fn note_begun(&mut self, resource: ResourceId, goal: Goal) {
        if goal != Goal::Start {
            return;
        }
        if let Some(group) = self.group_of(resource).filter(|group| !self.has_begun(*group)) {
            self.waits.started.insert(group);
            self.waits.begun.insert(group, self.now.steady_ms);
            self.waits.given_up.remove(&group);
            self.forget_place(group);
            self.stir_waits();
            self.wake_after_delay(group, self.now.steady_ms);
        }
    }

    /// So that readers see a group's set as started when it is, also while nobody waits for it.
    fn wake_after_delay(&mut self, group: GroupId, begun_ms: u64) {
        let set = self.model.group(group).and_then(|group| self.model.group_set(group.set?));
        let over_ms = begun_ms + set.map_or(0, |set| u64::from(set.startup.delay_s) * 1_000);
        if over_ms >= self.now.steady_ms {
            self.wake_waits_at(over_ms);
        }
    }

    /// Everything that was found has its place: what is up has been started, and what has failed or is being stopped had
    /// been.
    pub(crate) fn note_found(&mut self) {
        let groups: Vec<GroupId> = self.model.groups().map(|group| group.id).collect();
        for id in groups {
            if let Some(since_ms) = self.up_since_ms(id) {
                let since_ms = if seeded::has(Bug::DelayForgotten) { 0 } else { since_ms };
                self.waits.begun.insert(id, since_ms);
                self.wake_after_delay(id, since_ms);
            }
            let members = self.model.group(id).into_iter().flat_map(|group| &group.members);
            if members.filter_map(|id| self.live.get(id)).any(was_begun) {
                self.waits.started.insert(id);
            }
        }
    }

    /// A group is offline as a whole: its next start is one.
    pub(crate) fn note_offline(&mut self, group: GroupId) {
        self.waits.started.remove(&group);
    }

    /// Something has changed that may end a wait.
    pub(crate) fn stir_waits(&mut self) {
        self.waits.stirred = true;
    }

    /// Whether waits are to be looked at before this step ends.
    pub(crate) fn has_stirred_waits(&self) -> bool {
        self.waits.stirred && !self.waits.operations.is_empty()
    }

    /// A group is gone.
    pub(crate) fn forget_group_waits(&mut self, group: GroupId) {
        self.waits.begun.remove(&group);
        self.waits.started.remove(&group);
        self.waits.held.remove(&group);
        self.waits.given_up.remove(&group);
        self.waits.watched.remove(&group);
        self.stir_waits();
    }

    /// Whether a part whose turn has come is held until other groups are started.
    pub(crate) fn holds_start(&mut self, id: OperationId, resource: ResourceId) -> bool {
        if !self.model.orders_groups() || seeded::has(Bug::GroupNotAwaited) {
            return false;
        }
        let Some(group) = self.group_of(resource).filter(|group| self.starts_group(id, *group)) else {
            return false;
        };
        let unmet = self.unmet(group);
        if unmet.is_empty() {
            // Since it was accepted, what it had to wait for may have taken its place.
            if self.no_place_for_held(id, group).is_none() {
                return false;
            }
            // It ends with the others that wait.
            self.stir_waits();
        }
        let now_ms = self.now.steady_ms;
        let since_ms = *self.waits.operations.entry(id).or_insert(now_ms);
        self.touch_group_status(group);
        self.wake_waits(since_ms, &unmet);
        true
    }

    /// Whether what the operation brings up would be the group's start. What was up before is restarted, which is none.
    fn starts_group(&self, id: OperationId, group: GroupId) -> bool {
        let Some(operation) = self.operations.get(&id) else { return false };
        let is_restart = match operation.record.verb {
            Verb::Online | Verb::StartUp => false,
            Verb::Restart => {
                operation.is_resumed
                    || operation.parts.values().any(|part| part.has_stopped || part.goal == PartGoal::Cycle)
            }
            _ => self.waits.started.contains(&group),
        };
        !is_restart
    }

    /// The end of a wait that began then, in steady milliseconds: GroupDependencyTimeout.
    fn wait_ends_ms(&self, since_ms: u64) -> u64 {
        since_ms + u64::from(self.model.cluster().group_dependency_timeout_s) * 1_000
    }

    /// Looks again when a delay is over, or the wait.
    fn wake_waits(&mut self, since_ms: u64, unmet: &[Unmet]) {
        let delays = unmet.iter().filter_map(Unmet::met_at_ms);
        self.wake_waits_at(delays.fold(self.wait_ends_ms(since_ms), u64::min));
    }

    fn wake_waits_at(&mut self, at_ms: u64) {
        if self.timers.deadline(Timer::GroupWaits).is_none_or(|set_ms| at_ms < set_ms) {
            self.timers.set(Timer::GroupWaits, at_ms);
        }
    }

    /// Timer: a delay or a wait may be over.
    pub(crate) fn handle_group_waits_timer(&mut self) {
        self.stir_waits();
        self.stir_policies();
    }

    /// Operations whose starts are held are looked at again: they begin, go on waiting, or end.
    pub(crate) fn go_on_with_group_waits(&mut self) {
        if !std::mem::take(&mut self.waits.stirred) {
            return;
        }
        for (id, since_ms) in self.waits.operations.clone() {
            let running = self.operations.get(&id).filter(|found| !matches!(found.phase, Phase::Ended));
            let Some(operation) = running else {
                self.waits.operations.remove(&id);
                continue;
            };
            if !matches!(operation.phase, Phase::Running) {
                // It is being cancelled; should that fail, it waits as long as it would have.
                continue;
            }
            let waiting: Vec<ResourceId> = operation
                .parts
                .iter()
                .filter(|(_, part)| part.goal == PartGoal::Up && part.state == PartState::Waiting)
                .map(|(id, _)| *id)
                .collect();
            let group = waiting.first().and_then(|id| self.group_of(*id));
            let unmet = group.map(|group| self.unmet(group)).unwrap_or_default();
            if unmet.is_empty() {
                self.waits.operations.remove(&id);
                match self.lost_place(id, &waiting) {
                    Some(cause) => self.end_wait(id, waiting, cause),
                    None => waiting.iter().for_each(|resource| self.try_begin(*resource)),
                }
            } else if self.now.steady_ms >= self.wait_ends_ms(since_ms) {
                self.waits.operations.remove(&id);
                self.end_wait(id, waiting, self.waited_in_vain(&unmet));
            } else {
                self.wake_waits(since_ms, &unmet);
            }
        }
    }

    /// The wait is over, and nothing was begun: what was to start is as it was, and the operation has failed.
    fn end_wait(&mut self, id: OperationId, waiting: Vec<ResourceId>, cause: Cause) {
        if let Some(operation) = self.operations.get_mut(&id) {
            operation.trouble.get_or_insert(cause.clone());
        }
        for resource in &waiting {
            self.show_part_unbegun(id, *resource, &cause);
            self.set_state(*resource, ResourceState::Offline);
            self.close_part(id, *resource);
        }
        for resource in waiting {
            // Another operation may have counted on its coming.
            self.poke(resource);
        }
        self.end_if_done(id);
    }

    /// Why what has waited may not begin now: what it has waited for may have taken its place.
    fn lost_place(&self, id: OperationId, waiting: &[ResourceId]) -> Option<Cause> {
        let groups: BTreeSet<GroupId> =
            waiting.iter().filter_map(|resource| self.group_of(*resource)).collect();
        let starts = groups.into_iter().filter(|group| self.starts_group(id, *group));
        let no_place = starts.filter_map(|group| self.no_place_for_held(id, group)).next()?;
        Some(Cause::new(no_place.status(), format!("{no_place}; nothing of it was started")))
    }

    fn waited_in_vain(&self, unmet: &[Unmet]) -> Cause {
        let limit_s = self.model.cluster().group_dependency_timeout_s;
        let text = format!(
            "waited {limit_s} s (GroupDependencyTimeout) for {}; nothing of it was started",
            self.unmet_text(unmet)
        );
        Cause::new(Status::TIMEOUT, text)
    }

    /// Whether the service's start holds a group that would begin now.
    pub(crate) fn hold_group(&mut self, group: GroupId) -> Held {
        let unmet = self.unmet(group);
        self.touch_group_status(group);
        if unmet.is_empty() || seeded::has(Bug::GroupNotAwaited) {
            self.waits.held.remove(&group);
            return Held::No;
        }
        let now_ms = self.now.steady_ms;
        let since_ms = *self.waits.held.entry(group).or_insert(now_ms);
        let ends_ms = self.wait_ends_ms(since_ms);
        if now_ms < ends_ms {
            let delays = unmet.iter().filter_map(Unmet::met_at_ms);
            return Held::Until(delays.fold(ends_ms, u64::min));
        }
        self.waits.held.remove(&group);
        let cause = self.waited_in_vain(&unmet);
        self.waits.given_up.insert(group, self.unmet_text(&unmet));
        self.record_start_in_vain(group, cause);
        Held::GivenUp
    }

    /// The group's start is held, and there is something that it waits for.
    pub(crate) fn waits_for_groups(&self, group: GroupId) -> bool {
        self.is_start_held(group) && !self.unmet(group).is_empty()
    }

    /// The group's start is held, by the service's start or by a call.
    pub(crate) fn is_start_held(&self, group: GroupId) -> bool {
        let holds = |id: &OperationId| {
            let parts = self.operations.get(id).map(|operation| operation.parts.keys());
            parts.into_iter().flatten().any(|resource| self.group_of(*resource) == Some(group))
        };
        self.waits.held.contains_key(&group) || self.waits.operations.keys().any(holds)
    }

    /// Until when a group waits at most, in steady milliseconds.
    pub(crate) fn group_waits_until_ms(&self, group: GroupId) -> Option<u64> {
        let of_call = self.waits.operations.iter().find(|(id, _)| {
            let parts = self.operations.get(id).map(|operation| operation.parts.keys());
            parts.into_iter().flatten().any(|resource| self.group_of(*resource) == Some(group))
        });
        let since_ms = of_call.map(|(_, since_ms)| *since_ms);
        since_ms.or_else(|| self.waits.held.get(&group).copied()).map(|since_ms| self.wait_ends_ms(since_ms))
    }

    /// What a group lacked whose wait the service's start has given up, where it has not started since.
    pub(crate) fn given_up_start(&self, group: GroupId) -> Option<&str> {
        self.waits.given_up.get(&group).map(String::as_str)
    }
}

/// Up, or being brought up.
fn is_begun(live: &Live) -> bool {
    live.state == ResourceState::Online
        || live
            .task
            .as_ref()
            .is_some_and(|task| matches!(task.goal, Goal::Start | Goal::Restore | Goal::Reopen))
}

/// The same, or it has been up.
fn was_begun(live: &Live) -> bool {
    is_begun(live) || matches!(live.state, ResourceState::Failed | ResourceState::OfflinePending)
}
