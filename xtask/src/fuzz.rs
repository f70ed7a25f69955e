//! `cargo xtask fuzz`: mutated bytes for as long as one likes. The suite has the short form of it.

use xshell::cmd;

use crate::Result;
use crate::arguments::{Arguments, UsageError};
use crate::workspace::{Workspace, cargo};

/// Long enough to get past the corpus, short enough to wait for.
const SECONDS_DEFAULT: &str = "60";

const HELP: &str = "\
Feeds one decoder with mutated bytes, beginning with the corpus in fuzz/corpus. Inputs that reach new code are kept in
target/fuzz-corpus, those that break an oracle in fuzz/artifacts. Needs cargo-fuzz, once:

  cargo install cargo-fuzz --locked

It runs on the stable toolchain, without a sanitizer: the decoders have no unsafe code, and what must hold of them is
checked by the oracles in their crates.

Usage: cargo xtask fuzz [TARGET] [OPTION]... [-- LIBFUZZER-ARGUMENT...]

Without a target it lists them.

Options:
  --seconds N   How long [default: 60]
";

pub(crate) fn run(workspace: &Workspace, mut arguments: Arguments) -> Result {
    if arguments.help(HELP) {
        return Ok(());
    }
    let rest = arguments.rest();
    let seconds = arguments.value("--seconds")?.unwrap_or_else(|| SECONDS_DEFAULT.to_owned());
    if seconds.parse::<u32>().is_err() {
        return Err(UsageError(format!("--seconds {seconds} is no number of seconds")).into());
    }
    let target = arguments.word();
    arguments.end()?;

    let shell = workspace.shell()?;
    let targets = targets(workspace)?;
    let Some(target) = target else {
        println!("{}", targets.join("\n"));
        return Ok(());
    };
    if !targets.contains(&target) {
        let targets = targets.join(", ");
        return Err(UsageError(format!("there is no fuzz target {target}; there are {targets}")).into());
    }
    let cargo = cargo();
    if cmd!(shell, "{cargo} fuzz --version").quiet().ignore_stdout().ignore_stderr().run().is_err() {
        return Err("cargo-fuzz is missing; install it: cargo install cargo-fuzz --locked".into());
    }
    // What is found on the way goes into the first directory, so that the committed corpus stays small.
    let grown = workspace.target_dir.join("fuzz-corpus").join(&target);
    std::fs::create_dir_all(&grown)?;
    let corpus = format!("fuzz/corpus/{target}");
    // Coverage counters are the one thing of the unstable compiler that libFuzzer needs.
    cmd!(
        shell,
        "{cargo} fuzz run --sanitizer none {target} {grown} {corpus} -- -max_total_time={seconds} {rest...}"
    )
    .env("RUSTC_BOOTSTRAP", "1")
    .run()?;
    Ok(())
}

/// The names of the targets: those of their files.
fn targets(workspace: &Workspace) -> Result<Vec<String>> {
    let mut targets = Vec::new();
    for entry in std::fs::read_dir(workspace.root.join("fuzz/fuzz_targets"))? {
        let path = entry?.path();
        if let (Some("rs"), Some(stem)) =
            (path.extension().and_then(|it| it.to_str()), path.file_stem().and_then(|it| it.to_str()))
        {
            targets.push(stem.to_owned());
        }
    }
    targets.sort();
    Ok(targets)
}
