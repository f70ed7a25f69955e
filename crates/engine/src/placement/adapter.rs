//! The engine's model as a [`Situation`], and what readers and policies ask of placement.
//!
//! Reads what is committed and what is live. What the model does not have yet (affinity rules, dependencies between
//! groups) is empty here, and placement honours it as soon as it is filled in.

use std::collections::BTreeSet;

use mainstay_store::registry::{Key, KeyPath};
use mainstay_types::{GroupId, NodeId, ResourceState};

use super::{
    Activity, Capacity, Demand, Explanation, Failback, Group, Limits, Node, Plan, Row, Situation, Wish,
};
use crate::Engine;
use crate::model::layout;
use crate::model::objects;
use crate::view::View;

/// An hour of a failback window that is not set, a node that is none.
const NONE: u32 = u32::MAX;
/// Priority as the table of `types::property` has it (tested).
const PRIORITY_DEFAULT: u32 = 2_000;
/// The hour at which a day ends.
const MIDNIGHT: u8 = 24;
/// The entry of a node's FaultDomain that names its site: `Site:NAME`.
const SITE: &str = "site:";

/// Bits of a node's StatusInformation (clusapi.h).
mod node_status {
    pub(super) const QUARANTINED: u32 = 2;
    pub(super) const DRAIN_IN_PROGRESS: u32 = 4;
    pub(super) const DRAIN_COMPLETED: u32 = 8;
    pub(super) const AVOID_PLACEMENT: u32 = 0x20;
}

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
        let root = self.tree().key(&KeyPath::root());
        let cluster = Values { key: root };
        let limit = |name| Some(cluster.dword(name, 0)).filter(|limit| *limit > 0);
        Situation {
            nodes: self.model().nodes().map(|node| self.placed_node(node)).collect(),
            groups: self.model().groups().map(|group| self.placed_group(group)).collect(),
            rules: Vec::new(),
            enforced_anti_affinity: cluster.dword("ClusterEnforcedAntiAffinity", 0) != 0,
            preferred_site: cluster.text("PreferredSite"),
            limits: Limits {
                starts_per_node: limit("StartsAtOncePerNode"),
                moves_per_node: limit("MovesAtOncePerNode"),
                starts_per_storage: limit("StartsAtOncePerStorage"),
                moves_per_storage: limit("MovesAtOncePerStorage"),
            },
            local_hour,
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
        let path = layout::node_path(node.id);
        let values = Values { key: path.ok().and_then(|path| self.tree().key(&path)) };
        let status = values.dword("StatusInformation", 0);
        let capacity = |name| Some(u64::from(values.dword(name, 0))).filter(|capacity| *capacity > 0);
        let domains = values.texts("FaultDomain");
        let site = domains.iter().find_map(|entry| {
            let (word, name) = entry.split_at_checked(SITE.len())?;
            word.eq_ignore_ascii_case(SITE).then(|| name.to_owned())
        });
        Node {
            id: node.id,
            name: node.name.clone(),
            membership: self.node_state(node.id),
            quarantined: status & node_status::QUARANTINED != 0,
            draining: status & (node_status::DRAIN_IN_PROGRESS | node_status::DRAIN_COMPLETED) != 0,
            avoid_placement: status & node_status::AVOID_PLACEMENT != 0,
            capacity: Capacity {
                memory_mib: capacity("MemoryCapacityMib"),
                cpu_percent: capacity("CpuCapacityPercent"),
            },
            site,
            fault_domain: (!domains.is_empty()).then(|| domains.join("/")),
        }
    }

    fn placed_group(self, group: &objects::Group) -> Group {
        let model = self.model();
        let path = layout::group_path(group.id);
        let values = Values { key: path.ok().and_then(|path| self.tree().key(&path)) };
        let members = || group.members.iter().filter_map(|id| model.resource(*id));
        let node_number = |text: &String| text.parse().ok();
        let is_starting = |resource: &objects::Resource| {
            self.resource_state(resource.id) == Some(ResourceState::OnlinePending)
        };
        Group {
            id: group.id,
            name: group.name.clone(),
            owner: model.owner(group.id).map(|owner| owner.node),
            default_owner: Some(values.dword("DefaultOwner", NONE)).filter(|node| *node != NONE).map(NodeId),
            wanted: members().any(|resource| model.is_wanted(resource)),
            priority: values.dword("Priority", PRIORITY_DEFAULT),
            state: self.group_state(group.id).unwrap_or(mainstay_types::GroupState::Offline),
            activity: if members().any(is_starting) { Activity::Starting } else { Activity::None },
            preferred: values.texts(layout::PREFERRED_OWNERS).iter().filter_map(node_number).collect(),
            possible: possible_owners(members()),
            anti_affinity: values.texts("AntiAffinityClassNames"),
            locked: values.dword("LockedFromMoving", 0) != 0,
            failback: failback(&values),
            demand: Demand {
                memory_mib: values.dword("DeclaredMemoryMib", 0).into(),
                cpu_percent: values.dword("DeclaredCpuPercent", 0).into(),
            },
            preferred_site: values.text("PreferredSite"),
            depends_on: Vec::new(),
            storages: values.texts("StorageNames"),
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

/// AutoFailbackType with its window; an end that is not set is midnight.
fn failback(values: &Values) -> Failback {
    if values.dword("AutoFailbackType", 0) == 0 {
        return Failback::Prevented;
    }
    let hour = |name| u8::try_from(values.dword(name, NONE)).ok();
    match (hour("FailbackWindowStart"), hour("FailbackWindowEnd")) {
        (None, None) => Failback::Immediately,
        (start, end) => Failback::Between { start: start.unwrap_or(0), end: end.unwrap_or(MIDNIGHT) },
    }
}

/// The values of one key. What is not there, or is of another kind, is not set.
struct Values<'a> {
    key: Option<&'a Key>,
}

impl Values<'_> {
    fn dword(&self, name: &str, default: u32) -> u32 {
        let entry = self.key.and_then(|key| key.value(name));
        entry.and_then(|entry| entry.value.as_dword()).unwrap_or(default)
    }

    fn text(&self, name: &str) -> Option<String> {
        let entry = self.key.and_then(|key| key.value(name));
        entry.and_then(|entry| entry.value.as_str()).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    fn texts(&self, name: &str) -> Vec<String> {
        let entry = self.key.and_then(|key| key.value(name));
        entry.and_then(|entry| entry.value.as_strings()).map(<[String]>::to_vec).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use mainstay_types::property::{DefaultValue, GROUP};

    use super::*;

    #[test]
    fn defaults_are_those_of_the_tables() {
        for (name, default) in [
            ("Priority", PRIORITY_DEFAULT),
            ("DefaultOwner", NONE),
            ("FailbackWindowStart", NONE),
            ("FailbackWindowEnd", NONE),
            ("AutoFailbackType", 0),
            ("LockedFromMoving", 0),
            ("DeclaredMemoryMib", 0),
            ("DeclaredCpuPercent", 0),
        ] {
            let spec = GROUP.find(name).unwrap_or_else(|| panic!("{name} is in no table"));
            assert_eq!(spec.default, DefaultValue::Dword(default), "{name}");
        }
    }
}
