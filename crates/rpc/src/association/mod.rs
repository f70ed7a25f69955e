//! The two ends of one connection, as state machines.
//!
//! An association owns what has come in and is not understood yet, which contexts and calls exist, and what is to be
//! sent. It never touches a socket, a clock or a thread: a driver feeds it bytes with `handle_input`, asks it with
//! `poll` until there is nothing more, and sends what `output` shows. So the same machine runs under a blocking
//! client, an async server, a test and a fuzzer.

pub mod auth;
pub mod client;
pub mod server;

#[cfg(test)]
mod tests;

use crate::limits::FRAGMENT_MUST_RECEIVE_BYTES;
use crate::pdu::{DecodeError, HEADER_BYTES, Header, PduType, RejectReason};

/// Why an association ended, by who is to blame for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// The peer sent what is no PDU.
    #[error("the peer sent a malformed PDU: {0}")]
    Malformed(#[from] DecodeError),
    /// The peer sent a fragment larger than was agreed.
    #[error("the peer sent a fragment of {length} bytes where at most {limit} were agreed")]
    FragmentTooLong {
        /// The fragment's length.
        length: u16,
        /// What was agreed.
        limit: u16,
    },
    /// The PDU exists, but not here and now.
    #[error("the peer sent a {pdu_type:?} PDU, which has no place here")]
    Unexpected {
        /// Its type.
        pdu_type: PduType,
    },
    /// A first fragment for a call that is running already.
    #[error("the peer began call {call_id} a second time")]
    DuplicateCall {
        /// The call.
        call_id: u32,
    },
    /// A fragment for a call that nobody began, or one that belongs to another call than it says.
    #[error("the peer sent a fragment of call {call_id} that continues nothing")]
    StrayFragment {
        /// The call.
        call_id: u32,
    },
    /// More calls in pieces at the same time than can be followed.
    #[error("the peer holds {count} calls open at the same time")]
    TooManyCalls {
        /// How many.
        count: usize,
    },
    /// A result larger than the limit.
    #[error("the answer to call {call_id} is larger than {limit} bytes")]
    StubTooLong {
        /// The call.
        call_id: u32,
        /// The limit, in bytes.
        limit: usize,
    },
    /// An authentication trailer where none was agreed.
    #[error("the peer sent an authentication trailer, but no authentication was agreed")]
    UnexpectedVerifier,
    /// A token or a signature that proves nothing.
    #[error("the peer's authentication failed")]
    AuthenticationFailed,
    /// The bind was refused: by us, or by the server.
    #[error("the bind was refused: {}", .0.describe())]
    BindRefused(RejectReason),
    /// The server took the bind, but not the interface.
    #[error("the server does not serve the interface: result {result}, reason {reason}")]
    ContextRejected {
        /// `p_cont_def_result_t`.
        result: u16,
        /// `p_provider_reason_t`.
        reason: u16,
    },
    /// The server asked to close.
    #[error("the server asked to close the connection")]
    Shutdown,
}

/// The bytes at the front of `pending` that are one fragment, or `None` while they are not all there.
///
/// Version and byte order are judged as soon as the header is there, so a peer that speaks something else is not
/// waited for. Whatever limit is set, what everyone must receive is taken: a bind may be larger than the fragments
/// that it asks for.
fn next_fragment(pending: &[u8], limit: u16) -> Result<Option<&[u8]>, ProtocolError> {
    if pending.len() < HEADER_BYTES {
        return Ok(None);
    }
    let header = Header::decode(pending)?;
    let length = header.fragment_length;
    header.check(usize::from(length))?;
    let limit = limit.max(FRAGMENT_MUST_RECEIVE_BYTES);
    if length > limit {
        return Err(ProtocolError::FragmentTooLong { length, limit });
    }
    Ok(pending.get(..usize::from(length)))
}

/// The pieces of a stub that fit into fragments of `fragment_max` bytes, as (piece, bytes left with it, first, last).
///
/// Every piece but the last is a multiple of `alignment`: eight bytes, as C706 12.6.3.2 wants, or more where the stub
/// is encrypted in blocks. An empty stub is one empty piece.
fn pieces(
    stub: &[u8],
    fragment_max: usize,
    overhead_bytes: usize,
    alignment: usize,
) -> impl Iterator<Item = (&[u8], u32, bool, bool)> {
    let room = fragment_max.saturating_sub(overhead_bytes);
    let piece_max = (room - room % alignment).max(alignment);
    let mut rest = Some(stub);
    let mut first = true;
    std::iter::from_fn(move || {
        let left = rest?;
        let (piece, after) = left.split_at(left.len().min(piece_max));
        rest = (!after.is_empty()).then_some(after);
        let hint = u32::try_from(left.len()).unwrap_or(u32::MAX);
        Some((piece, hint, std::mem::take(&mut first), rest.is_none()))
    })
}
