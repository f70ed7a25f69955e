//! request, response, fault, and the PDUs without a body (C706 12.6.4.9, 12.6.4.10, 12.6.4.7).

use uuid::Uuid;

use super::codec::{Reader, Writer};
use super::{DecodeError, Flags, Header, PduType};
use crate::FaultStatus;

/// The body of a request: one fragment of a call's arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// The sender's guess at the whole stub's size, 0 for none. A hint: nothing is allocated by it.
    pub allocation_hint: u32,
    /// The presentation context.
    pub context_id: u16,
    /// The operation's number in its interface.
    pub opnum: u16,
    /// The object that the call is about, if the flag for it is set.
    pub object: Option<Uuid>,
    /// The arguments, or a piece of them.
    pub stub: &'a [u8],
}

/// The body of a response: one fragment of a call's results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response<'a> {
    /// The sender's guess at the size of what is left, this fragment included. A hint.
    pub allocation_hint: u32,
    /// The presentation context.
    pub context_id: u16,
    /// Cancels that the server took for this call.
    pub cancel_count: u8,
    /// The results, or a piece of them.
    pub stub: &'a [u8],
}

/// The body of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The presentation context.
    pub context_id: u16,
    /// Cancels that the server took for this call.
    pub cancel_count: u8,
    /// Why the call failed.
    pub status: FaultStatus,
}

impl<'a> Request<'a> {
    pub(super) fn decode(header: &Header, reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let allocation_hint = reader.u32("alloc_hint")?;
        let context_id = reader.u16("p_cont_id")?;
        let opnum = reader.u16("opnum")?;
        let object =
            if header.flags.contains(Flags::OBJECT_UUID) { Some(reader.uuid("object")?) } else { None };
        Ok(Self { allocation_hint, context_id, opnum, object, stub: reader.rest() })
    }
}

impl<'a> Response<'a> {
    pub(super) fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let allocation_hint = reader.u32("alloc_hint")?;
        let context_id = reader.u16("p_cont_id")?;
        let cancel_count = reader.u8("cancel_count")?;
        reader.u8("reserved")?;
        Ok(Self { allocation_hint, context_id, cancel_count, stub: reader.rest() })
    }
}

impl Fault {
    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        reader.u32("alloc_hint")?;
        let context_id = reader.u16("p_cont_id")?;
        let cancel_count = reader.u8("cancel_count")?;
        reader.u8("reserved")?;
        let status = FaultStatus(reader.u32("status")?);
        // Four reserved bytes and perhaps a stub follow; neither means anything to us.
        Ok(Self { context_id, cancel_count, status })
    }
}

/// Appends one fragment of a request.
pub fn write_request_fragment(
    out: &mut Vec<u8>,
    flags: Flags,
    call_id: u32,
    allocation_hint: u32,
    context_id: u16,
    opnum: u16,
    stub: &[u8],
) {
    let mut writer = Writer::new(out, PduType::Request, flags, call_id);
    writer.u32(allocation_hint);
    writer.u16(context_id);
    writer.u16(opnum);
    writer.bytes(stub);
    writer.finish();
}

/// Appends one fragment of a response.
pub fn write_response_fragment(
    out: &mut Vec<u8>,
    flags: Flags,
    call_id: u32,
    allocation_hint: u32,
    context_id: u16,
    stub: &[u8],
) {
    let mut writer = Writer::new(out, PduType::Response, flags, call_id);
    writer.u32(allocation_hint);
    writer.u16(context_id);
    writer.bytes(&[0; 2]);
    writer.bytes(stub);
    writer.finish();
}

/// Appends a fault. It has no verifier, on a protected connection neither: Samba's clients fail on one.
pub fn write_fault(out: &mut Vec<u8>, flags: Flags, call_id: u32, fault: &Fault) {
    let mut writer = Writer::new(out, PduType::Fault, Flags::WHOLE.union(flags), call_id);
    writer.u32(0);
    writer.u16(fault.context_id);
    writer.u8(fault.cancel_count);
    writer.u8(0);
    writer.u32(fault.status.0);
    writer.u32(0);
    writer.finish();
}

/// Appends a PDU that is its header only: co_cancel, orphaned or shutdown.
pub(crate) fn write_bare(out: &mut Vec<u8>, pdu_type: PduType, call_id: u32) {
    Writer::new(out, pdu_type, Flags::WHOLE, call_id).finish();
}
