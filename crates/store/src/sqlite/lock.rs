//! The lock that keeps a second process off the database.
//!
//! An flock'd file beside the database, never removed. The kernel lets go of it when the holder dies, however
//! it dies. The holder's process id stands in it, for the message only.

use std::ffi::OsString;
use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::error::OpenError;

/// How long a lock is waited for. Who has just ended, or closed the database, may have left a child between its fork and
/// its exec, which shares the lock until then.
const LOCK_PATIENCE: Duration = Duration::from_millis(500);
/// The same where the holder is known to have ended: on a busy machine a child may take long to get to its exec.
const LOCK_PATIENCE_FOR_THE_DEAD: Duration = Duration::from_secs(10);
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
        Self::take_with(path, thread::sleep)
    }

    /// The same, and `pause` is how time passes between two tries.
    fn take_with(path: &Path, mut pause: impl FnMut(Duration)) -> Result<Self, OpenError> {
        let io = |error: std::io::Error| OpenError::Io {
            path: lock_path(path),
            doing: "locking",
            reason: error.to_string(),
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(lock_path(path)).map_err(io)?;
        let mut waited = Duration::ZERO;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(io(error)),
                Err(TryLockError::WouldBlock) => {}
            }
            // Read anew each time: another one may have got it.
            let holder = Holder::read(&mut file);
            if waited >= holder.patience() {
                return Err(OpenError::InUse { path: path.to_owned(), holder: holder.to_string() });
            }
            pause(LOCK_PAUSE);
            waited += LOCK_PAUSE;
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

/// Who has the lock, as far as the file says.
enum Holder {
    Process(u32),
    /// The process that took it is gone; what it has started still shares it.
    Ended(u32),
    /// Between its lock and its write, or somebody else's file.
    Unknown,
}

impl Holder {
    fn read(file: &mut File) -> Self {
        let mut text = String::new();
        let read = file.rewind().and_then(|()| file.take(HOLDER_BYTES_MAX).read_to_string(&mut text));
        match (read, text.trim().parse()) {
            (Ok(_), Ok(pid)) if Path::new("/proc").join(text.trim()).exists() => Holder::Process(pid),
            (Ok(_), Ok(pid)) => Holder::Ended(pid),
            _ => Holder::Unknown,
        }
    }

    fn patience(&self) -> Duration {
        match self {
            Holder::Ended(_) => LOCK_PATIENCE_FOR_THE_DEAD,
            Holder::Process(_) | Holder::Unknown => LOCK_PATIENCE,
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Holder::Process(pid) => write!(f, "process {pid}"),
            Holder::Ended(pid) => write!(f, "process {pid}, which has ended, or by what it has started"),
            Holder::Unknown => f.write_str("another process"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_dead_leave_behind_is_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("cluster.db");
        let mut ended = std::process::Command::new("true").spawn().unwrap();
        ended.wait().unwrap();
        std::fs::write(lock_path(&path), format!("{}\n", ended.id())).unwrap();
        let child = File::open(lock_path(&path)).unwrap();
        child.lock().unwrap();
        let mut waited = Duration::ZERO;
        let taken = Lock::take_with(&path, |pause| {
            waited += pause;
            // Longer than anybody who lives is waited for.
            if waited > 2 * LOCK_PATIENCE {
                child.unlock().unwrap();
            }
        });
        drop(taken.unwrap());
        let held = Lock::take(&path).unwrap();
        let refused = Lock::take_with(&path, drop).unwrap_err().to_string();
        assert!(refused.contains(&format!("in use by process {};", std::process::id())), "{refused}");
        drop(held);
    }
}
