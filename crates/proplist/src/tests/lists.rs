//! Lists in memory: nesting, look-ups, multi-strings and value lists.

use mainstay_types::property::Format;

use super::bytes;
use crate::*;

/// A property with this many values without data, byte by byte, since writing refuses too many.
fn with_values(count: usize) -> Vec<u8> {
    let mut list = bytes("01 00 00 00  03 00 04 00  04 00 00 00  76 00 00 00");
    list.extend(bytes("03 00 01 00  00 00 00 00").repeat(count));
    list.extend([0; 8]);
    list
}

#[test]
fn values_and_texts_are_counted() {
    let values =
        |count| PropertyList::from_iter([Property::new("v", vec![Value::NoData(Format::Sz); count])]);
    assert_eq!(PropertyList::parse(&with_values(ITEMS_MAX)).unwrap(), values(ITEMS_MAX));
    assert_eq!(values(ITEMS_MAX).to_bytes().unwrap(), with_values(ITEMS_MAX));
    let more = with_values(ITEMS_MAX + 1);
    assert_eq!(PropertyList::parse(&more).unwrap_err().fault, ParseFault::TooManyItems);
    assert_eq!(values(ITEMS_MAX + 1).to_bytes(), Err(BuildError::TooManyItems));

    // The value list is what follows the name.
    assert_eq!(ValueList::parse(&more[16..]).unwrap_err().fault, ParseFault::TooManyItems);
    let more = ValueList::from(vec![Value::NoData(Format::Sz); ITEMS_MAX + 1]);
    assert_eq!(more.to_bytes(), Err(BuildError::TooManyItems));

    // Those of a list inside count too, and so do texts.
    let half = ITEMS_MAX / 2;
    let inside =
        |count| PropertyList::new().with("in", values(half - 2)).with("texts", vec!["t".to_owned(); count]);
    let most = inside(half).to_bytes().unwrap();
    assert_eq!(PropertyList::parse(&most).unwrap(), inside(half));
    assert_eq!(inside(half + 1).to_bytes(), Err(BuildError::TooManyItems));
    // One text more, made by putting a NUL in the place of a character.
    let mut texts = vec!["t".to_owned(); half - 1];
    texts.push("t€t".to_owned());
    let mut more = PropertyList::new().with("in", values(half - 2)).with("texts", texts).to_bytes().unwrap();
    let euro = more.windows(2).rposition(|unit| unit == [0xAC, 0x20]).unwrap();
    more[euro..euro + 2].fill(0);
    assert_eq!(PropertyList::parse(&more).unwrap_err().fault, ParseFault::TooManyItems);

    let mut units: Vec<u8> = [0x74, 0, 0, 0].repeat(ITEMS_MAX + 1);
    units.extend([0, 0]);
    assert_eq!(multi_string::parse(&units), Err(TextFault::TooManyTexts));
    assert_eq!(multi_string::parse(&units[4..]).map(|texts| texts.len()), Ok(ITEMS_MAX));
    assert_eq!(multi_string::build(&vec!["t"; ITEMS_MAX + 1]), Err(TextFault::TooManyTexts));
}

/// A list inside a list, `depth` lists in all.
fn nested(depth: usize) -> PropertyList {
    (1..depth).fold(PropertyList::new().with("x", 1u32), |list, _| PropertyList::new().with("in", list))
}

#[test]
fn lists_inside_each_other_are_bounded() {
    let deepest = nested(NESTING_DEPTH_MAX);
    let bytes = deepest.to_bytes().unwrap();
    assert_eq!(PropertyList::parse(&bytes).unwrap(), deepest);
    assert_eq!(nested(NESTING_DEPTH_MAX + 1).to_bytes(), Err(BuildError::TooDeep("in".into())));
    // One list more around it, written by hand, for ours refuses to.
    let mut deeper = PropertyList::new().with("in", bytes).to_bytes().unwrap();
    assert_eq!(deeper[12..16], [0x69, 0, 0x6E, 0]);
    deeper[20..24].copy_from_slice(&syntax::list_value(Format::PropertyList).to_le_bytes());
    assert_eq!(PropertyList::parse(&deeper).unwrap_err().fault, ParseFault::TooDeep);
}

#[test]
fn what_a_list_cannot_hold_is_not_written() {
    let of = |value: Value| PropertyList::new().with("p", value);
    let text = |fault| BuildError::Text { property: "p".into(), fault };
    let syntax = |syntax| BuildError::Syntax { property: "p".into(), syntax };
    for (list, error) in [
        (of("a\0b".into()), text(TextFault::HoldsNul)),
        (of(vec!["a".to_owned(), String::new()].into()), text(TextFault::EmptyItem)),
        (of(vec!["a\0".to_owned()].into()), text(TextFault::HoldsNul)),
        (of(Value::Unknown { syntax: syntax::NAME, bytes: vec![] }), syntax(syntax::NAME)),
        (of(Value::Unknown { syntax: syntax::ENDMARK, bytes: vec![] }), syntax(syntax::ENDMARK)),
        ([Property::new("p", vec![])].into_iter().collect(), BuildError::NoValue("p".into())),
        (
            PropertyList::new().with("p\0", 1u32),
            BuildError::Text { property: "p\0".into(), fault: TextFault::HoldsNul },
        ),
    ] {
        assert_eq!(list.to_bytes(), Err(error), "{list:?}");
    }
}

#[test]
fn look_ups_ignore_case_and_take_the_last() {
    let list: PropertyList = [
        Property::new("Größe", vec![Value::Dword(1)]),
        Property::new("Name", vec![Value::Sz("x".into()), Value::Dword(5)]),
        Property::new("GRÖßE", vec![Value::Dword(2)]),
    ]
    .into_iter()
    .collect();
    assert_eq!(list.dword("größe"), Some(2));
    assert_eq!(list.text("NAME"), Some("x"));
    assert_eq!(list.dword("NAME"), None, "the first value is the one");
    assert_eq!(list.values("name").len(), 2);
    assert_eq!(list.get("Nam"), None);
    assert_eq!(list.effective().map(Property::name).collect::<Vec<_>>(), ["Name", "GRÖßE"]);

    let mut changed = list.clone();
    changed.set("grÖßE", 3u32).set("new", true);
    assert_eq!(changed.iter().map(Property::name).collect::<Vec<_>>(), ["Größe", "Name", "grÖßE", "new"]);
    assert_eq!((changed.dword("Größe"), changed.dword("New")), (Some(3), Some(1)));
    assert!(changed.remove("GRÖßE") && !changed.remove("größe"));
    assert_eq!(changed.len(), 2);
}

#[test]
fn typed_look_ups_take_their_format_only() {
    let list = PropertyList::new()
        .with("dword", 1u32)
        .with("ularge", 2u64)
        .with("long", Value::Long(-3))
        .with("large", Value::Large(-4))
        .with("word", 5u16)
        .with("text", "six")
        .with("texts", vec!["seven".to_owned()])
        .with("bytes", vec![8u8])
        .with("list", PropertyList::new())
        .with("none", Value::NoData(Format::MultiSz));
    for property in &list {
        let name = property.name();
        let hits = [
            ("dword", list.dword(name) == Some(1)),
            ("ularge", list.ularge(name) == Some(2)),
            ("long", list.long(name) == Some(-3)),
            ("large", list.large(name) == Some(-4)),
            ("word", list.word(name) == Some(5)),
            ("text", list.text(name) == Some("six")),
            ("texts", list.texts(name).is_some_and(|texts| texts == ["seven"])),
            ("bytes", list.bytes(name) == Some(&[8])),
            ("list", list.list(name).is_some_and(PropertyList::is_empty)),
            ("none", list.texts(name).is_some_and(<[String]>::is_empty)),
        ];
        let hits: Vec<_> = hits.iter().filter(|(_, hit)| *hit).map(|(getter, _)| *getter).collect();
        assert_eq!(hits, [name]);
    }
}

#[test]
fn multi_strings() {
    for (bytes_text, texts) in [
        ("", Ok(vec![])),
        ("00 00", Ok(vec![])),
        ("00 00 00 00", Ok(vec![])),
        ("61 00 00 00 00 00", Ok(vec!["a"])),
        ("61 00 00 00 62 00 63 00 00 00 00 00", Ok(vec!["a", "bc"])),
        ("61 00 00 00 00 00 00 00", Ok(vec!["a"])),
        ("61 00 00 00", Err(TextFault::NotTerminated)),
        ("61 00", Err(TextFault::NotTerminated)),
        ("61 00 00 00 00 00 62 00", Err(TextFault::AfterEnd)),
        ("00 00 62 00", Err(TextFault::AfterEnd)),
        ("61 00 00", Err(TextFault::OddLength { length: 3 })),
        ("00 D8 00 00 00 00", Err(TextFault::UnpairedSurrogate)),
    ] {
        let texts = texts.map(|texts| texts.into_iter().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(multi_string::parse(&bytes(bytes_text)), texts, "{bytes_text:?}");
    }
    assert_eq!(multi_string::build::<&str>(&[]), Ok(vec![0, 0]));
    assert_eq!(multi_string::build(&["a", "€"]).unwrap(), bytes("61 00 00 00 AC 20 00 00 00 00"));
    assert_eq!(multi_string::build(&["a", ""]), Err(TextFault::EmptyItem));
}

#[test]
fn required_dependencies() {
    let dependencies = [
        RequiredDependency::Class(1),
        RequiredDependency::Type("IP Address".into()),
        RequiredDependency::Class(2),
    ];
    let list = ValueList::of_required_dependencies(&dependencies).unwrap();
    let expected = bytes(
        "02 00 02 00  04 00 00 00  01 00 00 00
         03 00 04 00  16 00 00 00  'IP_Address' 00 00  00 00
         02 00 02 00  04 00 00 00  02 00 00 00
         00 00 00 00",
    );
    assert_eq!(list.to_bytes().unwrap(), expected);
    assert_eq!(ValueList::parse(&expected).unwrap().required_dependencies().unwrap(), dependencies);
    assert!(ValueList::parse(&expected[..expected.len() - 4]).is_err(), "the end mark is needed");
    assert!(ValueList::parse(&[0; 4]).unwrap().is_empty());

    let mixed = ValueList::from(vec![Value::Dword(3), Value::Sz("x".into())]);
    assert_eq!(ValueList::parse(&mixed.to_bytes().unwrap()).unwrap(), mixed);
    assert_eq!(mixed.required_dependencies(), Ok(vec![]));
    let short = ValueList::from(vec![Value::Unknown { syntax: syntax::RESOURCE_CLASS, bytes: vec![1] }]);
    assert!(short.required_dependencies().is_err());
    let end = ValueList::from(vec![Value::Unknown { syntax: syntax::ENDMARK, bytes: vec![1] }]);
    assert!(end.to_bytes().is_err());
}
