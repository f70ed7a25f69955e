//! The cluster database: one contract, several backends, and the registry tree on top.
