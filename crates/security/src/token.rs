//! Who a caller is.

use std::collections::HashSet;

use crate::sid::Sid;

/// A caller's identity: the user and every group it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    user: Sid,
    groups: HashSet<Sid>,
}

impl Token {
    /// A token of this user and these groups, and of nothing else: Everyone has to be named too.
    pub fn new(user: Sid, groups: impl IntoIterator<Item = Sid>) -> Self {
        Token { user, groups: groups.into_iter().collect() }
    }

    /// The token of a process at the other end of a Unix socket, by the ids that the kernel gave.
    ///
    /// uid 0 is a member of Administrators, and so is whoever has `administrators_gid`, the gid of the group
    /// `mainstay` where the machine has one, as primary or supplementary group.
    pub fn of_local_peer(
        uid: u32,
        gid: u32,
        supplementary_gids: &[u32],
        administrators_gid: Option<u32>,
    ) -> Self {
        let gids = || supplementary_gids.iter().copied().chain([gid]);
        let mut groups: HashSet<Sid> = gids().map(Sid::unix_group).collect();
        groups.extend([Sid::EVERYONE, Sid::AUTHENTICATED_USERS]);
        if uid == 0 || gids().any(|gid| Some(gid) == administrators_gid) {
            groups.insert(Sid::ADMINISTRATORS);
        }
        Token { user: Sid::unix_user(uid), groups }
    }

    /// The user.
    pub fn user(&self) -> Sid {
        self.user
    }

    /// The groups, in no order.
    pub fn groups(&self) -> impl Iterator<Item = Sid> {
        self.groups.iter().copied()
    }

    /// Whether the caller is this user or a member of this group.
    pub fn is(&self, sid: &Sid) -> bool {
        self.user == *sid || self.groups.contains(sid)
    }

    /// Whether the caller counts as an administrator.
    pub fn is_administrator(&self) -> bool {
        self.is(&Sid::ADMINISTRATORS)
    }
}
