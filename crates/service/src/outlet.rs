//! The way from hosts and guard into the core, which is made after them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use mainstay_engine::input::Input;

use crate::core::Core;

/// Leads into the core once it is there. Cheap to clone.
#[derive(Clone, Default)]
pub struct Outlet(Arc<Inner>);

#[derive(Default)]
struct Inner {
    core: OnceLock<Weak<Core>>,
    ending: AtomicBool,
}

impl Outlet {
    /// Connects the outlet. What was fed before is lost, so nothing may be asked for before this.
    pub fn lead_to(&self, core: &Arc<Core>) {
        // A second call would be a mistake of ours and changes nothing.
        let _ = self.0.core.set(Arc::downgrade(core));
    }

    /// Feeds the core, as long as the service does not end.
    pub fn feed(&self, input: Input) {
        if self.is_ending() {
            return;
        }
        if let Some(core) = self.0.core.get().and_then(Weak::upgrade) {
            core.feed(input);
        }
    }

    /// Feeds several things at once: they are looked up under the engine's lock, and nothing comes between them.
    pub fn feed_all(&self, look_up: impl FnOnce() -> Vec<Input>) {
        if self.is_ending() {
            return;
        }
        if let Some(core) = self.0.core.get().and_then(Weak::upgrade) {
            core.feed_all(look_up);
        }
    }

    /// Says that the service ends: what hosts and guard tell is no news any more.
    pub fn end(&self) {
        self.0.ending.store(true, Ordering::Relaxed);
    }

    /// Whether the service ends.
    pub fn is_ending(&self) -> bool {
        self.0.ending.load(Ordering::Relaxed)
    }
}
