//! Letting peers in, and counting them.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};
use tracing::{error, warn};

use super::link::Link;
use super::{Interface, Server, ServerLimits};
use crate::PeerCredentials;

/// How long to wait before the next try when the machine has no descriptors or memory left for a connection.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// The user whom the limit per user does not bind.
const ROOT_UID: u32 = 0;

/// Everyone who is connected.
#[derive(Default)]
struct Peers {
    tasks: JoinSet<()>,
    connected: HashMap<tokio::task::Id, (u32, Arc<Link>)>,
    per_user: HashMap<u32, usize>,
    last_group_id: u32,
}

/// See [`Server::serve`].
pub(super) async fn serve<I: Interface>(
    server: &Server<I>,
    listener: UnixListener,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut stop = pin!(stop);
    let mut peers = Peers::default();
    let outcome = loop {
        tokio::select! {
            biased;
            () = &mut stop => break Ok(()),
            Some(ended) = peers.tasks.join_next_with_id(), if !peers.tasks.is_empty() => peers.remove(ended),
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => peers.admit(server, stream),
                Err(error) if passes(&error) => {
                    warn!(%error, "cannot accept a connection now; trying again");
                    sleep(ACCEPT_RETRY).await;
                }
                Err(error) => break Err(error),
            },
        }
    };
    drop(listener);
    peers.end_all(server.limits.stop_within).await;
    outcome
}

impl Peers {
    /// Begins to serve a peer, if it may connect.
    fn admit<I: Interface>(&mut self, server: &Server<I>, stream: UnixStream) {
        let peer = match PeerCredentials::of(&stream) {
            Ok(peer) => peer,
            Err(error) => {
                warn!(%error, "the kernel does not say who has connected; connection closed");
                return;
            }
        };
        let of_user = self.per_user.get(&peer.uid).copied().unwrap_or(0);
        if !has_room(&server.limits, self.tasks.len(), peer.uid, of_user) {
            warn!(uid = peer.uid, pid = peer.pid, of_user, "too many connections; this one is closed");
            return;
        }
        self.last_group_id = self.last_group_id.wrapping_add(1).max(1);
        let (connection, link) = server.connect(stream, &peer, self.last_group_id);
        let task = self.tasks.spawn(connection.run());
        self.connected.insert(task.id(), (peer.uid, link));
        *self.per_user.entry(peer.uid).or_default() += 1;
    }

    /// Takes an ended connection off the books.
    fn remove(&mut self, ended: Result<(tokio::task::Id, ()), JoinError>) {
        let id = match ended {
            Ok((id, ())) => id,
            Err(failure) => {
                if failure.is_panic() {
                    error!(%failure, "a connection's task panicked; the connection is closed");
                }
                failure.id()
            }
        };
        let Some((uid, _)) = self.connected.remove(&id) else { return };
        if let Some(count) = self.per_user.get_mut(&uid) {
            *count -= 1;
            if *count == 0 {
                self.per_user.remove(&uid);
            }
        }
    }

    /// Lets every connection send what it has; cuts off those that take too long.
    async fn end_all(&mut self, within: Duration) {
        for (_, link) in self.connected.values() {
            link.stop();
        }
        let all_ended = async {
            while let Some(ended) = self.tasks.join_next_with_id().await {
                self.remove(ended);
            }
        };
        if timeout(within, all_ended).await.is_err() {
            warn!(count = self.tasks.len(), "connections did not end in time; cut off");
            self.tasks.shutdown().await;
        }
    }
}

/// Whether a user with `of_user` connections may have one more beside the `total` of everyone.
fn has_room(limits: &ServerLimits, total: usize, uid: u32, of_user: usize) -> bool {
    if uid == ROOT_UID {
        return total < limits.connections_max;
    }
    let for_users = limits.connections_max.saturating_sub(limits.connections_for_root);
    total < for_users && of_user < limits.connections_per_user_max
}

/// Whether an error of accept(2) is one of this moment or this peer, and not of the listener.
fn passes(error: &io::Error) -> bool {
    use rustix::io::Errno;
    matches!(
        Errno::from_io_error(error),
        Some(
            Errno::MFILE
                | Errno::NFILE
                | Errno::NOBUFS
                | Errno::NOMEM
                | Errno::CONNABORTED
                | Errno::INTR
                | Errno::AGAIN
                | Errno::PERM
                | Errno::PROTO
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_user_locks_out_another_and_none_locks_out_root() {
        let limits = ServerLimits {
            connections_max: 10,
            connections_per_user_max: 4,
            connections_for_root: 2,
            ..ServerLimits::default()
        };
        for (total, uid, of_user, room) in [
            (0, 1000, 0, true),
            (3, 1000, 3, true),
            (4, 1000, 4, false),
            (4, 1001, 0, true),
            (7, 1002, 0, true),
            (8, 1002, 0, false),
            (8, ROOT_UID, 0, true),
            (9, ROOT_UID, 9, true),
            (10, ROOT_UID, 0, false),
        ] {
            assert_eq!(has_room(&limits, total, uid, of_user), room, "{total} {uid} {of_user}");
        }
    }

    #[test]
    fn a_lack_of_descriptors_passes_and_a_closed_listener_does_not() {
        use rustix::io::Errno;
        assert!(passes(&Errno::MFILE.into()));
        assert!(passes(&Errno::CONNABORTED.into()));
        assert!(!passes(&Errno::BADF.into()));
        assert!(!passes(&Errno::INVAL.into()));
    }
}
