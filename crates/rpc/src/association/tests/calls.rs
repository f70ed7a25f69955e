//! Calls: whole, in pieces, side by side, too large, cancelled.

use proptest::prelude::*;
use uuid::uuid;

use super::{Pair, only_body, pdus};
use crate::association::ProtocolError;
use crate::association::client::{CannotCall, Event};
use crate::association::server::{self, UnknownCall};
use crate::pdu::{Body, Flags, PduType, write_bare, write_request_fragment, write_response_fragment};
use crate::{FaultStatus, Limits};

fn fragments_of(fragment_max_bytes: u16) -> Limits {
    Limits { fragment_max_bytes, ..Limits::default() }
}

fn bytes(length: usize, seed: u8) -> Vec<u8> {
    (0..length).map(|at| (at as u8).wrapping_mul(31).wrapping_add(seed)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the fragment sizes of the two sides and however the bytes travel, stubs arrive as they were sent.
    #[test]
    fn stubs_arrive_whole(
        client_fragment in 64_u16..6000,
        server_fragment in 64_u16..6000,
        chunks in prop::collection::vec(1_usize..5000, 1..6),
        request in 0_usize..20_000,
        response in 0_usize..20_000,
    ) {
        let mut pair = Pair::bound(fragments_of(client_fragment), fragments_of(server_fragment), chunks);
        let (request, response) = (bytes(request, 1), bytes(response, 2));
        let call_id = pair.client.call(136, &request).unwrap();
        pair.drive();
        prop_assert_eq!(pair.server.outstanding_bytes(), request.len());
        let call = pair.calls.pop().unwrap();
        prop_assert_eq!((call.call_id, call.opnum), (call_id, 136));
        prop_assert!(call.stub == request);

        pair.server.answer(call_id, &response).unwrap();
        let max = usize::from(client_fragment.min(server_fragment));
        for pdu in pdus(pair.server.output()) {
            prop_assert!(usize::from(pdu.header.fragment_length) <= max);
        }
        pair.drive();
        let wanted = [Event::Response { call_id, stub: response }];
        prop_assert!(pair.client_events == wanted);
        prop_assert_eq!((pair.client.outstanding_calls(), pair.server.outstanding_calls()), (0, 0));
        prop_assert_eq!(pair.server.outstanding_bytes(), 0);
    }

    /// Calls that run side by side get their own answers, in whatever order those are given.
    #[test]
    fn answers_come_in_any_order(
        order in Just((0..12_usize).collect::<Vec<_>>()).prop_shuffle(),
        chunks in prop::collection::vec(1_usize..900, 1..4),
        faults in prop::collection::vec(any::<bool>(), 12),
    ) {
        let mut pair = Pair::bound(fragments_of(128), Limits::default(), chunks);
        let ids: Vec<_> =
            (0..12).map(|n| pair.client.call(n, &bytes(usize::from(n) * 50, n as u8)).unwrap()).collect();
        pair.drive();
        prop_assert_eq!(pair.calls.len(), 12);
        let mut wanted = Vec::new();
        for n in order {
            let call_id = ids[n];
            if faults[n] {
                pair.server.fault(call_id, FaultStatus(n as u32)).unwrap();
                wanted.push(Event::Fault { call_id, status: FaultStatus(n as u32), may_have_run: true });
            } else {
                let stub = bytes(n * 70, !(n as u8));
                pair.server.answer(call_id, &stub).unwrap();
                wanted.push(Event::Response { call_id, stub });
            }
        }
        pair.drive();
        prop_assert!(pair.client_events == wanted);
    }
}

#[test]
fn fragments_of_several_calls_may_be_mixed() {
    let mut pair = Pair::bound(Limits::default(), Limits::default(), vec![4096]);
    let mut wire = Vec::new();
    for (call_id, flags, piece) in [
        (5, Flags::FIRST, b"one "),
        (6, Flags::FIRST, b"two "),
        (5, Flags::LAST, b"more"),
        (6, Flags::LAST, b"also"),
    ] {
        write_request_fragment(&mut wire, flags, call_id, 0, 0, 3, piece);
    }
    pair.server.handle_input(&wire);
    pair.drive();
    let stubs: Vec<_> = pair.calls.iter().map(|call| (call.call_id, &call.stub[..])).collect();
    assert_eq!(stubs, [(5, &b"one more"[..]), (6, b"two also")]);
}

#[test]
fn a_fragment_larger_than_agreed_is_not_waited_for() {
    for (limit, stub_bytes, taken) in
        [(5840, 5816, true), (5840, 5817, false), (64, 1408, true), (64, 1409, false)]
    {
        let mut pair = Pair::bound(fragments_of(limit), fragments_of(limit), vec![4096]);
        let mut wire = Vec::new();
        write_request_fragment(&mut wire, Flags::WHOLE, 8, 0, 0, 3, &bytes(stub_bytes, 0));
        // The header is enough to know.
        let (header, rest) = wire.split_at(16);
        pair.server.handle_input(header);
        pair.drive();
        let limit = limit.max(1432);
        let wanted = ProtocolError::FragmentTooLong { length: wire.len() as u16, limit };
        assert_eq!(pair.server_end, (!taken).then_some(wanted), "{limit} {stub_bytes}");
        pair.server.handle_input(rest);
        pair.drive();
        assert_eq!(pair.calls.len(), usize::from(taken), "{limit} {stub_bytes}");
    }
}

#[test]
fn a_peer_that_speaks_something_else_is_not_waited_for() {
    for at in [0, 4] {
        let mut pair = Pair::bound(Limits::default(), Limits::default(), vec![4096]);
        let mut wire = Vec::new();
        write_request_fragment(&mut wire, Flags::WHOLE, 8, 0, 0, 3, b"arguments");
        wire[at] = 0xff;
        pair.server.handle_input(&wire[..16]);
        pair.drive();
        assert!(matches!(pair.server_end, Some(ProtocolError::Malformed(_))), "{at}");
    }
}

#[test]
fn an_object_and_a_trailer_in_the_stub_are_tolerated() {
    let object = uuid!("00000000-0000-0000-c000-000000000046");
    let mut stub = object.to_bytes_le().to_vec();
    stub.extend_from_slice(b"args\x8a\xe3\x13\x71\x02\xf4\x36\x71");
    let mut wire = Vec::new();
    write_request_fragment(&mut wire, Flags::WHOLE.union(Flags::OBJECT_UUID), 8, 0, 0, 3, &stub);
    let mut pair = Pair::bound(Limits::default(), Limits::default(), vec![4096]);
    pair.server.handle_input(&wire);
    pair.drive();
    let call = pair.calls.pop().unwrap();
    assert_eq!(call.object, Some(object));
    assert_eq!(call.stub, b"args\x8a\xe3\x13\x71\x02\xf4\x36\x71");
}

#[test]
fn faults_say_whether_the_call_may_have_run() {
    for (status, may_have_run) in [
        (FaultStatus::OPERATION_RANGE, false),
        (FaultStatus::BAD_STUB_DATA, false),
        (FaultStatus::CONTEXT_MISMATCH, true),
        (FaultStatus::ACCESS_DENIED, true),
    ] {
        let mut pair = Pair::bound(Limits::default(), Limits::default(), vec![5]);
        let call_id = pair.client.call(999, b"").unwrap();
        pair.drive();
        pair.server.fault(call_id, status).unwrap();
        assert_eq!(pair.server.fault(call_id, status), Err(UnknownCall { call_id }));
        pair.drive();
        assert_eq!(pair.client_events, [Event::Fault { call_id, status, may_have_run }]);
    }
}

#[test]
fn an_unknown_context_costs_the_call_only() {
    let mut pair = Pair::bound(Limits::default(), Limits::default(), vec![4096]);
    let mut wire = Vec::new();
    write_request_fragment(&mut wire, Flags::FIRST, 40, 0, 7, 3, b"ignored");
    write_request_fragment(&mut wire, Flags::LAST, 40, 0, 7, 3, b"as well");
    pair.server.handle_input(&wire);
    assert_eq!(pair.server.poll(), None);
    let Body::Fault(fault) = only_body(pair.server.output()) else { panic!() };
    assert_eq!(fault.status, FaultStatus::UNKNOWN_INTERFACE);
    assert_eq!(pair.server.outstanding_calls(), 0);
    assert!(pair.server.is_bound());
}

#[test]
fn what_is_over_a_limit_is_refused_and_the_connection_lives() {
    let server = Limits {
        stub_max_bytes: 1000,
        outstanding_calls_max: 3,
        outstanding_bytes_max: 1500,
        ..fragments_of(128)
    };
    let sizes_and_faults: &[(&[usize], Option<FaultStatus>)] = &[
        (&[1000], None),
        (&[1001], Some(FaultStatus::REMOTE_NO_MEMORY)),
        (&[5000], Some(FaultStatus::REMOTE_NO_MEMORY)),
        (&[1000, 500], None),
        (&[1000, 501], Some(FaultStatus::SERVER_TOO_BUSY)),
        (&[1000, 500, 1], Some(FaultStatus::SERVER_TOO_BUSY)),
        (&[1, 1, 1, 1], Some(FaultStatus::SERVER_TOO_BUSY)),
        (&[1, 1, 1, 900], Some(FaultStatus::SERVER_TOO_BUSY)),
    ];
    for (sizes, wanted) in sizes_and_faults {
        let mut pair = Pair::bound(Limits::default(), server, vec![100]);
        let ids: Vec<_> = sizes.iter().map(|size| pair.client.call(1, &bytes(*size, 0)).unwrap()).collect();
        pair.drive();
        let wanted: Vec<_> = wanted
            .map(|status| Event::Fault { call_id: ids[ids.len() - 1], status, may_have_run: false })
            .into_iter()
            .collect();
        assert_eq!(pair.client_events, wanted, "{sizes:?}");
        // Once the others are answered there is room again.
        for call in std::mem::take(&mut pair.calls) {
            pair.server.answer(call.call_id, b"").unwrap();
        }
        assert_eq!((pair.server.outstanding_calls(), pair.server.outstanding_bytes()), (0, 0), "{sizes:?}");
        pair.client.call(1, &bytes(1000, 0)).unwrap();
        pair.drive();
        assert_eq!(pair.calls.len(), 1, "{sizes:?}");
    }
}

#[test]
fn an_answer_over_the_limit_becomes_a_fault() {
    let server = Limits { stub_max_bytes: 100, ..Limits::default() };
    let mut pair = Pair::bound(Limits::default(), server, vec![100]);
    let call_id = pair.client.call(1, b"").unwrap();
    pair.drive();
    pair.server.answer(call_id, &[0; 101]).unwrap();
    pair.drive();
    let status = FaultStatus::REMOTE_NO_MEMORY;
    assert_eq!(pair.client_events, [Event::Fault { call_id, status, may_have_run: true }]);
}

#[test]
fn the_client_has_bounds_too() {
    let client = Limits { stub_max_bytes: 100, outstanding_calls_max: 2, ..Limits::default() };
    let mut pair = Pair::bound(client, Limits::default(), vec![100]);
    assert_eq!(pair.client.call(1, &[0; 101]), Err(CannotCall::StubTooLong { length: 101, limit: 100 }));
    let call_id = pair.client.call(1, &[0; 100]).unwrap();
    pair.client.call(1, b"").unwrap();
    assert_eq!(pair.client.call(1, b""), Err(CannotCall::TooManyCalls { count: 2 }));
    pair.drive();
    pair.server.answer(call_id, &[0; 101]).unwrap();
    pair.drive();
    assert_eq!(pair.client_events, [Event::Closed(ProtocolError::StubTooLong { call_id, limit: 100 })]);
}

#[test]
fn the_client_bounds_all_incomplete_answers_together() {
    let limits = Limits { outstanding_bytes_max: 100, ..Limits::default() };
    for (abandon, fits) in [(true, true), (false, false)] {
        let mut pair = Pair::bound(limits, Limits::default(), vec![4096]);
        let first = pair.client.call(1, b"").unwrap();
        let second = pair.client.call(1, b"").unwrap();
        let mut wire = Vec::new();
        write_response_fragment(&mut wire, Flags::FIRST, first, 0, 0, &[1; 60]);
        pair.client.handle_input(&wire);
        assert_eq!(pair.client.poll(), None);
        if abandon {
            pair.client.abandon(first);
        }
        wire.clear();
        write_response_fragment(&mut wire, Flags::FIRST, second, 0, 0, &[2; 60]);
        pair.client.handle_input(&wire);
        let end = Event::Closed(ProtocolError::StubTooLong { call_id: second, limit: 100 });
        assert_eq!(pair.client.poll(), (!fits).then_some(end));
    }
}

#[test]
fn an_answer_s_fragments_have_an_order() {
    let cases: &[(&[Flags], bool)] = &[
        (&[Flags::FIRST, Flags::default(), Flags::LAST], true),
        (&[Flags::FIRST, Flags::FIRST], false),
        (&[Flags::LAST], false),
        (&[Flags::WHOLE, Flags::WHOLE], false),
    ];
    for (fragments, good) in cases {
        let mut pair = Pair::bound(Limits::default(), Limits::default(), vec![4096]);
        let call_id = pair.client.call(1, b"").unwrap();
        let mut wire = Vec::new();
        for flags in *fragments {
            write_response_fragment(&mut wire, *flags, call_id, 0, 0, b"x");
        }
        pair.client.handle_input(&wire);
        let events: Vec<_> = std::iter::from_fn(|| pair.client.poll()).collect();
        let stray = Event::Closed(ProtocolError::StrayFragment { call_id });
        let whole = Event::Response { call_id, stub: b"xxx".to_vec() };
        let last = if *good { whole } else { stray };
        assert_eq!(events.last(), Some(&last), "{fragments:?}");
    }
}

#[test]
fn calls_that_never_end_are_cut_off() {
    let limits = Limits { outstanding_calls_max: 2, ..Limits::default() };
    let mut pair = Pair::bound(Limits::default(), limits, vec![4096]);
    let mut wire = Vec::new();
    for call_id in 10..20 {
        write_request_fragment(&mut wire, Flags::FIRST, call_id, 0, 0, 3, b"first of many");
    }
    pair.server.handle_input(&wire);
    let end = server::Event::Closed(ProtocolError::TooManyCalls { count: 4 });
    assert_eq!(pair.server.poll(), Some(end));
}

#[test]
fn a_cancel_reaches_a_running_call_and_an_orphan_gets_no_answer() {
    let mut pair = Pair::bound(Limits::default(), Limits::default(), vec![4096]);
    let first = pair.client.call(1, b"").unwrap();
    let second = pair.client.call(1, b"").unwrap();
    pair.drive();
    pair.client.cancel(first);
    pair.drive();
    assert_eq!(pair.cancelled, [first]);

    let mut wire = Vec::new();
    write_bare(&mut wire, PduType::Orphaned, second);
    // A call that is still coming in, and then is not; and one that nobody knows.
    write_request_fragment(&mut wire, Flags::FIRST, 50, 0, 0, 3, b"first of many");
    write_bare(&mut wire, PduType::Cancel, 50);
    write_bare(&mut wire, PduType::Orphaned, 50);
    write_bare(&mut wire, PduType::Orphaned, 51);
    write_bare(&mut wire, PduType::Cancel, 51);
    pair.server.handle_input(&wire);
    pair.drive();
    assert_eq!(pair.cancelled, [first, second]);
    assert_eq!(pair.server.outstanding_calls(), 2);

    pair.server.answer(second, b"unwanted").unwrap();
    assert_eq!(pair.server.output(), b"");
    pair.server.fault(first, FaultStatus::CANCELLED).unwrap();
    pair.drive();
    let status = FaultStatus::CANCELLED;
    assert_eq!(pair.client_events, [Event::Fault { call_id: first, status, may_have_run: true }]);
    assert_eq!(pair.server.outstanding_calls(), 0);
}

#[test]
fn an_abandoned_call_s_answer_is_skipped() {
    let mut pair = Pair::bound(fragments_of(64), Limits::default(), vec![50]);
    let given_up = pair.client.call(1, b"").unwrap();
    let waited_for = pair.client.call(1, b"").unwrap();
    pair.drive();
    pair.server.answer(given_up, &[1; 500]).unwrap();
    pair.server.answer(waited_for, b"here").unwrap();
    // Given up in the middle of its answer.
    let count = 200;
    let some = pair.server.output()[..count].to_vec();
    pair.server.consume_output(count);
    pair.client.handle_input(&some);
    assert_eq!(pair.client.poll(), None);
    pair.client.abandon(given_up);
    pair.drive();
    assert_eq!(pair.client_events, [Event::Response { call_id: waited_for, stub: b"here".to_vec() }]);
    assert_eq!(pair.client.outstanding_calls(), 0);
}

#[test]
fn fragments_that_continue_nothing_end_the_connection() {
    const FIRST: Flags = Flags::FIRST;
    type Fragments = &'static [(u32, Flags, u16)];
    let cases: &[(&str, Fragments, ProtocolError)] = &[
        ("begun twice", &[(5, FIRST, 1), (5, FIRST, 1)], ProtocolError::DuplicateCall { call_id: 5 }),
        ("never begun", &[(5, Flags::LAST, 1)], ProtocolError::StrayFragment { call_id: 5 }),
        ("other opnum", &[(5, FIRST, 1), (5, Flags::LAST, 2)], ProtocolError::StrayFragment { call_id: 5 }),
        (
            "still running",
            &[(5, Flags::WHOLE, 1), (5, Flags::LAST, 1)],
            ProtocolError::StrayFragment { call_id: 5 },
        ),
    ];
    for (name, fragments, error) in cases {
        let mut pair = Pair::bound(Limits::default(), Limits::default(), vec![4096]);
        let mut wire = Vec::new();
        for (call_id, flags, opnum) in *fragments {
            write_request_fragment(&mut wire, *flags, *call_id, 0, 0, *opnum, b"");
        }
        pair.server.handle_input(&wire);
        pair.drive();
        assert_eq!(pair.server_end, Some(*error), "{name}");
        assert_eq!(pair.server.outstanding_calls(), 0, "{name}");
    }
}
