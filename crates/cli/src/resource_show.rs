//! `mainstay resource show`: all of a resource on one page.

use mainstay_client::{CallError, Cluster, Resource, Target};
use mainstay_types::glance::{Glance, ResourceGlance};
use mainstay_types::operation::{End, OperationRecord};
use mainstay_types::status_information::ResourceStatusInformation;
use mainstay_types::{ResourceId, ResourceState};

use crate::context::{Context, glance, open_object};
use crate::exit::Exit;
use crate::failure::{Failure, Subject};
use crate::journal;
use crate::json::ResourceDetails;
use crate::json::operation::OperationDocument;
use crate::properties::{Owner, Sections};
use crate::render::{
    BAD, Cell, MARKED, PLAIN, STRONG, Table, clean, moment, now_ms, of_resource, span, styled,
};

/// CLUSTER_RESOURCE_ENUM_DEPENDS (clusapi.h): what it depends on.
const ENUM_PROVIDERS: u32 = 1;
/// CLUSTER_RESOURCE_ENUM_PROVIDES: what depends on it.
const ENUM_DEPENDENTS: u32 = 2;
/// CLUSTER_RESOURCE_ENUM_NODES: its possible owners.
const ENUM_NODES: u32 = 4;

/// How many of its newest records are looked through for a failure.
const RECORDS_SEARCHED: u32 = 50;

pub(crate) fn run(name: &str, context: &mut Context) -> Result<Exit, Failure> {
    let subject = Subject::Resource(name);
    let mut cluster = context.read()?;
    let object: Resource = open_object(&mut cluster, name, &subject)?;
    let sections = Owner { target: Target::Resource(&object), subject }.sections(&mut cluster)?;
    let mut names = |mask| {
        let listed = cluster.list_of_resource(&object, mask);
        let listed = listed.map_err(|error| Failure::of_call(&mut cluster, &error, &subject))?;
        Ok(listed.into_iter().map(|entry| entry.name).collect::<Vec<_>>())
    };
    let (depends_on, dependents, possible_owners) =
        (names(ENUM_PROVIDERS)?, names(ENUM_DEPENDENTS)?, names(ENUM_NODES)?);
    let last_failure = last_failure(&mut cluster, object.id(), &subject)?;
    let glance = glance(&mut cluster)?;
    let dependency_expression = expression(&mut cluster, &object, &glance)
        .map_err(|error| Failure::of_call(&mut cluster, &error, &subject))?;
    let is_it = |resource: &&ResourceGlance| resource.id.to_string() == object.id() || resource.name.is(name);
    let resource = glance.resources.iter().find(is_it).ok_or_else(|| subject.gone())?;
    let details = ResourceDetails {
        resource: resource.into(),
        depends_on,
        dependency_expression,
        dependents,
        possible_owners,
        host_process: sections.read_only_dword("MonitorProcessId").filter(|process| *process != 0),
        last_failure: last_failure.as_ref().map(OperationDocument::from),
        note: Some(sections.note().to_owned()).filter(|note| !note.is_empty()),
        properties: sections.document(),
    };
    let text = || text(resource, &details, last_failure.as_ref(), &sections);
    context.output.data(|| &details, text)?;
    Ok(Exit::Done)
}

fn last_failure(
    cluster: &mut Cluster,
    id: &str,
    subject: &Subject<'_>,
) -> Result<Option<OperationRecord>, Failure> {
    let records = cluster
        .journal(Some(id), Some(RECORDS_SEARCHED), None)
        .map_err(|error| Failure::of_call(cluster, &error, subject))?;
    for record in &records {
        let record = journal::parse(record)?;
        if matches!(record.end, Some(End::Failed(_))) {
            return Ok(Some(record));
        }
    }
    Ok(None)
}

/// The expression, whose resources stand there by id, with their names.
/// What it depends on as it is kept, by names: `([a] or [b]) and ([c])`.
pub(crate) fn expression(
    cluster: &mut Cluster,
    object: &Resource,
    glance: &Glance,
) -> Result<String, CallError> {
    let kept = cluster.dependency_expression(object)?;
    let name_of = |id| glance.resources.iter().find(|found| found.id == id).map(|found| found.name.as_str());
    Ok(with_names(&kept, name_of))
}

fn with_names<'a>(expression: &str, name_of: impl Fn(ResourceId) -> Option<&'a str>) -> String {
    let mut shown = String::with_capacity(expression.len());
    for piece in expression.split_inclusive(['[', ']']) {
        match piece.strip_suffix(']').and_then(|id| id.parse().ok()).and_then(&name_of) {
            Some(name) => shown.extend([name, "]"]),
            None => shown.push_str(piece),
        }
    }
    shown
}

fn text(
    resource: &ResourceGlance,
    details: &ResourceDetails,
    last_failure: Option<&OperationRecord>,
    sections: &Sections,
) -> String {
    let mut table = Table::new();
    let mut row = |name: &str, value: Cell| table.row(vec![name.into(), value]);
    row("id", details.resource.id.as_str().into());
    row("type", details.resource.type_name.as_str().into());
    row("group", details.resource.group.as_str().into());
    row("owner", details.resource.owner.as_str().into());
    row("state", Cell::new(of_resource(resource.state), resource.state.to_string()));
    let length = span(now_ms().saturating_sub(resource.since_ms));
    row("since", format!("{} ({length})", moment(resource.since_ms)).into());
    let status = ResourceStatusInformation::from_bits_truncate(resource.status_information);
    if !status.is_empty() {
        row("status", Cell::new(MARKED, status.words().join(", ")));
    }
    if let Some(cause) = &resource.cause {
        let style = if resource.state == ResourceState::Offline { PLAIN } else { BAD };
        row("cause", Cell::new(style, format!("{}: {}", cause.text, cause.status)));
    }
    if resource.in_maintenance {
        row("maintenance", Cell::new(MARKED, "failing checks are not acted on"));
    }
    if let Some(recovery) = resource.recovery {
        row("recovery", crate::status::planned(recovery, now_ms()).into());
    }
    if resource.unproven {
        row("", Cell::new(BAD, "something of it may still be running"));
    }
    row("to be online", if resource.wanted { "yes" } else { "no" }.into());
    if let Some(reason) = resource.locked {
        row("locked", Cell::new(MARKED, format!("by its type (reason {reason})")));
    }
    if !resource.kept.is_empty() {
        row("kept", Cell::new(MARKED, clean(&resource.kept)));
    }
    if let Some(operation) = resource.operation {
        row("in operation", operation.to_string().into());
    }
    if let Some(process) = details.host_process {
        row("host process", process.to_string().into());
    }
    let listed = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    // A list says as much, as long as there is nothing to choose.
    let has_alternatives = details.dependency_expression.contains("] or [");
    let depends_on =
        if has_alternatives { details.dependency_expression.clone() } else { listed(&details.depends_on) };
    row("depends on", depends_on.into());
    row("dependents", listed(&details.dependents).into());
    row("possible owners", listed(&details.possible_owners).into());
    if let Some(record) = last_failure
        && let Some(End::Failed(cause)) = &record.end
    {
        let at = moment(record.ended_at_ms.unwrap_or(record.at_ms));
        let text =
            format!("{at}, operation {}, {}: {}: {}", record.id, record.verb, cause.text, cause.status);
        row("last failure", text.into());
    }
    if let Some(note) = &details.note {
        row("note", Cell::new(MARKED, note.clone()));
    }
    let title = styled(STRONG, &format!("resource {}", clean(&details.resource.name)));
    format!("{title}\n{}{}", table.show(2), sections.show())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_shown_with_names() {
        let id = |number: u128| ResourceId(uuid::Uuid::from_u128(number));
        let name_of = |found| [(id(1), "a"), (id(2), "b or c")].into_iter().find(|(id, _)| *id == found);
        let name_of = |found| name_of(found).map(|(_, name)| name);
        let (a, b, gone) = (id(1), id(2), id(3));
        for (expression, expected) in [
            (String::new(), String::new()),
            (format!("([{a}] or [{b}]) and ([{gone}])"), format!("([a] or [b or c]) and ([{gone}])")),
        ] {
            assert_eq!(with_names(&expression, name_of), expected);
        }
    }
}
