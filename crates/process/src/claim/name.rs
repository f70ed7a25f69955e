//! The name that a cluster's service has on this machine: an abstract Unix socket (unix(7)), made of the ids of cluster
//! and node.
//!
//! The kernel gives a name to one process at a time, frees it when that process ends, however it ends, and no sweep of
//! files or control groups takes it away. So of all services of a cluster, whatever their directories and trees are, one
//! goes on. It holds within one network namespace; beyond that the marks in the control groups have to do.
//!
//! Anybody can take any name. So a holder counts only if the kernel says that it is ours or root's; from somebody else
//! the name cannot be had, and the service goes on without.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

use mainstay_types::{ClusterId, NodeId};
use rustix::net::sockopt::socket_peercred;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

use super::Holder;
use super::elsewhere::is_trusted_user;
use super::lock::patiently;

/// Why the name is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum NameError {
    /// A service of ours or root's has it.
    #[error("another service of this cluster has it ({0})")]
    Served(Holder),
    /// It is in the hands of somebody who cannot speak for the cluster.
    #[error("user {uid}, who is neither this one nor root, has it ({holder})")]
    Stranger {
        /// Who.
        uid: u32,
        /// His process.
        holder: Holder,
    },
    /// The kernel refuses, or whoever has it does not let himself be seen.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// The name, held until this is dropped. No program that the process starts inherits it.
#[derive(Debug)]
pub struct ServiceName(UnixListener);

impl ServiceName {
    /// Takes the name, waiting for somebody who has just ended.
    ///
    /// # Errors
    ///
    /// Somebody has it, or it cannot be had at all.
    pub fn take(cluster: ClusterId, node: NodeId) -> Result<Self, NameError> {
        let name = format!("mainstay-service-{cluster}-{node}");
        let address = SocketAddr::from_abstract_name(&name)?;
        let bound = patiently(|| match UnixListener::bind_addr(&address) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => None,
            bound => Some(bound),
        });
        let Some(listener) = bound.transpose()? else { return Err(ask(&name).unwrap_or_else(NameError::Io)) };
        listener.set_nonblocking(true)?;
        Ok(ServiceName(listener))
    }

    /// Forgets those who have asked who has the name: those who wait to be heard are bounded, and each is gone already.
    pub(super) fn hear(&self) {
        while self.0.accept().is_ok() {}
    }
}

/// Who has a name, as the kernel noted it when he began to listen. It never waits: somebody else may never answer.
fn ask(name: &str) -> io::Result<NameError> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    connect(&socket, &SocketAddrUnix::new_abstract_name(name.as_bytes())?)?;
    let holder = socket_peercred(&socket)?;
    let uid = holder.uid.as_raw();
    let holder = match holder.pid.as_raw_pid() {
        // In another namespace of processes.
        0 => Holder::default(),
        pid => Holder::of(pid),
    };
    Ok(if is_trusted_user(uid) { NameError::Served(holder) } else { NameError::Stranger { uid, holder } })
}

#[cfg(test)]
mod tests {
    use std::thread;

    use rustix::process::Uid;
    use rustix::thread::set_thread_res_uid;

    use super::*;

    const NODE: NodeId = NodeId(1);

    #[test]
    fn a_name_has_one_holder_at_a_time() {
        let cluster = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1e0".parse().unwrap();
        let other = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1e1".parse().unwrap();
        let held = ServiceName::take(cluster, NODE).unwrap();
        let _other = ServiceName::take(other, NODE).unwrap();
        let _node = ServiceName::take(cluster, NodeId(2)).unwrap();
        for _ in 0..3 {
            let refused = ServiceName::take(cluster, NODE);
            let us = Some(i32::try_from(std::process::id()).unwrap());
            assert!(matches!(&refused, Err(NameError::Served(holder)) if holder.pid == us), "{refused:?}");
            held.hear();
        }
        drop(held);
        ServiceName::take(cluster, NODE).unwrap();
    }

    #[test]
    fn a_stranger_with_the_name_is_told_from_a_service() {
        if !rustix::process::geteuid().is_root() {
            eprintln!("skipped: only root can act as somebody else");
            return;
        }
        let cluster = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1e2".parse().unwrap();
        // The kernel notes the thread that begins to listen.
        let squat = || {
            let user = Uid::from_raw(61_001);
            set_thread_res_uid(user, user, user).unwrap();
            ServiceName::take(cluster, NODE).unwrap()
        };
        let squatter = thread::scope(|scope| scope.spawn(squat).join().unwrap());
        let refused = ServiceName::take(cluster, NODE);
        assert!(matches!(refused, Err(NameError::Stranger { uid: 61_001, .. })), "{refused:?}");
        // He may also let everybody wait: nobody waits for him.
        let name = format!("mainstay-service-{cluster}-{NODE}");
        let address = SocketAddrUnix::new_abstract_name(name.as_bytes()).unwrap();
        rustix::net::listen(&squatter.0, 0).unwrap();
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let mut waiting = Vec::new();
        loop {
            let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).unwrap();
            match connect(&socket, &address) {
                Ok(()) => waiting.push(socket),
                Err(error) => break assert_eq!(error, rustix::io::Errno::AGAIN),
            }
        }
        let refused = ServiceName::take(cluster, NODE);
        assert!(matches!(refused, Err(NameError::Io(_))), "{refused:?}");
    }
}
