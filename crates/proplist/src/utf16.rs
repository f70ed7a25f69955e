//! UTF-16LE texts with their closing NUL.

use crate::error::TextFault;

/// The text as UTF-16LE with a NUL at its end. A NUL inside is refused, for it would end the text early.
pub fn build(text: &str) -> Result<Vec<u8>, TextFault> {
    let mut bytes = Vec::with_capacity(2 * text.len() + 2);
    append(&mut bytes, text)?;
    Ok(bytes)
}

/// Reads a text that has to end with a NUL; more NULs may follow, nothing else.
pub fn parse(bytes: &[u8]) -> Result<String, TextFault> {
    let units = units(bytes)?;
    let end = units.iter().position(|unit| *unit == 0).ok_or(TextFault::NotTerminated)?;
    let (text, rest) = units.split_at(end);
    if rest.iter().any(|unit| *unit != 0) {
        return Err(TextFault::AfterEnd);
    }
    from_units(text)
}

pub(crate) fn append(bytes: &mut Vec<u8>, text: &str) -> Result<(), TextFault> {
    if text.contains('\0') {
        return Err(TextFault::HoldsNul);
    }
    bytes.extend(text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes));
    Ok(())
}

pub(crate) fn units(bytes: &[u8]) -> Result<Vec<u16>, TextFault> {
    let pairs = bytes.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return Err(TextFault::OddLength { length: bytes.len() });
    }
    Ok(pairs.map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect())
}

pub(crate) fn from_units(units: &[u16]) -> Result<String, TextFault> {
    String::from_utf16(units).map_err(|_| TextFault::UnpairedSurrogate)
}
