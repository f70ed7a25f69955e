//! Access lists and their entries (MS-DTYP 2.4.4 and 2.4.5).

use crate::error::{BuildError, ParseError, ParseFault};
use crate::reader::Reader;
use crate::sid::Sid;

const ACCESS_ALLOWED_ACE_TYPE: u8 = 0x00;
const ACCESS_DENIED_ACE_TYPE: u8 = 0x01;

/// INHERIT_ONLY_ACE: the entry is for children only and says nothing of the object itself.
const INHERIT_ONLY: u8 = 0x08;

/// ACL_REVISION and ACL_REVISION_DS; the second has entries for objects, which stay opaque here.
const REVISIONS: [u8; 2] = [2, 4];

const ACL_HEADER_LENGTH: usize = 1 /* revision */ + 1 /* zero */ + 2 /* size */ + 2 /* count */ + 2 /* zero */;
const ACE_HEADER_LENGTH: usize = 1 /* type */ + 1 /* flags */ + 2 /* size */;

/// An access list: entries in the order in which they are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acl {
    revision: u8,
    /// The entries. The first one that names a right and applies to the caller decides on it.
    pub aces: Vec<Ace>,
}

/// An entry of an access list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ace {
    /// Grants.
    Allow {
        /// Inheritance flags (MS-DTYP 2.4.4.1).
        flags: u8,
        /// The rights.
        mask: u32,
        /// To whom.
        sid: Sid,
    },
    /// Refuses.
    Deny {
        /// Inheritance flags (MS-DTYP 2.4.4.1).
        flags: u8,
        /// The rights.
        mask: u32,
        /// To whom.
        sid: Sid,
    },
    /// An entry of another type: audits, labels, conditions, rights of directory objects. Kept as it came; it
    /// takes no part in the access check.
    Opaque {
        /// The type, neither 0 (allow) nor 1 (deny).
        ace_type: u8,
        /// The flags.
        flags: u8,
        /// What follows the entry's header.
        body: Vec<u8>,
    },
}

impl Acl {
    /// A list of these entries, in this order.
    pub fn new(aces: Vec<Ace>) -> Self {
        Acl { revision: REVISIONS[0], aces }
    }

    /// Reads a list; bytes may follow it.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        Self::read(&mut Reader::new(bytes, 0))
    }

    /// The binary form.
    pub fn to_bytes(&self) -> Result<Vec<u8>, BuildError> {
        let mut bytes = vec![0; ACL_HEADER_LENGTH];
        for ace in &self.aces {
            ace.append(&mut bytes)?;
        }
        let too_long = |_| BuildError::AclTooLong { length: bytes.len() };
        let size = u16::try_from(bytes.len()).map_err(too_long)?;
        let count = u16::try_from(self.aces.len()).map_err(too_long)?;
        bytes[0] = self.revision;
        bytes[2..4].copy_from_slice(&size.to_le_bytes());
        bytes[4..6].copy_from_slice(&count.to_le_bytes());
        Ok(bytes)
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let start = reader.clone();
        let revision = reader.u8("an access list")?;
        if !REVISIONS.contains(&revision) {
            return Err(start.fault(ParseFault::Revision { what: "an access list", revision }));
        }
        reader.u8("an access list")?;
        let size = reader.u16("an access list")?;
        let count = reader.u16("an access list")?;
        reader.u16("an access list")?;
        let Some(length) = usize::from(size).checked_sub(ACL_HEADER_LENGTH) else {
            return Err(start.fault(ParseFault::Size { what: "an access list", size }));
        };
        let mut body = reader.part(length, "an access list")?;
        // No capacity from the count: the entries that are there are its bound.
        let mut aces = Vec::new();
        for _ in 0..count {
            aces.push(Ace::read(&mut body)?);
        }
        Ok(Acl { revision, aces })
    }
}

impl Ace {
    /// Grants the rights of `mask` to `sid`.
    pub fn allow(sid: Sid, mask: u32) -> Self {
        Self::Allow { flags: 0, mask, sid }
    }

    /// Refuses the rights of `mask` to `sid`.
    pub fn deny(sid: Sid, mask: u32) -> Self {
        Self::Deny { flags: 0, mask, sid }
    }

    /// Whether the entry speaks of children only.
    pub fn is_inherit_only(&self) -> bool {
        let (Self::Allow { flags, .. } | Self::Deny { flags, .. } | Self::Opaque { flags, .. }) = self;
        flags & INHERIT_ONLY != 0
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        const WHAT: &str = "an access control entry";
        let start = reader.clone();
        let ace_type = reader.u8(WHAT)?;
        let flags = reader.u8(WHAT)?;
        let size = reader.u16(WHAT)?;
        let Some(length) = usize::from(size).checked_sub(ACE_HEADER_LENGTH) else {
            return Err(start.fault(ParseFault::Size { what: WHAT, size }));
        };
        let mut body = reader.part(length, WHAT)?;
        match ace_type {
            // Bytes after the SID have no meaning in these two types and are not kept.
            ACCESS_ALLOWED_ACE_TYPE => {
                Ok(Self::Allow { flags, mask: body.u32(WHAT)?, sid: Sid::read(&mut body)? })
            }
            ACCESS_DENIED_ACE_TYPE => {
                Ok(Self::Deny { flags, mask: body.u32(WHAT)?, sid: Sid::read(&mut body)? })
            }
            _ => Ok(Self::Opaque { ace_type, flags, body: body.take(length, WHAT)?.to_vec() }),
        }
    }

    fn append(&self, bytes: &mut Vec<u8>) -> Result<(), BuildError> {
        let start = bytes.len();
        match self {
            Self::Allow { flags, mask, sid } => {
                bytes.extend([ACCESS_ALLOWED_ACE_TYPE, *flags, 0, 0]);
                bytes.extend(mask.to_le_bytes());
                sid.append(bytes);
            }
            Self::Deny { flags, mask, sid } => {
                bytes.extend([ACCESS_DENIED_ACE_TYPE, *flags, 0, 0]);
                bytes.extend(mask.to_le_bytes());
                sid.append(bytes);
            }
            Self::Opaque {
                ace_type: ace_type @ (ACCESS_ALLOWED_ACE_TYPE | ACCESS_DENIED_ACE_TYPE), ..
            } => {
                return Err(BuildError::AceType { ace_type: *ace_type });
            }
            Self::Opaque { ace_type, flags, body } => {
                bytes.extend([*ace_type, *flags, 0, 0]);
                bytes.extend_from_slice(body);
            }
        }
        let length = bytes.len() - start;
        let size = u16::try_from(length).map_err(|_| BuildError::AclTooLong { length })?;
        bytes[start + 2..start + 4].copy_from_slice(&size.to_le_bytes());
        Ok(())
    }
}
