//! PLAN_CONFIGURATION: the steps to a configuration, rehearsed on a copy of the engine, and what types say to them.
//!
//! Changes nothing. A resource is opened in a host, and a host started, where a type has to be asked.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use mainstay_cmrp::control::ClusterControl;
use mainstay_engine::command::{Caller, Command};
use mainstay_engine::effect::Answer;
use mainstay_engine::error::Refusal;
use mainstay_engine::rehearsal::{Durations, Judgement};
use mainstay_proplist::PropertyList;
use mainstay_types::configuration::{ConfiguredObject, Step};
use mainstay_types::control::{function, object};
use mainstay_types::own_codes::plan_configuration;
use mainstay_types::{Access, ControlCode, ObjectId, Status};

use super::configuration::documents;
use super::exchange::Exchange;
use super::session::Session;
use crate::core::now;
use crate::ids::random_uuid;

/// Types are asked so many questions at once: as many as a few hosts work on, and far from what the engine takes.
const ASKED_AT_ONCE: usize = 64;

/// All types together have so long. A caller who only looks waits 60 s.
const JUDGED_WITHIN: Duration = Duration::from_secs(45);

/// VALIDATE_PRIVATE_PROPERTIES of a resource.
const VALIDATE: ControlCode = ControlCode(object::RESOURCE | function::VALIDATE_PRIVATE_PROPERTIES);

/// PLAN_CONFIGURATION. Takes time with the size of the cluster and asks types: off the connection's task.
pub(super) fn plan(session: &Arc<Session>, input: &PropertyList, exchange: Exchange<ClusterControl>) {
    let text = input.text(plan_configuration::CONFIGURATION).unwrap_or_default();
    let wanted: Vec<ConfiguredObject> = match serde_json::from_str(text) {
        Ok(wanted) => wanted,
        Err(error) => {
            session.explain(format!("the configuration cannot be read: {error}"));
            return exchange.refuse(Status::INVALID_PARAMETER);
        }
    };
    let session = Arc::clone(session);
    tokio::task::spawn_blocking(move || {
        let steps = rehearsed(&session, &wanted);
        documents(&session, exchange, plan_configuration::STEPS, steps);
    });
}

fn rehearsed(session: &Session, wanted: &[ConfiguredObject]) -> Result<Vec<Step>, Refusal> {
    // Only the plan and the copy are made under the engine's lock, and of one state. How long parts take is not shown.
    let (steps, rehearsal) = session
        .core
        .read(|view| (view.plan_configuration(wanted), view.rehearsal(now(), Durations::default())));
    let mut steps = steps?;
    let caller = caller(session);
    let judgements = rehearsal.carry_out_steps(&caller, &mut steps, random_uuid);
    judge(session, &caller, &mut steps, &judgements);
    Ok(steps)
}

/// A plan says what the configuration allows, and not what its reader may do.
fn caller(session: &Session) -> Caller {
    Caller { asker: session.asker().clone(), access: Access::Full, reason: String::new() }
}

/// Asks the types that run what they say, and notes it.
fn judge(session: &Session, caller: &Caller, steps: &mut [Step], judgements: &[Judgement]) {
    let deadline = Instant::now() + JUDGED_WITHIN;
    for batch in judgements.chunks(ASKED_AT_ONCE) {
        let asked: Vec<Receiver<Answer>> =
            batch.iter().map(|judgement| ask(session, caller, judgement)).collect();
        for (judgement, answer) in batch.iter().zip(asked) {
            let Some(step) = steps.get_mut(judgement.step) else { continue };
            let left = deadline.saturating_duration_since(Instant::now());
            note(step, judgement, answer.recv_timeout(left).ok());
        }
    }
}

fn ask(session: &Session, caller: &Caller, judgement: &Judgement) -> Receiver<Answer> {
    let (sender, answer) = channel();
    let command = Command::Control {
        object: judgement.object.clone(),
        code: VALIDATE,
        input: judgement.input.clone(),
        output_length_max: 0,
    };
    // Who waits no longer has dropped the other end.
    session.core.call(caller.clone(), command, Box::new(move |answer| drop(sender.send(answer))));
    answer
}

fn note(step: &mut Step, judgement: &Judgement, answer: Option<Answer>) {
    match answer {
        Some(Answer {
            status: Status::SUCCESS | Status::INVALID_FUNCTION | Status::RESOURCE_PROPERTIES_STORED,
            ..
        }) => {}
        // What does not run is changed all the same.
        None | Some(Answer { status: Status::RESOURCE_CALL_TIMED_OUT, .. }) => {
            step.notes.push("its type did not say in time whether it takes the parameters".into());
        }
        Some(_) if step.refused.is_some() && !step.needs_offline => {}
        Some(Answer { status, text, .. }) => {
            let text = if text.is_empty() { status.to_string() } else { text };
            let text = match judgement.object {
                ObjectId::Resource(_) => text,
                _ => format!("its type refuses it: {text}"),
            };
            (step.refused, step.status, step.needs_offline) = (Some(text), Some(status), false);
        }
    }
}
