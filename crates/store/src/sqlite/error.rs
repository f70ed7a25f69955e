//! Why a database was not opened or made.

use std::path::PathBuf;

use thiserror::Error;

/// Why a database was not opened or made. Whatever it is, the file is as it was.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The caller's: there is a file already.
    #[error("{} exists already; a new cluster needs a directory without a database", path.display())]
    AlreadyExists {
        /// The file.
        path: PathBuf,
    },
    /// The caller's: there is no file.
    #[error("no database at {}; create the cluster first, or correct the data directory", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The caller's: another process has it open.
    #[error("{} is in use by {holder}; stop that one first, or use another data directory", path.display())]
    InUse {
        /// The database file.
        path: PathBuf,
        /// "process 1234", as the holder wrote it, or "another process".
        holder: String,
    },
    /// The caller's: it is a file of something else.
    #[error("{} is not a Mainstay database: {found}; correct the data directory", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        found: String,
    },
    /// The caller's: it was written by a newer Mainstay.
    #[error("{} has schema version {found}, this program knows {known}; install the newer Mainstay", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest one known here.
        known: i64,
    },
    /// The environment's: it is ours, but not whole.
    #[error("{} is damaged: {found}; move it away with its -wal file and restore a backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        found: String,
    },
    /// The environment's: the log that it needs is not there.
    #[error(
        "{} was not ended cleanly, and {found}: what was committed last is in there. Put the -wal file back that belongs to \
         it, or a copy of the whole directory; or restore a backup; or, to go on knowingly with what is left, restore the \
         file itself: mainstay cluster restore {} --without-log --data-dir {}",
        path.display(), path.display(), super::open::directory(path).display()
    )]
    LogMissing {
        /// The file.
        path: PathBuf,
        /// What is wrong with the log.
        found: &'static str,
    },
    /// The environment's: another program holds SQLite's locks on it.
    #[error("{} is locked by another program ({doing}); close every sqlite3 that has it open", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
        /// What could not be done.
        doing: &'static str,
    },
    /// The machine's: no room.
    #[error("the disk of {} is full ({doing} it); nothing of it is lost: make room there and start again", path.display())]
    Full {
        /// The file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
    },
    /// The environment's: the file system or SQLite answered an error.
    #[error("{doing} {}: {reason}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// The error.
        reason: String,
    },
}
