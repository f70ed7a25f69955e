//! `mainstay`: the command.
//!
//! Owns the one thing that has to be looked at before Rust's runtime begins: it opens `/dev/null` wherever a standard
//! descriptor is closed, so that no file gets its number, and then nobody can tell that what is written is lost.
#![deny(unsafe_code)]

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the command was started without a standard output.
static STDOUT_IS_CLOSED: AtomicBool = AtomicBool::new(false);

/// The C runtime calls what is in this section before `main`, and so before Rust's runtime.
#[used]
#[allow(unsafe_code, reason = "nothing else runs early enough")]
// SAFETY: the section holds pointers to functions that may be called so; this one needs no runtime.
#[unsafe(link_section = ".init_array")]
static LOOK: extern "C" fn() = look_at_stdout;

extern "C" fn look_at_stdout() {
    #[allow(unsafe_code, reason = "the safe wrappers want a descriptor that is open")]
    // SAFETY: F_GETFD takes any number, reads no memory and changes nothing.
    let flags = unsafe { libc::fcntl(libc::STDOUT_FILENO, libc::F_GETFD) };
    STDOUT_IS_CLOSED.store(flags == -1, Ordering::Relaxed);
}

fn main() -> ExitCode {
    mainstay_cli::run(std::env::args_os(), STDOUT_IS_CLOSED.load(Ordering::Relaxed)).into()
}
