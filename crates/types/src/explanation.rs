//! Why something is in its state: the document that `own_codes::explain_object` carries and `mainstay explain` shows.

use serde::{Deserialize, Serialize};

use crate::{Name, ObjectId, OperationId};

/// Why a resource, a group, a network or a network interface is as it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Explanation {
    /// What is explained.
    pub object: ObjectId,
    /// Its name.
    pub name: Name,
    /// Its state, in the words of `mainstay status`.
    pub state: String,
    /// Since when a resource has it, in milliseconds of Unix time; `None` for a group.
    pub since_ms: Option<u64>,
    /// Why.
    pub reason: Reason,
    /// What else holds for it: a lock, a planned restart, maintenance.
    pub notes: Vec<Reason>,
    /// A group's resources, or a network's interfaces, by name.
    pub members: Vec<Member>,
    /// Where a group is to be and what speaks for and against each node, in lines; empty for a resource.
    pub placement: Vec<String>,
    /// What would change it.
    pub ways_out: Vec<WayOut>,
}

/// A rule with what it rests on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reason {
    /// Which rule.
    pub rule: Rule,
    /// In words, with names.
    pub text: String,
    /// The operation by which it came so.
    pub operation: Option<OperationId>,
    /// When that was asked for, or when it happened, in milliseconds of Unix time.
    pub at_ms: Option<u64>,
    /// When something happens by itself next, in milliseconds of Unix time.
    pub until_ms: Option<u64>,
    /// Its own cause.
    pub because: Option<Box<Reason>>,
}

impl Reason {
    /// One without operation, times and cause.
    pub fn of(rule: Rule, text: impl Into<String>) -> Self {
        Reason { rule, text: text.into(), operation: None, at_ms: None, until_ms: None, because: None }
    }
}

/// A resource of a group that is explained.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Member {
    /// Its name.
    pub name: Name,
    /// Its state.
    pub state: String,
    /// Why, without the causes' causes.
    pub reason: Reason,
}

/// A command, and what it would do.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WayOut {
    /// The words that follow `mainstay`, each as it is meant.
    pub command: Vec<String>,
    /// What it would do.
    pub effect: String,
}

/// What decides about a state.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// The service has just started and has not heard its hosts.
    NotHeard,
    /// Somebody asked for it, by its own name.
    Asked,
    /// Somebody asked for its group.
    GroupAsked,
    /// Somebody asked for something that needs it, or that it needs.
    RelatedAsked,
    /// What was asked for was cancelled or vetoed, and what had been done to it was taken back.
    TakenBack,
    /// Nothing says that it be online.
    NeverAsked,
    /// The service brought it up when it started.
    StartUp,
    /// The service started it again by itself.
    Restarted,
    /// It was found as it is when the service started, or the journal does not reach back so far.
    Found,
    /// It is to stay offline: that was the last word about it.
    StaysOffline,
    /// It goes without what it needs.
    NeedsOther,
    /// This node may not run it.
    NotPossibleOwner,
    /// Its group has Priority 0.
    PriorityZero,
    /// Groups of a higher Priority are started first.
    PriorityWaits,
    /// GroupStartDelay.
    StartDelay,
    /// ColdStartSetting.
    ColdStart,
    /// Its group starts after other groups.
    GroupsWait,
    /// Its turn in the service's start has not come.
    TurnWaits,
    /// What else is on the node leaves no place for it.
    NoPlace,
    /// It failed.
    Failure,
    /// It failed since what it needs is not there.
    ProviderFailed,
    /// What is left of it is being stopped.
    Cleaning,
    /// A restart is planned.
    RestartPlanned,
    /// Restarts are used up.
    GivenUp,
    /// Nothing restarts it.
    NotRestarted,
    /// Its resource host is not there: nobody looks at it, and nothing is done to it.
    HostAbsent,
    /// What is to be done to it needs the guard, which does not answer.
    GuardSilent,
    /// It is not proven that nothing of it is left.
    Unproven,
    /// Its host was lost, and only its type can say what it still holds.
    CutOff,
    /// An operation has it in hand.
    Pending,
    /// Its type has locked it.
    Locked,
    /// Something in it has failed, and it runs on.
    FailedInside,
    /// Failing checks are not acted on.
    Maintenance,
    /// What it will be after the next start of the machine.
    NextStart,
    /// A group's state follows from its resources.
    Members,
    /// The state of a network and of an interface follows from what nodes say of their adapters.
    Interfaces,
    /// What a network is for.
    NetworkRole,
}
