//! A framed connection to a host or to the guard, with the shortest way out: who sends writes at once, as far as the
//! socket takes it; only the rest is left to the connection's task.

use std::io;
use std::path::Path;

use mainstay_ipc::frame::encode_frame;
use mainstay_ipc::{FrameError, FrameReader};
use mainstay_process::process::Process;
use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use tokio::sync::Notify;

/// How much may wait for a peer that does not read. All orders to a thousand resources at once fit many times; a peer
/// that lets this much pile up has stopped.
const WAITING_BYTES_MAX: usize = 64 * 1024 * 1024;

/// One connection. Shared by those who send and the one task that reads.
pub(crate) struct Link {
    stream: UnixStream,
    waiting: Mutex<Waiting>,
    more_to_write: Notify,
}

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    closed: bool,
}

impl Link {
    /// Connects to a socket in the run directory.
    pub(crate) async fn connect(path: &Path) -> io::Result<Self> {
        let stream = UnixStream::connect(path).await?;
        Ok(Link { stream, waiting: Mutex::default(), more_to_write: Notify::new() })
    }

    /// The process that listens at the other end.
    pub(crate) fn peer_process(&self) -> Option<Process> {
        let pid = self.stream.peer_cred().ok()?.pid()?;
        Process::open(pid).ok()
    }

    /// Sends a message. When the connection is gone or goes by this, the reading task ends and tells. Answers `false`
    /// when the peer surely has not got it; `true` does not say that it has.
    pub(crate) fn send<T: Serialize>(&self, message: &T) -> bool {
        match encode_frame(message) {
            Ok(frame) => self.send_frame(&frame),
            Err(error) => {
                tracing::error!(%error, "a message could not be encoded; the connection is given up");
                self.close();
                false
            }
        }
    }

    fn send_frame(&self, frame: &[u8]) -> bool {
        let mut waiting = self.waiting.lock();
        if waiting.closed {
            return false;
        }
        let mut rest = frame;
        if waiting.bytes.is_empty() {
            match self.stream.try_write(rest) {
                Ok(written) => rest = &rest[written..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // It shows itself to the reading task as well.
                Err(_) => return false,
            }
        }
        if rest.is_empty() {
            return true;
        }
        waiting.bytes.extend_from_slice(rest);
        waiting.closed = waiting.bytes.len() > WAITING_BYTES_MAX;
        drop(waiting);
        self.more_to_write.notify_one();
        true
    }

    /// Ends the connection.
    pub(crate) fn close(&self) {
        self.waiting.lock().closed = true;
        self.more_to_write.notify_one();
    }

    /// Reads until the connection ends, and says how. `None` is a clean end.
    pub(crate) async fn read<T: DeserializeOwned>(&self, mut take: impl FnMut(T)) -> Option<FrameError> {
        let mut reader = FrameReader::default();
        let mut chunk = vec![0; 64 * 1024];
        loop {
            if self.waiting.lock().closed {
                return None;
            }
            let writing = !self.waiting.lock().bytes.is_empty();
            tokio::select! {
                ready = self.stream.readable() => {
                    if let Err(error) = ready {
                        return Some(error.into());
                    }
                    match self.stream.try_read(&mut chunk) {
                        Ok(0) => return None,
                        Ok(length) => reader.push(&chunk[..length]),
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                        Err(error) => return Some(error.into()),
                    }
                    loop {
                        match reader.next_message() {
                            Ok(Some(message)) => take(message),
                            Ok(None) => break,
                            Err(error) => return Some(error),
                        }
                    }
                }
                ready = self.stream.writable(), if writing => {
                    if let Err(error) = ready.and_then(|()| self.flush()) {
                        return Some(error.into());
                    }
                }
                () = self.more_to_write.notified() => {}
            }
        }
    }

    fn flush(&self) -> io::Result<()> {
        let mut waiting = self.waiting.lock();
        match self.stream.try_write(&waiting.bytes) {
            Ok(written) => {
                waiting.bytes.drain(..written);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
        }
    }
}
