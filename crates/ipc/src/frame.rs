//! Frames: four bytes of length, little-endian, then one message.

use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The longest message, in bytes. An order with the largest buffer and the largest registry copy fits twice.
pub const FRAME_LENGTH_MAX: usize = 4 * 1024 * 1024;

/// Why a frame could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The connection is gone.
    #[error("the connection was lost")]
    Lost(#[from] io::Error),
    /// The peer announced or we tried to send more than a frame may hold.
    #[error("a message of {0} bytes is longer than the {FRAME_LENGTH_MAX} that a frame may hold")]
    TooLong(usize),
    /// The bytes are no message.
    #[error("the peer sent what is not a message: {0}")]
    NotAMessage(String),
}

/// Encodes one message as a frame.
pub fn encode_frame<T: Serialize>(message: &T) -> Result<Vec<u8>, FrameError> {
    let mut bytes = vec![0; 4];
    rmp_serde::encode::write_named(&mut bytes, message)
        .map_err(|error| FrameError::NotAMessage(error.to_string()))?;
    let length = bytes.len() - 4;
    if length > FRAME_LENGTH_MAX {
        return Err(FrameError::TooLong(length));
    }
    // Checked against the maximum above, which fits.
    bytes[..4].copy_from_slice(&(length as u32).to_le_bytes());
    Ok(bytes)
}

/// Writes one message as a frame, in one write.
pub fn write_frame<T: Serialize>(to: &mut impl Write, message: &T) -> Result<(), FrameError> {
    to.write_all(&encode_frame(message)?)?;
    Ok(())
}

/// Collects bytes until messages are whole. Sans-I/O: feed it with [`FrameReader::push`], or use
/// [`FrameReader::read_from`] on a blocking stream.
#[derive(Debug, Default)]
pub struct FrameReader {
    bytes: Vec<u8>,
    start: usize,
}

impl FrameReader {
    /// Takes bytes as they came.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 && self.start == self.bytes.len() {
            self.bytes.clear();
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole message, or `None` until more bytes come.
    pub fn next_message<T: DeserializeOwned>(&mut self) -> Result<Option<T>, FrameError> {
        let rest = &self.bytes[self.start..];
        let Some((head, body)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_le_bytes(*head) as usize;
        if length > FRAME_LENGTH_MAX {
            return Err(FrameError::TooLong(length));
        }
        let Some(body) = body.get(..length) else { return Ok(None) };
        let message =
            rmp_serde::from_slice(body).map_err(|error| FrameError::NotAMessage(error.to_string()))?;
        self.start += 4 + length;
        if self.start >= 64 * 1024 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        Ok(Some(message))
    }

    /// Reads from a blocking stream until one message is whole. `Ok(None)` is a clean end between messages.
    pub fn read_from<T: DeserializeOwned>(&mut self, from: &mut impl Read) -> Result<Option<T>, FrameError> {
        let mut chunk = [0; 16 * 1024];
        loop {
            if let Some(message) = self.next_message()? {
                return Ok(Some(message));
            }
            match from.read(&mut chunk) {
                Ok(0) if self.start == self.bytes.len() => return Ok(None),
                Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                Ok(length) => self.push(&chunk[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_any_cut_of_the_stream() {
        let messages = ["one".to_string(), String::new(), "x".repeat(70_000), "last".to_string()];
        let bytes: Vec<u8> = messages.iter().flat_map(|message| encode_frame(message).unwrap()).collect();
        for size in [1, 3, 4, 5, 1000, bytes.len()] {
            let mut reader = FrameReader::default();
            let mut read = Vec::new();
            for chunk in bytes.chunks(size) {
                reader.push(chunk);
                while let Some(message) = reader.next_message::<String>().unwrap() {
                    read.push(message);
                }
            }
            assert_eq!(read, messages, "chunks of {size}");
        }
    }

    #[test]
    fn a_length_beyond_the_bound_is_an_error_before_anything_is_allocated() {
        let mut reader = FrameReader::default();
        reader.push(&u32::MAX.to_le_bytes());
        assert!(matches!(reader.next_message::<String>(), Err(FrameError::TooLong(_))));
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        let mut reader = FrameReader::default();
        reader.push(&[1, 0, 0, 0, 0xC1]);
        assert!(matches!(reader.next_message::<String>(), Err(FrameError::NotAMessage(_))));
    }

    #[test]
    fn an_end_in_the_middle_of_a_message_is_an_error() {
        let bytes = encode_frame(&"message".to_string()).unwrap();
        let mut reader = FrameReader::default();
        let cut = reader.read_from::<String>(&mut &bytes[..bytes.len() - 1]);
        assert!(matches!(cut, Err(FrameError::Lost(_))));
        assert!(matches!(FrameReader::default().read_from::<String>(&mut io::empty()), Ok(None)));
    }
}
