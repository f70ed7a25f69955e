//! The records of ended operations, on their way out of the database.
//!
//! Owns which of them are still there. It never decides when an operation has ended.
//!
//! ```text
//!   ended, journal has it ──► waiting ──► with the next commit, whatever that is for ──► gone
//!                                │  ▲                                            │
//!                      due, or many │◄──────── the commit was not done ──────────┤
//!                                └──┴─► in a commit of their own ────────────────┘
//! ```
//!
//! Nobody waits for it: a commit of its own for each ended operation would stand in the way of the next call. What is
//! left when the service ends is known for ended by the journal, which has the end durably before it comes here.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use mainstay_store::{Op, Transaction};
use mainstay_types::{OperationId, ResourceId};

use crate::Engine;
use crate::engine::CommitPurpose;
use crate::limits::{
    COMMIT_PAUSE_MS, SWEEP_DELAY_MS, SWEEP_RIDERS_MAX, SWEEP_WAITING_MAX, TRANSACTION_WRITES_MAX,
};
use crate::model::layout;
use crate::operation::Phase;
use crate::seeded::{self, Bug};
use crate::timers::Timer;

/// Ended operations whose records are still in the database.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sweep {
    /// Those that no commit takes along yet, oldest first.
    waiting: VecDeque<OperationId>,
    /// All of them, and the resources that they acted on.
    members: BTreeMap<OperationId, BTreeSet<ResourceId>>,
    /// A commit of their own is under way.
    is_committing: bool,
}

impl Sweep {
    /// Every record that is still there, with the resources that its operation acted on.
    pub(crate) fn unswept(&self) -> impl Iterator<Item = (OperationId, &BTreeSet<ResourceId>)> {
        self.members.iter().map(|(id, members)| (*id, members))
    }
}

impl Engine {
    /// Input: the journal has an operation's end. Its record in the database is not needed any more.
    pub(crate) fn handle_journaled(&mut self, id: OperationId) {
        let is_ended = self.operations.get(&id).is_some_and(|found| matches!(found.phase, Phase::Ended));
        if !is_ended {
            return;
        }
        if let Some(operation) = self.operations.remove(&id)
            && operation.is_stored
        {
            self.sweep_later(id, operation.members);
        }
    }

    /// Has a record deleted when it costs least.
    pub(crate) fn sweep_later(&mut self, id: OperationId, members: BTreeSet<ResourceId>) {
        if seeded::has(Bug::RecordNotSwept) {
            return;
        }
        self.sweep.waiting.push_back(id);
        self.sweep.members.insert(id, members);
        if self.sweep.waiting.len() >= SWEEP_WAITING_MAX {
            self.sweep_now();
        } else if !self.timers.is_set(Timer::Sweep) {
            self.timers.set(Timer::Sweep, self.now.steady_ms + SWEEP_DELAY_MS);
        }
    }

    /// Timer: what no other commit has taken along goes in one of its own.
    pub(crate) fn sweep_now(&mut self) {
        if self.sweep.is_committing || self.sweep.waiting.is_empty() {
            return;
        }
        self.sweep.is_committing = true;
        self.commit(Transaction::default(), CommitPurpose::Sweep);
    }

    /// Adds deletions to a transaction that is about to be committed. Answers whose records go with it.
    pub(crate) fn take_swept_along(
        &mut self,
        transaction: &mut Transaction,
        purpose: &CommitPurpose,
    ) -> Vec<OperationId> {
        let most = match purpose {
            CommitPurpose::Sweep => SWEEP_WAITING_MAX,
            _ => SWEEP_RIDERS_MAX,
        };
        let room = TRANSACTION_WRITES_MAX.saturating_sub(transaction.then.len());
        let count = self.sweep.waiting.len().min(most).min(room);
        let ids: Vec<OperationId> = self.sweep.waiting.drain(..count).collect();
        for id in &ids {
            let deletion = Op::delete(layout::operation_key(*id));
            // An acceptance deletes what ended on its own resources by itself.
            if !transaction.then.contains(&deletion) {
                transaction.then.push(deletion);
            }
        }
        if self.sweep.waiting.is_empty() {
            self.timers.clear(Timer::Sweep);
        }
        ids
    }

    /// The transaction that took them along was done, or was not.
    pub(crate) fn handle_swept(&mut self, ids: Vec<OperationId>, is_done: bool) {
        if is_done {
            for id in ids {
                self.sweep.members.remove(&id);
            }
        } else if !ids.is_empty() {
            self.sweep.waiting.extend(ids);
            self.timers.set(Timer::Sweep, self.now.steady_ms + COMMIT_PAUSE_MS);
        }
    }

    /// What became of a commit of their own, once it is known.
    pub(crate) fn handle_sweep_committed(&mut self, is_done: bool) {
        self.sweep.is_committing = false;
        if is_done && self.sweep.waiting.len() >= SWEEP_WAITING_MAX {
            self.sweep_now();
        } else if !self.sweep.waiting.is_empty() && !self.timers.is_set(Timer::Sweep) {
            // The time of those that came meanwhile may have passed.
            self.timers.set(Timer::Sweep, self.now.steady_ms + SWEEP_DELAY_MS);
        }
    }
}
