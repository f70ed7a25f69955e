//! The status codes that a fault PDU carries.

use std::fmt;

/// Why a call failed below its own operation: the status of a fault PDU.
///
/// Small numbers are Win32 codes, those from `0x1C000000` are DCE's own (C706 appendix E).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FaultStatus(pub u32);

impl FaultStatus {
    /// ERROR_ACCESS_DENIED.
    pub const ACCESS_DENIED: Self = Self(5);
    /// RPC_S_CALL_FAILED: the server gave the call up without an answer.
    pub const CALL_FAILED: Self = Self(0x6be);
    /// RPC_X_BAD_STUB_DATA: the arguments could not be decoded.
    pub const BAD_STUB_DATA: Self = Self(0x6f7);
    /// RPC_S_SEC_PKG_ERROR: a signature is wrong or missing; the connection ends.
    pub const SECURITY_PACKAGE: Self = Self(0x721);
    /// nca_s_fault_cancel: the call ended because its client cancelled it.
    pub const CANCELLED: Self = Self(0x1c00_000d);
    /// nca_s_fault_context_mismatch: a context handle that is not one of this connection's.
    pub const CONTEXT_MISMATCH: Self = Self(0x1c00_001a);
    /// nca_s_fault_remote_no_memory: arguments or results larger than the limit.
    pub const REMOTE_NO_MEMORY: Self = Self(0x1c00_001b);
    /// nca_s_op_rng_error: the interface has no operation of this number.
    pub const OPERATION_RANGE: Self = Self(0x1c01_0002);
    /// nca_s_unk_if: the presentation context was never negotiated.
    pub const UNKNOWN_INTERFACE: Self = Self(0x1c01_0003);
    /// nca_s_proto_error: the PDU makes no sense here; the connection ends.
    pub const PROTOCOL_ERROR: Self = Self(0x1c01_000b);
    /// nca_s_server_too_busy: too much is outstanding; the call was not begun.
    pub const SERVER_TOO_BUSY: Self = Self(0x1c01_0014);

    /// The name of the status where this crate knows it.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::ACCESS_DENIED => "ERROR_ACCESS_DENIED",
            Self::CALL_FAILED => "RPC_S_CALL_FAILED",
            Self::BAD_STUB_DATA => "RPC_X_BAD_STUB_DATA",
            Self::SECURITY_PACKAGE => "RPC_S_SEC_PKG_ERROR",
            Self::CANCELLED => "nca_s_fault_cancel",
            Self::CONTEXT_MISMATCH => "nca_s_fault_context_mismatch",
            Self::REMOTE_NO_MEMORY => "nca_s_fault_remote_no_memory",
            Self::OPERATION_RANGE => "nca_s_op_rng_error",
            Self::UNKNOWN_INTERFACE => "nca_s_unk_if",
            Self::PROTOCOL_ERROR => "nca_s_proto_error",
            Self::SERVER_TOO_BUSY => "nca_s_server_too_busy",
            _ => return None,
        })
    }
}

impl fmt::Display for FaultStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{:#010x} {name}", self.0),
            None => write!(f, "{:#010x}", self.0),
        }
    }
}
