//! The other programs of Mainstay that this one runs: where they are, and what it means that one has not done it.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::clean;

/// The program that makes clusters, restores them and serves them.
pub(crate) const SERVICE: &str = "mainstayd";

/// Where a program is: beside this one, at a place as seen from this one's directory, else wherever PATH has it.
pub(crate) fn found(name: &str, installed: Option<&str>) -> PathBuf {
    let own = std::env::current_exe().ok();
    let directory = own.as_deref().and_then(Path::parent);
    let mut places = directory.into_iter().flat_map(|directory| {
        [Some(name), installed].into_iter().flatten().map(|place| directory.join(place))
    });
    places.find(|path| path.is_file()).unwrap_or_else(|| PathBuf::from(name))
}

/// A program that could not be started: nothing was begun, so nothing is unknown.
pub(crate) fn not_run(program: &Path, error: &io::Error, way_out: String) -> Failure {
    let program = program.display().to_string();
    Failure::new(Exit::Refused, format!("'{}' cannot be run: {error}", clean(&program))).with_way_out(way_out)
}

/// Runs the service's program to its end, with these arguments. It writes to this one's standard error.
///
/// # Errors
///
/// It cannot be run.
pub(crate) fn run_service(arguments: impl FnOnce(&mut Command)) -> Result<(PathBuf, Output), Failure> {
    let program = found(SERVICE, None);
    let mut command = Command::new(&program);
    arguments(command.stderr(Stdio::inherit()));
    let way_out = || format!("install {SERVICE} beside this program or in PATH");
    let output = command.output().map_err(|error| not_run(&program, &error, way_out()))?;
    Ok((program, output))
}

/// What it means that the service's program has not done it. It says itself why it refuses.
///
/// # Errors
///
/// It was killed, or has broken: whether something was changed nobody can say.
pub(crate) fn ended_badly(program: &Path, status: ExitStatus) -> Result<Exit, Failure> {
    match status.code() {
        Some(1) => Ok(Exit::Refused),
        Some(2) => Ok(Exit::Usage),
        _ => Err(Failure::new(
            Exit::Unknown,
            format!(
                "'{}' has not come to its end ({status}), and what it has done is not known",
                program.display()
            ),
        )
        .with_way_out("look at the data directory before it is served")),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    #[test]
    fn a_program_that_was_killed_has_not_refused() {
        let exit = |status: i32| match ended_badly(Path::new("mainstayd"), ExitStatus::from_raw(status)) {
            Ok(exit) => exit,
            Err(failure) => failure.exit,
        };
        for (status, expected) in [
            (1 << 8, Exit::Refused),
            (2 << 8, Exit::Usage),
            // A panic, and SIGKILL.
            (101 << 8, Exit::Unknown),
            (9, Exit::Unknown),
        ] {
            assert_eq!(exit(status), expected, "{status:#x}");
        }
    }
}
