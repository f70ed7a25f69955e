//! The operations by kind of object, as methods. In here those of the cluster itself, and lists of objects.

mod group;
mod node;
mod resource;
mod resource_type;

use mainstay_cmrp::EnumList;
use mainstay_cmrp::cluster as wire;
use mainstay_cmrp::enumeration::{GroupEnumEntry, ResourceEnumEntry};

pub use self::group::GroupPlace;
pub use self::resource::ResourcePlace;
use crate::CallError;
use crate::cluster::Cluster;
use crate::transport::Transport;

/// The cluster's names and versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterInformation {
    /// Name of the cluster.
    pub name: String,
    /// Name of the node that answered.
    pub node: String,
    /// Versions, as on the wire.
    pub version: wire::GetClusterVersion2Response,
}

/// One line of a list of objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The bit of the list's mask by which it was found.
    pub kind: u32,
    /// Its name, or its id in lists of ids.
    pub name: String,
}

/// The cluster.
impl<T: Transport> Cluster<T> {
    /// Names and versions.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn information(&mut self) -> Result<ClusterInformation, CallError> {
        let names = self.done(|_| Ok(wire::GetClusterName))?;
        let version = self.done(|_| Ok(wire::GetClusterVersion2))?;
        Ok(ClusterInformation {
            name: names.cluster_name.unwrap_or_default(),
            node: names.node_name.unwrap_or_default(),
            version,
        })
    }

    /// Renames the cluster.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn rename(&mut self, name: &str) -> Result<(), CallError> {
        self.done(|_| Ok(wire::SetClusterName { name: name.to_owned() })).map(drop)
    }

    /// Has the service copy the cluster database into a new file on its machine. The path is absolute: that of the file,
    /// or a directory's, in which the service chooses a name. [`Cluster::explain`] says afterwards which file it is.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn back_up(&mut self, path: &str) -> Result<(), CallError> {
        self.done(|_| Ok(wire::BackupClusterDatabase { path: path.to_owned() })).map(drop)
    }

    /// Objects of the cluster by name; the bits of the mask are CLUSTER_ENUM_.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn list(&mut self, type_mask: u32) -> Result<Vec<Entry>, CallError> {
        let answer = self.done(|_| Ok(wire::CreateEnum { type_mask }))?;
        Ok(entries(answer.list))
    }

    /// Objects of the cluster, as (id, name).
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn list_ids(&mut self, type_mask: u32, options: u32) -> Result<Vec<(Entry, Entry)>, CallError> {
        let answer =
            self.done(|session| Ok(wire::CreateEnumEx { cluster: session.cluster(), type_mask, options }))?;
        let (ids, names) = (entries(answer.ids), entries(answer.names));
        if ids.len() != names.len() {
            return Err(CallError::BrokenProtocol {
                operation: "CreateEnumEx",
                detail: format!("{} ids for {} names", ids.len(), names.len()),
            });
        }
        Ok(ids.into_iter().zip(names).collect())
    }

    /// All groups with the properties asked for: multi-strings of names, or `*`; `None` asks for none.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn list_groups(
        &mut self,
        properties: Option<&[u8]>,
        ro_properties: Option<&[u8]>,
    ) -> Result<Vec<GroupEnumEntry>, CallError> {
        let answer = self.done(|session| {
            Ok(wire::CreateGroupEnum {
                cluster: session.cluster(),
                properties: properties.map(<[u8]>::to_vec),
                ro_properties: ro_properties.map(<[u8]>::to_vec),
            })
        })?;
        Ok(answer.list.map(|list| list.entries).unwrap_or_default())
    }

    /// All resources with the properties asked for: multi-strings of names, or `*`; `None` asks for none.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn list_resources(
        &mut self,
        properties: Option<&[u8]>,
        ro_properties: Option<&[u8]>,
    ) -> Result<Vec<ResourceEnumEntry>, CallError> {
        let answer = self.done(|session| {
            Ok(wire::CreateResourceEnum {
                cluster: session.cluster(),
                properties: properties.map(<[u8]>::to_vec),
                ro_properties: ro_properties.map(<[u8]>::to_vec),
            })
        })?;
        Ok(answer.list.map(|list| list.entries).unwrap_or_default())
    }
}

/// What an answer lists; a list without names in it would be of no use, so those lines count as empty names.
pub(crate) fn entries(list: Option<EnumList>) -> Vec<Entry> {
    let entry =
        |entry: mainstay_cmrp::EnumEntry| Entry { kind: entry.kind, name: entry.name.unwrap_or_default() };
    list.map(|list| list.entries.into_iter().map(entry).collect()).unwrap_or_default()
}
