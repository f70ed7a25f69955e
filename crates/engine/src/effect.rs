//! What the engine has decided. The service carries effects out in the order in which they are given.

use mainstay_store::Transaction;
use mainstay_types::event::Event;
use mainstay_types::operation::OperationRecord;
use mainstay_types::order::{Cause, Opening, Order, Query};
use mainstay_types::{Epoch, GroupId, HostId, OperationId, ResourceId, Status};

use crate::backup::Manifest;
use crate::input::{CallId, CommitId};

/// One thing to do.
#[derive(Clone, PartialEq, Debug)]
pub enum Effect {
    /// Answer a caller. Given exactly once for each call.
    Answer {
        /// Which call.
        call: CallId,
        /// The answer.
        answer: Answer,
    },
    /// Commit, then tell the outcome by `Input::Committed`.
    Commit {
        /// The number to tell it by.
        commit: CommitId,
        /// What.
        transaction: Transaction,
    },
    /// Start a host, then tell HostConnected or HostEnded.
    StartHost {
        /// Which.
        host: HostId,
        /// The group whose slice an own host lives in; `None` for the pool host, which lives outside.
        group: Option<GroupId>,
        /// The epoch under which an own host's leaf is opened.
        epoch: Epoch,
        /// Whether it runs shared libraries.
        foreign: bool,
    },
    /// Let a host end that holds nothing any more. HostEnded follows.
    StopHost(HostId),
    /// Kill a host's process, not what it started. HostEnded follows.
    KillHost(HostId),
    /// Send an order. Before an Open, the resource's leaf has to be open for the order's epoch.
    Order {
        /// To which host.
        host: HostId,
        /// The group whose slice the resource's leaf is in.
        group: GroupId,
        /// The order.
        order: Order,
    },
    /// Ask; HostAnswer follows, or the host is lost.
    Query {
        /// Which host.
        host: HostId,
        /// What.
        query: Query,
    },
    /// Tell a host that a resource's properties have changed.
    Configure {
        /// Which host.
        host: HostId,
        /// The resource.
        resource: ResourceId,
        /// Everything anew.
        opening: Box<Opening>,
    },
    /// Kept reports up to this sequence have been taken in.
    Acknowledge {
        /// Which host.
        host: HostId,
        /// The highest sequence.
        sequence: u64,
    },
    /// What this report wanted kept is not, and never will be.
    NotKept {
        /// Which host.
        host: HostId,
        /// The report's sequence.
        sequence: u64,
        /// Why not.
        cause: Cause,
    },
    /// Is it there? HostPong follows.
    Ping {
        /// Which host.
        host: HostId,
        /// Comes back.
        nonce: u64,
    },
    /// Have the guard stop everything in a resource's leaf and close it; HardStopped follows.
    HardStop {
        /// The group.
        group: GroupId,
        /// The resource.
        resource: ResourceId,
        /// Close it for every epoch up to this one.
        epoch: Epoch,
    },
    /// Have the guard look into a resource's leaf; Looked follows.
    Look {
        /// The group.
        group: GroupId,
        /// The resource.
        resource: ResourceId,
    },
    /// Have the guard remove the leaf of a deleted resource.
    RemoveLeaf {
        /// The group.
        group: GroupId,
        /// The resource.
        resource: ResourceId,
    },
    /// Copy the database, put the manifest into the copy ([`crate::backup::seal`]) and write it there; then tell
    /// BackedUp. Everything that was committed before this effect is in it.
    BackUp {
        /// The operation.
        operation: OperationId,
        /// The file or the directory, as the caller gave it.
        path: String,
        /// What the backup says of itself.
        manifest: Box<Manifest>,
    },
    /// Tell watchers.
    Publish(Box<Event>),
    /// Write an operation's record into the journal, in place of an earlier state of it. When the record has an end,
    /// make it durable and tell Journaled.
    Journal(Box<OperationRecord>),
}

/// The answer to a call.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Answer {
    /// 0, 997, or why not.
    pub status: Status,
    /// The operation's id, for everything that leaves a record.
    pub operation: Option<OperationId>,
    /// The output of a control code.
    pub output: Vec<u8>,
    /// The size that the whole output has, in bytes.
    pub output_length_needed: u32,
    /// What it means, for people: object, value and way out. On success mostly empty: a word about what was done; of a
    /// backup, the file that it is in.
    pub text: String,
}
