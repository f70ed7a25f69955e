//! The cluster registry: keys, values and their security.
//!
//! Opening a key needs read access whatever `sam_desired` says; the operations that change something ask for full access
//! themselves.

use mainstay_ndr::{DecodeError, Decoder, EncodeError, Encoder, Ndr, NdrParams};

use crate::response::{plain_responses, responses};
use crate::security_descriptor::{RpcSecurityDescriptor, SecurityAttributes};
use crate::{KeyHandle, Refusal, RpcStatus};

/// ERROR_MORE_DATA: the caller's buffer is too small.
const ERROR_MORE_DATA: u32 = 234;

/// `ApiGetRootKey` (opnum 28): opens the root of the registry.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct GetRootKey {
    /// Registry access mask asked for.
    pub sam_desired: u32,
}

/// `ApiCreateKey` (opnum 29): opens a key, and makes it if it is not there.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct CreateKey {
    /// The key that the path starts at.
    pub key: KeyHandle,
    /// Path.
    pub sub_key: String,
    /// 1 makes a key that a restart of the cluster removes.
    pub options: u32,
    /// Registry access mask asked for.
    pub sam_desired: u32,
    /// Security of a new key; null inherits.
    pub security: Option<SecurityAttributes>,
}

/// The answer to [`CreateKey`].
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct CreateKeyResponse {
    /// 1 if the key was made, 2 if it was there.
    pub disposition: u32,
    /// Win32 code.
    pub status: u32,
    /// 0.
    pub rpc_status: RpcStatus,
    /// The key; null unless `status` is 0.
    pub handle: KeyHandle,
}

/// `ApiOpenKey` (opnum 30): opens a key.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct OpenKey {
    /// The key that the path starts at.
    pub key: KeyHandle,
    /// Path.
    pub sub_key: String,
    /// Registry access mask asked for.
    pub sam_desired: u32,
}

/// `ApiEnumKey` (opnum 31): one of a key's sub-keys.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct EnumKey {
    /// The key.
    pub key: KeyHandle,
    /// Which one, from 0.
    pub index: u32,
}

/// The answer to [`EnumKey`].
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct EnumKeyResponse {
    /// Name of the sub-key; null on failure.
    pub name: Option<String>,
    /// When it last changed.
    pub last_write: FileTime,
    /// 0.
    pub rpc_status: RpcStatus,
    /// Win32 code.
    pub status: u32,
}

/// `ApiSetValue` (opnum 32): sets a value.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct SetValue {
    /// The key.
    pub key: KeyHandle,
    /// Name of the value; may be empty.
    pub name: String,
    /// Registry type.
    pub value_type: u32,
    /// The value.
    #[ndr(count_after)]
    pub data: Vec<u8>,
}

/// `ApiDeleteValue` (opnum 33): removes a value.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct DeleteValue {
    /// The key.
    pub key: KeyHandle,
    /// Name of the value; may be empty.
    pub name: String,
}

/// `ApiQueryValue` (opnum 34): reads a value.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct QueryValue {
    /// The key.
    pub key: KeyHandle,
    /// Name of the value; may be empty.
    pub name: String,
    /// Room for the value.
    pub room: ValueRoom,
}

/// Room for a value, in bytes.
///
/// The answer is filled up to this length, so that it is bounded: a request for more is refused as undecodable, and a caller
/// with a larger buffer offers [`ValueRoom::MAX_LEN`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ValueRoom(u32);

impl ValueRoom {
    /// The largest room, 4 MiB: no value is longer, since a transaction of the store ends at 1 MiB.
    pub const MAX_LEN: u32 = 4 << 20;

    /// Room for `len` bytes, or for [`Self::MAX_LEN`] if that is less.
    #[must_use]
    pub fn up_to(len: u32) -> Self {
        Self(len.min(Self::MAX_LEN))
    }

    /// Length in bytes; 0 asks for the length of the value only.
    #[must_use]
    pub fn bytes(self) -> u32 {
        self.0
    }
}

impl Ndr for ValueRoom {
    const ALIGN: usize = 4;
    const MIN_LEN: usize = 4;
    type Inline = Self;

    fn encode_inline(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.write_u32(self.0);
        Ok(())
    }

    fn decode_inline(decoder: &mut Decoder<'_>, _conformance: u32) -> Result<Self, DecodeError> {
        let value = decoder.read_u32()?;
        if value > Self::MAX_LEN {
            return Err(DecodeError::OutOfRange { at: decoder.position(), value, max: Self::MAX_LEN });
        }
        Ok(Self(value))
    }

    fn decode_deferred(inline: Self, _decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(inline)
    }
}

/// The answer to [`QueryValue`]. Its array is always as long as the request's room, filled up with zeros.
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct QueryValueResponse {
    value_type: u32,
    data: Vec<u8>,
    required_len: u32,
    rpc_status: RpcStatus,
    status: u32,
}

impl QueryValueResponse {
    /// The answer with a value; where it does not fit, ERROR_MORE_DATA with its type and the length needed.
    #[must_use]
    pub fn new(request: &QueryValue, value_type: u32, mut data: Vec<u8>) -> Self {
        let room = zeros(request.room);
        let required_len = u32::try_from(data.len()).unwrap_or(u32::MAX);
        if data.len() > room.len() {
            return Self { value_type, data: room, required_len, status: ERROR_MORE_DATA, ..Self::default() };
        }
        data.resize(room.len(), 0);
        Self { value_type, data, required_len, ..Self::default() }
    }

    /// Registry type of the value.
    #[must_use]
    pub fn value_type(&self) -> u32 {
        self.value_type
    }

    /// The value, without the fill; empty unless `status` is 0.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        let len = usize::try_from(self.required_len).unwrap_or(usize::MAX);
        if self.status == 0 { self.data.get(..len).unwrap_or_default() } else { &[] }
    }

    /// Length of the value in bytes, also when it did not fit.
    #[must_use]
    pub fn required_len(&self) -> u32 {
        self.required_len
    }
}

impl Refusal<QueryValue> for QueryValueResponse {
    fn refusal(request: &QueryValue, status: u32) -> Self {
        Self { data: zeros(request.room), status, ..Self::default() }
    }
}

fn zeros(room: ValueRoom) -> Vec<u8> {
    vec![0; usize::try_from(room.bytes()).unwrap_or_default()]
}

/// `ApiDeleteKey` (opnum 35): removes a key that has no sub-keys.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct DeleteKey {
    /// The key that the path starts at.
    pub key: KeyHandle,
    /// Path.
    pub sub_key: String,
}

/// `ApiEnumValue` (opnum 36): one of a key's values.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct EnumValue {
    /// The key.
    pub key: KeyHandle,
    /// Which one, from 0.
    pub index: u32,
    /// Room for the value, in bytes.
    pub room_len: u32,
}

/// The answer to [`EnumValue`].
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct EnumValueResponse {
    /// Name of the value; null on failure.
    pub name: Option<String>,
    /// Registry type.
    pub value_type: u32,
    /// The value; empty when it does not fit.
    #[ndr(count_after)]
    pub data: Vec<u8>,
    /// Length of the value in bytes, also when it does not fit.
    pub total_len: u32,
    /// 0.
    pub rpc_status: RpcStatus,
    /// Win32 code.
    pub status: u32,
}

/// `ApiCloseKey` (opnum 37): gives a key's handle back.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct CloseKey {
    /// The key.
    pub key: KeyHandle,
}

/// `ApiQueryInfoKey` (opnum 38): numbers about a key.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct QueryInfoKey {
    /// The key.
    pub key: KeyHandle,
}

/// The answer to [`QueryInfoKey`].
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct QueryInfoKeyResponse {
    /// Number of sub-keys.
    pub sub_keys: u32,
    /// Longest name of a sub-key, in UTF-16 units without the NUL.
    pub max_sub_key_len: u32,
    /// Number of values.
    pub values: u32,
    /// Longest name of a value, in UTF-16 units without the NUL.
    pub max_value_name_len: u32,
    /// Longest value, in bytes.
    pub max_value_len: u32,
    /// Length of the key's security descriptor, in bytes.
    pub security_descriptor_len: u32,
    /// When the key last changed.
    pub last_write: FileTime,
    /// 0.
    pub rpc_status: RpcStatus,
    /// Win32 code.
    pub status: u32,
}

/// `ApiSetKeySecurity` (opnum 39): replaces parts of a key's security descriptor.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct SetKeySecurity {
    /// The key.
    pub key: KeyHandle,
    /// `SECURITY_INFORMATION`: which parts.
    pub security_information: u32,
    /// The parts, self-relative.
    pub descriptor: RpcSecurityDescriptor,
}

/// `ApiGetKeySecurity` (opnum 40): parts of a key's security descriptor.
#[derive(Debug, Clone, PartialEq, Eq, NdrParams)]
pub struct GetKeySecurity {
    /// The key.
    pub key: KeyHandle,
    /// `SECURITY_INFORMATION`: which parts.
    pub security_information: u32,
    /// Room for the answer.
    pub descriptor: RpcSecurityDescriptor,
}

/// The answer to [`GetKeySecurity`].
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct GetKeySecurityResponse {
    /// The parts; or, with 122, only the room needed.
    pub descriptor: RpcSecurityDescriptor,
    /// 0.
    pub rpc_status: RpcStatus,
    /// Win32 code.
    pub status: u32,
}

/// `FILETIME`: a point in time in units of 100 nanoseconds since 1601, aligned to 4 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Ndr)]
pub struct FileTime {
    /// Low half.
    pub low: u32,
    /// High half.
    pub high: u32,
}

impl From<u64> for FileTime {
    fn from(ticks: u64) -> Self {
        let [a, b, c, d, e, f, g, h] = ticks.to_le_bytes();
        Self { low: u32::from_le_bytes([a, b, c, d]), high: u32::from_le_bytes([e, f, g, h]) }
    }
}

impl From<FileTime> for u64 {
    fn from(time: FileTime) -> Self {
        u64::from(time.high) << 32 | u64::from(time.low)
    }
}

plain_responses!(
    CreateKeyResponse,
    EnumKeyResponse,
    EnumValueResponse,
    QueryInfoKeyResponse,
    GetKeySecurityResponse
);
responses!(QueryValueResponse);
