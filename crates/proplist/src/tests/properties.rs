//! What holds for every list and for any bytes.

use mainstay_types::property::Format;
use proptest::prelude::*;

use crate::*;

fn text() -> impl Strategy<Value = String> {
    "[^\u{0}]{0,8}"
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<Vec<u8>>().prop_map(Value::Binary),
        any::<u32>().prop_map(Value::Dword),
        text().prop_map(Value::Sz),
        text().prop_map(Value::ExpandSz),
        prop::collection::vec("[^\u{0}]{1,8}", 0..4).prop_map(Value::MultiSz),
        any::<u64>().prop_map(Value::ULarge),
        any::<i32>().prop_map(Value::Long),
        text().prop_map(Value::ExpandedSz),
        any::<Vec<u8>>().prop_map(Value::SecurityDescriptor),
        any::<i64>().prop_map(Value::Large),
        any::<u16>().prop_map(Value::Word),
        any::<u64>().prop_map(Value::FileTime),
        prop::sample::select(vec![Format::Dword, Format::MultiSz, Format::PropertyList])
            .prop_map(Value::NoData),
        (0x0005_0000u32..=u32::MAX, any::<Vec<u8>>())
            .prop_map(|(syntax, bytes)| Value::Unknown { syntax, bytes }),
    ];
    leaf.prop_recursive(2, 16, 4, |inner| list_of(inner).prop_map(Value::PropertyList))
}

fn list_of(value: impl Strategy<Value = Value>) -> impl Strategy<Value = PropertyList> {
    let property =
        (text(), prop::collection::vec(value, 1..4)).prop_map(|(name, values)| Property::new(name, values));
    prop::collection::vec(property, 0..4).prop_map(PropertyList::from_iter)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn lists_are_read_back_as_they_were(list in list_of(value())) {
        let bytes = list.to_bytes().unwrap();
        prop_assert_eq!(bytes.len() % 4, 0);
        prop_assert_eq!(PropertyList::parse(&bytes).unwrap(), list);
    }

    #[test]
    fn values_are_read_back_from_their_text(value in value()) {
        match assignment::show_value(&value) {
            Some(text) => {
                let read = assignment::parse_value(&text).unwrap();
                let is_same = read == value || matches!((&read, &value), (Value::NoData(_), Value::NoData(_)));
                prop_assert!(is_same, "{text:?} read as {read:?}");
            }
            None => {
                let has_no_form =
                    matches!(value, Value::ExpandedSz(_) | Value::PropertyList(_) | Value::Unknown { .. });
                prop_assert!(has_no_form, "{value:?} has a form");
            }
        }
    }

    #[test]
    fn any_text_is_an_assignment_or_an_error(text in "\\PC{0,3}=?(multi|dword|binary|long|sz|unset)?:?\\PC{0,8}") {
        if let Ok((name, value)) = assignment::parse(&text) {
            prop_assert!(!name.is_empty());
            prop_assert!(PropertyList::new().with(name, value).to_bytes().is_ok());
        }
    }

    #[test]
    fn any_bytes_hold_the_rules(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        oracle::any_bytes(&bytes);
    }

    #[test]
    fn mutated_lists_hold_the_rules(
        list in list_of(value()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
    ) {
        let mut bytes = list.to_bytes().unwrap();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if is_cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        oracle::any_bytes(&bytes);
    }

    #[test]
    fn lines_keep_their_bound(list in list_of(value()), length in 0usize..80) {
        let line = list.show(length);
        prop_assert!(line.chars().count() <= length);
        prop_assert!(!line.chars().any(char::is_control));
    }
}
