//! Tables of SIDs, descriptors and access checks, and properties of round trips.

mod access;
mod binary;
mod properties;
mod sids;

use mainstay_types::access::CLUSAPI_ALL_ACCESS;

use crate::{Ace, Acl, SecurityDescriptor, Sid};

/// Bytes from text: two hexadecimal digits each.
fn bytes(text: &str) -> Vec<u8> {
    text.split_ascii_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}

fn sid(text: &str) -> Sid {
    text.parse().unwrap()
}

/// A descriptor owned by Administrators with this list.
fn with_dacl(aces: Vec<Ace>) -> SecurityDescriptor {
    SecurityDescriptor {
        owner: Some(Sid::ADMINISTRATORS),
        dacl: Some(Acl::new(aces)),
        ..SecurityDescriptor::default()
    }
}

const ALL: u32 = CLUSAPI_ALL_ACCESS;
