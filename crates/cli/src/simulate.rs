//! `mainstay simulate`: hands its words to `mainstay-sim`, in whose place it is.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use clap::Args;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::clean;

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
    let program = program();
    let mut words = arguments.words.clone();
    // What stands before its own words it does not see.
    if context.output.is_json() && !words.iter().any(|word| word == "--json") {
        words.push("--json".into());
    }
    let error = Command::new(&program).args(&words).exec();
    let program = program.display().to_string();
    // Nothing was begun, so nothing is unknown.
    let message = format!("'{}' cannot be run: {error}", clean(&program));
    let way_out = format!(
        "install {SIMULATOR} beside this program, in {INSTALLED_IN} beside its directory, or in PATH"
    );
    Err(Failure::new(Exit::Refused, message).with_way_out(way_out))
}

/// Beside this program, where an installation has it, or wherever PATH has it.
fn program() -> PathBuf {
    let own = std::env::current_exe().ok();
    let directory = own.as_deref().and_then(|path| path.parent());
    let places =
        directory.into_iter().flat_map(|directory| [directory.join(SIMULATOR), directory.join(INSTALLED)]);
    places.into_iter().find(|path| path.is_file()).unwrap_or_else(|| PathBuf::from(SIMULATOR))
}
