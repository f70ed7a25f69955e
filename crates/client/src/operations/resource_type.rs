//! Resource types.

use mainstay_cmrp::resource_type;

use super::{Entry, entries};
use crate::CallError;
use crate::cluster::Cluster;
use crate::transport::Transport;

/// Resource types.
impl<T: Transport> Cluster<T> {
    /// Registers a resource type. `library` is the file that implements it; the intervals are in milliseconds.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn create_resource_type(
        &mut self,
        name: &str,
        display_name: &str,
        library: &str,
        looks_alive_ms: u32,
        is_alive_ms: u32,
    ) -> Result<(), CallError> {
        self.done(|_| {
            Ok(resource_type::CreateResourceType {
                name: name.to_owned(),
                display_name: display_name.to_owned(),
                dll_name: library.to_owned(),
                looks_alive_ms,
                is_alive_ms,
            })
        })
        .map(drop)
    }

    /// Unregisters a resource type.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn delete_resource_type(&mut self, name: &str) -> Result<(), CallError> {
        self.done(|_| Ok(resource_type::DeleteResourceType { name: name.to_owned() })).map(drop)
    }

    /// What belongs to a resource type; the bits of the mask are CLUSTER_RESOURCE_TYPE_ENUM_.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn list_of_resource_type(&mut self, name: &str, type_mask: u32) -> Result<Vec<Entry>, CallError> {
        let answer =
            self.done(|_| Ok(resource_type::CreateResTypeEnum { name: name.to_owned(), type_mask }))?;
        Ok(entries(answer.list))
    }
}
