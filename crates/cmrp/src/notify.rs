//! Notification ports of version 2: what changed, with the new value.

use mainstay_ndr::{Ndr, NdrParams};

use crate::response::plain_responses;
use crate::{AnyHandle, NotifyHandle};

/// `ApiCloseNotify` (opnum 56): gives a port back; calls that wait on it return. For ports of both versions.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct CloseNotify {
    /// The port.
    pub notify: NotifyHandle,
}

/// `ApiUnblockGetNotifyCall` (opnum 107): lets calls that wait on a port return. For ports of both versions.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct UnblockGetNotifyCall {
    /// The port.
    pub notify: NotifyHandle,
}

/// `ApiCreateNotifyV2` (opnum 137): makes a port. Its answer's `Status` parameter is called `rpc_error` in MS-CMRP.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct CreateNotifyV2;

/// `ApiAddNotifyV2` (opnum 138): has a port report on an object, or on all objects of a type.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct AddNotifyV2 {
    /// The port.
    pub notify: NotifyHandle,
    /// The object, or the cluster when `targeted` is false.
    pub object: AnyHandle,
    /// Type of the object and the events asked for.
    pub filter: NotifyFilter,
    /// Value that comes back with each notification.
    pub notify_key: u32,
    /// Version of the filter's numbers; 2.
    pub version: u32,
    /// Whether `object` is the object itself.
    pub targeted: bool,
}

/// `ApiGetNotifyV2` (opnum 139): waits for notifications.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct GetNotifyV2 {
    /// The port.
    pub notify: NotifyHandle,
}

/// The answer to [`GetNotifyV2`].
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct GetNotifyV2Response {
    /// What happened, oldest first; null on failure.
    #[ndr(count_after)]
    pub notifications: Option<Vec<Notification>>,
    /// Win32 code.
    pub status: u32,
}

/// `ApiAddNotifyResourceTypeV2` (opnum 155): has a port report on one resource type.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct AddNotifyResourceTypeV2 {
    /// The port.
    pub notify: NotifyHandle,
    /// Events asked for, as bits.
    pub filter: i64,
    /// Value that comes back with each notification.
    pub notify_key: u32,
    /// Name of the resource type.
    pub type_name: String,
    /// Version of the filter's numbers; 2.
    pub version: u32,
}

/// `NOTIFY_FILTER_AND_TYPE_RPC`: a type of object and events of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Ndr)]
pub struct NotifyFilter {
    /// `CLUSTER_OBJECT_TYPE`.
    pub object_type: u32,
    /// Events, as bits; their meaning depends on the type.
    pub events: i64,
}

/// `NOTIFICATION_RPC`: one thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Default, Ndr)]
pub struct Notification {
    /// The value that came with the filter.
    pub notify_key: u32,
    /// What happened.
    pub data: NotificationData,
}

/// `NOTIFICATION_DATA_RPC`: what happened to which object.
#[derive(Debug, Clone, PartialEq, Eq, Default, Ndr)]
pub struct NotificationData {
    /// Type of the object and the event.
    pub filter: NotifyFilter,
    /// The new value: a state, an id, or a property list, depending on the event.
    #[ndr(count_after)]
    pub buffer: Option<Vec<u8>>,
    /// Id of the object.
    pub object_id: Option<String>,
    /// Id of what the object belongs to; null for quorum and shared volumes.
    pub parent_id: Option<String>,
    /// Name of the object.
    pub name: Option<String>,
    /// Resource type of a resource; null for quorum and shared volumes.
    pub type_name: Option<String>,
}

plain_responses!(GetNotifyV2Response);
