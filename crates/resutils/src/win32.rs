//! The few functions of Win32 itself that programs around the API use: the thread's last error, and Sleep.

use std::cell::Cell;
use std::time::Duration;

use mainstay_types::Status;

/// INFINITE: a wait without an end.
pub const INFINITE: u32 = u32::MAX;

thread_local! {
    static LAST_ERROR: Cell<u32> = const { Cell::new(0) };
}

/// GetLastError: the calling thread's last error.
pub fn last_error() -> Status {
    // A thread that is ending has no last error any more.
    Status(LAST_ERROR.try_with(Cell::get).unwrap_or(0))
}

/// SetLastError.
pub fn set_last_error(status: Status) {
    let _ = LAST_ERROR.try_with(|last| last.set(status.0));
}

/// Sleep: waits at least so many milliseconds; [`INFINITE`] never returns.
pub fn sleep(milliseconds: u32) {
    if milliseconds == INFINITE {
        loop {
            std::thread::park();
        }
    }
    if milliseconds == 0 {
        std::thread::yield_now();
    } else {
        std::thread::sleep(Duration::from_millis(u64::from(milliseconds)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thread_has_a_last_error_of_its_own() {
        set_last_error(Status::FILE_NOT_FOUND);
        let other = std::thread::spawn(|| {
            let first = last_error();
            set_last_error(Status::ACCESS_DENIED);
            (first, last_error())
        });
        assert_eq!(other.join().unwrap(), (Status::SUCCESS, Status::ACCESS_DENIED));
        assert_eq!(last_error(), Status::FILE_NOT_FOUND);
    }
}
