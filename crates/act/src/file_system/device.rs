//! The device of a file system: which it is, and whether somebody uses it already.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Dev, Mode, OFlags};
use rustix::io::Errno;

use super::mounts::{self, Mount, shown};
use super::settings::{Settings, Source};
use crate::call::{Code, Refusal};
use crate::program;

const LOOPS: &str = "/sys/block";

/// A device, found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Device {
    pub(super) path: PathBuf,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// A block device, by its number.
    Block(Dev),
    /// A file, by its file system's number and its own. It is mounted through a loop device.
    File(Dev, u64),
}

impl Device {
    /// Finds it.
    pub(super) fn find(settings: &Settings) -> Result<Self, Refusal> {
        let path = match &settings.source {
            Source::Path(path) => path.clone(),
            Source::Tag(tag) => tagged(tag)?,
        };
        let seen = fs::metadata(&path);
        let seen = seen.map_err(|error| {
            Refusal::new(
                Code::Arguments,
                format!("there is no device {} on this node: {error}", shown(&path)),
            )
        })?;
        let kind = match seen.file_type() {
            kind if kind.is_block_device() => Kind::Block(seen.rdev()),
            kind if kind.is_file() => Kind::File(seen.dev(), seen.ino()),
            _ => {
                let text = format!("{} is neither a block device nor a file", shown(&path));
                return Err(Refusal::new(Code::Arguments, text));
            }
        };
        Ok(Device { path, kind })
    }

    pub(super) fn is_file(&self) -> bool {
        matches!(self.kind, Kind::File(..))
    }

    /// Whether this is mounted there.
    pub(super) fn is_mounted_as(&self, mount: &Mount) -> bool {
        match self.kind {
            Kind::Block(number) => mount.is_of(number),
            Kind::File(..) => self.loops().iter().any(|known| mount.is_of(known.number)),
        }
    }

    /// Refused where somebody uses it: it is mounted, in whatever namespace, or belongs to another device.
    pub(super) fn refuse_in_use(&self) -> Result<(), Refusal> {
        let used = |how: String| {
            let text = format!("{} {how}; a device that is in use is not mounted", shown(&self.path));
            Err(Refusal::new(Code::Failed, text))
        };
        if let Some(mount) = mounts::here()?.iter().find(|mount| self.is_mounted_as(mount)) {
            return used(format!("is mounted on {} already", shown(&mount.point)));
        }
        if let Some((process, mount)) = mounts::elsewhere(|mount| self.is_mounted_as(mount)).first() {
            let place = shown(&mount.point);
            return used(format!("is mounted on {place} in the namespace of process {process}"));
        }
        if let Some(other) = self.loops().first() {
            let name = &other.name;
            return used(format!("is behind /dev/{name} already ('losetup -d /dev/{name}' ends that)"));
        }
        match self.kind {
            Kind::Block(_) if self.is_claimed()? => used(
                "is in use: it belongs to another device, is swapped to, or somebody has it for himself"
                    .to_owned(),
            ),
            _ => Ok(()),
        }
    }

    /// Who mounts a device, or makes it part of another one, claims it; so does, for a moment, who opens it like this.
    fn is_claimed(&self) -> Result<bool, Refusal> {
        match rustix::fs::open(&self.path, OFlags::RDONLY | OFlags::EXCL | OFlags::CLOEXEC, Mode::empty()) {
            Ok(_) => Ok(false),
            Err(Errno::BUSY) => Ok(true),
            Err(error) => Err(Refusal::system(format!("open {}", shown(&self.path)), &error.into())),
        }
    }

    /// The loop devices, other than this, that have the same bytes behind them.
    fn loops(&self) -> Vec<Loop> {
        let all = Loop::all();
        let (file, own) = match self.kind {
            Kind::File(device, number) => (Some((device, number)), None),
            Kind::Block(own) => {
                let of_own = all.iter().find(|known| known.number == own);
                (of_own.and_then(|known| known.file), Some(own))
            }
        };
        let is_other = |known: &Loop| known.file.is_some() && known.file == file && Some(known.number) != own;
        all.into_iter().filter(is_other).collect()
    }
}

/// A loop device that has a file.
struct Loop {
    name: String,
    number: Dev,
    /// File system and number of its file, if that still has a name.
    file: Option<(Dev, u64)>,
}

impl Loop {
    fn all() -> Vec<Self> {
        let entries = fs::read_dir(LOOPS).into_iter().flatten().filter_map(Result::ok);
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        names.filter(|name| name.starts_with("loop")).filter_map(Loop::read).collect()
    }

    fn read(name: String) -> Option<Self> {
        let directory = Path::new(LOOPS).join(&name);
        let file = fs::read_to_string(directory.join("loop/backing_file")).ok()?;
        let number = fs::read_to_string(directory.join("dev")).ok()?;
        let (major, minor) = number.trim().split_once(':')?;
        let file = fs::metadata(file.strip_suffix('\n').unwrap_or(&file)).ok();
        Some(Loop {
            name,
            number: rustix::fs::makedev(major.parse().ok()?, minor.parse().ok()?),
            file: file.map(|file| (file.dev(), file.ino())),
        })
    }
}

/// The one device that says this of itself.
fn tagged(tag: &str) -> Result<PathBuf, Refusal> {
    // Without its cache, which knows devices that are gone.
    let told = program::run("blkid", ["-c", "/dev/null", "-o", "device", "-t", tag].map(Into::into))?;
    let output = String::from_utf8_lossy(&told.output).into_owned();
    let devices: Vec<&str> = output.lines().collect();
    match devices.as_slice() {
        [device] => Ok(device.into()),
        [] => Err(Refusal::new(Code::Arguments, format!("no device of this node has {tag}"))),
        several => {
            let text = format!(
                "{} have all {tag}; set Device to the path of the one that is meant",
                several.join(", ")
            );
            Err(Refusal::new(Code::Arguments, text))
        }
    }
}

/// A directory that can be mounted on.
pub(super) fn refuse_no_directory(point: &Path) -> Result<(), Refusal> {
    let refused = |what: String| Err(Refusal::new(Code::Arguments, what));
    match fs::canonicalize(point) {
        Ok(real) if !real.is_dir() => refused(format!("{} is no directory", shown(point))),
        Ok(real) if real != point => {
            refused(format!("{} leads to {}; set MountPoint to that", shown(point), shown(&real)))
        }
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            refused(format!("there is no directory {0}; make it: mkdir -p {0}", shown(point)))
        }
        Err(error) => Err(Refusal::system(format!("look at {}", shown(point)), &error)),
    }
}
