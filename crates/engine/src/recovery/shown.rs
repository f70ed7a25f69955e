//! The parts that an operation has had under an earlier service, built again from what its hosts know, so that its record
//! tells them. It decides nothing.
//!
//! A host knows the newest order that has ended and the one that it carries out. Which steps an operation has taken before
//! these follows from its goal: what was brought up again had been stopped. Parts whose turn has not come are shown when it
//! comes, as in any operation.

use mainstay_types::operation::Part as ShownPart;
use mainstay_types::order::{Held, Outcome, Step};
use mainstay_types::{OperationId, ResourceId, ResourceState};

use crate::Engine;
use crate::graph;
use crate::limits::PARTS_SHOWN_MAX;
use crate::live::Goal;
use crate::operation::{PartGoal, PartState, told};

/// A part that a resource has had of an operation that goes on, or has now.
pub(super) struct Rebuilt {
    resource: ResourceId,
    part: ShownPart,
}

impl Engine {
    /// What an operation has done to a resource before this service was started, and what it is at; after the resource has
    /// got its place in it.
    pub(super) fn rebuilt_parts(
        &self,
        id: OperationId,
        resource: ResourceId,
        goal: &PartGoal,
        held: Option<&Held>,
    ) -> Vec<Rebuilt> {
        let Some((operation, live)) = self.operations.get(&id).zip(self.live.get(&resource)) else {
            return Vec::new();
        };
        let Some(part) = operation.parts.get(&resource) else { return Vec::new() };
        let (at_ms, now_ms) = (operation.record.at_ms, self.now.unix_ms);
        // Since it stands as it does, or since its host is busy with it.
        let since_ms = self.startup.since_unix_ms.get(&resource).copied();
        let since_ms = since_ms.filter(|since_ms| (at_ms..=now_ms).contains(since_ms));
        let ended = |goal: Goal, outcome: String| ShownPart {
            resource: self.shared_name_of(resource),
            action: goal.word().to_owned(),
            began_at_ms: at_ms,
            ended_at_ms: Some(since_ms.unwrap_or(now_ms)),
            outcome,
            is_rebuilt: true,
        };
        let mut parts = Vec::new();
        let last = held.and_then(|held| held.last.as_ref()).filter(|(order, _)| order.operation == id);
        if let Some((order, outcome)) = last
            && let Some((goal_of_step, outcome)) = step_told(order.step, outcome, goal)
        {
            // What it brought up again it had stopped first.
            let had_stopped = match order.step {
                Step::Start => *goal == PartGoal::Cycle,
                Step::Restore => true,
                _ => false,
            };
            parts.extend(had_stopped.then(|| ended(Goal::Stop, told::OFFLINE.into())));
            parts.push(ended(goal_of_step, outcome));
        }
        let task = live.task.as_ref().filter(|task| task.operation == id);
        match (part.state, task) {
            (PartState::Running, Some(task)) => parts.push(ShownPart {
                began_at_ms: since_ms.unwrap_or(at_ms),
                ended_at_ms: None,
                is_rebuilt: since_ms.is_none(),
                ..ended(task.goal, String::new())
            }),
            (PartState::Ended, _) if parts.is_empty() => {
                let newest = held.and_then(|held| held.orders().last()).map(|order| order.operation);
                let by = live.claim.or(newest).filter(|by| *by > id);
                let outcome = match (&live.failure, by) {
                    (_, Some(by)) => Some(told::taken_over(by)),
                    (Some(cause), None) if live.state == ResourceState::Failed => Some(cause.to_string()),
                    _ => part.has_stopped.then(|| told::OFFLINE.to_owned()),
                };
                parts.extend(outcome.map(|outcome| ended(goal.next(), outcome)));
            }
            _ => {}
        }
        parts.into_iter().map(|part| Rebuilt { resource, part }).collect()
    }

    /// Puts parts into an operation's record, in the order in which they have ended, behind those that it tells already.
    pub(super) fn show_rebuilt(&mut self, id: OperationId, mut rebuilt: Vec<Rebuilt>) {
        // Of those that have ended at the same time: down before up, dependents down first and up last.
        rebuilt.sort_by_cached_key(|Rebuilt { resource, part }| {
            let is_up = [Goal::Start.word(), Goal::Restore.word()].contains(&part.action.as_str());
            let below = graph::with_providers(&self.model, [*resource]).len();
            let rank = if is_up { below } else { usize::MAX - below };
            (part.ended_at_ms.unwrap_or(u64::MAX), part.began_at_ms, is_up, rank)
        });
        let Some(operation) = self.operations.get_mut(&id) else { return };
        for Rebuilt { resource, part } in rebuilt {
            let shown = &mut operation.record.parts;
            let is_told = |told: &ShownPart| told.resource == part.resource && told.action == part.action;
            if shown.len() >= PARTS_SHOWN_MAX || part.ended_at_ms.is_some() && shown.iter().any(is_told) {
                continue;
            }
            if part.ended_at_ms.is_none()
                && let Some(running) = operation.parts.get_mut(&resource)
            {
                running.shown = Some(shown.len());
            }
            shown.push(part);
        }
    }
}

/// What a step is called, and what came of it, as the operation's record would have told it. `None` where another step
/// tells more: who was overtaken, and who has done nothing.
fn step_told(step: Step, outcome: &Outcome, goal: &PartGoal) -> Option<(Goal, String)> {
    let (told, done) = match step {
        Step::Start => (Goal::Start, told::ONLINE),
        Step::Restore => (Goal::Restore, told::ONLINE),
        Step::Stop => (Goal::Stop, told::OFFLINE),
        Step::Terminate | Step::CleanUp => match goal {
            PartGoal::Settle | PartGoal::Clean(_) => (Goal::Clean, told::OFFLINE),
            _ => (Goal::Terminate, told::OFFLINE),
        },
        Step::Open | Step::Close => return None,
    };
    let text = match outcome {
        Outcome::Done => done.to_owned(),
        Outcome::FoundOnline => told::ONLINE.to_owned(),
        Outcome::Failed(cause) => cause.to_string(),
        Outcome::Vetoed(cause) => told::vetoed(cause),
        Outcome::Cancelled | Outcome::StaleEpoch(_) | Outcome::NotOpen => return None,
    };
    Some((told, text))
}
