//! Writing a backup where a caller wants it.
//!
//! The service may run as root and the caller need not, so the place is looked at with care: a new file, in a directory
//! that is there and in which nobody can put a link or another directory in the way while it is written. Nothing is
//! written over.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use mainstay_engine::backup::{Manifest, seal};
use mainstay_store::sqlite::{OpenError, Options, write_backup};
use mainstay_store::{Backup, StoreError};
use mainstay_types::Status;
use mainstay_types::order::Cause;

/// The longest path that is looked at: `PATH_MAX` of limits.h.
const PATH_BYTES_MAX: usize = 4096;

/// Names of one second that are tried. Nobody makes so many copies of a database in a second.
const NAMES_MAX: u32 = 100;

/// Permission of group and others to write.
const WRITE_OF_OTHERS: u32 = 0o022;
/// In such a directory everybody may take away his own things only.
const STICKY: u32 = 0o1000;

/// Why nothing can be written there. The caller is to blame, unless said otherwise.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlaceError {
    #[error(
        "the path of a backup '{0}' is not absolute; write the whole path, as the service's machine knows it"
    )]
    Relative(String),
    #[error("the path of a backup has {0} bytes; at most {PATH_BYTES_MAX} are allowed")]
    TooLong(usize),
    #[error("'{0}' does not end with a file's name; name a new file, or a directory that is there")]
    NoName(String),
    #[error("the directory '{}' cannot be looked at: {source}; make it, or name another one", path.display())]
    NoDirectory { path: PathBuf, source: io::Error },
    /// Who asks has enough access, the service has not.
    #[error(
        "the service may not look into the directory '{}': {source}; let its user do so, or name another one",
        path.display()
    )]
    Closed { path: PathBuf, source: io::Error },
    #[error("'{}' is no directory; name a new file in a directory that is there", .0.display())]
    NotADirectory(PathBuf),
    #[error(
        "'{}' can be written by others (owner {owner}, mode {mode:04o}), who could put something in the backup's place; \
         choose a directory that belongs to root or to the service's user, as all above it do, and that only its owner \
         may write to", path.display()
    )]
    OpenToOthers { path: PathBuf, owner: u32, mode: u32 },
    #[error(
        "'{}' is the service's own directory; keep backups elsewhere, best on another disk", .0.display()
    )]
    OwnDirectory(PathBuf),
    #[error("'{}' is there already, and a backup takes nobody's place; choose another name", .0.display())]
    Taken(PathBuf),
    /// The machine's.
    #[error("the disk is full, and there is no backup at '{}'; make room there and try again", .0.display())]
    Full(PathBuf),
    /// The machine's.
    #[error("the backup '{}' cannot be written: {reason}; mend that, or choose another place", path.display())]
    NotWritten { path: PathBuf, reason: String },
}

impl PlaceError {
    /// A directory that cannot be looked at.
    fn unseen(path: &Path, source: io::Error) -> Self {
        // As it was named, without what says that it is to be one.
        let path: PathBuf = path.components().collect();
        match source.kind() {
            io::ErrorKind::NotADirectory => Self::NotADirectory(path),
            io::ErrorKind::PermissionDenied => Self::Closed { path, source },
            _ => Self::NoDirectory { path, source },
        }
    }

    fn status(&self) -> Status {
        match self {
            // Not ERROR_ACCESS_DENIED: that would send the caller to look for more access.
            Self::Relative(_)
            | Self::TooLong(_)
            | Self::NoName(_)
            | Self::OpenToOthers { .. }
            | Self::OwnDirectory(_) => Status::INVALID_PARAMETER,
            Self::NoDirectory { .. } | Self::Closed { .. } | Self::NotADirectory(_) => Status::PATH_NOT_FOUND,
            Self::Taken(_) => Status::ALREADY_EXISTS,
            Self::Full(_) => Status::DISK_FULL,
            Self::NotWritten { .. } => Status::WRITE_FAULT,
        }
    }
}

/// A database that cannot be copied now, for the caller.
pub(crate) fn unreadable(error: &StoreError) -> Cause {
    Cause::new(Status::SHARING_PAUSED, format!("the database cannot be copied now: {error}; try again"))
}

/// Writes a copy of the database as a backup, durably. Answers the file.
pub(crate) fn write(
    wanted: &str,
    data_dir: &Path,
    mut copy: Backup,
    manifest: &Manifest,
) -> Result<String, Cause> {
    let written = place(wanted, data_dir, manifest.taken_unix_ms).and_then(|path| {
        seal(&mut copy, manifest);
        write_backup(&path, &manifest.cluster_id, &copy, &Options::default())
            .map_err(|error| not_written(path.clone(), error))?;
        Ok(path.display().to_string())
    });
    written.map_err(|error| Cause::new(error.status(), error.to_string()))
}

fn not_written(path: PathBuf, error: OpenError) -> PlaceError {
    match error {
        OpenError::AlreadyExists { path } => PlaceError::Taken(path),
        OpenError::Full { .. } => PlaceError::Full(path),
        OpenError::Io { doing, reason, .. } => {
            PlaceError::NotWritten { path, reason: format!("{doing} it: {reason}") }
        }
        other => PlaceError::NotWritten { path, reason: other.to_string() },
    }
}

/// The file that a backup is to become: what was named, or a new name in the directory that was. Its directory is
/// without links, and nobody but root and us can change anything on the way to it.
fn place(wanted: &str, data_dir: &Path, unix_ms: u64) -> Result<PathBuf, PlaceError> {
    if wanted.len() > PATH_BYTES_MAX {
        return Err(PlaceError::TooLong(wanted.len()));
    }
    let path = Path::new(wanted);
    if !path.is_absolute() {
        return Err(PlaceError::Relative(wanted.to_owned()));
    }
    // What a link leads to is looked at where it is, and written to there.
    let (directory, name) = if wanted.ends_with('/') || fs::metadata(path).is_ok_and(|found| found.is_dir()) {
        (path, free_name(path, unix_ms).into())
    } else {
        let parts = (path.parent(), path.components().next_back());
        let (Some(directory), Some(Component::Normal(name))) = parts else {
            return Err(PlaceError::NoName(wanted.to_owned()));
        };
        (directory, name.to_owned())
    };
    let directory = fs::canonicalize(directory).map_err(|source| PlaceError::unseen(directory, source))?;
    if !directory.is_dir() {
        return Err(PlaceError::NotADirectory(directory));
    }
    check_way(&directory)?;
    if fs::canonicalize(data_dir).is_ok_and(|own| directory.starts_with(own)) {
        return Err(PlaceError::OwnDirectory(directory));
    }
    let file = directory.join(name);
    match fs::symlink_metadata(&file) {
        Ok(_) => Err(PlaceError::Taken(file)),
        Err(_) => Ok(file),
    }
}

/// Nobody else may write to the directory, or put another one in the place of one above it.
fn check_way(directory: &Path) -> Result<(), PlaceError> {
    let us = rustix::process::geteuid().as_raw();
    for path in directory.ancestors() {
        let found = fs::symlink_metadata(path).map_err(|source| PlaceError::unseen(path, source))?;
        let (owner, mode) = (found.uid(), found.mode() & 0o7777);
        let is_ours = owner == 0 || owner == us;
        // What belongs to us in a directory such as /tmp stays where it is.
        let may_others = mode & WRITE_OF_OTHERS != 0 && (path == directory || mode & STICKY == 0);
        if !is_ours || may_others {
            return Err(PlaceError::OpenToOthers { path: path.to_owned(), owner, mode });
        }
    }
    Ok(())
}

/// A free name of a backup in a directory: in the order of time, and without a sign that a shell would take for its own.
fn free_name(directory: &Path, unix_ms: u64) -> String {
    let name = |number: &str| format!("mainstay-{}{number}.backup", stamp(unix_ms));
    numbered(name, |name| fs::symlink_metadata(directory.join(name)).is_err())
}

/// The first name that is free: without a number, else `-2` and so on. When none is, the last one, which is refused then.
pub(crate) fn numbered(name: impl Fn(&str) -> String, is_free: impl Fn(&str) -> bool) -> String {
    let numbers = (2..=NAMES_MAX).map(|number| format!("-{number}"));
    let mut names = std::iter::once(String::new()).chain(numbers).map(|number| name(&number));
    let found = names.find(|name| is_free(name));
    found.unwrap_or_else(|| name(&format!("-{NAMES_MAX}")))
}

/// A time as part of a file's name: `20260102T030405Z`.
pub(crate) fn stamp(unix_ms: u64) -> String {
    let at = i64::try_from(unix_ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    at.map_or_else(|| unix_ms.to_string(), |at| at.strftime("%Y%m%dT%H%M%SZ").to_string())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn the_first_free_name_of_a_second_is_taken() {
        for (taken, expected) in [(0, "a"), (1, "a-2"), (2, "a-3"), (99, "a-100"), (1000, "a-100")] {
            let number = |name: &str| name.strip_prefix("a-").map_or(1, |number| number.parse().unwrap());
            let found = numbered(|number| format!("a{number}"), |name| number(name) > taken);
            assert_eq!(found, expected, "{taken}");
        }
    }

    #[test]
    fn a_directory_that_will_not_do_is_named_with_the_way_out() {
        for (kind, text) in [
            (
                io::ErrorKind::NotFound,
                "the directory '/b/there' cannot be looked at: entity not found; make it, or name another one",
            ),
            (
                io::ErrorKind::NotADirectory,
                "'/b/there' is no directory; name a new file in a directory that is there",
            ),
            (
                io::ErrorKind::PermissionDenied,
                "the service may not look into the directory '/b/there': permission denied; let its user do so, or \
                 name another one",
            ),
        ] {
            let error = PlaceError::unseen(Path::new("/b/there/"), kind.into());
            assert_eq!((error.status(), error.to_string().as_str()), (Status::PATH_NOT_FOUND, text));
        }
    }

    #[test]
    fn a_backup_is_written_only_where_nobody_can_interfere() {
        let directory = tempfile::tempdir().unwrap();
        let base = fs::canonicalize(directory.path()).unwrap();
        let path = |name: &str| base.join(name);
        for (name, mode) in [("safe", 0o700), ("shared", 0o1777), ("group", 0o770), ("data", 0o700)] {
            fs::create_dir(path(name)).unwrap();
            fs::set_permissions(path(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        for name in ["shared/mine", "group/mine", "data/below"] {
            fs::create_dir(path(name)).unwrap();
        }
        fs::write(path("safe/taken"), "precious").unwrap();
        symlink(path("nowhere"), path("safe/link")).unwrap();
        symlink(path("group"), path("safe/way")).unwrap();
        symlink(path("safe"), path("short")).unwrap();
        let check = |wanted: &str, expected: Result<&str, Status>| {
            let absolute = wanted.replace("BASE", base.to_str().unwrap());
            let found = place(&absolute, &path("data"), 1_767_322_800_000);
            let found = found.as_ref().map_err(PlaceError::status);
            assert_eq!(
                found.map(PathBuf::as_path),
                expected.map(path).as_deref().map_err(|status| *status),
                "{wanted}"
            );
        };
        check("BASE/safe/new", Ok("safe/new"));
        check("BASE/safe", Ok("safe/mainstay-20260102T030000Z.backup"));
        check("BASE/safe/", Ok("safe/mainstay-20260102T030000Z.backup"));
        check("BASE/short/new", Ok("safe/new"));
        check("BASE/shared/mine/new", Ok("shared/mine/new"));
        check("BASE/safe/../safe/new", Ok("safe/new"));
        check("BASE/shared/new", Err(Status::INVALID_PARAMETER));
        check("BASE/group/new", Err(Status::INVALID_PARAMETER));
        check("BASE/group/mine/new", Err(Status::INVALID_PARAMETER));
        check("BASE/safe/way/new", Err(Status::INVALID_PARAMETER));
        check("BASE/safe/way", Err(Status::INVALID_PARAMETER));
        check("BASE/data/new", Err(Status::INVALID_PARAMETER));
        check("BASE/data/below/new", Err(Status::INVALID_PARAMETER));
        check("BASE/safe/taken", Err(Status::ALREADY_EXISTS));
        check("BASE/safe/link", Err(Status::ALREADY_EXISTS));
        check("BASE/safe/taken/new", Err(Status::PATH_NOT_FOUND));
        check("BASE/nowhere/new", Err(Status::PATH_NOT_FOUND));
        check("BASE/nowhere/", Err(Status::PATH_NOT_FOUND));
        check("BASE/safe/taken/", Err(Status::PATH_NOT_FOUND));
        check("BASE/nowhere/..", Err(Status::INVALID_PARAMETER));
        check("safe/new", Err(Status::INVALID_PARAMETER));
        check("c:\\cluster_backup", Err(Status::INVALID_PARAMETER));
        check("", Err(Status::INVALID_PARAMETER));
        check(&format!("/{}", "x".repeat(PATH_BYTES_MAX)), Err(Status::INVALID_PARAMETER));
    }
}
