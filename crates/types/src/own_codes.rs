//! What travels in Mainstay's own control codes: the names of the properties, in one place for service, client and
//! command.
//!
//! Each code of [`crate::control::own`] takes a property list and answers with one. A property that is marked optional
//! may be absent; an absent text means the same as an empty one. Lists without any property are sent as no input.
//! Formats are given as SZ (a string), MULTI_SZ, DWORD and BINARY, as in clusapi.h.

/// SUBMIT: carries an operation.
///
/// The control call itself answers 0 when the service has looked at the operation, and a refusal of the operation is
/// told in [`STATUS`](submit::STATUS). Any other answer of the call means that the list could not be read or the
/// caller may not submit; then nothing was done.
pub mod submit {
    /// In, SZ: what is asked for, a word of [`Verb`](crate::operation::Verb).
    pub const VERB: &str = "Verb";
    /// In, DWORD: the kind of the object, [`OBJECT_TYPE_GROUP`], [`OBJECT_TYPE_RESOURCE`], [`OBJECT_TYPE_NODE`] or
    /// [`OBJECT_TYPE_OPERATION`].
    pub const OBJECT_TYPE: &str = "ObjectType";
    /// In, SZ: name or id of the object; of an operation its id, `1-42`.
    pub const OBJECT: &str = "Object";
    /// In, DWORD, optional: the flags, in the numbers of the function that the verb belongs to.
    pub const FLAGS: &str = "Flags";
    /// In, BINARY, optional: the property list with instructions for the resource.
    pub const BUFFER: &str = "Buffer";
    /// In, DWORD, optional: 1 says that the machine goes down. Only with the verb offline and a group: resources are
    /// told that reason, and who is to be online stays written, so that the next start brings it up again.
    pub const SHUTTING_DOWN: &str = "ShuttingDown";
    /// In, DWORD, optional: with the verb `pause`, whether the node is drained.
    pub const DRAIN: &str = "Drain";
    /// In, SZ, optional: with `Drain`, name or number of the node that takes its groups.
    pub const DRAIN_TARGET: &str = "DrainTarget";
    /// In, DWORD, optional: with the verb `resume`, CLUSTER_NODE_RESUME_FAILBACK_TYPE.
    pub const FAILBACK: &str = "Failback";
    /// In, SZ, optional: why, in the caller's words, for the journal.
    pub const REASON: &str = "Reason";
    /// In, SZ, optional: a word of the caller's own. The same token within the memory of the service answers with the
    /// operation of the first call instead of beginning a second one.
    pub const TOKEN: &str = "Token";

    /// Out, DWORD: what the operation's own function would have answered: 0, 997, or the refusal.
    pub const STATUS: &str = "Status";
    /// Out, SZ: id of the operation, `1-42`; absent when it was refused before it got one.
    pub const OPERATION: &str = "Operation";
    /// Out, SZ: the same in words, with the object and the way out; may be empty.
    pub const TEXT: &str = "Text";

    /// CLUSTER_OBJECT_TYPE_CLUSTER.
    pub const OBJECT_TYPE_CLUSTER: u32 = 1;
    /// CLUSTER_OBJECT_TYPE_GROUP.
    pub const OBJECT_TYPE_GROUP: u32 = 2;
    /// CLUSTER_OBJECT_TYPE_RESOURCE.
    pub const OBJECT_TYPE_RESOURCE: u32 = 3;
    /// CLUSTER_OBJECT_TYPE_NODE.
    pub const OBJECT_TYPE_NODE: u32 = 7;
    /// An operation, which clusapi.h has no number for; one of ours.
    pub const OBJECT_TYPE_OPERATION: u32 = 0x4D34;
}

/// LIST_OPERATIONS: those that run, and those that ended lately.
pub mod list_operations {
    /// In, SZ, optional: only operations on this object, by name or id.
    pub const OBJECT: &str = "Object";
    /// In, DWORD, optional: at most so many; the service has a bound of its own.
    pub const LIMIT: &str = "Limit";
    /// Out, MULTI_SZ: operations, newest first, each as JSON of
    /// [`OperationRecord`](crate::operation::OperationRecord).
    pub const RECORDS: &str = "Records";
}

/// WAIT_OPERATION: waits for the end of one operation and shows it.
pub mod wait_operation {
    /// In, SZ: id of the operation, `1-42`.
    pub const OPERATION: &str = "Operation";
    /// In, DWORD, optional: how long to wait at most, in milliseconds; 0 or absent looks and does not wait. The service
    /// has a bound of its own, so callers that want to wait longer ask again.
    pub const TIMEOUT_MS: &str = "TimeoutMs";
    /// Out, SZ: JSON of [`OperationRecord`](crate::operation::OperationRecord); absent when there is no such operation.
    pub const RECORD: &str = "Record";
    /// Out, DWORD: 1 when the operation has ended, 0 while it runs.
    pub const ENDED: &str = "Ended";
}

/// READ_JOURNAL: what was asked for, and what became of it.
pub mod read_journal {
    /// In, SZ, optional: only records of this object, by name or id.
    pub const OBJECT: &str = "Object";
    /// In, DWORD, optional: at most so many; the service has a bound of its own.
    pub const LIMIT: &str = "Limit";
    /// In, SZ, optional: only records older than this operation.
    pub const BEFORE: &str = "Before";
    /// Out, MULTI_SZ: records, newest first, each a JSON document.
    pub const RECORDS: &str = "Records";
}

/// STATUS: everything at a glance.
pub mod status {
    /// Out, SZ: one JSON document.
    pub const STATUS: &str = "Status";
}

/// EXPLAIN: why the last call on this connection was refused, or what is to be said of what it has done.
pub mod explain {
    /// Out, SZ: that in words, with the object and the way out; empty when there is nothing to say.
    pub const TEXT: &str = "Text";
}

/// SAY_WHY: why the next call on this connection is made.
pub mod say_why {
    /// In, SZ: the reason in words, for the journal. What is longer than a record keeps is cut.
    pub const REASON: &str = "Reason";
}

/// EXPLAIN_OBJECT: why a resource, a group, a network or a network interface is in its state.
pub mod explain_object {
    /// In, DWORD, optional: the kind of the object, as in [`submit::OBJECT_TYPE`](super::submit::OBJECT_TYPE), or
    /// CLUSTER_OBJECT_TYPE_NETWORK (6) or CLUSTER_OBJECT_TYPE_NETWORK_INTERFACE (5). Without it a resource of that name
    /// comes before a group, that before a network, and that before an interface.
    pub const OBJECT_TYPE: &str = "ObjectType";
    /// In, SZ: name or id of the object.
    pub const OBJECT: &str = "Object";
    /// Out, SZ: JSON of [`Explanation`](crate::explanation::Explanation).
    pub const EXPLANATION: &str = "Explanation";
}

/// PLAN: what a call would do, without doing it. The call is described as for [`submit`], with more words.
pub mod plan {
    /// A word of [`submit::VERB`](super::submit::VERB): `offline`.
    pub const OFFLINE: &str = "offline";
    /// `online`.
    pub const ONLINE: &str = "online";
    /// `restart`, of a resource.
    pub const RESTART: &str = "restart";
    /// `fail`, of a resource.
    pub const FAIL: &str = "fail";
    /// `delete`.
    pub const DELETE: &str = "delete";
    /// A bit of [`submit::FLAGS`](super::submit::FLAGS) with [`DELETE`] of a group: it is taken offline where it is not, and
    /// deleted with its resources.
    pub const WITH_RESOURCES: u32 = 1;
    /// `set-common`, also of a node and of the cluster ([`OBJECT_TYPE_CLUSTER`](super::submit::OBJECT_TYPE_CLUSTER), whose name
    /// is of no account): the property list is in [`submit::BUFFER`](super::submit::BUFFER).
    pub const SET_COMMON: &str = "set-common";
    /// `set-private`, of what `set-common` is of: the property list is in [`submit::BUFFER`](super::submit::BUFFER).
    pub const SET_PRIVATE: &str = "set-private";
    /// `move`, of a group.
    pub const MOVE: &str = "move";
    /// `node-loss`: the object is a node.
    pub const NODE_LOSS: &str = "node-loss";
    /// In, SZ, optional: the node of a move, by name or number; without it any other one would do.
    pub const TARGET: &str = "Target";
    /// Out, SZ: JSON of [`Plan`](crate::plan::Plan).
    pub const PLAN: &str = "Plan";
}

/// READ_EVENTS: what happened, in order, from a place on; and waits for the next.
///
/// The service keeps the newest events, in memory. A place that it does not keep any more is told by
/// [`LOST_FROM`](read_events::LOST_FROM).
pub mod read_events {
    /// In, SZ, optional: the place to begin with, see [`EventRevision`](crate::event::EventRevision). `oldest` begins
    /// with the oldest that is kept; absent begins with what happens from now on.
    pub const FROM: &str = "From";
    /// In, SZ, optional: only events of this object, by name or id.
    pub const OBJECT: &str = "Object";
    /// In, MULTI_SZ, optional: only events of these kinds. Without it and without [`KEY`], all but those of the
    /// registry.
    pub const KINDS: &str = "Kinds";
    /// In, SZ, optional: only what happens to this key of the cluster registry and below it.
    pub const KEY: &str = "Key";
    /// In, DWORD, optional: at most so many; the service has a bound of its own.
    pub const LIMIT: &str = "Limit";
    /// In, DWORD, optional: how long to wait for the first event, in milliseconds; 0 or absent does not wait. The
    /// service has a bound of its own.
    pub const TIMEOUT_MS: &str = "TimeoutMs";
    /// Out, MULTI_SZ: events, oldest first, each as JSON of [`ToldEvent`](crate::event::ToldEvent).
    pub const EVENTS: &str = "Events";
    /// Out, SZ: the place to go on from.
    pub const NEXT: &str = "Next";
    /// Out, SZ: the first place that is kept; present when the place that was asked for is not kept any more. The
    /// events between the two are lost, those of this answer begin here.
    pub const LOST_FROM: &str = "LostFrom";
    /// Out, DWORD: 1 when more is there already.
    pub const MORE: &str = "More";

    /// The word of [`FROM`] for the oldest event that is kept.
    pub const OLDEST: &str = "oldest";
}

/// VALIDATE: what could go wrong with the cluster and its node.
pub mod validate {
    /// Out, SZ: JSON of [`Validation`](crate::validation::Validation).
    pub const VALIDATION: &str = "Validation";
}

/// READ_CONFIGURATION: everything that is configured.
pub mod read_configuration {
    /// Out, SZ: a JSON array of [`ConfiguredObject`](crate::configuration::ConfiguredObject).
    pub const CONFIGURATION: &str = "Configuration";
}

/// PLAN_CONFIGURATION: what would have to be done. Nothing is.
pub mod plan_configuration {
    /// In, SZ: the configuration that is wanted, whole, as READ_CONFIGURATION gives it.
    pub const CONFIGURATION: &str = "Configuration";
    /// Out, SZ: a JSON array of [`Step`](crate::configuration::Step), in the order in which they can be done.
    pub const STEPS: &str = "Steps";
}

/// CONFIGURE: does one step, all or nothing. Answers as [`submit`] does: `Status`, `Operation`, `Text`.
pub mod configure {
    /// In, SZ: JSON of one [`ConfiguredObject`](crate::configuration::ConfiguredObject). An object of its kind and name
    /// is made so; where there is none, it is made.
    pub const OBJECT: &str = "Object";
    /// In, DWORD, optional: 1 deletes the object instead.
    pub const DELETE: &str = "Delete";
    /// In, DWORD, optional: 1 makes the object; where there is one, it is refused as by the call that makes one.
    pub const NEW: &str = "New";
    /// In, DWORD, optional: 1 changes the object; where there is none, it is refused.
    pub const THERE: &str = "There";
    /// In, SZ, optional, with [`THERE`] or [`DELETE`]: JSON of the list of
    /// [`SettingDifference`](crate::configuration::SettingDifference) that the plan had. What else is different by now
    /// somebody has changed since, and it is refused with 5986.
    pub const PLANNED: &str = "Planned";
    /// In, SZ, optional: why, for the journal.
    pub const REASON: &str = "Reason";
    /// Out, SZ, with [`NEW`]: the id of what was made.
    pub const OBJECT_ID: &str = "ObjectId";
}

/// UNDO: takes back what an operation changed. Answers as [`submit`] does: `Status`, `Operation`, `Text`.
pub mod undo {
    /// In, SZ: id of the operation whose change is taken back.
    pub const UNDONE: &str = "Operation";
    /// In, SZ, optional: why, for the journal.
    pub const REASON: &str = "Reason";
}

/// DEPEND_GROUP: has a group start after another one. Answers as [`submit`] does: `Status`, `Operation`, `Text`.
pub mod depend_group {
    /// In, SZ: name or id of the group.
    pub const GROUP: &str = "Group";
    /// In, SZ: name or id of the group that comes first.
    pub const PROVIDER: &str = "Provider";
}
