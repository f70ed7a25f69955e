//! StatusInformation of resources and groups: what it is, and that watchers are told when it changes.
//!
//! Owns nothing but what watchers know: the bits follow from what the hosts say, from the model and from what waits.
//! Whoever changes one of those touches the resource or the group; at the end of the step what is another one is told,
//! once.

use mainstay_proplist::{PropertyList, Value};
use mainstay_types::event::EventKind;
use mainstay_types::status_information::{GroupStatusInformation, ResourceStatusInformation};
use mainstay_types::{GroupId, ResourceId, ResourceState};

use crate::Engine;
use crate::live::Live;
use crate::model::layout;

impl Engine {
    /// StatusInformation of a resource, as far as it is known here.
    pub(crate) fn resource_status(&self, id: ResourceId) -> ResourceStatusInformation {
        let in_maintenance = self.is_in_maintenance(id);
        self.live
            .get(&id)
            .map_or_else(ResourceStatusInformation::empty, |live| status_of(live, in_maintenance))
    }

    /// StatusInformation of a group: what any of its resources says of itself, and what it waits for.
    pub(crate) fn group_status(&self, id: GroupId) -> GroupStatusInformation {
        let members = self.model.group(id).into_iter().flat_map(|found| found.members.iter());
        let mut status = GroupStatusInformation::empty();
        for member in members {
            status |= self.resource_status(*member).of_group();
        }
        status.set(GroupStatusInformation::WAITING_TO_START, self.waits_to_start(id));
        status.set(GroupStatusInformation::WAITING_FOR_DEPENDENCIES, self.waits_for_groups(id));
        let is_displaced = self.is_offline_for_affinity(id);
        status.set(GroupStatusInformation::OFFLINE_DUE_TO_ANTIAFFINITY_CONFLICT, is_displaced);
        status
    }

    /// Something has happened on which the status of a resource depends.
    pub(crate) fn touch_status(&mut self, id: ResourceId) {
        self.touched_statuses.insert(id);
    }

    /// The same of a group by itself.
    pub(crate) fn touch_group_status(&mut self, id: GroupId) {
        self.changed_groups.insert(id);
    }

    /// What readers see of a resource beside its status has changed: watchers are told, whether that is another one.
    pub(crate) fn tell_status(&mut self, id: ResourceId) {
        if let Some(live) = self.live.get_mut(&id) {
            live.told_status = None;
        }
        self.touch_status(id);
    }

    /// Tells the watchers of resources whose status is another one. Their groups may be too.
    pub(crate) fn publish_resource_statuses(&mut self) {
        for id in std::mem::take(&mut self.touched_statuses) {
            let status = self.resource_status(id);
            let Some(live) = self.live.get_mut(&id) else { continue };
            let last = live.last_status;
            let is_new_status = live.told_status.replace(status) != Some(status);
            let is_new_last = std::mem::replace(&mut live.told_last_status, last) != last;
            if is_new_last {
                let buffer = list_of("LastOperationStatusCode", last.into());
                self.publish_resource(EventKind::ResourceCommonProperty, id, buffer);
            }
            if !is_new_status {
                continue;
            }
            let buffer = list_of(layout::STATUS_INFORMATION, status.bits());
            self.publish_resource(EventKind::ResourceCommonProperty, id, buffer);
            if let Some(group) = self.group_of(id) {
                self.touch_group_status(group);
            }
        }
    }

    /// Resources that were just read: what their status is, watchers have not to be told.
    pub(crate) fn accept_resource_statuses(&mut self) {
        for id in std::mem::take(&mut self.touched_statuses) {
            let status = self.resource_status(id);
            if let Some(live) = self.live.get_mut(&id) {
                (live.told_status, live.told_last_status) = (Some(status), live.last_status);
            }
        }
    }

    /// Tells the watchers of a group if its status is another one.
    pub(crate) fn publish_group_status(&mut self, id: GroupId) {
        let (status, is_held) = (self.group_status(id), self.is_start_held(id));
        let Some(counts) = self.counts.get_mut(&id) else { return };
        match is_held {
            true => drop(self.waits.watched.insert(id)),
            false => drop(self.waits.watched.remove(&id)),
        }
        if std::mem::replace(&mut counts.told, status) != status {
            self.publish_group(
                EventKind::GroupCommonProperty,
                id,
                list_of(layout::STATUS_INFORMATION, status.bits()),
            );
        }
    }
}

fn status_of(live: &Live, in_maintenance: bool) -> ResourceStatusInformation {
    let mut status = live.said.counts_in(live.state);
    status.set(ResourceStatusInformation::LOCKED_MODE, live.locked.is_some());
    status.set(ResourceStatusInformation::EMBEDDED_FAILURE, live.embedded_failure.is_some());
    // It runs, and its host is gone: until another has taken it over nobody looks at it. Or nobody acts on what is seen.
    let is_unmonitored = live.state == ResourceState::Online && (live.open.is_none() || in_maintenance);
    status.set(ResourceStatusInformation::UNMONITORED, is_unmonitored);
    status
}

/// The property as an event of common properties carries it.
fn list_of(name: &str, number: u64) -> Vec<u8> {
    // One property of a known name always fits.
    PropertyList::new().with(name, Value::ULarge(number)).to_bytes().unwrap_or_default()
}
