//! Resource types in shared libraries, by the C tables of resapi.h.
