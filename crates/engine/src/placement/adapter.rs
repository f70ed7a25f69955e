//! The engine's model as a [`Situation`], and what readers and policies ask of placement.
//!
//! Reads what is committed and what is live. What the model does not have yet (affinity rules, dependencies between
//! groups) is empty here, and placement honours it as soon as it is filled in.

use std::collections::BTreeSet;
use std::sync::Arc;

use mainstay_store::registry::KeyPath;
use mainstay_types::{GroupId, GroupState, NodeId, ResourceId, ResourceState};

use super::terms::{is_set, name};
use super::{Activity, Explanation, Group, Limits, Node, Plan, Row, Situation, Wish};
use crate::Engine;
use crate::model::objects::{self, dword};
use crate::view::View;

/// No other node can take a group.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{reason}")]
pub struct NoOtherNode {
    /// In words, node by node.
    pub reason: String,
    /// What was found of each node; empty for a group that does not exist.
    pub table: Vec<Row>,
}

impl Engine {
    /// The node to which a group that failed on its owner goes next.
    ///
    /// It only names the node: the owner record, the claim and the limits of what happens at once are the caller's. A
    /// group that is locked to its node goes nowhere.
    pub fn failover_target(&self, group: GroupId) -> Result<NodeId, NoOtherNode> {
        let mut situation = self.view().situation(None);
        let Some(asked) = situation.groups.iter_mut().find(|known| known.id == group) else {
            return Err(NoOtherNode { reason: format!("there is no group {group}"), table: Vec::new() });
        };
        asked.wish = Wish::FailOver;
        let found = super::explain(&situation, group).map(|explained| explained.decision);
        match found {
            Some(decision) => match decision.step.target() {
                Some(node) => Ok(node.id),
                None => Err(NoOtherNode { reason: decision.to_string(), table: decision.table }),
            },
            None => Err(NoOtherNode { reason: format!("there is no group {group}"), table: Vec::new() }),
        }
    }
}

impl View<'_> {
    /// What placement looks at. The hour is that of the cluster's place, 0 to 23, for windows of failback.
    pub fn situation(self, local_hour: Option<u8>) -> Situation {
        self.situation_among(local_hour, self.model().groups())
    }

    /// The same, as if there were no other groups than these.
    pub(super) fn situation_among<'g>(
        self,
        local_hour: Option<u8>,
        groups: impl Iterator<Item = &'g objects::Group>,
    ) -> Situation {
        let cluster = self.tree().key(&KeyPath::root());
        let coming = self.engine().coming_up();
        Situation {
            nodes: self.model().nodes().map(|node| self.placed_node(node)).collect(),
            groups: groups.map(|group| self.placed_group(group, &coming)).collect(),
            rules: Vec::new(),
            enforced_anti_affinity: self.enforces_anti_affinity(),
            preferred_site: cluster.and_then(|key| name(key, "PreferredSite")),
            limits: self.limits(),
            local_hour,
        }
    }

    /// ClusterEnforcedAntiAffinity.
    pub(crate) fn enforces_anti_affinity(self) -> bool {
        let cluster = self.tree().key(&KeyPath::root());
        cluster.is_some_and(|key| is_set(key, "ClusterEnforcedAntiAffinity"))
    }

    /// How many groups may start or move at once.
    pub(crate) fn limits(self) -> Limits {
        let cluster = self.tree().key(&KeyPath::root());
        let limit = |name| cluster.and_then(|key| dword(key, name)).filter(|limit| *limit > 0);
        Limits {
            starts_per_node: limit("StartsAtOncePerNode"),
            moves_per_node: limit("MovesAtOncePerNode"),
            starts_per_storage: limit("StartsAtOncePerStorage"),
            moves_per_storage: limit("MovesAtOncePerStorage"),
        }
    }

    /// What placement would do now, group by group, with reasons. Nothing is done.
    pub fn placement(self, local_hour: Option<u8>) -> Plan {
        super::decide(&self.situation(local_hour))
    }

    /// Why a group is where it is, and what speaks for and against every node.
    pub fn explain_placement(self, group: GroupId, local_hour: Option<u8>) -> Option<Explanation> {
        super::explain(&self.situation(local_hour), group)
    }

    fn placed_node(self, node: &objects::Node) -> Node {
        let terms = node.placement.clone();
        Node {
            id: node.id,
            name: node.name.clone(),
            membership: self.node_state(node.id),
            quarantined: terms.quarantined,
            draining: terms.draining,
            avoid_placement: terms.avoid_placement,
            capacity: terms.capacity,
            site: terms.site,
            fault_domain: terms.fault_domain,
        }
    }

    fn placed_group(self, group: &objects::Group, coming: &BTreeSet<ResourceId>) -> Group {
        let model = self.model();
        let members = || group.members.iter().filter_map(|id| model.resource(*id));
        let is_starting = |resource: &objects::Resource| {
            self.resource_state(resource.id) == Some(ResourceState::OnlinePending)
                || coming.contains(&resource.id)
        };
        let state = self.group_state(group.id).unwrap_or(GroupState::Offline);
        // Asked only where it matters: there are thousands of groups.
        let is_offline = state == GroupState::Offline;
        let starts_itself = is_offline && self.engine().waits_to_start(group.id);
        Group {
            id: group.id,
            name: group.name.clone(),
            owner: model.owner(group.id).map(|owner| owner.node),
            wanted: starts_itself || members().any(|resource| model.is_wanted(resource)),
            starts_itself,
            state,
            activity: if members().any(is_starting) { Activity::Starting } else { Activity::None },
            terms: Arc::clone(&group.placement),
            possible: possible_owners(members()),
            depends_on: Vec::new(),
            failed_on: self.engine().failed_on(group),
            wish: Wish::None,
        }
    }
}

/// The nodes on which every resource may be.
fn possible_owners<'a>(members: impl Iterator<Item = &'a objects::Resource>) -> Option<BTreeSet<NodeId>> {
    let mut all: Option<BTreeSet<NodeId>> = None;
    for owners in members.filter_map(|resource| resource.possible_owners.as_ref()) {
        all = Some(match all {
            None => owners.clone(),
            Some(known) => known.intersection(owners).copied().collect(),
        });
    }
    all
}
