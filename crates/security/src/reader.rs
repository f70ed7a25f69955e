//! What is left of the bytes, and where that is.

use crate::error::{ParseError, ParseFault};

/// Takes bytes off the front; nothing is taken that is not there.
#[derive(Clone)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    end: usize,
}

impl<'a> Reader<'a> {
    /// Reads `bytes`, which begin at `offset` of the whole.
    pub(crate) fn new(bytes: &'a [u8], offset: usize) -> Self {
        Reader { rest: bytes, end: offset + bytes.len() }
    }

    pub(crate) fn offset(&self) -> usize {
        self.end - self.rest.len()
    }

    pub(crate) fn take(&mut self, needed: usize, what: &'static str) -> Result<&'a [u8], ParseError> {
        let left = self.rest.len();
        let Some((taken, rest)) = self.rest.split_at_checked(needed) else {
            return Err(self.fault(ParseFault::Truncated { what, needed, left }));
        };
        self.rest = rest;
        Ok(taken)
    }

    /// The next `length` bytes as a reader of their own.
    pub(crate) fn part(&mut self, length: usize, what: &'static str) -> Result<Reader<'a>, ParseError> {
        let offset = self.offset();
        Ok(Reader::new(self.take(length, what)?, offset))
    }

    pub(crate) fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], ParseError> {
        let fault = self.fault(ParseFault::Truncated { what, needed: N, left: self.rest.len() });
        self.take(N, what)?.try_into().map_err(|_| fault)
    }

    pub(crate) fn u8(&mut self, what: &'static str) -> Result<u8, ParseError> {
        Ok(self.array::<1>(what)?[0])
    }

    pub(crate) fn u16(&mut self, what: &'static str) -> Result<u16, ParseError> {
        Ok(u16::from_le_bytes(self.array(what)?))
    }

    pub(crate) fn u32(&mut self, what: &'static str) -> Result<u32, ParseError> {
        Ok(u32::from_le_bytes(self.array(what)?))
    }

    pub(crate) fn fault(&self, fault: ParseFault) -> ParseError {
        ParseError { offset: self.offset(), fault }
    }
}
