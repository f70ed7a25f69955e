//! What a client may speak on a connection: contexts, features, and the legs of the authentication.

use super::{AuthError, Context, ServerAssociation, State};
use crate::SyntaxId;
use crate::association::ProtocolError;
use crate::limits::{FRAGMENT_MIN_BYTES, FRAGMENT_MUST_RECEIVE_BYTES};
use crate::pdu::{
    Bind, BindAck, ContextElement, ContextReason, ContextResult, ContextVerdict, Flags, Header, PduType,
    RejectReason, Verifier,
};

impl ServerAssociation {
    pub(super) fn handle_bind(
        &mut self,
        header: &Header,
        bind: &Bind,
        verifier: Option<&Verifier<'_>>,
    ) -> Result<(), ProtocolError> {
        if let Some(reason) = self.refusal {
            return Err(ProtocolError::BindRefused(reason));
        }
        let limits = &self.config.limits;
        // With signatures the smallest fragments would hold nothing else.
        let transmit_min =
            if self.guard.is_some() { FRAGMENT_MUST_RECEIVE_BYTES } else { FRAGMENT_MIN_BYTES };
        let transmit_max = bind.max_receive_bytes.min(limits.fragment_max_bytes);
        if bind.contexts.len() > limits.contexts_per_bind_max || transmit_max < transmit_min {
            return Err(ProtocolError::BindRefused(RejectReason::LOCAL_LIMIT_EXCEEDED));
        }
        if bind.contexts.is_empty() {
            return Err(ProtocolError::BindRefused(RejectReason::NOT_SPECIFIED));
        }
        let token = self.handle_token(verifier).map_err(|error| {
            ProtocolError::BindRefused(match error {
                AuthError::NotRecognized => RejectReason::AUTHENTICATION_TYPE_NOT_RECOGNIZED,
                AuthError::Denied => RejectReason::INVALID_CHECKSUM,
            })
        })?;
        self.state = State::Bound;
        self.transmit_max = usize::from(transmit_max);
        // Connections of one group share nothing here, since context handles die with their connection. So any
        // group that a client names may be joined.
        self.group = if bind.association_group == 0 { self.own_group } else { bind.association_group };
        let mut echoed = Flags::CONCURRENT_MULTIPLEXING;
        if token.is_some() {
            echoed = echoed.union(Flags::SUPPORT_HEADER_SIGN);
        }
        let flags = Flags::WHOLE.union(header.flags.intersection(echoed));
        let mut ack = self.bind_ack(bind);
        ack.secondary_address = self.config.secondary_address.clone().into_bytes();
        let out = self.output.tail();
        let start = out.len();
        ack.write_bind_ack(out, flags, header.call_id);
        if let (Some(guard), Some(token)) = (&self.guard, &token) {
            guard.append_token(out, start, token);
        }
        Ok(())
    }

    pub(super) fn handle_alter_context(
        &mut self,
        header: &Header,
        bind: &Bind,
        verifier: Option<&Verifier<'_>>,
    ) -> Result<(), ProtocolError> {
        if bind.contexts.len() > self.config.limits.contexts_per_bind_max {
            return Err(ProtocolError::BindRefused(RejectReason::LOCAL_LIMIT_EXCEEDED));
        }
        let token = self.handle_token(verifier).map_err(|_| ProtocolError::AuthenticationFailed)?;
        let ack = self.bind_ack(bind);
        let out = self.output.tail();
        let start = out.len();
        ack.write_alter_context_response(out, Flags::WHOLE, header.call_id);
        if let (Some(guard), Some(token)) = (&self.guard, &token) {
            guard.append_token(out, start, token);
        }
        Ok(())
    }

    /// The last leg of a handshake that has no answer. If it fails, the acceptor knows, and refuses the calls.
    pub(super) fn handle_auth3(&mut self, verifier: Option<&Verifier<'_>>) -> Result<(), ProtocolError> {
        if verifier.is_none() {
            return Err(ProtocolError::Unexpected { pdu_type: PduType::Auth3 });
        }
        // Nobody is told: what came of it shows at the first call.
        let _ = self.handle_token(verifier);
        Ok(())
    }

    /// Takes a token, if there is one, and returns the answer to it.
    fn handle_token(&mut self, verifier: Option<&Verifier<'_>>) -> Result<Option<Vec<u8>>, AuthError> {
        let Some(verifier) = verifier else { return Ok(None) };
        let guard = self.guard.as_mut().ok_or(AuthError::NotRecognized)?;
        guard.handle_token(verifier).map(Some)
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
}

/// The bind time features that this side has (MS-RPCE 2.2.2.14): a connection survives an orphaned call (2).
/// Several security contexts on one connection (1) are not supported.
const FEATURES: u16 = 2;
