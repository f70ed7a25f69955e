//! Measures the service, each thing in turns with its floor.
#![forbid(unsafe_code)]

fn main() {}
