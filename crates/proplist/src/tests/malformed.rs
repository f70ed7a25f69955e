//! Bytes that are no list, each with its place and its reason.

use mainstay_types::property::Format;

use super::bytes;
use crate::*;

#[test]
fn malformed_lists_are_refused_with_place_and_reason() {
    let text = |what, fault| ParseFault::Text { what, fault };
    for (malformed, offset, property, fault) in [
        ("", 0, None, ParseFault::Truncated { what: "the count of properties", needed: 4, left: 0 }),
        ("01 00 00 00", 0, None, ParseFault::Count { count: 1, left: 0 }),
        ("FF FF FF FF 00 00 00 00", 0, None, ParseFault::Count { count: u32::MAX, left: 4 }),
        // Room for one property, and two announced.
        (
            "02 00 00 00  03 00 04 00 04 00 00 00 61 00 00 00  02 00 01 00 04 00 00 00 01 00 00 00  00 00 00 00
             00 00 00 00",
            0,
            None,
            ParseFault::Count { count: 2, left: 32 },
        ),
        (
            "01 00 00 00  02 00 01 00 04 00 00 00 61 00 00 00  00 00 00 00 00 00 00 00",
            4,
            None,
            ParseFault::NotAName { syntax: 0x0001_0002 },
        ),
        (
            "01 00 00 00  03 00 04 00 FF FF FF FF 61 00 00 00  00 00 00 00 00 00 00 00",
            12,
            None,
            ParseFault::Truncated { what: "a property's name", needed: 1 << 32, left: 12 },
        ),
        (
            "01 00 00 00  03 00 04 00 03 00 00 00 61 00 00 00  00 00 00 00 00 00 00 00",
            4,
            None,
            text("the name", TextFault::OddLength { length: 3 }),
        ),
        (
            "01 00 00 00  03 00 04 00 02 00 00 00 61 00 00 00  00 00 00 00 00 00 00 00",
            4,
            None,
            text("the name", TextFault::NotTerminated),
        ),
        (
            "01 00 00 00  03 00 04 00 00 00 00 00  02 00 01 00 04 00 00 00 01 00 00 00  00 00 00 00",
            4,
            None,
            text("the name", TextFault::NotTerminated),
        ),
        (
            "01 00 00 00  03 00 04 00 04 00 00 00 61 00 00 00  00 00 00 00 00 00 00 00",
            16,
            Some("a"),
            ParseFault::NoValue,
        ),
        (
            "01 00 00 00  03 00 04 00 04 00 00 00 61 00 00 00  03 00 04 00 04 00 00 00 61 00 00 00  00 00 00 00",
            16,
            Some("a"),
            ParseFault::NameAmongValues,
        ),
        (
            "01 00 00 00  03 00 04 00 04 00 00 00 61 00 00 00  02 00 01 00 08 00 00 00 01 00 00 00 00 00 00 00
             00 00 00 00",
            16,
            Some("a"),
            ParseFault::Length { format: Format::Dword, expected: 4, actual: 8 },
        ),
        (
            "01 00 00 00  03 00 04 00 04 00 00 00 61 00 00 00  03 00 01 00 04 00 00 00 61 00 62 00  00 00 00 00",
            16,
            Some("a"),
            text("the text", TextFault::NotTerminated),
        ),
        (
            "01 00 00 00  03 00 04 00 04 00 00 00 61 00 00 00
             03 00 01 00 08 00 00 00 61 00 00 00 62 00 00 00  00 00 00 00",
            16,
            Some("a"),
            text("the text", TextFault::AfterEnd),
        ),
        (
            "01 00 00 00  03 00 04 00 04 00 00 00 61 00 00 00  03 00 01 00 04 00 00 00 00 D8 00 00  00 00 00 00",
            16,
            Some("a"),
            text("the text", TextFault::UnpairedSurrogate),
        ),
        (
            "01 00 00 00  03 00 04 00 04 00 00 00 00 DC 00 00  02 00 01 00 04 00 00 00 01 00 00 00  00 00 00 00",
            4,
            None,
            text("the name", TextFault::UnpairedSurrogate),
        ),
        (
            "01 00 00 00  03 00 04 00 04 00 00 00 61 00 00 00  05 00 01 00 04 00 00 00 61 00 00 00  00 00 00 00",
            16,
            Some("a"),
            text("the list of texts", TextFault::NotTerminated),
        ),
        (
            "01 00 00 00  03 00 04 00 04 00 00 00 61 00 00 00  0E 00 01 00 02 00 00 00 00 00 00 00  00 00 00 00",
            24,
            Some("a"),
            ParseFault::Truncated { what: "the count of properties", needed: 4, left: 2 },
        ),
    ] {
        let error = PropertyList::parse(&bytes(malformed)).expect_err(malformed);
        let expected = ParseError { offset, property: property.map(str::to_owned), fault };
        assert_eq!(error, expected, "{malformed}");
    }
}

#[test]
fn errors_name_place_property_and_reason() {
    let malformed = bytes(
        "01 00 00 00  03 00 04 00 04 00 00 00 61 00 00 00  03 00 01 00 04 00 00 00 00 D8 00 00  00 00 00 00",
    );
    assert_eq!(
        PropertyList::parse(&malformed).unwrap_err().to_string(),
        "malformed property list: at byte 16, property 'a': the text: it has an unpaired surrogate and is no \
         Unicode text"
    );
    let mut long = PropertyList::new().with("x".repeat(1_000_000), 1u32).to_bytes().unwrap();
    long.truncate(long.len() - 8);
    let message = PropertyList::parse(&long).unwrap_err().to_string();
    assert!(message.len() < 300, "a message stays short: {} bytes", message.len());
}

#[test]
fn the_longest_list_and_one_byte_more() {
    let mut bytes = vec![0; LIST_LENGTH_MAX];
    assert_eq!(PropertyList::parse(&bytes).unwrap(), PropertyList::new());
    bytes.push(0);
    let length = bytes.len();
    assert_eq!(PropertyList::parse(&bytes).unwrap_err().fault, ParseFault::TooLong { length });
    assert_eq!(ValueList::parse(&bytes).unwrap_err().fault, ParseFault::TooLong { length });
    let list = PropertyList::new().with("a", bytes);
    assert_eq!(list.to_bytes(), Err(BuildError::TooLong));
}
