//! The access check (MS-DTYP 2.5.3.2): entries are looked at in their order, and the first one that applies to the
//! caller and names a right decides on it.

use mainstay_types::access::{GENERIC_ALL, GENERIC_EXECUTE, GENERIC_READ, GENERIC_WRITE};

use crate::acl::{Ace, Acl};
use crate::descriptor::SecurityDescriptor;
use crate::sid::Sid;
use crate::token::Token;

/// READ_CONTROL and WRITE_DAC: an owner may always read and replace the list, so that nobody is locked out of what
/// they own.
const OWNER_RIGHTS: u32 = 0x0002_0000 | 0x0004_0000;

/// ACCESS_SYSTEM_SECURITY hangs on a privilege, which no caller has here; no list can grant it.
const ACCESS_SYSTEM_SECURITY: u32 = 0x0100_0000;

/// What the generic rights mean for a class of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GenericMapping {
    /// GENERIC_READ.
    pub read: u32,
    /// GENERIC_WRITE.
    pub write: u32,
    /// GENERIC_EXECUTE.
    pub execute: u32,
    /// GENERIC_ALL.
    pub all: u32,
}

impl GenericMapping {
    /// The mask with every generic right replaced by what it means.
    pub fn map(&self, mask: u32) -> u32 {
        const GENERIC: u32 = GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL;
        let rights = [
            (GENERIC_READ, self.read),
            (GENERIC_WRITE, self.write),
            (GENERIC_EXECUTE, self.execute),
            (GENERIC_ALL, self.all),
        ];
        let meant =
            rights.iter().filter(|(generic, _)| mask & generic != 0).fold(0, |all, (_, rights)| all | rights);
        mask & !GENERIC | meant
    }
}

/// Whether the descriptor grants the caller all of `desired`: `Some` of the rights, generic ones mapped, or `None`.
///
/// MAXIMUM_ALLOWED is no right; ask [`maximum_access`].
pub fn access_check(
    descriptor: &SecurityDescriptor,
    token: &Token,
    desired: u32,
    mapping: &GenericMapping,
) -> Option<u32> {
    let desired = mapping.map(desired);
    let granted = maximum_access(descriptor, token, mapping);
    (desired & !granted == 0).then_some(desired)
}

/// Everything that the descriptor grants the caller.
///
/// A right is granted when the first entry that applies and names it allows it. So a set of rights is granted by
/// the check of MS-DTYP, which ends with the first refusal, exactly when each of them is in this mask.
pub fn maximum_access(descriptor: &SecurityDescriptor, token: &Token, mapping: &GenericMapping) -> u32 {
    let Some(dacl) = &descriptor.dacl else { return !ACCESS_SYSTEM_SECURITY };
    let is_owner = descriptor.owner.as_ref().is_some_and(|owner| token.is(owner));
    let mut granted = if is_owner && !limits_owner(dacl) { OWNER_RIGHTS } else { 0 };
    let mut refused = ACCESS_SYSTEM_SECURITY;
    let applies = |sid: &Sid| token.is(sid) || (is_owner && *sid == Sid::OWNER_RIGHTS);
    for ace in dacl.aces.iter().filter(|ace| !ace.is_inherit_only()) {
        match ace {
            Ace::Allow { mask, sid, .. } if applies(sid) => granted |= mapping.map(*mask) & !refused,
            Ace::Deny { mask, sid, .. } if applies(sid) => refused |= mapping.map(*mask) & !granted,
            Ace::Allow { .. } | Ace::Deny { .. } | Ace::Opaque { .. } => {}
        }
    }
    granted
}

/// Whether the list says itself what the owner may do, which then replaces what owners may by default.
fn limits_owner(dacl: &Acl) -> bool {
    let speaks_of_owner = |ace: &Ace| match ace {
        Ace::Allow { sid, .. } | Ace::Deny { sid, .. } => *sid == Sid::OWNER_RIGHTS && !ace.is_inherit_only(),
        Ace::Opaque { .. } => false,
    };
    dacl.aces.iter().any(speaks_of_owner)
}
