//! New ids: the one place where random numbers come from.

use uuid::{Builder, Uuid};

/// A random GUID.
///
/// # Panics
///
/// When the kernel has no random numbers, which on Linux means that the machine is not usable.
pub fn random_uuid() -> Uuid {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the kernel gives random numbers");
    Builder::from_random_bytes(bytes).into_uuid()
}
