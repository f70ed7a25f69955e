//! Where the programs under test are: where `cargo xtask test` has built them, or beside this test.

use std::path::PathBuf;

/// One of the programs.
pub fn program(name: &str) -> PathBuf {
    let path = directory("MAINSTAY_PROGRAM_DIR").join(name);
    assert!(path.is_file(), "{} is not built; run the tests by: cargo xtask test", path.display());
    path
}

/// The directory that `libclusapi.so` is in.
pub fn library() -> PathBuf {
    directory("MAINSTAY_LIBRARY_DIR")
}

fn directory(variable: &str) -> PathBuf {
    match std::env::var_os(variable) {
        Some(directory) => directory.into(),
        // target/debug/deps/end-to-end-… is two below target/debug.
        None => std::env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned(),
    }
}
