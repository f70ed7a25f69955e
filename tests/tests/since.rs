//! Since when a resource stands as it does: hosts are older than the service and tell it.

use std::time::{SystemTime, UNIX_EPOCH};

use mainstay_tests::TestCluster;
use mainstay_types::ResourceState;
use mainstay_types::operation::Verb;

fn now_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

#[test]
fn since_survives_the_service_and_then_the_host() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("g", "pooled", "sleep 1000");
    cluster.application("g", "own", "sleep 1000");
    cluster.set_common("own", &[("SeparateMonitor", "1")]);
    cluster.application("g", "stopped", "sleep 1000");
    let began_ms = now_ms();
    for resource in ["pooled", "own", "stopped"] {
        cluster.carry_out(Verb::Online, resource);
    }
    cluster.carry_out(Verb::Offline, "stopped");
    // What the service itself has seen ends here.
    let done_ms = now_ms();
    let (running, stopped) = (["pooled", "own"], ["stopped"]);
    let check = |cluster: &TestCluster,
                 resources: &[&str],
                 state: ResourceState,
                 until_ms: u64,
                 when: &str| {
        for resource in resources {
            let glance = cluster.glance(resource);
            let since = began_ms..=until_ms;
            assert_eq!(glance.state, state, "{resource} {when}");
            assert!(since.contains(&glance.since_ms), "{resource} {when}: {} in {since:?}", glance.since_ms);
        }
    };
    check(&cluster, &running, ResourceState::Online, done_ms, "at first");
    check(&cluster, &stopped, ResourceState::Offline, done_ms, "at first");
    assert!(cluster.mainstay(&["status"]).contains("FOR"));

    // What begins anew with a service is later than its start. What a host says is right but for the milliseconds that
    // the word is on its way.
    let killed_ms = now_ms();
    cluster.kill_service();
    cluster.start_service();
    check(&cluster, &running, ResourceState::Online, killed_ms, "after the service");
    check(&cluster, &stopped, ResourceState::Offline, killed_ms, "after the service");

    // The next host finds the process, and is told by the service since when it is online.
    let (pool, own) = (cluster.pool_host(), cluster.own_host("own"));
    cluster.kill_host(&pool);
    cluster.kill_host(&own);
    for recovery in cluster.glance_all().operations {
        cluster.wait_for(recovery.id);
    }
    check(&cluster, &running, ResourceState::Online, killed_ms, "after the hosts");
    check(&cluster, &stopped, ResourceState::Offline, killed_ms, "after the hosts");
    cluster.kill_service();
    cluster.start_service();
    // What is offline no host holds now, so nobody can tell any more.
    check(&cluster, &running, ResourceState::Online, killed_ms, "after the hosts and the service");
}
