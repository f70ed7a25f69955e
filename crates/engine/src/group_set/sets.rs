//! Group sets as objects: making and deleting them, and what a whole set starts after.

use mainstay_store::registry::{Changes, KeyPath, Value};
use mainstay_types::command_line::CommandLine;
use mainstay_types::event::{Event, EventKind};
use mainstay_types::{GroupSetId, ObjectId};

use super::OrderError;
use super::order::{Proposed, circle};
use super::place::write_order;
use crate::Engine;
use crate::configuration::change::{change, name_property, parse_name};
use crate::configuration::{After, Change};
use crate::error::{ClusterError, Refusal, shown};
use crate::events::utf16;
use crate::limits::GROUP_SETS_MAX;
use crate::model::expression::Expression;
use crate::model::group_sets::GroupSet;
use crate::model::layout;

impl Engine {
    /// No notification tells that a set was made; that its name is another than before, which was none, is told.
    pub(crate) fn create_group_set(&self, id: GroupSetId, name: &str) -> Result<Change, Refusal> {
        let name = parse_name("group set name", name)?;
        if self.model.group_sets().count() >= GROUP_SETS_MAX {
            return Err(ClusterError::Full { what: "group sets", max: GROUP_SETS_MAX }.into());
        }
        self.check_group_set_name(name.as_str(), None)?;
        let mut changes = self.changes();
        let path = layout::group_set_path(id)?;
        changes.create_key(&path)?;
        changes.set_value(&path, layout::NAME, Value::Sz(name.to_string()))?;
        let mut change = change(changes);
        let buffer = name_property(&name);
        change.after.push(set_event(EventKind::GroupSetCommonProperty, id, name.to_string(), buffer));
        Ok(change)
    }

    pub(crate) fn delete_group_set(&self, id: GroupSetId) -> Result<Change, Refusal> {
        let set = self.group_set_in_order(id)?;
        if let Some(group) = set.members.first() {
            let (name, group) = (set.name.to_string(), self.plain_name(&ObjectId::Group(*group)));
            return Err(OrderError::SetNotEmpty { name, group }.into());
        }
        let own = ObjectId::GroupSet(id);
        if let Some(dependent) = self.dependents_of_set(id).first() {
            let way_out = match dependent {
                ObjectId::GroupSet(_) => CommandLine::new("groupset undepend"),
                _ => CommandLine::new("group undepend").option("--set"),
            };
            let way_out = way_out.name(self.plain_name(dependent)).name(set.name.as_str());
            let (name, dependent) = (self.describe(&own), self.describe(dependent));
            return Err(OrderError::DependentExists { name, dependent, way_out }.into());
        }
        let mut changes = self.changes();
        changes.delete_tree(&layout::group_set_path(id)?)?;
        let mut change = change(changes);
        change.after = self.dependents_events(&own, &set.depends_on, &Expression::default());
        change.after.push(self.group_set_event(EventKind::GroupSetDeleted, id, utf16(&id.to_string())));
        change.after.push(After::Ordered);
        Ok(change)
    }

    pub(super) fn add_set_provider(&self, id: GroupSetId, provider: GroupSetId) -> Result<Change, Refusal> {
        let set = self.group_set_in_order(id)?;
        self.group_set_in_order(provider)?;
        let (own, other) = (ObjectId::GroupSet(id), ObjectId::GroupSet(provider));
        let expression = self.with_provider(&own, &set.depends_on, provider, &other)?;
        self.order_set(id, &expression)
    }

    pub(super) fn remove_set_provider(
        &self,
        id: GroupSetId,
        provider: GroupSetId,
    ) -> Result<Change, Refusal> {
        let set = self.group_set_in_order(id)?;
        let (own, other) = (ObjectId::GroupSet(id), ObjectId::GroupSet(provider));
        let expression = self.without_provider(&own, &set.depends_on, provider, &other)?;
        self.order_set(id, &expression)
    }

    pub(super) fn set_set_providers(&self, id: GroupSetId, text: &str) -> Result<Change, Refusal> {
        self.group_set_in_order(id)?;
        let described = self.describe(&ObjectId::GroupSet(id));
        let expression = self.read_order(&described, text, |name| self.model.find_group_set(name))?;
        self.order_set(id, &expression)
    }

    fn order_set(&self, id: GroupSetId, expression: &Expression<GroupSetId>) -> Result<Change, Refusal> {
        let name = self.plain_name(&ObjectId::GroupSet(id));
        self.check_set_order(id, &name, expression)?;
        let mut changes = self.changes();
        self.write_set_order(&mut changes, &layout::group_set_path(id)?, expression)?;
        let mut change = change(changes);
        change.after = self.after_ordering_set(id, &name, expression);
        Ok(change)
    }

    /// Whether a set may start after these. It need not be there yet.
    pub(crate) fn check_set_order(
        &self,
        id: GroupSetId,
        name: &str,
        expression: &Expression<GroupSetId>,
    ) -> Result<(), Refusal> {
        match circle(&self.model, &Proposed::Set(id, expression)) {
            None => Ok(()),
            Some(circle) => Err(self.closes_circle(format!("group set '{name}'"), &circle)),
        }
    }

    /// Writes what a set starts after, which has to be there still when it is committed.
    pub(crate) fn write_set_order(
        &self,
        changes: &mut Changes<'_>,
        path: &KeyPath,
        expression: &Expression<GroupSetId>,
    ) -> Result<(), Refusal> {
        for provider in expression.providers() {
            changes.create_key(&layout::group_set_path(provider)?)?;
        }
        write_order(changes, path, layout::PROVIDER_GROUP_SETS, expression)
    }

    /// What watchers are told of what a set starts after, and whoever waits.
    pub(crate) fn after_ordering_set(
        &self,
        id: GroupSetId,
        name: &str,
        expression: &Expression<GroupSetId>,
    ) -> Vec<After> {
        let before = self.model.group_set(id).map(|set| set.depends_on.clone()).unwrap_or_default();
        let text = utf16(&expression.to_string());
        let mut after = vec![set_event(EventKind::GroupSetDependencies, id, name.to_owned(), text)];
        after.extend(self.dependents_events(&ObjectId::GroupSet(id), &before, expression));
        after.push(After::Ordered);
        after
    }

    /// The groups and the sets that name a set.
    pub(crate) fn dependents_of_set(&self, id: GroupSetId) -> Vec<ObjectId> {
        let sets = self.model.group_sets().filter(|set| set.depends_on.contains(id));
        let groups = self.model.groups().filter(|group| group.depends_on_sets.contains(id));
        let sets = sets.map(|set| ObjectId::GroupSet(set.id));
        sets.chain(groups.map(|group| ObjectId::Group(group.id))).collect()
    }

    pub(super) fn group_set_in_order(&self, id: GroupSetId) -> Result<&GroupSet, Refusal> {
        self.model.group_set(id).ok_or_else(|| OrderError::SetGone { id: id.to_string() }.into())
    }

    /// Whether a set may have this name.
    pub(crate) fn check_group_set_name(&self, name: &str, own: Option<GroupSetId>) -> Result<(), Refusal> {
        match self.model.find_group_set(name).filter(|found| Some(*found) != own) {
            Some(_) => Err(ClusterError::NameTaken { what: "group set", name: shown(name) }.into()),
            None => Ok(()),
        }
    }

    /// An event of a group set that is there.
    pub(super) fn group_set_event(&self, kind: EventKind, id: GroupSetId, buffer: Vec<u8>) -> After {
        set_event(kind, id, self.plain_name(&ObjectId::GroupSet(id)), buffer)
    }
}

fn set_event(kind: EventKind, id: GroupSetId, name: String, buffer: Vec<u8>) -> After {
    After::Publish(Box::new(Event {
        kind,
        object: ObjectId::GroupSet(id),
        object_id: id.to_string(),
        parent_id: String::new(),
        name,
        type_name: String::new(),
        buffer,
    }))
}
