//! What placement looks at: everything it may know, said explicitly. Plain data; whoever has a model fills it in.

use std::collections::BTreeSet;
use std::sync::Arc;

use mainstay_types::{GroupId, GroupState, Name, NodeId, NodeState};

use super::terms::GroupTerms;

/// The cluster at one moment. Ids occur once; the order of the lists means nothing.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Situation {
    /// All nodes.
    pub nodes: Vec<Node>,
    /// All groups.
    pub groups: Vec<Group>,
    /// Affinity rules between groups.
    pub rules: Vec<AffinityRule>,
    /// ClusterEnforcedAntiAffinity: groups that share a class never share a node.
    pub enforced_anti_affinity: bool,
    /// PreferredSite of the cluster, for groups that have none of their own.
    pub preferred_site: Option<String>,
    /// How much may happen at once.
    pub limits: Limits,
    /// The hour of the day where the cluster is, 0 to 23; `None` when nobody knows, which is outside of every window.
    pub local_hour: Option<u8>,
}

/// A node.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    /// Its number.
    pub id: NodeId,
    /// Its name.
    pub name: Name,
    /// Whether it is a member. Down says nothing about the proof that a take-over needs: that is the claim's.
    pub membership: NodeState,
    /// It came and went too often: it takes nothing, and what it has leaves.
    pub quarantined: bool,
    /// What it has leaves.
    pub draining: bool,
    /// It takes something only if no other node can.
    pub avoid_placement: bool,
    /// What groups may declare together on it.
    pub capacity: Capacity,
    /// Where it stands.
    pub site: Option<String>,
    /// What it fails together with; a node without one is a domain of its own.
    pub fault_domain: Option<String>,
}

/// What a node has. `None` is no limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Capacity {
    /// Memory in MiB.
    pub memory_mib: Option<u64>,
    /// Processors in hundredths of one.
    pub cpu_percent: Option<u64>,
}

/// What a group needs while it runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Demand {
    /// Memory in MiB.
    pub memory_mib: u64,
    /// Processors in hundredths of one.
    pub cpu_percent: u64,
}

impl Demand {
    /// Nothing was declared.
    pub fn is_nothing(self) -> bool {
        self == Demand::default()
    }

    /// Both together. Declared numbers are DWORDs, so the sums of a cluster stay far under the bound.
    pub(super) fn plus(self, other: Demand) -> Demand {
        Demand {
            memory_mib: self.memory_mib.saturating_add(other.memory_mib),
            cpu_percent: self.cpu_percent.saturating_add(other.cpu_percent),
        }
    }
}

/// A group.
#[derive(Clone, PartialEq, Debug)]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// Its name.
    pub name: Name,
    /// Who owns it.
    pub owner: Option<NodeId>,
    /// Whether it is to be online, by what was last said of it.
    pub wanted: bool,
    /// Whether something of it is still to be started by itself where it is. Only of a group that is offline: the service's
    /// start has not had its turn at it, or is at it. What was stopped, or was left offline, stays so until somebody asks.
    pub starts_itself: bool,
    /// Its state on its owner. Of an owner that is down it says nothing.
    pub state: GroupState,
    /// What is being done to it.
    pub activity: Activity,
    /// Where every resource of it may be; `None` is everywhere.
    pub possible: Option<BTreeSet<NodeId>>,
    /// What is configured of it. Shared with the model: there are thousands of groups, and every lost node asks again.
    pub terms: Arc<GroupTerms>,
    /// Groups that have to be online before it starts.
    pub depends_on: Vec<GroupId>,
    /// Nodes on which it failed for good within its FailoverPeriod.
    pub failed_on: BTreeSet<NodeId>,
    /// What was asked for it beyond that it runs.
    pub wish: Wish,
}

/// What is being done to a group right now. It counts against the limits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Activity {
    /// Nothing.
    #[default]
    None,
    /// It starts on its owner.
    Starting,
    /// It moves from this node to its owner.
    MovingFrom(NodeId),
}

/// What was asked for a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Wish {
    /// Nothing.
    #[default]
    None,
    /// OnlineClusterGroup: it is started, whatever its Priority.
    Start,
    /// It failed on its node for good, and its policy says: another one.
    FailOver,
    /// MoveClusterGroup without a node: any other one.
    MoveAway,
    /// MoveClusterGroup to a node.
    MoveTo(NodeId),
}

/// AutoFailbackType with its window.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Failback {
    /// It stays where it is.
    #[default]
    Prevented,
    /// It returns as soon as a more preferred node can take it.
    Immediately,
    /// It returns between these full hours.
    Between {
        /// FailbackWindowStart: the first hour.
        start: u8,
        /// FailbackWindowEnd: the hour that is no longer in it, unless it is the first one too. May be the next day's.
        end: u8,
    },
}

impl Failback {
    /// Whether a group may return at this hour.
    pub fn is_open(self, hour: Option<u8>) -> bool {
        match (self, hour) {
            (Failback::Prevented, _) | (Failback::Between { .. }, None) => false,
            (Failback::Immediately, _) => true,
            (Failback::Between { start, end }, Some(hour)) if start < end => (start..end).contains(&hour),
            (Failback::Between { start, end }, Some(hour)) if start > end => hour >= start || hour < end,
            (Failback::Between { start, .. }, Some(hour)) => hour == start,
        }
    }
}

/// What an affinity rule wants (CLUS_AFFINITY_RULE_TYPE of clusapi.h).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum RuleKind {
    /// All in one fault domain.
    SameFaultDomain,
    /// All on one node.
    SameNode,
    /// Each in a fault domain of its own.
    DifferentFaultDomain,
    /// Each on a node of its own.
    DifferentNode,
}

/// An affinity rule. It holds for every placement; what already runs against it is left where it is.
#[derive(Clone, PartialEq, Debug)]
pub struct AffinityRule {
    /// Its name.
    pub name: String,
    /// What it wants.
    pub kind: RuleKind,
    /// Of which groups.
    pub groups: Vec<GroupId>,
    /// Whether it holds.
    pub enabled: bool,
}

/// How many groups may start or move at once. `None` is no limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Limits {
    /// Starts on one node.
    pub starts_per_node: Option<u32>,
    /// Moves from or to one node.
    pub moves_per_node: Option<u32>,
    /// Starts of groups that use one storage.
    pub starts_per_storage: Option<u32>,
    /// Moves of groups that use one storage.
    pub moves_per_storage: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failback_windows() {
        let between = |start, end| Failback::Between { start, end };
        for (failback, open) in [
            (Failback::Prevented, vec![]),
            (Failback::Immediately, (0..24).collect()),
            (between(2, 5), vec![2, 3, 4]),
            (between(22, 2), vec![0, 1, 22, 23]),
            (between(7, 7), vec![7]),
            (between(0, 24), (0..24).collect()),
        ] {
            let found: Vec<u8> = (0..24).filter(|hour| failback.is_open(Some(*hour))).collect();
            assert_eq!(found, open, "{failback:?}");
        }
        assert!(!between(0, 24).is_open(None));
        assert!(Failback::Immediately.is_open(None));
    }
}
