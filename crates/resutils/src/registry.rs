//! ClusterRegOpenKey and its family, as a resource host serves them: reading only, from the copy.
//!
//! A key may be opened with any access; there is no function here that could use more than reading. Values of the
//! string types come in units of the caller's width, and their sizes in bytes of it; the copy itself holds UTF-16LE.

use mainstay_types::Status;
use mainstay_types::order::RegistryValue;

use crate::keys::{self, KeyHandle};
use crate::wide::{self, Unit};

/// REG_SZ.
const SZ: u32 = 1;
/// REG_EXPAND_SZ.
const EXPAND_SZ: u32 = 2;
/// REG_MULTI_SZ.
const MULTI_SZ: u32 = 7;

/// ClusterRegOpenKey. Errors: 2 no such key, 6, 87, 1018.
///
/// # Safety
/// `path` is as [`wide::read_optional`] wants it; `result` is null or writable.
pub unsafe fn open_key<U: Unit>(
    key: KeyHandle,
    path: *const U,
    _access: u32,
    result: *mut KeyHandle,
) -> Result<(), Status> {
    if result.is_null() {
        return Err(Status::INVALID_PARAMETER);
    }
    // SAFETY: the caller's promise.
    let path = unsafe { wide::read_optional(path) }?.unwrap_or_default();
    let opened = keys::open_below(key, &path)?;
    // SAFETY: not null, so it is writable.
    unsafe { result.write_unaligned(opened) };
    Ok(())
}

/// ClusterRegCloseKey. Errors: 6.
pub fn close_key(key: KeyHandle) -> Result<(), Status> {
    keys::close(key)
}

/// ClusterRegQueryValue. A null or empty name asks for the unnamed value; null `data` asks for the size only.
/// Errors: 2 no such value, 6, 87, 234 with the size, 1018.
///
/// # Safety
/// `name` is as [`wide::read_optional`] wants it; `kind` and `length` are null or writable; `data` is null or has
/// `*length` writable bytes.
pub unsafe fn query_value<U: Unit>(
    key: KeyHandle,
    name: *const U,
    kind: *mut u32,
    data: *mut u8,
    length: *mut u32,
) -> Result<(), Status> {
    // SAFETY: the caller's promise.
    let name = unsafe { wide::read_optional(name) }?.unwrap_or_default();
    let value = keys::with_key(key, |copy| copy.value(&name).cloned().ok_or(Status::FILE_NOT_FOUND))?;
    // SAFETY: the caller's promise.
    unsafe { write_value::<U>(&value, kind, data, length) }
}

/// ClusterRegEnumValue. Errors: 6, 87, 234 with both sizes, 259 after the last, 1018.
///
/// # Safety
/// `name` is null or has `*name_length` writable units; `data` is null or has `*length` writable bytes; the other
/// pointers are null or writable.
pub unsafe fn enum_value<U: Unit>(
    key: KeyHandle,
    index: u32,
    name: *mut U,
    name_length: *mut u32,
    kind: *mut u32,
    data: *mut u8,
    length: *mut u32,
) -> Result<(), Status> {
    if name.is_null() || name_length.is_null() {
        return Err(Status::INVALID_PARAMETER);
    }
    let value =
        keys::with_key(key, |copy| copy.values.get(index as usize).cloned().ok_or(Status::NO_MORE_ITEMS))?;
    // SAFETY: the caller's promise, twice. Both are written before either error is told, so that the caller learns
    // both sizes at once.
    let (named, valued) = unsafe {
        (wide::write_counted(&value.name, name, name_length), write_value::<U>(&value, kind, data, length))
    };
    named.and(valued)
}

/// ClusterRegEnumKey. The time of the last write is not kept in a copy and given as 0. Errors: 6, 87, 234, 259, 1018.
///
/// # Safety
/// `name` is null or has `*name_length` writable units; the other pointers are null or writable.
pub unsafe fn enum_key<U: Unit>(
    key: KeyHandle,
    index: u32,
    name: *mut U,
    name_length: *mut u32,
    last_write: *mut u64,
) -> Result<(), Status> {
    if name.is_null() || name_length.is_null() {
        return Err(Status::INVALID_PARAMETER);
    }
    let found = keys::with_key(key, |copy| {
        copy.keys.get(index as usize).map(|(name, _)| name.clone()).ok_or(Status::NO_MORE_ITEMS)
    })?;
    // SAFETY: the caller's promise, twice.
    unsafe {
        wide::write_optional(last_write, 0);
        wide::write_counted(&found, name, name_length)
    }
}

/// # Safety
/// As [`query_value`].
unsafe fn write_value<U: Unit>(
    value: &RegistryValue,
    kind: *mut u32,
    data: *mut u8,
    length: *mut u32,
) -> Result<(), Status> {
    let bytes = match value.kind {
        SZ | EXPAND_SZ | MULTI_SZ => wide::bytes_of(&U::from_utf16le(&value.data)),
        _ => value.data.clone(),
    };
    // SAFETY: the caller's promise, twice.
    unsafe {
        wide::write_optional(kind, value.kind);
        wide::write_bytes(&bytes, data.cast(), length)
    }
}
