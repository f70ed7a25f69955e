//! Policies: what a failure and a start lead to when nobody asks for anything.
//!
//! ```text
//!                    ┌────────────── proven: fewer than RestartThreshold ──────────────┐
//!   failure ──► Cleaning ──► proven: used up ──► GivenUp ── RetryPeriodOnFailure ──►   ▼
//!      ▲                     (action 2: failover first)       (counts from zero)    Waiting
//!      │                                                                               │ RestartDelay
//!      └──── a failed attempt ──── restart: providers, itself, companions ◄──── Due ◄──┘
//!                                  (an operation)           (all of them at rest)
//! ```
//!
//! Owns the counts and what is planned for each resource. It is kept in memory: a service that starts anew counts from
//! zero, and brings up what is to be online anyhow. How a resource is started, stopped and cleaned is the operations'
//! and the tasks'; whether one is to be online is the model's.

mod after_reset;
mod at_once;
mod embedded;
pub mod failover;
mod maintenance;
mod recovery;
pub(crate) mod restart;
pub mod settings;
pub(crate) mod show;
pub(crate) mod start_order;
#[cfg(any(test, feature = "testing"))]
mod testing;

use std::collections::{BTreeMap, BTreeSet};

use mainstay_types::{GroupId, ResourceId};

pub(crate) use at_once::AtOnce;
use failover::Failovers;
use restart::History;
pub(crate) use start_order::NotBegun;
use start_order::StartOrder;

/// What is counted and planned.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policies {
    recoveries: BTreeMap<ResourceId, Recovery>,
    /// When a group was failed over, and where it had failed.
    failovers: BTreeMap<GroupId, Failovers>,
    /// What has not come up since the service started.
    pub(crate) start: StartOrder,
    /// Restarts whose delay is over and that wait for others to come to rest.
    due: BTreeSet<ResourceId>,
    /// What has failed inside, and is not answered yet.
    ailing: BTreeSet<ResourceId>,
    /// Something has come to rest since they were looked at.
    stirred: bool,
}

/// One resource's.
#[derive(Clone, Debug, Default)]
struct Recovery {
    history: History,
    phase: Phase,
    /// What went down because of it, and comes back with it.
    companions: BTreeSet<ResourceId>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Phase {
    /// Nothing is planned.
    #[default]
    Quiet,
    /// It has failed; what is left of it is taken down first.
    Cleaning,
    /// Its RestartDelay runs.
    Waiting { at_ms: u64, number: u32 },
    /// It is to be restarted as soon as what takes part is at rest.
    Due { number: u32 },
    /// No more restarts, until then.
    GivenUp { retry_at_ms: Option<u64> },
}
