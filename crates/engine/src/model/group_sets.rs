//! Group sets as the engine reads them from the registry, with who is in them.
//!
//! Plain data. What a set means for a start is [`crate::group_set`]'s.

use std::collections::{BTreeMap, BTreeSet};

use mainstay_store::registry::Key;
use mainstay_types::name::fold;
use mainstay_types::{GroupId, GroupSetId, Name};

use super::expression::Expression;
use super::layout;
use super::objects::{Group, dword, expression, name};
use crate::error::DatabaseError;

/// A set of groups that others may start after.
#[derive(Clone, PartialEq, Debug)]
pub struct GroupSet {
    /// Its id.
    pub id: GroupSetId,
    /// Its name.
    pub name: Name,
    /// The sets that its groups start after.
    pub depends_on: Expression<GroupSetId>,
    /// When it counts as started.
    pub startup: Startup,
    /// IsGlobal: whether every group that is in no such set starts after it.
    pub is_global: bool,
    /// Its groups.
    pub members: BTreeSet<GroupId>,
}

/// When a group set counts as started: StartupSetting, StartupCount and StartupDelay.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Startup {
    /// What has to be true of how many.
    pub trigger: Trigger,
    /// StartupCount as it is set; see [`Startup::needed`].
    pub count: u32,
    /// StartupDelay, in seconds.
    pub delay_s: u32,
}

/// StartupSetting.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Trigger {
    /// 0: its groups have begun to start, and StartupDelay has passed since.
    #[default]
    Delay,
    /// 1: its groups are online.
    Online,
}

/// StartupCount: every group of the set.
pub(crate) const ALL: u32 = u32::MAX;
/// StartupCount: more than half of the set's groups.
pub(crate) const MAJORITY: u32 = 0;

impl Default for Startup {
    fn default() -> Self {
        Startup { trigger: Trigger::default(), count: ALL, delay_s: 20 }
    }
}

impl Startup {
    fn read(key: &Key) -> Self {
        let default = Startup::default();
        Startup {
            trigger: match dword(key, "StartupSetting") {
                Some(1) => Trigger::Online,
                _ => Trigger::Delay,
            },
            count: dword(key, "StartupCount").unwrap_or(default.count),
            delay_s: dword(key, "StartupDelay").unwrap_or(default.delay_s),
        }
    }

    /// How many of a set's groups have to be started: never more than it has.
    pub fn needed(&self, groups: usize) -> usize {
        match self.count {
            ALL => groups,
            MAJORITY if groups == 0 => 0,
            MAJORITY => groups / 2 + 1,
            count => groups.min(usize::try_from(count).unwrap_or(usize::MAX)),
        }
    }
}

impl GroupSet {
    fn read(id: GroupSetId, key: &Key) -> Result<Self, DatabaseError> {
        let damaged = |reason: String| DatabaseError::Damaged { object: format!("group set {id}"), reason };
        Ok(GroupSet {
            id,
            name: name(key, layout::NAME, || format!("group set {id}"))?,
            depends_on: expression(key, layout::PROVIDER_GROUP_SETS, &damaged)?,
            startup: Startup::read(key),
            is_global: dword(key, "IsGlobal").is_some_and(|number| number != 0),
            members: BTreeSet::new(),
        })
    }
}

/// All group sets, and who is in them.
#[derive(Clone, Debug, Default)]
pub(super) struct GroupSets {
    sets: BTreeMap<GroupSetId, GroupSet>,
    names: BTreeMap<String, GroupSetId>,
    /// Also of a set that is read later.
    members: BTreeMap<GroupSetId, BTreeSet<GroupId>>,
    /// Groups that name others, or sets, themselves.
    dependents: BTreeSet<GroupId>,
}

impl GroupSets {
    pub(super) fn find(&self, id: GroupSetId) -> Option<&GroupSet> {
        self.sets.get(&id)
    }

    pub(super) fn find_text(&self, text: &str) -> Option<GroupSetId> {
        let by_name = || self.names.get(&fold(text)).copied();
        text.parse().ok().filter(|id| self.sets.contains_key(id)).or_else(by_name)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &GroupSet> {
        self.sets.values()
    }

    pub(super) fn orders_groups(&self) -> bool {
        !self.dependents.is_empty()
            || self.sets.values().any(|set| set.is_global || !set.depends_on.is_empty())
    }

    /// Reads one set anew, or forgets it where its key is gone.
    pub(super) fn read_again(&mut self, id: GroupSetId, key: Option<&Key>) -> Result<(), DatabaseError> {
        let read = key.map(|key| GroupSet::read(id, key)).transpose()?;
        if let Some(old) = self.sets.remove(&id) {
            self.names.remove(old.name.folded());
        }
        if let Some(mut read) = read {
            read.members = self.members.get(&id).cloned().unwrap_or_default();
            self.names.insert(read.name.folded().to_owned(), id);
            self.sets.insert(id, read);
        }
        Ok(())
    }

    /// A group was read.
    pub(super) fn note_group(&mut self, group: &Group) {
        if let Some(set) = group.set {
            self.members.entry(set).or_default().insert(group.id);
            if let Some(set) = self.sets.get_mut(&set) {
                set.members.insert(group.id);
            }
        }
        if !group.depends_on.is_empty() || !group.depends_on_sets.is_empty() {
            self.dependents.insert(group.id);
        }
    }

    /// A group is gone, or is read anew.
    pub(super) fn forget_group(&mut self, group: &Group) {
        self.dependents.remove(&group.id);
        let Some(set) = group.set else { return };
        if let Some(members) = self.members.get_mut(&set) {
            members.remove(&group.id);
            if members.is_empty() {
                self.members.remove(&set);
            }
        }
        if let Some(set) = self.sets.get_mut(&set) {
            set.members.remove(&group.id);
        }
    }

    /// What groups and sets name must be there.
    pub(super) fn check_references(&self, groups: &BTreeMap<GroupId, Group>) -> Result<(), DatabaseError> {
        let damaged = |object: String, missing: String| DatabaseError::Damaged {
            object,
            reason: format!("it names {missing}, which does not exist"),
        };
        for group in groups.values() {
            let object = || format!("group '{}' ({})", group.name, group.id);
            let mut sets = group.set.into_iter().chain(group.depends_on_sets.providers());
            if let Some(missing) = sets.find(|set| !self.sets.contains_key(set)) {
                return Err(damaged(object(), format!("group set {missing}")));
            }
            if let Some(missing) = group.depends_on.providers().find(|id| !groups.contains_key(id)) {
                return Err(damaged(object(), format!("group {missing}")));
            }
        }
        for set in self.sets.values() {
            if let Some(missing) = set.depends_on.providers().find(|id| !self.sets.contains_key(id)) {
                let object = format!("group set '{}' ({})", set.name, set.id);
                return Err(damaged(object, format!("group set {missing}")));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use mainstay_types::property::{DefaultValue, GROUP_SET};

    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_table() {
        let own = Startup::default();
        for (name, value) in [
            ("StartupSetting", own.trigger as u32),
            ("StartupCount", own.count),
            ("StartupDelay", own.delay_s),
            ("IsGlobal", 0),
        ] {
            assert_eq!(GROUP_SET.find(name).unwrap().default, DefaultValue::Dword(value), "{name}");
        }
        let timeout = mainstay_types::property::CLUSTER.find(layout::GROUP_DEPENDENCY_TIMEOUT).unwrap();
        let own = crate::limits::GROUP_DEPENDENCY_TIMEOUT_DEFAULT_S;
        assert_eq!(timeout.default, DefaultValue::Dword(own));
    }

    #[test]
    fn as_many_groups_have_to_be_started_as_the_count_says() {
        for (count, groups, needed) in [
            (ALL, 3, 3),
            (ALL, 0, 0),
            (MAJORITY, 0, 0),
            (MAJORITY, 1, 1),
            (MAJORITY, 2, 2),
            (MAJORITY, 3, 2),
            (MAJORITY, 4, 3),
            (1, 3, 1),
            (2, 3, 2),
            (5, 3, 3),
            (1, 0, 0),
        ] {
            let startup = Startup { count, ..Startup::default() };
            assert_eq!(startup.needed(groups), needed, "{count} of {groups}");
        }
    }
}
