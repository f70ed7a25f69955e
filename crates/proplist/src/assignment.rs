//! `NAME=VALUE`: the form in which people give a property on the command line.
//!
//! The name ends at the first `=`. A value that looks like a whole number is a DWORD, any other a string. A word
//! and a colon before the value choose the format:
//!
//! | form | value |
//! | --- | --- |
//! | `1`, `0x1F`, `dword:1` | DWORD |
//! | `save`, `sz:1` | string |
//! | `expand:%HOME%/x` | string with variables |
//! | `multi:a,b` | list of strings; `\,` is a comma and `\\` a backslash inside one; `multi:` is the empty list |
//! | `binary:00ff`, `sd:0100` | bytes in hexadecimal; a security descriptor |
//! | `ularge:1`, `long:-1`, `large:-1`, `word:1`, `filetime:1` | the other numbers, decimal or `0x` |
//! | `dword:-1` | the DWORD 4294967295, which stands for "none" or "for ever" in many properties |
//! | `unset:` | no data: the default, or for a private property its removal |
//!
//! A colon after any other word is part of a string: `http://x` needs no `sz:`.

use std::fmt::Write;
use std::num::IntErrorKind;

use mainstay_types::property::Format;

use crate::value::Value;

/// The formats that a word can choose.
const TYPEABLE: &[Format] = &[
    Format::Dword,
    Format::Sz,
    Format::ExpandSz,
    Format::MultiSz,
    Format::Binary,
    Format::ULargeInteger,
    Format::Long,
    Format::LargeInteger,
    Format::Word,
    Format::FileTime,
    Format::SecurityDescriptor,
];

/// The word of a value without data.
const UNSET: &str = "unset";

/// Why a text is no assignment: the user's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssignmentError {
    /// No `=`, or nothing before it.
    #[error("'{}' is no property: write NAME=VALUE", .0.escape_debug())]
    NotAnAssignment(String),
    /// A NUL in the name, which no list can hold.
    #[error("a property's name cannot hold a NUL")]
    NameHoldsNul,
    /// The value is malformed.
    #[error("property '{}': {fault}", .name.escape_debug())]
    Value {
        /// The property's name.
        name: String,
        /// What is wrong with its value.
        fault: ValueFault,
    },
}

/// Why a text is no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueFault {
    /// Nothing where a number belongs.
    #[error("no number is given; unset: takes the default, or removes a private property")]
    NoNumber,
    /// Not a number at all.
    #[error("'{}' is no whole number, decimal or with 0x", .0.escape_debug())]
    NotANumber(String),
    /// A number that the format cannot hold.
    #[error("{number} does not fit {}: it holds {range}{}", .format.word(), hint(*.bare))]
    OutOfRange {
        /// The number as it was given.
        number: String,
        /// The format.
        format: Format,
        /// What the format holds.
        range: &'static str,
        /// Whether nobody had asked for the format.
        bare: bool,
    },
    /// Not bytes.
    #[error("'{}' are no bytes: write two hexadecimal digits for each", .0.escape_debug())]
    NotHexadecimal(String),
    /// An empty text in a list of texts.
    #[error("a list of strings cannot hold an empty one (multi: alone is the empty list, \\, a comma)")]
    EmptyItem,
    /// A NUL in a text.
    #[error("a string cannot hold a NUL")]
    HoldsNul,
    /// Something after `unset:`.
    #[error("nothing may follow unset: (write sz:unset:... for a string)")]
    AfterUnset,
    /// A format that has no form for people.
    #[error("a value of format {} cannot be written as text", .0.word())]
    NotTypeable(Format),
}

fn hint(bare: bool) -> &'static str {
    if bare { " (choose another: ularge:, long: or large: for a number, sz: for a string)" } else { "" }
}

/// Reads `NAME=VALUE`.
pub fn parse(text: &str) -> Result<(String, Value), AssignmentError> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => (name, value),
        _ => return Err(AssignmentError::NotAnAssignment(text.to_owned())),
    };
    if name.contains('\0') {
        return Err(AssignmentError::NameHoldsNul);
    }
    match parse_value(value) {
        Ok(value) => Ok((name.to_owned(), value)),
        Err(fault) => Err(AssignmentError::Value { name: name.to_owned(), fault }),
    }
}

/// Reads a value alone, with or without a word for its format.
pub fn parse_value(text: &str) -> Result<Value, ValueFault> {
    if let Some((word, value)) = text.split_once(':') {
        if let Some(format) = TYPEABLE.iter().find(|format| format.word() == word) {
            return parse_value_as(*format, value);
        }
        if word == UNSET {
            return if value.is_empty() {
                Ok(Value::NoData(Format::Sz))
            } else {
                Err(ValueFault::AfterUnset)
            };
        }
    }
    if !looks_like_number(text) {
        return parse_value_as(Format::Sz, text);
    }
    // Nobody has said that it is a DWORD, so -1 is none.
    dword(text).map(Value::Dword).map_err(|fault| match fault {
        ValueFault::OutOfRange { number, format, range, .. } => {
            ValueFault::OutOfRange { number, format, range, bare: true }
        }
        fault => fault,
    })
}

fn dword(text: &str) -> Result<u32, ValueFault> {
    number(text, Format::Dword, "0 to 4294967295")
}

/// What documentation writes for "none" and "for ever" in a DWORD: all of its bits.
const ALL_BITS: &str = "-1";

/// Reads a value whose format is known, for instance that of a common property. The text has no word before it.
pub fn parse_value_as(format: Format, text: &str) -> Result<Value, ValueFault> {
    Ok(match format {
        Format::Dword if text == ALL_BITS => Value::Dword(u32::MAX),
        Format::Dword => Value::Dword(dword(text)?),
        Format::Word => Value::Word(number(text, format, "0 to 65535")?),
        Format::ULargeInteger => Value::ULarge(number(text, format, "0 to 18446744073709551615")?),
        Format::FileTime => Value::FileTime(number(text, format, "0 to 18446744073709551615")?),
        Format::Long => Value::Long(number(text, format, "-2147483648 to 2147483647")?),
        Format::LargeInteger => {
            Value::Large(number(text, format, "-9223372036854775808 to 9223372036854775807")?)
        }
        Format::Sz => Value::Sz(string(text)?),
        Format::ExpandSz => Value::ExpandSz(string(text)?),
        Format::MultiSz => Value::MultiSz(strings(text)?),
        Format::Binary => Value::Binary(bytes(text)?),
        Format::SecurityDescriptor => Value::SecurityDescriptor(bytes(text)?),
        Format::Unknown | Format::ExpandedSz | Format::ValueList | Format::PropertyList | Format::User => {
            return Err(ValueFault::NotTypeable(format));
        }
    })
}

/// The value in the form that [`parse_value`] reads, with a word only where it is needed; `None` for lists inside
/// lists, expanded strings and unknown values, which have no such form.
pub fn show_value(value: &Value) -> Option<String> {
    let format = value.format();
    let text = match value {
        Value::Dword(number) => return Some(number.to_string()),
        Value::Sz(text) => {
            let plain = parse_value(text).is_ok_and(|again| again == *value);
            return Some(if plain { text.clone() } else { format!("sz:{text}") });
        }
        Value::ExpandSz(text) => text.clone(),
        Value::MultiSz(texts) => {
            let escaped = texts.iter().map(|text| text.replace('\\', "\\\\").replace(',', "\\,"));
            escaped.collect::<Vec<_>>().join(",")
        }
        Value::Binary(bytes) | Value::SecurityDescriptor(bytes) => hexadecimal(bytes),
        Value::ULarge(number) | Value::FileTime(number) => number.to_string(),
        Value::Long(number) => number.to_string(),
        Value::Large(number) => number.to_string(),
        Value::Word(number) => number.to_string(),
        Value::NoData(_) => return Some(format!("{UNSET}:")),
        Value::ExpandedSz(_) | Value::PropertyList(_) | Value::Unknown { .. } => return None,
    };
    Some(format!("{}:{text}", format.word()))
}

fn looks_like_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(digits) => !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

/// Reads a number by way of `i128`, which holds those of every format.
fn number<N: TryFrom<i128>>(text: &str, format: Format, range: &'static str) -> Result<N, ValueFault> {
    let out_of_range = || ValueFault::OutOfRange { number: text.to_owned(), format, range, bare: false };
    if text.is_empty() {
        return Err(ValueFault::NoNumber);
    }
    if !looks_like_number(text) {
        return Err(ValueFault::NotANumber(text.to_owned()));
    }
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let magnitude = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(digits) => i128::from_str_radix(digits, 16),
        None => digits.parse(),
    };
    let magnitude = magnitude.map_err(|error| match error.kind() {
        IntErrorKind::PosOverflow => out_of_range(),
        _ => ValueFault::NotANumber(text.to_owned()),
    })?;
    N::try_from(if negative { -magnitude } else { magnitude }).map_err(|_| out_of_range())
}

fn string(text: &str) -> Result<String, ValueFault> {
    if text.contains('\0') { Err(ValueFault::HoldsNul) } else { Ok(text.to_owned()) }
}

/// Splits at commas. A backslash takes the special meaning from a comma or a backslash; before anything else it
/// stands for itself, so that paths of other systems need no care.
fn strings(text: &str) -> Result<Vec<String>, ValueFault> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let mut texts = vec![String::new()];
    let text = string(text)?;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let literal = match character {
            ',' => {
                texts.push(String::new());
                continue;
            }
            '\\' => characters.next_if(|next| matches!(next, ',' | '\\')).unwrap_or('\\'),
            other => other,
        };
        if let Some(last) = texts.last_mut() {
            last.push(literal);
        }
    }
    if texts.iter().any(String::is_empty) { Err(ValueFault::EmptyItem) } else { Ok(texts) }
}

fn bytes(text: &str) -> Result<Vec<u8>, ValueFault> {
    let refused = || ValueFault::NotHexadecimal(text.to_owned());
    let digits: Vec<u8> = text
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()
        .ok_or_else(refused)?;
    let pairs = digits.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return Err(refused());
    }
    Ok(pairs.map(|pair| pair[0] << 4 | pair[1]).collect())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
