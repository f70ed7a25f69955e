//! Properties.

use std::collections::BTreeMap;

use mainstay_proplist::{PropertyList, Value};
use serde::Serialize;
use serde_json::{Value as Json, json};

/// Properties of an object by section. Names are as the service shows them.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PropertiesDocument {
    /// Common properties.
    pub common: BTreeMap<String, PropertyDocument>,
    /// Common properties that only the service sets.
    pub common_read_only: BTreeMap<String, PropertyDocument>,
    /// Private properties.
    pub private: BTreeMap<String, PropertyDocument>,
    /// Private properties that only the resource type sets.
    pub private_read_only: BTreeMap<String, PropertyDocument>,
}

/// A property.
#[derive(Clone, Debug, Serialize)]
pub struct PropertyDocument {
    /// `dword`, `sz`, `multi`, `binary`, ...
    pub format: &'static str,
    /// A number, a string, a list of strings; bytes in hexadecimal; `null` without data.
    pub value: Json,
}

/// The properties of a list, by name.
pub fn properties(list: &PropertyList) -> BTreeMap<String, PropertyDocument> {
    let document =
        |value: &Value| PropertyDocument { format: value.format().word(), value: value_json(value) };
    list.effective()
        .filter_map(|property| Some((property.name().to_owned(), document(property.value()?))))
        .collect()
}

fn value_json(value: &Value) -> Json {
    match value {
        Value::Dword(number) => json!(number),
        Value::ULarge(number) | Value::FileTime(number) => json!(number),
        Value::Long(number) => json!(number),
        Value::Large(number) => json!(number),
        Value::Word(number) => json!(number),
        Value::Sz(text) | Value::ExpandSz(text) | Value::ExpandedSz(text) => json!(text),
        Value::MultiSz(texts) => json!(texts),
        Value::Binary(bytes) | Value::SecurityDescriptor(bytes) | Value::Unknown { bytes, .. } => {
            json!(hexadecimal(bytes))
        }
        Value::PropertyList(list) => json!(properties(list)),
        Value::NoData(_) => Json::Null,
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
