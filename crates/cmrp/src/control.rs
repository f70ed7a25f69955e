//! Control codes: one shape of request and answer for every kind of object.
//!
//! The answer's buffer announces the room that the request offered, also on failure; clients write into a buffer of
//! that size and refuse anything else. [`ControlResponse`] is therefore only made from a [`ControlRequest`].

use mainstay_ndr::{Counted, NdrParams, Varying};

use crate::response::responses;
use crate::{ClusterHandle, GroupHandle, GroupSetHandle, NetInterfaceHandle, NetworkHandle};
use crate::{NodeHandle, Refusal, ResourceHandle, RpcStatus};

/// ERROR_MORE_DATA: the caller's buffer is too small.
const ERROR_MORE_DATA: u32 = 234;

/// The parameters that all `...Control` operations share.
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct ControlRequest {
    /// Control code.
    pub code: u32,
    /// Input for the code; null is none.
    #[ndr(count_after)]
    pub input: Option<Vec<u8>>,
    /// Room for the output, in bytes.
    pub output_len: u32,
}

/// The answer to every `...Control` operation.
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct ControlResponse {
    /// The output, with the room that the request offered.
    #[ndr(count_after)]
    output: Varying<u8>,
    required_len: u32,
    rpc_status: RpcStatus,
    status: u32,
}

impl ControlResponse {
    /// The answer with `output`; where it does not fit, ERROR_MORE_DATA with the length needed and no output.
    pub fn new(request: &ControlRequest, output: Vec<u8>) -> Self {
        let max = request.output_len;
        match Varying::new(max, output) {
            Ok(output) => Self {
                // What fits in `max` fits in 32 bits.
                required_len: u32::try_from(output.count()).unwrap_or(max),
                output,
                ..Self::default()
            },
            Err(output) => Self {
                output: Varying::empty(max),
                required_len: u32::try_from(output.len()).unwrap_or(u32::MAX),
                status: ERROR_MORE_DATA,
                ..Self::default()
            },
        }
    }

    /// The answer that a code ended in `status`, a Win32 code, without output.
    pub fn ended(request: &ControlRequest, status: u32) -> Self {
        Self { output: Varying::empty(request.output_len), status, ..Self::default() }
    }

    /// The answer that the output did not fit: ERROR_MORE_DATA with the length that it needs.
    pub fn too_small(request: &ControlRequest, required_len: u32) -> Self {
        Self { required_len, ..Self::ended(request, ERROR_MORE_DATA) }
    }

    /// The same output with another status: a code can end in 5024 or 997 and have output all the same.
    #[must_use]
    pub fn with_status(self, status: u32) -> Self {
        Self { status, ..self }
    }

    /// The output; empty on failure.
    #[must_use]
    pub fn output(&self) -> &[u8] {
        self.output.items()
    }

    /// Length of the output in bytes, also when it did not fit.
    #[must_use]
    pub fn required_len(&self) -> u32 {
        self.required_len
    }
}

responses!(ControlResponse);

/// Implements [`Refusal`] for the operations that carry a [`ControlRequest`].
macro_rules! control_refusals {
    ($($request:ident),* $(,)?) => {$(
        impl Refusal<$request> for ControlResponse {
            fn refusal(request: &$request, status: u32) -> Self {
                Self::ended(&request.control, status)
            }
        }
    )*};
}

control_refusals!(
    NodeResourceControl,
    ResourceControl,
    NodeResourceTypeControl,
    ResourceTypeControl,
    NodeGroupControl,
    GroupControl,
    NodeNodeControl,
    NodeControl,
    NodeNetworkControl,
    NetworkControl,
    NodeNetInterfaceControl,
    NetInterfaceControl,
    NodeClusterControl,
    ClusterControl,
    NodeGroupSetControl,
    GroupSetControl,
);

/// `ApiNodeResourceControl` (opnum 72): a resource's control code, carried out on a node.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct NodeResourceControl {
    /// The resource.
    pub resource: ResourceHandle,
    /// The node that carries the code out.
    pub host_node: NodeHandle,
    /// Code, input and room for the output.
    #[ndr(params)]
    pub control: ControlRequest,
}

/// `ApiResourceControl` (opnum 73): a resource's control code.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct ResourceControl {
    /// The resource.
    pub resource: ResourceHandle,
    /// Code, input and room for the output.
    #[ndr(params)]
    pub control: ControlRequest,
}

/// `ApiNodeResourceTypeControl` (opnum 74): a resource type's control code, carried out on a node.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct NodeResourceTypeControl {
    /// The cluster.
    pub cluster: ClusterHandle,
    /// Name of the resource type.
    pub type_name: String,
    /// The node that carries the code out.
    pub host_node: NodeHandle,
    /// Code, input and room for the output.
    #[ndr(params)]
    pub control: ControlRequest,
}

/// `ApiResourceTypeControl` (opnum 75): a resource type's control code.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct ResourceTypeControl {
    /// The cluster.
    pub cluster: ClusterHandle,
    /// Name of the resource type.
    pub type_name: String,
    /// Code, input and room for the output.
    #[ndr(params)]
    pub control: ControlRequest,
}

/// `ApiNodeGroupControl` (opnum 76): a group's control code, carried out on a node.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct NodeGroupControl {
    /// The group.
    pub group: GroupHandle,
    /// The node that carries the code out.
    pub host_node: NodeHandle,
    /// Code, input and room for the output.
    #[ndr(params)]
    pub control: ControlRequest,
}

/// `ApiGroupControl` (opnum 77): a group's control code.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct GroupControl {
    /// The group.
    pub group: GroupHandle,
    /// Code, input and room for the output.
    #[ndr(params)]
    pub control: ControlRequest,
}

/// `ApiNodeNodeControl` (opnum 78): a node's control code, carried out on another node.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct NodeNodeControl {
    /// The node.
    pub node: NodeHandle,
    /// The node that carries the code out.
    pub host_node: NodeHandle,
    /// Code, input and room for the output.
    #[ndr(params)]
    pub control: ControlRequest,
}

/// `ApiNodeControl` (opnum 79): a node's control code.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct NodeControl {
    /// The node.
    pub node: NodeHandle,
    /// Code, input and room for the output.
    #[ndr(params)]
    pub control: ControlRequest,
}

/// `ApiNodeNetworkControl` (opnum 88): a network's control code, carried out on a node.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct NodeNetworkControl {
    /// The network.
    pub network: NetworkHandle,
    /// The node that carries the code out.
    pub host_node: NodeHandle,
    /// Code, input and room for the output.
    #[ndr(params)]
    pub control: ControlRequest,
}

/// `ApiNetworkControl` (opnum 89): a network's control code.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct NetworkControl {
    /// The network.
    pub network: NetworkHandle,
    /// Code, input and room for the output.
    #[ndr(params)]
    pub control: ControlRequest,
}

/// `ApiNodeNetInterfaceControl` (opnum 97): a network interface's control code, carried out on a node.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct NodeNetInterfaceControl {
    /// The network interface.
    pub net_interface: NetInterfaceHandle,
    /// The node that carries the code out.
    pub host_node: NodeHandle,
    /// Code, input and room for the output.
    #[ndr(params)]
    pub control: ControlRequest,
}

/// `ApiNetInterfaceControl` (opnum 98): a network interface's control code.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct NetInterfaceControl {
    /// The network interface.
    pub net_interface: NetInterfaceHandle,
    /// Code, input and room for the output.
    #[ndr(params)]
    pub control: ControlRequest,
}

/// `ApiNodeClusterControl` (opnum 105): a control code of the cluster, carried out on a node.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct NodeClusterControl {
    /// The cluster.
    pub cluster: ClusterHandle,
    /// The node that carries the code out.
    pub host_node: NodeHandle,
    /// Code, input and room for the output.
    #[ndr(params)]
    pub control: ControlRequest,
}

/// `ApiClusterControl` (opnum 106): a control code of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct ClusterControl {
    /// The cluster.
    pub cluster: ClusterHandle,
    /// Code, input and room for the output.
    #[ndr(params)]
    pub control: ControlRequest,
}

/// `ApiNodeGroupSetControl` (opnum 173): a group set's control code, carried out on a node.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct NodeGroupSetControl {
    /// The group set.
    pub group_set: GroupSetHandle,
    /// The node that carries the code out.
    pub host_node: NodeHandle,
    /// Code, input and room for the output.
    #[ndr(params)]
    pub control: ControlRequest,
}

/// `ApiGroupSetControl` (opnum 174): a group set's control code.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct GroupSetControl {
    /// The group set.
    pub group_set: GroupSetHandle,
    /// Code, input and room for the output.
    #[ndr(params)]
    pub control: ControlRequest,
}
