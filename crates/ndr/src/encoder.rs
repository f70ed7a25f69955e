//! Writing: a growing little-endian stub.

use crate::{EncodeError, MAX_DEPTH};

/// First referent id written; any non-zero value is legal, and Samba's tools write the same ones.
const FIRST_REFERENT: u32 = 0x0002_0004;
/// Distance between referent ids.
const REFERENT_STEP: u32 = 4;

/// Writes values into a stub. Alignment counts from the stub's first byte.
#[derive(Debug)]
pub struct Encoder {
    bytes: Vec<u8>,
    next_referent: u32,
    depth: u32,
}

impl Default for Encoder {
    fn default() -> Self {
        Self { bytes: Vec::new(), next_referent: FIRST_REFERENT, depth: 0 }
    }
}

impl Encoder {
    /// An encoder with an empty stub.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The stub as written.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Pads with zeros to a multiple of `align` bytes.
    pub fn align(&mut self, align: usize) {
        let len = self.bytes.len().next_multiple_of(align.max(1));
        self.bytes.resize(len, 0);
    }

    /// Writes `bytes` as they are, unaligned.
    pub fn write_bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Writes a 16-bit number, aligned.
    pub fn write_u16(&mut self, value: u16) {
        self.align(2);
        self.write_bytes(&value.to_le_bytes());
    }

    /// Writes a 32-bit number, aligned.
    pub fn write_u32(&mut self, value: u32) {
        self.align(4);
        self.write_bytes(&value.to_le_bytes());
    }

    /// Writes a 64-bit number, aligned.
    pub fn write_u64(&mut self, value: u64) {
        self.align(8);
        self.write_bytes(&value.to_le_bytes());
    }

    /// Writes a number of elements as 32 bits.
    ///
    /// # Errors
    ///
    /// [`EncodeError::TooLong`] when it does not fit.
    pub fn write_count(&mut self, len: usize) -> Result<(), EncodeError> {
        let count = u32::try_from(len).map_err(|_| EncodeError::TooLong { len })?;
        self.write_u32(count);
        Ok(())
    }

    /// Writes the referent id of a unique pointer: the next unused one, or 0 for a null pointer.
    pub fn write_referent(&mut self, present: bool) {
        if !present {
            self.write_u32(0);
            return;
        }
        self.write_u32(self.next_referent);
        // A stub would need 16 GiB of referents before an id came twice, and unique pointers are never compared anyway.
        self.next_referent = self.next_referent.checked_add(REFERENT_STEP).unwrap_or(FIRST_REFERENT);
    }

    /// Runs `write` one pointer deeper.
    pub(crate) fn nested(
        &mut self,
        write: impl FnOnce(&mut Self) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        if self.depth == MAX_DEPTH {
            return Err(EncodeError::TooDeep);
        }
        self.depth += 1;
        let result = write(self);
        self.depth -= 1;
        result
    }
}
