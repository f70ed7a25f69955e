//! A client that blocks its caller and nothing else.
//!
//! It is made for a C library: it starts no thread and no runtime, installs no signal handler, raises no SIGPIPE,
//! and its descriptor is closed by exec. It never sends a call twice; who lost a connection decides what to do next.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::PollFlags;

use super::{CallError, ConnectError, ConnectOptions, NotSent, socket};
use crate::SyntaxId;
use crate::association::ProtocolError;
use crate::association::client::{CannotCall, ClientAssociation, Event};

/// Bytes received at a time, on the stack: a whole fragment and some.
const RECEIVE_BYTES: usize = 8 * 1024;

/// One connection to a server, for one thread at a time.
#[derive(Debug)]
pub struct BlockingClient {
    stream: UnixStream,
    association: ClientAssociation,
    options: ConnectOptions,
    /// Answers that came in while another call was being sent.
    events: Vec<Event>,
}

impl BlockingClient {
    /// Connects to the server's socket at `path` and binds `interface`.
    ///
    /// # Errors
    ///
    /// See [`ConnectError`].
    pub fn open(path: &Path, interface: SyntaxId, options: &ConnectOptions) -> Result<Self, ConnectError> {
        let mut client = Self::connect(path, options)?;
        client.bind(interface)?;
        Ok(client)
    }

    /// Connects to the server's socket at `path`.
    ///
    /// # Errors
    ///
    /// [`ConnectError::Socket`] or [`ConnectError::TimedOut`].
    pub fn connect(path: &Path, options: &ConnectOptions) -> Result<Self, ConnectError> {
        let within = options.connect_within;
        let stream =
            socket::connect_by(path, socket::deadline_in(within)).map_err(|error| match error.kind() {
                io::ErrorKind::TimedOut => ConnectError::TimedOut(within),
                _ => ConnectError::Socket(error),
            })?;
        Ok(Self::from_stream(stream, options))
    }

    /// Takes over a stream that is connected already.
    #[must_use]
    pub fn from_stream(stream: UnixStream, options: &ConnectOptions) -> Self {
        Self {
            stream,
            association: ClientAssociation::new(options.limits),
            options: *options,
            events: Vec::new(),
        }
    }

    /// Binds `interface`, as the first thing on the connection. After an error the connection is of no use.
    ///
    /// # Errors
    ///
    /// See [`ConnectError`].
    pub fn bind(&mut self, interface: SyntaxId) -> Result<(), ConnectError> {
        let within = self.options.connect_within;
        let outcome = self.try_bind(interface, socket::deadline_in(within));
        if outcome.is_err() {
            self.association.close();
        }
        outcome.map_err(|error| match error {
            Failure::TimedOut => ConnectError::TimedOut(within),
            Failure::Socket(error) => ConnectError::Closed(error),
            Failure::Protocol(ProtocolError::BindRefused(reason)) => ConnectError::Refused(reason),
            Failure::Protocol(ProtocolError::ContextRejected { result, reason }) => {
                ConnectError::Rejected { result, reason }
            }
            Failure::Protocol(error) => ConnectError::Protocol(error),
        })
    }

    /// Makes a call and waits for its results, as long as the options say.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn call(&mut self, opnum: u16, stub: &[u8]) -> Result<Vec<u8>, CallError> {
        self.call_within(opnum, stub, self.options.answer_within)
    }

    /// Makes a call and waits for its results, `None` for ever.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn call_within(
        &mut self,
        opnum: u16,
        stub: &[u8],
        within: Option<Duration>,
    ) -> Result<Vec<u8>, CallError> {
        let deadline = within.and_then(socket::deadline_in);
        let within = within.unwrap_or(Duration::MAX);
        let call_id = self.send_call(opnum, stub, deadline, within).map_err(CallError::NotSent)?;
        match self.wait_for(call_id, deadline) {
            Ok(answer) => answer,
            Err(Failure::TimedOut) => {
                self.association.abandon(call_id);
                Err(CallError::TimedOut(within))
            }
            Err(Failure::Socket(error)) => {
                self.association.close();
                Err(CallError::Lost(error))
            }
            Err(Failure::Protocol(error)) => {
                self.association.close();
                Err(CallError::Protocol(error))
            }
        }
    }

    /// How long [`Self::call`] waits for results.
    #[must_use]
    pub fn answer_within(&self) -> Option<Duration> {
        self.options.answer_within
    }

    /// Whether calls can be made. A connection that the server has closed meanwhile shows it at the next call only.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.association.is_bound()
    }

    fn try_bind(&mut self, interface: SyntaxId, deadline: Option<Instant>) -> Result<(), Failure> {
        self.association.bind(interface);
        self.send_all(deadline)?;
        loop {
            match self.next_event(deadline)? {
                Event::Bound => return Ok(()),
                Event::Closed(error) => return Err(Failure::Protocol(error)),
                Event::Response { .. } | Event::Fault { .. } => {}
            }
        }
    }

    /// Sends a whole call. After an error other than a refusal the stream may end inside the call, so it is closed.
    fn send_call(
        &mut self,
        opnum: u16,
        stub: &[u8],
        deadline: Option<Instant>,
        within: Duration,
    ) -> Result<u32, NotSent> {
        let call_id = self.association.call(opnum, stub).map_err(|error| match error {
            CannotCall::NotBound => NotSent::Closed(io::ErrorKind::NotConnected.into()),
            other => NotSent::Association(other),
        })?;
        self.send_all(deadline).map_err(|failure| {
            self.association.close();
            match failure {
                Failure::TimedOut => NotSent::TimedOut(within),
                Failure::Socket(error) => NotSent::Closed(error),
                Failure::Protocol(error) => NotSent::Closed(io::Error::other(error)),
            }
        })?;
        Ok(call_id)
    }

    /// Sends everything. While there is no room, what comes in is taken: a server that waits for us to read late
    /// answers before it reads on must not wait for ever.
    fn send_all(&mut self, deadline: Option<Instant>) -> Result<(), Failure> {
        while !self.association.output().is_empty() {
            match socket::send_now(&self.stream, self.association.output()) {
                Ok(sent) => self.association.consume_output(sent),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if !socket::wait(&self.stream, PollFlags::IN | PollFlags::OUT, deadline)? {
                        return Err(Failure::TimedOut);
                    }
                    self.receive_what_is_there()?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn receive_what_is_there(&mut self) -> Result<(), Failure> {
        let mut buffer = [0; RECEIVE_BYTES];
        match socket::receive_now(&self.stream, &mut buffer) {
            Ok(0) => return Err(end_of_stream().into()),
            Ok(count) => self.association.handle_input(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
        while let Some(event) = self.association.poll() {
            match event {
                Event::Closed(error) => return Err(Failure::Protocol(error)),
                // Of abandoned calls the association says nothing, and nobody else waits: this is our own call's
                // answer, which came before its last byte was sent. A fault can.
                other => self.events.push(other),
            }
        }
        Ok(())
    }

    /// Waits for the answer of one call.
    fn wait_for(
        &mut self,
        call_id: u32,
        deadline: Option<Instant>,
    ) -> Result<Result<Vec<u8>, CallError>, Failure> {
        loop {
            match self.next_event(deadline)? {
                Event::Response { call_id: of, stub } if of == call_id => return Ok(Ok(stub)),
                Event::Fault { call_id: of, status, may_have_run } if of == call_id => {
                    return Ok(Err(CallError::Fault { status, may_have_run }));
                }
                Event::Closed(error) => return Err(Failure::Protocol(error)),
                // The late answer of a call that was given up in the moment it came.
                Event::Response { .. } | Event::Fault { .. } | Event::Bound => {}
            }
        }
    }

    /// The next thing that happens on the connection.
    fn next_event(&mut self, deadline: Option<Instant>) -> Result<Event, Failure> {
        if let Some(event) = self.events.pop() {
            return Ok(event);
        }
        loop {
            if let Some(event) = self.association.poll() {
                return Ok(event);
            }
            let mut buffer = [0; RECEIVE_BYTES];
            if deadline.is_some() && !socket::wait(&self.stream, PollFlags::IN, deadline)? {
                return Err(Failure::TimedOut);
            }
            match socket::receive(&self.stream, &mut buffer)? {
                0 => return Err(end_of_stream().into()),
                count => self.association.handle_input(&buffer[..count]),
            }
        }
    }
}

impl AsFd for BlockingClient {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// What can go wrong below a call.
enum Failure {
    TimedOut,
    Socket(io::Error),
    Protocol(ProtocolError),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Socket(error)
    }
}

fn end_of_stream() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed the connection")
}
