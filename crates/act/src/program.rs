//! Programs of the system that an action calls.

use std::ffi::OsString;
use std::process::{Command, Stdio};

use crate::call::{Code, Refusal};

/// What a program has said, and how it ended.
pub(crate) struct Told {
    /// Its exit code; none where a signal has ended it.
    pub(crate) code: Option<i32>,
    /// Its standard output.
    pub(crate) output: Vec<u8>,
    /// The last line of its standard error.
    pub(crate) last_words: String,
}

/// Runs a program to its end. How long it may take is the action's.
pub(crate) fn run(name: &str, arguments: impl IntoIterator<Item = OsString>) -> Result<Told, Refusal> {
    let ran = Command::new(name).args(arguments).stdin(Stdio::null()).output();
    let ran = ran.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Refusal::new(Code::Installed, format!("there is no program {name} on this node; install it"))
        }
        _ => Refusal::system(format!("run {name}"), &error),
    })?;
    let words = String::from_utf8_lossy(&ran.stderr);
    let last_words =
        words.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default().to_owned();
    Ok(Told { code: ran.status.code(), output: ran.stdout, last_words })
}
