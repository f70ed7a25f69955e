//! Oracles: functions that take any bytes and panic if something that must always hold does not.
//!
//! The tests feed them random and mutated bytes, and so do the fuzz targets. They are no use to a program.

use std::collections::HashSet;
use std::sync::Arc;

use uuid::uuid;

use crate::association::client::ClientAssociation;
use crate::association::server::{Event, ServerAssociation, ServerConfig};
use crate::pdu::{Body, Flags, HEADER_BYTES, Header, Pdu};
use crate::{FaultStatus, Limits, SyntaxId};

/// The interface that the oracles' server serves.
pub const INTERFACE: SyntaxId = SyntaxId::new(uuid!("b97db8b2-4c63-11cf-bff6-08002be23f2f"), 3, 0);

/// Bounds small enough that a short input can reach them.
pub const LIMITS: Limits = Limits {
    fragment_max_bytes: 2048,
    stub_max_bytes: 6000,
    outstanding_calls_max: 4,
    outstanding_bytes_max: 9000,
    contexts_per_bind_max: 3,
    contexts_max: 4,
};

/// Feeds `data` to a server whose handler echoes: even operations at once, odd ones when all input is read.
///
/// The bytes are fed twice, whole and in small pieces, and both runs must say and do the same. In each, the bounds
/// hold after every step, and everything that is sent is a PDU that a server may send.
pub fn server_bytes(data: &[u8]) {
    let whole = run_server(data, data.len().max(1));
    let pieces = run_server(data, 7);
    assert!(whole == pieces, "the server's answers depend on how the bytes arrive");
}

/// Feeds `data` to a client that is bound and has three calls outstanding; one is abandoned.
pub fn client_bytes(data: &[u8]) {
    let (mut client, mut server) = (ClientAssociation::new(LIMITS), server());
    client.bind(INTERFACE);
    server.handle_input(client.output());
    client.consume_output(usize::MAX);
    assert_eq!(server.poll(), None);
    client.handle_input(server.output());
    assert_eq!(client.poll(), Some(crate::association::client::Event::Bound));
    let calls: Vec<_> = (0..3).filter_map(|opnum| client.call(opnum, b"arguments").ok()).collect();
    assert_eq!(calls.len(), 3);
    client.abandon(calls[2]);

    let mut ended = HashSet::new();
    for piece in data.chunks(16) {
        client.handle_input(piece);
        while let Some(event) = client.poll() {
            use crate::association::client::Event;
            match event {
                Event::Response { call_id, stub } => {
                    assert!(calls[..2].contains(&call_id), "an answer for a call that nobody waits for");
                    assert!(ended.insert(call_id), "two answers for one call");
                    assert!(stub.len() <= LIMITS.stub_max_bytes);
                }
                Event::Fault { call_id, .. } => assert!(ended.insert(call_id), "two answers for one call"),
                Event::Closed(_) => assert!(client.is_closed()),
                Event::Bound => unreachable_event("bound twice"),
            }
        }
    }
}

/// Decodes `data` as one PDU; what can be decoded never claims more than there is.
pub fn pdu_bytes(data: &[u8]) {
    let Ok(pdu) = Pdu::decode(data) else { return };
    assert_eq!(usize::from(pdu.header.fragment_length), data.len());
    match &pdu.body {
        Body::Request(request) => assert!(request.stub.len() <= data.len()),
        Body::Response(response) => assert!(response.stub.len() <= data.len()),
        Body::Bind(bind) | Body::AlterContext(bind) => {
            let offered: usize =
                bind.contexts.iter().map(|context| 24 + 20 * context.transfer_syntaxes.len()).sum();
            assert!(offered <= data.len());
            let mut again = Vec::new();
            bind.write_bind(&mut again, Flags::WHOLE, pdu.header.call_id);
            let again = Pdu::decode(&again);
            assert!(matches!(again, Ok(Pdu { body: Body::Bind(ref same), .. }) if same == bind));
        }
        Body::BindAck(ack) | Body::AlterContextResponse(ack) => assert!(24 * ack.results.len() <= data.len()),
        _ => {}
    }
}

/// What a server did with some bytes.
#[derive(PartialEq)]
struct Outcome {
    sent: Vec<u8>,
    events: Vec<Event>,
}

fn server() -> ServerAssociation {
    let config =
        ServerConfig { interfaces: vec![INTERFACE], secondary_address: "49152".to_owned(), limits: LIMITS };
    ServerAssociation::new(Arc::new(config), 0x1234)
}

fn run_server(data: &[u8], piece_bytes: usize) -> Outcome {
    let mut server = server();
    let mut outcome = Outcome { sent: Vec::new(), events: Vec::new() };
    let mut running = Vec::new();
    for piece in data.chunks(piece_bytes) {
        server.handle_input(piece);
        while let Some(event) = server.poll() {
            match &event {
                Event::Call(call) => {
                    assert!(call.stub.len() <= LIMITS.stub_max_bytes);
                    assert!(!running.contains(&call.call_id), "a call was begun twice");
                    if call.opnum.is_multiple_of(2) {
                        assert!(server.answer(call.call_id, &call.stub).is_ok());
                        assert!(
                            server.answer(call.call_id, &call.stub).is_err(),
                            "a call was answered twice"
                        );
                    } else {
                        running.push(call.call_id);
                    }
                }
                Event::Cancelled { call_id } => assert!(running.contains(call_id), "no such call to cancel"),
                Event::Closed(_) => {
                    assert!(server.is_closed());
                    assert_eq!(server.poll(), None, "an event after the last");
                    running.clear();
                }
            }
            outcome.events.push(event);
            check_bounds(&server);
        }
        assert!(server.buffered_input() < usize::from(LIMITS.fragment_max_bytes), "input heaps up");
    }
    for call_id in running {
        assert!(server.fault(call_id, FaultStatus::OPERATION_RANGE).is_ok(), "a running call got lost");
    }
    outcome.sent.extend_from_slice(server.output());
    check_sent(&outcome.sent);
    outcome
}

fn check_bounds(server: &ServerAssociation) {
    assert!(server.outstanding_calls() <= 2 * LIMITS.outstanding_calls_max);
    assert!(server.outstanding_bytes() <= LIMITS.outstanding_bytes_max);
}

/// Everything that a server sends is whole PDUs of the types that servers send, no larger than agreed.
fn check_sent(mut sent: &[u8]) {
    while !sent.is_empty() {
        let length = Header::decode(sent).map_or(0, |header| usize::from(header.fragment_length));
        assert!((HEADER_BYTES..=usize::from(LIMITS.fragment_max_bytes)).contains(&length));
        let (fragment, rest) = sent.split_at(length);
        match Pdu::decode(fragment) {
            Ok(Pdu {
                body:
                    Body::Response(_)
                    | Body::Fault(_)
                    | Body::BindAck(_)
                    | Body::BindNak(_)
                    | Body::AlterContextResponse(_),
                verifier: None,
                ..
            }) => {}
            other => unreachable_event(&format!("a server does not send {other:?}")),
        }
        sent = rest;
    }
}

/// Fails with a message: an oracle's way to say that what cannot happen did.
#[track_caller]
fn unreachable_event(message: &str) {
    assert!(message.is_empty(), "{message}");
}
