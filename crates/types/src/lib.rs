//! The words of a failover cluster, shared by every room of the house.
//!
//! This crate owns names and numbers: ids, states, Win32 status codes, flags, reasons, control codes, and the
//! vocabulary in which the service gives orders to resource hosts and the hosts report back.
//! It never does I/O and never decides anything.
#![forbid(unsafe_code)]

pub mod access;
pub mod command_line;
pub mod configuration;
pub mod control;
pub mod description;
pub mod event;
pub mod explanation;
pub mod flags;
pub mod glance;
pub mod id;
pub mod name;
pub mod offer;
pub mod operation;
pub mod order;
pub mod own_codes;
pub mod plan;
pub mod property;
pub mod reason;
pub mod state;
pub mod status;
pub mod status_information;
pub mod validation;
pub mod version;

pub use access::Access;
pub use control::ControlCode;
pub use flags::{OfflineFlags, OnlineFlags};
pub use id::{
    ClusterId, Epoch, GroupId, GroupSetId, HostId, NetworkId, NetworkInterfaceId, NodeId, ObjectId,
    OperationId, ResourceId,
};
pub use name::Name;
pub use reason::OfflineReason;
pub use state::{GroupState, NetworkInterfaceState, NetworkState, NodeState, ResourceState};
pub use status::Status;
