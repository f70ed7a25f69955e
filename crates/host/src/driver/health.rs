//! Health checks: when they are due, and what follows from them.

use std::time::{Duration, Instant};

use mainstay_types::ResourceId;
use mainstay_types::order::{Cause, News};

use super::resource::{HeldResource, Standing};
use super::{Action, Call, HEALTH_INTERVAL_MIN, HostCore};

impl HeldResource {
    /// Begins the checks of a resource that has just come online. The first ones are spread over the interval, so
    /// that resources that came online together are not checked together for ever.
    pub(super) fn schedule_checks(&mut self, now: Instant) {
        // Steps of the golden ratio lie evenly between 0 and 1, however many there are.
        let part = (self.instance.0 as f64 * 0.618_033_988_75).fract();
        let first = |interval: Option<Duration>| {
            interval.map(|interval| now + interval.mul_f64(part).max(HEALTH_INTERVAL_MIN))
        };
        self.looks_alive_at = first(interval(self.opening.looks_alive_interval_ms));
        self.is_alive_at = first(interval(self.opening.is_alive_interval_ms));
    }

    pub(super) fn end_checks(&mut self) {
        (self.looks_alive_at, self.is_alive_at) = (None, None);
    }

    /// The check that is due, if one is. A thorough one stands for a quick one.
    pub(super) fn due_check(&mut self, now: Instant) -> Option<Call> {
        if self.next_check()? > now {
            return None;
        }
        if self.is_alive_at.is_some_and(|time| time <= now) {
            self.end_checks();
            return Some(Call::IsAlive);
        }
        self.looks_alive_at = None;
        Some(Call::LooksAlive)
    }
}

/// 0 and the greatest number both say "never".
fn interval(interval_ms: u32) -> Option<Duration> {
    match interval_ms {
        0 | u32::MAX => None,
        interval_ms => Some(Duration::from_millis(interval_ms.into()).max(HEALTH_INTERVAL_MIN)),
    }
}

impl HostCore {
    pub(super) fn looked_alive(&mut self, resource: ResourceId, looks: bool, now: Instant) {
        let Some(held) = self.resources.get_mut(&resource) else { return };
        if held.standing != Standing::Online || held.running.is_some() {
            return;
        }
        if looks {
            held.looks_alive_at =
                interval(held.opening.looks_alive_interval_ms).map(|interval| now + interval);
        } else {
            held.is_alive_at = Some(now);
        }
    }

    pub(super) fn was_alive(
        &mut self,
        resource: ResourceId,
        result: Result<(), Cause>,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        let Some(held) = self.resources.get_mut(&resource) else { return };
        // An order that waits for this check knows better what it wants.
        if held.standing != Standing::Online || held.running.is_some() {
            return;
        }
        match result {
            Ok(()) => {
                let next = |interval_ms| interval(interval_ms).map(|interval| now + interval);
                held.looks_alive_at = next(held.opening.looks_alive_interval_ms);
                held.is_alive_at = next(held.opening.is_alive_interval_ms);
            }
            Err(cause) => self.fail(resource, cause, now, actions),
        }
    }

    /// The resource was online and is so no longer.
    pub(super) fn fail(
        &mut self,
        resource: ResourceId,
        cause: Cause,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        let Some(held) = self.resources.get_mut(&resource) else { return };
        held.stand(Standing::Failed(cause.clone()), now);
        held.end_checks();
        let epoch = held.epoch;
        self.report(resource, epoch, News::Failed(cause), actions);
    }
}
