//! The protocol without the client's help, for those who send what the client would not.

use mainstay_cmrp::{Operation, Request, decode_response, encode_request};
use mainstay_ndr::Endian;
use mainstay_rpc::{BlockingClient, CallError, ConnectOptions, FaultStatus, SyntaxId};

use crate::{HANG, TestCluster};

/// The ClusAPI interface.
pub const INTERFACE: SyntaxId =
    SyntaxId::new(mainstay_cmrp::UUID, mainstay_cmrp::VERSION.0, mainstay_cmrp::VERSION.1);

/// One connection that is bound and has nothing open.
pub struct Wire(BlockingClient);

impl Wire {
    /// Connects, as whoever the calling thread is.
    pub fn connect(cluster: &TestCluster) -> Self {
        let options = ConnectOptions { answer_within: Some(HANG), ..ConnectOptions::default() };
        Wire(BlockingClient::open(&cluster.socket(), INTERFACE, &options).unwrap())
    }

    /// Makes a call that has to be answered.
    pub fn call<O: Operation>(&mut self, request: &O) -> O::Response {
        let (opnum, stub) = encode_request(request).unwrap();
        let stub = self.0.call(opnum, &stub).unwrap();
        decode_response::<O>(&stub, Endian::Little).unwrap()
    }

    /// Makes a call; answers the stub of its answer, or the fault.
    pub fn send(&mut self, request: &Request) -> Result<Vec<u8>, FaultStatus> {
        match self.0.call(request.opnum(), &request.encode().unwrap()) {
            Ok(stub) => Ok(stub),
            Err(CallError::Fault { status, .. }) => Err(status),
            Err(error) => panic!("{}: {error}", request.name()),
        }
    }
}
