//! What the engine is told.

use std::collections::BTreeSet;
use std::fmt;

use mainstay_store::{KeyValue, Revision};
use mainstay_types::offer::Offer;
use mainstay_types::order::{Cause, Held, OrderId, QueryAnswer, Report};
use mainstay_types::{Epoch, GroupId, HostId, OperationId, ResourceId};

use crate::command::Call;
use crate::network::Adapter;

/// The time of an input. The engine never asks a clock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Now {
    /// Milliseconds of a clock that only goes forward, suspended time included. All waits count in it.
    pub steady_ms: u64,
    /// Milliseconds of Unix time, for people. Nothing is decided by it.
    pub unix_ms: u64,
}

/// The engine's number for a transaction that it asked to have committed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CommitId(pub u64);

/// The service's number for a call that waits for an answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CallId(pub u64);

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One thing that happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// The service has started. The first input, and given once; calls may follow at once.
    Started(Box<Start>),
    /// Every host that was found at the start has been heard or given up. What no host holds may now be decided.
    Settled,
    /// Somebody asks for something.
    Call(Box<Call>),
    /// The caller is gone; its answer is not needed. What was accepted goes on.
    CallerGone(CallId),
    /// What became of a transaction.
    Committed {
        /// Which.
        commit: CommitId,
        /// What.
        outcome: CommitOutcome,
    },
    /// The journal has made the record of an ended operation durable.
    Journaled(OperationId),
    /// A host is there and has said what it holds. After a loss, or for the first time.
    HostConnected {
        /// Which.
        host: HostId,
        /// Its process.
        pid: u32,
        /// Everything that it holds.
        held: Vec<Held>,
        /// Of each node, the newest operation whose order came there.
        newest: Vec<OperationId>,
    },
    /// An order surely did not reach its host, which is ending; HostEnded follows.
    OrderUnsent {
        /// Which host.
        host: HostId,
        /// The order's resource.
        resource: ResourceId,
        /// Which order.
        order: OrderId,
    },
    /// The host's process has ended, or was never there.
    HostEnded {
        /// Which.
        host: HostId,
        /// How, in words.
        cause: Cause,
    },
    /// The host's process is there, but does not answer the connection.
    HostSilent(HostId),
    /// A host tells something.
    HostReport {
        /// Which.
        host: HostId,
        /// What.
        report: Report,
    },
    /// A host answers a query.
    HostAnswer {
        /// Which.
        host: HostId,
        /// What.
        answer: QueryAnswer,
    },
    /// A host answers a ping.
    HostPong {
        /// Which.
        host: HostId,
        /// The ping's nonce.
        nonce: u64,
    },
    /// The guard has done a hard stop, or could not.
    HardStopped {
        /// The resource whose leaf it was.
        resource: ResourceId,
        /// The epoch up to which the leaf is closed.
        epoch: Epoch,
        /// Whether nothing is left there.
        empty: bool,
    },
    /// The guard has looked into a leaf.
    Looked {
        /// The resource whose leaf it is.
        resource: ResourceId,
        /// What it saw.
        leaf: LeafSeen,
    },
    /// What became of a backup: the file that it is in, or why there is none.
    BackedUp {
        /// The operation.
        operation: OperationId,
        /// The file's path, or the refusal.
        outcome: Result<String, Cause>,
    },
    /// The node's adapters are these now. The first look, and each change.
    Adapters(Vec<Adapter>),
    /// The resource types that the node has without a library being named for them. The first look, and each change.
    TypesOffered(Vec<Offer>),
    /// The service is about to end: what was put off is done now.
    Ending,
    /// Time has passed: at least until [`crate::Engine::next_deadline`], or earlier.
    Tick,
}

/// Everything that the service finds when it starts.
#[derive(Clone, Debug)]
pub struct Start {
    /// All keys of the database, in order.
    pub snapshot: Vec<KeyValue>,
    /// The revision of that snapshot.
    pub revision: Revision,
    /// The kernel's boot id: another one means that nothing from before is running.
    pub boot: String,
    /// The leaves that the guard knows.
    pub leaves: Vec<(GroupId, ResourceId, LeafSeen)>,
    /// Hosts whose process is there. Each will be heard by HostConnected, HostSilent or HostEnded before Settled.
    pub hosts: Vec<HostId>,
    /// The number of the last operation that the journal knows.
    pub last_operation_number: u64,
    /// Those operations of the database ([`crate::stored_operations`]) whose end the journal has durably, refusals
    /// excepted: there was no commit yet that took their records along.
    pub ended: BTreeSet<OperationId>,
    /// Resources that the database may have deleted ([`crate::Forgotten`]).
    pub deleted: BTreeSet<ResourceId>,
    /// Resources whose mark processes of this machine have, wherever they run.
    pub marked: BTreeSet<ResourceId>,
}

/// What the guard sees of one leaf.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LeafSeen {
    /// Whether any process is in it.
    pub populated: bool,
    /// The newest epoch that a hard stop has closed there.
    pub floor: Epoch,
}

/// What became of a transaction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CommitOutcome {
    /// Its compares held and it is durable, at this revision.
    Done(Revision),
    /// A compare did not hold; nothing was written.
    Conflict,
    /// It surely was not written, and why.
    Failed(String),
    /// Nobody knows yet. One of the others follows when it has been read back.
    Unknown,
}
