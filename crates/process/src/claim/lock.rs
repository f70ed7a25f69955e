//! The locks behind a claim: of directories in a cgroup tree, which somebody may remove at any time, and of files.
//!
//! A lock is flock(2)'s. Who has one is found in the kernel's list, for messages and for those who only look.

use std::fs::{self, DirBuilder, File, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::Holder;
use crate::cgroup::CgroupError;

/// How long a lock is waited for. Who has just ended may have left a child between its fork and its exec, which shares
/// the lock until then.
const LOCK_PATIENCE: Duration = Duration::from_millis(500);
/// Between two tries.
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// How often the kernel's list of locks is read before one counts as not there. It comes in pieces, and where another
/// lock is let go between two of them, one that is held can be missed.
const LOCKS_LOOKS: usize = 3;

/// Nobody else may open the directory: whoever can open it can lock it.
pub(super) const MODE: u32 = 0o700;

/// Tries until something has come of it, for as long as somebody who has just ended could be in the way.
pub(super) fn patiently<T>(mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
    let until = Instant::now() + LOCK_PATIENCE;
    loop {
        match attempt() {
            None if Instant::now() < until => thread::sleep(LOCK_PAUSE),
            tried => return tried,
        }
    }
}

/// What has come of one try; nothing where somebody has the lock.
fn had(tried: Result<(), TryLockError>) -> io::Result<Option<()>> {
    match tried {
        Ok(()) => Ok(Some(())),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Locks a directory that is made for it; those above it have to be there.
///
/// # Errors
///
/// It cannot be made or locked. Inside: it is in somebody's hands.
pub(super) fn lock(directory: &Path) -> Result<Result<File, Holder>, CgroupError> {
    match patiently(|| try_lock(directory).transpose()) {
        Some(locked) => locked.map(Ok),
        None if directory.exists() => Ok(Err(holder_of(directory).unwrap_or_default())),
        None => Err(CgroupError::io("open", directory, io::Error::from(io::ErrorKind::NotFound))),
    }
}

/// One try; nothing where somebody has it, or removes it at this moment.
fn try_lock(directory: &Path) -> Result<Option<File>, CgroupError> {
    let failed = |action| move |source: io::Error| CgroupError::io(action, directory, source);
    make_private(directory)?;
    let file = match File::open(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(failed("open"))?,
    };
    let is_had = had(file.try_lock()).map_err(failed("lock"))?;
    // One that was removed by the one who had it keeps nobody out.
    Ok(is_had.filter(|()| is_open_here(&file, directory)).map(|()| file))
}

/// Locks a file that is made for it.
///
/// # Errors
///
/// It cannot be made or locked. Inside: it is in somebody's hands.
pub fn lock_file(path: &Path) -> io::Result<Result<File, Holder>> {
    let file = File::options().create(true).truncate(false).write(true).mode(0o600).open(path)?;
    let is_had = patiently(|| had(file.try_lock()).transpose());
    match is_had.transpose()? {
        Some(()) => Ok(Ok(file)),
        None => Ok(Err(holder_of(path).unwrap_or_default())),
    }
}

/// Who has locked a directory, which need not be there, for longer than somebody who has just ended could have.
pub(super) fn is_locked(directory: &Path) -> Result<Option<Holder>, CgroupError> {
    let file = match File::open(directory) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        // Another account's, which nobody but it and root can lock: that can be seen at least.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(holder_of(directory)),
        Err(error) => return Err(CgroupError::io("open", directory, error)),
    };
    // A shared one, which others who look do not notice.
    let is_had = patiently(|| had(file.try_lock_shared()).transpose());
    match is_had.transpose().map_err(|error| CgroupError::io("lock", directory, error))? {
        Some(()) => Ok(None),
        None => Ok(Some(holder_of(directory).unwrap_or_default())),
    }
}

/// Makes a directory that nobody else may open. It may be there already; those above it have to be.
pub(super) fn make_private(directory: &Path) -> Result<(), CgroupError> {
    let failed = |action| move |source: io::Error| CgroupError::io(action, directory, source);
    match DirBuilder::new().mode(MODE).create(directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed("create")(error)),
        _ => {}
    }
    fs::set_permissions(directory, Permissions::from_mode(MODE)).map_err(failed("close to others"))
}

/// Whether this is what is opened at the path.
pub(super) fn is_open_here(file: &File, path: &Path) -> bool {
    let place = |found: fs::Metadata| (found.dev(), found.ino());
    let opened = file.metadata().ok().map(place);
    opened.is_some() && fs::metadata(path).ok().map(place) == opened
}

/// Who has locked a file or directory, as far as it can be found out.
pub fn holder_of(directory: &Path) -> Option<Holder> {
    let found = fs::metadata(directory).ok()?;
    let (major, minor) = (rustix::fs::major(found.dev()), rustix::fs::minor(found.dev()));
    (0..LOCKS_LOOKS).find_map(|_| {
        let locks = fs::read_to_string("/proc/locks").ok()?;
        parse_locks(&locks, major, minor, found.ino()).map(Holder::of)
    })
}

/// The process that has locked a file as a whole, by the lines of `/proc/locks` (proc_locks(5)).
fn parse_locks(locks: &str, major: u32, minor: u32, inode: u64) -> Option<i32> {
    let file = format!("{major:02x}:{minor:02x}:{inode}");
    locks.lines().find_map(|line| {
        // Those who wait have an arrow in the second place.
        match line.split_ascii_whitespace().collect::<Vec<_>>()[..] {
            [_, "FLOCK", _, _, pid, of, ..] if of == file => pid.parse().ok().filter(|pid| *pid > 0),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_who_holds_a_lock_is_found_among_the_locks() {
        let locks = "1: FLOCK  ADVISORY  WRITE 11 fe:00:77 0 EOF\n\
                     2: -> FLOCK  ADVISORY  WRITE 12 00:26:1201110 0 EOF\n\
                     3: POSIX  ADVISORY  WRITE 13 00:26:1201110 0 EOF\n\
                     4: FLOCK  ADVISORY  WRITE 14 00:26:1201110 0 EOF\n\
                     5: FLOCK  ADVISORY  WRITE 0 00:26:5 0 EOF\nbroken\n";
        for (minor, inode, found) in
            [(38, 1_201_110, Some(14)), (39, 1_201_110, None), (38, 77, None), (38, 5, None)]
        {
            assert_eq!(parse_locks(locks, 0, minor, inode), found, "{minor}:{inode}");
        }
    }
}
