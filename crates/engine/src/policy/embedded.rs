//! What has failed inside of something that runs on: the application in a virtual machine, say (EmbeddedFailureAction).
//!
//! ```text
//!   Online, failed inside ──► at rest ──┬─ action 0 ──► nothing more
//!      ▲                                ├─ action 1 ──► the journal tells of it
//!      │                                └─ action 2 ──► restarts left? ──no──► (failover first) given up,
//!      │                                                    │ yes               runs on as it is
//!      │ vetoed, locked: given up                           ▼
//!      └────────────── stopped gracefully, and started ◄── Due ◄── RestartDelay
//! ```
//!
//! Owns what is not answered yet. The numbers, the plan and the counts are those of failures ([`super::recovery`]): a
//! restart is a restart. The difference is that the resource serves meanwhile, so nothing is terminated, and a type that
//! refuses to stop is heeded. What is in maintenance is answered when that is over.

use std::collections::BTreeMap;

use mainstay_types::operation::{End, Verb};
use mainstay_types::order::Cause;
use mainstay_types::{HostId, ObjectId, OfflineReason, ResourceId, ResourceState};

use super::Phase;
use super::recovery::{restart_text, used_up};
use super::restart::{Verdict, decide_inside};
use super::settings::EmbeddedFailureAction;
use crate::Engine;
use crate::effect::Effect;
use crate::graph;
use crate::operation::PartGoal;
use crate::seeded::{self, Bug};
use crate::timers::Timer;

impl Engine {
    /// A host reports that something in an online resource has failed. Once: what fails again in what has failed is no
    /// news.
    pub(crate) fn handle_embedded_failure(&mut self, id: ResourceId, host: HostId, cause: Cause) {
        let Some(live) = self.live.get_mut(&id).filter(|live| live.open == Some(host)) else { return };
        let is_up = matches!(live.state, ResourceState::Online | ResourceState::OfflinePending);
        if !is_up || live.embedded_failure.is_some() {
            return;
        }
        live.embedded_failure = Some(cause);
        self.touch_status(id);
        self.note_embedded_failure(id);
    }

    /// What has failed inside is to be answered as soon as it is at rest.
    pub(crate) fn note_embedded_failure(&mut self, id: ResourceId) {
        self.policies.ailing.insert(id);
        self.stir_policies();
    }

    /// Whether it serves, and something in it has failed.
    pub(super) fn is_ailing(&self, id: ResourceId) -> bool {
        let live = self.live.get(&id);
        live.is_some_and(|live| live.state == ResourceState::Online && live.embedded_failure.is_some())
    }

    pub(super) fn answer_embedded_failures(&mut self) {
        for id in self.policies.ailing.clone() {
            if self.live.get(&id).is_none_or(|live| live.embedded_failure.is_none()) {
                // It was stopped, or has failed as a whole.
                self.policies.ailing.remove(&id);
            } else if self.is_ailing(id) && self.is_at_rest(id) && !self.is_in_maintenance(id) {
                self.policies.ailing.remove(&id);
                self.answer_embedded_failure(id);
            }
        }
    }

    fn answer_embedded_failure(&mut self, id: ResourceId) {
        let Some(policy) = self.restart_policy(id) else { return };
        let now_ms = self.now.steady_ms;
        let recovery = self.policies.recoveries.entry(id).or_default();
        match decide_inside(&policy, &recovery.history, now_ms) {
            None if policy.embedded == EmbeddedFailureAction::Tell => {
                self.tell_embedded_failure(id, "EmbeddedFailureAction 1");
            }
            None => {}
            Some(Verdict::Restart { at_ms, number }) => {
                recovery.phase = Phase::Waiting { at_ms, number };
                self.timers.set(Timer::Restart(id), at_ms);
                self.tell_status(id);
            }
            Some(Verdict::Never) => self.tell_embedded_failure(id, "RestartAction 0"),
            Some(Verdict::UsedUp) => self.give_up_inside(id, &used_up(&policy)),
            Some(Verdict::FailOver) => {
                let reason = match self.fail_over(id) {
                    Some(reason) => format!("{}, and {reason}", used_up(&policy)),
                    None => used_up(&policy),
                };
                self.give_up_inside(id, &reason);
            }
        }
    }

    /// The journal has it; nothing more follows.
    fn tell_embedded_failure(&mut self, id: ResourceId, since: &str) {
        let Some(cause) = self.live.get(&id).and_then(|live| live.embedded_failure.clone()) else { return };
        let operation = self.new_operation_id();
        let why = format!("it has failed inside, and runs on as it is ({since}): {cause}");
        let mut record = self.internal_record(operation, Verb::Recover, ObjectId::Resource(id), &why);
        record.ended_at_ms = Some(self.now.unix_ms);
        record.end = Some(End::Done);
        self.effects.push(Effect::Journal(Box::new(record)));
    }

    /// It was to be stopped and started anew, and something refused to stop.
    pub(crate) fn heed_refusal(&mut self, id: ResourceId, cause: &Cause) {
        if self.is_ailing(id) {
            self.give_up_inside(id, &format!("it refused to stop: {cause}"));
        }
    }

    /// It runs on as it is until RetryPeriodOnFailure is over. Everybody is told why.
    fn give_up_inside(&mut self, id: ResourceId, reason: &str) {
        self.wait_for_retry(id);
        let failure = self.live.get_mut(&id).and_then(|live| live.embedded_failure.as_mut());
        let Some(failure) = failure else { return };
        if !failure.text.ends_with(reason) {
            failure.text = format!("{}; {reason}", failure.text);
        }
        let cause = failure.clone();
        self.record_given_up(id, reason, cause);
        self.tell_status(id);
    }

    /// Its RestartDelay is over: it is stopped and started anew, with what stops for it, as soon as all of that is at
    /// rest and nothing of it is locked.
    pub(super) fn try_restart_inside(&mut self, id: ResourceId, number: u32) {
        let policy = self.restart_policy(id).filter(|policy| {
            policy.embedded == EmbeddedFailureAction::Recover
                && policy.action != super::settings::RestartAction::Stay
        });
        // Somebody has changed what is to follow.
        let Some(policy) = policy else { return self.cancel_recovery(id) };
        let closure = graph::stop_closure(&self.model, &self.live, [id]);
        let can_stop = closure.iter().all(|member| {
            self.is_at_rest(*member)
                && self.live.get(member).is_some_and(|live| live.state == ResourceState::Online)
        });
        if self.is_in_maintenance(id) || !can_stop || self.stop_is_locked(id) {
            return;
        }
        let now_ms = self.now.steady_ms;
        self.policies.due.remove(&id);
        let recovery = self.policies.recoveries.entry(id).or_default();
        if !seeded::has(Bug::EmbeddedNotCounted) {
            recovery.history.record(now_ms);
        }
        recovery.phase = Phase::Quiet;
        let cause = self.live.get(&id).and_then(|live| live.embedded_failure.as_ref());
        let cause = cause.map(Cause::to_string).unwrap_or_default();
        let parts: BTreeMap<ResourceId, PartGoal> =
            closure.into_iter().map(|member| (member, PartGoal::Cycle)).collect();
        let why = format!("{}, since it has failed inside: {cause}", restart_text(&policy, number));
        self.start_own(Verb::Recover, ObjectId::Resource(id), parts, &why, |operation| {
            operation.ailing = Some(id);
            operation.reason = OfflineReason::BeingRestarted;
            operation.record.reason = Some(OfflineReason::BeingRestarted);
        });
    }
}
