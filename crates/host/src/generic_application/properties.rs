//! The private properties of `Generic Application`.
//!
//! | name | format | default | |
//! | --- | --- | --- | --- |
//! | `CommandLine` | SZ | required | the program and its arguments, split as a shell splits words; no shell runs |
//! | `CurrentDirectory` | SZ | `/` | absolute |
//! | `Environment` | MULTI_SZ | none | `NAME=VALUE` each |
//! | `User` | SZ | the host's own | a name or number of the user database |
//! | `StopSignal` | SZ or DWORD | `TERM` | a name or a number |
//! | `StopTimeout` | DWORD | 30000 | ms until everything is killed |
//! | `OutputFile` | SZ | none | absolute; standard output and error are appended |
//!
//! Nobody keeps a secret in `CommandLine` or `Environment`: every user of the machine can read the arguments of a
//! process, and its own user the environment.

use std::path::PathBuf;
use std::time::Duration;

use mainstay_process::Signal;
use mainstay_proplist::{PropertyList, Value, multi_string, utf16};
use mainstay_types::Status;
use mainstay_types::order::{Cause, RegistryCopy, RegistryValue};
use mainstay_types::property::Format;

use super::{same, split};

/// Every property's name.
pub const NAMES: [&str; 7] =
    ["CommandLine", "CurrentDirectory", "Environment", "User", "StopSignal", "StopTimeout", "OutputFile"];

/// What GET_PRIVATE_PROPERTY_FMTS and ENUM_PRIVATE_PROPERTIES say of them: all there are, set or not.
pub fn formats() -> PropertyList {
    NAMES.into_iter().fold(PropertyList::new(), |list, name| {
        let format = match name {
            "StopTimeout" => Format::Dword,
            "Environment" => Format::MultiSz,
            _ => Format::Sz,
        };
        list.with(name, Value::Word(format.number()))
    })
}

/// How long a stop waits before it kills when `StopTimeout` is not set.
pub const STOP_TIMEOUT_DEFAULT: Duration = Duration::from_secs(30);

/// The properties as the type uses them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// The program and its arguments.
    pub command_line: Vec<String>,
    /// Where it starts; `None`: in `/`.
    pub directory: Option<PathBuf>,
    /// Names and values.
    pub environment: Vec<(String, String)>,
    /// As whom.
    pub user: Option<String>,
    /// What it is asked with to stop.
    pub stop_signal: Signal,
    /// How long it may take to stop.
    pub stop_timeout: Duration,
    /// Where its output goes.
    pub output_file: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            command_line: Vec::new(),
            directory: None,
            environment: Vec::new(),
            user: None,
            stop_signal: Signal::TERM,
            stop_timeout: STOP_TIMEOUT_DEFAULT,
            output_file: None,
        }
    }
}

impl Settings {
    /// Reads them from a resource's registry key. An error names the property, its value and what it may be.
    pub fn read(registry: &RegistryCopy) -> Result<Self, Cause> {
        let mut settings = Settings::default();
        let empty = RegistryCopy::default();
        for value in &registry.key("Parameters").unwrap_or(&empty).values {
            if let Some(name) = NAMES.into_iter().find(|name| same(name, &value.name)) {
                settings.set(name, &Given::from_registry(name, value)?)?;
            }
        }
        if settings.command_line.is_empty() {
            return Err(wrong("CommandLine", "is not set; it names the program to run"));
        }
        Ok(settings)
    }

    fn reset(&mut self, name: &str) {
        let Settings {
            command_line: _,
            directory,
            environment,
            user,
            stop_signal,
            stop_timeout,
            output_file,
        } = Settings::default();
        match name {
            "CurrentDirectory" => self.directory = directory,
            "OutputFile" => self.output_file = output_file,
            "User" => self.user = user,
            "Environment" => self.environment = environment,
            "StopTimeout" => self.stop_timeout = stop_timeout,
            "StopSignal" => self.stop_signal = stop_signal,
            _ => {}
        }
    }

    /// Whether a program that was started with these runs on otherwise than one that is started with the others. How it
    /// is stopped is read when it is.
    pub fn start_differs(&self, other: &Settings) -> bool {
        let start = |settings: &Settings| {
            let Settings { command_line, directory, environment, user, output_file, .. } = settings.clone();
            (command_line, directory, environment, user, output_file)
        };
        start(self) != start(other)
    }

    fn set(&mut self, name: &'static str, given: &Given) -> Result<(), Cause> {
        let optional = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        match name {
            "CommandLine" => self.command_line = split(given.text(name)?)?,
            "CurrentDirectory" => self.directory = absolute(name, given.text(name)?)?,
            "OutputFile" => self.output_file = absolute(name, given.text(name)?)?,
            "User" => self.user = optional(given.text(name)?),
            "Environment" => {
                self.environment =
                    given.texts(name)?.iter().map(|line| variable(line)).collect::<Result<_, _>>()?;
            }
            "StopTimeout" => self.stop_timeout = Duration::from_millis(given.number(name)?.into()),
            "StopSignal" => {
                let text = match given {
                    Given::Number(number) => number.to_string(),
                    other => other.text(name)?.to_owned(),
                };
                self.stop_signal = match optional(&text) {
                    None => Signal::TERM,
                    Some(text) => text.parse().map_err(|error| wrong(name, &format!("is wrong: {error}")))?,
                };
            }
            _ => {}
        }
        Ok(())
    }
}

/// Could these values be set? All names must be known; a value without data asks for the default.
pub fn validate(list: &PropertyList) -> Result<(), Cause> {
    apply(list, &mut Settings::default())
}

/// Sets these values, or says which one cannot be and why.
pub fn apply(list: &PropertyList, settings: &mut Settings) -> Result<(), Cause> {
    for property in list.effective() {
        let Some(name) = NAMES.into_iter().find(|name| same(name, property.name())) else {
            let known = NAMES.join(", ");
            let text = format!(
                "'{}' is no private property of '{}'; there are {known}",
                property.name(),
                super::NAME
            );
            return Err(Cause::new(Status::INVALID_PARAMETER, text));
        };
        let given = match property.value() {
            None => continue,
            Some(value) if value.has_no_data() => {
                if name == "CommandLine" {
                    return Err(wrong(name, "has no default; the program to run must be named"));
                }
                settings.reset(name);
                continue;
            }
            Some(Value::Sz(text) | Value::ExpandSz(text)) => Given::Text(text.clone()),
            Some(Value::Dword(number)) => Given::Number(*number),
            Some(Value::MultiSz(texts)) => Given::Texts(texts.clone()),
            Some(_) => return Err(mismatch(name)),
        };
        settings.set(name, &given)?;
    }
    Ok(())
}

/// A value of one of the formats that the properties have.
enum Given {
    Text(String),
    Texts(Vec<String>),
    Number(u32),
}

impl Given {
    fn from_registry(name: &'static str, value: &RegistryValue) -> Result<Self, Cause> {
        /// The REG_ types of the formats above.
        const SZ: u32 = 1;
        const EXPAND_SZ: u32 = 2;
        const DWORD: u32 = 4;
        const MULTI_SZ: u32 = 7;
        let unreadable = |error: &dyn std::fmt::Display| wrong(name, &format!("is unreadable: {error}"));
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
            _ => Err(mismatch(name)),
        }
    }

    fn text(&self, name: &'static str) -> Result<&str, Cause> {
        if let Given::Text(text) = self { Ok(text) } else { Err(mismatch(name)) }
    }

    fn number(&self, name: &'static str) -> Result<u32, Cause> {
        if let Given::Number(number) = self { Ok(*number) } else { Err(mismatch(name)) }
    }

    fn texts(&self, name: &'static str) -> Result<&[String], Cause> {
        if let Given::Texts(texts) = self { Ok(texts) } else { Err(mismatch(name)) }
    }
}

fn absolute(name: &'static str, text: &str) -> Result<Option<PathBuf>, Cause> {
    match text {
        "" => Ok(None),
        text if text.starts_with('/') && !text.contains('\0') => Ok(Some(PathBuf::from(text))),
        text => Err(wrong(name, &format!("is '{text}', which is no absolute path"))),
    }
}

fn variable(line: &str) -> Result<(String, String), Cause> {
    match line.split_once('=') {
        Some((name, value)) if !name.is_empty() && !line.contains('\0') => {
            Ok((name.to_owned(), value.to_owned()))
        }
        _ => Err(wrong("Environment", &format!("has '{line}', which is not NAME=VALUE"))),
    }
}

fn wrong(name: &str, what: &str) -> Cause {
    Cause::new(Status::CLUSTER_RESOURCE_CONFIGURATION_ERROR, format!("property {name} {what}"))
}

fn mismatch(name: &str) -> Cause {
    let format = match name {
        "StopTimeout" => "a DWORD",
        "StopSignal" => "a string or a DWORD",
        "Environment" => "a multi-string",
        _ => "a string",
    };
    Cause::new(Status::CLUSTER_PROPERTY_DATA_TYPE_MISMATCH, format!("property {name} must be {format}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(name: &str, kind: u32, data: Vec<u8>) -> RegistryValue {
        RegistryValue { name: name.into(), kind, data }
    }

    fn registry(values: Vec<RegistryValue>) -> RegistryCopy {
        let parameters = RegistryCopy { values, keys: Vec::new() };
        RegistryCopy { values: Vec::new(), keys: vec![("Parameters".into(), parameters)] }
    }

    fn text(name: &str, text: &str) -> RegistryValue {
        value(name, 1, utf16::build(text).unwrap())
    }

    #[test]
    fn settings_are_read_from_the_registry() {
        let settings = Settings::read(&registry(vec![
            text("commandline", "/bin/app 'one two'"),
            text("CurrentDirectory", "/srv"),
            value("Environment", 7, multi_string::build(&["A=1", "B=x=y"]).unwrap()),
            text("User", "root"),
            value("StopSignal", 4, 2_u32.to_le_bytes().to_vec()),
            value("StopTimeout", 4, 1500_u32.to_le_bytes().to_vec()),
            text("OutputFile", "/var/log/app"),
            text("SomebodyElses", "value"),
        ]))
        .unwrap();
        let expected = Settings {
            command_line: vec!["/bin/app".into(), "one two".into()],
            directory: Some("/srv".into()),
            environment: vec![("A".into(), "1".into()), ("B".into(), "x=y".into())],
            user: Some("root".into()),
            stop_signal: "INT".parse().unwrap(),
            stop_timeout: Duration::from_millis(1500),
            output_file: Some("/var/log/app".into()),
        };
        assert_eq!(settings, expected);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let command = || text("CommandLine", "x");
        for (values, expected) in [
            (vec![], "CommandLine is not set"),
            (vec![text("CommandLine", "  ")], "the command line is empty"),
            (vec![text("CommandLine", "a 'b")], "never closed"),
            (vec![command(), text("CurrentDirectory", "srv")], "'srv', which is no absolute path"),
            (
                vec![command(), value("Environment", 7, multi_string::build(&["A"]).unwrap())],
                "not NAME=VALUE",
            ),
            (vec![command(), text("StopSignal", "STOPP")], "'STOPP' is no signal"),
            (vec![command(), text("StopTimeout", "5")], "must be a DWORD"),
            (vec![command(), value("StopTimeout", 4, vec![1])], "StopTimeout is unreadable"),
            (vec![value("CommandLine", 3, vec![1])], "CommandLine must be a string"),
        ] {
            let error = Settings::read(&registry(values)).unwrap_err().text;
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn changes_are_checked_before_they_are_stored() {
        use mainstay_types::property::Format;
        for (list, status) in [
            (PropertyList::new(), Status::SUCCESS),
            (PropertyList::new().with("CommandLine", Value::Sz("/bin/true".into())), Status::SUCCESS),
            (PropertyList::new().with("StopTimeout", Value::NoData(Format::Dword)), Status::SUCCESS),
            (PropertyList::new().with("StopSignal", Value::Dword(15)), Status::SUCCESS),
            (
                PropertyList::new().with("CommandLine", Value::NoData(Format::Sz)),
                Status::CLUSTER_RESOURCE_CONFIGURATION_ERROR,
            ),
            (PropertyList::new().with("Comandline", Value::Sz("x".into())), Status::INVALID_PARAMETER),
            (
                PropertyList::new().with("StopTimeout", Value::Sz("5".into())),
                Status::CLUSTER_PROPERTY_DATA_TYPE_MISMATCH,
            ),
            (
                PropertyList::new().with("StopSignal", Value::Dword(99)),
                Status::CLUSTER_RESOURCE_CONFIGURATION_ERROR,
            ),
        ] {
            let result = validate(&list).map_or_else(|cause| cause.status, |()| Status::SUCCESS);
            assert_eq!(result, status, "{list:?}");
        }
    }
}
