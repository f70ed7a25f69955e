//! Security identifiers, access lists and the access check of the cluster's security descriptor.
//!
//! This crate owns the binary form of SIDs, ACLs and self-relative security descriptors (MS-DTYP 2.4.2 to 2.4.6),
//! the access check on them (MS-DTYP 2.5.3.2), and what a descriptor means for a cluster: nothing, Read or Full.
//! It never asks the system who somebody is; callers bring ids that the kernel or an authentication proved.
#![forbid(unsafe_code)]

mod acl;
mod check;
mod cluster;
mod descriptor;
mod error;
pub mod oracle;
mod reader;
mod sid;
mod token;

#[cfg(test)]
mod tests;

pub use acl::{Ace, Acl};
pub use check::{GenericMapping, access_check, maximum_access};
pub use cluster::{CLUSTER_MAPPING, cluster_access, default_descriptor, keeps_administrators};
pub use descriptor::{Control, SecurityDescriptor};
pub use error::{BuildError, ParseError, ParseFault, SidTextError};
pub use sid::{SUB_AUTHORITIES_MAX, Sid};
pub use token::Token;
