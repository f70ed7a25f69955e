//! Networks.

use mainstay_client::{Desired, Target, Watched};
use mainstay_resutils::wide::{self, Unit};
use mainstay_types::Status;

use crate::cluster::handle_of;
use crate::connection::admit;
use crate::control::{self, ControlBuffers};
use crate::guard::Outcome;
use crate::memory;
use crate::tables::tables;

/// OpenClusterNetwork and OpenClusterNetworkEx.
///
/// # Safety
/// As [`wide::read`]; `granted` is null or writable.
pub(crate) unsafe fn open<U: Unit>(
    cluster: usize,
    name: *const U,
    desired: Desired,
    granted: *mut u32,
) -> Outcome<usize> {
    let connection = tables().clusters.get(cluster)?;
    // SAFETY: the caller's promise is that of the function.
    let name = unsafe { memory::text(name) }?;
    let held = connection.hold(|cluster| cluster.open_object(&name, desired))?;
    // SAFETY: the caller promised that it is null or writable.
    unsafe { wide::write_optional(granted, held.object.granted()) };
    admit(&tables().networks, held, Watched::Network)
}

/// CloseClusterNetwork.
pub(crate) fn close(network: usize) -> Outcome<()> {
    let held = tables().networks.remove(network)?;
    held.connection.forget(&Watched::Network(held.object.clone()));
    Ok(())
}

/// GetClusterFromNetwork.
pub(crate) fn cluster(network: usize) -> Outcome<usize> {
    handle_of(&tables().networks.get(network)?.connection)
}

/// GetClusterNetworkState.
pub(crate) fn state(network: usize) -> Outcome<u32> {
    let held = tables().networks.get(network)?;
    held.connection.with(|cluster| cluster.network_state(&held.object))
}

/// SetClusterNetworkName.
///
/// # Safety
/// As [`wide::read`].
pub(crate) unsafe fn rename<U: Unit>(network: usize, name: *const U) -> Outcome<()> {
    let held = tables().networks.get(network)?;
    // SAFETY: the caller's promise is that of the function.
    let name = unsafe { memory::text(name) }?;
    held.connection.with(|cluster| cluster.rename_network(&held.object, &name))
}

/// GetClusterNetworkId.
///
/// # Safety
/// As [`wide::write_counted`].
pub(crate) unsafe fn id<U: Unit>(network: usize, id: *mut U, id_length: *mut u32) -> Outcome<()> {
    let held = tables().networks.get(network)?;
    if id_length.is_null() {
        return Err(Status::INVALID_PARAMETER);
    }
    // SAFETY: the caller's promise is that of the function.
    unsafe { wide::write_counted(held.object.id(), id, id_length) }
}

/// ClusterNetworkControl.
///
/// # Safety
/// As [`ControlBuffers`] says.
pub(crate) unsafe fn control(network: usize, host: usize, code: u32, buffers: ControlBuffers) -> Outcome<()> {
    let held = tables().networks.get(network)?;
    // SAFETY: the caller's promise is that of the function.
    unsafe { control::send(&held.connection, Target::Network(&held.object), host, code, buffers) }
}
