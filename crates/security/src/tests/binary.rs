//! Descriptors in bytes.

use super::{ALL, bytes, sid, with_dacl};
use crate::*;

/// The descriptor of a new cluster: the list at 20, the owner at 52, the group at 68.
const DEFAULT: &str = "
    01 00 04 90  34 00 00 00  44 00 00 00  00 00 00 00  14 00 00 00
    02 00 20 00 01 00 00 00  00 00 18 00 03 00 00 00  01 02 00 00 00 00 00 05 20 00 00 00 20 02 00 00
    01 02 00 00 00 00 00 05 20 00 00 00 20 02 00 00
    01 02 00 00 00 00 00 05 20 00 00 00 20 02 00 00";

#[test]
fn the_default_descriptor_byte_by_byte() {
    assert_eq!(default_descriptor().to_bytes().unwrap(), bytes(DEFAULT));
    assert_eq!(SecurityDescriptor::parse(&bytes(DEFAULT)).unwrap(), default_descriptor());
    oracle::any_bytes(&bytes(DEFAULT));
}

#[test]
fn parts_may_lie_in_any_order_and_bytes_may_follow() {
    for text in [
        // Owner, group, list.
        "01 00 04 90  14 00 00 00  24 00 00 00  00 00 00 00  34 00 00 00
         01 02 00 00 00 00 00 05 20 00 00 00 20 02 00 00  01 02 00 00 00 00 00 05 20 00 00 00 20 02 00 00
         02 00 20 00 01 00 00 00  00 00 18 00 03 00 00 00  01 02 00 00 00 00 00 05 20 00 00 00 20 02 00 00",
        // Owner and group share their bytes, a gap before the list, bytes behind it.
        "01 00 04 90  14 00 00 00  14 00 00 00  00 00 00 00  27 00 00 00
         01 02 00 00 00 00 00 05 20 00 00 00 20 02 00 00  FF FF FF
         02 00 20 00 01 00 00 00  00 00 18 00 03 00 00 00  01 02 00 00 00 00 00 05 20 00 00 00 20 02 00 00  EE",
        // The list holds more than its entry, the entry more than its SID.
        "01 00 04 90  14 00 00 00  14 00 00 00  00 00 00 00  24 00 00 00
         01 02 00 00 00 00 00 05 20 00 00 00 20 02 00 00
         02 00 28 00 01 00 00 00
         00 00 1C 00 03 00 00 00  01 02 00 00 00 00 00 05 20 00 00 00 20 02 00 00  DD DD DD DD  CC CC CC CC",
    ] {
        assert_eq!(SecurityDescriptor::parse(&bytes(text)).unwrap(), default_descriptor(), "{text}");
    }
}

#[test]
fn a_descriptor_cut_anywhere_is_refused() {
    let whole = bytes(DEFAULT);
    for length in 0..whole.len() {
        let error = SecurityDescriptor::parse(&whole[..length]).unwrap_err();
        assert!(error.offset <= length, "cut at {length}: {error}");
    }
}

#[test]
fn malformed_descriptors_are_refused_with_place_and_reason() {
    let truncated = |what, needed, left| ParseFault::Truncated { what, needed, left };
    let offset = |what, offset| ParseFault::Offset { what, offset };
    let size = |what, size| ParseFault::Size { what, size };
    for (place, bad, at, fault) in [
        (0, "02", 0, ParseFault::Revision { what: "the descriptor", revision: 2 }),
        (2, "04 10", 0, ParseFault::NotSelfRelative),
        (4, "13 00 00 00", 4, offset("the owner", 19)),
        (4, "55 00 00 00", 4, offset("the owner", 85)),
        (4, "FF FF FF FF", 4, offset("the owner", u32::MAX)),
        (4, "54 00 00 00", 84, truncated("a SID", 1, 0)),
        (8, "01 00 00 00", 8, offset("the group", 1)),
        (16, "53 00 00 00", 83, ParseFault::Revision { what: "an access list", revision: 0 }),
        (20, "03", 20, ParseFault::Revision { what: "an access list", revision: 3 }),
        (22, "07 00", 20, size("an access list", 7)),
        (22, "FF FF", 28, truncated("an access list", 65_527, 56)),
        (24, "02 00", 52, truncated("an access control entry", 1, 0)),
        (24, "FF FF", 52, truncated("an access control entry", 1, 0)),
        (30, "03 00", 28, size("an access control entry", 3)),
        (30, "06 00", 32, truncated("an access control entry", 4, 2)),
        (30, "1C 00", 32, truncated("an access control entry", 24, 20)),
        (30, "14 00", 48, truncated("a SID's sub-authority", 4, 0)),
        (37, "0F", 52, truncated("a SID's sub-authority", 4, 0)),
    ] {
        let mut malformed = bytes(DEFAULT);
        let bad = bytes(bad);
        malformed[place..place + bad.len()].copy_from_slice(&bad);
        let error = SecurityDescriptor::parse(&malformed).unwrap_err();
        assert_eq!((error.offset, error.fault), (at, fault), "{bad:02x?} at {place}");
    }
    let long = vec![0; (256 << 10) + 1];
    assert_eq!(
        SecurityDescriptor::parse(&long).unwrap_err().to_string(),
        "malformed security descriptor: at byte 0: 262145 bytes are more than the 262144 that are read"
    );
}

#[test]
fn a_list_that_is_not_there_and_one_that_is_empty() {
    let header =
        |control: &str, dacl: &str| format!("01 00 {control}  00 00 00 00 00 00 00 00 00 00 00 00  {dacl}");
    let parse = |text: String| SecurityDescriptor::parse(&bytes(&text)).unwrap();
    // Present with offset 0 and not present are both the NULL list.
    assert_eq!(parse(header("04 80", "00 00 00 00")).dacl, None);
    assert_eq!(parse(header("00 80", "00 00 00 00")).dacl, None);
    // Not present: the offset means nothing, even a wrong one.
    assert_eq!(parse(header("00 80", "FF FF FF FF")).dacl, None);
    let empty = parse(header("04 80", "14 00 00 00  02 00 08 00 00 00 00 00"));
    assert_eq!(empty.dacl, Some(Acl::new(vec![])));
    assert_eq!(SecurityDescriptor::parse(&empty.to_bytes().unwrap()), Ok(empty));
}

#[test]
fn entries_of_other_types_are_kept() {
    let audit = Ace::Opaque { ace_type: 2, flags: 0x40, body: vec![1, 2, 3, 4] };
    let mut descriptor = with_dacl(vec![audit.clone(), Ace::allow(sid("S-1-1-0"), ALL)]);
    descriptor.sacl = Some(Acl::new(vec![audit]));
    descriptor.resource_manager = 7;
    descriptor.control = Control(0x0C00);
    let written = descriptor.to_bytes().unwrap();
    assert_eq!(written[2..4], 0x8C14u16.to_le_bytes(), "both lists are there");
    assert_eq!(SecurityDescriptor::parse(&written), Ok(descriptor));
}

#[test]
fn what_a_list_cannot_hold_is_not_written() {
    let opaque = |ace_type, length| Ace::Opaque { ace_type, flags: 0, body: vec![0; length] };
    let many = |count| vec![Ace::allow(Sid::EVERYONE, 1); count];
    for (aces, expected) in [
        (vec![opaque(0, 4)], Err(BuildError::AceType { ace_type: 0 })),
        (vec![opaque(1, 4)], Err(BuildError::AceType { ace_type: 1 })),
        (vec![opaque(2, 65_532)], Err(BuildError::AclTooLong { length: 65_536 })),
        // 8 bytes of header and 20 for each entry.
        (many(3_276), Ok(65_528)),
        (many(3_277), Err(BuildError::AclTooLong { length: 65_548 })),
    ] {
        assert_eq!(Acl::new(aces).to_bytes().map(|bytes| bytes.len()), expected);
    }
}
