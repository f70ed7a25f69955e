//! Who is at the other end of a Unix socket, as the kernel noted it when the socket was connected.
//!
//! This crate owns two questions to the kernel, `SO_PEERCRED` and `SO_PEERGROUPS`, and never decides what an
//! identity may do. It is a crate of its own because no safe wrapper of `SO_PEERGROUPS` exists: the one `unsafe`
//! block that the question needs lives here, so that the crates which ask it can forbid `unsafe`.

#![deny(unsafe_code)]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

/// The most groups Linux lets a process have (`NGROUPS_MAX`); a longer answer is not believed.
const GROUPS_MAX: usize = 65_536;

/// Room for this many groups is offered first; nearly every process has fewer.
const GROUPS_FIRST_TRY: usize = 64;

/// The process that connected a Unix socket, as it was at that moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerCredentials {
    /// Effective user id.
    pub uid: u32,
    /// Effective group id.
    pub gid: u32,
    /// Process id in our pid namespace; 0 when the peer lives in one that we cannot see.
    pub pid: i32,
    /// Supplementary group ids, in the kernel's order. The kernel does not promise that `gid` is among them.
    pub groups: Vec<u32>,
}

impl PeerCredentials {
    /// Asks the kernel who connected `socket`.
    ///
    /// # Errors
    ///
    /// Whatever the kernel answers: `ENOTSOCK`, or `ENODATA` for a socket that has no peer.
    pub fn of(socket: impl AsFd) -> io::Result<Self> {
        let socket = socket.as_fd();
        let credentials = rustix::net::sockopt::socket_peercred(socket)?;
        Ok(Self {
            uid: credentials.uid.as_raw(),
            gid: credentials.gid.as_raw(),
            pid: credentials.pid.as_raw_pid(),
            groups: peer_groups(socket)?,
        })
    }

    /// Whether `gid` is the peer's group or one of its supplementary groups.
    #[must_use]
    pub fn is_member_of(&self, gid: u32) -> bool {
        self.gid == gid || self.groups.contains(&gid)
    }
}

/// Reads the peer's supplementary groups (socket(7), `SO_PEERGROUPS`, Linux 4.13).
fn peer_groups(socket: BorrowedFd<'_>) -> io::Result<Vec<u32>> {
    let mut groups: Vec<libc::gid_t> = vec![0; GROUPS_FIRST_TRY];
    loop {
        match read_peer_groups(socket, &mut groups) {
            Ok(count) => {
                groups.truncate(count);
                return Ok(groups);
            }
            // The list does not fit: the kernel has said how much room it wants.
            Err((error, wanted))
                if error.raw_os_error() == Some(libc::ERANGE)
                    && wanted > groups.len()
                    && wanted <= GROUPS_MAX =>
            {
                groups.resize(wanted, 0);
            }
            Err((error, _)) => return Err(error),
        }
    }
}

/// One `getsockopt` into `groups`: the number of groups written, or the error and the number that there are.
#[allow(unsafe_code)]
fn read_peer_groups(socket: BorrowedFd<'_>, groups: &mut [libc::gid_t]) -> Result<usize, (io::Error, usize)> {
    let Ok(mut length) = libc::socklen_t::try_from(size_of_val(groups)) else {
        return Err((io::ErrorKind::InvalidInput.into(), 0));
    };
    // SAFETY: the descriptor is borrowed and so open for the length of the call; the pointer and `length` describe
    // one live, writable slice of plain integers, and the kernel writes at most `length` bytes into it.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERGROUPS,
            groups.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    let count = usize::try_from(length).unwrap_or(0) / size_of::<libc::gid_t>();
    if result == 0 { Ok(count.min(groups.len())) } else { Err((io::Error::last_os_error(), count)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_socket_pair_is_connected_by_this_process() {
        let (left, _right) = UnixStream::pair().unwrap();
        let peer = PeerCredentials::of(&left).unwrap();

        assert_eq!(peer.uid, rustix::process::geteuid().as_raw());
        assert_eq!(peer.gid, rustix::process::getegid().as_raw());
        assert_eq!(peer.pid, rustix::process::getpid().as_raw_pid());
        let own: Vec<u32> = rustix::process::getgroups().unwrap().iter().map(|gid| gid.as_raw()).collect();
        assert_eq!(peer.groups, own);
        assert!(peer.is_member_of(peer.gid));
    }

    #[test]
    fn a_list_that_does_not_fit_says_how_long_it_is() {
        let (left, _right) = UnixStream::pair().unwrap();
        let all = peer_groups(left.as_fd()).unwrap();
        if all.is_empty() {
            return;
        }
        let (error, wanted) = read_peer_groups(left.as_fd(), &mut []).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ERANGE));
        assert_eq!(wanted, all.len());
    }

    #[test]
    fn what_is_no_socket_is_refused() {
        let file = std::fs::File::open("/dev/null").unwrap();
        assert_eq!(PeerCredentials::of(&file).unwrap_err().raw_os_error(), Some(libc::ENOTSOCK));
    }
}
