//! The cluster as a state machine: it decides, and touches nothing.
