//! What the service, its resource hosts and its guard say to each other: frames, messages, version.
