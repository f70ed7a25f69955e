//! The guard's event loop: one thread, one poll(2), no waiting for anybody.
//!
//! Requests are read from every connection, given to [`Core`], and its actions carried out at once. What was decided
//! is in the state file before any answer is sent.
//!
//! Only the look for what has left its leaf is put off until all that came in one turn is taken: it goes over every
//! process of the machine, once for all who ask; see `Server::look_for_strays`.

mod connection;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::Instant;

use mainstay_ipc::guard::{Leaf, LeafStatus, Reply, ReplyBody};
use mainstay_process::cgroup::EventsWatch;
use mainstay_process::claim::{self, Holder};
use mainstay_process::{CgroupError, ClaimError, Process, privilege, strays};
use rustix::event::{PollFd, PollFlags, poll};
use sd_notify::NotifyState;
use tracing::{error, info, warn};

use crate::config::Config;
use crate::core::{Action, Core, Seen, StopNumber, Ticket, reply};
use crate::state::{self, StateError};
use crate::tree::{Tree, TreeError};
use connection::{Connection, Progress};

/// The socket's name in the run directory.
pub const SOCKET_NAME: &str = "guard.sock";

/// The most connections at once: the service's, one that it is just replacing, and people's tools.
pub const CONNECTIONS_MAX: usize = 16;

/// The guard's priority among real-time tasks: above ordinary work, below what the kernel itself needs.
const REALTIME_PRIORITY: i32 = 10;

/// Why the guard does not run.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// Another one has this run directory.
    #[error(
        "another guard ({holder}) already runs; only one may own a cluster's slices. If nobody can reach it since \
         its run directory was removed, end it and the hosts, and start again: resources that run are found, or \
         stopped and started anew"
    )]
    AlreadyRunning {
        /// The other one.
        holder: Holder,
    },
    /// The run directory.
    #[error("cannot {action} '{path}': {source}")]
    RunDir {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The cgroup tree.
    #[error(transparent)]
    Cgroup(#[from] CgroupError),
    /// The cgroup tree is not to be had.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The state file.
    #[error(transparent)]
    State(#[from] StateError),
    /// The event loop itself.
    #[error("cannot wait for events: {0}")]
    Poll(io::Error),
}

/// Runs until it is told to end. Prints a line to standard output when it is ready for connections.
pub fn run(config: &Config) -> Result<(), GuardError> {
    prepare_process();
    // The tree before the run directory: who may not act there leaves nothing behind.
    let tree = claim_tree(config)?;
    let _lock = lock_run_dir(&config.run_dir)?;
    let state_path = config.run_dir.join("guard.json");
    let memory = state::read(&state_path, config.cluster)?.unwrap_or_default();
    tree.enter()?;
    let found = tree.find_all()?;
    let socket_path = config.run_dir.join(SOCKET_NAME);
    let listener = listen(&socket_path)?;
    info!(cluster = %config.cluster, leaves = found.len(), "guard started");

    let root = tree.path()?;
    let (core, actions) =
        Core::start(config.cluster, &root, std::process::id(), memory, &found, Instant::now());
    let mut server = Server {
        core,
        tree,
        listener,
        state_path,
        connections: BTreeMap::new(),
        next_connection: 0,
        watches: BTreeMap::new(),
        looks: Vec::new(),
        searches: Vec::new(),
        unsaved: false,
        ending: false,
    };
    server.carry_out(actions);
    server.save();
    // Whoever reads this may have gone already.
    let _ = writeln!(io::stdout(), "ready {}", socket_path.display()).and_then(|()| io::stdout().flush());
    notify(NotifyState::Ready);
    server.serve()?;
    notify(NotifyState::Stopping);
    let _ = fs::remove_file(&socket_path);
    info!("guard ended");
    Ok(())
}

fn claim_tree(config: &Config) -> Result<Tree, GuardError> {
    Tree::claim(&config.cgroup_root, config.cluster, &config.run_dir).map_err(|error| match error {
        TreeError::Claim(ClaimError::Guard { holder, .. }) if holder.is_of(&config.run_dir) => {
            GuardError::AlreadyRunning { holder }
        }
        error => error.into(),
    })
}

/// Tells the init system, where one wants to know.
fn notify(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        warn!(%error, "the init system could not be told");
    }
}

/// Nothing here is needed for correctness, only for being on time when the machine is in trouble.
fn prepare_process() {
    privilege::ignore_hangups();
    let wishes = [
        ("to keep its memory in RAM", privilege::lock_memory()),
        ("to be spared when memory runs out", privilege::set_oom_score_adjustment(-1000)),
        ("real-time priority", privilege::become_realtime(REALTIME_PRIORITY)),
    ];
    for (wish, result) in wishes {
        if let Err(reason) = result {
            warn!("the guard did not get {wish}: {reason}");
        }
    }
}

fn lock_run_dir(run_dir: &Path) -> Result<File, GuardError> {
    let failed = |action, path: &Path| {
        let path = path.to_owned();
        move |source: io::Error| GuardError::RunDir { action, path, source }
    };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(run_dir).map_err(failed("create", run_dir))?;
    let path = run_dir.join("guard.lock");
    match claim::lock_file(&path) {
        Ok(locked) => locked.map_err(|holder| GuardError::AlreadyRunning { holder }),
        Err(error) => Err(failed("lock", &path)(error)),
    }
}

fn listen(path: &Path) -> Result<UnixListener, GuardError> {
    let failed = |source| GuardError::RunDir { action: "listen on", path: path.to_owned(), source };
    match fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    // The directory is ours alone, but the socket must not be open to others for a moment either.
    let before = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o177));
    let listener = UnixListener::bind(path);
    rustix::process::umask(before);
    let listener = listener.map_err(failed)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok(listener)
}

struct Server {
    core: Core,
    tree: Tree,
    listener: UnixListener,
    state_path: PathBuf,
    connections: BTreeMap<u64, Connection>,
    next_connection: u64,
    watches: BTreeMap<Leaf, EventsWatch>,
    /// Who has asked about an empty leaf in this turn.
    looks: Vec<(Ticket, Leaf)>,
    /// Hard stops that have found everything empty in this turn.
    searches: Vec<(StopNumber, Vec<Leaf>)>,
    unsaved: bool,
    ending: bool,
}

/// What woke the loop.
enum Source {
    Listener,
    Connection(u64),
    Watch(Leaf),
}

impl Server {
    fn serve(&mut self) -> Result<(), GuardError> {
        while !(self.ending && self.connections.values().all(Connection::is_flushed)) {
            for source in self.wait()? {
                match source {
                    Source::Listener => self.accept(),
                    Source::Connection(number) => self.read(number),
                    Source::Watch(leaf) => self.observe(leaf),
                }
            }
            let actions = self.core.handle_time(Instant::now());
            self.carry_out(actions);
            self.look_for_strays();
            self.save();
            self.flush();
        }
        Ok(())
    }

    fn wait(&self) -> Result<Vec<Source>, GuardError> {
        let mut sources = Vec::with_capacity(1 + self.connections.len() + self.watches.len());
        let mut polled = Vec::with_capacity(sources.capacity());
        if self.connections.len() < CONNECTIONS_MAX && !self.ending {
            sources.push(Source::Listener);
            polled.push(PollFd::new(&self.listener, PollFlags::IN));
        }
        for (number, connection) in &self.connections {
            sources.push(Source::Connection(*number));
            polled.push(PollFd::new(connection, connection.interest()));
        }
        for (leaf, watch) in &self.watches {
            sources.push(Source::Watch(*leaf));
            polled.push(PollFd::new(watch, PollFlags::PRI));
        }
        let left = self.core.next_time().map(|time| time.saturating_duration_since(Instant::now()));
        let left = left.and_then(|left| rustix::time::Timespec::try_from(left).ok());
        match poll(&mut polled, left.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(GuardError::Poll(error.into())),
        }
        let ready: Vec<bool> = polled.iter().map(|fd| !fd.revents().is_empty()).collect();
        Ok(sources.into_iter().zip(ready).filter(|(_, ready)| *ready).map(|(source, _)| source).collect())
    }

    fn accept(&mut self) {
        match self.listener.accept().and_then(|(stream, _)| Connection::new(stream)) {
            Ok(connection) => {
                self.next_connection += 1;
                self.connections.insert(self.next_connection, connection);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => warn!("cannot accept a connection: {error}"),
        }
    }

    fn read(&mut self, number: u64) {
        let Some(connection) = self.connections.get_mut(&number) else { return };
        let progress = connection.receive();
        let (requests, open) = match progress {
            Ok(Progress { requests, open }) => (requests, open),
            Err(error) => {
                warn!("connection {number}: {error}");
                (Vec::new(), false)
            }
        };
        for request in requests {
            let actions = self.core.handle_request(number, request, Instant::now());
            self.carry_out(actions);
        }
        if !open {
            self.connections.remove(&number);
            self.core.handle_disconnected(number);
        }
    }

    fn observe(&mut self, leaf: Leaf) {
        let Some(watch) = self.watches.get_mut(&leaf) else { return };
        let seen = match watch.read() {
            Ok(events) => Seen { populated: events.populated, frozen: events.frozen },
            Err(CgroupError::Missing(_)) => Seen { populated: false, frozen: true },
            Err(error) => {
                error!("{error}");
                return;
            }
        };
        let actions = self.core.handle_observed(leaf, seen, Instant::now());
        self.carry_out(actions);
    }

    /// Carries actions out in their order. What that leads to is carried out before it returns.
    fn carry_out(&mut self, actions: Vec<Action>) {
        for action in actions {
            let further = self.carry_out_one(action);
            self.carry_out(further);
        }
    }

    fn carry_out_one(&mut self, action: Action) -> Vec<Action> {
        match action {
            Action::Reply { connection, reply } => self.send(connection, &reply, false),
            Action::Dismiss { connection, reply } => self.send(connection, &reply, true),
            Action::Freeze(leaf) => {
                self.log_failure("freeze", leaf, self.tree.leaf(leaf).request_freeze(true));
            }
            Action::Kill(leaf) => self.log_failure("kill", leaf, self.tree.leaf(leaf).kill()),
            Action::Watch(leaf) => return self.watch(leaf),
            Action::Unwatch(leaf) => drop(self.watches.remove(&leaf)),
            Action::Persist => self.unsaved = true,
            Action::Open { ticket, leaf, epoch, renew } => {
                let result = self.tree.open(leaf, renew);
                return self.core.handle_opened(ticket, leaf, epoch, result);
            }
            Action::Remake(leaf) => self.log_failure("make again", leaf, self.tree.leaf(leaf).create()),
            Action::Search { stop, leaves } => self.searches.push((stop, leaves)),
            Action::Look { ticket, leaf } => match self.tree.look(leaf) {
                Ok(Some(Seen { populated: true, .. })) | Err(_) => {
                    let body = self.status(leaf, false);
                    return vec![reply(ticket, body)];
                }
                Ok(_) => self.looks.push((ticket, leaf)),
            },
            Action::List { ticket, leaves } => return vec![self.list(ticket, leaves)],
            Action::Remove { ticket, leaf } => {
                let result = self.tree.remove(leaf);
                return self.core.handle_removed(ticket, leaf, result);
            }
            Action::Exit { ticket, leaves } => return vec![self.exit(ticket, leaves)],
        }
        Vec::new()
    }

    fn watch(&mut self, leaf: Leaf) -> Vec<Action> {
        if !self.watches.contains_key(&leaf) {
            match self.tree.leaf(leaf).watch() {
                Ok(watch) => drop(self.watches.insert(leaf, watch)),
                Err(CgroupError::Missing(_)) => {
                    let gone = Seen { populated: false, frozen: true };
                    return self.core.handle_observed(leaf, gone, Instant::now());
                }
                Err(error) => {
                    // The stop stays unanswered until its budget is over, and is then answered truthfully.
                    error!("{error}");
                    return Vec::new();
                }
            }
        }
        self.observe(leaf);
        Vec::new()
    }

    /// Looks for what has left its leaf, for all who have asked in this turn. What hard stops find is brought back.
    fn look_for_strays(&mut self) {
        let (looks, searches) = (std::mem::take(&mut self.looks), std::mem::take(&mut self.searches));
        if looks.is_empty() && searches.is_empty() {
            return;
        }
        let stopped: BTreeSet<Leaf> = searches.iter().flat_map(|(_, leaves)| leaves).copied().collect();
        // Of what is in its leaf nobody asks what is elsewhere.
        let is_empty =
            |leaf: &Leaf| self.tree.look(*leaf).is_ok_and(|seen| !seen.is_some_and(|seen| seen.populated));
        let looked_at = looks.iter().map(|(_, leaf)| *leaf).filter(is_empty);
        let searched: BTreeSet<Leaf> = stopped.iter().copied().chain(looked_at).collect();
        let found = self.tree.strays(&searched);
        let found = found.inspect_err(|reason| error!("what has left its leaf is not known: {reason}")).ok();
        // Not known to be nobody's is somebody's; what was not searched, since its leaf was not empty, may have left it
        // since.
        let has_strays = |leaf: &Leaf| {
            !searched.contains(leaf) || found.as_ref().is_none_or(|found| found.contains_key(leaf))
        };
        for (ticket, leaf) in looks {
            let body = self.status(leaf, has_strays(&leaf));
            self.carry_out(vec![reply(ticket, body)]);
        }
        let held =
            found.iter().flatten().filter(|(leaf, strays)| stopped.contains(leaf) && !strays.is_empty());
        for (leaf, strays) in held {
            self.bring_back(*leaf, strays);
        }
        for (stop, leaves) in searches {
            let is_clean = !leaves.iter().any(has_strays);
            let actions = self.core.handle_searched(stop, is_clean, Instant::now());
            self.carry_out(actions);
        }
    }

    fn bring_back(&self, leaf: Leaf, found: &[Process]) {
        let place = self.tree.leaf(leaf);
        let back = strays::bring_back(found, &place);
        let (path, killed) = (place.path().display(), found.len() - back);
        warn!("{} processes had left {path}: {back} were brought back, {killed} killed", found.len());
    }

    fn status(&self, leaf: Leaf, has_strays: bool) -> ReplyBody {
        match self.tree.look(leaf) {
            Ok(seen) => {
                let mut status = self.core.status_of(leaf, seen);
                status.populated |= has_strays;
                ReplyBody::Looked(status)
            }
            Err(error) => ReplyBody::Refused { reason: error.to_string() },
        }
    }

    fn list(&self, ticket: Ticket, leaves: Vec<Leaf>) -> Action {
        let body = match self.look_at_all(leaves) {
            Ok(listed) => ReplyBody::Listed(listed),
            Err(error) => ReplyBody::Refused { reason: error.to_string() },
        };
        reply(ticket, body)
    }

    fn look_at_all(&self, leaves: Vec<Leaf>) -> Result<Vec<(Leaf, LeafStatus)>, CgroupError> {
        let looked =
            leaves.into_iter().map(|leaf| Ok((leaf, self.core.status_of(leaf, self.tree.look(leaf)?))));
        let mut listed = looked.collect::<Result<Vec<_>, CgroupError>>()?;
        let empty = listed.iter().filter(|(_, status)| !status.populated).map(|(leaf, _)| *leaf);
        let strays = self.tree.strays(&empty.collect())?;
        for (leaf, status) in &mut listed {
            status.populated |= strays.contains_key(leaf);
        }
        Ok(listed)
    }

    fn exit(&mut self, ticket: Ticket, leaves: Vec<Leaf>) -> Action {
        if let Some(reason) = self.reason_to_stay(&leaves) {
            return reply(ticket, ReplyBody::Refused { reason });
        }
        self.ending = true;
        reply(ticket, ReplyBody::Done)
    }

    fn reason_to_stay(&self, leaves: &[Leaf]) -> Option<String> {
        for leaf in leaves {
            match self.tree.look(*leaf) {
                Ok(Some(Seen { populated: true, .. })) => {
                    let path = self.tree.leaf(*leaf);
                    let who = self.tree.who_is_in(*leaf);
                    return Some(format!("the guard stays: {} is not empty: {who}", path.path().display()));
                }
                Ok(_) => {}
                Err(error) => return Some(error.to_string()),
            }
        }
        let strays = match self.tree.strays(&leaves.iter().copied().collect()) {
            Ok(strays) => strays,
            Err(error) => return Some(error.to_string()),
        };
        let (leaf, strays) = strays.first_key_value()?;
        let path = self.tree.leaf(*leaf);
        let who =
            strays.first().map_or("what comes and goes".into(), |stray| format!("process {}", stray.pid()));
        Some(format!("the guard stays: {who} has left {} and runs", path.path().display()))
    }

    fn log_failure(&self, what: &str, leaf: Leaf, result: Result<(), CgroupError>) {
        match result {
            // Gone is as good as stopped.
            Ok(()) | Err(CgroupError::Missing(_)) => {}
            Err(reason) => error!("cannot {what} {}: {reason}", self.tree.leaf(leaf).path().display()),
        }
    }

    fn send(&mut self, number: u64, reply: &Reply, and_close: bool) {
        if let Some(connection) = self.connections.get_mut(&number) {
            connection.queue(reply, and_close);
        }
    }

    fn save(&mut self) {
        if !std::mem::take(&mut self.unsaved) {
            return;
        }
        // Without the file a hard stop holds all the same: what is frozen is found frozen.
        if let Err(reason) = state::write(&self.state_path, self.core.cluster(), &self.core.memory()) {
            error!("{reason}");
        }
    }

    fn flush(&mut self) {
        let lost: Vec<u64> = self
            .connections
            .iter_mut()
            .filter_map(|(number, connection)| (!connection.flush()).then_some(*number))
            .collect();
        for number in lost {
            self.connections.remove(&number);
            self.core.handle_disconnected(number);
        }
    }
}
