//! The calls of a connection: their fragments, their bounds, their ends.

use uuid::Uuid;

use super::{Call, Event, ServerAssociation, UnknownCall};
use crate::FaultStatus;
use crate::association::ProtocolError;
use crate::pdu::{Flags, Header, Request};

/// A call that was begun and not answered.
#[derive(Debug)]
pub(super) struct Outstanding {
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
    pub(super) fn handle_request(
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
        let refusal = if self.guard.as_ref().is_some_and(|guard| !guard.acceptor.admits_calls()) {
            Some(FaultStatus::ACCESS_DENIED)
        } else if context.is_none() {
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

    pub(super) fn handle_cancel(&mut self, call_id: u32) -> Option<Event> {
        // A cancel may cross with the answer, so one for a call that is gone is no error.
        let call = self.calls.get(&call_id)?;
        matches!(call.progress, Progress::Running).then_some(Event::Cancelled { call_id })
    }

    pub(super) fn handle_orphaned(&mut self, call_id: u32) -> Option<Event> {
        let call = self.calls.get_mut(&call_id)?;
        if let Progress::Running = call.progress {
            call.answer_wanted = false;
            return Some(Event::Cancelled { call_id });
        }
        // No more fragments of it will come.
        self.forget(call_id);
        None
    }

    /// Takes a running call off the books: its context, or `None` if its answer is not wanted.
    pub(super) fn finish(&mut self, call_id: u32) -> Result<Option<u16>, UnknownCall> {
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
}
