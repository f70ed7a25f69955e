//! Resource hosts: which are there, and how they are started, watched and replaced.
//!
//! ```text
//!              need            connected               dead, or killed
//!   (absent) ───────► Starting ─────────► Connected ──────────┐
//!      ▲  ▲              │ dead              │ nothing held    ▼
//!      │  │              ▼                   ▼             needed again? ──► Pausing ──► Starting
//!      │  └──────── given up             Ending                │ no
//!      └─────────────────────────────────────┴────────────────┘
//! ```
//!
//! A host that ends costs its own resources only. What becomes of them is decided here and in the
//! [`crate::task`] room: those that were online are opened anew in the next host, those in the middle of something
//! are stopped hard.

use std::collections::BTreeMap;

use mainstay_types::offer::built_in;
use mainstay_types::operation::Verb;
use mainstay_types::order::{Cause, Condition, Held, News, Note, OrderId, RESOURCE_CONTROL, Report};
use mainstay_types::status_information::ResourceStatusInformation;
use mainstay_types::{Epoch, GroupId, HostId, ObjectId, ResourceId, ResourceState, Status};

use crate::Engine;
use crate::effect::Effect;
use crate::limits::{
    DEADLOCK_TIMEOUT_DEFAULT_MS, HOST_HEALTHY_MS, HOST_KILL_MS, HOST_PAUSE_MS, HOST_START_MS,
    HOST_STARTS_MAX, PING_INTERVAL_MS,
};
use crate::live::{Goal, Live, Stage};
use crate::notes::Told;
use crate::operation::PartGoal;
use crate::seeded::{self, Bug};
use crate::timers::Timer;

/// All hosts that are there or wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hosts {
    known: BTreeMap<HostId, Host>,
    next_nonce: u64,
}

#[derive(Clone, Debug)]
struct Host {
    state: HostState,
    pid: u32,
    /// Lives in a row that ended before they were healthy.
    starts: u32,
    /// How the last of them ended.
    last_end: Option<Cause>,
    connected_at_ms: u64,
    /// The highest sequence of kept reports that was taken in.
    sequence: u64,
    /// The same since it has connected last.
    heard: u64,
    /// The ping that was not answered yet.
    ping: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum HostState {
    /// Not there; only its count of starts is remembered.
    Absent,
    /// Found at the start of the service, not heard yet.
    Expected,
    /// To be started when its timer fires.
    Pausing,
    /// Started, not connected yet.
    Starting,
    /// There.
    Connected,
    /// Told to end.
    Ending,
    /// Told to be killed.
    Killing,
}

impl Hosts {
    /// The process of a connected host.
    pub(crate) fn pid(&self, host: HostId) -> Option<u32> {
        self.known.get(&host).filter(|known| known.state == HostState::Connected).map(|known| known.pid)
    }

    /// Whether a host has a process, as far as is known.
    pub(crate) fn is_there(&self, host: HostId) -> bool {
        let known = self.known.get(&host).map(|known| known.state);
        known.is_some_and(|state| !matches!(state, HostState::Absent | HostState::Pausing))
    }

    /// Whether orders can be sent to it.
    pub(crate) fn is_connected(&self, host: HostId) -> bool {
        self.known.get(&host).is_some_and(|known| known.state == HostState::Connected)
    }

    /// How a host stands, in words.
    pub(crate) fn standing(&self, host: HostId) -> String {
        let known = self.known.get(&host);
        let how = match known.map(|known| known.state) {
            None | Some(HostState::Absent) => "it is not there",
            Some(HostState::Expected) => {
                "it was there when the service started, and has not been heard since"
            }
            Some(HostState::Pausing) => "it is started again after a pause",
            Some(HostState::Starting) => "it is being started",
            Some(HostState::Connected) => "it is connected",
            Some(HostState::Ending | HostState::Killing) => "it is being ended",
        };
        let Some((known, cause)) = known.and_then(|known| Some((known, known.last_end.as_ref()?))) else {
            return how.to_owned();
        };
        match known.starts.saturating_sub(u32::from(known.state == HostState::Starting)) {
            0 | 1 => format!("{how}; the one before has ended: {}", cause.text),
            ended => format!("{how}; {ended} in a row have ended, the last: {}", cause.text),
        }
    }

    /// How the last one has ended, as long as that counts.
    fn last_end(&self, host: HostId) -> Option<Cause> {
        self.known.get(&host).and_then(|known| known.last_end.clone())
    }

    /// A host that was found at the start.
    pub(crate) fn expect(&mut self, host: HostId) {
        self.known.insert(host, Host::new(HostState::Expected));
    }
}

impl Host {
    fn new(state: HostState) -> Self {
        Host {
            state,
            pid: 0,
            starts: 0,
            last_end: None,
            connected_at_ms: 0,
            sequence: 0,
            heard: 0,
            ping: None,
        }
    }
}

impl Engine {
    /// The host that a resource belongs into, by its type and its own choice.
    pub(crate) fn desired_host(&self, id: ResourceId) -> HostId {
        let Some(resource) = self.model.resource(id) else { return HostId::Own(id) };
        let library = self.model.resource_type(&resource.type_name).and_then(|found| found.library.as_ref());
        let works_in_host = || built_in(&resource.type_name).is_some_and(|known| known.has_own_host);
        let has_own = library.is_some() || resource.separate_monitor || works_in_host();
        if has_own { HostId::Own(id) } else { HostId::Pool }
    }

    /// Sees to it that a host comes. Whoever needs it waits in [`Stage::Host`].
    pub(crate) fn need_host(&mut self, host: HostId) {
        let last_end = self.hosts.last_end(host);
        match self.hosts.known.get(&host).map(|known| known.state) {
            None => self.start_host(host, 0),
            Some(HostState::Absent) => {
                let unknown = || Cause::new(Status::RESMON_CREATE_FAILED, "nobody knows how");
                self.start_again(host, &last_end.unwrap_or_else(unknown));
            }
            Some(HostState::Ending | HostState::Killing | HostState::Pausing) => {}
            Some(HostState::Expected | HostState::Starting | HostState::Connected) => {}
        }
    }

    fn start_host(&mut self, host: HostId, starts: u32) {
        let last_end = self.hosts.last_end(host);
        let absent = |last_end| Host { starts, last_end, ..Host::new(HostState::Absent) };
        let group = match host {
            HostId::Pool => None,
            HostId::Own(id) => self.model.resource(id).map(|resource| resource.group),
        };
        if let (HostId::Own(id), Some(group)) = (host, group)
            && self.is_leaf_closed(id)
        {
            // It lives in the resource's leaf. Whoever needs it asks again when the epoch has risen.
            self.hosts.known.insert(host, absent(last_end));
            return self.raise_epoch(group);
        }
        if let HostId::Own(id) = host
            && self.is_being_closed(id)
        {
            // The guard is at it, under this epoch. Whoever needs the host asks again when the leaf is seen to be empty.
            self.hosts.known.insert(host, absent(last_end));
            return;
        }
        let epoch = group.map(|group| self.model.epoch(group)).unwrap_or_default();
        let foreign = match host {
            HostId::Pool => false,
            HostId::Own(id) => self.library_of(id).is_some(),
        };
        let fresh = Host { starts: starts + 1, last_end, ..Host::new(HostState::Starting) };
        self.hosts.known.insert(host, fresh);
        self.timers.set(Timer::Host(host), self.now.steady_ms + HOST_START_MS);
        self.effects.push(Effect::StartHost { host, group, epoch, foreign });
    }

    /// The shared library of a resource's type.
    pub(crate) fn library_of(&self, id: ResourceId) -> Option<&str> {
        let resource = self.model.resource(id)?;
        self.model.resource_type(&resource.type_name)?.library.as_deref()
    }

    /// Whether what it has made may outlive its processes: its type acts in its host's own process, or has others act, so
    /// that there may be a mount, an address, a file.
    pub(crate) fn may_leave_something(&self, id: ResourceId) -> bool {
        let Some(resource) = self.model.resource(id) else { return false };
        let found = self.model.resource_type(&resource.type_name);
        found.is_none_or(|found| found.library.is_some() || !found.is_contained)
    }

    /// Whether an Open that is done proves that nothing is left of what an earlier host had made: whose type needs no
    /// library takes that down before it is open. A library's type does so when it is told to terminate.
    pub(crate) fn opens_clean(&self, id: ResourceId) -> bool {
        self.library_of(id).is_none()
    }

    /// Kills a host that cannot be trusted any more.
    pub(crate) fn kill_host(&mut self, host: HostId) {
        let Some(known) = self.hosts.known.get_mut(&host) else { return };
        known.state = HostState::Killing;
        known.ping = None;
        self.timers.clear(Timer::Pong(host));
        self.timers.set(Timer::Host(host), self.now.steady_ms + HOST_KILL_MS);
        self.effects.push(Effect::KillHost(host));
    }

    /// The leaf of a resource was emptied by force, and its own host lives in there: it is dead, also before that is
    /// reported. Whoever needs a host now waits for the next one.
    pub(crate) fn host_died_with_leaf(&mut self, id: ResourceId) {
        let host = HostId::Own(id);
        let known = self.hosts.known.get(&host).map(|known| known.state);
        if matches!(known, Some(HostState::Starting | HostState::Connected)) {
            self.kill_host(host);
        }
    }

    /// Lets an own host go that holds nothing any more.
    pub(crate) fn release_host(&mut self, host: HostId) {
        let Some(known) = self.hosts.known.get_mut(&host) else { return };
        if host != HostId::Pool && known.state == HostState::Connected {
            known.state = HostState::Ending;
            self.timers.clear(Timer::Pong(host));
            self.timers.set(Timer::Host(host), self.now.steady_ms + HOST_KILL_MS);
            self.effects.push(Effect::StopHost(host));
        }
    }

    /// A host's start took too long, its pause is over, or its end does not come.
    pub(crate) fn handle_host_timer(&mut self, host: HostId) {
        let Some(known) = self.hosts.known.get(&host) else { return };
        match known.state {
            HostState::Pausing => {
                let starts = known.starts;
                self.start_host(host, starts);
            }
            HostState::Starting | HostState::Ending | HostState::Killing | HostState::Expected => {
                self.kill_host(host);
            }
            HostState::Connected | HostState::Absent => {}
        }
    }

    /// Input: a host is there.
    pub(crate) fn handle_host_connected(&mut self, host: HostId, pid: u32, held: Vec<Held>) {
        let now_ms = self.now.steady_ms;
        let known = self.hosts.known.entry(host).or_insert_with(|| Host::new(HostState::Expected));
        if known.state == HostState::Killing {
            return;
        }
        if known.pid != pid {
            known.sequence = 0;
        }
        (known.state, known.pid, known.ping) = (HostState::Connected, pid, None);
        known.heard = 0;
        known.connected_at_ms = now_ms;
        self.timers.clear(Timer::Host(host));
        self.timers.clear(Timer::Pong(host));
        if !self.timers.is_set(Timer::Ping) {
            self.timers.set(Timer::Ping, now_ms + PING_INTERVAL_MS);
        }
        if !self.is_ready() {
            self.hear_held(host, held);
            return;
        }
        self.reconcile(host, held);
        self.host_is_there(host);
    }

    /// Whoever waits for this host may go on.
    pub(crate) fn host_is_there(&mut self, host: HostId) {
        let waiting: Vec<ResourceId> = self.tasks_at(host, |stage| stage == Stage::Host);
        for id in waiting {
            self.continue_in_host(id);
        }
        self.send_queries_of_host(host);
        if let HostId::Own(id) = host
            && !self.live.get(&id).is_some_and(|live| live.open == Some(host) || live.task.is_some())
            && !self.closing.contains_key(&id)
        {
            self.release_host(host);
        }
    }

    /// What a host that came back holds, against what is expected of it.
    fn reconcile(&mut self, host: HostId, held: Vec<Held>) {
        let mut held: BTreeMap<ResourceId, Held> =
            held.into_iter().map(|held| (held.resource, held)).collect();
        let expected: Vec<ResourceId> =
            self.live.iter().filter(|(_, live)| live.open == Some(host)).map(|(id, _)| *id).collect();
        let forgotten =
            Cause::new(Status::RESMON_CREATE_FAILED, "the host does not know the resource any more");
        // What has failed comes first: nothing is started that would need it.
        let has_failed =
            |id: &ResourceId| held.get(id).is_some_and(|held| matches!(held.condition, Condition::Failed(_)));
        let (failed, others): (Vec<ResourceId>, Vec<ResourceId>) = expected.into_iter().partition(has_failed);
        let mut fresh = Vec::new();
        for id in failed {
            let cause = held.remove(&id).and_then(|held| self.reconcile_one(id, host, held));
            fresh.extend(cause.map(|cause| (id, cause)));
        }
        self.handle_failed_together(fresh);
        let mut alive = Vec::new();
        for id in others {
            match held.remove(&id) {
                Some(held) => drop(self.reconcile_one(id, host, held)),
                None if self.lose_host(id, &forgotten) => alive.push(id),
                None => {}
            }
        }
        if !alive.is_empty() {
            self.reopen(alive, &forgotten);
        }
        for (id, held) in held {
            let opening = self.live.get(&id).and_then(|live| live.task.as_ref());
            if opening.is_some_and(|task| task.stage == Stage::Opening && self.task_host(id) == host) {
                if let Some(cause) = self.reconcile_one(id, host, held) {
                    self.handle_failed(id, cause);
                }
            } else if opening.is_none() {
                // Nobody asked for it to be there: a resource that was deleted, or left for another host.
                self.forget_in_host(id, host, held.epoch);
            }
        }
        // An Open that was lost with the connection.
        for id in self.tasks_at(host, |stage| stage == Stage::Opening) {
            self.send_order_again(id);
        }
    }

    /// One resource that the host holds as expected: the order that is under way may have ended, or been lost. Answers why
    /// it has failed by itself.
    fn reconcile_one(&mut self, id: ResourceId, host: HostId, held: Held) -> Option<Cause> {
        let live = self.live.get_mut(&id)?;
        live.locked = held.lock();
        self.touched_statuses.insert(id);
        live.consents = held.consents;
        live.said = ResourceStatusInformation::from_bits_truncate(held.status);
        let expected: Option<OrderId> = live.task.as_ref().and_then(|task| task.order);
        match (expected, held.last) {
            (Some(order), _) if held.running == Some(order) => {}
            (Some(order), Some((last, outcome))) if last == order => {
                // What has failed since it came up is there for nobody.
                if let (Condition::Failed(cause), Some(task)) = (held.condition, live.task.as_mut()) {
                    task.cause.get_or_insert(cause);
                }
                self.handle_order_ended(id, host, order, outcome);
            }
            (Some(_), _) => self.send_order_again(id),
            (None, _) => {
                if let Condition::Failed(cause) = held.condition {
                    return Some(cause);
                }
            }
        }
        None
    }

    /// Input: a host's process has ended.
    pub(crate) fn handle_host_ended(&mut self, host: HostId, cause: Cause) {
        let ended = self.hosts.known.remove(&host);
        self.notes.forget_host(host);
        self.timers.clear(Timer::Host(host));
        self.timers.clear(Timer::Pong(host));
        self.lose_queries(host);
        if !self.is_ready() {
            self.forget_held(host);
            return;
        }
        let healthy = |ended: &Host| {
            ended.connected_at_ms > 0
                && self.now.steady_ms.saturating_sub(ended.connected_at_ms) >= HOST_HEALTHY_MS
        };
        if let Some(ended) = ended.filter(|ended| ended.state != HostState::Ending && !healthy(ended)) {
            let mut absent = Host::new(HostState::Absent);
            absent.starts = ended.starts.max(1);
            absent.last_end = Some(cause.clone());
            self.hosts.known.insert(host, absent);
        }
        self.finish_closing_of(host);
        let opening = self.tasks_at(host, |stage| stage == Stage::Opening);
        let takes_all = host == HostId::Pool && seeded::has(Bug::PoolTakesAll);
        let is_its = |live: &Live| live.open == Some(host) || takes_all && live.open.is_some();
        let open: Vec<ResourceId> =
            self.live.iter().filter(|(_, live)| is_its(live)).map(|(id, _)| *id).collect();
        let mut alive = Vec::new();
        for id in open.into_iter().chain(opening) {
            if self.lose_host(id, &cause) {
                alive.push(id);
            }
        }
        if !alive.is_empty() {
            self.reopen(alive, &cause);
        }
        self.forget_leaf_of(host);
        let absent = self.hosts.known.get(&host).is_none_or(|known| known.state == HostState::Absent);
        if absent && !self.tasks_at(host, |stage| stage == Stage::Host).is_empty() {
            self.start_again(host, &cause);
        }
    }

    /// An own host has ended and has left nothing: its leaf goes too. So a leaf that is found at the next start of the
    /// service says that a host has ended there which may have left something.
    fn forget_leaf_of(&mut self, host: HostId) {
        let HostId::Own(id) = host else { return };
        let Some(group) = self.group_of(id).filter(|_| self.library_of(id).is_some()) else { return };
        let is_idle =
            |live: &Live| live.is_down() && live.claim.is_none() && live.open.is_none() && !live.cut_off;
        if self.live.get(&id).is_some_and(is_idle) && !self.closing.contains_key(&id) {
            self.effects.push(Effect::RemoveLeaf { group, resource: id });
        }
    }

    /// Starts a host that is needed again, at once or after a pause, or gives up.
    fn start_again(&mut self, host: HostId, cause: &Cause) {
        let starts = self.hosts.known.get(&host).map_or(0, |known| known.starts);
        if starts >= HOST_STARTS_MAX {
            self.hosts.known.remove(&host);
            let text = format!("its host ended {starts} times in a row, the last time: {}", cause.text);
            for id in self.tasks_at(host, |stage| stage == Stage::Host) {
                self.host_unavailable(
                    id,
                    Cause::new(Status::CLUSTER_RHS_FAILED_INITIALIZATION, text.clone()),
                );
            }
            return;
        }
        if let Some(known) = self.hosts.known.get_mut(&host) {
            known.last_end = Some(cause.clone());
        }
        if starts <= 1 {
            return self.start_host(host, starts);
        }
        let last_end = Some(cause.clone());
        self.hosts.known.insert(host, Host { starts, last_end, ..Host::new(HostState::Pausing) });
        let pause = HOST_PAUSE_MS << (starts - 2);
        self.timers.set(Timer::Host(host), self.now.steady_ms + pause);
    }

    /// A resource has lost its host. Answers whether it was online and is to be opened anew.
    fn lose_host(&mut self, id: ResourceId, cause: &Cause) -> bool {
        self.note_cut_off(id);
        let Some(live) = self.live.get_mut(&id) else { return false };
        live.open = None;
        live.locked = None;
        // Nobody knows any more how it is inside; why it failed is known.
        let has_failed_inside = live.embedded_failure.take().is_some();
        if live.state != ResourceState::Failed {
            live.said = ResourceStatusInformation::empty();
        }
        self.touched_statuses.insert(id);
        if has_failed_inside {
            self.cancel_recovery(id);
        }
        let Some(live) = self.live.get_mut(&id) else { return false };
        if live.task.is_some() {
            self.task_lost_its_host(id, cause);
            return false;
        }
        live.state == ResourceState::Online
    }

    /// Of resources that are online again: those whose host ended while they were to stop, and that are not open in the
    /// next one yet.
    pub(crate) fn reopen_what_lost_its_host(&mut self, resources: &[ResourceId]) {
        let is_lost = |id: &ResourceId| {
            self.live.get(id).is_some_and(|live| live.open.is_none() || live.task.is_some())
        };
        let lost: Vec<ResourceId> = resources.iter().copied().filter(is_lost).collect();
        if !lost.is_empty() {
            let text = "it ended while they were to stop";
            self.reopen(lost, &Cause::new(Status::RESMON_CREATE_FAILED, text));
        }
    }

    /// Opens resources anew that were online in a host that ended.
    fn reopen(&mut self, resources: Vec<ResourceId>, cause: &Cause) {
        let object = match resources.as_slice() {
            [only] => ObjectId::Resource(*only),
            _ => ObjectId::Node(self.config.node),
        };
        let parts = resources.into_iter().map(|id| (id, PartGoal::Reopen)).collect();
        self.start_internal(
            Verb::Recover,
            object,
            parts,
            &format!("the resource host ended: {}", cause.text),
        );
    }

    /// Input: a host's process is there and says nothing.
    pub(crate) fn handle_host_silent(&mut self, host: HostId) {
        self.hosts.known.entry(host).or_insert_with(|| Host::new(HostState::Expected));
        self.kill_host(host);
    }

    /// Input: a host tells something.
    pub(crate) fn handle_host_report(&mut self, host: HostId, report: Report) {
        if !self.is_ready() {
            return self.keep_until_ready(host, report);
        }
        let Some(known) = self.hosts.known.get_mut(&host) else { return };
        if report.sequence > 0 {
            // Acknowledged at once, and before any later order: what the engine keeps of it, the host tells again
            // with what it holds. So a repetition is always of something that was taken in already.
            let repeated = report.sequence <= known.sequence;
            known.sequence = known.sequence.max(report.sequence);
            known.heard = known.heard.max(report.sequence);
            if let News::Note(note) = report.news {
                return self.hear_note(host, report.resource, report.sequence, report.epoch, note);
            }
            self.acknowledge(host);
            if repeated {
                return;
            }
        }
        let id = report.resource;
        match report.news {
            News::Ended { order, outcome } => self.handle_order_ended(id, host, order, outcome),
            News::Progress { order, checkpoint: _, text } => self.handle_progress(id, order, text),
            News::Failed(cause) => {
                if self.live.get(&id).is_some_and(|live| live.open == Some(host)) {
                    self.handle_failed(id, cause);
                }
            }
            News::Consents => self.handle_consents(id, host),
            News::Locked { locked, reason } => self.handle_locked(id, locked.then_some(reason)),
            News::Status { bits } => self.handle_said(id, host, bits),
            News::EmbeddedFailure(cause) => self.handle_embedded_failure(id, host, cause),
            News::Deadlocked { call } => self.handle_deadlocked(id, host, &call),
            // Without a number nobody would hear what became of it.
            News::Note(_) | News::Logged { .. } => {}
        }
    }

    /// A note is taken in when it is committed. Who repeats it has not heard what became of it, which may be a refusal: it
    /// is looked at again, unless it is in hand.
    fn hear_note(&mut self, host: HostId, id: ResourceId, sequence: u64, epoch: Epoch, note: Option<Note>) {
        if !self.notes.has(id, host, sequence) {
            self.handle_note(id, Told { report: Some((host, sequence)), epoch, note });
        }
        if seeded::has(Bug::NoteNotAwaited) {
            self.effects.push(Effect::Acknowledge { host, sequence });
        }
    }

    /// Tells a host that what it has said is taken in, as far as it is.
    pub(crate) fn acknowledge(&mut self, host: HostId) {
        let Some(heard) = self.hosts.known.get(&host).map(|known| known.heard) else { return };
        let open = self.notes.oldest_of(host).map_or(heard, |oldest| oldest.saturating_sub(1));
        let sequence = heard.min(open);
        if sequence > 0 {
            self.effects.push(Effect::Acknowledge { host, sequence });
        }
    }

    fn handle_deadlocked(&mut self, id: ResourceId, host: HostId, call: &str) {
        let Some(live) = self.live.get_mut(&id).filter(|live| live.open == Some(host)) else { return };
        let cause = deadlock_cause(call);
        match &mut live.task {
            Some(task) => drop(task.cause.get_or_insert(cause)),
            None if fails_nothing(call) => {}
            None => {
                self.handle_failed(id, cause);
                if self.is_in_maintenance(id) {
                    return;
                }
            }
        }
        self.kill_host(host);
    }

    fn handle_consents(&mut self, id: ResourceId, host: HostId) {
        // It may be said before Open has ended.
        if self.task_host(id) == host
            && let Some(live) = self.live.get_mut(&id)
        {
            live.consents = true;
        }
    }

    fn handle_locked(&mut self, id: ResourceId, locked: Option<u64>) {
        let Some(live) = self.live.get_mut(&id) else { return };
        if live.locked != locked {
            live.locked = locked;
            self.touch_status(id);
            self.stir_policies();
        }
    }

    /// What the type says of the resource beside its state. It may be said before Open has ended.
    fn handle_said(&mut self, id: ResourceId, host: HostId, bits: u64) {
        if self.task_host(id) == host
            && let Some(live) = self.live.get_mut(&id)
        {
            live.said = ResourceStatusInformation::from_bits_truncate(bits);
            self.touch_status(id);
        }
    }

    /// Timer: ask every host whether it is there.
    pub(crate) fn handle_ping_timer(&mut self) {
        let connected: Vec<HostId> = self
            .hosts
            .known
            .iter()
            .filter(|(_, known)| known.state == HostState::Connected)
            .map(|(host, _)| *host)
            .collect();
        for host in connected {
            self.ask_host(host, self.longest_deadlock_timeout(host));
        }
        if !self.hosts.known.is_empty() {
            self.timers.set(Timer::Ping, self.now.steady_ms + PING_INTERVAL_MS);
        }
    }

    /// Asks a host whether it is there; one that is asked already is not asked again, but may get less time. Without a
    /// reason it has as long as the most patient of its resources gives it; when something of one resource is late, as
    /// long as that one gives it.
    pub(crate) fn ask_host(&mut self, host: HostId, timeout_ms: u64) {
        let Some(known) = self.hosts.known.get_mut(&host) else { return };
        if known.state != HostState::Connected {
            return;
        }
        let timer = Timer::Pong(host);
        let at_ms = self.now.steady_ms + timeout_ms;
        if known.ping.is_some() {
            if self.timers.deadline(timer).is_none_or(|earlier| at_ms < earlier) {
                self.timers.set(timer, at_ms);
            }
            return;
        }
        self.hosts.next_nonce += 1;
        let nonce = self.hosts.next_nonce;
        known.ping = Some(nonce);
        self.timers.set(timer, at_ms);
        self.effects.push(Effect::Ping { host, nonce });
    }

    fn longest_deadlock_timeout(&self, host: HostId) -> u64 {
        let open = self.live.iter().filter(|(_, live)| live.open == Some(host));
        let longest = open.map(|(id, _)| self.deadlock_timeout_ms(*id)).max();
        longest.unwrap_or(u64::from(DEADLOCK_TIMEOUT_DEFAULT_MS))
    }

    /// Input: a host answers a ping.
    pub(crate) fn handle_host_pong(&mut self, host: HostId, nonce: u64) {
        let Some(known) = self.hosts.known.get_mut(&host).filter(|known| known.ping == Some(nonce)) else {
            return;
        };
        known.ping = None;
        if self.now.steady_ms.saturating_sub(known.connected_at_ms) >= HOST_HEALTHY_MS {
            known.starts = 0;
        }
        self.timers.clear(Timer::Pong(host));
    }

    /// Resources with a task in such a stage that belongs to this host.
    fn tasks_at(&self, host: HostId, matches: impl Fn(Stage) -> bool) -> Vec<ResourceId> {
        let at = |id: &ResourceId| self.task_host(*id) == host;
        let tasks =
            self.live.iter().filter(|(_, live)| live.task.as_ref().is_some_and(|task| matches(task.stage)));
        tasks.map(|(id, _)| *id).filter(at).collect()
    }

    /// The host that a resource's task deals with.
    pub(crate) fn task_host(&self, id: ResourceId) -> HostId {
        self.live.get(&id).and_then(|live| live.open).unwrap_or_else(|| self.desired_host(id))
    }

    /// Whether a group's slice is one that a host of this resource lives in.
    pub(crate) fn group_of(&self, id: ResourceId) -> Option<GroupId> {
        self.model.resource(id).map(|resource| resource.group)
    }

    /// Whether the goal of a resource's task is one of these.
    pub(crate) fn has_goal(&self, id: ResourceId, goals: &[Goal]) -> bool {
        let task = self.live.get(&id).and_then(|live| live.task.as_ref());
        task.is_some_and(|task| goals.contains(&task.goal))
    }
}

/// Why something that was online is not any more, where news say so.
pub(crate) fn failure_in(news: &News) -> Option<Cause> {
    match news {
        News::Failed(cause) => Some(cause.clone()),
        News::Deadlocked { call } if !fails_nothing(call) => Some(deadlock_cause(call)),
        _ => None,
    }
}

/// A question is nothing that the resource was doing: what it serves may be as well as before, and the next host finds
/// out. A type that hangs in a health check says nothing any more about what it serves.
fn fails_nothing(call: &str) -> bool {
    call == RESOURCE_CONTROL
}

fn deadlock_cause(call: &str) -> Cause {
    let text = format!("its {call} did not return within its DeadlockTimeout");
    Cause::new(Status::RESOURCE_CALL_TIMED_OUT, text)
}
