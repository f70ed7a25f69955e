//! Processes that hold a file system: by a directory, their program, an open or a mapped file.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{Dev, major, minor};
use rustix::process::{Pid, Signal, kill_process};

/// As many are named.
const NAMED_MAX: usize = 8;
/// Our own programs are not ended for a mount.
const OWN_PREFIX: &str = "mainstay";

/// A process, and how it holds the file system.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Holder {
    pid: i32,
    name: String,
    how: &'static str,
}

/// All of them that this process may look at.
pub(super) fn of(device: Dev) -> Vec<Holder> {
    let processes = fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let own = std::process::id();
    let others = pids.filter(|pid: &i32| u32::try_from(*pid) != Ok(own));
    let holder = |pid: i32| {
        let directory = format!("/proc/{pid}");
        let how = how(Path::new(&directory), device)?;
        let name = fs::read_to_string(format!("{directory}/comm")).unwrap_or_default();
        Some(Holder { pid, name: name.trim().to_owned(), how })
    };
    others.filter_map(holder).collect()
}

fn how(process: &Path, device: Dev) -> Option<&'static str> {
    // What cannot be looked at has gone, or is of the kernel.
    let is_on = |path: &Path| fs::metadata(path).is_ok_and(|file| file.dev() == device);
    let links = [("cwd", "its directory"), ("root", "its root"), ("exe", "its program")];
    if let Some((_, how)) = links.into_iter().find(|(link, _)| is_on(&process.join(link))) {
        return Some(how);
    }
    let mut files = fs::read_dir(process.join("fd")).into_iter().flatten().filter_map(Result::ok);
    if files.any(|file| is_on(&file.path())) {
        return Some("an open file");
    }
    let maps = fs::read_to_string(process.join("maps")).unwrap_or_default();
    maps_from(&maps, device).then_some("a mapped file")
}

/// `address permissions offset major:minor inode path`, the numbers in hexadecimal digits.
fn maps_from(maps: &str, device: Dev) -> bool {
    let number = format!("{:02x}:{:02x}", major(device), minor(device));
    maps.lines().any(|line| line.split_whitespace().nth(3) == Some(&number))
}

/// Sends a signal to each that is not our own.
pub(super) fn signal(holders: &[Holder], signal: Signal) {
    let others = holders.iter().filter(|holder| !holder.name.starts_with(OWN_PREFIX) && holder.pid > 1);
    for pid in others.filter_map(|holder| Pid::from_raw(holder.pid)) {
        // One that has gone meanwhile holds nothing any more.
        let _ = kill_process(pid, signal);
    }
}

/// As an operator reads it: `123 (bash, its directory), 456 (cat, an open file)`.
pub(super) fn listed(holders: &[Holder]) -> String {
    let named = holders.iter().take(NAMED_MAX);
    let named: Vec<String> =
        named.map(|holder| format!("{} ({}, {})", holder.pid, holder.name, holder.how)).collect();
    match holders.len().checked_sub(NAMED_MAX) {
        None | Some(0) => named.join(", "),
        Some(more) => format!("{} and {more} more", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mapped_files_are_known_by_their_device() {
        let maps = "7f00-7f01 r--p 00000000 fd:0a 42 /usr/lib/x\n7f02-7f03 rw-p 00000000 00:00 0\n";
        assert!(maps_from(maps, rustix::fs::makedev(0xFD, 0x0A)));
        assert!(!maps_from(maps, rustix::fs::makedev(0xFD, 0x0B)));
        assert!(!maps_from("", rustix::fs::makedev(0, 0)));
    }

    #[test]
    fn many_are_counted() {
        let holder = |pid| Holder { pid, name: "sh".into(), how: "its directory" };
        assert_eq!(listed(&[holder(7)]), "7 (sh, its directory)");
        let many: Vec<Holder> = (1..=10).map(holder).collect();
        assert!(listed(&many).ends_with("8 (sh, its directory) and 2 more"));
    }
}
