//! The hard stop: the guard empties and closes a leaf, and the look that proves that nothing is left.
//!
//! ```text
//!   HardStopping ──► empty ──► cut off? no: proven ──► the task ends where its goal and its trouble say
//!        │  ▲ ▲                 └── yes: Host ─► Opening ─► Terminating ──► proven
//!        │  │ └─────────────────────────── (a few times) ───────┘ failed, silent
//!        │  │ no answer, or not empty (a few times)
//!        └──┘───► failed, unproven ──► tried again without a caller, ever more seldom, until it is proven
//! ```
//!
//! Offline is never said of what is not proven to be stopped.

use std::collections::BTreeMap;

use mainstay_types::operation::Verb;
use mainstay_types::order::Cause;
use mainstay_types::{Epoch, GroupId, ObjectId, ResourceId, Status};

use super::TaskEnd;
use crate::Engine;
use crate::effect::Effect;
use crate::input::LeafSeen;
use crate::limits::{
    CLEAN_UP_PAUSE_MAX_MS, GUARD_ANSWER_MS, HARD_STOP_ATTEMPTS, HARD_STOP_PAUSE_MAX_MS, HARD_STOP_PAUSE_MS,
};
use crate::live::{Goal, Stage};
use crate::operation::PartGoal;
use crate::seeded::{self, Bug};
use crate::timers::Timer;

impl Engine {
    /// Has the guard stop everything in its leaf.
    pub(super) fn hard_stop(&mut self, id: ResourceId) {
        let Some(group) = self.group_of(id) else { return };
        self.timers.clear(Timer::Limit(id));
        self.set_stage(id, Stage::HardStopping, GUARD_ANSWER_MS);
        if let Some(task) = self.live.get_mut(&id).and_then(|live| live.task.as_mut()) {
            task.order = None;
            task.attempts += 1;
        }
        self.ask_to_close(id, group);
    }

    /// Its leaf counts as closed from now on: what the guard says first may still be its answer to an earlier request,
    /// and this one is on its way.
    fn ask_to_close(&mut self, id: ResourceId, group: GroupId) {
        let epoch = self.model.epoch(group);
        if let Some(live) = self.live.get_mut(&id) {
            live.floor = live.floor.max(epoch);
        }
        self.effects.push(Effect::HardStop { group, resource: id, epoch });
    }

    /// Whether the guard was told to close its leaf and has not answered yet.
    pub(crate) fn is_being_closed(&self, id: ResourceId) -> bool {
        let task = self.live.get(&id).and_then(|live| live.task.as_ref());
        task.is_some_and(|task| task.stage == Stage::HardStopping)
    }

    pub(super) fn look(&mut self, id: ResourceId) {
        let Some(group) = self.group_of(id) else { return };
        self.set_stage(id, Stage::Looking, GUARD_ANSWER_MS);
        self.effects.push(Effect::Look { group, resource: id });
    }

    /// Input: the guard has stopped a leaf hard, or could not.
    pub(crate) fn handle_hard_stopped(&mut self, id: ResourceId, epoch: Epoch, empty: bool) {
        let empty = empty || seeded::has(Bug::HardStopNotProven);
        if self.handle_leaf_of_deleted(id, empty) {
            return;
        }
        if empty {
            self.host_died_with_leaf(id);
        }
        self.note_cut_off(id);
        let Some(live) = self.live.get_mut(&id) else { return };
        live.floor = live.floor.max(epoch);
        live.open = None;
        live.locked = None;
        self.touched_statuses.insert(id);
        match (empty, live.cut_off) {
            (true, false) => live.hard_stops = 0,
            (true, true) => {}
            (false, _) => live.hard_stops += 1,
        }
        match &live.task {
            Some(task) if task.stage == Stage::HardStopping => {
                if empty {
                    self.handle_empty(id);
                } else {
                    self.ask_guard_again(id);
                }
            }
            Some(_) => {}
            None if empty && live.unproven && !live.cut_off => self.became_proven(id),
            None if live.unproven => self.schedule_hard_stop(id),
            None => {}
        }
    }

    /// Input: the guard has looked into a leaf.
    pub(crate) fn handle_looked(&mut self, id: ResourceId, leaf: LeafSeen) {
        let Some(live) = self.live.get_mut(&id) else { return };
        live.floor = live.floor.max(leaf.floor);
        if live.task.as_ref().is_some_and(|task| task.stage == Stage::Looking) {
            if leaf.populated { self.hard_stop(id) } else { self.handle_empty(id) }
        }
    }

    /// Nothing is left in its leaf. That is a proof, unless what it was open in was lost.
    fn handle_empty(&mut self, id: ResourceId) {
        let Some(live) = self.live.get(&id) else { return };
        let Some(task) = &live.task else { return };
        match live.cut_off {
            false => self.end_proven(id),
            true if task.goal == Goal::Reopen => self.leave_to_clean_up(id),
            true if task.attempts < HARD_STOP_ATTEMPTS => self.continue_in_host(id),
            true => {
                let text = "its type could not be made to take down what it may have left";
                self.end_unproven(id, text);
            }
        }
    }

    /// A host that had it open is gone, or will be: what it had made outside of any process may still be there.
    pub(crate) fn note_cut_off(&mut self, id: ResourceId) {
        let may_leave_something = self.may_leave_something(id);
        let Some(live) = self.live.get_mut(&id) else { return };
        live.cut_off |= may_leave_something && live.open.is_some() && live.may_hold();
        live.cut_off &= !seeded::has(Bug::LeftoverForgotten);
    }

    /// The guard did not answer, or could not empty the leaf.
    pub(super) fn ask_guard_again(&mut self, id: ResourceId) {
        let Some(task) = self.live.get(&id).and_then(|live| live.task.as_ref()) else { return };
        if task.attempts < HARD_STOP_ATTEMPTS {
            return self.hard_stop(id);
        }
        self.end_unproven(id, "something of it could not be killed");
    }

    fn end_unproven(&mut self, id: ResourceId, text: &str) {
        let cause = self.live.get(&id).and_then(|live| live.task.as_ref()?.cause.clone());
        let cause = cause.unwrap_or_else(|| Cause::new(Status::RESOURCE_FAILED, text));
        self.end_task(id, TaskEnd::Failed { cause, proven: false });
        self.schedule_hard_stop(id);
    }

    fn schedule_hard_stop(&mut self, id: ResourceId) {
        let Some(live) = self.live.get(&id) else { return };
        let longest_ms = if live.cut_off { CLEAN_UP_PAUSE_MAX_MS } else { HARD_STOP_PAUSE_MAX_MS };
        let pause_ms = (HARD_STOP_PAUSE_MS << live.hard_stops.min(16)).min(longest_ms);
        self.timers.set(Timer::HardStop(id), self.now.steady_ms + pause_ms);
    }

    /// Timer: another try to empty the leaf of a failed resource that no task is at.
    pub(crate) fn handle_hard_stop_timer(&mut self, id: ResourceId) {
        let Some(group) = self.group_of(id) else { return };
        let Some(live) = self.live.get_mut(&id) else { return };
        if live.task.is_some() || !live.unproven {
            return;
        }
        live.hard_stops += 1;
        if live.claim.or(live.reserved).is_some() {
            // An operation has it in hand; its turn has not come.
            self.schedule_hard_stop(id);
        } else if live.cut_off {
            self.clean_up_doubt(id);
        } else {
            self.ask_to_close(id, group);
            // The guard may be gone for good; the answer, when it comes, sets the timer anew or clears the need.
            self.schedule_hard_stop(id);
        }
    }

    /// Begins an operation of the service's own that has what a failed resource may have left taken down. One that has it
    /// in hand comes first; it is looked at again later.
    pub(crate) fn clean_up_doubt(&mut self, id: ResourceId) {
        let in_doubt = |live: &&crate::live::Live| live.unproven && live.task.is_none();
        let Some(live) = self.live.get(&id).filter(in_doubt) else { return };
        if live.claim.or(live.reserved).is_some() {
            return self.schedule_hard_stop(id);
        }
        let cause = live.failure.clone();
        let cause = cause.unwrap_or_else(|| Cause::new(Status::RESOURCE_FAILED, "it failed"));
        let parts = BTreeMap::from([(id, PartGoal::Clean(cause))]);
        let why = "what it may have left has to be taken down";
        self.start_internal(Verb::Recover, ObjectId::Resource(id), parts, why);
    }

    /// Nothing of it runs any more: it ends where its goal and its trouble say.
    pub(super) fn end_proven(&mut self, id: ResourceId) {
        let Some(task) = self.live.get(&id).and_then(|live| live.task.as_ref()) else { return };
        let end = match (task.goal, &task.cause) {
            (Goal::Terminate | Goal::Settle, _) => TaskEnd::Offline,
            (_, Some(cause)) => TaskEnd::Failed { cause: cause.clone(), proven: true },
            (Goal::Clean, None) => {
                TaskEnd::Failed { cause: Cause::new(Status::RESOURCE_FAILED, "it failed"), proven: true }
            }
            (_, None) => TaskEnd::Offline,
        };
        self.end_task(id, end);
    }
}
