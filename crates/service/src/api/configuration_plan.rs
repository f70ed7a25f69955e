//! PLAN_CONFIGURATION: the steps to a configuration, rehearsed on a copy of the engine, and what types say to them.
//!
//! Changes nothing. A resource is opened in a host, and a host started, where a type has to be asked.

use std::sync::Arc;

use mainstay_cmrp::control::ClusterControl;
use mainstay_engine::effect::Answer;
use mainstay_engine::error::Refusal;
use mainstay_engine::rehearsal::{Asked, Durations, Judgement};
use mainstay_proplist::PropertyList;
use mainstay_types::configuration::{ConfiguredObject, Step};
use mainstay_types::own_codes::plan_configuration;
use mainstay_types::{ObjectId, Status};

use super::configuration::documents;
use super::exchange::Exchange;
use super::judges::{ask_all, caller, deadline};
use super::session::Session;
use crate::core::now;
use crate::ids::random_uuid;

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
    let judgements = rehearsal.carry_out_steps(&caller(session), &mut steps, random_uuid);
    judge(session, &mut steps, &judgements);
    Ok(steps)
}

/// Asks the types that run what they say, and notes it.
fn judge(session: &Session, steps: &mut [Step], judgements: &[Judgement]) {
    let questions: Vec<&Asked> = judgements.iter().map(|judgement| &judgement.asked).collect();
    let answers = ask_all(session, &questions, deadline());
    for (judgement, answer) in judgements.iter().zip(answers) {
        if let Some(step) = steps.get_mut(judgement.step) {
            note(step, &judgement.asked, answer);
        }
    }
}

fn note(step: &mut Step, asked: &Asked, answer: Option<Answer>) {
    match answer {
        Some(Answer {
            status: Status::SUCCESS | Status::INVALID_FUNCTION | Status::RESOURCE_PROPERTIES_STORED,
            ..
        }) => {}
        // Without instructions, a type that says nothing keeps nothing from being taken offline.
        None | Some(Answer { status: Status::RESOURCE_CALL_TIMED_OUT, .. })
            if matches!(asked, Asked::Offline { .. }) => {}
        // What does not run is changed all the same.
        None | Some(Answer { status: Status::RESOURCE_CALL_TIMED_OUT, .. }) => {
            step.notes.push("its type did not say in time whether it takes the parameters".into());
        }
        Some(_) if step.refused.is_some() && !step.needs_offline => {}
        Some(Answer { status, text, .. }) => {
            let text = if text.is_empty() { status.to_string() } else { text };
            let text = match asked {
                Asked::Private { object: ObjectId::ResourceType(_), .. } => {
                    format!("its type refuses it: {text}")
                }
                _ => text,
            };
            (step.refused, step.status, step.needs_offline) = (Some(text), Some(status), false);
        }
    }
}
