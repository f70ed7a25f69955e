//! What the steps of a configuration would come to: all of them carried out on one copy, one after the other.
//!
//! Each step sees what those before it did. What a step is refused with is the engine's own refusal. What a type would
//! be asked to judge is told, so that whoever can ask the running one does.

use std::collections::BTreeMap;

use mainstay_types::configuration::{ConfiguredKind, Step, StepAction};
use mainstay_types::{ObjectId, Status};
use uuid::Uuid;

use super::{Asked, Rehearsal};
use crate::command::{Caller, Command, Remark};
use crate::configuration::named_by;
use crate::effect::Answer;
use crate::error::shown;
use crate::input::CallId;

/// What a type would be asked before a step is done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Judgement {
    /// The place of the step, from 0.
    pub step: usize,
    /// The question.
    pub asked: Asked,
}

impl Rehearsal {
    /// Carries the steps out, on the copy, with everything allowed that a step may need. A step that is refused says
    /// why from then on, and those behind it meet what is without it. `fresh` gives an id for each object that is made.
    pub fn carry_out_steps(
        mut self,
        caller: &Caller,
        steps: &mut [Step],
        mut fresh: impl FnMut() -> Uuid,
    ) -> Vec<Judgement> {
        self.go_on_with_what_is_under_way();
        let (mut judgements, mut not_made) = (Vec::new(), BTreeMap::new());
        for (place, step) in steps.iter_mut().enumerate() {
            self.open.clear();
            self.carry_out_step(caller, step, fresh());
            let missing = named_by(&step.object).into_iter().find_map(|named| not_made.get(&named));
            if let (Some(missing), true) = (missing, step.refused.is_some()) {
                step.refused = Some(format!(
                    "{missing}, which it names, is to be made too, and that is refused; 'mainstay cluster plan FILE' says why"
                ));
            }
            if step.action == StepAction::Create && step.refused.is_some() {
                let (kind, name) = (step.object.kind, shown(&step.object.name));
                not_made.insert(step.object.identity(), format!("{kind} '{name}'"));
            }
            let open = std::mem::take(&mut self.open);
            if open.is_empty() && is_seen_too_late(step) {
                step.notes.push(
                    "its type sees the parameters only when it is made; if it refuses them, it is deleted again, and \
                     what comes after it is not done"
                        .into(),
                );
            }
            judgements.extend(open.into_iter().map(|asked| Judgement { step: place, asked }));
        }
        judgements
    }

    fn carry_out_step(&mut self, caller: &Caller, step: &mut Step, fresh: Uuid) {
        if step.refused.is_some() && !step.needs_offline {
            return;
        }
        if step.needs_offline {
            let resource = self.engine.view().object_named(step.object.kind, &step.object.name);
            if let Some(ObjectId::Resource(resource)) = resource {
                let (buffer, remark) = (Vec::new(), Remark::default());
                let offline = Command::OfflineResource { resource, flags: 0, buffer, remark };
                let answer = self.answer_to(caller, offline);
                if take_in(step, answer) {
                    return;
                }
            }
        }
        match self.engine.view().step_command(step, fresh) {
            Ok(command) => {
                let answer = self.answer_to(caller, command);
                take_in(step, answer);
            }
            Err(none) => refuse(step, none.status, none.text),
        }
    }

    /// What this call is answered; `None` while it waits longer than is looked ahead.
    fn answer_to(&mut self, caller: &Caller, command: Command) -> Option<Answer> {
        self.began = self.now;
        self.answer_to_next(caller, command)
    }

    /// The same of a call that belongs to the one before it: time goes on from that one's beginning.
    pub(super) fn answer_to_next(&mut self, caller: &Caller, command: Command) -> Option<Answer> {
        self.call = CallId(self.call.0 - 1);
        self.answer = None;
        self.carry_through(caller.clone(), command);
        self.answer.clone()
    }
}

/// Notes what a call was answered; says whether it was refused.
fn take_in(step: &mut Step, answer: Option<Answer>) -> bool {
    match answer {
        None => {
            step.notes
                .push("it would wait for what is being done already, longer than is looked ahead".into());
            false
        }
        Some(Answer {
            status: Status::SUCCESS | Status::IO_PENDING | Status::RESOURCE_PROPERTIES_STORED,
            ..
        }) => false,
        Some(Answer { status, text, .. }) => {
            refuse(step, status, text);
            true
        }
    }
}

fn refuse(step: &mut Step, status: Status, text: String) {
    (step.refused, step.status, step.needs_offline) = (Some(text), Some(status), false);
}

/// Whether nobody could be asked about private properties that are given to a new resource.
fn is_seen_too_late(step: &Step) -> bool {
    (step.action, step.object.kind) == (StepAction::Create, ConfiguredKind::Resource)
        && !step.object.parameters.is_empty()
        && step.refused.is_none()
}
