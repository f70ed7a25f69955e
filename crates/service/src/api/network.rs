//! Networks: opening them, their state, their name, their interfaces.

use std::sync::Arc;

use mainstay_cmrp::network::{
    CloseNetwork, CreateNetworkEnum, GetNetworkId, GetNetworkState, OpenNetwork, OpenNetworkEx,
    SetNetworkName,
};
use mainstay_cmrp::{
    CloseResponse, EnumList, EnumResponse, NetworkHandle, OpenExResponse, OpenResponse, StateResponse,
    StringResponse,
};
use mainstay_engine::command::Command;
use mainstay_types::access::DesiredAccess;
use mainstay_types::{Access, Status};

use super::exchange::{Exchange, Failure, Served};
use super::handles::Held;
use super::session::Session;

pub(super) fn open(session: &Arc<Session>, request: &OpenNetwork) -> Served<OpenNetwork> {
    let access = session.grant(DesiredAccess::Exactly(Access::Full))?;
    Ok(OpenResponse::opened(give(session, &request.name, access)?))
}

pub(super) fn open_ex(session: &Arc<Session>, request: &OpenNetworkEx) -> Served<OpenNetworkEx> {
    let access = session.grant_mask(request.desired_access)?;
    Ok(OpenExResponse::opened(access.granted_mask(), give(session, &request.name, access)?))
}

pub(super) fn close(session: &Arc<Session>, request: &CloseNetwork) -> Served<CloseNetwork> {
    let mut handles = session.handles.lock();
    handles.network(request.network)?;
    handles.take_back(request.network);
    Ok(CloseResponse::default())
}

pub(super) fn state(session: &Arc<Session>, request: &GetNetworkState) -> Served<GetNetworkState> {
    let (id, _) = session.handles.lock().network(request.network)?;
    let state = session.core.read(|view| view.network_state(id)).ok_or(Status::CLUSTER_NETWORK_NOT_FOUND)?;
    Ok(StateResponse { state: state.number(), ..StateResponse::default() })
}

pub(super) fn id(session: &Arc<Session>, request: &GetNetworkId) -> Served<GetNetworkId> {
    let (id, _) = session.handles.lock().network(request.network)?;
    Ok(StringResponse::new(id.to_string()))
}

pub(super) fn enumerate(session: &Arc<Session>, request: &CreateNetworkEnum) -> Served<CreateNetworkEnum> {
    let (id, _) = session.handles.lock().network(request.network)?;
    let found = session.core.read(|view| view.enumerate_network(id, request.type_mask))?;
    Ok(EnumResponse::new(EnumList::new(found.into_iter().map(|item| (item.kind, item.name)))))
}

pub(super) fn rename(session: &Arc<Session>, exchange: Exchange<SetNetworkName>) {
    let found = session.handles.lock().network(exchange.request().network);
    match found {
        Ok((network, access)) => {
            let name = exchange.request().name.clone();
            session.simple(access, Command::RenameNetwork { network, name }, exchange);
        }
        Err(bad) => exchange.end(Err(bad.into())),
    }
}

fn give(session: &Session, name: &str, access: Access) -> Result<NetworkHandle, Failure> {
    let id = session.core.read(|view| view.find_network(name)).ok_or(Status::CLUSTER_NETWORK_NOT_FOUND)?;
    session.give(Held::Network(id, access))
}
