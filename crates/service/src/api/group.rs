//! Groups: opening them, their state, their life.

use std::sync::Arc;

use mainstay_cmrp::group::{
    CancelClusterGroupOperation, CloseGroup, CreateGroup, CreateGroupEx, CreateGroupResourceEnum,
    DeleteGroup, GetGroupId, GetGroupState, GetGroupStateResponse, MoveGroup, MoveGroupEx, MoveGroupToNode,
    MoveGroupToNodeEx, OfflineGroup, OfflineGroupEx, OnlineGroup, OnlineGroupEx, OpenGroup, OpenGroupEx,
    SetGroupName, SetGroupNodeList,
};
use mainstay_cmrp::{
    CloseResponse, EnumList, EnumResponse, GroupHandle, NodeHandle, OpenExResponse, OpenResponse, Operation,
    StatusResponse, StringResponse,
};
use mainstay_engine::command::{Command, Remark};
use mainstay_types::access::DesiredAccess;
use mainstay_types::property::GROUP_TYPE_UNKNOWN;
use mainstay_types::{Access, GroupId, NodeId, Status};

use super::exchange::{Exchange, Failure, Served};
use super::handles::Held;
use super::session::Session;
use crate::ids::random_uuid;

pub(super) fn open(session: &Arc<Session>, request: &OpenGroup) -> Served<OpenGroup> {
    let access = session.grant(DesiredAccess::Exactly(Access::Full))?;
    Ok(OpenResponse::opened(give(session, &request.name, access)?))
}

pub(super) fn open_ex(session: &Arc<Session>, request: &OpenGroupEx) -> Served<OpenGroupEx> {
    let access = session.grant_mask(request.desired_access)?;
    Ok(OpenExResponse::opened(access.granted_mask(), give(session, &request.name, access)?))
}

pub(super) fn close(session: &Arc<Session>, request: &CloseGroup) -> Served<CloseGroup> {
    let mut handles = session.handles.lock();
    handles.group(request.group)?;
    handles.take_back(request.group);
    Ok(CloseResponse::default())
}

pub(super) fn state(session: &Arc<Session>, request: &GetGroupState) -> Served<GetGroupState> {
    let (id, _) = session.handles.lock().group(request.group)?;
    session.core.read(|view| {
        let group = view.group(id).ok_or(Status::GROUP_NOT_AVAILABLE)?;
        Ok(GetGroupStateResponse {
            state: group.state.number(),
            node_name: Some(group.owner_name.to_owned()),
            ..GetGroupStateResponse::default()
        })
    })
}

pub(super) fn id(session: &Arc<Session>, request: &GetGroupId) -> Served<GetGroupId> {
    let (id, _) = session.handles.lock().group(request.group)?;
    session.core.read(|view| {
        view.group(id).ok_or(Status::GROUP_NOT_AVAILABLE)?;
        Ok(StringResponse::new(id.to_string()))
    })
}

pub(super) fn enumerate(
    session: &Arc<Session>,
    request: &CreateGroupResourceEnum,
) -> Served<CreateGroupResourceEnum> {
    let (id, _) = session.handles.lock().group(request.group)?;
    let found = session.core.read(|view| view.enumerate_group(id, request.type_mask))?;
    Ok(EnumResponse::new(EnumList::new(found.into_iter().map(|item| (item.kind, item.name)))))
}

pub(super) fn create(session: &Arc<Session>, exchange: Exchange<CreateGroup>) {
    let name = exchange.request().name.clone();
    make(session, exchange, name, GROUP_TYPE_UNKNOWN);
}

pub(super) fn create_ex(session: &Arc<Session>, exchange: Exchange<CreateGroupEx>) {
    let request = exchange.request();
    let group_type = request.info.as_ref().map_or(GROUP_TYPE_UNKNOWN, |info| info.group_type);
    let name = request.name.clone();
    make(session, exchange, name, group_type);
}

fn make<O>(session: &Arc<Session>, exchange: Exchange<O>, name: String, group_type: u32)
where
    O: Operation<Response = OpenResponse<GroupHandle>> + Send + 'static,
{
    let Some(access) = session.access() else { return exchange.end(Err(Status::ACCESS_DENIED.into())) };
    let id = GroupId(random_uuid());
    let giving = Arc::clone(session);
    session.command(access, Command::CreateGroup { id, name, group_type }, move |answer| {
        let answer = match answer.status {
            Status::SUCCESS => giving.give(Held::Group(id, access)).map(OpenResponse::opened),
            status => Err(Failure::Status(status)),
        };
        exchange.end(answer);
    });
}

/// Sends a command to the group of a request's handle and answers with the command's status.
fn to_group<O>(
    session: &Arc<Session>,
    exchange: Exchange<O>,
    handle: impl FnOnce(&O) -> GroupHandle,
    command: impl FnOnce(GroupId, &O) -> Command,
) where
    O: Operation<Response = StatusResponse> + Send + 'static,
{
    let found = session.handles.lock().group(handle(exchange.request()));
    match found {
        Ok((group, access)) => {
            let command = command(group, exchange.request());
            session.simple(access, command, exchange);
        }
        Err(bad) => exchange.end(Err(bad.into())),
    }
}

/// As [`to_group`], for commands that name a node too.
fn to_group_and_node<O>(
    session: &Arc<Session>,
    exchange: Exchange<O>,
    handles: impl FnOnce(&O) -> (GroupHandle, NodeHandle),
    command: impl FnOnce(GroupId, NodeId, &O) -> Command,
) where
    O: Operation<Response = StatusResponse> + Send + 'static,
{
    let (group, node) = handles(exchange.request());
    let found = session.handles.lock().node(node);
    match found {
        Ok((node, _)) => to_group(session, exchange, |_| group, |group, r| command(group, node, r)),
        Err(bad) => exchange.end(Err(bad.into())),
    }
}

pub(super) fn delete(session: &Arc<Session>, exchange: Exchange<DeleteGroup>) {
    to_group(session, exchange, |r| r.group, |group, r| Command::DeleteGroup { group, force: r.force });
}

pub(super) fn rename(session: &Arc<Session>, exchange: Exchange<SetGroupName>) {
    to_group(session, exchange, |r| r.group, |group, r| Command::RenameGroup { group, name: r.name.clone() });
}

pub(super) fn online(session: &Arc<Session>, exchange: Exchange<OnlineGroup>) {
    to_group(
        session,
        exchange,
        |r| r.group,
        |group, _| Command::OnlineGroup { group, flags: 0, buffer: Vec::new(), remark: Remark::default() },
    );
}

pub(super) fn online_ex(session: &Arc<Session>, exchange: Exchange<OnlineGroupEx>) {
    to_group(
        session,
        exchange,
        |r| r.group,
        |group, r| Command::OnlineGroup {
            group,
            flags: r.flags,
            buffer: r.input.clone(),
            remark: Remark::default(),
        },
    );
}

pub(super) fn move_away(session: &Arc<Session>, exchange: Exchange<MoveGroup>) {
    let moved = |group, _: &MoveGroup| Command::MoveGroup { group, node: None, flags: 0, buffer: Vec::new() };
    to_group(session, exchange, |r| r.group, moved);
}

pub(super) fn move_away_ex(session: &Arc<Session>, exchange: Exchange<MoveGroupEx>) {
    to_group(
        session,
        exchange,
        |r| r.group,
        |group, r| Command::MoveGroup { group, node: None, flags: r.flags, buffer: r.input.clone() },
    );
}

pub(super) fn move_to_node(session: &Arc<Session>, exchange: Exchange<MoveGroupToNode>) {
    to_group_and_node(
        session,
        exchange,
        |r| (r.group, r.node),
        |group, node, _| Command::MoveGroup { group, node: Some(node), flags: 0, buffer: Vec::new() },
    );
}

pub(super) fn move_to_node_ex(session: &Arc<Session>, exchange: Exchange<MoveGroupToNodeEx>) {
    to_group_and_node(
        session,
        exchange,
        |r| (r.group, r.node),
        |group, node, r| Command::MoveGroup {
            group,
            node: Some(node),
            flags: r.flags,
            buffer: r.input.clone(),
        },
    );
}

pub(super) fn offline(session: &Arc<Session>, exchange: Exchange<OfflineGroup>) {
    to_group(
        session,
        exchange,
        |r| r.group,
        |group, _| Command::OfflineGroup { group, flags: 0, buffer: Vec::new(), remark: Remark::default() },
    );
}

pub(super) fn offline_ex(session: &Arc<Session>, exchange: Exchange<OfflineGroupEx>) {
    to_group(
        session,
        exchange,
        |r| r.group,
        |group, r| Command::OfflineGroup {
            group,
            flags: r.flags,
            buffer: r.input.clone(),
            remark: Remark::default(),
        },
    );
}

pub(super) fn set_node_list(session: &Arc<Session>, exchange: Exchange<SetGroupNodeList>) {
    match multi_string(exchange.request().nodes.as_deref().unwrap_or_default()) {
        Some(nodes) => {
            to_group(session, exchange, |r| r.group, |group, _| Command::SetPreferredOwners { group, nodes });
        }
        None => exchange.end(Err(Status::INVALID_PARAMETER.into())),
    }
}

/// Texts in UTF-16, each with its NUL, and one more NUL; nothing at all is no text. `None` where it is none of that.
fn multi_string(units: &[u16]) -> Option<Vec<String>> {
    let mut texts = Vec::new();
    let mut rest = units;
    while let Some(length) = rest.iter().position(|unit| *unit == 0).filter(|length| *length > 0) {
        texts.push(String::from_utf16(&rest[..length]).ok()?);
        rest = &rest[length + 1..];
    }
    (rest.is_empty() || rest == [0]).then_some(texts)
}

pub(super) fn cancel(session: &Arc<Session>, exchange: Exchange<CancelClusterGroupOperation>) {
    to_group(
        session,
        exchange,
        |r| r.group,
        |group, r| Command::CancelGroupOperation { group, flags: r.flags, remark: Remark::default() },
    );
}

fn give(session: &Session, name: &str, access: Access) -> Result<GroupHandle, Failure> {
    let id = session.core.read(|view| view.find_group(name)).ok_or(Status::GROUP_NOT_FOUND)?;
    session.give(Held::Group(id, access))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multi_strings() {
        let units = |text: &str| text.encode_utf16().collect::<Vec<u16>>();
        for (text, expected) in [
            ("", Some(vec![])),
            ("\0", Some(vec![])),
            ("1\0\0", Some(vec!["1"])),
            ("1\0node2\0\0", Some(vec!["1", "node2"])),
            // Without the last NUL it is told where it ends all the same.
            ("1\0", Some(vec!["1"])),
            ("1", None),
            ("1\0\0x", None),
            ("\0\0", None),
        ] {
            let expected = expected.map(|texts| texts.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(multi_string(&units(text)), expected, "{text:?}");
        }
        assert_eq!(multi_string(&[0xD800, 0, 0]), None);
    }
}
