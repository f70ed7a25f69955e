//! The server's end of a connection.
//!
//! ```text
//!             bind that is taken
//!   Unbound ──────────────────────▶ Bound ◀─┐ request, alter_context,
//!      │                              │ └───┘ co_cancel, orphaned
//!      │ bind that is refused,        │
//!      │ anything else                │ anything else, malformed PDUs
//!      └───────────▶ Closed ◀─────────┘
//!                    (what is to be sent still is; input is ignored)
//!
//!   one call:   first fragment ─▶ Receiving ─▶ last fragment ─▶ Running ─▶ answer or fault ─▶ gone
//!                                     │ over a limit: fault
//!                                     └────────▶ Discarding ─▶ last fragment ─▶ gone
//! ```
//!
//! Several calls run at the same time and are answered in any order; their fragments may come interleaved.

mod calls;
mod negotiate;

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use self::calls::Outstanding;
use super::auth::{Acceptor, AuthError, Guard, STUB_ALIGNMENT};
use super::{ProtocolError, next_fragment, pieces};
use crate::limits::{FRAGMENT_MIN_BYTES, FRAGMENT_MUST_RECEIVE_BYTES};
use crate::pdu::{
    BindNak, Body, DecodeError, Fault, Flags, HEADER_BYTES, Header, Pdu, PduType, REQUEST_HEADER_BYTES,
    RESPONSE_HEADER_BYTES, RejectReason, VERIFIER_HEADER_BYTES, Verifier, write_fault,
    write_response_fragment,
};
use crate::stream::ByteQueue;
use crate::{FaultStatus, Limits, SyntaxId};

/// What all associations of one server have in common.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// The interfaces that are served.
    pub interfaces: Vec<SyntaxId>,
    /// What bind_ack names as secondary address: the port over TCP, nothing over a Unix socket.
    pub secondary_address: String,
    /// The bounds of each association.
    pub limits: Limits,
}

/// One complete call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The client's number of the call, unique among those outstanding on its connection.
    pub call_id: u32,
    /// The presentation context that the call came by.
    pub context_id: u16,
    /// The interface, as this server serves it.
    pub interface: SyntaxId,
    /// The operation's number in its interface.
    pub opnum: u16,
    /// The object, if the client named one. MS-CMRP's clients name none.
    pub object: Option<Uuid>,
    /// The arguments, in NDR. A verification trailer (MS-RPCE 2.2.2.13) may stand behind them.
    pub stub: Vec<u8>,
}

/// What happened on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A whole call came in; it stays outstanding until it is answered.
    Call(Call),
    /// The client would like this running call to end early, or will not read its answer. It still has to be
    /// answered, so that it is no longer outstanding.
    Cancelled {
        /// The call.
        call_id: u32,
    },
    /// The connection is over: send what is to be sent and close. Comes once, as the last event.
    Closed(ProtocolError),
}

/// An answer for a call that is not, or no longer, outstanding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("call {call_id} is not outstanding")]
pub struct UnknownCall {
    /// The call.
    pub call_id: u32,
}

/// The server's end of one connection.
#[derive(Debug)]
pub struct ServerAssociation {
    config: Arc<ServerConfig>,
    state: State,
    /// Why every bind is refused, if it is.
    refusal: Option<RejectReason>,
    /// The security provider; `None` where the transport has said who the client is.
    guard: Option<Guard>,
    /// The id of the association group that a client without one gets.
    own_group: u32,
    group: u32,
    /// The largest fragment that the client takes.
    transmit_max: usize,
    contexts: Vec<Context>,
    calls: HashMap<u32, Outstanding>,
    /// Stub bytes of all `calls`.
    outstanding_bytes: usize,
    input: ByteQueue,
    output: ByteQueue,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Unbound,
    Bound,
    Closed,
}

#[derive(Clone, Copy, Debug)]
struct Context {
    id: u16,
    interface: SyntaxId,
}

impl ServerAssociation {
    /// A new connection, nothing received yet. `group_id` is the association group that its client gets if it asks
    /// for a new one; not 0, and best different for every connection.
    #[must_use]
    pub fn new(config: Arc<ServerConfig>, group_id: u32) -> Self {
        let transmit_max = usize::from(FRAGMENT_MUST_RECEIVE_BYTES);
        Self {
            config,
            state: State::Unbound,
            refusal: None,
            guard: None,
            own_group: group_id.max(1),
            group: 0,
            transmit_max,
            contexts: Vec::new(),
            calls: HashMap::new(),
            outstanding_bytes: 0,
            input: ByteQueue::default(),
            output: ByteQueue::default(),
        }
    }

    /// Makes the client authenticate itself, with the bind that is to come.
    pub fn set_acceptor(&mut self, acceptor: Box<dyn Acceptor>) {
        self.guard = Some(Guard::new(acceptor));
    }

    /// Refuses the bind that is to come, for a reason that lies outside the protocol.
    pub fn refuse_bind(&mut self, reason: RejectReason) {
        self.refusal = Some(reason);
    }

    /// Whether the client has at least one context to call by.
    #[must_use]
    pub fn is_bound(&self) -> bool {
        self.state == State::Bound && !self.contexts.is_empty()
    }

    /// Whether the connection is over once [`output`](Self::output) is sent.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// Calls that were begun and not answered.
    #[must_use]
    pub fn outstanding_calls(&self) -> usize {
        self.calls.len()
    }

    /// Stub bytes that this association holds or has handed out with calls that are not answered yet.
    #[must_use]
    pub fn outstanding_bytes(&self) -> usize {
        self.outstanding_bytes
    }

    /// Bytes that came in and are not understood yet.
    pub(crate) fn buffered_input(&self) -> usize {
        self.input.pending().len()
    }

    /// Takes bytes from the client. Call [`poll`](Self::poll) until it has nothing more before feeding more, then
    /// less than one fragment is kept from one time to the next.
    pub fn handle_input(&mut self, bytes: &[u8]) {
        if self.state != State::Closed {
            self.input.extend(bytes);
        }
    }

    /// Works on the input until something happens that the driver has to know.
    pub fn poll(&mut self) -> Option<Event> {
        while self.state != State::Closed {
            // The input is put aside so that a fragment can be borrowed from it while the state changes.
            let mut input = std::mem::take(&mut self.input);
            let outcome = next_fragment(input.pending(), self.config.limits.fragment_max_bytes);
            let outcome = match outcome {
                Ok(None) => {
                    self.input = input;
                    return None;
                }
                Ok(Some(fragment)) => self.handle_fragment(fragment).map(|event| (fragment.len(), event)),
                Err(error) => Err(error),
            };
            match outcome {
                Ok((consumed, event)) => {
                    input.consume(consumed);
                    self.input = input;
                    if event.is_some() {
                        return event;
                    }
                }
                Err(error) => {
                    self.refuse_fragment(input.pending(), error);
                    self.close();
                    return Some(Event::Closed(error));
                }
            }
        }
        None
    }

    /// Answers a call with its results.
    ///
    /// # Errors
    ///
    /// The call is not outstanding, because it was answered already or the connection is over.
    pub fn answer(&mut self, call_id: u32, stub: &[u8]) -> Result<(), UnknownCall> {
        if stub.len() > self.config.limits.stub_max_bytes {
            return self.fault(call_id, FaultStatus::REMOTE_NO_MEMORY);
        }
        let Some(context_id) = self.finish(call_id)? else { return Ok(()) };
        let out = self.output.tail();
        let (overhead_bytes, alignment) = match &self.guard {
            Some(guard) => (RESPONSE_HEADER_BYTES + guard.trailer_bytes(), STUB_ALIGNMENT),
            None => (RESPONSE_HEADER_BYTES, 8),
        };
        for (piece, left, first, last) in pieces(stub, self.transmit_max, overhead_bytes, alignment) {
            let start = out.len();
            write_response_fragment(out, Flags::of_fragment(first, last), call_id, left, context_id, piece);
            if let Some(guard) = &mut self.guard {
                guard.protect(out, start);
            }
        }
        Ok(())
    }

    /// Ends a call with a fault.
    ///
    /// # Errors
    ///
    /// As [`answer`](Self::answer).
    pub fn fault(&mut self, call_id: u32, status: FaultStatus) -> Result<(), UnknownCall> {
        let Some(context_id) = self.finish(call_id)? else { return Ok(()) };
        // These two are only ever said instead of running an operation.
        let flags = match status {
            FaultStatus::OPERATION_RANGE | FaultStatus::BAD_STUB_DATA => Flags::DID_NOT_EXECUTE,
            _ => Flags::default(),
        };
        self.write_fault(call_id, context_id, flags, status);
        Ok(())
    }

    /// What is to be sent to the client, in order.
    #[must_use]
    pub fn output(&self) -> &[u8] {
        self.output.pending()
    }

    /// Says that the first `count` bytes of [`output`](Self::output) were sent.
    pub fn consume_output(&mut self, count: usize) {
        self.output.consume(count);
    }

    /// Ends the association: calls are forgotten, input is ignored, and what is to be sent still can be.
    pub fn close(&mut self) {
        self.state = State::Closed;
        self.calls.clear();
        self.outstanding_bytes = 0;
        self.input = ByteQueue::default();
    }

    fn handle_fragment(&mut self, fragment: &[u8]) -> Result<Option<Event>, ProtocolError> {
        let pdu = Pdu::decode(fragment)?;
        let header = pdu.header;
        let verifier = pdu.verifier;
        match (self.state, pdu.body) {
            (State::Unbound, Body::Bind(bind)) => {
                self.handle_bind(&header, &bind, verifier.as_ref())?;
                Ok(None)
            }
            (State::Bound, _) if verifier.is_some() && self.guard.is_none() => {
                Err(ProtocolError::UnexpectedVerifier)
            }
            (State::Bound, Body::AlterContext(bind)) => {
                self.handle_alter_context(&header, &bind, verifier.as_ref())?;
                Ok(None)
            }
            (State::Bound, Body::Auth3) => self.handle_auth3(verifier.as_ref()).map(|()| None),
            (State::Bound, Body::Request(request)) => match (&mut self.guard, verifier) {
                (Some(guard), Some(verifier)) => {
                    let mut opened = fragment.to_vec();
                    open_request(guard, &header, &verifier, &mut opened)?;
                    let Body::Request(request) = Pdu::decode(&opened)?.body else {
                        return Err(ProtocolError::AuthenticationFailed);
                    };
                    self.handle_request(&header, &request)
                }
                (Some(guard), None) if guard.trailer_bytes() > 0 => Err(ProtocolError::AuthenticationFailed),
                _ => self.handle_request(&header, &request),
            },
            // A cancel only ever asks: one whose signature was not looked at does no harm.
            (State::Bound, Body::Cancel) => Ok(self.handle_cancel(header.call_id)),
            (State::Bound, Body::Orphaned) => Ok(self.handle_orphaned(header.call_id)),
            _ => Err(ProtocolError::Unexpected { pdu_type: header.pdu_type }),
        }
    }

    /// Says to the client what was wrong with the fragment that ends the connection, where the protocol has a way.
    fn refuse_fragment(&mut self, pending: &[u8], error: ProtocolError) {
        let Ok(header) = Header::decode(pending) else { return };
        match header.pdu_type {
            PduType::Bind if self.state == State::Unbound => {
                let reason = match error {
                    ProtocolError::BindRefused(reason) => reason,
                    ProtocolError::Malformed(DecodeError::Version { .. }) => {
                        RejectReason::PROTOCOL_VERSION_NOT_SUPPORTED
                    }
                    _ => RejectReason::NOT_SPECIFIED,
                };
                BindNak { reason }.write(self.output.tail(), header.call_id);
            }
            PduType::Request | PduType::AlterContext | PduType::Bind => {
                let status = match error {
                    ProtocolError::AuthenticationFailed if header.pdu_type == PduType::Request => {
                        FaultStatus::SECURITY_PACKAGE
                    }
                    ProtocolError::AuthenticationFailed | ProtocolError::UnexpectedVerifier => {
                        FaultStatus::ACCESS_DENIED
                    }
                    _ => FaultStatus::PROTOCOL_ERROR,
                };
                self.write_fault(header.call_id, 0, Flags::DID_NOT_EXECUTE, status);
            }
            _ => {}
        }
    }

    fn write_fault(&mut self, call_id: u32, context_id: u16, flags: Flags, status: FaultStatus) {
        let fault = Fault { context_id, cancel_count: 0, status };
        write_fault(self.output.tail(), flags, call_id, &fault);
    }
}

/// Checks and decrypts a request in place: its stub with the padding, between its header and its trailer.
fn open_request(
    guard: &mut Guard,
    header: &Header,
    verifier: &Verifier<'_>,
    pdu: &mut [u8],
) -> Result<(), ProtocolError> {
    let object_bytes = if header.flags.contains(Flags::OBJECT_UUID) { size_of::<Uuid>() } else { 0 };
    let stub_start = REQUEST_HEADER_BYTES + object_bytes;
    let stub_end = pdu.len().saturating_sub(VERIFIER_HEADER_BYTES + usize::from(header.auth_length));
    let signature_bytes = u32::from(header.auth_length);
    guard
        .unprotect(pdu, [signature_bytes, verifier.context_id], stub_start..stub_end.max(stub_start))
        .map_err(|_| ProtocolError::AuthenticationFailed)
}

const _: () =
    assert!(REQUEST_HEADER_BYTES < FRAGMENT_MIN_BYTES as usize && HEADER_BYTES < REQUEST_HEADER_BYTES);
