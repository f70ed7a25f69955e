//! The transactions of operations: acceptance, and the epochs that rise before a closed leaf is opened.
//!
//! Builds them from the model and says what follows their outcomes. It never decides whether a call is accepted.

use std::collections::{BTreeMap, BTreeSet};

use mainstay_store::registry::Changes;
use mainstay_store::{Compare, Op, Transaction};
use mainstay_types::operation::{End, Verb};
use mainstay_types::{GroupId, ObjectId, OperationId, ResourceId};

use super::persistent::PersistentWrites;
use super::stored::{StoredOperation, StoredStep};
use super::{Operation, PartGoal, PartState, Phase};
use crate::Engine;
use crate::error::{Refusal, ServiceError};
use crate::limits::{PARTS_STORED_MAX, TRANSACTION_WRITES_MAX};
use crate::model::layout;

impl Engine {
    /// The transaction that makes a call an operation.
    pub(super) fn acceptance(
        &self,
        id: OperationId,
        operation: &Operation,
        persistent: &PersistentWrites,
        losers: BTreeMap<OperationId, StoredOperation>,
    ) -> Result<Transaction, Refusal> {
        let mut changes = Changes::new(self.model.tree(), self.now.unix_ms);
        persistent.put(&mut changes)?;
        let (mut compares, mut then) = changes.into_parts();
        let members = || operation.parts.iter().map(|(id, part)| (*id, &part.goal));
        let groups: BTreeSet<GroupId> = members().filter_map(|(id, _)| self.group_of(id)).collect();
        let raised = self.groups_to_raise(members());
        for group in groups {
            let Some(owner) = self.model.owner(group) else { continue };
            // Orders of an owner that is one no longer must not be written down.
            compares.push(Compare::value(layout::owner_key(group), owner.to_bytes()));
            if raised.contains(&group) {
                then.push(Op::put(layout::owner_key(group), owner.raised(&self.boot).to_bytes()));
            }
        }
        if let (Verb::DiscardKept, ObjectId::Resource(discarded)) =
            (operation.record.verb, &operation.record.object)
        {
            let discarded = self.discarded(*discarded)?;
            compares.extend(discarded.compares);
            then.extend(discarded.then);
        }
        for (other, stored) in losers {
            if then.len() >= TRANSACTION_WRITES_MAX {
                let what = "operations on the same resources";
                return Err(ServiceError::Busy { what, max: TRANSACTION_WRITES_MAX }.into());
            }
            compares.push(Compare::present(layout::operation_key(other)));
            then.push(Op::put(layout::operation_key(other), stored.to_bytes()));
        }
        self.outlive_ended(operation, &mut compares, &mut then)?;
        let mut stored = stored(operation);
        if operation.parts.is_empty() {
            stored.step = StoredStep::Ended;
            stored.record.ended_at_ms = Some(self.now.unix_ms);
            stored.record.end = Some(End::Done);
            stored.record.outcome = self.outcome(operation);
        }
        compares.push(Compare::absent(layout::operation_key(id)));
        then.push(Op::put(layout::operation_key(id), stored.to_bytes()));
        Ok(Transaction { compares, then, otherwise: Vec::new() })
    }

    /// Groups whose epoch has to rise because a leaf that is to be opened was closed by a hard stop.
    fn groups_to_raise<'a>(
        &self,
        parts: impl Iterator<Item = (ResourceId, &'a PartGoal)>,
    ) -> BTreeSet<GroupId> {
        let opens = parts.filter(|(_, goal)| goal.is_up() || **goal == PartGoal::Cycle);
        let closed = opens.filter_map(|(id, _)| {
            let live = self.live.get(&id)?;
            (live.open.is_none() && self.is_leaf_closed(id)).then(|| self.group_of(id))?
        });
        closed.collect()
    }

    /// The records of operations that lose resources to this one, as they are to be from then on. A part that has ended
    /// is lost too: a crash must not do it again after this.
    pub(super) fn stored_without(
        &self,
        id: OperationId,
        operation: &Operation,
    ) -> BTreeMap<OperationId, StoredOperation> {
        let object = match operation.record.object {
            ObjectId::Resource(object) => Some(object),
            _ => None,
        };
        let members: BTreeSet<ResourceId> = operation.parts.keys().copied().chain(object).collect();
        let is_running = |other: &&Operation| other.is_stored && matches!(other.phase, Phase::Running);
        let mut losers: BTreeMap<OperationId, StoredOperation> = BTreeMap::new();
        for other in self.operations.values().filter(is_running).filter(|other| other.record.id != id) {
            let lost = |member: &&ResourceId| {
                let part = other.parts.get(member);
                part.is_some_and(|part| {
                    part.state == PartState::Ended || operation.parts.contains_key(member)
                })
            };
            for member in members.iter().filter(lost) {
                let loser = losers.entry(other.record.id).or_insert_with(|| stored(other));
                loser.closure.remove(member);
                let is_open = other.parts.get(member).is_some_and(|part| part.state != PartState::Ended);
                let is_object =
                    !matches!(other.record.object, ObjectId::Resource(object) if object != *member);
                match &loser.step {
                    _ if !is_open || !is_object => {}
                    // The rest is taken back all the same.
                    StoredStep::Cancelled(_) => loser.superseded_by = Some(id),
                    StoredStep::Restoring(_) => {}
                    _ => loser.step = StoredStep::Superseded(id),
                }
            }
        }
        // So are the records of those over whose words it says its own.
        for (other, words) in self.words_under(operation) {
            if let Some(found) = self.operations.get(&other) {
                losers.entry(other).or_insert_with(|| stored(found)).words = words;
            }
        }
        losers
    }

    /// The operation that is just being accepted or taken back and writes this one's record as well. Whoever else would
    /// write it waits: what he would write knows nothing of what that one takes.
    pub(super) fn writer_of(&self, target: OperationId) -> Option<OperationId> {
        let mut others = self.operations.iter();
        let is_writing = |other: &Operation| {
            matches!(other.phase, Phase::Committing | Phase::Vetoing { is_committing: true })
        };
        let writes = |other: &Operation| is_writing(other) && other.rewrites.contains_key(&target);
        others.find(|(_, other)| writes(other)).map(|(id, _)| *id)
    }

    /// Operations that have ended on the same resources must not be resumed after this one: their records go with
    /// its commit, or say that they have ended, where the journal has not heard of it yet.
    fn outlive_ended(
        &self,
        operation: &Operation,
        compares: &mut Vec<Compare>,
        then: &mut Vec<Op>,
    ) -> Result<(), Refusal> {
        let object = match operation.record.object {
            ObjectId::Resource(object) => Some(object),
            _ => None,
        };
        let touches = |members: &BTreeSet<ResourceId>| {
            members.iter().any(|id| operation.parts.contains_key(id) || Some(*id) == object)
        };
        for (id, _) in self.sweep.unswept().filter(|(_, members)| touches(members)) {
            then.push(Op::delete(layout::operation_key(id)));
        }
        let ended = self.operations.iter().filter(|(_, other)| {
            matches!(other.phase, Phase::Ended) && other.is_stored && touches(&other.members)
        });
        for (id, other) in ended {
            let ended = StoredOperation { step: StoredStep::Ended, ..stored(other) };
            // It may be swept before this is committed, and must not come back.
            compares.push(Compare::present(layout::operation_key(*id)));
            then.push(Op::put(layout::operation_key(*id), ended.to_bytes()));
        }
        if then.len() > TRANSACTION_WRITES_MAX {
            let what = "ended operations on the same resources";
            return Err(ServiceError::Busy { what, max: TRANSACTION_WRITES_MAX }.into());
        }
        Ok(())
    }

    /// Timer: another try of a commit that has to be done.
    pub(crate) fn handle_commit_timer(&mut self, id: OperationId) {
        let phase = self.operations.get(&id).map(|operation| &operation.phase);
        if matches!(phase, Some(Phase::Vetoing { is_committing: false })) {
            self.commit_veto(id);
        }
    }
}

/// An operation as it is stored.
pub(crate) fn stored(operation: &Operation) -> StoredOperation {
    let mut record = operation.record.clone();
    // What has ended is not known to anybody else any more when a later operation has had the resource.
    record.parts.retain(|part| part.ended_at_ms.is_some());
    if record.parts.len() > PARTS_STORED_MAX {
        record.parts.clear();
    }
    let open = operation.parts.iter().filter(|(_, part)| part.state != PartState::Ended || part.has_stopped);
    let step = match (&operation.step, operation.superseded_by) {
        (StoredStep::Running, Some(by)) => StoredStep::Superseded(by),
        (step, _) => step.clone(),
    };
    StoredOperation {
        record,
        token: operation.token.clone(),
        buffer: operation.buffer.clone(),
        closure: open.map(|(id, part)| (*id, part.goal.clone())).collect(),
        words: operation.words.clone(),
        step,
        superseded_by: operation.superseded_by.filter(|_| operation.step.restores()),
    }
}
