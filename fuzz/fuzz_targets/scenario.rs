//! Any bytes as a scenario file of the simulator.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mainstay_sim::scenario::oracle::any_bytes(data));
