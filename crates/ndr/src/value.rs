//! The two traits: [`Ndr`] for one value, [`NdrParams`] for a parameter list.

use crate::{DecodeError, Decoder, EncodeError, Encoder, Endian};

/// A value that can stand in a stub.
///
/// A value is written in up to three parts, which containers put in different places:
///
/// ```text
///   conformance   the maximum count of a conformant array; a structure that ends in one writes it ahead of itself
///   inline        the value proper; a pointer is only a referent id here
///   deferred      what the pointers refer to, after the outermost structure or array
/// ```
///
/// Reading goes the same way. Between the inline and the deferred part, what is known of the value so far is kept
/// in [`Ndr::Inline`].
pub trait Ndr: Sized {
    /// Alignment of the inline part, in bytes: 1, 2, 4 or 8.
    const ALIGN: usize;
    /// The fewest bytes that the inline part can take. Announced counts are checked against it.
    const MIN_LEN: usize;
    /// Whether there is a conformance part.
    const CONFORMANT: bool = false;
    /// What is known of a value when its inline part is read and its deferred part is not.
    type Inline;

    /// Writes the conformance part, if there is one.
    ///
    /// # Errors
    ///
    /// See [`EncodeError`].
    fn encode_conformance(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        let _ = encoder;
        Ok(())
    }

    /// Writes the inline part, aligned.
    ///
    /// # Errors
    ///
    /// See [`EncodeError`].
    fn encode_inline(&self, encoder: &mut Encoder) -> Result<(), EncodeError>;

    /// Writes the deferred part, if there is one.
    ///
    /// # Errors
    ///
    /// See [`EncodeError`].
    fn encode_deferred(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        let _ = encoder;
        Ok(())
    }

    /// Reads the conformance part; 0 if there is none.
    ///
    /// # Errors
    ///
    /// See [`DecodeError`].
    fn decode_conformance(decoder: &mut Decoder<'_>) -> Result<u32, DecodeError> {
        let _ = decoder;
        Ok(0)
    }

    /// Reads the inline part. `conformance` is what [`Ndr::decode_conformance`] returned.
    ///
    /// # Errors
    ///
    /// See [`DecodeError`].
    fn decode_inline(decoder: &mut Decoder<'_>, conformance: u32) -> Result<Self::Inline, DecodeError>;

    /// Reads the deferred part and completes the value.
    ///
    /// # Errors
    ///
    /// See [`DecodeError`].
    fn decode_deferred(inline: Self::Inline, decoder: &mut Decoder<'_>) -> Result<Self, DecodeError>;

    /// Writes all three parts in a row: a parameter, or what a pointer refers to.
    ///
    /// # Errors
    ///
    /// See [`EncodeError`].
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        self.encode_conformance(encoder)?;
        self.encode_inline(encoder)?;
        self.encode_deferred(encoder)
    }

    /// Reads all three parts in a row.
    ///
    /// # Errors
    ///
    /// See [`DecodeError`].
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let conformance = Self::decode_conformance(decoder)?;
        let inline = Self::decode_inline(decoder, conformance)?;
        Self::decode_deferred(inline, decoder)
    }

    /// Writes the inline parts of an array's elements. Bytes do this in one step.
    ///
    /// # Errors
    ///
    /// See [`EncodeError`].
    fn encode_items(items: &[Self], encoder: &mut Encoder) -> Result<(), EncodeError> {
        items.iter().try_for_each(|item| item.encode_inline(encoder))
    }

    /// Reads the inline parts of `len` elements; the caller has checked `len` against the bytes left.
    ///
    /// # Errors
    ///
    /// See [`DecodeError`].
    fn decode_items(len: usize, decoder: &mut Decoder<'_>) -> Result<Vec<Self::Inline>, DecodeError> {
        let mut items = Vec::with_capacity(len);
        for _ in 0..len {
            items.push(Self::decode_inline(decoder, 0)?);
        }
        Ok(items)
    }

    /// Reads the deferred parts of an array's elements.
    ///
    /// # Errors
    ///
    /// See [`DecodeError`].
    fn finish_items(items: Vec<Self::Inline>, decoder: &mut Decoder<'_>) -> Result<Vec<Self>, DecodeError> {
        items.into_iter().map(|item| Self::decode_deferred(item, decoder)).collect()
    }
}

/// The parameters of one direction of an operation.
pub trait NdrParams: Sized {
    /// Writes the parameters in order.
    ///
    /// # Errors
    ///
    /// See [`EncodeError`].
    fn encode_params(&self, encoder: &mut Encoder) -> Result<(), EncodeError>;

    /// Reads the parameters in order.
    ///
    /// # Errors
    ///
    /// See [`DecodeError`].
    fn decode_params(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError>;

    /// The parameters as a stub of their own.
    ///
    /// # Errors
    ///
    /// See [`EncodeError`].
    fn to_stub(&self) -> Result<Vec<u8>, EncodeError> {
        let mut encoder = Encoder::new();
        self.encode_params(&mut encoder)?;
        Ok(encoder.into_bytes())
    }

    /// Reads the parameters from the start of `stub`, and says how many bytes they took. More may follow: the first
    /// protected request of a connection carries a verification trailer.
    ///
    /// # Errors
    ///
    /// See [`DecodeError`].
    fn from_stub(stub: &[u8], endian: Endian) -> Result<(Self, usize), DecodeError> {
        let mut decoder = Decoder::new(stub, endian);
        let params = Self::decode_params(&mut decoder)?;
        Ok((params, decoder.position()))
    }
}

/// The largest of `aligns`, and at least 1: the alignment of a structure with such fields.
#[must_use]
pub const fn max_align(aligns: &[usize]) -> usize {
    let mut max = 1;
    let mut rest = aligns;
    while let [align, tail @ ..] = rest {
        if *align > max {
            max = *align;
        }
        rest = tail;
    }
    max
}
