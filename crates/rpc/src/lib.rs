//! DCE/RPC: PDUs, associations, and the drivers for servers and clients.
