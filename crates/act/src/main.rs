//! `mainstay-act`: an agent that comes with Mainstay, `mainstay-act TYPE ACTION`, with its parameters in the environment.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    mainstay_act::run(std::env::args_os().skip(1), std::env::vars_os())
}
