//! Finds the version 2 hierarchy, wherever it is mounted.

use std::fs;
use std::path::{Path, PathBuf};

use super::CgroupError;

/// CGROUP2_SUPER_MAGIC of linux/magic.h.
const CGROUP2_MAGIC: i64 = 0x6367_7270;

/// Where the version 2 hierarchy is mounted, from `/proc/self/mountinfo`.
pub fn find_mount() -> Result<PathBuf, CgroupError> {
    let path = Path::new("/proc/self/mountinfo");
    let text = fs::read(path).map_err(|error| CgroupError::io("read", path, error))?;
    parse_mountinfo(&String::from_utf8_lossy(&text)).ok_or(CgroupError::NoHierarchy)
}

/// Whether `root`, which need not exist yet, is or would be in a version 2 hierarchy.
pub fn check_place(root: &Path) -> Result<(), CgroupError> {
    for place in root.ancestors() {
        match rustix::fs::statfs(place) {
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => {}
            Err(error) => return Err(CgroupError::io("look at", place, error)),
            // The type of f_type differs between machines; the magic fits all of them.
            #[allow(clippy::unnecessary_cast)]
            Ok(kind) if kind.f_type as i64 == CGROUP2_MAGIC => return Ok(()),
            Ok(_) => break,
        }
    }
    Err(CgroupError::NotCgroup(root.to_owned()))
}

/// Whether `root`, which exists, is a place in a version 2 hierarchy whose kernel can freeze and kill.
pub fn check_root(root: &Path) -> Result<(), CgroupError> {
    check_place(root)?;
    // Only the uppermost group of a hierarchy has no state of its own.
    if !root.join("cgroup.type").exists() {
        return Err(CgroupError::WholeHierarchy(root.to_owned()));
    }
    for file in ["cgroup.kill", "cgroup.freeze", "cgroup.events"] {
        if !root.join(file).exists() {
            return Err(CgroupError::TooOld { path: root.to_owned(), file });
        }
    }
    Ok(())
}

/// The mount point of the last cgroup2 line: mounts later in the list hide earlier ones.
fn parse_mountinfo(text: &str) -> Option<PathBuf> {
    text.lines()
        .filter_map(|line| {
            let (before, after) = line.split_once(" - ")?;
            if after.split(' ').next()? != "cgroup2" {
                return None;
            }
            before.split(' ').nth(4).map(unescape)
        })
        .next_back()
        .map(PathBuf::from)
}

/// Undoes the octal escapes of blanks, tabs, newlines and backslashes (proc_pid_mountinfo(5)).
fn unescape(field: &str) -> String {
    let mut text = String::with_capacity(field.len());
    let mut rest = field;
    while let Some(position) = rest.find('\\') {
        text.push_str(&rest[..position]);
        rest = &rest[position + 1..];
        match rest.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) if byte.is_ascii() => {
                text.push(byte as char);
                rest = &rest[3..];
            }
            _ => text.push('\\'),
        }
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hierarchy_is_found_wherever_it_is_mounted() {
        let usual = "22 1 0:20 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate";
        let hybrid = "33 32 0:28 / /sys/fs/cgroup/unified rw shared:10 - cgroup2 cgroup2 rw\n\
                      34 32 0:29 / /sys/fs/cgroup/systemd rw shared:11 - cgroup cgroup rw,name=systemd";
        let odd = r"33 32 0:28 / /mnt/my\040groups rw - cgroup2 none rw";
        let none = "34 32 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n\nnonsense\n - cgroup2";
        for (text, expected) in [
            (usual, Some("/sys/fs/cgroup")),
            (hybrid, Some("/sys/fs/cgroup/unified")),
            (odd, Some("/mnt/my groups")),
            (none, None),
            ("", None),
        ] {
            assert_eq!(parse_mountinfo(text), expected.map(PathBuf::from), "{text}");
        }
    }

    #[test]
    fn a_place_elsewhere_is_refused() {
        for path in ["/proc", "/no/such/place", "/proc/version/below", "", "relative"] {
            assert!(matches!(check_root(Path::new(path)), Err(CgroupError::NotCgroup(_))), "{path}");
        }
        assert!(!Path::new("/no").exists());
    }

    #[test]
    fn a_whole_hierarchy_is_refused_and_what_is_not_there_yet_is_fine() {
        let Ok(mount) = find_mount() else {
            return eprintln!("skipped: no cgroup v2 hierarchy");
        };
        assert!(check_place(&mount.join("not/there/yet")).is_ok());
        if !mount.join("cgroup.type").exists() {
            let refused = check_root(&mount).unwrap_err();
            assert!(matches!(refused, CgroupError::WholeHierarchy(_)), "{refused}");
        }
    }
}
