//! Messages between the service and a resource host.
//!
//! The host listens on a Unix socket in the run directory; the service connects. The newest connection wins: what
//! older ones still had queued is dropped.
//!
//! ```text
//!   service                           host
//!      ── Hello ─────────────────────►     version, cluster, session
//!      ◄──────────────── Welcome ────      version, what it holds
//!      ◄──────────────── Report* ────      kept reports that were not acknowledged come first
//!      ── Order, Query, Acknowledge ─►
//!      ◄─── Report, Answer, Pong ────
//! ```

#[cfg(doc)]
use mainstay_types::order::News;
use mainstay_types::order::{Cause, Held, Opening, Order, Query, QueryAnswer, Report};
use mainstay_types::{ClusterId, HostId, OperationId, ResourceId};
use serde::{Deserialize, Serialize};

/// From the service to a host.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum ToHost {
    /// The first message of a connection.
    Hello {
        /// The newest version that the service speaks.
        version: u32,
        /// A host of another cluster refuses.
        cluster: ClusterId,
        /// Counts the service's starts. A host refuses a session older than one it has seen.
        session: u64,
    },
    /// Do something.
    Order(Order),
    /// Say something.
    Query(Query),
    /// The resource's properties have changed; no action, no answer.
    Configure {
        /// The resource.
        resource: ResourceId,
        /// All of them anew.
        opening: Box<Opening>,
    },
    /// Every kept report up to this sequence is committed; the host may forget them.
    Acknowledge {
        /// The highest sequence that is done with.
        sequence: u64,
    },
    /// What a [`News::Note`] says is not kept, and never will be; the host may forget the report. Comes before any
    /// acknowledgement of it.
    NotKept {
        /// The report's sequence.
        sequence: u64,
        /// Why not.
        cause: Cause,
    },
    /// Are you there?
    Ping {
        /// Comes back in the Pong.
        nonce: u64,
    },
    /// End, if nothing is held any more. A host that still holds a resource stays.
    Exit,
}

/// From a host to the service.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum FromHost {
    /// The answer to Hello.
    Welcome {
        /// The version that both will speak.
        version: u32,
        /// Which host this is.
        host: HostId,
        /// Its process id.
        pid: u32,
        /// Everything it holds.
        held: Vec<Held>,
        /// Of each node, the newest operation whose order came here: it answers from memory what it had before, also of
        /// resources that it holds no longer. A host of the version before does not say it.
        #[serde(default)]
        newest: Vec<OperationId>,
    },
    /// The Hello was not accepted; the connection ends.
    Refused {
        /// Why.
        reason: String,
    },
    /// Something happened.
    Report(Report),
    /// The answer to a query.
    Answer(QueryAnswer),
    /// The answer to a Ping.
    Pong {
        /// The Ping's.
        nonce: u64,
    },
}
