//! A paused node keeps what runs, stays paused whatever dies, and is not drained where there is nowhere to go.

use mainstay_tests::{TestCluster, WIDTHS};
use mainstay_types::operation::{End, Verb};
use mainstay_types::{NodeState, ResourceState};

#[test]
fn a_paused_node_keeps_what_runs_and_stays_paused() {
    let Some(mut cluster) = TestCluster::start_or_skip() else { return };
    for name in ["db", "web"] {
        cluster.application("g", name, "sleep 1000");
    }
    cluster.carry_out(Verb::Online, "db");
    let processes = cluster.processes("db");
    assert_eq!(
        cluster.mainstay(&["node", "pause", "node1", "--reason", "new memory"]),
        "node 'node1' is paused\n"
    );
    assert_eq!(cluster.glance_all().nodes[0].state, NodeState::Paused);
    assert!(cluster.mainstay(&["status"]).contains("node1  Paused"));
    assert!(cluster.mainstay(&["node", "show", "1"]).contains("Paused"));
    let journal = cluster.journal("node1");
    assert_eq!((journal[0].verb, journal[0].reason_text.as_str()), (Verb::Pause, "new memory"));
    assert_eq!(cluster.processes("db"), processes);
    // What it has is brought online and taken offline as ever.
    assert_eq!(cluster.carry_out(Verb::Online, "web").end, Some(End::Done));
    assert_eq!(cluster.carry_out(Verb::Offline, "web").end, Some(End::Done));
    cluster.kill_service();
    cluster.start_service();
    assert_eq!(cluster.glance_all().nodes[0].state, NodeState::Paused);
    cluster.wait_for_state("db", ResourceState::Online);

    let (code, _, error) = cluster.mainstay_code(&["node", "pause", "node1", "--drain"]);
    let expected = "mainstay: no other node is up, so the groups of node 'node1' have nowhere to go: 5050 \
                    ERROR_CLUSTER_NODE_DOWN; pause it without a drain, and it keeps them\n";
    assert_eq!((code, error.as_str()), (1, expected));
    assert_eq!(cluster.mainstay(&["node", "resume", "node1"]), "node 'node1' is resumed\n");
    assert_eq!(cluster.glance_all().nodes[0].state, NodeState::Up);
    let (code, _, error) = cluster.mainstay_code(&["node", "resume", "node1"]);
    assert_eq!(
        (code, error.as_str()),
        (1, "mainstay: node 'node1' is not paused: 5058 ERROR_CLUSTER_NODE_NOT_PAUSED\n")
    );
    assert_eq!(cluster.processes("db"), processes);
}

#[test]
fn a_node_is_paused_and_resumed_from_c() {
    let Some(cluster) = TestCluster::start_or_skip() else { return };
    for width in WIDTHS {
        let Some(program) = cluster.compile_or_skip("tests/tests/c/pause.c", width) else { return };
        assert_eq!(cluster.run_lines(&program, &["node1"]), ["0", "2", "0", "0"]);
        let reasons: Vec<String> =
            cluster.journal("node1").into_iter().map(|record| record.reason_text).collect();
        for reason in ["new memory", "it is in"] {
            assert!(reasons.iter().any(|found| found == reason), "{reason}: {reasons:?}");
        }
    }
}
