//! What a call would do: the engine itself on a copy, in a world where everything goes well.
//!
//! Owns that world: commits are done, hosts come up, types consent and do what they are told in the time that it took in
//! the past, leaves are empty. Every decision, order and refusal is the engine's own; there is no rule in here. It asks no
//! type: what types would be asked before the call is accepted it tells, and heeds what they have said to that. What one
//! would refuse or fail later it cannot know.
//!
//! ```text
//!   engine ──copy──► handle(call) ──► effects ──► the good world's answers, each at its time ──┐
//!                        ▲                                                                   │
//!                        └──────────────── until the operation has ended ◄───────────────────┘
//! ```

mod deletion;
mod durations;
mod judges;
mod places;
mod steps;

use std::collections::BTreeMap;

use mainstay_store::Revision;
use mainstay_types::operation::{End, OperationRecord, Part, Verb};
use mainstay_types::order::{Action, Cause, News, Order, OrderId, Outcome, QueryAnswer, Question, Report};
use mainstay_types::plan::{CallPlan, PlannedStep, StateChange};
use mainstay_types::{Epoch, GroupId, HostId, Name, OperationId, ResourceId, ResourceState, Status};

use crate::Engine;
use crate::command::{Call, Caller, Command};
use crate::effect::{Answer, Effect};
use crate::input::{CallId, CommitOutcome, Input, LeafSeen, Now};
use crate::limits::{LOOK_AHEAD_MS, REHEARSAL_STEPS_MAX, UNDER_WAY_MS};
use crate::live::Stage;
use crate::operation::Phase;
use crate::view::View;
pub use durations::Durations;
pub use judges::{Asked, Said};
pub use steps::Judgement;

/// The call that is rehearsed; of several the first, and the others below it. The service numbers its own from 1.
const CALL: CallId = CallId(u64::MAX);

/// A copy of the engine, and the good world around it.
pub struct Rehearsal {
    engine: Engine,
    began: Now,
    now: Now,
    /// What happens when, and what was caused first comes first.
    coming: BTreeMap<(u64, u64), Input>,
    caused: u64,
    durations: Durations,
    revision: Revision,
    call: CallId,
    answer: Option<Answer>,
    /// An operation that comes before the call and belongs to it.
    prelude: Option<OperationId>,
    /// What types would have been asked to judge, and have said nothing to before.
    open: Vec<Asked>,
    /// What they have said before.
    said: Vec<Said>,
    /// Operations that have begun or ended since.
    records: BTreeMap<OperationId, OperationRecord>,
    before: BTreeMap<ResourceId, (Name, ResourceState)>,
    /// Records of the journal, newest first, for what is explained.
    journal: Vec<OperationRecord>,
    /// The group that the call brings online.
    brought_online: Option<GroupId>,
}

impl View<'_> {
    /// A copy on which a call can be rehearsed. Takes time and memory with the size of the cluster, so the rehearsal
    /// itself is better done elsewhere than under a lock.
    pub fn rehearsal(self, now: Now, durations: Durations) -> Rehearsal {
        let mut engine = self.engine().clone();
        engine.effects.clear();
        let states = self.model().resources().map(|resource| {
            let state = self.resource_state(resource.id).unwrap_or(ResourceState::Initializing);
            (resource.id, (resource.name.clone(), state))
        });
        Rehearsal {
            began: now,
            now,
            coming: BTreeMap::new(),
            caused: 0,
            durations,
            revision: self.tree().revision(),
            call: CALL,
            answer: None,
            prelude: None,
            open: Vec::new(),
            said: Vec::new(),
            records: BTreeMap::new(),
            before: states.collect(),
            journal: Vec::new(),
            brought_online: None,
            engine,
        }
    }
}

impl Rehearsal {
    /// The same, with records of the journal, newest first, by which it is explained what a call leaves as it is.
    pub fn knowing(self, journal: Vec<OperationRecord>) -> Rehearsal {
        Rehearsal { journal, ..self }
    }

    /// The same, with what types have said to what an earlier rehearsal would have asked them.
    pub fn heeding(self, said: Vec<Said>) -> Rehearsal {
        Rehearsal { said, ..self }
    }

    /// Carries the call out, on the copy.
    pub fn run(self, caller: Caller, command: Command) -> CallPlan {
        self.run_asking(caller, command).0
    }

    /// The same, and what types would have been asked that nothing is known of.
    pub fn run_asking(mut self, caller: Caller, command: Command) -> (CallPlan, Vec<Asked>) {
        self.brought_online = match &command {
            Command::OnlineGroup { group, .. } => Some(*group),
            _ => None,
        };
        self.go_on_with_what_is_under_way();
        self.carry_through(caller, command);
        let open = std::mem::take(&mut self.open);
        (self.plan(), open)
    }

    fn carry_through(&mut self, caller: Caller, command: Command) {
        self.feed(Input::Call(Box::new(Call { id: self.call, caller, command })));
        for _ in 0..REHEARSAL_STEPS_MAX {
            if self.is_over() && !self.has_more_now() || !self.step() {
                break;
            }
        }
    }

    /// What the real world has been told and has not answered goes well too.
    fn go_on_with_what_is_under_way(&mut self) {
        for commit in self.engine.open_commits() {
            let outcome = self.next_revision();
            self.comes(0, Input::Committed { commit, outcome });
        }
        let tasks: Vec<(ResourceId, OrderId, Stage, &'static str, u64)> = self
            .engine
            .live
            .iter()
            .filter_map(|(id, live)| {
                let task = live.task.as_ref()?;
                Some((*id, task.order?, task.stage, task.goal.word(), live.since_unix_ms))
            })
            .collect();
        for (id, order, stage, action, since_ms) in tasks {
            let is_main = matches!(stage, Stage::Starting | Stage::Stopping | Stage::Terminating);
            let whole_ms = if is_main { self.expected_ms(id, action) } else { 0 };
            let left_ms = whole_ms.saturating_sub(self.now.unix_ms.saturating_sub(since_ms));
            let left_ms = left_ms.max(UNDER_WAY_MS);
            let host = self.engine.live.get(&id).and_then(|live| live.open);
            let host = host.unwrap_or_else(|| self.engine.task_host(id));
            self.reports(left_ms, host, id, News::Ended { order, outcome: Outcome::Done });
        }
    }

    /// The next thing happens. `false` when nothing does, or not within what is looked ahead.
    fn step(&mut self) -> bool {
        let coming = self.coming.first_key_value().map(|((at_ms, _), _)| *at_ms);
        let deadline = self.engine.next_deadline().map(|at_ms| at_ms.max(self.now.steady_ms));
        let Some(next_ms) = coming.into_iter().chain(deadline).min() else { return false };
        if next_ms > self.began.steady_ms + LOOK_AHEAD_MS {
            return false;
        }
        let passed_ms = next_ms.saturating_sub(self.now.steady_ms);
        self.now.steady_ms += passed_ms;
        self.now.unix_ms += passed_ms;
        let input = match coming {
            Some(at_ms) if at_ms <= next_ms => self.coming.pop_first().map(|(_, input)| input),
            _ => None,
        };
        self.feed(input.unwrap_or(Input::Tick));
        true
    }

    /// The call is answered, and what it has begun has ended.
    fn is_over(&self) -> bool {
        let Some(answer) = &self.answer else { return false };
        let is_running = |id: OperationId| {
            self.engine.operations.get(&id).is_some_and(|found| !matches!(found.phase, Phase::Ended))
        };
        !answer.operation.is_some_and(is_running)
    }

    /// Something follows without any time in between: a restart without delay, or what the call has set free.
    fn has_more_now(&self) -> bool {
        let coming = self.coming.first_key_value().map(|((at_ms, _), _)| *at_ms);
        coming.into_iter().chain(self.engine.next_deadline()).any(|at_ms| at_ms <= self.now.steady_ms)
    }

    fn feed(&mut self, input: Input) {
        for effect in self.engine.handle(input, self.now) {
            self.carry_out(effect);
        }
    }

    fn comes(&mut self, in_ms: u64, input: Input) {
        self.caused += 1;
        self.coming.insert((self.now.steady_ms + in_ms, self.caused), input);
    }

    fn reports(&mut self, in_ms: u64, host: HostId, resource: ResourceId, news: News) {
        let report = Report { sequence: 0, resource, epoch: Epoch::default(), news };
        self.comes(in_ms, Input::HostReport { host, report });
    }

    fn next_revision(&mut self) -> CommitOutcome {
        self.revision.revision += 1;
        CommitOutcome::Done(self.revision)
    }

    /// How long a part takes; nothing, where it was never seen.
    fn expected_ms(&self, id: ResourceId, action: &str) -> u64 {
        let resource = self.engine.model.resource(id);
        resource.and_then(|found| self.durations.expected(&found.name, action)).map_or(0, |(ms, _)| ms)
    }

    fn carry_out(&mut self, effect: Effect) {
        let told_to_end = || Cause::new(Status::CANCELLED, "it was told to end");
        match effect {
            Effect::Answer { call, answer } if call == self.call => self.answer = Some(answer),
            Effect::Commit { commit, .. } => {
                let outcome = self.next_revision();
                self.comes(0, Input::Committed { commit, outcome });
            }
            Effect::StartHost { host, .. } => {
                let (held, newest) = (Vec::new(), Vec::new());
                self.comes(0, Input::HostConnected { host, pid: 0, held, newest });
            }
            Effect::StopHost(host) | Effect::KillHost(host) => {
                self.comes(0, Input::HostEnded { host, cause: told_to_end() });
            }
            Effect::Order { host, order, .. } => self.carry_out_order(host, &order),
            Effect::Query { host, query } => {
                if let Some(answer) = self.judge(query.id, &query.question) {
                    self.comes(0, Input::HostAnswer { host, answer });
                }
            }
            Effect::Ping { host, nonce } => self.comes(0, Input::HostPong { host, nonce }),
            Effect::HardStop { resource, epoch, .. } => {
                let host = HostId::Own(resource);
                if self.engine.hosts.is_there(host) {
                    self.comes(0, Input::HostEnded { host, cause: told_to_end() });
                }
                self.comes(0, Input::HardStopped { resource, epoch, empty: true });
            }
            Effect::Look { resource, .. } => {
                let floor = self.engine.live.get(&resource).map(|live| live.floor).unwrap_or_default();
                self.comes(0, Input::Looked { resource, leaf: LeafSeen { populated: false, floor } });
            }
            Effect::Journal(record) => {
                if record.end.is_some() {
                    self.comes(0, Input::Journaled(record.id));
                }
                self.records.insert(record.id, *record);
            }
            Effect::BackUp { operation, path, .. } => {
                self.comes(0, Input::BackedUp { operation, outcome: Ok(path) });
            }
            Effect::Answer { .. }
            | Effect::Configure { .. }
            | Effect::Acknowledge { .. }
            | Effect::NotKept { .. }
            | Effect::RemoveLeaf { .. }
            | Effect::Publish(_) => {}
        }
    }

    /// What a type has said to a question, or would if it had no objection. `None` where it says nothing.
    fn judge(&mut self, id: u64, question: &Question) -> Option<QueryAnswer> {
        let asked = Asked::of(question);
        let said = asked.as_ref().and_then(|asked| self.said.iter().find(|said| said.asked == *asked));
        let Some(said) = said else {
            self.open.extend(asked.filter(|asked| !self.open.contains(asked)));
            return Some(consent(id, question));
        };
        let (status, text) = said.answer.clone()?;
        Some(QueryAnswer { status, text, ..consent(id, question) })
    }

    fn carry_out_order(&mut self, host: HostId, order: &Order) {
        let id = order.resource;
        let action =
            self.engine.live.get(&id).and_then(|live| live.task.as_ref()).map(|task| task.goal.word());
        let (in_ms, outcome) = match &order.action {
            Action::Open(opening) if opening.recover && opening.online_for_ms.is_some() => {
                (0, Outcome::FoundOnline)
            }
            Action::Open(_) | Action::Close => (0, Outcome::Done),
            Action::Online { .. } | Action::Offline { .. } | Action::Terminate => {
                (action.map_or(0, |action| self.expected_ms(id, action)), Outcome::Done)
            }
        };
        self.reports(in_ms, host, id, News::Ended { order: order.id, outcome });
    }

    fn plan(self) -> CallPlan {
        let answer = self.answer.clone().unwrap_or_default();
        let is_refused = !matches!(answer.status, Status::SUCCESS | Status::IO_PENDING)
            && !answer.operation.is_some_and(|id| self.has_run(id));
        let own = answer.operation.and_then(|id| self.record_of(id));
        let mut steps: Vec<PlannedStep> = Vec::new();
        let mut notes = Vec::new();
        if !is_refused {
            let prelude = self.prelude.and_then(|id| self.record_of(id));
            let parts = prelude.iter().chain(&own).flat_map(|record| &record.parts);
            steps.extend(parts.map(|part| self.planned(part)));
            notes = self.notes(own.as_ref());
            notes.extend(self.left_down(&steps));
        }
        if self.answer.is_none() {
            notes.push(
                "the call would wait for what is being done already, longer than is looked ahead".into(),
            );
        }
        let end = own.and_then(|record| record.end).filter(|end| !matches!(end, End::Refused(_)));
        let is_known = steps.iter().all(|step| step.takes_ms.is_some()) && self.answer.is_some();
        let last_ms = steps.iter().map(|step| step.begins_in_ms + step.takes_ms.unwrap_or(0)).max();
        CallPlan {
            answer: answer.status,
            text: if is_refused { answer.text } else { String::new() },
            takes_ms: last_ms.filter(|_| is_known),
            steps,
            end: end.filter(|_| !is_refused),
            changes: self.changes(),
            notes,
        }
    }

    /// Whether an operation was accepted.
    fn has_run(&self, id: OperationId) -> bool {
        self.record_of(id).is_some_and(|record| !matches!(record.end, Some(End::Refused(_)) | None))
    }

    /// An operation as it stands last.
    fn record_of(&self, id: OperationId) -> Option<OperationRecord> {
        let running = self.engine.operations.get(&id).map(|found| found.record.clone());
        running.or_else(|| self.records.get(&id).cloned())
    }

    fn planned(&self, part: &Part) -> PlannedStep {
        let expected = self.durations.expected(&part.resource, &part.action);
        PlannedStep {
            resource: part.resource.clone(),
            action: part.action.clone(),
            begins_in_ms: part.began_at_ms.saturating_sub(self.began.unix_ms),
            takes_ms: expected.map(|(ms, _)| ms),
            runs: expected.map_or(0, |(_, runs)| runs),
            outcome: part.outcome.clone(),
        }
    }

    /// What else would begin, and what the plan rests on.
    fn notes(&self, own: Option<&OperationRecord>) -> Vec<String> {
        let began = |record: &&OperationRecord| {
            Some(record.id) != own.map(|own| own.id) && record.at_ms >= self.began.unix_ms
        };
        let others = self.records.values().filter(began).filter(|record| {
            matches!(record.verb, Verb::Recover | Verb::StartUp) && !record.parts.is_empty()
        });
        let mut notes: Vec<String> = others
            .map(|record| {
                let parts = record.parts.iter().map(|part| format!("{} '{}'", part.action, part.resource));
                let parts: Vec<String> = parts.collect();
                format!("the service itself would {}: {}", parts.join(", "), record.reason_text)
            })
            .collect();
        let failed = self.engine.model.resources().filter_map(|resource| {
            let planned = self.engine.shown_recovery(resource)?;
            self.before.get(&resource.id).filter(|(_, state)| *state != ResourceState::Failed)?;
            match planned {
                mainstay_types::glance::Recovery::Restart { number, max, .. } => {
                    Some(format!("'{}' would be restarted after that ({number} of {max})", resource.name))
                }
                mainstay_types::glance::Recovery::GivenUp { .. } => None,
            }
        });
        notes.extend(failed);
        notes
    }

    /// What of a group that is brought online would not be, and why.
    fn left_down(&self, steps: &[PlannedStep]) -> Vec<String> {
        let view = self.engine.view();
        let group = self.brought_online.and_then(|id| self.engine.model.group(id));
        let members = group.into_iter().flat_map(|group| &group.members);
        let is_left = |id: &&ResourceId| {
            let name = self.engine.name_of(**id);
            view.resource_state(**id) != Some(ResourceState::Online)
                && !steps.iter().any(|step| step.resource.is(&name))
        };
        let explained = members.filter(is_left).filter_map(|id| view.explain_resource(*id, &self.journal));
        let mut notes: Vec<String> = explained
            .map(|found| format!("'{}' would stay {}: {}", found.name, found.state, found.reason.text))
            .collect();
        notes.sort();
        notes
    }

    fn changes(&self) -> Vec<StateChange> {
        let view = self.engine.view();
        let mut changes: Vec<StateChange> = self
            .before
            .iter()
            .map(|(id, (name, from))| StateChange {
                resource: name.clone(),
                from: *from,
                to: view.resource_state(*id),
            })
            .filter(|change| change.to != Some(change.from))
            .collect();
        changes.sort_by(|a, b| a.resource.cmp(&b.resource));
        changes
    }
}

/// What a type that has no objection says.
fn consent(id: u64, question: &Question) -> QueryAnswer {
    let status = match question {
        Question::ResourceControl { .. } => Status::SUCCESS,
        // Cannot tell, go on.
        Question::CheckOffline { .. } | Question::TypeControl { .. } => Status::INVALID_FUNCTION,
    };
    QueryAnswer { id, status, output: Vec::new(), output_length_needed: 0, text: String::new() }
}
