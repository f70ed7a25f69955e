//! Nodes.

use std::sync::Arc;

use mainstay_client::{Submission, SubmitObject, kind};
use mainstay_resutils::wide::{self, Unit};
use mainstay_types::Status;
use mainstay_types::access::GENERIC_READ;
use mainstay_types::operation::Verb;

use crate::connection::{Connection, Held, same};
use crate::group::status_of;
use crate::guard::Outcome;
use crate::tables::tables;

/// The node that a call on another object names, of the same connection; none for NULL.
pub(crate) fn named(connection: &Arc<Connection>, node: usize) -> Outcome<Option<Arc<Held<kind::Node>>>> {
    if node == 0 {
        return Ok(None);
    }
    let held = tables().nodes.get(node)?;
    same(connection, &held.connection)?;
    Ok(Some(held))
}

/// GetClusterNodeState.
pub(crate) fn state(node: usize) -> Outcome<u32> {
    let held = tables().nodes.get(node)?;
    held.connection.with(|cluster| cluster.node_state(&held.object))
}

/// PauseClusterNode.
pub(crate) fn pause(node: usize) -> Outcome<()> {
    let held = tables().nodes.get(node)?;
    status_of(held.connection.with(|cluster| cluster.pause_node(&held.object))?)
}

/// PauseClusterNodeEx. Without a drain, flags and target mean nothing.
pub(crate) fn pause_ex(node: usize, drain: bool, flags: u32, target: usize) -> Outcome<()> {
    let held = tables().nodes.get(node)?;
    let target = named(&held.connection, target)?;
    status_of(held.connection.with(|cluster| {
        let target = target.as_ref().map(|target| &target.object);
        cluster.pause_node_ex(&held.object, drain, flags, target)
    })?)
}

/// PauseClusterNodeEx2.
///
/// # Safety
/// As [`wide::read`].
pub(crate) unsafe fn pause_ex2<U: Unit>(
    node: usize,
    drain: bool,
    flags: u32,
    target: usize,
    reason: *const U,
) -> Outcome<()> {
    let held = tables().nodes.get(node)?;
    // SAFETY: the caller's promise is that of the function.
    let reason = unsafe { wide::read_optional(reason) }?.unwrap_or_default();
    if reason.is_empty() {
        return pause_ex(node, drain, flags, target);
    }
    let target = named(&held.connection, target)?;
    let id = held.object.id();
    let object = match drain {
        true => {
            SubmitObject::DrainedNode { node: id, target: target.as_ref().map(|target| target.object.id()) }
        }
        false => SubmitObject::Node(id),
    };
    let submission = Submission { flags, reason: &reason, ..Submission::new(Verb::Pause, object) };
    submit(node, &submission)
}

/// ResumeClusterNode.
pub(crate) fn resume(node: usize) -> Outcome<()> {
    let held = tables().nodes.get(node)?;
    status_of(held.connection.with(|cluster| cluster.resume_node(&held.object))?)
}

/// ResumeClusterNodeEx.
pub(crate) fn resume_ex(node: usize, failback: u32, flags: u32) -> Outcome<()> {
    let held = tables().nodes.get(node)?;
    status_of(held.connection.with(|cluster| cluster.resume_node_ex(&held.object, failback, flags))?)
}

/// ResumeClusterNodeEx2.
///
/// # Safety
/// As [`wide::read`].
pub(crate) unsafe fn resume_ex2<U: Unit>(
    node: usize,
    failback: u32,
    flags: u32,
    reason: *const U,
) -> Outcome<()> {
    let held = tables().nodes.get(node)?;
    // SAFETY: the caller's promise is that of the function.
    let reason = unsafe { wide::read_optional(reason) }?.unwrap_or_default();
    if reason.is_empty() {
        return resume_ex(node, failback, flags);
    }
    let object = SubmitObject::ResumedNode { node: held.object.id(), failback };
    let submission = Submission { flags, reason: &reason, ..Submission::new(Verb::Resume, object) };
    submit(node, &submission)
}

/// A reason has no place in the operations of the protocol: it goes with a submission, which takes the cluster's handle.
fn submit(node: usize, submission: &Submission<'_>) -> Outcome<()> {
    let held = tables().nodes.get(node)?;
    if held.object.granted() == GENERIC_READ {
        return Err(Status::ACCESS_DENIED);
    }
    match held.connection.with(|cluster| cluster.submit(submission))?.status {
        Status::SUCCESS => Ok(()),
        status => Err(status),
    }
}
