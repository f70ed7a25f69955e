//! Operations on groups and resources: submitted with a token, waited for, and their end told.
//!
//! A submission carries a fresh random token. When the connection is lost before the answer, the same submission is
//! made again: the service answers with the operation of the first one, if that had arrived. So no operation is begun
//! twice, and an unknown outcome is resolved wherever the service comes back.

use std::time::Duration;

use mainstay_client::{Cluster, Submission, SubmitObject, Submitted, Transport};
use mainstay_types::operation::{End, OperationRecord, Verb};
use mainstay_types::{Name, ObjectId, OperationId, Status};

use crate::context::{Context, glance};
use crate::exit::Exit;
use crate::failure::{Failure, Subject};
use crate::json::operation::{OperationDocument, OutcomeDocument};
use crate::pending;
use crate::progress::Progress;
use crate::render::{clean, span};
use crate::wait::{self, AWAY_MAX, Away, Bound, WaitArguments, Waited};
use crate::way_out::about;

/// An operation to carry out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) verb: Verb,
    pub(crate) object: SubmitObject<'a>,
    pub(crate) flags: u32,
    pub(crate) shutting_down: bool,
    pub(crate) buffer: &'a [u8],
    pub(crate) reason: Option<&'a str>,
    pub(crate) wait: &'a WaitArguments,
}

impl Request<'_> {
    fn subject(&self) -> Subject<'_> {
        match self.object {
            SubmitObject::Group(name) => Subject::Group(name),
            SubmitObject::Resource(name) => Subject::Resource(name),
            SubmitObject::Node(name)
            | SubmitObject::DrainedNode { node: name, .. }
            | SubmitObject::ResumedNode { node: name, .. } => Subject::Node(name),
            SubmitObject::Operation(_) | SubmitObject::Cluster => Subject::Cluster,
        }
    }
}

/// Submits an operation, waits as asked, and shows what became of it.
pub(crate) fn carry_out(request: &Request<'_>, context: &mut Context) -> Result<Exit, Failure> {
    let bound = Bound::new(request.wait.timeout);
    let mut cluster = context.change_by(bound.answers_by())?;
    let submitted = ask(&mut cluster, request, bound)?;
    follow(&mut cluster, request, bound, &submitted, context)
}

/// Submits an operation and waits until it has ended, on the way to something else: nothing is shown.
pub(crate) fn carry_out_quietly(request: &Request<'_>, cluster: &mut Cluster) -> Result<(), Failure> {
    let submitted = ask(cluster, request, Bound::default())?;
    let Some(id) = submitted.operation else { return Ok(()) };
    let waited = wait::to_end(cluster, id, Bound::default(), AWAY_MAX, &mut Progress::none())?;
    let (Waited::Ended(record) | Waited::Running(record)) = waited;
    cluster.finish_by(None);
    failure_of(&record, None).map_or(Ok(()), Err)
}

/// Submits an operation with a token of its own, and answers it accepted.
pub(crate) fn ask<T: Transport>(
    cluster: &mut Cluster<T>,
    request: &Request<'_>,
    bound: Bound,
) -> Result<Submitted, Failure> {
    let token = token()?;
    let submission = Submission {
        flags: request.flags,
        shutting_down: request.shutting_down,
        buffer: request.buffer,
        reason: request.reason.unwrap_or_default(),
        token: &token,
        ..Submission::new(request.verb, request.object)
    };
    let submitted = submit_surely(cluster, &submission, &request.subject(), bound, AWAY_MAX)?;
    match submitted.status {
        // Some operations answer 0 and go on all the same: an id says that there is something to wait for.
        Status::SUCCESS | Status::IO_PENDING => Ok(submitted),
        status => {
            let failure = Failure::refused(status, &submitted.text, &request.subject());
            let is_told = !request.buffer.is_empty();
            let failure = with_option(failure, request.verb, &request.subject(), is_told);
            Err(failure.with_operation(submitted.operation))
        }
    }
}

/// Submits, and asks again with the same token until the outcome is known or the service is away for too long.
pub(crate) fn submit_surely<T: Transport>(
    cluster: &mut Cluster<T>,
    submission: &Submission<'_>,
    subject: &Subject<'_>,
    bound: Bound,
    away_max: Duration,
) -> Result<Submitted, Failure> {
    let mut away = Away::new(away_max);
    let mut sent = None;
    loop {
        let error = match cluster.submit(submission) {
            Ok(submitted) => return Ok(submitted),
            Err(error) => error,
        };
        if !error.changed_nothing() && wait::is_away(&error) {
            // What comes now only looks for the answer to what was sent.
            if sent.is_none() {
                cluster.finish_by(bound.answer_by(away_max));
            }
            sent = Some(Failure::unexplained(&error, subject));
        }
        match &sent {
            // Nothing of it ever left: a plain failure.
            None => return Err(explain(cluster, &error, subject)),
            Some(_) if wait::is_away(&error) && away.pause(bound.left()) => {}
            Some(unknown) => return Err(unknown.clone()),
        }
    }
}

/// What the service does not find it refuses before there is anything to explain.
fn explain<T: Transport>(
    cluster: &mut Cluster<T>,
    error: &mainstay_client::CallError,
    subject: &Subject<'_>,
) -> Failure {
    match error.status() {
        Status::RESOURCE_NOT_FOUND | Status::GROUP_NOT_FOUND => Failure::unexplained(error, subject),
        _ => Failure::of_call(cluster, error, subject),
    }
}

/// 128 random bits, in hexadecimal.
pub(crate) fn token() -> Result<String, Failure> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        Failure::new(Exit::Refused, format!("the system gives no random numbers: {error}"))
    })?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}

/// Names the option that gets past a refusal, where there is one. `is_told`: the call had instructions.
pub(crate) fn with_option(failure: Failure, verb: Verb, subject: &Subject<'_>, is_told: bool) -> Failure {
    let way_out = match (failure.status, verb, subject) {
        (Some(Status::CLUSTER_RESOURCE_LOCKED_STATUS), Verb::Offline, Subject::Resource(_)) => {
            "take it offline all the same with --ignore-locked".into()
        }
        (Some(Status::CLUSTER_RESOURCE_LOCKED_STATUS), Verb::Online | Verb::Offline, _) => {
            "do it all the same with --ignore-locked".into()
        }
        (Some(Status::DIR_NOT_EMPTY), Verb::Delete, Subject::Group(name)) => {
            let first = failure.way_out.as_deref().unwrap_or("empty it first");
            let with_all = about("group delete", name).option("--with-resources");
            format!("{first}, or take everything offline and delete all of it with: {with_all}")
        }
        (Some(Status::INVALID_PARAMETER), _, Subject::Resource(_))
            if is_told && failure.way_out.is_none() =>
        {
            "look at what --property or --buffer-file tells it".into()
        }
        _ => return failure,
    };
    failure.with_way_out(way_out)
}

/// Waits as asked for what was accepted.
fn follow(
    cluster: &mut Cluster,
    request: &Request<'_>,
    bound: Bound,
    submitted: &Submitted,
    context: &mut Context,
) -> Result<Exit, Failure> {
    let subject = request.subject();
    let Some(id) = submitted.operation else {
        if submitted.status.is_success() {
            let document = || outcome(submitted, Some(End::Done.as_str()), None);
            context.output.data(document, || done_sentence(request.verb, &subject))?;
            return Ok(Exit::Done);
        }
        let message = format!("the service accepted {} of {subject} and told no id", request.verb);
        return Err(Failure::new(Exit::Unknown, message).with_status(Status::RPC_S_PROTOCOL_ERROR));
    };
    if request.wait.no_wait {
        let written = context.output.data(|| outcome(submitted, None, None), || id.to_string());
        written.map_err(|failure| unwritten(failure, id))?;
        if !context.output.is_json() {
            let accepted = format!("{} of {subject} accepted", request.verb);
            context.output.note(&format!("{accepted}; wait for it with 'mainstay operation wait {id}'"));
        }
        return Ok(Exit::Done);
    }
    let mut progress = Progress::new(&context.output);
    let waited = wait::to_end(cluster, id, bound, AWAY_MAX, &mut progress);
    drop(progress);
    let (Waited::Ended(record) | Waited::Running(record)) = waited?;
    let failure = failure_of(&record, bound.within());
    let failure = failure.map(|failure| with_doubt(failure, &record, cluster));
    // In text the failure says it all.
    if failure.is_none() || context.output.is_json() {
        let document = || outcome(submitted, record.end.as_ref().map(End::as_str), Some(&record));
        let written = context.output.data(document, || ended_sentence(&record));
        written.map_err(|failure| unwritten(failure, id))?;
    }
    failure.map_or(Ok(Exit::Done), Err)
}

/// Standard output did not take the outcome: standard error at least has the id.
fn unwritten(failure: Failure, id: OperationId) -> Failure {
    failure
        .with_way_out(format!("'mainstay operation show {id}' tells what became of it"))
        .with_operation(Some(id))
}

pub(crate) fn outcome(
    submitted: &Submitted,
    end: Option<&'static str>,
    record: Option<&OperationRecord>,
) -> OutcomeDocument {
    OutcomeDocument {
        status: submitted.status.into(),
        operation: submitted.operation.map(|id| id.to_string()),
        end,
        record: record.map(OperationDocument::from),
    }
}

pub(crate) fn done_sentence(verb: Verb, subject: &Subject<'_>) -> String {
    match verb {
        Verb::Online => format!("{subject} is online"),
        Verb::Offline => format!("{subject} is offline"),
        Verb::Restart => format!("{subject} was restarted"),
        Verb::Fail => format!("{subject} was failed as asked"),
        Verb::ConfirmStopped => format!("{subject} is offline, on your word"),
        Verb::DiscardKept => format!("{subject} has given up what was kept of it"),
        verb => format!("{verb} of {subject} is done"),
    }
}

pub(crate) fn ended_sentence(record: &OperationRecord) -> String {
    let subject = pending::subject(record);
    let sentence = match record.outcome.as_str() {
        "" => done_sentence(record.verb, &subject),
        outcome => format!("{subject} {}", clean(outcome)),
    };
    match record.ended_at_ms {
        Some(ended) => {
            format!("{sentence} (operation {}, {})", record.id, span(ended.saturating_sub(record.at_ms)))
        }
        None => format!("{sentence} (operation {})", record.id),
    }
}

/// Why an operation is no success; `None` when it is one.
pub(crate) fn failure_of(record: &OperationRecord, within: Option<Duration>) -> Option<Failure> {
    let (id, verb, subject) = (record.id, record.verb, pending::subject(record));
    let show = format!("'mainstay operation show {id}' has the details");
    let failure = match &record.end {
        Some(End::Done) => return None,
        None => {
            let within_ms = within.map_or(0, |within| u64::try_from(within.as_millis()).unwrap_or(u64::MAX));
            Failure::new(
                Exit::NotEnded,
                format!(
                    "operation {id}, {verb} of {subject}, has not ended within {} and goes on",
                    span(within_ms)
                ),
            )
            .with_status(Status::WAIT_TIMEOUT)
            .with_way_out(format!("wait for it with 'mainstay operation wait {id}'"))
        }
        Some(End::Refused(cause)) => Failure::refused(cause.status, &cause.text, &subject),
        Some(End::Vetoed(cause)) => {
            let way_out = match (verb, &subject) {
                (Verb::Offline, Subject::Resource(name)) => format!(
                    "everything is as before; without asking: {}",
                    pending::forced(name, cause.status == Status::CLUSTER_RESOURCE_LOCKED_STATUS)
                ),
                (_, Subject::Group(_)) => format!("what had stopped was started again; {show}"),
                _ => format!("everything is as before; {show}"),
            };
            Failure::new(
                Exit::EndedOtherwise,
                with_cause(&format!("{verb} of {subject} was vetoed"), &cause.text),
            )
            .with_status(cause.status)
            .with_way_out(way_out)
        }
        Some(End::Failed(cause)) => Failure::new(
            Exit::EndedOtherwise,
            with_cause(&format!("{verb} of {subject} failed"), &cause.text),
        )
        .with_status(cause.status)
        .with_way_out(show),
        Some(End::Superseded(by)) => Failure::new(
            Exit::EndedOtherwise,
            format!("operation {id}, {verb} of {subject}, was superseded by operation {by}"),
        )
        .with_status(Status::CANCELLED)
        .with_way_out(format!("wait for that one with 'mainstay operation wait {by}'")),
        Some(End::Cancelled(cause)) => Failure::new(
            Exit::EndedOtherwise,
            format!("operation {id}, {verb} of {subject}, was {}", clean(&cause.text)),
        )
        .with_status(cause.status)
        .with_way_out(show),
    };
    Some(failure.with_operation(Some(id)))
}

/// What is not proven to have stopped, and can only be said so by who looks: the way out is to look, and to say it.
pub(crate) fn with_doubt(failure: Failure, record: &OperationRecord, cluster: &mut Cluster) -> Failure {
    if !matches!(record.end, Some(End::Failed(_))) {
        return failure;
    }
    // Without the look the failure is told as it is.
    let Ok(glance) = glance(cluster) else { return failure };
    let had_part = |name: &Name| record.parts.iter().any(|part| part.resource == *name);
    let in_doubt = glance.resources.iter().find(|found| {
        found.confirmable && (record.object == ObjectId::Resource(found.id) || had_part(&found.name))
    });
    match (in_doubt, &failure.way_out) {
        (Some(found), Some(show)) => {
            let name = clean(found.name.as_str());
            let line = about("resource confirm-stopped", found.name.as_str());
            let way_out = format!(
                "look whether a mount, an address, a file or a process of resource '{name}' is left, take it away, and \
                 then say so with: {line}; {show}"
            );
            failure.with_way_out(way_out)
        }
        _ => failure,
    }
}

fn with_cause(what: &str, cause: &str) -> String {
    if cause.is_empty() { what.to_owned() } else { format!("{what}: {}", clean(cause)) }
}
