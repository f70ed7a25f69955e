//! A group's place in the order: the set that it is in, and what it names itself.
//!
//! Every change of it is one write of the group's key, checked as a whole.

use mainstay_store::registry::{Changes, KeyPath, Value};
use mainstay_types::command_line::CommandLine;
use mainstay_types::configuration::ConfiguredObject;
use mainstay_types::event::{Event, EventKind};
use mainstay_types::{GroupId, GroupSetId, ObjectId};

use super::OrderError;
use super::order::{Circle, Proposed, Provider, Tie, circle};
use crate::Engine;
use crate::configuration::change::change;
use crate::configuration::{After, Change};
use crate::error::{ClusterError, Refusal, RequestError, shown};
use crate::events::{multi_string, utf16};
use crate::limits::{NAMES_SHOWN_MAX, PROVIDERS_MAX};
use crate::model::expression::{Expression, ExpressionError, Named};
use crate::model::layout;
use crate::model::objects::Group;

/// See [`Group::set`] and what follows it there.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Place {
    pub(crate) set: Option<GroupSetId>,
    pub(crate) depends_on: Expression<GroupId>,
    pub(crate) depends_on_sets: Expression<GroupSetId>,
}

impl Place {
    pub(crate) fn of(group: &Group) -> Self {
        Place {
            set: group.set,
            depends_on: group.depends_on.clone(),
            depends_on_sets: group.depends_on_sets.clone(),
        }
    }
}

impl Engine {
    pub(super) fn join_group_set(
        &self,
        group: GroupId,
        set: GroupSetId,
        moves: bool,
    ) -> Result<Change, Refusal> {
        let found = self.group_in_order(group)?;
        self.group_set_in_order(set)?;
        match found.set {
            Some(current) if current == set || !moves => {
                let (group, set) = (found.name.to_string(), self.plain_name(&ObjectId::GroupSet(current)));
                Err(OrderError::InSet { group, set }.into())
            }
            _ => self.place_group(group, &Place { set: Some(set), ..Place::of(found) }),
        }
    }

    pub(super) fn leave_group_set(&self, group: GroupId) -> Result<Change, Refusal> {
        let found = self.group_in_order(group)?;
        if found.set.is_none() {
            return Err(OrderError::InNoSet { group: found.name.to_string() }.into());
        }
        self.place_group(group, &Place { set: None, ..Place::of(found) })
    }

    pub(super) fn add_provider_group(&self, group: GroupId, provider: GroupId) -> Result<Change, Refusal> {
        let found = self.group_in_order(group)?;
        self.group_in_order(provider)?;
        let (own, other) = (ObjectId::Group(group), ObjectId::Group(provider));
        let depends_on = self.with_provider(&own, &found.depends_on, provider, &other)?;
        self.place_group(group, &Place { depends_on, ..Place::of(found) })
    }

    pub(super) fn remove_provider_group(&self, group: GroupId, provider: GroupId) -> Result<Change, Refusal> {
        let found = self.group_in_order(group)?;
        let (own, other) = (ObjectId::Group(group), ObjectId::Group(provider));
        let depends_on = self.without_provider(&own, &found.depends_on, provider, &other)?;
        self.place_group(group, &Place { depends_on, ..Place::of(found) })
    }

    pub(super) fn set_provider_groups(&self, group: GroupId, text: &str) -> Result<Change, Refusal> {
        let found = self.group_in_order(group)?;
        let own = ObjectId::Group(group);
        let depends_on = self.read_order(&self.describe(&own), text, |name| self.model.find_group(name))?;
        self.place_group(group, &Place { depends_on, ..Place::of(found) })
    }

    pub(super) fn add_provider_set(&self, group: GroupId, provider: GroupSetId) -> Result<Change, Refusal> {
        let found = self.group_in_order(group)?;
        self.group_set_in_order(provider)?;
        let (own, other) = (ObjectId::Group(group), ObjectId::GroupSet(provider));
        let depends_on_sets = self.with_provider(&own, &found.depends_on_sets, provider, &other)?;
        self.place_group(group, &Place { depends_on_sets, ..Place::of(found) })
    }

    pub(super) fn remove_provider_set(
        &self,
        group: GroupId,
        provider: GroupSetId,
    ) -> Result<Change, Refusal> {
        let found = self.group_in_order(group)?;
        let (own, other) = (ObjectId::Group(group), ObjectId::GroupSet(provider));
        let depends_on_sets = self.without_provider(&own, &found.depends_on_sets, provider, &other)?;
        self.place_group(group, &Place { depends_on_sets, ..Place::of(found) })
    }

    fn place_group(&self, group: GroupId, place: &Place) -> Result<Change, Refusal> {
        let name = self.plain_name(&ObjectId::Group(group));
        self.check_place(group, &name, place)?;
        let mut changes = self.changes();
        self.write_place(&mut changes, &layout::group_path(group)?, place)?;
        let mut change = change(changes);
        change.after = self.after_placing(group, &name, place);
        Ok(change)
    }

    /// Whether a group may have this place. It need not be there yet.
    pub(crate) fn check_place(&self, id: GroupId, name: &str, place: &Place) -> Result<(), Refusal> {
        if let Some(set) = place.set
            && place.depends_on_sets.contains(set)
        {
            let (group, set) = (name.to_owned(), self.plain_name(&ObjectId::GroupSet(set)));
            return Err(OrderError::OwnSet { group, set }.into());
        }
        match circle(&self.model, &Proposed::Group(id, place)) {
            None => Ok(()),
            Some(circle) => Err(self.closes_circle(format!("group '{name}'"), &circle)),
        }
    }

    pub(super) fn closes_circle(&self, name: String, circle: &Circle) -> Refusal {
        let through = circle.through.map(|provider| self.describe(&provider.object()));
        let through = through.unwrap_or_else(|| "itself".to_owned());
        let ends: Vec<String> =
            circle.closed_by.iter().take(NAMES_SHOWN_MAX).map(|tie| self.ends_tie(tie).to_string()).collect();
        let more = match circle.closed_by.len().saturating_sub(ends.len()) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let way_out = match ends.as_slice() {
            [] => "leave that out".to_owned(),
            ends => format!("end what closes the circle first with: {}{more}", ends.join(" and: ")),
        };
        OrderError::Circle { name, through, way_out }.into()
    }

    /// What ends that one comes after another.
    pub(super) fn ends_tie(&self, tie: &Tie) -> CommandLine {
        let (last, first) = (self.plain_name(&tie.of.object()), self.plain_name(&tie.first.object()));
        let line = match (tie.of, tie.first) {
            // A set comes after its groups.
            (Provider::Set(_), Provider::Group(_)) => CommandLine::new("groupset remove"),
            (Provider::Set(_), Provider::Set(_)) => CommandLine::new("groupset undepend"),
            (Provider::Group(_), Provider::Group(_)) => CommandLine::new("group undepend"),
            (Provider::Group(_), Provider::Set(_)) => CommandLine::new("group undepend").option("--set"),
        };
        line.name(last).name(first)
    }

    /// Writes a group's place. What it names has to be there still when it is committed.
    pub(crate) fn write_place(
        &self,
        changes: &mut Changes<'_>,
        path: &KeyPath,
        place: &Place,
    ) -> Result<(), Refusal> {
        for group in place.depends_on.providers() {
            changes.create_key(&layout::group_path(group)?)?;
        }
        for set in place.depends_on_sets.providers().chain(place.set) {
            changes.create_key(&layout::group_set_path(set)?)?;
        }
        match place.set {
            Some(set) => changes.set_value(path, layout::GROUP_SET, Value::Sz(set.to_string()))?,
            None => drop(changes.delete_value(path, layout::GROUP_SET)?),
        }
        write_order(changes, path, layout::PROVIDER_GROUPS, &place.depends_on)?;
        write_order(changes, path, layout::PROVIDER_GROUP_SETS, &place.depends_on_sets)
    }

    /// What watchers are told of a group's new place, and whoever waits. For the dependencies of a group no
    /// notification is documented: it is one of its common properties, without a property.
    pub(crate) fn after_placing(&self, id: GroupId, name: &str, place: &Place) -> Vec<After> {
        let before = self.model.group(id).map(Place::of).unwrap_or_default();
        let mut after = Vec::new();
        if before.set != place.set {
            let buffer = utf16(&id.to_string());
            let left = before.set.map(|set| (EventKind::GroupSetGroupRemoved, set));
            let joined = place.set.map(|set| (EventKind::GroupSetGroupAdded, set));
            for (kind, set) in left.into_iter().chain(joined) {
                after.push(self.group_set_event(kind, set, buffer.clone()));
            }
        }
        if (&before.depends_on, &before.depends_on_sets) != (&place.depends_on, &place.depends_on_sets) {
            after.push(After::Publish(Box::new(Event {
                kind: EventKind::GroupCommonProperty,
                object: ObjectId::Group(id),
                object_id: id.to_string(),
                parent_id: self.owner_node(id).to_string(),
                name: name.to_owned(),
                type_name: String::new(),
                buffer: mainstay_proplist::PropertyList::new().to_bytes().unwrap_or_default(),
            })));
        }
        let own = ObjectId::Group(id);
        after.extend(self.dependents_events(&own, &before.depends_on_sets, &place.depends_on_sets));
        after.push(After::Ordered);
        after
    }

    /// Tells watchers of sets that others depend on them now, or do no longer.
    pub(super) fn dependents_events(
        &self,
        dependent: &ObjectId,
        before: &Expression<GroupSetId>,
        now: &Expression<GroupSetId>,
    ) -> Vec<After> {
        let changed = before.providers().filter(|set| !now.contains(*set));
        let changed = changed.chain(now.providers().filter(|set| !before.contains(*set)));
        let event = |set: GroupSetId| {
            let mut dependents = self.dependents_of_set(set);
            dependents.retain(|known| known != dependent);
            dependents.extend(now.contains(set).then(|| dependent.clone()));
            let ids: Vec<String> = dependents.iter().map(|object| self.id_of(object)).collect();
            self.group_set_event(EventKind::GroupSetDependents, set, multi_string(&ids))
        };
        changed.map(event).collect()
    }

    /// Writes what a document says about the order of a group or of a group set, and answers who is told.
    pub(crate) fn write_wanted_order(
        &self,
        changes: &mut Changes<'_>,
        object: &ObjectId,
        path: &KeyPath,
        wanted: &ConfiguredObject,
    ) -> Result<Vec<After>, Refusal> {
        let name = shown(&wanted.name);
        match object {
            ObjectId::Group(id) => {
                let described = format!("group '{name}'");
                let find_set = |name: &str| self.model.find_group_set(name);
                let find_group = |name: &str| self.model.find_group(name);
                let set = wanted.group_set.as_deref().map(|set| {
                    find_set(set).ok_or_else(|| Refusal::from(OrderError::SetGone { id: shown(set) }))
                });
                let place = Place {
                    set: set.transpose()?,
                    depends_on: self.read_order(&described, &wanted.depends_on, find_group)?,
                    depends_on_sets: self.read_order(&described, &wanted.depends_on_sets, find_set)?,
                };
                self.check_place(*id, &name, &place)?;
                self.write_place(changes, path, &place)?;
                Ok(self.after_placing(*id, &name, &place))
            }
            ObjectId::GroupSet(id) => {
                let described = format!("group set '{name}'");
                let find = |name: &str| self.model.find_group_set(name);
                let expression = self.read_order(&described, &wanted.depends_on, find)?;
                self.check_set_order(*id, &name, &expression)?;
                self.write_set_order(changes, path, &expression)?;
                Ok(self.after_ordering_set(*id, &name, &expression))
            }
            _ => {
                let value = described_order(wanted);
                let allowed = "only groups and group sets have them".to_owned();
                Err(RequestError::Value { what: "group set or dependency on one", value, allowed }.into())
            }
        }
    }

    /// Reads an expression of what is to come first.
    pub(crate) fn read_order<I: Named>(
        &self,
        described: &str,
        text: &str,
        resolve: impl Fn(&str) -> Option<I>,
    ) -> Result<Expression<I>, Refusal> {
        let name = || described.to_owned();
        Expression::parse(text, resolve).map_err(|error| match error {
            ExpressionError::Twice(provider) => OrderError::NamedTwice { name: name(), provider }.into(),
            ExpressionError::TooMany => OrderError::TooMany { name: name(), max: PROVIDERS_MAX }.into(),
            other => RequestError::Expression(other.to_string()).into(),
        })
    }

    pub(super) fn with_provider<I: Named>(
        &self,
        own: &ObjectId,
        expression: &Expression<I>,
        provider: I,
        described: &ObjectId,
    ) -> Result<Expression<I>, Refusal> {
        let (name, other) = (self.describe(own), self.describe(described));
        if expression.contains(provider) {
            return Err(OrderError::DependencyExists { name, provider: other }.into());
        }
        if expression.providers().count() >= PROVIDERS_MAX {
            return Err(OrderError::TooMany { name, max: PROVIDERS_MAX }.into());
        }
        Ok(expression.with(provider))
    }

    pub(super) fn without_provider<I: Named>(
        &self,
        own: &ObjectId,
        expression: &Expression<I>,
        provider: I,
        described: &ObjectId,
    ) -> Result<Expression<I>, Refusal> {
        if !expression.contains(provider) {
            let (name, provider) = (self.describe(own), self.describe(described));
            return Err(OrderError::DependencyNotFound { name, provider }.into());
        }
        Ok(expression.without(provider))
    }

    fn group_in_order(&self, id: GroupId) -> Result<&Group, Refusal> {
        self.model.group(id).ok_or_else(|| ClusterError::GroupGone { id: id.to_string() }.into())
    }

    /// Refuses to delete a group that others name.
    pub(crate) fn check_no_dependent_group(&self, id: GroupId) -> Result<(), Refusal> {
        match self.model.groups().find(|other| other.depends_on.contains(id)) {
            None => Ok(()),
            Some(other) => {
                let way_out = CommandLine::new("group undepend").name(other.name.as_str());
                let way_out = way_out.name(self.plain_name(&ObjectId::Group(id)));
                let (name, dependent) =
                    (self.describe(&ObjectId::Group(id)), format!("group '{}'", other.name));
                Err(OrderError::DependentExists { name, dependent, way_out }.into())
            }
        }
    }
}

impl Provider {
    /// As an object.
    pub(crate) fn object(self) -> ObjectId {
        match self {
            Provider::Group(id) => ObjectId::Group(id),
            Provider::Set(id) => ObjectId::GroupSet(id),
        }
    }
}

fn described_order(wanted: &ConfiguredObject) -> String {
    format!("of {} '{}'", wanted.kind, shown(&wanted.name))
}

pub(super) fn write_order<I: Named>(
    changes: &mut Changes<'_>,
    path: &KeyPath,
    value: &str,
    expression: &Expression<I>,
) -> Result<(), Refusal> {
    match expression.is_empty() {
        true => drop(changes.delete_value(path, value)?),
        false => changes.set_value(path, value, Value::Sz(expression.to_string()))?,
    }
    Ok(())
}
