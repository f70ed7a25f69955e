//! One connection of the service: bytes in, bytes out, never waiting.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use mainstay_ipc::guard::{Reply, Request};
use mainstay_ipc::{FrameError, FrameReader, frame::encode_frame};
use rustix::event::PollFlags;
use tracing::warn;

/// How many bytes of answers may wait for a peer that does not read. Beyond that it is gone for us; the longest
/// answer, a list of every leaf, fits.
const QUEUE_LENGTH_MAX: usize = 16 * 1024 * 1024;

/// How much is read in one turn, so that one busy peer does not keep the loop from the others.
const READ_LENGTH_MAX: usize = 256 * 1024;

pub(super) struct Connection {
    stream: UnixStream,
    reader: FrameReader,
    queue: Vec<u8>,
    closing: bool,
}

/// What came in.
pub(super) struct Progress {
    pub(super) requests: Vec<Request>,
    /// Whether the peer is still there.
    pub(super) open: bool,
}

impl Connection {
    pub(super) fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Connection { stream, reader: FrameReader::default(), queue: Vec::new(), closing: false })
    }

    pub(super) fn interest(&self) -> PollFlags {
        if self.queue.is_empty() { PollFlags::IN } else { PollFlags::IN | PollFlags::OUT }
    }

    pub(super) fn is_flushed(&self) -> bool {
        self.queue.is_empty()
    }

    pub(super) fn receive(&mut self) -> Result<Progress, FrameError> {
        let mut requests = Vec::new();
        let mut chunk = [0; 16 * 1024];
        let mut taken = 0;
        while taken < READ_LENGTH_MAX && !self.closing {
            match self.stream.read(&mut chunk) {
                Ok(0) => return Ok(Progress { requests, open: false }),
                Ok(length) => {
                    taken += length;
                    self.reader.push(&chunk[..length]);
                    while let Some(request) = self.reader.next_message()? {
                        requests.push(request);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Progress { requests, open: true })
    }

    pub(super) fn queue(&mut self, reply: &Reply, and_close: bool) {
        match encode_frame(reply) {
            Ok(frame) if self.queue.len() + frame.len() <= QUEUE_LENGTH_MAX => self.queue.extend(frame),
            Ok(_) => {
                warn!("a peer does not read its answers; it is dropped");
                self.queue.clear();
                self.closing = true;
            }
            Err(error) => {
                warn!("{error}");
                self.closing = true;
            }
        }
        self.closing |= and_close;
    }

    /// Writes what goes without waiting. `false`: the connection is over.
    pub(super) fn flush(&mut self) -> bool {
        while !self.queue.is_empty() {
            match self.stream.write(&self.queue) {
                Ok(length) => drop(self.queue.drain(..length)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
        !self.closing
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}
