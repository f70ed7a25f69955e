//! Nodes: opening them, their state.

use std::sync::Arc;

use mainstay_cmrp::node::{CloseNode, CreateNodeEnum, GetNodeId, GetNodeState, OpenNode, OpenNodeEx};
use mainstay_cmrp::{
    CloseResponse, EnumList, EnumResponse, NodeHandle, OpenExResponse, OpenResponse, StateResponse,
    StringResponse,
};
use mainstay_types::access::DesiredAccess;
use mainstay_types::{Access, Status};

use super::exchange::{Failure, Served};
use super::handles::Held;
use super::session::Session;

pub(super) fn open(session: &Arc<Session>, request: &OpenNode) -> Served<OpenNode> {
    let access = session.grant(DesiredAccess::Exactly(Access::Full))?;
    Ok(OpenResponse::opened(give(session, &request.name, access)?))
}

pub(super) fn open_ex(session: &Arc<Session>, request: &OpenNodeEx) -> Served<OpenNodeEx> {
    let access = session.grant_mask(request.desired_access)?;
    Ok(OpenExResponse::opened(access.granted_mask(), give(session, &request.name, access)?))
}

pub(super) fn close(session: &Arc<Session>, request: &CloseNode) -> Served<CloseNode> {
    let mut handles = session.handles.lock();
    handles.node(request.node)?;
    handles.take_back(request.node);
    Ok(CloseResponse::default())
}

pub(super) fn state(session: &Arc<Session>, request: &GetNodeState) -> Served<GetNodeState> {
    let (id, _) = session.handles.lock().node(request.node)?;
    session.core.read(|view| {
        let node = view.node(id).ok_or(Status::CLUSTER_NODE_NOT_FOUND)?;
        Ok(StateResponse { state: node.state.number(), ..StateResponse::default() })
    })
}

pub(super) fn id(session: &Arc<Session>, request: &GetNodeId) -> Served<GetNodeId> {
    let (id, _) = session.handles.lock().node(request.node)?;
    Ok(StringResponse::new(id.to_string()))
}

pub(super) fn enumerate(session: &Arc<Session>, request: &CreateNodeEnum) -> Served<CreateNodeEnum> {
    let (id, _) = session.handles.lock().node(request.node)?;
    let found = session.core.read(|view| view.enumerate_node(id, request.type_mask))?;
    Ok(EnumResponse::new(EnumList::new(found.into_iter().map(|item| (item.kind, item.name)))))
}

fn give(session: &Session, name: &str, access: Access) -> Result<NodeHandle, Failure> {
    let id = session.core.read(|view| view.find_node(name)).ok_or(Status::CLUSTER_NODE_NOT_FOUND)?;
    session.give(Held::Node(id, access))
}
