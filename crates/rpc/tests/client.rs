//! The blocking client, against our server and against worse ones.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's own helpers may fail the test")]

mod common;

use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;
use std::time::Duration;

use common::{DEFER, ECHO, UNKNOWN, options, serve, serve_with};
use mainstay_rpc::oracle::INTERFACE;
use mainstay_rpc::{
    BlockingClient, CallError, ConnectError, ConnectOptions, FaultStatus, ServerLimits, SyntaxId,
};
use rustix::io::FdFlags;

/// Long enough for nothing: what is waited for in vain.
const IN_VAIN: Option<Duration> = Some(Duration::from_millis(20));

#[test]
fn calls_of_all_sizes_are_answered() {
    let server = serve();
    for answer_within in [options().answer_within, None, Some(Duration::MAX)] {
        let connect_within = answer_within.unwrap_or(options().connect_within);
        let options = ConnectOptions { connect_within, answer_within, ..options() };
        let mut client = BlockingClient::open(&server.path(), INTERFACE, &options).unwrap();
        for length in [0, 1, 40, 5816, 5817, 100_000, 8 * 1024 * 1024] {
            let stub: Vec<u8> = (0..length).map(|at| (at * 7) as u8).collect();
            assert!(client.call(ECHO, &stub).unwrap() == stub, "{length}");
        }
    }
    server.stop();
}

#[test]
fn a_fault_is_an_error_and_the_connection_lives() {
    let server = serve();
    let mut client = BlockingClient::open(&server.path(), INTERFACE, &options()).unwrap();
    let fault = client.call(UNKNOWN, b"");
    let status = FaultStatus::OPERATION_RANGE;
    assert!(
        matches!(fault, Err(CallError::Fault { status: s, may_have_run: false }) if s == status),
        "{fault:?}"
    );
    assert_eq!(client.call(ECHO, b"on").unwrap(), b"on");
    server.stop();
}

#[test]
fn a_late_answer_is_skipped() {
    let mut server = serve();
    let mut client = BlockingClient::open(&server.path(), INTERFACE, &options()).unwrap();
    server.expect_connected();
    let late = client.call_within(DEFER, b"", IN_VAIN);
    assert!(matches!(late, Err(CallError::TimedOut(_))), "{late:?}");
    assert_eq!(client.call(ECHO, b"before").unwrap(), b"before");
    server.expect_deferred().1.answer(b"late");
    assert_eq!(client.call(ECHO, b"after").unwrap(), b"after");
    assert!(client.is_usable());
    server.stop();
}

/// The server waits for us to read a large late answer before it takes more; the client must do so while it sends.
#[test]
fn a_large_call_and_a_large_late_answer_do_not_block_each_other() {
    let mut server = serve_with(ServerLimits { output_pause_bytes: 1000, ..ServerLimits::default() }, None);
    let mut client = BlockingClient::open(&server.path(), INTERFACE, &options()).unwrap();
    server.expect_connected();
    assert!(client.call_within(DEFER, b"", IN_VAIN).is_err());
    server.expect_deferred().1.answer(&vec![1; 5_000_000]);
    let stub = vec![2; 5_000_000];
    assert!(client.call(ECHO, &stub).unwrap() == stub);
    server.stop();
}

#[test]
fn a_connection_lost_in_flight_is_told_from_a_call_not_sent() {
    let mut server = serve();
    let mut client = BlockingClient::open(&server.path(), INTERFACE, &options()).unwrap();
    server.expect_connected();
    let calling = thread::spawn(move || {
        let lost = client.call(DEFER, b"");
        (client, lost)
    });
    server.expect_deferred().1.fault(FaultStatus(1234));
    let (mut client, fault) = calling.join().unwrap();
    assert!(matches!(fault, Err(CallError::Fault { status: FaultStatus(1234), .. })), "{fault:?}");

    let calling = thread::spawn(move || {
        let lost = client.call(DEFER, b"");
        (client, lost)
    });
    let (_call, _never_answered) = server.expect_deferred();
    server.begin_stop();
    let (mut client, lost) = calling.join().unwrap();
    assert!(matches!(lost, Err(CallError::Lost(_))), "{lost:?}");
    assert!(!client.is_usable());
    let not_sent = client.call(ECHO, b"");
    assert!(matches!(not_sent, Err(CallError::NotSent(_))), "{not_sent:?}");
    server.finish();
}

#[test]
fn a_connection_closed_while_idle_means_not_sent() {
    let mut server = serve();
    let mut client = BlockingClient::open(&server.path(), INTERFACE, &options()).unwrap();
    server.begin_stop();
    server.expect_connected();
    server.finish();
    assert!(client.is_usable());
    let not_sent = client.call(ECHO, &[0; 10_000]);
    assert!(matches!(not_sent, Err(CallError::NotSent(_))), "{not_sent:?}");
    assert!(!client.is_usable());
}

#[test]
fn an_interface_that_is_not_served_is_said_so() {
    let server = serve();
    let rejected = BlockingClient::open(&server.path(), SyntaxId::NDR, &options());
    assert!(matches!(rejected, Err(ConnectError::Rejected { result: 2, reason: 1 })), "{rejected:?}");
    server.stop();
}

#[test]
fn nobody_listens() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rpc");
    let missing = BlockingClient::connect(&path, &options());
    assert!(
        matches!(&missing, Err(ConnectError::Socket(error)) if error.kind() == std::io::ErrorKind::NotFound),
        "{missing:?}"
    );
    drop(UnixListener::bind(&path).unwrap());
    let dead = BlockingClient::connect(&path, &options());
    assert!(
        matches!(&dead, Err(ConnectError::Socket(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused),
        "{dead:?}"
    );
}

#[test]
fn a_server_that_does_nothing_is_not_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rpc");
    let listener = UnixListener::bind(&path).unwrap();
    let hurried = ConnectOptions { connect_within: Duration::from_millis(20), ..options() };
    // It does not answer the bind.
    let mute = BlockingClient::open(&path, INTERFACE, &hurried);
    assert!(matches!(mute, Err(ConnectError::TimedOut(_))), "{mute:?}");
    // It does not even accept: with a backlog of none, one connection waits and the next does not fit.
    rustix::net::listen(&listener, 0).unwrap();
    let waiting: Vec<_> = (0..3).map(|_| BlockingClient::connect(&path, &hurried)).collect();
    assert!(matches!(waiting.last(), Some(Err(ConnectError::TimedOut(_)))), "{waiting:?}");
}

#[test]
fn a_server_that_takes_no_arguments_is_not_waited_for() {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let server = thread::spawn(move || {
        answer_bind(&mut theirs);
        theirs
    });
    let mut client = BlockingClient::from_stream(ours, &options());
    client.bind(INTERFACE).unwrap();
    let _silent = server.join().unwrap();
    let stuck = client.call_within(ECHO, &vec![0; 5_000_000], IN_VAIN);
    assert!(matches!(stuck, Err(CallError::NotSent(_))), "{stuck:?}");
    assert!(!client.is_usable());
}

#[test]
fn a_server_that_speaks_nonsense_is_left() {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let server = thread::spawn(move || {
        answer_bind(&mut theirs);
        let mut request = [0; 24];
        theirs.read_exact(&mut request).unwrap();
        theirs.write_all(b"220 mail.example.org ESMTP\r\n").unwrap();
    });
    let mut client = BlockingClient::from_stream(ours, &options());
    client.bind(INTERFACE).unwrap();
    let nonsense = client.call(ECHO, b"");
    assert!(matches!(nonsense, Err(CallError::Protocol(_))), "{nonsense:?}");
    assert!(!client.is_usable());
    server.join().unwrap();
}

#[test]
fn the_descriptor_is_closed_by_exec() {
    let server = serve();
    let client = BlockingClient::open(&server.path(), INTERFACE, &options()).unwrap();
    assert!(rustix::io::fcntl_getfd(client.as_fd()).unwrap().contains(FdFlags::CLOEXEC));
    server.stop();
}

/// Reads a bind and accepts it, as any server would.
fn answer_bind(stream: &mut UnixStream) {
    use mainstay_rpc::pdu::{BindAck, ContextResult, ContextVerdict, Flags, Header};
    let mut header = [0; 16];
    stream.read_exact(&mut header).unwrap();
    let header = Header::decode(&header).unwrap();
    let mut rest = vec![0; usize::from(header.fragment_length) - 16];
    stream.read_exact(&mut rest).unwrap();
    let accepted = ContextResult { verdict: ContextVerdict::Accepted, transfer_syntax: SyntaxId::NDR };
    let ack = BindAck {
        max_transmit_bytes: 4280,
        max_receive_bytes: 4280,
        association_group: 1,
        secondary_address: Vec::new(),
        results: vec![accepted],
    };
    let mut answer = Vec::new();
    ack.write_bind_ack(&mut answer, Flags::WHOLE, header.call_id);
    stream.write_all(&answer).unwrap();
}
