//! Host processes and the connections to them.
//!
//! A host outlives the service; a restarted service finds its socket in the run directory and adopts it. Each host has
//! one task that sees it through: start (or adopt), connect, read, connect again after a break, and tell its end.
//!
//! ```text
//!   StartHost ─► leaf opened ─► started ─► ready ─┐
//!   adopted ──────────────────────────────────────┴─► connected ─► HostConnected … ─► process gone ─► HostEnded
//!                                                        ▲   │ connection broken
//!                                                        └───┴─► not answering ─► HostSilent
//! ```

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use mainstay_engine::input::Input;
use mainstay_ipc::VERSION;
use mainstay_ipc::guard::Leaf;
use mainstay_ipc::host::{FromHost, ToHost};
use mainstay_process::layout;
use mainstay_process::process::{Exit, Process};
use mainstay_process::signal::Signal;
use mainstay_process::state_file;
use mainstay_types::order::{Action, Cause, News, Opening, Order, OrderId, Query, Question, Report};
use mainstay_types::{ClusterId, Epoch, GroupId, HostId, Name, ResourceId, Status};
use parking_lot::Mutex;
use tokio::io::unix::AsyncFd;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout, timeout_at};

use crate::config::LogFormat;
use crate::guard::Guard;
use crate::link::Link;
use crate::outlet::Outlet;
use crate::programs::Programs;

/// How long a host may take until it listens.
const READY_WITHIN: Duration = Duration::from_secs(20);

/// How long a host may take to answer a Hello. It answers from its main loop, which never waits for a type.
const WELCOME_WITHIN: Duration = Duration::from_secs(10);

/// How often a broken connection is tried again before the host counts as silent.
const RECONNECTS_MAX: u32 = 5;

/// How many broken connections one unanswered Hello counts as: its wait is long enough.
const UNANSWERED_WEIGHT: u32 = 3;

/// The pause between two tries.
const RECONNECT_PAUSE: Duration = Duration::from_millis(200);

/// The bit of a ping's nonce that the engine does not use: the answer is not for it.
const OWN_NONCES: u64 = 1 << 63;

/// What all host tasks have to know.
#[derive(Clone, Debug)]
pub struct HostSettings {
    /// Where the programs are.
    pub programs: Programs,
    /// The run directory, where the sockets are.
    pub run_dir: PathBuf,
    /// The cgroup directory of the cluster.
    pub cgroup_root: PathBuf,
    /// Where agents are.
    pub ocf_root: PathBuf,
    /// Where the service listens.
    pub socket: PathBuf,
    /// What this node is called.
    pub node_name: Name,
    /// The cluster.
    pub cluster: ClusterId,
    /// How log lines of hosts look.
    pub log_format: LogFormat,
    /// Counts the service's starts.
    pub session: u64,
}

/// The way to all hosts. Cheap to clone.
#[derive(Clone)]
pub struct Hosts(Arc<Inner>);

struct Inner {
    settings: HostSettings,
    runtime: tokio::runtime::Handle,
    guard: Guard,
    outlet: Outlet,
    hosts: Mutex<HashMap<HostId, Arc<Entry>>>,
    /// Counts the signs of life that are asked for beside the engine's.
    last_nonce: AtomicU64,
    /// What the guard was asked to open: it is asked once for each epoch.
    leaves: Mutex<HashMap<ResourceId, LeafState>>,
}

/// How far the opening of a leaf is.
enum LeafState {
    /// The guard was asked. What is said about the resource meanwhile waits here, so that nothing overtakes the order
    /// that needs the leaf.
    Opening(VecDeque<ToHost>),
    /// It is open for this epoch.
    Open(Epoch),
}

/// The epoch for which an order needs its resource's leaf open.
fn opens(order: &Order) -> Option<Epoch> {
    matches!(order.action, Action::Open(_) | Action::Online { .. }).then_some(order.epoch)
}

#[derive(Default)]
struct Entry {
    link: Mutex<Option<Arc<Link>>>,
    process: Mutex<Option<Arc<Process>>>,
    /// Orders since the last Welcome that surely did not reach the host. The engine gives a resource one at a time.
    unsent: Mutex<Vec<(ResourceId, OrderId)>>,
    /// Its end is no surprise: it was told to end, or is being killed.
    is_asked_to_end: AtomicBool,
    /// Who waits for a sign of life that the engine has not asked for.
    signs: Mutex<HashMap<u64, oneshot::Sender<()>>>,
}

impl Hosts {
    /// No host yet.
    pub fn new(settings: HostSettings, guard: Guard, outlet: Outlet) -> Self {
        let runtime = tokio::runtime::Handle::current();
        Hosts(Arc::new(Inner {
            settings,
            runtime,
            guard,
            outlet,
            hosts: Mutex::default(),
            last_nonce: AtomicU64::new(0),
            leaves: Mutex::default(),
        }))
    }

    /// The hosts whose sockets are in the run directory.
    pub fn find(&self) -> std::io::Result<Vec<HostId>> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&self.0.settings.run_dir)? {
            let name = entry?.file_name();
            found.extend(name.to_str().and_then(host_of_socket));
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Takes over hosts that were found. Each answers once: `HostConnected`, `HostSilent` or `HostEnded` has been fed
    /// for all of them when the returned receiver is done.
    pub fn adopt(&self, found: Vec<HostId>) -> oneshot::Receiver<()> {
        let (all_heard, receiver) = oneshot::channel();
        let tasks: Vec<_> = found
            .into_iter()
            .map(|host| {
                let (heard, receiver) = oneshot::channel();
                let entry = self.0.add(host);
                self.0.runtime.spawn(Arc::clone(&self.0).see_through(host, entry, Some(heard)));
                receiver
            })
            .collect();
        self.0.runtime.spawn(async move {
            for task in tasks {
                // An error means that the task is over, so that it has told something.
                let _ = task.await;
            }
            let _ = all_heard.send(());
        });
        receiver
    }

    /// Starts a host.
    pub fn start(&self, host: HostId, group: Option<GroupId>, epoch: Epoch, foreign: bool) {
        let entry = self.0.add(host);
        let inner = Arc::clone(&self.0);
        self.0.runtime.spawn(async move {
            match inner.start(host, group, epoch, foreign).await {
                Ok(process) => {
                    *entry.process.lock() = Some(Arc::new(process));
                    inner.see_through(host, entry, None).await;
                }
                Err(text) => {
                    inner.remove(host, &entry);
                    let cause = Cause::new(Status::CLUSTER_RHS_FAILED_INITIALIZATION, text);
                    inner.outlet.feed(Input::HostEnded { host, cause });
                }
            }
        });
    }

    /// Asks a host to end.
    pub fn stop(&self, host: HostId) {
        self.0.expect_end(host);
        self.0.send(host, &ToHost::Exit);
    }

    /// Kills a host's process.
    pub fn kill(&self, host: HostId) {
        let process = self.0.hosts.lock().get(&host).and_then(|entry| entry.process.lock().clone());
        if let Some(process) = process {
            tracing::warn!(%host, pid = process.pid(), "a host is killed");
            self.0.expect_end(host);
            kill_process(host, &process);
        }
    }

    /// Kills every host and waits until all are gone.
    pub async fn kill_all(&self) {
        let entries: Vec<_> =
            self.0.hosts.lock().iter().map(|(host, entry)| (*host, Arc::clone(entry))).collect();
        for (host, entry) in entries {
            let process = entry.process.lock().clone();
            if let Some(process) = process {
                kill_process(host, &process);
                wait_ended(&process).await;
            }
        }
    }

    /// Sends an order; has the leaf opened first for one that starts something there.
    pub fn order(&self, host: HostId, group: GroupId, order: Order) {
        let resource = order.resource;
        let mut leaves = self.0.leaves.lock();
        if let Some(LeafState::Opening(waiting)) = leaves.get_mut(&resource) {
            return waiting.push_back(ToHost::Order(order));
        }
        let is_open = |epoch| {
            matches!(leaves.get(&resource), Some(LeafState::Open(known)) if *known == epoch)
                // A sweep of empty control groups may have taken it away; the guard remembers it and makes it again.
                && layout::resource(&self.0.settings.cgroup_root, group, resource).is_dir()
        };
        match opens(&order) {
            Some(epoch) if !is_open(epoch) => {
                leaves.insert(resource, LeafState::Opening([ToHost::Order(order)].into()));
                let inner = Arc::clone(&self.0);
                self.0.runtime.spawn(async move { inner.open_leaf(host, group, resource, epoch).await });
            }
            _ => self.0.send(host, &ToHost::Order(order)),
        }
    }

    /// Nothing of the resource is left, and what its hosts have remembered of it goes with its leaf.
    pub fn leaf_goes(&self, resource: ResourceId) {
        let path = state_file::path(&self.0.settings.run_dir, resource);
        if let Err(error) = state_file::remove(&path) {
            tracing::warn!(%resource, %error, "what was remembered of a resource stays");
        }
    }

    /// Forgets that a leaf is open: a hard stop closes it.
    pub fn leaf_closes(&self, resource: ResourceId) {
        let mut leaves = self.0.leaves.lock();
        // What waits for an opening is still sent: the guard takes its requests in their order, and the next start
        // comes with a newer epoch.
        if matches!(leaves.get(&resource), Some(LeafState::Open(_))) {
            leaves.remove(&resource);
        }
    }

    /// Asks something.
    pub fn query(&self, host: HostId, query: Query) {
        match query.question {
            Question::CheckOffline { resource, .. } | Question::ResourceControl { resource, .. } => {
                self.0.send_about(host, resource, ToHost::Query(query));
            }
            Question::TypeControl { .. } => self.0.send(host, &ToHost::Query(query)),
        }
    }

    /// Tells new properties.
    pub fn configure(&self, host: HostId, resource: ResourceId, opening: Box<Opening>) {
        self.0.send_about(host, resource, ToHost::Configure { resource, opening });
    }

    /// Tells that kept reports may be forgotten.
    pub fn acknowledge(&self, host: HostId, sequence: u64) {
        self.0.send(host, &ToHost::Acknowledge { sequence });
    }

    /// Tells that what a report wanted kept is not.
    pub fn not_kept(&self, host: HostId, sequence: u64, cause: Cause) {
        self.0.send(host, &ToHost::NotKept { sequence, cause });
    }

    /// Asks for a sign of life.
    pub fn ping(&self, host: HostId, nonce: u64) {
        self.0.send(host, &ToHost::Ping { nonce });
    }

    /// Asks these for a sign of life, all at once, and answers which gave one within so long. Keeps the thread waiting, so
    /// none that has tasks to run.
    pub fn answering(&self, hosts: &[HostId], limit: Duration) -> BTreeSet<HostId> {
        let deadline = tokio::time::Instant::now() + limit;
        let ask = |host: &HostId| {
            let entry = self.0.hosts.lock().get(host).cloned()?;
            let nonce = OWN_NONCES | self.0.last_nonce.fetch_add(1, Ordering::Relaxed);
            let (sender, receiver) = oneshot::channel();
            entry.signs.lock().insert(nonce, sender);
            self.ping(*host, nonce);
            Some((*host, entry, nonce, receiver))
        };
        let asked: Vec<_> = hosts.iter().filter_map(ask).collect();
        let mut answering = BTreeSet::new();
        for (host, entry, nonce, receiver) in asked {
            let said = self.0.runtime.block_on(async { timeout_at(deadline, receiver).await });
            entry.signs.lock().remove(&nonce);
            answering.extend(matches!(said, Ok(Ok(()))).then_some(host));
        }
        answering
    }
}

impl Entry {
    /// Somebody beside the engine has asked for this sign of life, and is told.
    fn take_sign(&self, nonce: u64) {
        if let Some(asked) = self.signs.lock().remove(&nonce) {
            let _ = asked.send(());
        }
    }
}

impl Inner {
    fn add(&self, host: HostId) -> Arc<Entry> {
        let entry = Arc::new(Entry::default());
        self.hosts.lock().insert(host, Arc::clone(&entry));
        entry
    }

    fn expect_end(&self, host: HostId) {
        if let Some(entry) = self.hosts.lock().get(&host) {
            entry.is_asked_to_end.store(true, Ordering::Relaxed);
        }
    }

    fn remove(&self, host: HostId, entry: &Arc<Entry>) {
        let mut hosts = self.hosts.lock();
        if hosts.get(&host).is_some_and(|current| Arc::ptr_eq(current, entry)) {
            hosts.remove(&host);
        }
    }

    /// Sends to a host that is connected. To others nothing is sent: their end or their connection is news that the
    /// engine gets, and it sends again what is still to be done.
    fn send(&self, host: HostId, message: &ToHost) {
        let Some(entry) = self.hosts.lock().get(&host).cloned() else { return };
        let link = entry.link.lock().clone();
        let is_gone = !link.is_some_and(|link| link.send(message));
        if let (true, ToHost::Order(order)) = (is_gone, message) {
            entry.unsent.lock().push((order.resource, order.id));
        }
    }

    /// Sends something about a resource, behind what waits for the opening of its leaf.
    fn send_about(&self, host: HostId, resource: ResourceId, message: ToHost) {
        match self.leaves.lock().get_mut(&resource) {
            Some(LeafState::Opening(waiting)) => waiting.push_back(message),
            _ => self.send(host, &message),
        }
    }

    /// Has a leaf opened, then sends what waits for it, in its order.
    async fn open_leaf(&self, host: HostId, group: GroupId, resource: ResourceId, mut epoch: Epoch) {
        loop {
            // The host finds a leaf that could not be opened closed, and says so in its own report.
            if let Err(reason) = self.guard.open(Leaf::Resource { group, resource }, epoch).await {
                tracing::error!(%resource, %epoch, %reason, "a leaf cannot be opened");
            }
            let mut leaves = self.leaves.lock();
            let Some(LeafState::Opening(mut waiting)) = leaves.insert(resource, LeafState::Open(epoch))
            else {
                return;
            };
            let newer = loop {
                match waiting.pop_front() {
                    None => return,
                    Some(ToHost::Order(order)) if opens(&order).is_some_and(|wanted| wanted != epoch) => {
                        break order;
                    }
                    Some(message) => self.send(host, &message),
                }
            };
            epoch = newer.epoch;
            waiting.push_front(ToHost::Order(newer));
            leaves.insert(resource, LeafState::Opening(waiting));
        }
    }

    async fn start(
        &self,
        host: HostId,
        group: Option<GroupId>,
        epoch: Epoch,
        foreign: bool,
    ) -> Result<Process, String> {
        let leaf = match (host, group) {
            (HostId::Own(resource), Some(group)) => Leaf::Resource { group, resource },
            _ => Leaf::Pool,
        };
        let directory = self.guard.open(leaf, epoch).await?;
        if let Leaf::Resource { resource, .. } = leaf {
            self.leaves.lock().insert(resource, LeafState::Open(epoch));
        }
        let settings = &self.settings;
        let program = if foreign { &settings.programs.host_foreign } else { &settings.programs.host };
        let mut arguments = vec![
            "--run-dir".into(),
            settings.run_dir.clone(),
            "--cgroup-root".into(),
            settings.cgroup_root.clone(),
            "--cluster".into(),
            settings.cluster.to_string().into(),
            "--host".into(),
            host.to_string().into(),
            "--ocf-root".into(),
            settings.ocf_root.clone(),
            "--node".into(),
            settings.node_name.as_str().into(),
            "--socket".into(),
            settings.socket.clone(),
        ];
        let Programs { agent_tools, act, .. } = &settings.programs;
        for (flag, program) in [("--agent-tools", agent_tools), ("--act", act)] {
            arguments.extend(program.iter().flat_map(|program| [flag.into(), program.clone()]));
        }
        let started = crate::start_host::start(
            program,
            &arguments,
            settings.log_format.environment(),
            &directory,
            READY_WITHIN,
        )
        .await?;
        tracing::info!(%host, pid = started.pid(), "a host has been started");
        Ok(started)
    }

    /// Sees a host through to its end. `heard` is told once the host has been heard or given up.
    async fn see_through(
        self: Arc<Self>,
        host: HostId,
        entry: Arc<Entry>,
        mut heard: Option<oneshot::Sender<()>>,
    ) {
        let socket = self.settings.run_dir.join(socket_of_host(host));
        let mut failures = 0;
        let cause = loop {
            let process = entry.process.lock().clone();
            if let Some(cause) = process.as_ref().and_then(|process| ended_cause(process)) {
                break cause;
            }
            if failures > RECONNECTS_MAX {
                self.outlet.feed(Input::HostSilent(host));
                drop(heard.take());
                match &process {
                    Some(process) => break wait_ended(process).await,
                    None => {
                        break Cause::new(
                            Status::PROCESS_ABORTED,
                            "its process is not known and it does not answer",
                        );
                    }
                }
            }
            if failures > 0 {
                sleep(RECONNECT_PAUSE).await;
            }
            match Link::connect(&socket).await {
                Ok(link) => {
                    let welcomed = self.converse(host, &entry, Arc::new(link), &mut heard).await;
                    *entry.link.lock() = None;
                    // A host that takes the connection and says nothing hangs; one that breaks it may be ending.
                    failures = if welcomed { 1 } else { failures + UNANSWERED_WEIGHT };
                }
                // Nobody listens, and no process was ever known: the socket is a leftover.
                Err(_) if process.is_none() => {
                    break Cause::new(Status::SUCCESS, "no process listens on its socket");
                }
                Err(_) => failures += 1,
            }
            if self.outlet.is_ending() {
                return;
            }
        };
        // So that the next start does not find it again. A host that is started meanwhile removes it first itself.
        let _ = std::fs::remove_file(&socket);
        match entry.is_asked_to_end.load(Ordering::Relaxed) {
            true => tracing::info!(%host, "a host has ended, as it was told"),
            false => tracing::warn!(%host, %cause, "a host has ended"),
        }
        // Looked up under the engine's lock, so that no order falls in between.
        self.outlet.feed_all(|| {
            let unsent = std::mem::take(&mut *entry.unsent.lock()).into_iter();
            let unsent = unsent.map(|(resource, order)| Input::OrderUnsent { host, resource, order });
            unsent.chain([Input::HostEnded { host, cause }]).collect()
        });
        self.remove(host, &entry);
        drop(heard);
    }

    /// Speaks with a host over one connection, until that or the process ends. Answers whether the host spoke.
    async fn converse(
        &self,
        host: HostId,
        entry: &Entry,
        link: Arc<Link>,
        heard: &mut Option<oneshot::Sender<()>>,
    ) -> bool {
        if entry.process.lock().is_none() {
            *entry.process.lock() = link.peer_process().map(Arc::new);
        }
        let HostSettings { cluster, session, .. } = self.settings;
        link.send(&ToHost::Hello { version: VERSION, cluster, session });
        let (welcome, welcomed) = oneshot::channel();
        let mut welcome = Some(welcome);
        let reading = link.read(|message| match message {
            FromHost::Welcome { pid, held, newest, .. } => {
                if let Some(welcome) = welcome.take() {
                    *entry.link.lock() = Some(Arc::clone(&link));
                    // The engine sends again what this one does not know.
                    entry.unsent.lock().clear();
                    let _ = welcome.send(());
                    self.outlet.feed(Input::HostConnected { host, pid, held, newest });
                }
            }
            FromHost::Refused { reason } => tracing::error!(%host, %reason, "a host refuses the service"),
            FromHost::Report(report) => {
                log_words(&report);
                self.outlet.feed(Input::HostReport { host, report });
            }
            FromHost::Answer(answer) => self.outlet.feed(Input::HostAnswer { host, answer }),
            FromHost::Pong { nonce } if nonce & OWN_NONCES != 0 => entry.take_sign(nonce),
            FromHost::Pong { nonce } => self.outlet.feed(Input::HostPong { host, nonce }),
        });
        tokio::pin!(reading);
        tokio::select! {
            welcomed = timeout(WELCOME_WITHIN, welcomed) => if !matches!(welcomed, Ok(Ok(()))) {
                return false;
            },
            _ = &mut reading => return false,
        }
        drop(heard.take());
        let end = reading.await;
        tracing::debug!(%host, ?end, "the connection to a host is over");
        true
    }
}

fn kill_process(host: HostId, process: &Process) {
    if let Err(error) = process.signal(Signal::KILL) {
        tracing::warn!(%host, pid = process.pid(), %error, "a host cannot be killed");
    }
}

/// Waits until a process has ended, and says how.
pub(crate) async fn wait_ended(process: &Process) -> Cause {
    #[expect(
        deprecated,
        reason = "its successor is unsafe, and a borrowed descriptor is open as long as it is borrowed"
    )]
    let pidfd = AsyncFd::with_interest(process.as_fd(), tokio::io::Interest::READABLE);
    match pidfd {
        // A pidfd is readable once the process has ended.
        Ok(pidfd) => drop(pidfd.readable().await),
        Err(error) => {
            tracing::error!(%error, pid = process.pid(), "cannot wait for the end of a host; asking again and again");
            while !process.has_ended().unwrap_or(true) {
                sleep(Duration::from_secs(1)).await;
            }
        }
    }
    ended_cause(process).unwrap_or_else(|| Cause::new(Status::PROCESS_ABORTED, "the host has ended"))
}

fn ended_cause(process: &Process) -> Option<Cause> {
    if !process.has_ended().unwrap_or(true) {
        return None;
    }
    let text = match process.try_wait() {
        Ok(Some(exit)) => describe(exit),
        // Adopted from an earlier service: not our child, so the kernel does not tell us more.
        _ => format!("the host process {} has ended", process.pid()),
    };
    Some(Cause::new(Status::PROCESS_ABORTED, text))
}

fn describe(exit: Exit) -> String {
    format!("the host process {exit}")
}

/// What a type has to say to people is in the service's log.
fn log_words(report: &Report) {
    let resource = report.resource;
    match &report.news {
        News::Logged { level: 0, text } => tracing::info!(%resource, "{text}"),
        News::Logged { level: 1, text } => tracing::warn!(%resource, "{text}"),
        News::Logged { text, .. } => tracing::error!(%resource, "{text}"),
        _ => {}
    }
}

fn socket_of_host(host: HostId) -> PathBuf {
    Path::new(&format!("host-{host}.sock")).to_owned()
}

fn host_of_socket(name: &str) -> Option<HostId> {
    match name.strip_prefix("host-")?.strip_suffix(".sock")? {
        "pool" => Some(HostId::Pool),
        own => own.strip_prefix("own-")?.parse().ok().map(HostId::Own),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_found_by_the_names_they_are_given() {
        for host in [HostId::Pool, HostId::Own(ResourceId(uuid::Uuid::from_u128(7)))] {
            let socket = socket_of_host(host);
            assert_eq!(socket.to_str().and_then(host_of_socket), Some(host));
        }
        assert_eq!(host_of_socket("guard.sock"), None);
        assert_eq!(host_of_socket("host-own-x.sock"), None);
    }
}
