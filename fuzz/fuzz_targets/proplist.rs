//! Any bytes as a property list, value list, multi-string and text.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mainstay_proplist::oracle::any_bytes(data));
