//! The 16 bytes that every PDU begins with (C706 12.6.3.1).

use super::DecodeError;

/// Bytes of the common header.
pub const HEADER_BYTES: usize = 16;

/// Bytes of a request before its stub, without an object UUID.
pub const REQUEST_HEADER_BYTES: usize = HEADER_BYTES + 8;

/// Bytes of a response before its stub.
pub const RESPONSE_HEADER_BYTES: usize = HEADER_BYTES + 8;

/// The high half of the first byte of the data representation says little-endian; the low half says ASCII.
const LITTLE_ENDIAN_ASCII: u8 = 0x10;

/// The common header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// `rpc_vers`, 5 in what this crate takes.
    pub version: u8,
    /// `rpc_vers_minor`, 0 or 1.
    pub version_minor: u8,
    /// `PTYPE`.
    pub pdu_type: PduType,
    /// `pfc_flags`.
    pub flags: Flags,
    /// The first byte of the data representation: integers and characters.
    pub data_representation: u8,
    /// Bytes of the whole fragment, this header included.
    pub fragment_length: u16,
    /// Bytes of the verifier's value, 0 if there is no verifier.
    pub auth_length: u16,
    /// The call that the PDU belongs to.
    pub call_id: u32,
}

/// The type of a PDU, `PTYPE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum PduType {
    /// request
    Request = 0,
    /// response
    Response = 2,
    /// fault
    Fault = 3,
    /// bind
    Bind = 11,
    /// bind_ack
    BindAck = 12,
    /// bind_nak
    BindNak = 13,
    /// alter_context
    AlterContext = 14,
    /// alter_context_resp
    AlterContextResponse = 15,
    /// rpc_auth_3 (MS-RPCE 2.2.2.5)
    Auth3 = 16,
    /// shutdown
    Shutdown = 17,
    /// co_cancel
    Cancel = 18,
    /// orphaned
    Orphaned = 19,
}

/// The flags of a PDU, `pfc_flags`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(pub u8);

impl Flags {
    /// First fragment of a call.
    pub const FIRST: Self = Self(0x01);
    /// Last fragment of a call.
    pub const LAST: Self = Self(0x02);
    /// In bind and its kin: header signing is supported (MS-RPCE 2.2.2.3). In a request: a cancel was pending.
    pub const SUPPORT_HEADER_SIGN: Self = Self(0x04);
    /// Several calls at a time on one connection are supported.
    pub const CONCURRENT_MULTIPLEXING: Self = Self(0x10);
    /// In a fault: the call was not begun.
    pub const DID_NOT_EXECUTE: Self = Self(0x20);
    /// The caller wants no answer.
    pub const MAYBE: Self = Self(0x40);
    /// An object UUID stands before the stub of a request.
    pub const OBJECT_UUID: Self = Self(0x80);
    /// A PDU that is all of its call.
    pub const WHOLE: Self = Self(0x03);

    /// Whether all bits of `other` are set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The bits of both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The bits that both have.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The flags of one fragment by its place in its call.
    #[must_use]
    pub const fn of_fragment(first: bool, last: bool) -> Self {
        Self(first as u8 | (last as u8) << 1)
    }
}

impl Header {
    /// Reads the header at the front of `bytes`, by the byte order that it states.
    ///
    /// Version, byte order and lengths are read, not judged: who wants to refuse a PDU politely needs its call id.
    /// [`check`](Self::check) judges them.
    ///
    /// # Errors
    ///
    /// Fewer than 16 bytes, or a type that does not exist.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let Some(
            &[
                version,
                version_minor,
                pdu_type,
                flags,
                representation,
                _,
                _,
                _,
                f0,
                f1,
                a0,
                a1,
                c0,
                c1,
                c2,
                c3,
            ],
        ) = bytes.first_chunk::<HEADER_BYTES>()
        else {
            return Err(DecodeError::Truncated {
                field: "common header",
                wanted: HEADER_BYTES,
                left: bytes.len(),
            });
        };
        let little_endian = representation & 0xf0 != 0;
        let u16_of =
            |bytes| if little_endian { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) };
        let u32_of =
            |bytes| if little_endian { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) };
        Ok(Self {
            version,
            version_minor,
            pdu_type: PduType::try_from(pdu_type)?,
            flags: Flags(flags),
            data_representation: representation,
            fragment_length: u16_of([f0, f1]),
            auth_length: u16_of([a0, a1]),
            call_id: u32_of([c0, c1, c2, c3]),
        })
    }

    /// Judges the header of a fragment of `available` bytes.
    ///
    /// # Errors
    ///
    /// Another version, another data representation, or a length that is not `available`.
    pub fn check(&self, available: usize) -> Result<(), DecodeError> {
        if self.version != 5 || self.version_minor > 1 {
            return Err(DecodeError::Version { major: self.version, minor: self.version_minor });
        }
        if self.data_representation != LITTLE_ENDIAN_ASCII {
            return Err(DecodeError::DataRepresentation(self.data_representation));
        }
        if usize::from(self.fragment_length) != available || available < HEADER_BYTES {
            return Err(DecodeError::FragmentLength { length: self.fragment_length, available });
        }
        Ok(())
    }
}

impl TryFrom<u8> for PduType {
    type Error = DecodeError;

    fn try_from(value: u8) -> Result<Self, DecodeError> {
        Ok(match value {
            0 => Self::Request,
            2 => Self::Response,
            3 => Self::Fault,
            11 => Self::Bind,
            12 => Self::BindAck,
            13 => Self::BindNak,
            14 => Self::AlterContext,
            15 => Self::AlterContextResponse,
            16 => Self::Auth3,
            17 => Self::Shutdown,
            18 => Self::Cancel,
            19 => Self::Orphaned,
            other => return Err(DecodeError::PduType(other)),
        })
    }
}
