//! Oracles for fuzzing.
