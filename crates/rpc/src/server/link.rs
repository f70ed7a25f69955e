//! What a connection's task and the replies of its calls share: the association and the socket's sending half.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::task::Waker;
use std::thread::{self, ThreadId};

use parking_lot::{Mutex, MutexGuard};
use tokio::net::unix::OwnedWriteHalf;

use crate::FaultStatus;
use crate::association::server::{ServerAssociation, UnknownCall};

/// One connection, as seen by everyone who may answer a call of it.
#[derive(Debug)]
pub(super) struct Link {
    state: Mutex<LinkState>,
}

/// The state behind the lock. The lock is held for the time of a copy and a non-blocking write, never longer.
#[derive(Debug)]
pub(super) struct LinkState {
    pub(super) association: ServerAssociation,
    /// The sending half; `None` once the connection is over, so that a late reply does not keep the socket open.
    writer: Option<OwnedWriteHalf>,
    /// The thread that is delivering calls and will send the answers that it is given on the way together.
    corked_by: Option<ThreadId>,
    /// Wakes the connection's task.
    waker: Option<Waker>,
    /// Why the connection has to end, if someone other than its task found out.
    pub(super) broken: Option<Broken>,
    output_max_bytes: usize,
}

/// Why a connection is cut off.
#[derive(Debug)]
pub(super) enum Broken {
    /// The server is being stopped.
    Stopped,
    /// More waits for the client than may.
    TooMuchOutput,
    /// The socket failed.
    Socket(io::Error),
}

impl Broken {
    /// Whether nothing more can be sent.
    fn is_final(&self) -> bool {
        !matches!(self, Self::Stopped)
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("the server was stopped"),
            Self::TooMuchOutput => f.write_str("the client leaves too many answers unread"),
            Self::Socket(error) => write!(f, "the socket failed: {error}"),
        }
    }
}

impl Link {
    pub(super) fn new(
        association: ServerAssociation,
        writer: OwnedWriteHalf,
        output_max_bytes: usize,
    ) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(LinkState {
                association,
                writer: Some(writer),
                corked_by: None,
                waker: None,
                broken: None,
                output_max_bytes,
            }),
        })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, LinkState> {
        self.state.lock()
    }

    /// Tells the connection's task that the server is being stopped.
    pub(super) fn stop(&self) {
        let mut state = self.lock();
        state.broken.get_or_insert(Broken::Stopped);
        state.wake_task();
    }

    /// Ends the connection for every reply that is still out.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.writer = None;
        state.waker = None;
        state.association.close();
        state.association.consume_output(usize::MAX);
    }

    /// Lets `write` put an answer into the association, and sends it unless the delivering thread is about to.
    fn answer(&self, write: impl FnOnce(&mut ServerAssociation) -> Result<(), UnknownCall>) {
        let mut state = self.lock();
        if state.writer.is_none() || state.broken.as_ref().is_some_and(Broken::is_final) {
            return;
        }
        // The call is unknown once the protocol has ended the association: nobody is there to tell.
        if write(&mut state.association).is_err() {
            return;
        }
        if state.corked_by != Some(thread::current().id()) {
            state.flush();
            if !state.association.output().is_empty() || state.broken.is_some() {
                state.wake_task();
            }
        }
        if state.association.output().len() > state.output_max_bytes {
            state.broken = Some(Broken::TooMuchOutput);
            state.association.close();
            state.association.consume_output(usize::MAX);
            state.wake_task();
        }
    }
}

impl LinkState {
    /// Marks this thread as the one that delivers calls.
    pub(super) fn cork(&mut self) {
        self.corked_by = Some(thread::current().id());
    }

    /// Ends that, and sends what has gathered.
    pub(super) fn uncork(&mut self) {
        self.corked_by = None;
        self.flush();
    }

    /// Sends as much as the socket takes at once; says whether it took anything.
    pub(super) fn flush(&mut self) -> bool {
        let Some(writer) = &self.writer else { return false };
        let mut progress = false;
        while !self.association.output().is_empty() {
            match writer.try_write(self.association.output()) {
                Ok(0) => break,
                Ok(sent) => {
                    self.association.consume_output(sent);
                    progress = true;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => {
                    self.broken.get_or_insert(Broken::Socket(error));
                    break;
                }
            }
        }
        progress
    }

    /// Remembers how to wake the connection's task.
    pub(super) fn set_waker(&mut self, waker: &Waker) {
        match &mut self.waker {
            Some(known) if known.will_wake(waker) => {}
            known => *known = Some(waker.clone()),
        }
    }

    fn wake_task(&self) {
        if let Some(waker) = &self.waker {
            waker.wake_by_ref();
        }
    }
}

/// The one answer that a call gets, from any thread and at any time.
///
/// Answers of one connection are sent in the order in which they are given. A reply that is dropped answers with the
/// fault [`CALL_FAILED`](FaultStatus::CALL_FAILED), so that no client waits for nothing.
#[must_use = "a reply that is dropped fails its call"]
pub struct Reply {
    link: Option<Arc<Link>>,
    call_id: u32,
}

impl Reply {
    pub(super) fn new(link: &Arc<Link>, call_id: u32) -> Self {
        Self { link: Some(Arc::clone(link)), call_id }
    }

    /// The call that this is the answer to.
    #[must_use]
    pub fn call_id(&self) -> u32 {
        self.call_id
    }

    /// Answers with the call's results, in NDR. Goes nowhere if the connection is over. Results beyond
    /// [`Limits::stub_max_bytes`](crate::Limits) become the fault
    /// [`REMOTE_NO_MEMORY`](FaultStatus::REMOTE_NO_MEMORY).
    pub fn answer(mut self, stub: &[u8]) {
        if let Some(link) = self.link.take() {
            link.answer(|association| association.answer(self.call_id, stub));
        }
    }

    /// Ends the call with a fault.
    pub fn fault(mut self, status: FaultStatus) {
        self.send_fault(status);
    }

    fn send_fault(&mut self, status: FaultStatus) {
        if let Some(link) = self.link.take() {
            link.answer(|association| association.fault(self.call_id, status));
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.send_fault(FaultStatus::CALL_FAILED);
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("call_id", &self.call_id).finish_non_exhaustive()
    }
}
