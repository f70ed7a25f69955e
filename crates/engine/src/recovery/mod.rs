//! The start of the service: what is there is taken over, what was begun goes on, what is wanted comes up.
//!
//! ```text
//!   Started ──► database read, leaves known, epochs raised after a new boot
//!      │        (hosts are heard one by one; calls that change something wait)
//!   Settled ──► what hosts hold is adopted, open operations go on by their records, failures are cleaned
//!      │        what runs without a host is opened anew; what hosts have told since comes to bear
//!      │        (nothing begins before all of it: whose turn it is depends on all)
//!      └──────► what is to be online comes up, each resource in its turn (policy::start_order)
//! ```

mod adopt;
mod shown;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use mainstay_store::{Compare, Op, Revision, Transaction};
use mainstay_types::operation::{End, Verb};
use mainstay_types::order::{Condition, Held, Report};
use mainstay_types::{Epoch, GroupId, HostId, ObjectId, OperationId, ResourceId, ResourceState};

use crate::Engine;
use crate::backup::RESTORED_BOOT;
use crate::command::Call;
use crate::engine::CommitPurpose;
use crate::error::ServiceError;
use crate::hosts::failure_in;
use crate::input::{CommitOutcome, LeafSeen, Start};
use crate::limits::{COMMIT_PAUSE_MS, TRANSACTION_WRITES_MAX, WAITING_CALLS_MAX};
use crate::live::Live;
use crate::model::{Model, layout};
use crate::operation::stored::{StoredOperation, StoredStep};
use crate::operation::{Operation, Phase};
use crate::seeded::{self, Bug};
use crate::timers::Timer;

/// Why an order is seen through that a service has begun by itself and has left behind.
pub(crate) const UNDER_WAY: &str = "the service ended while this was under way";

/// What is known until the service is ready.
#[derive(Clone, Debug, Default)]
pub(crate) struct StartUp {
    phase: StartPhase,
    /// By resource: who holds it, and how.
    held: BTreeMap<ResourceId, (HostId, Held)>,
    /// What hosts have told since they said what they hold. It comes to bear, and is acknowledged, when everything has its
    /// place; that many at most as hosts keep.
    told: Vec<(HostId, Report)>,
    /// Since when a resource stands as it is held, in Unix time; reckoned when its host said for how long.
    since_unix_ms: BTreeMap<ResourceId, u64>,
    /// Open operations, by id.
    stored: BTreeMap<OperationId, StoredOperation>,
    /// Leaves of resources that the database does not know.
    nobodys: Vec<(GroupId, ResourceId, LeafSeen)>,
    /// See [`Start::deleted`].
    deleted: BTreeSet<ResourceId>,
    /// See [`Start::marked`].
    marked: BTreeSet<ResourceId>,
    /// Calls that wait until the service is ready.
    waiting: VecDeque<Call>,
    /// Commits of new epochs under way.
    raising: usize,
    /// The machine was started anew since the database was last worked on: nothing from before is running.
    is_first_of_boot: bool,
    /// The database was restored. Nothing that it says of owners counts, and the machine may have been up all the time.
    is_restored: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum StartPhase {
    #[default]
    New,
    /// The database is read, hosts are being heard.
    Hearing,
    /// Every host is heard; epochs are being raised.
    Heard,
    /// Everything gets its place, and nothing begins.
    Placing,
    Ready,
}

impl StartUp {
    pub(crate) fn has_database(&self) -> bool {
        self.phase != StartPhase::New
    }

    pub(crate) fn is_ready(&self) -> bool {
        matches!(self.phase, StartPhase::Placing | StartPhase::Ready)
    }

    /// Whether nothing may begin yet: whose turn it is depends on all that hosts have told.
    pub(crate) fn is_placing(&self) -> bool {
        self.phase == StartPhase::Placing
    }

    /// What operations that go on are taking offline, whatever is written about it.
    fn going_offline(&self, model: &Model) -> BTreeSet<ResourceId> {
        let goes_on = |stored: &&StoredOperation| {
            stored.record.verb == Verb::Offline && stored.step == StoredStep::Running
        };
        let going = self.stored.values().filter(goes_on).flat_map(|stored| {
            let named: Vec<ResourceId> = match &stored.record.object {
                ObjectId::Resource(id) => vec![*id],
                ObjectId::Group(id) => {
                    model.group(*id).into_iter().flat_map(|it| it.members.clone()).collect()
                }
                _ => Vec::new(),
            };
            let stopped = stored.closure.iter().filter(|(_, goal)| goal.is_down()).map(|(id, _)| *id);
            stopped.chain(named).collect::<Vec<_>>()
        });
        going.collect()
    }
}

impl Engine {
    /// Input: the service has started.
    pub(crate) fn handle_started(&mut self, start: Start) {
        self.boot = start.boot;
        self.last_operation = start.last_operation_number;
        // A database that cannot be read leaves the engine as it is: it refuses every call.
        let Ok((model, operations)) = Model::load(&start.snapshot, start.revision) else { return };
        self.model = model;
        self.startup.phase = StartPhase::Hearing;
        for (id, begun_at, bytes) in operations {
            if id.node == self.config.node {
                self.last_operation = self.last_operation.max(id.number);
            }
            if let Ok(mut stored) = StoredOperation::from_bytes(&bytes) {
                self.leave_out_newer(&mut stored, begun_at);
                self.take_in_stored(id, stored, start.ended.contains(&id));
            }
        }
        self.startup.is_first_of_boot = !self.is_of_this_boot();
        self.startup.is_restored = self.is_of_boot(RESTORED_BOOT);
        (self.startup.deleted, self.startup.marked) = (start.deleted, start.marked);
        self.make_states(&start.leaves);
        self.stir_network_states();
        for host in start.hosts {
            self.hosts.expect(host);
        }
        self.plan_start();
        self.raise_all_epochs();
    }

    /// What was deleted and brought back while an operation was under way is none of its parts any more: it is another one
    /// of the same id, and hosts remember what became of the operation's orders to the one before.
    fn leave_out_newer(&self, stored: &mut StoredOperation, begun_at: Revision) {
        let is_newer = |id: &ResourceId| {
            let joined_at = self.model.resource(*id).and_then(|resource| resource.joined_at);
            joined_at.is_some_and(|joined_at| joined_at > begun_at)
        };
        stored.closure.retain(|id, _| !is_newer(id));
    }

    fn take_in_stored(&mut self, id: OperationId, stored: StoredOperation, is_journaled: bool) {
        let is_ended = matches!(stored.step, StoredStep::Ended | StoredStep::Superseded(_));
        self.tokens.remember(&stored.record.asker.sid, &stored.token, id);
        self.tokens.answered(id, stored.record.answer);
        if is_journaled && !seeded::has(Bug::EndedResumed) {
            // Whatever the record says, it has ended, and what came after must not be undone by it.
            return self.sweep_later(id, stored.closure.into_keys().collect());
        }
        if !is_ended {
            self.startup.stored.insert(id, stored);
            return;
        }
        // Only the journal has not heard of its end.
        let mut operation = Operation::internal(stored.record);
        operation.is_stored = true;
        if let StoredStep::Superseded(by) = stored.step {
            operation.record.ended_at_ms = Some(self.now.unix_ms);
            operation.record.end = Some(End::Superseded(by));
        }
        operation.record.end.get_or_insert(End::Done);
        operation.phase = Phase::Ended;
        self.operations.insert(id, operation);
        self.journal(id);
    }

    /// States before the hosts are heard: what readers see meanwhile.
    fn make_states(&mut self, leaves: &[(GroupId, ResourceId, LeafSeen)]) {
        let now_ms = self.now.unix_ms;
        let ids: Vec<(ResourceId, GroupId)> =
            self.model.resources().map(|resource| (resource.id, resource.group)).collect();
        for group in self.model.groups().map(|group| group.id).collect::<Vec<_>>() {
            self.counts.entry(group).or_default();
            self.changed_groups.insert(group);
        }
        for (id, group) in &ids {
            let floor = self.newest_floor_of(*id);
            self.live.insert(*id, Live { floor, ..Live::new(ResourceState::Offline, now_ms) });
            self.count_in(*group, ResourceState::Offline);
        }
        let leave_something: BTreeSet<ResourceId> =
            ids.iter().map(|(id, _)| *id).filter(|id| self.may_leave_something(*id)).collect();
        let may_be_left = !self.startup.is_first_of_boot || self.startup.is_restored;
        for (group, id, leaf) in leaves {
            let Some(live) = self.live.get_mut(id) else {
                self.startup.nobodys.push((*group, *id, *leaf));
                continue;
            };
            (live.floor, live.populated) = (leaf.floor, leaf.populated);
            // A host has had it open. Whether one still has, that says itself; see `adopt_one`.
            live.cut_off = leave_something.contains(id) && may_be_left;
            if leaf.populated {
                self.set_state(*id, ResourceState::OnlinePending);
            }
        }
        let goals: Vec<(ResourceId, bool)> = self
            .startup
            .stored
            .values()
            .flat_map(|stored| stored.closure.iter().map(|(id, goal)| (*id, goal.is_down())))
            .collect();
        for (id, is_down) in goals {
            let pending = if is_down { ResourceState::OfflinePending } else { ResourceState::OnlinePending };
            self.set_state(id, pending);
        }
        self.accept_group_states();
    }

    /// The first calls may come before the hosts are heard.
    pub(crate) fn wait_until_ready(&mut self, call: Call) {
        if self.startup.waiting.len() >= WAITING_CALLS_MAX {
            let busy = ServiceError::Busy { what: "calls", max: WAITING_CALLS_MAX };
            return self.answer_call(call.id, busy.status(), None, busy.to_string());
        }
        self.startup.waiting.push_back(call);
    }

    /// A host that was found says what it holds.
    pub(crate) fn hear_held(&mut self, host: HostId, held: Vec<Held>) {
        self.forget_held(host);
        for held in held {
            for order in held.orders() {
                // Its memory must not answer an order that is new.
                if order.operation.node == self.config.node {
                    self.last_operation = self.last_operation.max(order.operation.number);
                }
            }
            if let Some(ms) = held.standing_for_ms {
                self.startup.since_unix_ms.insert(held.resource, self.now.unix_ms.saturating_sub(ms));
            }
            self.startup.held.insert(held.resource, (host, held));
        }
    }

    /// A host tells something before the service is ready. Progress and log lines are nobody's yet.
    pub(crate) fn keep_until_ready(&mut self, host: HostId, report: Report) {
        if report.sequence == 0 || seeded::has(Bug::ReportBeforeReadyLost) {
            return;
        }
        let StartUp { held, told, since_unix_ms, .. } = &mut self.startup;
        if let Some(cause) = failure_in(&report.news)
            && let Some((_, held)) = held.get_mut(&report.resource).filter(|(holder, _)| *holder == host)
            && held.condition == Condition::Online
        {
            // Nothing may be started, or go on, that relies on it.
            held.condition = Condition::Failed(cause);
            since_unix_ms.insert(report.resource, self.now.unix_ms);
        }
        told.push((host, report));
    }

    /// Resources of which something runs, and that the database does not know: hosts say that they are online, something is
    /// in their leaf, or is marked with them. Such a database is older than what runs, and to serve it would be to kill that,
    /// or to start a second time what it would have made anew.
    ///
    /// What is deleted was offline before; but its leaf may not have been empty, and was about to be emptied.
    pub(crate) fn unknown_running(&self) -> BTreeSet<ResourceId> {
        let StartUp { held, nobodys, deleted, marked, .. } = &self.startup;
        let held = held.iter().filter(|(_, (_, held))| held.condition == Condition::Online);
        let leaves = nobodys.iter().filter(|(_, _, leaf)| leaf.populated).map(|(_, id, _)| *id);
        let seen = leaves.chain(marked.iter().copied()).filter(|id| !deleted.contains(id));
        let all = held.map(|(id, _)| *id).chain(seen);
        all.filter(|id| self.model.resource(*id).is_none()).collect()
    }

    /// The host has ended before the service was ready.
    pub(crate) fn forget_held(&mut self, host: HostId) {
        let StartUp { held, told, since_unix_ms, .. } = &mut self.startup;
        held.retain(|_, (holder, _)| *holder != host);
        told.retain(|(teller, _)| *teller != host);
        since_unix_ms.retain(|id, _| held.contains_key(id));
    }

    /// After a new boot nothing from before can run: every group gets a new epoch before anything is ordered. So does one
    /// of which hosts or guard know a newer epoch than the database, which is older than they are then: they would refuse
    /// every order. The commit holds only as long as the record of the owner is the one that was read.
    pub(crate) fn raise_all_epochs(&mut self) {
        let seen = self.epochs_seen();
        let stale: Vec<(GroupId, Epoch)> = self
            .model
            .groups()
            .filter_map(|group| {
                let (owner, seen) = (self.model.owner(group.id)?, seen.get(&group.id).copied());
                let seen = seen.unwrap_or_default();
                (owner.boot != self.boot || owner.epoch() < seen).then_some((group.id, seen))
            })
            .collect();
        for groups in stale.chunks(TRANSACTION_WRITES_MAX) {
            let mut transaction = Transaction::default();
            for (group, seen) in groups {
                let Some(owner) = self.model.owner(*group) else { continue };
                let key = layout::owner_key(*group);
                transaction.compares.push(Compare::value(key.clone(), owner.to_bytes()));
                transaction.then.push(Op::put(key, owner.raised_above(*seen, &self.boot).to_bytes()));
            }
            self.startup.raising += 1;
            self.commit(transaction, CommitPurpose::Boot);
        }
    }

    /// The newest epoch of each group that a host or the guard knows, as far as it was heard of.
    fn epochs_seen(&self) -> BTreeMap<GroupId, Epoch> {
        let held = self.startup.held.iter().map(|(id, (_, held))| (*id, held.epoch));
        let floors = self.live.iter().map(|(id, live)| (*id, live.floor));
        let mut seen = BTreeMap::<GroupId, Epoch>::new();
        for (id, epoch) in held.chain(floors) {
            if let Some(group) = self.group_of(id) {
                let newest = seen.entry(group).or_default();
                *newest = epoch.max(*newest);
            }
        }
        seen
    }

    pub(crate) fn handle_boot_committed(&mut self, outcome: &CommitOutcome) {
        if *outcome == CommitOutcome::Unknown {
            return;
        }
        self.startup.raising -= 1;
        if self.startup.raising > 0 {
            return;
        }
        if matches!(outcome, CommitOutcome::Done(_)) && self.is_of_this_boot() {
            self.get_ready();
        } else {
            self.timers.set(Timer::Epochs, self.now.steady_ms + COMMIT_PAUSE_MS);
        }
    }

    /// Whether any group's owner record is of this boot.
    fn is_of_boot(&self, boot: &str) -> bool {
        let mut owners = self.model.groups().filter_map(|group| self.model.owner(group.id));
        owners.any(|owner| owner.boot == boot)
    }

    fn is_of_this_boot(&self) -> bool {
        let mut owners = self.model.groups().filter_map(|group| self.model.owner(group.id));
        owners.all(|owner| owner.boot == self.boot)
    }

    /// Input: every host was heard.
    pub(crate) fn handle_settled(&mut self) {
        if self.startup.phase == StartPhase::Hearing {
            self.startup.phase = StartPhase::Heard;
            self.get_ready();
        }
    }

    fn get_ready(&mut self) {
        if self.startup.phase != StartPhase::Heard || self.startup.raising > 0 || !self.is_of_this_boot() {
            return;
        }
        // By what the hosts have said; nothing is committed where they know nothing newer.
        self.raise_all_epochs();
        if self.startup.raising > 0 {
            return;
        }
        self.startup.phase = StartPhase::Placing;
        self.begin_start(self.startup.is_first_of_boot);
        if !self.startup.is_first_of_boot {
            // A call that was accepted ends as it was to end: the start of the service is no later word. The start of a
            // machine is what it goes down for.
            let going = self.startup.going_offline(&self.model);
            self.keep_from_start(going);
        }
        self.adopt();
        for (host, report) in std::mem::take(&mut self.startup.told) {
            self.handle_host_report(host, report);
        }
        self.note_found();
        self.startup.phase = StartPhase::Ready;
        let claimed: Vec<ResourceId> =
            self.live.iter().filter(|(_, live)| live.claim.is_some()).map(|(id, _)| *id).collect();
        for id in claimed {
            self.try_begin(id);
        }
        let waiting = std::mem::take(&mut self.startup.waiting);
        self.recalled.extend(waiting);
    }
}
