//! `cargo xtask demo`: the whole of it on one page, observed from outside and told as a story.
//!
//! Every sentence that claims something comes after a look at the thing itself: the process table, the state that the
//! service tells, the journal. Whatever is not as claimed ends the task with an error, and everything that was started
//! is ended in every case.

mod cast;
mod json;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::arguments::Arguments;
use crate::service::Service;
use crate::workspace::{Built, LIBRARY, Profile, Workspace, headline, show};
use crate::{Result, packages};
use cast::Cast;

const HELP: &str = "\
Builds Mainstay, starts a throwaway cluster of one node, brings a real process online as a cluster resource, and takes it
offline through OfflineClusterResourceEx, called by examples/offline-client/offline.c. Looks at everything that should
happen, ends with 0 only if all of it did, and leaves nothing behind.

Usage: cargo xtask demo
";

/// The names in the story.
const GROUP: &str = "DemoGroup";
const RESOURCE: &str = "DemoResource";
const DEPENDENT: &str = "DemoDependent";
/// The name that the resource type in examples/demo-type knows itself by.
const DEMO_TYPE: &str = "dummy";

/// What the client sends along: the demonstration type's instruction to save before it stops.
const INSTRUCTION: &str = "1";

/// The dependent's stop takes so long, so that one can see the states pass.
const DEPENDENT_STOP_MS: u32 = 600;

/// How long the resource's process may take to say who it is.
const PROCESS_WITHIN: Duration = Duration::from_secs(30);

/// How long the process may still be seen after its resource is offline. Offline means that nothing is left, so this
/// only bounds the look.
const GONE_WITHIN: Duration = Duration::from_secs(1);

pub(crate) fn run(workspace: &Workspace, arguments: Arguments) -> Result {
    if arguments.help(HELP) {
        return Ok(());
    }
    arguments.end()?;
    packages::require(packages::FOR_C)?;

    headline("Building");
    let built = workspace.build(Profile::Release)?;
    let directory = tempfile::Builder::new().prefix("mainstay-demo-").tempdir()?;
    let cast = Cast::prepare(workspace, &built, directory.path())?;

    headline("A throwaway cluster");
    let mut service = Service::start(&built, directory.path())?;
    say(&format!(
        "mainstayd --dev is process {} and serves on {}",
        service.pid(),
        service.socket().display()
    ));

    let story = tell(&built, &service, &cast);
    let ended = service.end();
    if let Err(error) = story {
        service.show_log();
        return Err(error);
    }
    ended?;
    headline("The end");
    say("The service was asked to end, and has. Its socket and its directory are gone.");
    say("All of this was observed. Read on in README.md.");
    Ok(())
}

/// Everything that happens while the service runs.
fn tell(built: &Built, service: &Service, cast: &Cast) -> Result {
    let mainstay = |arguments: &[&str]| service.mainstay(built, arguments);
    let state = |name: &str| -> Result<String> {
        json::state(&service.mainstay_quietly(built, &["resource", "show", name, "--json"])?)
    };

    headline("Two resources: a real process, and a resource type in C that depends on it");
    let library = format!("{}", cast.type_library.display());
    mainstay(&["type", "create", DEMO_TYPE, "--library", &library])?;
    mainstay(&["group", "create", GROUP])?;
    let command_line = format!("CommandLine={}", cast.program.display());
    let create = |name, type_name| ["resource", "create", name, "--group", GROUP, "--type", type_name];
    mainstay(&[&create(RESOURCE, "Generic Application")[..], &["--property", &command_line]].concat())?;
    let saved = format!("SavedFile={}", cast.saved_file.display());
    let delay = format!("OfflineDelayMs={DEPENDENT_STOP_MS}");
    mainstay(&[&create(DEPENDENT, DEMO_TYPE)[..], &["--property", &saved, "--property", &delay]].concat())?;
    mainstay(&["resource", "depend", DEPENDENT, RESOURCE])?;

    headline("Online");
    mainstay(&["resource", "online", RESOURCE])?;
    let process = cast.process(PROCESS_WITHIN)?;
    say(&format!("The resource's process is {}: {}", process.pid, process.command_line()?));
    mainstay(&["resource", "online", DEPENDENT])?;
    for name in [RESOURCE, DEPENDENT] {
        expect(name, &state(name)?, "Online")?;
    }
    mainstay(&["status"])?;

    headline("OfflineClusterResourceEx, called by a program in C");
    let output = run_client(built, service, &cast.client)?;
    expect_line(&output, "OfflineClusterResourceEx: 997", "the call was not accepted with ERROR_IO_PENDING")?;
    expect_line(&output, "state: OfflinePending", "the state was never seen to be pending")?;
    expect_line(&output, "state: Offline", "the resource was not seen to be offline")?;

    headline("What has become of it");
    for name in [RESOURCE, DEPENDENT] {
        expect(name, &state(name)?, "Offline")?;
        say(&format!("{name} is offline."));
    }
    process.must_be_gone(GONE_WITHIN)?;
    say(&format!("Process {} is gone.", process.pid));
    let saved = std::fs::read_to_string(&cast.saved_file)
        .map_err(|error| format!("{DEPENDENT} did not carry out the instruction to save: {error}"))?;
    say(&format!("{DEPENDENT} carried out the instruction that came with the call: \"{}\".", saved.trim()));
    let journal = service.mainstay_quietly(built, &["journal", RESOURCE, "--json"])?;
    json::expect_offline_record(&journal, RESOURCE)?;
    mainstay(&["journal", RESOURCE])?;
    Ok(())
}

/// Runs the client against the service and shows what it prints.
fn run_client(built: &Built, service: &Service, client: &Path) -> Result<String> {
    println!("   $ ./offline {RESOURCE} {INSTRUCTION}");
    let mut command = Command::new(client);
    command.args([RESOURCE, INSTRUCTION]).env("LD_LIBRARY_PATH", &built.library_dir);
    service.point_at_it(&mut command);
    let output = command.output().map_err(|error| format!("the client cannot be started: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    show(&text);
    show(&String::from_utf8_lossy(&output.stderr));
    if !output.status.success() {
        return Err(format!("the client linked with {LIBRARY} ended with {}", output.status).into());
    }
    Ok(text)
}

fn expect(name: &str, found: &str, expected: &str) -> Result {
    match json::is_same_state(found, expected) {
        true => Ok(()),
        false => Err(format!("{name} should be {expected} and is {found}").into()),
    }
}

fn expect_line(output: &str, line: &str, otherwise: &str) -> Result {
    match output.lines().any(|found| found == line) {
        true => Ok(()),
        false => Err(format!("{otherwise}: the client did not print \"{line}\"").into()),
    }
}

/// A sentence of the story.
fn say(text: &str) {
    println!("   {text}");
}
