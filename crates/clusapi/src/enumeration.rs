//! Lists of objects: taken once when they are opened, looked at by index afterwards without asking anybody.

use std::sync::Arc;

use mainstay_client::Entry;
use mainstay_resutils::wide::{self, Unit};
use mainstay_types::Status;

use crate::guard::Outcome;
use crate::tables::{Table, tables};

/// ClusterOpenEnum; the bits are CLUSTER_ENUM_.
pub(crate) fn open_cluster(cluster: usize, type_mask: u32) -> Outcome<usize> {
    let connection = tables().clusters.get(cluster)?;
    tables().cluster_enums.insert(Arc::new(connection.with(|cluster| cluster.list(type_mask))?))
}

/// ClusterGroupOpenEnum; the bits are CLUSTER_GROUP_ENUM_.
pub(crate) fn open_group(group: usize, type_mask: u32) -> Outcome<usize> {
    let held = tables().groups.get(group)?;
    let entries = held.connection.with(|cluster| cluster.list_of_group(&held.object, type_mask))?;
    tables().group_enums.insert(Arc::new(entries))
}

/// ClusterGroupSetOpenEnum.
pub(crate) fn open_group_sets(cluster: usize) -> Outcome<usize> {
    let connection = tables().clusters.get(cluster)?;
    tables().group_set_enums.insert(Arc::new(connection.with(|cluster| cluster.list_group_sets())?))
}

/// ClusterResourceOpenEnum; the bits are CLUSTER_RESOURCE_ENUM_.
pub(crate) fn open_resource(resource: usize, type_mask: u32) -> Outcome<usize> {
    let held = tables().resources.get(resource)?;
    let entries = held.connection.with(|cluster| cluster.list_of_resource(&held.object, type_mask))?;
    tables().resource_enums.insert(Arc::new(entries))
}

/// How many entries a list has.
pub(crate) fn count<T>(table: &Table<Vec<T>>, list: usize) -> Outcome<usize> {
    Ok(table.get(list)?.len())
}

/// Closes a list.
pub(crate) fn close<T>(table: &Table<Vec<T>>, list: usize) -> Outcome<()> {
    table.remove(list).map(drop)
}

/// One entry of a list, with its type, which is told also when the name does not fit.
///
/// # Safety
/// As [`wide::write_counted`]; `kind` is null or writable.
pub(crate) unsafe fn entry<U: Unit>(
    table: &Table<Vec<Entry>>,
    list: usize,
    index: u32,
    kind: *mut u32,
    name: *mut U,
    name_length: *mut u32,
) -> Outcome<()> {
    let list = table.get(list)?;
    if name_length.is_null() {
        return Err(Status::INVALID_PARAMETER);
    }
    let entry = list.get(index as usize).ok_or(Status::NO_MORE_ITEMS)?;
    // SAFETY: the caller promised that it is null or writable.
    unsafe { wide::write_optional(kind, entry.kind) };
    // SAFETY: the caller's promise is that of the function.
    unsafe { wide::write_counted(&entry.name, name, name_length) }
}
