//! The data directory: what is in it, and how a cluster begins.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use mainstay_engine::{Contents, DatabaseError, Genesis, genesis};
use mainstay_store::sqlite::{OpenError, Options, SqliteStore};
use mainstay_store::{Revision, Store, StoreError};
use mainstay_types::name::InvalidName;
use mainstay_types::{ClusterId, Name, NodeId};

use crate::database::Durable;
use crate::journal::{self, JournalError, Known, Whose, journal};
use crate::paths::{self, PathError};

/// Why a cluster cannot be made or opened.
#[derive(Debug, thiserror::Error)]
pub enum ClusterDirError {
    /// The name is no name.
    #[error("'{name}' cannot be the name of a {what}: {reason}")]
    Name {
        /// Cluster or node.
        what: &'static str,
        /// As it was given.
        name: String,
        /// Why not.
        reason: InvalidName,
    },
    /// There is one already.
    #[error("{0} holds a cluster already; choose another directory, or remove it if you are sure")]
    Exists(PathBuf),
    /// There is none.
    #[error("{0} holds no cluster; make one with: mainstay cluster create NAME --data-dir {dir}", dir = .0.display())]
    Missing(PathBuf),
    /// The node's own file is missing.
    #[error(
        "{path}, which says which node this is, cannot be read: {source}; write the node's number and name into it: 1 NAME"
    )]
    Node {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The node's own file speaks of a node that the cluster does not have.
    #[error(
        "{path} says that this is node '{said}', which the cluster does not have; write this node's number and name \
         into it, one of: {known}"
    )]
    UnknownNode {
        /// Which file.
        path: PathBuf,
        /// What it says.
        said: String,
        /// The cluster's nodes.
        known: String,
    },
    /// A file or directory cannot be made.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Somebody else makes one there at this moment.
    #[error("in {0} another process is making a cluster right now; wait for it, or choose another directory")]
    Busy(PathBuf),
    /// It is another user's.
    #[error("{path}: {source}; run it as the directory's owner, or as root")]
    NotAllowed {
        /// The data directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The directory is not ours alone.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The database's contents make no cluster.
    #[error("the database is not one that this version can serve: {0}")]
    Unservable(DatabaseError),
    /// The journal knows of newer changes than the database has.
    #[error(
        "{} has lost changes that were acknowledged: it is at revision {found}, and {} knows that {known} was on the disk; \
         its -wal file was cut off, is missing, or is an older one. Put the files there that belong together; or \
         restore a backup; or, to go on without the newest changes, move the journal and the files beside it whose \
         names begin with its name away",
        database.display(), journal.display()
    )]
    Lost {
        /// The database.
        database: PathBuf,
        /// Its revision.
        found: Revision,
        /// The journal.
        journal: PathBuf,
        /// The revision that it knows of.
        known: Revision,
    },
    /// A journal is there without a database.
    #[error(
        "{0} is the journal of another cluster; move it and the files beside it whose names begin with its name away, or \
         choose another directory"
    )]
    JournalExists(PathBuf),
    /// The journal says no; its message names file and way out.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The first contents are not possible.
    #[error(transparent)]
    Contents(#[from] DatabaseError),
    /// The database says no; its message names file and way out.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The first contents cannot be written.
    #[error("the first contents of {path} cannot be written: {source}")]
    Genesis {
        /// The database.
        path: PathBuf,
        /// Why.
        source: StoreError,
    },
}

/// The node that makes a cluster.
const FIRST_NODE: NodeId = NodeId(1);

/// The key of the directory in the configuration, for messages.
pub(crate) const DATA_DIR_KEY: &str = "data_dir";

/// Holds this node's number and name.
const NODE_FILE: &str = "node";

/// A cluster's files that are served.
pub struct OpenCluster {
    /// The database, with the directory's lock.
    pub store: SqliteStore,
    /// Which node this is.
    pub node: NodeId,
    /// By what name.
    pub node_name: Name,
    /// What the database holds.
    pub contents: Contents,
}

/// The files of one cluster on this node.
#[derive(Clone, Debug)]
pub struct ClusterDir(PathBuf);

impl ClusterDir {
    /// The files in this directory.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        ClusterDir(path.into())
    }

    /// The cluster database.
    pub fn database(&self) -> PathBuf {
        self.0.join("cluster.db")
    }

    /// This node's journal.
    pub fn journal(&self) -> PathBuf {
        self.0.join("journal.db")
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Makes a cluster of one node, all or nothing: a crash leaves no half of one behind that could be opened.
    ///
    /// # Errors
    ///
    /// There is one already, the names are no names, or the disk says no.
    pub fn create(&self, name: &str, node: &str) -> Result<ClusterId, ClusterDirError> {
        let parse = |what, name: &str| {
            Name::parse(name).map_err(|reason| ClusterDirError::Name { what, name: name.to_owned(), reason })
        };
        let (name, node_name) = (parse("cluster", name)?, parse("node", node)?);
        self.check_free()?;
        self.make_directory()?;
        paths::check_private(DATA_DIR_KEY, &self.0)?;
        // Held until the end, so that two who make one at the same time do not take each other's for a leftover.
        let _making = self.lock()?;
        self.check_free()?;
        let id = ClusterId(crate::ids::random_uuid());
        let unfinished = self.0.join("cluster.db.unfinished");
        self.remove_unfinished(&unfinished)?;
        let mut store = SqliteStore::create(&unfinished, &id.to_string(), Options::default())?;
        let security_descriptor =
            mainstay_security::default_descriptor().to_bytes().map_err(|error| self.invalid(&error))?;
        let first = Genesis {
            cluster_id: id,
            cluster_name: name,
            security_descriptor,
            node: FIRST_NODE,
            node_name,
            unix_ms: crate::core::now().unix_ms,
        };
        for transaction in genesis(&first)? {
            store
                .commit(transaction)
                .map_err(|source| ClusterDirError::Genesis { path: unfinished.clone(), source })?;
        }
        let revision = store
            .revision()
            .map_err(|source| ClusterDirError::Genesis { path: unfinished.clone(), source })?;
        drop(store);
        self.write_node(FIRST_NODE, &first.node_name)?;
        self.finish(&unfinished)?;
        // Last, since the cluster is whole without it. A start that makes it does not know that no operation has been, and
        // begins to count at a higher number.
        let whose = Whose {
            cluster: &id.to_string(),
            node: FIRST_NODE,
            durable: Durable::new(revision),
            unknown_number: 0,
            forgotten: &BTreeSet::new(),
        };
        if let Err(error) = journal(&self.journal(), whose) {
            tracing::warn!(%error, "the cluster has no journal yet; its first start makes one");
        }
        Ok(id)
    }

    /// Whether nothing of a cluster is there.
    fn check_free(&self) -> Result<(), ClusterDirError> {
        if self.database().exists() {
            return Err(ClusterDirError::Exists(self.0.clone()));
        }
        if self.journal().exists() {
            return Err(ClusterDirError::JournalExists(self.journal()));
        }
        Ok(())
    }

    /// Opens the database and locks the directory, after a look at everything that can say no: until then no file is
    /// changed.
    ///
    /// # Errors
    ///
    /// There is none, another service holds it, it is damaged, newer, or something else; or the other files do not belong
    /// to it.
    pub fn open(&self) -> Result<OpenCluster, ClusterDirError> {
        match fs::metadata(self.database()) {
            // Not allowed to look is not the same as not there.
            Err(source) if source.kind() == io::ErrorKind::PermissionDenied => {
                return Err(ClusterDirError::NotAllowed { path: self.0.clone(), source });
            }
            Err(_) => return Err(ClusterDirError::Missing(self.0.clone())),
            Ok(_) => {}
        }
        paths::check_private(DATA_DIR_KEY, &self.0)?;
        let mut accepted = None;
        let store = SqliteStore::open_if(&self.database(), Options::default(), |cluster, held| {
            let (node, node_name) = self.node()?;
            let contents =
                mainstay_engine::check_database(&held.entries).map_err(ClusterDirError::Unservable)?;
            self.check_node(node, &node_name, &contents.nodes)?;
            if let Some(known) = journal::look(&self.journal())? {
                self.check_known(&known, cluster, held.revision)?;
            }
            accepted = Some((node, node_name, contents));
            Ok::<_, ClusterDirError>(())
        })?;
        // What is opened was accepted.
        let Some((node, node_name, contents)) = accepted else {
            return Err(ClusterDirError::Missing(self.0.clone()));
        };
        Ok(OpenCluster { store, node, node_name, contents })
    }

    /// Whether the journal is this cluster's, and the database has all that the journal knows to have been on the disk.
    fn check_known(&self, known: &Known, cluster: &str, found: Revision) -> Result<(), ClusterDirError> {
        let Some(note) = &known.note else { return Ok(()) };
        if note.cluster != cluster {
            return Err(ClusterDirError::Journal(JournalError::OtherCluster {
                path: self.journal().display().to_string(),
                found: note.cluster.clone(),
                expected: cluster.to_owned(),
            }));
        }
        if note.revision > found {
            return Err(ClusterDirError::Lost {
                database: self.database(),
                found,
                journal: self.journal(),
                known: note.revision,
            });
        }
        Ok(())
    }

    /// Which node of the cluster this directory belongs to. It stands beside the database, which all nodes share.
    ///
    /// # Errors
    ///
    /// The file is missing or does not hold a node's number and name.
    pub fn node(&self) -> Result<(NodeId, Name), ClusterDirError> {
        let path = self.0.join(NODE_FILE);
        let text = fs::read_to_string(&path)
            .map_err(|source| ClusterDirError::Node { path: path.clone(), source })?;
        let (number, name) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        let number = number.parse().map_err(|error| self.invalid_file(&path, &error))?;
        let name = Name::parse(name).map_err(|error| self.invalid_file(&path, &error))?;
        Ok((number, name))
    }

    /// Whether the database has the node that this directory is said to belong to.
    ///
    /// # Errors
    ///
    /// It has not, or by another name.
    pub fn check_node(
        &self,
        node: NodeId,
        name: &Name,
        known: &[(NodeId, Name)],
    ) -> Result<(), ClusterDirError> {
        if known.iter().any(|(id, known)| *id == node && known.is(name.as_str())) {
            return Ok(());
        }
        let known: Vec<String> = known.iter().map(|(id, name)| format!("{id} {name}")).collect();
        Err(ClusterDirError::UnknownNode {
            path: self.0.join(NODE_FILE),
            said: format!("{node} {name}"),
            known: known.join(", "),
        })
    }

    pub(crate) fn write_node(&self, node: NodeId, name: &Name) -> Result<(), ClusterDirError> {
        let path = self.0.join(NODE_FILE);
        let write = || {
            let mut options = fs::File::options();
            let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&path)?;
            writeln!(file, "{node} {name}")?;
            file.sync_all()
        };
        write().map_err(|source| self.io(&path, source))
    }

    fn invalid(&self, error: &dyn std::error::Error) -> ClusterDirError {
        self.invalid_file(&self.database(), error)
    }

    fn invalid_file(&self, path: &Path, error: &dyn std::error::Error) -> ClusterDirError {
        self.io(path, io::Error::new(io::ErrorKind::InvalidData, error.to_string()))
    }

    pub(crate) fn make_directory(&self) -> Result<(), ClusterDirError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.0)
            .map_err(|source| self.io(&self.0, source))
    }

    /// Locks the directory itself, against others who are about to make a cluster in it.
    pub(crate) fn lock(&self) -> Result<fs::File, ClusterDirError> {
        let directory = fs::File::open(&self.0).map_err(|source| self.io(&self.0, source))?;
        match directory.try_lock() {
            Ok(()) => Ok(directory),
            Err(fs::TryLockError::WouldBlock) => Err(ClusterDirError::Busy(self.0.clone())),
            Err(fs::TryLockError::Error(source)) => Err(self.io(&self.0, source)),
        }
    }

    /// What an earlier attempt left that did not come to its end.
    pub(crate) fn remove_unfinished(&self, unfinished: &Path) -> Result<(), ClusterDirError> {
        for suffix in ["", "-wal", "-shm", ".lock"] {
            let mut path = unfinished.as_os_str().to_owned();
            path.push(suffix);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(self.io(Path::new(&path), error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn finish(&self, unfinished: &Path) -> Result<(), ClusterDirError> {
        let database = self.database();
        fs::rename(unfinished, &database).map_err(|source| self.io(&database, source))?;
        self.remove_unfinished(unfinished)?;
        fs::File::open(&self.0).and_then(|dir| dir.sync_all()).map_err(|source| self.io(&self.0, source))
    }

    fn io(&self, path: &Path, source: io::Error) -> ClusterDirError {
        ClusterDirError::Io { path: path.to_owned(), source }
    }
}
