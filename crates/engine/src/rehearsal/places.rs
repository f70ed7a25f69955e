//! Where groups would go: placement asked about a situation that is not there yet.
//!
//! It changes the question and decides nothing: the answer is [`crate::placement`]'s.

use mainstay_types::plan::PlannedPlacement;
use mainstay_types::{GroupId, NodeId, NodeState};

use crate::placement::{Decision, Situation, Step, Wish, decide};
use crate::view::View;

impl View<'_> {
    /// What would become of the groups if a node were lost: those for which anything would be decided otherwise than now.
    pub fn plan_node_loss(self, node: NodeId, local_hour: Option<u8>) -> Vec<PlannedPlacement> {
        let mut situation = self.situation(local_hour);
        let now = decide(&situation);
        if let Some(lost) = situation.nodes.iter_mut().find(|known| known.id == node) {
            lost.membership = NodeState::Down;
        }
        let then = decide(&situation);
        let is_other = |decision: &&Decision| {
            now.of(decision.group.id).is_none_or(|before| before.step != decision.step)
        };
        then.decisions.iter().filter(is_other).filter_map(|decision| self.planned(decision)).collect()
    }

    /// Where a group would go if it were moved, to a node or to any other one.
    pub fn plan_move(
        self,
        group: GroupId,
        to: Option<NodeId>,
        local_hour: Option<u8>,
    ) -> Vec<PlannedPlacement> {
        let mut situation: Situation = self.situation(local_hour);
        if let Some(moved) = situation.groups.iter_mut().find(|known| known.id == group) {
            moved.wish = to.map_or(Wish::MoveAway, Wish::MoveTo);
        }
        let plan = decide(&situation);
        plan.of(group).and_then(|decision| self.planned(decision)).into_iter().collect()
    }

    fn planned(self, decision: &Decision) -> Option<PlannedPlacement> {
        let group = self.model().group(decision.group.id)?;
        Some(PlannedPlacement {
            group: group.id,
            name: group.name.clone(),
            to: decision.step.target().map(|node| node.id),
            is_lost: matches!(decision.step, Step::Nowhere { .. }),
            decision: decision.to_string(),
            nodes: decision.table.iter().map(ToString::to_string).collect(),
        })
    }
}
