//! Devices and addresses of this machine, by rtnetlink: asked for, changed, and changes of them waited for.
//!
//! This crate owns the messages ([`message`]) and the socket. What devices and addresses mean is its callers' affair.
#![forbid(unsafe_code)]

pub mod message;

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, recv, sendto, socket_with,
};

pub use message::{Address, Dump, Link, Message, NewAddress, whole_length};

/// RTMGRP_LINK, RTMGRP_IPV4_IFADDR and RTMGRP_IPV6_IFADDR.
const CHANGES: u32 = 0x1 | 0x10 | 0x100;
/// The largest datagram of an answer; the kernel makes them of 32 KiB at most.
const DATAGRAM_MAX: usize = 64 * 1024;
/// How long the kernel has for one datagram of its answer: it is at work on nothing else.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// Questions and changes.
pub struct Socket {
    socket: OwnedFd,
    sequence: u32,
}

impl Socket {
    /// Opens one.
    ///
    /// # Errors
    ///
    /// There is no rtnetlink for this process.
    pub fn open() -> io::Result<Self> {
        Ok(Socket { socket: open(0)?, sequence: 0 })
    }

    /// The whole answer to a question.
    ///
    /// # Errors
    ///
    /// The kernel refuses it or does not answer.
    pub fn ask(&mut self, what: Dump) -> io::Result<Vec<Message>> {
        let sequence = self.next();
        self.send(&message::request(what, sequence), sequence)
    }

    /// Gives a device an address.
    ///
    /// # Errors
    ///
    /// The kernel refuses it; `AlreadyExists` where the device has it and it is not to be replaced.
    pub fn add(&mut self, new: &NewAddress, replace: bool) -> io::Result<()> {
        let sequence = self.next();
        self.send(&message::add(new, replace, sequence), sequence).map(drop)
    }

    /// Takes an address from its device.
    ///
    /// # Errors
    ///
    /// The kernel refuses it; `AddrNotAvailable` where the device does not have it.
    pub fn remove(&mut self, address: &Address) -> io::Result<()> {
        let sequence = self.next();
        self.send(&message::remove(address, sequence), sequence).map(drop)
    }

    fn next(&mut self) -> u32 {
        self.sequence = self.sequence.wrapping_add(1);
        self.sequence
    }

    fn send(&mut self, request: &[u8], sequence: u32) -> io::Result<Vec<Message>> {
        sendto(&self.socket, request, SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
        let mut buffer = vec![0; DATAGRAM_MAX];
        let mut answer = Vec::new();
        loop {
            if !is_readable(&self.socket, Some(ANSWER_LIMIT))? {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "the kernel does not answer"));
            }
            let (length, _) = recv(&self.socket, buffer.as_mut_slice(), RecvFlags::DONTWAIT)?;
            for found in message::messages(&buffer[..length], sequence) {
                match found {
                    Message::Done => return Ok(answer),
                    Message::Refused(number) => return Err(io::Error::from_raw_os_error(number)),
                    found => answer.push(found),
                }
            }
        }
    }
}

/// Changes of devices and addresses.
pub struct Changes(OwnedFd);

impl Changes {
    /// Begins to watch.
    ///
    /// # Errors
    ///
    /// There is no rtnetlink for this process.
    pub fn watch() -> io::Result<Self> {
        open(CHANGES).map(Changes)
    }

    /// Whether something has changed, within the limit.
    ///
    /// # Errors
    ///
    /// Changes are not told any more.
    pub fn wait(&self, limit: Option<Duration>) -> io::Result<bool> {
        is_readable(&self.0, limit)
    }

    /// Forgets all changes that were told. What they say does not matter: who wants to know looks anew.
    ///
    /// # Errors
    ///
    /// Changes are not told any more.
    pub fn drain(&self) -> io::Result<()> {
        let mut buffer = vec![0; DATAGRAM_MAX];
        loop {
            match recv(&self.0, buffer.as_mut_slice(), RecvFlags::DONTWAIT) {
                // More than the socket holds has changed: that is one change too.
                Ok(_) | Err(Errno::NOBUFS | Errno::INTR) => {}
                Err(Errno::WOULDBLOCK) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl AsFd for Changes {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// A socket of rtnetlink that gets the changes of these groups.
fn open(groups: u32) -> io::Result<OwnedFd> {
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    bind(&socket, &SocketAddrNetlink::new(0, groups))?;
    Ok(socket)
}

/// Whether something is there to be read, within the limit.
fn is_readable(socket: &OwnedFd, limit: Option<Duration>) -> io::Result<bool> {
    let limit = limit.map(|limit| Timespec {
        tv_sec: limit.as_secs().try_into().unwrap_or(i64::MAX),
        tv_nsec: limit.subsec_nanos().into(),
    });
    loop {
        match poll(&mut [PollFd::new(socket, PollFlags::IN)], limit.as_ref()) {
            Ok(ready) => return Ok(ready > 0),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_of_this_machine_is_seen() {
        let seen = Socket::open().unwrap().ask(Dump::Links).unwrap();
        let is_loopback =
            |found: &Message| matches!(found, Message::Link(link) if link.is_loopback && link.name == "lo");
        assert!(seen.iter().any(is_loopback), "{seen:?}");
    }

    #[test]
    fn watching_is_quiet_without_a_change() {
        let changes = Changes::watch().unwrap();
        changes.drain().unwrap();
    }
}
