//! What may be bound, and what is refused.

use uuid::uuid;

use super::{Pair, only_body, pdus, server};
use crate::association::ProtocolError;
use crate::association::client::Event;
use crate::association::server::Event as ServerEvent;
use crate::oracle::INTERFACE;
use crate::pdu::{
    Bind, Body, ContextElement, ContextReason, ContextResult, ContextVerdict, DecodeError, Flags, PduType,
    RejectReason, write_request_fragment,
};
use crate::{FaultStatus, Limits, SyntaxId};

const ACCEPTED: ContextVerdict = ContextVerdict::Accepted;
const OTHER: SyntaxId = SyntaxId::new(uuid!("e1af8308-5d1f-11c9-91a4-08002b14a0fa"), 3, 0);

fn rejected(reason: ContextReason) -> ContextVerdict {
    ContextVerdict::ProviderRejected(reason)
}

fn bind(contexts: Vec<ContextElement>) -> Bind {
    Bind { max_transmit_bytes: 5840, max_receive_bytes: 5840, association_group: 0, contexts }
}

fn context(id: u16, interface: SyntaxId, transfer_syntaxes: &[SyntaxId]) -> ContextElement {
    ContextElement { id, interface, transfer_syntaxes: transfer_syntaxes.to_vec() }
}

fn bytes_of(bind: &Bind) -> Vec<u8> {
    let mut bytes = Vec::new();
    bind.write_bind(&mut bytes, Flags::WHOLE, 1);
    bytes
}

/// smbtorture's first PDU, put together from the reference's description of it, and our answer to the byte.
#[test]
fn the_bind_of_smbtorture_is_answered_to_the_byte() {
    let mut bytes =
        b"\x05\x00\x0b\x03\x10\0\0\0\x74\0\0\0\x01\0\0\0\xd0\x16\xd0\x16\0\0\0\0\x02\0\0\0".to_vec();
    let interface = *b"\xb2\xb8\x7d\xb9\x63\x4c\xcf\x11\xbf\xf6\x08\x00\x2b\xe2\x3f\x2f\x03\0\0\0";
    let ndr = *b"\x04\x5d\x88\x8a\xeb\x1c\xc9\x11\x9f\xe8\x08\x00\x2b\x10\x48\x60\x02\0\0\0";
    let features = *b"\x2c\x1c\xb7\x6c\x12\x98\x40\x45\x03\0\0\0\0\0\0\0\x01\0\0\0";
    for (head, transfer) in [(b"\0\0\x01\0", ndr), (b"\x01\0\x01\0", features)] {
        bytes.extend_from_slice(head);
        bytes.extend_from_slice(&interface);
        bytes.extend_from_slice(&transfer);
    }
    assert_eq!(bytes.len(), 116);

    let mut server = server(Limits::default());
    server.handle_input(&bytes);
    assert_eq!(server.poll(), None);
    assert!(server.is_bound());

    let mut wanted = b"\x05\x00\x0c\x03\x10\0\0\0\x54\0\0\0\x01\0\0\0\xd0\x16\xd0\x16\x4d\0\0\0".to_vec();
    wanted.extend_from_slice(b"\x04\x00135\0\0\0\x02\0\0\0");
    wanted.extend_from_slice(b"\0\0\0\0");
    wanted.extend_from_slice(&ndr);
    wanted.extend_from_slice(b"\x03\0\x02\0");
    wanted.extend_from_slice(&[0; 20]);
    assert_eq!(server.output(), wanted);
}

#[test]
fn each_context_gets_its_own_verdict() {
    let newer = SyntaxId { minor: 1, ..INTERFACE };
    let other_major = SyntaxId { major: 2, ..INTERFACE };
    let cases: &[(&str, SyntaxId, &[SyntaxId], ContextVerdict)] = &[
        ("NDR", INTERFACE, &[SyntaxId::NDR], ACCEPTED),
        ("both", INTERFACE, &[SyntaxId::NDR64, SyntaxId::NDR], ACCEPTED),
        ("NDR64", INTERFACE, &[SyntaxId::NDR64], rejected(ContextReason::TRANSFER_SYNTAXES_NOT_SUPPORTED)),
        ("no syntax", INTERFACE, &[], rejected(ContextReason::TRANSFER_SYNTAXES_NOT_SUPPORTED)),
        ("other", OTHER, &[SyntaxId::NDR], rejected(ContextReason::ABSTRACT_SYNTAX_NOT_SUPPORTED)),
        ("newer minor", newer, &[SyntaxId::NDR], rejected(ContextReason::ABSTRACT_SYNTAX_NOT_SUPPORTED)),
        (
            "other major",
            other_major,
            &[SyntaxId::NDR],
            rejected(ContextReason::ABSTRACT_SYNTAX_NOT_SUPPORTED),
        ),
        (
            "features",
            INTERFACE,
            &[SyntaxId::bind_time_features(3)],
            ContextVerdict::Negotiated { features: 2 },
        ),
    ];
    let contexts = cases.iter().zip(0..).map(|(case, id)| context(id, case.1, case.2)).collect();
    let mut server = server(Limits::default());
    server.handle_input(&bytes_of(&bind(contexts)));
    assert_eq!(server.poll(), None);

    let Body::BindAck(ack) = only_body(server.output()) else { panic!() };
    assert_eq!(ack.results.len(), cases.len());
    for (case, result) in cases.iter().zip(&ack.results) {
        let transfer_syntax = if case.3 == ACCEPTED { SyntaxId::NDR } else { SyntaxId::NONE };
        assert_eq!(*result, ContextResult { verdict: case.3, transfer_syntax }, "{}", case.0);
    }
}

#[test]
fn alter_context_adds_repeats_and_never_replaces() {
    let limits = Limits { contexts_max: 3, ..Limits::default() };
    let mut server = server(limits);
    server.handle_input(&bytes_of(&bind(vec![context(0, INTERFACE, &[SyntaxId::NDR])])));
    assert_eq!(server.poll(), None);
    server.consume_output(usize::MAX);

    let more = (0..4).map(|id| context(id, INTERFACE, &[SyntaxId::NDR])).collect();
    let mut bytes = Vec::new();
    bind(more).write_alter_context(&mut bytes, Flags::WHOLE, 2);
    server.handle_input(&bytes);
    assert_eq!(server.poll(), None);
    let Body::AlterContextResponse(ack) = only_body(server.output()) else { panic!() };
    let verdicts: Vec<_> = ack.results.iter().map(|result| result.verdict).collect();
    assert_eq!(verdicts, [ACCEPTED, ACCEPTED, ACCEPTED, rejected(ContextReason::LOCAL_LIMIT_EXCEEDED)]);
    assert_eq!(ack.association_group, 77);
    assert_eq!(ack.secondary_address, b"");
}

#[test]
fn a_bind_that_cannot_be_taken_is_refused_with_its_reason() {
    let good = || bytes_of(&bind(vec![context(0, INTERFACE, &[SyntaxId::NDR])]));
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good();
        change(&mut bytes);
        bytes
    };
    let authenticated = with(&|bytes| {
        bytes.extend_from_slice(b"\x0a\x06\0\0\x01\0\0\0NTLMSSP\0");
        bytes[8] += 16;
        bytes[10] = 8;
    });
    let big_endian = with(&|bytes| {
        bytes[4] = 0;
        bytes[8..10].reverse();
        bytes[12..16].reverse();
    });
    let too_many = bytes_of(&bind((0..17).map(|id| context(id, INTERFACE, &[SyntaxId::NDR])).collect()));
    let tiny =
        bytes_of(&Bind { max_receive_bytes: 63, ..bind(vec![context(0, INTERFACE, &[SyntaxId::NDR])]) });
    let malformed = |error| ProtocolError::Malformed(error);
    let cases: &[(&str, Vec<u8>, RejectReason, Option<ProtocolError>)] = &[
        ("authenticated", authenticated, RejectReason::AUTHENTICATION_TYPE_NOT_RECOGNIZED, None),
        ("too many contexts", too_many, RejectReason::LOCAL_LIMIT_EXCEEDED, None),
        ("no context", bytes_of(&bind(vec![])), RejectReason::NOT_SPECIFIED, None),
        ("tiny fragments", tiny, RejectReason::LOCAL_LIMIT_EXCEEDED, None),
        (
            "version 4",
            with(&|bytes| bytes[0] = 4),
            RejectReason::PROTOCOL_VERSION_NOT_SUPPORTED,
            Some(malformed(DecodeError::Version { major: 4, minor: 0 })),
        ),
        (
            "big-endian",
            big_endian,
            RejectReason::NOT_SPECIFIED,
            Some(malformed(DecodeError::DataRepresentation(0))),
        ),
        (
            "a context that is not there",
            with(&|bytes| bytes[24] = 2),
            RejectReason::NOT_SPECIFIED,
            Some(malformed(DecodeError::Truncated { field: "p_cont_id", wanted: 2, left: 0 })),
        ),
    ];
    for (name, bytes, reason, error) in cases {
        let mut server = server(Limits::default());
        server.handle_input(bytes);
        let error = error.unwrap_or(ProtocolError::BindRefused(*reason));
        assert_eq!(server.poll(), Some(ServerEvent::Closed(error)), "{name}");
        let sent = pdus(server.output());
        let [nak] = &sent[..] else { panic!("{name}: {sent:?}") };
        assert_eq!(nak.header.call_id, 1, "{name}");
        assert!(matches!(&nak.body, Body::BindNak(nak) if nak.reason == *reason), "{name}: {nak:?}");
        // Nothing that comes later is looked at.
        server.handle_input(&good());
        assert_eq!(server.poll(), None, "{name}");
    }
}

#[test]
fn what_has_no_place_ends_the_connection() {
    let mut request = Vec::new();
    write_request_fragment(&mut request, Flags::WHOLE, 9, 0, 0, 0, b"");
    let mut server = server(Limits::default());
    server.handle_input(&request);
    let unexpected = ProtocolError::Unexpected { pdu_type: PduType::Request };
    assert_eq!(server.poll(), Some(ServerEvent::Closed(unexpected)));
    let Body::Fault(fault) = only_body(server.output()) else { panic!() };
    assert_eq!(fault.status, FaultStatus::PROTOCOL_ERROR);

    let mut pair = Pair::bound(Limits::default(), Limits::default(), vec![4096]);
    pair.server.handle_input(&bytes_of(&bind(vec![context(0, INTERFACE, &[SyntaxId::NDR])])));
    let unexpected = ProtocolError::Unexpected { pdu_type: PduType::Bind };
    assert_eq!(pair.server.poll(), Some(ServerEvent::Closed(unexpected)));
}

#[test]
fn the_client_says_why_it_is_not_bound() {
    let cases: &[(SyntaxId, Option<RejectReason>, ProtocolError)] = &[
        (OTHER, None, ProtocolError::ContextRejected { result: 2, reason: 1 }),
        (
            INTERFACE,
            Some(RejectReason::TEMPORARY_CONGESTION),
            ProtocolError::BindRefused(RejectReason::TEMPORARY_CONGESTION),
        ),
    ];
    for (interface, refusal, error) in cases {
        let mut pair = Pair::new(Limits::default(), Limits::default(), vec![3]);
        if let Some(reason) = refusal {
            pair.server.refuse_bind(*reason);
        }
        pair.client.bind(*interface);
        pair.drive();
        assert_eq!(pair.client_events, [Event::Closed(*error)]);
        assert!(pair.client.call(0, b"").is_err());
    }
}

#[test]
fn a_group_is_joined_or_made() {
    for (asked, given) in [(0, 77), (0x55, 0x55)] {
        let offer = Bind { association_group: asked, ..bind(vec![context(0, INTERFACE, &[SyntaxId::NDR])]) };
        let mut server = server(Limits::default());
        server.handle_input(&bytes_of(&offer));
        assert_eq!(server.poll(), None);
        let Body::BindAck(ack) = only_body(server.output()) else { panic!() };
        assert_eq!(ack.association_group, given);
    }
}
