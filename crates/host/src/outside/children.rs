//! The programs that this host has started and that nobody has asked yet how they have ended.
//!
//! Until then the kernel gives a program's number to nobody else, so whose a process with such a number is needs no look:
//! a [pass](super) over all processes leaves them out. Whoever asks how a program has ended drops its [`Child`]
//! before.

use std::collections::BTreeMap;
use std::sync::Arc;

use mainstay_types::ResourceId;
use parking_lot::Mutex;

/// All of them, by their numbers.
#[derive(Default)]
pub(crate) struct Children {
    running: Mutex<BTreeMap<i32, ResourceId>>,
}

impl Children {
    pub(crate) fn has(&self, pid: i32) -> bool {
        self.running.lock().contains_key(&pid)
    }

    /// Those of a resource.
    pub(crate) fn of(&self, resource: ResourceId) -> Vec<i32> {
        let running = self.running.lock();
        running.iter().filter(|(_, whose)| **whose == resource).map(|(pid, _)| *pid).collect()
    }
}

/// One of them, until it is dropped.
pub(crate) struct Child {
    children: Arc<Children>,
    pid: i32,
}

impl Child {
    /// `pid` is a child of ours that nobody has asked yet how it has ended.
    pub(crate) fn new(children: Arc<Children>, pid: i32, resource: ResourceId) -> Self {
        children.running.lock().insert(pid, resource);
        Child { children, pid }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.children.running.lock().remove(&self.pid);
    }
}
