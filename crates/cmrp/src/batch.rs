//! Batches: several changes or reads of the registry in one call.
//!
//! A batch has a byte format of its own, which these operations only carry.

use mainstay_ndr::NdrParams;

use crate::response::plain_responses;
use crate::{BatchPortHandle, KeyHandle, RpcStatus};

/// `ApiExecuteBatch` (opnum 113): carries out a batch, all of it or nothing.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct ExecuteBatch {
    /// The key that paths start at.
    pub key: KeyHandle,
    /// The batch.
    #[ndr(count_before)]
    pub data: Vec<u8>,
}

/// The answer to [`ExecuteBatch`].
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct ExecuteBatchResponse {
    /// Which command failed, from 1; 0 if none did.
    pub failed_command: i32,
    /// 0.
    pub rpc_status: RpcStatus,
    /// Win32 code.
    pub status: u32,
}

/// `ApiCreateBatchPort` (opnum 114): makes a port that receives the batches executed on a key.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct CreateBatchPort {
    /// The key.
    pub key: KeyHandle,
}

/// The answer to [`CreateBatchPort`].
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct CreateBatchPortResponse {
    /// The port; null unless `status` is 0.
    pub handle: BatchPortHandle,
    /// 0.
    pub rpc_status: RpcStatus,
    /// Win32 code.
    pub status: u32,
}

/// `ApiGetBatchNotification` (opnum 115): waits for the next batch.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct GetBatchNotification {
    /// The port.
    pub port: BatchPortHandle,
}

/// The answer to [`GetBatchNotification`].
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct GetBatchNotificationResponse {
    /// The batch; null on failure.
    #[ndr(count_before)]
    pub data: Option<Vec<u8>>,
    /// Win32 code.
    pub status: u32,
}

/// `ApiCloseBatchPort` (opnum 116): gives a batch port back.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct CloseBatchPort {
    /// The port.
    pub port: BatchPortHandle,
}

/// `ApiExecuteReadBatch` (opnum 145): reads several keys and values at one moment.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct ExecuteReadBatch {
    /// The key that paths start at.
    pub key: KeyHandle,
    /// The batch.
    #[ndr(count_before)]
    pub data: Vec<u8>,
}

/// `ApiExecuteReadBatchEx` (opnum 157): reads several keys and values at one moment, with flags.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct ExecuteReadBatchEx {
    /// The key that paths start at.
    pub key: KeyHandle,
    /// The batch.
    #[ndr(count_before)]
    pub data: Vec<u8>,
    /// Flags.
    pub flags: u32,
}

/// The answer to [`ExecuteReadBatch`] and [`ExecuteReadBatchEx`].
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct ReadBatchResponse {
    /// What was read, in the format of a batch; null on failure.
    #[ndr(count_before)]
    pub data: Option<Vec<u8>>,
    /// 0.
    pub rpc_status: RpcStatus,
    /// Win32 code.
    pub status: u32,
}

plain_responses!(
    ExecuteBatchResponse,
    CreateBatchPortResponse,
    GetBatchNotificationResponse,
    ReadBatchResponse
);
