//! DeadlockTimeout: a type that never returns from a call costs its own host, and nobody else anything (I9).

use std::time::{Duration, Instant};

use mainstay_process::Process;
use mainstay_tests::{HANG, TestCluster, kill};
use mainstay_types::operation::{End, OperationRecord, Verb};
use mainstay_types::{OfflineFlags, ResourceState, Status};

/// The shortest that a resource can have.
const DEADLOCK_TIMEOUT_MS: &str = "1000";
const DEADLOCK_TIMEOUT: Duration = Duration::from_millis(1000);

/// One resource whose type hangs, beside three that are none of its business: one of the same type in a host of its own,
/// and applications of the pool host in the same group and in another.
struct Hanging {
    cluster: TestCluster,
    others: Vec<(&'static str, Vec<i32>)>,
    hosts: [Process; 2],
    began: Instant,
}

const OTHERS: [&str; 3] = ["other", "near", "far"];

impl Hanging {
    /// A resource, online or offline, that will hang in this entry point.
    fn or_skip(place: &str, online: bool) -> Option<Self> {
        let cluster = TestCluster::with_demo_type_or_skip()?;
        let other = cluster.file("other-active");
        cluster.resource("g", "other", "dummy", &[("ActiveFile", other.to_str().unwrap())]);
        cluster.application("g", "near", "sleep 1000");
        cluster.application("h", "far", "sleep 1001");
        for name in OTHERS {
            assert_eq!(cluster.carry_out(Verb::Online, name).end, Some(End::Done));
        }
        let active = cluster.file("active");
        cluster.resource("g", "d", "dummy", &[("ActiveFile", active.to_str().unwrap())]);
        // Silence ends nothing here; only the call that does not return does.
        cluster.set_common("d", &[("DeadlockTimeout", DEADLOCK_TIMEOUT_MS), ("PendingTimeout", "600000")]);
        cluster.stay_failed("d");
        if place.ends_with("Alive") {
            // Asked once a second, or hardly ever.
            let (often, seldom) = ("1000", "3600000");
            let (looks, is) = if place == "LooksAlive" { (often, seldom) } else { (seldom, often) };
            cluster.set_common("d", &[("LooksAlivePollInterval", looks), ("IsAlivePollInterval", is)]);
        }
        // Online once, so that its host is there.
        assert_eq!(cluster.carry_out(Verb::Online, "d").end, Some(End::Done));
        if !online {
            assert_eq!(cluster.carry_out(Verb::Offline, "d").end, Some(End::Done));
        }
        cluster.mainstay(&["resource", "set", "d", &format!("HangIn={place}")]);
        let others = OTHERS.map(|name| (name, cluster.processes(name))).into();
        let hosts = [cluster.pool_host(), cluster.own_host("other")];
        Some(Hanging { cluster, others, hosts, began: Instant::now() })
    }

    /// An operation that ends by the timeout: the host was killed. What it left is another host's to take down.
    fn ends_by_deadlock(&self, verb: Verb, flags: u32, host: &Process) -> OperationRecord {
        let accepted = self.cluster.submit_with(verb, "d", flags, &[]);
        assert_eq!(accepted.status, Status::IO_PENDING, "{}", accepted.text);
        let record = self.cluster.wait_for(accepted.operation.unwrap());
        assert!(self.began.elapsed() >= DEADLOCK_TIMEOUT, "{:?}", record.end);
        self.check_replaced(host);
        record
    }

    /// Nothing of the resource is left, and that is known.
    #[track_caller]
    fn check_proven(&self) {
        assert!(!self.cluster.glance("d").unproven);
        assert!(!self.cluster.file("active").exists());
    }

    /// The host has ended, and nobody else has noticed anything.
    #[track_caller]
    fn check_replaced(&self, host: &Process) {
        assert!(host.wait_ended(Instant::now() + HANG).unwrap());
        for (name, processes) in &self.others {
            assert_eq!(self.cluster.state(name), ResourceState::Online, "{name}");
            assert_eq!(&self.cluster.processes(name), processes, "{name}");
            assert!(self.cluster.journal(name).iter().all(|record| record.verb != Verb::Recover), "{name}");
        }
        for host in &self.hosts {
            assert!(!host.has_ended().unwrap());
        }
        assert!(self.cluster.file("other-active").exists());
    }

    /// Once it behaves, it does everything again, in a host of its own that is another one.
    #[track_caller]
    fn check_usable_again(&self, before: &Process) {
        self.cluster.mainstay(&["resource", "set", "d", "HangIn="]);
        assert_eq!(self.cluster.carry_out(Verb::Online, "d").end, Some(End::Done));
        assert!(self.cluster.file("active").exists());
        assert_ne!(self.cluster.own_host("d").pid(), before.pid());
        assert_eq!(self.cluster.carry_out(Verb::Offline, "d").end, Some(End::Done));
        assert!(!self.cluster.file("active").exists());
    }
}

#[track_caller]
fn check_timed_out(record: &OperationRecord, call: &str) {
    let Some(End::Failed(cause)) = &record.end else { panic!("{:?}", record.end) };
    assert_eq!(cause.status, Status::RESOURCE_CALL_TIMED_OUT, "{cause}");
    assert!(cause.text.contains(call) && cause.text.contains("DeadlockTimeout"), "{cause}");
}

#[test]
fn an_online_that_never_returns_fails() {
    let Some(hanging) = Hanging::or_skip("Online", false) else { return };
    let host = hanging.cluster.own_host("d");
    let record = hanging.ends_by_deadlock(Verb::Online, 0, &host);
    check_timed_out(&record, "Online");
    assert_eq!(hanging.cluster.state("d"), ResourceState::Failed);
    hanging.check_proven();
    assert_eq!(hanging.cluster.carry_out(Verb::Offline, "d").end, Some(End::Done));
    hanging.check_usable_again(&host);
}

#[test]
fn an_offline_that_never_returns_fails() {
    let Some(hanging) = Hanging::or_skip("Offline", true) else { return };
    let host = hanging.cluster.own_host("d");
    let record = hanging.ends_by_deadlock(Verb::Offline, 0, &host);
    check_timed_out(&record, "Offline");
    assert_eq!(hanging.cluster.state("d"), ResourceState::Failed);
    hanging.check_proven();
    assert!(!hanging.cluster.glance("d").wanted, "what was acknowledged is kept");
    hanging.check_usable_again(&host);
}

#[test]
fn a_terminate_that_never_returns_is_not_said_to_have_ended_anything() {
    let Some(hanging) = Hanging::or_skip("Terminate", true) else { return };
    let host = hanging.cluster.own_host("d");
    let force = OfflineFlags::FORCE_WITH_TERMINATION.bits();
    let record = hanging.ends_by_deadlock(Verb::Offline, force, &host);
    // Two more hosts hang in it as well. The guard has ended every process; what else there is, only the type knows.
    check_timed_out(&record, "Terminate");
    assert!(hanging.cluster.state("d") == ResourceState::Failed && hanging.cluster.glance("d").unproven);
    hanging.cluster.mainstay(&["resource", "set", "d", "HangIn="]);
    assert_eq!(hanging.cluster.carry_out(Verb::Offline, "d").end, Some(End::Done));
    hanging.check_proven();
    hanging.check_usable_again(&host);
}

#[test]
fn a_health_check_that_never_returns_fails_the_resource() {
    for place in ["LooksAlive", "IsAlive"] {
        let Some(hanging) = Hanging::or_skip(place, true) else { return };
        let cluster = &hanging.cluster;
        let host = cluster.own_host("d");
        cluster.wait_for_state("d", ResourceState::Failed);
        hanging.check_replaced(&host);
        let glance = cluster.glance("d");
        let cause = glance.cause.unwrap();
        assert_eq!(cause.status, Status::RESOURCE_CALL_TIMED_OUT, "{cause}");
        assert!(cause.text.contains(place), "{cause}");
        assert!(glance.wanted, "nobody has asked for it to be offline");
        assert_eq!(cluster.carry_out(Verb::Offline, "d").end, Some(End::Done));
        hanging.check_proven();
        hanging.check_usable_again(&host);
    }
}

#[test]
fn a_control_code_that_never_returns_costs_the_host_and_not_the_resource() {
    let Some(hanging) = Hanging::or_skip("ResourceControl", true) else { return };
    let cluster = &hanging.cluster;
    let host = cluster.own_host("d");
    let next = cluster.next_host();
    // Who looks is shown what is stored.
    let shown = cluster.mainstay(&["resource", "show", "d"]);
    assert!(shown.contains("type of resource 'd' did not answer") && shown.contains("HangIn"), "{shown}");
    next.wait();
    hanging.check_replaced(&host);
    // The next host asks the type whether it can take the resource over, by a control code again.
    cluster.wait_for_state("d", ResourceState::Failed);
    let cause = cluster.glance("d").cause.unwrap();
    assert_eq!(cause.status, Status::RESOURCE_CALL_TIMED_OUT, "{cause}");
    hanging.check_replaced(&host);
}

#[test]
fn an_open_that_never_returns_fails_what_waits_for_it() {
    let Some(hanging) = Hanging::or_skip("Open", false) else { return };
    let cluster = &hanging.cluster;
    // It is open already; the next host opens it anew, and hangs.
    let host = cluster.own_host("d");
    kill(&host);
    let online = cluster.submit(Verb::Online, "d");
    assert_eq!(online.status, Status::IO_PENDING, "{}", online.text);
    let record = cluster.wait_for(online.operation.unwrap());
    check_timed_out(&record, "Open");
    assert_eq!(cluster.state("d"), ResourceState::Failed);
    hanging.check_replaced(&host);
    assert!(cluster.processes("d").is_empty());
}

#[test]
fn a_close_that_never_returns_does_not_keep_the_resource() {
    let Some(hanging) = Hanging::or_skip("Close", true) else { return };
    let cluster = &hanging.cluster;
    let host = cluster.own_host("d");
    assert_eq!(cluster.carry_out(Verb::Offline, "d").end, Some(End::Done));
    cluster.until_leaf_is_gone("d", || drop(cluster.mainstay(&["resource", "delete", "d"])));
    hanging.check_replaced(&host);
    assert!(cluster.glance_all().resources.iter().all(|resource| !resource.name.is("d")));
}
