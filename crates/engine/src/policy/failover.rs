//! What becomes of a group whose resource is restarted no more: another node, if there is one and attempts are left.
//!
//! Owns the count against FailoverThreshold within FailoverPeriod. Which node it would be is placement's; it moves
//! nothing.

use mainstay_types::{GroupId, NodeId, ResourceId};

use super::show::duration;
use crate::Engine;
use crate::model::objects::Group;

/// Why a group is not failed over.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum NoFailover {
    #[error("its group is not failed over: there is no other node")]
    OneNode,
    #[error("its group is not failed over: {reason}")]
    NoTarget { reason: String },
    #[error(
        "its group is not failed over: {count} failovers within {period} are all that FailoverThreshold allows"
    )]
    UsedUp { count: u32, period: String },
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
        let (max, period_ms) = self.failover_limit(group);
        let (id, count) = (group.id, self.failovers(group.id, period_ms));
        if count >= max {
            return Some(NoFailover::UsedUp { count, period: duration(period_ms) });
        }
        Some(match self.failover_target(id) {
            Err(none) => NoFailover::NoTarget { reason: none.reason },
            Ok(node) => {
                // The attempt counts, whatever comes of it.
                let now_ms = self.now.steady_ms;
                self.policies.failovers.entry(id).or_default().record(now_ms);
                NoFailover::NotMoved { node }
            }
        })
    }

    fn failover_limit(&self, group: &Group) -> (u32, u64) {
        (group.policy.failovers_max(self.model.nodes().count()), group.policy.failover_period_ms())
    }

    /// Failovers that count now.
    fn failovers(&self, group: GroupId, period_ms: u64) -> u32 {
        let history = self.policies.failovers.get(&group);
        history.map_or(0, |history| history.count(period_ms, self.now.steady_ms))
    }

    /// Failovers that are left within the period, and how long the oldest one still counts, in milliseconds.
    pub(super) fn group_failure_info(&self, group: &Group) -> (u32, u64) {
        let (max, period_ms) = self.failover_limit(group);
        let history = self.policies.failovers.get(&group.id);
        let remaining_ms = history.map_or(0, |found| found.remaining_ms(period_ms, self.now.steady_ms));
        (max.saturating_sub(self.failovers(group.id, period_ms)), remaining_ms)
    }

    /// The group is gone.
    pub(crate) fn forget_failovers(&mut self, group: GroupId) {
        self.policies.failovers.remove(&group);
    }
}
