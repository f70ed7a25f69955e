//! Control codes: to the engine with their object, but for the block of our own, which carries other things.

use std::sync::Arc;

use mainstay_cmrp::control::{
    ClusterControl, ControlRequest, ControlResponse, GroupControl, GroupSetControl, NetInterfaceControl,
    NetworkControl, NodeClusterControl, NodeControl, NodeGroupControl, NodeGroupSetControl,
    NodeNetInterfaceControl, NodeNetworkControl, NodeNodeControl, NodeResourceControl,
    NodeResourceTypeControl, ResourceControl, ResourceTypeControl,
};
use mainstay_cmrp::{
    ClusterHandle, GroupHandle, GroupSetHandle, NetInterfaceHandle, NetworkHandle, NodeHandle, Operation,
    ResourceHandle,
};
use mainstay_engine::command::Command;
use mainstay_engine::effect::Answer;
use mainstay_types::{Access, ControlCode, Name, NodeId, ObjectId, Status};

use super::exchange::Exchange;
use super::handles::BadHandle;
use super::own_codes;
use super::session::Session;

/// What a code is for, with what the handle may do, and the node that is to carry it out.
type Target = Result<(ObjectId, Access, Option<NodeId>), BadHandle>;

pub(super) fn resource(session: &Arc<Session>, exchange: Exchange<ResourceControl>) {
    let target = resource_of(session, exchange.request().resource);
    control(session, exchange, target, |request| &request.control);
}

pub(super) fn resource_on_node(session: &Arc<Session>, exchange: Exchange<NodeResourceControl>) {
    let target = resource_of(session, exchange.request().resource);
    let target = on_node(session, target, exchange.request().host_node);
    control(session, exchange, target, |request| &request.control);
}

pub(super) fn group(session: &Arc<Session>, exchange: Exchange<GroupControl>) {
    let target = group_of(session, exchange.request().group);
    control(session, exchange, target, |request| &request.control);
}

pub(super) fn group_on_node(session: &Arc<Session>, exchange: Exchange<NodeGroupControl>) {
    let target = group_of(session, exchange.request().group);
    let target = on_node(session, target, exchange.request().host_node);
    control(session, exchange, target, |request| &request.control);
}

pub(super) fn group_set(session: &Arc<Session>, exchange: Exchange<GroupSetControl>) {
    let target = group_set_of(session, exchange.request().group_set);
    control(session, exchange, target, |request| &request.control);
}

pub(super) fn group_set_on_node(session: &Arc<Session>, exchange: Exchange<NodeGroupSetControl>) {
    let target = group_set_of(session, exchange.request().group_set);
    let target = on_node(session, target, exchange.request().host_node);
    control(session, exchange, target, |request| &request.control);
}

pub(super) fn network(session: &Arc<Session>, exchange: Exchange<NetworkControl>) {
    let target = network_of(session, exchange.request().network);
    control(session, exchange, target, |request| &request.control);
}

pub(super) fn network_on_node(session: &Arc<Session>, exchange: Exchange<NodeNetworkControl>) {
    let target = network_of(session, exchange.request().network);
    let target = on_node(session, target, exchange.request().host_node);
    control(session, exchange, target, |request| &request.control);
}

pub(super) fn interface(session: &Arc<Session>, exchange: Exchange<NetInterfaceControl>) {
    let target = interface_of(session, exchange.request().net_interface);
    control(session, exchange, target, |request| &request.control);
}

pub(super) fn interface_on_node(session: &Arc<Session>, exchange: Exchange<NodeNetInterfaceControl>) {
    let target = interface_of(session, exchange.request().net_interface);
    let target = on_node(session, target, exchange.request().host_node);
    control(session, exchange, target, |request| &request.control);
}

pub(super) fn node(session: &Arc<Session>, exchange: Exchange<NodeControl>) {
    let target = node_of(session, exchange.request().node);
    control(session, exchange, target, |request| &request.control);
}

pub(super) fn node_on_node(session: &Arc<Session>, exchange: Exchange<NodeNodeControl>) {
    let target = node_of(session, exchange.request().node);
    let target = on_node(session, target, exchange.request().host_node);
    control(session, exchange, target, |request| &request.control);
}

pub(super) fn resource_type(session: &Arc<Session>, exchange: Exchange<ResourceTypeControl>) {
    let Ok(name) = Name::parse(&exchange.request().type_name) else {
        return exchange.refuse(Status::CLUSTER_RESOURCE_TYPE_NOT_FOUND);
    };
    let target = type_of(session, exchange.request().cluster, name);
    control(session, exchange, target, |request| &request.control);
}

pub(super) fn resource_type_on_node(session: &Arc<Session>, exchange: Exchange<NodeResourceTypeControl>) {
    let Ok(name) = Name::parse(&exchange.request().type_name) else {
        return exchange.refuse(Status::CLUSTER_RESOURCE_TYPE_NOT_FOUND);
    };
    let target = type_of(session, exchange.request().cluster, name);
    let target = on_node(session, target, exchange.request().host_node);
    control(session, exchange, target, |request| &request.control);
}

pub(super) fn cluster(session: &Arc<Session>, exchange: Exchange<ClusterControl>) {
    let found = session.handles.lock().cluster(exchange.request().cluster);
    if let Ok(access) = found
        && own_codes::is_own(ControlCode(exchange.request().control.code))
    {
        return own_codes::serve(session, access, exchange);
    }
    let target = found.map(|access| (ObjectId::Cluster, access, None));
    control(session, exchange, target, |request| &request.control);
}

pub(super) fn cluster_on_node(session: &Arc<Session>, exchange: Exchange<NodeClusterControl>) {
    let found = session.handles.lock().cluster(exchange.request().cluster);
    let target = found.map(|access| (ObjectId::Cluster, access, None));
    let target = on_node(session, target, exchange.request().host_node);
    if let Ok((object, access, Some(node))) = &target
        && own_codes::is_own(ControlCode(exchange.request().control.code))
    {
        let plain = |request: NodeClusterControl| {
            let NodeClusterControl { cluster, control, .. } = request;
            ClusterControl { cluster, control }
        };
        return match session.core.read(|view| view.check_host_node(object, *node)) {
            Ok(()) => own_codes::serve(session, *access, exchange.turn_into(plain)),
            Err(refusal) => exchange.end(Err(refusal.into())),
        };
    }
    control(session, exchange, target, |request| &request.control);
}

fn resource_of(session: &Session, handle: ResourceHandle) -> Target {
    session.handles.lock().resource(handle).map(|(id, access)| (ObjectId::Resource(id), access, None))
}

fn group_of(session: &Session, handle: GroupHandle) -> Target {
    session.handles.lock().group(handle).map(|(id, access)| (ObjectId::Group(id), access, None))
}

fn group_set_of(session: &Session, handle: GroupSetHandle) -> Target {
    session.handles.lock().group_set(handle).map(|(id, access)| (ObjectId::GroupSet(id), access, None))
}

fn network_of(session: &Session, handle: NetworkHandle) -> Target {
    session.handles.lock().network(handle).map(|(id, access)| (ObjectId::Network(id), access, None))
}

fn interface_of(session: &Session, handle: NetInterfaceHandle) -> Target {
    session
        .handles
        .lock()
        .interface(handle)
        .map(|(id, access)| (ObjectId::NetworkInterface(id), access, None))
}

fn node_of(session: &Session, handle: NodeHandle) -> Target {
    session.handles.lock().node(handle).map(|(id, access)| (ObjectId::Node(id), access, None))
}

fn type_of(session: &Session, handle: ClusterHandle, name: Name) -> Target {
    session.handles.lock().cluster(handle).map(|access| (ObjectId::ResourceType(name), access, None))
}

/// The same for the node of a handle.
fn on_node(session: &Session, target: Target, handle: NodeHandle) -> Target {
    let (object, access, _) = target?;
    let (node, _) = session.handles.lock().node(handle)?;
    Ok((object, access, Some(node)))
}

/// Hands a control code to the engine and answers with what comes of it.
fn control<O>(session: &Arc<Session>, exchange: Exchange<O>, target: Target, part: fn(&O) -> &ControlRequest)
where
    O: Operation<Response = ControlResponse> + Send + 'static,
{
    let (object, access, node) = match target {
        Ok(found) => found,
        Err(bad) => return exchange.end(Err(bad.into())),
    };
    let request = part(exchange.request());
    let (code, output_length_max) = (ControlCode(request.code), request.output_len);
    let input = request.input.clone().unwrap_or_default();
    let command = match node {
        None => Command::Control { object, code, input, output_length_max },
        Some(node) => Command::ControlOnNode { node, object, code, input, output_length_max },
    };
    session.command(access, command, move |answer| {
        let response = response(part(exchange.request()), answer);
        exchange.answer(&response);
    });
}

/// The answer in the shape that clients accept. Some statuses come with output: 0, 5024 (stored) and 997.
fn response(request: &ControlRequest, answer: Answer) -> ControlResponse {
    match answer.status {
        Status::SUCCESS => ControlResponse::new(request, answer.output),
        Status::MORE_DATA => ControlResponse::too_small(request, answer.output_length_needed),
        status @ (Status::RESOURCE_PROPERTIES_STORED | Status::IO_PENDING) => {
            ControlResponse::new(request, answer.output).with_status(status.0)
        }
        status => ControlResponse::ended(request, status.0),
    }
}
