//! Libraries of resource types: who could exchange them, and whether they load.
//!
//! A library is loaded in a process of its own, as a resource host does it, which ends at once. One that hangs there is
//! killed.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mainstay_types::validation::{Check, Verdict};

use super::files;
use crate::core::Core;

const AREA: &str = "types";

/// How long one library may take to load and to start; it takes milliseconds.
const LOADED_WITHIN: Duration = Duration::from_secs(10);

/// How often its end is looked for meanwhile.
const LOOKS_APART: Duration = Duration::from_millis(20);

/// What it may say of its failure.
const SAID_MAX: u64 = 4096;

/// How many libraries are tried; others are only looked at. A report has to come to an end.
const TRIED_MAX: usize = 32;

pub(super) fn check(core: &Core, host_foreign: &Path) -> Vec<Check> {
    let libraries: Vec<(String, String)> = core.read(|view| {
        let types = view.model().resource_types();
        types.filter_map(|it| Some((it.name.to_string(), it.library.clone()?))).collect()
    });
    if libraries.is_empty() {
        return vec![Check::ok(AREA, "libraries", "all types are built in")];
    }
    let mut checks = Vec::new();
    for (index, (name, library)) in libraries.iter().enumerate() {
        checks.push(owner(name, library));
        if index < TRIED_MAX {
            checks.push(load(host_foreign, name, library));
        }
    }
    checks
}

fn owner(name: &str, library: &str) -> Check {
    let what = format!("library of '{name}'");
    match files::foreign_writer(Path::new(library)) {
        _ if !library.contains('/') => Check::bad(
            Verdict::Warning,
            AREA,
            what,
            format!("{library} is looked for by the loader in its own directories"),
            "name it by its whole path, so that it is always the same",
        ),
        Ok(None) => Check::ok(AREA, what, format!("{library}, writable by its owner only")),
        Ok(Some(seen)) => Check::bad(
            Verdict::Failure,
            AREA,
            what,
            format!("{library}: {seen}, who could have the service run what they like"),
            "give it and the directories above it to root, with mode 0755",
        ),
        Err(error) => Check::bad(
            Verdict::Failure,
            AREA,
            what,
            format!("{library}: {error}"),
            "install it there, or register the type with the right path",
        ),
    }
}

fn load(host_foreign: &Path, name: &str, library: &str) -> Check {
    let what = format!("loading of '{name}'");
    let way_out = "mend the library, or install what it needs beside it";
    match try_to_load(host_foreign, name, library) {
        Ok(None) => Check::ok(AREA, what, "it loads, and its Startup succeeds"),
        Ok(Some(said)) => Check::bad(Verdict::Failure, AREA, what, said, way_out),
        Err(error) => Check::bad(
            Verdict::Warning,
            AREA,
            what,
            format!("it could not be tried: {error}"),
            "see whether mainstay-host-foreign is installed",
        ),
    }
}

/// What speaks against a library; `None` when it loads.
fn try_to_load(host_foreign: &Path, name: &str, library: &str) -> std::io::Result<Option<String>> {
    let mut child = Command::new(host_foreign)
        .args(["--try-library", library, "--type", name])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let Some(status) = wait(&mut child)? else {
        let limit = LOADED_WITHIN.as_secs();
        return Ok(Some(format!("it did not load within {limit} s, and was given up")));
    };
    if status.success() {
        return Ok(None);
    }
    let mut said = String::new();
    if let Some(output) = child.stdout.take() {
        // What it wrote stands in the pipe; a library that wrote more than a pipe holds was killed above.
        let _ = output.take(SAID_MAX).read_to_string(&mut said);
    }
    let said = said.trim();
    Ok(Some(if said.is_empty() { format!("its process ended with {status}") } else { said.to_owned() }))
}

/// The child's end; `None` when it had to be killed.
fn wait(child: &mut Child) -> std::io::Result<Option<std::process::ExitStatus>> {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if began.elapsed() >= LOADED_WITHIN {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(LOOKS_APART);
    }
}
