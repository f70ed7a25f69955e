//! What stands behind a cluster's handle and the handles opened through it: a pool of connections.
//!
//! A call takes a connection that nobody uses, or makes one while there are fewer than [`CONNECTIONS_MAX`], or waits. So
//! one that takes long does not hold up the calls of other threads.

use std::cell::RefCell;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use mainstay_client::{CallError, Cluster, Desired, Kind, Local, Opened, Watched};
use mainstay_resutils::wide::{self, Unit};
use mainstay_types::Status;
use parking_lot::{Condvar, Mutex};

use crate::guard::Outcome;
use crate::notify::Port;

/// Connections of one cluster handle at the same time. A connection costs the service a task and a few hundred
/// bytes, and eight calls at a time keep a disk busy.
pub(crate) const CONNECTIONS_MAX: usize = 8;

thread_local! {
    /// Why the function that this thread is in makes its calls.
    static REASON: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The functions that end with a reason: whatever the function without one does, its calls carry it.
///
/// # Safety
/// As [`wide::read_optional`].
pub(crate) unsafe fn because<U: Unit, R>(
    reason: *const U,
    function: impl FnOnce() -> Outcome<R>,
) -> Outcome<R> {
    /// The reason is over with the function, also where that panics.
    struct Over;
    impl Drop for Over {
        fn drop(&mut self) {
            REASON.set(String::new());
        }
    }
    // SAFETY: the caller's promise is that of the function.
    let reason = unsafe { wide::read_optional(reason) }?.unwrap_or_default();
    let _over = Over;
    REASON.set(reason);
    function()
}

/// A cluster that was opened, as all handles share it that come from one OpenCluster.
pub(crate) struct Connection {
    transport: Local,
    granted: u32,
    /// The handle that OpenCluster answered with.
    handle: AtomicUsize,
    pool: Mutex<Vec<Slot>>,
    /// A connection has come free.
    free: Condvar,
    /// The ports that watch this cluster.
    ports: Mutex<Vec<Weak<Port>>>,
}

enum Slot {
    Idle(Box<Cluster>),
    /// In use; and the objects that were closed meanwhile.
    Busy(Vec<Watched>),
}

/// An opened object with the connections to reach it by.
pub(crate) struct Held<K> {
    pub(crate) connection: Arc<Connection>,
    pub(crate) object: Opened<K>,
}

impl Connection {
    /// Connects to the service at a socket and opens the cluster.
    pub(crate) fn open(transport: Local, desired: Desired) -> Result<Self, CallError> {
        let cluster = Cluster::open(transport.clone(), desired)?;
        Ok(Self {
            transport,
            granted: cluster.granted(),
            handle: AtomicUsize::new(0),
            pool: Mutex::new(vec![Slot::Idle(Box::new(cluster))]),
            free: Condvar::new(),
            ports: Mutex::new(Vec::new()),
        })
    }

    pub(crate) fn transport(&self) -> &Local {
        &self.transport
    }

    /// The access of the cluster's handle: GENERIC_READ or GENERIC_ALL.
    pub(crate) fn granted(&self) -> u32 {
        self.granted
    }

    pub(crate) fn handle(&self) -> usize {
        self.handle.load(Ordering::Relaxed)
    }

    pub(crate) fn set_handle(&self, handle: usize) {
        self.handle.store(handle, Ordering::Relaxed);
    }

    /// Makes calls on a connection that nobody else uses meanwhile.
    pub(crate) fn with<R>(&self, calls: impl FnOnce(&mut Cluster) -> Result<R, CallError>) -> Outcome<R> {
        let mut lease = self.lease();
        let cluster = lease.cluster();
        REASON.with_borrow(|reason| cluster.set_reason(reason));
        let answer = calls(cluster);
        cluster.set_reason("");
        answer.map_err(|error| error.status())
    }

    /// Opens an object, and hands it over with this connection.
    pub(crate) fn hold<K: Kind>(
        self: &Arc<Self>,
        open: impl FnOnce(&mut Cluster) -> Result<Opened<K>, CallError>,
    ) -> Outcome<Arc<Held<K>>> {
        let object = self.with(open)?;
        Ok(Arc::new(Held { connection: Arc::clone(self), object }))
    }

    /// Lets every connection forget a closed object, and tells the ports that asked for it.
    pub(crate) fn forget(&self, object: &Watched) {
        let connections = self.pool.lock().len();
        for place in 0..connections {
            let taken = {
                let mut pool = self.pool.lock();
                let taken = take(&mut pool[place]);
                if let (None, Slot::Busy(closed)) = (&taken, &mut pool[place]) {
                    closed.push(object.clone());
                }
                taken
            };
            if taken.is_some() {
                let mut lease = Lease { connection: self, place, cluster: taken };
                close_object(lease.cluster(), object);
            }
        }
        for port in self.ports() {
            port.tell_handle_closed(object);
        }
    }

    /// Remembers a port that watches this cluster.
    pub(crate) fn add_port(&self, port: &Arc<Port>) {
        let mut ports = self.ports.lock();
        ports.retain(|known| known.strong_count() > 0);
        if !ports.iter().any(|known| std::ptr::eq(known.as_ptr(), Arc::as_ptr(port))) {
            ports.push(Arc::downgrade(port));
        }
    }

    fn ports(&self) -> Vec<Arc<Port>> {
        self.ports.lock().iter().filter_map(Weak::upgrade).collect()
    }

    fn lease(&self) -> Lease<'_> {
        let mut pool = self.pool.lock();
        loop {
            let idle = pool.iter().position(|slot| matches!(slot, Slot::Idle(_)));
            if let Some(place) = idle
                && let Some(cluster) = take(&mut pool[place])
            {
                return Lease { connection: self, place, cluster: Some(cluster) };
            }
            if pool.len() < CONNECTIONS_MAX {
                pool.push(Slot::Busy(Vec::new()));
                return Lease { connection: self, place: pool.len() - 1, cluster: None };
            }
            self.free.wait(&mut pool);
        }
    }
}

fn take(slot: &mut Slot) -> Option<Box<Cluster>> {
    match mem::replace(slot, Slot::Busy(Vec::new())) {
        Slot::Idle(cluster) => Some(cluster),
        busy @ Slot::Busy(_) => {
            *slot = busy;
            None
        }
    }
}

fn close_object(cluster: &mut Cluster, object: &Watched) {
    match object {
        Watched::Cluster => {}
        Watched::Resource(object) => cluster.close_object(object),
        Watched::Group(object) => cluster.close_object(object),
        Watched::GroupSet(object) => cluster.close_object(object),
        Watched::Network(object) => cluster.close_object(object),
        Watched::NetInterface(object) => cluster.close_object(object),
        Watched::Node(object) => cluster.close_object(object),
    }
}

/// A connection in use. It goes back when the lease ends.
struct Lease<'c> {
    connection: &'c Connection,
    place: usize,
    /// `None` until it is used for the first time.
    cluster: Option<Box<Cluster>>,
}

impl Lease<'_> {
    fn cluster(&mut self) -> &mut Cluster {
        let Connection { transport, granted, .. } = self.connection;
        self.cluster.get_or_insert_with(|| Box::new(Cluster::with_access(transport.clone(), *granted)))
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Half a conversation may be on it; a new one is made when it is needed.
            self.cluster = None;
        }
        loop {
            let closed = {
                let mut pool = self.connection.pool.lock();
                match &mut pool[self.place] {
                    Slot::Busy(closed) if !closed.is_empty() => mem::take(closed),
                    slot => {
                        self.cluster();
                        if let Some(cluster) = self.cluster.take() {
                            *slot = Slot::Idle(cluster);
                        }
                        break;
                    }
                }
            };
            for object in &closed {
                close_object(self.cluster(), object);
            }
        }
        self.connection.free.notify_one();
    }
}

/// Two handles that a call names together have to come from the same OpenCluster.
pub(crate) fn same(one: &Arc<Connection>, other: &Arc<Connection>) -> Outcome<()> {
    if Arc::ptr_eq(one, other) { Ok(()) } else { Err(Status::INVALID_PARAMETER) }
}
