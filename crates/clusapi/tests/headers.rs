//! Each header stands alone, and headers may come in any order, without a warning.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod library;

use std::io::Write;
use std::process::{Command, Stdio};

use library::include;

/// Every header that a program includes by its name.
fn headers() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(include())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".h"))
        .collect();
    names.sort();
    assert!(names.len() >= 10, "{names:?}");
    names
}

/// Whether a program that only includes headers compiles, and what the compiler says.
fn compiles(language: &str, arguments: &[&str], headers: &[String]) -> (bool, String) {
    let (variable, usual) = if language == "c" { ("CC", "cc") } else { ("CXX", "c++") };
    let mut compiler = Command::new(std::env::var_os(variable).unwrap_or_else(|| usual.into()))
        .args(["-Wall", "-Wextra", "-Wpedantic", "-fsyntax-only"])
        .args(arguments)
        .arg("-I")
        .arg(include())
        .args(["-x", language, "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a compiler is needed: install build-essential, or set CC and CXX");
    let mut program = compiler.stdin.take().unwrap();
    for header in headers {
        writeln!(program, "#include <{header}>").unwrap();
    }
    writeln!(program, "int main(void) {{ return 0; }}").unwrap();
    drop(program);
    let ended = compiler.wait_with_output().unwrap();
    (ended.status.success(), String::from_utf8_lossy(&ended.stderr).into_owned())
}

#[track_caller]
fn check(language: &str, arguments: &[&str], headers: &[String]) {
    let (is_good, said) = compiles(language, arguments, headers);
    assert!(is_good && said.is_empty(), "{language} {arguments:?} {headers:?}: {said}");
}

#[test]
fn each_header_stands_alone() {
    for header in headers() {
        for arguments in [&["-std=c99"][..], &["-std=c11"], &["-std=c17", "-fshort-wchar"]] {
            check("c", arguments, std::slice::from_ref(&header));
        }
        for version in ["-std=c++11", "-std=c++20"] {
            check("c++", &[version, "-DMAINSTAY_NO_SAL"], std::slice::from_ref(&header));
        }
    }
    // With the SAL words, and so with the headers of C++ that have to be read before.
    check("c++", &["-std=c++17"], &["resapi.h".to_owned()]);
}

/// With each header first, and the others behind it forwards and backwards.
#[test]
fn headers_come_in_any_order() {
    let mut order = headers();
    for _ in 0..order.len() {
        order.rotate_left(1);
        let mut backwards = order.clone();
        backwards[1..].reverse();
        for order in [&order, &backwards] {
            check("c", &["-std=c99"], order);
            check("c++", &["-std=c++11", "-DMAINSTAY_NO_SAL"], order);
        }
    }
}

/// The documentation says so.
#[test]
fn older_versions_of_cpp_are_refused() {
    let (is_good, said) = compiles("c++", &["-std=c++98"], &["clusapi.h".to_owned()]);
    assert!(!is_good && said.contains("error"), "{said}");
}
