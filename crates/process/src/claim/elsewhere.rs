//! Looks for a cluster in other trees than the one that is to be acted in, and changes nothing.
//!
//! A cluster is known by what stands outside of everything that can be copied:
//!
//! - the mark, an empty directory with the cluster's id as its name: its tree is in use while it has processes, or
//!   while a service holds the tree's lock, which it takes before it looks for others;
//! - processes in the slice of one of its groups, which is there when the mark has been swept away;
//! - guards and hosts with the cluster's id on their command line;
//! - processes with the cluster's [mark](crate::strays) that were started in another tree, wherever they are.
//!
//! Only what is ours or root's counts: anybody can make such a directory in a place of his own. And only what is where
//! the layout has it: other things may run below a root too.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use mainstay_types::{ClusterId, GroupId};

use super::lock::is_locked;
use super::{ClaimError, HOST_PROGRAM, Holder, holder_of, is_same_directory};
use crate::cgroup::{CgroupError, Leaf};
use crate::layout;
use crate::strays::{self, Marked};

/// How the names of the programs begin that have the cluster's id on their command line.
const PROGRAMS: [&str; 2] = [GUARD_PROGRAM, HOST_PROGRAM];

/// The guard's name.
const GUARD_PROGRAM: &str = "mainstay-guard";

/// Stands for a process of a place that is not for us to see.
const UNSEEN: i32 = 0;

/// A tree of the cluster.
#[derive(PartialEq, Eq, Debug)]
struct Tree {
    root: PathBuf,
    /// Where its processes are: all places of the layout, or only these slices where nothing else says whose the rest
    /// is.
    places: Vec<PathBuf>,
}

impl Tree {
    /// The processes that are there.
    fn pids(&self) -> Result<Vec<i32>, CgroupError> {
        pids_in(&self.places)
    }
}

/// The processes in these places.
fn pids_in(places: &[PathBuf]) -> Result<Vec<i32>, CgroupError> {
    let mut pids = Vec::new();
    for place in places.iter().map(Leaf::new) {
        match place.pids() {
            Ok(found) => pids.extend(found),
            Err(CgroupError::Denied { .. }) if place.is_populated().unwrap_or(false) => pids.push(UNSEEN),
            Err(CgroupError::Denied { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(pids)
}

fn holder(pid: i32) -> Holder {
    if pid == UNSEEN { Holder::default() } else { Holder::of(pid) }
}

/// The processes that are in the places of a root's layout.
pub(super) fn pids_of(root: &Path) -> Result<Vec<i32>, CgroupError> {
    let names: Vec<String> = match fs::read_dir(root) {
        Ok(entries) => entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(CgroupError::io("list", root, error)),
    };
    pids_in(&places_of(root, names.iter().map(String::as_str)))
}

/// Where the cluster's processes are below a root, which has directories with these names.
fn places_of<'a>(root: &Path, names: impl Iterator<Item = &'a str>) -> Vec<PathBuf> {
    let slices = names.filter(|name| layout::parse_group(name).is_some()).map(|name| root.join(name));
    [layout::guard(root), layout::pool(root)].into_iter().chain(slices).collect()
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
    for tree in trees_of(mount, Some(root), cluster, groups, is_trusted)? {
        // What runs in this one runs below that one too.
        let is_above = place_of(&tree.root).is_some_and(|place| above.contains(&place));
        let ours: HashSet<i32> =
            if is_above { Leaf::new(root).pids()?.into_iter().collect() } else { HashSet::new() };
        let mut pids = tree.pids()?;
        pids.retain(|pid| !ours.contains(pid));
        if let Some(pid) = pids.first() {
            let (root, other, holder) = (root.to_owned(), tree.root, holder(*pid));
            return Err(ClaimError::Elsewhere { root, other, count: pids.len(), holder });
        }
        if let Some(holder) = is_locked(&layout::service(&tree.root))? {
            return Err(ClaimError::ServedElsewhere { root: root.to_owned(), other: tree.root, holder });
        }
    }
    if let Some((pid, other)) = find_program(&PROGRAMS, cluster, |_, other| !is_same_directory(other, root)) {
        let holder = Holder::of(pid);
        return Err(ClaimError::Elsewhere { root: root.to_owned(), other, count: 1, holder });
    }
    let strays = strays::of_other_trees(root, cluster)?;
    match strays.first() {
        Some((pid, other)) => {
            let (root, other, holder) = (root.to_owned(), other.clone(), Holder::of(*pid));
            Err(ClaimError::Elsewhere { root, other, count: strays.len(), holder })
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
/// mounted here, nor anything that is marked with it outside of them: no service, no host and no resource. A guard may:
/// it acts for nobody by itself.
///
/// # Errors
///
/// Something runs or is served, or the hierarchy cannot be read.
pub fn check_stopped(mount: &Path, cluster: ClusterId, groups: &[GroupId]) -> Result<(), ClaimError> {
    for tree in trees_of(mount, None, cluster, groups, is_trusted)? {
        if let Some(holder) = is_locked(&layout::service(&tree.root))? {
            return Err(ClaimError::Service { root: tree.root, holder });
        }
        let guard = is_locked(&layout::owner(&tree.root, cluster))?.and_then(|holder| holder.pid);
        let mut pids = tree.pids()?;
        pids.retain(|pid| Some(*pid) != guard);
        if let Some(pid) = pids.first() {
            let (count, holder) = (pids.len(), holder(*pid));
            return Err(ClaimError::Running { cluster, root: tree.root, count, holder });
        }
    }
    if let Some((pid, root)) = find_program(&[HOST_PROGRAM], cluster, |_, _| true) {
        return Err(ClaimError::Running { cluster, root, count: 1, holder: Holder::of(pid) });
    }
    let marked = marked(cluster)?;
    match marked.first() {
        Some(one) => Err(ClaimError::Strays {
            cluster,
            count: marked.len(),
            pid: one.pid,
            holder: Holder::of(one.pid),
        }),
        None => Ok(()),
    }
}

/// Everything that runs and is marked with a cluster, wherever it is, of what our account or root runs.
///
/// # Errors
///
/// The processes cannot be listed.
pub fn marked(cluster: ClusterId) -> Result<Vec<Marked>, CgroupError> {
    let found = strays::of_cluster(cluster);
    let mut found = found.map_err(|source| CgroupError::io("list", Path::new("/proc"), source))?;
    found.retain(|marked| strays::believed_of(marked.pid).is_some_and(is_trusted_user));
    Ok(found)
}

/// Looks for a tree in which something runs or is served that another account has marked as this cluster's. Whether it
/// is a copy of the cluster or a mere pretence nobody can tell: so it is no hindrance, but worth a word. Root alone sees
/// all of it.
pub fn find_of_others(
    mount: &Path,
    root: &Path,
    cluster: ClusterId,
    groups: &[GroupId],
) -> Option<(PathBuf, Holder)> {
    let is_of_others = |directory: &Path| !is_trusted(directory);
    let trees = trees_of(mount, Some(root), cluster, groups, is_of_others).ok()?;
    trees.into_iter().find_map(|tree| {
        let running = tree.pids().ok()?.first().map(|pid| holder(*pid));
        let found = running.or_else(|| holder_of(&layout::service(&tree.root)))?;
        Some((tree.root, found))
    })
}

/// The trees of a cluster below a directory, but for an own one, of those that their makers' account makes count. Everything is looked through, since trees may be in
/// one another; only the slices of the own one are not, where nothing but its own resources is.
fn trees_of(
    top: &Path,
    root: Option<&Path>,
    cluster: ClusterId,
    groups: &[GroupId],
    counts: impl Fn(&Path) -> bool,
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
            let is_marked =
                below.iter().any(|(path, name)| layout::parse_owner(name) == Some(cluster) && counts(path));
            let slices = below
                .iter()
                .filter(|(path, name)| {
                    layout::parse_group(name).is_some_and(|group| groups.contains(&group)) && counts(path)
                })
                .map(|(path, _)| path.clone());
            let places = match is_marked {
                true => places_of(&directory, below.iter().map(|(_, name)| name.as_str())),
                false => slices.collect(),
            };
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
    processes.into_iter().find_map(|process| {
        let pid = process.file_name().to_string_lossy().parse().ok()?;
        let line = fs::read(process.path().join("cmdline")).ok()?;
        let root = absolute_of(pid, parse_program(&line, programs, cluster)?)?;
        (is_what_it_says(pid, programs) && is_sought(pid, &root)).then_some((pid, root))
    })
}

/// Whether a process is ours or root's through and through, and runs one of these programs: its command line is written
/// by whoever starts it, and a program that acts for him with root's rights, as su does, keeps it.
fn is_what_it_says(pid: i32, programs: &[&str]) -> bool {
    let is_program = match fs::read_link(format!("/proc/{pid}/exe")) {
        Ok(file) => {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            programs.iter().any(|program| name.starts_with(program))
        }
        // Another account's, whose users have to do.
        Err(error) => error.kind() == io::ErrorKind::PermissionDenied,
    };
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    is_program && parse_users(&status).is_some_and(|users| users.into_iter().all(is_trusted_user))
}

/// The real, effective, saved and file system user of a process, by its `status` (proc_pid_status(5)).
fn parse_users(status: &str) -> Option<[u32; 4]> {
    let users = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    let users: Vec<u32> = users.split_ascii_whitespace().map_while(|user| user.parse().ok()).collect();
    users.try_into().ok()
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

/// Whether a directory is our account's or root's.
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
    use std::fs::Permissions;
    use std::io::Read;
    use std::os::unix::fs::{PermissionsExt, chown};
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    use rustix::process::Uid;
    use rustix::thread::set_thread_res_uid;

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
        check(&["a/guard!", "a/MARK"], Some("a"));
        // Others may run below a root too.
        check(&["a!", "a/MARK", "a/other!", "a/service"], None);
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
    fn what_others_have_marked_is_told_of() {
        if !rustix::process::geteuid().is_root() {
            eprintln!("skipped: only root can give a directory away");
            return;
        }
        for (directories, found) in [
            (&["a/MARK?", "a/pool!"][..], Some("a")),
            (&["a/GROUP/LEAF!", "a/GROUP?"], Some("a")),
            (&["a/MARK?", "a/pool", "a/other!"], None),
            (&["a/MARK", "a/pool!"], None),
        ] {
            let top = mount(directories);
            let groups = [GROUP.parse().unwrap()];
            let told = find_of_others(top.path(), &top.path().join("new"), CLUSTER.parse().unwrap(), &groups);
            assert_eq!(
                told.map(|(root, _)| root),
                found.map(|found| top.path().join(found)),
                "{directories:?}"
            );
        }
    }

    #[test]
    fn what_root_runs_is_seen_by_others_too() {
        if !rustix::process::geteuid().is_root() {
            eprintln!("skipped: only root can act as somebody else");
            return;
        }
        let top = mount(&["a/MARK", "a/service", "a/pool!"]);
        for (directory, mode) in [("", 0o755), ("a/service", 0o700)] {
            fs::set_permissions(top.path().join(directory), Permissions::from_mode(mode)).unwrap();
        }
        let looking = || {
            let user = Uid::from_raw(61_001);
            set_thread_res_uid(user, user, user).unwrap();
            look(top.path(), "new")
        };
        let looked = std::thread::scope(|scope| scope.spawn(looking).join().unwrap());
        assert!(matches!(looked, Err(ClaimError::Elsewhere { count: 1, .. })), "{looked:?}");
    }

    #[test]
    fn a_command_line_counts_by_whom_and_what_the_process_is() {
        if !rustix::process::geteuid().is_root() {
            eprintln!("skipped: only root can act as somebody else");
            return;
        }
        let cluster = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f9";
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
        let guard = directory.path().join("mainstay-guard");
        // By a program: while this process has a file open for writing, one that it has just forked has it too.
        assert!(Command::new("cp").args(["-L", "/bin/sh"]).arg(&guard).status().unwrap().success());
        // A shell that waits, with a guard's command line. The users are those of the thread that starts it.
        let begin = |program: &Path, real: u32, effective: u32| {
            let (real, effective) = (Uid::from_raw(real), Uid::from_raw(effective));
            set_thread_res_uid(real, effective, effective).unwrap();
            let mut command = Command::new(program);
            command.arg0("mainstay-guard").args(["-p", "-c", "echo; read line", "x", "--cluster", cluster]);
            command.args(["--cgroup-root", "/x"]).stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut child = command.spawn().unwrap();
            // Only what has begun has its own command line.
            child.stdout.take().unwrap().read_exact(&mut [0]).unwrap();
            child
        };
        for (program, real, effective, counts) in [
            (guard.as_path(), 0, 0, true),
            // As su is, at whatever point it has come to.
            (&guard, 61_001, 0, false),
            (Path::new("/bin/sh"), 0, 0, false),
            (&guard, 61_001, 61_001, false),
        ] {
            let mut child =
                std::thread::scope(|scope| scope.spawn(|| begin(program, real, effective)).join().unwrap());
            let found = find_program(&PROGRAMS, cluster.parse().unwrap(), |_, _| true);
            child.kill().unwrap();
            child.wait().unwrap();
            let pid = i32::try_from(child.id()).unwrap();
            let expected = counts.then(|| (pid, PathBuf::from("/x")));
            assert_eq!(found, expected, "{program:?} {real} {effective}");
        }
    }

    #[test]
    fn the_users_of_a_process_are_read() {
        for (status, users) in [
            ("Name:\tx\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n", Some([1, 2, 3, 4])),
            ("Uid:\t1\t2\t3\n", None),
            ("", None),
        ] {
            assert_eq!(parse_users(status), users, "{status:?}");
        }
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
