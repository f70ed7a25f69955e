//! Reading fields that may not be there, and writing a PDU whose length is known at its end.

use uuid::Uuid;

use super::{DecodeError, Flags, HEADER_BYTES, PduType, Verifier};
use crate::SyntaxId;

/// A cursor over a PDU's body; every read says what it was after.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    /// Bytes read so far, for alignment.
    position: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    pub(super) fn left(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn take(&mut self, count: usize, field: &'static str) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or(DecodeError::Truncated {
            field,
            wanted: count,
            left: self.bytes.len(),
        })?;
        self.bytes = rest;
        self.position += count;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], DecodeError> {
        let left = self.bytes.len();
        let truncated = DecodeError::Truncated { field, wanted: N, left };
        self.take(N, field)?.try_into().map_err(|_| truncated)
    }

    pub(super) fn u8(&mut self, field: &'static str) -> Result<u8, DecodeError> {
        self.array(field).map(u8::from_le_bytes)
    }

    pub(super) fn u16(&mut self, field: &'static str) -> Result<u16, DecodeError> {
        self.array(field).map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self, field: &'static str) -> Result<u32, DecodeError> {
        self.array(field).map(u32::from_le_bytes)
    }

    pub(super) fn uuid(&mut self, field: &'static str) -> Result<Uuid, DecodeError> {
        self.array(field).map(Uuid::from_bytes_le)
    }

    pub(super) fn syntax(&mut self, field: &'static str) -> Result<SyntaxId, DecodeError> {
        let uuid = self.uuid(field)?;
        let major = self.u16(field)?;
        let minor = self.u16(field)?;
        Ok(SyntaxId { uuid, major, minor })
    }

    /// Skips to the next multiple of four. The common header is 16 bytes, so the body's own alignment is the PDU's.
    pub(super) fn align4(&mut self, field: &'static str) -> Result<(), DecodeError> {
        self.take(self.position.wrapping_neg() % 4, field).map(drop)
    }

    pub(super) fn rest(&mut self) -> &'a [u8] {
        let rest = std::mem::take(&mut self.bytes);
        self.position += rest.len();
        rest
    }
}

/// Appends one PDU to a buffer and writes its length when it is finished.
pub(super) struct Writer<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
}

/// Where `frag_length` is in the header.
const FRAGMENT_LENGTH_AT: usize = 8;

impl<'a> Writer<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>, pdu_type: PduType, flags: Flags, call_id: u32) -> Self {
        let start = out.len();
        // Version 5.0, the type, the flags, little-endian ASCII IEEE, and two lengths of which the first follows.
        out.extend_from_slice(&[5, 0, pdu_type as u8, flags.0, 0x10, 0, 0, 0, 0, 0, 0, 0]);
        out.extend_from_slice(&call_id.to_le_bytes());
        Self { out, start }
    }

    pub(super) fn u8(&mut self, value: u8) {
        self.out.push(value);
    }

    pub(super) fn u16(&mut self, value: u16) {
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn u32(&mut self, value: u32) {
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    pub(super) fn syntax(&mut self, syntax: &SyntaxId) {
        self.bytes(&syntax.uuid.to_bytes_le());
        self.u16(syntax.major);
        self.u16(syntax.minor);
    }

    pub(super) fn align4(&mut self) {
        let padding = (self.out.len() - self.start).wrapping_neg() % 4;
        self.out.extend_from_slice(&[0; 3][..padding]);
    }

    /// Writes the fragment's length into its header. What this crate builds is far below 64 KiB; a caller's list of
    /// contexts that is longer would be cut in its length only, and the peer would refuse it.
    pub(super) fn finish(self) {
        let length = u16::try_from(self.out.len() - self.start).unwrap_or(u16::MAX);
        debug_assert!(usize::from(length) >= HEADER_BYTES);
        self.out[self.start + FRAGMENT_LENGTH_AT..][..2].copy_from_slice(&length.to_le_bytes());
    }
}

/// Where `auth_length` is in the header.
const AUTH_LENGTH_AT: usize = 10;

/// Puts padding and a verifier behind the PDU that begins at `start` and is finished otherwise.
pub(crate) fn append_verifier(out: &mut Vec<u8>, start: usize, verifier: &Verifier<'_>) {
    out.resize(out.len() + usize::from(verifier.pad_length), 0);
    out.extend_from_slice(&[verifier.auth_type, verifier.auth_level, verifier.pad_length, 0]);
    out.extend_from_slice(&verifier.context_id.to_le_bytes());
    out.extend_from_slice(verifier.value);
    let fragment_length = u16::try_from(out.len() - start).unwrap_or(u16::MAX);
    let auth_length = u16::try_from(verifier.value.len()).unwrap_or(u16::MAX);
    out[start + FRAGMENT_LENGTH_AT..][..2].copy_from_slice(&fragment_length.to_le_bytes());
    out[start + AUTH_LENGTH_AT..][..2].copy_from_slice(&auth_length.to_le_bytes());
}
