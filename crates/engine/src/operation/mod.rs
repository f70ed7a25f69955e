//! Operations: what was asked for, from the call until the journal has its end.
//!
//! ```text
//!               ┌─────────── refused ───────────────┐
//!   call ──► Checking ──► Committing ──► Running ──►│ Ended ──► journalled, record deleted
//!               │ ▲            ▲            │       │
//!               └─┘ world      │            ▼       │
//!                   moved      └──── Vetoing ───────┘   (back to Running, to restore)
//! ```
//!
//! A cancelled operation goes the way of a vetoed one; what it was bringing up is taken down.
//!
//! An operation claims its resources. While it is Checking, Committing or Vetoing, other calls on them wait; while it
//! is Running, their states answer. It gives each resource its goal and waits for that resource's turn; how a goal is
//! reached is the `crate::task` room's.

pub(crate) mod accept;
mod cancel;
mod check;
pub(crate) mod commit;
mod confirm;
mod discard;
mod end;
mod failure;
mod fallback;
pub(crate) mod instructions;
pub(crate) mod offline;
pub(crate) mod online;
mod outcome;
mod persistent;
mod run;
pub mod stored;
mod submission;
pub(crate) mod told;
mod veto;
mod waiting;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use mainstay_types::operation::{OperationRecord, Verb};
use mainstay_types::order::Cause;
use mainstay_types::{OfflineFlags, OfflineReason, OnlineFlags, OperationId, ResourceId};
use serde::{Deserialize, Serialize};

use crate::command::Call;
use crate::input::CallId;
use crate::live::Goal;
use stored::{StoredStep, StoredWord};

/// An operation that has not ended, or whose end the journal has not yet.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    /// As the journal shows it.
    pub(crate) record: OperationRecord,
    /// Who waits for the answer.
    pub(crate) calls: Vec<CallId>,
    /// The answer is the end (GROUP_ONLINE_SYNCHRONOUS).
    pub(crate) answer_at_end: bool,
    /// The call, while it may have to be looked at again.
    pub(crate) call: Option<Box<Call>>,
    pub(crate) phase: Phase,
    pub(crate) buffer: Vec<u8>,
    pub(crate) token: String,
    pub(crate) offline_flags: OfflineFlags,
    pub(crate) online_flags: OnlineFlags,
    pub(crate) reason: OfflineReason,
    pub(crate) parts: BTreeMap<ResourceId, Part>,
    /// Parts that have not ended.
    pub(crate) open_parts: usize,
    /// While it is being accepted: the resources that other calls have to leave alone.
    pub(crate) reserved: Vec<ResourceId>,
    /// When it has ended: the resources it acted on.
    pub(crate) members: BTreeSet<ResourceId>,
    /// Whether the database has its record.
    pub(crate) is_stored: bool,
    /// An earlier service began it.
    pub(crate) is_resumed: bool,
    pub(crate) step: StoredStep,
    /// What it has said about who is to be online, until that is taken back.
    pub(crate) words: Vec<StoredWord>,
    /// While it is being accepted or taken back: the operations whose records its transaction writes too, and their words
    /// from then on.
    pub(crate) rewrites: BTreeMap<OperationId, Vec<StoredWord>>,
    /// Calls on its resources that wait until they may be looked at.
    pub(crate) waiters: Vec<Call>,
    /// A later operation took its object.
    pub(crate) superseded_by: Option<OperationId>,
    /// The first thing that went wrong.
    pub(crate) trouble: Option<Cause>,
    /// The resource that is stopped and started anew since it has failed inside.
    pub(crate) ailing: Option<ResourceId>,
    /// A failed resource, proven stopped, that becomes Offline with the commit.
    pub(crate) clears: Option<ResourceId>,
    /// Everybody who was asked whether it can stop, in any round.
    pub(crate) asked: BTreeSet<ResourceId>,
    /// Acceptances of the same call that met a change of something they were built on.
    pub(crate) conflicts: u32,
}

impl Operation {
    /// One of the service's own: nobody waits for an answer, and nothing of it is in the database.
    pub(crate) fn internal(record: OperationRecord) -> Self {
        Operation {
            record,
            calls: Vec::new(),
            answer_at_end: false,
            call: None,
            phase: Phase::Running,
            buffer: Vec::new(),
            token: String::new(),
            offline_flags: OfflineFlags::empty(),
            online_flags: OnlineFlags::empty(),
            reason: OfflineReason::Unknown,
            parts: BTreeMap::new(),
            open_parts: 0,
            reserved: Vec::new(),
            members: BTreeSet::new(),
            is_stored: false,
            is_resumed: false,
            step: StoredStep::Running,
            words: Vec::new(),
            rewrites: BTreeMap::new(),
            waiters: Vec::new(),
            superseded_by: None,
            trouble: None,
            ailing: None,
            clears: None,
            asked: BTreeSet::new(),
            conflicts: 0,
        }
    }

    /// Whether what it stops may say no: what runs well, and nobody has to stop.
    pub(crate) fn may_be_refused(&self) -> bool {
        matches!(self.record.verb, Verb::Offline | Verb::Restart) || self.ailing.is_some()
    }

    /// Whether other calls on its resources have to wait.
    pub(crate) fn is_settling(&self) -> bool {
        matches!(self.phase, Phase::Checking(_) | Phase::Committing | Phase::Vetoing { .. })
    }
}

/// What an operation waits for.
#[derive(Clone, Debug)]
pub(crate) enum Phase {
    /// Answers to CheckOffline.
    Checking(Check),
    /// Its transaction.
    Committing,
    /// Its parts.
    Running,
    /// The transaction that puts a vetoed operation's persistent state back, or the time to try it again. Or the
    /// transaction that cancels it.
    Vetoing { is_committing: bool },
    /// The journal.
    Ended,
}

/// The question round of an offline call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Check {
    /// Which round this is.
    pub(crate) round: u32,
    /// Who has not answered, by query.
    pub(crate) open: BTreeMap<u64, ResourceId>,
}

/// One resource's part.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) goal: PartGoal,
    pub(crate) state: PartState,
    /// Where the record shows it.
    pub(crate) shown: Option<usize>,
    /// This operation has stopped it; a veto brings it back.
    pub(crate) has_stopped: bool,
    /// It was online, to be stopped and started again.
    pub(crate) cycles: bool,
}

impl Part {
    pub(crate) fn new(goal: PartGoal) -> Self {
        let cycles = goal == PartGoal::Cycle;
        Part { goal, state: PartState::Waiting, shown: None, has_stopped: false, cycles }
    }
}

/// What is to become of a resource.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartGoal {
    /// Offline, gracefully.
    Down,
    /// Offline, at once.
    DownAtOnce,
    /// Offline after having failed.
    Settle,
    /// Failed, with nothing left.
    Clean(Cause),
    /// Online.
    Up,
    /// Offline, then online.
    Cycle,
    /// Online again, after a veto.
    Restore,
    /// Known to a host.
    Open,
    /// Known to a new host, online as it was.
    Reopen,
}

impl PartGoal {
    /// Whether its next step leads down.
    pub(crate) fn is_down(&self) -> bool {
        matches!(
            self,
            PartGoal::Down | PartGoal::DownAtOnce | PartGoal::Settle | PartGoal::Clean(_) | PartGoal::Cycle
        )
    }

    /// Whether its next step leads up.
    pub(crate) fn is_up(&self) -> bool {
        matches!(self, PartGoal::Up | PartGoal::Restore)
    }

    /// Where its next step leads.
    pub(crate) fn next(&self) -> Goal {
        match self {
            PartGoal::Down | PartGoal::Cycle => Goal::Stop,
            PartGoal::DownAtOnce => Goal::Terminate,
            PartGoal::Settle => Goal::Settle,
            PartGoal::Clean(_) => Goal::Clean,
            PartGoal::Up => Goal::Start,
            PartGoal::Restore => Goal::Restore,
            PartGoal::Open => Goal::Open,
            PartGoal::Reopen => Goal::Reopen,
        }
    }
}

/// How far a part is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PartState {
    /// Its turn has not come.
    Waiting,
    /// Its task runs.
    Running,
    /// Done, failed, or taken over.
    Ended,
}
