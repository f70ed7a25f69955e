//! What can be wrong with bytes from outside, and with values that cannot be written.

use mainstay_types::property::Format;

use crate::limits::{ITEMS_MAX, LIST_LENGTH_MAX, NESTING_DEPTH_MAX};

/// Why bytes are no property list or value list: the sender's fault.
///
/// The API answers ERROR_INVALID_PARAMETER for it, before anything else happens.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("malformed property list: at byte {offset}{}: {fault}", of_property(.property))]
pub struct ParseError {
    /// Where, in bytes from the start of the outermost list.
    pub offset: usize,
    /// In which property, where its name was read already.
    pub property: Option<String>,
    /// What is wrong.
    pub fault: ParseFault,
}

fn of_property(name: &Option<String>) -> String {
    name.as_ref().map(|name| format!(", property '{}'", short(name))).unwrap_or_default()
}

/// A name from outside, short enough for a message.
fn short(name: &str) -> String {
    match name.char_indices().nth(SHOWN_NAME_LENGTH) {
        Some((end, _)) => format!("{}…", name[..end].escape_debug()),
        None => name.escape_debug().to_string(),
    }
}

/// How many characters of a name a message shows. Names that programs use are shorter.
const SHOWN_NAME_LENGTH: usize = 64;

/// What is wrong with a list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseFault {
    /// More bytes than [`LIST_LENGTH_MAX`].
    #[error("the list has {length} bytes, more than the {LIST_LENGTH_MAX} that are read")]
    TooLong {
        /// Bytes given.
        length: usize,
    },
    /// The bytes end inside something.
    #[error("{what} needs {needed} bytes and {left} are left")]
    Truncated {
        /// What was being read.
        what: &'static str,
        /// Bytes it takes, with its padding.
        needed: usize,
        /// Bytes that are there.
        left: usize,
    },
    /// The count cannot be true.
    #[error("{count} properties cannot fit the {left} bytes that follow")]
    Count {
        /// The count as it was sent.
        count: u32,
        /// Bytes after the count.
        left: usize,
    },
    /// A property does not begin with a name.
    #[error("a name (syntax {:#010x}) is expected and syntax {syntax:#010x} found", crate::syntax::NAME)]
    NotAName {
        /// The syntax found.
        syntax: u32,
    },
    /// A name stands where a value is expected.
    #[error("a value or the end of the property is expected and a name found")]
    NameAmongValues,
    /// A property without a value.
    #[error("the property has no value")]
    NoValue,
    /// A number of the wrong length.
    #[error("a value of format {} has {expected} bytes and this one {actual}", .format.word())]
    Length {
        /// The value's format.
        format: Format,
        /// Bytes that the format takes.
        expected: usize,
        /// Bytes that the entry says.
        actual: usize,
    },
    /// More values and texts than [`ITEMS_MAX`].
    #[error("the list has more than {ITEMS_MAX} values and texts")]
    TooManyItems,
    /// Lists inside lists inside lists.
    #[error("property lists lie inside each other more than {NESTING_DEPTH_MAX} deep")]
    TooDeep,
    /// A name or a text is malformed.
    #[error("{what}: {fault}")]
    Text {
        /// The name, the text or the list of texts.
        what: &'static str,
        /// What is wrong with it.
        fault: TextFault,
    },
}

/// What is wrong with a UTF-16 text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextFault {
    /// Half a character.
    #[error("the length {length} is odd")]
    OddLength {
        /// Bytes of the text.
        length: usize,
    },
    /// No NUL at the end, or in a list of texts not the second one.
    #[error("the closing NUL is missing")]
    NotTerminated,
    /// C programs would not see what follows.
    #[error("something follows the closing NUL")]
    AfterEnd,
    /// Not Unicode.
    #[error("it has an unpaired surrogate and is no Unicode text")]
    UnpairedSurrogate,
    /// More texts than [`ITEMS_MAX`] in one list of texts.
    #[error("it holds more than {ITEMS_MAX} texts")]
    TooManyTexts,
    /// Writing: a NUL would end the text early.
    #[error("a text cannot hold a NUL")]
    HoldsNul,
    /// Writing: an empty text would end a list of texts early.
    #[error("a list of texts cannot hold an empty one")]
    EmptyItem,
}

/// Why a list cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// A name or text that the format cannot hold.
    #[error("property '{}': {fault}", short(.property))]
    Text {
        /// The property's name; empty in a value list.
        property: String,
        /// What is wrong.
        fault: TextFault,
    },
    /// A property without a value.
    #[error("property '{}' has no value", short(.0))]
    NoValue(String),
    /// An unknown value whose syntax would be read as a name or an end.
    #[error("property '{}': syntax {syntax:#010x} cannot stand before a value", short(.property))]
    Syntax {
        /// The property's name; empty in a value list.
        property: String,
        /// The syntax.
        syntax: u32,
    },
    /// Lists inside lists inside lists.
    #[error("property '{}': property lists lie inside each other more than {NESTING_DEPTH_MAX} deep", short(.0))]
    TooDeep(String),
    /// More values and texts than [`ITEMS_MAX`].
    #[error("the list would have more than {ITEMS_MAX} values and texts")]
    TooManyItems,
    /// More bytes than [`LIST_LENGTH_MAX`].
    #[error("the list would have more than {LIST_LENGTH_MAX} bytes")]
    TooLong,
}
