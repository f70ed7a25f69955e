//! Waiting for the host that replaces another one.

use std::os::fd::OwnedFd;
use std::time::Instant;

use mainstay_process::Process;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify;

use crate::{HANG, TestCluster, kill};

/// Sees hosts come: each makes its socket in the run directory. Once that is there, the service knows that the one
/// before has ended, and what follows from it.
pub struct Successor {
    watch: OwnedFd,
}

impl Successor {
    /// Waits for a host that came after the watch began.
    pub fn wait(self) {
        let deadline = Instant::now() + HANG;
        let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
        let mut events = inotify::Reader::new(&self.watch, &mut buffer);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let left = Timespec { tv_sec: left.as_secs().try_into().unwrap(), tv_nsec: 0 };
            let ready = poll(&mut [PollFd::new(&self.watch, PollFlags::IN)], Some(&left)).unwrap();
            assert_ne!(ready, 0, "no host has come");
            loop {
                let event = events.next().unwrap();
                let name = event.file_name().unwrap().to_str().unwrap();
                if name.starts_with("host-") && name.ends_with(".sock") {
                    return;
                }
                if events.is_buffer_empty() {
                    break;
                }
            }
        }
    }
}

impl TestCluster {
    /// Begins to watch for the next host.
    pub fn next_host(&self) -> Successor {
        let watch = inotify::init(inotify::CreateFlags::CLOEXEC).unwrap();
        inotify::add_watch(&watch, self.run_dir(), inotify::WatchFlags::CREATE).unwrap();
        Successor { watch }
    }

    /// Does something after which a resource's leaf is to go, and waits until it has.
    pub fn until_leaf_is_gone(&self, resource: &str, act: impl FnOnce()) {
        let leaf = self.leaf(resource);
        let watch = inotify::init(inotify::CreateFlags::CLOEXEC).unwrap();
        inotify::add_watch(&watch, leaf.path().parent().unwrap(), inotify::WatchFlags::DELETE).unwrap();
        act();
        let patience = Timespec { tv_sec: HANG.as_secs().try_into().unwrap(), tv_nsec: 0 };
        let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
        let mut events = inotify::Reader::new(&watch, &mut buffer);
        while leaf.exists() {
            let ready = poll(&mut [PollFd::new(&watch, PollFlags::IN)], Some(&patience)).unwrap();
            assert_ne!(ready, 0, "{} is still there", leaf.path().display());
            events.next().unwrap();
        }
    }

    /// Kills a host, and waits until the service has seen that and has started the next one.
    pub fn kill_host(&self, host: &Process) {
        let next = self.next_host();
        kill(host);
        next.wait();
    }
}
