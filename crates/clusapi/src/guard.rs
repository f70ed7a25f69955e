//! The door of every exported function: catches unwinding, and turns results into what C expects.

use std::panic::{AssertUnwindSafe, catch_unwind};

use mainstay_resutils::win32::set_last_error;
use mainstay_types::Status;

/// What an exported function comes to.
pub(crate) type Outcome<R> = Result<R, Status>;

/// A function that answers with a number: 0, 997 or why not.
pub(crate) fn status(call: impl FnOnce() -> Outcome<()>) -> u32 {
    match run(call) {
        Ok(()) => Status::SUCCESS.0,
        Err(status) => status.0,
    }
}

/// A function that answers with TRUE, or with FALSE and the last error.
pub(crate) fn truth(call: impl FnOnce() -> Outcome<()>) -> i32 {
    i32::from(or_last_error(call).is_some())
}

/// A function that answers with a handle, or with NULL and the last error.
pub(crate) fn handle(call: impl FnOnce() -> Outcome<usize>) -> usize {
    or_last_error(call).unwrap_or(0)
}

/// A function that answers with a count, or with 0 and the last error.
pub(crate) fn count(call: impl FnOnce() -> Outcome<usize>) -> u32 {
    or_last_error(call).map_or(0, |count| u32::try_from(count).unwrap_or(u32::MAX))
}

/// A function that answers with a state, or with -1 and the last error.
pub(crate) fn state(call: impl FnOnce() -> Outcome<u32>) -> i32 {
    or_last_error(call).and_then(|state| i32::try_from(state).ok()).unwrap_or(-1)
}

fn or_last_error<R>(call: impl FnOnce() -> Outcome<R>) -> Option<R> {
    match run(call) {
        Ok(result) => Some(result),
        Err(status) => {
            set_last_error(status);
            None
        }
    }
}

/// A call changes what is shared only through the tables and the pools, and both stay whole when a call unwinds.
fn run<R>(call: impl FnOnce() -> Outcome<R>) -> Outcome<R> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or(Err(Status::INTERNAL_ERROR))
}

#[cfg(test)]
mod tests {
    use mainstay_resutils::win32::last_error;

    use super::*;

    #[test]
    fn results_as_c_expects_them() {
        set_last_error(Status(77));
        assert_eq!(
            (status(|| Ok(())), truth(|| Ok(())), handle(|| Ok(5)), state(|| Ok(130))),
            (0, 1, 5, 130)
        );
        assert_eq!(status(|| Err(Status::IO_PENDING)), 997);
        assert_eq!(last_error(), Status(77), "success and numbers leave it alone");
        assert_eq!(truth(|| Err(Status::ACCESS_DENIED)), 0);
        assert_eq!(last_error(), Status::ACCESS_DENIED);
        assert_eq!(handle(|| Err(Status::INVALID_NAME)), 0);
        assert_eq!(last_error(), Status::INVALID_NAME);
        assert_eq!(state(|| Err(Status::MORE_DATA)), -1);
        assert_eq!(last_error(), Status::MORE_DATA);
    }

    #[test]
    fn no_panic_leaves() {
        assert_eq!(status(|| panic!("on purpose")), 1359);
        assert_eq!(handle(|| panic!("on purpose")), 0);
        assert_eq!(last_error(), Status::INTERNAL_ERROR);
    }
}
