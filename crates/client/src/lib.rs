//! The typed client: a pure core and its drivers.
