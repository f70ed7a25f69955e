//! Every operation: its bytes, its place in the table, and what any bytes do to it.
#![allow(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

mod samples;

use std::fmt::Write;

use mainstay_cmrp::operations::ALL;
use mainstay_cmrp::{Request, RequestError, RequiredAccess, oracle};
use mainstay_ndr::Endian;
use mainstay_types::Access;
use proptest::prelude::*;

/// Opnum and stub as the oracle takes them.
fn tagged(opnum: u16, stub: &[u8]) -> Vec<u8> {
    [&opnum.to_le_bytes(), stub].concat()
}

fn request_corpus() -> Vec<Vec<u8>> {
    samples::requests().iter().map(|request| tagged(request.opnum(), &request.encode().unwrap())).collect()
}

fn answer_corpus() -> Vec<Vec<u8>> {
    samples::answers().iter().map(|(opnum, _, stub)| tagged(*opnum, stub)).collect()
}

/// The stubs in the snapshot were checked with Samba's `ndrdump` (those that Samba knows the same way), so a difference
/// is a change of the wire format.
#[test]
fn stubs_are_what_they_were() {
    let mut stubs = String::new();
    for (request, (opnum, name, answer)) in samples::requests().iter().zip(samples::answers()) {
        assert_eq!((request.opnum(), request.name()), (opnum, name));
        let request = hex(&request.encode().unwrap());
        writeln!(stubs, "{opnum} {name}\n  in  {request}\n  out {}", hex(&answer)).unwrap();
    }
    insta::assert_snapshot!(stubs);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn samples_and_table_have_the_same_operations_in_order() {
    assert!(ALL.is_sorted_by(|(a, _), (b, _)| a < b), "numbers are unique and in order");
    let names: Vec<_> = samples::requests().iter().map(|request| (request.opnum(), request.name())).collect();
    assert_eq!(names, ALL);
}

#[test]
fn other_numbers_are_unknown() {
    for opnum in (0..=u16::MAX).filter(|opnum| !ALL.iter().any(|(known, _)| known == opnum)) {
        assert_eq!(Request::decode(opnum, &[], Endian::Little), Err(RequestError::UnknownOperation(opnum)));
    }
}

/// A request cut short anywhere is refused, except inside a `BOOL` at its end, which Samba's clients send as one byte.
#[test]
fn cut_stubs_are_refused() {
    for request in samples::requests() {
        let stub = request.encode().unwrap();
        for len in 0..stub.len() {
            match Request::decode(request.opnum(), &stub[..len], Endian::Little) {
                Err(RequestError::BadStub { name, .. }) => assert_eq!(name, request.name()),
                Ok(received) => {
                    assert_eq!(received.request, request, "cut to {len} bytes");
                    assert!(stub.len() - len < 4, "cut to {len} bytes");
                    assert!(
                        ["DeleteGroup", "AddNotifyKey", "AddNotifyV2"].contains(&request.name()),
                        "{request:?}"
                    );
                }
                Err(error @ RequestError::UnknownOperation(_)) => panic!("{error}"),
            }
        }
    }
}

#[test]
fn every_sample_holds_the_property() {
    for data in request_corpus() {
        oracle::decode_any(&data);
    }
    for data in answer_corpus() {
        oracle::decode_any_response(&data);
    }
}

/// These need less than full access; everything else does not get by without.
#[test]
fn only_these_operations_need_less_than_full_access() {
    let mut lesser = String::new();
    for request in samples::requests() {
        match request.required_access() {
            RequiredAccess::AtLeast(Access::Full) => {}
            access => writeln!(lesser, "{access:?} {}", request.name()).unwrap(),
        }
    }
    insta::assert_snapshot!(lesser);
}

#[test]
fn control_codes_say_themselves_what_they_need() {
    let set_private = RequiredAccess::of_control_code(0x0140_0086);
    assert_eq!(set_private, RequiredAccess::AtLeast(Access::Full));
    let get_private = RequiredAccess::of_control_code(0x0100_0081);
    assert_eq!(get_private, RequiredAccess::AtLeast(Access::Read));
}

/// One change to a stub.
#[derive(Debug, Clone)]
enum Mutation {
    Set(prop::sample::Index, u8),
    /// A number where counts, offsets and referents are.
    Word(prop::sample::Index, u32),
    Insert(prop::sample::Index, Vec<u8>),
    Cut(prop::sample::Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let index = any::<prop::sample::Index>;
    let word = prop_oneof![0..8u32, Just(u32::MAX), Just(0x7fff_ffff), Just(0x4000_0000), any::<u32>()];
    prop_oneof![
        (index(), any::<u8>()).prop_map(|(at, byte)| Mutation::Set(at, byte)),
        (index(), word).prop_map(|(at, word)| Mutation::Word(at, word)),
        (index(), prop::collection::vec(any::<u8>(), 1..9))
            .prop_map(|(at, bytes)| Mutation::Insert(at, bytes)),
        index().prop_map(Mutation::Cut),
    ]
}

/// Applies `mutations` to the stub behind the opnum.
fn mutate(data: &mut Vec<u8>, mutations: &[Mutation]) {
    const OPNUM_LEN: usize = 2;
    for mutation in mutations {
        let stub_len = data.len() - OPNUM_LEN;
        if stub_len < 4 {
            return;
        }
        match mutation {
            Mutation::Set(at, byte) => data[OPNUM_LEN + at.index(stub_len)] = *byte,
            Mutation::Word(at, word) => {
                let at = OPNUM_LEN + at.index(stub_len / 4) * 4;
                data[at..at + 4].copy_from_slice(&word.to_le_bytes());
            }
            Mutation::Insert(at, bytes) => {
                let at = OPNUM_LEN + at.index(stub_len);
                data.splice(at..at, bytes.iter().copied());
            }
            Mutation::Cut(at) => data.truncate(OPNUM_LEN + at.index(stub_len)),
        }
    }
}

proptest! {
    #[test]
    fn random_bytes_hold_the_property(
        opnum in prop_oneof![prop::sample::select(ALL).prop_map(|(opnum, _)| opnum), any::<u16>()],
        stub in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let data = tagged(opnum, &stub);
        oracle::decode_any(&data);
        oracle::decode_any_response(&data);
    }

    #[test]
    fn mutated_requests_hold_the_property(mutations in prop::collection::vec(mutation(), 1..4)) {
        for mut data in request_corpus() {
            mutate(&mut data, &mutations);
            oracle::decode_any(&data);
        }
    }

    #[test]
    fn mutated_answers_hold_the_property(mutations in prop::collection::vec(mutation(), 1..4)) {
        for mut data in answer_corpus() {
            mutate(&mut data, &mutations);
            oracle::decode_any_response(&data);
        }
    }
}
