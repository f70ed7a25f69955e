//! What readers see of the order and of the waits, and what watchers are told of sets.

use std::collections::BTreeSet;

use mainstay_types::control::function;
use mainstay_types::event::{Event, EventKind};
use mainstay_types::glance::GroupSetGlance;
use mainstay_types::status_information::{GroupSetStatusInformation, GroupStatusInformation};
use mainstay_types::{GroupId, GroupSetId, GroupState, ObjectId, ResourceId};

use super::order::{By, Provider};
use super::started::{Lack, Unmet};
use crate::Engine;
use crate::effect::Effect;
use crate::model::group_sets::{ALL, GroupSet, MAJORITY, Startup, Trigger};

impl Engine {
    /// Ids that a code asks for: the groups of a set, what a group or a set starts after; `None` for another code, or
    /// another kind of object.
    pub(crate) fn order_ids(&self, object: &ObjectId, code: u32) -> Option<Vec<String>> {
        match object {
            ObjectId::Group(id) => {
                let group = self.model.group(*id)?;
                match code {
                    function::GET_PROVIDER_GROUPS => Some(texts(group.depends_on.providers())),
                    function::GET_PROVIDER_GROUP_SETS => Some(texts(group.depends_on_sets.providers())),
                    _ => None,
                }
            }
            ObjectId::GroupSet(id) => {
                let set = self.model.group_set(*id)?;
                match code {
                    function::GET_GROUPS => Some(texts(set.members.iter())),
                    function::GET_PROVIDER_GROUP_SETS_OF_SET | function::GET_PROVIDER_GROUP_SETS => {
                        Some(texts(set.depends_on.providers()))
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// What needs lack, in words: "group 'db', which is Offline".
    pub(crate) fn unmet_text(&self, unmet: &[Unmet]) -> String {
        let texts: Vec<String> = unmet.iter().map(|unmet| self.one_unmet_text(unmet)).collect();
        texts.join(", and for ")
    }

    fn one_unmet_text(&self, unmet: &Unmet) -> String {
        let lack = |(provider, lack): &(Provider, Lack)| {
            let text = self.lack_text(*provider, *lack);
            match self.no_place_beside(unmet.need.of, *provider) {
                Some((_, no_place)) => {
                    format!("{text}, and beside which there would be no place: {no_place}")
                }
                None => text,
            }
        };
        let lacks: Vec<String> = unmet.lacks.iter().map(lack).collect();
        let lacks = match lacks.as_slice() {
            [only] => only.clone(),
            several => format!("one of {}", several.join(" or ")),
        };
        match unmet.need.by {
            By::Itself => lacks,
            By::Set(set) => {
                let set = self.describe(&ObjectId::GroupSet(set));
                format!("{lacks}, since it is in {set}, which starts after that")
            }
            By::Global => format!("{lacks}, since that set is global"),
        }
    }

    fn lack_text(&self, provider: Provider, lack: Lack) -> String {
        let name = self.describe(&provider.object());
        match (provider, lack) {
            (Provider::Group(id), _) => format!("{name}, which is {}", self.group_state(id)),
            (_, Lack::NotOnline) => name,
            (_, Lack::Count { trigger, have, needed }) => {
                let what = match trigger {
                    Trigger::Online => "online",
                    Trigger::Delay => "begun",
                };
                format!("{name}, which has {have} of its groups {what} and needs {needed}")
            }
            (Provider::Set(id), Lack::Delay { .. }) => {
                let delay_s = self.model.group_set(id).map_or(0, |set| set.startup.delay_s);
                format!("{name}, whose StartupDelay of {delay_s} s is not over")
            }
        }
    }

    /// What a resource waits for whose start is held, in words.
    pub(crate) fn awaited_groups(&self, resource: ResourceId) -> Option<String> {
        let waits_for = self.group_waits_for(self.group_of(resource)?);
        (!waits_for.is_empty()).then_some(waits_for)
    }

    /// When the wait of a resource for other groups ends at the latest, in milliseconds of Unix time.
    pub(crate) fn group_wait_limit(&self, resource: ResourceId) -> Option<u64> {
        self.group_wait_ends_unix_ms(self.group_of(resource)?)
    }

    /// What a group's start waits for, in words; empty while it waits for nothing.
    pub(crate) fn group_waits_for(&self, group: GroupId) -> String {
        match self.waits_for_groups(group) {
            true => self.unmet_text(&self.unmet(group)),
            false => String::new(),
        }
    }

    /// When the wait of a group ends at the latest, in milliseconds of Unix time.
    pub(crate) fn group_wait_ends_unix_ms(&self, group: GroupId) -> Option<u64> {
        let waits = self.waits_for_groups(group);
        let until_ms = waits.then(|| self.group_waits_until_ms(group)).flatten();
        until_ms.map(|at_ms| self.unix_ms_at(at_ms))
    }

    /// All group sets as readers see them, by name.
    pub(crate) fn group_set_glances(&self) -> Vec<GroupSetGlance> {
        let glance = |set: &GroupSet| GroupSetGlance {
            id: set.id,
            name: set.name.clone(),
            groups: set.members.iter().filter_map(|id| Some(self.model.group(*id)?.name.clone())).collect(),
            depends_on: set.depends_on.with_names(|id| self.plain_name(&ObjectId::GroupSet(id))),
            is_global: set.is_global,
            startup: startup_text(&set.startup),
            is_started: self.seen(|seen| seen.lack(Provider::Set(set.id))).is_none(),
        };
        let mut glances: Vec<GroupSetGlance> = self.model.group_sets().map(glance).collect();
        glances.iter_mut().for_each(|glance| glance.groups.sort());
        glances.sort_by(|a, b| a.name.cmp(&b.name));
        glances
    }

    /// A steady time that is to come, in Unix time.
    pub(crate) fn unix_ms_at(&self, steady_ms: u64) -> u64 {
        self.now.unix_ms + steady_ms.saturating_sub(self.now.steady_ms)
    }

    /// A Unix time that is past, in steady time.
    pub(crate) fn steady_ms_at(&self, unix_ms: u64) -> u64 {
        self.now.steady_ms.saturating_sub(self.now.unix_ms.saturating_sub(unix_ms))
    }

    /// StatusInformation of a group set.
    pub(crate) fn group_set_status(&self, id: GroupSetId) -> GroupSetStatusInformation {
        let members = self.model.group_set(id).map(|set| &set.members);
        let states: Vec<GroupState> =
            members.into_iter().flatten().map(|group| self.group_state(*group)).collect();
        let mut status = GroupSetStatusInformation::empty();
        let is_pending = states.contains(&GroupState::Pending);
        let is_online = !states.is_empty() && states.iter().all(|state| *state == GroupState::Online);
        status.set(GroupSetStatusInformation::GROUPS_PENDING, is_pending);
        status.set(GroupSetStatusInformation::GROUPS_ONLINE, is_online);
        let said = members.into_iter().flatten().map(|group| self.group_status(*group));
        let said = said.fold(GroupStatusInformation::empty(), GroupStatusInformation::union);
        for (of_group, of_set) in [
            (GroupStatusInformation::OS_HEARTBEAT, GroupSetStatusInformation::OS_HEARTBEAT),
            (GroupStatusInformation::APPLICATION_READY, GroupSetStatusInformation::APPLICATION_READY),
        ] {
            status.set(of_set, said.contains(of_group));
        }
        status
    }

    /// Tells the watchers of sets whose status is another one since these groups have changed.
    pub(crate) fn publish_group_set_states(&mut self, groups: &BTreeSet<GroupId>) {
        let sets: BTreeSet<GroupSetId> =
            groups.iter().filter_map(|group| self.model.group(*group)?.set).collect();
        for set in sets {
            let bits = self.group_set_status(set).bits();
            if self.waits.told.insert(set, bits).unwrap_or(0) == bits {
                continue;
            }
            self.effects.push(Effect::Publish(Box::new(Event {
                kind: EventKind::GroupSetState,
                object: ObjectId::GroupSet(set),
                object_id: set.to_string(),
                parent_id: String::new(),
                name: self.plain_name(&ObjectId::GroupSet(set)),
                type_name: String::new(),
                buffer: u32::try_from(bits).unwrap_or_default().to_le_bytes().to_vec(),
            })));
        }
    }
}

/// When a set counts as started.
fn startup_text(startup: &Startup) -> String {
    let who = match startup.count {
        ALL => "all of its groups".to_owned(),
        MAJORITY => "more than half of its groups".to_owned(),
        count => format!("{count} of its groups"),
    };
    match (startup.trigger, startup.count) {
        (Trigger::Online, 1) => format!("when {who} is online"),
        (Trigger::Online, _) => format!("when {who} are online"),
        (Trigger::Delay, 1) => format!("{} s after {who} has begun", startup.delay_s),
        (Trigger::Delay, _) => format!("{} s after {who} have begun", startup.delay_s),
    }
}

fn texts<T: ToString>(ids: impl Iterator<Item = T>) -> Vec<String> {
    ids.map(|id| id.to_string()).collect()
}
