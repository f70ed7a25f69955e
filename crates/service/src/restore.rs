//! Putting a backup in the place of the database, while nothing of the cluster runs.
//!
//! ```text
//!   directory and database locked ─► backup copied beside and checked ─► same cluster? ─► nothing of it runs?
//!     ─► made into what is to be served (engine::backup) ─► old one kept, new one in its place, in one step
//! ```
//!
//! What is refused leaves everything as it was. The journal stays: it tells what was asked, also of what is undone by
//! the restore, and the next start writes there that there was one.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use mainstay_engine::DatabaseError;
use mainstay_engine::backup::{
    Restore, contents, manifest, ownership_generation, restored, seal_what_is_left,
};
use mainstay_process::{ClaimError, cgroup, claim};
use mainstay_store::sqlite::{OpenError, Options, Resting, missing_log, read_backup};
use mainstay_store::{Backup, Revision};
use mainstay_types::operation::Asker;
use mainstay_types::{ClusterId, GroupId, Name, NodeId, OperationId};
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};

use crate::backup::{numbered, stamp};
use crate::cluster_dir::{ClusterDir, ClusterDirError, DATA_DIR_KEY};
use crate::journal::{self, JournalError, Known, unknown_number};
use crate::paths::{self, PathError};

/// The largest file that is taken for a backup: what a database may hold ([`mainstay_store::LIVE_BYTES_MAX`]), and as
/// much again for what SQLite needs around it.
const BACKUP_BYTES_MAX: u64 = 2 * mainstay_store::LIVE_BYTES_MAX;

/// Why nothing was restored. Everything is as it was, except that a data directory that was missing may have been made.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The backup cannot be read.
    #[error("the backup '{}' cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no backup, or not whole.
    #[error("'{}' cannot be restored: {reason}; take another backup", path.display())]
    NoBackup {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// It is no backup, and nothing of it is lost.
    #[error(
        "'{}' has its log beside it, and is whole with that; serve it, or restore it without --without-log", path.display()
    )]
    HasLog {
        /// The file.
        path: PathBuf,
    },
    /// It is another cluster's.
    #[error(
        "'{}' is a backup of cluster '{name}' ({found}), and {} holds cluster {expected}; take one of that cluster, or \
         restore it all the same with --force", path.display(), data_dir.display()
    )]
    OtherCluster {
        /// The file.
        path: PathBuf,
        /// Its cluster's name.
        name: String,
        /// Its cluster's id.
        found: String,
        /// The data directory.
        data_dir: PathBuf,
        /// That one's cluster's id.
        expected: String,
    },
    /// Which node this is cannot be told.
    #[error(
        "'{}' knows {count} nodes, and {} does not say which one this is; write the node's number and name into the \
         file 'node' there: 1 NAME", path.display(), data_dir.display()
    )]
    Node {
        /// The backup.
        path: PathBuf,
        /// How many nodes the backup has.
        count: usize,
        /// The data directory.
        data_dir: PathBuf,
    },
    /// Something of the cluster runs.
    #[error("nothing of the cluster may run while its database is replaced: {0}")]
    Running(#[from] ClaimError),
    /// The control groups cannot be read.
    #[error("whether anything of the cluster runs cannot be seen: {0}")]
    Cgroup(#[from] cgroup::CgroupError),
    /// The data directory.
    #[error(transparent)]
    ClusterDir(#[from] ClusterDirError),
    /// The data directory is not ours alone.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The database. A service that runs is one reason.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// The cluster id of a database is none.
    #[error("the cluster id '{0}' is none")]
    ClusterId(String),
}

/// What was restored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Restored {
    /// The cluster's id.
    pub cluster_id: String,
    /// Its name.
    pub cluster_name: String,
    /// When the backup was made, in milliseconds of Unix time.
    pub taken_unix_ms: u64,
    /// The revision that it shows, as `generation.revision`.
    pub revision: String,
    /// The operation that made it.
    pub operation: String,
    /// Where the database is that was there; absent where there was none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kept: Option<PathBuf>,
    /// What should be known beside.
    pub notes: Vec<String>,
}

/// What is known of the database that is to be replaced.
#[derive(Default)]
struct Former {
    is_there: bool,
    cluster_id: Option<String>,
    revision: Option<Revision>,
    ownership_generation: Option<u64>,
    groups: Vec<GroupId>,
    /// Why it could not be read.
    damage: Option<String>,
}

impl Former {
    /// What counts of it when the journal knows of newer changes: it has lost some, and nobody knows what was given out.
    fn witnessed(self, known: Option<&Known>) -> Former {
        let note = known.and_then(|known| known.note.as_ref());
        let lost = note.filter(|note| {
            self.cluster_id.as_ref() == Some(&note.cluster)
                && self.revision.is_some_and(|revision| note.revision > revision)
        });
        match lost {
            None => self,
            Some(note) => Former {
                damage: Some(format!("the journal knows that revision {} was on the disk", note.revision)),
                revision: None,
                ownership_generation: None,
                ..self
            },
        }
    }
}

/// What is asked for beside the backup.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish {
    /// Another cluster's backup will do.
    pub force: bool,
    /// So will a database whose log is lost: what is left in its file.
    pub without_log: bool,
}

/// Restores a backup into a data directory. See the module.
pub fn restore(dir: &ClusterDir, file: &Path, wish: Wish) -> Result<Restored, RestoreError> {
    // First, since it makes nothing.
    let mut source = open_backup(file)?;
    dir.make_directory()?;
    paths::check_private(DATA_DIR_KEY, dir.path())?;
    let _directory = dir.lock()?;
    let mut resting = Resting::hold(&dir.database(), Options::default())?;
    let draft = dir.path().join("cluster.db.restoring");
    dir.remove_unfinished(&draft)?;
    let options = if wish.without_log { Options::default().without_log() } else { Options::default() };
    let read = copy(&mut source, file, &draft).and_then(|()| read(file, &draft, &options));
    dir.remove_unfinished(&draft)?;
    let (cluster_id, mut backup) = read?;
    let now_ms = crate::core::now().unix_ms;
    let is_rest = wish.without_log && manifest(&backup).is_err();
    if is_rest {
        take_what_is_left(dir, file, &source, (&cluster_id, &mut backup), now_ms)?;
    }

    let mut notes = Vec::new();
    let known = look_at_journal(dir, &mut notes)?;
    let former = look(&mut resting)?.witnessed(known.as_ref());
    let cluster = parse(&cluster_id)?;
    let contents = contents(&backup).map_err(|error| no_backup(file, &error))?;
    // With what was made since the backup.
    let groups = [former.groups.as_slice(), &contents.groups].concat();
    let mount = cgroup::find_mount()?;
    claim::check_stopped(&mount, cluster, &groups)?;
    if let Some(other) = former.cluster_id.as_deref().filter(|other| *other != cluster_id) {
        if !wish.force {
            let manifest = manifest(&backup).map_err(|error| no_backup(file, &error))?;
            return Err(RestoreError::OtherCluster {
                path: file.to_owned(),
                name: manifest.cluster_name,
                found: cluster_id,
                data_dir: dir.path().to_owned(),
                expected: other.to_owned(),
            });
        }
        claim::check_stopped(&mount, parse(other)?, &groups)?;
    }
    let node = node(dir, file, contents.nodes)?;
    notes.extend(former.damage.iter().map(|damage| format!("the old database: {damage}")));

    if is_rest {
        notes.push(format!("what was committed last is not in '{}': it was in the lost log", file.display()));
    }
    // Nobody knows what was given out by a database that cannot be read or is not there. No count comes near the time.
    let unknown = now_ms / 1000;
    let journal_of = known.as_ref().and_then(|known| Some(known.note.as_ref()?.cluster.clone()));
    let is_foreign = journal_of.as_ref().is_some_and(|id| *id != cluster_id);
    let restore = Restore {
        ownership_generation: former.ownership_generation.unwrap_or(unknown),
        store_generation: former.revision.map_or(unknown, |revision| revision.generation),
        node: node.0,
        last_operation_number: known
            .filter(|_| !is_foreign)
            .map_or_else(|| unknown_number(now_ms), |known| known.last_number),
        asker: asker(),
        unix_ms: now_ms,
        account: format!("from {}", paths::absolute("backup", file)?.display()),
    };
    let manifest = restored(&mut backup, &restore).map_err(|error| no_backup(file, &error))?;
    if dir.node().is_err() {
        dir.write_node(node.0, &node.1)?;
    }
    let is_free = |name: &str| fs::symlink_metadata(dir.path().join(name)).is_err();
    let name = numbered(|number| format!("cluster.db.before-{}{number}", stamp(now_ms)), is_free);
    let kept = dir.path().join(name);
    resting.replace(&cluster_id, &backup, &kept)?;
    if let Some(other) = journal_of.filter(|_| is_foreign) {
        let aside = set_journal_aside(dir, now_ms)?;
        notes.push(format!(
            "the journal there was that of cluster {other}; it is kept in {}",
            aside.display()
        ));
    }
    Ok(Restored {
        cluster_id,
        cluster_name: manifest.cluster_name,
        taken_unix_ms: manifest.taken_unix_ms,
        revision: manifest.revision.to_string(),
        operation: manifest.operation.to_string(),
        kept: former.is_there.then_some(kept),
        notes,
    })
}

fn no_backup(file: &Path, error: &DatabaseError) -> RestoreError {
    RestoreError::NoBackup { path: file.to_owned(), reason: error.to_string() }
}

fn parse(id: &str) -> Result<ClusterId, RestoreError> {
    id.parse().map_err(|_| RestoreError::ClusterId(id.chars().take(80).collect()))
}

/// Opens a regular file, of a size that a backup can have. A FIFO is not waited for.
fn open_backup(file: &Path) -> Result<File, RestoreError> {
    let unreadable = |source| RestoreError::Unreadable { path: file.to_owned(), source };
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let opened = File::options().read(true).custom_flags(flags).open(file).map_err(unreadable)?;
    let found = opened.metadata().map_err(unreadable)?;
    let wrong = |reason: String| RestoreError::NoBackup { path: file.to_owned(), reason };
    if !found.is_file() {
        return Err(wrong("it is no regular file".into()));
    }
    if found.len() > BACKUP_BYTES_MAX {
        return Err(wrong(format!(
            "it has {} bytes, and no backup has more than {BACKUP_BYTES_MAX}",
            found.len()
        )));
    }
    Ok(opened)
}

/// Copies the backup beside the database: it is opened there, since nothing is to be written where it is.
fn copy(source: &mut File, file: &Path, draft: &Path) -> Result<(), RestoreError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| RestoreError::ClusterDir(ClusterDirError::Io { path, source })
    };
    let mut options = File::options();
    let mut target = options.write(true).create_new(true).mode(0o600).open(draft).map_err(io(draft))?;
    let mut bounded = source.take(BACKUP_BYTES_MAX);
    io::copy(&mut bounded, &mut target)
        .map(drop)
        .map_err(|source| RestoreError::Unreadable { path: file.to_owned(), source })
}

/// Makes a backup of a database whose log is lost. What was written to the file last is what it shows.
fn take_what_is_left(
    dir: &ClusterDir,
    file: &Path,
    opened: &File,
    (cluster_id, backup): (&str, &mut Backup),
    now_ms: u64,
) -> Result<(), RestoreError> {
    let unreadable = |source| RestoreError::Unreadable { path: file.to_owned(), source };
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    if missing_log(Path::new(&log)).map_err(unreadable)?.is_none() {
        return Err(RestoreError::HasLog { path: file.to_owned() });
    }
    let written = opened.metadata().and_then(|found| found.modified()).map_err(unreadable)?;
    let written = written.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    // No operation that was has a higher number.
    let nodes = contents(backup).map_err(|error| no_backup(file, &error))?.nodes;
    let newest = OperationId { node: node(dir, file, nodes)?.0, number: unknown_number(now_ms) };
    let written_ms = u64::try_from(written.as_millis()).unwrap_or(now_ms);
    seal_what_is_left(backup, cluster_id, newest, written_ms).map_err(|error| no_backup(file, &error))
}

/// Checks the whole backup, by its copy.
fn read(file: &Path, draft: &Path, options: &Options) -> Result<(String, Backup), RestoreError> {
    let reason = match read_backup(draft, options) {
        Ok(read) => return Ok(read),
        Err(OpenError::Foreign { found, .. }) => format!("it is no Mainstay database: {found}"),
        Err(OpenError::Damaged { found, .. }) => format!("it is damaged: {found}"),
        Err(OpenError::LogMissing { .. }) => {
            "it is a database, and needs the -wal file that was beside it; to take what is left of it, say --without-log"
                .to_owned()
        }
        Err(OpenError::Newer { found, known, .. }) => {
            format!("it has schema version {found}, and this program knows {known}")
        }
        Err(other) => return Err(other.into()),
    };
    Err(RestoreError::NoBackup { path: file.to_owned(), reason })
}

/// Looks at the database that is there. One that is damaged is the best reason for a restore; one that is newer, or
/// that belongs to something else, is none.
fn look(resting: &mut Resting) -> Result<Former, RestoreError> {
    match resting.look() {
        Ok(None) => Ok(Former::default()),
        Ok(Some((cluster_id, found))) => Ok(Former {
            is_there: true,
            cluster_id: Some(cluster_id),
            revision: Some(found.revision),
            ownership_generation: Some(ownership_generation(&found)),
            // One that cannot be served says nothing of them: what runs is found by its marks.
            groups: contents(&found).map(|contents| contents.groups).unwrap_or_default(),
            damage: None,
        }),
        Err(error @ (OpenError::Damaged { .. } | OpenError::LogMissing { .. })) => {
            Ok(Former { is_there: true, damage: Some(error.to_string()), ..Former::default() })
        }
        Err(error) => Err(error.into()),
    }
}

/// Which node this is: as the directory says, or the only one that there is.
fn node(dir: &ClusterDir, file: &Path, nodes: Vec<(NodeId, Name)>) -> Result<(NodeId, Name), RestoreError> {
    if let Ok(known) = dir.node() {
        return Ok(known);
    }
    match <[_; 1]>::try_from(nodes) {
        Ok([only]) => Ok(only),
        Err(nodes) => Err(RestoreError::Node {
            path: file.to_owned(),
            count: nodes.len(),
            data_dir: dir.path().to_owned(),
        }),
    }
}

/// What the journal knows. One that is not there is not made here; one that cannot be read does not keep anybody from a
/// restore, but from the next start.
fn look_at_journal(dir: &ClusterDir, notes: &mut Vec<String>) -> Result<Option<Known>, RestoreError> {
    match journal::look(&dir.journal()) {
        Err(error) if error.is_damage() => {
            notes.push(error.to_string());
            Ok(None)
        }
        found => Ok(found?),
    }
}

/// Gives another cluster's journal another name, with what is beside it. Nobody has it open.
fn set_journal_aside(dir: &ClusterDir, now_ms: u64) -> Result<PathBuf, RestoreError> {
    let is_free = |name: &str| fs::symlink_metadata(dir.path().join(name)).is_err();
    let name = numbered(|number| format!("journal.db.before-{}{number}", stamp(now_ms)), is_free);
    let aside = dir.path().join(name);
    // The log first: without its file it is of no use to anybody, beside a new one it would be taken for its.
    for suffix in ["-shm", "-wal", ""] {
        let [from, to] = [dir.journal(), aside.clone()].map(|path| {
            let mut path = path.into_os_string();
            path.push(suffix);
            PathBuf::from(path)
        });
        match fs::rename(&from, &to) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(ClusterDirError::Io { path: from, source }.into());
            }
            _ => {}
        }
    }
    Ok(aside)
}

/// Who restores, as a connection's other end would be named.
fn asker() -> Asker {
    let uid = rustix::process::getuid().as_raw();
    Asker {
        account: if uid == 0 { "root".into() } else { format!("uid {uid}") },
        sid: mainstay_security::Sid::unix_user(uid).to_string(),
        origin: format!("command line, process {}", std::process::id()),
    }
}
