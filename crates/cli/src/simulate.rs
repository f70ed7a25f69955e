//! `mainstay simulate`: hands its words to `mainstay-sim`, in whose place it is.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use clap::Args;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::program;

/// The simulator's program.
const SIMULATOR: &str = "mainstay-sim";
/// Where an installation has it, seen from the directory of `mainstay`.
const INSTALLED: &str = "../libexec/mainstay/mainstay-sim";
/// That directory, for people.
const INSTALLED_IN: &str = "libexec/mainstay";

/// What the simulator is to do.
#[derive(Debug, Args)]
pub struct SimulateArguments {
    /// Scenario files, or options of the simulator; `mainstay simulate --help` has them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "WORD")]
    pub words: Vec<OsString>,
}

pub(crate) fn run(arguments: &SimulateArguments, context: &Context) -> Result<Exit, Failure> {
    // The simulator would not notice.
    context.output.check_open()?;
    let program = program::found(SIMULATOR, Some(INSTALLED));
    let mut words = arguments.words.clone();
    // What stands before its own words it does not see.
    if context.output.is_json() && !words.iter().any(|word| word == "--json") {
        words.push("--json".into());
    }
    let error = Command::new(&program).args(&words).exec();
    let way_out = format!(
        "install {SIMULATOR} beside this program, in {INSTALLED_IN} beside its directory, or in PATH"
    );
    Err(program::not_run(&program, &error, way_out))
}
