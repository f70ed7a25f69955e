//! The ClusAPI interface of MS-CMRP: every operation's number, request and answer as types.
//!
//! Owns what the operations look like: one struct for each request, one for each answer, and one table in
//! [`operations`] that says which number, which answer and which access belong to which request. It knows nothing of
//! connections, moves no bytes and decides nothing.
//!
//! A server turns opnum and stub into a [`Request`], matches on it, and writes the answer:
//!
//! ```
//! use mainstay_cmrp::{OpenClusterResponse, Operation, Request, encode_response, cluster::OpenCluster};
//! use mainstay_ndr::{ContextHandle, Endian};
//!
//! let received = Request::decode(0, &[], Endian::Little)?;
//! let stub = match &received.request {
//!     Request::OpenCluster(_) => {
//!         let handle = ContextHandle::NULL.into();
//!         encode_response::<OpenCluster>(&OpenClusterResponse { status: 0, handle })?
//!     }
//!     other => other.refusal_stub(120)?,
//! };
//! assert_eq!(stub, [0; 24]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A client goes the other way with [`encode_request`] and [`decode_response`].
#![forbid(unsafe_code)]

pub mod batch;
pub mod cluster;
pub mod control;
pub mod enumeration;
pub mod group;
pub mod group_set;
mod handle;
pub mod net_interface;
pub mod network;
pub mod node;
pub mod notify;
pub mod notify_v1;
mod operation;
pub mod operations;
pub mod oracle;
pub mod registry;
pub mod resource;
pub mod resource_type;
mod response;
pub mod security_descriptor;

pub use cluster::{OpenClusterExResponse, OpenClusterResponse};
pub use control::{ControlRequest, ControlResponse};
pub use enumeration::{
    EnumEntry, EnumExResponse, EnumList, EnumResponse, GroupEnumResponse, ResourceEnumResponse,
};
pub use handle::{
    AnyHandle, BatchPortHandle, ClusterHandle, GroupHandle, GroupSetHandle, KeyHandle, NetInterfaceHandle,
    NetworkHandle, NodeHandle, NotifyHandle, ResourceHandle,
};
pub use operation::{
    Operation, Received, RequestError, RequiredAccess, decode_response, encode_request, encode_response,
};
pub use operations::Request;
pub use response::{
    BareStatusResponse, CloseResponse, OpenExResponse, OpenResponse, Refusal, Response, RpcStatus,
    StateResponse, StatusResponse, StringResponse,
};
use uuid::Uuid;

/// Interface id of ClusAPI.
pub const UUID: Uuid = Uuid::from_u128(0xb97d_b8b2_4c63_11cf_bff6_0800_2be2_3f2f);
/// Version of the interface, major and minor.
pub const VERSION: (u16, u16) = (3, 0);
/// Id of the one transfer syntax served, NDR with 32-bit pointers.
pub const TRANSFER_SYNTAX: Uuid = Uuid::from_u128(0x8a88_5d04_1ceb_11c9_9fe8_0800_2b10_4860);
/// Version of the transfer syntax, major and minor.
pub const TRANSFER_SYNTAX_VERSION: (u16, u16) = (2, 0);
