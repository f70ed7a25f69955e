//! Everything one runs: demo, test, bench.

fn main() {}
