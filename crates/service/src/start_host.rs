//! Starting a host's program inside its leaf, and waiting until it listens.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::Duration;

use mainstay_process::{Command, Leaf, Output, Process};
use tokio::time::timeout;

/// Starts a host, with one variable more in its environment; answers when it has said that it is ready.
///
/// # Errors
///
/// It cannot be started, ends before it is ready, or takes longer than `ready_within`; in words.
pub(crate) async fn start(
    program: &Path,
    arguments: &[PathBuf],
    variable: Option<(&str, &str)>,
    leaf: &Path,
    ready_within: Duration,
) -> Result<Process, String> {
    let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
        .map_err(|error| format!("no pipe for the host's ready notice: {error}"))?;
    let mut command = Command::new(
        std::iter::once(program.as_os_str().to_owned())
            .chain(arguments.iter().map(|path| path.clone().into())),
    );
    command.environment = environment();
    command.environment.extend(variable.map(|(name, value)| (name.into(), value.into())));
    command.leaf = Some(Leaf::new(leaf));
    command.output = Output::Descriptor(writer);
    command.error_output = standard_error();
    let waiting = tokio::task::spawn_blocking(move || {
        let process = command.spawn().map_err(|error| error.to_string())?;
        // The last copy of the writing end on our side; only the host's is left.
        drop(command);
        Ok::<_, String>((process, first_line(reader)))
    });
    let (process, line) = match timeout(ready_within, waiting).await {
        Ok(Ok(started)) => started?,
        Ok(Err(panic)) => return Err(format!("starting {} failed: {panic}", program.display())),
        Err(_) => return Err(format!("{} is not ready after {ready_within:?}", program.display())),
    };
    if line.is_empty() {
        let exit = crate::hosts::wait_ended(&process).await;
        return Err(format!("{} ended before it was ready: {exit}", program.display()));
    }
    Ok(process)
}

fn first_line(reader: std::os::fd::OwnedFd) -> String {
    let mut line = String::new();
    // An error reads like an end: the host has not said that it is ready.
    let _ = BufReader::new(std::fs::File::from(reader)).read_line(&mut line);
    line
}

/// What a host inherits: where programs and locales are, and nothing secret.
fn environment() -> Vec<(OsString, OsString)> {
    const PASSED_ON: &[&str] =
        &["PATH", "LANG", "LC_ALL", "TZ", "MAINSTAY_LOG", "RUST_BACKTRACE", "LD_LIBRARY_PATH"];
    PASSED_ON.iter().filter_map(|name| Some(((*name).into(), std::env::var_os(name)?))).collect()
}

fn standard_error() -> Output {
    match rustix::io::fcntl_dupfd_cloexec(std::io::stderr(), 3) {
        Ok(descriptor) => Output::Descriptor(descriptor),
        Err(_) => Output::Null,
    }
}
