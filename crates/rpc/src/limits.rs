//! The bounds of one association.

/// The largest fragment that either side sends or takes, in bytes with the header. Samba and Windows offer the same
/// over TCP, so every client can live with it.
const FRAGMENT_MAX_BYTES: u16 = 5840;

/// The smallest fragment size that a peer may ask for. C706 demands that everyone takes 1432; smaller ones are
/// honoured down to here, where the headers still do not outweigh the stub.
pub(crate) const FRAGMENT_MIN_BYTES: u16 = 64;

/// What every implementation must be able to receive (C706 12.6.3.1, `MustRecvFragSize`).
pub(crate) const FRAGMENT_MUST_RECEIVE_BYTES: u16 = 1432;

/// The largest stub, of a request or of a response. MS-CMRP's own buffers end at 8 MiB; the slack is for the other
/// arguments beside such a buffer.
const STUB_MAX_BYTES: usize = 8 * 1024 * 1024 + 64 * 1024;

/// Calls that were begun on one connection and not answered. Notification ports wait this way, one call each.
const OUTSTANDING_CALLS_MAX: usize = 128;

/// Stub bytes of all calls on one connection that were begun and not answered: room for two of the largest.
const OUTSTANDING_BYTES_MAX: usize = 2 * STUB_MAX_BYTES;

/// Presentation contexts that one bind or alter_context may offer. Windows offers three.
const CONTEXTS_PER_BIND_MAX: usize = 16;

/// Presentation contexts that one connection may hold.
const CONTEXTS_MAX: usize = 32;

/// The bounds of one association. The defaults are meant for everyone; tests take smaller ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest fragment to offer, to send and to take, in bytes with the header.
    pub fragment_max_bytes: u16,
    /// The largest stub of a request or a response, in bytes.
    pub stub_max_bytes: usize,
    /// Calls begun and not answered, incomplete ones included. One more is answered with
    /// [`SERVER_TOO_BUSY`](crate::FaultStatus::SERVER_TOO_BUSY).
    pub outstanding_calls_max: usize,
    /// Stub bytes of those calls together.
    pub outstanding_bytes_max: usize,
    /// Presentation contexts in one bind or alter_context. One more and the bind is refused.
    pub contexts_per_bind_max: usize,
    /// Presentation contexts of the connection. One more is rejected.
    pub contexts_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fragment_max_bytes: FRAGMENT_MAX_BYTES,
            stub_max_bytes: STUB_MAX_BYTES,
            outstanding_calls_max: OUTSTANDING_CALLS_MAX,
            outstanding_bytes_max: OUTSTANDING_BYTES_MAX,
            contexts_per_bind_max: CONTEXTS_PER_BIND_MAX,
            contexts_max: CONTEXTS_MAX,
        }
    }
}
