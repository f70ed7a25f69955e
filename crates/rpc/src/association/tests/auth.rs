//! The place of a security provider, with one that is none: it proves nothing and hides nothing, but it is in the way
//! like a real one.

use std::ops::Range;

use proptest::prelude::*;

use super::{pdus, server};
use crate::association::ProtocolError;
use crate::association::auth::{Acceptor, AuthError};
use crate::association::server::{Event, ServerAssociation};
use crate::oracle::INTERFACE;
use crate::pdu::{
    Bind, Body, ContextElement, Flags, Header, PduType, REQUEST_HEADER_BYTES, RESPONSE_HEADER_BYTES,
    RejectReason, Verifier, append_verifier, write_bare, write_request_fragment,
};
use crate::{FaultStatus, Limits, SyntaxId};

const AUTH_TYPE: u8 = 10;
const SIGNATURE_BYTES: usize = 12;

/// Wants the tokens "one" and "two"; then every stub is inverted and every PDU signed with the sum of its bytes.
#[derive(Debug, Default)]
struct Toy {
    legs: u8,
}

impl Acceptor for Toy {
    fn handle_token(&mut self, verifier: &Verifier<'_>) -> Result<Vec<u8>, AuthError> {
        if verifier.auth_type != AUTH_TYPE {
            return Err(AuthError::NotRecognized);
        }
        match (self.legs, verifier.value) {
            (0, b"one") => self.legs = 1,
            (1, b"two") => self.legs = 2,
            _ => return Err(AuthError::Denied),
        }
        Ok(format!("leg {}", self.legs).into_bytes())
    }

    fn admits_calls(&self) -> bool {
        self.legs == 2
    }

    fn signature_bytes(&self) -> u16 {
        if self.legs == 2 { SIGNATURE_BYTES as u16 } else { 0 }
    }

    fn unprotect(&mut self, pdu: &mut [u8], stub: Range<usize>) -> Result<(), AuthError> {
        let at = pdu.len() - SIGNATURE_BYTES;
        if pdu[at..] != signature(&pdu[..at]) {
            return Err(AuthError::Denied);
        }
        invert(&mut pdu[stub]);
        Ok(())
    }

    fn protect(&mut self, pdu: &mut [u8], stub: Range<usize>) {
        invert(&mut pdu[stub]);
        let at = pdu.len() - SIGNATURE_BYTES;
        let signature = signature(&pdu[..at]);
        pdu[at..].copy_from_slice(&signature);
    }
}

fn invert(stub: &mut [u8]) {
    stub.iter_mut().for_each(|byte| *byte = !*byte);
}

fn signature(pdu: &[u8]) -> [u8; SIGNATURE_BYTES] {
    let sum: u64 = pdu.iter().map(|byte| u64::from(*byte) + 1).sum();
    let mut signature = [0xaa; SIGNATURE_BYTES];
    signature[..8].copy_from_slice(&sum.to_le_bytes());
    signature
}

fn verifier(auth_type: u8, pad_length: u8, value: &[u8]) -> Verifier<'_> {
    Verifier { auth_type, auth_level: 6, pad_length, context_id: 1, value }
}

fn offer() -> Bind {
    Bind {
        max_transmit_bytes: 5840,
        max_receive_bytes: 1500,
        association_group: 0,
        contexts: vec![ContextElement {
            id: 0,
            interface: INTERFACE,
            transfer_syntaxes: vec![SyntaxId::NDR],
        }],
    }
}

fn bind(auth_type: u8, token: &[u8]) -> Vec<u8> {
    let mut wire = Vec::new();
    offer().write_bind(&mut wire, Flags::WHOLE.union(Flags::SUPPORT_HEADER_SIGN), 1);
    append_verifier(&mut wire, 0, &verifier(auth_type, 0, token));
    wire
}

fn alter_context(token: &[u8]) -> Vec<u8> {
    let mut wire = Vec::new();
    offer().write_alter_context(&mut wire, Flags::WHOLE, 2);
    append_verifier(&mut wire, 0, &verifier(AUTH_TYPE, 0, token));
    wire
}

fn auth3(token: &[u8]) -> Vec<u8> {
    let mut wire = Vec::new();
    write_bare(&mut wire, PduType::Auth3, 2);
    append_verifier(&mut wire, 0, &verifier(AUTH_TYPE, 0, token));
    wire
}

fn plain_request(flags: Flags, stub: &[u8]) -> Vec<u8> {
    let mut wire = Vec::new();
    write_request_fragment(&mut wire, flags, 3, 0, 0, 7, stub);
    wire
}

fn protected_request(flags: Flags, stub: &[u8]) -> Vec<u8> {
    let mut wire = plain_request(flags, stub);
    let pad_length = stub.len().wrapping_neg() % 16;
    append_verifier(&mut wire, 0, &verifier(AUTH_TYPE, pad_length as u8, &[0; SIGNATURE_BYTES]));
    Toy { legs: 2 }.protect(&mut wire, REQUEST_HEADER_BYTES..REQUEST_HEADER_BYTES + stub.len() + pad_length);
    wire
}

fn guarded() -> ServerAssociation {
    let mut server = server(Limits::default());
    server.set_acceptor(Box::new(Toy::default()));
    server
}

/// Feeds one PDU, and returns what happened and what was sent.
fn feed(server: &mut ServerAssociation, pdu: &[u8]) -> (Option<Event>, Vec<u8>) {
    server.handle_input(pdu);
    let event = server.poll();
    let sent = server.output().to_vec();
    server.consume_output(sent.len());
    (event, sent)
}

fn expect_fault(sent: &[u8], status: FaultStatus) {
    let sent = pdus(sent);
    let [fault] = &sent[..] else { panic!("{sent:?}") };
    assert!(matches!(&fault.body, Body::Fault(fault) if fault.status == status), "{fault:?}");
    assert_eq!(fault.verifier, None);
}

#[test]
fn tokens_travel_and_calls_are_protected() {
    for last_leg in [auth3(b"two"), alter_context(b"two")] {
        let mut server = guarded();
        let (event, sent) = feed(&mut server, &bind(AUTH_TYPE, b"one"));
        assert_eq!(event, None);
        let ack = &pdus(&sent)[0];
        assert!(matches!(ack.body, Body::BindAck(_)));
        assert!(ack.header.flags.contains(Flags::SUPPORT_HEADER_SIGN));
        assert_eq!(ack.verifier.unwrap().value, b"leg 1");

        let (event, sent) = feed(&mut server, &last_leg);
        assert_eq!(event, None);
        if last_leg[2] == PduType::AlterContext as u8 {
            let response = &pdus(&sent)[0];
            assert!(matches!(response.body, Body::AlterContextResponse(_)));
            assert_eq!(response.verifier, Some(verifier(AUTH_TYPE, 0, b"leg 2")));
        } else {
            assert_eq!(sent, b"");
        }

        assert_eq!(feed(&mut server, &protected_request(Flags::FIRST, b"sixteen bytes ..")), (None, vec![]));
        let (event, _) = feed(&mut server, &protected_request(Flags::LAST, b"and five"));
        let Some(Event::Call(call)) = event else { panic!("{event:?}") };
        assert_eq!(call.stub, b"sixteen bytes ..and five");

        let answer: Vec<u8> = (0..5000).map(|at| (at % 251) as u8).collect();
        server.answer(3, &answer).unwrap();
        assert!(received(server.output()) == answer);
        feed(&mut server, &[]);
        let (event, _) = feed(&mut server, &protected_request(Flags::WHOLE, b""));
        assert!(matches!(event, Some(Event::Call(_))));
        server.answer(3, b"").unwrap();
        assert_eq!(received(server.output()), b"");
    }
}

/// Checks, decrypts and puts together the responses that were sent.
fn received(mut sent: &[u8]) -> Vec<u8> {
    let mut stub = Vec::new();
    while !sent.is_empty() {
        let length = usize::from(Header::decode(sent).unwrap().fragment_length);
        assert!(length <= 1500);
        let (fragment, rest) = sent.split_at(length);
        let mut opened = fragment.to_vec();
        let stub_end = length - SIGNATURE_BYTES - 8;
        assert_eq!((stub_end - RESPONSE_HEADER_BYTES) % 16, 0);
        Toy { legs: 2 }.unprotect(&mut opened, RESPONSE_HEADER_BYTES..stub_end).unwrap();
        let opened = pdus(&opened);
        let Body::Response(response) = &opened[0].body else { panic!("{opened:?}") };
        stub.extend_from_slice(response.stub);
        sent = rest;
    }
    stub
}

#[test]
fn a_bind_that_proves_nothing_is_refused() {
    for (auth_type, token, reason) in [
        (9, &b"one"[..], RejectReason::AUTHENTICATION_TYPE_NOT_RECOGNIZED),
        (AUTH_TYPE, b"two", RejectReason::INVALID_CHECKSUM),
    ] {
        let (event, sent) = feed(&mut guarded(), &bind(auth_type, token));
        assert_eq!(event, Some(Event::Closed(ProtocolError::BindRefused(reason))));
        assert!(matches!(&pdus(&sent)[0].body, Body::BindNak(nak) if nak.reason == reason));
    }
    let mut server = guarded();
    feed(&mut server, &bind(AUTH_TYPE, b"one"));
    let (event, sent) = feed(&mut server, &alter_context(b"wrong"));
    assert_eq!(event, Some(Event::Closed(ProtocolError::AuthenticationFailed)));
    expect_fault(&sent, FaultStatus::ACCESS_DENIED);
}

/// A connection keeps to the provider, level and security context that its bind named.
#[test]
fn what_was_agreed_cannot_be_changed() {
    let agreed = verifier(AUTH_TYPE, 0, b"two");
    for (other, taken) in [
        (agreed, true),
        (Verifier { auth_level: 2, ..agreed }, false),
        (Verifier { context_id: 2, ..agreed }, false),
        (Verifier { auth_type: 9, ..agreed }, false),
    ] {
        let mut server = guarded();
        feed(&mut server, &bind(AUTH_TYPE, b"one"));
        let mut wire = Vec::new();
        offer().write_alter_context(&mut wire, Flags::WHOLE, 2);
        append_verifier(&mut wire, 0, &other);
        let refused = Event::Closed(ProtocolError::AuthenticationFailed);
        assert_eq!(feed(&mut server, &wire).0, (!taken).then_some(refused), "{other:?}");
    }
    for (context_id, signature_bytes, taken) in [(1, 12, true), (2, 12, false), (1, 13, false)] {
        let mut server = guarded();
        feed(&mut server, &bind(AUTH_TYPE, b"one"));
        feed(&mut server, &auth3(b"two"));
        let mut wire = plain_request(Flags::WHOLE, &[0; 16]);
        let value = vec![0; signature_bytes];
        append_verifier(&mut wire, 0, &Verifier { context_id, ..verifier(AUTH_TYPE, 0, &value) });
        Toy { legs: 2 }.protect(&mut wire, REQUEST_HEADER_BYTES..REQUEST_HEADER_BYTES + 16);
        let event = feed(&mut server, &wire).0;
        assert_eq!(matches!(event, Some(Event::Call(_))), taken, "{context_id} {signature_bytes}: {event:?}");
    }
}

#[test]
fn nobody_calls_before_proving_who_it_is() {
    let mut unauthenticated = Vec::new();
    offer().write_bind(&mut unauthenticated, Flags::WHOLE, 1);
    let ways: [&[Vec<u8>]; 3] = [
        &[unauthenticated],
        &[bind(AUTH_TYPE, b"one")],
        // Nobody is told that the last leg failed, until the first call.
        &[bind(AUTH_TYPE, b"one"), auth3(b"wrong")],
    ];
    for way in ways {
        let mut server = guarded();
        for pdu in way {
            assert_eq!(feed(&mut server, pdu).0, None);
        }
        for _ in 0..2 {
            let (event, sent) = feed(&mut server, &plain_request(Flags::WHOLE, b"let me in"));
            assert_eq!(event, None);
            expect_fault(&sent, FaultStatus::ACCESS_DENIED);
        }
    }
}

#[test]
fn a_wrong_or_missing_signature_ends_the_connection() {
    let good = protected_request(Flags::WHOLE, b"arguments");
    let mut wrong = good.clone();
    wrong[30] ^= 1;
    for request in [wrong, plain_request(Flags::WHOLE, b"arguments")] {
        let mut server = guarded();
        feed(&mut server, &bind(AUTH_TYPE, b"one"));
        feed(&mut server, &auth3(b"two"));
        let (event, sent) = feed(&mut server, &request);
        assert_eq!(event, Some(Event::Closed(ProtocolError::AuthenticationFailed)));
        expect_fault(&sent, FaultStatus::SECURITY_PACKAGE);
    }
}

proptest! {
    /// Whatever is changed on the way, nothing panics, and no call comes through that was not sent.
    #[test]
    fn what_was_changed_does_not_come_through(
        at in any::<prop::sample::Index>(),
        value in any::<u8>(),
        stub in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let mut server = guarded();
        let mut wire =
            [bind(AUTH_TYPE, b"one"), auth3(b"two"), protected_request(Flags::WHOLE, &stub)].concat();
        let at = at.index(wire.len());
        wire[at] = value;
        server.handle_input(&wire);
        while let Some(event) = server.poll() {
            if let Event::Call(call) = event {
                prop_assert_eq!(&call.stub, &stub);
            }
        }
    }
}
