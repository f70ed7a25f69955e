//! Resource types. They have no handles: the cluster's handle and a name stand for one.

use mainstay_client::Target;
use mainstay_resutils::wide::Unit;

use crate::control::{self, ControlBuffers};
use crate::guard::Outcome;
use crate::memory;
use crate::tables::tables;

/// CreateClusterResourceType. The intervals are in milliseconds.
///
/// # Safety
/// As [`mainstay_resutils::wide::read`], for all strings.
pub(crate) unsafe fn create<U: Unit>(
    cluster: usize,
    name: *const U,
    display_name: *const U,
    library: *const U,
    looks_alive_ms: u32,
    is_alive_ms: u32,
) -> Outcome<()> {
    let connection = tables().clusters.get(cluster)?;
    // SAFETY: the caller's promise is that of the function.
    let (name, display_name, library) =
        unsafe { (memory::text(name)?, memory::text(display_name)?, memory::text(library)?) };
    connection.with(|cluster| {
        cluster.create_resource_type(&name, &display_name, &library, looks_alive_ms, is_alive_ms)
    })
}

/// DeleteClusterResourceType.
///
/// # Safety
/// As [`mainstay_resutils::wide::read`].
pub(crate) unsafe fn delete<U: Unit>(cluster: usize, name: *const U) -> Outcome<()> {
    let connection = tables().clusters.get(cluster)?;
    // SAFETY: the caller's promise is that of the function.
    let name = unsafe { memory::text(name) }?;
    connection.with(|cluster| cluster.delete_resource_type(&name))
}

/// ClusterResourceTypeControl.
///
/// # Safety
/// As [`mainstay_resutils::wide::read`], and as [`ControlBuffers`] says.
pub(crate) unsafe fn control<U: Unit>(
    cluster: usize,
    name: *const U,
    host: usize,
    code: u32,
    buffers: ControlBuffers,
) -> Outcome<()> {
    let connection = tables().clusters.get(cluster)?;
    // SAFETY: the caller's promise is that of the function.
    let name = unsafe { memory::text(name) }?;
    // SAFETY: the caller's promise is that of the function.
    unsafe { control::send(&connection, Target::ResourceType(&name), host, code, buffers) }
}
