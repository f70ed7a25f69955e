//! `mainstay`: the command.

use std::process::ExitCode;

fn main() -> ExitCode {
    mainstay_cli::run(std::env::args_os()).into()
}
