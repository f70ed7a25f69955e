//! Any bytes: nothing panics, nothing grows beyond its bounds.

use proptest::prelude::*;

use crate::oracle::{self, INTERFACE};
use crate::pdu::{
    Bind, BindAck, BindNak, ContextElement, ContextResult, ContextVerdict, Fault, Flags, PduType,
    RejectReason, write_bare, write_fault, write_request_fragment, write_response_fragment,
};
use crate::{FaultStatus, SyntaxId};

fn bind() -> Bind {
    let features = SyntaxId::bind_time_features(3);
    Bind {
        max_transmit_bytes: 5840,
        max_receive_bytes: 1000,
        association_group: 0,
        contexts: vec![
            ContextElement { id: 0, interface: INTERFACE, transfer_syntaxes: vec![SyntaxId::NDR] },
            ContextElement { id: 1, interface: INTERFACE, transfer_syntaxes: vec![features] },
        ],
    }
}

/// One PDU that a client might send.
fn client_pdu() -> impl Strategy<Value = Vec<u8>> {
    let call_id = 1_u32..6;
    let flags = prop_oneof![Just(3_u8), Just(1), Just(2), Just(0), Just(0x83), Just(0x43)];
    let stub = prop::collection::vec(any::<u8>(), 0..1500);
    prop_oneof![
        1 => call_id.clone().prop_map(|call_id| {
            let mut wire = Vec::new();
            bind().write_alter_context(&mut wire, Flags::WHOLE, call_id);
            wire
        }),
        1 => (call_id.clone(), any::<bool>()).prop_map(|(call_id, cancel)| {
            let mut wire = Vec::new();
            write_bare(&mut wire, if cancel { PduType::Cancel } else { PduType::Orphaned }, call_id);
            wire
        }),
        8 => (call_id, flags, 0_u16..3, 0_u16..3, stub).prop_map(|(call_id, flags, context, opnum, stub)| {
            let mut wire = Vec::new();
            write_request_fragment(&mut wire, Flags(flags), call_id, 0, context, opnum, &stub);
            wire
        }),
    ]
}

/// One PDU that a server might send.
fn server_pdu() -> impl Strategy<Value = Vec<u8>> {
    let stub = prop::collection::vec(any::<u8>(), 0..1500);
    (2_u32..6, 0_u8..5, 0_u8..4, stub).prop_map(|(call_id, kind, flags, stub)| {
        let mut wire = Vec::new();
        let status = FaultStatus::ACCESS_DENIED;
        match kind {
            0 => write_fault(&mut wire, Flags(0), call_id, &Fault { context_id: 0, cancel_count: 0, status }),
            1 => BindNak { reason: RejectReason(8) }.write(&mut wire, call_id),
            _ => write_response_fragment(&mut wire, Flags(flags), call_id, 0, 0, &stub),
        }
        wire
    })
}

/// Up to five bytes changed, anywhere.
fn mutations() -> impl Strategy<Value = Vec<(prop::sample::Index, u8)>> {
    prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..5)
}

fn mutate(mut wire: Vec<u8>, mutations: &[(prop::sample::Index, u8)]) -> Vec<u8> {
    for (at, value) in mutations {
        let at = at.index(wire.len());
        wire[at] = *value;
    }
    wire
}

proptest! {
    #[test]
    fn a_server_survives_any_conversation(
        pdus in prop::collection::vec(client_pdu(), 0..12),
        mutations in mutations(),
    ) {
        let mut wire = Vec::new();
        bind().write_bind(&mut wire, Flags::WHOLE, 1);
        oracle::server_bytes(&mutate([wire, pdus.concat()].concat(), &mutations));
    }

    #[test]
    fn a_server_survives_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
        oracle::server_bytes(&bytes);
    }

    #[test]
    fn a_client_survives_any_conversation(
        pdus in prop::collection::vec(server_pdu(), 1..8),
        mutations in mutations(),
    ) {
        oracle::client_bytes(&mutate(pdus.concat(), &mutations));
    }

    #[test]
    fn a_decoder_survives_any_pdu(
        pdu in prop_oneof![client_pdu(), server_pdu(), Just(bind_ack())],
        mutations in mutations(),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut pdu = mutate(pdu, &mutations);
        oracle::pdu_bytes(&pdu);
        // Cut short, but with a length that says so: the fields themselves have to notice.
        pdu.truncate(cut.index(pdu.len()).max(16));
        let length = (pdu.len() as u16).to_le_bytes();
        if pdu.len() >= 16 {
            pdu[8..10].copy_from_slice(&length);
        }
        oracle::pdu_bytes(&pdu);
    }
}

fn bind_ack() -> Vec<u8> {
    let mut wire = Vec::new();
    let accepted = ContextResult { verdict: ContextVerdict::Accepted, transfer_syntax: SyntaxId::NDR };
    BindAck {
        max_transmit_bytes: 5840,
        max_receive_bytes: 5840,
        association_group: 3,
        secondary_address: b"49152".to_vec(),
        results: vec![accepted; 3],
    }
    .write_bind_ack(&mut wire, Flags::WHOLE, 1);
    wire
}
