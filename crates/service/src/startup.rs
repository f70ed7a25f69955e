//! The order of starting and ending.
//!
//! ```text
//!   database opened (and locked) ─► name taken, cgroup tree claimed ─► guard found or started ─► journal
//!     ─► engine told what there is ─► hosts adopted ─► socket listened on, READY ─► serving ─► SIGTERM
//!     ─► connections ended ─► files closed
//! ```
//!
//! Until hosts are adopted nothing is started, and whoever finds that somebody else acts for the cluster steps back
//! ([`crate::tenure`]).

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mainstay_engine::input::{Input, Start};
use mainstay_engine::{Config as EngineConfig, Engine};
use mainstay_ipc::guard::{Leaf, LeafStatus};
use mainstay_process::claim::{self, NameError, ServiceName};
use mainstay_process::strays::Marked;
use mainstay_process::{Claim, ClaimError, layout};
use mainstay_rpc::{Server, ServerLimits};
use mainstay_store::{KeyRange, StoreError, read_all};
use mainstay_types::{ClusterId, Epoch, NodeId, ResourceId};
use sd_notify::NotifyState;
use tokio::net::UnixListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::adapters::Adapters;
use crate::api::Api;
use crate::cluster_dir::{ClusterDir, ClusterDirError, OpenCluster};
use crate::config::LogFormat;
use crate::core::{Core, Hands, now};
use crate::database::{Durable, database};
use crate::guard::{Guard, GuardError, GuardSettings, leaf_seen};
use crate::history;
use crate::hosts::{HostSettings, Hosts};
use crate::journal::{JournalError, Whose, journal, unknown_number};
use crate::offers;
use crate::outlet::Outlet;
use crate::paths::{self, PathError};
use crate::programs::Programs;
use crate::tenure::{Lookout, Tenure};
use crate::validate::Ground;
use crate::watchers::Watchers;

/// The group whose members administer the cluster.
const ADMINISTRATORS_GROUP: &str = "mainstay";

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A path of the configuration.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The cluster's files.
    #[error(transparent)]
    ClusterDir(#[from] ClusterDirError),
    /// The database cannot be read.
    #[error("the database cannot be read: {0}")]
    Store(#[from] StoreError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The control groups.
    #[error(transparent)]
    Cgroup(#[from] mainstay_process::cgroup::CgroupError),
    /// Somebody else acts in the control groups.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// The guard.
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// Somebody serves there.
    #[error("{0} is served by another process; stop that one, or set another socket")]
    SocketTaken(PathBuf),
    /// An older database was put in the place of the one by which everything was started.
    #[error(
        "{count} resources run that the database does not know, one of them in '{leaf}' (processes {pids:?}): it is older \
         than what runs, and what it would start may be running. Put the newer one back, or end what runs there with \
         echo 1 > {leaf}/cgroup.kill; then end hosts and guard, and start again"
    )]
    OlderThanWhatRuns {
        /// How many.
        count: usize,
        /// The leaf of one.
        leaf: PathBuf,
        /// What runs there.
        pids: Vec<i32>,
    },
    /// The same, and one of them has left its control group.
    #[error(
        "{count} resources run that the database does not know, one of them ({resource}) outside of its control group \
         (processes {pids:?}): it is older than what runs, and what it would start may be running. Put the newer one back, \
         or end these processes with kill; then end hosts and guard, and start again"
    )]
    OlderThanWhatRunsOutside {
        /// How many.
        count: usize,
        /// One of them.
        resource: ResourceId,
        /// What runs of it.
        pids: Vec<i32>,
    },
    /// A file, directory or thread cannot be had.
    #[error("{what}: {source}")]
    Io {
        /// Which.
        what: String,
        /// Why.
        source: io::Error,
    },
}

/// What a start needs, after defaults.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The directory of database and journal.
    pub data_dir: PathBuf,
    /// The socket to serve on.
    pub socket: PathBuf,
    /// The run directory; `None` for the default, which the cluster's id is part of.
    pub run_dir: Option<PathBuf>,
    /// The cgroup directory; `None` for the default, which the cluster's id is part of.
    pub cgroup_root: Option<PathBuf>,
    /// The directory of the other programs.
    pub program_dir: Option<PathBuf>,
    /// Where agents are.
    pub ocf_root: PathBuf,
    /// See `Config::external_guard`.
    pub external_guard: bool,
    /// See `Config::strict_cmrp`.
    pub strict_cmrp: bool,
    /// How log lines look, those of guard and hosts too.
    pub log_format: LogFormat,
    /// A throwaway cluster: at the end everything of it is stopped.
    pub throwaway: bool,
}

impl Settings {
    /// The same, with paths as every process understands them: guard and hosts run in other directories.
    fn absolute(self) -> Result<Self, PathError> {
        let optional = |key, path: Option<PathBuf>| path.map(|path| paths::absolute(key, &path)).transpose();
        // Nobody else uses it, and messages are to name it as it was given.
        paths::absolute("data_dir", &self.data_dir)?;
        Ok(Settings {
            socket: paths::absolute("socket", &self.socket)?,
            run_dir: optional("run_dir", self.run_dir)?,
            cgroup_root: optional("cgroup_root", self.cgroup_root)?,
            program_dir: optional("program_dir", self.program_dir)?,
            ocf_root: paths::absolute("ocf_root", &self.ocf_root)?,
            ..self
        })
    }
}

/// The cluster's name on this machine, unless somebody has it who cannot speak for the cluster: then its marks in the
/// control groups have to do.
fn take_name(
    cluster: ClusterId,
    node: NodeId,
    cgroup_root: &Path,
) -> Result<Option<ServiceName>, ClaimError> {
    match ServiceName::take(cluster, node) {
        Ok(name) => Ok(Some(name)),
        Err(NameError::Served(holder)) => Err(ClaimError::Served { root: cgroup_root.to_owned(), holder }),
        Err(error) => {
            tracing::warn!(%error, "the cluster's name on this machine cannot be had; it is served without");
            Ok(None)
        }
    }
}

/// Says that somebody else runs what may be a copy of this cluster, which only root can see.
fn warn_of_others(lookout: &Lookout) {
    let Lookout { mount, cgroup_root, cluster, groups, .. } = lookout;
    if let Some((other, holder)) = claim::find_of_others(mount, cgroup_root, *cluster, groups) {
        tracing::warn!(cgroup_root = %other.display(), %holder, "another user runs something there that is marked as \
            this cluster's. It does not count, since anybody can make such a mark; if it is a copy of this cluster, end \
            one of the two");
    }
}

/// Makes the tree this service's, and looks whether nobody else acts for the cluster.
fn claim_tree(lookout: &Lookout, name: Option<ServiceName>) -> Result<Claim, StartError> {
    let Lookout { mount, cgroup_root, run_dir, cluster, groups } = lookout;
    // A copy of the data directory has a lock of its own; this one is the only one there is.
    let mut claim = Claim::service(cgroup_root, *cluster)?;
    if let Some(name) = name {
        claim.keep_name(name);
    }
    let mut settle = || {
        // Another one may have begun in another tree since it was looked: now each of them sees the other.
        claim::check_elsewhere(mount, cgroup_root, *cluster, groups)?;
        paths::make_run_dir(run_dir)?;
        Ok(claim.take_run_dir(run_dir)?)
    };
    match settle() {
        Ok(()) => Ok(claim),
        Err(error) => {
            claim.give_back();
            Err(error)
        }
    }
}

/// Ends a start before anything was started: everything is as it was before, but what others have put there meanwhile.
async fn step_back(guard: &Guard, tenure: &Tenure, outlet: &Outlet, new_root: Option<&Path>) {
    outlet.end();
    guard.release().await;
    tenure.give_back();
    if let Some(new_root) = new_root {
        // What runs there keeps it.
        let _ = mainstay_process::Leaf::new(new_root).remove();
    }
}

/// Whether the database knows everything that runs for it. Until here nothing that runs has been touched.
fn check_known(
    core: &Core,
    leaves: &[(Leaf, LeafStatus)],
    marked: &[Marked],
    cgroup_root: &Path,
) -> Result<(), StartError> {
    let unknown = core.read(|view| view.unknown_running());
    let path_of = |id: &ResourceId| {
        leaves.iter().find_map(|(leaf, _)| match leaf {
            Leaf::Resource { group, resource } if resource == id => {
                Some(layout::resource(cgroup_root, *group, *resource))
            }
            _ => None,
        })
    };
    let Some(one) = unknown.first() else { return Ok(()) };
    // What has no leaf is in the pool host's own process.
    let leaf = path_of(one).unwrap_or_else(|| layout::pool(cgroup_root));
    let pids = mainstay_process::Leaf::new(&leaf).pids()?;
    let count = unknown.len();
    let outside: Vec<i32> =
        marked.iter().filter(|marked| marked.mark.resource == *one).map(|marked| marked.pid).collect();
    match pids.is_empty() && !outside.is_empty() {
        true => Err(StartError::OlderThanWhatRunsOutside { count, resource: *one, pids: outside }),
        false => Err(StartError::OlderThanWhatRuns { count, leaf, pids }),
    }
}

/// Serves until SIGTERM or SIGINT. `serving` is called once clients can connect.
///
/// # Errors
///
/// The service cannot start; nothing that was there before has been changed.
pub async fn run(settings: Settings, serving: impl FnOnce()) -> Result<(), StartError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(|source| io_error("SIGTERM", source))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|source| io_error("SIGINT", source))?;
    let settings = settings.absolute()?;
    let dir = ClusterDir::new(&settings.data_dir);
    let OpenCluster { mut store, node, node_name, contents } = dir.open()?;
    let cluster = parse_cluster_id(store.cluster_id())?;
    let (snapshot, revision) = read_all(&mut store, &KeyRange::all())?;
    let durable = Durable::new(revision);
    let forgotten = history::forgotten(&mut store)?;

    // Everything that may say no comes before what would stay when it does.
    let whose = Whose {
        cluster: store.cluster_id(),
        node,
        durable: durable.clone(),
        unknown_number: unknown_number(now().unix_ms),
        forgotten: &forgotten.operations,
    };
    let (journal, journal_thread) = journal(&dir.journal(), whose)?;
    let programs =
        Programs::find(settings.program_dir.as_deref()).map_err(|source| io_error("programs", source))?;
    let run_dir =
        settings.run_dir.clone().unwrap_or_else(|| Path::new("/run/mainstay").join(cluster.to_string()));
    let cgroup_root = cgroup_root(settings.cgroup_root.as_deref(), cluster)?;
    paths::check_run_dir(&run_dir)?;
    claim::check(&cgroup_root, cluster, &run_dir)?;
    let mount = mainstay_process::cgroup::find_mount()?;
    claim::check_elsewhere(&mount, &cgroup_root, cluster, &contents.groups)?;
    let name = take_name(cluster, node, &cgroup_root)?;
    // Who connects early waits.
    let (listener, socket_file) = listen(&settings.socket).await?;
    let had_root = cgroup_root.exists();
    mainstay_process::Leaf::new(&cgroup_root).create()?;
    mainstay_process::cgroup::check_root(&cgroup_root)?;
    let cgroup_root = PathBuf::from(mainstay_process::Leaf::new(cgroup_root).real_path()?);
    let lookout = Lookout {
        mount,
        cgroup_root: cgroup_root.clone(),
        run_dir: run_dir.clone(),
        cluster,
        groups: contents.groups,
    };
    let claim = claim_tree(&lookout, name).inspect_err(|_| {
        if !had_root {
            // As it was before; what somebody has put there meanwhile stays.
            let _ = fs::remove_dir(&cgroup_root);
        }
    })?;
    warn_of_others(&lookout);
    let new_root = (!had_root).then_some(cgroup_root.as_path());

    let outlet = Outlet::default();
    let tenure = Tenure::new(claim, lookout, outlet.clone());
    let guard_settings = GuardSettings {
        program: programs.guard.clone(),
        run_dir: run_dir.clone(),
        cgroup_root: cgroup_root.clone(),
        cluster,
        log_format: settings.log_format,
        is_external: settings.external_guard,
    };
    let guard = Guard::new(guard_settings, tenure.clone(), outlet.clone());
    let began = tokio::select! {
        leaves = guard.begin() => leaves.map_err(StartError::from),
        // One that is being started here comes soon, and can then be told to end.
        lost = tenure.lost(), if settings.external_guard => Err(lost.into()),
        // One that somebody else starts may take long.
        () = told_to_end(&mut terminate, &mut interrupt) => {
            tracing::info!("told to end before the guard was there");
            return Ok(());
        }
    };
    // A sweep may have hidden us from others while the guard was waited for. It runs, so now they see us.
    let began = began.and_then(|leaves| Ok(tenure.confirm().map(|()| leaves)?));
    let leaves = match began {
        Ok(leaves) => leaves,
        Err(error) => {
            step_back(&guard, &tenure, &outlet, new_root).await;
            return Err(error);
        }
    };
    let ground = Ground {
        data_dir: settings.data_dir.clone(),
        database: dir.database(),
        journal: dir.journal(),
        run_dir: run_dir.clone(),
        cgroup_root: cgroup_root.clone(),
        socket: settings.socket.clone(),
        host_foreign: programs.host_foreign.clone(),
        programs: vec![programs.guard.clone(), programs.host.clone(), programs.host_foreign.clone()],
        has_administrators: false,
    };
    let host_settings = HostSettings {
        programs,
        run_dir: run_dir.clone(),
        cgroup_root: cgroup_root.clone(),
        ocf_root: settings.ocf_root.clone(),
        socket: settings.socket.clone(),
        node_name: node_name.clone(),
        cluster,
        log_format: settings.log_format,
        session: now().steady_ms,
    };
    let hosts = Hosts::new(host_settings, guard.clone(), outlet.clone());
    let found = hosts.find().map_err(|source| io_error(run_dir.display(), source))?;

    let marked = claim::marked(cluster)?;
    let ended = journal.ended(&mainstay_engine::stored_operations(&snapshot))?;
    let start = Start {
        snapshot,
        revision,
        boot: boot_id()?,
        leaves: leaves
            .iter()
            .filter_map(|(leaf, status)| match leaf {
                Leaf::Resource { group, resource } => Some((*group, *resource, leaf_seen(status))),
                Leaf::Pool => None,
            })
            .collect(),
        hosts: found.clone(),
        last_operation_number: journal.last_number()?,
        ended,
        deleted: forgotten.resources,
        marked: marked.iter().map(|marked| marked.mark.resource).collect(),
    };
    let (database, database_thread) = database(Box::new(store), durable, &settings.data_dir);
    let engine = Engine::new(EngineConfig { node, node_name, strict_cmrp: settings.strict_cmrp });
    let hands = Hands {
        database,
        journal,
        hosts: hosts.clone(),
        guard: guard.clone(),
        watchers: Watchers::new(now().unix_ms),
    };
    let core = Core::new(engine, hands);
    outlet.lead_to(&core);

    let feed = |core: &Arc<Core>| {
        let core = Arc::clone(core);
        move |input| core.feed(input)
    };
    let database_thread = database_thread.start(feed(&core)).map_err(|source| io_error("thread", source))?;
    let journal_thread = journal_thread.start(feed(&core)).map_err(|source| io_error("thread", source))?;
    let timer = Arc::clone(&core);
    std::thread::Builder::new()
        .name("timer".into())
        .spawn(move || timer.run_timer())
        .map_err(|source| io_error("thread", source))?;

    core.feed(Input::Started(Box::new(start)));
    // What is wrong with networks concerns nothing that runs here: the service serves without knowing of them.
    if let Err(error) = Adapters::new().and_then(|adapters| adapters.start(outlet.clone())) {
        tracing::error!(%error, "network adapters are not seen; there are no cluster networks without them");
    }
    if let Err(error) = offers::start(&settings.ocf_root, outlet.clone()) {
        tracing::error!(%error, "types that this machine has are not seen");
    }
    // Nobody is served before every host that was found has been heard or given up: until then nobody knows what runs.
    // An error would mean that the adopting task is gone, with nothing left to wait for.
    let adopted = tokio::select! {
        _ = hosts.adopt(found) => Ok(()),
        lost = tenure.lost() => Err(lost),
    };
    let begun = check_known(&core, &leaves, &marked, &cgroup_root)
        .and_then(|()| Ok(adopted.and_then(|()| tenure.begin_serving())?));
    if let Err(error) = begun {
        step_back(&guard, &tenure, &outlet, new_root).await;
        return Err(error);
    }
    core.feed(Input::Settled);

    let administrators = group_id(ADMINISTRATORS_GROUP);
    let ground = Ground { has_administrators: administrators.is_some(), ..ground };
    let server =
        Server::new(Arc::new(Api::new(Arc::clone(&core), administrators, ground)), ServerLimits::default());
    notify(&[NotifyState::Ready]);
    tracing::info!(%cluster, socket = %settings.socket.display(), run_dir = %run_dir.display(), cgroup_root = %cgroup_root.display(), "serving");
    serving();
    let stop = async {
        told_to_end(&mut terminate, &mut interrupt).await;
        tracing::info!("told to end");
        notify(&[NotifyState::Stopping]);
    };
    tokio::select! {
        served = server.serve(listener, stop) => {
            served.map_err(|source| io_error(settings.socket.display(), source))?;
        }
        // At once, as if it were killed: guard, hosts and resources are those of whoever has the tree now.
        lost = tenure.lost() => return Err(lost.into()),
    }

    outlet.end();
    if settings.throwaway {
        throw_away(&guard, &hosts, &cgroup_root).await;
    }
    core.feed(Input::Ending);
    core.hands().database.end();
    core.hands().journal.end();
    // A thread that panicked has said so already.
    let _ = database_thread.join();
    let _ = journal_thread.join();
    drop(socket_file);
    tracing::info!("ended");
    Ok(())
}

async fn told_to_end(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// Stops everything of a cluster that ends with its service.
async fn throw_away(guard: &Guard, hosts: &Hosts, cgroup_root: &Path) {
    let for_ever = Epoch { generation: u64::MAX, epoch: u64::MAX };
    if let Err(reason) = guard.hard_stop_all(for_ever).await {
        tracing::error!(%reason, "not everything of the throwaway cluster is stopped");
    }
    hosts.kill_all().await;
    if let Err(reason) = guard.exit().await {
        tracing::error!(%reason, "the guard of the throwaway cluster stays");
    }
    if let Err(error) = mainstay_process::cgroup::Leaf::new(cgroup_root).remove() {
        tracing::error!(%error, "the control groups of the throwaway cluster stay");
    }
}

fn io_error(what: impl ToString, source: io::Error) -> StartError {
    StartError::Io { what: what.to_string(), source }
}

fn parse_cluster_id(text: &str) -> Result<ClusterId, StartError> {
    text.parse().map_err(|error: mainstay_types::id::InvalidId| {
        io_error("the database's cluster id", io::Error::new(io::ErrorKind::InvalidData, error))
    })
}

/// The cgroup directory that is set, else one of the cluster's own in the version 2 hierarchy.
fn cgroup_root(set: Option<&Path>, cluster: ClusterId) -> Result<PathBuf, StartError> {
    let root = match set {
        Some(root) => root.to_owned(),
        None => mainstay_process::cgroup::find_mount()?.join("mainstay").join(cluster.to_string()),
    };
    // Before it is made, so that a wrong path is not made in some other file system.
    mainstay_process::cgroup::check_place(&root)?;
    Ok(root)
}

fn boot_id() -> Result<String, StartError> {
    const FILE: &str = "/proc/sys/kernel/random/boot_id";
    let text = fs::read_to_string(FILE).map_err(|source| io_error(FILE, source))?;
    Ok(text.trim().to_owned())
}

/// The name of the socket in the file system. It goes with the service, however a start or the service ends; only a
/// crash leaves it.
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Listens on a socket that everybody may connect to: what a caller may do is decided by who the kernel says it is.
async fn listen(socket: &Path) -> Result<(UnixListener, SocketFile), StartError> {
    paths::check_socket(socket)?;
    if tokio::net::UnixStream::connect(socket).await.is_ok() {
        return Err(StartError::SocketTaken(socket.to_owned()));
    }
    let failed = |source| io_error(format!("socket '{}'", socket.display()), source);
    if let Some(parent) = socket.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    match fs::remove_file(socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let listener = UnixListener::bind(socket).map_err(failed)?;
    let file = SocketFile(socket.to_owned());
    fs::set_permissions(socket, fs::Permissions::from_mode(0o666)).map_err(failed)?;
    Ok((listener, file))
}

fn group_id(name: &str) -> Option<u32> {
    let groups = fs::read_to_string("/etc/group").ok()?;
    parse_group_id(&groups, name)
}

fn parse_group_id(groups: &str, name: &str) -> Option<u32> {
    groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next()? != name {
            return None;
        }
        fields.nth(1)?.parse().ok()
    })
}

fn notify(state: &[NotifyState]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "the init system could not be told");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_administrators_group_is_found_by_its_name() {
        let groups = "root:x:0:\nmainstay-x:x:5:\nmainstay:x:997:alice,bob\nbroken\n";
        assert_eq!(parse_group_id(groups, "mainstay"), Some(997));
        assert_eq!(parse_group_id(groups, "wheel"), None);
    }
}
