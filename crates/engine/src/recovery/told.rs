//! What watchers are told when the service has found out how things stand: what is otherwise than they knew it.
//!
//! Nobody has written down what an earlier service told, but it follows: what runs on untouched was Online, what an open
//! operation has in hand was pending, and what is with nobody was Offline. Where that is not what is found, the state is
//! told, once, as it is.

use std::collections::BTreeMap;

use mainstay_types::order::{Condition, Held};
use mainstay_types::{HostId, OperationId, ResourceId, ResourceState};

use crate::Engine;
use crate::operation::PartGoal;
use crate::operation::stored::StoredOperation;

use super::StartPhase;

/// A resource's state as watchers know it; `None` where they know the one that it turns out to be in.
pub(super) type AsTold = BTreeMap<ResourceId, Option<ResourceState>>;

impl Engine {
    pub(super) fn as_told(
        &self,
        ids: &[ResourceId],
        held: &BTreeMap<ResourceId, (HostId, Held)>,
        stored: &BTreeMap<OperationId, StoredOperation>,
    ) -> AsTold {
        let mut told: AsTold = ids
            .iter()
            .map(|id| {
                let is_populated = self.live.get(id).is_some_and(|live| live.populated);
                let state = match held.get(id).map(|(_, held)| &held.condition) {
                    // Its failure may be new.
                    Some(Condition::Online | Condition::Failed(_)) => Some(ResourceState::Online),
                    Some(Condition::Offline) => Some(ResourceState::Offline),
                    // An order of an earlier service is being carried out.
                    Some(Condition::Busy) => None,
                    None if is_populated => Some(ResourceState::Online),
                    None => Some(ResourceState::Offline),
                };
                (*id, state)
            })
            .collect();
        for (id, goal) in stored.values().flat_map(|stored| &stored.closure) {
            let state = match goal {
                PartGoal::Open | PartGoal::Reopen | PartGoal::Clean(_) => continue,
                goal if goal.is_down() => ResourceState::OfflinePending,
                _ => ResourceState::OnlinePending,
            };
            // Of an operation that was overtaken nothing is known, and neither of one that has just begun.
            told.entry(*id).and_modify(|told| *told = Some(state));
        }
        told
    }

    /// States are known from here on.
    pub(super) fn tell_what_is_otherwise(&mut self, told: AsTold) {
        self.startup.phase = StartPhase::Ready;
        let groups: Vec<_> = self.model.groups().map(|group| (group.id, group.members.clone())).collect();
        for (group, members) in groups {
            let known = members.iter().filter_map(|id| {
                let now = self.live.get(id)?.state;
                Some(told.get(id).copied().flatten().unwrap_or(now))
            });
            let known = crate::live::group_state(known);
            self.take_group_as_told(group, known);
        }
        for (id, told) in told {
            let Some(state) = self.live.get(&id).map(|live| live.state) else { continue };
            if told.is_some_and(|told| told != state) {
                self.publish_resource_state(id, state);
            }
        }
    }
}
