//! A new resource with all that is said of it, as `resource create` and `cluster apply` make it.
//!
//! It is made in one transaction, and a type that is built in judges its private properties before. A type in a library
//! can judge them only once its host has opened the resource. So they are shown to every type right after, and a
//! resource whose properties are refused is deleted again.

use std::thread;
use std::time::{Duration, Instant};

use mainstay_client::{CallError, Cluster, Resource, Target};
use mainstay_types::configuration::{ConfiguredObject, StepAction};
use mainstay_types::{OperationId, Status};

use crate::context::open_object;
use crate::exit::Exit;
use crate::failure::{Failure, Subject};
use crate::properties::Owner;

/// How long a resource host may take to open a new resource before it is left alone; it takes milliseconds.
const OPENED_WITHIN: Duration = Duration::from_secs(10);
/// How often a deletion is tried meanwhile.
const DELETIONS_APART: Duration = Duration::from_millis(50);

/// What was made.
pub(crate) struct Made {
    /// The resource's id.
    pub(crate) id: String,
    /// The operation that made it.
    pub(crate) operation: Option<OperationId>,
    /// What there is to be said of it.
    pub(crate) notes: Vec<String>,
}

/// Makes it, and has its type judge it. After a failure it is not there.
pub(crate) fn make(wanted: &ConfiguredObject, reason: &str, cluster: &mut Cluster) -> Result<Made, Failure> {
    let subject = Subject::Resource(&wanted.name);
    let made = cluster.configure(StepAction::Create, wanted, None, reason);
    let (done, id) = made.map_err(|error| Failure::of_call(cluster, &error, &subject))?;
    if done.status != Status::SUCCESS {
        let of_type = Subject::Type(wanted.type_name.as_deref().unwrap_or_default());
        let about = match done.status {
            Status::CLUSTER_RESOURCE_TYPE_NOT_FOUND => of_type,
            _ => subject,
        };
        return Err(Failure::refused(done.status, &done.text, &about).with_operation(done.operation));
    }
    let mut notes = Vec::new();
    if !wanted.parameters.is_empty() {
        notes = show_to_type(&id, wanted, cluster, &subject)?;
    }
    // What the type has said it may have said again.
    if !done.text.is_empty() && !notes.contains(&done.text) {
        notes.insert(0, done.text);
    }
    Ok(Made { id, operation: done.operation, notes })
}

/// Has the type judge the private properties; gives back notes. Formats that only the type knows are known by now.
fn show_to_type(
    id: &str,
    wanted: &ConfiguredObject,
    cluster: &mut Cluster,
    subject: &Subject<'_>,
) -> Result<Vec<String>, Failure> {
    let made: Resource = open_object(cluster, id, subject)?;
    let owner = Owner { target: Target::Resource(&made), subject: *subject };
    let shown = owner.set_private(cluster, &wanted.parameters);
    shown.map_err(|failure| match failure.exit {
        // Nobody has refused anything: it stays.
        Exit::Unknown => unjudged(&made, subject, &failure),
        _ => unmake(cluster, &made, subject, failure),
    })
}

/// It is there with all its properties, and what its type says of them is not known.
fn unjudged(made: &Resource, subject: &Subject<'_>, failure: &Failure) -> Failure {
    let message =
        format!("{subject} was created, and what its type says of its properties is not known: {failure}");
    Failure::new(Exit::Unknown, message).with_way_out(format!(
        "have it judged by setting one of them again: mainstay resource set {}",
        made.id()
    ))
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
