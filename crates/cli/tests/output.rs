//! What goes where: data and the rest, colour, closed pipes, the journal's pages, completions, cluster create.
#![allow(clippy::unwrap_used, reason = "tests")]

mod fake;

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use fake::*;
use mainstay_types::operation::End;
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

#[test]
fn what_cannot_be_written_is_an_error() {
    let fake = Fake::start();
    fake.on(JOURNAL, [records(1..2)]);
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let ran: Ran = fake.command(&["journal"]).stdout(full).output().unwrap().into();
    assert_eq!(ran.code, 5);
    assert!(ran.err.starts_with("mainstay: standard output cannot be written: "), "{}", ran.err);
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

/// `cluster create` runs the program in PATH, gives on what it says, and ends as it ends.
#[test]
fn a_cluster_is_made_by_the_service_program() {
    let fake = Fake::start();
    let program = fake.directory().join("mainstayd");
    // Beside the tested command there may be a real one, which is found first.
    let copy = fake.directory().join("bin");
    std::fs::create_dir(&copy).unwrap();
    std::fs::copy(env!("CARGO_BIN_EXE_mainstay"), copy.join("mainstay")).unwrap();
    let run = |script: &str, words: &[&str]| -> Ran {
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = std::process::Command::new(copy.join("mainstay"));
        command.args(words).env_clear().env("PATH", fake.directory()).output().unwrap().into()
    };
    let words = ["cluster", "create", "shop", "--data-dir", "/d", "--node", "n1"];
    let ran = run("echo \"$*\"", &words);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(
        ran.out,
        "cluster 'shop' made in /d (create --data-dir /d --node n1 -- shop)\nserve it with: mainstayd --data-dir /d\n"
    );
    let ran = run("echo 'mainstayd: there is one' >&2; exit 1", &words);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (1, "", "mainstayd: there is one\n"));
    assert_eq!(run("exit 2", &words).code, 2);
    std::fs::remove_file(&program).unwrap();
    let mut command = std::process::Command::new(copy.join("mainstay"));
    let ran: Ran = command.args(words).env_clear().env("PATH", fake.directory()).output().unwrap().into();
    assert_eq!(ran.code, 1);
    assert!(ran.err.ends_with("; install mainstayd beside this program or in PATH\n"), "{}", ran.err);
}
