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

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use super::{ProtocolError, next_fragment, pieces};
use crate::limits::{FRAGMENT_MIN_BYTES, FRAGMENT_MUST_RECEIVE_BYTES};
use crate::pdu::{
    Bind, BindAck, BindNak, Body, ContextElement, ContextReason, ContextResult, ContextVerdict, DecodeError,
    Fault, Flags, HEADER_BYTES, Header, Pdu, PduType, REQUEST_HEADER_BYTES, RESPONSE_HEADER_BYTES,
    RejectReason, Request, write_fault, write_response_fragment,
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

#[derive(Debug)]
struct Outstanding {
    context_id: u16,
    stub_bytes: usize,
    progress: Progress,
    /// False once the client has orphaned the call, or if it said from the start that it wants no answer.
    answer_wanted: bool,
}

#[derive(Debug)]
enum Progress {
    Receiving { opnum: u16, object: Option<Uuid>, stub: Vec<u8> },
    Discarding,
    Running,
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
        for (piece, left, first, last) in pieces(stub, self.transmit_max, RESPONSE_HEADER_BYTES) {
            write_response_fragment(out, Flags::of_fragment(first, last), call_id, left, context_id, piece);
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

    /// Takes a running call off the books: its context, or `None` if its answer is not wanted.
    fn finish(&mut self, call_id: u32) -> Result<Option<u16>, UnknownCall> {
        match self.calls.get(&call_id) {
            Some(Outstanding { progress: Progress::Running, .. }) => {}
            _ => return Err(UnknownCall { call_id }),
        }
        let call = self.forget(call_id).ok_or(UnknownCall { call_id })?;
        Ok(call.answer_wanted.then_some(call.context_id))
    }

    fn forget(&mut self, call_id: u32) -> Option<Outstanding> {
        let call = self.calls.remove(&call_id)?;
        self.outstanding_bytes -= call.stub_bytes;
        Some(call)
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
        match (self.state, pdu.body) {
            (State::Unbound, Body::Bind(bind)) => {
                // No security provider is configured over a Unix socket: the kernel has said who the peer is.
                if pdu.verifier.is_some() {
                    return Err(ProtocolError::BindRefused(RejectReason::AUTHENTICATION_TYPE_NOT_RECOGNIZED));
                }
                self.handle_bind(&header, &bind)?;
                Ok(None)
            }
            (State::Bound, _) if pdu.verifier.is_some() => Err(ProtocolError::UnexpectedVerifier),
            (State::Bound, Body::AlterContext(bind)) => {
                self.handle_alter_context(&header, &bind)?;
                Ok(None)
            }
            (State::Bound, Body::Request(request)) => self.handle_request(&header, &request),
            (State::Bound, Body::Cancel) => Ok(self.handle_cancel(header.call_id)),
            (State::Bound, Body::Orphaned) => Ok(self.handle_orphaned(header.call_id)),
            _ => Err(ProtocolError::Unexpected { pdu_type: header.pdu_type }),
        }
    }

    fn handle_bind(&mut self, header: &Header, bind: &Bind) -> Result<(), ProtocolError> {
        if let Some(reason) = self.refusal {
            return Err(ProtocolError::BindRefused(reason));
        }
        let limits = &self.config.limits;
        let transmit_max = bind.max_receive_bytes.min(limits.fragment_max_bytes);
        if bind.contexts.len() > limits.contexts_per_bind_max || transmit_max < FRAGMENT_MIN_BYTES {
            return Err(ProtocolError::BindRefused(RejectReason::LOCAL_LIMIT_EXCEEDED));
        }
        if bind.contexts.is_empty() {
            return Err(ProtocolError::BindRefused(RejectReason::NOT_SPECIFIED));
        }
        self.state = State::Bound;
        self.transmit_max = usize::from(transmit_max);
        // Connections of one group share nothing here, since context handles die with their connection. So any
        // group that a client names may be joined.
        self.group = if bind.association_group == 0 { self.own_group } else { bind.association_group };
        let flags = Flags::WHOLE.union(header.flags.intersection(Flags::CONCURRENT_MULTIPLEXING));
        let mut ack = self.bind_ack(bind);
        ack.secondary_address = self.config.secondary_address.clone().into_bytes();
        ack.write_bind_ack(self.output.tail(), flags, header.call_id);
        Ok(())
    }

    fn handle_alter_context(&mut self, header: &Header, bind: &Bind) -> Result<(), ProtocolError> {
        if bind.contexts.len() > self.config.limits.contexts_per_bind_max {
            return Err(ProtocolError::BindRefused(RejectReason::LOCAL_LIMIT_EXCEEDED));
        }
        let ack = self.bind_ack(bind);
        ack.write_alter_context_response(self.output.tail(), Flags::WHOLE, header.call_id);
        Ok(())
    }

    fn bind_ack(&mut self, bind: &Bind) -> BindAck {
        let results = bind.contexts.iter().map(|context| self.negotiate(context)).collect();
        BindAck {
            max_transmit_bytes: u16::try_from(self.transmit_max).unwrap_or(u16::MAX),
            max_receive_bytes: self.config.limits.fragment_max_bytes,
            association_group: self.group,
            secondary_address: Vec::new(),
            results,
        }
    }

    /// Answers one context on offer, and keeps it if it is accepted.
    fn negotiate(&mut self, offer: &ContextElement) -> ContextResult {
        let rejected = |reason| ContextResult {
            verdict: ContextVerdict::ProviderRejected(reason),
            transfer_syntax: SyntaxId::NONE,
        };
        if let [only] = offer.transfer_syntaxes[..]
            && let Some(offered) = only.as_bind_time_features()
        {
            let features = (offered as u16) & FEATURES;
            let verdict = ContextVerdict::Negotiated { features };
            return ContextResult { verdict, transfer_syntax: SyntaxId::NONE };
        }
        let Some(interface) = self.config.interfaces.iter().find(|served| served.serves(&offer.interface))
        else {
            return rejected(ContextReason::ABSTRACT_SYNTAX_NOT_SUPPORTED);
        };
        if !offer.transfer_syntaxes.contains(&SyntaxId::NDR) {
            return rejected(ContextReason::TRANSFER_SYNTAXES_NOT_SUPPORTED);
        }
        match self.contexts.iter().find(|context| context.id == offer.id) {
            // The same again: clients do that when only the authentication goes on.
            Some(context) if context.interface == *interface => {}
            Some(_) => return rejected(ContextReason::NOT_SPECIFIED),
            None if self.contexts.len() >= self.config.limits.contexts_max => {
                return rejected(ContextReason::LOCAL_LIMIT_EXCEEDED);
            }
            None => self.contexts.push(Context { id: offer.id, interface: *interface }),
        }
        ContextResult { verdict: ContextVerdict::Accepted, transfer_syntax: SyntaxId::NDR }
    }

    fn handle_request(
        &mut self,
        header: &Header,
        request: &Request<'_>,
    ) -> Result<Option<Event>, ProtocolError> {
        let call_id = header.call_id;
        let last = header.flags.contains(Flags::LAST);
        match (self.calls.contains_key(&call_id), header.flags.contains(Flags::FIRST)) {
            (true, true) => Err(ProtocolError::DuplicateCall { call_id }),
            (false, false) => Err(ProtocolError::StrayFragment { call_id }),
            (false, true) => self.begin_call(header, request, last),
            (true, false) => self.continue_call(call_id, request, last),
        }
    }

    fn begin_call(
        &mut self,
        header: &Header,
        request: &Request<'_>,
        last: bool,
    ) -> Result<Option<Event>, ProtocolError> {
        let limits = self.config.limits;
        let call_id = header.call_id;
        let context = self.contexts.iter().find(|context| context.id == request.context_id).copied();
        let refusal = if context.is_none() {
            Some(FaultStatus::UNKNOWN_INTERFACE)
        } else if self.calls.len() >= limits.outstanding_calls_max {
            Some(FaultStatus::SERVER_TOO_BUSY)
        } else {
            self.check_size(0, request.stub.len())
        };
        let outstanding = |stub_bytes, progress| Outstanding {
            context_id: request.context_id,
            stub_bytes,
            progress,
            answer_wanted: !header.flags.contains(Flags::MAYBE),
        };
        if let Some(status) = refusal {
            self.write_fault(call_id, request.context_id, Flags::DID_NOT_EXECUTE, status);
            if !last {
                // Its other fragments are on their way; who begins ever more of these is cut off.
                if self.calls.len() >= 2 * limits.outstanding_calls_max {
                    return Err(ProtocolError::TooManyCalls { count: self.calls.len() });
                }
                self.calls.insert(call_id, outstanding(0, Progress::Discarding));
            }
            return Ok(None);
        }
        let stub = request.stub.to_vec();
        self.outstanding_bytes += stub.len();
        let Some(context) = context.filter(|_| last) else {
            let progress = Progress::Receiving { opnum: request.opnum, object: request.object, stub };
            self.calls.insert(call_id, outstanding(request.stub.len(), progress));
            return Ok(None);
        };
        self.calls.insert(call_id, outstanding(stub.len(), Progress::Running));
        Ok(Some(Event::Call(Call {
            call_id,
            context_id: context.id,
            interface: context.interface,
            opnum: request.opnum,
            object: request.object,
            stub,
        })))
    }

    fn continue_call(
        &mut self,
        call_id: u32,
        request: &Request<'_>,
        last: bool,
    ) -> Result<Option<Event>, ProtocolError> {
        let stray = ProtocolError::StrayFragment { call_id };
        let call = self.calls.get(&call_id).ok_or(stray)?;
        let (context_id, stub_bytes) = (call.context_id, call.stub_bytes);
        match call.progress {
            Progress::Running => return Err(stray),
            Progress::Discarding => {
                if last {
                    self.forget(call_id);
                }
                return Ok(None);
            }
            Progress::Receiving { opnum, .. }
                if opnum != request.opnum || context_id != request.context_id =>
            {
                return Err(stray);
            }
            Progress::Receiving { .. } => {}
        }
        if let Some(status) = self.check_size(stub_bytes, request.stub.len()) {
            self.write_fault(call_id, context_id, Flags::DID_NOT_EXECUTE, status);
            if let Some(mut call) = self.forget(call_id)
                && !last
            {
                call.progress = Progress::Discarding;
                call.stub_bytes = 0;
                self.calls.insert(call_id, call);
            }
            return Ok(None);
        }
        let Some(call) = self.calls.get_mut(&call_id) else { return Err(stray) };
        let Progress::Receiving { opnum, object, stub } = &mut call.progress else { return Err(stray) };
        stub.extend_from_slice(request.stub);
        call.stub_bytes = stub.len();
        self.outstanding_bytes += request.stub.len();
        if !last {
            return Ok(None);
        }
        let context = self.contexts.iter().find(|context| context.id == context_id).ok_or(stray)?;
        let complete = Call {
            call_id,
            context_id,
            interface: context.interface,
            opnum: *opnum,
            object: *object,
            stub: std::mem::take(stub),
        };
        call.progress = Progress::Running;
        Ok(Some(Event::Call(complete)))
    }

    /// Why `more` stub bytes cannot be taken for a call that has `held` already, if they cannot.
    fn check_size(&self, held: usize, more: usize) -> Option<FaultStatus> {
        let limits = &self.config.limits;
        if held + more > limits.stub_max_bytes {
            Some(FaultStatus::REMOTE_NO_MEMORY)
        } else if self.outstanding_bytes + more > limits.outstanding_bytes_max {
            Some(FaultStatus::SERVER_TOO_BUSY)
        } else {
            None
        }
    }

    fn handle_cancel(&mut self, call_id: u32) -> Option<Event> {
        // A cancel may cross with the answer, so one for a call that is gone is no error.
        let call = self.calls.get(&call_id)?;
        matches!(call.progress, Progress::Running).then_some(Event::Cancelled { call_id })
    }

    fn handle_orphaned(&mut self, call_id: u32) -> Option<Event> {
        let call = self.calls.get_mut(&call_id)?;
        if let Progress::Running = call.progress {
            call.answer_wanted = false;
            return Some(Event::Cancelled { call_id });
        }
        // No more fragments of it will come.
        self.forget(call_id);
        None
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
                    ProtocolError::UnexpectedVerifier => FaultStatus::ACCESS_DENIED,
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

/// The bind time features that this side has (MS-RPCE 2.2.2.14): a connection survives an orphaned call (2).
/// Several security contexts on one connection (1) are not supported.
const FEATURES: u16 = 2;

const _: () =
    assert!(REQUEST_HEADER_BYTES < FRAGMENT_MIN_BYTES as usize && HEADER_BYTES < REQUEST_HEADER_BYTES);
