//! The hard stop: the guard empties and closes a leaf, and the look that proves that nothing is left.
//!
//! ```text
//!   HardStopping ──► empty: proven ──► the task ends where its goal and its trouble say
//!        │  ▲ no answer, or not empty (a few times)
//!        └──┘───► failed, unproven ──► tried again without a task, ever more seldom, until it is empty
//! ```
//!
//! Offline is never said of what is not proven to be stopped.

use mainstay_types::order::Cause;
use mainstay_types::{Epoch, ResourceId, Status};

use super::TaskEnd;
use crate::Engine;
use crate::effect::Effect;
use crate::input::LeafSeen;
use crate::limits::{GUARD_ANSWER_MS, HARD_STOP_ATTEMPTS, HARD_STOP_PAUSE_MAX_MS, HARD_STOP_PAUSE_MS};
use crate::live::{Goal, Stage};
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
        self.effects.push(Effect::HardStop { group, resource: id, epoch: self.model.epoch(group) });
    }

    pub(super) fn look(&mut self, id: ResourceId) {
        let Some(group) = self.group_of(id) else { return };
        self.set_stage(id, Stage::Looking, GUARD_ANSWER_MS);
        self.effects.push(Effect::Look { group, resource: id });
    }

    /// Input: the guard has stopped a leaf hard, or could not.
    pub(crate) fn handle_hard_stopped(&mut self, id: ResourceId, epoch: Epoch, empty: bool) {
        if self.handle_leaf_of_deleted(id, empty) {
            return;
        }
        if empty {
            self.host_died_with_leaf(id);
        }
        let Some(live) = self.live.get_mut(&id) else { return };
        live.floor = live.floor.max(epoch);
        live.open = None;
        live.locked = None;
        live.hard_stops = if empty { 0 } else { live.hard_stops + 1 };
        match &live.task {
            Some(task) if task.stage == Stage::HardStopping => {
                if empty {
                    self.end_proven(id);
                } else {
                    self.ask_guard_again(id);
                }
            }
            Some(_) => {}
            None if empty && live.unproven => self.became_proven(id),
            None if live.unproven => self.schedule_hard_stop(id),
            None => {}
        }
    }

    /// Input: the guard has looked into a leaf.
    pub(crate) fn handle_looked(&mut self, id: ResourceId, leaf: LeafSeen) {
        let Some(live) = self.live.get_mut(&id) else { return };
        live.floor = live.floor.max(leaf.floor);
        if live.task.as_ref().is_some_and(|task| task.stage == Stage::Looking) {
            if leaf.populated { self.hard_stop(id) } else { self.end_proven(id) }
        }
    }

    /// The guard did not answer, or could not empty the leaf.
    pub(super) fn ask_guard_again(&mut self, id: ResourceId) {
        let Some(task) = self.live.get_mut(&id).and_then(|live| live.task.as_mut()) else { return };
        if task.attempts < HARD_STOP_ATTEMPTS {
            return self.hard_stop(id);
        }
        let text = "something of it could not be killed";
        let cause = task.cause.clone().unwrap_or_else(|| Cause::new(Status::RESOURCE_FAILED, text));
        self.end_task(id, TaskEnd::Failed { cause, proven: false });
        self.schedule_hard_stop(id);
    }

    fn schedule_hard_stop(&mut self, id: ResourceId) {
        let tries = self.live.get(&id).map_or(0, |live| live.hard_stops.min(16));
        let pause_ms = (HARD_STOP_PAUSE_MS << tries).min(HARD_STOP_PAUSE_MAX_MS);
        self.timers.set(Timer::HardStop(id), self.now.steady_ms + pause_ms);
    }

    /// Timer: another try to empty the leaf of a failed resource that no task is at.
    pub(crate) fn handle_hard_stop_timer(&mut self, id: ResourceId) {
        let Some(group) = self.group_of(id) else { return };
        let Some(live) = self.live.get_mut(&id) else { return };
        if live.task.is_none() && live.unproven {
            live.hard_stops += 1;
            self.effects.push(Effect::HardStop { group, resource: id, epoch: self.model.epoch(group) });
            // The guard may be gone for good; the answer, when it comes, sets the timer anew or clears the need.
            self.schedule_hard_stop(id);
        }
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
