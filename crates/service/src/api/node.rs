//! Nodes: opening them, their state, pausing them.

use std::sync::Arc;

use mainstay_cmrp::node::{
    CloseNode, CreateNodeEnum, GetNodeId, GetNodeState, OpenNode, OpenNodeEx, PauseNode, PauseNodeEx,
    PauseNodeWithDrainTarget, ResumeNode, ResumeNodeEx,
};
use mainstay_cmrp::{
    CloseResponse, EnumList, EnumResponse, NodeHandle, OpenExResponse, OpenResponse, Operation,
    StateResponse, StatusResponse, StringResponse,
};
use mainstay_engine::command::{Command, Drain, Remark};
use mainstay_types::access::DesiredAccess;
use mainstay_types::{Access, NodeId, Status};

use super::exchange::{Exchange, Failure, Served};
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

/// Sends a command to the node of a request's handle and answers with the command's status.
fn to_node<O>(
    session: &Arc<Session>,
    exchange: Exchange<O>,
    handle: impl FnOnce(&O) -> NodeHandle,
    command: impl FnOnce(NodeId, &O) -> Result<Command, Failure>,
) where
    O: Operation<Response = StatusResponse> + Send + 'static,
{
    let found = session.handles.lock().node(handle(exchange.request()));
    let found = found.map_err(Failure::from);
    match found.and_then(|(node, access)| Ok((access, command(node, exchange.request())?))) {
        Ok((access, command)) => session.simple(access, command, exchange),
        Err(bad) => exchange.end(Err(bad)),
    }
}

fn paused(node: NodeId, flags: u32, drain: Option<Drain>) -> Command {
    Command::PauseNode { node, flags, drain, remark: Remark::default() }
}

pub(super) fn pause(session: &Arc<Session>, exchange: Exchange<PauseNode>) {
    to_node(session, exchange, |r| r.node, |node, _| Ok(paused(node, 0, None)));
}

pub(super) fn pause_ex(session: &Arc<Session>, exchange: Exchange<PauseNodeEx>) {
    let command =
        |node, r: &PauseNodeEx| Ok(paused(node, r.flags, r.drain.then_some(Drain { target: None })));
    to_node(session, exchange, |r| r.node, command);
}

pub(super) fn pause_with_drain_target(session: &Arc<Session>, exchange: Exchange<PauseNodeWithDrainTarget>) {
    let command = |node, r: &PauseNodeWithDrainTarget| {
        let (target, _) = session.handles.lock().node(r.drain_target)?;
        Ok(paused(node, r.flags, Some(Drain { target: Some(target) })))
    };
    to_node(session, exchange, |r| r.node, command);
}

pub(super) fn resume(session: &Arc<Session>, exchange: Exchange<ResumeNode>) {
    let command = |node, _: &ResumeNode| {
        Ok(Command::ResumeNode { node, failback: 0, flags: 0, remark: Remark::default() })
    };
    to_node(session, exchange, |r| r.node, command);
}

pub(super) fn resume_ex(session: &Arc<Session>, exchange: Exchange<ResumeNodeEx>) {
    let command = |node, r: &ResumeNodeEx| {
        let (failback, flags) = (r.failback, r.flags);
        Ok(Command::ResumeNode { node, failback, flags, remark: Remark::default() })
    };
    to_node(session, exchange, |r| r.node, command);
}

fn give(session: &Session, name: &str, access: Access) -> Result<NodeHandle, Failure> {
    let id = session.core.read(|view| view.find_node(name)).ok_or(Status::CLUSTER_NODE_NOT_FOUND)?;
    session.give(Held::Node(id, access))
}
