//! The guard: it owns the cgroup slices and does the hard stop.
