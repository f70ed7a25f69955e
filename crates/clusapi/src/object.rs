//! What all kinds of objects have alike: they are opened by name, closed, asked for their cluster, and sent control
//! codes. To add a kind: its table in [`crate::tables`], and a line at the end of this file.

use std::sync::Arc;

use mainstay_client::{Desired, Kind, Opened, Target, Watched, kind};
use mainstay_resutils::wide::{self, Unit};

use crate::cluster::handle_of;
use crate::connection::Held;
use crate::control::{self, ControlBuffers};
use crate::guard::Outcome;
use crate::memory;
use crate::tables::{Table, tables};

/// A kind of object that has handles.
pub(crate) trait Handled: Kind + Sized + 'static {
    /// The handles of this kind.
    fn table() -> &'static Table<Held<Self>>;

    /// One as ports and connections know it.
    fn watched(object: Opened<Self>) -> Watched;

    /// One as what a control code is sent to.
    fn target(object: &Opened<Self>) -> Target<'_>;
}

/// OpenCluster* and OpenCluster*Ex.
///
/// # Safety
/// As [`wide::read`]; `granted` is null or writable.
pub(crate) unsafe fn open<K: Handled, U: Unit>(
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
    admit::<K>(held)
}

/// Gives an opened object a handle; without one it is closed again.
pub(crate) fn admit<K: Handled>(held: Arc<Held<K>>) -> Outcome<usize> {
    let handle = K::table().insert(Arc::clone(&held));
    if handle.is_err() {
        held.connection.forget(&K::watched(held.object.clone()));
    }
    handle
}

/// CloseCluster*.
pub(crate) fn close<K: Handled>(handle: usize) -> Outcome<()> {
    let held = K::table().remove(handle)?;
    held.connection.forget(&K::watched(held.object.clone()));
    Ok(())
}

/// GetClusterFrom*.
pub(crate) fn cluster<K: Handled>(handle: usize) -> Outcome<usize> {
    handle_of(&K::table().get(handle)?.connection)
}

/// Cluster*Control.
///
/// # Safety
/// As [`ControlBuffers`] says.
pub(crate) unsafe fn control<K: Handled>(
    handle: usize,
    host: usize,
    code: u32,
    buffers: ControlBuffers,
) -> Outcome<()> {
    let held = K::table().get(handle)?;
    // SAFETY: the caller's promise is that of the function.
    unsafe { control::send(&held.connection, K::target(&held.object), host, code, buffers) }
}

macro_rules! handled {
    ($($kind:ident: $table:ident;)+) => {
        $(
            impl Handled for kind::$kind {
                fn table() -> &'static Table<Held<Self>> {
                    &tables().$table
                }

                fn watched(object: Opened<Self>) -> Watched {
                    Watched::$kind(object)
                }

                fn target(object: &Opened<Self>) -> Target<'_> {
                    Target::$kind(object)
                }
            }
        )+
    };
}

handled! {
    Resource: resources;
    Group: groups;
    GroupSet: group_sets;
    Node: nodes;
    Network: networks;
    NetInterface: net_interfaces;
}
