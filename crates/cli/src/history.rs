//! `mainstay history` and `mainstay undo`: what was changed in the configuration, by whom, and taking it back.

use clap::{Args, value_parser};
use mainstay_types::operation::{End, OperationRecord};
use mainstay_types::{OperationId, Status};
use serde::Serialize;

use crate::configuration::value;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Subject};
use crate::journal::{must_be_known, parse};
use crate::json::operation::OperationDocument;
use crate::pending;
use crate::render::{STRONG, clean, moment, styled};

/// How many records one call asks for.
const PAGE: u32 = 500;

/// How many records are looked through at most: as many as the journal keeps.
const LOOKED_THROUGH_MAX: usize = 110_000;

/// Which changes are shown.
#[derive(Debug, Args)]
pub struct HistoryArguments {
    /// Only changes of this object, by name or id
    pub object: Option<String>,
    /// At most so many
    #[arg(long, value_name = "NUMBER", default_value_t = 20, value_parser = value_parser!(u32).range(1..))]
    pub limit: u32,
}

/// Which change is taken back.
#[derive(Debug, Args)]
pub struct UndoArguments {
    /// The operation that made it, such as 1-42
    pub id: OperationId,
    /// Why, for the journal
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// A change in `--json`: the operation, and what it changed.
#[derive(Debug, Serialize)]
struct ChangeDocument<'r> {
    #[serde(flatten)]
    operation: OperationDocument,
    /// What it changed in the registry.
    changes: &'r [mainstay_types::configuration::RegistryChange],
}

/// `mainstay undo`.
#[derive(Debug, Serialize)]
struct UndoneDocument {
    /// The operation that was undone.
    undone: String,
    /// The operation that did it.
    operation: Option<String>,
}

pub(crate) fn run(arguments: &HistoryArguments, context: &mut Context) -> Result<Exit, Failure> {
    let mut cluster = context.read()?;
    let object = arguments.object.as_deref();
    let limit = usize::try_from(arguments.limit).unwrap_or(usize::MAX);
    let (mut records, mut before, mut looked) = (Vec::<OperationRecord>::new(), None, 0);
    while records.len() < limit && looked < LOOKED_THROUGH_MAX {
        let page = cluster
            .journal(object, Some(PAGE), before)
            .map_err(|error| Failure::of_call(&mut cluster, &error, &Subject::Cluster))?;
        let page = page.iter().map(|record| parse(record)).collect::<Result<Vec<_>, _>>()?;
        looked += page.len();
        let oldest = page.last().map(|record| record.id);
        let is_last = page.len() < PAGE as usize;
        records.extend(page.into_iter().filter(OperationRecord::has_configured));
        if is_last || oldest == before {
            break;
        }
        before = oldest;
    }
    records.truncate(limit);
    if let (true, Some(object)) = (records.is_empty(), object) {
        must_be_known(object, &mut cluster)?;
    }
    let documents = || {
        let all = records.iter().map(|record| ChangeDocument {
            operation: OperationDocument::from(record),
            changes: record.changes.as_slice(),
        });
        all.collect::<Vec<_>>()
    };
    context.output.data(documents, || records.iter().map(shown).collect())?;
    if records.is_empty() && !context.output.is_json() {
        context.output.note("no change is recorded");
    }
    Ok(Exit::Done)
}

fn shown(record: &OperationRecord) -> String {
    let end = match &record.end {
        None => " (running)".to_owned(),
        Some(End::Done) => String::new(),
        Some(end) => format!(" ({})", end.as_str()),
    };
    let title = format!("{}  {} of {}{end}", record.id, record.verb, pending::subject(record));
    let mut text = format!(
        "{}  {}  {} ({})\n",
        styled(STRONG, &clean(&title)),
        moment(record.at_ms),
        clean(&record.asker.account),
        clean(&record.asker.origin)
    );
    if !record.reason_text.is_empty() {
        text.push_str(&format!("    \"{}\"\n", clean(&record.reason_text)));
    }
    for change in &record.changes {
        let (before, after) = (value(change.before.as_ref()), value(change.after.as_ref()));
        let line = match &change.value {
            Some(name) => format!("    {}: {before} -> {after}\n", clean(name)),
            None if change.after.is_some() => format!("    key {} made\n", clean(&change.path)),
            None => format!("    key {} deleted\n", clean(&change.path)),
        };
        text.push_str(&line);
    }
    text
}

pub(crate) fn undo(arguments: &UndoArguments, context: &mut Context) -> Result<Exit, Failure> {
    let mut cluster = context.change()?;
    let subject = Subject::Operation(arguments.id);
    let done = cluster
        .undo(arguments.id, arguments.reason.as_deref().unwrap_or_default())
        .map_err(|error| Failure::of_call(&mut cluster, &error, &subject))?;
    match done.status {
        Status::SUCCESS => {}
        Status::RESOURCE_PROPERTIES_STORED => context.output.note("what runs takes it up at its next online"),
        status => {
            return Err(Failure::refused(status, &done.text, &subject).with_operation(done.operation));
        }
    }
    let operation = done.operation.map(|id| id.to_string());
    let by = operation.as_ref().map(|id| format!(" by operation {id}")).unwrap_or_default();
    let document = || UndoneDocument { undone: arguments.id.to_string(), operation: operation.clone() };
    context.output.data(document, || format!("operation {} is undone{by}", arguments.id))?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use mainstay_types::order::Cause;

    use super::*;

    #[test]
    fn a_change_says_how_what_follows_from_it_stands() {
        let mut record = pending::tests::record(Vec::new());
        let title = |record: &OperationRecord| shown(record).lines().next().unwrap_or_default().to_owned();
        assert!(
            title(&record).contains("1-42  offline of resource 'big db' (running)"),
            "{}",
            title(&record)
        );
        record.end = Some(End::Failed(Cause::new(Status::RESOURCE_FAILED, "it did not open")));
        assert!(title(&record).contains("'big db' (failed)"), "{}", title(&record));
        record.end = Some(End::Done);
        assert!(!title(&record).contains("(done)"), "{}", title(&record));
    }
}
