//! libclusapi.so: the C face of the client.
