//! Asking the resource types whether they can stop, before anything does (design §2.4).
//!
//! Owns the question rounds of an offline call. It decides nothing itself: when everybody has answered, the whole
//! procedure is evaluated once more, since the world may have moved.

use std::collections::BTreeMap;

use mainstay_types::order::Question;
use mainstay_types::{ObjectId, OperationId, ResourceId, Status};

use super::accept::{Draft, Evaluated};
use super::submission::subject;
use super::{Operation, Phase};
use crate::Engine;
use crate::command::Call;
use crate::error::{Refusal, ServiceError};
use crate::limits::{CHECK_ROUNDS_MAX, CHECK_TIMEOUT_MS};
use crate::queries::QueryPurpose;
use crate::timers::Timer;

impl Engine {
    /// Asks the resources that would stop whether they can. Their closure is claimed meanwhile.
    pub(super) fn ask(&mut self, id: OperationId, draft: Draft) {
        let Some(operation) = self.operations.get(&id) else { return };
        let concerned = self.concerned(&draft, &operation.record.object);
        self.reserve(id, concerned);
        let Some(operation) = self.operations.get(&id) else { return };
        let Some(call) = &operation.call else { return };
        let (buffer, flags) = (instructions_of(call).to_vec(), draft.flags.offline);
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
            check.open = open;
        }
        if let Some(operation) = self.operations.get_mut(&id) {
            operation.asked.extend(draft.asks);
        }
        if let Some(resource) = unheard.filter(|_| !buffer.is_empty()) {
            // Nobody is there to read the instructions.
            return self.refuse_checked(id, &self.no_answer(resource));
        }
        self.timers.set(Timer::Check(id), self.now.steady_ms + CHECK_TIMEOUT_MS);
        self.end_check_if_done(id);
    }

    fn no_answer(&self, resource: ResourceId) -> Refusal {
        let object = self.describe(&ObjectId::Resource(resource));
        ServiceError::NoAnswer { object, limit_ms: CHECK_TIMEOUT_MS }.into()
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
        let has_buffer = call.as_ref().is_some_and(|call| !instructions_of(call).is_empty());
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
        let call = self.operations.get(&id).and_then(|found| found.call.as_ref());
        let has_buffer = call.is_some_and(|call| !instructions_of(call).is_empty());
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
                let Some(operation) = self.withdraw(id) else { return };
                self.give_way(operation, *call, other);
            }
            Ok(Evaluated::Draft(draft)) if draft.asks.is_empty() => {
                let Some(operation) = self.withdraw(id) else { return };
                self.accept_from(operation, *call, draft);
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
    pub(super) fn withdraw(&mut self, id: OperationId) -> Option<Operation> {
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
        if let Some(operation) = self.withdraw(id) {
            self.refuse_withdrawn(operation, refusal);
        }
    }
}

fn instructions_of(call: &Call) -> &[u8] {
    subject(&call.command).map_or(&[], |subject| subject.buffer)
}
