//! Backups of the database while it runs, and what a database is made into before it is served again after a restore.
//!
//! ```text
//!   call ──► one at a time ──► BackUp ──► the service copies and writes ──► BackedUp ──► journal, answer
//!
//!   backup ──► read ──► restored: new generation, nobody's boot, a record for the journal ──► served
//! ```
//!
//! A backup carries a [`Manifest`] in an entry of its own. A database that has one is not served: only what
//! [`restored`] has made of it is. What was given out before a restore must not count after it, and more of it may be
//! out in the world than the backup knows of. So the generation of the ownership records is raised, which outranks
//! every epoch, and the owner records name a boot that never was: the start raises all epochs, and takes nothing for
//! running.

use mainstay_store::{Backup, KeyValue, Revision};
use mainstay_types::operation::{Asker, End, OperationRecord, Verb};
use mainstay_types::order::Cause;
use mainstay_types::{NodeId, ObjectId, OperationId, Status};
use serde::{Deserialize, Serialize};

use crate::Engine;
use crate::command::{Call, Command};
use crate::effect::Effect;
use crate::error::{DatabaseError, Refusal, RequestError, ServiceError};
use crate::model::layout::{self, Generation, OwnerRecord};
use crate::model::{Contents, Model};
use crate::operation::stored::{StoredOperation, StoredStep};

/// The key of a backup's manifest.
pub(crate) const MANIFEST_KEY: &[u8] = b"backup";

/// The boot in the owner records of a restored database. No kernel has it.
pub(crate) const RESTORED_BOOT: &str = "restored";

/// The version of [`Manifest`].
const MANIFEST_VERSION: u32 = 1;

/// What a backup says of itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this record.
    pub manifest_version: u32,
    /// The cluster's id, as text.
    pub cluster_id: String,
    /// The cluster's name at that time.
    pub cluster_name: String,
    /// The node that made it.
    pub node: String,
    /// The operation that made it.
    pub operation: OperationId,
    /// The revision that it shows.
    pub revision: Revision,
    /// When, in milliseconds of Unix time.
    pub taken_unix_ms: u64,
    /// The version of the program that made it.
    pub program_version: String,
}

/// What a restore has to know.
#[derive(Clone, Debug)]
pub struct Restore {
    /// The highest generation of ownership records that may have been in use. Where nobody knows, something that no
    /// cluster reaches by counting, such as the Unix time in seconds.
    pub ownership_generation: u64,
    /// Likewise of the store's.
    pub store_generation: u64,
    /// The node that restores.
    pub node: NodeId,
    /// The number of the last operation that is known, in the journal say.
    pub last_operation_number: u64,
    /// Who restores.
    pub asker: Asker,
    /// When, in milliseconds of Unix time.
    pub unix_ms: u64,
    /// From where and to where, for the journal.
    pub account: String,
}

#[derive(Clone, Debug)]
struct Running {
    id: OperationId,
    call: Call,
    /// Milliseconds of Unix time.
    began_at_ms: u64,
}

/// The backup that is being made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Backups {
    running: Option<Running>,
}

/// Puts the manifest into a copy of the database, which becomes a backup by that.
pub fn seal(backup: &mut Backup, manifest: &Manifest) {
    let manifest = Manifest { revision: backup.revision, ..manifest.clone() };
    put(backup, MANIFEST_KEY, layout::encode(&manifest));
}

/// Makes a backup of what is left of a database that nobody serves. Which operations it knew of last nobody can tell: this
/// one counts as the newest.
///
/// # Errors
///
/// It is a backup already, or no database that this program can serve.
pub fn seal_what_is_left(
    backup: &mut Backup,
    cluster_id: &str,
    newest: OperationId,
    unix_ms: u64,
) -> Result<(), DatabaseError> {
    crate::check_database(&backup.entries)?;
    let (model, _) = Model::load(&backup.entries, backup.revision)?;
    let node = model.nodes().find(|node| node.id == newest.node).map(|node| node.name.to_string());
    let manifest = Manifest {
        manifest_version: MANIFEST_VERSION,
        cluster_id: cluster_id.to_owned(),
        cluster_name: model.cluster().name.clone(),
        node: node.unwrap_or_default(),
        operation: newest,
        revision: backup.revision,
        taken_unix_ms: unix_ms,
        program_version: env!("CARGO_PKG_VERSION").into(),
    };
    seal(backup, &manifest);
    Ok(())
}

/// The manifest of a backup.
///
/// # Errors
///
/// It has none, or one of a newer program.
pub fn manifest(backup: &Backup) -> Result<Manifest, DatabaseError> {
    let entry = find(backup, MANIFEST_KEY).ok_or(DatabaseError::NoBackup)?;
    let damaged = |reason| DatabaseError::Damaged { object: "the manifest".into(), reason };
    let manifest: Manifest =
        serde_json::from_slice(&entry.value).map_err(|error| damaged(error.to_string()))?;
    if manifest.manifest_version != MANIFEST_VERSION {
        let found = manifest.manifest_version;
        return Err(DatabaseError::Schema { found, known: MANIFEST_VERSION });
    }
    Ok(manifest)
}

/// The nodes and groups of the cluster in a backup, or in another copy of a database.
///
/// # Errors
///
/// It holds no database that this program can serve.
pub fn contents(backup: &Backup) -> Result<Contents, DatabaseError> {
    let (model, _) = Model::load(&backup.entries, backup.revision)?;
    Ok(Contents::of(&model))
}

/// The newest generation of the ownership records in a copy of a database; 0 where it has none.
pub fn ownership_generation(backup: &Backup) -> u64 {
    let own = find(backup, layout::GENERATION_KEY);
    let own = own.and_then(|entry| serde_json::from_slice::<Generation>(&entry.value).ok());
    // An owner record goes with what hosts have seen, if that was newer; see `recovery`.
    let owners = backup.entries.iter().filter(|entry| is_owner(entry));
    let of_owners = owners.filter_map(|entry| serde_json::from_slice::<OwnerRecord>(&entry.value).ok());
    of_owners.map(|owner| owner.generation).chain(own.map(|own| own.generation)).max().unwrap_or(0)
}

fn is_owner(entry: &KeyValue) -> bool {
    matches!(layout::touched_by(&entry.key), Some(layout::Touched::Owner(_)))
}

/// Makes of a backup what is to be served.
///
/// # Errors
///
/// It is no backup, or what is in it is no database that this program can serve.
pub fn restored(backup: &mut Backup, restore: &Restore) -> Result<Manifest, DatabaseError> {
    let manifest = manifest(backup)?;
    backup.entries.retain(|entry| entry.key != MANIFEST_KEY);
    crate::check_database(&backup.entries)?;
    let generation = ownership_generation(backup).max(restore.ownership_generation) + 1;
    backup.revision = Revision {
        generation: backup.revision.generation.max(restore.store_generation) + 1,
        revision: backup.revision.revision + 1,
    };
    put(backup, layout::GENERATION_KEY, layout::encode(&Generation { generation }));
    let owners: Vec<KeyValue> = backup.entries.iter().filter(|entry| is_owner(entry)).cloned().collect();
    for entry in owners {
        let damaged = |error: serde_json::Error| DatabaseError::Damaged {
            object: format!("entry '{}'", String::from_utf8_lossy(&entry.key)),
            reason: error.to_string(),
        };
        let owner: OwnerRecord = serde_json::from_slice(&entry.value).map_err(damaged)?;
        let owner = OwnerRecord { generation, boot: RESTORED_BOOT.into(), ..owner };
        put(backup, &entry.key, owner.to_bytes());
    }
    let own = crate::stored_operations(&backup.entries).into_iter().chain([manifest.operation]);
    let own = own.filter(|id| id.node == restore.node).map(|id| id.number);
    let number = own.fold(restore.last_operation_number, u64::max) + 1;
    let id = OperationId { node: restore.node, number };
    put(backup, &layout::operation_key(id), record(id, &manifest, restore).to_bytes());
    Ok(manifest)
}

/// An operation that has ended, and of which the journal has not heard: the next start tells it.
fn record(id: OperationId, manifest: &Manifest, restore: &Restore) -> StoredOperation {
    let record = OperationRecord {
        id,
        verb: Verb::Restore,
        object: ObjectId::Cluster,
        name: manifest.cluster_name.clone(),
        asker: restore.asker.clone(),
        flags: 0,
        reason: None,
        reason_text: restore.account.clone(),
        instructions: String::new(),
        at_ms: restore.unix_ms,
        answer: Status::SUCCESS,
        parts: Vec::new(),
        ended_at_ms: Some(restore.unix_ms),
        end: Some(End::Done),
        outcome: String::new(),
        changes: Vec::new(),
        pending: Vec::new(),
    };
    StoredOperation {
        record,
        token: String::new(),
        buffer: Vec::new(),
        closure: Default::default(),
        words: Vec::new(),
        step: StoredStep::Ended,
        superseded_by: None,
    }
}

fn find<'a>(backup: &'a Backup, key: &[u8]) -> Option<&'a KeyValue> {
    let place = backup.entries.binary_search_by(|entry| entry.key.as_slice().cmp(key)).ok()?;
    backup.entries.get(place)
}

/// Sets an entry, as of the backup's revision.
fn put(backup: &mut Backup, key: &[u8], value: Vec<u8>) {
    let revision = backup.revision;
    match backup.entries.binary_search_by(|entry| entry.key.as_slice().cmp(key)) {
        Ok(place) => {
            if let Some(entry) = backup.entries.get_mut(place) {
                (entry.value, entry.mod_revision) = (value, revision);
            }
        }
        Err(place) => {
            let key = key.to_vec();
            let entry =
                KeyValue { key, value, create_revision: revision, mod_revision: revision, lease: None };
            backup.entries.insert(place, entry);
        }
    }
}

impl Engine {
    /// Serves a call for a backup. One at a time: each is a copy of the whole database in memory.
    pub(crate) fn serve_backup(&mut self, call: Call) {
        let Command::BackUp { path } = &call.command else { return };
        if let Err(refusal) = self.check_access(&call) {
            return self.refuse(&call, None, &refusal);
        }
        if path.is_empty() {
            let refusal = RequestError::Value {
                what: "path",
                value: "''".into(),
                allowed: "it has to be an absolute path on the machine of the service".into(),
            };
            return self.refuse(&call, None, &refusal.into());
        }
        if self.backups.running.is_some() {
            return self.refuse(&call, None, &ServiceError::BackupRuns.into());
        }
        let operation = self.new_operation_id();
        let cluster = self.model.cluster();
        let manifest = Manifest {
            manifest_version: MANIFEST_VERSION,
            cluster_id: cluster.id.to_string(),
            cluster_name: cluster.name.clone(),
            node: self.config.node_name.to_string(),
            operation,
            revision: Revision::ZERO,
            taken_unix_ms: self.now.unix_ms,
            program_version: env!("CARGO_PKG_VERSION").into(),
        };
        let (path, manifest) = (path.clone(), Box::new(manifest));
        self.backups.running = Some(Running { id: operation, call, began_at_ms: self.now.unix_ms });
        self.effects.push(Effect::BackUp { operation, path, manifest });
    }

    /// What became of a backup: where it is, or why there is none.
    pub(crate) fn handle_backed_up(&mut self, operation: OperationId, outcome: Result<String, Cause>) {
        let running = self.backups.running.take_if(|running| running.id == operation);
        let Some(Running { id, call, began_at_ms }) = running else { return };
        let file = match outcome {
            Ok(file) => file,
            Err(Cause { status, text }) => {
                let refusal: Refusal = ServiceError::NotBackedUp { status, reason: text }.into();
                return self.refuse(&call, Some(id), &refusal);
            }
        };
        let mut record = self.record(id, &call);
        (record.at_ms, record.ended_at_ms) = (began_at_ms, Some(self.now.unix_ms));
        record.end = Some(End::Done);
        record.reason_text = format!("to {file}");
        self.effects.push(Effect::Journal(Box::new(record)));
        self.answer_call(call.id, Status::SUCCESS, Some(id), file);
    }
}
