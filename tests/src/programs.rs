//! Where the programs under test are: where `cargo xtask test` has built them, or beside this test.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;

use mainstay_process::{Process, Signal};

use crate::HANG;

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

/// What a command that ends by itself has printed. One that does not is killed, and the test fails.
pub fn output_of(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let process = Process::open(i32::try_from(child.id()).unwrap()).unwrap();
    let (sender, ended) = mpsc::channel();
    thread::spawn(move || drop(sender.send(child.wait_with_output())));
    if let Ok(output) = ended.recv_timeout(HANG) {
        return output.unwrap();
    }
    let _ = process.signal(Signal::KILL);
    panic!("{command:?} has not ended after {HANG:?}");
}
