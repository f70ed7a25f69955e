//! The tables of handles, one for each kind.
//!
//! The tables belong to one process. A child that fork has made gets new, empty ones: a lock may have been held by
//! a thread that does not exist there, and connections are the parent's. The parent's handles are no handles there, since
//! the kind of a handle carries how many forks deep its process is.

use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};

use mainstay_client::kind;
use mainstay_resutils::handle::HandleTable;
use mainstay_types::Status;

use crate::connection::{Connection, Held};
use crate::enumeration::List;
use crate::enumeration_ex::{ClusterItem, GroupItem, ResourceItem};
use crate::guard::Outcome;
use crate::notify::Port;

/// Handles of one kind that may be open at a time. A program that has so many has forgotten to close them.
const HANDLES_MAX: usize = 1 << 16;

/// A table whose look-ups end in the status for handles.
pub(crate) struct Table<T>(HandleTable<Arc<T>>);

/// All tables of a process.
pub(crate) struct Tables {
    process: u32,
    /// How many forks lie between this process and the first, counted up to what a kind has room for.
    depth: u8,
    pub(crate) clusters: Table<Connection>,
    pub(crate) resources: Table<Held<kind::Resource>>,
    pub(crate) groups: Table<Held<kind::Group>>,
    pub(crate) nodes: Table<Held<kind::Node>>,
    pub(crate) group_sets: Table<Held<kind::GroupSet>>,
    pub(crate) networks: Table<Held<kind::Network>>,
    pub(crate) net_interfaces: Table<Held<kind::NetInterface>>,
    pub(crate) lists: Table<List>,
    pub(crate) cluster_enums_ex: Table<Vec<ClusterItem>>,
    pub(crate) group_enums_ex: Table<Vec<GroupItem>>,
    pub(crate) resource_enums_ex: Table<Vec<ResourceItem>>,
    pub(crate) ports: Table<Port>,
}

impl<T> Table<T> {
    fn new(kind: u8, depth: u8) -> Self {
        Self(HandleTable::new(depth << 4 | kind, HANDLES_MAX))
    }

    /// What the handle names.
    pub(crate) fn get(&self, handle: usize) -> Outcome<Arc<T>> {
        self.0.get(handle).ok_or(Status::INVALID_HANDLE)
    }

    /// A new handle.
    pub(crate) fn insert(&self, held: Arc<T>) -> Outcome<usize> {
        self.0.insert(held).ok_or(Status::NOT_ENOUGH_MEMORY)
    }

    /// Closes a handle.
    pub(crate) fn remove(&self, handle: usize) -> Outcome<Arc<T>> {
        self.0.remove(handle).ok_or(Status::INVALID_HANDLE)
    }
}

impl Tables {
    /// The kinds leave out 0x2 and 0xB, in which those of keys (0x4B) and of a host's resources (0x52) end.
    fn new(process: u32, depth: u8) -> Self {
        Self {
            process,
            depth,
            clusters: Table::new(0x1, depth),
            resources: Table::new(0x3, depth),
            groups: Table::new(0x4, depth),
            nodes: Table::new(0x5, depth),
            lists: Table::new(0x6, depth),
            networks: Table::new(0x7, depth),
            net_interfaces: Table::new(0x8, depth),
            cluster_enums_ex: Table::new(0x9, depth),
            group_enums_ex: Table::new(0xA, depth),
            resource_enums_ex: Table::new(0xC, depth),
            ports: Table::new(0xD, depth),
            group_sets: Table::new(0xE, depth),
        }
    }
}

static TABLES: AtomicPtr<Tables> = AtomicPtr::new(std::ptr::null_mut());

/// The tables of this process.
pub(crate) fn tables() -> &'static Tables {
    let process = std::process::id();
    loop {
        let current = TABLES.load(Ordering::Acquire);
        // SAFETY: the pointer is null or comes from Box::leak below, and what was leaked is never freed.
        let known = unsafe { current.as_ref() };
        if let Some(tables) = known
            && tables.process == process
        {
            return tables;
        }
        // 16 forks deep the kinds begin anew; nobody keeps a handle of so old an ancestor.
        let depth = known.map_or(0, |parent| (parent.depth + 1) % 16);
        let made = Box::into_raw(Box::new(Tables::new(process, depth)));
        if TABLES.compare_exchange(current, made, Ordering::AcqRel, Ordering::Acquire).is_err() {
            // Another thread was faster.
            // SAFETY: nobody else has seen this pointer.
            drop(unsafe { Box::from_raw(made) });
        }
    }
}
