//! Any bytes as one PDU.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mainstay_rpc::oracle::pdu_bytes(data));
