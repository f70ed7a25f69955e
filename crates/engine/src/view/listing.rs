//! All groups and all resources, each with the common properties that the caller names: the whole cluster in one read
//! (ClusterGroupOpenEnumEx and ClusterResourceOpenEnumEx, opnums 143 and 144).

use std::collections::BTreeSet;

use mainstay_proplist::multi_string;
use mainstay_types::name::fold;
use mainstay_types::property::{GROUP, PropertyAccess, RESOURCE, Spec, Table};
use mainstay_types::{GroupId, ObjectId, ResourceId};

use super::{GroupInfo, ResourceInfo, View};
use crate::error::{Refusal, RequestError, shown};

/// The one name that stands for all properties.
const ALL: &str = "*";

/// What closes a multi-string. Callers whose list is one text often leave the last NUL out, so it is added.
const CLOSING: [u8; 4] = [0; 4];

/// A group in a list.
#[derive(Clone, Debug)]
pub struct ListedGroup<'a> {
    /// Its id.
    pub id: GroupId,
    /// Its name, its state and where it is.
    pub info: GroupInfo<'a>,
    /// What was asked for of it.
    pub properties: ListedProperties,
}

/// A resource in a list.
#[derive(Clone, Debug)]
pub struct ListedResource<'a> {
    /// Its id.
    pub id: ResourceId,
    /// Its name and where it is.
    pub info: ResourceInfo<'a>,
    /// Its group's id.
    pub group: GroupId,
    /// What was asked for of it.
    pub properties: ListedProperties,
}

/// Property lists in bytes; `None` where nothing was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedProperties {
    /// Common properties that callers set.
    pub writable: Option<Vec<u8>>,
    /// Common properties that only the service sets.
    pub read_only: Option<Vec<u8>>,
}

/// The properties that were asked for.
struct Asked {
    writable: Option<Vec<&'static Spec>>,
    read_only: Option<Vec<&'static Spec>>,
}

impl<'a> View<'a> {
    /// All groups. The names are multi-strings in UTF-16LE of common properties that callers set, and of those that only
    /// the service sets; the one name `*` is all of them, and no bytes are none. An unknown name is refused.
    pub fn list_groups(self, names: &[u8], ro_names: &[u8]) -> Result<Vec<ListedGroup<'a>>, Refusal> {
        let asked = asked("a group", GROUP, names, ro_names)?;
        let mut listed = Vec::new();
        for group in self.engine.model.groups() {
            let Some(info) = self.group(group.id) else { continue };
            let properties = self.listed_properties(&ObjectId::Group(group.id), &asked)?;
            listed.push(ListedGroup { id: group.id, info, properties });
        }
        Ok(listed)
    }

    /// All resources, by the same rules.
    pub fn list_resources(self, names: &[u8], ro_names: &[u8]) -> Result<Vec<ListedResource<'a>>, Refusal> {
        let asked = asked("a resource", RESOURCE, names, ro_names)?;
        let mut listed = Vec::new();
        for resource in self.engine.model.resources() {
            let Some(info) = self.resource(resource.id) else { continue };
            let properties = self.listed_properties(&ObjectId::Resource(resource.id), &asked)?;
            listed.push(ListedResource { id: resource.id, info, group: resource.group, properties });
        }
        Ok(listed)
    }

    fn listed_properties(self, object: &ObjectId, asked: &Asked) -> Result<ListedProperties, Refusal> {
        let bytes = |specs: &Option<Vec<&'static Spec>>| -> Result<Option<Vec<u8>>, Refusal> {
            let Some(specs) = specs else { return Ok(None) };
            let list = self.engine.properties_by_spec(object, specs.iter().copied())?;
            Ok(Some(list.to_bytes()?))
        };
        Ok(ListedProperties { writable: bytes(&asked.writable)?, read_only: bytes(&asked.read_only)? })
    }
}

fn asked(class: &'static str, table: Table, names: &[u8], ro_names: &[u8]) -> Result<Asked, Refusal> {
    Ok(Asked {
        writable: specs_of(class, table, PropertyAccess::ReadWrite, names)?,
        read_only: specs_of(class, table, PropertyAccess::ReadOnly, ro_names)?,
    })
}

/// The properties that a multi-string names, in the order of the table; `None` for no bytes.
fn specs_of(
    class: &'static str,
    table: Table,
    access: PropertyAccess,
    names: &[u8],
) -> Result<Option<Vec<&'static Spec>>, Refusal> {
    if names.is_empty() {
        return Ok(None);
    }
    let names = multi_string::parse(&[names, &CLOSING].concat()).map_err(|fault| RequestError::Value {
        what: "the list of property names",
        value: format!("of {} bytes", names.len()),
        allowed: format!("it has to be a multi-string in UTF-16: {fault}"),
    })?;
    let mut specs: Vec<&'static Spec> = table.iter().filter(|spec| spec.access == access).collect();
    if names != [ALL] {
        let is_known = |name: &&String| table.find(name).is_some_and(|spec| spec.access == access);
        if let Some(unknown) = names.iter().find(|name| !is_known(name)) {
            let (object, property) = (class.to_owned(), shown(unknown));
            return Err(RequestError::UnknownProperty { object, property }.into());
        }
        let wanted: BTreeSet<String> = names.iter().map(|name| fold(name)).collect();
        specs.retain(|spec| wanted.contains(&fold(spec.name)));
    }
    Ok(Some(specs))
}
