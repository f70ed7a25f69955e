//! What can be wrong with bytes and texts from outside, and with lists that cannot be written.

use crate::descriptor::DESCRIPTOR_LENGTH_MAX;
use crate::sid::SUB_AUTHORITIES_MAX;

/// Why bytes are no security descriptor or SID: the sender's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed security descriptor: at byte {offset}: {fault}")]
pub struct ParseError {
    /// Where, in bytes from the start.
    pub offset: usize,
    /// What is wrong.
    pub fault: ParseFault,
}

/// What is wrong with a descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseFault {
    /// More bytes than any descriptor has.
    #[error("{length} bytes are more than the {DESCRIPTOR_LENGTH_MAX} that are read")]
    TooLong {
        /// Bytes given.
        length: usize,
    },
    /// The bytes end inside something.
    #[error("{what} needs {needed} bytes and {left} are left")]
    Truncated {
        /// What was being read.
        what: &'static str,
        /// Bytes that it takes.
        needed: usize,
        /// Bytes that are there.
        left: usize,
    },
    /// A revision that this crate does not know.
    #[error("{what} has revision {revision}, which is not known")]
    Revision {
        /// What has it.
        what: &'static str,
        /// The revision.
        revision: u8,
    },
    /// The descriptor holds pointers instead of offsets.
    #[error("the descriptor is not self-relative")]
    NotSelfRelative,
    /// An offset into the header or past the end.
    #[error("{what} is said to be at byte {offset}, outside of the descriptor's body")]
    Offset {
        /// What should be there.
        what: &'static str,
        /// The offset as it was sent.
        offset: u32,
    },
    /// A SID with more parts than a SID has.
    #[error("a SID says it has {0} sub-authorities, more than {SUB_AUTHORITIES_MAX}")]
    SubAuthorities(u8),
    /// A length that does not cover its own header.
    #[error("{what} says it has {size} bytes, less than its header")]
    Size {
        /// What says so.
        what: &'static str,
        /// The size as it was sent.
        size: u16,
    },
}

/// Why a text is no SID: the user's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{}' is no SID: write S-1-AUTHORITY-NUMBER-..., for example S-1-5-32-544", .0.escape_debug())]
pub struct SidTextError(pub String);

/// Why a descriptor or list cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// An access list is measured in 16 bits.
    #[error("an access list of {length} bytes is longer than the {} it can have", u16::MAX)]
    AclTooLong {
        /// Bytes that the list would have.
        length: usize,
    },
    /// An entry that claims a type that this crate reads, yet was kept as it came.
    #[error("an access control entry of type {ace_type:#04x} is not opaque")]
    AceType {
        /// The entry's type.
        ace_type: u8,
    },
}
