//! `mainstay journal`: what was asked for, by whom, and what became of it.

use clap::{Args, value_parser};
use mainstay_client::Cluster;
use mainstay_types::name::fold;
use mainstay_types::operation::OperationRecord;
use mainstay_types::{Name, OperationId, Status};

use crate::concerning::Asked;
use crate::context::{Context, glance};
use crate::exit::Exit;
use crate::failure::{Failure, Subject};
use crate::operation::{nothing_of, show_list};
use crate::resource_type;

/// How many records one call asks for; an answer of that many fits easily into what one answer can carry.
const PAGE: u32 = 500;

/// Which records are shown.
#[derive(Debug, Args)]
pub struct JournalArguments {
    /// Only records of this resource (or other object), by name or id
    pub resource: Option<String>,
    /// At most so many
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = value_parser!(u32).range(1..))]
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
    let asked = match object {
        None => None,
        Some(object) if records.is_empty() => return nothing_of(object, &mut cluster, context),
        Some(object) => Some(Asked::look(object, &mut cluster)?),
    };
    show_list(&records, asked.as_ref(), context)
}

/// Refuses an object that neither exists nor has ever been recorded. One that was deleted still has its records.
pub(crate) fn must_be_known(object: &str, cluster: &mut Cluster) -> Result<(), Failure> {
    let recorded = cluster
        .journal(Some(object), Some(1), None)
        .map_err(|error| Failure::of_call(cluster, &error, &Subject::Cluster))?;
    if !recorded.is_empty() {
        return Ok(());
    }
    let glance = glance(cluster)?;
    let is_it = |name: &Name, id: String| name.is(object) || fold(object) == id;
    let types = resource_type::names(cluster)?;
    let known = glance.resources.iter().any(|resource| is_it(&resource.name, resource.id.to_string()))
        || glance.groups.iter().any(|group| is_it(&group.name, group.id.to_string()))
        || glance.nodes.iter().any(|node| is_it(&node.name, node.id.to_string()))
        || types.iter().any(|known| fold(known) == fold(object))
        || fold(&glance.cluster) == fold(object);
    match known {
        true => Ok(()),
        false => Err(Failure::new(
            Exit::Refused,
            format!("there is no resource or other object '{object}', and none is recorded"),
        )
        .with_status(Status::RESOURCE_NOT_FOUND)
        .with_way_out("'mainstay status' shows those there are, 'mainstay journal' those there were")),
    }
}

pub(crate) fn parse(record: &str) -> Result<OperationRecord, Failure> {
    serde_json::from_str(record).map_err(|error| {
        Failure::new(Exit::Unknown, format!("a record of the journal cannot be understood: {error}"))
            .with_way_out("use a 'mainstay' of the service's own version")
    })
}
