//! The cluster itself: opening it, its names, its version, its objects.

use std::sync::Arc;

use mainstay_cmrp::cluster::{
    BackupClusterDatabase, CloseCluster, CreateEnum, CreateEnumEx, CreateGroupEnum, CreateResourceEnum,
    GetClusterName, GetClusterNameResponse, GetClusterVersion2, GetClusterVersion2Response, OpenCluster,
    OpenClusterEx, OperationalVersion, SetClusterName,
};
use mainstay_cmrp::enumeration::{GroupEnumEntry, GroupEnumList, ResourceEnumEntry, ResourceEnumList};
use mainstay_cmrp::{
    CloseResponse, EnumExResponse, EnumList, EnumResponse, GroupEnumResponse, OpenClusterExResponse,
    OpenClusterResponse, ResourceEnumResponse,
};
use mainstay_engine::View;
use mainstay_engine::command::Command;
use mainstay_engine::view::{ListedGroup, ListedResource};
use mainstay_types::access::DesiredAccess;
use mainstay_types::{Status, version};

use super::exchange::{Exchange, Failure, Served};
use super::handles::Held;
use super::session::Session;

/// Who made the server, in a version's answer.
const VENDOR: &str = "Mainstay";

pub(super) fn open(session: &Arc<Session>, _: &OpenCluster) -> Served<OpenCluster> {
    let access = session.grant(DesiredAccess::Exactly(mainstay_types::Access::Full))?;
    Ok(OpenClusterResponse { status: 0, handle: session.give(Held::Cluster(access))? })
}

pub(super) fn open_ex(session: &Arc<Session>, request: &OpenClusterEx) -> Served<OpenClusterEx> {
    let access = session.grant_mask(request.desired_access)?;
    let handle = session.give(Held::Cluster(access))?;
    Ok(OpenClusterExResponse { granted_access: access.granted_mask(), status: 0, handle })
}

pub(super) fn close(session: &Arc<Session>, request: &CloseCluster) -> Served<CloseCluster> {
    let mut handles = session.handles.lock();
    handles.cluster(request.cluster)?;
    handles.take_back(request.cluster);
    Ok(CloseResponse::default())
}

pub(super) fn name(session: &Arc<Session>, _: &GetClusterName) -> Served<GetClusterName> {
    session.may_read()?;
    Ok(session.core.read(|view| GetClusterNameResponse {
        cluster_name: Some(view.cluster_name().to_owned()),
        node_name: Some(local_node_name(view)),
        status: 0,
    }))
}

fn local_node_name(view: View<'_>) -> String {
    view.node(view.local_node()).map(|node| node.name.to_string()).unwrap_or_default()
}

pub(super) fn version(session: &Arc<Session>, _: &GetClusterVersion2) -> Served<GetClusterVersion2> {
    session.may_read()?;
    Ok(GetClusterVersion2Response {
        major: version::MAJOR,
        minor: 0,
        build: 0,
        vendor_id: Some(VENDOR.into()),
        csd_version: Some(version::SERVICE_PACK.into()),
        operational: Some(OperationalVersion::uniform(version::OPERATIONAL)),
        ..GetClusterVersion2Response::default()
    })
}

pub(super) fn enumerate(session: &Arc<Session>, request: &CreateEnum) -> Served<CreateEnum> {
    session.may_read()?;
    let found = session.core.read(|view| view.enumerate_cluster(request.type_mask))?;
    Ok(EnumResponse::new(EnumList::new(found.into_iter().map(|item| (item.kind, item.name)))))
}

pub(super) fn enumerate_ex(session: &Arc<Session>, request: &CreateEnumEx) -> Served<CreateEnumEx> {
    session.handles.lock().cluster(request.cluster)?;
    let found = session.core.read(|view| view.enumerate_cluster(request.type_mask))?;
    Ok(EnumExResponse::new(
        EnumList::new(found.iter().map(|item| (item.kind, item.id.clone()))),
        EnumList::new(found.iter().map(|item| (item.kind, item.name.clone()))),
    ))
}

/// The flags of a listed group: none is a core group (CLUS_FLAG_CORE), as GET_FLAGS says of each.
const NO_FLAGS: u32 = 0;

pub(super) fn list_groups(session: &Arc<Session>, request: &CreateGroupEnum) -> Served<CreateGroupEnum> {
    session.handles.lock().cluster(request.cluster)?;
    let (names, ro_names) = (bytes(&request.properties), bytes(&request.ro_properties));
    let entries = session.core.read(|view| {
        let listed = view.list_groups(names, ro_names)?;
        Ok::<_, Failure>(listed.into_iter().map(group_entry).collect())
    })?;
    Ok(GroupEnumResponse { list: Some(GroupEnumList { entries }), ..GroupEnumResponse::default() })
}

fn group_entry(group: ListedGroup<'_>) -> GroupEnumEntry {
    GroupEnumEntry {
        name: Some(group.info.name.to_string()),
        id: Some(group.id.to_string()),
        state: group.info.state.number(),
        owner: Some(group.info.owner_name.to_owned()),
        flags: NO_FLAGS,
        properties: group.properties.writable,
        ro_properties: group.properties.read_only,
    }
}

pub(super) fn list_resources(
    session: &Arc<Session>,
    request: &CreateResourceEnum,
) -> Served<CreateResourceEnum> {
    session.handles.lock().cluster(request.cluster)?;
    let (names, ro_names) = (bytes(&request.properties), bytes(&request.ro_properties));
    let entries = session.core.read(|view| {
        let listed = view.list_resources(names, ro_names)?;
        Ok::<_, Failure>(listed.into_iter().map(resource_entry).collect())
    })?;
    Ok(ResourceEnumResponse { list: Some(ResourceEnumList { entries }), ..ResourceEnumResponse::default() })
}

fn resource_entry(resource: ListedResource<'_>) -> ResourceEnumEntry {
    ResourceEnumEntry {
        name: Some(resource.info.name.to_string()),
        id: Some(resource.id.to_string()),
        owner_name: Some(resource.info.group_name.to_owned()),
        owner_id: Some(resource.group.to_string()),
        properties: resource.properties.writable,
        ro_properties: resource.properties.read_only,
    }
}

fn bytes(given: &Option<Vec<u8>>) -> &[u8] {
    given.as_deref().unwrap_or_default()
}

pub(super) fn rename(session: &Arc<Session>, exchange: Exchange<SetClusterName>) {
    let command = Command::RenameCluster { name: exchange.request().name.clone() };
    match session.access().ok_or(Failure::Status(Status::ACCESS_DENIED)) {
        Ok(access) => session.simple(access, command, exchange),
        Err(failure) => exchange.end(Err(failure)),
    }
}

pub(super) fn back_up(session: &Arc<Session>, exchange: Exchange<BackupClusterDatabase>) {
    let command = Command::BackUp { path: exchange.request().path.clone() };
    match session.access().ok_or(Failure::Status(Status::ACCESS_DENIED)) {
        Ok(access) => session.simple(access, command, exchange),
        Err(failure) => exchange.end(Err(failure)),
    }
}
