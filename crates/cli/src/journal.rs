//! `mainstay journal`: what was asked for, by whom, and what became of it.

use clap::Args;
use mainstay_types::OperationId;
use mainstay_types::operation::OperationRecord;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Subject};
use crate::operation::show_list;

/// How many records one call asks for; an answer of that many fits easily into what one answer can carry.
const PAGE: u32 = 500;

/// Which records are shown.
#[derive(Debug, Args)]
pub struct JournalArguments {
    /// Only records of this resource (or other object), by name or id
    pub resource: Option<String>,
    /// At most so many
    #[arg(long, value_name = "NUMBER", default_value_t = 50)]
    pub limit: u32,
    /// Only records older than this operation
    #[arg(long, value_name = "ID")]
    pub before: Option<OperationId>,
}

pub(crate) fn run(arguments: &JournalArguments, context: &mut Context) -> Result<Exit, Failure> {
    let mut cluster = context.read()?;
    let object = arguments.resource.as_deref();
    let limit = usize::try_from(arguments.limit).unwrap_or(usize::MAX);
    let mut records: Vec<OperationRecord> = Vec::new();
    let mut before = arguments.before;
    while records.len() < limit {
        let wanted = u32::try_from(limit - records.len()).unwrap_or(PAGE).min(PAGE);
        let page = cluster
            .journal(object, Some(wanted), before)
            .map_err(|error| Failure::of_call(&mut cluster, &error, &Subject::Cluster))?;
        let page = page.iter().map(|record| parse(record)).collect::<Result<Vec<_>, _>>()?;
        let is_last = page.len() < wanted as usize;
        let oldest = page.last().map(|record| record.id);
        records.extend(page);
        // A page that does not go on from the one before would go on for ever.
        if is_last || oldest == before {
            break;
        }
        before = oldest;
    }
    show_list(&records, context)
}

pub(crate) fn parse(record: &str) -> Result<OperationRecord, Failure> {
    serde_json::from_str(record).map_err(|error| {
        Failure::new(Exit::Unknown, format!("a record of the journal cannot be understood: {error}"))
            .with_way_out("use a 'mainstay' of the service's own version")
    })
}
