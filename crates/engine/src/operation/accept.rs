//! From the call to the answer: deciding, asking the resource types, committing, and what a refusal leaves.

use std::collections::{BTreeMap, BTreeSet};

use mainstay_store::registry::{Changes, Value};
use mainstay_store::{Compare, Op, Transaction};
use mainstay_types::operation::{End, OperationRecord, Verb};
use mainstay_types::order::{Cause, Question};
use mainstay_types::{
    Access, GroupId, ObjectId, OfflineFlags, OfflineReason, OperationId, ResourceId, ResourceState, Status,
};

use super::instructions;
use super::offline::{Decision, Request, World, decide};
use super::online::{self, Flags, Plan};
use super::stored::{PersistentBefore, PersistentTarget, StoredOperation, StoredStep};
use super::{Check, Operation, Part, PartGoal, PartState, Phase};
use crate::Engine;
use crate::command::{Call, Command, Remark};
use crate::engine::CommitPurpose;
use crate::error::{Refusal, RequestError, ServiceError};
use crate::graph;
use crate::input::CommitOutcome;
use crate::limits::{
    CALLERS_MAX, CHECK_ROUNDS_MAX, CHECK_TIMEOUT_MS, COMMIT_PAUSE_MS, GROUP_RESOURCES_MAX, REASON_LENGTH_MAX,
    TOKEN_LENGTH_MAX, TRANSACTION_WRITES_MAX, WAITING_CALLS_MAX,
};
use crate::model::layout;
use crate::queries::QueryPurpose;
use crate::timers::Timer;

/// What an accepted call is going to do.
#[derive(Debug, Default)]
struct Draft {
    parts: BTreeMap<ResourceId, PartGoal>,
    persistent: Option<(PersistentTarget, bool)>,
    flags: Flags,
    reason: Option<OfflineReason>,
    /// A failed resource, proven stopped, that becomes Offline with the commit.
    clears: Option<ResourceId>,
    /// Whom to ask before it is accepted.
    asks: BTreeSet<ResourceId>,
}

/// What a call is about, for its record.
struct Subject<'a> {
    verb: Verb,
    object: ObjectId,
    flags: u32,
    buffer: &'a [u8],
    remark: &'a Remark,
}

impl Engine {
    /// Serves a call that starts an operation on resources.
    pub(crate) fn serve_operation(&mut self, call: Call) {
        let Some(subject) = subject(&call.command) else { return };
        if let Err(refusal) = check_remark(subject.remark) {
            return self.refuse(&call, None, &refusal);
        }
        if self.answer_by_token(&call) {
            return;
        }
        match self.evaluate(&call, None) {
            Err(refusal) => self.refuse(&call, None, &refusal),
            Ok(Evaluated::Wait(other)) => self.wait_behind(other, call),
            Ok(Evaluated::Draft(draft)) if draft.asks.is_empty() => {
                let id = self.new_operation_id();
                self.accept(id, call, draft);
            }
            Ok(Evaluated::Draft(draft)) => {
                let id = self.new_operation_id();
                let mut operation = Operation::internal(self.record(id, &call));
                operation.calls = vec![call.id];
                operation.token = self.remember_token(&call, id);
                operation.phase = Phase::Checking(Check::default());
                operation.call = Some(Box::new(call));
                self.operations.insert(id, operation);
                self.ask(id, draft);
            }
        }
    }

    /// The whole procedure, against the world as it is now.
    fn evaluate(&self, call: &Call, own: Option<OperationId>) -> Result<Evaluated, Refusal> {
        if call.caller.access < Access::Full {
            let verb = subject(&call.command).map_or("this", |subject| subject.verb.as_str());
            return Err(RequestError::AccessDenied { verb }.into());
        }
        let is_settling =
            |id: OperationId| Some(id) != own && self.operations.get(&id).is_some_and(Operation::is_settling);
        let world = World {
            node: self.config.node,
            strict_cmrp: self.config.strict_cmrp,
            model: &self.model,
            states: &self.live,
            is_settling: &is_settling,
        };
        let plan = match &call.command {
            Command::OfflineResource { resource, flags, buffer, .. } => {
                let request =
                    Request { access: call.caller.access, resource: *resource, flags: *flags, buffer };
                return self.draft_offline(*resource, decide(&world, &request), own);
            }
            Command::OnlineResource { resource, flags, buffer, .. } => {
                online::plan_online(&world, *resource, *flags, buffer)
            }
            Command::OnlineGroup { group, flags, buffer, .. } => {
                online::plan_group_online(&world, *group, *flags, buffer)
            }
            Command::OfflineGroup { group, flags, buffer, .. } => {
                online::plan_group_offline(&world, *group, *flags, buffer)
            }
            Command::RestartResource { resource, .. } => online::plan_restart(&world, *resource),
            Command::FailResource { resource, .. } => online::plan_fail(&world, *resource),
            _ => Err(ServiceError::Internal("not an operation on resources".into()).into()),
        };
        match plan? {
            Plan::Wait(other) => Ok(Evaluated::Wait(other)),
            Plan::Go { parts, persistent, flags } => {
                let reason = match call.command {
                    Command::RestartResource { .. } => OfflineReason::BeingRestarted,
                    _ => OfflineReason::UserRequested,
                };
                let stops = parts.values().any(|goal| goal.is_down());
                let reason = stops.then_some(reason);
                Ok(Evaluated::Draft(Draft { parts, persistent, flags, reason, ..Draft::default() }))
            }
        }
    }

    fn draft_offline(
        &self,
        id: ResourceId,
        decision: Decision,
        own: Option<OperationId>,
    ) -> Result<Evaluated, Refusal> {
        let accepted = match &decision {
            Decision::Refuse(refusal) => return Err(refusal.clone()),
            Decision::Wait(other) => return Ok(Evaluated::Wait(*other)),
            Decision::Offline(accepted) | Decision::Clear(accepted) | Decision::Settle(accepted) => *accepted,
            Decision::Stop { accepted, .. } => *accepted,
        };
        let keeps = accepted.flags.contains(OfflineFlags::DO_NOT_UPDATE_PERSISTENT_STATE);
        let mut draft = Draft {
            persistent: (!keeps).then_some((PersistentTarget::Resource(id), false)),
            flags: Flags { offline: accepted.flags, ..Flags::default() },
            reason: Some(accepted.reason),
            ..Draft::default()
        };
        match decision {
            Decision::Clear(_) => draft.clears = Some(id),
            Decision::Settle(_) => drop(draft.parts.insert(id, PartGoal::Settle)),
            Decision::Stop { closure, at_once, .. } => {
                for member in &closure {
                    draft.parts.insert(*member, self.stop_goal(*member, at_once));
                }
                if !at_once {
                    let asked = own.and_then(|own| match &self.operations.get(&own)?.phase {
                        Phase::Checking(check) => Some(&check.asked),
                        _ => None,
                    });
                    let stops = closure.into_iter().filter(|id| draft.parts.get(id) == Some(&PartGoal::Down));
                    draft.asks = stops.filter(|id| asked.is_none_or(|asked| !asked.contains(id))).collect();
                }
            }
            _ => {}
        }
        Ok(Evaluated::Draft(draft))
    }

    fn stop_goal(&self, id: ResourceId, at_once: bool) -> PartGoal {
        let live = self.live.get(&id);
        match live.map(|live| live.state) {
            _ if at_once => PartGoal::DownAtOnce,
            Some(ResourceState::Failed) => {
                let unknown = || Cause::new(Status::RESOURCE_FAILED, "it failed");
                PartGoal::Clean(live.and_then(|live| live.failure.clone()).unwrap_or_else(unknown))
            }
            _ => PartGoal::Down,
        }
    }

    /// Asks the resources that would stop whether they can. Their closure is claimed meanwhile.
    fn ask(&mut self, id: OperationId, draft: Draft) {
        let Some(operation) = self.operations.get(&id) else { return };
        let concerned = self.concerned(&draft, &operation.record.object);
        self.reserve(id, concerned);
        let Some(operation) = self.operations.get(&id) else { return };
        let Some(call) = &operation.call else { return };
        let Command::OfflineResource { buffer, .. } = &call.command else { return };
        let (buffer, flags) = (buffer.clone(), draft.flags.offline);
        let mut open = BTreeMap::new();
        let mut unheard = None;
        for resource in &draft.asks {
            let host = self.live.get(resource).and_then(|live| live.open);
            let question = Question::CheckOffline { resource: *resource, flags, buffer: buffer.clone() };
            let purpose = QueryPurpose::Check(id);
            match host.and_then(|host| self.query(host, question, purpose, None)) {
                Some(query) => drop(open.insert(query, *resource)),
                None => unheard = unheard.or(Some(*resource)),
            }
        }
        if let Some(Operation { phase: Phase::Checking(check), .. }) = self.operations.get_mut(&id) {
            check.round += 1;
            check.asked.extend(draft.asks);
            check.open = open;
        }
        if let Some(resource) = unheard.filter(|_| !buffer.is_empty()) {
            // Nobody is there to read the instructions.
            return self.refuse_checked(id, &self.no_answer(resource));
        }
        self.timers.set(Timer::Check(id), self.now.steady_ms + CHECK_TIMEOUT_MS);
        self.end_check_if_done(id);
    }

    fn no_answer(&self, resource: ResourceId) -> Refusal {
        ServiceError::NoAnswer { name: self.name_of(resource), limit_ms: CHECK_TIMEOUT_MS }.into()
    }

    /// A resource type answers whether it can stop; `None` when its host is lost.
    pub(crate) fn handle_check_answer(
        &mut self,
        id: OperationId,
        query: u64,
        answer: Option<(Status, String)>,
    ) {
        let Some(Operation { phase: Phase::Checking(check), call, .. }) = self.operations.get_mut(&id) else {
            return;
        };
        let Some(resource) = check.open.remove(&query) else { return };
        let has_buffer = matches!(
            call.as_ref().map(|call| &call.command),
            Some(Command::OfflineResource { buffer, .. }) if !buffer.is_empty()
        );
        match answer {
            Some((Status::SUCCESS | Status::INVALID_FUNCTION, _)) => self.end_check_if_done(id),
            Some((status, text)) => {
                let name = self.name_of(resource);
                let text = if text.is_empty() { status.to_string() } else { text };
                let refusal = crate::error::ClusterError::CheckRefused { name, status, text };
                self.refuse_checked(id, &refusal.into());
            }
            None if has_buffer => self.refuse_checked(id, &self.no_answer(resource)),
            None => self.end_check_if_done(id),
        }
    }

    /// Timer: CHECK_TIMEOUT is over.
    pub(crate) fn handle_check_timer(&mut self, id: OperationId) {
        let Some(Operation { phase: Phase::Checking(check), .. }) = self.operations.get_mut(&id) else {
            return;
        };
        let unanswered: Vec<(u64, ResourceId)> = std::mem::take(&mut check.open).into_iter().collect();
        for (query, _) in &unanswered {
            self.forget_query(*query);
        }
        let has_buffer = self.operations.get(&id).and_then(|found| found.call.as_ref()).is_some_and(
            |call| matches!(&call.command, Command::OfflineResource { buffer, .. } if !buffer.is_empty()),
        );
        match unanswered.first() {
            Some((_, resource)) if has_buffer => self.refuse_checked(id, &self.no_answer(*resource)),
            _ => self.end_check_if_done(id),
        }
    }

    /// Everybody has answered: the whole procedure once more, since the world may have moved.
    fn end_check_if_done(&mut self, id: OperationId) {
        let Some(Operation { phase: Phase::Checking(check), call, .. }) = self.operations.get_mut(&id) else {
            return;
        };
        if !check.open.is_empty() {
            return;
        }
        let round = check.round;
        let Some(call) = call.take() else { return };
        self.timers.clear(Timer::Check(id));
        let evaluated = self.evaluate(&call, Some(id));
        match evaluated {
            Err(refusal) => {
                self.put_back(id, call);
                self.refuse_checked(id, &refusal);
            }
            Ok(Evaluated::Wait(other)) => {
                // Somebody else came first on a part of the closure that is new.
                let operation = self.withdraw(id);
                self.forget_token(id);
                self.wait_behind(other, *call);
                drop(operation);
            }
            Ok(Evaluated::Draft(draft)) if draft.asks.is_empty() => {
                let calls = self.withdraw(id).map(|operation| operation.calls).unwrap_or_default();
                self.accept(id, *call, draft);
                if let Some(operation) = self.operations.get_mut(&id) {
                    operation.calls = calls;
                }
            }
            Ok(Evaluated::Draft(_)) if round >= CHECK_ROUNDS_MAX => {
                self.put_back(id, call);
                self.refuse_checked(id, &ServiceError::Conflict.into());
            }
            Ok(Evaluated::Draft(draft)) => {
                self.put_back(id, call);
                self.ask(id, draft);
            }
        }
    }

    fn put_back(&mut self, id: OperationId, call: Box<Call>) {
        if let Some(operation) = self.operations.get_mut(&id) {
            operation.call = Some(call);
        }
    }

    /// Takes an operation that was not accepted out of everything; whoever waits for it looks again.
    fn withdraw(&mut self, id: OperationId) -> Option<Operation> {
        self.timers.clear(Timer::Check(id));
        if let Some(Operation { phase: Phase::Checking(check), .. }) = self.operations.get_mut(&id) {
            for query in std::mem::take(&mut check.open).into_keys() {
                self.forget_query(query);
            }
        }
        self.unreserve(id);
        self.serve_waiters(id);
        self.operations.remove(&id)
    }

    fn refuse_checked(&mut self, id: OperationId, refusal: &Refusal) {
        let Some(mut operation) = self.withdraw(id) else { return };
        self.forget_token(id);
        let Some(call) = operation.call.take() else { return };
        for other in operation.calls.iter().filter(|other| **other != call.id) {
            self.answer_call(*other, refusal.status(), Some(id), refusal.to_string());
        }
        self.refuse(&call, Some(id), refusal);
    }

    /// Refuses a call: nothing changes but the journal.
    pub(crate) fn refuse(&mut self, call: &Call, id: Option<OperationId>, refusal: &Refusal) {
        let id = id.unwrap_or_else(|| self.new_operation_id());
        let mut record = self.record(id, call);
        let cause = Cause::new(refusal.status(), refusal.to_string());
        record.answer = cause.status;
        record.ended_at_ms = Some(self.now.unix_ms);
        self.answer_call(call.id, cause.status, Some(id), cause.text.clone());
        record.end = Some(End::Refused(cause));
        self.effects.push(crate::effect::Effect::Journal(Box::new(record)));
    }

    /// The call stands behind another operation on the same closure.
    pub(crate) fn wait_behind(&mut self, other: OperationId, call: Call) {
        if self.waiting_calls >= WAITING_CALLS_MAX {
            let busy = ServiceError::Busy { what: "calls", max: WAITING_CALLS_MAX };
            return self.refuse(&call, None, &busy.into());
        }
        match self.operations.get_mut(&other) {
            Some(operation) if !matches!(operation.phase, Phase::Ended) => {
                operation.waiters.push(call);
                self.waiting_calls += 1;
            }
            _ => self.recalled.push_back(call),
        }
    }

    /// Whoever stood behind this operation is looked at again, in order.
    pub(crate) fn serve_waiters(&mut self, id: OperationId) {
        if let Some(operation) = self.operations.get_mut(&id) {
            let waiters = std::mem::take(&mut operation.waiters);
            self.waiting_calls -= waiters.len();
            self.recalled.extend(waiters);
        }
    }

    /// Accepts a call: commits it, even where only its record is new, so that no crash takes an answer back.
    fn accept(&mut self, id: OperationId, call: Call, draft: Draft) {
        let mut operation = Operation::internal(self.record(id, &call));
        operation.token = self.remember_token(&call, id);
        operation.calls = vec![call.id];
        operation.record.reason = draft.reason;
        operation.reason = draft.reason.unwrap_or_default();
        operation.offline_flags = draft.flags.offline;
        operation.online_flags = draft.flags.online;
        operation.answer_at_end = draft.flags.synchronous;
        operation.buffer = match &call.command {
            Command::OfflineResource { buffer, .. }
            | Command::OnlineResource { buffer, .. }
            | Command::OfflineGroup { buffer, .. }
            | Command::OnlineGroup { buffer, .. } => buffer.clone(),
            _ => Vec::new(),
        };
        operation.before =
            draft.persistent.map(|(target, _)| PersistentBefore { target, value: self.persistent(target) });
        let concerned = self.concerned(&draft, &operation.record.object);
        operation.open_parts = draft.parts.len();
        operation.parts = draft.parts.into_iter().map(|(id, goal)| (id, Part::new(goal))).collect();
        operation.clears = draft.clears;
        operation.record.answer = match operation.record.verb {
            Verb::Restart | Verb::Fail => Status::SUCCESS,
            _ if operation.parts.is_empty() => Status::SUCCESS,
            _ => Status::IO_PENDING,
        };
        if operation.parts.len() > GROUP_RESOURCES_MAX {
            let full =
                crate::error::ClusterError::Full { what: "resources in one call", max: GROUP_RESOURCES_MAX };
            return self.refuse(&call, Some(id), &full.into());
        }
        operation.call = Some(Box::new(call));
        let transaction = match self.acceptance(id, &operation, draft.persistent) {
            Ok(transaction) => transaction,
            Err(refusal) => {
                if let Some(call) = operation.call.take() {
                    self.refuse(&call, Some(id), &refusal);
                }
                return;
            }
        };
        self.commit(transaction, CommitPurpose::Accept(id));
        operation.phase = Phase::Committing;
        operation.is_stored = true;
        self.operations.insert(id, operation);
        self.reserve(id, concerned);
    }

    /// The transaction that makes a call an operation.
    fn acceptance(
        &self,
        id: OperationId,
        operation: &Operation,
        persistent: Option<(PersistentTarget, bool)>,
    ) -> Result<Transaction, Refusal> {
        let mut changes = Changes::new(self.model.tree(), self.now.unix_ms);
        if let Some((target, value)) = persistent {
            let path = match target {
                PersistentTarget::Resource(id) => layout::resource_path(id)?,
                PersistentTarget::Group(id) => layout::group_path(id)?,
            };
            changes.set_value(&path, layout::PERSISTENT_STATE, Value::Dword(value.into()))?;
        }
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
        for (other, stored) in self.stored_without(id, operation) {
            if then.len() >= TRANSACTION_WRITES_MAX {
                let what = "operations on the same resources";
                return Err(ServiceError::Busy { what, max: TRANSACTION_WRITES_MAX }.into());
            }
            compares.push(Compare::present(layout::operation_key(other)));
            then.push(Op::put(layout::operation_key(other), stored.to_bytes()));
        }
        self.outlive_ended(operation, &mut then)?;
        let mut stored = stored(operation);
        if operation.parts.is_empty() {
            stored.step = StoredStep::Ended;
            stored.record.ended_at_ms = Some(self.now.unix_ms);
            stored.record.end = Some(End::Done);
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
        let opens = parts.filter(|(_, goal)| {
            goal.is_up() || matches!(goal, PartGoal::Cycle | PartGoal::Open | PartGoal::Reopen)
        });
        let closed = opens.filter_map(|(id, _)| {
            let group = self.group_of(id)?;
            let live = self.live.get(&id)?;
            (live.open.is_none() && live.floor >= self.model.epoch(group)).then_some(group)
        });
        closed.collect()
    }

    /// The records of operations that lose resources to this one, as they are to be from then on.
    fn stored_without(
        &self,
        id: OperationId,
        operation: &Operation,
    ) -> BTreeMap<OperationId, StoredOperation> {
        let mut losers: BTreeMap<OperationId, StoredOperation> = BTreeMap::new();
        for member in operation.parts.keys() {
            let claim = self.live.get(member).and_then(|live| live.claim).filter(|claim| *claim != id);
            let Some(other) = claim.and_then(|claim| self.operations.get(&claim)) else { continue };
            if !other.is_stored || !matches!(other.phase, Phase::Running) {
                continue;
            }
            let loser = losers.entry(other.record.id).or_insert_with(|| stored(other));
            loser.closure.remove(member);
            if !matches!(other.record.object, ObjectId::Resource(object) if object != *member) {
                loser.step = StoredStep::Superseded(id);
            }
        }
        losers
    }

    /// Operations that have ended on the same resources must not be resumed after this one: their records go with
    /// its commit, or say that they have ended, where the journal has not heard of it yet.
    fn outlive_ended(&self, operation: &Operation, then: &mut Vec<Op>) -> Result<(), Refusal> {
        let object = match operation.record.object {
            ObjectId::Resource(object) => Some(object),
            _ => None,
        };
        let touches = |members: &BTreeSet<ResourceId>| {
            members.iter().any(|id| operation.parts.contains_key(id) || Some(*id) == object)
        };
        for id in self.unswept.iter().filter(|(_, members)| touches(members)).map(|(id, _)| *id) {
            then.push(Op::delete(layout::operation_key(id)));
        }
        let ended = self.operations.iter().filter(|(_, other)| {
            matches!(other.phase, Phase::Ended) && other.is_stored && touches(&other.members)
        });
        for (id, other) in ended {
            let ended = StoredOperation { step: StoredStep::Ended, ..stored(other) };
            then.push(Op::put(layout::operation_key(*id), ended.to_bytes()));
        }
        if then.len() > TRANSACTION_WRITES_MAX {
            let what = "ended operations on the same resources";
            return Err(ServiceError::Busy { what, max: TRANSACTION_WRITES_MAX }.into());
        }
        Ok(())
    }

    /// What became of an acceptance.
    pub(crate) fn handle_acceptance(&mut self, id: OperationId, outcome: CommitOutcome) {
        let refusal: Refusal = match outcome {
            CommitOutcome::Done(_) => return self.accepted(id),
            // Its closure stays claimed until it is known.
            CommitOutcome::Unknown => return,
            CommitOutcome::Conflict => ServiceError::Conflict.into(),
            CommitOutcome::Failed(reason) => ServiceError::NotCommitted { reason }.into(),
        };
        let Some(mut operation) = self.withdraw(id) else { return };
        self.forget_token(id);
        if let Some(call) = operation.call.take() {
            for other in operation.calls.iter().filter(|other| **other != call.id) {
                self.answer_call(*other, refusal.status(), Some(id), refusal.to_string());
            }
            self.refuse(&call, Some(id), &refusal);
        }
    }

    fn accepted(&mut self, id: OperationId) {
        let Some(operation) = self.operations.get_mut(&id) else { return };
        operation.call = None;
        let clears = operation.clears;
        if let Some(failed) = clears
            && self
                .live
                .get(&failed)
                .is_some_and(|live| live.state == ResourceState::Failed && !live.unproven)
        {
            self.set_state(failed, ResourceState::Offline);
        }
        self.run(id);
    }

    /// Answers whoever waits for the acceptance.
    pub(crate) fn answer_accepted(&mut self, id: OperationId) {
        let Some(operation) = self.operations.get(&id) else { return };
        if !operation.answer_at_end {
            let status = operation.record.answer;
            self.answer(id, status, String::new());
        }
    }

    /// Answers everybody who waits for this operation.
    pub(crate) fn answer(&mut self, id: OperationId, status: Status, text: String) {
        let calls = self.operations.get_mut(&id).map(|found| std::mem::take(&mut found.calls));
        for call in calls.unwrap_or_default() {
            self.answer_call(call, status, Some(id), text.clone());
        }
        self.tokens.answered(id, status);
    }

    /// Puts a vetoed operation's persistent state back.
    pub(crate) fn commit_veto(&mut self, id: OperationId) {
        let Some(operation) = self.operations.get(&id) else { return };
        let transaction = match self.veto_transaction(id, operation) {
            Ok(transaction) => transaction,
            // The object is gone; there is nothing to put back.
            Err(_) => return self.restore(id),
        };
        let Some(transaction) = transaction else { return self.restore(id) };
        self.commit(transaction, CommitPurpose::Veto(id));
        if let Some(operation) = self.operations.get_mut(&id) {
            operation.phase = Phase::Vetoing { is_committing: true };
        }
    }

    /// `None` where the database does not know of the operation.
    fn veto_transaction(
        &self,
        id: OperationId,
        operation: &Operation,
    ) -> Result<Option<Transaction>, Refusal> {
        if !operation.is_stored {
            return Ok(None);
        }
        let mut changes = Changes::new(self.model.tree(), self.now.unix_ms);
        if let Some(before) = &operation.before {
            let path = match before.target {
                PersistentTarget::Resource(id) => layout::resource_path(id)?,
                PersistentTarget::Group(id) => layout::group_path(id)?,
            };
            match before.value {
                Some(value) => {
                    changes.set_value(&path, layout::PERSISTENT_STATE, Value::Dword(value.into()))?;
                }
                None => drop(changes.delete_value(&path, layout::PERSISTENT_STATE)?),
            }
        }
        let (compares, mut then) = changes.into_parts();
        then.push(Op::put(layout::operation_key(id), stored(operation).to_bytes()));
        Ok(Some(Transaction { compares, then, otherwise: Vec::new() }))
    }

    /// What became of a veto's commit. It has to be done: the resource is online, whatever the store says.
    pub(crate) fn handle_veto_committed(&mut self, id: OperationId, outcome: &CommitOutcome) {
        match outcome {
            CommitOutcome::Done(_) => self.restore(id),
            CommitOutcome::Unknown => {}
            CommitOutcome::Conflict | CommitOutcome::Failed(_) => {
                if let Some(operation) = self.operations.get_mut(&id) {
                    operation.phase = Phase::Vetoing { is_committing: false };
                    self.timers.set(Timer::Commit(id), self.now.steady_ms + COMMIT_PAUSE_MS);
                }
            }
        }
    }

    /// Timer: another try of a commit that has to be done.
    pub(crate) fn handle_commit_timer(&mut self, id: OperationId) {
        match self.operations.get(&id).map(|operation| &operation.phase) {
            Some(Phase::Vetoing { is_committing: false }) => self.commit_veto(id),
            Some(Phase::Running) => self.raise_epochs_and_run(id),
            _ => {}
        }
    }

    /// Begins an operation of the service's own; where a closed leaf has to be opened, after its epoch has risen.
    pub(crate) fn raise_epochs_and_run(&mut self, id: OperationId) {
        let Some(operation) = self.operations.get(&id) else { return };
        let members: Vec<ResourceId> = operation.parts.keys().copied().collect();
        let raised = self.groups_to_raise(operation.parts.iter().map(|(id, part)| (*id, &part.goal)));
        if raised.is_empty() {
            return if operation.is_resumed { self.go_on(id) } else { self.run(id) };
        }
        let mut transaction = Transaction::default();
        for owner in
            raised.iter().take(TRANSACTION_WRITES_MAX).filter_map(|g| Some((*g, self.model.owner(*g)?)))
        {
            let key = layout::owner_key(owner.0);
            transaction.compares.push(Compare::value(key.clone(), owner.1.to_bytes()));
            transaction.then.push(Op::put(key, owner.1.raised(&self.boot).to_bytes()));
        }
        self.commit(transaction, CommitPurpose::Raise(id));
        if let Some(operation) = self.operations.get_mut(&id) {
            operation.phase = Phase::Committing;
        }
        self.reserve(id, members);
    }

    /// What became of the commit that raises epochs for an operation of the service's own.
    pub(crate) fn handle_raised(&mut self, id: OperationId, outcome: &CommitOutcome) {
        match outcome {
            CommitOutcome::Done(_) => self.raise_epochs_and_run(id),
            CommitOutcome::Unknown => {}
            CommitOutcome::Conflict | CommitOutcome::Failed(_) => {
                if let Some(operation) = self.operations.get_mut(&id) {
                    operation.phase = Phase::Running;
                    self.timers.set(Timer::Commit(id), self.now.steady_ms + COMMIT_PAUSE_MS);
                }
            }
        }
    }

    /// The persistent state as it is written.
    fn persistent(&self, target: PersistentTarget) -> Option<bool> {
        match target {
            PersistentTarget::Resource(id) => self.model.resource(id).and_then(|found| found.persistent),
            PersistentTarget::Group(id) => self.model.group(id).and_then(|found| found.persistent),
        }
    }

    /// Other calls on these resources wait until this operation is accepted or not.
    pub(crate) fn reserve(&mut self, id: OperationId, members: impl IntoIterator<Item = ResourceId>) {
        let mut reserved = Vec::new();
        for member in members {
            let other = self.live.get(&member).and_then(|live| live.reserved).filter(|other| *other != id);
            let is_taken = other.is_some_and(|other| self.operations.contains_key(&other));
            if let Some(live) = self.live.get_mut(&member).filter(|_| !is_taken) {
                live.reserved = Some(id);
                reserved.push(member);
            }
        }
        if let Some(operation) = self.operations.get_mut(&id) {
            operation.reserved.extend(reserved);
        }
    }

    pub(crate) fn unreserve(&mut self, id: OperationId) {
        let reserved = self.operations.get_mut(&id).map(|found| std::mem::take(&mut found.reserved));
        for member in reserved.unwrap_or_default() {
            if let Some(live) = self.live.get_mut(&member).filter(|live| live.reserved == Some(id)) {
                live.reserved = None;
            }
        }
    }

    /// Everything that must not change under a call while it is being accepted: what depends on what stops, and what
    /// is needed by what starts.
    fn concerned(&self, draft: &Draft, object: &ObjectId) -> BTreeSet<ResourceId> {
        let stops = draft.parts.iter().filter(|(_, goal)| goal.is_down()).map(|(id, _)| *id);
        let object = match object {
            ObjectId::Resource(object) => Some(*object),
            _ => None,
        };
        let mut concerned = graph::with_dependents(&self.model, stops.chain(object));
        let starts = draft.parts.iter().filter(|(_, goal)| !goal.is_down() || **goal == PartGoal::Cycle);
        concerned.extend(graph::with_providers(&self.model, starts.map(|(id, _)| *id)));
        concerned
    }

    /// The record of a call, as it begins.
    pub(crate) fn record(&self, id: OperationId, call: &Call) -> OperationRecord {
        let empty = Remark::default();
        let subject = subject(&call.command).unwrap_or_else(|| {
            let (verb, object) = crate::configuration::subject(&call.command);
            Subject { verb, object, flags: 0, buffer: &[], remark: &empty }
        });
        OperationRecord {
            id,
            verb: subject.verb,
            name: self.object_name(&subject.object, &call.command),
            object: subject.object,
            asker: call.caller.asker.clone(),
            flags: subject.flags,
            reason: None,
            reason_text: shorten(&subject.remark.reason, REASON_LENGTH_MAX),
            instructions: instructions::show(subject.buffer),
            at_ms: self.now.unix_ms,
            answer: Status::SUCCESS,
            parts: Vec::new(),
            ended_at_ms: None,
            end: None,
            pending: Vec::new(),
        }
    }

    /// The same account with the same token gets the answer of the operation that it became.
    fn answer_by_token(&mut self, call: &Call) -> bool {
        let Some(subject) = subject(&call.command) else { return false };
        let Some((id, status)) = self.tokens.find(&call.caller.asker.sid, &subject.remark.token) else {
            return false;
        };
        match (status, self.operations.get_mut(&id)) {
            (Some(status), _) => self.answer_call(call.id, status, Some(id), String::new()),
            (None, Some(operation)) if operation.calls.len() < CALLERS_MAX => operation.calls.push(call.id),
            (None, Some(_)) => {
                let busy = ServiceError::Busy { what: "callers of one operation", max: CALLERS_MAX };
                self.answer_call(call.id, busy.status(), Some(id), busy.to_string());
            }
            (None, None) => return false,
        }
        true
    }

    fn remember_token(&mut self, call: &Call, id: OperationId) -> String {
        let token = subject(&call.command).map(|subject| subject.remark.token.clone()).unwrap_or_default();
        self.tokens.remember(&call.caller.asker.sid, &token, id);
        token
    }

    fn forget_token(&mut self, id: OperationId) {
        self.tokens.forget(id);
    }
}

enum Evaluated {
    Wait(OperationId),
    Draft(Draft),
}

/// An operation as it is stored.
pub(crate) fn stored(operation: &Operation) -> StoredOperation {
    let mut record = operation.record.clone();
    record.parts = Vec::new();
    let open = operation.parts.iter().filter(|(_, part)| part.state != PartState::Ended || part.has_stopped);
    StoredOperation {
        record,
        token: operation.token.clone(),
        buffer: operation.buffer.clone(),
        closure: open.map(|(id, part)| (*id, part.goal.clone())).collect(),
        before: operation.before,
        step: operation.step.clone(),
    }
}

fn subject(command: &Command) -> Option<Subject<'_>> {
    let resource = |id: &ResourceId| ObjectId::Resource(*id);
    let group = |id: &GroupId| ObjectId::Group(*id);
    Some(match command {
        Command::OfflineResource { resource: id, flags, buffer, remark } => {
            Subject { verb: Verb::Offline, object: resource(id), flags: *flags, buffer, remark }
        }
        Command::OnlineResource { resource: id, flags, buffer, remark } => {
            Subject { verb: Verb::Online, object: resource(id), flags: *flags, buffer, remark }
        }
        Command::OfflineGroup { group: id, flags, buffer, remark } => {
            Subject { verb: Verb::Offline, object: group(id), flags: *flags, buffer, remark }
        }
        Command::OnlineGroup { group: id, flags, buffer, remark } => {
            Subject { verb: Verb::Online, object: group(id), flags: *flags, buffer, remark }
        }
        Command::RestartResource { resource: id, flags, remark } => {
            Subject { verb: Verb::Restart, object: resource(id), flags: *flags, buffer: &[], remark }
        }
        Command::FailResource { resource: id, remark } => {
            Subject { verb: Verb::Fail, object: resource(id), flags: 0, buffer: &[], remark }
        }
        _ => return None,
    })
}

fn check_remark(remark: &Remark) -> Result<(), Refusal> {
    if remark.token.len() > TOKEN_LENGTH_MAX {
        return Err(RequestError::Value {
            what: "token",
            value: format!("of {} bytes", remark.token.len()),
            allowed: format!("it may have {TOKEN_LENGTH_MAX}"),
        }
        .into());
    }
    Ok(())
}

/// Cut at a character's border.
fn shorten(text: &str, length_max: usize) -> String {
    let mut end = text.len().min(length_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}
