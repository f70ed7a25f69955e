//! The client's end of a connection.
//!
//! ```text
//!   Unbound ─ bind() ─▶ Binding ─ bind_ack with our context accepted ─▶ Bound ◀─┐ call(), responses,
//!                          │                                              │ └───┘ faults
//!                          │ bind_nak, context rejected, anything else    │ shutdown, anything else
//!                          └───────────────────▶ Closed ◀─────────────────┘
//!
//!   one call:   call() ─▶ Waiting ─▶ all response fragments, or a fault ─▶ gone
//!                            └─ abandon() ─▶ its answer is thrown away when it comes
//! ```

use std::collections::HashMap;

use super::{ProtocolError, next_fragment, pieces};
use crate::limits::FRAGMENT_MIN_BYTES;
use crate::pdu::{
    Bind, BindAck, Body, ContextElement, ContextVerdict, Flags, Header, Pdu, PduType, REQUEST_HEADER_BYTES,
    Response, write_bare, write_request_fragment,
};
use crate::stream::ByteQueue;
use crate::{FaultStatus, Limits, SyntaxId};

/// The presentation context of the one interface that a client binds.
const CONTEXT_ID: u16 = 0;

/// What came of what the client asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The server took the bind: calls may begin.
    Bound,
    /// A call's results, whole.
    Response {
        /// The call.
        call_id: u32,
        /// The results, in NDR.
        stub: Vec<u8>,
    },
    /// A call failed below its operation.
    Fault {
        /// The call.
        call_id: u32,
        /// Why.
        status: FaultStatus,
        /// False if the server says that it never began the call.
        may_have_run: bool,
    },
    /// The association is over; whatever was outstanding has an unknown outcome. Comes once, as the last event.
    Closed(ProtocolError),
}

/// Why a call cannot be made; nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotCall {
    /// Not bound yet, or not any more.
    #[error("the connection is not bound")]
    NotBound,
    /// The arguments are larger than the limit.
    #[error("arguments of {length} bytes; at most {limit} can be sent")]
    StubTooLong {
        /// Bytes of the arguments.
        length: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// As many calls as may be are outstanding, abandoned ones included.
    #[error("{count} calls are outstanding on this connection, which is the limit")]
    TooManyCalls {
        /// How many.
        count: usize,
    },
}

/// The client's end of one connection.
#[derive(Debug)]
pub struct ClientAssociation {
    limits: Limits,
    state: State,
    /// The largest fragment that the server takes.
    transmit_max: usize,
    group: u32,
    last_call_id: u32,
    calls: HashMap<u32, Waiting>,
    /// Stub bytes of the incomplete responses.
    received_bytes: usize,
    input: ByteQueue,
    output: ByteQueue,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Unbound,
    Binding,
    Bound,
    Closed,
}

#[derive(Debug, Default)]
struct Waiting {
    abandoned: bool,
    /// Whether the response's first fragment has come.
    begun: bool,
    /// Bytes that the response has so far, thrown away or not.
    length: usize,
    stub: Vec<u8>,
}

impl ClientAssociation {
    /// A connection on which nothing was sent yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            state: State::Unbound,
            transmit_max: usize::from(limits.fragment_max_bytes),
            group: 0,
            last_call_id: 0,
            calls: HashMap::new(),
            received_bytes: 0,
            input: ByteQueue::default(),
            output: ByteQueue::default(),
        }
    }

    /// Asks the server for `interface`, in NDR. The answer is [`Event::Bound`] or [`Event::Closed`]. Does nothing
    /// on a connection that was bound before.
    pub fn bind(&mut self, interface: SyntaxId) {
        if self.state != State::Unbound {
            return;
        }
        self.state = State::Binding;
        let call_id = self.next_call_id();
        let bind = Bind {
            max_transmit_bytes: self.limits.fragment_max_bytes,
            max_receive_bytes: self.limits.fragment_max_bytes,
            association_group: 0,
            contexts: vec![ContextElement {
                id: CONTEXT_ID,
                interface,
                transfer_syntaxes: vec![SyntaxId::NDR],
            }],
        };
        let flags = Flags::WHOLE.union(Flags::CONCURRENT_MULTIPLEXING);
        bind.write_bind(self.output.tail(), flags, call_id);
    }

    /// Begins a call and returns its id. Several may be outstanding.
    ///
    /// # Errors
    ///
    /// See [`CannotCall`]; nothing is sent then.
    pub fn call(&mut self, opnum: u16, stub: &[u8]) -> Result<u32, CannotCall> {
        if self.state != State::Bound {
            return Err(CannotCall::NotBound);
        }
        if stub.len() > self.limits.stub_max_bytes {
            return Err(CannotCall::StubTooLong { length: stub.len(), limit: self.limits.stub_max_bytes });
        }
        if self.calls.len() >= self.limits.outstanding_calls_max {
            return Err(CannotCall::TooManyCalls { count: self.calls.len() });
        }
        let call_id = self.next_call_id();
        self.calls.insert(call_id, Waiting::default());
        let out = self.output.tail();
        for (piece, left, first, last) in pieces(stub, self.transmit_max, REQUEST_HEADER_BYTES, 8) {
            write_request_fragment(
                out,
                Flags::of_fragment(first, last),
                call_id,
                left,
                CONTEXT_ID,
                opnum,
                piece,
            );
        }
        Ok(call_id)
    }

    /// Stops waiting for a call: its answer will be thrown away when it comes. The call stays outstanding until
    /// then. Does nothing for a call that is not outstanding.
    pub fn abandon(&mut self, call_id: u32) {
        if let Some(call) = self.calls.get_mut(&call_id) {
            self.received_bytes -= call.stub.len();
            call.stub = Vec::new();
            call.abandoned = true;
        }
    }

    /// Asks the server to end a running call early; it will still be answered.
    pub fn cancel(&mut self, call_id: u32) {
        if self.calls.contains_key(&call_id) {
            write_bare(self.output.tail(), PduType::Cancel, call_id);
        }
    }

    /// Calls without an answer yet, abandoned ones included.
    #[must_use]
    pub fn outstanding_calls(&self) -> usize {
        self.calls.len()
    }

    /// Whether calls can be made.
    #[must_use]
    pub fn is_bound(&self) -> bool {
        self.state == State::Bound
    }

    /// Whether nothing more can come of this connection.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// The association group that the server has put this connection into; 0 before.
    #[must_use]
    pub fn association_group(&self) -> u32 {
        self.group
    }

    /// Takes bytes from the server.
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
            let outcome = match next_fragment(input.pending(), self.limits.fragment_max_bytes) {
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
                    self.close();
                    return Some(Event::Closed(error));
                }
            }
        }
        None
    }

    /// What is to be sent to the server, in order.
    #[must_use]
    pub fn output(&self) -> &[u8] {
        self.output.pending()
    }

    /// Says that the first `count` bytes of [`output`](Self::output) were sent.
    pub fn consume_output(&mut self, count: usize) {
        self.output.consume(count);
    }

    /// Ends the association from this side, when the connection below it is gone.
    pub fn close(&mut self) {
        self.state = State::Closed;
        self.calls.clear();
        self.received_bytes = 0;
        self.input = ByteQueue::default();
        self.output = ByteQueue::default();
    }

    /// The next id that no outstanding call has; the search ends because the number of those is bounded.
    fn next_call_id(&mut self) -> u32 {
        loop {
            self.last_call_id = self.last_call_id.wrapping_add(1).max(1);
            if !self.calls.contains_key(&self.last_call_id) {
                return self.last_call_id;
            }
        }
    }

    fn handle_fragment(&mut self, fragment: &[u8]) -> Result<Option<Event>, ProtocolError> {
        let pdu = Pdu::decode(fragment)?;
        if pdu.verifier.is_some() {
            return Err(ProtocolError::UnexpectedVerifier);
        }
        let header = pdu.header;
        match (self.state, pdu.body) {
            (State::Binding, Body::BindAck(ack)) => self.handle_bind_ack(&ack).map(Some),
            (State::Binding, Body::BindNak(nak)) => Err(ProtocolError::BindRefused(nak.reason)),
            (State::Bound, Body::Response(response)) => self.handle_response(&header, &response),
            (State::Bound, Body::Fault(fault)) => {
                let may_have_run = !header.flags.contains(Flags::DID_NOT_EXECUTE);
                self.handle_fault(header.call_id, fault.status, may_have_run)
            }
            (_, Body::Shutdown) => Err(ProtocolError::Shutdown),
            _ => Err(ProtocolError::Unexpected { pdu_type: header.pdu_type }),
        }
    }

    fn handle_bind_ack(&mut self, ack: &BindAck) -> Result<Event, ProtocolError> {
        let rejected = |result, reason| Err(ProtocolError::ContextRejected { result, reason });
        match ack.results.first().map(|result| (result.verdict, result.transfer_syntax)) {
            Some((ContextVerdict::Accepted, SyntaxId::NDR)) => {}
            Some((ContextVerdict::UserRejected(reason), _)) => return rejected(1, reason.0),
            Some((ContextVerdict::ProviderRejected(reason), _)) => return rejected(2, reason.0),
            // An encoding that was not offered, features that were not offered, or no result at all.
            _ => return Err(ProtocolError::Unexpected { pdu_type: PduType::BindAck }),
        }
        let transmit_max = ack.max_receive_bytes.min(self.limits.fragment_max_bytes);
        if transmit_max < FRAGMENT_MIN_BYTES {
            return Err(ProtocolError::Unexpected { pdu_type: PduType::BindAck });
        }
        self.transmit_max = usize::from(transmit_max);
        self.group = ack.association_group;
        self.state = State::Bound;
        Ok(Event::Bound)
    }

    fn handle_response(
        &mut self,
        header: &Header,
        response: &Response<'_>,
    ) -> Result<Option<Event>, ProtocolError> {
        let call_id = header.call_id;
        let stray = ProtocolError::StrayFragment { call_id };
        let call = self.calls.get_mut(&call_id).ok_or(stray)?;
        if header.flags.contains(Flags::FIRST) == call.begun {
            return Err(stray);
        }
        call.begun = true;
        let limit = self.limits.stub_max_bytes;
        call.length += response.stub.len();
        if call.length > limit {
            return Err(ProtocolError::StubTooLong { call_id, limit });
        }
        if !call.abandoned {
            let limit = self.limits.outstanding_bytes_max;
            self.received_bytes += response.stub.len();
            if self.received_bytes > limit {
                return Err(ProtocolError::StubTooLong { call_id, limit });
            }
            call.stub.extend_from_slice(response.stub);
        }
        if !header.flags.contains(Flags::LAST) {
            return Ok(None);
        }
        Ok(self.finish(call_id).map(|stub| Event::Response { call_id, stub }))
    }

    fn handle_fault(
        &mut self,
        call_id: u32,
        status: FaultStatus,
        may_have_run: bool,
    ) -> Result<Option<Event>, ProtocolError> {
        if !self.calls.contains_key(&call_id) {
            return Err(ProtocolError::StrayFragment { call_id });
        }
        Ok(self.finish(call_id).map(|_| Event::Fault { call_id, status, may_have_run }))
    }

    /// Takes a call off the books: what it has received, or `None` if nobody waits for it.
    fn finish(&mut self, call_id: u32) -> Option<Vec<u8>> {
        let call = self.calls.remove(&call_id)?;
        self.received_bytes -= call.stub.len();
        (!call.abandoned).then_some(call.stub)
    }
}
