//! End to end: the real service, real processes, real clients, real crashes.
