//! How values lie in a stub, byte for byte, and which bytes are refused.
#![allow(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

use std::fmt::Debug;

use mainstay_ndr::{
    ContextHandle, DecodeError, Decoder, EncodeError, Encoder, Endian, MAX_DEPTH, Ndr, NdrParams, Varying,
};
use uuid::Uuid;

fn bytes(text: &str) -> Vec<u8> {
    let digits: Vec<_> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    let (pairs, odd) = digits.as_chunks();
    assert!(odd.is_empty(), "half a byte in {text}");
    pairs.iter().map(|[high, low]| u8::try_from(high * 16 + low).unwrap()).collect()
}

fn encode<T: Ndr>(value: &T) -> Result<Vec<u8>, EncodeError> {
    let mut encoder = Encoder::new();
    value.encode(&mut encoder)?;
    Ok(encoder.into_bytes())
}

fn decode<T: Ndr>(stub: &str) -> Result<T, DecodeError> {
    T::decode(&mut Decoder::new(&bytes(stub), Endian::Little))
}

/// `value` is written as `stub` and read from it, to its last byte.
#[track_caller]
fn check<T: Ndr + Debug + PartialEq>(value: T, stub: &str) {
    let stub = bytes(stub);
    assert_eq!(encode(&value), Ok(stub.clone()));
    let mut decoder = Decoder::new(&stub, Endian::Little);
    assert_eq!(T::decode(&mut decoder), Ok(value));
    assert_eq!(decoder.left(), 0);
}

#[track_caller]
fn check_refused<T: Ndr + Debug + PartialEq>(stub: &str, error: DecodeError) {
    assert_eq!(decode::<T>(stub), Err(error));
}

#[derive(Debug, Clone, PartialEq, Ndr)]
struct Mixed {
    byte: u8,
    long: i64,
    short: u16,
    word: i32,
}

#[derive(Debug, Clone, PartialEq, Ndr)]
struct Person {
    id: u32,
    name: Option<String>,
    #[ndr(count_before)]
    key: Option<Vec<u8>>,
    friend: Option<Box<Person>>,
}

#[derive(Debug, Clone, PartialEq, Ndr)]
struct List<T> {
    #[ndr(count_before)]
    items: Vec<T>,
}

#[derive(Debug, Clone, PartialEq, Ndr)]
struct Outer {
    tag: u8,
    list: List<u64>,
}

#[derive(Debug, Clone, PartialEq, Ndr)]
struct Counts {
    #[ndr(count_after)]
    data: Option<Vec<u16>>,
    last: u8,
}

#[test]
fn scalars_and_padding() {
    check(0x1234_u16, "3412");
    check(-2_i16, "feff");
    check(-2_i32, "feffffff");
    check(0x0102_0304_0506_0708_i64, "0807060504030201");
    check(true, "01000000");
    let mixed = |byte| Mixed { byte, long: -1, short: 2, word: 3 };
    check(mixed(1), "01 00000000000000 ffffffffffffffff 0200 0000 03000000");
    // The second structure begins at a multiple of its own alignment; none is padded at its end.
    check(
        vec![mixed(1), mixed(4)],
        "02000000 00000000
         01 00000000000000 ffffffffffffffff 0200 0000 03000000
         04 00000000000000 ffffffffffffffff 0200 0000 03000000",
    );
}

#[test]
fn strings() {
    check(String::new(), "01000000 00000000 01000000 0000");
    check("a€𝄞".to_owned(), "05000000 00000000 05000000 6100 ac20 34d8 1edd 0000");
    // A maximum above the length only says how large the sender's buffer is.
    assert_eq!(decode::<String>("ff000000 00000000 02000000 6100 0000"), Ok("a".to_owned()));
    assert_eq!(encode(&"a\0b".to_owned()), Err(EncodeError::StringInteriorNull { string: "a\0b".into() }));

    check_refused::<String>(
        "02000000 01000000 01000000 0000",
        DecodeError::VaryingOffset { at: 4, offset: 1 },
    );
    check_refused::<String>(
        "01000000 00000000 02000000 61000000",
        DecodeError::VaryingLength { at: 4, actual: 2, max: 1 },
    );
    check_refused::<String>("01000000 00000000 01000000 6100", DecodeError::StringNotTerminated { at: 4 });
    check_refused::<String>("00000000 00000000 00000000", DecodeError::StringNotTerminated { at: 4 });
    check_refused::<String>(
        "03000000 00000000 03000000 610000000000",
        DecodeError::StringInteriorNull { at: 4 },
    );
    check_refused::<String>("02000000 00000000 02000000 00d8 0000", DecodeError::StringNotUtf16 { at: 4 });
    check_refused::<String>("02000000 00000000 02000000 00dc 0000", DecodeError::StringNotUtf16 { at: 4 });
    check_refused::<String>(
        "ffffffff 00000000 ffffffff 6100",
        DecodeError::CountTooLarge { at: 12, count: u32::MAX, left: 2 },
    );
    check_refused::<String>("02000000 0000", DecodeError::Truncated { at: 4, needed: 4, left: 2 });
}

#[test]
fn pointers_and_what_they_refer_to() {
    check(None::<String>, "00000000");
    check(Some(7_u32), "04000200 07000000");
    let friend = Person { id: 2, name: Some("b".into()), key: None, friend: None };
    let person =
        Person { id: 1, name: Some("a".into()), key: Some(vec![1, 2, 3]), friend: Some(Box::new(friend)) };
    check(
        person,
        "01000000 04000200 03000000 08000200 0c000200
         02000000 00000000 02000000 61000000
         03000000 010203 00
         02000000 10000200 00000000 00000000 00000000
         02000000 00000000 02000000 62000000",
    );
    // The pointers of an array's elements are followed behind the array, in order.
    let person = |id, name: Option<&str>| Person { id, name: name.map(Into::into), key: None, friend: None };
    check(
        List { items: vec![person(1, Some("a")), person(2, None), person(3, Some(""))] },
        "03000000 03000000
         01000000 04000200 00000000 00000000 00000000
         02000000 00000000 00000000 00000000 00000000
         03000000 08000200 00000000 00000000 00000000
         02000000 00000000 02000000 61000000
         01000000 00000000 01000000 0000",
    );
    // Any other referent id than 0 is a pointer; equal ones do not alias.
    let items = decode::<List<Option<u32>>>("02000000 02000000 01000000 01000000 05000000 06000000");
    assert_eq!(items, Ok(List { items: vec![Some(5), Some(6)] }));
}

#[test]
fn the_conformance_of_a_structure_comes_ahead_of_it() {
    check(List { items: vec![1_u8, 2, 3] }, "03000000 03000000 010203");
    check(Some(List::<u32> { items: vec![] }), "04000200 00000000 00000000");
    check(
        Outer { tag: 9, list: List { items: vec![1, 2] } },
        "02000000 00000000 09 00000000000000 02000000 00000000 0100000000000000 0200000000000000",
    );
}

#[test]
fn varying_arrays() {
    let varying = |max, items: &[u16]| Varying::new(max, items.to_vec()).unwrap();
    check(varying(5, &[1, 2]), "05000000 00000000 02000000 0100 0200");
    check(varying(5, &[]), "05000000 00000000 00000000");
    check(varying(0, &[]), "00000000 00000000 00000000");
    // Room costs nothing; only what is transmitted is allocated.
    check(Varying::<u64>::empty(u32::MAX), "ffffffff 00000000 00000000");
    assert_eq!(Varying::new(1, vec![1, 2]), Err(vec![1, 2]));
    check_refused::<Varying<u8>>(
        "01000000 00000000 02000000 0102",
        DecodeError::VaryingLength { at: 4, actual: 2, max: 1 },
    );
    check_refused::<Varying<u32>>(
        "09000000 00000000 02000000 01000000",
        DecodeError::CountTooLarge { at: 12, count: 2, left: 4 },
    );
}

#[test]
fn counts_have_to_agree() {
    check(Counts { data: Some(vec![1, 2]), last: 9 }, "04000200 02000000 09 000000 02000000 0100 0200");
    check(Counts { data: None, last: 9 }, "00000000 00000000 09");
    let wrong = |at, count, actual| DecodeError::CountMismatch { at, count, actual };
    check_refused::<Counts>("04000200 03000000 09 000000 02000000 0100 0200", wrong(20, 3, 2));
    check_refused::<Counts>("04000200 00000000 09 000000 02000000 0100 0200", wrong(20, 0, 2));
    // A null pointer that claims a length.
    check_refused::<Counts>("00000000 01000000 09", wrong(9, 1, 0));
    check_refused::<List<u8>>("03000000 02000000 010203", wrong(11, 2, 3));
}

#[test]
fn counts_are_bounded_by_the_bytes_left() {
    let too_large = |at, count, left| DecodeError::CountTooLarge { at, count, left };
    check_refused::<Vec<u8>>("ffffffff 0102", too_large(4, u32::MAX, 2));
    check_refused::<Vec<u64>>("02000000 00000000 0100000000000000", too_large(4, 2, 12));
    check_refused::<List<Person>>("00000020 00000020 0102", too_large(8, 0x2000_0000, 2));
    check_refused::<Vec<Option<String>>>("02000000 00000000", too_large(4, 2, 4));
}

#[test]
fn pointers_nest_to_a_bound() {
    let chain = |len: u32| {
        (0..len).fold(None, |friend: Option<Box<Person>>, id| {
            Some(Box::new(Person { id, name: None, key: None, friend }))
        })
    };
    let deepest = chain(MAX_DEPTH);
    let stub = encode(&deepest).unwrap();
    assert_eq!(Ndr::decode(&mut Decoder::new(&stub, Endian::Little)), Ok(deepest));
    assert_eq!(encode(&chain(MAX_DEPTH + 1)), Err(EncodeError::TooDeep));

    let link = "01000000 00000000 00000000 00000000 01000000 ";
    let endless = format!("01000000 {}", link.repeat(1000));
    let at = 4 + usize::try_from(MAX_DEPTH).unwrap() * 20;
    check_refused::<Option<Box<Person>>>(&endless, DecodeError::TooDeep { at });
}

#[test]
fn context_handles() {
    let handle =
        ContextHandle { attributes: 1, uuid: Uuid::from_u128(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff) };
    check(handle, "01000000 33221100 5544 7766 8899aabbccddeeff");
    check(ContextHandle::NULL, &"00".repeat(20));
    assert!(ContextHandle::NULL.is_null() && !handle.is_null());
    assert_eq!(format!("{handle:?}"), "00000001:00112233-4455-6677-8899-aabbccddeeff");
    let stub = bytes("00000001 00112233 4455 6677 8899aabbccddeeff");
    assert_eq!(ContextHandle::decode(&mut Decoder::new(&stub, Endian::Big)), Ok(handle));
}

#[derive(Debug, PartialEq, NdrParams)]
struct Buffer {
    #[ndr(count_after)]
    data: Vec<u8>,
}

#[derive(Debug, PartialEq, NdrParams)]
struct Call<H> {
    handle: H,
    first: Option<String>,
    #[ndr(params)]
    buffer: Buffer,
    #[ndr(count_before)]
    ids: Vec<u16>,
    flag: bool,
}

#[derive(Debug, PartialEq, NdrParams)]
struct Nothing;

#[test]
fn parameters_follow_each_other_whole() {
    let call = Call {
        handle: 0xab_u8,
        first: Some("a".into()),
        buffer: Buffer { data: vec![1, 2, 3] },
        ids: vec![7],
        flag: true,
    };
    let stub = bytes(
        "ab 000000
         04000200 02000000 00000000 02000000 61000000
         03000000 010203 00 03000000
         01000000 01000000 0700 0000
         01000000",
    );
    assert_eq!(call.to_stub(), Ok(stub.clone()));
    assert_eq!(Call::from_stub(&stub, Endian::Little).as_ref(), Ok(&(call, stub.len())));
    assert_eq!(Nothing.to_stub(), Ok(vec![]));
    assert_eq!(Nothing::from_stub(&[1, 2], Endian::Big), Ok((Nothing, 0)));
}

#[test]
fn big_endian_is_read() {
    let stub = bytes(
        "ab 000000
         00000001 00000002 00000000 00000002 20ac0000
         00000003 010203 00 00000003
         00000001 00000001 0007 0000
         00000001",
    );
    let call = Call::<u8> {
        handle: 0xab,
        first: Some("€".into()),
        buffer: Buffer { data: vec![1, 2, 3] },
        ids: vec![7],
        flag: true,
    };
    assert_eq!(Call::from_stub(&stub, Endian::Big), Ok((call, stub.len())));
}

#[test]
fn a_bool_may_be_cut_at_the_end_only() {
    for (stub, expected) in [
        ("01", Ok(true)),
        ("00", Ok(false)),
        ("0100", Ok(true)),
        ("02000000", Ok(true)),
        ("00000100", Ok(true)),
        ("", Err(DecodeError::Truncated { at: 0, needed: 4, left: 0 })),
    ] {
        assert_eq!(decode::<bool>(stub), expected, "{stub}");
    }
}
