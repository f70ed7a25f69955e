//! The helper functions that a resource type library calls.
