//! SIDs in text and bytes, and the identities of local callers.

use super::{bytes, sid};
use crate::{ParseFault, Sid, Token};

#[test]
fn known_sids_in_text_and_bytes() {
    for (known, text, binary) in [
        (Sid::EVERYONE, "S-1-1-0", "01 01 00 00 00 00 00 01 00 00 00 00"),
        (Sid::OWNER_RIGHTS, "S-1-3-4", "01 01 00 00 00 00 00 03 04 00 00 00"),
        (Sid::AUTHENTICATED_USERS, "S-1-5-11", "01 01 00 00 00 00 00 05 0B 00 00 00"),
        (Sid::LOCAL_SYSTEM, "S-1-5-18", "01 01 00 00 00 00 00 05 12 00 00 00"),
        (Sid::ADMINISTRATORS, "S-1-5-32-544", "01 02 00 00 00 00 00 05 20 00 00 00 20 02 00 00"),
        (Sid::unix_user(1_000), "S-1-22-1-1000", "01 02 00 00 00 00 00 16 01 00 00 00 E8 03 00 00"),
        (Sid::unix_group(u32::MAX), "S-1-22-2-4294967295", "01 02 00 00 00 00 00 16 02 00 00 00 FF FF FF FF"),
        (Sid::new(5, &[]).unwrap(), "S-1-5", "01 00 00 00 00 00 00 05"),
        (
            Sid::new(0x1234_5678_9ABC, &[7]).unwrap(),
            "S-1-0x123456789abc-7",
            "01 01 12 34 56 78 9A BC 07 00 00 00",
        ),
        (Sid::new(1 << 32, &[7]).unwrap(), "S-1-0x000100000000-7", "01 01 00 01 00 00 00 00 07 00 00 00"),
    ] {
        assert_eq!(known.to_string(), text);
        assert_eq!(sid(text), known, "{text}");
        assert_eq!(known.to_bytes(), bytes(binary), "{text}");
        assert_eq!(Sid::parse(&bytes(binary)), Ok(known), "{text}");
        assert_eq!(known.length(), bytes(binary).len(), "{text}");
    }
    assert_eq!(sid("s-1-0x5-32-544"), Sid::ADMINISTRATORS);
    assert_eq!(Sid::ADMINISTRATORS.authority(), 5);
    assert_eq!(Sid::ADMINISTRATORS.sub_authorities(), [32, 544]);
}

#[test]
fn texts_that_are_no_sid() {
    let sixteen = format!("S-1-5{}", "-1".repeat(16));
    for text in [
        "",
        "S",
        "S-1",
        "S-1-",
        "S-2-5-18",
        "X-1-5-18",
        "S-1-5-",
        "S-1-5--18",
        "S-1-5-+18",
        "S-1-+5-18",
        "S-1-5-18 ",
        "S-1-5-4294967296",
        "S-1-5-0x12",
        "S-1-0x-18",
        "S-1-0x+5-18",
        "S-1-0x1000000000000-1",
        "S-1-281474976710656-1",
        "S-01-5-18",
        "Administrators",
        &sixteen,
    ] {
        let refused = text.parse::<Sid>().expect_err(text);
        assert!(refused.to_string().contains("S-1-5-32-544"), "the message shows a SID: {refused}");
    }
    let fifteen = format!("S-1-5{}", "-1".repeat(15));
    assert_eq!(sid(&fifteen).sub_authorities(), [1; 15]);
    assert_eq!(Sid::new(5, &[1; 16]), None);
    assert_eq!(Sid::new(1 << 48, &[1]), None);
}

#[test]
fn bytes_that_are_no_sid() {
    let truncated = |what, needed, left| ParseFault::Truncated { what, needed, left };
    for (binary, offset, fault) in [
        ("", 0, truncated("a SID", 1, 0)),
        ("02 01 00 00 00 00 00 05 12 00 00 00", 0, ParseFault::Revision { what: "a SID", revision: 2 }),
        ("01 10 00 00 00 00 00 05", 0, ParseFault::SubAuthorities(16)),
        ("01 01 00 00 00 00 05", 2, truncated("a SID's authority", 6, 5)),
        ("01 02 00 00 00 00 00 05 12 00 00 00 01", 12, truncated("a SID's sub-authority", 4, 1)),
    ] {
        let error = Sid::parse(&bytes(binary)).expect_err(binary);
        assert_eq!((error.offset, error.fault), (offset, fault), "{binary}");
    }
}

#[test]
fn local_peers_are_who_the_kernel_says() {
    const MAINSTAY: u32 = 60;
    for (uid, gid, supplementary, administrators_gid, is_administrator) in [
        (0, 0, &[][..], None, true),
        (0, 5, &[6], Some(MAINSTAY), true),
        (1_000, 100, &[27, MAINSTAY], Some(MAINSTAY), true),
        (1_000, MAINSTAY, &[], Some(MAINSTAY), true),
        (1_000, 100, &[27], Some(MAINSTAY), false),
        // Neither the group 0 nor a group that the machine does not have makes an administrator.
        (1_000, 0, &[0], Some(MAINSTAY), false),
        (1_000, MAINSTAY, &[MAINSTAY], None, false),
    ] {
        let token = Token::of_local_peer(uid, gid, supplementary, administrators_gid);
        let who = format!("{uid} {gid} {supplementary:?} {administrators_gid:?}");
        assert_eq!(token.is_administrator(), is_administrator, "{who}");
        assert_eq!(token.user(), Sid::unix_user(uid), "{who}");
        for group in supplementary.iter().chain([&gid]) {
            assert!(token.is(&Sid::unix_group(*group)), "{who}");
        }
        assert!(
            token.is(&Sid::EVERYONE) && token.is(&Sid::AUTHENTICATED_USERS) && !token.is(&Sid::LOCAL_SYSTEM)
        );
        // A uid is not the gid of the same number.
        assert!(!token.is(&Sid::unix_group(uid)) || supplementary.contains(&uid) || gid == uid, "{who}");
    }
}
