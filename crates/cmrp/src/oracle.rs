//! What must hold for any bytes: the property that fuzzing and the property tests check.

use mainstay_ndr::Endian;

use crate::Request;

/// Takes the first two bytes of `data` as an opnum and the rest as a stub. If that is a request, it is written and read
/// again and must be the same; every refusal of it must be writable.
///
/// # Panics
///
/// When the property does not hold. This is for tests only.
#[expect(clippy::panic, reason = "a broken property has to stop the fuzzer")]
pub fn decode_any(data: &[u8]) {
    let Some((opnum, stub)) = data.split_first_chunk() else {
        return;
    };
    let opnum = u16::from_le_bytes(*opnum);
    for endian in [Endian::Little, Endian::Big] {
        let Ok(received) = Request::decode(opnum, stub, endian) else {
            continue;
        };
        assert!(received.used <= stub.len(), "more bytes used than there are");
        let request = received.request;
        assert_eq!(request.opnum(), opnum);
        let again = request.encode().map(|stub| (Request::decode(opnum, &stub, Endian::Little), stub.len()));
        match again {
            Ok((Ok(again), len)) => {
                assert_eq!(again.request, request, "the request changed");
                assert_eq!(again.used, len, "the stub has bytes that the decoder does not read");
            }
            broken => panic!("{request:?} cannot be written and read again: {broken:?}"),
        }
        assert!(request.refusal_stub(5).is_ok(), "{request:?} cannot be refused");
    }
}
