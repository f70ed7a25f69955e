//! ResUtilFind...Property: one property of a property list, whatever the list's origin.
//!
//! The first value of the property counts, and of several properties with one name the last. Memory that is given
//! out comes from [`crate::memory`].

use std::ffi::c_void;

use mainstay_proplist::{PropertyList, Value};
use mainstay_types::Status;

use crate::memory;
use crate::wide::{self, Unit};

/// The property's value, as `pick` takes it.
///
/// # Safety
/// `list` is null or has `length` readable bytes; `name` is as [`wide::read_optional`] wants it.
unsafe fn find<U: Unit, T>(
    list: *const c_void,
    length: u32,
    name: *const U,
    pick: impl FnOnce(&Value) -> Option<T>,
) -> Result<T, Status> {
    // SAFETY: the caller's promise.
    let name = unsafe { wide::read(name) }?;
    if list.is_null() {
        return Err(Status::INVALID_PARAMETER);
    }
    // SAFETY: not null, so it has that many readable bytes.
    let bytes = unsafe { std::slice::from_raw_parts(list.cast::<u8>(), length as usize) };
    let list = PropertyList::parse(bytes).map_err(|_| Status::INVALID_DATA)?;
    let value = list.get(&name).ok_or(Status::FILE_NOT_FOUND)?;
    pick(value).ok_or(Status::INVALID_DATA)
}

/// Finds a number and writes it to `place`.
///
/// # Safety
/// As [`find`], and `place` is null or writable.
unsafe fn find_number<U: Unit, T>(
    list: *const c_void,
    length: u32,
    name: *const U,
    place: *mut T,
    pick: impl FnOnce(&Value) -> Option<T>,
) -> Result<(), Status> {
    if place.is_null() {
        return Err(Status::INVALID_PARAMETER);
    }
    // SAFETY: the caller's promise; `place` is not null, so it is writable.
    unsafe { place.write_unaligned(find(list, length, name, pick)?) };
    Ok(())
}

/// Finds something that takes memory and writes its address to `place`, its size in bytes to `size` where wanted.
///
/// # Safety
/// As [`find`]; `place` is null or writable, and so is `size`.
unsafe fn find_allocated<U: Unit, T>(
    list: *const c_void,
    length: u32,
    name: *const U,
    place: *mut *mut T,
    size: *mut u32,
    pick: impl FnOnce(&Value) -> Option<Vec<u8>>,
) -> Result<(), Status> {
    if place.is_null() {
        return Err(Status::INVALID_PARAMETER);
    }
    // SAFETY: the caller's promise.
    let bytes = unsafe { find(list, length, name, pick) }?;
    let byte_count = u32::try_from(bytes.len()).map_err(|_| Status::INVALID_DATA)?;
    let memory = memory::local_copy(&bytes)?;
    // SAFETY: the caller's promise, twice; `place` is not null.
    unsafe {
        place.write_unaligned(memory.cast());
        wide::write_optional(size, byte_count);
    }
    Ok(())
}

/// The functions that find a number; they differ in its type only.
macro_rules! find_numbers {
    ($($(#[$doc:meta])+ $name:ident: $number:ty = $pick:path;)+) => {$(
        $(#[$doc])+
        ///
        /// # Safety
        /// `list` is null or has `length` readable bytes; `name` is as [`wide::read_optional`] wants it; `place` is
        /// null or writable.
        pub unsafe fn $name<U: Unit>(
            list: *const c_void,
            length: u32,
            name: *const U,
            place: *mut $number,
        ) -> Result<(), Status> {
            // SAFETY: the caller's promise.
            unsafe { find_number(list, length, name, place, $pick) }
        }
    )+};
}

find_numbers! {
    /// ResUtilFindDwordProperty. Errors: 2 no such property, 13 another format or no list, 87.
    dword: u32 = Value::as_dword;
    /// ResUtilFindLongProperty. Errors: as [`dword`].
    long: i32 = Value::as_long;
    /// ResUtilFindULargeIntegerProperty. Errors: as [`dword`].
    ularge: u64 = Value::as_ularge;
}

/// Finds a string of one of the formats and writes its address in new memory, in the caller's width.
///
/// # Safety
/// As [`dword`].
unsafe fn find_text<U: Unit>(
    list: *const c_void,
    length: u32,
    name: *const U,
    place: *mut *mut U,
    pick: impl FnOnce(&Value) -> Option<&str>,
) -> Result<(), Status> {
    let pick = |value: &Value| pick(value).map(|text| wide::bytes_of(&wide::encode_with_nul::<U>(text)));
    // SAFETY: the caller's promise.
    unsafe { find_allocated(list, length, name, place, std::ptr::null_mut(), pick) }
}

/// ResUtilFindSzProperty: a string of the caller's width in new memory. Errors: as [`dword`], and 8.
///
/// # Safety
/// As [`dword`].
pub unsafe fn sz<U: Unit>(
    list: *const c_void,
    length: u32,
    name: *const U,
    place: *mut *mut U,
) -> Result<(), Status> {
    fn pick(value: &Value) -> Option<&str> {
        if let Value::Sz(text) = value { Some(text) } else { None }
    }
    // SAFETY: the caller's promise.
    unsafe { find_text(list, length, name, place, pick) }
}

/// ResUtilFindExpandSzProperty: as [`sz`], for EXPAND_SZ; variables are left as they are.
///
/// # Safety
/// As [`dword`].
pub unsafe fn expand_sz<U: Unit>(
    list: *const c_void,
    length: u32,
    name: *const U,
    place: *mut *mut U,
) -> Result<(), Status> {
    fn pick(value: &Value) -> Option<&str> {
        if let Value::ExpandSz(text) = value { Some(text) } else { None }
    }
    // SAFETY: the caller's promise.
    unsafe { find_text(list, length, name, place, pick) }
}

/// ResUtilFindMultiSzProperty: strings of the caller's width, each with its NUL, and one more. Errors: as [`sz`].
///
/// # Safety
/// As [`dword`], and `size` is null or writable.
pub unsafe fn multi_sz<U: Unit>(
    list: *const c_void,
    length: u32,
    name: *const U,
    place: *mut *mut U,
    size: *mut u32,
) -> Result<(), Status> {
    let pick = |value: &Value| {
        let mut units: Vec<U> =
            value.as_texts()?.iter().flat_map(|text| wide::encode_with_nul(text)).collect();
        units.push(U::NUL);
        Some(wide::bytes_of(&units))
    };
    // SAFETY: the caller's promise.
    unsafe { find_allocated(list, length, name, place, size, pick) }
}

/// ResUtilFindBinaryProperty. Errors: as [`sz`].
///
/// # Safety
/// As [`dword`], and `size` is null or writable.
pub unsafe fn binary<U: Unit>(
    list: *const c_void,
    length: u32,
    name: *const U,
    place: *mut *mut u8,
    size: *mut u32,
) -> Result<(), Status> {
    // SAFETY: the caller's promise.
    unsafe { find_allocated(list, length, name, place, size, |value| value.as_bytes().map(<[u8]>::to_vec)) }
}
