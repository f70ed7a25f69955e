//! Standard output and standard error.
//!
//! Owns when there is colour, and that a closed pipe is no error: who closes it has read enough, so the rest is
//! dropped, and the command ends as it would have. A standard output that was never there is an error, as one that
//! cannot be written.

use std::io::{self, Write};

use anstream::{AutoStream, ColorChoice};
use serde::Serialize;

use crate::arguments::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::json::FailureDocument;
use crate::render::clean;

/// Where a command writes.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    color: ColorChoice,
    /// Standard output was closed when the command began.
    is_closed: bool,
}

impl Output {
    pub(crate) fn new(global: &Global, is_closed: bool) -> Self {
        let color = if global.no_color { ColorChoice::Never } else { ColorChoice::Auto };
        Self { json: global.json, color, is_closed }
    }

    /// Before there are arguments.
    pub(crate) fn before_arguments(json: bool, is_closed: bool) -> Self {
        Self { json, color: ColorChoice::Auto, is_closed }
    }

    /// Whether there is a standard output at all.
    pub(crate) fn check_open(&self) -> Result<(), Failure> {
        match self.is_closed {
            true => Err(unwritable(&io::Error::from(rustix::io::Errno::BADF))),
            false => Ok(()),
        }
    }

    /// When there is colour.
    pub(crate) fn color(&self) -> ColorChoice {
        self.color
    }

    /// Whether standard output gets documents instead of text.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Writes the document with `--json`, else the text; a text without its last line's end gets one.
    pub(crate) fn data<D: Serialize>(
        &mut self,
        document: impl FnOnce() -> D,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        let text = match self.json {
            true => serde_json::to_string_pretty(&document()).map_err(|error| unwritable(&error))?,
            false => text(),
        };
        self.text(&text)
    }

    /// Writes one line of what goes on for ever; says whether anybody reads it.
    pub(crate) fn line(&mut self, text: &str) -> Result<bool, Failure> {
        self.check_open()?;
        let end = if text.ends_with('\n') { "" } else { "\n" };
        let mut stdout = AutoStream::new(io::stdout().lock(), self.color);
        match write!(stdout, "{text}{end}").and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(unwritable(&error)),
            Err(_) => Ok(false),
            Ok(()) => Ok(true),
        }
    }

    /// Writes text, whatever the format asked for.
    pub(crate) fn text(&mut self, text: &str) -> Result<(), Failure> {
        if text.is_empty() {
            return Ok(());
        }
        self.check_open()?;
        let end = if text.ends_with('\n') { "" } else { "\n" };
        let mut stdout = AutoStream::new(io::stdout().lock(), self.color);
        match write!(stdout, "{text}{end}").and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(unwritable(&error)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Writes help, the version, or a complaint about the command line, each to where it belongs.
    pub(crate) fn of_parser(&mut self, error: &clap::Error) -> Result<(), Failure> {
        if !error.use_stderr() {
            self.check_open()?;
        }
        match error.print().and_then(|()| io::stdout().flush()) {
            // Of a complaint nobody can be told.
            Err(cause) if cause.kind() != io::ErrorKind::BrokenPipe && !error.use_stderr() => {
                Err(unwritable(&cause))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Says something beside the data. It has words of others in it, so it is cleaned as a whole.
    pub(crate) fn note(&mut self, text: &str) {
        self.complain(&clean(&format!("mainstay: {text}")));
    }

    /// Says why the command failed, in one line, cleaned in the same way; JSON has escapes of its own.
    pub(crate) fn failure(&mut self, failure: &Failure) {
        let line = match self.json {
            true => serde_json::to_string(&FailureDocument::from(failure)).unwrap_or_default(),
            false => clean(&format!("mainstay: {failure}")),
        };
        self.complain(&line);
    }

    /// Nobody is told when standard error cannot be written: there is nowhere left to say it.
    fn complain(&mut self, line: &str) {
        let mut stderr = AutoStream::new(io::stderr().lock(), self.color);
        let _ = writeln!(stderr, "{line}");
    }
}

fn unwritable(error: &dyn std::error::Error) -> Failure {
    Failure::new(Exit::Unwritten, format!("standard output cannot be written: {error}"))
        .with_way_out("what the command did stands")
}
