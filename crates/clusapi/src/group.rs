//! Groups.

use std::time::{Duration, Instant};

use mainstay_client::{Accepted, CallError, Cluster, EventFilter, EventsFrom, kind};
use mainstay_resutils::wide::Unit;
use mainstay_types::access::GENERIC_READ;
use mainstay_types::event::EventKind;
use mainstay_types::{GroupState, Status};

use crate::connection::{Held, same};
use crate::guard::Outcome;
use crate::memory;
use crate::node;
use crate::object;
use crate::tables::tables;

/// CreateClusterGroup.
///
/// # Safety
/// As [`mainstay_resutils::wide::read`].
pub(crate) unsafe fn create<U: Unit>(cluster: usize, name: *const U) -> Outcome<usize> {
    let connection = tables().clusters.get(cluster)?;
    // SAFETY: the caller's promise is that of the function.
    let name = unsafe { memory::text(name) }?;
    let held = connection.hold(|cluster| cluster.create_group(&name))?;
    object::admit(held)
}

/// CLUSTER_CREATE_GROUP_INFO.
#[repr(C)]
pub(crate) struct CreateGroupInfo {
    version: u32,
    group_type: u32,
}

/// CLUSTER_CREATE_GROUP_INFO_VERSION_1.
const CREATE_GROUP_INFO_VERSION: u32 = 1;

/// CreateClusterGroupEx.
///
/// # Safety
/// As [`mainstay_resutils::wide::read`]; `info` is null or a CLUSTER_CREATE_GROUP_INFO.
pub(crate) unsafe fn create_ex<U: Unit>(
    cluster: usize,
    name: *const U,
    info: *const CreateGroupInfo,
) -> Outcome<usize> {
    if info.is_null() {
        // SAFETY: the caller's promise is that of the function.
        return unsafe { create(cluster, name) };
    }
    let connection = tables().clusters.get(cluster)?;
    // SAFETY: not null, so it is one.
    let CreateGroupInfo { version, group_type } = unsafe { info.read_unaligned() };
    if version != CREATE_GROUP_INFO_VERSION {
        return Err(Status::INVALID_PARAMETER);
    }
    // SAFETY: the caller's promise is that of the function.
    let name = unsafe { memory::text(name) }?;
    let held = connection.hold(|cluster| cluster.create_group_of_type(&name, group_type))?;
    object::admit(held)
}

/// DeleteClusterGroup. The handle stays open.
pub(crate) fn delete(group: usize) -> Outcome<()> {
    let held = tables().groups.get(group)?;
    held.connection.with(|cluster| cluster.delete_group(&held.object))
}

/// How long a destroyed group may take to go offline: several resources, one after the other, that need the whole of
/// their PendingTimeout, which is three minutes by default.
const OFFLINE_WITHIN: Duration = Duration::from_secs(15 * 60);

/// DestroyClusterGroup: the group goes offline, then it is deleted with its resources. The handle stays open.
///
/// Whatever keeps it from being deleted for good is told before anything is stopped.
pub(crate) fn destroy(group: usize) -> Outcome<()> {
    let held = tables().groups.get(group)?;
    let delete = || held.connection.with(|cluster| cluster.delete_group_with_resources(&held.object));
    match delete() {
        // Something of it is not offline.
        Err(Status::INVALID_STATE) => {}
        ended => return ended,
    }
    if held.connection.with(|cluster| cluster.offline_group(&held.object))? == Accepted::Pending {
        wait_while_pending(&held)?;
    }
    // What did not go offline is in the way again, and says so.
    delete()
}

/// Looks at the group's state, and again at each event of it.
fn wait_while_pending(held: &Held<kind::Group>) -> Outcome<()> {
    let deadline = Instant::now() + OFFLINE_WITHIN;
    let kinds = [EventKind::GroupState.to_string()];
    let filter = EventFilter { object: Some(held.object.id()), kinds: &kinds, ..EventFilter::default() };
    let next = |from, within| Ok(held.connection.with(|cluster| cluster.events(from, &filter, within))?.next);
    let mut place = next(EventsFrom::Now, Duration::ZERO)?;
    while held.connection.with(|cluster| cluster.group_place(&held.object))?.state
        == GroupState::Pending.number()
    {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Status::WAIT_TIMEOUT);
        }
        place = next(EventsFrom::Revision(place), left)?;
    }
    Ok(())
}

/// SetClusterGroupName.
///
/// # Safety
/// As [`mainstay_resutils::wide::read`].
pub(crate) unsafe fn rename<U: Unit>(group: usize, name: *const U) -> Outcome<()> {
    let held = tables().groups.get(group)?;
    // SAFETY: the caller's promise is that of the function.
    let name = unsafe { memory::text(name) }?;
    held.connection.with(|cluster| cluster.rename_group(&held.object, &name))
}

/// GetClusterGroupState.
///
/// # Safety
/// As [`mainstay_resutils::wide::write_counted`].
pub(crate) unsafe fn state<U: Unit>(group: usize, node: *mut U, node_length: *mut u32) -> Outcome<u32> {
    let held = tables().groups.get(group)?;
    if !node.is_null() && node_length.is_null() {
        return Err(Status::INVALID_PARAMETER);
    }
    let place = held.connection.with(|cluster| cluster.group_place(&held.object))?;
    // SAFETY: the caller's promise is that of the function.
    unsafe { memory::write_text(&place.node, node, node_length) }?;
    Ok(place.state)
}

/// OnlineClusterGroup.
pub(crate) fn online(group: usize, destination: usize) -> Outcome<()> {
    online_at(group, destination, |cluster, held| cluster.online_group(&held.object))
}

/// OnlineClusterGroupEx.
///
/// # Safety
/// As [`memory::instructions`].
pub(crate) unsafe fn online_ex(
    group: usize,
    destination: usize,
    flags: u32,
    buffer: *const u8,
    size: u32,
) -> Outcome<()> {
    tables().groups.get(group)?;
    // SAFETY: the caller's promise is that of the function.
    let input = unsafe { memory::instructions(buffer, size) }?;
    online_at(group, destination, |cluster, held| cluster.online_group_ex(&held.object, flags, input))
}

/// Moves the group to the node, where one is named, and brings it online there.
fn online_at(
    group: usize,
    destination: usize,
    online: impl Fn(&mut Cluster, &Held<kind::Group>) -> Result<Accepted, CallError>,
) -> Outcome<()> {
    let held = tables().groups.get(group)?;
    let node = node::named(&held.connection, destination)?;
    // Who may only read is refused the online that he asked for.
    let node = node.filter(|_| held.object.granted() != GENERIC_READ);
    let accepted = held.connection.with(|cluster| {
        if let Some(node) = &node {
            cluster.move_group(&held.object, Some(&node.object))?;
        }
        online(cluster, &held)
    })?;
    status_of(accepted)
}

/// MoveClusterGroup.
pub(crate) fn move_to(group: usize, destination: usize) -> Outcome<()> {
    let held = tables().groups.get(group)?;
    let node = node::named(&held.connection, destination)?;
    let node = node.as_ref().map(|node| &node.object);
    status_of(held.connection.with(|cluster| cluster.move_group(&held.object, node))?)
}

/// MoveClusterGroupEx.
///
/// # Safety
/// As [`memory::instructions`].
pub(crate) unsafe fn move_to_ex(
    group: usize,
    destination: usize,
    flags: u32,
    buffer: *const u8,
    size: u32,
) -> Outcome<()> {
    let held = tables().groups.get(group)?;
    let node = node::named(&held.connection, destination)?;
    // SAFETY: the caller's promise is that of the function.
    let input = unsafe { memory::instructions(buffer, size) }?;
    let node = node.as_ref().map(|node| &node.object);
    status_of(held.connection.with(|cluster| cluster.move_group_ex(&held.object, node, flags, input))?)
}

/// OfflineClusterGroup.
pub(crate) fn offline(group: usize) -> Outcome<()> {
    let held = tables().groups.get(group)?;
    status_of(held.connection.with(|cluster| cluster.offline_group(&held.object))?)
}

/// OfflineClusterGroupEx.
///
/// # Safety
/// As [`memory::instructions`].
pub(crate) unsafe fn offline_ex(group: usize, flags: u32, buffer: *const u8, size: u32) -> Outcome<()> {
    let held = tables().groups.get(group)?;
    // SAFETY: the caller's promise is that of the function.
    let input = unsafe { memory::instructions(buffer, size) }?;
    status_of(held.connection.with(|cluster| cluster.offline_group_ex(&held.object, flags, input))?)
}

/// More nodes than a cluster ever has; what is counted as more is no list.
const NODES_MAX: u32 = 1024;

/// SetClusterGroupNodeList.
///
/// # Safety
/// `nodes` is null or has `count` handles.
pub(crate) unsafe fn set_node_list(group: usize, count: u32, nodes: *const usize) -> Outcome<()> {
    let held = tables().groups.get(group)?;
    if count > NODES_MAX || (nodes.is_null() && count > 0) {
        return Err(Status::INVALID_PARAMETER);
    }
    let mut ids = Vec::new();
    for place in 0..count as usize {
        // SAFETY: the caller promised so many.
        let handle = unsafe { nodes.add(place).read_unaligned() };
        let node = tables().nodes.get(handle)?;
        same(&held.connection, &node.connection)?;
        ids.push(node.object.id().to_owned());
    }
    held.connection.with(|cluster| cluster.set_group_node_list(&held.object, &ids))
}

/// CancelClusterGroupOperation.
pub(crate) fn cancel(group: usize, flags: u32) -> Outcome<()> {
    let held = tables().groups.get(group)?;
    status_of(held.connection.with(|cluster| cluster.cancel_group_operation(&held.object, flags))?)
}

/// 997 is told as every other number is.
pub(crate) fn status_of(accepted: Accepted) -> Outcome<()> {
    match accepted {
        Accepted::Done => Ok(()),
        Accepted::Pending => Err(Status::IO_PENDING),
    }
}
