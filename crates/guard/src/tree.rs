//! The cluster's cgroup tree, as the guard handles it. Decides nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mainstay_ipc::guard::Leaf;
use mainstay_process::{CgroupError, Claim, ClaimError, Process, cgroup, claim, layout, strays};
use mainstay_types::{ClusterId, ResourceId};

use crate::core::{Found, Seen};

/// How long a closed leaf may take to lose what came late to it, before it is made anew. The loop stands still
/// meanwhile, so it is short; the service asks again.
const RENEW_TIMEOUT: Duration = Duration::from_millis(250);

/// How many passes are made for a leaf of which something is seen that cannot be held: it was in the leaf, or has gone.
/// The loop stands still meanwhile, so they are few; the service asks again.
const PASSES_MAX: usize = 3;

/// Why a tree cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// The control groups.
    #[error(transparent)]
    Cgroup(#[from] CgroupError),
    /// Somebody else acts there.
    #[error(transparent)]
    Claim(#[from] ClaimError),
}

/// The tree below the root.
#[derive(Debug)]
pub struct Tree {
    root: PathBuf,
    cluster: ClusterId,
    run_dir: PathBuf,
    /// Held for the guard's life.
    _claim: Claim,
}

impl Tree {
    /// Makes the root if it is not there, checks that it can do what is needed, and that nobody of another run
    /// directory acts in it; from then on nobody else may.
    pub fn claim(root: &Path, cluster: ClusterId, run_dir: &Path) -> Result<Self, TreeError> {
        cgroup::Leaf::new(root).create()?;
        cgroup::check_root(root)?;
        let held = Claim::guard(root, cluster)?;
        claim::check_hosts(root, run_dir)?;
        Ok(Tree { root: root.to_owned(), cluster, run_dir: run_dir.to_owned(), _claim: held })
    }

    /// The root's directory, without symbolic links, as services name it too.
    pub fn path(&self) -> Result<String, CgroupError> {
        cgroup::Leaf::new(&self.root).real_path()
    }

    /// Moves this process to its place in the tree.
    pub fn enter(&self) -> Result<(), CgroupError> {
        let own = cgroup::Leaf::new(layout::guard(&self.root));
        own.create()?;
        own.adopt(0)?;
        cgroup::Leaf::new(layout::pool(&self.root)).create()
    }

    /// The leaf's directory.
    pub fn leaf(&self, leaf: Leaf) -> cgroup::Leaf {
        cgroup::Leaf::new(match leaf {
            Leaf::Pool => layout::pool(&self.root),
            Leaf::Resource { group, resource } => layout::resource(&self.root, group, resource),
        })
    }

    /// Every leaf that is there.
    pub fn find_all(&self) -> Result<Vec<Found>, CgroupError> {
        let mut leaves = Vec::new();
        if self.leaf(Leaf::Pool).exists() {
            leaves.push(Leaf::Pool);
        }
        for (path, name) in subdirectories(&self.root)? {
            let Some(group) = layout::parse_group(&name) else { continue };
            for (_, name) in subdirectories(&path)? {
                if let Some(resource) = layout::parse_resource(&name) {
                    leaves.push(Leaf::Resource { group, resource });
                }
            }
        }
        leaves
            .into_iter()
            .map(|leaf| {
                let place = self.leaf(leaf);
                let events = place.events()?;
                let frozen = events.frozen || place.is_freeze_requested()?;
                Ok(Found { leaf, frozen, populated: events.populated })
            })
            .collect()
    }

    /// What is so now. `None`: it is not there.
    pub fn look(&self, leaf: Leaf) -> Result<Option<Seen>, CgroupError> {
        match self.leaf(leaf).events() {
            Ok(events) => Ok(Some(Seen { populated: events.populated, frozen: events.frozen })),
            Err(CgroupError::Missing(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What there is of these leaves' resources beside what the kernel counts in them, which is nothing: what has left
    /// them and still runs, by leaf. A leaf with nothing to be held is one of which something was seen that comes and
    /// goes. One that is not here has nothing. A leaf need not be there.
    pub fn strays(&self, leaves: &BTreeSet<Leaf>) -> Result<BTreeMap<Leaf, Vec<Process>>, CgroupError> {
        let (mut found, mut open) = (BTreeMap::new(), leaves.clone());
        for _ in 0..PASSES_MAX {
            if open.is_empty() {
                break;
            }
            let marked = self.marked()?;
            for leaf in std::mem::take(&mut open) {
                let Leaf::Resource { resource, .. } = leaf else { continue };
                let marked = marked.get(&resource).map(Vec::as_slice).unwrap_or_default();
                let run_dir = Some(self.run_dir.as_path());
                let seen = strays::of_resource(self.cluster, resource, &self.leaf(leaf), run_dir, marked)?;
                if seen.is_clear {
                    found.remove(&leaf);
                    continue;
                }
                if seen.outside.is_empty() {
                    open.insert(leaf);
                }
                found.insert(leaf, seen.outside);
            }
        }
        Ok(found)
    }

    /// One pass over the processes of the machine, for all leaves.
    fn marked(&self) -> Result<BTreeMap<ResourceId, Vec<strays::Marked>>, CgroupError> {
        let listed = strays::of_cluster(self.cluster);
        let path = PathBuf::from("/proc");
        let listed = listed.map_err(|source| CgroupError::Io { action: "list", path, source })?;
        Ok(strays::by_resource(listed))
    }

    /// Makes the leaf; anew, where it was closed: a directory that somebody still holds from before leads nowhere.
    pub fn open(&self, leaf: Leaf, renew: bool) -> Result<String, String> {
        let place = self.leaf(leaf);
        let made = || -> Result<bool, CgroupError> {
            if renew && place.exists() {
                place.kill()?;
                if !place.wait_empty(Instant::now() + RENEW_TIMEOUT)? {
                    return Ok(false);
                }
                place.remove()?;
            }
            place.create()?;
            Ok(true)
        };
        match made() {
            Ok(true) => Ok(place.path().display().to_string()),
            Ok(false) => {
                Err(format!("{} cannot be emptied: {}", place.path().display(), self.who_is_in(leaf)))
            }
            Err(error) => Err(error.to_string()),
        }
    }

    /// Removes the leaf, and its slice with the last one.
    pub fn remove(&self, leaf: Leaf) -> Result<(), String> {
        let place = self.leaf(leaf);
        match place.is_populated() {
            Ok(true) => {
                return Err(format!("{} is not empty: {}", place.path().display(), self.who_is_in(leaf)));
            }
            Ok(false) => {}
            Err(error) => return Err(error.to_string()),
        }
        place.remove().map_err(|error| error.to_string())?;
        if let Leaf::Resource { group, .. } = leaf {
            // Not empty is the usual case: other resources of the group are there.
            let _ = fs::remove_dir(layout::group(&self.root, group));
        }
        Ok(())
    }

    /// The processes in a leaf, for people.
    pub fn who_is_in(&self, leaf: Leaf) -> String {
        /// As many as one can read in a message.
        const SHOWN_MAX: usize = 8;
        match self.leaf(leaf).pids() {
            Ok(pids) if pids.is_empty() => "nothing any more".into(),
            Ok(pids) => {
                let shown: Vec<String> =
                    pids.iter().take(SHOWN_MAX).map(|pid| format!("process {pid}")).collect();
                let more = if pids.len() > SHOWN_MAX { " and more" } else { "" };
                format!("{}{more} in it", shown.join(", "))
            }
            Err(error) => error.to_string(),
        }
    }
}

fn subdirectories(path: &Path) -> Result<Vec<(PathBuf, String)>, CgroupError> {
    let entries = fs::read_dir(path).map_err(|source| CgroupError::Io {
        action: "list",
        path: path.to_owned(),
        source,
    })?;
    Ok(entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| (entry.path(), entry.file_name().to_string_lossy().into_owned()))
        .collect())
}
