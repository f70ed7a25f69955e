//! PLAN: what a call would do. The call is read as the call itself would be, and rehearsed on a copy of the engine; what
//! types would be asked they are asked, and say to the rehearsal.

use std::time::Instant;

use mainstay_cmrp::control::ClusterControl;
use mainstay_engine::command::Command;
use mainstay_engine::limits::CHECK_ROUNDS_MAX;
use mainstay_engine::rehearsal::{Asked, Durations, Said};
use mainstay_proplist::{PropertyList, Value};
use mainstay_types::control::{function, object};
use mainstay_types::own_codes::{plan, submit};
use mainstay_types::plan::{CallPlan, Plan};
use mainstay_types::{Access, ControlCode, GroupId, ObjectId, Status};

use super::exchange::Exchange;
use super::judges::{ask_all, caller, deadline};
use super::own_codes::{answer, list, refuse, submission};
use super::session::Session;
use crate::core::now;
use crate::journal::JournalError;

/// The bit of codes that change something.
const MODIFY: u32 = 0x0040_0000;

/// What is asked for.
pub(super) enum Wanted {
    Call(Command),
    Placement(Box<Plan>),
}

/// What a list asks for; refused when its words mean nothing, or nothing has the name.
pub(super) fn wanted(session: &Session, input: &PropertyList) -> Result<Wanted, Status> {
    let verb = input.text(submit::VERB).ok_or(Status::INVALID_PARAMETER)?;
    let node =
        |name: &str| session.core.read(|view| view.find_node(name)).ok_or(Status::CLUSTER_NODE_NOT_FOUND);
    match verb {
        plan::NODE_LOSS => {
            let lost = node(input.text(submit::OBJECT).ok_or(Status::INVALID_PARAMETER)?)?;
            let groups = session.core.read(|view| view.plan_node_loss(lost, None));
            Ok(Wanted::Placement(Box::new(Plan::Placement(groups))))
        }
        plan::MOVE => {
            let ObjectId::Group(group) = object_of(session, input)? else {
                return Err(Status::INVALID_PARAMETER);
            };
            let node = input.text(plan::TARGET).filter(|name| !name.is_empty()).map(node).transpose()?;
            let flags = input.dword(submit::FLAGS).unwrap_or(0);
            Ok(Wanted::Call(Command::MoveGroup { group, node, flags, buffer: Vec::new() }))
        }
        plan::DELETE => Ok(Wanted::Call(match object_of(session, input)? {
            ObjectId::Resource(resource) => Command::DeleteResource { resource },
            ObjectId::Group(group) => {
                let flags = input.dword(submit::FLAGS).unwrap_or(0);
                Command::DeleteGroup { group, force: flags & plan::WITH_RESOURCES != 0 }
            }
            _ => return Err(Status::INVALID_PARAMETER),
        })),
        plan::SET_COMMON => setting(session, input, function::SET_COMMON_PROPERTIES),
        plan::SET_PRIVATE => setting(session, input, function::SET_PRIVATE_PROPERTIES),
        _ => submission(session, input).map(Wanted::Call),
    }
}

fn setting(session: &Session, input: &PropertyList, function: u32) -> Result<Wanted, Status> {
    let target = object_of(session, input)?;
    let kind = match &target {
        ObjectId::Resource(_) => object::RESOURCE,
        ObjectId::Group(_) => object::GROUP,
        ObjectId::Node(_) => object::NODE,
        ObjectId::Cluster => object::CLUSTER,
        _ => return Err(Status::INVALID_PARAMETER),
    };
    Ok(Wanted::Call(Command::Control {
        object: target,
        code: ControlCode(kind | MODIFY | function),
        input: input.bytes(submit::BUFFER).map(<[u8]>::to_vec).unwrap_or_default(),
        output_length_max: 0,
    }))
}

fn object_of(session: &Session, input: &PropertyList) -> Result<ObjectId, Status> {
    let name = input.text(submit::OBJECT).ok_or(Status::INVALID_PARAMETER)?;
    session.core.read(|view| match input.dword(submit::OBJECT_TYPE) {
        Some(submit::OBJECT_TYPE_CLUSTER) => Ok(ObjectId::Cluster),
        Some(submit::OBJECT_TYPE_NODE) => {
            view.find_node(name).map(ObjectId::Node).ok_or(Status::CLUSTER_NODE_NOT_FOUND)
        }
        Some(submit::OBJECT_TYPE_RESOURCE) => {
            view.find_resource(name).map(ObjectId::Resource).ok_or(Status::RESOURCE_NOT_FOUND)
        }
        Some(submit::OBJECT_TYPE_GROUP) => {
            view.find_group(name).map(ObjectId::Group).ok_or(Status::GROUP_NOT_FOUND)
        }
        _ => Err(Status::INVALID_PARAMETER),
    })
}

/// Answers what is asked for. Reads the journal, asks types, and takes time with the size of the cluster: off the
/// connection's task.
pub(super) fn serve(session: &Session, wanted: Wanted, exchange: Exchange<ClusterControl>) {
    let plan = match wanted {
        Wanted::Placement(plan) => *plan,
        Wanted::Call(command) => match rehearsed(session, &command) {
            Ok(mut plan) => {
                plan.notes.extend(note_of_access(session));
                Plan::Call(plan)
            }
            Err(error) => return refuse(exchange, &error),
        },
    };
    let text = serde_json::to_string(&plan).unwrap_or_default();
    answer(exchange, &list([(plan::PLAN, Value::Sz(text))]));
}

/// Looking is enough to be told what a call would do, and not for the call.
fn note_of_access(session: &Session) -> Option<String> {
    let may_only_look = session.access().is_none_or(|access| access < Access::Full);
    may_only_look.then(|| {
        format!("you may only look: from you the call itself would be refused with {}", Status::ACCESS_DENIED)
    })
}

/// Rehearses until nothing is left that types would be asked: what they say may lead elsewhere, and the cluster goes on
/// meanwhile.
fn rehearsed(session: &Session, command: &Command) -> Result<CallPlan, JournalError> {
    let group = session.core.read(|view| group_of(view.model(), command));
    let searches = group.map(|group| session.core.read(|view| view.planned_by(group)));
    let records = session.core.hands().journal.involving(searches.unwrap_or_default())?;
    let durations = Durations::of(&records);
    let deadline = deadline();
    let (mut said, mut rounds): (Vec<Said>, u32) = (Vec::new(), 0);
    loop {
        let durations = durations.clone();
        // Under the engine's lock there is only the copy, and where placement would have the group.
        let (rehearsal, placed) = session.core.read(|view| {
            let placed = match command {
                Command::MoveGroup { group, node, .. } => view.plan_move(*group, *node, None),
                _ => Vec::new(),
            };
            (view.rehearsal(now(), durations), placed)
        });
        let rehearsal = rehearsal.knowing(records.clone()).heeding(said.clone());
        let (mut plan, open) = match command {
            Command::DeleteGroup { group, force: true } => rehearsal.run_deletion(&caller(session), *group),
            _ => rehearsal.run_asking(caller(session), command.clone()),
        };
        if !open.is_empty() {
            // As often as an offline call asks them.
            if rounds < CHECK_ROUNDS_MAX {
                said.extend(ask(session, open, deadline));
                rounds += 1;
                continue;
            }
            plan.notes.push("the cluster changes too fast: what types say to it is not known".into());
        }
        // What placement says of the node, whatever the call is answered.
        for found in placed {
            // A decision that leaves it where it is has the nodes in it.
            let nodes = found.nodes.iter().filter(|node| !found.decision.contains(node.as_str()));
            plan.notes
                .extend([&found.decision].into_iter().chain(nodes).map(|it| format!("placement: {it}")));
        }
        return Ok(plan);
    }
}

fn ask(session: &Session, open: Vec<Asked>, deadline: Instant) -> Vec<Said> {
    let answers = ask_all(session, &open.iter().collect::<Vec<_>>(), deadline);
    let said = open.into_iter().zip(answers).map(|(asked, answer)| {
        // The engine says itself what silence means.
        let answer = answer.filter(|answer| answer.status != Status::RESOURCE_CALL_TIMED_OUT);
        Said { asked, answer: answer.map(|answer| (answer.status, answer.text)) }
    });
    said.collect()
}

/// The group whose resources a call may concern: dependencies stay within one.
fn group_of(model: &mainstay_engine::model::Model, command: &Command) -> Option<GroupId> {
    let of_resource = |id| model.resource(id).map(|resource| resource.group);
    match command {
        Command::OfflineResource { resource, .. }
        | Command::OnlineResource { resource, .. }
        | Command::RestartResource { resource, .. }
        | Command::FailResource { resource, .. }
        | Command::ConfirmStopped { resource, .. }
        | Command::DiscardKept { resource, .. }
        | Command::DeleteResource { resource } => of_resource(*resource),
        Command::OfflineGroup { group, .. }
        | Command::OnlineGroup { group, .. }
        | Command::ShutDownGroup { group, .. }
        | Command::MoveGroup { group, .. }
        | Command::DeleteGroup { group, .. } => Some(*group),
        _ => None,
    }
}
