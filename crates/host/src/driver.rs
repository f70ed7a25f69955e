//! What the host decides: which call into a type is made when, and what is reported.
//!
//! Pure: messages, returned calls, words of resources and the time come in, [`Action`]s come out, for `shell` to
//! carry out in their order. It calls no type and touches no clock, socket or thread.
//!
//! ```text
//!   one resource
//!                  Open                       Online                     Offline
//!     (not held) ────────► Opening ─► Offline ────────► Online ◄────┐ ───────────► (busy) ─► looks at the leaf
//!                             │                           │         │ veto            │            │
//!                             ▼ failed: not held          ▼         └─────────────────┤            ▼
//!                                                       Failed ◄──────────────────────┘         Offline
//!
//!   one order
//!     (queued) ─► Waiting ─► Calling ─► Pending ─► Looking ─► ended, remembered, reported until acknowledged
//!                    └───────────┴─────────┴───────────┴──── Terminate: ended as cancelled
//!
//!   Terminate
//!     Terminate called, and the cancelled call has returned ─► the leaf is cleared ─► ended
//! ```
//!
//! One resource has one ordinary call at a time, and beside it at most one Terminate. A call that does not return
//! within the resource's DeadlockTimeout is reported once, and waited for nevertheless: replacing the host is the
//! service's to decide.

mod calls;
mod health;
mod inbox;
mod orders;
mod reports;
mod resource;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use mainstay_ipc::host::FromHost;
use mainstay_types::order::{Cause, KeptNote, Opening, OrderId, Outcome, QueryAnswer, RESOURCE_CONTROL};
use mainstay_types::{
    ClusterId, Epoch, GroupId, HostId, Name, NodeId, OfflineFlags, OfflineReason, OnlineFlags, ResourceId,
};

use crate::resource_type::{Completion, Failure, Found, NoteNumber, OperationNumber};
use reports::Reports;
use resource::HeldResource;

/// How many ended orders of a resource are answered from memory. An operation has at most six steps, and the
/// service repeats only what it has not committed.
pub const ORDERS_REMEMBERED: usize = 32;

/// How many orders of resources that are no longer held are answered from memory, the last ones of all together.
pub const ORDERS_REMEMBERED_GONE: usize = 8192;

/// How many orders may wait behind the one that is carried out. The service sends the next one when it knows the end
/// of the one before; more than a few are its mistake.
pub const ORDERS_QUEUED_MAX: usize = 8;

/// How many resources one host holds. The design's largest node has some thousands.
pub const RESOURCES_MAX: usize = 65_536;

/// How many queries may be unanswered at once; beyond that the answer is ERROR_BUSY.
pub const QUERIES_MAX: usize = 1024;

/// How long a call may take when the opening names no DeadlockTimeout (MS-CMRP: 5 minutes).
pub const DEADLOCK_TIMEOUT_DEFAULT: Duration = Duration::from_secs(300);

/// The shortest interval of health checks; what is set shorter would leave no time for anything else.
pub const HEALTH_INTERVAL_MIN: Duration = Duration::from_millis(10);

/// A call into a type, by the host's own count.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CallNumber(pub u64);

/// One life of a resource in this host, from Open to Close.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Instance(pub u64);

/// Which workers make a call. They are kept apart, so that calls of one kind that hang leave workers for the others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Lane {
    /// Online, Offline and what belongs to them.
    Orders,
    /// Terminate, which must get through when everything else hangs.
    Urgent,
    /// LooksAlive, IsAlive.
    Health,
    /// Controls and checks.
    Queries,
}

/// A call to make.
#[derive(Clone, PartialEq, Debug)]
pub enum Call {
    /// Find the type, clear the leaf unless something is to be recovered, open.
    Open(Box<Opening>),
    /// Bring online.
    Online {
        /// The operation that it may report on.
        operation: OperationNumber,
        /// The caller's flags.
        flags: OnlineFlags,
        /// The caller's instructions.
        buffer: Vec<u8>,
        /// What the cluster keeps for the resource.
        note: Option<KeptNote>,
    },
    /// Take offline.
    Offline {
        /// The operation that it may report on.
        operation: OperationNumber,
        /// The caller's flags.
        flags: OfflineFlags,
        /// Why.
        reason: OfflineReason,
        /// The caller's instructions.
        buffer: Vec<u8>,
        /// Where it is moving.
        destination: Option<Name>,
        /// The service stops it since it has failed inside.
        due_to_embedded_failure: bool,
    },
    /// Is the leaf empty?
    Look,
    /// Stop at once.
    Terminate,
    /// Kill what is in the leaf, and wait until it is empty.
    Clear,
    /// Quick check.
    LooksAlive,
    /// Thorough check.
    IsAlive,
    /// New properties.
    Configure(Box<Opening>),
    /// Forget.
    Close,
    /// Could it go offline?
    CheckOffline {
        /// The query.
        query: u64,
        /// The caller's flags.
        flags: OfflineFlags,
        /// The caller's instructions.
        buffer: Vec<u8>,
    },
    /// A control code to the resource.
    ResourceControl {
        /// The query.
        query: u64,
        /// The code.
        code: u32,
        /// The input.
        input: Vec<u8>,
        /// How much the caller can take.
        output_length_max: u32,
    },
    /// A control code to a type.
    TypeControl {
        /// The query.
        query: u64,
        /// The type.
        type_name: Name,
        /// Its library.
        library: Option<String>,
        /// The code.
        code: u32,
        /// The input.
        input: Vec<u8>,
        /// How much the caller can take.
        output_length_max: u32,
    },
}

impl Call {
    /// The entry point's name, as the contract has it.
    pub fn entry_point(&self) -> &'static str {
        match self {
            Call::Open(_) => "Open",
            Call::Online { .. } => "Online",
            Call::Offline { .. } => "Offline",
            Call::Look => "the look at the leaf",
            Call::Terminate => "Terminate",
            Call::Clear => "the clearing of the leaf",
            Call::LooksAlive => "LooksAlive",
            Call::IsAlive => "IsAlive",
            Call::Configure(_) => "Configure",
            Call::Close => "Close",
            Call::CheckOffline { .. } | Call::ResourceControl { .. } => RESOURCE_CONTROL,
            Call::TypeControl { .. } => "ResourceTypeControl",
        }
    }

    /// Who makes it.
    pub fn lane(&self) -> Lane {
        match self {
            Call::Terminate | Call::Clear => Lane::Urgent,
            Call::LooksAlive | Call::IsAlive => Lane::Health,
            Call::CheckOffline { .. } | Call::ResourceControl { .. } | Call::TypeControl { .. } => {
                Lane::Queries
            }
            _ => Lane::Orders,
        }
    }
}

/// What came back from a call.
#[derive(Clone, PartialEq, Debug)]
pub enum Returned {
    /// From Open.
    Opened(Result<Found, Cause>),
    /// From Online and Offline.
    Operation(Result<Completion, Failure>),
    /// From Look and Clear: empty, or why not.
    Looked(Result<(), Cause>),
    /// From Terminate.
    Terminated(Result<(), Cause>),
    /// From LooksAlive.
    LooksAlive(bool),
    /// From IsAlive.
    IsAlive(Result<(), Cause>),
    /// From Configure and Close.
    Nothing,
    /// From a query.
    Answered(QueryAnswer),
}

/// A call with everything that is needed to make it.
#[derive(Clone, PartialEq, Debug)]
pub struct Issue {
    /// Its number, for [`HostCore::handle_returned`].
    pub number: CallNumber,
    /// The resource, unless it is a type's control.
    pub resource: Option<(ResourceId, Instance)>,
    /// The epoch under which the resource is held.
    pub epoch: Epoch,
    /// The call.
    pub call: Call,
}

/// What is to be done.
#[derive(Clone, PartialEq, Debug)]
pub enum Action {
    /// Say something to the service. May be dropped if it is chatter and the service does not listen.
    Send {
        /// To whom.
        connection: u64,
        /// What.
        message: FromHost,
    },
    /// Say a last thing, if any, and close the connection.
    Dismiss {
        /// Whom.
        connection: u64,
        /// What.
        message: Option<FromHost>,
    },
    /// Make a call on a worker.
    Call(Issue),
    /// Tell this operation's handle that Terminate has overtaken it. Comes before the call of Terminate.
    Cancel(ResourceId, OperationNumber),
    /// Tell this resource what became of what it wanted kept.
    NoteEnded(ResourceId, NoteNumber, Result<(), Cause>),
    /// The resource is no longer held.
    Forget(ResourceId, Instance),
    /// End: nothing is held any more.
    Exit,
}

#[derive(Debug)]
struct Outstanding {
    resource: Option<(ResourceId, Instance)>,
    entry_point: &'static str,
    deadline: Option<Instant>,
    /// For a query: who asked.
    asker: Option<u64>,
}

/// The host's mind.
#[derive(Debug)]
pub struct HostCore {
    cluster: ClusterId,
    host: HostId,
    pid: u32,
    connection: Option<u64>,
    session: u64,
    epochs: BTreeMap<GroupId, Epoch>,
    /// The number of each node's newest operation whose order came here.
    newest: BTreeMap<NodeId, u64>,
    resources: BTreeMap<ResourceId, HeldResource>,
    gone: VecDeque<(ResourceId, OrderId, Outcome)>,
    reports: Reports,
    calls: BTreeMap<CallNumber, Outstanding>,
    queries: usize,
    counter: u64,
    /// No deadline and no check is earlier than this.
    wakes_at: Option<Instant>,
}

impl HostCore {
    /// A host that holds nothing yet.
    pub fn new(cluster: ClusterId, host: HostId, pid: u32) -> Self {
        HostCore {
            cluster,
            host,
            pid,
            connection: None,
            session: 0,
            epochs: BTreeMap::new(),
            newest: BTreeMap::new(),
            resources: BTreeMap::new(),
            gone: VecDeque::new(),
            reports: Reports::default(),
            calls: BTreeMap::new(),
            queries: 0,
            counter: 0,
            wakes_at: None,
        }
    }

    /// When [`HostCore::handle_time`] wants to be called at the latest. It may then find that there is nothing to do: what
    /// a thousand resources wait for is gone through only there.
    pub fn next_time(&self) -> Option<Instant> {
        debug_assert!(
            self.earliest().is_none_or(|earliest| self.wakes_at.is_some_and(|time| time <= earliest)),
            "something is due before anybody looks"
        );
        self.wakes_at
    }

    fn earliest(&self) -> Option<Instant> {
        let calls = self.calls.values().filter_map(|call| call.deadline);
        let checks = self.resources.values().filter_map(HeldResource::next_check);
        calls.chain(checks).min()
    }

    fn wake_at(&mut self, time: Option<Instant>) {
        self.wakes_at = [self.wakes_at, time].into_iter().flatten().min();
    }

    /// Time has passed.
    pub fn handle_time(&mut self, now: Instant) -> Vec<Action> {
        let mut actions = Vec::new();
        self.report_deadlocks(now, &mut actions);
        let due: Vec<ResourceId> = self
            .resources
            .iter()
            .filter(|(_, held)| held.next_check().is_some_and(|time| time <= now))
            .map(|(resource, _)| *resource)
            .collect();
        for resource in due {
            self.pump(resource, now, &mut actions);
        }
        self.wakes_at = self.earliest();
        actions
    }

    fn count(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }
}
