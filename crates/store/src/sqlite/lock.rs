//! The lock that keeps a second process off the database.
//!
//! An flock'd file beside the database, never removed. The kernel lets go of it when the holder dies, however
//! it dies. The holder's process id stands in it, for the message only.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::error::OpenError;

/// How long a lock is waited for. Who has just ended, or closed the database, may have left a child between its fork and
/// its exec, which shares the lock until then.
const LOCK_PATIENCE: Duration = Duration::from_millis(500);
/// Between two tries.
const LOCK_PAUSE: Duration = Duration::from_millis(10);
/// Bytes looked at for the holder's process id; it has at most ten digits.
const HOLDER_BYTES_MAX: u64 = 16;

#[derive(Debug)]
pub(super) struct Lock {
    /// Closing it lets go.
    _file: File,
}

impl Lock {
    /// Takes the lock of the database at `path`, or says who has it.
    pub(super) fn take(path: &Path) -> Result<Self, OpenError> {
        let io = |error: std::io::Error| OpenError::Io {
            path: lock_path(path),
            doing: "locking",
            reason: error.to_string(),
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(lock_path(path)).map_err(io)?;
        let until = Instant::now() + LOCK_PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < until => thread::sleep(LOCK_PAUSE),
                Err(TryLockError::WouldBlock) => {
                    return Err(OpenError::InUse { path: path.to_owned(), holder: holder(file) });
                }
                Err(TryLockError::Error(error)) => return Err(io(error)),
            }
        }
        file.set_len(0).and_then(|()| file.rewind()).map_err(io)?;
        writeln!(file, "{}", std::process::id()).map_err(io)?;
        Ok(Self { _file: file })
    }
}

/// `<database>.lock`.
fn lock_path(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".lock");
    name.into()
}

fn holder(file: File) -> String {
    let mut text = String::new();
    let read = file.take(HOLDER_BYTES_MAX).read_to_string(&mut text);
    match (read, text.trim().parse::<u32>()) {
        (Ok(_), Ok(pid)) => format!("process {pid}"),
        // Between its lock and its write, or somebody else's file.
        _ => "another process".to_owned(),
    }
}
