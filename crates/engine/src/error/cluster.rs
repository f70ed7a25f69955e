//! What the cluster's state or configuration does not allow now.

use std::borrow::Cow;

use mainstay_types::command_line::CommandLine;
use mainstay_types::{NodeState, OperationId, ResourceState, Status};
use thiserror::Error;

/// The cluster's state or configuration stands against it.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ClusterError {
    /// The resource was deleted.
    #[error("resource {id} is no longer there")]
    ResourceGone {
        /// Its id.
        id: String,
    },
    /// The group was deleted.
    #[error("group {id} is no longer there")]
    GroupGone {
        /// Its id.
        id: String,
    },
    /// No group has the name.
    #[error("there is no group '{name}'; 'mainstay group list' shows those there are")]
    NoGroup {
        /// As it came.
        name: String,
    },
    /// The node is not a member.
    #[error("node {id} is no member of the cluster")]
    NodeGone {
        /// Its number.
        id: String,
    },
    /// The network is gone.
    #[error("network {id} is no longer there; 'mainstay network list' shows those there are")]
    NetworkGone {
        /// Its id.
        id: String,
    },
    /// The network interface is gone.
    #[error("network interface {id} is no longer there; 'mainstay interface list' shows those there are")]
    InterfaceGone {
        /// Its id.
        id: String,
    },
    /// No such type.
    #[error("there is no resource type '{name}'; 'mainstay type list' shows them")]
    TypeNotFound {
        /// As it came.
        name: String,
    },
    /// Somebody has changed since what a plan rests on.
    #[error("'{what}' of {object} is {now}, and was {then} when this was planned; plan again")]
    ChangedSince {
        /// "properties.Priority"
        what: String,
        /// "group 'shop'"
        object: String,
        /// What it is.
        now: String,
        /// What it was.
        then: String,
    },
    /// A name is taken.
    #[error("a {what} named '{name}' exists already")]
    NameTaken {
        /// "group"
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A resource type of the name exists.
    #[error("a resource type named '{name}' exists already")]
    TypeExists {
        /// The name.
        name: String,
    },
    /// A node that is to do something and does not run.
    #[error("node '{node}' is {state}; start it first, or name a node that is up")]
    NodeNotAvailable {
        /// The node.
        node: String,
        /// Its state.
        state: NodeState,
    },
    /// A node that is to do something with a resource that never is there.
    #[error(
        "node '{node}' is no possible owner of resource '{name}'; name one that is, or none for its owner"
    )]
    HostNotPossibleOwner {
        /// The resource.
        name: String,
        /// The node.
        node: String,
    },
    /// A node that is to do something with a group that is elsewhere.
    #[error("group '{name}' is on node '{owner}' and not on '{node}'; name '{owner}', or none for its owner")]
    NotGroupOwner {
        /// The group.
        name: String,
        /// The node that was named.
        node: String,
        /// The node where the group is.
        owner: String,
    },
    /// No other node can take the group, or not the one that was named.
    #[error("group '{name}' stays on node '{owner}': {reason}")]
    GroupStays {
        /// The group.
        name: String,
        /// The node where it is.
        owner: String,
        /// The number of what is in the way.
        status: Status,
        /// What is in the way, node by node.
        reason: String,
    },
    /// What else is on the group's node leaves no place for it.
    #[error("group '{name}' cannot start: {reason}; {way_out}")]
    NoPlace {
        /// The group.
        name: String,
        /// The number of what is in the way.
        status: Status,
        /// What is in the way.
        reason: String,
        /// What would help.
        way_out: String,
    },
    /// Not in this state.
    #[error("resource '{name}' is {state}; {way_out}")]
    State {
        /// The resource.
        name: String,
        /// Its state.
        state: ResourceState,
        /// What would help.
        way_out: Cow<'static, str>,
    },
    /// It is being worked on.
    #[error("resource '{name}' is being worked on by operation {operation}; wait for its end")]
    InOperation {
        /// The resource.
        name: String,
        /// The operation.
        operation: String,
    },
    /// It is not there to be paused or drained.
    #[error("node '{name}' is {state}; only a node that is up can be paused")]
    NodeNotUp {
        /// The node.
        name: String,
        /// Its state.
        state: NodeState,
    },
    /// There is no pause to end.
    #[error("node '{name}' is not paused")]
    NodeNotPaused {
        /// The node.
        name: String,
    },
    /// One at a time.
    #[error("node '{name}' is being drained already; resume it to end that")]
    DrainRuns {
        /// The node.
        name: String,
    },
    /// What it has cannot leave.
    #[error(
        "no other node is up, so the groups of node '{name}' have nowhere to go; pause it without a drain, and it keeps them"
    )]
    NowhereToDrain {
        /// The node.
        name: String,
    },
    /// A drain leads to another node.
    #[error("node '{name}' cannot be drained to itself; name another node, or none")]
    DrainToItself {
        /// The node.
        name: String,
    },
    /// The node to which a drain leads takes nothing.
    #[error("node '{name}' is {state} and takes no groups; name a node that is up")]
    DrainTarget {
        /// The target.
        name: String,
        /// Its state.
        state: NodeState,
    },
    /// It has ended, or there is nothing in it that could be taken back.
    #[error("operation {operation} cannot be cancelled: {reason}; {way_out}")]
    NotCancellable {
        /// The operation.
        operation: String,
        /// Why.
        reason: &'static str,
        /// What helps.
        way_out: String,
    },
    /// Nothing runs on the group as a whole.
    #[error(
        "no operation runs on group '{name}' as a whole; 'mainstay operation list' shows those of its resources"
    )]
    NothingToCancel {
        /// The group.
        name: String,
    },
    /// Somebody cancelled the call before it was accepted.
    #[error("it was {text}, before it was accepted; nothing was done")]
    Cancelled {
        /// By whom.
        text: String,
    },
    /// It has failed, and the strict rules say so.
    #[error("resource '{name}' has failed")]
    Failed {
        /// The resource.
        name: String,
    },
    /// Something of it may still be running.
    #[error(
        "resource '{name}' has failed and something of it may still be running; take it offline first, or look \
         yourself and confirm that it has stopped"
    )]
    Unproven {
        /// The resource.
        name: String,
    },
    /// What is brought back under the same id was deleted, and something of it does not end.
    #[error(
        "what is left of the deleted resource '{name}' could not be ended yet and is stopped by force; try again when its \
         processes are gone"
    )]
    StillLeft {
        /// The resource.
        name: String,
    },
    /// It belongs to the service.
    #[error("resource type '{name}' is built in and cannot be deleted")]
    BuiltInType {
        /// The type.
        name: String,
    },
    /// There is no doubt that a confirmation could end.
    #[error("resource '{name}' is {state}, and it is not in doubt whether something of it is left")]
    NothingToConfirm {
        /// The resource.
        name: String,
        /// Its state.
        state: ResourceState,
    },
    /// There is nothing to give up.
    #[error(
        "nothing is kept of resource '{name}' that could be given up; 'mainstay resource show' tells what is"
    )]
    NothingKept {
        /// The resource.
        name: String,
    },
    /// Nobody's word counts against what can be seen.
    #[error(
        "processes of resource '{name}' are left that cannot be killed; end what they wait for in the kernel, or reset \
         the node"
    )]
    ProcessesLeft {
        /// The resource.
        name: String,
    },
    /// Only what is running or on its way can fail.
    #[error("resource '{name}' is {state}; only what is online or on its way can be failed")]
    NotRunning {
        /// The resource.
        name: String,
        /// Its state.
        state: ResourceState,
    },
    /// It is locked.
    #[error("resource '{name}' is locked by its type (reason {reason}); {way_out}")]
    Locked {
        /// The resource.
        name: String,
        /// The type's own number.
        reason: u64,
        /// What gets past the lock.
        way_out: String,
    },
    /// The type said that it cannot.
    #[error("resource '{name}' refuses it: {text}")]
    CheckRefused {
        /// The resource.
        name: String,
        /// The type's status.
        status: Status,
        /// The type's words.
        text: String,
    },
    /// The type does not want a resource with such properties.
    #[error("resource '{name}' was not created: its type refuses it: {text}")]
    NotCreated {
        /// The resource that was to be made.
        name: String,
        /// The type's status.
        status: Status,
        /// The type's words.
        text: String,
    },
    /// This node must not run it.
    #[error(
        "node '{node}' is no possible owner of resource '{name}'; make it one with: {}",
        CommandLine::new("resource allow").name(.name).name(.node)
    )]
    NotPossibleOwner {
        /// The resource.
        name: String,
        /// The node.
        node: String,
    },
    /// Others need it.
    #[error(
        "resource '{dependent}' depends on '{name}'; end that first with: {}",
        CommandLine::new("resource undepend").name(.dependent).name(.name)
    )]
    DependentExists {
        /// What was to be deleted.
        name: String,
        /// Who needs it.
        dependent: String,
    },
    /// No such dependency.
    #[error("resource '{name}' does not depend on '{provider}'")]
    DependencyNotFound {
        /// The dependent.
        name: String,
        /// The provider.
        provider: String,
    },
    /// The dependency is there.
    #[error("resource '{name}' depends on '{provider}' already")]
    DependencyExists {
        /// The dependent.
        name: String,
        /// The provider.
        provider: String,
    },
    /// A dependent that is its own provider.
    #[error("resource '{name}' cannot depend on itself; name another provider")]
    NeedsItself {
        /// It.
        name: String,
    },
    /// A circle.
    #[error(
        "resource '{provider}' depends on '{name}', directly or through others, and a circle is not possible; end that \
         dependency first with: {}",
        CommandLine::new("resource undepend").name(.through).name(.name)
    )]
    Circle {
        /// The dependent.
        name: String,
        /// The provider.
        provider: String,
        /// What depends on the dependent directly, and is the provider or what that depends on.
        through: String,
    },
    /// Two groups.
    #[error("resources '{name}' and '{provider}' are in different groups; dependencies stay inside a group")]
    OtherGroup {
        /// The dependent.
        name: String,
        /// The provider.
        provider: String,
    },
    /// A chain too long.
    #[error("the chain of dependencies through '{name}' would be longer than {max}; shorten it")]
    TooDeep {
        /// The dependent.
        name: String,
        /// The bound.
        max: usize,
    },
    /// A resource is named twice in one expression.
    #[error("the dependencies of '{name}' would name '{provider}' twice; name every resource once")]
    NamedTwice {
        /// The dependent.
        name: String,
        /// As it was named.
        provider: String,
    },
    /// More providers than one resource may have.
    #[error(
        "resource '{name}' would depend on more than {max} resources; let some of them depend on each other"
    )]
    TooManyProviders {
        /// The dependent.
        name: String,
        /// The bound.
        max: usize,
    },
    /// The dependent serves, and would depend on what does not.
    #[error("resource '{name}' is online and would need {}; bring that online first, or take '{name}' offline", needed(.providers))]
    DependentOnline {
        /// The dependent.
        name: String,
        /// The provider, or the alternatives of which one would do.
        providers: Vec<String>,
    },
    /// The dependent is on its way up.
    #[error("resource '{name}' is coming online; wait until it has settled")]
    DependentPending {
        /// The dependent.
        name: String,
    },
    /// The node is in the list.
    #[error("node '{node}' is a possible owner of '{name}' already")]
    OwnerExists {
        /// The resource.
        name: String,
        /// The node.
        node: String,
    },
    /// The node is not in the list.
    #[error("node '{node}' is no possible owner of '{name}'")]
    OwnerNotFound {
        /// The resource.
        name: String,
        /// The node.
        node: String,
    },
    /// It still holds something.
    #[error("{what} '{name}' still has {}; delete {} first", counted(*.count), if *.count == 1 { "it" } else { "them" })]
    NotEmpty {
        /// "group" or "resource type"
        what: &'static str,
        /// The object.
        name: String,
        /// How many.
        count: usize,
    },
    /// What an operation changed cannot be taken back.
    #[error("operation {operation} cannot be undone: {reason}")]
    NotUndone {
        /// The operation.
        operation: OperationId,
        /// Why not, with the way out.
        reason: String,
    },
    /// More earlier words to override than one commit takes.
    #[error(
        "{count} resources that it needs were taken offline by name, and one call brings back {max} at most; bring some of them online by name first"
    )]
    TooManyStayOffline {
        /// How many.
        count: usize,
        /// The bound.
        max: usize,
    },
    /// A bound of the cluster.
    #[error("there are {max} {what} already, and no more are possible")]
    Full {
        /// "resources"
        what: &'static str,
        /// The bound.
        max: usize,
    },
}

impl ClusterError {
    /// See [`Refusal::status`](super::Refusal::status).
    pub fn status(&self) -> Status {
        match self {
            Self::ResourceGone { .. } => Status::RESOURCE_NOT_AVAILABLE,
            Self::GroupGone { .. } | Self::NoGroup { .. } => Status::GROUP_NOT_AVAILABLE,
            Self::NodeGone { .. } => Status::CLUSTER_NODE_NOT_FOUND,
            Self::NetworkGone { .. } => Status::CLUSTER_NETWORK_NOT_FOUND,
            Self::InterfaceGone { .. } => Status::CLUSTER_NETINTERFACE_NOT_FOUND,
            Self::NodeNotAvailable { .. } => Status::HOST_NODE_NOT_AVAILABLE,
            Self::HostNotPossibleOwner { .. } => Status::HOST_NODE_NOT_RESOURCE_OWNER,
            Self::NotGroupOwner { .. } => Status::HOST_NODE_NOT_GROUP_OWNER,
            Self::TypeNotFound { .. } => Status::CLUSTER_RESOURCE_TYPE_NOT_FOUND,
            Self::NameTaken { .. } | Self::OwnerExists { .. } => Status::OBJECT_ALREADY_EXISTS,
            Self::TypeExists { .. } => Status::ALREADY_EXISTS,
            Self::ChangedSince { .. } => Status::CLUSTER_DATABASE_UPDATE_CONDITION_FAILED,
            Self::State { .. }
            | Self::InOperation { .. }
            | Self::NotCancellable { .. }
            | Self::NothingToCancel { .. }
            | Self::Unproven { .. }
            | Self::StillLeft { .. }
            | Self::NothingToConfirm { .. }
            | Self::NothingKept { .. }
            | Self::ProcessesLeft { .. } => Status::INVALID_STATE,
            Self::NodeNotUp { .. } | Self::NowhereToDrain { .. } => Status::CLUSTER_NODE_DOWN,
            Self::NodeNotPaused { .. } => Status::CLUSTER_NODE_NOT_PAUSED,
            Self::DrainRuns { .. } => Status::CLUSTER_NODE_DRAIN_IN_PROGRESS,
            Self::DrainToItself { .. } => Status::INVALID_TARGET_HANDLE,
            Self::DrainTarget { .. } => Status::HOST_NODE_NOT_AVAILABLE,
            Self::Cancelled { .. } => Status::CANCELLED,
            Self::BuiltInType { .. } => Status::CORE_RESOURCE,
            Self::Failed { .. } => Status::RESOURCE_FAILED,
            Self::NotRunning { .. } => Status::RESMON_INVALID_STATE,
            Self::Locked { .. } => Status::CLUSTER_RESOURCE_LOCKED_STATUS,
            Self::CheckRefused { status, .. }
            | Self::NotCreated { status, .. }
            | Self::GroupStays { status, .. }
            | Self::NoPlace { status, .. } => *status,
            Self::NotPossibleOwner { .. } => Status::NODE_CANT_HOST_RESOURCE,
            Self::DependentExists { .. } => Status::DEPENDENT_RESOURCE_EXISTS,
            Self::DependencyNotFound { .. } => Status::DEPENDENCY_NOT_FOUND,
            Self::DependencyExists { .. } | Self::NamedTwice { .. } => Status::DEPENDENCY_ALREADY_EXISTS,
            Self::NeedsItself { .. } | Self::Circle { .. } => Status::CIRCULAR_DEPENDENCY,
            Self::OtherGroup { .. } => Status::INVALID_PARAMETER,
            Self::TooDeep { .. } | Self::TooManyProviders { .. } | Self::TooManyStayOffline { .. } => {
                Status::DEPENDENCY_TREE_TOO_COMPLEX
            }
            Self::DependentOnline { .. } | Self::DependentPending { .. } => Status::RESOURCE_ONLINE,
            Self::OwnerNotFound { .. } => Status::CLUSTER_NODE_NOT_FOUND,
            Self::NotEmpty { .. } => Status::DIR_NOT_EMPTY,
            Self::NotUndone { .. } => Status::INVALID_STATE,
            Self::Full { .. } => Status::CLUSTER_MAXNUM_OF_RESOURCES_EXCEEDED,
        }
    }
}

/// A provider, or alternatives.
fn needed(providers: &[String]) -> String {
    match providers {
        [only] => format!("'{only}', which is not"),
        several => format!("one of '{}', none of which is", several.join("', '")),
    }
}

fn counted(resources: usize) -> String {
    if resources == 1 { "1 resource".into() } else { format!("{resources} resources") }
}
