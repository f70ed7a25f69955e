//! What callers may ask for.
//!
//! Every outside face ends here: the C library, the command, the wire. Ids of new objects are made by the service
//! and come with the command. Objects are named by id; who resolved a name earlier gets ERROR_RESOURCE_NOT_AVAILABLE
//! and its kin when the object is gone by now.

use mainstay_types::configuration::{ConfiguredObject, RegistryChange, SettingDifference};
use mainstay_types::operation::Asker;
use mainstay_types::{
    Access, ControlCode, GroupId, Name, NetworkId, NodeId, ObjectId, OfflineFlags, OperationId, ResourceId,
};

use crate::group_set::OrderChange;
use crate::input::CallId;

/// A command with its caller.
#[derive(Clone, Debug)]
pub struct Call {
    /// The service's number for it.
    pub id: CallId,
    /// Who asks.
    pub caller: Caller,
    /// What.
    pub command: Command,
}

/// Who asks, and what the handle that he asks through may do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Caller {
    /// For the journal.
    pub asker: Asker,
    /// The access that was granted when the handle was opened.
    pub access: Access,
    /// Why, in words, for the record; empty where nothing was said, or where the command says it.
    pub reason: String,
}

/// What of an object has to be so for it to be made what a document says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Presence {
    /// It is changed where it is there, and made where it is not.
    Either,
    /// It is made; one that is there is refused.
    New,
    /// It is changed; one that is not there is refused.
    There,
}

/// What is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// OfflineClusterResource and Ex (opnums 18 and 136).
    OfflineResource {
        /// Which.
        resource: ResourceId,
        /// `dwOfflineFlags` as it came.
        flags: u32,
        /// The buffer as it came.
        buffer: Vec<u8>,
        /// What the caller wants remembered.
        remark: Remark,
    },
    /// OnlineClusterResource and Ex (opnums 17 and 135).
    OnlineResource {
        /// Which.
        resource: ResourceId,
        /// `dwOnlineFlags` as it came.
        flags: u32,
        /// The buffer as it came.
        buffer: Vec<u8>,
        /// What the caller wants remembered.
        remark: Remark,
    },
    /// OfflineClusterGroup and Ex (opnums 50 and 131).
    OfflineGroup {
        /// Which.
        group: GroupId,
        /// `dwOfflineFlags` as it came.
        flags: u32,
        /// The buffer as it came.
        buffer: Vec<u8>,
        /// What the caller wants remembered.
        remark: Remark,
    },
    /// OfflineClusterGroupEx because the machine goes down: what is to be online stays written. By SUBMIT only.
    ShutDownGroup {
        /// Which.
        group: GroupId,
        /// In the numbers of `dwOfflineFlags`.
        flags: u32,
        /// The buffer as it came.
        buffer: Vec<u8>,
        /// What the caller wants remembered.
        remark: Remark,
    },
    /// OnlineClusterGroup and Ex (opnums 49 and 130).
    OnlineGroup {
        /// Which.
        group: GroupId,
        /// `dwOnlineFlags` as it came.
        flags: u32,
        /// The buffer as it came.
        buffer: Vec<u8>,
        /// What the caller wants remembered.
        remark: Remark,
    },
    /// RestartClusterResource (opnum 146).
    RestartResource {
        /// Which.
        resource: ResourceId,
        /// `dwFlags` as it came; ignored, as MS-CMRP says.
        flags: u32,
        /// What the caller wants remembered.
        remark: Remark,
    },
    /// FailClusterResource (opnum 16).
    FailResource {
        /// Which.
        resource: ResourceId,
        /// What the caller wants remembered.
        remark: Remark,
    },
    /// The administrator's word that nothing of a failed resource is left, where its type cannot be made to say so.
    ConfirmStopped {
        /// Which.
        resource: ResourceId,
        /// What the caller wants remembered.
        remark: Remark,
    },
    /// The administrator's word that what a resource's type has the cluster keep for it is to be given up.
    DiscardKept {
        /// Which.
        resource: ResourceId,
        /// What the caller wants remembered.
        remark: Remark,
    },
    /// Ends an operation before it is done.
    CancelOperation {
        /// Which.
        operation: OperationId,
        /// Object and name that it was about by the journal, where it has ended; for the record of the refusal.
        about: Option<Box<(ObjectId, String)>>,
        /// What the caller wants remembered.
        remark: Remark,
    },
    /// CancelClusterGroupOperation (opnum 134): ends what runs on a group as a whole.
    CancelGroupOperation {
        /// Which.
        group: GroupId,
        /// `dwCancelFlags` as it came.
        flags: u32,
        /// What the caller wants remembered.
        remark: Remark,
    },
    /// CreateClusterGroup and Ex (opnums 42 and 129).
    CreateGroup {
        /// The new group's id.
        id: GroupId,
        /// Its name as it came.
        name: String,
        /// GroupType.
        group_type: u32,
    },
    /// DeleteClusterGroup (opnum 43).
    DeleteGroup {
        /// Which.
        group: GroupId,
        /// Delete its resources too.
        force: bool,
    },
    /// SetClusterGroupName (opnum 46).
    RenameGroup {
        /// Which.
        group: GroupId,
        /// The new name as it came.
        name: String,
    },
    /// SetClusterGroupNodeList (opnum 54): the nodes on which a group would rather be.
    SetPreferredOwners {
        /// Which.
        group: GroupId,
        /// Names or numbers as they came, the best first; empty is no preference.
        nodes: Vec<String>,
    },
    /// CreateClusterResource (opnum 9).
    CreateResource {
        /// The new resource's id.
        id: ResourceId,
        /// Its group.
        group: GroupId,
        /// Its name as it came.
        name: String,
        /// Its type's name as it came.
        type_name: String,
        /// `dwFlags` as it came: 1 for a monitor of its own.
        flags: u32,
    },
    /// DeleteClusterResource (opnum 10).
    DeleteResource {
        /// Which.
        resource: ResourceId,
    },
    /// SetClusterResourceName (opnum 13).
    RenameResource {
        /// Which.
        resource: ResourceId,
        /// The new name as it came.
        name: String,
    },
    /// CreateClusterResourceType (opnum 26).
    CreateResourceType {
        /// Its name as it came.
        name: String,
        /// How it is shown.
        display_name: String,
        /// The shared library's path.
        library: String,
        /// The interval of the quick check, in milliseconds; 0 for the default.
        looks_alive_ms: u32,
        /// The interval of the thorough check, in milliseconds; 0 for the default.
        is_alive_ms: u32,
    },
    /// DeleteClusterResourceType (opnum 27).
    DeleteResourceType {
        /// Which.
        name: Name,
    },
    /// AddClusterResourceDependency (opnum 19).
    AddDependency {
        /// The dependent.
        resource: ResourceId,
        /// The provider.
        provider: ResourceId,
    },
    /// RemoveClusterResourceDependency (opnum 20).
    RemoveDependency {
        /// The dependent.
        resource: ResourceId,
        /// The provider.
        provider: ResourceId,
    },
    /// SetClusterResourceDependencyExpression (opnum 109).
    SetDependencyExpression {
        /// The dependent.
        resource: ResourceId,
        /// The expression as it came; empty clears.
        expression: String,
    },
    /// AddClusterResourceNode (opnum 23).
    AddPossibleOwner {
        /// The resource.
        resource: ResourceId,
        /// The node.
        node: NodeId,
    },
    /// RemoveClusterResourceNode (opnum 24).
    RemovePossibleOwner {
        /// The resource.
        resource: ResourceId,
        /// The node.
        node: NodeId,
    },
    /// A change of the order in which groups start (opnums 163 to 183).
    Order(OrderChange),
    /// SetClusterNetworkName (opnum 84).
    RenameNetwork {
        /// Which.
        network: NetworkId,
        /// Its new name as it came.
        name: String,
    },
    /// PauseClusterNode and Ex (opnums 69, 126 and 127).
    PauseNode {
        /// Which.
        node: NodeId,
        /// `dwPauseFlags` as it came.
        flags: u32,
        /// Whether what it has leaves.
        drain: Option<Drain>,
        /// What the caller wants remembered.
        remark: Remark,
    },
    /// ResumeClusterNode and Ex (opnums 70 and 128).
    ResumeNode {
        /// Which.
        node: NodeId,
        /// `eResumeFailbackType` as it came.
        failback: u32,
        /// `dwResumeFlagsReserved` as it came.
        flags: u32,
        /// What the caller wants remembered.
        remark: Remark,
    },
    /// SetClusterName (opnum 2).
    RenameCluster {
        /// The new name as it came.
        name: String,
    },
    /// BackupClusterDatabase (opnum 104).
    BackUp {
        /// A new file, or a directory, on the service's machine.
        path: String,
    },
    /// MoveClusterGroup and Ex (opnums 51, 52, 132 and 133). OnlineClusterGroup begins with it where it names a node.
    MoveGroup {
        /// Which.
        group: GroupId,
        /// Where it is to be; `None` for the best other node.
        node: Option<NodeId>,
        /// `dwMoveFlags` as it came.
        flags: u32,
        /// The input buffer as it came.
        buffer: Vec<u8>,
    },
    /// A control code that a stated node is to carry out (opnums 72, 74, 76, 78 and 105).
    ControlOnNode {
        /// The node.
        node: NodeId,
        /// The object.
        object: ObjectId,
        /// The code.
        code: ControlCode,
        /// The input buffer.
        input: Vec<u8>,
        /// How much output the caller can take, in bytes.
        output_length_max: u32,
    },
    /// Makes an object what a document says, all or nothing. By CONFIGURE only.
    Configure {
        /// The object; a new id for one that is to be made.
        object: ObjectId,
        /// As it is to be.
        wanted: Box<ConfiguredObject>,
        /// Whether it has to be there, or must not be.
        presence: Presence,
        /// What was different when it was planned. What else is different by now somebody has changed since, and it is
        /// refused. `None` makes it so whatever it is.
        planned: Option<Vec<SettingDifference>>,
        /// What the caller wants remembered.
        remark: Remark,
    },
    /// Deletes an object, by the rules of the call for its kind. By CONFIGURE only.
    DeleteConfigured {
        /// The object.
        object: ObjectId,
        /// What was set of it when it was planned. Where something else is set by now, it is refused. `None` deletes it
        /// whatever it is.
        planned: Option<Vec<SettingDifference>>,
    },
    /// Takes back what an operation changed, as far as nothing later stands against it. By UNDO only.
    Undo {
        /// The operation.
        operation: OperationId,
        /// What it was about.
        object: ObjectId,
        /// How that was called then.
        name: String,
        /// What it changed, as its record says.
        changes: Vec<RegistryChange>,
        /// What the caller wants remembered.
        remark: Remark,
    },
    /// Asks a resource's type whether it can go offline, as an offline call does before anything stops. Changes nothing, and
    /// whoever may look may ask. For plans only.
    CheckOffline {
        /// The resource.
        resource: ResourceId,
        /// As the type gets them.
        flags: OfflineFlags,
        /// What it would be told along with it.
        buffer: Vec<u8>,
    },
    /// A control code to any object (opnums 73, 75, 77, 79 and 106): properties too.
    Control {
        /// The object.
        object: ObjectId,
        /// The code.
        code: ControlCode,
        /// The input buffer.
        input: Vec<u8>,
        /// How much output the caller can take, in bytes.
        output_length_max: u32,
    },
}

/// How a node is drained.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Drain {
    /// The node that takes everything; `None` leaves it to placement.
    pub target: Option<NodeId>,
}

/// What a caller of an operation wants remembered with it. Plain calls leave it empty.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Remark {
    /// The reason in words.
    pub reason: String,
    /// A client's own token. A submission with a token that was seen from the same account before answers with the
    /// operation that it became then, so that a client whose connection broke can ask again.
    pub token: String,
}
