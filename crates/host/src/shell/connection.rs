//! Connections of the service: a thread that reads and a thread that writes for each.
//!
//! Whoever has something to say writes it himself, as far as the socket takes it at once; the writing thread has only
//! what is left, so that an answer does not wait until it is awake.

use std::io::{self, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use mainstay_ipc::FrameReader;
use mainstay_ipc::frame::encode_frame;
use mainstay_ipc::host::{FromHost, ToHost};
use rustix::io::Errno;
use rustix::net::{SendFlags, send};
use tracing::warn;

use super::{Input, Shell};

/// The most connections at once: the service's, and one that takes its place.
const CONNECTIONS_MAX: usize = 8;

/// How many messages may wait for a service that does not read. A full one loses its connection, and with the next
/// one gets every kept report again.
const QUEUED_MAX: usize = 8192;

/// How many may wait when a report that is not kept is dropped instead.
const QUEUED_CHATTER_MAX: usize = 1024;

/// Takes connections until the process ends.
pub(super) fn start_listener(listener: UnixListener, shell: Arc<Shell>) -> io::Result<()> {
    thread::Builder::new().name("listener".into()).spawn(move || {
        let open = Arc::new(AtomicUsize::new(0));
        let mut number = 0;
        loop {
            let stream = match listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) => {
                    warn!("cannot accept a connection: {error}");
                    // Out of descriptors or memory: trying again at once would only burn time.
                    thread::sleep(Duration::from_millis(100));
                    continue;
                }
            };
            if open.fetch_add(1, Ordering::AcqRel) >= CONNECTIONS_MAX {
                open.fetch_sub(1, Ordering::AcqRel);
                warn!("there are {CONNECTIONS_MAX} connections already; one more was turned away");
                continue;
            }
            number += 1;
            if let Err(error) = start(number, stream, Arc::clone(&shell), open.clone()) {
                open.fetch_sub(1, Ordering::AcqRel);
                warn!("cannot serve a connection: {error}");
            }
        }
    })?;
    Ok(())
}

fn start(number: u64, stream: UnixStream, shell: Arc<Shell>, open: Arc<AtomicUsize>) -> io::Result<()> {
    let (frames, queued_frames) = sync_channel(QUEUED_MAX);
    let queued = Arc::new(AtomicUsize::new(0));
    let (finished, is_finished) = sync_channel(0);
    let writing = stream.try_clone()?;
    let counted = queued.clone();
    thread::Builder::new()
        .name(format!("writer {number}"))
        .spawn(move || write_all(writing, &queued_frames, &counted, &finished))?;
    let outgoing = Outgoing { frames, queued, stream: stream.try_clone()?, is_finished };
    thread::Builder::new().name(format!("reader {number}")).spawn(move || {
        shell.feed(Input::Connected(number, outgoing));
        read_all(number, stream, &shell);
        shell.feed(Input::Disconnected(number));
        open.fetch_sub(1, Ordering::AcqRel);
    })?;
    Ok(())
}

fn read_all(number: u64, mut stream: UnixStream, shell: &Shell) {
    let mut reader = FrameReader::default();
    loop {
        match reader.read_from::<ToHost>(&mut stream) {
            Ok(Some(message)) => shell.feed(Input::Message(number, message)),
            Ok(None) => return,
            Err(error) => {
                warn!("connection {number}: {error}");
                return;
            }
        }
    }
}

fn write_all(
    mut stream: UnixStream,
    frames: &Receiver<Vec<u8>>,
    queued: &AtomicUsize,
    finished: &SyncSender<()>,
) {
    while let Ok(frame) = frames.recv() {
        if stream.write_all(&frame).is_err() {
            break;
        }
        // Only now: while it is counted, nobody else writes.
        queued.fetch_sub(1, Ordering::AcqRel);
    }
    let _ = stream.shutdown(Shutdown::Both);
    let _ = finished.try_send(());
}

/// The way to one service. Dropping it ends the connection when everything queued is written.
pub(super) struct Outgoing {
    frames: SyncSender<Vec<u8>>,
    queued: Arc<AtomicUsize>,
    stream: UnixStream,
    is_finished: Receiver<()>,
}

impl Outgoing {
    /// Sends a message without waiting. `false`: too much waits already, or the connection is gone.
    pub(super) fn send(&self, message: &FromHost) -> bool {
        let is_chatter = matches!(message, FromHost::Report(report) if report.sequence == 0);
        if is_chatter && self.queued.load(Ordering::Acquire) >= QUEUED_CHATTER_MAX {
            return true;
        }
        let frame = match encode_frame(message) {
            Ok(frame) => frame,
            Err(error) => {
                warn!("{error}");
                return false;
            }
        };
        let sent = self.send_frame(frame);
        if !sent {
            let _ = self.stream.shutdown(Shutdown::Both);
        }
        sent
    }

    fn send_frame(&self, mut frame: Vec<u8>) -> bool {
        if self.queued.load(Ordering::Acquire) == 0 {
            match send(&self.stream, &frame, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
                Ok(written) if written == frame.len() => return true,
                Ok(written) => drop(frame.drain(..written)),
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(_) => return false,
            }
        }
        self.queued.fetch_add(1, Ordering::AcqRel);
        let sent = self.frames.try_send(frame).is_ok();
        if !sent {
            self.queued.fetch_sub(1, Ordering::AcqRel);
        }
        sent
    }

    /// Ends the connection: nothing more is read; what is queued is still written.
    pub(super) fn close(self) {
        let _ = self.stream.shutdown(Shutdown::Read);
    }

    /// Ends the connection and waits until everything queued is written, at most so long.
    pub(super) fn finish(self, timeout: Duration) {
        drop(self.frames);
        let _ = self.is_finished.recv_timeout(timeout);
    }
}
