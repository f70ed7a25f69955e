//! Notification ports, version 2.

use std::sync::Arc;

use mainstay_cmrp::notify::{
    AddNotifyResourceTypeV2, AddNotifyV2, CloseNotify, CreateNotifyV2, GetNotifyV2, NotifyFilter,
    UnblockGetNotifyCall,
};
use mainstay_cmrp::{BareStatusResponse, CloseResponse, OpenResponse, StatusResponse};
use mainstay_types::event::object_type;
use mainstay_types::{Name, ObjectId, Status};

use super::exchange::{Exchange, Failure, Served};
use super::handles::Held;
use super::session::Session;
use crate::watchers::{Scope, type_scope};

/// The version of the filter's numbers (MS-CMRP 3.1.4.2.138).
const FILTER_VERSION: u32 = 2;

pub(super) fn create(session: &Arc<Session>, _: &CreateNotifyV2) -> Served<CreateNotifyV2> {
    session.may_read()?;
    let port = session.core.hands().watchers.open().ok_or(Status::NOT_ENOUGH_MEMORY)?;
    match session.give(Held::Notify(port)) {
        Ok(handle) => Ok(OpenResponse::opened(handle)),
        Err(failure) => {
            session.core.hands().watchers.close(port);
            Err(failure)
        }
    }
}

pub(super) fn add(session: &Arc<Session>, request: &AddNotifyV2) -> Served<AddNotifyV2> {
    let handles = session.handles.lock();
    let port = handles.notify(request.notify)?;
    let object = handles.any(request.object)?;
    drop(handles);
    if request.version != FILTER_VERSION {
        return Err(Status::INVALID_PARAMETER.into());
    }
    let scope = match (request.targeted, object) {
        // The cluster is the one object of its type, so both mean the same for it.
        (_, Held::Cluster(_)) => Scope::All,
        (true, Held::Node(id, _)) => Scope::Object(ObjectId::Node(id)),
        (true, Held::Group(id, _)) => Scope::Object(ObjectId::Group(id)),
        (true, Held::GroupSet(id, _)) => Scope::Object(ObjectId::GroupSet(id)),
        (true, Held::Network(id, _)) => Scope::Object(ObjectId::Network(id)),
        (true, Held::Interface(id, _)) => Scope::Object(ObjectId::NetworkInterface(id)),
        (true, Held::Resource(id, _)) => Scope::Object(ObjectId::Resource(id)),
        _ => return Err(Failure::Status(Status::INVALID_HANDLE)),
    };
    let status = session.core.hands().watchers.add(port, request.filter, scope, request.notify_key);
    Ok(StatusResponse::from(status.0))
}

pub(super) fn add_resource_type(
    session: &Arc<Session>,
    request: &AddNotifyResourceTypeV2,
) -> Served<AddNotifyResourceTypeV2> {
    let port = session.handles.lock().notify(request.notify)?;
    let name = Name::parse(&request.type_name).map_err(|_| Status::CLUSTER_RESOURCE_TYPE_NOT_FOUND)?;
    if request.version != FILTER_VERSION {
        return Err(Status::INVALID_PARAMETER.into());
    }
    let filter = NotifyFilter { object_type: object_type::RESOURCE_TYPE, events: request.filter };
    let status = session.core.hands().watchers.add(port, filter, type_scope(name), request.notify_key);
    Ok(StatusResponse::from(status.0))
}

pub(super) fn unblock(
    session: &Arc<Session>,
    request: &UnblockGetNotifyCall,
) -> Served<UnblockGetNotifyCall> {
    let port = session.handles.lock().notify(request.notify)?;
    Ok(BareStatusResponse::from(session.core.hands().watchers.unblock(port).0))
}

pub(super) fn close(session: &Arc<Session>, request: &CloseNotify) -> Served<CloseNotify> {
    let mut handles = session.handles.lock();
    let port = handles.notify(request.notify)?;
    handles.take_back(request.notify);
    drop(handles);
    session.core.hands().watchers.close(port);
    Ok(CloseResponse::default())
}

pub(super) fn fetch(session: &Arc<Session>, exchange: Exchange<GetNotifyV2>) {
    let found = session.handles.lock().notify(exchange.request().notify);
    match found {
        Ok(port) => {
            let waiter = Box::new(move |answer| exchange.answer(&answer));
            session.core.hands().watchers.fetch(port, waiter);
        }
        Err(bad) => exchange.end(Err(bad.into())),
    }
}
