//! What hangs, and what dies in the middle: hosts of one resource, the pool host, the guard, the service.

use std::time::Duration;

use mainstay_client::OperationWait;
use mainstay_process::{Process, Signal};
use mainstay_tests::{TestCluster, kill, open_resource};
use mainstay_types::operation::{End, Verb};
use mainstay_types::{OfflineFlags, ResourceState, Status};

/// Ends only by SIGKILL; its StopTimeout is longer than any test.
fn stubborn(cluster: &TestCluster, name: &str) {
    let told = cluster.fifo(&format!("{name}-there"));
    let script = format!("trap '' TERM\necho there > {}\nwhile :; do sleep 1000; done\n", told.display());
    let path = cluster.file(&format!("{name}.sh"));
    std::fs::write(&path, script).unwrap();
    let command = format!("sh {}", path.display());
    cluster.resource(
        "g",
        name,
        "Generic Application",
        &[("CommandLine", &command), ("StopTimeout", "600000")],
    );
    cluster.carry_out(Verb::Online, name);
    assert_eq!(std::fs::read_to_string(told).unwrap(), "there\n");
}

/// An online resource of the demonstration type, with a neighbour in the same group.
struct Demo {
    cluster: TestCluster,
    neighbour: Vec<i32>,
}

impl Demo {
    fn or_skip(properties: &[(&str, &str)]) -> Option<Self> {
        let cluster = TestCluster::with_demo_type_or_skip()?;
        cluster.application("g", "neighbour", "sleep 1000");
        cluster.carry_out(Verb::Online, "neighbour");
        let active = cluster.file("active");
        let mut all = vec![("ActiveFile", active.to_str().unwrap())];
        all.extend_from_slice(properties);
        cluster.resource("g", "d", "dummy", &all);
        cluster.stay_failed("d");
        cluster.carry_out(Verb::Online, "d");
        let neighbour = cluster.processes("neighbour");
        Some(Demo { cluster, neighbour })
    }

    fn active(&self) -> bool {
        self.cluster.file("active").exists()
    }

    /// I9: what happens to one host is that host's alone.
    fn check_neighbour(&self) {
        assert_eq!(self.cluster.state("neighbour"), ResourceState::Online);
        assert_eq!(self.cluster.processes("neighbour"), self.neighbour);
    }
}

#[test]
fn a_pool_host_that_hangs_is_replaced_and_the_others_go_on() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    stubborn(&cluster, "a");
    cluster.application("g", "b", "sleep 1000");
    cluster.carry_out(Verb::Online, "b");
    for name in ["a", "b"] {
        cluster.set_common(name, &[("PendingTimeout", "300"), ("DeadlockTimeout", "1000")]);
    }
    let (host, before) = (cluster.pool_host(), cluster.processes("b"));
    let offline = cluster.submit(Verb::Offline, "a");
    assert_eq!(offline.status, Status::IO_PENDING, "{}", offline.text);
    let next = cluster.next_host();
    host.signal(Signal::STOP).unwrap();
    let record = cluster.wait_for(offline.operation.unwrap());
    let Some(End::Failed(cause)) = record.end else { panic!("{:?}", record.end) };
    assert_eq!(cause.status, Status::RESOURCE_CALL_TIMED_OUT, "{cause}");
    assert_eq!(cluster.state("a"), ResourceState::Failed);
    assert!(!cluster.glance("a").unproven, "the guard has emptied its leaf");
    assert!(cluster.processes("a").is_empty());
    // The host says nothing any more, so it is replaced; what it served runs on.
    next.wait();
    assert!(host.has_ended().unwrap());
    assert_eq!(cluster.processes("b"), before);
    assert_eq!(cluster.carry_out(Verb::Offline, "b").end, Some(End::Done));
    assert_eq!(cluster.carry_out(Verb::Online, "a").end, Some(End::Done));
}

#[test]
fn a_service_that_stood_still_goes_on() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    for name in ["a", "b"] {
        cluster.application("g", name, "sleep 1000");
        cluster.carry_out(Verb::Online, name);
    }
    let before = cluster.processes("a");
    let mut client = cluster.client();
    let (a, b) = (open_resource(&mut client, "a"), open_resource(&mut client, "b"));
    for _ in 0..3 {
        let service = cluster.service().process();
        service.signal(Signal::STOP).unwrap();
        // A call that arrives meanwhile waits for its answer.
        let calling = std::thread::scope(|scope| {
            let calling = scope.spawn(|| client.offline_resource(&b));
            service.signal(Signal::CONT).unwrap();
            calling.join().unwrap()
        });
        assert_eq!(calling.unwrap().status(), Status::IO_PENDING);
        cluster.wait_for_state("b", ResourceState::Offline);
        assert_eq!(client.resource_place(&a).unwrap().state, ResourceState::Online.number());
        assert_eq!(cluster.carry_out(Verb::Online, "b").end, Some(End::Done));
    }
    assert_eq!(cluster.processes("a"), before);
}

#[test]
fn an_own_host_that_dies_is_replaced_and_its_resource_taken_over() {
    let Some(demo) = Demo::or_skip(&[]) else { return };
    let cluster = &demo.cluster;
    let host = cluster.own_host("d");
    cluster.kill_host(&host);
    // The type can reattach.
    assert_eq!(cluster.carry_out(Verb::Offline, "d").end, Some(End::Done));
    assert!(!demo.active());
    assert_eq!(cluster.journal("d").iter().filter(|record| record.verb == Verb::Recover).count(), 1);
    demo.check_neighbour();
    assert_eq!(cluster.carry_out(Verb::Online, "d").end, Some(End::Done));
    assert_ne!(cluster.own_host("d").pid(), host.pid());
}

#[test]
fn an_own_host_that_dies_in_the_middle_of_offline_fails_its_resource_alone() {
    for how in [("HangIn", "Offline"), ("HangIn", "OfflineWork"), ("ReportForever", "Offline")] {
        let Some(demo) = Demo::or_skip(&[how, ("OfflineDelayMs", "600000")]) else { return };
        let cluster = &demo.cluster;
        let offline = cluster.submit(Verb::Offline, "d");
        assert_eq!(offline.status, Status::IO_PENDING, "{how:?}: {}", offline.text);
        kill(&cluster.own_host("d"));
        let record = cluster.wait_for(offline.operation.unwrap());
        assert!(matches!(record.end, Some(End::Failed(_))), "{how:?}: {:?}", record.end);
        assert_eq!(cluster.state("d"), ResourceState::Failed, "{how:?}");
        // Its type, in a new host, has taken down what the one that died had left.
        assert!(!cluster.glance("d").unproven, "{how:?}");
        assert!(!demo.active(), "{how:?}");
        demo.check_neighbour();
        assert_eq!(cluster.carry_out(Verb::Offline, "d").end, Some(End::Done), "{how:?}");
    }
}

#[test]
fn an_own_host_that_hangs_ends_by_its_limits_alone() {
    let Some(demo) = Demo::or_skip(&[]) else { return };
    let cluster = &demo.cluster;
    cluster.set_common("d", &[("PendingTimeout", "300"), ("DeadlockTimeout", "1000")]);
    let host = cluster.own_host("d");
    let offline = {
        host.signal(Signal::STOP).unwrap();
        cluster.submit(Verb::Offline, "d")
    };
    // Without instructions a check that is not answered does not refuse the call.
    assert_eq!(offline.status, Status::IO_PENDING, "{}", offline.text);
    let record = cluster.wait_for(offline.operation.unwrap());
    assert!(matches!(record.end, Some(End::Failed(_))), "{:?}", record.end);
    assert!(host.has_ended().unwrap());
    assert!(!demo.active() && !cluster.glance("d").unproven, "a new host has asked its type");
    demo.check_neighbour();
    assert_eq!(cluster.carry_out(Verb::Online, "d").end, Some(End::Done));
}

#[test]
fn a_check_with_instructions_that_is_not_answered_refuses_the_call() {
    let Some(demo) = Demo::or_skip(&[]) else { return };
    let cluster = &demo.cluster;
    let host = cluster.own_host("d");
    let before = cluster.snapshot();
    let save = mainstay_proplist::PropertyList::new().with("dummy", 1_u32).to_bytes().unwrap();
    host.signal(Signal::STOP).unwrap();
    let refused = cluster.submit_with(Verb::Offline, "d", 0, &save);
    assert_eq!(refused.status, Status::RESOURCE_CALL_TIMED_OUT, "{}", refused.text);
    host.signal(Signal::CONT).unwrap();
    mainstay_tests::assert_same(&before, &cluster.snapshot(), "a refused call changes nothing");
    assert!(demo.active());
    assert_eq!(cluster.carry_out(Verb::Offline, "d").end, Some(End::Done));
    demo.check_neighbour();
}

#[test]
fn an_own_host_and_the_service_die_together() {
    let Some(mut demo) = Demo::or_skip(&[]) else { return };
    let host = demo.cluster.own_host("d");
    demo.cluster.kill_service();
    kill(&host);
    demo.cluster.start_service();
    demo.cluster.wait_for_state("d", ResourceState::Online);
    assert!(demo.active());
    demo.check_neighbour();
    assert_eq!(demo.cluster.carry_out(Verb::Offline, "d").end, Some(End::Done));
    assert!(!demo.active());
}

#[test]
fn an_own_host_and_the_service_die_in_the_middle_of_offline() {
    let Some(mut demo) = Demo::or_skip(&[("HangIn", "Offline")]) else { return };
    let host = demo.cluster.own_host("d");
    let offline = demo.cluster.submit(Verb::Offline, "d");
    assert_eq!(offline.status, Status::IO_PENDING, "{}", offline.text);
    demo.cluster.kill_service();
    kill(&host);
    demo.cluster.start_service();
    let record = demo.cluster.wait_for(offline.operation.unwrap());
    // I4: it has ended, one way or the other, and says what is true.
    let state = demo.cluster.state("d");
    match record.end {
        Some(End::Done) => assert_eq!(state, ResourceState::Offline),
        Some(End::Failed(_)) => assert_eq!(state, ResourceState::Failed),
        other => panic!("{other:?}"),
    }
    assert!(!demo.active());
    assert!(!demo.cluster.glance("d").wanted, "what was acknowledged is kept");
    demo.check_neighbour();
}

#[test]
fn a_resource_whose_host_died_unseen_is_not_said_to_be_offline() {
    let Some(mut demo) = Demo::or_skip(&[]) else { return };
    // Nobody wants it online, so nothing opens it anew for its own sake.
    let keep = OfflineFlags::DO_NOT_UPDATE_PERSISTENT_STATE.bits();
    assert_eq!(demo.cluster.carry_out(Verb::Offline, "d").end, Some(End::Done));
    let online = demo.cluster.submit_with(Verb::Online, "d", keep >> 1, &[]);
    demo.cluster.wait_for(online.operation.unwrap());
    assert!(demo.active() && !demo.cluster.glance("d").wanted);
    let host = demo.cluster.own_host("d");
    demo.cluster.kill_service();
    kill(&host);
    // Not one process is left of it; its file is.
    assert!(demo.active());
    demo.cluster.start_service();
    demo.cluster.wait_for_state("d", ResourceState::Offline);
    assert!(!demo.active(), "its type was asked");
    demo.check_neighbour();
}

#[test]
fn an_administrator_who_has_looked_ends_a_doubt() {
    let Some(demo) = Demo::or_skip(&[("HangIn", "Terminate")]) else { return };
    let cluster = &demo.cluster;
    cluster.set_common("d", &[("PendingTimeout", "100")]);
    let (code, _, message) = cluster.mainstay_code(&["resource", "confirm-stopped", "d"]);
    assert!(code == 1 && message.contains("5023") && message.contains("not in doubt"), "{code}: {message}");
    let force = OfflineFlags::FORCE_WITH_TERMINATION.bits();
    let forced = cluster.submit_with(Verb::Offline, "d", force, &[]);
    let record = cluster.wait_for(forced.operation.unwrap());
    assert!(matches!(record.end, Some(End::Failed(_))), "{:?}", record.end);
    assert!(cluster.glance("d").unproven && cluster.glance("d").confirmable);
    let (code, _, message) = cluster.mainstay_code(&["operation", "wait", &record.id.to_string()]);
    assert_eq!(code, 4, "{message}");
    for word in ["look whether", "mainstay resource confirm-stopped d", "mainstay operation show"] {
        assert!(message.contains(word), "{message}");
    }
    let (code, _, message) = cluster.mainstay_code(&["resource", "delete", "d"]);
    assert!(code == 1 && message.contains("confirm"), "{code}: {message}");
    let _ = std::fs::remove_file(cluster.file("active"));
    // A try of the service's own may be under way; it says so, and ends.
    let word = || cluster.mainstay_code(&["resource", "confirm-stopped", "d", "--reason", "looked myself"]);
    let deadline = std::time::Instant::now() + mainstay_tests::HANG;
    while let (1, _, message) = word() {
        assert!(message.contains("cleaned up just now"), "{message}");
        assert!(std::time::Instant::now() < deadline);
        for operation in cluster.client().operations(None, Some(10)).unwrap() {
            cluster.wait_for(operation.id);
        }
    }
    assert!(cluster.state("d") == ResourceState::Offline && !cluster.glance("d").unproven);
    assert!(cluster.journal("d").iter().any(|record| record.reason_text == "looked myself"));
    cluster.mainstay(&["resource", "delete", "d"]);
    demo.check_neighbour();
}

#[test]
fn an_own_host_and_the_guard_die_together() {
    let Some(demo) = Demo::or_skip(&[]) else { return };
    let cluster = &demo.cluster;
    let (host, guard) = (cluster.own_host("d"), cluster.guard());
    kill(&guard);
    cluster.kill_host(&host);
    assert_eq!(cluster.carry_out(Verb::Offline, "d").end, Some(End::Done));
    assert!(!demo.active());
    assert_ne!(cluster.guard().pid(), guard.pid());
    demo.check_neighbour();
}

#[test]
fn a_forced_stop_waits_for_a_guard_that_stands_still() {
    // Only the guard can end this one: neither Offline nor Terminate comes back.
    let Some(demo) = Demo::or_skip(&[("HangIn", "Terminate")]) else { return };
    let cluster = &demo.cluster;
    cluster.set_common("d", &[("PendingTimeout", "100")]);
    let running: Vec<Process> =
        cluster.processes("d").into_iter().map(|pid| Process::open(pid).unwrap()).collect();
    assert!(!running.is_empty());
    let guard = cluster.guard();
    guard.signal(Signal::STOP).unwrap();
    let force = OfflineFlags::FORCE_WITH_TERMINATION.bits();
    let forced = cluster.submit_with(Verb::Offline, "d", force, &[]);
    assert_eq!(forced.status, Status::IO_PENDING, "{}", forced.text);
    let operation = forced.operation.unwrap();
    // As long as the guard stands still, nothing can have ended, and nothing is said to have.
    let waited = cluster.client().wait_operation(operation, Duration::from_millis(1_500)).unwrap();
    assert!(matches!(waited, OperationWait::Running(_)), "{waited:?}");
    assert_eq!(cluster.state("d"), ResourceState::OfflinePending);
    demo.check_neighbour();
    guard.signal(Signal::CONT).unwrap();
    let record = cluster.wait_for(operation);
    // Its type cannot be made to take down what it may have left: that is said, and tried again.
    assert!(matches!(record.end, Some(End::Failed(_))), "{:?}", record.end);
    assert!(cluster.state("d") == ResourceState::Failed && cluster.glance("d").unproven);
    let refused = cluster.submit(Verb::Online, "d");
    assert_eq!(refused.status, Status::INVALID_STATE, "{}", refused.text);
    cluster.mainstay(&["resource", "set", "d", "HangIn="]);
    assert_eq!(cluster.carry_out(Verb::Offline, "d").end, Some(End::Done));
    assert!(cluster.state("d") == ResourceState::Offline && !demo.active());
    for process in &running {
        assert!(process.has_ended().unwrap(), "process {} still runs", process.pid());
    }
    assert_eq!(cluster.guard().pid(), guard.pid(), "it was slow, not dead");
    demo.check_neighbour();
}

#[test]
fn a_type_that_hangs_in_a_question_is_told_of_and_its_host_replaced() {
    let Some(demo) = Demo::or_skip(&[]) else { return };
    let cluster = &demo.cluster;
    // From now on its type hangs when it is asked.
    cluster.mainstay(&["resource", "set", "d", "HangIn=ResourceControl"]);
    let shown = cluster.mainstay(&["resource", "show", "d"]);
    assert!(shown.contains("did not answer") && shown.contains("ActiveFile"), "{shown}");

    let host = cluster.own_host("d");
    let next = cluster.next_host();
    cluster.set_common("d", &[("DeadlockTimeout", "1000")]);
    let (code, _, message) = cluster.mainstay_code(&["resource", "set", "d", "VetoOffline=1"]);
    assert_eq!(code, 1, "{message}");
    assert!(message.contains("5910") && message.contains("resource 'd'"), "{message}");
    next.wait();
    assert!(host.has_ended().unwrap());
    // The next host asks the type for what the last one has left, and that hangs as well.
    cluster.wait_for_state("d", ResourceState::Failed);
    demo.check_neighbour();

    // What does not run can be corrected.
    assert_eq!(cluster.carry_out(Verb::Offline, "d").end, Some(End::Done));
    let (code, _, note) = cluster.mainstay_code(&["resource", "set", "d", "HangIn="]);
    assert!(code == 0 && note.contains("5024"), "{note}");
    assert_eq!(cluster.carry_out(Verb::Online, "d").end, Some(End::Done));
    let shown = cluster.mainstay(&["resource", "show", "d"]);
    assert!(!shown.contains("did not answer"), "{shown}");
    demo.check_neighbour();
}

#[test]
fn an_offline_call_just_after_a_hosts_death_is_carried_out() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    for name in ["a", "b"] {
        cluster.application("g", name, "sleep 1000");
        cluster.carry_out(Verb::Online, name);
    }
    // A host that ends more often in a row is given up.
    for round in 0..4 {
        kill(&cluster.pool_host());
        // Before the service can have seen it, or just then.
        assert_eq!(cluster.carry_out(Verb::Offline, "a").end, Some(End::Done), "round {round}");
        assert_eq!(cluster.carry_out(Verb::Online, "a").end, Some(End::Done), "round {round}");
        cluster.wait_for_state("b", ResourceState::Online);
    }
}
