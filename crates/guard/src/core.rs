//! What the guard decides: which leaf is open for which epoch, and how far each hard stop has come.
//!
//! Pure: requests, observations and the time come in, [`Action`]s come out, for `server` and `tree` to carry out in
//! their order. It touches no file, no clock and no socket.
//!
//! ```text
//!   a leaf                     Open(epoch > floor)
//!      (absent) ─────────────────────────────► open ◄──────────┐
//!                                               │ HardStop      │ Open(epoch > floor): made anew,
//!                                               ▼               │ so that who still holds the old
//!                                             closed ──────────┘ directory holds nothing
//!
//!   a hard stop
//!      Freezing ──all frozen, or FREEZE_BUDGET──► Killing ──all empty, no stray──► (answered: empty)
//!                                                   │ HARD_STOP_BUDGET
//!                                                   ▼
//!                          (answered: not empty)  Watching ──all empty, no stray──► (gone)
//!                                                   └─ kills again every WATCH_INTERVAL
//! ```
//!
//! An empty leaf is no proof: what has left it is looked for then, brought back and killed, until none is found.
//!
//! A closed leaf stays frozen: what comes late does not run.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use mainstay_ipc::guard::{Leaf, LeafStatus, Reply, ReplyBody, Request, RequestBody};
use mainstay_types::{ClusterId, Epoch, GroupId};

use crate::state::{LeafMemory, Memory};

mod stop;
#[cfg(test)]
mod tests;

use stop::{Phase, Stop};

/// How long a hard stop may take until its asker is told the truth, whatever it is (design: K).
pub const HARD_STOP_BUDGET: Duration = Duration::from_secs(1);

/// How long a hard stop waits for everything to be frozen before it kills all the same. A task that sits in the
/// kernel is never frozen, and killing must not wait for it.
pub const FREEZE_BUDGET: Duration = Duration::from_millis(500);

/// How long after strays were found it is looked for more. A look goes over all processes of the machine.
pub const SEARCH_INTERVAL: Duration = Duration::from_millis(20);

/// How often what cannot be killed is killed again.
pub const WATCH_INTERVAL: Duration = Duration::from_secs(1);

/// The most hard stops under way. The service sends one per resource or group, so this is out of its reach.
pub const STOPS_MAX: usize = 16_384;

/// The most leaves that are remembered, with those that are gone and have only their floor left.
pub const LEAVES_MAX: usize = 65_536;

/// Which request an answer belongs to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ticket {
    /// The connection, by the server's number.
    pub connection: u64,
    /// The request's number.
    pub number: u64,
}

/// Tells hard stops apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct StopNumber(u64);

/// What is to be done.
#[derive(Clone, PartialEq, Debug)]
pub enum Action {
    /// Answer.
    Reply {
        /// To whom.
        connection: u64,
        /// What.
        reply: Reply,
    },
    /// Answer, then close the connection.
    Dismiss {
        /// Whom.
        connection: u64,
        /// With what.
        reply: Reply,
    },
    /// Ask for freezing; do not wait.
    Freeze(Leaf),
    /// Kill everything; do not wait.
    Kill(Leaf),
    /// Tell about the leaf with [`Core::handle_observed`], once now and then whenever it changes.
    Watch(Leaf),
    /// Cease to tell.
    Unwatch(Leaf),
    /// Look for what has left these leaves, once the requests that are there are taken, for all who ask at once; bring
    /// back or kill what is found. Then [`Core::handle_searched`].
    Search {
        /// For which hard stop.
        stop: StopNumber,
        /// Whose.
        leaves: Vec<Leaf>,
    },
    /// Write [`Core::memory`] to the state file.
    Persist,
    /// Make the leaf if it is not there; `renew`: kill what came late, remove the directory and make it anew. Then
    /// [`Core::handle_opened`].
    Open {
        /// For whom.
        ticket: Ticket,
        /// Which.
        leaf: Leaf,
        /// For which epoch.
        epoch: Epoch,
        /// Whether it is made anew.
        renew: bool,
    },
    /// Make a leaf that was open and is not there any more.
    Remake(Leaf),
    /// Look, for what has left it too, then answer with [`Core::status_of`].
    Look {
        /// For whom.
        ticket: Ticket,
        /// At what.
        leaf: Leaf,
    },
    /// Look at all of them, for what has left them too, then answer.
    List {
        /// For whom.
        ticket: Ticket,
        /// At what.
        leaves: Vec<Leaf>,
    },
    /// Remove the leaf if it is empty, then [`Core::handle_removed`].
    Remove {
        /// For whom.
        ticket: Ticket,
        /// Which.
        leaf: Leaf,
    },
    /// End, if nothing runs in these leaves; else refuse.
    Exit {
        /// For whom.
        ticket: Ticket,
        /// What has to be empty.
        leaves: Vec<Leaf>,
    },
}

/// What is seen of a leaf.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seen {
    /// Whether any process is in it, or has left it and still runs.
    pub populated: bool,
    /// Whether all of it is frozen.
    pub frozen: bool,
}

/// A leaf as it was found when the guard started.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Found {
    /// Which.
    pub leaf: Leaf,
    /// Whether it, or its slice, is frozen.
    pub frozen: bool,
    /// Whether anything is in it.
    pub populated: bool,
}

/// The guard's mind.
#[derive(Debug)]
pub struct Core {
    cluster: ClusterId,
    root: String,
    pid: u32,
    floor: Epoch,
    groups: BTreeMap<GroupId, Epoch>,
    leaves: BTreeMap<Leaf, LeafMemory>,
    stops: BTreeMap<StopNumber, Stop>,
    last_stop: StopNumber,
    greeted: BTreeSet<u64>,
}

impl Core {
    /// A guard that has just started: what it remembers, and what it found. A leaf that is found frozen with
    /// something in it is a hard stop that was interrupted; it goes on. A leaf that was open and is gone is made again:
    /// an init system clears a unit's tree away once nothing runs in it, and hosts go on to use what was opened.
    ///
    /// `root` is the directory of the tree, without symbolic links.
    pub fn start(
        cluster: ClusterId,
        root: &str,
        pid: u32,
        memory: Memory,
        found: &[Found],
        now: Instant,
    ) -> (Self, Vec<Action>) {
        let mut core = Core {
            cluster,
            root: root.to_owned(),
            pid,
            floor: memory.floor,
            groups: memory.groups.into_iter().collect(),
            leaves: memory.leaves.into_iter().collect(),
            stops: BTreeMap::new(),
            last_stop: StopNumber::default(),
            greeted: BTreeSet::new(),
        };
        let there: BTreeSet<Leaf> = found.iter().map(|found| found.leaf).collect();
        let mut interrupted = BTreeMap::new();
        let mut actions = Vec::new();
        for (leaf, memory) in &mut core.leaves {
            memory.exists &= memory.opened.is_some() && !memory.closed;
            if memory.exists && !there.contains(leaf) {
                actions.push(Action::Remake(*leaf));
            }
        }
        for found in found {
            let leaf = core.leaves.entry(found.leaf).or_default();
            leaf.exists = true;
            leaf.closed |= found.frozen;
            if leaf.closed {
                actions.push(Action::Freeze(found.leaf));
                leaf.floor = leaf.floor.max(leaf.opened.unwrap_or_default());
                if found.populated {
                    interrupted.insert(found.leaf, None);
                }
            }
        }
        actions.push(Action::Persist);
        if !interrupted.is_empty() {
            let sought = interrupted.keys().copied().collect();
            core.begin_stop(interrupted, sought, Vec::new(), now, &mut actions);
        }
        (core, actions)
    }

    /// The cluster that it guards.
    pub fn cluster(&self) -> ClusterId {
        self.cluster
    }

    /// What has to survive.
    pub fn memory(&self) -> Memory {
        Memory {
            floor: self.floor,
            groups: self.groups.iter().map(|(group, floor)| (*group, *floor)).collect(),
            leaves: self.leaves.iter().map(|(leaf, memory)| (*leaf, *memory)).collect(),
        }
    }

    /// When [`Core::handle_time`] wants to be called at the latest.
    pub fn next_time(&self) -> Option<Instant> {
        self.stops
            .values()
            .map(|stop| match stop.phase {
                Phase::Freezing { until } => until.min(stop.deadline),
                Phase::Killing => stop.next_search().unwrap_or(stop.deadline).min(stop.deadline),
                Phase::Watching { again } => stop.next_search().unwrap_or(again).min(again),
            })
            .min()
    }

    /// A request came.
    pub fn handle_request(&mut self, connection: u64, request: Request, now: Instant) -> Vec<Action> {
        let ticket = Ticket { connection, number: request.number };
        if let RequestBody::Hello { version, cluster, cgroup_root } = request.body {
            return vec![self.greet(ticket, version, cluster, cgroup_root)];
        }
        if !self.greeted.contains(&connection) {
            return vec![dismiss(ticket, "the first request of a connection must be Hello".into())];
        }
        match request.body {
            RequestBody::Hello { .. } => Vec::new(),
            RequestBody::Open { leaf, epoch } => vec![self.open(ticket, leaf, epoch)],
            RequestBody::HardStop { target, epoch } => self.hard_stop(ticket, target, epoch, now),
            RequestBody::Look { leaf } => vec![Action::Look { ticket, leaf }],
            RequestBody::Remove { leaf } => vec![match self.stop_on(leaf) {
                true => refuse(ticket, format!("a hard stop of {} is still under way", show(leaf))),
                false => Action::Remove { ticket, leaf },
            }],
            RequestBody::List => vec![Action::List { ticket, leaves: self.existing().collect() }],
            RequestBody::Exit => vec![Action::Exit { ticket, leaves: self.existing().collect() }],
        }
    }

    /// A connection has ended. What it asked for goes on.
    pub fn handle_disconnected(&mut self, connection: u64) {
        self.greeted.remove(&connection);
        for stop in self.stops.values_mut() {
            stop.waiting.retain(|ticket| ticket.connection != connection);
        }
    }

    /// A leaf was opened, or could not be. The path is answered.
    pub fn handle_opened(
        &mut self,
        ticket: Ticket,
        leaf: Leaf,
        epoch: Epoch,
        result: Result<String, String>,
    ) -> Vec<Action> {
        match result {
            Ok(path) => {
                let memory = self.leaves.entry(leaf).or_default();
                (memory.opened, memory.closed, memory.exists) = (Some(epoch), false, true);
                self.forget_surplus();
                vec![Action::Persist, reply(ticket, ReplyBody::Opened { path })]
            }
            Err(reason) => vec![refuse(ticket, reason)],
        }
    }

    /// A leaf was removed, or could not be.
    pub fn handle_removed(&mut self, ticket: Ticket, leaf: Leaf, result: Result<(), String>) -> Vec<Action> {
        if let Err(reason) = result {
            return vec![refuse(ticket, reason)];
        }
        if let Some(memory) = self.leaves.get_mut(&leaf) {
            memory.exists = false;
            // Only a floor is worth remembering of what is gone.
            if memory.floor == Epoch::default() {
                self.leaves.remove(&leaf);
            }
        }
        vec![Action::Persist, reply(ticket, ReplyBody::Done)]
    }

    /// What is so now in a leaf that is watched. A leaf that is gone is empty and frozen.
    pub fn handle_observed(&mut self, leaf: Leaf, seen: Seen, now: Instant) -> Vec<Action> {
        let mut actions = Vec::new();
        for stop in self.stops.values_mut() {
            if let Some(last) = stop.places.get_mut(&leaf) {
                *last = Some(seen);
            }
        }
        self.advance(now, &mut actions);
        actions
    }

    /// It was looked for what has left the leaves of a hard stop. `is_clean`: nothing was found, so that what is empty
    /// is empty. Otherwise what was found is in its leaf again, or killed.
    pub fn handle_searched(&mut self, stop: StopNumber, is_clean: bool, now: Instant) -> Vec<Action> {
        let mut actions = Vec::new();
        self.searched(stop, is_clean, now, &mut actions);
        self.advance(now, &mut actions);
        actions
    }

    /// Time has passed.
    pub fn handle_time(&mut self, now: Instant) -> Vec<Action> {
        let mut actions = Vec::new();
        self.advance(now, &mut actions);
        actions
    }

    /// How a leaf stands, with what was seen of it; `None`: it is not there.
    pub fn status_of(&self, leaf: Leaf, seen: Option<Seen>) -> LeafStatus {
        LeafStatus {
            exists: seen.is_some(),
            populated: seen.is_some_and(|seen| seen.populated),
            frozen: self.leaves.get(&leaf).is_some_and(|memory| memory.closed),
            floor: self.floor_of(leaf),
        }
    }

    fn greet(&mut self, ticket: Ticket, version: u32, cluster: ClusterId, root: Option<String>) -> Action {
        if version < mainstay_ipc::VERSION_OLDEST {
            return dismiss(
                ticket,
                format!(
                    "the service speaks version {version}, and this guard needs {}",
                    mainstay_ipc::VERSION_OLDEST
                ),
            );
        }
        if cluster != self.cluster {
            return dismiss(
                ticket,
                format!(
                    "this is the guard of cluster {}, not of {cluster}; set another run_dir",
                    self.cluster
                ),
            );
        }
        if let Some(root) = root.filter(|root| *root != self.root) {
            return dismiss(
                ticket,
                format!(
                    "this guard acts in cgroup_root '{}', not in '{root}'; set cgroup_root to its own",
                    self.root
                ),
            );
        }
        self.greeted.insert(ticket.connection);
        reply(ticket, ReplyBody::Welcome { version: version.min(mainstay_ipc::VERSION), pid: self.pid })
    }

    fn open(&self, ticket: Ticket, leaf: Leaf, epoch: Epoch) -> Action {
        let floor = self.floor_of(leaf);
        let memory = self.leaves.get(&leaf).copied().unwrap_or_default();
        let resource = matches!(leaf, Leaf::Resource { .. });
        if self.stop_on(leaf) {
            return refuse(ticket, format!("a hard stop of {} is still under way; look at it", show(leaf)));
        }
        if resource && epoch <= floor {
            return refuse(
                ticket,
                format!(
                    "epoch {epoch} of {} was closed by a hard stop; it needs one above {floor}",
                    show(leaf)
                ),
            );
        }
        if let Some(opened) = memory.opened.filter(|opened| resource && epoch < *opened) {
            return refuse(ticket, format!("{} is open for epoch {opened}, newer than {epoch}", show(leaf)));
        }
        if self.leaves.len() >= LEAVES_MAX && !memory.exists && self.existing().count() >= LEAVES_MAX {
            return refuse(ticket, format!("there are {LEAVES_MAX} leaves already; remove some"));
        }
        Action::Open { ticket, leaf, epoch, renew: memory.closed }
    }

    fn is_watched(&self, leaf: &Leaf) -> bool {
        self.stops.values().any(|stop| stop.places.contains_key(leaf))
    }

    fn stop_on(&self, leaf: Leaf) -> bool {
        self.stops.values().any(|stop| stop.concerns(leaf))
    }

    fn floor_of(&self, leaf: Leaf) -> Epoch {
        let own = self.leaves.get(&leaf).map(|memory| memory.floor).unwrap_or_default();
        match leaf {
            Leaf::Pool => Epoch::default(),
            Leaf::Resource { group, .. } => {
                own.max(self.floor).max(self.groups.get(&group).copied().unwrap_or_default())
            }
        }
    }

    fn existing(&self) -> impl Iterator<Item = Leaf> + '_ {
        self.leaves.iter().filter(|(_, memory)| memory.exists).map(|(leaf, _)| *leaf)
    }

    fn of_group(&self, wanted: GroupId) -> impl Iterator<Item = Leaf> + '_ {
        let is_wanted = move |leaf: &Leaf| matches!(leaf, Leaf::Resource { group, .. } if *group == wanted);
        self.leaves.keys().copied().filter(is_wanted)
    }

    /// Floors of leaves that are gone are the only thing that could grow for ever.
    fn forget_surplus(&mut self) {
        while self.leaves.len() > LEAVES_MAX {
            let gone = self.leaves.iter().find(|(_, memory)| !memory.exists).map(|(leaf, _)| *leaf);
            let Some(leaf) = gone else { return };
            self.leaves.remove(&leaf);
        }
    }
}

/// An answer as an action.
pub(crate) fn reply(ticket: Ticket, body: ReplyBody) -> Action {
    Action::Reply { connection: ticket.connection, reply: Reply { number: ticket.number, body } }
}

fn refuse(ticket: Ticket, reason: String) -> Action {
    reply(ticket, ReplyBody::Refused { reason })
}

fn dismiss(ticket: Ticket, reason: String) -> Action {
    let reply = Reply { number: ticket.number, body: ReplyBody::Refused { reason } };
    Action::Dismiss { connection: ticket.connection, reply }
}

fn show(leaf: Leaf) -> String {
    match leaf {
        Leaf::Pool => "the pool's place".into(),
        Leaf::Resource { group, resource } => format!("resource {resource} in group {group}"),
    }
}
