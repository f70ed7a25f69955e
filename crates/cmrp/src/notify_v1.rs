//! Notification ports of version 1: that something changed, without the new value.
//!
//! [`crate::notify::CloseNotify`] and [`crate::notify::UnblockGetNotifyCall`] serve these ports too.

use mainstay_ndr::{Ndr, NdrParams};

use crate::response::plain_responses;
use crate::{ClusterHandle, GroupHandle, KeyHandle, NetInterfaceHandle, NetworkHandle};
use crate::{NodeHandle, NotifyHandle, ResourceHandle, RpcStatus};

/// `ApiCreateNotify` (opnum 55): makes a port.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct CreateNotify;

/// `ApiAddNotifyCluster` (opnum 57): has a port report on the cluster.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct AddNotifyCluster {
    /// The port.
    pub notify: NotifyHandle,
    /// The cluster.
    pub cluster: ClusterHandle,
    /// Events asked for, as bits.
    pub filter: u32,
    /// Value that comes back with each notification.
    pub notify_key: u32,
}

/// `ApiAddNotifyNode` (opnum 58): has a port report on a node.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct AddNotifyNode {
    /// The port.
    pub notify: NotifyHandle,
    /// The node.
    pub node: NodeHandle,
    /// Events asked for, as bits.
    pub filter: u32,
    /// Value that comes back with each notification.
    pub notify_key: u32,
}

/// `ApiAddNotifyGroup` (opnum 59): has a port report on a group.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct AddNotifyGroup {
    /// The port.
    pub notify: NotifyHandle,
    /// The group.
    pub group: GroupHandle,
    /// Events asked for, as bits.
    pub filter: u32,
    /// Value that comes back with each notification.
    pub notify_key: u32,
}

/// `ApiAddNotifyResource` (opnum 60): has a port report on a resource.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct AddNotifyResource {
    /// The port.
    pub notify: NotifyHandle,
    /// The resource.
    pub resource: ResourceHandle,
    /// Events asked for, as bits.
    pub filter: u32,
    /// Value that comes back with each notification.
    pub notify_key: u32,
}

/// `ApiAddNotifyKey` (opnum 61): has a port report on a registry key.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct AddNotifyKey {
    /// The port.
    pub notify: NotifyHandle,
    /// The key.
    pub key: KeyHandle,
    /// Value that comes back with each notification.
    pub notify_key: u32,
    /// Events asked for, as bits.
    pub filter: u32,
    /// Whether keys below it count.
    pub watch_sub_tree: bool,
}

/// `ApiReAddNotifyNode` (opnum 62): has a new port go on where a lost one stopped.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct ReAddNotifyNode {
    /// The port.
    pub notify: NotifyHandle,
    /// The node.
    pub node: NodeHandle,
    /// Events asked for, as bits.
    pub filter: u32,
    /// Value that comes back with each notification.
    pub notify_key: u32,
    /// Sequence number of the object's state.
    pub state_sequence: u32,
}

/// `ApiReAddNotifyGroup` (opnum 63): has a new port go on where a lost one stopped.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct ReAddNotifyGroup {
    /// The port.
    pub notify: NotifyHandle,
    /// The group.
    pub group: GroupHandle,
    /// Events asked for, as bits.
    pub filter: u32,
    /// Value that comes back with each notification.
    pub notify_key: u32,
    /// Sequence number of the object's state.
    pub state_sequence: u32,
}

/// `ApiReAddNotifyResource` (opnum 64): has a new port go on where a lost one stopped.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct ReAddNotifyResource {
    /// The port.
    pub notify: NotifyHandle,
    /// The resource.
    pub resource: ResourceHandle,
    /// Events asked for, as bits.
    pub filter: u32,
    /// Value that comes back with each notification.
    pub notify_key: u32,
    /// Sequence number of the object's state.
    pub state_sequence: u32,
}

/// `ApiGetNotify` (opnum 65): waits for a notification.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct GetNotify {
    /// The port.
    pub notify: NotifyHandle,
}

/// The answer to [`GetNotify`].
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct GetNotifyResponse {
    /// The value that came with the filter.
    pub notify_key: u32,
    /// The event, one bit.
    pub filter: u32,
    /// Sequence number of the object's state.
    pub state_sequence: u32,
    /// Name of the object.
    pub name: Option<String>,
    /// 0.
    pub rpc_status: RpcStatus,
    /// Win32 code.
    pub status: u32,
}

/// `ApiAddNotifyNetwork` (opnum 90): has a port report on a network.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct AddNotifyNetwork {
    /// The port.
    pub notify: NotifyHandle,
    /// The network.
    pub network: NetworkHandle,
    /// Events asked for, as bits.
    pub filter: u32,
    /// Value that comes back with each notification.
    pub notify_key: u32,
}

/// `ApiReAddNotifyNetwork` (opnum 91): has a new port go on where a lost one stopped.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct ReAddNotifyNetwork {
    /// The port.
    pub notify: NotifyHandle,
    /// The network.
    pub network: NetworkHandle,
    /// Events asked for, as bits.
    pub filter: u32,
    /// Value that comes back with each notification.
    pub notify_key: u32,
    /// Sequence number of the object's state.
    pub state_sequence: u32,
}

/// `ApiAddNotifyNetInterface` (opnum 99): has a port report on a network interface.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct AddNotifyNetInterface {
    /// The port.
    pub notify: NotifyHandle,
    /// The network interface.
    pub net_interface: NetInterfaceHandle,
    /// Events asked for, as bits.
    pub filter: u32,
    /// Value that comes back with each notification.
    pub notify_key: u32,
}

/// `ApiReAddNotifyNetInterface` (opnum 100): has a new port go on where a lost one stopped.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct ReAddNotifyNetInterface {
    /// The port.
    pub notify: NotifyHandle,
    /// The network interface.
    pub net_interface: NetInterfaceHandle,
    /// Events asked for, as bits.
    pub filter: u32,
    /// Value that comes back with each notification.
    pub notify_key: u32,
    /// Sequence number of the object's state.
    pub state_sequence: u32,
}

/// `ApiGetNotifyAsync` (opnum 147): waits for notifications.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct GetNotifyAsync {
    /// The port.
    pub notify: NotifyHandle,
}

/// The answer to [`GetNotifyAsync`].
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct GetNotifyAsyncResponse {
    /// What happened, oldest first; null on failure.
    #[ndr(count_after)]
    pub notifications: Option<Vec<NotificationAsync>>,
    /// Win32 code.
    pub status: u32,
}

/// `NOTIFICATION_DATA_ASYNC_RPC`: one thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Default, Ndr)]
pub struct NotificationAsync {
    /// The value that came with the filter.
    pub notify_key: u32,
    /// The event, one bit.
    pub filter: u32,
    /// Name of the object.
    pub name: Option<String>,
}

/// The answer to the operations that begin to report on an object with a state.
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct StateSequenceResponse {
    /// Sequence number of the object's state.
    pub state_sequence: u32,
    /// 0.
    pub rpc_status: RpcStatus,
    /// Win32 code.
    pub status: u32,
}

plain_responses!(GetNotifyResponse, GetNotifyAsyncResponse, StateSequenceResponse);
