//! Conformant and conformant-varying arrays.

use crate::string::read_varying_head;
use crate::{DecodeError, Decoder, EncodeError, Encoder, Ndr, max_align};

/// An array whose length a separate count states (`#[ndr(count_before)]`, `#[ndr(count_after)]`).
pub trait Counted {
    /// The number that the count carries; 0 for a null pointer.
    fn count(&self) -> usize;
}

impl<T> Counted for Vec<T> {
    fn count(&self) -> usize {
        self.len()
    }
}

impl<T: Counted> Counted for Option<T> {
    fn count(&self) -> usize {
        self.as_ref().map_or(0, T::count)
    }
}

/// A conformant array: its length, then the elements, then what their pointers refer to.
impl<T: Ndr> Ndr for Vec<T> {
    const ALIGN: usize = T::ALIGN;
    const MIN_LEN: usize = 0;
    const CONFORMANT: bool = true;
    type Inline = Vec<T::Inline>;

    fn encode_conformance(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.write_count(self.len())
    }

    fn encode_inline(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        const { assert!(!T::CONFORMANT, "an array's elements cannot be conformant") };
        T::encode_items(self, encoder)
    }

    fn encode_deferred(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        self.iter().try_for_each(|item| item.encode_deferred(encoder))
    }

    fn decode_conformance(decoder: &mut Decoder<'_>) -> Result<u32, DecodeError> {
        decoder.read_u32()
    }

    fn decode_inline(decoder: &mut Decoder<'_>, conformance: u32) -> Result<Self::Inline, DecodeError> {
        let len = decoder.bounded_count(conformance, T::MIN_LEN)?;
        T::decode_items(len, decoder)
    }

    fn decode_deferred(inline: Self::Inline, decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        T::finish_items(inline, decoder)
    }
}

/// A conformant-varying array: room for `max` elements, of which only `items` are transmitted.
///
/// Answers carry the room that the request offered as `max`; a client writes into a buffer of that size and refuses
/// an answer with another one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Varying<T> {
    max: u32,
    items: Vec<T>,
}

impl<T> Varying<T> {
    /// No elements, with room for `max`.
    #[must_use]
    pub fn empty(max: u32) -> Self {
        Self { max, items: Vec::new() }
    }

    /// `items` with room for `max`; the items back when they do not fit.
    ///
    /// # Errors
    ///
    /// The items, when there are more than `max`.
    pub fn new(max: u32, items: Vec<T>) -> Result<Self, Vec<T>> {
        if u32::try_from(items.len()).is_ok_and(|len| len <= max) {
            return Ok(Self { max, items });
        }
        Err(items)
    }

    /// Room for elements, not all of them transmitted.
    #[must_use]
    pub fn max(&self) -> u32 {
        self.max
    }

    /// The elements.
    #[must_use]
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// The elements, without the room.
    #[must_use]
    pub fn into_items(self) -> Vec<T> {
        self.items
    }
}

impl<T> Counted for Varying<T> {
    fn count(&self) -> usize {
        self.items.len()
    }
}

impl<T: Ndr> Ndr for Varying<T> {
    const ALIGN: usize = max_align(&[T::ALIGN, 4]);
    /// Offset and actual count.
    const MIN_LEN: usize = 8;
    const CONFORMANT: bool = true;
    type Inline = (u32, Vec<T::Inline>);

    fn encode_conformance(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.write_u32(self.max);
        Ok(())
    }

    fn encode_inline(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        const { assert!(!T::CONFORMANT, "an array's elements cannot be conformant") };
        encoder.write_u32(0);
        encoder.write_count(self.items.len())?;
        T::encode_items(&self.items, encoder)
    }

    fn encode_deferred(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        self.items.iter().try_for_each(|item| item.encode_deferred(encoder))
    }

    fn decode_conformance(decoder: &mut Decoder<'_>) -> Result<u32, DecodeError> {
        decoder.read_u32()
    }

    fn decode_inline(decoder: &mut Decoder<'_>, conformance: u32) -> Result<Self::Inline, DecodeError> {
        let actual = read_varying_head(decoder, conformance)?;
        let len = decoder.bounded_count(actual, T::MIN_LEN)?;
        Ok((conformance, T::decode_items(len, decoder)?))
    }

    fn decode_deferred(inline: Self::Inline, decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let (max, items) = inline;
        Ok(Self { max, items: T::finish_items(items, decoder)? })
    }
}
