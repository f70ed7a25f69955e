//! Processes inside cgroup leaves: starting, signalling, freezing, killing, looking.
