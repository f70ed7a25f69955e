//! Any bytes as what a client sends to a server.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mainstay_rpc::oracle::server_bytes(data));
