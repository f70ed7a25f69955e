//! Typed values, and their bytes as programs read and write them.

use serde::{Deserialize, Serialize};

/// Bytes of one value's data as programs write them. As hexadecimal digits twice as much still fits one store
/// value.
pub const DATA_BYTES_MAX: usize = 256 * 1024;

const REG_SZ: u32 = 1;
const REG_EXPAND_SZ: u32 = 2;
const REG_BINARY: u32 = 3;
const REG_DWORD: u32 = 4;
const REG_MULTI_SZ: u32 = 7;
const REG_QWORD: u32 = 11;

/// A registry value's data.
///
/// The types are those of the Windows registry (winnt.h REG_*). What a program wrote comes back bit by bit:
/// data that is not well-formed for its type, or of another type, is kept as [`Value::Raw`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum Value {
    /// REG_SZ (1): a string.
    Sz(String),
    /// REG_EXPAND_SZ (2): a string with `%VARIABLES%`.
    ExpandSz(String),
    /// REG_BINARY (3): bytes.
    #[serde(with = "hex")]
    Binary(Vec<u8>),
    /// REG_DWORD (4): 32 bits, little-endian.
    Dword(u32),
    /// REG_MULTI_SZ (7): strings, none of them empty.
    MultiSz(Vec<String>),
    /// REG_QWORD (11): 64 bits, little-endian.
    Qword(u64),
    /// Anything else, as it came.
    Raw {
        /// The type's number.
        kind: u32,
        /// The bytes.
        #[serde(with = "hex")]
        bytes: Vec<u8>,
    },
}

impl Value {
    /// The value that `bytes` of type `kind` stand for.
    pub fn from_wire(kind: u32, bytes: &[u8]) -> Self {
        let value = match kind {
            REG_SZ => text(bytes).map(Value::Sz),
            REG_EXPAND_SZ => text(bytes).map(Value::ExpandSz),
            REG_BINARY => Some(Value::Binary(bytes.to_vec())),
            REG_DWORD => bytes.try_into().ok().map(|bytes| Value::Dword(u32::from_le_bytes(bytes))),
            REG_MULTI_SZ => strings(bytes).map(Value::MultiSz),
            REG_QWORD => bytes.try_into().ok().map(|bytes| Value::Qword(u64::from_le_bytes(bytes))),
            _ => None,
        };
        // Strings have many spellings (no terminator, two, unpaired surrogates): only the one that we would
        // write ourselves is kept as text.
        value
            .filter(|value| value.wire_len() == bytes.len() && value.to_wire() == bytes)
            .unwrap_or_else(|| Value::Raw { kind, bytes: bytes.to_vec() })
    }

    /// The bytes as programs read them: strings in UTF-16LE with their terminators, numbers little-endian.
    pub fn to_wire(&self) -> Vec<u8> {
        match self {
            Value::Sz(text) | Value::ExpandSz(text) => utf16(text),
            Value::Binary(bytes) | Value::Raw { bytes, .. } => bytes.clone(),
            Value::Dword(number) => number.to_le_bytes().to_vec(),
            Value::Qword(number) => number.to_le_bytes().to_vec(),
            Value::MultiSz(strings) => {
                let mut bytes: Vec<u8> = strings.iter().flat_map(|text| utf16(text)).collect();
                bytes.extend_from_slice(&[0, 0]);
                bytes
            }
        }
    }

    /// How many bytes [`Value::to_wire`] has.
    pub fn wire_len(&self) -> usize {
        let units = |text: &str| 2 * (text.encode_utf16().count() + 1);
        match self {
            Value::Sz(text) | Value::ExpandSz(text) => units(text),
            Value::Binary(bytes) | Value::Raw { bytes, .. } => bytes.len(),
            Value::Dword(_) => 4,
            Value::Qword(_) => 8,
            Value::MultiSz(strings) => strings.iter().map(|text| units(text)).sum::<usize>() + 2,
        }
    }

    /// The type's number.
    pub fn kind(&self) -> u32 {
        match self {
            Value::Sz(_) => REG_SZ,
            Value::ExpandSz(_) => REG_EXPAND_SZ,
            Value::Binary(_) => REG_BINARY,
            Value::Dword(_) => REG_DWORD,
            Value::MultiSz(_) => REG_MULTI_SZ,
            Value::Qword(_) => REG_QWORD,
            Value::Raw { kind, .. } => *kind,
        }
    }

    /// The text of a string value. `None` for other types and for malformed strings.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Sz(text) | Value::ExpandSz(text) => Some(text),
            _ => None,
        }
    }

    /// The number of a DWORD.
    pub fn as_dword(&self) -> Option<u32> {
        match self {
            Value::Dword(number) => Some(*number),
            _ => None,
        }
    }

    /// The number of a QWORD.
    pub fn as_qword(&self) -> Option<u64> {
        match self {
            Value::Qword(number) => Some(*number),
            _ => None,
        }
    }

    /// The strings of a MULTI_SZ.
    pub fn as_strings(&self) -> Option<&[String]> {
        match self {
            Value::MultiSz(strings) => Some(strings),
            _ => None,
        }
    }

    /// The bytes of a BINARY.
    pub fn as_binary(&self) -> Option<&[u8]> {
        match self {
            Value::Binary(bytes) => Some(bytes),
            _ => None,
        }
    }
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

fn units(bytes: &[u8]) -> Option<Vec<u16>> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect())
}

fn text(bytes: &[u8]) -> Option<String> {
    let units = units(bytes)?;
    let (0, text) = units.split_last().map(|(last, text)| (*last, text))? else { return None };
    let text = String::from_utf16(text).ok()?;
    (!text.contains('\0')).then_some(text)
}

fn strings(bytes: &[u8]) -> Option<Vec<String>> {
    let units = units(bytes)?;
    let (0, mut rest) = units.split_last().map(|(last, rest)| (*last, rest))? else { return None };
    let mut strings = Vec::new();
    while !rest.is_empty() {
        let end = rest.iter().position(|unit| *unit == 0)?;
        strings.push(String::from_utf16(&rest[..end]).ok().filter(|text| !text.is_empty())?);
        rest = &rest[end + 1..];
    }
    Some(strings)
}

/// Bytes as lower-case hexadecimal digits: what `sqlite3`'s `unhex()` and every eye can read.
mod hex {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut digits = String::with_capacity(bytes.len() * 2);
        for byte in bytes {
            digits.push(DIGITS[usize::from(byte >> 4)].into());
            digits.push(DIGITS[usize::from(byte & 15)].into());
        }
        serializer.serialize_str(&digits)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let digits = String::deserialize(deserializer)?;
        let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
        if !rest.is_empty() {
            return Err(D::Error::custom("an odd number of hexadecimal digits"));
        }
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        pairs
            .iter()
            .map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?))
            .collect::<Option<_>>()
            .ok_or_else(|| D::Error::custom("a character that is no hexadecimal digit"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn well_formed_data_is_typed_and_the_rest_is_kept_raw() {
        let raw = |kind, bytes: &[u8]| Value::Raw { kind, bytes: bytes.to_vec() };
        let cases: Vec<(u32, &[u8], Value)> = vec![
            (1, b"a\0b\0\0\0", Value::Sz("ab".into())),
            (1, b"\0\0", Value::Sz(String::new())),
            (1, b"", raw(1, b"")),
            (1, b"a\0", raw(1, b"a\0")),
            (1, b"a\0\0\0\0\0", raw(1, b"a\0\0\0\0\0")),
            (1, b"a\0\0", raw(1, b"a\0\0")),
            (1, b"\0\xd8\0\0", raw(1, b"\0\xd8\0\0")),
            (2, b"%\0\0\0", Value::ExpandSz("%".into())),
            (3, b"\x01\xff", Value::Binary(vec![1, 255])),
            (4, b"\x01\0\0\0", Value::Dword(1)),
            (4, b"\x01\0\0", raw(4, b"\x01\0\0")),
            (7, b"a\0\0\0b\0\0\0\0\0", Value::MultiSz(vec!["a".into(), "b".into()])),
            (7, b"\0\0", Value::MultiSz(vec![])),
            (7, b"\0\0\0\0", raw(7, b"\0\0\0\0")),
            (7, b"a\0\0\0", raw(7, b"a\0\0\0")),
            (11, b"\x02\0\0\0\0\0\0\0", Value::Qword(2)),
            (0, b"x", raw(0, b"x")),
            (8, b"", raw(8, b"")),
        ];
        for (kind, bytes, value) in cases {
            assert_eq!(Value::from_wire(kind, bytes), value);
        }
    }

    proptest! {
        #[test]
        fn whatever_was_written_comes_back(kind in 0u32..13, bytes in proptest::collection::vec(prop_oneof![Just(0u8), any::<u8>()], 0..24)) {
            let value = Value::from_wire(kind, &bytes);
            prop_assert_eq!(value.kind(), kind);
            prop_assert_eq!(value.to_wire(), bytes.clone());
            prop_assert_eq!(value.wire_len(), bytes.len());
            let json = serde_json::to_string(&value).unwrap();
            prop_assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), value);
        }
    }
}
