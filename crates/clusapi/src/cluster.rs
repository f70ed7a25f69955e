//! The cluster: opening and closing it, and what it says of itself.

use std::path::Path;
use std::sync::Arc;

use mainstay_client::{ClusterInformation, Desired, Local, Target, Watched, socket_path};
use mainstay_resutils::wide::{self, Unit};
use mainstay_types::Status;

use crate::connection::Connection;
use crate::control::{self, ControlBuffers};
use crate::guard::Outcome;
use crate::memory;
use crate::tables::tables;

/// OpenCluster.
///
/// NULL opens the cluster of this machine. A name with a slash in it is the path of a service's socket. Other names
/// would be reached over the network, which there is not yet: RPC_S_SERVER_UNAVAILABLE.
///
/// # Safety
/// As [`wide::read_optional`].
pub(crate) unsafe fn open<U: Unit>(name: *const U) -> Outcome<usize> {
    // SAFETY: the caller's promise is that of the function.
    unsafe { open_with(name, Desired::Full, std::ptr::null_mut()) }
}

/// OpenClusterEx.
///
/// # Safety
/// As [`wide::read_optional`]; `granted` is null or writable.
pub(crate) unsafe fn open_ex<U: Unit>(name: *const U, desired: u32, granted: *mut u32) -> Outcome<usize> {
    // SAFETY: the caller's promise is that of the function.
    unsafe { open_with(name, Desired::Mask(desired), granted) }
}

unsafe fn open_with<U: Unit>(name: *const U, desired: Desired, granted: *mut u32) -> Outcome<usize> {
    // SAFETY: the caller's promise is that of the function.
    let socket = match unsafe { wide::read_optional(name) }? {
        None => socket_path(None),
        Some(path) if path.contains('/') => socket_path(Some(Path::new(&path))),
        Some(_) => return Err(Status::RPC_S_SERVER_UNAVAILABLE),
    };
    let connection = Connection::open(Local::new(socket), desired).map_err(|error| error.status())?;
    let connection = Arc::new(connection);
    let handle = tables().clusters.insert(Arc::clone(&connection))?;
    connection.set_handle(handle);
    // SAFETY: the caller promised that it is null or writable.
    unsafe { wide::write_optional(granted, connection.granted()) };
    Ok(handle)
}

/// CloseCluster. What was opened through the handle goes on working until it is closed itself.
pub(crate) fn close(cluster: usize) -> Outcome<()> {
    let connection = tables().clusters.remove(cluster)?;
    connection.forget(&Watched::Cluster);
    Ok(())
}

/// The handle by which a connection was opened, for the GetClusterFrom functions. It is the same handle, not a new
/// one, and need not be closed; when it was closed, there is none.
pub(crate) fn handle_of(connection: &Connection) -> Outcome<usize> {
    let handle = connection.handle();
    tables().clusters.get(handle).map(|_| handle)
}

/// SetClusterName. It takes effect at once, since no network name hangs on it.
///
/// # Safety
/// As [`wide::read`].
pub(crate) unsafe fn rename<U: Unit>(cluster: usize, name: *const U) -> Outcome<()> {
    let connection = tables().clusters.get(cluster)?;
    // SAFETY: the caller's promise is that of the function.
    let name = unsafe { memory::text(name) }?;
    connection.with(|cluster| cluster.rename(&name))
}

/// BackupClusterDatabase. The path is one of the service's machine.
///
/// # Safety
/// As [`wide::read`].
pub(crate) unsafe fn back_up<U: Unit>(cluster: usize, path: *const U) -> Outcome<()> {
    let connection = tables().clusters.get(cluster)?;
    // SAFETY: the caller's promise is that of the function.
    let path = unsafe { memory::text(path) }?;
    connection.with(|cluster| cluster.back_up(&path))
}

/// CLUSTERVERSIONINFO for one width of wchar_t.
#[repr(C)]
pub(crate) struct VersionInfo<U> {
    size: u32,
    major: u16,
    minor: u16,
    build: u16,
    vendor_id: [U; VERSION_TEXT_LENGTH],
    csd_version: [U; VERSION_TEXT_LENGTH],
    highest: u32,
    lowest: u32,
    flags: u32,
    reserved: u32,
}

/// The room of the texts in CLUSTERVERSIONINFO, with the NUL.
const VERSION_TEXT_LENGTH: usize = 64;

/// GetClusterInformation.
///
/// # Safety
/// As [`wide::write_counted`]; `version` is null or a writable CLUSTERVERSIONINFO.
pub(crate) unsafe fn information<U: Unit>(
    cluster: usize,
    name: *mut U,
    name_length: *mut u32,
    version: *mut VersionInfo<U>,
) -> Outcome<()> {
    let connection = tables().clusters.get(cluster)?;
    if name_length.is_null() && !name.is_null() {
        return Err(Status::INVALID_PARAMETER);
    }
    if !version.is_null() {
        // SAFETY: not null, so it is a CLUSTERVERSIONINFO; its first field says how large the caller thinks it is.
        let size = unsafe { (&raw const (*version).size).read_unaligned() };
        if (size as usize) < size_of::<VersionInfo<U>>() {
            return Err(Status::INVALID_PARAMETER);
        }
    }
    let information = connection.with(|cluster| cluster.information())?;
    if !version.is_null() {
        // SAFETY: not null and as large as it has to be.
        unsafe { version.write_unaligned(version_info(&information)) };
    }
    // SAFETY: the caller's promise is that of the function.
    unsafe { memory::write_text(&information.name, name, name_length) }
}

fn version_info<U: Unit>(information: &ClusterInformation) -> VersionInfo<U> {
    let version = &information.version;
    let operational = version.operational.unwrap_or_default();
    VersionInfo {
        size: u32::try_from(size_of::<VersionInfo<U>>()).unwrap_or(u32::MAX),
        major: version.major,
        minor: version.minor,
        build: version.build,
        vendor_id: version_text(version.vendor_id.as_deref()),
        csd_version: version_text(version.csd_version.as_deref()),
        highest: operational.highest,
        lowest: operational.lowest,
        flags: operational.flags,
        reserved: 0,
    }
}

/// A text in a field of fixed length, cut off where it does not fit, always with its NUL.
fn version_text<U: Unit>(text: Option<&str>) -> [U; VERSION_TEXT_LENGTH] {
    let mut field = [U::NUL; VERSION_TEXT_LENGTH];
    let units = U::encode(text.unwrap_or_default());
    for (place, unit) in field[..VERSION_TEXT_LENGTH - 1].iter_mut().zip(units) {
        *place = unit;
    }
    field
}

/// ClusterControl.
///
/// # Safety
/// As [`ControlBuffers`] says.
pub(crate) unsafe fn control(cluster: usize, host: usize, code: u32, buffers: ControlBuffers) -> Outcome<()> {
    let connection = tables().clusters.get(cluster)?;
    // SAFETY: the caller's promise is that of the function.
    unsafe { control::send(&connection, Target::Cluster, host, code, buffers) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_info_has_the_layout_of_the_header() {
        assert_eq!(size_of::<VersionInfo<u16>>(), 4 + 6 + 2 * 128 + 2 + 16);
        assert_eq!(size_of::<VersionInfo<u32>>(), 4 + 6 + 2 + 2 * 256 + 16);
    }

    #[test]
    fn texts_of_versions_are_cut_and_closed() {
        let long = "x".repeat(100);
        let field: [u16; VERSION_TEXT_LENGTH] = version_text(Some(&long));
        assert_eq!((field[62], field[63]), (u16::from(b'x'), 0));
        let field: [u32; VERSION_TEXT_LENGTH] = version_text(None);
        assert_eq!(field, [0; VERSION_TEXT_LENGTH]);
    }
}
