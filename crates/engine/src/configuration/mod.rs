//! Configuration changes: one at a time, each evaluated when its turn comes, each one transaction.
//!
//! ```text
//!   waiting ──► evaluated ──► committing ──► applied, published, answered
//!      ▲           │ └─ refused, or behind an operation on the same resource
//!      └─ asking ◄─┘ the resource's type, which may be slow: others go on meanwhile
//! ```
//!
//! What a change means is in [`change`] (objects), [`nodes`], [`common`] and [`values`] (properties). Nothing here waits for a resource that
//! is slow: only for operations that are just being accepted.

pub(crate) mod change;
mod common;
mod configure;
mod dependencies;
mod document;
mod history;
mod nodes;
mod ownership;
mod planned;
mod stated;
mod step;
mod values;

pub(crate) use common::common_table;
pub(crate) use document::named_by;
pub(crate) use values::{from_registry, read_list};

use std::collections::{BTreeSet, VecDeque};

use mainstay_store::{Compare, Op, Transaction};
use mainstay_types::event::Event;
use mainstay_types::operation::{End, Verb};
use mainstay_types::order::Question;
use mainstay_types::{Access, HostId, ObjectId, OperationId, ResourceId, Status};

use crate::Engine;
use crate::command::{Call, Command, Presence};
use crate::effect::Effect;
use crate::engine::CommitPurpose;
use crate::error::{ClusterError, Refusal, RequestError, ServiceError, shown};
use crate::input::CommitOutcome;
use crate::limits::{LANE_LENGTH_MAX, QUERY_TIMEOUT_MS};
use crate::live::Stage;
use crate::model::layout;
use crate::operation::commit::stored;
use crate::operation::stored::StoredStep;
use crate::operation::{Operation, Phase};
use crate::queries::{QueryPurpose, Unanswered};

/// The changes that wait, and the one whose turn it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lane {
    /// With what the type has said, where it was asked.
    waiting: VecDeque<(Call, Option<Said>)>,
    current: Option<Box<Current>>,
}

#[derive(Clone, Debug)]
struct Current {
    call: Call,
    id: OperationId,
    change: Change,
}

/// A call whose properties a type was asked about.
#[derive(Clone, Debug)]
pub(crate) struct SettingQuery {
    call: Call,
    who: Asked,
}

/// Who judges properties.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Asked {
    /// The type of a resource that is there, about it.
    Resource(ResourceId),
    /// The type of a resource that is not made yet; by its name.
    TypeOf(String),
}

/// What is asked before a change.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) who: Asked,
    pub(crate) question: Question,
}

/// What a type has said about properties that are to be set, where it is not against them.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Said {
    /// They may be set. Beside 0, 5024: not all of them take effect before the next online. With it, what the type says about
    /// them all the same.
    Yes(Status, String),
    /// Nobody could be asked.
    Nothing,
    /// It did not answer; and nothing of the resource runs that they could harm.
    Silence,
}

/// What a change does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Change {
    pub(crate) compares: Vec<Compare>,
    pub(crate) ops: Vec<Op>,
    /// What becomes of it once it is committed.
    pub(crate) after: Vec<After>,
    /// Resources that other calls must not touch until it is committed. What is left of one that is to be made is waited
    /// for.
    pub(crate) claims: Vec<ResourceId>,
    /// Ask a type before.
    pub(crate) ask: Option<Ask>,
    /// There is more to do: the call is looked at again after the commit.
    pub(crate) again: bool,
    /// What is answered when it is done: 0, or 5024 for what takes effect at the next online.
    pub(crate) answer: Status,
    /// What is worth a word about what was done, with a way out; mostly nothing.
    pub(crate) note: String,
    /// The same for its record, where that would not be seen from what was changed.
    pub(crate) outcome: String,
}

/// What follows a committed change.
#[derive(Clone, Debug)]
pub(crate) enum After {
    /// Tell watchers.
    Publish(Box<Event>),
    /// A resource is there: it is made known to its host.
    Created(ResourceId),
    /// A resource is gone. The model knows nothing of it any more, so this does.
    Deleted(Deleted),
    /// A group is there.
    GroupCreated(mainstay_types::GroupId),
    /// A group is gone.
    GroupDeleted(mainstay_types::GroupId),
    /// A resource's properties are others.
    Configured(ResourceId),
    /// A resource's maintenance mode has begun or ended.
    Maintained(ResourceId),
    /// A resource needs something else.
    Depends {
        /// Which.
        resource: ResourceId,
        /// What it needed, and what it needs now.
        touched: BTreeSet<ResourceId>,
    },
    /// Groups start in another order, or wait differently: who waits is looked at again.
    Ordered,
}

/// What has to be known of a resource that is gone.
#[derive(Clone, Debug)]
pub(crate) struct Deleted {
    pub(crate) id: ResourceId,
    pub(crate) group: mainstay_types::GroupId,
    /// Its group's, which may be gone too.
    pub(crate) epoch: mainstay_types::Epoch,
    /// The host that it belonged into.
    pub(crate) host: HostId,
    /// What it needed.
    pub(crate) providers: BTreeSet<ResourceId>,
}

impl Engine {
    /// Serves a call that changes the configuration.
    pub(crate) fn serve_configuration(&mut self, call: Call) {
        if self.lane.waiting.len() >= LANE_LENGTH_MAX {
            let busy = ServiceError::Busy { what: "configuration changes", max: LANE_LENGTH_MAX };
            return self.refuse(&call, None, &busy.into());
        }
        self.lane.waiting.push_back((call, None));
        self.advance_lane();
    }

    /// Takes up what waits; what is asked of types that are just being made waits for them.
    pub(crate) fn advance_lane(&mut self) {
        while self.lane.current.is_none() && !self.are_types_coming() {
            let Some((call, said)) = self.lane.waiting.pop_front() else { return };
            let evaluated = self.check_access(&call).and_then(|()| self.prepare(&call));
            match evaluated {
                Err(refusal) => self.refuse(&call, None, &refusal),
                Ok(change) => match self.settling_claim(&change.claims) {
                    Some(other) => self.wait_behind(other, call),
                    None => match self.is_left_of(&change.claims) {
                        Some(gone) => self.wait_behind_closing(gone, call),
                        None => self.ask_or_begin(call, change, said),
                    },
                },
            }
        }
    }

    pub(crate) fn check_access(&self, call: &Call) -> Result<(), Refusal> {
        if call.caller.access < Access::Full {
            return Err(RequestError::AccessDenied { verb: subject(&call.command).0.as_str() }.into());
        }
        Ok(())
    }

    fn settling_claim(&self, claims: &[ResourceId]) -> Option<OperationId> {
        let lives = claims.iter().filter_map(|id| self.live.get(id));
        let mut others = lives.flat_map(|live| live.reserved.into_iter().chain(live.claim));
        others.find(|id| self.operations.get(id).is_some_and(Operation::is_settling))
    }

    fn ask_or_begin(&mut self, call: Call, mut change: Change, said: Option<Said>) {
        let said = match (change.ask.take(), said) {
            (Some(Ask { who, question }), None) => {
                let purpose = QueryPurpose::Setting(Box::new(SettingQuery { call, who: who.clone() }));
                let asked = match who {
                    Asked::Resource(id) => self.query_opened(id, question, purpose, QUERY_TIMEOUT_MS),
                    // Only a type that is built in is asked so.
                    Asked::TypeOf(_) => self.query_in(HostId::Pool, question, purpose, QUERY_TIMEOUT_MS),
                };
                if let Err(QueryPurpose::Setting(query)) = asked {
                    self.lane.waiting.push_front((query.call, Some(Said::Nothing)));
                }
                return;
            }
            (_, said) => said,
        };
        match said {
            Some(Said::Yes(status, remark)) => {
                change.answer = status;
                change.note = [std::mem::take(&mut change.note), remark]
                    .into_iter()
                    .filter(|text| !text.is_empty())
                    .collect::<Vec<_>>()
                    .join("; ");
            }
            Some(Said::Silence) => change.answer = Status::RESOURCE_PROPERTIES_STORED,
            Some(Said::Nothing) | None => {}
        }
        let id = self.new_operation_id();
        self.lane.current = Some(Box::new(Current { call, id, change }));
        self.commit_change();
    }

    /// The type has said what it thinks of the properties, or nothing. The call is evaluated anew when its turn comes:
    /// the world may have moved while the type was asked.
    pub(crate) fn handle_setting_answer(
        &mut self,
        query: SettingQuery,
        answer: Result<(Status, String), Unanswered>,
    ) {
        let SettingQuery { call, who } = query;
        let live = match &who {
            Asked::Resource(id) => self.live.get(id),
            Asked::TypeOf(_) => None,
        };
        let is_new = matches!(who, Asked::TypeOf(_));
        let is_up = live.is_some_and(|live| live.task.is_some() || live.has_to_stop());
        let said = match answer {
            // The type stored what it wanted to, or does not know the code: then they are kept here.
            Ok((Status::SUCCESS | Status::INVALID_FUNCTION, text)) => Said::Yes(Status::SUCCESS, text),
            // Nothing of it runs yet that could go on as it was.
            Ok((Status::RESOURCE_PROPERTIES_STORED, text)) if is_new => Said::Yes(Status::SUCCESS, text),
            Ok((Status::RESOURCE_PROPERTIES_STORED, text)) => {
                Said::Yes(Status::RESOURCE_PROPERTIES_STORED, text)
            }
            Ok((Status::RESOURCE_NOT_AVAILABLE, _)) | Err(Unanswered::NotAsked) => Said::Nothing,
            Ok((status, text)) => {
                let text = if text.is_empty() { status.to_string() } else { text };
                let refusal = match who {
                    Asked::Resource(id) => {
                        ClusterError::CheckRefused { name: self.name_of(id), status, text }
                    }
                    Asked::TypeOf(name) => ClusterError::NotCreated { name, status, text },
                };
                return self.refuse(&call, None, &refusal.into());
            }
            // It is shown to it once more when it is there.
            Err(Unanswered::Silent) if is_new => Said::Nothing,
            Err(Unanswered::Silent) if is_up => {
                let object = match who {
                    Asked::Resource(id) => self.describe(&ObjectId::Resource(id)),
                    Asked::TypeOf(name) => name,
                };
                let refusal = ServiceError::NoAnswer { object, limit_ms: QUERY_TIMEOUT_MS };
                return self.refuse(&call, None, &refusal.into());
            }
            // Else a property that makes a type hang could never be corrected.
            Err(Unanswered::Silent) => Said::Silence,
        };
        self.lane.waiting.push_back((call, Some(said)));
        self.advance_lane();
    }

    fn commit_change(&mut self) {
        let Some(current) = self.lane.current.take() else { return };
        let Current { call, id, mut change } = *current;
        let mut operation = Operation::internal(self.record(id, &call));
        operation.record.ended_at_ms = Some(self.now.unix_ms);
        operation.record.end = Some(End::Done);
        operation.record.answer = change.answer;
        operation.record.changes = self.recorded_changes(&change.ops);
        operation.record.outcome = std::mem::take(&mut change.outcome);
        operation.step = StoredStep::Ended;
        operation.is_stored = true;
        change.compares.push(Compare::absent(layout::operation_key(id)));
        change.ops.push(Op::put(layout::operation_key(id), stored(&operation).to_bytes()));
        let transaction = Transaction {
            compares: std::mem::take(&mut change.compares),
            then: std::mem::take(&mut change.ops),
            otherwise: Vec::new(),
        };
        self.commit(transaction, CommitPurpose::Lane);
        operation.phase = Phase::Committing;
        self.operations.insert(id, operation);
        self.reserve(id, change.claims.iter().copied());
        self.lane.current = Some(Box::new(Current { call, id, change }));
    }

    /// What became of the change whose turn it is.
    pub(crate) fn handle_lane_committed(&mut self, outcome: CommitOutcome) {
        if outcome == CommitOutcome::Unknown {
            return;
        }
        let Some(current) = self.lane.current.take() else { return };
        let Current { call, id, change } = *current;
        self.serve_waiters(id);
        self.unreserve(id);
        let refusal: Option<Refusal> = match outcome {
            CommitOutcome::Done(_) | CommitOutcome::Unknown => None,
            CommitOutcome::Conflict => Some(ServiceError::Conflict.into()),
            CommitOutcome::Failed(reason) => Some(ServiceError::NotCommitted { reason }.into()),
        };
        if let Some(refusal) = refusal {
            self.operations.remove(&id);
            self.refuse(&call, Some(id), &refusal);
            return self.advance_lane();
        }
        let mut opens = Vec::new();
        for after in change.after {
            self.follow(id, after, &mut opens);
        }
        if change.again {
            self.lane.waiting.push_front((call, None));
        } else {
            self.answer_call(call.id, change.answer, Some(id), change.note);
        }
        self.finish_change(id, &opens);
        self.advance_lane();
    }

    /// The change is done; a new resource is made known to its host under the same operation.
    fn finish_change(&mut self, id: OperationId, opens: &[ResourceId]) {
        let Some(operation) = self.operations.get_mut(&id) else { return };
        if opens.is_empty() {
            operation.phase = Phase::Ended;
            return self.journal(id);
        }
        operation.record.end = None;
        operation.record.ended_at_ms = None;
        for resource in opens {
            let part = crate::operation::Part::new(crate::operation::PartGoal::Open);
            operation.parts.insert(*resource, part);
            operation.open_parts += 1;
        }
        self.journal(id);
        self.run(id);
    }

    fn follow(&mut self, id: OperationId, after: After, opens: &mut Vec<ResourceId>) {
        match after {
            After::Publish(event) => self.effects.push(Effect::Publish(event)),
            After::Created(resource) => {
                let state = mainstay_types::ResourceState::Initializing;
                let mut live = crate::live::Live::new(state, self.now.unix_ms);
                let verb = self.operations.get(&id).map(|operation| operation.record.verb);
                if verb != Some(Verb::Create) {
                    // It may have been there before, and the guard remembers that its leaf was closed.
                    live.floor = self.newest_floor_of(resource);
                }
                self.live.insert(resource, live);
                if let Some(group) = self.group_of(resource) {
                    self.count_in(group, state);
                }
                opens.push(resource);
            }
            After::Deleted(deleted) => self.resource_deleted(id, deleted),
            After::GroupCreated(group) => {
                self.counts.entry(group).or_default();
                self.accept_group_state(group);
            }
            After::GroupDeleted(group) => {
                self.counts.remove(&group);
                self.forget_failovers(group);
                self.forget_group_waits(group);
                self.forget_place(group);
                self.changed_groups.remove(&group);
            }
            After::Configured(resource) => self.configure_host(resource),
            After::Maintained(resource) => self.maintenance_changed(resource),
            After::Depends { resource, touched } => {
                // What it needs may have failed while the change was being committed.
                self.check_needs(resource);
                self.try_begin(resource);
                self.give_turns(touched);
            }
            After::Ordered => {
                self.stir_policies();
                self.stir_waits();
            }
        }
    }

    /// These may have waited for a dependent that they have no longer.
    fn give_turns(&mut self, providers: BTreeSet<ResourceId>) {
        for provider in providers {
            self.try_begin(provider);
        }
        self.stir_policies();
    }

    /// A host that has the resource open, or is just opening it with its old properties, hears of the new ones.
    pub(crate) fn configure_host(&mut self, id: ResourceId) {
        let Some(live) = self.live.get(&id) else { return };
        let is_opening = live.task.as_ref().is_some_and(|task| task.stage == Stage::Opening);
        if live.open.is_none() && !is_opening {
            return;
        }
        let host = self.task_host(id);
        if let Some(resource) = self.model.resource(id)
            && self.hosts.is_connected(host)
        {
            let opening = Box::new(self.opening(resource, false));
            self.effects.push(Effect::Configure { host, resource: id, opening });
        }
    }

    fn resource_deleted(&mut self, operation: OperationId, deleted: Deleted) {
        let Deleted { id, group, host: belongs_in, providers, .. } = deleted;
        let Some(live) = self.live.remove(&id) else { return };
        self.count_out(group, live.state);
        if let Some(claim) = live.claim {
            self.close_part(claim, id);
            self.end_if_done(claim);
        }
        for timer in [crate::timers::Timer::Stage(id), crate::timers::Timer::Limit(id)] {
            self.timers.clear(timer);
        }
        self.timers.clear(crate::timers::Timer::HardStop(id));
        self.forget_recovery(id);
        self.give_turns(providers);
        let epoch = self.model.epoch(group).max(deleted.epoch);
        let opening = live.task.filter(|task| task.stage == Stage::Opening).and_then(|task| task.order);
        match (live.open, opening) {
            (None, Some(open)) => self.close_when_opened(id, group, belongs_in, epoch, open),
            // A host of its own that is just coming lives in the leaf.
            (None, None) => self.remove_rest(id, group, epoch, self.hosts.is_there(HostId::Own(id))),
            (Some(host), _) => {
                let code = mainstay_types::control::RESOURCE_DELETE.0;
                let question =
                    Question::ResourceControl { resource: id, code, input: Vec::new(), output_length_max: 0 };
                self.query(host, question, QueryPurpose::Nothing, None);
                self.close_in_host(id, group, host, epoch, operation);
            }
        }
    }

    /// An object's name for a record; of one that is to be created, the name that it was to have.
    pub(crate) fn object_name(&self, object: &ObjectId, command: &Command) -> String {
        let given = match command {
            Command::CreateGroup { name, .. }
            | Command::CreateResource { name, .. }
            | Command::CreateResourceType { name, .. } => Some(shown(name)),
            Command::Order(change) => change.new_name().map(shown),
            Command::Undo { changes, name, .. } if self.check_object(object).is_err() => {
                history::name_before(changes).or(Some(name)).map(shown)
            }
            // The cluster has no name in a document.
            Command::Configure { wanted, .. } if !wanted.name.is_empty() => Some(shown(&wanted.name)),
            _ => None,
        };
        given.unwrap_or_else(|| match object {
            ObjectId::Cluster => self.model.cluster().name.clone(),
            ObjectId::Node(id) => {
                self.model.node(*id).map_or_else(|| id.to_string(), |found| found.name.to_string())
            }
            ObjectId::Group(id) => {
                self.model.group(*id).map_or_else(|| id.to_string(), |found| found.name.to_string())
            }
            ObjectId::Resource(id) => self.name_of(*id),
            ObjectId::ResourceType(name) => name.to_string(),
            ObjectId::GroupSet(id) => {
                self.model.group_set(*id).map_or_else(|| id.to_string(), |found| found.name.to_string())
            }
            ObjectId::Network(id) => {
                self.model.network(*id).map_or_else(|| id.to_string(), |found| found.name.to_string())
            }
            ObjectId::NetworkInterface(id) => {
                self.model.interface(*id).map_or_else(|| id.to_string(), |found| found.name.to_string())
            }
        })
    }

    fn prepare(&self, call: &Call) -> Result<Change, Refusal> {
        match &call.command {
            Command::CreateGroup { id, name, group_type } => self.create_group(*id, name, *group_type),
            Command::DeleteGroup { group, force } => self.delete_group(*group, *force),
            Command::RenameGroup { group, name } => self.rename_group(*group, name),
            Command::SetPreferredOwners { group, nodes } => self.set_preferred_owners(*group, nodes),
            Command::CreateResource { id, group, name, type_name, flags } => {
                self.create_resource(*id, *group, name, type_name, *flags)
            }
            Command::DeleteResource { resource } => self.delete_resource(*resource),
            Command::RenameResource { resource, name } => self.rename_resource(*resource, name),
            Command::CreateResourceType { name, display_name, library, looks_alive_ms, is_alive_ms } => {
                self.create_type(name, display_name, library, *looks_alive_ms, *is_alive_ms)
            }
            Command::DeleteResourceType { name } => self.delete_type(name),
            Command::AddDependency { resource, provider } => self.add_dependency(*resource, *provider),
            Command::RemoveDependency { resource, provider } => self.remove_dependency(*resource, *provider),
            Command::SetDependencyExpression { resource, expression } => {
                self.set_expression(*resource, expression)
            }
            Command::AddPossibleOwner { resource, node } => self.change_owner(*resource, *node, true),
            Command::RemovePossibleOwner { resource, node } => self.change_owner(*resource, *node, false),
            Command::Order(change) => self.prepare_order(change),
            Command::PauseNode { node, flags, drain, .. } => self.pause_node(*node, *flags, *drain),
            Command::ResumeNode { node, failback, flags, .. } => self.resume_node(*node, *failback, *flags),
            Command::RenameNetwork { network, name } => self.rename_network(*network, name),
            Command::RenameCluster { name } => self.rename_cluster(name),
            Command::Configure { object, wanted, presence, planned, .. } => {
                self.configure(object, wanted, *presence, planned.as_deref())
            }
            Command::DeleteConfigured { object, planned } => {
                self.delete_configured(object, planned.as_deref())
            }
            Command::Undo { operation, object, name, changes, .. } => {
                self.undo(*operation, object, name, changes)
            }
            Command::Control { object, code, input, .. } => self.set_properties(object, *code, input),
            _ => Err(ServiceError::Internal("not a configuration change".into()).into()),
        }
    }
}

/// What a configuration change is about, for its record.
pub(crate) fn subject(command: &Command) -> (Verb, ObjectId) {
    let of_type = |name: &str| {
        let unnamed = || mainstay_types::Name::parse(layout::GENERIC_APPLICATION).ok();
        mainstay_types::Name::parse(name)
            .ok()
            .or_else(unnamed)
            .map_or(ObjectId::Cluster, ObjectId::ResourceType)
    };
    match command {
        Command::CreateGroup { id, .. } => (Verb::Create, ObjectId::Group(*id)),
        Command::MoveGroup { group, .. } => (Verb::Move, ObjectId::Group(*group)),
        Command::DeleteGroup { group, .. } => (Verb::Delete, ObjectId::Group(*group)),
        Command::RenameGroup { group, .. } => (Verb::Rename, ObjectId::Group(*group)),
        Command::SetPreferredOwners { group, .. } => (Verb::Owners, ObjectId::Group(*group)),
        Command::CreateResource { id, .. } => (Verb::Create, ObjectId::Resource(*id)),
        Command::DeleteResource { resource } => (Verb::Delete, ObjectId::Resource(*resource)),
        Command::RenameResource { resource, .. } => (Verb::Rename, ObjectId::Resource(*resource)),
        Command::CreateResourceType { name, .. } => (Verb::Create, of_type(name)),
        Command::DeleteResourceType { name } => (Verb::Delete, ObjectId::ResourceType(name.clone())),
        Command::AddDependency { resource, .. } => (Verb::Depend, ObjectId::Resource(*resource)),
        Command::RemoveDependency { resource, .. } => (Verb::Undepend, ObjectId::Resource(*resource)),
        Command::SetDependencyExpression { resource, .. } => (Verb::Depend, ObjectId::Resource(*resource)),
        Command::AddPossibleOwner { resource, .. } | Command::RemovePossibleOwner { resource, .. } => {
            (Verb::Owners, ObjectId::Resource(*resource))
        }
        Command::Order(change) => change.subject(),
        Command::PauseNode { node, .. } => (Verb::Pause, ObjectId::Node(*node)),
        Command::ResumeNode { node, .. } => (Verb::Resume, ObjectId::Node(*node)),
        Command::RenameNetwork { network, .. } => (Verb::Rename, ObjectId::Network(*network)),
        Command::RenameCluster { .. } => (Verb::Rename, ObjectId::Cluster),
        Command::BackUp { .. } => (Verb::Backup, ObjectId::Cluster),
        Command::Configure { object, presence: Presence::New, .. } => (Verb::Create, object.clone()),
        Command::Configure { object, .. } => (Verb::Configure, object.clone()),
        Command::DeleteConfigured { object, .. } => (Verb::Delete, object.clone()),
        Command::Undo { object, .. } => (Verb::Undo, object.clone()),
        Command::Control { object, .. } => (Verb::Set, object.clone()),
        _ => (Verb::Set, ObjectId::Cluster),
    }
}
