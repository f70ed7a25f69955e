//! One value of a property.

use mainstay_types::property::Format;

use crate::list::PropertyList;
use crate::syntax;

/// A value with its format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Bytes.
    Binary(Vec<u8>),
    /// An unsigned number of 32 bits.
    Dword(u32),
    /// A text.
    Sz(String),
    /// A text with `%variables%`, not expanded.
    ExpandSz(String),
    /// A list of texts, none of them empty.
    MultiSz(Vec<String>),
    /// An unsigned number of 64 bits.
    ULarge(u64),
    /// A signed number of 32 bits.
    Long(i32),
    /// The expanded form that a server adds after an [`Value::ExpandSz`]; clients do not send it.
    ExpandedSz(String),
    /// A self-relative security descriptor, not looked into.
    SecurityDescriptor(Vec<u8>),
    /// A signed number of 64 bits.
    Large(i64),
    /// An unsigned number of 16 bits.
    Word(u16),
    /// A moment in units of 100 ns since 1601.
    FileTime(u64),
    /// A list inside the list.
    PropertyList(PropertyList),
    /// An entry of this format without any data, which no value of the format has. In a list that sets properties
    /// it asks for the default, or for a private property to be removed.
    NoData(Format),
    /// A value whose syntax has no meaning here, kept as it came.
    Unknown {
        /// Type and format as sent; neither [`syntax::NAME`] (in a property list) nor [`syntax::ENDMARK`].
        syntax: u32,
        /// The data without padding.
        bytes: Vec<u8>,
    },
}

impl Value {
    /// The value's format.
    pub fn format(&self) -> Format {
        match self {
            Self::Binary(_) => Format::Binary,
            Self::Dword(_) => Format::Dword,
            Self::Sz(_) => Format::Sz,
            Self::ExpandSz(_) => Format::ExpandSz,
            Self::MultiSz(_) => Format::MultiSz,
            Self::ULarge(_) => Format::ULargeInteger,
            Self::Long(_) => Format::Long,
            Self::ExpandedSz(_) => Format::ExpandedSz,
            Self::SecurityDescriptor(_) => Format::SecurityDescriptor,
            Self::Large(_) => Format::LargeInteger,
            Self::Word(_) => Format::Word,
            Self::FileTime(_) => Format::FileTime,
            Self::PropertyList(_) => Format::PropertyList,
            Self::NoData(format) => *format,
            Self::Unknown { .. } => Format::Unknown,
        }
    }

    /// The word that stands before the value on the wire.
    pub fn syntax(&self) -> u32 {
        match self {
            Self::Unknown { syntax, .. } => *syntax,
            value => syntax::list_value(value.format()),
        }
    }

    /// Whether the entry carries no byte of data: in a list that sets properties, "take the default" or "remove".
    pub fn has_no_data(&self) -> bool {
        match self {
            Self::NoData(_) => true,
            Self::Binary(bytes) | Self::SecurityDescriptor(bytes) | Self::Unknown { bytes, .. } => {
                bytes.is_empty()
            }
            _ => false,
        }
    }

    /// The number of a [`Value::Dword`].
    pub fn as_dword(&self) -> Option<u32> {
        if let Self::Dword(number) = self { Some(*number) } else { None }
    }

    /// The number of a [`Value::ULarge`].
    pub fn as_ularge(&self) -> Option<u64> {
        if let Self::ULarge(number) = self { Some(*number) } else { None }
    }

    /// The number of a [`Value::Long`].
    pub fn as_long(&self) -> Option<i32> {
        if let Self::Long(number) = self { Some(*number) } else { None }
    }

    /// The number of a [`Value::Large`].
    pub fn as_large(&self) -> Option<i64> {
        if let Self::Large(number) = self { Some(*number) } else { None }
    }

    /// The number of a [`Value::Word`].
    pub fn as_word(&self) -> Option<u16> {
        if let Self::Word(number) = self { Some(*number) } else { None }
    }

    /// The units of a [`Value::FileTime`].
    pub fn as_file_time(&self) -> Option<u64> {
        if let Self::FileTime(units) = self { Some(*units) } else { None }
    }

    /// The text of a [`Value::Sz`], [`Value::ExpandSz`] or [`Value::ExpandedSz`].
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Sz(text) | Self::ExpandSz(text) | Self::ExpandedSz(text) => Some(text),
            _ => None,
        }
    }

    /// The texts of a [`Value::MultiSz`]; none for one that was sent without data.
    pub fn as_texts(&self) -> Option<&[String]> {
        match self {
            Self::MultiSz(texts) => Some(texts),
            Self::NoData(Format::MultiSz) => Some(&[]),
            _ => None,
        }
    }

    /// The bytes of a [`Value::Binary`] or [`Value::SecurityDescriptor`].
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Binary(bytes) | Self::SecurityDescriptor(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The list of a [`Value::PropertyList`].
    pub fn as_list(&self) -> Option<&PropertyList> {
        if let Self::PropertyList(list) = self { Some(list) } else { None }
    }
}

// There is no `From<i32>`: a bare literal would become a LONG where nearly always a DWORD is meant.
impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Dword(number)
    }
}

impl From<bool> for Value {
    /// 1 or 0: the API has no format for truth values but the DWORD.
    fn from(truth: bool) -> Self {
        Self::Dword(u32::from(truth))
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::ULarge(number)
    }
}

impl From<u16> for Value {
    fn from(number: u16) -> Self {
        Self::Word(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Sz(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Sz(text)
    }
}

impl From<Vec<String>> for Value {
    fn from(texts: Vec<String>) -> Self {
        Self::MultiSz(texts)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Binary(bytes)
    }
}

impl From<PropertyList> for Value {
    fn from(list: PropertyList) -> Self {
        Self::PropertyList(list)
    }
}
