//! Wide strings of both widths: units of 16 bits as on Windows, units of 32 bits as gcc's wchar_t on Linux.
//!
//! This module owns reading and writing them through pointers. It never allocates for the caller.

use std::ffi::c_void;

use mainstay_types::Status;

/// The longest string that is read, in units. Paths of the registry are shorter; a missing NUL is found here.
pub const STRING_LENGTH_MAX: usize = 32 * 1024;

/// A unit of a wide string.
pub trait Unit: Copy + PartialEq + Send + Sync + 'static {
    /// The unit that ends a string.
    const NUL: Self;

    /// The text that these units, without a NUL, spell; `None` where they spell none.
    fn decode(units: &[Self]) -> Option<String>;

    /// The units of a text, without a NUL.
    fn encode(text: &str) -> Vec<Self>;

    /// The units of UTF-16LE bytes, NULs and all. Half a character becomes U+FFFD; an odd last byte is dropped.
    fn from_utf16le(bytes: &[u8]) -> Vec<Self>;
}

impl Unit for u16 {
    const NUL: Self = 0;

    fn decode(units: &[Self]) -> Option<String> {
        String::from_utf16(units).ok()
    }

    fn encode(text: &str) -> Vec<Self> {
        text.encode_utf16().collect()
    }

    fn from_utf16le(bytes: &[u8]) -> Vec<Self> {
        bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect()
    }
}

impl Unit for u32 {
    const NUL: Self = 0;

    fn decode(units: &[Self]) -> Option<String> {
        units.iter().map(|&unit| char::from_u32(unit)).collect()
    }

    fn encode(text: &str) -> Vec<Self> {
        text.chars().map(u32::from).collect()
    }

    fn from_utf16le(bytes: &[u8]) -> Vec<Self> {
        char::decode_utf16(u16::from_utf16le(bytes))
            .map(|unit| u32::from(unit.unwrap_or(char::REPLACEMENT_CHARACTER)))
            .collect()
    }
}

/// The units of a text with a NUL at their end, as a C function wants them.
pub fn encode_with_nul<U: Unit>(text: &str) -> Vec<U> {
    let mut units = U::encode(text);
    units.push(U::NUL);
    units
}

/// Reads a string up to its NUL. `None` for a null pointer.
///
/// # Errors
/// ERROR_INVALID_PARAMETER for a string without a NUL in its first [`STRING_LENGTH_MAX`] units, or that spells no
/// Unicode text.
///
/// # Safety
/// `string` is null, or points at readable units up to a NUL or [`STRING_LENGTH_MAX`] of them.
pub unsafe fn read_optional<U: Unit>(string: *const U) -> Result<Option<String>, Status> {
    if string.is_null() {
        return Ok(None);
    }
    let mut units = Vec::new();
    for place in 0..STRING_LENGTH_MAX {
        // SAFETY: no NUL was found before this place, so the caller promised that it is readable.
        let unit = unsafe { string.add(place).read_unaligned() };
        if unit == U::NUL {
            return U::decode(&units).map(Some).ok_or(Status::INVALID_PARAMETER);
        }
        units.push(unit);
    }
    Err(Status::INVALID_PARAMETER)
}

/// Reads a string up to its NUL.
///
/// # Errors
/// As [`read_optional`], and ERROR_INVALID_PARAMETER for a null pointer.
///
/// # Safety
/// As [`read_optional`].
pub unsafe fn read<U: Unit>(string: *const U) -> Result<String, Status> {
    // SAFETY: the same promise.
    unsafe { read_optional(string) }?.ok_or(Status::INVALID_PARAMETER)
}

/// Writes a text where a caller wants it: `*length` is the room in units with the NUL on the way in, and the text's
/// length without the NUL on the way out.
///
/// A null `buffer` asks for the length only and counts as success.
///
/// # Errors
/// ERROR_INVALID_PARAMETER for a null `length`; ERROR_MORE_DATA where the text does not fit: then the length is set
/// and the buffer untouched.
///
/// # Safety
/// `length` is null or writable; `buffer` is null or has `*length` writable units.
pub unsafe fn write_counted<U: Unit>(text: &str, buffer: *mut U, length: *mut u32) -> Result<(), Status> {
    if length.is_null() {
        return Err(Status::INVALID_PARAMETER);
    }
    let units = encode_with_nul::<U>(text);
    // SAFETY: `length` is not null, so it is writable, and what can be written can be read.
    let room = unsafe { length.read_unaligned() };
    let written = u32::try_from(units.len() - 1).map_err(|_| Status::MORE_DATA)?;
    // SAFETY: as above.
    unsafe { length.write_unaligned(written) };
    if buffer.is_null() {
        return Ok(());
    }
    if units.len() > room as usize {
        return Err(Status::MORE_DATA);
    }
    // SAFETY: the units fit the room that the caller promised. Bytes are copied, so alignment does not matter.
    unsafe {
        std::ptr::copy_nonoverlapping(units.as_ptr().cast::<u8>(), buffer.cast::<u8>(), size_of_val(&*units));
    };
    Ok(())
}

/// Writes bytes where a caller wants them: `*length` is the room in bytes on the way in and the length of the data
/// on the way out. A null `buffer` asks for the length only.
///
/// # Errors
/// ERROR_INVALID_PARAMETER for a buffer without a length; ERROR_MORE_DATA where the data does not fit.
///
/// # Safety
/// `length` is null or writable; `buffer` is null or has `*length` writable bytes.
pub unsafe fn write_bytes(data: &[u8], buffer: *mut c_void, length: *mut u32) -> Result<(), Status> {
    if length.is_null() {
        return if buffer.is_null() { Ok(()) } else { Err(Status::INVALID_PARAMETER) };
    }
    // SAFETY: `length` is not null, so it is writable, and what can be written can be read.
    let room = unsafe { length.read_unaligned() };
    let needed = u32::try_from(data.len()).map_err(|_| Status::MORE_DATA)?;
    // SAFETY: as above.
    unsafe { length.write_unaligned(needed) };
    if buffer.is_null() {
        return Ok(());
    }
    if needed > room {
        return Err(Status::MORE_DATA);
    }
    // SAFETY: the data fits the room that the caller promised.
    unsafe { std::ptr::copy_nonoverlapping(data.as_ptr(), buffer.cast::<u8>(), data.len()) };
    Ok(())
}

/// Writes one value through a pointer that may be null.
///
/// # Safety
/// `place` is null or writable.
pub unsafe fn write_optional<T>(place: *mut T, value: T) {
    if !place.is_null() {
        // SAFETY: not null, so it is writable.
        unsafe { place.write_unaligned(value) };
    }
}

/// The bytes of units, as they lie in memory.
pub fn bytes_of<U: Unit>(units: &[U]) -> Vec<u8> {
    // SAFETY: units are plain integers (the trait is implemented here only), so every byte of them is initialised,
    // and the slice lives while it is copied.
    unsafe { std::slice::from_raw_parts(units.as_ptr().cast::<u8>(), size_of_val(units)) }.to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip<U: Unit>(text: &str) {
        let units = encode_with_nul::<U>(text);
        // SAFETY: the units end with a NUL.
        assert_eq!(unsafe { read(units.as_ptr()) }.as_deref(), Ok(text));
    }

    #[test]
    fn texts_survive_in_both_widths() {
        for text in ["", "DemoResource", "Ümläut", "𝄞 clef", "日本語"] {
            round_trip::<u16>(text);
            round_trip::<u32>(text);
        }
    }

    #[test]
    fn what_spells_no_text_is_refused() {
        let cases: [&[u32]; 3] = [&[0xD800, 0], &[0x11_0000, 0], &[u32::MAX, 0]];
        for units in cases {
            // SAFETY: the units end with a NUL.
            assert_eq!(unsafe { read(units.as_ptr()) }, Err(Status::INVALID_PARAMETER), "{units:x?}");
        }
        // SAFETY: as above.
        assert_eq!(unsafe { read([0xDC00_u16, 0].as_ptr()) }, Err(Status::INVALID_PARAMETER));
        // SAFETY: null is allowed.
        assert_eq!(unsafe { read::<u16>(std::ptr::null()) }, Err(Status::INVALID_PARAMETER));
        let endless = vec![65_u16; STRING_LENGTH_MAX];
        // SAFETY: STRING_LENGTH_MAX units are readable.
        assert_eq!(unsafe { read(endless.as_ptr()) }, Err(Status::INVALID_PARAMETER));
    }

    #[test]
    fn room_is_counted_with_the_nul_and_length_without() {
        for (room, expected, length) in
            [(0, Err(Status::MORE_DATA), 3), (3, Err(Status::MORE_DATA), 3), (4, Ok(()), 3)]
        {
            let mut buffer = [9_u32; 4];
            let mut count = room;
            // SAFETY: the buffer has at least `count` units.
            let answer = unsafe { write_counted("abc", buffer.as_mut_ptr(), &mut count) };
            assert_eq!(answer, expected, "room {room}");
            assert_eq!(count, length);
            assert_eq!(buffer, if expected.is_ok() { [97, 98, 99, 0] } else { [9; 4] });
        }
    }

    #[test]
    fn utf16_bytes_become_units_of_either_width() {
        let bytes = [0x34, 0xD8, 0x1E, 0xDD, 0, 0, 0x00, 0xD8, 7];
        assert_eq!(u16::from_utf16le(&bytes), [0xD834, 0xDD1E, 0, 0xD800]);
        assert_eq!(u32::from_utf16le(&bytes), [0x1D11E, 0, 0xFFFD]);
    }
}
