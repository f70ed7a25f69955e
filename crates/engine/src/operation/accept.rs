//! From the call to the answer: deciding, accepting, and what a refusal leaves.
//!
//! The procedures themselves are pure ([`super::offline`], [`super::online`]); here they meet the world. Nothing of a
//! resource changes before the acceptance is committed.

use std::collections::{BTreeMap, BTreeSet};

use mainstay_types::operation::{Asker, End, Verb};
use mainstay_types::order::Cause;
use mainstay_types::{
    Access, GroupId, ObjectId, OfflineFlags, OfflineReason, OnlineFlags, OperationId, ResourceId,
    ResourceState, Status,
};

use super::confirm;
use super::offline::{Decision, Request, World, decide};
use super::online::{self, Flags, Plan};
use super::persistent::PersistentWrites;
use super::stored::PersistentTarget;
use super::submission::{check_remark, subject};
use super::{Check, Operation, Part, PartGoal, Phase};
use crate::Engine;
use crate::command::{Call, Caller, Command};
use crate::engine::CommitPurpose;
use crate::error::{ClusterError, Refusal, RequestError, ServiceError};
use crate::input::{CallId, CommitOutcome};
use crate::limits::{CONFLICTS_MAX, GROUP_RESOURCES_MAX};
use crate::placement::NoPlace;
use crate::seeded::{self, Bug};

/// What an accepted call is going to do.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) parts: BTreeMap<ResourceId, PartGoal>,
    pub(super) persistent: PersistentWrites,
    pub(super) flags: Flags,
    pub(super) reason: Option<OfflineReason>,
    /// A failed resource, proven stopped, that becomes Offline with the commit.
    pub(super) clears: Option<ResourceId>,
    /// Whom to ask before it is accepted.
    pub(super) asks: BTreeSet<ResourceId>,
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

    /// Whether a call with full access would not be refused as things stand. What types would say to it is not asked.
    pub(crate) fn would_accept(&self, command: Command) -> bool {
        let asker = Asker { account: String::new(), sid: String::new(), origin: String::new() };
        let caller = Caller { asker, access: Access::Full, reason: String::new() };
        self.evaluate(&Call { id: CallId(0), caller, command }, None).is_ok()
    }

    /// The whole procedure, against the world as it is now.
    pub(super) fn evaluate(&self, call: &Call, own: Option<OperationId>) -> Result<Evaluated, Refusal> {
        if call.caller.access < Access::Full && !seeded::has(Bug::AccessNotChecked) {
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
                return self.draft_offline(&request, decide(&world, &request), own);
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
            Command::ShutDownGroup { group, flags, buffer, .. } => {
                online::plan_group_offline(&world, *group, *flags, buffer).map(Plan::without_words)
            }
            Command::RestartResource { resource, .. } => online::plan_restart(&world, *resource),
            Command::FailResource { resource, .. } => online::plan_fail(&world, *resource),
            Command::ConfirmStopped { resource, .. } => {
                confirm::check(&world, *resource)?;
                return Ok(Evaluated::Draft(Draft { clears: Some(*resource), ..Draft::default() }));
            }
            Command::DiscardKept { resource, .. } => {
                self.check_discard(&world, *resource)?;
                return Ok(Evaluated::Draft(Draft::default()));
            }
            _ => Err(ServiceError::Internal("not an operation on resources".into()).into()),
        };
        match plan? {
            Plan::Wait(other) => Ok(Evaluated::Wait(other)),
            Plan::Go { parts, persistent, flags } => {
                let ignores_affinity = flags.online.contains(OnlineFlags::IGNORE_AFFINITY_RULE);
                self.check_places(&parts, ignores_affinity)?;
                let reason = match call.command {
                    Command::RestartResource { .. } => OfflineReason::BeingRestarted,
                    Command::ShutDownGroup { .. } => OfflineReason::ShuttingDown,
                    _ => OfflineReason::UserRequested,
                };
                let stops = parts.values().any(|goal| goal.is_down());
                let reason = stops.then_some(reason);
                let asks = match &call.command {
                    Command::OfflineGroup { buffer, .. } | Command::ShutDownGroup { buffer, .. } => {
                        self.asks(&parts, buffer, own)
                    }
                    _ => BTreeSet::new(),
                };
                Ok(Evaluated::Draft(Draft { parts, persistent, flags, reason, asks, ..Draft::default() }))
            }
        }
    }

    /// Whether the groups that would start have a place on their node beside what is there.
    fn check_places(
        &self,
        parts: &BTreeMap<ResourceId, PartGoal>,
        ignores_affinity: bool,
    ) -> Result<(), Refusal> {
        let starts = parts.iter().filter(|(_, goal)| **goal == PartGoal::Up);
        let groups: BTreeSet<GroupId> = starts.filter_map(|(id, _)| self.group_of(*id)).collect();
        let lacks_place = |group: GroupId| {
            let found = self.no_place(group);
            if ignores_affinity { found.and_then(NoPlace::without_affinity) } else { found }
        };
        match groups.into_iter().find_map(|group| Some((group, lacks_place(group)?))) {
            None => Ok(()),
            Some((group, no_place)) => Err(ClusterError::NoPlace {
                name: self.plain_name(&ObjectId::Group(group)),
                status: no_place.status(),
                reason: no_place.to_string(),
                way_out: self.way_to_place(group, &no_place),
            }
            .into()),
        }
    }

    /// What gets a group its place. That what is in the way goes offline is none where the group waits for just that.
    fn way_to_place(&self, group: GroupId, no_place: &NoPlace) -> String {
        let together: Vec<String> =
            self.ways_together(group).iter().map(|(line, _)| line.to_string()).collect();
        match together.as_slice() {
            [] => no_place.way_out(),
            ways => {
                format!("it starts after what it may not be beside; end that with: {}", ways.join(" or: "))
            }
        }
    }

    fn draft_offline(
        &self,
        request: &Request<'_>,
        decision: Decision,
        own: Option<OperationId>,
    ) -> Result<Evaluated, Refusal> {
        let id = request.resource;
        let accepted = match &decision {
            Decision::Refuse(refusal) => return Err(refusal.clone()),
            Decision::Wait(other) => return Ok(Evaluated::Wait(*other)),
            Decision::Offline(accepted) | Decision::Clear(accepted) | Decision::Settle(accepted) => *accepted,
            Decision::Stop { accepted, .. } => *accepted,
        };
        let keeps = accepted.flags.contains(OfflineFlags::DO_NOT_UPDATE_PERSISTENT_STATE)
            && !seeded::has(Bug::KeptStateWritten);
        let persistent = match keeps {
            true => PersistentWrites::default(),
            false => PersistentWrites::of(PersistentTarget::Resource(id), false),
        };
        let mut draft = Draft {
            persistent,
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
                    draft.asks = self.asks(&draft.parts, request.buffer, own);
                }
            }
            _ => {}
        }
        Ok(Evaluated::Draft(draft))
    }

    /// Who would stop gracefully and was not asked yet whether it can. Whose type consents to everything that carries
    /// no instructions has answered already.
    fn asks(
        &self,
        parts: &BTreeMap<ResourceId, PartGoal>,
        buffer: &[u8],
        own: Option<OperationId>,
    ) -> BTreeSet<ResourceId> {
        let consents = |id: &ResourceId| {
            buffer.is_empty() && self.live.get(id).is_some_and(|live| live.consents && live.open.is_some())
        };
        let asked = own.and_then(|own| Some(&self.operations.get(&own)?.asked));
        let stops = parts.iter().filter(|(_, goal)| **goal == PartGoal::Down).map(|(id, _)| *id);
        stops.filter(|id| asked.is_none_or(|asked| !asked.contains(id)) && !consents(id)).collect()
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

    /// Accepts a call: commits it, even where only its record is new, so that no crash takes an answer back.
    pub(super) fn accept(&mut self, id: OperationId, call: Call, draft: Draft) {
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
            | Command::ShutDownGroup { buffer, .. }
            | Command::OnlineGroup { buffer, .. } => buffer.clone(),
            _ => Vec::new(),
        };
        operation.words = self.words(&draft.persistent);
        let concerned = self.concerned(&draft, &operation.record.object);
        operation.open_parts = draft.parts.len();
        operation.parts = draft.parts.into_iter().map(|(id, goal)| (id, Part::new(goal))).collect();
        operation.clears = draft.clears;
        if let Command::DiscardKept { resource, .. } = &call.command {
            operation.record.outcome = self.outcome_of_discard(*resource);
        }
        operation.record.answer = match operation.record.verb {
            Verb::Restart | Verb::Fail => Status::SUCCESS,
            _ if operation.parts.is_empty() => Status::SUCCESS,
            _ => Status::IO_PENDING,
        };
        if operation.parts.len() > GROUP_RESOURCES_MAX {
            let full = ClusterError::Full { what: "resources in one call", max: GROUP_RESOURCES_MAX };
            return self.refuse(&call, Some(id), &full.into());
        }
        let losers = self.stored_without(id, &operation);
        let writer = losers.keys().find_map(|loser| self.writer_of(*loser));
        if let Some(other) = writer.or_else(|| self.puts_back_words_before(&operation)) {
            self.forget_token(id);
            return self.wait_behind(other, call);
        }
        operation.rewrites = losers.iter().map(|(id, stored)| (*id, stored.words.clone())).collect();
        operation.call = Some(Box::new(call));
        let transaction = match self.acceptance(id, &operation, &draft.persistent, losers) {
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

    /// What became of an acceptance.
    pub(crate) fn handle_acceptance(&mut self, id: OperationId, outcome: CommitOutcome) {
        let refusal: Refusal = match outcome {
            CommitOutcome::Done(_) => return self.accepted(id),
            CommitOutcome::Unknown if seeded::has(Bug::UnknownCommitBelieved) => return self.accepted(id),
            // Its closure stays claimed until it is known.
            CommitOutcome::Unknown => return,
            CommitOutcome::Conflict => return self.accept_again(id),
            CommitOutcome::Failed(reason) => ServiceError::NotCommitted { reason }.into(),
        };
        if let Some(operation) = self.withdraw(id) {
            self.refuse_withdrawn(operation, &refusal);
        }
    }

    /// Something that the acceptance was built on has changed before it was committed, as a group's epoch does when
    /// another call is accepted: the call is evaluated anew.
    fn accept_again(&mut self, id: OperationId) {
        let Some(operation) = self.operations.get_mut(&id) else { return };
        operation.conflicts += 1;
        let is_last = operation.conflicts > CONFLICTS_MAX;
        let Some(call) = operation.call.clone() else { return };
        let evaluated =
            if is_last { Err(ServiceError::Conflict.into()) } else { self.evaluate(&call, Some(id)) };
        match evaluated {
            Ok(Evaluated::Draft(draft)) if !draft.asks.is_empty() => {
                let Some(operation) = self.operations.get_mut(&id) else { return };
                (operation.phase, operation.is_stored) = (Phase::Checking(Check::default()), false);
                self.unreserve(id);
                self.ask(id, draft);
            }
            Ok(Evaluated::Draft(draft)) => {
                let Some(operation) = self.withdraw(id) else { return };
                self.accept_from(operation, *call, draft);
            }
            Ok(Evaluated::Wait(other)) => {
                let Some(operation) = self.withdraw(id) else { return };
                self.give_way(operation, *call, other);
            }
            Err(refusal) => {
                let Some(operation) = self.withdraw(id) else { return };
                self.refuse_withdrawn(operation, &refusal);
            }
        }
    }

    /// Accepts the call of an operation that was withdrawn, under the same id and for everybody who waits for it.
    pub(super) fn accept_from(&mut self, earlier: Operation, call: Call, draft: Draft) {
        let (id, first) = (earlier.record.id, call.id);
        self.accept(id, call, draft);
        match self.operations.get_mut(&id) {
            Some(operation) => {
                operation.calls = earlier.calls;
                operation.asked = earlier.asked;
                operation.conflicts = earlier.conflicts;
            }
            None => self.refuse_others(earlier, first, &ServiceError::Conflict.into()),
        }
    }

    /// The call of an operation that was withdrawn stands behind another one.
    pub(super) fn give_way(&mut self, earlier: Operation, call: Call, other: OperationId) {
        self.forget_token(earlier.record.id);
        // Who sent the same token meanwhile can ask again; only one of them waits.
        self.refuse_others(earlier, call.id, &ServiceError::Conflict.into());
        self.wait_behind(other, call);
    }

    /// Refuses everybody who waits for an operation that was withdrawn.
    pub(super) fn refuse_withdrawn(&mut self, mut operation: Operation, refusal: &Refusal) {
        let id = operation.record.id;
        self.forget_token(id);
        let Some(call) = operation.call.take() else { return };
        self.refuse_others(operation, call.id, refusal);
        self.refuse(&call, Some(id), refusal);
    }

    fn refuse_others(&mut self, operation: Operation, first: CallId, refusal: &Refusal) {
        for other in operation.calls.into_iter().filter(|other| *other != first) {
            self.answer_call(other, refusal.status(), Some(operation.record.id), refusal.to_string());
        }
    }

    fn accepted(&mut self, id: OperationId) {
        let Some(mut operation) = self.operations.remove(&id) else { return };
        operation.call = None;
        let (clears, verb) = (operation.clears, operation.record.verb);
        let object = Some(operation.record.object.clone());
        let rewritten = std::mem::take(&mut operation.rewrites);
        self.operations.insert(id, operation);
        self.take_over_words(rewritten);
        if let Some(confirmed) = clears.filter(|_| verb == Verb::ConfirmStopped) {
            let outcome = self.outcome_of_word(confirmed);
            if let Some(operation) = self.operations.get_mut(&id) {
                operation.record.outcome = outcome;
            }
            self.take_word_that_stopped(confirmed);
        }
        if let Some(ObjectId::Resource(discarded)) = object.filter(|_| verb == Verb::DiscardKept) {
            self.configure_host(discarded);
        }
        if let Some(failed) = clears
            && self
                .live
                .get(&failed)
                .is_some_and(|live| live.state == ResourceState::Failed && !live.unproven)
        {
            self.set_state(failed, ResourceState::Offline);
        }
        self.heed_accepted(id);
        self.run(id);
        if let Some(cleared) = clears {
            // What it needs may have waited until nothing of it was left.
            self.poke(cleared);
        }
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
}

pub(super) enum Evaluated {
    Wait(OperationId),
    Draft(Draft),
}
