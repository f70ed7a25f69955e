//! Scenario files on the command line: each is run, and what came of it told, as text or as one document.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use mainstay_sim::scenario::{self, ParseError};
use serde::Serialize;

use crate::{Exit, write_json};

/// What came of all files, in `--json`. Fields are only ever added.
#[derive(Debug, Serialize)]
struct FilesDocument {
    files: Vec<FileDocument>,
    passed: usize,
    failed: usize,
}

/// What came of one file.
#[derive(Debug, Serialize)]
struct FileDocument {
    /// As it was given.
    path: String,
    passed: bool,
    /// What was otherwise than expected.
    differences: Vec<LineDocument>,
    /// Why it could not be run; `null` when it was.
    error: Option<LineDocument>,
    /// With `--verbose`: every event; else `null`.
    log: Option<Vec<String>>,
}

/// Something about a line.
#[derive(Debug, Serialize)]
struct LineDocument {
    /// Counted from 1; `null` for the file as a whole.
    line: Option<usize>,
    text: String,
}

impl FileDocument {
    fn exit(&self) -> Exit {
        match (&self.error, self.passed) {
            (Some(_), _) => Exit::Unread,
            (None, passed) => Exit::of(passed),
        }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        self.log.iter().flatten().try_for_each(|line| writeln!(out, "{line}"))?;
        let path = &self.path;
        match &self.error {
            Some(LineDocument { line: Some(line), text }) => {
                writeln!(out, "FAIL {path}: line {line}: {text}")
            }
            Some(LineDocument { line: None, text }) => writeln!(out, "FAIL {path}: {text}"),
            None if self.passed => writeln!(out, "pass {path}"),
            None => {
                writeln!(out, "FAIL {path}")?;
                self.differences.iter().try_for_each(|found| match found.line {
                    Some(line) => writeln!(out, "  line {line}: {}", found.text),
                    None => writeln!(out, "  {}", found.text),
                })
            }
        }
    }
}

/// Runs them one after the other. What cannot be read or understood counts for more than what does not hold.
pub(crate) fn run(files: &[PathBuf], verbose: bool, json: bool, out: &mut impl Write) -> io::Result<Exit> {
    let (mut documents, mut exit) = (Vec::new(), Exit::Held);
    for file in files {
        let document = run_one(file, verbose);
        exit = match (exit, document.exit()) {
            (Exit::Unread, _) | (_, Exit::Unread) => Exit::Unread,
            (Exit::Broken, _) | (_, Exit::Broken) => Exit::Broken,
            (Exit::Held, Exit::Held) => Exit::Held,
        };
        if !json {
            document.write(out)?;
        }
        // What is written is not kept: a log can be long.
        documents.push(if json { document } else { FileDocument { log: None, ..document } });
    }
    let passed = documents.iter().filter(|document| document.passed).count();
    let failed = documents.len() - passed;
    match json {
        true => write_json(&FilesDocument { files: documents, passed, failed }, out)?,
        false => writeln!(out, "{passed} passed, {failed} failed")?,
    }
    Ok(exit)
}

fn run_one(file: &Path, verbose: bool) -> FileDocument {
    let of_file = |error: io::Error| ParseError { line: 0, what: error.to_string() };
    let scenario = read(file).map_err(of_file).and_then(|text| scenario::parse(&text));
    let document = FileDocument {
        path: file.display().to_string(),
        passed: false,
        differences: Vec::new(),
        error: None,
        log: None,
    };
    let line = |line: usize, text: String| LineDocument { line: (line > 0).then_some(line), text };
    match scenario {
        Err(error) => FileDocument { error: Some(line(error.line, error.what)), ..document },
        Ok(scenario) => {
            let verdict = scenario::run(&scenario);
            FileDocument {
                passed: verdict.differences.is_empty(),
                differences: verdict.differences.into_iter().map(|(at, text)| line(at, text)).collect(),
                log: verbose.then_some(verdict.log),
                ..document
            }
        }
    }
}

/// Reads no more than a scenario file may have, and one byte by which that is seen.
fn read(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    let max = scenario::FILE_BYTES_MAX as u64 + 1;
    std::fs::File::open(file)?.take(max).read_to_string(&mut text)?;
    Ok(text)
}
