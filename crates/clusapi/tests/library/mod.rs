//! The library as it was built, and programs linked with it.
#![allow(dead_code, unreachable_pub, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the headers are.
pub fn include() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../include").canonicalize().unwrap()
}

/// The shared library that cargo built for this test, beside it. The one a directory higher is that of the last
/// `cargo build`, which may be older.
pub fn library() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let built = test.parent().unwrap().join("libclusapi.so");
    assert!(built.exists(), "{} was not built", built.display());
    built
}

/// The two widths of wchar_t.
pub const WIDTHS: [&[&str]; 2] = [&[], &["-fshort-wchar"]];

/// Compiles a program of `tests/c` in a directory; see [`compile_file`].
pub fn compile(directory: &Path, source: &str, width: &[&str]) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c").join(format!("{source}.c"));
    compile_file(directory, &source, width)
}

/// Compiles a program in a directory and links it with the library, by its versioned name.
pub fn compile_file(directory: &Path, source: &Path, width: &[&str]) -> PathBuf {
    for name in ["libclusapi.so", "libclusapi.so.1"] {
        let link = directory.join(name);
        if !link.exists() {
            std::os::unix::fs::symlink(library(), link).unwrap();
        }
    }
    let name = source.file_stem().unwrap().to_str().unwrap();
    let program = directory.join(format!("{name}{}", width.len()));
    let output = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()))
        .args(["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-g", "-pthread"])
        .args(width)
        .arg("-I")
        .arg(include())
        .arg(source)
        .arg("-o")
        .arg(&program)
        .arg("-L")
        .arg(directory)
        .args(["-lclusapi"])
        .arg(format!("-Wl,-rpath,{}", directory.display()))
        .output()
        .expect("a C compiler is needed: install build-essential, or set CC");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    program
}
