//! A veto: a resource refused to stop, and everything comes back as it was (design §3.13).
//!
//! ```text
//!   Running ──veto──► Vetoing (persistent state put back) ──committed──► Running, to restore ──► Ended: vetoed
//! ```
//!
//! Only what an operation has stopped itself comes back. What fails meanwhile stays failed.

use mainstay_store::registry::Changes;
use mainstay_store::{Op, Transaction};
use mainstay_types::operation::Verb;
use mainstay_types::order::Cause;
use mainstay_types::{OperationId, ResourceId, ResourceState};

use super::commit::stored;
use super::stored::{StoredOperation, StoredStep};
use super::words::TakenBack;
use super::{Operation, Part, PartGoal, PartState, Phase};
use crate::Engine;
use crate::engine::CommitPurpose;
use crate::error::Refusal;
use crate::graph;
use crate::input::CommitOutcome;
use crate::limits::COMMIT_PAUSE_MS;
use crate::live::Live;
use crate::model::layout;
use crate::seeded::{self, Bug};
use crate::timers::Timer;

impl Engine {
    /// A resource refused to stop: everything comes back as it was.
    pub(crate) fn veto(&mut self, id: OperationId, cause: Cause) {
        let Some(operation) = self.operations.get_mut(&id) else { return };
        if operation.may_be_refused() {
            if matches!(operation.phase, Phase::Vetoing { .. }) && !operation.step.restores() {
                // It is being cancelled, which leads to the same; if not, the type is asked once more.
                return;
            }
            if operation.step.restores() {
                if self.is_running(id) {
                    let reverted = self.revert_waiting_parts(id);
                    for resource in &reverted {
                        self.check_needs(*resource);
                    }
                    for resource in reverted {
                        self.poke(resource);
                    }
                    self.end_if_done(id);
                }
                return;
            }
            operation.step = StoredStep::Restoring(cause);
            return self.commit_veto(id);
        }
        // Nobody asked whether it may stop: what it needs has failed. What refuses is stopped at once.
        let refusing: Vec<ResourceId> = operation
            .parts
            .iter()
            .filter(|(_, part)| part.state == PartState::Waiting && part.goal == PartGoal::Down)
            .map(|(id, _)| *id)
            .filter(|id| graph::may_stop(&self.model, &self.live, *id))
            .collect();
        for resource in refusing {
            if let Some(part) = self.operations.get_mut(&id).and_then(|found| found.parts.get_mut(&resource))
            {
                part.goal = PartGoal::DownAtOnce;
            }
            self.try_begin(resource);
        }
    }
}

impl Engine {
    /// Puts a vetoed operation's persistent state back.
    pub(crate) fn commit_veto(&mut self, id: OperationId) {
        let Some(operation) = self.operations.get(&id) else { return };
        if self.writer_of_words(operation).is_some() {
            // Somebody is just taking something out of it, or writing a later word: that comes first.
            self.held_up_vetoes.insert(id);
            if let Some(operation) = self.operations.get_mut(&id) {
                operation.phase = Phase::Vetoing { is_committing: false };
            }
            return;
        }
        let mut taken_back = self.take_back(operation);
        if seeded::has(Bug::VetoKeepsWord) {
            taken_back = taken_back.without_values();
        }
        let transaction = match self.veto_transaction(id, operation, &taken_back) {
            Ok(transaction) => transaction,
            // The object is gone; there is nothing to put back.
            Err(_) => return self.restore(id),
        };
        let Some(transaction) = transaction else { return self.restore(id) };
        self.commit(transaction, CommitPurpose::Veto(id));
        // What has stopped looks offline and free, and is neither.
        let stopped = self.stopped_parts(id);
        self.reserve(id, stopped);
        if let Some(operation) = self.operations.get_mut(&id) {
            operation.phase = Phase::Vetoing { is_committing: true };
            operation.rewrites = taken_back.others;
        }
    }

    /// The operation that is just putting back what this one's word is about, or is about to: the later word has to come
    /// later in the database too.
    pub(super) fn puts_back_words_before(&self, operation: &Operation) -> Option<OperationId> {
        let mut others = self.operations.iter();
        let is_it = |other: &Operation| {
            matches!(other.phase, Phase::Vetoing { .. })
                && operation.words.iter().any(|word| other.may_take_back(word.target))
        };
        others.find(|(_, other)| is_it(other)).map(|(id, _)| *id)
    }

    /// Vetoes that were held up by an acceptance are looked at again: it may be through.
    pub(crate) fn go_on_with_held_up_vetoes(&mut self) {
        for id in std::mem::take(&mut self.held_up_vetoes) {
            self.handle_commit_timer(id);
        }
    }

    /// `None` where the database does not know of the operation.
    fn veto_transaction(
        &self,
        id: OperationId,
        operation: &Operation,
        taken_back: &TakenBack,
    ) -> Result<Option<Transaction>, Refusal> {
        if !operation.is_stored {
            return Ok(None);
        }
        let mut changes = Changes::new(self.model.tree(), self.now.unix_ms);
        taken_back.put_back(&mut changes)?;
        let (mut compares, mut then) = changes.into_parts();
        taken_back.put_others(self, &mut compares, &mut then);
        let record = StoredOperation { words: Vec::new(), ..stored(operation) };
        then.push(Op::put(layout::operation_key(id), record.to_bytes()));
        Ok(Some(Transaction { compares, then, otherwise: Vec::new() }))
    }

    /// What became of a veto's commit. It has to be done: the resource is online, whatever the store says.
    pub(crate) fn handle_veto_committed(&mut self, id: OperationId, outcome: &CommitOutcome) {
        match outcome {
            CommitOutcome::Done(_) => {
                self.words_are_taken_back(id, true);
                self.restore(id);
            }
            CommitOutcome::Unknown => {}
            CommitOutcome::Conflict | CommitOutcome::Failed(_) => {
                self.words_are_taken_back(id, false);
                if let Some(operation) = self.operations.get_mut(&id) {
                    operation.phase = Phase::Vetoing { is_committing: false };
                    self.timers.set(Timer::Commit(id), self.now.steady_ms + COMMIT_PAUSE_MS);
                }
            }
        }
    }
}

impl Engine {
    /// The veto is committed: what had not begun is online as before, what had stopped comes back.
    pub(crate) fn restore(&mut self, id: OperationId) {
        let Some(operation) = self.operations.get_mut(&id) else { return };
        operation.phase = Phase::Running;
        let reverted = self.revert_waiting_parts(id);
        for resource in &self.stopped_parts(id) {
            if !self.comes_back_after_veto(id, *resource) {
                continue;
            }
            let Some(live) = self.live.get_mut(resource) else { continue };
            live.claim = Some(id);
            if let Some(operation) = self.operations.get_mut(&id) {
                operation.open_parts += 1;
                operation.parts.insert(*resource, Part::new(PartGoal::Restore));
            }
            self.set_state(*resource, ResourceState::OnlinePending);
        }
        // What they need may have failed meanwhile.
        for resource in reverted {
            self.check_needs(resource);
        }
        self.unreserve(id);
        self.serve_waiters(id);
        let parts: Vec<ResourceId> =
            self.operations.get(&id).map(|found| found.parts.keys().copied().collect()).unwrap_or_default();
        for resource in parts {
            self.poke(resource);
        }
        self.end_if_done(id);
    }

    /// What this operation has stopped.
    pub(super) fn stopped_parts(&self, id: OperationId) -> Vec<ResourceId> {
        let parts = self.operations.get(&id).into_iter().flat_map(|operation| &operation.parts);
        let stopped = parts.filter(|(_, part)| part.state == PartState::Ended && part.has_stopped);
        stopped.map(|(id, _)| *id).collect()
    }

    /// Nobody has taken it meanwhile, or is just being allowed to delete it or to keep it offline.
    fn comes_back_after_veto(&self, id: OperationId, resource: ResourceId) -> bool {
        let Some(live) = self.live.get(&resource) else { return false };
        let other = live.reserved.filter(|other| *other != id).and_then(|other| self.operations.get(&other));
        let is_spoken_for =
            other.is_some_and(|other| matches!(other.record.verb, Verb::Delete | Verb::Offline));
        live.claim.is_none() && live.state == ResourceState::Offline && !is_spoken_for
    }

    /// What had not begun to stop is online as before, unless it has met with trouble by itself: that has failed. Answers
    /// which resources that are.
    fn revert_waiting_parts(&mut self, id: OperationId) -> Vec<ResourceId> {
        let Some(operation) = self.operations.get(&id) else { return Vec::new() };
        let waiting: Vec<ResourceId> = operation
            .parts
            .iter()
            .filter(|(_, part)| {
                part.state == PartState::Waiting && matches!(part.goal, PartGoal::Down | PartGoal::Cycle)
            })
            .map(|(id, _)| *id)
            .collect();
        for resource in &waiting {
            self.set_state(*resource, ResourceState::Online);
            self.close_part(id, *resource);
        }
        let is_doomed = |id: &ResourceId| self.live.get(id).is_some_and(Live::is_doomed);
        let (doomed, well): (Vec<ResourceId>, Vec<ResourceId>) = waiting.iter().partition(|id| is_doomed(id));
        for resource in doomed {
            self.fail_doomed(resource);
        }
        self.reopen_what_lost_its_host(&well);
        waiting
    }
}
