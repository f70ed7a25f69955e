//! Notification ports: what changes in the cluster, as it changes.
//!
//! A port has a connection and a thread of its own, since it waits all the time and nobody else should. It owns a
//! bounded queue of events; who does not read them in time is told that some were lost. After a lost connection it
//! connects again by itself, watches what it watched, and says so.
//!
//! ```text
//!   caller ── watch ──▶ commands ──▶ ┌────────┐ ── AddNotifyV2 ──▶ service
//!                                    │ thread │ ── GetNotifyV2 ──▶ (one is always waiting there)
//!   caller ◀── next ── queue ◀────── └────────┘ ◀── events ───────
//! ```

mod link;
mod pump;
mod queue;
mod signal;

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use mainstay_cmrp::notify::NotifyFilter;
use mainstay_rpc::ConnectOptions;
use mainstay_types::Status;
use parking_lot::Mutex;

use crate::CallError;
use crate::object::{Group, GroupSet, NetInterface, Network, Node, Resource};
use pump::{Command, Shared};

/// What happens to clusters and objects: the types of objects (CLUSTER_OBJECT_TYPE) and the events that the library
/// makes by itself, because only it knows of them.
pub mod filter {
    /// CLUSTER_OBJECT_TYPE_CLUSTER.
    pub const CLUSTER: u32 = 1;
    /// CLUSTER_OBJECT_TYPE_GROUP.
    pub const GROUP: u32 = 2;
    /// CLUSTER_OBJECT_TYPE_RESOURCE.
    pub const RESOURCE: u32 = 3;
    /// CLUSTER_OBJECT_TYPE_NETWORK_INTERFACE.
    pub const NET_INTERFACE: u32 = 5;
    /// CLUSTER_OBJECT_TYPE_NETWORK.
    pub const NETWORK: u32 = 6;
    /// CLUSTER_OBJECT_TYPE_NODE.
    pub const NODE: u32 = 7;
    /// CLUSTER_OBJECT_TYPE_GROUPSET.
    pub const GROUP_SET: u32 = 13;

    /// CLUSTER_CHANGE_CLUSTER_RECONNECT_V2: the connection is there again.
    pub const CLUSTER_RECONNECT: i64 = 0x1;
    /// CLUSTER_CHANGE_CLUSTER_STATE_V2: the connection was lost.
    pub const CLUSTER_STATE: i64 = 0x2;
    /// CLUSTER_CHANGE_CLUSTER_LOST_NOTIFICATIONS_V2: events were lost here.
    pub const CLUSTER_LOST_NOTIFICATIONS: i64 = 0x200;

    /// CLUSTER_CHANGE_NETINTERFACE_STATE_V2: a network interface has another state.
    pub const NET_INTERFACE_STATE: i64 = 0x8;

    /// The event that a handle to such an object was closed; 0 for types that have no handles.
    pub fn handle_close(object_type: u32) -> i64 {
        match object_type {
            CLUSTER => 0x8,
            GROUP | RESOURCE => 0x200,
            NODE => 0x80,
            GROUP_SET => 0x100,
            NETWORK | NET_INTERFACE => 0x10,
            _ => 0,
        }
    }

    /// The events that a service neither takes nor sends.
    pub(super) fn made_here(object_type: u32) -> i64 {
        let connection = if object_type == CLUSTER { CLUSTER_RECONNECT | CLUSTER_STATE } else { 0 };
        connection | handle_close(object_type)
    }
}

/// The most filters that one port holds; each costs the service memory too.
pub const WATCHES_MAX: usize = 4096;

/// What a filter looks at.
#[derive(Clone, Debug)]
pub enum Watched {
    /// The cluster, or all objects of the filter's type.
    Cluster,
    /// One resource.
    Resource(Resource),
    /// One group.
    Group(Group),
    /// One group set.
    GroupSet(GroupSet),
    /// One network.
    Network(Network),
    /// One network interface.
    NetInterface(NetInterface),
    /// One node.
    Node(Node),
}

impl Watched {
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Cluster, Self::Cluster) => true,
            (Self::Resource(a), Self::Resource(b)) => a.key() == b.key(),
            (Self::Group(a), Self::Group(b)) => a.key() == b.key(),
            (Self::GroupSet(a), Self::GroupSet(b)) => a.key() == b.key(),
            (Self::Network(a), Self::Network(b)) => a.key() == b.key(),
            (Self::NetInterface(a), Self::NetInterface(b)) => a.key() == b.key(),
            (Self::Node(a), Self::Node(b)) => a.key() == b.key(),
            _ => false,
        }
    }

    fn id(&self) -> &str {
        match self {
            Self::Cluster => "",
            Self::Resource(object) => object.id(),
            Self::Group(object) => object.id(),
            Self::GroupSet(object) => object.id(),
            Self::Network(object) => object.id(),
            Self::NetInterface(object) => object.id(),
            Self::Node(object) => object.id(),
        }
    }
}

/// A filter: what to look at, and what to tell.
#[derive(Clone, Debug)]
pub struct Watch {
    /// What is looked at.
    pub object: Watched,
    /// CLUSTER_OBJECT_TYPE.
    pub object_type: u32,
    /// The events asked for, as CLUSTER_CHANGE_*_V2 bits of that type.
    pub events: i64,
    /// A value of the caller's own that comes back with each event.
    pub key: usize,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The value that came with the filter.
    pub key: usize,
    /// CLUSTER_OBJECT_TYPE.
    pub object_type: u32,
    /// The one event, as a CLUSTER_CHANGE_*_V2 bit of that type.
    pub events: i64,
    /// The new value: a state, an id, or a property list, depending on the event.
    pub buffer: Vec<u8>,
    /// Id of the object; for one that the library made itself, the object whose handle was closed.
    pub object_id: String,
    /// Id of what the object belongs to; empty for none.
    pub parent_id: String,
    /// Name of the object.
    pub name: String,
    /// Resource type of a resource; empty for others.
    pub type_name: String,
}

impl Event {
    fn made_here(key: usize, object_type: u32, events: i64, object_id: &str) -> Self {
        Self {
            key,
            object_type,
            events,
            buffer: Vec::new(),
            object_id: object_id.to_owned(),
            parent_id: String::new(),
            name: String::new(),
            type_name: String::new(),
        }
    }
}

/// How a wait for an event ended without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoEvent {
    /// The time was over.
    TimedOut,
    /// The port was closed.
    Closed,
}

/// A notification port. Dropping it closes it.
#[derive(Debug)]
pub struct NotifyPort {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl NotifyPort {
    /// Connects to the service that listens at `socket`, makes a port there, and starts the port's thread.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn open(socket: impl Into<PathBuf>) -> Result<Self, CallError> {
        let socket = socket.into();
        let no_resource = |error: std::io::Error| CallError::BadArguments {
            operation: "CreateNotifyV2",
            detail: error.to_string(),
        };
        let shared = Arc::new(Shared::new().map_err(no_resource)?);
        let mut pump = pump::Pump::new(socket, ConnectOptions::default(), Arc::clone(&shared));
        pump.connect()?;
        let thread = std::thread::Builder::new()
            .name("mainstay-notify".to_owned())
            .spawn(move || pump.run())
            .map_err(no_resource)?;
        Ok(Self { shared, thread: Mutex::new(Some(thread)) })
    }

    /// Adds a filter. When this returns, whatever happens from now on is told.
    ///
    /// # Errors
    ///
    /// See [`CallError`]. 87 for a filter without events; 1722 while the connection is lost.
    pub fn watch(&self, watch: Watch) -> Result<(), CallError> {
        const CALL: &str = "AddNotifyV2";
        if watch.events == 0 {
            return Err(CallError::refused(CALL, Status::INVALID_PARAMETER));
        }
        let (answer, answered) = std::sync::mpsc::sync_channel(1);
        if !self.shared.push_command(Command { watch, answer }) {
            return Err(CallError::refused(CALL, Status::INVALID_HANDLE));
        }
        // The thread answers every command, and drops those it leaves behind when it ends.
        answered.recv().unwrap_or_else(|_| Err(CallError::refused(CALL, Status::INVALID_HANDLE)))
    }

    /// Waits for the next event until `deadline`, `None` for ever, and shows it to `take`. The event is gone only if
    /// `take` says `true`; otherwise it stays the next one.
    ///
    /// # Errors
    ///
    /// See [`NoEvent`].
    pub fn next<R>(
        &self,
        deadline: Option<Instant>,
        take: impl FnOnce(&Event) -> (R, bool),
    ) -> Result<R, NoEvent> {
        self.shared.queue.next(deadline, take)
    }

    /// Tells those who asked for it that a handle was closed.
    pub fn tell_handle_closed(&self, object: &Watched) {
        self.shared.tell_handle_closed(object);
    }

    /// Closes the port: who waits on it is told so, and its thread ends.
    pub fn close(&self) {
        self.shared.close();
        if let Some(thread) = self.thread.lock().take() {
            // A thread that panicked has nothing left to say.
            let _ = thread.join();
        }
    }
}

impl Drop for NotifyPort {
    fn drop(&mut self) {
        self.close();
    }
}

fn wire_filter(watch: &Watch) -> NotifyFilter {
    NotifyFilter {
        object_type: watch.object_type,
        events: watch.events & !filter::made_here(watch.object_type),
    }
}
