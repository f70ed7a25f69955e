//! What becomes of a group whose resource is restarted no more: another node, if there is one and attempts are left.
//!
//! Owns the count against FailoverThreshold within FailoverPeriod. Which node it would be is placement's; it moves
//! nothing.

use mainstay_types::{GroupId, NodeId, ResourceId};

use super::show::duration;
use crate::Engine;
use crate::model::Model;
use crate::model::objects::Group;

/// Why a group is not failed over.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum NoFailover {
    #[error("its group is not failed over: there is no other node")]
    NoOtherNode,
    #[error("its group is not failed over: no other node is up")]
    NoOtherNodeUp,
    #[error(
        "its group is not failed over: {count} failovers within {period} are all that FailoverThreshold allows"
    )]
    UsedUp { count: u32, period: String },
}

impl Engine {
    /// Restarts of this resource are used up and its group is to be told. Answers why that leads nowhere.
    pub(super) fn fail_over(&mut self, resource: ResourceId) -> Option<NoFailover> {
        let group = self.model.group(self.group_of(resource)?)?;
        let target = other_node(&self.model, self.config.node, group);
        let (max, period_ms) = self.failover_limit(group);
        let count = self.failovers(group.id, period_ms);
        match target {
            Err(reason) => Some(reason),
            Ok(_) if count >= max => Some(NoFailover::UsedUp { count, period: duration(period_ms) }),
            Ok(_) => {
                let (id, now_ms) = (group.id, self.now.steady_ms);
                self.policies.failovers.entry(id).or_default().record(now_ms);
                None
            }
        }
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

/// The node that a group would go to. To be asked of placement, when there is more than one node to choose from: a
/// group cannot be given to another node yet, so no node is ever up beside this one.
fn other_node(model: &Model, here: NodeId, _group: &Group) -> Result<NodeId, NoFailover> {
    match model.nodes().any(|node| node.id != here) {
        true => Err(NoFailover::NoOtherNodeUp),
        false => Err(NoFailover::NoOtherNode),
    }
}
