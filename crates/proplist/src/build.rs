//! Writing.

use crate::error::{BuildError, TextFault};
use crate::limits::{ITEMS_MAX, LIST_LENGTH_MAX, NESTING_DEPTH_MAX};
use crate::list::{Property, PropertyList};
use crate::value::Value;
use crate::value_list::ValueList;
use crate::{multi_string, syntax, utf16};

impl PropertyList {
    /// The list as it travels: padded with zeros and closed by the extra zero DWORD.
    pub fn to_bytes(&self) -> Result<Vec<u8>, BuildError> {
        let mut bytes = Vec::new();
        check_items(count_items(self, 1))?;
        write_list(&mut bytes, self, 1)?;
        Ok(bytes)
    }
}

impl ValueList {
    /// The list as it travels: the values, padded with zeros, and the end mark.
    pub fn to_bytes(&self) -> Result<Vec<u8>, BuildError> {
        let mut bytes = Vec::new();
        check_items(self.iter().map(|value| items_of(value, 1)).sum())?;
        for value in self {
            if value.syntax() == syntax::ENDMARK {
                return Err(BuildError::Syntax { property: String::new(), syntax: syntax::ENDMARK });
            }
            write_value(&mut bytes, value, 1, "")?;
        }
        write_u32(&mut bytes, syntax::ENDMARK);
        check_length(&bytes)?;
        Ok(bytes)
    }
}

fn write_list(bytes: &mut Vec<u8>, list: &PropertyList, depth: usize) -> Result<(), BuildError> {
    let count = u32::try_from(list.len()).map_err(|_| BuildError::TooLong)?;
    write_u32(bytes, count);
    for property in list {
        write_property(bytes, property, depth)?;
    }
    write_u32(bytes, syntax::ENDMARK);
    check_length(bytes)
}

fn write_property(bytes: &mut Vec<u8>, property: &Property, depth: usize) -> Result<(), BuildError> {
    let name = property.name();
    if property.values().is_empty() {
        return Err(BuildError::NoValue(name.to_owned()));
    }
    write_u32(bytes, syntax::NAME);
    write_padded(bytes, |bytes| utf16::append(bytes, name).map_err(|fault| text_error(name, fault)))?;
    for value in property.values() {
        if let syntax @ (syntax::NAME | syntax::ENDMARK) = value.syntax() {
            return Err(BuildError::Syntax { property: name.to_owned(), syntax });
        }
        write_value(bytes, value, depth, name)?;
    }
    write_u32(bytes, syntax::ENDMARK);
    Ok(())
}

fn write_value(bytes: &mut Vec<u8>, value: &Value, depth: usize, name: &str) -> Result<(), BuildError> {
    write_u32(bytes, value.syntax());
    write_padded(bytes, |bytes| {
        match value {
            Value::Binary(data) | Value::SecurityDescriptor(data) | Value::Unknown { bytes: data, .. } => {
                bytes.extend_from_slice(data);
            }
            Value::Dword(number) => bytes.extend(number.to_le_bytes()),
            Value::Long(number) => bytes.extend(number.to_le_bytes()),
            Value::ULarge(number) | Value::FileTime(number) => bytes.extend(number.to_le_bytes()),
            Value::Large(number) => bytes.extend(number.to_le_bytes()),
            Value::Word(number) => bytes.extend(number.to_le_bytes()),
            Value::Sz(text) | Value::ExpandSz(text) | Value::ExpandedSz(text) => {
                utf16::append(bytes, text).map_err(|fault| text_error(name, fault))?;
            }
            Value::MultiSz(texts) => {
                multi_string::append(bytes, texts).map_err(|fault| text_error(name, fault))?;
            }
            Value::PropertyList(_) if depth == NESTING_DEPTH_MAX => {
                return Err(BuildError::TooDeep(name.to_owned()));
            }
            Value::PropertyList(list) => write_list(bytes, list, depth + 1)?,
            Value::NoData(_) => {}
        }
        Ok(())
    })
}

/// Writes the length of what `write` appends, that, and zeros up to the next multiple of four.
fn write_padded(
    bytes: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), BuildError>,
) -> Result<(), BuildError> {
    let length_at = bytes.len();
    write_u32(bytes, 0);
    let start = bytes.len();
    write(bytes)?;
    check_length(bytes)?;
    let length = u32::try_from(bytes.len() - start).map_err(|_| BuildError::TooLong)?;
    bytes[length_at..start].copy_from_slice(&length.to_le_bytes());
    // Every list begins at a multiple of four of the outermost one, so the whole length can be rounded.
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    Ok(())
}

fn write_u32(bytes: &mut Vec<u8>, number: u32) {
    bytes.extend(number.to_le_bytes());
}

/// Counts values and texts as reading does.
fn count_items(list: &PropertyList, depth: usize) -> usize {
    list.iter().flat_map(Property::values).map(|value| items_of(value, depth)).sum()
}

fn items_of(value: &Value, depth: usize) -> usize {
    match value {
        Value::MultiSz(texts) => 1 + texts.len(),
        // What lies too deep is not counted, for it will not be written.
        Value::PropertyList(list) if depth < NESTING_DEPTH_MAX => 1 + count_items(list, depth + 1),
        _ => 1,
    }
}

fn check_items(count: usize) -> Result<(), BuildError> {
    if count > ITEMS_MAX { Err(BuildError::TooManyItems) } else { Ok(()) }
}

fn check_length(bytes: &[u8]) -> Result<(), BuildError> {
    if bytes.len() > LIST_LENGTH_MAX { Err(BuildError::TooLong) } else { Ok(()) }
}

fn text_error(property: &str, fault: TextFault) -> BuildError {
    BuildError::Text { property: property.to_owned(), fault }
}
