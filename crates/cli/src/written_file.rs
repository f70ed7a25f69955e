//! A file that an option names, to be written.
//!
//! Owns one rule: it is opened before anything is asked of the service, and one that cannot be is wrong usage. What is in
//! it stays until there is something to write; one that was not there before is not left behind empty.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::exit::Exit;
use crate::failure::Failure;

#[derive(Debug)]
pub(crate) struct WrittenFile {
    path: PathBuf,
    file: File,
    /// It was not there, and nothing is in it.
    is_left_over: bool,
}

impl WrittenFile {
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let new = OpenOptions::new().write(true).create_new(true).open(path);
        let (opened, is_left_over) = match new {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                (OpenOptions::new().write(true).open(path), false)
            }
            opened => (opened, true),
        };
        let file = opened.map_err(|error| {
            Failure::usage(format!("'{}' cannot be written: {error}", path.display()))
                .with_way_out("name a file that you may write")
        })?;
        Ok(Self { path: path.to_owned(), file, is_left_over })
    }

    /// Puts the text in the place of what was in it.
    pub(crate) fn write(mut self, text: &str) -> Result<(), Failure> {
        self.replace(text).map_err(|error| {
            Failure::new(Exit::Unwritten, format!("'{}' cannot be written: {error}", self.path.display()))
                .with_way_out("make room, or name another file")
        })?;
        self.is_left_over = false;
        Ok(())
    }

    fn replace(&mut self, text: &str) -> io::Result<()> {
        // A device or a pipe has no length.
        if self.file.metadata()?.is_file() {
            self.file.set_len(0)?;
        }
        self.file.write_all(text.as_bytes())?;
        self.file.flush()
    }
}

impl Drop for WrittenFile {
    fn drop(&mut self) {
        if self.is_left_over {
            // Nobody can be told, and nothing is lost.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_stays_until_there_is_more() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("page");
        drop(WrittenFile::open(&path).unwrap());
        assert!(!path.exists(), "nothing was written");
        WrittenFile::open(&path).unwrap().write("a long text").unwrap();
        drop(WrittenFile::open(&path).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "a long text");
        WrittenFile::open(&path).unwrap().write("short").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "short");
        for bad in [directory.path().join("no/page"), directory.path().to_owned()] {
            let failure = WrittenFile::open(&bad).unwrap_err();
            assert_eq!(failure.exit, Exit::Usage, "{failure}");
        }
        let failure = WrittenFile::open(Path::new("/dev/full")).unwrap().write("x").unwrap_err();
        assert_eq!(failure.exit, Exit::Unwritten, "{failure}");
    }
}
