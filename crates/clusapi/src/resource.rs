//! Resources: their life, their state, and who depends on whom.

use std::sync::Arc;

use mainstay_client::{Accepted, CallError, Cluster, Submission, SubmitObject, kind};
use mainstay_resutils::wide::{self, Unit};
use mainstay_types::Status;
use mainstay_types::access::GENERIC_READ;
use mainstay_types::operation::Verb;

use crate::connection::{Held, same};
use crate::group::status_of;
use crate::guard::Outcome;
use crate::memory;
use crate::object;
use crate::tables::tables;

/// CreateClusterResource.
///
/// # Safety
/// As [`wide::read`], for both strings.
pub(crate) unsafe fn create<U: Unit>(
    group: usize,
    name: *const U,
    type_name: *const U,
    flags: u32,
) -> Outcome<usize> {
    let group = tables().groups.get(group)?;
    // SAFETY: the caller's promise is that of the function.
    let (name, type_name) = unsafe { (memory::text(name)?, memory::text(type_name)?) };
    let held =
        group.connection.hold(|cluster| cluster.create_resource(&group.object, &name, &type_name, flags))?;
    object::admit(held)
}

/// DeleteClusterResource. The handle stays open.
pub(crate) fn delete(resource: usize) -> Outcome<()> {
    let held = tables().resources.get(resource)?;
    held.connection.with(|cluster| cluster.delete_resource(&held.object))
}

/// SetClusterResourceName.
///
/// # Safety
/// As [`wide::read`].
pub(crate) unsafe fn rename<U: Unit>(resource: usize, name: *const U) -> Outcome<()> {
    let held = tables().resources.get(resource)?;
    // SAFETY: the caller's promise is that of the function.
    let name = unsafe { memory::text(name) }?;
    held.connection.with(|cluster| cluster.rename_resource(&held.object, &name))
}

/// GetClusterResourceState. Both lengths are told, also when a name does not fit.
///
/// # Safety
/// As [`wide::write_counted`], for both strings.
pub(crate) unsafe fn state<U: Unit>(
    resource: usize,
    node: *mut U,
    node_length: *mut u32,
    group: *mut U,
    group_length: *mut u32,
) -> Outcome<u32> {
    let held = tables().resources.get(resource)?;
    if (!node.is_null() && node_length.is_null()) || (!group.is_null() && group_length.is_null()) {
        return Err(Status::INVALID_PARAMETER);
    }
    let place = held.connection.with(|cluster| cluster.resource_place(&held.object))?;
    // SAFETY: the caller's promise is that of the function.
    let (first, second) = unsafe {
        (
            memory::write_text(&place.node, node, node_length),
            memory::write_text(&place.group, group, group_length),
        )
    };
    memory::both(first, second)?;
    Ok(place.state)
}

/// OnlineClusterResource.
pub(crate) fn online(resource: usize) -> Outcome<()> {
    accepted(resource, |cluster, held| cluster.online_resource(&held.object))
}

/// OnlineClusterResourceEx.
///
/// # Safety
/// As [`memory::instructions`].
pub(crate) unsafe fn online_ex(resource: usize, flags: u32, buffer: *const u8, size: u32) -> Outcome<()> {
    // SAFETY: the caller's promise is that of the function.
    let input = unsafe { memory::instructions(buffer, size) };
    accepted_with(resource, input, |cluster, held, input| {
        cluster.online_resource_ex(&held.object, flags, input)
    })
}

/// OfflineClusterResource.
pub(crate) fn offline(resource: usize) -> Outcome<()> {
    accepted(resource, |cluster, held| cluster.offline_resource(&held.object))
}

/// OfflineClusterResourceEx.
///
/// # Safety
/// As [`memory::instructions`].
pub(crate) unsafe fn offline_ex(resource: usize, flags: u32, buffer: *const u8, size: u32) -> Outcome<()> {
    // SAFETY: the caller's promise is that of the function.
    let input = unsafe { memory::instructions(buffer, size) };
    accepted_with(resource, input, |cluster, held, input| {
        cluster.offline_resource_ex(&held.object, flags, input)
    })
}

/// OfflineClusterResourceEx2: with a reason, which only a submission can carry; without one, OfflineClusterResourceEx.
///
/// A submission goes through the cluster's handle. A resource that was opened for reading only is refused here, as the
/// service would refuse it.
///
/// # Safety
/// As [`memory::instructions`] and [`wide::read_optional`].
pub(crate) unsafe fn offline_ex2<U: Unit>(
    resource: usize,
    flags: u32,
    buffer: *const u8,
    size: u32,
    reason: *const U,
) -> Outcome<()> {
    let held = tables().resources.get(resource)?;
    // SAFETY: the caller's promise is that of the function.
    let reason = unsafe { wide::read_optional(reason) }?.unwrap_or_default();
    if reason.is_empty() {
        // SAFETY: the caller's promise is that of the function.
        return unsafe { offline_ex(resource, flags, buffer, size) };
    }
    // SAFETY: the caller's promise is that of the function.
    let buffer = unsafe { memory::instructions(buffer, size) }?;
    if held.object.granted() == GENERIC_READ {
        return Err(Status::ACCESS_DENIED);
    }
    let plain = Submission::new(Verb::Offline, SubmitObject::Resource(held.object.id()));
    let submission = Submission { flags, buffer, reason: &reason, ..plain };
    let submitted = held.connection.with(|cluster| cluster.submit(&submission))?;
    match submitted.status {
        Status::SUCCESS => Ok(()),
        status => Err(status),
    }
}

/// FailClusterResource.
pub(crate) fn fail(resource: usize) -> Outcome<()> {
    accepted(resource, |cluster, held| cluster.fail_resource(&held.object))
}

/// RestartClusterResource.
pub(crate) fn restart(resource: usize, flags: u32) -> Outcome<()> {
    accepted(resource, |cluster, held| cluster.restart_resource(&held.object, flags))
}

/// AddClusterResourceDependency.
pub(crate) fn add_dependency(dependent: usize, provider: usize) -> Outcome<()> {
    let (dependent, provider) = pair(dependent, provider)?;
    dependent.connection.with(|cluster| cluster.add_dependency(&dependent.object, &provider.object))
}

/// RemoveClusterResourceDependency.
pub(crate) fn remove_dependency(dependent: usize, provider: usize) -> Outcome<()> {
    let (dependent, provider) = pair(dependent, provider)?;
    dependent.connection.with(|cluster| cluster.remove_dependency(&dependent.object, &provider.object))
}

/// AddClusterResourceNode.
pub(crate) fn add_node(resource: usize, node: usize) -> Outcome<()> {
    let (held, node) = with_node(resource, node)?;
    held.connection.with(|cluster| cluster.add_resource_node(&held.object, &node.object))
}

/// RemoveClusterResourceNode.
pub(crate) fn remove_node(resource: usize, node: usize) -> Outcome<()> {
    let (held, node) = with_node(resource, node)?;
    held.connection.with(|cluster| cluster.remove_resource_node(&held.object, &node.object))
}

/// SetClusterResourceDependencyExpression: null and the empty text end all dependencies.
///
/// # Safety
/// As [`wide::read_optional`].
pub(crate) unsafe fn set_dependency_expression<U: Unit>(
    resource: usize,
    expression: *const U,
) -> Outcome<()> {
    let held = tables().resources.get(resource)?;
    // SAFETY: the caller's promise is that of the function.
    let expression = unsafe { wide::read_optional(expression) }?.unwrap_or_default();
    held.connection.with(|cluster| cluster.set_dependency_expression(&held.object, &expression))
}

/// GetClusterResourceDependencyExpression. The length is told also when the text does not fit.
///
/// # Safety
/// As [`wide::write_counted`].
pub(crate) unsafe fn dependency_expression<U: Unit>(
    resource: usize,
    expression: *mut U,
    length: *mut u32,
) -> Outcome<()> {
    let held = tables().resources.get(resource)?;
    if length.is_null() {
        return Err(Status::INVALID_PARAMETER);
    }
    let found = held.connection.with(|cluster| cluster.dependency_expression(&held.object))?;
    // SAFETY: the caller's promise is that of the function.
    unsafe { wide::write_counted(&found, expression, length) }
}

/// CanResourceBeDependent: TRUE, or FALSE with the reason as last error.
pub(crate) fn can_be_dependent(provider: usize, dependent: usize) -> Outcome<()> {
    let (provider, dependent) = pair(provider, dependent)?;
    match provider.connection.with(|cluster| cluster.can_depend(&provider.object, &dependent.object))? {
        Status::SUCCESS => Ok(()),
        status => Err(status),
    }
}

fn accepted(
    resource: usize,
    call: impl FnOnce(&mut Cluster, &Held<kind::Resource>) -> Result<Accepted, CallError>,
) -> Outcome<()> {
    let held = tables().resources.get(resource)?;
    status_of(held.connection.with(|cluster| call(cluster, &held))?)
}

/// The same with an input buffer. A bad handle counts before a bad buffer.
fn accepted_with(
    resource: usize,
    input: Outcome<&[u8]>,
    call: impl FnOnce(&mut Cluster, &Held<kind::Resource>, &[u8]) -> Result<Accepted, CallError>,
) -> Outcome<()> {
    let held = tables().resources.get(resource)?;
    let input = input?;
    status_of(held.connection.with(|cluster| call(cluster, &held, input))?)
}

type WithNode = (Arc<Held<kind::Resource>>, Arc<Held<kind::Node>>);

fn with_node(resource: usize, node: usize) -> Outcome<WithNode> {
    let (held, node) = (tables().resources.get(resource)?, tables().nodes.get(node)?);
    same(&held.connection, &node.connection)?;
    Ok((held, node))
}

type Pair = (Arc<Held<kind::Resource>>, Arc<Held<kind::Resource>>);

fn pair(one: usize, other: usize) -> Outcome<Pair> {
    let (one, other) = (tables().resources.get(one)?, tables().resources.get(other)?);
    same(&one.connection, &other.connection)?;
    Ok((one, other))
}
