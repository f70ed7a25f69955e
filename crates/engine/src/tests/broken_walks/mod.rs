//! Walks that once broke a rule, shrunk to the steps that it takes (see [`crate::testing::walk`]).
//!
//! A seed means another walk as soon as the dice are thrown in another order; its steps stay what they are.

mod starts;

use crate::testing::walk::Step::{
    Alternatives, Behave, CallerGone, Cancel, Check, Commits, Confirm, CrashAfter, Create, DeadGuard,
    Deadlock, Delete, EndOrder, Fail, FailCall, FailInside, GroupOffline, GroupOnline, HostsStart, Keep,
    KillOwn, KillPool, KillProcesses, KillService, KillServiceAndPool, KillServiceWhile, Lock, LoseOwn,
    Maintain, Offline, Online, Pass, PassLate, Policy, Reboot, Reconnect, Rename, Resolve, Restart,
    SlowGuard, SlowHost, StartPolicy, StartService, StopService, Undepend, Undo, Unkillable,
};
use crate::testing::walk::{Entry, GroupOrder, Kind, Layout, Plan, Planned, Restarts, Step, Walk};
use crate::testing::{CheckReaction, CommitMode, Reaction};

/// Group, kind, and what it needs: of each of these one.
type Resource = (usize, Kind, &'static [&'static [usize]]);

const POOL: Resource = (0, Kind::Pool, &[]);
const OWN: Resource = (0, Kind::Own, &[]);
const LIBRARY: Resource = (0, Kind::Library, &[]);
const AGENT: Resource = (0, Kind::Agent, &[]);

/// Takes a walk. A rule that does not hold is a panic.
fn check(groups: usize, resources: &[Resource], steps: &[Step]) {
    check_in_order(GroupOrder::None, groups, resources, steps);
}

fn check_in_order(order: GroupOrder, groups: usize, resources: &[Resource], steps: &[Step]) {
    take(false, order, groups, resources, steps);
}

/// The groups are of one class that keeps them apart.
fn check_apart(order: GroupOrder, groups: usize, resources: &[Resource], steps: &[Step]) {
    take(true, order, groups, resources, steps);
}

fn take(is_exclusive: bool, order: GroupOrder, groups: usize, resources: &[Resource], steps: &[Step]) {
    let planned = resources.iter().map(|(group, kind, needs)| Planned {
        group: *group,
        kind: *kind,
        needs: needs.iter().map(|alternatives| alternatives.to_vec()).collect(),
    });
    let layout = Layout { groups, resources: planned.collect(), order, is_exclusive };
    Plan { layout, steps: steps.to_vec(), foresees: true }.run(&mut Walk::new(false));
}

/// Of what a host holds and nobody wants any more, each is closed under the epoch of its own group.
#[test]
fn what_a_host_need_not_hold_is_closed_under_its_groups_epoch() {
    check(
        2,
        &[(1, Kind::Pool, &[]), POOL, (1, Kind::Library, &[])],
        &[
            KillService,
            Create(0),
            Behave(0, Entry::Offline, Reaction::Fail),
            GroupOnline(1),
            Behave(3, Entry::Terminate, Reaction::Fail),
            Behave(0, Entry::Terminate, Reaction::Veto),
            Behave(3, Entry::Offline, Reaction::Fail),
            Online(3),
            Restart(0),
            Offline(3, 4),
            Reconnect,
        ],
    );
    check(
        2,
        &[POOL, LIBRARY, (1, Kind::Library, &[]), (1, Kind::Pool, &[])],
        &[
            Online(3),
            CrashAfter(6),
            Behave(3, Entry::Terminate, Reaction::Fail),
            GroupOnline(0),
            Behave(0, Entry::Terminate, Reaction::Veto),
            Fail(3),
            Reconnect,
            Fail(0),
            Reconnect,
        ],
    );
}

/// A provider that waits for a dependent to come down has its turn when that one needs it no longer.
#[test]
fn a_dependency_that_goes_gives_its_provider_its_turn() {
    check(
        1,
        &[OWN, LIBRARY, (0, Kind::Pool, &[&[1]])],
        &[
            Behave(2, Entry::Online, Reaction::Fail),
            Behave(2, Entry::Terminate, Reaction::Veto),
            Unkillable(2, true),
            Online(2),
            GroupOffline(0),
            Undepend(2, 1),
        ],
    );
    check(
        1,
        &[
            POOL,
            (0, Kind::Library, &[&[0]]),
            (0, Kind::Library, &[&[1]]),
            (0, Kind::Pool, &[&[1, 2, 0]]),
            POOL,
            POOL,
            POOL,
            (0, Kind::Pool, &[&[3]]),
        ],
        &[
            GroupOnline(0),
            Offline(0, 0),
            Reboot,
            HostsStart(false),
            Online(7),
            SlowGuard,
            KillServiceAndPool,
            Alternatives(7, vec![8, 1]),
        ],
    );
}

#[test]
fn a_restart_that_is_far_off_takes_place() {
    let restarts = |action, threshold, delay_ms, retry_ms| Restarts {
        action,
        threshold,
        period_ms: 2_000,
        delay_ms,
        retry_ms,
        embedded: 2,
    };
    check(
        1,
        &[OWN, POOL, POOL, POOL, POOL],
        &[
            Create(0),
            GroupOnline(0),
            Behave(3, Entry::Online, Reaction::Fail),
            StartPolicy(0, 2_000, 2, 32),
            Create(0),
            Reboot,
            Commits(CommitMode::UnknownFailed),
            Pass(57_671),
            CrashAfter(6),
            FailCall(5),
            Pass(315_248),
            Policy(6, restarts(1, 3, 2_000, 396_655)),
            PassLate(197_012),
            Policy(3, restarts(2, 2, 20_000, 269_714)),
        ],
    );
}

/// Two calls that take resources out of the same operation: the record of that one says so of both.
#[test]
fn two_that_take_over_from_one_are_both_in_its_record() {
    check(
        1,
        &[POOL, POOL, POOL, POOL, POOL, OWN],
        &[
            Behave(5, Entry::Online, Reaction::Hang),
            Create(0),
            Commits(CommitMode::Hold),
            Create(0),
            Resolve,
            GroupOnline(0),
            Resolve,
            CrashAfter(17),
            Offline(5, 7),
            Online(7),
            Pass(330_750),
        ],
    );
}

/// A veto that comes while a later call is being accepted does not write over the word of that one.
#[test]
fn a_veto_leaves_a_later_word() {
    check(
        1,
        &[POOL, OWN, POOL, POOL],
        &[
            GroupOnline(0),
            Behave(3, Entry::Offline, Reaction::Veto),
            Commits(CommitMode::Hold),
            Offline(3, 0),
            Offline(3, 2),
            Resolve,
        ],
    );
}

/// A word that was withdrawn comes back with a cancel only if nobody has said anything later.
#[test]
fn a_cancel_leaves_a_word_that_was_said_and_withdrawn_later() {
    check(
        1,
        &[POOL, LIBRARY, OWN, LIBRARY, POOL, (0, Kind::Pool, &[&[0]])],
        &[
            Behave(0, Entry::Online, Reaction::Veto),
            Behave(2, Entry::Online, Reaction::Hang),
            Offline(0, 0),
            GroupOnline(0),
            Offline(0, 2),
            Online(5),
            Cancel(1),
        ],
    );
}

/// The operation that an earlier service began by itself is in no record, and its order is in the host's memory: what the
/// next service begins has another identity.
#[test]
fn an_order_of_a_new_service_is_not_taken_for_an_earlier_one() {
    check(
        1,
        &[POOL, LIBRARY],
        &[Behave(1, Entry::Open, Reaction::Hang), KillService, StopService, EndOrder(1, Reaction::Fail)],
    );
}

/// A provider that waits for a dependent to come down has its turn when somebody says that nothing is left of that one.
#[test]
fn a_confirmed_stop_gives_its_provider_its_turn() {
    check(
        1,
        &[POOL, POOL, LIBRARY, POOL, (0, Kind::Library, &[&[3]])],
        &[
            Behave(4, Entry::Open, Reaction::Fail),
            Reboot,
            DeadGuard(true),
            Online(4),
            DeadGuard(false),
            KillService,
            Offline(3, 0),
            Confirm(4),
        ],
    );
}

/// A host that dies owes an answer: the call that waited for it goes on, and its caller may be gone.
#[test]
fn a_call_that_waited_for_a_host_goes_on_when_that_dies() {
    check(
        1,
        &[POOL, OWN, (0, Kind::Pool, &[&[1]])],
        &[GroupOnline(0), Check(2, CheckReaction::Silent), Offline(1, 0), CallerGone, KillPool],
    );
}

/// What was cancelled and then overtaken by force has taken its word back, although it ends superseded.
#[test]
fn a_cancel_that_is_overtaken_has_taken_its_word_back() {
    check(
        2,
        &[POOL, (1, Kind::Library, &[]), (1, Kind::Pool, &[])],
        &[HostsStart(false), KillOwn(1), Online(1), SlowGuard, Cancel(2), Offline(1, 7)],
    );
}

/// What an earlier host has left of one alternative waits for its new host; meanwhile the other one goes.
#[test]
fn a_clean_up_whose_turn_passes_while_it_waits_waits_for_the_next() {
    check(
        1,
        &[POOL, LIBRARY, (0, Kind::Pool, &[&[0, 1]])],
        &[
            Behave(2, Entry::Offline, Reaction::Hang),
            GroupOnline(0),
            GroupOffline(0),
            HostsStart(false),
            SlowHost(0),
            EndOrder(2, Reaction::Pretend),
            Deadlock(1),
            Reconnect,
            KillService,
            Online(0),
            KillPool,
            CrashAfter(1),
            HostsStart(true),
            KillProcesses(0),
            PassLate(240_859),
        ],
    );
    check(
        1,
        &[POOL, (0, Kind::Library, &[&[0]]), (0, Kind::Library, &[&[1, 0]])],
        &[
            Behave(2, Entry::Terminate, Reaction::Veto),
            Behave(1, Entry::Open, Reaction::Hang),
            Online(2),
            LoseOwn(1),
            Offline(1, 0),
            Pass(310_050),
            StopService,
            Fail(0),
            Fail(2),
            StartService,
            EndOrder(1, Reaction::Done),
        ],
    );
}

/// It has lost one need, and hangs on its way down; an alternative of another need goes, and one more stays.
#[test]
fn only_the_last_alternative_waits_for_what_relies_on_it() {
    check(
        1,
        &[LIBRARY, OWN, POOL, (0, Kind::Library, &[&[2], &[0, 1]]), (0, Kind::Own, &[&[0]])],
        &[
            GroupOnline(0),
            Behave(3, Entry::Offline, Reaction::Hang),
            Commits(CommitMode::UnknownFailed),
            Deadlock(0),
            Deadlock(2),
        ],
    );
}

/// Something is left of what was being started when its provider fails, and another one needs it that is on its way down.
#[test]
fn what_cannot_start_and_has_something_left_is_cleaned_in_its_turn() {
    check(
        1,
        &[POOL, LIBRARY, POOL, (0, Kind::Library, &[&[1]]), (0, Kind::Pool, &[&[1, 3, 2]])],
        &[
            GroupOnline(0),
            Behave(3, Entry::Terminate, Reaction::Veto),
            Behave(4, Entry::Terminate, Reaction::Hang),
            Behave(3, Entry::Online, Reaction::Hang),
            Behave(4, Entry::Online, Reaction::Fail),
            Reboot,
            FailCall(2),
            StopService,
            Fail(1),
            StartService,
        ],
    );
}

/// One alternative waits to stop until another one is there; that one comes, or the stop would wait for ever.
#[test]
fn what_is_relied_on_no_longer_has_its_turn_to_stop() {
    check(
        1,
        &[OWN, POOL, POOL, (0, Kind::Pool, &[&[0]]), (0, Kind::Pool, &[&[1, 0, 2]])],
        &[
            DeadGuard(true),
            Behave(2, Entry::Open, Reaction::Fail),
            Online(3),
            KillOwn(0),
            GroupOnline(0),
            KillPool,
            Pass(19_774),
            Offline(1, 6),
        ],
    );
}

/// It refuses to stop when its operation is cancelled already, and what it needs has failed meanwhile: nothing is started
/// on top of it.
#[test]
fn what_comes_back_without_what_it_needs_serves_nobody() {
    check(
        1,
        &[POOL, POOL, (0, Kind::Pool, &[&[0, 1]]), (0, Kind::Library, &[&[2]])],
        &[
            Behave(2, Entry::Offline, Reaction::Hang),
            GroupOnline(0),
            GroupOffline(0),
            Cancel(0),
            Fail(0),
            Fail(1),
            PassLate(1_319),
            EndOrder(2, Reaction::Veto),
        ],
    );
}

/// In maintenance it has failed, and is to stop; it does not, and the end of maintenance still finds it failed.
#[test]
fn what_is_borne_in_maintenance_outlives_a_stop_that_is_taken_back() {
    check(
        1,
        &[OWN, (0, Kind::Own, &[&[0]])],
        &[
            Behave(1, Entry::Offline, Reaction::Veto),
            Maintain(0, true),
            Online(1),
            Fail(0),
            KillProcesses(0),
            GroupOffline(0),
        ],
    );
}

/// A host tells of two failures at once: neither of the two is in the other's place.
#[test]
fn what_has_failed_with_it_is_no_alternative() {
    check(
        1,
        &[POOL, POOL, POOL, (0, Kind::Pool, &[&[2, 1]])],
        &[GroupOnline(0), SlowHost(2), Fail(2), Fail(1), Reconnect],
    );
}

/// It comes back, is lost with the service, and has to be stopped or brought back a second time by the same operation.
#[test]
fn a_step_that_is_taken_again_after_a_crash_is_another_order() {
    check(
        1,
        &[POOL, (0, Kind::Pool, &[&[0]])],
        &[
            Behave(0, Entry::Offline, Reaction::Hang),
            Online(1),
            Offline(0, 0),
            Cancel(0),
            Behave(0, Entry::Online, Reaction::Fail),
            CrashAfter(10),
            Pass(294_136),
        ],
    );
    check(
        1,
        &[POOL, LIBRARY, POOL, (0, Kind::Pool, &[&[1], &[0, 2]])],
        &[
            Online(3),
            Behave(0, Entry::Offline, Reaction::Hang),
            GroupOffline(0),
            Cancel(3),
            StopService,
            Fail(1),
            StartService,
            KillService,
        ],
    );
}

/// It waits for its turn to stop and is being stopped hard already, since no host would take it. Nobody may say then that
/// it is online as before.
#[test]
fn a_veto_brings_nothing_back_that_is_being_stopped_hard() {
    check(
        1,
        &[POOL, (0, Kind::Own, &[&[0]])],
        &[
            Behave(1, Entry::Offline, Reaction::Veto),
            SlowGuard,
            Online(1),
            HostsStart(false),
            KillPool,
            Pass(11_780),
            Restart(0),
        ],
    );
    check(
        1,
        &[POOL, POOL, (0, Kind::Pool, &[&[0]])],
        &[
            GroupOnline(0),
            SlowGuard,
            Behave(0, Entry::Open, Reaction::Fail),
            Behave(1, Entry::Offline, Reaction::Veto),
            KillServiceAndPool,
            GroupOffline(0),
        ],
    );
}

/// Cancelled while a host still opens what was to stop: what becomes of the Open is somebody's.
#[test]
fn an_open_that_outlives_the_operation_behind_it_counts() {
    check(
        1,
        &[POOL, (0, Kind::Pool, &[&[0]]), (0, Kind::Pool, &[&[0]])],
        &[
            GroupOnline(0),
            Behave(0, Entry::Open, Reaction::Hang),
            KillServiceAndPool,
            Behave(1, Entry::Offline, Reaction::Hang),
            Offline(0, 0),
            KillService,
            Cancel(1),
        ],
    );
}

/// A call that comes right behind a vetoed one, and behind another: its word comes last in the database too.
#[test]
fn a_word_waits_for_a_veto_that_is_held_up() {
    check(
        1,
        &[POOL, LIBRARY, LIBRARY],
        &[
            Create(0),
            GroupOnline(0),
            Behave(3, Entry::Offline, Reaction::Veto),
            Commits(CommitMode::Hold),
            Offline(3, 0),
            Offline(3, 7),
            Offline(3, 3),
            Resolve,
        ],
    );
}

/// A resource that has failed may come up in place of what a host had that is gone.
#[test]
fn an_alternative_that_had_failed_comes_up_for_what_a_host_had() {
    let policy = Restarts {
        action: 2,
        threshold: 0,
        period_ms: 60_000,
        delay_ms: 20_000,
        retry_ms: 294_840,
        embedded: 2,
    };
    check(
        1,
        &[POOL, POOL, LIBRARY, POOL, (0, Kind::Library, &[&[2, 3]])],
        &[
            Policy(2, policy),
            Behave(3, Entry::Online, Reaction::Hang),
            Online(4),
            CrashAfter(0),
            Fail(2),
            KillPool,
        ],
    );
}

/// A restart that fails in the moment in which it begins comes a RestartDelay after the failure before.
#[test]
fn a_restart_that_fails_at_once_was_not_too_early() {
    check_in_order(
        GroupOrder::Groups,
        1,
        &[LIBRARY, POOL, (0, Kind::Pool, &[&[0, 1]])],
        &[
            Behave(2, Entry::Open, Reaction::Fail),
            Offline(0, 0),
            StartPolicy(0, 3_000, 2, 12),
            Reboot,
            DeadGuard(true),
            Online(2),
            HostsStart(false),
            KillService,
            KillPool,
            Pass(201_726),
            Online(0),
        ],
    );
}

/// A start that waited for other groups in vain: who counted on what it would have brought up looks again.
#[test]
fn a_start_that_is_given_up_is_waited_for_no_longer() {
    check_in_order(
        GroupOrder::Groups,
        2,
        &[POOL, (1, Kind::Own, &[]), (1, Kind::Pool, &[&[1]])],
        &[GroupOnline(1), FailCall(2)],
    );
}

/// A maintenance whose call waits until faults have ceased ends all the same, and what it kept from being restarted is.
#[test]
fn a_maintenance_that_begins_late_ends() {
    check(
        1,
        &[POOL, LIBRARY, POOL, (0, Kind::Library, &[&[0, 1, 2]])],
        &[
            Commits(CommitMode::UnknownFailed),
            Reboot,
            Restart(1),
            Rename(3, 2),
            Rename(2, 4),
            FailCall(0),
            Maintain(0, true),
            Online(0),
            Maintain(1, false),
        ],
    );
}

/// Two calls on one resource are cancelled, the first of which had failed to bring it up and was still at another one:
/// neither word stays.
#[test]
fn of_two_that_are_cancelled_no_word_stays() {
    check_in_order(
        GroupOrder::Global(0, 28),
        1,
        &[
            POOL,
            POOL,
            LIBRARY,
            POOL,
            POOL,
            (0, Kind::Pool, &[&[3], &[0, 4, 1]]),
            (0, Kind::Pool, &[&[1], &[5]]),
        ],
        &[
            Online(3),
            HostsStart(false),
            Deadlock(0),
            Online(1),
            Pass(86_480),
            Online(6),
            Pass(5_877),
            Online(6),
            Cancel(2),
            Cancel(6),
        ],
    );
}

/// A restart that waits for its group's turn when the walk ends has the time that GroupDependencyTimeout gives it.
#[test]
fn a_restart_waits_for_its_groups_turn_until_its_time_is_over() {
    let restarts =
        Restarts { action: 2, threshold: 0, period_ms: 60_000, delay_ms: 0, retry_ms: 96_547, embedded: 2 };
    check_in_order(
        GroupOrder::Global(1, 56),
        2,
        &[
            (1, Kind::Pool, &[]),
            LIBRARY,
            (1, Kind::Own, &[]),
            LIBRARY,
            (0, Kind::Pool, &[&[3, 1]]),
            LIBRARY,
            (1, Kind::Library, &[]),
            (1, Kind::Pool, &[&[6]]),
        ],
        &[
            Reboot,
            Online(7),
            Online(4),
            HostsStart(false),
            KillPool,
            Online(0),
            LoseOwn(1),
            Policy(5, restarts),
            GroupOnline(0),
            Pass(335_608),
            Offline(6, 0),
            Pass(140_773),
        ],
    );
}

/// A plan says how everything stands when nothing more follows at once.
#[test]
fn a_plan_goes_on_while_no_time_passes() {
    let restarts = |threshold, period_ms, retry_ms| Restarts {
        action: 2,
        threshold,
        period_ms,
        delay_ms: 0,
        retry_ms,
        embedded: 2,
    };
    check(1, &[POOL], &[Policy(0, restarts(2, 2_000, 572_715)), GroupOnline(0), FailCall(0)]);
    check(
        1,
        &[POOL, POOL],
        &[Policy(1, restarts(1, 60_000, 448_295)), Maintain(1, true), Online(1), Fail(1)],
    );
}

/// An order whose operation has ended is broken off by the one that has taken over, under the earlier name.
#[test]
fn what_an_ended_operation_has_begun_is_broken_off_after_a_crash() {
    check(
        1,
        &[
            POOL,
            POOL,
            (0, Kind::Pool, &[&[1]]),
            (0, Kind::Library, &[&[0]]),
            (0, Kind::Pool, &[&[3]]),
            (0, Kind::Own, &[&[4]]),
        ],
        &[
            Online(2),
            HostsStart(false),
            Behave(3, Entry::Online, Reaction::Hang),
            Online(0),
            KillPool,
            GroupOnline(0),
            CrashAfter(18),
            Online(0),
            KillProcesses(0),
            GroupOnline(0),
            Offline(3, 2),
        ],
    );
}

/// An alternative whose type has lied about its stop is down as far as anybody knows: it comes in place of what failed.
#[test]
fn what_only_seems_to_be_down_comes_in_place_of_another() {
    check(
        2,
        &[(1, Kind::Own, &[]), (1, Kind::Pool, &[]), (1, Kind::Own, &[&[0, 1]])],
        &[
            Behave(1, Entry::Terminate, Reaction::Pretend),
            Behave(1, Entry::Online, Reaction::Veto),
            GroupOnline(1),
            Behave(0, Entry::Online, Reaction::Hang),
            FailCall(0),
            Restart(2),
            Offline(1, 6),
            KillOwn(0),
        ],
    );
}

/// A group's call that has waited overrides a word that came after it; what it has brought up stays when it is cancelled,
/// and the word does not come back.
#[test]
fn a_call_that_has_waited_is_later_than_one_that_came_after_it() {
    check(
        1,
        &[POOL, OWN, POOL, POOL, LIBRARY, (0, Kind::Own, &[&[4]])],
        &[
            GroupOnline(0),
            Behave(0, Entry::Terminate, Reaction::Hang),
            Fail(0),
            GroupOnline(0),
            Pass(1_954),
            Behave(0, Entry::Open, Reaction::Hang),
            Offline(4, 0),
            Pass(29_077),
            Cancel(5),
        ],
    );
}

/// A group whose start is held waits again when what it waited for has come and gone: watchers are told.
#[test]
fn a_wait_that_begins_again_is_told() {
    check_in_order(
        GroupOrder::Global(0, 9),
        2,
        &[OWN, (1, Kind::Own, &[]), (1, Kind::Library, &[]), (1, Kind::Pool, &[]), (1, Kind::Pool, &[])],
        &[
            Online(4),
            Offline(4, 6),
            LoseOwn(3),
            GroupOffline(1),
            Behave(0, Entry::Open, Reaction::Hang),
            Online(0),
            KillOwn(0),
        ],
    );
}

/// An alternative that has died unseen serves until that is seen: another one may be stopped before it.
#[test]
fn what_has_died_unseen_serves_until_it_is_seen() {
    check_in_order(
        GroupOrder::Global(1, 7),
        1,
        &[OWN, POOL, POOL, (0, Kind::Library, &[&[1, 2, 0]])],
        &[
            Offline(4, 0),
            Offline(5, 0),
            Offline(6, 0),
            Offline(0, 0),
            GroupOnline(0),
            KillProcesses(2),
            FailInside(1),
            FailInside(2),
            Pass(1_097),
        ],
    );
}

/// What is restarted for a failure inside of it in the same moment is nothing that another group may start after.
#[test]
fn a_group_does_not_start_after_one_that_is_about_to_be_restarted() {
    check_in_order(
        GroupOrder::Sets(1, 36),
        2,
        &[POOL, OWN, POOL, (1, Kind::Pool, &[]), (0, Kind::Pool, &[&[0]])],
        &[
            Behave(4, Entry::Online, Reaction::Hang),
            GroupOnline(0),
            GroupOnline(1),
            KillPool,
            Commits(CommitMode::Fail),
            KillService,
            FailInside(0),
        ],
    );
}

/// What went up and has failed since, while nobody heard its host, is nothing that a dependent may start upon.
#[test]
fn what_has_failed_since_it_came_up_is_online_for_nobody() {
    check(
        1,
        &[POOL, (0, Kind::Pool, &[&[0]]), (0, Kind::Pool, &[&[1]])],
        &[SlowHost(0), GroupOnline(0), Fail(0), Reconnect, Fail(1), Reconnect],
    );
}

/// How long a hard stop takes no plan knows.
#[test]
fn a_plan_with_a_hard_stop_is_right_in_any_order() {
    check_in_order(
        GroupOrder::Groups,
        1,
        &[
            LIBRARY,
            POOL,
            POOL,
            (0, Kind::Own, &[&[1, 2, 0]]),
            OWN,
            (0, Kind::Pool, &[&[3]]),
            (0, Kind::Own, &[&[0]]),
        ],
        &[CrashAfter(23), GroupOnline(0), GroupOffline(0)],
    );
}

/// What is noted of a resource while its deletion is on its way into the database goes with it.
#[test]
fn what_is_kept_during_a_deletion_is_not_there_when_it_is_taken_back() {
    check(
        1,
        &[POOL, POOL],
        &[
            Commits(CommitMode::UnknownDone),
            Delete(0),
            Commits(CommitMode::Done),
            Keep(0, true),
            KillService,
            Undo(0),
        ],
    );
}
