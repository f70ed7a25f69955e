//! Reading and writing through the pointers that C hands over.

use mainstay_resutils::wide::{self, Unit};
use mainstay_types::Status;
use mainstay_types::order::BUFFER_LENGTH_MAX;

use crate::guard::Outcome;

/// A string that has to be there.
///
/// # Safety
/// As [`wide::read`].
pub(crate) unsafe fn text<U: Unit>(string: *const U) -> Outcome<String> {
    // SAFETY: the caller's promise is that of the function.
    unsafe { wide::read(string) }
}

/// A string that may be absent; then it is empty.
///
/// # Safety
/// As [`wide::read_optional`].
pub(crate) unsafe fn text_or_empty<U: Unit>(string: *const U) -> Outcome<String> {
    // SAFETY: the caller's promise is that of the function.
    Ok(unsafe { wide::read_optional(string) }?.unwrap_or_default())
}

/// Bytes that may be absent: null with a size is a mistake, a pointer without a size is nothing.
///
/// # Safety
/// `bytes` is null or points at `size` readable bytes, which nobody writes during the call.
pub(crate) unsafe fn input<'a>(bytes: *const u8, size: u32) -> Outcome<&'a [u8]> {
    if size == 0 {
        return Ok(&[]);
    }
    if bytes.is_null() {
        return Err(Status::INVALID_PARAMETER);
    }
    // SAFETY: not null, and the caller promised so many readable bytes.
    Ok(unsafe { std::slice::from_raw_parts(bytes, size as usize) })
}

/// The instruction buffer of an online or offline call: as [`input`], and never longer than the service takes, so that a
/// size that cannot be meant is refused before a byte is read.
///
/// # Safety
/// As [`input`].
pub(crate) unsafe fn instructions<'a>(bytes: *const u8, size: u32) -> Outcome<&'a [u8]> {
    if size as usize > BUFFER_LENGTH_MAX {
        return Err(Status::INVALID_PARAMETER);
    }
    // SAFETY: the caller's promise is that of the function.
    unsafe { input(bytes, size) }
}

/// A string that the caller may not want: without a buffer and a size there is nothing to write; with a size alone the
/// length is told.
///
/// # Safety
/// As [`wide::write_counted`].
pub(crate) unsafe fn write_text<U: Unit>(text: &str, buffer: *mut U, length: *mut u32) -> Outcome<()> {
    if buffer.is_null() && length.is_null() {
        return Ok(());
    }
    // SAFETY: the caller's promise is that of the function.
    unsafe { wide::write_counted(text, buffer, length) }
}

/// The worse of two outcomes of writing: both have been tried, so that every size is told.
pub(crate) fn both(first: Outcome<()>, second: Outcome<()>) -> Outcome<()> {
    first.and(second)
}
