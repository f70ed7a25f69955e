//! `mainstay operation`: what was asked for and runs, or ended lately; and waiting for it.

use std::time::Duration;

use clap::{Subcommand, value_parser};
use mainstay_client::{Cluster, OperationWait, Submission, SubmitObject};
use mainstay_types::operation::{End, OperationRecord, Verb};
use mainstay_types::{OperationId, Status};

use crate::account;
use crate::concerning::{self, Asked};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Subject};
use crate::journal;
use crate::json::operation::{OperationDocument, PartDocument};
use crate::pending;
use crate::progress::Progress;
use crate::render::{BAD, Cell, GOOD, MOVING, PLAIN, STRONG, Table, clean, moment, now_ms, span, styled};
use crate::submit::{self, failure_of, with_doubt};
use crate::wait::{self, AWAY_MAX, Bound, WaitArguments, Waited};

/// Where what befell the object that was asked for stands, between the object of the operation and how it ended.
const PART_COLUMN: usize = 5;

/// What can be done with operations.
#[derive(Debug, Subcommand)]
pub enum OperationVerb {
    /// List operations that run, and that ended lately, newest first
    List {
        /// Only those on this object, by name or id
        object: Option<String>,
        /// At most so many
        #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// Show an operation: who asked, each resource's part, how it ended
    Show {
        /// The operation's id, such as 1-42
        id: OperationId,
    },
    /// End an operation before it is done: what it has stopped comes back, what it is bringing up is taken down
    Cancel(Cancelled),
    /// Wait until an operation has ended
    Wait {
        /// The operation's id, such as 1-42
        id: OperationId,
        /// Take at most so long [default: until it has ended]
        #[arg(long, value_name = "SECONDS", value_parser = wait::seconds, allow_negative_numbers = true)]
        timeout: Option<Duration>,
    },
}

/// An operation that is to end before it is done.
#[derive(Debug, clap::Args)]
pub struct Cancelled {
    /// The operation's id, such as 1-42
    pub id: OperationId,
    /// Why, for the journal
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// How long to wait
    #[command(flatten)]
    pub wait: WaitArguments,
}

pub(crate) fn run(verb: OperationVerb, context: &mut Context) -> Result<Exit, Failure> {
    match verb {
        OperationVerb::List { object, limit } => list(object.as_deref(), limit, context),
        OperationVerb::Show { id } => show(id, context),
        OperationVerb::Cancel(given) => cancel(&given, context),
        OperationVerb::Wait { id, timeout } => wait_for(id, timeout, context),
    }
}

fn list(object: Option<&str>, limit: u32, context: &mut Context) -> Result<Exit, Failure> {
    let mut cluster = context.read()?;
    let records = cluster
        .operations(object, Some(limit))
        .map_err(|error| Failure::of_call(&mut cluster, &error, &Subject::Cluster))?;
    let asked = match object {
        None => None,
        Some(object) if records.is_empty() => return nothing_of(object, &mut cluster, context),
        Some(object) => Some(Asked::look(object, &mut cluster)?),
    };
    show_list(&records, asked.as_ref(), context)
}

/// Nothing is recorded of an object, which has to be one.
pub(crate) fn nothing_of(
    object: &str,
    cluster: &mut Cluster,
    context: &mut Context,
) -> Result<Exit, Failure> {
    journal::must_be_known(object, cluster)?;
    show_list(&[], None, context)
}

/// Records as a table, newest first, or as documents; with the parts of the object that was asked for, in operations of
/// another one.
pub(crate) fn show_list(
    records: &[OperationRecord],
    asked: Option<&Asked>,
    context: &mut Context,
) -> Result<Exit, Failure> {
    let documents = || {
        let document = |record: &OperationRecord| OperationDocument {
            concerning: concerning::parts(asked, record).into_iter().map(PartDocument::from).collect(),
            ..OperationDocument::from(record)
        };
        records.iter().map(document).collect::<Vec<_>>()
    };
    context.output.data(documents, || match records {
        [] => String::new(),
        records => table(records, asked).show(0),
    })?;
    if records.is_empty() && !context.output.is_json() {
        context.output.note("nothing is recorded");
    }
    Ok(Exit::Done)
}

fn table(records: &[OperationRecord], asked: Option<&Asked>) -> Table {
    let has_parts = records.iter().any(|record| !concerning::parts(asked, record).is_empty());
    let mut heading = vec!["ID", "WHEN", "WHO", "WHAT", "OBJECT", "TOOK", "END", "WHY"];
    if has_parts {
        heading.insert(PART_COLUMN, "PART");
    }
    let mut table = Table::with_heading(&heading);
    for record in records {
        let took = record.ended_at_ms.map(|ended| span(ended.saturating_sub(record.at_ms)));
        let mut row = vec![
            record.id.to_string().into(),
            moment(record.at_ms).into(),
            account::shown(&record.asker.account).into(),
            record.verb.as_str().into(),
            pending::subject(record).to_string().into(),
            took.unwrap_or_default().into(),
            end_cell(record),
            why(record).into(),
        ];
        if has_parts {
            row.insert(PART_COLUMN, concerning::shown(&concerning::parts(asked, record)).into());
        }
        table.row(row);
    }
    table
}

fn end_cell(record: &OperationRecord) -> Cell {
    match &record.end {
        None => Cell::new(MOVING, "running"),
        Some(end @ End::Done) => Cell::new(GOOD, end.as_str()),
        Some(end @ (End::Failed(_) | End::Vetoed(_))) => Cell::new(BAD, end.as_str()),
        Some(end @ (End::Refused(_) | End::Superseded(_) | End::Cancelled(_))) => {
            Cell::new(PLAIN, end.as_str())
        }
    }
}

/// Why it was asked for, and why it did not end as asked.
fn why(record: &OperationRecord) -> String {
    let asked = match record.reason_text.is_empty() {
        true => String::new(),
        false => format!("\"{}\"", record.reason_text),
    };
    let ended = match &record.end {
        Some(End::Refused(cause) | End::Vetoed(cause) | End::Failed(cause)) if cause.text.is_empty() => {
            cause.status.to_string()
        }
        Some(End::Refused(cause) | End::Vetoed(cause) | End::Failed(cause)) => {
            format!("{}: {}", cause.text, cause.status)
        }
        Some(End::Superseded(by)) => format!("by operation {by}"),
        Some(End::Cancelled(cause)) => cause.text.clone(),
        Some(End::Done) | None => String::new(),
    };
    [asked, ended].iter().filter(|text| !text.is_empty()).cloned().collect::<Vec<_>>().join("; ")
}

fn show(id: OperationId, context: &mut Context) -> Result<Exit, Failure> {
    let record = look(&mut context.read()?, id)?;
    show_record(&record, context)?;
    Ok(Exit::Done)
}

/// An operation as it is now.
fn look(cluster: &mut Cluster, id: OperationId) -> Result<Box<OperationRecord>, Failure> {
    let found = cluster
        .wait_operation(id, Duration::ZERO)
        .map_err(|error| Failure::of_call(cluster, &error, &Subject::Operation(id)))?;
    match found {
        OperationWait::Ended(record) | OperationWait::Running(record) => Ok(record),
        // Nothing was to be changed, so nothing was.
        OperationWait::Unknown => Err(Failure { exit: Exit::Refused, ..wait::unknown(id) }),
    }
}

fn show_record(record: &OperationRecord, context: &mut Context) -> Result<(), Failure> {
    context.output.data(|| OperationDocument::from(record), || text(record))
}

fn text(record: &OperationRecord) -> String {
    let mut table = Table::new();
    let mut row = |name: &str, value: Cell| table.row(vec![name.into(), value]);
    row("asked by", format!("{} ({})", account::shown(&record.asker.account), record.asker.origin).into());
    row("at", moment(record.at_ms).into());
    if record.flags != 0 {
        row("flags", format!("{:#x}", record.flags).into());
    }
    if let Some(reason) = record.reason {
        row("reason", reason.to_string().into());
    }
    for (name, value) in [("reason given", &record.reason_text), ("instructions", &record.instructions)] {
        if !value.is_empty() {
            row(name, value.as_str().into());
        }
    }
    row("answer", record.answer.to_string().into());
    row("end", end_cell(record));
    if let Some(End::Refused(cause) | End::Vetoed(cause) | End::Failed(cause) | End::Cancelled(cause)) =
        &record.end
    {
        row("cause", format!("{}: {}", cause.text, cause.status).into());
    }
    if !record.outcome.is_empty() {
        row("outcome", format!("{} {}", pending::subject(record), clean(&record.outcome)).into());
    }
    if let Some(End::Superseded(by)) = &record.end {
        row("superseded by", format!("operation {by}").into());
    }
    if let Some(ended) = record.ended_at_ms {
        let took = span(ended.saturating_sub(record.at_ms));
        row("ended", format!("{} (took {took})", moment(ended)).into());
    }
    let title = format!("operation {}: {} of {}", record.id, record.verb, pending::subject(record));
    let mut text = format!("{}\n{}", styled(STRONG, &title), table.show(2));
    if !record.parts.is_empty() {
        text.push_str(&format!("\n{}\n{}", styled(STRONG, "parts"), parts(record)));
    }
    if !record.pending.is_empty() {
        let lines = pending::lines(record, now_ms());
        text.push_str(&format!("\n{}\n{}\n", styled(STRONG, "pending"), lines[1..].join("\n")));
    }
    text
}

fn parts(record: &OperationRecord) -> String {
    let mut table = Table::new();
    for part in &record.parts {
        table.row(vec![
            part.resource.as_str().into(),
            part.action.as_str().into(),
            concerning::took(part).unwrap_or_default().into(),
            match part.ended_at_ms {
                None => Cell::new(MOVING, "running"),
                Some(_) => clean(&part.outcome).into(),
            },
        ]);
    }
    table.show(2)
}

fn wait_for(id: OperationId, timeout: Option<Duration>, context: &mut Context) -> Result<Exit, Failure> {
    let bound = Bound::new(timeout);
    let mut cluster = context.read_by(bound.answers_by())?;
    // An id that nothing has is said at once, and not waited for.
    look(&mut cluster, id)?;
    let mut progress = Progress::new(&context.output);
    let waited = wait::to_end(&mut cluster, id, bound, AWAY_MAX, &mut progress);
    drop(progress);
    let (Waited::Ended(record) | Waited::Running(record)) = waited?;
    let failure = failure_of(&record, timeout);
    let failure = failure.map(|failure| with_doubt(failure, &record, &mut cluster));
    if failure.is_none() || context.output.is_json() {
        show_record(&record, context)?;
    }
    failure.map_or(Ok(Exit::Done), Err)
}

/// Ends an operation, and waits until what it had in hand is at rest.
fn cancel(given: &Cancelled, context: &mut Context) -> Result<Exit, Failure> {
    let (id, subject) = (given.id, Subject::Operation(given.id));
    let bound = Bound::new(given.wait.timeout);
    let mut cluster = context.change_by(bound.answers_by())?;
    // An id that nothing has is said at once.
    look(&mut cluster, id)?;
    let (token, object) = (submit::token()?, id.to_string());
    let submission = Submission {
        reason: given.reason.as_deref().unwrap_or_default(),
        token: &token,
        ..Submission::new(Verb::Cancel, SubmitObject::Operation(&object))
    };
    let submitted = submit::submit_surely(&mut cluster, &submission, &subject, bound, AWAY_MAX)?;
    if !matches!(submitted.status, Status::SUCCESS | Status::IO_PENDING) {
        let failure = Failure::refused(submitted.status, &submitted.text, &subject);
        return Err(failure.with_operation(submitted.operation));
    }
    if given.wait.no_wait {
        let document = || submit::outcome(&submitted, None, None);
        context.output.data(document, || format!("{subject} is being cancelled"))?;
        return Ok(Exit::Done);
    }
    let mut progress = Progress::new(&context.output);
    let waited = wait::to_end(&mut cluster, id, bound, AWAY_MAX, &mut progress);
    drop(progress);
    let (Waited::Ended(record) | Waited::Running(record)) = waited?;
    let failure = match record.end {
        // It was through before the cancellation was.
        Some(End::Done) => Some(done_all_the_same(&record)),
        _ => failure_of(&record, bound.within()).filter(|failure| !is_cancelled(failure, &record)),
    };
    if failure.is_none() || context.output.is_json() {
        let end = record.end.as_ref().map(End::as_str);
        let document = || submit::outcome(&submitted, end, Some(&record));
        let what = || format!("operation {id}, {} of {}", record.verb, pending::subject(&record));
        context.output.data(document, || match &record.end {
            Some(End::Refused(_)) => format!("{}, is cancelled; it had changed nothing", what()),
            _ => format!("{}, is cancelled", what()),
        })?;
    }
    failure.map_or(Ok(Exit::Done), Err)
}

fn done_all_the_same(record: &OperationRecord) -> Failure {
    let (id, verb, subject) = (record.id, record.verb, pending::subject(record));
    Failure::new(
        Exit::EndedOtherwise,
        format!("operation {id}, {verb} of {subject}, was done before it was cancelled"),
    )
    .with_operation(Some(id))
}

/// Whether that is how it was to end.
fn is_cancelled(failure: &Failure, record: &OperationRecord) -> bool {
    let is_refused = matches!(record.end, Some(End::Refused(_)));
    let was_refused_for_it = is_refused && failure.status == Some(Status::CANCELLED);
    was_refused_for_it || matches!(record.end, Some(End::Cancelled(_)))
}
