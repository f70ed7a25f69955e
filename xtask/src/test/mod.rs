//! `cargo xtask test`: the whole suite, with one plain line at its end.

mod summary;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::arguments::Arguments;
use crate::workspace::{LIBRARY_DIR_VARIABLE, PROGRAM_DIR_VARIABLE, Profile, Workspace, cargo, headline};
use crate::{Result, packages};
use summary::Summary;

const HELP: &str = "\
Builds what the tests need and runs the whole test suite, doc tests included. Ends with one line:

  N passed, N failed, N skipped

A test that cannot run on this machine prints `skipped: ` and why, and counts as skipped. What is needed from Debian's
packages is installed by root, who is told so first; everybody else is told what to run, and what only some tests need
is not waited for. No daemon of those packages is started.

Usage: cargo xtask test [OPTION]... [-- CARGO-TEST-ARGUMENT...]

Options:
  --show-output   Also print what tests that passed have written

What follows `--` goes to cargo test in place of `--workspace`: cargo xtask test -- -p mainstay-rpc
";

pub(crate) fn run(workspace: &Workspace, mut arguments: Arguments) -> Result {
    if arguments.help(HELP) {
        return Ok(());
    }
    let show_output = arguments.flag("--show-output");
    let mut selection = arguments.rest();
    arguments.end()?;
    if selection.is_empty() {
        selection.push("--workspace".to_owned());
    }
    packages::require(packages::FOR_TESTS)?;
    packages::offer(packages::FOR_SOME_TESTS);

    headline("building programs, library and tests");
    let built = workspace.build(Profile::Test)?;

    headline("testing");
    let mut command = Command::new(cargo());
    command
        .current_dir(&workspace.root)
        .args(["test", "--no-fail-fast"])
        .args(selection)
        // Without it the reason of a skipped test would stay in the test.
        .args(["--", "--show-output"])
        .env(PROGRAM_DIR_VARIABLE, &built.program_dir)
        .env(LIBRARY_DIR_VARIABLE, &built.library_dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut child = command.spawn()?;
    let mut summary = Summary::default();
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n') {
            let line = line?;
            let line = String::from_utf8_lossy(&line);
            if summary.read(&line) || show_output {
                println!("{line}");
            }
        }
    }
    let status = child.wait()?;
    summary.end();

    headline("summary");
    for skipped in summary.skipped() {
        println!("{skipped}");
    }
    println!("{summary}");
    match (summary.failed(), status.success()) {
        (0, true) => Ok(()),
        (0, false) => Err(format!("cargo test ended with {status}, though no test failed; see above").into()),
        (failed, _) => Err(format!("{failed} failed").into()),
    }
}
