//! `cluster create`: the command that runs another program.
//!
//! The one test in here writes programs and runs them. Beside tests that start processes in other threads it would now
//! and then find its programs still open for writing (ETXTBSY).
#![allow(clippy::unwrap_used, reason = "tests")]

mod fake;

use std::os::unix::fs::PermissionsExt;

use fake::*;

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
