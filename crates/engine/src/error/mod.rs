//! What can go wrong, grouped by who is to blame, and the one map from there to Win32 status codes.
//!
//! Each group has a room, with its part of the map beside it. Every refusal names the object, the value and the way
//! out. The map is exhaustive: a new variant does not compile without its status.

mod cluster;
mod database;
mod request;
mod service;

use mainstay_store::registry::RegistryError;
use mainstay_types::Status;
use thiserror::Error;

pub use self::cluster::ClusterError;
pub use self::database::DatabaseError;
pub use self::request::RequestError;
pub use self::service::ServiceError;
use crate::group_set::OrderError;

/// Why a call is refused. Nothing has changed.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum Refusal {
    /// The caller's request is wrong in itself.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The cluster's state or configuration does not allow it.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The order in which groups start does not allow it.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// The service, the store or a host could not do it now.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl Refusal {
    /// The Win32 status that the caller is told.
    pub fn status(&self) -> Status {
        match self {
            Refusal::Request(error) => error.status(),
            Refusal::Cluster(error) => error.status(),
            Refusal::Order(error) => error.status(),
            Refusal::Service(error) => error.status(),
        }
    }
}

impl From<RegistryError> for Refusal {
    /// What the registry refuses was too large or badly named by the caller, except damage.
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::ValueTooLarge { .. }
            | RegistryError::NameTooLong { .. }
            | RegistryError::BadCharacter { .. }
            | RegistryError::EmptySegment { .. }
            | RegistryError::PathTooDeep { .. }
            | RegistryError::PathTooLong { .. } => Refusal::Request(RequestError::Value {
                what: "registry value",
                value: error.to_string(),
                allowed: "choose a shorter one".into(),
            }),
            RegistryError::KeyNotFound { .. }
            | RegistryError::HasSubkeys { .. }
            | RegistryError::RootKey
            | RegistryError::Damaged { .. } => Refusal::Service(ServiceError::Internal(error.to_string())),
        }
    }
}

/// At most so many characters of something that came from outside, for a message.
pub(crate) fn shown(text: &str) -> String {
    const SHOWN_CHARS: usize = 80;
    text.chars().take(SHOWN_CHARS).collect()
}
