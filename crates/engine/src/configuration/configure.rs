//! Making one object what a document says, in one transaction: created with everything of it, or changed in all that is
//! different.
//!
//! The rules are those of the calls that do one thing each: what they refuse is refused here.

use std::collections::{BTreeMap, BTreeSet};

use mainstay_proplist::{PropertyList, Value as Given};
use mainstay_store::registry::{Changes, KeyPath, Value};
use mainstay_store::{Compare, Op};
use mainstay_types::configuration::{
    ConfiguredKind, ConfiguredObject, Setting, SettingDifference, TypedSetting,
};
use mainstay_types::control::{function, object};
use mainstay_types::event::EventKind;
use mainstay_types::offer::built_in;
use mainstay_types::order::Question;
use mainstay_types::property::{Format, Table};
use mainstay_types::{ControlCode, GroupId, GroupSetId, NodeId, ObjectId, ResourceId, Status};

use super::change::{change, parse_name};
use super::document::{configured, differences, is_kept, to_change};
use super::planned::check_planned;
use super::values::{check_size, describe_kind, to_registry};
use super::{After, Ask, Asked, Change, common_table};
use crate::Engine;
use crate::command::Presence;
use crate::error::{ClusterError, Refusal, RequestError, shown};
use crate::graph;
use crate::limits::{CONTROL_OUTPUT_MAX, PRIVATE_VALUES_MAX, PROVIDERS_MAX, TRANSACTION_WRITES_MAX};
use crate::model::expression::{Expression, ExpressionError};
use crate::model::layout;

/// SET_PRIVATE_PROPERTIES of a resource, with its modify bit.
const SET_PRIVATE: u32 = object::RESOURCE | 0x0040_0000 | function::SET_PRIVATE_PROPERTIES;

/// VALIDATE_PRIVATE_PROPERTIES of a resource, asked of its type: of one that is not there yet.
const TYPE_JUDGES: u32 = object::RESOURCE | function::VALIDATE_PRIVATE_PROPERTIES;

/// What is different, sorted by how it is written.
#[derive(Default)]
struct Parts {
    common: PropertyList,
    private: PropertyList,
    depends_on: bool,
    possible_owners: bool,
    preferred_owners: bool,
    library: bool,
    /// A group's set, or what a group or a group set starts after.
    order: bool,
}

impl Engine {
    /// Makes an object what is wanted. `id` is the object's, of one that is there or of a new one.
    pub(super) fn configure(
        &self,
        id: &ObjectId,
        wanted: &ConfiguredObject,
        presence: Presence,
        planned: Option<&[SettingDifference]>,
    ) -> Result<Change, Refusal> {
        let is_new = presence == Presence::New;
        match self.check_object(id) {
            // A type's id is its name, and its own call refuses it.
            Ok(()) if is_new && wanted.kind == ConfiguredKind::Type => self.configure_new_type(wanted),
            Ok(()) if is_new => {
                Err(ClusterError::NameTaken { what: wanted.kind.as_str(), name: shown(&wanted.name) }.into())
            }
            Ok(()) => self.reconfigure(id, wanted, planned),
            Err(gone) if presence == Presence::There => Err(gone),
            Err(gone) => match (wanted.kind, id) {
                (ConfiguredKind::Group, ObjectId::Group(id)) => self.configure_new_group(*id, wanted),
                (ConfiguredKind::GroupSet, ObjectId::GroupSet(id)) => {
                    self.configure_new_group_set(*id, wanted)
                }
                (ConfiguredKind::Resource, ObjectId::Resource(id)) => {
                    self.configure_new_resource(*id, wanted)
                }
                (ConfiguredKind::Type, ObjectId::ResourceType(_)) => self.configure_new_type(wanted),
                _ => Err(gone),
            },
        }
    }

    fn reconfigure(
        &self,
        id: &ObjectId,
        wanted: &ConfiguredObject,
        planned: Option<&[SettingDifference]>,
    ) -> Result<Change, Refusal> {
        let known = configured(&self.model, id)?;
        let found = to_change(&known, wanted);
        let known_as = self.describe(id);
        if let Some(planned) = planned {
            check_planned(&known_as, &found, planned)?;
        }
        check_kept(&found)?;
        let parts = self.parts(id, &known_as, &found)?;
        let path = self.object_path(id)?;
        let mut changes = self.changes();
        let mut after = Vec::new();
        let mut touched = BTreeSet::new();
        if known.name != wanted.name {
            after.extend(self.rename_in(&mut changes, id, &path, &wanted.name)?);
        }
        self.write_parts(&mut changes, id, &path, &parts)?;
        if parts.library
            && let ObjectId::ResourceType(_) = id
        {
            let list = PropertyList::new().with(layout::DLL_NAME, wanted.library.clone().unwrap_or_default());
            self.check_common(id, &known_as, &list)?;
            changes.set_value(
                &path,
                layout::DLL_NAME,
                Value::Sz(wanted.library.clone().unwrap_or_default()),
            )?;
        }
        if let ObjectId::Resource(resource) = id {
            touched.insert(*resource);
            if parts.depends_on {
                let expression = self.parse_expression(&known.name, &wanted.depends_on)?;
                let dependency = self.depend(*resource, &expression)?;
                touched.extend(dependency.claims);
                after.extend(dependency.after);
                self.write_depends_on(&mut changes, &path, &expression)?;
            }
            if parts.possible_owners {
                after.extend(self.write_owners(&mut changes, *resource, &path, wanted)?);
            }
        }
        if parts.preferred_owners {
            self.write_preferred(&mut changes, &path, wanted)?;
        }
        if parts.order {
            after.extend(self.write_wanted_order(&mut changes, id, &path, wanted)?);
        }
        if planned.is_some() {
            changes.rely_on_values();
        }
        let mut done = change(changes);
        check_writes(&done)?;
        for (list, is_common) in [(&parts.common, true), (&parts.private, false)] {
            if !list.is_empty() {
                let input = list.to_bytes()?;
                check_size(list, &input)?;
                done.after.extend(self.after_setting(id, &input, is_common));
            }
        }
        if let (ObjectId::Resource(resource), false) = (id, parts.private.is_empty()) {
            let input = parts.private.to_bytes()?;
            let question = Question::ResourceControl {
                resource: *resource,
                code: ControlCode(SET_PRIVATE).0,
                input,
                output_length_max: CONTROL_OUTPUT_MAX,
            };
            done.ask = Some(Ask { who: Asked::Resource(*resource), question });
        }
        if let ObjectId::Resource(resource) = id
            && self.leaves_its_host_later(*resource, &parts.common)
        {
            done.answer = Status::RESOURCE_PROPERTIES_STORED;
        }
        done.after.extend(after);
        done.claims = touched.into_iter().collect();
        Ok(done)
    }

    fn rename_in(
        &self,
        changes: &mut Changes<'_>,
        id: &ObjectId,
        path: &KeyPath,
        name: &str,
    ) -> Result<Vec<After>, Refusal> {
        // The same checks and the same events as the call for it.
        let after = match id {
            ObjectId::Group(group) => self.rename_group(*group, name)?.after,
            ObjectId::Resource(resource) => self.rename_resource(*resource, name)?.after,
            ObjectId::GroupSet(set) => {
                self.check_group_set_name(name, Some(*set))?;
                Vec::new()
            }
            ObjectId::Network(network) => self.rename_network(*network, name)?.after,
            // Found by its name, which differs in case at most.
            ObjectId::Cluster
            | ObjectId::Node(_)
            | ObjectId::ResourceType(_)
            | ObjectId::NetworkInterface(_) => return Ok(Vec::new()),
        };
        changes.set_value(path, layout::NAME, Value::Sz(parse_name("name", name)?.to_string()))?;
        Ok(after)
    }

    fn configure_new_group(&self, id: GroupId, wanted: &ConfiguredObject) -> Result<Change, Refusal> {
        let made = self.create_group(id, &wanted.name, wanted.group_type.unwrap_or(0))?;
        let object = ObjectId::Group(id);
        let path = layout::group_path(id)?;
        let parts = self.parts_of_new(&object, wanted)?;
        let mut changes = self.changes();
        changes.create_key(&path)?;
        self.write_parts(&mut changes, &object, &path, &parts)?;
        if parts.preferred_owners {
            self.write_preferred(&mut changes, &path, wanted)?;
        }
        let after = match parts.order {
            true => self.write_wanted_order(&mut changes, &object, &path, wanted)?,
            false => Vec::new(),
        };
        let mut done = merged(made, changes)?;
        done.after.extend(after);
        Ok(done)
    }

    fn configure_new_group_set(&self, id: GroupSetId, wanted: &ConfiguredObject) -> Result<Change, Refusal> {
        let made = self.create_group_set(id, &wanted.name)?;
        let object = ObjectId::GroupSet(id);
        let path = layout::group_set_path(id)?;
        let parts = self.parts_of_new(&object, wanted)?;
        let mut changes = self.changes();
        changes.create_key(&path)?;
        self.write_parts(&mut changes, &object, &path, &parts)?;
        let after = match parts.order {
            true => self.write_wanted_order(&mut changes, &object, &path, wanted)?,
            false => Vec::new(),
        };
        let mut done = merged(made, changes)?;
        done.after.extend(after);
        Ok(done)
    }

    fn configure_new_resource(&self, id: ResourceId, wanted: &ConfiguredObject) -> Result<Change, Refusal> {
        let missing = |what: &'static str| RequestError::Value {
            what,
            value: "''".into(),
            allowed: format!("resource '{}' needs one", shown(&wanted.name)),
        };
        let group_name = wanted.group.as_deref().ok_or_else(|| missing("group"))?;
        let type_name = wanted.type_name.as_deref().ok_or_else(|| missing("type"))?;
        let group = self.model.find_group(group_name);
        let group = group.ok_or_else(|| ClusterError::NoGroup { name: shown(group_name) })?;
        let made = self.create_resource(id, group, &wanted.name, type_name, 0)?;
        let object = ObjectId::Resource(id);
        let path = layout::resource_path(id)?;
        let parts = self.parts_of_new(&object, wanted)?;
        let mut changes = self.changes();
        changes.create_key(&path)?;
        self.write_parts(&mut changes, &object, &path, &parts)?;
        let expression = self.parse_expression(&wanted.name, &wanted.depends_on)?;
        graph::check_dependencies_of_new(&self.model, &wanted.name, group, &expression)?;
        for provider in expression.providers() {
            // Every provider has to be there still when this is committed.
            changes.create_key(&layout::resource_path(provider)?)?;
        }
        if !expression.is_empty() {
            self.write_depends_on(&mut changes, &path, &expression)?;
        }
        if let Some(owners) = &wanted.possible_owners {
            let ids = self.node_numbers(owners)?;
            changes.set_value(&path, layout::POSSIBLE_OWNERS, Value::MultiSz(ids))?;
        }
        let mut done = merged(made, changes)?;
        done.claims.extend(expression.providers());
        done.ask = self.ask_type_of_new(wanted, type_name, &parts.private)?;
        Ok(done)
    }

    /// A type that is built in judges the private properties of a resource before it is made. A library has no function
    /// for that: it sees them when the resource is open.
    fn ask_type_of_new(
        &self,
        wanted: &ConfiguredObject,
        type_name: &str,
        private: &PropertyList,
    ) -> Result<Option<Ask>, Refusal> {
        let found = self.model.find_type(type_name).filter(|found| found.library.is_none());
        // An agent may have objections to every resource; the others have none to one without properties.
        let found = found.filter(|found| !private.is_empty() || built_in(&found.name).is_none());
        let Some(found) = found else { return Ok(None) };
        let question = Question::TypeControl {
            type_name: found.name.clone(),
            library: None,
            code: TYPE_JUDGES,
            input: private.to_bytes()?,
            output_length_max: CONTROL_OUTPUT_MAX,
        };
        Ok(Some(Ask { who: Asked::TypeOf(shown(&wanted.name)), question }))
    }

    fn configure_new_type(&self, wanted: &ConfiguredObject) -> Result<Change, Refusal> {
        let library = wanted.library.as_deref().unwrap_or_default();
        let shown_as = wanted.display_name.as_deref().unwrap_or_default();
        let made = self.create_type(&wanted.name, shown_as, library, 0, 0)?;
        let name = parse_name("resource type name", &wanted.name)?;
        let path = layout::type_path(&name)?;
        let object = ObjectId::ResourceType(name);
        let parts = self.parts_of_new(&object, wanted)?;
        let mut changes = self.changes();
        changes.create_key(&path)?;
        self.write_parts(&mut changes, &object, &path, &parts)?;
        merged(made, changes)
    }

    fn parts_of_new(&self, id: &ObjectId, wanted: &ConfiguredObject) -> Result<Parts, Refusal> {
        let known_as = format!("{} '{}'", describe_kind(id), shown(&wanted.name));
        let nothing = ConfiguredObject::new(wanted.kind, wanted.name.clone());
        self.parts(id, &known_as, &differences(&nothing, wanted))
    }

    /// Sorts differences, and looks at what common properties may be. `known_as` is the object for messages; a new one
    /// has no name in the model yet.
    fn parts(&self, id: &ObjectId, known_as: &str, found: &[SettingDifference]) -> Result<Parts, Refusal> {
        let table = common_table(id);
        let mut parts = Parts::default();
        for difference in found {
            match difference.what.split_once('.') {
                Some(("properties", name)) => {
                    let format = format_of(table, name);
                    parts.common.set(name, given(&difference.after, format, name)?);
                }
                Some((_, name)) => {
                    parts.private.set(name, given(&difference.after, None, name)?);
                }
                None => match difference.what.as_str() {
                    "depends_on" if matches!(id, ObjectId::Resource(_)) => parts.depends_on = true,
                    "depends_on" | "depends_on_sets" | "group_set" => parts.order = true,
                    "possible_owners" => parts.possible_owners = true,
                    "preferred_owners" => parts.preferred_owners = true,
                    "library" => parts.library = true,
                    // What an object is made with; of one that is there it is checked before.
                    _ => {}
                },
            }
        }
        if !parts.common.is_empty() {
            self.check_common(id, known_as, &parts.common)?;
        }
        Ok(parts)
    }

    fn write_parts(
        &self,
        changes: &mut Changes<'_>,
        id: &ObjectId,
        path: &KeyPath,
        parts: &Parts,
    ) -> Result<(), Refusal> {
        let table = common_table(id);
        for property in self.with_metric(id, &parts.common)?.effective() {
            let (Some(spec), Some(value)) = (table.find(property.name()), property.value()) else { continue };
            write_value(changes, path, spec.name, value)?;
        }
        if parts.private.is_empty() {
            return Ok(());
        }
        let path = path.join(layout::PARAMETERS)?;
        let known = self.model.tree().key(&path).map_or(0, |key| key.values().count());
        if known + parts.private.len() > PRIVATE_VALUES_MAX {
            let what = "private properties of the object";
            return Err(ClusterError::Full { what, max: PRIVATE_VALUES_MAX }.into());
        }
        changes.create_key(&path)?;
        for property in parts.private.effective() {
            let Some(value) = property.value() else { continue };
            write_value(changes, &path, property.name(), value)?;
        }
        Ok(())
    }

    fn parse_expression(&self, name: &str, text: &str) -> Result<Expression, Refusal> {
        Expression::parse(text, |name| self.model.find_resource(name)).map_err(|error| match error {
            ExpressionError::Twice(provider) => {
                ClusterError::NamedTwice { name: shown(name), provider }.into()
            }
            ExpressionError::TooMany => {
                ClusterError::TooManyProviders { name: shown(name), max: PROVIDERS_MAX }.into()
            }
            other => RequestError::Expression(other.to_string()).into(),
        })
    }

    /// The call for it, whose checks, events and claims are taken.
    fn depend(&self, id: ResourceId, expression: &Expression) -> Result<Change, Refusal> {
        self.set_expression(id, &expression.to_string())
    }

    fn write_depends_on(
        &self,
        changes: &mut Changes<'_>,
        path: &KeyPath,
        expression: &Expression,
    ) -> Result<(), Refusal> {
        for provider in expression.providers() {
            changes.create_key(&layout::resource_path(provider)?)?;
        }
        if expression.is_empty() {
            changes.delete_value(path, layout::DEPENDS_ON)?;
        } else {
            changes.set_value(path, layout::DEPENDS_ON, Value::Sz(expression.to_string()))?;
        }
        Ok(())
    }

    fn write_owners(
        &self,
        changes: &mut Changes<'_>,
        id: ResourceId,
        path: &KeyPath,
        wanted: &ConfiguredObject,
    ) -> Result<Option<After>, Refusal> {
        let Some(owners) = &wanted.possible_owners else {
            changes.delete_value(path, layout::POSSIBLE_OWNERS)?;
            return Ok(self.resource_event(EventKind::ResourcePossibleOwners, id, Vec::new()));
        };
        let nodes = self.named_nodes(owners)?;
        self.check_owner_stays(id, &nodes.iter().copied().collect())?;
        let ids: Vec<String> = nodes.iter().map(NodeId::to_string).collect();
        let buffer = crate::events::multi_string(&ids);
        changes.set_value(path, layout::POSSIBLE_OWNERS, Value::MultiSz(ids))?;
        Ok(self.resource_event(EventKind::ResourcePossibleOwners, id, buffer))
    }

    fn write_preferred(
        &self,
        changes: &mut Changes<'_>,
        path: &KeyPath,
        wanted: &ConfiguredObject,
    ) -> Result<(), Refusal> {
        match &wanted.preferred_owners {
            None => {
                changes.delete_value(path, layout::PREFERRED_OWNERS)?;
            }
            Some(owners) => {
                let ids = self.node_numbers(owners)?;
                changes.set_value(path, layout::PREFERRED_OWNERS, Value::MultiSz(ids))?;
            }
        }
        Ok(())
    }

    fn node_numbers(&self, names: &[String]) -> Result<Vec<String>, Refusal> {
        Ok(self.named_nodes(names)?.iter().map(NodeId::to_string).collect())
    }

    fn named_nodes(&self, names: &[String]) -> Result<Vec<NodeId>, Refusal> {
        let named = |name: &String| {
            let found = self.model.nodes().find(|node| node.name.is(name));
            found.map(|node| node.id).ok_or_else(|| ClusterError::NodeGone { id: shown(name) }.into())
        };
        names.iter().map(named).collect()
    }
}

fn write_value(changes: &mut Changes<'_>, path: &KeyPath, name: &str, value: &Given) -> Result<(), Refusal> {
    if value.has_no_data() {
        changes.delete_value(path, name)?;
    } else if let Some(value) = to_registry(value) {
        changes.set_value(path, name, value)?;
    }
    Ok(())
}

fn format_of(table: Table, name: &str) -> Option<Format> {
    table.find(name).map(|spec| spec.format)
}

/// A setting as a caller would give it, in the format that the property has.
fn given(setting: &Option<Setting>, format: Option<Format>, name: &str) -> Result<Given, Refusal> {
    let wrong = |found: &'static str| {
        let (object, expected) = ("the configuration".to_owned(), format.map_or("value", Format::word));
        RequestError::PropertyFormat { object, property: shown(name), expected, found }
    };
    Ok(match setting {
        None => Given::NoData(format.unwrap_or(Format::Sz)),
        Some(Setting::Number(number)) => match format {
            Some(Format::ULargeInteger) => Given::ULarge((*number).into()),
            Some(Format::FileTime) => Given::FileTime((*number).into()),
            _ => Given::Dword(*number),
        },
        Some(Setting::Text(text)) => match format {
            Some(Format::ExpandSz) => Given::ExpandSz(text.clone()),
            _ => Given::Sz(text.clone()),
        },
        Some(Setting::List(texts)) => Given::MultiSz(texts.clone()),
        Some(Setting::Typed(TypedSetting::Expand(text))) => Given::ExpandSz(text.clone()),
        Some(Setting::Typed(TypedSetting::Qword(digits))) => {
            let number = digits.parse().map_err(|_| wrong("text that is no number of 64 bits"))?;
            match format {
                Some(Format::FileTime) => Given::FileTime(number),
                _ => Given::ULarge(number),
            }
        }
        Some(Setting::Typed(TypedSetting::Binary(digits))) => {
            let bytes = bytes_of(digits).ok_or_else(|| wrong("text that is not hexadecimal"))?;
            match format {
                Some(Format::SecurityDescriptor) => Given::SecurityDescriptor(bytes),
                _ => Given::Binary(bytes),
            }
        }
        Some(Setting::Typed(TypedSetting::Cut(_))) => return Err(wrong("value that was not kept").into()),
    })
}

/// Hexadecimal digits as bytes.
pub(super) fn bytes_of(digits: &str) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) || !digits.is_ascii() {
        return None;
    }
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// The creation of an object with what more is written of it, in one transaction.
fn merged(mut made: Change, more: Changes<'_>) -> Result<Change, Refusal> {
    let (compares, ops) = more.into_parts();
    for compare in compares {
        if !made.compares.iter().any(|known: &Compare| known.key == compare.key) {
            made.compares.push(compare);
        }
    }
    // The same key written by both is its record, and written the same.
    let written: BTreeMap<Vec<u8>, ()> = made.ops.iter().filter_map(put_key).map(|key| (key, ())).collect();
    made.ops.extend(ops.into_iter().filter(|op| put_key(op).is_none_or(|key| !written.contains_key(&key))));
    check_writes(&made)?;
    Ok(made)
}

fn put_key(op: &Op) -> Option<Vec<u8>> {
    match op {
        Op::Put { key, .. } => Some(key.clone()),
        _ => None,
    }
}

/// What an object that is there was made with does not become another.
fn check_kept(found: &[SettingDifference]) -> Result<(), Refusal> {
    match found.iter().find(|difference| is_kept(&difference.what)) {
        None => Ok(()),
        Some(difference) => Err(RequestError::Value {
            what: "configuration",
            value: format!("with another {}", difference.what),
            allowed: "an object keeps what it was made with; delete it and make a new one".into(),
        }
        .into()),
    }
}

/// One object is one transaction, and that holds so many writes.
fn check_writes(change: &Change) -> Result<(), Refusal> {
    if change.ops.len() > TRANSACTION_WRITES_MAX || change.compares.len() > TRANSACTION_WRITES_MAX {
        return Err(RequestError::Value {
            what: "configuration",
            value: format!("with {} changes of one object", change.ops.len()),
            allowed: format!("at most {TRANSACTION_WRITES_MAX} can be made at once; apply it in two parts"),
        }
        .into());
    }
    Ok(())
}
