//! Placement: where each group is to be. A pure function from a [`Situation`] to a [`Plan`].
//!
//! Owns the rules by which a node is chosen, what forbids one, the order in which decisions are carried out, the limits
//! of what happens at once, and the reason of each decision, as data and in words. It never looks at anything that is
//! not in its input, keeps nothing between two calls, and carries nothing out: whoever moves a group claims it first,
//! with the proof that a claim demands. The same situation gives the same plan on every node, in whatever order its
//! lists are.
//!
//! ```text
//!   Situation ─► board ─► need ─────────► survey ───────────► decide ─► Plan
//!                who      who needs a     what forbids each   best node,
//!                sits     node, and why   node, and how it    limits,
//!                where                    stands              failback
//! ```
//!
//! **Calm comes first.** What runs is left alone unless there is a cause: its node is gone, drained or quarantined, it
//! failed there for good, somebody asked, or AutoFailback lets it return to a node that it prefers. Load is a reason to
//! choose between nodes, never one to move.
//!
//! **What forbids a node**: it is no working member, or is paused, drained or quarantined; it is no possible owner of
//! every resource; the group is locked to another one; an affinity rule, or enforced anti-affinity; too little of what
//! was declared. **What makes one better**, in this order: the group has not
//! failed there within its FailoverPeriod; it is not to be avoided; fewer groups of the same class; it
//! is where the group is (for one that is merely started); the order of the preferred owners; the preferred site; the
//! default owner; more room; the lower number.
//!
//! **A start where a group is** asks the same of its own node: `NoPlace`.

mod adapter;
mod board;
mod decide;
mod decision;
mod need;
mod order;
mod room;
mod situation;
mod start;
mod survey;
mod terms;
#[cfg(test)]
pub(crate) mod tests;
mod words;

use mainstay_types::GroupId;

pub use adapter::NoOtherNode;
use board::Board;
use decide::Decider;
pub use decision::{
    Cause, Choice, Decision, Explanation, GroupRef, NodeRef, Objection, Plan, Row, Standing, Stay, Step, Wait,
};
pub use situation::{
    Activity, AffinityRule, Capacity, Demand, Failback, Group, Limits, Node, RuleKind, Situation, Wish,
};
pub(crate) use start::NoPlace;
use survey::{Ask, survey};
pub(crate) use terms::node_status;
pub use terms::{GroupTerms, NodeTerms};

/// What is to be done with every group.
pub fn decide(situation: &Situation) -> Plan {
    let mut decider = Decider::run(situation);
    let decisions = (0..situation.groups.len()).map(|index| decider.decision(index)).collect();
    Plan { decisions }
}

/// What else is on a group's node and speaks against its start there; `None` for a group that nobody owns.
fn against_start(situation: &Situation, group: GroupId) -> Option<Row> {
    let board = Board::new(situation);
    let index = board.find(group)?;
    let home = board.groups[index].owner?;
    let ask = Ask { members: &[index], cause: Cause::ToStart, runs: true, only: None };
    let mut row = survey(&board, &ask).swap_remove(home);
    row.objections.retain(Objection::is_of_others);
    Some(row)
}

/// What is to be done with one group, with what speaks for and against each node; `None` when there is no such group.
pub fn explain(situation: &Situation, group: GroupId) -> Option<Explanation> {
    let mut decider = Decider::run(situation);
    let index = decider.board.find(group)?;
    let state = decider.board.groups[index].group.state;
    let mut decision = decider.decision(index);
    if decision.table.is_empty() {
        let ask = Ask { members: &[index], cause: Cause::ToStart, runs: true, only: None };
        decision.table = survey(&decider.board, &ask);
    }
    Some(Explanation { state, decision })
}
