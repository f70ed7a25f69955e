//! A backup as a file, and a database at rest that one is put in the place of.
//!
//! A backup is a database file of its own: whole, with nothing beside it, readable with `sqlite3` like any other. It
//! appears under its name when it is durable, and never in the place of anything.
//!
//! ```text
//!   hold (nobody serves it) ──► look (what is there, made durable) ──► replace:
//!       new file made and synced ─► old one gets its second name ─► new one takes the name, in one step
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use crate::contract::Backup;

use super::error::OpenError;
use super::lock::Lock;
use super::open::{self, beside, directory};
use super::{Options, SqliteStore};

/// Writes a backup into a file that must not be there yet, in a directory that must.
///
/// It is the owner's alone (mode 0600). A crash leaves at most a file of that name with `.unfinished` behind it, which
/// has to be removed before the name can be used again: nothing here removes what it has not made.
pub fn write_backup(
    path: &Path,
    cluster_id: &str,
    backup: &Backup,
    options: &Options,
) -> Result<(), OpenError> {
    let draft = beside(path, ".unfinished");
    for taken in [path, &beside(path, "-wal"), &beside(path, "-journal"), &draft] {
        if fs::symlink_metadata(taken).is_ok() {
            return Err(OpenError::AlreadyExists { path: taken.to_owned() });
        }
    }
    let made = open::make_draft(&draft, path, options, |connection| {
        open::write_all(connection, cluster_id, backup.revision.generation, backup)
    });
    let named = made.and_then(|()| open::name_draft(&draft, path, options));
    if matches!(named, Err(OpenError::AlreadyExists { .. })) {
        // It was there first.
        return named;
    }
    if named.is_err() {
        // What was made here and is of no use. The error that led here is the one to tell.
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let _ = options.files.remove(&beside(&draft, suffix));
        }
    }
    named
}

/// Reads a whole database file and checks all of it, with whatever is beside it. Answers its cluster's id and what it
/// holds. It is opened as a database is, so the file has to be one that may be written to.
pub fn read_backup(path: &Path, options: &Options) -> Result<(String, Backup), OpenError> {
    let store = SqliteStore::open(path, options.clone())?;
    Ok((store.cluster_id().to_owned(), store.memory.lock().backup()))
}

/// A database file, or the place of one, that nobody serves as long as this is held.
#[derive(Debug)]
pub struct Resting {
    path: PathBuf,
    options: Options,
    lock: Option<Lock>,
}

impl Resting {
    /// Takes the database's lock, whether the file is there or not; its directory has to be.
    ///
    /// # Errors
    ///
    /// [`OpenError::InUse`]: a service has it open.
    pub fn hold(path: &Path, options: Options) -> Result<Self, OpenError> {
        let lock = Some(Lock::take(path)?);
        Ok(Self { path: path.to_owned(), options, lock })
    }

    /// What the file holds, with its cluster's id, after everything that it shows was made durable and its log was
    /// moved into it; `None` when there is no file.
    ///
    /// # Errors
    ///
    /// It is not ours, newer, damaged, or cannot be read; then it is as it was.
    pub fn look(&mut self) -> Result<Option<(String, Backup)>, OpenError> {
        let Some(lock) = self.lock.take() else { return Ok(None) };
        match SqliteStore::open_locked_or_give_back(&self.path, self.options.clone(), lock) {
            Ok(mut store) => {
                let found = (store.cluster_id.clone(), store.memory.lock().backup());
                // Closed before its lock is let go of: the last connection moves the log into the file.
                store.connection = None;
                self.lock = Some(store.lock);
                Ok(Some(found))
            }
            Err((lock, error)) => {
                self.lock = Some(lock);
                match error {
                    OpenError::Missing { .. } => Ok(None),
                    error => Err(error),
                }
            }
        }
    }

    /// Puts a database that holds `backup` in the place of the one that is there, in one step: whatever happens
    /// meanwhile, either is there whole. The old one, and a log beside it, get their names behind `kept`, which must be
    /// free.
    ///
    /// # Errors
    ///
    /// Something cannot be written; the old database is in its place still, unless only the last sync failed.
    pub fn replace(&self, cluster_id: &str, backup: &Backup, kept: &Path) -> Result<(), OpenError> {
        let path = &self.path;
        let io = |doing| {
            move |error: std::io::Error| OpenError::Io {
                path: path.clone(),
                doing,
                reason: error.to_string(),
            }
        };
        if fs::symlink_metadata(kept).is_ok() {
            return Err(OpenError::AlreadyExists { path: kept.to_owned() });
        }
        let draft = beside(path, ".new");
        for leftover in ["", "-wal", "-shm", "-journal"] {
            self.options.files.remove(&beside(&draft, leftover)).map_err(io("clearing the way for"))?;
        }
        open::make_draft(&draft, path, &self.options, |connection| {
            open::write_all(connection, cluster_id, backup.revision.generation, backup)
        })?;
        if fs::symlink_metadata(path).is_ok() {
            // A log without its database would be replayed into the new one. Only a database that cannot be opened has
            // one still.
            for suffix in ["-wal", "-journal"] {
                match fs::rename(beside(path, suffix), beside(kept, suffix)) {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                        return Err(io("keeping the log of")(error));
                    }
                    _ => {}
                }
            }
            self.options.files.remove(&beside(path, "-shm")).map_err(io("clearing the way for"))?;
            self.options.files.link(path, kept).map_err(io("keeping"))?;
            self.options.files.sync_directory(directory(path)).map_err(io("syncing the directory of"))?;
        }
        fs::rename(&draft, path).map_err(io("putting a new database in the place of"))?;
        self.options.files.sync_directory(directory(path)).map_err(io("syncing the directory of"))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::time::Duration;

    use super::*;
    use crate::contract::{KeyRange, Op, Revision, Transaction};
    use crate::error::WatchError;
    use crate::store::Store;

    const CLUSTER: &str = "one";

    fn put(store: &mut dyn Store, key: &str, value: &str) -> Revision {
        store.commit(Transaction::unconditional(vec![Op::put(key, value)])).unwrap().revision
    }

    fn filled(path: &Path) -> SqliteStore {
        let mut store = SqliteStore::create(path, CLUSTER, Options::default()).unwrap();
        put(&mut store, "b", "1");
        put(&mut store, "a", "2");
        put(&mut store, "b", "3");
        store.grant(Duration::from_secs(9), Duration::ZERO).unwrap();
        store
    }

    #[test]
    fn a_backup_is_a_database_of_its_own_and_takes_nobodys_place() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let mut store = filled(&path("cluster.db"));
        let backup = store.backup().unwrap();
        put(&mut store, "a", "later");
        let options = Options::default();
        write_backup(&path("backup.db"), CLUSTER, &backup, &options).unwrap();
        let mode = fs::metadata(path("backup.db")).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
        let names: Vec<_> =
            fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        let beside_it = names.iter().filter(|name| name.to_string_lossy().starts_with("backup.db"));
        assert_eq!(beside_it.count(), 1, "{names:?}");
        assert_eq!(read_backup(&path("backup.db"), &options).unwrap(), (CLUSTER.to_owned(), backup.clone()));
        fs::write(path("precious"), "precious").unwrap();
        std::os::unix::fs::symlink(path("nowhere"), path("link")).unwrap();
        fs::write(path("half.unfinished"), "another's").unwrap();
        for name in ["precious", "link", "half", "backup.db", "cluster.db"] {
            let refused = write_backup(&path(name), CLUSTER, &backup, &options);
            assert!(matches!(refused, Err(OpenError::AlreadyExists { .. })), "{name}: {refused:?}");
        }
        assert_eq!(fs::read(path("precious")).unwrap(), b"precious");
        assert_eq!(fs::read(path("half.unfinished")).unwrap(), b"another's");
        assert!(!path("nowhere").exists());
    }

    #[test]
    fn a_database_is_replaced_by_a_backup_and_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let mut store = filled(&path("cluster.db"));
        let mut backup = store.backup().unwrap();
        put(&mut store, "a", "later");
        let seen = store.revision().unwrap();
        let in_use = Resting::hold(&path("cluster.db"), Options::default());
        assert!(matches!(in_use, Err(OpenError::InUse { .. })), "{in_use:?}");
        drop(store);
        let mut resting = Resting::hold(&path("cluster.db"), Options::default()).unwrap();
        let (_, there) = resting.look().unwrap().unwrap();
        assert_eq!(there.revision, seen);
        let served = SqliteStore::open(&path("cluster.db"), Options::default());
        assert!(matches!(served, Err(OpenError::InUse { .. })), "{served:?}");
        backup.revision.generation = 7;
        resting.replace(CLUSTER, &backup, &path("kept.db")).unwrap();
        let again = resting.replace(CLUSTER, &backup, &path("kept.db"));
        assert!(matches!(again, Err(OpenError::AlreadyExists { .. })), "{again:?}");
        drop(resting);
        let mut store = SqliteStore::open(&path("cluster.db"), Options::default()).unwrap();
        assert_eq!(store.revision().unwrap(), Revision::new(7, 3));
        assert_eq!(store.backup().unwrap().entries.len(), 2);
        let mut stale = store.watch(&KeyRange::all(), seen).unwrap();
        assert!(matches!(stale.poll(), Err(WatchError::Compacted { .. })));
        assert_eq!(put(&mut store, "c", "1"), Revision::new(7, 4));
        let (_, kept) = read_backup(&path("kept.db"), &Options::default()).unwrap();
        assert_eq!(kept.revision, seen);
    }

    #[test]
    fn what_cannot_be_opened_is_kept_with_its_log() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let backup = filled(&path("other.db")).backup().unwrap();
        let mut resting = Resting::hold(&path("cluster.db"), Options::default()).unwrap();
        assert!(resting.look().unwrap().is_none());
        fs::write(path("cluster.db"), "no database").unwrap();
        fs::write(path("cluster.db-wal"), "its log").unwrap();
        assert!(resting.look().is_err());
        resting.replace(CLUSTER, &backup, &path("kept.db")).unwrap();
        assert_eq!(fs::read(path("kept.db")).unwrap(), b"no database");
        assert_eq!(fs::read(path("kept.db-wal")).unwrap(), b"its log");
        drop(resting);
        let mut store = SqliteStore::open(&path("cluster.db"), Options::default()).unwrap();
        assert_eq!(store.backup().unwrap().entries, backup.entries);
    }
}
