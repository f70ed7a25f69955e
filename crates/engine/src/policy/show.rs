//! What everybody sees of the policies: what is planned for a resource, and how many attempts are left.

use mainstay_types::glance::Recovery as Shown;
use mainstay_types::{ObjectId, ResourceId, ResourceState};

use super::{Phase, Recovery};
use crate::Engine;
use crate::live::Live;
use crate::model::objects::Resource;

impl Engine {
    /// What is planned for a resource.
    pub(crate) fn shown_recovery(&self, resource: &Resource) -> Option<Shown> {
        let recovery = self.policies.recoveries.get(&resource.id)?;
        let has_failed = |live: &Live| live.state == ResourceState::Failed;
        if !self.live.get(&resource.id).is_some_and(has_failed) && !self.is_ailing(resource.id) {
            return None;
        }
        let unix_ms = |at_ms: u64| self.now.unix_ms + at_ms.saturating_sub(self.now.steady_ms);
        let restart = |at_ms: u64, number: u32| Shown::Restart {
            at_ms: (!resource.in_maintenance).then(|| unix_ms(at_ms)),
            number,
            max: resource.restart.threshold,
            period_ms: resource.restart.period_ms,
        };
        Some(match recovery.phase {
            Phase::Quiet | Phase::Cleaning => return None,
            Phase::Waiting { at_ms, number } => restart(at_ms, number),
            Phase::Due { number } => restart(self.now.steady_ms, number),
            Phase::GivenUp { retry_at_ms } => Shown::GivenUp { until_ms: retry_at_ms.map(unix_ms) },
        })
    }

    /// The failed resource whose restart brings this one back, which went down with it.
    pub(crate) fn companion_of(&self, id: ResourceId) -> Option<ResourceId> {
        self.live.get(&id).filter(|live| live.state != ResourceState::Online)?;
        let comes = |recovery: &Recovery| recovery.phase != Phase::Quiet && recovery.companions.contains(&id);
        self.policies.recoveries.iter().find(|(_, recovery)| comes(recovery)).map(|(with, _)| *with)
    }

    /// CLUSCTL_RESOURCE_GET_FAILURE_INFO and CLUSCTL_GROUP_GET_FAILURE_INFO; `None` for another kind of object.
    pub(crate) fn failure_info(&self, object: &ObjectId) -> Option<Vec<u8>> {
        match object {
            ObjectId::Resource(id) => Some(failure_info(self.resource_failure_info(*id))),
            ObjectId::Group(id) => {
                self.model.group(*id).map(|group| failure_info(self.group_failure_info(group)))
            }
            _ => None,
        }
    }

    /// Restarts that are left within the period, and how long the oldest one still counts, in milliseconds.
    fn resource_failure_info(&self, id: ResourceId) -> (u32, u64) {
        let Some(policy) = self.restart_policy(id) else { return (0, 0) };
        let (period_ms, now_ms) = (u64::from(policy.period_ms), self.now.steady_ms);
        let history = self.policies.recoveries.get(&id).map(|recovery| &recovery.history);
        let count = history.map_or(0, |found| found.count(period_ms, now_ms));
        let remaining_ms = history.map_or(0, |found| found.remaining_ms(period_ms, now_ms));
        (policy.threshold.saturating_sub(count), remaining_ms)
    }
}

/// {DWORD attempts remaining; DWORD period remaining}, which is in milliseconds.
fn failure_info((attempts, remaining_ms): (u32, u64)) -> Vec<u8> {
    let remaining_ms = u32::try_from(remaining_ms).unwrap_or(u32::MAX);
    [attempts.to_le_bytes(), remaining_ms.to_le_bytes()].concat()
}

/// A span of time in the largest unit that says it exactly: `500 ms`, `15 min`, `6 h`.
pub(crate) fn duration(ms: u64) -> String {
    let units = [(3_600_000, "h"), (60_000, "min"), (1_000, "s")];
    match units.into_iter().find(|(unit_ms, _)| ms > 0 && ms.is_multiple_of(*unit_ms)) {
        Some((unit_ms, unit)) => format!("{} {unit}", ms / unit_ms),
        None => format!("{ms} ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn a_duration_has_its_largest_whole_unit() {
        for (ms, expected) in [
            (0, "0 ms"),
            (500, "500 ms"),
            (1_000, "1 s"),
            (1_500, "1500 ms"),
            (90_000, "90 s"),
            (900_000, "15 min"),
            (21_600_000, "6 h"),
        ] {
            assert_eq!(duration(ms), expected);
        }
    }
}
