//! What the library exports is what the headers declare, in both widths.

#![allow(clippy::unwrap_used, reason = "tests")]

mod library;

use std::collections::BTreeSet;
use std::process::Command;

/// The symbols that a header promises: `CLUSAPI(answer, Name, ...)`, and `CLUSAPI_WIDE(answer, Name, ...)` twice.
fn declared_by_clusapi(header: &str) -> BTreeSet<String> {
    let mut symbols = BTreeSet::new();
    for line in header.lines() {
        let (arguments, wide) = match (line.strip_prefix("CLUSAPI("), line.strip_prefix("CLUSAPI_WIDE(")) {
            (Some(arguments), _) => (arguments, false),
            (_, Some(arguments)) => (arguments, true),
            _ => continue,
        };
        let name = arguments.split(',').nth(1).unwrap().trim().to_owned();
        if wide {
            symbols.insert(format!("{name}_w4"));
        }
        symbols.insert(name);
    }
    symbols
}

/// The functions of windows.h: `answer WINAPI Name(...);`.
fn declared_by_windows(header: &str) -> BTreeSet<String> {
    header
        .lines()
        .filter(|line| line.ends_with(';'))
        .filter_map(|line| line.split_once(" WINAPI "))
        .map(|(_, rest)| rest.split('(').next().unwrap().to_owned())
        .collect()
}

fn exported() -> BTreeSet<String> {
    let output = Command::new("nm")
        .args(["--dynamic", "--defined-only", "--format=posix"])
        .arg(library::library())
        .output()
        .expect("nm is needed: install binutils");
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

#[test]
fn exports_are_declarations() {
    let read = |name| std::fs::read_to_string(library::include().join(name)).unwrap();
    let clusapi = declared_by_clusapi(&read("clusapi.h"));
    let windows = declared_by_windows(&read("windows.h"));
    assert!(clusapi.len() > 80 && clusapi.contains("OpenCluster_w4") && clusapi.contains("CloseCluster"));
    assert!(windows.contains("GetLastError") && windows.contains("Sleep"), "{windows:?}");
    let declared: BTreeSet<_> = clusapi.union(&windows).cloned().collect();
    let exported = exported();
    let missing: Vec<_> = declared.difference(&exported).collect();
    let surplus: Vec<_> = exported.difference(&declared).collect();
    assert!(missing.is_empty(), "declared and not exported: {missing:?}");
    assert!(surplus.is_empty(), "exported and not declared: {surplus:?}");
}

#[test]
fn programs_ask_for_the_version() {
    let output = Command::new("readelf").arg("-d").arg(library::library()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("soname: [libclusapi.so.1]"), "{text}");
}
