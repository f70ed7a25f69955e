//! The thread of a port.
//!
//! ```text
//!              connect: open the cluster, make the port, add every filter
//!   Lost ────────────────────────────────────────────────────────────────▶ Serving
//!     ▲ │ tries again after a pause that grows                                │
//!     │ └ commands are answered with 1722                                     │
//!     └───────────── connection lost: tell CLUSTER_STATE ◀───────────────────┘
//!                    when back: tell RECONNECT and LOST_NOTIFICATIONS
//! ```

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use mainstay_cmrp::notify::{AddNotifyV2, CreateNotifyV2, GetNotifyV2, Notification};
use mainstay_cmrp::{AnyHandle, NotifyHandle, Operation, decode_response, encode_request};
use mainstay_ndr::{ContextHandle, Endian};
use mainstay_rpc::ConnectOptions;
use mainstay_types::Status;
use mainstay_types::access::GENERIC_READ;
use parking_lot::Mutex;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::link::{Over, PortLink};
use super::queue::Queue;
use super::signal::Signal;
use super::{Event, WATCHES_MAX, Watch, Watched, filter, wire_filter};
use crate::CallError;
use crate::object::Desired;
use crate::session::Session;

/// The pause before the first attempt to connect again: a service that was restarted is back in this order of time.
const PAUSE_FIRST: Duration = Duration::from_millis(50);

/// The longest pause between attempts.
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// Filters that may wait to be added. Each belongs to a caller that waits for it.
const COMMANDS_MAX: usize = 1024;

/// A filter to add, and where to say how it went.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) watch: Watch,
    pub(super) answer: SyncSender<Result<(), CallError>>,
}

/// What the port's thread shares with its callers.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) queue: Queue,
    state: Mutex<State>,
    /// Raised when there are commands.
    wake: Signal,
    /// Raised when the port is closed.
    stop: Arc<Signal>,
}

#[derive(Debug, Default)]
struct State {
    commands: VecDeque<Command>,
    /// The filters that were added. Their places are the keys on the wire, so none is ever removed.
    watches: Vec<Watch>,
    closed: bool,
}

impl Shared {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            queue: Queue::new(),
            state: Mutex::new(State::default()),
            wake: Signal::new()?,
            stop: Arc::new(Signal::new()?),
        })
    }

    /// Hands a command to the thread; false when the port is closed or too many wait.
    pub(super) fn push_command(&self, command: Command) -> bool {
        let mut state = self.state.lock();
        if state.closed || state.commands.len() >= COMMANDS_MAX {
            return false;
        }
        state.commands.push_back(command);
        drop(state);
        self.wake.raise();
        true
    }

    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        // Dropping a command answers it.
        let commands = std::mem::take(&mut state.commands);
        drop(state);
        drop(commands);
        self.queue.close();
        self.stop.raise();
    }

    pub(super) fn tell_handle_closed(&self, object: &Watched) {
        self.tell(|watch| {
            let event = filter::handle_close(watch.object_type);
            // A filter on all objects of a type holds no handle but the cluster's.
            let holds = !matches!(object, Watched::Cluster) || watch.object_type == filter::CLUSTER;
            (holds && watch.object.is(object) && watch.events & event != 0).then_some(event)
        });
    }

    /// Tells everyone who asked for this event of the connection.
    fn tell_cluster(&self, event: i64) {
        self.tell(|watch| {
            (watch.object_type == filter::CLUSTER && watch.events & event != 0).then_some(event)
        });
    }

    fn tell(&self, event: impl Fn(&Watch) -> Option<i64>) {
        let state = self.state.lock();
        let lost_key = lost_key(&state.watches);
        for watch in &state.watches {
            if let Some(event) = event(watch) {
                let made = Event::made_here(watch.key, watch.object_type, event, watch.object.id());
                self.queue.push(made, lost_key);
            }
        }
    }

    fn tell_lost(&self) {
        let lost_key = lost_key(&self.state.lock().watches);
        self.queue.push_lost(lost_key);
    }

    fn take_command(&self) -> Option<Command> {
        self.state.lock().commands.pop_front()
    }
}

/// The key under which the loss of events is told: a filter that asked for it, else any.
fn lost_key(watches: &[Watch]) -> usize {
    let asked = |watch: &&Watch| {
        watch.object_type == filter::CLUSTER && watch.events & filter::CLUSTER_LOST_NOTIFICATIONS != 0
    };
    watches.iter().find(asked).or(watches.first()).map_or(0, |watch| watch.key)
}

/// The thread's own part.
pub(super) struct Pump {
    socket: PathBuf,
    options: ConnectOptions,
    shared: Arc<Shared>,
    connected: Option<Connected>,
    /// The pause before the next attempt to connect.
    pause: Duration,
}

struct Connected {
    session: Session<PortLink>,
    port: NotifyHandle,
}

/// Why serving ended.
enum Ended {
    Stopped,
    Lost,
}

impl Pump {
    pub(super) fn new(socket: PathBuf, options: ConnectOptions, shared: Arc<Shared>) -> Self {
        Self { socket, options, shared, connected: None, pause: PAUSE_FIRST }
    }

    /// Connects, makes a port at the service, and adds every filter that there is.
    pub(super) fn connect(&mut self) -> Result<(), CallError> {
        let link = PortLink::open(&self.socket, &self.options, Arc::clone(&self.shared.stop))
            .map_err(|error| CallError::not_connected(self.socket.display().to_string(), error))?;
        let mut session = Session::new(link);
        session.open_cluster(Desired::Mask(GENERIC_READ))?;
        let port = session.accepted(&CreateNotifyV2)?.handle;
        let mut connected = Connected { session, port };
        let watches = self.shared.state.lock().watches.clone();
        for (number, watch) in watches.iter().enumerate() {
            match connected.add(number, watch) {
                // Of an object that is gone there is nothing to tell but that events were lost, which is told.
                Ok(()) | Err(CallError::Refused { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        self.connected = Some(connected);
        Ok(())
    }

    pub(super) fn run(mut self) {
        loop {
            let since = Instant::now();
            match self.serve() {
                Ended::Stopped => break,
                Ended::Lost => {}
            }
            // A service that takes every connection and drops it again is not asked ever faster.
            if since.elapsed() > PAUSE_MAX {
                self.pause = PAUSE_FIRST;
            }
            self.connected = None;
            self.shared.tell_cluster(filter::CLUSTER_STATE);
            if !self.reconnect() {
                break;
            }
            self.shared.tell_cluster(filter::CLUSTER_RECONNECT);
            self.shared.tell_lost();
        }
        self.shared.close();
    }

    /// Tries until there is a connection; false when the port was closed first.
    fn reconnect(&mut self) -> bool {
        loop {
            if !self.wait(self.pause) {
                return false;
            }
            self.pause = (self.pause * 2).min(PAUSE_MAX);
            if self.connect().is_ok() {
                return true;
            }
        }
    }

    /// Waits, and answers commands meanwhile; false when the port was closed.
    fn wait(&self, pause: Duration) -> bool {
        let until = Instant::now() + pause;
        loop {
            while let Some(command) = self.shared.take_command() {
                let address = self.socket.display().to_string();
                let error = CallError::NotReached {
                    address,
                    status: Status::RPC_S_SERVER_UNAVAILABLE,
                    source: "the port's connection is lost".into(),
                };
                let _ = command.answer.send(Err(error));
            }
            let left = until.saturating_duration_since(Instant::now());
            let Ok(timeout) = Timespec::try_from(left) else { return true };
            if left.is_zero() {
                return true;
            }
            let mut fds = [
                PollFd::new(&*self.shared.stop, PollFlags::IN),
                PollFd::new(&self.shared.wake, PollFlags::IN),
            ];
            match poll(&mut fds, Some(&timeout)) {
                Ok(_) if !fds[0].revents().is_empty() => return false,
                Ok(_) => self.shared.wake.lower(),
                Err(Errno::INTR) => {}
                // Without a poll there is no waiting; the port cannot go on.
                Err(_) => return false,
            }
        }
    }

    /// Carries events and commands until the connection or the port is over.
    fn serve(&mut self) -> Ended {
        let Some(connected) = &mut self.connected else { return Ended::Lost };
        loop {
            match connected.turn(&self.shared) {
                Ok(()) => {}
                Err(Over::Stopped) => return Ended::Stopped,
                Err(_) => return Ended::Lost,
            }
        }
    }
}

impl Connected {
    /// One turn: keep a call waiting for events, wait for something to happen, take it.
    fn turn(&mut self, shared: &Shared) -> Result<(), Over> {
        self.deliver(shared)?;
        let get = GetNotifyV2 { notify: self.port };
        let (opnum, stub) = encode_request(&get).map_err(io::Error::other)?;
        self.session.link_mut().begin_wait(opnum, &stub)?;
        if self.session.link_mut().has_answer()? {
            return Ok(());
        }

        let (readable, woken) = {
            let link = self.session.link_mut();
            let stream = link.stream();
            let mut fds = [
                PollFd::new(&stream, PollFlags::IN),
                PollFd::new(&shared.wake, PollFlags::IN),
                PollFd::new(&*shared.stop, PollFlags::IN),
            ];
            match poll(&mut fds, None) {
                Ok(_) if !fds[2].revents().is_empty() => return Err(Over::Stopped),
                Ok(_) => (!fds[0].revents().is_empty(), !fds[1].revents().is_empty()),
                Err(Errno::INTR) => (false, false),
                Err(error) => return Err(error.into()),
            }
        };
        if readable {
            self.session.link_mut().handle_readable()?;
        }
        if woken {
            shared.wake.lower();
            while let Some(command) = shared.take_command() {
                self.handle_command(shared, command)?;
            }
        }
        Ok(())
    }

    fn handle_command(&mut self, shared: &Shared, command: Command) -> Result<(), Over> {
        let number = shared.state.lock().watches.len();
        let outcome = if number < WATCHES_MAX {
            self.add(number, &command.watch)
        } else {
            Err(CallError::refused(AddNotifyV2::NAME, Status::NOT_ENOUGH_MEMORY))
        };
        if outcome.is_ok() {
            shared.state.lock().watches.push(command.watch);
        }
        let _ = command.answer.send(outcome);
        match self.session.is_usable() {
            true => Ok(()),
            false => Err(io::Error::from(io::ErrorKind::ConnectionReset).into()),
        }
    }

    /// Tells the service of a filter. What only the library knows needs no telling.
    fn add(&mut self, number: usize, watch: &Watch) -> Result<(), CallError> {
        let filter = wire_filter(watch);
        if filter.events == 0 {
            return Ok(());
        }
        let object: ContextHandle = match &watch.object {
            Watched::Cluster => self.session.cluster().into(),
            Watched::Resource(object) => self.session.handle(object)?.into(),
            Watched::Group(object) => self.session.handle(object)?.into(),
            Watched::GroupSet(object) => self.session.handle(object)?.into(),
            Watched::Network(object) => self.session.handle(object)?.into(),
            Watched::NetInterface(object) => self.session.handle(object)?.into(),
            Watched::Node(object) => self.session.handle(object)?.into(),
        };
        let request = AddNotifyV2 {
            notify: self.port,
            object: AnyHandle(object),
            filter,
            // WATCHES_MAX fits.
            notify_key: u32::try_from(number).unwrap_or(u32::MAX),
            version: FILTER_VERSION,
            targeted: !matches!(watch.object, Watched::Cluster),
        };
        self.session.accepted(&request).map(drop)
    }

    /// Moves what the service has told into the queue.
    fn deliver(&mut self, shared: &Shared) -> Result<(), Over> {
        while let Some(answer) = self.session.link_mut().take_answer() {
            let stub = answer.map_err(|fault| io::Error::other(fault.to_string()))?;
            let answer = decode_response::<GetNotifyV2>(&stub, Endian::Little).map_err(io::Error::other)?;
            if answer.status != 0 {
                return Err(io::Error::other(format!("status {}", Status(answer.status))).into());
            }
            let state = shared.state.lock();
            let lost_key = lost_key(&state.watches);
            for notification in answer.notifications.unwrap_or_default() {
                let number = usize::try_from(notification.notify_key).unwrap_or(usize::MAX);
                // A key that nobody gave out belongs to a filter whose adding failed.
                if let Some(watch) = state.watches.get(number) {
                    shared.queue.push(event(watch.key, notification), lost_key);
                }
            }
        }
        Ok(())
    }
}

/// The version of the filters' numbers (MS-CMRP 3.1.4.2.139).
const FILTER_VERSION: u32 = 2;

fn event(key: usize, notification: Notification) -> Event {
    let data = notification.data;
    Event {
        key,
        object_type: data.filter.object_type,
        events: data.filter.events,
        buffer: data.buffer.unwrap_or_default(),
        object_id: data.object_id.unwrap_or_default(),
        parent_id: data.parent_id.unwrap_or_default(),
        name: data.name.unwrap_or_default(),
        type_name: data.type_name.unwrap_or_default(),
    }
}
