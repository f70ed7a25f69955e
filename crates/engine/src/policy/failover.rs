//! What becomes of a group whose resource is restarted no more: another node, if there is one and attempts are left.
//!
//! ```text
//!   failed for good ──► fewer than FailoverThreshold failovers in FailoverPeriod? ──no──► stays Failed
//!                                    │ yes
//!                                    └─► another node, one where it has not failed before one where it has
//! ```
//!
//! Owns the count, and on which nodes a group has failed ([`Failovers`], pure: numbers and times in, a verdict out).
//! Which node it would be is placement's; it moves nothing.

use std::collections::{BTreeMap, BTreeSet};

use mainstay_types::{GroupId, NodeId, ResourceId};

use super::restart::History;
use super::settings::GroupPolicy;
use super::show::duration;
use crate::Engine;
use crate::model::objects::Group;

/// When a group was failed over, and where it has failed for good. Times are steady milliseconds.
#[derive(Clone, Debug, Default)]
pub struct Failovers {
    history: History,
    /// When it last failed on a node.
    failed_ms: BTreeMap<NodeId, u64>,
}

/// Failovers are used up.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{count} failovers within {period} are all that FailoverThreshold allows")]
pub struct FailoversUsedUp {
    /// How many there were.
    pub count: u32,
    /// FailoverPeriod, in words.
    pub period: String,
}

impl Failovers {
    /// The group has failed for good on a node. Answers whether it may be failed over now, in a cluster of so many
    /// nodes.
    pub fn handle_failure(
        &mut self,
        policy: &GroupPolicy,
        nodes: usize,
        on: Option<NodeId>,
        now_ms: u64,
    ) -> Result<(), FailoversUsedUp> {
        if let Some(node) = on {
            self.failed_ms.insert(node, now_ms);
        }
        let (max, period_ms) = (policy.failovers_max(nodes), policy.failover_period_ms());
        match self.history.count(period_ms, now_ms) {
            count if count < max => Ok(()),
            count => Err(FailoversUsedUp { count, period: duration(period_ms) }),
        }
    }

    /// It is failed over. The attempt counts, whatever comes of it.
    pub fn record(&mut self, now_ms: u64) {
        self.history.record(now_ms);
    }

    /// Nodes on which it has failed within FailoverPeriod.
    pub fn failed_on(&self, policy: &GroupPolicy, now_ms: u64) -> BTreeSet<NodeId> {
        let counts = |at_ms: u64| now_ms.saturating_sub(at_ms) < policy.failover_period_ms();
        self.failed_ms.iter().filter(|(_, at_ms)| counts(**at_ms)).map(|(node, _)| *node).collect()
    }
}

/// Why a group is not failed over.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum NoFailover {
    #[error("its group is not failed over: there is no other node")]
    OneNode,
    #[error("its group is not failed over: {reason}")]
    NoTarget { reason: String },
    #[error("its group is not failed over: {0}")]
    UsedUp(FailoversUsedUp),
    #[error("its group would go to node {node}, but groups are not moved yet")]
    NotMoved { node: NodeId },
}

impl Engine {
    /// Restarts of this resource are used up and its group is to be told. Answers why that leads nowhere.
    pub(super) fn fail_over(&mut self, resource: ResourceId) -> Option<NoFailover> {
        let group = self.model.group(self.group_of(resource)?)?;
        if self.model.nodes().count() == 1 {
            return Some(NoFailover::OneNode);
        }
        let (id, policy, now_ms) = (group.id, group.policy, self.now.steady_ms);
        let (nodes, owner) = (self.model.nodes().count(), self.model.owner(id).map(|owner| owner.node));
        let failovers = self.policies.failovers.entry(id).or_default();
        if let Err(used_up) = failovers.handle_failure(&policy, nodes, owner, now_ms) {
            return Some(NoFailover::UsedUp(used_up));
        }
        Some(match self.failover_target(id) {
            Err(none) => NoFailover::NoTarget { reason: none.reason },
            Ok(node) => {
                self.policies.failovers.entry(id).or_default().record(now_ms);
                NoFailover::NotMoved { node }
            }
        })
    }

    /// Failovers that are left within the period, and how long the oldest one still counts, in milliseconds.
    pub(super) fn group_failure_info(&self, group: &Group) -> (u32, u64) {
        let max = group.policy.failovers_max(self.model.nodes().count());
        let (period_ms, now_ms) = (group.policy.failover_period_ms(), self.now.steady_ms);
        let history = self.policies.failovers.get(&group.id).map(|found| &found.history);
        let count = history.map_or(0, |history| history.count(period_ms, now_ms));
        let remaining_ms = history.map_or(0, |history| history.remaining_ms(period_ms, now_ms));
        (max.saturating_sub(count), remaining_ms)
    }

    /// Nodes on which a group has failed for good within its FailoverPeriod.
    pub(crate) fn failed_on(&self, group: &Group) -> BTreeSet<NodeId> {
        let found = self.policies.failovers.get(&group.id);
        found.map(|found| found.failed_on(&group.policy, self.now.steady_ms)).unwrap_or_default()
    }

    /// The group is gone.
    pub(crate) fn forget_failovers(&mut self, group: GroupId) {
        self.policies.failovers.remove(&group);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: u64 = 3_600_000;
    const MINUTE_MS: u64 = 60_000;

    /// Failures at these minutes, each on the node after the one before: which of them lead to a failover.
    #[track_caller]
    fn check(threshold: u32, period_h: u32, nodes: u32, failures: &[(u64, bool)]) {
        let policy = GroupPolicy {
            failover_threshold: threshold,
            failover_period_h: period_h,
            ..GroupPolicy::default()
        };
        let (mut failovers, mut node) = (Failovers::default(), 1);
        for (minute, expected) in failures {
            let now_ms = minute * MINUTE_MS;
            let allowed = failovers.handle_failure(&policy, nodes as usize, Some(NodeId(node)), now_ms);
            assert_eq!(
                allowed.is_ok(),
                *expected,
                "{threshold} in {period_h} h, minute {minute}: {allowed:?}"
            );
            if allowed.is_ok() {
                failovers.record(now_ms);
                node = node % nodes + 1;
            }
        }
    }

    #[test]
    fn so_many_failovers_as_the_threshold_within_the_period() {
        check(1, 2, 3, &[(1, true), (2, false), (100, false), (122, true), (123, false)]);
        check(0, 6, 3, &[(1, false), (500, false)]);
        check(2, 1, 2, &[(0, true), (30, true), (45, false), (61, true), (62, false)]);
        // By default one less than there are nodes.
        check(u32::MAX, 6, 4, &[(0, true), (1, true), (2, true), (3, false), (400, true)]);
        check(u32::MAX, 6, 2, &[(0, true), (1, false)]);
        // Nothing is within no time, but what is at once.
        check(1, 0, 3, &[(0, true), (1, true), (2, true)]);
    }

    #[test]
    fn where_it_failed_is_known_for_the_period() {
        let policy = GroupPolicy { failover_period_h: 2, ..GroupPolicy::default() };
        let mut failovers = Failovers::default();
        for (node, at_ms) in [(1, 0), (2, HOUR_MS)] {
            let allowed = failovers.handle_failure(&policy, 3, Some(NodeId(node)), at_ms);
            assert_eq!(allowed, Ok(()));
        }
        let on =
            |now_ms| failovers.failed_on(&policy, now_ms).into_iter().map(|node| node.0).collect::<Vec<_>>();
        assert_eq!(on(HOUR_MS), [1, 2]);
        assert_eq!(on(2 * HOUR_MS), [2]);
        assert_eq!(on(3 * HOUR_MS), [0; 0]);
    }
}
