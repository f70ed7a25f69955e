//! Walks that once broke a rule while the service started: what was there, what had gone meanwhile, and what hosts told
//! before it was ready.

use super::*;

/// An alternative that ran on while the service was away, and is to go itself, serves until it is told to.
#[test]
fn an_alternative_serves_a_service_that_has_just_started() {
    check_in_order(
        GroupOrder::Global(1, 25),
        1,
        &[POOL, POOL, POOL, (0, Kind::Pool, &[&[0]]), POOL, (0, Kind::Pool, &[&[3, 0, 1]])],
        &[GroupOnline(0), SlowHost(0), Deadlock(0), KillServiceWhile(1, Reaction::Done)],
    );
}

/// What a host says before the service is ready, that something hangs, is heard before anything is stopped.
#[test]
fn what_hangs_while_the_service_starts_serves_nobody() {
    check(
        1,
        &[POOL, OWN, OWN, (0, Kind::Pool, &[&[2]]), LIBRARY, (0, Kind::Pool, &[&[0, 3, 4]])],
        &[GroupOnline(0), SlowHost(3), Offline(4, 6), Deadlock(0), KillServiceWhile(2, Reaction::Hang)],
    );
}

/// What a host was opening while the service was away, and could not, is not open there.
#[test]
fn what_could_not_be_opened_meanwhile_is_asked_nothing() {
    check_in_order(
        GroupOrder::Global(0, 57),
        1,
        &[OWN, LIBRARY, POOL, POOL],
        &[
            Create(0),
            Deadlock(3),
            Behave(4, Entry::Open, Reaction::Hang),
            Online(4),
            KillServiceWhile(4, Reaction::Hang),
            Delete(4),
        ],
    );
}

/// What ran, and was not found again while the service was away, is nothing that a cancelled stop may put back upon.
#[test]
fn what_was_not_found_again_meanwhile_serves_nobody() {
    check_in_order(
        GroupOrder::Sets(0, 43),
        1,
        &[OWN, POOL, (0, Kind::Pool, &[&[1]]), POOL, (0, Kind::Pool, &[&[2]])],
        &[
            Online(4),
            Commits(CommitMode::UnknownDone),
            CrashAfter(3),
            KillPool,
            Offline(2, 0),
            Behave(1, Entry::Open, Reaction::Hang),
            Cancel(2),
            KillPool,
            Resolve,
            KillServiceWhile(1, Reaction::Done),
        ],
    );
}

/// Its host said that it was online when a hard stop had closed its leaf.
#[test]
fn what_was_stopped_hard_is_not_online_after_a_restart() {
    check(
        1,
        &[POOL, POOL],
        &[Behave(1, Entry::Terminate, Reaction::Veto), Online(1), Fail(1), KillService, Pass(10_000)],
    );
}

/// What goes down because of a failure, after a crash in the midst of it too, goes before what it needs.
#[test]
fn the_last_of_several_alternatives_waits_after_a_crash() {
    check(
        2,
        &[
            POOL,
            POOL,
            POOL,
            LIBRARY,
            (0, Kind::Pool, &[&[2], &[0, 3, 1]]),
            (0, Kind::Pool, &[&[2]]),
            (0, Kind::Pool, &[&[4, 1, 5]]),
        ],
        &[
            GroupOnline(0),
            Behave(6, Entry::Offline, Reaction::Veto),
            Offline(1, 0),
            CrashAfter(18),
            Online(0),
            Online(5),
            Fail(2),
        ],
    );
}

/// A deletion that was waiting for the service to be ready, cut off in the middle of the start.
#[test]
fn what_is_deleted_in_the_middle_of_a_start_is_nobodys() {
    check_in_order(
        GroupOrder::Groups,
        1,
        &[POOL, POOL, POOL, OWN, LIBRARY, POOL, POOL],
        &[
            GroupOnline(0),
            Commits(CommitMode::Fail),
            Reboot,
            Delete(6),
            CrashAfter(8),
            Commits(CommitMode::Done),
            Pass(245_836),
        ],
    );
}

/// What was deleted and brought back while an operation was under way is none of its parts, after a restart of the
/// service too: hosts remember what became of the operation's orders to the one before.
#[test]
fn what_is_brought_back_is_no_part_of_what_was_under_way_before() {
    check(
        1,
        &[POOL, LIBRARY, POOL, POOL],
        &[
            Create(0),
            Delete(4),
            Undo(0),
            Behave(4, Entry::Online, Reaction::Veto),
            StartPolicy(0, 1000, 1, 27),
            Maintain(3, true),
            Behave(2, Entry::Online, Reaction::Hang),
            KillServiceAndPool,
            GroupOnline(0),
            CrashAfter(14),
            Undo(2),
            Undo(4),
            Undo(6),
        ],
    );
}

/// A lock that a host tells of when it is heard again is heeded by a stop that has waited for it.
#[test]
fn a_lock_told_while_a_stop_waits_for_its_host_is_heeded() {
    check_in_order(
        GroupOrder::Sets(0, 1),
        1,
        &[POOL, POOL],
        &[
            Online(0),
            KillPool,
            KillPool,
            SlowHost(1),
            Pass(39_704),
            GroupOffline(0),
            Lock(0, true),
            Reconnect,
        ],
    );
}

/// A call that was accepted and has not begun gives its group no place against one that it has to wait for: neither to the
/// service's start nor, when that one is started, to itself.
#[test]
fn a_call_that_has_not_begun_keeps_no_place() {
    check_apart(
        GroupOrder::Groups,
        2,
        &[AGENT, POOL, (1, Kind::Pool, &[]), AGENT, (1, Kind::Pool, &[]), POOL],
        &[
            Commits(CommitMode::UnknownDone),
            Online(4),
            KillServiceWhile(5, Reaction::Done),
            Online(2),
            Commits(CommitMode::Done),
            Online(0),
        ],
    );
}

/// A leaf that a slow guard was asked to close, and has not, is not started in again: it may close it then.
#[test]
fn nothing_starts_in_a_leaf_that_is_about_to_be_closed() {
    check_in_order(
        GroupOrder::Sets(0, 42),
        1,
        &[POOL, POOL, POOL, LIBRARY, POOL, POOL, (0, Kind::Pool, &[&[2], &[3]])],
        &[
            SlowGuard,
            CrashAfter(14),
            Online(6),
            GroupOffline(0),
            Pass(329_977),
            Offline(3, 6),
            GroupOnline(0),
        ],
    );
}
