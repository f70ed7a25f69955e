//! Control codes: to the engine with their object, but for the block of our own, which carries other things.

use std::sync::Arc;

use mainstay_cmrp::Operation;
use mainstay_cmrp::control::{
    ClusterControl, ControlRequest, ControlResponse, GroupControl, NodeControl, ResourceControl,
    ResourceTypeControl,
};
use mainstay_engine::command::Command;
use mainstay_engine::effect::Answer;
use mainstay_types::{Access, ControlCode, Name, ObjectId, Status};

use super::exchange::Exchange;
use super::handles::BadHandle;
use super::own_codes;
use super::session::Session;

pub(super) fn resource(session: &Arc<Session>, exchange: Exchange<ResourceControl>) {
    let found = session.handles.lock().resource(exchange.request().resource);
    let object = found.map(|(id, access)| (ObjectId::Resource(id), access));
    control(session, exchange, object, |request| &request.control);
}

pub(super) fn group(session: &Arc<Session>, exchange: Exchange<GroupControl>) {
    let found = session.handles.lock().group(exchange.request().group);
    let object = found.map(|(id, access)| (ObjectId::Group(id), access));
    control(session, exchange, object, |request| &request.control);
}

pub(super) fn node(session: &Arc<Session>, exchange: Exchange<NodeControl>) {
    let found = session.handles.lock().node(exchange.request().node);
    let object = found.map(|(id, access)| (ObjectId::Node(id), access));
    control(session, exchange, object, |request| &request.control);
}

pub(super) fn resource_type(session: &Arc<Session>, exchange: Exchange<ResourceTypeControl>) {
    let found = session.handles.lock().cluster(exchange.request().cluster);
    match Name::parse(&exchange.request().type_name) {
        Ok(name) => {
            let object = found.map(|access| (ObjectId::ResourceType(name), access));
            control(session, exchange, object, |request| &request.control);
        }
        Err(_) => exchange.refuse(Status::CLUSTER_RESOURCE_TYPE_NOT_FOUND),
    }
}

pub(super) fn cluster(session: &Arc<Session>, exchange: Exchange<ClusterControl>) {
    let found = session.handles.lock().cluster(exchange.request().cluster);
    if let Ok(access) = found
        && own_codes::is_own(ControlCode(exchange.request().control.code))
    {
        return own_codes::serve(session, access, exchange);
    }
    let object = found.map(|access| (ObjectId::Cluster, access));
    control(session, exchange, object, |request| &request.control);
}

/// Hands a control code to the engine and answers with what comes of it.
fn control<O>(
    session: &Arc<Session>,
    exchange: Exchange<O>,
    object: Result<(ObjectId, Access), BadHandle>,
    part: fn(&O) -> &ControlRequest,
) where
    O: Operation<Response = ControlResponse> + Send + 'static,
{
    let (object, access) = match object {
        Ok(found) => found,
        Err(bad) => return exchange.end(Err(bad.into())),
    };
    let request = part(exchange.request());
    let command = Command::Control {
        object,
        code: ControlCode(request.code),
        input: request.input.clone().unwrap_or_default(),
        output_length_max: request.output_len,
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
