//! What runs: the state of every resource, and the task that is being done to it.
//!
//! Owns nothing that is stored. After a restart it is made anew from what the hosts hold, what the guard sees and
//! the records of open operations. The transitions are the [`crate::task`] room's.

use mainstay_types::order::{Cause, OrderId};
use mainstay_types::status_information::ResourceStatusInformation;
use mainstay_types::{Epoch, GroupState, HostId, OperationId, ResourceState};

/// One resource, as it stands now.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    /// As watchers see it.
    pub(crate) state: ResourceState,
    /// Since when, in milliseconds of Unix time.
    pub(crate) since_unix_ms: u64,
    /// Why it failed; kept until it is online or offline again.
    pub(crate) failure: Option<Cause>,
    /// What its checks found while it is in maintenance mode, and was not acted on.
    pub(crate) borne: Option<Cause>,
    /// Failed, and not proven that nothing of it runs.
    pub(crate) unproven: bool,
    /// What its type has made need not be in a process (a mount, an address, a file), and nobody has seen it go: its host
    /// was lost, or could not take it down. Only its type can, in a host that opens it anew.
    pub(crate) cut_off: bool,
    /// Locked by its type, and the type's reason.
    pub(crate) locked: Option<u64>,
    /// Its type, in the host that has it open, refuses no offline call without instructions.
    pub(crate) consents: bool,
    /// The operation whose move is next.
    pub(crate) claim: Option<OperationId>,
    /// The operation that is being accepted on it; other calls wait for that.
    pub(crate) reserved: Option<OperationId>,
    /// What is being done to it.
    pub(crate) task: Option<Task>,
    /// The host that has it open.
    pub(crate) open: Option<HostId>,
    /// The number of the next order.
    pub(crate) orders: u64,
    /// The leaf is closed for every epoch up to this one.
    pub(crate) floor: Epoch,
    /// Whether the guard saw something in the leaf when the service started.
    pub(crate) populated: bool,
    /// Hard stops that did not empty the leaf, since it was last empty.
    pub(crate) hard_stops: u32,
    /// It was running when an earlier service ended and could not be recovered: start it anew.
    pub(crate) lost: bool,
    /// The last status that a host reported for it (LastOperationStatusCode).
    pub(crate) last_status: u32,
    /// What its type says of it beside its state, since it last began to come online.
    pub(crate) said: ResourceStatusInformation,
    /// What has failed in it since it is online, while it runs on.
    pub(crate) embedded_failure: Option<Cause>,
    /// Its StatusInformation as watchers know it; `None` where they are to be told in any case.
    pub(crate) told_status: Option<ResourceStatusInformation>,
    /// LastOperationStatusCode as watchers know it.
    pub(crate) told_last_status: u32,
}

impl Live {
    pub(crate) fn new(state: ResourceState, since_unix_ms: u64) -> Self {
        Live {
            state,
            since_unix_ms,
            failure: None,
            borne: None,
            unproven: false,
            cut_off: false,
            locked: None,
            consents: false,
            claim: None,
            reserved: None,
            task: None,
            open: None,
            orders: 0,
            floor: Epoch::default(),
            populated: false,
            hard_stops: 0,
            lost: false,
            last_status: 0,
            said: ResourceStatusInformation::empty(),
            embedded_failure: None,
            told_status: Some(ResourceStatusInformation::empty()),
            told_last_status: 0,
        }
    }

    /// Nothing of it runs, and nothing is being done to it: what it needs may go.
    pub(crate) fn is_down(&self) -> bool {
        self.task.is_none()
            && !self.cut_off
            && match self.state {
                // Without a task, OnlinePending waits for its turn to start.
                ResourceState::Offline | ResourceState::Initializing | ResourceState::OnlinePending => true,
                ResourceState::Failed => !self.unproven,
                ResourceState::Online | ResourceState::OfflinePending => false,
            }
    }

    /// Something of it may be there that its host has made: it is up, on its way, or was not seen to come down.
    pub(crate) fn may_hold(&self) -> bool {
        let has_not_begun = self.task.as_ref().is_some_and(|task| {
            matches!(task.goal, Goal::Open | Goal::Start | Goal::Restore)
                && matches!(task.stage, Stage::Host | Stage::Leaving | Stage::Opening | Stage::Asking)
        });
        !self.is_down() && !has_not_begun
    }

    /// It is online, and is not just being taken down since nobody knows how it is.
    pub(crate) fn serves(&self) -> bool {
        self.state == ResourceState::Online && !self.is_doomed()
    }

    /// Its task has met with trouble, or takes it down at once.
    pub(crate) fn is_doomed(&self) -> bool {
        self.task.as_ref().is_some_and(|task| {
            task.cause.is_some() || matches!(task.stage, Stage::Terminating | Stage::HardStopping)
        })
    }

    /// It would have to stop before what it needs may go.
    pub(crate) fn has_to_stop(&self) -> bool {
        match self.state {
            ResourceState::Online | ResourceState::OnlinePending | ResourceState::OfflinePending => true,
            ResourceState::Failed => self.unproven,
            ResourceState::Offline | ResourceState::Initializing => false,
        }
    }
}

/// What is being done to one resource for one operation.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    /// The operation that it is a part of.
    pub(crate) operation: OperationId,
    /// Where it shall lead.
    pub(crate) goal: Goal,
    /// What it waits for.
    pub(crate) stage: Stage,
    /// The order whose end it waits for.
    pub(crate) order: Option<OrderId>,
    /// The first trouble; with it the task ends in Failed.
    pub(crate) cause: Option<Cause>,
    /// What the type last said, and when in Unix time.
    pub(crate) last_word: Option<(String, u64)>,
    /// When the next limit is reached, in Unix time, for people.
    pub(crate) limit_unix_ms: Option<u64>,
    /// Times that the guard was asked in this task.
    pub(crate) attempts: u32,
    /// A host has ended while it was at this, and the next one is to find what there is of it.
    pub(crate) is_taken_up: bool,
}

/// Where a task shall lead.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Goal {
    /// Known to a host, offline.
    Open,
    /// Known to a new host, online as it was.
    Reopen,
    /// Online.
    Start,
    /// Online again after a veto.
    Restore,
    /// Offline, gracefully.
    Stop,
    /// Offline, at once.
    Terminate,
    /// Failed, with nothing left of it.
    Clean,
    /// Offline, after having failed: look, and stop what is left.
    Settle,
}

impl Task {
    /// At an order that a host carries out, for the operation whose order it is.
    pub(crate) fn running(goal: Goal, stage: Stage, order: OrderId) -> Self {
        Task {
            operation: order.operation,
            goal,
            stage,
            order: Some(order),
            cause: None,
            last_word: None,
            limit_unix_ms: None,
            attempts: 0,
            is_taken_up: false,
        }
    }
}

impl Goal {
    /// Whether it leads up from where nothing runs.
    pub(crate) fn is_up(self) -> bool {
        matches!(self, Goal::Open | Goal::Start | Goal::Restore)
    }

    /// The word for the journal.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Goal::Open => "open",
            Goal::Reopen => "recover",
            Goal::Start => "start",
            Goal::Restore => "restore",
            Goal::Stop => "stop",
            Goal::Terminate => "terminate",
            Goal::Clean | Goal::Settle => "clean up",
        }
    }
}

/// What a task waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stage {
    /// A connected host.
    Host,
    /// The host that has it open although another should: the end of Close there.
    Leaving,
    /// The end of Open.
    Opening,
    /// What its type requires.
    Asking,
    /// The end of Online.
    Starting,
    /// The end of Offline.
    Stopping,
    /// The end of Terminate.
    Terminating,
    /// The guard's look.
    Looking,
    /// The guard's hard stop.
    HardStopping,
}

impl Stage {
    /// In words, for people.
    pub(crate) fn waits_for(self) -> &'static str {
        match self {
            Stage::Host => "a resource host",
            Stage::Leaving => "its Close in the host that it leaves",
            Stage::Opening => "its Open",
            Stage::Asking => "what its type says that it requires",
            Stage::Starting => "its Online",
            Stage::Stopping => "its Offline",
            Stage::Terminating => "its Terminate",
            Stage::Looking => "the guard's look at what is left",
            Stage::HardStopping => "the guard's hard stop",
        }
    }
}

impl Stage {
    /// The limit that comes next, by its property's name or ours.
    pub(crate) fn limit(self) -> &'static str {
        match self {
            Stage::Host => "",
            Stage::Asking => "the time of a question",
            Stage::Leaving => "the limit of Close",
            Stage::Opening => "DeadlockTimeout",
            Stage::Starting | Stage::Stopping => "PendingTimeout",
            Stage::Terminating => "the limit of Terminate",
            Stage::Looking | Stage::HardStopping => "the guard's time to answer",
        }
    }
}

/// A group's state from its resources' states: Failed, then Pending, then Offline, Online, PartialOnline.
pub(crate) fn group_state(states: impl IntoIterator<Item = ResourceState>) -> GroupState {
    let (mut failed, mut pending, mut online, mut offline) = (false, false, false, false);
    for state in states {
        match state {
            ResourceState::Failed => failed = true,
            ResourceState::Online => online = true,
            ResourceState::Offline => offline = true,
            state if state.is_pending() => pending = true,
            _ => {}
        }
    }
    match (failed, pending, online, offline) {
        (true, ..) => GroupState::Failed,
        (_, true, ..) => GroupState::Pending,
        (_, _, false, _) => GroupState::Offline,
        (_, _, true, false) => GroupState::Online,
        (_, _, true, true) => GroupState::PartialOnline,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_groups_state_is_its_resources() {
        use ResourceState::{Failed, Initializing, Offline, OfflinePending, Online, OnlinePending};
        for (states, expected) in [
            (&[][..], GroupState::Offline),
            (&[Offline, Offline], GroupState::Offline),
            (&[Online, Online], GroupState::Online),
            (&[Online, Offline], GroupState::PartialOnline),
            (&[Online, OnlinePending], GroupState::Pending),
            (&[Offline, OfflinePending], GroupState::Pending),
            (&[Initializing], GroupState::Pending),
            (&[Failed, OfflinePending, Online], GroupState::Failed),
            (&[Failed], GroupState::Failed),
        ] {
            assert_eq!(group_state(states.iter().copied()), expected, "{states:?}");
        }
    }
}
