//! Control groups, version 2: finding the hierarchy, and one directory of it as a place of processes.
//!
//! Waiting is done by poll(2) on `cgroup.events`, never by asking again and again. Every wait has a deadline that
//! the caller gives.

mod leaf;
mod mount;

use std::io;
use std::path::{Path, PathBuf};

pub use leaf::{Events, EventsWatch, Leaf};
pub use mount::{check_place, check_root, find_mount};

/// Why something with control groups did not go.
#[derive(Debug, thiserror::Error)]
pub enum CgroupError {
    /// The machine's: no version 2 hierarchy.
    #[error(
        "no cgroup v2 hierarchy is mounted; boot with systemd.unified_cgroup_hierarchy=1, or mount one: \
         mount -t cgroup2 none /sys/fs/cgroup/unified"
    )]
    NoHierarchy,
    /// The machine's: the kernel is too old.
    #[error(
        "'{path}' has no {file}; cgroup v2 with freeze and kill is needed, which Linux 5.14 and later have"
    )]
    TooOld {
        /// The directory that was looked at.
        path: PathBuf,
        /// The file that is missing.
        file: &'static str,
    },
    /// The caller's: a path elsewhere.
    #[error("'{0}' is not in a cgroup v2 hierarchy; set cgroup_root to a directory below the mount of one")]
    NotCgroup(PathBuf),
    /// The caller's: the mount point itself.
    #[error("'{0}' is a whole cgroup v2 hierarchy; set cgroup_root to a directory below it")]
    WholeHierarchy(PathBuf),
    /// The leaf is not there.
    #[error("the cgroup '{0}' does not exist")]
    Missing(PathBuf),
    /// The caller's: a place that is not its own, or a way into it that crosses a border.
    #[error(
        "cannot {action} '{path}': {source}; without root, cgroup_root has to be below a control group that belongs \
         to the user (systemd: Delegate=yes), and everything has to be started inside that one"
    )]
    Denied {
        /// What was tried: "write".
        action: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// The kernel refused.
    #[error("cannot {action} '{path}': {source}")]
    Io {
        /// What was tried: "write".
        action: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
}

impl CgroupError {
    /// Whether what was to be acted on is not there.
    pub(crate) fn is_missing(&self) -> bool {
        match self {
            CgroupError::Missing(_) => true,
            CgroupError::Io { source, .. } => source.kind() == io::ErrorKind::NotFound,
            _ => false,
        }
    }

    pub(crate) fn io(action: &'static str, path: &Path, source: impl Into<io::Error>) -> Self {
        let (path, source) = (path.to_owned(), source.into());
        match source.kind() {
            io::ErrorKind::PermissionDenied => CgroupError::Denied { action, path, source },
            _ => CgroupError::Io { action, path, source },
        }
    }
}

#[cfg(test)]
mod tests;
