//! What an operation is, and how it gets into and out of a stub.

use mainstay_ndr::{DecodeError, EncodeError, Endian, NdrParams};
use mainstay_types::{Access, ControlCode};

use crate::{Refusal, Request};

/// An operation of the interface. The implementing type is its request.
///
/// Implementations come from the table in [`crate::operations`] only.
pub trait Operation: NdrParams + Into<Request> {
    /// Operation number.
    const OPNUM: u16;
    /// Name; MS-CMRP puts `Api` before it.
    const NAME: &'static str;
    /// What the answer is made of.
    type Response: Refusal<Self>;

    /// The access that this request needs.
    fn required_access(&self) -> RequiredAccess;

    /// The answer that refuses this request with `status`, a Win32 code other than 0.
    fn refusal(&self, status: u32) -> Self::Response {
        Self::Response::refusal(self, status)
    }
}

/// The access that a request needs (MS-CMRP 3.1.4.2, each operation's first rule). It is asked of the handle that the
/// request names, or, where it names none, of the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequiredAccess {
    /// None: handles can always be given back.
    Nothing,
    /// This much.
    AtLeast(Access),
    /// What this mask asks for (see `mainstay_types::DesiredAccess`), of the caller; the new handle carries it.
    Desired(u32),
}

impl RequiredAccess {
    /// What a control code needs (MS-CMRP 3.1.4.2.77).
    #[must_use]
    pub fn of_control_code(code: u32) -> Self {
        Self::AtLeast(if ControlCode(code).modifies() { Access::Full } else { Access::Read })
    }
}

/// A call cannot be understood. The client is to blame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// No such operation; the fault to send is nca_s_op_rng_error, 0x1C010002.
    #[error("operation {0} is not part of the interface")]
    UnknownOperation(u16),
    /// The stub does not hold the operation's parameters; the fault to send is RPC_X_BAD_STUB_DATA, 0x6F7.
    #[error("parameters of {name} cannot be decoded")]
    BadStub {
        /// Name of the operation.
        name: &'static str,
        /// What is wrong.
        #[source]
        source: DecodeError,
    },
}

/// A request as it was received, with what follows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    /// The request.
    pub request: Request,
    /// Bytes of the stub that the parameters took; a verification trailer may follow.
    pub used: usize,
}

/// The opnum and the stub of a request.
///
/// # Errors
///
/// See [`EncodeError`].
pub fn encode_request<O: Operation>(request: &O) -> Result<(u16, Vec<u8>), EncodeError> {
    Ok((O::OPNUM, request.to_stub()?))
}

/// The stub of the answer to an `O`.
///
/// # Errors
///
/// See [`EncodeError`].
pub fn encode_response<O: Operation>(response: &O::Response) -> Result<Vec<u8>, EncodeError> {
    response.to_stub()
}

/// Reads the answer to an `O`; bytes behind it are ignored.
///
/// # Errors
///
/// See [`DecodeError`].
pub fn decode_response<O: Operation>(stub: &[u8], endian: Endian) -> Result<O::Response, DecodeError> {
    O::Response::from_stub(stub, endian).map(|(response, _used)| response)
}
