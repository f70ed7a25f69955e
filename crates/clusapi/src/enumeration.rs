//! Lists of objects: taken once when they are opened, looked at by index afterwards without asking anybody.

use std::sync::Arc;

use mainstay_client::Entry;
use mainstay_resutils::wide::{self, Unit};
use mainstay_types::Status;

use crate::guard::Outcome;
use crate::memory;
use crate::tables::{Table, tables};

/// What a list has the objects of. The handle of one list is none of another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Of {
    /// The cluster.
    Cluster,
    /// A node.
    Node,
    /// A group.
    Group,
    /// The cluster's group sets.
    GroupSets,
    /// A resource.
    Resource,
    /// A network.
    Network,
    /// The interfaces between nodes and networks.
    NetInterfaces,
}

/// A list.
pub(crate) struct List {
    of: Of,
    entries: Vec<Entry>,
}

/// Gives a list a handle.
fn admit(of: Of, entries: Vec<Entry>) -> Outcome<usize> {
    tables().lists.insert(Arc::new(List { of, entries }))
}

/// The list of a handle that was opened as such a list.
fn find(of: Of, list: usize) -> Outcome<Arc<List>> {
    let found = tables().lists.get(list)?;
    if found.of == of { Ok(found) } else { Err(Status::INVALID_HANDLE) }
}

/// ClusterOpenEnum; the bits are CLUSTER_ENUM_.
pub(crate) fn open_cluster(cluster: usize, type_mask: u32) -> Outcome<usize> {
    let connection = tables().clusters.get(cluster)?;
    admit(Of::Cluster, connection.with(|cluster| cluster.list(type_mask))?)
}

/// ClusterNodeOpenEnum; the bits are CLUSTER_NODE_ENUM_.
pub(crate) fn open_node(node: usize, type_mask: u32) -> Outcome<usize> {
    let held = tables().nodes.get(node)?;
    admit(Of::Node, held.connection.with(|cluster| cluster.list_of_node(&held.object, type_mask))?)
}

/// ClusterGroupOpenEnum; the bits are CLUSTER_GROUP_ENUM_.
pub(crate) fn open_group(group: usize, type_mask: u32) -> Outcome<usize> {
    let held = tables().groups.get(group)?;
    admit(Of::Group, held.connection.with(|cluster| cluster.list_of_group(&held.object, type_mask))?)
}

/// ClusterGroupSetOpenEnum.
pub(crate) fn open_group_sets(cluster: usize) -> Outcome<usize> {
    let connection = tables().clusters.get(cluster)?;
    admit(Of::GroupSets, connection.with(|cluster| cluster.list_group_sets())?)
}

/// ClusterResourceOpenEnum; the bits are CLUSTER_RESOURCE_ENUM_.
pub(crate) fn open_resource(resource: usize, type_mask: u32) -> Outcome<usize> {
    let held = tables().resources.get(resource)?;
    admit(Of::Resource, held.connection.with(|cluster| cluster.list_of_resource(&held.object, type_mask))?)
}

/// ClusterNetworkOpenEnum; the bits are CLUSTER_NETWORK_ENUM_.
pub(crate) fn open_network(network: usize, type_mask: u32) -> Outcome<usize> {
    let held = tables().networks.get(network)?;
    admit(Of::Network, held.connection.with(|cluster| cluster.list_of_network(&held.object, type_mask))?)
}

/// ClusterNetInterfaceOpenEnum: the interfaces of a node on a network; NULL stands for all.
///
/// # Safety
/// As [`wide::read`], but for null pointers.
pub(crate) unsafe fn open_net_interfaces<U: Unit>(
    cluster: usize,
    node: *const U,
    network: *const U,
) -> Outcome<usize> {
    let connection = tables().clusters.get(cluster)?;
    // SAFETY: the caller's promise is that of the functions.
    let (node, network) = unsafe { (memory::text_or_empty(node), memory::text_or_empty(network)) };
    let (node, network) = (node?, network?);
    admit(Of::NetInterfaces, connection.with(|cluster| cluster.list_net_interfaces(&node, &network))?)
}

/// How many entries a list has.
pub(crate) fn length(of: Of, list: usize) -> Outcome<usize> {
    Ok(find(of, list)?.entries.len())
}

/// Closes a list.
pub(crate) fn shut(of: Of, list: usize) -> Outcome<()> {
    find(of, list)?;
    tables().lists.remove(list).map(drop)
}

/// How many entries a list of the extended functions has.
pub(crate) fn count<T>(table: &Table<Vec<T>>, list: usize) -> Outcome<usize> {
    Ok(table.get(list)?.len())
}

/// Closes a list of the extended functions.
pub(crate) fn close<T>(table: &Table<Vec<T>>, list: usize) -> Outcome<()> {
    table.remove(list).map(drop)
}

/// One entry of a list, with its type, which is told also when the name does not fit.
///
/// # Safety
/// As [`wide::write_counted`]; `kind` is null or writable.
pub(crate) unsafe fn entry<U: Unit>(
    of: Of,
    list: usize,
    index: u32,
    kind: *mut u32,
    name: *mut U,
    name_length: *mut u32,
) -> Outcome<()> {
    let list = find(of, list)?;
    if name_length.is_null() {
        return Err(Status::INVALID_PARAMETER);
    }
    let entry = list.entries.get(index as usize).ok_or(Status::NO_MORE_ITEMS)?;
    // SAFETY: the caller promised that it is null or writable.
    unsafe { wide::write_optional(kind, entry.kind) };
    // SAFETY: the caller's promise is that of the function.
    unsafe { wide::write_counted(&entry.name, name, name_length) }
}
