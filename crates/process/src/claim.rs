//! Who acts in a cluster's cgroup tree: one guard and one service, each of which holds the lock of a directory of its
//! own there for as long as it lives. The kernel lets go of it when the process ends, however it ends.
//!
//! Two guards or two services in one tree would take each other's resources for leftovers, and stop or start them
//! again. That happens by a slip: another run directory, or a copy of the data directory.

mod elsewhere;
mod lock;
mod name;

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use mainstay_types::ClusterId;

use crate::cgroup::{CgroupError, Leaf};
use crate::layout;
use lock::{is_open_here, lock, make_private, patiently};

pub use elsewhere::{check_beside, check_elsewhere, check_stopped, find_of_others, marked};
pub use lock::{holder_of, lock_file};
pub use name::{NameError, ServiceName};

/// What the service locks in its run directory.
const SERVICE_LOCK: &str = "service.lock";

/// How the names of all host programs begin.
const HOST_PROGRAM: &str = "mainstay-host";

/// Why a tree cannot be acted in.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// Two clusters in one tree would stop each other's resources.
    #[error("the cgroup '{root}' belongs to cluster {other}; set another cgroup_root")]
    OtherCluster {
        /// The tree.
        root: PathBuf,
        /// Whose it is.
        other: ClusterId,
    },
    /// A guard acts there already.
    #[error(
        "cgroup_root '{root}' is in the hands of another guard ({holder}); set run_dir to that guard's, or take its \
         resources offline and end it"
    )]
    Guard {
        /// The tree.
        root: PathBuf,
        /// Who acts there.
        holder: Holder,
    },
    /// Another service acts there, perhaps on a copy of the data directory.
    #[error(
        "cgroup_root '{root}' is in the hands of another service ({holder}); end that one first, or, for another \
         cluster, set another cgroup_root"
    )]
    Service {
        /// The tree.
        root: PathBuf,
        /// Who acts there.
        holder: Holder,
    },
    /// Another service has the run directory.
    #[error(
        "run_dir '{run_dir}' is in the hands of another service ({holder}); end that one first, or set another run_dir"
    )]
    RunDir {
        /// The run directory.
        run_dir: PathBuf,
        /// Who acts there.
        holder: Holder,
    },
    /// The lock in the run directory cannot be had.
    #[error("'{path}' cannot be locked: {source}; correct run_dir")]
    Lock {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Another service of the cluster has its name on this machine.
    #[error(
        "another service of this cluster acts on this machine ({holder}); end that one first, and start again for \
         cgroup_root '{root}'. Of a cluster and its copies only one is served"
    )]
    Served {
        /// The tree that was to be acted in.
        root: PathBuf,
        /// Who acts.
        holder: Holder,
    },
    /// Something of the cluster runs in another tree: looked for in this one, it would be taken for stopped, and
    /// started a second time.
    #[error(
        "{count} of this cluster's processes run in cgroup_root '{other}' ({holder}), not in '{root}'; set cgroup_root \
         to that one. To change it, take everything offline there first, end the service, and then guard and hosts. \
         A copy of a cluster is served where the cluster is not"
    )]
    Elsewhere {
        /// The tree that was to be acted in.
        root: PathBuf,
        /// The tree in which they run.
        other: PathBuf,
        /// How many processes run there.
        count: usize,
        /// One of them.
        holder: Holder,
    },
    /// Another service of the cluster acts in another tree, or is about to: of two who begin at once both may be told.
    #[error(
        "another service of this cluster acts in cgroup_root '{other}' ({holder}), not in '{root}'; end that one first. \
         Of a cluster and its copies only one is served; if both were started at once, start only that one"
    )]
    ServedElsewhere {
        /// The tree that was to be acted in.
        root: PathBuf,
        /// The tree that is served.
        other: PathBuf,
        /// Who acts there.
        holder: Holder,
    },
    /// Something of the cluster runs, and nothing of it may.
    #[error(
        "{count} of the processes of cluster {cluster} run in cgroup_root '{root}' ({holder}); take everything offline, end the \
         service, then end what is left of them with: \
         echo 1 | tee '{root}'/pool/cgroup.kill '{root}'/group-*/cgroup.kill"
    )]
    Running {
        /// Whose they are.
        cluster: ClusterId,
        /// The tree in which they run.
        root: PathBuf,
        /// How many, the guard not counted.
        count: usize,
        /// One of them.
        holder: Holder,
    },
    /// Something that resources of the cluster have started runs outside of its trees, and nothing of it may.
    #[error(
        "{count} processes that resources of cluster {cluster} have started run outside of its control groups ({holder}); \
         end them, this one with: kill {pid}"
    )]
    Strays {
        /// Whose they are.
        cluster: ClusterId,
        /// How many.
        count: usize,
        /// One of them.
        pid: i32,
        /// The same, in words.
        holder: Holder,
    },
    /// A host of another run directory runs there, and its guard is gone.
    #[error(
        "in cgroup_root '{root}' runs a host of another run_dir ({holder}); set run_dir to that one, or end that \
         process"
    )]
    Host {
        /// The tree.
        root: PathBuf,
        /// The host.
        holder: Holder,
    },
    /// The control groups.
    #[error(transparent)]
    Cgroup(#[from] CgroupError),
}

/// A process that acts in a tree, as far as it can be found out.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Holder {
    /// Its number. `None`: it cannot be seen from here.
    pub pid: Option<i32>,
    /// The run directory on its command line.
    pub run_dir: Option<PathBuf>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pid {
            Some(pid) => write!(f, "process {pid}")?,
            None => f.write_str("a process that cannot be seen from here")?,
        }
        match &self.run_dir {
            Some(run_dir) => write!(f, ", run_dir '{}'", run_dir.display()),
            None => Ok(()),
        }
    }
}

impl Holder {
    fn of(pid: i32) -> Self {
        Holder { pid: Some(pid), run_dir: run_dir_of(pid) }
    }

    /// Whether it is known to have this run directory.
    pub fn is_of(&self, run_dir: &Path) -> bool {
        self.run_dir.as_ref().is_some_and(|other| is_same_directory(other, run_dir))
    }

    /// Whether it is known to have another run directory than this one.
    fn is_elsewhere(&self, run_dir: &Path) -> bool {
        self.run_dir.is_some() && !self.is_of(run_dir)
    }
}

/// The lock, held until this is dropped. No program that the process starts inherits it.
#[derive(Debug)]
pub struct Claim {
    root: PathBuf,
    cluster: ClusterId,
    locked: File,
    /// The lock in the run directory.
    run_dir: Option<File>,
    name: Option<ServiceName>,
    /// What was not there before.
    made: Vec<PathBuf>,
}

impl Claim {
    /// Makes this process the guard of a tree, and the tree the cluster's. The root has to be there; it carries the
    /// cluster's id as the name of an empty directory, since files of ours cannot be there.
    ///
    /// # Errors
    ///
    /// There is a guard, or it is another cluster's.
    pub fn guard(root: &Path, cluster: ClusterId) -> Result<Self, ClaimError> {
        check_owner(root, cluster)?;
        match lock(&layout::owner(root, cluster))? {
            Ok(locked) => Ok(Claim::new(root, cluster, locked, Vec::new())),
            Err(holder) => Err(ClaimError::Guard { root: root.to_owned(), holder }),
        }
    }

    /// Makes this process the service of a tree, and the tree the cluster's, so that who looks for the cluster sees the
    /// service before anything runs. The root is made where it is not there.
    ///
    /// # Errors
    ///
    /// There is a service, or it is another cluster's.
    pub fn service(root: &Path, cluster: ClusterId) -> Result<Self, ClaimError> {
        let tried = patiently(|| match Self::try_service(root, cluster) {
            // Somebody clears the tree away at this moment.
            Err(ClaimError::Cgroup(error)) if error.is_missing() => None,
            tried => Some(tried),
        });
        tried.unwrap_or_else(|| Self::try_service(root, cluster))
    }

    fn try_service(root: &Path, cluster: ClusterId) -> Result<Self, ClaimError> {
        check_owner(root, cluster)?;
        Leaf::new(root).create()?;
        let (owner, service) = (layout::owner(root, cluster), layout::service(root));
        let made = [owner, service].into_iter().filter(|directory| !directory.exists()).collect();
        make_private(&layout::owner(root, cluster))?;
        match lock(&layout::service(root))? {
            Ok(locked) => Ok(Claim::new(root, cluster, locked, made)),
            Err(holder) => Err(ClaimError::Service { root: root.to_owned(), holder }),
        }
    }

    fn new(root: &Path, cluster: ClusterId, locked: File, made: Vec<PathBuf>) -> Self {
        Claim { root: root.to_owned(), cluster, locked, run_dir: None, name: None, made }
    }

    /// Keeps the cluster's name on this machine as long as the claim.
    pub fn keep_name(&mut self, name: ServiceName) {
        self.name = Some(name);
    }

    /// Makes this process the service of a run directory, too. The tree can be swept away, and the lock there with it,
    /// until it is taken again; what is here stays.
    ///
    /// # Errors
    ///
    /// There is a service, or the lock cannot be had.
    pub fn take_run_dir(&mut self, run_dir: &Path) -> Result<(), ClaimError> {
        let path = run_dir.join(SERVICE_LOCK);
        match lock_file(&path) {
            Ok(Ok(locked)) => {
                self.run_dir = Some(locked);
                Ok(())
            }
            Ok(Err(holder)) => Err(ClaimError::RunDir { run_dir: run_dir.to_owned(), holder }),
            Err(source) => Err(ClaimError::Lock { path, source }),
        }
    }

    /// Whether the claim of a service is still in its place.
    pub fn stands(&self) -> bool {
        if let Some(name) = &self.name {
            name.hear();
        }
        layout::owner(&self.root, self.cluster).is_dir()
            && is_open_here(&self.locked, &layout::service(&self.root))
    }

    /// Makes this process the service of its tree again, where somebody has cleared the tree away: an init system does
    /// that once nothing runs in a unit, a sweep of empty control groups at any time, and the lock of what was removed
    /// keeps nobody out. `true`: something was missing, and somebody who looked meanwhile has not seen this service.
    ///
    /// # Errors
    ///
    /// Another service was quicker, or the tree cannot be had.
    pub fn renew_service(&mut self) -> Result<bool, ClaimError> {
        if self.stands() {
            return Ok(false);
        }
        if is_open_here(&self.locked, &layout::service(&self.root)) {
            make_private(&layout::owner(&self.root, self.cluster))?;
        } else {
            // The other locks are kept, whatever becomes of this one.
            self.locked = Self::service(&self.root, self.cluster)?.locked;
        }
        Ok(true)
    }

    /// Gives the tree back before anything has run in it, without what was not there before.
    pub fn give_back(self) {
        for directory in &self.made {
            // The lock is held until the end. Who has waited for it finds that the directory is no longer there.
            let _ = fs::remove_dir(directory);
        }
    }
}

/// Looks whether a service with this run directory may act in a tree, and changes nothing. What cannot be seen is not
/// complained of: the locks have the last word.
///
/// # Errors
///
/// It is another cluster's, a service acts there, or a guard or a host of another run directory.
pub fn check(root: &Path, cluster: ClusterId, run_dir: &Path) -> Result<(), ClaimError> {
    check_owner(root, cluster)?;
    if let Some(holder) = holder_of(&layout::service(root)) {
        return Err(ClaimError::Service { root: root.to_owned(), holder });
    }
    let guard = holder_of(&layout::owner(root, cluster));
    if let Some(holder) = guard.filter(|guard| guard.is_elsewhere(run_dir)) {
        return Err(ClaimError::Guard { root: root.to_owned(), holder });
    }
    check_beside(root, cluster, run_dir)?;
    check_hosts(root, run_dir)
}

/// Looks whether a tree, which need not be there, is no other cluster's.
fn check_owner(root: &Path, cluster: ClusterId) -> Result<(), ClaimError> {
    let entries = match fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(CgroupError::io("list", root, error).into()),
    };
    let mut owners =
        entries.filter_map(|entry| layout::parse_owner(&entry.ok()?.file_name().to_string_lossy()));
    match owners.find(|owner| *owner != cluster) {
        Some(other) => Err(ClaimError::OtherCluster { root: root.to_owned(), other }),
        None => Ok(()),
    }
}

/// Looks whether only hosts of this run directory run in a tree.
///
/// # Errors
///
/// Another one does, or the tree cannot be read.
pub fn check_hosts(root: &Path, run_dir: &Path) -> Result<(), ClaimError> {
    let hosts = elsewhere::pids_of(root)?.into_iter().filter(|pid| is_host(*pid)).map(Holder::of);
    match hosts.into_iter().find(|host| host.is_elsewhere(run_dir)) {
        Some(holder) => Err(ClaimError::Host { root: root.to_owned(), holder }),
        None => Ok(()),
    }
}

/// Whether a process is a host, run by our own account: what others call so counts for nothing.
fn is_host(pid: i32) -> bool {
    let us = rustix::process::geteuid().as_raw();
    let is_ours = fs::metadata(format!("/proc/{pid}")).is_ok_and(|process| process.uid() == us);
    let program = fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
    let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    is_ours && name.starts_with(HOST_PROGRAM)
}

/// The run directory on a process's command line, as it can be opened from here.
fn run_dir_of(pid: i32) -> Option<PathBuf> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    elsewhere::absolute_of(pid, elsewhere::argument(&line, "--run-dir")?.into())
}

/// Whether two paths lead to the same place; those that lead nowhere are compared as they are written.
fn is_same_directory(one: &Path, other: &Path) -> bool {
    let place = |path: &Path| fs::metadata(path).map(|found| (found.dev(), found.ino())).ok();
    one == other || place(one).is_some_and(|found| place(other) == Some(found))
}

#[cfg(test)]
mod tests {
    use super::lock::MODE;
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn the_run_directory_is_found_on_a_command_line() {
        for (line, found) in [
            (&b"mainstay-guard\0--run-dir\0/r d\0--cluster\0x\0"[..], Some("/r d")),
            (b"mainstayd\0--run-dir=/r\0", Some("/r")),
            (b"mainstayd\0--config\0x\0", None),
            (b"mainstayd\0--run-dir", None),
            (b"", None),
        ] {
            assert_eq!(elsewhere::argument(line, "--run-dir"), found.map(Into::into), "{line:?}");
        }
    }

    #[test]
    fn what_runs_in_another_tree_is_found() {
        let Some(scratch) = Scratch::or_skip() else { return };
        let cluster = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f1".parse().unwrap();
        let other = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f2".parse().unwrap();
        let (one, two) = (scratch.path().join("a/one"), scratch.path().join("two"));
        for root in [&one, &two] {
            Leaf::new(root).create().unwrap();
        }
        let _guards = (Claim::guard(&one, cluster).unwrap(), Claim::guard(&two, other).unwrap());
        check_elsewhere(scratch.path(), &two, cluster, &[]).unwrap();
        let leaf = Leaf::new(one.join("pool"));
        leaf.create().unwrap();
        let mut child = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        leaf.adopt(i32::try_from(child.id()).unwrap()).unwrap();
        check_elsewhere(scratch.path(), &one, cluster, &[]).unwrap();
        check_elsewhere(scratch.path(), &two, other, &[]).unwrap();
        check_stopped(scratch.path(), other, &[]).unwrap();
        let message = check_stopped(scratch.path(), cluster, &[]).unwrap_err().to_string();
        assert!(message.starts_with("1 of the processes of cluster 0f1e2d3c"), "{message}");
        let message = check_elsewhere(scratch.path(), &two, cluster, &[]).unwrap_err().to_string();
        assert!(message.starts_with("1 of this") && message.contains(one.to_str().unwrap()), "{message}");
        child.kill().unwrap();
        child.wait().unwrap();
        check_elsewhere(scratch.path(), &two, cluster, &[]).unwrap();
        check_stopped(scratch.path(), cluster, &[]).unwrap();
        let _service = Claim::service(&two, other).unwrap();
        let message = check_stopped(scratch.path(), other, &[]).unwrap_err().to_string();
        assert!(message.contains("another service"), "{message}");
    }

    #[test]
    fn a_tree_has_one_guard_and_one_service_at_a_time() {
        let Some(scratch) = Scratch::or_skip() else { return };
        let (root, cluster) = (scratch.path(), "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0".parse().unwrap());
        let take: [&dyn Fn() -> Result<Claim, ClaimError>; 2] =
            [&|| Claim::guard(root, cluster), &|| Claim::service(root, cluster)];
        for take in take {
            let held = take().unwrap();
            let message = take().unwrap_err().to_string();
            let us = format!("process {}", std::process::id());
            assert!(message.contains(root.to_str().unwrap()) && message.contains(&us), "{message}");
            drop(held);
            take().unwrap();
        }
        for directory in [layout::owner(root, cluster), layout::service(root)] {
            assert_eq!(fs::metadata(directory).unwrap().mode() & 0o777, MODE, "others cannot lock it");
        }
        check(root, cluster, Path::new("/nonexistent")).unwrap();
        let mut held = Claim::service(root, cluster).unwrap();
        assert!(!held.renew_service().unwrap());
        for swept in [layout::service(root), layout::owner(root, cluster)] {
            fs::remove_dir(&swept).unwrap();
            assert!(held.renew_service().unwrap(), "{}", swept.display());
            assert!(swept.is_dir());
            assert!(matches!(Claim::service(root, cluster), Err(ClaimError::Service { .. })));
        }
        let run_dir = tempfile::tempdir().unwrap();
        held.take_run_dir(run_dir.path()).unwrap();
        fs::remove_dir(layout::service(root)).unwrap();
        // Where the tree was swept, who comes before it is looked after finds the run directory taken.
        let mut other = Claim::service(root, cluster).unwrap();
        let message = other.take_run_dir(run_dir.path()).unwrap_err().to_string();
        assert!(message.contains("in the hands of another service"), "{message}");
        drop(other);
        assert!(held.renew_service().unwrap());
        let elsewhere = root.join("b");
        Leaf::new(&elsewhere).create().unwrap();
        let mut other = Claim::service(&elsewhere, cluster).unwrap();
        assert!(other.take_run_dir(run_dir.path()).is_err(), "renewed, it still has it");
        drop(held);
        let other = "1f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0".parse().unwrap();
        let message = Claim::guard(root, other).unwrap_err().to_string();
        assert!(message.contains("belongs to cluster 0f1e2d3c"), "{message}");
        assert!(!layout::owner(root, other).exists(), "nothing was made");
    }
}
