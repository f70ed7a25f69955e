//! The resource hosts of this node, as a look at it wants them: those that are there, and those that are not and should be.

use std::collections::BTreeMap;

use mainstay_types::{HostId, ResourceId, ResourceState, Status};

use super::View;
use crate::live::{Live, Stage};

/// A resource host that is there, or should be.
#[derive(Clone, Debug)]
pub struct HostInfo {
    /// Which.
    pub id: HostId,
    /// Its process; `None` while it is not connected.
    pub pid: Option<u32>,
    /// The resource of an own host.
    pub resource: Option<String>,
    /// The resources that are open in it or wait for it, by name.
    pub needed_by: Vec<String>,
    /// How it stands, in words.
    pub standing: String,
    /// It was started so often in vain that nobody tries it any more; its resources have failed.
    pub is_given_up: bool,
}

impl View<'_> {
    /// Every host that has a resource open, and every one that a resource lacks.
    pub fn hosts(self) -> Vec<HostInfo> {
        let engine = self.engine();
        let mut needed: BTreeMap<HostId, Vec<ResourceId>> = BTreeMap::new();
        for (id, live) in &engine.live {
            if live.open.is_some() || self.lacks_host(*id) || self.has_lost_host(*id, live) {
                needed.entry(engine.task_host(*id)).or_default().push(*id);
            }
        }
        let info = |(id, resources): (HostId, Vec<ResourceId>)| {
            let pid = engine.hosts.pid(id);
            let has_lost =
                |it: &ResourceId| engine.live.get(it).is_some_and(|live| self.has_lost_host(*it, live));
            let is_given_up = pid.is_none() && resources.iter().all(has_lost);
            let mut needed_by: Vec<String> = resources.iter().map(|id| engine.name_of(*id)).collect();
            needed_by.sort();
            let resource = match id {
                HostId::Own(resource) => Some(engine.name_of(resource)),
                HostId::Pool => None,
            };
            HostInfo { id, pid, resource, needed_by, standing: engine.hosts.standing(id), is_given_up }
        };
        needed.into_iter().map(info).collect()
    }

    /// Whether a resource has no host and should have one: it runs and nobody looks at it, or what is to be done to it waits.
    pub(crate) fn lacks_host(self, id: ResourceId) -> bool {
        self.engine().live.get(&id).is_some_and(|live| {
            let waits = live.task.as_ref().is_some_and(|task| task.stage == Stage::Host);
            waits || live.state == ResourceState::Online && live.open.is_none()
        })
    }

    /// Whether a resource has failed since its host could not be started.
    fn has_lost_host(self, id: ResourceId, live: &Live) -> bool {
        let is_why = live
            .failure
            .as_ref()
            .is_some_and(|cause| cause.status == Status::CLUSTER_RHS_FAILED_INITIALIZATION);
        let is_left = live.state == ResourceState::Failed && live.open.is_none() && live.task.is_none();
        is_why && is_left && !self.engine().hosts.is_connected(self.engine().task_host(id))
    }

    /// Whether what is to be done to a resource waits for the guard: it opens leaves for hosts, looks into them, and stops
    /// hard what is in them.
    pub(crate) fn awaits_guard(self, id: ResourceId) -> bool {
        let stage = self.engine().live.get(&id).and_then(|live| Some(live.task.as_ref()?.stage));
        matches!(stage, Some(Stage::Host | Stage::Looking | Stage::HardStopping))
    }
}
