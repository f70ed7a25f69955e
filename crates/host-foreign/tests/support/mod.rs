//! Compiling C and C++ for tests.
#![allow(clippy::unwrap_used, dead_code)] // each test uses a part

use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Whether the compiler is there. Where it is not, the test says so and is passed over.
pub(crate) fn has(compiler: &str) -> bool {
    let found = Command::new(compiler).arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("passed over: '{compiler}' is not installed");
    }
    found
}

/// Compiles; panics with the compiler's words when it fails or warns.
pub(crate) fn compile(compiler: &str, arguments: &[&str], sources: &[&Path], output: &Path) {
    let result = Command::new(compiler)
        .args(["-Wall", "-Wextra", "-Werror", "-I"])
        .arg(root().join("include"))
        .args(arguments)
        .arg("-o")
        .arg(output)
        .args(sources)
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&result.stderr);
    assert!(result.status.success() && words.is_empty(), "{compiler} {arguments:?} {sources:?}:\n{words}");
}

/// Compiles a resource type library.
pub(crate) fn compile_library(arguments: &[&str], source: &Path, output: &Path) {
    compile("cc", &[&["-shared", "-fPIC", "-pthread"], arguments].concat(), &[source], output);
}
