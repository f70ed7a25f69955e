//! A throwaway place in the cgroup tree, for tests. Everything in it is killed and removed when it goes, also when
//! the test fails.

use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::cgroup::{self, Leaf};

static MADE: AtomicU32 = AtomicU32::new(0);

/// How long the clean-up waits for what it has killed.
const CLEAN_UP_TIMEOUT: Duration = Duration::from_secs(10);

/// A cgroup of this test alone.
#[derive(Debug)]
pub struct Scratch(Leaf);

impl Scratch {
    /// Makes one; where that cannot be, prints why the test is skipped and gives `None`.
    pub fn or_skip() -> Option<Self> {
        let made = cgroup::find_mount().and_then(|mount| {
            let number = MADE.fetch_add(1, Ordering::Relaxed);
            let leaf = Leaf::new(mount.join(format!("mainstay-test-{}-{number}", process::id())));
            leaf.create()?;
            let scratch = Scratch(leaf);
            cgroup::check_root(scratch.path())?;
            Ok(scratch)
        });
        made.inspect_err(|reason| eprintln!("skipped: {reason}")).ok()
    }

    /// Its directory.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A leaf in it, made now.
    pub fn leaf(&self, name: &str) -> Leaf {
        let leaf = Leaf::new(self.path().join(name));
        leaf.create().unwrap_or_else(|error| eprintln!("{error}"));
        leaf
    }

    /// A path in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let cleaned = self
            .0
            .kill()
            .and_then(|()| self.0.wait_empty(Instant::now() + CLEAN_UP_TIMEOUT))
            .and_then(|_| self.0.remove());
        if let Err(error) = cleaned {
            eprintln!("a test's cgroup could not be cleaned up: {error}");
        }
    }
}
