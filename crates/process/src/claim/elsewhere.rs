//! Looks for a cluster in other trees than the one that is to be acted in, and changes nothing.
//!
//! A cluster is known by what stands outside of everything that can be copied:
//!
//! - the mark, an empty directory with the cluster's id as its name: its tree is in use while it has processes, or
//!   while a service holds the tree's lock, which it takes before it looks for others;
//! - processes in the slice of one of its groups, which is there when the mark has been swept away;
//! - guards and hosts with the cluster's id on their command line.
//!
//! Only what is ours or root's counts: anybody can make such a directory in a place of his own.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use mainstay_types::{ClusterId, GroupId};

use super::{ClaimError, HOST_PROGRAM, Holder, is_locked, is_same_directory};
use crate::cgroup::{CgroupError, Leaf};
use crate::layout;

/// How the names of the programs begin that have the cluster's id on their command line.
const PROGRAMS: [&str; 2] = [GUARD_PROGRAM, HOST_PROGRAM];

/// The guard's name.
const GUARD_PROGRAM: &str = "mainstay-guard";

/// A tree of the cluster.
#[derive(PartialEq, Eq, Debug)]
struct Tree {
    root: PathBuf,
    /// Where its processes are: everywhere below the root, or only in these slices where nothing else says whose the
    /// rest is.
    places: Vec<PathBuf>,
}

impl Tree {
    /// The processes that are there.
    fn pids(&self) -> Result<Vec<i32>, CgroupError> {
        let mut pids = Vec::new();
        for place in &self.places {
            pids.extend(Leaf::new(place).pids()?);
        }
        Ok(pids)
    }
}

/// Looks whether anything of a cluster, which has these groups, runs or is served in another tree of the hierarchy
/// that is mounted here. Who looks with [`Claim::service`](super::Claim::service) in the hand is seen by everybody who
/// looks after that: of two who begin at once, at least one is refused.
///
/// # Errors
///
/// Something runs there or is served there, or the hierarchy cannot be read.
pub fn check_elsewhere(
    mount: &Path,
    root: &Path,
    cluster: ClusterId,
    groups: &[GroupId],
) -> Result<(), ClaimError> {
    let above: HashSet<_> =
        fs::canonicalize(root).unwrap_or_default().ancestors().filter_map(place_of).collect();
    for tree in trees_of(mount, Some(root), cluster, groups)? {
        // What runs in this one runs below that one too.
        let is_above = place_of(&tree.root).is_some_and(|place| above.contains(&place));
        let ours: HashSet<i32> =
            if is_above { Leaf::new(root).pids()?.into_iter().collect() } else { HashSet::new() };
        let mut pids = tree.pids()?;
        pids.retain(|pid| !ours.contains(pid));
        if let Some(pid) = pids.first() {
            let (root, other, holder) = (root.to_owned(), tree.root, Holder::of(*pid));
            return Err(ClaimError::Elsewhere { root, other, count: pids.len(), holder });
        }
        if let Some(holder) = is_locked(&layout::service(&tree.root))? {
            return Err(ClaimError::ServedElsewhere { root: root.to_owned(), other: tree.root, holder });
        }
    }
    match find_program(&PROGRAMS, cluster, |_, other| !is_same_directory(other, root)) {
        Some((pid, other)) => {
            let holder = Holder::of(pid);
            Err(ClaimError::Elsewhere { root: root.to_owned(), other, count: 1, holder })
        }
        None => Ok(()),
    }
}

/// Looks whether no guard of another run directory acts in a tree, also where its lock has been swept away.
///
/// # Errors
///
/// One does.
pub fn check_beside(root: &Path, cluster: ClusterId, run_dir: &Path) -> Result<(), ClaimError> {
    let is_other = |pid, tree: &Path| is_same_directory(tree, root) && Holder::of(pid).is_elsewhere(run_dir);
    match find_program(&[GUARD_PROGRAM], cluster, is_other) {
        Some((pid, root)) => Err(ClaimError::Guard { root, holder: Holder::of(pid) }),
        None => Ok(()),
    }
}

/// Looks whether nothing of a cluster, which has these groups, runs or is served in any tree of the hierarchy that is
/// mounted here: no service, no host and no resource. A guard may: it acts for nobody by itself.
///
/// # Errors
///
/// Something runs or is served, or the hierarchy cannot be read.
pub fn check_stopped(mount: &Path, cluster: ClusterId, groups: &[GroupId]) -> Result<(), ClaimError> {
    for tree in trees_of(mount, None, cluster, groups)? {
        if let Some(holder) = is_locked(&layout::service(&tree.root))? {
            return Err(ClaimError::Service { root: tree.root, holder });
        }
        let guard = is_locked(&layout::owner(&tree.root, cluster))?.and_then(|holder| holder.pid);
        let mut pids = tree.pids()?;
        pids.retain(|pid| Some(*pid) != guard);
        if let Some(pid) = pids.first() {
            let (count, holder) = (pids.len(), Holder::of(*pid));
            return Err(ClaimError::Running { cluster, root: tree.root, count, holder });
        }
    }
    match find_program(&[HOST_PROGRAM], cluster, |_, _| true) {
        Some((pid, root)) => Err(ClaimError::Running { cluster, root, count: 1, holder: Holder::of(pid) }),
        None => Ok(()),
    }
}

/// The trees of a cluster below a directory, but for an own one. Everything is looked through, since trees may be in
/// one another; only the slices of the own one are not, where nothing but its own resources is.
fn trees_of(
    top: &Path,
    root: Option<&Path>,
    cluster: ClusterId,
    groups: &[GroupId],
) -> Result<Vec<Tree>, CgroupError> {
    let groups: HashSet<GroupId> = groups.iter().copied().collect();
    let own = root.and_then(place_of);
    let (mut found, mut open) = (Vec::new(), vec![top.to_owned()]);
    while let Some(directory) = open.pop() {
        let entries = match fs::read_dir(&directory) {
            Ok(entries) => entries,
            // It has just gone, or it is not for us to see: then it is not ours.
            Err(error)
                if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) =>
            {
                continue;
            }
            Err(error) => return Err(CgroupError::io("list", &directory, error)),
        };
        let mut below: Vec<(PathBuf, String)> = entries
            .filter_map(Result::ok)
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
            .map(|entry| (entry.path(), entry.file_name().to_string_lossy().into_owned()))
            .collect();
        if own.is_some() && place_of(&directory) == own {
            below.retain(|(_, name)| layout::parse_group(name).is_none());
        } else {
            let is_marked = below
                .iter()
                .any(|(path, name)| layout::parse_owner(name) == Some(cluster) && is_trusted(path));
            let slices = below
                .iter()
                .filter(|(path, name)| {
                    layout::parse_group(name).is_some_and(|group| groups.contains(&group)) && is_trusted(path)
                })
                .map(|(path, _)| path.clone());
            let places = if is_marked { vec![directory.clone()] } else { slices.collect() };
            if !places.is_empty() {
                found.push(Tree { root: directory, places });
            }
        }
        open.extend(below.into_iter().map(|(path, _)| path));
    }
    Ok(found)
}

/// One of these programs of the cluster that acts in a tree of which this is true, and that tree.
fn find_program(
    programs: &[&str],
    cluster: ClusterId,
    is_sought: impl Fn(i32, &Path) -> bool,
) -> Option<(i32, PathBuf)> {
    let processes = fs::read_dir("/proc").ok()?.filter_map(Result::ok);
    processes.filter(|process| is_trusted(&process.path())).find_map(|process| {
        let pid = process.file_name().to_string_lossy().parse().ok()?;
        let line = fs::read(process.path().join("cmdline")).ok()?;
        let root = absolute_of(pid, parse_program(&line, programs, cluster)?)?;
        is_sought(pid, &root).then_some((pid, root))
    })
}

/// The cgroup root on the command line of one of these programs of this cluster.
fn parse_program(line: &[u8], programs: &[&str], cluster: ClusterId) -> Option<PathBuf> {
    let program = line.split(|byte| *byte == 0).next()?.rsplit(|byte| *byte == b'/').next()?;
    let is_program = programs.iter().any(|known| program.starts_with(known.as_bytes()));
    let of = argument(line, "--cluster")?.into_string().ok()?.parse::<ClusterId>().ok()?;
    let root = argument(line, "--cgroup-root")?;
    (is_program && of == cluster).then(|| root.into())
}

/// The value of an argument on a command line, in either form.
pub(super) fn argument(line: &[u8], name: &str) -> Option<OsString> {
    let mut words = line.split(|byte| *byte == 0);
    while let Some(word) = words.next() {
        let value = match word.strip_prefix(name.as_bytes()) {
            Some(b"") => words.next()?,
            Some([b'=', value @ ..]) => value,
            _ => continue,
        };
        return Some(OsString::from_vec(value.to_owned()));
    }
    None
}

/// A path on a process's command line as it can be opened from here.
pub(super) fn absolute_of(pid: i32, path: PathBuf) -> Option<PathBuf> {
    match path.is_absolute() {
        true => Some(path),
        false => Some(fs::read_link(format!("/proc/{pid}/cwd")).ok()?.join(path)),
    }
}

/// Whether a directory, or a process by its own, is our account's or root's.
fn is_trusted(directory: &Path) -> bool {
    fs::metadata(directory).is_ok_and(|found| is_trusted_user(found.uid()))
}

/// Whether an account is ours or root's.
pub(super) fn is_trusted_user(uid: u32) -> bool {
    uid == 0 || uid == rustix::process::geteuid().as_raw()
}

fn place_of(directory: &Path) -> Option<(u64, u64)> {
    fs::metadata(directory).map(|found| (found.dev(), found.ino())).ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::chown;

    use super::*;

    const CLUSTER: &str = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f1";
    const OTHER: &str = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f2";
    const GROUP: &str = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f3";

    /// A directory that stands for the mount: directories, with a process in those that end with `!` and somebody
    /// else as the owner of those that end with `?`.
    fn mount(directories: &[&str]) -> tempfile::TempDir {
        let top = tempfile::tempdir().unwrap();
        fs::write(top.path().join("cgroup.procs"), "").unwrap();
        for (number, directory) in directories.iter().enumerate() {
            let path = top.path().join(expand(directory).trim_end_matches(['!', '?']));
            fs::create_dir_all(&path).unwrap();
            // A plain directory of a mount has the file whether or not a process is there.
            let above = path.ancestors().take_while(|above| *above != top.path());
            for above in above.filter(|above| !above.join("cgroup.procs").exists()) {
                fs::write(above.join("cgroup.procs"), "").unwrap();
            }
            if directory.ends_with('!') {
                // Beyond every number that a process has: nothing is to be found out about it.
                fs::write(path.join("cgroup.procs"), format!("{}\n", i32::MAX - number as i32)).unwrap();
            }
            if directory.ends_with('?') {
                chown(&path, Some(61_001), None).unwrap();
            }
        }
        top
    }

    fn expand(text: &str) -> String {
        text.replace("MARK", &format!("cluster-{CLUSTER}"))
            .replace("FOREIGN", &format!("cluster-{OTHER}"))
            .replace("GROUP", &format!("group-{GROUP}"))
            .replace("STRANGE", &format!("group-{OTHER}"))
            .replace("LEAF", &format!("resource-{GROUP}"))
    }

    fn look(top: &Path, root: &str) -> Result<(), ClaimError> {
        check_elsewhere(top, &top.join(root), CLUSTER.parse().unwrap(), &[GROUP.parse().unwrap()])
    }

    /// Where something is found by who is about to act in `new`.
    #[track_caller]
    fn check(directories: &[&str], found: Option<&str>) {
        let top = mount(directories);
        let at = match look(top.path(), "new") {
            Ok(()) => None,
            Err(ClaimError::Elsewhere { other, .. }) => Some(other),
            Err(other) => panic!("{directories:?}: {other}"),
        };
        assert_eq!(at, found.map(|found| top.path().join(expand(found))), "{directories:?}");
    }

    #[test]
    fn a_tree_is_found_by_its_mark_wherever_it_is() {
        check(&[], None);
        check(&["a/MARK"], None);
        check(&["a/MARK", "a/pool!"], Some("a"));
        check(&["a!", "a/MARK"], Some("a"));
        check(&["a/MARK", "a/STRANGE/LEAF!"], Some("a"));
        check(&["a/FOREIGN", "a/pool!"], None);
        // In another cluster's tree, and in a leaf of one.
        check(&["a/FOREIGN", "a/b/MARK", "a/b/pool!"], Some("a/b"));
        check(&["a/FOREIGN", "a/STRANGE/LEAF/c/MARK", "a/STRANGE/LEAF/c/pool!"], Some("a/STRANGE/LEAF/c"));
        // Beside the mark of another cluster, and below one of its own that is empty.
        check(&["a/FOREIGN", "a/MARK", "a/pool!"], Some("a"));
        // In and above the own tree, which itself is no hindrance.
        check(&["new/MARK", "new/pool!", "new/GROUP/LEAF!"], None);
        check(&["new/MARK", "new/pool!", "new/b/MARK", "new/b/pool!"], Some("new/b"));
        check(&["MARK", "new/MARK", "new/pool!"], None);
        check(&["MARK", "new/MARK", "new/pool!", "guard!"], Some(""));
    }

    #[test]
    fn a_tree_without_its_mark_is_found_by_what_runs_for_its_groups() {
        check(&["a/GROUP/LEAF"], None);
        check(&["a/GROUP/LEAF!"], Some("a"));
        check(&["a/STRANGE/LEAF!"], None);
        // The rest of the directory may be anybody's.
        check(&["a/GROUP/LEAF", "a/other!"], None);
    }

    #[test]
    fn what_somebody_else_has_made_is_no_hindrance() {
        if !rustix::process::geteuid().is_root() {
            eprintln!("skipped: only root can give a directory away");
            return;
        }
        check(&["a/MARK?", "a/pool!"], None);
        check(&["a/GROUP/LEAF!", "a/GROUP?"], None);
        check(&["a/MARK?", "a/pool!", "a/b/MARK", "a/b/pool!"], Some("a/b"));
    }

    #[test]
    fn a_tree_that_is_served_is_in_use_before_anything_runs_there() {
        let top = mount(&["a/MARK", "a/service", "new"]);
        look(top.path(), "new").unwrap();
        let held = fs::File::open(top.path().join("a/service")).unwrap();
        held.try_lock().unwrap();
        let message = look(top.path(), "new").unwrap_err().to_string();
        let us = format!("process {}", std::process::id());
        assert!(message.contains(&us) && message.contains("/a'"), "{message}");
        look(top.path(), "a").unwrap();
        drop(held);
        look(top.path(), "new").unwrap();
    }

    #[test]
    fn guards_and_hosts_are_known_by_their_command_line() {
        for (line, root) in [
            (
                format!("/x/mainstay-guard\0--run-dir\0/r\0--cgroup-root\0/c d\0--cluster\0{CLUSTER}\0"),
                Some("/c d"),
            ),
            (format!("mainstay-host-foreign\0--cluster={CLUSTER}\0--cgroup-root=/c\0"), Some("/c")),
            (format!("mainstay-host\0--cluster\0{OTHER}\0--cgroup-root\0/c\0"), None),
            (format!("grep\0--cluster\0{CLUSTER}\0--cgroup-root\0/c\0"), None),
            (format!("mainstay-host\0--cluster\0{CLUSTER}\0"), None),
            ("mainstay-host\0--cgroup-root\0/c\0--cluster".into(), None),
            (String::new(), None),
        ] {
            let found = parse_program(line.as_bytes(), &PROGRAMS, CLUSTER.parse().unwrap());
            assert_eq!(found, root.map(PathBuf::from), "{line:?}");
        }
    }
}
