//! Unique pointers.

use crate::{DecodeError, Decoder, EncodeError, Encoder, Ndr};

/// A unique pointer: a referent id in line (0 is null), and what it refers to deferred.
impl<T: Ndr> Ndr for Option<T> {
    const ALIGN: usize = 4;
    const MIN_LEN: usize = 4;
    /// Whether the pointer is not null.
    type Inline = bool;

    fn encode_inline(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.write_referent(self.is_some());
        Ok(())
    }

    fn encode_deferred(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        match self {
            Some(value) => encoder.nested(|encoder| value.encode(encoder)),
            None => Ok(()),
        }
    }

    fn decode_inline(decoder: &mut Decoder<'_>, _conformance: u32) -> Result<bool, DecodeError> {
        decoder.read_referent()
    }

    fn decode_deferred(present: bool, decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        present.then(|| decoder.nested(T::decode)).transpose()
    }
}

/// The value itself; a box lets a type refer to itself behind an `Option`.
impl<T: Ndr> Ndr for Box<T> {
    const ALIGN: usize = T::ALIGN;
    const MIN_LEN: usize = T::MIN_LEN;
    const CONFORMANT: bool = T::CONFORMANT;
    type Inline = T::Inline;

    fn encode_conformance(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        T::encode_conformance(self, encoder)
    }

    fn encode_inline(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        T::encode_inline(self, encoder)
    }

    fn encode_deferred(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        T::encode_deferred(self, encoder)
    }

    fn decode_conformance(decoder: &mut Decoder<'_>) -> Result<u32, DecodeError> {
        T::decode_conformance(decoder)
    }

    fn decode_inline(decoder: &mut Decoder<'_>, conformance: u32) -> Result<Self::Inline, DecodeError> {
        T::decode_inline(decoder, conformance)
    }

    fn decode_deferred(inline: Self::Inline, decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        T::decode_deferred(inline, decoder).map(Box::new)
    }
}
