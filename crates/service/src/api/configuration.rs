//! The configuration as data: read whole, planned, done step by step, taken back.

use std::sync::Arc;

use mainstay_cmrp::control::ClusterControl;
use mainstay_engine::command::{Command, Remark};
use mainstay_engine::effect::Answer;
use mainstay_engine::error::Refusal;
use mainstay_engine::group_set::OrderChange;
use mainstay_proplist::{PropertyList, Value};
use mainstay_types::configuration::{ConfiguredKind, ConfiguredObject};
use mainstay_types::operation::{End, OperationRecord};
use mainstay_types::own_codes::{configure, plan_configuration, read_configuration, submit, undo};
use mainstay_types::{Access, GroupId, GroupSetId, Name, NodeId, ObjectId, OperationId, ResourceId, Status};
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

/// PLAN_CONFIGURATION.
pub(super) fn plan(session: &Session, input: &PropertyList, exchange: Exchange<ClusterControl>) {
    let text = input.text(plan_configuration::CONFIGURATION).unwrap_or_default();
    let wanted: Vec<ConfiguredObject> = match serde_json::from_str(text) {
        Ok(wanted) => wanted,
        Err(error) => {
            session.explain(format!("the configuration cannot be read: {error}"));
            return exchange.refuse(Status::INVALID_PARAMETER);
        }
    };
    let steps = session.core.read(|view| view.plan_configuration(&wanted));
    documents(session, exchange, plan_configuration::STEPS, steps);
}

fn documents<D: Serialize>(
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
    let is_set = |word: &str| input.dword(word).unwrap_or(0) != 0;
    let (deletes, is_new) = (is_set(configure::DELETE), is_set(configure::NEW));
    if deletes && is_new {
        return exchange.refuse(Status::INVALID_PARAMETER);
    }
    let found = match is_new {
        true => new_object(&wanted).map(|(object, id)| (object, Some(id))),
        false => object_of(session, &wanted).map(|object| (object, None)),
    };
    let Some((object, made)) = found else {
        session.explain(format!("there is no {} '{}', and none can be made so", wanted.kind, wanted.name));
        return exchange.refuse(Status::INVALID_PARAMETER);
    };
    let remark = Remark { reason: reason(input), token: String::new() };
    let command = match (deletes, object) {
        (false, object) => Command::Configure { object, wanted: Box::new(wanted), is_new, remark },
        (true, ObjectId::Group(group)) => Command::DeleteGroup { group, force: false },
        (true, ObjectId::Resource(resource)) => Command::DeleteResource { resource },
        (true, ObjectId::ResourceType(name)) => Command::DeleteResourceType { name },
        (true, ObjectId::GroupSet(set)) => Command::Order(OrderChange::DeleteSet { set }),
        (
            true,
            ObjectId::Cluster | ObjectId::Node(_) | ObjectId::Network(_) | ObjectId::NetworkInterface(_),
        ) => {
            return exchange.refuse(Status::INVALID_PARAMETER);
        }
    };
    session.command(access, command, move |done| {
        let mut output = outcome(done);
        if let Some(id) = made {
            output.set(configure::OBJECT_ID, Value::Sz(id));
        }
        answer(exchange, &output);
    });
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
        if record.changes.is_empty() || record.end != Some(End::Done) {
            let text = format!(
                "operation {operation} changed nothing in the configuration; 'mainstay history' shows those that did"
            );
            return answer(exchange, &refused(Status::INVALID_STATE, text));
        }
        let OperationRecord { object, changes, .. } = record;
        let command = Command::Undo { operation, object, changes, remark };
        session.command(access, command, move |done| answer(exchange, &outcome(done)));
    });
}

fn not_there(operation: OperationId) -> String {
    format!("there is no operation {operation}, or none any more; 'mainstay history' shows those there are")
}

fn reason(input: &PropertyList) -> String {
    input.text(configure::REASON).unwrap_or_default().to_owned()
}

/// A new id, and how it is written, for an object that is to be made. Whether its name is free, the engine says when
/// its turn comes.
fn new_object(wanted: &ConfiguredObject) -> Option<(ObjectId, String)> {
    let id = random_uuid();
    Some(match wanted.kind {
        ConfiguredKind::Cluster
        | ConfiguredKind::Node
        | ConfiguredKind::Network
        | ConfiguredKind::NetworkInterface => return None,
        ConfiguredKind::Type => {
            (ObjectId::ResourceType(Name::parse(&wanted.name).ok()?), wanted.name.clone())
        }
        ConfiguredKind::GroupSet => (ObjectId::GroupSet(GroupSetId(id)), GroupSetId(id).to_string()),
        ConfiguredKind::Group => (ObjectId::Group(GroupId(id)), GroupId(id).to_string()),
        ConfiguredKind::Resource => (ObjectId::Resource(ResourceId(id)), ResourceId(id).to_string()),
    })
}

/// The object of that kind and name; for one that can be made, a new id.
fn object_of(session: &Session, wanted: &ConfiguredObject) -> Option<ObjectId> {
    let name = wanted.name.as_str();
    session.core.read(|view| {
        let model = view.model();
        Some(match wanted.kind {
            ConfiguredKind::Cluster => ObjectId::Cluster,
            // By name alone: a document has no ids, and a name may look like one.
            ConfiguredKind::Node => {
                let found: Option<NodeId> = model.nodes().find(|node| node.name.is(name)).map(|node| node.id);
                ObjectId::Node(found?)
            }
            ConfiguredKind::Network => {
                let found = model.networks().find(|network| network.name.is(name));
                ObjectId::Network(found?.id)
            }
            ConfiguredKind::NetworkInterface => {
                let found = model.interfaces().find(|interface| interface.name.is(name));
                ObjectId::NetworkInterface(found?.id)
            }
            ConfiguredKind::Type => ObjectId::ResourceType(Name::parse(name).ok()?),
            ConfiguredKind::GroupSet => {
                let found = model.group_sets().find(|set| set.name.is(name)).map(|set| set.id);
                ObjectId::GroupSet(found.unwrap_or_else(|| GroupSetId(random_uuid())))
            }
            ConfiguredKind::Group => {
                let found = model.groups().find(|group| group.name.is(name)).map(|group| group.id);
                ObjectId::Group(found.unwrap_or_else(|| GroupId(random_uuid())))
            }
            ConfiguredKind::Resource => {
                let found = model.resources().find(|resource| resource.name.is(name)).map(|found| found.id);
                ObjectId::Resource(found.unwrap_or_else(|| ResourceId(random_uuid())))
            }
        })
    })
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
