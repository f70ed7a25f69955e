//! From a failure to the restart: what is planned for a resource, what cancels it, and who comes back with it.
//!
//! The states are those of the diagram in [`super`]. The numbers are [`super::restart`]'s. It orders nothing itself: a
//! restart is an operation of the service's own.

use std::collections::{BTreeMap, BTreeSet};

use mainstay_types::event::EventKind;
use mainstay_types::operation::{End, Verb};
use mainstay_types::order::Cause;
use mainstay_types::{ObjectId, OperationId, ResourceId, ResourceState, Status};

use super::restart::{Verdict, decide};
use super::settings::{RestartAction, RestartPolicy, UNSET};
use super::show::duration;
use super::{Phase, Recovery};
use crate::Engine;
use crate::alternatives::{self, Readiness};
use crate::effect::Effect;
use crate::graph;
use crate::operation::PartGoal;
use crate::timers::Timer;

/// Why a resource is not restarted now.
enum Obstacle {
    /// It comes back with this one, which it needs.
    Joins(ResourceId),
    /// It stays Failed, and why.
    Stays(String),
}

impl Engine {
    /// A resource that was online, or was to come online, has failed. What is left of it is taken down; then its
    /// policy decides.
    pub(crate) fn note_failure(&mut self, id: ResourceId) {
        self.timers.clear(Timer::Restart(id));
        self.policies.due.remove(&id);
        self.set_cleaning(id);
    }

    /// These go down because it has failed: they come back with it.
    pub(crate) fn note_companions(&mut self, id: ResourceId, others: impl IntoIterator<Item = ResourceId>) {
        if let Some(recovery) = self.policies.recoveries.get_mut(&id).filter(|it| it.phase != Phase::Quiet) {
            recovery.companions.extend(others.into_iter().filter(|other| *other != id));
        }
    }

    /// An operation's part has ended with the resource failed.
    pub(crate) fn heed_failed_part(
        &mut self,
        id: ResourceId,
        goal: Option<&PartGoal>,
        status: Status,
        proven: bool,
    ) {
        let was_to_run =
            matches!(goal, Some(PartGoal::Up | PartGoal::Restore | PartGoal::Cycle | PartGoal::Reopen));
        let lacks_provider = || !graph::may_start(&self.model, &self.live, id);
        if was_to_run && status == Status::CLUSTER_RESOURCE_PROVIDER_FAILED && lacks_provider() {
            return self.join_providers(id);
        }
        if was_to_run {
            self.note_failure(id);
        }
        if proven {
            self.decide_recovery(id);
        }
    }

    /// It did not start because of what it needs: it comes back with that.
    fn join_providers(&mut self, id: ResourceId) {
        for provider in graph::with_providers(&self.model, [id]) {
            self.note_companions(provider, [id]);
        }
    }

    /// Nothing of a failed resource is left: its policy decides.
    pub(crate) fn decide_recovery(&mut self, id: ResourceId) {
        let Some(policy) = self.restart_policy(id) else { return };
        let is_clean =
            self.live.get(&id).is_some_and(|live| live.state == ResourceState::Failed && !live.unproven);
        let now_ms = self.now.steady_ms;
        let Some(recovery) = self.policies.recoveries.get_mut(&id) else { return };
        if recovery.phase != Phase::Cleaning || !is_clean {
            return;
        }
        match decide(&policy, &recovery.history, now_ms) {
            Verdict::Restart { at_ms, number } => {
                recovery.phase = Phase::Waiting { at_ms, number };
                self.timers.set(Timer::Restart(id), at_ms);
            }
            Verdict::Never => self.cancel_recovery(id),
            Verdict::UsedUp => self.give_up(id, &used_up(&policy)),
            Verdict::FailOver => {
                let reason = match self.fail_over(id) {
                    Some(reason) => format!("{}, and {reason}", used_up(&policy)),
                    None => used_up(&policy),
                };
                self.give_up(id, &reason);
            }
        }
    }

    /// It stays Failed until RetryPeriodOnFailure is over. Everybody is told why.
    fn give_up(&mut self, id: ResourceId, reason: &str) {
        let remaining_ms = self.wait_for_retry(id);
        let Some(failure) = self.live.get_mut(&id).and_then(|live| live.failure.as_mut()) else { return };
        if !failure.text.ends_with(reason) {
            failure.text = format!("{}; {reason}", failure.text);
        }
        let cause = failure.clone();
        self.record_given_up(id, reason, cause);
        self.publish_terminal_state(id, remaining_ms);
    }

    /// Nothing is planned before RetryPeriodOnFailure is over. Answers for how long the oldest restart still counts, in
    /// milliseconds.
    pub(super) fn wait_for_retry(&mut self, id: ResourceId) -> u64 {
        let Some(policy) = self.restart_policy(id) else { return 0 };
        let now_ms = self.now.steady_ms;
        let retry_at_ms = (policy.retry_ms != UNSET).then(|| now_ms + u64::from(policy.retry_ms));
        self.policies.due.remove(&id);
        let recovery = self.policies.recoveries.entry(id).or_default();
        recovery.phase = Phase::GivenUp { retry_at_ms };
        match retry_at_ms {
            Some(at_ms) => self.timers.set(Timer::Restart(id), at_ms),
            None => self.timers.clear(Timer::Restart(id)),
        }
        recovery.history.remaining_ms(policy.period_ms.into(), now_ms)
    }

    pub(super) fn record_given_up(&mut self, id: ResourceId, reason: &str, cause: Cause) {
        let operation = self.new_operation_id();
        let mut record = self.internal_record(operation, Verb::Recover, ObjectId::Resource(id), reason);
        record.ended_at_ms = Some(self.now.unix_ms);
        record.end = Some(End::Failed(cause));
        self.effects.push(Effect::Journal(Box::new(record)));
    }

    /// RESOURCE_TERMINAL_FAILURE_INFO_BUFFER: BOOL isTerminal, DWORD restartPeriodRemaining in milliseconds.
    fn publish_terminal_state(&mut self, id: ResourceId, remaining_ms: u64) {
        let remaining_ms = u32::try_from(remaining_ms).unwrap_or(u32::MAX);
        let buffer = [1u32.to_le_bytes(), remaining_ms.to_le_bytes()].concat();
        self.publish_resource(EventKind::ResourceTerminalState, id, buffer);
    }

    /// Timer: RestartDelay or RetryPeriodOnFailure is over.
    pub(crate) fn handle_restart_timer(&mut self, id: ResourceId) {
        let Some(recovery) = self.policies.recoveries.get_mut(&id) else { return };
        match recovery.phase {
            Phase::Waiting { number, .. } => {
                recovery.phase = Phase::Due { number };
                self.policies.due.insert(id);
                self.policies.stirred = true;
            }
            Phase::GivenUp { .. } => {
                recovery.history.forget();
                recovery.phase = Phase::Quiet;
                if self.is_ailing(id) {
                    return self.note_embedded_failure(id);
                }
                self.set_cleaning(id);
                self.decide_recovery(id);
            }
            Phase::Quiet | Phase::Cleaning | Phase::Due { .. } => {}
        }
    }

    fn set_cleaning(&mut self, id: ResourceId) {
        self.policies.recoveries.entry(id).or_default().phase = Phase::Cleaning;
    }

    /// Some resource is free again: a restart that waits for it may begin.
    pub(crate) fn stir_policies(&mut self) {
        self.policies.stirred = true;
    }

    /// Whether starts and restarts are to be looked at before this step ends.
    pub(crate) fn has_stirred_policies(&self) -> bool {
        self.policies.stirred
    }

    /// At the end of each step: starts and restarts whose turn has come begin.
    pub(crate) fn go_on_with_policies(&mut self) {
        // What begins is left, or due, no longer: so this comes to an end.
        while std::mem::take(&mut self.policies.stirred) && self.is_ready() {
            self.answer_embedded_failures();
            for id in self.policies.due.clone() {
                self.try_restart(id);
            }
            self.go_on_with_start();
        }
    }

    fn try_restart(&mut self, id: ResourceId) {
        let Some(recovery) = self.policies.recoveries.get(&id) else { return };
        let Phase::Due { number } = recovery.phase else { return };
        if self.is_ailing(id) {
            return self.try_restart_inside(id, number);
        }
        let companions = recovery.companions.clone();
        let is_failed = self.live.get(&id).is_some_and(|live| live.state == ResourceState::Failed);
        let policy = self.restart_policy(id).filter(|policy| policy.action != RestartAction::Stay);
        let Some(policy) = policy.filter(|_| is_failed) else { return self.cancel_recovery(id) };
        if self.is_in_maintenance(id) {
            // When that is over.
            return;
        }
        let closure = self.restart_closure(id);
        if !closure.iter().chain(&companions).all(|member| self.is_at_rest(*member)) {
            return;
        }
        match self.obstacle(id, &closure) {
            Some(Obstacle::Joins(provider)) => {
                self.cancel_recovery(id);
                self.note_companions(provider, companions.into_iter().chain([id]));
            }
            Some(Obstacle::Stays(reason)) => self.give_up(id, &format!("it is not restarted: {reason}")),
            None => self.restart(id, closure, companions, &restart_text(&policy, number)),
        }
    }

    /// Restarts it, with what it needs and what went down because of it.
    fn restart(
        &mut self,
        id: ResourceId,
        closure: BTreeSet<ResourceId>,
        companions: BTreeSet<ResourceId>,
        text: &str,
    ) {
        let mut members = closure;
        let mut open: Vec<ResourceId> = companions.into_iter().collect();
        let mut absorbed = BTreeSet::new();
        loop {
            // What is due as well is restarted with it, and brings its own companions.
            let new: Vec<ResourceId> = members.difference(&absorbed).copied().collect();
            for member in new {
                absorbed.insert(member);
                open.extend(self.absorb(member));
            }
            let Some(companion) = open.pop() else { break };
            if members.contains(&companion) || !self.comes_back(companion) {
                continue;
            }
            let needs = self.restart_closure(companion);
            let needs: BTreeSet<ResourceId> = needs.difference(&members).copied().collect();
            match self.obstacle(companion, &needs) {
                Some(Obstacle::Joins(provider)) => self.note_companions(provider, [companion]),
                Some(Obstacle::Stays(_)) => {}
                None => members.extend(needs),
            }
        }
        let cause = self.live.get(&id).and_then(|live| live.failure.clone());
        let cause = cause.map(|cause| cause.to_string()).unwrap_or_default();
        let is_down = |member: &ResourceId| {
            self.is_at_rest(*member)
                && self.live.get(member).is_some_and(|live| live.state != ResourceState::Online)
        };
        let parts: BTreeMap<ResourceId, PartGoal> =
            members.into_iter().filter(is_down).map(|member| (member, PartGoal::Up)).collect();
        self.start_internal(Verb::Recover, ObjectId::Resource(id), parts, &format!("{text}: {cause}"));
    }

    /// The restart of this resource, if it is due, takes place: it counts. Answers who comes back with it.
    fn absorb(&mut self, id: ResourceId) -> BTreeSet<ResourceId> {
        let now_ms = self.now.steady_ms;
        let Some(recovery) = self.policies.recoveries.get_mut(&id) else { return BTreeSet::new() };
        let is_failed = self.live.get(&id).is_some_and(|live| live.state == ResourceState::Failed);
        if !is_failed || !matches!(recovery.phase, Phase::Due { .. }) {
            return BTreeSet::new();
        }
        recovery.history.record(now_ms);
        recovery.phase = Phase::Quiet;
        self.policies.due.remove(&id);
        std::mem::take(&mut recovery.companions)
    }

    /// Whether something that went down with another one may come back.
    fn comes_back(&self, id: ResourceId) -> bool {
        let phase = self.policies.recoveries.get(&id).map_or(Phase::Quiet, |found| found.phase);
        matches!(phase, Phase::Quiet | Phase::Due { .. })
            && self.is_at_rest(id)
            && self.live.get(&id).is_some_and(|live| match live.state {
                ResourceState::Offline => true,
                ResourceState::Failed => !live.unproven,
                _ => false,
            })
    }

    /// What has to be brought up before it, and itself. Where a dependency leaves the choice, whatever may be brought up
    /// without overriding anybody's word, and without trying again what is given up.
    fn restart_closure(&self, id: ResourceId) -> BTreeSet<ResourceId> {
        let readiness = |other| {
            let own = alternatives::readiness(&self.model, &self.live, self.config.node, other);
            match own {
                Readiness::Comes => Readiness::Serves,
                Readiness::StaysOffline => Readiness::Never,
                Readiness::Failed if !self.may_be_restarted(other) => Readiness::Never,
                own => own,
            }
        };
        alternatives::start_closure(&self.model, [id], &readiness)
    }

    /// Whether a failed resource may be brought up with another one that is restarted.
    fn may_be_restarted(&self, id: ResourceId) -> bool {
        match self.policies.recoveries.get(&id).map_or(Phase::Quiet, |found| found.phase) {
            Phase::Due { .. } => true,
            Phase::Quiet => self.has_lacked_provider(id),
            Phase::Cleaning | Phase::Waiting { .. } | Phase::GivenUp { .. } => false,
        }
    }

    /// Whether it has failed only since what it needs was not there.
    fn has_lacked_provider(&self, id: ResourceId) -> bool {
        let failure = self.live.get(&id).and_then(|live| live.failure.as_ref());
        failure.is_some_and(|failure| failure.status == Status::CLUSTER_RESOURCE_PROVIDER_FAILED)
    }

    /// What keeps a resource from being started with everything that it needs.
    fn obstacle(&self, id: ResourceId, closure: &BTreeSet<ResourceId>) -> Option<Obstacle> {
        for member in closure {
            let (Some(resource), Some(live)) = (self.model.resource(*member), self.live.get(member)) else {
                continue;
            };
            let name = &resource.name;
            let phase = self.policies.recoveries.get(member).map_or(Phase::Quiet, |found| found.phase);
            let is_other = *member != id;
            match (live.state, phase) {
                _ if !resource.may_run_on(self.config.node) => {
                    let node = &self.config.node_name;
                    return Some(Obstacle::Stays(format!("node '{node}' is no possible owner of '{name}'")));
                }
                (ResourceState::Failed, Phase::Cleaning | Phase::Waiting { .. } | Phase::GivenUp { .. })
                    if is_other =>
                {
                    return Some(Obstacle::Joins(*member));
                }
                (ResourceState::Failed, _) if live.unproven => {
                    return Some(Obstacle::Stays(format!("something of '{name}' may still be running")));
                }
                (ResourceState::Failed, Phase::Quiet) if is_other && !self.has_lacked_provider(*member) => {
                    return Some(Obstacle::Stays(format!("it needs '{name}', which has failed")));
                }
                (ResourceState::Offline, _) if is_other && resource.persistent == Some(false) => {
                    return Some(Obstacle::Stays(format!("it needs '{name}', which is to stay offline")));
                }
                _ => {}
            }
        }
        None
    }

    pub(super) fn is_at_rest(&self, id: ResourceId) -> bool {
        self.live.get(&id).is_none_or(|live| live.claim.or(live.reserved).is_none())
    }

    /// A call was accepted: what somebody asks for comes before what is planned.
    pub(crate) fn heed_accepted(&mut self, operation: OperationId) {
        let Some(found) = self.operations.get(&operation) else { return };
        let parts: Vec<(ResourceId, PartGoal)> =
            found.parts.iter().map(|(id, part)| (*id, part.goal.clone())).collect();
        let verb = found.record.verb;
        let named: Vec<ResourceId> = match &found.record.object {
            ObjectId::Resource(id) => vec![*id],
            ObjectId::Group(group) if verb == Verb::Offline => {
                self.model.group(*group).into_iter().flat_map(|group| group.members.iter().copied()).collect()
            }
            _ => Vec::new(),
        };
        let members = parts.iter().map(|(id, _)| *id).chain(named);
        match verb {
            Verb::Online | Verb::Restart | Verb::ConfirmStopped => {
                for id in members.collect::<Vec<_>>() {
                    self.cancel_recovery(id);
                }
            }
            Verb::Offline => {
                for id in self.with_what_needs_it(members.collect()) {
                    self.cancel_recovery(id);
                    self.leave_companions(id);
                    self.leave_start(id);
                }
            }
            Verb::Fail => {
                let fails = |id: &ResourceId| {
                    self.live.get(id).is_some_and(|live| live.state != ResourceState::Offline)
                        && !self.is_being_taken_offline(*id)
                };
                let failed: Vec<ResourceId> = parts
                    .iter()
                    .filter(|(id, goal)| matches!(goal, PartGoal::Clean(_)) && fails(id))
                    .map(|(id, _)| *id)
                    .collect();
                for id in &failed {
                    self.note_failure(*id);
                    self.note_companions(*id, parts.iter().map(|(id, _)| *id));
                }
            }
            _ => {}
        }
    }

    /// It is on its way down since somebody wants it offline. Nothing that fails on the way is restarted, unless that is
    /// being taken back.
    fn is_being_taken_offline(&self, id: ResourceId) -> bool {
        let Some(live) = self.live.get(&id).filter(|live| live.state == ResourceState::OfflinePending) else {
            return false;
        };
        let claim = live.claim.and_then(|claim| self.operations.get(&claim));
        claim.is_some_and(|operation| operation.record.verb == Verb::Offline && !operation.step.restores())
    }

    /// The service's start does not bring these up, nor what cannot run without them.
    pub(crate) fn keep_from_start(&mut self, going: BTreeSet<ResourceId>) {
        for id in self.with_what_needs_it(going) {
            self.leave_start(id);
        }
    }

    /// These, and what cannot run without them.
    fn with_what_needs_it(&self, mut stay: BTreeSet<ResourceId>) -> BTreeSet<ResourceId> {
        let mut open: Vec<ResourceId> = stay.iter().copied().collect();
        while let Some(id) = open.pop() {
            for dependent in self.model.dependents(id) {
                let Some(resource) = self.model.resource(dependent) else { continue };
                if !resource.depends_on.is_met(|provider| !stay.contains(&provider)) && stay.insert(dependent)
                {
                    open.push(dependent);
                }
            }
        }
        stay
    }

    /// Nothing is planned for it any more. What counts, counts on.
    pub(crate) fn cancel_recovery(&mut self, id: ResourceId) {
        self.timers.clear(Timer::Restart(id));
        self.policies.due.remove(&id);
        if let Some(recovery) = self.policies.recoveries.get_mut(&id) {
            let history = std::mem::take(&mut recovery.history);
            *recovery = Recovery { history, ..Recovery::default() };
        }
    }

    /// An operation takes it somewhere: what was planned has its place in that, or none.
    pub(crate) fn cancel_plan(&mut self, id: ResourceId) {
        let phase = self.policies.recoveries.get(&id).map_or(Phase::Quiet, |found| found.phase);
        if matches!(phase, Phase::Waiting { .. } | Phase::Due { .. } | Phase::GivenUp { .. }) {
            self.cancel_recovery(id);
        }
    }

    /// It is online or offline: there is nothing to be cleaned any more.
    pub(crate) fn end_cleaning(&mut self, id: ResourceId) {
        let recovery = self.policies.recoveries.get(&id);
        if recovery.is_some_and(|found| found.phase == Phase::Cleaning) {
            self.cancel_recovery(id);
        }
    }

    fn leave_companions(&mut self, id: ResourceId) {
        for recovery in self.policies.recoveries.values_mut() {
            recovery.companions.remove(&id);
        }
    }

    /// The resource is gone.
    pub(crate) fn forget_recovery(&mut self, id: ResourceId) {
        self.cancel_recovery(id);
        self.leave_companions(id);
        self.policies.recoveries.remove(&id);
        self.policies.ailing.remove(&id);
    }

    pub(super) fn restart_policy(&self, id: ResourceId) -> Option<RestartPolicy> {
        self.model.resource(id).map(|resource| resource.restart)
    }
}

pub(super) fn used_up(policy: &RestartPolicy) -> String {
    let (count, period) = (policy.threshold, duration(policy.period_ms.into()));
    match count {
        0 => "it is not restarted (RestartThreshold 0)".into(),
        1 => format!("one restart within {period} did not help (RestartThreshold)"),
        _ => format!("{count} restarts within {period} did not help (RestartThreshold)"),
    }
}

pub(super) fn restart_text(policy: &RestartPolicy, number: u32) -> String {
    let (max, period) = (policy.threshold, duration(policy.period_ms.into()));
    let delay = duration(policy.delay_ms.into());
    format!("restart {number} of {max} within {period}, {delay} after it failed")
}
