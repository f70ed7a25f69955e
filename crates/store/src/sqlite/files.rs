//! The few things done to files beside what SQLite does, as a trait, so that the power-cut test sees them too.

use std::fmt::Debug;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// What the store asks of the file system itself.
pub(super) trait Files: Debug + Send + Sync {
    /// Makes the content of a file durable.
    fn sync(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a directory durable.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;
    /// Writes zeros behind the end of a file until it has so many bytes.
    fn lengthen(&self, path: &Path, bytes: u64) -> io::Result<()>;
    /// Gives a file a second name, which must be free.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Takes a name away; that it is not there is no error.
    fn remove(&self, path: &Path) -> io::Result<()>;
}

#[derive(Debug)]
pub(super) struct RealFiles;

impl Files for RealFiles {
    fn sync(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn lengthen(&self, path: &Path, bytes: u64) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).open(path)?;
        let end = file.seek(SeekFrom::End(0))?;
        // Not set_len: a hole would be filled in later, at the price that this is to save.
        io::copy(&mut io::repeat(0).take(bytes.saturating_sub(end)), &mut file).map(drop)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }
}
