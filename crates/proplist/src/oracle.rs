//! What must hold for any bytes whatsoever: the fuzz target and the property tests call it.

use crate::error::BuildError;
use crate::limits::LIST_LENGTH_MAX;
use crate::list::{Property, PropertyList};
use crate::value_list::ValueList;
use crate::{multi_string, utf16};

/// Reads the bytes as each of this crate's formats and checks what must hold of whatever was read.
///
/// # Panics
/// When a rule is broken: what was read cannot be written, or reads back as something else.
#[track_caller]
pub fn any_bytes(bytes: &[u8]) {
    if let Ok(list) = PropertyList::parse(bytes) {
        let written = match list.to_bytes() {
            // The closing zeros that were missing can lift a list over the bound.
            Err(BuildError::TooLong) if bytes.len() + 4 * (1 + lists_inside(&list)) > LIST_LENGTH_MAX => {
                return;
            }
            written => written.expect("what was read can be written"),
        };
        assert!(written.len() <= bytes.len() + 4 * (1 + lists_inside(&list)), "writing does not inflate");
        let again = PropertyList::parse(&written).expect("what was written can be read");
        assert_eq!(again, list, "a list is read back as it was");
        assert!(list.show(200).chars().count() <= 200, "the line keeps its bound");
    }
    if let Ok(list) = ValueList::parse(bytes) {
        let written = list.to_bytes().expect("what was read can be written");
        assert_eq!(ValueList::parse(&written).expect("what was written can be read"), list);
        // Only the answer's form is checked here; a wrong dependency is an error like another.
        drop(list.required_dependencies());
    }
    if let Ok(texts) = multi_string::parse(bytes) {
        let written = multi_string::build(&texts).expect("what was read can be written");
        assert_eq!(multi_string::parse(&written).expect("what was written can be read"), texts);
    }
    if let Ok(text) = utf16::parse(bytes) {
        let written = utf16::build(&text).expect("what was read can be written");
        assert_eq!(utf16::parse(&written).expect("what was written can be read"), text);
    }
}

/// How many lists lie inside this one: each is written with a closing zero that it need not have had.
fn lists_inside(list: &PropertyList) -> usize {
    let values = list.iter().flat_map(Property::values);
    values.filter_map(|value| value.as_list()).map(|inner| 1 + lists_inside(inner)).sum()
}
