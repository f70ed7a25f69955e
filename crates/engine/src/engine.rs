//! The engine: one input in, effects out. Owns what the rooms share, and sends each input to its room.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use mainstay_store::{Op, Transaction};
use mainstay_types::operation::{Asker, OperationRecord, Pending, Verb};
use mainstay_types::{GroupId, Name, NodeId, ObjectId, OfflineReason, OperationId, ResourceId, Status};

use crate::backup::Backups;
use crate::closing::{BehindClosing, Closing};
use crate::command::{Call, Command};
use crate::configuration::Lane;
use crate::effect::{Answer, Effect};
use crate::error::ServiceError;
use crate::events::Counts;
use crate::graph::{States, stop_closure};
use crate::group_set::wait::Waits;
use crate::hosts::Hosts;
use crate::input::{CallId, CommitId, CommitOutcome, Input, Now};
use crate::model::{Model, layout};
use crate::network::Looking;
use crate::notes::Notes;
use crate::offered::Offers;
use crate::operation::{Operation, Phase};
use crate::policy::Policies;
use crate::queries::Queries;
use crate::recovery::StartUp;
use crate::requirements::Requirements;
use crate::sweep::Sweep;
use crate::timers::{Timer, Timers};
use crate::tokens::Tokens;
use crate::view::View;

/// What the engine has to know of its place.
#[derive(Clone, Debug)]
pub struct Config {
    /// This node.
    pub node: NodeId,
    /// Its name.
    pub node_name: Name,
    /// Refuse what MS-CMRP refuses, where the function's page is kinder (design §3.1, 3.2, 3.12).
    pub strict_cmrp: bool,
}

/// The cluster as a state machine. See the crate's documentation.
#[derive(Clone, Debug)]
pub struct Engine {
    pub(crate) config: Config,
    pub(crate) model: Model,
    pub(crate) live: States,
    pub(crate) operations: BTreeMap<OperationId, Operation>,
    pub(crate) hosts: Hosts,
    pub(crate) queries: Queries,
    pub(crate) lane: Lane,
    pub(crate) tokens: Tokens,
    pub(crate) startup: StartUp,
    pub(crate) policies: Policies,
    pub(crate) timers: Timers,
    /// Deleted resources that a host still has, or whose leaf is still there.
    pub(crate) closing: BTreeMap<ResourceId, Closing>,
    pub(crate) behind_closing: BehindClosing,
    pub(crate) counts: BTreeMap<GroupId, Counts>,
    pub(crate) changed_groups: BTreeSet<GroupId>,
    /// Resources whose StatusInformation may have changed in this step.
    pub(crate) touched_statuses: BTreeSet<ResourceId>,
    /// Calls that are to be looked at again in this step.
    pub(crate) recalled: VecDeque<Call>,
    /// Calls that stand behind operations.
    pub(crate) waiting_calls: usize,
    pub(crate) boot: String,
    pub(crate) now: Now,
    pub(crate) effects: Vec<Effect>,
    pub(crate) last_operation: u64,
    commits: BTreeMap<CommitId, Commit>,
    last_commit: u64,
    pub(crate) sweep: Sweep,
    /// Groups whose higher epoch is being committed.
    pub(crate) raising: BTreeSet<GroupId>,
    /// Starts that wait for an alternative which another operation has in hand.
    pub(crate) held_up: BTreeSet<ResourceId>,
    /// Vetoes that wait for an acceptance which writes the same record.
    pub(crate) held_up_vetoes: BTreeSet<OperationId>,
    pub(crate) requirements: Requirements,
    /// Starts that wait for other groups.
    pub(crate) waits: Waits,
    pub(crate) backups: Backups,
    /// What is seen of the node's adapters.
    pub(crate) networks: Looking,
    pub(crate) offers: Offers,
    /// What types have the cluster keep, on its way into the database.
    pub(crate) notes: Notes,
}

/// A transaction that is being committed.
#[derive(Clone, Debug)]
struct Commit {
    ops: Vec<Op>,
    purpose: CommitPurpose,
    /// The ended operations whose records it deletes beside.
    swept: Vec<OperationId>,
}

/// What a transaction is for.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum CommitPurpose {
    /// A call's acceptance.
    Accept(OperationId),
    /// A higher epoch for a group in which a closed leaf is to be opened.
    Raise(GroupId),
    /// A veto's restored persistent state.
    Veto(OperationId),
    /// The end of an operation before it is done, and the call that asked for it.
    Cancel {
        /// Which.
        target: OperationId,
        /// The call's own operation.
        by: OperationId,
    },
    /// The configuration change whose turn it is.
    Lane,
    /// Nothing but records of ended operations.
    Sweep,
    /// Higher epochs after a new boot.
    Boot,
    /// What is seen of the node's adapters.
    Networks,
    /// Types that the node offers.
    Offers,
    /// What a type has the cluster keep for its resource.
    Note(ResourceId),
}

impl Engine {
    /// An engine that has not started: its first input is [`Input::Started`].
    pub fn new(config: Config) -> Self {
        Engine {
            config,
            model: Model::default(),
            live: BTreeMap::new(),
            operations: BTreeMap::new(),
            hosts: Hosts::default(),
            queries: Queries::default(),
            lane: Lane::default(),
            tokens: Tokens::default(),
            startup: StartUp::default(),
            policies: Policies::default(),
            timers: Timers::default(),
            closing: BTreeMap::new(),
            behind_closing: BehindClosing::new(),
            counts: BTreeMap::new(),
            changed_groups: BTreeSet::new(),
            touched_statuses: BTreeSet::new(),
            recalled: VecDeque::new(),
            waiting_calls: 0,
            boot: String::new(),
            now: Now::default(),
            effects: Vec::new(),
            last_operation: 0,
            commits: BTreeMap::new(),
            last_commit: 0,
            sweep: Sweep::default(),
            raising: BTreeSet::new(),
            held_up: BTreeSet::new(),
            held_up_vetoes: BTreeSet::new(),
            requirements: Requirements::default(),
            waits: Waits::default(),
            backups: Backups::default(),
            networks: Looking::default(),
            offers: Offers::default(),
            notes: Notes::default(),
        }
    }

    /// Takes one input and decides. Effects are to be carried out in their order.
    pub fn handle(&mut self, input: Input, now: Now) -> Vec<Effect> {
        self.now = now;
        match input {
            Input::Started(start) => self.handle_started(*start),
            Input::Settled => self.handle_settled(),
            Input::Call(call) => self.handle_call(*call),
            Input::CallerGone(call) => self.handle_caller_gone(call),
            Input::Committed { commit, outcome } => self.handle_committed(commit, outcome),
            Input::Journaled(operation) => self.handle_journaled(operation),
            Input::HostConnected { host, pid, held, newest } => {
                self.number_after(newest);
                self.handle_host_connected(host, pid, held);
            }
            Input::OrderUnsent { host, resource, order } => self.handle_order_unsent(host, resource, order),
            Input::HostEnded { host, cause } => self.handle_host_ended(host, cause),
            Input::HostSilent(host) => self.handle_host_silent(host),
            Input::HostReport { host, report } => self.handle_host_report(host, report),
            Input::HostAnswer { host, answer } => self.handle_host_answer(host, answer),
            Input::HostPong { host, nonce } => self.handle_host_pong(host, nonce),
            Input::HardStopped { resource, epoch, empty } => self.handle_hard_stopped(resource, epoch, empty),
            Input::Looked { resource, leaf } => self.handle_looked(resource, leaf),
            Input::BackedUp { operation, outcome } => self.handle_backed_up(operation, outcome),
            Input::Adapters(adapters) => self.handle_adapters(adapters),
            Input::TypesOffered(offers) => self.handle_types_offered(offers),
            Input::Ending => self.sweep_now(),
            Input::Tick => {}
        }
        while let Some(timer) = self.timers.take_due(now.steady_ms) {
            self.handle_timer(timer);
        }
        loop {
            while let Some(call) = self.recalled.pop_front() {
                self.serve(call);
            }
            self.go_on_with_held_up();
            self.go_on_with_held_up_vetoes();
            // Restarts before starts: a group that is about to be restarted is none that others may start after.
            self.go_on_with_policies();
            self.go_on_with_group_waits();
            self.go_on_with_networks();
            self.go_on_with_offers();
            if self.recalled.is_empty() && !self.has_stirred_waits() && !self.has_stirred_policies() {
                break;
            }
        }
        self.publish_group_states();
        self.publish_network_states();
        std::mem::take(&mut self.effects)
    }

    /// When [`Input::Tick`] is wanted, in steady milliseconds; `None` while nothing waits for the time.
    pub fn next_deadline(&self) -> Option<u64> {
        self.timers.next()
    }

    /// What readers see.
    pub fn view(&self) -> View<'_> {
        View::new(self)
    }

    fn handle_timer(&mut self, timer: Timer) {
        match timer {
            Timer::Stage(id) => self.handle_stage_timer(id),
            Timer::Limit(id) => self.handle_limit_timer(id),
            Timer::HardStop(id) => self.handle_hard_stop_timer(id),
            Timer::Close(id) => self.handle_close_timer(id),
            Timer::Check(id) => self.handle_check_timer(id),
            Timer::Commit(id) => self.handle_commit_timer(id),
            Timer::Sweep => self.sweep_now(),
            Timer::Epochs => self.raise_all_epochs(),
            Timer::Epoch(group) => self.handle_epoch_timer(group),
            Timer::Host(host) => self.handle_host_timer(host),
            Timer::Pong(host) => self.kill_host(host),
            Timer::Ping => self.handle_ping_timer(),
            Timer::Query(id) => self.handle_query_timer(id),
            Timer::Restart(id) => self.handle_restart_timer(id),
            Timer::GroupWaits => self.handle_group_waits_timer(),
            Timer::Networks => self.handle_networks_timer(),
            Timer::Offers => self.handle_offers_timer(),
            Timer::StartUp => self.stir_policies(),
        }
    }

    fn handle_call(&mut self, call: Call) {
        if !self.startup.has_database() {
            let reason = "it has not read its database".to_owned();
            let refusal = ServiceError::NotReady { reason };
            return self.answer_call(call.id, refusal.status(), None, refusal.to_string());
        }
        self.serve(call);
    }

    pub(crate) fn serve(&mut self, call: Call) {
        if matches!(&call.command, Command::ControlOnNode { .. }) {
            return self.serve_control_on_node(call);
        }
        let is_read = matches!(&call.command, Command::Control { code, .. } if !code.modifies());
        if is_read {
            return self.serve_control(call);
        }
        if matches!(&call.command, Command::CheckOffline { .. }) {
            return self.serve_check_offline(&call);
        }
        if !self.is_ready() {
            return self.wait_until_ready(call);
        }
        match &call.command {
            Command::OfflineResource { .. }
            | Command::OnlineResource { .. }
            | Command::OfflineGroup { .. }
            | Command::ShutDownGroup { .. }
            | Command::OnlineGroup { .. }
            | Command::RestartResource { .. }
            | Command::FailResource { .. }
            | Command::ConfirmStopped { .. }
            | Command::DiscardKept { .. } => self.serve_operation(call),
            Command::CancelOperation { .. } | Command::CancelGroupOperation { .. } => self.serve_cancel(call),
            Command::Control { .. } => self.serve_control(call),
            Command::MoveGroup { .. } => self.serve_move(&call),
            Command::BackUp { .. } => self.serve_backup(call),
            _ => self.serve_configuration(call),
        }
    }

    fn handle_caller_gone(&mut self, call: CallId) {
        for operation in self.operations.values_mut() {
            operation.calls.retain(|waiting| *waiting != call);
        }
    }

    /// Whether operations can be decided: every host was heard, and every epoch is of this boot.
    pub(crate) fn is_ready(&self) -> bool {
        self.startup.is_ready()
    }

    /// Answers a call. Each call once.
    pub(crate) fn answer_call(
        &mut self,
        call: CallId,
        status: Status,
        operation: Option<OperationId>,
        text: String,
    ) {
        let answer = Answer { status, operation, text, ..Answer::default() };
        self.effects.push(Effect::Answer { call, answer });
    }

    /// Asks for a transaction to be committed. Records of ended operations go with it.
    pub(crate) fn commit(&mut self, mut transaction: Transaction, purpose: CommitPurpose) -> CommitId {
        let swept = self.take_swept_along(&mut transaction, &purpose);
        self.last_commit += 1;
        let commit = CommitId(self.last_commit);
        self.commits.insert(commit, Commit { ops: transaction.then.clone(), purpose, swept });
        self.effects.push(Effect::Commit { commit, transaction });
        commit
    }

    /// Transactions whose outcome is not known yet.
    pub(crate) fn open_commits(&self) -> Vec<CommitId> {
        self.commits.keys().copied().collect()
    }

    fn handle_committed(&mut self, commit: CommitId, outcome: CommitOutcome) {
        let Some(known) = self.commits.get(&commit) else { return };
        let purpose = known.purpose.clone();
        if outcome != CommitOutcome::Unknown
            && let Some(known) = self.commits.remove(&commit)
        {
            if let CommitOutcome::Done(revision) = outcome {
                // What was committed is what was built from the model; it can be read.
                let differences = self.model.tree().differences(&known.ops).unwrap_or_default();
                self.publish_registry(&differences);
                let seen = self.see_common_properties(&differences);
                let networks = (purpose == CommitPurpose::Networks).then(|| self.network_picture());
                // What was committed is what was built from the model; it can be read back.
                if let Ok(touched) = self.model.apply(&known.ops, revision) {
                    self.note_touched(&touched);
                }
                self.publish_common_properties(seen);
                if let Some(before) = networks {
                    self.publish_network_changes(&before);
                }
                // Who is to be online may be others.
                self.touch_groups_left_to_start();
            }
            self.handle_swept(known.swept, matches!(outcome, CommitOutcome::Done(_)));
        }
        match purpose {
            CommitPurpose::Accept(id) => self.handle_acceptance(id, outcome),
            CommitPurpose::Raise(group) => self.handle_raised(group, &outcome),
            CommitPurpose::Veto(id) => self.handle_veto_committed(id, &outcome),
            CommitPurpose::Cancel { target, by } => self.handle_cancel_committed(target, by, outcome),
            CommitPurpose::Lane => self.handle_lane_committed(outcome),
            CommitPurpose::Sweep if outcome == CommitOutcome::Unknown => {}
            CommitPurpose::Sweep => self.handle_sweep_committed(matches!(outcome, CommitOutcome::Done(_))),
            CommitPurpose::Networks => self.handle_networks_committed(&outcome),
            CommitPurpose::Offers => self.handle_offers_committed(&outcome),
            CommitPurpose::Note(id) => self.handle_note_committed(id, outcome),
            CommitPurpose::Boot => self.handle_boot_committed(&outcome),
        }
    }

    /// Operations that are new get higher numbers than these. An operation of the service's own is in no record, and yet
    /// hosts remember its orders: they would answer a new one of the same identity from memory.
    fn number_after(&mut self, known: Vec<OperationId>) {
        let own = known.into_iter().filter(|id| id.node == self.config.node);
        self.last_operation = own.map(|id| id.number).fold(self.last_operation, u64::max);
    }

    /// The next operation's id.
    pub(crate) fn new_operation_id(&mut self) -> OperationId {
        self.last_operation += 1;
        OperationId { node: self.config.node, number: self.last_operation }
    }

    /// A record of the service's own doing.
    pub(crate) fn internal_record(
        &self,
        id: OperationId,
        verb: Verb,
        object: ObjectId,
        why: &str,
    ) -> OperationRecord {
        let name = match &object {
            ObjectId::Resource(id) => self.name_of(*id),
            ObjectId::Group(id) => {
                self.model.group(*id).map(|found| found.name.to_string()).unwrap_or_default()
            }
            ObjectId::Node(_) => self.config.node_name.to_string(),
            ObjectId::Cluster => self.model.cluster().name.clone(),
            ObjectId::ResourceType(name) => name.to_string(),
            ObjectId::GroupSet(_) | ObjectId::Network(_) | ObjectId::NetworkInterface(_) => {
                self.plain_name(&object)
            }
        };
        OperationRecord {
            id,
            verb,
            object,
            name,
            asker: Asker {
                account: "cluster service".into(),
                sid: "S-1-5-18".into(),
                origin: self.config.node_name.to_string(),
            },
            flags: 0,
            reason: matches!(verb, Verb::Recover).then_some(OfflineReason::Unknown),
            reason_text: why.to_owned(),
            instructions: String::new(),
            at_ms: self.now.unix_ms,
            answer: Status::IO_PENDING,
            parts: Vec::new(),
            ended_at_ms: None,
            end: None,
            outcome: String::new(),
            changes: Vec::new(),
            pending: Vec::new(),
        }
    }

    /// A resource's name, for people.
    pub(crate) fn name_of(&self, id: ResourceId) -> String {
        self.model.resource(id).map_or_else(|| id.to_string(), |found| found.name.to_string())
    }

    /// Names for a message.
    pub(crate) fn names_of(&self, ids: &[ResourceId]) -> Vec<String> {
        ids.iter().map(|id| self.name_of(*id)).collect()
    }

    /// A resource's name, for a record.
    pub(crate) fn shared_name_of(&self, id: ResourceId) -> Name {
        self.model.resource(id).map_or_else(|| self.config.node_name.clone(), |found| found.name.clone())
    }

    /// The node that owns a group, by its owner record.
    pub(crate) fn owner_node(&self, group: GroupId) -> NodeId {
        self.model.owner(group).map_or(self.config.node, |owner| owner.node)
    }

    /// Whether a stop of the resource meets a lock: its own, or that of a dependent that would stop with it.
    pub(crate) fn stop_is_locked(&self, id: ResourceId) -> bool {
        let closure = stop_closure(&self.model, &self.live, [id]);
        closure.iter().any(|member| self.live.get(member).is_some_and(|live| live.locked.is_some()))
    }

    /// Operations that run, oldest first, each with what is pending in it.
    pub(crate) fn shown_operations(&self) -> Vec<OperationRecord> {
        let running = self.operations.iter().filter(|(_, found)| !matches!(found.phase, Phase::Ended));
        running.filter_map(|(id, _)| self.shown_operation(*id)).collect()
    }

    /// One operation with what is pending in it.
    pub(crate) fn shown_operation(&self, id: OperationId) -> Option<OperationRecord> {
        let operation = self.operations.get(&id)?;
        let mut record = operation.record.clone();
        for resource in operation.parts.keys() {
            let Some(live) = self.live.get(resource).filter(|live| live.claim == Some(id)) else { continue };
            if !live.state.is_pending() && live.task.is_none() {
                continue;
            }
            let task = live.task.as_ref();
            let word = task.and_then(|task| task.last_word.clone());
            let group_wait = self.group_wait_limit(*resource).filter(|_| task.is_none());
            record.pending.push(Pending {
                resource: self.shared_name_of(*resource),
                state: live.state,
                since_ms: live.since_unix_ms,
                waits_for: self.waits_for(*resource),
                last_word: word.as_ref().map(|(text, _)| text.clone()).unwrap_or_default(),
                last_word_at_ms: word.map(|(_, at_ms)| at_ms),
                next_limit: match group_wait {
                    Some(_) => layout::GROUP_DEPENDENCY_TIMEOUT.to_owned(),
                    None => task.map(|task| task.stage.limit().to_owned()).unwrap_or_default(),
                },
                next_limit_at_ms: group_wait.or_else(|| task.and_then(|task| task.limit_unix_ms)),
                is_locked: self.stop_is_locked(*resource),
            });
        }
        Some(record)
    }
}
