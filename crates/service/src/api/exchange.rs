//! A request with its reply: whoever holds it answers it, once.

use mainstay_cmrp::{Operation, Response, encode_response};
use mainstay_rpc::{FaultStatus, Reply};
use mainstay_types::Status;

use super::handles::BadHandle;

/// Why a call does not get its own answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Failure {
    /// A fault of the protocol: the context handle is not one of this connection's.
    Fault(FaultStatus),
    /// A refusal in the shape of the operation's answer.
    Status(Status),
}

impl From<BadHandle> for Failure {
    fn from(bad: BadHandle) -> Self {
        match bad {
            BadHandle::Unknown => Failure::Fault(FaultStatus::CONTEXT_MISMATCH),
            BadHandle::OtherKind => Failure::Status(Status::INVALID_HANDLE),
        }
    }
}

impl From<mainstay_engine::error::Refusal> for Failure {
    fn from(refusal: mainstay_engine::error::Refusal) -> Self {
        Failure::Status(refusal.status())
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Failure::Status(status)
    }
}

/// The result of a function that serves an operation.
pub(super) type Served<O> = Result<<O as Operation>::Response, Failure>;

/// A request and the place for its answer.
pub(super) struct Exchange<O: Operation> {
    reply: Reply,
    request: O,
}

impl<O: Operation> Exchange<O> {
    /// A call that was decoded.
    pub(super) fn new(reply: Reply, request: O) -> Self {
        Exchange { reply, request }
    }

    /// What is asked.
    pub(super) fn request(&self) -> &O {
        &self.request
    }

    /// The same exchange as that of another operation with the same answer.
    pub(super) fn turn_into<P: Operation<Response = O::Response>>(
        self,
        request: impl FnOnce(O) -> P,
    ) -> Exchange<P> {
        Exchange { reply: self.reply, request: request(self.request) }
    }

    /// Answers, one way or the other.
    pub(super) fn end(self, answer: Served<O>) {
        match answer {
            Ok(response) => self.answer(&response),
            Err(Failure::Status(status)) => self.refuse(status),
            Err(Failure::Fault(fault)) => self.reply.fault(fault),
        }
    }

    /// Answers with what the operation answers.
    pub(super) fn answer(self, response: &O::Response) {
        match encode_response::<O>(response) {
            Ok(stub) => self.reply.answer(&stub),
            Err(error) => {
                tracing::error!(operation = O::NAME, status = response.status(), %error, "an answer cannot be encoded");
                self.reply.fault(FaultStatus::REMOTE_NO_MEMORY);
            }
        }
    }

    /// Answers with a refusal in the shape of the operation's answer.
    pub(super) fn refuse(self, status: Status) {
        let refusal = self.request.refusal(status.0);
        self.answer(&refusal);
    }
}
