//! A machine's disks, as far as it can be seen from outside whether one was written.
//!
//! A file says when it was written last. A qcow2 image stands on others, which are looked at too. A block device says
//! nothing of the kind, but the kernel counts what is written to it, from boot to boot: within one boot of one node it is
//! known whether that was written, and over a boot only whether it has the same size.

use std::fs::{self, File};
use std::hash::Hasher;
use std::io;
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::saved::Fnv;
use super::settings::Settings;

/// This many images may stand one on the other.
const CHAIN_LENGTH_MAX: usize = 64;

/// The longest name of an image that another stands on, in bytes; QEMU takes no longer one.
const NAME_LENGTH_MAX: usize = 1023;

/// As many extensions of a qcow2 header are looked at.
const EXTENSIONS_MAX: usize = 64;

/// The extension of a qcow2 header that names the file with the data.
const DATA_FILE: u32 = 0x4441_5441;

/// What disks were like.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Disks {
    /// Of the files among them, with all they stand on: names, lengths, and when they were written last. Of devices: names
    /// and sizes.
    print: String,
    /// What the kernel has counted of the devices.
    written: String,
    /// In which boot that was.
    boot: String,
}

impl Disks {
    /// As they are now.
    pub(super) fn of(settings: &Settings) -> Self {
        let mut looked = Looked::default();
        for disk in &settings.disks {
            let (path, options) = disk.split_once(';').unwrap_or((disk, ""));
            // What a guest writes to a raw disk may look like anything.
            let is_raw = options.split(';').any(|option| option == "format=raw");
            looked.at(Path::new(path), if is_raw { 0 } else { CHAIN_LENGTH_MAX });
        }
        let number = |print: Fnv| format!("{:016x}", print.finish());
        let boot = if looked.has_devices { boot_id() } else { String::new() };
        Disks { print: number(looked.print), written: number(looked.written), boot }
    }

    /// Whether nothing is known of a write since then.
    pub(super) fn stand(&self, now: &Disks) -> bool {
        self.print == now.print && (self.boot != now.boot || self.written == now.written)
    }
}

#[derive(Default)]
struct Looked {
    print: Fnv,
    written: Fnv,
    has_devices: bool,
}

impl Looked {
    /// Takes in a disk, and what it stands on, down to this depth.
    fn at(&mut self, path: &Path, depth: usize) {
        self.print.write(path.as_os_str().as_encoded_bytes());
        self.print.write(&[0]);
        let Ok(seen) = fs::metadata(path) else { return };
        if seen.is_file() {
            for number in [seen.len(), seen.mtime().cast_unsigned(), seen.mtime_nsec().cast_unsigned()] {
                self.print.write(&number.to_le_bytes());
            }
        } else if seen.file_type().is_block_device() {
            let (major, minor) = (rustix::fs::major(seen.rdev()), rustix::fs::minor(seen.rdev()));
            let counts = PathBuf::from(format!("/sys/dev/block/{major}:{minor}"));
            self.has_devices = true;
            self.print.write(fs::read_to_string(counts.join("size")).unwrap_or_default().as_bytes());
            self.written.write(sectors_written(&counts).unwrap_or_default().as_bytes());
            self.written.write(&[0]);
        }
        if let Some(depth) = depth.checked_sub(1) {
            for below in images_below(path).unwrap_or_default() {
                self.at(&below, depth);
            }
        }
    }
}

/// What the kernel says of a device: reads, reads merged, sectors read, time, writes, writes merged, sectors written.
fn sectors_written(device: &Path) -> Option<String> {
    let counts = fs::read_to_string(device.join("stat")).ok()?;
    counts.split_whitespace().nth(6).map(str::to_owned)
}

/// The images that a qcow2 image stands on; of another file none.
///
/// The form: docs/interop/qcow2.rst of QEMU, big endian. Names that lead over a network are nobody's here, and are no files.
fn images_below(path: &Path) -> io::Result<Vec<PathBuf>> {
    let file = File::open(path)?;
    let mut header = [0; 104];
    file.read_exact_at(&mut header, 0)?;
    if header[..4] != *b"QFI\xfb" {
        return Ok(Vec::new());
    }
    let number = |bytes: &[u8]| bytes.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    let name_at = |at: u64, length: u64| -> io::Result<PathBuf> {
        let mut name = vec![0; usize::try_from(length).unwrap_or(usize::MAX).min(NAME_LENGTH_MAX)];
        file.read_exact_at(&mut name, at)?;
        let name = String::from_utf8_lossy(&name).into_owned();
        let name = name.strip_prefix("file:").unwrap_or(&name);
        // Relative to the image that names it; an absolute one stays as it is.
        Ok(path.parent().unwrap_or(Path::new("/")).join(name))
    };
    let mut below = Vec::new();
    let (backing_at, backing_length) = (number(&header[8..16]), number(&header[16..20]));
    if backing_at != 0 && backing_length != 0 {
        below.push(name_at(backing_at, backing_length)?);
    }
    let version = number(&header[4..8]);
    let mut at = if version >= 3 { number(&header[100..104]) } else { 72 };
    for _ in 0..EXTENSIONS_MAX {
        let mut extension = [0; 8];
        file.read_exact_at(&mut extension, at)?;
        let (kind, length) = (number(&extension[..4]), number(&extension[4..]));
        match kind {
            0 => break,
            _ if kind == u64::from(DATA_FILE) => below.push(name_at(at + 8, length)?),
            _ => {}
        }
        at = at.saturating_add(8).saturating_add(length.next_multiple_of(8));
    }
    Ok(below)
}

/// This boot of this node; of another node it is another.
fn boot_id() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::private::Values;

    fn settings(disk: &Path, options: &str) -> Settings {
        let mut settings = Settings::of(&Values::default()).unwrap();
        settings.disks = vec![format!("{}{options}", disk.display())];
        settings
    }

    /// The header of an image that stands on this, with the data in that.
    fn image(backing: &str, data: &str) -> Vec<u8> {
        let mut bytes = b"QFI\xfb\0\0\0\x03".to_vec();
        let extension = |bytes: &mut Vec<u8>, kind: u32, value: &[u8]| {
            bytes.extend(kind.to_be_bytes());
            bytes.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
            bytes.extend(value);
            bytes.resize(bytes.len().next_multiple_of(8), 0);
        };
        bytes.extend(512_u64.to_be_bytes());
        bytes.extend(u32::try_from(backing.len()).unwrap().to_be_bytes());
        bytes.resize(100, 0);
        bytes.extend(104_u32.to_be_bytes());
        extension(&mut bytes, 0x6803_f857, b"some");
        extension(&mut bytes, DATA_FILE, data.as_bytes());
        extension(&mut bytes, 0, b"");
        bytes.resize(512, 0);
        bytes.extend(backing.as_bytes());
        bytes
    }

    #[test]
    fn what_a_disk_stands_on_is_looked_at() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::write(at("base"), "x").unwrap();
        fs::write(at("data"), "x").unwrap();
        fs::write(at("middle"), image("base", "data")).unwrap();
        // An image that stands on itself comes to an end.
        fs::write(at("top"), image(at("middle").to_str().unwrap(), "top")).unwrap();
        let settings = settings(&at("top"), ";format=qcow2");
        for changed in ["base", "data", "middle", "top"] {
            let before = Disks::of(&settings);
            assert!(before.stand(&Disks::of(&settings)));
            let mut bytes = fs::read(at(changed)).unwrap();
            bytes.push(0);
            fs::write(at(changed), bytes).unwrap();
            assert!(!before.stand(&Disks::of(&settings)), "{changed}");
        }
    }

    #[test]
    fn what_a_guest_writes_to_a_raw_disk_leads_nowhere() {
        let directory = tempfile::tempdir().unwrap();
        let (disk, other) = (directory.path().join("disk"), directory.path().join("other"));
        fs::write(&disk, image("other", "other")).unwrap();
        let settings = settings(&disk, ";cache=none;format=raw");
        let before = Disks::of(&settings);
        fs::write(other, "x").unwrap();
        assert!(before.stand(&Disks::of(&settings)));
    }

    #[test]
    fn what_was_counted_holds_for_one_boot() {
        let now = Disks { print: "p".into(), written: "1".into(), boot: "b".into() };
        assert!(now.stand(&now));
        assert!(!now.stand(&Disks { written: "2".into(), ..now.clone() }));
        assert!(now.stand(&Disks { written: "2".into(), boot: "c".into(), ..now.clone() }));
        assert!(!now.stand(&Disks { print: "q".into(), boot: "c".into(), ..now.clone() }));
    }
}
