//! The table of operations, and [`Request`], which is made from it.
//!
//! To add an operation: write its request (and its answer, if no existing one fits) in the module of its kind of object,
//! then add one line here.

use mainstay_ndr::{DecodeError, EncodeError, Endian, NdrParams};
use mainstay_types::Access;

use crate::batch::{
    CreateBatchPortResponse, ExecuteBatchResponse, GetBatchNotificationResponse, ReadBatchResponse,
};
use crate::cluster::{
    GetClusterNameResponse, GetClusterVersion2Response, GetClusterVersionResponse, GetQuorumResourceResponse,
    SetServiceAccountPasswordResponse,
};
use crate::group::GetGroupStateResponse;
use crate::notify::GetNotifyV2Response;
use crate::notify_v1::{GetNotifyAsyncResponse, GetNotifyResponse, StateSequenceResponse};
use crate::registry::{
    CreateKeyResponse, EnumKeyResponse, EnumValueResponse, GetKeySecurityResponse, QueryInfoKeyResponse,
    QueryValueResponse,
};
use crate::resource::GetResourceStateResponse;
use crate::{
    BareStatusResponse, BatchPortHandle, CloseResponse, ClusterHandle, ControlResponse, EnumExResponse,
    EnumResponse, GroupEnumResponse, GroupHandle, GroupSetHandle, KeyHandle, NetInterfaceHandle,
    NetworkHandle, NodeHandle, NotifyHandle, OpenClusterExResponse, OpenClusterResponse, OpenExResponse,
    OpenResponse, Operation, Received, RequestError, RequiredAccess, ResourceEnumResponse, ResourceHandle,
    StateResponse, StatusResponse, StringResponse, decode_response, encode_response,
};
use crate::{
    batch, cluster, control, group, group_set, net_interface, network, node, notify, notify_v1, registry,
    resource, resource_type,
};

/// Makes [`Request`] and the implementations of [`Operation`] from lines of
/// `opnum module::Request => Response, access;`.
///
/// Access is `Nothing`, `Read` or `Full`; `Desired` where the request's `desired_access` says it, and `Control` where its
/// control code does.
macro_rules! operations {
    ($($opnum:literal $module:ident::$name:ident => $response:ty, $access:ident;)*) => {
        /// A request of any operation.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[allow(missing_docs, reason = "each variant holds the type of the same name, which says what it is")]
        pub enum Request {
            $($name($module::$name),)*
        }

        $(
            impl Operation for $module::$name {
                const OPNUM: u16 = $opnum;
                const NAME: &'static str = stringify!($name);
                type Response = $response;

                fn required_access(&self) -> RequiredAccess {
                    operations!(@access $access self)
                }
            }

            impl From<$module::$name> for Request {
                fn from(request: $module::$name) -> Self {
                    Self::$name(request)
                }
            }
        )*

        /// Number and name of every operation, by number.
        pub const ALL: &[(u16, &str)] = &[$(($opnum, stringify!($name)),)*];

        impl Request {
            /// Reads the request of operation `opnum` from the start of `stub`. More may follow it.
            ///
            /// # Errors
            ///
            /// [`RequestError`], which says which fault to answer with.
            pub fn decode(opnum: u16, stub: &[u8], endian: Endian) -> Result<Received, RequestError> {
                match opnum {
                    $($opnum => decode::<$module::$name>(stub, endian),)*
                    _ => Err(RequestError::UnknownOperation(opnum)),
                }
            }

            /// The stub of the request.
            ///
            /// # Errors
            ///
            /// See [`EncodeError`].
            pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
                match self {
                    $(Self::$name(request) => request.to_stub(),)*
                }
            }

            /// Operation number.
            #[must_use]
            pub fn opnum(&self) -> u16 {
                match self {
                    $(Self::$name(_) => $opnum,)*
                }
            }

            /// Name of the operation.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => stringify!($name),)*
                }
            }

            /// The access that the request needs.
            #[must_use]
            pub fn required_access(&self) -> RequiredAccess {
                match self {
                    $(Self::$name(request) => request.required_access(),)*
                }
            }

            /// The stub of the answer that refuses the request with `status`, a Win32 code other than 0.
            ///
            /// # Errors
            ///
            /// See [`EncodeError`].
            pub fn refusal_stub(&self, status: u32) -> Result<Vec<u8>, EncodeError> {
                match self {
                    $(Self::$name(request) => request.refusal(status).to_stub(),)*
                }
            }
        }

        /// Reads an answer to operation `opnum` and writes it again, whatever its type.
        pub(crate) fn rewrite_response(opnum: u16, stub: &[u8], endian: Endian) -> Result<Vec<u8>, RewriteError> {
            match opnum {
                $($opnum => rewrite::<$module::$name>(stub, endian),)*
                _ => Err(RewriteError::UnknownOperation),
            }
        }
    };
    (@access Nothing $request:ident) => { RequiredAccess::Nothing };
    (@access Read $request:ident) => { RequiredAccess::AtLeast(Access::Read) };
    (@access Full $request:ident) => { RequiredAccess::AtLeast(Access::Full) };
    (@access Desired $request:ident) => { RequiredAccess::Desired($request.desired_access) };
    (@access Control $request:ident) => { RequiredAccess::of_control_code($request.control.code) };
}

operations! {
    0 cluster::OpenCluster => OpenClusterResponse, Full;
    1 cluster::CloseCluster => CloseResponse<ClusterHandle>, Nothing;
    2 cluster::SetClusterName => StatusResponse, Full;
    3 cluster::GetClusterName => GetClusterNameResponse, Read;
    4 cluster::GetClusterVersion => GetClusterVersionResponse, Read;
    5 cluster::GetQuorumResource => GetQuorumResourceResponse, Read;
    6 cluster::SetQuorumResource => StatusResponse, Full;
    7 cluster::CreateEnum => EnumResponse, Read;
    8 resource::OpenResource => OpenResponse<ResourceHandle>, Full;
    9 resource::CreateResource => OpenResponse<ResourceHandle>, Full;
    10 resource::DeleteResource => StatusResponse, Full;
    11 resource::CloseResource => CloseResponse<ResourceHandle>, Nothing;
    12 resource::GetResourceState => GetResourceStateResponse, Read;
    13 resource::SetResourceName => StatusResponse, Full;
    14 resource::GetResourceId => StringResponse, Read;
    15 resource::GetResourceType => StringResponse, Read;
    16 resource::FailResource => StatusResponse, Full;
    17 resource::OnlineResource => StatusResponse, Full;
    18 resource::OfflineResource => StatusResponse, Full;
    19 resource::AddResourceDependency => StatusResponse, Full;
    20 resource::RemoveResourceDependency => StatusResponse, Full;
    21 resource::CanResourceBeDependent => StatusResponse, Read;
    22 resource::CreateResEnum => EnumResponse, Read;
    23 resource::AddResourceNode => StatusResponse, Full;
    24 resource::RemoveResourceNode => StatusResponse, Full;
    25 resource::ChangeResourceGroup => StatusResponse, Full;
    26 resource_type::CreateResourceType => StatusResponse, Full;
    27 resource_type::DeleteResourceType => StatusResponse, Full;
    28 registry::GetRootKey => OpenResponse<KeyHandle>, Read;
    29 registry::CreateKey => CreateKeyResponse, Full;
    30 registry::OpenKey => OpenResponse<KeyHandle>, Read;
    31 registry::EnumKey => EnumKeyResponse, Read;
    32 registry::SetValue => StatusResponse, Full;
    33 registry::DeleteValue => StatusResponse, Full;
    34 registry::QueryValue => QueryValueResponse, Read;
    35 registry::DeleteKey => StatusResponse, Full;
    36 registry::EnumValue => EnumValueResponse, Read;
    37 registry::CloseKey => CloseResponse<KeyHandle>, Nothing;
    38 registry::QueryInfoKey => QueryInfoKeyResponse, Read;
    39 registry::SetKeySecurity => StatusResponse, Full;
    40 registry::GetKeySecurity => GetKeySecurityResponse, Read;
    41 group::OpenGroup => OpenResponse<GroupHandle>, Full;
    42 group::CreateGroup => OpenResponse<GroupHandle>, Full;
    43 group::DeleteGroup => StatusResponse, Full;
    44 group::CloseGroup => CloseResponse<GroupHandle>, Nothing;
    45 group::GetGroupState => GetGroupStateResponse, Read;
    46 group::SetGroupName => StatusResponse, Full;
    47 group::GetGroupId => StringResponse, Read;
    48 node::GetNodeId => StringResponse, Read;
    49 group::OnlineGroup => StatusResponse, Full;
    50 group::OfflineGroup => StatusResponse, Full;
    51 group::MoveGroup => StatusResponse, Full;
    52 group::MoveGroupToNode => StatusResponse, Full;
    53 group::CreateGroupResourceEnum => EnumResponse, Read;
    54 group::SetGroupNodeList => StatusResponse, Full;
    55 notify_v1::CreateNotify => OpenResponse<NotifyHandle>, Read;
    56 notify::CloseNotify => CloseResponse<NotifyHandle>, Nothing;
    57 notify_v1::AddNotifyCluster => StatusResponse, Read;
    58 notify_v1::AddNotifyNode => StateSequenceResponse, Read;
    59 notify_v1::AddNotifyGroup => StateSequenceResponse, Read;
    60 notify_v1::AddNotifyResource => StateSequenceResponse, Read;
    61 notify_v1::AddNotifyKey => StatusResponse, Read;
    62 notify_v1::ReAddNotifyNode => StatusResponse, Read;
    63 notify_v1::ReAddNotifyGroup => StatusResponse, Read;
    64 notify_v1::ReAddNotifyResource => StatusResponse, Read;
    65 notify_v1::GetNotify => GetNotifyResponse, Read;
    66 node::OpenNode => OpenResponse<NodeHandle>, Full;
    67 node::CloseNode => CloseResponse<NodeHandle>, Nothing;
    68 node::GetNodeState => StateResponse, Read;
    69 node::PauseNode => StatusResponse, Full;
    70 node::ResumeNode => StatusResponse, Full;
    71 node::EvictNode => StatusResponse, Full;
    72 control::NodeResourceControl => ControlResponse, Control;
    73 control::ResourceControl => ControlResponse, Control;
    74 control::NodeResourceTypeControl => ControlResponse, Control;
    75 control::ResourceTypeControl => ControlResponse, Control;
    76 control::NodeGroupControl => ControlResponse, Control;
    77 control::GroupControl => ControlResponse, Control;
    78 control::NodeNodeControl => ControlResponse, Control;
    79 control::NodeControl => ControlResponse, Control;
    81 network::OpenNetwork => OpenResponse<NetworkHandle>, Full;
    82 network::CloseNetwork => CloseResponse<NetworkHandle>, Nothing;
    83 network::GetNetworkState => StateResponse, Read;
    84 network::SetNetworkName => StatusResponse, Full;
    85 network::CreateNetworkEnum => EnumResponse, Read;
    86 network::GetNetworkId => StringResponse, Read;
    87 network::SetNetworkPriorityOrder => StatusResponse, Full;
    88 control::NodeNetworkControl => ControlResponse, Control;
    89 control::NetworkControl => ControlResponse, Control;
    90 notify_v1::AddNotifyNetwork => StateSequenceResponse, Read;
    91 notify_v1::ReAddNotifyNetwork => StatusResponse, Read;
    92 net_interface::OpenNetInterface => OpenResponse<NetInterfaceHandle>, Full;
    93 net_interface::CloseNetInterface => CloseResponse<NetInterfaceHandle>, Nothing;
    94 net_interface::GetNetInterfaceState => StateResponse, Read;
    95 net_interface::GetNetInterface => StringResponse, Read;
    96 net_interface::GetNetInterfaceId => StringResponse, Read;
    97 control::NodeNetInterfaceControl => ControlResponse, Control;
    98 control::NetInterfaceControl => ControlResponse, Control;
    99 notify_v1::AddNotifyNetInterface => StateSequenceResponse, Read;
    100 notify_v1::ReAddNotifyNetInterface => StatusResponse, Read;
    101 node::CreateNodeEnum => EnumResponse, Read;
    102 cluster::GetClusterVersion2 => GetClusterVersion2Response, Read;
    103 resource_type::CreateResTypeEnum => EnumResponse, Read;
    104 cluster::BackupClusterDatabase => StatusResponse, Full;
    105 control::NodeClusterControl => ControlResponse, Control;
    106 control::ClusterControl => ControlResponse, Control;
    107 notify::UnblockGetNotifyCall => BareStatusResponse, Read;
    108 cluster::SetServiceAccountPassword => SetServiceAccountPasswordResponse, Full;
    109 resource::SetResourceDependencyExpression => StatusResponse, Full;
    110 resource::GetResourceDependencyExpression => StringResponse, Read;
    112 resource::GetResourceNetworkName => StringResponse, Read;
    113 batch::ExecuteBatch => ExecuteBatchResponse, Full;
    114 batch::CreateBatchPort => CreateBatchPortResponse, Read;
    115 batch::GetBatchNotification => GetBatchNotificationResponse, Read;
    116 batch::CloseBatchPort => CloseResponse<BatchPortHandle>, Nothing;
    117 cluster::OpenClusterEx => OpenClusterExResponse, Desired;
    118 node::OpenNodeEx => OpenExResponse<NodeHandle>, Desired;
    119 group::OpenGroupEx => OpenExResponse<GroupHandle>, Desired;
    120 resource::OpenResourceEx => OpenExResponse<ResourceHandle>, Desired;
    121 network::OpenNetworkEx => OpenExResponse<NetworkHandle>, Desired;
    122 net_interface::OpenNetInterfaceEx => OpenExResponse<NetInterfaceHandle>, Desired;
    123 resource::ChangeCsvState => StatusResponse, Full;
    124 node::CreateNodeEnumEx => EnumExResponse, Read;
    125 cluster::CreateEnumEx => EnumExResponse, Read;
    126 node::PauseNodeEx => StatusResponse, Full;
    127 node::PauseNodeWithDrainTarget => StatusResponse, Full;
    128 node::ResumeNodeEx => StatusResponse, Full;
    129 group::CreateGroupEx => OpenResponse<GroupHandle>, Full;
    130 group::OnlineGroupEx => StatusResponse, Full;
    131 group::OfflineGroupEx => StatusResponse, Full;
    132 group::MoveGroupEx => StatusResponse, Full;
    133 group::MoveGroupToNodeEx => StatusResponse, Full;
    134 group::CancelClusterGroupOperation => StatusResponse, Full;
    135 resource::OnlineResourceEx => StatusResponse, Full;
    136 resource::OfflineResourceEx => StatusResponse, Full;
    137 notify::CreateNotifyV2 => OpenResponse<NotifyHandle>, Read;
    138 notify::AddNotifyV2 => StatusResponse, Read;
    139 notify::GetNotifyV2 => GetNotifyV2Response, Read;
    143 cluster::CreateGroupEnum => GroupEnumResponse, Read;
    144 cluster::CreateResourceEnum => ResourceEnumResponse, Read;
    145 batch::ExecuteReadBatch => ReadBatchResponse, Read;
    146 resource::RestartResource => StatusResponse, Full;
    147 notify_v1::GetNotifyAsync => GetNotifyAsyncResponse, Read;
    155 notify::AddNotifyResourceTypeV2 => StatusResponse, Read;
    157 batch::ExecuteReadBatchEx => ReadBatchResponse, Read;
    163 group_set::CreateGroupSet => OpenResponse<GroupSetHandle>, Full;
    164 group_set::OpenGroupSet => OpenResponse<GroupSetHandle>, Full;
    165 group_set::CloseGroupSet => CloseResponse<GroupSetHandle>, Nothing;
    166 group_set::DeleteGroupSet => StatusResponse, Full;
    167 group_set::AddGroupToGroupSet => StatusResponse, Full;
    168 group_set::RemoveGroupFromGroupSet => StatusResponse, Full;
    169 group_set::MoveGroupToGroupSet => StatusResponse, Full;
    171 group_set::AddGroupSetDependency => StatusResponse, Full;
    172 group_set::AddGroupToGroupSetDependency => StatusResponse, Full;
    173 control::NodeGroupSetControl => ControlResponse, Control;
    174 control::GroupSetControl => ControlResponse, Control;
    175 group::SetGroupDependencyExpression => StatusResponse, Full;
    176 group::RemoveClusterGroupDependency => StatusResponse, Full;
    177 group_set::SetGroupSetDependencyExpression => StatusResponse, Full;
    178 group_set::RemoveGroupSetDependency => StatusResponse, Full;
    179 group_set::RemoveClusterGroupToGroupSetDependency => StatusResponse, Full;
    180 group_set::CreateGroupSetEnum => EnumResponse, Read;
    181 net_interface::CreateNetInterfaceEnum => EnumResponse, Read;
    182 resource::ChangeCsvStateEx => StatusResponse, Full;
    183 group_set::AddGroupToGroupSetEx => StatusResponse, Full;
    184 resource::ChangeResourceGroupEx => StatusResponse, Full;
}

fn decode<O: Operation>(stub: &[u8], endian: Endian) -> Result<Received, RequestError> {
    match O::from_stub(stub, endian) {
        Ok((request, used)) => Ok(Received { request: request.into(), used }),
        Err(source) => Err(RequestError::BadStub { name: O::NAME, source }),
    }
}

/// Why an answer cannot be read and written again.
#[derive(Debug)]
pub(crate) enum RewriteError {
    /// No such operation.
    UnknownOperation,
    /// It cannot be read.
    Decode(#[allow(dead_code, reason = "for messages of failed tests")] DecodeError),
    /// It was read and cannot be written.
    Encode(#[allow(dead_code, reason = "for messages of failed tests")] EncodeError),
}

fn rewrite<O: Operation>(stub: &[u8], endian: Endian) -> Result<Vec<u8>, RewriteError> {
    let response = decode_response::<O>(stub, endian).map_err(RewriteError::Decode)?;
    encode_response::<O>(&response).map_err(RewriteError::Encode)
}
