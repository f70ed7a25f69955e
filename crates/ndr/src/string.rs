//! Wide strings.

use crate::{DecodeError, Decoder, EncodeError, Encoder, Ndr};

/// `[string] wchar_t *`: maximum count, offset 0, actual count, UTF-16 with a terminating NUL that both counts include.
///
/// Strings with an unpaired surrogate or a NUL inside are refused: Rust's `String` cannot hold the first, and the second would be
/// two different names to two different readers.
impl Ndr for String {
    const ALIGN: usize = 4;
    /// Offset, actual count and the NUL.
    const MIN_LEN: usize = 10;
    const CONFORMANT: bool = true;
    type Inline = Self;

    fn encode_conformance(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.write_count(wire_len(self))
    }

    fn encode_inline(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        if self.contains('\0') {
            return Err(EncodeError::StringInteriorNull { string: self.clone() });
        }
        encoder.write_u32(0);
        encoder.write_count(wire_len(self))?;
        for unit in self.encode_utf16() {
            encoder.write_u16(unit);
        }
        encoder.write_u16(0);
        Ok(())
    }

    fn decode_conformance(decoder: &mut Decoder<'_>) -> Result<u32, DecodeError> {
        decoder.read_u32()
    }

    fn decode_inline(decoder: &mut Decoder<'_>, conformance: u32) -> Result<Self, DecodeError> {
        let at = decoder.position();
        let actual = read_varying_head(decoder, conformance)?;
        let units = decode_units(decoder, actual)?;
        let Some((0, text)) = units.split_last() else {
            return Err(DecodeError::StringNotTerminated { at });
        };
        if text.contains(&0) {
            return Err(DecodeError::StringInteriorNull { at });
        }
        Self::from_utf16(text).map_err(|_| DecodeError::StringNotUtf16 { at })
    }

    fn decode_deferred(inline: Self, _decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(inline)
    }
}

/// Reads offset and actual count of a varying array whose maximum is `max`; the actual count.
pub(crate) fn read_varying_head(decoder: &mut Decoder<'_>, max: u32) -> Result<u32, DecodeError> {
    let at = decoder.position();
    let offset = decoder.read_u32()?;
    if offset != 0 {
        return Err(DecodeError::VaryingOffset { at, offset });
    }
    let actual = decoder.read_u32()?;
    if actual > max {
        return Err(DecodeError::VaryingLength { at, actual, max });
    }
    Ok(actual)
}

fn decode_units(decoder: &mut Decoder<'_>, count: u32) -> Result<Vec<u16>, DecodeError> {
    let len = decoder.bounded_count(count, size_of::<u16>())?;
    u16::decode_items(len, decoder)
}

/// Number of UTF-16 units with the NUL.
fn wire_len(string: &str) -> usize {
    string.encode_utf16().count() + 1
}
