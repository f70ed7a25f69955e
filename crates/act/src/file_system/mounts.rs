//! What is mounted where: `mountinfo` of proc(5), here and in the namespaces of other processes.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Dev, makedev};

use crate::call::Refusal;

/// A mounted file system.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Mount {
    /// Its device's number; one of the kernel's own making where it has more than one device, or none.
    pub(super) device: Dev,
    /// Where it is.
    pub(super) point: PathBuf,
    /// What was mounted, as whoever has mounted it has said.
    pub(super) source: PathBuf,
    /// Whether the file system, or this place of it, takes no writes.
    pub(super) is_read_only: bool,
}

impl Mount {
    /// Whether it is of the block device of this number.
    pub(super) fn is_of(&self, device: Dev) -> bool {
        use std::os::unix::fs::FileTypeExt;
        let of_source = || {
            let file = fs::metadata(&self.source).ok()?;
            file.file_type().is_block_device().then_some(file.rdev())
        };
        self.device == device || of_source() == Some(device)
    }
}

/// What this process sees, in the order in which it was mounted.
pub(super) fn here() -> Result<Vec<Mount>, Refusal> {
    of_process("self").map_err(|error| Refusal::system("read /proc/self/mountinfo", &error))
}

/// What is on top at this place.
pub(super) fn at<'a>(mounts: &'a [Mount], point: &Path) -> Option<&'a Mount> {
    mounts.iter().rfind(|mount| mount.point == point)
}

/// Where the device of this number is mounted in namespaces other than ours, and a process of each.
pub(super) fn elsewhere(is_it: impl Fn(&Mount) -> bool) -> Vec<(String, Mount)> {
    let namespace =
        |process: &str| fs::metadata(format!("/proc/{process}/ns/mnt")).ok().map(|file| file.ino());
    let mut seen: HashSet<u64> = namespace("self").into_iter().collect();
    let processes = fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    let mut found = Vec::new();
    for process in processes.filter_map(|entry| entry.file_name().into_string().ok()) {
        let is_process = process.bytes().all(|byte| byte.is_ascii_digit());
        if !is_process || !namespace(&process).is_some_and(|namespace| seen.insert(namespace)) {
            continue;
        }
        // One that has gone meanwhile holds nothing.
        let mounts = of_process(&process).unwrap_or_default();
        found.extend(mounts.into_iter().find(|mount| is_it(mount)).map(|mount| (process, mount)));
    }
    found
}

fn of_process(process: &str) -> std::io::Result<Vec<Mount>> {
    let text = fs::read(format!("/proc/{process}/mountinfo"))?;
    Ok(text.split(|byte| *byte == b'\n').filter_map(parse).collect())
}

/// `36 35 98:0 /root /point options optional... - type source options-of-the-file-system`
fn parse(line: &[u8]) -> Option<Mount> {
    let mut fields = line.split(|byte| *byte == b' ');
    let number = std::str::from_utf8(fields.nth(2)?).ok()?;
    let (major, minor) = number.split_once(':')?;
    let point = unescaped(fields.nth(1)?);
    let here = fields.next()?;
    let mut rest = fields.skip_while(|field| *field != b"-").skip(2);
    let source = unescaped(rest.next()?);
    let everywhere = rest.next()?;
    let has_ro = |options: &[u8]| options.split(|byte| *byte == b',').any(|option| option == b"ro");
    Some(Mount {
        device: makedev(major.parse().ok()?, minor.parse().ok()?),
        point: point.into(),
        source: source.into(),
        is_read_only: has_ro(here) || has_ro(everywhere),
    })
}

/// Blanks and the like are written as `\040`.
fn unescaped(field: &[u8]) -> OsString {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, after)) = rest.split_first() {
        let octal = after.get(..3).filter(|_| *first == b'\\');
        let value = octal.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        bytes.push(value.unwrap_or(*first));
        rest = if value.is_some() { &after[3..] } else { after };
    }
    OsString::from_vec(bytes)
}

/// A path as an operator reads it.
pub(super) fn shown(path: &Path) -> String {
    String::from_utf8_lossy(path.as_os_str().as_bytes()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_the_kernel_writes_them() {
        let line =
            br"63 43 7:1 / /srv/a\040b rw,relatime shared:1 master:2 - ext4 /dev/loop1 ro,errors=remount-ro";
        let expected = Mount {
            device: makedev(7, 1),
            point: "/srv/a b".into(),
            source: "/dev/loop1".into(),
            is_read_only: true,
        };
        assert_eq!(parse(line), Some(expected));
        let plain = parse(b"63 43 0:30 / /m rw - tmpfs tmpfs rw,size=1k").unwrap();
        assert!(!plain.is_read_only && plain.device == makedev(0, 30));
        for length in 0..line.len() {
            // Cut off at any place it is nothing, or less.
            let _ = parse(&line[..length]);
        }
        assert_eq!(parse(b""), None);
        assert_eq!(unescaped(br"a\0"), "a\\0");
    }

    #[test]
    fn the_last_one_at_a_place_is_on_top() {
        let mount = |minor, point: &str| Mount {
            device: makedev(8, minor),
            point: point.into(),
            source: "/nowhere".into(),
            is_read_only: false,
        };
        let mounts = [mount(1, "/a"), mount(2, "/a"), mount(3, "/b")];
        assert_eq!(at(&mounts, Path::new("/a")), Some(&mounts[1]));
        assert_eq!(at(&mounts, Path::new("/c")), None);
        assert!(mounts[0].is_of(makedev(8, 1)) && !mounts[0].is_of(makedev(8, 2)));
    }

    #[test]
    fn the_root_of_this_machine_is_seen() {
        assert!(at(&here().unwrap(), Path::new("/")).is_some());
    }
}
