//! What the guard remembers beyond its own death: a small JSON file in the run directory.
//!
//! It is written to a new file and renamed, so that a reader sees all of it or the one before. It is not synced: the
//! run directory is lost at boot, and so is every process that it speaks of.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use mainstay_ipc::guard::Leaf;
use mainstay_types::{ClusterId, Epoch, GroupId};
use serde::{Deserialize, Serialize};

/// The version of the file that this build writes.
const VERSION: u32 = 1;

/// The longest state file that is read, in bytes: some 200 for each of a hundred thousand leaves.
const LENGTH_MAX: u64 = 32 * 1024 * 1024;

/// Everything that has to survive.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Memory {
    /// Closed everywhere by a hard stop of everything.
    pub floor: Epoch,
    /// Closed by hard stops of groups.
    pub groups: Vec<(GroupId, Epoch)>,
    /// What is known of each leaf.
    pub leaves: Vec<(Leaf, LeafMemory)>,
}

/// What is known of a leaf.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct LeafMemory {
    /// The epoch for which it was opened last.
    pub opened: Option<Epoch>,
    /// The newest epoch that a hard stop has closed.
    pub floor: Epoch,
    /// Whether a hard stop has closed it since it was opened.
    pub closed: bool,
    /// Whether its directory is there.
    pub exists: bool,
}

#[derive(Serialize, Deserialize)]
struct File {
    version: u32,
    cluster: ClusterId,
    memory: Memory,
}

/// Why the state file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It cannot be read or written.
    #[error("the state file '{path}' cannot be {action}: {source}")]
    Io {
        /// Which.
        path: String,
        /// "read" or "written".
        action: &'static str,
        /// Why.
        source: io::Error,
    },
    /// It is damaged, or of another version or cluster.
    #[error(
        "the state file '{path}' is of no use: {reason}; if no resource of the cluster is running, remove it and \
         start again"
    )]
    Unusable {
        /// Which.
        path: String,
        /// Why.
        reason: String,
    },
}

/// Reads the file. `None`: there is none.
pub fn read(path: &Path, cluster: ClusterId) -> Result<Option<Memory>, StateError> {
    let io = |source| StateError::Io { path: path.display().to_string(), action: "read", source };
    let unusable = |reason: String| StateError::Unusable { path: path.display().to_string(), reason };
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(error)),
        Ok(data) if data.len() > LENGTH_MAX => {
            return Err(unusable(format!("it has {} bytes, more than {LENGTH_MAX}", data.len())));
        }
        Ok(_) => {}
    }
    let bytes = fs::read(path).map_err(io)?;
    let file: File = serde_json::from_slice(&bytes).map_err(|error| unusable(error.to_string()))?;
    if file.version != VERSION {
        return Err(unusable(format!("it has version {}, and this guard knows {VERSION}", file.version)));
    }
    if file.cluster != cluster {
        return Err(unusable(format!("it belongs to cluster {}", file.cluster)));
    }
    Ok(Some(file.memory))
}

/// Writes the file, whole or not at all.
pub fn write(path: &Path, cluster: ClusterId, memory: &Memory) -> Result<(), StateError> {
    let io = |source| StateError::Io { path: path.display().to_string(), action: "written", source };
    let file = File { version: VERSION, cluster, memory: memory.clone() };
    let bytes = serde_json::to_vec(&file).map_err(|error| io(error.into()))?;
    let new = path.with_extension("new");
    let written = || -> io::Result<()> {
        // What an earlier attempt left may have another mode.
        fs::remove_file(&new).or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        })?;
        fs::File::options().write(true).create_new(true).mode(0o600).open(&new)?.write_all(&bytes)?;
        fs::rename(&new, path)
    };
    written().map_err(io)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(number: u128) -> ClusterId {
        ClusterId(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn what_was_written_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("guard.json");
        assert_eq!(read(&path, cluster(1)).unwrap(), None);
        let epoch = Epoch { generation: 1, epoch: 7 };
        let memory = Memory {
            floor: epoch,
            groups: vec![(GroupId(uuid::Uuid::from_u128(2)), epoch)],
            leaves: vec![(
                Leaf::Pool,
                LeafMemory { opened: Some(epoch), floor: epoch, closed: true, exists: true },
            )],
        };
        write(&path, cluster(1), &memory).unwrap();
        assert_eq!(read(&path, cluster(1)).unwrap(), Some(memory));
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600, "it is its owner's alone");
        assert!(matches!(read(&path, cluster(2)), Err(StateError::Unusable { .. })));
    }

    #[test]
    fn a_damaged_file_is_refused_and_never_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("guard.json");
        for text in ["", "{", "[]", r#"{"version":99,"cluster":"00000000-0000-0000-0000-000000000001"}"#] {
            fs::write(&path, text).unwrap();
            assert!(matches!(read(&path, cluster(1)), Err(StateError::Unusable { .. })), "{text}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }
}
