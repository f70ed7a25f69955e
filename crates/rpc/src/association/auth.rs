//! Where a security provider (NTLM, SPNEGO, Kerberos) stands in the server's association.
//!
//! The association owns the legs of the handshake, the trailers and their lengths; an [`Acceptor`] owns tokens, keys
//! and the decision who the client is. An association without one, as over a Unix socket, refuses a bind that wants
//! to authenticate: the kernel has said who the peer is.

use std::fmt;
use std::ops::Range;

use crate::pdu::{RESPONSE_HEADER_BYTES, Verifier, append_verifier};

/// One connection's security provider. It keeps what it learns; the driver that made it asks it there.
pub trait Acceptor: Send + fmt::Debug {
    /// Takes the token of a bind, alter_context or auth3, and returns the one that goes back. (After auth3 nothing
    /// goes back.)
    ///
    /// # Errors
    ///
    /// The provider is not known, or the token does not prove what it has to.
    fn handle_token(&mut self, verifier: &Verifier<'_>) -> Result<Vec<u8>, AuthError>;

    /// Whether calls may be made now: the client has proved who it is, at a level that suffices. Until then every
    /// call is answered with [`ACCESS_DENIED`](crate::FaultStatus::ACCESS_DENIED).
    fn admits_calls(&self) -> bool;

    /// Bytes of the signature that requests and responses carry now; 0 while, or where, they carry none.
    fn signature_bytes(&self) -> u16;

    /// Checks the signature at the end of a request and decrypts its `stub` (with the padding) in place.
    ///
    /// # Errors
    ///
    /// The signature is wrong.
    fn unprotect(&mut self, pdu: &mut [u8], stub: Range<usize>) -> Result<(), AuthError>;

    /// Encrypts the `stub` of a response in place and writes the signature over the last
    /// [`signature_bytes`](Self::signature_bytes) of the PDU, whose lengths are final.
    fn protect(&mut self, pdu: &mut [u8], stub: Range<usize>);
}

/// Why a token or a signature is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// The authentication type is not one of this server's.
    #[error("authentication type not recognized")]
    NotRecognized,
    /// The client has not proved who it says it is.
    #[error("authentication failed")]
    Denied,
}

/// An acceptor, with what was agreed at the bind.
#[derive(Debug)]
pub(super) struct Guard {
    pub(super) acceptor: Box<dyn Acceptor>,
    agreed: Option<Agreed>,
}

/// What every trailer of the connection has to repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Agreed {
    auth_type: u8,
    auth_level: u8,
    context_id: u32,
}

/// What providers pad a stub to, for the ciphers among them that work in blocks.
pub(super) const STUB_ALIGNMENT: usize = 16;

impl Guard {
    pub(super) fn new(acceptor: Box<dyn Acceptor>) -> Self {
        Self { acceptor, agreed: None }
    }

    /// Takes a token. The first one says by which provider, level and context the connection goes.
    pub(super) fn handle_token(&mut self, verifier: &Verifier<'_>) -> Result<Vec<u8>, AuthError> {
        let named = Agreed {
            auth_type: verifier.auth_type,
            auth_level: verifier.auth_level,
            context_id: verifier.context_id,
        };
        if *self.agreed.get_or_insert(named) != named {
            return Err(AuthError::Denied);
        }
        self.acceptor.handle_token(verifier)
    }

    /// Checks and decrypts a request; `stub` is its stub with the padding.
    pub(super) fn unprotect(
        &mut self,
        pdu: &mut [u8],
        verifier: [u32; 2],
        stub: Range<usize>,
    ) -> Result<(), AuthError> {
        let [signature_bytes, context_id] = verifier;
        let known = self.agreed.is_some_and(|agreed| agreed.context_id == context_id);
        if !known || signature_bytes != u32::from(self.acceptor.signature_bytes()) {
            return Err(AuthError::Denied);
        }
        self.acceptor.unprotect(pdu, stub)
    }

    /// Bytes of a trailer behind every response.
    pub(super) fn trailer_bytes(&self) -> usize {
        match self.acceptor.signature_bytes() {
            0 => 0,
            signature_bytes => crate::pdu::VERIFIER_HEADER_BYTES + usize::from(signature_bytes),
        }
    }

    /// Puts the answering token behind the bind_ack or alter_context_resp that begins at `start`.
    pub(super) fn append_token(&self, out: &mut Vec<u8>, start: usize, token: &[u8]) {
        let Some(agreed) = self.agreed else { return };
        let pad_length = ((out.len() - start).wrapping_neg() % 4) as u8;
        append_verifier(out, start, &agreed.verifier(pad_length, token));
    }

    /// Protects the response that begins at `start`, if responses are protected.
    pub(super) fn protect(&mut self, out: &mut Vec<u8>, start: usize) {
        let signature_bytes = usize::from(self.acceptor.signature_bytes());
        let Some(agreed) = self.agreed.filter(|_| signature_bytes > 0) else { return };
        let stub_start = start + RESPONSE_HEADER_BYTES;
        let pad_length = (out.len() - stub_start).wrapping_neg() % STUB_ALIGNMENT;
        let stub = RESPONSE_HEADER_BYTES..out.len() - start + pad_length;
        append_verifier(out, start, &agreed.verifier(pad_length as u8, &vec![0; signature_bytes]));
        self.acceptor.protect(&mut out[start..], stub);
    }
}

impl Agreed {
    fn verifier(self, pad_length: u8, value: &[u8]) -> Verifier<'_> {
        let Self { auth_type, auth_level, context_id } = self;
        Verifier { auth_type, auth_level, pad_length, context_id, value }
    }
}
