//! What answers have in common, and the answers that many operations share.
//!
//! Every answer ends in one Win32 code that says how the call went: the function's result, or, where that is a handle, the
//! `Status` parameter. Beside it most carry `rpc_status`, which belongs to the RPC runtime.

use mainstay_ndr::{DecodeError, Decoder, EncodeError, Encoder, Ndr, NdrParams};

/// The answer to an operation.
pub trait Response: NdrParams {
    /// How the call went: a Win32 code, 0 for success.
    fn status(&self) -> u32;
}

/// An answer that can say no to `Request` in a shape that clients accept: null handles and pointers, and arrays of
/// the size that the request asked for.
pub trait Refusal<Request>: Response {
    /// The answer that carries only `status`, a Win32 code other than 0.
    fn refusal(request: &Request, status: u32) -> Self;
}

/// Implements [`Response`] for types with a `status` field.
macro_rules! responses {
    ($($name:ident),* $(,)?) => {$(
        impl $crate::Response for $name {
            fn status(&self) -> u32 {
                self.status
            }
        }
    )*};
}
pub(crate) use responses;

/// Implements [`Response`] for types with a `status` field, and [`Refusal`] with everything else empty.
macro_rules! plain_responses {
    ($($name:ident $(<$handle:ident>)?),* $(,)?) => {$(
        impl $(<$handle: mainstay_ndr::Ndr>)? $crate::Response for $name $(<$handle>)? {
            fn status(&self) -> u32 {
                self.status
            }
        }

        impl<Request $(, $handle: mainstay_ndr::Ndr + Default)?> $crate::Refusal<Request> for $name $(<$handle>)? {
            fn refusal(_request: &Request, status: u32) -> Self {
                Self { status, ..Default::default() }
            }
        }
    )*};
}
pub(crate) use plain_responses;

/// `rpc_status`: filled in by the client's RPC runtime. Always written as 0; what is read is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RpcStatus(pub u32);

impl Ndr for RpcStatus {
    const ALIGN: usize = 4;
    const MIN_LEN: usize = 4;
    type Inline = Self;

    fn encode_inline(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.write_u32(0);
        Ok(())
    }

    fn decode_inline(decoder: &mut Decoder<'_>, _conformance: u32) -> Result<Self, DecodeError> {
        decoder.read_u32().map(Self)
    }

    fn decode_deferred(inline: Self, _decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(inline)
    }
}

/// Nothing but how the call went.
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct StatusResponse {
    /// 0.
    pub rpc_status: RpcStatus,
    /// Win32 code.
    pub status: u32,
}

impl From<u32> for StatusResponse {
    fn from(status: u32) -> Self {
        Self { status, ..Self::default() }
    }
}

/// The result alone, without `rpc_status`.
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct BareStatusResponse {
    /// Win32 code.
    pub status: u32,
}

impl From<u32> for BareStatusResponse {
    fn from(status: u32) -> Self {
        Self { status }
    }
}

responses!(BareStatusResponse);

impl<Request> Refusal<Request> for BareStatusResponse {
    fn refusal(_request: &Request, status: u32) -> Self {
        Self { status }
    }
}

/// A handle, opened or made.
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct OpenResponse<H> {
    /// Win32 code.
    pub status: u32,
    /// 0.
    pub rpc_status: RpcStatus,
    /// The handle; null unless `status` is 0.
    pub handle: H,
}

impl<H> OpenResponse<H> {
    /// The answer to an open that succeeded.
    pub fn opened(handle: H) -> Self {
        Self { status: 0, rpc_status: RpcStatus(0), handle }
    }
}

/// A handle opened with a stated access.
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct OpenExResponse<H> {
    /// Access that the handle carries: GENERIC_READ or GENERIC_ALL.
    pub granted_access: u32,
    /// Win32 code.
    pub status: u32,
    /// 0.
    pub rpc_status: RpcStatus,
    /// The handle; null unless `status` is 0.
    pub handle: H,
}

impl<H> OpenExResponse<H> {
    /// The answer to an open that succeeded.
    pub fn opened(granted_access: u32, handle: H) -> Self {
        Self { granted_access, status: 0, rpc_status: RpcStatus(0), handle }
    }
}

/// A handle given back. The default is the answer to a close that succeeded.
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct CloseResponse<H> {
    /// The null handle.
    pub handle: H,
    /// Win32 code.
    pub status: u32,
}

/// A name, an id, or another string.
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct StringResponse {
    /// The string; null on failure.
    pub value: Option<String>,
    /// 0.
    pub rpc_status: RpcStatus,
    /// Win32 code.
    pub status: u32,
}

impl StringResponse {
    /// The answer that carries `value`.
    pub fn new(value: impl Into<String>) -> Self {
        Self { value: Some(value.into()), ..Self::default() }
    }
}

/// The state of a node, a network or a network interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, NdrParams)]
pub struct StateResponse {
    /// The state, in the numbers of the object's kind.
    pub state: u32,
    /// 0.
    pub rpc_status: RpcStatus,
    /// Win32 code.
    pub status: u32,
}

plain_responses!(
    StatusResponse,
    OpenResponse<H>,
    OpenExResponse<H>,
    CloseResponse<H>,
    StringResponse,
    StateResponse,
);
