//! What must hold for any bytes: the properties that fuzzing and the property tests check.

use mainstay_ndr::Endian;

use crate::Request;
use crate::operations::{RewriteError, rewrite_response};

/// Takes the first two bytes of `data` as an opnum, little-endian, and the rest as the stub of a request. If it is one,
/// it is written and read again and must be the same; its refusal must be writable and readable.
///
/// # Panics
///
/// When the property does not hold. This is for tests only.
#[expect(clippy::panic, reason = "a broken property has to stop the fuzzer")]
pub fn decode_any(data: &[u8]) {
    let Some((opnum, stub)) = split(data) else {
        return;
    };
    for endian in [Endian::Little, Endian::Big] {
        let Ok(received) = Request::decode(opnum, stub, endian) else {
            continue;
        };
        assert!(received.used <= stub.len(), "more bytes used than there are");
        let request = received.request;
        assert_eq!(request.opnum(), opnum);
        let Ok(written) = request.encode() else {
            panic!("{request:?} cannot be written");
        };
        match Request::decode(opnum, &written, Endian::Little) {
            Ok(again) => {
                assert_eq!(again.request, request, "the request changed");
                assert_eq!(again.used, written.len(), "the stub has bytes that the decoder does not read");
            }
            Err(error) => panic!("{request:?} cannot be read again: {error:?}"),
        }
        let Ok(refusal) = request.refusal_stub(5) else {
            panic!("{request:?} cannot be refused");
        };
        match rewrite_response(opnum, &refusal, Endian::Little) {
            Ok(again) => assert_eq!(again, refusal, "the refusal changed"),
            Err(error) => panic!("the refusal of {request:?} cannot be read: {error:?}"),
        }
    }
}

/// Takes the first two bytes of `data` as an opnum, little-endian, and the rest as the stub of an answer. If it is one, it is
/// written, and what is written must read and write the same.
///
/// # Panics
///
/// When the property does not hold. This is for tests only.
#[expect(clippy::panic, reason = "a broken property has to stop the fuzzer")]
pub fn decode_any_response(data: &[u8]) {
    let Some((opnum, stub)) = split(data) else {
        return;
    };
    for endian in [Endian::Little, Endian::Big] {
        let written = match rewrite_response(opnum, stub, endian) {
            Ok(written) => written,
            Err(RewriteError::UnknownOperation | RewriteError::Decode(_)) => continue,
            Err(RewriteError::Encode(error)) => {
                panic!("the answer to {opnum} cannot be written again: {error}")
            }
        };
        match rewrite_response(opnum, &written, Endian::Little) {
            Ok(again) => assert_eq!(again, written, "the answer to {opnum} changed"),
            Err(error) => panic!("the answer to {opnum} cannot be read again: {error:?}"),
        }
    }
}

fn split(data: &[u8]) -> Option<(u16, &[u8])> {
    let (opnum, stub) = data.split_first_chunk()?;
    Some((u16::from_le_bytes(*opnum), stub))
}
