//! What a call is about, for its record, and the token that a client may send with it.
//!
//! Reads calls; whether one is accepted is decided elsewhere.

use mainstay_types::operation::{OperationRecord, Verb};
use mainstay_types::{GroupId, ObjectId, OperationId, ResourceId, Status};

use super::instructions;
use crate::Engine;
use crate::command::{Call, Command, Remark};
use crate::error::{Refusal, RequestError, ServiceError};
use crate::limits::{CALLERS_MAX, REASON_LENGTH_MAX, TOKEN_LENGTH_MAX};

/// What a call is about, for its record.
pub(super) struct Subject<'a> {
    pub(super) verb: Verb,
    pub(super) object: ObjectId,
    pub(super) flags: u32,
    pub(super) buffer: &'a [u8],
    pub(super) remark: &'a Remark,
}

impl Engine {
    /// The record of a call, as it begins.
    pub(crate) fn record(&self, id: OperationId, call: &Call) -> OperationRecord {
        let empty = Remark::default();
        let subject = subject(&call.command).unwrap_or_else(|| {
            let (verb, object) = crate::configuration::subject(&call.command);
            let remark = match &call.command {
                Command::Configure { remark, .. } | Command::Undo { remark, .. } => remark,
                _ => &empty,
            };
            Subject { verb, object, flags: 0, buffer: &[], remark }
        });
        let reason = match subject.remark.reason.as_str() {
            "" => &call.caller.reason,
            own => own,
        };
        let record = OperationRecord {
            id,
            verb: subject.verb,
            name: self.object_name(&subject.object, &call.command),
            object: subject.object,
            asker: call.caller.asker.clone(),
            flags: subject.flags,
            reason: None,
            reason_text: shorten(reason, REASON_LENGTH_MAX),
            instructions: instructions::show(subject.buffer),
            at_ms: self.now.unix_ms,
            answer: Status::SUCCESS,
            parts: Vec::new(),
            ended_at_ms: None,
            end: None,
            outcome: String::new(),
            changes: Vec::new(),
            pending: Vec::new(),
        };
        self.record_of_cancel(record, &call.command)
    }

    /// The same account with the same token gets the answer of the operation that it became.
    pub(super) fn answer_by_token(&mut self, call: &Call) -> bool {
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

    pub(super) fn remember_token(&mut self, call: &Call, id: OperationId) -> String {
        let token = subject(&call.command).map(|subject| subject.remark.token.clone()).unwrap_or_default();
        self.tokens.remember(&call.caller.asker.sid, &token, id);
        token
    }

    pub(super) fn forget_token(&mut self, id: OperationId) {
        self.tokens.forget(id);
    }
}

pub(super) fn subject(command: &Command) -> Option<Subject<'_>> {
    let resource = |id: &ResourceId| ObjectId::Resource(*id);
    let group = |id: &GroupId| ObjectId::Group(*id);
    Some(match command {
        Command::OfflineResource { resource: id, flags, buffer, remark } => {
            Subject { verb: Verb::Offline, object: resource(id), flags: *flags, buffer, remark }
        }
        Command::OnlineResource { resource: id, flags, buffer, remark } => {
            Subject { verb: Verb::Online, object: resource(id), flags: *flags, buffer, remark }
        }
        Command::OfflineGroup { group: id, flags, buffer, remark }
        | Command::ShutDownGroup { group: id, flags, buffer, remark } => {
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
        Command::ConfirmStopped { resource: id, remark } => {
            Subject { verb: Verb::ConfirmStopped, object: resource(id), flags: 0, buffer: &[], remark }
        }
        Command::DiscardKept { resource: id, remark } => {
            Subject { verb: Verb::DiscardKept, object: resource(id), flags: 0, buffer: &[], remark }
        }
        Command::PauseNode { node, flags, remark, .. } => {
            Subject { verb: Verb::Pause, object: ObjectId::Node(*node), flags: *flags, buffer: &[], remark }
        }
        Command::ResumeNode { node, flags, remark, .. } => {
            Subject { verb: Verb::Resume, object: ObjectId::Node(*node), flags: *flags, buffer: &[], remark }
        }
        // Of which object the operation is, its record says; see `record_of_cancel`.
        Command::CancelOperation { remark, .. } => {
            Subject { verb: Verb::Cancel, object: ObjectId::Cluster, flags: 0, buffer: &[], remark }
        }
        Command::CancelGroupOperation { group: id, flags, remark } => {
            Subject { verb: Verb::Cancel, object: group(id), flags: *flags, buffer: &[], remark }
        }
        _ => return None,
    })
}

pub(super) fn check_remark(remark: &Remark) -> Result<(), Refusal> {
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
