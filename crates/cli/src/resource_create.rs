//! `mainstay resource create`: a resource with all that is said of it, made in one transaction.
//!
//! Its type can judge private properties only once its host has opened the resource. So they are shown to it right
//! after, and a resource whose properties it refuses is deleted again.

use std::thread;
use std::time::{Duration, Instant};

use mainstay_client::{CallError, Cluster, Group, Resource, Target};
use mainstay_types::Status;
use mainstay_types::configuration::{ConfiguredKind, ConfiguredObject};

use crate::context::{Context, open_object};
use crate::exit::Exit;
use crate::failure::{Failure, Subject};
use crate::properties::{Owner, check_spelling};
use crate::settings::settings;

/// How long a resource host may take to open a new resource before it is left alone; it takes milliseconds.
const OPENED_WITHIN: Duration = Duration::from_secs(10);
/// How often a deletion is tried meanwhile.
const DELETIONS_APART: Duration = Duration::from_millis(50);

pub(crate) fn run(
    name: &str,
    group: &str,
    type_name: &str,
    properties: &[String],
    context: &mut Context,
) -> Result<Exit, Failure> {
    let subject = Subject::Resource(name);
    check_spelling(properties)?;
    let mut cluster = context.change()?;
    let group: Group = open_object(&mut cluster, group, &Subject::Group(group))?;
    let mut wanted = ConfiguredObject::new(ConfiguredKind::Resource, name);
    wanted.type_name = Some(type_name.to_owned());
    wanted.group = Some(group.id().to_owned());
    if !properties.is_empty() {
        let of_type = Owner { target: Target::ResourceType(type_name), subject: Subject::Type(type_name) };
        let (common, private) = of_type.sort_for_resource(&mut cluster, properties)?;
        (wanted.properties, wanted.parameters) = (settings(&common)?, settings(&private)?);
    }
    let id = make(&wanted, &mut cluster, &subject, type_name)?;
    let notes = match wanted.parameters.is_empty() {
        true => Vec::new(),
        false => show_to_type(&id, properties, &mut cluster, &subject)?,
    };
    context.done("resource", name, Some(id.clone()), notes, || format!("{subject} created ({id})"))
}

/// Makes it; gives back its id.
fn make(
    wanted: &ConfiguredObject,
    cluster: &mut Cluster,
    subject: &Subject<'_>,
    type_name: &str,
) -> Result<String, Failure> {
    let made = cluster.create_configured(wanted, "");
    let (done, id) = made.map_err(|error| Failure::of_call(cluster, &error, subject))?;
    match done.status {
        Status::SUCCESS => Ok(id),
        status => {
            let subject = match status {
                Status::CLUSTER_RESOURCE_TYPE_NOT_FOUND => Subject::Type(type_name),
                _ => *subject,
            };
            Err(Failure::refused(status, &done.text, &subject).with_operation(done.operation))
        }
    }
}

/// Has the type judge the private properties; gives back notes. Formats that only the type knows are known by now.
fn show_to_type(
    id: &str,
    properties: &[String],
    cluster: &mut Cluster,
    subject: &Subject<'_>,
) -> Result<Vec<String>, Failure> {
    let made: Resource = open_object(cluster, id, subject)?;
    let owner = Owner { target: Target::Resource(&made), subject: *subject };
    owner.set_private(cluster, properties).map_err(|failure| unmake(cluster, &made, subject, failure))
}

/// A resource whose type refuses its properties is of no use: it is deleted again, and both are said.
fn unmake(cluster: &mut Cluster, made: &Resource, subject: &Subject<'_>, failure: Failure) -> Failure {
    match delete_new(cluster, made) {
        Ok(()) => {
            // Whatever was done to it is gone with it.
            let message = format!("{subject} was not created: {}", failure.message);
            Failure { exit: Exit::Refused, message, ..failure }
        }
        Err(error) => {
            let message = format!(
                "{subject} was created, its type was not content with its properties ({failure}), and it could not be \
                 deleted again"
            );
            Failure::new(Exit::EndedOtherwise, message)
                .with_status(error.status())
                .with_way_out(format!("delete it with: mainstay resource delete {}", made.id()))
        }
    }
}

/// Deletes a resource that was just made. Its host may not have opened it yet, and until then the service refuses.
fn delete_new(cluster: &mut Cluster, made: &Resource) -> Result<(), CallError> {
    let began = Instant::now();
    loop {
        match cluster.delete_resource(made) {
            Err(CallError::Refused { status: Status::INVALID_STATE, .. })
                if began.elapsed() < OPENED_WITHIN =>
            {
                thread::sleep(DELETIONS_APART);
            }
            outcome => return outcome,
        }
    }
}
