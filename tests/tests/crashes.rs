//! Killing the service, hosts and guard, with resources running and operations in flight (invariants I3 to I5, I8, I9).

use std::collections::BTreeMap;

use mainstay_client::CallError;
use mainstay_tests::{Dice, TestCluster, kill};
use mainstay_types::operation::{End, Verb};
use mainstay_types::{OfflineFlags, OperationId, ResourceState, Status};

#[test]
fn a_service_that_is_killed_at_any_moment_loses_nothing_that_was_acknowledged() {
    const OPERATIONS: u32 = 200;
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    let names = ["a", "b", "c", "d"];
    for name in names {
        cluster.application("g", name, "sleep 1000");
    }
    let mut dice = Dice::new(0x5EED_0001);
    let mut wanted: BTreeMap<&str, bool> = names.iter().map(|&name| (name, false)).collect();
    let mut done = 0;
    while done < OPERATIONS {
        // A handful of calls, some of them cut off by the crash.
        let burst = 1 + dice.roll(5);
        let mut accepted: Vec<(OperationId, &str)> = Vec::new();
        for _ in 0..burst {
            let name = names[dice.index(4)];
            let (verb, keep) =
                (if dice.roll(2) == 0 { Verb::Online } else { Verb::Offline }, dice.roll(4) == 0);
            let flags = match (verb, keep) {
                (Verb::Offline, true) => OfflineFlags::DO_NOT_UPDATE_PERSISTENT_STATE.bits(),
                (_, true) => 2,
                _ => 0,
            };
            let submitted = cluster.submit_with(verb, name, flags, &[]);
            done += 1;
            if submitted.status == Status::IO_PENDING || submitted.status.is_success() {
                if !keep {
                    wanted.insert(name, verb == Verb::Online);
                }
                accepted.extend(submitted.operation.map(|operation| (operation, name)));
            } else {
                assert_eq!(submitted.status, Status::INVALID_STATE, "{}", submitted.text);
            }
        }
        if dice.roll(2) == 0 {
            cluster.kill_service();
            cluster.start_service();
        }
        for (operation, name) in accepted {
            let record = cluster.wait_for(operation);
            let ended = matches!(record.end, Some(End::Done | End::Superseded(_)));
            assert!(ended, "operation {operation} on {name}: {:?}", record.end);
        }
        for (&name, &online) in &wanted {
            let glance = cluster.glance(name);
            assert_eq!(glance.wanted, online, "the persistent state of {name} is the last acknowledged one");
            let running = !cluster.processes(name).is_empty();
            match glance.state {
                ResourceState::Online => assert!(running, "{name} is online and nothing runs"),
                ResourceState::Offline => assert!(!running, "{name} is offline and something runs"),
                _ => {}
            }
        }
    }
}

#[test]
fn a_call_in_flight_when_the_service_dies_is_told_as_unknown_and_not_sent_twice() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("g", "app", "sleep 1000");
    cluster.carry_out(Verb::Online, "app");
    let mut client = cluster.client();
    let resource = mainstay_tests::open_resource(&mut client, "app");
    cluster.kill_service();
    let outcome = client.offline_resource(&resource);
    let Err(error) = outcome else { panic!("{outcome:?}") };
    assert!(
        matches!(error.status(), Status::RPC_S_SERVER_UNAVAILABLE | Status::RPC_S_CALL_FAILED),
        "{error}"
    );
    let _: &CallError = &error;
    cluster.start_service();
    cluster.wait_for_state("app", ResourceState::Online);
    // The same client and the same handle go on.
    assert_eq!(client.resource_place(&resource).unwrap().state, ResourceState::Online.number());
    assert_eq!(cluster.journal("app").iter().filter(|record| record.verb == Verb::Offline).count(), 0);
}

#[test]
fn the_pool_host_dies_and_healthy_work_goes_on() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    for name in ["a", "b"] {
        cluster.application("g", name, "sleep 1000");
        cluster.carry_out(Verb::Online, name);
    }
    cluster.stay_failed("b");
    let before = (cluster.processes("a"), cluster.processes("b"));
    let host = cluster.pool_host();
    cluster.kill_host(&host);
    assert_eq!(cluster.carry_out(Verb::Offline, "a").end, Some(End::Done));
    assert_eq!(cluster.state("b"), ResourceState::Online, "{:?}", cluster.glance("b").cause);
    assert!(cluster.processes("a").is_empty());
    assert_eq!(cluster.processes("b"), before.1);
    assert_ne!(cluster.pool_host().pid(), host.pid());
    // Adopted work is still watched.
    kill(&mainstay_process::Process::open(before.1[0]).unwrap());
    cluster.wait_for_state("b", ResourceState::Failed);
}

#[test]
fn the_guard_dies_and_nothing_stops() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("g", "app", "sleep 1000");
    cluster.carry_out(Verb::Online, "app");
    let before = cluster.processes("app");
    kill(&cluster.guard());
    assert_eq!(cluster.processes("app"), before);
    // A forced stop of something that does not listen needs the guard, so it waits for the new one.
    cluster.application("g", "stubborn", "sh -c 'trap \"\" TERM; while :; do sleep 1; done'");
    cluster.carry_out(Verb::Online, "stubborn");
    let force = OfflineFlags::FORCE_WITH_TERMINATION.bits();
    let forced = cluster.submit_with(Verb::Offline, "stubborn", force, &[]);
    cluster.wait_for(forced.operation.unwrap());
    assert!(cluster.processes("stubborn").is_empty());
    assert_eq!(cluster.state("app"), ResourceState::Online, "{:?}", cluster.glance("app").cause);
    assert_eq!(cluster.processes("app"), before);
}

#[test]
fn any_two_of_service_host_and_guard_die_together() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    for name in ["a", "b"] {
        cluster.application("g", name, "sleep 1000");
        cluster.carry_out(Verb::Online, name);
    }
    for round in 0..3 {
        let before = (cluster.processes("a"), cluster.processes("b"));
        let (host, guard) = (cluster.pool_host(), cluster.guard());
        match round {
            0 => {
                cluster.kill_service();
                kill(&host);
                cluster.start_service();
            }
            1 => {
                cluster.kill_service();
                kill(&guard);
                cluster.start_service();
            }
            _ => {
                kill(&guard);
                cluster.kill_host(&host);
            }
        }
        assert_eq!(cluster.carry_out(Verb::Offline, "a").end, Some(End::Done), "round {round}");
        cluster.wait_for_state("b", ResourceState::Online);
        assert_eq!(cluster.processes("b"), before.1, "round {round}");
        assert!(cluster.processes("a").is_empty());
        assert_eq!(cluster.carry_out(Verb::Online, "a").end, Some(End::Done), "round {round}");
    }
}

#[test]
fn a_process_that_dies_is_seen_and_its_status_kept() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("g", "app", "sleep 1000");
    cluster.stay_failed("app");
    cluster.carry_out(Verb::Online, "app");
    let pid = cluster.processes("app")[0];
    kill(&mainstay_process::Process::open(pid).unwrap());
    cluster.wait_for_state("app", ResourceState::Failed);
    let cause = cluster.glance("app").cause.unwrap();
    assert!(cause.text.contains("signal 9"), "{cause}");
    // A failed resource goes offline by request: at once, or when the look is over that nothing of it runs.
    assert_eq!(cluster.carry_out(Verb::Offline, "app").end, Some(End::Done));
    assert_eq!(cluster.state("app"), ResourceState::Offline);
}

#[test]
fn what_is_to_be_online_comes_back_after_everything_is_gone() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("g", "app", "sleep 1000");
    cluster.application("g", "other", "sleep 1000");
    cluster.carry_out(Verb::Online, "app");
    let (host, guard) = (cluster.pool_host(), cluster.guard());
    let pid = cluster.processes("app")[0];
    // As after a power cut: nothing runs any more.
    cluster.kill_service();
    kill(&host);
    kill(&guard);
    kill(&mainstay_process::Process::open(pid).unwrap());
    cluster.start_service();
    cluster.wait_for_state("app", ResourceState::Online);
    assert_eq!(cluster.state("other"), ResourceState::Offline);
    assert_eq!(cluster.processes("app").len(), 1);
}
