//! Notification ports, version 2.
//!
//! ```text
//!   Empty ── first filter of a cluster ──▶ Attached ──▶ Closed
//!     └───────────────────────────────────────────────────▲
//! ```

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mainstay_client::{Event, NoEvent, NotifyPort, WATCHES_MAX, Watch, Watched, filter};
use mainstay_resutils::wide::{self, Unit};
use mainstay_types::{NetworkInterfaceState, Status};
use parking_lot::{Condvar, Mutex};

use crate::connection::Connection;
use crate::guard::Outcome;
use crate::memory;
use crate::tables::tables;

/// INVALID_HANDLE_VALUE: no port yet, or no cluster yet.
const NONE: usize = usize::MAX;

/// INFINITE.
const INFINITE: u32 = u32::MAX;

/// NOTIFY_FILTER_AND_TYPE.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct FilterAndType {
    object_type: u32,
    events: i64,
}

/// A port, with the connection that it has once it watches a cluster.
pub(crate) struct Port {
    state: Mutex<State>,
    changed: Condvar,
}

enum State {
    Empty,
    Attached { socket: std::path::PathBuf, port: Arc<NotifyPort> },
    Closed,
}

impl Port {
    fn new() -> Self {
        Self { state: Mutex::new(State::Empty), changed: Condvar::new() }
    }

    /// The port's connection; made for this cluster if there is none. One port watches one cluster.
    fn attach(self: &Arc<Self>, connection: &Connection) -> Outcome<Arc<NotifyPort>> {
        let socket = connection.transport().path();
        let mut state = self.state.lock();
        let port = match &*state {
            State::Closed => return Err(Status::INVALID_HANDLE),
            State::Attached { socket: known, port } if known == socket => Arc::clone(port),
            State::Attached { .. } => return Err(Status::INVALID_PARAMETER),
            State::Empty => {
                let port = with_signals_blocked(|| NotifyPort::open(socket));
                let port = Arc::new(port.map_err(|error| error.status())?);
                *state = State::Attached { socket: socket.to_owned(), port: Arc::clone(&port) };
                self.changed.notify_all();
                port
            }
        };
        drop(state);
        connection.add_port(self);
        Ok(port)
    }

    /// The port's connection; waits until there is one.
    fn attached(&self, deadline: Option<Instant>) -> Outcome<Arc<NotifyPort>> {
        let mut state = self.state.lock();
        loop {
            match (&*state, deadline) {
                (State::Attached { port, .. }, _) => return Ok(Arc::clone(port)),
                (State::Closed, _) => return Err(Status::INVALID_HANDLE),
                (State::Empty, None) => self.changed.wait(&mut state),
                (State::Empty, Some(deadline)) => {
                    if self.changed.wait_until(&mut state, deadline).timed_out()
                        && matches!(*state, State::Empty)
                    {
                        return Err(Status::WAIT_TIMEOUT);
                    }
                }
            }
        }
    }

    fn close(&self) {
        let state = std::mem::replace(&mut *self.state.lock(), State::Closed);
        self.changed.notify_all();
        if let State::Attached { port, .. } = state {
            port.close();
        }
    }

    /// Tells those who asked for it that a handle was closed.
    pub(crate) fn tell_handle_closed(&self, object: &Watched) {
        let port = match &*self.state.lock() {
            State::Attached { port, .. } => Arc::clone(port),
            State::Empty | State::Closed => return,
        };
        port.tell_handle_closed(object);
    }
}

/// Makes a port's thread inherit a mask in which every signal is blocked: signals are the host program's affair.
fn with_signals_blocked<R>(make: impl FnOnce() -> R) -> R {
    let mut all = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    let mut before = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigfillset initialises the set, and pthread_sigmask reads it and writes the old one.
    let blocked = unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr()) == 0
    };
    let made = make();
    if blocked {
        // SAFETY: the old set was written above.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), std::ptr::null_mut()) };
    }
    made
}

/// CreateClusterNotifyPortV2: makes a port, or adds filters to one.
///
/// # Safety
/// `filters` is null or has `count` readable structures.
pub(crate) unsafe fn create(
    port: usize,
    cluster: usize,
    filters: *const FilterAndType,
    count: u32,
    key: usize,
) -> Outcome<usize> {
    let count = count as usize;
    if (filters.is_null() && count > 0) || count > WATCHES_MAX {
        return Err(Status::INVALID_PARAMETER);
    }
    // SAFETY: not null, and the caller promised so many structures.
    let filters: Vec<_> = (0..count).map(|place| unsafe { filters.add(place).read_unaligned() }).collect();
    let connection = match cluster {
        NONE if filters.is_empty() || port == NONE => None,
        NONE => return Err(Status::INVALID_HANDLE),
        handle => Some(tables().clusters.get(handle)?),
    };
    let (handle, port, new) = match port {
        NONE => {
            let port = Arc::new(Port::new());
            (tables().ports.insert(Arc::clone(&port))?, port, true)
        }
        handle => (handle, tables().ports.get(handle)?, false),
    };
    let watched = match connection {
        None => Ok(()),
        Some(connection) => watch_all(&port, &connection, &filters, key),
    };
    if let Err(status) = watched {
        if new {
            let _ = close(handle);
        }
        return Err(status);
    }
    Ok(handle)
}

fn watch_all(
    port: &Arc<Port>,
    connection: &Connection,
    filters: &[FilterAndType],
    key: usize,
) -> Outcome<()> {
    let port = port.attach(connection)?;
    for filter in filters {
        watch(&port, Watched::Cluster, *filter, key)?;
    }
    Ok(())
}

fn watch(port: &NotifyPort, object: Watched, filter: FilterAndType, key: usize) -> Outcome<()> {
    let watch = Watch { object, object_type: filter.object_type, events: filter.events, key };
    port.watch(watch).map_err(|error| error.status())
}

/// RegisterClusterNotifyV2: adds a filter on one object. The handle of a cluster stands for the cluster itself, or for
/// all objects of the filter's type.
pub(crate) fn register(port: usize, filter: FilterAndType, object: usize, key: usize) -> Outcome<()> {
    let port = tables().ports.get(port)?;
    let (connection, object) = watched(filter.object_type, object)?;
    watch(&*port.attach(&connection)?, object, filter, key)
}

fn watched(object_type: u32, object: usize) -> Outcome<(Arc<Connection>, Watched)> {
    let tables = tables();
    if let Ok(connection) = tables.clusters.get(object) {
        return Ok((connection, Watched::Cluster));
    }
    match object_type {
        filter::RESOURCE => {
            let held = tables.resources.get(object)?;
            Ok((Arc::clone(&held.connection), Watched::Resource(held.object.clone())))
        }
        filter::GROUP => {
            let held = tables.groups.get(object)?;
            Ok((Arc::clone(&held.connection), Watched::Group(held.object.clone())))
        }
        filter::GROUP_SET => {
            let held = tables.group_sets.get(object)?;
            Ok((Arc::clone(&held.connection), Watched::GroupSet(held.object.clone())))
        }
        filter::NETWORK => {
            let held = tables.networks.get(object)?;
            Ok((Arc::clone(&held.connection), Watched::Network(held.object.clone())))
        }
        filter::NET_INTERFACE => {
            let held = tables.net_interfaces.get(object)?;
            Ok((Arc::clone(&held.connection), Watched::NetInterface(held.object.clone())))
        }
        filter::NODE => {
            let held = tables.nodes.get(object)?;
            Ok((Arc::clone(&held.connection), Watched::Node(held.object.clone())))
        }
        _ => Err(Status::INVALID_HANDLE),
    }
}

/// CloseClusterNotifyPort. Who waits on the port is told that its handle is closed.
pub(crate) fn close(port: usize) -> Outcome<()> {
    tables().ports.remove(port)?.close();
    Ok(())
}

/// Where GetClusterNotifyV2 writes.
///
/// Safety: each buffer is null or has the room that its size says; the sizes, the key and the filter are null or
/// writable.
pub(crate) struct Places<U> {
    pub(crate) key: *mut usize,
    pub(crate) filter: *mut FilterAndType,
    pub(crate) buffer: *mut u8,
    pub(crate) buffer_size: *mut u32,
    pub(crate) object_id: (*mut U, *mut u32),
    pub(crate) parent_id: (*mut U, *mut u32),
    pub(crate) name: (*mut U, *mut u32),
    pub(crate) type_name: (*mut U, *mut u32),
}

/// GetClusterNotifyV2: one event. A buffer that is too small answers 234 with all sizes, and the event stays.
///
/// # Safety
/// As [`Places`] says.
pub(crate) unsafe fn next<U: Unit>(port: usize, places: &Places<U>, milliseconds: u32) -> Outcome<()> {
    let port = tables().ports.get(port)?;
    let deadline = match milliseconds {
        INFINITE => None,
        milliseconds => Some(Instant::now() + Duration::from_millis(u64::from(milliseconds))),
    };
    let port = port.attached(deadline)?;
    let shown = port.next(deadline, |event| {
        // SAFETY: the caller's promise is that of the function.
        let written = unsafe { write_event(event, places) };
        (written, written.is_ok())
    });
    match shown {
        Ok(written) => written,
        Err(NoEvent::TimedOut) => Err(Status::WAIT_TIMEOUT),
        Err(NoEvent::Closed) => Err(Status::INVALID_HANDLE),
    }
}

/// # Safety
/// As [`Places`] says.
unsafe fn write_event<U: Unit>(event: &Event, places: &Places<U>) -> Outcome<()> {
    let texts = [
        (&event.object_id, places.object_id),
        (&event.parent_id, places.parent_id),
        (&event.name, places.name),
        (&event.type_name, places.type_name),
    ];
    // SAFETY: the caller's promise is that of the functions.
    unsafe {
        let mut outcome = wanted_bytes(&value_of(event), places.buffer, places.buffer_size);
        for (text, (buffer, length)) in texts {
            outcome = memory::both(outcome, wanted_text(text, buffer, length));
        }
        outcome?;
        wide::write_optional(places.key, event.key);
        let filter = FilterAndType { object_type: event.object_type, events: event.events };
        wide::write_optional(places.filter, filter);
    }
    Ok(())
}

/// An event's value in the numbers of clusapi.h: for the state of a network interface the protocol has others.
fn value_of(event: &Event) -> Cow<'_, [u8]> {
    let is_state = (event.object_type, event.events) == (filter::NET_INTERFACE, filter::NET_INTERFACE_STATE);
    let number = event.buffer.as_slice().try_into().map(u32::from_le_bytes);
    match number.ok().filter(|_| is_state).and_then(NetworkInterfaceState::from_wire_number) {
        Some(state) => Cow::Owned(state.number().to_le_bytes().to_vec()),
        None => Cow::Borrowed(&event.buffer),
    }
}

/// Writes a text that the caller wants. Unlike elsewhere, a size without a buffer wants the text too: who asks for the
/// sizes first must not lose the event by it.
///
/// # Safety
/// As [`wide::write_counted`].
unsafe fn wanted_text<U: Unit>(text: &str, buffer: *mut U, length: *mut u32) -> Outcome<()> {
    // SAFETY: the caller's promise is that of the function.
    unsafe { memory::write_text(text, buffer, length) }?;
    if buffer.is_null() && !length.is_null() { Err(Status::MORE_DATA) } else { Ok(()) }
}

/// Writes bytes that the caller wants, likewise; no bytes need no buffer.
///
/// # Safety
/// As [`wide::write_bytes`].
unsafe fn wanted_bytes(bytes: &[u8], buffer: *mut u8, size: *mut u32) -> Outcome<()> {
    // SAFETY: the caller's promise is that of the function.
    unsafe { wide::write_bytes(bytes, buffer.cast(), size) }?;
    let wanted = buffer.is_null() && !size.is_null() && !bytes.is_empty();
    if wanted { Err(Status::MORE_DATA) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_of_interfaces_have_the_headers_numbers() {
        let event = |object_type, events, buffer: &[u8]| Event {
            key: 0,
            object_type,
            events,
            buffer: buffer.to_vec(),
            object_id: String::new(),
            parent_id: String::new(),
            name: String::new(),
            type_name: String::new(),
        };
        let interface = filter::NET_INTERFACE;
        let number = |number: u32| number.to_le_bytes().to_vec();
        for (object_type, events, sent, told) in [
            (interface, filter::NET_INTERFACE_STATE, number(0), number(1)),
            (interface, filter::NET_INTERFACE_STATE, number(1), number(2)),
            (interface, filter::NET_INTERFACE_STATE, number(2), number(0)),
            (interface, filter::NET_INTERFACE_STATE, number(3), number(3)),
            // What no state has, and what is none, stays what it is.
            (interface, filter::NET_INTERFACE_STATE, number(4), number(4)),
            (interface, filter::NET_INTERFACE_STATE, vec![2], vec![2]),
            (interface, 0x2, number(2), number(2)),
            (filter::NETWORK, 0x8, number(2), number(2)),
        ] {
            let event = event(object_type, events, &sent);
            assert_eq!(*value_of(&event), *told, "{object_type} {events} {sent:?}");
        }
    }
}
