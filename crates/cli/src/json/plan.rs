//! The documents of `mainstay plan --json`.

use mainstay_types::operation::End;
use mainstay_types::plan::{CallPlan, PlannedPlacement, PlannedStep, StateChange};
use serde::Serialize;

use super::StatusDocument;
use crate::failure::Failure;

/// What a call would lead to.
#[derive(Clone, Debug, Serialize)]
pub struct CallPlanDocument {
    /// Whether it would be refused.
    pub refused: bool,
    /// What it would be answered.
    pub answer: StatusDocument,
    /// The refusal in words; empty when it would not be refused.
    pub text: String,
    /// Each resource's part, in the order of their turns.
    pub steps: Vec<StepDocument>,
    /// How the operation would end, by its word.
    pub end: Option<&'static str>,
    /// How long it would take as a whole; `null` while a step's length is not known.
    pub takes_ms: Option<u64>,
    /// Resources that would be in another state.
    pub changes: Vec<ChangeDocument>,
    /// What the plan rests on.
    pub notes: Vec<String>,
}

/// One resource's part.
#[derive(Clone, Debug, Serialize)]
pub struct StepDocument {
    /// The resource.
    pub resource: String,
    /// What would be done to it.
    pub action: String,
    /// When its turn would come, after the call; the earliest, while the length of a step before it is not known.
    pub begins_in_ms: u64,
    /// How long it would take; `null` when it was never seen to be done.
    pub takes_ms: Option<u64>,
    /// From how many past runs that is known.
    pub runs: u32,
    /// What would become of it.
    pub outcome: String,
}

/// A resource's state now and afterwards.
#[derive(Clone, Debug, Serialize)]
pub struct ChangeDocument {
    /// The resource.
    pub resource: String,
    /// Now.
    pub from: String,
    /// Afterwards; `null` when it would be deleted.
    pub to: Option<String>,
}

/// What placement would decide for a group.
#[derive(Clone, Debug, Serialize)]
pub struct PlacementDocument {
    /// The group.
    pub group: String,
    /// Its id.
    pub id: String,
    /// The number of the node that would own it; `null` when it stays, or no node could take it.
    pub to: Option<String>,
    /// Whether it would have no node at all.
    pub lost: bool,
    /// The decision in words.
    pub decision: String,
    /// What speaks for and against each node.
    pub nodes: Vec<String>,
}

impl CallPlanDocument {
    pub(crate) fn new(plan: &CallPlan, refusal: Option<&Failure>) -> Self {
        Self {
            refused: refusal.is_some(),
            answer: plan.answer.into(),
            text: refusal.map(Failure::sentence).unwrap_or_default(),
            steps: plan.steps.iter().map(StepDocument::from).collect(),
            end: plan.end.as_ref().map(End::as_str),
            takes_ms: plan.takes_ms,
            changes: plan.changes.iter().map(ChangeDocument::from).collect(),
            notes: plan.notes.clone(),
        }
    }
}

impl From<&PlannedStep> for StepDocument {
    fn from(step: &PlannedStep) -> Self {
        Self {
            resource: step.resource.to_string(),
            action: step.action.clone(),
            begins_in_ms: step.begins_in_ms,
            takes_ms: step.takes_ms,
            runs: step.runs,
            outcome: step.outcome.clone(),
        }
    }
}

impl From<&StateChange> for ChangeDocument {
    fn from(change: &StateChange) -> Self {
        Self {
            resource: change.resource.to_string(),
            from: change.from.to_string(),
            to: change.to.map(|state| state.to_string()),
        }
    }
}

impl From<&PlannedPlacement> for PlacementDocument {
    fn from(found: &PlannedPlacement) -> Self {
        Self {
            group: found.name.to_string(),
            id: found.group.to_string(),
            to: found.to.map(|node| node.to_string()),
            lost: found.is_lost,
            decision: found.decision.clone(),
            nodes: found.nodes.clone(),
        }
    }
}
