//! What a call would do: the document that `own_codes::plan` carries and `mainstay plan` shows.

use serde::{Deserialize, Serialize};

use crate::operation::End;
use crate::{GroupId, Name, NodeId, ResourceState, Status};

/// What a call would be answered, and what it would lead to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CallPlan {
    /// What the call would be answered: 0, 997, or the refusal.
    pub answer: Status,
    /// A refusal in words, as the call itself would have it; empty when it would not be refused.
    pub text: String,
    /// Each resource's part, in the order of their turns.
    pub steps: Vec<PlannedStep>,
    /// How the operation would end; `None` for a call that is refused or over with its answer, or that would not end
    /// within what is looked ahead.
    pub end: Option<End>,
    /// How long it would take as a whole, in milliseconds; `None` while a step's length is not known.
    pub takes_ms: Option<u64>,
    /// Resources that would be in another state than now.
    pub changes: Vec<StateChange>,
    /// What the plan rests on, for people.
    pub notes: Vec<String>,
}

/// One resource's part.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PlannedStep {
    /// The resource.
    pub resource: Name,
    /// What would be done to it: `stop`, `start`, `terminate`.
    pub action: String,
    /// When its turn would come, in milliseconds after the call; the earliest, while the length of a step before it is not
    /// known.
    pub begins_in_ms: u64,
    /// How long it would take, in milliseconds; `None` when it was never seen to be done.
    pub takes_ms: Option<u64>,
    /// From how many past runs that is known.
    pub runs: u32,
    /// What would become of it.
    pub outcome: String,
}

/// A resource's state now and afterwards.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StateChange {
    /// The resource.
    pub resource: Name,
    /// Now.
    pub from: ResourceState,
    /// Afterwards; `None` when it would be deleted.
    pub to: Option<ResourceState>,
}

/// What placement would decide for a group.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PlannedPlacement {
    /// The group.
    pub group: GroupId,
    /// Its name.
    pub name: Name,
    /// The node that would own it; `None` when it stays where it is, or no node could take it.
    pub to: Option<NodeId>,
    /// Whether it would have no node at all.
    pub is_lost: bool,
    /// The decision in words, with its reason.
    pub decision: String,
    /// What speaks for and against each node, in lines.
    pub nodes: Vec<String>,
}

/// What is planned.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Plan {
    /// A call.
    Call(CallPlan),
    /// Groups on nodes.
    Placement(Vec<PlannedPlacement>),
}
