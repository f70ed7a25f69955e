//! Property lists, value lists and multi-strings in the cluster API's byte format.
//!
//! This crate owns the bytes: [`PropertyList::parse`] reads what came from outside, [`PropertyList::to_bytes`]
//! writes what goes there, [`PropertyList::show`] and [`assignment`] are their forms for people, `fit` holds a
//! value against the table it belongs to. It knows no property by name and never acts on one.
//!
//! Layout (clusapi.h; MS-CMRP 2.2.3.10), little-endian, every entry padded to four bytes:
//!
//! ```text
//! list     := u32 count, property * count, u32 0
//! property := name, value+, u32 0
//! name     := u32 0x00040003, u32 length, UTF-16 with its NUL, padding
//! value    := u32 syntax, u32 length, data, padding
//! ```
//!
//! Lengths never count the padding. The zero at the very end is written always and its absence accepted, as are
//! bytes after it: callers pass the size of their buffer instead of the length of their list.
#![forbid(unsafe_code)]

pub mod assignment;
mod build;
mod error;
mod fit;
mod limits;
mod list;
pub mod multi_string;
pub mod oracle;
mod parse;
mod show;
pub mod syntax;
pub mod utf16;
mod value;
mod value_list;

#[cfg(test)]
mod tests;

pub use error::{BuildError, ParseError, ParseFault, TextFault};
pub use fit::{Misfit, default_of, fit};
pub use limits::{ITEMS_MAX, LIST_LENGTH_MAX, NESTING_DEPTH_MAX, PROPERTY_LENGTH_MIN, SHOW_LENGTH};
pub use list::{Property, PropertyList};
pub use value::Value;
pub use value_list::{RequiredDependency, ValueList};
