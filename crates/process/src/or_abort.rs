//! What must not be left half done.

use std::mem;

/// Makes a change that nobody may go on with when only half of it was made: a panic in it, which is a fault of ours,
/// ends the process instead of one thread. Whoever starts anew finds what is committed.
pub fn or_abort<T>(change: impl FnOnce() -> T) -> T {
    let half_done = HalfDone;
    let result = change();
    mem::forget(half_done);
    result
}

struct HalfDone;

impl Drop for HalfDone {
    fn drop(&mut self) {
        // The panic's message is out: its hook ran before anything was unwound.
        std::process::abort();
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;

    use super::*;

    const IN_A_PROCESS: &str = "MAINSTAY_TEST_OR_ABORT";

    #[test]
    fn a_panic_ends_the_process() {
        if std::env::var_os(IN_A_PROCESS).is_some() {
            let thread = std::thread::spawn(|| or_abort(|| panic!("half done")));
            let _ = thread.join();
            return;
        }
        let this = std::env::current_exe().unwrap();
        let run = Command::new(this)
            .args(["--exact", "or_abort::tests::a_panic_ends_the_process", "--nocapture"])
            .env(IN_A_PROCESS, "1")
            .output()
            .unwrap();
        assert_eq!(run.status.signal(), Some(rustix::process::Signal::ABORT.as_raw()), "{run:?}");
        assert!(String::from_utf8_lossy(&run.stderr).contains("half done"), "{run:?}");
    }

    #[test]
    fn what_is_whole_goes_on() {
        assert_eq!(or_abort(|| 7), 7);
    }
}
