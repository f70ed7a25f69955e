//! The shell around [`HostCore`]: sockets, workers, clocks. It decides nothing.
//!
//! One thread owns the core and waits on one bounded queue. Connections have a reader and a writer thread each;
//! calls into types are made by workers. The core's thread never waits for any of them: what a service does not read
//! is dropped with its connection (reports are kept by the core), and calls are handed over without waiting.

mod connection;
mod instance;
mod place;
mod workers;

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use mainstay_ipc::host::ToHost;
use mainstay_process::{CgroupError, Leaf, cgroup, layout, privilege};
use mainstay_types::{HostId, ResourceId};
use tracing::{debug, error, info, warn};

use crate::config::Config;
use crate::driver::{Action, CallNumber, HostCore, Instance, Returned};
use crate::resource_type::{Said, Types};
use connection::Outgoing;
use instance::{Caller, Held};
use workers::Workers;

/// How many inputs may wait for the core. Whoever has one more waits itself, but for chatter, which is dropped.
const INPUTS_MAX: usize = 4096;

/// Why the host does not run.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// Another one is this host.
    #[error("host '{host}' already runs in '{run_dir}'")]
    AlreadyRunning {
        /// Which host.
        host: HostId,
        /// Where.
        run_dir: PathBuf,
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
    /// A thread could not be started.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
}

/// What comes to the core's thread.
enum Input {
    Connected(u64, Outgoing),
    Message(u64, ToHost),
    Disconnected(u64),
    Returned(CallNumber, Returned, Option<Arc<Held>>),
    Said(ResourceId, Instance, Said),
}

/// Runs a host until the service tells it to end. Prints a line to standard output when it is ready.
///
/// Whoever starts it detaches it (a session of its own) and puts it into its place: the pool host moves to
/// `<cgroup root>/pool` by itself, an own host is started inside its resource's leaf.
pub fn run(config: &Config, types: Arc<dyn Types>) -> Result<(), HostError> {
    privilege::ignore_hangups();
    let _lock = lock(config)?;
    if config.host == HostId::Pool {
        let pool = Leaf::new(layout::pool(&config.cgroup_root));
        pool.create()?;
        cgroup::check_root(pool.path())?;
        pool.adopt(0)?;
    }
    let socket_path = config.socket_path();
    let listener = listen(&socket_path)?;
    let (inputs, received) = sync_channel(INPUTS_MAX);
    connection::start_listener(listener, inputs.clone()).map_err(HostError::Thread)?;
    let caller = Arc::new(Caller::new(config.clone(), types, inputs.clone()));
    info!(host = %config.host, cluster = %config.cluster, "host started");
    // Whoever reads this may have gone already.
    let _ = writeln!(io::stdout(), "ready {}", socket_path.display()).and_then(|()| io::stdout().flush());

    let core = HostCore::new(config.cluster, config.host, std::process::id());
    let shell = Shell {
        core,
        caller,
        inputs,
        workers: Workers::default(),
        connections: HashMap::new(),
        held: HashMap::new(),
        ending: false,
    };
    shell.serve(&received);
    let _ = fs::remove_file(&socket_path);
    info!(host = %config.host, "host ended");
    Ok(())
}

/// A record lock, not a flock: processes that we start, and that may outlive us, must not hold it.
fn lock(config: &Config) -> Result<File, HostError> {
    let failed = |action, path: &Path| {
        let path = path.to_owned();
        move |source: io::Error| HostError::RunDir { action, path, source }
    };
    let run_dir = &config.run_dir;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(run_dir).map_err(failed("create", run_dir))?;
    let path = run_dir.join(format!("host-{}.lock", config.host));
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(failed("open", &path))?;
    match rustix::fs::fcntl_lock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::AGAIN | rustix::io::Errno::ACCESS) => {
            Err(HostError::AlreadyRunning { host: config.host, run_dir: run_dir.clone() })
        }
        Err(error) => Err(failed("lock", &path)(error.into())),
    }
}

fn listen(path: &Path) -> Result<UnixListener, HostError> {
    let failed = |source| HostError::RunDir { action: "listen on", path: path.to_owned(), source };
    match fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let before = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o177));
    let listener = UnixListener::bind(path);
    rustix::process::umask(before);
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
    listener.map_err(failed)
}

struct Shell {
    core: HostCore,
    caller: Arc<Caller>,
    inputs: SyncSender<Input>,
    workers: Workers,
    connections: HashMap<u64, Outgoing>,
    held: HashMap<ResourceId, Arc<Held>>,
    ending: bool,
}

impl Shell {
    fn serve(mut self, received: &Receiver<Input>) {
        while !self.ending {
            let input = match self.core.next_time() {
                None => received.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(time) => received.recv_timeout(time.saturating_duration_since(Instant::now())),
            };
            let now = Instant::now();
            let actions = match input {
                Ok(input) => self.take(input, now),
                Err(RecvTimeoutError::Timeout) => Vec::new(),
                // We hold a sender ourselves.
                Err(RecvTimeoutError::Disconnected) => return,
            };
            self.carry_out(actions);
            if self.core.next_time().is_some_and(|time| time <= now) {
                let actions = self.core.handle_time(now);
                self.carry_out(actions);
            }
        }
        // What was said last, the service should still get.
        for (_, outgoing) in self.connections.drain() {
            outgoing.finish(Duration::from_secs(1));
        }
    }

    fn take(&mut self, input: Input, now: Instant) -> Vec<Action> {
        match input {
            Input::Connected(number, outgoing) => {
                self.connections.insert(number, outgoing);
                Vec::new()
            }
            Input::Message(number, message) => {
                // Nothing that a connection says after it was dismissed is heard.
                if !self.connections.contains_key(&number) {
                    return Vec::new();
                }
                debug!(connection = number, ?message, "message");
                self.core.handle_message(number, message, now)
            }
            Input::Disconnected(number) => {
                self.connections.remove(&number);
                self.core.handle_disconnected(number);
                Vec::new()
            }
            Input::Returned(number, returned, opened) => {
                if let Some(held) = opened {
                    self.held.insert(held.resource(), held);
                }
                self.core.handle_returned(number, returned, now)
            }
            Input::Said(resource, instance, said) => {
                if said.is_chatter() {
                    self.caller.chatter_taken(resource);
                }
                self.core.handle_said(resource, instance, said, now)
            }
        }
    }

    fn carry_out(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Send { connection, message } => {
                    let heard = self.connections.get(&connection).is_none_or(|to| to.send(&message));
                    if !heard {
                        warn!("the service does not read what this host says; its connection is dropped");
                        self.connections.remove(&connection);
                        self.core.handle_disconnected(connection);
                    }
                }
                Action::Dismiss { connection, message } => {
                    if let Some(outgoing) = self.connections.remove(&connection) {
                        if let Some(message) = message {
                            debug!(connection, ?message, "dismissed");
                            outgoing.send(&message);
                        }
                        outgoing.close();
                    }
                }
                Action::Call(issue) => {
                    let held = issue.resource.and_then(|(resource, _)| self.held.get(&resource)).cloned();
                    let lane = issue.call.lane();
                    let caller = self.caller.clone();
                    let inputs = self.inputs.clone();
                    if let Err(reason) = self.workers.submit(lane, move || {
                        let number = issue.number;
                        let (returned, opened) = caller.make(issue, held);
                        let _ = inputs.send(Input::Returned(number, returned, opened));
                    }) {
                        // It waits for the next worker that becomes free; with none at all, its deadline tells.
                        error!("cannot start a worker: {reason}");
                    }
                }
                Action::Cancel(resource, operation) => self.caller.cancel(resource, operation),
                Action::Forget(resource, instance) => {
                    self.caller.forget(resource);
                    if self.held.get(&resource).is_some_and(|held| held.instance() == instance) {
                        self.held.remove(&resource);
                    }
                }
                Action::Exit => self.ending = true,
            }
        }
    }
}
