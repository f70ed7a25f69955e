//! What has failed is restarted by its policy: real processes that are killed again and again.

use std::fs;

use mainstay_process::Process;
use mainstay_tests::{TestCluster, kill};
use mainstay_types::ResourceState;
use mainstay_types::glance::Recovery;
use mainstay_types::operation::{End, OperationRecord, Verb};

/// An application that says on a pipe that it is there, each time it starts, and a dependent of it.
fn chain_or_skip() -> Option<TestCluster> {
    let cluster = TestCluster::start_or_skip()?;
    let fifo = cluster.fifo("up");
    cluster.application("g", "db", &format!("sh -c 'echo up > {}; exec sleep 1000'", fifo.display()));
    cluster.application("g", "web", "sleep 1001");
    cluster.depend("web", "db");
    let online = cluster.submit(Verb::Online, "web").operation.unwrap();
    wait_until_up(&cluster);
    assert_eq!(cluster.wait_for(online).end, Some(End::Done));
    Some(cluster)
}

/// Waits until the application has started once more.
fn wait_until_up(cluster: &TestCluster) {
    assert_eq!(fs::read_to_string(cluster.file("up")).unwrap(), "up\n");
}

fn kill_one(cluster: &TestCluster, resource: &str) -> i32 {
    let pid = cluster.processes(resource)[0];
    kill(&Process::open(pid).unwrap());
    pid
}

/// Waits until it has failed, and what is left of it is taken down: then its policy has decided.
fn wait_until_stopped(cluster: &TestCluster) {
    cluster.wait_for_state("db", ResourceState::Failed);
    if let Some(cleaning) = cluster.glance("db").operation {
        cluster.wait_for(cleaning);
    }
}

fn restarts(cluster: &TestCluster) -> Vec<OperationRecord> {
    let all = cluster.journal("db").into_iter();
    all.filter(|record| record.verb == Verb::Recover && record.reason_text.starts_with("restart ")).collect()
}

#[test]
fn what_is_killed_again_and_again_is_restarted_until_the_threshold() {
    let Some(cluster) = chain_or_skip() else { return };
    cluster.set_common("db", &[("RestartDelay", "50")]);
    for round in 1..=3 {
        let before = (kill_one(&cluster, "db"), cluster.processes("web"));
        wait_until_up(&cluster);
        // The dependent comes last.
        cluster.wait_for_state("web", ResourceState::Online);
        assert_eq!(cluster.state("db"), ResourceState::Online, "round {round}");
        assert_ne!(cluster.processes("db"), [before.0], "round {round}");
        assert_ne!(cluster.processes("web"), before.1, "round {round}: it went down with what it needs");
    }
    let records = restarts(&cluster);
    assert_eq!(records.len(), 3, "{records:#?}");
    for number in 1..=3 {
        let words = format!("restart {number} of 3 within 15 min, 50 ms after it failed: killed by signal 9");
        assert!(records.iter().any(|record| record.reason_text.starts_with(&words)), "{words}: {records:#?}");
    }
    kill_one(&cluster, "db");
    wait_until_stopped(&cluster);
    let shown = cluster.mainstay(&["status"]);
    for words in ["3 restarts within 15 min did not help", "there is no other node", "no more restarts until"]
    {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert!(matches!(cluster.glance("db").recovery, Some(Recovery::GivenUp { until_ms: Some(_) })));
    assert_eq!((restarts(&cluster).len(), cluster.state("web")), (3, ResourceState::Offline));
    // By hand it goes on.
    let online = cluster.submit(Verb::Online, "web").operation.unwrap();
    wait_until_up(&cluster);
    assert_eq!(cluster.wait_for(online).end, Some(End::Done));
    assert_eq!(cluster.glance("db").recovery, None);
}

#[test]
fn an_offline_call_cancels_the_restart() {
    let Some(cluster) = chain_or_skip() else { return };
    // Long enough that only the call can end it.
    cluster.set_common("db", &[("RestartDelay", "600000")]);
    kill_one(&cluster, "db");
    wait_until_stopped(&cluster);
    let shown = cluster.mainstay(&["resource", "show", "db"]);
    assert!(shown.contains("restarts in ") && shown.contains("(1 of 3 within 15 min)"), "{shown}");
    let json = cluster.mainstay(&["--json", "status"]);
    assert!(json.contains("\"restart_at\""), "{json}");
    assert_eq!(cluster.carry_out(Verb::Offline, "db").end, Some(End::Done));
    let glance = cluster.glance("db");
    assert_eq!((glance.state, glance.recovery), (ResourceState::Offline, None));
    assert!(restarts(&cluster).is_empty());
}

#[test]
fn a_service_that_dies_during_the_delay_starts_what_is_to_be_online() {
    let Some(mut cluster) = chain_or_skip() else { return };
    cluster.set_common("db", &[("RestartDelay", "600000")]);
    kill_one(&cluster, "db");
    wait_until_stopped(&cluster);
    cluster.kill_service();
    cluster.start_service();
    wait_until_up(&cluster);
    cluster.wait_for_state("web", ResourceState::Online);
    assert_eq!(cluster.state("db"), ResourceState::Online);
}
