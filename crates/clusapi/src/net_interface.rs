//! Network interfaces.

use mainstay_resutils::wide::{self, Unit};
use mainstay_types::Status;

use crate::guard::Outcome;
use crate::memory;
use crate::tables::tables;

/// ClusterNetInterfaceStateUnknown.
const UNKNOWN: u32 = u32::MAX;

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
