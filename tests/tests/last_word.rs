//! Who runs after which words, asked through the command: online against an earlier offline, restarts, the next start.

use mainstay_process::Process;
use mainstay_tests::{TestCluster, kill};
use mainstay_types::{ResourceState, Status};

/// `disk ◄─ db ◄─ web`.
fn chain() -> Option<TestCluster> {
    let cluster = TestCluster::start_or_skip()?;
    for name in ["disk", "db", "web"] {
        cluster.application("g", name, "sleep 1000");
    }
    cluster.depend("db", "disk");
    cluster.depend("web", "db");
    Some(cluster)
}

#[track_caller]
fn assert_all(cluster: &TestCluster, state: ResourceState) {
    for name in ["disk", "db", "web"] {
        assert_eq!(cluster.state(name), state, "{name}");
        assert_eq!(cluster.processes(name).is_empty(), state == ResourceState::Offline, "{name}");
    }
}

#[test]
fn a_group_comes_online_with_a_provider_that_was_taken_offline_by_name() {
    let Some(mut cluster) = chain() else { return };
    cluster.mainstay(&["resource", "online", "web"]);
    cluster.mainstay(&["resource", "offline", "disk"]);
    assert_all(&cluster, ResourceState::Offline);
    let cause = cluster.glance("web").cause.expect("a cause");
    assert_eq!(cause.status, Status::RESOURCE_NOT_ONLINE);
    assert!(cause.text.contains("'disk'"), "{}", cause.text);

    let said = cluster.mainstay(&["group", "online", "g"]);
    assert!(said.contains("group 'g' is online"), "{said}");
    assert_all(&cluster, ResourceState::Online);

    // Everything ends, as the machine does; at the next start the same set runs.
    let doomed: Vec<Process> = ["disk", "db", "web"]
        .iter()
        .flat_map(|name| cluster.processes(name))
        .map(|pid| Process::open(pid).unwrap())
        .chain([cluster.pool_host(), cluster.guard()])
        .collect();
    cluster.kill_service();
    for process in &doomed {
        kill(process);
    }
    cluster.start_service();
    for name in ["disk", "db", "web"] {
        cluster.wait_for_state(name, ResourceState::Online);
    }
}

#[test]
fn a_restart_brings_back_what_nobody_had_asked_for_by_name() {
    let Some(cluster) = chain() else { return };
    let said = cluster.mainstay(&["resource", "restart", "web"]);
    assert!(said.contains("resource 'web' is not online, so that nothing was restarted"), "{said}");
    cluster.mainstay(&["resource", "online", "web", "--keep-persistent-state"]);
    assert!(!cluster.glance("disk").wanted);
    let before = ["disk", "db", "web"].map(|name| cluster.processes(name));
    let said = cluster.mainstay(&["resource", "restart", "disk"]);
    assert!(said.contains("resource 'disk'"), "{said}");
    assert_all(&cluster, ResourceState::Online);
    for (name, before) in ["disk", "db", "web"].iter().zip(before) {
        assert!(before.iter().all(|pid| !cluster.processes(name).contains(pid)), "{name} was restarted");
        assert!(!cluster.glance(name).wanted, "nothing is written of {name}");
    }
}
