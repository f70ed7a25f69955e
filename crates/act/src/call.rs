//! What an action is told, and how it answers: the environment and the exit codes of the OCF resource agent API 1.1.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Display;
use std::io::Write;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

/// Why an action has failed is said in a line that begins with this.
pub(crate) const REASON_PREFIX: &str = "ocf-exit-reason:";
/// Parameters are variables whose names begin with this.
const PARAMETER_PREFIX: &str = "OCF_RESKEY_";
/// Names the resource.
const INSTANCE: &str = "OCF_RESOURCE_INSTANCE";
/// How thoroughly a monitor is to look.
const LEVEL: &str = "OCF_CHECK_LEVEL";
/// Names the directory for what is gone after a boot.
const SCRATCH: &str = "HA_RSCTMP";

/// The exit codes of agents.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Code {
    /// It did not work.
    Failed = 1,
    /// It was called wrongly, or its parameters do not fit this node.
    Arguments = 2,
    /// There is no such action.
    Unimplemented = 3,
    /// It lacks a right.
    Permission = 4,
    /// Something that it needs is not there.
    Installed = 5,
    /// Its parameters are wrong.
    Configured = 6,
    /// It is not running.
    NotRunning = 7,
}

/// Why an action did not do what it was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Refusal {
    /// The exit code.
    pub(crate) code: Code,
    /// For people, in a line.
    pub(crate) reason: String,
}

impl Refusal {
    pub(crate) fn new(code: Code, reason: impl Into<String>) -> Self {
        Refusal { code, reason: reason.into() }
    }

    /// A parameter has a value that it cannot have; `what` continues "property NAME".
    pub(crate) fn wrong(name: &str, what: impl Display) -> Self {
        Refusal::new(Code::Configured, format!("property {name} {what}"))
    }

    /// The system did not do `action`, which continues "cannot".
    pub(crate) fn system(action: impl Display, error: &std::io::Error) -> Self {
        let text = format!("cannot {action}: {error}");
        match error.kind() {
            std::io::ErrorKind::PermissionDenied => {
                Refusal::new(Code::Permission, format!("{text}; this needs the rights of root"))
            }
            _ => Refusal::new(Code::Failed, text),
        }
    }
}

/// Says what is worth a word although the action goes on.
pub(crate) fn remark(text: impl Display) {
    // Who does not listen does without.
    let _ = writeln!(std::io::stderr(), "{REASON_PREFIX}{text}");
}

/// What an action is told.
pub(crate) struct Call {
    parameters: BTreeMap<String, String>,
    instance: Option<String>,
    scratch: Option<PathBuf>,
    level: Option<OsString>,
}

impl Call {
    /// Reads the environment. What is not meant for agents is left out.
    pub(crate) fn read(environment: impl Iterator<Item = (OsString, OsString)>) -> Result<Self, Refusal> {
        let mut call = Call { parameters: BTreeMap::new(), instance: None, scratch: None, level: None };
        for (name, value) in environment {
            let Some(name) = name.to_str() else { continue };
            if let Some(parameter) = name.strip_prefix(PARAMETER_PREFIX) {
                let value = value.into_string().map_err(|_| Refusal::wrong(parameter, "is no text"))?;
                call.parameters.insert(parameter.to_owned(), value);
            } else if name == INSTANCE {
                call.instance = value.into_string().ok();
            } else if name == LEVEL {
                call.level = Some(value);
            } else if name == SCRATCH {
                call.scratch = Some(value.into());
            }
        }
        Ok(call)
    }

    /// A parameter; `None` where it is not set, or empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A parameter that has to be set.
    pub(crate) fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.text(name).ok_or_else(|| Refusal::wrong(name, "is not set"))
    }

    /// A number within these bounds.
    pub(crate) fn number<T>(&self, name: &str, bounds: RangeInclusive<T>) -> Result<Option<T>, Refusal>
    where
        T: FromStr + PartialOrd + Display,
    {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.parse() {
            Ok(number) if bounds.contains(&number) => Ok(Some(number)),
            _ => {
                let text = format!("is '{text}'; it can be {} to {}", bounds.start(), bounds.end());
                Err(Refusal::wrong(name, text))
            }
        }
    }

    /// One of these words.
    pub(crate) fn choice<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<Option<T>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        if let Some((_, meant)) = words.iter().find(|(word, _)| *word == text) {
            return Ok(Some(*meant));
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let known = match known.split_last() {
            Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
            _ => known.concat(),
        };
        Err(Refusal::wrong(name, format!("is '{text}'; it can be {known}")))
    }

    /// How thoroughly a monitor is to look; 0 where nobody says.
    pub(crate) fn level(&self) -> Result<u32, Refusal> {
        let Some(level) = &self.level else { return Ok(0) };
        let read = level.to_str().and_then(|level| level.parse().ok());
        let wrong = || format!("{LEVEL} is '{}', which is no level", level.display());
        read.ok_or_else(|| Refusal::new(Code::Arguments, wrong()))
    }

    /// A file of the resource's own that is gone after a boot.
    pub(crate) fn file(&self, extension: &str) -> Result<PathBuf, Refusal> {
        let missing = |name: &str| Refusal::new(Code::Arguments, format!("{name} is not set"));
        let instance = self.instance.as_deref().ok_or_else(|| missing(INSTANCE))?;
        let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        if instance.is_empty() || !instance.chars().all(is_word) {
            return Err(Refusal::new(Code::Arguments, format!("{INSTANCE} is '{instance}', which is no id")));
        }
        let scratch = self.scratch.as_deref().ok_or_else(|| missing(SCRATCH))?;
        Ok(scratch.join(format!("mainstay-{instance}.{extension}")))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A call with these parameters.
    pub(crate) fn call(parameters: &[(&str, &str)]) -> Call {
        let named = |(name, value): &(&str, &str)| (format!("OCF_RESKEY_{name}").into(), (*value).into());
        Call::read(parameters.iter().map(named)).unwrap()
    }

    #[test]
    fn numbers_have_bounds() {
        let number = |text: &str| call(&[("N", text)]).number("N", 1..=32_u8).map_err(|error| error.reason);
        assert_eq!(number(""), Ok(None));
        assert_eq!(number("32"), Ok(Some(32)));
        for text in ["0", "33", "300", "-1", " 5", "5 ", "x"] {
            assert_eq!(number(text), Err(format!("property N is '{text}'; it can be 1 to 32")));
        }
    }

    #[test]
    fn who_lacks_a_right_is_told_which() {
        let refusal = Refusal::system("do it", &std::io::Error::from_raw_os_error(1));
        assert_eq!(refusal.code, Code::Permission);
        assert_eq!(
            refusal.reason,
            "cannot do it: Operation not permitted (os error 1); this needs the rights of root"
        );
        assert_eq!(Refusal::system("do it", &std::io::Error::from_raw_os_error(5)).code, Code::Failed);
    }

    #[test]
    fn no_instance_leads_out_of_the_directory() {
        let file = |instance: &str| {
            let variables = [(INSTANCE, instance), (SCRATCH, "/s")];
            let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
            Call::read(variables).unwrap().file("x")
        };
        assert_eq!(file("a-1"), Ok(PathBuf::from("/s/mainstay-a-1.x")));
        for instance in ["", "../x", "a/b", "a b", "."] {
            assert!(file(instance).is_err(), "{instance}");
        }
    }
}
