//! One connection: who is at the other end, what it holds, and why its last call was refused.

use std::sync::Arc;

use mainstay_cmrp::{Operation, StatusResponse};
use mainstay_engine::command::{Caller, Command};
use mainstay_engine::effect::Answer;
use mainstay_engine::limits::REASON_LENGTH_MAX;
use mainstay_ndr::ContextHandle;
use mainstay_rpc::PeerCredentials;
use mainstay_security::{SecurityDescriptor, Token};
use mainstay_types::access::DesiredAccess;
use mainstay_types::operation::Asker;
use mainstay_types::{Access, Status};
use parking_lot::Mutex;

use super::exchange::{Exchange, Failure};
use super::handles::{Handles, Held};
use crate::core::{Core, Responder};
use crate::validate::Ground;

/// What the service remembers of one connection.
pub struct Session {
    /// The core that it speaks with.
    pub(super) core: Arc<Core>,
    /// Where the service stands.
    pub(super) ground: Arc<Ground>,
    /// Its context handles.
    pub(super) handles: Mutex<Handles>,
    token: Token,
    asker: Asker,
    refusal: Arc<Mutex<String>>,
    reason: Mutex<Reason>,
}

/// Why a call is made, in the caller's words.
#[derive(Default)]
struct Reason {
    /// Of the call that is being served.
    current: String,
    /// Of the next one.
    next: String,
}

impl Session {
    /// A new connection of this peer. `administrators` is the group id whose members administer the cluster.
    pub(super) fn new(
        core: Arc<Core>,
        peer: &PeerCredentials,
        administrators: Option<u32>,
        ground: Arc<Ground>,
    ) -> Self {
        let us = rustix::process::geteuid().as_raw();
        let administrators = administrators_for(peer, us, administrators);
        Session {
            core,
            ground,
            handles: Mutex::new(Handles::new()),
            token: Token::of_local_peer(peer.uid, peer.gid, &peer.groups, administrators),
            asker: asker(peer),
            refusal: Arc::default(),
            reason: Mutex::default(),
        }
    }

    /// The access that the cluster's security descriptor gives this caller now.
    pub(super) fn access(&self) -> Option<Access> {
        let descriptor = self.core.read(|view| view.security_descriptor().to_vec());
        match SecurityDescriptor::parse(&descriptor) {
            Ok(descriptor) => mainstay_security::cluster_access(&descriptor, &self.token),
            Err(error) => {
                tracing::error!(%error, "the cluster's security descriptor is damaged; nobody is let in");
                None
            }
        }
    }

    /// What an open with this wish is granted: the access, or why not.
    pub(super) fn grant(&self, desired: DesiredAccess) -> Result<Access, Status> {
        desired.grant(self.access()).ok_or_else(|| {
            *self.refusal.lock() = format!(
                "{} has no such access to the cluster; an administrator can grant it",
                self.asker.account
            );
            Status::ACCESS_DENIED
        })
    }

    /// As [`Session::grant`], for the access mask of an `...Ex` open.
    pub(super) fn grant_mask(&self, mask: u32) -> Result<Access, Status> {
        self.grant(DesiredAccess::from_mask(mask).ok_or(Status::INVALID_PARAMETER)?)
    }

    /// For reads that no handle stands for.
    pub(super) fn may_read(&self) -> Result<(), Status> {
        self.grant(DesiredAccess::Exactly(Access::Read)).map(drop)
    }

    /// Gives a handle out.
    pub(super) fn give<H: From<ContextHandle>>(&self, held: Held) -> Result<H, Failure> {
        self.handles.lock().give(held).ok_or(Failure::Status(Status::NOT_ENOUGH_MEMORY))
    }

    /// Hands a command to the engine and answers the exchange with its status.
    pub(super) fn simple<O>(&self, access: Access, command: Command, exchange: Exchange<O>)
    where
        O: Operation<Response = StatusResponse> + Send + 'static,
    {
        self.command(access, command, move |answer| exchange.answer(&StatusResponse::from(answer.status.0)));
    }

    /// Hands a command to the engine, with the access of the handle that it came through.
    pub(super) fn command(
        &self,
        access: Access,
        command: Command,
        take: impl FnOnce(Answer) + Send + 'static,
    ) {
        let reason = self.reason.lock().current.clone();
        let caller = Caller { asker: self.asker.clone(), access, reason };
        let refusal = Arc::clone(&self.refusal);
        let responder: Responder = Box::new(move |answer| {
            refusal.lock().clone_from(&answer.text);
            take(answer);
        });
        self.core.call(caller, command, responder);
    }

    /// Who is at the other end, for records.
    pub(super) fn asker(&self) -> &Asker {
        &self.asker
    }

    /// A new call begins: what was said before it is why it is made.
    pub(super) fn take_reason(&self) {
        let mut reason = self.reason.lock();
        reason.current = std::mem::take(&mut reason.next);
    }

    /// Why the next call is made. No more is kept than a record takes.
    pub(super) fn say_why(&self, why: &str) {
        let mut ends = (0..=REASON_LENGTH_MAX.min(why.len())).rev();
        let end = ends.find(|&end| why.is_char_boundary(end)).unwrap_or(0);
        why[..end].clone_into(&mut self.reason.lock().next);
    }

    /// A new call begins: what is explained is about that one.
    pub(super) fn forget_explanation(&self) {
        self.refusal.lock().clear();
    }

    /// Says why the call is refused, for whoever asks.
    pub(super) fn explain(&self, text: String) {
        *self.refusal.lock() = text;
    }

    /// Why the last call was refused, or what is to be said of what it has done, in words; mostly empty.
    pub(super) fn explanation(&self) -> String {
        self.refusal.lock().clone()
    }
}

/// The group that makes this peer an administrator. Who runs the service is one too: the database is his anyhow.
fn administrators_for(peer: &PeerCredentials, us: u32, administrators: Option<u32>) -> Option<u32> {
    if peer.uid == us { Some(peer.gid) } else { administrators }
}

fn asker(peer: &PeerCredentials) -> Asker {
    let account = if peer.uid == 0 { "root".to_owned() } else { format!("uid {}", peer.uid) };
    Asker {
        account,
        sid: mainstay_security::Sid::unix_user(peer.uid).to_string(),
        origin: format!("local socket, process {}", peer.pid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_runs_the_service_administers_it() {
        let peer = |uid, gid, groups: &[u32]| PeerCredentials { uid, gid, pid: 1, groups: groups.to_vec() };
        for (peer, us, is_administrator) in [
            (peer(0, 0, &[]), 1000, true),
            (peer(1000, 1000, &[]), 1000, true),
            (peer(1000, 1000, &[]), 0, false),
            (peer(1001, 1000, &[1000]), 1000, false),
            (peer(1001, 1001, &[997]), 1000, true),
        ] {
            let administrators = administrators_for(&peer, us, Some(997));
            let token = Token::of_local_peer(peer.uid, peer.gid, &peer.groups, administrators);
            assert_eq!(token.is(&mainstay_security::Sid::ADMINISTRATORS), is_administrator, "{peer:?} {us}");
        }
    }
}
