//! Reading: a cursor over a stub that never reads past its end.

use crate::{DecodeError, MAX_DEPTH};

/// Byte order of the sender, from the data representation of its PDU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Endian {
    /// Least significant byte first.
    #[default]
    Little,
    /// Most significant byte first.
    Big,
}

/// Reads values from a stub. Alignment counts from the stub's first byte.
#[derive(Debug)]
pub struct Decoder<'a> {
    stub: &'a [u8],
    at: usize,
    endian: Endian,
    depth: u32,
}

impl<'a> Decoder<'a> {
    /// A decoder at the start of `stub`.
    #[must_use]
    pub fn new(stub: &'a [u8], endian: Endian) -> Self {
        Self { stub, at: 0, endian, depth: 0 }
    }

    /// Offset of the next byte to be read. What stands behind the last parameter (a verification trailer, for one) starts
    /// here or at the next multiple of 4.
    #[must_use]
    pub fn position(&self) -> usize {
        self.at
    }

    /// Number of bytes not yet read.
    #[must_use]
    pub fn left(&self) -> usize {
        self.stub.len().saturating_sub(self.at)
    }

    /// Byte order of the stub.
    #[must_use]
    pub fn endian(&self) -> Endian {
        self.endian
    }

    /// Skips padding up to a multiple of `align` bytes.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Truncated`] when the stub ends before.
    pub fn align(&mut self, align: usize) -> Result<(), DecodeError> {
        let padding = self.at.next_multiple_of(align.max(1)) - self.at;
        self.read_bytes(padding).map(drop)
    }

    /// Reads `len` bytes as they are, unaligned.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Truncated`] when fewer are left.
    pub fn read_bytes(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let rest = self.stub.get(self.at..).unwrap_or_default();
        let Some(bytes) = rest.get(..len) else {
            return Err(DecodeError::Truncated { at: self.at, needed: len, left: rest.len() });
        };
        self.at += len;
        Ok(bytes)
    }

    /// Reads an array of `N` bytes as they are, unaligned.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Truncated`] when fewer are left.
    pub fn read_array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let bytes = self.read_bytes(N)?;
        let mut array = [0; N];
        array.copy_from_slice(bytes);
        Ok(array)
    }

    /// Reads a 16-bit number, aligned.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Truncated`] when the stub ends before.
    pub fn read_u16(&mut self) -> Result<u16, DecodeError> {
        self.align(2)?;
        let bytes = self.read_array()?;
        Ok(match self.endian {
            Endian::Little => u16::from_le_bytes(bytes),
            Endian::Big => u16::from_be_bytes(bytes),
        })
    }

    /// Reads a 32-bit number, aligned.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Truncated`] when the stub ends before.
    pub fn read_u32(&mut self) -> Result<u32, DecodeError> {
        self.align(4)?;
        let bytes = self.read_array()?;
        Ok(match self.endian {
            Endian::Little => u32::from_le_bytes(bytes),
            Endian::Big => u32::from_be_bytes(bytes),
        })
    }

    /// Reads a 64-bit number, aligned.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Truncated`] when the stub ends before.
    pub fn read_u64(&mut self) -> Result<u64, DecodeError> {
        self.align(8)?;
        let bytes = self.read_array()?;
        Ok(match self.endian {
            Endian::Little => u64::from_le_bytes(bytes),
            Endian::Big => u64::from_be_bytes(bytes),
        })
    }

    /// Reads the referent id of a unique pointer: whether it is not null.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Truncated`] when the stub ends before.
    pub fn read_referent(&mut self) -> Result<bool, DecodeError> {
        Ok(self.read_u32()? != 0)
    }

    /// Turns the announced number of elements of at least `min_len` bytes each into a length that is safe to allocate.
    ///
    /// # Errors
    ///
    /// [`DecodeError::CountTooLarge`] when the rest of the stub cannot hold that many.
    pub fn bounded_count(&self, count: u32, min_len: usize) -> Result<usize, DecodeError> {
        let too_large = DecodeError::CountTooLarge { at: self.at, count, left: self.left() };
        let Ok(len) = usize::try_from(count) else {
            return Err(too_large);
        };
        match len.checked_mul(min_len.max(1)) {
            Some(bytes) if bytes <= self.left() => Ok(len),
            _ => Err(too_large),
        }
    }

    /// Compares a count parameter with the length of the array that it counts.
    ///
    /// # Errors
    ///
    /// [`DecodeError::CountMismatch`] when they differ.
    pub fn check_count(&self, count: u32, actual: usize) -> Result<(), DecodeError> {
        if usize::try_from(count) == Ok(actual) {
            return Ok(());
        }
        Err(DecodeError::CountMismatch { at: self.at, count, actual })
    }

    /// Runs `read` one pointer deeper.
    pub(crate) fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        if self.depth == MAX_DEPTH {
            return Err(DecodeError::TooDeep { at: self.at });
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }
}
