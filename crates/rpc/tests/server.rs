//! The server's driver over a real Unix socket.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's own helpers may fail the test")]

mod common;

use std::io::Write;
use std::thread;
use std::time::Duration;

use common::{
    DEFER, DROP, ECHO, HOLD_UP, MANY, PANIC, PATIENCE, Seen, UNKNOWN, Wire, options, serve, serve_with,
};
use mainstay_rpc::association::client::{ClientAssociation, Event};
use mainstay_rpc::oracle::INTERFACE;
use mainstay_rpc::pdu::{Flags, RejectReason, write_request_fragment};
use mainstay_rpc::{BlockingClient, ConnectError, FaultStatus, Limits, Refusal, Server, ServerLimits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn limits() -> ServerLimits {
    ServerLimits { bind_within: PATIENCE, write_stall_max: PATIENCE, ..ServerLimits::default() }
}

#[test]
fn pipelined_calls_are_answered_in_order() {
    let mut server = serve();
    let mut wire = Wire::bound(&server.path());
    let wanted: Vec<_> = (0..100_u32)
        .map(|n| {
            let stub = vec![n as u8; n as usize * 97];
            (wire.call(ECHO, &stub), stub)
        })
        .collect();
    wire.send();
    for answer in wanted {
        assert!(wire.response() == answer);
    }
    server.expect_connected();
    server.stop();
}

#[test]
fn a_call_may_wait_while_others_are_answered() {
    let mut server = serve();
    let mut wire = Wire::bound(&server.path());
    server.expect_connected();
    let (first, second) = (wire.call(DEFER, b"first"), wire.call(DEFER, b"second"));
    let echo = wire.call(ECHO, b"now");
    wire.send();
    assert_eq!(wire.response(), (echo, b"now".to_vec()));

    let (call, first_reply) = server.expect_deferred();
    assert_eq!((call.call_id, &call.stub[..]), (first, &b"first"[..]));
    let (_, second_reply) = server.expect_deferred();
    second_reply.answer(b"earlier");
    assert_eq!(wire.response(), (second, b"earlier".to_vec()));

    wire.association.cancel(first);
    wire.send();
    assert!(matches!(server.seen(), Seen::Cancelled { call_id, .. } if call_id == first));
    first_reply.answer(b"later");
    assert_eq!(wire.response(), (first, b"later".to_vec()));
    server.stop();
}

#[test]
fn a_large_answer_from_elsewhere_needs_no_nudge() {
    let mut server = serve();
    let mut wire = Wire::bound(&server.path());
    server.expect_connected();
    let call = wire.call(DEFER, b"");
    wire.send();
    // More than the socket takes at once: the rest is the connection's task's.
    server.expect_deferred().1.answer(&vec![3; 5_000_000]);
    let (call_id, stub) = wire.response();
    assert_eq!((call_id, stub.len()), (call, 5_000_000));
    server.stop();
}

#[test]
fn an_answer_from_elsewhere_does_not_wait_for_a_handler() {
    let mut server = serve();
    let mut wire = Wire::bound(&server.path());
    server.expect_connected();
    let (deferred, held_up) = (wire.call(DEFER, b""), wire.call(HOLD_UP, b""));
    wire.send();
    let (_, reply) = server.expect_deferred();
    let Seen::HeldUp { release } = server.seen() else { panic!() };
    reply.answer(b"meanwhile");
    assert_eq!(wire.response(), (deferred, b"meanwhile".to_vec()));
    release.send(()).unwrap();
    assert_eq!(wire.response(), (held_up, b"held up".to_vec()));
    server.stop();
}

#[test]
fn threads_may_answer_as_they_like() {
    const CALLS: usize = 2000;
    // This client reads nothing while it writes, so the server must not wait for it to read.
    let mut server = serve_with(ServerLimits { output_pause_bytes: 1_000_000, ..limits() }, None);
    let mut wire = Wire::bound(&server.path());
    server.expect_connected();
    thread::scope(|scope| {
        let answering: Vec<_> = (0..4)
            .map(|_| {
                let (sender, receiver) = std::sync::mpsc::channel::<(Vec<u8>, mainstay_rpc::Reply)>();
                scope.spawn(move || receiver.iter().for_each(|(stub, reply)| reply.answer(&stub)));
                sender
            })
            .collect();
        let server = scope.spawn(move || {
            for n in 0..CALLS {
                let (call, reply) = server.expect_deferred();
                answering[n % answering.len()].send((call.stub, reply)).unwrap();
            }
            drop(answering);
            server
        });
        let mut outstanding = std::collections::HashMap::new();
        let mut sent = 0;
        let mut answered = 0;
        while answered < CALLS {
            while sent < CALLS && outstanding.len() < 100 {
                let stub = vec![sent as u8; sent * 7 % 9000];
                outstanding.insert(wire.call(DEFER, &stub), stub);
                outstanding.insert(wire.call(ECHO, b"between"), b"between".to_vec());
                sent += 1;
            }
            wire.send();
            let (call_id, stub) = wire.response();
            let wanted = outstanding.remove(&call_id).unwrap();
            assert!(stub == wanted);
            answered += usize::from(stub != b"between");
        }
        server.join().unwrap().stop();
    });
}

#[test]
fn an_unknown_operation_and_a_dropped_reply_are_faults() {
    let server = serve();
    let mut wire = Wire::bound(&server.path());
    for (opnum, wanted, ran) in
        [(UNKNOWN, FaultStatus::OPERATION_RANGE, false), (DROP, FaultStatus::CALL_FAILED, true)]
    {
        let call = wire.call(opnum, b"");
        wire.send();
        assert_eq!(wire.event(), Some(Event::Fault { call_id: call, status: wanted, may_have_run: ran }));
    }
    let echo = wire.call(ECHO, b"still here");
    wire.send();
    assert_eq!(wire.response(), (echo, b"still here".to_vec()));
    server.stop();
}

#[test]
fn a_malformed_pdu_costs_its_own_connection_only() {
    let mut server = serve();
    let mut good = Wire::bound(&server.path());
    let good_id = server.expect_connected();
    for garbage in [
        &b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"[..],
        &[0xff; 64],
        &[5, 0, 0, 3, 0x10, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0],
    ] {
        let mut bad = Wire::bound(&server.path());
        let bad_id = server.expect_connected();
        assert_ne!(good_id, bad_id);
        // An answer that was earned before the garbage still comes.
        let echo = bad.call(ECHO, b"before");
        bad.send();
        assert_eq!(bad.response(), (echo, b"before".to_vec()));
        bad.stream.write_all(garbage).unwrap();
        assert_eq!(server.expect_disconnected(), bad_id);
        while bad.event().is_some() {}

        let echo = good.call(ECHO, b"good");
        good.send();
        assert_eq!(good.response(), (echo, b"good".to_vec()));
    }
    server.stop();
}

#[test]
fn who_breaks_the_protocol_is_told() {
    let mut server = serve();
    let mut wire = Wire::bound(&server.path());
    server.expect_connected();
    let running = wire.call(DEFER, b"");
    wire.send();
    let (_call, reply) = server.expect_deferred();
    let mut again = Vec::new();
    write_request_fragment(&mut again, Flags::WHOLE, running, 0, 0, ECHO, b"");
    wire.stream.write_all(&again).unwrap();
    let status = FaultStatus::PROTOCOL_ERROR;
    assert_eq!(wire.event(), Some(Event::Fault { call_id: running, status, may_have_run: false }));
    assert_eq!(wire.event(), None);
    server.expect_disconnected();
    reply.answer(b"to nobody");
    server.stop();
}

#[test]
fn a_client_may_leave_with_calls_outstanding() {
    let mut server = serve();
    let mut wire = Wire::bound(&server.path());
    let connection = server.expect_connected();
    for _ in 0..10 {
        wire.call(DEFER, b"");
    }
    wire.send();
    let replies: Vec<_> = (0..10).map(|_| server.expect_deferred().1).collect();
    drop(wire);
    assert_eq!(server.expect_disconnected(), connection);
    for reply in replies {
        reply.answer(b"to nobody");
    }
    server.stop();
}

#[test]
fn a_client_that_lets_too_much_wait_loses_its_connection() {
    let mut server = serve_with(ServerLimits { output_max_bytes: 100_000, ..limits() }, None);
    let mut wire = Wire::bound(&server.path());
    server.expect_connected();
    let mut good = Wire::bound(&server.path());
    server.expect_connected();
    wire.call(DEFER, b"");
    wire.send();
    let (_, reply) = server.expect_deferred();
    // More than a socket takes at once, by far.
    reply.answer(&vec![0; 8_000_000]);
    server.expect_disconnected();
    let echo = good.call(ECHO, b"good");
    good.send();
    assert_eq!(good.response(), (echo, b"good".to_vec()));
    server.stop();
}

#[test]
fn a_client_that_stops_reading_loses_its_connection() {
    let stall = Duration::from_millis(50);
    let mut server = serve_with(ServerLimits { write_stall_max: stall, ..limits() }, None);
    let mut wire = Wire::bound(&server.path());
    server.expect_connected();
    wire.call(MANY, &4_000_000_u32.to_le_bytes());
    wire.send();
    server.expect_disconnected();
    server.stop();
}

/// Who reads slowly, but reads, is not cut off when a limit's time is over; who stops is. The clock is the test's.
#[tokio::test(start_paused = true)]
async fn a_client_that_reads_slowly_keeps_its_connection() {
    const TOTAL: u32 = 8_000_000;
    // More than a socket holds: who has read it has seen the server write meanwhile.
    const STEP: usize = 1_000_000;
    let stall = Duration::from_secs(30);
    // While a blocking task runs, tokio does not move the clock by itself.
    let (_clock_stands, ended) = std::sync::mpsc::channel::<()>();
    tokio::task::spawn_blocking(move || ended.recv());

    let (mut stream, theirs) = tokio::net::UnixStream::pair().unwrap();
    let (handler, _seen) = common::handler();
    let server = Server::new(handler, ServerLimits { write_stall_max: stall, ..ServerLimits::default() });
    let serving = tokio::spawn(async move { server.serve_stream(theirs).await });

    let mut association = ClientAssociation::new(Limits::default());
    let mut received = Vec::new();
    association.bind(INTERFACE);
    stream.write_all(association.output()).await.unwrap();
    association.consume_output(usize::MAX);
    while !association.is_bound() {
        stream.read_buf(&mut received).await.unwrap();
        association.handle_input(&std::mem::take(&mut received));
        association.poll();
    }
    association.call(MANY, &TOTAL.to_le_bytes()).unwrap();
    stream.write_all(association.output()).await.unwrap();
    for _ in 0..5 {
        let wanted = received.len() + STEP;
        while received.len() < wanted {
            assert_ne!(stream.read_buf(&mut received).await.unwrap(), 0);
        }
        tokio::time::advance(stall * 3 / 4).await;
    }
    assert!(!serving.is_finished());
    // The socket takes a last bit perhaps, then nothing more.
    while !serving.is_finished() {
        tokio::time::advance(2 * stall).await;
    }
    stream.read_to_end(&mut received).await.unwrap();
    assert!(received.len() < TOTAL as usize);
}

#[test]
fn a_slow_reader_is_waited_for() {
    let limits = ServerLimits {
        output_pause_bytes: 10_000,
        // Far less than all answers together: they must not be made before they can be sent.
        output_max_bytes: 1_000_000,
        ..limits()
    };
    let mut server = serve_with(limits, None);
    let mut wire = Wire::bound(&server.path());
    server.expect_connected();
    let calls: Vec<_> = (0..100).map(|_| wire.call(MANY, &300_000_u32.to_le_bytes())).collect();
    wire.send();
    for call in calls {
        let (call_id, stub) = wire.response();
        assert_eq!((call_id, stub.len()), (call, 300_000));
    }
    server.stop();
}

#[test]
fn a_connection_that_does_not_bind_is_closed() {
    let mut server = serve_with(ServerLimits { bind_within: Duration::from_millis(20), ..limits() }, None);
    let mut silent = Wire::connect(&server.path());
    server.expect_connected();
    assert_eq!(silent.event(), None);
    server.expect_disconnected();

    // Who has bound may be silent: by the time the next one is closed, this one has waited longer.
    let mut bound = Wire::bound(&server.path());
    server.expect_connected();
    let mut silent = Wire::connect(&server.path());
    assert_eq!(silent.event(), None);
    let echo = bound.call(ECHO, b"late");
    bound.send();
    assert_eq!(bound.response(), (echo, b"late".to_vec()));
    server.stop();
}

#[test]
fn connections_are_counted() {
    let mut server =
        serve_with(ServerLimits { connections_max: 2, connections_for_root: 0, ..limits() }, None);
    let first = Wire::bound(&server.path());
    let _second = Wire::bound(&server.path());
    server.expect_connected();
    server.expect_connected();
    let refused = BlockingClient::open(&server.path(), INTERFACE, &options());
    assert!(matches!(refused, Err(ConnectError::Closed(_))), "{refused:?}");
    // There is room again as soon as the server has noticed that one has left.
    drop(first);
    server.expect_disconnected();
    loop {
        match BlockingClient::open(&server.path(), INTERFACE, &options()) {
            Ok(_) => break,
            Err(ConnectError::Closed(_)) => thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    }
    server.stop();
}

#[test]
fn a_refused_peer_is_told_at_its_bind() {
    for (refusal, reason) in
        [(Refusal::Busy, RejectReason::TEMPORARY_CONGESTION), (Refusal::Denied, RejectReason::NOT_SPECIFIED)]
    {
        let server = serve_with(limits(), Some(refusal));
        let refused = BlockingClient::open(&server.path(), INTERFACE, &options());
        assert!(matches!(refused, Err(ConnectError::Refused(told)) if told == reason), "{refused:?}");
        server.stop();
    }
}

#[test]
fn a_handler_that_panics_costs_its_own_connection_only() {
    let mut server = serve();
    let mut good = Wire::bound(&server.path());
    server.expect_connected();
    let mut bad = Wire::bound(&server.path());
    let bad_id = server.expect_connected();
    bad.call(PANIC, b"");
    bad.send();
    assert_eq!(server.expect_disconnected(), bad_id);
    while bad.event().is_some() {}
    let echo = good.call(ECHO, b"good");
    good.send();
    assert_eq!(good.response(), (echo, b"good".to_vec()));
    server.stop();
}

#[test]
fn what_was_answered_before_the_stop_is_still_sent() {
    let mut server = serve_with(limits(), None);
    let mut wire = Wire::bound(&server.path());
    server.expect_connected();
    let large = wire.call(DEFER, b"");
    let waiting = wire.call(DEFER, b"");
    wire.send();
    let (_, reply) = server.expect_deferred();
    let (_, _never_answered) = server.expect_deferred();
    reply.answer(&vec![1; 5_000_000]);
    server.begin_stop();
    let (call_id, stub) = wire.response();
    assert_eq!((call_id, stub.len()), (large, 5_000_000));
    assert_ne!(waiting, large);
    assert_eq!(wire.event(), None);
    server.finish();
}

#[test]
fn a_stop_does_not_wait_for_who_does_not_read() {
    let limits = ServerLimits { stop_within: Duration::from_millis(50), ..limits() };
    let mut server = serve_with(limits, None);
    let mut wire = Wire::bound(&server.path());
    server.expect_connected();
    wire.call(MANY, &5_000_000_u32.to_le_bytes());
    wire.call(DEFER, b"");
    wire.send();
    server.begin_stop();
    server.finish();
}

#[test]
fn too_many_outstanding_calls_are_refused_one_by_one() {
    let association = Limits { outstanding_calls_max: 3, ..Limits::default() };
    let mut server = serve_with(ServerLimits { association, ..limits() }, None);
    let mut wire = Wire::bound(&server.path());
    server.expect_connected();
    for _ in 0..3 {
        wire.call(DEFER, b"");
    }
    let fourth = wire.call(DEFER, b"");
    wire.send();
    let status = FaultStatus::SERVER_TOO_BUSY;
    assert_eq!(wire.event(), Some(Event::Fault { call_id: fourth, status, may_have_run: false }));
    server.stop();
}
