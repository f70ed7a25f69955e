//! What the world sees of restarts, and what must hold of them by the numbers of the properties alone: never sooner
//! than RestartDelay after the failure, never more than RestartThreshold within RestartPeriod, none with RestartAction 0.

use mainstay_types::operation::Verb;
use mainstay_types::status_information::ResourceStatusInformation;
use mainstay_types::{ObjectId, OperationId, ResourceId};

use super::World;
use crate::policy::settings::{RestartAction, RestartPolicy};

/// What was seen of one resource since the service started and its policy last changed.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    policy: RestartPolicy,
    failed_at_ms: Option<u64>,
    /// When it had failed before that.
    failed_before_ms: Option<u64>,
    /// When it was restarted, since the last pause of RetryPeriodOnFailure.
    restarts: Vec<u64>,
}

impl World {
    /// The policy of a resource is about to change: what was planned by the old one is no violation of the new one.
    pub(super) fn forget_restarts(&mut self, id: ResourceId) {
        self.restarts.remove(&id);
    }

    /// What was seen of a resource under the policy that it has.
    fn seen(&mut self, id: ResourceId) -> Option<&mut Seen> {
        let policy = self.engine.view().model().resource(id)?.restart;
        let seen = self.restarts.entry(id).or_default();
        if seen.policy != policy {
            *seen = Seen { policy, ..Seen::default() };
        }
        Some(seen)
    }

    /// Watchers were told that a resource has failed.
    pub(super) fn watch_failure(&mut self, id: ResourceId) {
        let now_ms = self.now.steady_ms;
        if let Some(seen) = self.seen(id) {
            // Told twice at one time, it is one failure.
            if seen.failed_at_ms != Some(now_ms) {
                seen.failed_before_ms = seen.failed_at_ms;
            }
            seen.failed_at_ms = Some(now_ms);
        }
    }

    /// Watchers were told of a resource's status: it may have failed inside, which is a failure as any other.
    pub(super) fn watch_inside(&mut self, id: ResourceId) {
        let has_failed =
            self.engine.resource_status(id).contains(ResourceStatusInformation::EMBEDDED_FAILURE);
        if !has_failed {
            self.failed_inside.remove(&id);
        } else if self.failed_inside.insert(id) {
            self.watch_failure(id);
        }
    }

    /// Restarts that have begun since the last look.
    pub(super) fn watch_restarts(&mut self) {
        let is_restart = |verb: Verb, why: &str| verb == Verb::Recover && why.starts_with("restart ");
        let operations = self.engine.operations.iter();
        let begun: Vec<(OperationId, ResourceId)> = operations
            .filter(|(_, found)| is_restart(found.record.verb, &found.record.reason_text))
            .filter_map(|(id, found)| match found.record.object {
                ObjectId::Resource(resource) => Some((*id, resource)),
                _ => None,
            })
            .collect();
        for (operation, resource) in begun {
            if self.restarts_seen.insert(operation) {
                self.check_restart(resource);
            }
        }
    }

    fn check_restart(&mut self, id: ResourceId) {
        let (now_ms, name) = (self.now.steady_ms, self.engine.name_of(id));
        let Some(seen) = self.seen(id) else { return };
        let policy = seen.policy;
        // Without a failure, it was planned by an earlier policy.
        // One that fails at once has failed before this look at it: then the failure before is what it was for.
        let earlier_ms = seen.failed_before_ms.filter(|_| seen.failed_at_ms == Some(now_ms));
        let Some(failed_at_ms) = earlier_ms.or(seen.failed_at_ms) else { return };
        assert!(policy.action != RestartAction::Stay, "policy: '{name}' is restarted with RestartAction 0");
        let after_ms = now_ms - failed_at_ms;
        let delay_ms = u64::from(policy.delay_ms);
        assert!(after_ms >= delay_ms, "policy: '{name}' is restarted {after_ms} ms after it failed");
        // A new cycle counts from zero.
        if seen.restarts.last().is_some_and(|last_ms| now_ms - last_ms >= u64::from(policy.retry_ms)) {
            seen.restarts.clear();
        }
        seen.restarts.retain(|at_ms| now_ms - at_ms <= u64::from(policy.period_ms));
        seen.restarts.push(now_ms);
        let (count, max) = (seen.restarts.len(), policy.threshold);
        assert!(
            count <= max as usize,
            "policy: '{name}' is restarted {count} times, RestartThreshold is {max}"
        );
    }
}
