//! Walks that once broke an invariant, as short as they could be made: what they came upon must not come back.

use crate::testing::CommitMode;
use crate::testing::Reaction::{Done, Fail as Fails, Hang, Pretend, Veto};
use crate::testing::walk::Entry::{
    Offline as AtOffline, Online as AtOnline, Open as AtOpen, Terminate as AtTerminate,
};
use crate::testing::walk::Kind::{self, Library, Own, Pool};
use crate::testing::walk::Step::{self, *};
use crate::testing::walk::{Layout, Plan, Planned, Walk};

/// One group; each resource by its kind and what it needs, of each of these one.
fn check(resources: &[(Kind, &[&[usize]])], steps: &[Step]) {
    let planned = |(kind, needs): &(Kind, &[&[usize]])| Planned {
        group: 0,
        kind: *kind,
        needs: needs.iter().map(|need| need.to_vec()).collect(),
    };
    let layout = Layout { groups: 1, resources: resources.iter().map(planned).collect() };
    Plan { layout, steps: steps.to_vec() }.run(&mut Walk::new(false));
}

/// What an earlier host has left of one alternative waits for its new host; meanwhile the other one goes.
#[test]
fn a_clean_up_whose_turn_passes_while_it_waits_waits_for_the_next() {
    check(
        &[(Pool, &[]), (Library, &[]), (Pool, &[&[0, 1]])],
        &[
            Behave(2, AtOffline, Hang),
            GroupOnline(0),
            GroupOffline(0),
            HostsStart(false),
            SlowHost(0),
            EndOrder(2, Pretend),
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
        &[(Pool, &[]), (Library, &[&[0]]), (Library, &[&[1, 0]])],
        &[
            Behave(2, AtTerminate, Veto),
            Behave(1, AtOpen, Hang),
            Online(2),
            LoseOwn(1),
            Offline(1, 0),
            Pass(310_050),
            StopService,
            Fail(0),
            Fail(2),
            StartService,
            EndOrder(1, Done),
        ],
    );
}

/// It has lost one need, and hangs on its way down; an alternative of another need goes, and one more stays.
#[test]
fn only_the_last_alternative_waits_for_what_relies_on_it() {
    check(
        &[(Library, &[]), (Own, &[]), (Pool, &[]), (Library, &[&[2], &[0, 1]]), (Own, &[&[0]])],
        &[
            GroupOnline(0),
            Behave(3, AtOffline, Hang),
            Commits(CommitMode::UnknownFailed),
            Deadlock(0),
            Deadlock(2),
        ],
    );
}

/// It comes back, is lost with the service, and has to be stopped or brought back a second time by the same operation.
#[test]
fn a_step_that_is_taken_again_after_a_crash_is_another_order() {
    check(
        &[(Pool, &[]), (Pool, &[&[0]])],
        &[
            Behave(0, AtOffline, Hang),
            Online(1),
            Offline(0, 0),
            Cancel(0),
            Behave(0, AtOnline, Fails),
            CrashAfter(10),
            Pass(294_136),
        ],
    );
    check(
        &[(Pool, &[]), (Library, &[]), (Pool, &[]), (Pool, &[&[1], &[0, 2]])],
        &[
            Online(3),
            Behave(0, AtOffline, Hang),
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
        &[(Pool, &[]), (Own, &[&[0]])],
        &[
            Behave(1, AtOffline, Veto),
            SlowGuard,
            Online(1),
            HostsStart(false),
            KillPool,
            Pass(11_780),
            Restart(0),
        ],
    );
    check(
        &[(Pool, &[]), (Pool, &[]), (Pool, &[&[0]])],
        &[
            GroupOnline(0),
            SlowGuard,
            Behave(0, AtOpen, Fails),
            Behave(1, AtOffline, Veto),
            KillServiceAndPool,
            GroupOffline(0),
        ],
    );
}

/// Cancelled while a host still opens what was to stop: what becomes of the Open is somebody's.
#[test]
fn an_open_that_outlives_the_operation_behind_it_counts() {
    check(
        &[(Pool, &[]), (Pool, &[&[0]]), (Pool, &[&[0]])],
        &[
            GroupOnline(0),
            Behave(0, AtOpen, Hang),
            KillServiceAndPool,
            Behave(1, AtOffline, Hang),
            Offline(0, 0),
            KillService,
            Cancel(1),
        ],
    );
}
