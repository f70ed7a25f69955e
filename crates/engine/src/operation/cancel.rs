//! Cancelling: somebody ends an operation before it is done.
//!
//! ```text
//!   Checking ──cancel──► Ended: refused, nothing was done
//!   Running  ──cancel──► Vetoing (the words before are put back) ──committed──► Running ──► Ended: cancelled
//! ```
//!
//! What an offline or a restart has stopped comes back, as after a veto. What an online has brought up stays up, since
//! it may be in use by now; what is on its way up is terminated, and what waits is not begun. A stop that is under way
//! is not broken off: it ends, and then the resource comes back. What is terminated goes on: there is no way back.

use std::collections::BTreeSet;

use mainstay_store::registry::Changes;
use mainstay_store::{Compare, Op, Transaction};
use mainstay_types::operation::{End, OperationRecord, Verb};
use mainstay_types::order::Cause;
use mainstay_types::{Access, ObjectId, OperationId, ResourceId, ResourceState, Status};

use super::commit::stored;
use super::stored::{PersistentTarget, StoredOperation, StoredStep};
use super::submission::{check_remark, subject};
use super::words::TakenBack;
use super::{Operation, Part, PartGoal, PartState, Phase};
use crate::Engine;
use crate::command::{Call, Command};
use crate::effect::Effect;
use crate::engine::CommitPurpose;
use crate::error::{ClusterError, Refusal, RequestError, ServiceError};
use crate::input::CommitOutcome;
use crate::live::Goal;
use crate::model::layout;

/// What becomes of a call that cancels.
enum Way {
    /// This operation is just being accepted, or a veto of it written: look again after that.
    Wait(OperationId),
    /// It was not accepted yet: it is refused.
    Withdraw,
    /// What it has begun is taken back.
    TakeBack,
}

/// Why an operation cannot be cancelled.
struct Obstacle {
    reason: &'static str,
    /// What helps, with `ID` for the operation's.
    way_out: &'static str,
}

impl Engine {
    /// Serves a call that ends an operation.
    pub(crate) fn serve_cancel(&mut self, call: Call) {
        let Some(asked) = subject(&call.command) else { return };
        if let Err(refusal) = check_remark(asked.remark) {
            return self.refuse(&call, None, &refusal);
        }
        if self.answer_by_token(&call) {
            return;
        }
        match self.way_to_cancel(&call) {
            Err(refusal) => self.refuse(&call, None, &refusal),
            Ok((_, Way::Wait(other))) => self.wait_behind(other, call),
            Ok((target, Way::Withdraw)) => self.cancel_unaccepted(target, &call),
            Ok((target, Way::TakeBack)) => self.begin_cancel(target, call),
        }
    }

    /// The record of a call that cancels is about the object of the operation that it ends.
    pub(super) fn record_of_cancel(&self, record: OperationRecord, command: &Command) -> OperationRecord {
        let (target, about) = match command {
            Command::CancelOperation { operation, about, .. } => {
                (Some(*operation), about.as_deref().cloned())
            }
            Command::CancelGroupOperation { group, .. } => {
                (self.operation_on(&ObjectId::Group(*group)), None)
            }
            _ => return record,
        };
        let Some(target) = target else { return record };
        let instructions = format!("operation {target}");
        let found = self.operations.get(&target).map(|operation| &operation.record);
        match found.map(|found| (found.object.clone(), found.name.clone())).or(about) {
            Some((object, name)) => OperationRecord { object, name, instructions, ..record },
            None => OperationRecord { instructions, ..record },
        }
    }

    /// The operation that somebody has asked of an object and that has not ended; the latest of several.
    fn operation_on(&self, object: &ObjectId) -> Option<OperationId> {
        let running = self.operations.iter().rev().filter(|(_, found)| {
            !matches!(found.phase, Phase::Ended)
                && found.record.object == *object
                && matches!(found.record.verb, Verb::Online | Verb::Offline)
        });
        running.map(|(id, _)| *id).next()
    }

    fn way_to_cancel(&self, call: &Call) -> Result<(OperationId, Way), Refusal> {
        if call.caller.access < Access::Full {
            return Err(RequestError::AccessDenied { verb: Verb::Cancel.as_str() }.into());
        }
        let target = match &call.command {
            Command::CancelOperation { operation, .. } => *operation,
            Command::CancelGroupOperation { group, flags, .. } => {
                let gone = || ClusterError::GroupGone { id: group.to_string() };
                let name = self.model.group(*group).ok_or_else(gone)?.name.to_string();
                if *flags != 0 {
                    return Err(RequestError::Flags { flags: *flags, allowed: "it has none" }.into());
                }
                let found = self.operation_on(&ObjectId::Group(*group));
                found.ok_or(ClusterError::NothingToCancel { name })?
            }
            _ => return Err(ServiceError::Internal("not a call that cancels".into()).into()),
        };
        self.check_cancellable(target).map(|way| (target, way)).map_err(|obstacle| {
            let operation = target.to_string();
            let way_out = obstacle.way_out.replace("ID", &operation);
            ClusterError::NotCancellable { operation, reason: obstacle.reason, way_out }.into()
        })
    }

    /// Whether what an operation has begun could be taken back now.
    pub(crate) fn can_be_cancelled(&self, target: OperationId) -> bool {
        self.check_cancellable(target).is_ok()
    }

    fn check_cancellable(&self, target: OperationId) -> Result<Way, Obstacle> {
        let because = |reason, way_out| Obstacle { reason, way_out };
        let ended = || because("it does not run", "'mainstay operation show ID' says how it ended");
        let operation = self.operations.get(&target).ok_or_else(ended)?;
        let (wait, wait_and_ask) = (
            "'mainstay operation wait ID' waits for its end",
            "wait for its end with 'mainstay operation wait ID', and then ask for what is to be",
        );
        match (&operation.phase, operation.record.verb) {
            (Phase::Ended, _) => Err(ended()),
            (Phase::Checking(_), _) => Ok(Way::Withdraw),
            (Phase::Committing | Phase::Vetoing { .. }, _) => Ok(Way::Wait(target)),
            (Phase::Running, _) if operation.step.restores() => {
                Err(because("it is being taken back already", wait))
            }
            (Phase::Running, Verb::Online | Verb::Offline | Verb::Restart) if operation.is_stored => {
                let can_turn = |part: &Part| {
                    let is_open = part.state != PartState::Ended && turns(&part.goal);
                    is_open || part.has_stopped
                };
                if !operation.parts.values().any(can_turn) {
                    let reason = "what is left of it is being terminated, and there is no way back";
                    return Err(because(reason, wait_and_ask));
                }
                // A call may just be taking something out of it, or writing another word.
                let others = self.touched_by(operation).into_iter().filter_map(|id| {
                    let reserved = self.live.get(&id)?.reserved.filter(|other| *other != target)?;
                    self.operations.get(&reserved).is_some_and(Operation::is_settling).then_some(reserved)
                });
                Ok(others.max().or(self.writer_of_words(operation)).map_or(Way::TakeBack, Way::Wait))
            }
            (Phase::Running, Verb::StartUp | Verb::Recover) => {
                Err(because("it is the service's own", "take the resource offline instead"))
            }
            (Phase::Running, _) => Err(because("there is no way back from it", wait_and_ask)),
        }
    }

    /// What the operation has in hand, and whose words it wrote.
    fn touched_by(&self, operation: &Operation) -> BTreeSet<ResourceId> {
        let mut touched: BTreeSet<ResourceId> = operation.parts.keys().copied().collect();
        touched.extend(operation.words.iter().filter_map(|word| match word.target {
            PersistentTarget::Resource(id) => Some(id),
            PersistentTarget::Group(_) => None,
        }));
        match operation.record.object {
            ObjectId::Resource(id) => drop(touched.insert(id)),
            ObjectId::Group(id) => {
                touched.extend(self.model.group(id).into_iter().flat_map(|group| &group.members));
            }
            _ => {}
        }
        touched
    }

    /// It was not accepted yet, so there is nothing to take back, and nothing to write down but in the journal.
    fn cancel_unaccepted(&mut self, target: OperationId, call: &Call) {
        let id = self.new_operation_id();
        let mut record = self.record(id, call);
        let text = cancelled_by(&record);
        let Some(operation) = self.withdraw(target) else { return };
        self.refuse_withdrawn(operation, &ClusterError::Cancelled { text }.into());
        record.ended_at_ms = Some(self.now.unix_ms);
        record.end = Some(End::Done);
        self.effects.push(Effect::Journal(Box::new(record)));
        self.answer_call(call.id, Status::SUCCESS, Some(id), String::new());
    }

    /// Writes down that the operation is cancelled, with the words that it wrote over.
    fn begin_cancel(&mut self, target: OperationId, call: Call) {
        let id = self.new_operation_id();
        let mut own = Operation::internal(self.record(id, &call));
        own.record.ended_at_ms = Some(self.now.unix_ms);
        own.record.end = Some(End::Done);
        own.step = StoredStep::Ended;
        own.is_stored = true;
        own.calls = vec![call.id];
        let Some(taken_back) = self.operations.get(&target).map(|operation| self.take_back(operation)) else {
            return;
        };
        let transaction = match self.cancellation(target, id, &own, &taken_back) {
            Ok(transaction) => transaction,
            Err(refusal) => return self.refuse(&call, Some(id), &refusal),
        };
        own.token = self.remember_token(&call, id);
        own.phase = Phase::Committing;
        own.call = Some(Box::new(call));
        self.commit(transaction, CommitPurpose::Cancel { target, by: id });
        self.operations.insert(id, own);
        let touched = self.operations.get(&target).map(|operation| self.touched_by(operation));
        self.reserve(target, touched.unwrap_or_default());
        if let Some(operation) = self.operations.get_mut(&target) {
            operation.phase = Phase::Vetoing { is_committing: true };
            operation.rewrites = taken_back.others;
        }
    }

    fn cancellation(
        &self,
        target: OperationId,
        id: OperationId,
        own: &Operation,
        taken_back: &TakenBack,
    ) -> Result<Transaction, Refusal> {
        let gone = || ServiceError::Internal(format!("operation {target} is gone"));
        let operation = self.operations.get(&target).ok_or_else(gone)?;
        let mut changes = Changes::new(self.model.tree(), self.now.unix_ms);
        taken_back.put_back(&mut changes)?;
        let (mut compares, mut then) = changes.into_parts();
        taken_back.put_others(self, &mut compares, &mut then);
        let mut record = StoredOperation { words: Vec::new(), ..stored(operation) };
        record.step = StoredStep::Cancelled(cancel_cause(&own.record));
        record.superseded_by = None;
        for (resource, part) in operation.parts.iter().filter(|(_, part)| is_coming_up(part)) {
            match part.state {
                PartState::Running => drop(record.closure.insert(*resource, PartGoal::DownAtOnce)),
                PartState::Waiting | PartState::Ended => drop(record.closure.remove(resource)),
            }
        }
        compares.push(Compare::present(layout::operation_key(target)));
        then.push(Op::put(layout::operation_key(target), record.to_bytes()));
        compares.push(Compare::absent(layout::operation_key(id)));
        let own = StoredOperation { step: StoredStep::Ended, ..stored(own) };
        then.push(Op::put(layout::operation_key(id), own.to_bytes()));
        Ok(Transaction { compares, then, otherwise: Vec::new() })
    }

    /// What became of the transaction that cancels.
    pub(crate) fn handle_cancel_committed(
        &mut self,
        target: OperationId,
        by: OperationId,
        outcome: CommitOutcome,
    ) {
        let refusal: Refusal = match outcome {
            CommitOutcome::Unknown => return,
            CommitOutcome::Done(_) => return self.cancel(target, by),
            CommitOutcome::Conflict => ServiceError::Conflict.into(),
            CommitOutcome::Failed(reason) => ServiceError::NotCommitted { reason }.into(),
        };
        self.words_are_taken_back(target, false);
        if let Some(own) = self.operations.remove(&by) {
            self.refuse_withdrawn(own, &refusal);
        }
        self.unreserve(target);
        self.serve_waiters(target);
        // What ended meanwhile has ended; the rest goes on.
        self.go_on(target);
    }

    /// It is written down: the operation turns round.
    fn cancel(&mut self, target: OperationId, by: OperationId) {
        let Some(own) = self.operations.get_mut(&by) else { return };
        own.phase = Phase::Ended;
        own.call = None;
        let cause = cancel_cause(&own.record);
        self.journal(by);
        self.words_are_taken_back(target, true);
        if let Some(operation) = self.operations.get_mut(&target) {
            operation.step = StoredStep::Cancelled(cause);
            // Who took something before was overtaken by this; who comes later overtakes it.
            operation.superseded_by = None;
        }
        self.give_up_starts(target);
        let is_open = |engine: &Self| {
            let running = engine.operations.get(&target);
            running.is_some_and(|operation| !matches!(operation.phase, Phase::Ended))
        };
        self.restore(target);
        let status = if is_open(self) { Status::IO_PENDING } else { Status::SUCCESS };
        self.answer(by, status, String::new());
    }

    /// What waits for its turn to come up stays as it is; what is being started is terminated.
    fn give_up_starts(&mut self, target: OperationId) {
        let Some(operation) = self.operations.get(&target) else { return };
        let starts: Vec<(ResourceId, PartState)> = operation
            .parts
            .iter()
            .filter(|(_, part)| is_coming_up(part))
            .map(|(id, part)| (*id, part.state))
            .collect();
        for (resource, state) in starts {
            match state {
                PartState::Ended => {}
                PartState::Waiting => {
                    self.set_state(resource, ResourceState::Offline);
                    self.close_part(target, resource);
                }
                PartState::Running => {
                    let parts = self.operations.get_mut(&target).map(|operation| &mut operation.parts);
                    if let Some(part) = parts.and_then(|parts| parts.get_mut(&resource)) {
                        part.goal = PartGoal::DownAtOnce;
                    }
                    self.set_state(resource, ResourceState::OfflinePending);
                    self.retarget_task(resource, target, Goal::Terminate);
                }
            }
        }
    }
}

/// Whether there is a way back from it.
fn turns(goal: &PartGoal) -> bool {
    matches!(goal, PartGoal::Down | PartGoal::Cycle | PartGoal::Up)
}

/// On its way up, and not because it was stopped by the same operation.
fn is_coming_up(part: &Part) -> bool {
    part.goal == PartGoal::Up && !part.has_stopped && part.state != PartState::Ended
}

fn cancel_cause(record: &OperationRecord) -> Cause {
    Cause::new(Status::CANCELLED, cancelled_by(record))
}

fn cancelled_by(record: &OperationRecord) -> String {
    let why = if record.reason_text.is_empty() { String::new() } else { format!(": {}", record.reason_text) };
    format!("cancelled by {} in operation {}{why}", record.asker.account, record.id)
}
