//! Nodes.

use mainstay_client::{Desired, Target, Watched};
use mainstay_resutils::wide::{self, Unit};

use crate::cluster::handle_of;
use crate::connection::admit;
use crate::control::{self, ControlBuffers};
use crate::guard::Outcome;
use crate::memory;
use crate::tables::tables;

/// OpenClusterNode and OpenClusterNodeEx.
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
    admit(&tables().nodes, held, Watched::Node)
}

/// CloseClusterNode.
pub(crate) fn close(node: usize) -> Outcome<()> {
    let held = tables().nodes.remove(node)?;
    held.connection.forget(&Watched::Node(held.object.clone()));
    Ok(())
}

/// GetClusterFromNode.
pub(crate) fn cluster(node: usize) -> Outcome<usize> {
    handle_of(&tables().nodes.get(node)?.connection)
}

/// GetClusterNodeState.
pub(crate) fn state(node: usize) -> Outcome<u32> {
    let held = tables().nodes.get(node)?;
    held.connection.with(|cluster| cluster.node_state(&held.object))
}

/// ClusterNodeControl.
///
/// # Safety
/// As [`ControlBuffers`] says.
pub(crate) unsafe fn control(node: usize, host: usize, code: u32, buffers: ControlBuffers) -> Outcome<()> {
    let held = tables().nodes.get(node)?;
    // SAFETY: the caller's promise is that of the function.
    unsafe { control::send(&held.connection, Target::Node(&held.object), host, code, buffers) }
}
