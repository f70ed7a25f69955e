//! What tests see of the policies: what must hold after every input.

use mainstay_types::{ResourceId, ResourceState};

use super::Phase;
use crate::Engine;
use crate::timers::Timer;

impl Engine {
    /// What is planned is planned for what has failed and is proven to have stopped, or for what has failed inside and
    /// runs on; and its time will come.
    pub(crate) fn check_policies(&self, input: &str) {
        for (id, recovery) in &self.policies.recoveries {
            let (name, phase) = (self.name_of(*id), recovery.phase);
            if matches!(phase, Phase::Quiet | Phase::Cleaning) {
                continue;
            }
            let is_clean =
                self.live.get(id).is_some_and(|live| live.state == ResourceState::Failed && !live.unproven);
            let has_failed = is_clean || self.is_ailing(*id);
            assert!(has_failed, "policy: '{name}' is {phase:?} and not failed and stopped, after {input}");
            let is_timed = match phase {
                Phase::Due { .. } => self.policies.due.contains(id),
                Phase::GivenUp { retry_at_ms: None } => true,
                _ => self.timers.is_set(Timer::Restart(*id)),
            };
            assert!(is_timed, "policy: '{name}' is {phase:?}, and nothing will wake it, after {input}");
        }
    }

    /// Restarts that are to take place, and failures whose policy has not decided.
    pub(crate) fn planned_restarts(&self) -> Vec<ResourceId> {
        let is_open = |phase: Phase| !matches!(phase, Phase::Quiet | Phase::GivenUp { .. });
        let recoveries = self.policies.recoveries.iter();
        recoveries.filter(|(_, recovery)| is_open(recovery.phase)).map(|(id, _)| *id).collect()
    }
}
