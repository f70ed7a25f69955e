//! Orders and reports: the words between the engine and the resource hosts.
//!
//! An *order* makes a host act on one resource. It has an identity, [`OrderId`]: a host carries out each identity
//! once and answers a repetition from memory. A *query* asks and changes nothing; it is answered once and lost with
//! the connection. A *report* tells what happened; those that decide something are kept by the host until the
//! service has acknowledged them.
//!
//! ```text
//!   engine ── Order(Open) ────────► host      opened, state Offline (or Online, where it was found running)
//!          ── Order(Online) ──────►           type's Online entered
//!          ◄─ Progress* ───────────           counts as a sign of life
//!          ◄─ Ended{Done} ─────────           kept by the host until acknowledged
//! ```

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::control::ControlCode;
#[cfg(doc)]
use crate::status_information::ResourceStatusInformation;
use crate::{
    Epoch, GroupId, Name, OfflineFlags, OfflineReason, OnlineFlags, OperationId, ResourceId, Status,
};

/// The largest instruction buffer that an offline or online call may carry, in bytes (design §2.5).
pub const BUFFER_LENGTH_MAX: usize = 256 * 1024;

/// The longest note that a type may have kept, words included, in bytes.
pub const NOTE_LENGTH_MAX: usize = 4096;

/// What a resource's type has the cluster keep for it, so that it outlives host, service and node: where the state of a
/// virtual machine is, say. Bounded by [`NOTE_LENGTH_MAX`].
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Note {
    /// What it says, for people.
    pub words: String,
    /// For the type.
    #[serde(with = "serde_bytes")]
    pub bytes: Vec<u8>,
}

impl Note {
    /// Whether it is short enough.
    pub fn fits(&self) -> bool {
        self.words.len().saturating_add(self.bytes.len()) <= NOTE_LENGTH_MAX
    }
}

/// A note with when it was written.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KeptNote {
    /// What it says.
    pub note: Note,
    /// The epoch of the resource's group under which its host wrote it.
    pub epoch: Epoch,
}

/// Which part of an operation an order belongs to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Step {
    /// Make the resource known to a host.
    Open,
    /// Bring it online.
    Start,
    /// Take it offline gracefully.
    Stop,
    /// Stop it at once.
    Terminate,
    /// Take down, by Terminate, what an earlier host may have left; before the operation's own steps.
    CleanUp,
    /// Bring it back online after a veto.
    Restore,
    /// Make the host forget it.
    Close,
}

/// The identity of an order to one resource: the operation, the step of it, and which order to the resource it is.
///
/// Sending the same identity again is the same order. An operation that has to take a step a second time, since the
/// service was started anew in between, gives another order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct OrderId {
    /// The operation that needs it.
    pub operation: OperationId,
    /// One more than that of the order to the resource before, as far as its host knows of one.
    #[serde(default)]
    pub number: u64,
    /// The step of that operation.
    pub step: Step,
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{:?}", self.operation, self.step)
    }
}

/// An order to one resource.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Order {
    /// Its identity.
    pub id: OrderId,
    /// The resource to act on.
    pub resource: ResourceId,
    /// A host refuses an order whose epoch is older than one it has seen for the group.
    pub epoch: Epoch,
    /// What to do.
    pub action: Action,
}

/// What an order asks for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Action {
    /// Make the resource known. Also sent to a host that took over from one that died.
    Open(Box<Opening>),
    /// Bring it online.
    Online {
        /// The caller's flags.
        flags: OnlineFlags,
        /// The caller's instructions, a property list, or empty.
        #[serde(with = "serde_bytes")]
        buffer: Vec<u8>,
    },
    /// Take it offline gracefully.
    Offline {
        /// The caller's flags.
        flags: OfflineFlags,
        /// Why, as the service knows it.
        reason: OfflineReason,
        /// The caller's instructions, a property list, or empty.
        #[serde(with = "serde_bytes")]
        buffer: Vec<u8>,
        /// The node it is moving to.
        destination: Option<Name>,
        /// The service stops it since it has failed inside, to start it anew. A service of the version before does
        /// not say it.
        #[serde(default)]
        due_to_embedded_failure: bool,
    },
    /// Stop it at once. May overtake a running Online or Offline, which it cancels.
    Terminate,
    /// Forget it. It must be offline or failed.
    Close,
}

/// Everything that a host has to know of a resource. Sent with Open, and again when a property changes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Opening {
    /// The resource's name.
    pub name: Name,
    /// Its type's name.
    pub type_name: Name,
    /// Its group.
    pub group: GroupId,
    /// The shared library that holds the type; `None` for a type that is built in.
    pub library: Option<String>,
    /// A copy of the resource's registry key, its private properties under `Parameters`.
    pub registry: RegistryCopy,
    /// The longest silence while pending, in milliseconds.
    pub pending_timeout_ms: u32,
    /// The longest time that one call into the type may take, in milliseconds.
    pub deadlock_timeout_ms: u32,
    /// The interval of the quick check, in milliseconds.
    pub looks_alive_interval_ms: u32,
    /// The interval of the thorough check, in milliseconds.
    pub is_alive_interval_ms: u32,
    /// An earlier host held the resource online and died: look for it and take it over as it runs.
    pub recover: bool,
    /// With `recover`: for how long it is online already, in milliseconds. A service of the version before does not
    /// say it; then it is online since the host has found it.
    #[serde(default)]
    pub online_for_ms: Option<u64>,
    /// With `recover`: it is in maintenance, and held as failed with this cause where nothing of it is found, so that a
    /// service that comes later sees what happened. The order is done all the same.
    #[serde(default)]
    pub borne: Option<Cause>,
    /// What its type has the cluster keep for it. A service of the version before does not say it.
    #[serde(default)]
    pub note: Option<KeptNote>,
}

/// A copy of a registry key: its values, and its subkeys.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct RegistryCopy {
    /// Name, REG_ type and bytes of each value, as ClusterRegQueryValue gives them.
    pub values: Vec<RegistryValue>,
    /// Name and contents of each subkey.
    pub keys: Vec<(String, RegistryCopy)>,
}

/// A value in a [`RegistryCopy`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RegistryValue {
    /// The value's name.
    pub name: String,
    /// REG_SZ 1, REG_EXPAND_SZ 2, REG_BINARY 3, REG_DWORD 4, REG_MULTI_SZ 7, REG_QWORD 11.
    pub kind: u32,
    /// Its bytes; strings are UTF-16LE with their closing NUL.
    #[serde(with = "serde_bytes")]
    pub data: Vec<u8>,
}

impl RegistryCopy {
    /// The subkey with this name, whatever its case.
    pub fn key(&self, name: &str) -> Option<&RegistryCopy> {
        let folded = crate::name::fold(name);
        self.keys.iter().find(|(key, _)| crate::name::fold(key) == folded).map(|(_, copy)| copy)
    }

    /// The value with this name, whatever its case.
    pub fn value(&self, name: &str) -> Option<&RegistryValue> {
        let folded = crate::name::fold(name);
        self.values.iter().find(|value| crate::name::fold(&value.name) == folded)
    }
}

/// A question to a resource or to a resource type. It changes nothing in the order of things.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Query {
    /// Chosen by the asker; the answer carries it.
    pub id: u64,
    /// What is asked.
    pub question: Question,
}

/// What a query asks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Question {
    /// Could the resource carry out this offline call? Asked before anything stops.
    CheckOffline {
        /// The resource.
        resource: ResourceId,
        /// The caller's flags.
        flags: OfflineFlags,
        /// The caller's instructions.
        #[serde(with = "serde_bytes")]
        buffer: Vec<u8>,
    },
    /// A control code to a resource.
    ResourceControl {
        /// The resource.
        resource: ResourceId,
        /// The code.
        code: u32,
        /// The input buffer.
        #[serde(with = "serde_bytes")]
        input: Vec<u8>,
        /// How much output the caller can take, in bytes.
        output_length_max: u32,
    },
    /// A control code to a resource type.
    TypeControl {
        /// The type's name.
        type_name: Name,
        /// The library that holds it; `None` for a type that is built in.
        library: Option<String>,
        /// The code.
        code: u32,
        /// The input buffer.
        #[serde(with = "serde_bytes")]
        input: Vec<u8>,
        /// How much output the caller can take, in bytes.
        output_length_max: u32,
    },
}

impl Question {
    /// The control code, where the question is one.
    pub fn control_code(&self) -> Option<ControlCode> {
        match self {
            Question::CheckOffline { .. } => None,
            Question::ResourceControl { code, .. } | Question::TypeControl { code, .. } => {
                Some(ControlCode(*code))
            }
        }
    }
}

/// The answer to a query.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct QueryAnswer {
    /// The query's id.
    pub id: u64,
    /// How it ended. ERROR_INVALID_FUNCTION: the type does not know the code.
    pub status: Status,
    /// The output, or with ERROR_MORE_DATA nothing.
    #[serde(with = "serde_bytes")]
    pub output: Vec<u8>,
    /// The size that the whole output has, in bytes.
    pub output_length_needed: u32,
    /// What the type says about it, for people.
    pub text: String,
}

/// Why something ended as it did: a number for programs, a sentence for people.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Cause {
    /// The Win32 status.
    pub status: Status,
    /// What happened, to what, in words: "exited with status 3", "killed by signal 9".
    pub text: String,
}

impl Cause {
    /// A cause in words.
    pub fn new(status: Status, text: impl Into<String>) -> Self {
        Cause { status, text: text.into() }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.text.is_empty() {
            write!(f, "{}", self.status)
        } else {
            write!(f, "{} ({})", self.text, self.status)
        }
    }
}

/// How an order ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Outcome {
    /// It was carried out. After Offline and Terminate: nothing of the resource is running, the host has looked.
    Done,
    /// Open found the resource running and took it over: it is online.
    FoundOnline,
    /// It could not be carried out.
    Failed(Cause),
    /// The type refused a graceful stop that would do harm; the resource is as it was.
    Vetoed(Cause),
    /// Another order overtook it: Terminate cancels a running Online or Offline.
    Cancelled,
    /// The host has seen a newer epoch of the group and did nothing.
    StaleEpoch(Epoch),
    /// The host does not hold the resource.
    NotOpen,
}

/// What a host tells without being asked, or as the end of an order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Report {
    /// Counts up per host from 1 for reports that are kept until acknowledged; 0 for those that are not kept.
    pub sequence: u64,
    /// The resource it is about.
    pub resource: ResourceId,
    /// The epoch under which the host holds it.
    pub epoch: Epoch,
    /// What is told.
    pub news: News,
}

/// The entry point of questions, as [`News::Deadlocked`] names it.
pub const RESOURCE_CONTROL: &str = "ResourceControl";

/// The contents of a report.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum News {
    /// An order has ended. Kept.
    Ended {
        /// The order.
        order: OrderId,
        /// How.
        outcome: Outcome,
    },
    /// A sign of life from a pending Online or Offline. Not kept.
    Progress {
        /// The order that is being carried out.
        order: OrderId,
        /// The type's check point; it counts up.
        checkpoint: u32,
        /// What the type says of it, for people.
        text: String,
    },
    /// The resource was online and is so no longer. Kept.
    Failed(Cause),
    /// The type refuses no offline call that carries no instructions: it need not be asked whether it can stop. Kept.
    Consents,
    /// The type locked or unlocked the resource. Kept.
    Locked {
        /// Whether it is locked now.
        locked: bool,
        /// The type's own reason number.
        reason: u64,
    },
    /// What the type says of the resource beside its state, all of it. Kept.
    Status {
        /// Bits of [`ResourceStatusInformation::SAID_BY_TYPE`].
        bits: u64,
    },
    /// What runs in the resource has failed; the resource itself is online as before. Kept, once until it is online
    /// anew.
    EmbeddedFailure(Cause),
    /// The cluster is to keep this for the resource in place of what it has kept so far, or nothing any more. Kept, and
    /// acknowledged only when it is committed.
    Note(Option<Note>),
    /// A call into the type has not returned within its DeadlockTimeout; the host cannot be trusted with it. Kept.
    Deadlocked {
        /// Which entry point: "IsAlive", or [`RESOURCE_CONTROL`].
        call: String,
    },
    /// The type's log line. Not kept.
    Logged {
        /// 0 information, 1 warning, 2 error, 3 severe.
        level: u32,
        /// The line.
        text: String,
    },
}

/// What a host holds of one resource, told when a service connects.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Held {
    /// The resource.
    pub resource: ResourceId,
    /// The epoch under which it is held.
    pub epoch: Epoch,
    /// How it stands.
    pub condition: Condition,
    /// Whether the type has locked it.
    pub locked: bool,
    /// The type's reason, while it is locked. A host of the version before does not say it.
    #[serde(default)]
    pub lock_reason: Option<u64>,
    /// See [`News::Consents`]. A host of the version before does not say it.
    #[serde(default)]
    pub consents: bool,
    /// See [`News::Status`]. A host of the version before does not say it.
    #[serde(default)]
    pub status: u64,
    /// See [`News::EmbeddedFailure`]; while it is online. A host of the version before does not say it.
    #[serde(default)]
    pub embedded_failure: Option<Cause>,
    /// For how long it has stood as it does, in milliseconds; while it is busy, for how long it has been. A span, since
    /// clocks are set. A host of the version before does not say it.
    #[serde(default)]
    pub standing_for_ms: Option<u64>,
    /// The order that is being carried out now.
    pub running: Option<OrderId>,
    /// The last Online, Offline or Terminate order that ended here, and how.
    pub last: Option<(OrderId, Outcome)>,
}

impl Held {
    /// The orders that it tells of, the newest one last.
    pub fn orders(&self) -> impl Iterator<Item = OrderId> {
        self.last.as_ref().map(|(order, _)| *order).into_iter().chain(self.running)
    }

    /// The type's reason, if it is locked; 0 where its host does not say which.
    pub fn lock(&self) -> Option<u64> {
        self.locked.then(|| self.lock_reason.unwrap_or(0))
    }
}

/// How a resource stands in its host.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Condition {
    /// Open, nothing of it is running.
    Offline,
    /// Serving.
    Online,
    /// An order is being carried out.
    Busy,
    /// It ended without being asked, or an order failed.
    Failed(Cause),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registry_copies_are_asked_without_regard_to_case() {
        let value = RegistryValue { name: "CommandLine".into(), kind: 1, data: vec![0, 0] };
        let parameters = RegistryCopy { values: vec![value.clone()], keys: Vec::new() };
        let copy = RegistryCopy { values: Vec::new(), keys: vec![("Parameters".into(), parameters)] };
        assert_eq!(copy.key("PARAMETERS").and_then(|key| key.value("commandline")), Some(&value));
        assert_eq!(copy.key("Other"), None);
    }
}
