//! What holds for every descriptor and for any bytes.

use proptest::prelude::*;

use crate::*;

fn any_sid() -> impl Strategy<Value = Sid> {
    let known = prop::sample::select(vec![
        Sid::EVERYONE,
        Sid::OWNER_RIGHTS,
        Sid::ADMINISTRATORS,
        Sid::unix_user(1_000),
        Sid::unix_group(27),
    ]);
    let other = (0..1u64 << 48, prop::collection::vec(any::<u32>(), 0..=SUB_AUTHORITIES_MAX))
        .prop_map(|(authority, parts)| Sid::new(authority, &parts).unwrap());
    prop_oneof![3 => known, 1 => other]
}

fn any_ace() -> impl Strategy<Value = Ace> {
    let mask = || prop_oneof![3 => 0u32..8, 1 => any::<u32>(), 1 => (28u32..32).prop_map(|bit| 1 << bit)];
    let flags = || prop::sample::select(vec![0u8, 0, 0, 0x08, 0x13]);
    prop_oneof![
        3 => (flags(), mask(), any_sid()).prop_map(|(flags, mask, sid)| Ace::Allow { flags, mask, sid }),
        3 => (flags(), mask(), any_sid()).prop_map(|(flags, mask, sid)| Ace::Deny { flags, mask, sid }),
        1 => (2u8.., any::<u8>(), any::<Vec<u8>>())
            .prop_map(|(ace_type, flags, body)| Ace::Opaque { ace_type, flags, body }),
    ]
}

fn any_descriptor() -> impl Strategy<Value = SecurityDescriptor> {
    let acl = || prop::option::of(prop::collection::vec(any_ace(), 0..8).prop_map(Acl::new));
    let sid = || prop::option::of(any_sid());
    (any::<u16>(), any::<u8>(), sid(), sid(), acl(), acl()).prop_map(
        |(control, resource_manager, owner, group, sacl, dacl)| {
            // The bits that the form decides are not the descriptor's.
            let control = Control(control & !0x8014);
            SecurityDescriptor { control, resource_manager, owner, group, sacl, dacl }
        },
    )
}

fn any_token() -> impl Strategy<Value = Token> {
    (prop::sample::select(vec![0u32, 1_000, 1_001]), prop::sample::select(vec![0u32, 27, 60]))
        .prop_map(|(uid, gid)| Token::of_local_peer(uid, gid, &[100], Some(60)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn sids_are_read_back(sid in any_sid()) {
        prop_assert_eq!(Sid::parse(&sid.to_bytes()), Ok(sid));
        prop_assert_eq!(sid.to_string().parse(), Ok(sid));
    }

    #[test]
    fn descriptors_are_read_back(descriptor in any_descriptor()) {
        let bytes = descriptor.to_bytes().unwrap();
        prop_assert_eq!(SecurityDescriptor::parse(&bytes), Ok(descriptor));
    }

    #[test]
    fn the_check_is_the_one_of_the_specification(descriptor in any_descriptor(), token in any_token()) {
        oracle::check_against_steps(&descriptor, &token);
    }

    #[test]
    fn any_text_is_a_sid_or_none(text in "S-1-[0-9x-]{0,30}") {
        if let Ok(sid) = text.parse::<Sid>() {
            prop_assert_eq!(sid.to_string().parse(), Ok(sid));
        }
    }

    #[test]
    fn any_bytes_hold_the_rules(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        oracle::any_bytes(&bytes);
    }

    #[test]
    fn mutated_descriptors_hold_the_rules(
        descriptor in any_descriptor(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
    ) {
        let mut bytes = descriptor.to_bytes().unwrap();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if is_cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        oracle::any_bytes(&bytes);
    }
}
