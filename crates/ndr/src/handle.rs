//! Context handles.

use std::fmt;

use uuid::Uuid;

use crate::{DecodeError, Decoder, EncodeError, Encoder, Ndr};

/// A context handle: 20 bytes that name an object the server keeps for one client. All zero is the null handle.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct ContextHandle {
    /// Always 0 in handles that Windows, Samba and Mainstay hand out.
    pub attributes: u32,
    /// The name of the object.
    pub uuid: Uuid,
}

impl ContextHandle {
    /// The null handle.
    pub const NULL: Self = Self { attributes: 0, uuid: Uuid::nil() };

    /// A handle named `uuid`.
    #[must_use]
    pub const fn new(uuid: Uuid) -> Self {
        Self { attributes: 0, uuid }
    }

    /// Whether all 20 bytes are zero.
    #[must_use]
    pub fn is_null(&self) -> bool {
        *self == Self::NULL
    }
}

impl fmt::Debug for ContextHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}:{}", self.attributes, self.uuid)
    }
}

impl Ndr for ContextHandle {
    const ALIGN: usize = 4;
    const MIN_LEN: usize = 20;
    type Inline = Self;

    fn encode_inline(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.write_u32(self.attributes);
        encoder.write_bytes(&self.uuid.to_bytes_le());
        Ok(())
    }

    fn decode_inline(decoder: &mut Decoder<'_>, _conformance: u32) -> Result<Self, DecodeError> {
        Ok(Self {
            attributes: decoder.read_u32()?,
            uuid: Uuid::from_fields(
                decoder.read_u32()?,
                decoder.read_u16()?,
                decoder.read_u16()?,
                &decoder.read_array()?,
            ),
        })
    }

    fn decode_deferred(inline: Self, _decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(inline)
    }
}
