//! Creating, deleting and renaming objects.

use std::collections::BTreeSet;

use mainstay_store::Op;
use mainstay_store::registry::{Changes, KeyPath, Value};
use mainstay_types::event::{Event, EventKind};
use mainstay_types::offer::built_in;
use mainstay_types::{GroupId, Name, NodeId, ObjectId, ResourceId, ResourceState};

use super::{After, Change, Deleted};
use crate::Engine;
use crate::error::{ClusterError, Refusal, RequestError, shown};
use crate::events::{multi_string, type_added, utf16};
use crate::group_set::place::Place;
use crate::limits::{GROUP_RESOURCES_MAX, GROUPS_MAX, RESOURCE_TYPES_MAX, RESOURCES_MAX};
use crate::live::Goal;
use crate::model::layout;

/// Resources deleted with their group in one transaction; each takes a few operations of the store.
const DELETED_AT_ONCE_MAX: usize = 30;
/// CLUSTER_RESOURCE_SEPARATE_MONITOR.
const SEPARATE_MONITOR: u32 = 1;

impl Engine {
    pub(super) fn create_group(&self, id: GroupId, name: &str, group_type: u32) -> Result<Change, Refusal> {
        let name = parse_name("group name", name)?;
        if self.model.group_count() >= GROUPS_MAX {
            return Err(ClusterError::Full { what: "groups", max: GROUPS_MAX }.into());
        }
        self.check_group_name(&name, None)?;
        let mut changes = self.changes();
        let path = layout::group_path(id)?;
        changes.create_key(&path)?;
        changes.set_value(&path, layout::NAME, Value::Sz(name.to_string()))?;
        if group_type != 0 {
            changes.set_value(&path, layout::GROUP_TYPE, Value::Dword(group_type))?;
        }
        let mut change = change(changes);
        self.claim_made(id, &mut change);
        change.after.push(After::GroupCreated(id));
        let event = Event {
            kind: EventKind::ClusterGroupAdded,
            object: ObjectId::Cluster,
            object_id: id.to_string(),
            parent_id: self.config.node.to_string(),
            name: name.to_string(),
            type_name: String::new(),
            buffer: utf16(&id.to_string()),
        };
        change.after.push(After::Publish(Box::new(event)));
        Ok(change)
    }

    pub(super) fn delete_group(&self, id: GroupId, force: bool) -> Result<Change, Refusal> {
        let group = self.model.group(id).ok_or_else(|| ClusterError::GroupGone { id: id.to_string() })?;
        if !force && !group.members.is_empty() {
            let (what, name, count) = ("group", group.name.to_string(), group.members.len());
            return Err(ClusterError::NotEmpty { what, name, count }.into());
        }
        self.check_no_dependent_group(id)?;
        for member in &group.members {
            self.check_deletable(*member)?;
        }
        // Dependents before their providers, so that what is left is a whole at every step.
        let mut order: Vec<ResourceId> = Vec::new();
        let mut taken = BTreeSet::new();
        for member in &group.members {
            self.add_dependents_first(*member, &mut taken, &mut order);
        }
        let again = order.len() > DELETED_AT_ONCE_MAX;
        order.truncate(DELETED_AT_ONCE_MAX);
        let mut changes = self.changes();
        let mut after = Vec::new();
        for member in &order {
            changes.delete_tree(&layout::resource_path(*member)?)?;
            self.after_deletion(*member, &mut after);
        }
        let mut done = if again {
            change(changes)
        } else {
            changes.delete_tree(&layout::group_path(id)?)?;
            let mut done = change(changes);
            self.give_up_deleted(id, &mut done);
            done
        };
        if !again {
            let event = Event {
                kind: EventKind::GroupDeleted,
                object: ObjectId::Group(id),
                object_id: id.to_string(),
                parent_id: self.config.node.to_string(),
                name: group.name.to_string(),
                type_name: String::new(),
                buffer: utf16(&id.to_string()),
            };
            after.extend(self.after_placing(id, group.name.as_str(), &Place::default()));
            after.push(After::Publish(Box::new(event)));
            after.push(After::GroupDeleted(id));
        }
        for member in &order {
            self.delete_note(*member, &mut done);
        }
        (done.after, done.claims, done.again) = (after, order, again);
        Ok(done)
    }

    /// Recursion is bounded by the depth of dependencies.
    fn add_dependents_first(
        &self,
        id: ResourceId,
        taken: &mut BTreeSet<ResourceId>,
        order: &mut Vec<ResourceId>,
    ) {
        if !taken.insert(id) {
            return;
        }
        for dependent in self.model.dependents(id) {
            self.add_dependents_first(dependent, taken, order);
        }
        order.push(id);
    }

    pub(super) fn rename_group(&self, id: GroupId, name: &str) -> Result<Change, Refusal> {
        self.model.group(id).ok_or_else(|| ClusterError::GroupGone { id: id.to_string() })?;
        let name = parse_name("group name", name)?;
        self.check_group_name(&name, Some(id))?;
        let mut changes = self.changes();
        changes.set_value(&layout::group_path(id)?, layout::NAME, Value::Sz(name.to_string()))?;
        Ok(change(changes))
    }

    /// The nodes on which a group would rather be, the best first. Nothing moves for it now.
    pub(super) fn set_preferred_owners(&self, id: GroupId, given: &[String]) -> Result<Change, Refusal> {
        let group = self.model.group(id).ok_or_else(|| ClusterError::GroupGone { id: id.to_string() })?;
        let mut nodes: Vec<NodeId> = Vec::new();
        for text in given {
            let gone = || ClusterError::NodeGone { id: shown(text) };
            let node = self.model.find_node(text).ok_or_else(gone)?;
            if nodes.contains(&node) {
                let allowed = "name every node once".to_owned();
                return Err(
                    RequestError::Value { what: "preferred owner", value: shown(text), allowed }.into()
                );
            }
            nodes.push(node);
        }
        let path = layout::group_path(id)?;
        let mut changes = self.changes();
        if nodes.is_empty() {
            changes.delete_value(&path, layout::PREFERRED_OWNERS)?;
        } else {
            let texts = nodes.iter().map(NodeId::to_string).collect();
            changes.set_value(&path, layout::PREFERRED_OWNERS, Value::MultiSz(texts))?;
        }
        let mut change = change(changes);
        let event = Event {
            kind: EventKind::GroupPreferredOwners,
            object: ObjectId::Group(id),
            object_id: id.to_string(),
            parent_id: self.model.owner(id).map(|owner| owner.node.to_string()).unwrap_or_default(),
            name: group.name.to_string(),
            type_name: String::new(),
            buffer: Vec::new(),
        };
        change.after.push(After::Publish(Box::new(event)));
        Ok(change)
    }

    pub(super) fn create_resource(
        &self,
        id: ResourceId,
        group: GroupId,
        name: &str,
        type_name: &str,
        flags: u32,
    ) -> Result<Change, Refusal> {
        let owner =
            self.model.group(group).ok_or_else(|| ClusterError::GroupGone { id: group.to_string() })?;
        if flags & !SEPARATE_MONITOR != 0 {
            let allowed = "0 is the shared host, 1 a host of its own";
            return Err(RequestError::Flags { flags, allowed }.into());
        }
        let name = parse_name("resource name", name)?;
        let found = self.model.find_type(type_name);
        let found = found.ok_or_else(|| ClusterError::TypeNotFound { name: shown(type_name) })?;
        self.check_resource_name(&name, None)?;
        if self.model.resource_count() >= RESOURCES_MAX {
            return Err(ClusterError::Full { what: "resources", max: RESOURCES_MAX }.into());
        }
        if owner.members.len() >= GROUP_RESOURCES_MAX {
            return Err(
                ClusterError::Full { what: "resources in the group", max: GROUP_RESOURCES_MAX }.into()
            );
        }
        if self.live.contains_key(&id) {
            return Err(ClusterError::NameTaken { what: "resource", name: id.to_string() }.into());
        }
        let mut changes = self.changes();
        changes.create_key(&layout::group_path(group)?)?;
        let path = layout::resource_path(id)?;
        changes.create_key(&path)?;
        changes.set_value(&path, layout::NAME, Value::Sz(name.to_string()))?;
        changes.set_value(&path, layout::TYPE, Value::Sz(found.name.to_string()))?;
        changes.set_value(&path, layout::GROUP, Value::Sz(group.to_string()))?;
        if flags & SEPARATE_MONITOR != 0 {
            changes.set_value(&path, layout::SEPARATE_MONITOR, Value::Dword(1))?;
        }
        let mut change = change(changes);
        change.after.push(After::Created(id));
        change.claims.push(id);
        let event = Event {
            kind: EventKind::GroupResourceAdded,
            object: ObjectId::Group(group),
            object_id: id.to_string(),
            parent_id: group.to_string(),
            name: name.to_string(),
            type_name: found.name.to_string(),
            buffer: utf16(&id.to_string()),
        };
        change.after.push(After::Publish(Box::new(event)));
        Ok(change)
    }

    pub(super) fn delete_resource(&self, id: ResourceId) -> Result<Change, Refusal> {
        self.check_deletable(id)?;
        if let (Some(dependent), Some(resource)) = (self.model.dependents(id).next(), self.model.resource(id))
        {
            let (name, dependent) = (resource.name.to_string(), self.name_of(dependent));
            return Err(ClusterError::DependentExists { name, dependent }.into());
        }
        let mut changes = self.changes();
        changes.delete_tree(&layout::resource_path(id)?)?;
        let mut change = change(changes);
        self.delete_note(id, &mut change);
        self.after_deletion(id, &mut change.after);
        change.claims.push(id);
        Ok(change)
    }

    /// What its type has the cluster keep goes with it.
    fn delete_note(&self, id: ResourceId, change: &mut Change) {
        // One that is written meanwhile comes first, and is looked at again.
        change.compares.push(self.model.notes().unchanged(id));
        change.ops.push(Op::delete(layout::note_key(id)));
        // Nobody else knows by then that there was something, nor where.
        if let Some(kept) = self.kept_note(id) {
            let (name, words) = (self.name_of(id), kept.note.words);
            let apart = if change.note.is_empty() { "" } else { "; " };
            let note = format!(
                "{apart}what was kept of resource '{name}' is given up, and undoing this does not bring it back: {words}"
            );
            change.note.push_str(&note);
            change
                .outcome
                .push_str(&format!("{apart}has given up what was kept of resource '{name}': {words}"));
        }
    }

    /// Offline, failed with nothing left of it, or never yet known to a host.
    fn check_deletable(&self, id: ResourceId) -> Result<(), Refusal> {
        let gone = || ClusterError::ResourceGone { id: id.to_string() };
        let resource = self.model.resource(id).ok_or_else(gone)?;
        let live = self.live.get(&id).ok_or_else(gone)?;
        let name = resource.name.to_string();
        match live.state {
            ResourceState::Failed if live.unproven => return Err(ClusterError::Unproven { name }.into()),
            ResourceState::Offline | ResourceState::Failed | ResourceState::Initializing => {}
            state => {
                let way_out = match state {
                    ResourceState::OfflinePending => "wait until it is offline",
                    _ => "take it offline first",
                };
                return Err(ClusterError::State { name, state, way_out: way_out.into() }.into());
            }
        }
        // What is just being opened is closed when its Open has ended.
        let is_worked_on = live.task.as_ref().is_some_and(|task| task.goal != Goal::Open);
        if let Some(claim) = live.claim.filter(|_| is_worked_on) {
            return Err(ClusterError::InOperation { name, operation: claim.to_string() }.into());
        }
        if let Some(reason) = live.locked {
            let way_out = "wait until its type unlocks it".into();
            return Err(ClusterError::Locked { name, reason, way_out }.into());
        }
        Ok(())
    }

    fn after_deletion(&self, id: ResourceId, after: &mut Vec<After>) {
        let Some(resource) = self.model.resource(id) else { return };
        let event = |kind, object| Event {
            kind,
            object,
            object_id: id.to_string(),
            parent_id: resource.group.to_string(),
            name: resource.name.to_string(),
            type_name: resource.type_name.to_string(),
            buffer: utf16(&id.to_string()),
        };
        let (epoch, host) = (self.model.epoch(resource.group), self.desired_host(id));
        let providers = resource.depends_on.providers().collect();
        after.push(After::Deleted(Deleted { id, group: resource.group, epoch, host, providers }));
        after.push(After::Publish(Box::new(event(EventKind::ResourceDeleted, ObjectId::Resource(id)))));
        let lost = event(EventKind::GroupResourceLost, ObjectId::Group(resource.group));
        after.push(After::Publish(Box::new(lost)));
    }

    pub(super) fn rename_resource(&self, id: ResourceId, name: &str) -> Result<Change, Refusal> {
        let gone = || ClusterError::ResourceGone { id: id.to_string() };
        self.model.resource(id).ok_or_else(gone)?;
        let name = parse_name("resource name", name)?;
        self.check_resource_name(&name, Some(id))?;
        let mut changes = self.changes();
        changes.set_value(&layout::resource_path(id)?, layout::NAME, Value::Sz(name.to_string()))?;
        let mut change = change(changes);
        change.after = vec![After::Configured(id)];
        Ok(change)
    }

    pub(super) fn create_type(
        &self,
        name: &str,
        display_name: &str,
        library: &str,
        looks_alive_ms: u32,
        is_alive_ms: u32,
    ) -> Result<Change, Refusal> {
        let name = parse_name("resource type name", name)?;
        if self.model.resource_type(&name).is_some() {
            return Err(ClusterError::TypeExists { name: name.to_string() }.into());
        }
        if self.model.resource_types().count() >= RESOURCE_TYPES_MAX {
            return Err(ClusterError::Full { what: "resource types", max: RESOURCE_TYPES_MAX }.into());
        }
        if library.is_empty() {
            let allowed = "name the shared library that holds the type".to_owned();
            return Err(RequestError::Value { what: "library", value: "''".into(), allowed }.into());
        }
        let mut changes = self.changes();
        let path = layout::type_path(&name)?;
        changes.create_key(&path)?;
        let shown_as = if display_name.is_empty() { name.as_str() } else { display_name };
        changes.set_value(&path, layout::DISPLAY_NAME, Value::Sz(shown_as.to_owned()))?;
        changes.set_value(&path, layout::DLL_NAME, Value::Sz(library.to_owned()))?;
        for (value, interval_ms) in
            [(layout::LOOKS_ALIVE_INTERVAL, looks_alive_ms), (layout::IS_ALIVE_INTERVAL, is_alive_ms)]
        {
            let spec = mainstay_types::property::RESOURCE_TYPE.find(value);
            match interval_ms {
                // The default.
                0 | u32::MAX => {}
                given if spec.is_some_and(|spec| spec.range.contains(given)) => {
                    changes.set_value(&path, value, Value::Dword(given))?;
                }
                given => {
                    let allowed = "0 takes the default, else it is at least 10 ms".to_owned();
                    return Err(RequestError::Value { what: value, value: given.to_string(), allowed }.into());
                }
            }
        }
        let mut change = change(changes);
        change.after.push(After::Publish(Box::new(type_added(&name))));
        Ok(change)
    }

    pub(super) fn delete_type(&self, name: &Name) -> Result<Change, Refusal> {
        let found = self.model.resource_type(name);
        let found = found.ok_or_else(|| ClusterError::TypeNotFound { name: name.to_string() })?;
        if found.library.is_none() && (built_in(name).is_some() || self.is_offered(name)) {
            return Err(ClusterError::BuiltInType { name: found.name.to_string() }.into());
        }
        let count = self.model.instances(name).count();
        if count > 0 {
            let (what, name) = ("resource type", found.name.to_string());
            return Err(ClusterError::NotEmpty { what, name, count }.into());
        }
        let mut changes = self.changes();
        changes.delete_tree(&layout::type_path(name)?)?;
        let mut change = change(changes);
        let event = Event {
            kind: EventKind::ResourceTypeDeleted,
            object: ObjectId::ResourceType(found.name.clone()),
            object_id: String::new(),
            parent_id: String::new(),
            name: found.name.to_string(),
            type_name: String::new(),
            buffer: utf16(found.name.as_str()),
        };
        change.after.push(After::Publish(Box::new(event)));
        Ok(change)
    }

    pub(super) fn rename_cluster(&self, name: &str) -> Result<Change, Refusal> {
        let name = parse_name("cluster name", name)?;
        let mut changes = self.changes();
        changes.set_value(&KeyPath::root(), layout::CLUSTER_NAME, Value::Sz(name.to_string()))?;
        let mut change = change(changes);
        let event = Event {
            kind: EventKind::ClusterRenamed,
            object: ObjectId::Cluster,
            object_id: String::new(),
            parent_id: String::new(),
            name: name.to_string(),
            type_name: String::new(),
            buffer: utf16(name.as_str()),
        };
        change.after.push(After::Publish(Box::new(event)));
        Ok(change)
    }

    /// Adds a possible owner, or removes one.
    pub(super) fn change_owner(&self, id: ResourceId, node: NodeId, add: bool) -> Result<Change, Refusal> {
        let gone = || ClusterError::ResourceGone { id: id.to_string() };
        let resource = self.model.resource(id).ok_or_else(gone)?;
        let found = self.model.node(node).ok_or_else(|| ClusterError::NodeGone { id: node.to_string() })?;
        let (name, node_name) = (resource.name.to_string(), found.name.to_string());
        let mut owners: BTreeSet<NodeId> =
            self.model.nodes().map(|node| node.id).filter(|node| resource.may_run_on(*node)).collect();
        if add && !owners.insert(node) {
            return Err(ClusterError::OwnerExists { name, node: node_name }.into());
        }
        if !add && !owners.remove(&node) {
            return Err(ClusterError::OwnerNotFound { name, node: node_name }.into());
        }
        self.check_owner_stays(id, &owners)?;
        let path = layout::resource_path(id)?;
        let texts: Vec<String> = owners.iter().map(NodeId::to_string).collect();
        let buffer = multi_string(&texts);
        let mut changes = self.changes();
        if owners.len() == self.model.nodes().count() {
            changes.delete_value(&path, layout::POSSIBLE_OWNERS)?;
        } else {
            changes.set_value(&path, layout::POSSIBLE_OWNERS, Value::MultiSz(texts))?;
        }
        let mut change = change(changes);
        change.claims.push(id);
        change.after.extend(self.resource_event(EventKind::ResourcePossibleOwners, id, buffer));
        Ok(change)
    }

    /// What runs on the node that owns its group may not be forbidden there: it would be where it must not be (5023).
    pub(super) fn check_owner_stays(&self, id: ResourceId, owners: &BTreeSet<NodeId>) -> Result<(), Refusal> {
        let gone = || ClusterError::ResourceGone { id: id.to_string() };
        let resource = self.model.resource(id).ok_or_else(gone)?;
        let live = self.live.get(&id).ok_or_else(gone)?;
        if !live.has_to_stop() || owners.contains(&self.owner_node(resource.group)) {
            return Ok(());
        }
        let way_out = "it runs on the node; take it offline first".into();
        Err(ClusterError::State { name: resource.name.to_string(), state: live.state, way_out }.into())
    }

    /// An event of a resource that stays.
    pub(super) fn resource_event(&self, kind: EventKind, id: ResourceId, buffer: Vec<u8>) -> Option<After> {
        let resource = self.model.resource(id)?;
        Some(After::Publish(Box::new(Event {
            kind,
            object: ObjectId::Resource(id),
            object_id: id.to_string(),
            parent_id: resource.group.to_string(),
            name: resource.name.to_string(),
            type_name: resource.type_name.to_string(),
            buffer,
        })))
    }

    pub(crate) fn changes(&self) -> Changes<'_> {
        Changes::new(self.model.tree(), self.now.unix_ms)
    }

    fn check_group_name(&self, name: &Name, own: Option<GroupId>) -> Result<(), Refusal> {
        match self.model.find_group(name.as_str()).filter(|found| Some(*found) != own) {
            Some(_) => Err(ClusterError::NameTaken { what: "group", name: name.to_string() }.into()),
            None => Ok(()),
        }
    }

    fn check_resource_name(&self, name: &Name, own: Option<ResourceId>) -> Result<(), Refusal> {
        match self.model.find_resource(name.as_str()).filter(|found| Some(*found) != own) {
            Some(_) => Err(ClusterError::NameTaken { what: "resource", name: name.to_string() }.into()),
            None => Ok(()),
        }
    }
}

/// A batch of registry changes as the beginning of a change.
pub(crate) fn change(changes: Changes<'_>) -> Change {
    let (compares, ops) = changes.into_parts();
    Change { compares, ops, ..Change::default() }
}

pub(crate) fn name_property(name: &Name) -> Vec<u8> {
    let list =
        mainstay_proplist::PropertyList::new().with("Name", mainstay_proplist::Value::Sz(name.to_string()));
    list.to_bytes().unwrap_or_default()
}

pub(crate) fn parse_name(what: &'static str, name: &str) -> Result<Name, Refusal> {
    Name::parse(name)
        .map_err(|error| RequestError::Name { what, name: shown(name), reason: error.to_string() }.into())
}
