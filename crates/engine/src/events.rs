//! What watchers are told: one event for each change, in the order in which it happened.

use mainstay_store::registry::{Difference, DifferentPart};
use mainstay_types::event::{Event, EventKind};
use mainstay_types::order::Cause;
use mainstay_types::status_information::{GroupStatusInformation, ResourceStatusInformation};
use mainstay_types::{GroupId, GroupState, Name, ObjectId, ResourceId, ResourceState};

use crate::Engine;
use crate::effect::Effect;
use crate::seeded::{self, Bug};

/// A resource type has come.
pub(crate) fn type_added(name: &Name) -> Event {
    Event {
        kind: EventKind::ClusterResourceTypeAdded,
        object: ObjectId::Cluster,
        object_id: String::new(),
        parent_id: String::new(),
        name: name.to_string(),
        type_name: String::new(),
        buffer: utf16(name.as_str()),
    }
}

/// The groups' states as watchers know them, kept by counting their resources' states.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    counts: [u32; 4],
    published: Option<GroupState>,
    /// The group's StatusInformation as watchers know it.
    pub(crate) told: GroupStatusInformation,
}

impl Counts {
    fn slot(state: ResourceState) -> usize {
        match state {
            ResourceState::Failed => 0,
            ResourceState::Online => 1,
            ResourceState::Offline => 2,
            _ => 3,
        }
    }

    fn add(&mut self, state: ResourceState) {
        self.counts[Self::slot(state)] += 1;
    }

    fn remove(&mut self, state: ResourceState) {
        let count = &mut self.counts[Self::slot(state)];
        *count = count.saturating_sub(1);
    }

    fn state(&self) -> GroupState {
        let [failed, online, offline, pending] = self.counts;
        let one = |count: u32, state: ResourceState| (count > 0).then_some(state);
        let present = [
            one(failed, ResourceState::Failed),
            one(online, ResourceState::Online),
            one(offline, ResourceState::Offline),
            one(pending, ResourceState::OnlinePending),
        ];
        crate::live::group_state(present.into_iter().flatten())
    }
}

impl Engine {
    /// A group's state, derived from its resources.
    pub(crate) fn group_state(&self, group: GroupId) -> GroupState {
        self.counts.get(&group).map_or(GroupState::Offline, Counts::state)
    }

    /// A resource is in a group from now on.
    pub(crate) fn count_in(&mut self, group: GroupId, state: ResourceState) {
        self.counts.entry(group).or_default().add(state);
        self.changed_groups.insert(group);
        self.stir_waits();
    }

    /// A resource is in a group no longer.
    pub(crate) fn count_out(&mut self, group: GroupId, state: ResourceState) {
        self.counts.entry(group).or_default().remove(state);
        self.changed_groups.insert(group);
    }

    /// A resource changes its state.
    pub(crate) fn set_state(&mut self, id: ResourceId, state: ResourceState) {
        let now_ms = self.now.unix_ms;
        let Some(live) = self.live.get_mut(&id) else { return };
        if matches!(state, ResourceState::Online | ResourceState::Offline | ResourceState::OnlinePending) {
            (live.failure, live.unproven, live.lost) = (None, false, false);
            self.timers.clear(crate::timers::Timer::HardStop(id));
        }
        let old = live.state;
        if old == state {
            return;
        }
        // While it waits for its turn to stop, and when it does not stop after all, it is what it was.
        let is_as_it_was = matches!(
            (old, state),
            (ResourceState::Online, ResourceState::OfflinePending)
                | (ResourceState::OfflinePending, ResourceState::Online)
        );
        live.borne = live.borne.take().filter(|_| is_as_it_was);
        // What its host told at the service's start counts until it is known how it stands.
        let is_being_read = old == ResourceState::Initializing;
        live.embedded_failure = live.embedded_failure.take().filter(|_| is_as_it_was || is_being_read);
        if state == ResourceState::OnlinePending && !is_being_read {
            live.said = ResourceStatusInformation::empty();
        }
        (live.state, live.since_unix_ms) = (state, now_ms);
        if let Some(group) = self.group_of(id) {
            self.count_out(group, old);
            self.count_in(group, state);
        }
        self.touch_status(id);
        if matches!(state, ResourceState::Online | ResourceState::Offline) {
            self.end_cleaning(id);
        }
        if state == ResourceState::Failed && seeded::has(Bug::FailureNotTold) {
            return;
        }
        let buffer = state.number().to_le_bytes().to_vec();
        self.publish_resource(EventKind::ResourceState, id, buffer);
    }

    /// A resource has failed, and whether nothing of it runs any more.
    pub(crate) fn set_failed(&mut self, id: ResourceId, cause: Cause, proven: bool) {
        self.set_state(id, ResourceState::Failed);
        if let Some(live) = self.live.get_mut(&id) {
            live.unproven = !proven;
            live.failure = Some(cause);
        }
    }

    /// Tells the watchers of groups whose state has changed in this step.
    pub(crate) fn publish_group_states(&mut self) {
        self.publish_resource_statuses();
        self.changed_groups.extend(&self.waits.watched);
        let groups = std::mem::take(&mut self.changed_groups);
        self.publish_group_set_states(&groups);
        for group in groups {
            let state = self.group_state(group);
            if state == GroupState::Offline {
                self.note_offline(group);
            }
            let Some(counts) = self.counts.get_mut(&group) else { continue };
            if counts.published.replace(state) != Some(state) {
                self.publish_group(EventKind::GroupState, group, state.number().to_le_bytes().to_vec());
            }
            self.publish_group_status(group);
        }
    }

    /// Groups that were just read: what their state is, watchers have not to be told.
    pub(crate) fn accept_group_states(&mut self) {
        self.accept_resource_statuses();
        for group in std::mem::take(&mut self.changed_groups) {
            self.accept_group_state(group);
        }
    }

    /// The same of one group.
    pub(crate) fn accept_group_state(&mut self, group: GroupId) {
        let (state, status) = (self.group_state(group), self.group_status(group));
        if let Some(counts) = self.counts.get_mut(&group) {
            (counts.published, counts.told) = (Some(state), status);
        }
    }

    /// What a committed transaction changes in the registry, before the model takes it in: one event for each key, as
    /// MS-CMRP has it.
    pub(crate) fn publish_registry(&mut self, differences: &[Difference]) {
        let mut last = None;
        for difference in differences {
            let kind = match difference.part {
                DifferentPart::KeyCreated { .. } | DifferentPart::KeyDeleted { .. } => {
                    EventKind::RegistryName
                }
                DifferentPart::Value { .. } => EventKind::RegistryValue,
            };
            if last.as_ref().is_some_and(|(path, known)| *path == difference.path && *known == kind) {
                continue;
            }
            last = Some((difference.path.clone(), kind));
            let path = difference.path.clone();
            self.effects.push(Effect::Publish(Box::new(Event {
                kind,
                object: ObjectId::Cluster,
                object_id: String::new(),
                parent_id: String::new(),
                name: path,
                type_name: String::new(),
                buffer: Vec::new(),
            })));
        }
    }

    pub(crate) fn publish_resource(&mut self, kind: EventKind, id: ResourceId, buffer: Vec<u8>) {
        let Some(resource) = self.model.resource(id) else { return };
        self.effects.push(Effect::Publish(Box::new(Event {
            kind,
            object: ObjectId::Resource(id),
            object_id: id.to_string(),
            parent_id: resource.group.to_string(),
            name: resource.name.to_string(),
            type_name: resource.type_name.to_string(),
            buffer,
        })));
    }

    pub(crate) fn publish_group(&mut self, kind: EventKind, id: GroupId, buffer: Vec<u8>) {
        let name = self.model.group(id).map(|group| group.name.to_string()).unwrap_or_default();
        let parent_id = self.model.owner(id).map(|owner| owner.node.to_string()).unwrap_or_default();
        self.effects.push(Effect::Publish(Box::new(Event {
            kind,
            object: ObjectId::Group(id),
            object_id: id.to_string(),
            parent_id,
            name,
            type_name: String::new(),
            buffer,
        })));
    }
}

/// A text as notifications carry it: UTF-16LE with its NUL.
pub(crate) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

/// Texts as notifications carry them.
pub(crate) fn multi_string(texts: &[String]) -> Vec<u8> {
    // Ids have no NUL, and there are fewer than a list holds.
    mainstay_proplist::multi_string::build(texts).unwrap_or_default()
}
