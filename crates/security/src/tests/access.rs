//! Who may do what.

use mainstay_types::Access;
use mainstay_types::access::{
    CLUSAPI_CHANGE_ACCESS as CHANGE, CLUSAPI_READ_ACCESS as READ, GENERIC_ALL, GENERIC_EXECUTE, GENERIC_READ,
    GENERIC_WRITE,
};

use super::{ALL, sid, with_dacl};
use crate::*;

const INHERIT_ONLY: u8 = 0x08;

/// uid 1000 with the groups 100 and 27, and no administrator.
fn user() -> Token {
    Token::of_local_peer(1_000, 100, &[27], Some(60))
}

fn root() -> Token {
    Token::of_local_peer(0, 0, &[], None)
}

#[test]
fn access_to_a_cluster() {
    let me = || Sid::unix_user(1_000);
    let my_group = || Sid::unix_group(27);
    let stranger = || Sid::unix_user(1_001);
    let (allow, deny) = (Ace::allow, Ace::deny);
    let (none, read, full) = (None, Some(Access::Read), Some(Access::Full));
    for (what, aces, expected) in [
        ("an empty list", vec![], none),
        ("read", vec![allow(me(), READ)], read),
        ("all", vec![allow(me(), ALL)], full),
        ("changing without reading", vec![allow(me(), CHANGE)], none),
        ("the bit of no access", vec![allow(me(), 4)], none),
        ("read and change by two entries", vec![allow(me(), READ), allow(my_group(), CHANGE)], full),
        ("a group", vec![allow(my_group(), ALL)], full),
        ("everyone", vec![allow(Sid::EVERYONE, READ)], read),
        ("authenticated users", vec![allow(Sid::AUTHENTICATED_USERS, READ)], read),
        ("somebody else", vec![allow(stranger(), ALL), allow(sid("S-1-5-21-1-2-3-1000"), ALL)], none),
        ("the gid of my uid's number", vec![allow(Sid::unix_group(1_000), ALL)], none),
        ("generic read", vec![allow(me(), GENERIC_READ)], read),
        ("generic write", vec![allow(me(), GENERIC_WRITE)], full),
        ("generic execute", vec![allow(me(), GENERIC_EXECUTE)], full),
        ("generic all", vec![allow(me(), GENERIC_ALL)], full),
        ("deny first", vec![deny(me(), ALL), allow(me(), ALL)], none),
        ("deny last", vec![allow(me(), ALL), deny(me(), ALL)], full),
        ("deny changing only", vec![deny(my_group(), CHANGE), allow(me(), ALL)], read),
        ("deny reading only", vec![deny(my_group(), READ), allow(me(), ALL)], none),
        ("deny between", vec![allow(me(), READ), deny(me(), ALL), allow(me(), CHANGE)], read),
        ("deny somebody else", vec![deny(stranger(), ALL), allow(me(), ALL)], full),
        ("deny generic read", vec![deny(me(), GENERIC_READ), allow(me(), ALL)], none),
        ("deny generic write", vec![deny(me(), GENERIC_WRITE), allow(me(), ALL)], none),
        (
            "an allowing entry for children",
            vec![Ace::Allow { flags: INHERIT_ONLY, mask: ALL, sid: me() }, allow(me(), READ)],
            read,
        ),
        (
            "a denying entry for children",
            vec![Ace::Deny { flags: INHERIT_ONLY, mask: ALL, sid: me() }, allow(me(), ALL)],
            full,
        ),
        (
            "inherited and inheritable entries act",
            vec![Ace::Deny { flags: 0x13, mask: CHANGE, sid: me() }, allow(me(), ALL)],
            read,
        ),
        (
            "an entry of another type",
            vec![Ace::Opaque { ace_type: 9, flags: 0, body: [&[3, 0, 0, 0][..], &me().to_bytes()].concat() }],
            none,
        ),
        ("owner rights of another owner", vec![allow(Sid::OWNER_RIGHTS, ALL)], none),
    ] {
        let descriptor = with_dacl(aces);
        assert_eq!(cluster_access(&descriptor, &user()), expected, "{what}");
        oracle::check_against_steps(&descriptor, &user());
    }
}

#[test]
fn no_list_grants_everything() {
    let open = SecurityDescriptor::default();
    assert_eq!(cluster_access(&open, &user()), Some(Access::Full));
    oracle::check_against_steps(&open, &user());
}

#[test]
fn a_new_cluster_is_its_administrators() {
    let descriptor = default_descriptor();
    let member = Token::of_local_peer(1_000, 100, &[60], Some(60));
    for (token, expected) in [(root(), Some(Access::Full)), (member, Some(Access::Full)), (user(), None)] {
        assert_eq!(cluster_access(&descriptor, &token), expected, "{token:?}");
    }
}

#[test]
fn a_descriptor_that_locks_administrators_out_is_seen() {
    for (aces, keeps) in [
        (vec![Ace::allow(Sid::ADMINISTRATORS, ALL)], true),
        (vec![Ace::allow(Sid::EVERYONE, GENERIC_ALL)], true),
        (vec![], false),
        (vec![Ace::allow(Sid::ADMINISTRATORS, READ)], false),
        (vec![Ace::deny(Sid::ADMINISTRATORS, CHANGE), Ace::allow(Sid::ADMINISTRATORS, ALL)], false),
        (vec![Ace::allow(Sid::unix_user(1_000), ALL)], false),
    ] {
        assert_eq!(keeps_administrators(&with_dacl(aces.clone())), keeps, "{aces:?}");
    }
    assert!(keeps_administrators(&SecurityDescriptor::default()));
}

#[test]
fn owners_may_read_and_replace_the_list() {
    const READ_CONTROL: u32 = 0x2_0000;
    const WRITE_DAC: u32 = 0x4_0000;
    const DELETE: u32 = 0x1_0000;
    let nobody = with_dacl(vec![]);
    let limited = with_dacl(vec![Ace::allow(Sid::OWNER_RIGHTS, READ_CONTROL | READ)]);
    let refused = with_dacl(vec![Ace::deny(Sid::ADMINISTRATORS, WRITE_DAC)]);
    for (descriptor, token, desired, granted) in [
        (&nobody, root(), READ_CONTROL | WRITE_DAC, true),
        (&nobody, root(), WRITE_DAC | DELETE, false),
        (&nobody, user(), READ_CONTROL, false),
        (&limited, root(), READ_CONTROL | READ, true),
        (&limited, root(), WRITE_DAC, false),
        (&limited, user(), READ, false),
        // The owner's right is granted before the first entry is looked at.
        (&refused, root(), WRITE_DAC, true),
    ] {
        let expected = granted.then_some(desired);
        assert_eq!(access_check(descriptor, &token, desired, &CLUSTER_MAPPING), expected, "{desired:#x}");
        oracle::check_against_steps(descriptor, &token);
    }
}

#[test]
fn no_list_grants_the_right_of_auditors() {
    const ACCESS_SYSTEM_SECURITY: u32 = 0x0100_0000;
    for descriptor in [SecurityDescriptor::default(), with_dacl(vec![Ace::allow(Sid::EVERYONE, u32::MAX)])] {
        assert_eq!(access_check(&descriptor, &root(), ACCESS_SYSTEM_SECURITY, &CLUSTER_MAPPING), None);
        oracle::check_against_steps(&descriptor, &root());
    }
}

#[test]
fn the_check_answers_mapped_rights() {
    let descriptor = with_dacl(vec![Ace::allow(Sid::EVERYONE, ALL)]);
    for (desired, granted) in [(GENERIC_READ, READ), (GENERIC_WRITE, ALL), (GENERIC_ALL | READ, ALL), (0, 0)]
    {
        assert_eq!(
            access_check(&descriptor, &user(), desired, &CLUSTER_MAPPING),
            Some(granted),
            "{desired:#x}"
        );
    }
    assert_eq!(maximum_access(&descriptor, &user(), &CLUSTER_MAPPING), ALL);
}
