//! A resource type in a shared library, as a vendor makes one: built here by the system's C compiler.

use std::time::Instant;

use mainstay_client::{NotifyPort, Watch, Watched};
use mainstay_proplist::PropertyList;
use mainstay_tests::{HANG, TestCluster};
use mainstay_types::event::object_type;
use mainstay_types::operation::{End, OperationRecord, Verb};
use mainstay_types::status_information::ResourceStatusInformation;
use mainstay_types::{OfflineFlags, OfflineReason, ResourceState, Status};

/// CLUSTER_CHANGE_RESOURCE_COMMON_PROPERTY_V2: StatusInformation is one.
const COMMON_PROPERTY: i64 = 1;
/// CLUSTER_CHANGE_RESOURCE_STATE_V2.
const STATE: i64 = 4;

fn active(cluster: &TestCluster) -> bool {
    cluster.file("active").exists()
}

fn dummy(cluster: &TestCluster, name: &str, properties: &[(&str, &str)]) {
    let active = cluster.file("active");
    let mut all = vec![("ActiveFile", active.to_str().unwrap())];
    all.extend_from_slice(properties);
    cluster.resource("g", name, "dummy", &all);
}

#[test]
fn the_library_goes_online_and_offline() {
    let Some(cluster) = TestCluster::with_demo_type_or_skip() else { return };
    dummy(&cluster, "d", &[]);
    assert_eq!(cluster.carry_out(Verb::Online, "d").end, Some(End::Done));
    assert!(active(&cluster));
    assert_eq!(cluster.carry_out(Verb::Offline, "d").end, Some(End::Done));
    assert!(!active(&cluster));
}

#[test]
fn an_instruction_in_the_buffer_reaches_the_library() {
    let Some(cluster) = TestCluster::with_demo_type_or_skip() else { return };
    let saved = cluster.file("saved");
    dummy(&cluster, "d", &[("SavedFile", saved.to_str().unwrap())]);
    cluster.carry_out(Verb::Online, "d");

    let bad = PropertyList::new().with("dummy", 77_u32).to_bytes().unwrap();
    let refused = cluster.submit_with(Verb::Offline, "d", 0, &bad);
    assert_eq!(refused.status, Status::INVALID_PARAMETER, "{}", refused.text);
    assert_eq!(cluster.state("d"), ResourceState::Online);
    assert!(active(&cluster));

    let save = PropertyList::new().with("dummy", 1_u32).to_bytes().unwrap();
    let accepted = cluster.submit_with(Verb::Offline, "d", 0, &save);
    assert_eq!(accepted.status, Status::IO_PENDING, "{}", accepted.text);
    assert_eq!(cluster.wait_for(accepted.operation.unwrap()).end, Some(End::Done));
    assert!(saved.exists() && !active(&cluster));
}

#[test]
fn a_locked_resource_is_refused_unless_the_lock_is_ignored() {
    let Some(cluster) = TestCluster::with_demo_type_or_skip() else { return };
    dummy(&cluster, "d", &[("LockWhenOnline", "1")]);
    cluster.carry_out(Verb::Online, "d");
    let refused = cluster.submit(Verb::Offline, "d");
    assert_eq!(refused.status, Status::CLUSTER_RESOURCE_LOCKED_STATUS, "{}", refused.text);
    assert_eq!(cluster.state("d"), ResourceState::Online);
    let ignore = OfflineFlags::IGNORE_RESOURCE_STATUS.bits();
    let accepted = cluster.submit_with(Verb::Offline, "d", ignore, &[]);
    assert_eq!(cluster.wait_for(accepted.operation.unwrap()).end, Some(End::Done));
    assert!(!active(&cluster));
}

#[test]
fn a_veto_leaves_the_resource_online() {
    let Some(cluster) = TestCluster::with_demo_type_or_skip() else { return };
    dummy(&cluster, "d", &[("VetoOffline", "1")]);
    cluster.carry_out(Verb::Online, "d");
    let record = cluster.carry_out(Verb::Offline, "d");
    assert!(matches!(record.end, Some(End::Vetoed(_))), "{:?}", record.end);
    assert_eq!(cluster.state("d"), ResourceState::Online);
    assert!(cluster.glance("d").wanted, "the persistent state is the one before the call");
    assert!(active(&cluster));
}

#[test]
fn a_library_that_crashes_takes_nobody_with_it() {
    let Some(cluster) = TestCluster::with_demo_type_or_skip() else { return };
    cluster.application("g", "neighbour", "sleep 1000");
    cluster.carry_out(Verb::Online, "neighbour");
    let before = cluster.processes("neighbour");
    dummy(&cluster, "d", &[("CrashIn", "Offline")]);
    cluster.carry_out(Verb::Online, "d");
    let record = cluster.carry_out(Verb::Offline, "d");
    assert!(matches!(record.end, Some(End::Failed(_))), "{:?}", record.end);
    assert_eq!(cluster.state("d"), ResourceState::Failed);
    assert_eq!(cluster.state("neighbour"), ResourceState::Online);
    assert_eq!(cluster.processes("neighbour"), before);
}

#[test]
fn force_ends_a_library_that_hangs() {
    let Some(cluster) = TestCluster::with_demo_type_or_skip() else { return };
    dummy(&cluster, "d", &[("HangIn", "Offline")]);
    // Terminate waits for the call that hangs, at most so long; then the guard ends it.
    cluster.set_common("d", &[("PendingTimeout", "3000")]);
    cluster.carry_out(Verb::Online, "d");
    let hanging = cluster.submit(Verb::Offline, "d");
    assert_eq!(hanging.status, Status::IO_PENDING);
    let again = cluster.submit(Verb::Offline, "d");
    assert_eq!(again.status, Status::INVALID_STATE, "a second offline is never started: {}", again.text);
    let force = OfflineFlags::FORCE_WITH_TERMINATION.bits();
    let forced = cluster.submit_with(Verb::Offline, "d", force, &[]);
    assert_eq!(forced.status, Status::IO_PENDING, "{}", forced.text);
    cluster.wait_for(forced.operation.unwrap());
    assert!(!cluster.state("d").is_pending());
    let first = cluster.wait_for(hanging.operation.unwrap());
    assert!(matches!(first.end, Some(End::Superseded(_))), "{:?}", first.end);
}

/// Its host lives in its leaf, which can only go after it.
#[test]
fn a_deleted_resource_leaves_no_leaf() {
    let Some(cluster) = TestCluster::with_demo_type_or_skip() else { return };
    dummy(&cluster, "d", &[]);
    cluster.application("g", "app", "sleep 1000");
    for name in ["d", "app"] {
        cluster.carry_out(Verb::Online, name);
        cluster.carry_out(Verb::Offline, name);
        cluster.until_leaf_is_gone(name, || drop(cluster.mainstay(&["resource", "delete", name])));
    }
}

/// Waits until what runs in a resource is seen to have failed, or not any more.
fn wait_until_it_ails(cluster: &TestCluster, name: &str, port: &NotifyPort, ails: bool) {
    let deadline = Instant::now() + HANG;
    let bit = ResourceStatusInformation::EMBEDDED_FAILURE.bits();
    while (cluster.glance(name).status_information & bit != 0) != ails {
        port.next(Some(deadline), |_| ((), true)).unwrap();
    }
}

#[test]
fn what_fails_inside_is_restarted_or_only_shown() {
    let Some(cluster) = TestCluster::with_demo_type_or_skip() else { return };
    let inside = cluster.file("fail-inside");
    dummy(&cluster, "d", &[("FailInsideFile", inside.to_str().unwrap()), ("SayReady", "1")]);
    cluster.set_common("d", &[("LooksAlivePollInterval", "50"), ("EmbeddedFailureAction", "1")]);
    cluster.carry_out(Verb::Online, "d");
    let port = NotifyPort::open(cluster.socket()).unwrap();
    let (object_type, events) = (object_type::RESOURCE, COMMON_PROPERTY | STATE);
    port.watch(Watch { object: Watched::Cluster, object_type, events, key: 0 }).unwrap();
    let shown = cluster.mainstay(&["status"]);
    assert!(shown.contains("system alive, application ready"), "{shown}");

    // 1: it is shown, and the journal tells of it.
    std::fs::write(&inside, "").unwrap();
    wait_until_it_ails(&cluster, "d", &port, true);
    let shown = cluster.mainstay(&["status"]);
    assert!(shown.contains("failed inside, system alive") && shown.contains("a failure inside"), "{shown}");
    let shown = cluster.mainstay(&["group", "show", "g"]);
    assert!(shown.contains("failed inside, system alive, application ready"), "{shown}");
    assert_eq!(cluster.state("d"), ResourceState::Online);
    assert!(active(&cluster) && inside.exists());
    let told = |record: &OperationRecord| record.reason_text.contains("runs on as it is");
    assert_eq!(cluster.journal("d").iter().filter(|record| told(record)).count(), 1);

    // 2: it is restarted, which is the end of it.
    assert_eq!(cluster.carry_out(Verb::Restart, "d").end, Some(End::Done));
    assert!(!inside.exists());
    cluster.set_common("d", &[("EmbeddedFailureAction", "2"), ("RestartDelay", "0")]);
    wait_until_it_ails(&cluster, "d", &port, false);
    std::fs::write(&inside, "").unwrap();
    let deadline = Instant::now() + HANG;
    while inside.exists() {
        port.next(Some(deadline), |_| ((), true)).unwrap();
    }
    cluster.wait_for_state("d", ResourceState::Online);
    assert!(active(&cluster) && !inside.exists());
    let restarts = cluster.journal("d");
    let is_restart = |record: &&OperationRecord| record.reason_text.starts_with("restart 1 of 3");
    let restart = restarts.iter().find(is_restart).expect("a restart in the journal");
    assert!(restart.reason_text.contains("since it has failed inside"), "{}", restart.reason_text);
    assert_eq!(restart.reason, Some(OfflineReason::BeingRestarted));
}
