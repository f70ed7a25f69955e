//! `cargo xtask bench`: a throwaway cluster on the real disk, and `mainstay-bench` on it.

use xshell::cmd;

use crate::arguments::Arguments;
use crate::service::Service;
use crate::workspace::{Profile, Workspace, cargo, headline};
use crate::{Result, packages};

const HELP: &str = "\
Measures the service in a release build, with its database on the disk of the target directory. Each thing is measured
in turns with its floor: what the machine can do at best for the same end.

Prints a table, and writes target/bench.json.

Usage: cargo xtask bench [OPTION]...

Options:
  --rounds N     How many rounds; each number is the median of them [default: 5]
  --only NAME    Only the row of this name: offline, state, enter, memory, applications, agents or
                 placement
";

pub(crate) fn run(workspace: &Workspace, mut arguments: Arguments) -> Result {
    if arguments.help(HELP) {
        return Ok(());
    }
    let mut options = Vec::new();
    for name in ["--rounds", "--only"] {
        if let Some(value) = arguments.value(name)? {
            options.extend([name.to_owned(), value]);
        }
    }
    arguments.end()?;
    packages::require(packages::FOR_C)?;
    packages::offer(packages::FOR_BENCH);

    headline("building");
    let shell = workspace.shell()?;
    let built = workspace.build(Profile::Release)?;
    let cargo = cargo();
    cmd!(shell, "{cargo} build --release --package mainstay-bench").quiet().run()?;
    // Not where temporary files go: that may be memory, on which a commit costs nothing.
    let directory = tempfile::Builder::new().prefix("bench-").tempdir_in(&workspace.target_dir)?;
    let directory = directory.path();
    let library = directory.join("libenter_type.so");
    let include = workspace.root.join("include");
    let source = "bench/type/enter_type.c";
    cmd!(shell, "cc -O2 -Wall -Wextra -Werror -shared -fPIC -I {include} -o {library} {source}")
        .quiet()
        .run()?;

    headline("measuring");
    let mut service = Service::start(&built, directory)?;
    let (program, pid) = (built.program("mainstay-bench"), service.pid().to_string());
    let (socket, output) = (service.socket(), workspace.target_dir.join("bench.json"));
    let measured = cmd!(shell, "{program} --socket {socket} --service-pid {pid} --type-library {library}")
        .args(["--directory".as_ref(), directory, "--output".as_ref(), output.as_ref()])
        .args(options)
        .quiet()
        .run();
    let ended = service.end();
    if let Err(error) = measured {
        service.show_log();
        return Err(error.into());
    }
    println!("written to {}", output.display());
    ended
}
