//! Multi-strings: texts in UTF-16LE, each with its NUL, and one more NUL after the last (REG_MULTI_SZ).

use crate::error::TextFault;
use crate::limits::ITEMS_MAX;
use crate::utf16;

/// The texts as a multi-string; without texts a single NUL. A text that is empty or holds a NUL is
/// refused.
pub fn build<S: AsRef<str>>(texts: &[S]) -> Result<Vec<u8>, TextFault> {
    let mut bytes = Vec::new();
    append(&mut bytes, texts)?;
    Ok(bytes)
}

/// Reads a multi-string. No bytes at all and nothing but NULs are the empty list.
pub fn parse(bytes: &[u8]) -> Result<Vec<String>, TextFault> {
    let units = utf16::units(bytes)?;
    let mut texts = Vec::new();
    let mut rest = units.as_slice();
    // An empty text ends the list, as it does for every C program that walks over it.
    while rest.first().is_some_and(|unit| *unit != 0) {
        let end = rest.iter().position(|unit| *unit == 0).ok_or(TextFault::NotTerminated)?;
        if texts.len() == ITEMS_MAX {
            return Err(TextFault::TooManyTexts);
        }
        texts.push(utf16::from_units(&rest[..end])?);
        rest = &rest[end + 1..];
    }
    if rest.is_empty() && !texts.is_empty() {
        return Err(TextFault::NotTerminated);
    }
    if rest.iter().any(|unit| *unit != 0) {
        return Err(TextFault::AfterEnd);
    }
    Ok(texts)
}

pub(crate) fn append<S: AsRef<str>>(bytes: &mut Vec<u8>, texts: &[S]) -> Result<(), TextFault> {
    if texts.len() > ITEMS_MAX {
        return Err(TextFault::TooManyTexts);
    }
    for text in texts {
        if text.as_ref().is_empty() {
            return Err(TextFault::EmptyItem);
        }
        utf16::append(bytes, text.as_ref())?;
    }
    bytes.extend([0, 0]);
    Ok(())
}
