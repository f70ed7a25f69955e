//! The private properties of a resource, by the table that its type has of them.
//!
//! This module owns how values are read from the registry and from property lists, and the answers to the control codes
//! about them. What a value means, and whether it can be, is the type's.

use std::collections::BTreeMap;
use std::fmt::Display;

use mainstay_proplist::{PropertyList, Value, multi_string, utf16};
use mainstay_types::control::{RESOURCE_TYPE_DESCRIBE, function};
use mainstay_types::description::{PropertyDescription, PropertyFormat, TypeDescription};
use mainstay_types::order::{Cause, RegistryCopy, RegistryValue};
use mainstay_types::{ControlCode, Name, Status};

use crate::resource_type::{ControlAnswer, ControlCall};

/// The key of a resource's private properties below its own.
const PARAMETERS: &str = "Parameters";

/// What is set of a type's private properties, in formats that they take.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Values(BTreeMap<String, Given>);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Given {
    Text(String),
    Texts(Vec<String>),
    Number(u32),
}

impl Values {
    /// Those of a resource's registry key. What the table does not name is nobody's and left out.
    pub fn read(registry: &RegistryCopy, table: &TypeDescription) -> Result<Self, Cause> {
        let mut values = Values::default();
        for value in registry.key(PARAMETERS).into_iter().flat_map(|key| &key.values) {
            if let Some(property) = table.property(&value.name) {
                values.insert(property, Given::from_registry(property, value)?)?;
            }
        }
        Ok(values)
    }

    /// These with what a list sets. A value without data asks for the default. An error names the property and what it
    /// may be; a name that the table does not know is one.
    pub fn with(
        mut self,
        list: &PropertyList,
        type_name: &Name,
        table: &TypeDescription,
    ) -> Result<Self, Cause> {
        for property in list.effective() {
            let known = table.property(property.name());
            let known = known.ok_or_else(|| unknown(property.name(), type_name, table))?;
            let given = match property.value() {
                None => continue,
                Some(value) if value.has_no_data() && known.is_required => return Err(missing(known)),
                Some(value) if value.has_no_data() => {
                    self.0.remove(&known.name);
                    continue;
                }
                Some(Value::Sz(text) | Value::ExpandSz(text)) if text.is_empty() && known.is_required => {
                    return Err(missing(known));
                }
                Some(Value::Sz(text) | Value::ExpandSz(text)) => Given::Text(text.clone()),
                Some(Value::Dword(number)) => Given::Number(*number),
                Some(Value::MultiSz(texts)) => Given::Texts(texts.clone()),
                Some(_) => return Err(mismatch(known)),
            };
            self.insert(known, given)?;
        }
        Ok(self)
    }

    /// Whether everything is there that a resource cannot go online without.
    pub fn require(&self, table: &TypeDescription) -> Result<(), Cause> {
        let is_set = |property: &&PropertyDescription| match self.0.get(&property.name) {
            Some(Given::Text(text)) => !text.is_empty(),
            given => given.is_some(),
        };
        let lacking =
            table.properties.iter().filter(|property| property.is_required).find(|one| !is_set(one));
        lacking.map_or(Ok(()), |property| Err(missing(property)))
    }

    /// A text; `None` where none is set, or an empty one.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name) {
            Some(Given::Text(text)) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// A list of texts; empty where none is set.
    pub fn texts(&self, name: &str) -> &[String] {
        if let Some(Given::Texts(texts)) = self.0.get(name) { texts } else { &[] }
    }

    /// A number.
    pub fn number(&self, name: &str) -> Option<u32> {
        if let Some(Given::Number(number)) = self.0.get(name) { Some(*number) } else { None }
    }

    fn insert(&mut self, property: &PropertyDescription, given: Given) -> Result<(), Cause> {
        if !property.takes(given.format()) {
            return Err(mismatch(property));
        }
        self.0.insert(property.name.clone(), given);
        Ok(())
    }
}

impl Given {
    fn from_registry(property: &PropertyDescription, value: &RegistryValue) -> Result<Self, Cause> {
        /// The REG_ types of the formats that there are.
        const SZ: u32 = 1;
        const EXPAND_SZ: u32 = 2;
        const DWORD: u32 = 4;
        const MULTI_SZ: u32 = 7;
        let unreadable = |error: &dyn Display| wrong(&property.name, format!("is unreadable: {error}"));
        match value.kind {
            SZ | EXPAND_SZ if value.data.is_empty() => Ok(Given::Text(String::new())),
            SZ | EXPAND_SZ => utf16::parse(&value.data).map(Given::Text).map_err(|error| unreadable(&error)),
            MULTI_SZ => {
                multi_string::parse(&value.data).map(Given::Texts).map_err(|error| unreadable(&error))
            }
            DWORD => {
                let bytes = value.data.as_slice().try_into();
                bytes
                    .map(|bytes| Given::Number(u32::from_le_bytes(bytes)))
                    .map_err(|error| unreadable(&error))
            }
            _ => Err(mismatch(property)),
        }
    }

    fn format(&self) -> PropertyFormat {
        match self {
            Given::Text(_) => PropertyFormat::Sz,
            Given::Texts(_) => PropertyFormat::Multi,
            Given::Number(_) => PropertyFormat::Dword,
        }
    }
}

/// Answers the control codes about private properties, of a resource and of its type: FMTS and ENUM with all properties
/// that there are, VALIDATE with a judgement, DESCRIBE with the whole table. SET refuses what is wrong and otherwise leaves
/// the storing to the service. `check` says whether the type can do with values, which need not be all that it requires,
/// and what is worth a word to whoever gives them; mostly nothing.
pub fn control(
    call: ControlCall<'_>,
    table: &TypeDescription,
    check: impl Fn(&Values) -> Result<String, Cause>,
) -> ControlAnswer {
    let validated = || {
        let list = PropertyList::parse(call.input)
            .map_err(|error| Cause::new(Status::INVALID_PARAMETER, error.to_string()))?;
        check(&Values::default().with(&list, call.type_name, table)?)
    };
    let answered = |output: Result<Vec<u8>, String>| match output {
        Ok(output) => ControlAnswer::output(output, call.output_length_max),
        Err(text) => ControlAnswer::refused(Cause::new(Status::NOT_ENOUGH_MEMORY, text)),
    };
    let is = |code: u32| call.code.function() == ControlCode(code).function();
    if is(function::GET_PRIVATE_PROPERTY_FMTS) || is(function::GET_PRIVATE_RESOURCE_PROPERTY_FMTS) {
        answered(formats(table).to_bytes().map_err(|error| error.to_string()))
    } else if is(function::ENUM_PRIVATE_PROPERTIES) {
        let names: Vec<&str> = table.properties.iter().map(|property| property.name.as_str()).collect();
        answered(multi_string::build(&names).map_err(|error| error.to_string()))
    } else if is(function::VALIDATE_PRIVATE_PROPERTIES) {
        validated().map_or_else(ControlAnswer::refused, ControlAnswer::agreed)
    } else if is(function::SET_PRIVATE_PROPERTIES) {
        validated()
            .map_or_else(ControlAnswer::refused, |text| ControlAnswer { text, ..ControlAnswer::unknown() })
    } else if is(RESOURCE_TYPE_DESCRIBE.0) {
        answered(serde_json::to_vec(table).map_err(|error| error.to_string()))
    } else {
        ControlAnswer::unknown()
    }
}

fn formats(table: &TypeDescription) -> PropertyList {
    table.properties.iter().fold(PropertyList::new(), |list, property| {
        list.with(property.name.as_str(), Value::Word(property.format.format().number()))
    })
}

/// A property is wrong in this way, which continues "property NAME".
pub fn wrong(name: &str, what: impl Display) -> Cause {
    Cause::new(Status::CLUSTER_RESOURCE_CONFIGURATION_ERROR, format!("property {name} {what}"))
}

fn missing(property: &PropertyDescription) -> Cause {
    wrong(&property.name, format!("is not set and has no default; it is: {}", property.text))
}

fn mismatch(property: &PropertyDescription) -> Cause {
    let text = format!("property {} must be {}", property.name, property.formats());
    Cause::new(Status::CLUSTER_PROPERTY_DATA_TYPE_MISMATCH, text)
}

fn unknown(name: &str, type_name: &Name, table: &TypeDescription) -> Cause {
    let way_out = match table.nearest(name) {
        Some(nearest) => format!("did you mean '{nearest}'?"),
        None if table.properties.is_empty() => "it has none".to_owned(),
        None => {
            let known: Vec<&str> = table.properties.iter().map(|property| property.name.as_str()).collect();
            format!("there are {}", known.join(", "))
        }
    };
    let text = format!("'{name}' is no private property of '{type_name}'; {way_out}");
    Cause::new(Status::INVALID_PARAMETER, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> TypeDescription {
        TypeDescription {
            properties: vec![
                PropertyDescription::required("CommandLine", PropertyFormat::Sz, "what to run"),
                PropertyDescription::new("StopTimeout", PropertyFormat::Dword, "30000", ""),
                PropertyDescription::new("StopSignal", PropertyFormat::Sz, "TERM", "")
                    .or(PropertyFormat::Dword),
                PropertyDescription::new("Environment", PropertyFormat::Multi, "", ""),
            ],
            ..TypeDescription::default()
        }
    }

    fn name() -> Name {
        Name::parse("Some Type").unwrap()
    }

    fn read(name: &str, kind: u32, data: Vec<u8>) -> Result<Values, Cause> {
        let value = RegistryValue { name: name.into(), kind, data };
        let parameters = RegistryCopy { values: vec![value], keys: Vec::new() };
        let registry = RegistryCopy { values: Vec::new(), keys: vec![("Parameters".into(), parameters)] };
        Values::read(&registry, &table())
    }

    #[test]
    fn what_is_set_is_read_by_the_names_of_the_table() {
        let text = |text: &str| utf16::build(text).unwrap();
        assert_eq!(read("commandline", 1, text("x")).unwrap().text("CommandLine"), Some("x"));
        assert_eq!(read("CommandLine", 2, vec![]).unwrap().text("CommandLine"), None);
        assert_eq!(read("STOPTIMEOUT", 4, vec![1, 2, 0, 0]).unwrap().number("StopTimeout"), Some(513));
        assert_eq!(read("StopSignal", 4, vec![9, 0, 0, 0]).unwrap().number("StopSignal"), Some(9));
        let list = multi_string::build(&["A=1", "B=2"]).unwrap();
        assert_eq!(read("Environment", 7, list).unwrap().texts("Environment"), ["A=1", "B=2"]);
        assert_eq!(read("Somebody", 1, text("x")).unwrap(), Values::default());
        for (name, kind, data, expected) in [
            ("StopTimeout", 1, text("5"), "property StopTimeout must be a DWORD"),
            ("StopTimeout", 4, vec![1], "property StopTimeout is unreadable"),
            ("StopSignal", 7, vec![0, 0], "property StopSignal must be a string or a DWORD"),
            ("CommandLine", 3, vec![1], "property CommandLine must be a string"),
        ] {
            let error = read(name, kind, data).unwrap_err().text;
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn lists_are_checked_by_the_table() {
        use mainstay_types::property::Format;
        let check = |list: PropertyList| {
            let before = read("StopTimeout", 4, vec![1, 0, 0, 0]).unwrap();
            before.with(&list, &name(), &table()).map_err(|cause| (cause.status, cause.text))
        };
        let set = |name: &str, value: Value| PropertyList::new().with(name, value);
        let changed = check(set("stoptimeout", Value::Dword(7))).unwrap();
        assert_eq!(changed.number("StopTimeout"), Some(7));
        let reset = check(set("StopTimeout", Value::NoData(Format::Dword))).unwrap();
        assert_eq!(reset.number("StopTimeout"), None);
        for (list, status, expected) in [
            (
                set("Comandline", "x".into()),
                Status::INVALID_PARAMETER,
                "'Comandline' is no private property of 'Some Type'; did you mean 'CommandLine'?",
            ),
            (
                set("Nonsense", "x".into()),
                Status::INVALID_PARAMETER,
                "'Nonsense' is no private property of 'Some Type'; there are CommandLine, StopTimeout, StopSignal, Environment",
            ),
            (
                set("CommandLine", Value::NoData(Format::Sz)),
                Status::CLUSTER_RESOURCE_CONFIGURATION_ERROR,
                "property CommandLine is not set and has no default; it is: what to run",
            ),
            (
                set("CommandLine", "".into()),
                Status::CLUSTER_RESOURCE_CONFIGURATION_ERROR,
                "property CommandLine is not set and has no default; it is: what to run",
            ),
            (
                set("StopTimeout", "5".into()),
                Status::CLUSTER_PROPERTY_DATA_TYPE_MISMATCH,
                "property StopTimeout must be a DWORD",
            ),
        ] {
            assert_eq!(check(list), Err((status, expected.to_owned())));
        }
    }

    #[test]
    fn what_is_required_has_to_be_set() {
        let text = |text: &str| read("CommandLine", 1, utf16::build(text).unwrap()).unwrap();
        assert!(text("x").require(&table()).is_ok());
        for values in [text(""), Values::default()] {
            assert!(values.require(&table()).unwrap_err().text.contains("CommandLine is not set"));
        }
    }
}
