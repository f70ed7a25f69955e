//! Any value comes back as it was written, and any bytes are read or refused without harm.
#![allow(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

use mainstay_ndr::{ContextHandle, Endian, Ndr, NdrParams, Varying};
use proptest::collection::vec;
use proptest::prelude::*;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Ndr)]
struct Node {
    kind: u8,
    size: u64,
    name: Option<String>,
    #[ndr(count_after)]
    data: Option<Vec<u8>>,
    next: Option<Box<Node>>,
}

#[derive(Debug, Clone, PartialEq, Ndr)]
struct List {
    flags: u16,
    #[ndr(count_before)]
    nodes: Vec<Node>,
}

#[derive(Debug, Clone, PartialEq, NdrParams)]
struct Everything {
    byte: u8,
    handle: ContextHandle,
    flag: bool,
    number: i64,
    name: String,
    list: Option<List>,
    #[ndr(count_after)]
    varying: Varying<u16>,
    short: i16,
    #[ndr(count_before)]
    names: Vec<Option<String>>,
}

/// Text without a null character, which no string can carry.
fn text() -> impl Strategy<Value = String> {
    "[^\u{0}]{0,6}"
}

fn node() -> impl Strategy<Value = Node> {
    let leaf =
        (any::<u8>(), any::<u64>(), prop::option::of(text()), prop::option::of(vec(any::<u8>(), 0..5)))
            .prop_map(|(kind, size, name, data)| Node { kind, size, name, data, next: None });
    leaf.prop_recursive(4, 8, 1, |inner| {
        (inner, any::<u8>()).prop_map(|(next, kind)| Node {
            kind,
            size: 1,
            name: None,
            data: None,
            next: Some(Box::new(next)),
        })
    })
}

fn everything() -> impl Strategy<Value = Everything> {
    let handle = any::<(u32, u128)>()
        .prop_map(|(attributes, uuid)| ContextHandle { attributes, uuid: Uuid::from_u128(uuid) });
    let list = (any::<u16>(), vec(node(), 0..4)).prop_map(|(flags, nodes)| List { flags, nodes });
    let varying =
        (vec(any::<u16>(), 0..5), 5..u32::MAX).prop_map(|(items, max)| Varying::new(max, items).unwrap());
    let scalars = any::<(u8, bool, i64, i16)>();
    (scalars, handle, text(), prop::option::of(list), varying, vec(prop::option::of(text()), 0..4)).prop_map(
        |((byte, flag, number, short), handle, name, list, varying, names)| Everything {
            byte,
            handle,
            flag,
            number,
            name,
            list,
            varying,
            short,
            names,
        },
    )
}

/// Reads `stub` either way; what can be read can be written and comes back the same.
fn read(stub: &[u8]) {
    for endian in [Endian::Little, Endian::Big] {
        let Ok((value, used)) = Everything::from_stub(stub, endian) else {
            continue;
        };
        assert!(used <= stub.len());
        let written = value.to_stub().unwrap();
        assert_eq!(Everything::from_stub(&written, Endian::Little), Ok((value, written.len())));
    }
}

proptest! {
    #[test]
    fn values_come_back(value in everything(), trailer in vec(any::<u8>(), 0..9)) {
        let mut stub = value.to_stub().unwrap();
        let len = stub.len();
        stub.extend(trailer);
        prop_assert_eq!(Everything::from_stub(&stub, Endian::Little), Ok((value, len)));
    }

    #[test]
    fn cut_stubs_are_refused(value in everything(), at in any::<prop::sample::Index>()) {
        let stub = value.to_stub().unwrap();
        // The last field is an array, so that its last bytes count.
        prop_assert!(Everything::from_stub(&stub[..at.index(stub.len())], Endian::Little).is_err());
    }

    #[test]
    fn changed_stubs_do_no_harm(
        value in everything(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        words in vec((any::<prop::sample::Index>(), prop_oneof![0..9u32, Just(u32::MAX), any::<u32>()]), 0..3),
    ) {
        let mut stub = value.to_stub().unwrap();
        for (at, byte) in changes {
            let at = at.index(stub.len());
            stub[at] = byte;
        }
        for (at, word) in words {
            let at = at.index(stub.len() / 4) * 4;
            stub[at..at + 4].copy_from_slice(&word.to_le_bytes());
        }
        read(&stub);
    }

    #[test]
    fn random_bytes_do_no_harm(stub in vec(any::<u8>(), 0..300)) {
        read(&stub);
    }
}
