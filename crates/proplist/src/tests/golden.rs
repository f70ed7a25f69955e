//! Lists as other programs send them, byte by byte.

use mainstay_types::property::Format;

use super::bytes;
use crate::*;

/// The golden lists, each with the closing zero that is always written.
fn golden() -> Vec<(&'static str, PropertyList, Vec<u8>)> {
    vec![
        (
            "save the virtual machine",
            PropertyList::new().with("Virtual Machine", 1u32),
            bytes(
                "01 00 00 00
                 03 00 04 00  20 00 00 00
                 56 00 69 00 72 00 74 00 75 00 61 00 6C 00 20 00 4D 00 61 00 63 00 68 00 69 00 6E 00 65 00 00 00
                 02 00 01 00  04 00 00 00  01 00 00 00
                 00 00 00 00
                 00 00 00 00",
            ),
        ),
        (
            "a padded text",
            PropertyList::new().with("RestartAction", 2u32).with("Description", "db"),
            bytes(
                "02 00 00 00
                 03 00 04 00  1C 00 00 00  'RestartAction' 00 00
                 02 00 01 00  04 00 00 00  02 00 00 00
                 00 00 00 00
                 03 00 04 00  18 00 00 00  'Description' 00 00
                 03 00 01 00  06 00 00 00  64 00 62 00 00 00  00 00
                 00 00 00 00
                 00 00 00 00",
            ),
        ),
        (
            "a padded name, a list of texts, 64 bits",
            PropertyList::new()
                .with("AntiAffinityClassNames", vec!["sql".to_owned(), "b".to_owned()])
                .with("StatusInformation", 0x21u64),
            bytes(
                "02 00 00 00
                 03 00 04 00  2E 00 00 00  'AntiAffinityClassNames' 00 00  00 00
                 05 00 01 00  0E 00 00 00  73 00 71 00 6C 00 00 00 62 00 00 00 00 00  00 00
                 00 00 00 00
                 03 00 04 00  24 00 00 00  'StatusInformation' 00 00
                 06 00 01 00  08 00 00 00  21 00 00 00 00 00 00 00
                 00 00 00 00
                 00 00 00 00",
            ),
        ),
        (
            "both types of virtual machines",
            PropertyList::new().with("Virtual Machine", 2u32).with("Virtual Machine Configuration", 2u32),
            bytes(
                "02 00 00 00
                 03 00 04 00  20 00 00 00  'Virtual_Machine' 00 00
                 02 00 01 00  04 00 00 00  02 00 00 00
                 00 00 00 00
                 03 00 04 00  3C 00 00 00  'Virtual_Machine_Configuration' 00 00
                 02 00 01 00  04 00 00 00  02 00 00 00
                 00 00 00 00
                 00 00 00 00",
            ),
        ),
        ("nothing", PropertyList::new(), bytes("00 00 00 00 00 00 00 00")),
        (
            "every other format",
            [
                Property::new("b", vec![Value::Binary(vec![1, 2, 3])]),
                Property::new("e", vec![Value::ExpandSz("%x%".into()), Value::ExpandedSz("7".into())]),
                Property::new("l", vec![Value::Long(-1), Value::Large(-2)]),
                Property::new("w", vec![Value::Word(0x1234), Value::FileTime(9)]),
                Property::new("s", vec![Value::SecurityDescriptor(vec![1]), Value::NoData(Format::Dword)]),
                Property::new("n", vec![Value::PropertyList(PropertyList::new())]),
                Property::new("u", vec![Value::Unknown { syntax: 0x0005_0002, bytes: vec![7, 0, 0, 0] }]),
                Property::new("m", vec![Value::MultiSz(vec![])]),
            ]
            .into_iter()
            .collect(),
            bytes(
                "08 00 00 00
                 03 00 04 00  04 00 00 00  62 00 00 00
                 01 00 01 00  03 00 00 00  01 02 03 00
                 00 00 00 00
                 03 00 04 00  04 00 00 00  65 00 00 00
                 04 00 01 00  08 00 00 00  25 00 78 00 25 00 00 00
                 08 00 01 00  04 00 00 00  37 00 00 00
                 00 00 00 00
                 03 00 04 00  04 00 00 00  6C 00 00 00
                 07 00 01 00  04 00 00 00  FF FF FF FF
                 0A 00 01 00  08 00 00 00  FE FF FF FF FF FF FF FF
                 00 00 00 00
                 03 00 04 00  04 00 00 00  77 00 00 00
                 0B 00 01 00  02 00 00 00  34 12 00 00
                 0C 00 01 00  08 00 00 00  09 00 00 00 00 00 00 00
                 00 00 00 00
                 03 00 04 00  04 00 00 00  73 00 00 00
                 09 00 01 00  01 00 00 00  01 00 00 00
                 02 00 01 00  00 00 00 00
                 00 00 00 00
                 03 00 04 00  04 00 00 00  6E 00 00 00
                 0E 00 01 00  08 00 00 00  00 00 00 00 00 00 00 00
                 00 00 00 00
                 03 00 04 00  04 00 00 00  75 00 00 00
                 02 00 05 00  04 00 00 00  07 00 00 00
                 00 00 00 00
                 03 00 04 00  04 00 00 00  6D 00 00 00
                 05 00 01 00  02 00 00 00  00 00 00 00
                 00 00 00 00
                 00 00 00 00",
            ),
        ),
    ]
}

#[test]
fn golden_lists_are_written_and_read() {
    for (what, list, bytes) in golden() {
        assert_eq!(list.to_bytes().unwrap(), bytes, "{what}");
        assert_eq!(PropertyList::parse(&bytes).unwrap(), list, "{what}");
        // As MS-CMRP has it, without the zero at the end, and as callers send it, with more behind.
        assert_eq!(PropertyList::parse(&bytes[..bytes.len() - 4]).unwrap(), list, "{what}, not closed");
        assert_eq!(
            PropertyList::parse(&[bytes.clone(), vec![0xA5; 7]].concat()).unwrap(),
            list,
            "{what}, followed"
        );
        oracle::any_bytes(&bytes);
    }
    let sizes: Vec<_> = golden().iter().map(|(_, _, bytes)| bytes.len() - 4).take(4).collect();
    assert_eq!(sizes, [60, 108, 152, 144], "lengths without the closing zero");
}

#[test]
fn a_list_cut_anywhere_is_refused() {
    for (what, _, bytes) in golden() {
        for length in 0..bytes.len() - 4 {
            let error = PropertyList::parse(&bytes[..length]).expect_err(what);
            let is_precise = matches!(error.fault, ParseFault::Truncated { .. } | ParseFault::Count { .. });
            assert!(is_precise && error.offset <= length, "{what} cut at {length}: {error}");
        }
    }
}

#[test]
fn padding_has_to_be_there_and_may_hold_anything() {
    let list = "01 00 00 00  03 00 04 00 04 00 00 00 61 00 00 00  0B 00 01 00 02 00 00 00 01 00";
    let error = PropertyList::parse(&bytes(list)).unwrap_err();
    assert_eq!(error.fault, ParseFault::Truncated { what: "a value", needed: 4, left: 2 });
    assert_eq!(error.property.as_deref(), Some("a"));
    let dirty = PropertyList::parse(&bytes(&format!("{list} FF EE 00 00 00 00"))).unwrap();
    assert_eq!(dirty, PropertyList::new().with("a", 1u16));
}
