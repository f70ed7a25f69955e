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
use std::sync::LazyLock;
use std::time::Duration;

use mainstay_process::Signal;
use mainstay_types::description::{
    InstructionDescription, PropertyDescription, PropertyFormat, TypeDescription,
};
use mainstay_types::order::{Cause, RegistryCopy};

use super::split;
use crate::private::{Values, wrong};

/// What the type says of itself.
pub static DESCRIPTION: LazyLock<TypeDescription> = LazyLock::new(describe);

/// How long a stop waits before it kills when `StopTimeout` is not set.
pub const STOP_TIMEOUT_DEFAULT: Duration = Duration::from_secs(30);

fn describe() -> TypeDescription {
    use PropertyFormat::{Dword, Multi, Sz};
    TypeDescription {
        summary: "A program, with everything that it starts.".into(),
        details: "Online when the program has begun, failed when it ends. A stop sends a signal to the program, then to what \
                  it left behind, and kills what stays longer than StopTimeout."
            .into(),
        is_contained: true,
        properties: vec![
            PropertyDescription::required(
                "CommandLine",
                Sz,
                "the program and its arguments, split as a shell splits words; no shell runs",
            ),
            PropertyDescription::new("CurrentDirectory", Sz, "/", "where it starts; an absolute path"),
            PropertyDescription::new("Environment", Multi, "", "variables, NAME=VALUE each"),
            PropertyDescription::new("User", Sz, "", "as whom; a name or number of the user database"),
            PropertyDescription::new("StopSignal", Sz, "TERM", "what it is asked with to stop").or(Dword),
            PropertyDescription::new("StopTimeout", Dword, "30000", "milliseconds until everything is killed"),
            PropertyDescription::new("OutputFile", Sz, "", "where its output is appended; an absolute path"),
        ],
        instructions: vec![InstructionDescription {
            name: super::NAME.into(),
            values: vec![(0, "stop gracefully".into()), (1, "kill at once".into())],
        }],
        example: "mainstay resource create web --group shop --type 'Generic Application' \
                  --property 'CommandLine=/usr/sbin/nginx -g \"daemon off;\"'"
            .into(),
    }
}

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
        let values = Values::read(registry, &DESCRIPTION)?;
        values.require(&DESCRIPTION)?;
        Settings::of(&values)
    }

    /// What values mean, of which any may be missing.
    pub fn of(values: &Values) -> Result<Self, Cause> {
        let signal = match values.number("StopSignal") {
            Some(number) => Some(number.to_string()),
            None => values.text("StopSignal").map(str::to_owned),
        };
        let default = Settings::default();
        Ok(Settings {
            command_line: values.text("CommandLine").map(split).transpose()?.unwrap_or_default(),
            directory: absolute("CurrentDirectory", values)?,
            environment: values
                .texts("Environment")
                .iter()
                .map(|line| variable(line))
                .collect::<Result<_, _>>()?,
            user: values.text("User").map(str::to_owned),
            stop_signal: match signal {
                None => default.stop_signal,
                Some(text) => {
                    text.parse().map_err(|error| wrong("StopSignal", format!("is wrong: {error}")))?
                }
            },
            stop_timeout: values
                .number("StopTimeout")
                .map_or(default.stop_timeout, |timeout_ms| Duration::from_millis(timeout_ms.into())),
            output_file: absolute("OutputFile", values)?,
        })
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
}

fn absolute(name: &str, values: &Values) -> Result<Option<PathBuf>, Cause> {
    match values.text(name) {
        None => Ok(None),
        Some(text) if text.starts_with('/') && !text.contains('\0') => Ok(Some(PathBuf::from(text))),
        Some(text) => Err(wrong(name, format!("is '{text}', which is no absolute path"))),
    }
}

fn variable(line: &str) -> Result<(String, String), Cause> {
    match line.split_once('=') {
        Some((name, value)) if !name.is_empty() && !line.contains('\0') => {
            Ok((name.to_owned(), value.to_owned()))
        }
        _ => Err(wrong("Environment", format!("has '{line}', which is not NAME=VALUE"))),
    }
}

#[cfg(test)]
mod tests {
    use mainstay_proplist::{multi_string, utf16};
    use mainstay_types::order::RegistryValue;

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
}
