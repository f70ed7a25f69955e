//! Health checks, and calls that do not return.

use super::*;

#[test]
fn health_checks() {
    let looks = |looks| Returned::LooksAlive(looks);
    check_from_online(
        "the quick one at its interval, never beside itself",
        &[
            (Pass(LOOKS_MS as u64), &["call LooksAlive"]),
            (Pass(LOOKS_MS as u64), &[]),
            (Returns("LooksAlive", looks(true)), &[]),
            (Pass(LOOKS_MS as u64 - 1), &[]),
            (Pass(1), &["call LooksAlive"]),
        ],
    );
    check_from_online(
        "the thorough one follows a bad look",
        &[
            (Pass(LOOKS_MS as u64), &["call LooksAlive"]),
            (Returns("LooksAlive", looks(false)), &["call IsAlive"]),
            (Returns("IsAlive", Returned::IsAlive(Ok(()))), &[]),
            (Pass(LOOKS_MS as u64), &["call LooksAlive"]),
            (Returns("LooksAlive", looks(false)), &["call IsAlive"]),
            (Returns("IsAlive", Returned::IsAlive(Err(cause()))), &["#3 failed"]),
            (Pass(IS_MS as u64), &[]),
        ],
    );
    check_from_online(
        "the thorough one at its own interval",
        &[(Pass(IS_MS as u64), &["call IsAlive"]), (Returns("IsAlive", Returned::IsAlive(Ok(()))), &[])],
    );
    check_from_online(
        "none while an order runs, and its result does not count then",
        &[
            (Pass(LOOKS_MS as u64), &["call LooksAlive"]),
            (Offline, &[]),
            (Returns("LooksAlive", looks(false)), &["call Offline"]),
            (Pass(500), &[]),
            (Returns("Offline", Returned::Operation(Err(vetoed()))), &["#3 order 3 Vetoed"]),
            (Pass(LOOKS_MS as u64), &["call LooksAlive"]),
        ],
    );
}

#[test]
fn calls_that_do_not_return() {
    check_from_online(
        "reported once, and waited for",
        &[
            (Offline, &["call Offline"]),
            (Pass(DEADLOCK_MS as u64 - 1), &[]),
            (Pass(1), &["#3 deadlocked Offline"]),
            (Pass(DEADLOCK_MS as u64), &[]),
            (Terminate, &["cancel 2", "#4 order 3 Cancelled", "call Terminate"]),
            (Pass(DEADLOCK_MS as u64), &["#5 deadlocked Terminate"]),
        ],
    );
    check_from_online(
        "a question too",
        &[
            (Check, &["call ResourceControl"]),
            (Pass(DEADLOCK_MS as u64), &["#3 deadlocked ResourceControl", "call LooksAlive"]),
        ],
    );
    check_from_online(
        "a pending operation is no call",
        &[
            (Offline, &["call Offline"]),
            (Returns("Offline", pending()), &[]),
            (Pass(DEADLOCK_MS as u64), &[]),
        ],
    );
}

#[test]
fn a_question_that_is_not_answered_is_reported_once() {
    check_from_online(
        "as any other call, beside which others go on",
        &[
            (Offline, &["call Offline"]),
            (Check, &["call ResourceControl"]),
            (Returns("Offline", Returned::Operation(Ok(Completion::Pending))), &[]),
            (Pass(DEADLOCK_MS as u64 - 1), &[]),
            (Pass(1), &["#3 deadlocked ResourceControl"]),
            (Pass(DEADLOCK_MS as u64), &[]),
        ],
    );
}
