//! One connection's task.
//!
//! ```text
//!   wait for: bytes to read (unless too much waits to be sent)
//!             room to write (while something waits to be sent)
//!             someone's nudge (an answer that did not fit, the server's stop)
//!             the deadline (for the bind; for any progress in sending)
//!     ├─ bytes ─▶ deliver all calls that are complete, send what was answered on the way ─▶ wait
//!     └─ protocol error, end of stream, deadline, nudge with a reason ─▶ send the rest ─▶ over
//! ```

use std::fmt;
use std::future::poll_fn;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::time::{Instant, Sleep, sleep_until};
use tracing::debug;

use super::link::{Broken, Link};
use super::{Interface, Reply, ServerLimits};
use crate::PeerCredentials;
use crate::association::ProtocolError;
use crate::association::server::{Event, ServerAssociation, ServerConfig};

/// Bytes read at a time, on the stack: a whole fragment and some.
const READ_BYTES: usize = 16 * 1024;

/// A connection and what its task knows of it.
pub(super) struct Connection<I: Interface> {
    /// Dropped last but one: says goodbye to the interface however the task ends.
    session: Session<I>,
    reader: OwnedReadHalf,
    limits: ServerLimits,
    deadline: Pin<Box<Sleep>>,
    /// Whether the deadline is for sending, and not for the bind.
    stalled: bool,
    bound: bool,
    /// Whether calls were left in the association because too much waited to be sent.
    paused: bool,
    /// Set when nothing more is read: what was left is sent, then the connection ends.
    ending: Option<End>,
}

/// The interface's side of a connection; its drop is the one place where `disconnected` is called.
struct Session<I: Interface> {
    interface: Arc<I>,
    link: Arc<Link>,
    /// `None` if the interface refused the peer.
    connection: Option<Arc<I::Connection>>,
}

/// Why a connection ends.
#[derive(Debug)]
enum End {
    Closed,
    Protocol(ProtocolError),
    NotBound,
    NothingRead,
    Broken(Broken),
}

/// What there is to do.
enum Wake {
    Deliver,
    End(End),
}

impl<I: Interface> Connection<I> {
    /// Asks the interface whether it lets the peer in. A refused peer still gets as far as its bind, to be told.
    pub(super) fn new(
        interface: Arc<I>,
        stream: UnixStream,
        peer: &PeerCredentials,
        config: Arc<ServerConfig>,
        group_id: u32,
        limits: ServerLimits,
    ) -> (Self, Arc<Link>) {
        let mut association = ServerAssociation::new(config, group_id);
        let connection = match interface.connected(peer) {
            Ok(connection) => Some(Arc::new(connection)),
            Err(refusal) => {
                association.refuse_bind(refusal.reason());
                None
            }
        };
        let (reader, writer) = stream.into_split();
        let link = Link::new(association, writer, limits.output_max_bytes);
        let session = Session { interface, link: Arc::clone(&link), connection };
        let deadline = Box::pin(sleep_until(Instant::now() + limits.bind_within));
        let connection = Self {
            session,
            reader,
            limits,
            deadline,
            stalled: false,
            bound: false,
            paused: false,
            ending: None,
        };
        (connection, link)
    }

    /// Serves the connection to its end.
    pub(super) async fn run(mut self) {
        loop {
            match poll_fn(|context| self.poll_wake(context)).await {
                Wake::Deliver => self.deliver(),
                Wake::End(end) => {
                    debug!(reason = %end, "connection over");
                    return;
                }
            }
        }
    }

    /// Waits for the next thing to do, sending meanwhile.
    fn poll_wake(&mut self, context: &mut Context<'_>) -> Poll<Wake> {
        let waiting_bytes = match self.poll_send(context) {
            Ok(waiting_bytes) => waiting_bytes,
            Err(broken) => return Poll::Ready(Wake::End(End::Broken(broken))),
        };
        if waiting_bytes == 0
            && let Some(end) = self.ending.take()
        {
            return Poll::Ready(Wake::End(end));
        }
        if self.ending.is_none() && waiting_bytes <= self.limits.output_pause_bytes {
            if std::mem::take(&mut self.paused) {
                return Poll::Ready(Wake::Deliver);
            }
            if let Poll::Ready(wake) = self.poll_receive(context) {
                return Poll::Ready(wake);
            }
        }
        self.poll_deadline(context, waiting_bytes > 0).map(Wake::End)
    }

    /// Sends as much as the socket takes: what is left after that, in bytes.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Result<usize, Broken> {
        let mut state = self.session.link.lock();
        state.set_waker(context.waker());
        loop {
            match state.broken.take() {
                // What is on its way is still sent when the server stops.
                Some(Broken::Stopped) => {
                    self.ending.get_or_insert(End::Broken(Broken::Stopped));
                }
                Some(broken) => return Err(broken),
                None => {}
            }
            let waiting_bytes = state.association.output().len();
            if waiting_bytes == 0 {
                self.stalled = false;
                return Ok(0);
            }
            match self.reader.as_ref().poll_write_ready(context) {
                Poll::Pending => return Ok(waiting_bytes),
                Poll::Ready(Err(error)) => return Err(Broken::Socket(error)),
                Poll::Ready(Ok(())) => {
                    if state.flush() {
                        self.stalled = false;
                    }
                }
            }
        }
    }

    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Wake> {
        let mut bytes = [MaybeUninit::uninit(); READ_BYTES];
        let mut buffer = ReadBuf::uninit(&mut bytes);
        let wake = match ready!(Pin::new(&mut self.reader).poll_read(context, &mut buffer)) {
            Err(error) => Wake::End(End::Broken(Broken::Socket(error))),
            Ok(()) if buffer.filled().is_empty() => Wake::End(End::Closed),
            Ok(()) => {
                self.session.link.lock().association.handle_input(buffer.filled());
                Wake::Deliver
            }
        };
        Poll::Ready(wake)
    }

    /// Watches the one deadline that applies now: for sending while something waits, else for the bind.
    fn poll_deadline(&mut self, context: &mut Context<'_>, sending: bool) -> Poll<End> {
        if sending && !self.stalled {
            self.stalled = true;
            self.deadline.as_mut().reset(Instant::now() + self.limits.write_stall_max);
        }
        if !sending && self.bound {
            return Poll::Pending;
        }
        ready!(self.deadline.as_mut().poll(context));
        Poll::Ready(if sending { End::NothingRead } else { End::NotBound })
    }

    /// Hands every complete call to the interface, and sends what is answered on the way.
    fn deliver(&mut self) {
        self.session.link.lock().cork();
        while let Some(event) = self.next_event() {
            match event {
                Event::Call(call) => {
                    let reply = Reply::new(&self.session.link, call.call_id);
                    if let Some(connection) = &self.session.connection {
                        self.session.interface.call(connection, call, reply);
                    }
                }
                Event::Cancelled { call_id } => {
                    if let Some(connection) = &self.session.connection {
                        self.session.interface.cancelled(connection, call_id);
                    }
                }
                Event::Closed(error) => self.ending = Some(End::Protocol(error)),
            }
        }
        let mut state = self.session.link.lock();
        state.uncork();
        self.bound = self.bound || state.association.is_bound();
    }

    /// The next event, unless the client has to read first.
    fn next_event(&mut self) -> Option<Event> {
        let mut state = self.session.link.lock();
        if state.association.output().len() > self.limits.output_pause_bytes {
            state.flush();
            if state.association.output().len() > self.limits.output_pause_bytes {
                self.paused = true;
                return None;
            }
        }
        state.association.poll()
    }
}

impl<I: Interface> Drop for Session<I> {
    fn drop(&mut self) {
        self.link.close();
        if let Some(connection) = &self.connection {
            self.interface.disconnected(connection);
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the client closed it"),
            Self::Protocol(error) => error.fmt(f),
            Self::NotBound => f.write_str("the client did not bind in time"),
            Self::NothingRead => f.write_str("the client does not read its answers"),
            Self::Broken(broken) => broken.fmt(f),
        }
    }
}
