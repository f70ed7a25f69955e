//! What a caller may do: nothing, look, or everything.

use serde::{Deserialize, Serialize};

/// The access that an open granted and that its handle carries (MS-CMRP 3.1.4: "Read" and "All").
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Access {
    /// Look at states, properties and the journal.
    Read,
    /// Look and change.
    Full,
}

/// CLUSAPI_READ_ACCESS: the bit for looking in an access mask of the cluster's security descriptor.
pub const CLUSAPI_READ_ACCESS: u32 = 1;
/// CLUSAPI_CHANGE_ACCESS: the bit for changing. It is granted together with reading only.
pub const CLUSAPI_CHANGE_ACCESS: u32 = 2;
/// CLUSAPI_ALL_ACCESS.
pub const CLUSAPI_ALL_ACCESS: u32 = 3;
/// GENERIC_READ: how a granted read access is reported.
pub const GENERIC_READ: u32 = 0x8000_0000;
/// GENERIC_WRITE: asks for reading and changing.
pub const GENERIC_WRITE: u32 = 0x4000_0000;
/// GENERIC_EXECUTE: asks for reading and changing.
pub const GENERIC_EXECUTE: u32 = 0x2000_0000;
/// GENERIC_ALL: how a granted full access is reported.
pub const GENERIC_ALL: u32 = 0x1000_0000;
/// MAXIMUM_ALLOWED: asks for the best that the caller may have.
pub const MAXIMUM_ALLOWED: u32 = 0x0200_0000;

/// What an open asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DesiredAccess {
    /// Exactly this much, or a refusal.
    Exactly(Access),
    /// As much as the caller may have.
    Maximum,
}

impl DesiredAccess {
    /// Reads the mask of an `...Ex` open. `None` stands for ERROR_INVALID_PARAMETER: unknown bits, no bits, or
    /// changing without reading.
    pub fn from_mask(mask: u32) -> Option<Self> {
        const FULL: u32 = GENERIC_ALL | GENERIC_WRITE | GENERIC_EXECUTE;
        const KNOWN: u32 = FULL | GENERIC_READ | MAXIMUM_ALLOWED | CLUSAPI_ALL_ACCESS;
        if mask == 0 || mask & !KNOWN != 0 || mask & CLUSAPI_ALL_ACCESS == CLUSAPI_CHANGE_ACCESS {
            return None;
        }
        if mask & MAXIMUM_ALLOWED != 0 {
            return Some(Self::Maximum);
        }
        let full = mask & FULL != 0 || mask & CLUSAPI_CHANGE_ACCESS != 0;
        Some(Self::Exactly(if full { Access::Full } else { Access::Read }))
    }
}

impl DesiredAccess {
    /// What is granted to a caller who may have `allowed`; `None` is a refusal.
    pub fn grant(self, allowed: Option<Access>) -> Option<Access> {
        match self {
            Self::Maximum => allowed,
            Self::Exactly(wanted) => allowed.filter(|&allowed| allowed >= wanted).map(|_| wanted),
        }
    }
}

impl Access {
    /// How the grant is reported to the caller.
    pub fn granted_mask(self) -> u32 {
        match self {
            Access::Read => GENERIC_READ,
            Access::Full => GENERIC_ALL,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_never_more_than_what_is_allowed() {
        use Access::{Full, Read};
        for (desired, allowed, granted) in [
            (DesiredAccess::Maximum, None, None),
            (DesiredAccess::Maximum, Some(Read), Some(Read)),
            (DesiredAccess::Maximum, Some(Full), Some(Full)),
            (DesiredAccess::Exactly(Read), Some(Full), Some(Read)),
            (DesiredAccess::Exactly(Full), Some(Read), None),
            (DesiredAccess::Exactly(Read), None, None),
        ] {
            assert_eq!(desired.grant(allowed), granted, "{desired:?} of {allowed:?}");
        }
    }

    #[test]
    fn masks_of_ex_opens() {
        let exactly = |access| Some(DesiredAccess::Exactly(access));
        for (mask, expected) in [
            (GENERIC_READ, exactly(Access::Read)),
            (1, exactly(Access::Read)),
            (3, exactly(Access::Full)),
            (GENERIC_ALL, exactly(Access::Full)),
            (GENERIC_WRITE, exactly(Access::Full)),
            (GENERIC_READ | GENERIC_WRITE, exactly(Access::Full)),
            (MAXIMUM_ALLOWED, Some(DesiredAccess::Maximum)),
            (2, None),
            (0, None),
            (4, None),
            (0x0100_0000, None),
        ] {
            assert_eq!(DesiredAccess::from_mask(mask), expected, "{mask:#x}");
        }
    }
}
