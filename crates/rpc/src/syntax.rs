//! Names of interfaces and of transfer syntaxes.

use std::fmt;

use uuid::{Uuid, uuid};

/// An interface or a transfer syntax: a UUID with a version (C706 `p_syntax_id_t`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SyntaxId {
    /// Which interface or syntax.
    pub uuid: Uuid,
    /// The version that must be the same on both sides.
    pub major: u16,
    /// The version within `major`: a server of a higher one serves clients of a lower one.
    pub minor: u16,
}

impl SyntaxId {
    /// All zero: what stands in place of a syntax in a rejection.
    pub const NONE: Self = Self::new(Uuid::nil(), 0, 0);
    /// NDR, 32 bit: the one transfer syntax that this crate accepts (C706 chapter 14).
    pub const NDR: Self = Self::new(uuid!("8a885d04-1ceb-11c9-9fe8-08002b104860"), 2, 0);
    /// NDR64, which is rejected (MS-RPCE 2.2.5).
    pub const NDR64: Self = Self::new(uuid!("71710533-beba-4937-8319-b5dbef9ccc36"), 1, 0);

    /// Puts a syntax together.
    #[must_use]
    pub const fn new(uuid: Uuid, major: u16, minor: u16) -> Self {
        Self { uuid, major, minor }
    }

    /// The syntax in which a client offers the features of MS-RPCE 2.2.2.14, as a set of bits.
    #[must_use]
    pub fn bind_time_features(bits: u64) -> Self {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&BIND_TIME_FEATURES);
        bytes[8..].copy_from_slice(&bits.to_le_bytes());
        Self::new(Uuid::from_bytes_le(bytes), 1, 0)
    }

    /// The bits, if this is such a syntax.
    #[must_use]
    pub fn as_bind_time_features(&self) -> Option<u64> {
        let bytes = self.uuid.to_bytes_le();
        let (prefix, bits) = bytes.split_at(8);
        (prefix == BIND_TIME_FEATURES && self.major == 1)
            .then(|| bits.try_into().map_or(0, u64::from_le_bytes))
    }

    /// Whether a server of this interface serves a client that asks for `wanted`: same UUID and major version, and
    /// no newer minor version than ours (C706 6.3.2).
    #[must_use]
    pub fn serves(&self, wanted: &Self) -> bool {
        self.uuid == wanted.uuid && self.major == wanted.major && self.minor >= wanted.minor
    }
}

/// The fixed half of the bind time feature syntax, `6cb71c2c-9812-4540-…`, as it is on the wire.
const BIND_TIME_FEATURES: [u8; 8] = [0x2c, 0x1c, 0xb7, 0x6c, 0x12, 0x98, 0x40, 0x45];

impl fmt::Display for SyntaxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} v{}.{}", self.uuid, self.major, self.minor)
    }
}
