//! Properties: the formats that a value can have, and what is known of every common property.
//!
//! This module owns the numbers of the formats and the tables of common properties of clusters, nodes, groups,
//! resources and resource types. It holds no values and checks no property lists.

/// The format of a property's value (CLUSTER_PROPERTY_FORMAT of clusapi.h; MS-CMRP 2.2.3.10).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Format {
    /// CLUSPROP_FORMAT_UNKNOWN.
    Unknown,
    /// Bytes.
    Binary,
    /// An unsigned number of 32 bits.
    Dword,
    /// A text.
    Sz,
    /// A text with `%variables%` in it, not expanded.
    ExpandSz,
    /// A list of texts.
    MultiSz,
    /// An unsigned number of 64 bits.
    ULargeInteger,
    /// A signed number of 32 bits.
    Long,
    /// The expanded form that a server adds after an [`Format::ExpandSz`].
    ExpandedSz,
    /// A self-relative security descriptor.
    SecurityDescriptor,
    /// A signed number of 64 bits.
    LargeInteger,
    /// An unsigned number of 16 bits.
    Word,
    /// A moment, in units of 100 ns since 1601.
    FileTime,
    /// A value list.
    ValueList,
    /// A property list inside a property list.
    PropertyList,
    /// Formats from 0x8000 on belong to vendors.
    User,
}

/// Number, variant and word of every format, in the order of the numbers.
const FORMATS: &[(u16, Format, &str)] = &[
    (0, Format::Unknown, "unknown"),
    (1, Format::Binary, "binary"),
    (2, Format::Dword, "dword"),
    (3, Format::Sz, "sz"),
    (4, Format::ExpandSz, "expand"),
    (5, Format::MultiSz, "multi"),
    (6, Format::ULargeInteger, "ularge"),
    (7, Format::Long, "long"),
    (8, Format::ExpandedSz, "expanded"),
    (9, Format::SecurityDescriptor, "sd"),
    (10, Format::LargeInteger, "large"),
    (11, Format::Word, "word"),
    (12, Format::FileTime, "filetime"),
    (13, Format::ValueList, "values"),
    (14, Format::PropertyList, "list"),
    (0x8000, Format::User, "user"),
];

impl Format {
    /// The number in the lower half of a value's syntax.
    pub fn number(self) -> u16 {
        self.row().0
    }

    /// The format of a number; numbers that no format has are [`Format::Unknown`].
    pub fn from_number(number: u16) -> Self {
        if number >= 0x8000 {
            return Self::User;
        }
        FORMATS.iter().find(|row| row.0 == number).map_or(Self::Unknown, |row| row.1)
    }

    /// The word by which the command line and the journal name the format: `dword`, `sz`, `multi`.
    pub fn word(self) -> &'static str {
        self.row().2
    }

    fn row(self) -> &'static (u16, Format, &'static str) {
        // Every variant has its row (tested), so the fallback is never taken.
        FORMATS.iter().find(|row| row.1 == self).unwrap_or(&FORMATS[0])
    }
}
