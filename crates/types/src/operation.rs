//! Operations as everybody sees them: the journal's record, `mainstay operation`, and the waiting client.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::configuration::RegistryChange;
use crate::order::Cause;
use crate::{Name, ObjectId, OfflineReason, OperationId, ResourceState, Status};

/// What was asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// Bring online.
    Online,
    /// Take offline.
    Offline,
    /// Take offline and back to the persistent state.
    Restart,
    /// Treat as failed.
    Fail,
    /// Bring a group to a node.
    Move,
    /// The administrator's word that nothing of a failed resource is left.
    ConfirmStopped,
    /// Give up what the type of a resource has the cluster keep for it.
    DiscardKept,
    /// End another operation before it is done.
    Cancel,
    /// Keep new groups from a node.
    Pause,
    /// End a pause.
    Resume,
    /// Create an object.
    Create,
    /// Delete an object.
    Delete,
    /// Rename an object.
    Rename,
    /// Change properties.
    Set,
    /// Add a dependency.
    Depend,
    /// Remove a dependency.
    Undepend,
    /// Put a group into a group set.
    Join,
    /// Take a group out of its group set.
    Leave,
    /// Change possible owners.
    Owners,
    /// Make an object what a document says.
    Configure,
    /// Take back what an operation changed.
    Undo,
    /// Copy the database into a file.
    Backup,
    /// Put a backup in the database's place; done while no service runs.
    Restore,
    /// The service's own: bring a resource to its persistent state when the service starts.
    StartUp,
    /// The service's own: clean up after a failure.
    Recover,
}

impl Verb {
    /// The word by which it is shown and submitted: `online`, `start-up`.
    pub fn as_str(self) -> &'static str {
        match self {
            Verb::Online => "online",
            Verb::Offline => "offline",
            Verb::Restart => "restart",
            Verb::Fail => "fail",
            Verb::Move => "move",
            Verb::ConfirmStopped => "confirm-stopped",
            Verb::DiscardKept => "discard-kept",
            Verb::Cancel => "cancel",
            Verb::Pause => "pause",
            Verb::Resume => "resume",
            Verb::Create => "create",
            Verb::Delete => "delete",
            Verb::Rename => "rename",
            Verb::Set => "set",
            Verb::Depend => "depend",
            Verb::Undepend => "undepend",
            Verb::Join => "join",
            Verb::Leave => "leave",
            Verb::Owners => "owners",
            Verb::Configure => "configure",
            Verb::Undo => "undo",
            Verb::Backup => "backup",
            Verb::Restore => "restore",
            Verb::StartUp => "start-up",
            Verb::Recover => "recover",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How an operation ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// What was asked for is true.
    Done,
    /// Refused at once; nothing changed.
    Refused(Cause),
    /// A resource type refused a stop that would do harm; everything is as before.
    Vetoed(Cause),
    /// It was tried, and failed.
    Failed(Cause),
    /// A later accepted operation, named here, asked for something else.
    Superseded(OperationId),
    /// Somebody ended it before it was done.
    Cancelled(Cause),
}

impl End {
    /// The word by which it is shown: `done`, `vetoed`.
    pub fn as_str(&self) -> &'static str {
        match self {
            End::Done => "done",
            End::Refused(_) => "refused",
            End::Vetoed(_) => "vetoed",
            End::Failed(_) => "failed",
            End::Superseded(_) => "superseded",
            End::Cancelled(_) => "cancelled",
        }
    }

    /// The status that a program is told.
    pub fn status(&self) -> Status {
        match self {
            End::Done => Status::SUCCESS,
            End::Refused(cause) | End::Vetoed(cause) | End::Failed(cause) | End::Cancelled(cause) => {
                cause.status
            }
            End::Superseded(_) => Status::CANCELLED,
        }
    }
}

/// Who asked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Asker {
    /// The account: `root`, `uid 1000`, or `cluster service`.
    pub account: String,
    /// Its security identifier.
    pub sid: String,
    /// From where: `local socket, process 4711`.
    pub origin: String,
}

/// One object's part of an operation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Part {
    /// The resource's name at that time.
    pub resource: Name,
    /// What was done to it: `stop`, `start`, `terminate`.
    pub action: String,
    /// When its turn came, in milliseconds of Unix time.
    pub began_at_ms: u64,
    /// When it ended, in milliseconds of Unix time; `None` while it runs.
    pub ended_at_ms: Option<u64>,
    /// What became of it, in words; empty while it runs.
    pub outcome: String,
    /// It began before the service was last started, and what is told of it was found then: its turn came no earlier than
    /// is said, and how long it took is not known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_rebuilt: bool,
}

/// What shows while something is pending (design §3.15).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Pending {
    /// The resource that is pending.
    pub resource: Name,
    /// Its state.
    pub state: ResourceState,
    /// Since when, in milliseconds of Unix time.
    pub since_ms: u64,
    /// What it waits for, in words: "its Offline", "dependent 'web'".
    pub waits_for: String,
    /// What the resource type last said.
    pub last_word: String,
    /// When it said so, in milliseconds of Unix time; `None` when it said nothing yet.
    pub last_word_at_ms: Option<u64>,
    /// Which limit comes next: "PendingTimeout".
    pub next_limit: String,
    /// When that limit is reached, in milliseconds of Unix time; `None` without a limit.
    pub next_limit_at_ms: Option<u64>,
    /// Whether it, or a dependent that would stop with it, is locked: who ends it now has to ignore that too.
    #[serde(default)]
    pub is_locked: bool,
}

/// An operation, accepted or refused, running or ended. The journal keeps these.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OperationRecord {
    /// Its id.
    pub id: OperationId,
    /// What was asked for.
    pub verb: Verb,
    /// The object it was asked of.
    pub object: ObjectId,
    /// That object's name at that time.
    pub name: String,
    /// Who asked.
    pub asker: Asker,
    /// The flags, as the caller gave them.
    pub flags: u32,
    /// Why, as the service knows it; for operations that take something offline.
    pub reason: Option<OfflineReason>,
    /// Why, in the caller's words.
    pub reason_text: String,
    /// The instruction buffer as parsed, for people; empty without one.
    pub instructions: String,
    /// When it was accepted or refused, in milliseconds of Unix time.
    pub at_ms: u64,
    /// What the caller was told: 0, 997, or the refusal.
    pub answer: Status,
    /// Each resource's part.
    pub parts: Vec<Part>,
    /// When it ended, in milliseconds of Unix time.
    pub ended_at_ms: Option<u64>,
    /// How it ended; `None` while it runs.
    pub end: Option<End>,
    /// What was true of the object at its end, where that is not just what the verb says, as a predicate: `is online but
    /// for what was taken offline by name: 'x'`. Empty otherwise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub outcome: String,
    /// What it changed in the configuration, for the history; secrets and long values as [`TypedSetting::Cut`].
    ///
    /// [`TypedSetting::Cut`]: crate::configuration::TypedSetting::Cut
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<RegistryChange>,
    /// What is pending in it now. Never kept, made when it is shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pending: Vec<Pending>,
}

impl OperationRecord {
    /// Whether it has changed the configuration. What is committed stands, however that what follows from it ends.
    pub fn has_configured(&self) -> bool {
        !self.changes.is_empty() && !matches!(self.end, Some(End::Refused(_)))
    }
}
