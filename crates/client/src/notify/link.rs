//! A connection on which one call waits for events while others come and go.
//!
//! Like the blocking client of the RPC room it is a guest: close-on-exec, no SIGPIPE, no signal handler. It stops at
//! once when its port is closed.

use std::collections::VecDeque;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mainstay_rpc::association::ProtocolError;
use mainstay_rpc::association::client::{CannotCall, ClientAssociation, Event as RpcEvent};
use mainstay_rpc::client::NotSent;
use mainstay_rpc::{CallError as RpcError, ConnectError, ConnectOptions, FaultStatus};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, connect, recv, send,
    socket_with,
};

use super::signal::Signal;
use crate::transport::{INTERFACE, Link};

/// Bytes received at a time, on the stack.
const RECEIVE_BYTES: usize = 8 * 1024;

/// How long an answer to a short call may take. Opening and watching wait for nothing in the service.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct PortLink {
    stream: UnixStream,
    association: ClientAssociation,
    /// The call that waits for events.
    waiting: Option<u32>,
    /// What such calls have answered, until it is taken.
    answers: VecDeque<Result<Vec<u8>, FaultStatus>>,
    /// Raised when the port is closed.
    stop: Arc<Signal>,
}

/// Why the connection is over.
#[derive(Debug, thiserror::Error)]
pub(super) enum Over {
    #[error("the connection was lost")]
    Socket(#[from] io::Error),
    #[error("the server broke the protocol")]
    Protocol(#[from] ProtocolError),
    #[error("the server did not answer in time")]
    TimedOut,
    #[error("the port was closed")]
    Stopped,
}

impl From<Errno> for Over {
    fn from(error: Errno) -> Self {
        Self::Socket(error.into())
    }
}

impl PortLink {
    pub(super) fn open(
        path: &Path,
        options: &ConnectOptions,
        stop: Arc<Signal>,
    ) -> Result<Self, ConnectError> {
        let stream = connect_within(path, options.connect_within).map_err(ConnectError::Socket)?;
        let association = ClientAssociation::new(options.limits);
        let mut link = Self { stream, association, waiting: None, answers: VecDeque::new(), stop };
        link.bind(options.connect_within).map_err(|over| match over {
            Over::Socket(error) => ConnectError::Closed(error),
            Over::Protocol(ProtocolError::BindRefused(reason)) => ConnectError::Refused(reason),
            Over::Protocol(ProtocolError::ContextRejected { result, reason }) => {
                ConnectError::Rejected { result, reason }
            }
            Over::Protocol(error) => ConnectError::Protocol(error),
            Over::TimedOut => ConnectError::TimedOut(options.connect_within),
            Over::Stopped => ConnectError::Closed(io::ErrorKind::Interrupted.into()),
        })?;
        Ok(link)
    }

    fn bind(&mut self, within: Duration) -> Result<(), Over> {
        let deadline = Instant::now() + within;
        self.association.bind(INTERFACE);
        self.send_all(deadline)?;
        loop {
            match self.association.poll() {
                Some(RpcEvent::Bound) => return Ok(()),
                Some(RpcEvent::Closed(error)) => return Err(error.into()),
                Some(_) => {}
                None => {
                    self.wait(PollFlags::IN, deadline)?;
                    self.receive()?;
                }
            }
        }
    }

    /// Begins the call that waits for events, unless one is waiting already.
    pub(super) fn begin_wait(&mut self, opnum: u16, stub: &[u8]) -> Result<(), Over> {
        if self.waiting.is_none() {
            let call_id = self.association.call(opnum, stub).map_err(io::Error::other)?;
            self.waiting = Some(call_id);
            self.send_all(Instant::now() + ANSWER_WITHIN)?;
        }
        Ok(())
    }

    /// What a call that waited for events has answered.
    pub(super) fn take_answer(&mut self) -> Option<Result<Vec<u8>, FaultStatus>> {
        self.answers.pop_front()
    }

    /// Takes in what is there and sorts it. Called when the stream is readable.
    pub(super) fn handle_readable(&mut self) -> Result<(), Over> {
        self.receive()?;
        self.handle_received()
    }

    /// Sorts what was taken in with something else, as with the answer to a short call. The stream does not become readable
    /// for it again. Answers whether there is an answer to take.
    pub(super) fn has_answer(&mut self) -> Result<bool, Over> {
        self.handle_received()?;
        Ok(!self.answers.is_empty())
    }

    fn handle_received(&mut self) -> Result<(), Over> {
        while let Some(event) = self.association.poll() {
            self.sort(event)?;
        }
        Ok(())
    }

    /// Keeps what answers the waiting call; gives back what does not.
    fn sort(&mut self, event: RpcEvent) -> Result<Option<RpcEvent>, Over> {
        let (call_id, answer) = match event {
            RpcEvent::Response { call_id, stub } if self.waiting == Some(call_id) => (call_id, Ok(stub)),
            RpcEvent::Fault { call_id, status, .. } if self.waiting == Some(call_id) => {
                (call_id, Err(status))
            }
            RpcEvent::Closed(error) => return Err(error.into()),
            other => return Ok(Some(other)),
        };
        debug_assert_eq!(self.waiting, Some(call_id));
        self.waiting = None;
        self.answers.push_back(answer);
        Ok(None)
    }

    fn call_and_wait(&mut self, call_id: u32, deadline: Instant) -> Result<Result<Vec<u8>, RpcError>, Over> {
        self.send_all(deadline)?;
        loop {
            while let Some(event) = self.association.poll() {
                match self.sort(event)? {
                    Some(RpcEvent::Response { call_id: of, stub }) if of == call_id => return Ok(Ok(stub)),
                    Some(RpcEvent::Fault { call_id: of, status, may_have_run }) if of == call_id => {
                        return Ok(Err(RpcError::Fault { status, may_have_run }));
                    }
                    _ => {}
                }
            }
            self.wait(PollFlags::IN, deadline)?;
            self.receive()?;
        }
    }

    fn send_all(&mut self, deadline: Instant) -> Result<(), Over> {
        while !self.association.output().is_empty() {
            let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
            match send(&self.stream, self.association.output(), flags) {
                Ok(sent) => self.association.consume_output(sent),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    // What comes in is taken, so that the server is not waiting for us to read.
                    self.wait(PollFlags::IN | PollFlags::OUT, deadline)?;
                    self.receive()?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn receive(&mut self) -> Result<(), Over> {
        let mut buffer = [0; RECEIVE_BYTES];
        match recv(&self.stream, &mut buffer, RecvFlags::DONTWAIT) {
            Ok((0, _)) => Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            Ok((count, _)) => {
                self.association.handle_input(&buffer[..count]);
                Ok(())
            }
            Err(Errno::INTR | Errno::AGAIN) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until the stream is ready, the port is closed, or the time is over.
    fn wait(&self, interest: PollFlags, deadline: Instant) -> Result<(), Over> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Over::TimedOut);
            }
            let timeout = Timespec::try_from(left).map_err(io::Error::other)?;
            let mut fds = [PollFd::new(&self.stream, interest), PollFd::new(&*self.stop, PollFlags::IN)];
            match poll(&mut fds, Some(&timeout)) {
                Ok(0) | Err(Errno::INTR) => {}
                Ok(_) if !fds[1].revents().is_empty() => return Err(Over::Stopped),
                Ok(_) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    pub(super) fn stream(&self) -> impl AsFd {
        &self.stream
    }
}

impl Link for PortLink {
    fn call(&mut self, opnum: u16, stub: &[u8], by: Option<Instant>) -> Result<Vec<u8>, RpcError> {
        let call_id = self.association.call(opnum, stub).map_err(|error| {
            RpcError::NotSent(match error {
                CannotCall::NotBound => NotSent::Closed(io::ErrorKind::NotConnected.into()),
                other => NotSent::Association(other),
            })
        })?;
        let deadline = Instant::now() + ANSWER_WITHIN;
        let deadline = by.map_or(deadline, |by| by.min(deadline));
        self.call_and_wait(call_id, deadline).unwrap_or_else(|over| {
            self.association.close();
            Err(match over {
                Over::Protocol(error) => RpcError::Protocol(error),
                Over::Socket(error) => RpcError::Lost(error),
                over @ (Over::TimedOut | Over::Stopped) => RpcError::Lost(io::Error::other(over)),
            })
        })
    }

    fn is_usable(&self) -> bool {
        self.association.is_bound()
    }
}

fn connect_within(path: &Path, within: Duration) -> io::Result<UnixStream> {
    let address = SocketAddrUnix::new(path)?;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    set_socket_timeout(&socket, Timeout::Send, Some(within))?;
    loop {
        match connect(&socket, &address) {
            Ok(()) => return Ok(UnixStream::from(socket)),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Err(io::ErrorKind::TimedOut.into()),
            Err(error) => return Err(error.into()),
        }
    }
}
