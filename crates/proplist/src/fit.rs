//! Whether a property from outside fits what is known of it.

use mainstay_types::property::{DefaultValue, DwordRange, Format, Spec, Supported};

use crate::list::Property;
use crate::value::Value;

/// Why a property cannot be set: the caller's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// Only the service sets it (ERROR_INVALID_PARAMETER).
    #[error("property '{0}' is read-only")]
    ReadOnly(&'static str),
    /// Not the property's format (ERROR_CLUSTER_PROPERTY_DATA_TYPE_MISMATCH).
    #[error("property '{name}' has format {} and cannot take {value}", .expected.word())]
    Format {
        /// The property.
        name: &'static str,
        /// The format that it takes.
        expected: Format,
        /// The value as it came, in readable form.
        value: String,
    },
    /// A number outside of the property's range (ERROR_CLUSTER_PARAMETER_OUT_OF_BOUNDS).
    #[error("property '{name}' takes {} and not {number}", of_range(.range))]
    OutOfRange {
        /// The property.
        name: &'static str,
        /// The number as it came.
        number: u32,
        /// What the property takes.
        range: DwordRange,
    },
    /// A value that the API knows and that would not be true here (ERROR_NOT_SUPPORTED).
    #[error("property '{name}' cannot be {value}; {supported}")]
    NotSupported {
        /// The property.
        name: &'static str,
        /// The value as it came, in readable form.
        value: String,
        /// What is taken, and why nothing else.
        supported: Supported,
    },
    /// A common property has one value (ERROR_INVALID_PARAMETER).
    #[error("property '{name}' takes one value and not {count}")]
    SeveralValues {
        /// The property.
        name: &'static str,
        /// How many values came.
        count: usize,
    },
}

/// How many characters of a value that does not fit a message shows.
const SHOWN_VALUE_LENGTH: usize = 80;

fn of_range(range: &DwordRange) -> String {
    let also = range.also.map(|number| format!(" or {number}")).unwrap_or_default();
    format!("{} to {}{also}", range.min, range.max)
}

/// The value to store for a property that a caller sets; `None` for one that came without data and asks for the
/// default.
///
/// A LONG is taken as the DWORD of the same bits, since the documentation gives some properties both formats, and
/// a security descriptor as the bytes that it is.
pub fn fit(spec: &'static Spec, property: &Property) -> Result<Option<Value>, Misfit> {
    if !spec.is_writable() {
        return Err(Misfit::ReadOnly(spec.name));
    }
    let [value] = property.values() else {
        return Err(Misfit::SeveralValues { name: spec.name, count: property.values().len() });
    };
    if value.has_no_data() {
        return Ok(None);
    }
    let value = match (spec.format, value) {
        (Format::Dword, Value::Long(number)) => Value::Dword(number.cast_unsigned()),
        (Format::Binary, Value::SecurityDescriptor(bytes)) => Value::Binary(bytes.clone()),
        (format, value) if value.format() == format => value.clone(),
        (expected, value) => {
            let value = value.show(SHOWN_VALUE_LENGTH);
            return Err(Misfit::Format { name: spec.name, expected, value });
        }
    };
    match value.as_dword() {
        Some(number) if !spec.range.contains(number) => {
            return Err(Misfit::OutOfRange { name: spec.name, number, range: spec.range });
        }
        _ => {}
    }
    match spec.supported {
        Some(supported) if !value.as_dword().is_some_and(|number| supported.numbers.contains(&number)) => {
            let value = value.show(SHOWN_VALUE_LENGTH);
            Err(Misfit::NotSupported { name: spec.name, value, supported })
        }
        _ => Ok(Some(value)),
    }
}

/// The value that a property has as long as nobody set it; `None` where the service always states one.
pub fn default_of(spec: &Spec) -> Option<Value> {
    Some(match spec.default {
        DefaultValue::Nothing => return None,
        DefaultValue::Dword(number) => Value::Dword(number),
        DefaultValue::ULarge(number) => Value::ULarge(number),
        DefaultValue::FileTime(units) => Value::FileTime(units),
        DefaultValue::Sz(text) => Value::Sz(text.to_owned()),
        DefaultValue::MultiSz(texts) => Value::MultiSz(texts.iter().map(|text| (*text).to_owned()).collect()),
        DefaultValue::Binary(bytes) => Value::Binary(bytes.to_vec()),
    })
}

#[cfg(test)]
mod tests {
    use mainstay_types::property::{CLUSTER, GROUP, RESOURCE, Table};

    use super::*;

    #[track_caller]
    fn check(table: Table, name: &str, values: Vec<Value>, expected: Result<Option<Value>, &str>) {
        let spec = table.find(name).unwrap();
        let fitted = fit(spec, &Property::new(name, values)).map_err(|misfit| misfit.to_string());
        assert_eq!(fitted, expected.map_err(str::to_owned));
    }

    #[test]
    fn values_fit_or_say_why_not() {
        check(RESOURCE, "restartaction", vec![1u32.into()], Ok(Some(Value::Dword(1))));
        check(RESOURCE, "Description", vec!["x".into()], Ok(Some(Value::Sz("x".into()))));
        check(RESOURCE, "Description", vec![Value::NoData(Format::Sz)], Ok(None));
        check(GROUP, "FailbackWindowStart", vec![Value::Long(-1)], Ok(Some(Value::Dword(u32::MAX))));
        check(
            CLUSTER,
            "Security Descriptor",
            vec![Value::SecurityDescriptor(vec![1])],
            Ok(Some(Value::Binary(vec![1]))),
        );
        check(CLUSTER, "Security Descriptor", vec![Value::Binary(vec![])], Ok(None));
        check(RESOURCE, "Name", vec!["x".into()], Err("property 'Name' is read-only"));
        check(
            RESOURCE,
            "restartaction",
            vec![3u32.into()],
            Err("property 'RestartAction' takes 0 to 2 and not 3"),
        );
        check(
            GROUP,
            "FailbackWindowEnd",
            vec![24u32.into()],
            Err("property 'FailbackWindowEnd' takes 0 to 23 or 4294967295 and not 24"),
        );
        check(
            RESOURCE,
            "RestartAction",
            vec!["x".into()],
            Err("property 'RestartAction' has format dword and cannot take \"x\" (sz)"),
        );
        check(
            RESOURCE,
            "RestartAction",
            vec![1u32.into(), 2u32.into()],
            Err("property 'RestartAction' takes one value and not 2"),
        );
    }

    #[test]
    fn defaults_have_the_format_of_their_property() {
        for spec in CLUSTER.iter().chain(GROUP.iter()).chain(RESOURCE.iter()) {
            let Some(value) = default_of(spec) else { continue };
            assert_eq!(value.format(), spec.format, "{}", spec.name);
            if spec.is_writable() && !value.has_no_data() {
                let fitted = fit(spec, &Property::new(spec.name, vec![value.clone()]));
                assert_eq!(fitted, Ok(Some(value)), "{}", spec.name);
            }
        }
    }
}
