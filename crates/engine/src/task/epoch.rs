//! Closed leaves: what a hard stop has closed is opened again only under a higher epoch of its group.
//!
//! ```text
//!   a task needs a host ──► the leaf is closed ──► commit of a higher epoch ──► the task goes on
//!                                   ▲                    │ failed: a pause; conflict: at once
//!                                   └────────────────────┘
//! ```
//!
//! An accepted call writes the higher epoch with its own record where it can be foreseen; this is for everything else.

use mainstay_store::{Compare, Op, Transaction};
use mainstay_types::{Epoch, GroupId, ResourceId};

use crate::Engine;
use crate::engine::CommitPurpose;
use crate::input::CommitOutcome;
use crate::limits::COMMIT_PAUSE_MS;
use crate::live::Stage;
use crate::model::layout;
use crate::seeded::{self, Bug};
use crate::timers::Timer;

impl Engine {
    /// Whether the resource's leaf was closed in this epoch of its group.
    pub(crate) fn is_leaf_closed(&self, id: ResourceId) -> bool {
        let Some((live, group)) = self.live.get(&id).zip(self.group_of(id)) else { return false };
        live.floor >= self.model.epoch(group) && !seeded::has(Bug::EpochNotRaised)
    }

    /// The newest epoch in which a leaf may have been closed that was removed: nobody tells of it any more, and the guard
    /// remembers it.
    pub(crate) fn newest_floor_of(&self, id: ResourceId) -> Epoch {
        self.group_of(id).map(|group| self.model.epoch(group)).unwrap_or_default()
    }

    /// Asks for a higher epoch; the tasks that wait for a host in this group go on when it is there.
    pub(crate) fn raise_epoch(&mut self, group: GroupId) {
        let Some(owner) = self.model.owner(group) else { return };
        if self.timers.is_set(Timer::Epoch(group)) || !self.raising.insert(group) {
            return;
        }
        let key = layout::owner_key(group);
        let transaction = Transaction {
            compares: vec![Compare::value(key.clone(), owner.to_bytes())],
            then: vec![Op::put(key, owner.raised(&self.boot).to_bytes())],
            otherwise: Vec::new(),
        };
        self.commit(transaction, CommitPurpose::Raise(group));
    }

    /// What became of it.
    pub(crate) fn handle_raised(&mut self, group: GroupId, outcome: &CommitOutcome) {
        match outcome {
            CommitOutcome::Unknown => return,
            CommitOutcome::Done(_) | CommitOutcome::Conflict => drop(self.raising.remove(&group)),
            CommitOutcome::Failed(_) => {
                self.raising.remove(&group);
                return self.timers.set(Timer::Epoch(group), self.now.steady_ms + COMMIT_PAUSE_MS);
            }
        }
        self.handle_epoch_timer(group);
    }

    /// Whoever waits for a host in this group looks again. Timer: another try after a commit that failed.
    pub(crate) fn handle_epoch_timer(&mut self, group: GroupId) {
        let members = self.model.group(group).map(|found| found.members.clone()).unwrap_or_default();
        for id in members {
            let task = self.live.get(&id).and_then(|live| live.task.as_ref());
            if task.is_some_and(|task| task.stage == Stage::Host) {
                self.continue_in_host(id);
            }
        }
    }
}
