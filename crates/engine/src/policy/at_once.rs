//! How many groups the service's start brings up at once: StartsAtOncePerNode and StartsAtOncePerStorage.
//!
//! A group counts while a resource of it is on its way up, whoever asked for it. Only the service's start heeds the
//! limits: what somebody asks for is done at once. It decides nothing about the order.

use std::collections::BTreeMap;

use mainstay_types::name::fold;
use mainstay_types::{GroupId, ResourceState};

use crate::Engine;
use crate::model::objects::Group;
use crate::placement::Limits;

/// Why a group is not begun yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum AtOnce {
    /// StartsAtOncePerNode.
    OnNode {
        /// How many may.
        limit: u32,
    },
    /// StartsAtOncePerStorage.
    FromStorage {
        /// Its name.
        storage: String,
        /// How many may.
        limit: u32,
    },
}

/// The groups that start now, counted.
#[derive(Debug)]
pub(super) struct Starting {
    limits: Limits,
    on_node: u32,
    /// By folded name.
    from_storage: BTreeMap<String, u32>,
}

impl Starting {
    /// What keeps a group that does not start yet from being begun.
    fn holds(&self, group: &Group) -> Option<AtOnce> {
        if let Some(limit) = self.limits.starts_per_node.filter(|limit| self.on_node >= *limit) {
            return Some(AtOnce::OnNode { limit });
        }
        let limit = self.limits.starts_per_storage?;
        let is_full =
            |name: &&String| self.from_storage.get(&fold(name)).is_some_and(|count| *count >= limit);
        let storage = group.placement.storages.iter().find(is_full)?.clone();
        Some(AtOnce::FromStorage { storage, limit })
    }

    fn add(&mut self, group: &Group) {
        self.on_node += 1;
        for storage in &group.placement.storages {
            *self.from_storage.entry(fold(storage)).or_default() += 1;
        }
    }
}

impl Engine {
    /// The groups that start now on this node; `None` where nothing limits them.
    pub(super) fn starting(&self) -> Option<Starting> {
        let limits = self.view().limits();
        if limits.starts_per_node.is_none() && limits.starts_per_storage.is_none() {
            return None;
        }
        let mut starting = Starting { limits, on_node: 0, from_storage: BTreeMap::new() };
        for group in self.model.groups().filter(|group| self.is_starting_here(group)) {
            starting.add(group);
        }
        Some(starting)
    }

    /// What keeps a group from being begun, or counts it as begun.
    pub(super) fn hold_or_count(&self, id: GroupId, starting: Option<&mut Starting>) -> Option<AtOnce> {
        let (starting, group) = starting.zip(self.model.group(id))?;
        if self.is_starting_here(group) {
            return None;
        }
        let held = starting.holds(group);
        if held.is_none() {
            starting.add(group);
        }
        held
    }

    /// What keeps a group from being begun now.
    pub(super) fn held_at_once(&self, id: GroupId) -> Option<AtOnce> {
        self.hold_or_count(id, self.starting().as_mut())
    }

    /// The groups that count against a limit now: that of the node, or that of a storage.
    pub(crate) fn starting_groups(&self, storage: Option<&str>) -> Vec<&Group> {
        let uses = |group: &&Group| {
            let names = &group.placement.storages;
            storage.is_none_or(|storage| names.iter().any(|name| fold(name) == fold(storage)))
        };
        self.model.groups().filter(|group| self.is_starting_here(group)).filter(uses).collect()
    }

    fn is_starting_here(&self, group: &Group) -> bool {
        let is_here = self.model.owner(group.id).is_some_and(|owner| owner.node == self.config.node);
        let comes_up = |id| self.live.get(id).is_some_and(|live| live.state == ResourceState::OnlinePending);
        is_here && group.members.iter().any(comes_up)
    }
}
