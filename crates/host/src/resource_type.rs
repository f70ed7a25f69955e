//! The contract between the host and a resource type.
//!
//! This module owns the traits [`ResourceType`] and [`Resource`], what is handed to them, and the handles through
//! which they report. It never calls a type; `driver` decides when and `shell` does it.
//!
//! ```text
//!              open ───► Offline ──online──► Online ──offline──► Offline ──close──► (gone)
//!                          ▲                   │ looks_alive, is_alive
//!                          └──── terminate ────┴──── from anywhere, at any time
//! ```
//!
//! # Which calls may overlap
//!
//! Calls of different resources run side by side; a type must be ready for that. For one resource:
//!
//! | call | runs beside |
//! | --- | --- |
//! | `open`, `online`, `offline`, `looks_alive`, `is_alive`, `configure`, `close` | never beside one another |
//! | `terminate` | beside every one of those except `open` and `close`, and beside controls; never beside itself |
//! | `control`, `check_offline` | beside everything except `open` and `close`, and beside themselves |
//!
//! While an operation is *pending* (its call has returned [`Completion::Pending`]) the host makes no health check,
//! but `configure`, `control`, `check_offline` and `terminate` may come.
//!
//! # How long a call may take
//!
//! Return within a third of a second where you can. What takes longer belongs on a thread of the type's own, with
//! [`Completion::Pending`] and reports through the [`Operation`]. A call that has not returned within the
//! resource's DeadlockTimeout makes the host report that it cannot be trusted with the resource any more: the
//! service then replaces the host. One slow resource never delays another.
//!
//! A call that panics counts as [`Failure::Failed`] with ERROR_EXCEPTION_IN_RESOURCE_CALL.

mod handles;

use std::path::PathBuf;
use std::sync::Arc;

use mainstay_types::order::{Cause, KeptNote, Opening};
use mainstay_types::{
    ClusterId, ControlCode, Epoch, Name, OfflineFlags, OfflineReason, OnlineFlags, ResourceId, Status,
};

use crate::ocf::Agents;

pub use handles::{Directive, Ear, NoteNumber, Operation, OperationNumber, Reporter, Said, TEXT_LENGTH_MAX};

/// Where a host finds its resource types. A host of built-in types uses [`BuiltIn`]; a host that loads libraries
/// brings its own.
pub trait Types: Send + Sync + 'static {
    /// The type with this name, in this library where one is given.
    ///
    /// Called on a worker, for each Open and each type control; may take as long as an open. May be called for
    /// several names at once. The same type found twice should be the same object.
    ///
    /// # Errors
    /// ERROR_CLUSTER_RESOURCE_TYPE_NOT_FOUND for a name that is not built in, ERROR_MOD_NOT_FOUND for a library that
    /// is not there, ERROR_CLUSTER_RESNAME_NOT_FOUND for a name that the library does not know.
    fn find(&self, type_name: &Name, library: Option<&str>) -> Result<Arc<dyn ResourceType>, Cause>;
}

/// Types that need no library: those that are compiled in, found by their name, and agents.
#[derive(Default)]
pub struct BuiltIn {
    types: Vec<(Name, Arc<dyn ResourceType>)>,
    agents: Option<Agents>,
}

impl BuiltIn {
    /// Adds a type under its name.
    pub fn with(mut self, name: Name, resource_type: Arc<dyn ResourceType>) -> Self {
        self.types.push((name, resource_type));
        self
    }

    /// Adds the agents of this machine, each a type of its own.
    pub fn with_agents(mut self, agents: Agents) -> Self {
        self.agents = Some(agents);
        self
    }
}

impl Types for BuiltIn {
    fn find(&self, type_name: &Name, library: Option<&str>) -> Result<Arc<dyn ResourceType>, Cause> {
        if let Some(library) = library {
            return Err(Cause::new(
                Status::CLUSTER_RESTYPE_NOT_SUPPORTED,
                format!("type '{type_name}' is in '{library}', and this host loads no libraries"),
            ));
        }
        if let Some((_, found)) = self.types.iter().find(|(name, _)| name == type_name) {
            return Ok(found.clone());
        }
        match self.agents.as_ref().and_then(|agents| agents.find(type_name)) {
            Some(found) => found,
            None => Err(Cause::new(
                Status::CLUSTER_RESOURCE_TYPE_NOT_FOUND,
                format!("type '{type_name}' is not built in, and no library is named for it"),
            )),
        }
    }
}

/// A resource type: makes its resources known, and answers for the type as such.
pub trait ResourceType: Send + Sync + 'static {
    /// Makes a resource known to this host.
    ///
    /// Called once per resource and host, before anything else. It must not change what the resource shares with
    /// other nodes: the resource may be online there.
    ///
    /// With `context.opening.recover` false, nothing of the resource runs, and the host has looked. With `recover`
    /// true an earlier host held it online and died: look for what it left (the state file, the leaf), and where the
    /// resource is found serving take it over as it runs and return [`Found::Online`]; from then on it is online as
    /// if `online` had succeeded. What is found but does not serve need not be cleaned: after [`Found::Offline`]
    /// the host kills whatever is left in the leaf.
    ///
    /// # Errors
    /// Then there is no resource, and no further call comes for it. Whatever was allocated must be free again.
    /// A value in the properties that makes a start impossible is no error here but in `online`.
    fn open(&self, context: Context) -> Result<Opened, Cause>;

    /// Answers a control code to the type. May come at any time, from several threads at once, also when there is no
    /// resource of the type.
    ///
    /// The default knows no code: the service then does what is usual for the code.
    fn control(&self, call: ControlCall<'_>) -> ControlAnswer {
        let _ = call;
        ControlAnswer::unknown()
    }
}

/// One resource in this host. The table in the module's documentation says which calls may overlap.
pub trait Resource: Send + Sync + 'static {
    /// Starts serving.
    ///
    /// Called while the resource is offline or failed, never while online. The cgroup leaf is there and open, and
    /// every process that is started must be started inside it ([`Context::leaf`]). `call.buffer` is the caller's
    /// property list or empty; a property that is not meant for this type is to be ignored.
    ///
    /// On `Ok(Done)` the resource serves: dependents are started next. On `Ok(Pending)` it will report through
    /// `call.operation`, at least once in each PendingTimeout, and end with [`Operation::finished`].
    ///
    /// # Errors
    /// [`Failure::Failed`] with a cause that a person can act on. Whatever was started may be left: the service
    /// sends Terminate. A veto is only for `offline` and counts here as a failure.
    fn online(&self, call: OnlineCall<'_>) -> Result<Completion, Failure>;

    /// Stops serving, gracefully, and by the caller's instructions in `call.buffer` where they are meant for this
    /// type.
    ///
    /// Called while the resource is online. On `Ok(Done)` or `finished(Ok)` nothing of it runs any more: the type
    /// must have looked, the host looks again at the leaf and makes a failure of it when it finds a process there.
    ///
    /// # Errors
    /// [`Failure::Vetoed`]: a graceful stop would do harm; the resource must be serving exactly as before.
    /// [`Failure::Failed`]: it was tried and did not work; the service sends Terminate.
    fn offline(&self, call: OfflineCall<'_>) -> Result<Completion, Failure>;

    /// Stops everything of the resource, now. Nothing is saved for which a graceful stop would have to wait.
    ///
    /// May be called at any time, in any state, also beside a running `online` or `offline` call or pending
    /// operation, which it cancels: that call must return soon, must start nothing more, and what the operation
    /// still reports is dropped. [`Operation::is_cancelled`] is true before this is called. The host says that the
    /// resource is terminated only when both this and the cancelled call have returned and the leaf is empty; what
    /// is left in the leaf it kills itself.
    ///
    /// # Errors
    /// Something outside the leaf could not be stopped (an address, a mount). The leaf is cleared all the same, and
    /// the order ends as failed.
    fn terminate(&self) -> Result<(), Cause>;

    /// Whether anything of it still runs outside the leaf, where the host does not look. Called when it is said to be
    /// offline, and the leaf is empty.
    ///
    /// # Errors
    /// What runs; the resource is Failed then, not Offline.
    fn look(&self) -> Result<(), Cause> {
        Ok(())
    }

    /// A quick look at whether the resource serves. Called at the LooksAlive interval while it is online. Should
    /// answer from what is known without waiting. `false` leads to [`Resource::is_alive`] at once.
    fn looks_alive(&self) -> bool;

    /// A thorough look at whether the resource serves. Called at the IsAlive interval while it is online.
    ///
    /// # Errors
    /// It does not serve: the resource has failed with this cause.
    fn is_alive(&self) -> Result<(), Cause>;

    /// Could the resource carry out this offline call? Asked before anything stops, in any state. Must change
    /// nothing, and should look at instructions that are meant for this type. The answer must come at once.
    fn check_offline(&self, flags: OfflineFlags, buffer: &[u8]) -> Check {
        let _ = (flags, buffer);
        Check::CannotTell
    }

    /// Answers a control code to the resource. May come at any time, from several threads at once.
    ///
    /// The default knows no code: the service then does what is usual for the code.
    fn control(&self, call: ControlCall<'_>) -> ControlAnswer {
        let _ = call;
        ControlAnswer::unknown()
    }

    /// The resource's properties or limits have changed; `opening` holds all of them anew. Remember them; do nothing
    /// that takes time. What cannot change while the resource is online takes effect at its next `online`.
    ///
    /// An `online` that was ordered after the change is called after this.
    fn configure(&self, opening: &Opening);

    /// The host forgets the resource. Called once, last; the resource is offline or failed, and terminated. Everything
    /// that it holds in this process must be released on return, and its state file removed.
    fn close(&self);
}

/// What a resource is given at `open`, to keep.
#[derive(Clone)]
pub struct Context {
    /// The cluster.
    pub cluster: ClusterId,
    /// The resource's id.
    pub resource: ResourceId,
    /// The epoch under which it was opened.
    pub epoch: Epoch,
    /// Name, properties, limits. `opening.registry` is a copy of the resource's registry key; the private properties
    /// are in its subkey `Parameters`.
    pub opening: Opening,
    /// The resource's cgroup leaf, a directory. Everything that is started for the resource is started in it.
    pub leaf: PathBuf,
    /// A file of this resource's own in the run directory: what a later host has to know to take the resource over.
    /// It is gone after a boot, as is every process. Written atomically by the type; may not exist.
    pub state_file: PathBuf,
    /// How the resource tells what nobody asked for.
    pub reporter: Reporter,
}

/// What `open` gives back.
pub struct Opened {
    /// The resource.
    pub resource: Arc<dyn Resource>,
    /// How it was found.
    pub found: Found,
}

/// How `open` found the resource.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    /// Not serving.
    Offline,
    /// Serving, and taken over. Only with `recover`.
    Online,
}

/// A call of `online`.
pub struct OnlineCall<'a> {
    /// The caller's flags.
    pub flags: OnlineFlags,
    /// The caller's instructions, a property list, or empty.
    pub buffer: &'a [u8],
    /// What the cluster keeps for the resource now; see [`Reporter::keep`].
    pub note: Option<&'a KeptNote>,
    /// To report on, when the call returns [`Completion::Pending`]. Valid from now on.
    pub operation: Operation,
}

/// A call of `offline`.
pub struct OfflineCall<'a> {
    /// The caller's flags.
    pub flags: OfflineFlags,
    /// Why, as the service knows it.
    pub reason: OfflineReason,
    /// The node it is moving to, when it is moving.
    pub destination: Option<&'a Name>,
    /// The service stops it since it has failed inside; see [`Reporter::embedded_failure`].
    pub due_to_embedded_failure: bool,
    /// The caller's instructions, a property list, or empty.
    pub buffer: &'a [u8],
    /// To report on, when the call returns [`Completion::Pending`]. Valid from now on.
    pub operation: Operation,
}

/// How `online` or `offline` returned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Completion {
    /// What was asked for is true.
    Done,
    /// It goes on; reports follow.
    Pending,
}

/// Why an operation did not do what was asked for.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Failure {
    /// It was tried and did not work.
    #[error("{0}")]
    Failed(Cause),
    /// It would do harm; the resource is as it was. Only from `offline`; the status is usually
    /// ERROR_CLUSTER_RESOURCE_VETOED_CALL.
    #[error("vetoed: {0}")]
    Vetoed(Cause),
}

/// The answer of [`Resource::check_offline`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Check {
    /// It could, as far as can be seen now.
    Yes,
    /// The type has no way to know: the call goes on.
    CannotTell,
    /// It could not: the call is refused with this cause.
    No(Cause),
}

/// A control code with its input.
#[derive(Clone, Copy)]
pub struct ControlCall<'a> {
    /// The code.
    pub code: ControlCode,
    /// The input buffer.
    pub input: &'a [u8],
    /// How much output the caller can take, in bytes.
    pub output_length_max: u32,
    /// The name by which the type was asked for; libraries hold several.
    pub type_name: &'a Name,
}

/// The answer to a control code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ControlAnswer {
    /// How it ended. ERROR_INVALID_FUNCTION: the type does not know the code.
    pub status: Status,
    /// The output; empty with any status but success.
    pub output: Vec<u8>,
    /// How long the whole output is, in bytes, also when it did not fit.
    pub output_length_needed: u32,
    /// What the type says about it, for people.
    pub text: String,
}

impl ControlAnswer {
    /// The type does not know the code.
    pub fn unknown() -> Self {
        ControlAnswer::refused(Cause::new(Status::INVALID_FUNCTION, ""))
    }

    /// It did not go.
    pub fn refused(cause: Cause) -> Self {
        ControlAnswer { status: cause.status, output: Vec::new(), output_length_needed: 0, text: cause.text }
    }

    /// It went, without output; what is worth a word about it, mostly nothing.
    pub fn agreed(text: String) -> Self {
        ControlAnswer { text, ..ControlAnswer::output(Vec::new(), 0) }
    }

    /// It went, with this output; ERROR_MORE_DATA where the caller cannot take so much.
    pub fn output(output: Vec<u8>, output_length_max: u32) -> Self {
        // Outputs are made by types in memory and bounded by the frame long before 4 GiB.
        let output_length_needed = u32::try_from(output.len()).unwrap_or(u32::MAX);
        let (status, output) = if output_length_needed > output_length_max {
            (Status::MORE_DATA, Vec::new())
        } else {
            (Status::SUCCESS, output)
        };
        ControlAnswer { status, output, output_length_needed, text: String::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_that_do_not_fit_say_how_long_they_are() {
        let answer = ControlAnswer::output(vec![0; 10], 9);
        assert_eq!((answer.status, answer.output_length_needed), (Status::MORE_DATA, 10));
        assert!(answer.output.is_empty());
        assert_eq!(ControlAnswer::output(vec![0; 10], 10).status, Status::SUCCESS);
    }
}
