//! Any bytes as what a server sends to a client with calls outstanding.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mainstay_rpc::oracle::client_bytes(data));
