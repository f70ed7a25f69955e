//! Properties: the formats that a value can have, and what is known of every common property.
//!
//! This module owns the numbers of the formats and the tables of common properties, one for each class of objects. It
//! holds no values and checks no property lists. What a property does is said in `docs/properties.md`.

mod cluster;
mod group;
mod group_set;
mod network;
mod node;
mod resource;

#[cfg(test)]
mod documented;

pub use cluster::CLUSTER;
pub use group::{GROUP, GROUP_TYPE_UNKNOWN};
pub use group_set::GROUP_SET;
pub use network::{NETWORK, NETWORK_INTERFACE};
pub use node::NODE;
pub use resource::{RESOURCE, RESOURCE_TYPE};

use std::fmt;

use crate::name::fold;

/// Begins the names of private properties of a node that hold until the node boots: multi-strings of the boot in which
/// they were set, and a value.
pub const UNTIL_BOOT: &str = "reboot:";

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

/// Who may change a property.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PropertyAccess {
    /// The service alone; GET_RO_COMMON_PROPERTIES shows it.
    ReadOnly,
    /// Callers with full access; GET_COMMON_PROPERTIES shows it.
    ReadWrite,
}

/// What a property holds as long as nobody set it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum DefaultValue {
    /// Nothing: the service always has a value of its own.
    Nothing,
    /// A DWORD.
    Dword(u32),
    /// A ULARGE_INTEGER.
    ULarge(u64),
    /// A FILETIME, in units of 100 ns since 1601.
    FileTime(u64),
    /// A string.
    Sz(&'static str),
    /// A list of strings.
    MultiSz(&'static [&'static str]),
    /// Bytes.
    Binary(&'static [u8]),
}

/// Which numbers a DWORD property takes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct DwordRange {
    /// The smallest.
    pub min: u32,
    /// The greatest.
    pub max: u32,
    /// One more outside of them, with a meaning of its own (0xFFFFFFFF: none, never, ask the type).
    pub also: Option<u32>,
}

impl DwordRange {
    /// Every DWORD.
    pub const ANY: DwordRange = DwordRange { min: 0, max: u32::MAX, also: None };

    /// Whether the property takes this number.
    pub fn contains(&self, number: u32) -> bool {
        (self.min..=self.max).contains(&number) || self.also == Some(number)
    }
}

/// The values that a property takes here, where others that are in its range would promise what is not kept.
///
/// For what concerns safety: who is alive, who decides, what is protected. Such a property is never merely stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Supported {
    /// For a DWORD, the numbers. Of another format nothing but an empty value is taken.
    pub numbers: &'static [u32],
    /// What holds here instead, as the end of a sentence.
    pub reason: &'static str,
}

impl fmt::Display for Supported {
    /// "only 1 is taken: ..."
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<String> = self.numbers.iter().map(u32::to_string).collect();
        let taken = if numbers.is_empty() { "an empty value".to_owned() } else { numbers.join(" or ") };
        write!(f, "only {taken} is taken: {}", self.reason)
    }
}

/// What is known of one common property.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spec {
    /// The name, as it is shown; compared without regard to case.
    pub name: &'static str,
    /// The format of its one value.
    pub format: Format,
    /// Who may change it.
    pub access: PropertyAccess,
    /// What it holds as long as nobody set it.
    pub default: DefaultValue,
    /// For a DWORD, which numbers it takes.
    pub range: DwordRange,
    /// Fewer values than these, where the others would not be true here.
    pub supported: Option<Supported>,
}

impl Spec {
    /// Whether callers may set the property.
    pub fn is_writable(&self) -> bool {
        self.access == PropertyAccess::ReadWrite
    }
}

/// The common properties of one class of objects.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    specs: &'static [Spec],
}

impl Table {
    const fn new(specs: &'static [Spec]) -> Self {
        Table { specs }
    }

    /// The property of this name, in whatever case.
    pub fn find(&self, name: &str) -> Option<&'static Spec> {
        let folded = fold(name);
        // Names of common properties are ASCII (tested), so no name of the table needs folding.
        self.specs.iter().find(|spec| spec.name.eq_ignore_ascii_case(&folded))
    }

    /// Every property, in the order of the table.
    pub fn iter(&self) -> std::slice::Iter<'static, Spec> {
        self.specs.iter()
    }

    /// The properties that a caller may set, in the order of the table.
    pub fn writable(&self) -> impl Iterator<Item = &'static Spec> {
        self.iter().filter(|spec| spec.is_writable())
    }

    /// The properties that only the service sets, in the order of the table.
    pub fn read_only(&self) -> impl Iterator<Item = &'static Spec> {
        self.iter().filter(|spec| !spec.is_writable())
    }
}

const fn spec(name: &'static str, format: Format, default: DefaultValue) -> Spec {
    Spec { name, format, access: PropertyAccess::ReadWrite, default, range: DwordRange::ANY, supported: None }
}

/// A DWORD.
const fn dword(name: &'static str, default: u32) -> Spec {
    spec(name, Format::Dword, DefaultValue::Dword(default))
}

/// A DWORD that says yes or no.
const fn truth(name: &'static str, default: u32) -> Spec {
    dword(name, default).within(0, 1)
}

/// A ULARGE_INTEGER of 0.
const fn ularge(name: &'static str) -> Spec {
    spec(name, Format::ULargeInteger, DefaultValue::ULarge(0))
}

/// A string.
const fn sz(name: &'static str, default: &'static str) -> Spec {
    spec(name, Format::Sz, DefaultValue::Sz(default))
}

/// A list of strings, empty.
const fn multi(name: &'static str) -> Spec {
    spec(name, Format::MultiSz, DefaultValue::MultiSz(&[]))
}

/// Bytes, none.
const fn binary(name: &'static str) -> Spec {
    spec(name, Format::Binary, DefaultValue::Binary(&[]))
}

impl Spec {
    const fn read_only(mut self) -> Self {
        self.access = PropertyAccess::ReadOnly;
        self
    }

    /// Read-only, and the service always knows it.
    const fn stated_by_service(mut self) -> Self {
        self.default = DefaultValue::Nothing;
        self.read_only()
    }

    const fn within(mut self, min: u32, max: u32) -> Self {
        self.range = DwordRange { min, max, also: None };
        self
    }

    const fn or(mut self, number: u32) -> Self {
        self.range.also = Some(number);
        self
    }

    /// Of its range, only these numbers are true here.
    const fn only(mut self, numbers: &'static [u32], reason: &'static str) -> Self {
        self.supported = Some(Supported { numbers, reason });
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: &[(&str, Table)] = &[
        ("cluster", CLUSTER),
        ("node", NODE),
        ("group", GROUP),
        ("resource", RESOURCE),
        ("resource type", RESOURCE_TYPE),
        ("network", NETWORK),
        ("network interface", NETWORK_INTERFACE),
        ("group set", GROUP_SET),
    ];

    #[test]
    fn every_format_has_its_number_and_word() {
        let all = [
            (Format::Unknown, 0, "unknown"),
            (Format::Binary, 1, "binary"),
            (Format::Dword, 2, "dword"),
            (Format::Sz, 3, "sz"),
            (Format::ExpandSz, 4, "expand"),
            (Format::MultiSz, 5, "multi"),
            (Format::ULargeInteger, 6, "ularge"),
            (Format::Long, 7, "long"),
            (Format::ExpandedSz, 8, "expanded"),
            (Format::SecurityDescriptor, 9, "sd"),
            (Format::LargeInteger, 10, "large"),
            (Format::Word, 11, "word"),
            (Format::FileTime, 12, "filetime"),
            (Format::ValueList, 13, "values"),
            (Format::PropertyList, 14, "list"),
            (Format::User, 0x8000, "user"),
        ];
        assert_eq!(all.len(), FORMATS.len());
        for (format, number, word) in all {
            assert_eq!((format.number(), format.word()), (number, word));
            assert_eq!(Format::from_number(number), format);
        }
        assert_eq!(Format::from_number(15), Format::Unknown);
        assert_eq!(Format::from_number(0x8001), Format::User);
    }

    #[test]
    fn tables_are_consistent() {
        for (class, table) in TABLES {
            let mut seen = std::collections::HashSet::new();
            for spec in table.iter() {
                let name = spec.name;
                assert!(name.is_ascii() && !name.is_empty(), "{class} {name:?}");
                assert!(seen.insert(fold(name)), "{class} {name} is there twice");
                let formats_agree = match spec.default {
                    DefaultValue::Nothing => spec.access == PropertyAccess::ReadOnly,
                    DefaultValue::Dword(number) => {
                        spec.format == Format::Dword && spec.range.contains(number)
                    }
                    DefaultValue::ULarge(_) => spec.format == Format::ULargeInteger,
                    DefaultValue::FileTime(_) => spec.format == Format::FileTime,
                    DefaultValue::Sz(_) => spec.format == Format::Sz,
                    DefaultValue::MultiSz(_) => spec.format == Format::MultiSz,
                    DefaultValue::Binary(_) => spec.format == Format::Binary,
                };
                assert!(formats_agree, "{class} {name}: default, format and range disagree");
                let ranged = spec.range != DwordRange::ANY;
                assert!(!ranged || spec.format == Format::Dword, "{class} {name}: only a DWORD has a range");
                let takes_default = spec.supported.is_none_or(|supported| match spec.default {
                    DefaultValue::Dword(number) => supported.numbers.contains(&number),
                    DefaultValue::Binary(bytes) => bytes.is_empty() && supported.numbers.is_empty(),
                    _ => false,
                });
                assert!(takes_default, "{class} {name}: its default is not supported");
            }
            assert_eq!(table.writable().count() + table.read_only().count(), table.iter().count());
        }
    }

    #[test]
    fn properties_are_found_in_any_case() {
        use DefaultValue::{Dword, MultiSz, Sz};
        let (rw, ro) = (PropertyAccess::ReadWrite, PropertyAccess::ReadOnly);
        for (table, name, format, access, default) in [
            (RESOURCE, "restartaction", Format::Dword, rw, Dword(2)),
            (RESOURCE, "RESTARTPERIOD", Format::Dword, rw, Dword(900_000)),
            (RESOURCE, "PendingTimeout", Format::Dword, rw, Dword(180_000)),
            (RESOURCE, "StatusInformation", Format::ULargeInteger, ro, DefaultValue::ULarge(0)),
            (RESOURCE, "Description", Format::Sz, rw, Sz("")),
            (RESOURCE_TYPE, "looksAlivePollInterval", Format::Dword, rw, Dword(5_000)),
            (GROUP, "AntiAffinityClassNames", Format::MultiSz, rw, MultiSz(&[])),
            (GROUP, "Priority", Format::Dword, rw, Dword(2_000)),
            (CLUSTER, "security descriptor", Format::Binary, rw, DefaultValue::Binary(&[])),
            (CLUSTER, "FixQuorum", Format::Dword, ro, Dword(0)),
            (NODE, "NodeDrainTarget", Format::Dword, ro, Dword(u32::MAX)),
        ] {
            let found = table.find(name).unwrap_or_else(|| panic!("{name} is in no table"));
            assert_eq!((found.format, found.access, found.default), (format, access, default), "{name}");
        }
        assert_eq!(RESOURCE.find("Priority"), None);
        assert_eq!(RESOURCE.find(""), None);
    }

    #[test]
    fn ranges_of_numbers() {
        for (table, name, number, allowed) in [
            (RESOURCE, "RestartAction", 2, true),
            (RESOURCE, "RestartAction", 3, false),
            (RESOURCE, "IsAlivePollInterval", 0, false),
            (RESOURCE, "IsAlivePollInterval", 10, true),
            (RESOURCE, "IsAlivePollInterval", u32::MAX, true),
            (RESOURCE, "DeadlockTimeout", 999, false),
            (GROUP, "FailoverPeriod", 1_193, true),
            (GROUP, "FailoverPeriod", 1_194, false),
            (GROUP, "FailbackWindowStart", 23, true),
            (GROUP, "FailbackWindowStart", 24, false),
            (GROUP, "FailbackWindowStart", u32::MAX, true),
            (CLUSTER, "SameSubnetThreshold", 2, false),
        ] {
            let spec = table.find(name).unwrap_or_else(|| panic!("{name} is in no table"));
            assert_eq!(spec.range.contains(number), allowed, "{name} {number}");
        }
    }
}
