//! Property lists as a configuration has them: a few formats, those that the cluster registry tells apart.

use std::collections::BTreeMap;

use mainstay_proplist::{PropertyList, Value};
use mainstay_types::configuration::{Setting, TypedSetting};
use mainstay_types::property::Format;

use crate::failure::Failure;

/// Properties as a configuration has them. What has no value is not set.
pub(crate) fn settings(list: &PropertyList) -> Result<BTreeMap<String, Setting>, Failure> {
    let given = list.effective().filter_map(|property| Some((property.name(), property.value()?)));
    let set = given.filter(|(_, value)| !value.has_no_data());
    set.map(|(name, value)| {
        let cannot =
            || Failure::usage(format!("property '{name}': a {} cannot be stored", value.format().word()));
        Ok((name.to_owned(), setting(value).ok_or_else(cannot)?))
    })
    .collect()
}

/// The value as the cluster registry would keep it: it knows DWORDs, QWORDs, bytes and texts.
fn setting(value: &Value) -> Option<Setting> {
    let quad = |digits: u64| Setting::Typed(TypedSetting::Qword(digits.to_string()));
    Some(match value {
        Value::Dword(number) => Setting::Number(*number),
        Value::Long(number) => Setting::Number(number.cast_unsigned()),
        Value::Word(number) => Setting::Number((*number).into()),
        Value::ULarge(number) | Value::FileTime(number) => quad(*number),
        Value::Large(number) => quad(number.cast_unsigned()),
        Value::Sz(text) => Setting::Text(text.clone()),
        Value::ExpandSz(text) => Setting::Typed(TypedSetting::Expand(text.clone())),
        Value::MultiSz(texts) => Setting::List(texts.clone()),
        Value::Binary(bytes) | Value::SecurityDescriptor(bytes) => {
            let digits = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            Setting::Typed(TypedSetting::Binary(digits))
        }
        Value::ExpandedSz(_) | Value::PropertyList(_) | Value::NoData(_) | Value::Unknown { .. } => {
            return None;
        }
    })
}

/// A value of a configuration as a property list has it; in this format where there is one that it can be in.
pub(crate) fn value(setting: &Setting, format: Option<Format>) -> Option<Value> {
    Some(match (setting, format) {
        (Setting::Number(number), Some(Format::Long)) => Value::Long(number.cast_signed()),
        (Setting::Number(number), Some(Format::Word)) if u16::try_from(*number).is_ok() => {
            Value::Word(u16::try_from(*number).unwrap_or(u16::MAX))
        }
        (Setting::Number(number), Some(Format::ULargeInteger)) => Value::ULarge((*number).into()),
        (Setting::Number(number), Some(Format::LargeInteger)) => Value::Large((*number).into()),
        (Setting::Number(number), Some(Format::FileTime)) => Value::FileTime((*number).into()),
        (Setting::Number(number), _) => Value::Dword(*number),
        (Setting::Text(text), Some(Format::ExpandSz)) => Value::ExpandSz(text.clone()),
        (Setting::Text(text), _) => Value::Sz(text.clone()),
        (Setting::List(texts), _) => Value::MultiSz(texts.clone()),
        (Setting::Typed(TypedSetting::Expand(text)), _) => Value::ExpandSz(text.clone()),
        (Setting::Typed(TypedSetting::Qword(digits)), format) => {
            let number: u64 = digits.parse().ok()?;
            match format {
                Some(Format::LargeInteger) => Value::Large(number.cast_signed()),
                Some(Format::FileTime) => Value::FileTime(number),
                _ => Value::ULarge(number),
            }
        }
        (Setting::Typed(TypedSetting::Binary(digits)), format) => {
            let pairs = digits.as_bytes().chunks(2);
            let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
            let bytes: Vec<u8> = pairs.map(byte).collect::<Option<_>>()?;
            match format {
                Some(Format::SecurityDescriptor) => Value::SecurityDescriptor(bytes),
                _ => Value::Binary(bytes),
            }
        }
        (Setting::Typed(TypedSetting::Cut(_)), _) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_shown_in_the_format_that_its_type_knows() {
        for given in [
            Value::Dword(7),
            Value::Long(-1),
            Value::Word(7),
            Value::Sz("x".into()),
            Value::ExpandSz("%x%".into()),
            Value::MultiSz(vec!["a".into()]),
            Value::ULarge(u64::MAX),
            Value::Large(-1),
            Value::FileTime(3),
            Value::Binary(vec![0, 255]),
            Value::SecurityDescriptor(vec![1]),
        ] {
            let stored = setting(&given).unwrap();
            assert_eq!(value(&stored, Some(given.format())), Some(given.clone()), "{given:?}");
        }
        assert_eq!(value(&Setting::Number(70_000), Some(Format::Word)), Some(Value::Dword(70_000)));
        assert_eq!(value(&Setting::Typed(TypedSetting::Qword("x".into())), None), None);
        assert_eq!(value(&Setting::Typed(TypedSetting::Binary("0g".into())), None), None);
    }

    #[test]
    fn every_format_that_can_be_stored_is_told() {
        let typed = |typed: TypedSetting| Some(Setting::Typed(typed));
        for (value, expected) in [
            (Value::Dword(7), Some(Setting::Number(7))),
            (Value::Long(-1), Some(Setting::Number(u32::MAX))),
            (Value::Word(7), Some(Setting::Number(7))),
            (Value::Sz("x".into()), Some(Setting::Text("x".into()))),
            (Value::ExpandSz("%x%".into()), typed(TypedSetting::Expand("%x%".into()))),
            (Value::MultiSz(vec!["a".into()]), Some(Setting::List(vec!["a".into()]))),
            (Value::ULarge(u64::MAX), typed(TypedSetting::Qword(u64::MAX.to_string()))),
            (Value::Large(-1), typed(TypedSetting::Qword(u64::MAX.to_string()))),
            (Value::Binary(vec![0, 255]), typed(TypedSetting::Binary("00ff".into()))),
            (Value::NoData(Format::Sz), None),
        ] {
            let list = PropertyList::new().with("P", value.clone());
            assert_eq!(settings(&list).unwrap().remove("P"), expected, "{value:?}");
        }
    }
}
