//! Networks.

use mainstay_resutils::wide::{self, Unit};
use mainstay_types::Status;

use crate::guard::Outcome;
use crate::memory;
use crate::tables::tables;

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
