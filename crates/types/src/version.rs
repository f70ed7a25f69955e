//! The versions that Mainstay gives as its own to programs that branch on them.

/// The major version that clients are told; they expect a modern server's (MS-CMRP 3.1.4.2.103).
pub const MAJOR: u16 = 10;

/// The cluster's functional level: that of Windows Server 2016, the oldest with all operations of version 3
/// (CLUSTER_MAKE_VERSION's upper half).
pub const FUNCTIONAL_LEVEL: u16 = 9;

/// The upgrade version within the functional level (the lower half).
pub const UPGRADE: u16 = 3;

/// The operational version of every node: [`FUNCTIONAL_LEVEL`] above, [`UPGRADE`] below.
pub const OPERATIONAL: u32 = (FUNCTIONAL_LEVEL as u32) << 16 | UPGRADE as u32;

/// What stands for a service pack: this build.
pub const SERVICE_PACK: &str = env!("CARGO_PKG_VERSION");
