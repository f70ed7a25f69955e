//! One connection with what is open on it. It ends with the connection; [`Cluster`](crate::Cluster) makes the next.

use std::collections::HashMap;
use std::time::Instant;

use mainstay_cmrp::cluster::{OpenCluster, OpenClusterEx};
use mainstay_cmrp::{ClusterHandle, Operation, Response, decode_response, encode_request};
use mainstay_ndr::{ContextHandle, Endian};
use mainstay_rpc::CallError as RpcError;
use mainstay_types::Status;
use mainstay_types::access::GENERIC_ALL;

use crate::CallError;
use crate::error::fault_comes_first;
use crate::object::{Desired, Kind, Opened};
use crate::transport::Link;

/// One connection with the handles that are open on it.
#[derive(Debug)]
pub struct Session<L> {
    link: L,
    cluster: ClusterHandle,
    /// The handles of opened objects on this connection, by the objects' keys.
    handles: HashMap<u64, ContextHandle>,
    /// By when calls have to be answered; the link's own bound holds besides.
    by: Option<Instant>,
}

/// How a call ended, with what the caller may do about it.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The connection was over before the call was begun; it may be made again on another.
    NotSent(RpcError),
    /// It failed for good.
    Final(CallError),
}

impl<L: Link> Session<L> {
    /// A session that has nothing open yet.
    pub(crate) fn new(link: L) -> Self {
        Self { link, cluster: ClusterHandle::NULL, handles: HashMap::new(), by: None }
    }

    /// Bounds every later call.
    pub(crate) fn finish_by(&mut self, by: Option<Instant>) {
        self.by = by;
    }

    /// Opens the cluster on this connection and tells the granted access.
    pub(crate) fn open_cluster(&mut self, desired: Desired) -> Result<u32, CallError> {
        let (handle, granted) = match desired {
            Desired::Full => (self.accepted(&OpenCluster)?.handle, GENERIC_ALL),
            Desired::Mask(desired_access) => {
                let answer = self.accepted(&OpenClusterEx { desired_access })?;
                (answer.handle, answer.granted_access)
            }
        };
        self.cluster = handle;
        Ok(granted)
    }

    /// The cluster's handle on this connection.
    pub fn cluster(&self) -> ClusterHandle {
        self.cluster
    }

    /// The object's handle on this connection; it is opened here if it is not yet.
    ///
    /// # Errors
    ///
    /// See [`CallError`]. What cannot be opened again because it is not found answers as a deleted object.
    pub fn handle<K: Kind>(&mut self, object: &Opened<K>) -> Result<K::Handle, CallError> {
        if let Some(handle) = self.handles.get(&object.key()) {
            return Ok((*handle).into());
        }
        match K::open(self, object.id(), Desired::Mask(object.granted())) {
            Ok((handle, _)) => {
                self.remember(object, handle);
                Ok(handle)
            }
            Err(CallError::Refused { operation, status }) => {
                Err(CallError::refused(operation, K::when_gone(status)))
            }
            Err(error) => Err(error),
        }
    }

    pub(crate) fn remember<K: Kind>(&mut self, object: &Opened<K>, handle: K::Handle) {
        self.handles.insert(object.key(), handle.into());
    }

    pub(crate) fn forget<K: Kind>(&mut self, object: &Opened<K>) -> Option<K::Handle> {
        self.handles.remove(&object.key()).map(Into::into)
    }

    pub(crate) fn link_mut(&mut self) -> &mut L {
        &mut self.link
    }

    pub(crate) fn is_usable(&self) -> bool {
        self.link.is_usable()
    }

    /// Makes a call and gives back its answer, whatever the answer says.
    pub(crate) fn call<O: Operation>(&mut self, request: &O) -> Result<O::Response, Failure> {
        let (opnum, stub) = encode_request(request)
            .map_err(|error| Failure::Final(CallError::unencodable(O::NAME, &error)))?;
        let stub = self.link.call(opnum, &stub, self.by).map_err(|error| failure(O::NAME, error))?;
        decode_response::<O>(&stub, Endian::Little)
            .map_err(|error| Failure::Final(CallError::undecodable(O::NAME, &error)))
    }

    /// Makes a call on the way to another one, which changes nothing and can be repeated, and takes only 0 for an
    /// answer.
    ///
    /// # Errors
    ///
    /// See [`CallError`]. A lost connection is an unknown outcome here too; who called knows that it is harmless.
    pub fn accepted<O: Operation>(&mut self, request: &O) -> Result<O::Response, CallError> {
        let answer = self.call(request).map_err(|failure| failure.into_error(O::NAME))?;
        match answer.status() {
            0 => Ok(answer),
            status => Err(CallError::refused(O::NAME, Status(status))),
        }
    }
}

impl Failure {
    /// The same as an error, for callers that do not try again.
    pub(crate) fn into_error(self, operation: &'static str) -> CallError {
        match self {
            Self::NotSent(source) => CallError::OutcomeUnknown { operation, source: Box::new(source) },
            Self::Final(error) => error,
        }
    }
}

fn failure(operation: &'static str, error: RpcError) -> Failure {
    match error {
        RpcError::NotSent(mainstay_rpc::client::NotSent::Association(reason)) => {
            Failure::Final(CallError::BadArguments { operation, detail: reason.to_string() })
        }
        RpcError::NotSent(_) => Failure::NotSent(error),
        RpcError::Fault { status, may_have_run } if !may_have_run || fault_comes_first(status) => {
            Failure::Final(CallError::NotBegun { operation, fault: status })
        }
        RpcError::Fault { .. } | RpcError::Lost(_) | RpcError::Protocol(_) | RpcError::TimedOut(_) => {
            Failure::Final(CallError::OutcomeUnknown { operation, source: Box::new(error) })
        }
    }
}
