//! Operations, and what became of commands that ask for them.

use mainstay_types::ObjectId;
use mainstay_types::operation::{End, OperationRecord, Part, Pending};
use serde::Serialize;

use super::{CauseDocument, StatusDocument};
use crate::render::rfc3339;

/// An operation, in `operation`, `journal`, `status`, and after every command that began one.
#[derive(Clone, Debug, Serialize)]
pub struct OperationDocument {
    /// Its id.
    pub id: String,
    /// `online`, `offline`, `restart`, `fail`, `create`, ...
    pub verb: String,
    /// The kind of the object: `cluster`, `node`, `network`, `network-interface`, `group`, `group-set`, `resource`,
    /// `type`.
    pub kind: &'static str,
    /// The object's id; its name for a type, `null` for the cluster.
    pub object: Option<String>,
    /// The object's name at that time.
    pub name: String,
    /// Who asked: an account.
    pub account: String,
    /// Its security identifier.
    pub sid: String,
    /// From where.
    pub origin: String,
    /// The flags of the call.
    pub flags: u32,
    /// Why, as the service knows it.
    pub reason: Option<String>,
    /// Why, in the caller's words.
    pub reason_text: Option<String>,
    /// The instructions for the resource, as parsed.
    pub instructions: Option<String>,
    /// When it was accepted or refused.
    pub at: String,
    /// What the caller was told.
    pub answer: StatusDocument,
    /// Each resource's part.
    pub parts: Vec<PartDocument>,
    /// Where an object was asked for and this is an operation of another one: the parts of the one that was asked for.
    pub concerning: Vec<PartDocument>,
    /// When it ended; `null` while it runs.
    pub ended_at: Option<String>,
    /// `done`, `refused`, `vetoed`, `failed`, `superseded`, `cancelled`; `null` while it runs.
    pub end: Option<&'static str>,
    /// Why it did not end as asked.
    pub cause: Option<CauseDocument>,
    /// What was true of the object at its end, where `done` does not say it all.
    pub outcome: Option<String>,
    /// The later operation that took its place.
    pub superseded_by: Option<String>,
    /// What is pending in it now.
    pub pending: Vec<PendingDocument>,
}

impl From<&OperationRecord> for OperationDocument {
    fn from(record: &OperationRecord) -> Self {
        let text = |text: &String| (!text.is_empty()).then(|| text.clone());
        let (kind, object) = match &record.object {
            ObjectId::Cluster => ("cluster", None),
            ObjectId::Node(id) => ("node", Some(id.to_string())),
            ObjectId::Group(id) => ("group", Some(id.to_string())),
            ObjectId::Resource(id) => ("resource", Some(id.to_string())),
            ObjectId::ResourceType(name) => ("type", Some(name.to_string())),
            ObjectId::GroupSet(id) => ("group-set", Some(id.to_string())),
            ObjectId::Network(id) => ("network", Some(id.to_string())),
            ObjectId::NetworkInterface(id) => ("network-interface", Some(id.to_string())),
        };
        let (cause, superseded_by) = match &record.end {
            Some(End::Refused(cause) | End::Vetoed(cause) | End::Failed(cause) | End::Cancelled(cause)) => {
                (Some(cause.into()), None)
            }
            Some(End::Superseded(by)) => (None, Some(by.to_string())),
            Some(End::Done) | None => (None, None),
        };
        Self {
            id: record.id.to_string(),
            verb: record.verb.to_string(),
            kind,
            object,
            name: record.name.clone(),
            account: record.asker.account.clone(),
            sid: record.asker.sid.clone(),
            origin: record.asker.origin.clone(),
            flags: record.flags,
            reason: record.reason.map(|reason| reason.to_string()),
            reason_text: text(&record.reason_text),
            instructions: text(&record.instructions),
            at: rfc3339(record.at_ms),
            answer: record.answer.into(),
            parts: record.parts.iter().map(PartDocument::from).collect(),
            concerning: Vec::new(),
            ended_at: record.ended_at_ms.map(rfc3339),
            end: record.end.as_ref().map(End::as_str),
            cause,
            outcome: text(&record.outcome),
            superseded_by,
            pending: record.pending.iter().map(PendingDocument::from).collect(),
        }
    }
}

/// One resource's part of an operation.
#[derive(Clone, Debug, Serialize)]
pub struct PartDocument {
    /// The resource.
    pub resource: String,
    /// `stop`, `start`, `terminate`.
    pub action: String,
    /// When its turn came.
    pub began_at: String,
    /// When it ended; `null` while it runs.
    pub ended_at: Option<String>,
    /// What became of it; `null` while it runs.
    pub outcome: Option<String>,
    /// It began before the service was last started: no earlier than `began_at` says.
    pub rebuilt: bool,
}

impl From<&Part> for PartDocument {
    fn from(part: &Part) -> Self {
        Self {
            resource: part.resource.to_string(),
            action: part.action.clone(),
            began_at: rfc3339(part.began_at_ms),
            ended_at: part.ended_at_ms.map(rfc3339),
            outcome: (!part.outcome.is_empty()).then(|| part.outcome.clone()),
            rebuilt: part.is_rebuilt,
        }
    }
}

/// A resource that is pending.
#[derive(Clone, Debug, Serialize)]
pub struct PendingDocument {
    /// The resource.
    pub resource: String,
    /// Its state.
    pub state: String,
    /// Since when.
    pub since: String,
    /// What it waits for, in words.
    pub waits_for: String,
    /// What its type last said.
    pub last_word: Option<String>,
    /// When.
    pub last_word_at: Option<String>,
    /// Which limit comes next.
    pub next_limit: Option<String>,
    /// When.
    pub next_limit_at: Option<String>,
}

impl From<&Pending> for PendingDocument {
    fn from(pending: &Pending) -> Self {
        let text = |text: &String| (!text.is_empty()).then(|| text.clone());
        Self {
            resource: pending.resource.to_string(),
            state: pending.state.to_string(),
            since: rfc3339(pending.since_ms),
            waits_for: pending.waits_for.clone(),
            last_word: text(&pending.last_word),
            last_word_at: pending.last_word_at_ms.map(rfc3339),
            next_limit: text(&pending.next_limit),
            next_limit_at: pending.next_limit_at_ms.map(rfc3339),
        }
    }
}

/// What became of a command that asks for an operation.
#[derive(Clone, Debug, Serialize)]
pub struct OutcomeDocument {
    /// What the operation's own function would have answered: 0 or 997.
    pub status: StatusDocument,
    /// The operation's id; `null` when there was nothing to do.
    pub operation: Option<String>,
    /// `done`, `refused`, `vetoed`, `failed`, `superseded`, `cancelled`; `null` while it runs or was not waited for.
    pub end: Option<&'static str>,
    /// The operation itself; `null` when it was not waited for or there is none.
    pub record: Option<OperationDocument>,
}

/// What became of one group of `group shut-down`.
#[derive(Clone, Debug, Serialize)]
pub struct ShutDownDocument {
    /// The group, as it was named.
    pub group: String,
    /// Whether it is offline.
    pub offline: bool,
    /// The operation's id; `null` when there is none.
    pub operation: Option<String>,
    /// Why it is not offline, in words; `null` when it is.
    pub failure: Option<String>,
}
