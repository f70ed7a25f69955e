//! Resources: opening them, their state, their life, their dependencies and owners.

use std::sync::Arc;

use mainstay_cmrp::resource::{
    AddResourceDependency, AddResourceNode, CanResourceBeDependent, CloseResource, CreateResEnum,
    CreateResource, DeleteResource, FailResource, GetResourceDependencyExpression, GetResourceId,
    GetResourceState, GetResourceStateResponse, GetResourceType, OfflineResource, OfflineResourceEx,
    OnlineResource, OnlineResourceEx, OpenResource, OpenResourceEx, RemoveResourceDependency,
    RemoveResourceNode, RestartResource, SetResourceDependencyExpression, SetResourceName,
};
use mainstay_cmrp::{
    CloseResponse, EnumList, EnumResponse, OpenExResponse, OpenResponse, Operation, ResourceHandle,
    StatusResponse, StringResponse,
};
use mainstay_engine::command::{Command, Remark};
use mainstay_types::access::DesiredAccess;
use mainstay_types::{Access, ResourceId, Status};

use super::exchange::{Exchange, Failure, Served};
use super::handles::{BadHandle, Handles, Held};
use super::session::Session;
use crate::ids::random_uuid;

pub(super) fn open(session: &Arc<Session>, request: &OpenResource) -> Served<OpenResource> {
    let access = session.grant(DesiredAccess::Exactly(Access::Full))?;
    Ok(OpenResponse::opened(give(session, &request.name, access)?))
}

pub(super) fn open_ex(session: &Arc<Session>, request: &OpenResourceEx) -> Served<OpenResourceEx> {
    let access = session.grant_mask(request.desired_access)?;
    Ok(OpenExResponse::opened(access.granted_mask(), give(session, &request.name, access)?))
}

pub(super) fn close(session: &Arc<Session>, request: &CloseResource) -> Served<CloseResource> {
    let mut handles = session.handles.lock();
    handles.resource(request.resource)?;
    handles.take_back(request.resource);
    Ok(CloseResponse::default())
}

pub(super) fn state(session: &Arc<Session>, request: &GetResourceState) -> Served<GetResourceState> {
    let (id, _) = session.handles.lock().resource(request.resource)?;
    session.core.read(|view| {
        let resource = view.resource(id).ok_or(Status::RESOURCE_NOT_AVAILABLE)?;
        Ok(GetResourceStateResponse {
            state: resource.state.number(),
            node_name: Some(resource.owner_name.to_owned()),
            group_name: Some(resource.group_name.to_owned()),
            ..GetResourceStateResponse::default()
        })
    })
}

pub(super) fn id(session: &Arc<Session>, request: &GetResourceId) -> Served<GetResourceId> {
    let (id, _) = session.handles.lock().resource(request.resource)?;
    session.core.read(|view| {
        view.resource(id).ok_or(Status::RESOURCE_NOT_AVAILABLE)?;
        Ok(StringResponse::new(id.to_string()))
    })
}

pub(super) fn type_name(session: &Arc<Session>, request: &GetResourceType) -> Served<GetResourceType> {
    let (id, _) = session.handles.lock().resource(request.resource)?;
    session.core.read(|view| {
        let resource = view.resource(id).ok_or(Status::RESOURCE_NOT_AVAILABLE)?;
        Ok(StringResponse::new(resource.type_name.as_str()))
    })
}

pub(super) fn can_be_dependent(
    session: &Arc<Session>,
    request: &CanResourceBeDependent,
) -> Served<CanResourceBeDependent> {
    let handles = session.handles.lock();
    let (provider, _) = handles.resource(request.resource)?;
    let (dependent, _) = handles.resource(request.dependent)?;
    drop(handles);
    let possible = session.core.read(|view| view.can_resource_be_dependent(dependent, provider));
    let status = if possible { Status::SUCCESS } else { Status::DEPENDENCY_NOT_ALLOWED };
    Ok(StatusResponse::from(status.0))
}

pub(super) fn enumerate(session: &Arc<Session>, request: &CreateResEnum) -> Served<CreateResEnum> {
    let (id, _) = session.handles.lock().resource(request.resource)?;
    let found = session.core.read(|view| view.enumerate_resource(id, request.type_mask))?;
    Ok(EnumResponse::new(EnumList::new(found.into_iter().map(|item| (item.kind, item.name)))))
}

pub(super) fn dependency_expression(
    session: &Arc<Session>,
    request: &GetResourceDependencyExpression,
) -> Served<GetResourceDependencyExpression> {
    let (id, _) = session.handles.lock().resource(request.resource)?;
    session.core.read(|view| {
        let expression = view.dependency_expression(id).ok_or(Status::RESOURCE_NOT_AVAILABLE)?;
        Ok(StringResponse::new(expression))
    })
}

pub(super) fn create(session: &Arc<Session>, exchange: Exchange<CreateResource>) {
    let request = exchange.request();
    let found = session.handles.lock().group(request.group);
    let (group, access) = match found {
        Ok(found) => found,
        Err(bad) => return exchange.end(Err(bad.into())),
    };
    let id = ResourceId(random_uuid());
    let command = Command::CreateResource {
        id,
        group,
        name: request.name.clone(),
        type_name: request.type_name.clone(),
        flags: request.flags,
    };
    let giving = Arc::clone(session);
    session.command(access, command, move |answer| {
        let answer = match answer.status {
            Status::SUCCESS => giving.give(Held::Resource(id, access)).map(OpenResponse::opened),
            status => Err(Failure::Status(status)),
        };
        exchange.end(answer);
    });
}

/// Sends a command to the resource of a request's handle and answers with the command's status.
fn to_resource<O>(
    session: &Arc<Session>,
    exchange: Exchange<O>,
    handle: impl FnOnce(&O) -> ResourceHandle,
    command: impl FnOnce(ResourceId, &O) -> Command,
) where
    O: Operation<Response = StatusResponse> + Send + 'static,
{
    let found = session.handles.lock().resource(handle(exchange.request()));
    match found {
        Ok((resource, access)) => {
            let command = command(resource, exchange.request());
            session.simple(access, command, exchange);
        }
        Err(bad) => exchange.end(Err(bad.into())),
    }
}

/// As [`to_resource`], for commands that name a second object.
fn to_pair<O, T>(
    session: &Arc<Session>,
    exchange: Exchange<O>,
    handle: impl FnOnce(&O) -> ResourceHandle,
    other: impl FnOnce(&Handles, &O) -> Result<T, BadHandle>,
    command: impl FnOnce(ResourceId, T) -> Command,
) where
    O: Operation<Response = StatusResponse> + Send + 'static,
{
    let other = other(&session.handles.lock(), exchange.request());
    match other {
        Ok(other) => to_resource(session, exchange, handle, |resource, _| command(resource, other)),
        Err(bad) => exchange.end(Err(bad.into())),
    }
}

pub(super) fn delete(session: &Arc<Session>, exchange: Exchange<DeleteResource>) {
    to_resource(session, exchange, |r| r.resource, |resource, _| Command::DeleteResource { resource });
}

pub(super) fn rename(session: &Arc<Session>, exchange: Exchange<SetResourceName>) {
    to_resource(
        session,
        exchange,
        |r| r.resource,
        |resource, r| Command::RenameResource { resource, name: r.name.clone() },
    );
}

pub(super) fn fail(session: &Arc<Session>, exchange: Exchange<FailResource>) {
    to_resource(
        session,
        exchange,
        |r| r.resource,
        |resource, _| Command::FailResource { resource, remark: Remark::default() },
    );
}

pub(super) fn online(session: &Arc<Session>, exchange: Exchange<OnlineResource>) {
    to_resource(
        session,
        exchange,
        |r| r.resource,
        |resource, _| Command::OnlineResource {
            resource,
            flags: 0,
            buffer: Vec::new(),
            remark: Remark::default(),
        },
    );
}

pub(super) fn online_ex(session: &Arc<Session>, exchange: Exchange<OnlineResourceEx>) {
    to_resource(
        session,
        exchange,
        |r| r.resource,
        |resource, r| Command::OnlineResource {
            resource,
            flags: r.flags,
            buffer: r.input.clone(),
            remark: Remark::default(),
        },
    );
}

pub(super) fn offline(session: &Arc<Session>, exchange: Exchange<OfflineResource>) {
    to_resource(
        session,
        exchange,
        |r| r.resource,
        |resource, _| Command::OfflineResource {
            resource,
            flags: 0,
            buffer: Vec::new(),
            remark: Remark::default(),
        },
    );
}

pub(super) fn offline_ex(session: &Arc<Session>, exchange: Exchange<OfflineResourceEx>) {
    to_resource(
        session,
        exchange,
        |r| r.resource,
        |resource, r| Command::OfflineResource {
            resource,
            flags: r.flags,
            buffer: r.input.clone(),
            remark: Remark::default(),
        },
    );
}

pub(super) fn restart(session: &Arc<Session>, exchange: Exchange<RestartResource>) {
    to_resource(
        session,
        exchange,
        |r| r.resource,
        |resource, r| Command::RestartResource { resource, flags: r.flags, remark: Remark::default() },
    );
}

pub(super) fn set_dependency_expression(
    session: &Arc<Session>,
    exchange: Exchange<SetResourceDependencyExpression>,
) {
    to_resource(
        session,
        exchange,
        |r| r.resource,
        |resource, r| Command::SetDependencyExpression {
            resource,
            expression: r.expression.clone().unwrap_or_default(),
        },
    );
}

pub(super) fn add_dependency(session: &Arc<Session>, exchange: Exchange<AddResourceDependency>) {
    let provider = |handles: &Handles, r: &AddResourceDependency| Ok(handles.resource(r.provider)?.0);
    to_pair(
        session,
        exchange,
        |r| r.resource,
        provider,
        |resource, provider| Command::AddDependency { resource, provider },
    );
}

pub(super) fn remove_dependency(session: &Arc<Session>, exchange: Exchange<RemoveResourceDependency>) {
    let provider = |handles: &Handles, r: &RemoveResourceDependency| Ok(handles.resource(r.provider)?.0);
    to_pair(
        session,
        exchange,
        |r| r.resource,
        provider,
        |resource, provider| Command::RemoveDependency { resource, provider },
    );
}

pub(super) fn add_node(session: &Arc<Session>, exchange: Exchange<AddResourceNode>) {
    let node = |handles: &Handles, r: &AddResourceNode| Ok(handles.node(r.node)?.0);
    to_pair(
        session,
        exchange,
        |r| r.resource,
        node,
        |resource, node| Command::AddPossibleOwner { resource, node },
    );
}

pub(super) fn remove_node(session: &Arc<Session>, exchange: Exchange<RemoveResourceNode>) {
    let node = |handles: &Handles, r: &RemoveResourceNode| Ok(handles.node(r.node)?.0);
    to_pair(
        session,
        exchange,
        |r| r.resource,
        node,
        |resource, node| Command::RemovePossibleOwner { resource, node },
    );
}

fn give(session: &Session, name: &str, access: Access) -> Result<ResourceHandle, Failure> {
    let id = session.core.read(|view| view.find_resource(name)).ok_or(Status::RESOURCE_NOT_FOUND)?;
    session.give(Held::Resource(id, access))
}
