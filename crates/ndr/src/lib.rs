//! NDR transfer syntax: reading and writing the values of DCE/RPC calls.
