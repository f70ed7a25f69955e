//! Numbers and `BOOL`.

use crate::{DecodeError, Decoder, EncodeError, Encoder, Ndr};

impl Ndr for u8 {
    const ALIGN: usize = 1;
    const MIN_LEN: usize = 1;
    type Inline = Self;

    fn encode_inline(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.write_bytes(&[*self]);
        Ok(())
    }

    fn decode_inline(decoder: &mut Decoder<'_>, _conformance: u32) -> Result<Self, DecodeError> {
        decoder.read_array().map(|[byte]| byte)
    }

    fn decode_deferred(inline: Self, _decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(inline)
    }

    fn encode_items(items: &[Self], encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.write_bytes(items);
        Ok(())
    }

    fn decode_items(len: usize, decoder: &mut Decoder<'_>) -> Result<Vec<Self>, DecodeError> {
        decoder.read_bytes(len).map(<[u8]>::to_vec)
    }

    fn finish_items(items: Vec<Self>, _decoder: &mut Decoder<'_>) -> Result<Vec<Self>, DecodeError> {
        Ok(items)
    }
}

/// Implements `Ndr` for a number type by way of the unsigned one of its size.
macro_rules! scalar {
    ($($ty:ty: $size:literal, $unsigned:ty, $write:ident, $read:ident;)*) => {$(
        impl Ndr for $ty {
            const ALIGN: usize = $size;
            const MIN_LEN: usize = $size;
            type Inline = Self;

            fn encode_inline(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
                encoder.$write(<$unsigned>::from_ne_bytes(self.to_ne_bytes()));
                Ok(())
            }

            fn decode_inline(decoder: &mut Decoder<'_>, _conformance: u32) -> Result<Self, DecodeError> {
                decoder.$read().map(|value| Self::from_ne_bytes(value.to_ne_bytes()))
            }

            fn decode_deferred(inline: Self, _decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
                Ok(inline)
            }
        }
    )*};
}

scalar! {
    u16: 2, u16, write_u16, read_u16;
    i16: 2, u16, write_u16, read_u16;
    u32: 4, u32, write_u32, read_u32;
    i32: 4, u32, write_u32, read_u32;
    u64: 8, u64, write_u64, read_u64;
    i64: 8, u64, write_u64, read_u64;
}

/// `BOOL`: 4 bytes, anything but 0 is true.
///
/// Samba's clients send one byte. Followed by padding it reads the same; as the last parameter it may end the stub,
/// so that 1 to 3 bytes at the very end are read as a `BOOL` too.
impl Ndr for bool {
    const ALIGN: usize = 4;
    const MIN_LEN: usize = 1;
    type Inline = Self;

    fn encode_inline(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.write_u32(u32::from(*self));
        Ok(())
    }

    fn decode_inline(decoder: &mut Decoder<'_>, _conformance: u32) -> Result<Self, DecodeError> {
        decoder.align(Self::ALIGN)?;
        if let left @ 1..=3 = decoder.left() {
            let bytes = decoder.read_bytes(left)?;
            return Ok(bytes.first().is_some_and(|byte| *byte != 0));
        }
        Ok(decoder.read_u32()? != 0)
    }

    fn decode_deferred(inline: Self, _decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(inline)
    }
}
