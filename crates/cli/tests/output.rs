//! What goes where: data and the rest, colour, closed pipes, the journal's pages, completions.
#![allow(clippy::unwrap_used, reason = "tests")]

mod fake;

use std::process::{Command, Stdio};

use fake::*;
use mainstay_types::Status;
use mainstay_types::operation::End;
use mainstay_types::order::Cause;
use mainstay_types::own_codes::read_journal;

fn records(numbers: impl Iterator<Item = u64>) -> Step {
    let record = |number: u64| {
        let mut record = record(Some(End::Done));
        record.id.number = number;
        serde_json::to_string(&record).unwrap()
    };
    texts(read_journal::RECORDS, numbers.map(record).collect())
}

#[test]
fn a_closed_pipe_is_no_error() {
    let fake = Fake::start();
    fake.on(JOURNAL, [Step::Hold]);
    let mut command = fake.command(&["journal"]);
    let mut command = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    fake.wait_for_held(1);
    // Nobody reads any more before the first byte is written.
    drop(command.stdout.take());
    let Step::List(list) = records((1..50).rev()) else { unreachable!() };
    fake.release(&list);
    let ran: Ran = command.wait_with_output().unwrap().into();
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}

/// The command with a standard output that only a shell can make.
fn redirected(fake: &Fake, words: &[&str], redirection: &str) -> Command {
    let command = fake.command(words);
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &format!("exec \"$0\" \"$@\" 1{redirection}")]).arg(command.get_program());
    shell.args(command.get_args()).env_clear().stdin(Stdio::null());
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell
}

#[test]
fn what_cannot_be_written_is_an_error() {
    let fake = Fake::start();
    fake.on(JOURNAL, [records(1..2)]);
    fake.on(STATUS, [glance()]).on(LIST_OPERATIONS, [operations([record(None)])]);
    fake.on(SUBMIT, [accepted()]).on(WAIT, [Step::List(waited(Some(End::Done)))]);
    fake.on(CONFIGURE, [made(0, "")]);
    let nothing = "what the command did stands";
    for (words, way_out) in [
        ("journal", nothing),
        ("status", nothing),
        ("resource list", nothing),
        ("resource list --json", nothing),
        ("group list", nothing),
        ("node list", nothing),
        ("type list", nothing),
        ("operation list", nothing),
        ("operation show 1-42", nothing),
        ("resource create new --group g --type T", nothing),
        ("completions bash", nothing),
        ("--help", nothing),
        ("resource offline --help", nothing),
        ("--version", nothing),
        ("resource offline db", "'mainstay operation show 1-42' tells what became of it"),
        ("resource offline db --no-wait", "'mainstay operation show 1-42' tells what became of it"),
        ("resource offline db --json", "'mainstay operation show 1-42' tells what became of it"),
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let words: Vec<&str> = words.split_whitespace().collect();
        let ran: Ran = fake.command(&words).stdout(full).output().unwrap().into();
        let closed: Ran = redirected(&fake, &words, ">&-").output().unwrap().into();
        for (ran, cause) in
            [(ran, "No space left on device (os error 28)"), (closed, "Bad file descriptor (os error 9)")]
        {
            assert_eq!(ran.code, 6, "{words:?}: {}", ran.err);
            let cause = format!("standard output cannot be written: {cause}");
            assert!(ran.err.contains(&cause) && ran.err.contains(way_out), "{words:?}: {}", ran.err);
            assert_eq!(ran.err.lines().count(), 1, "{words:?}: {}", ran.err);
        }
    }
    let closed: Ran = redirected(&fake, &["simulate", "--help"], ">&-").output().unwrap().into();
    assert_eq!(closed.code, 6, "{}", closed.err);
    // Neither is a standard output that swallows everything, nor a command that has nothing to say.
    for (words, redirection) in [(&["status"][..], "<>/dev/null"), (&["frobnicate"], ">&-")] {
        let ran: Ran = redirected(&fake, words, redirection).output().unwrap().into();
        assert_eq!(ran.code, if words == ["status"] { 0 } else { 2 }, "{words:?}: {}", ran.err);
    }
}

#[test]
fn nothing_from_outside_steers_the_terminal() {
    let fake = Fake::start();
    let evil = "a\x1b[2J\x07\u{202e}b";
    let mut recorded = record(Some(End::Failed(Cause { status: Status(5), text: evil.into() })));
    recorded.name = evil.into();
    recorded.reason_text = evil.into();
    recorded.instructions = evil.into();
    recorded.asker.account = evil.into();
    let document = serde_json::to_string(&recorded).unwrap();
    fake.on(JOURNAL, [texts(read_journal::RECORDS, vec![document.clone()])]);
    fake.on(LIST_OPERATIONS, [operations([recorded])]);
    fake.on(SUBMIT, [submitted(5960, "", evil)]);
    let missing = format!("/{evil}");
    for words in [
        &["journal"][..],
        &["operation", "list"],
        &["resource", "offline", evil],
        &["resource", "set", evil, evil],
        &["resource", "offline", "db", "--buffer-file", &missing],
        &["resource", "offline", "db", "--property", evil],
        &["--socket", &missing, "status"],
        &[evil],
        &["resource", "offline", "db", "--timeout", evil],
        &["operation", "show", evil],
        &["completions", evil],
    ] {
        // The worst case: colour is wanted.
        let ran: Ran = fake.command(words).env("CLICOLOR_FORCE", "1").output().unwrap().into();
        for text in [&ran.out, &ran.err] {
            let steers = text.contains("\x1b[2J") || text.contains('\x07') || text.contains('\u{202e}');
            assert!(!steers, "{words:?}: {text:?}");
        }
        assert!(ran.out.contains("202e") || ran.err.contains("202e"), "it is shown: {words:?}: {ran:?}");
    }
}

#[test]
fn colour_comes_only_when_it_is_wanted() {
    let fake = Fake::start();
    fake.on(JOURNAL, [records(1..2)]);
    let colored = |variables: &[(&str, &str)], words: &[&str]| {
        let output = fake.command(words).envs(variables.iter().copied()).output().unwrap();
        output.stdout.contains(&0x1b)
    };
    assert!(!colored(&[], &["journal"]), "no terminal, no colour");
    assert!(colored(&[("CLICOLOR_FORCE", "1")], &["journal"]));
    assert!(!colored(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &["journal"]));
    assert!(!colored(&[("CLICOLOR_FORCE", "1")], &["--no-color", "journal"]));
    assert!(!colored(&[("CLICOLOR_FORCE", "1")], &["journal", "--no-color"]));
    assert!(colored(&[("CLICOLOR_FORCE", "1")], &["--help"]));
    assert!(!colored(&[("CLICOLOR_FORCE", "1")], &["--no-color", "--help"]));
}

#[test]
fn the_journal_is_read_in_pages() {
    let fake = Fake::start();
    fake.on(JOURNAL, [records((502..=1001).rev()), records((402..=501).rev()), records(1..1)]);
    fake.on(STATUS, [glance()]);
    let ran = fake.mainstay(&["journal", "db", "--limit", "600", "--before", "1002", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let document: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(document.as_array().unwrap().len(), 600);
    let mut asked = fake.inputs(JOURNAL).iter().map(|list| list.show(200)).collect::<Vec<_>>();
    // Asked again with more room.
    asked.dedup();
    assert_eq!(
        asked,
        [
            "Object=\"db\" (sz), Limit=500 (dword), Before=\"1-1002\" (sz)",
            "Object=\"db\" (sz), Limit=100 (dword), Before=\"1-502\" (sz)",
        ]
    );
}

#[test]
fn an_empty_journal_is_said_to_be_empty_beside_the_data() {
    let fake = Fake::start();
    fake.on(JOURNAL, [records(1..1)]);
    let ran = fake.mainstay(&["journal"]);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "", "mainstay: nothing is recorded\n"));
    assert_eq!(fake.mainstay(&["journal", "--json"]).out, "[]\n");
}

/// What is neither there nor recorded is refused; what was deleted is shown as long as it is recorded.
#[test]
fn an_object_that_never_was_is_refused() {
    let fake = Fake::start();
    fake.on(STATUS, [glance()]).on(LIST_OPERATIONS, [operations([])]);
    for words in ["journal nosuch", "journal nosuch --json", "operation list nosuch"] {
        fake.on(JOURNAL, [records(1..1)]);
        let ran = fake.mainstay(&words.split_whitespace().collect::<Vec<_>>());
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{words}: {}", ran.err);
        let said = "there is no resource or other object 'nosuch', and none is recorded";
        assert!(ran.err.contains(said) && ran.err.contains("5007"), "{words}: {}", ran.err);
    }
    assert_eq!(fake.mainstay(&["journal", "--limit", "0"]).code, 2);
    // By name in any case, or id: resource, group, node, type, the cluster.
    for known in ["DB", "0F1E2D3C-4b5a-6978-8796-a5b4c3d2e1f0", "g", "n1", "1", "generic application", "demo"]
    {
        fake.on(JOURNAL, [records(1..1)]);
        let ran = fake.mainstay(&["journal", known]);
        assert_eq!((ran.code, ran.err.as_str()), (0, "mainstay: nothing is recorded\n"), "{known}");
    }
    // Deleted, and all its records are older or younger than what was asked for.
    fake.on(JOURNAL, [records(1..1), records(1..2)]);
    let ran = fake.mainstay(&["journal", "gone", "--before", "1-1"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, "mainstay: nothing is recorded\n"));
}

#[test]
fn documents_that_cannot_be_understood_are_an_error() {
    let fake = Fake::start();
    fake.on(STATUS, [Step::List(mainstay_proplist::PropertyList::new().with("Status", "{]"))]);
    let ran = fake.mainstay(&["status"]);
    assert_eq!(ran.code, 5);
    assert!(
        ran.err.starts_with("mainstay: the service's status document cannot be understood: "),
        "{}",
        ran.err
    );
}

#[test]
fn completions_are_scripts() {
    let fake = Fake::start();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = fake.mainstay(&["completions", shell]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        assert!(ran.out.contains("mainstay") && ran.out.contains("keep-persistent-state"), "{shell}");
    }
}

#[test]
fn with_json_a_complaint_about_the_command_line_is_json_too() {
    let fake = Fake::start();
    for (words, said, way_out) in [
        ("resource offline --json", "<NAME>", "Usage: mainstay resource offline"),
        ("--json resource offline db --timeout abc", "'abc' for '--timeout", "--help"),
        ("operation show x --json", "'x' for '<ID>'", "--help"),
        ("resource ofline db --json", "'ofline'", "offline"),
        ("--json", "requires a subcommand", "Usage: mainstay"),
        ("status --json=yes", "unexpected value 'yes' for '--json'", "Usage: mainstay"),
        ("resource offline --json=", "'--json'", "Usage: mainstay"),
        ("--json resource", "names no command", "mainstay --help"),
    ] {
        let words: Vec<&str> = words.split(' ').collect();
        let ran = fake.mainstay(&words);
        assert_eq!((ran.code, ran.out.as_str(), ran.err.lines().count()), (2, "", 1), "{words:?}: {ran:?}");
        let document: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
        let error = &document["error"];
        assert!(error["message"].as_str().unwrap().contains(said), "{words:?}: {ran:?}");
        assert!(error["way_out"].as_str().unwrap().contains(way_out), "{words:?}: {ran:?}");
        assert_eq!((&error["exit"], &error["status"]), (&serde_json::json!(2), &serde_json::Value::Null));
    }
    // Help is what was asked for, and behind -- a word is a name.
    let help = fake.mainstay(&["--json", "--help"]);
    assert!(help.code == 0 && help.out.contains("Usage:") && help.err.is_empty(), "{help:?}");
    let name = fake.mainstay(&["resource", "offline", "db", "x", "--", "--json"]);
    assert!(name.code == 2 && name.err.starts_with("error: "), "{name:?}");
}
