//! A cluster, reached over one connection at a time.
//!
//! ```text
//!                 open                        call or answer lost, protocol broken
//!   (nothing) ───────────▶ Connected ─────────────────────────────────────▶ Lost
//!                             ▲                                              │
//!                             └──── next call: connect, open the cluster ────┘
//!                                   (objects are opened again when a call needs them)
//! ```
//!
//! A call that was not begun, because the connection turned out to be over, is made once more on a new connection. A
//! call whose last byte was sent is never sent again: when its answer does not come, its outcome is unknown.

use std::io;
use std::time::Instant;

use mainstay_cmrp::{Operation, Response};
use mainstay_types::Status;

use crate::CallError;
use crate::object::{Desired, Kind, Opened};
use crate::own;
use crate::session::{Failure, Session};
use crate::transport::{Local, Transport};

/// How often a call that was not begun is tried: on the connection that was there, and on a new one.
const ATTEMPTS_MAX: usize = 2;

/// How an operation was accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Accepted {
    /// What was asked for is true already.
    Done,
    /// It was accepted and goes on in the background (ERROR_IO_PENDING, 997).
    Pending,
}

impl Accepted {
    /// The number that a program is told: 0 or 997.
    pub fn status(self) -> Status {
        match self {
            Self::Done => Status::SUCCESS,
            Self::Pending => Status::IO_PENDING,
        }
    }
}

/// A cluster that was opened.
#[derive(Debug)]
pub struct Cluster<T: Transport = Local> {
    transport: T,
    /// GENERIC_READ or GENERIC_ALL.
    granted: u32,
    session: Option<Session<T::Link>>,
    /// By when everything has to be over; the transport's own bounds hold besides.
    by: Option<Instant>,
    /// Why the next calls are made, for the journal; empty says nothing.
    reason: String,
}

impl Cluster<Local> {
    /// Opens the cluster of this machine through the socket that [`socket_path`](crate::socket_path) finds.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn open_local(socket: Option<&std::path::Path>, desired: Desired) -> Result<Self, CallError> {
        Self::open(Local::new(crate::socket_path(socket)), desired)
    }
}

impl<T: Transport> Cluster<T> {
    /// Connects and opens the cluster.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn open(transport: T, desired: Desired) -> Result<Self, CallError> {
        Self::open_by(transport, desired, None)
    }

    /// The same, over by that moment, and so is every later call: see [`Self::finish_by`].
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn open_by(transport: T, desired: Desired, by: Option<Instant>) -> Result<Self, CallError> {
        let mut cluster = Self { transport, granted: 0, session: None, by, reason: String::new() };
        cluster.granted = cluster.connect(desired)?;
        Ok(cluster)
    }

    /// The cluster as another program part opened it, with that access; connects at the first call.
    pub fn with_access(transport: T, granted: u32) -> Self {
        Self { transport, granted, session: None, by: None, reason: String::new() }
    }

    /// Bounds every later call, and the connecting that it may need: without an answer by then it fails, as when the
    /// connection is lost. `None` leaves the transport's own bounds only.
    pub fn finish_by(&mut self, by: Option<Instant>) {
        self.by = by;
        if let Some(session) = self.session.as_mut() {
            session.finish_by(by);
        }
    }

    /// Why every later call is made: what changes something has it in its record in the journal. Empty says nothing.
    /// It goes before each call, on the same connection.
    pub fn set_reason(&mut self, reason: &str) {
        reason.clone_into(&mut self.reason);
    }

    /// The access that the cluster was opened with: GENERIC_READ or GENERIC_ALL.
    pub fn granted(&self) -> u32 {
        self.granted
    }

    /// How the server is reached.
    pub fn transport(&self) -> &T {
        &self.transport
    }

    /// Opens an object by name or id.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn open_object<K: Kind>(&mut self, name: &str, desired: Desired) -> Result<Opened<K>, CallError> {
        self.with_session(|session| {
            let (handle, granted) = K::open(session, name, desired)?;
            adopt(session, handle, name, granted)
        })
    }

    /// Gives an object's handle back, where this connection has one. What cannot be told to the service needs no
    /// telling: handles die with their connection.
    pub fn close_object<K: Kind>(&mut self, object: &Opened<K>) {
        if let Some(session) = self.usable_session()
            && let Some(handle) = session.forget(object)
        {
            let _ = K::close(session, handle);
        }
    }

    /// Makes a call and gives back its answer, whatever its status. `build` makes the request from the handles of the
    /// connection; it may be called again when the connection turned out to be over before the call was begun.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn call<O: Operation>(
        &mut self,
        mut build: impl FnMut(&mut Session<T::Link>) -> Result<O, CallError>,
    ) -> Result<O::Response, CallError> {
        let mut attempt = 1;
        loop {
            let reason = std::mem::take(&mut self.reason);
            let request = self.with_session(|session| {
                let request = build(session)?;
                match reason.as_str() {
                    "" => {}
                    reason => own::say_why(session, reason)?,
                }
                Ok(request)
            });
            self.reason = reason;
            let request = request?;
            // with_session leaves a session behind when it succeeds.
            let Some(session) = self.session.as_mut() else { continue };
            match session.call(&request) {
                Ok(answer) => return Ok(answer),
                Err(Failure::NotSent(_)) if attempt < ATTEMPTS_MAX => {
                    self.session = None;
                    attempt += 1;
                }
                Err(Failure::NotSent(source)) => {
                    self.session = None;
                    return Err(self.lost(Failure::NotSent(source).into_error(O::NAME)));
                }
                Err(Failure::Final(error)) => {
                    self.drop_session_if_over();
                    return Err(error);
                }
            }
        }
    }

    /// Makes a call that is done when it is accepted.
    ///
    /// # Errors
    ///
    /// See [`CallError`]; any status but 0 is a refusal.
    pub fn done<O: Operation>(
        &mut self,
        build: impl FnMut(&mut Session<T::Link>) -> Result<O, CallError>,
    ) -> Result<O::Response, CallError> {
        let answer = self.call(build)?;
        match answer.status() {
            0 => Ok(answer),
            status => Err(CallError::refused(O::NAME, Status(status))),
        }
    }

    /// Makes a call that may go on in the background.
    ///
    /// # Errors
    ///
    /// See [`CallError`]; any status but 0 and 997 is a refusal.
    pub fn accepted<O: Operation>(
        &mut self,
        build: impl FnMut(&mut Session<T::Link>) -> Result<O, CallError>,
    ) -> Result<Accepted, CallError> {
        match Status(self.call(build)?.status()) {
            Status::SUCCESS => Ok(Accepted::Done),
            Status::IO_PENDING => Ok(Accepted::Pending),
            status => Err(CallError::refused(O::NAME, status)),
        }
    }

    /// Takes over a handle that an operation has made, and learns the id of its object.
    pub(crate) fn adopt<K: Kind>(&mut self, handle: K::Handle, name: &str, granted: u32) -> Opened<K> {
        let adopted = self.usable_session().map(|session| adopt(session, handle, name, granted));
        match adopted {
            Some(Ok(object)) => object,
            // The connection went down right after the answer: the object is there, and found again by its name.
            Some(Err(_)) | None => Opened::new(name.to_owned(), granted),
        }
    }

    /// Runs calls that change nothing, and so can be made again on a new connection when theirs is lost.
    fn with_session<R>(
        &mut self,
        mut run: impl FnMut(&mut Session<T::Link>) -> Result<R, CallError>,
    ) -> Result<R, CallError> {
        let mut attempt = 1;
        loop {
            self.time_left()?;
            if self.usable_session().is_none() {
                self.connect(Desired::Mask(self.granted))?;
            }
            let Some(session) = self.session.as_mut() else { continue };
            match run(session) {
                Ok(result) => return Ok(result),
                Err(error) => {
                    let over = !session.is_usable();
                    self.drop_session_if_over();
                    if !over || attempt == ATTEMPTS_MAX {
                        return Err(self.lost(error));
                    }
                    attempt += 1;
                }
            }
        }
    }

    /// Makes a new connection and opens the cluster on it.
    fn connect(&mut self, desired: Desired) -> Result<u32, CallError> {
        self.session = None;
        self.time_left()?;
        let link = self
            .transport
            .connect(self.by)
            .map_err(|error| CallError::not_connected(self.transport.address(), error))?;
        let mut session = Session::new(link);
        session.finish_by(self.by);
        let granted = session.open_cluster(desired).map_err(|error| self.lost(error))?;
        self.session = Some(session);
        Ok(granted)
    }

    /// Nothing is begun when the time is over: what cannot be answered any more is better not asked.
    fn time_left(&self) -> Result<(), CallError> {
        match self.by {
            Some(by) if Instant::now() >= by => Err(CallError::NotReached {
                address: self.transport.address(),
                status: Status::RPC_S_SERVER_UNAVAILABLE,
                source: Box::new(io::Error::new(io::ErrorKind::TimedOut, "the time was over before")),
            }),
            _ => Ok(()),
        }
    }

    fn lost(&self, cause: CallError) -> CallError {
        CallError::lost_before_call(self.transport.address(), cause)
    }

    fn usable_session(&mut self) -> Option<&mut Session<T::Link>> {
        self.drop_session_if_over();
        self.session.as_mut()
    }

    fn drop_session_if_over(&mut self) {
        if self.session.as_ref().is_some_and(|session| !session.is_usable()) {
            self.session = None;
        }
    }
}

/// Learns the id of the object behind a new handle.
fn adopt<K: Kind, L: crate::Link>(
    session: &mut Session<L>,
    handle: K::Handle,
    name: &str,
    granted: u32,
) -> Result<Opened<K>, CallError> {
    let id = match K::id(session, handle) {
        Ok(id) => id,
        // The handle is good all the same.
        Err(CallError::Refused { .. } | CallError::NotBegun { .. }) => None,
        Err(error) => return Err(error),
    };
    let object = Opened::new(id.unwrap_or_else(|| name.to_owned()), granted);
    session.remember(&object, handle);
    Ok(object)
}
