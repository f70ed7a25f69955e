//! The machine's shutdown, and a guard that somebody else starts, as an init system does both.

use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use mainstay_tests::{HANG, TestCluster, kill, program, receive};
use mainstay_types::operation::Verb;
use mainstay_types::{OfflineFlags, OfflineReason, ResourceState};

#[test]
fn what_a_shutdown_stops_is_online_again_after_the_next_start() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    for (group, name) in [("g", "db"), ("g", "web"), ("h", "mail"), ("h", "old")] {
        cluster.application(group, name, "sleep 1000");
        cluster.carry_out(Verb::Online, name);
    }
    cluster.depend("web", "db");
    cluster.carry_out(Verb::Offline, "old");
    let before = cluster.glance_all();
    cluster.mainstay(&["group", "shut-down", "--all", "--reason", "power"]);
    for name in ["db", "web", "mail", "old"] {
        assert_eq!(cluster.state(name), ResourceState::Offline, "{name}");
        assert!(cluster.processes(name).is_empty(), "{name}");
    }
    let record = &cluster.journal("g")[0];
    assert_eq!((record.reason, record.reason_text.as_str()), (Some(OfflineReason::ShuttingDown), "power"));
    let wanted = |glance: &mainstay_types::glance::Glance| {
        glance.resources.iter().map(|found| (found.id, found.wanted)).collect::<Vec<_>>()
    };
    assert_eq!(wanted(&cluster.glance_all()), wanted(&before));
    cluster.stop_service();
    cluster.start_service();
    for name in ["db", "web", "mail"] {
        cluster.wait_for_state(name, ResourceState::Online);
    }
    assert_eq!(cluster.state("old"), ResourceState::Offline);
}

#[test]
fn a_shutdown_goes_on_when_the_service_has_died_over_it_and_then_says_what_is_true() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    // It takes its time to stop, and what it needs waits for it.
    let told = cluster.told("told");
    cluster.application("g", "db", "sleep 1000");
    let slow =
        format!("sh -c 'trap \"\" TERM; echo deaf > {}; while :; do sleep 1; done'", told.path().display());
    cluster.resource("g", "slow", "Generic Application", &[("CommandLine", &slow), ("StopTimeout", "3000")]);
    cluster.depend("slow", "db");
    cluster.carry_out(Verb::Online, "slow");
    assert_eq!(told.next(), "deaf");
    let command = Command::new(program("mainstay"))
        .args(["group", "shut-down", "g"])
        .env("MAINSTAY_SOCKET", cluster.socket())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    cluster.wait_for_state("slow", ResourceState::OfflinePending);
    cluster.kill_service();
    cluster.start_service();
    let output = command.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", output.status);
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("group 'g' is offline (operation "));
    // And it is so, until the next start.
    for name in ["db", "slow"] {
        assert_eq!(cluster.state(name), ResourceState::Offline, "{name}");
        assert!(cluster.processes(name).is_empty(), "{name}");
    }
    assert!(cluster.glance("slow").wanted, "nothing was written about it");
    cluster.stop_service();
    cluster.start_service();
    cluster.wait_for_state("slow", ResourceState::Online);
}

#[test]
fn a_guard_of_somebody_else_is_waited_for_and_never_started() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("g", "deaf", "sh -c 'trap \"\" TERM; while :; do sleep 1; done'");
    cluster.carry_out(Verb::Online, "deaf");
    let id = cluster.glance_all().cluster_id.to_string();
    cluster.stop_service();
    kill(&cluster.guard());

    let told = UnixDatagram::bind(cluster.file("told.sock")).unwrap();
    told.set_read_timeout(Some(HANG)).unwrap();
    let mut service = Command::new(program("mainstayd"));
    service.arg("--config").arg(cluster.write_config()).arg("--external-guard");
    let mut service = service.env("NOTIFY_SOCKET", cluster.file("told.sock")).spawn().unwrap();
    // It has a socket before it looks for the guard.
    let deadline = Instant::now() + HANG;
    while !cluster.socket().exists() {
        assert!(Instant::now() < deadline, "no socket");
        std::thread::yield_now();
    }
    // A guard says when it is in its place.
    let placed = UnixDatagram::bind(cluster.file("placed.sock")).unwrap();
    placed.set_read_timeout(Some(HANG)).unwrap();
    let start_guard = || {
        let mut command = Command::new(program("mainstay-guard"));
        command.arg("--run-dir").arg(cluster.run_dir()).arg("--cgroup-root").arg(cluster.cgroup_root());
        command.args(["--cluster", &id]).env("NOTIFY_SOCKET", cluster.file("placed.sock"));
        let guard = command.stdout(Stdio::null()).spawn().unwrap();
        assert!(receive(&placed).unwrap().starts_with("READY=1"));
        guard
    };
    let is_ours = |ours: &Child| u32::try_from(cluster.guard().pid()).unwrap() == ours.id();
    let mut first = start_guard();
    assert!(receive(&told).unwrap().starts_with("READY=1"));
    assert!(is_ours(&first), "the service has started one");

    // The same while it serves: a hard stop waits for the guard, whoever brings it.
    first.kill().unwrap();
    first.wait().unwrap();
    let force = OfflineFlags::FORCE_WITH_TERMINATION.bits();
    let forced = cluster.submit_with(Verb::Offline, "deaf", force, &[]);
    let mut second = start_guard();
    cluster.wait_for(forced.operation.unwrap());
    assert!(cluster.processes("deaf").is_empty());
    assert!(is_ours(&second), "the service has started one");
    for child in [&mut service, &mut second] {
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
