//! What must hold for any bytes whatsoever: the fuzz target and the property tests call it.

use mainstay_types::access::{CLUSAPI_ALL_ACCESS, CLUSAPI_READ_ACCESS};

use crate::acl::{Ace, Acl};
use crate::check::{access_check, maximum_access};
use crate::cluster::{CLUSTER_MAPPING, cluster_access};
use crate::descriptor::SecurityDescriptor;
use crate::sid::Sid;
use crate::token::Token;

/// Reads the bytes as each of this crate's forms and checks what must hold of whatever was read.
///
/// # Panics
/// When a rule is broken: what was read cannot be written or reads back as something else, or the access check
/// differs from its plain form.
#[track_caller]
pub fn any_bytes(bytes: &[u8]) {
    if let Ok(sid) = Sid::parse(bytes) {
        assert_eq!(sid.to_bytes(), bytes[..sid.length()], "a SID has one binary form");
        assert_eq!(sid.to_string().parse(), Ok(sid), "a SID is read back from its text");
    }
    if let Ok(acl) = Acl::parse(bytes) {
        let written = acl.to_bytes().expect("what was read can be written");
        assert_eq!(Acl::parse(&written).expect("what was written can be read"), acl);
    }
    if let Ok(descriptor) = SecurityDescriptor::parse(bytes) {
        let written = descriptor.to_bytes().expect("what was read can be written");
        assert_eq!(SecurityDescriptor::parse(&written).expect("what was written can be read"), descriptor);
        for token in
            [Token::of_local_peer(0, 0, &[], None), Token::of_local_peer(1_000, 100, &[27], Some(60))]
        {
            check_against_steps(&descriptor, &token);
        }
    }
}

/// Compares the access check with the algorithm as MS-DTYP writes it down.
///
/// # Panics
/// When they differ.
#[track_caller]
pub fn check_against_steps(descriptor: &SecurityDescriptor, token: &Token) {
    let bits = (0..32).map(|bit| 1 << bit);
    for desired in
        bits.chain([CLUSAPI_ALL_ACCESS, 0x0006_0003, 0, maximum_access(descriptor, token, &CLUSTER_MAPPING)])
    {
        let checked = access_check(descriptor, token, desired, &CLUSTER_MAPPING).is_some();
        assert_eq!(
            checked,
            step_by_step(descriptor, token, desired),
            "{desired:#x} of {descriptor:?} by {token:?}"
        );
    }
    let access = cluster_access(descriptor, token);
    assert_eq!(access.is_some(), step_by_step(descriptor, token, CLUSAPI_READ_ACCESS));
}

/// The access check of MS-DTYP 2.5.3.2 in its own steps, slow and plain: rights are crossed off a list, and the
/// first entry that refuses one still on it ends the check.
fn step_by_step(descriptor: &SecurityDescriptor, token: &Token, desired: u32) -> bool {
    const ACCESS_SYSTEM_SECURITY: u32 = 0x0100_0000;
    const READ_CONTROL_AND_WRITE_DAC: u32 = 0x0006_0000;
    let mut remaining = CLUSTER_MAPPING.map(desired);
    if remaining & ACCESS_SYSTEM_SECURITY != 0 {
        return false;
    }
    let Some(dacl) = &descriptor.dacl else { return true };
    let is_owner = descriptor.owner.is_some_and(|owner| token.is(&owner));
    let acting = || dacl.aces.iter().filter(|ace| !ace.is_inherit_only());
    let names_owner = acting().any(
        |ace| matches!(ace, Ace::Allow { sid, .. } | Ace::Deny { sid, .. } if *sid == Sid::OWNER_RIGHTS),
    );
    if is_owner && !names_owner {
        remaining &= !READ_CONTROL_AND_WRITE_DAC;
    }
    for ace in acting() {
        let (Ace::Allow { mask, sid, .. } | Ace::Deny { mask, sid, .. }) = ace else { continue };
        let applies = token.is(sid) || (is_owner && *sid == Sid::OWNER_RIGHTS);
        if !applies {
            continue;
        }
        let mask = CLUSTER_MAPPING.map(*mask);
        match ace {
            Ace::Allow { .. } => remaining &= !mask,
            _ if remaining & mask != 0 => return false,
            _ => {}
        }
    }
    remaining == 0
}
