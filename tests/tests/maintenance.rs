//! Maintenance mode: what fails while somebody works on it is seen, and acted on when that is over.

use std::time::Instant;

use mainstay_client::{NotifyPort, Watch, Watched};
use mainstay_process::Process;
use mainstay_tests::{HANG, TestCluster, kill};
use mainstay_types::ResourceState;
use mainstay_types::event::object_type;
use mainstay_types::operation::{End, Verb};

/// CLUSTER_CHANGE_RESOURCE_COMMON_PROPERTY_V2: StatusInformation is one.
const COMMON_PROPERTY: i64 = 1;

fn kill_process_of(cluster: &TestCluster, resource: &str) {
    kill(&Process::open(cluster.processes(resource)[0]).unwrap());
}

#[test]
fn what_is_killed_in_maintenance_is_restarted_when_it_is_over() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("g", "db", "sleep 1000");
    cluster.application("g", "web", "sleep 1001");
    cluster.depend("web", "db");
    assert_eq!(cluster.carry_out(Verb::Online, "web").end, Some(End::Done));
    let web = cluster.processes("web");
    let told = cluster.mainstay(&["resource", "maintenance", "db", "on"]);
    assert_eq!(told, "resource 'db' is in maintenance: failing checks are not acted on\n");

    let port = NotifyPort::open(cluster.socket()).unwrap();
    let object_type = object_type::RESOURCE;
    port.watch(Watch { object: Watched::Cluster, object_type, events: COMMON_PROPERTY, key: 0 }).unwrap();
    kill_process_of(&cluster, "db");
    let deadline = Instant::now() + HANG;
    while cluster.glance("db").cause.is_none() {
        port.next(Some(deadline), |_| ((), true)).unwrap();
    }
    let shown = cluster.mainstay(&["status"]);
    let words = "in maintenance, so failing checks are not acted on; killed by signal 9";
    assert!(shown.contains(words), "{shown}");
    assert_eq!((cluster.state("db"), cluster.processes("web")), (ResourceState::Online, web.clone()));

    // A new service knows of it.
    cluster.kill_service();
    cluster.start_service();
    let glance = cluster.glance("db");
    assert_eq!((glance.state, glance.in_maintenance), (ResourceState::Online, true));
    assert!(glance.cause.is_some_and(|cause| cause.text.contains("killed by signal 9")));
    assert_eq!(cluster.processes("web"), web);

    assert_eq!(
        cluster.mainstay(&["resource", "maintenance", "db", "off"]),
        "resource 'db' is in maintenance no longer\n"
    );
    cluster.wait_for_state("web", ResourceState::Online);
    assert_eq!((cluster.state("db"), cluster.glance("db").cause), (ResourceState::Online, None));
    assert_ne!(cluster.processes("web"), web, "it went down with what it needs");
}

/// Whatever host it has, and whether the service goes too.
#[test]
fn a_new_host_restarts_nothing_in_maintenance() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    cluster.application("g", "db", "sleep 1000");
    cluster.application("h", "own", "sleep 1001");
    cluster.set_common("own", &[("SeparateMonitor", "1")]);
    let hosted = |cluster: &TestCluster, name: &str| match name {
        "own" => cluster.own_host("own"),
        _ => cluster.pool_host(),
    };
    for (name, group) in [("db", "g"), ("own", "h")] {
        let web = format!("web-{name}");
        cluster.application(group, &web, "sleep 1002");
        cluster.depend(&web, name);
        assert_eq!(cluster.carry_out(Verb::Online, &web).end, Some(End::Done));
        cluster.mainstay(&["resource", "maintenance", name, "on"]);
        let served = cluster.processes(&web);

        let port = NotifyPort::open(cluster.socket()).unwrap();
        let object_type = object_type::RESOURCE;
        port.watch(Watch { object: Watched::Cluster, object_type, events: COMMON_PROPERTY, key: 0 }).unwrap();
        let host = hosted(&cluster, name);
        let its = cluster.processes(name).into_iter().find(|pid| *pid != host.pid()).unwrap();
        kill(&Process::open(its).unwrap());
        cluster.kill_host(&host);
        let deadline = Instant::now() + HANG;
        while cluster.glance(name).cause.is_none() {
            port.next(Some(deadline), |_| ((), true)).unwrap();
        }
        for restarted in [false, true] {
            if restarted {
                cluster.kill_service();
                cluster.start_service();
            }
            let glance = cluster.glance(name);
            assert_eq!((glance.state, glance.in_maintenance), (ResourceState::Online, true), "{name}");
            assert!(glance.cause.is_some(), "{name}, restarted: {restarted}");
            assert_eq!(cluster.processes(&web), served, "{name}, restarted: {restarted}");
            let began = cluster.journal(name);
            let starts = began.iter().filter(|record| matches!(record.verb, Verb::Recover | Verb::StartUp));
            assert_eq!(starts.flat_map(|it| &it.parts).filter(|part| part.action == "start").count(), 0);
        }
        cluster.mainstay(&["resource", "maintenance", name, "off"]);
        cluster.wait_for_state(&web, ResourceState::Online);
        assert_eq!((cluster.state(name), cluster.glance(name).cause), (ResourceState::Online, None));
        assert_ne!(cluster.processes(&web), served, "it went down with what it needs");
    }
}
