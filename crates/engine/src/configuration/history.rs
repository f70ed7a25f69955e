//! What a change of the configuration was, and taking it back.
//!
//! A change is taken back only while everything that it wrote still stands as it wrote it. What it takes back is
//! checked as any other change.

use std::collections::BTreeMap;
use std::str::FromStr;

use mainstay_store::Op;
use mainstay_store::registry::{DifferentPart, Key, KeyPath, Value, fold};
use mainstay_types::configuration::{RegistryChange, Setting, TypedSetting, is_secret};
use mainstay_types::{GroupId, GroupSetId, ObjectId, OperationId, ResourceId};

use super::Change;
use super::document::{from_values, setting};
use super::values::describe_kind;
use crate::Engine;
use crate::command::Presence;
use crate::error::{ClusterError, Refusal, shown};
use crate::model::expression::{Expression, Named};
use crate::model::layout;

/// The largest value that a history keeps, in bytes: longer than anything that somebody types.
const VALUE_KEPT_MAX: usize = 4 * 1024;
/// The bytes of all values of one change that are kept. The record lies beside what it tells of in one transaction.
const VALUES_KEPT_MAX: usize = 64 * 1024;
/// The changes of one record: more than one object can have at once.
const CHANGES_KEPT_MAX: usize = 1_024;
/// How deep in the registry the keys of objects are.
const OBJECT_DEPTH: usize = 2;

/// Where deletions are found.
const SHOWS_DELETIONS: &str = "'mainstay history' shows it";

/// Values by name.
type Values = BTreeMap<String, Value>;

impl Engine {
    /// What operations change in the registry, as a record keeps it.
    pub(super) fn recorded_changes(&self, ops: &[Op]) -> Vec<RegistryChange> {
        // What is to be committed is built from the model; it can be read.
        let differences = self.model.tree().differences(ops).unwrap_or_default();
        let mut kept = 0;
        let mut keep = |name: &str, value: Value| {
            let bytes = value.wire_len();
            if is_secret(name) || bytes > VALUE_KEPT_MAX || kept + bytes > VALUES_KEPT_MAX {
                return Setting::Typed(TypedSetting::Cut(bytes as u64));
            }
            kept += bytes;
            setting(&value)
        };
        let recorded = differences.into_iter().take(CHANGES_KEPT_MAX).map(|difference| {
            let (value, before, after) = match difference.part {
                DifferentPart::KeyCreated { name } => (None, None, Some(Setting::Text(name))),
                DifferentPart::KeyDeleted { name } => (None, Some(Setting::Text(name)), None),
                DifferentPart::Value { name, before, after } => {
                    let before = before.map(|value| keep(&name, value));
                    let after = after.map(|value| keep(&name, value));
                    (Some(name), before, after)
                }
            };
            RegistryChange { path: difference.path, value, before, after }
        });
        recorded.collect()
    }

    /// Takes back what an operation changed. `name` is what the object was called then.
    pub(super) fn undo(
        &self,
        operation: OperationId,
        id: &ObjectId,
        name: &str,
        changes: &[RegistryChange],
    ) -> Result<Change, Refusal> {
        let own = fold(&self.object_path(id)?.to_string());
        let refuse = |reason: String| -> Refusal { ClusterError::NotUndone { operation, reason }.into() };
        let is_own = |change: &&RegistryChange| change.path == own || under(&own, &change.path).is_some();
        // Keys above are made on the way and stay.
        let is_above =
            |change: &&RegistryChange| change.value.is_none() && under(&change.path, &own).is_some();
        if changes.is_empty() || changes.len() >= CHANGES_KEPT_MAX {
            return Err(refuse("its record does not say what it changed".into()));
        }
        if changes.iter().any(|change| !is_own(&change) && !is_above(&change)) {
            return Err(refuse("it changed more than one object; apply an earlier export instead".into()));
        }
        let changes: Vec<&RegistryChange> = changes.iter().filter(is_own).collect();
        let is_key = |change: &&&RegistryChange| change.path == own && change.value.is_none();
        let was_deleted = changes.iter().find(is_key).is_some_and(|gone| gone.after.is_none());
        if self.check_object(id).is_err() && !was_deleted {
            let (what, name) = (describe_kind(id), shown(name));
            let reason =
                format!("{what} '{name}' is no longer there; undo its deletion first, {SHOWS_DELETIONS}");
            return Err(refuse(reason));
        }
        self.check_stands(operation, id, &changes)?;
        if changes.iter().find(is_key).is_some_and(|made| made.after.is_some()) {
            return match id {
                ObjectId::Cluster | ObjectId::Node(_) => Err(refuse("it made the cluster".into())),
                ObjectId::Network(_) | ObjectId::NetworkInterface(_) => {
                    Err(refuse("networks and their interfaces are found, not made".into()))
                }
                _ => self.delete_object(id),
            };
        }
        if let (
            ObjectId::Cluster,
            [RegistryChange { value: Some(name), before: Some(Setting::Text(text)), .. }],
        ) = (id, changes.as_slice())
            && fold(name) == fold(layout::CLUSTER_NAME)
        {
            return self.rename_cluster(text);
        }
        let (mut values, mut parameters) = self.current_values(id)?;
        for change in &changes {
            let Some(name) = &change.value else { continue };
            let section = match under(&own, &change.path) {
                None => &mut values,
                Some(below) if below == fold(layout::PARAMETERS) => &mut parameters,
                Some(_) => return Err(refuse("it changed keys that no property is in".into())),
            };
            section.retain(|known, _| fold(known) != fold(name));
            if let Some(before) = &change.before {
                let value = value_of(before).ok_or_else(|| {
                    refuse(format!(
                        "what '{name}' was before is not kept: {}; set it by hand",
                        not_kept(name)
                    ))
                })?;
                section.insert(name.clone(), value);
            }
        }
        if let Some(what) = self.gone_from(&values) {
            let reason =
                format!("{what} is no longer there; undo the deletion of that first, {SHOWS_DELETIONS}");
            return Err(refuse(reason));
        }
        let wanted = from_values(&self.model, id, &values, &parameters);
        let change = self.configure(id, &wanted, Presence::Either, None)?;
        if change.ops.is_empty() {
            return Err(refuse("what it changed is no configuration, or is so already".into()));
        }
        Ok(change)
    }

    /// What these values of an object name by its id and what is not there.
    fn gone_from(&self, values: &Values) -> Option<&'static str> {
        let model = &self.model;
        let text = |name: &str| {
            let found = values.iter().find(|(known, _)| fold(known) == fold(name));
            found.and_then(|(_, value)| value.as_str())
        };
        let group = |id: &GroupId| model.group(*id).is_some();
        let set = |id: &GroupSetId| model.group_set(*id).is_some();
        let resource = |id: &ResourceId| model.resource(*id).is_some();
        let rows = [
            (is_gone(text(layout::GROUP), group), "the group that it was in"),
            (is_gone(text(layout::GROUP_SET), set), "the group set that it was in"),
            (names_gone(text(layout::DEPENDS_ON), resource), "a resource that it needed"),
            (names_gone(text(layout::PROVIDER_GROUPS), group), "a group that it started after"),
            (names_gone(text(layout::PROVIDER_GROUP_SETS), set), "a group set that it started after"),
        ];
        rows.into_iter().find_map(|(is_gone, what)| is_gone.then_some(what))
    }

    /// Refuses what a later change stands against.
    fn check_stands(
        &self,
        operation: OperationId,
        id: &ObjectId,
        changes: &[&RegistryChange],
    ) -> Result<(), Refusal> {
        let object = self.describe(id);
        let refuse = |reason: String| -> Refusal { ClusterError::NotUndone { operation, reason }.into() };
        for change in changes {
            let path = KeyPath::parse(&change.path)?;
            let key = self.model.tree().key(&path);
            let (what, stands) = match &change.value {
                None => ("the object itself".to_owned(), key.is_some() == change.after.is_some()),
                Some(name) => {
                    let now = key.and_then(|key| key.value(name)).map(|entry| &entry.value);
                    let stands = match (&change.after, now) {
                        // Of another length, it is another value for certain.
                        (Some(Setting::Typed(TypedSetting::Cut(bytes))), Some(now))
                            if now.wire_len() as u64 == *bytes =>
                        {
                            return Err(refuse(format!(
                                "whether '{name}' of {object} is as it left it nobody can tell, since what it set is not \
                                 kept: {}; set it by hand",
                                not_kept(name)
                            )));
                        }
                        (after, now) => now.map(setting) == *after,
                    };
                    (format!("'{name}'"), stands)
                }
            };
            // A key that was created for its values stays when those are gone.
            let is_subkey = change.value.is_none() && path.depth() > OBJECT_DEPTH;
            if !stands && !is_subkey {
                let reason = format!(
                    "{what} of {object} is not as it left it; a later change stands against it, see 'mainstay history'"
                );
                return Err(refuse(reason));
            }
        }
        Ok(())
    }

    fn current_values(&self, id: &ObjectId) -> Result<(Values, Values), Refusal> {
        let path = self.object_path(id)?;
        let values = |path: &KeyPath| -> Values {
            let key = self.model.tree().key(path);
            let entries = key.into_iter().flat_map(Key::values);
            entries.map(|entry| (entry.name.clone(), entry.value.clone())).collect()
        };
        Ok((values(&path), values(&path.join(layout::PARAMETERS)?)))
    }
}

/// Whether what is stored is the id of something that is not there.
fn is_gone<I: FromStr>(stored: Option<&str>, is_there: impl Fn(&I) -> bool) -> bool {
    stored.and_then(|text| text.parse().ok()).is_some_and(|id| !is_there(&id))
}

/// The same of an expression of ids.
fn names_gone<I: Named + FromStr>(stored: Option<&str>, is_there: impl Fn(&I) -> bool) -> bool {
    let expression = stored.and_then(|text| Expression::parse(text, |id| id.parse::<I>().ok()).ok());
    expression.is_some_and(|found| found.providers().any(|id| !is_there(&id)))
}

/// The name that an object had which these changes have deleted.
pub(super) fn name_before(changes: &[RegistryChange]) -> Option<&str> {
    let is_own = |path: &str| KeyPath::parse(path).is_ok_and(|path| path.depth() == OBJECT_DEPTH);
    changes.iter().find_map(|change| match (&change.value, &change.before) {
        (Some(value), Some(Setting::Text(name)))
            if fold(value) == fold(layout::NAME) && is_own(&change.path) =>
        {
            Some(name.as_str())
        }
        _ => None,
    })
}

/// Why a value is in no history.
fn not_kept(name: &str) -> String {
    match is_secret(name) {
        true => "it is a secret".into(),
        false => format!(
            "it is too long; {VALUE_KEPT_MAX} bytes are kept of a value, {VALUES_KEPT_MAX} of all of a change"
        ),
    }
}

/// What of a folded path is below another; `None` where it is not below.
fn under<'a>(above: &str, path: &'a str) -> Option<&'a str> {
    if above.is_empty() {
        return Some(path).filter(|path| !path.is_empty());
    }
    path.strip_prefix(above)?.strip_prefix('\\')
}

/// A setting as the registry has it; `None` for what was not kept.
fn value_of(setting: &Setting) -> Option<Value> {
    Some(match setting {
        Setting::Number(number) => Value::Dword(*number),
        Setting::Text(text) => Value::Sz(text.clone()),
        Setting::List(texts) => Value::MultiSz(texts.clone()),
        Setting::Typed(TypedSetting::Expand(text)) => Value::ExpandSz(text.clone()),
        Setting::Typed(TypedSetting::Qword(digits)) => Value::Qword(digits.parse().ok()?),
        Setting::Typed(TypedSetting::Binary(digits)) => Value::Binary(super::configure::bytes_of(digits)?),
        Setting::Typed(TypedSetting::Cut(_)) => return None,
    })
}
