//! Network interfaces.

use mainstay_client::{Desired, Target, Watched};
use mainstay_resutils::wide::{self, Unit};
use mainstay_types::Status;

use crate::cluster::handle_of;
use crate::connection::admit;
use crate::control::{self, ControlBuffers};
use crate::guard::Outcome;
use crate::memory;
use crate::tables::tables;

/// ClusterNetInterfaceStateUnknown.
const UNKNOWN: u32 = u32::MAX;

/// OpenClusterNetInterface and OpenClusterNetInterfaceEx.
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
    admit(&tables().net_interfaces, held, Watched::NetInterface)
}

/// CloseClusterNetInterface.
pub(crate) fn close(interface: usize) -> Outcome<()> {
    let held = tables().net_interfaces.remove(interface)?;
    held.connection.forget(&Watched::NetInterface(held.object.clone()));
    Ok(())
}

/// GetClusterFromNetInterface.
pub(crate) fn cluster(interface: usize) -> Outcome<usize> {
    handle_of(&tables().net_interfaces.get(interface)?.connection)
}

/// GetClusterNetInterfaceState, in the numbers of clusapi.h.
pub(crate) fn state(interface: usize) -> Outcome<u32> {
    let held = tables().net_interfaces.get(interface)?;
    let state = held.connection.with(|cluster| cluster.net_interface_state(&held.object))?;
    Ok(state.map_or(UNKNOWN, |state| state.number()))
}

/// GetClusterNetInterface: the name of the interface that connects a node to a network.
///
/// # Safety
/// As [`wide::read`] and [`wide::write_counted`].
pub(crate) unsafe fn between<U: Unit>(
    cluster: usize,
    node: *const U,
    network: *const U,
    name: *mut U,
    name_length: *mut u32,
) -> Outcome<()> {
    let connection = tables().clusters.get(cluster)?;
    // SAFETY: the caller's promise is that of the functions.
    let (node, network) = unsafe { (memory::text(node), memory::text(network)) };
    let (node, network) = (node?, network?);
    if name_length.is_null() {
        return Err(Status::INVALID_PARAMETER);
    }
    let found = connection.with(|cluster| cluster.net_interface_between(&node, &network))?;
    // SAFETY: the caller's promise is that of the function.
    unsafe { wide::write_counted(&found, name, name_length) }
}

/// ClusterNetInterfaceControl.
///
/// # Safety
/// As [`ControlBuffers`] says.
pub(crate) unsafe fn control(
    interface: usize,
    host: usize,
    code: u32,
    buffers: ControlBuffers,
) -> Outcome<()> {
    let held = tables().net_interfaces.get(interface)?;
    // SAFETY: the caller's promise is that of the function.
    unsafe { control::send(&held.connection, Target::NetInterface(&held.object), host, code, buffers) }
}
