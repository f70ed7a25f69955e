//! Mainstay's own ClusterControl codes: what MS-CMRP has no method for, as property lists.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use mainstay_cmrp::Request;
use mainstay_cmrp::control::{ClusterControl, ControlResponse};
use mainstay_engine::command::{Command, Drain, Remark};
use mainstay_proplist::{PropertyList, Value};
use mainstay_types::control::own;
use mainstay_types::event::object_type;
use mainstay_types::explanation::{Reason, Rule};
use mainstay_types::name::fold;
use mainstay_types::operation::{OperationRecord, Verb};
use mainstay_types::own_codes::{
    explain, explain_object, list_operations, read_journal, say_why, status, submit, validate, wait_operation,
};
use mainstay_types::{Access, ControlCode, ObjectId, OperationId, Status};

use super::events;
use super::exchange::Exchange;
use super::group_set;
use super::plan;
use super::session::Session;
use super::{configuration, configuration_plan};
use crate::core::now;
use crate::journal::{JournalError, JournalQuery, subjects, unreadable};
use crate::validate::guard;

/// How many records one answer carries at most.
const RECORDS_MAX: u32 = 1000;

/// How many records come when the caller does not say.
const RECORDS_DEFAULT: u32 = 50;

/// How long the guard may take to give a sign of life before an explanation says that it gives none: whoever asks waits for it.
const GUARD_ANSWERS_WITHIN: Duration = Duration::from_millis(500);

/// How long one call waits at most; who wants to wait longer asks again.
pub(super) const WAIT_MAX: Duration = Duration::from_secs(60);

/// Whether a code is of our block.
pub(super) fn is_own(code: ControlCode) -> bool {
    own::ALL.contains(&code)
}

/// Whether a request asks why the one before it was refused.
pub(super) fn asks_for_explanation(request: &Request) -> bool {
    matches!(request, Request::ClusterControl(request) if request.control.code == own::EXPLAIN.0)
}

/// Serves a code of our block.
pub(super) fn serve(session: &Arc<Session>, access: Access, exchange: Exchange<ClusterControl>) {
    let control = &exchange.request().control;
    let input = match control.input.as_deref() {
        None | Some([]) => Ok(PropertyList::default()),
        Some(bytes) => PropertyList::parse(bytes),
    };
    let Ok(input) = input else { return exchange.refuse(Status::INVALID_PARAMETER) };
    match ControlCode(control.code) {
        own::SUBMIT => submit_operation(session, access, &input, exchange),
        own::WAIT_OPERATION => wait_for_operation(session, &input, exchange),
        own::LIST_OPERATIONS => {
            answer_blocking(session, exchange, move |session| operations(session, &input));
        }
        own::READ_JOURNAL => answer_blocking(session, exchange, move |session| journal(session, &input)),
        own::EXPLAIN_OBJECT => match object_of(session, &input) {
            Ok(object) => answer_blocking(session, exchange, move |session| explanation(session, &object)),
            Err(refused) => exchange.refuse(refused),
        },
        own::VALIDATE => answer_blocking(session, exchange, |session| {
            let found = crate::validate::validate(&session.core, &session.ground);
            let text = serde_json::to_string(&found).unwrap_or_default();
            Ok(list([(validate::VALIDATION, Value::Sz(text))]))
        }),
        own::PLAN => match plan::wanted(session, &input) {
            Ok(wanted) => {
                let session = Arc::clone(session);
                tokio::task::spawn_blocking(move || {
                    session.core.settled_journal();
                    plan::serve(&session, wanted, exchange);
                });
            }
            Err(refused) => exchange.refuse(refused),
        },
        own::SAY_WHY => {
            session.say_why(input.text(say_why::REASON).unwrap_or_default());
            answer(exchange, &PropertyList::new());
        }
        own::READ_EVENTS => events::read(session, &input, exchange),
        own::READ_CONFIGURATION => configuration::read(session, exchange),
        own::PLAN_CONFIGURATION => configuration_plan::plan(session, &input, exchange),
        own::CONFIGURE => configuration::configure(session, access, &input, exchange),
        own::DEPEND_GROUP => group_set::depend(session, access, &input, exchange),
        own::UNDO => configuration::undo(session, access, &input, exchange),
        own::STATUS => {
            let text = session.core.read(|view| serde_json::to_string(&view.glance()).unwrap_or_default());
            answer(exchange, &list([(status::STATUS, Value::Sz(text))]));
        }
        _ => {
            let text = session.explanation();
            answer(exchange, &list([(explain::TEXT, Value::Sz(text))]));
        }
    }
}

/// SUBMIT: the same command as the operation's own function, with reason and token.
fn submit_operation(
    session: &Arc<Session>,
    access: Access,
    input: &PropertyList,
    exchange: Exchange<ClusterControl>,
) {
    match submission(session, input) {
        Ok(Command::CancelOperation { operation, remark, .. })
            if session.core.read(|view| view.operation(operation)).is_none() =>
        {
            // It is refused; what it was about the journal says.
            let session = Arc::clone(session);
            tokio::spawn(async move {
                let record = current(&session, operation).await.ok().flatten();
                let about = record.map(|record| Box::new((record.object, record.name)));
                submit_command(
                    &session,
                    access,
                    Command::CancelOperation { operation, about, remark },
                    exchange,
                );
            });
        }
        Ok(command) => submit_command(session, access, command, exchange),
        Err(refused) => exchange.refuse(refused),
    }
}

fn submit_command(
    session: &Arc<Session>,
    access: Access,
    command: Command,
    exchange: Exchange<ClusterControl>,
) {
    session.command(access, command, move |done| {
        let mut output =
            list([(submit::STATUS, Value::Dword(done.status.0)), (submit::TEXT, Value::Sz(done.text))]);
        if let Some(operation) = done.operation {
            output.set(submit::OPERATION, Value::Sz(operation.to_string()));
        }
        answer(exchange, &output);
    });
}

/// The command that a list describes.
pub(super) fn submission(session: &Session, input: &PropertyList) -> Result<Command, Status> {
    let verb = input.text(submit::VERB).ok_or(Status::INVALID_PARAMETER)?;
    let object = input.text(submit::OBJECT).ok_or(Status::INVALID_PARAMETER)?;
    let flags = input.dword(submit::FLAGS).unwrap_or(0);
    let buffer = input.bytes(submit::BUFFER).map(<[u8]>::to_vec).unwrap_or_default();
    let remark = Remark {
        reason: input.text(submit::REASON).unwrap_or_default().to_owned(),
        token: input.text(submit::TOKEN).unwrap_or_default().to_owned(),
    };
    match input.dword(submit::OBJECT_TYPE) {
        Some(submit::OBJECT_TYPE_RESOURCE) => {
            let found = session.core.read(|view| view.find_resource(object));
            let resource = found.ok_or(Status::RESOURCE_NOT_FOUND)?;
            match verb {
                v if v == Verb::Offline.as_str() => {
                    Ok(Command::OfflineResource { resource, flags, buffer, remark })
                }
                v if v == Verb::Online.as_str() => {
                    Ok(Command::OnlineResource { resource, flags, buffer, remark })
                }
                v if v == Verb::Restart.as_str() => Ok(Command::RestartResource { resource, flags, remark }),
                v if v == Verb::Fail.as_str() => Ok(Command::FailResource { resource, remark }),
                v if v == Verb::ConfirmStopped.as_str() => Ok(Command::ConfirmStopped { resource, remark }),
                v if v == Verb::DiscardKept.as_str() => Ok(Command::DiscardKept { resource, remark }),
                _ => Err(Status::INVALID_PARAMETER),
            }
        }
        Some(submit::OBJECT_TYPE_GROUP) => {
            let found = session.core.read(|view| view.find_group(object));
            let group = found.ok_or(Status::GROUP_NOT_FOUND)?;
            let shutting_down = input.dword(submit::SHUTTING_DOWN).unwrap_or(0) != 0;
            match verb {
                v if v == Verb::Offline.as_str() && shutting_down => {
                    Ok(Command::ShutDownGroup { group, flags, buffer, remark })
                }
                _ if shutting_down => Err(Status::INVALID_PARAMETER),
                v if v == Verb::Offline.as_str() => {
                    Ok(Command::OfflineGroup { group, flags, buffer, remark })
                }
                v if v == Verb::Online.as_str() => Ok(Command::OnlineGroup { group, flags, buffer, remark }),
                _ => Err(Status::INVALID_PARAMETER),
            }
        }
        Some(submit::OBJECT_TYPE_NODE) => {
            let find = |text| session.core.read(|view| view.find_node(text));
            let node = find(object).ok_or(Status::CLUSTER_NODE_NOT_FOUND)?;
            match verb {
                v if v == Verb::Pause.as_str() => {
                    let target = input.text(submit::DRAIN_TARGET).filter(|text| !text.is_empty());
                    let target = match target {
                        Some(text) => Some(find(text).ok_or(Status::CLUSTER_NODE_NOT_FOUND)?),
                        None => None,
                    };
                    let drains = input.dword(submit::DRAIN).is_some_and(|drain| drain != 0);
                    let drain = drains.then_some(Drain { target });
                    Ok(Command::PauseNode { node, flags, drain, remark })
                }
                v if v == Verb::Resume.as_str() => {
                    let failback = input.dword(submit::FAILBACK).unwrap_or(0);
                    Ok(Command::ResumeNode { node, failback, flags, remark })
                }
                _ => Err(Status::INVALID_PARAMETER),
            }
        }
        Some(submit::OBJECT_TYPE_OPERATION) if verb == Verb::Cancel.as_str() => {
            let operation = OperationId::from_str(object).map_err(|_| Status::INVALID_PARAMETER)?;
            Ok(Command::CancelOperation { operation, about: None, remark })
        }
        _ => Err(Status::INVALID_PARAMETER),
    }
}

/// WAIT_OPERATION: answers when the journal has kept the operation's end (when it is known, while the disk takes
/// nothing), or when the time is up.
fn wait_for_operation(session: &Arc<Session>, input: &PropertyList, exchange: Exchange<ClusterControl>) {
    let id = input.text(wait_operation::OPERATION).and_then(|text| OperationId::from_str(text).ok());
    let Some(id) = id else { return exchange.refuse(Status::INVALID_PARAMETER) };
    let wait =
        Duration::from_millis(input.dword(wait_operation::TIMEOUT_MS).unwrap_or(0).into()).min(WAIT_MAX);
    let waiting = Arc::clone(session);
    tokio::spawn(async move {
        match current(&waiting, id).await {
            Ok(Some(_)) => {}
            Ok(None) => return answer(exchange, &operation_list(None)),
            Err(error) => return tell_unreadable(exchange, id, &error),
        }
        let (sender, ended) = tokio::sync::oneshot::channel();
        let waiter = Box::new(move |record: &OperationRecord| drop(sender.send(record.clone())));
        let number = match waiting.core.hands().journal.wait_for_end(id, waiter) {
            Ok(number) => number,
            Err(error) => return tell_unreadable(exchange, id, &error),
        };
        let ended = tokio::time::timeout(wait, ended).await;
        waiting.core.hands().journal.give_up_waiting(id, number);
        let output = match ended {
            Ok(Ok(record)) => operation_list(Some(&record)),
            _ => match current(&waiting, id).await {
                Ok(record) => operation_list(record.as_ref()),
                Err(error) => return tell_unreadable(exchange, id, &error),
            },
        };
        answer(exchange, &output);
    });
}

/// Answers with what stands in the place of a record that is damaged: it says what is wrong, and the way out.
fn tell_unreadable(exchange: Exchange<ClusterControl>, id: OperationId, error: &JournalError) {
    if !error.is_damage() {
        return refuse(exchange, error);
    }
    tracing::error!(%error, "the journal cannot be read");
    answer(exchange, &operation_list(Some(&unreadable(id, now().unix_ms, error))));
}

/// An operation as it is now: running, with what is pending in it, or as the journal has it.
async fn current(session: &Arc<Session>, id: OperationId) -> Result<Option<OperationRecord>, JournalError> {
    if let Some(running) = session.core.read(|view| view.operation(id)) {
        return Ok(Some(running));
    }
    let session = Arc::clone(session);
    let looked = tokio::task::spawn_blocking(move || {
        let journal = session.core.settled_journal();
        journal.find(id)
    });
    // The task is only ever cut off when the whole service ends.
    looked.await.unwrap_or(Ok(None))
}

fn operation_list(record: Option<&OperationRecord>) -> PropertyList {
    let Some(record) = record else { return list([(wait_operation::ENDED, Value::Dword(0))]) };
    list([
        (wait_operation::RECORD, Value::Sz(serde_json::to_string(record).unwrap_or_default())),
        (wait_operation::ENDED, Value::Dword(u32::from(record.end.is_some()))),
    ])
}

/// LIST_OPERATIONS: what runs, from the engine, and what ended lately, from the journal.
fn operations(session: &Session, input: &PropertyList) -> Result<PropertyList, JournalError> {
    let query = query(session, input, list_operations::OBJECT, list_operations::LIMIT, None);
    let mut records = running(session, &query);
    for record in session.core.settled_journal().read(&query)? {
        if record.end.is_some() && !records.iter().any(|known| known.id == record.id) {
            records.push(record);
        }
    }
    records.sort_by_key(|record| std::cmp::Reverse((record.end.is_none(), record.id.number)));
    records.truncate(query.limit as usize);
    Ok(list([(list_operations::RECORDS, Value::MultiSz(texts(&records)))]))
}

/// What runs of that which a query asks for.
fn running(session: &Session, query: &JournalQuery) -> Vec<OperationRecord> {
    let mut running = session.core.read(|view| view.operations());
    if !query.subjects.is_empty() {
        let wanted: BTreeSet<&String> = query.subjects.iter().collect();
        running.retain(|record| {
            let pending = record.pending.iter().map(|pending| pending.resource.folded().to_owned());
            subjects(record).into_iter().chain(pending).any(|subject| wanted.contains(&subject))
        });
    }
    running
}

/// READ_JOURNAL: records, newest first. Of one object, what runs is shown as it is now: the journal learns who has a
/// part only at the end.
fn journal(session: &Session, input: &PropertyList) -> Result<PropertyList, JournalError> {
    let query = query(session, input, read_journal::OBJECT, read_journal::LIMIT, Some(read_journal::BEFORE));
    let mut records = session.core.settled_journal().read(&query)?;
    if !query.subjects.is_empty() {
        let is_asked = |id: &OperationId| query.before.is_none_or(|before| id.number < before.number);
        for record in running(session, &query).into_iter().filter(|record| is_asked(&record.id)) {
            records.retain(|known| known.id != record.id);
            records.push(record);
        }
        records.sort_by_key(|record| std::cmp::Reverse(record.id.number));
        records.truncate(query.limit as usize);
    }
    Ok(list([(read_journal::RECORDS, Value::MultiSz(texts(&records)))]))
}

/// What the journal is asked for when somebody names an object: the object by name and id, which finds what was
/// recorded under an earlier name, and the resources that are in a group now.
fn concerned(session: &Session, object: &str) -> Vec<String> {
    let mut subjects = BTreeSet::from([fold(object)]);
    session.core.read(|view| {
        let resources = view.find_resource(object).into_iter();
        let group = view.find_group(object);
        let members =
            group.and_then(|id| view.model().group(id)).into_iter().flat_map(|found| &found.members);
        for id in resources.chain(members.copied()) {
            subjects.extend(view.model().resource(id).map(|found| found.name.folded().to_owned()));
            subjects.insert(id.to_string());
        }
        if let Some(found) = group.and_then(|id| view.model().group(id)) {
            subjects.extend([found.name.folded().to_owned(), found.id.to_string()]);
        }
    });
    subjects.into_iter().collect()
}

/// The object that a list names: a resource, a group, a network or a network interface.
fn object_of(session: &Session, input: &PropertyList) -> Result<ObjectId, Status> {
    let name = input.text(explain_object::OBJECT).ok_or(Status::INVALID_PARAMETER)?;
    let resource = || session.core.read(|view| view.find_resource(name)).map(ObjectId::Resource);
    let group = || session.core.read(|view| view.find_group(name)).map(ObjectId::Group);
    let network = || session.core.read(|view| view.find_network(name)).map(ObjectId::Network);
    let interface = || session.core.read(|view| view.find_interface(name)).map(ObjectId::NetworkInterface);
    match input.dword(explain_object::OBJECT_TYPE) {
        Some(object_type::NETWORK) => network().ok_or(Status::CLUSTER_NETWORK_NOT_FOUND),
        Some(object_type::NETWORK_INTERFACE) => interface().ok_or(Status::CLUSTER_NETINTERFACE_NOT_FOUND),
        Some(submit::OBJECT_TYPE_RESOURCE) => resource().ok_or(Status::RESOURCE_NOT_FOUND),
        Some(submit::OBJECT_TYPE_GROUP) => group().ok_or(Status::GROUP_NOT_FOUND),
        Some(_) => Err(Status::INVALID_PARAMETER),
        None => {
            let found = resource().or_else(group).or_else(network).or_else(interface);
            found.ok_or(Status::RESOURCE_NOT_FOUND)
        }
    }
}

/// EXPLAIN_OBJECT: from the journal and from what is. Empty when the object is gone meanwhile.
fn explanation(session: &Session, object: &ObjectId) -> Result<PropertyList, JournalError> {
    let searches = session.core.read(|view| view.explained_by(object));
    let records = session.core.hands().journal.involving(searches)?;
    let mut explained = session.core.read(|view| match object {
        ObjectId::Resource(id) => view.explain_resource(*id, &records),
        // Nobody here knows the hour of the cluster's place; that is outside of every window of failback.
        ObjectId::Group(id) => view.explain_group(*id, &records, None),
        ObjectId::Network(id) => view.explain_network(*id, &records),
        ObjectId::NetworkInterface(id) => view.explain_interface(*id),
        _ => None,
    });
    if let Some(explained) = &mut explained
        && session.core.read(|view| view.waits_for_guard(object))
        && let Some(found) = guard::silence(&session.core, &session.ground, GUARD_ANSWERS_WITHIN)
    {
        let text = format!("the guard: {}; {}", found.seen, found.way_out);
        explained.notes.push(Reason::of(Rule::GuardSilent, text));
    }
    let text = explained.and_then(|found| serde_json::to_string(&found).ok());
    Ok(list(text.map(|text| (explain_object::EXPLANATION, Value::Sz(text)))))
}

fn query(
    session: &Session,
    input: &PropertyList,
    object: &str,
    limit: &str,
    before: Option<&str>,
) -> JournalQuery {
    let object = input.text(object).filter(|text| !text.is_empty());
    JournalQuery {
        subjects: object.map(|object| concerned(session, object)).unwrap_or_default(),
        before: before.and_then(|name| input.text(name)?.parse().ok()),
        limit: input.dword(limit).unwrap_or(RECORDS_DEFAULT).min(RECORDS_MAX),
    }
}

fn texts(records: &[OperationRecord]) -> Vec<String> {
    records.iter().map(|record| serde_json::to_string(record).unwrap_or_default()).collect()
}

/// For what reads the journal's file: off the connection's task.
fn answer_blocking(
    session: &Arc<Session>,
    exchange: Exchange<ClusterControl>,
    make: impl FnOnce(&Session) -> Result<PropertyList, JournalError> + Send + 'static,
) {
    let session = Arc::clone(session);
    tokio::task::spawn_blocking(move || {
        session.core.settled_journal();
        match make(&session) {
            Ok(output) => answer(exchange, &output),
            Err(error) => refuse(exchange, &error),
        }
    });
}

pub(super) fn answer(exchange: Exchange<ClusterControl>, output: &PropertyList) {
    match output.to_bytes() {
        Ok(bytes) => {
            let response = ControlResponse::new(&exchange.request().control, bytes);
            exchange.answer(&response);
        }
        Err(error) => {
            tracing::error!(%error, "an answer is larger than a property list may be");
            exchange.refuse(Status::NOT_ENOUGH_MEMORY);
        }
    }
}

pub(super) fn refuse(exchange: Exchange<ClusterControl>, error: &JournalError) {
    tracing::error!(%error, "the journal cannot be read");
    exchange.refuse(Status::INVALID_DATA);
}

pub(super) fn list<'n>(properties: impl IntoIterator<Item = (&'n str, Value)>) -> PropertyList {
    let mut list = PropertyList::default();
    for (name, value) in properties {
        list.set(name, value);
    }
    list
}
