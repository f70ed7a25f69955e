//! The forms for people: one line of a list, and assignments.

use mainstay_types::property::Format;

use crate::*;

#[test]
fn lists_for_people() {
    for (list, line) in [
        (PropertyList::new(), ""),
        (PropertyList::new().with("Virtual Machine", 1u32), "Virtual Machine=1 (dword)"),
        (
            PropertyList::new().with("a", "x\n\"y").with("b", vec!["p".to_owned(), "q r".to_owned()]),
            "a=\"x\\n\\\"y\" (sz), b=[\"p\", \"q r\"] (multi)",
        ),
        (
            PropertyList::new()
                .with("e\u{1b}[2J", vec![0xABu8, 1])
                .with("in", PropertyList::new().with("x", Value::Long(-1))),
            "e\\u{1b}[2J=ab01 (binary), in={x=-1 (long)} (list)",
        ),
        (
            [
                Property::new("e", vec![Value::ExpandSz("%v%".into()), Value::ExpandedSz("1".into())]),
                Property::new("u", vec![Value::Unknown { syntax: 0x0005_0002, bytes: vec![] }]),
                Property::new("r", vec![Value::NoData(Format::Sz)]),
                Property::new("l", vec![Value::Binary(vec![0; 33])]),
            ]
            .into_iter()
            .collect(),
            "e=\"%v%\" (expand) + \"1\" (expanded), u=no bytes (syntax 0x00050002), r=no data (sz), \
             l=0000000000000000000000000000000000000000000000000000000000000000… 33 bytes (binary)",
        ),
    ] {
        assert_eq!(list.show(1_000), line);
        assert_eq!(list.to_string(), line);
    }
}

#[test]
fn a_line_keeps_its_bound() {
    let list = PropertyList::new().with("Virtual Machine", 1u32);
    for (length, line) in
        [(0, ""), (1, "…"), (5, "Virt…"), (24, "Virtual Machine=1 (dwor…"), (25, "Virtual Machine=1 (dword)")]
    {
        assert_eq!(list.show(length), line);
    }
}

#[test]
fn assignments() {
    let long = || Value::MultiSz(vec!["a,b".into(), "c\\d".into(), "e\\f".into()]);
    for (text, name, value) in [
        ("Virtual Machine=1", "Virtual Machine", Value::Dword(1)),
        ("a=0x1F", "a", Value::Dword(31)),
        ("a=4294967295", "a", Value::Dword(u32::MAX)),
        ("a=+7", "a", Value::Dword(7)),
        ("a=dword:0xffffffff", "a", Value::Dword(u32::MAX)),
        ("a=save", "a", Value::Sz("save".into())),
        ("a=", "a", Value::Sz(String::new())),
        ("a=b=c", "a", Value::Sz("b=c".into())),
        ("a=sz:1", "a", Value::Sz("1".into())),
        ("a=sz:sz:1", "a", Value::Sz("sz:1".into())),
        ("a=http://x:80", "a", Value::Sz("http://x:80".into())),
        ("a=Sz:1", "a", Value::Sz("Sz:1".into())),
        ("a=-", "a", Value::Sz("-".into())),
        ("a=0x", "a", Value::Sz("0x".into())),
        ("a=1.5", "a", Value::Sz("1.5".into())),
        ("a= 1", "a", Value::Sz(" 1".into())),
        ("a=expand:%HOME%", "a", Value::ExpandSz("%HOME%".into())),
        ("a=multi:", "a", Value::MultiSz(vec![])),
        ("a=multi:x", "a", Value::MultiSz(vec!["x".into()])),
        ("a=multi:x, y", "a", Value::MultiSz(vec!["x".into(), " y".into()])),
        ("a=multi:a\\,b,c\\\\d,e\\f", "a", long()),
        ("a=multi:a\\", "a", Value::MultiSz(vec!["a\\".into()])),
        ("a=binary:", "a", Value::Binary(vec![])),
        ("a=binary:00fFA5", "a", Value::Binary(vec![0, 255, 0xA5])),
        ("a=sd:0100", "a", Value::SecurityDescriptor(vec![1, 0])),
        ("a=ularge:18446744073709551615", "a", Value::ULarge(u64::MAX)),
        ("a=filetime:0xFFFFFFFFFFFFFFFF", "a", Value::FileTime(u64::MAX)),
        ("a=long:-2147483648", "a", Value::Long(i32::MIN)),
        ("a=long:-0x1", "a", Value::Long(-1)),
        ("a=large:-9223372036854775808", "a", Value::Large(i64::MIN)),
        ("a=word:65535", "a", Value::Word(u16::MAX)),
        ("a=unset:", "a", Value::NoData(Format::Sz)),
        ("a=dword:-1", "a", Value::Dword(u32::MAX)),
    ] {
        assert_eq!(assignment::parse(text), Ok((name.to_owned(), value)), "{text}");
    }
}

#[test]
fn assignments_that_are_none() {
    for (text, message) in [
        ("save", "'save' is no property: write NAME=VALUE"),
        ("=1", "'=1' is no property: write NAME=VALUE"),
        (
            "a=-1",
            "property 'a': -1 does not fit dword: it holds 0 to 4294967295 \
             (choose another: ularge:, long: or large: for a number, sz: for a string)",
        ),
        ("a=dword:4294967296", "property 'a': 4294967296 does not fit dword: it holds 0 to 4294967295"),
        ("a=word:65536", "property 'a': 65536 does not fit word: it holds 0 to 65535"),
        ("a=ularge:-1", "property 'a': -1 does not fit ularge: it holds 0 to 18446744073709551615"),
        ("a=dword:x", "property 'a': 'x' is no whole number, decimal or with 0x"),
        (
            "a=dword:",
            "property 'a': no number is given; unset: takes the default, or removes a private property",
        ),
        ("a=dword:-2", "property 'a': -2 does not fit dword: it holds 0 to 4294967295"),
        ("a=dword:--1", "property 'a': '--1' is no whole number, decimal or with 0x"),
        ("a=binary:0", "property 'a': '0' are no bytes: write two hexadecimal digits for each"),
        ("a=binary:zz", "property 'a': 'zz' are no bytes: write two hexadecimal digits for each"),
        ("a=binary:é0", "property 'a': 'é0' are no bytes: write two hexadecimal digits for each"),
        (
            "a=multi:x,,y",
            "property 'a': a list of strings cannot hold an empty one (multi: alone is the empty list, \\, a comma)",
        ),
        ("a=x\0y", "property 'a': a string cannot hold a NUL"),
        ("a\0=x", "a property's name cannot hold a NUL"),
        ("a=unset:1", "property 'a': nothing may follow unset: (write sz:unset:... for a string)"),
    ] {
        assert_eq!(assignment::parse(text).unwrap_err().to_string(), message, "{text:?}");
    }
    let huge = format!("a={}", "9".repeat(60));
    assert!(matches!(
        assignment::parse(&huge),
        Err(assignment::AssignmentError::Value {
            fault: assignment::ValueFault::OutOfRange { bare: true, .. },
            ..
        })
    ));
    for format in [Format::PropertyList, Format::ExpandedSz, Format::Unknown, Format::User, Format::ValueList]
    {
        assert_eq!(assignment::parse_value_as(format, "1"), Err(assignment::ValueFault::NotTypeable(format)),);
    }
}
