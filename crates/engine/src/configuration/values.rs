//! Setting properties; private ones as their type lets them. What common ones may be is [`super::common`]'s.

use mainstay_proplist::{PropertyList, Value as Given};
use mainstay_store::registry::{KeyPath, Value};
use mainstay_types::control::function;
use mainstay_types::event::{Event, EventKind};
use mainstay_types::order::Question;
use mainstay_types::{ControlCode, ObjectId};

use super::change::change;
use super::{After, Ask, Asked, Change};
use crate::Engine;
use crate::error::{ClusterError, Refusal, RequestError, ServiceError, shown};
use crate::group_set::OrderError;
use crate::limits::{
    CONTROL_OUTPUT_MAX, PRIVATE_VALUES_MAX, TRANSACTION_VALUE_BYTES_MAX, TRANSACTION_WRITES_MAX,
};
use crate::model::layout;
use crate::told_properties::is_told_of;

impl Engine {
    /// SET_COMMON_PROPERTIES and SET_PRIVATE_PROPERTIES of any object.
    pub(super) fn set_properties(
        &self,
        object: &ObjectId,
        code: ControlCode,
        input: &[u8],
    ) -> Result<Change, Refusal> {
        self.check_object(object)?;
        if let (ObjectId::Resource(id), function::SET_MAINTENANCE_MODE) = (object, code.function()) {
            return self.set_maintenance(*id, input);
        }
        let list = read_list(input)?;
        if code.function() == function::SET_COMMON_PROPERTIES {
            return self.set_common(object, &list, input);
        }
        let mut change = self.set_private(object, &list, input)?;
        if let ObjectId::Resource(id) = object {
            let question = Question::ResourceControl {
                resource: *id,
                code: code.0,
                input: input.to_vec(),
                output_length_max: CONTROL_OUTPUT_MAX,
            };
            change.ask = Some(Ask { who: Asked::Resource(*id), question });
        }
        Ok(change)
    }

    fn set_private(&self, object: &ObjectId, list: &PropertyList, input: &[u8]) -> Result<Change, Refusal> {
        let path = self.object_path(object)?.join(layout::PARAMETERS)?;
        check_size(list, input)?;
        let known = self.model.tree().key(&path).map_or(0, |key| key.values().count());
        if known + list.len() > PRIVATE_VALUES_MAX {
            let what = "private properties of the object";
            return Err(ClusterError::Full { what, max: PRIVATE_VALUES_MAX }.into());
        }
        let mut changes = self.changes();
        changes.create_key(&path)?;
        for given in list.effective() {
            let Some(value) = given.value() else { continue };
            if value.has_no_data() {
                changes.delete_value(&path, given.name())?;
                continue;
            }
            let stored = to_registry(value).ok_or_else(|| RequestError::PropertyFormat {
                object: self.describe(object),
                property: shown(given.name()),
                expected: "number, text, list of texts or binary value",
                found: value.format().word(),
            })?;
            changes.set_value(&path, given.name(), stored)?;
        }
        let mut change = change(changes);
        change.after = self.after_setting(object, input, false);
        if let ObjectId::Resource(id) = object {
            change.claims.push(*id);
        }
        Ok(change)
    }

    /// The event of common or private properties of an object, with the list of those that changed.
    pub(crate) fn property_event(&self, object: &ObjectId, common: bool, buffer: Vec<u8>) -> Event {
        let kind = match (object, common) {
            (ObjectId::Cluster, true) => EventKind::ClusterCommonProperty,
            (ObjectId::Cluster, false) => EventKind::ClusterPrivateProperty,
            (ObjectId::Group(_), true) => EventKind::GroupCommonProperty,
            (ObjectId::Group(_), false) => EventKind::GroupPrivateProperty,
            (ObjectId::Resource(_), true) => EventKind::ResourceCommonProperty,
            (ObjectId::Resource(_), false) => EventKind::ResourcePrivateProperty,
            (ObjectId::ResourceType(_), true) => EventKind::ResourceTypeCommonProperty,
            (ObjectId::ResourceType(_), false) => EventKind::ResourceTypePrivateProperty,
            (ObjectId::GroupSet(_), true) => EventKind::GroupSetCommonProperty,
            (ObjectId::GroupSet(_), false) => EventKind::GroupSetPrivateProperty,
            (ObjectId::Network(_), true) => EventKind::NetworkCommonProperty,
            (ObjectId::Network(_), false) => EventKind::NetworkPrivateProperty,
            (ObjectId::NetworkInterface(_), true) => EventKind::NetworkInterfaceCommonProperty,
            (ObjectId::NetworkInterface(_), false) => EventKind::NetworkInterfacePrivateProperty,
            (ObjectId::Node(_), _) => EventKind::NodeCommonProperty,
        };
        let (object_id, parent_id, name, type_name) = match object {
            ObjectId::Cluster => Default::default(),
            ObjectId::Node(id) => (id.to_string(), String::new(), self.plain_name(object), String::new()),
            ObjectId::Group(id) => {
                (id.to_string(), self.config.node.to_string(), self.plain_name(object), String::new())
            }
            ObjectId::Resource(id) => {
                let found = self.model.resource(*id);
                let group = found.map(|found| found.group.to_string()).unwrap_or_default();
                let type_name = found.map(|found| found.type_name.to_string()).unwrap_or_default();
                (id.to_string(), group, self.plain_name(object), type_name)
            }
            ObjectId::ResourceType(name) => (String::new(), String::new(), name.to_string(), String::new()),
            ObjectId::GroupSet(_) | ObjectId::Network(_) | ObjectId::NetworkInterface(_) => {
                (self.id_of(object), String::new(), self.plain_name(object), String::new())
            }
        };
        Event { kind, object: object.clone(), object_id, parent_id, name, type_name, buffer }
    }

    /// What follows when properties of an object were set, beside what [`crate::told_properties`] tells.
    pub(super) fn after_setting(&self, object: &ObjectId, input: &[u8], common: bool) -> Vec<After> {
        let mut after = Vec::new();
        if !common || !is_told_of(object) {
            let event = self.property_event(object, common, input.to_vec());
            after.push(After::Publish(Box::new(event)));
        }
        match object {
            ObjectId::Resource(id) => after.push(After::Configured(*id)),
            // When a set counts as started, and how long others wait for it.
            ObjectId::GroupSet(_) | ObjectId::Cluster => after.push(After::Ordered),
            _ => {}
        }
        after
    }

    /// Whether the object is there.
    pub(crate) fn check_object(&self, object: &ObjectId) -> Result<(), Refusal> {
        let there = match object {
            ObjectId::Cluster => Ok(()),
            ObjectId::Node(id) if self.model.node(*id).is_some() => Ok(()),
            ObjectId::Node(id) => Err(ClusterError::NodeGone { id: id.to_string() }),
            ObjectId::Group(id) if self.model.group(*id).is_some() => Ok(()),
            ObjectId::Group(id) => Err(ClusterError::GroupGone { id: id.to_string() }),
            ObjectId::Resource(id) if self.model.resource(*id).is_some() => Ok(()),
            ObjectId::Resource(id) => Err(ClusterError::ResourceGone { id: id.to_string() }),
            ObjectId::ResourceType(name) if self.model.resource_type(name).is_some() => Ok(()),
            ObjectId::ResourceType(name) => Err(ClusterError::TypeNotFound { name: name.to_string() }),
            ObjectId::GroupSet(id) if self.model.group_set(*id).is_some() => Ok(()),
            ObjectId::GroupSet(id) => return Err(OrderError::SetGone { id: id.to_string() }.into()),
            ObjectId::Network(id) if self.model.network(*id).is_some() => Ok(()),
            ObjectId::Network(id) => Err(ClusterError::NetworkGone { id: id.to_string() }),
            ObjectId::NetworkInterface(id) if self.model.interface(*id).is_some() => Ok(()),
            ObjectId::NetworkInterface(id) => Err(ClusterError::InterfaceGone { id: id.to_string() }),
        };
        there.map_err(Refusal::from)
    }

    /// The object's key in the registry.
    pub(crate) fn object_path(&self, object: &ObjectId) -> Result<KeyPath, Refusal> {
        Ok(match object {
            ObjectId::Cluster => KeyPath::root(),
            ObjectId::Node(id) => layout::node_path(*id)?,
            ObjectId::Group(id) => layout::group_path(*id)?,
            ObjectId::Resource(id) => layout::resource_path(*id)?,
            ObjectId::ResourceType(name) => layout::type_path(name)?,
            ObjectId::GroupSet(id) => layout::group_set_path(*id)?,
            ObjectId::Network(id) => layout::network_path(*id)?,
            ObjectId::NetworkInterface(id) => layout::interface_path(*id)?,
        })
    }

    /// "resource 'db'", for messages.
    pub(crate) fn describe(&self, object: &ObjectId) -> String {
        let what = describe_kind(object);
        match object {
            ObjectId::Cluster => what.to_owned(),
            _ => format!("{what} '{}'", self.plain_name(object)),
        }
    }

    /// The object's name; its id where it has none.
    pub(crate) fn plain_name(&self, object: &ObjectId) -> String {
        let nothing_given = crate::command::Command::RenameCluster { name: String::new() };
        self.object_name(object, &nothing_given)
    }
}

/// What kind of object it is, for messages.
pub(super) fn describe_kind(object: &ObjectId) -> &'static str {
    match object {
        ObjectId::Cluster => "the cluster",
        ObjectId::Node(_) => "node",
        ObjectId::Group(_) => "group",
        ObjectId::Resource(_) => "resource",
        ObjectId::ResourceType(_) => "resource type",
        ObjectId::GroupSet(_) => "group set",
        ObjectId::Network(_) => "network",
        ObjectId::NetworkInterface(_) => "network interface",
    }
}

/// The caller's property list.
pub(crate) fn read_list(input: &[u8]) -> Result<PropertyList, Refusal> {
    PropertyList::parse(input)
        .map_err(|error| RequestError::BufferMalformed { reason: error.to_string() }.into())
}

pub(super) fn check_size(list: &PropertyList, input: &[u8]) -> Result<(), Refusal> {
    if list.len() > TRANSACTION_WRITES_MAX {
        return Err(RequestError::Value {
            what: "property list",
            value: format!("of {} properties", list.len()),
            allowed: format!("at most {TRANSACTION_WRITES_MAX} can be set at once"),
        }
        .into());
    }
    // In the database binary data takes two digits a byte.
    if input.len() > TRANSACTION_VALUE_BYTES_MAX / 2 {
        return Err(RequestError::BufferTooLarge {
            length: input.len(),
            max: TRANSACTION_VALUE_BYTES_MAX / 2,
        }
        .into());
    }
    Ok(())
}

/// A property's value as the registry keeps it; `None` for formats that no property has.
pub(crate) fn to_registry(value: &Given) -> Option<Value> {
    Some(match value {
        Given::Dword(number) => Value::Dword(*number),
        Given::Long(number) => Value::Dword(number.cast_unsigned()),
        Given::Word(number) => Value::Dword(u32::from(*number)),
        Given::Sz(text) => Value::Sz(text.clone()),
        Given::ExpandSz(text) => Value::ExpandSz(text.clone()),
        Given::MultiSz(texts) => Value::MultiSz(texts.clone()),
        Given::Binary(bytes) | Given::SecurityDescriptor(bytes) => Value::Binary(bytes.clone()),
        Given::ULarge(number) | Given::FileTime(number) => Value::Qword(*number),
        Given::Large(number) => Value::Qword(number.cast_unsigned()),
        Given::ExpandedSz(_) | Given::PropertyList(_) | Given::NoData(_) | Given::Unknown { .. } => {
            return None;
        }
    })
}

/// A registry value as a property.
pub(crate) fn from_registry(value: &Value) -> Given {
    match value {
        Value::Sz(text) => Given::Sz(text.clone()),
        Value::ExpandSz(text) => Given::ExpandSz(text.clone()),
        Value::Binary(bytes) => Given::Binary(bytes.clone()),
        Value::Dword(number) => Given::Dword(*number),
        Value::MultiSz(texts) => Given::MultiSz(texts.clone()),
        Value::Qword(number) => Given::ULarge(*number),
        Value::Raw { bytes, .. } => Given::Binary(bytes.clone()),
    }
}

impl From<mainstay_proplist::BuildError> for Refusal {
    /// What is stored came through a list, so it fits one.
    fn from(error: mainstay_proplist::BuildError) -> Self {
        ServiceError::Internal(error.to_string()).into()
    }
}
