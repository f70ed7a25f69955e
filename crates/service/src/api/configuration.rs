//! The configuration as data: read whole, done step by step, taken back. It is planned next door.

use std::sync::Arc;

use mainstay_cmrp::control::ClusterControl;
use mainstay_engine::command::{Command, Presence, Remark};
use mainstay_engine::effect::Answer;
use mainstay_engine::error::Refusal;
use mainstay_proplist::{PropertyList, Value};
use mainstay_types::configuration::ConfiguredObject;
use mainstay_types::operation::OperationRecord;
use mainstay_types::own_codes::{configure, read_configuration, submit, undo};
use mainstay_types::{Access, ObjectId, OperationId, Status};
use serde::Serialize;

use super::exchange::Exchange;
use super::own_codes::{answer, list};
use super::session::Session;
use crate::ids::random_uuid;

/// READ_CONFIGURATION.
pub(super) fn read(session: &Session, exchange: Exchange<ClusterControl>) {
    let objects = session.core.read(|view| view.configuration());
    documents(session, exchange, read_configuration::CONFIGURATION, objects);
}

pub(super) fn documents<D: Serialize>(
    session: &Session,
    exchange: Exchange<ClusterControl>,
    name: &str,
    documents: Result<Vec<D>, Refusal>,
) {
    match documents {
        Ok(documents) => {
            let text = serde_json::to_string(&documents).unwrap_or_default();
            answer(exchange, &list([(name, Value::Sz(text))]));
        }
        Err(refusal) => {
            session.explain(refusal.to_string());
            exchange.refuse(refusal.status());
        }
    }
}

/// CONFIGURE.
pub(super) fn configure(
    session: &Session,
    access: Access,
    input: &PropertyList,
    exchange: Exchange<ClusterControl>,
) {
    let text = input.text(configure::OBJECT).unwrap_or_default();
    let Ok(wanted) = serde_json::from_str::<ConfiguredObject>(text) else {
        return exchange.refuse(Status::INVALID_PARAMETER);
    };
    let planned = match input.text(configure::PLANNED).map(serde_json::from_str).transpose() {
        Ok(planned) => planned,
        Err(_) => return exchange.refuse(Status::INVALID_PARAMETER),
    };
    let is_set = |word: &str| input.dword(word).unwrap_or(0) != 0;
    let (deletes, fresh) = (is_set(configure::DELETE), random_uuid());
    let presence = match (is_set(configure::NEW), is_set(configure::THERE)) {
        (true, true) => return exchange.refuse(Status::INVALID_PARAMETER),
        (true, false) if deletes => return exchange.refuse(Status::INVALID_PARAMETER),
        (true, false) => Presence::New,
        (false, true) => Presence::There,
        (false, false) => Presence::Either,
    };
    let remark = Remark { reason: reason(input), token: String::new() };
    let command = session.core.read(|view| match deletes {
        true => view.deleting_configured(&wanted, planned),
        false => view.configuring(&wanted, presence, planned, fresh, remark),
    });
    let command = match command {
        Ok(command) => command,
        Err(none) => {
            session.explain(none.text.clone());
            return answer(exchange, &refused(none.status, none.text));
        }
    };
    let made = match &command {
        Command::Configure { object, presence: Presence::New, .. } => id_of(object),
        _ => None,
    };
    session.command(access, command, move |done| {
        let mut output = outcome(done);
        if let Some(id) = made {
            output.set(configure::OBJECT_ID, Value::Sz(id));
        }
        answer(exchange, &output);
    });
}

/// How the id of an object that can be made is written.
fn id_of(object: &ObjectId) -> Option<String> {
    Some(match object {
        ObjectId::Group(id) => id.to_string(),
        ObjectId::Resource(id) => id.to_string(),
        ObjectId::GroupSet(id) => id.to_string(),
        ObjectId::ResourceType(name) => name.to_string(),
        ObjectId::Cluster | ObjectId::Node(_) | ObjectId::Network(_) | ObjectId::NetworkInterface(_) => {
            return None;
        }
    })
}

/// UNDO. The record is looked up in the journal, off the connection's task.
pub(super) fn undo(
    session: &Arc<Session>,
    access: Access,
    input: &PropertyList,
    exchange: Exchange<ClusterControl>,
) {
    let operation = input.text(undo::UNDONE).and_then(|text| text.parse::<OperationId>().ok());
    let Some(operation) = operation else { return exchange.refuse(Status::INVALID_PARAMETER) };
    let remark = Remark { reason: reason(input), token: String::new() };
    let session = Arc::clone(session);
    tokio::task::spawn_blocking(move || {
        let journal = session.core.settled_journal();
        let record = match journal.find(operation) {
            Ok(Some(record)) => record,
            Ok(None) => return answer(exchange, &refused(Status::FILE_NOT_FOUND, not_there(operation))),
            Err(error) => {
                tracing::error!(%error, "the journal cannot be read");
                return answer(exchange, &refused(Status::INVALID_DATA, error.to_string()));
            }
        };
        if !record.has_configured() {
            let text = format!(
                "operation {operation} changed nothing in the configuration; 'mainstay history' shows those that did"
            );
            return answer(exchange, &refused(Status::INVALID_STATE, text));
        }
        let OperationRecord { object, name, changes, .. } = record;
        let command = Command::Undo { operation, object, name, changes, remark };
        session.command(access, command, move |done| answer(exchange, &outcome(done)));
    });
}

fn not_there(operation: OperationId) -> String {
    format!("there is no operation {operation}, or none any more; 'mainstay history' shows those there are")
}

fn reason(input: &PropertyList) -> String {
    input.text(configure::REASON).unwrap_or_default().to_owned()
}

pub(super) fn outcome(done: Answer) -> PropertyList {
    let mut output = refused(done.status, done.text);
    if let Some(operation) = done.operation {
        output.set(submit::OPERATION, Value::Sz(operation.to_string()));
    }
    output
}

fn refused(status: Status, text: String) -> PropertyList {
    list([(submit::STATUS, Value::Dword(status.0)), (submit::TEXT, Value::Sz(text))])
}
