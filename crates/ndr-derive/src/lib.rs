//! Derives for the NDR transfer syntax.
