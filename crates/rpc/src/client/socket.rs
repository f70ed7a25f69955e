//! A Unix stream socket for a guest: close-on-exec, no SIGPIPE, deadlines, no descriptor made non-blocking for others.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, connect, recv, send,
    socket_with,
};

/// Connects to the socket at `path` by `deadline`; `None` waits without an end.
///
/// A Unix socket has no connection in progress: connect(2) either succeeds or waits for room in the listener's
/// backlog, for as long as the socket's send timeout says.
pub(super) fn connect_by(path: &Path, deadline: Option<Instant>) -> io::Result<UnixStream> {
    let address = SocketAddrUnix::new(path)?;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    loop {
        if let Some(deadline) = deadline {
            let left = time_left(deadline).ok_or(io::ErrorKind::TimedOut)?;
            set_socket_timeout(&socket, Timeout::Send, Some(left))?;
        }
        match connect(&socket, &address) {
            Ok(()) => return Ok(UnixStream::from(socket)),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Err(io::ErrorKind::TimedOut.into()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Sends as much of `bytes` as there is room for now; `WouldBlock` if there is none.
pub(super) fn send_now(socket: impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    retry(|| send(&socket, bytes, SendFlags::NOSIGNAL | SendFlags::DONTWAIT))
}

/// Receives what is there now; `WouldBlock` if nothing is, 0 at the end of the stream.
pub(super) fn receive_now(socket: impl AsFd, buffer: &mut [u8]) -> io::Result<usize> {
    retry(|| recv(&socket, &mut *buffer, RecvFlags::DONTWAIT).map(|(count, _)| count))
}

/// Receives, waiting without an end for the first byte.
pub(super) fn receive(socket: impl AsFd, buffer: &mut [u8]) -> io::Result<usize> {
    retry(|| recv(&socket, &mut *buffer, RecvFlags::empty()).map(|(count, _)| count))
}

/// Waits until one of `interest` is possible, or the other side is gone: false if the deadline came first.
pub(super) fn wait(socket: impl AsFd, interest: PollFlags, deadline: Option<Instant>) -> io::Result<bool> {
    loop {
        let timeout = match deadline {
            None => None,
            Some(deadline) => match time_left(deadline) {
                None => return Ok(false),
                Some(left) => Some(Timespec::try_from(left).map_err(io::Error::other)?),
            },
        };
        let mut fds = [PollFd::new(&socket, interest)];
        match poll(&mut fds, timeout.as_ref()) {
            // Woken by the clock: the next turn sees whether it is late enough.
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) => return Ok(true),
            Err(error) => return Err(error.into()),
        }
    }
}

/// The moment that is `within` from now; `None` if that is further than the clock goes.
pub(super) fn deadline_in(within: Duration) -> Option<Instant> {
    Instant::now().checked_add(within)
}

/// How long until `deadline`; `None` if it has passed.
fn time_left(deadline: Instant) -> Option<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    (!left.is_zero()).then_some(left)
}

/// A signal handler of the host program may interrupt any call; that is no event for us.
fn retry(mut call: impl FnMut() -> Result<usize, Errno>) -> io::Result<usize> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            other => return other.map_err(io::Error::from),
        }
    }
}
