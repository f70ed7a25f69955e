//! Network interfaces: opening them, their state, which there are between a node and a network.

use std::sync::Arc;

use mainstay_cmrp::net_interface::{
    CloseNetInterface, CreateNetInterfaceEnum, GetNetInterface, GetNetInterfaceId, GetNetInterfaceState,
    OpenNetInterface, OpenNetInterfaceEx,
};
use mainstay_cmrp::{
    CloseResponse, EnumList, EnumResponse, NetInterfaceHandle, OpenExResponse, OpenResponse, StateResponse,
    StringResponse,
};
use mainstay_types::access::DesiredAccess;
use mainstay_types::{Access, Status};

use super::exchange::{Failure, Served};
use super::handles::Held;
use super::session::Session;

pub(super) fn open(session: &Arc<Session>, request: &OpenNetInterface) -> Served<OpenNetInterface> {
    let access = session.grant(DesiredAccess::Exactly(Access::Full))?;
    Ok(OpenResponse::opened(give(session, &request.name, access)?))
}

pub(super) fn open_ex(session: &Arc<Session>, request: &OpenNetInterfaceEx) -> Served<OpenNetInterfaceEx> {
    let access = session.grant_mask(request.desired_access)?;
    Ok(OpenExResponse::opened(access.granted_mask(), give(session, &request.name, access)?))
}

pub(super) fn close(session: &Arc<Session>, request: &CloseNetInterface) -> Served<CloseNetInterface> {
    let mut handles = session.handles.lock();
    handles.interface(request.net_interface)?;
    handles.take_back(request.net_interface);
    Ok(CloseResponse::default())
}

/// In the numbers of the protocol, which are not those of clusapi.h.
pub(super) fn state(session: &Arc<Session>, request: &GetNetInterfaceState) -> Served<GetNetInterfaceState> {
    let (id, _) = session.handles.lock().interface(request.net_interface)?;
    let state = session.core.read(|view| view.interface_state(id));
    let state = state.ok_or(Status::CLUSTER_NETINTERFACE_NOT_FOUND)?;
    Ok(StateResponse { state: state.wire_number(), ..StateResponse::default() })
}

pub(super) fn id(session: &Arc<Session>, request: &GetNetInterfaceId) -> Served<GetNetInterfaceId> {
    let (id, _) = session.handles.lock().interface(request.net_interface)?;
    Ok(StringResponse::new(id.to_string()))
}

/// The interface that connects a node to a network. The call has no handle: who may read may ask.
pub(super) fn between(session: &Arc<Session>, request: &GetNetInterface) -> Served<GetNetInterface> {
    session.may_read()?;
    if request.node_name.is_empty() || request.network_name.is_empty() {
        return Err(Status::INVALID_PARAMETER.into());
    }
    let found =
        session.core.read(|view| view.enumerate_interfaces(&request.node_name, &request.network_name))?;
    let interface = found.into_iter().next().ok_or(Status::CLUSTER_NETINTERFACE_NOT_FOUND)?;
    Ok(StringResponse::new(interface.name))
}

/// Of a node on a network; an empty name stands for all.
pub(super) fn enumerate(
    session: &Arc<Session>,
    request: &CreateNetInterfaceEnum,
) -> Served<CreateNetInterfaceEnum> {
    session.handles.lock().cluster(request.cluster)?;
    let found =
        session.core.read(|view| view.enumerate_interfaces(&request.node_name, &request.network_name))?;
    Ok(EnumResponse::new(EnumList::new(found.into_iter().map(|item| (item.kind, item.name)))))
}

fn give(session: &Session, name: &str, access: Access) -> Result<NetInterfaceHandle, Failure> {
    let id = session.core.read(|view| view.find_interface(name));
    session.give(Held::Interface(id.ok_or(Status::CLUSTER_NETINTERFACE_NOT_FOUND)?, access))
}
