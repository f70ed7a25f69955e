//! Group sets, and the order in which groups start.
//!
//! There is no method that opens a group set for reading: who may only look is told of sets by STATUS.

use std::sync::Arc;

use mainstay_cmrp::control::ClusterControl;
use mainstay_cmrp::group::{RemoveClusterGroupDependency, SetGroupDependencyExpression};
use mainstay_cmrp::group_set::{
    AddGroupSetDependency, AddGroupToGroupSet, AddGroupToGroupSetDependency, AddGroupToGroupSetEx,
    CloseGroupSet, CreateGroupSet, CreateGroupSetEnum, DeleteGroupSet, MoveGroupToGroupSet, OpenGroupSet,
    RemoveClusterGroupToGroupSetDependency, RemoveGroupFromGroupSet, RemoveGroupSetDependency,
    SetGroupSetDependencyExpression,
};
use mainstay_cmrp::{
    CloseResponse, EnumList, EnumResponse, GroupHandle, GroupSetHandle, OpenResponse, Operation,
    StatusResponse,
};
use mainstay_engine::command::Command;
use mainstay_engine::group_set::OrderChange;
use mainstay_proplist::PropertyList;
use mainstay_types::access::DesiredAccess;
use mainstay_types::event::object_type;
use mainstay_types::own_codes::depend_group;
use mainstay_types::{Access, GroupId, GroupSetId, Status};

use super::configuration::outcome;
use super::exchange::{Exchange, Failure, Served};
use super::handles::{BadHandle, Held};
use super::own_codes::answer;
use super::session::Session;
use crate::ids::random_uuid;

pub(super) fn open(session: &Arc<Session>, request: &OpenGroupSet) -> Served<OpenGroupSet> {
    let access = session.grant(DesiredAccess::Exactly(Access::Full))?;
    let id = session.core.read(|view| view.find_group_set(&request.name));
    let id = id.ok_or(Status::GROUPSET_NOT_FOUND)?;
    Ok(OpenResponse::opened(session.give(Held::GroupSet(id, access))?))
}

pub(super) fn close(session: &Arc<Session>, request: &CloseGroupSet) -> Served<CloseGroupSet> {
    let mut handles = session.handles.lock();
    handles.group_set(request.group_set)?;
    handles.take_back(request.group_set);
    Ok(CloseResponse::default())
}

pub(super) fn enumerate(session: &Arc<Session>, request: &CreateGroupSetEnum) -> Served<CreateGroupSetEnum> {
    session.handles.lock().cluster(request.cluster)?;
    let mut names: Vec<String> =
        session.core.read(|view| view.model().group_sets().map(|set| set.name.to_string()).collect());
    names.sort();
    Ok(EnumResponse::new(EnumList::new(names.into_iter().map(|name| (object_type::GROUP_SET, name)))))
}

pub(super) fn create(session: &Arc<Session>, exchange: Exchange<CreateGroupSet>) {
    let Some(access) = session.access() else { return exchange.end(Err(Status::ACCESS_DENIED.into())) };
    let (id, name) = (GroupSetId(random_uuid()), exchange.request().name.clone());
    let giving = Arc::clone(session);
    session.command(access, Command::Order(OrderChange::CreateSet { id, name }), move |answer| {
        let answer = match answer.status {
            Status::SUCCESS => giving.give(Held::GroupSet(id, access)).map(OpenResponse::opened),
            status => Err(Failure::Status(status)),
        };
        exchange.end(answer);
    });
}

pub(super) fn delete(session: &Arc<Session>, exchange: Exchange<DeleteGroupSet>) {
    let found = set_of(session, exchange.request().group_set);
    change(session, exchange, found, |set, _| Ok(OrderChange::DeleteSet { set }));
}

pub(super) fn add_group(session: &Arc<Session>, exchange: Exchange<AddGroupToGroupSet>) {
    let found = set_of(session, exchange.request().group_set);
    let group = group_of(session, exchange.request().group);
    change(session, exchange, found, |set, _| Ok(OrderChange::Join { group: group?.0, set, moves: false }));
}

/// The domains of an availability set have no effect here, so a group is not said to be in one.
pub(super) fn add_group_ex(session: &Arc<Session>, exchange: Exchange<AddGroupToGroupSetEx>) {
    if exchange.request().use_domains {
        session.explain(
            "a group set has no fault domains and update domains here; add the group without them".into(),
        );
        return exchange.end(Err(Status::NOT_SUPPORTED.into()));
    }
    let found = set_of(session, exchange.request().group_set);
    let group = group_of(session, exchange.request().group);
    change(session, exchange, found, |set, _| Ok(OrderChange::Join { group: group?.0, set, moves: false }));
}

pub(super) fn move_group(session: &Arc<Session>, exchange: Exchange<MoveGroupToGroupSet>) {
    let found = set_of(session, exchange.request().group_set);
    let group = group_of(session, exchange.request().group);
    change(session, exchange, found, |set, _| Ok(OrderChange::Join { group: group?.0, set, moves: true }));
}

pub(super) fn remove_group(session: &Arc<Session>, exchange: Exchange<RemoveGroupFromGroupSet>) {
    let found = group_of(session, exchange.request().group);
    change(session, exchange, found, |group, _| Ok(OrderChange::Leave { group }));
}

pub(super) fn add_set_dependency(session: &Arc<Session>, exchange: Exchange<AddGroupSetDependency>) {
    let found = set_of(session, exchange.request().group_set);
    let provider = set_of(session, exchange.request().provider);
    change(session, exchange, found, |set, _| Ok(OrderChange::AddSet { set, provider: provider?.0 }));
}

pub(super) fn remove_set_dependency(session: &Arc<Session>, exchange: Exchange<RemoveGroupSetDependency>) {
    let found = set_of(session, exchange.request().group_set);
    let provider = set_of(session, exchange.request().provider);
    change(session, exchange, found, |set, _| Ok(OrderChange::RemoveSet { set, provider: provider?.0 }));
}

pub(super) fn set_set_expression(
    session: &Arc<Session>,
    exchange: Exchange<SetGroupSetDependencyExpression>,
) {
    let found = set_of(session, exchange.request().group_set);
    change(session, exchange, found, |set, request| {
        Ok(OrderChange::SetSets { set, expression: request.expression.clone() })
    });
}

pub(super) fn add_group_to_set_dependency(
    session: &Arc<Session>,
    exchange: Exchange<AddGroupToGroupSetDependency>,
) {
    let found = group_of(session, exchange.request().group);
    let provider = set_of(session, exchange.request().provider);
    change(session, exchange, found, |group, _| {
        Ok(OrderChange::AddSetToGroup { group, provider: provider?.0 })
    });
}

pub(super) fn remove_group_to_set_dependency(
    session: &Arc<Session>,
    exchange: Exchange<RemoveClusterGroupToGroupSetDependency>,
) {
    let found = group_of(session, exchange.request().group);
    let provider = set_of(session, exchange.request().provider);
    change(session, exchange, found, |group, _| {
        Ok(OrderChange::RemoveSetFromGroup { group, provider: provider?.0 })
    });
}

pub(super) fn set_group_expression(session: &Arc<Session>, exchange: Exchange<SetGroupDependencyExpression>) {
    let found = group_of(session, exchange.request().group);
    change(session, exchange, found, |group, request| {
        Ok(OrderChange::SetGroups { group, expression: request.expression.clone() })
    });
}

pub(super) fn remove_group_dependency(
    session: &Arc<Session>,
    exchange: Exchange<RemoveClusterGroupDependency>,
) {
    let found = group_of(session, exchange.request().group);
    let provider = group_of(session, exchange.request().provider);
    change(session, exchange, found, |group, _| {
        Ok(OrderChange::RemoveGroup { group, provider: provider?.0 })
    });
}

/// DEPEND_GROUP: AddClusterGroupDependency, for which the protocol has no method.
pub(super) fn depend(
    session: &Arc<Session>,
    access: Access,
    input: &PropertyList,
    exchange: Exchange<ClusterControl>,
) {
    let group = |name: &str| {
        let text = input.text(name).unwrap_or_default();
        session.core.read(|view| view.find_group(text))
    };
    let (Some(group), Some(provider)) = (group(depend_group::GROUP), group(depend_group::PROVIDER)) else {
        session.explain("there is no such group; 'mainstay group list' shows those there are".into());
        return exchange.refuse(Status::GROUP_NOT_FOUND);
    };
    let command = Command::Order(OrderChange::AddGroup { group, provider });
    session.command(access, command, move |done| answer(exchange, &outcome(done)));
}

fn set_of(session: &Session, handle: GroupSetHandle) -> Result<(GroupSetId, Access), BadHandle> {
    session.handles.lock().group_set(handle)
}

fn group_of(session: &Session, handle: GroupHandle) -> Result<(GroupId, Access), BadHandle> {
    session.handles.lock().group(handle)
}

/// Sends a change to the object of a request's first handle and answers with its status.
fn change<O, I>(
    session: &Arc<Session>,
    exchange: Exchange<O>,
    found: Result<(I, Access), BadHandle>,
    change: impl FnOnce(I, &O) -> Result<OrderChange, BadHandle>,
) where
    O: Operation<Response = StatusResponse> + Send + 'static,
{
    let asked = found.and_then(|(id, access)| Ok((change(id, exchange.request())?, access)));
    match asked {
        Ok((change, access)) => session.simple(access, Command::Order(change), exchange),
        Err(bad) => exchange.end(Err(bad.into())),
    }
}
