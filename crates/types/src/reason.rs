//! Why a resource goes offline. Stated by the service wherever it knows it, handed to the resource type and
//! written to the journal.

use std::fmt;

use serde::{Deserialize, Serialize};

/// CLUSAPI_RESOURCE_OFFLINE_REASON_*: travels to the resource type, not from the caller.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[repr(u32)]
pub enum OfflineReason {
    /// No reason.
    None = 0,
    /// A reason that nobody knows.
    #[default]
    Unknown = 1,
    /// The resource is being moved to another node.
    Moving = 2,
    /// A user asked for it.
    UserRequested = 4,
    /// The resource is being deleted.
    BeingDeleted = 8,
    /// The resource is being restarted.
    BeingRestarted = 0x10,
    /// Something of a higher priority needs its place.
    Preempted = 0x20,
    /// The node or the cluster is shutting down.
    ShuttingDown = 0x40,
}

impl OfflineReason {
    /// The number in clusapi.h.
    pub fn number(self) -> u32 {
        self as u32
    }

    /// The reason with this number.
    pub fn from_number(number: u32) -> Option<Self> {
        [
            Self::None,
            Self::Unknown,
            Self::Moving,
            Self::UserRequested,
            Self::BeingDeleted,
            Self::BeingRestarted,
            Self::Preempted,
            Self::ShuttingDown,
        ]
        .into_iter()
        .find(|reason| reason.number() == number)
    }
}

impl fmt::Display for OfflineReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::None => "none",
            Self::Unknown => "unknown",
            Self::Moving => "moving",
            Self::UserRequested => "user requested",
            Self::BeingDeleted => "being deleted",
            Self::BeingRestarted => "being restarted",
            Self::Preempted => "preempted",
            Self::ShuttingDown => "shutting down",
        })
    }
}
