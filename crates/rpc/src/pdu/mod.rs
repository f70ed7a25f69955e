//! The PDUs of DCE/RPC version 5 over a connection (C706 12.6, MS-RPCE 2.2.2).
//!
//! This module owns the layouts, to the byte, and checks every count against the bytes that are there before it
//! believes it. It never knows whether a PDU makes sense at this moment: that is the association's business.
//!
//! Integers are little-endian on the wire of this crate. A peer says in the header how it writes its own (the "data
//! representation"); the header of a big-endian peer is still understood, so that it can be refused with an answer,
//! its body is not.

mod bind;
mod body;
mod codec;
mod header;

pub use bind::{
    Bind, BindAck, BindNak, ContextElement, ContextReason, ContextResult, ContextVerdict, RejectReason,
};
pub(crate) use body::write_bare;
pub use body::{Fault, Request, Response, write_fault, write_request_fragment, write_response_fragment};
pub(crate) use codec::append_verifier;
pub use header::{Flags, HEADER_BYTES, Header, PduType, REQUEST_HEADER_BYTES, RESPONSE_HEADER_BYTES};

use codec::Reader;

/// One PDU, borrowed from the fragment that it was decoded from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pdu<'a> {
    /// The common header.
    pub header: Header,
    /// What the PDU is about.
    pub body: Body<'a>,
    /// The authentication trailer, if there is one.
    pub verifier: Option<Verifier<'a>>,
}

/// What follows the common header, by PDU type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body<'a> {
    /// Client to server: one fragment of a call's arguments.
    Request(Request<'a>),
    /// Server to client: one fragment of a call's results.
    Response(Response<'a>),
    /// Server to client: the call failed below its operation.
    Fault(Fault),
    /// Client to server: the first PDU of a connection.
    Bind(Bind),
    /// Server to client: the association exists.
    BindAck(BindAck),
    /// Server to client: it does not.
    BindNak(BindNak),
    /// Client to server: more contexts, or more of the authentication.
    AlterContext(Bind),
    /// Server to client: the answer to it.
    AlterContextResponse(BindAck),
    /// Client to server: the last leg of an authentication, without an answer.
    Auth3,
    /// Server to client: please close.
    Shutdown,
    /// Client to server: the call need not be finished, but must be answered.
    Cancel,
    /// Client to server: the call's answer will not be read.
    Orphaned,
}

/// The authentication trailer at the end of a PDU (C706 13.2.6.1, `auth_verifier_co_t`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verifier<'a> {
    /// The security provider: 9 SPNEGO, 10 NTLM, 16 Kerberos (MS-RPCE 2.2.1.1.7).
    pub auth_type: u8,
    /// The protection level: 2 connect to 6 privacy (MS-RPCE 2.2.1.1.8).
    pub auth_level: u8,
    /// Bytes of padding between the stub and this trailer.
    pub pad_length: u8,
    /// Which of the connection's security contexts this is.
    pub context_id: u32,
    /// The provider's token or signature.
    pub value: &'a [u8],
}

/// Bytes of a verifier before its value.
pub(crate) const VERIFIER_HEADER_BYTES: usize = 8;

/// Why bytes are no PDU of this protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The PDU ends inside a field.
    #[error("the PDU ends inside its {field}: {wanted} bytes wanted, {left} left")]
    Truncated {
        /// The field that was being read.
        field: &'static str,
        /// Bytes that the field needs.
        wanted: usize,
        /// Bytes that were left.
        left: usize,
    },
    /// Not version 5.0 or 5.1.
    #[error("RPC version {major}.{minor}; this side speaks 5.0 and 5.1")]
    Version {
        /// `rpc_vers`.
        major: u8,
        /// `rpc_vers_minor`.
        minor: u8,
    },
    /// A data representation other than little-endian and ASCII.
    #[error("data representation {0:#04x}; this side takes little-endian ASCII (0x10) only")]
    DataRepresentation(u8),
    /// A PDU type that the protocol over connections does not have.
    #[error("PDU type {0} is not one of DCE/RPC over a connection")]
    PduType(u8),
    /// `frag_length` is not the number of bytes that there are, or less than a header.
    #[error("fragment length {length} is not possible here; {available} bytes are there")]
    FragmentLength {
        /// What the header says.
        length: u16,
        /// What there is.
        available: usize,
    },
    /// `auth_length` or the padding does not fit into the fragment.
    #[error("an authentication trailer of {length} bytes with {padding} bytes of padding does not fit")]
    AuthLength {
        /// `auth_length`.
        length: u16,
        /// `auth_pad_length`.
        padding: u8,
    },
    /// A number that stands for one of a few things, and is none of them.
    #[error("{field} has the value {value}, which means nothing")]
    Value {
        /// The field.
        field: &'static str,
        /// Its value.
        value: u32,
    },
}

impl<'a> Pdu<'a> {
    /// Decodes one whole fragment: `bytes` is exactly what its header's length says.
    ///
    /// Bytes that a layout does not define, behind a bind's last context for instance, are ignored, as C706 wants.
    ///
    /// # Errors
    ///
    /// See [`DecodeError`]; nothing is allocated that the fragment does not have the bytes for.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let header = Header::decode(bytes)?;
        header.check(bytes.len())?;
        let (body, verifier) = split_verifier(&header, bytes)?;
        let mut reader = Reader::new(body);
        let body = match header.pdu_type {
            PduType::Request => Body::Request(Request::decode(&header, &mut reader)?),
            PduType::Response => Body::Response(Response::decode(&mut reader)?),
            PduType::Fault => Body::Fault(Fault::decode(&mut reader)?),
            PduType::Bind => Body::Bind(Bind::decode(&mut reader)?),
            PduType::BindAck => Body::BindAck(BindAck::decode(&mut reader)?),
            PduType::BindNak => Body::BindNak(BindNak::decode(&mut reader)?),
            PduType::AlterContext => Body::AlterContext(Bind::decode(&mut reader)?),
            PduType::AlterContextResponse => Body::AlterContextResponse(BindAck::decode(&mut reader)?),
            PduType::Auth3 => Body::Auth3,
            PduType::Shutdown => Body::Shutdown,
            PduType::Cancel => Body::Cancel,
            PduType::Orphaned => Body::Orphaned,
        };
        Ok(Self { header, body, verifier })
    }
}

/// Cuts the fragment into the body behind the common header, without padding, and the trailer.
fn split_verifier<'a>(
    header: &Header,
    bytes: &'a [u8],
) -> Result<(&'a [u8], Option<Verifier<'a>>), DecodeError> {
    let after_header = &bytes[HEADER_BYTES..];
    if header.auth_length == 0 {
        return Ok((after_header, None));
    }
    let does_not_fit = |padding| DecodeError::AuthLength { length: header.auth_length, padding };
    let trailer_bytes = VERIFIER_HEADER_BYTES + usize::from(header.auth_length);
    let padded_body_bytes = after_header.len().checked_sub(trailer_bytes).ok_or_else(|| does_not_fit(0))?;
    let (padded_body, trailer) = after_header.split_at(padded_body_bytes);
    let mut reader = Reader::new(trailer);
    let auth_type = reader.u8("auth_type")?;
    let auth_level = reader.u8("auth_level")?;
    let pad_length = reader.u8("auth_pad_length")?;
    reader.u8("auth_reserved")?;
    let context_id = reader.u32("auth_context_id")?;
    let value = reader.rest();
    let body_bytes =
        padded_body_bytes.checked_sub(usize::from(pad_length)).ok_or_else(|| does_not_fit(pad_length))?;
    let verifier = Verifier { auth_type, auth_level, pad_length, context_id, value };
    Ok((&padded_body[..body_bytes], Some(verifier)))
}
