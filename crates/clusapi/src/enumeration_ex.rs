//! Lists of objects with more than a name: each item is a structure, and what it points at lies behind it in the
//! caller's buffer.

use std::sync::Arc;

use mainstay_client::{CallError, Cluster};
use mainstay_resutils::wide::{Unit, bytes_of, encode_with_nul};
use mainstay_types::Status;

use crate::guard::Outcome;
use crate::memory;
use crate::tables::tables;

/// The version of all item structures.
const ITEM_VERSION: u32 = 1;

/// What stands behind the structures in the caller's buffer begins at a multiple of this, which suits every unit and
/// every property list.
const PART_ALIGN: usize = 8;

/// One object of the cluster.
pub(crate) struct ClusterItem {
    kind: u32,
    id: String,
    name: String,
}

/// One group.
pub(crate) type GroupItem = mainstay_client::GroupEnumEntry;

/// One resource.
pub(crate) type ResourceItem = mainstay_client::ResourceEnumEntry;

/// ClusterOpenEnumEx; the bits are CLUSTER_ENUM_, and there are no options.
pub(crate) fn open_cluster(cluster: usize, type_mask: u32, options: usize) -> Outcome<usize> {
    let connection = tables().clusters.get(cluster)?;
    if options != 0 {
        return Err(Status::INVALID_PARAMETER);
    }
    let found = connection.with(|cluster| cluster.list_ids(type_mask, 0))?;
    let item = |(id, name): (mainstay_client::Entry, mainstay_client::Entry)| ClusterItem {
        kind: id.kind,
        id: id.name,
        name: name.name,
    };
    tables().cluster_enums_ex.insert(Arc::new(found.into_iter().map(item).collect()))
}

/// ClusterGroupOpenEnumEx.
///
/// # Safety
/// As [`multi_string`], for both lists of names.
pub(crate) unsafe fn open_groups<U: Unit>(
    cluster: usize,
    properties: *const U,
    properties_size: u32,
    ro_properties: *const U,
    ro_properties_size: u32,
    flags: u32,
) -> Outcome<usize> {
    let (names, ro_names) = ((properties, properties_size), (ro_properties, ro_properties_size));
    // SAFETY: the caller's promise is that of the function.
    let items = unsafe { listed(cluster, names, ro_names, flags, Cluster::list_groups) }?;
    tables().group_enums_ex.insert(Arc::new(items))
}

/// ClusterResourceOpenEnumEx.
///
/// # Safety
/// As [`multi_string`], for both lists of names.
pub(crate) unsafe fn open_resources<U: Unit>(
    cluster: usize,
    properties: *const U,
    properties_size: u32,
    ro_properties: *const U,
    ro_properties_size: u32,
    flags: u32,
) -> Outcome<usize> {
    let (names, ro_names) = ((properties, properties_size), (ro_properties, ro_properties_size));
    // SAFETY: the caller's promise is that of the function.
    let items = unsafe { listed(cluster, names, ro_names, flags, Cluster::list_resources) }?;
    tables().resource_enums_ex.insert(Arc::new(items))
}

/// Objects with the properties that two lists name: those that callers set, and those that only the service sets. There
/// are no flags.
///
/// # Safety
/// As [`multi_string`], for both lists of names.
unsafe fn listed<U: Unit, I>(
    cluster: usize,
    (names, size): (*const U, u32),
    (ro_names, ro_size): (*const U, u32),
    flags: u32,
    list: impl FnOnce(&mut Cluster, Option<&[u8]>, Option<&[u8]>) -> Result<Vec<I>, CallError>,
) -> Outcome<Vec<I>> {
    let connection = tables().clusters.get(cluster)?;
    if flags != 0 {
        return Err(Status::INVALID_PARAMETER);
    }
    // SAFETY: the caller's promise is that of the function.
    let (names, ro_names) = unsafe { (multi_string(names, size)?, multi_string(ro_names, ro_size)?) };
    connection.with(|cluster| list(cluster, names.as_deref(), ro_names.as_deref()))
}

/// A list of names in the caller's units, with its size in bytes, as the UTF-16 that travels; `None` for no list.
///
/// # Safety
/// `names` is null or has `size` readable bytes.
unsafe fn multi_string<U: Unit>(names: *const U, size: u32) -> Outcome<Option<Vec<u8>>> {
    // SAFETY: the caller's promise is that of the function.
    let bytes = unsafe { memory::input(names.cast(), size) }?;
    let units = bytes.chunks_exact(size_of::<U>());
    if bytes.is_empty() || !units.remainder().is_empty() {
        return if bytes.is_empty() { Ok(None) } else { Err(Status::INVALID_PARAMETER) };
    }
    let units: Vec<U> = units
        // SAFETY: each piece has the size of a unit, and every pattern of bits is one.
        .map(|unit| unsafe { unit.as_ptr().cast::<U>().read_unaligned() })
        .collect();
    let text = U::decode(&units).ok_or(Status::INVALID_PARAMETER)?;
    Ok(Some(text.encode_utf16().flat_map(u16::to_le_bytes).collect()))
}

/// ClusterEnumEx.
///
/// # Safety
/// As [`write_item`].
pub(crate) unsafe fn cluster_item<U: Unit>(
    list: usize,
    index: u32,
    item: *mut u8,
    size: *mut u32,
) -> Outcome<()> {
    let list = tables().cluster_enums_ex.get(list)?;
    let found = at(&list, index)?;
    let mut layout = Layout::new(item, size_of::<ClusterEnumItem>());
    let (id_size, id) = layout.text::<U>(&found.id);
    let (name_size, name) = layout.text::<U>(&found.name);
    let head = ClusterEnumItem { version: ITEM_VERSION, kind: found.kind, id_size, id, name_size, name };
    // SAFETY: the caller's promise is that of the function.
    unsafe { write_item(item, size, head, layout) }
}

/// ClusterGroupEnumEx.
///
/// # Safety
/// As [`write_item`].
pub(crate) unsafe fn group_item<U: Unit>(
    list: usize,
    index: u32,
    item: *mut u8,
    size: *mut u32,
) -> Outcome<()> {
    let list = tables().group_enums_ex.get(list)?;
    let found = at(&list, index)?;
    let mut layout = Layout::new(item, size_of::<GroupEnumItem>());
    let (id_size, id) = layout.text::<U>(found.id.as_deref().unwrap_or_default());
    let (name_size, name) = layout.text::<U>(found.name.as_deref().unwrap_or_default());
    let (owner_size, owner) = layout.text::<U>(found.owner.as_deref().unwrap_or_default());
    let (properties_size, properties) = layout.bytes(found.properties.as_deref());
    let (ro_properties_size, ro_properties) = layout.bytes(found.ro_properties.as_deref());
    let head = GroupEnumItem {
        version: ITEM_VERSION,
        id_size,
        id,
        name_size,
        name,
        state: found.state,
        owner_size,
        owner,
        flags: found.flags,
        properties_size,
        properties,
        ro_properties_size,
        ro_properties,
    };
    // SAFETY: the caller's promise is that of the function.
    unsafe { write_item(item, size, head, layout) }
}

/// ClusterResourceEnumEx.
///
/// # Safety
/// As [`write_item`].
pub(crate) unsafe fn resource_item<U: Unit>(
    list: usize,
    index: u32,
    item: *mut u8,
    size: *mut u32,
) -> Outcome<()> {
    let list = tables().resource_enums_ex.get(list)?;
    let found = at(&list, index)?;
    let mut layout = Layout::new(item, size_of::<ResourceEnumItem>());
    let (id_size, id) = layout.text::<U>(found.id.as_deref().unwrap_or_default());
    let (name_size, name) = layout.text::<U>(found.name.as_deref().unwrap_or_default());
    let (group_name_size, group_name) = layout.text::<U>(found.owner_name.as_deref().unwrap_or_default());
    let (group_id_size, group_id) = layout.text::<U>(found.owner_id.as_deref().unwrap_or_default());
    let (properties_size, properties) = layout.bytes(found.properties.as_deref());
    let (ro_properties_size, ro_properties) = layout.bytes(found.ro_properties.as_deref());
    let head = ResourceEnumItem {
        version: ITEM_VERSION,
        id_size,
        id,
        name_size,
        name,
        group_name_size,
        group_name,
        group_id_size,
        group_id,
        properties_size,
        properties,
        ro_properties_size,
        ro_properties,
    };
    // SAFETY: the caller's promise is that of the function.
    unsafe { write_item(item, size, head, layout) }
}

fn at<T>(list: &[T], index: u32) -> Outcome<&T> {
    list.get(index as usize).ok_or(Status::NO_MORE_ITEMS)
}

/// CLUSTER_ENUM_ITEM. Addresses are numbers here: nothing is read through them.
#[repr(C)]
struct ClusterEnumItem {
    version: u32,
    kind: u32,
    id_size: u32,
    id: usize,
    name_size: u32,
    name: usize,
}

/// CLUSTER_GROUP_ENUM_ITEM.
#[repr(C)]
struct GroupEnumItem {
    version: u32,
    id_size: u32,
    id: usize,
    name_size: u32,
    name: usize,
    state: u32,
    owner_size: u32,
    owner: usize,
    flags: u32,
    properties_size: u32,
    properties: usize,
    ro_properties_size: u32,
    ro_properties: usize,
}

/// CLUSTER_RESOURCE_ENUM_ITEM.
#[repr(C)]
struct ResourceEnumItem {
    version: u32,
    id_size: u32,
    id: usize,
    name_size: u32,
    name: usize,
    group_name_size: u32,
    group_name: usize,
    group_id_size: u32,
    group_id: usize,
    properties_size: u32,
    properties: usize,
    ro_properties_size: u32,
    ro_properties: usize,
}

/// What lies behind a structure in the caller's buffer.
struct Layout {
    base: usize,
    head: usize,
    tail: Vec<u8>,
}

impl Layout {
    fn new(base: *mut u8, head: usize) -> Self {
        Self { base: base as usize, head: head.next_multiple_of(PART_ALIGN), tail: Vec::new() }
    }

    /// Size with the NUL in bytes, and address, of a text.
    fn text<U: Unit>(&mut self, text: &str) -> (u32, usize) {
        self.bytes(Some(&bytes_of(&encode_with_nul::<U>(text))))
    }

    /// Size and address of some bytes; both 0 for none.
    fn bytes(&mut self, bytes: Option<&[u8]>) -> (u32, usize) {
        let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) else { return (0, 0) };
        self.tail.resize(self.tail.len().next_multiple_of(PART_ALIGN), 0);
        let address = self.base.wrapping_add(self.head + self.tail.len());
        self.tail.extend_from_slice(bytes);
        // What one answer carried fits.
        (u32::try_from(bytes.len()).unwrap_or(u32::MAX), address)
    }
}

/// Writes an item. `*size` is the room in bytes on the way in and what the item takes on the way out.
///
/// # Safety
/// `size` is null or writable; `item` is null or has `*size` writable bytes.
unsafe fn write_item<T>(item: *mut u8, size: *mut u32, head: T, layout: Layout) -> Outcome<()> {
    if size.is_null() {
        return Err(Status::INVALID_PARAMETER);
    }
    let needed = layout.head + layout.tail.len();
    // SAFETY: `size` is not null, so it can be read and written.
    let room = unsafe { size.read_unaligned() } as usize;
    // SAFETY: as above.
    unsafe { size.write_unaligned(u32::try_from(needed).map_err(|_| Status::MORE_DATA)?) };
    if item.is_null() || room < needed {
        return Err(Status::MORE_DATA);
    }
    // SAFETY: `item` has room for the head, which is not longer than `layout.head`, and for the tail behind it.
    unsafe {
        item.cast::<T>().write_unaligned(head);
        std::ptr::copy_nonoverlapping(layout.tail.as_ptr(), item.add(layout.head), layout.tail.len());
    }
    Ok(())
}
