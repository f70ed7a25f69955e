//! Acting as another user of the machine.

use std::os::unix::fs::PermissionsExt;

use rustix::process::{Gid, Uid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

use crate::TestCluster;

/// A user by his numbers; he need not have a name.
#[derive(Clone, Copy, Debug)]
pub struct Somebody {
    /// User id.
    pub uid: u32,
    /// Primary group.
    pub gid: u32,
    /// Supplementary groups.
    pub groups: &'static [u32],
}

impl Somebody {
    /// Does something as this user. The kernel takes what a socket's other end is told from the thread that connects,
    /// so a thread of its own is enough. Only root can become somebody else.
    pub fn act<T: Send>(&self, act: impl FnOnce() -> T + Send) -> T {
        let acting = || {
            let groups: Vec<Gid> = self.groups.iter().copied().map(Gid::from_raw).collect();
            set_thread_groups(&groups).unwrap();
            let (uid, gid) = (Uid::from_raw(self.uid), Gid::from_raw(self.gid));
            set_thread_res_gid(gid, gid, gid).unwrap();
            set_thread_res_uid(uid, uid, uid).unwrap();
            act()
        };
        std::thread::scope(|scope| scope.spawn(acting).join())
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

impl TestCluster {
    /// Lets everybody reach the socket: a test's directory is its owner's alone, and what is tested is the service, not
    /// the file system. False, with the reason printed, where nobody else can be acted as.
    pub fn open_to_others_or_skip(&self) -> bool {
        if !rustix::process::geteuid().is_root() {
            eprintln!("skipped: only root can act as somebody else");
            return false;
        }
        let permissions = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(self.socket().parent().unwrap(), permissions).unwrap();
        true
    }
}
