//! Resource types: their life and what belongs to them. They are named, not opened.

use std::sync::Arc;

use mainstay_cmrp::resource_type::{CreateResTypeEnum, CreateResourceType, DeleteResourceType};
use mainstay_cmrp::{EnumList, EnumResponse};
use mainstay_engine::command::Command;
use mainstay_types::{Name, Status};

use super::exchange::{Exchange, Served};
use super::session::Session;

pub(super) fn enumerate(session: &Arc<Session>, request: &CreateResTypeEnum) -> Served<CreateResTypeEnum> {
    session.may_read()?;
    let found = session.core.read(|view| view.enumerate_type(&request.name, request.type_mask))?;
    Ok(EnumResponse::new(EnumList::new(found.into_iter().map(|item| (item.kind, item.name)))))
}

pub(super) fn create(session: &Arc<Session>, exchange: Exchange<CreateResourceType>) {
    let Some(access) = session.access() else { return exchange.end(Err(Status::ACCESS_DENIED.into())) };
    let request = exchange.request();
    let command = Command::CreateResourceType {
        name: request.name.clone(),
        display_name: request.display_name.clone(),
        library: request.dll_name.clone(),
        looks_alive_ms: request.looks_alive_ms,
        is_alive_ms: request.is_alive_ms,
    };
    session.simple(access, command, exchange);
}

pub(super) fn delete(session: &Arc<Session>, exchange: Exchange<DeleteResourceType>) {
    let Some(access) = session.access() else { return exchange.end(Err(Status::ACCESS_DENIED.into())) };
    match Name::parse(&exchange.request().name) {
        Ok(name) => session.simple(access, Command::DeleteResourceType { name }, exchange),
        Err(_) => exchange.refuse(Status::CLUSTER_RESOURCE_TYPE_NOT_FOUND),
    }
}
