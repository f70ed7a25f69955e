//! Mainstay's own control codes: what MS-CMRP has no operation for. The lists are described in
//! [`mainstay_types::own_codes`].

use std::time::Duration;

use mainstay_cmrp::control::{ClusterControl, ControlRequest};
use mainstay_proplist::{PropertyList, Value};
use mainstay_types::configuration::{ConfiguredObject, SettingDifference, Step, StepAction};
use mainstay_types::control::own;
use mainstay_types::event::{EventRevision, ToldEvent};
use mainstay_types::explanation::Explanation;
use mainstay_types::operation::{OperationRecord, Verb};
use mainstay_types::own_codes::{
    configure, depend_group, explain, explain_object, list_operations, plan, plan_configuration,
    read_configuration, read_events, read_journal, say_why, status, submit, undo, validate, wait_operation,
};
use mainstay_types::plan::Plan;
use mainstay_types::validation::Validation;
use mainstay_types::{ControlCode, OperationId, Status};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::CallError;
use crate::cluster::Cluster;
use crate::control::Target;
use crate::object::Group;
use crate::session::Session;
use crate::transport::{Link, Transport};

/// The object of a submitted operation, by name or id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubmitObject<'a> {
    /// A group.
    Group(&'a str),
    /// A resource.
    Resource(&'a str),
    /// An operation that is to be cancelled, by its id.
    Operation(&'a str),
    /// The cluster itself, of which only a plan is asked for.
    Cluster,
    /// A node that is to be paused, or of which a plan is asked for, by name or number.
    Node(&'a str),
    /// A node that is to be paused and drained.
    DrainedNode {
        /// Its name or number.
        node: &'a str,
        /// Name or number of the node that takes its groups; `None` leaves it to the service.
        target: Option<&'a str>,
    },
    /// A node that is to be resumed.
    ResumedNode {
        /// Its name or number.
        node: &'a str,
        /// CLUSTER_NODE_RESUME_FAILBACK_TYPE.
        failback: u32,
    },
}

impl<'a> SubmitObject<'a> {
    /// The kind of the object and its name, as they travel.
    fn named(self) -> (u32, &'a str) {
        match self {
            SubmitObject::Cluster => (submit::OBJECT_TYPE_CLUSTER, ""),
            SubmitObject::Group(object) => (submit::OBJECT_TYPE_GROUP, object),
            SubmitObject::Resource(object) => (submit::OBJECT_TYPE_RESOURCE, object),
            SubmitObject::Operation(object) => (submit::OBJECT_TYPE_OPERATION, object),
            SubmitObject::Node(object)
            | SubmitObject::DrainedNode { node: object, .. }
            | SubmitObject::ResumedNode { node: object, .. } => (submit::OBJECT_TYPE_NODE, object),
        }
    }
}

/// A question what a call would do.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// What would be asked for: a word of [`mainstay_types::own_codes::plan`].
    pub verb: &'a str,
    /// Of what. For a node's loss the node stands in the place of a group.
    pub object: SubmitObject<'a>,
    /// The flags, in the numbers of the function that the verb belongs to.
    pub flags: u32,
    /// A property list: instructions, or the properties to set; empty is none.
    pub buffer: &'a [u8],
    /// The node of a move.
    pub target: Option<&'a str>,
}

impl<'a> Asking<'a> {
    /// A question without flags, buffer and target.
    pub fn new(verb: &'a str, object: SubmitObject<'a>) -> Self {
        Asking { verb, object, flags: 0, buffer: &[], target: None }
    }

    fn to_list(self) -> PropertyList {
        let (kind, object) = self.object.named();
        let mut list = PropertyList::new()
            .with(submit::VERB, self.verb)
            .with(submit::OBJECT_TYPE, kind)
            .with(submit::OBJECT, object)
            .with(submit::FLAGS, self.flags);
        if !self.buffer.is_empty() {
            list.set(submit::BUFFER, self.buffer.to_vec());
        }
        if let Some(target) = self.target {
            list.set(plan::TARGET, target);
        }
        list
    }
}

/// An operation to submit.
#[derive(Clone, Copy, Debug)]
pub struct Submission<'a> {
    /// What is asked for.
    pub verb: Verb,
    /// Of what.
    pub object: SubmitObject<'a>,
    /// The flags, in the numbers of the function that the verb belongs to.
    pub flags: u32,
    /// Whether it is asked because the machine goes down; for offline of a group.
    pub shutting_down: bool,
    /// A property list with instructions; empty is none.
    pub buffer: &'a [u8],
    /// Why, in the caller's words; empty is nothing.
    pub reason: &'a str,
    /// A word of the caller's own that makes the submission repeatable; empty is none.
    pub token: &'a str,
}

impl<'a> Submission<'a> {
    /// The plain operation.
    pub fn new(verb: Verb, object: SubmitObject<'a>) -> Self {
        Self { verb, object, flags: 0, shutting_down: false, buffer: &[], reason: "", token: "" }
    }

    fn to_list(self) -> PropertyList {
        let (object_type, object) = self.object.named();
        let mut list = PropertyList::new();
        list.set(submit::VERB, self.verb.as_str());
        list.set(submit::OBJECT_TYPE, object_type);
        list.set(submit::OBJECT, object);
        list.set(submit::FLAGS, self.flags);
        if self.shutting_down {
            list.set(submit::SHUTTING_DOWN, 1_u32);
        }
        if !self.buffer.is_empty() {
            list.set(submit::BUFFER, self.buffer.to_vec());
        }
        match self.object {
            SubmitObject::DrainedNode { target, .. } => {
                list.set(submit::DRAIN, 1u32);
                if let Some(target) = target {
                    list.set(submit::DRAIN_TARGET, target);
                }
            }
            SubmitObject::ResumedNode { failback, .. } => drop(list.set(submit::FAILBACK, failback)),
            _ => {}
        }
        for (name, text) in [(submit::REASON, self.reason), (submit::TOKEN, self.token)] {
            if !text.is_empty() {
                list.set(name, text);
            }
        }
        list
    }
}

/// What became of a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// What the operation's own function would have answered: 0, 997, or the refusal.
    pub status: Status,
    /// The operation's id; `None` when it was refused before it got one.
    pub operation: Option<OperationId>,
    /// The same in words; may be empty.
    pub text: String,
}

/// The longest single wait for an operation. Far below the time in which every answer has to come.
pub const WAIT_ONCE_MAX: Duration = Duration::from_secs(60);

/// How a wait for an operation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperationWait {
    /// There is no operation of this id.
    Unknown,
    /// It was still running when the time was over.
    Running(Box<OperationRecord>),
    /// It has ended.
    Ended(Box<OperationRecord>),
}

/// Where to begin with events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventsFrom {
    /// With what happens from now on.
    Now,
    /// With the oldest that the service keeps.
    Oldest,
    /// With this one.
    Revision(EventRevision),
}

/// Which events are asked for; what is empty or `None` leaves nothing out.
#[derive(Clone, Copy, Debug, Default)]
pub struct EventFilter<'a> {
    /// Of this object, by name or id.
    pub object: Option<&'a str>,
    /// Of these kinds, by their words.
    pub kinds: &'a [String],
    /// Of this key of the registry and what is below it.
    pub key: Option<&'a str>,
}

/// A part of the events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Events {
    /// The events, oldest first.
    pub events: Vec<ToldEvent>,
    /// Where to go on.
    pub next: EventRevision,
    /// The first that is kept, when the one that was asked for is not: what was between is lost.
    pub lost_from: Option<EventRevision>,
    /// Whether more is there already.
    pub more: bool,
}

impl<T: Transport> Cluster<T> {
    /// Events from a place on; without any there, waits for the first at most so long, and at most
    /// [`WAIT_ONCE_MAX`].
    ///
    /// # Errors
    ///
    /// See [`CallError`]. A place or a kind that there cannot be is refused with ERROR_INVALID_PARAMETER.
    pub fn events(
        &mut self,
        from: EventsFrom,
        filter: &EventFilter<'_>,
        within: Duration,
    ) -> Result<Events, CallError> {
        const CALL: &str = "READ_EVENTS";
        let timeout_ms = u32::try_from(within.min(WAIT_ONCE_MAX).as_millis()).unwrap_or(u32::MAX);
        let mut input = PropertyList::new().with(read_events::TIMEOUT_MS, timeout_ms);
        match from {
            EventsFrom::Now => {}
            EventsFrom::Oldest => {
                input.set(read_events::FROM, read_events::OLDEST);
            }
            EventsFrom::Revision(revision) => {
                input.set(read_events::FROM, revision.to_string());
            }
        }
        if let Some(object) = filter.object {
            input.set(read_events::OBJECT, object);
        }
        if !filter.kinds.is_empty() {
            input.set(read_events::KINDS, Value::MultiSz(filter.kinds.to_vec()));
        }
        if let Some(key) = filter.key {
            input.set(read_events::KEY, key);
        }
        let answer = self.own_code(CALL, own::READ_EVENTS, &input)?;
        let revision = |text: &str| -> Result<EventRevision, CallError> {
            text.parse().map_err(|error| broken(CALL, format!("{error}")))
        };
        let next = answer.text(read_events::NEXT);
        let next = next.ok_or_else(|| broken(CALL, format!("no {} in the answer", read_events::NEXT)))?;
        let events = answer.texts(read_events::EVENTS).unwrap_or_default();
        Ok(Events {
            events: events.iter().map(|event| parse_json(CALL, event)).collect::<Result<_, _>>()?,
            next: revision(next)?,
            lost_from: answer.text(read_events::LOST_FROM).map(revision).transpose()?,
            more: answer.dword(read_events::MORE).unwrap_or(0) != 0,
        })
    }

    /// Submits an operation. A refusal is told in the answer, with its reason in words.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn submit(&mut self, submission: &Submission<'_>) -> Result<Submitted, CallError> {
        const CALL: &str = "SUBMIT";
        let answer = self.own_code(CALL, own::SUBMIT, &submission.to_list())?;
        submitted(CALL, &answer)
    }

    /// Operations that run and that ended lately, newest first; those of one object by name or id, at most `limit`.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn operations(
        &mut self,
        object: Option<&str>,
        limit: Option<u32>,
    ) -> Result<Vec<OperationRecord>, CallError> {
        const CALL: &str = "LIST_OPERATIONS";
        let mut input = PropertyList::new();
        if let Some(object) = object {
            input.set(list_operations::OBJECT, object);
        }
        if let Some(limit) = limit {
            input.set(list_operations::LIMIT, limit);
        }
        let answer = self.own_code(CALL, own::LIST_OPERATIONS, &input)?;
        let records = answer.texts(list_operations::RECORDS).unwrap_or_default();
        records.iter().map(|record| parse_json(CALL, record)).collect()
    }

    /// Waits for the end of an operation, at most so long, and at most [`WAIT_ONCE_MAX`]. The service bounds each wait
    /// by itself too, so an answer that it still runs may come earlier than asked; who wants to wait longer asks again.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn wait_operation(
        &mut self,
        operation: OperationId,
        within: Duration,
    ) -> Result<OperationWait, CallError> {
        const CALL: &str = "WAIT_OPERATION";
        let timeout_ms = u32::try_from(within.min(WAIT_ONCE_MAX).as_millis()).unwrap_or(u32::MAX);
        let input = PropertyList::new()
            .with(wait_operation::OPERATION, operation.to_string())
            .with(wait_operation::TIMEOUT_MS, timeout_ms);
        let answer = self.own_code(CALL, own::WAIT_OPERATION, &input)?;
        let Some(record) = answer.text(wait_operation::RECORD) else { return Ok(OperationWait::Unknown) };
        let record = Box::new(parse_json(CALL, record)?);
        Ok(match answer.dword(wait_operation::ENDED) {
            Some(0) | None => OperationWait::Running(record),
            Some(_) => OperationWait::Ended(record),
        })
    }

    /// Records of the journal, newest first, each as a JSON document: of one object by name or id, at most `limit`,
    /// older than `before`.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn journal(
        &mut self,
        object: Option<&str>,
        limit: Option<u32>,
        before: Option<OperationId>,
    ) -> Result<Vec<String>, CallError> {
        let mut input = PropertyList::new();
        if let Some(object) = object {
            input.set(read_journal::OBJECT, object);
        }
        if let Some(limit) = limit {
            input.set(read_journal::LIMIT, limit);
        }
        if let Some(before) = before {
            input.set(read_journal::BEFORE, before.to_string());
        }
        let answer = self.own_code("READ_JOURNAL", own::READ_JOURNAL, &input)?;
        Ok(answer.texts(read_journal::RECORDS).unwrap_or_default().to_vec())
    }

    /// Everything that is configured, in the order in which it is made.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn configuration(&mut self) -> Result<Vec<ConfiguredObject>, CallError> {
        const CALL: &str = "READ_CONFIGURATION";
        let answer = self.own_code(CALL, own::READ_CONFIGURATION, &PropertyList::new())?;
        parse_json(CALL, answer.text(read_configuration::CONFIGURATION).unwrap_or_default())
    }

    /// The steps from what is to this configuration, in the order in which they can be done.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn plan_configuration(&mut self, wanted: &[ConfiguredObject]) -> Result<Vec<Step>, CallError> {
        const CALL: &str = "PLAN_CONFIGURATION";
        let input = PropertyList::new().with(plan_configuration::CONFIGURATION, to_json(CALL, &wanted)?);
        let answer = self.own_code(CALL, own::PLAN_CONFIGURATION, &input)?;
        parse_json(CALL, answer.text(plan_configuration::STEPS).unwrap_or_default())
    }

    /// Makes an object with everything that is said of it, changes it to that, or deletes it, in one transaction. What is
    /// to be made must not be there, what is to be changed must; with `planned`, the differences that the plan had, it has
    /// to be as it was then. A refusal is told in the answer; without one, the id of what was made stands beside it, and
    /// is empty otherwise.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn configure(
        &mut self,
        action: StepAction,
        object: &ConfiguredObject,
        planned: Option<&[SettingDifference]>,
        reason: &str,
    ) -> Result<(Submitted, String), CallError> {
        const CALL: &str = "CONFIGURE";
        let action = match action {
            StepAction::Create => configure::NEW,
            StepAction::Change => configure::THERE,
            StepAction::Delete => configure::DELETE,
        };
        let mut input = PropertyList::new()
            .with(configure::OBJECT, to_json(CALL, object)?)
            .with(action, true)
            .with(configure::REASON, reason);
        if let Some(planned) = planned {
            input.set(configure::PLANNED, to_json(CALL, planned)?);
        }
        let answer = self.own_code(CALL, own::CONFIGURE, &input)?;
        let id = answer.text(configure::OBJECT_ID).unwrap_or_default().to_owned();
        Ok((submitted(CALL, &answer)?, id))
    }

    /// Takes back what an operation changed in the configuration. A refusal is told in the answer.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn undo(&mut self, operation: OperationId, reason: &str) -> Result<Submitted, CallError> {
        const CALL: &str = "UNDO";
        let input = PropertyList::new().with(undo::UNDONE, operation.to_string()).with(undo::REASON, reason);
        let answer = self.own_code(CALL, own::UNDO, &input)?;
        submitted(CALL, &answer)
    }

    /// Has a group start after another one. A refusal is told in the answer.
    pub(crate) fn depend_group(
        &mut self,
        dependent: &Group,
        provider: &Group,
    ) -> Result<Submitted, CallError> {
        const CALL: &str = "DEPEND_GROUP";
        let input = PropertyList::new()
            .with(depend_group::GROUP, dependent.id())
            .with(depend_group::PROVIDER, provider.id());
        let answer = self.own_code(CALL, own::DEPEND_GROUP, &input)?;
        submitted(CALL, &answer)
    }

    /// Everything at a glance, as one JSON document.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn status_json(&mut self) -> Result<String, CallError> {
        const CALL: &str = "STATUS";
        let answer = self.own_code(CALL, own::STATUS, &PropertyList::new())?;
        answer
            .text(status::STATUS)
            .map(str::to_owned)
            .ok_or_else(|| broken(CALL, format!("no {} in the answer", status::STATUS)))
    }

    /// Why the last call on this connection was refused, or a word about what it has done; empty when there is nothing to
    /// say.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn explain(&mut self) -> Result<String, CallError> {
        let answer = self.own_code("EXPLAIN", own::EXPLAIN, &PropertyList::new())?;
        Ok(answer.text(explain::TEXT).unwrap_or_default().to_owned())
    }

    /// Why a resource, a group, a network or a network interface is in its state; `None` when it is gone. Without a kind, a
    /// number of `event::object_type`, they are looked for in this order.
    ///
    /// # Errors
    ///
    /// See [`CallError`]; refused with ERROR_RESOURCE_NOT_FOUND when nothing has this name or id.
    pub fn explain_object(
        &mut self,
        kind: Option<u32>,
        name: &str,
    ) -> Result<Option<Explanation>, CallError> {
        const CALL: &str = "EXPLAIN_OBJECT";
        let mut input = PropertyList::new().with(explain_object::OBJECT, name);
        if let Some(kind) = kind {
            input.set(explain_object::OBJECT_TYPE, kind);
        }
        let answer = self.own_code(CALL, own::EXPLAIN_OBJECT, &input)?;
        answer.text(explain_object::EXPLANATION).map(|document| parse_json(CALL, document)).transpose()
    }

    /// What a call would do, without doing it. A refusal of the call is told in the plan.
    ///
    /// # Errors
    ///
    /// See [`CallError`]; refused when nothing has the object's name.
    pub fn plan(&mut self, asking: &Asking<'_>) -> Result<Plan, CallError> {
        const CALL: &str = "PLAN";
        let answer = self.own_code(CALL, own::PLAN, &asking.to_list())?;
        let document = answer.text(plan::PLAN).ok_or_else(|| broken(CALL, format!("no {}", plan::PLAN)))?;
        parse_json(CALL, document)
    }

    /// What could go wrong with the cluster and its node. Takes as long as the disk needs for some writes.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn validate(&mut self) -> Result<Validation, CallError> {
        const CALL: &str = "VALIDATE";
        let answer = self.own_code(CALL, own::VALIDATE, &PropertyList::new())?;
        let document = answer.text(validate::VALIDATION);
        parse_json(CALL, document.ok_or_else(|| broken(CALL, format!("no {}", validate::VALIDATION)))?)
    }

    fn own_code(
        &mut self,
        call: &'static str,
        code: ControlCode,
        input: &PropertyList,
    ) -> Result<PropertyList, CallError> {
        let input = match input.is_empty() {
            true => None,
            false => Some(input.to_bytes().map_err(|error| CallError::unbuildable(call, &error))?),
        };
        let answer =
            self.control(Target::Cluster, None, code, input.as_deref()).map_err(|error| match error {
                CallError::Refused { status, .. } => CallError::refused(call, status),
                other => other,
            })?;
        if answer.output.is_empty() {
            return Ok(PropertyList::new());
        }
        PropertyList::parse(&answer.output).map_err(|error| CallError::unparsable(call, &error))
    }
}

/// Says why the next call on the connection is made. A service that does not know this keeps no reason, and carries the
/// call out all the same.
pub(crate) fn say_why<L: Link>(session: &mut Session<L>, reason: &str) -> Result<(), CallError> {
    const CALL: &str = "SAY_WHY";
    let list = PropertyList::new().with(say_why::REASON, reason);
    let input = list.to_bytes().map_err(|error| CallError::unbuildable(CALL, &error))?;
    let control = ControlRequest { code: own::SAY_WHY.0, input: Some(input), output_len: 0 };
    let request = ClusterControl { cluster: session.cluster(), control };
    session.call(&request).map_err(|failure| failure.into_error(CALL)).map(drop)
}

/// What SUBMIT, CONFIGURE and UNDO answer.
fn submitted(call: &'static str, answer: &PropertyList) -> Result<Submitted, CallError> {
    let status = answer
        .dword(submit::STATUS)
        .ok_or_else(|| broken(call, format!("no {} in the answer", submit::STATUS)))?;
    let operation = match answer.text(submit::OPERATION) {
        None | Some("") => None,
        Some(id) => Some(id.parse().map_err(|error| broken(call, format!("{error}")))?),
    };
    let text = answer.text(submit::TEXT).unwrap_or_default().to_owned();
    Ok(Submitted { status: Status(status), operation, text })
}

fn to_json<D: Serialize + ?Sized>(call: &'static str, document: &D) -> Result<String, CallError> {
    serde_json::to_string(document).map_err(|error| broken(call, error.to_string()))
}

fn parse_json<R: DeserializeOwned>(call: &'static str, document: &str) -> Result<R, CallError> {
    serde_json::from_str(document).map_err(|error| broken(call, error.to_string()))
}

fn broken(operation: &'static str, detail: String) -> CallError {
    CallError::BrokenProtocol { operation, detail }
}
