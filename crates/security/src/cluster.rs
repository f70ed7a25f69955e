//! What a descriptor means for a cluster.

use mainstay_types::Access;
use mainstay_types::access::{CLUSAPI_ALL_ACCESS, CLUSAPI_READ_ACCESS};

use crate::acl::{Ace, Acl};
use crate::check::{GenericMapping, access_check};
use crate::descriptor::{Control, SecurityDescriptor};
use crate::sid::Sid;
use crate::token::Token;

/// The generic rights on a cluster (MS-CMRP 3.1.4, access levels): only reading is less than everything.
pub const CLUSTER_MAPPING: GenericMapping = GenericMapping {
    read: CLUSAPI_READ_ACCESS,
    write: CLUSAPI_ALL_ACCESS,
    execute: CLUSAPI_ALL_ACCESS,
    all: CLUSAPI_ALL_ACCESS,
};

/// What the cluster's descriptor lets the caller do: `None` is nothing.
///
/// Full takes CLUSAPI_READ_ACCESS and CLUSAPI_CHANGE_ACCESS; changing alone is nothing.
pub fn cluster_access(descriptor: &SecurityDescriptor, token: &Token) -> Option<Access> {
    let grants = |rights| access_check(descriptor, token, rights, &CLUSTER_MAPPING).is_some();
    if grants(CLUSAPI_ALL_ACCESS) {
        Some(Access::Full)
    } else if grants(CLUSAPI_READ_ACCESS) {
        Some(Access::Read)
    } else {
        None
    }
}

/// The descriptor of a new cluster: Administrators own it and may do everything, nobody else anything.
pub fn default_descriptor() -> SecurityDescriptor {
    SecurityDescriptor {
        control: Control(Control::DACL_PROTECTED),
        owner: Some(Sid::ADMINISTRATORS),
        group: Some(Sid::ADMINISTRATORS),
        dacl: Some(Acl::new(vec![Ace::allow(Sid::ADMINISTRATORS, CLUSAPI_ALL_ACCESS)])),
        ..SecurityDescriptor::default()
    }
}

/// Whether root, a member of Administrators, keeps full access under this descriptor.
///
/// Administrators of the nodes always hold everything; whoever sets a new descriptor has to ask this first, or a
/// slip could lock everybody out of the cluster.
pub fn keeps_administrators(descriptor: &SecurityDescriptor) -> bool {
    let root = Token::of_local_peer(0, 0, &[], None);
    cluster_access(descriptor, &root) == Some(Access::Full)
}
