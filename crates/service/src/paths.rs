//! The paths of a start, looked at before anything is made.
//!
//! A slip in the configuration leaves no directory behind and takes no file away, and nothing is trusted that somebody
//! else could have put there. Makes nothing but the run directory.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// The longest path of a Unix socket: `sun_path` of unix(7) without the zero at its end.
const SOCKET_PATH_MAX: usize = 107;

/// The longest name of a socket in the run directory: that of a resource's own host, and the slash before it.
const SOCKET_NAME_MAX: usize = "/host-own-00000000-0000-0000-0000-000000000000.sock".len();

/// The longest run directory.
const RUN_DIR_MAX: usize = SOCKET_PATH_MAX - SOCKET_NAME_MAX;

/// The key of the run directory in the configuration, for messages.
const RUN_DIR_KEY: &str = "run_dir";

/// Permission of group and others to write.
const WRITE_OF_OTHERS: u32 = 0o022;

/// Why a path that is set cannot be used. The configuration is to blame.
#[derive(Debug, thiserror::Error)]
pub enum PathError {
    /// An empty text.
    #[error("{key} is set to an empty path; set it to a real one, or leave it out and take the default")]
    Empty {
        /// The configuration's key.
        key: &'static str,
    },
    /// Sockets have short paths.
    #[error("{key} '{path}' is {length} bytes long; sockets have short paths, so set one of at most {max}")]
    TooLong {
        /// The configuration's key.
        key: &'static str,
        /// As it is set.
        path: PathBuf,
        /// How long it is, in bytes.
        length: usize,
        /// How long it may be.
        max: usize,
    },
    /// Something else has that name.
    #[error("socket '{0}' is there and is no socket; set another socket, or move it away")]
    NotASocket(PathBuf),
    /// Others could put something there that would be trusted.
    #[error(
        "{key} '{path}' can be written by others (owner {owner}, mode {mode:04o}), who could make this service run \
         what they like; set another {key}, or make this one yours alone (owner {us}, mode 0700)"
    )]
    OpenToOthers {
        /// The configuration's key.
        key: &'static str,
        /// The directory.
        path: PathBuf,
        /// Its owner's user id.
        owner: u32,
        /// Its mode.
        mode: u32,
        /// Our user id.
        us: u32,
    },
    /// The file system says no.
    #[error("{key} '{path}' cannot be {action}: {source}; correct {key}")]
    Io {
        /// The configuration's key.
        key: &'static str,
        /// What it is about.
        path: PathBuf,
        /// What was tried: "made".
        action: &'static str,
        /// Why not.
        source: io::Error,
    },
}

impl PathError {
    fn io(key: &'static str, path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { key, path, action, source }
    }
}

/// The path as every process will understand it, wherever it runs.
pub(crate) fn absolute(key: &'static str, path: &Path) -> Result<PathBuf, PathError> {
    if path.as_os_str().is_empty() {
        return Err(PathError::Empty { key });
    }
    std::path::absolute(path).map_err(PathError::io(key, path, "found"))
}

/// Whether clients' socket can be there. A socket that is there may be replaced, nothing else.
pub(crate) fn check_socket(path: &Path) -> Result<(), PathError> {
    check_length("socket", path, SOCKET_PATH_MAX)?;
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => Err(PathError::NotASocket(path.to_owned())),
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(PathError::io("socket", path, "looked at")(error))
        }
        _ => Ok(()),
    }
}

/// Whether the run directory can be there, or be made.
pub(crate) fn check_run_dir(path: &Path) -> Result<(), PathError> {
    check_length(RUN_DIR_KEY, path, RUN_DIR_MAX)?;
    match fs::metadata(path) {
        Ok(found) if !found.is_dir() => {
            Err(PathError::io(RUN_DIR_KEY, path, "made")(io::ErrorKind::AlreadyExists.into()))
        }
        Ok(_) => check_private(RUN_DIR_KEY, path),
        // Making it says why not.
        Err(_) => Ok(()),
    }
}

/// Makes the run directory, the owner's alone, in one that everybody may enter: other things may be there too.
pub(crate) fn make_run_dir(path: &Path) -> Result<(), PathError> {
    check_run_dir(path)?;
    let failed = PathError::io(RUN_DIR_KEY, path, "made");
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::DirBuilder::new().recursive(true).mode(0o700).create(path)).map_err(failed)?;
    check_private(RUN_DIR_KEY, path)
}

/// Nobody but us, and root, may write to a directory whose contents are trusted.
pub(crate) fn check_private(key: &'static str, path: &Path) -> Result<(), PathError> {
    let found = fs::metadata(path).map_err(PathError::io(key, path, "looked at"))?;
    let us = rustix::process::geteuid().as_raw();
    let (owner, mode) = (found.uid(), found.mode() & 0o7777);
    if (owner != us && owner != 0) || mode & WRITE_OF_OTHERS != 0 {
        return Err(PathError::OpenToOthers { key, path: path.to_owned(), owner, mode, us });
    }
    Ok(())
}

fn check_length(key: &'static str, path: &Path, max: usize) -> Result<(), PathError> {
    let length = path.as_os_str().as_bytes().len();
    if length > max {
        return Err(PathError::TooLong { key, path: path.to_owned(), length, max });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_default_run_directory_is_short_enough() {
        let default = "/run/mainstay/00000000-0000-0000-0000-000000000000";
        assert!(check_length("run_dir", Path::new(default), RUN_DIR_MAX).is_ok());
    }

    #[test]
    fn paths_become_absolute_and_empty_ones_are_refused() {
        assert_eq!(absolute("socket", Path::new("/run/x")).unwrap(), Path::new("/run/x"));
        assert!(absolute("socket", Path::new("x")).unwrap().ends_with("x"));
        let message = absolute("socket", Path::new("")).unwrap_err().to_string();
        assert!(message.starts_with("socket is set to an empty path"), "{message}");
    }

    #[test]
    fn only_a_socket_may_be_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        assert!(check_socket(&path("nothing")).is_ok());
        let _listener = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
        assert!(check_socket(&path("socket")).is_ok());
        fs::write(path("file"), "precious").unwrap();
        std::os::unix::fs::symlink(path("socket"), path("link")).unwrap();
        for name in ["file", "link", ""] {
            assert!(matches!(check_socket(&path(name)), Err(PathError::NotASocket(_))), "{name}");
        }
        assert!(matches!(check_socket(&path("file/below")), Err(PathError::Io { .. })));
        assert!(matches!(check_socket(&path(&"x".repeat(108))), Err(PathError::TooLong { .. })));
    }

    #[test]
    fn a_directory_that_others_can_write_is_not_trusted() {
        let directory = tempfile::tempdir().unwrap();
        for (mode, is_fine) in [(0o700, true), (0o755, true), (0o770, false), (0o1777, false), (0o702, false)]
        {
            fs::set_permissions(directory.path(), fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(check_private("run_dir", directory.path()).is_ok(), is_fine, "{mode:o}");
        }
        let message = check_private("run_dir", directory.path()).unwrap_err().to_string();
        assert!(message.contains("mode 0702") && message.contains("set another run_dir"), "{message}");
    }
}
