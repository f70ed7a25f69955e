//! Syntaxes: the word before every value, its type in the upper and its format in the lower half (CLUSPROP_SYNTAX).

use mainstay_types::property::Format;

/// Ends the values of a property and the values of a value list.
pub const ENDMARK: u32 = 0;
/// CLUSPROP_SYNTAX_NAME: the name of a property, or in a value list the name of a resource type.
pub const NAME: u32 = 0x0004_0003;
/// CLUSPROP_SYNTAX_RESCLASS: a resource class, a DWORD.
pub const RESOURCE_CLASS: u32 = 0x0002_0002;

/// CLUSPROP_TYPE_LIST_VALUE: the type of plain values.
const LIST_VALUE: u32 = 1;

/// The syntax of a plain value of this format: CLUSPROP_SYNTAX_LIST_VALUE_....
pub fn list_value(format: Format) -> u32 {
    (LIST_VALUE << 16) | u32::from(format.number())
}

/// The format of a plain value's syntax, or `None` for a value of another type.
pub(crate) fn list_value_format(syntax: u32) -> Option<Format> {
    let [low0, low1, high0, high1] = syntax.to_le_bytes();
    (u32::from(u16::from_le_bytes([high0, high1])) == LIST_VALUE)
        .then(|| Format::from_number(u16::from_le_bytes([low0, low1])))
}
