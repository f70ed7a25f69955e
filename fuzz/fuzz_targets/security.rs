//! Any bytes as a SID, an access list and a security descriptor.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mainstay_security::oracle::any_bytes(data));
