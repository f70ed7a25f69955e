//! Any opnum and stub, as a client reads them.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mainstay_cmrp::oracle::decode_any_response(data));
