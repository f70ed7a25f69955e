//! The shell around [`HostCore`](crate::driver::HostCore): sockets, workers, clocks. It decides nothing.
//!
//! One lock, one way in ([`Shell::feed`]), as in the service: whoever has news of the core tells it himself, and carries
//! out what it decides, so that an order is on its way to a worker with no thread woken in between.
//!
//! ```text
//!   reader of a connection ─┐                       ┌─► socket of the service
//!   worker, call returned ──┼─► lock ─► core ─► do ─┼─► worker, makes a call
//!   type, says something ───┤                       └─► what is no longer held is dropped outside the lock
//!   timer (main thread) ────┘
//! ```
//!
//! Who holds the lock never waits for anybody and never calls a type: what a service does not read is dropped with its
//! connection (reports are kept by the core), and calls are handed over without waiting.

mod connection;
mod inside;
mod instance;
mod place;
mod workers;

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mainstay_ipc::host::ToHost;
use mainstay_process::{CgroupError, Leaf, cgroup, layout, or_abort, privilege};
use mainstay_types::{HostId, ResourceId};
use parking_lot::{Condvar, Mutex, MutexGuard};
use tracing::info;

use crate::config::Config;
use crate::driver::{CallNumber, Instance, Returned};
use crate::resource_type::{Said, Types};
use connection::Outgoing;
use inside::Inside;
use instance::{Caller, Held};

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

/// What comes to the core.
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
    let shell = Arc::new_cyclic(|shell| Shell::new(Caller::new(config.clone(), types, shell.clone())));
    connection::start_listener(listener, Arc::clone(&shell)).map_err(HostError::Thread)?;
    info!(host = %config.host, cluster = %config.cluster, "host started");
    // Whoever reads this may have gone already.
    let _ = writeln!(io::stdout(), "ready {}", socket_path.display()).and_then(|()| io::stdout().flush());

    shell.run_timer();
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

/// The core behind its lock.
struct Shell {
    inside: Mutex<Inside>,
    /// The timer has to look again: it would sleep for too long, or the host ends.
    look: Condvar,
}

impl Shell {
    fn new(caller: Caller) -> Self {
        Shell { inside: Mutex::new(Inside::new(caller)), look: Condvar::new() }
    }

    /// Tells the core one thing, and carries out what it decides. A host that ends hears nothing any more.
    fn feed(&self, input: Input) {
        let mut inside = self.inside.lock();
        // A panic in the core is a fault of ours. What it leaves half done nobody may go on with.
        or_abort(|| inside.feed(input));
        if inside.must_wake_timer() {
            self.look.notify_one();
        }
        let dropped = inside.take_dropped();
        drop(inside);
        drop(dropped);
    }

    /// Tells the core the time when it wants to know it, until the host ends. Then what was said last still goes out.
    fn run_timer(&self) {
        let mut inside = self.inside.lock();
        while !inside.is_ending() {
            or_abort(|| inside.pass_time());
            let dropped = inside.take_dropped();
            if !dropped.is_empty() {
                MutexGuard::unlocked(&mut inside, || drop(dropped));
                continue;
            }
            match inside.sleep_until() {
                None => self.look.wait(&mut inside),
                Some(time) => drop(self.look.wait_until(&mut inside, time)),
            }
        }
        let connections = inside.take_connections();
        drop(inside);
        for outgoing in connections {
            outgoing.finish(Duration::from_secs(1));
        }
    }
}
