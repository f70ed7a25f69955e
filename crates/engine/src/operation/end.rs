//! The end of operations, and what the journal and those who ask are shown of them.
//!
//! It decides nothing about resources: an operation ends when none of its parts is open.

use mainstay_types::operation::{End, Part as ShownPart};
use mainstay_types::order::Cause;
use mainstay_types::{ObjectId, OperationId, ResourceId, ResourceState};

use super::Phase;
use super::stored::StoredStep;
use crate::Engine;
use crate::effect::Effect;
use crate::graph;
use crate::limits::PARTS_SHOWN_MAX;
use crate::live::{Goal, Stage};

impl Engine {
    /// Ends an operation that has no part left.
    pub(crate) fn end_if_done(&mut self, id: OperationId) {
        let Some(operation) = self.operations.get(&id) else { return };
        if operation.open_parts > 0 || !matches!(operation.phase, Phase::Running) {
            return;
        }
        let end = match (&operation.superseded_by, &operation.step, &operation.trouble) {
            // Whoever took the resource meanwhile: the persistent state is the one before the call.
            (_, StoredStep::Restoring(cause), _) => End::Vetoed(cause.clone()),
            // By one that came before the cancellation had come to its end.
            (Some(by), ..) => End::Superseded(*by),
            (_, StoredStep::Cancelled(cause), _) => End::Cancelled(cause.clone()),
            (_, _, Some(cause)) => End::Failed(cause.clone()),
            (_, _, None) => self.lacking_at_end(operation).map_or(End::Done, End::Failed),
        };
        let outcome = if end == End::Done { self.outcome(operation) } else { String::new() };
        if let Some(operation) = self.operations.get_mut(&id) {
            operation.record.outcome = outcome;
        }
        self.end_operation(id, end);
    }

    /// What a resource says, as the end of the operation: named, where the operation is about something else.
    pub(crate) fn cause_of(&self, id: OperationId, resource: ResourceId, cause: Cause) -> Cause {
        let object = self.operations.get(&id).map(|operation| &operation.record.object);
        if object == Some(&ObjectId::Resource(resource)) {
            return cause;
        }
        let (name, said) = (self.name_of(resource), cause.text);
        let text =
            if said.is_empty() { format!("resource '{name}'") } else { format!("resource '{name}': {said}") };
        Cause { text, ..cause }
    }

    /// The operation has ended; the journal is told, and then the database.
    pub(crate) fn end_operation(&mut self, id: OperationId, end: End) {
        let now_ms = self.now.unix_ms;
        let Some(operation) = self.operations.get_mut(&id) else { return };
        operation.phase = Phase::Ended;
        operation.record.ended_at_ms = Some(now_ms);
        operation.buffer = Vec::new();
        operation.members = std::mem::take(&mut operation.parts).into_keys().collect();
        operation.call = None;
        let refused = match (operation.ailing, &end) {
            (Some(ailing), End::Vetoed(cause)) => Some((ailing, cause.clone())),
            _ => None,
        };
        let status = end.status();
        let (text, is_due) = (end_text(&end), operation.answer_at_end);
        operation.record.end = Some(end);
        if is_due {
            operation.record.answer = status;
            self.answer(id, status, text);
        }
        self.journal(id);
        self.serve_waiters(id);
        if let Some((ailing, cause)) = refused {
            self.heed_refusal(ailing, &cause);
        }
        self.stir_policies();
    }

    pub(crate) fn show_part_ended(&mut self, id: OperationId, shown: Option<usize>, outcome: String) {
        let now_ms = self.now.unix_ms;
        let Some(operation) = self.operations.get_mut(&id) else { return };
        if let Some(part) = shown.and_then(|index| operation.record.parts.get_mut(index))
            && part.ended_at_ms.is_none()
        {
            part.ended_at_ms = Some(now_ms);
            part.outcome = outcome;
        }
    }

    /// A start that never had its turn is a part of the story all the same.
    pub(crate) fn show_part_unbegun(&mut self, id: OperationId, resource: ResourceId, cause: &Cause) {
        let (resource, now_ms) = (self.shared_name_of(resource), self.now.unix_ms);
        let Some(operation) = self.operations.get_mut(&id) else { return };
        if operation.record.parts.len() < PARTS_SHOWN_MAX {
            operation.record.parts.push(ShownPart {
                resource,
                action: Goal::Start.word().to_owned(),
                began_at_ms: now_ms,
                ended_at_ms: Some(now_ms),
                outcome: cause.to_string(),
                is_rebuilt: false,
            });
        }
    }

    /// The journal hears of a beginning only where the database has it too, so that an end will follow for certain.
    /// What the service does by itself is begun anew after a crash, under another id.
    pub(super) fn journal_begin(&mut self, id: OperationId) {
        if self.operations.get(&id).is_some_and(|operation| operation.is_stored) {
            self.journal(id);
        }
    }

    pub(crate) fn journal(&mut self, id: OperationId) {
        if let Some(operation) = self.operations.get(&id) {
            self.effects.push(Effect::Journal(Box::new(operation.record.clone())));
        }
    }

    /// What a pending resource waits for, in words.
    pub(crate) fn waits_for(&self, resource: ResourceId) -> String {
        let Some(live) = self.live.get(&resource) else { return String::new() };
        if let Some(task) = &live.task {
            return match task.stage {
                Stage::Host => format!("{} ({})", task.stage.waits_for(), self.task_host(resource)),
                stage => stage.waits_for().to_owned(),
            };
        }
        if live.state == ResourceState::OnlinePending {
            match self.missing(resource).as_slice() {
                [] => {}
                [only] => return format!("provider '{only}'"),
                several => return format!("one of the providers '{}'", several.join("', '")),
            }
            if let Some(groups) = self.awaited_groups(resource) {
                return groups;
            }
            let stopping = graph::stopping_dependent(&self.model, &self.live, resource);
            return stopping.map_or_else(
                || "its turn".into(),
                |id| format!("dependent '{}', which is still stopping", self.name_of(id)),
            );
        }
        let blocking = graph::blocking_dependent(&self.model, &self.live, resource);
        blocking.map_or_else(|| "its turn".into(), |id| format!("dependent '{}'", self.name_of(id)))
    }
}

fn end_text(end: &End) -> String {
    match end {
        End::Done => String::new(),
        End::Refused(cause) | End::Vetoed(cause) | End::Failed(cause) | End::Cancelled(cause) => {
            cause.text.clone()
        }
        End::Superseded(by) => format!("operation {by} asked for something else"),
    }
}
