//! `mainstay-agent-tools`: what agents of the Open Cluster Framework call, under the names that they know.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    mainstay_cli::agent_tools::run(std::env::args_os())
}
