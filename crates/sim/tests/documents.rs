//! `mainstay-sim FILE...` as a program: text and documents, exit codes, the line that an error names.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

const PASSES: &str = "group g\nresource r\nat 1s online resource r\nexpect state r online\n";
const DIFFERS: &str = "group g\nresource r\nexpect state r online\n";

fn run(directory: &tempfile::TempDir, words: &[&str]) -> (i32, String) {
    let program = env!("CARGO_BIN_EXE_mainstay-sim");
    let ran = Command::new(program).current_dir(directory.path()).args(words).output().unwrap();
    (ran.status.code().unwrap(), String::from_utf8(ran.stdout).unwrap())
}

fn document(directory: &tempfile::TempDir, words: &[&str]) -> (i32, Value) {
    let (code, text) = run(directory, words);
    (code, serde_json::from_str(&text).expect(&text))
}

#[test]
fn what_came_of_files_is_a_document() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::write(path("a"), PASSES).unwrap();
    fs::write(path("b"), DIFFERS).unwrap();
    fs::write(path("c"), "group g\nresource r\nat 1s explode r\n").unwrap();
    let (code, found) = document(&directory, &["a", "--json"]);
    let passed = json!({ "path": "a", "passed": true, "differences": [], "error": null, "log": null });
    assert_eq!((code, &found), (0, &json!({ "files": [passed], "passed": 1, "failed": 0 })));
    let (code, found) = document(&directory, &["--json", "a", "b"]);
    assert_eq!(code, 4, "{found}");
    assert_eq!((&found["files"][0], &found["passed"], &found["failed"]), (&passed, &json!(1), &json!(1)));
    let difference = &found["files"][1]["differences"][0];
    assert_eq!(difference["line"], 3, "{found}");
    assert!(difference["text"].as_str().unwrap().contains("offline"), "{found}");
    let (code, found) = document(&directory, &["b", "c", "nowhere", "--json"]);
    assert_eq!(code, 1, "{found}");
    assert_eq!(found["files"][1]["error"]["line"], 3, "{found}");
    assert_eq!(found["files"][2]["error"]["line"], Value::Null, "{found}");
    assert_eq!(found["failed"], 3);
    let (_, found) = document(&directory, &["a", "--json", "--verbose"]);
    assert!(!found["files"][0]["log"].as_array().unwrap().is_empty(), "{found}");
}

#[test]
fn walks_are_documents_too() {
    let directory = tempfile::tempdir().unwrap();
    let (code, found) = document(&directory, &["--seed", "1", "--inputs", "20", "--json"]);
    assert_eq!((code, &found["passed"], &found["violation"]), (0, &json!(true), &Value::Null), "{found}");
    let (code, found) = document(&directory, &["--runs", "3", "--inputs", "20", "--json"]);
    assert_eq!((code, &found["runs"], &found["violated"]), (0, &json!(3), &json!(0)), "{found}");
}

#[test]
fn an_error_names_its_line_or_the_file_alone() {
    let directory = tempfile::tempdir().unwrap();
    let late = "group g\nresource r\nuntil 1s\nat 2s online resource r\nexpect state r online\n";
    let twice = "group g\nresource r\nuntil 1s\nuntil 2s\nexpect state r offline\n";
    let last = "group g\nresource r\nat 2s online resource r\nuntil 1s\nexpect state r online\n";
    for (text, expected) in [
        ("# nothing\n", "FAIL f: it describes no resource\n"),
        ("group g\nresource r\n", "FAIL f: it expects nothing; add a line 'expect ...'\n"),
        (late, "FAIL f: line 4: the step is after the end, which 'until' in line 3 says\n"),
        (twice, "FAIL f: line 4: the end is said in line 3 already\n"),
        (last, "FAIL f: line 4: the end is before the last step\n"),
    ] {
        fs::write(directory.path().join("f"), text).unwrap();
        let (code, said) = run(&directory, &["f"]);
        assert_eq!((code, said), (1, format!("{expected}0 passed, 1 failed\n")), "{text}");
    }
}
