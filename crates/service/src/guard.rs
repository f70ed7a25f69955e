//! The guard's process and connection.
//!
//! The guard is older than the service and outlives it. A keeper task finds it or starts it, says hello, and sends
//! again what was asked and not answered when the connection broke: every request may be repeated.
//!
//! A guard that is somebody else's, a unit of the init system, is only waited for. A second one, started here in the
//! moment that the unit needs to start again, would hold the tree against it for ever.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use mainstay_engine::input::{Input, LeafSeen};
use mainstay_ipc::VERSION;
use mainstay_ipc::guard::{Leaf, LeafStatus, Reply, ReplyBody, Request, RequestBody, Target};
use mainstay_types::{ClusterId, Epoch, GroupId, ResourceId};
use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::config::LogFormat;
use crate::link::Link;
use crate::outlet::Outlet;
use crate::tenure::Tenure;

/// How long the guard may take until it listens. It only makes a few directories.
const READY_WITHIN: Duration = Duration::from_secs(10);

/// How long a guard of somebody else is waited for when the service starts: longer than an init system pauses before
/// it starts one again that ended.
const EXTERNAL_WITHIN: Duration = Duration::from_secs(30);

/// How often it is looked for meanwhile.
const EXTERNAL_PAUSE: Duration = Duration::from_millis(100);

/// How long to wait before the guard is looked for again after its connection was lost.
const RESTART_PAUSE: Duration = Duration::from_millis(100);

/// The guard cannot be had at all.
#[derive(Debug, thiserror::Error)]
#[error("the guard does not start: {0}")]
pub struct GuardError(String);

/// What the keeper has to know.
#[derive(Clone, Debug)]
pub struct GuardSettings {
    /// The program.
    pub program: PathBuf,
    /// The run directory, where its socket is.
    pub run_dir: PathBuf,
    /// The cgroup directory of the cluster.
    /// Without symbolic links, as the guard says it.
    pub cgroup_root: PathBuf,
    /// The cluster.
    pub cluster: ClusterId,
    /// How its log lines look.
    pub log_format: LogFormat,
    /// Whether somebody else starts it.
    pub is_external: bool,
}

/// The way to the guard. Cheap to clone.
#[derive(Clone)]
pub struct Guard(Arc<Inner>);

struct Inner {
    settings: GuardSettings,
    runtime: tokio::runtime::Handle,
    outlet: Outlet,
    tenure: Tenure,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    link: Option<Arc<Link>>,
    asked: BTreeMap<u64, (RequestBody, Taker)>,
    last_number: u64,
    /// Whether this service has started the guard.
    is_started: bool,
}

type Taker = Box<dyn FnOnce(ReplyBody) + Send>;

impl Guard {
    /// A way to a guard that is not looked for yet. The tree is held as long as this is there.
    pub fn new(settings: GuardSettings, tenure: Tenure, outlet: Outlet) -> Self {
        let runtime = tokio::runtime::Handle::current();
        Guard(Arc::new(Inner { settings, runtime, outlet, tenure, state: Mutex::default() }))
    }

    /// Finds the guard or starts it, and keeps it from then on. Answers all leaves that it knows.
    ///
    /// # Errors
    ///
    /// It can neither be reached nor started; the message is its own.
    pub async fn begin(&self) -> Result<Vec<(Leaf, LeafStatus)>, GuardError> {
        let link = self.0.connect_or_start().await?;
        self.0.runtime.spawn(Arc::clone(&self.0).keep(link));
        if let Err(reason) = self.ask(self.0.hello()).await {
            let run_dir = self.0.settings.run_dir.display();
            return Err(GuardError(format!("the one in {run_dir} refuses this service: {reason}")));
        }
        match self.ask(RequestBody::List).await {
            Ok(ReplyBody::Listed(leaves)) => Ok(leaves),
            Ok(other) => Err(GuardError(format!("it answers a List with {other:?}"))),
            Err(reason) => Err(GuardError(reason)),
        }
    }

    /// Makes or opens a leaf; answers its directory.
    pub async fn open(&self, leaf: Leaf, epoch: Epoch) -> Result<PathBuf, String> {
        match self.ask(RequestBody::Open { leaf, epoch }).await? {
            ReplyBody::Opened { path } => Ok(path.into()),
            other => Err(format!("the guard answers an Open with {other:?}")),
        }
    }

    /// Stops everything there is, and leaves it closed for this epoch and older ones.
    pub async fn hard_stop_all(&self, epoch: Epoch) -> Result<(), String> {
        match self.ask(RequestBody::HardStop { target: Target::All, epoch }).await? {
            ReplyBody::Stopped { empty: true } => Ok(()),
            other => Err(format!("the guard answers {other:?}")),
        }
    }

    /// Lets the guard end, and waits until it has.
    pub async fn exit(&self) -> Result<(), String> {
        let process = self.0.state.lock().link.as_ref().and_then(|link| link.peer_process());
        self.ask(RequestBody::Exit).await?;
        if let Some(process) = process {
            crate::hosts::wait_ended(&process).await;
        }
        Ok(())
    }

    /// Lets the guard end if this service has started it and nothing runs that it would have to stop: who steps back
    /// leaves nothing that would be in the way of others.
    pub async fn release(&self) {
        let is_started = self.0.state.lock().is_started;
        if is_started && let Err(reason) = self.exit().await {
            tracing::warn!(%reason, "the guard stays");
        }
    }

    /// Carries out a hard stop; HardStopped follows.
    pub fn hard_stop(&self, group: GroupId, resource: ResourceId, epoch: Epoch) {
        let outlet = self.0.outlet.clone();
        let target = Target::Leaf(Leaf::Resource { group, resource });
        self.0.send(
            RequestBody::HardStop { target, epoch },
            Box::new(move |reply| {
                let empty = matches!(reply, ReplyBody::Stopped { empty: true });
                if !empty {
                    tracing::error!(%group, %resource, ?reply, "a hard stop is not confirmed");
                }
                outlet.feed(Input::HardStopped { resource, epoch, empty });
            }),
        );
    }

    /// Looks into a leaf; Looked follows.
    pub fn look(&self, group: GroupId, resource: ResourceId) {
        let outlet = self.0.outlet.clone();
        self.0.send(
            RequestBody::Look { leaf: Leaf::Resource { group, resource } },
            Box::new(move |reply| {
                let leaf = match reply {
                    ReplyBody::Looked(status) => leaf_seen(&status),
                    other => {
                        // Not known to be empty is not empty.
                        tracing::error!(%group, %resource, ?other, "the guard could not look");
                        LeafSeen { populated: true, floor: Epoch::default() }
                    }
                };
                outlet.feed(Input::Looked { resource, leaf });
            }),
        );
    }

    /// Removes the leaf of a deleted resource.
    pub fn remove(&self, group: GroupId, resource: ResourceId) {
        let leaf = Leaf::Resource { group, resource };
        self.0.send(
            RequestBody::Remove { leaf },
            Box::new(move |reply| {
                if let ReplyBody::Refused { reason } = reply {
                    tracing::warn!(%group, %resource, %reason, "the leaf of a deleted resource stays");
                }
            }),
        );
    }

    /// The cluster whose guard it is.
    pub fn cluster(&self) -> ClusterId {
        self.0.settings.cluster
    }

    /// Says hello once more, and waits for so long at most: the version that the guard speaks and its process, or why it
    /// refuses. Keeps the thread waiting, so none that has tasks to run.
    pub fn greeted_within(&self, limit: Duration) -> Option<Result<(u32, u32), String>> {
        let (sender, receiver) = oneshot::channel();
        let number = self.0.send(self.0.hello(), Box::new(move |reply| drop(sender.send(reply))));
        let answer = self.0.runtime.block_on(async { timeout(limit, receiver).await });
        self.0.state.lock().asked.remove(&number);
        match answer.ok()?.ok()? {
            ReplyBody::Welcome { version, pid } => Some(Ok((version, pid))),
            ReplyBody::Refused { reason } => Some(Err(reason)),
            other => Some(Err(format!("it answers a Hello with {other:?}"))),
        }
    }

    async fn ask(&self, body: RequestBody) -> Result<ReplyBody, String> {
        let (sender, receiver) = oneshot::channel();
        self.0.send(body, Box::new(move |reply| drop(sender.send(reply))));
        match receiver.await {
            Ok(ReplyBody::Refused { reason }) => Err(reason),
            Ok(reply) => Ok(reply),
            Err(_) => Err("the guard is gone".into()),
        }
    }
}

/// What the engine hears of a leaf.
pub fn leaf_seen(status: &LeafStatus) -> LeafSeen {
    LeafSeen { populated: status.populated, floor: status.floor }
}

impl Inner {
    fn send(&self, body: RequestBody, taker: Taker) -> u64 {
        let mut state = self.state.lock();
        state.last_number += 1;
        let number = state.last_number;
        if let Some(link) = &state.link {
            link.send(&Request { number, body: body.clone() });
        }
        state.asked.insert(number, (body, taker));
        number
    }

    /// Reads until the connection ends, then finds or starts the guard again, for ever.
    async fn keep(self: Arc<Self>, mut link: Arc<Link>) {
        loop {
            let end = link.read(|reply: Reply| self.take(reply)).await;
            self.state.lock().link = None;
            if self.outlet.is_ending() {
                return;
            }
            tracing::error!(?end, "the connection to the guard is lost; it is looked for");
            link = loop {
                sleep(RESTART_PAUSE).await;
                match self.connect_or_start().await {
                    Ok(link) => break link,
                    Err(error) => tracing::error!(%error, "trying again"),
                }
            };
            // What took the guard may have taken the whole tree.
            self.tenure.look_after().await;
        }
    }

    fn take(&self, reply: Reply) {
        let taken = self.state.lock().asked.remove(&reply.number);
        if let Some((_, taker)) = taken {
            taker(reply.body);
        }
    }

    async fn connect_or_start(&self) -> Result<Arc<Link>, GuardError> {
        let socket = self.settings.run_dir.join("guard.sock");
        if let Ok(link) = Link::connect(&socket).await {
            tracing::info!("the guard is there");
            return Ok(self.greet(link));
        }
        if self.settings.is_external {
            return self.await_external(&socket).await.map(|link| self.greet(link));
        }
        self.start().await?;
        self.state.lock().is_started = true;
        let link = Link::connect(&socket).await.map_err(|error| GuardError(error.to_string()))?;
        Ok(self.greet(link))
    }

    /// Waits for a guard that somebody else starts.
    async fn await_external(&self, socket: &Path) -> Result<Link, GuardError> {
        let deadline = tokio::time::Instant::now() + EXTERNAL_WITHIN;
        loop {
            match Link::connect(socket).await {
                Ok(link) => return Ok(link),
                Err(error) if tokio::time::Instant::now() >= deadline || self.outlet.is_ending() => {
                    return Err(GuardError(format!(
                        "nobody listens at '{}' ({error}), and external_guard says that somebody else starts it; start \
                         its unit (systemctl start mainstay-guard), or set external_guard to false",
                        socket.display()
                    )));
                }
                Err(_) => sleep(EXTERNAL_PAUSE).await,
            }
        }
    }

    fn hello(&self) -> RequestBody {
        let GuardSettings { cluster, cgroup_root, .. } = &self.settings;
        let cgroup_root = Some(cgroup_root.to_string_lossy().into_owned());
        RequestBody::Hello { version: VERSION, cluster: *cluster, cgroup_root }
    }

    /// Says hello and asks again what has not been answered.
    fn greet(&self, link: Link) -> Arc<Link> {
        let link = Arc::new(link);
        let mut state = self.state.lock();
        state.last_number += 1;
        link.send(&Request { number: state.last_number, body: self.hello() });
        for (&number, (body, _)) in &state.asked {
            link.send(&Request { number, body: body.clone() });
        }
        state.link = Some(Arc::clone(&link));
        link
    }

    async fn start(&self) -> Result<(), GuardError> {
        let GuardSettings { program, run_dir, cgroup_root, cluster, log_format, .. } = &self.settings;
        let failed = |error: io::Error| GuardError(format!("{}: {error}", program.display()));
        let mut child = Command::new(program)
            .args([
                "--run-dir".as_ref(),
                run_dir.as_os_str(),
                "--cgroup-root".as_ref(),
                cgroup_root.as_os_str(),
            ])
            .args(["--cluster", &cluster.to_string()])
            .envs(log_format.environment())
            // That the service is ready is not for the guard to say.
            .env_remove("NOTIFY_SOCKET")
            .current_dir(Path::new("/"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // A signal to our terminal's foreground group is not meant for it.
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        let mut ready = String::new();
        if let Some(stdout) = child.stdout.take() {
            let mut lines = BufReader::new(stdout);
            match timeout(READY_WITHIN, lines.read_line(&mut ready)).await {
                Ok(read) => drop(read.map_err(failed)?),
                Err(_) => return Err(GuardError(format!("it is not ready after {READY_WITHIN:?}"))),
            }
        }
        if ready.is_empty() {
            let status = child.wait().await.map_err(failed)?;
            return Err(GuardError(format!("it ended with {status}; its own message stands above")));
        }
        tracing::info!(pid = child.id(), "the guard has been started");
        // Only so that it leaves no zombie; the keeper notices its end by the connection.
        self.runtime.spawn(async move { child.wait().await });
        Ok(())
    }
}
