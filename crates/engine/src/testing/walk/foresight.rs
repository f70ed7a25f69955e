//! What is said of a call before it, and of a resource as it is: a plan is what then happens, and an explanation is about
//! what is.

use mainstay_types::operation::{Asker, OperationRecord};
use mainstay_types::plan::CallPlan;
use mainstay_types::{Access, ResourceId, ResourceState};

use super::{Walk, World, is_accepted};
use crate::command::{Caller, Command};
use crate::input::CallId;
use crate::live::Goal;
use crate::rehearsal::Durations;
use crate::testing::{CheckReaction, Reaction};

/// What was foreseen of a call.
pub(super) struct Foreseen {
    plan: CallPlan,
    /// Types do what they are told, and nothing else is under way: then it ends as foreseen too.
    goes_well: bool,
    /// States by name; `None` where the call changes names.
    before: Option<Vec<(String, ResourceState)>>,
}

impl Walk {
    /// What the call that comes next would do.
    pub(super) fn foresee(&self, command: &Command) -> Foreseen {
        let asker = Asker { account: "root".into(), sid: "S-1-22-1-0".into(), origin: "test".into() };
        let caller = Caller { asker, access: Access::Full, reason: String::new() };
        let world = &self.world;
        let rehearsal = world.engine.view().rehearsal(world.now, Durations::default());
        Foreseen {
            plan: rehearsal.run(caller, command.clone()),
            goes_well: world.goes_well(),
            before: (!matches!(command, Command::RenameResource { .. } | Command::Undo { .. }))
                .then(|| world.states()),
        }
    }

    /// What was foreseen has happened, if the call was answered at once.
    pub(super) fn check_foreseen(&mut self, foreseen: &Foreseen, call: CallId) {
        let Some(answer) = self.world.answers.get(&call) else { return };
        let Foreseen { plan, goes_well, before } = foreseen;
        let (answered, planned) = (answer.status, plan.answer);
        if !is_accepted(planned) || !is_accepted(answered) {
            // A type may have refused, or have been silent: of that a plan knows nothing.
            let says_no = |id: &ResourceId| self.world.says_no(*id);
            let is_refused_by_type = is_accepted(planned) && self.ids.iter().any(says_no);
            assert!(
                is_refused_by_type || (answered, &answer.text) == (planned, &plan.text),
                "plan: it would be answered {planned} {:?}, and is answered {answered} {:?}",
                plan.text,
                answer.text
            );
            return;
        }
        if !goes_well {
            return;
        }
        assert!(answered == planned, "plan: it would be answered {planned}, and is answered {answered}");
        let record = answer.operation.and_then(|id| self.world.journal.get(&id));
        let Some(record) = record.filter(|record| record.end.is_some()) else { return };
        self.plans_kept += 1;
        let (mut told, mut done) = (told(plan), done(record));
        if told.iter().any(|(_, action, _)| action == Goal::Clean.word()) {
            // How long a hard stop takes no plan knows, and so not what comes before its end.
            told.sort();
            done.sort();
        }
        assert!(told == done, "plan: the parts would be {told:?}, and are {done:?}");
        assert!(plan.end == record.end, "plan: it would end {:?}, and ends {:?}", plan.end, record.end);
        if let Some(before) = before
            && self.is_quiet()
            && self.world.engine.view().operations().is_empty()
            && self.world.goes_well()
        {
            let planned =
                plan.changes.iter().map(|it| (it.resource.to_string(), it.from, it.to)).collect::<Vec<_>>();
            let after = self.world.states();
            let found = before.iter().filter_map(|(name, from)| {
                let to = after.iter().find(|(known, _)| known == name).map(|(_, state)| *state);
                (to != Some(*from)).then(|| (name.clone(), *from, to))
            });
            let found: Vec<_> = found.collect();
            assert!(planned == found, "plan: the changes would be {planned:?}, and are {found:?}");
        }
    }

    /// An explanation is about the state that everybody sees, whatever goes on.
    pub(super) fn check_explanation(&self, id: ResourceId) {
        let view = self.world.engine.view();
        let records: Vec<OperationRecord> =
            self.world.journal.values().rev().take(RECORDS_MAX).cloned().collect();
        let Some(explanation) = view.explain_resource(id, &records) else { return };
        let state = self.world.state(id);
        let (said, name) = (&explanation.state, &explanation.name);
        assert!(*said == state.to_string(), "explain: '{name}' is {state}, and is explained as {said}");
        assert!(
            !explanation.reason.text.is_empty(),
            "explain: of '{name}', which is {state}, no reason is said"
        );
        let group = view.model().resource(id).map(|resource| resource.group);
        if let Some(explanation) = group.and_then(|group| view.explain_group(group, &records, None)) {
            let state = group.and_then(|group| view.group_state(group)).map(|state| state.to_string());
            assert!(
                Some(&explanation.state) == state.as_ref(),
                "explain: a group is {state:?}: {explanation:?}"
            );
        }
    }
}

/// An explanation gets no more records of the journal.
const RECORDS_MAX: usize = 50;

fn told(plan: &CallPlan) -> Vec<(String, String, String)> {
    let steps = plan.steps.iter();
    steps.map(|step| (step.resource.to_string(), step.action.clone(), step.outcome.clone())).collect()
}

fn done(record: &OperationRecord) -> Vec<(String, String, String)> {
    let parts = record.parts.iter();
    parts.map(|part| (part.resource.to_string(), part.action.clone(), part.outcome.clone())).collect()
}

impl World {
    /// Types, hosts and guard do what they are told, everything is what it seems to be, and nothing is under way.
    fn goes_well(&self) -> bool {
        let is_kind = |behaviour: &crate::testing::Behaviour| {
            let reactions = [behaviour.open, behaviour.online, behaviour.offline, behaviour.terminate];
            reactions.iter().all(|reaction| *reaction == Reaction::Done) && !behaviour.unkillable
        };
        let is_true = |id: ResourceId| (self.state(id) == ResourceState::Online) == self.runs(id);
        let mut resources = self.engine.view().model().resources();
        self.hosts_start
            && !self.guard_is_dead
            && self.deceived.is_empty()
            && self.behaviours.values().all(is_kind)
            && self.engine.view().operations().is_empty()
            && resources.all(|resource| is_true(resource.id))
    }

    /// Whether a type refuses to stop, or does not say.
    fn says_no(&self, id: ResourceId) -> bool {
        let check = self.behaviours.get(&id).map(|behaviour| behaviour.check);
        matches!(check, Some(CheckReaction::No(_) | CheckReaction::Silent))
    }

    fn states(&self) -> Vec<(String, ResourceState)> {
        let all = self.engine.view().glance().resources;
        let mut states: Vec<_> = all.into_iter().map(|it| (it.name.to_string(), it.state)).collect();
        states.sort();
        states
    }
}
