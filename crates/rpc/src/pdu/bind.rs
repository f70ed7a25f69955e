//! bind, bind_ack, bind_nak, and the alter_context pair that shares their layouts (C706 12.6.4.3 to 12.6.4.5).

use super::codec::{Reader, Writer};
use super::{DecodeError, Flags, PduType};
use crate::SyntaxId;

/// The body of bind and of alter_context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bind {
    /// The largest fragment that the client will send, in bytes.
    pub max_transmit_bytes: u16,
    /// The largest fragment that the client takes, in bytes.
    pub max_receive_bytes: u16,
    /// The association group to join, 0 for a new one.
    pub association_group: u32,
    /// What the client wants to speak.
    pub contexts: Vec<ContextElement>,
}

/// One presentation context on offer: an interface and the ways in which its arguments may be encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextElement {
    /// The number by which requests will name the context.
    pub id: u16,
    /// The interface.
    pub interface: SyntaxId,
    /// Transfer syntaxes, the client's favourite first.
    pub transfer_syntaxes: Vec<SyntaxId>,
}

/// The body of bind_ack and of alter_context_resp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindAck {
    /// The largest fragment that the server will send, in bytes.
    pub max_transmit_bytes: u16,
    /// The largest fragment that the server takes, in bytes.
    pub max_receive_bytes: u16,
    /// The association group that the connection is now in.
    pub association_group: u32,
    /// The secondary address, without its final NUL: the port over TCP, empty in alter_context_resp.
    pub secondary_address: Vec<u8>,
    /// One result for each context on offer, in the same order.
    pub results: Vec<ContextResult>,
}

/// The answer to one presentation context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContextResult {
    /// Accepted or not.
    pub verdict: ContextVerdict,
    /// The transfer syntax that was chosen; [`SyntaxId::NONE`] unless accepted.
    pub transfer_syntax: SyntaxId,
}

/// `p_cont_def_result_t` with its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContextVerdict {
    /// 0: the context may be used.
    Accepted,
    /// 1: the server's user said no.
    UserRejected(ContextReason),
    /// 2: the server itself said no.
    ProviderRejected(ContextReason),
    /// 3: the answer to bind time features: the bits that both sides have (MS-RPCE 2.2.2.4).
    Negotiated {
        /// The feature bits.
        features: u16,
    },
}

/// `p_provider_reason_t`: why a context was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContextReason(pub u16);

impl ContextReason {
    /// No reason given.
    pub const NOT_SPECIFIED: Self = Self(0);
    /// The server does not have this interface.
    pub const ABSTRACT_SYNTAX_NOT_SUPPORTED: Self = Self(1);
    /// The server has the interface in none of these encodings.
    pub const TRANSFER_SYNTAXES_NOT_SUPPORTED: Self = Self(2);
    /// The connection holds as many contexts as it may.
    pub const LOCAL_LIMIT_EXCEEDED: Self = Self(3);
}

/// The body of bind_nak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BindNak {
    /// Why there is no association.
    pub reason: RejectReason,
}

/// `p_reject_reason_t`: why a bind was refused as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RejectReason(pub u16);

impl RejectReason {
    /// No reason given.
    pub const NOT_SPECIFIED: Self = Self(0);
    /// Too busy now; later may do.
    pub const TEMPORARY_CONGESTION: Self = Self(1);
    /// More than this server takes.
    pub const LOCAL_LIMIT_EXCEEDED: Self = Self(2);
    /// The protocol version is not spoken here.
    pub const PROTOCOL_VERSION_NOT_SUPPORTED: Self = Self(4);
    /// The authentication type is not known here (MS-RPCE 2.2.2.5).
    pub const AUTHENTICATION_TYPE_NOT_RECOGNIZED: Self = Self(8);
    /// The authentication token is wrong.
    pub const INVALID_CHECKSUM: Self = Self(9);

    /// What the reason means, in words.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::NOT_SPECIFIED => "no reason given",
            Self::TEMPORARY_CONGESTION => "too busy now",
            Self::LOCAL_LIMIT_EXCEEDED => "a limit was exceeded",
            Self::PROTOCOL_VERSION_NOT_SUPPORTED => "protocol version not supported",
            Self::AUTHENTICATION_TYPE_NOT_RECOGNIZED => "authentication type not recognized",
            Self::INVALID_CHECKSUM => "authentication failed",
            _ => "unknown reason",
        }
    }
}

/// Bytes of a syntax on the wire.
const SYNTAX_BYTES: usize = 20;

/// The least bytes of a context element: its own fields and the interface.
const ELEMENT_MIN_BYTES: usize = 4 + SYNTAX_BYTES;

/// Bytes of one result.
const RESULT_BYTES: usize = 4 + SYNTAX_BYTES;

impl Bind {
    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let max_transmit_bytes = reader.u16("max_xmit_frag")?;
        let max_receive_bytes = reader.u16("max_recv_frag")?;
        let association_group = reader.u32("assoc_group_id")?;
        let count = reader.u8("n_context_elem")?;
        reader.take(3, "context list")?;
        let mut contexts = Vec::with_capacity(usize::from(count).min(reader.left() / ELEMENT_MIN_BYTES));
        for _ in 0..count {
            contexts.push(ContextElement::decode(reader)?);
        }
        Ok(Self { max_transmit_bytes, max_receive_bytes, association_group, contexts })
    }

    /// Appends this as a bind PDU.
    pub fn write_bind(&self, out: &mut Vec<u8>, flags: Flags, call_id: u32) {
        self.write(Writer::new(out, PduType::Bind, flags, call_id));
    }

    /// Appends this as an alter_context PDU.
    pub fn write_alter_context(&self, out: &mut Vec<u8>, flags: Flags, call_id: u32) {
        self.write(Writer::new(out, PduType::AlterContext, flags, call_id));
    }

    fn write(&self, mut writer: Writer<'_>) {
        writer.u16(self.max_transmit_bytes);
        writer.u16(self.max_receive_bytes);
        writer.u32(self.association_group);
        let contexts = &self.contexts[..self.contexts.len().min(usize::from(u8::MAX))];
        writer.u8(contexts.len() as u8);
        writer.bytes(&[0; 3]);
        for context in contexts {
            context.write(&mut writer);
        }
        writer.finish();
    }
}

impl ContextElement {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let id = reader.u16("p_cont_id")?;
        let count = reader.u8("n_transfer_syn")?;
        reader.u8("context reserved")?;
        let interface = reader.syntax("abstract_syntax")?;
        let mut transfer_syntaxes = Vec::with_capacity(usize::from(count).min(reader.left() / SYNTAX_BYTES));
        for _ in 0..count {
            transfer_syntaxes.push(reader.syntax("transfer_syntaxes")?);
        }
        Ok(Self { id, interface, transfer_syntaxes })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        let syntaxes = &self.transfer_syntaxes[..self.transfer_syntaxes.len().min(usize::from(u8::MAX))];
        writer.u16(self.id);
        writer.u8(syntaxes.len() as u8);
        writer.u8(0);
        writer.syntax(&self.interface);
        for syntax in syntaxes {
            writer.syntax(syntax);
        }
    }
}

impl BindAck {
    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let max_transmit_bytes = reader.u16("max_xmit_frag")?;
        let max_receive_bytes = reader.u16("max_recv_frag")?;
        let association_group = reader.u32("assoc_group_id")?;
        let length = reader.u16("sec_addr length")?;
        let address = reader.take(usize::from(length), "sec_addr")?;
        let secondary_address = address.strip_suffix(&[0]).unwrap_or(address).to_vec();
        reader.align4("sec_addr padding")?;
        let count = reader.u8("n_results")?;
        reader.take(3, "result list")?;
        let mut results = Vec::with_capacity(usize::from(count).min(reader.left() / RESULT_BYTES));
        for _ in 0..count {
            results.push(ContextResult::decode(reader)?);
        }
        Ok(Self { max_transmit_bytes, max_receive_bytes, association_group, secondary_address, results })
    }

    /// Appends this as a bind_ack PDU.
    pub fn write_bind_ack(&self, out: &mut Vec<u8>, flags: Flags, call_id: u32) {
        self.write(Writer::new(out, PduType::BindAck, flags, call_id));
    }

    /// Appends this as an alter_context_resp PDU.
    pub fn write_alter_context_response(&self, out: &mut Vec<u8>, flags: Flags, call_id: u32) {
        self.write(Writer::new(out, PduType::AlterContextResponse, flags, call_id));
    }

    fn write(&self, mut writer: Writer<'_>) {
        writer.u16(self.max_transmit_bytes);
        writer.u16(self.max_receive_bytes);
        writer.u32(self.association_group);
        if self.secondary_address.is_empty() {
            writer.u16(0);
        } else {
            let address =
                &self.secondary_address[..self.secondary_address.len().min(SECONDARY_ADDRESS_MAX_BYTES)];
            writer.u16(address.len() as u16 + 1);
            writer.bytes(address);
            writer.u8(0);
        }
        writer.align4();
        let results = &self.results[..self.results.len().min(usize::from(u8::MAX))];
        writer.u8(results.len() as u8);
        writer.bytes(&[0; 3]);
        for result in results {
            result.write(&mut writer);
        }
        writer.finish();
    }
}

/// A secondary address is a port number or a pipe's name; this is room enough for either.
const SECONDARY_ADDRESS_MAX_BYTES: usize = 255;

impl ContextResult {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let result = reader.u16("context result")?;
        let reason = reader.u16("context reason")?;
        let transfer_syntax = reader.syntax("transfer_syntax")?;
        let verdict = match result {
            0 => ContextVerdict::Accepted,
            1 => ContextVerdict::UserRejected(ContextReason(reason)),
            2 => ContextVerdict::ProviderRejected(ContextReason(reason)),
            3 => ContextVerdict::Negotiated { features: reason },
            other => return Err(DecodeError::Value { field: "context result", value: other.into() }),
        };
        Ok(Self { verdict, transfer_syntax })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        let (result, reason) = match self.verdict {
            ContextVerdict::Accepted => (0, 0),
            ContextVerdict::UserRejected(reason) => (1, reason.0),
            ContextVerdict::ProviderRejected(reason) => (2, reason.0),
            ContextVerdict::Negotiated { features } => (3, features),
        };
        writer.u16(result);
        writer.u16(reason);
        writer.syntax(&self.transfer_syntax);
    }
}

impl BindNak {
    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        // The list of versions behind the reason is of no use to anyone, and some servers leave it out.
        Ok(Self { reason: RejectReason(reader.u16("provider_reject_reason")?) })
    }

    /// Appends this as a bind_nak PDU, with 5.0 as the only version spoken.
    pub fn write(&self, out: &mut Vec<u8>, call_id: u32) {
        let mut writer = Writer::new(out, PduType::BindNak, Flags::WHOLE, call_id);
        writer.u16(self.reason.0);
        writer.bytes(&[1, 5, 0]);
        writer.align4();
        writer.finish();
    }
}
