//! A disk that is soon full: a file system in memory, of a few MiB.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A small file system, mounted as long as this lives.
pub struct SmallDisk {
    path: PathBuf,
    /// What it stands on goes after it.
    _ground: Option<Box<SmallDisk>>,
}

impl SmallDisk {
    /// Mounts one of this size here. `None`, with the reason printed, where that is not allowed.
    pub(crate) fn or_skip(path: &Path, size: &str) -> Option<Self> {
        fs::create_dir_all(path).unwrap();
        let options = format!("size={size},mode=0700");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(path).output();
        match mounted {
            Ok(Output { status, .. }) if status.success() => {
                Some(SmallDisk { path: path.to_owned(), _ground: None })
            }
            Ok(output) => {
                eprintln!("skipped: no small disk: {}", String::from_utf8_lossy(&output.stderr).trim());
                None
            }
            Err(error) => {
                eprintln!("skipped: no small disk: mount: {error}");
                None
            }
        }
    }

    /// Mounts a disk that is larger than what it stands on: what is written to it is taken, and lost on the way.
    pub(crate) fn failing_or_skip(path: &Path) -> Option<Self> {
        const SKIPPED: &str = "skipped: no disk that fails";
        let ground = path.with_extension("ground");
        let ground = SmallDisk::or_skip(&ground, "2m")?;
        let image = ground.path().join("image");
        File::create(&image).unwrap().set_len(64 * 1024 * 1024).unwrap();
        fs::create_dir_all(path).unwrap();
        let made = Command::new("mkfs.ext4").args(["-q", "-O", "^has_journal"]).arg(&image).output();
        let mounted = made.and_then(|made| match made.status.success() {
            true => Command::new("mount").args(["-o", "loop,errors=continue"]).arg(&image).arg(path).output(),
            false => Ok(made),
        });
        match mounted {
            Ok(Output { status, .. }) if status.success() => {
                Some(SmallDisk { path: path.to_owned(), _ground: Some(Box::new(ground)) })
            }
            Ok(output) => {
                eprintln!("{SKIPPED}: {}", String::from_utf8_lossy(&output.stderr).trim());
                None
            }
            Err(error) => {
                eprintln!("{SKIPPED}: {error}");
                None
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Fills it to the last byte.
    pub fn fill(&self) {
        let mut ballast = File::options().create(true).append(true).open(self.ballast()).unwrap();
        loop {
            match ballast.write_all(&[0; 512]) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::StorageFull => return,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Makes room again.
    pub fn make_room(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.path.join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the last process that has a file open there may just be ending.
        let unmounted = Command::new("umount").arg("--lazy").arg(&self.path).status();
        if !unmounted.is_ok_and(|status| status.success()) {
            eprintln!("{} stays mounted", self.path.display());
        }
    }
}

/// A block device, as long as this lives.
pub struct Device(PathBuf);

impl Device {
    pub(crate) fn or_skip(image: &Path) -> Option<Self> {
        File::create(image).unwrap().set_len(4 * 1024 * 1024).unwrap();
        match Command::new("losetup").args(["--find", "--show"]).arg(image).output() {
            Ok(Output { status, stdout, .. }) if status.success() => {
                Some(Device(String::from_utf8(stdout).unwrap().trim().into()))
            }
            Ok(output) => {
                eprintln!("skipped: no block device: {}", String::from_utf8_lossy(&output.stderr).trim());
                None
            }
            Err(error) => {
                eprintln!("skipped: no block device: losetup: {error}");
                None
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        let detached = Command::new("losetup").arg("--detach").arg(&self.0).status();
        if !detached.is_ok_and(|status| status.success()) {
            eprintln!("{} stays attached", self.0.display());
        }
    }
}
