//! One walk: taken, and what broke in it.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use mainstay_engine::testing::walk::{Coverage, Plan, Walk};

/// An invariant that did not hold, or a panic of the engine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// Which, and how.
    pub text: String,
    /// What happened, one line for each event; empty for a walk without a log.
    pub log: Vec<String>,
}

impl Violation {
    /// The invariant's name, by which a smaller walk is seen to fail for the same reason: `I2`, `truth`, or where the
    /// engine panicked.
    pub fn kind(&self) -> &str {
        let end = self.text.find(": ").unwrap_or(self.text.len());
        &self.text[..end]
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

thread_local! {
    /// What the last panic of this thread said.
    static LAST_PANIC: RefCell<String> = const { RefCell::new(String::new()) };
    /// Panics of this thread are caught.
    static CATCHES: Cell<bool> = const { Cell::new(false) };
}

/// Takes panics for messages while they are caught: a broken invariant is one.
fn quiet_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let others = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !CATCHES.get() {
                return others(info);
            }
            let payload = info.payload();
            let said = payload.downcast_ref::<String>().map(String::as_str);
            let said = said.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no message");
            let place = info.location().map(|place| format!("{}:{}", place.file(), place.line()));
            // Only what an invariant says begins with its name.
            let text = match said.split_once(": ") {
                Some((name, _)) if is_invariant(name) => said.to_owned(),
                _ => format!("panic at {}: {said}", place.unwrap_or_default()),
            };
            LAST_PANIC.with_borrow_mut(|last| *last = text);
        }));
    });
}

fn is_invariant(name: &str) -> bool {
    matches!(name, "truth" | "policy" | "order" | "plan" | "explain")
        || name.strip_prefix('I').is_some_and(|number| number.parse::<u8>().is_ok())
}

/// Carries out what may panic.
///
/// # Errors
///
/// What the panic said.
pub(crate) fn catch<T>(action: impl FnOnce() -> T) -> Result<T, String> {
    quiet_panics();
    CATCHES.set(true);
    let caught = catch_unwind(AssertUnwindSafe(action));
    CATCHES.set(false);
    caught.map_err(|_| LAST_PANIC.with_borrow(String::clone))
}

/// Takes a walk.
///
/// # Errors
///
/// The first invariant that did not hold.
pub fn run_plan(plan: &Plan, keeps_log: bool) -> Result<(Coverage, Vec<String>), Violation> {
    let mut walk = Walk::new(keeps_log);
    let ran = catch(|| plan.run(&mut walk));
    let log = walk.world.log.take().unwrap_or_default();
    match ran {
        Ok(()) => Ok((walk.coverage, log)),
        Err(text) => Err(Violation { text, log }),
    }
}

/// Takes the walk of a seed.
///
/// # Errors
///
/// As [`run_plan`].
pub fn run_seed(seed: u64, steps: usize, keeps_log: bool) -> Result<(Coverage, Vec<String>), Violation> {
    run_plan(&Plan::of_seed(seed, steps), keeps_log)
}
