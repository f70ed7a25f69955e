//! Programs in C, in both widths of wchar_t, against a service in this process.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../../client/tests/fake/mod.rs"]
mod fake;
mod library;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use fake::FakeServer;
use library::{WIDTHS, compile};

const CLOSE_RESOURCE: u16 = 11;
const OFFLINE_RESOURCE_EX: u16 = 136;

/// Runs a program that says itself what is wrong; gives back its server.
fn check(source: &str, width: &[&str]) -> FakeServer {
    let server = FakeServer::start();
    let directory = tempfile::tempdir().unwrap();
    let program = compile(directory.path(), source, width);
    let output = Command::new(program).env("MAINSTAY_SOCKET", server.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{source} {width:?}: {}\n{said}", output.status);
    assert!(said.ends_with("0 failures\n"), "{said}");
    server
}

#[test]
fn mistakes_and_their_errors() {
    for width in WIDTHS {
        let server = check("errors", width);
        let reasons: Vec<_> = (server.world().log.iter())
            .filter_map(|request| match request {
                mainstay_cmrp::Request::ClusterControl(request) => request.control.input.clone(),
                _ => None,
            })
            .filter_map(|input| {
                let list = mainstay_proplist::PropertyList::parse(&input).unwrap();
                list.text(mainstay_types::own_codes::submit::REASON).map(str::to_owned)
            })
            .collect();
        assert!(reasons.contains(&"the réason".to_owned()), "{reasons:?}");
    }
}

#[test]
fn notification_ports() {
    for width in WIDTHS {
        check("notify", width);
    }
}

/// A program that waits for the test at each step, and says how far it is.
struct Dialogue {
    program: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    _directory: tempfile::TempDir,
}

impl Dialogue {
    fn start(source: &str, server: &FakeServer) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut program = Command::new(compile(directory.path(), source, &[]))
            .env("MAINSTAY_SOCKET", server.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = program.stdin.take().unwrap();
        let output = BufReader::new(program.stdout.take().unwrap());
        Self { program, input, output, _directory: directory }
    }

    fn go_on(&mut self) {
        self.input.write_all(b"\n").unwrap();
    }

    fn hear(&mut self, expected: &str) {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        assert_eq!(line.trim_end(), expected);
    }

    fn end(mut self) {
        self.hear("0 failures");
        assert!(self.program.wait().unwrap().success());
    }
}

#[test]
fn a_service_that_dies_and_comes_back() {
    let mut server = FakeServer::start();
    server.world().hold.push(OFFLINE_RESOURCE_EX);
    let mut program = Dialogue::start("lost", &server);
    server.wait_for(OFFLINE_RESOURCE_EX);
    server.kill();
    server.run();
    program.hear("lost");
    assert_eq!(server.count(OFFLINE_RESOURCE_EX), 1, "a call in flight is not sent twice");
    program.go_on();
    program.hear("back");
    assert_eq!(server.count(OFFLINE_RESOURCE_EX), 2);
    server.kill();
    program.go_on();
    program.end();
}

/// How often the service dies under the storm.
const DEATHS: usize = 5;

#[test]
fn a_storm_of_calls_while_the_service_dies_and_comes_back() {
    let mut server = FakeServer::start();
    let mut program = Dialogue::start("storm", &server);
    for _ in 0..DEATHS {
        // Until calls get through again.
        server.world().log.clear();
        server.wait_for(OFFLINE_RESOURCE_EX);
        server.kill();
        server.run();
    }
    server.wait_for(OFFLINE_RESOURCE_EX);
    program.go_on();
    program.end();
}

#[test]
fn one_long_call_holds_up_nobody_else() {
    let server = FakeServer::start();
    server.world().hold.push(OFFLINE_RESOURCE_EX);
    let mut program = Dialogue::start("busy", &server);
    server.wait_for(OFFLINE_RESOURCE_EX);
    program.go_on();
    program.hear("free");
    // The closed handle was in use: it is given back once the call is through.
    server.release();
    program.end();
    let closed = server.count(CLOSE_RESOURCE);
    assert_eq!(closed, 3, "web on two connections, and db");
}
