//! What the tests share: bytes written as hexadecimal text, and the one handle they all use.

use mainstay_ndr::ContextHandle;
use uuid::Uuid;

/// The handle on the wire.
pub(crate) const HANDLE: &str = "00000000 00112233445566778899aabbccddeeff";

/// The handle, of any kind.
pub(crate) fn handle<H: From<ContextHandle>>() -> H {
    ContextHandle::new(Uuid::from_u128(0x3322_1100_5544_7766_8899_aabb_ccdd_eeff)).into()
}

/// The bytes of hexadecimal `text`; white space between bytes is allowed.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    let digits: Vec<_> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    let (pairs, odd) = digits.as_chunks();
    assert!(odd.is_empty(), "half a byte in {text}");
    pairs.iter().map(|[high, low]| u8::try_from(high * 16 + low).unwrap()).collect()
}
